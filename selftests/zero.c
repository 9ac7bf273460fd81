// SPDX-License-Identifier: GPL-2.0
/*
 * ZERO: rules ZERO-1 to ZERO-7 of the specification of behaviour as far as
 * they are about READ requests, through VMOP_VMO_OP_ZERO and through
 * fallocate().
 *
 * The engine keeps zeros as intervals. Where Zircon's first writeback tests
 * expect other numbers (OpZero, OpZeroDecommit, OpZeroResize), the test says
 * so.
 */
#include <linux/falloc.h>

#include "vmop_test.h"

#define KEY 0x2e20

/* How a test zeroes a range. */
enum zero_way {
	ZERO_IOCTL,
	ZERO_PUNCH,
	ZERO_RANGE,
	ZERO_RANGE_KEEP,
};

FIXTURE(zero)
{
	struct test_pager tp;
};

FIXTURE_VARIANT(zero)
{
	enum zero_way way;
};

FIXTURE_VARIANT_ADD(zero, ioctl)
{
	.way = ZERO_IOCTL,
};

FIXTURE_VARIANT_ADD(zero, punch_hole)
{
	.way = ZERO_PUNCH,
};

FIXTURE_VARIANT_ADD(zero, zero_range)
{
	.way = ZERO_RANGE,
};

FIXTURE_VARIANT_ADD(zero, zero_range_keep_size)
{
	.way = ZERO_RANGE_KEEP,
};

VMOP_FIXTURE_SETUP_PAGER(zero)

static int zero(enum zero_way way, int fd, __u64 off, __u64 len)
{
	static const int modes[] = {
		[ZERO_PUNCH] = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		[ZERO_RANGE] = FALLOC_FL_ZERO_RANGE,
		[ZERO_RANGE_KEEP] = FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE,
	};
	__u64 actual = 0;
	int ret;

	if (way != ZERO_IOCTL)
		return fallocate(fd, modes[way], off, len) ? -errno : 0;
	ret = vmop_test_vmo_op(fd, VMOP_VMO_OP_ZERO, off, len, &actual);
	return !ret && actual != len ? -EIO : ret;
}

#define zero_range(_fd, _off, _len) \
	ASSERT_EQ(0, zero(variant->way, _fd, _off, _len))

struct zero_call {
	enum zero_way way;
	int fd;
	__u64 off;
	__u64 len;
};

static void do_zero(void *arg, struct vmop_result *res)
{
	struct zero_call *call = arg;
	int ret = zero(call->way, call->fd, call->off, call->len);

	res->ret = ret ? -1 : 0;
	res->err = -ret;
}

/* ZERO-4: whole pages, present or not, never wait and never ask. */
TEST_F(zero, zero_4_whole_pages_never_wait)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 6);
	supply(&self->tp, &vmo, 1, 1);
	supply(&self->tp, &vmo, 3, 1);
	vmo.map[PG(3)] = 1;
	zero_range(vmo.fd, 0, PG(5));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(5)));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map, 0, PG(5)));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);
}

/*
 * ZERO-4, Zircon's OpZero: the zeros of ZERO and those of growing are one
 * thing; no memory, no request (the first generation asked for page 1 and
 * committed two pages).
 */
TEST_F(zero, zero_4_then_grow)
{
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 1);
	zero_range(vmo.fd, 0, PG(2));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	test_set_size(vmo.fd, PG(4));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(4)));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/*
 * ZERO-4, DET-1: what ZERO made is dirty, so it outlives detach; a marker is
 * left as it is, clean, and goes.
 */
TEST_F(zero, zero_4_zeros_are_dirty_markers_are_not)
{
	struct test_vmo vmo;
	char c;

	new_vmo(&self->tp, &vmo, KEY, 4);
	supply_empty(&self->tp, &vmo, 0, 1);
	supply(&self->tp, &vmo, 2, 1);
	zero_range(vmo.fd, 0, PG(3));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(3)));
	detach(&self->tp, &vmo);
	EXPECT_ERR(ENOTCONN, vmop_test_pread(vmo.fd, &c, 1, 0));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1), PG(2)));
	EXPECT_ERR(ENOTCONN, vmop_test_pread(vmo.fd, &c, 1, PG(3)));
}

/* ZERO-4: works without a pager: detached, and closed. */
TEST_F(zero, zero_4_without_pager)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 4);
	detach(&self->tp, &vmo);
	zero_range(vmo.fd, PG(1), PG(1));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1), PG(1)));
	test_pager_close(&self->tp);
	zero_range(vmo.fd, PG(2), PG(1));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1), PG(2)));
}

/* ZERO-4, SUP-7: a supply that comes late loses against the zeros. */
TEST_F(zero, zero_4_supply_does_not_replace_zeros)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 4);
	zero_range(vmo.fd, PG(1), PG(2));
	supply(&self->tp, &vmo, 0, 4);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1), PG(2)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, PG(3), PG(1)));
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
}

/* ZERO-4, REQ-6: a READ stops before the zeros and goes on behind them. */
TEST_F(zero, zero_4_splits_requests)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 5);
	zero_range(vmo.fd, PG(2), PG(1));
	t = vmop_thread_pread(vmo.fd, 0, PG(5));
	expect_read(&self->tp, &vmo, 0, 2);
	supply(&self->tp, &vmo, 0, 2);
	expect_read(&self->tp, &vmo, 3, 2);
	supply(&self->tp, &vmo, 3, 2);
	expect_done(t, PG(5));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(1)));
	expect_none(&self->tp);
}

/* ZERO-4: a write after ZERO takes one page and splits the zeros. */
TEST_F(zero, zero_4_write_afterwards)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 3);
	supply(&self->tp, &vmo, 0, 3);
	zero_range(vmo.fd, 0, PG(3));
	EXPECT_EQ(0, vmo.map[PG(1) + 5]);
	vmo.map[PG(1) + 5] = 9;
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(1) + 5));
	EXPECT_EQ(9, vmo.map[PG(1) + 5]);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1) + 6, PG(2) - 6));
	expect_none(&self->tp);
}

/* ZERO-2: part of an absent page: a READ, then zeros in the page. */
TEST_F(zero, zero_2_part_of_an_absent_page)
{
	struct zero_call call = { variant->way, -1, PG(1) + 100, 50 };
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 3);
	call.fd = vmo.fd;
	t = vmop_thread_call(do_zero, &call);
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 1, 1);
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, PG(1), 100));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1) + 100, 50));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, PG(1) + 150,
				       PG(1) - 150));
	expect_none(&self->tp);
}

/*
 * ZERO-2: head first, then tail, and no request for the whole pages between
 * them.
 */
TEST_F(zero, zero_2_head_and_tail)
{
	struct zero_call call = { variant->way, -1, 100, PG(3) };
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 5);
	call.fd = vmo.fd;
	t = vmop_thread_call(do_zero, &call);
	expect_read(&self->tp, &vmo, 0, 1);
	supply(&self->tp, &vmo, 0, 1);
	expect_read(&self->tp, &vmo, 3, 1);
	supply(&self->tp, &vmo, 3, 1);
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, 100));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 100, PG(3)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, PG(3) + 100,
				       PG(1) - 100));
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* ZERO-2: what reads as zeros already is skipped: no page, no request. */
TEST_F(zero, zero_2_part_of_zeros)
{
	struct test_vmo vmo;
	int anon;

	new_resizable(&self->tp, &vmo, KEY, 1);
	supply_empty(&self->tp, &vmo, 0, 1);
	test_set_size(vmo.fd, PG(3));
	zero_range(vmo.fd, 8, 8);
	zero_range(vmo.fd, PG(1) + 8, 8);
	zero_range(vmo.fd, 8, PG(2));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	expect_none(&self->tp);

	test_vmo_create(&anon, self->tp.fd, 0, PG(3));
	zero_range(anon, 8, PG(2));
	EXPECT_EQ(0, vmop_test_committed(anon));
	close(anon);
}

/* ZERO-2: part of a resident page is written in place. */
TEST_F(zero, zero_2_part_of_a_resident_page)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(2)));
	zero_range(vmo.fd, PG(1) - 1, 2);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(1) - 1));
	EXPECT_EQ(0, vmo.map[PG(1) - 1]);
	EXPECT_EQ(0, vmo.map[PG(1)]);
	EXPECT_TRUE(vmop_test_check(vmo.map + PG(1) + 1, KEY, PG(1) + 1,
				    PG(1) - 1));
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* ZERO-2, REQ-25: the pager fails the READ of a partial page. */
TEST_F(zero, zero_2_failed)
{
	struct zero_call call = { variant->way, -1, 4, 4 };
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 1);
	call.fd = vmo.fd;
	t = vmop_thread_call(do_zero, &call);
	expect_read(&self->tp, &vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 0, 1, EIO);
	expect_errno(t, EIO);
	detach(&self->tp, &vmo);
	EXPECT_ERR(ENOTCONN, zero(variant->way, vmo.fd, 4, 4));
}

/* ZERO-3: an anonymous VMO gives the memory back. */
TEST_F(zero, zero_3_anonymous)
{
	char *map;
	int fd;

	new_anon_map(&self->tp, &fd, &map, KEY, 4);
	zero_range(fd, PG(1), PG(2));
	EXPECT_EQ(PG(2), vmop_test_committed(fd));
	EXPECT_TRUE(vmop_test_check(map, KEY, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_zero(map + PG(1), PG(1), PG(2)));
	EXPECT_TRUE(vmop_test_check(map + PG(3), KEY, PG(3), PG(1)));
	map[PG(2)] = 1;
	EXPECT_EQ(PG(3), vmop_test_committed(fd));
	munmap(map, PG(4));
	close(fd);
}

/* A private copy is the process' own: zeroing the file leaves it alone. */
TEST_F(zero, zero_4_private_copy_stays)
{
	struct test_vmo vmo;
	char *priv;

	new_vmo(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 2);
	priv = mmap(NULL, PG(2), PROT_READ | PROT_WRITE, MAP_PRIVATE, vmo.fd,
		    0);
	ASSERT_NE(MAP_FAILED, priv);
	priv[0] = 77;
	EXPECT_EQ(vmop_test_byte(KEY, PG(1)), (__u8)priv[PG(1)]);
	zero_range(vmo.fd, 0, PG(2));
	EXPECT_EQ(77, priv[0]);
	EXPECT_EQ(vmop_test_byte(KEY, 1), (__u8)priv[1]);
	EXPECT_TRUE(vmop_test_check_zero(priv + PG(1), PG(1), PG(1)));
	munmap(priv, PG(2));
}

/* ZERO-1: a read-only descriptor cannot. */
TEST_F(zero, zero_1_read_only)
{
	struct test_vmo vmo;
	int ro;

	new_vmo(&self->tp, &vmo, KEY, 1);
	supply(&self->tp, &vmo, 0, 1);
	test_reopen(&ro, vmo.fd, O_RDONLY);
	/* fallocate() of a read-only descriptor is EBADF in the VFS */
	EXPECT_ERR(variant->way == ZERO_IOCTL ? EACCES : EBADF,
		   zero(variant->way, ro, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(1)));
	close(ro);
}

/* What is not about the way: each runs once, by ioctl. */
VMOP_FIXTURE(zero_op);

/* ZERO-1: ranges. */
TEST_F(zero_op, zero_1_range)
{
	struct test_vmo vmo;
	__u64 actual = 1;

	new_vmo(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 2);
	test_err_vmo_op(ERANGE, vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(2), NULL);
	test_err_vmo_op(ERANGE, vmo.fd, VMOP_VMO_OP_ZERO, PG(2), 1, NULL);
	test_err_vmo_op(ERANGE, vmo.fd, VMOP_VMO_OP_ZERO, PG(1), 1ull << 63,
			NULL);
	test_err_vmo_op(ERANGE, vmo.fd, VMOP_VMO_OP_ZERO, PG(1), ~0ull, NULL);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(1), 0, &actual);
	EXPECT_EQ(0, actual);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(2)));
}

/* Modes of fallocate() that a VMO does not have; nothing changes. */
TEST_F(zero_op, fallocate_other_modes)
{
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 4);
	supply(&self->tp, &vmo, 0, 4);
	EXPECT_EQ(-1, fallocate(vmo.fd, FALLOC_FL_COLLAPSE_RANGE, 0, PG(1)));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, fallocate(vmo.fd, FALLOC_FL_INSERT_RANGE, 0, PG(1)));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, fallocate(vmo.fd, FALLOC_FL_PUNCH_HOLE, 0, PG(1)));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(4)));
}

/* The same with accesses by call and by mapping. */
VMOP_FIXTURE_BY_ACCESS(zero_reader);

/*
 * ZERO-7, Zircon's OpZeroUnblocksReadRequest: ZERO answers a thread that waits
 * for the page.
 */
TEST_F(zero_reader, zero_7_releases_reader)
{
	struct vmop_result res;
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	t = start_read(&vmo, 1, 1);
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(1), NULL);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	ASSERT_EQ(PG(1), res.ret);
	EXPECT_TRUE(vmop_test_check_zero(res.buf, PG(1), PG(1)));
	vmop_result_free(&res);
	expect_none(&self->tp);
	/* the late answer changes nothing */
	supply(&self->tp, &vmo, 1, 1);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1), PG(1)));
}

/* ZERO-7, PKT-4: the request that nobody has read yet disappears. */
TEST_F(zero_reader, zero_7_unread_request_disappears)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	t = start_read(&vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(2), NULL);
	expect_done(t, PG(1));
	expect_none(&self->tp);
}

/* ZERO-7, REQ-16: zeros count as an answer to their part of a request. */
TEST_F(zero_op, zero_7_answers_its_part)
{
	struct vmop_result res;
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	t = vmop_thread_pread(vmo.fd, 0, PG(2));
	expect_read(&self->tp, &vmo, 0, 2);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(1), NULL);
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 0, 1);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	ASSERT_EQ(PG(2), res.ret);
	EXPECT_TRUE(vmop_test_check(res.buf, KEY, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_zero((char *)res.buf + PG(1), PG(1),
					 PG(1)));
	vmop_result_free(&res);
	expect_none(&self->tp);
}

/* ZERO-7: a writer that waits for the page gets zeros below what it writes. */
TEST_F(zero_op, zero_7_releases_writer)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 1);
	t = vmop_thread_pwrite(vmo.fd, 64, 64, KEY);
	expect_read(&self->tp, &vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL);
	expect_done(t, 64);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, 64));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 64, 64));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 128, PG(1) - 128));
}

VMOP_TEST_MAIN
