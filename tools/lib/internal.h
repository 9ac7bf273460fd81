/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of libvmopager share. Nothing here is exported.
 */
#ifndef VMOP_LIB_INTERNAL_H
#define VMOP_LIB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <vmopager/vmopager.h>

/* Bytes of what vmop_errmsg() returns, and of what it calls a VMO. */
#define VMOP_ERRMSG_LEN 256
#define VMOP_LABEL_LEN (VMOP_NAME_LEN + 4)

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
 * @label: what messages call it; set when the handle is made and never changed,
 *         so that threads need no lock for it
 */
struct vmop_vmo {
	int fd;
	char label[VMOP_LABEL_LEN];
};

/*
 * The one way into the kernel's commands. Unit tests put a function of their
 * own here; it returns like ioctl(): -1 with errno set, or 0.
 */
extern int (*vmop_ioctl_fn)(int fd, unsigned long cmd, void *arg);

int vmop_ioctl(int fd, unsigned long cmd, void *arg);
int vmop_name_copy(__u8 *to, const char *name);
void vmop_label(char *to, const char *name, int fd);

/* Structures of any age that start with their size: opts.c. */
int vmop_opts_read(void *to, size_t to_size, const void *from,
		   const char *type);
void vmop_opts_back(void *to, const void *from, size_t from_size);
int vmop_opts_write(void *to, const void *from, size_t from_size,
		    const char *type);

/* Takes the caller's structure, or NULL, into one of this library. */
#define vmop_opts_get(type, to, from) \
	vmop_opts_read(to, sizeof(struct type), from, #type)

/* Fills the caller's structure from one of this library. */
#define vmop_opts_put(type, to, from) \
	vmop_opts_write(to, from, sizeof(struct type), #type)

/* What helps with the EINVAL of a pager's operation on a range. */
#define VMOP_RANGE_WAY_OUT(ret)						\
	((ret) == -EINVAL ?						\
	 "ranges are whole pages, and a pager works on VMOs that it made" : \
	 NULL)

/* What went wrong, for vmop_errmsg(): errmsg.c. */
__attribute__((format(printf, 3, 4)))
int vmop_fail(int ret, const char *way_out, const char *what, ...);
void vmop_errmsg_set(const char *text);

/* Without a message of their own. */
struct vmop_vmo *vmop_vmo_alloc(void);
int vmop_op_range(const struct vmop_pager *pager, const struct vmop_vmo *vmo,
		  struct vmop_op_range *cmd);
int vmop_op_cut(const struct vmop_pager *pager, const struct vmop_vmo *vmo,
		__u32 op, __u64 offset, __u64 *length, __u64 data);
int vmop_cut(const struct vmop_vmo *vmo, __u64 offset, __u64 *length);

#endif /* VMOP_LIB_INTERNAL_H */
