// SPDX-License-Identifier: GPL-2.0
/*
 * VMOs: making and opening them, and what their users do with them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "internal.h"

/* vmop_vmo_alloc - a handle without a descriptor; NULL without memory */
struct vmop_vmo *vmop_vmo_alloc(void)
{
	struct vmop_vmo *vmo = malloc(sizeof(*vmo));

	if (vmo)
		vmo->fd = -1;
	return vmo;
}

int vmop_vmo_new_paged(const struct vmop_pager *pager,
		       const struct vmop_port *port, __u64 length,
		       const struct vmop_vmo_opts *opts, struct vmop_vmo **out)
{
	struct vmop_pager_vmo_create cmd = { .size = sizeof(cmd) };
	struct vmop_vmo_opts o;
	struct vmop_vmo *vmo;
	int ret;

	ret = vmop_opts_get(&o, sizeof(o), opts);
	if (!ret)
		ret = vmop_name_copy(cmd.name, o.name);
	if (ret)
		return ret;
	if (o.__reserved)
		return -EINVAL;
	vmo = vmop_vmo_alloc();
	if (!vmo)
		return -ENOMEM;
	cmd.flags = o.flags;
	cmd.port_fd = port->fd;
	cmd.payer_fd = o.payer_fd > 0 ? o.payer_fd : -1;
	cmd.key = o.key;
	cmd.length = length;
	cmd.max_request_pages = o.max_request_pages;
	cmd.deadline_ms = o.deadline_ms;
	cmd.deadline_action = o.deadline_action;
	cmd.dirty_limit = o.dirty_limit;
	ret = vmop_ioctl(pager->fd, VMOP_PAGER_VMO_CREATE, &cmd);
	if (ret) {
		free(vmo);
		return ret;
	}
	vmo->fd = cmd.out_vmo_fd;
	*out = vmo;
	return 0;
}

int vmop_vmo_new_anon(const struct vmop_pager *pager, __u64 length,
		      const struct vmop_vmo_opts *opts, struct vmop_vmo **out)
{
	struct vmop_vmo_create cmd = { .size = sizeof(cmd) };
	struct vmop_vmo_opts o;
	struct vmop_vmo *vmo;
	int ret;

	ret = vmop_opts_get(&o, sizeof(o), opts);
	if (!ret)
		ret = vmop_name_copy(cmd.name, o.name);
	if (ret)
		return ret;
	if (o.key || o.max_request_pages || o.deadline_ms ||
	    o.deadline_action || o.dirty_limit || o.__reserved)
		return -EINVAL;
	vmo = vmop_vmo_alloc();
	if (!vmo)
		return -ENOMEM;
	cmd.flags = o.flags;
	cmd.payer_fd = o.payer_fd > 0 ? o.payer_fd : -1;
	cmd.length = length;
	ret = vmop_ioctl(pager->fd, VMOP_VMO_CREATE, &cmd);
	if (ret) {
		free(vmo);
		return ret;
	}
	vmo->fd = cmd.out_vmo_fd;
	*out = vmo;
	return 0;
}

int vmop_vmo_from_fd(int fd, struct vmop_vmo **out)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct vmop_vmo *vmo;
	int ret;

	ret = vmop_ioctl(fd, VMOP_VMO_GET_INFO, &info);
	if (ret)
		return ret == -EBADF ? ret : -EBADFD;
	vmo = vmop_vmo_alloc();
	if (!vmo)
		return -ENOMEM;
	vmo->fd = fd;
	*out = vmo;
	return 0;
}

void vmop_vmo_close(struct vmop_vmo *vmo)
{
	if (!vmo)
		return;
	if (vmo->fd >= 0)
		close(vmo->fd);
	free(vmo);
}

int vmop_vmo_fd(const struct vmop_vmo *vmo)
{
	return vmo->fd;
}

int vmop_vmo_reopen(const struct vmop_vmo *vmo, int oflags,
		    struct vmop_vmo **out)
{
	char path[40];
	int fd, ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", vmo->fd);
	fd = open(path, oflags | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = vmop_vmo_from_fd(fd, out);
	if (ret)
		close(fd);
	return ret;
}

int vmop_vmo_dup(const struct vmop_vmo *vmo, struct vmop_vmo **out)
{
	struct vmop_vmo *copy = vmop_vmo_alloc();
	int ret;

	if (!copy)
		return -ENOMEM;
	copy->fd = fcntl(vmo->fd, F_DUPFD_CLOEXEC, 3);
	if (copy->fd < 0) {
		ret = -errno;
		free(copy);
		return ret;
	}
	*out = copy;
	return 0;
}

int vmop_vmo_resize(const struct vmop_vmo *vmo, __u64 length)
{
	struct vmop_vmo_set_size cmd = {
		.size = sizeof(cmd),
		.length = length,
	};

	return vmop_ioctl(vmo->fd, VMOP_VMO_SET_SIZE, &cmd);
}

int vmop_vmo_op(const struct vmop_vmo *vmo, __u32 op, __u64 offset,
		__u64 length, __u64 *actual)
{
	struct vmop_vmo_op_range cmd = {
		.size = sizeof(cmd),
		.op = op,
		.offset = offset,
		.length = length,
	};
	int ret = vmop_ioctl(vmo->fd, VMOP_VMO_OP_RANGE, &cmd);

	if (actual)
		*actual = cmd.out_actual;
	return ret;
}

int vmop_vmo_info(const struct vmop_vmo *vmo, struct vmop_vmo_get_info *info)
{
	if (info->size < sizeof(info->size))
		return -EINVAL;
	return vmop_ioctl(vmo->fd, VMOP_VMO_GET_INFO, info);
}

int vmop_vmo_rename(const struct vmop_vmo *vmo, const char *name)
{
	struct vmop_vmo_set_name cmd = { .size = sizeof(cmd) };
	int ret = vmop_name_copy(cmd.name, name);

	if (ret)
		return ret;
	return vmop_ioctl(vmo->fd, VMOP_VMO_SET_NAME, &cmd);
}
