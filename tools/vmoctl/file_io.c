// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing files whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_io.h"

int file_read(int fd, void *buf, size_t len, __u64 off)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(fd, (char *)buf + have, len - have,
			  (off_t)(off + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		have += (size_t)n;
	}
	memset((char *)buf + have, 0, len - have);
	return 0;
}

int file_write(int fd, const void *buf, size_t len, __u64 off)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pwrite(fd, (const char *)buf + have, len - have,
			   (off_t)(off + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* No room, as a block device tells it. */
		if (!n)
			return -ENOSPC;
		have += (size_t)n;
	}
	return 0;
}

static int write_zeros(int fd, __u64 off, __u64 end)
{
	static const char zeros[64 << 10];
	size_t len;
	int ret = 0;

	for (; !ret && off < end; off += len) {
		len = end - off < sizeof(zeros) ? end - off : sizeof(zeros);
		ret = file_write(fd, zeros, len, off);
	}
	return ret;
}

int file_zero(int fd, __u64 off, __u64 len)
{
	off_t size = lseek(fd, 0, SEEK_END);
	__u64 end = off + len;

	if (size < 0)
		return -errno;
	if (end > (__u64)size)
		end = (__u64)size;
	if (off >= end)
		return 0;
	while (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 (off_t)off, (off_t)(end - off))) {
		if (errno == EINTR)
			continue;
		if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL ||
		    errno == ENODEV)
			return write_zeros(fd, off, end);
		return -errno;
	}
	return 0;
}

__u64 file_extent(int fd, __u64 off, __u64 end, int *hole)
{
	off_t next = lseek(fd, (off_t)off, SEEK_DATA);

	/* Not off itself: off is in a hole, the last one with ENXIO. */
	*hole = (next < 0 && errno == ENXIO) || next > (off_t)off;
	if (!*hole && next >= 0)
		next = lseek(fd, (off_t)off, SEEK_HOLE);
	return next < 0 || (__u64)next > end ? end : (__u64)next;
}

int file_sync_name(const char *path)
{
	char copy[PATH_MAX];
	int fd, ret = 0;

	if (strlen(path) >= sizeof(copy))
		return -ENAMETOOLONG;
	strcpy(copy, path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* Some file systems have nothing to do for a folder and say EINVAL. */
	if (fsync(fd) && errno != EINVAL)
		ret = -errno;
	close(fd);
	return ret;
}
