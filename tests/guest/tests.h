/* SPDX-License-Identifier: GPL-2.0-only */
/* The tests; main.c has the table of them. */
#ifndef TESTS_H
#define TESTS_H

#include "vmm.h"
#include <stdbool.h>

void test_ops(void);
void test_contract(void);
void test_random(void);
void test_statistics(void);
void test_totals(void);
void test_isolation(void);
void test_vcpus(void);
void test_userspace_time(void);
void test_sleep_time(void);
void test_conservation(void);
void test_tsc_steps(void);
void test_migration(void);
void test_oracle(void);
void test_time_oracle(void);
void test_nested(void);
void test_modes(void);
void test_as_stock(void);
void test_histogram(void);
void test_hostile(void);
void test_stress(void);
void test_alloc_fail(void);
void test_memory(void);
void test_stats_fd(void);
void test_descriptors(void);
void test_cost(void);
void test_query_cost(void);
void test_reading(void);

/* Cycles of this host's TSC */
#define MILLISECONDS(n)	((n) * host.tsc_khz)

static inline void spin(u64 cycles)
{
	u64 begin = rdtsc();

	while (rdtsc() - begin < cycles)
		;
}

/*
 * Do operation @number of test_ops.c once, if this host can and it sleeps
 * nowhere.  False: there is none of that number.
 */
struct vcpu;
bool run_op_once(struct vcpu *vcpu, unsigned int number);

#endif /* TESTS_H */
