// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty tracking and changes of size: the zeros of growing are dirty, a shrink
 * ends requests and writeback of what it cuts off (rules RSZ-3 to RSZ-10, WB-9,
 * WB-18, WB-19 of the specification of behaviour). Writeback of zeros in a VMO
 * whose size stays is in writeback_interval.c.
 *
 * Where Zircon's calls fail with OUT_OF_RANGE, write() fails with EFBIG, read()
 * is at the end of the file, and the pager's calls fail with ERANGE.
 */
#include "vmop_test.h"

#include "test_dirty.h"

DIRTY_FIXTURE(resize)
DIRTY_FIXTURE_BOTH(both)

/* ---- requests ------------------------------------------------------------- */

/*
 * Seed 000, ResizeSupplyZero: literal, with requests of one page (row 1 of the
 * table in conformance.rst). SUP-7: what is supplied does not replace the zeros.
 */
TEST_F(both, resize_supply_zero)
{
	struct vmop_thread *t;

	make_empty(BOTH, 2, 2);
	resize(4);
	expect_ranges(ZEROS(2, 2));
	t = reader(0, 4);
	asked_read(0, 1);
	give(0, 1);
	asked_read(1, 1);
	give(1, 1);
	expect_done(t, PG(4));
	expect_old(0, 2);
	expect_zeros(2, 2);
	expect_committed(2);
	give(2, 2);
	expect_committed(2);
	expect_zeros(2, 2);
	expect_ranges(ZEROS(2, 2));
	write_at(2, 2, IF_TRAP);
	expect_committed(4);
	expect_ranges(PAGES(2, 2));
	expect_new(2, 2);
}

/* Row 1 with the limit that users get: the run of absent pages is one READ. */
TEST_F(both, resize_supply_zero_one_request)
{
	struct vmop_test_vmo_args args = {
		.flags = BOTH | VMOP_VMO_RESIZABLE, .key = OLD, .length = PG(2),
	};
	struct vmop_thread *t;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	resize(4);
	t = reader(0, 4);
	asked_read(0, 2);
	give(0, 2);
	expect_done(t, PG(4));
	expect_old(0, 2);
	expect_ranges(ZEROS(2, 2));
}

/* Seed 000, ResizeDirtyRequest: literal. REQ-12, REQ-13, QRY-7. */
TEST_F(resize, resize_dirty_request)
{
	struct vmop_thread *t;

	make(TRAP, 2, 3);
	expect_ranges(ZEROS(2, 1));
	write_at(1, 2, ASKS);
	expect_committed(3);
	expect_ranges(PAGES(1, 2));
	resize(6);
	write_at(4, 1, ASKS);
	expect_ranges(PAGES(1, 2), ZEROS(3, 1), PAGES(4, 1), ZEROS(5, 1));
	resize(8);
	t = writer(0, 8);
	asked_dirty(0, 1);
	op_dirty(0, 1);
	asked_dirty(3, 1);
	op_dirty(3, 1);
	asked_dirty(5, 3);
	op_dirty(5, 3);
	expect_done(t, PG(8));
	expect_ranges(PAGES(0, 8));
	expect_new(0, 8);
}

/* Seed 000, ResizeWithOutstandingDirtyRequests: literal. RSZ-6. */
TEST_F(resize, resize_with_outstanding_dirty_requests)
{
	struct vmop_thread *t[4];
	int i;

	make_empty(TRAP, 5, 6);
	give_zeros(1, 1);
	give(3, 1);
	expect_ranges(ZEROS(5, 1));
	t[0] = writer(1, 1);
	asked_dirty(1, 1);
	t[1] = writer(3, 1);
	asked_dirty(3, 1);
	t[2] = writer(5, 1);
	asked_dirty(5, 1);
	t[3] = reader(2, 1);
	asked_read(2, 1);
	blocked(t[3], 4);
	asked_none();
	resize(1);
	for (i = 0; i < 3; i++)
		expect_errno(t[i], EFBIG);
	expect_done(t[3], 0);
	err_op_dirty(ERANGE, 1, 1);
	err_op_dirty(ERANGE, 3, 1);
	err_op_dirty(ERANGE, 5, 1);
	EXPECT_ERR(ERANGE, test_pager_supply(&self->tp, &self->vmo, 2, 1));
	EXPECT_ERR(ERANGE, test_pager_fail(&self->tp, &self->vmo, 2, 1, EIO));
	expect_clean();
	asked_none();
}

/* Seed 000, ResizeWritebackWithOutstandingDirtyRequests: literal. RSZ-6, WB-9. */
TEST_F(resize, resize_writeback_with_outstanding_dirty_requests)
{
	struct vmop_thread *t[2];

	make(TRAP, 1, 3);
	write_at(2, 1, ASKS);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	expect_zeros(1, 1);
	wb_begin(1, 2);
	t[0] = writer(1, 1);
	asked_dirty(1, 1);
	t[1] = writer(2, 1);
	asked_dirty(2, 1);
	blocked(t[1], 2);
	resize(1);
	expect_errno(t[0], EFBIG);
	expect_errno(t[1], EFBIG);
	expect_clean();
	expect_old(0, 1);
	err_wb_end(ERANGE, 1, 2);
	expect_clean();
	asked_none();
}

/*
 * The same as Zircon had it in 2023: requests over several pages, and a part of
 * the writeback ends before the shrink.
 */
TEST_F(resize, resize_writeback_with_longer_outstanding_requests)
{
	struct vmop_thread *t[2];

	make(TRAP, 2, 5);
	write_at(4, 1, ASKS);
	expect_ranges(ZEROS(2, 2), PAGES(4, 1));
	wb_begin(2, 3);
	t[0] = writer(1, 2);
	asked_dirty(1, 2);
	t[1] = writer(3, 2);
	asked_dirty(3, 2);
	blocked(t[1], 2);
	wb_end(2, 1);
	expect_ranges(ZEROS(3, 1), PAGES(4, 1));
	resize(1);
	expect_errno(t[0], EFBIG);
	expect_errno(t[1], EFBIG);
	expect_clean();
	err_wb_end(ERANGE, 3, 2);
	asked_none();
}

/* REQ-27: a DIRTY request that straddles the new end waits for what is left of it. */
TEST_F(resize, req_27_straddling_writer)
{
	struct vmop_thread *t;

	make(TRAP, 4, 4);
	t = writer(0, 4);
	asked_dirty(0, 4);
	resize(2);
	blocked(t, 1);
	op_dirty(0, 2);
	expect_done(t, PG(2));
	expect_ranges(PAGES(0, 2));
	expect_new(0, 2);
	asked_none();
}

/* RSZ-6: a store behind the new end, and a request that nobody has read. */
TEST_F(resize, rsz_6_store_behind_the_end)
{
	struct vmop_thread *t;

	make(TRAP, 2, 3);
	t = vmop_thread_store(self->vmo.map + PG(2) + 24, 8, NEW, 24);
	blocked(t, 1);
	resize(2);
	expect_sigbus(t, self->vmo.map + PG(2) + 24);
	asked_none();
	t = vmop_thread_store(self->vmo.map + PG(1) + 8, 8, NEW, 8);
	asked_dirty(1, 1);
	blocked(t, 1);
	resize(0);
	expect_sigbus(t, self->vmo.map + PG(1) + 8);
	err_op_dirty(ERANGE, 1, 1);
	expect_clean();
}

/* Seed 000, ResizeWritebackNewDirtyRequestsInterleaved: literal. WB-10, WB-23. */
TEST_F(resize, resize_writeback_new_dirty_requests_interleaved)
{
	struct vmop_thread *t[2];

	make(TRAP, 1, 3);
	write_at(2, 1, ASKS);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	wb_begin(1, 2);
	t[0] = writer(1, 1);
	asked_dirty(1, 1);
	t[1] = writer(2, 1);
	asked_dirty(2, 1);
	op_dirty(1, 2);
	expect_done(t[0], PG(1));
	expect_done(t[1], PG(1));
	expect_ranges(PAGES(1, 2));
	wb_end(1, 2);
	expect_ranges(PAGES(1, 2));
	write_at(1, 2, FREE);
	expect_ranges(PAGES(1, 2));
	expect_new(1, 2);
}

/*
 * Seed 000, ResizeWritebackNewDirtyRequests: literal. WB-11: zeros that are
 * written back are absent, so the pager is asked for them.
 */
TEST_F(resize, resize_writeback_new_dirty_requests)
{
	struct vmop_thread *t[2];

	make(TRAP, 1, 3);
	write_at(2, 1, ASKS);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	write_back(1, 2);
	expect_clean();
	t[0] = writer(1, 1);
	asked_read(1, 1);
	give(1, 1);
	asked_dirty(1, 1);
	t[1] = writer(2, 1);
	asked_dirty(2, 1);
	op_dirty(1, 2);
	expect_done(t[0], PG(1));
	expect_done(t[1], PG(1));
	expect_ranges(PAGES(1, 2));
	expect_new(1, 2);
}

/* ---- writeback ------------------------------------------------------------ */

/* Seed 000, ResizeWritebackIntersectingResize: literal. WB-9, WB-19, SUP-18. */
TEST_F(both, resize_writeback_intersecting_resize)
{
	make(BOTH, 1, 3);
	expect_ranges(ZEROS(1, 2));
	wb_begin(1, 2);
	resize(2);
	expect_ranges(ZEROS(1, 1));
	err_wb_end(ERANGE, 1, 2);
	expect_ranges(ZEROS(1, 1));
	wb_end(1, 1);
	expect_clean();
	resize(3);
	expect_ranges(ZEROS(2, 1));
	give(1, 1);
	expect_old(0, 2);
	expect_zeros(2, 1);
	wb_begin(2, 1);
	resize(2);
	expect_clean();
	err_wb_end(ERANGE, 2, 1);
	resize(3);
	expect_ranges(ZEROS(2, 1));
	wb_begin(2, 1);
	resize(1);
	expect_clean();
	err_wb_end(ERANGE, 2, 1);
	expect_clean();
	expect_old(0, 1);
}

/* Seed 000, ResizeWritebackNonIntersectingResize: literal. WB-19. */
TEST_F(both, resize_writeback_non_intersecting_resize)
{
	make(BOTH, 1, 3);
	expect_ranges(ZEROS(1, 2));
	wb_begin(1, 1);
	resize(2);
	expect_ranges(ZEROS(1, 1));
	wb_end(1, 1);
	expect_clean();
}

/*
 * Trace D.5a.4, first part: shrunk while it is written, the rest is clean after an
 * END within the new size.
 */
TEST_F(both, wb_19_shrink_while_written)
{
	make(BOTH, 1, 3);
	wb_begin(1, 2);
	resize(2);
	expect_ranges(ZEROS(1, 1));
	wb_end(1, 1);
	expect_clean();
}

/*
 * Trace D.5a.4, second part, where we differ: zeros that were cut off and have
 * grown again after BEGIN are not cleaned by the END of it, as the pager has not
 * written them. Zircon's awaiting length survives the shrink and cleans them.
 */
TEST_F(both, d_5a_4_regrown_zeros_stay_dirty)
{
	make(BOTH, 1, 3);
	wb_begin(1, 2);
	resize(2);
	resize(3);
	expect_ranges(ZEROS(1, 2));
	wb_end(1, 2);
	expect_ranges(ZEROS(2, 1));
	write_back(2, 1);
	expect_clean();
}

/* The same with an interval that is cut to nothing, and with ZERO for growing. */
TEST_F(both, d_5a_4_regrown_from_nothing)
{
	make(BOTH, 1, 4);
	wb_begin(1, 3);
	resize(1);
	resize(4);
	expect_ranges(ZEROS(1, 3));
	wb_end(1, 3);
	expect_ranges(ZEROS(1, 3));
	wb_begin(1, 3);
	resize(2);
	resize(4);
	wb_end(1, 3);
	expect_ranges(ZEROS(2, 2));
}

/*
 * The same through a page that splits the interval: A of the left piece reaches no
 * further than the new end (WB-13).
 */
TEST_F(both, d_5a_4_regrown_behind_a_page)
{
	make(BOTH, 1, 6);
	wb_begin(1, 5);
	write_at(3, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 2), PAGES(3, 1), ZEROS(4, 2));
	resize(2);
	resize(6);
	expect_ranges(ZEROS(1, 5));
	wb_end(1, 5);
	expect_ranges(ZEROS(2, 4));
}

/* And with the page still there: the left piece is not cut, but reaches over it. */
TEST_F(both, d_5a_4_regrown_behind_a_page_that_stays)
{
	make(BOTH, 1, 6);
	wb_begin(1, 5);
	write_at(3, 1, IF_TRAP);
	resize(4);
	expect_ranges(ZEROS(1, 2), PAGES(3, 1));
	resize(6);
	expect_ranges(ZEROS(1, 2), PAGES(3, 1), ZEROS(4, 2));
	wb_end(1, 5);
	expect_ranges(PAGES(3, 1), ZEROS(4, 2));
	write_back(4, 2);
	expect_ranges(PAGES(3, 1));
}

/* WB-18: zeros that grow on behind what is written stay dirty. */
TEST_F(both, wb_18_grow_while_written)
{
	make(BOTH, 1, 3);
	wb_begin(1, 2);
	resize(5);
	expect_ranges(ZEROS(1, 4));
	wb_end(1, 4);
	expect_ranges(ZEROS(3, 2));
	write_back(3, 2);
	expect_clean();
}

/* RSZ-8: pages that are written and cut off are gone, and END has nothing to do. */
TEST_F(both, rsz_8_pages_cut_off)
{
	make(BOTH, 4, 4);
	write_at(1, 3, IF_TRAP);
	wb_begin(1, 3);
	resize(2);
	expect_ranges(PAGES(1, 1));
	resize(4);
	expect_ranges(PAGES(1, 1), ZEROS(2, 2));
	wb_end(1, 3);
	expect_ranges(ZEROS(2, 2));
	expect_zeros(2, 2);
	expect_committed(2);
}

/* RSZ-3: growing twice makes one range, also after zeros that ZERO has made. */
TEST_F(both, rsz_3_grow_merges)
{
	make(BOTH, 2, 3);
	resize(5);
	expect_ranges(ZEROS(2, 3));
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(1), NULL);
	expect_ranges(ZEROS(1, 4));
	expect_committed(1);
}

/* Seed 000, ResizeWritebackWithMapping: literal. WB-6. */
TEST_F(both, resize_writeback_with_mapping)
{
	make(BOTH, 1, 2);
	expect_ranges(ZEROS(1, 1));
	EXPECT_TRUE(vmop_test_check_zero(self->vmo.map + PG(1), PG(1), PG(1)));
	store_at(1, 1, IF_TRAP);
	expect_ranges(PAGES(1, 1));
	write_back(0, 2);
	expect_clean();
	expect_new(1, 1);
	store_at(1, 1, IF_TRAP);
	expect_ranges(PAGES(1, 1));
	expect_new(1, 1);
}

/*
 * A mapping that has read zeros sees what the pager supplies after they were
 * written back, and what was written there.
 */
TEST_F(both, wb_11_mapped_zeros_become_absent)
{
	struct vmop_thread *t;

	make(BOTH, 1, 3);
	EXPECT_TRUE(vmop_test_check_zero(self->vmo.map + PG(1), PG(1), PG(2)));
	write_back(1, 2);
	expect_clean();
	t = vmop_thread_load(self->vmo.map + PG(1), PG(1));
	asked_read(1, 1);
	give(1, 1);
	expect_content(t, PG(1), OLD, PG(1));
	t = storer(2, 1);
	asked_read(2, 1);
	give(2, 1);
	if (variant->trap) {
		asked_dirty(2, 1);
		op_dirty(2, 1);
	}
	expect_done(t, PG(1));
	expect_ranges(PAGES(2, 1));
	expect_new(2, 1);
}

/* ---- the bytes behind the end --------------------------------------------- */

#define truncate_to(_bytes) ASSERT_EQ(0, ftruncate(self->vmo.fd, _bytes))

/*
 * Let reclaim take what is clean, and the pager supply what it had at first; then
 * these bytes must be zeros.
 */
static bool stay_zeros(struct test_pager *tp, const struct test_vmo *vmo,
		       __u64 off, __u64 len)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	struct vmop_query_stats stats;
	bool ok;

	if (test_dirty_stats(tp->fd, vmo->fd, 0, &stats) ||
	    test_dirty_evict(vmo, stats.out_dirty / PG(1)) ||
	    test_pager_serve(tp, &how))
		return false;
	ok = vmop_test_check_fd_zero(vmo->fd, off, len);
	return !test_pager_stop(tp) && ok;
}

/* Evicted pages are what the fixture looks for at the end. */
#define close_evicted() do { \
	test_vmo_close(&self->tp, &self->vmo); \
	expect_complete(&self->tp, OLD); \
} while (0)

/*
 * RSZ-2, WB-10: cutting through a page that is being written changes it after
 * BEGIN. The pager may have what the page held before.
 */
TEST_F(both, rsz_2_cut_while_written)
{
	make(BOTH, 2, 2);
	ASSERT_EQ(0, test_dirty_write(&self->tp, &self->vmo, 1, 1, OLD,
				      variant->trap));
	wb_begin(1, 1);
	truncate_to(PG(1) + 100);
	truncate_to(PG(2));
	wb_end(1, 1);
	EXPECT_TRUE(stay_zeros(&self->tp, &self->vmo, PG(1) + 100, PG(1) - 100));
	close_evicted();
}

/* RSZ-2: two pages with such a tail, one after the other, both resident and clean. */
TEST_F(both, rsz_2_two_tails)
{
	make(BOTH, 4, 4);
	truncate_to(PG(3) + 100);
	truncate_to(PG(5));
	write_back(4, 1);
	give(4, 1);
	truncate_to(PG(4) + 50);
	truncate_to(PG(5));
	EXPECT_TRUE(stay_zeros(&self->tp, &self->vmo, PG(3) + 100, PG(1) - 100));
	EXPECT_TRUE(stay_zeros(&self->tp, &self->vmo, PG(4) + 50, PG(1) - 50));
	close_evicted();
}

/* The same with pages that the pager has not supplied yet. */
TEST_F(both, rsz_2_two_absent_tails)
{
	make_empty(BOTH, 4, 4);
	truncate_to(PG(3) + 100);
	truncate_to(PG(5));
	write_back(4, 1);
	truncate_to(PG(4) + 50);
	truncate_to(PG(5));
	EXPECT_TRUE(stay_zeros(&self->tp, &self->vmo, PG(3) + 100, PG(1) - 100));
	EXPECT_TRUE(stay_zeros(&self->tp, &self->vmo, PG(4) + 50, PG(1) - 50));
	close_evicted();
}

/*
 * RSZ-2: the cut ends when something else is there: what is written and written
 * back afterwards comes from the pager whole.
 */
TEST_F(both, rsz_2_cut_then_written)
{
	struct vmop_thread *t;
	int way;

	for (way = 0; way < 3; way++) {
		make_empty(BOTH, 2, 2);
		truncate_to(PG(1) + 100);
		truncate_to(PG(2));
		switch (way) {
		case 0:
			test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(1),
				    NULL);
			break;
		case 1:
			give_zeros(1, 1);
			break;
		case 2:
			give(1, 1);
			write_back(1, 1);
			break;
		}
		write_at(1, 1, IF_TRAP);
		write_back(1, 1);
		expect_clean();
		ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
		t = reader(1, 1);
		asked_read(1, 1);
		ASSERT_EQ(0, test_pager_supply_key(&self->tp, &self->vmo, 1, 1, NEW));
		expect_content(t, PG(1), NEW, PG(1));
		close_evicted();
	}
}

VMOP_TEST_MAIN
