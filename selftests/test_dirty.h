/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of dirty tracking and writeback have in common: a fixture with one
 * VMO about which short macros talk.
 *
 * The macros use self->tp, self->vmo and _metadata: call them in TEST_F() bodies
 * of a fixture made with one of the macros at the end. Such a test begins with
 * make(), and at its end the fixture looks whether a record is left at the port,
 * whether a thread still waits and whether reclaim has disturbed the numbers.
 */
#ifndef TEST_DIRTY_H
#define TEST_DIRTY_H

#include "test_writeback.h"
#include "vmop_test.h"

/* ---- what the fixtures' tests say ----------------------------------------- */

/* Keys of what the pager supplies and of what tests write. */
#define OLD 0xd1d1
#define NEW 0x4e4e

#define TRAP VMOP_VMO_TRAP_DIRTY
#define NO_TRAP 0
/* In tests that run with both. */
#define BOTH (variant->trap ? TRAP : NO_TRAP)

/* nr supplied pages, grown to size. The second: nothing supplied. */
#define make(_flags, _nr, _size) \
	ASSERT_EQ(0, test_dirty_make(&self->tp, &self->vmo, OLD, _flags, _nr, _size))
#define make_empty(_flags, _nr, _size) \
	ASSERT_EQ(0, test_dirty_make_empty(&self->tp, &self->vmo, OLD, _flags, \
					   _nr, _size))
#define resize(_nr) test_set_size(self->vmo.fd, PG(_nr))
#define remap(_nr) ASSERT_EQ(0, test_vmo_map(&self->tp, &self->vmo, _nr))

/* The next record. */
#define asked_read(_pgoff, _nr) expect_read(&self->tp, &self->vmo, _pgoff, _nr)
#define asked_dirty(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_expect(&self->tp, &self->vmo, VMOP_RECORD_DIRTY, \
				    _pgoff, _nr))
#define asked_writeback(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_expect(&self->tp, &self->vmo, VMOP_RECORD_WRITEBACK, \
				    _pgoff, _nr))
#define asked_none() expect_none(&self->tp)

/* Answers. */
#define give(_pgoff, _nr) supply(&self->tp, &self->vmo, _pgoff, _nr)
#define give_zeros(_pgoff, _nr) supply_empty(&self->tp, &self->vmo, _pgoff, _nr)
#define refuse(_pgoff, _nr, _err) \
	fail_range(&self->tp, &self->vmo, _pgoff, _nr, _err)

#define pager_op(_op, _pgoff, _nr, _data) \
	test_dirty_op(&self->tp, &self->vmo, _op, _pgoff, _nr, _data)
#define op_dirty(_pgoff, _nr) \
	ASSERT_EQ(0, pager_op(VMOP_PAGER_OP_DIRTY, _pgoff, _nr, 0))
#define err_op_dirty(_err, _pgoff, _nr) \
	EXPECT_ERR(_err, pager_op(VMOP_PAGER_OP_DIRTY, _pgoff, _nr, 0))
#define wb_begin(_pgoff, _nr) \
	ASSERT_EQ(0, pager_op(VMOP_PAGER_OP_WRITEBACK_BEGIN, _pgoff, _nr, 0))
#define wb_begin_zero(_pgoff, _nr) \
	ASSERT_EQ(0, pager_op(VMOP_PAGER_OP_WRITEBACK_BEGIN, _pgoff, _nr, VMOP_DIRTY_ZERO))
#define err_wb_begin(_err, _pgoff, _nr) \
	EXPECT_ERR(_err, pager_op(VMOP_PAGER_OP_WRITEBACK_BEGIN, _pgoff, _nr, 0))
#define wb_end(_pgoff, _nr) \
	ASSERT_EQ(0, pager_op(VMOP_PAGER_OP_WRITEBACK_END, _pgoff, _nr, 0))
#define err_wb_end(_err, _pgoff, _nr) \
	EXPECT_ERR(_err, pager_op(VMOP_PAGER_OP_WRITEBACK_END, _pgoff, _nr, 0))
#define write_back(_pgoff, _nr) do { \
	wb_begin(_pgoff, _nr); \
	wb_end(_pgoff, _nr); \
} while (0)

/* State. */
#define expect_ranges(...) do { \
	static const struct test_dirty_range __want[] = { __VA_ARGS__ }; \
	EXPECT_EQ(0, test_dirty_expect(&self->tp, &self->vmo, __want, \
				       sizeof(__want) / sizeof(__want[0]))); \
} while (0)
#define expect_ranges_in(_pgoff, _len, ...) do { \
	static const struct test_dirty_range __want[] = { __VA_ARGS__ }; \
	EXPECT_EQ(0, test_dirty_expect_in(&self->tp, &self->vmo, _pgoff, _len, \
					  __want, sizeof(__want) / \
					  sizeof(__want[0]))); \
} while (0)
#define expect_clean() \
	EXPECT_EQ(0, test_dirty_expect(&self->tp, &self->vmo, NULL, 0))
/* So many pages, with those that are zeros. */
#define expect_dirty(_nr) \
	EXPECT_EQ(PG(_nr), test_wb_dirty(&self->tp, &self->vmo))
#define expect_committed(_nr) \
	EXPECT_EQ(PG(_nr), vmop_test_committed(self->vmo.fd))
/* Modified since it was asked last, or made. */
#define expect_modified() \
	EXPECT_EQ(1, test_dirty_modified(&self->tp, &self->vmo, VMOP_STATS_RESET))
#define expect_unmodified() \
	EXPECT_EQ(0, test_dirty_modified(&self->tp, &self->vmo, VMOP_STATS_RESET))
#define expect_old(_pgoff, _nr) \
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, PG(_pgoff), PG(_nr)))
#define expect_new(_pgoff, _nr) \
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, PG(_pgoff), PG(_nr)))
#define expect_zeros(_pgoff, _nr) \
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(_pgoff), PG(_nr)))

/* Threads that write NEW. */
#define writer(_pgoff, _nr) \
	vmop_thread_pwrite(self->vmo.fd, PG(_pgoff), PG(_nr), NEW)
#define storer(_pgoff, _nr) \
	vmop_thread_store(self->vmo.map + PG(_pgoff), PG(_nr), NEW, PG(_pgoff))
#define reader(_pgoff, _nr) \
	vmop_thread_pread(self->vmo.fd, PG(_pgoff), PG(_nr))
#define blocked(_thread, _n) expect_blocked(_thread, &self->vmo, _n)

/* Whole writes: with a DIRTY request, without, or as the variant says. */
#define write_at(_pgoff, _nr, _asks) \
	ASSERT_EQ(0, test_dirty_write(&self->tp, &self->vmo, _pgoff, _nr, NEW, _asks))
#define store_at(_pgoff, _nr, _asks) \
	ASSERT_EQ(0, test_dirty_store(&self->tp, &self->vmo, _pgoff, _nr, NEW, _asks))
#define ASKS true
#define FREE false
#define IF_TRAP (variant->trap)

/* ---- fixtures ------------------------------------------------------------- */

#define DIRTY_FIXTURE_DATA(_name) \
FIXTURE(_name) \
{ \
	struct test_pager tp; \
	struct test_vmo vmo; \
}

/*
 * It comes after the data and the variants, if there are any. _init is
 * test_pager_init or, for a port that takes WRITEBACK records, test_wb_init; what
 * follows is done then.
 */
#define DIRTY_FIXTURE_SETUP(_name, _init, ...) \
FIXTURE_SETUP(_name) \
{ \
	ASSERT_EQ(0, _init(&self->tp)); \
	__VA_ARGS__; \
} \
FIXTURE_TEARDOWN(_name) \
{ \
	EXPECT_EQ(0, test_dirty_quiet(&self->tp)); \
	test_pager_exit(&self->tp); \
}

#define DIRTY_FIXTURE(_name) \
DIRTY_FIXTURE_DATA(_name); \
DIRTY_FIXTURE_SETUP(_name, test_pager_init)

/* Every test runs twice, with TRAP_DIRTY and without: see BOTH and IF_TRAP. */
#define DIRTY_FIXTURE_BOTH(_name) \
DIRTY_FIXTURE_DATA(_name); \
FIXTURE_VARIANT(_name) \
{ \
	bool trap; \
}; \
FIXTURE_VARIANT_ADD(_name, trap) \
{ \
	.trap = true, \
}; \
FIXTURE_VARIANT_ADD(_name, no_trap) \
{ \
	.trap = false, \
}; \
DIRTY_FIXTURE_SETUP(_name, test_pager_init)

/* Every test runs twice, by call and through the mapping: see start_write(). */
#define DIRTY_FIXTURE_BY_ACCESS(_name) \
DIRTY_FIXTURE_DATA(_name); \
FIXTURE_VARIANT(_name) \
{ \
	bool map; \
}; \
FIXTURE_VARIANT_ADD(_name, call) \
{ \
	.map = false, \
}; \
FIXTURE_VARIANT_ADD(_name, map) \
{ \
	.map = true, \
}; \
DIRTY_FIXTURE_SETUP(_name, test_pager_init)

#endif /* TEST_DIRTY_H */
