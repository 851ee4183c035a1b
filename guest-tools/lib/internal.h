/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXITSTAT_INTERNAL_H
#define EXITSTAT_INTERNAL_H

#include "libexitstat.h"

struct exitstat {
	struct exitstat_cpuid cpuid;
	uint64_t own_exits;
	struct exitstat_host host;
	struct exitstat_info info;
	uint32_t max_leaf;
	/* Codes of slots newer than our lists, asked for once each. */
	uint32_t *late_codes;
	unsigned char *late_known;
	/* Asked for when they are wanted. */
	struct exitstat_stat *stats;
	size_t nr_stats;
	size_t nr_row_values;
	size_t nr_vcpu_values;
	struct exitstat_vcpu *vcpus;
	size_t nr_vcpus;
	/* Of the own exits, those on a vCPU that we were sent to. */
	uint64_t *own_on;
	size_t nr_own_on;
	int here; /* this vCPU; -1: wherever the system has put us */
	char reason[256];
};

/* All registers of a leaf; counted as an exit. */
struct exitstat_regs exitstat_ask(struct exitstat *es, uint32_t leaf,
				  uint32_t subleaf);

/* Does what exitstat_open() does, on a handle that may have been in use. */
int exitstat_load(struct exitstat *es);

uint64_t exitstat_ask_instance(struct exitstat *es);

/* Fail with a sentence. */
int exitstat_fail(struct exitstat *es, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int exitstat_no_memory(struct exitstat *es);

/* How many exitstat_known() has. */
uint32_t exitstat_nr_known(uint32_t reasons);

/* The slot of CPUID, 0 in a namespace that we do not know. */
uint32_t exitstat_cpuid_slot(uint32_t reasons);

/* The CPUs of this machine, for struct exitstat_cpuid. */
int exitstat_next_cpu(void *data, int after);
int exitstat_pin_cpu(void *data, int cpu);

/* Go to the CPU that is this vCPU, until exitstat_pin(es, -1). */
int exitstat_go_to_vcpu(struct exitstat *es, int vcpu, int *cpu);

/* An exit of our own on this vCPU. */
void exitstat_own_on(struct exitstat *es, int vcpu);

static inline uint64_t exitstat_u64(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

#endif /* EXITSTAT_INTERNAL_H */
