// SPDX-License-Identifier: GPL-2.0
/*
 * Pagers that write back; see test_writeback.h.
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

int test_wb_op(int pager, int vmo, __u32 op, __u64 offset, __u64 length,
	       __u64 data)
{
	return vmop_test_op_range(pager, vmo, op, offset, length, data, 0, NULL);
}

int test_wb_begin(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr)
{
	return test_wb_op(tp->fd, vmo->fd, VMOP_PAGER_OP_WRITEBACK_BEGIN,
			  PG(pgoff), PG(nr), 0);
}

int test_wb_end(const struct test_pager *tp, const struct test_vmo *vmo,
		__u64 pgoff, __u64 nr)
{
	return test_wb_op(tp->fd, vmo->fd, VMOP_PAGER_OP_WRITEBACK_END,
			  PG(pgoff), PG(nr), 0);
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
	return test_wb_op(tp->fd, vmo->fd, VMOP_PAGER_OP_DIRTY, PG(pgoff),
			  PG(nr), 0);
}

int test_wb_stats(int pager, int vmo, struct vmop_query_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->size = sizeof(*stats);
	stats->vmo_fd = vmo;
	return vmop_test_ioctl(pager, VMOP_QUERY_STATS, stats);
}

int test_wb_query(int pager, int vmo, __u64 offset, __u64 length,
		  struct vmop_dirty_range *ranges, unsigned int max)
{
	struct vmop_query_dirty cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
		.offset = offset,
		.length = length,
		.ranges_uptr = (uintptr_t)ranges,
		.nr_ranges = max,
	};
	int ret = vmop_test_ioctl(pager, VMOP_QUERY_DIRTY, &cmd);

	return ret ? ret : (int)cmd.out_actual;
}

__u64 test_wb_dirty(const struct test_pager *tp, const struct test_vmo *vmo)
{
	struct vmop_query_stats stats;

	if (test_wb_stats(tp->fd, vmo->fd, &stats))
		return ~(__u64)0;
	return stats.out_dirty + stats.out_dirty_zero;
}

int test_wb_expect(struct test_pager *tp, const struct test_vmo *vmo, __u32 type,
		   __u64 pgoff, __u64 nr)
{
	struct vmop_port_record *rec = &tp->last;
	int ret = test_port_next(tp->port, rec);

	if (ret) {
		fprintf(stderr, "# no record: %s\n", strerror(-ret));
		return ret;
	}
	if (rec->type == type && !rec->flags && rec->key == vmo->key &&
	    rec->offset == PG(pgoff) && rec->length == PG(nr) && rec->id)
		return 0;
	fprintf(stderr, "# record of type %u: %llu pages at %llu; expected type %u, %llu at %llu\n",
		rec->type, rec->length / vmop_test_page_size,
		rec->offset / vmop_test_page_size, type, nr, pgoff);
	return -EBADMSG;
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
	__atomic_add_fetch(&srv->nr_pages, nr_pages, __ATOMIC_RELAXED);
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
