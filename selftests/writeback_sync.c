// SPDX-License-Identifier: GPL-2.0
/*
 * fsync() and its relatives: they return when what was dirty at the call is
 * written back, with what the pager says about it.
 */
#include "test_sync.h"

SYNC_FIXTURE_BY_WAY(sync)

/* ---- what it waits for ---------------------------------------------------- */

/* Clean, absent, or zeros that the pager has: nothing to wait for, no record. */
TEST_F(sync, nothing_dirty)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_query_stats stats;
	struct test_vmo vmo;

	EXPECT_EQ(0, sync_now(&call));
	new_vmo(&self->tp, &vmo, OLD + 2, 2);
	test_supply_zero(self->tp.fd, vmo.fd, 0, PG(1), NULL);
	call.vmo = &vmo;
	call.nr = 2;
	EXPECT_EQ(0, sync_now(&call));
	write_at(1, 1, FREE);
	write_back(1, 1);
	call = CALL(variant->way);
	EXPECT_EQ(0, sync_now(&call));
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	EXPECT_EQ(0, stats.out_writeback_requests);
	asked_none();
}

/* The record spans what is dirty; the call ends when the last of it is clean. */
TEST_F(sync, pages_become_clean)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 2, FREE);
	write_at(5, 1, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 4);
	write_back(2, 2);
	blocked(t, 1);
	wb_begin(5, 1);
	blocked(t, 1);
	wb_end(5, 1);
	expect_done(t, 0);
	expect_dirty(0);
	asked_none();
}

/* What was stored through a mapping counts as well. */
TEST_F(sync, stored_through_mapping)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	self->vmo.map[PG(3) + 9] = 1;
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(3, 1);
	write_back(3, 1);
	expect_done(t, 0);
	asked_none();
}

/* A page that changes while it is written needs another turn. */
TEST_F(sync, rewritten_meanwhile)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(1, 1, FREE);
	write_at(4, 1, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(1, 4);
	wb_begin(1, 4);
	write_at(1, 1, FREE);
	self->vmo.map[PG(4)] = 1;
	wb_end(1, 4);
	expect_dirty(2);
	blocked(t, 1);
	asked_none();
	wb_begin(1, 4);
	wb_end(1, 4);
	expect_done(t, 0);
	asked_none();
}

/* What becomes dirty later is nothing to wait for. */
TEST_F(sync, dirty_later)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(1, 1, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(1, 1);
	write_at(5, 1, FREE);
	write_back(1, 1);
	expect_done(t, 0);
	expect_dirty(1);
	asked_none();
}

/* A page that is written back twice does not stand for another one. */
TEST_F(sync, clean_twice_is_one)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;
	int i;

	write_at(1, 1, FREE);
	write_at(3, 1, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(1, 3);
	for (i = 0; i < 3; i++) {
		write_back(1, 1);
		write_at(1, 1, FREE);
	}
	blocked(t, 1);
	asked_none();
	write_back(3, 1);
	expect_done(t, 0);
	expect_dirty(1);
	asked_none();
}

/* Zeros that the pager does not have are dirty content, too. */
TEST_F(sync, zeros)
{
	struct sync_call call = CALL(SYNC_FSYNC);
	struct vmop_thread *t;

	test_set_size(self->vmo.fd, PG(NR + 4));
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(NR, 4);
	ASSERT_EQ(0, test_wb_op(self->tp.fd, self->vmo.fd,
				VMOP_PAGER_OP_WRITEBACK_BEGIN, PG(NR), PG(4),
				VMOP_DIRTY_ZERO));
	wb_end(NR, 4);
	expect_done(t, 0);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(3), NULL);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 3);
	write_back(2, 3);
	expect_done(t, 0);
	asked_none();
}

/* What is cut off need not be written any more. */
TEST_F(sync, shrink)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 1, FREE);
	write_at(5, 2, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 5);
	test_set_size(self->vmo.fd, PG(4));
	blocked(t, 1);
	test_set_size(self->vmo.fd, PG(2));
	expect_done(t, 0);
	asked_none();
}

/* ---- answers -------------------------------------------------------------- */

/* By its id with 0: done, whatever the pages are. */
TEST_F(sync, answered_by_id)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 2, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 2);
	answer(0);
	expect_done(t, 0);
	expect_dirty(2);
	/* late, twice: harmless */
	answer(0);
	answer(EIO);
	asked_none();
}

/* By its id with an errno: this one, exactly. */
TEST_F(sync, failed_by_id)
{
	static const int codes[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	struct sync_call call = CALL(variant->way);
	struct vmop_vmo_get_info info;
	struct vmop_thread *t;
	unsigned int i;

	write_at(2, 2, FREE);
	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		t = start_sync(&call);
		blocked(t, 1);
		asked_writeback(2, 2);
		test_err_fail_id(EINVAL, self->tp.fd, self->vmo.fd,
				 self->tp.last.id, ENOMEM);
		blocked(t, 1);
		answer(codes[i]);
		expect_errno(t, codes[i]);
		test_get_info(self->vmo.fd, &info);
		EXPECT_EQ(codes[i], info.out_last_error);
		EXPECT_EQ(i + 1, info.out_failed_requests);
	}
	/* nothing is remembered, nothing was lost */
	expect_dirty(2);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 2);
	write_back(2, 2);
	expect_done(t, 0);
	asked_none();
}

/* FAIL over a range: requests of this kind that begin there. */
TEST_F(sync, failed_by_range)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 3, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 3);
	fail_types(VMOP_FAIL_READ | VMOP_FAIL_DIRTY, 0, NR);
	fail_types(VMOP_FAIL_WRITEBACK, 5, 3);
	fail_types(VMOP_FAIL_WRITEBACK, 0, 2);
	blocked(t, 1);
	fail_types(VMOP_FAIL_WRITEBACK, 2, 1);
	expect_errno(t, EIO);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 3);
	/* all kinds */
	fail_types(0, 0, NR);
	expect_errno(t, EIO);
	asked_none();
}

/* FAIL behind the first page is an answer that says nothing: it asks again. */
TEST_F(sync, failed_in_part)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 3, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 3);
	fail_types(VMOP_FAIL_WRITEBACK, 3, 2);
	write_back(2, 1);
	blocked(t, 1);
	asked_writeback(3, 2);
	write_back(3, 2);
	expect_done(t, 0);
	asked_none();
}

/* ---- who shares a record -------------------------------------------------- */

TEST_F(sync, shares_what_is_not_read)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *a, *b, *c;

	write_at(2, 2, FREE);
	a = start_sync(&call);
	blocked(a, 1);
	b = start_sync(&call);
	blocked(b, 2);
	/* one record for both; then it is read, and the third has one of its own */
	asked_writeback(2, 2);
	asked_none();
	write_at(3, 1, FREE);
	c = start_sync(&call);
	blocked(c, 3);
	answer(0);
	expect_done(a, 0);
	expect_done(b, 0);
	blocked(c, 1);
	asked_writeback(2, 2);
	answer(EIO);
	expect_errno(c, EIO);
	asked_none();
}

/* A record that does not tell of all of it is not shared, read or not. */
TEST_F(sync, shares_only_what_covers)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *a, *b;

	write_at(2, 2, FREE);
	a = start_sync(&call);
	blocked(a, 1);
	write_at(6, 1, FREE);
	b = start_sync(&call);
	blocked(b, 2);
	asked_writeback(2, 2);
	asked_writeback(2, 5);
	write_back(2, 2);
	expect_done(a, 0);
	blocked(b, 1);
	write_back(6, 1);
	expect_done(b, 0);
	asked_none();
}

/* Who joins waits for what became dirty before it came, too. */
TEST_F(sync, joins_with_more)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *a, *b;

	write_at(2, 1, FREE);
	write_at(5, 1, FREE);
	a = start_sync(&call);
	blocked(a, 1);
	write_at(3, 1, FREE);
	b = start_sync(&call);
	blocked(b, 2);
	asked_writeback(2, 4);
	asked_none();
	write_back(2, 1);
	write_back(5, 1);
	/* the first may stay for the sake of the second */
	ASSERT_EQ(0, test_wb_op(self->tp.fd, self->vmo.fd,
				VMOP_PAGER_OP_WRITEBACK_BEGIN, PG(3), PG(1), 0));
	EXPECT_FALSE(vmop_thread_done(b));
	wb_end(3, 1);
	expect_done(a, 0);
	expect_done(b, 0);
}

VMOP_TEST_MAIN
