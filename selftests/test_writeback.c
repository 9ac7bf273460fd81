// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty content as the tests make it, look at it and write it back; see
 * test_writeback.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test_writeback.h"

/* ---- the pager's calls ---------------------------------------------------- */

int test_wb_init(struct test_pager *tp)
{
	struct vmop_port_create cmd = {
		.size = sizeof(cmd),
		.flags = VMOP_PORT_WRITEBACK,
		.out_port_fd = -1,
	};
	int ret = test_pager_init(tp);

	if (ret)
		return ret;
	test_pager_close_port(tp);
	ret = vmop_test_ioctl(tp->fd, VMOP_PORT_CREATE, &cmd);
	if (ret)
		return ret;
	tp->port = cmd.out_port_fd;
	return fcntl(tp->port, F_SETFL, O_NONBLOCK) ? -errno : 0;
}

/* What no call returns. */
#define TEST_DIRTY_NONE (~(__u64)0)

int test_dirty_query(int pager, int vmo, __u64 offset, __u64 length, void *buf,
		     __u64 nr_ranges, __u64 *actual, __u64 *avail)
{
	struct vmop_query_dirty cmd = {
		.size = sizeof(cmd),
		.flags = avail ? VMOP_QUERY_AVAIL : 0,
		.vmo_fd = vmo,
		.offset = offset,
		.length = length,
		.ranges_uptr = (uintptr_t)buf,
		.nr_ranges = nr_ranges,
		.out_actual = TEST_DIRTY_NONE,
		.out_avail = TEST_DIRTY_NONE,
	};
	int ret = vmop_test_ioctl(pager, VMOP_QUERY_DIRTY, &cmd);

	if (actual)
		*actual = cmd.out_actual;
	if (avail)
		*avail = cmd.out_avail;
	return ret;
}

int test_dirty_stats(int pager, int vmo, __u32 flags,
		     struct vmop_query_stats *stats)
{
	memset(stats, 0xff, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->flags = flags;
	stats->vmo_fd = vmo;
	return vmop_test_ioctl(pager, VMOP_QUERY_STATS, stats);
}

int test_wb_op(int pager, int vmo, __u32 op, __u64 offset, __u64 length,
	       __u64 data)
{
	return vmop_test_op_range(pager, vmo, op, offset, length, data, 0, NULL);
}

int test_dirty_op(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u32 op, __u64 pgoff, __u64 nr, __u64 data)
{
	__u64 actual;
	int ret = vmop_test_op_range(tp->fd, vmo->fd, op, PG(pgoff), PG(nr),
				     data, 0, &actual);

	if (actual == (ret ? 0 : PG(nr)))
		return ret;
	/* Refused arguments are not written to. */
	if (ret && actual == TEST_DIRTY_NONE)
		return ret;
	fprintf(stderr, "# operation %u returned %d and did %llu of %llu bytes\n",
		op, ret, actual, PG(nr));
	return -EBADMSG;
}

int test_wb_begin(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr)
{
	return test_dirty_op(tp, vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN, pgoff, nr,
			     0);
}

int test_wb_end(const struct test_pager *tp, const struct test_vmo *vmo,
		__u64 pgoff, __u64 nr)
{
	return test_dirty_op(tp, vmo, VMOP_PAGER_OP_WRITEBACK_END, pgoff, nr, 0);
}

int test_wb_clean(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr)
{
	int ret = test_wb_begin(tp, vmo, pgoff, nr);

	return ret ? ret : test_wb_end(tp, vmo, pgoff, nr);
}

int test_wb_grant(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr)
{
	return test_dirty_op(tp, vmo, VMOP_PAGER_OP_DIRTY, pgoff, nr, 0);
}

int test_wb_query(int pager, int vmo, __u64 offset, __u64 length,
		  struct vmop_dirty_range *ranges, unsigned int max)
{
	__u64 actual;
	int ret = test_dirty_query(pager, vmo, offset, length, ranges, max,
				   &actual, NULL);

	return ret ? ret : (int)actual;
}

__u64 test_wb_dirty(const struct test_pager *tp, const struct test_vmo *vmo)
{
	struct vmop_query_stats stats;

	if (test_dirty_stats(tp->fd, vmo->fd, 0, &stats))
		return ~(__u64)0;
	return stats.out_dirty + stats.out_dirty_zero;
}

/* ---- dirty ranges --------------------------------------------------------- */

/* Room for this many records a call. */
#define TEST_DIRTY_ROOM 2

/* Where the records go. */
struct test_dirty_buf {
	char *addr;
	int vmo;	/* memory that is dropped before each call; or -1 */
};

static void test_dirty_print(const char *what, __u64 pgoff, __u64 nr, __u64 flags)
{
	fprintf(stderr, "# %s %llu pages at %llu, flags %#llx\n", what, nr, pgoff,
		flags);
}

static bool test_dirty_same(const struct vmop_dirty_range *came,
			    const struct test_dirty_range *want, unsigned int nr)
{
	bool same = true;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (came[i].offset != PG(want[i].pgoff) ||
		    came[i].length != PG(want[i].nr) ||
		    came[i].flags != want[i].flags)
			same = false;
	for (i = 0; !same && i < nr; i++) {
		test_dirty_print("expected", want[i].pgoff, want[i].nr,
				 want[i].flags);
		test_dirty_print("    came", came[i].offset / vmop_test_page_size,
				 came[i].length / vmop_test_page_size,
				 came[i].flags);
	}
	return same;
}

/* From the start to the end of the range, as a pager does it. */
static int test_dirty_page_through(const struct test_pager *tp,
				   const struct test_vmo *vmo, __u64 pgoff,
				   __u64 len, const struct test_dirty_range *want,
				   unsigned int nr, const struct test_dirty_buf *buf)
{
	struct vmop_dirty_range came[TEST_DIRTY_ROOM];
	__u64 at = PG(pgoff), end = PG(pgoff + len), actual, avail;
	unsigned int n;
	int ret;

	do {
		if (buf->vmo >= 0 &&
		    vmop_test_vmo_op(buf->vmo, VMOP_VMO_OP_DECOMMIT, 0, PG(2),
				     NULL))
			return -EIO;
		ret = test_dirty_query(tp->fd, vmo->fd, at, end - at, buf->addr,
				       TEST_DIRTY_ROOM, &actual, &avail);
		n = nr < TEST_DIRTY_ROOM ? nr : TEST_DIRTY_ROOM;
		if (ret || actual != n || avail != nr) {
			fprintf(stderr, "# query from page %llu: %d, %llu of %llu, not %u of %u\n",
				at / vmop_test_page_size, ret, actual, avail, n,
				nr);
			return ret ? ret : -EBADMSG;
		}
		memcpy(came, buf->addr, n * sizeof(came[0]));
		if (!test_dirty_same(came, want, n))
			return -EBADMSG;
		if (n)
			at = came[n - 1].offset + came[n - 1].length;
		want += n;
		nr -= n;
	} while (nr);
	return 0;
}

/* In memory that is not there, with the first record so far before a border. */
static int test_dirty_page_through_absent(const struct test_pager *tp,
					  const struct test_vmo *vmo, __u64 pgoff,
					  __u64 len,
					  const struct test_dirty_range *want,
					  unsigned int nr, size_t before)
{
	struct test_dirty_buf buf = { .vmo = vmop_test_vmo_create(tp->fd, 0, PG(2)) };
	char *map;
	int ret;

	if (buf.vmo < 0)
		return buf.vmo;
	map = mmap(NULL, PG(2), PROT_READ | PROT_WRITE, MAP_SHARED, buf.vmo, 0);
	if (map == MAP_FAILED) {
		ret = -errno;
		close(buf.vmo);
		return ret;
	}
	buf.addr = map + PG(1) - before;
	ret = test_dirty_page_through(tp, vmo, pgoff, len, want, nr, &buf);
	munmap(map, PG(2));
	close(buf.vmo);
	return ret;
}

int test_dirty_expect_in(const struct test_pager *tp, const struct test_vmo *vmo,
			 __u64 pgoff, __u64 len,
			 const struct test_dirty_range *want, unsigned int nr)
{
	struct vmop_dirty_range room[TEST_DIRTY_ROOM];
	struct test_dirty_buf buf = { .addr = (char *)room, .vmo = -1 };
	const size_t size = sizeof(struct vmop_dirty_range);
	__u64 actual, avail;
	int ret;

	ret = test_dirty_query(tp->fd, vmo->fd, PG(pgoff), PG(len), NULL, 0,
			       &actual, &avail);
	if (ret || actual || avail != nr)
		fprintf(stderr, "# counting: %d, %llu stored, %llu ranges, expected %u\n",
			ret, actual, avail, nr);
	if (ret)
		return ret;
	/* Also when the count is wrong: what comes says more. */
	ret = test_dirty_page_through(tp, vmo, pgoff, len, want, nr, &buf);
	if (!ret)
		ret = test_dirty_page_through_absent(tp, vmo, pgoff, len, want,
						     nr, size);
	if (!ret)
		ret = test_dirty_page_through_absent(tp, vmo, pgoff, len, want,
						     nr, size - 8);
	return ret ? ret : actual || avail != nr ? -EBADMSG : 0;
}

/* The sums that the kernel keeps must be those of the ranges. */
static int test_dirty_sums(const struct test_pager *tp, const struct test_vmo *vmo,
			   const struct vmop_vmo_get_info *info,
			   const struct test_dirty_range *want, unsigned int nr)
{
	struct vmop_query_stats stats;
	__u64 pages = 0, zeros = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		if (want[i].flags & VMOP_DIRTY_ZERO)
			zeros += PG(want[i].nr);
		else
			pages += PG(want[i].nr);
	}
	ret = test_dirty_stats(tp->fd, vmo->fd, 0, &stats);
	if (ret)
		return ret;
	if (stats.out_dirty == pages && stats.out_dirty_zero == zeros &&
	    info->out_dirty == pages && stats.out_awaiting_clean <= pages)
		return 0;
	fprintf(stderr, "# dirty %llu, zeros %llu; stats %llu (%llu written), %llu; info %llu\n",
		pages, zeros, stats.out_dirty, stats.out_awaiting_clean,
		stats.out_dirty_zero, info->out_dirty);
	return -EBADMSG;
}

int test_dirty_expect(const struct test_pager *tp, const struct test_vmo *vmo,
		      const struct test_dirty_range *want, unsigned int nr)
{
	struct vmop_vmo_get_info info;
	int ret = vmop_test_get_info(vmo->fd, &info);

	if (!ret)
		ret = test_dirty_expect_in(tp, vmo, 0,
					   info.out_size / vmop_test_page_size,
					   want, nr);
	return ret ? ret : test_dirty_sums(tp, vmo, &info, want, nr);
}

int test_dirty_modified(const struct test_pager *tp, const struct test_vmo *vmo,
			__u32 flags)
{
	struct vmop_query_stats stats;
	int ret = test_dirty_stats(tp->fd, vmo->fd, flags, &stats);

	if (ret)
		return ret;
	return stats.out_modified > 1 ? -EBADMSG : (int)stats.out_modified;
}

/* ---- VMOs ----------------------------------------------------------------- */

int test_dirty_make_empty(struct test_pager *tp, struct test_vmo *vmo, __u64 key,
			  __u32 flags, __u64 nr, __u64 size)
{
	struct vmop_test_vmo_args args = {
		.flags = flags | VMOP_VMO_RESIZABLE, .key = key,
		.length = PG(nr), .max_request_pages = 1,
	};
	int ret = test_pager_vmo_args(tp, vmo, &args);

	if (ret || size == nr)
		return ret;
	ret = vmop_test_set_size(vmo->fd, PG(size));
	return ret ? ret : test_vmo_map(tp, vmo, size);
}

int test_dirty_make(struct test_pager *tp, struct test_vmo *vmo, __u64 key,
		    __u32 flags, __u64 nr, __u64 size)
{
	int ret = test_dirty_make_empty(tp, vmo, key, flags, nr, size);

	return ret ? ret : test_pager_supply(tp, vmo, 0, nr);
}

int test_dirty_quiet(struct test_pager *tp)
{
	struct vmop_vmo_get_info info;
	unsigned int i;
	int ret;

	if (tp->port >= 0 && tp->fd >= 0) {
		ret = test_pager_expect_none(tp);
		if (ret)
			return ret;
	}
	for (i = 0; i < tp->nr_vmos; i++) {
		if (tp->vmos[i].fd < 0)
			continue;
		ret = vmop_test_get_info(tp->vmos[i].fd, &info);
		if (ret)
			return ret;
		if (!info.out_num_waiters && !info.out_evicted_pages)
			continue;
		fprintf(stderr, "# VMO %u: %u threads wait, %llu pages were evicted\n",
			i, info.out_num_waiters, info.out_evicted_pages);
		return -EBUSY;
	}
	return 0;
}

struct test_dirty_evict_arg {
	int vmo;
	__u64 nr_left;
};

static bool test_dirty_is_evicted(void *arg)
{
	struct test_dirty_evict_arg *e = arg;

	return !vmop_test_reclaim() &&
	       vmop_test_committed(e->vmo) == PG(e->nr_left);
}

int test_dirty_evict(const struct test_vmo *vmo, __u64 nr_left)
{
	struct test_dirty_evict_arg arg = { .vmo = vmo->fd, .nr_left = nr_left };

	return vmop_test_poll(test_dirty_is_evicted, &arg);
}

/* ---- records -------------------------------------------------------------- */

int test_wb_expect(struct test_pager *tp, const struct test_vmo *vmo, __u32 type,
		   __u64 pgoff, __u64 nr)
{
	struct vmop_port_record want = {
		.type = type,
		.key = vmo->key,
		.offset = PG(pgoff),
		.length = PG(nr),
	};

	return test_pager_expect(tp, &want);
}

/* The thread's request, if it makes one, its answer, and its end. */
static int test_dirty_finish(struct test_pager *tp, const struct test_vmo *vmo,
			     __u64 pgoff, __u64 nr, bool asks,
			     struct vmop_thread *t)
{
	struct vmop_result res;
	int ret = t ? 0 : -ENOMEM;

	if (!ret && asks)
		ret = test_wb_expect(tp, vmo, VMOP_RECORD_DIRTY, pgoff, nr);
	if (!ret && asks)
		ret = test_dirty_op(tp, vmo, VMOP_PAGER_OP_DIRTY, pgoff, nr, 0);
	if (!ret)
		ret = vmop_thread_wait(t, &res);
	if (ret)
		return ret;
	if (res.ret == (long)PG(nr) && !res.err && !res.sig)
		return 0;
	fprintf(stderr, "# writing %llu pages at %llu: returned %ld, errno %d, signal %d\n",
		nr, pgoff, res.ret, res.err, res.sig);
	return -EBADMSG;
}

int test_dirty_write(struct test_pager *tp, const struct test_vmo *vmo,
		     __u64 pgoff, __u64 nr, __u64 key, bool asks)
{
	return test_dirty_finish(tp, vmo, pgoff, nr, asks,
				 vmop_thread_pwrite(vmo->fd, PG(pgoff), PG(nr),
						    key));
}

int test_dirty_store(struct test_pager *tp, const struct test_vmo *vmo,
		     __u64 pgoff, __u64 nr, __u64 key, bool asks)
{
	int ret = 0;

	for (; nr && !ret; nr--, pgoff++)
		ret = test_dirty_finish(tp, vmo, pgoff, 1, asks,
					vmop_thread_store(vmo->map + PG(pgoff),
							  PG(1), key,
							  PG(pgoff)));
	return ret;
}

/* ---- a server ------------------------------------------------------------- */

#define TEST_WB_RANGES 64
#define TEST_WB_CHUNK (64 * 1024)

static int test_wb_copy_out(struct test_wb_server *srv, __u64 offset,
			    __u64 length)
{
	char *buf = malloc(TEST_WB_CHUNK);
	int ret = buf ? 0 : -ENOMEM;
	ssize_t n;

	while (length && !ret) {
		n = length < TEST_WB_CHUNK ? length : TEST_WB_CHUNK;
		n = vmop_test_pread(srv->vmo, buf, n, offset);
		/* The VMO was cut: what is gone need not be written. */
		if (!n)
			break;
		if (n > 0 && vmop_test_pwrite(srv->store, buf, n, offset) != n)
			n = -EIO;
		if (n < 0)
			ret = n;
		offset += n;
		length -= n;
	}
	free(buf);
	return ret;
}

static int test_wb_flush_range(struct test_wb_server *srv,
			       const struct vmop_dirty_range *range)
{
	int ret;

	ret = test_wb_op(srv->pager, srv->vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN,
			 range->offset, range->length, range->flags);
	if (ret)
		return ret;
	if (!(range->flags & VMOP_DIRTY_ZERO))
		ret = test_wb_copy_out(srv, range->offset, range->length);
	else if (fallocate(srv->store, FALLOC_FL_PUNCH_HOLE |
			   FALLOC_FL_KEEP_SIZE, range->offset, range->length))
		ret = -errno;
	if (ret)
		return ret;
	/* before somebody who waits for the END may look */
	__atomic_add_fetch(&srv->nr_pages, range->length / vmop_test_page_size,
			   __ATOMIC_RELAXED);
	return test_wb_op(srv->pager, srv->vmo, VMOP_PAGER_OP_WRITEBACK_END,
			  range->offset, range->length, 0);
}

long test_wb_flush(struct test_wb_server *srv, __u64 offset, __u64 length)
{
	struct vmop_dirty_range ranges[TEST_WB_RANGES];
	__u64 end = offset + length;
	long nr_pages = 0;
	int n, i, ret;

	do {
		n = test_wb_query(srv->pager, srv->vmo, offset, end - offset,
				  ranges, TEST_WB_RANGES);
		if (n < 0)
			return n;
		for (i = 0; i < n; i++) {
			ret = test_wb_flush_range(srv, &ranges[i]);
			if (ret)
				return ret;
			nr_pages += ranges[i].length / vmop_test_page_size;
			offset = ranges[i].offset + ranges[i].length;
		}
	} while (n == TEST_WB_RANGES);
	return nr_pages;
}

static __u64 test_wb_size(const struct test_wb_server *srv)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(srv->vmo, &info) ? 0 : info.out_size;
}

static int test_wb_answer(struct test_wb_server *srv,
			  const struct vmop_port_record *rec)
{
	long n;

	switch (rec->type) {
	case VMOP_RECORD_READ:
		return vmop_test_supply_file(srv->pager, srv->vmo, rec->offset,
					     rec->length, srv->store,
					     rec->offset, NULL);
	case VMOP_RECORD_DIRTY:
		__atomic_add_fetch(&srv->nr_dirty, 1, __ATOMIC_RELAXED);
		/* Absent again by now: who waits asks anew. */
		n = test_wb_op(srv->pager, srv->vmo, VMOP_PAGER_OP_DIRTY,
			       rec->offset, rec->length, 0);
		return n == -ENOENT ? 0 : n;
	case VMOP_RECORD_WRITEBACK:
		__atomic_add_fetch(&srv->nr_writebacks, 1, __ATOMIC_RELAXED);
		n = test_wb_flush(srv, 0, test_wb_size(srv));
		if (n < 0)
			return n;
		return vmop_test_fail_id(srv->pager, srv->vmo, rec->id, 0);
	default:
		return 0;
	}
}

int test_wb_loop(struct test_wb_server *srv)
{
	struct pollfd pfd[2] = {
		{ .fd = srv->stop_fd, .events = POLLIN },
		{ .fd = srv->port, .events = POLLIN },
	};
	struct vmop_port_record rec;
	ssize_t n;
	int ret;

	for (;;) {
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (pfd[0].revents)
			return 0;
		n = read(srv->port, &rec, sizeof(rec));
		if (!n)
			return 0;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		ret = test_wb_answer(srv, &rec);
		/* A VMO that was cut or detached meanwhile is no error. */
		if (ret && ret != -ERANGE && ret != -ENOTCONN)
			return ret;
	}
}

static void *test_wb_thread(void *arg)
{
	struct test_wb_server *srv = arg;
	int ret = test_wb_loop(srv);

	if (ret)
		fprintf(stderr, "# writeback server: %s\n", strerror(-ret));
	__atomic_store_n(&srv->error, ret, __ATOMIC_RELEASE);
	return NULL;
}

int test_wb_start(struct test_wb_server *srv)
{
	srv->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (srv->stop_fd < 0)
		return -errno;
	return -pthread_create(&srv->thread, NULL, test_wb_thread, srv);
}

int test_wb_stop(struct test_wb_server *srv)
{
	__u64 one = 1;

	if (write(srv->stop_fd, &one, sizeof(one)) != sizeof(one))
		return -EIO;
	pthread_join(srv->thread, NULL);
	close(srv->stop_fd);
	return srv->error;
}
