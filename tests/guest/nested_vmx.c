// SPDX-License-Identifier: GPL-2.0-only
/* A guest's hypervisor on Intel's VMX */
#include "nested.h"

#define MSR_FEATURE_CONTROL	0x3a
#define MSR_GS_BASE		0xc0000101
#define MSR_VMX_BASIC		0x480
#define MSR_VMX_PIN_CONTROLS	0x481
#define MSR_VMX_PROC_CONTROLS	0x482
#define MSR_VMX_EXIT_CONTROLS	0x483
#define MSR_VMX_ENTRY_CONTROLS	0x484

#define FEATURE_LOCKED		(1 << 0)
#define FEATURE_VMX		(1 << 2)
#define CR4_VMXE		(1ul << 13)
#define REVISION_MASK		0x7fffffff

#define PROC_MSR_BITMAPS	(1u << 28)
#define EXIT_HOST_64_BITS	(1u << 9)
#define ENTRY_GUEST_64_BITS	(1u << 9)

#define EXIT_REASON_FAILED_ENTRY (1u << 31)

/* Intel SDM, volume 3, appendix "Field Encoding in VMCS": what is used here. */
enum vmcs_field {
	GUEST_ES_SELECTOR	= 0x0800,	/* then CS SS DS FS GS LDTR TR */
	HOST_ES_SELECTOR	= 0x0c00,	/* then CS SS DS FS GS TR */
	MSR_BITMAP		= 0x2004,
	LINK_POINTER		= 0x2800,
	GUEST_DEBUGCTL		= 0x2802,
	PIN_CONTROLS		= 0x4000,
	PROC_CONTROLS		= 0x4002,
	EXCEPTION_BITMAP	= 0x4004,
	CR3_TARGETS		= 0x400a,
	EXIT_CONTROLS		= 0x400c,
	EXIT_MSR_STORES		= 0x400e,
	EXIT_MSR_LOADS		= 0x4010,
	ENTRY_CONTROLS		= 0x4012,
	ENTRY_MSR_LOADS		= 0x4014,
	ENTRY_EVENT		= 0x4016,
	EXIT_REASON		= 0x4402,
	GUEST_ES_LIMIT		= 0x4800,
	GUEST_GDTR_LIMIT	= 0x4810,
	GUEST_IDTR_LIMIT	= 0x4812,
	GUEST_ES_ACCESS		= 0x4814,
	GUEST_INTERRUPTIBILITY	= 0x4824,
	GUEST_ACTIVITY		= 0x4826,
	GUEST_CR0		= 0x6800,
	GUEST_CR3		= 0x6802,
	GUEST_CR4		= 0x6804,
	GUEST_ES_BASE		= 0x6806,
	GUEST_GDTR_BASE		= 0x6816,
	GUEST_IDTR_BASE		= 0x6818,
	GUEST_DR7		= 0x681a,
	GUEST_RSP		= 0x681c,
	GUEST_RIP		= 0x681e,
	GUEST_RFLAGS		= 0x6820,
	HOST_CR0		= 0x6c00,
	HOST_CR3		= 0x6c02,
	HOST_CR4		= 0x6c04,
	HOST_GS_BASE		= 0x6c08,
	HOST_TR_BASE		= 0x6c0a,
	HOST_GDTR_BASE		= 0x6c0c,
	HOST_IDTR_BASE		= 0x6c0e,
};

/* In the order of the VMCS's fields */
enum { ES, CS, SS, DS, FS, GS, LDTR, TR };

#define FIELD(first, segment)	((first) + 2 * (segment))

#define ACCESS_CODE		0xa09b
#define ACCESS_DATA		0xc093
#define ACCESS_TSS		0x008b
#define ACCESS_UNUSABLE		0x10000
#define TSS_LIMIT		0x67

struct nested_vmx {
	struct nested nested;
	bool on;		/* VMXON was executed */
	bool launched;
	u8 region[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	u8 vmcs[PAGE_SIZE];
	u8 msr_bitmap[PAGE_SIZE];	/* all zero: KVM has them all */
	u8 stack[PAGE_SIZE];
};

static_assert(sizeof(struct nested_vmx) <= GUEST_DATA_SIZE, "");

struct descriptor_table {
	unsigned short limit;
	u64 base;
} __attribute__((packed));

static inline void vmwrite(struct nested_vmx *vmx, u64 field, u64 value)
{
	asm volatile("vmwrite %0, %1" : : "r" (value), "r" (field) : "cc", "memory");
	vmx->nested.vmwrites++;
}

static inline u64 vmread(struct nested_vmx *vmx, u64 field)
{
	u64 value;

	asm volatile("vmread %1, %0" : "=r" (value) : "r" (field) : "cc", "memory");
	vmx->nested.vmreads++;
	return value;
}

/* CPUID goes to the guest's hypervisor, the others to KVM. */
static __guest void inner(struct nested *nested)
{
	for (u64 i = 0; i < nested->rounds; i++) {
		struct regs r = { KVM_EXIT_STATS_TOTAL_EXITS, 0, 0, 0 };

		cpuid(&r);
		if (r.rax != MAGIC || r.rbx != i || r.rcx || r.rdx)
			nested->wrong++;
		rdmsr(MSR_UCODE_REVISION);
		outb(PORT_DATA, i);
	}
	for (;;)
		asm volatile("vmcall" : : : "memory");
}

/* The low half of the capability must be one, no more than the high half may. */
static inline u32 controls(u32 msr, u32 wanted)
{
	u64 capability = rdmsr(msr);

	return ((u32)capability | wanted) & (capability >> 32);
}

static inline void segment(struct nested_vmx *vmx, int nr, u64 selector, u64 base, u64 limit,
			   u64 access)
{
	vmwrite(vmx, FIELD(GUEST_ES_SELECTOR, nr), selector);
	vmwrite(vmx, FIELD(GUEST_ES_BASE, nr), base);
	vmwrite(vmx, FIELD(GUEST_ES_LIMIT, nr), limit);
	vmwrite(vmx, FIELD(GUEST_ES_ACCESS, nr), access);
}

static __guest void vmcs_setup(struct nested_vmx *vmx)
{
	u64 cr0, cr3, cr4, gs = rdmsr(MSR_GS_BASE);
	struct descriptor_table gdt, idt;
	bool invalid = vmx->nested.flags & INVALID_GUEST;

	asm volatile("mov %%cr0, %0" : "=r" (cr0));
	asm volatile("mov %%cr3, %0" : "=r" (cr3));
	asm volatile("mov %%cr4, %0" : "=r" (cr4));
	asm volatile("sgdt %0" : "=m" (gdt));
	asm volatile("sidt %0" : "=m" (idt));

	vmwrite(vmx, PIN_CONTROLS, controls(MSR_VMX_PIN_CONTROLS, 0));
	vmwrite(vmx, PROC_CONTROLS, controls(MSR_VMX_PROC_CONTROLS, PROC_MSR_BITMAPS));
	vmwrite(vmx, EXIT_CONTROLS, controls(MSR_VMX_EXIT_CONTROLS, EXIT_HOST_64_BITS));
	vmwrite(vmx, ENTRY_CONTROLS, controls(MSR_VMX_ENTRY_CONTROLS, ENTRY_GUEST_64_BITS));
	vmwrite(vmx, MSR_BITMAP, (u64)vmx->msr_bitmap);
	vmwrite(vmx, EXCEPTION_BITMAP, 0);
	vmwrite(vmx, CR3_TARGETS, 0);
	vmwrite(vmx, EXIT_MSR_STORES, 0);
	vmwrite(vmx, EXIT_MSR_LOADS, 0);
	vmwrite(vmx, ENTRY_MSR_LOADS, 0);
	vmwrite(vmx, ENTRY_EVENT, 0);
	vmwrite(vmx, LINK_POINTER, -1);

	segment(vmx, CS, GUEST_CS, 0, -1u, ACCESS_CODE);
	segment(vmx, SS, GUEST_DS, 0, -1u, ACCESS_DATA);
	segment(vmx, DS, GUEST_DS, 0, -1u, ACCESS_DATA);
	segment(vmx, ES, GUEST_DS, 0, -1u, ACCESS_DATA);
	segment(vmx, FS, GUEST_DS, 0, -1u, ACCESS_DATA);
	segment(vmx, GS, GUEST_DS, gs, -1u, ACCESS_DATA);
	segment(vmx, LDTR, 0, 0, 0, ACCESS_UNUSABLE);
	segment(vmx, TR, GUEST_TR, GUEST_TSS, TSS_LIMIT, ACCESS_TSS);
	vmwrite(vmx, GUEST_GDTR_BASE, gdt.base);
	vmwrite(vmx, GUEST_GDTR_LIMIT, gdt.limit);
	vmwrite(vmx, GUEST_IDTR_BASE, idt.base);
	vmwrite(vmx, GUEST_IDTR_LIMIT, idt.limit);
	vmwrite(vmx, GUEST_CR0, cr0);
	vmwrite(vmx, GUEST_CR3, cr3);
	vmwrite(vmx, GUEST_CR4, cr4);
	vmwrite(vmx, GUEST_DR7, DR7_FIXED);
	vmwrite(vmx, GUEST_DEBUGCTL, 0);
	vmwrite(vmx, GUEST_INTERRUPTIBILITY, 0);
	vmwrite(vmx, GUEST_ACTIVITY, 0);
	/* A bit that is one in every RFLAGS; KVM leaves it to the processor to look. */
	vmwrite(vmx, GUEST_RFLAGS, invalid ? 0 : RFLAGS_FIXED);
	vmwrite(vmx, GUEST_RIP, (u64)inner);
	/* As behind a call */
	vmwrite(vmx, GUEST_RSP, (u64)vmx->stack + sizeof(vmx->stack) - sizeof(u64));

	for (int i = ES; i < LDTR; i++)
		vmwrite(vmx, FIELD(HOST_ES_SELECTOR, i), i == CS ? GUEST_CS : GUEST_DS);
	vmwrite(vmx, FIELD(HOST_ES_SELECTOR, LDTR), GUEST_TR);
	vmwrite(vmx, HOST_CR0, cr0);
	vmwrite(vmx, HOST_CR3, cr3);
	vmwrite(vmx, HOST_CR4, cr4);
	vmwrite(vmx, HOST_GS_BASE, gs);
	vmwrite(vmx, HOST_TR_BASE, GUEST_TSS);
	vmwrite(vmx, HOST_GDTR_BASE, gdt.base);
	vmwrite(vmx, HOST_IDTR_BASE, idt.base);
}

static __guest void guest_setup(struct guest *g)
{
	struct nested_vmx *vmx = g->data;
	struct nested *nested = &vmx->nested;
	u64 region = (u64)vmx->region, vmcs = (u64)vmx->vmcs, cr4;
	u32 revision = rdmsr(MSR_VMX_BASIC) & REVISION_MASK;

	*(u32 *)vmx->region = revision;
	*(u32 *)vmx->vmcs = revision;
	if (!vmx->on) {
		if (!(rdmsr(MSR_FEATURE_CONTROL) & FEATURE_LOCKED))
			wrmsr(MSR_FEATURE_CONTROL, FEATURE_LOCKED | FEATURE_VMX);
		asm volatile("mov %%cr4, %0" : "=r" (cr4));
		asm volatile("mov %0, %%cr4" : : "r" (cr4 | CR4_VMXE));
		asm volatile("vmxon %0" : : "m" (region) : "cc", "memory");
		vmx->on = true;
	}
	asm volatile("vmclear %0" : : "m" (vmcs) : "cc", "memory");
	asm volatile("vmptrld %0" : : "m" (vmcs) : "cc", "memory");
	vmx->launched = false;
	vmcs_setup(vmx);

	nested->unexpected = 0;
	nested->wrong = 0;
	nested->entries_seen = 0;
	nested->regs.rdi = (u64)nested;
}

/* As hypervisors do: ask the processor, then answer something else. */
static __guest void emulate_cpuid(struct nested_vmx *vmx, u64 nr)
{
	struct nested *nested = &vmx->nested;
	struct regs r = { nested->regs.rax & 0xffffffff, 0, nested->regs.rcx & 0xffffffff, 0 };

	cpuid(&r);
	nested->cpuids++;
	nested->regs.rax = MAGIC;
	nested->regs.rbx = nr;
	nested->regs.rcx = 0;
	nested->regs.rdx = 0;
	vmwrite(vmx, GUEST_RIP, vmread(vmx, GUEST_RIP) + CPUID_LENGTH);
}

/* nested_run_vmx() tells the VMCS where its host goes on: two VMWRITE. */
static __guest u64 enter(struct nested_vmx *vmx)
{
	struct nested *nested = &vmx->nested;

	nested->runs++;
	nested->vmwrites += 2;
	if (nested_run_vmx(&nested->regs, vmx->launched))
		return -1;
	return vmread(vmx, EXIT_REASON);
}

static __guest void begin(struct nested *nested)
{
	nested->runs = 0;
	nested->cpuids = 0;
	nested->vmreads = 0;
	nested->vmwrites = 0;
}

static __guest void guest_hypervisor(struct guest *g)
{
	struct nested_vmx *vmx = g->data;
	struct nested *nested = &vmx->nested;

	begin(nested);
	for (;;) {
		u64 reason = enter(vmx);

		vmx->launched = true;
		if (reason == VMX_CPUID) {
			emulate_cpuid(vmx, nested->cpuids);
			continue;
		}
		if (reason != VMX_VMCALL)
			nested->unexpected = reason + 1;
		return;
	}
}

/* The processor refuses each of them, and says so as an exit. */
static __guest void guest_invalid(struct guest *g)
{
	struct nested_vmx *vmx = g->data;
	struct nested *nested = &vmx->nested;

	begin(nested);
	for (u64 i = 0; i < nested->rounds; i++) {
		u64 reason = enter(vmx);

		if (reason != (EXIT_REASON_FAILED_ENTRY | VMX_INVALID_STATE))
			nested->unexpected = reason + 1;
	}
}

static unsigned int rows(const struct nested *nested, struct nested_row *rows)
{
	bool runs = !(nested->flags & INVALID_GUEST);
	/* With a shadow VMCS most of these do not exit. */
	bool shadow = host.shadow_vmcs;
	const struct nested_row expected[] = {
		/* A VMCS that was never entered is launched again. */
		{ VMX_VMLAUNCH, runs ? 1 : nested->runs, false },
		{ VMX_VMRESUME, runs ? nested->runs - 1 : 0, false },
		{ VMX_VMREAD, nested->vmreads, shadow },
		{ VMX_VMWRITE, nested->vmwrites, shadow },
		{ VMX_CPUID, runs * nested->rounds + nested->cpuids, false },
		{ VMX_MSR_READ, runs * nested->rounds, false },
		/* The last one ends the call. */
		{ VMX_IO_INSTRUCTION, runs * nested->rounds + 1, false },
		{ VMX_VMCALL, runs, false },
		{ VMX_INVALID_STATE, runs ? 0 : nested->runs, false },
	};

	static_assert(ARRAY_SIZE(expected) <= MAX_NESTED_ROWS, "");
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		rows[i] = expected[i];
	return ARRAY_SIZE(expected);
}

const struct hypervisor hypervisor_vmx = {
	.entry = VMX_VMRESUME,
	.setup = guest_setup,
	.run = guest_hypervisor,
	.invalid = guest_invalid,
	.invalid_name = "VMLAUNCH with an invalid guest state",
	.rows = rows,
};
