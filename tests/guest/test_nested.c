// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that is a hypervisor itself: every exit of the hardware counts once,
 * on the vCPU that took it, whether KVM or the guest's hypervisor handles it.
 * And what that hypervisor answers to its own guest stays what it is.
 *
 * "Inner" is the guest of the guest.  It uses the page tables, descriptors and
 * gs of its hypervisor.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define ROUNDS		100
#define NR_VCPUS	2
#define PAGE_SIZE	4096

/* What the guest's hypervisor answers to CPUID */
#define MAGIC		0x1a57b00cu

#define MSR_EFER	0xc0000080
#define MSR_VM_HSAVE_PA	0xc0010117
#define MSR_UCODE_REVISION 0x8b
#define EFER_SVME	(1ul << 12)
#define CPUID_SVM	0x80000001u
#define CPUID_SVM_ECX	(1u << 2)
#define CPUID_LENGTH	2
#define RFLAGS_FIXED	(1ul << 1)
#define DR6_FIXED	0xffff0ff0ul
#define DR7_FIXED	0x400ul

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

/* The registers that VMRUN leaves alone, in the order of guest-nested.S */
struct inner_regs {
	u64 rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rdi;
};

static_assert(offsetof(struct inner_regs, rdi) == 104, "");

enum {
	INTERCEPT_CPUID	= 1 << 0,
	INVALID_ASID	= 1 << 1,
};

/* The hypervisor's data; the hardware wants the last ones in pages. */
struct nested {
	u64 rounds, flags;
	u64 runs;		/* VMRUN */
	u64 cpuids;		/* of the hypervisor itself */
	u64 unexpected;		/* an exit that nobody asked for: its code + 1 */
	u64 wrong;		/* answers to the inner guest */
	u64 vmruns_seen;	/* what it last read of our statistics */
	struct inner_regs regs;
	struct vmcb vmcb __attribute__((aligned(PAGE_SIZE)));
	u8 host_save[PAGE_SIZE];
	u8 stack[PAGE_SIZE];
};

static_assert(sizeof(struct nested) <= GUEST_DATA_SIZE, "");

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
		nested->vmruns_seen = guest_exits(SVM_VMRUN);
	for (;;)
		asm volatile("vmmcall" : : : "memory");
}

static __guest void vmcb_setup(struct nested *nested)
{
	const struct vmcb_segment data = { GUEST_DS, DATA_ATTRIBUTES, -1, 0 };
	struct vmcb *vmcb = &nested->vmcb;

	vmcb->intercepts[INTERCEPT_WORD(SVM_VMRUN)] =
		INTERCEPT_BIT(SVM_VMRUN) | INTERCEPT_BIT(SVM_VMMCALL);
	vmcb->intercepts[INTERCEPT_WORD(SVM_CPUID)] =
		nested->flags & INTERCEPT_CPUID ? INTERCEPT_BIT(SVM_CPUID) : 0;
	vmcb->asid = !(nested->flags & INVALID_ASID);
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
	vmcb->rsp = (u64)nested->stack + sizeof(nested->stack) - sizeof(u64);
	nested->regs.rdi = (u64)nested;
}

/* As hypervisors do: ask the processor, then answer something else. */
static __guest void emulate_cpuid(struct nested *nested, u64 nr)
{
	struct regs r = { nested->vmcb.rax & 0xffffffff, 0,
			  nested->regs.rcx & 0xffffffff, 0 };

	cpuid(&r);
	nested->cpuids++;
	nested->vmcb.rax = MAGIC;
	nested->regs.rbx = nr;
	nested->regs.rcx = 0;
	nested->regs.rdx = 0;
	nested->vmcb.rip += CPUID_LENGTH;
}

static __guest void guest_hypervisor(struct guest *g)
{
	struct nested *nested = g->data;
	struct vmcb *vmcb = &nested->vmcb;

	nested->runs = 0;
	nested->cpuids = 0;
	for (;;) {
		nested_run(&nested->regs, vmcb);
		nested->runs++;
		if (vmcb->exit_code == SVM_CPUID) {
			emulate_cpuid(nested, nested->cpuids);
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
	struct nested *nested = g->data;

	nested->runs = 0;
	nested->cpuids = 0;
	for (u64 i = 0; i < nested->rounds; i++) {
		nested->vmcb.exit_code = 0;
		nested_run(&nested->regs, &nested->vmcb);
		nested->runs++;
		if (nested->vmcb.exit_code != -1)
			nested->unexpected = nested->vmcb.exit_code + 1;
	}
}

static __guest void guest_setup(struct guest *g)
{
	struct nested *nested = g->data;

	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, (u64)nested->host_save);
	nested->unexpected = 0;
	nested->wrong = 0;
	nested->vmruns_seen = 0;
	vmcb_setup(nested);
}

/* A phase of the test, on one of the vCPUs */
struct work {
	struct vcpu *vcpu;
	guest_fn fn;
	struct table before, after;
};

static void *thread(void *argument)
{
	struct work *work = argument;

	vcpu_call(work->vcpu, work->fn);
	return NULL;
}

static u64 moved(const struct work *work, u32 code)
{
	return counts_get(&work->after.counts, code) -
	       counts_get(&work->before.counts, code);
}

/* The rows of one vCPU, as far as the guest alone decides */
static bool rows_match(const struct work *work, char *why, size_t size)
{
	const struct nested *nested = work->vcpu->data;
	bool runs = !(nested->flags & INVALID_ASID);
	bool asks = runs && !(nested->flags & INTERCEPT_CPUID);
	/* With virtual GIF these exit only now and then. */
	bool vgif = host.vgif;
	const struct {
		u32 code;
		u64 want;
		bool at_most;
	} rows[] = {
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

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 got = moved(work, rows[i].code);

		if (got == rows[i].want ||
		    (rows[i].at_most && got < rows[i].want))
			continue;
		snprintf(why, size, "vCPU %d: %s: %lu exits, expected %lu",
			 work->vcpu->index, reason_by_code(rows[i].code)->name,
			 got, rows[i].want);
		return false;
	}
	return true;
}

/* Both vCPUs together are all that the host has seen. */
static bool equals_trace(const struct work *work, const struct counts *before,
			 const struct counts *after, u64 stat, char *why,
			 size_t size)
{
	u64 all = 0, total = 0;

	for (unsigned int i = 0; i < NR_VCPUS; i++)
		total += work[i].after.total[COL_EXITS] -
			 work[i].before.total[COL_EXITS];
	for (unsigned int i = 0; i < after->nr; i++) {
		u32 code = after->of[i].code;
		const struct reason *reason = reason_by_code(code);
		u64 traced = after->of[i].exits - counts_get(before, code);
		u64 counted = 0;

		all += traced;
		for (unsigned int j = 0; j < NR_VCPUS; j++)
			counted += moved(&work[j], code);
		if (counted == traced)
			continue;
		snprintf(why, size, "%s (%#x): counted %lu, traced %lu",
			 reason ? reason->name : "OTHER", code, counted, traced);
		return false;
	}
	snprintf(why, size, "counted %lu, traced %lu, stat.exits %lu", total,
		 all, stat);
	return total == all && total == stat;
}

static bool tables(struct work *work, bool after)
{
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		if (!vcpu_table(work[i].vcpu, after ? &work[i].after :
						      &work[i].before))
			return false;
	return true;
}

/* Each vCPU does another number of rounds. */
static void run_phase(struct vm *vm, const char *name, guest_fn fn, u64 flags,
		      bool traced)
{
	struct work work[NR_VCPUS] = {};
	struct counts before = {}, after = {};
	pthread_t threads[NR_VCPUS];
	bool exact = true, answered = true;
	u64 stat, wrong = 0, unexpected = 0, vmruns = 0;
	char what[64], why[128] = "";

	for (unsigned int i = 0; i < NR_VCPUS; i++) {
		struct nested *nested = vm->vcpus[i].data;

		work[i].vcpu = &vm->vcpus[i];
		work[i].fn = fn;
		nested->rounds = ROUNDS * (i + 1);
		nested->flags = flags;
		vcpu_call(&vm->vcpus[i], guest_setup);
	}

	if (!tables(work, false)) {
		check(false, name, "the host's table is not in debugfs");
		return;
	}
	stat = vm_stat_exits(vm);
	if (traced)
		trace_read(&before);
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		if (pthread_create(&threads[i], NULL, thread, &work[i]))
			die("pthread_create failed");
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		pthread_join(threads[i], NULL);
	if (traced)
		trace_read(&after);
	stat = vm_stat_exits(vm) - stat;
	tables(work, true);

	for (unsigned int i = 0; i < NR_VCPUS; i++)
		vmruns += counts_get(&work[i].after.counts, SVM_VMRUN);
	for (unsigned int i = 0; i < NR_VCPUS; i++) {
		const struct nested *nested = vm->vcpus[i].data;
		u64 own = counts_get(&work[i].after.counts, SVM_VMRUN);

		exact = exact && rows_match(&work[i], why, sizeof(why));
		wrong += nested->wrong;
		unexpected = unexpected ? unexpected : nested->unexpected;
		/* All its own, and as many of the other vCPU's as were by then */
		if (fn == guest_hypervisor && !(flags & INTERCEPT_CPUID))
			answered = answered && nested->vmruns_seen >= own &&
				   nested->vmruns_seen <= vmruns;
	}
	check(exact, name, "%s", why);

	snprintf(what, sizeof(what), "%s, what the guests see", name);
	check(!wrong && !unexpected && answered, what,
	      "%lu wrong answers, exit %#lx, statistics %s", wrong,
	      unexpected ? unexpected - 1 : 0,
	      answered ? "as they are" : "are not KVM's");

	if (!traced)
		return;
	snprintf(what, sizeof(what), "%s, by tracepoint", name);
	check(equals_trace(work, &before, &after, stat, why, sizeof(why)), what,
	      "%s", why);
	printf("# %s: %s\n", name, why);
}

void test_nested(void)
{
	struct vm *vm;
	bool traced;

	if (!host.svm) {
		skip("all", "the nested test has an SVM hypervisor only");
		return;
	}
	vm = vm_create(0);
	if (!(vm_cpuid(vm, CPUID_SVM, false)->ecx & CPUID_SVM_ECX)) {
		skip("all", "KVM does not offer SVM to its guests");
		goto out;
	}
	traced = trace_start();
	if (!traced)
		skip("tracepoint", "no histogram of kvm_exit on this host");
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		vcpu_create(vm);

	run_phase(vm, "CPUID for the guest's hypervisor", guest_hypervisor,
		  INTERCEPT_CPUID, traced);
	run_phase(vm, "CPUID for KVM", guest_hypervisor, 0, traced);
	run_phase(vm, "VMRUN of an invalid VMCB", guest_invalid, INVALID_ASID,
		  traced);
out:
	vm_destroy(vm);
}
