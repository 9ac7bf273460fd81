// SPDX-License-Identifier: GPL-2.0
/*
 * ZERO and dirty tracking: rules ZERO-2, ZERO-4, ZERO-7 and ZERO-11 of the
 * specification of behaviour. ZERO of whole pages makes zero intervals, which are
 * dirty, take no memory and need no request; a part of a page is a write.
 *
 * Seed 000 has another engine's numbers here: pages below the end are written
 * with zeros there, so they are asked for and take memory. See the table in
 * conformance.rst, rows 4 to 8.
 */
#include <linux/falloc.h>

#include "vmop_test.h"

#include "test_cow.h"
#include "test_dirty.h"

DIRTY_FIXTURE(zero)
DIRTY_FIXTURE_BOTH(both)

#define zero_bytes(_off, _len) \
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, _off, _len, NULL)
#define zero_run(_pgoff, _nr) zero_bytes(PG(_pgoff), PG(_nr))
/* In a thread, as it has to wait. */
#define zeroer(_off, _len) \
	vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_ZERO, _off, _len)

/* ---- the seed's ----------------------------------------------------------- */

/*
 * Seed 000, OpZero: row 4. There ZERO of [0,2) asks READ(1,1) and leaves {0,2};
 * grown to 4 pages {0,2}{2,2,zeros}, with two pages of memory.
 */
TEST_F(zero, op_zero)
{
	make_empty(NO_TRAP, 2, 2);
	give(0, 1);
	zero_run(0, 2);
	asked_none();
	expect_zeros(0, 2);
	expect_ranges(ZEROS(0, 2));
	resize(4);
	zero_run(2, 2);
	expect_zeros(0, 4);
	expect_committed(0);
	expect_ranges(ZEROS(0, 4));
	write_back(0, 4);
	expect_clean();
}

/*
 * Seed 000, OpZeroTrapDirty: row 5. There DIRTY(0,1) comes first, and {0,1} and
 * then {0,1}{1,2,zeros} are dirty, with one page of memory.
 */
TEST_F(zero, op_zero_trap_dirty)
{
	make(TRAP, 1, 1);
	zero_run(0, 1);
	asked_none();
	expect_zeros(0, 1);
	expect_ranges(ZEROS(0, 1));
	resize(3);
	zero_run(1, 2);
	asked_none();
	expect_zeros(0, 3);
	expect_committed(0);
	expect_ranges(ZEROS(0, 3));
}

/* Seed 000, OpZeroTail: literal. ZERO-4: zeros stay what they are. */
TEST_F(both, op_zero_tail)
{
	make(BOTH, 1, 3);
	expect_ranges(ZEROS(1, 2));
	zero_run(1, 2);
	asked_none();
	expect_ranges(ZEROS(1, 2));
	expect_committed(1);
	expect_old(0, 1);
	expect_zeros(1, 2);
}

/*
 * Seed 000, OpZeroDecommit: row 6. There DIRTY(0,1) is asked with TRAP_DIRTY, one
 * page of memory is left, and {0,1}{1,2,zeros} is dirty.
 */
TEST_F(both, op_zero_decommit)
{
	make(BOTH, 1, 3);
	write_at(2, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	expect_committed(2);
	zero_run(0, 3);
	asked_none();
	expect_committed(0);
	expect_ranges(ZEROS(0, 3));
	expect_zeros(0, 3);
}

/*
 * Seed 000, OpZeroResize: row 7. There ZERO of [0,3) waits, for DIRTY(1,1) or for
 * READ(2,1), and a shrink to one page makes it fail. ZERO of whole pages never
 * waits here, so it is done before the shrink.
 */
TEST_F(both, op_zero_resize)
{
	make_empty(BOTH, 3, 3);
	give(0, 2);
	write_at(0, 1, IF_TRAP);
	zero_run(0, 3);
	asked_none();
	expect_ranges(ZEROS(0, 3));
	resize(1);
	expect_ranges(ZEROS(0, 1));
	expect_zeros(0, 1);
}

/* What row 7 is about, where ZERO does wait: in a part of a page that is cut off. */
TEST_F(both, op_zero_resize_partial)
{
	struct vmop_thread *t;

	make_empty(BOTH, 3, 3);
	give(0, 2);
	write_at(0, 1, IF_TRAP);
	t = zeroer(8, PG(2));
	asked_read(2, 1);
	blocked(t, 1);
	resize(1);
	expect_errno(t, ERANGE);
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, 0, 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, 8, PG(1) - 8));
	asked_none();
}

/* A clone that is zero from its page 0 on, so many pages; the root is not. */
#define zeroed_clone(_nr, _committed) do { \
	struct test_cow __c; \
	child(&__c, self->vmo.fd, ON_WRITE, 0, 2); \
	zero_pages(__c.fd, 0, _nr); \
	asked_none(); \
	zeros(&__c, 0, _nr); \
	shows(&__c, _nr, 2 - (_nr), OLD); \
	expect_committed(_committed); \
	expect_old(1, 1); \
	expect_clean(); \
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, __c.fd, 0, PG(1), \
					    NULL, 0, NULL, NULL)); \
	test_cow_close(&__c); \
} while (0)

/* Seed 000, OpZeroClone: literal. ZERO-8: what hides the root is the clone's. */
TEST_F(both, op_zero_clone)
{
	make_empty(BOTH, 2, 2);
	give(1, 1);
	zeroed_clone(2, 1);
	/* of what was not supplied, and then of what was */
	zeroed_clone(1, 1);
	give(0, 1);
	zeroed_clone(1, 2);
	expect_old(0, 2);
	expect_unmodified();
}

/* Seed 000, OpZeroPartialPage: literal. ZERO-2. */
TEST_F(both, op_zero_partial_page)
{
	struct vmop_thread *t;

	make(BOTH, 1, 2);
	expect_ranges(ZEROS(1, 1));
	t = zeroer(8, 8);
	if (variant->trap) {
		asked_dirty(0, 1);
		op_dirty(0, 1);
	}
	expect_done(t, 0);
	expect_ranges(PAGES(0, 1), ZEROS(1, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, 0, 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, 8, 8));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, 16, PG(1) - 16));
	zero_bytes(PG(1) - 8, PG(1));
	asked_none();
	expect_ranges(PAGES(0, 1), ZEROS(1, 1));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(1) - 8, PG(1) + 8));
}

/*
 * Zircon 2023, OpZeroExpandsTail: literal. ZERO-4: what is absent becomes zeros
 * without a request; a part of a page needs the rest of it.
 */
TEST_F(both, op_zero_expands_tail)
{
	struct vmop_thread *t;

	make_empty(BOTH, 2, 3);
	expect_ranges(ZEROS(2, 1));
	zero_run(1, 1);
	asked_none();
	expect_ranges(ZEROS(1, 2));
	t = zeroer(PG(1) - 16, 16);
	asked_read(0, 1);
	give(0, 1);
	if (variant->trap) {
		asked_dirty(0, 1);
		op_dirty(0, 1);
	}
	expect_done(t, 0);
	expect_ranges(PAGES(0, 1), ZEROS(1, 2));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, 0, PG(1) - 16));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(1) - 16, PG(2) + 16));
}

/* Zircon 2023, OpZeroWriteback: literal. WB-17: left growth is written again. */
TEST_F(both, op_zero_writeback)
{
	make(BOTH, 1, 2);
	expect_ranges(ZEROS(1, 1));
	wb_begin(1, 1);
	zero_run(0, 1);
	expect_ranges(ZEROS(0, 2));
	wb_end(1, 1);
	expect_ranges(ZEROS(0, 2));
	write_back(0, 2);
	expect_clean();
}

/*
 * Zircon 2023, OpZeroWithMarkers: third generation. {3,2,zeros} is dirty there,
 * where markers at the end join the zeros of the tail. A marker is what the pager
 * has already: it stays clean wherever it is.
 */
TEST_F(both, op_zero_with_markers)
{
	make_empty(BOTH, 5, 5);
	give_zeros(0, 5);
	zero_run(2, 1);
	expect_clean();
	expect_committed(0);
	zero_run(3, 2);
	expect_clean();
	expect_zeros(0, 5);
	asked_none();
}

/*
 * Zircon 2023, SliceOpZero: third generation. DIRTY(0,1) comes first there and
 * {0,1} is dirty; here ZERO of a whole page makes an interval. COW-27, ZERO-9.
 */
TEST_F(both, slice_op_zero)
{
	struct vmop_test_vmo_args args = {
		.flags = BOTH, .key = OLD, .length = PG(2),
	};
	struct test_cow slice;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	give(0, 2);
	child(&slice, self->vmo.fd, SLICE, 0, 1);
	zero_pages(slice.fd, 0, 1);
	asked_none();
	zeros(&slice, 0, 1);
	expect_zeros(0, 1);
	expect_old(1, 1);
	expect_ranges(ZEROS(0, 1));
	expect_modified();
	test_cow_close(&slice);
}

/* Zircon 2023, OpZeroUnblocksReadRequest: literal. ZERO-7. */
TEST_F(both, op_zero_unblocks_read_request)
{
	struct vmop_thread *t;

	make_empty(BOTH, 2, 2);
	give(0, 1);
	t = reader(1, 1);
	asked_read(1, 1);
	blocked(t, 1);
	zero_run(1, 1);
	expect_done(t, PG(1));
	expect_ranges(ZEROS(1, 1));
	expect_zeros(1, 1);
}

/* ---- rules ---------------------------------------------------------------- */

/* ZERO-4, DT-2: pages of every state, one by one and side by side. */
TEST_F(both, zero_4_states)
{
	/* 0 clean, 1 dirty, 2 being written, 3 marker, 4 gap, 5 and 6 zeros */
	make_empty(BOTH, 5, 7);
	give(0, 3);
	give_zeros(3, 1);
	write_at(1, 2, IF_TRAP);
	wb_begin(2, 1);
	expect_ranges(PAGES(1, 2), ZEROS(5, 2));
	zero_run(1, 1);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1), ZEROS(5, 2));
	zero_run(0, 7);
	asked_none();
	expect_ranges(ZEROS(0, 3), ZEROS(4, 3));
	expect_committed(0);
	expect_zeros(0, 7);
	wb_end(0, 7);
	expect_ranges(ZEROS(0, 3), ZEROS(4, 3));
}

/* ZERO-4: mappings see the zeros, and a store to them is noticed. */
TEST_F(both, zero_4_mappings)
{
	make(BOTH, 2, 2);
	store_at(0, 1, IF_TRAP);
	EXPECT_TRUE(vmop_test_check(self->vmo.map + PG(1), OLD, PG(1), PG(1)));
	zero_run(0, 2);
	EXPECT_TRUE(vmop_test_check_zero(self->vmo.map, 0, PG(2)));
	expect_ranges(ZEROS(0, 2));
	store_at(0, 1, IF_TRAP);
	expect_ranges(PAGES(0, 1), ZEROS(1, 1));
	expect_committed(1);
}

/*
 * ZERO-4, DT-2: a writer that waits for a clean page which becomes zeros goes on
 * with the zeros, by the answer to the request that it made.
 */
TEST_F(zero, zero_4_under_a_dirty_request)
{
	struct vmop_thread *t;

	make(TRAP, 2, 2);
	t = vmop_thread_pwrite(self->vmo.fd, 100, 50, NEW);
	asked_dirty(0, 1);
	zero_run(0, 1);
	expect_ranges(ZEROS(0, 1));
	blocked(t, 1);
	op_dirty(0, 1);
	expect_done(t, 50);
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, 0, 100));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, 100, 50));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, 150, PG(1) - 150));
}

/* ZERO-2: parts of pages that are zeros already are left alone. */
TEST_F(both, zero_2_parts_of_zeros)
{
	make_empty(BOTH, 2, 3);
	give_zeros(0, 1);
	give(1, 1);
	zero_bytes(8, 100);
	asked_none();
	zero_bytes(PG(2) + 8, 100);
	asked_none();
	expect_ranges(ZEROS(2, 1));
	expect_committed(1);
}

/* ZERO-2: the parts at both ends ask, the pages between them do not. */
TEST_F(both, zero_2_both_ends)
{
	struct vmop_thread *t;

	make_empty(BOTH, 5, 5);
	give(0, 1);
	give(2, 1);
	give(4, 1);
	t = zeroer(PG(1) - 8, PG(3) + 16);
	if (variant->trap) {
		asked_dirty(0, 1);
		op_dirty(0, 1);
		asked_dirty(4, 1);
		op_dirty(4, 1);
	}
	expect_done(t, 0);
	asked_none();
	expect_ranges(PAGES(0, 1), ZEROS(1, 3), PAGES(4, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, 0, PG(1) - 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(1) - 8, PG(3) + 16));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, PG(4) + 8, PG(1) - 8));
}

/* ZERO-11, STA-1: ZERO of a page that is zeros already counts as a change too. */
TEST_F(both, zero_11_modified)
{
	make_empty(BOTH, 3, 3);
	give_zeros(0, 1);
	expect_unmodified();
	zero_run(0, 1);
	expect_modified();
	expect_clean();
	zero_run(1, 1);
	expect_modified();
	zero_run(1, 1);
	expect_modified();
	zero_bytes(PG(1), 0);
	expect_unmodified();
}

/* The same by fallocate(), in its two forms. */
TEST_F(both, fallocate)
{
	make(BOTH, 4, 4);
	ASSERT_EQ(0, fallocate(self->vmo.fd, FALLOC_FL_PUNCH_HOLE |
			       FALLOC_FL_KEEP_SIZE, PG(1), PG(1)));
	expect_ranges(ZEROS(1, 1));
	expect_modified();
	ASSERT_EQ(0, fallocate(self->vmo.fd, FALLOC_FL_ZERO_RANGE, PG(2), PG(2)));
	expect_ranges(ZEROS(1, 3));
	expect_modified();
	asked_none();
}

/*
 * WB-11 to WB-13 after ZERO in the middle of a file: zeros are written back and
 * read again from the pager, which may tell something else.
 */
TEST_F(both, wb_11_zeros_in_the_middle)
{
	struct vmop_thread *t;

	make(BOTH, 6, 6);
	zero_run(2, 3);
	expect_ranges(ZEROS(2, 3));
	wb_begin_zero(2, 3);
	wb_end(2, 3);
	expect_clean();
	expect_committed(3);
	t = reader(3, 1);
	asked_read(3, 1);
	ASSERT_EQ(0, test_pager_supply_key(&self->tp, &self->vmo, 3, 1, NEW));
	expect_content(t, PG(1), NEW, PG(3));
	expect_clean();
}

VMOP_TEST_MAIN
