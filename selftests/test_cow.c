// SPDX-License-Identifier: GPL-2.0
/*
 * Clones, slices and references for tests: see test_cow.h for the contracts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_cow.h"

/* ---- raw calls ------------------------------------------------------------ */

int test_cow_child(int vmo, __u32 flags, __u64 offset, __u64 length)
{
	struct vmop_vmo_create_child cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.offset = offset,
		.length = length,
		.payer_fd = -1,
		.out_vmo_fd = -1,
	};
	int ret = vmop_test_ioctl(vmo, VMOP_VMO_CREATE_CHILD, &cmd);

	return ret ? ret : cmd.out_vmo_fd;
}

int test_cow_reset(int vmo, __u64 *actual)
{
	struct vmop_vmo_reset cmd = {
		.size = sizeof(cmd),
		.out_actual = ~0ULL,
	};
	int ret = vmop_test_ioctl(vmo, VMOP_VMO_RESET, &cmd);

	if (actual)
		*actual = cmd.out_actual;
	return ret;
}

int test_cow_seal(int vmo)
{
	struct vmop_vmo_seal cmd = { .size = sizeof(cmd) };

	return vmop_test_ioctl(vmo, VMOP_VMO_SEAL, &cmd);
}

int test_cow_compose(int vmo, const struct vmop_compose_window *windows,
		     __u32 nr)
{
	struct vmop_vmo_compose cmd = {
		.size = sizeof(cmd),
		.windows_uptr = (uintptr_t)windows,
		.nr_windows = nr,
		.payer_fd = -1,
		.out_vmo_fd = -1,
	};
	int ret = vmop_test_ioctl(vmo, VMOP_VMO_COMPOSE, &cmd);

	return ret ? ret : cmd.out_vmo_fd;
}

int test_cow_shares(int vmo, struct vmop_vmo_get_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	info->flags = VMOP_GET_INFO_SHARES;
	return vmop_test_ioctl(vmo, VMOP_VMO_GET_INFO, info);
}

bool test_cow_childless(int vmo)
{
	struct pollfd pfd = { .fd = vmo, .events = POLLPRI };

	return poll(&pfd, 1, 0) == 1 && pfd.revents & POLLPRI;
}

int test_cow_wait_childless(int vmo)
{
	struct pollfd pfd = { .fd = vmo, .events = POLLPRI };
	int n = poll(&pfd, 1, vmop_test_timeout_ms());

	if (n < 0)
		return -errno;
	return n && pfd.revents & POLLPRI ? 0 : -ETIMEDOUT;
}

int test_cow_is_writable(const void *addr)
{
	unsigned long start, end;
	char line[512], perms[8];
	int ret = -ENOENT;
	FILE *f = fopen("/proc/self/maps", "re");

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &start, &end, perms) != 3)
			continue;
		if ((uintptr_t)addr < start || (uintptr_t)addr >= end)
			continue;
		ret = perms[1] == 'w';
		break;
	}
	fclose(f);
	return ret;
}

/* ---- VMOs with a mapping -------------------------------------------------- */

void test_cow_unmap(struct test_cow *v)
{
	if (v->map)
		munmap(v->map, PG(v->nr_pages));
	v->map = NULL;
	v->nr_pages = 0;
}

int test_cow_map(struct test_cow *v, __u64 nr)
{
	bool writable = (fcntl(v->fd, F_GETFL) & O_ACCMODE) == O_RDWR;
	void *map;

	test_cow_unmap(v);
	map = mmap(NULL, PG(nr), PROT_READ | (writable ? PROT_WRITE : 0),
		   MAP_SHARED, v->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	v->map = map;
	v->nr_pages = nr;
	return 0;
}

void test_cow_close(struct test_cow *v)
{
	test_cow_unmap(v);
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
}

static int test_cow_start(struct test_cow *v, int fd, __u64 nr)
{
	*v = (struct test_cow){ .fd = fd };
	if (fd < 0)
		return fd;
	return nr ? test_cow_map(v, nr) : 0;
}

int test_cow_anon(struct test_cow *v, int pager, __u32 flags, __u64 nr)
{
	return test_cow_start(v, vmop_test_vmo_create(pager, flags, PG(nr)),
			      nr);
}

int test_cow_filled(struct test_cow *v, int pager, __u32 flags, __u64 nr,
		    __u64 key)
{
	int ret = test_cow_anon(v, pager, flags, nr);

	return ret ? ret : test_cow_put(v, false, 0, nr, key, 0);
}

int test_cow_make(struct test_cow *v, int parent, __u32 flags, __u64 pgoff,
		  __u64 nr)
{
	struct vmop_vmo_get_info info;
	int ret;
	int fd = test_cow_child(parent, flags, PG(pgoff), PG(nr));

	if (fd >= 0 && flags & VMOP_CHILD_REFERENCE) {
		ret = vmop_test_get_info(fd, &info);
		if (ret)
			return ret;
		nr = info.out_size / vmop_test_page_size;
	}
	return test_cow_start(v, fd, nr);
}

int test_cow_join(struct test_cow *v, int vmo,
		  const struct vmop_compose_window *windows, __u32 nr)
{
	__u64 length = 0;
	__u32 i;

	for (i = 0; i < nr; i++)
		length += windows[i].length;
	return test_cow_start(v, test_cow_compose(vmo, windows, nr),
			      length / vmop_test_page_size);
}

struct test_cow test_cow_of(const struct test_vmo *vmo)
{
	return (struct test_cow){
		.fd = vmo->fd, .map = vmo->map, .nr_pages = vmo->nr_pages,
	};
}

/* ---- content -------------------------------------------------------------- */

int test_cow_put(const struct test_cow *v, bool map, __u64 pgoff, __u64 nr,
		 __u64 key, __u64 from)
{
	struct vmop_result res = { 0 };
	char *buf = malloc(PG(nr));
	ssize_t n;
	int ret = 0;

	if (!buf)
		return -ENOMEM;
	vmop_test_fill(buf, key, PG(from), PG(nr));
	if (map) {
		ret = vmop_mem_write(v->map + PG(pgoff), buf, PG(nr), &res);
		if (ret)
			fprintf(stderr, "# store at page %llu: signal %d after %ld bytes\n",
				pgoff, res.sig, res.ret);
	} else {
		n = vmop_test_pwrite(v->fd, buf, PG(nr), PG(pgoff));
		if (n != (ssize_t)PG(nr)) {
			fprintf(stderr, "# pwrite at page %llu returned %zd\n",
				pgoff, n);
			ret = n < 0 ? n : -EIO;
		}
	}
	free(buf);
	return ret;
}

/* A copy of what is there, or NULL: the caller frees it. */
static void *test_cow_look(const struct test_cow *v, bool map, __u64 pgoff,
			   __u64 nr)
{
	struct vmop_result res = { 0 };
	char *buf = malloc(PG(nr));
	ssize_t n;

	if (!buf)
		return NULL;
	if (!map) {
		n = vmop_test_pread(v->fd, buf, PG(nr), PG(pgoff));
		if (n == (ssize_t)PG(nr))
			return buf;
		fprintf(stderr, "# pread at page %llu returned %zd\n", pgoff,
			n);
	} else if (v->map && pgoff + nr <= v->nr_pages) {
		if (!vmop_mem_read(buf, v->map + PG(pgoff), PG(nr), &res))
			return buf;
		fprintf(stderr, "# load at page %llu: signal %d after %ld bytes\n",
			pgoff, res.sig, res.ret);
	} else {
		fprintf(stderr, "# page %llu is not mapped\n", pgoff);
	}
	free(buf);
	return NULL;
}

/* One way. zero: zeros instead of a pattern. */
static bool test_cow_check(const struct test_cow *v, bool map, __u64 pgoff,
			   __u64 nr, bool zero, __u64 key, __u64 from)
{
	void *buf = test_cow_look(v, map, pgoff, nr);
	bool ok = buf && (zero ?
			  vmop_test_check_zero(buf, PG(pgoff), PG(nr)) :
			  vmop_test_check(buf, key, PG(from), PG(nr)));

	if (!ok)
		fprintf(stderr, "# %s, %llu pages at %llu\n",
			map ? "through the mapping" : "by call", nr, pgoff);
	free(buf);
	return ok;
}

bool test_cow_shows(const struct test_cow *v, bool map, __u64 pgoff, __u64 nr,
		    __u64 key, __u64 from)
{
	if (map && !test_cow_check(v, true, pgoff, nr, false, key, from))
		return false;
	return test_cow_check(v, false, pgoff, nr, false, key, from);
}

bool test_cow_zeros(const struct test_cow *v, bool map, __u64 pgoff, __u64 nr)
{
	if (map && !test_cow_check(v, true, pgoff, nr, true, 0, 0))
		return false;
	return test_cow_check(v, false, pgoff, nr, true, 0, 0);
}

struct vmop_thread *test_cow_reader(const struct test_cow *v, bool map,
				    __u64 pgoff, __u64 nr)
{
	if (map)
		return vmop_thread_load(v->map + PG(pgoff), PG(nr));
	return vmop_thread_pread(v->fd, PG(pgoff), PG(nr));
}

struct vmop_thread *test_cow_writer(const struct test_cow *v, bool map,
				    __u64 pgoff, __u64 nr, __u64 key)
{
	if (map)
		return vmop_thread_store(v->map + PG(pgoff), PG(nr), key,
					 PG(pgoff));
	return vmop_thread_pwrite(v->fd, PG(pgoff), PG(nr), key);
}
