/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A host made up here, with all that the interface has: vCPUs of their own, every
 * statistic, and a count of the reader's own exits as KVM keeps it.
 */
#ifndef FAKE_HOST_H
#define FAKE_HOST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define HOST_SLOT(slot, code, name) SLOT_##name = (slot),
enum { KVM_EXIT_REASONS_SVM(HOST_SLOT, HOST_SLOT) HOST_ROWS };

#define HOST_CPUS	4
#define HOST_VCPUS	4
#define HOST_ELEMENTS	24
#define HOST_SHIFT	8
#define HOST_OWN_COST	1000 /* cycles of an own exit, in kernel */

/* Numbers of row statistics */
#define HOST_LONGEST	5
#define HOST_HISTOGRAM	6
#define HOST_MYSTERY	9 /* with a gap before it */
#define HOST_ROW_STATS	10

struct host_row {
	uint64_t stat[HOST_ROW_STATS];
	uint64_t histogram[HOST_ELEMENTS];
};

struct host {
	uint32_t features;
	int tells_numbers; /* KVM_EXIT_STATS_INFO 3 answers */
	int has_histogram, has_mystery;
	uint32_t nr_vcpus;
	uint64_t tsc_hz, instance;
	struct host_row row[HOST_VCPUS][HOST_ROWS];
	uint64_t vcpu_stat[HOST_VCPUS][3]; /* guest, stopped, elapsed */

	/* The guest's system: where the reader is, and which CPU is which vCPU */
	int here;
	int pinned; /* -1: not */
	int vcpu_of[HOST_CPUS];
	int offline[HOST_CPUS];
	uint64_t asked;
};

static inline struct host_row *host_row(struct host *host, uint32_t vcpu,
					uint32_t slot)
{
	return &host->row[vcpu][slot];
}

/* Exits of a vCPU, each with that many cycles in KVM. */
static inline void host_exits(struct host *host, uint32_t vcpu, uint32_t slot,
			      uint64_t exits, uint64_t cycles)
{
	struct host_row *row = host_row(host, vcpu, slot);
	unsigned int element = 0;

	while (element < HOST_ELEMENTS - 1 && cycles >> (HOST_SHIFT + element))
		element++;
	row->stat[KVM_EXIT_STAT_EXITS] += exits;
	row->stat[KVM_EXIT_STAT_KERNEL] += exits * cycles;
	row->histogram[element] += exits;
	if (cycles > row->stat[HOST_LONGEST])
		row->stat[HOST_LONGEST] = cycles;
}

static inline void host_set(struct exitstat_regs *regs, uint64_t low,
			    uint64_t high)
{
	regs->eax = (uint32_t)low;
	regs->ebx = low >> 32;
	regs->ecx = (uint32_t)high;
	regs->edx = high >> 32;
}

static inline void host_info(const struct host *host, uint32_t subleaf,
			     struct exitstat_regs *regs)
{
	switch (subleaf) {
	case KVM_EXIT_STATS_INFO_ABI:
		regs->eax = 1;
		regs->ebx = host->features;
		regs->ecx = KVM_EXIT_STATS_NS_SVM;
		regs->edx = HOST_ROWS;
		break;
	case KVM_EXIT_STATS_INFO_CLOCK:
		host_set(regs, host->tsc_hz, 0);
		regs->ecx = host->nr_vcpus;
		regs->edx = (uint32_t)host->vcpu_of[host->here];
		break;
	case KVM_EXIT_STATS_INFO_INSTANCE:
		host_set(regs, host->instance, 0);
		break;
	case KVM_EXIT_STATS_INFO_STATS:
		if (!host->tells_numbers)
			break;
		regs->eax = host->has_mystery	? HOST_MYSTERY + 1 :
			    host->has_histogram ? HOST_HISTOGRAM + 1 :
						  5;
		regs->ebx = 131;
		break;
	}
}

static inline int host_has_stat(const struct host *host, uint32_t number)
{
	if (number == HOST_LONGEST || number == HOST_HISTOGRAM)
		return host->has_histogram;
	if (number == HOST_MYSTERY)
		return host->has_mystery;
	return number < 5 || (number >= 128 && number < 131);
}

static inline void host_describe(const struct host *host, uint32_t subleaf,
				 struct exitstat_regs *regs)
{
	static const char *const names[256] = {
		"exits",
		"kernel",
		"user",
		"idle",
		"preempted",
		"longest",
		"histogram",
		[HOST_MYSTERY] = "mystery\033x",
		[128] = "guest",
		"stopped",
		"elapsed",
	};
	uint32_t number = subleaf & 0xff;
	char name[17] = "";

	if (!host_has_stat(host, number))
		return;
	switch (subleaf >> 8) {
	case KVM_EXIT_STATS_STAT_KIND:
		regs->eax = 1;
		regs->ebx = number == HOST_MYSTERY ? 77 :
			    number == 0 || number == HOST_HISTOGRAM ?
						     KVM_EXIT_STATS_UNIT_COUNT :
						     KVM_EXIT_STATS_UNIT_CYCLES;
		regs->ecx = number == HOST_LONGEST ? KVM_EXIT_STATS_MERGE_MAX :
						     KVM_EXIT_STATS_MERGE_SUM;
		regs->edx = number < 128 ? KVM_EXIT_STATS_KIND_ROW :
					   KVM_EXIT_STATS_KIND_VCPU;
		break;
	case KVM_EXIT_STATS_STAT_NAME:
		snprintf(name, sizeof(name), "%s", names[number]);
		memcpy(&regs->eax, name, 4);
		memcpy(&regs->ebx, name + 4, 4);
		memcpy(&regs->ecx, name + 8, 4);
		memcpy(&regs->edx, name + 12, 4);
		break;
	case KVM_EXIT_STATS_STAT_SHAPE:
		if (!host->tells_numbers)
			break;
		regs->eax = number == HOST_HISTOGRAM ? HOST_ELEMENTS : 1;
		regs->ebx = number == HOST_HISTOGRAM ? 2 : 1;
		regs->ecx = number == HOST_HISTOGRAM ? HOST_SHIFT : 0;
		break;
	}
}

static inline uint64_t host_stat(const struct host *host, uint32_t vcpu,
				 uint32_t slot, uint32_t number, uint32_t element)
{
	const struct host_row *row = &host->row[vcpu][slot];

	if (number >= 128)
		return host->vcpu_stat[vcpu][number - 128];
	if (number == HOST_HISTOGRAM)
		return row->histogram[element];
	return number < HOST_ROW_STATS ? row->stat[number] : 0;
}

/* Sum or maximum over what the selection names. */
static inline uint64_t host_merge(const struct host *host, int vcpu,
				  uint32_t slot, uint32_t number,
				  uint32_t element)
{
	uint32_t first = slot == KVM_EXIT_STATS_ALL_ROWS ? 0 : slot;
	uint32_t last = slot == KVM_EXIT_STATS_ALL_ROWS ? HOST_ROWS - 1 : slot;
	uint64_t value, result = 0;

	if (number >= 128)
		last = first;
	for (uint32_t v = 0; v < host->nr_vcpus; v++) {
		if (vcpu >= 0 && (uint32_t)vcpu != v)
			continue;
		for (uint32_t s = first; s <= last; s++) {
			value = host_stat(host, v, s, number, element);
			if (number != HOST_LONGEST)
				result += value;
			else if (value > result)
				result = value;
		}
	}
	return result;
}

static inline void host_value(const struct host *host, uint32_t selector,
			      struct exitstat_regs *regs)
{
	int vcpu = selector >> 31 ? host->vcpu_of[host->here] : -1;
	uint32_t element = selector >> 24 & 0x7f;
	uint32_t number = selector >> 16 & 0xff;
	uint32_t slot = selector & 0xffff;

	if (!host_has_stat(host, number) ||
	    (slot >= HOST_ROWS && slot != KVM_EXIT_STATS_ALL_ROWS) ||
	    element >= (number == HOST_HISTOGRAM ? HOST_ELEMENTS : 1))
		return;
	host_set(regs, host_merge(host, vcpu, slot, number, element), 1);
}

static inline void host_bitmap(const struct host *host, uint32_t group,
			       struct exitstat_regs *regs)
{
	uint32_t word[4] = { 0 };

	for (uint32_t i = 0; i < 128 && group * 128 + i < HOST_ROWS; i++) {
		for (uint32_t number = 0; number < 5; number++) {
			if (host_merge(host, -1, group * 128 + i, number, 0))
				word[i / 32] |= 1u << i % 32;
		}
	}
	regs->eax = word[0];
	regs->ebx = word[1];
	regs->ecx = word[2];
	regs->edx = word[3];
}

static inline void host_read(void *data, uint32_t leaf, uint32_t subleaf,
			     struct exitstat_regs *regs)
{
	struct host *host = data;

	/* As in KVM: an exit is counted before it is answered. */
	host->asked++;
	host_exits(host, (uint32_t)host->vcpu_of[host->here], SLOT_CPUID, 1,
		   HOST_OWN_COST);
	memset(regs, 0, sizeof(*regs));
	switch (leaf) {
	case KVM_EXIT_STATS_SIGNATURE:
		regs->eax = KVM_EXIT_STATS_MAX_LEAF;
		regs->ebx = KVM_EXIT_STATS_SIGNATURE_EBX;
		regs->ecx = KVM_EXIT_STATS_SIGNATURE_ECX;
		regs->edx = KVM_EXIT_STATS_SIGNATURE_EDX;
		break;
	case KVM_EXIT_STATS_INFO:
		host_info(host, subleaf, regs);
		break;
	case KVM_EXIT_STATS_BITMAP:
		host_bitmap(host, subleaf, regs);
		break;
	case KVM_EXIT_STATS_ROW_SUM:
		host_set(regs, host_merge(host, -1, subleaf, 0, 0),
			 host_merge(host, -1, subleaf, 1, 0) +
				 host_merge(host, -1, subleaf, 2, 0));
		break;
	case KVM_EXIT_STATS_VALUE:
		host_value(host, subleaf, regs);
		break;
	case KVM_EXIT_STATS_STAT:
		host_describe(host, subleaf, regs);
		break;
	}
}

static inline int host_next_cpu(void *data, int after)
{
	struct host *host = data;

	for (int cpu = after + 1; cpu < HOST_CPUS; cpu++) {
		if (!host->offline[cpu])
			return cpu;
	}
	return -1;
}

static inline int host_pin(void *data, int cpu)
{
	struct host *host = data;

	if (cpu >= HOST_CPUS || (cpu >= 0 && host->offline[cpu]))
		return -EINVAL;
	host->pinned = cpu;
	if (cpu >= 0)
		host->here = cpu;
	return 0;
}

static inline struct host *new_host(void)
{
	struct host *host = test_calloc(1, sizeof(*host));

	host->features = KVM_EXIT_STATS_FEAT_VALUE | KVM_EXIT_STATS_FEAT_STAT;
	host->nr_vcpus = HOST_VCPUS;
	host->tsc_hz = 1000000000;
	host->instance = 0x1234;
	host->pinned = -1;
	/* vCPUs need not be in the order of the guest's CPUs. */
	for (int cpu = 0; cpu < HOST_CPUS; cpu++)
		host->vcpu_of[cpu] = HOST_CPUS - 1 - cpu;
	return host;
}

static inline struct host *new_host_with_histograms(void)
{
	struct host *host = new_host();

	host->features |= KVM_EXIT_STATS_FEAT_HISTOGRAM;
	host->tells_numbers = 1;
	host->has_histogram = 1;
	return host;
}

static inline struct exitstat *open_host_of(struct host *host)
{
	struct exitstat_cpuid cpuid = {
		.read = host_read,
		.next_cpu = host_next_cpu,
		.pin = host_pin,
		.data = host,
	};
	struct exitstat *es;

	assert_int_equal(exitstat_open_cpuid(&es, &cpuid), 0);
	return es;
}

static inline struct exitstat_snapshot *
read_host(struct exitstat *es, int vcpu, unsigned int with)
{
	struct exitstat_query query = { .vcpu = vcpu, .with = with };
	struct exitstat_snapshot *snap;

	assert_int_equal(exitstat_read(es, &query, &snap), 0);
	return snap;
}

static inline const struct exitstat_row *
find_row(const struct exitstat_snapshot *snap, uint32_t slot)
{
	for (size_t i = 0; i < snap->nr_rows; i++) {
		if (snap->rows[i].slot == slot)
			return &snap->rows[i];
	}
	return NULL;
}

#endif /* FAKE_HOST_H */
