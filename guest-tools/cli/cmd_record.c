// SPDX-License-Identifier: GPL-2.0-only
/* exitstat record: snapshots into a file, for exitstat report. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "command.h"
#include "options.h"
#include "recorder.h"

#define HELP \
	"Usage: exitstat record -o FILE [-i SECONDS] [-c COUNT]\n" \
	"       exitstat record -o FILE [-i SECONDS] [--] COMMAND [ARGUMENT]...\n" \
	"\n" \
	"Write a snapshot of all statistics to FILE now, after each interval, and at the\n" \
	"end: when COMMAND ends, after COUNT intervals, or at Ctrl-C.  exitstat report\n" \
	"shows what is in the file.  The exit status is the command's.\n" \
	"\n" \
	"  -o, --output FILE   where to write; a file that is there is overwritten\n" \
	"  -i, --interval S    seconds between snapshots (1)\n" \
	"  -c, --count N       end after N intervals\n" \
	HELP_HELP

struct record {
	const char *path;
	double interval;
	uint64_t count;		/* 0: no end */
	char **command;		/* NULL: none */
	struct exitstat *es;
	struct recorder *recorder;
	struct exitstat_snapshot *last;
	struct child child;
};

static int cannot_write(const struct record *record)
{
	unsigned long samples = recorder_samples(record->recorder);

	if (samples)
		complain("cannot write %s: %s; it holds the %lu sample%s before",
			 record->path, recorder_why(record->recorder), samples,
			 samples == 1 ? "" : "s");
	else
		complain("cannot write %s: %s", record->path, recorder_why(record->recorder));
	return -1;
}

/* -1 after a complaint */
static int take_sample(struct record *record)
{
	const struct exitstat_query query = {
		.vcpu = EXITSTAT_WHOLE_VM,
		.with = EXITSTAT_WITH_ROW_STATS | EXITSTAT_WITH_HISTOGRAMS |
			EXITSTAT_WITH_VCPU_STATS,
	};
	struct exitstat_snapshot *snap = NULL;
	int err;

	err = exitstat_read(record->es, &query, &snap);
	if (err == -EOPNOTSUPP)
		err = exitstat_snapshot(record->es, &snap);
	if (err == -EAGAIN && record->last) {
		/* The next one may do better. */
		complain("a sample is missing: %s", exitstat_reason(record->es));
		return 0;
	}
	if (err) {
		complain("%s", exitstat_reason(record->es));
		return -1;
	}
	if (record->last && record->last->instance != snap->instance)
		complain("the counters restarted: the VM was restored or migrated");
	exitstat_snapshot_free(record->last);
	record->last = snap;
	return recorder_sample(record->recorder, record->es, snap) ? cannot_write(record) : 0;
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* What ended the wait: one of the signals, or 0 as the time has come. */
static int wait_until(uint64_t then, const sigset_t *signals, siginfo_t *signal)
{
	struct timespec ts;
	uint64_t left;
	int number;

	for (;;) {
		left = now();
		left = then > left ? then - left : 0;
		ts.tv_sec = (time_t)(left / 1000000000u);
		ts.tv_nsec = (long)(left % 1000000000u);
		number = sigtimedwait(signals, signal, &ts);
		if (number > 0)
			return number;
		if (errno == EAGAIN)
			return 0;
	}
}

/*
 * Sample until the end.  Returns why it ended, NULL after a complaint.  With a
 * command, a signal is for that, which ends if it wants to.
 */
static const char *sample_on(struct record *record, const sigset_t *signals)
{
	uint64_t step = (uint64_t)(record->interval * 1e9), next = now(), done = 0;
	siginfo_t signal;
	int number;

	for (;;) {
		/* Late by more than an interval: those are lost. */
		while (next <= now())
			next += step;
		number = wait_until(next, signals, &signal);
		if (number == SIGCHLD) {
			if (!record->command || !child_ended(&record->child))
				continue;
			return take_sample(record) ? NULL : "command";
		}
		if (number && record->command) {
			child_pass_on(&record->child, &signal);
			continue;
		}
		if (take_sample(record))
			return NULL;
		if (number)
			return "signal";
		if (record->count && ++done == record->count)
			return "count";
	}
}

/* With the signals blocked, which the command must not inherit. */
static int record_all(struct record *record, const sigset_t *signals, const sigset_t *old)
{
	const char *why;
	int status = EXIT_SUCCESS;

	if (take_sample(record))
		return EXIT_FAILURE;
	if (record->command) {
		status = child_start(&record->child, record->command, old);
		if (status) {
			recorder_end(record->recorder, "error", -1);
			return status;
		}
	}
	why = sample_on(record, signals);
	if (record->command) {
		/* The file is lost to us, the command is the user's. */
		status = child_wait(&record->child, signals);
	}
	if (!why) {
		recorder_end(record->recorder, "error", -1);
		return EXIT_FAILURE;
	}
	if (recorder_end(record->recorder, why, record->command ? status : -1)) {
		cannot_write(record);
		return EXIT_FAILURE;
	}
	return status;
}

static int record_to_file(struct record *record)
{
	sigset_t signals, old;
	int err, status;

	/* From before there is a file: one that comes early ends it, too. */
	child_block_signals(&signals, &old);
	err = exitstat_open(&record->es);
	if (err) {
		complain("%s", record->es ? exitstat_reason(record->es) : "out of memory");
		return EXIT_FAILURE;
	}
	err = recorder_open(&record->recorder, record->path);
	if (err) {
		complain("cannot write %s: %s", record->path, strerror(-err));
		return EXIT_FAILURE;
	}
	if (recorder_begin(record->recorder, record->es, record->interval, record->command)) {
		cannot_write(record);
		return EXIT_FAILURE;
	}

	/* A limit to the size of files is an error like a full disk. */
	signal(SIGXFSZ, SIG_IGN);
	status = record_all(record, &signals, &old);
	if (recorder_close(record->recorder)) {
		cannot_write(record);
		status = EXIT_FAILURE;
	}
	return status;
}

static int run(int argc, char **argv)
{
	static const struct option longs[] = {
		LONG_HELP,
		{ "output", required_argument, NULL, 'o' },
		LONG_INTERVAL,
		{ "count", required_argument, NULL, 'c' },
		LONG_END,
	};
	struct options options = {
		.help = HELP,
		.shorts = "+:" SHORT_HELP SHORT_INTERVAL "o:c:",
		.longs = longs,
		.interval = 1,
	};
	struct record record = { .path = NULL };
	int option, status;

	while ((option = options_next(&options, argc, argv)) != OPTIONS_END) {
		switch (option) {
		case 'o':
			record.path = optarg;
			break;
		case 'c':
			if (!parse_number(optarg, UINT32_MAX, &record.count) && record.count)
				break;
			complain("-c: not a number of intervals from 1 to %" PRIu32 ": %s",
				 UINT32_MAX, optarg);
			return EXIT_USAGE;
		default:
			return options.status;
		}
	}
	if (!record.path) {
		complain("say where to write: exitstat record -o FILE");
		return EXIT_USAGE;
	}
	record.interval = options.interval;
	if (optind < argc)
		record.command = argv + optind;
	if (record.command && record.count) {
		complain("-c does not go with a command, which has an end of its own");
		return EXIT_USAGE;
	}
	status = record_to_file(&record);
	exitstat_snapshot_free(record.last);
	recorder_free(record.recorder);
	exitstat_close(record.es);
	return status;
}

const struct command cmd_record = {
	.name = "record",
	.summary = "write statistics to a file over time",
	.run = run,
};
