// SPDX-License-Identifier: GPL-2.0
/*
 * Running a command with a VMO as an inherited file descriptor.
 */
#include <errno.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "file_pager.h"
#include "out.h"
#include "server.h"

extern char **environ;

/**
 * struct command - a command that runs
 * @signals: signalfd
 * @old_mask: what was blocked before
 * @child: the command
 * @fp: its pager, or NULL
 */
struct command {
	int signals;
	sigset_t old_mask;
	pid_t child;
	struct file_pager *fp;
};

/* arg with each {} replaced; the caller frees it. NULL without memory. */
static char *fill_in(const char *arg, const char *path)
{
	size_t count = 0, len = strlen(path);
	const char *p, *next;
	char *out, *to;

	for (p = arg; (p = strstr(p, "{}")); p += 2)
		count++;
	out = malloc(strlen(arg) + count * len + 1);
	if (!out)
		return NULL;
	for (p = arg, to = out; (next = strstr(p, "{}")); p = next + 2) {
		memcpy(to, p, (size_t)(next - p));
		to += next - p;
		memcpy(to, path, len);
		to += len;
	}
	strcpy(to, p);
	return out;
}

static void free_argv(char **argv)
{
	char **p;

	for (p = argv; p && *p; p++)
		free(*p);
	free(argv);
}

static char **make_argv(const struct args *a, int fd)
{
	char path[40], **argv;
	int i;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	argv = calloc((size_t)a->rest_count + 1, sizeof(*argv));
	for (i = 0; argv && i < a->rest_count; i++) {
		argv[i] = fill_in(a->rest[i], path);
		if (!argv[i]) {
			free_argv(argv);
			return NULL;
		}
	}
	return argv;
}

/* Return: 0 or a negative errno of the start of the command. */
static int spawn(struct command *c, char **argv, int fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int ret;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	/* Onto itself: takes close-on-exec away, in the command only. */
	posix_spawn_file_actions_adddup2(&actions, fd, fd);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &c->old_mask);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawnp(&c->child, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

/* A terminal sends SIGINT to the command itself; SIGTERM came to us only. */
static void pass_signal(const struct command *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			kill(c->child, SIGTERM);
}

/* Waits for the command. Return: its exit status. */
static int wait_child(struct command *c)
{
	struct pollfd fds[2] = {
		{ c->signals, POLLIN, 0 },
		{ c->fp ? vmop_loop_fd(c->fp->loop) : -1, POLLIN, 0 },
	};
	int status, err;

	for (;;) {
		if (waitpid(c->child, &status, WNOHANG) == c->child)
			break;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return system_error(-errno, "cannot wait");
		if (fds[0].revents)
			pass_signal(c);
		if (!fds[1].revents)
			continue;
		/* No pager any more: those who wait for it must not hang. */
		fds[1].fd = -1;
		err = vmop_loop_join(c->fp->loop);
		vmo_error(err ? err : -ENOTCONN,
			  "the pager's threads have ended");
		vmop_pager_detach(c->fp->pager, c->fp->vmo);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

static int start(const struct args *a, struct command *c, int fd, bool *ran)
{
	char number[16], **argv;
	int ret;

	snprintf(number, sizeof(number), "%d", fd);
	argv = make_argv(a, fd);
	if (!argv || setenv("VMOCTL_FD", number, 1)) {
		free_argv(argv);
		return plain_error("no memory");
	}
	ret = spawn(c, argv, fd);
	if (ret) {
		system_error(ret, "cannot run '%s'", argv[0]);
		ret = STATUS_NOT_RUN;
	} else {
		*ran = true;
		ret = wait_child(c);
	}
	free_argv(argv);
	return ret;
}

int command_run(const struct args *a, const struct vmop_vmo *vmo,
		struct file_pager *fp, bool *ran)
{
	struct command c = { .signals = -1, .fp = fp };
	int ret;

	*ran = false;
	ret = signals_block(true, &c.signals, &c.old_mask);
	if (!ret && fp)
		ret = file_pager_start(fp);
	if (!ret)
		ret = start(a, &c, vmop_vmo_fd(vmo), ran);
	if (c.signals >= 0)
		close(c.signals);
	return ret;
}
