// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exactly N of an operation: its row moves by exactly N, no other row moves.
 *
 * An operation is one function and one line of ops[].  Each has a VM of its
 * own, in which it runs twice: the first time touches every page that it needs.
 * Before and after the second time the guest reads the count and the cycles of
 * every reason that the vendor defines.
 *
 * The readings are exits too.  A CPUID that asks counts itself, so of the
 * READS_PER_REASON * nr CPUIDs of a snapshot of nr reasons, those from one
 * reason's turn to its turn in the next snapshot are again exactly
 * READS_PER_REASON * nr.  That is what the row of CPUID moves by even if the
 * operation does none.
 *
 * The tracepoint kvm:kvm_exit, which is not ours, must have seen the same: the
 * operations, both snapshots, and the I/O that ends the guest's function.  On a
 * host without exit statistics only this half runs; it checks the table below.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define READS_PER_REASON	2

struct reading {
	u64 exits, cycles;
};

struct measurement {
	/* in */
	void (*op)(struct guest *g, u64 i);
	u64 first, n;
	u64 nr_reasons;
	u32 codes[MAX_REASONS];
	/* out */
	u64 interrupts;
	struct reading before[MAX_REASONS], after[MAX_REASONS];
};

static __guest void snapshot(const struct measurement *m, struct reading *to)
{
	for (u64 i = 0; i < m->nr_reasons; i++) {
		to[i].exits = guest_exits(m->codes[i]);
		to[i].cycles = guest_cycles(KVM_EXIT_STATS_REASON_CYCLES,
					    m->codes[i]);
	}
}

static __guest void guest_measure(struct guest *g)
{
	struct measurement *m = g->data;

	snapshot(m, m->before);
	m->interrupts = g->interrupts;
	for (u64 i = m->first; i < m->first + m->n; i++)
		m->op(g, i);
	m->interrupts = g->interrupts - m->interrupts;
	snapshot(m, m->after);
}

/*
 * The operations
 */
#define PORT_PIC_MASK		0x21	/* of the interrupt controller in KVM */
#define MSR_UCODE_REVISION	0x8b
#define MSR_PAT			0x277
#define PAT_AT_RESET		0x0007040600070406ull
#define CR0_AM			(1ul << 18)
#define CR4_MCE			(1ul << 6)
#define XCR0_X87		1
#define LAPIC_TIMER_COUNT	0x390
#define NOBODYS_APIC_ID		0xfeul
#define PAGE_SIZE		4096

/* Never within a test, yet near enough for the hardware's timer */
#define FAR_DEADLINE		(1ull << 33)
#define NEAR_DEADLINE		200000

static __guest void op_cpuid(struct guest *g, u64 i)
{
	struct regs r = {};

	cpuid(&r);
}

static __guest void op_out(struct guest *g, u64 i)
{
	outb(PORT_DATA, i);
}

static __guest void op_in(struct guest *g, u64 i)
{
	inb(PORT_DATA);
}

static __guest void op_in_kernel(struct guest *g, u64 i)
{
	inb(PORT_PIC_MASK);
}

static __guest void op_rdmsr(struct guest *g, u64 i)
{
	rdmsr(MSR_UCODE_REVISION);
}

static __guest void op_wrmsr(struct guest *g, u64 i)
{
	wrmsr(MSR_PAT, PAT_AT_RESET);
}

static __guest void guest_timer_setup(struct guest *g)
{
	timer_setup();
}

static __guest void guest_ticks_setup(struct guest *g)
{
	ticks_setup();
}

static __guest void op_tsc_deadline(struct guest *g, u64 i)
{
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + FAR_DEADLINE);
}

/*
 * The deadline passes while the guest computes.  VMX has a timer for that, which
 * exits; elsewhere the host's own timer interrupts.
 */
static __guest void op_deadline_passes(struct guest *g, u64 i)
{
	const volatile u64 *interrupts = &g->interrupts;
	u64 taken = *interrupts;

	wrmsr(MSR_TSC_DEADLINE, rdtsc() + NEAR_DEADLINE);
	asm volatile("sti" : : : "memory");
	while (*interrupts == taken)
		;
	asm volatile("cli" : : : "memory");
}

static __guest void op_icr(struct guest *g, u64 i)
{
	wrmsr(MSR_X2APIC_ICR, NOBODYS_APIC_ID << 32 | VECTOR_TIMER);
}

static __guest void op_hlt(struct guest *g, u64 i)
{
	halt();
}

/* Without an interrupt controller in KVM, the VMM gets it and just goes on. */
static __guest void op_hlt_vmm(struct guest *g, u64 i)
{
	asm volatile("hlt" : : : "memory");
}

static __guest void op_hypercall(struct guest *g, u64 i)
{
	hypercall(g);
}

static __guest void op_wbinvd(struct guest *g, u64 i)
{
	asm volatile("wbinvd" : : : "memory");
}

static __guest void op_invd(struct guest *g, u64 i)
{
	asm volatile("invd" : : : "memory");
}

static __guest u32 mmio_read(u64 address)
{
	u32 value;

	asm volatile("movl (%1), %0" : "=r" (value) : "r" (address) : "memory");
	return value;
}

static __guest void op_mmio_read(struct guest *g, u64 i)
{
	mmio_read(GUEST_MMIO);
}

static __guest void mmio_write(u64 address, u32 value)
{
	asm volatile("movl %0, (%1)" : : "r" (value), "r" (address) : "memory");
}

static __guest void op_mmio_write(struct guest *g, u64 i)
{
	mmio_write(GUEST_MMIO, i);
}

/*
 * A register that no hardware takes in KVM's stead, and that ignores what is
 * written.  A read of this page is tried twice on VMX by Linux 6.1, no write.
 */
static __guest void op_lapic(struct guest *g, u64 i)
{
	mmio_write(GUEST_LAPIC + LAPIC_TIMER_COUNT, i);
}

static __guest void op_fresh_page(struct guest *g, u64 i)
{
	*(volatile u64 *)(GUEST_FRESH + i * PAGE_SIZE) = i;
}

/* A bit that KVM keeps for itself on VMX, and that does nothing at CPL 0 */
static __guest void op_write_cr0(struct guest *g, u64 i)
{
	u64 cr0;

	asm volatile("movq %%cr0, %0" : "=r" (cr0));
	asm volatile("movq %0, %%cr0" : : "r" (cr0 ^ CR0_AM) : "memory");
}

static __guest void op_write_cr4(struct guest *g, u64 i)
{
	u64 cr4;

	asm volatile("movq %%cr4, %0" : "=r" (cr4));
	asm volatile("movq %0, %%cr4" : : "r" (cr4 ^ CR4_MCE) : "memory");
}

static __guest void op_write_cr8(struct guest *g, u64 i)
{
	asm volatile("movq %0, %%cr8" : : "r" (0ul) : "memory");
}

static __guest void op_write_cr3(struct guest *g, u64 i)
{
	asm volatile("movq %0, %%cr3" : : "r" ((u64)GUEST_PML4) : "memory");
}

/* KVM lets a guest keep the debug registers until its next exit: force one. */
static __guest void op_read_dr(struct guest *g, u64 i)
{
	u64 dr;

	asm volatile("movq %%dr0, %0" : "=r" (dr));
	op_cpuid(g, i);
}

static __guest void op_write_dr(struct guest *g, u64 i)
{
	asm volatile("movq %0, %%dr0" : : "r" (0ul));
	op_cpuid(g, i);
}

static __guest void op_xsetbv(struct guest *g, u64 i)
{
	asm volatile(MAY_FAULT("xsetbv")
		     : : "a" (XCR0_X87), "d" (0), "c" (0) : "r11", "memory");
}

static __guest void op_rdpmc(struct guest *g, u64 i)
{
	u32 low = 0, high = 0;

	asm volatile(MAY_FAULT("rdpmc")
		     : "+a" (low), "+d" (high) : "c" (0) : "r11", "memory");
}

static __guest void op_monitor(struct guest *g, u64 i)
{
	asm volatile(MAY_FAULT("monitor")
		     : : "a" (g), "c" (0), "d" (0) : "r11", "memory");
}

static __guest void op_mwait(struct guest *g, u64 i)
{
	asm volatile(MAY_FAULT("mwait")
		     : : "a" (0), "c" (0) : "r11", "memory");
}

static __guest void op_ud2(struct guest *g, u64 i)
{
	asm volatile(MAY_FAULT("ud2") : : : "r11", "memory");
}

static __guest void op_invlpg(struct guest *g, u64 i)
{
	asm volatile("invlpg (%0)" : : "r" ((u64)GUEST_MMIO) : "memory");
}

static __guest void op_rdtsc(struct guest *g, u64 i)
{
	rdtsc();
}

/*
 * What an operation needs, and what may disturb it
 */
enum {
	NO_IRQCHIP	= 1 << 0,	/* runs without one in KVM */
	X2APIC		= 1 << 1,	/* in x2APIC mode, with its timers */
	BY_SOFTWARE	= 1 << 2,	/* no APIC in hardware may answer */
	SEND_IPI	= 1 << 3,	/* ... or send */
	APIC_PAGE	= 1 << 4,	/* VMX: see apic_page_reason() */
	/* Takes interrupts: a WRMSR each, unless in hardware; and windows. */
	INTERRUPTED	= 1 << 5,
	/*
	 * KVM runs the instruction again after the exit.  An interrupt of the
	 * host in between makes it exit once more.
	 */
	RUN_AGAIN	= 1 << 6,
	/* The processor may not be able to intercept it: all or none. */
	OPTIONAL	= 1 << 7,
	/* QEMU's SVM reports this one as WBINVD, version 7.2 does. */
	OR_WBINVD	= 1 << 8,
	/* VMX: wants the preemption timer. */
	VMX_TIMER	= 1 << 9,
};

#define MAX_EXITS	2

struct exits {
	u32 code;
	u32 each;	/* per operation; zero ends the list */
};

struct op {
	const char *name;
	void (*run)(struct guest *g, u64 i);
	struct exits vmx[MAX_EXITS + 1], svm[MAX_EXITS + 1];
	unsigned int n, flags;
};

#define ONCE(code)	{ { code, 1 } }
#define BOTH(code, other)	{ { code, 1 }, { other, 1 } }
#define NEVER		{ }

static const struct op ops[] = {
	{ "CPUID", op_cpuid,
	  ONCE(VMX_CPUID), ONCE(SVM_CPUID), 100, 0 },
	{ "OUT to the VMM", op_out,
	  ONCE(VMX_IO_INSTRUCTION), ONCE(SVM_IOIO), 100, 0 },
	{ "IN from the VMM", op_in,
	  ONCE(VMX_IO_INSTRUCTION), ONCE(SVM_IOIO), 100, 0 },
	{ "IN from KVM", op_in_kernel,
	  ONCE(VMX_IO_INSTRUCTION), ONCE(SVM_IOIO), 100, 0 },
	{ "RDMSR", op_rdmsr,
	  ONCE(VMX_MSR_READ), ONCE(SVM_MSR), 100, 0 },
	{ "WRMSR", op_wrmsr,
	  ONCE(VMX_MSR_WRITE), ONCE(SVM_MSR), 100, 0 },
	{ "WRMSR TSC deadline, fast path", op_tsc_deadline,
	  ONCE(VMX_MSR_WRITE), ONCE(SVM_MSR), 100, X2APIC },
	{ "a deadline that passes, fast path", op_deadline_passes,
	  BOTH(VMX_MSR_WRITE, VMX_PREEMPTION_TIMER), ONCE(SVM_MSR), 50,
	  X2APIC | INTERRUPTED | VMX_TIMER },
	{ "WRMSR x2APIC ICR, fast path", op_icr,
	  ONCE(VMX_MSR_WRITE), ONCE(SVM_MSR), 100, X2APIC | SEND_IPI },
	{ "HLT until a timer ticks", op_hlt,
	  ONCE(VMX_HLT), ONCE(SVM_HLT), 50, X2APIC | INTERRUPTED },
	{ "HLT to the VMM", op_hlt_vmm,
	  ONCE(VMX_HLT), ONCE(SVM_HLT), 100, NO_IRQCHIP },
	{ "hypercall", op_hypercall,
	  ONCE(VMX_VMCALL), ONCE(SVM_VMMCALL), 100, 0 },
	{ "WBINVD", op_wbinvd,
	  ONCE(VMX_WBINVD), ONCE(SVM_WBINVD), 100, OPTIONAL },
	{ "INVD", op_invd,
	  ONCE(VMX_INVD), ONCE(SVM_INVD), 100, OR_WBINVD },
	{ "MMIO read", op_mmio_read,
	  ONCE(VMX_EPT_MISCONFIG), ONCE(SVM_NPF), 100, 0 },
	{ "MMIO write", op_mmio_write,
	  ONCE(VMX_EPT_MISCONFIG), ONCE(SVM_NPF), 100, 0 },
	{ "MMIO of the local APIC", op_lapic,
	  ONCE(VMX_EPT_VIOLATION), ONCE(SVM_NPF), 100, BY_SOFTWARE | APIC_PAGE },
	{ "first touch of a page", op_fresh_page,
	  ONCE(VMX_EPT_VIOLATION), ONCE(SVM_NPF), 100, 0 },
	{ "MOV to CR0", op_write_cr0,
	  ONCE(VMX_CR_ACCESS), ONCE(SVM_CR0_SEL_WRITE), 100, 0 },
	{ "MOV from and to CR4", op_write_cr4,
	  ONCE(VMX_CR_ACCESS), BOTH(SVM_READ_CR4, SVM_WRITE_CR4), 100, 0 },
	{ "MOV to CR8", op_write_cr8,
	  ONCE(VMX_CR_ACCESS), ONCE(SVM_WRITE_CR8), 100, NO_IRQCHIP },
	{ "MOV from DR0", op_read_dr, BOTH(VMX_DR_ACCESS, VMX_CPUID),
	  BOTH(SVM_READ_DR0, SVM_CPUID), 100, RUN_AGAIN },
	{ "MOV to DR0", op_write_dr, BOTH(VMX_DR_ACCESS, VMX_CPUID),
	  BOTH(SVM_WRITE_DR0, SVM_CPUID), 100, RUN_AGAIN },
	{ "XSETBV", op_xsetbv,
	  ONCE(VMX_XSETBV), ONCE(SVM_XSETBV), 100, OPTIONAL },
	{ "RDPMC", op_rdpmc,
	  ONCE(VMX_RDPMC), ONCE(SVM_RDPMC), 100, 0 },
	{ "MONITOR", op_monitor,
	  ONCE(VMX_MONITOR_INSTRUCTION), ONCE(SVM_MONITOR), 100, OPTIONAL },
	{ "MWAIT", op_mwait,
	  ONCE(VMX_MWAIT_INSTRUCTION), ONCE(SVM_MWAIT), 100, OPTIONAL },
	{ "undefined instruction", op_ud2,
	  ONCE(VMX_EXCEPTION_NMI), ONCE(SVM_EXCP_UD), 100, 0 },
	{ "MOV to CR3 (no exit)", op_write_cr3, NEVER, NEVER, 100, 0 },
	{ "INVLPG (no exit)", op_invlpg, NEVER, NEVER, 100, 0 },
	{ "RDTSC (no exit)", op_rdtsc, NEVER, NEVER, 100, 0 },
};

/* Why this host cannot run an operation, or NULL. */
static const char *unmet(const struct op *op)
{
	if ((op->flags & X2APIC) && !host.tsc_deadline)
		return "no TSC-deadline timer";
	if ((op->flags & BY_SOFTWARE) && host.svm && host.apicv)
		return "AVIC answers";
	if ((op->flags & SEND_IPI) && host.ipiv)
		return "the hardware sends IPIs";
	if ((op->flags & VMX_TIMER) && !host.svm && !host.vmx_timer)
		return "no preemption timer";
	return NULL;
}

/*
 * KVM maps the page of the local APIC only where the hardware is to see it.  If
 * the hardware could, but is not to, the page stays unmapped; if it cannot, the
 * page is MMIO as any other.
 */
static u32 apic_page_reason(void)
{
	if (host.apicv)
		return VMX_APIC_ACCESS;
	return host.flexpriority ? VMX_EPT_VIOLATION : VMX_EPT_MISCONFIG;
}

/*
 * The exits of @op alone, with the @interrupts that it took, on the processor
 * that had those of @seen.
 */
static void expect(const struct op *op, u64 interrupts,
		   const struct counts *seen, struct counts *expected)
{
	const struct exits *exits = host.svm ? op->svm : op->vmx;
	u32 msr_write = host.svm ? (u32)SVM_MSR : (u32)VMX_MSR_WRITE;

	expected->nr = 0;
	if ((op->flags & OR_WBINVD) && host.tcg &&
	    counts_get(seen, SVM_WBINVD) == op->n) {
		counts_set(expected, SVM_WBINVD, op->n);
		return;
	}
	if ((op->flags & APIC_PAGE) && !host.svm) {
		counts_set(expected, apic_page_reason(), op->n);
		return;
	}
	for (; exits->each; exits++)
		counts_set(expected, exits->code, (u64)op->n * exits->each);
	if (!host.apicv)
		counts_set(expected, msr_write,
			   counts_get(expected, msr_write) + interrupts);
}

static void counts_add(struct counts *counts, u32 code, u64 exits)
{
	counts_set(counts, code, counts_get(counts, code) + exits);
}

static bool may_vary(const struct op *op, u32 code)
{
	u32 window = host.svm ? (u32)SVM_VINTR : (u32)VMX_INTERRUPT_WINDOW;

	return reason_is_async(code) ||
	       ((op->flags & INTERRUPTED) && code == window);
}

/*
 * Equal for every reason?  Says what is not in @why.  @seen may hold more than
 * expected of @op's own reason if it is run again after interrupts.
 */
static bool equal(const struct op *op, const struct counts *expected,
		  const struct counts *seen, char *why, size_t size)
{
	const struct exits *exits = host.svm ? op->svm : op->vmx;
	u64 interrupts = 0;

	for (unsigned int i = 0; i < nr_reasons; i++)
		if (reason_is_async(reasons[i].code))
			interrupts += counts_get(seen, reasons[i].code);

	for (unsigned int i = 0; i < nr_reasons; i++) {
		u32 code = reasons[i].code;
		u64 want = counts_get(expected, code);
		u64 got = counts_get(seen, code);
		u64 more = 0;

		if (may_vary(op, code))
			continue;
		if ((op->flags & RUN_AGAIN) && code == exits[0].code)
			more = interrupts;
		if (got >= want && got <= want + more)
			continue;
		snprintf(why, size, "%s: %lu exits, expected %lu",
			 reasons[i].name, got, want);
		return false;
	}
	return true;
}

/*
 * Cycles are there exactly where exits are, and never run backwards.  What the
 * host causes may fall between the two readings of its own row.
 */
static bool cycles_fit(const struct op *op, const struct measurement *m,
		       char *why, size_t size)
{
	for (u64 i = 0; i < m->nr_reasons; i++) {
		u64 exits = m->after[i].exits - m->before[i].exits;
		s64 cycles = m->after[i].cycles - m->before[i].cycles;
		bool fits = exits ? cycles > 0 : cycles == 0;

		if (may_vary(op, m->codes[i]))
			fits = cycles >= 0;
		if (fits)
			continue;
		snprintf(why, size, "%s: %lu exits took %ld cycles",
			 reasons[i].name, exits, cycles);
		return false;
	}
	return true;
}

static void read_measurement(const struct measurement *m, struct counts *seen)
{
	seen->nr = 0;
	for (u64 i = 0; i < m->nr_reasons; i++)
		counts_set(seen, m->codes[i],
			   m->after[i].exits - m->before[i].exits);
}

static void subtract(struct counts *from, const struct counts *counts)
{
	for (unsigned int i = 0; i < from->nr; i++)
		from->of[i].exits -= counts_get(counts, from->of[i].code);
}

static void run_op(const struct op *op, bool stats, bool traced)
{
	struct counts expected, seen = {}, before = {}, after = {};
	const struct counts *truth = traced ? &after : &seen;
	u64 reads = (u64)READS_PER_REASON * nr_reasons;
	bool ticks = (op->flags & INTERRUPTED) && !(op->flags & VMX_TIMER);
	struct measurement *m;
	struct vcpu *vcpu;
	struct vm *vm;
	char why[128] = "";

	vm = vm_create((op->flags & NO_IRQCHIP ? VM_NO_IRQCHIP : 0) |
		       (op->flags & X2APIC ? VM_X2APIC : 0));
	vcpu = vcpu_create(vm);
	if (op->flags & X2APIC)
		vcpu_call(vcpu, ticks ? guest_ticks_setup : guest_timer_setup);

	m = vcpu->data;
	m->op = op->run;
	m->n = op->n;
	m->nr_reasons = nr_reasons;
	for (unsigned int i = 0; i < nr_reasons; i++)
		m->codes[i] = reasons[i].code;

	m->first = 0;
	vcpu_call(vcpu, guest_measure);
	m->first = op->n;
	if (traced)
		trace_read(&before);
	vcpu_call(vcpu, guest_measure);
	if (traced)
		trace_read(&after);
	subtract(&after, &before);

	if (stats)
		read_measurement(m, &seen);
	expect(op, m->interrupts, truth, &expected);
	if ((op->flags & OPTIONAL) && !counts_get(truth, expected.of[0].code)) {
		skip(op->name, "this processor does not intercept it");
		goto out;
	}

	if (stats) {
		counts_add(&expected, REASON(CPUID), reads);
		check(equal(op, &expected, &seen, why, sizeof(why)) &&
			      cycles_fit(op, m, why, sizeof(why)),
		      op->name, "%s", why);
	}
	if (traced) {
		char name[64];

		snprintf(name, sizeof(name), "%s, by tracepoint", op->name);
		expect(op, m->interrupts, truth, &expected);
		counts_add(&expected, REASON(CPUID), 2 * reads);
		counts_add(&expected, REASON_IO, 1);
		check(equal(op, &expected, &after, why, sizeof(why)),
		      name, "%s", why);
	}
out:
	vm_destroy(vm);
}

static __guest void guest_once(struct guest *g)
{
	const struct measurement *m = g->data;

	m->op(g, m->first);
}

bool run_op_once(struct vcpu *vcpu, unsigned int number)
{
	struct measurement *m = vcpu->data;

	if (number >= ARRAY_SIZE(ops))
		return false;
	if (unmet(&ops[number]) || ops[number].flags & (NO_IRQCHIP | INTERRUPTED))
		return true;
	m->op = ops[number].run;
	m->first = vcpu->index;
	vcpu_call(vcpu, guest_once);
	return true;
}

void test_ops(void)
{
	bool stats = guest_sees_stats();
	bool traced = trace_start();

	if (!stats)
		skip("counts", "no exit statistics on this host");
	if (!traced)
		skip("tracepoint", "no histogram of kvm_exit on this host");

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		const char *why = unmet(&ops[i]);

		if (why)
			skip(ops[i].name, "%s", why);
		else
			run_op(&ops[i], stats, traced);
	}
}
