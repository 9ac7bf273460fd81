// SPDX-License-Identifier: GPL-2.0
/*
 * Where a VMO comes from: a socket, an inherited descriptor, a path, or made
 * here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control.h"
#include "out.h"
#include "source.h"

int device_open(const struct args *a, struct vmop_pager **pager)
{
	int ret = vmop_pager_open(a->device, pager);

	if (ret == -EBADFD)
		return plain_error("'%s' is not the device of vmopager",
				   a->device);
	return ret ? plain_error("cannot %s", vmop_errmsg()) : STATUS_OK;
}

int payer_open(const struct args *a, int *fd)
{
	*fd = 0;
	if (!a->payer)
		return STATUS_OK;
	*fd = open(a->payer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd >= 0)
		return STATUS_OK;
	return system_error(-errno, "cannot open the cgroup '%s'", a->payer);
}

int new_vmo_opts(const struct args *a, struct vmop_vmo_opts *o)
{
	*o = (struct vmop_vmo_opts){
		.sz = sizeof(*o),
		.name = a->name,
		.flags = (a->resizable ? VMOP_VMO_RESIZABLE : 0) |
			 (a->trap_dirty ? VMOP_VMO_TRAP_DIRTY : 0),
		.max_request_pages = (__u32)a->max_request_pages,
		.deadline_ms = (__u32)a->deadline_ms,
		.deadline_action = (__u32)a->deadline_action,
		.dirty_limit = a->dirty_limit,
	};
	if (a->name && strlen(a->name) >= VMOP_NAME_LEN)
		return usage_error("--name: '%s' is longer than %d bytes",
				   a->name, VMOP_NAME_LEN - 1);
	if (a->deadline_action && !a->deadline_ms)
		return usage_error("--deadline-action needs --deadline-ms");
	return payer_open(a, &o->payer_fd);
}

int new_vmo_error(const struct args *a, int err)
{
	if (err == -ERANGE)
		return plain_error("cannot make the VMO: above the limit; see vmoctl info");
	if (err == -EOPNOTSUPP && a->trap_dirty)
		return plain_error("this module does not have --trap-dirty; see vmoctl info");
	if (a->payer && (err == -EINVAL || err == -EBADFD))
		return plain_error("cannot make the VMO: '%s' is not a cgroup of version 2",
				   a->payer);
	if (a->payer && err == -EACCES)
		return plain_error("cannot make the VMO: no permission to charge '%s'",
				   a->payer);
	return vmo_error(err, "cannot make the VMO");
}

int server_connect(const struct args *a, int *sock)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	__u64 until = now_nsec() + a->wait * 1000000000ull;
	int ret;

	for (;;) {
		ret = vmop_socket_connect(a->socket, sock);
		if ((ret != -ENOENT && ret != -ECONNREFUSED) ||
		    now_nsec() >= until)
			break;
		nanosleep(&pause, NULL);
	}
	if (!ret)
		return STATUS_OK;
	if (ret == -ENOENT || ret == -ECONNREFUSED)
		return system_error(ret, "nobody serves on socket '%s' (see vmoctl serve)",
				    a->socket);
	return system_error(ret, "cannot connect to socket '%s'", a->socket);
}

int no_clone(const struct args *a)
{
	return plain_error("no clone '%s' behind socket '%s' (see vmoctl tree)",
			   a->clone, a->socket);
}

int keep_clone(const struct args *a, int sock, const struct vmop_vmo *vmo)
{
	int conn, err = control_keep(sock, a->name, vmo, &conn);

	if (conn)
		return system_error(conn, "no answer on socket '%s'",
				    a->socket);
	if (err == -EEXIST)
		return plain_error("'%s' keeps a clone '%s' already: %s",
				   a->socket, a->name,
				   "drop it (vmoctl drop), or choose another name");
	if (err)
		return vmo_error(err, "'%s' does not keep the clone",
				 a->socket);
	return STATUS_OK;
}

static int from_socket(const struct args *a, struct source *src)
{
	int ret, conn = 0;

	src->where = a->clone ? a->clone : a->socket;
	ret = server_connect(a, &src->sock);
	if (ret)
		return ret;
	ret = control_get(src->sock, a->clone, 0, &conn, &src->vmo);
	if (!ret && !conn)
		return STATUS_OK;
	close(src->sock);
	src->sock = -1;
	if (!conn && a->clone && ret == -ENOENT)
		return no_clone(a);
	return system_error(conn ? conn : ret, "got no VMO on socket '%s'",
			    a->socket);
}

static int from_fd(int fd, struct source *src)
{
	int ret = vmop_vmo_from_fd(fd, &src->vmo);

	if (!ret)
		return STATUS_OK;
	close(fd);
	if (ret == -EBADFD)
		return plain_error("'%s' is not a VMO", src->where);
	return vmo_error(ret, "cannot use '%s'", src->where);
}

static int from_inherited(const struct args *a, struct source *src)
{
	static char where[32];
	int fd;

	snprintf(where, sizeof(where), "fd %llu", a->fd);
	src->where = where;
	fd = fcntl((int)a->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return system_error(-errno, "cannot use file descriptor %llu",
				    a->fd);
	return from_fd(fd, src);
}

static int from_path(const struct args *a, int oflags, struct source *src)
{
	int fd = open(a->vmo, oflags | O_CLOEXEC | O_NONBLOCK);

	src->where = a->vmo;
	if (fd < 0)
		return system_error(-errno, "cannot open '%s'", a->vmo);
	/* O_NONBLOCK was for a fifo of this name, not for the VMO. */
	fcntl(fd, F_SETFL, 0);
	return from_fd(fd, src);
}

int source_open(const struct args *a, int oflags, struct source *src)
{
	int given = !!a->socket + !!a->vmo + (a->fd != ~0ull);
	struct stat st;
	int ret;

	*src = (struct source){ .sock = -1 };
	if (given != 1)
		return usage_error("%s: give one of --socket PATH, --fd N, --vmo PATH",
				   given ? "too many VMOs" : "which VMO");
	if ((a->wait || a->clone) && !a->socket)
		return usage_error("--%s needs --socket PATH",
				   a->wait ? "wait" : "clone");
	if (a->socket)
		ret = from_socket(a, src);
	else if (a->vmo)
		ret = from_path(a, oflags, src);
	else
		ret = from_inherited(a, src);
	if (ret)
		return ret;
	if (fstat(vmop_vmo_fd(src->vmo), &st)) {
		ret = system_error(-errno, "cannot stat '%s'", src->where);
		source_close(src);
		return ret;
	}
	src->size = (__u64)st.st_size;
	return STATUS_OK;
}

void source_close(struct source *src)
{
	vmop_vmo_close(src->vmo);
	if (src->sock >= 0)
		close(src->sock);
	src->vmo = NULL;
	src->sock = -1;
}

int source_range(const struct args *a, const struct source *src,
		 __u64 *offset, __u64 *length)
{
	*offset = a->offset;
	if (*offset > src->size)
		return plain_error("--offset %llu is behind the end: '%s' has %llu bytes",
				   *offset, src->where, src->size);
	*length = src->size - *offset;
	if (a->length != LENGTH_REST) {
		if (a->length > *length)
			return plain_error("%llu bytes from %llu is behind the end: '%s' has %llu",
					   a->length, *offset, src->where,
					   src->size);
		*length = a->length;
	}
	return STATUS_OK;
}
