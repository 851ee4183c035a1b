// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "grid.h"
#include "kvm_exit_stats.h"
#include "report.h"

#define MAX_COLUMNS	64
#define SCHEMA_VERSION	1

const char *const unit_titles[] = {
	[UNIT_CYCLES] = "CYCLES",
	[UNIT_NS] = "NS",
	[UNIT_US] = "US",
};

static const char *const period_keys[] = {
	[PERIOD_START] = "start",
	[PERIOD_INTERVAL] = "interval",
	[PERIOD_AVERAGE] = "average",
	[PERIOD_COMMAND] = "command",
};

double in_unit(enum time_unit unit, uint64_t tsc_hz, double cycles)
{
	switch (unit) {
	case UNIT_NS:
		return cycles * 1e9 / (double)tsc_hz;
	case UNIT_US:
		return cycles * 1e6 / (double)tsc_hz;
	default:
		return cycles;
	}
}

int check_unit(const struct exitstat *es, enum time_unit unit)
{
	if (unit == UNIT_CYCLES || exitstat_info(es)->tsc_hz)
		return 0;
	complain("the host does not tell how many cycles a second has: --unit cycles only");
	return -1;
}

const char *vendor_name(uint32_t reasons)
{
	switch (reasons) {
	case KVM_EXIT_STATS_NS_VMX:
		return "Intel VMX";
	case KVM_EXIT_STATS_NS_SVM:
		return "AMD SVM";
	default:
		return NULL;
	}
}

/* --- order ----------------------------------------------------------------- */

static int descending(double a, double b)
{
	return (a < b) - (a > b);
}

static double mean_of(const struct exitstat_row *row)
{
	return row->exits ? (double)row->cycles / (double)row->exits : 0;
}

int report_compare(const struct exitstat *es, enum sort_key key,
		   const struct exitstat_row *row, const struct exitstat_row *other)
{
	char name[EXITSTAT_NAME_SIZE], other_name[EXITSTAT_NAME_SIZE];
	int result = 0;

	switch (key) {
	case SORT_TIME:
		break;
	case SORT_EXITS:
		result = descending((double)row->exits, (double)other->exits);
		break;
	case SORT_MEAN:
		result = descending(mean_of(row), mean_of(other));
		break;
	case SORT_NAME:
		result = strcmp(exitstat_name(es, row, name, sizeof(name)),
				exitstat_name(es, other, other_name,
					      sizeof(other_name)));
		break;
	case SORT_CODE:
		/* OTHER has none, and comes last. */
		result = descending(row->slot != 0, other->slot != 0);
		if (!result)
			result = descending(other->code, row->code);
		break;
	}
	if (!result)
		result = descending((double)row->cycles, (double)other->cycles);
	if (!result)
		result = descending((double)row->exits, (double)other->exits);
	return result ? result : descending(other->slot, row->slot);
}

struct order {
	const struct exitstat *es;
	enum sort_key key;
};

static int in_order(const void *a, const void *b, void *data)
{
	const struct order *order = data;

	return report_compare(order->es, order->key, a, b);
}

void report_sort(const struct exitstat *es, struct exitstat_snapshot *snap,
		 enum sort_key key)
{
	struct order order = { es, key };

	if (snap->nr_rows)
		qsort_r(snap->rows, snap->nr_rows, sizeof(*snap->rows), in_order,
			&order);
}

/* --- the table ------------------------------------------------------------- */

/* What is in the table of one report. */
struct view {
	struct exitstat *es;
	const struct exitstat_info *info;
	const struct options *options;
	const struct report *report;
	const struct exitstat_snapshot *snap;	/* at the moment */
	uint64_t cpu_cycles;			/* of it; 0: not known */
	const struct exitstat_stat *stats;	/* of the host; may be none */
	size_t nr_stats;
	const struct exitstat_stat *histogram;	/* NULL: no quantiles */
	const struct exitstat_stat *longest;
	int has_cpu_share;
	char keys[MAX_COLUMNS][40];
	char titles[MAX_COLUMNS][40];
	struct grid_column columns[MAX_COLUMNS];
	size_t nr_columns;
};

static void add_column(struct view *view, const char *title, const char *key,
		       int right, int decimals)
{
	size_t n = view->nr_columns;

	if (n == MAX_COLUMNS)
		return;
	/* The strings may have been made for this column alone. */
	snprintf(view->titles[n], sizeof(view->titles[n]), "%s", title);
	snprintf(view->keys[n], sizeof(view->keys[n]), "%s", key);
	view->columns[n].title = view->titles[n];
	view->columns[n].key = view->keys[n];
	view->columns[n].right = right;
	view->columns[n].decimals = decimals;
	view->nr_columns++;
}

/* A column of times: its key ends in the unit. */
static void add_time_column(struct view *view, const char *title,
			    const char *prefix)
{
	enum time_unit unit = view->options->unit;
	char whole[40];

	snprintf(whole, sizeof(whole), "%s%s", prefix, unit_keys[unit]);
	add_column(view, title, whole, 1, unit == UNIT_US ? 3 : 0);
}

static int is_shown(const struct view *view, const struct exitstat_stat *stat)
{
	return view->options->all_stats &&
	       stat->kind == KVM_EXIT_STATS_KIND_ROW &&
	       stat->number != KVM_EXIT_STAT_EXITS && stat->nr_elements == 1;
}

static void plan_columns(struct view *view)
{
	const struct options *options = view->options;
	const char *unit = unit_titles[options->unit];
	char title[40], key[40];
	size_t i;
	char *p;

	if (view->report->is_stream)
		add_column(view, "TIME", "time", 0, 0);
	if (options->per_cpu) {
		add_column(view, "CPU", "cpu", 1, 0);
		add_column(view, "VCPU", "vcpu", 1, 0);
	}
	add_column(view, "REASON", "reason", 0, 0);
	add_column(view, "CODE", "code", 0, 0);
	add_column(view, "EXITS", "exits", 1, 0);
	if (view->report->seconds > 0)
		add_column(view, "EXITS/S", "exits_per_second", 1, 1);
	add_column(view, "EXITS%", "exits_percent", 1, 2);
	add_time_column(view, unit, "");
	add_time_column(view, "MEAN", "mean_");
	if (view->histogram) {
		add_time_column(view, "P50", "p50_");
		add_time_column(view, "P99", "p99_");
		add_time_column(view, "MAX", "max_");
	}
	snprintf(title, sizeof(title), "%s%%", unit);
	add_column(view, title, "time_percent", 1, 2);
	if (view->has_cpu_share)
		add_column(view, "CPU%", "cpu_percent", 1, 2);
	for (i = 0; i < view->nr_stats; i++) {
		const struct exitstat_stat *stat = &view->stats[i];

		if (!is_shown(view, stat))
			continue;
		snprintf(title, sizeof(title), "%s", stat->name);
		for (p = title; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		if (stat->unit == KVM_EXIT_STATS_UNIT_CYCLES) {
			snprintf(key, sizeof(key), "%s_", stat->name);
			add_time_column(view, title, key);
		} else {
			add_column(view, title, stat->name, 1, 0);
		}
	}
}

/* Cycles are whole, and so are nanoseconds. */
void report_time_cell(struct grid *grid, enum time_unit unit, uint64_t tsc_hz, double cycles)
{
	double time = in_unit(unit, tsc_hz, cycles);

	if (unit == UNIT_US)
		grid_real(grid, time);
	else
		grid_count(grid, (uint64_t)time);
}

static void time_cell(const struct view *view, struct grid *grid, double cycles)
{
	report_time_cell(grid, view->options->unit, view->info->tsc_hz, cycles);
}

/* Exact up to 2^64. */
static void cycles_cell(const struct view *view, struct grid *grid,
			uint64_t cycles)
{
	if (view->options->unit == UNIT_CYCLES)
		grid_count(grid, cycles);
	else
		time_cell(view, grid, (double)cycles);
}

/*
 * A maximum that grew in a period is of that period.  One that did not says only
 * that the period's was not longer, nor above the highest element in which
 * anything lies.
 */
static void quantile_cells(const struct view *view, struct grid *grid,
			   const struct exitstat_row *row)
{
	const uint64_t *values =
		exitstat_row_values(view->snap, row, view->histogram);
	const uint64_t *longest =
		exitstat_row_values(view->snap, row, view->longest);
	static const double quantiles[] = { 0.5, 0.99, 1 };
	uint64_t bound = longest ? *longest : 0;
	double result;
	size_t i;

	for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		if (exitstat_quantile(view->histogram, values, quantiles[i],
				      bound, &result))
			grid_none(grid);
		else
			time_cell(view, grid, result);
	}
}

static void stat_cells(const struct view *view, struct grid *grid,
		       const struct exitstat_row *row)
{
	const uint64_t *value;
	size_t i;

	for (i = 0; i < view->nr_stats; i++) {
		const struct exitstat_stat *stat = &view->stats[i];

		if (!is_shown(view, stat))
			continue;
		value = exitstat_row_values(view->snap, row, stat);
		if (!value)
			grid_none(grid);
		else if (stat->unit == KVM_EXIT_STATS_UNIT_CYCLES)
			cycles_cell(view, grid, *value);
		else
			grid_count(grid, *value);
	}
}

static void time_stamp(const struct report *report, char *text, size_t size)
{
	struct tm local;

	if (report->period == PERIOD_AVERAGE ||
	    !localtime_r(&report->when, &local))
		snprintf(text, size, "Average");
	else
		strftime(text, size, "%H:%M:%S", &local);
}

/* name: NULL for a row of the host's, else of a sum. */
static void add_row(const struct view *view, struct grid *grid,
		    const struct exitstat_row *row, const char *sum)
{
	const struct exitstat_snapshot *snap = view->snap;
	char name[EXITSTAT_NAME_SIZE];
	char stamp[20];

	if (sum)
		grid_strong(grid);
	if (view->report->is_stream) {
		time_stamp(view->report, stamp, sizeof(stamp));
		grid_text(grid, "%s", stamp);
	}
	if (view->options->per_cpu) {
		grid_count(grid, (uint64_t)snap->cpu);
		grid_count(grid, (uint64_t)snap->vcpu);
	}
	grid_text(grid, "%s", sum ? sum : exitstat_name(view->es, row, name, sizeof(name)));
	if (sum || !row->slot)
		grid_none(grid);
	else
		grid_text(grid, "0x%x", row->code);
	grid_count(grid, row->exits);
	if (view->report->seconds > 0)
		grid_real(grid, (double)row->exits / view->report->seconds);
	grid_percent(grid, row->exits, snap->exits);
	cycles_cell(view, grid, row->cycles);
	if (row->exits)
		time_cell(view, grid, mean_of(row));
	else
		grid_none(grid);
	if (view->histogram)
		quantile_cells(view, grid, row);
	grid_percent(grid, row->cycles, snap->cycles);
	if (view->has_cpu_share)
		grid_percent(grid, row->cycles, view->cpu_cycles);
	stat_cells(view, grid, row);
}

uint64_t report_cpu_cycles(struct exitstat *es,
			   const struct exitstat_snapshot *snap)
{
	const struct exitstat_stat *guest = NULL;

	if (snap->vcpu_values)
		guest = exitstat_find_stat(es, KVM_EXIT_STAT_GUEST);
	if (!guest)
		return 0;
	return snap->vcpu_values[guest->first] + snap->cycles;
}

/* The sum of the rows, of all statistics that can be added up. */
static void sum_rows(const struct view *view, struct exitstat_row *sum)
{
	const struct exitstat_snapshot *snap = view->snap;
	size_t row, i;
	uint32_t element;

	sum->exits = snap->exits;
	sum->cycles = snap->cycles;
	for (row = 0; sum->values && row < snap->nr_rows; row++) {
		for (i = 0; i < view->nr_stats; i++) {
			const struct exitstat_stat *stat = &view->stats[i];
			const uint64_t *from;
			uint64_t *to = sum->values + stat->first;

			from = exitstat_row_values(snap, &snap->rows[row], stat);
			for (element = 0; from && element < stat->nr_elements;
			     element++) {
				if (stat->merge != KVM_EXIT_STATS_MERGE_MAX)
					to[element] += from[element];
				else if (from[element] > to[element])
					to[element] = from[element];
			}
		}
	}
}

/* Rows that did not occur, as our list has them. */
static void add_zero_rows(const struct view *view, struct grid *grid)
{
	struct exitstat_row zero = { 0 };
	size_t i;

	for (; zero.slot < view->info->nr_rows; zero.slot++) {
		for (i = 0; i < view->snap->nr_rows; i++) {
			if (view->snap->rows[i].slot == zero.slot)
				break;
		}
		if (i == view->snap->nr_rows &&
		    !exitstat_code(view->es, zero.slot, &zero.code))
			add_row(view, grid, &zero, NULL);
	}
}

static int add_rows(struct view *view, struct grid *grid,
		    struct exitstat_snapshot *snap)
{
	struct exitstat_row sum = { 0 };
	size_t i;

	view->snap = snap;
	view->cpu_cycles = report_cpu_cycles(view->es, snap);
	report_sort(view->es, snap, view->options->sort);
	for (i = 0; i < snap->nr_rows; i++)
		add_row(view, grid, &snap->rows[i], NULL);
	if (view->options->all_rows)
		add_zero_rows(view, grid);
	if (snap->nr_values) {
		sum.values = calloc(snap->nr_values, sizeof(*sum.values));
		if (!sum.values)
			return -ENOMEM;
	}
	sum_rows(view, &sum);
	add_row(view, grid, &sum, "TOTAL");
	free(sum.values);
	return 0;
}

static void plan_view(struct view *view)
{
	const struct exitstat_snapshot *snap = NULL;
	size_t i;

	view->info = exitstat_info(view->es);
	if (view->report->snapshots->nr)
		snap = view->report->snapshots->snap[0];
	view->nr_stats = 0;
	if (snap && snap->nr_values &&
	    exitstat_stats(view->es, &view->stats, &view->nr_stats))
		view->nr_stats = 0;
	for (i = 0; i < view->nr_stats; i++) {
		const struct exitstat_stat *stat = &view->stats[i];

		if (stat->kind != KVM_EXIT_STATS_KIND_ROW)
			continue;
		if (stat->shape == EXITSTAT_LOG2 && !view->histogram)
			view->histogram = stat;
		if (stat->merge == KVM_EXIT_STATS_MERGE_MAX && !view->longest)
			view->longest = stat;
	}
	view->has_cpu_share = snap && snap->vcpu_values;
	plan_columns(view);
}

/* --- text ------------------------------------------------------------------ */

static void print_host(FILE *out, const struct exitstat_info *info)
{
	const char *vendor = vendor_name(info->reasons);

	fprintf(out, "%u vCPU%s, ", info->nr_vcpus,
		info->nr_vcpus == 1 ? "" : "s");
	if (vendor)
		fprintf(out, "%s, ", vendor);
	else
		fprintf(out, "codes of kind %u (unknown), ", info->reasons);
	if (info->tsc_hz)
		fprintf(out, "TSC %.3f MHz; ", (double)info->tsc_hz / 1e6);
	else
		fputs("TSC frequency unknown; ", out);
	fputs("cycles spent processing, idle left out\n", out);

	if (info->features & KVM_EXIT_STATS_FEAT_HIDE_ASYNC)
		fputs("The host hides exits that it causes itself (INTR, NMI)\n",
		      out);
}

static void print_heading(const struct view *view, FILE *out)
{
	const struct report *report = view->report;

	if (report->is_stream && !report->is_first)
		return;
	fprintf(out, "VM exits of %s ",
		view->options->per_cpu ? "each vCPU" : "the whole VM");
	if (report->period == PERIOD_COMMAND)
		fprintf(out, "while the command ran, %.3f s\n", report->seconds);
	else
		fputs("since it was started (or restored, or migrated)\n", out);
	print_host(out, view->info);
}

/* One who counts exits must know which are his own. */
static void print_own(const struct view *view, FILE *out)
{
	const struct snapshots *snapshots = view->report->snapshots;
	uint64_t own = 0, cycles = 0, counted = 0;
	int subtracted = 0;
	size_t i;

	for (i = 0; i < snapshots->nr; i++) {
		own += snapshots->snap[i]->own_exits;
		counted += snapshots->snap[i]->own_counted;
		cycles += snapshots->snap[i]->own_cycles;
		subtracted |= snapshots->snap[i]->own_subtracted;
	}
	if (subtracted) {
		fprintf(out, "\nTaken out: %llu CPUID exits that reading caused",
			(unsigned long long)counted);
		fprintf(out, ", with %.0f %s\n",
			in_unit(view->options->unit, view->info->tsc_hz,
				(double)cycles),
			unit_keys[view->options->unit]);
		return;
	}
	if (view->report->period != PERIOD_START) {
		fprintf(out, "\nReading caused %llu of the CPUID exits\n",
			(unsigned long long)counted);
		return;
	}
	fprintf(out, "\nThis reading caused %llu CPUID exits: ",
		(unsigned long long)exitstat_own_exits(view->es));
	fprintf(out, "%llu to probe the host, ",
		(unsigned long long)(exitstat_own_exits(view->es) - own));
	fprintf(out, "%llu for the snapshot\n", (unsigned long long)own);
}

static int print_text(const struct view *view, FILE *out,
		      const struct grid *grid)
{
	int err;

	print_heading(view, out);
	fputc('\n', out);
	err = grid_print_text(grid, out, wants_colour(out));
	if (!view->report->is_stream || view->report->period == PERIOD_AVERAGE) {
		print_own(view, out);
		fputs("exitstat explain REASON: what one means, and what reduces it\n", out);
	}
	return err;
}

/* --- JSON ------------------------------------------------------------------ */

static json_t *features_json(uint32_t features)
{
	static const char *const names[] = {
		"value",
		"stat",
		"hide_async",
		"histogram",
	};
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < 32; i++) {
		if (!(features >> i & 1))
			continue;
		if (i < sizeof(names) / sizeof(names[0]))
			json_array_append_new(array, json_string(names[i]));
		else
			json_array_append_new(array,
					      json_sprintf("bit %zu", i));
	}
	return array;
}

static const char *namespace_key(uint32_t reasons)
{
	switch (reasons) {
	case KVM_EXIT_STATS_NS_VMX:
		return "vmx";
	case KVM_EXIT_STATS_NS_SVM:
		return "svm";
	default:
		return "unknown";
	}
}

json_t *report_head_json(struct exitstat *es, const char *command)
{
	const struct exitstat_info *info = exitstat_info(es);
	json_t *host, *instance;

	instance = json_sprintf("0x%016llx", (unsigned long long)info->instance);
	host = json_pack("{s:i, s:o, s:s, s:i, s:i, s:I, s:o}",
			 "abi", (int)info->abi,
			 "features", features_json(info->features),
			 "reasons", namespace_key(info->reasons),
			 "rows", (int)info->nr_rows,
			 "vcpus", (int)info->nr_vcpus,
			 "tsc_hz", (json_int_t)info->tsc_hz,
			 "instance", instance);
	return json_pack("{s:{s:s, s:i}, s:s, s:o}",
			 "exitstat", "version", EXITSTAT_VERSION,
			 "schema", SCHEMA_VERSION,
			 "command", command, "host", host);
}

int report_dump_json(FILE *out, json_t *document, int compact)
{
	size_t flags = JSON_REAL_PRECISION(12);

	if (!document)
		return -ENOMEM;
	/* What is left to say of a write error, the stream knows. */
	json_dumpf(document, out, flags | (compact ? JSON_COMPACT : JSON_INDENT(2)));
	fputc('\n', out);
	json_decref(document);
	return 0;
}

/* An element each, as the host keeps them: reason by reason and as the total. */
static json_t *histogram_json(const struct view *view,
			      const struct exitstat_row *row)
{
	const struct exitstat_stat *stat = view->histogram;
	const uint64_t *values = exitstat_row_values(view->snap, row, stat);
	json_t *array = json_array();
	uint32_t i;

	for (i = 0; values && i < stat->nr_elements; i++)
		json_array_append_new(array, json_integer((json_int_t)values[i]));
	return array;
}

static json_t *part_json(struct view *view, struct exitstat_snapshot *snap)
{
	struct grid *grid = grid_new(view->columns, view->nr_columns);
	json_t *part = NULL, *rows, *total, *row;
	size_t last, i;

	if (!grid || add_rows(view, grid, snap))
		goto out;
	last = grid_rows(grid) - 1;
	rows = grid_json(grid);
	total = grid_row_json(grid, last);
	json_array_remove(rows, last);
	json_object_del(total, "reason");
	json_object_del(total, "code");
	/* They are told once, for all rows of the part. */
	json_object_del(total, "time");
	json_object_del(total, "cpu");
	json_object_del(total, "vcpu");
	json_array_foreach(rows, i, row) {
		json_object_del(row, "time");
		json_object_del(row, "cpu");
		json_object_del(row, "vcpu");
		if (view->histogram && i < snap->nr_rows)
			json_object_set_new(row, "histogram",
					    histogram_json(view, &snap->rows[i]));
	}
	part = json_pack("{s:o, s:o}", "rows", rows, "total", total);
	if (snap->vcpu != EXITSTAT_WHOLE_VM)
		json_object_update_new(part, json_pack("{s:i, s:i}",
						       "cpu", snap->cpu,
						       "vcpu", snap->vcpu));
out:
	grid_free(grid);
	return part;
}

static json_t *when_json(time_t when)
{
	char text[40];
	struct tm utc;

	if (!gmtime_r(&when, &utc) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc))
		return json_null();
	return json_string(text);
}

static json_t *report_json(struct view *view)
{
	const struct snapshots *snapshots = view->report->snapshots;
	json_t *document = report_head_json(view->es, view->report->command);
	json_t *parts = json_array();
	double seconds = view->report->seconds;
	uint64_t counted = 0;
	int subtracted = 0;
	json_t *own;
	size_t i;

	for (i = 0; i < snapshots->nr; i++) {
		counted += snapshots->snap[i]->own_counted;
		subtracted |= snapshots->snap[i]->own_subtracted;
		json_array_append_new(parts, part_json(view, snapshots->snap[i]));
	}
	own = json_pack("{s:I, s:b}", "exits", (json_int_t)counted, "subtracted",
			subtracted);
	json_object_set_new(document, "time", when_json(view->report->when));
	json_object_set_new(document, "period",
			    json_string(period_keys[view->report->period]));
	json_object_set_new(document, "seconds",
			    seconds > 0 ? json_real(seconds) : json_null());
	json_object_set_new(document, "unit",
			    json_string(unit_keys[view->options->unit]));
	json_object_set_new(document, "own", own);
	if (view->histogram)
		json_object_set_new(document, "histogram_shift",
				    json_integer(view->histogram->shift));
	json_object_set_new(document, "parts", parts);
	if (view->report->more)
		json_object_update(document, view->report->more);
	return document;
}

/* --- all of them ----------------------------------------------------------- */

int report_print(FILE *out, struct exitstat *es, const struct options *options,
		 const struct report *report)
{
	struct view view = { .es = es, .options = options, .report = report };
	struct grid *grid;
	size_t i;
	int err = 0;

	if (options->format == FORMAT_OPENMETRICS)
		return metrics_print(out, es, report->snapshots,
				     METRICS_OPENMETRICS);
	plan_view(&view);
	if (options->format == FORMAT_JSON)
		return report_dump_json(out, report_json(&view),
					report->is_stream);

	grid = grid_new(view.columns, view.nr_columns);
	if (!grid)
		return -ENOMEM;
	for (i = 0; i < report->snapshots->nr && !err; i++)
		err = add_rows(&view, grid, report->snapshots->snap[i]);
	if (!err && options->format == FORMAT_CSV)
		err = grid_print_csv(grid, out, options->separator,
				     report->is_first || !report->is_stream);
	else if (!err)
		err = print_text(&view, out, grid);
	grid_free(grid);
	return err;
}
