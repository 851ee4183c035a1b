// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "command.h"
#include "kvm_exit_stats.h"
#include "snapshots.h"

int (*open_exitstat)(struct exitstat **es) = exitstat_open;

int open_host(struct exitstat **es)
{
	int err = open_exitstat(es);

	if (err)
		complain("%s", exitstat_reason(*es));
	return err;
}

/* Columns of a table with quantiles, as far as one can tell before */
#define WIDE	120

/*
 * To ask what there is costs some exits, and to read distributions many more: not
 * for a plain table, which has no room for quantiles in 80 columns.  One with
 * quantiles has the longest beside them, a scalar.
 */
unsigned int rows_with(struct exitstat *es, const struct options *options)
{
	const struct exitstat_stat *stats;
	unsigned int with = 0;
	size_t nr_stats, i;

	if (options->all_stats || options->format == FORMAT_OPENMETRICS)
		with |= EXITSTAT_WITH_ROW_STATS;
	if (options->format == FORMAT_OPENMETRICS)
		with |= EXITSTAT_WITH_VCPU_STATS;
	if (!with && options->format == FORMAT_TEXT && options->width < WIDE)
		return 0;
	if (!with && !(exitstat_info(es)->features & KVM_EXIT_STATS_FEAT_HISTOGRAM))
		return 0;
	if (exitstat_stats(es, &stats, &nr_stats))
		return 0;
	for (i = 0; i < nr_stats; i++) {
		if (stats[i].nr_elements > 1)
			with |= EXITSTAT_WITH_HISTOGRAMS |
				EXITSTAT_WITH_ROW_STATS;
	}
	return with;
}

unsigned int own_flag(const struct options *options, int is_diff)
{
	if (options->own == OWN_KEEP)
		return 0;
	if (options->own == OWN_SUBTRACT)
		return EXITSTAT_LESS_OWN;
	return is_diff ? EXITSTAT_LESS_OWN : 0;
}

static struct snapshots *new_snapshots(size_t nr)
{
	struct snapshots *snapshots = calloc(1, sizeof(*snapshots));

	if (!snapshots)
		return NULL;
	snapshots->snap = calloc(nr, sizeof(*snapshots->snap));
	if (!snapshots->snap) {
		free(snapshots);
		return NULL;
	}
	return snapshots;
}

void snapshots_free(struct snapshots *snapshots)
{
	size_t i;

	if (!snapshots)
		return;
	for (i = 0; i < snapshots->nr; i++)
		exitstat_snapshot_free(snapshots->snap[i]);
	free(snapshots->snap);
	free(snapshots);
}

static int add(struct exitstat *es, int vcpu, unsigned int with,
	       struct snapshots *snapshots)
{
	struct exitstat_query query = { .vcpu = vcpu, .with = with };
	int err;

	err = exitstat_read(es, &query, &snapshots->snap[snapshots->nr]);
	if (!err)
		snapshots->nr++;
	return err;
}

static int wanted(const struct options *options, int cpu)
{
	size_t i;

	for (i = 0; i < options->nr_cpus; i++) {
		if (options->cpus[i] == cpu)
			return 1;
	}
	return !options->cpus;
}

static int is_there(const struct exitstat_vcpu *vcpus, size_t nr_vcpus, int cpu)
{
	size_t i;

	for (i = 0; i < nr_vcpus; i++) {
		if (vcpus[i].cpu == cpu)
			return 1;
	}
	return 0;
}

/* The library's list does not outlive the next question for it. */
static int choose_vcpus(struct exitstat *es, const struct options *options,
			int **chosen, size_t *nr_chosen)
{
	const struct exitstat_vcpu *vcpus;
	size_t nr_vcpus, i;
	int err;

	*chosen = NULL;
	*nr_chosen = 0;
	err = exitstat_vcpus(es, &vcpus, &nr_vcpus);
	if (err) {
		complain("%s", exitstat_reason(es));
		return err;
	}
	for (i = 0; i < options->nr_cpus; i++) {
		if (is_there(vcpus, nr_vcpus, options->cpus[i]))
			continue;
		complain("CPU %d is offline, not there, or not for this process",
			 options->cpus[i]);
		return -ENXIO;
	}
	*chosen = calloc(nr_vcpus, sizeof(**chosen));
	if (!*chosen) {
		complain("out of memory");
		return -ENOMEM;
	}
	for (i = 0; i < nr_vcpus; i++) {
		if (wanted(options, vcpus[i].cpu))
			(*chosen)[(*nr_chosen)++] = vcpus[i].vcpu;
	}
	return 0;
}

static int read_vcpus(struct exitstat *es, const struct options *options,
		      unsigned int with, struct snapshots **snapshots)
{
	size_t nr_vcpus, i;
	int *vcpus;
	int err;

	err = choose_vcpus(es, options, &vcpus, &nr_vcpus);
	if (err)
		return err;
	*snapshots = new_snapshots(nr_vcpus);
	if (!*snapshots) {
		complain("out of memory");
		err = -ENOMEM;
	}
	for (i = 0; !err && i < nr_vcpus; i++) {
		err = add(es, vcpus[i], with, *snapshots);
		if (err)
			complain("%s", exitstat_reason(es));
	}
	free(vcpus);
	return err;
}

int snapshots_read(struct exitstat *es, const struct options *options,
		   unsigned int with, struct snapshots **snapshots)
{
	int err = 0;

	*snapshots = NULL;
	if (options->per_cpu) {
		err = read_vcpus(es, options, with, snapshots);
	} else {
		*snapshots = new_snapshots(1);
		if (!*snapshots) {
			complain("out of memory");
			return -ENOMEM;
		}
		err = add(es, EXITSTAT_WHOLE_VM, with, *snapshots);
		if (err)
			complain("%s", exitstat_reason(es));
	}
	if (err) {
		snapshots_free(*snapshots);
		*snapshots = NULL;
	}
	return err;
}

static struct exitstat_snapshot *same_vcpu(const struct snapshots *snapshots,
					   int vcpu)
{
	size_t i;

	for (i = 0; snapshots && i < snapshots->nr; i++) {
		if (snapshots->snap[i]->vcpu == vcpu)
			return snapshots->snap[i];
	}
	return NULL;
}

/* A vCPU that came in between has no difference yet, one that went has none. */
int snapshots_diff(struct exitstat *es, const struct snapshots *before,
		   const struct snapshots *after, unsigned int flags,
		   struct snapshots **diff)
{
	struct exitstat_snapshot *then;
	size_t i;
	int err;

	*diff = new_snapshots(after->nr);
	if (!*diff) {
		complain("out of memory");
		return -ENOMEM;
	}
	for (i = 0; i < after->nr; i++) {
		then = same_vcpu(before, after->snap[i]->vcpu);
		if (before && !then)
			continue;
		err = exitstat_diff(es, then, after->snap[i], flags,
				    &(*diff)->snap[(*diff)->nr]);
		if (err) {
			if (err != -ESTALE)
				complain("%s", exitstat_reason(es));
			snapshots_free(*diff);
			*diff = NULL;
			return err;
		}
		(*diff)->nr++;
	}
	return 0;
}
