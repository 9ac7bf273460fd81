// SPDX-License-Identifier: GPL-2.0
/*
 * The server's side of the socket: hands out one VMO and takes orders.
 *
 * One thread, no lock. No client can hold up the others: nothing blocks, and
 * one that does not take its answer is dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "out.h"
#include "server.h"

#define MAX_CLIENTS 1024

enum { FD_LISTEN, FD_SIGNALS, FD_LOOP, FD_CLIENTS };

int signals_block(bool child, int *fd, sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	if (child)
		sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, old);
	*fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*fd < 0)
		return system_error(-errno, "cannot wait for signals");
	return STATUS_OK;
}

int server_listen(struct server *s, const char *path)
{
	int ret = vmop_socket_listen(path, &s->listen);

	switch (ret) {
	case 0:
		s->path = path;
		return STATUS_OK;
	case -EEXIST:
		return plain_error("'%s' exists and is not a socket; choose another",
				   path);
	case -EADDRINUSE:
		return plain_error("somebody serves on socket '%s' already; choose another",
				   path);
	default:
		return system_error(ret, "cannot make socket '%s'", path);
	}
}

static void drop_client(struct server *s, nfds_t i)
{
	close(s->fds[i].fd);
	if (s->got[i])
		s->users--;
	s->count--;
	s->fds[i] = s->fds[s->count];
	s->got[i] = s->got[s->count];
}

static void accept_client(struct server *s)
{
	int fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE) {
			warning("a client was not accepted: %s",
				strerror(errno));
			usleep(10000);
		}
		return;
	}
	if (s->count == MAX_CLIENTS) {
		warning("a client was not accepted: there are %u",
			MAX_CLIENTS - FD_CLIENTS);
		close(fd);
		return;
	}
	s->fds[s->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	s->got[s->count] = false;
	s->count++;
}

static int do_fail(struct server *s, const struct control_request *req)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	__u64 length = req->length;
	int ret;

	if (req->id)
		return vmop_pager_fail_id(s->pager, s->own, req->id,
					  (int)req->error);
	if (length == LENGTH_REST) {
		ret = vmop_vmo_info(s->own, &info);
		if (ret)
			return ret;
		if (req->offset > info.out_size)
			return -ERANGE;
		length = info.out_size - req->offset;
	}
	return vmop_pager_fail(s->pager, s->own, req->offset, length,
			       (int)req->error);
}

static int answer(struct server *s, nfds_t i,
		  const struct control_request *req)
{
	struct control_reply reply = { .magic = CONTROL_MAGIC };

	switch (req->op) {
	case CONTROL_GET:
		if (vmop_socket_send_vmo(s->fds[i].fd, s->hand_out, NULL))
			return -EPIPE;
		if (!s->got[i])
			s->users++;
		s->got[i] = true;
		return 0;
	case CONTROL_FAIL:
		reply.status = s->own ? do_fail(s, req) : -EBADFD;
		break;
	case CONTROL_DETACH:
		reply.status = s->own ? vmop_pager_detach(s->pager, s->own) :
					-EBADFD;
		break;
	default:
		reply.status = -EOPNOTSUPP;
	}
	return send(s->fds[i].fd, &reply, sizeof(reply), MSG_NOSIGNAL) < 0 ?
		-errno : 0;
}

/* Return: false when the client is to be dropped. */
static bool serve_client(struct server *s, nfds_t i)
{
	struct control_request req;
	ssize_t n;

	n = recv(s->fds[i].fd, &req, sizeof(req), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n != sizeof(req) || req.magic != CONTROL_MAGIC)
		return false;
	return !answer(s, i, &req);
}

static void serve_clients(struct server *s)
{
	nfds_t i;

	/* From the end: drop_client() moves the last one into the gap. */
	for (i = s->count; i-- > FD_CLIENTS;)
		if (s->fds[i].revents && !serve_client(s, i))
			drop_client(s, i);
}

static int server_prepare(struct server *s)
{
	s->fds = calloc(MAX_CLIENTS, sizeof(*s->fds));
	s->got = calloc(MAX_CLIENTS, sizeof(*s->got));
	if (!s->fds || !s->got)
		return plain_error("no memory");
	s->fds[FD_LISTEN] = (struct pollfd){ s->listen, POLLIN, 0 };
	s->fds[FD_SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	s->fds[FD_LOOP] = (struct pollfd){
		s->loop ? vmop_loop_fd(s->loop) : -1, POLLIN, 0 };
	s->count = FD_CLIENTS;
	return STATUS_OK;
}

int server_run(struct server *s)
{
	bool had_user = false;
	int ret;

	ret = server_prepare(s);
	if (ret)
		return ret;
	while (!(s->once && had_user && !s->users)) {
		if (poll(s->fds, s->count, -1) < 0) {
			if (errno == EINTR)
				continue;
			return system_error(-errno, "cannot wait");
		}
		if (s->fds[FD_SIGNALS].revents) {
			s->ended = true;
			break;
		}
		if (s->fds[FD_LOOP].revents) {
			ret = vmop_loop_join(s->loop);
			return vmo_error(ret ? ret : -ENOTCONN,
					 "the pager's threads have ended");
		}
		serve_clients(s);
		if (s->fds[FD_LISTEN].revents)
			accept_client(s);
		had_user = had_user || s->users;
	}
	return STATUS_OK;
}

void server_close(struct server *s)
{
	if (s->path)
		unlink(s->path);
	while (s->count > FD_CLIENTS)
		drop_client(s, s->count - 1);
	if (s->listen >= 0)
		close(s->listen);
	if (s->signals >= 0)
		close(s->signals);
	free(s->fds);
	free(s->got);
}
