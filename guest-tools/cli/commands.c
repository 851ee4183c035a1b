// SPDX-License-Identifier: GPL-2.0-only
/* The table of commands, and what they all say. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "command.h"
#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"

const struct command *const commands[] = {
	&cmd_stat,
	&cmd_run,
	&cmd_vcpus,
	&cmd_info,
	&cmd_leaf,
	&cmd_top,
	&cmd_record,
	&cmd_report,
	&cmd_export,
	&cmd_explain,
	&cmd_host,
	NULL,
};

void complain(const char *format, ...)
{
	va_list args;

	fputs("exitstat: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int print_version(void)
{
	printf("exitstat %s (exit statistics ABI %d)\n", EXITSTAT_VERSION,
	       KVM_EXIT_STATS_ABI_VERSION);
	return finish_output(stdout, NULL);
}

int finish_output(FILE *out, const char *name)
{
	errno = 0;
	if (!fflush(out) && !ferror(out))
		return EXIT_SUCCESS;
	if (errno != EPIPE)
		complain("cannot write %s: %s", name ? name : "the output",
			 errno ? strerror(errno) : "write error");
	return EXIT_FAILURE;
}
