// SPDX-License-Identifier: GPL-2.0
/*
 * How fsync() and its relatives end without an answer: the pager cannot give
 * one, or whoever waits does not want to wait any more.
 */
#include "test_sync.h"
#include "test_ring.h"

SYNC_FIXTURE_BY_WAY(sync)

static int child_syncs(void *arg)
{
	return -sync_now(arg);
}

/* ---- who cannot answer ---------------------------------------------------- */

TEST_F(sync, port_without_writeback)
{
	struct sync_call call = CALL(variant->way);
	struct test_pager plain;
	struct test_vmo vmo;

	ASSERT_EQ(0, test_pager_init(&plain));
	new_vmo(&plain, &vmo, OLD, NR);
	supply(&plain, &vmo, 0, NR);
	call.vmo = &vmo;
	EXPECT_EQ(0, sync_now(&call));
	vmo.map[PG(1)] = 1;
	EXPECT_EQ(-EOPNOTSUPP, sync_now(&call));
	expect_none(&plain);
	ASSERT_EQ(0, test_wb_clean(&plain, &vmo, 1, 1));
	EXPECT_EQ(0, sync_now(&call));
	test_pager_exit(&plain);
}

TEST_F(sync, deadline)
{
	struct vmop_test_vmo_args args = {
		.key = OLD + 2, .length = PG(NR), .deadline_ms = 100,
	};
	struct sync_call call = CALL(variant->way);
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;
	__u64 start;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	supply(&self->tp, &vmo, 0, NR);
	vmo.map[PG(1)] = 1;
	call.vmo = &vmo;
	start = vmop_test_now_ms();
	EXPECT_EQ(-ETIMEDOUT, sync_now(&call));
	/* the two clocks round as they like */
	EXPECT_LE(90, vmop_test_now_ms() - start);
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(ETIMEDOUT, info.out_last_error);
	EXPECT_EQ(0, info.out_num_waiters);
	/* nobody wants it any more */
	asked_none();
}

/* DET-5: what is dirty stays; the pager may write it back, unasked. */
TEST_F(sync, detached_before)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 2, FREE);
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	t = start_sync(&call);
	blocked(t, 1);
	asked_none();
	write_back(2, 1);
	blocked(t, 1);
	write_back(3, 1);
	expect_done(t, 0);
	EXPECT_EQ(0, sync_now(&call));
	asked_none();
}

/* The record is withdrawn, or worth nothing any more; the wait goes on. */
TEST_F(sync, detached_meanwhile)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *read, *unread;

	write_at(2, 2, FREE);
	read = start_sync(&call);
	blocked(read, 1);
	asked_writeback(2, 2);
	unread = start_sync(&call);
	blocked(unread, 2);
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	asked_none();
	blocked(read, 2);
	blocked(unread, 2);
	write_back(2, 2);
	expect_done(read, 0);
	expect_done(unread, 0);
	asked_none();
}

TEST_F(sync, pager_closed)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 2, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	test_pager_close(&self->tp);
	expect_errno(t, ENOTCONN);
	EXPECT_EQ(-ENOTCONN, sync_now(&call));
}

/* A detached VMO whose pager goes: nobody will ever write it back. */
TEST_F(sync, detached_and_pager_closed)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 2, FREE);
	detach(&self->tp, &self->vmo);
	t = start_sync(&call);
	blocked(t, 1);
	test_pager_close(&self->tp);
	expect_errno(t, ENOTCONN);
	t = start_sync(&call);
	expect_errno(t, ENOTCONN);
}

TEST_F(sync, port_closed)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 2, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	test_pager_close_port(&self->tp);
	expect_errno(t, ENOTCONN);
	EXPECT_EQ(-ENOTCONN, sync_now(&call));
	/* without dirty content nobody is needed */
	write_back(2, 2);
	EXPECT_EQ(0, sync_now(&call));
}

TEST_F(sync, pager_killed)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_DEAF };
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	write_at(2, 2, FREE);
	ASSERT_EQ(0, test_pager_fork(&self->tp, &how));
	t = start_sync(&call);
	blocked(t, 1);
	ASSERT_EQ(0, test_pager_kill(&self->tp));
	expect_errno(t, ENOTCONN);
	EXPECT_EQ(-ENOTCONN, sync_now(&call));
}

/* ---- who does not want to wait any more ----------------------------------- */

/* A silent pager: killed in milliseconds, as a child that sleeps otherwise. */
TEST_F(sync, killed)
{
	static const int sigs[] = { SIGKILL, SIGTERM };
	struct sync_call call = CALL(variant->way);
	__u64 ms = 0, best;
	unsigned int i;
	pid_t pid;
	int tries;

	write_at(2, 2, FREE);
	for (i = 0; i < 2; i++) {
		/* a busy machine may be late sometimes */
		best = ~0ull;
		for (tries = 0; tries < 8 && best > 20; tries++) {
			pid = test_child_start(child_syncs, &call);
			ASSERT_LT(0, pid);
			ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd,
							     1));
			ASSERT_EQ(0, test_child_kill(pid, sigs[i], &ms));
			EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
			best = ms < best ? ms : best;
		}
		EXPECT_GE(20 * vmop_test_scale(), best);
	}
	/* PKT-5 */
	asked_none();
}

/* A signal that does not kill does not disturb, as with any regular file. */
TEST_F(sync, other_signals)
{
	struct sync_call call = CALL(variant->way);
	struct vmop_thread *t;

	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	write_at(2, 2, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(2, 2);
	ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR1));
	blocked(t, 1);
	write_back(2, 2);
	expect_done(t, 0);
}

static int syncs_and_exits(void *arg)
{
	struct sync_call *call = arg;
	struct vmop_thread *t = vmop_thread_call(do_sync, call);

	if (!t || vmop_thread_wait_blocked(t, call->vmo->fd, 1))
		return 1;
	return 42;
}

/* The process exits by itself while one of its threads waits. */
TEST_F(sync, process_exits)
{
	struct sync_call call = CALL(variant->way);
	int status;
	pid_t pid;

	write_at(2, 2, FREE);
	pid = test_child_start(syncs_and_exits, &call);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(42, WEXITSTATUS(status));
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	asked_none();
}

/* ---- io_uring ------------------------------------------------------------- */

SYNC_FIXTURE(ring)

#define ring_init(_ring) do { \
	int __ret = test_ring_init(_ring, 8); \
	if (__ret == -ENOSYS || __ret == -EPERM) \
		SKIP(return, "no io_uring in this kernel"); \
	ASSERT_EQ(0, __ret); \
} while (0)

static bool no_waiters(void *arg)
{
	return !vmop_test_waiters(*(int *)arg);
}

TEST_F(ring, fsync)
{
	struct io_uring_cqe cqe;
	struct test_ring ring;

	ring_init(&ring);
	write_at(2, 2, FREE);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_FSYNC, self->vmo.fd, NULL, 0,
				  0, 1));
	asked_writeback(2, 2);
	EXPECT_EQ(-ETIMEDOUT, test_ring_wait(&ring, &cqe, 0));
	write_back(2, 2);
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(0, cqe.res);
	write_at(2, 2, FREE);
	/* this range of it */
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_FSYNC, self->vmo.fd, NULL,
				  10, PG(3), 2));
	asked_writeback(3, 1);
	answer(ENOSPC);
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(-ENOSPC, cqe.res);
	test_ring_exit(&ring);
	asked_none();
}

TEST_F(ring, cancel)
{
	struct io_uring_cqe cqe;
	struct test_ring ring;
	int i, seen = 0;

	ring_init(&ring);
	write_at(2, 2, FREE);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_FSYNC, self->vmo.fd, NULL, 0,
				  0, 7));
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
	ASSERT_EQ(0, test_ring_cancel(&ring, 7, 8));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, test_ring_wait(&ring, &cqe,
					    vmop_test_timeout_ms()));
		seen |= cqe.user_data == 7 ? 1 : 2;
		if (cqe.user_data == 7)
			EXPECT_TRUE(cqe.res == -ECANCELED ||
				    cqe.res == -EINTR);
	}
	EXPECT_EQ(3, seen);
	EXPECT_EQ(0, vmop_test_poll(no_waiters, &self->vmo.fd));
	asked_none();
	test_ring_exit(&ring);
}

/* A write() that becomes durable is cancelled in either of its waits. */
TEST_F(ring, cancel_dsync_write)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_WRITE, .fd = self->vmo.fd,
		.addr = (uintptr_t)"x", .len = 1, .off = PG(3),
		.rw_flags = RWF_DSYNC, .user_data = 7,
	};
	struct io_uring_cqe cqe;
	struct test_ring ring;
	int i, seen = 0;

	ring_init(&ring);
	ASSERT_EQ(0, test_ring_submit(&ring, &sqe));
	asked_writeback(3, 1);
	ASSERT_EQ(0, test_ring_cancel(&ring, 7, 8));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, test_ring_wait(&ring, &cqe,
					    vmop_test_timeout_ms()));
		seen |= cqe.user_data == 7 ? 1 : 2;
	}
	EXPECT_EQ(3, seen);
	EXPECT_EQ(0, vmop_test_poll(no_waiters, &self->vmo.fd));
	asked_none();
	test_ring_exit(&ring);
}

static int ring_and_sleep(void *arg)
{
	struct test_ring ring;

	if (test_ring_init(&ring, 8) ||
	    test_ring_rw(&ring, IORING_OP_FSYNC, *(int *)arg, NULL, 0, 0, 1))
		return 1;
	pause();
	return 0;
}

/* A ring that is closed, and a task that dies, leave nobody waiting. */
TEST_F(ring, closed_and_killed)
{
	struct test_ring ring;
	__u64 ms;
	pid_t pid;

	ring_init(&ring);
	write_at(2, 2, FREE);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_FSYNC, self->vmo.fd, NULL, 0,
				  0, 7));
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
	test_ring_exit(&ring);
	EXPECT_EQ(0, vmop_test_poll(no_waiters, &self->vmo.fd));
	pid = test_child_start(ring_and_sleep, &self->vmo.fd);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
	ASSERT_EQ(0, test_child_kill(pid, SIGKILL, &ms));
	EXPECT_EQ(0, vmop_test_poll(no_waiters, &self->vmo.fd));
	asked_none();
}

VMOP_TEST_MAIN
