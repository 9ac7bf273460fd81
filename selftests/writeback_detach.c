// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty content after detach and after the pager's end: it stays, it can be written
 * back, and what would need the pager's agreement fails (rules DET-1 to DET-7 of
 * the specification of behaviour).
 */
#include "vmop_test.h"

#include "test_dirty.h"

DIRTY_FIXTURE(detach)
DIRTY_FIXTURE_BOTH(both)
DIRTY_FIXTURE_BY_ACCESS(access)

/* Detach, and the record that says so, which is the last one. */
#define detach_vmo() do { \
	detach(&self->tp, &self->vmo); \
	expect_complete(&self->tp, OLD); \
	asked_none(); \
} while (0)

/* An access that fails as one to a detached VMO does. */
#define expect_detached(_thread, _pgoff) do { \
	struct vmop_thread *__t = _thread; \
	if (variant->map) \
		expect_sigbus(__t, self->vmo.map + PG(_pgoff)); \
	else \
		expect_errno(__t, ENOTCONN); \
} while (0)

/* ---- the seed's ----------------------------------------------------------- */

/* Seed 000, WritebackDirtyPagesAfterDetach: literal. DET-1, DET-5. */
TEST_F(both, writeback_dirty_pages_after_detach)
{
	make(BOTH, 1, 1);
	write_at(0, 1, IF_TRAP);
	expect_ranges(PAGES(0, 1));
	expect_committed(1);
	detach_vmo();
	expect_committed(1);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
	EXPECT_TRUE(vmop_test_check(self->vmo.map, NEW, 0, PG(1)));
	wb_begin(0, 1);
	expect_ranges(PAGES(0, 1));
	wb_end(0, 1);
	expect_clean();
	expect_new(0, 1);
}

/* Seed 000, WritebackResizedRangeAfterDetach: literal. DET-1, DET-5, WB-8. */
TEST_F(both, writeback_resized_range_after_detach)
{
	char c;

	make_empty(BOTH, 1, 3);
	write_at(2, 1, IF_TRAP);
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	expect_committed(1);
	detach_vmo();
	expect_ranges(ZEROS(1, 1), PAGES(2, 1));
	expect_committed(1);
	expect_zeros(1, 1);
	expect_new(2, 1);
	EXPECT_TRUE(vmop_test_check_zero(self->vmo.map + PG(1), PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check(self->vmo.map + PG(2), NEW, PG(2), PG(1)));
	write_back(1, 2);
	expect_clean();
	/* DET-7: zeros that were cleaned are absent, pages are still there. */
	EXPECT_ERR(ENOTCONN, vmop_test_pread(self->vmo.fd, &c, 1, PG(1)));
	expect_new(2, 1);
}

/* Seed 000, DecommitCleanOnDetach: literal. DET-1. */
TEST_F(both, decommit_clean_on_detach)
{
	make(BOTH, 1, 1);
	expect_committed(1);
	detach_vmo();
	expect_committed(0);
	expect_clean();
}

/* Seed 000, NoDirtyRequestsAfterDetach: literal. DET-3. */
TEST_F(access, no_dirty_requests_after_detach)
{
	make(TRAP, 1, 1);
	detach_vmo();
	expect_detached(start_write(&self->vmo, 0, 1, NEW), 0);
	expect_clean();
	expect_committed(0);
	test_vmo_close(&self->tp, &self->vmo);

	make(TRAP, 1, 1);
	write_at(0, 1, ASKS);
	wb_begin(0, 1);
	expect_ranges(PAGES(0, 1));
	detach_vmo();
	expect_ranges(PAGES(0, 1));
	expect_detached(vmop_start_write(&self->vmo, variant->map, 0, 1, NEW + 1), 0);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
	wb_end(0, 1);
	expect_clean();
	asked_none();
}

/* Seed 000, DetachWithPendingDirtyRequest: literal. DET-1, DET-2. */
TEST_F(access, detach_with_pending_dirty_request)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	t = start_write(&self->vmo, 0, 1, NEW);
	asked_dirty(0, 1);
	blocked(t, 1);
	detach(&self->tp, &self->vmo);
	expect_detached(t, 0);
	expect_complete(&self->tp, OLD);
	expect_committed(0);
	expect_clean();
	asked_none();
}

/* Seed 000, FailDirtyRequestAfterDetach: literal, row 14. DET-5. */
TEST_F(detach, fail_dirty_request_after_detach)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	t = writer(0, 1);
	asked_dirty(0, 1);
	detach(&self->tp, &self->vmo);
	expect_errno(t, ENOTCONN);
	expect_complete(&self->tp, OLD);
	refuse(0, 1, EIO);
	refuse(0, 1, ENOSPC);
	expect_clean();
	asked_none();
}

/* ---- rules ---------------------------------------------------------------- */

/* DET-1: an unread DIRTY request is gone, COMPLETE is the only record. */
TEST_F(access, det_1_unread_request)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	t = start_write(&self->vmo, 0, 1, NEW);
	blocked(t, 1);
	detach(&self->tp, &self->vmo);
	expect_detached(t, 0);
	expect_complete(&self->tp, OLD);
	asked_none();
}

/* DET-2: what was written before the detach counts. */
TEST_F(detach, det_2_partial_write)
{
	struct vmop_thread *t;

	make(TRAP, 4, 4);
	t = writer(0, 4);
	asked_dirty(0, 4);
	op_dirty(0, 2);
	blocked(t, 1);
	detach(&self->tp, &self->vmo);
	expect_done(t, PG(2));
	expect_complete(&self->tp, OLD);
	expect_ranges(PAGES(0, 2));
	expect_new(0, 2);
	expect_committed(2);
}

/* DET-3: with TRAP_DIRTY only dirty pages can be written. */
TEST_F(access, det_3_writes_with_trap)
{
	struct vmop_thread *t;

	/* 0 dirty, 1 being written, 2 and 3 zeros */
	make(TRAP, 2, 4);
	op_dirty(0, 2);
	wb_begin(1, 1);
	detach_vmo();
	t = start_write(&self->vmo, 0, 1, NEW);
	expect_done(t, PG(1));
	expect_detached(start_write(&self->vmo, 1, 1, NEW), 1);
	expect_detached(start_write(&self->vmo, 2, 1, NEW), 2);
	expect_ranges(PAGES(0, 2), ZEROS(2, 2));
	expect_new(0, 1);
	expect_old(1, 1);
	expect_zeros(2, 2);
	wb_end(0, 4);
	expect_ranges(PAGES(0, 1), ZEROS(2, 2));
}

/* DET-4: without it, whatever is there. */
TEST_F(access, det_4_writes_without_trap)
{
	struct vmop_thread *t;

	/* 0 clean, 1 dirty, 2 being written, 3 and 4 zeros */
	make(NO_TRAP, 3, 5);
	write_at(1, 2, FREE);
	wb_begin(2, 1);
	detach_vmo();
	expect_detached(start_write(&self->vmo, 0, 1, NEW), 0);
	t = start_write(&self->vmo, 1, 3, NEW + 1);
	expect_done(t, PG(3));
	expect_ranges(PAGES(1, 3), ZEROS(4, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW + 1, PG(1), PG(3)));
	wb_end(2, 1);
	expect_ranges(PAGES(1, 3), ZEROS(4, 1));
}

/* DET-5: what the pager may still call, and which error comes first. */
TEST_F(both, det_5_calls)
{
	make(BOTH, 2, 3);
	write_at(1, 1, IF_TRAP);
	detach_vmo();
	expect_ranges(PAGES(1, 1), ZEROS(2, 1));
	err_op_dirty(variant->trap ? ERANGE : EOPNOTSUPP, 0, 4);
	err_op_dirty(variant->trap ? ENOTCONN : EOPNOTSUPP, 1, 1);
	EXPECT_ERR(ENOTCONN, test_pager_supply(&self->tp, &self->vmo, 0, 1));
	EXPECT_ERR(ERANGE, test_pager_fail(&self->tp, &self->vmo, 0, 4, EIO));
	refuse(0, 3, EIO);
	err_wb_begin(ERANGE, 0, 4);
	err_wb_end(ERANGE, 0, 4);
	expect_ranges(PAGES(1, 1), ZEROS(2, 1));
	expect_modified();
	expect_unmodified();
	/* The size still changes, and what grows is dirty zeros. */
	resize(5);
	expect_modified();
	expect_ranges(PAGES(1, 1), ZEROS(2, 3));
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(2), NULL);
	expect_ranges(ZEROS(0, 5));
	write_back(0, 5);
	expect_clean();
	resize(1);
	expect_clean();
	asked_none();
}

/* DET-6: the second time nothing happens; no second COMPLETE. */
TEST_F(both, det_6_twice)
{
	make(BOTH, 2, 2);
	write_at(0, 1, IF_TRAP);
	detach_vmo();
	detach(&self->tp, &self->vmo);
	asked_none();
	expect_ranges(PAGES(0, 1));
	expect_committed(1);
	/* Nor when what was cleaned meanwhile could go. */
	write_back(0, 1);
	detach(&self->tp, &self->vmo);
	asked_none();
	expect_clean();
}

/* DET-7: cleaned pages stay until reclaim takes them; then they are absent. */
TEST_F(both, det_7_cleaned_after_detach)
{
	char c;

	make(BOTH, 2, 2);
	write_at(0, 2, IF_TRAP);
	detach_vmo();
	write_back(0, 1);
	expect_ranges(PAGES(1, 1));
	expect_new(0, 2);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 1));
	EXPECT_ERR(ENOTCONN, vmop_test_pread(self->vmo.fd, &c, 1, 0));
	expect_new(1, 1);
	expect_ranges(PAGES(1, 1));
	test_vmo_close(&self->tp, &self->vmo);
}

/*
 * DET-10, row "pager closed" of the call matrix: dirty content survives the pager
 * too; what is trapped fails.
 */
TEST_F(access, det_10_pager_closed)
{
	struct vmop_thread *t;

	make(TRAP, 2, 3);
	op_dirty(0, 1);
	t = start_write(&self->vmo, 1, 1, NEW);
	asked_dirty(1, 1);
	blocked(t, 1);
	test_pager_close(&self->tp);
	expect_detached(t, 1);
	t = start_write(&self->vmo, 0, 1, NEW);
	expect_done(t, PG(1));
	expect_new(0, 1);
	expect_zeros(2, 1);
	expect_detached(start_write(&self->vmo, 2, 1, NEW), 2);
}

/*
 * Uapi: with the port closed a DIRTY request fails like a READ, and OP_DIRTY works
 * without it (PKT-8 lets the request wait; conformance.rst tells of it).
 */
TEST_F(access, port_closed)
{
	struct vmop_thread *t;

	make(TRAP, 2, 2);
	t = start_write(&self->vmo, 0, 1, NEW);
	asked_dirty(0, 1);
	blocked(t, 1);
	test_pager_close_port(&self->tp);
	expect_detached(t, 0);
	expect_detached(start_write(&self->vmo, 0, 1, NEW), 0);
	op_dirty(0, 1);
	t = start_write(&self->vmo, 0, 1, NEW);
	expect_done(t, PG(1));
	expect_ranges(PAGES(0, 1));
	write_back(0, 2);
	expect_clean();
}

/* DET-13: closing the VMO loses what is dirty, and COMPLETE comes once. */
TEST_F(both, det_13_closed_while_dirty)
{
	make(BOTH, 1, 2);
	write_at(0, 1, IF_TRAP);
	wb_begin(0, 1);
	test_vmo_close(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	asked_none();
}

VMOP_TEST_MAIN
