// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a guest can make its host do with one instruction: the shortest round
 * trip of each leaf's query, in ticks of the TSC, for VMs with few and with many
 * vCPUs, all of which have run.
 *
 * Where the emulator's TSC counts instructions these are exact numbers.  They
 * are judged by the lab's case "query-cost".
 */
#include <stdio.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define ROUNDS		16
#define FREE_LEAF	(KVM_EXIT_STATS_SIGNATURE + 0x80)
#define SLOT		1

struct cost {
	u64 leaf, subleaf;	/* in */
	u64 shortest;		/* out */
};

static __guest void guest_query(struct guest *g)
{
	struct cost *c = g->data;

	c->shortest = ~0ull;
	for (int i = 0; i < ROUNDS; i++) {
		struct regs r = { c->leaf, 0, c->subleaf, 0 };
		u64 begin = rdtsc(), took;

		cpuid(&r);
		took = rdtsc() - begin;
		if (took < c->shortest)
			c->shortest = took;
	}
}

static __guest void guest_work(struct guest *g)
{
	hypercall(g);
}

#define ALL(stat)	KVM_EXIT_STATS_SELECT(KVM_EXIT_STATS_ALL_ROWS, KVM_EXIT_STAT_##stat)

static const struct {
	const char *name;
	u32 leaf, subleaf;
} queries[] = {
	{ "unrelated leaf",		UNRELATED_LEAF, 0 },
	{ "leaf without a meaning",	FREE_LEAF, 0 },
	{ "00 signature",		KVM_EXIT_STATS_SIGNATURE, 0 },
	{ "01 statistics",		KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_STATS },
	{ "02 row",			KVM_EXIT_STATS_ROW, SLOT },
	{ "03 bitmap",			KVM_EXIT_STATS_BITMAP, 0 },
	{ "04 row sum",			KVM_EXIT_STATS_ROW_SUM, SLOT },
	{ "05 exits of a row",		KVM_EXIT_STATS_VALUE,
	  KVM_EXIT_STATS_SELECT(SLOT, KVM_EXIT_STAT_EXITS) },
	{ "05 kernel, all rows",	KVM_EXIT_STATS_VALUE, ALL(KERNEL) },
	{ "05 the same, this vCPU",	KVM_EXIT_STATS_VALUE,
	  KVM_EXIT_STATS_THIS_VCPU | ALL(KERNEL) },
	{ "05 elapsed",			KVM_EXIT_STATS_VALUE, ALL(ELAPSED) },
	{ "06 name",			KVM_EXIT_STATS_STAT,
	  KVM_EXIT_STATS_STAT_PART(KVM_EXIT_STAT_ELAPSED, KVM_EXIT_STATS_STAT_NAME) },
	{ "FC exits, all rows",		KVM_EXIT_STATS_TOTAL_EXITS, 0 },
	{ "FD cycles, all rows",	KVM_EXIT_STATS_TOTAL_CYCLES, 0 },
	{ "FE exits of a reason",	KVM_EXIT_STATS_REASON_EXITS, 0 },
	{ "FF cycles of a reason",	KVM_EXIT_STATS_REASON_CYCLES, 0 },
};

static const int sizes[] = { 1, 16, 240 };

static void measure(int nr, u64 *took)
{
	struct vm *vm = vm_create(0);
	struct vcpu *first = vcpu_create(vm);
	struct cost *c = first->data;

	vcpu_call(first, guest_work);
	while (vm->nr_vcpus < nr)
		vcpu_call(vcpu_create(vm), guest_work);
	for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
		u32 subleaf = queries[i].subleaf;

		/* A reason that has a row, on each vendor */
		if (queries[i].leaf >= KVM_EXIT_STATS_REASON_EXITS)
			subleaf = REASON_HYPERCALL;
		c->leaf = queries[i].leaf;
		c->subleaf = subleaf;
		vcpu_call(first, guest_query);
		took[i] = c->shortest;
	}
	vm_destroy(vm);
}

void test_query_cost(void)
{
	u64 took[ARRAY_SIZE(sizes)][ARRAY_SIZE(queries)];
	bool passed = true;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		measure(sizes[i], took[i]);

	printf("query-cost %-24s", "vCPUs");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		printf(" %9d", sizes[i]);
	printf("\n");
	for (size_t j = 0; j < ARRAY_SIZE(queries); j++) {
		printf("query-cost %-24s", queries[j].name);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			printf(" %9lu", took[i][j]);
			passed = passed && took[i][j] != ~0ull;
		}
		printf("\n");
	}
	check(passed, "measured", "no round trip");
}
