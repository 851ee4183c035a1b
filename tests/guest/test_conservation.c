// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every cycle of a vCPU's life is in exactly one bucket, whatever happens to it.
 *
 * At rest the host's table has every bucket: their sum is what elapsed, to the
 * cycle.  A guest cannot stop its own clock, but the buckets only grow: if it
 * reads what elapsed, then each bucket, then again what elapsed, the sum must
 * lie between the two.  And what elapsed is what the guest's own TSC says.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"
#include "threads.h"

#define SITUATION_MS	100
#define COMPETE_MS	400
#define SLOW_MS		5
#define SIGNAL_MS	10
#define PAUSE_MS	20
#define NR_SLOW		10
#define NR_EXITS	2000
#define NR_PAUSES	5
#define NR_SWITCHES	4
#define NR_MOVES	50
#define CALLS		20
#define POLL_US		1000

/* What the guest works on */
struct work {
	u64 cycles, n;		/* in */
	volatile u64 stop;	/* in, while it runs */
	volatile u64 sure;	/* out: up to this TSC all is booked, if anything is */
	u64 tsc[2], elapsed;	/* out of guest_look() */
};

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

static __guest void guest_until_told(struct guest *g)
{
	struct work *w = g->data;

	asm volatile("sti" : : : "memory");
	while (!w->stop)
		;
	asm volatile("cli" : : : "memory");
}

/* The exit of the hypercall books all that was before it. */
static __guest void guest_exits_until_told(struct guest *g)
{
	struct work *w = g->data;

	asm volatile("sti" : : : "memory");
	while (!w->stop) {
		u64 now = rdtsc();

		hypercall(g);
		w->sure = now;
	}
	asm volatile("cli" : : : "memory");
}

static __guest void guest_travel(struct guest *g)
{
	struct work *w = g->data;

	while (!w->stop) {
		for (int i = 0; i < CALLS; i++)
			hypercall(g);
		outb(PORT_DATA, 0);
	}
}

static __guest void guest_look(struct guest *g)
{
	struct work *w = g->data;

	w->tsc[0] = rdtsc();
	w->elapsed = guest_elapsed();
	w->tsc[1] = rdtsc();
}

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
	b->sum = table_buckets(&t);
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

/* What whoever drives the vCPU knows of where its time went, in cycles */
struct outcome {
	u64 least, most;	/* in the bucket; zeros: at least half of all */
	u64 on, off;		/* statistics surely were */
};

/* A thread that meddles with a vCPU that another one runs */
struct meddler {
	struct vcpu *vcpu;
	pthread_t runner;	/* of the vCPU */
	pid_t runner_id;
	struct outcome *outcome;
	bool stop;

	/* of those that pause */
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool pause, paused, done;

	/* of those that move */
	int cpu;
	u64 moves;
};

/* Run the guest's function while another thread meddles. */
static void run_with(struct meddler *m, void *(*fn)(void *), guest_fn run)
{
	pthread_t thread;

	m->runner = pthread_self();
	m->runner_id = gettid();
	vcpu_start(m->vcpu, run);
	start_thread(&thread, fn, m);
	while (vcpu_resume(m->vcpu) == STOP_SIGNAL) {
		pthread_mutex_lock(&m->lock);
		while (m->pause) {
			m->paused = true;
			pthread_cond_broadcast(&m->change);
			pthread_cond_wait(&m->change, &m->lock);
		}
		m->paused = false;
		m->vcpu->run->immediate_exit = 0;
		pthread_mutex_unlock(&m->lock);
	}
	__atomic_store_n(&m->stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
}

static void meddler_init(struct meddler *m, struct vcpu *vcpu, struct outcome *outcome)
{
	*m = (struct meddler) { .vcpu = vcpu, .outcome = outcome };
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->change, NULL);
}

/* The VMM takes its time and measures how much it was. */
static void slow_io(struct vcpu *vcpu)
{
	struct outcome *outcome = vcpu->context;
	u64 begin = rdtsc();

	spin(MILLISECONDS(SLOW_MS));
	outcome->least += rdtsc() - begin;
}

static void drive_slowly(struct vcpu *vcpu, guest_fn run, struct outcome *outcome)
{
	vcpu->io = slow_io;
	vcpu->context = outcome;
	vcpu_call(vcpu, run);
	vcpu->io = NULL;
}

static void wake(int signal)
{
	(void)signal;
}

/* KVM_RUN returns again and again for a signal, and the VMM stays away. */
static void drive_with_signals(struct vcpu *vcpu, guest_fn run, struct outcome *outcome)
{
	struct sigaction action = { .sa_handler = wake };
	struct itimerval never = {}, every = {
		.it_interval.tv_usec = SIGNAL_MS * 1000,
		.it_value.tv_usec = SIGNAL_MS * 1000,
	};
	u64 begin;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	vcpu_start(vcpu, run);
	while (vcpu_resume(vcpu) == STOP_SIGNAL) {
		begin = rdtsc();
		spin(MILLISECONDS(SIGNAL_MS) / 2);
		outcome->least += rdtsc() - begin;
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

/* As a VMM's monitor does it: kick the vCPU out, let it wait, let it go on. */
static void *pause_and_resume(void *argument)
{
	struct meddler *m = argument;
	struct work *w = m->vcpu->data;
	u64 begin;

	for (int i = 0; i < NR_PAUSES; i++) {
		usleep(PAUSE_MS * 1000);
		pthread_mutex_lock(&m->lock);
		m->pause = true;
		m->vcpu->run->immediate_exit = 1;
		pthread_kill(m->runner, SIGUSR1);
		while (!m->paused)
			pthread_cond_wait(&m->change, &m->lock);
		begin = rdtsc();
		pthread_mutex_unlock(&m->lock);

		usleep(PAUSE_MS * 1000);

		pthread_mutex_lock(&m->lock);
		m->outcome->least += rdtsc() - begin;
		m->pause = false;
		pthread_cond_broadcast(&m->change);
		while (m->paused) {
			pthread_mutex_unlock(&m->lock);
			usleep(POLL_US);
			pthread_mutex_lock(&m->lock);
		}
		pthread_mutex_unlock(&m->lock);
	}
	w->stop = 1;
	return NULL;
}

static void drive_with_pauses(struct vcpu *vcpu, guest_fn run, struct outcome *outcome)
{
	struct sigaction action = { .sa_handler = wake };
	struct meddler m;

	sigaction(SIGUSR1, &action, NULL);
	meddler_init(&m, vcpu, outcome);
	run_with(&m, pause_and_resume, run);
}

static void *compete(void *argument)
{
	struct meddler *m = argument;

	while (!__atomic_load_n(&m->stop, __ATOMIC_ACQUIRE))
		;
	return NULL;
}

static u64 cpu_time(pthread_t thread)
{
	struct timespec now;
	clockid_t clock;

	if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &now))
		die("a thread has no clock");
	return (now.tv_sec * 1000000000ull + now.tv_nsec) / 1000 * host.tsc_khz / 1000;
}

/*
 * Another thread wants the same CPU.  What it gets the vCPU is preempted for,
 * all but a time slice or two in which the vCPU's thread is in user space.
 */
static void drive_against_another(struct vcpu *vcpu, guest_fn run, struct outcome *outcome)
{
	struct work *w = vcpu->data;
	struct meddler m;
	pthread_t thread;
	cpu_set_t all;
	int cpus[2];
	u64 taken;

	w->cycles = MILLISECONDS(COMPETE_MS);
	meddler_init(&m, vcpu, outcome);
	usable_cpus(cpus, &all);
	pin(0, cpus, 1);	/* the new thread inherits it */
	start_thread(&thread, compete, &m);
	taken = cpu_time(thread);
	vcpu_call(vcpu, run);
	taken = cpu_time(thread) - taken;
	__atomic_store_n(&m.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	set_affinity(0, &all);

	printf("# the competitor took %lu of at least %lu cycles\n", taken, w->cycles);
	outcome->least = taken * 3 / 4;
	outcome->most = taken * 11 / 10;
}

static void mode(const char *name)
{
	if (!file_write(MODE_PARAMETER, name))
		die("cannot write %s to " MODE_PARAMETER, name);
}

/* The guest has seen @times rounds since now; returns its @sure then. */
static u64 rounds(struct work *w, int times)
{
	u64 last = w->sure;

	while (times) {
		usleep(POLL_US);
		if (w->sure != last) {
			last = w->sure;
			times--;
		}
	}
	return last;
}

/*
 * All of this is in the guest's own time.  Once the guest has made a few rounds
 * since the switch, each of its vCPUs has noticed.
 */
static void *switch_off_and_on(void *argument)
{
	struct meddler *m = argument;
	struct work *w = m->vcpu->data;
	u64 begin;

	begin = rounds(w, 4);
	for (int i = 0; i < NR_SWITCHES; i++) {
		usleep(PAUSE_MS * 1000);
		m->outcome->on += w->sure - begin;
		mode("off");
		begin = rounds(w, 4);
		usleep(PAUSE_MS * 1000);
		m->outcome->off += w->sure - begin;
		mode("guest");
		begin = rounds(w, 4);
	}
	m->outcome->on += w->sure - begin;
	w->stop = 1;
	return NULL;
}

static void drive_off_and_on(struct vcpu *vcpu, guest_fn run, struct outcome *outcome)
{
	struct meddler m;

	meddler_init(&m, vcpu, outcome);
	run_with(&m, switch_off_and_on, run);
	printf("# on for at least %lu cycles, off for at least %lu\n", outcome->on, outcome->off);
}

static void look_around(struct vcpu *vcpu)
{
	struct meddler *m = vcpu->context;
	int cpu = sched_getcpu();

	m->moves += cpu != m->cpu;
	__atomic_store_n(&m->cpu, cpu, __ATOMIC_RELEASE);
}

static void *move_about(void *argument)
{
	struct meddler *m = argument;
	struct work *w = m->vcpu->data;
	cpu_set_t all;
	int cpus[2];

	usable_cpus(cpus, &all);
	for (int i = 0; i < NR_MOVES; i++) {
		int cpu = cpus[i % 2];

		pin(m->runner_id, &cpu, 1);
		while (__atomic_load_n(&m->cpu, __ATOMIC_ACQUIRE) != cpu)
			usleep(POLL_US);
	}
	w->stop = 1;
	return NULL;
}

static void drive_about(struct vcpu *vcpu, guest_fn run, struct outcome *outcome)
{
	struct meddler m;
	cpu_set_t all;
	int cpus[2];

	usable_cpus(cpus, &all);
	meddler_init(&m, vcpu, outcome);
	m.cpu = sched_getcpu();
	vcpu->io = look_around;
	vcpu->context = &m;
	run_with(&m, move_about, run);
	vcpu->io = NULL;
	vcpu->context = NULL;
	set_affinity(0, &all);
	/* It may have been on the first CPU at once. */
	check(m.moves >= NR_MOVES - 1, "moved between CPUs", "%lu of %d moves seen", m.moves,
	      NR_MOVES);
}

struct situation {
	const char *name;
	guest_fn run;
	u64 n;			/* or the time: SITUATION_MS */
	int bucket;		/* where it goes; NR_BUCKETS: to several */
	unsigned int flags;	/* of the VM */
	void (*drive)(struct vcpu *vcpu, guest_fn run, struct outcome *outcome);
};

static const struct situation situations[] = {
	/* It would join lines. */
	/* clang-format off */
	{ .name = "compute", .run = guest_compute, .bucket = GUEST },
	{ .name = "exit loop", .run = guest_exit_loop, .n = NR_EXITS, .bucket = NR_BUCKETS },
	{ .name = "I/O in the VMM", .run = guest_io_loop, .n = NR_SLOW, .bucket = USER,
	  .drive = drive_slowly },
	{ .name = "halted", .run = guest_halt, .bucket = IDLE, .flags = VM_X2APIC },
	{ .name = "halted in the VMM", .run = guest_halt_vmm, .n = NR_SLOW, .bucket = IDLE,
	  .flags = VM_NO_IRQCHIP, .drive = drive_slowly },
	{ .name = "interrupted by signals", .run = guest_compute, .bucket = STOPPED,
	  .drive = drive_with_signals },
	{ .name = "paused and resumed", .run = guest_until_told, .bucket = STOPPED,
	  .drive = drive_with_pauses },
	{ .name = "preempted by another thread", .run = guest_compute, .bucket = PREEMPTED,
	  .drive = drive_against_another },
	{ .name = "switched off and on", .run = guest_exits_until_told, .bucket = NR_BUCKETS,
	  .drive = drive_off_and_on },
	/* clang-format on */
};

static const struct situation moved = {
	.name = "moved",
	.run = guest_travel,
	.bucket = NR_BUCKETS,
	.drive = drive_about,
};

/* What elapsed between two looks is what the guest's TSC says, to the cycle. */
static void expect_tsc(const struct situation *s, const struct work *first,
		       const struct work *last, const struct outcome *outcome)
{
	u64 elapsed = last->elapsed - first->elapsed;
	u64 least = last->tsc[0] - first->tsc[1], most = last->tsc[1] - first->tsc[0];
	char name[96];

	/* Each second that was off is nobody's. */
	if (outcome->off) {
		least = outcome->on;
		most -= outcome->off;
	}
	snprintf(name, sizeof(name), "%s: the clock is the TSC", s->name);
	check(least <= elapsed && elapsed <= most, name, "%lu cycles, TSC %lu to %lu", elapsed,
	      least, most);
}

static void situation(const struct situation *s)
{
	struct vm *vm = vm_create(s->flags);
	struct vcpu *vcpu = vcpu_create(vm);
	struct work *w = vcpu->data, first, last;
	struct buckets before, after;
	struct outcome outcome = {};
	u64 elapsed;
	char name[96];

	/* The clock starts with the first entry. */
	w->n = 1;
	vcpu_call(vcpu, guest_exit_loop);
	vcpu_call(vcpu, guest_look);
	first = *w;
	read_buckets(vcpu, &before);

	w->cycles = MILLISECONDS(SITUATION_MS);
	w->n = s->n;
	if (s->drive)
		s->drive(vcpu, s->run, &outcome);
	else
		vcpu_call(vcpu, s->run);
	read_buckets(vcpu, &after);
	vcpu_call(vcpu, guest_look);
	last = *w;

	snprintf(name, sizeof(name), "%s: the buckets are what elapsed", s->name);
	check(before.sum == before.elapsed && after.sum == after.elapsed && after.sum > before.sum,
	      name, "%lu of %lu before, %lu of %lu after", before.sum, before.elapsed,
	      after.sum, after.elapsed);
	expect_tsc(s, &first, &last, &outcome);

	elapsed = after.elapsed - before.elapsed;
	if (s->bucket < NR_BUCKETS) {
		u64 got = after.of[s->bucket] - before.of[s->bucket];

		if (!outcome.least)
			outcome.least = elapsed / 2;
		if (!outcome.most)
			outcome.most = elapsed;
		snprintf(name, sizeof(name), "%s: it is in the right bucket", s->name);
		check(got >= outcome.least && got <= outcome.most, name,
		      "%lu of %lu cycles, expected %lu to %lu", got, elapsed, outcome.least,
		      outcome.most);
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

void test_migration(void)
{
	cpu_set_t all;
	int cpus[2];

	if (usable_cpus(cpus, &all) < 2)
		skip(moved.name, "there is one CPU");
	else
		situation(&moved);
}
