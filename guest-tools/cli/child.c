// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "command.h"

#define NOT_FOUND	127
#define NOT_STARTED	126

/* In the child.  Its output may be the command's: the parent complains. */
static void start_command(char *const *argv, const sigset_t *mask, int tell)
{
	int error;

	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGXFSZ, SIG_DFL);
	execvp(argv[0], argv);
	error = errno;
	if (write(tell, &error, sizeof(error)) < 0)
		_exit(NOT_STARTED);
	_exit(NOT_FOUND);
}

int child_start(struct child *child, char *const *argv, const sigset_t *mask)
{
	int ends[2], error = 0;
	ssize_t got;

	memset(child, 0, sizeof(*child));
	if (pipe2(ends, O_CLOEXEC)) {
		complain("cannot start %s: %s", argv[0], strerror(errno));
		return NOT_STARTED;
	}
	child->pid = fork();
	if (!child->pid)
		start_command(argv, mask, ends[1]);
	error = child->pid < 0 ? errno : 0;
	close(ends[1]);
	/* The pipe closes by itself as the command starts. */
	while (child->pid > 0) {
		got = read(ends[0], &error, sizeof(error));
		if (got >= 0 || errno != EINTR)
			break;
	}
	close(ends[0]);
	if (!error)
		return 0;
	complain("cannot start %s: %s", argv[0], strerror(error));
	if (child->pid > 0)
		waitpid(child->pid, NULL, 0);
	return error == ENOENT ? NOT_FOUND : NOT_STARTED;
}

int child_ended(struct child *child)
{
	if (!child->has_ended &&
	    waitpid(child->pid, &child->wait_status, WNOHANG) == child->pid)
		child->has_ended = 1;
	return child->has_ended;
}

int child_wait(struct child *child)
{
	while (!child->has_ended) {
		if (waitpid(child->pid, &child->wait_status, 0) == child->pid)
			child->has_ended = 1;
		else if (errno != EINTR)
			return EXIT_FAILURE;
	}
	if (WIFSIGNALED(child->wait_status))
		return 128 + WTERMSIG(child->wait_status);
	return WEXITSTATUS(child->wait_status);
}
