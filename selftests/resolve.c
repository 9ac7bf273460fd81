// SPDX-License-Identifier: GPL-2.0
/*
 * What ends READ requests: supplies in any order and size, failures, shrinking,
 * ZERO (REQ-15 to REQ-29). How requests come about is in request.c.
 */
#include "vmop_test.h"

VMOP_FIXTURE(resolve)
VMOP_FIXTURE_BY_ACCESS(access)

static struct vmop_thread *commit(const struct test_vmo *vmo, __u64 pgoff,
				  __u64 nr)
{
	return vmop_thread_op(vmo->fd, VMOP_VMO_OP_COMMIT, PG(pgoff), PG(nr));
}

/* An access of the variant's kind that the pager failed with this errno. */
#define expect_failed(_thread, _vmo, _pgoff, _err) do { \
	if (variant->map) \
		expect_sigbus(_thread, (_vmo)->map + PG(_pgoff)); \
	else \
		expect_errno(_thread, _err); \
} while (0)

/* ---- success ----------------------------------------------------------------- */

/* REQ-15, SUP-8: ZERO over a gap is content too. */
TEST_F(resolve, req_15_zero_resolves)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 8);
	t = vmop_thread_pread(vmo.fd, 0, PG(8));
	expect_read(&self->tp, &vmo, 0, 8);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(6), NULL);
	expect_blocked(t, &vmo, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(2), NULL);
	expect_done(t, PG(8));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(8)));
	/* The pager's answer comes late, and the zeros win (SUP-7). */
	supply(&self->tp, &vmo, 0, 8);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(8)));
	expect_none(&self->tp);
}

/*
 * REQ-16: what is resolved is counted, not remembered: the same page twice
 * completes a request of two, and the thread simply asks again (THR-8).
 */
TEST_F(resolve, req_16_counted_not_remembered)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 2);
	t = commit(&vmo, 0, 2);
	expect_read(&self->tp, &vmo, 0, 2);
	fail_range(&self->tp, &vmo, 1, 1, EIO);
	expect_blocked(t, &vmo, 1);
	expect_none(&self->tp);
	fail_range(&self->tp, &vmo, 1, 1, EIO);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 2));
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* REQ-17: all who wait for it wake, wherever in the request they are. */
TEST_F(access, req_17_all_waiters_wake)
{
	struct vmop_thread *owner, *t[8];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 8);
	owner = commit(&vmo, 0, 8);
	expect_read(&self->tp, &vmo, 0, 8);
	for (i = 0; i < 8; i++) {
		t[i] = start_read(&vmo, i, 1);
		expect_blocked(t[i], &vmo, i + 2);
	}
	supply(&self->tp, &vmo, 0, 8);
	expect_done(owner, 0);
	for (i = 0; i < 8; i++)
		expect_content(t[i], PG(1), 1, PG(i));
	expect_none(&self->tp);
	EXPECT_EQ(1, vmop_test_requests(vmo.fd));
}

/* REQ-18. Zircon: BulkSingleSupply. */
TEST_F(access, req_18_bulk_single_supply)
{
	struct vmop_thread *t[8];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 8);
	for (i = 0; i < 8; i++) {
		t[i] = start_read(&vmo, i, 1);
		expect_read(&self->tp, &vmo, i, 1);
	}
	supply(&self->tp, &vmo, 0, 8);
	for (i = 0; i < 8; i++)
		expect_content(t[i], PG(1), 1, PG(i));
	expect_none(&self->tp);
}

/* REQ-18. Zircon: BulkOddLengthSupply, BulkOddOffsetSupply. */
TEST_F(resolve, req_18_odd_pieces)
{
	static const __u64 lengths[] = { 2, 3, 5, 7, 37, 5, 13, 23 };
	struct vmop_thread *t[ARRAY_SIZE(lengths)];
	struct test_vmo each, all;
	unsigned int i;
	__u64 at;

	/* One request of each length, all of them answered at once. */
	new_vmo(&self->tp, &each, 1, 95);
	for (i = 0, at = 0; i < ARRAY_SIZE(lengths); at += lengths[i++]) {
		t[i] = commit(&each, at, lengths[i]);
		expect_read(&self->tp, &each, at, lengths[i]);
	}
	supply(&self->tp, &each, 0, 95);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		expect_done(t[i], 0);
	EXPECT_TRUE(vmop_test_check_fd(each.fd, 1, 0, PG(95)));

	/* One request, answered in pieces of these lengths. */
	new_vmo(&self->tp, &all, 2, 95);
	t[0] = commit(&all, 0, 95);
	expect_read(&self->tp, &all, 0, 95);
	for (i = 0, at = 0; i < ARRAY_SIZE(lengths); at += lengths[i++]) {
		expect_blocked(t[0], &all, 1);
		supply(&self->tp, &all, at, lengths[i]);
	}
	expect_done(t[0], 0);
	EXPECT_TRUE(vmop_test_check_fd(all.fd, 2, 0, PG(95)));
	expect_none(&self->tp);
}

/* REQ-18. Zircon: MultisupplyCommit; the pieces come last to first. */
TEST_F(resolve, req_18_backwards)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 32);
	t = commit(&vmo, 0, 32);
	expect_read(&self->tp, &vmo, 0, 32);
	for (i = 31; i >= 0; i--) {
		expect_blocked(t, &vmo, 1);
		supply(&self->tp, &vmo, i, 1);
	}
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(32)));
	expect_none(&self->tp);
}

/* REQ-18. Zircon: OverlapSupply: one supply over the borders of requests. */
TEST_F(resolve, req_18_overlap_supply)
{
	struct vmop_thread *a, *b;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 16);
	a = commit(&vmo, 0, 8);
	expect_read(&self->tp, &vmo, 0, 8);
	b = commit(&vmo, 8, 8);
	expect_read(&self->tp, &vmo, 8, 8);
	supply(&self->tp, &vmo, 4, 8);
	expect_blocked(a, &vmo, 2);
	expect_blocked(b, &vmo, 2);
	supply(&self->tp, &vmo, 12, 4);
	expect_done(b, 0);
	supply(&self->tp, &vmo, 0, 4);
	expect_done(a, 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(16)));
	expect_none(&self->tp);
}

/* REQ-20: a call goes on where it was, with shorter and shorter requests. */
TEST_F(resolve, req_20_goes_on_where_it_was)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 12);
	t = vmop_thread_pread(vmo.fd, 10, PG(11));
	expect_read(&self->tp, &vmo, 0, 12);
	/* The request is answered as a whole; its tail by a failure. */
	fail_range(&self->tp, &vmo, 4, 8, EIO);
	supply(&self->tp, &vmo, 0, 4);
	expect_read(&self->tp, &vmo, 4, 8);
	fail_range(&self->tp, &vmo, 5, 7, EIO);
	supply(&self->tp, &vmo, 4, 1);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 5, 7));
	expect_content(t, PG(11), 1, 10);
	expect_none(&self->tp);
}

/* REQ-21. Zircon: PresupplyTest. */
TEST_F(access, req_21_supply_before_the_request)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 1, 2);
	expect_content(start_read(&vmo, 1, 2), PG(2), 1, PG(1));
	expect_done(start_write(&vmo, 1, 2, 8), PG(2));
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);
}

/* REQ-27. Zircon: ResizeCommitTest. */
TEST_F(resolve, req_27_shrink)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, 1, 3);
	t = commit(&vmo, 0, 3);
	expect_read(&self->tp, &vmo, 0, 3);
	supply(&self->tp, &vmo, 2, 1);
	expect_blocked(t, &vmo, 1);
	test_set_size(vmo.fd, PG(1));
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 0, 1);
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* REQ-27: a request that lies behind the new end is over at once. */
TEST_F(access, req_27_shrink_below)
{
	struct vmop_result res;
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, 1, 8);
	t = start_read(&vmo, 4, 1);
	expect_read(&self->tp, &vmo, 4, 1);
	test_set_size(vmo.fd, PG(4));
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(0, res.err);
	EXPECT_EQ(0, res.ret);
	EXPECT_EQ(variant->map ? SIGBUS : 0, res.sig);
	vmop_result_free(&res);
	/* REQ-29: the answer is out of bounds, and that is all. */
	EXPECT_ERR(ERANGE, test_pager_supply(&self->tp, &vmo, 4, 1));
	EXPECT_ERR(ERANGE, test_pager_fail(&self->tp, &vmo, 4, 1, EIO));
	expect_none(&self->tp);
}

/* REQ-28: what is supplied is there for every access that starts later. */
TEST_F(resolve, req_28_visible_at_once)
{
	struct test_vmo vmo;
	unsigned int i;

	new_vmo(&self->tp, &vmo, 1, 64);
	for (i = 0; i < 64; i++) {
		supply(&self->tp, &vmo, i, 1);
		ASSERT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(i), PG(1)));
		ASSERT_TRUE(vmop_test_check(vmo.map + PG(i), 1, PG(i), PG(1)));
	}
	expect_none(&self->tp);
}

/* ---- failure ------------------------------------------------------------------ */

/* REQ-23: covering the start fails the whole request, at once. */
TEST_F(resolve, req_23_start_fails_all)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 5);
	t = commit(&vmo, 0, 5);
	expect_read(&self->tp, &vmo, 0, 5);
	fail_range(&self->tp, &vmo, 0, 3, EIO);
	expect_errno(t, EIO);
	expect_none(&self->tp);
	/* Nothing became of the pages: everything is asked for again. */
	t = commit(&vmo, 0, 5);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 5));
	expect_done(t, 0);
}

/* REQ-23: not covering the start only counts; the thread asks again. */
TEST_F(resolve, req_23_tail_only_counts)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 5);
	t = commit(&vmo, 0, 5);
	expect_read(&self->tp, &vmo, 0, 5);
	supply(&self->tp, &vmo, 0, 3);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 3, 2, EIO);
	expect_read(&self->tp, &vmo, 3, 2);
	fail_range(&self->tp, &vmo, 3, 2, ENOSPC);
	expect_errno(t, ENOSPC);
	EXPECT_EQ(PG(3), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(3)));
	expect_none(&self->tp);
}

/* REQ-23: who joined a request is judged by the page that he wants. */
TEST_F(access, req_23_overlap_waiters)
{
	struct vmop_thread *owner, *hit, *spared;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	owner = commit(&vmo, 0, 4);
	expect_read(&self->tp, &vmo, 0, 4);
	hit = start_read(&vmo, 2, 1);
	expect_blocked(hit, &vmo, 2);
	spared = start_read(&vmo, 3, 1);
	expect_blocked(spared, &vmo, 3);
	fail_range(&self->tp, &vmo, 2, 1, EIO);
	supply(&self->tp, &vmo, 0, 2);
	supply(&self->tp, &vmo, 3, 1);
	expect_failed(hit, &vmo, 2, EIO);
	expect_content(spared, PG(1), 1, PG(3));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 2, 1));
	expect_done(owner, 0);
	expect_none(&self->tp);
}

/* REQ-25 worked example. Zircon: FailOverlappingRange, commit variant. */
TEST_F(resolve, req_25_fail_overlapping_range)
{
	static const __u64 starts[] = { 0, 9, 5 };
	struct vmop_thread *t[3];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 11);
	for (i = 0; i < 3; i++) {
		t[i] = commit(&vmo, starts[i], 2);
		expect_read(&self->tp, &vmo, starts[i], 2);
	}
	fail_range(&self->tp, &vmo, 1, 9, EIO);
	expect_errno(t[1], EIO);
	expect_errno(t[2], EIO);
	expect_blocked(t[0], &vmo, 1);
	supply(&self->tp, &vmo, 0, 1);
	expect_read(&self->tp, &vmo, 1, 1);
	supply(&self->tp, &vmo, 1, 1);
	expect_done(t[0], 0);
	expect_none(&self->tp);
}

/* REQ-25: the same by single pages, each access failing or not by itself. */
TEST_F(access, req_25_fail_some_pages)
{
	struct vmop_thread *t[6];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 6);
	for (i = 0; i < 6; i++) {
		t[i] = start_read(&vmo, i, 1);
		expect_read(&self->tp, &vmo, i, 1);
	}
	fail_range(&self->tp, &vmo, 2, 3, EBADMSG);
	for (i = 2; i < 5; i++)
		expect_failed(t[i], &vmo, i, EBADMSG);
	expect_blocked(t[0], &vmo, 3);
	supply(&self->tp, &vmo, 0, 6);
	expect_content(t[0], PG(1), 1, 0);
	expect_content(t[1], PG(1), 1, PG(1));
	expect_content(t[5], PG(1), 1, PG(5));
	expect_none(&self->tp);
}

/* REQ-24: not sticky. Zircon: SupplyAfterFail, FailRedundant. */
TEST_F(access, req_24_not_sticky)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 4);
	/* Nothing outstanding: nothing happens, now and later. */
	fail_range(&self->tp, &vmo, 0, 4, EIO);
	for (i = 0; i < 3; i++) {
		t = start_read(&vmo, 0, 1);
		expect_read(&self->tp, &vmo, 0, 1);
		fail_range(&self->tp, &vmo, 0, 1, EIO);
		expect_failed(t, &vmo, 0, EIO);
		fail_range(&self->tp, &vmo, 0, 1, EIO);
	}
	supply(&self->tp, &vmo, 0, 1);
	expect_content(start_read(&vmo, 0, 1), PG(1), 1, 0);
	/* Failing what is there already does nothing to it. */
	fail_range(&self->tp, &vmo, 0, 1, EIO);
	expect_content(start_read(&vmo, 0, 1), PG(1), 1, 0);
	t = start_write(&vmo, 1, 1, 6);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 1, 1));
	expect_done(t, PG(1));
	expect_none(&self->tp);
}

/* REQ-24: all who waited fail; who comes afterwards is a new case. */
TEST_F(access, req_24_only_those_who_waited)
{
	struct vmop_thread *t[8], *late;
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 1);
	for (i = 0; i < 8; i++)
		t[i] = start_read(&vmo, 0, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(vmo.fd, 8));
	expect_read(&self->tp, &vmo, 0, 1);
	fail_range(&self->tp, &vmo, 0, 1, EIO);
	for (i = 0; i < 8; i++)
		expect_failed(t[i], &vmo, 0, EIO);
	expect_none(&self->tp);
	late = start_read(&vmo, 0, 1);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 1));
	expect_content(late, PG(1), 1, 0);
}

/* REQ-25: read() and write() keep what they did; the next call has the error. */
TEST_F(resolve, req_25_partial_progress)
{
	struct vmop_result res;
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 0, 2);
	t = vmop_thread_pread(vmo.fd, 100, PG(3));
	expect_read(&self->tp, &vmo, 2, 2);
	fail_range(&self->tp, &vmo, 2, 2, EIO);
	expect_content(t, PG(2) - 100, 1, 100);
	t = vmop_thread_pread(vmo.fd, PG(2), PG(1));
	expect_read(&self->tp, &vmo, 2, 1);
	fail_range(&self->tp, &vmo, 2, 1, EIO);
	expect_errno(t, EIO);
	t = vmop_thread_pwrite(vmo.fd, 100, PG(3), 55);
	expect_read(&self->tp, &vmo, 2, 2);
	fail_range(&self->tp, &vmo, 2, 2, ENOSPC);
	expect_done(t, PG(2) - 100);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, 100));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 55, 100, PG(2) - 100));
	/* COMMIT says how far it came. */
	t = commit(&vmo, 0, 4);
	expect_read(&self->tp, &vmo, 2, 2);
	fail_range(&self->tp, &vmo, 2, 1, ENOBUFS);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(ENOBUFS, res.err);
	EXPECT_EQ(PG(2), res.actual);
	expect_none(&self->tp);
}

/* REQ-22, REQ-23: by id, one request and no neighbour of it. */
TEST_F(access, req_23_fail_by_id)
{
	struct vmop_thread *t[3];
	struct test_vmo vmo, other;
	__u64 id[3];
	int i;

	new_vmo(&self->tp, &vmo, 1, 4);
	new_vmo(&self->tp, &other, 2, 4);
	for (i = 0; i < 3; i++) {
		t[i] = start_read(&vmo, i, 1);
		expect_read(&self->tp, &vmo, i, 1);
		id[i] = self->tp.last.id;
	}
	/* An id belongs to its VMO. */
	test_fail_id(self->tp.fd, other.fd, id[1], EIO);
	expect_blocked(t[1], &vmo, 3);
	test_fail_id(self->tp.fd, vmo.fd, id[1], EIO);
	expect_failed(t[1], &vmo, 1, EIO);
	expect_blocked(t[0], &vmo, 2);
	expect_blocked(t[2], &vmo, 2);
	supply(&self->tp, &vmo, 0, 4);
	expect_content(t[0], PG(1), 1, 0);
	expect_content(t[2], PG(1), 1, PG(2));
	expect_none(&self->tp);
}

/* Design, uapi: the mask of request types. */
TEST_F(access, req_23_fail_by_type)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	t = start_read(&vmo, 0, 1);
	expect_read(&self->tp, &vmo, 0, 1);
	test_op_range(self->tp.fd, vmo.fd, VMOP_PAGER_OP_FAIL, 0, PG(4), EIO,
		      VMOP_FAIL_DIRTY, NULL);
	expect_blocked(t, &vmo, 1);
	test_op_range(self->tp.fd, vmo.fd, VMOP_PAGER_OP_FAIL, 0, PG(4), EIO,
		      VMOP_FAIL_READ, NULL);
	expect_failed(t, &vmo, 0, EIO);
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
