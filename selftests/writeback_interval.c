// SPDX-License-Identifier: GPL-2.0
/*
 * Writeback of zero intervals: rules WB-4, WB-5, WB-11 to WB-18 and the traces of
 * section D.5a of the specification of behaviour.
 *
 * In the comments: Z[a..b]A=n is a zero interval of pages a to b, of which n are
 * being written. The engine is that of Zircon's third generation; seed 000 has the
 * first one's numbers. Where they differ, the row of the table in conformance.rst
 * is named, and the seed's numbers are told.
 */
#include "vmop_test.h"

#include "test_dirty.h"

DIRTY_FIXTURE_BOTH(interval)

/* Write to an absent page, which the pager supplies first. */
#define write_absent(_start, _pgoff) do { \
	struct vmop_thread *__t = _start(_pgoff, 1); \
	asked_read(_pgoff, 1); \
	give(_pgoff, 1); \
	if (variant->trap) { \
		asked_dirty(_pgoff, 1); \
		op_dirty(_pgoff, 1); \
	} \
	expect_done(__t, PG(1)); \
} while (0)

/* ---- the seed's ----------------------------------------------------------- */

/* Seed 000, ResizeWriteback: literal. WB-4, WB-11, trace D.5a.7. */
TEST_F(interval, resize_writeback)
{
	struct vmop_thread *t;

	make(BOTH, 1, 3);
	write_at(0, 1, IF_TRAP);
	write_at(2, 1, IF_TRAP);
	expect_ranges(PAGES(0, 1), ZEROS(1, 1), PAGES(2, 1));
	expect_new(0, 1);
	expect_zeros(1, 1);
	wb_begin(0, 3);
	expect_ranges(PAGES(0, 1), ZEROS(1, 1), PAGES(2, 1));
	wb_end(0, 3);
	expect_clean();
	expect_new(0, 1);
	expect_new(2, 1);
	/* What was zeros is the pager's now. */
	t = reader(1, 1);
	asked_read(1, 1);
	give_zeros(1, 1);
	expect_done(t, PG(1));
	expect_zeros(1, 1);
}

/*
 * Seed 000, ResizeWritebackIntersectingWrite: row 9. WB-13, trace D.5a.1. The seed
 * has {2,1}{3,1,zeros} after the first END, and no READ afterwards: the left
 * piece's length reaches over the page that was written, so page 3 is clean.
 */
TEST_F(interval, resize_writeback_intersecting_write)
{
	make(BOTH, 1, 4);
	expect_ranges(ZEROS(1, 3));
	wb_begin(1, 3);
	write_at(2, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 1));
	wb_end(1, 3);
	expect_ranges(PAGES(2, 1));
	wb_begin(2, 2);
	write_absent(writer, 3);
	expect_ranges(PAGES(2, 2));
	wb_end(2, 2);
	expect_ranges(PAGES(3, 1));
	write_back(0, 4);
	expect_clean();
	expect_new(2, 2);
}

/* Seed 000, ResizeWritebackNonIntersectingWrite: literal. WB-4. */
TEST_F(interval, resize_writeback_non_intersecting_write)
{
	make(BOTH, 1, 4);
	wb_begin(1, 2);
	write_at(3, 1, IF_TRAP);
	write_at(0, 1, IF_TRAP);
	expect_ranges(PAGES(0, 1), ZEROS(1, 2), PAGES(3, 1));
	wb_end(1, 2);
	expect_ranges(PAGES(0, 1), PAGES(3, 1));
	write_back(0, 4);
	expect_clean();
}

/*
 * Seed 000, ResizeWritebackAfterGap: row 10. The seed has {1,1,zeros}{2,1} also
 * after the writeback, as a hole in front keeps it from cleaning anything; a page
 * is cleaned here whatever lies before it.
 */
TEST_F(interval, resize_writeback_after_gap)
{
	make(BOTH, 1, 3);
	write_at(2, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	write_back(2, 1);
	expect_ranges(ZEROS(1, 1));
	write_at(2, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	expect_zeros(1, 1);
	expect_new(2, 1);
}

/*
 * Seed 000, ResizeWritebackMulipleGaps: row 11. The seed stops at the second hole,
 * {3,1,zeros}{4,1}, and the write after it sees DIRTY(3,2) alone; each interval of
 * the range is cleaned here, so page 3 has to be read.
 */
TEST_F(interval, resize_writeback_muliple_gaps)
{
	struct vmop_thread *t;

	make(BOTH, 1, 5);
	write_at(2, 1, IF_TRAP);
	write_at(4, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 1), PAGES(4, 1));
	write_back(1, 4);
	expect_clean();
	t = writer(3, 2);
	asked_read(3, 1);
	give(3, 1);
	if (variant->trap) {
		asked_dirty(3, 2);
		op_dirty(3, 2);
	}
	expect_done(t, PG(2));
	expect_ranges(PAGES(3, 2));
	expect_new(3, 2);
}

/* The same as Zircon had it in 2023: the write comes while it is written back. */
TEST_F(interval, resize_writeback_muliple_gaps_interleaved)
{
	make(BOTH, 1, 6);
	write_at(2, 1, IF_TRAP);
	write_at(4, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 1), PAGES(4, 1),
		      ZEROS(5, 1));
	wb_begin(1, 5);
	write_at(3, 2, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 3), ZEROS(5, 1));
	wb_end(1, 5);
	expect_ranges(PAGES(3, 2));
}

/* Zircon 2023, ResizeWritebackSequential: literal. WB-27. */
TEST_F(interval, resize_writeback_sequential)
{
	make(BOTH, 1, 6);
	write_at(2, 1, IF_TRAP);
	write_at(4, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 1), PAGES(4, 1),
		      ZEROS(5, 1));
	write_back(1, 1);
	expect_ranges(PAGES(2, 1), ZEROS(3, 1), PAGES(4, 1), ZEROS(5, 1));
	write_back(2, 1);
	expect_ranges(ZEROS(3, 1), PAGES(4, 1), ZEROS(5, 1));
	write_back(3, 1);
	expect_ranges(PAGES(4, 1), ZEROS(5, 1));
	write_back(4, 1);
	expect_ranges(ZEROS(5, 1));
	write_back(5, 1);
	expect_clean();
}

/* Seed 000, ResizeWritebackPartialEnd: literal. WB-15. */
TEST_F(interval, resize_writeback_partial_end)
{
	make(BOTH, 1, 5);
	expect_ranges(ZEROS(1, 4));
	write_back(1, 1);
	expect_ranges(ZEROS(2, 3));
	write_back(2, 1);
	expect_ranges(ZEROS(3, 2));
	write_back(3, 2);
	expect_clean();
}

/*
 * Seed 000, ResizeWritebackRepeated: row 12. In the seed the second, smaller BEGIN
 * replaces the first, {3,2,zeros} after END; it takes nothing back here (WB-5). As
 * all is clean then, the seed's redundant BEGINs and ENDs have nothing to do.
 */
TEST_F(interval, resize_writeback_repeated)
{
	make(BOTH, 1, 5);
	expect_ranges(ZEROS(1, 4));
	wb_begin(1, 4);
	wb_begin(1, 2);
	wb_end(1, 4);
	expect_clean();
	wb_end(1, 2);
	wb_end(1, 4);
	expect_clean();
	wb_begin(1, 4);
	wb_begin(1, 4);
	expect_clean();
	wb_end(1, 4);
	wb_end(1, 4);
	expect_clean();
}

/*
 * What Zircon had there in 2023, second part. A BEGIN that touches what is being
 * written did extend it then; it starts in the middle of the interval here and is
 * ignored (WB-5), so pages 7 to 9 are written again: twice, never lost.
 */
TEST_F(interval, resize_writeback_repeated_adjacent)
{
	make(BOTH, 1, 5);
	write_back(1, 4);
	resize(10);
	expect_ranges(ZEROS(5, 5));
	wb_begin(5, 2);
	wb_begin(5, 2);
	wb_begin(7, 3);
	wb_end(5, 5);
	expect_ranges(ZEROS(7, 3));
	wb_end(7, 3);
	expect_ranges(ZEROS(7, 3));
	write_back(7, 3);
	expect_clean();
}

/*
 * Seed 000, ResizeWritebackInterleavedWriteWithMapping: row 13. The seed has
 * {2,1}{3,1,zeros}{4,1}{5,1,zeros} after END and sees DIRTY(3,1) alone for the
 * store to page 3; the zeros between the pages are clean here, so it is read first.
 */
TEST_F(interval, resize_writeback_interleaved_write_with_mapping)
{
	make(BOTH, 1, 6);
	expect_ranges(ZEROS(1, 5));
	wb_begin(1, 5);
	store_at(2, 1, IF_TRAP);
	store_at(4, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 1), PAGES(4, 1),
		      ZEROS(5, 1));
	expect_zeros(3, 1);
	store_at(2, 1, FREE);
	store_at(4, 1, FREE);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 1), PAGES(4, 1),
		      ZEROS(5, 1));
	wb_end(1, 5);
	expect_ranges(PAGES(2, 1), PAGES(4, 1));
	write_absent(storer, 3);
	expect_ranges(PAGES(2, 3));
	expect_new(2, 3);
	write_back(2, 4);
	expect_clean();
}

/*
 * Zircon 2023, ResizeWritebackDirtyAfterQuery: literal. WB-3: a page that was
 * written into the zeros after the query is not lost.
 */
TEST_F(interval, resize_writeback_dirty_after_query)
{
	make(BOTH, 1, 4);
	expect_ranges(ZEROS(1, 3));
	write_at(2, 1, IF_TRAP);
	wb_begin_zero(1, 3);
	wb_end(1, 3);
	expect_ranges(PAGES(2, 1));
	expect_new(2, 1);
}

/* ---- rules and traces ----------------------------------------------------- */

/* Trace D.5a.2, WB-14: Z[1..3]A=3, page 1 written: Z[2..3]A=2. */
TEST_F(interval, d_5a_2_first_page_written)
{
	make(BOTH, 1, 4);
	wb_begin(1, 3);
	write_at(1, 1, IF_TRAP);
	expect_ranges(PAGES(1, 1), ZEROS(2, 2));
	wb_end(1, 3);
	expect_ranges(PAGES(1, 1));
}

/* WB-14: the whole of A was the first page, so nothing of it is left. */
TEST_F(interval, wb_14_length_used_up)
{
	make(BOTH, 1, 4);
	wb_begin(1, 1);
	write_at(1, 1, IF_TRAP);
	wb_end(1, 3);
	expect_ranges(PAGES(1, 1), ZEROS(2, 2));
	/* Also when the next page starts an interval of its own. */
	wb_end(2, 2);
	expect_ranges(PAGES(1, 1), ZEROS(2, 2));
}

/* Trace D.5a.3, WB-13: Z[1..4]A=2, page 2 written: Z[1]A=2 Pg2 Z[3..4]A=0. */
TEST_F(interval, d_5a_3_partial_begin)
{
	make(BOTH, 1, 5);
	wb_begin(1, 2);
	write_at(2, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 2));
	wb_end(1, 2);
	expect_ranges(PAGES(2, 1), ZEROS(3, 2));
	/* With a longer END too, what was not begun stays. */
	wb_end(1, 4);
	expect_ranges(PAGES(2, 1), ZEROS(3, 2));
}

/* WB-13: A reaches over pages and pieces, and ends in the middle of one. */
TEST_F(interval, wb_13_length_ends_in_a_later_piece)
{
	make(BOTH, 1, 9);
	wb_begin(1, 6);
	write_at(3, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 2), PAGES(3, 1), ZEROS(4, 5));
	wb_end(1, 8);
	expect_ranges(PAGES(3, 1), ZEROS(7, 2));
	write_back(7, 2);
	expect_ranges(PAGES(3, 1));
}

/* Trace D.5a.5, WB-17: Z[1]A=1, page 0 zeroed: Z[0..1]A=0. */
TEST_F(interval, d_5a_5_left_growth)
{
	make(BOTH, 1, 2);
	wb_begin(1, 1);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL);
	expect_ranges(ZEROS(0, 2));
	wb_end(1, 1);
	expect_ranges(ZEROS(0, 2));
	wb_end(0, 2);
	expect_ranges(ZEROS(0, 2));
	write_back(0, 2);
	expect_clean();
}

/* Trace D.5a.6, WB-4: a BEGIN that starts in the middle is ignored. */
TEST_F(interval, d_5a_6_begin_in_the_middle)
{
	make(BOTH, 1, 5);
	wb_begin(3, 2);
	wb_end(3, 2);
	expect_ranges(ZEROS(1, 4));
	wb_end(1, 4);
	expect_ranges(ZEROS(1, 4));
}

/* WB-12: nor does an END that starts in the middle clean anything. */
TEST_F(interval, wb_12_end_in_the_middle)
{
	make(BOTH, 1, 5);
	wb_begin(1, 4);
	wb_end(2, 3);
	expect_ranges(ZEROS(1, 4));
	wb_end(1, 4);
	expect_clean();
}

/* Trace D.5a.7: pages and zeros in one range; afterwards the zeros are absent. */
TEST_F(interval, d_5a_7_pages_and_zeros)
{
	struct vmop_thread *t;

	make(BOTH, 1, 3);
	write_at(0, 1, IF_TRAP);
	write_at(2, 1, IF_TRAP);
	write_back(0, 3);
	expect_clean();
	expect_committed(2);
	t = reader(1, 1);
	asked_read(1, 1);
	give(1, 1);
	expect_content(t, PG(1), OLD, PG(1));
	expect_clean();
}

/* WB-5: a larger BEGIN extends the first. WB-16: END twice is END once. */
TEST_F(interval, wb_5_larger_begin)
{
	make(BOTH, 1, 6);
	wb_begin(1, 2);
	wb_begin(0, 5);
	wb_end(1, 5);
	expect_ranges(ZEROS(5, 1));
	wb_end(1, 5);
	expect_ranges(ZEROS(5, 1));
}

/* WB-4: BEGIN of zeros and BEGIN do the same to zeros, in any order. */
TEST_F(interval, wb_4_either_data)
{
	make(BOTH, 1, 5);
	wb_begin_zero(1, 2);
	wb_end(1, 4);
	expect_ranges(ZEROS(3, 2));
	wb_begin(3, 1);
	wb_begin_zero(3, 2);
	wb_end(3, 2);
	expect_clean();
}

/* WB-7, WB-26: while they are written, zeros are read without any request. */
TEST_F(interval, wb_26_reading_while_written)
{
	make(BOTH, 1, 4);
	wb_begin_zero(1, 3);
	expect_zeros(1, 3);
	EXPECT_TRUE(vmop_test_check_zero(self->vmo.map + PG(1), PG(1), PG(3)));
	expect_ranges(ZEROS(1, 3));
	expect_committed(1);
	asked_none();
	wb_end(1, 3);
	expect_clean();
}

/* WB-15: END of the front, then of the rest, of one BEGIN. */
TEST_F(interval, wb_15_end_in_pieces)
{
	make(BOTH, 1, 5);
	wb_begin(1, 4);
	wb_end(1, 1);
	expect_ranges(ZEROS(2, 3));
	wb_end(2, 1);
	expect_ranges(ZEROS(3, 2));
	wb_end(3, 2);
	expect_clean();
}

/* WB-11, END longer and shorter than BEGIN: the smaller of both is cleaned. */
TEST_F(interval, wb_11_smaller_of_both)
{
	make(BOTH, 1, 7);
	wb_begin(1, 2);
	wb_end(0, 7);
	expect_ranges(ZEROS(3, 4));
	wb_begin(3, 4);
	wb_end(3, 1);
	expect_ranges(ZEROS(4, 3));
}

/* WB-18: ZERO right behind what is being written merges, and stays dirty. */
TEST_F(interval, wb_18_right_growth)
{
	make(BOTH, 4, 4);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(1), NULL);
	expect_ranges(ZEROS(1, 1));
	wb_begin(1, 1);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(1), NULL);
	expect_ranges(ZEROS(1, 2));
	wb_end(1, 2);
	expect_ranges(ZEROS(2, 1));
	expect_committed(2);
}

/*
 * DT-2: a page that was zeroed while it was being written, on its own and inside
 * zeros that are: in both cases the zeros are dirty anew.
 */
TEST_F(interval, dt_2_zeroed_while_written)
{
	make(BOTH, 3, 3);
	write_at(1, 1, IF_TRAP);
	wb_begin(1, 1);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(1), NULL);
	expect_ranges(ZEROS(1, 1));
	wb_end(1, 1);
	expect_ranges(ZEROS(1, 1));
	write_back(1, 1);
	expect_clean();
	expect_committed(2);
}

/*
 * WB-13, WB-18: zeros that are made after BEGIN are not cleaned by its END, also
 * where a length that was split by a page reaches over them. The page was written
 * back in between, so its last content is what the pager has. In this test ZERO
 * joins them with the left piece.
 */
TEST_F(interval, wb_18_zeroed_again_while_written)
{
	make(BOTH, 1, 4);
	wb_begin(1, 3);
	write_at(2, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 1));
	write_back(2, 1);
	expect_ranges(ZEROS(1, 1), ZEROS(3, 1));
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(1), NULL);
	expect_ranges(ZEROS(1, 3));
	wb_end(1, 3);
	expect_ranges(ZEROS(2, 2));
	write_back(2, 2);
	expect_clean();
}

/* The same behind a page that stays, so that the pieces do not join. */
TEST_F(interval, wb_13_zeroed_again_behind_a_page)
{
	make(BOTH, 1, 5);
	wb_begin(1, 4);
	write_at(2, 2, IF_TRAP);
	write_back(3, 1);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(4, 1));
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(3), PG(1), NULL);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(3, 2));
	wb_end(1, 4);
	expect_ranges(PAGES(2, 1), ZEROS(3, 2));
	write_back(3, 2);
	expect_ranges(PAGES(2, 1));
}

VMOP_TEST_MAIN
