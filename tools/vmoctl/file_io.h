/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading and writing files whole. All return 0 or a negative errno.
 */
#ifndef VMOCTL_FILE_IO_H
#define VMOCTL_FILE_IO_H

#include <stddef.h>
#include <linux/types.h>

/* Fills the buffer; what is behind the end of the file is zeros. */
int file_read(int fd, void *buf, size_t len, __u64 off);

int file_write(int fd, const void *buf, size_t len, __u64 off);

/*
 * Makes a range of the file read as zeros without making the file longer: by
 * a hole, or by writing zeros where the file system has no holes.
 */
int file_zero(int fd, __u64 off, __u64 len);

/* The end of the hole, or of the data, that @off is in; at most @end. */
__u64 file_extent(int fd, __u64 off, __u64 end, int *hole);

/* Makes it durable that the name is there. */
int file_sync_name(const char *path);

#endif /* VMOCTL_FILE_IO_H */
