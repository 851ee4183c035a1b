// SPDX-License-Identifier: GPL-2.0-only
/* exitstat run -- COMMAND: what happened while a command ran. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "grid.h"
#include "kvm_exit_stats.h"
#include "report.h"

#define BY_SIGNAL	128	/* exit statuses as shells have them */

#define HELP \
	"Usage: exitstat run [OPTION]... [--] COMMAND [ARGUMENT]...\n" \
	"\n" \
	"Run a command and show the VM exits that happened meanwhile in this guest, in\n" \
	"all of it, not in the command alone.  The exits that reading causes are taken\n" \
	"out.  The report goes to standard error.\n" \
	"\n" \
	"  -r, --repeat N      run it N times, show the mean and the spread\n" \
	"  -o, --output FILE   the report goes there\n" \
	HELP_OUTPUT \
	HELP_CPUS \
	HELP_ROWS \
	HELP_HELP \
	"\n" \
	"Exit status: the command's; 127 it was not found, 126 it could not be started,\n" \
	"128 + N signal N ended it, 1 the exits cannot be shown, 2 wrong usage.\n"

static const struct option longs[] = {
	LONG_HELP,
	LONG_OUTPUT,
	LONG_CPUS,
	LONG_ROWS,
	{ "repeat", required_argument, NULL, 'r' },
	{ "output", required_argument, NULL, 'o' },
	LONG_END,
};

/* Of what has one value in each run: those so far, after Welford. */
struct spread {
	double mean, squares; /* of the distances from the mean */
	uint64_t times;
};

/* A reason in all runs, of the VM or a vCPU. */
struct repeated {
	struct exitstat_row row; /* the sum of the runs */
	int cpu, vcpu;
	int is_total;
	uint64_t cpu_cycles; /* of a total: that the VM or vCPU had; 0: not known */
	struct spread exits, cycles;
};

struct run {
	struct options options;
	char **argv;
	uint64_t times; /* wanted */
	const char *name; /* of the output; NULL: standard error */
	FILE *out;
	struct exitstat *es;
	unsigned int with;

	double seconds; /* of the last run */
	int status; /* of the command: the last one that is not 0 */
	int stopped; /* by a signal that means all of it */
	sigset_t signals, old; /* blocked while there is a command; before */

	uint64_t done;
	struct spread all_seconds;
	struct repeated *rows;
	size_t nr_rows;
};

/* Sums of squares would lose what is small beside the mean. */
static void add_to(struct spread *spread, double value)
{
	double distance = value - spread->mean;

	spread->times++;
	spread->mean += distance / (double)spread->times;
	spread->squares += distance * (value - spread->mean);
}

/* A reason has no row in runs in which it did not occur: they count as zero. */
static void fill_up(struct spread *spread, uint64_t times)
{
	while (spread->times < times)
		add_to(spread, 0);
}

/* The standard deviation of the runs, not of their mean. */
static double deviation(const struct spread *spread)
{
	if (spread->times < 2)
		return 0;
	return sqrt(spread->squares / (double)(spread->times - 1));
}

/* --- the command ----------------------------------------------------------- */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* With the signals blocked.  0 and what happened, or -1 after a complaint. */
static int run_once(struct run *run, struct snapshots **diff)
{
	struct snapshots *before = NULL, *after = NULL;
	struct child child;
	int status, err;
	double begin;

	*diff = NULL;
	status = child_prepare(&child, run->argv, &run->old);
	if (status) {
		run->status = status;
		return -1;
	}
	err = snapshots_read(run->es, &run->options, run->with, &before);
	if (err) {
		/* What could not be measured is not to be run either. */
		child_call_off(&child);
		return -1;
	}
	begin = now();
	err = child_go(&child);
	if (err) {
		run->status = err;
		goto out;
	}
	status = child_wait(&child, &run->signals);
	run->seconds = now() - begin;
	if (status)
		run->status = status;
	run->stopped = status == BY_SIGNAL + SIGINT ||
		       status == BY_SIGNAL + SIGQUIT ||
		       status == BY_SIGNAL + SIGTERM ||
		       status == BY_SIGNAL + SIGHUP;

	err = snapshots_read(run->es, &run->options, run->with, &after);
	if (err)
		goto out;
	err = snapshots_diff(run->es, before, after,
			     own_flag(&run->options, 1), diff);
	if (err == -ESTALE)
		complain("%s", exitstat_reason(run->es));
out:
	snapshots_free(before);
	snapshots_free(after);
	return err ? -1 : 0;
}

/* --- several runs ---------------------------------------------------------- */

static struct repeated *repeated_row(struct run *run,
				     const struct exitstat_snapshot *snap,
				     const struct exitstat_row *row, int is_total)
{
	struct repeated *rows;
	size_t i;

	for (i = 0; i < run->nr_rows; i++) {
		rows = &run->rows[i];
		if (rows->vcpu == snap->vcpu && rows->is_total == is_total &&
		    (is_total || rows->row.slot == row->slot))
			return rows;
	}
	rows = reallocarray(run->rows, run->nr_rows + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	run->rows = rows;
	rows += run->nr_rows++;
	memset(rows, 0, sizeof(*rows));
	if (row) {
		rows->row.slot = row->slot;
		rows->row.code = row->code;
	}
	rows->vcpu = snap->vcpu;
	rows->cpu = snap->cpu;
	rows->is_total = is_total;
	return rows;
}

static int note_row(struct run *run, const struct exitstat_snapshot *snap,
		    const struct exitstat_row *row)
{
	uint64_t exits = row ? row->exits : snap->exits;
	uint64_t cycles = row ? row->cycles : snap->cycles;
	struct repeated *rows = repeated_row(run, snap, row, !row);

	if (!rows)
		return -1;
	rows->row.exits += exits;
	rows->row.cycles += cycles;
	if (!row)
		rows->cpu_cycles += report_cpu_cycles(run->es, snap);
	fill_up(&rows->exits, run->done - 1);
	fill_up(&rows->cycles, run->done - 1);
	add_to(&rows->exits, (double)exits);
	add_to(&rows->cycles, (double)cycles);
	return 0;
}

static int note_run(struct run *run, const struct snapshots *diff)
{
	size_t i, row;

	run->done++;
	add_to(&run->all_seconds, run->seconds);
	for (i = 0; i < diff->nr; i++) {
		for (row = 0; row < diff->snap[i]->nr_rows; row++) {
			if (note_row(run, diff->snap[i], &diff->snap[i]->rows[row]))
				goto no_memory;
		}
		if (note_row(run, diff->snap[i], NULL))
			goto no_memory;
	}
	return 0;
no_memory:
	complain("out of memory");
	return -1;
}

/* vCPU by vCPU, in the order of --sort, the total at the end. */
static int in_order(const void *a, const void *b, void *data)
{
	const struct repeated *row = a, *other = b;
	const struct run *run = data;

	if (row->cpu != other->cpu)
		return row->cpu < other->cpu ? -1 : 1;
	if (row->is_total != other->is_total)
		return row->is_total - other->is_total;
	return report_compare(run->es, run->options.sort, &row->row, &other->row);
}

/* Those that did not occur in any run */
static int add_zero_rows(struct run *run)
{
	const size_t nr = run->nr_rows;
	struct exitstat_snapshot snap;
	struct exitstat_row row;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!run->rows[i].is_total)
			continue;
		snap.vcpu = run->rows[i].vcpu;
		snap.cpu = run->rows[i].cpu;
		memset(&row, 0, sizeof(row));
		for (; row.slot < exitstat_info(run->es)->nr_rows; row.slot++) {
			if (!exitstat_code(run->es, row.slot, &row.code) &&
			    !repeated_row(run, &snap, &row, 0))
				return -1;
		}
	}
	return 0;
}

static void spread_cells(const struct run *run, struct grid *grid,
			 const struct spread *spread, int is_time)
{
	enum time_unit unit = is_time ? run->options.unit : UNIT_CYCLES;
	uint64_t tsc_hz = exitstat_info(run->es)->tsc_hz;

	grid_real(grid, in_unit(unit, tsc_hz, spread->mean));
	grid_real(grid, in_unit(unit, tsc_hz, deviation(spread)));
}

/* In all runs, also those in which a reason did not occur */
static uint64_t cpu_cycles_of(const struct run *run, int vcpu)
{
	size_t i;

	for (i = 0; i < run->nr_rows; i++) {
		if (run->rows[i].is_total && run->rows[i].vcpu == vcpu)
			return run->rows[i].cpu_cycles;
	}
	return 0;
}

static void add_repeated(const struct run *run, struct grid *grid,
			 const struct repeated *row)
{
	uint64_t tsc_hz = exitstat_info(run->es)->tsc_hz;
	char name[EXITSTAT_NAME_SIZE];
	uint64_t cpu_cycles;
	double seconds;

	if (row->is_total)
		grid_strong(grid);
	if (run->options.per_cpu) {
		grid_count(grid, (uint64_t)row->cpu);
		grid_count(grid, (uint64_t)row->vcpu);
	}
	exitstat_name(run->es, &row->row, name, sizeof(name));
	grid_text(grid, "%s", row->is_total ? "TOTAL" : name);
	if (row->is_total || !row->row.slot)
		grid_none(grid);
	else
		grid_text(grid, "0x%x", row->row.code);
	spread_cells(run, grid, &row->exits, 0);
	seconds = run->all_seconds.mean * (double)run->done;
	if (seconds > 0)
		grid_real(grid, (double)row->row.exits / seconds);
	else
		grid_none(grid);
	spread_cells(run, grid, &row->cycles, 1);
	if (row->row.exits)
		grid_real(grid, in_unit(run->options.unit, tsc_hz,
					(double)row->row.cycles /
						(double)row->row.exits));
	else
		grid_none(grid);
	if (!(run->with & EXITSTAT_WITH_VCPU_STATS))
		return;
	cpu_cycles = cpu_cycles_of(run, row->vcpu);
	if (cpu_cycles)
		grid_real(grid, 100.0 * (double)row->row.cycles / (double)cpu_cycles);
	else
		grid_none(grid);
}

static struct grid *repeated_grid(struct run *run)
{
	const char *unit = unit_keys[run->options.unit];
	int decimals = run->options.unit == UNIT_US ? 3 : 0;
	char time_key[20], time_sd_key[20], mean_key[20];
	const struct grid_column columns[] = {
		{ "CPU", "cpu", 1, 0 },
		{ "VCPU", "vcpu", 1, 0 },
		{ "REASON", "reason", 0, 0 },
		{ "CODE", "code", 0, 0 },
		{ "EXITS", "exits", 1, 1 },
		{ "+-", "exits_sd", 1, 1 },
		{ "EXITS/S", "exits_per_second", 1, 1 },
		{ unit_titles[run->options.unit], time_key, 1, decimals },
		{ "+-", time_sd_key, 1, decimals },
		{ "MEAN", mean_key, 1, decimals },
		{ "CPU%", "cpu_percent", 1, 2 },
	};
	size_t from = run->options.per_cpu ? 0 : 2;
	size_t nr = sizeof(columns) / sizeof(columns[0]) - from;
	struct grid *grid;
	size_t i;

	snprintf(time_key, sizeof(time_key), "%s", unit);
	snprintf(time_sd_key, sizeof(time_sd_key), "%s_sd", unit);
	snprintf(mean_key, sizeof(mean_key), "mean_%s", unit);
	if (run->options.all_rows && add_zero_rows(run))
		return NULL;
	/* Without the vCPUs' own statistics, the last column has nothing to say. */
	grid = grid_new(columns + from,
			run->with & EXITSTAT_WITH_VCPU_STATS ? nr : nr - 1);
	if (!grid)
		return NULL;
	qsort_r(run->rows, run->nr_rows, sizeof(*run->rows), in_order, run);
	for (i = 0; i < run->nr_rows; i++) {
		fill_up(&run->rows[i].exits, run->done);
		fill_up(&run->rows[i].cycles, run->done);
		add_repeated(run, grid, &run->rows[i]);
	}
	return grid;
}

static void add_command(const struct run *run, json_t *document)
{
	json_t *argv = json_array();
	json_t *word;
	size_t i;

	for (i = 0; run->argv[i]; i++) {
		word = json_string(run->argv[i]);
		/* Not all that can be an argument can be in JSON. */
		json_array_append_new(argv, word ? word : json_null());
	}
	json_object_set_new(document, "argv", argv);
	json_object_set_new(document, "status", json_integer(run->status));
}

static json_t *repeated_json(const struct run *run, const struct grid *grid)
{
	json_t *document = report_head_json(run->es, "run");
	json_t *totals = json_array(), *rows, *total;
	size_t i;

	add_command(run, document);
	json_object_set_new(document, "period", json_string("command"));
	json_object_set_new(document, "runs",
			    json_integer((json_int_t)run->done));
	json_object_set_new(document, "seconds",
			    json_real(run->all_seconds.mean));
	json_object_set_new(document, "seconds_sd",
			    json_real(deviation(&run->all_seconds)));
	json_object_set_new(document, "unit",
			    json_string(unit_keys[run->options.unit]));
	/* A total beside the rows, or that of each vCPU among them. */
	rows = grid_json(grid);
	for (i = run->nr_rows; rows && i-- > 0;) {
		if (!run->rows[i].is_total)
			continue;
		total = grid_row_json(grid, i);
		json_object_del(total, "reason");
		json_object_del(total, "code");
		json_array_insert_new(totals, 0, total);
		json_array_remove(rows, i);
	}
	json_object_set_new(document, "rows", rows);
	if (run->options.per_cpu)
		json_object_set(document, "totals", totals);
	else
		json_object_set(document, "total", json_array_get(totals, 0));
	json_decref(totals);
	return document;
}

static int print_repeated(struct run *run)
{
	struct grid *grid = repeated_grid(run);
	const char *what = own_flag(&run->options, 1) ? "taken out" : "left in";
	int err = -ENOMEM;

	if (!grid)
		goto out;
	switch (run->options.format) {
	case FORMAT_JSON:
		err = report_dump_json(run->out, repeated_json(run, grid), 0);
		break;
	case FORMAT_CSV:
		err = grid_print_csv(grid, run->out, run->options.separator, 1);
		break;
	default:
		fprintf(run->out, "VM exits of %s in %llu runs of the command, ",
			run->options.per_cpu ? "each vCPU" : "the whole VM",
			(unsigned long long)run->done);
		fprintf(run->out, "%.3f s +- %.3f s each\n",
			run->all_seconds.mean,
			deviation(&run->all_seconds));
		fputs("Means of the runs with their standard deviation; ", run->out);
		fprintf(run->out, "exits that reading caused are %s\n\n", what);
		err = grid_print_text(grid, run->out, wants_colour(run->out));
		break;
	}
out:
	grid_free(grid);
	return err;
}

/* --- one run --------------------------------------------------------------- */

static int print_single(struct run *run, const struct snapshots *diff)
{
	struct report report = {
		.command = "run",
		.period = PERIOD_COMMAND,
		.seconds = run->seconds,
		.when = time(NULL),
		.snapshots = diff,
		.more = json_object(),
	};
	int err;

	add_command(run, report.more);
	if (run->options.format == FORMAT_TEXT)
		fputc('\n', run->out);
	err = report_print(run->out, run->es, &run->options, &report);
	json_decref(report.more);
	return err;
}

/*
 * Whether it can be written is known before the command has run.  What is in the
 * file remains until there is something else to write.
 */
static int open_output(struct run *run)
{
	int fd;

	run->out = stderr;
	if (!run->name)
		return 0;
	fd = open(run->name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	run->out = fd < 0 ? NULL : fdopen(fd, "w");
	if (run->out)
		return 0;
	complain("cannot write %s: %s", run->name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* A pipe or a device has nothing to be cut off. */
static int empty_output(const struct run *run)
{
	if (!run->name || !ftruncate(fileno(run->out), 0) || errno == EINVAL)
		return 0;
	complain("cannot write %s: %s", run->name, strerror(errno));
	return -1;
}

static int measure(struct run *run)
{
	struct snapshots *diff;
	uint64_t i;
	int err = 0;

	if (open_host(&run->es) || check_unit(run->es, run->options.unit) ||
	    open_output(run))
		return -1;
	run->options.width = width_of(run->out);
	run->with = run->times > 1 ? 0 : rows_with(run->es, &run->options);
	if (exitstat_find_stat_name(run->es, "guest"))
		run->with |= EXITSTAT_WITH_VCPU_STATS;

	child_block_signals(&run->signals, &run->old);
	for (i = 0; i < run->times && !run->stopped && !err; i++) {
		err = run_once(run, &diff);
		if (err)
			break;
		if (run->times > 1)
			err = note_run(run, diff);
		else
			err = empty_output(run) ? -1 : print_single(run, diff);
		snapshots_free(diff);
	}
	sigprocmask(SIG_SETMASK, &run->old, NULL);
	if (!err && run->times > 1)
		err = empty_output(run) ? -1 : print_repeated(run);
	if (err == -ENOMEM)
		complain("out of memory");
	return err;
}

static int parse(struct run *run, int argc, char **argv)
{
	int option;

	run->status = EXIT_USAGE;
	while ((option = options_next(&run->options, argc, argv)) != OPTIONS_END) {
		switch (option) {
		case 'r':
			if (!parse_number(optarg, 1000000, &run->times) &&
			    run->times)
				break;
			complain("-r: not a number of runs: %s", optarg);
			return -1;
		case 'o':
			run->name = optarg;
			break;
		default:
			run->status = run->options.status;
			return -1;
		}
	}
	if (optind == argc) {
		complain("run: no command given; try exitstat run --help");
		return -1;
	}
	if (run->times > 1 && run->options.all_stats) {
		complain("--stats does not go with -r: several runs have exits and cycles only");
		return -1;
	}
	run->argv = argv + optind;
	run->status = EXIT_SUCCESS;
	return 0;
}

static int run_main(int argc, char **argv)
{
	struct run run = {
		.options = {
			.help = HELP,
			/* What follows the command is the command's. */
			.shorts = "+:" SHORT_HELP SHORT_OUTPUT SHORT_CPUS "r:o:",
			.longs = longs,
		},
		.times = 1,
	};
	int failed = 0;

	if (!parse(&run, argc, argv)) {
		failed = measure(&run) != 0;
		if (run.out && finish_output(run.out, run.name))
			failed = 1;
		if (run.name && run.out)
			fclose(run.out);
	}
	if (failed && !run.status)
		run.status = EXIT_FAILURE;
	free(run.rows);
	exitstat_close(run.es);
	options_free(&run.options);
	return run.status;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "exits while a command runs",
	.run = run_main,
};
