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
static void start_command(char *const *argv, const sigset_t *mask, int go, int tell)
{
	char none;
	int error;

	/* Nothing is ever sent: the other end is closed. */
	if (read(go, &none, 1) < 0)
		_exit(NOT_STARTED);
	sigprocmask(SIG_SETMASK, mask, NULL);
	signal(SIGXFSZ, SIG_DFL);
	execvp(argv[0], argv);
	error = errno;
	if (write(tell, &error, sizeof(error)) < 0)
		_exit(NOT_STARTED);
	_exit(NOT_FOUND);
}

static int not_started(char *const *argv, int error)
{
	complain("cannot run %s: %s", argv[0], strerror(error));
	return error == ENOENT ? NOT_FOUND : NOT_STARTED;
}

int child_prepare(struct child *child, char *const *argv, const sigset_t *mask)
{
	int go[2], told[2], error = 0;

	memset(child, 0, sizeof(*child));
	child->argv = argv;
	if (pipe2(go, O_CLOEXEC))
		return not_started(argv, errno);
	if (pipe2(told, O_CLOEXEC)) {
		error = errno;
		close(go[0]);
		close(go[1]);
		return not_started(argv, error);
	}
	child->pid = fork();
	if (!child->pid) {
		close(go[1]);
		close(told[0]);
		start_command(argv, mask, go[0], told[1]);
	}
	error = child->pid < 0 ? errno : 0;
	close(go[0]);
	close(told[1]);
	child->go = go[1];
	child->told = told[0];
	if (!error)
		return 0;
	close(child->go);
	close(child->told);
	return not_started(argv, error);
}

int child_go(struct child *child)
{
	ssize_t got;
	int error = 0;

	close(child->go);
	/* The pipe closes by itself as the command starts. */
	do
		got = read(child->told, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	close(child->told);
	if (got != sizeof(error))
		return 0;
	waitpid(child->pid, NULL, 0);
	return not_started(child->argv, error);
}

void child_call_off(struct child *child)
{
	kill(child->pid, SIGKILL);
	close(child->go);
	close(child->told);
	waitpid(child->pid, NULL, 0);
}

int child_start(struct child *child, char *const *argv, const sigset_t *mask)
{
	int status = child_prepare(child, argv, mask);

	return status ? status : child_go(child);
}

void child_block_signals(sigset_t *signals, sigset_t *old)
{
	struct sigaction action;

	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGQUIT);
	sigaddset(signals, SIGTERM);
	sigaddset(signals, SIGCHLD);
	/* nohup has it ignored, which waiting for it would undo. */
	if (sigaction(SIGHUP, NULL, &action) || action.sa_handler != SIG_IGN)
		sigaddset(signals, SIGHUP);
	sigprocmask(SIG_BLOCK, signals, old);
}

void child_pass_on(const struct child *child, const siginfo_t *signal)
{
	/* The terminal has sent its own to the command as well. */
	if (signal->si_code != SI_KERNEL)
		kill(child->pid, signal->si_signo);
}

int child_ended(struct child *child)
{
	if (!child->has_ended &&
	    waitpid(child->pid, &child->wait_status, WNOHANG) == child->pid)
		child->has_ended = 1;
	return child->has_ended;
}

int child_wait(struct child *child, const sigset_t *signals)
{
	siginfo_t signal;

	while (!child_ended(child)) {
		if (sigwaitinfo(signals, &signal) > 0 && signal.si_signo != SIGCHLD)
			child_pass_on(child, &signal);
	}
	if (WIFSIGNALED(child->wait_status))
		return 128 + WTERMSIG(child->wait_status);
	return WEXITSTATUS(child->wait_status);
}
