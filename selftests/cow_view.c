// SPDX-License-Identifier: GPL-2.0
/*
 * Slices and references: other names for the same content. Rules COW-11, COW-12,
 * COW-27 to COW-35 and ZERO-9 of the specification of behaviour; with Zircon's
 * SliceWrite, SliceOpZero and the tests of vmo-slice and vmo-reference that have a
 * meaning here. COW-34 (cache policy) has none: VMOs have no cache policy here.
 */
#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define KEY OLD
#define NR 8

/* A root of nr pages that are there, not resizable; a slice of 2 to 5. */
FIXTURE(view)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
	struct test_cow slice;
	struct test_cow ref;
};

FIXTURE_VARIANT(view)
{
	bool map;
	bool trap;
};

#define VARIANT(_name, _map, _trap) \
FIXTURE_VARIANT_ADD(view, _name) \
{ \
	.map = _map, \
	.trap = _trap, \
}

VARIANT(call, false, false);
VARIANT(map, true, false);
VARIANT(call_trap, false, true);
VARIANT(map_trap, true, true);

#define open_root(_flags, _supplied) do { \
	struct vmop_test_vmo_args __args = { \
		.flags = _flags, .key = KEY, .length = PG(NR), \
	}; \
	ASSERT_EQ(0, test_pager_init(&self->tp)); \
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &__args)); \
	if (_supplied) \
		supply(&self->tp, &self->vmo, 0, _supplied); \
	self->root = test_cow_of(&self->vmo); \
} while (0)

FIXTURE_SETUP(view)
{
	open_root(variant->trap ? VMOP_VMO_TRAP_DIRTY : 0, NR);
	child(&self->slice, self->root.fd, SLICE, 2, 4);
	child(&self->ref, self->root.fd, REFERENCE, 0, 0);
}

FIXTURE_TEARDOWN(view)
{
	test_cow_close(&self->slice);
	test_cow_close(&self->ref);
	test_pager_exit(&self->tp);
}

/* A write through a view; with TRAP the root is asked about, in its own pages. */
#define write_view(_v, _pgoff, _at) do { \
	struct vmop_thread *__t = writer_by(_v, _pgoff, 1, NEW); \
	if (variant->trap) { \
		asked_dirty(_at, 1); \
		op_dirty(_at, 1); \
	} \
	expect_done(__t, PG(1)); \
} while (0)

/* COW-27: what one writes all show, whoever has looked there before. */
TEST_F(view, cow_27_one_content)
{
	shows_by(&self->root, 0, NR, KEY);
	shows_by(&self->ref, 0, NR, KEY);
	shows_from_by(&self->slice, 0, 4, KEY, 2);
	write_view(&self->slice, 1, 3);
	shows_by(&self->slice, 1, 1, NEW);
	shows_from_by(&self->root, 3, 1, NEW, 1);
	shows_from_by(&self->ref, 3, 1, NEW, 1);
	shows_by(&self->root, 4, 4, KEY);
	write_view(&self->ref, 5, 5);
	shows_from_by(&self->slice, 3, 1, NEW, 5);
	write_view(&self->root, 2, 2);
	shows_from_by(&self->slice, 0, 1, NEW, 2);
	shows_by(&self->ref, 2, 1, NEW);
	asked_none();
}

/* COW-27, REQ-1, REQ-6: what is absent is asked for in the root's offsets, once. */
TEST_F(view, cow_27_requests)
{
	struct vmop_thread *t[3];

	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	t[0] = reader_by(&self->slice, 1, 1);
	asked_read(3, 1);
	blocked(t[0], 1);
	t[1] = reader_by(&self->ref, 3, 1);
	t[2] = reader_by(&self->root, 3, 1);
	blocked(t[2], 3);
	asked_none();
	give(3, 1);
	expect_content(t[0], PG(1), KEY, PG(3));
	expect_content(t[1], PG(1), KEY, PG(3));
	expect_content(t[2], PG(1), KEY, PG(3));
	/* up to the end of the slice, not of the root */
	t[0] = vmop_thread_op(self->slice.fd, VMOP_VMO_OP_COMMIT, 0, PG(4));
	asked_read(2, 1);
	give(2, 1);
	asked_read(4, 2);
	give(4, 2);
	expect_done(t[0], 0);
	asked_none();
}

/* COW-27, Zircon's SliceWrite: dirt is the root's, in the root's offsets. */
TEST_F(view, cow_27_dirty_tracking)
{
	expect_unmodified();
	write_view(&self->slice, 0, 2);
	expect_modified();
	expect_ranges(PAGES(2, 1));
	write_view(&self->ref, 7, 7);
	expect_modified();
	expect_ranges(PAGES(2, 1), PAGES(7, 1));
	wb_begin(0, NR);
	write_view(&self->slice, 0, 2);
	wb_end(0, NR);
	expect_ranges(PAGES(2, 1));
	write_back(0, NR);
	expect_clean();
	/* clean again: the next store through a view is noticed */
	write_view(&self->slice, 0, 2);
	write_view(&self->ref, 7, 7);
	expect_ranges(PAGES(2, 1), PAGES(7, 1));
	asked_none();
}

/* COW-27, ZERO-9, Zircon's SliceOpZero. */
TEST_F(view, zero_9_zero)
{
	shows_from_by(&self->slice, 0, 4, KEY, 2);
	zero_pages(self->slice.fd, 1, 2);
	expect_modified();
	expect_ranges(ZEROS(3, 2));
	zeros_by(&self->root, 3, 2);
	zeros_by(&self->ref, 3, 2);
	zeros_by(&self->slice, 1, 2);
	shows_from_by(&self->slice, 3, 1, KEY, 5);
	zero_pages(self->ref.fd, 0, 1);
	expect_ranges(ZEROS(0, 1), ZEROS(3, 2));
	shows_by(&self->root, 1, 2, KEY);
	test_err_vmo_op(ERANGE, self->slice.fd, VMOP_VMO_OP_ZERO, PG(3), PG(2),
			NULL);
	shows_by(&self->root, 5, 3, KEY);
}

/* COW-11: a slice ends where it ends, by every way to reach it. */
TEST_F(view, cow_11_nothing_beyond)
{
	struct test_cow *s = &self->slice;
	struct vmop_result res = { 0 };
	char *map, buf[8];
	struct stat st;

	ASSERT_EQ(0, fstat(s->fd, &st));
	EXPECT_EQ(PG(4), st.st_size);
	EXPECT_EQ(8, vmop_test_pread(s->fd, buf, 8, PG(4) - 8));
	EXPECT_TRUE(vmop_test_check(buf, KEY, PG(6) - 8, 8));
	EXPECT_EQ(0, vmop_test_pread(s->fd, buf, 8, PG(4)));
	EXPECT_ERR(EFBIG, vmop_test_pwrite(s->fd, buf, 8, PG(4)));
	EXPECT_EQ(PG(4), lseek(s->fd, 0, SEEK_END));
	test_err_set_size(EPERM, s->fd, PG(5));
	EXPECT_EQ(-1, ftruncate(s->fd, PG(2)));
	EXPECT_EQ(EPERM, errno);
	/* the parent has pages there, but the slice has not */
	map = mmap(NULL, PG(6), PROT_READ, MAP_SHARED, s->fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, vmop_mem_read(buf, map + PG(4) - 8, 8, &res));
	EXPECT_NE(0, vmop_mem_read(buf, map + PG(4), 8, &res));
	EXPECT_EQ(SIGBUS, res.sig);
	munmap(map, PG(6));
	shows_by(&self->root, 6, 2, KEY);
}

/* COW-11, COW-14: nor does a clone of it show more than it has. */
TEST_F(view, cow_14_clone_beyond_a_slice)
{
	struct test_cow c, d;

	child(&c, self->slice.fd, ON_WRITE, 2, 4);
	child(&d, self->slice.fd, MODIFIED, 5, 2);
	shows_from_by(&c, 0, 2, KEY, 4);
	zeros_by(&c, 2, 2);
	zeros_by(&d, 0, 2);
	write_view(&self->ref, 6, 6);
	write_view(&self->ref, 7, 7);
	write_view(&self->ref, 5, 5);
	zeros_by(&c, 2, 2);
	zeros_by(&d, 0, 2);
	shows_from_by(&c, 1, 1, NEW, 5);
	put_by(&c, 2, 1, NEW);
	shows_by(&self->root, 6, 1, NEW);
	asked_none();
	test_cow_close(&d);
	test_cow_close(&c);
}

/* COW-27: they trap what the root traps, and say so. */
TEST_F(view, cow_27_flags)
{
	__u32 trap = variant->trap ? VMOP_VMO_TRAP_DIRTY : 0;
	struct vmop_vmo_get_info info;
	struct test_cow c;

	test_get_info(self->slice.fd, &info);
	EXPECT_EQ(trap, info.out_flags & VMOP_VMO_TRAP_DIRTY);
	test_get_info(self->ref.fd, &info);
	EXPECT_EQ(trap, info.out_flags & VMOP_VMO_TRAP_DIRTY);
	/* a clone's pages are nobody's to write back */
	child(&c, self->slice.fd, ON_WRITE, 0, 4);
	test_get_info(c.fd, &info);
	EXPECT_EQ(0, info.out_flags & VMOP_VMO_TRAP_DIRTY);
	test_cow_close(&c);
}

/* COW-28, COW-32: all memory is the parent's. */
TEST_F(view, cow_28_no_memory_of_their_own)
{
	struct vmop_vmo_get_info info;

	write_view(&self->slice, 1, 3);
	commit_pages(self->ref.fd, 0, NR);
	ASSERT_EQ(0, test_cow_shares(self->slice.fd, &info));
	EXPECT_EQ(0, info.out_committed + info.out_private + info.out_shared +
		  info.out_scaled + info.out_zero);
	ASSERT_EQ(0, test_cow_shares(self->ref.fd, &info));
	EXPECT_EQ(0, info.out_committed + info.out_private + info.out_shared +
		  info.out_scaled + info.out_zero);
	expect_committed(NR);
}

/* COW-29, COW-33: the parent is closed first: content, requests and dirt stay. */
TEST_F(view, cow_29_parent_closed)
{
	static const struct vmop_port_record dirty = {
		.type = VMOP_RECORD_DIRTY, .key = KEY, .offset = 2 * 4096,
		.length = 4096,
	};
	struct vmop_thread *t;
	int keep = dup(self->root.fd);

	ASSERT_EQ(4096, PG(1));
	write_view(&self->ref, 0, 0);
	test_vmo_close(&self->tp, &self->vmo);
	shows_from_by(&self->slice, 0, 4, KEY, 2);
	shows_by(&self->ref, 0, 1, NEW);
	shows_by(&self->ref, 1, NR - 1, KEY);
	t = writer_by(&self->slice, 0, 1, NEW);
	if (variant->trap) {
		ASSERT_EQ(0, test_pager_expect(&self->tp, &dirty));
		test_op_range(self->tp.fd, keep, VMOP_PAGER_OP_DIRTY, PG(2),
			      PG(1), 0, 0, NULL);
	}
	expect_done(t, PG(1));
	shows_from_by(&self->ref, 2, 1, NEW, 0);
	/* writable where it was mapped: the pager still can take that away */
	test_op_range(self->tp.fd, keep, VMOP_PAGER_OP_WRITEBACK_BEGIN, 0,
		      PG(NR), 0, 0, NULL);
	test_op_range(self->tp.fd, keep, VMOP_PAGER_OP_WRITEBACK_END, 0,
		      PG(NR), 0, 0, NULL);
	EXPECT_TRUE(vmop_test_check_fd(keep, NEW, 0, PG(1)));
	close(keep);
	expect_none(&self->tp);
	shows_by(&self->ref, 0, 1, NEW);
	test_cow_close(&self->ref);
	shows_by(&self->slice, 0, 1, NEW);
	expect_none(&self->tp);
	test_cow_close(&self->slice);
	expect_complete(&self->tp, KEY);
}

/* COW-11, COW-30: a slice of a slice, of a reference, of a slice of that. */
TEST_F(view, cow_30_views_of_views)
{
	struct test_cow a, b, c;

	child(&a, self->slice.fd, SLICE, 1, 2);
	child(&b, self->ref.fd, SLICE, 3, 3);
	child(&c, b.fd, SLICE, 1, 1);
	shows_from_by(&a, 0, 2, KEY, 3);
	shows_from_by(&c, 0, 1, KEY, 4);
	write_view(&c, 0, 4);
	shows_by(&c, 0, 1, NEW);
	shows_from_by(&a, 1, 1, NEW, 0);
	shows_from_by(&self->root, 4, 1, NEW, 0);
	EXPECT_EQ(-EINVAL, test_cow_child(a.fd, SLICE, PG(1), PG(2)));
	test_cow_close(&self->slice);
	test_cow_close(&b);
	write_view(&a, 0, 3);
	shows_by(&self->root, 5, 3, KEY);
	shows_from_by(&self->root, 3, 1, NEW, 0);
	shows_from_by(&c, 0, 1, NEW, 0);
	EXPECT_FALSE(test_cow_childless(self->root.fd));
	test_cow_close(&c);
	EXPECT_FALSE(test_cow_childless(self->root.fd));
	test_cow_close(&a);
	EXPECT_FALSE(test_cow_childless(self->root.fd));
	test_cow_close(&self->ref);
	EXPECT_EQ(0, test_cow_wait_childless(self->root.fd));
}

/* COW-11, COW-27: the slice's page n is not mapped where the parent's page n is. */
TEST_F(view, cow_27_adjacent_mappings)
{
	char *area = mmap(NULL, PG(12), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	const int fix = MAP_SHARED | MAP_FIXED, prot = PROT_READ | PROT_WRITE;
	unsigned int i;

	ASSERT_NE(MAP_FAILED, area);
	/*
	 * Pages 0 and 1 of the root, then all of the slice, which is the root's
	 * 2 to 5, then the root's 6 and 7: one run of the same pages in three
	 * mappings of two files.
	 */
	ASSERT_NE(MAP_FAILED, mmap(area, PG(2), prot, fix, self->root.fd, 0));
	ASSERT_NE(MAP_FAILED, mmap(area + PG(2), PG(4), prot, fix,
				   self->slice.fd, 0));
	ASSERT_NE(MAP_FAILED, mmap(area + PG(6), PG(2), prot, fix,
				   self->root.fd, PG(6)));
	/* pages 0 and 1 of the slice, 2 and 3 of the root: other content */
	ASSERT_NE(MAP_FAILED, mmap(area + PG(8), PG(2), prot, fix,
				   self->slice.fd, 0));
	ASSERT_NE(MAP_FAILED, mmap(area + PG(10), PG(2), prot, fix,
				   self->root.fd, PG(2)));
	EXPECT_TRUE(vmop_test_check(area, KEY, 0, PG(8)));
	EXPECT_TRUE(vmop_test_check(area + PG(8), KEY, PG(2), PG(2)));
	EXPECT_TRUE(vmop_test_check(area + PG(10), KEY, PG(2), PG(2)));
	/* a mapping is split, its page tables are dropped, it is joined again */
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, mprotect(area + PG(3), PG(2), PROT_READ));
		ASSERT_EQ(0, mprotect(area + PG(3), PG(2), prot));
		ASSERT_EQ(0, madvise(area, PG(8), MADV_DONTNEED));
		EXPECT_TRUE(vmop_test_check(area, KEY, 0, PG(8)));
	}
	munmap(area, PG(12));
}

/* COW-27: mremap, mprotect and private mappings of a slice. */
TEST_F(view, cow_27_mremap)
{
	const int prot = PROT_READ | PROT_WRITE;
	char *map, *moved, *priv;

	map = mmap(NULL, PG(4), prot, MAP_SHARED, self->slice.fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ((char)vmop_test_byte(KEY, PG(3)), map[PG(1)]);
	/* the second half goes somewhere else */
	moved = mremap(map + PG(2), PG(2), PG(4), MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, moved);
	EXPECT_TRUE(vmop_test_check(moved, KEY, PG(4), PG(2)));
	EXPECT_TRUE(vmop_test_check(map, KEY, PG(2), PG(2)));
	EXPECT_NE(0, vmop_mem_touch(moved + PG(2), PG(1), NULL));
	priv = mmap(NULL, PG(2), prot, MAP_PRIVATE, self->slice.fd, PG(1));
	ASSERT_NE(MAP_FAILED, priv);
	EXPECT_TRUE(vmop_test_check(priv, KEY, PG(3), PG(2)));
	priv[0] = 1;
	priv[PG(1)] = 2;
	asked_none();
	expect_clean();
	shows_from_by(&self->slice, 0, 4, KEY, 2);
	munmap(map, PG(2));
	munmap(moved, PG(4));
	munmap(priv, PG(2));
}

/* ---- references: each runs once ------------------------------------------- */

FIXTURE(refer)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
	struct test_cow ref;
	struct test_cow other;
};

FIXTURE_VARIANT(refer)
{
	bool pager;
};

FIXTURE_VARIANT_ADD(refer, pager)
{
	.pager = true,
};

FIXTURE_VARIANT_ADD(refer, anonymous)
{
	.pager = false,
};

FIXTURE_SETUP(refer)
{
	if (variant->pager) {
		open_root(VMOP_VMO_RESIZABLE, NR);
	} else {
		ASSERT_EQ(0, test_pager_init(&self->tp));
		filled(&self->root, VMOP_VMO_RESIZABLE, NR, KEY);
	}
	child(&self->ref, self->root.fd, REFERENCE | RESIZABLE, 0, 0);
	child(&self->other, self->ref.fd, REFERENCE, 0, 0);
}

FIXTURE_TEARDOWN(refer)
{
	test_cow_close(&self->ref);
	test_cow_close(&self->other);
	if (!variant->pager)
		test_cow_close(&self->root);
	test_pager_exit(&self->tp);
}

#define sized(_v, _bytes) do { \
	struct vmop_vmo_get_info __info; \
	struct stat __st; \
	ASSERT_EQ(0, fstat((_v)->fd, &__st)); \
	EXPECT_EQ((__u64)(_bytes), __st.st_size); \
	test_get_info((_v)->fd, &__info); \
	EXPECT_EQ((__u64)(_bytes), __info.out_content_size); \
	EXPECT_EQ((__u64)(_bytes), lseek((_v)->fd, 0, SEEK_END)); \
} while (0)
#define all_sized(_bytes) do { \
	sized(&self->root, _bytes); \
	sized(&self->ref, _bytes); \
	sized(&self->other, _bytes); \
} while (0)

/* COW-35: one size, whoever changes it, in bytes; Zircon's Resize: 4, 2, 3. */
TEST_F(refer, cow_35_one_size)
{
	all_sized(PG(NR));
	test_set_size(self->ref.fd, PG(4));
	all_sized(PG(4));
	EXPECT_NE(0, vmop_mem_touch(self->root.map + PG(4), PG(1), NULL));
	EXPECT_NE(0, vmop_mem_touch(self->other.map + PG(4), PG(1), NULL));
	ASSERT_EQ(0, ftruncate(self->root.fd, PG(2)));
	all_sized(PG(2));
	test_set_size(self->ref.fd, PG(3) - 8);
	all_sized(PG(3) - 8);
	shows(&self->other, 0, 2, KEY);
	EXPECT_TRUE(vmop_test_check_fd_zero(self->other.fd, PG(2), PG(1) - 8));
	EXPECT_TRUE(vmop_test_check_zero(self->other.map + PG(2), 0, PG(1)));
	EXPECT_NE(0, vmop_mem_touch(self->other.map + PG(3), PG(1), NULL));
	/* COW-6: not through one that was not asked for to be resizable */
	EXPECT_NE(0, vmop_test_set_size(self->other.fd, PG(1)));
	all_sized(PG(3) - 8);
	/* the first one goes, the size goes on to be one */
	if (variant->pager)
		test_vmo_close(&self->tp, &self->vmo);
	else
		test_cow_close(&self->root);
	test_set_size(self->ref.fd, PG(5));
	sized(&self->other, PG(5));
	zeros(&self->other, 2, 3);
	put(&self->ref, 4, 1, NEW);
	shows(&self->other, 4, 1, NEW);
	expect_none(&self->tp);
}

/* COW-12, COW-33: references of references; the original is closed in between. */
TEST_F(refer, cow_33_original_closed)
{
	struct test_cow more;

	put(&self->root, 1, 1, NEW);
	if (variant->pager)
		test_vmo_close(&self->tp, &self->vmo);
	else
		test_cow_close(&self->root);
	shows(&self->ref, 1, 1, NEW);
	EXPECT_TRUE(test_cow_shows(&self->other, true, 1, 1, NEW, 1));
	child(&more, self->other.fd, REFERENCE, 0, 0);
	ASSERT_EQ(0, test_cow_put(&more, true, 3, 1, NEW, 3));
	EXPECT_TRUE(test_cow_shows(&self->other, true, 3, 1, NEW, 3));
	/* mappings of one are found through all: cut off */
	test_set_size(self->ref.fd, PG(2));
	EXPECT_NE(0, vmop_mem_touch(more.map + PG(3), PG(1), NULL));
	EXPECT_NE(0, vmop_mem_touch(self->other.map + PG(3), PG(1), NULL));
	test_cow_close(&self->ref);
	test_cow_close(&self->other);
	shows(&more, 0, 1, KEY);
	shows(&more, 1, 1, NEW);
	expect_none(&self->tp);
	test_cow_close(&more);
	if (variant->pager)
		expect_complete(&self->tp, KEY);
}

/* COW-12: a clone of a reference is a clone of the content. */
TEST_F(refer, cow_12_clone_of_a_reference)
{
	struct test_cow c;

	child(&c, self->other.fd, SNAPSHOT, 1, 4);
	put(&self->root, 2, 1, NEW);
	ASSERT_EQ(0, test_cow_put(&self->ref, true, 3, 1, NEW, 3));
	shows_from(&c, 0, 4, KEY, 1);
	put(&c, 0, 1, NEW);
	shows(&self->other, 1, 1, KEY);
	shows(&self->other, 2, 2, NEW);
	/* the clone outlives what it was made of */
	test_cow_close(&self->other);
	test_cow_close(&self->ref);
	shows_from(&c, 1, 3, KEY, 2);
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
