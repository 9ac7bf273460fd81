/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Failing allocations, in two ways. The n-th one that the calling thread makes
 * in the kernel fails, and only that, by /proc/thread-self/fail-nth. Or all
 * nodes of XArrays fail from the n-th on: an XArray tries twice, so one failure
 * is none. Other threads, so a test pager that serves, are not concerned.
 *
 * Needs a kernel with fault injection, and for the nodes "slub_debug=A,
 * radix_tree_node" when it boots. The filters in debugfs leave out by default
 * what may sleep, which is nearly all of ours.
 */
#ifndef FAIL_NTH_H
#define FAIL_NTH_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FAIL_NTH_DEBUGFS "/sys/kernel/debug/"
#define FAIL_NTH_NODES "/sys/kernel/slab/radix_tree_node/"

struct fail_nth_setting {
	const char *path;
	const char *text;
};

static inline int fail_nth_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -errno : 0;
}

static inline int fail_nth_set(const struct fail_nth_setting *set,
			       unsigned int nr)
{
	int ret = 0;

	while (nr-- && !ret) {
		ret = fail_nth_write(set->path, set->text);
		set++;
	}
	return ret;
}

#define FAIL_NTH_SET(...) ({ \
	const struct fail_nth_setting __set[] = { __VA_ARGS__ }; \
	fail_nth_set(__set, sizeof(__set) / sizeof(__set[0])); \
})

/* A descriptor for the next two calls, of this thread. */
static inline int fail_nth_open(void)
{
	int ret = FAIL_NTH_SET({ FAIL_NTH_DEBUGFS "failslab/ignore-gfp-wait",
				 "N" },
		{ FAIL_NTH_DEBUGFS "failslab/verbose", "0" },
		{ FAIL_NTH_DEBUGFS "failslab/interval", "1" },
		{ FAIL_NTH_DEBUGFS "failslab/times", "-1" },
		{ FAIL_NTH_DEBUGFS "failslab/probability", "0" },
		{ FAIL_NTH_DEBUGFS "failslab/cache-filter", "N" },
		{ FAIL_NTH_DEBUGFS "failslab/task-filter", "Y" },
		{ FAIL_NTH_DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N" },
		{ FAIL_NTH_DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ FAIL_NTH_DEBUGFS "fail_page_alloc/min-order", "0" },
		{ FAIL_NTH_DEBUGFS "fail_page_alloc/verbose", "0" });
	int fd;

	if (ret)
		return ret;
	fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static inline int fail_nth_arm(int fd, int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	return pwrite(fd, text, len, 0) == len ? 0 : -EIO;
}

/* Disarms. How many allocations were left to go: 0 when one has failed. */
static inline int fail_nth_disarm(int fd)
{
	char text[16] = { 0 };

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0 || fail_nth_arm(fd, 0))
		return -EIO;
	return atoi(text);
}

/*
 * From the n-th on, no node of an XArray is to be had. Threads that are made in
 * between inherit that.
 */
static inline int fail_nodes_arm(int nth)
{
	char size[16] = { 0 }, space[16];
	int fd = open(FAIL_NTH_NODES "object_size", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, size, sizeof(size) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	/* Bytes that may be allocated before; an equal amount is none. */
	snprintf(space, sizeof(space), "%d", (nth - 1) * atoi(size) + 1);
	return FAIL_NTH_SET({ FAIL_NTH_DEBUGFS "failslab/cache-filter", "Y" },
		{ FAIL_NTH_DEBUGFS "failslab/space", space },
		{ FAIL_NTH_DEBUGFS "failslab/probability", "100" },
		{ "/proc/thread-self/make-it-fail", "1" });
}

static inline int fail_nodes_disarm(void)
{
	return FAIL_NTH_SET({ "/proc/thread-self/make-it-fail", "0" },
		{ FAIL_NTH_DEBUGFS "failslab/probability", "0" },
		{ FAIL_NTH_DEBUGFS "failslab/cache-filter", "N" });
}

#endif /* FAIL_NTH_H */
