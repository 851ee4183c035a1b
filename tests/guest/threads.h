/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads, and the CPUs of the host that they run on. */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>
#include <sched.h>
#include <sys/types.h>

void start_thread(pthread_t *thread, void *(*fn)(void *), void *argument);

/* CPUs that this process may use: all, and the first of them, two at most */
int usable_cpus(int cpus[2], cpu_set_t *all);

/* @thread is a thread's id, 0 the caller's. */
void set_affinity(pid_t thread, const cpu_set_t *set);
void pin(pid_t thread, const int *cpus, int nr);

#endif /* THREADS_H */
