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

	if (vmo) {
		vmo->fd = -1;
		vmop_label(vmo->label, NULL, -1);
	}
	return vmo;
}

/*
 * Runs a command that makes a VMO and has stored its descriptor at @new_fd
 * then.
 */
static int vmo_create(const struct vmop_pager *pager, unsigned long cmd,
		      void *arg, const __s32 *new_fd, const char *name,
		      struct vmop_vmo **out)
{
	struct vmop_vmo *vmo = vmop_vmo_alloc();
	char label[VMOP_LABEL_LEN];
	int ret;

	ret = vmo ? vmop_ioctl(pager->fd, cmd, arg) : -ENOMEM;
	if (ret) {
		free(vmo);
		vmop_label(label, name, -1);
		return vmop_fail(ret, ret == -ERANGE ?
				 "see out_max_vmo_size of vmop_pager_info()" :
				 NULL, "VMO %s: make it", label);
	}
	vmo->fd = *new_fd;
	vmop_label(vmo->label, name, vmo->fd);
	*out = vmo;
	return 0;
}

int vmop_vmo_new_paged(const struct vmop_pager *pager,
		       const struct vmop_port *port, __u64 length,
		       const struct vmop_vmo_opts *opts, struct vmop_vmo **out)
{
	struct vmop_pager_vmo_create cmd = { .size = sizeof(cmd) };
	struct vmop_vmo_opts o;
	int ret;

	ret = vmop_opts_get(vmop_vmo_opts, &o, opts);
	if (!ret)
		ret = vmop_name_copy(cmd.name, o.name);
	if (ret)
		return ret;
	if (o.__reserved)
		return vmop_fail(-EINVAL, "leave __reserved 0",
				 "struct vmop_vmo_opts");
	cmd.flags = o.flags;
	cmd.port_fd = port->fd;
	cmd.payer_fd = o.payer_fd > 0 ? o.payer_fd : -1;
	cmd.key = o.key;
	cmd.length = length;
	cmd.max_request_pages = o.max_request_pages;
	cmd.deadline_ms = o.deadline_ms;
	cmd.deadline_action = o.deadline_action;
	cmd.dirty_limit = o.dirty_limit;
	return vmo_create(pager, VMOP_PAGER_VMO_CREATE, &cmd, &cmd.out_vmo_fd,
			  o.name, out);
}

int vmop_vmo_new_anon(const struct vmop_pager *pager, __u64 length,
		      const struct vmop_vmo_opts *opts, struct vmop_vmo **out)
{
	struct vmop_vmo_create cmd = { .size = sizeof(cmd) };
	struct vmop_vmo_opts o;
	int ret;

	ret = vmop_opts_get(vmop_vmo_opts, &o, opts);
	if (!ret)
		ret = vmop_name_copy(cmd.name, o.name);
	if (ret)
		return ret;
	if (o.key || o.max_request_pages || o.deadline_ms ||
	    o.deadline_action || o.dirty_limit || o.__reserved)
		return vmop_fail(-EINVAL,
				 "set only name, flags and payer_fd of an anonymous VMO",
				 "struct vmop_vmo_opts");
	cmd.flags = o.flags;
	cmd.payer_fd = o.payer_fd > 0 ? o.payer_fd : -1;
	cmd.length = length;
	return vmo_create(pager, VMOP_VMO_CREATE, &cmd, &cmd.out_vmo_fd,
			  o.name, out);
}

int vmop_vmo_from_fd(int fd, struct vmop_vmo **out)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct vmop_vmo *vmo = NULL;
	int ret;

	ret = vmop_ioctl(fd, VMOP_VMO_GET_INFO, &info);
	if (ret && ret != -EBADF)
		ret = -EBADFD;
	if (!ret) {
		vmo = vmop_vmo_alloc();
		ret = vmo ? 0 : -ENOMEM;
	}
	if (ret)
		return vmop_fail(ret, NULL, "make a VMO of fd %d", fd);
	vmo->fd = fd;
	vmop_label(vmo->label, (const char *)info.out_name, fd);
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
	if (fd < 0) {
		ret = -errno;
		return vmop_fail(ret, ret == -ENOENT ? "mount /proc" : NULL,
				 "VMO %s: open it again", vmo->label);
	}
	ret = vmop_vmo_from_fd(fd, out);
	if (ret)
		close(fd);
	return ret;
}

int vmop_vmo_dup(const struct vmop_vmo *vmo, struct vmop_vmo **out)
{
	struct vmop_vmo *copy = malloc(sizeof(*copy));
	int ret = -ENOMEM;

	if (copy) {
		*copy = *vmo;
		copy->fd = fcntl(vmo->fd, F_DUPFD_CLOEXEC, 3);
		ret = copy->fd < 0 ? -errno : 0;
	}
	if (ret) {
		free(copy);
		return vmop_fail(ret, NULL, "VMO %s: a second handle",
				 vmo->label);
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

	return vmop_fail(vmop_ioctl(vmo->fd, VMOP_VMO_SET_SIZE, &cmd), NULL,
			 "VMO %s: resize to %llu bytes", vmo->label, length);
}

int vmop_vmo_op(const struct vmop_vmo *vmo, __u32 op, __u64 offset,
		__u64 length, struct vmop_range_opts *opts)
{
	struct vmop_vmo_op_range cmd = {
		.size = sizeof(cmd),
		.op = op,
		.offset = offset,
		.length = length,
	};
	struct vmop_range_opts o;
	int ret;

	ret = vmop_opts_get(vmop_range_opts, &o, opts);
	if (ret)
		return ret;
	ret = vmop_ioctl(vmo->fd, VMOP_VMO_OP_RANGE, &cmd);
	o.out_actual = cmd.out_actual;
	vmop_opts_back(opts, &o, sizeof(o));
	return vmop_fail(ret, NULL, "VMO %s: operation %u, %llu bytes from %llu on",
			 vmo->label, op, length, offset);
}

int vmop_vmo_info(const struct vmop_vmo *vmo, struct vmop_vmo_get_info *info)
{
	int ret = -EINVAL;

	if (info->size >= sizeof(info->size))
		ret = vmop_ioctl(vmo->fd, VMOP_VMO_GET_INFO, info);
	return vmop_fail(ret, ret == -EINVAL ? "set info->size" : NULL,
			 "VMO %s: ask about it", vmo->label);
}

int vmop_vmo_rename(const struct vmop_vmo *vmo, const char *name)
{
	struct vmop_vmo_set_name cmd = { .size = sizeof(cmd) };
	int ret = vmop_name_copy(cmd.name, name);

	if (ret)
		return ret;
	return vmop_fail(vmop_ioctl(vmo->fd, VMOP_VMO_SET_NAME, &cmd), NULL,
			 "VMO %s: rename to '%s'", vmo->label, name);
}
