/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dirty tracking and writeback for tests: the calls of a pager about dirty content,
 * comparing dirty ranges, a test pager whose port takes WRITEBACK records, and a
 * server with a store that content is written back to and supplied from.
 *
 * Every function returns 0 or a count, or a negative errno; -EBADMSG is "not what
 * was expected" and says on stderr what came. Offsets and counts are in pages
 * where they are called pgoff and nr.
 */
#ifndef TEST_WRITEBACK_H
#define TEST_WRITEBACK_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "test_pager.h"
#include "vmop_thread.h"

/* As test_pager_init(), the port with VMOP_PORT_WRITEBACK. */
int test_wb_init(struct test_pager *tp);

/* ---- the pager's calls ---------------------------------------------------- */

/* actual and avail may be NULL: avail is not asked for then. Set on failure too. */
int test_dirty_query(int pager, int vmo, __u64 offset, __u64 length, void *buf,
		     __u64 nr_ranges, __u64 *actual, __u64 *avail);
/* Ranges stored, at most max, or -errno. */
int test_wb_query(int pager, int vmo, __u64 offset, __u64 length,
		  struct vmop_dirty_range *ranges, unsigned int max);
int test_dirty_stats(int pager, int vmo, __u32 flags,
		     struct vmop_query_stats *stats);
/* Bytes that are dirty in the VMO, zeros included; ~0 when the call fails. */
__u64 test_wb_dirty(const struct test_pager *tp, const struct test_vmo *vmo);

/* Any field of VMOP_OP_RANGE that is about a range. */
int test_wb_op(int pager, int vmo, __u32 op, __u64 offset, __u64 length,
	       __u64 data);
/* The same in pages; on success out_actual must be all of it, otherwise 0. */
int test_dirty_op(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u32 op, __u64 pgoff, __u64 nr, __u64 data);
int test_wb_begin(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr);
int test_wb_end(const struct test_pager *tp, const struct test_vmo *vmo,
		__u64 pgoff, __u64 nr);
/* Both: nothing is written anywhere, but the kernel is told so. */
int test_wb_clean(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr);
int test_wb_grant(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr);

/* ---- dirty ranges --------------------------------------------------------- */

struct test_dirty_range {
	__u64 pgoff;
	__u64 nr;
	__u64 flags;
};

/* How a test writes them down. */
#define PAGES(_pgoff, _nr) { _pgoff, _nr, 0 }
#define ZEROS(_pgoff, _nr) { _pgoff, _nr, VMOP_DIRTY_ZERO }

/*
 * The dirty ranges of [pgoff, pgoff + len) must be exactly these: counted only,
 * then paged through with room for two records, in memory that is there, in
 * memory that is not where the first record ends at the border of a page, and
 * in such memory where the first record lies across the border.
 */
int test_dirty_expect_in(const struct test_pager *tp, const struct test_vmo *vmo,
			 __u64 pgoff, __u64 len,
			 const struct test_dirty_range *want, unsigned int nr);
/* Of the whole VMO; and the sums in QUERY_STATS and GET_INFO must agree. */
int test_dirty_expect(const struct test_pager *tp, const struct test_vmo *vmo,
		      const struct test_dirty_range *want, unsigned int nr);

/* out_modified; flags as in VMOP_QUERY_STATS. 0, 1 or a negative errno. */
int test_dirty_modified(const struct test_pager *tp, const struct test_vmo *vmo,
			__u32 flags);

/* ---- VMOs ----------------------------------------------------------------- */

/*
 * A resizable VMO of nr pages that asks for one page at a time, which gives the
 * numbers of seed 000; nr pages are supplied (test_dirty_make) or none
 * (test_dirty_make_empty). It is grown to size pages and mapped whole.
 */
int test_dirty_make(struct test_pager *tp, struct test_vmo *vmo, __u64 key,
		    __u32 flags, __u64 nr, __u64 size);
int test_dirty_make_empty(struct test_pager *tp, struct test_vmo *vmo, __u64 key,
			  __u32 flags, __u64 nr, __u64 size);

/* Nothing at the port, nobody waits, nothing was evicted. */
int test_dirty_quiet(struct test_pager *tp);
/* Have reclaim take all clean pages, so that this many remain. */
int test_dirty_evict(const struct test_vmo *vmo, __u64 nr_left);

/* ---- records -------------------------------------------------------------- */

/* The next record, which stays in tp->last, must be exactly this. */
int test_wb_expect(struct test_pager *tp, const struct test_vmo *vmo, __u32 type,
		   __u64 pgoff, __u64 nr);

/*
 * Write the pattern of key, by call or (store) through the mapping page by page.
 * asks: this must make DIRTY requests of exactly this range, which are agreed
 * to. Otherwise it must not wait.
 */
int test_dirty_write(struct test_pager *tp, const struct test_vmo *vmo,
		     __u64 pgoff, __u64 nr, __u64 key, bool asks);
int test_dirty_store(struct test_pager *tp, const struct test_vmo *vmo,
		     __u64 pgoff, __u64 nr, __u64 key, bool asks);

/* ---- a server ------------------------------------------------------------- */

/*
 * Answers READ from the store, agrees to DIRTY, and at a WRITEBACK record writes
 * back all that is dirty, then answers the record itself: content that was changed
 * meanwhile stays dirty. One VMO.
 */
struct test_wb_server {
	int pager;
	int port;
	int vmo;
	int store;		/* a file as large as the VMO */
	unsigned int nr_writebacks;	/* records seen, atomic */
	unsigned int nr_dirty;		/* DIRTY records seen, atomic */
	__u64 nr_pages;			/* written to the store, atomic */
	int error;			/* first error, -errno; atomic */
	pthread_t thread;
	int stop_fd;
};

/*
 * Write back what is dirty in [offset, offset + length) now, in one pass: pages
 * that went to the store, or -errno.
 */
long test_wb_flush(struct test_wb_server *srv, __u64 offset, __u64 length);
/* Serve until stop_fd is readable or the port is dead. 0 or -errno. */
int test_wb_loop(struct test_wb_server *srv);
/* The same in a thread of this process. */
int test_wb_start(struct test_wb_server *srv);
/* Ends the thread and returns its error. */
int test_wb_stop(struct test_wb_server *srv);

#endif /* TEST_WRITEBACK_H */
