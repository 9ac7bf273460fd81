// SPDX-License-Identifier: GPL-2.0
/*
 * exec: run a command with a VMO as an inherited file descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file_pager.h"
#include "out.h"
#include "server.h"
#include "source.h"

extern char **environ;

/**
 * struct run - the command and what it needs
 * @src: VMO of another process
 * @pager: for an anonymous VMO made here
 * @fp: for --file
 * @serving: @fp is in use
 * @vmo: the VMO that the command gets, made here; NULL with @src
 * @signals: signalfd
 * @old_mask: what was blocked before
 * @child: the command
 */
struct run {
	struct source src;
	struct vmop_pager *pager;
	struct file_pager fp;
	bool serving;
	struct vmop_vmo *vmo;
	int signals;
	sigset_t old_mask;
	pid_t child;
};

static int make_anonymous(const struct args *a, struct run *r)
{
	struct vmop_vmo_opts o;
	int ret;

	if (a->deadline_ms || a->max_request_pages)
		return usage_error("--deadline-ms and --max-request-pages need --file");
	if (a->trap_dirty || a->dirty_limit)
		return usage_error("--trap-dirty and --dirty-limit need --file");
	ret = new_vmo_opts(a, &o);
	if (!ret)
		ret = device_open(a, &r->pager);
	if (!ret) {
		ret = vmop_vmo_new_anon(r->pager, a->anonymous, &o, &r->vmo);
		if (ret)
			ret = new_vmo_error(a, ret);
	}
	if (o.payer_fd > 0)
		close(o.payer_fd);
	return ret;
}

static int get_vmo(const struct args *a, struct run *r)
{
	bool other = a->socket || a->vmo || a->fd != ~0ull;
	bool anon = a->anonymous != ~0ull;
	int ret;

	if (!!a->file + anon + other != 1)
		return usage_error("give one of --file, --anonymous, --socket, --fd, --vmo");
	if (!a->file && (a->write || a->wal))
		return usage_error("--write and --wal need --file");
	if (other)
		return source_open(a, O_RDWR, &r->src);
	if (anon)
		return make_anonymous(a, r);
	r->serving = true;
	ret = file_pager_new(a, a->file, &r->fp);
	if (!ret)
		ret = file_pager_hand_out(&r->fp, a->writable, &r->vmo);
	return ret;
}

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
static int spawn(struct run *r, char **argv, int fd)
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
	posix_spawnattr_setsigmask(&attr, &r->old_mask);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawnp(&r->child, argv[0], &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

/* A terminal sends SIGINT to the command itself; SIGTERM came to us only. */
static void pass_signal(const struct run *r)
{
	struct signalfd_siginfo info;

	while (read(r->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo == SIGTERM)
			kill(r->child, SIGTERM);
}

/* Waits for the command. Return: its exit status. */
static int wait_child(struct run *r)
{
	struct pollfd fds[2] = {
		{ r->signals, POLLIN, 0 },
		{ r->serving ? vmop_loop_fd(r->fp.loop) : -1, POLLIN, 0 },
	};
	int status, err;

	for (;;) {
		if (waitpid(r->child, &status, WNOHANG) == r->child)
			break;
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return system_error(-errno, "cannot wait");
		if (fds[0].revents)
			pass_signal(r);
		if (!fds[1].revents)
			continue;
		/* No pager any more: those who wait for it must not hang. */
		fds[1].fd = -1;
		err = vmop_loop_join(r->fp.loop);
		vmo_error(err ? err : -ENOTCONN,
			  "the pager's threads have ended");
		vmop_pager_detach(r->fp.pager, r->fp.vmo);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

static int run(const struct args *a, struct run *r)
{
	int fd = vmop_vmo_fd(r->vmo ? r->vmo : r->src.vmo);
	char number[16], **argv;
	int ret;

	ret = signals_block(true, &r->signals, &r->old_mask);
	if (!ret && r->serving)
		ret = file_pager_start(&r->fp);
	if (ret)
		return ret;
	snprintf(number, sizeof(number), "%d", fd);
	argv = make_argv(a, fd);
	if (!argv || setenv("VMOCTL_FD", number, 1)) {
		free_argv(argv);
		return plain_error("no memory");
	}
	ret = spawn(r, argv, fd);
	if (ret) {
		system_error(ret, "cannot run '%s'", argv[0]);
		ret = STATUS_NOT_RUN;
	} else {
		ret = wait_child(r);
	}
	free_argv(argv);
	/* Its last user has ended. */
	if (r->serving && file_pager_stop(&r->fp) && !ret)
		ret = STATUS_ERROR;
	return ret;
}

static int show(const struct args *a, const struct run *r, int status)
{
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	struct out *o;

	if (!a->json && !a->verbose)
		return status;
	if (r->serving)
		vmop_loop_stats_get(r->fp.loop, &st);
	o = out_new(a->json);
	if (a->json)
		out_text(o, "event", "end");
	out_number(o, "exit_status", (__u64)status);
	out_number(o, "requests", st.requests);
	out_bytes(o, "requested_bytes", st.requested_bytes);
	out_number(o, "failed", st.failed);
	return out_end(o) && !status ? STATUS_ERROR : status;
}

int cmd_exec(const struct args *a)
{
	struct run r = { .src.sock = -1, .signals = -1 };
	int ret;

	out_stream = stderr;
	ret = get_vmo(a, &r);
	if (!ret) {
		ret = run(a, &r);
		if (r.child)
			ret = show(a, &r, ret);
	}
	vmop_vmo_close(r.vmo);
	source_close(&r.src);
	if (r.serving)
		file_pager_free(&r.fp);
	vmop_pager_close(r.pager);
	if (r.signals >= 0)
		close(r.signals);
	return ret;
}
