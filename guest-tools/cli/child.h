/* SPDX-License-Identifier: GPL-2.0-only */
/* A command that runs while something else is done. */
#ifndef EXITSTAT_CHILD_H
#define EXITSTAT_CHILD_H

#include <signal.h>
#include <sys/types.h>

struct child {
	char *const *argv;
	pid_t pid;
	int go;		/* closed: go */
	int told;	/* holds an errno if it could not be started */
	int wait_status;
	int has_ended;
};

/*
 * Start it, with this signal mask.  0; or after a complaint the exit status that
 * shells have for it: 127 there is no such command, 126 it cannot be started.
 */
int child_start(struct child *child, char *const *argv, const sigset_t *mask);

/*
 * The same in two steps, for what is to be read between: all but the command
 * itself, and then that; or not at all.
 */
int child_prepare(struct child *child, char *const *argv, const sigset_t *mask);
int child_go(struct child *child);
void child_call_off(struct child *child);

/*
 * Block the signals that a command is to have instead of us, and SIGCHLD.  old is
 * the mask that the command starts with.
 */
void child_block_signals(sigset_t *signals, sigset_t *old);

/* Send it what was sent to us, but for what the terminal sends to both. */
void child_pass_on(const struct child *child, const siginfo_t *signal);

/* Whether it has ended; does not wait. */
int child_ended(struct child *child);

/*
 * Wait for its end, and pass on the signals blocked.  Its exit status, 128 and the
 * number for a signal.
 */
int child_wait(struct child *child, const sigset_t *signals);

#endif /* EXITSTAT_CHILD_H */
