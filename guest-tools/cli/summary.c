// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "cli/summary.h"
#include "kvm_exit_stats.h"

/* A file can say anything: nothing here goes below zero. */
static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t *new_numbers(size_t nr)
{
	return calloc(nr + 1, sizeof(uint64_t));
}

static struct summary_reason *find_reason(struct summary *sum,
					  const struct recording_row *row)
{
	struct summary_reason *reason;
	size_t i;

	for (i = 0; i < sum->nr_reasons; i++)
		if (sum->reasons[i].slot == row->slot)
			return &sum->reasons[i];

	reason = reallocarray(sum->reasons, sum->nr_reasons + 1, sizeof(*reason));
	if (!reason)
		return NULL;
	sum->reasons = reason;
	reason += sum->nr_reasons++;
	memset(reason, 0, sizeof(*reason));
	reason->slot = row->slot;
	reason->code = row->code;
	memcpy(reason->name, row->name, sizeof(reason->name));
	reason->values = new_numbers(sum->rec->nr_row_values);
	reason->interval_exits = new_numbers(sum->nr_intervals);
	reason->interval_cycles = new_numbers(sum->nr_intervals);
	if (!reason->values || !reason->interval_exits || !reason->interval_cycles)
		return NULL;
	return reason;
}

static void add_values(const struct summary *sum, uint32_t kind, uint64_t *to,
		       const uint64_t *before, const uint64_t *after)
{
	size_t i, j;

	for (i = 0; i < sum->rec->nr_stats; i++) {
		const struct exitstat_stat *stat = &sum->rec->stats[i];

		if (stat->kind != kind)
			continue;
		for (j = stat->first; j < stat->first + stat->nr_elements; j++) {
			if (stat->merge != KVM_EXIT_STATS_MERGE_MAX)
				to[j] += less(after[j], before ? before[j] : 0);
			else if (after[j] > to[j])
				to[j] = after[j];
		}
	}
}

/* The recorder asks with CPUID: its exits are in that row. */
static void take_out_own(struct recording_row *row, uint64_t own,
			 struct summary *sum)
{
	uint64_t cycles;

	if (strcmp(row->name, "CPUID") != 0)
		return;
	if (own > row->exits)
		own = row->exits;
	if (!own)
		return;
	cycles = (uint64_t)((double)row->cycles / (double)row->exits * (double)own);
	if (cycles > row->cycles)
		cycles = row->cycles;
	row->exits -= own;
	row->cycles -= cycles;
	sum->own_cycles += cycles;
	sum->own_subtracted = 1;
}

static int add_interval(struct summary *sum, size_t index, int less_own)
{
	const struct recording_sample *before = &sum->rec->samples[index];
	const struct recording_sample *after = before + 1;
	struct summary_interval *interval = &sum->intervals[index];
	struct summary_reason *reason;
	uint64_t own;
	size_t i;

	interval->from = before->seconds;
	interval->to = after->seconds;
	if (before->instance != after->instance ||
	    before->features != after->features) {
		interval->gap = 1;
		sum->nr_gaps++;
		return 0;
	}
	sum->seconds += interval->to - interval->from;
	own = less(after->own, before->own);
	sum->own += own;

	for (i = 0; i < after->nr_rows; i++) {
		struct recording_row row = after->rows[i];
		const struct recording_row *old = recording_row(before, row.slot);

		reason = find_reason(sum, &row);
		if (!reason)
			return -1;
		if (old) {
			row.exits = less(row.exits, old->exits);
			row.cycles = less(row.cycles, old->cycles);
		}
		if (less_own)
			take_out_own(&row, own, sum);
		reason->exits += row.exits;
		reason->cycles += row.cycles;
		reason->interval_exits[index] = row.exits;
		reason->interval_cycles[index] = row.cycles;
		interval->exits += row.exits;
		interval->cycles += row.cycles;
		add_values(sum, KVM_EXIT_STATS_KIND_ROW, reason->values,
			   old ? old->values : NULL, row.values);
	}
	sum->exits += interval->exits;
	sum->cycles += interval->cycles;
	add_values(sum, KVM_EXIT_STATS_KIND_VCPU, sum->vcpu_values,
		   before->vcpu_values, after->vcpu_values);
	return 0;
}

static void free_reason(struct summary_reason *reason)
{
	free(reason->values);
	free(reason->interval_exits);
	free(reason->interval_cycles);
}

static void drop_empty(struct summary *sum)
{
	size_t i, kept = 0;

	for (i = 0; i < sum->nr_reasons; i++) {
		if (sum->reasons[i].exits || sum->reasons[i].cycles)
			sum->reasons[kept++] = sum->reasons[i];
		else
			free_reason(&sum->reasons[i]);
	}
	sum->nr_reasons = kept;
}

static int dearer(const void *a, const void *b)
{
	const struct summary_reason *one = a, *other = b;

	if (one->cycles != other->cycles)
		return one->cycles < other->cycles ? 1 : -1;
	if (one->exits != other->exits)
		return one->exits < other->exits ? 1 : -1;
	return one->slot < other->slot ? -1 : one->slot > other->slot;
}

struct summary *summary_new(const struct recording *rec, int less_own)
{
	struct summary *sum = calloc(1, sizeof(*sum));
	size_t i;

	if (!sum)
		return NULL;
	sum->rec = rec;
	sum->nr_intervals = rec->nr_samples - 1;
	sum->intervals = calloc(sum->nr_intervals + 1, sizeof(*sum->intervals));
	sum->vcpu_values = new_numbers(rec->nr_vcpu_values);
	if (!sum->intervals || !sum->vcpu_values)
		goto no_memory;
	for (i = 0; i < sum->nr_intervals; i++)
		if (add_interval(sum, i, less_own))
			goto no_memory;
	drop_empty(sum);
	if (sum->nr_reasons)
		qsort(sum->reasons, sum->nr_reasons, sizeof(*sum->reasons), dearer);
	return sum;

no_memory:
	summary_free(sum);
	return NULL;
}

void summary_free(struct summary *sum)
{
	size_t i;

	if (!sum)
		return;
	for (i = 0; i < sum->nr_reasons; i++)
		free_reason(&sum->reasons[i]);
	free(sum->reasons);
	free(sum->intervals);
	free(sum->vcpu_values);
	free(sum);
}

uint64_t summary_longest(const struct summary *sum, const struct summary_reason *reason)
{
	const struct exitstat_stat *stat = recording_stat(sum->rec, KVM_EXIT_STAT_LONGEST);

	if (!stat || stat->kind != KVM_EXIT_STATS_KIND_ROW)
		return 0;
	return reason->values[stat->first];
}
