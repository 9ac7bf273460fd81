// SPDX-License-Identifier: GPL-2.0
/*
 * Those who reach a VMO past the CPU's page tables: io_uring, O_DIRECT,
 * process_vm_readv, vmsplice, /proc/PID/mem, shared futexes. They work, or fail
 * cleanly; none of them hangs.
 */
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "test_child.h"
#include "test_loop.h"
#include "test_ring.h"
#include "vmop_test.h"

#define KEY 0x9170
#define NR 16

/* Manual: the test answers. */
FIXTURE(pin)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *map;
};

FIXTURE_SETUP(pin)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, KEY, NR);
	self->map = self->vmo.map;
}

FIXTURE_TEARDOWN(pin)
{
	test_pager_exit(&self->tp);
}

#define serve(_self) \
	ASSERT_EQ(0, test_pager_serve(&(_self)->tp, \
		  &(struct test_pager_behaviour){ .mode = TEST_PAGER_NORMAL }))
#define serve_failing(_self) \
	ASSERT_EQ(0, test_pager_serve(&(_self)->tp, \
		  &(struct test_pager_behaviour){ \
		  .mode = TEST_PAGER_FAILING, .err = EIO }))
#define stop_serving(_self) EXPECT_EQ(0, test_pager_stop(&(_self)->tp))

static bool no_waiters(void *arg)
{
	return !vmop_test_waiters(*(int *)arg);
}

/* ---- io_uring ------------------------------------------------------------ */

#define ring_init(_ring) do { \
	int __ret = test_ring_init(_ring, 8); \
	if (__ret == -ENOSYS || __ret == -EPERM) \
		SKIP(return, "no io_uring in this kernel"); \
	ASSERT_EQ(0, __ret); \
} while (0)

TEST_F(pin, uring_read_and_write)
{
	struct io_uring_cqe cqe;
	struct test_ring ring;
	char *buf = malloc(PG(4));

	ring_init(&ring);
	serve(self);
	/* absent, then there, then over the end, then behind it */
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_READ, self->vmo.fd, buf,
				  PG(2), 100, 1));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(1, cqe.user_data);
	ASSERT_EQ(PG(2), cqe.res);
	EXPECT_TRUE(vmop_test_check(buf, KEY, 100, PG(2)));
	vmop_test_fill(buf, KEY + 1, PG(1), PG(2));
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_WRITE, self->vmo.fd, buf,
				  PG(2), PG(1), 2));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(PG(2), cqe.res);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, PG(1), PG(2)));
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_READ, self->vmo.fd, buf,
				  PG(2), PG(NR) - 10, 3));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(10, cqe.res);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_READ, self->vmo.fd, buf,
				  PG(2), PG(NR), 4));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(0, cqe.res);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_WRITE, self->vmo.fd, buf, 1,
				  PG(NR), 5));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(-EFBIG, cqe.res);
	stop_serving(self);
	test_ring_exit(&ring);
	free(buf);
}

/* Several in flight, answered in another order. */
TEST_F(pin, uring_out_of_order)
{
	struct io_uring_cqe cqe;
	struct test_ring ring;
	__u8 buf[4];
	int i;

	ring_init(&ring);
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_READ, self->vmo.fd,
					  &buf[i], 1, PG(2 * i), i));
		ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, i + 1));
		expect_read(&self->tp, &self->vmo, 2 * i, 1);
	}
	for (i = 3; i >= 0; i--) {
		EXPECT_EQ(-ETIMEDOUT, test_ring_wait(&ring, &cqe, 0));
		supply(&self->tp, &self->vmo, 2 * i, 1);
		ASSERT_EQ(0, test_ring_wait(&ring, &cqe,
					    vmop_test_timeout_ms()));
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(1, cqe.res);
		EXPECT_EQ(vmop_test_byte(KEY, PG(2 * i)), buf[i]);
	}
	test_ring_exit(&ring);
}

TEST_F(pin, uring_failed)
{
	struct io_uring_cqe cqe;
	struct test_ring ring;
	char c;

	ring_init(&ring);
	serve_failing(self);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_READ, self->vmo.fd, &c, 1,
				  0, 1));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(-EIO, cqe.res);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_WRITE, self->vmo.fd, &c, 1,
				  0, 2));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(-EIO, cqe.res);
	stop_serving(self);
	test_ring_exit(&ring);
}

/* A read that waits for the pager can be taken back. */
TEST_F(pin, uring_cancel)
{
	struct io_uring_cqe cqe;
	struct test_ring ring;
	int i, seen = 0;
	char c;

	ring_init(&ring);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_READ, self->vmo.fd, &c, 1,
				  PG(3), 7));
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
	ASSERT_EQ(0, test_ring_cancel(&ring, 7, 8));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, test_ring_wait(&ring, &cqe, 2000 *
					    vmop_test_scale()));
		seen |= cqe.user_data == 7 ? 1 : 2;
		if (cqe.user_data == 7)
			EXPECT_TRUE(cqe.res == -ECANCELED ||
				    cqe.res == -EINTR);
	}
	EXPECT_EQ(3, seen);
	EXPECT_EQ(0, vmop_test_poll(no_waiters, &self->vmo.fd));
	expect_none(&self->tp);
	test_ring_exit(&ring);
}

/* A ring that is closed, and a task that dies, leave nobody waiting. */
TEST_F(pin, uring_exit)
{
	struct test_ring ring;
	__u64 start;
	char c;

	ring_init(&ring);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_READ, self->vmo.fd, &c, 1,
				  PG(3), 7));
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
	start = vmop_test_now_ms();
	test_ring_exit(&ring);
	EXPECT_EQ(0, vmop_test_poll(no_waiters, &self->vmo.fd));
	EXPECT_GT(2000 * vmop_test_scale(), vmop_test_now_ms() - start);
	expect_none(&self->tp);
}

static int ring_and_sleep(void *arg)
{
	struct test_ring ring;
	char c;

	if (test_ring_init(&ring, 8) ||
	    test_ring_rw(&ring, IORING_OP_READ, *(int *)arg, &c, 1, PG(1), 1))
		return 1;
	pause();
	return 0;
}

TEST_F(pin, uring_task_killed)
{
	struct test_ring ring;
	__u64 ms;
	pid_t pid;

	ring_init(&ring);
	test_ring_exit(&ring);
	pid = test_child_start(ring_and_sleep, &self->vmo.fd);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
	ASSERT_EQ(0, test_child_kill(pid, SIGKILL, &ms));
	EXPECT_EQ(0, vmop_test_poll(no_waiters, &self->vmo.fd));
	expect_none(&self->tp);
}

/*
 * Registered buffers: a long-term pin for writing, which a mapping with dirty
 * tracking may refuse; if it is granted, it works. Absent pages: no hang.
 */
TEST_F(pin, uring_fixed_buffers)
{
	int i, ret, mem = memfd_create("source", MFD_CLOEXEC);
	struct io_uring_cqe cqe;
	struct io_uring_sqe sqe;
	struct test_ring ring;
	char buf[4096];

	ring_init(&ring);
	vmop_test_fill(buf, KEY + 1, 0, sizeof(buf));
	ASSERT_EQ(4096, write(mem, buf, 4096));
	supply(&self->tp, &self->vmo, 0, 1);
	self->map[0] ^= 1;
	serve(self);
	for (i = 0; i < 2; i++) {
		/* resident and written; absent */
		char *at = self->map + PG(4 * i);

		ret = test_ring_register(&ring, at, PG(1));
		EXPECT_TRUE(!ret || ret == -EFAULT || ret == -EOPNOTSUPP ||
			    ret == -EINVAL);
		if (ret)
			continue;
		sqe = (struct io_uring_sqe){
			.opcode = IORING_OP_READ_FIXED, .fd = mem,
			.addr = (uintptr_t)at, .len = PG(1),
		};
		ASSERT_EQ(0, test_ring_submit(&ring, &sqe));
		ASSERT_EQ(0, test_ring_wait(&ring, &cqe,
					    vmop_test_timeout_ms()));
		EXPECT_EQ(PG(1), cqe.res);
		EXPECT_TRUE(vmop_test_check(at, KEY + 1, 0, PG(1)));
		EXPECT_EQ(0, syscall(__NR_io_uring_register, ring.fd,
				     IORING_UNREGISTER_BUFFERS, NULL, 0));
	}
	stop_serving(self);
	test_ring_exit(&ring);
	close(mem);
}

/* ---- O_DIRECT ------------------------------------------------------------ */

/* Out of a mapping and into it, absent pages included. */
TEST_F(pin, direct_io)
{
	struct loop_dev loop;
	char *buf = malloc(PG(2));

	loop_init(&loop);
	serve(self);
	ASSERT_EQ(PG(2), pwrite(loop.fd, self->map + PG(1), PG(2), PG(4)));
	ASSERT_EQ(PG(2), pread(loop.mem, buf, PG(2), PG(4)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, PG(1), PG(2)));

	vmop_test_fill(buf, KEY + 1, PG(6), PG(2));
	ASSERT_EQ(PG(2), pwrite(loop.mem, buf, PG(2), 0));
	ASSERT_EQ(PG(2), pread(loop.fd, self->map + PG(6), PG(2), 0));
	EXPECT_TRUE(vmop_test_check(self->map + PG(6), KEY + 1, PG(6), PG(2)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, PG(6), PG(2)));
	stop_serving(self);
	/* written by the device: dirty, so it stays; what was only read goes */
	detach(&self->tp, &self->vmo);
	EXPECT_EQ(PG(2), vmop_test_committed(self->vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, PG(6), PG(2)));
	close(loop.fd);
	close(loop.mem);
	free(buf);
}

/* The device writes into zeros: they become a page first. */
TEST_F(pin, direct_io_into_zeros)
{
	struct loop_dev loop;
	char *buf = malloc(PG(1));

	loop_init(&loop);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(4), NULL);
	EXPECT_TRUE(vmop_test_check_zero(self->map, 0, PG(4)));
	vmop_test_fill(buf, KEY + 1, PG(1), PG(1));
	ASSERT_EQ(PG(1), pwrite(loop.mem, buf, PG(1), 0));
	ASSERT_EQ(PG(1), pread(loop.fd, self->map + PG(1), PG(1), 0));
	EXPECT_TRUE(vmop_test_check_zero(self->map, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check(self->map + PG(1), KEY + 1, PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check_zero(self->map + PG(2), PG(2), PG(2)));
	EXPECT_EQ(PG(1), vmop_test_committed(self->vmo.fd));
	close(loop.fd);
	close(loop.mem);
	free(buf);
}

TEST_F(pin, direct_io_failed)
{
	struct loop_dev loop;

	loop_init(&loop);
	serve_failing(self);
	EXPECT_EQ(-1, pwrite(loop.fd, self->map + PG(1), PG(1), 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, pread(loop.fd, self->map + PG(1), PG(1), 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(2, vmop_test_requests(self->vmo.fd));
	stop_serving(self);
	close(loop.fd);
	close(loop.mem);
}

/* ---- other processes ----------------------------------------------------- */

static ssize_t vm_rw(pid_t pid, bool wr, void *local, void *remote, size_t len)
{
	struct iovec l = { local, len }, r = { remote, len };
	ssize_t n;

	n = wr ? process_vm_writev(pid, &l, 1, &r, 1, 0) :
		 process_vm_readv(pid, &l, 1, &r, 1, 0);
	return n < 0 ? -errno : n;
}

static int just_pause(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* Into the mapping of another process, absent pages included. */
TEST_F(pin, process_vm)
{
	char *buf = malloc(PG(3));
	pid_t pid;

	serve(self);
	pid = test_child_start(just_pause, NULL);
	ASSERT_LT(0, pid);
	EXPECT_EQ(PG(3), vm_rw(pid, false, buf, self->map + 50, PG(3)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 50, PG(3)));
	vmop_test_fill(buf, KEY + 1, PG(6), PG(2));
	EXPECT_EQ(PG(2), vm_rw(pid, true, buf, self->map + PG(6), PG(2)));
	EXPECT_TRUE(vmop_test_check(self->map + PG(6), KEY + 1, PG(6), PG(2)));
	ASSERT_EQ(0, test_child_kill(pid, SIGKILL, NULL));
	stop_serving(self);
	free(buf);
}

/* A failure is EFAULT, or what was done before it; one request for each. */
TEST_F(pin, process_vm_failed)
{
	char *buf = malloc(PG(2));

	supply(&self->tp, &self->vmo, 0, 1);
	serve_failing(self);
	EXPECT_EQ(-EFAULT, vm_rw(getpid(), false, buf, self->map + PG(1), 9));
	EXPECT_EQ(-EFAULT, vm_rw(getpid(), true, buf, self->map + PG(1), 9));
	EXPECT_EQ(2, vmop_test_requests(self->vmo.fd));
	EXPECT_EQ(PG(1), vm_rw(getpid(), false, buf, self->map, PG(2)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, PG(1)));
	stop_serving(self);
	free(buf);
}

/*
 * /proc/PID/mem cannot wait: a page that is not there is EIO, and nobody is
 * asked for it. What is there can be read and written.
 */
TEST_F(pin, proc_mem)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	char buf[100];

	ASSERT_LE(0, fd);
	supply(&self->tp, &self->vmo, 0, 1);
	EXPECT_EQ(100, pread(fd, buf, 100, (uintptr_t)self->map));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, 100));
	EXPECT_EQ(3, pwrite(fd, "abc", 3, (uintptr_t)self->map + 8));
	EXPECT_EQ(0, memcmp(self->map + 8, "abc", 3));
	EXPECT_EQ(-1, pread(fd, buf, 100, (uintptr_t)self->map + PG(1)));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(-1, pwrite(fd, buf, 100, (uintptr_t)self->map + PG(1)));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(0, vmop_test_requests(self->vmo.fd));
	expect_none(&self->tp);
	close(fd);
}

/* ---- pages in pipes ------------------------------------------------------ */

/*
 * vmsplice() pins the page itself. The VMO changes, drops and frees it
 * meanwhile: the pipe has memory of its own right, never somebody else's.
 */
TEST_F(pin, vmsplice)
{
	struct iovec iov = { self->map + PG(2), PG(1) };
	char buf[4096];
	int p[2];

	ASSERT_EQ(0, pipe(p));
	serve(self);
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	stop_serving(self);
	ASSERT_EQ(PG(1), read(p[0], buf, sizeof(buf)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, PG(2), PG(1)));

	/* written after the splice: the same page, so the pipe shows it */
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	self->map[PG(2) + 1] = 'n';
	ASSERT_EQ(PG(1), read(p[0], buf, sizeof(buf)));
	EXPECT_EQ('n', buf[1]);

	/* zeroed after the splice: the pipe keeps what it has */
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(1), NULL);
	EXPECT_TRUE(vmop_test_check_zero(self->map + PG(2), PG(2), PG(1)));
	ASSERT_EQ(PG(1), read(p[0], buf, sizeof(buf)));
	EXPECT_EQ('n', buf[1]);
	EXPECT_TRUE(vmop_test_check(buf + 2, KEY, PG(2) + 2, PG(1) - 2));

	/* cut off and closed after the splice */
	iov.iov_base = self->map;
	supply(&self->tp, &self->vmo, 0, 1);
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	test_set_size(self->vmo.fd, 0);
	test_vmo_close(&self->tp, &self->vmo);
	ASSERT_EQ(PG(1), read(p[0], buf, sizeof(buf)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, PG(1)));
	close(p[0]);
	close(p[1]);
}

TEST_F(pin, vmsplice_failed)
{
	struct iovec iov = { self->map + PG(2), PG(1) };
	int p[2];

	ASSERT_EQ(0, pipe(p));
	serve_failing(self);
	EXPECT_EQ(-1, vmsplice(p[1], &iov, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, vmop_test_requests(self->vmo.fd));
	stop_serving(self);
	close(p[0]);
	close(p[1]);
}

/* ---- futexes ------------------------------------------------------------- */

static int futex_child(void *arg)
{
	int *word = arg;

	/* the value of the absent page, which the wait fetches */
	return syscall(SYS_futex, word, FUTEX_WAIT, *word, NULL, NULL, 0) ?
	       1 : 0;
}

/* A futex in a VMO works between processes. */
TEST_F(pin, futex)
{
	int *word = (int *)(self->map + PG(5));
	__u64 end = vmop_test_now_ms() + vmop_test_timeout_ms();
	int status;
	pid_t pid;

	serve(self);
	pid = test_child_start(futex_child, word);
	ASSERT_LT(0, pid);
	while (!syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0)) {
		ASSERT_GT(end, vmop_test_now_ms());
		vmop_test_nap_ms(5);
	}
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(0, status);
	stop_serving(self);
}

VMOP_TEST_MAIN
