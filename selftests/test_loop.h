/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A block device for O_DIRECT.
 */
#ifndef VMOP_TEST_LOOP_H
#define VMOP_TEST_LOOP_H

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmop_util.h"

struct loop_dev {
	int mem;
	int fd;
};

/* A block device over memory, opened with O_DIRECT. 0 or -errno. */
static inline int loop_open(struct loop_dev *loop, size_t bytes)
{
	struct loop_config cfg = { .block_size = 512 };
	char path[32];
	int ctl, nr, tries;

	ctl = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (ctl < 0)
		return -errno;
	loop->mem = memfd_create("loop", MFD_CLOEXEC);
	if (loop->mem < 0 || ftruncate(loop->mem, bytes))
		return -errno;
	cfg.fd = loop->mem;
	cfg.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	nr = ioctl(ctl, LOOP_CTL_GET_FREE);
	close(ctl);
	if (nr < 0)
		return -errno;
	snprintf(path, sizeof(path), "/dev/loop%d", nr);
	/* the node may take a moment to appear */
	for (tries = 0; tries < 100; tries++) {
		loop->fd = open(path, O_RDWR | O_DIRECT | O_CLOEXEC);
		if (loop->fd >= 0 || errno != ENOENT)
			break;
		vmop_test_nap_ms(10);
	}
	if (loop->fd < 0)
		return -errno;
	if (ioctl(loop->fd, LOOP_CONFIGURE, &cfg)) {
		int err = -errno;

		close(loop->fd);
		return err;
	}
	return 0;
}

#define loop_init(_loop) do { \
	int __ret = loop_open(_loop, PG(16)); \
	if (__ret == -ENOENT || __ret == -ENODEV || __ret == -ENXIO) \
		SKIP(return, "no loop device in this kernel"); \
	ASSERT_EQ(0, __ret); \
} while (0)

#endif /* VMOP_TEST_LOOP_H */
