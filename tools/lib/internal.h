/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of libvmopager share. Nothing here is exported.
 */
#ifndef VMOP_LIB_INTERNAL_H
#define VMOP_LIB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <vmopager/vmopager.h>

/**
 * struct vmop_pager - handle of a pager
 * @fd: owned
 */
struct vmop_pager {
	int fd;
};

/**
 * struct vmop_port - handle of a port
 * @fd: owned
 */
struct vmop_port {
	int fd;
};

/**
 * struct vmop_vmo - handle of a VMO
 * @fd: owned
 */
struct vmop_vmo {
	int fd;
};

/*
 * The one way into the kernel's commands. Unit tests put a function of their
 * own here; it returns like ioctl(): -1 with errno set, or 0.
 */
extern int (*vmop_ioctl_fn)(int fd, unsigned long cmd, void *arg);

int vmop_ioctl(int fd, unsigned long cmd, void *arg);
int vmop_opts_get(void *to, size_t to_size, const void *from);
int vmop_opts_put(void *to, const void *from, size_t from_size);
int vmop_name_copy(__u8 *to, const char *name);
struct vmop_vmo *vmop_vmo_alloc(void);
int vmop_cut(const struct vmop_vmo *vmo, __u64 offset, __u64 *length);
int vmop_op_cut(const struct vmop_pager *pager, const struct vmop_vmo *vmo,
		__u32 op, __u64 offset, __u64 *length, __u64 data);

#endif /* VMOP_LIB_INTERNAL_H */
