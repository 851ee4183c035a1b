/* SPDX-License-Identifier: GPL-2.0-only */
/* Rows of exits, in each of the formats. */
#ifndef EXITSTAT_REPORT_H
#define EXITSTAT_REPORT_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "lib/libexitstat.h"
#include "options.h"
#include "snapshots.h"

enum report_period {
	PERIOD_START,		/* since the VM was started */
	PERIOD_INTERVAL,	/* between two snapshots */
	PERIOD_AVERAGE,		/* from the first to the last of them */
	PERIOD_COMMAND,		/* while a command ran */
};

struct report {
	const char *command;	/* "stat", "run" */
	enum report_period period;
	double seconds;		/* its length; 0: not known, no rates */
	time_t when;		/* its end */
	int is_stream;		/* one of several: a column with the time */
	int is_first;		/* of the stream, so CSV has names */
	const struct snapshots *snapshots;
	json_t *more;		/* into the JSON object; NULL: nothing */
};

/*
 * 0 or -ENOMEM; write errors stay with the stream.  Sorts the snapshots' rows.
 * JSON is one document, on one line if it is one of a stream.
 */
int report_print(FILE *out, struct exitstat *es, const struct options *options,
		 const struct report *report);

/* By time, exits, mean (descending), name or code (ascending), then slot. */
int report_compare(const struct exitstat *es, enum sort_key key,
		   const struct exitstat_row *row, const struct exitstat_row *other);
void report_sort(const struct exitstat *es, struct exitstat_snapshot *snap,
		 enum sort_key key);

/* What the CPUs gave to this VM, or this vCPU, in cycles; 0 if not known. */
uint64_t report_cpu_cycles(struct exitstat *es,
			   const struct exitstat_snapshot *snap);

/* The document without its rows: version, host, what it is about. */
json_t *report_head_json(struct exitstat *es, const char *command);
/* Compact and with a newline, or indented.  -ENOMEM if the document is NULL. */
int report_dump_json(FILE *out, json_t *document, int compact);

/*
 * Counters since the start for Prometheus: as OpenMetrics, "# EOF" included, or
 * in the older text format that node_exporter's textfile collector reads.  The
 * snapshots are those of rows_with() with FORMAT_OPENMETRICS; more in them is
 * shown, less is left out.
 */
enum metrics_style {
	METRICS_OPENMETRICS,
	METRICS_PROMETHEUS,
};

int metrics_print(FILE *out, struct exitstat *es,
		  const struct snapshots *snapshots, enum metrics_style style);

/* "Intel VMX", "AMD SVM"; NULL for a namespace newer than this program. */
const char *vendor_name(uint32_t reasons);

/* Cycles in another unit; the TSC's frequency must be known for it. */
double in_unit(enum time_unit unit, uint64_t tsc_hz, double cycles);
struct grid;
void report_time_cell(struct grid *grid, enum time_unit unit, uint64_t tsc_hz, double cycles);
extern const char *const unit_titles[];	/* "CYCLES", "NS", "US" */
/* 0, or -1 after a complaint: the host does not tell the frequency. */
int check_unit(const struct exitstat *es, enum time_unit unit);

#endif /* EXITSTAT_REPORT_H */
