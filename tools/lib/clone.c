// SPDX-License-Identifier: GPL-2.0
/*
 * VMOs that are made from others, and what a family shares.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "internal.h"

int vmop_vmo_new_child(const struct vmop_vmo *parent, __u32 flags,
		       __u64 offset, __u64 length,
		       const struct vmop_child_opts *opts,
		       struct vmop_vmo **out)
{
	struct vmop_vmo_create_child cmd = { .size = sizeof(cmd) };
	struct vmop_vmo_set_name name = { .size = sizeof(name) };
	struct vmop_child_opts o;
	struct vmop_vmo *vmo;
	int ret;

	ret = vmop_opts_get(&o, sizeof(o), opts);
	if (!ret)
		ret = vmop_name_copy(name.name, o.name);
	if (ret)
		return ret;
	if (o.__reserved)
		return -EINVAL;
	vmo = vmop_vmo_alloc();
	if (!vmo)
		return -ENOMEM;
	cmd.flags = flags;
	cmd.offset = offset;
	cmd.length = length;
	cmd.payer_fd = o.payer_fd > 0 ? o.payer_fd : -1;
	ret = vmop_ioctl(parent->fd, VMOP_VMO_CREATE_CHILD, &cmd);
	if (ret)
		goto fail;
	vmo->fd = cmd.out_vmo_fd;
	/* The kernel gives it the parent's. */
	if (o.name)
		ret = vmop_ioctl(vmo->fd, VMOP_VMO_SET_NAME, &name);
	if (ret)
		goto fail;
	*out = vmo;
	return 0;
fail:
	vmop_vmo_close(vmo);
	return ret;
}

/* The parts as the kernel takes them, or NULL; the caller frees them. */
static struct vmop_compose_window *vmop_windows(const struct vmop_part *parts,
						size_t count)
{
	struct vmop_compose_window *windows;
	size_t i;

	windows = calloc(count, sizeof(*windows));
	for (i = 0; windows && i < count; i++) {
		windows[i].vmo_fd = parts[i].vmo->fd;
		windows[i].offset = parts[i].offset;
		windows[i].length = parts[i].length;
	}
	return windows;
}

int vmop_vmo_new_composed(const struct vmop_part *parts, size_t count,
			  const struct vmop_child_opts *opts,
			  struct vmop_vmo **out)
{
	struct vmop_vmo_compose cmd = { .size = sizeof(cmd) };
	struct vmop_compose_window *windows;
	struct vmop_child_opts o;
	struct vmop_vmo *vmo;
	int ret;

	ret = vmop_opts_get(&o, sizeof(o), opts);
	if (!ret)
		ret = vmop_name_copy(cmd.name, o.name);
	if (ret)
		return ret;
	if (o.__reserved || !count || count > UINT_MAX)
		return -EINVAL;
	vmo = vmop_vmo_alloc();
	windows = vmop_windows(parts, count);
	if (!vmo || !windows) {
		ret = -ENOMEM;
		goto out;
	}
	cmd.windows_uptr = (uintptr_t)windows;
	cmd.nr_windows = (__u32)count;
	cmd.payer_fd = o.payer_fd > 0 ? o.payer_fd : -1;
	/* Which VMO is asked does not matter: every part names its own. */
	ret = vmop_ioctl(parts[0].vmo->fd, VMOP_VMO_COMPOSE, &cmd);
	if (ret)
		goto out;
	vmo->fd = cmd.out_vmo_fd;
	*out = vmo;
	vmo = NULL;
out:
	free(windows);
	vmop_vmo_close(vmo);
	return ret;
}

int vmop_vmo_reset(const struct vmop_vmo *vmo, __u64 *actual)
{
	struct vmop_vmo_reset cmd = { .size = sizeof(cmd) };
	int ret = vmop_ioctl(vmo->fd, VMOP_VMO_RESET, &cmd);

	if (actual)
		*actual = cmd.out_actual;
	return ret;
}

int vmop_vmo_seal(const struct vmop_vmo *vmo)
{
	struct vmop_vmo_seal cmd = { .size = sizeof(cmd) };

	return vmop_ioctl(vmo->fd, VMOP_VMO_SEAL, &cmd);
}

int vmop_vmo_info_shares(const struct vmop_vmo *vmo,
			 struct vmop_vmo_get_info *info)
{
	if (info->size < offsetof(struct vmop_vmo_get_info, out_zero) +
			 sizeof(info->out_zero))
		return -EINVAL;
	info->flags |= VMOP_GET_INFO_SHARES;
	return vmop_ioctl(vmo->fd, VMOP_VMO_GET_INFO, info);
}

int vmop_vmo_wait_childless(const struct vmop_vmo *vmo, int timeout_ms)
{
	struct pollfd p = { .fd = vmo->fd, .events = POLLPRI };
	int ret;

	ret = poll(&p, 1, timeout_ms < 0 ? -1 : timeout_ms);
	if (ret < 0)
		return -errno;
	if (p.revents & POLLNVAL)
		return -EBADF;
	return ret ? 0 : -ETIMEDOUT;
}
