// SPDX-License-Identifier: GPL-2.0-only
/* What happened between two snapshots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "kvm_exit_stats.h"

/* What the user is told */
#define WHY_RESTARTED \
	"the counters restarted in between: this VM was restored or migrated"
#define WHY_HIDING \
	"the host began or ceased to hide exits of its own in between"
#define WHY_BACKWARDS \
	"row %u went backwards in between, though the counters did not restart"
#define WHY_UNLIKE \
	"the two snapshots are not of the same kind"

/* A part of a number, without overflow. */
static uint64_t share(uint64_t number, uint64_t part, uint64_t whole)
{
	__extension__ unsigned __int128 product = number;

	return (uint64_t)(product * part / whole);
}

/* 0 or -1: it went backwards. */
static int take(uint64_t *value, uint64_t before)
{
	if (*value < before)
		return -1;
	*value -= before;
	return 0;
}

/* All statistics of one kind; a maximum stays what it is. */
static int take_values(const struct exitstat *es, uint32_t kind,
		       uint64_t *values, const uint64_t *before, size_t n)
{
	const struct exitstat_stat *stat;
	uint32_t element;
	size_t i;

	for (i = 0; values && before && i < es->nr_stats; i++) {
		stat = &es->stats[i];
		if (stat->kind != kind || stat->merge == KVM_EXIT_STATS_MERGE_MAX ||
		    stat->first + stat->nr_elements > n)
			continue;
		for (element = 0; element < stat->nr_elements; element++) {
			if (take(values + stat->first + element,
				 before[stat->first + element]))
				return -1;
		}
	}
	return 0;
}

static int compare_slots(const void *slot, const void *row)
{
	uint32_t a = *(const uint32_t *)slot;
	uint32_t b = ((const struct exitstat_row *)row)->slot;

	return (a > b) - (a < b);
}

/* They are read in order of slots, and a host may say that it has 65,535. */
static const struct exitstat_row *
row_of(const struct exitstat_snapshot *snap, uint32_t slot)
{
	if (!snap)
		return NULL;
	return bsearch(&slot, snap->rows, snap->nr_rows, sizeof(*snap->rows),
		       compare_slots);
}

/* Our own exits are as dear as the others of CPUID, for all that is known. */
static void take_own(struct exitstat *es, struct exitstat_snapshot *diff,
		     struct exitstat_row *row)
{
	uint64_t own = diff->own_counted;
	const struct exitstat_stat *stat;
	uint64_t cycles, *value;
	uint32_t element;
	size_t i;

	if (own > row->exits)
		own = row->exits;
	if (!own)
		return;
	cycles = share(row->cycles, own, row->exits);
	for (i = 0; row->values && i < es->nr_stats; i++) {
		stat = &es->stats[i];
		if (stat->kind != KVM_EXIT_STATS_KIND_ROW ||
		    stat->merge == KVM_EXIT_STATS_MERGE_MAX ||
		    stat->first + stat->nr_elements > diff->nr_values)
			continue;
		for (element = 0; element < stat->nr_elements; element++) {
			value = row->values + stat->first + element;
			*value -= share(*value, own, row->exits);
		}
	}
	row->exits -= own;
	row->cycles -= cycles;
	diff->own_cycles = cycles;
}

static int nothing(const struct exitstat *es, const struct exitstat_row *row)
{
	const struct exitstat_stat *stat;
	uint32_t element;
	size_t i;

	if (row->exits || row->cycles)
		return 0;
	for (i = 0; row->values && i < es->nr_stats; i++) {
		stat = &es->stats[i];
		if (stat->kind != KVM_EXIT_STATS_KIND_ROW ||
		    stat->merge == KVM_EXIT_STATS_MERGE_MAX)
			continue;
		for (element = 0; element < stat->nr_elements; element++) {
			if (row->values[stat->first + element])
				return 0;
		}
	}
	return 1;
}

static uint64_t *copy_values(const uint64_t *values, size_t n)
{
	uint64_t *copy = malloc((n + 1) * sizeof(*copy));

	if (copy)
		memcpy(copy, values, n * sizeof(*copy));
	return copy;
}

static int diff_rows(struct exitstat *es, const struct exitstat_snapshot *before,
		     const struct exitstat_snapshot *after, unsigned int flags,
		     struct exitstat_snapshot *diff)
{
	uint32_t cpuid_slot = exitstat_cpuid_slot(es->info.reasons);
	const struct exitstat_row *then;
	struct exitstat_row *row;
	size_t i;

	for (i = 0; i < after->nr_rows; i++) {
		row = &diff->rows[diff->nr_rows];
		*row = after->rows[i];
		if (row->values) {
			row->values = copy_values(row->values, after->nr_values);
			if (!row->values)
				return exitstat_no_memory(es);
		}
		diff->nr_rows++; /* so that it is freed */

		then = row_of(before, row->slot);
		if (then && (take(&row->exits, then->exits) ||
			     take(&row->cycles, then->cycles) ||
			     take_values(es, KVM_EXIT_STATS_KIND_ROW, row->values,
					 then->values, after->nr_values)))
			return exitstat_fail(es, -ESTALE, WHY_BACKWARDS,
					     row->slot);
		if ((flags & EXITSTAT_LESS_OWN) &&
		    (row->slot == cpuid_slot || row->slot == EXITSTAT_ALL_ROWS))
			take_own(es, diff, row);
		if (nothing(es, row)) {
			free(row->values);
			diff->nr_rows--;
			continue;
		}
		diff->exits += row->exits;
		diff->cycles += row->cycles;
	}
	return 0;
}

static int belong_together(struct exitstat *es,
			   const struct exitstat_snapshot *before,
			   const struct exitstat_snapshot *after)
{
	if (before->vcpu != after->vcpu || before->is_diff || after->is_diff)
		return exitstat_fail(es, -EINVAL, WHY_UNLIKE);
	if (before->instance != after->instance)
		return exitstat_fail(es, -ESTALE, WHY_RESTARTED);
	if ((before->features ^ after->features) &
	    KVM_EXIT_STATS_FEAT_HIDE_ASYNC)
		return exitstat_fail(es, -ESTALE, WHY_HIDING);
	if (before->nr_values != after->nr_values ||
	    before->nr_vcpu_values != after->nr_vcpu_values)
		return exitstat_fail(es, -EINVAL, WHY_UNLIKE);
	return 0;
}

int exitstat_diff(struct exitstat *es, const struct exitstat_snapshot *before,
		  const struct exitstat_snapshot *after, unsigned int flags,
		  struct exitstat_snapshot **result)
{
	struct exitstat_snapshot *diff;
	int err;

	*result = NULL;
	if (before) {
		err = belong_together(es, before, after);
		if (err)
			return err;
	}
	diff = malloc(sizeof(*diff));
	if (!diff)
		return exitstat_no_memory(es);
	*diff = *after;
	diff->rows = NULL;
	diff->vcpu_values = NULL;
	diff->nr_rows = 0;
	diff->exits = 0;
	diff->cycles = 0;
	diff->own_subtracted = !!(flags & EXITSTAT_LESS_OWN);
	diff->own_cycles = 0;
	if (before) {
		diff->is_diff = 1;
		diff->own_counted -= before->own_counted;
		diff->nanoseconds -= before->nanoseconds;
	}

	diff->rows = calloc(after->nr_rows + 1, sizeof(*diff->rows));
	if (after->vcpu_values)
		diff->vcpu_values = copy_values(after->vcpu_values,
						after->nr_vcpu_values);
	if (!diff->rows || (after->vcpu_values && !diff->vcpu_values)) {
		err = exitstat_no_memory(es);
		goto fail;
	}
	if (before && take_values(es, KVM_EXIT_STATS_KIND_VCPU, diff->vcpu_values,
				  before->vcpu_values, after->nr_vcpu_values)) {
		err = exitstat_fail(es, -ESTALE, WHY_BACKWARDS, EXITSTAT_ALL_ROWS);
		goto fail;
	}
	err = diff_rows(es, before, after, flags, diff);
	if (err)
		goto fail;
	*result = diff;
	return 0;
fail:
	exitstat_snapshot_free(diff);
	return err;
}
