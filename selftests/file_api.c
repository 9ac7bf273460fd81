// SPDX-License-Identifier: GPL-2.0
/*
 * A VMO is a good Linux file: the calls on its descriptor. Mappings are in
 * file_map.c, io_uring and everything that pins pages in file_pin.c.
 *
 * Tests are named after the call; rules of the specification of behaviour are
 * cited where they apply. Whatever asks for content runs against the test
 * pager, so it works on absent pages too.
 */
#include <linux/falloc.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "vmop_test.h"

#define KEY 0xf11e
#define BLOCK 512

VMOP_FIXTURE(file);

/* The test pager answers whatever comes. */
FIXTURE(served)
{
	struct test_pager tp;
	struct test_vmo vmo;
};

FIXTURE_SETUP(served)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };

	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, KEY, 16);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
}

FIXTURE_TEARDOWN(served)
{
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	test_pager_exit(&self->tp);
}

static __u64 blocks(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? ~0ull : (__u64)st.st_blocks * BLOCK;
}

/* A regular file without a name; its size is exact, its blocks are memory. */
TEST_F(file, fstat)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY, .length = PG(3) + 5,
	};
	struct test_vmo vmo;
	struct stat st;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	ASSERT_EQ(0, fstat(vmo.fd, &st));
	EXPECT_TRUE(S_ISREG(st.st_mode));
	EXPECT_EQ(PG(3) + 5, st.st_size);
	EXPECT_EQ(0, st.st_blocks);
	EXPECT_EQ(0, st.st_nlink);
	EXPECT_EQ(vmop_test_page_size, st.st_blksize);
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_EQ(PG(2), blocks(vmo.fd));
	supply_empty(&self->tp, &vmo, 2, 1);
	EXPECT_EQ(PG(2), blocks(vmo.fd));
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL);
	EXPECT_EQ(PG(1), blocks(vmo.fd));
	test_set_size(vmo.fd, 0);
	EXPECT_EQ(0, blocks(vmo.fd));
	EXPECT_EQ(0, fsync(vmo.fd));
	EXPECT_EQ(0, fdatasync(vmo.fd));
}

/* Two VMOs are two files; two opens of one are one. */
TEST_F(file, fstat_identity)
{
	struct stat a, b, c;
	struct test_vmo v, w;
	int fd;

	new_vmo(&self->tp, &v, KEY, 1);
	new_vmo(&self->tp, &w, KEY + 1, 1);
	test_reopen(&fd, v.fd, O_RDONLY);
	ASSERT_EQ(0, fstat(v.fd, &a));
	ASSERT_EQ(0, fstat(w.fd, &b));
	ASSERT_EQ(0, fstat(fd, &c));
	EXPECT_EQ(a.st_dev, b.st_dev);
	EXPECT_NE(a.st_ino, b.st_ino);
	EXPECT_EQ(a.st_dev, c.st_dev);
	EXPECT_EQ(a.st_ino, c.st_ino);
	close(fd);
}

/* read() and write() move the position and stop at the end. */
TEST_F(served, read_and_write)
{
	char buf[300], old[300];
	__u64 pos = 0;
	ssize_t n;

	ASSERT_EQ(0, ftruncate(self->vmo.fd, PG(3) + 77));
	while ((n = read(self->vmo.fd, buf, sizeof(buf))) > 0) {
		EXPECT_TRUE(vmop_test_check(buf, KEY, pos, n));
		pos += n;
		EXPECT_EQ(pos, lseek(self->vmo.fd, 0, SEEK_CUR));
	}
	EXPECT_EQ(0, n);
	EXPECT_EQ(PG(3) + 77, pos);

	EXPECT_EQ(PG(1) - 50, lseek(self->vmo.fd, PG(1) - 50, SEEK_SET));
	vmop_test_fill(buf, KEY + 1, PG(1) - 50, 100);
	EXPECT_EQ(100, write(self->vmo.fd, buf, 100));
	EXPECT_EQ(PG(1) + 50, lseek(self->vmo.fd, 0, SEEK_CUR));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, PG(1) - 58, 8));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, PG(1) - 50,
				       100));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, PG(1) + 50, 99));
	EXPECT_EQ(PG(3) + 77 - 10, lseek(self->vmo.fd, -10, SEEK_END));
	EXPECT_EQ(10, read(self->vmo.fd, old, sizeof(old)));
}

/*
 * A write across the end is cut short, one that starts there is EFBIG: a VMO
 * does not grow by writing.
 */
TEST_F(served, write_at_the_end)
{
	char buf[8192];

	vmop_test_fill(buf, KEY + 1, PG(15), sizeof(buf));
	EXPECT_EQ(PG(1), vmop_test_pwrite(self->vmo.fd, buf, 8192, PG(15)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, PG(15), PG(1)));
	EXPECT_ERR(EFBIG, vmop_test_pwrite(self->vmo.fd, buf, 1, PG(16)));
	EXPECT_ERR(EFBIG, vmop_test_pwrite(self->vmo.fd, buf, 1, PG(100)));
	EXPECT_EQ(0, vmop_test_pread(self->vmo.fd, buf, 1, PG(16)));
	EXPECT_EQ(0, vmop_test_pread(self->vmo.fd, buf, 1, PG(100)));
	EXPECT_EQ(0, vmop_test_pwrite(self->vmo.fd, buf, 0, PG(16)));

	ASSERT_EQ(0, ftruncate(self->vmo.fd, 1000));
	EXPECT_EQ(10, vmop_test_pwrite(self->vmo.fd, buf, 100, 990));
	EXPECT_ERR(EFBIG, vmop_test_pwrite(self->vmo.fd, buf, 1, 1000));
	EXPECT_EQ(10, vmop_test_pread(self->vmo.fd, buf, 100, 990));
}

/* O_APPEND starts at the end, where nothing can be written. */
TEST_F(served, write_append)
{
	struct stat st;

	ASSERT_EQ(0, fcntl(self->vmo.fd, F_SETFL, O_APPEND));
	EXPECT_EQ(-1, write(self->vmo.fd, "x", 1));
	EXPECT_EQ(EFBIG, errno);
	ASSERT_EQ(0, fstat(self->vmo.fd, &st));
	EXPECT_EQ(PG(16), st.st_size);
	ASSERT_EQ(0, fcntl(self->vmo.fd, F_SETFL, 0));
}

TEST_F(served, readv_and_writev)
{
	char a[100], b[5000], c[37];
	struct iovec iov[3] = {
		{ a, sizeof(a) }, { b, sizeof(b) }, { c, sizeof(c) },
	};
	const __u64 off = PG(2) - 1234, len = sizeof(a) + sizeof(b) + sizeof(c);

	EXPECT_EQ(len, preadv(self->vmo.fd, iov, 3, off));
	EXPECT_TRUE(vmop_test_check(a, KEY, off, sizeof(a)));
	EXPECT_TRUE(vmop_test_check(b, KEY, off + sizeof(a), sizeof(b)));
	EXPECT_TRUE(vmop_test_check(c, KEY, off + sizeof(a) + sizeof(b),
				    sizeof(c)));
	vmop_test_fill(a, KEY + 1, off, sizeof(a));
	vmop_test_fill(b, KEY + 1, off + sizeof(a), sizeof(b));
	vmop_test_fill(c, KEY + 1, off + sizeof(a) + sizeof(b), sizeof(c));
	EXPECT_EQ(len, pwritev(self->vmo.fd, iov, 3, off));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, off, len));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, off + len, 999));
}

/* RWF_NOWAIT takes what is there and never waits. */
TEST_F(file, preadv2_nowait)
{
	struct test_vmo vmo;
	char buf[8192];
	struct iovec iov = { buf, sizeof(buf) };

	new_vmo(&self->tp, &vmo, KEY, 2);
	EXPECT_EQ(-1, preadv2(vmo.fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	EXPECT_EQ(-1, pwritev2(vmo.fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	supply(&self->tp, &vmo, 0, 1);
	EXPECT_EQ(PG(1), preadv2(vmo.fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, PG(1)));
	supply(&self->tp, &vmo, 1, 1);
	EXPECT_EQ(PG(2), preadv2(vmo.fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, PG(2)));
	EXPECT_EQ(0, vmop_test_waiters(vmo.fd));
}

/* REQ-25: what was read before the failure counts, the next call fails. */
TEST_F(file, read_failed_half_way)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 1);
	t = vmop_thread_pread(vmo.fd, 100, PG(2) - 100);
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 1, 1, EBADMSG);
	expect_content(t, PG(1) - 100, KEY, 100);
	t = vmop_thread_pread(vmo.fd, PG(1), PG(1));
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 1, 1, EBADMSG);
	expect_errno(t, EBADMSG);

	t = vmop_thread_pwrite(vmo.fd, 0, PG(2), KEY + 1);
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 1, 1, ENOSPC);
	expect_done(t, PG(1));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY + 1, 0, PG(1)));
	expect_none(&self->tp);
}

/* A buffer that is not there: what fits counts, else EFAULT; no harm done. */
TEST_F(served, bad_buffer)
{
	char *buf = mmap(NULL, PG(2), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t n;

	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_EQ(0, munmap(buf + PG(1), PG(1)));
	EXPECT_ERR(EFAULT, vmop_test_pread(self->vmo.fd, buf + PG(1), 100, 0));
	n = vmop_test_pread(self->vmo.fd, buf + PG(1) - 64, 128, 0);
	EXPECT_EQ(64, n);
	EXPECT_TRUE(vmop_test_check(buf + PG(1) - 64, KEY, 0, 64));

	EXPECT_ERR(EFAULT, vmop_test_pwrite(self->vmo.fd, buf + PG(1), 100,
					    0));
	memset(buf, 0x5a, PG(1));
	n = vmop_test_pwrite(self->vmo.fd, buf + PG(1) - 64, 128, 0);
	EXPECT_TRUE(n == 64 || n == -EFAULT);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 64, PG(1) - 64));
	munmap(buf, PG(1));
}

/* Out through a pipe and in again. */
TEST_F(served, splice)
{
	loff_t off = PG(3) + 10, in = PG(9) + 20;
	char *buf = malloc(PG(4));
	ssize_t n, got = 0;
	int p[2];

	ASSERT_EQ(0, pipe(p));
	while (got < (ssize_t)PG(2)) {
		n = splice(self->vmo.fd, &off, p[1], NULL, PG(2) - got, 0);
		ASSERT_LT(0, n);
		ASSERT_EQ(n, read(p[0], buf + got, n));
		got += n;
	}
	EXPECT_EQ(PG(5) + 10, off);
	EXPECT_TRUE(vmop_test_check(buf, KEY, PG(3) + 10, PG(2)));

	vmop_test_fill(buf, KEY + 1, in, PG(2));
	ASSERT_EQ(PG(2), write(p[1], buf, PG(2)));
	for (got = 0; got < (ssize_t)PG(2); got += n) {
		n = splice(p[0], NULL, self->vmo.fd, &in, PG(2) - got, 0);
		ASSERT_LT(0, n);
	}
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, PG(9) + 20,
				       PG(2)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, PG(9), 20));
	/* at the end nothing comes */
	off = PG(16);
	EXPECT_EQ(0, splice(self->vmo.fd, &off, p[1], NULL, 100, 0));
	close(p[0]);
	close(p[1]);
	free(buf);
}

/*
 * From inside a page: four pages of a pipe that refer to ours do not hold four
 * pages of bytes. A short count then, and no more.
 */
TEST_F(served, splice_fills_the_pipe)
{
	loff_t off = 100;
	char buf[4 * 4096];
	ssize_t n;
	int p[2];

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(PG(4), fcntl(p[1], F_SETPIPE_SZ, PG(4)));
	n = splice(self->vmo.fd, &off, p[1], NULL, PG(4), 0);
	ASSERT_LE(PG(3), n);
	ASSERT_EQ(n, read(p[0], buf, sizeof(buf)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 100, n));
	close(p[0]);
	close(p[1]);
}

/*
 * What lies in a pipe is a snapshot or the page itself, but never freed
 * memory: the VMO changes, shrinks and goes away meanwhile.
 */
TEST_F(served, splice_outlives_vmo)
{
	struct test_vmo vmo;
	char buf[4096];
	loff_t off = 0;
	int p[2];

	new_resizable(&self->tp, &vmo, KEY + 1, 4);
	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(PG(1), splice(vmo.fd, &off, p[1], NULL, PG(1), 0));
	test_set_size(vmo.fd, 0);
	test_vmo_close(&self->tp, &vmo);
	ASSERT_EQ(PG(1), read(p[0], buf, sizeof(buf)));
	EXPECT_TRUE(vmop_test_check(buf, KEY + 1, 0, PG(1)) ||
		    vmop_test_check_zero(buf, 0, PG(1)));
	close(p[0]);
	close(p[1]);
}

TEST_F(served, sendfile)
{
	int mem = memfd_create("out", MFD_CLOEXEC);
	loff_t off = PG(1) + 1;
	ssize_t n, got = 0;
	char *buf = malloc(PG(6));

	ASSERT_LE(0, mem);
	while (got < (ssize_t)PG(6)) {
		n = sendfile(mem, self->vmo.fd, &off, PG(6) - got);
		ASSERT_LT(0, n);
		got += n;
	}
	ASSERT_EQ(PG(6), pread(mem, buf, PG(6), 0));
	EXPECT_TRUE(vmop_test_check(buf, KEY, PG(1) + 1, PG(6)));

	/* and from a file into the VMO */
	vmop_test_fill(buf, KEY + 2, PG(8), PG(6));
	ASSERT_EQ(PG(6), pwrite(mem, buf, PG(6), 0));
	ASSERT_EQ(PG(8), lseek(self->vmo.fd, PG(8), SEEK_SET));
	for (off = 0; off < (loff_t)PG(6); )
		ASSERT_LT(0, sendfile(self->vmo.fd, mem, &off, PG(6) - off));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 2, PG(8), PG(6)));
	close(mem);
	free(buf);
}

/* Between VMOs it works; where the kernel forbids it, it says EXDEV. */
TEST_F(served, copy_file_range)
{
	int mem = memfd_create("out", MFD_CLOEXEC);
	loff_t in = PG(2), out = PG(1);
	struct test_vmo to;
	ssize_t n, got = 0;

	new_vmo(&self->tp, &to, KEY + 1, 8);
	while (got < (ssize_t)PG(3)) {
		n = copy_file_range(self->vmo.fd, &in, to.fd, &out,
				    PG(3) - got, 0);
		ASSERT_LT(0, n);
		got += n;
	}
	for (n = 0; n < (ssize_t)PG(3); n++)
		if ((__u8)to.map[PG(1) + n] != vmop_test_byte(KEY, PG(2) + n))
			break;
	EXPECT_EQ(PG(3), n);
	EXPECT_TRUE(vmop_test_check_fd(to.fd, KEY + 1, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(to.fd, KEY + 1, PG(4), PG(4)));

	in = 0;
	out = 0;
	ASSERT_LE(0, mem);
	n = copy_file_range(self->vmo.fd, &in, mem, &out, PG(1), 0);
	EXPECT_TRUE(n == (ssize_t)PG(1) || (n == -1 && errno == EXDEV));
	close(mem);
}

/*
 * SEEK_HOLE is where zeros are known to be. What the pager has not been asked
 * for yet is data: a copy that skips holes must not lose it.
 */
TEST_F(file, lseek_data_and_hole)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY, .length = PG(8),
	};
	struct test_vmo vmo;
	int anon;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	EXPECT_EQ(0, lseek(vmo.fd, 0, SEEK_DATA));
	EXPECT_EQ(PG(8), lseek(vmo.fd, 0, SEEK_HOLE));
	supply(&self->tp, &vmo, 1, 1);
	supply_empty(&self->tp, &vmo, 2, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(3), PG(2), NULL);
	/* 0 absent, 1 page, 2 marker, 3 4 zeros, 5..7 absent */
	EXPECT_EQ(PG(2), lseek(vmo.fd, 0, SEEK_HOLE));
	EXPECT_EQ(PG(3) + 9, lseek(vmo.fd, PG(3) + 9, SEEK_HOLE));
	EXPECT_EQ(PG(5), lseek(vmo.fd, PG(2), SEEK_DATA));
	EXPECT_EQ(PG(6) + 1, lseek(vmo.fd, PG(6) + 1, SEEK_DATA));
	EXPECT_EQ(PG(8), lseek(vmo.fd, PG(6), SEEK_HOLE));
	test_set_size(vmo.fd, PG(9) + 100);
	EXPECT_EQ(PG(8), lseek(vmo.fd, PG(6), SEEK_HOLE));
	EXPECT_EQ(-1, lseek(vmo.fd, PG(8), SEEK_DATA));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(-1, lseek(vmo.fd, PG(9) + 100, SEEK_HOLE));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(-1, lseek(vmo.fd, -1, SEEK_DATA));
	EXPECT_EQ(ENXIO, errno);
	expect_none(&self->tp);

	test_vmo_create(&anon, self->tp.fd, 0, PG(8));
	ASSERT_EQ(1, vmop_test_pwrite(anon, "x", 1, PG(3)));
	EXPECT_EQ(0, lseek(anon, 0, SEEK_HOLE));
	EXPECT_EQ(PG(3), lseek(anon, 0, SEEK_DATA));
	EXPECT_EQ(PG(4), lseek(anon, PG(3), SEEK_HOLE));
	EXPECT_EQ(-1, lseek(anon, PG(4), SEEK_DATA));
	EXPECT_EQ(ENXIO, errno);
	close(anon);
}

/* readahead() is PREFETCH. */
static void do_readahead(void *arg, struct vmop_result *res)
{
	res->ret = readahead(*(int *)arg, PG(1), PG(2));
	res->err = res->ret ? errno : 0;
}

TEST_F(file, readahead)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 4);
	t = vmop_thread_call(do_readahead, &vmo.fd);
	expect_read(&self->tp, &vmo, 1, 2);
	supply(&self->tp, &vmo, 1, 2);
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* A read-only reopen reads and nothing else. */
TEST_F(served, reopen_read_only)
{
	char c = 1;
	int fd;

	test_reopen(&fd, self->vmo.fd, O_RDONLY | O_CLOEXEC);
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY, 0, PG(2)));
	EXPECT_ERR(EBADF, vmop_test_pwrite(fd, &c, 1, 0));
	EXPECT_EQ(-1, ftruncate(fd, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PG(1), PROT_READ | PROT_WRITE,
				   MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	test_err_set_size(EACCES, fd, PG(1));
	test_err_set_name(EACCES, fd, "x");
	test_err_vmo_op(EACCES, fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL);
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY, 0, PG(1)));
	close(fd);
}

/* A read-write reopen is as good as the first descriptor. */
TEST_F(served, reopen_read_write)
{
	char buf[16];
	int fd;

	test_reopen(&fd, self->vmo.fd, O_RDWR | O_CLOEXEC);
	vmop_test_fill(buf, KEY + 1, PG(1), sizeof(buf));
	EXPECT_EQ(16, vmop_test_pwrite(fd, buf, 16, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, PG(1), 16));
	/* a position of its own */
	EXPECT_EQ(16, read(fd, buf, 16));
	EXPECT_EQ(0, lseek(self->vmo.fd, 0, SEEK_CUR));
	test_set_size(fd, PG(2));
	EXPECT_EQ(PG(2), lseek(self->vmo.fd, 0, SEEK_END));
	test_set_name(fd, "by reopen");
	close(fd);
}

/* Write-only: no reading, no mapping. */
TEST_F(served, reopen_write_only)
{
	char c = 'w';
	int fd;

	test_reopen(&fd, self->vmo.fd, O_WRONLY | O_CLOEXEC);
	EXPECT_EQ(1, vmop_test_pwrite(fd, &c, 1, PG(1)));
	EXPECT_ERR(EBADF, vmop_test_pread(fd, &c, 1, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, PG(1), PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ('w', self->vmo.map[PG(1)]);
	close(fd);
}

/* O_TRUNC is a resize, so it needs a resizable VMO. */
TEST_F(served, reopen_truncate)
{
	struct test_vmo fixed;
	int fd;

	new_vmo(&self->tp, &fixed, KEY + 1, 2);
	EXPECT_ERR(EPERM, vmop_test_reopen(fixed.fd, O_RDWR | O_TRUNC));
	EXPECT_TRUE(vmop_test_check_fd(fixed.fd, KEY + 1, 0, PG(2)));
	test_reopen(&fd, self->vmo.fd, O_RDWR | O_TRUNC | O_CLOEXEC);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_END));
	close(fd);
}

/* dup() shares the position; flags are those of an ordinary file. */
TEST_F(served, fcntl_and_dup)
{
	char buf[10];
	int fd = fcntl(self->vmo.fd, F_DUPFD_CLOEXEC, 100);

	EXPECT_LE(100, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(10, read(fd, buf, 10));
	EXPECT_EQ(10, lseek(self->vmo.fd, 0, SEEK_CUR));
	/* O_NONBLOCK means nothing for a file: the read waits and succeeds */
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY, PG(7), PG(1)));
	close(fd);
}

/* Every descriptor that the module makes is close-on-exec. */
TEST_F(file, close_on_exec)
{
	struct test_vmo vmo;
	int anon;

	new_vmo(&self->tp, &vmo, KEY, 1);
	test_vmo_create(&anon, self->tp.fd, 0, PG(1));
	EXPECT_EQ(FD_CLOEXEC, fcntl(vmo.fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(anon, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->tp.port, F_GETFD));
	close(anon);
}

static int send_fd(int sock, int fd)
{
	char data = 'x', ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &data, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static int recv_fd(int sock)
{
	char data, ctl[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &data, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	int fd;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC) != 1 || !CMSG_FIRSTHDR(&msg))
		return -EIO;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
	return fd;
}

/* A descriptor in flight keeps its VMO alive, and works on the other side. */
TEST_F(served, scm_rights)
{
	struct test_vmo vmo;
	int sock[2], fd;

	new_vmo(&self->tp, &vmo, KEY + 1, 4);
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	ASSERT_EQ(0, send_fd(sock[0], vmo.fd));
	test_vmo_close(&self->tp, &vmo);
	fd = recv_fd(sock[1]);
	ASSERT_LE(0, fd);
	/* the server supplies through it, too */
	test_vmo_set_fd(&self->tp, &vmo, fd);
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY + 1, 0, PG(4)));
	close(sock[0]);
	close(sock[1]);
}

VMOP_TEST_MAIN
