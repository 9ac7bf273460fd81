/* SPDX-License-Identifier: GPL-2.0 */
/*
 * ioctl.h - a command on its way from user space to its handler.
 */
#ifndef VMOP_IOCTL_H
#define VMOP_IOCTL_H

#include <linux/types.h>

struct file;

/**
 * struct vmop_ucmd - one command
 * @file: the file that it was called on
 * @cmd: the command's structure, a copy in the kernel, filled up with zeros
 * @new_file: the file that it makes; the dispatcher installs it, or drops it
 *            when user space cannot be told
 * @out_fd: where in @cmd the number of @new_file belongs
 *
 * Handlers never see the user pointer. They check in the order flags and
 * reserved fields, alignment and arithmetic, file descriptors, values, range.
 */
struct vmop_ucmd {
	struct file *file;
	void *cmd;
	struct file *new_file;
	s32 *out_fd;
};

int vmop_check_range(u64 off, u64 len);
int vmop_check_page_range(u64 off, u64 len);
u64 vmop_cmds(void);

long vmop_pager_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long vmop_vmo_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* VMOP_IOCTL_H */
