/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pagers that write back: a test pager whose port takes WRITEBACK records, the
 * calls of a pager about dirty content, and a server with a store that content
 * is written back to and supplied from.
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

/* As test_pager_init(), the port with VMOP_PORT_WRITEBACK. */
int test_wb_init(struct test_pager *tp);

/* ---- the pager's calls ---------------------------------------------------- */

int test_wb_op(int pager, int vmo, __u32 op, __u64 offset, __u64 length,
	       __u64 data);
int test_wb_begin(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr);
int test_wb_end(const struct test_pager *tp, const struct test_vmo *vmo,
		__u64 pgoff, __u64 nr);
/* Both: nothing is written anywhere, but the kernel is told so. */
int test_wb_clean(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr);
int test_wb_grant(const struct test_pager *tp, const struct test_vmo *vmo,
		  __u64 pgoff, __u64 nr);
int test_wb_stats(int pager, int vmo, struct vmop_query_stats *stats);
/* Ranges stored, at most max, or -errno. */
int test_wb_query(int pager, int vmo, __u64 offset, __u64 length,
		  struct vmop_dirty_range *ranges, unsigned int max);
/* Bytes that are dirty in the VMO, zeros included; ~0 when the call fails. */
__u64 test_wb_dirty(const struct test_pager *tp, const struct test_vmo *vmo);

/* The next record, which stays in tp->last, must be exactly this. */
int test_wb_expect(struct test_pager *tp, const struct test_vmo *vmo, __u32 type,
		   __u64 pgoff, __u64 nr);

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
