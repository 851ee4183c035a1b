// SPDX-License-Identifier: GPL-2.0-only
/* A guest's hypervisor on AMD's SVM */
#include "nested.h"

#define MSR_EFER	0xc0000080
#define MSR_VM_HSAVE_PA	0xc0010117
#define EFER_SVME	(1ul << 12)
#define DR6_FIXED	0xffff0ff0ul

#define INTERCEPT_WORD(code)	(((code) - SVM_INTR) / 32 + 3)
#define INTERCEPT_BIT(code)	(1u << ((code) - SVM_INTR) % 32)

struct vmcb_segment {
	unsigned short selector, attributes;
	u32 limit;
	u64 base;
};

#define CODE_ATTRIBUTES	0xa9b
#define DATA_ATTRIBUTES	0xc93

/* AMD APM, volume 2, appendix "Layout of VMCB": what is used here. */
struct vmcb {
	u32 intercepts[6];
	u8 unused_018[0x40];
	u32 asid;
	u8 unused_05c[0x14];
	s64 exit_code;
	u8 unused_078[0x388];
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 unused_4a0[0x30];
	u64 efer;
	u8 unused_4d8[0x70];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 unused_580[0x58];
	u64 rsp;
	u8 unused_5e0[0x18];
	u64 rax;
	u8 unused_600[0xa00];
};

static_assert(offsetof(struct vmcb, asid) == 0x58, "");
static_assert(offsetof(struct vmcb, exit_code) == 0x70, "");
static_assert(offsetof(struct vmcb, es) == 0x400, "");
static_assert(offsetof(struct vmcb, efer) == 0x4d0, "");
static_assert(offsetof(struct vmcb, cr4) == 0x548, "");
static_assert(offsetof(struct vmcb, rip) == 0x578, "");
static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "");
static_assert(offsetof(struct vmcb, rax) == 0x5f8, "");
static_assert(sizeof(struct vmcb) == PAGE_SIZE, "");

/* The hypervisor's data; the hardware wants the last ones in pages. */
struct nested_svm {
	struct nested nested;
	struct vmcb vmcb __attribute__((aligned(PAGE_SIZE)));
	u8 host_save[PAGE_SIZE];
	u8 stack[PAGE_SIZE];
};

static_assert(sizeof(struct nested_svm) <= GUEST_DATA_SIZE, "");

/* CPUID goes to one of the hypervisors, the others to KVM in any case. */
static __guest void inner(struct nested *nested)
{
	for (u64 i = 0; i < nested->rounds; i++) {
		struct regs r = { KVM_EXIT_STATS_TOTAL_EXITS, 0, 0, 0 };

		cpuid(&r);
		if (nested->flags & INTERCEPT_CPUID) {
			if (r.rax != MAGIC || r.rbx != i || r.rcx || r.rdx)
				nested->wrong++;
		} else if (r.rax == MAGIC || !r.rax) {
			nested->wrong++;
		}
		rdmsr(MSR_UCODE_REVISION);
		outb(PORT_DATA, i);
	}
	if (!(nested->flags & INTERCEPT_CPUID))
		nested->entries_seen = guest_exits(SVM_VMRUN);
	for (;;)
		asm volatile("vmmcall" : : : "memory");
}

static __guest void vmcb_setup(struct nested_svm *svm)
{
	struct nested *nested = &svm->nested;
	const struct vmcb_segment data = { GUEST_DS, DATA_ATTRIBUTES, -1, 0 };
	struct vmcb *vmcb = &svm->vmcb;

	vmcb->intercepts[INTERCEPT_WORD(SVM_VMRUN)] =
		INTERCEPT_BIT(SVM_VMRUN) | INTERCEPT_BIT(SVM_VMMCALL);
	vmcb->intercepts[INTERCEPT_WORD(SVM_CPUID)] =
		nested->flags & INTERCEPT_CPUID ? INTERCEPT_BIT(SVM_CPUID) : 0;
	vmcb->asid = !(nested->flags & INVALID_GUEST);
	vmcb->exit_code = 0;

	vmcb->cs = (struct vmcb_segment) { GUEST_CS, CODE_ATTRIBUTES, -1, 0 };
	vmcb->ds = data;
	vmcb->es = data;
	vmcb->ss = data;
	asm volatile("sgdt %0" : "=m" (*((u8 (*)[10])((u8 *)&vmcb->gdtr + 6))));
	asm volatile("sidt %0" : "=m" (*((u8 (*)[10])((u8 *)&vmcb->idtr + 6))));
	vmcb->efer = rdmsr(MSR_EFER);
	asm volatile("mov %%cr0, %0" : "=r" (vmcb->cr0));
	asm volatile("mov %%cr3, %0" : "=r" (vmcb->cr3));
	asm volatile("mov %%cr4, %0" : "=r" (vmcb->cr4));
	vmcb->dr6 = DR6_FIXED;
	vmcb->dr7 = DR7_FIXED;
	vmcb->rflags = RFLAGS_FIXED;
	vmcb->rip = (u64)inner;
	/* As behind a call */
	vmcb->rsp = (u64)svm->stack + sizeof(svm->stack) - sizeof(u64);
	nested->regs.rdi = (u64)nested;
}

/* As hypervisors do: ask the processor, then answer something else. */
static __guest void emulate_cpuid(struct nested_svm *svm, u64 nr)
{
	struct nested *nested = &svm->nested;
	struct regs r = { svm->vmcb.rax & 0xffffffff, 0,
			  nested->regs.rcx & 0xffffffff, 0 };

	cpuid(&r);
	nested->cpuids++;
	svm->vmcb.rax = MAGIC;
	nested->regs.rbx = nr;
	nested->regs.rcx = 0;
	nested->regs.rdx = 0;
	svm->vmcb.rip += CPUID_LENGTH;
}

static __guest void guest_hypervisor(struct guest *g)
{
	struct nested_svm *svm = g->data;
	struct nested *nested = &svm->nested;
	struct vmcb *vmcb = &svm->vmcb;

	nested->runs = 0;
	nested->cpuids = 0;
	for (;;) {
		nested_run_svm(&nested->regs, vmcb);
		nested->runs++;
		if (vmcb->exit_code == SVM_CPUID) {
			emulate_cpuid(svm, nested->cpuids);
			continue;
		}
		if (vmcb->exit_code != SVM_VMMCALL)
			nested->unexpected = vmcb->exit_code + 1;
		return;
	}
}

/* Each of them is refused before the processor sees it. */
static __guest void guest_invalid(struct guest *g)
{
	struct nested_svm *svm = g->data;
	struct nested *nested = &svm->nested;

	nested->runs = 0;
	nested->cpuids = 0;
	for (u64 i = 0; i < nested->rounds; i++) {
		svm->vmcb.exit_code = 0;
		nested_run_svm(&nested->regs, &svm->vmcb);
		nested->runs++;
		if (svm->vmcb.exit_code != -1)
			nested->unexpected = svm->vmcb.exit_code + 1;
	}
}

static __guest void guest_setup(struct guest *g)
{
	struct nested_svm *svm = g->data;
	struct nested *nested = &svm->nested;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, (u64)svm->host_save);
	nested->unexpected = 0;
	nested->wrong = 0;
	nested->entries_seen = 0;
	vmcb_setup(svm);
}

static unsigned int rows(const struct nested *nested, struct nested_row *rows)
{
	bool runs = !(nested->flags & INVALID_GUEST);
	bool asks = runs && !(nested->flags & INTERCEPT_CPUID);
	/* With virtual GIF these exit only now and then. */
	bool vgif = host.vgif;
	const struct nested_row expected[] = {
		{ SVM_VMRUN, nested->runs, false },
		{ SVM_CLGI, nested->runs, vgif },
		{ SVM_STGI, nested->runs, vgif },
		{ SVM_CPUID, runs * nested->rounds + nested->cpuids + asks,
		  false },
		{ SVM_MSR, runs * nested->rounds, false },
		/* The last one ends the call. */
		{ SVM_IOIO, runs * nested->rounds + 1, false },
		{ SVM_VMMCALL, runs, false },
		{ SVM_ERR, 0, false },
	};

	static_assert(ARRAY_SIZE(expected) <= MAX_NESTED_ROWS, "");
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		rows[i] = expected[i];
	return ARRAY_SIZE(expected);
}

const struct hypervisor hypervisor_svm = {
	.entry = SVM_VMRUN,
	.setup = guest_setup,
	.run = guest_hypervisor,
	.invalid = guest_invalid,
	.invalid_name = "VMRUN of an invalid VMCB",
	.rows = rows,
};
