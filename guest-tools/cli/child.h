/* SPDX-License-Identifier: GPL-2.0-only */
/* A command that runs while something else is done. */
#ifndef EXITSTAT_CHILD_H
#define EXITSTAT_CHILD_H

#include <signal.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int wait_status;
	int has_ended;
};

/*
 * Start it, with this signal mask.  0; or after a complaint the exit status that
 * shells have for it: 127 there is no such command, 126 it cannot be started.
 */
int child_start(struct child *child, char *const *argv, const sigset_t *mask);

/* Whether it has ended; does not wait. */
int child_ended(struct child *child);

/* Wait for its end.  Its exit status, 128 and the number for a signal. */
int child_wait(struct child *child);

#endif /* EXITSTAT_CHILD_H */
