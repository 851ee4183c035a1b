// SPDX-License-Identifier: GPL-2.0-only
/* exitstat: what this VM's exits cost, per reason. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"

static int help(void)
{
	size_t i;

	printf("Usage: exitstat [OPTION]... [INTERVAL [COUNT]]\n"
	       "       exitstat COMMAND [OPTION]... [ARGUMENT]...\n"
	       "\n"
	       "VM exits of this guest per reason: how many there were, and the cycles that\n"
	       "the host spent on them.  Needs no privilege and no driver, only a KVM host\n"
	       "with exit statistics.\n"
	       "\n"
	       "Without a command: since the VM was started, most expensive first; with an\n"
	       "INTERVAL in seconds, what happened in each (see exitstat stat --help).\n"
	       "\n"
	       "Commands (exitstat COMMAND --help tells more):\n");
	for (i = 0; commands[i]; i++)
		printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n"
	       "  -h, --help     show this help\n"
	       "      --version  show the version\n"
	       "\n"
	       "Exit status: 0 shown, 1 cannot be shown, 2 wrong usage.\n");
	return finish_output(stdout, NULL);
}

static int version(void)
{
	printf("exitstat %s (exit statistics ABI %d)\n", EXITSTAT_VERSION,
	       KVM_EXIT_STATS_ABI_VERSION);
	return finish_output(stdout, NULL);
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	size_t i;

	if (!strcmp(word, "-h") || !strcmp(word, "--help") || !strcmp(word, "help"))
		return help();
	if (!strcmp(word, "--version"))
		return version();
	for (i = 0; commands[i]; i++) {
		if (!strcmp(word, commands[i]->name))
			return commands[i]->run(argc - 1, argv + 1);
	}
	return cmd_stat.run(argc, argv);
}
