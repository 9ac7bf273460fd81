// SPDX-License-Identifier: GPL-2.0
/*
 * The client's side of the socket, and the verbs that only speak with a
 * server: fail, detach and drop.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control.h"
#include "out.h"
#include "source.h"

int control_send(int sock, const struct control_request *req)
{
	ssize_t n;

	do {
		n = send(sock, req, sizeof(*req), MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int control_wait(int sock, int *conn, void *answer, size_t size, size_t least)
{
	struct control_reply *reply = answer;
	ssize_t n;

	do {
		n = recv(sock, answer, size, 0);
	} while (n < 0 && errno == EINTR);
	*conn = 0;
	if (n < 0)
		*conn = -errno;
	else if (!n)
		*conn = -ECONNRESET;
	else if (n < (ssize_t)sizeof(*reply) || reply->magic != CONTROL_MAGIC ||
		 (!reply->status && n < (ssize_t)least))
		*conn = -EPROTO;
	return *conn ? 0 : reply->status;
}

int control_get(int sock, const char *name, __u32 flags, int *conn,
		struct vmop_vmo **out)
{
	struct control_request req = {
		.magic = CONTROL_MAGIC,
		.op = CONTROL_GET,
		.flags = flags,
	};
	struct control_reply reply;
	int err = 0;

	/* No clone has a name that is too long for the request. */
	*conn = 0;
	if (name && strlen(name) >= sizeof(req.name))
		return -ENOENT;
	snprintf(req.name, sizeof(req.name), "%s", name ? name : "");
	*conn = control_send(sock, &req);
	if (!*conn)
		err = control_wait(sock, conn, &reply, sizeof(reply),
				   sizeof(reply));
	if (!*conn && !err)
		*conn = vmop_socket_recv_vmo(sock, NULL, 0, out);
	return err;
}

int control_keep(int sock, const char *name, const struct vmop_vmo *vmo,
		 int *conn)
{
	struct control_request req = {
		.magic = CONTROL_MAGIC,
		.op = CONTROL_KEEP,
	};
	struct control_reply reply;

	*conn = control_send(sock, &req);
	if (!*conn)
		*conn = vmop_socket_send_vmo(sock, vmo, name);
	if (*conn)
		return 0;
	return control_wait(sock, conn, &reply, sizeof(reply), sizeof(reply));
}

/* Return: a status; *err is what the server said. */
static int talk(const struct args *a, struct control_request *req, int *err)
{
	struct control_reply reply;
	int sock, conn, ret;

	if (!a->socket)
		return usage_error("--socket PATH is missing: that of the server");
	ret = server_connect(a, &sock);
	if (ret)
		return ret;
	req->magic = CONTROL_MAGIC;
	conn = control_send(sock, req);
	if (!conn)
		*err = control_wait(sock, &conn, &reply, sizeof(reply),
				    sizeof(reply));
	close(sock);
	if (conn)
		return system_error(conn, "no answer on socket '%s'",
				    a->socket);
	return STATUS_OK;
}

static int show_done(const struct args *a)
{
	struct out *o;

	if (!a->json)
		return STATUS_OK;
	o = out_new(true);
	out_bool(o, "ok", true);
	return out_end(o);
}

int cmd_fail(const struct args *a)
{
	static const int errors[] = { EIO, EBADMSG, ENOTCONN, ENOSPC,
				      ENOBUFS };
	struct control_request req = {
		.op = CONTROL_FAIL,
		.offset = a->offset,
		.length = a->length,
		.id = a->id,
		.error = (__u32)errors[a->error],
	};
	int ret, err;

	if (a->id && (a->offset || a->length != LENGTH_REST))
		return usage_error("--id names one request; leave out --offset and --length");
	if (a->id)
		req.length = 0;
	ret = talk(a, &req, &err);
	if (ret)
		return ret;
	if (err == -EINVAL)
		return plain_error("--offset and --length must be multiples of the page size");
	if (err == -EBADFD)
		return plain_error("the VMO behind '%s' is anonymous: it has no requests",
				   a->socket);
	if (err)
		return plain_error("cannot fail requests behind '%s': %s",
				   a->socket, vmop_errstr(err));
	return show_done(a);
}

int cmd_detach(const struct args *a)
{
	struct control_request req = { .op = CONTROL_DETACH };
	int ret, err;

	ret = talk(a, &req, &err);
	if (ret)
		return ret;
	if (err == -EBADFD)
		return plain_error("the VMO behind '%s' is anonymous: it has no pager",
				   a->socket);
	if (err)
		return plain_error("cannot detach the VMO behind '%s': %s",
				   a->socket, vmop_errstr(err));
	return show_done(a);
}

int cmd_drop(const struct args *a)
{
	struct control_request req = { .op = CONTROL_DROP };
	int ret, err = -ENOENT;

	if (!a->clone)
		return usage_error("--clone NAME is missing; see vmoctl tree");
	if (strlen(a->clone) < sizeof(req.name)) {
		snprintf(req.name, sizeof(req.name), "%s", a->clone);
		ret = talk(a, &req, &err);
		if (ret)
			return ret;
	}
	if (err == -ENOENT)
		return no_clone(a);
	if (err)
		return plain_error("cannot drop clone '%s' behind '%s': %s",
				   a->clone, a->socket, vmop_errstr(err));
	return show_done(a);
}
