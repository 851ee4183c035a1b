/* SPDX-License-Identifier: GPL-2.0-only */
/* The subcommands of exitstat, one file each: cmd_NAME.c. */
#ifndef EXITSTAT_COMMAND_H
#define EXITSTAT_COMMAND_H

#include <stdio.h>
#include <stdlib.h>

#define EXIT_USAGE	2	/* beside EXIT_SUCCESS and EXIT_FAILURE */

struct command {
	const char *name;
	const char *summary; /* a line of exitstat --help */
	/* argv[0] is the command's name; returns the exit status. */
	int (*run)(int argc, char **argv);
};

extern const struct command cmd_stat; /* the one that needs no name */
extern const struct command cmd_run;
extern const struct command cmd_vcpus;
extern const struct command cmd_info;
extern const struct command cmd_leaf;
extern const struct command cmd_top;
extern const struct command cmd_record;
extern const struct command cmd_report;
extern const struct command cmd_export;
extern const struct command cmd_explain;
extern const struct command cmd_host;

/* Ends in NULL. */
extern const struct command *const commands[];

/* A line to standard error, with the program's name in front. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Flush the stream; complain if something could not be written, but not if its
 * reader has seen enough.  Returns an exit status.
 */
int finish_output(FILE *out, const char *name);

/* Of the program and of the ABI; an exit status */
int print_version(void);

#endif /* EXITSTAT_COMMAND_H */
