// SPDX-License-Identifier: GPL-2.0
/*
 * VMOP_SUPPLY_FILE: the kernel reads a file straight into new pages. Which
 * files, any offset, the end of the file, and files that are not what they
 * seem. What all supplies have in common is in supply.c.
 */
#include <sys/socket.h>

#include "test_loop.h"
#include "vmop_test.h"

#define KEY 1
#define FILE_PAGES 200

/* Where the source is. */
FIXTURE(supply_file)
{
	struct test_pager tp;
	struct test_vmo vmo;	/* FILE_PAGES + 8 pages */
	int src;		/* FILE_PAGES pages and 100 bytes of pattern */
};

FIXTURE_VARIANT(supply_file)
{
	const char *dir;	/* NULL: a memfd */
};

FIXTURE_VARIANT_ADD(supply_file, memfd)
{
	.dir = NULL,
};

/* The root of the test VM is a ramfs, /dev/shm or /tmp may be a tmpfs. */
FIXTURE_VARIANT_ADD(supply_file, root)
{
	.dir = "/",
};

FIXTURE_VARIANT_ADD(supply_file, tmp)
{
	.dir = "/tmp",
};

/* The pattern of KEY, so that byte n of the file is byte n of a VMO. */
static int write_pattern(int fd, size_t len)
{
	char *buf = malloc(len);
	ssize_t n = -1;

	if (buf) {
		vmop_test_fill(buf, KEY, 0, len);
		n = pwrite(fd, buf, len, 0);
		free(buf);
	}
	return n == (ssize_t)len ? 0 : -EIO;
}

static int open_source(const char *dir)
{
	char path[64];
	int fd;

	if (!dir)
		return memfd_create("source", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "%s/vmop-test-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

FIXTURE_SETUP(supply_file)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo(&self->tp, &self->vmo, KEY,
				    FILE_PAGES + 8));
	self->src = open_source(variant->dir);
	ASSERT_LE(0, self->src);
	ASSERT_EQ(0, write_pattern(self->src, PG(FILE_PAGES) + 100));
}

FIXTURE_TEARDOWN(supply_file)
{
	test_pager_exit(&self->tp);
	close(self->src);
}

VMOP_FIXTURE(source)

/* ---- what comes in -------------------------------------------------------- */

/* All of a file whose size is odd, in one call. */
TEST_F(supply_file, whole_file)
{
	struct vmop_vmo_get_info info;
	struct vmop_thread *t;
	__u64 actual;

	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0,
			   PG(FILE_PAGES + 1));
	expect_read(&self->tp, &self->vmo, 0, FILE_PAGES + 1);
	test_supply_file(self->tp.fd, self->vmo.fd, 0, PG(FILE_PAGES + 1),
			 self->src, 0, &actual);
	EXPECT_EQ(PG(FILE_PAGES + 1), actual);
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0,
				       PG(FILE_PAGES) + 100));
	EXPECT_TRUE(vmop_test_check(self->vmo.map, KEY, 0,
				    PG(FILE_PAGES) + 100));
	/* Behind the end of the file its last page is zeros. */
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(FILE_PAGES) + 100,
					    PG(1) - 100));
	test_get_info(self->vmo.fd, &info);
	EXPECT_EQ(PG(FILE_PAGES + 1), info.out_committed);
	EXPECT_EQ(0, info.out_dirty);
	expect_none(&self->tp);
}

/* Any offset in the file; its position is neither used nor moved. */
TEST_F(supply_file, any_offset)
{
	static const __u64 offsets[] = { 1, 511, 512, 4095, 4096, 4097, 50001 };
	unsigned int i;
	__u64 actual;
	char *buf;

	buf = malloc(PG(3));
	ASSERT_NE(NULL, buf);
	ASSERT_EQ(77, lseek(self->src, 77, SEEK_SET));
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		test_supply_file(self->tp.fd, self->vmo.fd, PG(3 * i), PG(3),
				 self->src, offsets[i], &actual);
		EXPECT_EQ(PG(3), actual);
		ASSERT_EQ(PG(3), vmop_test_pread(self->vmo.fd, buf, PG(3),
						 PG(3 * i)));
		EXPECT_TRUE(vmop_test_check(buf, KEY, offsets[i], PG(3)));
	}
	EXPECT_EQ(77, lseek(self->src, 0, SEEK_CUR));
	free(buf);
}

/* A page that lies behind the end is ERANGE, what came before it is there. */
TEST_F(supply_file, behind_the_end)
{
	struct vmop_thread *t;
	__u64 actual;

	t = vmop_thread_pread(self->vmo.fd, PG(FILE_PAGES), 100);
	expect_read(&self->tp, &self->vmo, FILE_PAGES, 1);
	test_err_supply_file(ERANGE, self->tp.fd, self->vmo.fd,
			     PG(FILE_PAGES - 1), PG(4), self->src,
			     PG(FILE_PAGES - 1), &actual);
	EXPECT_EQ(PG(2), actual);
	expect_content(t, 100, KEY, PG(FILE_PAGES));
	EXPECT_EQ(PG(2), vmop_test_committed(self->vmo.fd));
	/* Nothing but the end, and far behind it. */
	test_err_supply_file(ERANGE, self->tp.fd, self->vmo.fd, 0, PG(1),
			     self->src, PG(FILE_PAGES) + 100, &actual);
	EXPECT_EQ(0, actual);
	test_err_supply_file(ERANGE, self->tp.fd, self->vmo.fd, 0, PG(1),
			     self->src, 1ULL << 40, &actual);
	EXPECT_EQ(0, actual);
	EXPECT_EQ(PG(2), vmop_test_committed(self->vmo.fd));
	/* A single byte makes a page. */
	test_supply_file(self->tp.fd, self->vmo.fd, 0, PG(1), self->src,
			 PG(FILE_PAGES) + 99, &actual);
	EXPECT_EQ(vmop_test_byte(KEY, PG(FILE_PAGES) + 99),
		  (__u8)self->vmo.map[0]);
	EXPECT_TRUE(vmop_test_check_zero(self->vmo.map + 1, 1, PG(1) - 1));
	/* No length, no file to speak of. */
	test_supply_file(self->tp.fd, self->vmo.fd, 0, 0, self->src,
			 1ULL << 40, &actual);
	EXPECT_EQ(0, actual);
}

/* A hole of the file is zeros. */
TEST_F(supply_file, sparse)
{
	ASSERT_EQ(0, ftruncate(self->src, PG(2)));
	ASSERT_EQ(0, ftruncate(self->src, PG(20)));
	test_supply_file(self->tp.fd, self->vmo.fd, 0, PG(20), self->src, 0,
			 NULL);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, PG(2)));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(2), PG(18)));
}

/* SUP-5: content that is there stays. */
TEST_F(supply_file, existing_content_wins)
{
	__u64 actual;

	ASSERT_EQ(0, test_pager_supply_key(&self->tp, &self->vmo, 1, 1, 9));
	supply_empty(&self->tp, &self->vmo, 3, 1);
	test_supply_file(self->tp.fd, self->vmo.fd, 0, PG(5), self->src, 0,
			 &actual);
	EXPECT_EQ(PG(5), actual);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, 9, PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, PG(2), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(3), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, PG(4), PG(1)));
}

/* Pages belong to the VMO: the file may change afterwards. */
TEST_F(supply_file, is_a_copy)
{
	test_supply_file(self->tp.fd, self->vmo.fd, 0, PG(4), self->src, 0,
			 NULL);
	ASSERT_EQ(0, ftruncate(self->src, 0));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, PG(4)));
	EXPECT_EQ(3, vmop_test_pwrite(self->vmo.fd, "abc", 3, 0));
	EXPECT_EQ(0, lseek(self->src, 0, SEEK_END));
}

/* ---- which files ------------------------------------------------------------ */

/* Descriptors that are no source. */
TEST_F(supply_file, not_open_for_reading)
{
	__u64 actual;
	int fd;

	test_reopen(&fd, self->src, O_WRONLY);
	test_err_supply_file(EACCES, self->tp.fd, self->vmo.fd, 0, PG(1), fd, 0,
			     &actual);
	EXPECT_EQ(0, actual);
	close(fd);
	test_reopen(&fd, self->src, O_RDONLY);
	test_supply_file(self->tp.fd, self->vmo.fd, 0, PG(1), fd, 0, &actual);
	EXPECT_EQ(PG(1), actual);
	close(fd);
}

TEST_F(source, wrong_kinds)
{
	struct {
		const char *what;
		int fd, err;
	} bad[] = {
		{ "a pipe", -1, EBADFD },
		{ "a socket", -1, EBADFD },
		{ "-1", -1, EBADF },
		{ "not open", 9999, EBADF },
		{ "O_PATH", open("/proc/self/exe", O_PATH), EBADF },
		{ "/dev/null", open("/dev/null", O_RDONLY), EBADFD },
		{ "a directory", open("/", O_RDONLY), EBADFD },
		{ "the pager", self->tp.fd, EBADFD },
		{ "a port", self->tp.port, EBADFD },
	};
	int pipefd[2], sock[2];
	struct test_vmo vmo;
	unsigned int i;
	__u64 actual;

	new_vmo(&self->tp, &vmo, KEY, 4);
	ASSERT_EQ(0, pipe(pipefd));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sock));
	bad[0].fd = pipefd[0];
	bad[1].fd = sock[0];
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_ERR(bad[i].err,
			   vmop_test_supply_file(self->tp.fd, vmo.fd, 0, PG(1),
						 bad[i].fd, 0, &actual))
			TH_LOG("src_fd is %s", bad[i].what);
		EXPECT_EQ(0, actual);
		/* Length 0 does not make it good. */
		EXPECT_ERR(bad[i].err,
			   vmop_test_supply_file(self->tp.fd, vmo.fd, 0, 0,
						 bad[i].fd, 0, &actual))
			TH_LOG("length 0, src_fd is %s", bad[i].what);
	}
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* A block device, through its cache, or past it: then from whole sectors only. */
TEST_F(source, block_device)
{
	const __u64 last = PG(15) + 512;
	struct loop_dev loop;
	struct test_vmo vmo;
	int fds[2], i;
	__u64 actual;
	char *buf;

	loop_init(&loop);
	ASSERT_EQ(0, write_pattern(loop.mem, PG(16)));
	buf = malloc(PG(3));
	ASSERT_NE(NULL, buf);
	test_reopen(&fds[0], loop.fd, O_RDONLY);
	fds[1] = loop.fd;
	for (i = 0; i < 2; i++) {
		new_vmo(&self->tp, &vmo, KEY + i, 8);
		test_supply_file(self->tp.fd, vmo.fd, 0, PG(3), fds[i], 512,
				 &actual);
		EXPECT_EQ(PG(3), actual);
		ASSERT_EQ(PG(3), vmop_test_pread(vmo.fd, buf, PG(3), 0));
		EXPECT_TRUE(vmop_test_check(buf, KEY, 512, PG(3)));
		/* its end is inside a page, which is filled up with zeros */
		test_err_supply_file(ERANGE, self->tp.fd, vmo.fd, PG(3), PG(2),
				     fds[i], last, &actual);
		EXPECT_EQ(PG(1), actual);
		ASSERT_EQ(PG(1), vmop_test_pread(vmo.fd, buf, PG(1), PG(3)));
		EXPECT_TRUE(vmop_test_check(buf, KEY, last, PG(1) - 512));
		EXPECT_TRUE(vmop_test_check_zero(buf + PG(1) - 512, 0, 512));
		EXPECT_EQ(PG(4), vmop_test_committed(vmo.fd));
	}
	test_err_supply_file(EINVAL, self->tp.fd, vmo.fd, PG(4), PG(2), loop.fd,
			     100, &actual);
	EXPECT_EQ(0, actual);
	EXPECT_EQ(PG(4), vmop_test_committed(vmo.fd));
	free(buf);
	close(fds[0]);
	close(loop.fd);
	close(loop.mem);
}

/* A regular file whose size says 0 and that can be read nevertheless. */
TEST_F(source, proc_file)
{
	struct test_vmo vmo;
	char want[256];
	int fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
	__u64 actual;
	ssize_t n;

	ASSERT_LE(0, fd);
	n = pread(fd, want, sizeof(want), 0);
	ASSERT_LT(0, n);
	new_vmo(&self->tp, &vmo, KEY, 4);
	test_supply_file(self->tp.fd, vmo.fd, 0, PG(1), fd, 0, &actual);
	EXPECT_EQ(PG(1), actual);
	EXPECT_EQ(0, memcmp(vmo.map, want, n));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map + n, n, PG(1) - n));
	test_err_supply_file(ERANGE, self->tp.fd, vmo.fd, PG(1), PG(2), fd, 0,
			     &actual);
	EXPECT_EQ(PG(1), actual);
	close(fd);
}

/* An anonymous VMO is a file as well, and keeps its pages. */
TEST_F(source, anonymous_vmo)
{
	struct test_vmo vmo;
	__u64 actual;
	int aux = test_pager_aux(&self->tp, KEY, 0, 4);

	ASSERT_LE(0, aux);
	new_vmo(&self->tp, &vmo, KEY, 4);
	test_supply_file(self->tp.fd, vmo.fd, 0, PG(4), aux, 0, &actual);
	EXPECT_EQ(PG(4), actual);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(4)));
	EXPECT_TRUE(vmop_test_check_fd(aux, KEY, 0, PG(4)));
	EXPECT_EQ(PG(4), vmop_test_committed(aux));
	close(aux);
}

/* A VMO of another pager, who brings the content meanwhile, or fails it. */
TEST_F(source, vmo_of_another_pager)
{
	struct test_vmo vmo, theirs;
	struct test_pager other;
	__u64 actual;

	ASSERT_EQ(0, test_pager_init(&other));
	ASSERT_EQ(0, test_pager_vmo(&other, &theirs, KEY, 16));
	new_vmo(&self->tp, &vmo, KEY, 32);
	ASSERT_EQ(0, test_pager_serve(&other, &(struct test_pager_behaviour){
		.mode = TEST_PAGER_SLOW, .delay_ms = 2 }));
	test_supply_file(self->tp.fd, vmo.fd, 0, PG(8), theirs.fd, 0, &actual);
	EXPECT_EQ(PG(8), actual);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(8)));
	ASSERT_EQ(0, test_pager_stop(&other));
	ASSERT_EQ(0, test_pager_serve(&other, &(struct test_pager_behaviour){
		.mode = TEST_PAGER_FAILING, .err = EBADMSG }));
	test_err_supply_file(EBADMSG, self->tp.fd, vmo.fd, PG(20), PG(4),
			     theirs.fd, PG(8), &actual);
	EXPECT_EQ(0, actual);
	EXPECT_EQ(PG(8), vmop_test_committed(vmo.fd));
	EXPECT_EQ(0, test_pager_stop(&other));
	test_pager_exit(&other);
}

VMOP_TEST_MAIN
