// SPDX-License-Identifier: GPL-2.0-only
/* exitstat: what this VM's exits cost, per reason. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"

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

static const struct command *command_called(const char *word)
{
	size_t i;

	for (i = 0; commands[i]; i++) {
		if (!strcmp(word, commands[i]->name))
			return commands[i];
	}
	return NULL;
}

/* exitstat help [COMMAND] */
static int help_on(int argc, char **argv)
{
	char option[] = "--help";
	char *words[3] = { argv[1], option };
	const struct command *command;

	if (argc < 2)
		return help();
	command = command_called(argv[1]);
	if (command && argc == 2)
		return command->run(2, words);
	if (command)
		complain("unexpected argument %s; try --help", argv[2]);
	else
		complain("no command is called %s; try exitstat --help", argv[1]);
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	const struct command *command;

	/* Whoever started us may ignore it, and then no command has an end. */
	signal(SIGCHLD, SIG_DFL);
	if (!strcmp(word, "help"))
		return help_on(argc - 1, argv + 1);
	if (!strcmp(word, "-h") || !strcmp(word, "--help"))
		return help();
	command = command_called(word);
	return command ? command->run(argc - 1, argv + 1) : cmd_stat.run(argc, argv);
}
