// SPDX-License-Identifier: GPL-2.0-only
/* exitstat run -- COMMAND: what happened while a command ran. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "grid.h"
#include "kvm_exit_stats.h"
#include "report.h"

#define NOT_FOUND	127	/* exit statuses as shells have them */
#define NOT_STARTED	126
#define BY_SIGNAL	128

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

/* Of what has one value in each run. */
struct spread {
	double sum, squares;
};

/* A reason in all runs, of the VM or a vCPU. */
struct repeated {
	struct exitstat_row row; /* the sum of the runs */
	int cpu, vcpu;
	int is_total;
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

	uint64_t done;
	struct spread all_seconds;
	struct repeated *rows;
	size_t nr_rows;
};

static void add_to(struct spread *spread, double value)
{
	spread->sum += value;
	spread->squares += value * value;
}

static double mean(const struct spread *spread, uint64_t times)
{
	return spread->sum / (double)times;
}

/* The standard deviation of the runs, not of their mean. */
static double deviation(const struct spread *spread, uint64_t times)
{
	double n = (double)times;
	double square;

	if (times < 2)
		return 0;
	square = (spread->squares - spread->sum * spread->sum / n) / (n - 1);
	return square > 0 ? sqrt(square) : 0;
}

/* --- the command ----------------------------------------------------------- */

/* A child that waits until it is told to go. */
struct child {
	pid_t pid;
	int go;		/* closed: go */
	int failed;	/* holds an errno if the command could not be started */
};

static void become(char **argv, int go, int failed)
{
	char none;
	int error;

	/* Nothing is ever sent: the other end is closed. */
	if (read(go, &none, 1) < 0)
		_exit(NOT_STARTED);
	execvp(argv[0], argv);
	error = errno;
	if (write(failed, &error, sizeof(error)) < 0)
		_exit(NOT_STARTED);
	_exit(NOT_STARTED);
}

static int prepare(struct child *child, char **argv)
{
	int go[2], failed[2];

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failed, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		return -errno;
	}
	child->pid = fork();
	if (!child->pid) {
		close(go[1]);
		close(failed[0]);
		become(argv, go[0], failed[1]);
	}
	close(go[0]);
	close(failed[1]);
	child->go = go[1];
	child->failed = failed[0];
	return child->pid < 0 ? -errno : 0;
}

static void let_go(struct child *child)
{
	if (child->go >= 0)
		close(child->go);
	child->go = -1;
}

/* What could not be measured is not to be run either. */
static void call_off(struct child *child)
{
	kill(child->pid, SIGKILL);
	let_go(child);
	close(child->failed);
	waitpid(child->pid, NULL, 0);
}

/* 0: it ran, and this is the exit status.  Else why it could not be started. */
static int wait_for(struct child *child, int *status)
{
	int error = 0, state = 0;

	/* Nothing to read: the pipe was closed as the command began. */
	if (read(child->failed, &error, sizeof(error)) != sizeof(error))
		error = 0;
	close(child->failed);
	while (waitpid(child->pid, &state, 0) < 0 && errno == EINTR)
		;
	*status = WIFSIGNALED(state) ? BY_SIGNAL + WTERMSIG(state) :
				       WEXITSTATUS(state);
	return error;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* What an interrupt from the keyboard does, the command decides. */
static void leave_keyboard(struct sigaction *interrupt, struct sigaction *quit)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigemptyset(&ignore.sa_mask);
	sigaction(SIGINT, &ignore, interrupt);
	sigaction(SIGQUIT, &ignore, quit);
}

static int not_started(struct run *run, int error)
{
	complain("cannot run %s: %s", run->argv[0], strerror(error));
	run->status = error == ENOENT ? NOT_FOUND : NOT_STARTED;
	return -1;
}

/* 0 and what happened, or -1 after a complaint. */
static int run_once(struct run *run, struct snapshots **diff)
{
	struct snapshots *before = NULL, *after = NULL;
	struct sigaction interrupt, quit;
	struct child child = { -1, -1, -1 };
	int status, err;
	double begin;

	*diff = NULL;
	err = prepare(&child, run->argv);
	if (err)
		return not_started(run, -err);
	err = snapshots_read(run->es, &run->options, run->with, &before);
	if (err) {
		call_off(&child);
		return -1;
	}
	leave_keyboard(&interrupt, &quit);
	begin = now();
	let_go(&child);
	err = wait_for(&child, &status);
	run->seconds = now() - begin;
	sigaction(SIGINT, &interrupt, NULL);
	sigaction(SIGQUIT, &quit, NULL);
	if (err) {
		not_started(run, err);
		goto out;
	}
	if (status)
		run->status = status;
	run->stopped = status == BY_SIGNAL + SIGINT ||
		       status == BY_SIGNAL + SIGQUIT;

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

/* A run in which a reason did not occur adds nothing, and that is right. */
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

/* vCPU by vCPU, most expensive first, the total at the end. */
static int in_order(const void *a, const void *b)
{
	const struct repeated *row = a, *other = b;

	if (row->cpu != other->cpu)
		return row->cpu < other->cpu ? -1 : 1;
	if (row->is_total != other->is_total)
		return row->is_total - other->is_total;
	if (row->row.cycles != other->row.cycles)
		return row->row.cycles < other->row.cycles ? 1 : -1;
	return (row->row.slot > other->row.slot) -
	       (row->row.slot < other->row.slot);
}

static void spread_cells(const struct run *run, struct grid *grid,
			 const struct spread *spread, int is_time)
{
	enum time_unit unit = is_time ? run->options.unit : UNIT_CYCLES;
	uint64_t tsc_hz = exitstat_info(run->es)->tsc_hz;

	grid_real(grid, in_unit(unit, tsc_hz, mean(spread, run->done)));
	grid_real(grid, in_unit(unit, tsc_hz, deviation(spread, run->done)));
}

static void add_repeated(const struct run *run, struct grid *grid,
			 const struct repeated *row)
{
	uint64_t tsc_hz = exitstat_info(run->es)->tsc_hz;
	char name[EXITSTAT_NAME_SIZE];

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
	spread_cells(run, grid, &row->cycles, 1);
	if (row->row.exits)
		grid_real(grid, in_unit(run->options.unit, tsc_hz,
					(double)row->row.cycles /
						(double)row->row.exits));
	else
		grid_none(grid);
}

static struct grid *repeated_grid(struct run *run)
{
	const char *unit = unit_keys[run->options.unit];
	char time_key[20], time_sd_key[20], mean_key[20];
	const struct grid_column columns[] = {
		{ "CPU", "cpu", 1, 0 },
		{ "VCPU", "vcpu", 1, 0 },
		{ "REASON", "reason", 0, 0 },
		{ "CODE", "code", 0, 0 },
		{ "EXITS", "exits", 1, 1 },
		{ "+-", "exits_sd", 1, 1 },
		{ unit_titles[run->options.unit], time_key, 1, 0 },
		{ "+-", time_sd_key, 1, 0 },
		{ "MEAN", mean_key, 1, 0 },
	};
	size_t from = run->options.per_cpu ? 0 : 2;
	struct grid *grid;
	size_t i;

	snprintf(time_key, sizeof(time_key), "%s", unit);
	snprintf(time_sd_key, sizeof(time_sd_key), "%s_sd", unit);
	snprintf(mean_key, sizeof(mean_key), "mean_%s", unit);
	grid = grid_new(columns + from,
			sizeof(columns) / sizeof(columns[0]) - from);
	if (!grid)
		return NULL;
	qsort(run->rows, run->nr_rows, sizeof(*run->rows), in_order);
	for (i = 0; i < run->nr_rows; i++)
		add_repeated(run, grid, &run->rows[i]);
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

	add_command(run, document);
	json_object_set_new(document, "period", json_string("command"));
	json_object_set_new(document, "runs",
			    json_integer((json_int_t)run->done));
	json_object_set_new(document, "seconds",
			    json_real(mean(&run->all_seconds, run->done)));
	json_object_set_new(document, "seconds_sd",
			    json_real(deviation(&run->all_seconds, run->done)));
	json_object_set_new(document, "unit",
			    json_string(unit_keys[run->options.unit]));
	json_object_set_new(document, "rows", grid_json(grid));
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
			mean(&run->all_seconds, run->done),
			deviation(&run->all_seconds, run->done));
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

static int measure(struct run *run)
{
	struct snapshots *diff;
	uint64_t i;
	int err = 0;

	if (open_host(&run->es) || check_unit(run->es, run->options.unit))
		return -1;
	run->with = rows_with(run->es, &run->options);
	if (exitstat_find_stat_name(run->es, "guest"))
		run->with |= EXITSTAT_WITH_VCPU_STATS;

	for (i = 0; i < run->times && !run->stopped && !err; i++) {
		err = run_once(run, &diff);
		if (err)
			return err;
		if (run->times > 1)
			err = note_run(run, diff);
		else
			err = print_single(run, diff);
		snapshots_free(diff);
	}
	if (!err && run->times > 1)
		err = print_repeated(run);
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
	run->argv = argv + optind;
	run->status = EXIT_SUCCESS;
	return 0;
}

/* Whether it can be written is known before the command has run. */
static int open_output(struct run *run)
{
	run->out = stderr;
	if (!run->name)
		return 0;
	run->out = fopen(run->name, "we");
	if (run->out)
		return 0;
	complain("cannot write %s: %s", run->name, strerror(errno));
	return -1;
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
		failed = open_output(&run) || measure(&run);
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
