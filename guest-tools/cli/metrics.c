// SPDX-License-Identifier: GPL-2.0-only
/* Counters as text for Prometheus. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kvm_exit_stats.h"
#include "report.h"

enum metric_type {
	TYPE_COUNTER,
	TYPE_GAUGE,
	TYPE_INFO,
	TYPE_HISTOGRAM,
};

struct metrics {
	FILE *out;
	struct exitstat *es;
	const struct exitstat_info *info;
	const struct snapshots *snapshots;
	enum metrics_style style;
	const char *unit;	/* of what the host counts in cycles */
	char name[80];		/* of the family at hand */
	const char *suffix;	/* of its samples */
};

static void family(struct metrics *metrics, enum metric_type type,
		   const char *unit, const char *help, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Begin a family; unit is the end of its name, or "". */
static void family(struct metrics *metrics, enum metric_type type,
		   const char *unit, const char *help, const char *format, ...)
{
	static const char *const types[] = {
		[TYPE_COUNTER] = "counter",
		[TYPE_GAUGE] = "gauge",
		[TYPE_INFO] = "info",
		[TYPE_HISTOGRAM] = "histogram",
	};
	const char *kind = types[type];
	const char *head = "";
	FILE *out = metrics->out;
	va_list args;
	size_t n;
	char *p;

	va_start(args, format);
	vsnprintf(metrics->name, sizeof(metrics->name) - 20, format, args);
	va_end(args);
	for (p = metrics->name; *p; p++) {
		if (!isalnum((unsigned char)*p))
			*p = '_';
	}
	if (*unit) {
		n = strlen(metrics->name);
		snprintf(metrics->name + n, sizeof(metrics->name) - n, "_%s",
			 unit);
	}
	metrics->suffix = type == TYPE_COUNTER ? "_total" :
			  type == TYPE_INFO    ? "_info" :
						 "";
	/* The older format has the samples' name here, and no such type. */
	if (metrics->style == METRICS_PROMETHEUS) {
		head = metrics->suffix;
		if (type == TYPE_INFO)
			kind = types[TYPE_GAUGE];
	}
	fprintf(out, "# TYPE %s%s %s\n", metrics->name, head, kind);
	if (*unit && metrics->style == METRICS_OPENMETRICS)
		fprintf(out, "# UNIT %s%s %s\n", metrics->name, head, unit);
	fprintf(out, "# HELP %s%s %s\n", metrics->name, head, help);
}

/* Labels of a sample, the closing brace left open for more. */
static void open_sample(struct metrics *metrics, const char *suffix,
			const struct exitstat_snapshot *snap,
			const struct exitstat_row *row)
{
	char name[EXITSTAT_NAME_SIZE];
	const char *gap = "";

	fprintf(metrics->out, "%s%s", metrics->name, suffix);
	/* Neither a vCPU nor a reason: no labels. */
	if (snap->vcpu == EXITSTAT_WHOLE_VM && !row)
		return;
	putc('{', metrics->out);
	if (snap->vcpu != EXITSTAT_WHOLE_VM) {
		fprintf(metrics->out, "vcpu=\"%d\"", snap->vcpu);
		gap = ",";
	}
	if (row)
		fprintf(metrics->out, "%sreason=\"%s\"", gap,
			exitstat_name(metrics->es, row, name, sizeof(name)));
	if (row && row->slot)
		fprintf(metrics->out, ",code=\"0x%x\"", row->code);
}

/* What was opened, ends here. */
static void close_sample(struct metrics *metrics,
			 const struct exitstat_snapshot *snap,
			 const struct exitstat_row *row)
{
	fputs(snap->vcpu == EXITSTAT_WHOLE_VM && !row ? " " : "} ", metrics->out);
}

/* The same at once, for those with no more labels. */
static void sample(struct metrics *metrics, const char *suffix,
		   const struct exitstat_snapshot *snap, const struct exitstat_row *row)
{
	open_sample(metrics, suffix, snap, row);
	close_sample(metrics, snap, row);
}

static void print_count(struct metrics *metrics, uint64_t count)
{
	fprintf(metrics->out, "%llu\n", (unsigned long long)count);
}

static double in_seconds(const struct metrics *metrics, double cycles)
{
	return cycles / (double)metrics->info->tsc_hz;
}

static void print_cycles(struct metrics *metrics, uint64_t cycles)
{
	if (metrics->info->tsc_hz)
		fprintf(metrics->out, "%.15g\n",
			in_seconds(metrics, (double)cycles));
	else
		print_count(metrics, cycles);
}

static void print_value(struct metrics *metrics,
			const struct exitstat_stat *stat, uint64_t value)
{
	if (stat->unit == KVM_EXIT_STATS_UNIT_CYCLES)
		print_cycles(metrics, value);
	else
		print_count(metrics, value);
}

/* A bound is part of its bucket here, so it is the highest value in it. */
static void print_buckets(struct metrics *metrics,
			  const struct exitstat_snapshot *snap,
			  const struct exitstat_row *row,
			  const struct exitstat_stat *stat)
{
	const uint64_t *values = exitstat_row_values(snap, row, stat);
	double bound = 1;
	uint64_t sum = 0;
	uint32_t i;

	if (!values)
		return;
	for (i = 0; i < stat->shift; i++)
		bound *= 2;
	for (i = 0; i < stat->nr_elements; i++, bound *= 2) {
		sum += values[i];
		open_sample(metrics, "_bucket", snap, row);
		if (i == stat->nr_elements - 1)
			fputs(",le=\"+Inf\"", metrics->out);
		else if (metrics->info->tsc_hz)
			fprintf(metrics->out, ",le=\"%.9g\"",
				in_seconds(metrics, bound - 1));
		else
			fprintf(metrics->out, ",le=\"%.0f.0\"", bound - 1);
		close_sample(metrics, snap, row);
		print_count(metrics, sum);
	}
	sample(metrics, "_count", snap, row);
	print_count(metrics, sum);
	sample(metrics, "_sum", snap, row);
	print_cycles(metrics, row->cycles);
}

typedef void (*print_row)(struct metrics *metrics,
			  const struct exitstat_snapshot *snap,
			  const struct exitstat_row *row,
			  const struct exitstat_stat *stat);

static void each_row(struct metrics *metrics, print_row print,
		     const struct exitstat_stat *stat)
{
	const struct exitstat_snapshot *snap;
	size_t i, row;

	for (i = 0; i < metrics->snapshots->nr; i++) {
		snap = metrics->snapshots->snap[i];
		for (row = 0; row < snap->nr_rows; row++)
			print(metrics, snap, &snap->rows[row], stat);
	}
}

static void print_exits(struct metrics *metrics,
			const struct exitstat_snapshot *snap,
			const struct exitstat_row *row,
			const struct exitstat_stat *stat)
{
	(void)stat;
	sample(metrics, metrics->suffix, snap, row);
	print_count(metrics, row->exits);
}

static void print_processing(struct metrics *metrics,
			     const struct exitstat_snapshot *snap,
			     const struct exitstat_row *row,
			     const struct exitstat_stat *stat)
{
	(void)stat;
	sample(metrics, metrics->suffix, snap, row);
	print_cycles(metrics, row->cycles);
}

static void print_stat(struct metrics *metrics,
		       const struct exitstat_snapshot *snap,
		       const struct exitstat_row *row,
		       const struct exitstat_stat *stat)
{
	const uint64_t *value = exitstat_row_values(snap, row, stat);

	if (!value)
		return;
	sample(metrics, metrics->suffix, snap, row);
	print_value(metrics, stat, *value);
}

static void print_vcpu_stat(struct metrics *metrics,
			    const struct exitstat_stat *stat)
{
	const struct exitstat_snapshot *snap;
	size_t i;

	for (i = 0; i < metrics->snapshots->nr; i++) {
		snap = metrics->snapshots->snap[i];
		if (!snap->vcpu_values)
			continue;
		sample(metrics, metrics->suffix, snap, NULL);
		print_value(metrics, stat, snap->vcpu_values[stat->first]);
	}
}

static int has_values(const struct metrics *metrics,
		      const struct exitstat_stat *stat)
{
	const struct exitstat_snapshot *snap;

	if (!metrics->snapshots->nr)
		return 0;
	snap = metrics->snapshots->snap[0];
	if (stat->kind == KVM_EXIT_STATS_KIND_ROW)
		return snap->nr_values != 0;
	return !!snap->vcpu_values;
}

static void stat_family(struct metrics *metrics,
			const struct exitstat_stat *stat)
{
	enum metric_type type = TYPE_COUNTER;
	const char *unit = "";
	char help[100];

	if (stat->unit == KVM_EXIT_STATS_UNIT_CYCLES)
		unit = metrics->unit;
	if (stat->merge == KVM_EXIT_STATS_MERGE_MAX)
		type = TYPE_GAUGE;
	/* A family of its own has all that it would tell. */
	if (!has_values(metrics, stat) ||
	    (stat->number == KVM_EXIT_STAT_EXITS &&
	     stat->kind == KVM_EXIT_STATS_KIND_ROW))
		return;
	if (stat->kind != KVM_EXIT_STATS_KIND_ROW) {
		snprintf(help, sizeof(help), "The vCPUs' statistic \"%s\".",
			 stat->name);
		family(metrics, type, unit, help, "kvm_vcpu_%s", stat->name);
		print_vcpu_stat(metrics, stat);
		return;
	}
	if (stat->shape == EXITSTAT_LOG2) {
		family(metrics, TYPE_HISTOGRAM, metrics->unit,
		       "What single exits took to process.",
		       "kvm_exit_duration");
		each_row(metrics, print_buckets, stat);
		return;
	}
	if (stat->nr_elements > 1)
		return;
	snprintf(help, sizeof(help), "The exits' statistic \"%s\".", stat->name);
	family(metrics, type, unit, help, "kvm_exit_%s", stat->name);
	each_row(metrics, print_stat, stat);
}

static void print_info(struct metrics *metrics)
{
	const struct exitstat_info *info = metrics->info;
	const char *vendor = vendor_name(info->reasons);

	family(metrics, TYPE_INFO, "", "Of the host's exit statistics.",
	       "kvm_exit_stats");
	fprintf(metrics->out, "%s_info{vendor=\"%s\",abi=\"%u\",instance=\"0x%016llx\"} 1\n",
		metrics->name, vendor ? vendor : "unknown", info->abi,
		(unsigned long long)info->instance);
}

int metrics_print(FILE *out, struct exitstat *es,
		  const struct snapshots *snapshots, enum metrics_style style)
{
	struct metrics metrics = {
		.out = out,
		.es = es,
		.info = exitstat_info(es),
		.snapshots = snapshots,
		.style = style,
	};
	const struct exitstat_stat *stats;
	size_t nr_stats, i;

	metrics.unit = metrics.info->tsc_hz ? "seconds" : "cycles";
	print_info(&metrics);
	family(&metrics, TYPE_GAUGE, "", "vCPUs of this VM.", "kvm_vcpus");
	fprintf(out, "kvm_vcpus %u\n", metrics.info->nr_vcpus);
	family(&metrics, TYPE_COUNTER, "", "VM exits by reason.", "kvm_exits");
	each_row(&metrics, print_exits, NULL);
	family(&metrics, TYPE_COUNTER, metrics.unit,
	       "Spent by KVM and the VMM on processing exits, idle left out.",
	       "kvm_exit_processing");
	each_row(&metrics, print_processing, NULL);
	if (exitstat_stats(es, &stats, &nr_stats))
		nr_stats = 0;
	for (i = 0; i < nr_stats; i++)
		stat_family(&metrics, &stats[i]);
	if (style == METRICS_OPENMETRICS)
		fputs("# EOF\n", out);
	return 0;
}
