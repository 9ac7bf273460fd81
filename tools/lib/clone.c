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
#include <string.h>

#include "internal.h"

/* The caller's options; @name gets the name, VMOP_NAME_LEN bytes. */
static int child_opts(struct vmop_child_opts *o,
		      const struct vmop_child_opts *from, __u8 *name)
{
	int ret;

	ret = vmop_opts_get(vmop_child_opts, o, from);
	if (!ret)
		ret = vmop_name_copy(name, o->name);
	if (!ret && o->__reserved)
		ret = vmop_fail(-EINVAL, "leave __reserved 0",
				"struct vmop_child_opts");
	return ret;
}

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

	ret = child_opts(&o, opts, name.name);
	if (ret)
		return ret;
	vmo = vmop_vmo_alloc();
	if (!vmo)
		return vmop_fail(-ENOMEM, NULL, "VMO %s: make a child",
				 parent->label);
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
	if (o.name)
		vmop_label(vmo->label, o.name, vmo->fd);
	else
		memcpy(vmo->label, parent->label, sizeof(vmo->label));
	*out = vmo;
	return 0;
fail:
	vmop_fail(ret, NULL, vmo->fd < 0 ? "VMO %s: make a child" :
					   "VMO %s: name its child",
		  parent->label);
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

	ret = child_opts(&o, opts, cmd.name);
	if (ret)
		return ret;
	if (!count || count > UINT_MAX)
		return vmop_fail(-EINVAL, "give 1 to 1024",
				 "compose a VMO of %zu parts", count);
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
	vmop_label(vmo->label, o.name, vmo->fd);
	*out = vmo;
	vmo = NULL;
out:
	free(windows);
	vmop_vmo_close(vmo);
	return vmop_fail(ret, NULL, "compose a VMO of %zu parts", count);
}

int vmop_vmo_reset(const struct vmop_vmo *vmo, struct vmop_range_opts *opts)
{
	struct vmop_vmo_reset cmd = { .size = sizeof(cmd) };
	struct vmop_range_opts o;
	int ret;

	ret = vmop_opts_get(vmop_range_opts, &o, opts);
	if (ret)
		return ret;
	ret = vmop_ioctl(vmo->fd, VMOP_VMO_RESET, &cmd);
	o.out_actual = cmd.out_actual;
	vmop_opts_back(opts, &o, sizeof(o));
	return vmop_fail(ret, ret == -EOPNOTSUPP ?
			 "make the clone with VMOP_CHILD_RESETTABLE" : NULL,
			 "VMO %s: reset it", vmo->label);
}

int vmop_vmo_seal(const struct vmop_vmo *vmo)
{
	struct vmop_vmo_seal cmd = { .size = sizeof(cmd) };

	return vmop_fail(vmop_ioctl(vmo->fd, VMOP_VMO_SEAL, &cmd), NULL,
			 "VMO %s: seal it", vmo->label);
}

int vmop_vmo_info_shares(const struct vmop_vmo *vmo,
			 struct vmop_vmo_get_info *info)
{
	int ret = -EINVAL;

	if (info->size >= offsetof(struct vmop_vmo_get_info, out_zero) +
			  sizeof(info->out_zero)) {
		info->flags |= VMOP_GET_INFO_SHARES;
		ret = vmop_ioctl(vmo->fd, VMOP_VMO_GET_INFO, info);
	}
	return vmop_fail(ret, ret == -EINVAL ? "set info->size" : NULL,
			 "VMO %s: ask who shares it", vmo->label);
}

int vmop_vmo_wait_childless(const struct vmop_vmo *vmo, int timeout_ms)
{
	struct pollfd p = { .fd = vmo->fd, .events = POLLPRI };
	int ret;

	ret = poll(&p, 1, timeout_ms < 0 ? -1 : timeout_ms);
	if (ret < 0)
		ret = -errno;
	else if (p.revents & POLLNVAL)
		ret = -EBADF;
	else
		ret = ret ? 0 : -ETIMEDOUT;
	return vmop_fail(ret, ret == -ETIMEDOUT ? "its children are open" :
						  NULL,
			 "VMO %s: wait until it has no children", vmo->label);
}
