// SPDX-License-Identifier: GPL-2.0
/*
 * VMOP_VMO_RESET and VMOP_VMO_SEAL, beyond Zircon: a clone forgets what was changed
 * through it; a VMO that nobody can change any more.
 */
#include <linux/falloc.h>

#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define OWN 0xe5e7
#define NR 8

/* What a clone is made of, and how it may be reset. */
enum base {
	BASE_ANONYMOUS,
	BASE_PAGER,		/* a clone that follows */
	BASE_FROZEN,		/* a snapshot of a pager's VMO */
};

FIXTURE(reset)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow base;
};

FIXTURE_VARIANT(reset)
{
	enum base base;
	bool map;
	__u32 kind;
};

#define VARIANT(_name, _base, _map, _kind) \
FIXTURE_VARIANT_ADD(reset, _name) \
{ \
	.base = _base, \
	.map = _map, \
	.kind = _kind, \
}

VARIANT(anonymous_call, BASE_ANONYMOUS, false, SNAPSHOT);
VARIANT(anonymous_map, BASE_ANONYMOUS, true, SNAPSHOT);
VARIANT(following_call, BASE_PAGER, false, ON_WRITE);
VARIANT(following_map, BASE_PAGER, true, ON_WRITE);
VARIANT(frozen_call, BASE_FROZEN, false, SNAPSHOT);
VARIANT(frozen_map, BASE_FROZEN, true, SNAPSHOT);

/* NR pages of OLD, resizable. */
FIXTURE_SETUP(reset)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	if (variant->base == BASE_ANONYMOUS) {
		filled(&self->base, VMOP_VMO_RESIZABLE, NR, OLD);
	} else {
		new_resizable(&self->tp, &self->vmo, OLD, NR);
		supply(&self->tp, &self->vmo, 0, NR);
		self->base = test_cow_of(&self->vmo);
	}
}

FIXTURE_TEARDOWN(reset)
{
	if (variant->base == BASE_ANONYMOUS)
		test_cow_close(&self->base);
	test_pager_exit(&self->tp);
}

#define clone_of(_c, _flags, _pgoff, _nr) \
	child(_c, self->base.fd, variant->kind | (_flags), _pgoff, _nr)
/* Reset drops so many pages, and none is left. */
#define reset_drops(_c, _nr) do { \
	__u64 __actual; \
	test_reset((_c)->fd, &__actual); \
	EXPECT_EQ(PG(_nr), __actual); \
	EXPECT_EQ(0, vmop_test_committed((_c)->fd)); \
} while (0)

/* Writes and zeros are forgotten, in the mapping, too; again and again. */
TEST_F(reset, forgets)
{
	struct test_cow c;
	unsigned int i;

	clone_of(&c, RESETTABLE, 1, 6);
	reset_drops(&c, 0);
	for (i = 0; i < 3; i++) {
		shows_from_by(&c, 0, 6, OLD, 1);
		put_by(&c, i, 3, OWN);
		zero_pages(c.fd, 5, 1);
		zeros_by(&c, 5, 1);
		reset_drops(&c, 3);
	}
	shows_from_by(&c, 0, 6, OLD, 1);
	shows_by(&self->base, 0, NR, OLD);
	/* what was mapped writable is not: a store makes a page again */
	ASSERT_EQ(0, test_cow_put(&c, true, 0, 2, OWN, 0));
	EXPECT_EQ(PG(2), vmop_test_committed(c.fd));
	shows_by(&self->base, 0, NR, OLD);
}

/* Resettable: what the parent does meanwhile does not matter. */
TEST_F(reset, parent_goes_on)
{
	bool follows = variant->base == BASE_PAGER;
	struct test_cow c;

	clone_of(&c, RESETTABLE, 0, NR);
	put_by(&self->base, 0, 2, NEW);
	put_by(&c, 1, 2, OWN);
	put_by(&self->base, 2, 1, NEW);
	zero_pages(self->base.fd, 3, 1);
	shows_by(&c, 1, 2, OWN);
	reset_drops(&c, 2);
	if (follows) {
		shows_by(&c, 0, 3, NEW);
		zeros_by(&c, 3, 1);
		shows_by(&c, 4, 4, OLD);
	} else {
		shows_by(&c, 0, NR, OLD);
	}
	shows_by(&self->base, 0, 3, NEW);
	expect_none(&self->tp);
}

/* Resettable: the parent is closed, and other clones of it. */
TEST_F(reset, parent_closed)
{
	struct test_cow c, d;

	clone_of(&c, RESETTABLE, 0, NR);
	clone_of(&d, 0, 0, NR);
	put_by(&c, 0, 4, OWN);
	test_cow_close(&d);
	if (variant->base == BASE_ANONYMOUS)
		test_cow_close(&self->base);
	else
		test_vmo_close(&self->tp, &self->vmo);
	put_by(&c, 4, 2, OWN);
	shows_by(&c, 0, 6, OWN);
	reset_drops(&c, 6);
	shows_by(&c, 0, NR, OLD);
	put_by(&c, 0, NR, OWN);
	reset_drops(&c, NR);
	shows_by(&c, 0, NR, OLD);
	expect_none(&self->tp);
}

/* The size stays, and so does what a resize has cut off. */
TEST_F(reset, after_resize)
{
	struct vmop_vmo_get_info info;
	struct test_cow c;

	clone_of(&c, RESETTABLE | RESIZABLE, 0, 6);
	put_by(&c, 1, 1, OWN);
	test_set_size(c.fd, PG(3));
	test_set_size(c.fd, PG(NR));
	ASSERT_EQ(0, test_cow_map(&c, NR));
	put_by(&c, 2, 3, OWN);
	reset_drops(&c, 4);
	test_get_info(c.fd, &info);
	EXPECT_EQ(PG(NR), info.out_size);
	shows_by(&c, 0, 3, OLD);
	zeros_by(&c, 3, 5);
	/* cut inside a page */
	test_set_size(c.fd, PG(1) + 100);
	test_set_size(c.fd, PG(3));
	test_reset(c.fd, NULL);
	EXPECT_TRUE(vmop_test_check_fd(c.fd, OLD, 0, PG(1) + 100));
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(1) + 100, PG(2) - 100));
}

/* Without RESETTABLE: as long as what it saw is there. */
TEST_F(reset, base_is_there)
{
	struct test_cow c;

	clone_of(&c, 0, 0, NR);
	/* the parent does not change, as a sealed one */
	if (variant->base != BASE_ANONYMOUS)
		test_vmo_unmap(&self->tp, &self->vmo);
	else
		test_cow_unmap(&self->base);
	test_seal(self->base.fd);
	reset_drops(&c, 0);
	put_by(&c, 0, 3, OWN);
	reset_drops(&c, 3);
	shows_by(&c, 0, NR, OLD);
	/* closed: the content may become the clone's */
	put_by(&c, 0, 3, OWN);
	if (variant->base == BASE_PAGER) {
		test_vmo_close(&self->tp, &self->vmo);
		reset_drops(&c, 3);
		shows_by(&c, 0, NR, OLD);
	} else if (variant->base == BASE_ANONYMOUS) {
		test_cow_close(&self->base);
		test_err_reset(EOPNOTSUPP, c.fd, NULL);
		shows_by(&c, 0, 3, OWN);
		shows_by(&c, 3, NR - 3, OLD);
	}
}

/*
 * Without RESETTABLE: what it saw is gone, so it stays as it is. Who follows its
 * parent sees what that has now.
 */
TEST_F(reset, base_is_lost)
{
	struct test_cow c;

	clone_of(&c, 0, 0, NR);
	/* the parent has its own, then the old one is the clone's alone */
	put_by(&self->base, 0, 1, NEW);
	put_by(&c, 0, 2, OWN);
	if (variant->base == BASE_PAGER) {
		reset_drops(&c, 2);
		shows_by(&c, 0, 1, NEW);
		shows_by(&c, 1, NR - 1, OLD);
	} else {
		test_err_reset(EOPNOTSUPP, c.fd, NULL);
		shows_by(&c, 0, 2, OWN);
		shows_by(&c, 2, NR - 2, OLD);
	}
}

/* A clone that has clones keeps what they see. */
TEST_F(reset, was_cloned_itself)
{
	struct test_cow c, d;

	clone_of(&c, RESETTABLE, 0, NR);
	put_by(&c, 0, 2, OWN);
	child(&d, c.fd, variant->kind == ON_WRITE ? MODIFIED :
	      variant->kind | RESETTABLE, 0, NR);
	test_err_reset(EOPNOTSUPP, c.fd, NULL);
	shows_by(&c, 0, 2, OWN);
	shows_by(&d, 0, 2, OWN);
	/* the newest of the line can be */
	put_by(&d, 1, 2, NEW);
	reset_drops(&d, 2);
	shows_by(&d, 0, 2, OWN);
	shows_by(&d, 2, 2, OLD);
}

/* What is not a clone, may not be written, or is sealed. */
TEST_F(reset, refused)
{
	struct test_cow c, ref;
	int ro;

	test_err_reset(EOPNOTSUPP, self->base.fd, NULL);
	clone_of(&c, RESETTABLE, 0, NR);
	child(&ref, self->base.fd, REFERENCE, 0, 0);
	test_err_reset(EOPNOTSUPP, ref.fd, NULL);
	put_by(&c, 0, 1, OWN);
	test_reopen(&ro, c.fd, O_RDONLY);
	test_err_reset(EACCES, ro, NULL);
	test_cow_unmap(&c);
	test_seal(c.fd);
	test_err_reset(EPERM, c.fd, NULL);
	shows(&c, 0, 1, OWN);
	close(ro);
}

/* A view of a clone is the clone; resets of it are seen in all. */
TEST_F(reset, seen_through_views)
{
	struct test_cow c, ref;

	clone_of(&c, RESETTABLE, 0, NR);
	child(&ref, c.fd, REFERENCE, 0, 0);
	put_by(&ref, 2, 2, OWN);
	shows_by(&c, 2, 2, OWN);
	reset_drops(&c, 2);
	shows_by(&ref, 0, NR, OLD);
	shows_by(&c, 0, NR, OLD);
}

/* ---- while the pager is asked ---------------------------------------------- */

FIXTURE(reset_pager)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow base;
};

FIXTURE_VARIANT(reset_pager)
{
	bool map;
	__u32 kind;
};

#define VARIANT_PAGER(_name, _map, _kind) \
FIXTURE_VARIANT_ADD(reset_pager, _name) \
{ \
	.map = _map, \
	.kind = _kind, \
}

VARIANT_PAGER(following_call, false, ON_WRITE);
VARIANT_PAGER(following_map, true, ON_WRITE);
VARIANT_PAGER(frozen_call, false, SNAPSHOT);
VARIANT_PAGER(frozen_map, true, SNAPSHOT);

FIXTURE_SETUP(reset_pager)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, OLD, NR);
	supply(&self->tp, &self->vmo, 0, NR);
	self->base = test_cow_of(&self->vmo);
}

FIXTURE_TEARDOWN(reset_pager)
{
	test_pager_exit(&self->tp);
}

/* Waiting for the pager meanwhile: whoever wakes finds the base. */
TEST_F(reset_pager, while_somebody_waits)
{
	struct vmop_thread *t;
	struct test_cow c;

	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	clone_of(&c, RESETTABLE, 0, NR);
	zero_pages(c.fd, 0, 1);
	t = writer_by(&c, 3, 1, OWN);
	asked_read(3, 1);
	blocked(t, 1);
	test_reset(c.fd, NULL);
	blocked(t, 1);
	give(3, 1);
	expect_done(t, PG(1));
	shows_by(&c, 3, 1, OWN);
	reset_drops(&c, 1);
	shows_by(&c, 3, 1, OLD);
	expect_none(&self->tp);
}

/* ---- seal: each runs once -------------------------------------------------- */

FIXTURE(seal)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow v;
};

FIXTURE_VARIANT(seal)
{
	bool pager;
};

FIXTURE_VARIANT_ADD(seal, anonymous)
{
	.pager = false,
};

FIXTURE_VARIANT_ADD(seal, pager)
{
	.pager = true,
};

FIXTURE_SETUP(seal)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	if (variant->pager) {
		new_resizable(&self->tp, &self->vmo, OLD, NR);
		supply(&self->tp, &self->vmo, 0, NR / 2);
		test_vmo_unmap(&self->tp, &self->vmo);
		self->v = test_cow_of(&self->vmo);
	} else {
		filled(&self->v, VMOP_VMO_RESIZABLE, NR, OLD);
		test_cow_unmap(&self->v);
	}
}

FIXTURE_TEARDOWN(seal)
{
	if (!variant->pager)
		test_cow_close(&self->v);
	test_pager_exit(&self->tp);
}

/* Everything that would change it; 0, or the number of what was possible. */
static int can_change(int fd)
{
	const int shared = PROT_READ | PROT_WRITE;
	char *map;

	if (vmop_test_pwrite(fd, "x", 1, 0) != -EPERM)
		return 1;
	if (vmop_test_vmo_op(fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL) != -EPERM)
		return 2;
	if (vmop_test_vmo_op(fd, VMOP_VMO_OP_ZERO, 8, 8, NULL) != -EPERM)
		return 3;
	if (!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1) ||
	    errno != EPERM)
		return 4;
	if (mmap(NULL, PG(1), shared, MAP_SHARED, fd, 0) != MAP_FAILED ||
	    errno != EPERM)
		return 5;
	map = mmap(NULL, PG(1), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return 6;
	if (!mprotect(map, PG(1), shared))
		return 7;
	munmap(map, PG(1));
	/* a copy in memory is nobody's business */
	map = mmap(NULL, PG(1), shared, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return 8;
	map[0] ^= 1;
	munmap(map, PG(1));
	return 0;
}

#define sealed(_fd) do { \
	struct vmop_vmo_get_info __info; \
	test_get_info(_fd, &__info); \
	EXPECT_TRUE(__info.out_flags & VMOP_VMO_SEALED); \
	EXPECT_EQ(0, can_change(_fd)); \
} while (0)

/* For ever, by every descriptor, and the content is what it was. */
TEST_F(seal, nobody_changes_it)
{
	struct vmop_vmo_get_info info;
	int again, ro;

	test_get_info(self->v.fd, &info);
	EXPECT_FALSE(info.out_flags & VMOP_VMO_SEALED);
	test_reopen(&ro, self->v.fd, O_RDONLY);
	test_err_seal(EACCES, ro);
	test_seal(self->v.fd);
	test_seal(self->v.fd);
	sealed(self->v.fd);
	test_err_set_size(EPERM, self->v.fd, PG(1));
	test_err_set_size(EPERM, self->v.fd, PG(NR + 1));
	EXPECT_EQ(-1, ftruncate(self->v.fd, 0));
	EXPECT_EQ(EPERM, errno);
	test_reopen(&again, self->v.fd, O_RDWR);
	sealed(again);
	EXPECT_TRUE(vmop_test_check_fd(ro, OLD, 0, PG(NR / 2)));
	close(again);
	close(ro);
}

/* Somebody may write through a mapping: not now. */
TEST_F(seal, busy_while_mapped)
{
	const int shared = PROT_READ | PROT_WRITE;
	char *map, *half;
	int ro;

	map = mmap(NULL, PG(2), shared, MAP_SHARED, self->v.fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	test_err_seal(EBUSY, self->v.fd);
	/* read-only, but it may be made writable again */
	ASSERT_EQ(0, mprotect(map, PG(2), PROT_READ));
	test_err_seal(EBUSY, self->v.fd);
	munmap(map, PG(1));
	test_err_seal(EBUSY, self->v.fd);
	half = mremap(map + PG(1), PG(1), PG(2), MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, half);
	test_err_seal(EBUSY, self->v.fd);
	EXPECT_EQ(1, vmop_test_pwrite(self->v.fd, "x", 1, 8));
	munmap(half, PG(2));
	/* these cannot write, or not to it */
	test_reopen(&ro, self->v.fd, O_RDONLY);
	map = mmap(NULL, PG(2), PROT_READ, MAP_SHARED, ro, 0);
	ASSERT_NE(MAP_FAILED, map);
	half = mmap(NULL, PG(2), shared, MAP_PRIVATE, self->v.fd, 0);
	ASSERT_NE(MAP_FAILED, half);
	test_seal(self->v.fd);
	EXPECT_EQ(-1, mprotect(map, PG(2), shared));
	half[0] = 1;
	EXPECT_EQ((char)vmop_test_byte(OLD, 0), map[0]);
	close(ro);
}

/* Through a reference the same VMO is sealed; clones stay writable. */
TEST_F(seal, views_and_clones)
{
	struct test_cow c, ref, late, slice;
	int fixed;

	child(&ref, self->v.fd, REFERENCE, 0, 0);
	child(&c, self->v.fd, ON_WRITE, 0, NR / 2);
	put(&c, 0, 1, OWN);
	/* mapped for writing through the reference */
	test_err_seal(EBUSY, self->v.fd);
	test_cow_unmap(&ref);
	test_seal(ref.fd);
	sealed(self->v.fd);
	sealed(ref.fd);
	put(&c, 1, 1, OWN);
	ASSERT_EQ(0, test_cow_put(&c, true, 2, 1, OWN, 2));
	child(&late, self->v.fd, ON_WRITE, 0, NR / 2);
	shows(&late, 0, 4, OLD);
	ASSERT_EQ(0, test_cow_put(&late, true, 0, 4, OWN, 0));
	EXPECT_TRUE(vmop_test_check_fd(self->v.fd, OLD, 0, PG(4)));
	/* a view that is made later is of a sealed VMO */
	test_create_child(&fixed, ref.fd, REFERENCE, 0, 0);
	sealed(fixed);
	close(fixed);

	/* for a slice it is the whole parent */
	test_vmo_create(&fixed, self->tp.fd, 0, PG(4));
	child(&slice, fixed, SLICE, 1, 1);
	test_cow_unmap(&slice);
	test_seal(slice.fd);
	sealed(slice.fd);
	sealed(fixed);
	close(fixed);
}

/*
 * The memory that a pager gives away is not sealed memory; what has a pager itself
 * gives nothing away.
 */
TEST_F(seal, not_for_supply)
{
	unsigned int nr = variant->pager ? NR / 2 : NR;
	int err = variant->pager ? EOPNOTSUPP : EPERM;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, OLD + 1, NR);
	test_seal(self->v.fd);
	test_err_supply(err, self->tp.fd, vmo.fd, 0, PG(1), self->v.fd, 0, NULL);
	EXPECT_TRUE(vmop_test_check_fd(self->v.fd, OLD, 0, PG(nr)));
	EXPECT_EQ(-err, vmop_test_vmo_op(self->v.fd, VMOP_VMO_OP_DECOMMIT, 0,
					 PG(1), NULL));
	EXPECT_TRUE(vmop_test_check_fd(self->v.fd, OLD, 0, PG(nr)));
}

/* ---- seal, with a pager: half of the pages are there ------------------------ */

FIXTURE(seal_pager)
{
	struct test_pager tp;
	struct test_vmo vmo;
};

FIXTURE_SETUP(seal_pager)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, OLD, NR);
	supply(&self->tp, &self->vmo, 0, NR / 2);
	test_vmo_unmap(&self->tp, &self->vmo);
}

FIXTURE_TEARDOWN(seal_pager)
{
	test_pager_exit(&self->tp);
}

/* The pager goes on: a sealed VMO is asked for, supplied, evicted, failed. */
TEST_F(seal_pager, pager_goes_on)
{
	struct vmop_thread *t;

	test_seal(self->vmo.fd);
	t = vmop_thread_pread(self->vmo.fd, PG(5), PG(1));
	expect_read(&self->tp, &self->vmo, 5, 1);
	supply(&self->tp, &self->vmo, 5, 1);
	expect_content(t, PG(1), OLD, PG(5));
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	t = vmop_thread_pread(self->vmo.fd, 0, PG(1));
	expect_read(&self->tp, &self->vmo, 0, 1);
	fail_range(&self->tp, &self->vmo, 0, 1, EIO);
	expect_errno(t, EIO);
	expect_none(&self->tp);
}

/* A writer that waits for the pager when the VMO is sealed does not write. */
TEST_F(seal_pager, writer_that_waits)
{
	struct vmop_thread *t;

	t = vmop_thread_pwrite(self->vmo.fd, PG(6), 100, OWN);
	expect_read(&self->tp, &self->vmo, 6, 1);
	expect_blocked(t, &self->vmo, 1);
	test_seal(self->vmo.fd);
	supply(&self->tp, &self->vmo, 6, 1);
	expect_errno(t, EPERM);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, OLD, PG(6), PG(1)));
}

VMOP_TEST_MAIN
