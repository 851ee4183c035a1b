// SPDX-License-Identifier: GPL-2.0-only
/* exitstat vcpus: where each vCPU's time went. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "grid.h"
#include "kvm_exit_stats.h"
#include "report.h"

#define HELP \
	"Usage: exitstat vcpus [OPTION]...\n" \
	"\n" \
	"Where the time of each vCPU went since the VM was started, in per cent:\n" \
	"guest, kernel (KVM at work for it), user (the VMM at work for it), idle,\n" \
	"preempted (the host ran something else), stopped (the VM was paused).\n" \
	"\n" \
	HELP_OUTPUT \
	HELP_CPUS \
	HELP_HELP \
	"\n" \
	"Exit status: 0 shown, 1 cannot be shown, 2 wrong usage.\n"

static const struct option longs[] = {
	LONG_HELP,
	LONG_OUTPUT,
	LONG_CPUS,
	LONG_END,
};

/* Every cycle of a vCPU's life is in one of these. */
static const char *const places[] = {
	"guest",
	"kernel",
	"user",
	"idle",
	"preempted",
	"stopped",
};

#define NR_PLACES (sizeof(places) / sizeof(places[0]))

static const struct grid_column columns[] = {
	{ "CPU", "cpu", 1, 0 },
	{ "VCPU", "vcpu", 1, 0 },
	{ "%GUEST", "guest_percent", 1, 2 },
	{ "%KERNEL", "kernel_percent", 1, 2 },
	{ "%USER", "user_percent", 1, 2 },
	{ "%IDLE", "idle_percent", 1, 2 },
	{ "%PREEMPT", "preempted_percent", 1, 2 },
	{ "%STOPPED", "stopped_percent", 1, 2 },
	{ "SECONDS", "seconds", 1, 3 },
	{ "EXITS", "exits", 1, 0 },
};

/*
 * Hundredths of a per cent that add up to 100 to the last of them: rounded down,
 * and what is left goes to those that lost most.
 */
static void percentages(const uint64_t *parts, size_t nr, int *hundredths)
{
	double all = 0, exact, most, lost[NR_PLACES];
	size_t i, at = 0;
	int left = 10000;

	for (i = 0; i < nr; i++)
		all += (double)parts[i];
	for (i = 0; i < nr; i++) {
		exact = all > 0 ? (double)parts[i] * 10000 / all : 0;
		hundredths[i] = (int)exact;
		lost[i] = exact - hundredths[i];
		left -= hundredths[i];
	}
	for (; all > 0 && left > 0; left--) {
		for (i = 0, most = -1; i < nr; i++) {
			if (lost[i] > most) {
				most = lost[i];
				at = i;
			}
		}
		hundredths[at]++;
		lost[at] = -1;
	}
}

static void add_line(struct grid *grid, const struct exitstat_info *info,
		     const uint64_t *parts, uint64_t exits)
{
	int hundredths[NR_PLACES];
	double all = 0;
	size_t i;

	percentages(parts, NR_PLACES, hundredths);
	for (i = 0; i < NR_PLACES; i++) {
		grid_real(grid, hundredths[i] / 100.0);
		all += (double)parts[i];
	}
	if (info->tsc_hz)
		grid_real(grid, all / (double)info->tsc_hz);
	else
		grid_none(grid);
	grid_count(grid, exits);
}

/* The value of a place, be it a statistic of the rows or of the vCPU. */
static int value_of(struct exitstat *es, const struct exitstat_snapshot *snap,
		    const char *place, uint64_t *value)
{
	const struct exitstat_stat *stat = exitstat_find_stat_name(es, place);
	const uint64_t *values;

	*value = 0;
	if (!stat) {
		complain("the host does not tell what of a vCPU's time is %s",
			 place);
		return -1;
	}
	if (stat->kind == KVM_EXIT_STATS_KIND_VCPU) {
		*value = snap->vcpu_values[stat->first];
		return 0;
	}
	/* No row: all of it is zero. */
	values = snap->nr_rows ? exitstat_row_values(snap, &snap->rows[0], stat) :
				 NULL;
	if (values)
		*value = *values;
	return 0;
}

static int add_vcpu(struct exitstat *es, struct grid *grid,
		    const struct exitstat_snapshot *snap, uint64_t *sums)
{
	uint64_t parts[NR_PLACES];
	size_t i;

	for (i = 0; i < NR_PLACES; i++) {
		if (value_of(es, snap, places[i], &parts[i]))
			return -1;
		sums[i] += parts[i];
	}
	grid_count(grid, (uint64_t)snap->cpu);
	grid_count(grid, (uint64_t)snap->vcpu);
	add_line(grid, exitstat_info(es), parts, snap->exits);
	return 0;
}

static int fill(struct exitstat *es, struct grid *grid,
		const struct snapshots *snapshots)
{
	uint64_t sums[NR_PLACES] = { 0 };
	uint64_t exits = 0;
	size_t i;

	for (i = 0; i < snapshots->nr; i++) {
		if (add_vcpu(es, grid, snapshots->snap[i], sums))
			return -1;
		exits += snapshots->snap[i]->exits;
	}
	grid_strong(grid);
	grid_text(grid, "all");
	grid_none(grid);
	add_line(grid, exitstat_info(es), sums, exits);
	return 0;
}

static json_t *to_json(struct exitstat *es, const struct grid *grid)
{
	size_t last = grid_rows(grid) - 1;
	json_t *document = report_head_json(es, "vcpus");
	json_t *all = grid_row_json(grid, last);
	json_t *vcpus = grid_json(grid);

	json_array_remove(vcpus, last);
	json_object_del(all, "cpu");
	json_object_del(all, "vcpu");
	json_object_set_new(document, "vcpus", vcpus);
	json_object_set_new(document, "all", all);
	return document;
}

static int print(struct exitstat *es, const struct options *options,
		 const struct grid *grid, size_t nr_read)
{
	const struct exitstat_info *info = exitstat_info(es);

	switch (options->format) {
	case FORMAT_JSON:
		return report_dump_json(stdout, to_json(es, grid), 0);
	case FORMAT_CSV:
		return grid_print_csv(grid, stdout, options->separator, 1);
	default:
		printf("Time of each vCPU since the VM was started (or restored, or migrated)\n\n");
		if (grid_print_text(grid, stdout, wants_colour(stdout)))
			return -ENOMEM;
		if (!options->cpus && nr_read < info->nr_vcpus)
			printf("\n%u of %u vCPUs cannot be asked: offline, or kept from us\n",
			       info->nr_vcpus - (unsigned int)nr_read,
			       info->nr_vcpus);
		return 0;
	}
}

static int show(struct options *options)
{
	const unsigned int with = EXITSTAT_WITH_ROW_STATS |
				  EXITSTAT_WITH_VCPU_STATS | EXITSTAT_SUMS_ONLY;
	struct snapshots *snapshots = NULL;
	struct grid *grid = NULL;
	struct exitstat *es;
	int err;

	err = open_host(&es);
	if (err)
		goto out;
	err = snapshots_read(es, options, with, &snapshots);
	if (err)
		goto out;
	grid = grid_new(columns, sizeof(columns) / sizeof(columns[0]));
	if (!grid) {
		complain("out of memory");
		err = -ENOMEM;
		goto out;
	}
	err = fill(es, grid, snapshots);
	if (err)
		goto out;
	err = print(es, options, grid, snapshots->nr);
	if (err)
		complain("out of memory");
	else
		err = finish_output(stdout, NULL);
out:
	grid_free(grid);
	snapshots_free(snapshots);
	exitstat_close(es);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int vcpus_main(int argc, char **argv)
{
	struct options options = {
		.help = HELP,
		.shorts = ":" SHORT_HELP SHORT_OUTPUT SHORT_CPUS,
		.longs = longs,
		.per_cpu = 1,
	};
	int status;

	if (options_next(&options, argc, argv) == OPTIONS_STOP)
		status = options.status;
	else if (no_operands(argc, argv))
		status = EXIT_USAGE;
	else
		status = show(&options);
	options_free(&options);
	return status;
}

const struct command cmd_vcpus = {
	.name = "vcpus",
	.summary = "where each vCPU's time went",
	.run = vcpus_main,
};
