// SPDX-License-Identifier: GPL-2.0
/*
 * Answers to DIRTY requests, rule by rule: OP_DIRTY (DT-6 to DT-12) and FAIL
 * (REQ-22 to REQ-25), and what a request covers (REQ-12 to REQ-14, REQ-30). The
 * seed's tests of the same are in writeback_trap.c.
 */
#include <sys/uio.h>
#include <sys/wait.h>

#include "vmop_test.h"

#include "test_dirty.h"

DIRTY_FIXTURE(op)
DIRTY_FIXTURE_BOTH(both)
DIRTY_FIXTURE_BY_ACCESS(access)

/* ---- OP_DIRTY ------------------------------------------------------------- */

/* DT-6: data must be 0, ranges whole pages; nothing happens on an error. */
TEST_F(op, dt_6_arguments)
{
	struct test_pager *tp = &self->tp;
	struct test_vmo *vmo = &self->vmo;
	const __u32 dirty = VMOP_PAGER_OP_DIRTY;

	make(TRAP, 4, 4);
	EXPECT_ERR(EINVAL, test_dirty_op(tp, vmo, dirty, 0, 1, 1));
	EXPECT_ERR(EINVAL, test_dirty_op(tp, vmo, dirty, 0, 1, VMOP_DIRTY_ZERO << 4));
	EXPECT_ERR(EINVAL, test_wb_op(tp->fd, vmo->fd, dirty, 8, PG(1), 0));
	EXPECT_ERR(EINVAL, test_wb_op(tp->fd, vmo->fd, dirty, 0, PG(1) + 1, 0));
	EXPECT_ERR(ERANGE, test_wb_op(tp->fd, vmo->fd, dirty, PG(1), -PG(1), 0));
	expect_clean();
	op_dirty(0, 0);
	op_dirty(4, 0);
	expect_clean();
	op_dirty(1, 2);
	expect_ranges(PAGES(1, 2));
	expect_old(0, 4);
	expect_unmodified();
}

/* DT-7: which error comes first, and that all of them change nothing. */
TEST_F(op, dt_7_errors_in_order)
{
	struct test_vmo nt;

	ASSERT_EQ(0, test_dirty_make(&self->tp, &nt, OLD + 1, NO_TRAP, 2, 2));
	EXPECT_ERR(EOPNOTSUPP, test_dirty_op(&self->tp, &nt, VMOP_PAGER_OP_DIRTY,
					     0, 1, 0));
	EXPECT_EQ(0, test_dirty_expect(&self->tp, &nt, NULL, 0));

	make_empty(TRAP, 6, 6);
	give(0, 3);
	give_zeros(3, 1);
	err_op_dirty(ERANGE, 0, 7);
	err_op_dirty(ERANGE, 7, 1);
	err_op_dirty(ENOENT, 0, 6);
	err_op_dirty(ENOENT, 2, 3);
	err_op_dirty(ENOENT, 4, 1);
	expect_clean();
	expect_committed(3);
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	err_op_dirty(ERANGE, 0, 7);
	err_op_dirty(ENOTCONN, 0, 1);
	expect_clean();
}

/*
 * DT-8: a failed answer releases who waits in its range, and they ask again; one
 * that is out of range does not.
 */
TEST_F(op, dt_8_spurious_release)
{
	struct vmop_thread *t;

	make_empty(TRAP, 4, 4);
	give(0, 3);
	t = writer(0, 3);
	asked_dirty(0, 3);
	err_op_dirty(ERANGE, 0, 5);
	blocked(t, 1);
	asked_none();
	err_op_dirty(ENOENT, 0, 4);
	asked_dirty(0, 3);
	expect_clean();
	blocked(t, 1);
	op_dirty(0, 3);
	expect_done(t, PG(3));
	expect_ranges(PAGES(0, 3));
}

/* DT-9: an answer for less keeps the thread waiting; dirty pages in it are fine. */
TEST_F(op, dt_9_in_pieces)
{
	struct vmop_thread *t;

	make(TRAP, 8, 8);
	t = writer(1, 6);
	asked_dirty(1, 6);
	op_dirty(5, 2);
	op_dirty(1, 2);
	expect_ranges(PAGES(1, 2), PAGES(5, 2));
	blocked(t, 1);
	asked_none();
	op_dirty(0, 8);
	expect_done(t, PG(6));
	expect_ranges(PAGES(0, 8));
	op_dirty(0, 8);
	expect_ranges(PAGES(0, 8));
	expect_new(1, 6);
	expect_old(0, 1);
}

/* DT-6, REQ-15: one answer for several requests. */
TEST_F(op, dt_6_many_requests)
{
	struct vmop_thread *t[3];
	int i;

	make(TRAP, 6, 6);
	for (i = 0; i < 3; i++) {
		t[i] = writer(2 * i, 1);
		asked_dirty(2 * i, 1);
	}
	op_dirty(0, 6);
	for (i = 0; i < 3; i++)
		expect_done(t[i], PG(1));
	expect_ranges(PAGES(0, 6));
}

/* PKT-4: agreed to before it was read, a request disappears. */
TEST_F(access, pkt_4_answered_before_read)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	t = start_write(&self->vmo, 0, 1, NEW);
	blocked(t, 1);
	op_dirty(0, 1);
	expect_done(t, PG(1));
	asked_none();
	expect_ranges(PAGES(0, 1));
}

/* REQ-10 for DIRTY: many threads, one request, one answer. */
TEST_F(access, req_10_same_page)
{
	struct vmop_thread *t[8];
	int i;

	make(TRAP, 1, 1);
	for (i = 0; i < 8; i++) {
		t[i] = start_write(&self->vmo, 0, 1, NEW);
		blocked(t[i], i + 1);
	}
	asked_dirty(0, 1);
	asked_none();
	op_dirty(0, 1);
	for (i = 0; i < 8; i++)
		expect_done(t[i], PG(1));
	expect_new(0, 1);
}

/* DT-11: positions of an interval become pages, the rest of it stays zeros. */
TEST_F(op, dt_11_carves_intervals)
{
	make(TRAP, 1, 6);
	op_dirty(2, 2);
	expect_ranges(ZEROS(1, 1), PAGES(2, 2), ZEROS(4, 2));
	expect_committed(3);
	expect_zeros(1, 5);
	/* At its ends, and all of one. */
	op_dirty(5, 1);
	op_dirty(1, 1);
	expect_ranges(PAGES(1, 3), ZEROS(4, 1), PAGES(5, 1));
	op_dirty(0, 6);
	expect_ranges(PAGES(0, 6));
	expect_committed(6);
	expect_zeros(1, 5);
}

/*
 * DT-4, DT-11, WB-23: agreed to while the interval is being written: the page is
 * dirty afterwards, the zeros around it are clean.
 */
TEST_F(op, wb_23_carved_while_written)
{
	make(TRAP, 1, 6);
	wb_begin(1, 5);
	op_dirty(3, 1);
	expect_ranges(ZEROS(1, 2), PAGES(3, 1), ZEROS(4, 2));
	wb_end(1, 5);
	expect_ranges(PAGES(3, 1));
}

/* DT-12: COMMIT over zeros that are dirty asks; refused, it fails. */
TEST_F(op, dt_12_commit)
{
	struct vmop_thread *t;

	make(TRAP, 1, 4);
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, PG(2), PG(1));
	asked_dirty(2, 1);
	refuse(2, 1, ENOSPC);
	expect_errno(t, ENOSPC);
	expect_ranges(ZEROS(1, 3));
	expect_committed(1);
	/* PREFETCH looks at what is absent only. */
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_PREFETCH, 0, PG(4), NULL);
	expect_ranges(ZEROS(1, 3));
	asked_none();
	/* While it is being written it is zeros no less. */
	wb_begin(1, 3);
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, PG(1), PG(1));
	asked_dirty(1, 1);
	op_dirty(1, 1);
	expect_done(t, 0);
	wb_end(1, 3);
	expect_ranges(PAGES(1, 1));
}

/* ---- what a request covers ------------------------------------------------ */

/* REQ-3: two requests for a page that is absent, one after the other. */
TEST_F(access, req_3_read_then_dirty)
{
	struct vmop_thread *t;

	make_empty(TRAP, 2, 2);
	t = start_write(&self->vmo, 1, 1, NEW);
	asked_read(1, 1);
	asked_none();
	give(1, 1);
	asked_dirty(1, 1);
	expect_clean();
	op_dirty(1, 1);
	expect_done(t, PG(1));
	expect_ranges(PAGES(1, 1));
	expect_new(1, 1);
}

/* REQ-12: 16 pages at most, or max_request_pages if that is more. */
TEST_F(op, req_12_limit)
{
	static const __u32 limits[] = { 1, 16, 0, 24 };
	struct vmop_thread *t;
	unsigned int i, at, n;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct vmop_test_vmo_args args = {
			.flags = TRAP, .key = OLD, .length = PG(40),
			.max_request_pages = limits[i],
		};

		ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
		give(0, 40);
		t = writer(0, 40);
		for (at = 0; at < 40; at += n) {
			n = limits[i] > 16 ? limits[i] : 16;
			if (n > 40 - at)
				n = 40 - at;
			asked_dirty(at, n);
			op_dirty(at, n);
		}
		expect_done(t, PG(40));
		expect_ranges(PAGES(0, 40));
		test_vmo_close(&self->tp, &self->vmo);
		expect_complete(&self->tp, OLD);
	}
}

/* REQ-12: clean pages, pages being written, markers and zeros are one run. */
TEST_F(op, req_12_run)
{
	struct vmop_thread *t;

	/* 0 clean, 1 being written, 2 marker, 3 gap, 4 dirty, 5 clean, 6 and 7 zeros */
	make_empty(TRAP, 6, 8);
	give(0, 2);
	give_zeros(2, 1);
	give(4, 2);
	op_dirty(1, 1);
	wb_begin(1, 1);
	op_dirty(4, 1);
	t = writer(0, 8);
	asked_dirty(0, 3);
	op_dirty(0, 3);
	asked_read(3, 1);
	give(3, 1);
	asked_dirty(3, 1);
	op_dirty(3, 1);
	asked_dirty(5, 3);
	op_dirty(5, 3);
	expect_done(t, PG(8));
	expect_ranges(PAGES(0, 8));
	expect_new(0, 8);
}

/* REQ-12: of bytes, all pages that they touch, and no more. */
TEST_F(op, req_12_bytes)
{
	struct vmop_thread *t;

	make(TRAP, 6, 6);
	t = vmop_thread_pwrite(self->vmo.fd, PG(1) + 100, PG(2), NEW);
	asked_dirty(1, 3);
	op_dirty(1, 3);
	expect_done(t, PG(2));
	t = vmop_thread_pwrite(self->vmo.fd, PG(5) - 1, 2, NEW);
	asked_dirty(4, 2);
	op_dirty(4, 2);
	expect_done(t, 2);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, PG(1), 100));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, PG(1) + 100, PG(2)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, PG(5) - 1, 2));
	expect_ranges(PAGES(1, 5));
}

/* REQ-13: what is dirty at the front is written before the thread waits. */
TEST_F(op, req_13_dirty_prefix)
{
	struct vmop_thread *t;

	make(TRAP, 5, 5);
	op_dirty(0, 2);
	op_dirty(4, 1);
	t = writer(0, 5);
	asked_dirty(2, 2);
	blocked(t, 1);
	expect_new(0, 2);
	expect_old(2, 3);
	refuse(2, 2, EIO);
	expect_done(t, PG(2));
	expect_ranges(PAGES(0, 2), PAGES(4, 1));
	expect_old(2, 3);
}

/* REQ-14: without TRAP_DIRTY only what is absent is asked for. */
TEST_F(op, req_14_no_trap)
{
	struct vmop_thread *t;

	/* 0 clean, 1 being written, 2 marker, 3 gap, 4 dirty, 5 zeros */
	make_empty(NO_TRAP, 5, 6);
	give(0, 2);
	give_zeros(2, 1);
	give(4, 1);
	write_at(1, 1, FREE);
	wb_begin(1, 1);
	write_at(4, 1, FREE);
	t = vmop_thread_pwrite(self->vmo.fd, 0, PG(6), NEW + 1);
	asked_read(3, 1);
	blocked(t, 1);
	expect_ranges(PAGES(0, 3), PAGES(4, 1), ZEROS(5, 1));
	give(3, 1);
	expect_done(t, PG(6));
	expect_ranges(PAGES(0, 6));
	wb_end(0, 6);
	expect_ranges(PAGES(0, 6));
}

/* REQ-9: a READ and a DIRTY request lie side by side, in the order of their making. */
TEST_F(op, req_9_read_and_dirty)
{
	struct vmop_thread *wr, *rd;

	make_empty(TRAP, 4, 4);
	give(0, 2);
	wr = writer(0, 2);
	blocked(wr, 1);
	rd = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(4));
	blocked(rd, 2);
	asked_dirty(0, 2);
	asked_read(2, 2);
	op_dirty(0, 2);
	expect_done(wr, PG(2));
	blocked(rd, 1);
	give(2, 2);
	expect_done(rd, 0);
	expect_ranges(PAGES(0, 2));
}

/*
 * REQ-30: agreed to, but begun to be written before the thread could run: it asks
 * again. The thread cannot run while this one has its processor.
 */
TEST_F(access, req_30_begin_before_the_retry)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	t = start_write(&self->vmo, 0, 1, NEW);
	asked_dirty(0, 1);
	blocked(t, 1);
	ASSERT_EQ(0, vmop_test_hold_cpu0(vmop_thread_tid(t), true));
	EXPECT_EQ(0, pager_op(VMOP_PAGER_OP_DIRTY, 0, 1, 0));
	EXPECT_EQ(0, pager_op(VMOP_PAGER_OP_WRITEBACK_BEGIN, 0, 1, 0));
	ASSERT_EQ(0, vmop_test_hold_cpu0(vmop_thread_tid(t), false));
	asked_dirty(0, 1);
	wb_end(0, 1);
	expect_clean();
	expect_old(0, 1);
	op_dirty(0, 1);
	expect_done(t, PG(1));
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/* ---- FAIL ----------------------------------------------------------------- */

/* REQ-22, REQ-25: each errno reaches the writer; a mapping gets SIGBUS. */
TEST_F(access, req_22_codes)
{
	static const int codes[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	struct vmop_thread *t;
	unsigned int i;

	make(TRAP, 1, 1);
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		t = start_write(&self->vmo, 0, 1, NEW);
		asked_dirty(0, 1);
		refuse(0, 1, codes[i]);
		if (variant->map)
			expect_sigbus(t, self->vmo.map);
		else
			expect_errno(t, codes[i]);
	}
	expect_clean();
	expect_old(0, 1);
	/* REQ-24: and nothing of it is remembered. */
	t = start_write(&self->vmo, 0, 1, NEW);
	asked_dirty(0, 1);
	op_dirty(0, 1);
	expect_done(t, PG(1));
	refuse(0, 1, EIO);
	expect_ranges(PAGES(0, 1));
}

/* FAIL of one kind leaves the other waiting; by id it is that one request. */
TEST_F(op, req_22_types_and_ids)
{
	struct vmop_thread *wr, *rd;
	__u64 id;

	make_empty(TRAP, 3, 3);
	give(0, 1);
	wr = writer(0, 1);
	asked_dirty(0, 1);
	id = self->tp.last.id;
	rd = reader(1, 1);
	asked_read(1, 1);
	EXPECT_NE(id, self->tp.last.id);
	test_op_range(self->tp.fd, self->vmo.fd, VMOP_PAGER_OP_FAIL, 0, PG(3), EIO,
		      VMOP_FAIL_READ, NULL);
	expect_errno(rd, EIO);
	blocked(wr, 1);
	rd = reader(1, 1);
	asked_read(1, 1);
	test_op_range(self->tp.fd, self->vmo.fd, VMOP_PAGER_OP_FAIL, 0, PG(3), ENOSPC,
		      VMOP_FAIL_DIRTY, NULL);
	expect_errno(wr, ENOSPC);
	blocked(rd, 1);
	wr = writer(0, 1);
	asked_dirty(0, 1);
	/* The old id is nobody's any more. */
	test_fail_id(self->tp.fd, self->vmo.fd, id, EIO);
	blocked(wr, 2);
	test_fail_id(self->tp.fd, self->vmo.fd, self->tp.last.id, EBADMSG);
	expect_errno(wr, EBADMSG);
	give(1, 1);
	expect_content(rd, PG(1), OLD, PG(1));
	expect_clean();
}

/*
 * REQ-23: who waits along with a request fails by its own start. The first one,
 * whose start was agreed to, asks again for the rest.
 */
TEST_F(op, req_23_overlapping_writers)
{
	struct vmop_thread *t[2];

	make(TRAP, 4, 4);
	t[0] = writer(0, 4);
	asked_dirty(0, 4);
	blocked(t[0], 1);
	t[1] = writer(2, 2);
	blocked(t[1], 2);
	asked_none();
	op_dirty(0, 2);
	refuse(2, 2, EIO);
	expect_errno(t[1], EIO);
	asked_dirty(2, 2);
	expect_ranges(PAGES(0, 2));
	op_dirty(2, 2);
	expect_done(t[0], PG(4));
	expect_ranges(PAGES(0, 4));
	expect_new(0, 4);
}

/* REQ-25: ZERO of a part of a page is a write and fails as one. */
TEST_F(op, req_25_partial_zero)
{
	struct vmop_thread *t;

	make(TRAP, 2, 2);
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 16, 16);
	asked_dirty(0, 1);
	refuse(0, 1, ENOSPC);
	expect_errno(t, ENOSPC);
	expect_clean();
	expect_old(0, 2);
	expect_unmodified();
}

/* PKT-5: killed while it waits, a writer takes its unread request along. */
TEST_F(access, pkt_5_killed_writer)
{
	int status;
	pid_t pid;

	make(TRAP, 1, 1);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (variant->map)
			self->vmo.map[0] = 1;
		else
			_exit(pwrite(self->vmo.fd, "x", 1, 0) != 1);
		_exit(0);
	}
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	asked_none();
	expect_clean();
}

/* A write that must not wait does not, and is made in full once agreed to. */
TEST_F(both, nowait)
{
	struct iovec iov = { .iov_base = (void *)"12345678", .iov_len = 8 };
	struct vmop_port_record rec;

	make(BOTH, 1, 1);
	if (variant->trap) {
		EXPECT_EQ(-1, pwritev2(self->vmo.fd, &iov, 1, 0, RWF_NOWAIT));
		EXPECT_EQ(EAGAIN, errno);
		EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
		expect_clean();
		/* Whether it asks is its own affair. */
		while (read(self->tp.port, &rec, sizeof(rec)) == sizeof(rec))
			EXPECT_EQ(VMOP_RECORD_DIRTY, rec.type);
		op_dirty(0, 1);
	}
	EXPECT_EQ(8, pwritev2(self->vmo.fd, &iov, 1, 0, RWF_NOWAIT));
	expect_ranges(PAGES(0, 1));
}

VMOP_TEST_MAIN
