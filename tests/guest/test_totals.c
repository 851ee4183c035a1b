// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows, the totals, stat.exits and the host's table are all the same
 * number, seen from different sides.
 */
#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define TRIES		200
#define NR_HYPERCALLS	50

static __guest void guest_work(struct guest *g)
{
	for (int i = 0; i < NR_HYPERCALLS; i++) {
		hypercall(g);
		outb(PORT_DATA, i);
		inb(PORT_DATA);
	}
}

/* Reasons that occurred, or that may at any time: those that have to be read. */
static unsigned int find_live(struct vcpu *vcpu, u32 *codes)
{
	struct query queries[MAX_REASONS] = {};
	unsigned int live = 0;

	for (unsigned int i = 0; i < nr_reasons; i++) {
		queries[i].leaf = KVM_EXIT_STATS_REASON_EXITS;
		queries[i].subleaf = reasons[i].code;
	}
	ask(vcpu, queries, nr_reasons);
	for (unsigned int i = 0; i < nr_reasons; i++)
		if (queries[i].rax || reason_is_async(reasons[i].code))
			codes[live++] = reasons[i].code;
	return live;
}

/*
 * Total, each row, OTHER, total again, in one run of the guest.  Each of these
 * queries is one exit, which the row of CPUID has if it is read later: the
 * k-th query after the first total finds k more than that total knew of.  If
 * the last total is higher than the first by exactly the number of queries,
 * nothing else happened in between, and the sum is exact.
 */
static void rows_add_up(struct vcpu *vcpu)
{
	struct query queries[MAX_REASONS + 3] = {};
	u32 codes[MAX_REASONS];
	unsigned int live = find_live(vcpu, codes);
	unsigned int last = live + 2;
	u64 total = 0, sum = 0;
	bool quiet = false;

	for (unsigned int try = 0; try < TRIES && !quiet; try++) {
		queries[0].leaf = KVM_EXIT_STATS_TOTAL_EXITS;
		for (unsigned int k = 1; k <= live; k++) {
			queries[k].leaf = KVM_EXIT_STATS_REASON_EXITS;
			queries[k].subleaf = codes[k - 1];
		}
		queries[live + 1].leaf = KVM_EXIT_STATS_ROW_SUM;
		queries[live + 1].subleaf = 0;	/* OTHER */
		queries[last].leaf = KVM_EXIT_STATS_TOTAL_EXITS;
		ask(vcpu, queries, last + 1);

		total = answer_exits(&queries[0]);
		quiet = answer_exits(&queries[last]) == total + last;
		sum = answer_exits(&queries[live + 1]);
		for (unsigned int k = 1; k <= live; k++) {
			sum += answer_exits(&queries[k]);
			if (queries[k].subleaf == REASON(CPUID))
				sum -= k;
		}
	}
	if (!quiet)
		skip("rows add up", "the host interrupts all the time");
	else
		check(sum == total, "rows add up to the total",
		      "rows %lu, total %lu", sum, total);
}

/*
 * Between the last query and the end of the guest's function is one exit more,
 * the I/O that ends it; and interrupts of the host, in some of the tries.
 */
static void equals_stat(struct vm *vm, struct vcpu *vcpu)
{
	u64 total = 0, stat = 0;
	bool passed = true, equal = false;

	for (int try = 0; try < TRIES && passed && !equal; try++) {
		total = ask_total_exits(vcpu);
		stat = vm_stat_exits(vm);
		passed = total + 1 <= stat;
		equal = total + 1 == stat;
	}
	check(passed && equal, "the total equals stat.exits",
	      "total %lu (and 1), stat.exits %lu", total, stat);
}

static void equals_table(struct vm *vm)
{
	static const char *const column[NR_COLS] = {
		"exits",
		"kernel",
		"user",
		"idle",
		"preempted",
	};
	struct table table;
	u64 stat;

	if (!vm_table(vm, &table)) {
		check(false, "the host's table", "it is not in debugfs");
		return;
	}
	stat = vm_stat_exits(vm);
	check(table.total[COL_EXITS] == stat,
	      "the host's total equals stat.exits at rest",
	      "table %lu, stat.exits %lu", table.total[COL_EXITS], stat);
	for (int i = 0; i < NR_COLS; i++) {
		char name[64];

		snprintf(name, sizeof(name), "the host's rows add up: %s",
			 column[i]);
		check(table.sum[i] == table.total[i], name, "rows %lu, total %lu",
		      table.sum[i], table.total[i]);
	}
}

/* The host's table holds what the guest read, and the exits since. */
static void table_equals_guest(struct vm *vm, struct vcpu *vcpu)
{
	u64 hypercalls = ask_exits(vcpu, REASON_HYPERCALL);
	u64 cpuid = ask_exits(vcpu, REASON(CPUID));
	u64 io = ask_exits(vcpu, REASON_IO);
	struct table table;

	if (!vm_table(vm, &table))
		return;
	/* One query for the I/O after that for CPUID, one I/O after the last. */
	check(counts_get(&table.counts, REASON_HYPERCALL) == hypercalls &&
		      counts_get(&table.counts, REASON(CPUID)) == cpuid + 1 &&
		      counts_get(&table.counts, REASON_IO) == io + 1,
	      "host and guest read the same rows",
	      "guest %lu %lu %lu, host %lu %lu %lu", hypercalls, cpuid, io,
	      counts_get(&table.counts, REASON_HYPERCALL),
	      counts_get(&table.counts, REASON(CPUID)),
	      counts_get(&table.counts, REASON_IO));
}

void test_totals(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);

	vcpu_call(vcpu, guest_work);
	rows_add_up(vcpu);
	equals_stat(vm, vcpu);
	equals_table(vm);
	table_equals_guest(vm, vcpu);

	/* A second vCPU is in every sum. */
	vcpu_call(vcpu_create(vm), guest_work);
	rows_add_up(vcpu);
	equals_stat(vm, vcpu);
	equals_table(vm);
	vm_destroy(vm);
}
