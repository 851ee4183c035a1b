// SPDX-License-Identifier: GPL-2.0-only
/* From one CPU to the other, and which vCPU each of them is. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "kvm_exit_stats.h"

/* As many as a kernel can be built for */
#define MAX_CPUS 8192

struct mask {
	cpu_set_t set[MAX_CPUS / CPU_SETSIZE];
};

/* Where a thread that was pinned may run otherwise. */
static __thread struct mask allowed;
static __thread int pinned;

static int know_allowed(void)
{
	if (pinned)
		return 0;
	memset(&allowed, 0, sizeof(allowed));
	if (sched_getaffinity(0, sizeof(allowed), allowed.set))
		return -errno;
	return 0;
}

int exitstat_next_cpu(void *data, int after)
{
	int cpu;

	(void)data;
	if (know_allowed())
		return -1;
	for (cpu = after + 1; cpu < MAX_CPUS; cpu++) {
		if (CPU_ISSET_S(cpu, sizeof(allowed), allowed.set))
			return cpu;
	}
	return -1;
}

int exitstat_pin_cpu(void *data, int cpu)
{
	struct mask one;
	int err;

	(void)data;
	if (cpu < 0) {
		if (!pinned)
			return 0;
		pinned = 0;
		if (sched_setaffinity(0, sizeof(allowed), allowed.set))
			return -errno;
		return 0;
	}
	err = know_allowed();
	if (err)
		return err;
	if (cpu >= MAX_CPUS)
		return -EINVAL;
	memset(&one, 0, sizeof(one));
	CPU_SET_S(cpu, sizeof(one), one.set);
	if (sched_setaffinity(0, sizeof(one), one.set))
		return -errno;
	pinned = 1;
	return 0;
}

int exitstat_pin(struct exitstat *es, int cpu)
{
	int err;

	es->here = -1;
	if (!es->cpuid.pin)
		return exitstat_fail(es, -EOPNOTSUPP,
				     "this handle cannot choose a CPU");
	err = es->cpuid.pin(es->cpuid.data, cpu);
	if (err && cpu >= 0)
		exitstat_fail(es, err,
			      "cannot run on CPU %d: it is offline, not there, or not for this process",
			      cpu);
	else if (err)
		exitstat_fail(es, err, "cannot leave the CPU: %s",
			      strerror(-err));
	return err;
}

void exitstat_own_on(struct exitstat *es, int vcpu)
{
	size_t n = (size_t)vcpu + 1;
	uint64_t *own;

	if (n > es->nr_own_on) {
		/* What cannot be noted is not taken out later. */
		own = n > MAX_CPUS ? NULL : realloc(es->own_on, n * sizeof(*own));
		if (!own)
			return;
		memset(own + es->nr_own_on, 0, (n - es->nr_own_on) * sizeof(*own));
		es->own_on = own;
		es->nr_own_on = n;
	}
	es->own_on[vcpu]++;
}

/* Where we have just been pinned to. */
static int ask_vcpu(struct exitstat *es)
{
	struct exitstat_regs regs;

	regs = exitstat_ask(es, KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_CLOCK);
	if (regs.edx >= MAX_CPUS)
		return -1;
	exitstat_own_on(es, (int)regs.edx);
	return (int)regs.edx;
}

int exitstat_vcpus(struct exitstat *es, const struct exitstat_vcpu **vcpus,
		   size_t *nr_vcpus)
{
	struct exitstat_vcpu *list;
	size_t n = 0;
	int cpu = -1;

	*vcpus = NULL;
	*nr_vcpus = 0;
	es->nr_vcpus = 0;
	if (!es->cpuid.next_cpu)
		return exitstat_fail(es, -EOPNOTSUPP,
				     "this handle cannot choose a CPU");

	while ((cpu = es->cpuid.next_cpu(es->cpuid.data, cpu)) >= 0) {
		/* One that went offline meanwhile is none to list. */
		if (exitstat_pin(es, cpu))
			continue;
		list = realloc(es->vcpus, (n + 1) * sizeof(*list));
		if (!list) {
			exitstat_pin(es, -1);
			return exitstat_no_memory(es);
		}
		es->vcpus = list;
		list[n].cpu = cpu;
		list[n].vcpu = ask_vcpu(es);
		n++;
	}
	exitstat_pin(es, -1);
	if (!n)
		return exitstat_fail(es, -ENXIO, "found no CPU to run on");
	es->nr_vcpus = n;
	*vcpus = es->vcpus;
	*nr_vcpus = n;
	return 0;
}

static int cpu_of(const struct exitstat *es, int vcpu)
{
	size_t i;

	for (i = 0; i < es->nr_vcpus; i++) {
		if (es->vcpus[i].vcpu == vcpu)
			return es->vcpus[i].cpu;
	}
	return -1;
}

/* CPUs come and go, and a migrated VM may number its vCPUs anew: look again. */
int exitstat_go_to_vcpu(struct exitstat *es, int vcpu, int *cpu)
{
	const struct exitstat_vcpu *vcpus;
	size_t nr_vcpus;
	int fresh, err;

	for (fresh = 0; fresh < 2; fresh++) {
		if (fresh || !es->nr_vcpus) {
			err = exitstat_vcpus(es, &vcpus, &nr_vcpus);
			if (err)
				return err;
		}
		*cpu = cpu_of(es, vcpu);
		if (*cpu < 0 || exitstat_pin(es, *cpu))
			continue;
		if (ask_vcpu(es) == vcpu) {
			es->here = vcpu;
			return 0;
		}
		exitstat_pin(es, -1);
	}
	return exitstat_fail(es, -ENXIO,
			     "vCPU %d cannot be asked: its CPU is offline, not there, or not for this process",
			     vcpu);
}
