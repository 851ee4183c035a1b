// SPDX-License-Identifier: GPL-2.0-only
/* exitstat: what this VM's exits cost, per reason. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvm_exit_stats.h"
#include "report.h"

#define EXIT_USAGE	2

enum {
	OPT_HELP = 256, /* above the letters, to tell a long one from a short */
	OPT_VERSION,
};

static const char help[] =
	"Usage: exitstat [-h|--help] [--version]\n"
	"\n"
	"Show the VM exits of this guest per reason, dearest first: how many there\n"
	"were since the VM was started, and the cycles that the host spent on them.\n"
	"Needs no privilege and no driver, only a KVM host with exit statistics.\n"
	"\n"
	"  -h, --help     show this help\n"
	"      --version  show the version\n"
	"\n"
	"Exit status: 0 shown, 1 cannot be shown, 2 wrong usage.\n";

static void complain(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static void complain(const char *format, ...)
{
	va_list args;

	fputs("exitstat: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* A reader that has seen enough is no error to speak of. */
static int finish(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return EXIT_SUCCESS;
	if (errno == EPIPE)
		return EXIT_FAILURE;
	complain("cannot write the output: %s",
		 errno ? strerror(errno) : "write error");
	return EXIT_FAILURE;
}

static int usage_error(char **argv, int option)
{
	if (!option)
		complain("unknown option %s; try exitstat --help",
			 argv[optind - 1]);
	else if (option >= OPT_HELP)
		complain("%s: this option takes no value", argv[optind - 1]);
	else
		complain("unknown option -%c; try exitstat --help", option);
	return EXIT_USAGE;
}

static int show(void)
{
	struct exitstat_snapshot *snap = NULL;
	struct exitstat *es;
	int status = EXIT_FAILURE;
	int err;

	err = exitstat_open(&es);
	if (!err)
		err = exitstat_snapshot(es, &snap);
	if (err) {
		complain("%s", exitstat_reason(es));
		goto out;
	}

	report_sort(snap);
	if (report_text(stdout, es, snap)) {
		complain("out of memory");
		goto out;
	}
	status = finish();
out:
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
		case OPT_HELP:
			fputs(help, stdout);
			return finish();
		case OPT_VERSION:
			printf("exitstat %s (exit statistics ABI %d)\n",
			       EXITSTAT_VERSION, KVM_EXIT_STATS_ABI_VERSION);
			return finish();
		default:
			return usage_error(argv, optopt);
		}
	}
	if (optind < argc) {
		complain("unexpected argument %s; try exitstat --help",
			 argv[optind]);
		return EXIT_USAGE;
	}
	return show();
}
