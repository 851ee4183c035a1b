/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recording comes to: for each reason what happened in each interval
 * between two samples, and in all of them.
 *
 * An interval in which the counters restarted (the VM was restored or migrated),
 * or rows were hidden or shown, is a gap: nothing is known of it.
 */
#ifndef EXITSTAT_SUMMARY_H
#define EXITSTAT_SUMMARY_H

#include "cli/recording.h"

struct summary_interval {
	double from, to;	/* seconds since the first sample */
	int gap;
	uint64_t exits;
	uint64_t cycles;
};

struct summary_reason {
	uint32_t slot;
	uint32_t code;
	char name[EXITSTAT_NAME_SIZE];
	uint64_t exits;
	uint64_t cycles;
	uint64_t *values;	/* sums; of a maximum, the highest */
	/* by interval */
	uint64_t *interval_exits;
	uint64_t *interval_cycles;
};

struct summary {
	const struct recording *rec;
	size_t nr_intervals;
	struct summary_interval *intervals;
	size_t nr_reasons;
	struct summary_reason *reasons;	/* dearest first, none without exits */
	size_t nr_gaps;
	double seconds;		/* gaps left out */
	uint64_t exits;
	uint64_t cycles;
	uint64_t own;		/* the recorder's exits */
	uint64_t own_cycles;	/* an estimate: the mean of their row */
	int own_subtracted;
	uint64_t *vcpu_values;
};

/* With "less_own", the recorder's own exits are taken out.  NULL: no memory */
struct summary *summary_new(const struct recording *rec, int less_own);

/* The longest exit in cycles, which bounds quantiles; 0: not recorded */
uint64_t summary_longest(const struct summary *sum, const struct summary_reason *reason);
void summary_free(struct summary *sum);

#endif /* EXITSTAT_SUMMARY_H */
