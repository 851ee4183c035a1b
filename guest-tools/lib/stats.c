// SPDX-License-Identifier: GPL-2.0-only
/* Which statistics the host keeps, in its own words. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "kvm_exit_stats.h"

/* Row statistics count up from the first, vCPU statistics from the second. */
static const uint32_t first_number[] = { 0, KVM_EXIT_STATS_FIRST_VCPU_STAT };
#define NUMBERS_END	256u

/* More is no answer, but rubbish. */
#define MAX_ELEMENTS	128u

static void read_name(struct exitstat *es, struct exitstat_stat *stat)
{
	struct exitstat_regs regs;
	uint32_t selector;
	size_t i;

	selector = KVM_EXIT_STATS_STAT_PART(stat->number,
					    KVM_EXIT_STATS_STAT_NAME);
	regs = exitstat_ask(es, KVM_EXIT_STATS_STAT, selector);
	memcpy(stat->name, &regs.eax, 4);
	memcpy(stat->name + 4, &regs.ebx, 4);
	memcpy(stat->name + 8, &regs.ecx, 4);
	memcpy(stat->name + 12, &regs.edx, 4);
	stat->name[sizeof(stat->name) - 1] = 0;
	/* It may reach a terminal. */
	for (i = 0; stat->name[i]; i++) {
		if (stat->name[i] < ' ' || stat->name[i] > '~')
			stat->name[i] = '?';
	}
}

/* Hosts older than shapes have scalars only, and answer zero. */
static void read_shape(struct exitstat *es, struct exitstat_stat *stat)
{
	struct exitstat_regs regs;

	regs = exitstat_ask(es, KVM_EXIT_STATS_STAT,
			    KVM_EXIT_STATS_STAT_PART(stat->number,
						     KVM_EXIT_STATS_STAT_SHAPE));
	stat->nr_elements = regs.eax;
	stat->shape = regs.ebx;
	stat->shift = regs.ecx;
	if (!stat->nr_elements || stat->nr_elements > MAX_ELEMENTS) {
		stat->nr_elements = 1;
		stat->shape = EXITSTAT_SCALAR;
		stat->shift = 0;
	}
}

static int read_stat(struct exitstat *es, uint32_t number)
{
	struct exitstat_stat *stat = &es->stats[es->nr_stats];
	struct exitstat_regs regs;
	size_t *nr_values;

	regs = exitstat_ask(es, KVM_EXIT_STATS_STAT,
			    KVM_EXIT_STATS_STAT_PART(number,
						     KVM_EXIT_STATS_STAT_KIND));
	if (regs.eax != 1)
		return 0;
	stat->number = number;
	stat->unit = regs.ebx;
	stat->merge = regs.ecx;
	stat->kind = regs.edx;
	read_name(es, stat);
	read_shape(es, stat);

	nr_values = stat->kind == KVM_EXIT_STATS_KIND_ROW ? &es->nr_row_values :
							    &es->nr_vcpu_values;
	stat->first = *nr_values;
	*nr_values += stat->nr_elements;
	es->nr_stats++;
	return 1;
}

/*
 * A host that tells where the numbers end may have left some out in between;
 * one that does not has none left out.
 */
static void read_numbers(struct exitstat *es)
{
	struct exitstat_regs regs;
	uint32_t end[2], number;
	int told, i;

	regs = exitstat_ask(es, KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_STATS);
	told = regs.eax && regs.eax <= first_number[1] && regs.ebx <= NUMBERS_END;
	end[0] = told ? regs.eax : first_number[1];
	end[1] = told ? regs.ebx : NUMBERS_END;

	for (i = 0; i < 2; i++) {
		for (number = first_number[i]; number < end[i]; number++) {
			if (!read_stat(es, number) && !told)
				break;
		}
	}
}

int exitstat_stats(struct exitstat *es, const struct exitstat_stat **stats,
		   size_t *nr_stats)
{
	const uint32_t needed = KVM_EXIT_STATS_FEAT_VALUE |
				KVM_EXIT_STATS_FEAT_STAT;

	*stats = NULL;
	*nr_stats = 0;
	if ((es->info.features & needed) != needed)
		return exitstat_fail(es, -EOPNOTSUPP,
				     "the host tells no statistics but exits and cycles");
	if (!es->stats) {
		es->stats = calloc(NUMBERS_END, sizeof(*es->stats));
		if (!es->stats)
			return exitstat_no_memory(es);
		es->nr_stats = 0;
		es->nr_row_values = 0;
		es->nr_vcpu_values = 0;
		read_numbers(es);
	}
	*stats = es->stats;
	*nr_stats = es->nr_stats;
	return 0;
}

const struct exitstat_stat *exitstat_find_stat(struct exitstat *es,
					       uint32_t number)
{
	const struct exitstat_stat *stats;
	size_t nr_stats, i;

	if (exitstat_stats(es, &stats, &nr_stats))
		return NULL;
	for (i = 0; i < nr_stats; i++) {
		if (stats[i].number == number)
			return &stats[i];
	}
	return NULL;
}

const struct exitstat_stat *exitstat_find_stat_name(struct exitstat *es,
						    const char *name)
{
	const struct exitstat_stat *stats;
	size_t nr_stats, i;

	if (exitstat_stats(es, &stats, &nr_stats))
		return NULL;
	for (i = 0; i < nr_stats; i++) {
		if (!strcmp(stats[i].name, name))
			return &stats[i];
	}
	return NULL;
}

const uint64_t *exitstat_row_values(const struct exitstat_snapshot *snap,
				    const struct exitstat_row *row,
				    const struct exitstat_stat *stat)
{
	if (!row->values || !stat || stat->kind != KVM_EXIT_STATS_KIND_ROW ||
	    stat->first + stat->nr_elements > snap->nr_values)
		return NULL;
	return row->values + stat->first;
}

/* Where an element's values begin; the first one begins at 0. */
static double lower_bound(const struct exitstat_stat *stat, uint32_t element)
{
	double bound = element ? 1 : 0;
	uint32_t i;

	for (i = 1; element && i < stat->shift + element; i++)
		bound *= 2;
	return bound;
}

int exitstat_quantile(const struct exitstat_stat *stat, const uint64_t *values,
		      double quantile, uint64_t longest, double *result)
{
	double all = 0, below = 0, low, high;
	uint32_t i;

	if (!stat || !values || stat->shape != EXITSTAT_LOG2 ||
	    quantile < 0 || quantile > 1)
		return -EINVAL;
	for (i = 0; i < stat->nr_elements; i++)
		all += (double)values[i];
	if (all == 0)
		return -EINVAL;

	for (i = 0; i < stat->nr_elements - 1; i++) {
		if (values[i] && below + (double)values[i] >= quantile * all)
			break;
		below += (double)values[i];
	}
	low = lower_bound(stat, i);
	/* The last element has no end of its own. */
	high = i < stat->nr_elements - 1 ? lower_bound(stat, i + 1) : low;
	if (longest && ((double)longest < high || i == stat->nr_elements - 1))
		high = (double)longest > low ? (double)longest : low;
	*result = low;
	if (values[i])
		*result += (high - low) * (quantile * all - below) /
			   (double)values[i];
	return 0;
}
