// SPDX-License-Identifier: GPL-2.0-only
/* Where the cycles go. */
#include "report.h"
#include "stats.h"
#include "tests.h"

/* What the guest of each test in this file works on */
struct work {
	u64 cycles, n;		/* in */
	u32 io, cpuid;		/* in: reasons */
	u64 before[2], after[2]; /* out */
	u64 slept;
};

/*
 * userspace-time
 */
#define SLOW_MS		5
#define NR_SLOW		10

static __guest void guest_slow_io(struct guest *g)
{
	struct work *w = g->data;

	w->before[0] = guest_cycles(KVM_EXIT_STATS_REASON_CYCLES, w->io);
	w->before[1] = guest_cycles(KVM_EXIT_STATS_REASON_CYCLES, w->cpuid);
	for (u64 i = 0; i < w->n; i++)
		outb(PORT_DATA, i);
	w->after[0] = guest_cycles(KVM_EXIT_STATS_REASON_CYCLES, w->io);
	w->after[1] = guest_cycles(KVM_EXIT_STATS_REASON_CYCLES, w->cpuid);
}

/* The VMM takes its time and measures how much it was. */
struct slowness {
	u64 each, spent;
};

static void slow_io(struct vcpu *vcpu)
{
	struct slowness *slow = vcpu->context;
	u64 begin = rdtsc();

	spin(slow->each);
	slow->spent += rdtsc() - begin;
}

static void run_slow_io(struct vcpu *vcpu, struct slowness *slow, u64 n)
{
	struct work *w = vcpu->data;

	w->n = n;
	w->io = REASON_IO;
	w->cpuid = REASON(CPUID);
	vcpu->io = slow_io;
	vcpu->context = slow;
	vcpu_call(vcpu, guest_slow_io);
}

/* So much that the upper half of the answer is not zero. */
#define MANY_CYCLES	((1ull << 32) + (1ull << 31))
#define FAST_TSC_KHZ	1000000

static void many_cycles(struct vcpu *vcpu)
{
	const char *name = "more cycles than 32 bits hold";
	struct slowness slow = { .each = MANY_CYCLES };
	struct work *w = vcpu->data;
	u64 io;

	if (host.tsc_khz < FAST_TSC_KHZ) {
		skip(name, "this TSC takes too long");
		return;
	}
	run_slow_io(vcpu, &slow, 1);
	io = w->after[0] - w->before[0];
	check(io >= slow.spent && io <= slow.spent + slow.spent / 2, name,
	      "%lu cycles, the VMM took %lu", io, slow.spent);
}

void test_userspace_time(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);
	struct slowness slow = { .each = MILLISECONDS(SLOW_MS) };
	struct work *w = vcpu->data;
	u64 spent, io, cpuid;

	run_slow_io(vcpu, &slow, NR_SLOW);
	spent = slow.spent;
	io = w->after[0] - w->before[0];
	cpuid = w->after[1] - w->before[1];

	check(io >= spent, "the I/O row has all of the VMM's time",
	      "%lu cycles, the VMM took %lu", io, spent);
	check(io <= spent + spent / 2, "and not much more",
	      "%lu cycles, the VMM took %lu", io, spent);
	check(cpuid < spent / NR_SLOW, "another row has nothing of it",
	      "CPUID has %lu cycles", cpuid);
	many_cycles(vcpu);
	vm_destroy(vm);
}

/*
 * sleep-time
 */
#define SLEEP_MS		1000
#define PROCESSING_PERCENT	5	/* of the sleep, at most */
#define IDLE_PERCENT		95	/* at least */

static __guest void guest_sleep(struct guest *g)
{
	struct work *w = g->data;
	const u32 idle = KVM_EXIT_STATS_THIS_VCPU |
			 KVM_EXIT_STATS_SELECT(KVM_EXIT_STATS_ALL_ROWS, KVM_EXIT_STAT_IDLE);
	u64 begin;

	timer_setup();
	w->before[0] = guest_cycles(KVM_EXIT_STATS_TOTAL_CYCLES, 0);
	w->before[1] = guest_value(idle);
	begin = rdtsc();
	timer_sleep(w->cycles);
	w->slept = rdtsc() - begin;
	w->after[0] = guest_cycles(KVM_EXIT_STATS_TOTAL_CYCLES, 0);
	w->after[1] = guest_value(idle);
}

void test_sleep_time(void)
{
	struct vm *vm;
	struct vcpu *vcpu;
	struct work *w;
	u64 processing, idle;

	if (!host.tsc_deadline) {
		skip("all", "no TSC-deadline timer");
		return;
	}
	vm = vm_create(VM_X2APIC);
	vcpu = vcpu_create(vm);
	w = vcpu->data;
	w->cycles = MILLISECONDS(SLEEP_MS);
	vcpu_call(vcpu, guest_sleep);
	processing = w->after[0] - w->before[0];
	idle = w->after[1] - w->before[1];

	check(w->slept >= MILLISECONDS(SLEEP_MS), "the guest slept",
	      "%lu cycles only", w->slept);
	check(processing * 100 < w->slept * PROCESSING_PERCENT,
	      "the sleep is not processing", "%lu of %lu cycles", processing,
	      w->slept);
	check(idle * 100 >= w->slept * IDLE_PERCENT && idle <= w->slept,
	      "it is idle", "%lu of %lu cycles", idle, w->slept);
	vm_destroy(vm);
}
