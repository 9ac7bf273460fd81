// SPDX-License-Identifier: GPL-2.0
/*
 * The server's side of the socket: hands out one VMO, keeps its clones, and
 * takes orders.
 *
 * One thread, no lock. No client can hold up the others: nothing blocks, and
 * one that does not take its answer is dropped.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "out.h"
#include "server.h"
#include "writeback.h"

#define MAX_CLIENTS 1024

enum { FD_LISTEN, FD_SIGNALS, FD_LOOP, FD_FLUSHED, FD_CLIENTS };

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
	/* The last user has left: nobody is disturbed by a flush. */
	if (s->clients[i].got && !--s->users && s->wb)
		writeback_ask(s->wb);
	s->count--;
	s->fds[i] = s->fds[s->count];
	s->clients[i] = s->clients[s->count];
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
	s->clients[s->count] = (struct client){ 0 };
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

static int send_all(struct server *s, nfds_t i, const void *data, size_t size)
{
	return send(s->fds[i].fd, data, size, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Return: what to answer instead, or 0 when the answer was sent. */
static int do_stats(struct server *s, nfds_t i)
{
	struct control_stats answer = {
		.reply.magic = CONTROL_MAGIC,
		.stats.size = sizeof(answer.stats),
	};
	int ret;

	if (!s->own)
		return -EBADFD;
	ret = vmop_pager_query_stats(s->pager, s->own, 0, &answer.stats);
	if (ret)
		return ret == -ENOTTY ? -EOPNOTSUPP : ret;
	/* One who does not take it is dropped by the next answer. */
	send_all(s, i, &answer, sizeof(answer));
	return 0;
}

static int do_dirty(struct server *s, nfds_t i,
		    const struct control_request *req)
{
	VMOP_OPTS(vmop_query_opts, query);
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct control_dirty answer = { .reply.magic = CONTROL_MAGIC };
	__u64 length = req->length, count;
	int ret;

	if (!s->own)
		return -EBADFD;
	ret = vmop_vmo_info(s->own, &info);
	if (ret)
		return ret;
	if (req->offset > info.out_size)
		return -ERANGE;
	if (length > info.out_size - req->offset)
		length = info.out_size - req->offset;
	ret = vmop_pager_query_dirty(s->pager, s->own, req->offset, length,
				     answer.ranges, CONTROL_RANGES, &query);
	if (ret)
		return ret == -ENOTTY ? -EOPNOTSUPP : ret;
	count = query.out_actual;
	answer.count = (__u32)count;
	answer.more = count == CONTROL_RANGES;
	send_all(s, i, &answer, offsetof(struct control_dirty, ranges) +
				count * sizeof(answer.ranges[0]));
	return 0;
}

static int do_detach(struct server *s)
{
	int ret;

	if (!s->own)
		return -EBADFD;
	ret = vmop_pager_detach(s->pager, s->own);
	/* What is changed stays, and is not waited for by anybody. */
	if (!ret && s->wb)
		writeback_ask(s->wb);
	return ret;
}

/* Return: what to answer instead, or 0 when a VMO was sent. */
static int do_get(struct server *s, nfds_t i,
		  const struct control_request *req)
{
	struct control_reply reply = { .magic = CONTROL_MAGIC };
	const struct vmop_vmo *vmo = s->hand_out;

	if (*req->name)
		vmo = kept_find(&s->kept, req->name);
	if (!vmo)
		return -ENOENT;
	/* One who does not take them is dropped at the next look. */
	if (send_all(s, i, &reply, sizeof(reply)) ||
	    vmop_socket_send_vmo(s->fds[i].fd, vmo, NULL))
		shutdown(s->fds[i].fd, SHUT_RDWR);
	if (!(req->flags & CONTROL_LOOK) && !s->clients[i].got) {
		s->clients[i].got = true;
		s->users++;
	}
	return 0;
}

static void do_names(struct server *s, nfds_t i, __u64 above)
{
	struct control_names answer = { .reply.magic = CONTROL_MAGIC };

	send_all(s, i, &answer, kept_names(&s->kept, above, &answer));
}

/* What follows CONTROL_KEEP. Return: false when the client is to be dropped. */
static bool take_clone(struct server *s, nfds_t i)
{
	struct control_reply reply = { .magic = CONTROL_MAGIC };
	char name[VMOP_NAME_LEN];
	struct vmop_vmo *vmo;
	int ret;

	ret = vmop_socket_recv_vmo(s->fds[i].fd, name, sizeof(name), &vmo);
	if (ret == -EAGAIN)
		return true;
	if (ret)
		return false;
	s->clients[i].keeps = false;
	reply.status = kept_add(&s->kept, name, vmo);
	if (reply.status)
		vmop_vmo_close(vmo);
	return !send_all(s, i, &reply, sizeof(reply));
}

static int answer(struct server *s, nfds_t i,
		  const struct control_request *req)
{
	struct control_reply reply = { .magic = CONTROL_MAGIC };
	bool sent = false;

	switch (req->op) {
	case CONTROL_GET:
		reply.status = do_get(s, i, req);
		sent = !reply.status;
		break;
	case CONTROL_KEEP:
		s->clients[i].keeps = true;
		return 0;
	case CONTROL_DROP:
		reply.status = kept_drop(&s->kept, req->name);
		break;
	case CONTROL_NAMES:
		do_names(s, i, req->id);
		return 0;
	case CONTROL_FAIL:
		reply.status = s->own ? do_fail(s, req) : -EBADFD;
		break;
	case CONTROL_DETACH:
		reply.status = do_detach(s);
		break;
	case CONTROL_WRITEBACK:
		if (!s->wb) {
			reply.status = s->own ? -EOPNOTSUPP : -EBADFD;
			break;
		}
		s->clients[i].asked = writeback_ask(s->wb);
		return 0;
	case CONTROL_STATS:
		reply.status = do_stats(s, i);
		sent = !reply.status;
		break;
	case CONTROL_DIRTY:
		reply.status = do_dirty(s, i, req);
		sent = !reply.status;
		break;
	default:
		reply.status = -EOPNOTSUPP;
	}
	return sent ? 0 : send_all(s, i, &reply, sizeof(reply));
}

/* A flush has ended: answers those who waited for it. */
static void answer_flushed(struct server *s)
{
	struct control_reply reply = { .magic = CONTROL_MAGIC };
	nfds_t i;

	writeback_seen(s->wb);
	for (i = s->count; i-- > FD_CLIENTS;) {
		if (!s->clients[i].asked ||
		    !writeback_answer(s->wb, s->clients[i].asked,
				      &reply.status))
			continue;
		s->clients[i].asked = 0;
		if (send_all(s, i, &reply, sizeof(reply)))
			drop_client(s, i);
	}
}

/* Return: false when the client is to be dropped. */
static bool serve_client(struct server *s, nfds_t i)
{
	struct control_request req;
	ssize_t n;

	if (s->clients[i].keeps)
		return take_clone(s, i);
	n = recv(s->fds[i].fd, &req, sizeof(req), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n != sizeof(req) || req.magic != CONTROL_MAGIC ||
	    req.name[sizeof(req.name) - 1])
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

/* Users and clones that are kept take a descriptor each. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int server_prepare(struct server *s)
{
	raise_file_limit();
	s->fds = calloc(MAX_CLIENTS, sizeof(*s->fds));
	s->clients = calloc(MAX_CLIENTS, sizeof(*s->clients));
	if (!s->fds || !s->clients)
		return plain_error("no memory");
	s->fds[FD_LISTEN] = (struct pollfd){ s->listen, POLLIN, 0 };
	s->fds[FD_SIGNALS] = (struct pollfd){ s->signals, POLLIN, 0 };
	s->fds[FD_LOOP] = (struct pollfd){
		s->loop ? vmop_loop_fd(s->loop) : -1, POLLIN, 0 };
	s->fds[FD_FLUSHED] = (struct pollfd){
		s->wb ? writeback_fd(s->wb) : -1, POLLIN, 0 };
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
		if (s->fds[FD_FLUSHED].revents)
			answer_flushed(s);
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
	kept_free(&s->kept);
	free(s->fds);
	free(s->clients);
}
