// SPDX-License-Identifier: GPL-2.0
/*
 * Pagers and ports: opening them, supplying and failing, reading requests.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* A handle around fd; fd stays open when there is no memory for one. */
static int pager_wrap(int fd, struct vmop_pager **out)
{
	struct vmop_pager *pager = malloc(sizeof(*pager));

	if (!pager)
		return -ENOMEM;
	pager->fd = fd;
	*out = pager;
	return 0;
}

int vmop_pager_open(const char *path, struct vmop_pager **out)
{
	int fd, ret;

	fd = open(path ? path : VMOP_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = vmop_pager_from_fd(fd, out);
	if (ret)
		close(fd);
	return ret;
}

int vmop_pager_from_fd(int fd, struct vmop_pager **out)
{
	struct vmop_info info = { .size = sizeof(info) };
	int ret;

	ret = vmop_ioctl(fd, VMOP_INFO, &info);
	if (ret)
		return ret == -EBADF ? ret : -EBADFD;
	return pager_wrap(fd, out);
}

void vmop_pager_close(struct vmop_pager *pager)
{
	if (!pager)
		return;
	close(pager->fd);
	free(pager);
}

int vmop_pager_fd(const struct vmop_pager *pager)
{
	return pager->fd;
}

int vmop_pager_info(const struct vmop_pager *pager, struct vmop_info *info)
{
	if (info->size < sizeof(info->size))
		return -EINVAL;
	return vmop_ioctl(pager->fd, VMOP_INFO, info);
}

int vmop_port_new_flags(const struct vmop_pager *pager, __u32 flags,
			struct vmop_port **out)
{
	struct vmop_port_create cmd = { .size = sizeof(cmd), .flags = flags };
	struct vmop_port *port;
	int ret;

	port = malloc(sizeof(*port));
	if (!port)
		return -ENOMEM;
	ret = vmop_ioctl(pager->fd, VMOP_PORT_CREATE, &cmd);
	if (ret) {
		free(port);
		return ret;
	}
	port->fd = cmd.out_port_fd;
	*out = port;
	return 0;
}

int vmop_port_new(const struct vmop_pager *pager, struct vmop_port **out)
{
	return vmop_port_new_flags(pager, 0, out);
}

void vmop_port_close(struct vmop_port *port)
{
	if (!port)
		return;
	close(port->fd);
	free(port);
}

int vmop_port_fd(const struct vmop_port *port)
{
	return port->fd;
}

int vmop_port_set_nonblock(struct vmop_port *port, int on)
{
	int fl = fcntl(port->fd, F_GETFL);

	if (fl < 0)
		return -errno;
	fl = on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK;
	return fcntl(port->fd, F_SETFL, fl) < 0 ? -errno : 0;
}

int vmop_port_read(struct vmop_port *port, struct vmop_port_record *recs,
		   size_t max, size_t *count)
{
	ssize_t n;

	if (!max)
		return -EINVAL;
	n = read(port->fd, recs, max * sizeof(*recs));
	if (n < 0)
		return -errno;
	*count = (size_t)n / sizeof(*recs);
	return 0;
}

/*
 * What is common to the four ways of supply: each command has the fields that
 * supply_step() moves on when a call did a part, in a place of its own.
 */
struct supply {
	unsigned long cmd;
	void *arg;
	__u64 *offset;
	__u64 *length;
	__u64 *source;
	__u64 *done;
};

static int supply_run(int fd, const struct supply *s, __u64 *actual)
{
	__u64 total = 0, length = *s->length;
	int ret;

	do {
		*s->done = 0;
		ret = vmop_ioctl(fd, s->cmd, s->arg);
		total += *s->done;
		*s->offset += *s->done;
		*s->length -= *s->done;
		if (s->source)
			*s->source += *s->done;
		/* A kernel that stops without a reason must not hang us. */
		if (!ret && total < length && !*s->done)
			ret = -EIO;
	} while (ret == -EINTR || (!ret && total < length));
	if (actual)
		*actual = total;
	return ret;
}

int vmop_pager_supply_move(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, const struct vmop_vmo *aux,
			   __u64 aux_offset, __u64 *actual)
{
	struct vmop_supply cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.aux_fd = aux->fd,
		.offset = offset,
		.length = length,
		.aux_offset = aux_offset,
	};
	struct supply s = { VMOP_SUPPLY, &cmd, &cmd.offset, &cmd.length,
			    &cmd.aux_offset, &cmd.out_actual };

	return supply_run(pager->fd, &s, actual);
}

int vmop_pager_supply_copy(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, const void *src, __u64 *actual)
{
	struct vmop_supply_copy cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.offset = offset,
		.length = length,
		.src_uptr = (__u64)(unsigned long)src,
	};
	struct supply s = { VMOP_SUPPLY_COPY, &cmd, &cmd.offset, &cmd.length,
			    &cmd.src_uptr, &cmd.out_actual };

	return supply_run(pager->fd, &s, actual);
}

int vmop_pager_supply_zero(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, __u64 *actual)
{
	struct vmop_supply_zero cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.offset = offset,
		.length = length,
	};
	struct supply s = { VMOP_SUPPLY_ZERO, &cmd, &cmd.offset, &cmd.length,
			    NULL, &cmd.out_actual };

	return supply_run(pager->fd, &s, actual);
}

int vmop_pager_supply_file(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, int fd, __u64 fd_offset,
			   __u64 *actual)
{
	struct vmop_supply_file cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.src_fd = fd,
		.offset = offset,
		.length = length,
		.src_offset = fd_offset,
	};
	struct supply s = { VMOP_SUPPLY_FILE, &cmd, &cmd.offset, &cmd.length,
			    &cmd.src_offset, &cmd.out_actual };

	return supply_run(pager->fd, &s, actual);
}

static int op_range(int fd, struct vmop_op_range *cmd, __u64 *actual)
{
	int ret = vmop_ioctl(fd, VMOP_OP_RANGE, cmd);

	if (actual)
		*actual = cmd->out_actual;
	return ret;
}

int vmop_pager_op(const struct vmop_pager *pager, const struct vmop_vmo *vmo,
		  __u32 op, __u64 offset, __u64 length, __u64 data,
		  __u64 *actual)
{
	struct vmop_op_range cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.op = op,
		.offset = offset,
		.length = length,
		.data = data,
	};

	return op_range(pager->fd, &cmd, actual);
}

int vmop_pager_fail(const struct vmop_pager *pager,
		    const struct vmop_vmo *vmo, __u64 offset, __u64 length,
		    int err)
{
	return vmop_pager_op(pager, vmo, VMOP_PAGER_OP_FAIL, offset, length,
			     (__u64)err, NULL);
}

int vmop_pager_fail_id(const struct vmop_pager *pager,
		       const struct vmop_vmo *vmo, __u64 id, int err)
{
	struct vmop_op_range cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.op = VMOP_PAGER_OP_FAIL,
		.data = (__u64)err,
		.id = id,
	};

	return op_range(pager->fd, &cmd, NULL);
}

int vmop_pager_detach(const struct vmop_pager *pager,
		      const struct vmop_vmo *vmo)
{
	struct vmop_detach cmd = { .size = sizeof(cmd), .vmo_fd = vmo->fd };

	return vmop_ioctl(pager->fd, VMOP_DETACH, &cmd);
}
