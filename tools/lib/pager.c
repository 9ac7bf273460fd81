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
	const char *way_out = NULL;
	int fd, ret;

	path = path ? path : VMOP_DEVICE;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		ret = -errno;
		if (ret == -ENOENT || ret == -ENXIO || ret == -ENODEV)
			way_out = "load the module: modprobe vmopager";
		else if (ret == -EACCES || ret == -EPERM)
			way_out = "run as root, or join the group vmopager";
		return vmop_fail(ret, way_out, "open '%.100s'", path);
	}
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
	if (ret && ret != -EBADF)
		ret = -EBADFD;
	if (!ret)
		ret = pager_wrap(fd, out);
	return vmop_fail(ret, NULL, "make a pager of fd %d", fd);
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
	int ret = -EINVAL;

	if (info->size >= sizeof(info->size))
		ret = vmop_ioctl(pager->fd, VMOP_INFO, info);
	return vmop_fail(ret, ret == -EINVAL ? "set info->size" : NULL,
			 "ask for features of the module");
}

int vmop_port_new(const struct vmop_pager *pager,
		  const struct vmop_port_opts *opts, struct vmop_port **out)
{
	struct vmop_port_create cmd = { .size = sizeof(cmd) };
	struct vmop_port_opts o;
	struct vmop_port *port;
	int ret;

	ret = vmop_opts_get(vmop_port_opts, &o, opts);
	if (ret)
		return ret;
	port = malloc(sizeof(*port));
	if (!port)
		return vmop_fail(-ENOMEM, NULL, "make a port");
	cmd.flags = o.flags;
	cmd.__reserved = o.__reserved;
	ret = vmop_ioctl(pager->fd, VMOP_PORT_CREATE, &cmd);
	if (ret) {
		free(port);
		return vmop_fail(ret, NULL, "make a port with flags 0x%x",
				 o.flags);
	}
	port->fd = cmd.out_port_fd;
	*out = port;
	return 0;
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

	if (fl >= 0) {
		fl = on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK;
		fl = fcntl(port->fd, F_SETFL, fl);
	}
	return vmop_fail(fl < 0 ? -errno : 0, NULL, "set the mode of a port");
}

int vmop_port_read(struct vmop_port *port, struct vmop_port_record *recs,
		   size_t max, size_t *count)
{
	ssize_t n;

	if (!max)
		return vmop_fail(-EINVAL, "give it room for one",
				 "read records of a port");
	n = read(port->fd, recs, max * sizeof(*recs));
	if (n < 0)
		return vmop_fail(-errno, NULL, "read records of a port");
	*count = (size_t)n / sizeof(*recs);
	return 0;
}

/*
 * What is common to the four ways of supply: each command has the fields that
 * supply_run() moves on when a call did a part, in a place of its own.
 */
struct supply {
	const char *how;
	unsigned long cmd;
	void *arg;
	__u64 *offset;
	__u64 *length;
	__u64 *source;
	__u64 *done;
};

static int supply_run(const struct vmop_pager *pager,
		      const struct vmop_vmo *vmo, const struct supply *s,
		      struct vmop_range_opts *opts)
{
	__u64 total = 0, length = *s->length;
	struct vmop_range_opts o;
	int ret;

	ret = vmop_opts_get(vmop_range_opts, &o, opts);
	if (ret)
		return ret;
	do {
		*s->done = 0;
		ret = vmop_ioctl(pager->fd, s->cmd, s->arg);
		total += *s->done;
		*s->offset += *s->done;
		*s->length -= *s->done;
		if (s->source)
			*s->source += *s->done;
		/* A kernel that stops without a reason must not hang us. */
		if (!ret && total < length && !*s->done)
			ret = -EIO;
	} while (ret == -EINTR || (!ret && total < length));
	o.out_actual = total;
	vmop_opts_back(opts, &o, sizeof(o));
	return vmop_fail(ret, VMOP_RANGE_WAY_OUT(ret),
			 "VMO %s: supply %s, %llu bytes from %llu on",
			 vmo->label, s->how, *s->length, *s->offset);
}

int vmop_pager_supply_move(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, const struct vmop_vmo *aux,
			   __u64 aux_offset, struct vmop_range_opts *opts)
{
	struct vmop_supply cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.aux_fd = aux->fd,
		.offset = offset,
		.length = length,
		.aux_offset = aux_offset,
	};
	struct supply s = { "pages of a VMO", VMOP_SUPPLY, &cmd, &cmd.offset,
			    &cmd.length, &cmd.aux_offset, &cmd.out_actual };

	return supply_run(pager, vmo, &s, opts);
}

int vmop_pager_supply_copy(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, const void *src,
			   struct vmop_range_opts *opts)
{
	struct vmop_supply_copy cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.offset = offset,
		.length = length,
		.src_uptr = (__u64)(unsigned long)src,
	};
	struct supply s = { "memory", VMOP_SUPPLY_COPY, &cmd, &cmd.offset,
			    &cmd.length, &cmd.src_uptr, &cmd.out_actual };

	return supply_run(pager, vmo, &s, opts);
}

int vmop_pager_supply_zero(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, struct vmop_range_opts *opts)
{
	struct vmop_supply_zero cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.offset = offset,
		.length = length,
	};
	struct supply s = { "zeros", VMOP_SUPPLY_ZERO, &cmd, &cmd.offset,
			    &cmd.length, NULL, &cmd.out_actual };

	return supply_run(pager, vmo, &s, opts);
}

int vmop_pager_supply_file(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, int fd, __u64 fd_offset,
			   struct vmop_range_opts *opts)
{
	struct vmop_supply_file cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.src_fd = fd,
		.offset = offset,
		.length = length,
		.src_offset = fd_offset,
	};
	struct supply s = { "a file", VMOP_SUPPLY_FILE, &cmd, &cmd.offset,
			    &cmd.length, &cmd.src_offset, &cmd.out_actual };

	return supply_run(pager, vmo, &s, opts);
}

/*
 * vmop_op_range - VMOP_OP_RANGE without a message
 * @cmd: all but its size and the VMO
 *
 * Return: 0 or a negative errno.
 */
int vmop_op_range(const struct vmop_pager *pager, const struct vmop_vmo *vmo,
		  struct vmop_op_range *cmd)
{
	cmd->size = sizeof(*cmd);
	cmd->vmo_fd = vmo->fd;
	return vmop_ioctl(pager->fd, VMOP_OP_RANGE, cmd);
}

static const char *op_name(__u32 op)
{
	switch (op) {
	case VMOP_PAGER_OP_FAIL:
		return "fail requests";
	case VMOP_PAGER_OP_DIRTY:
		return "let become dirty";
	case VMOP_PAGER_OP_WRITEBACK_BEGIN:
		return "begin to write back";
	case VMOP_PAGER_OP_WRITEBACK_END:
		return "end to write back";
	default:
		return "unknown operation";
	}
}

int vmop_pager_op(const struct vmop_pager *pager, const struct vmop_vmo *vmo,
		  __u32 op, __u64 offset, __u64 length,
		  struct vmop_pager_op_opts *opts)
{
	struct vmop_op_range cmd = {
		.op = op,
		.offset = offset,
		.length = length,
	};
	struct vmop_pager_op_opts o;
	int ret;

	ret = vmop_opts_get(vmop_pager_op_opts, &o, opts);
	if (ret)
		return ret;
	cmd.data = o.data;
	cmd.id = o.id;
	cmd.fail_types = o.fail_types;
	cmd.__reserved = o.__reserved;
	ret = vmop_op_range(pager, vmo, &cmd);
	o.out_actual = cmd.out_actual;
	vmop_opts_back(opts, &o, sizeof(o));
	return vmop_fail(ret, VMOP_RANGE_WAY_OUT(ret),
			 "VMO %s: %s, %llu bytes from %llu on", vmo->label,
			 op_name(op), length, offset);
}

int vmop_pager_fail(const struct vmop_pager *pager,
		    const struct vmop_vmo *vmo, __u64 offset, __u64 length,
		    int err)
{
	VMOP_OPTS(vmop_pager_op_opts, o, .data = (__u64)err);

	return vmop_pager_op(pager, vmo, VMOP_PAGER_OP_FAIL, offset, length,
			     &o);
}

int vmop_pager_fail_id(const struct vmop_pager *pager,
		       const struct vmop_vmo *vmo, __u64 id, int err)
{
	VMOP_OPTS(vmop_pager_op_opts, o, .data = (__u64)err, .id = id);

	return vmop_pager_op(pager, vmo, VMOP_PAGER_OP_FAIL, 0, 0, &o);
}

int vmop_pager_detach(const struct vmop_pager *pager,
		      const struct vmop_vmo *vmo)
{
	struct vmop_detach cmd = { .size = sizeof(cmd), .vmo_fd = vmo->fd };

	return vmop_fail(vmop_ioctl(pager->fd, VMOP_DETACH, &cmd), NULL,
			 "VMO %s: detach it", vmo->label);
}
