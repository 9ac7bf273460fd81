/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory cgroups (version 2) for the tests: make one, limit it, enter it, read
 * its numbers, remove it. The hierarchy is expected at /sys/fs/cgroup; where
 * nothing is mounted there, it is mounted.
 */
#ifndef VMOP_TEST_CGROUP_H
#define VMOP_TEST_CGROUP_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEST_CGROUP_ROOT "/sys/fs/cgroup"

/* Writes a string to a file; returns 0 or -errno. */
static inline int test_write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/*
 * Reads the number that follows key in a file (key NULL: the first number of
 * the file); -1 when there is none.
 */
static inline long test_read_number(const char *path, const char *key)
{
	char line[256];
	long value = -1;
	FILE *f = fopen(path, "re");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		size_t n = key ? strlen(key) : 0;
		char *p = line + n;

		if (key && strncmp(line, key, n))
			continue;
		/* "oom" must not find "oom_kill" */
		if (key && *p != ' ' && *p != ':' && *p != '\t')
			continue;
		p += strcspn(p, "0123456789");
		if (*p) {
			value = strtol(p, NULL, 10);
			break;
		}
	}
	fclose(f);
	return value;
}

struct test_cgroup {
	char path[160];
};

/* Makes the memory controller usable; returns 0 or -errno. */
static inline int test_cgroup_setup(void)
{
	if (access(TEST_CGROUP_ROOT "/cgroup.controllers", F_OK)) {
		mkdir("/sys/fs/cgroup", 0755);
		if (mount("cgroup2", TEST_CGROUP_ROOT, "cgroup2", 0, NULL))
			return -errno;
	}
	return test_write_file(TEST_CGROUP_ROOT "/cgroup.subtree_control",
			       "+memory");
}

static inline int test_cgroup_set(const struct test_cgroup *cg,
				  const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	return test_write_file(path, text);
}

static inline long test_cgroup_get(const struct test_cgroup *cg,
				   const char *file, const char *key)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", cg->path, file);
	return test_read_number(path, key);
}

/* max: bytes for memory.max, 0 for no limit. Returns 0 or -errno. */
static inline int test_cgroup_make(struct test_cgroup *cg, const char *name,
				   unsigned long max)
{
	char text[32];
	int err;

	snprintf(cg->path, sizeof(cg->path), TEST_CGROUP_ROOT "/vmop-%s-%d",
		 name, getpid());
	if (mkdir(cg->path, 0755) && errno != EEXIST)
		return -errno;
	if (!max)
		return 0;
	snprintf(text, sizeof(text), "%lu", max);
	err = test_cgroup_set(cg, "memory.max", text);
	/* Without swap accounting there is no such file, and nothing to limit */
	test_cgroup_set(cg, "memory.swap.max", "0");
	return err;
}

/* Moves the calling process; returns 0 or -errno. */
static inline int test_cgroup_enter(const struct test_cgroup *cg)
{
	return test_cgroup_set(cg, "cgroup.procs", "0");
}

/* A descriptor as payer_fd wants it, or -errno. */
static inline int test_cgroup_open(const struct test_cgroup *cg)
{
	int fd = open(cg->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* A cgroup with live tasks stays; every test leaves it first. */
static inline void test_cgroup_remove(const struct test_cgroup *cg)
{
	int i;

	for (i = 0; i < 50; i++) {
		if (!rmdir(cg->path) || errno == ENOENT)
			return;
		usleep(20000);
	}
}

#endif /* VMOP_TEST_CGROUP_H */
