// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs that move, that are many, that come and go: nothing is lost. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"
#include "threads.h"

#define CALLS		200
#define MOVES		100
#define MOVE_US		1000
#define MANY_CALLS	2000
#define TRIES		200
#define ROUNDS		100
#define TABLE_SIZE	65536

static __guest void guest_work(struct guest *g)
{
	const u64 *n = g->data;

	for (u64 i = *n; i; i--) {
		hypercall(g);
		outb(PORT_DATA, 0);
	}
}

static void work(struct vcpu *vcpu, u64 n)
{
	*(u64 *)vcpu->data = n;
	vcpu_call(vcpu, guest_work);
}

/* The vCPU is at rest: what a reader sees is all there is. */
static void expect_buckets(struct vcpu *vcpu, const char *name)
{
	struct table table;
	u64 sum;

	if (!vcpu_table(vcpu, &table)) {
		check(false, name, "there is no table of vCPU %d", vcpu->index);
		return;
	}
	sum = table_buckets(&table);
	check(sum && sum == table.elapsed, name, "vCPU %d: %lu of %lu cycles",
	      vcpu->index, sum, table.elapsed);
}

/* Each call of a guest function ends with an I/O of its own. */
static void expect_work(struct vcpu *vcpu, u64 n, u64 runs, const char *name)
{
	struct table table = {};
	u64 calls, io;

	vcpu_table(vcpu, &table);
	calls = counts_get(&table.counts, REASON_HYPERCALL);
	io = counts_get(&table.counts, REASON_IO);
	check(calls == n && io == n + runs, name,
	      "%lu hypercalls and %lu I/O, expected %lu and %lu", calls, io, n,
	      n + runs);
}

struct traveller {
	struct vcpu *vcpu;
	pid_t thread;		/* 0: not started yet */
	bool stop;
	int cpu;
	u64 runs, moves;
};

/* At each OUT: is this another CPU than last time? */
static void look_around(struct vcpu *vcpu)
{
	struct traveller *t = vcpu->context;
	int cpu = sched_getcpu();

	t->moves += cpu != t->cpu;
	__atomic_store_n(&t->cpu, cpu, __ATOMIC_RELEASE);
}

static void *travel(void *argument)
{
	struct traveller *t = argument;

	t->cpu = sched_getcpu();
	__atomic_store_n(&t->thread, gettid(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
		work(t->vcpu, CALLS);
		t->runs++;
	}
	return NULL;
}

static void moves(void)
{
	struct traveller t = {};
	pthread_t thread;
	struct vm *vm;
	cpu_set_t all;
	int cpus[2], nr = usable_cpus(cpus, &all);
	pid_t id;

	if (nr < 2) {
		skip("vCPUs move between CPUs", "there is one CPU");
		return;
	}
	vm = vm_create(0);
	t.vcpu = vcpu_create(vm);
	t.vcpu->io = look_around;
	t.vcpu->context = &t;

	t.cpu = sched_getcpu();
	for (; t.runs < MOVES; t.runs++) {
		pin(0, &cpus[t.runs % 2], 1);
		work(t.vcpu, CALLS);
	}
	set_affinity(0, &all);
	/* The first run may have found its CPU at once. */
	check(t.moves >= MOVES - 1, "a vCPU runs elsewhere each time",
	      "%lu moves in %d runs", t.moves, MOVES);
	expect_work(t.vcpu, t.runs * CALLS, t.runs, "its rows are exact");
	expect_buckets(t.vcpu, "its buckets are what elapsed");

	t.moves = 0;
	start_thread(&thread, travel, &t);
	while (!(id = __atomic_load_n(&t.thread, __ATOMIC_ACQUIRE)))
		usleep(MOVE_US);
	for (int i = 0; i < MOVES; i++) {
		int cpu = cpus[i % 2];

		pin(id, &cpu, 1);
		while (__atomic_load_n(&t.cpu, __ATOMIC_ACQUIRE) != cpu)
			usleep(MOVE_US);
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	check(t.moves >= MOVES - 1, "a vCPU is moved while it runs",
	      "%lu of %d moves seen", t.moves, MOVES);
	expect_work(t.vcpu, t.runs * CALLS, t.runs, "its rows are still exact");
	expect_buckets(t.vcpu, "its buckets are still what elapsed");
	vm_destroy(vm);
}

struct job {
	struct vcpu *vcpu;
	u64 n;
	pthread_barrier_t *start;
	pthread_t thread;
};

static void *run_job(void *argument)
{
	struct job *job = argument;

	pthread_barrier_wait(job->start);
	work(job->vcpu, job->n);
	return NULL;
}

/* All vCPUs that a VM of ours can have, on two CPUs at most, at the same time */
static void crowd(void)
{
	struct vm *vm = vm_create(0);
	struct job jobs[MAX_VCPUS];
	pthread_barrier_t start;
	cpu_set_t all;
	int cpus[2], nr = usable_cpus(cpus, &all);
	u64 sum = 0, seen;

	pin(0, cpus, nr);	/* new threads inherit it */
	pthread_barrier_init(&start, NULL, MAX_VCPUS);
	for (int i = 0; i < MAX_VCPUS; i++) {
		jobs[i] = (struct job) {
			.vcpu = vcpu_create(vm),
			.n = MANY_CALLS + i,
			.start = &start,
		};
		sum += jobs[i].n;
	}
	for (int i = 0; i < MAX_VCPUS; i++)
		start_thread(&jobs[i].thread, run_job, &jobs[i]);
	for (int i = 0; i < MAX_VCPUS; i++)
		pthread_join(jobs[i].thread, NULL);
	pthread_barrier_destroy(&start);
	set_affinity(0, &all);

	for (int i = 0; i < MAX_VCPUS; i++) {
		expect_work(jobs[i].vcpu, jobs[i].n, 1, "one of more vCPUs than CPUs");
		expect_buckets(jobs[i].vcpu, "its buckets are what elapsed");
	}
	seen = ask_exits(jobs[0].vcpu, REASON_HYPERCALL);
	check(seen == sum, "more vCPUs than CPUs: the sum is exact",
	      "%lu hypercalls, expected %lu", seen, sum);
	vm_destroy(vm);
}

static __guest void guest_time_total(struct guest *g)
{
	u64 *shortest = g->data;

	*shortest = ~0ull;
	for (int i = 0; i < 16; i++) {
		struct regs r = { .rax = KVM_EXIT_STATS_TOTAL_EXITS };
		u64 begin = rdtsc(), took;

		cpuid(&r);
		took = rdtsc() - begin;
		if (took < *shortest)
			*shortest = took;
	}
}

/* As equals_stat() of test_totals.c: an interrupt may come in between. */
static void expect_total(struct vm *vm, struct vcpu *vcpu)
{
	u64 total = 0, stat = 0;
	struct table table;

	for (int try = 0; try < TRIES; try++) {
		total = ask_total_exits(vcpu);
		stat = vm_stat_exits(vm);
		if (total + 1 >= stat)
			break;
	}
	check(total + 1 == stat, "the total over all of them is exact",
	      "total %lu (and 1), stat.exits %lu", total, stat);
	if (check(vm_table(vm, &table), "the host has a table of them",
		  "it is not in debugfs"))
		check(table.total[COL_EXITS] == stat, "its total is exact, too",
		      "table %lu, stat.exits %lu", table.total[COL_EXITS], stat);
}

/* Few run.  The last one to be created does: a sum has to go to the end. */
static void many(void)
{
	struct query q = { .leaf = KVM_EXIT_STATS_INFO,
			   .subleaf = KVM_EXIT_STATS_INFO_CLOCK };
	int idle[MANY_VCPUS - 2];
	struct vm *vm = vm_create(0);
	struct vcpu *first = vcpu_create(vm), *last;
	u64 seen;

	if (ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_MAX_VCPUS) < MANY_VCPUS) {
		skip("255 vCPUs", "this KVM has less");
		vm_destroy(vm);
		return;
	}
	/* The numbers below are those that vcpu_create() gives. */
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++) {
		idle[i] = ioctl(vm->fd, KVM_CREATE_VCPU, 2 + i);
		if (idle[i] < 0)
			die("KVM_CREATE_VCPU %zu: %s", 2 + i, strerror(errno));
	}
	last = vcpu_create(vm);

	ask(first, &q, 1);
	check(q.rcx == MANY_VCPUS && q.rdx == 0, "255 vCPUs are counted",
	      "vCPU %lu of %lu", q.rdx, q.rcx);
	ask(last, &q, 1);
	check(q.rcx == MANY_VCPUS && q.rdx == MANY_VCPUS - 1,
	      "the last one knows its number", "vCPU %lu of %lu", q.rdx, q.rcx);

	work(first, CALLS);
	work(last, CALLS + 1);
	seen = ask_exits(first, REASON_HYPERCALL);
	check(seen == 2 * CALLS + 1, "the first one has the last one's exits",
	      "%lu hypercalls, expected %d", seen, 2 * CALLS + 1);
	seen = ask_exits(last, REASON_HYPERCALL);
	check(seen == 2 * CALLS + 1, "the last one has the first one's",
	      "%lu hypercalls, expected %d", seen, 2 * CALLS + 1);
	expect_total(vm, last);

	vcpu_call(last, guest_time_total);
	printf("# a total over %d vCPUs takes %lu cycles of %lu kHz\n",
	       MANY_VCPUS, *(u64 *)last->data, host.tsc_khz);
	for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
		close(idle[i]);
	vm_destroy(vm);
}

struct churn {
	pid_t thread;		/* in the names of its VMs in debugfs */
	bool done;
};

static void *come_and_go(void *argument)
{
	struct churn *churn = argument;

	__atomic_store_n(&churn->thread, gettid(), __ATOMIC_RELEASE);
	for (int i = 0; i < ROUNDS; i++) {
		struct vm *vm = vm_create(0);
		struct vcpu *vcpu = vcpu_create(vm);

		work(vcpu, 10);
		vcpu = vcpu_create(vm);
		/* Some vCPUs never run and have no rows to free. */
		if (i % 2)
			work(vcpu, 10);
		vm_destroy(vm);
	}
	__atomic_store_n(&churn->done, true, __ATOMIC_RELEASE);
	return NULL;
}

struct readers_view {
	u64 whole;	/* tables of VMs that come and go */
	u64 gone;	/* files that were not there any more */
	u64 bad;
	char why[128];	/* the last bad one */
};

/* It is there, from the first line to the last, or it is gone. */
static void read_one(const char *path, bool comes_and_goes, struct readers_view *view)
{
	static char text[TABLE_SIZE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1, length = 0;
	const char *end;

	if (fd >= 0) {
		while ((n = read(fd, text + length, TABLE_SIZE - length)) > 0)
			length += n;
	}
	if (n < 0) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		if (comes_and_goes && (error == ENOENT || error == EIO)) {
			view->gone++;
			return;
		}
		view->bad++;
		snprintf(view->why, sizeof(view->why), "%s: %s", path, strerror(error));
		return;
	}
	close(fd);
	text[length] = '\0';
	end = strstr(text, "\nVCPU guest=");
	if (text[0] == '#' && strstr(text, "\nTOTAL ") && end && text[length - 1] == '\n' &&
	    strstr(end, " elapsed=")) {
		view->whole += comes_and_goes;
	} else {
		view->bad++;
		snprintf(view->why, sizeof(view->why), "%s: %zd bytes", path, length);
	}
}

#define DEBUGFS_KVM	"/sys/kernel/debug/kvm"

static void read_all(pid_t thread, struct readers_view *view)
{
	DIR *dir = opendir(DEBUGFS_KVM);
	struct dirent *entry;

	if (!dir)
		die(DEBUGFS_KVM ": %s", strerror(errno));
	while ((entry = readdir(dir))) {
		char path[384];
		bool comes_and_goes = atoi(entry->d_name) == thread;

		if (!atoi(entry->d_name))
			continue;	/* one of KVM's statistics */
		snprintf(path, sizeof(path), DEBUGFS_KVM "/%s/exit_stats", entry->d_name);
		read_one(path, comes_and_goes, view);
		/* The second one may not be there yet. */
		for (int i = 0; i < (comes_and_goes ? 2 : 1); i++) {
			snprintf(path, sizeof(path), DEBUGFS_KVM "/%s/vcpu%d/exit_stats",
				 entry->d_name, i);
			read_one(path, comes_and_goes, view);
		}
	}
	closedir(dir);
}

static void readers(void)
{
	struct readers_view view = {};
	struct churn churn = {};
	pthread_t thread;
	pid_t id;

	start_thread(&thread, come_and_go, &churn);
	while (!(id = __atomic_load_n(&churn.thread, __ATOMIC_ACQUIRE)))
		usleep(MOVE_US);
	while (!__atomic_load_n(&churn.done, __ATOMIC_ACQUIRE))
		read_all(id, &view);
	pthread_join(thread, NULL);

	printf("# %lu tables of VMs that come and go were read, %lu were gone\n",
	       view.whole, view.gone);
	check(view.whole, "tables of VMs that come and go can be read", "none was");
	check(!view.bad, "a table is whole or it is gone", "%lu were not: %s", view.bad,
	      view.why);
}

void test_vcpus(void)
{
	moves();
	crowd();
	many();
	readers();
}
