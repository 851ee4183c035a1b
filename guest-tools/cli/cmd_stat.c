// SPDX-License-Identifier: GPL-2.0-only
/* exitstat [INTERVAL [COUNT]]: since the start, and then what comes. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "grid.h"
#include "report.h"

#define HELP \
	"Usage: exitstat [stat] [OPTION]... [INTERVAL [COUNT]]\n" \
	"\n" \
	"VM exits of this guest per reason, most expensive first.  Without an INTERVAL\n" \
	"since the VM was started.  With an INTERVAL in seconds that comes first, then\n" \
	"what happened in each interval, COUNT reports in all or until Ctrl-C, and the\n" \
	"average at the end.\n" \
	"\n" \
	HELP_OUTPUT \
	HELP_OPENMETRICS \
	HELP_CPUS \
	HELP_ROWS \
	HELP_HELP \
	"\n" \
	"Exit status: 0 shown, 1 cannot be shown, 2 wrong usage.\n"

static const struct option longs[] = {
	LONG_HELP,
	LONG_OUTPUT,
	LONG_OPENMETRICS,
	LONG_CPUS,
	LONG_ROWS,
	LONG_END,
};

struct stat_run {
	struct options options;
	double interval; /* seconds; 0: since the start only */
	uint64_t count;	 /* of reports; 0: until interrupted */
	struct exitstat *es;
	unsigned int with;
	/* The first one of this life of the counters, and the one before. */
	struct snapshots *first;
	struct snapshots *previous;
	uint64_t reports;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

/* The VM's age as its vCPUs know it, in seconds; 0: not known. */
static double age(struct exitstat *es, const struct snapshots *snapshots)
{
	const struct exitstat_info *info = exitstat_info(es);
	const struct exitstat_stat *elapsed;
	const struct exitstat_snapshot *snap;
	double cycles;

	elapsed = exitstat_find_stat_name(es, "elapsed");
	if (!elapsed || !snapshots->nr || !info->tsc_hz || !info->nr_vcpus)
		return 0;
	snap = snapshots->snap[0];
	if (!snap->vcpu_values)
		return 0;
	cycles = (double)snap->vcpu_values[elapsed->first];
	if (snap->vcpu == EXITSTAT_WHOLE_VM)
		cycles /= info->nr_vcpus;
	return cycles / (double)info->tsc_hz;
}

static int print(struct stat_run *run, enum report_period period,
		 const struct snapshots *snapshots, double seconds)
{
	struct report report = {
		.command = "stat",
		.period = period,
		.seconds = seconds,
		.when = time(NULL),
		.is_stream = run->interval > 0,
		.is_first = !run->reports,
		.snapshots = snapshots,
	};

	if (report_print(stdout, run->es, &run->options, &report)) {
		complain("out of memory");
		return -1;
	}
	run->reports++;
	return finish_output(stdout, NULL) ? -1 : 0;
}

static int since_start(struct stat_run *run, const struct snapshots *now)
{
	struct snapshots *snapshots;
	int err;

	err = snapshots_diff(run->es, NULL, now, own_flag(&run->options, 0),
			     &snapshots);
	if (err)
		return err;
	err = print(run, PERIOD_START, snapshots,
		    run->interval > 0 ? age(run->es, now) : 0);
	snapshots_free(snapshots);
	return err;
}

static double seconds_between(const struct snapshots *before,
			      const struct snapshots *after)
{
	uint64_t nanoseconds = after->snap[0]->nanoseconds -
			       before->snap[0]->nanoseconds;

	return (double)nanoseconds / 1e9;
}

static int between(struct stat_run *run, enum report_period period,
		   const struct snapshots *before, const struct snapshots *after)
{
	struct snapshots *diff;
	int err;

	err = snapshots_diff(run->es, before, after, own_flag(&run->options, 1),
			     &diff);
	if (err)
		return err;
	err = print(run, period, diff, seconds_between(before, after));
	snapshots_free(diff);
	return err;
}

static void wait_until(struct timespec *next, double interval)
{
	const long second = 1000000000;

	next->tv_sec += (time_t)interval;
	next->tv_nsec += (long)((interval - (double)(time_t)interval) * 1e9);
	if (next->tv_nsec >= second) {
		next->tv_nsec -= second;
		next->tv_sec++;
	}
	while (!interrupted &&
	       clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL) == EINTR)
		;
}

/* A new life of the counters: nothing before it counts any more. */
static int start_anew(struct stat_run *run, struct snapshots *now)
{
	complain("%s; what follows counts from there", exitstat_reason(run->es));
	snapshots_free(run->first);
	if (run->previous != run->first)
		snapshots_free(run->previous);
	run->first = now;
	run->previous = now;
	run->reports++;
	return 0;
}

static int one_interval(struct stat_run *run)
{
	struct snapshots *now;
	int err;

	err = snapshots_read(run->es, &run->options, run->with, &now);
	if (err)
		return err;
	err = between(run, PERIOD_INTERVAL, run->previous, now);
	if (err == -ESTALE)
		return start_anew(run, now);
	if (err) {
		snapshots_free(now);
		return err;
	}
	if (run->previous != run->first)
		snapshots_free(run->previous);
	run->previous = now;
	return 0;
}

static int all_intervals(struct stat_run *run)
{
	struct sigaction action = {
		.sa_handler = on_interrupt,
		/* A report being written comes out whole. */
		.sa_flags = SA_RESTART,
	};
	struct timespec next;
	int err = 0;

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!err && (!run->count || run->reports < run->count)) {
		wait_until(&next, run->interval);
		if (interrupted)
			break;
		err = one_interval(run);
	}
	/* The terminal has shown ^C. */
	if (interrupted && run->options.format == FORMAT_TEXT)
		putchar('\n');
	if (!err && run->previous != run->first)
		err = between(run, PERIOD_AVERAGE, run->first, run->previous);
	return err;
}

static int show(struct stat_run *run)
{
	int err;

	err = open_host(&run->es);
	if (err)
		return err;
	if (check_unit(run->es, run->options.unit))
		return -1;
	run->options.width = width_of(stdout);
	run->with = rows_with(run->es, &run->options);
	if (run->interval > 0 &&
	    exitstat_find_stat_name(run->es, "guest"))
		run->with |= EXITSTAT_WITH_VCPU_STATS;

	err = snapshots_read(run->es, &run->options, run->with, &run->first);
	if (err)
		return err;
	run->previous = run->first;
	err = since_start(run, run->first);
	if (!err && run->interval > 0)
		err = all_intervals(run);
	return err;
}

static int parse_operands(struct stat_run *run, int argc, char **argv)
{
	int left = argc - optind;

	if (left > 0 && parse_seconds(argv[optind], &run->interval)) {
		complain("neither a command nor 0.001 to 10000000 seconds: %s; try --help",
			 argv[optind]);
		return -1;
	}
	if (left > 1 && (parse_number(argv[optind + 1], 1000000000, &run->count) ||
			 !run->count)) {
		complain("not a number of reports: %s", argv[optind + 1]);
		return -1;
	}
	if (left > 2) {
		complain("unexpected argument %s; try --help", argv[optind + 2]);
		return -1;
	}
	if (left && run->options.format == FORMAT_OPENMETRICS) {
		complain("--openmetrics has counters since the start, and no intervals");
		return -1;
	}
	return 0;
}

static int stat_main(int argc, char **argv)
{
	struct stat_run run = {
		.options = {
			.help = HELP,
			.shorts = ":" SHORT_HELP SHORT_OUTPUT SHORT_CPUS,
			.longs = longs,
		},
	};
	int status;

	if (options_next(&run.options, argc, argv) == OPTIONS_STOP) {
		status = run.options.status;
	} else if (parse_operands(&run, argc, argv)) {
		status = EXIT_USAGE;
	} else {
		status = show(&run) ? EXIT_FAILURE : EXIT_SUCCESS;
		if (run.previous != run.first)
			snapshots_free(run.previous);
		snapshots_free(run.first);
		exitstat_close(run.es);
	}
	options_free(&run.options);
	return status;
}

const struct command cmd_stat = {
	.name = "stat",
	.summary = "exits per reason, since the start or in intervals (the default)",
	.run = stat_main,
};
