// SPDX-License-Identifier: GPL-2.0-only
/*
 * Thousands of vCPUs come and go while everybody reads and the statistics are
 * switched, and then the memory is back.  Takes a minute; "make test-stress".
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define NR_VCPUS	2000	/* in all; STRESS_VCPUS for a slower host */
#define CALLS		20
#define SWITCH_US	3000
#define DEBUGFS_KVM	"/sys/kernel/debug/kvm"

struct stress {
	bool done;
	u64 wanted;		/* vCPUs */
	u64 vcpus, queries, tables, stats, switches;
	struct vm *stays;	/* while the others come and go */
};

static bool is_done(const struct stress *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

static __guest void guest_some_calls(struct guest *g)
{
	for (int i = 0; i < CALLS; i++)
		hypercall(g);
}

/* Every leaf that sums, of every row */
static __guest void guest_all_rows(struct guest *g)
{
	for (u32 i = 0; i < 150; i++) {
		guest_exits(i);
		guest_cycles(KVM_EXIT_STATS_REASON_CYCLES, i);
		guest_value(KVM_EXIT_STATS_SELECT(i, KVM_EXIT_STAT_KERNEL));
		guest_value(KVM_EXIT_STATS_SELECT_ELEMENT(i, KVM_EXIT_STAT_HISTOGRAM, 5));
	}
	guest_cycles(KVM_EXIT_STATS_TOTAL_CYCLES, 0);
}

/* One of them is read by its own VMM while it lives. */
static void *come_and_go(void *argument)
{
	struct stress *s = argument;

	while (s->vcpus < s->wanted) {
		struct vm *vm = vm_create(s->vcpus % 3 ? 0 : VM_X2APIC);

		for (int i = 0; i < MAX_VCPUS; i++) {
			struct vcpu *vcpu = vcpu_create(vm);

			if (i != 1)
				vcpu_call(vcpu, guest_some_calls);
		}
		vm_stat_exits(vm);
		s->stats++;
		s->vcpus += vm->nr_vcpus;
		vm_destroy(vm);
	}
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void *ask_all_the_time(void *argument)
{
	struct stress *s = argument;

	while (!is_done(s)) {
		vcpu_call(&s->stays->vcpus[0], guest_all_rows);
		s->queries++;
	}
	return NULL;
}

static u64 read_whole(const char *directory, const char *name)
{
	char path[384], text[4096];
	int fd;
	u64 n = 0;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	while (read(fd, text, sizeof(text)) > 0)
		n++;
	close(fd);
	return n > 0;
}

static void *read_tables(void *argument)
{
	struct stress *s = argument;

	while (!is_done(s)) {
		DIR *dir = opendir(DEBUGFS_KVM);
		struct dirent *entry;
		char path[300];

		if (!dir)
			die(DEBUGFS_KVM ": %s", strerror(errno));
		while ((entry = readdir(dir))) {
			if (!atoi(entry->d_name))
				continue;
			snprintf(path, sizeof(path), DEBUGFS_KVM "/%s", entry->d_name);
			s->tables += read_whole(path, "exit_stats");
			s->tables += read_whole(path, "vcpu0/exit_stats");
			s->tables += read_whole(path, "exit_histogram");
			vm_stat_exits(s->stays);
			s->stats++;
		}
		closedir(dir);
	}
	return NULL;
}

static void *switch_modes(void *argument)
{
	static const char *const modes[] = { "off", "guest", "host", "off", "host", "guest" };
	struct stress *s = argument;

	while (!is_done(s)) {
		if (!file_write(MODE_PARAMETER, modes[s->switches % ARRAY_SIZE(modes)]))
			die(MODE_PARAMETER " cannot be written");
		s->switches++;
		usleep(SWITCH_US);
	}
	file_write(MODE_PARAMETER, "guest");
	return NULL;
}

/* What is free but kept back, a sanitizer's quarantine say, is not in use. */
static void give_back(const char *cache)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", cache);
	file_write(path, "1");
}

/* Objects in use in all the caches that a table or a histogram comes from */
static u64 large_objects(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[512], name[64];
	u64 used, sum = 0;

	for (int counts = 0; file && counts < 2; counts++) {
		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "%63s %lu", name, &used) != 2 ||
			    strncmp(name, "kmalloc-", 8) ||
			    !(strstr(name, "4k") || strstr(name, "8k")))
				continue;
			if (counts)
				sum += used;
			else
				give_back(name);
		}
		rewind(file);
	}
	if (file)
		fclose(file);
	return sum;
}

static void start(pthread_t *thread, void *(*fn)(void *), struct stress *s)
{
	if (pthread_create(thread, NULL, fn, s))
		die("pthread_create failed");
}

/* RCU and the slab's own lists take a moment to give back. */
#define SETTLE_TRIES	50
#define SETTLE_US	100000
#define FEW		32

void test_stress(void)
{
	static void *(*const threads[])(void *) = {
		come_and_go, ask_all_the_time, read_tables, switch_modes,
	};
	const char *wanted = getenv("STRESS_VCPUS");
	pthread_t thread[ARRAY_SIZE(threads)];
	struct stress s = { .wanted = wanted ? strtoul(wanted, NULL, 10) : NR_VCPUS };
	u64 before, after = 0;

	if (host.tcg && sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		skip("all", "QEMU's emulation of several CPUs does not stand it");
		return;
	}
	s.stays = vm_create(0);
	vcpu_create(s.stays);
	vcpu_call(&s.stays->vcpus[0], guest_some_calls);
	before = large_objects();

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		start(&thread[i], threads[i], &s);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(thread[i], NULL);

	for (int i = 0; i < SETTLE_TRIES; i++) {
		after = large_objects();
		if (after <= before + FEW)
			break;
		usleep(SETTLE_US);
	}

	printf("# %lu vCPUs; %lu rounds of queries, %lu tables, %lu statistics files\n", s.vcpus,
	       s.queries, s.tables, s.stats);
	printf("# %lu switches\n", s.switches);
	printf("# objects of 4 KiB and 8 KiB: %lu before, %lu after\n", before, after);
	check(s.vcpus && s.vcpus >= s.wanted, "vCPUs come and go", "%lu", s.vcpus);
	check(s.queries && s.tables && s.stats && s.switches > 100,
	      "while all that can be read is read, and switched", "nobody did");
	if (before)
		check(after <= before + FEW, "the memory is back", "%lu objects more",
		      after - before);
	else
		skip("the memory is back", "no /proc/slabinfo");
	check(guest_sees_stats(), "and a new guest has its statistics", "it has not");
	vm_destroy(s.stays);
}

/*
 * alloc-fail: the n-th allocation fails, for each n, while a VM comes to life.
 * Wants a kernel with CONFIG_FAULT_INJECTION and CONFIG_FAILSLAB.
 */
#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define MOST_ALLOCATIONS 2000

static bool fail_nth(int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", n);
	return file_write(FAIL_NTH, text);
}

/* Did the failure come?  Then the number has gone back to zero. */
static bool has_failed(void)
{
	char word[16];

	file_word(FAIL_NTH, word, sizeof(word));
	fail_nth(0);
	return word[0] == '0';
}

static void failing_create(u64 *refused, u64 *survived)
{
	for (int n = 1; n < MOST_ALLOCATIONS; n++) {
		struct vm *vm = vm_create(0);
		int fd, error;
		bool failed;

		fail_nth(n);
		fd = ioctl(vm->fd, KVM_CREATE_VCPU, 0);
		error = errno;
		failed = has_failed();
		if (fd < 0 && error != ENOMEM)
			die("KVM_CREATE_VCPU without memory: %s", strerror(error));
		if (fd < 0) {
			struct vcpu *vcpu;

			++*refused;
			/* Nothing of it is in the way of the next one. */
			vcpu = vcpu_create(vm);
			vcpu_call(vcpu, guest_some_calls);
			if (ask_exits(vcpu, REASON_HYPERCALL) != CALLS)
				die("a vCPU after one that was refused does not count");
		} else if (failed) {
			++*survived;
		}
		if (fd >= 0)
			close(fd);
		vm_destroy(vm);
		if (!failed)
			return;
	}
	die("KVM_CREATE_VCPU allocates without end");
}

/* The table is allocated in a vCPU's first KVM_RUN; without it the VM runs on. */
static void failing_run(u64 *refused, u64 *uncounted)
{
	for (int n = 1; n < MOST_ALLOCATIONS; n++) {
		struct vm *vm = vm_create(0);
		struct vcpu *vcpu;
		bool failed;

		/* KVM gives the VM a thread of its own then, in ever so many allocations. */
		vcpu_call(vcpu_create(vm), guest_some_calls);
		vcpu = vcpu_create(vm);
		vcpu_start(vcpu, guest_some_calls);
		fail_nth(n);
		while (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			if (errno != ENOMEM && errno != EFAULT && errno != EINTR)
				die("KVM_RUN without memory: %s", strerror(errno));
			++*refused;
		}
		failed = has_failed();
		if (vcpu->run->exit_reason != KVM_EXIT_IO)
			die("KVM_RUN without memory: exit %u", vcpu->run->exit_reason);
		/* Whatever was missing, the next run has it. */
		vcpu_call(vcpu, guest_some_calls);
		*uncounted += ask_exits(vcpu, REASON_HYPERCALL) < 3 * CALLS;
		vm_destroy(vm);
		if (!failed)
			return;
	}
	die("KVM_RUN allocates without end");
}

/* The cache that a table comes from, by the kernel's configuration */
static const char *const table_caches[] = { "kmalloc-cg-8k", "kmalloc-8k" };

#define CACHE_FILTER "/sys/kernel/debug/failslab/cache-filter"

static bool fail_tables(bool fail)
{
	static const struct {
		const char *name, *value;
	} settings[] = {
		{ "cache-filter", "Y" },
		{ "task-filter", "Y" },
		{ "times", "-1" },
	};
	bool found = false;
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/failslab/%s", settings[i].name);
		if (!file_write(path, settings[i].value))
			return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(table_caches); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/failslab", table_caches[i]);
		found |= file_write(path, fail ? "1" : "0");
	}
	return found && file_write("/sys/kernel/debug/failslab/probability", fail ? "100" : "0") &&
	       file_write("/proc/thread-self/make-it-fail", fail ? "1" : "0");
}

/*
 * It has no table for long, and goes to the VMM and back again and again: its
 * clock must not lead anywhere else.
 */
static void run_without_a_table(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);
	u64 uncounted;

	if (access(CACHE_FILTER, F_OK)) {
		skip("a vCPU without a table", "this kernel cannot fail one cache's allocations");
		vm_destroy(vm);
		return;
	}
	if (!fail_tables(true))
		die("failslab does not take the cache that a table comes from");
	for (int i = 0; i < 100; i++)
		vcpu_call(vcpu, guest_some_calls);
	uncounted = ask_exits(vcpu, REASON_HYPERCALL);
	fail_tables(false);
	vcpu_call(vcpu, guest_some_calls);
	check(uncounted == 0, "a vCPU without a table runs on uncounted", "%lu exits", uncounted);
	check(ask_exits(vcpu, REASON_HYPERCALL) == CALLS, "and counts once it has one",
	      "%lu exits", ask_exits(vcpu, REASON_HYPERCALL));
	vm_destroy(vm);
}

void test_alloc_fail(void)
{
	static const char *const kinds[] = { "failslab", "fail_page_alloc" };
	u64 refused = 0, survived = 0, uncounted = 0;
	char path[64];

	if (!fail_nth(0)) {
		skip("all", "this kernel cannot inject failures");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/ignore-gfp-wait", kinds[i]);
		file_write(path, "N");
		/* A trace of each failure would look like trouble. */
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/verbose", kinds[i]);
		file_write(path, "0");
	}
	file_write("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	/* As run_without_a_table() leaves it, nothing else would fail. */
	file_write(CACHE_FILTER, "N");
	failing_create(&refused, &survived);
	printf("# creation: %lu refused, %lu did without\n", refused, survived);
	check(refused, "a vCPU without memory is refused", "none was");
	refused = 0;
	failing_run(&refused, &uncounted);
	printf("# first run: %lu refused, %lu went on uncounted\n", refused, uncounted);
	check(uncounted, "without memory for its table a vCPU runs on uncounted", "none did");
	run_without_a_table();
	check(guest_sees_stats(), "a new guest has its statistics", "it has not");
}
