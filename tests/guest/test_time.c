// SPDX-License-Identifier: GPL-2.0-only
/* Where the cycles go. */
#define _GNU_SOURCE
#include <stdio.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

static void spin(u64 cycles)
{
	u64 begin = rdtsc();

	while (rdtsc() - begin < cycles)
		;
}

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
#define SLEEP_MS		500
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

/*
 * conservation
 *
 * At rest the host's table has every bucket: their sum is what elapsed, to the
 * cycle.  A guest cannot stop its own clock, but the buckets only grow: if it
 * reads what elapsed, then each bucket, then again what elapsed, the sum must
 * lie between the two.
 */
enum { GUEST, STOPPED, KERNEL, USER, IDLE, PREEMPTED, NR_BUCKETS };

static const u32 bucket_stat[NR_BUCKETS] = {
	[GUEST] = KVM_EXIT_STAT_GUEST,
	[STOPPED] = KVM_EXIT_STAT_STOPPED,
	[KERNEL] = KVM_EXIT_STAT_KERNEL,
	[USER] = KVM_EXIT_STAT_USER,
	[IDLE] = KVM_EXIT_STAT_IDLE,
	[PREEMPTED] = KVM_EXIT_STAT_PREEMPTED,
};

struct buckets {
	u64 of[NR_BUCKETS], sum, elapsed;
};

static void read_buckets(struct vcpu *vcpu, struct buckets *b)
{
	struct table t;

	if (!vcpu_table(vcpu, &t))
		die("the host's table is not in debugfs");
	b->of[GUEST] = t.guest;
	b->of[STOPPED] = t.stopped;
	b->of[KERNEL] = t.total[COL_KERNEL];
	b->of[USER] = t.total[COL_USER];
	b->of[IDLE] = t.total[COL_IDLE];
	b->of[PREEMPTED] = t.total[COL_PREEMPTED];
	b->elapsed = t.elapsed;
	b->sum = 0;
	for (int i = 0; i < NR_BUCKETS; i++)
		b->sum += b->of[i];
}

static void guest_side(struct vcpu *vcpu, const char *situation)
{
	const u32 all = KVM_EXIT_STATS_THIS_VCPU |
			KVM_EXIT_STATS_ALL_ROWS;
	struct query q[NR_BUCKETS + 2];
	u64 sum = 0, first, last;
	char name[64];

	for (int i = 0; i < NR_BUCKETS + 2; i++) {
		bool edge = i == 0 || i == NR_BUCKETS + 1;
		u32 stat = edge ? KVM_EXIT_STAT_ELAPSED : bucket_stat[i - 1];

		q[i] = (struct query) {
			.leaf = KVM_EXIT_STATS_VALUE,
			.subleaf = all | KVM_EXIT_STATS_SELECT(0, stat),
		};
	}
	ask(vcpu, q, ARRAY_SIZE(q));
	first = answer_exits(&q[0]);
	last = answer_exits(&q[NR_BUCKETS + 1]);
	for (int i = 0; i < NR_BUCKETS; i++)
		sum += answer_exits(&q[i + 1]);

	snprintf(name, sizeof(name), "%s: the guest's readings fit", situation);
	check(first <= sum && sum <= last && first < last, name,
	      "elapsed %lu, buckets %lu, elapsed %lu", first, sum, last);
}

static __guest void guest_compute(struct guest *g)
{
	struct work *w = g->data;

	busy(w->cycles);
}

static __guest void guest_exit_loop(struct guest *g)
{
	struct work *w = g->data;

	for (u64 i = 0; i < w->n; i++)
		hypercall(g);
}

static __guest void guest_io_loop(struct guest *g)
{
	struct work *w = g->data;

	for (u64 i = 0; i < w->n; i++)
		outb(PORT_DATA, i);
}

static __guest void guest_halt(struct guest *g)
{
	struct work *w = g->data;

	timer_setup();
	timer_sleep(w->cycles);
}

static __guest void guest_halt_vmm(struct guest *g)
{
	struct work *w = g->data;

	for (u64 i = 0; i < w->n; i++)
		asm volatile("hlt" : : : "memory");
}

#define SITUATION_MS	100
#define SIGNAL_MS	10
#define NR_EXITS	2000

static void wake(int signal)
{
	(void)signal;
}

/*
 * KVM_RUN returns again and again for a signal, and the VMM stays away.
 * Returns for how long in all.
 */
static u64 run_with_signals(struct vcpu *vcpu, guest_fn fn)
{
	u64 begin, away = 0;
	struct sigaction action = { .sa_handler = wake };
	struct itimerval every = {
		.it_interval.tv_usec = SIGNAL_MS * 1000,
		.it_value.tv_usec = SIGNAL_MS * 1000,
	},
			 never = {};

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	vcpu_start(vcpu, fn);
	while (vcpu_resume(vcpu) == STOP_SIGNAL) {
		begin = rdtsc();
		spin(MILLISECONDS(SIGNAL_MS) / 2);
		away += rdtsc() - begin;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	return away;
}

static const struct situation {
	const char *name;
	guest_fn run;
	u64 n;			/* or the time: SITUATION_MS */
	int bucket;		/* where it goes; NR_BUCKETS: to several */
	unsigned int flags;	/* of the VM */
	bool slow, signals;
} situations[] = {
	/* It would join lines. */
	/* clang-format off */
	{ .name = "compute", .run = guest_compute, .bucket = GUEST },
	{ .name = "exit loop", .run = guest_exit_loop, .n = NR_EXITS, .bucket = NR_BUCKETS },
	{ .name = "I/O in the VMM", .run = guest_io_loop, .n = NR_SLOW, .bucket = USER,
	  .slow = true },
	{ .name = "halted", .run = guest_halt, .bucket = IDLE, .flags = VM_X2APIC },
	{ .name = "halted in the VMM", .run = guest_halt_vmm, .n = NR_SLOW, .bucket = IDLE,
	  .flags = VM_NO_IRQCHIP, .slow = true },
	{ .name = "interrupted by signals", .run = guest_compute, .bucket = STOPPED,
	  .signals = true },
	/* clang-format on */
};

static void situation(const struct situation *s)
{
	struct vm *vm = vm_create(s->flags);
	struct vcpu *vcpu = vcpu_create(vm);
	struct work *w = vcpu->data;
	struct buckets before, after;
	struct slowness slow = { .each = MILLISECONDS(SLOW_MS) };
	u64 begin, took, elapsed;
	char name[96];

	/* The clock starts with the first entry. */
	w->n = 1;
	vcpu_call(vcpu, guest_exit_loop);
	read_buckets(vcpu, &before);

	w->cycles = MILLISECONDS(SITUATION_MS);
	w->n = s->n;
	if (s->slow) {
		vcpu->io = slow_io;
		vcpu->context = &slow;
	}
	begin = rdtsc();
	if (s->signals)
		slow.spent = run_with_signals(vcpu, s->run);
	else
		vcpu_call(vcpu, s->run);
	took = rdtsc() - begin;
	read_buckets(vcpu, &after);

	snprintf(name, sizeof(name), "%s: the buckets are what elapsed", s->name);
	check(before.sum == before.elapsed && after.sum == after.elapsed, name,
	      "%lu of %lu before, %lu of %lu after", before.sum, before.elapsed,
	      after.sum, after.elapsed);

	/*
	 * The clock was last read when KVM_RUN returned: before the VMM began
	 * to measure the first time, before it ended the second time.
	 */
	elapsed = after.elapsed - before.elapsed;
	snprintf(name, sizeof(name), "%s: it is the time that passed", s->name);
	check(elapsed * 10 >= took * 9 && elapsed <= took + MILLISECONDS(SITUATION_MS),
	      name, "%lu cycles, the VMM saw %lu", elapsed, took);

	if (s->bucket < NR_BUCKETS) {
		u64 got = after.of[s->bucket] - before.of[s->bucket];

		/* What the VMM itself spent it knows. */
		u64 least = s->slow || s->signals ? slow.spent : elapsed / 2;

		snprintf(name, sizeof(name), "%s: it is in the right bucket",
			 s->name);
		check(least && got >= least, name,
		      "%lu of %lu cycles, expected %lu", got, elapsed, least);
	}

	guest_side(vcpu, s->name);
	vm_destroy(vm);
}

/* The first query of a VM finds what it has cost itself up to then. */
static void up_to_date(void)
{
	struct query q = { .leaf = KVM_EXIT_STATS_REASON_CYCLES,
			   .subleaf = REASON(CPUID) };
	struct vm *vm = vm_create(0);

	ask(vcpu_create(vm), &q, 1);
	check(answer_cycles(&q), "a query includes its own time",
	      "no cycles yet");
	vm_destroy(vm);
}

void test_conservation(void)
{
	up_to_date();
	for (size_t i = 0; i < ARRAY_SIZE(situations); i++) {
		if ((situations[i].flags & VM_X2APIC) && !host.tsc_deadline)
			skip(situations[i].name, "no TSC-deadline timer");
		else
			situation(&situations[i]);
	}
}
