/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options that commands share.
 *
 *	static const struct option longs[] = {
 *		LONG_HELP, LONG_OUTPUT, LONG_ROWS,
 *		{ "repeat", required_argument, NULL, 'r' },
 *		LONG_END,
 *	};
 *	struct options options = {
 *		.help = HELP, .shorts = SHORT_HELP SHORT_OUTPUT "r:",
 *		.longs = longs,
 *	};
 *
 *	while ((option = options_next(&options, argc, argv)) != OPTIONS_END) {
 *		switch (option) {
 *		case OPTIONS_STOP:
 *			return options.status;
 *		case 'r':
 */
#ifndef EXITSTAT_OPTIONS_H
#define EXITSTAT_OPTIONS_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

enum output_format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_CSV,
	FORMAT_OPENMETRICS,
};

enum time_unit {
	UNIT_CYCLES,
	UNIT_NS,
	UNIT_US,
};

extern const char *const unit_keys[];	/* "cycles", "ns", "us" */

enum sort_key {
	SORT_TIME,
	SORT_EXITS,
	SORT_MEAN,
	SORT_NAME,
	SORT_CODE,
};

enum own_exits {
	OWN_DEFAULT, /* of the command */
	OWN_KEEP,
	OWN_SUBTRACT,
};

struct options {
	/* Set by the command */
	const char *help;
	const char *shorts;
	const struct option *longs;
	/* Why options_next() said OPTIONS_STOP */
	int status;

	enum output_format format;
	const char *separator; /* of CSV */
	enum time_unit unit;
	enum sort_key sort;
	enum own_exits own;
	int all_rows;	/* those that are zero, too */
	int all_stats;	/* a column for each statistic of the host */
	int width;	/* of the terminal that shows text; 0: not known */
	double interval; /* in seconds; 0: not given */
	int per_cpu;	/* -P */
	int *cpus;	/* with -P: NULL for all, or those in order */
	size_t nr_cpus;
};

/* Values of long options that have no letter: above all letters. */
enum {
	OPT_VERSION = 256,
	OPT_JSON,
	OPT_OPENMETRICS,
	OPT_UNIT,
	OPT_SORT,
	OPT_ALL,
	OPT_STATS,
	OPT_OWN,
	OPT_FIRST_OF_COMMAND, /* commands count on from here */
};

#define SHORT_HELP	"h"
#define LONG_HELP	{ "help", no_argument, NULL, 'h' }, \
			{ "version", no_argument, NULL, OPT_VERSION }
#define SHORT_OUTPUT	"x:"
#define LONG_OUTPUT	{ "json", no_argument, NULL, OPT_JSON }, \
			{ "csv", required_argument, NULL, 'x' }
#define LONG_OPENMETRICS { "openmetrics", no_argument, NULL, OPT_OPENMETRICS }
#define SHORT_INTERVAL	"i:"
#define LONG_INTERVAL	{ "interval", required_argument, NULL, 'i' }
#define LONG_UNIT	{ "unit", required_argument, NULL, OPT_UNIT }
#define SHORT_CPUS	"P:"
#define LONG_CPUS	{ "cpus", required_argument, NULL, 'P' }
#define LONG_ROWS	LONG_UNIT, \
			{ "sort", required_argument, NULL, OPT_SORT }, \
			{ "all", no_argument, NULL, OPT_ALL }, \
			{ "stats", no_argument, NULL, OPT_STATS }, \
			{ "own", required_argument, NULL, OPT_OWN }
#define LONG_END	{ NULL, 0, NULL, 0 }

/* What --help says of them, for a macro HELP of the command. */
#define HELP_OUTPUT \
	"      --json          JSON; docs/exitstat.schema.json describes it\n" \
	"  -x, --csv SEP       values separated by SEP, one line of names\n"
#define HELP_OPENMETRICS \
	"      --openmetrics   OpenMetrics text\n"
#define HELP_CPUS \
	"  -P, --cpus LIST     of these CPUs of the guest (0,2-3) or ALL, each on its own\n"
#define HELP_UNIT \
	"      --unit UNIT     cycles (default), ns or us\n"
#define HELP_ROWS \
	HELP_UNIT \
	"      --sort KEY      time (default), exits, mean, name or code\n" \
	"      --all           reasons that did not occur, too\n" \
	"      --stats         a column for every statistic that the host keeps\n" \
	"      --own MODE      exits that reading causes: keep or subtract\n"
#define HELP_HELP \
	"  -h, --help          show this help\n"

#define OPTIONS_END	(-1)
#define OPTIONS_STOP	(-2)

/*
 * The next option that is the command's own; OPTIONS_END after the last one;
 * OPTIONS_STOP if the command is to return options->status: the help was asked
 * for, or a mistake was complained about.  optind and optarg are getopt's.
 */
int options_next(struct options *options, int argc, char **argv);
void options_free(struct options *options);

/* No operand may follow: 0, or -1 after a complaint. */
int no_operands(int argc, char **argv);

/* A whole number in decimal or with 0x, at most max: 0 or -1. */
int parse_number(const char *text, uint64_t max, uint64_t *number);

/* A number of seconds from 0.001 to 10000000, with decimals perhaps: 0 or -1. */
int parse_seconds(const char *text, double *seconds);

/* "0,2-3" into an array in ascending order: 0, or -1 if it is none. */
int parse_list(const char *text, int **list, size_t *nr);

#endif /* EXITSTAT_OPTIONS_H */
