// SPDX-License-Identifier: GPL-2.0-only
/* exitstat host: all VMs of this machine, for root and for Prometheus. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "export.h"
#include "grid.h"
#include "host.h"
#include "kvm_exit_stats.h"
#include "report.h"

#define HELP \
	"Usage: exitstat host [OPTION]...\n" \
	"\n" \
	"On a host, as root: the exits of each of its VMs, most expensive first.\n" \
	"\n" \
	HELP_OUTPUT \
	HELP_OPENMETRICS \
	"  -o, --output FILE   replace FILE with the text that node_exporter's textfile\n" \
	"                      collector reads\n" \
	"  -d, --debugfs DIR   KVM's directory in debugfs (" HOST_DEBUGFS ")\n" \
	HELP_HELP \
	"\n" \
	"Exit status: 0 shown, 1 cannot be shown, 2 wrong usage.\n"

static const struct option longs[] = {
	LONG_HELP,
	LONG_OUTPUT,
	LONG_OPENMETRICS,
	{ "output", required_argument, NULL, 'o' },
	{ "debugfs", required_argument, NULL, 'd' },
	LONG_END,
};

static const struct grid_column columns[] = {
	{ "VM", "vm", 0, 0 },
	{ "NAME", "name", 0, 0 },
	{ "REASON", "reason", 0, 0 },
	{ "CODE", "code", 1, 0 },
	{ "EXITS", "exits", 1, 0 },
	{ "CYCLES", "cycles", 1, 0 },
	{ "MEAN", "mean_cycles", 1, 0 },
	/* Those of single exits, if a VM has histograms */
	{ "P50", "p50_cycles", 1, 0 },
	{ "P99", "p99_cycles", 1, 0 },
	{ "MAX", "max_cycles", 1, 0 },
};

#define NR_OF_SINGLE	3
static const double quantiles[] = { 0.5, 0.99 };

/* What processing took: KVM at work and the VMM. */
static uint64_t processing(const struct host_table *table, const struct host_row *row)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 1; i < table->nr_columns; i++) {
		if (!strcmp(table->column[i].name, "kernel") ||
		    !strcmp(table->column[i].name, "user"))
			sum += row->value[i];
	}
	return sum;
}

static int by_processing(const void *a, const void *b, void *table)
{
	uint64_t first = processing(table, a), second = processing(table, b);

	return (first < second) - (first > second);
}

static int has_histograms(const struct host_vms *vms)
{
	size_t i;

	for (i = 0; i < vms->nr; i++) {
		if (vms->vm[i].table.nr_buckets)
			return 1;
	}
	return 0;
}

/* In cycles, of single exits; -1: not known. */
static int quantile(const struct host_table *table, const struct host_row *row,
		    double which, uint64_t *cycles)
{
	const struct exitstat_stat stat = {
		.shape = EXITSTAT_LOG2,
		.shift = table->shift,
		.nr_elements = table->nr_buckets,
	};
	double result;

	if (!table->nr_buckets ||
	    exitstat_quantile(&stat, row->bucket, which, row->longest, &result))
		return -1;
	*cycles = (uint64_t)result;
	return 0;
}

/* The longest one is known exactly, but zero if none was measured. */
static void add_single(struct grid *grid, const struct host_table *table,
		       const struct host_row *row)
{
	uint64_t cycles;
	size_t i;

	for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		if (quantile(table, row, quantiles[i], &cycles))
			grid_none(grid);
		else
			grid_count(grid, cycles);
	}
	if (row->longest)
		grid_count(grid, row->longest);
	else
		grid_none(grid);
}

static void add_rows(struct grid *grid, struct host_vm *vm, int single)
{
	struct host_table *table = &vm->table;
	uint64_t cycles;
	size_t i;

	if (table->nr_rows)
		qsort_r(table->row, table->nr_rows, sizeof(*table->row), by_processing, table);
	for (i = 0; i < table->nr_rows; i++) {
		const struct host_row *row = &table->row[i];

		cycles = processing(table, row);
		grid_text(grid, "%s", vm->id);
		grid_text(grid, "%s", vm->name);
		grid_text(grid, "%s", row->reason);
		if (row->code[0])
			grid_text(grid, "%s", row->code);
		else
			grid_none(grid);
		grid_count(grid, row->value[0]);
		grid_count(grid, cycles);
		if (row->value[0])
			grid_count(grid, cycles / row->value[0]);
		else
			grid_none(grid);
		if (single)
			add_single(grid, table, row);
	}
}

/* NULL if the table has no histograms. */
static json_t *cycles_or_null(const struct host_table *table, int known, uint64_t cycles)
{
	if (!table->nr_buckets)
		return NULL;
	return known ? json_integer((json_int_t)cycles) : json_null();
}

static json_t *row_json(const struct host_table *table, const struct host_row *row)
{
	uint64_t half = 0, most = 0;
	int known = !quantile(table, row, quantiles[0], &half) &&
		    !quantile(table, row, quantiles[1], &most);
	json_t *object = json_pack("{s:s, s:s*}", "reason", row->reason, "code",
				   row->code[0] ? row->code : NULL);
	size_t i;

	for (i = 0; i < table->nr_columns; i++)
		json_object_set_new(object, table->column[i].name,
				    json_integer((json_int_t)row->value[i]));
	json_object_set_new(object, "p50_cycles", cycles_or_null(table, known, half));
	json_object_set_new(object, "p99_cycles", cycles_or_null(table, known, most));
	json_object_set_new(object, "max_cycles",
			    cycles_or_null(table, row->longest != 0, row->longest));
	return object;
}

static json_t *vm_json(const struct host_vm *vm)
{
	const struct host_table *table = &vm->table;
	json_t *rows = json_array(), *object, *instance;
	size_t i;

	for (i = 0; i < table->nr_rows; i++)
		json_array_append_new(rows, row_json(table, &table->row[i]));
	instance = json_sprintf("0x%016llx", (unsigned long long)table->instance);
	object = json_pack("{s:s, s:s, s:s, s:i, s:s, s:o, s:I, s:i, s:o}", "vm", vm->id,
			   "name", vm->name, "uuid", vm->uuid, "pid", (int)vm->pid,
			   "reasons", strcmp(table->vendor, "SVM") ? "vmx" : "svm",
			   "instance", instance, "tsc_hz", (json_int_t)table->tsc_hz,
			   "vcpus", (int)table->vcpus, "rows", rows);
	for (i = 0; object && i < table->nr_times; i++)
		json_object_set_new(object, table->time_name[i].name,
				    json_integer((json_int_t)table->time[i]));
	return object;
}

static json_t *to_json(const struct host_vms *vms)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < vms->nr; i++)
		json_array_append_new(all, vm_json(&vms->vm[i]));
	return json_pack("{s:{s:s, s:i}, s:s, s:o}", "exitstat", "version", EXITSTAT_VERSION,
			 "schema", 1, "command", "host", "vms", all);
}

static int print_grid(const struct options *options, const struct host_vms *vms)
{
	size_t nr_columns = sizeof(columns) / sizeof(columns[0]), i;
	int single = has_histograms(vms), err;
	struct grid *grid;

	grid = grid_new(columns, single ? nr_columns : nr_columns - NR_OF_SINGLE);
	if (!grid)
		return -ENOMEM;
	for (i = 0; i < vms->nr; i++)
		add_rows(grid, &vms->vm[i], single);
	if (options->format == FORMAT_CSV) {
		err = grid_print_csv(grid, stdout, options->separator, 1);
	} else {
		printf("VM exits of %zu VMs on this host; cycles spent processing them\n\n",
		       vms->nr);
		err = grid_print_text(grid, stdout, wants_colour(stdout));
	}
	grid_free(grid);
	return err;
}

static int replace(const char *name, const struct host_vms *vms, int enabled)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int err = -ENOMEM;

	if (out) {
		host_metrics(out, vms, enabled, 0);
		if (!fclose(out))
			err = export_replace_file(name, TEXTFILE_MODE, text, length);
	}
	if (err)
		complain("cannot write %s: %s", name, strerror(-err));
	free(text);
	return err;
}

/* 1, 0, or -1 after a complaint: KVM here keeps no statistics. */
static int vcpus_count(void)
{
	FILE *file = fopen(HOST_MODE, "re");
	char mode[16] = "";

	if (!file) {
		complain("KVM keeps no exit statistics here: no " HOST_MODE
			 "; are its modules loaded, and are they the right ones?");
		return -1;
	}
	if (!fgets(mode, sizeof(mode), file))
		mode[0] = '\0';
	fclose(file);
	mode[strcspn(mode, "\n")] = '\0';
	return !!strcmp(mode, "off");
}

static int read_vms(const char *debugfs, struct host_vms **vms)
{
	size_t bad;
	int err = host_vms_read(debugfs, HOST_PROC, vms, &bad);

	switch (err) {
	case 0:
		if (bad)
			complain("%zu tables in %s are not understood", bad, debugfs);
		return bad ? -1 : 0;
	case -ENOMEM:
		complain("out of memory");
		return -1;
	case -EACCES:
	case -EPERM:
		complain("%s: %s; run it as root", debugfs, strerror(-err));
		return -1;
	case -ENOENT:
		complain("no %s; mount debugfs, or say where it is with -d", debugfs);
		return -1;
	default:
		complain("%s: %s", debugfs, strerror(-err));
		return -1;
	}
}

static int show(const struct options *options, const char *debugfs, const char *output)
{
	struct host_vms *vms = NULL;
	int enabled = 1, err = -1;

	/* A directory of one's own need not be of this kernel. */
	if (!strcmp(debugfs, HOST_DEBUGFS))
		enabled = vcpus_count();
	if (enabled < 0 || read_vms(debugfs, &vms))
		goto out;
	if (output) {
		err = replace(output, vms, enabled);
		goto out;
	}
	err = 0;
	if (options->format == FORMAT_OPENMETRICS)
		host_metrics(stdout, vms, enabled, 1);
	else if (options->format == FORMAT_JSON)
		err = report_dump_json(stdout, to_json(vms), 0);
	else
		err = print_grid(options, vms);
	if (err)
		complain("out of memory");
	else
		err = finish_output(stdout, NULL);
out:
	host_vms_free(vms);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int host_main(int argc, char **argv)
{
	struct options options = {
		.help = HELP,
		.shorts = "+:" SHORT_HELP SHORT_OUTPUT "o:d:",
		.longs = longs,
	};
	const char *debugfs = HOST_DEBUGFS, *output = NULL;
	int option;

	while ((option = options_next(&options, argc, argv)) != OPTIONS_END) {
		switch (option) {
		case 'o':
			output = optarg;
			break;
		case 'd':
			debugfs = optarg;
			break;
		default:
			return options.status;
		}
	}
	if (no_operands(argc, argv))
		return EXIT_USAGE;
	if (output && options.format != FORMAT_TEXT) {
		complain("-o writes a format of its own, so it goes with no other; try --help");
		return EXIT_USAGE;
	}
	return show(&options, debugfs, output);
}

const struct command cmd_host = {
	.name = "host",
	.summary = "on a host, as root: the exits of its VMs",
	.run = host_main,
};
