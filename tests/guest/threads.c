// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>

#include "report.h"
#include "threads.h"

void start_thread(pthread_t *thread, void *(*fn)(void *), void *argument)
{
	if (pthread_create(thread, NULL, fn, argument))
		die("pthread_create failed");
}

int usable_cpus(int cpus[2], cpu_set_t *all)
{
	int nr = 0;

	if (sched_getaffinity(0, sizeof(*all), all))
		die("sched_getaffinity: %s", strerror(errno));
	for (int cpu = 0; cpu < CPU_SETSIZE && nr < 2; cpu++)
		if (CPU_ISSET(cpu, all))
			cpus[nr++] = cpu;
	return nr;
}

void set_affinity(pid_t thread, const cpu_set_t *set)
{
	if (sched_setaffinity(thread, sizeof(*set), set))
		die("sched_setaffinity: %s", strerror(errno));
}

void pin(pid_t thread, const int *cpus, int nr)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int i = 0; i < nr; i++)
		CPU_SET(cpus[i], &set);
	set_affinity(thread, &set);
}
