// SPDX-License-Identifier: GPL-2.0-only
/* exitstat report: what exitstat record wrote. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "export.h"
#include "grid.h"
#include "html.h"
#include "kvm_exit_stats.h"
#include "options.h"
#include "report.h"
#include "summary.h"

enum {
	OPT_HTML = OPT_FIRST_OF_COMMAND,
	OPT_PARTIAL,
};

#define HELP \
	"Usage: exitstat report [OPTION]... FILE\n" \
	"\n" \
	"Show what exitstat record wrote to FILE (- for standard input), most expensive\n" \
	"reason first.  Needs no host with exit statistics.\n" \
	"\n" \
	"      --html          one HTML page with charts, which needs nothing else\n" \
	"  -o, --output FILE   write there, not to standard output\n" \
	"      --partial       show what there is of a recording that was cut off\n" \
	HELP_OUTPUT \
	HELP_UNIT \
	"      --sort KEY      time (default), exits, mean, name or code\n" \
	"      --own MODE      exits that recording caused: keep or subtract (default)\n" \
	HELP_HELP

struct view {
	const struct options *options;
	const struct summary *sum;
	const struct exitstat_stat *histogram; /* NULL: no quantiles */
};

/* --- order ---------------------------------------------------------------- */

static double mean(const struct summary_reason *reason)
{
	return reason->exits ? (double)reason->cycles / (double)reason->exits : 0;
}

/* The summary is in order of time already: what is equal stays so. */
static int before(const struct summary_reason *one, const struct summary_reason *other,
		  enum sort_key key)
{
	switch (key) {
	case SORT_EXITS:
		return one->exits > other->exits;
	case SORT_MEAN:
		return mean(one) > mean(other);
	case SORT_NAME:
		return strcmp(one->name, other->name) < 0;
	case SORT_CODE:
		return one->slot && (!other->slot || one->code < other->code);
	default:
		return 0;
	}
}

static void sort(struct summary *sum, enum sort_key key)
{
	size_t i, j;

	for (i = 1; i < sum->nr_reasons; i++) {
		const struct summary_reason reason = sum->reasons[i];

		for (j = i; j && before(&reason, &sum->reasons[j - 1], key); j--)
			sum->reasons[j] = sum->reasons[j - 1];
		sum->reasons[j] = reason;
	}
}

/* --- the table ------------------------------------------------------------ */

static void time_cell(const struct view *view, struct grid *grid, double cycles)
{
	report_time_cell(grid, view->options->unit, view->sum->rec->tsc_hz, cycles);
}

static void rate_cell(const struct view *view, struct grid *grid, uint64_t exits)
{
	if (view->sum->seconds > 0)
		grid_real(grid, (double)exits / view->sum->seconds);
	else
		grid_none(grid);
}

static void quantile_cell(const struct view *view, struct grid *grid,
			  const struct summary_reason *reason, double quantile)
{
	double result;

	if (!view->histogram)
		return;
	if (!reason ||
	    exitstat_quantile(view->histogram, reason->values + view->histogram->first,
			      quantile, summary_longest(view->sum, reason), &result))
		grid_none(grid);
	else
		time_cell(view, grid, result);
}

/* reason: NULL for the sum */
static void add_row(const struct view *view, struct grid *grid,
		    const struct summary_reason *reason)
{
	const struct summary *sum = view->sum;
	uint64_t exits = reason ? reason->exits : sum->exits;
	uint64_t cycles = reason ? reason->cycles : sum->cycles;

	if (!reason)
		grid_strong(grid);
	grid_text(grid, "%s", reason ? reason->name : "TOTAL");
	if (reason && reason->slot)
		grid_text(grid, "0x%" PRIx32, reason->code);
	else
		grid_none(grid);
	grid_count(grid, exits);
	rate_cell(view, grid, exits);
	grid_percent(grid, exits, sum->exits);
	time_cell(view, grid, (double)cycles);
	if (exits)
		time_cell(view, grid, (double)cycles / (double)exits);
	else
		grid_none(grid);
	quantile_cell(view, grid, reason, 0.5);
	quantile_cell(view, grid, reason, 0.99);
	grid_percent(grid, cycles, sum->cycles);
}

static struct grid *make_grid(const struct view *view)
{
	/* As in the tables of exitstat stat */
	static const char *const keys[][5] = {
		[UNIT_CYCLES] = { "CYCLES%", "mean_cycles", "p50_cycles", "p99_cycles" },
		[UNIT_NS] = { "NS%", "mean_ns", "p50_ns", "p99_ns" },
		[UNIT_US] = { "US%", "mean_us", "p50_us", "p99_us" },
	};
	enum time_unit unit = view->options->unit;
	int decimals = unit == UNIT_US ? 3 : 0;
	const struct grid_column columns[] = {
		{ "REASON", "reason", 0, 0 },
		{ "CODE", "code", 0, 0 },
		{ "EXITS", "exits", 1, 0 },
		{ "EXITS/S", "exits_per_second", 1, 1 },
		{ "EXITS%", "exits_percent", 1, 2 },
		{ unit_titles[unit], unit_keys[unit], 1, decimals },
		{ "MEAN", keys[unit][1], 1, decimals },
		{ "P50", keys[unit][2], 1, decimals },
		{ "P99", keys[unit][3], 1, decimals },
		{ keys[unit][0], "time_percent", 1, 2 },
	};
	const size_t nr = sizeof(columns) / sizeof(columns[0]);
	struct grid_column without[sizeof(columns) / sizeof(columns[0])];
	struct grid *grid;
	size_t i;

	memcpy(without, columns, sizeof(columns));
	without[nr - 3] = columns[nr - 1];
	grid = view->histogram ? grid_new(columns, nr) : grid_new(without, nr - 2);
	if (!grid)
		return NULL;
	for (i = 0; i < view->sum->nr_reasons; i++)
		add_row(view, grid, &view->sum->reasons[i]);
	add_row(view, grid, NULL);
	return grid;
}

/* --- text ----------------------------------------------------------------- */

static void print_heading(const struct view *view, FILE *out)
{
	const struct recording *rec = view->sum->rec;
	const char *vendor = vendor_name(rec->reasons);
	char when[40];
	struct tm tm;

	fprintf(out, "VM exits of the whole VM in %.3f s", view->sum->seconds);
	if (localtime_r(&rec->started, &tm) &&
	    strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm))
		fprintf(out, ", from %s", when);
	fprintf(out, "\n%" PRIu32 " vCPU%s, %s, ", rec->nr_vcpus,
		rec->nr_vcpus == 1 ? "" : "s", vendor ? vendor : "unknown codes");
	if (rec->tsc_hz)
		fprintf(out, "TSC %.3f MHz; ", (double)rec->tsc_hz / 1e6);
	else
		fputs("TSC frequency unknown; ", out);
	fputs("cycles spent processing, idle left out\n", out);
	if (rec->command && rec->status >= 0)
		fprintf(out, "Command: %s (exit status %d)\n", rec->command, rec->status);
	else if (rec->command)
		fprintf(out, "Command: %s\n", rec->command);
	if (!rec->end[0] || !strcmp(rec->end, "error"))
		fputs("The recording ended early: there could be more\n", out);
	if (view->sum->nr_gaps)
		fprintf(out, "Left out are %zu of %zu intervals: %s\n", view->sum->nr_gaps,
			view->sum->nr_intervals,
			"the counters restarted, or rows were hidden");
	putc('\n', out);
}

static uint64_t *vcpu_value(const struct view *view, uint32_t number)
{
	const struct exitstat_stat *stat = recording_stat(view->sum->rec, number);

	if (!stat || stat->kind != KVM_EXIT_STATS_KIND_VCPU)
		return NULL;
	return &view->sum->vcpu_values[stat->first];
}

static uint64_t row_sum(const struct view *view, uint32_t number)
{
	const struct exitstat_stat *stat = recording_stat(view->sum->rec, number);
	uint64_t sum = 0;
	size_t i;

	if (!stat || stat->kind != KVM_EXIT_STATS_KIND_ROW)
		return 0;
	for (i = 0; i < view->sum->nr_reasons; i++)
		sum += view->sum->reasons[i].values[stat->first];
	return sum;
}

/* Of what the vCPUs lived through: every cycle is in one of these. */
static void print_vcpus(const struct view *view, FILE *out)
{
	const uint64_t *guest = vcpu_value(view, KVM_EXIT_STAT_GUEST);
	const uint64_t *stopped = vcpu_value(view, KVM_EXIT_STAT_STOPPED);
	const struct {
		const char *name;
		uint64_t cycles;
	} parts[] = {
		{ "guest", guest ? *guest : 0 },
		{ "kernel", row_sum(view, KVM_EXIT_STAT_KERNEL) },
		{ "user", row_sum(view, KVM_EXIT_STAT_USER) },
		{ "idle", row_sum(view, KVM_EXIT_STAT_IDLE) },
		{ "preempted", row_sum(view, KVM_EXIT_STAT_PREEMPTED) },
		{ "stopped", stopped ? *stopped : 0 },
	};
	uint64_t all = 0;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		all += parts[i].cycles;
	if (!guest || !all)
		return;
	fputs("\nOf the vCPUs' time:", out);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		fprintf(out, "%s %s %.2f %%", i ? "," : "", parts[i].name,
			100.0 * (double)parts[i].cycles / (double)all);
	putc('\n', out);
}

static int print_text(const struct view *view, FILE *out, const struct grid *grid)
{
	const struct summary *sum = view->sum;
	int err;

	print_heading(view, out);
	err = grid_print_text(grid, out, wants_colour(out));
	print_vcpus(view, out);
	if (sum->own_subtracted)
		fprintf(out, "\nTaken out: %" PRIu64 " CPUID exits that recording caused, ",
			sum->own);
	if (sum->own_subtracted)
		fprintf(out, "with %.0f %s\n",
			in_unit(view->options->unit, sum->rec->tsc_hz, (double)sum->own_cycles),
			unit_keys[view->options->unit]);
	else
		fprintf(out, "\nRecording caused %" PRIu64 " of the CPUID exits\n", sum->own);
	return err;
}

/* --- JSON ----------------------------------------------------------------- */

static json_t *intervals_json(const struct summary *sum)
{
	json_t *list = json_array(), *interval, *reasons;
	size_t i, r;

	for (i = 0; i < sum->nr_intervals; i++) {
		reasons = json_object();
		for (r = 0; r < sum->nr_reasons; r++) {
			const struct summary_reason *reason = &sum->reasons[r];

			json_int_t exits = (json_int_t)reason->interval_exits[i];
			json_int_t cycles = (json_int_t)reason->interval_cycles[i];

			if (exits || cycles)
				json_object_set_new(reasons, reason->name,
						    json_pack("{s:I, s:I}", "exits", exits,
							      "cycles", cycles));
		}
		interval = json_pack("{s:f, s:f, s:b, s:I, s:I, s:o}",
				     "from", sum->intervals[i].from,
				     "to", sum->intervals[i].to, "gap", sum->intervals[i].gap,
				     "exits", (json_int_t)sum->intervals[i].exits,
				     "cycles", (json_int_t)sum->intervals[i].cycles,
				     "reasons", reasons);
		json_array_append_new(list, interval);
	}
	return list;
}

static json_t *recorded_host_json(const struct recording *rec)
{
	const char *reasons = "unknown";

	if (rec->reasons == KVM_EXIT_STATS_NS_VMX)
		reasons = "vmx";
	else if (rec->reasons == KVM_EXIT_STATS_NS_SVM)
		reasons = "svm";
	return json_pack("{s:s, s:I, s:I}", "reasons", reasons,
			 "vcpus", (json_int_t)rec->nr_vcpus,
			 "tsc_hz", (json_int_t)rec->tsc_hz);
}

static int print_json(const struct view *view, FILE *out, const struct grid *grid)
{
	json_t *rows = grid_json(grid), *total, *document, *tool, *own;
	const struct summary *sum = view->sum;
	const struct recording *rec = sum->rec;
	size_t last = grid_rows(grid) - 1;

	total = grid_row_json(grid, last);
	json_array_remove(rows, last);
	json_object_del(total, "reason");
	json_object_del(total, "code");
	tool = json_pack("{s:s, s:i}", "version", EXITSTAT_VERSION, "schema", 1);
	own = json_pack("{s:I, s:b}", "exits", (json_int_t)sum->own,
			"subtracted", sum->own_subtracted);
	document = json_pack("{s:o, s:s, s:o, s:f, s:s, s:o, s:b, s:o, s:o, s:o}",
			     "exitstat", tool, "command", "report",
			     "host", recorded_host_json(rec),
			     "seconds", sum->seconds,
			     "unit", unit_keys[view->options->unit],
			     "own", own, "cut_off", !rec->end[0],
			     "rows", rows, "total", total,
			     "intervals", intervals_json(sum));
	if (document && rec->command)
		json_object_set_new(document, "recorded_command", json_string(rec->command));
	if (document && rec->status >= 0)
		json_object_set_new(document, "recorded_status", json_integer(rec->status));
	return report_dump_json(out, document, 0);
}

/* --- the command ---------------------------------------------------------- */

static const struct exitstat_stat *histogram(const struct recording *rec)
{
	size_t i;

	for (i = 0; i < rec->nr_stats; i++) {
		const struct exitstat_stat *stat = &rec->stats[i];

		if (stat->kind == KVM_EXIT_STATS_KIND_ROW &&
		    stat->shape == EXITSTAT_LOG2 && stat->nr_elements > 1)
			return stat;
	}
	return NULL;
}

static int print(FILE *out, const struct view *view, int html, const char *title)
{
	struct grid *grid;
	int err;

	if (html)
		return html_report(out, view->sum, title);
	grid = make_grid(view);
	if (!grid)
		return -ENOMEM;
	if (view->options->format == FORMAT_JSON)
		err = print_json(view, out, grid);
	else if (view->options->format == FORMAT_CSV)
		err = grid_print_csv(grid, out, view->options->separator, 1);
	else
		err = print_text(view, out, grid);
	grid_free(grid);
	return err;
}

/* Into a file that is there as a whole or not at all, or to standard output. */
static int print_to(const char *path, const struct view *view, int html, const char *title)
{
	char *text = NULL;
	size_t length;
	FILE *out;
	int err;

	if (!path) {
		err = print(stdout, view, html, title);
		if (!err)
			return finish_output(stdout, NULL);
		complain("out of memory");
		return EXIT_FAILURE;
	}
	out = open_memstream(&text, &length);
	err = out ? print(out, view, html, title) : -ENOMEM;
	if (out && fclose(out))
		err = -ENOMEM;
	if (!err)
		err = export_replace_file(path, export_usual_mode(), text, length);
	free(text);
	if (!err)
		return EXIT_SUCCESS;
	complain("cannot write %s: %s", path, strerror(-err));
	return EXIT_FAILURE;
}

static struct recording *read_file(const char *path, int partial)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	struct recording *rec;
	char why[200];
	int err;

	if (!in) {
		complain("cannot read %s: %s", name, strerror(errno));
		return NULL;
	}
	err = recording_read(in, &rec, why, sizeof(why));
	if (in != stdin)
		fclose(in);
	if (!err || (err == -EMSGSIZE && rec && partial))
		return rec;
	if (err == -EMSGSIZE && rec)
		complain("%s: %s; --partial shows that much", name, why);
	else
		complain("%s: %s", name, why);
	recording_free(rec);
	return NULL;
}

static int report(const char *path, const struct options *options, const char *output,
		  int html, int partial)
{
	struct view view = { .options = options };
	struct recording *rec = read_file(path, partial);
	struct summary *sum = NULL;
	char title[300];
	int status = EXIT_FAILURE;

	if (!rec)
		return EXIT_FAILURE;
	if (options->unit != UNIT_CYCLES && !rec->tsc_hz) {
		complain("the host did not tell how many cycles a second has: --unit cycles only");
		goto out;
	}
	if (rec->nr_samples < 2) {
		complain("%s: has one sample only, so there is no time to report on", path);
		goto out;
	}
	sum = summary_new(rec, options->own != OWN_KEEP);
	if (!sum) {
		complain("out of memory");
		goto out;
	}
	if (!html)
		sort(sum, options->sort);
	view.sum = sum;
	view.histogram = histogram(rec);
	snprintf(title, sizeof(title), "VM exits: %s", basename(path));
	status = print_to(output, &view, html, title);
out:
	summary_free(sum);
	recording_free(rec);
	return status;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {
		LONG_HELP,
		LONG_OUTPUT,
		LONG_UNIT,
		{ "sort", required_argument, NULL, OPT_SORT },
		{ "own", required_argument, NULL, OPT_OWN },
		{ "html", no_argument, NULL, OPT_HTML },
		{ "output", required_argument, NULL, 'o' },
		{ "partial", no_argument, NULL, OPT_PARTIAL },
		LONG_END,
	};
	struct options options = {
		.help = HELP,
		.shorts = ":" SHORT_HELP SHORT_OUTPUT "o:",
		.longs = longs,
	};
	const char *output = NULL;
	int option, html = 0, partial = 0;

	while ((option = options_next(&options, argc, argv)) != OPTIONS_END) {
		switch (option) {
		case OPT_HTML:
			html = 1;
			break;
		case OPT_PARTIAL:
			partial = 1;
			break;
		case 'o':
			output = optarg;
			break;
		default:
			return options.status;
		}
	}
	if (optind == argc) {
		complain("say which file: exitstat report FILE");
		return EXIT_USAGE;
	}
	if (html && options.format != FORMAT_TEXT) {
		complain("--html is a format of its own: not with --json or -x");
		return EXIT_USAGE;
	}
	optind++;
	if (no_operands(argc, argv))
		return EXIT_USAGE;
	return report(argv[optind - 1], &options, output, html, partial);
}

const struct command cmd_report = {
	.name = "report",
	.summary = "show what was recorded, as text or as a page with charts",
	.run = run,
};
