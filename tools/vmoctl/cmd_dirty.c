// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs about changed content: dirty, writeback and recover.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "control.h"
#include "out.h"
#include "source.h"
#include "wal.h"

/**
 * struct count - what the list adds up to
 * @ranges: how many
 * @bytes: of changed pages
 * @zero_bytes: of zeros
 */
struct count {
	__u64 ranges;
	__u64 bytes;
	__u64 zero_bytes;
};

static int server_error(const struct args *a, int err, const char *what)
{
	if (err == -EBADFD)
		return plain_error("the VMO behind '%s' is anonymous: nobody writes it back",
				   a->socket);
	if (err == -EOPNOTSUPP)
		return plain_error("cannot %s '%s': its pager does not; see vmoctl serve --write",
				   what, a->socket);
	if (err == -ERANGE)
		return plain_error("--offset %llu is behind the end of the VMO behind '%s'",
				   a->offset, a->socket);
	return vmo_error(err, "cannot %s '%s'", what, a->socket);
}

static int show_range(const struct args *a, const struct vmop_dirty_range *r)
{
	bool zero = r->flags & VMOP_DIRTY_ZERO;
	struct out *o;

	if (!a->json) {
		printf("%16llu %16llu  %s\n", r->offset, r->length,
		       zero ? "zeros" : "pages");
		return STATUS_OK;
	}
	o = out_new(true);
	out_number(o, "offset", r->offset);
	out_number(o, "length", r->length);
	out_bool(o, "zero", zero);
	return out_end(o);
}

/* Return: a status; *err and *conn as control_wait(). */
static int list(const struct args *a, int sock, struct count *c, int *err,
		int *conn)
{
	struct control_request req = {
		.magic = CONTROL_MAGIC,
		.op = CONTROL_DIRTY,
		.offset = a->offset,
		.length = a->length,
	};
	struct control_dirty answer;
	size_t least = offsetof(struct control_dirty, ranges);
	const struct vmop_dirty_range *r;
	__u64 end = a->length > LENGTH_REST - a->offset ? LENGTH_REST :
							  a->offset + a->length;
	__u32 i;
	int ret = STATUS_OK;

	do {
		*conn = control_send(sock, &req);
		if (!*conn)
			*err = control_wait(sock, conn, &answer,
					    sizeof(answer), least);
		if (*conn || *err)
			return STATUS_OK;
		for (i = 0; i < answer.count && i < CONTROL_RANGES; i++) {
			r = &answer.ranges[i];
			c->ranges++;
			if (r->flags & VMOP_DIRTY_ZERO)
				c->zero_bytes += r->length;
			else
				c->bytes += r->length;
			if (!a->count && !ret)
				ret = show_range(a, r);
			req.offset = r->offset + r->length;
		}
		req.length = end == LENGTH_REST ? end : end - req.offset;
	} while (!ret && answer.more && answer.count && req.offset < end);
	return ret;
}

static int show_count(const struct args *a, const struct count *c)
{
	struct out *o;

	if (!a->count && a->json)
		return STATUS_OK;
	o = out_new(a->json);
	out_number(o, "ranges", c->ranges);
	out_bytes(o, "dirty", c->bytes);
	out_bytes(o, "dirty_zero", c->zero_bytes);
	return out_end(o);
}

int cmd_dirty(const struct args *a)
{
	struct count c = { 0 };
	int sock, ret, err = 0, conn = 0;

	if (!a->socket)
		return usage_error("--socket PATH is missing: only the server can tell");
	ret = server_connect(a, &sock);
	if (ret)
		return ret;
	if (!a->json && !a->count)
		printf("%16s %16s  %s\n", "offset", "length", "what");
	ret = list(a, sock, &c, &err, &conn);
	close(sock);
	if (conn)
		return system_error(conn, "no answer on socket '%s'",
				    a->socket);
	if (err)
		return server_error(a, err, "list what is changed behind");
	return ret ? ret : show_count(a, &c);
}

static int ask_server(const struct args *a)
{
	struct control_request req = {
		.magic = CONTROL_MAGIC,
		.op = CONTROL_WRITEBACK,
	};
	struct control_reply reply;
	int sock, conn, ret, err = 0;

	ret = server_connect(a, &sock);
	if (ret)
		return ret;
	conn = control_send(sock, &req);
	if (!conn)
		err = control_wait(sock, &conn, &reply, sizeof(reply),
				   sizeof(reply));
	close(sock);
	if (conn)
		return system_error(conn, "no answer on socket '%s'",
				    a->socket);
	return err ? server_error(a, err, "write back the changes behind") :
		     STATUS_OK;
}

static int ask_pager(const struct args *a)
{
	struct source src;
	int ret;

	ret = source_open(a, O_RDONLY, &src);
	if (ret)
		return ret;
	do {
		ret = fsync(vmop_vmo_fd(src.vmo)) ? -errno : 0;
	} while (ret == -EINTR);
	if (ret == -EOPNOTSUPP)
		ret = plain_error("the pager of '%s' does not write back; see vmoctl serve --write",
				  src.where);
	else if (ret)
		ret = vmo_error(ret, "cannot write back the changes of '%s'",
				src.where);
	source_close(&src);
	return ret;
}

int cmd_writeback(const struct args *a)
{
	bool other = a->vmo || a->fd != ~0ull;
	__u64 nsec = now_nsec();
	struct out *o;
	int ret;

	if (a->clone)
		return usage_error("a clone has no pager that writes it back; leave out --clone");
	/* The server also writes back a new size, of which no page is dirty. */
	ret = a->socket && !other ? ask_server(a) : ask_pager(a);
	if (ret)
		return ret;
	o = out_new(a->json);
	out_number(o, "microseconds", (now_nsec() - nsec) / 1000);
	return out_end(o);
}

static int recover(const struct args *a, int file, struct wal_replay *done)
{
	struct wal w = { .fd = -1 };
	int ret;

	if (flock(file, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		return plain_error("'%s' is served by a vmoctl and needs no recovery",
				   a->rest[0]);
	ret = wal_open(&w, a->wal, file, a->rest[0],
		       (__u64)sysconf(_SC_PAGESIZE), false);
	if (!ret)
		ret = wal_recover(&w, a->force, done);
	if (!ret)
		wal_report(&w, done);
	wal_close(&w);
	return ret;
}

int cmd_recover(const struct args *a)
{
	struct wal_replay done = { 0 };
	struct out *o;
	int file, ret;

	if (!a->wal)
		return usage_error("--wal LOG is missing");
	file = open(a->rest[0], O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return system_error(-errno, "cannot open '%s' for writing",
				    a->rest[0]);
	ret = recover(a, file, &done);
	if (!ret) {
		o = out_new(a->json);
		out_bool(o, "needed", done.needed);
		out_bytes(o, "put_back", done.bytes);
		out_bytes(o, "ignored", done.ignored);
		ret = out_end(o);
	}
	close(file);
	return ret;
}
