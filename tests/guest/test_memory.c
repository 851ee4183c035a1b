// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a vCPU's statistics take of the host's memory: as the kernel charges it
 * to the control group of the VM's owner, over many vCPUs, each of which has
 * run.  What a VM takes while statistics are off is the measure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define NR_VCPUS	200
#define MEASUREMENTS	3
#define LIMIT		8192
#define LIMIT_HISTOGRAM	16384
/* The kernel notes of each charged object to whom, and charges that as well. */
#define ACCOUNTING	16	/* bytes an object, at most */
/* What each CPU counts before it tells, and a few objects that others have */
#define NOISE		(4 * 4096)
#define SLACK		(16 * 4096)
#define TRIES		50
#define CALM		3	/* readings in a row */
#define WAIT_US		100000

#define CGROUP		"/sys/fs/cgroup"
#define OWN_CGROUP	CGROUP "/exit-guests"

/* NULL, or why there is no control group. */
static const char *enter_cgroup(void)
{
	char id[16];

	if (access(CGROUP "/cgroup.controllers", F_OK) &&
	    mount("none", CGROUP, "cgroup2", 0, NULL))
		return "no cgroup2 file system";
	if (!file_write(CGROUP "/cgroup.subtree_control", "+memory"))
		return "no control groups for memory";
	if (mkdir(OWN_CGROUP, 0755) && errno != EEXIST)
		return "no new control group";
	snprintf(id, sizeof(id), "%d", getpid());
	return file_write(OWN_CGROUP "/cgroup.procs", id) ? NULL : "cannot enter a control group";
}

static void leave_cgroup(void)
{
	char id[16];

	snprintf(id, sizeof(id), "%d", getpid());
	file_write(CGROUP "/cgroup.procs", id);
	rmdir(OWN_CGROUP);
}

/*
 * Bytes of objects in the kernel that are charged to us, to the byte.  The kernel
 * adds up small changes every two seconds only, or when somebody reads cpu.stat.
 */
static s64 kernel_objects(void)
{
	char line[128];
	s64 bytes = -1;
	FILE *file;

	file_word(OWN_CGROUP "/cpu.stat", line, sizeof(line));
	if (!line[0])
		die("this kernel does not add up a control group's statistics");
	file = fopen(OWN_CGROUP "/memory.stat", "re");
	if (!file)
		die(OWN_CGROUP "/memory.stat: %s", strerror(errno));
	while (bytes < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "slab_unreclaimable %ld", &bytes) != 1)
			bytes = -1;
	fclose(file);
	if (bytes < 0)
		die("this kernel does not tell a control group's kernel objects");
	return bytes;
}

static __guest void guest_nothing(struct guest *g)
{
}

/* What a VM with NR_VCPUS takes; and what it leaves behind when it is gone. */
struct usage {
	s64 taken, left;
};

/* The same, once nobody frees anything any more: some of it comes late. */
static s64 settled(void)
{
	s64 bytes = kernel_objects();

	for (int try = 0, calm = 0; try < TRIES && calm < CALM; try++) {
		s64 before = bytes;

		usleep(WAIT_US);
		bytes = kernel_objects();
		calm = bytes == before ? calm + 1 : 0;
	}
	return bytes;
}

static struct usage measure(const char *mode)
{
	s64 before, during;
	struct vm *vm;

	if (mode && !file_write(MODE_PARAMETER, mode))
		die("cannot write %s to " MODE_PARAMETER, mode);
	before = settled();
	vm = vm_create(0);
	for (int i = 0; i < NR_VCPUS; i++)
		vcpu_call(vcpu_create(vm), guest_nothing);
	during = settled();
	vm_destroy(vm);
	return (struct usage) { during - before, settled() - before };
}

void test_memory(void)
{
	struct query q = { .leaf = KVM_EXIT_STATS_INFO, .subleaf = KVM_EXIT_STATS_INFO_ABI };
	struct usage off, on;
	const char *why;
	bool histograms;
	s64 each, limit;
	struct vm *vm;
	char mode[16];

	why = enter_cgroup();
	if (why) {
		skip("all", "%s", why);
		return;
	}

	/* What is made once, and stays, shall not count. */
	if (!guest_sees_stats()) {
		measure(NULL);
		printf("memory stock %ld\n", measure(NULL).taken / NR_VCPUS);
		leave_cgroup();
		check(true, "measured", "nothing was");
		return;
	}
	vm = vm_create(0);
	ask(vcpu_create(vm), &q, 1);
	vm_destroy(vm);
	histograms = q.rbx & KVM_EXIT_STATS_FEAT_HISTOGRAM;

	file_word(MODE_PARAMETER, mode, sizeof(mode));
	measure("off");
	limit = histograms ? LIMIT_HISTOGRAM + 2 * ACCOUNTING : LIMIT + ACCOUNTING;
	/* What else the kernel allocates just then is not there each time. */
	for (int try = 0; try < MEASUREMENTS; try++) {
		off = measure("off");
		on = measure("host");
		each = (on.taken - off.taken) / NR_VCPUS;
		if (each <= limit)
			break;
	}
	file_write(MODE_PARAMETER, mode);
	leave_cgroup();
	printf("memory off %ld\n", off.taken / NR_VCPUS);
	printf("memory %s %ld\n", histograms ? "histogram" : "on", on.taken / NR_VCPUS);
	printf("# statistics take %ld bytes a vCPU%s\n", each,
	       histograms ? ", with histograms" : "");
	check(each > 0 && on.taken - off.taken <= limit * NR_VCPUS + NOISE,
	      histograms ? "at most 16 KiB a vCPU, with histograms" : "at most 8 KiB a vCPU",
	      "%ld bytes", each);
	check(off.left <= SLACK && on.left <= SLACK, "a VM's end gives all of it back",
	      "%ld bytes are left, %ld with statistics off", on.left, off.left);
}
