// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit costs: the round trip of an operation, in ticks of the TSC.  Where
 * the emulator's TSC counts instructions the median is an exact number, and
 * differences between runs say what was added.
 *
 * Nothing is judged here.  The lab's case "cost" runs this on stock modules and
 * on ours, in one boot, and compares; "make bench" does so with other people's
 * tools as well.  It prints, for each operation
 *
 *	cost NAME MEDIAN MEAN EXITS
 *
 * with the exits of a round trip as KVM itself counts them, in any modules.
 */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define ROUNDS		1000
#define PORT_PIC_MASK	0x21
#define MSR_PAT		0x277
#define PAT_AT_RESET	0x0007040600070406ull
#define PAGE_SIZE	4096
#define FRESH_PAGES	(GUEST_FRESH_SIZE / PAGE_SIZE)

struct cost {
	/* in */
	void (*op)(struct guest *g, u64 i);
	u64 rounds;
	/* out */
	u64 took[ROUNDS];
};

static_assert(sizeof(struct cost) < GUEST_DATA_SIZE, "");

static __guest void op_nothing(struct guest *g, u64 i)
{
}

static __guest void op_cpuid(struct guest *g, u64 i)
{
	struct regs r = {};

	cpuid(&r);
}

/* Nobody has an entry for it, and it is not of our class. */
static __guest void op_cpuid_none(struct guest *g, u64 i)
{
	struct regs r = { .rax = UNRELATED_LEAF };

	cpuid(&r);
}

static __guest void op_hypercall(struct guest *g, u64 i)
{
	hypercall(g);
}

static __guest void op_wrmsr(struct guest *g, u64 i)
{
	wrmsr(MSR_PAT, PAT_AT_RESET);
}

/* Takes the timer away: a deadline would cost what the host's other timers make it. */
static __guest void op_wrmsr_fast(struct guest *g, u64 i)
{
	wrmsr(MSR_TSC_DEADLINE, 0);
}

static __guest void op_in_kernel(struct guest *g, u64 i)
{
	inb(PORT_PIC_MASK);
}

static __guest void op_out_user(struct guest *g, u64 i)
{
	outb(PORT_DATA, 0);
}

static __guest void op_page_fault(struct guest *g, u64 i)
{
	*(volatile u64 *)(GUEST_FRESH + i * PAGE_SIZE) = i;
}

static __guest void guest_setup(struct guest *g)
{
	timer_setup();
}

static __guest void guest_cost(struct guest *g)
{
	struct cost *c = g->data;

	for (u64 i = 0; i < c->rounds; i++) {
		u64 begin = rdtsc();

		c->op(g, i);
		c->took[i] = rdtsc() - begin;
	}
}

static const struct {
	const char *name;
	void (*op)(struct guest *g, u64 i);
	u64 rounds, exits;
} ops[] = {
	{ "nothing",	op_nothing,	ROUNDS,		0 },
	{ "cpuid",	op_cpuid,	ROUNDS,		1 },
	{ "cpuid-none",	op_cpuid_none,	ROUNDS,		1 },
	{ "hypercall",	op_hypercall,	ROUNDS,		1 },
	{ "wrmsr",	op_wrmsr,	ROUNDS,		1 },
	{ "wrmsr-fast",	op_wrmsr_fast,	ROUNDS,		1 },
	{ "io-kernel",	op_in_kernel,	ROUNDS,		1 },
	{ "io-user",	op_out_user,	ROUNDS,		1 },
	{ "page-fault",	op_page_fault,	FRESH_PAGES,	1 },
};

/* Each side of it: WRMSR of the IPI, HLT, and WRMSR of the end of interrupt */
#define WAKE_UP_EXITS	6

static int by_length(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* @seen: of all rounds, and of what the host does in between */
static void print(const char *name, struct cost *c, u64 exits, u64 seen)
{
	u64 n = c->rounds, sum = 0, each = (seen + n / 2) / n;

	for (u64 i = 0; i < n; i++)
		sum += c->took[i];
	qsort(c->took, n, sizeof(c->took[0]), by_length);
	printf("cost %s %lu %lu %lu\n", name, c->took[n / 2], sum / n, each);
	check(each == exits, name, "%lu exits in %lu round trips of %lu", seen, n, exits);
}

static void single(void)
{
	struct vm *vm = vm_create(VM_X2APIC);
	struct vcpu *vcpu = vcpu_create(vm);
	struct cost *c = vcpu->data;

	vcpu_call(vcpu, guest_setup);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		u64 before = vm_stat_exits(vm);

		c->op = ops[i].op;
		c->rounds = ops[i].rounds;
		vcpu_call(vcpu, guest_cost);
		print(ops[i].name, c, ops[i].exits, vm_stat_exits(vm) - before);
	}
	vm_destroy(vm);
}

/*
 * Two vCPUs throw a ball: each wakes the other up by an IPI, and halts.  So on a
 * single CPU there is always one to run, and the time of a round trip is work.
 */
enum { HERE, THERE, GONE };

struct wake {
	struct cost cost;
	volatile u64 ball;
};

/*
 * Wakes who missed the IPI: an emulator may deliver it between STI and HLT.  So
 * seldom that most rounds do without.
 */
#define SAFETY_TICK	(100 * APIC_TICK)

static __guest void wake_setup(void)
{
	ticks_setup();
	wrmsr(MSR_X2APIC_TIMER_COUNT, SAFETY_TICK);
}

static __guest void throw_to(struct wake *wake, u64 where, u64 vcpu)
{
	wake->ball = where;
	wrmsr(MSR_X2APIC_ICR, vcpu << 32 | VECTOR_TIMER);
}

static __guest void guest_here(struct guest *g)
{
	struct wake *wake = g->data;

	wake_setup();
	for (u64 i = 0; i < wake->cost.rounds; i++) {
		u64 begin = rdtsc();

		throw_to(wake, THERE, 1);
		while (wake->ball == THERE)
			halt();
		wake->cost.took[i] = rdtsc() - begin;
	}
	throw_to(wake, GONE, 1);
}

static __guest void guest_there(struct guest *g)
{
	struct wake *wake = *(struct wake **)g->data;

	wake_setup();
	for (;;) {
		while (wake->ball == HERE)
			halt();
		if (wake->ball == GONE)
			return;
		throw_to(wake, HERE, 0);
	}
}

/* Nobody is to be preempted by whom he wakes up: who runs goes on until he halts. */
static void first_come_first_served(void)
{
	struct sched_param priority = { 1 };

	sched_setscheduler(0, SCHED_FIFO, &priority);
}

static void *run_there(void *argument)
{
	first_come_first_served();
	vcpu_call(argument, guest_there);
	return NULL;
}

static void *run_here(void *argument)
{
	first_come_first_served();
	vcpu_call(argument, guest_here);
	return NULL;
}

/*
 * The host's timers fall into a pattern with the first VM that does it.  Until then a
 * round trip takes one of two times about as often, and the median is either.
 */
static void wake_up(bool warm)
{
	struct vm *vm = vm_create(VM_X2APIC);
	struct vcpu *here = vcpu_create(vm), *there = vcpu_create(vm);
	struct wake *wake = here->data;
	pthread_t threads[2];

	wake->cost.rounds = ROUNDS;
	wake->ball = HERE;
	*(void **)there->data = here->guest->data;
	if (pthread_create(&threads[0], NULL, run_there, there) ||
	    pthread_create(&threads[1], NULL, run_here, here))
		die("pthread_create failed");
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	if (warm)
		print("wake-up", &wake->cost, WAKE_UP_EXITS, vm_stat_exits(vm));
	vm_destroy(vm);
}

void test_cost(void)
{
	single();
	wake_up(false);
	wake_up(true);
}
