// SPDX-License-Identifier: GPL-2.0
/*
 * ioctl.c - tables of commands and the way from user space to their handlers:
 * size rules, copies, new file descriptors. No logic of any object but the thin
 * handlers of the VMO commands.
 */
#include <linux/build_bug.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include <linux/vmopager.h>

#include "compose.h"
#include "ioctl.h"
#include "pager.h"
#include "request.h"
#include "vmo.h"

/**
 * vmop_check_range() - check the arithmetic of a range of bytes
 * @off: first byte
 * @len: bytes
 *
 * Return: 0, or -ERANGE when it ends behind S64_MAX.
 */
int vmop_check_range(u64 off, u64 len)
{
	if (off > S64_MAX || len > S64_MAX || off + len > S64_MAX)
		return -ERANGE;
	return 0;
}

/**
 * vmop_check_page_range() - check a range that must be whole pages
 * @off: first byte
 * @len: bytes
 *
 * Return: 0, -EINVAL if it is not, or as vmop_check_range().
 */
int vmop_check_page_range(u64 off, u64 len)
{
	if ((off | len) & ~PAGE_MASK)
		return -EINVAL;
	return vmop_check_range(off, len);
}

static int vmop_vmo_op(struct vmop_vmo *vmo, struct file *file,
		       struct vmop_vmo_op_range *cmd)
{
	bool writable = file->f_mode & FMODE_WRITE;

	switch (cmd->op) {
	case VMOP_VMO_OP_COMMIT:
		return writable ? vmop_vmo_commit(vmo, cmd->offset, cmd->length,
						  &cmd->out_actual) : -EACCES;
	case VMOP_VMO_OP_DECOMMIT:
		return writable ? vmop_vmo_decommit(vmo, cmd->offset,
						    cmd->length,
						    &cmd->out_actual) : -EACCES;
	case VMOP_VMO_OP_ZERO:
		if (!writable)
			return -EACCES;
		file_update_time(file);
		return vmop_vmo_zero(vmo, cmd->offset, cmd->length,
				     &cmd->out_actual);
	case VMOP_VMO_OP_PREFETCH:
		return vmop_vmo_prefetch(vmo, cmd->offset, cmd->length,
					 &cmd->out_actual);
	case VMOP_VMO_OP_DONT_NEED:
		return vmop_vmo_dont_need(vmo, cmd->offset, cmd->length,
					  &cmd->out_actual);
	default:
		return -EOPNOTSUPP;
	}
}

static int vmop_vmo_op_range_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_op_range *cmd = ucmd->cmd;
	int ret;

	cmd->out_actual = 0;
	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	ret = vmop_check_range(cmd->offset, cmd->length);
	if (ret)
		return ret;
	return vmop_vmo_op(vmop_vmo_from_file(ucmd->file), ucmd->file, cmd);
}

static int vmop_vmo_set_size_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_set_size *cmd = ucmd->cmd;
	int ret;

	if (cmd->flags)
		return -EOPNOTSUPP;
	if (!(ucmd->file->f_mode & FMODE_WRITE))
		return -EACCES;
	ret = vmop_vmo_resize(vmop_vmo_from_file(ucmd->file), cmd->length);
	if (!ret)
		file_update_time(ucmd->file);
	return ret;
}

static int vmop_vmo_set_name_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_set_name *cmd = ucmd->cmd;

	if (cmd->flags)
		return -EOPNOTSUPP;
	if (!(ucmd->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return vmop_vmo_set_name(vmop_vmo_from_file(ucmd->file), cmd->name);
}

static int vmop_vmo_get_info_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_get_info *cmd = ucmd->cmd;
	struct vmop_vmo *vmo = vmop_vmo_from_file(ucmd->file);
	u32 flags = cmd->flags;
	u32 size = cmd->size;
	int ret;

	if (flags & ~VMOP_GET_INFO_SHARES)
		return -EOPNOTSUPP;
	memset(cmd, 0, sizeof(*cmd));
	cmd->size = size;
	cmd->flags = flags;
	ret = vmop_vmo_info(vmo, cmd);
	if (!ret && (flags & VMOP_GET_INFO_SHARES))
		ret = vmop_vmo_shares(vmo, cmd);
	return ret;
}

static int vmop_vmo_create_child_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_create_child *cmd = ucmd->cmd;
	struct file *file;

	file = vmop_vmo_create_child(vmop_vmo_from_file(ucmd->file),
				     ucmd->file->f_mode, cmd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ucmd->new_file = file;
	ucmd->out_fd = &cmd->out_vmo_fd;
	return 0;
}

static int vmop_vmo_reset_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_reset *cmd = ucmd->cmd;

	cmd->out_actual = 0;
	if (cmd->flags)
		return -EOPNOTSUPP;
	if (!(ucmd->file->f_mode & FMODE_WRITE))
		return -EACCES;
	file_update_time(ucmd->file);
	return vmop_vmo_reset(vmop_vmo_from_file(ucmd->file), &cmd->out_actual);
}

static int vmop_vmo_seal_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_seal *cmd = ucmd->cmd;

	if (cmd->flags)
		return -EOPNOTSUPP;
	if (!(ucmd->file->f_mode & FMODE_WRITE))
		return -EACCES;
	return vmop_vmo_seal(vmop_vmo_from_file(ucmd->file));
}

static int vmop_vmo_latency_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo *vmo = vmop_vmo_from_file(ucmd->file);

	if (!vmo->tree->source)
		return -EOPNOTSUPP;
	return vmop_source_query_latency(vmo->tree->source, ucmd->cmd);
}

/* Room for every command's structure. */
union vmop_any_cmd {
	struct vmop_info info;
	struct vmop_port_create port_create;
	struct vmop_pager_vmo_create pager_vmo_create;
	struct vmop_vmo_create vmo_create;
	struct vmop_detach detach;
	struct vmop_supply supply;
	struct vmop_supply_copy supply_copy;
	struct vmop_supply_zero supply_zero;
	struct vmop_supply_file supply_file;
	struct vmop_op_range op_range;
	struct vmop_query_dirty query_dirty;
	struct vmop_query_stats query_stats;
	struct vmop_query_latency query_latency;
	struct vmop_vmo_op_range vmo_op_range;
	struct vmop_vmo_set_size vmo_set_size;
	struct vmop_vmo_set_name vmo_set_name;
	struct vmop_vmo_get_info vmo_get_info;
	struct vmop_vmo_create_child vmo_create_child;
	struct vmop_vmo_reset vmo_reset;
	struct vmop_vmo_seal vmo_seal;
	struct vmop_vmo_compose vmo_compose;
};

/*
 * @size is that of the structure as this kernel knows it, @min_size that of its
 * first version. For one that @makes_fd the number is reserved before it runs,
 * so that nothing is made that cannot be given out.
 */
struct vmop_ioctl {
	unsigned int size;
	unsigned int min_size;
	unsigned int cmd;
	bool makes_fd;
	int (*fn)(struct vmop_ucmd *ucmd);
};

#define VMOP_IOCTL_FD(_cmd, _fn, _struct, _last)			\
	VMOP_IOCTL(_cmd, _fn, _struct, _last, .makes_fd = true)

#define VMOP_IOCTL(_cmd, _fn, _struct, _last, ...)			\
	[_IOC_NR(_cmd) - VMOP_CMD_BASE] = {				\
		.size = sizeof(struct _struct) +			\
			BUILD_BUG_ON_ZERO(sizeof(union vmop_any_cmd) <	\
					  sizeof(struct _struct)),	\
		.min_size = offsetofend(struct _struct, _last),		\
		.cmd = _cmd,						\
		.fn = _fn,						\
		__VA_ARGS__						\
	}

static const struct vmop_ioctl vmop_pager_ioctls[] = {
	VMOP_IOCTL(VMOP_INFO, vmop_info_ioctl, vmop_info, out_name_len),
	VMOP_IOCTL_FD(VMOP_PORT_CREATE, vmop_port_create_ioctl,
		      vmop_port_create, __reserved),
	VMOP_IOCTL_FD(VMOP_PAGER_VMO_CREATE, vmop_pager_vmo_create_ioctl,
		      vmop_pager_vmo_create, dirty_limit),
	VMOP_IOCTL_FD(VMOP_VMO_CREATE, vmop_vmo_create_ioctl, vmop_vmo_create,
		      name),
	VMOP_IOCTL(VMOP_DETACH, vmop_detach_ioctl, vmop_detach, __reserved),
	VMOP_IOCTL(VMOP_SUPPLY, vmop_supply_ioctl, vmop_supply, out_actual),
	VMOP_IOCTL(VMOP_SUPPLY_COPY, vmop_supply_copy_ioctl, vmop_supply_copy,
		   out_actual),
	VMOP_IOCTL(VMOP_SUPPLY_ZERO, vmop_supply_zero_ioctl, vmop_supply_zero,
		   out_actual),
	VMOP_IOCTL(VMOP_SUPPLY_FILE, vmop_supply_file_ioctl, vmop_supply_file,
		   out_actual),
	VMOP_IOCTL(VMOP_OP_RANGE, vmop_op_range_ioctl, vmop_op_range,
		   out_actual),
	VMOP_IOCTL(VMOP_QUERY_DIRTY, vmop_query_dirty_ioctl, vmop_query_dirty,
		   out_avail),
	VMOP_IOCTL(VMOP_QUERY_STATS, vmop_query_stats_ioctl, vmop_query_stats,
		   out_cleaned),
	VMOP_IOCTL(VMOP_QUERY_LATENCY, vmop_pager_latency_ioctl,
		   vmop_query_latency, out_buckets),
};

static const struct vmop_ioctl vmop_vmo_ioctls[] = {
	VMOP_IOCTL_FD(VMOP_VMO_CREATE_CHILD, vmop_vmo_create_child_ioctl,
		      vmop_vmo_create_child, out_vmo_fd),
	VMOP_IOCTL(VMOP_VMO_OP_RANGE, vmop_vmo_op_range_ioctl,
		   vmop_vmo_op_range, out_actual),
	VMOP_IOCTL(VMOP_VMO_SET_SIZE, vmop_vmo_set_size_ioctl,
		   vmop_vmo_set_size, length),
	VMOP_IOCTL(VMOP_VMO_GET_INFO, vmop_vmo_get_info_ioctl,
		   vmop_vmo_get_info, out_name),
	VMOP_IOCTL(VMOP_VMO_SET_NAME, vmop_vmo_set_name_ioctl,
		   vmop_vmo_set_name, name),
	VMOP_IOCTL(VMOP_VMO_RESET, vmop_vmo_reset_ioctl, vmop_vmo_reset,
		   out_actual),
	VMOP_IOCTL_FD(VMOP_VMO_COMPOSE, vmop_vmo_compose_ioctl,
		      vmop_vmo_compose, name),
	VMOP_IOCTL(VMOP_VMO_SEAL, vmop_vmo_seal_ioctl, vmop_vmo_seal, flags),
	VMOP_IOCTL(VMOP_QUERY_LATENCY, vmop_vmo_latency_ioctl,
		   vmop_query_latency, out_buckets),
};

/* The layout is for ever. */
static_assert(sizeof(struct vmop_info) == 48);
static_assert(sizeof(struct vmop_port_create) == 16);
static_assert(sizeof(struct vmop_port_record) == 64);
static_assert(sizeof(struct vmop_pager_vmo_create) == 88);
static_assert(offsetof(struct vmop_pager_vmo_create, dirty_limit) == 80);
static_assert(sizeof(struct vmop_vmo_create) == 56);
static_assert(sizeof(struct vmop_detach) == 16);
static_assert(sizeof(struct vmop_supply) == 48);
static_assert(sizeof(struct vmop_supply_copy) == 48);
static_assert(sizeof(struct vmop_supply_zero) == 40);
static_assert(sizeof(struct vmop_supply_file) == 48);
static_assert(sizeof(struct vmop_op_range) == 64);
static_assert(sizeof(struct vmop_dirty_range) == 24);
static_assert(sizeof(struct vmop_query_dirty) == 64);
static_assert(sizeof(struct vmop_query_stats) == 72);
static_assert(sizeof(struct vmop_query_latency) == 344);
static_assert(sizeof(struct vmop_vmo_op_range) == 40);
static_assert(sizeof(struct vmop_vmo_set_size) == 16);
static_assert(sizeof(struct vmop_vmo_set_name) == 40);
static_assert(sizeof(struct vmop_vmo_get_info) == 216);
static_assert(offsetof(struct vmop_vmo_get_info, out_parent_id) == 160);
static_assert(sizeof(struct vmop_vmo_create_child) == 32);
static_assert(sizeof(struct vmop_vmo_reset) == 16);
static_assert(sizeof(struct vmop_vmo_seal) == 8);
static_assert(sizeof(struct vmop_compose_window) == 24);
static_assert(sizeof(struct vmop_vmo_compose) == 64);

/* Bits of the commands in a table. */
static u64 vmop_table_cmds(const struct vmop_ioctl *table, unsigned int nr)
{
	unsigned int i;
	u64 cmds = 0;

	for (i = 0; i < nr; i++)
		if (table[i].fn)
			cmds |= BIT_ULL(i);
	return cmds;
}

/**
 * vmop_cmds() - which commands exist
 *
 * Return: bit n for command VMOP_CMD_BASE + n.
 */
u64 vmop_cmds(void)
{
	return vmop_table_cmds(vmop_pager_ioctls,
			       ARRAY_SIZE(vmop_pager_ioctls)) |
	       vmop_table_cmds(vmop_vmo_ioctls, ARRAY_SIZE(vmop_vmo_ioctls));
}

/*
 * Tell user space the outcome, also of a failure: out_actual is good then. A new
 * file becomes visible as the very last thing.
 */
static int vmop_ucmd_respond(struct vmop_ucmd *ucmd, void __user *uptr,
			     size_t len, int fd, int ret)
{
	if (ucmd->new_file)
		*ucmd->out_fd = fd;
	if (copy_to_user(uptr, ucmd->cmd, len) && !ret)
		ret = -EFAULT;
	if (!ret && ucmd->new_file) {
		fd_install(fd, ucmd->new_file);
		return 0;
	}
	if (ucmd->new_file)
		fput(ucmd->new_file);
	if (fd >= 0)
		put_unused_fd(fd);
	return ret;
}

static int vmop_ucmd_run(struct vmop_ucmd *ucmd, const struct vmop_ioctl *op,
			 void __user *uptr, size_t len)
{
	int fd = -1;

	/* Somebody who cannot be answered does not change anything. */
	if (copy_to_user(uptr, ucmd->cmd, len))
		return -EFAULT;
	if (op->makes_fd) {
		fd = get_unused_fd_flags(O_CLOEXEC);
		if (fd < 0)
			return fd;
	}
	return vmop_ucmd_respond(ucmd, uptr, len, fd, op->fn(ucmd));
}

static long vmop_dispatch(struct file *file, unsigned int cmd,
			  void __user *uptr, const struct vmop_ioctl *table,
			  unsigned int nr)
{
	struct vmop_ucmd ucmd = { .file = file };
	const struct vmop_ioctl *op;
	union vmop_any_cmd buf;
	unsigned int i = _IOC_NR(cmd) - VMOP_CMD_BASE;
	u32 user_size;
	int ret;

	if (_IOC_TYPE(cmd) != VMOP_IOC_TYPE || i >= nr)
		return -ENOTTY;
	op = &table[array_index_nospec(i, nr)];
	if (op->cmd != cmd || !op->fn)
		return -ENOTTY;
	if (get_user(user_size, (u32 __user *)uptr))
		return -EFAULT;
	if (user_size < op->min_size)
		return -EINVAL;
	if (user_size > PAGE_SIZE)
		return -E2BIG;
	ret = copy_struct_from_user(&buf, op->size, uptr, user_size);
	if (ret)
		return ret;
	ucmd.cmd = &buf;
	return vmop_ucmd_run(&ucmd, op, uptr,
			     min_t(size_t, user_size, op->size));
}

/**
 * vmop_pager_ioctl() - ioctl() on a pager
 * @file: the pager
 * @cmd: the command
 * @arg: user pointer to its structure
 *
 * Return: 0 or a negative errno, see the uapi header.
 */
long vmop_pager_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return vmop_dispatch(file, cmd, (void __user *)arg, vmop_pager_ioctls,
			     ARRAY_SIZE(vmop_pager_ioctls));
}

/**
 * vmop_vmo_ioctl() - ioctl() on a VMO
 * @file: the VMO
 * @cmd: the command
 * @arg: user pointer to its structure
 *
 * Return: 0 or a negative errno, see the uapi header.
 */
long vmop_vmo_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return vmop_dispatch(file, cmd, (void __user *)arg, vmop_vmo_ioctls,
			     ARRAY_SIZE(vmop_vmo_ioctls));
}
