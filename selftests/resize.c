// SPDX-License-Identifier: GPL-2.0
/*
 * Changing the size of a VMO: rules RSZ-1 to RSZ-10 of the specification of
 * behaviour, through VMOP_VMO_SET_SIZE and through ftruncate().
 *
 * Every test of the first fixture runs twice, once for each of the two ways.
 */
#include <sys/wait.h>

#include "vmop_test.h"

#define KEY 0x5e5e

FIXTURE(resize)
{
	struct test_pager tp;
};

FIXTURE_VARIANT(resize)
{
	bool truncate;
};

FIXTURE_VARIANT_ADD(resize, ioctl)
{
	.truncate = false,
};

FIXTURE_VARIANT_ADD(resize, ftruncate)
{
	.truncate = true,
};

VMOP_FIXTURE_SETUP_PAGER(resize)

static int set_size(bool truncate, int fd, __u64 size)
{
	if (!truncate)
		return vmop_test_set_size(fd, size);
	return ftruncate(fd, size) ? -errno : 0;
}

#define resize_to(_fd, _size) \
	ASSERT_EQ(0, set_size(variant->truncate, _fd, _size))
#define err_resize_to(_err, _fd, _size) \
	EXPECT_ERR(_err, set_size(variant->truncate, _fd, _size))

static __u64 stat_size(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? ~0ull : (__u64)st.st_size;
}

/* Sizes in bytes as fstat() and as GET_INFO tell them. */
#define expect_size(_fd, _bytes, _pages) do { \
	struct vmop_vmo_get_info __info; \
	test_get_info(_fd, &__info); \
	EXPECT_EQ((__u64)(_bytes), stat_size(_fd)); \
	EXPECT_EQ((__u64)(_bytes), __info.out_content_size); \
	EXPECT_EQ(PG(_pages), __info.out_size); \
} while (0)

/* Does the byte at addr raise SIGBUS? */
static bool is_sigbus(const void *addr)
{
	struct vmop_result res = { 0 };
	char c;

	return vmop_mem_read(&c, addr, 1, &res) && res.sig == SIGBUS &&
	       res.sig_addr == addr;
}

/* RSZ-1: a VMO that was made without RESIZABLE keeps its size. */
TEST_F(resize, rsz_1_not_resizable)
{
	struct vmop_vmo_get_info before, after;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	test_get_info(vmo.fd, &before);
	err_resize_to(EPERM, vmo.fd, PG(1));
	err_resize_to(EPERM, vmo.fd, PG(3));
	test_get_info(vmo.fd, &after);
	EXPECT_TRUE(vmop_test_same_info(&before, &after));
	expect_size(vmo.fd, PG(2), 2);
}

/* RSZ-1: the descriptor must be open for writing. */
TEST_F(resize, rsz_1_read_only)
{
	struct test_vmo vmo;
	int ro;

	new_resizable(&self->tp, &vmo, KEY, 2);
	test_reopen(&ro, vmo.fd, O_RDONLY);
	/* ftruncate() of a read-only descriptor is EINVAL in the VFS */
	err_resize_to(variant->truncate ? EINVAL : EACCES, ro, PG(1));
	expect_size(vmo.fd, PG(2), 2);
	close(ro);
}

/* RSZ-1: limits of the size; a refused one changes nothing. */
TEST_F(resize, rsz_1_limits)
{
	struct vmop_info info;
	struct test_vmo vmo;

	test_info(self->tp.fd, &info);
	new_resizable(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 2);
	if (!variant->truncate) {
		test_err_set_size(ERANGE, vmo.fd, info.out_max_vmo_size + 1);
		test_err_set_size(ERANGE, vmo.fd, 1ull << 63);
		test_err_set_size(ERANGE, vmo.fd, ~0ull);
	} else {
		/* ftruncate() knows no ERANGE: EFBIG or EINVAL say it */
		EXPECT_EQ(-1, ftruncate(vmo.fd, info.out_max_vmo_size + 1));
		EXPECT_TRUE(errno == EFBIG || errno == EINVAL);
		EXPECT_EQ(-1, ftruncate(vmo.fd, -1));
		EXPECT_EQ(EINVAL, errno);
	}
	expect_size(vmo.fd, PG(2), 2);

	resize_to(vmo.fd, info.out_max_vmo_size);
	EXPECT_EQ(info.out_max_vmo_size, stat_size(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1000000), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(2)));
	resize_to(vmo.fd, PG(2));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(2)));
	expect_none(&self->tp);
}

/* RSZ-1: the same size again is fine, and wakes nobody. */
TEST_F(resize, rsz_1_same_size)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 2);
	t = vmop_thread_pread(vmo.fd, PG(1), PG(1));
	expect_read(&self->tp, &vmo, 1, 1);
	resize_to(vmo.fd, PG(2));
	expect_blocked(t, &vmo, 1);
	expect_size(vmo.fd, PG(2), 2);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 1, 1);
	expect_content(t, PG(1), KEY, PG(1));
}

/* RSZ-2: the size is exact to the byte; GET_INFO also tells it in pages. */
TEST_F(resize, rsz_2_byte_exact)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY, .length = PG(2) + 100,
	};
	char *buf = malloc(PG(4));
	struct test_vmo vmo;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	expect_size(vmo.fd, PG(2) + 100, 3);
	supply(&self->tp, &vmo, 0, 3);
	EXPECT_EQ(PG(2) + 100, vmop_test_pread(vmo.fd, buf, PG(4), 0));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, PG(2) + 100));

	resize_to(vmo.fd, PG(1) + 1);
	expect_size(vmo.fd, PG(1) + 1, 2);
	EXPECT_EQ(PG(1) + 1, vmop_test_pread(vmo.fd, buf, PG(4), 0));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, PG(1) + 1));
	EXPECT_EQ(1, vmop_test_pread(vmo.fd, buf, PG(4), PG(1)));
	EXPECT_EQ(0, vmop_test_pread(vmo.fd, buf, PG(4), PG(1) + 1));

	resize_to(vmo.fd, 1);
	expect_size(vmo.fd, 1, 1);
	resize_to(vmo.fd, PG(1) - 1);
	expect_size(vmo.fd, PG(1) - 1, 1);
	resize_to(vmo.fd, PG(1));
	expect_size(vmo.fd, PG(1), 1);
	EXPECT_EQ(PG(1), vmop_test_pread(vmo.fd, buf, PG(4), 0));
	EXPECT_EQ(vmop_test_byte(KEY, 0), (__u8)buf[0]);
	EXPECT_TRUE(vmop_test_check_zero(buf + 1, 1, PG(1) - 1));
	free(buf);
}

/* RSZ-2: cut off inside a resident page and extended: the tail is zeros. */
TEST_F(resize, rsz_2_tail_is_zero_when_extended)
{
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(2)));
	resize_to(vmo.fd, PG(1) + 512);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(1) + 512));
	resize_to(vmo.fd, PG(2));
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(1) + 512));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map + PG(1) + 512, PG(1) + 512,
					 PG(1) - 512));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(1) + 512));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1) + 512, PG(1) - 512));
	expect_none(&self->tp);
}

/*
 * RSZ-2: what a mapping wrote behind the end of the file, in its last page,
 * is gone when the file grows over it.
 */
TEST_F(resize, rsz_2_write_behind_the_end)
{
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 2);
	resize_to(vmo.fd, PG(1) + 16);
	vmo.map[PG(1) + 15] = 1;
	vmo.map[PG(1) + 16] = 2;
	vmo.map[PG(2) - 1] = 3;
	resize_to(vmo.fd, PG(3));
	EXPECT_EQ(1, vmo.map[PG(1) + 15]);
	EXPECT_EQ(0, vmo.map[PG(1) + 16]);
	EXPECT_EQ(0, vmo.map[PG(2) - 1]);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1) + 16,
					    PG(2) - 16));
}

/*
 * RSZ-2: a pager that supplies more than the file has, in its last page, does
 * not get it seen: behind the end is zeros.
 */
TEST_F(resize, rsz_2_supplied_tail_reads_zero)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY, .length = PG(1) + 64,
	};
	struct test_vmo vmo;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(1) + 64));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map + PG(1) + 64, PG(1) + 64,
					 PG(1) - 64));
	resize_to(vmo.fd, PG(2));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(1) + 64));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1) + 64, PG(1) - 64));
}

/*
 * RSZ-2: the cut goes through an absent page, the pager answers late: what is
 * before the cut is the pager's, what is behind it zeros.
 */
TEST_F(resize, rsz_2_cut_through_absent_page)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 3);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	resize_to(vmo.fd, PG(1) + 300);
	resize_to(vmo.fd, PG(3));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(1) + 300));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1) + 300,
					    PG(2) - 300));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

/* RSZ-3: new space is zeros; no request, no memory. */
TEST_F(resize, rsz_3_grow_is_zero)
{
	struct vmop_result res = { 0 };
	struct test_vmo vmo;
	char *map;
	char c = 1;

	new_resizable(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 1);
	resize_to(vmo.fd, PG(5));
	expect_size(vmo.fd, PG(5), 5);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(3)));
	map = mmap(NULL, PG(5), PROT_READ | PROT_WRITE, MAP_SHARED, vmo.fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, vmop_mem_read(&c, map + PG(4), 1, &res));
	EXPECT_EQ(0, c);
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));

	/* a write in the middle takes one page and leaves its neighbours */
	map[PG(3) + 7] = 42;
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(1) + 7));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(3) + 8, PG(2) - 8));
	expect_none(&self->tp);
	munmap(map, PG(5));
}

/*
 * RSZ-3: new space is dirty: detach drops what is clean and keeps it. Growing
 * twice merges.
 */
TEST_F(resize, rsz_3_grow_is_dirty)
{
	struct test_vmo vmo;
	char c;

	new_resizable(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 2);
	resize_to(vmo.fd, PG(4));
	resize_to(vmo.fd, PG(6));
	detach(&self->tp, &vmo);
	expect_complete(&self->tp, KEY);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(4)));
	EXPECT_ERR(ENOTCONN, vmop_test_pread(vmo.fd, &c, 1, 0));
	/* a detached VMO still grows */
	resize_to(vmo.fd, PG(7));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(6), PG(1)));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
}

/*
 * RSZ-3, SUP-7, Zircon's ResizeSupplyZero: what the pager supplies for new
 * space is ignored. A read asks for the whole run of absent pages and stops
 * where the zeros begin (the seed's numbers come with max_request_pages = 1).
 */
TEST_F(resize, rsz_3_supply_does_not_replace_zeros)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 2);
	resize_to(vmo.fd, PG(4));
	supply(&self->tp, &vmo, 2, 2);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));

	t = vmop_thread_pread(vmo.fd, 0, PG(4));
	expect_read(&self->tp, &vmo, 0, 2);
	supply(&self->tp, &vmo, 0, 4);
	expect_done(t, PG(4));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(2)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* As before with max_request_pages = 1: READ(0,1), then READ(1,1). */
TEST_F(resize, rsz_3_single_page_requests)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY, .length = PG(2),
		.max_request_pages = 1,
	};
	struct vmop_thread *t;
	struct test_vmo vmo;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	resize_to(vmo.fd, PG(4));
	t = vmop_thread_pread(vmo.fd, 0, PG(4));
	expect_read(&self->tp, &vmo, 0, 1);
	supply(&self->tp, &vmo, 0, 1);
	expect_read(&self->tp, &vmo, 1, 1);
	supply(&self->tp, &vmo, 1, 1);
	expect_done(t, PG(4));
	expect_none(&self->tp);
}

/* RSZ-4, RSZ-5: an anonymous VMO, whose pages do not come back either. */
TEST_F(resize, rsz_4_anonymous)
{
	char *buf = malloc(PG(4));
	int fd;

	test_vmo_create(&fd, self->tp.fd, VMOP_VMO_RESIZABLE, PG(4));
	vmop_test_fill(buf, KEY, 0, PG(4));
	ASSERT_EQ(PG(4), vmop_test_pwrite(fd, buf, PG(4), 0));
	EXPECT_EQ(PG(4), vmop_test_committed(fd));
	resize_to(fd, PG(1));
	EXPECT_EQ(PG(1), vmop_test_committed(fd));
	resize_to(fd, PG(8));
	expect_size(fd, PG(8), 8);
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(fd, PG(1), PG(7)));
	EXPECT_EQ(PG(1), vmop_test_committed(fd));
	close(fd);
	free(buf);
}

/*
 * RSZ-5: shrinking frees pages at once, whatever their state; a mapping of
 * what was cut off raises SIGBUS; growing again gives zeros.
 */
TEST_F(resize, rsz_5_shrink)
{
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	supply(&self->tp, &vmo, 0, 4);
	vmo.map[PG(3)] = 1;
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(3)));
	resize_to(vmo.fd, PG(2));
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(2)));
	EXPECT_TRUE(is_sigbus(vmo.map + PG(2)));
	EXPECT_TRUE(is_sigbus(vmo.map + PG(3)));

	resize_to(vmo.fd, PG(4));
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(2)));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map + PG(2), PG(2), PG(2)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));
	expect_none(&self->tp);
}

/* RSZ-5: private copies behind the new end go too, those before it stay. */
TEST_F(resize, rsz_5_private_copies)
{
	struct test_vmo vmo;
	char *priv;

	new_resizable(&self->tp, &vmo, KEY, 3);
	supply(&self->tp, &vmo, 0, 3);
	priv = mmap(NULL, PG(3), PROT_READ | PROT_WRITE, MAP_PRIVATE, vmo.fd,
		    0);
	ASSERT_NE(MAP_FAILED, priv);
	priv[0] = 100;
	priv[PG(2)] = 100;
	resize_to(vmo.fd, PG(2));
	EXPECT_EQ(100, priv[0]);
	EXPECT_TRUE(is_sigbus(priv + PG(2)));
	resize_to(vmo.fd, PG(3));
	EXPECT_EQ(100, priv[0]);
	EXPECT_EQ(0, priv[PG(2)]);
	munmap(priv, PG(3));
}

/* RSZ-6: a reader behind the new end is released: end of file. */
TEST_F(resize, rsz_6_reader_behind_the_end)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	t = vmop_thread_pread(vmo.fd, PG(2), PG(2));
	expect_read(&self->tp, &vmo, 2, 2);
	expect_blocked(t, &vmo, 1);
	resize_to(vmo.fd, PG(1));
	expect_done(t, 0);
	/* RSZ-6: late answers */
	EXPECT_ERR(ERANGE, test_pager_supply(&self->tp, &vmo, 2, 2));
	EXPECT_ERR(ERANGE, test_pager_fail(&self->tp, &vmo, 2, 2, EIO));
	EXPECT_ERR(ERANGE, test_pager_supply(&self->tp, &vmo, 0, 2));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
}

/* RSZ-6: a request that nobody has read disappears. */
TEST_F(resize, rsz_6_unread_request_disappears)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	t = vmop_thread_pread(vmo.fd, PG(2), PG(1));
	expect_blocked(t, &vmo, 1);
	resize_to(vmo.fd, PG(2));
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* RSZ-6: so is a thread in a mapping, by SIGBUS at its address. */
TEST_F(resize, rsz_6_mapping_behind_the_end)
{
	struct vmop_thread *rd, *wr;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	rd = vmop_thread_load(vmo.map + PG(3) + 8, 1);
	expect_read(&self->tp, &vmo, 3, 1);
	expect_blocked(rd, &vmo, 1);
	wr = vmop_thread_store(vmo.map + PG(2) + 16, 1, KEY, 0);
	expect_read(&self->tp, &vmo, 2, 1);
	expect_blocked(wr, &vmo, 2);
	resize_to(vmo.fd, PG(2));
	expect_sigbus(rd, vmo.map + PG(3) + 8);
	expect_sigbus(wr, vmo.map + PG(2) + 16);
	expect_none(&self->tp);
}

/*
 * RSZ-6: a writer behind the new end: EFBIG, or what it has written so far.
 */
TEST_F(resize, rsz_6_writer_behind_the_end)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	t = vmop_thread_pwrite(vmo.fd, PG(3), PG(1), KEY + 1);
	expect_read(&self->tp, &vmo, 3, 1);
	expect_blocked(t, &vmo, 1);
	resize_to(vmo.fd, PG(3));
	expect_errno(t, EFBIG);

	supply(&self->tp, &vmo, 1, 1);
	t = vmop_thread_pwrite(vmo.fd, PG(1), PG(2), KEY + 1);
	expect_read(&self->tp, &vmo, 2, 1);
	expect_blocked(t, &vmo, 1);
	resize_to(vmo.fd, PG(2));
	expect_done(t, PG(1));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY + 1, PG(1), PG(1)));
}

/* RSZ-6: ZERO of part of a page behind the new end is ERANGE. */
TEST_F(resize, rsz_6_zero_behind_the_end)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	t = vmop_thread_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(3) + 8, 8);
	expect_read(&self->tp, &vmo, 3, 1);
	expect_blocked(t, &vmo, 1);
	resize_to(vmo.fd, PG(3));
	expect_errno(t, ERANGE);
}

/*
 * RSZ-6, RSZ-7, REQ-27, Zircon's ResizeCommitTest: COMMIT and PREFETCH are
 * trimmed to the new end and go on waiting for the rest.
 */
TEST_F(resize, rsz_7_straddling_commit)
{
	static const __u32 ops[] = { VMOP_VMO_OP_COMMIT, VMOP_VMO_OP_PREFETCH };
	struct vmop_thread *t;
	struct test_vmo vmo;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		new_resizable(&self->tp, &vmo, KEY, 3);
		t = vmop_thread_op(vmo.fd, ops[i], 0, PG(3));
		expect_read(&self->tp, &vmo, 0, 3);
		supply(&self->tp, &vmo, 2, 1);
		resize_to(vmo.fd, PG(1));
		expect_blocked(t, &vmo, 1);
		supply(&self->tp, &vmo, 0, 1);
		expect_done(t, 0);
		EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
		expect_none(&self->tp);
		test_vmo_close(&self->tp, &vmo);
		expect_complete(&self->tp, KEY);
	}
}

/* RSZ-7: so is a read, which returns what is left. */
TEST_F(resize, rsz_7_straddling_read)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	t = vmop_thread_pread(vmo.fd, 0, PG(4));
	expect_read(&self->tp, &vmo, 0, 4);
	resize_to(vmo.fd, PG(2));
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 0, 2);
	expect_content(t, PG(2), KEY, 0);
	expect_none(&self->tp);
}

/*
 * RSZ-10, Zircon's ModifiedOnResize: to nothing and back. The pager is not
 * asked for what it still has.
 */
TEST_F(resize, rsz_10_to_zero_and_back)
{
	struct test_vmo vmo;
	char c;

	new_resizable(&self->tp, &vmo, KEY, 1);
	supply(&self->tp, &vmo, 0, 1);
	EXPECT_EQ(vmop_test_byte(KEY, 0), (__u8)vmo.map[0]);
	resize_to(vmo.fd, 0);
	expect_size(vmo.fd, 0, 0);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	EXPECT_EQ(0, vmop_test_pread(vmo.fd, &c, 1, 0));
	EXPECT_ERR(EFBIG, vmop_test_pwrite(vmo.fd, &c, 1, 0));
	EXPECT_TRUE(is_sigbus(vmo.map));
	EXPECT_ERR(ERANGE, test_pager_supply(&self->tp, &vmo, 0, 1));
	test_err_vmo_op(ERANGE, vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(1), NULL);

	resize_to(vmo.fd, PG(2));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(2)));
	EXPECT_EQ(0, vmo.map[0]);
	expect_none(&self->tp);
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
}

/* Reads the first word of every page, last page first: the child's part below. */
static int read_while_shrinking(int fd, __u64 nr)
{
	__u64 word, off;
	ssize_t n;

	for (off = PG(nr); off; ) {
		off -= PG(1);
		n = pread(fd, &word, sizeof(word), off);
		if (n < 0)
			return 2;
		/* behind the end, or the pager's: nothing in between */
		if (n && (n != sizeof(word) ||
			  word != vmop_test_word(KEY, off)))
			return 3;
	}
	return 0;
}

/*
 * RSZ-6: the end moves down over pages that are absent, asked for or there,
 * while four processes read them: they see content or the end, nothing else.
 */
TEST_F(resize, rsz_6_race_with_readers)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	const __u64 nr = 256;
	struct test_vmo vmo;
	int i, status;

	new_resizable(&self->tp, &vmo, KEY, nr);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	for (i = 0; i < 4; i++) {
		pid_t pid = fork();

		ASSERT_LE(0, pid);
		if (!pid)
			_exit(read_while_shrinking(vmo.fd, nr));
	}
	for (i = nr; i >= 0; i--)
		resize_to(vmo.fd, PG(i));
	for (i = 0; i < 4; i++) {
		ASSERT_LT(0, wait(&status));
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(0, WEXITSTATUS(status));
	}
	EXPECT_EQ(0, vmop_test_waiters(vmo.fd));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
