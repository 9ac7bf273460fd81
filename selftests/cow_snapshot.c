// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots of anonymous VMOs: parent and child are two VMOs from the call on,
 * whoever is written, resized or closed first. Rules COW-1 to COW-4, COW-14 to
 * COW-23 of the specification of behaviour.
 *
 * Most tests run twice: with accesses by call, and through mappings.
 */
#include "test_cow.h"
#include "vmop_test.h"

#define OLD 0x01d
#define NEW 0x3e3
#define NEWER 0x3e4

/* The three kinds are one for anonymous VMOs (COW-9, COW-10). */
static const __u32 kinds[] = { SNAPSHOT, ON_WRITE, MODIFIED };

VMOP_FIXTURE_BY_ACCESS(snapshot)

/* COW-3, COW-4, COW-9, COW-10: neither sees what the other writes. */
TEST_F(snapshot, cow_4_isolation)
{
	struct test_cow a, b;
	unsigned int k;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		filled(&a, 0, 8, OLD);
		child(&b, a.fd, kinds[k], 0, 8);
		shows_by(&b, 0, 8, OLD);
		put_by(&b, 1, 1, NEW);
		shows_by(&a, 0, 8, OLD);
		put_by(&a, 2, 1, NEWER);
		put_by(&a, 1, 1, NEWER);
		shows_by(&b, 0, 1, OLD);
		shows_by(&b, 1, 1, NEW);
		shows_by(&b, 2, 6, OLD);
		shows_by(&a, 0, 1, OLD);
		shows_by(&a, 1, 2, NEWER);
		shows_by(&a, 3, 5, OLD);
		/* pages that both had changed already, once more */
		put_by(&a, 1, 1, OLD);
		shows_by(&b, 1, 1, NEW);
		test_cow_close(&a);
		shows_by(&b, 0, 1, OLD);
		shows_by(&b, 1, 1, NEW);
		shows_by(&b, 2, 6, OLD);
		test_cow_close(&b);
	}
}

/* COW-4: part of a page: the rest is what it was. */
TEST_F(snapshot, cow_4_part_of_a_page)
{
	struct test_cow a, b;

	filled(&a, 0, 2, OLD);
	child(&b, a.fd, SNAPSHOT, 0, 2);
	if (variant->map)
		b.map[PG(1) + 100] = 77;
	else
		ASSERT_EQ(1, vmop_test_pwrite(b.fd, "\x4d", 1, PG(1) + 100));
	EXPECT_EQ(77, b.map[PG(1) + 100]);
	EXPECT_TRUE(vmop_test_check(b.map, OLD, 0, PG(1) + 100));
	EXPECT_TRUE(vmop_test_check(b.map + PG(1) + 101, OLD, PG(1) + 101,
				    PG(1) - 101));
	EXPECT_TRUE(vmop_test_check_fd(b.fd, OLD, PG(1) + 101, PG(1) - 101));
	shows_by(&a, 0, 2, OLD);
}

/*
 * COW-15: mappings that could write before the call cannot go on doing so
 * unnoticed: neither in the parent, nor in a process that has only mapped it.
 */
TEST_F(snapshot, cow_15_writable_mappings_before_the_call)
{
	struct test_cow a, b, again;
	unsigned int round;

	filled(&a, 0, 8, OLD);
	again.fd = a.fd;
	again.map = NULL;
	ASSERT_EQ(0, test_cow_map(&again, 8));
	/* every page can be written in both page tables */
	ASSERT_EQ(0, test_cow_put(&a, true, 0, 8, OLD, 0));
	ASSERT_EQ(0, test_cow_put(&again, true, 0, 8, OLD, 0));
	for (round = 0; round < 3; round++) {
		child(&b, a.fd, SNAPSHOT, 0, 8);
		ASSERT_EQ(0, test_cow_put(&again, true, 1, 1, NEW + round, 1));
		put_by(&a, 3, 2, NEW + round);
		EXPECT_TRUE(test_cow_shows(&again, true, 3, 2, NEW + round, 3));
		shows_by(&a, 1, 1, NEW + round);
		if (round) {
			shows_by(&b, 0, 1, OLD);
			shows_by(&b, 1, 1, NEW + round - 1);
			shows_by(&b, 2, 1, OLD);
			shows_by(&b, 3, 2, NEW + round - 1);
			shows_by(&b, 5, 3, OLD);
		} else {
			shows_by(&b, 0, 8, OLD);
		}
		/* and the child's own, for the next round's */
		put_by(&b, 7, 1, NEWER);
		shows_by(&a, 7, 1, OLD);
	}
}

/* COW-15: the same where the child is read, and mapped, before and after. */
TEST_F(snapshot, cow_15_readers_of_both)
{
	struct test_cow a, b, early;

	filled(&a, 0, 4, OLD);
	child(&b, a.fd, SNAPSHOT, 0, 4);
	early.fd = b.fd;
	early.map = NULL;
	ASSERT_EQ(0, test_cow_map(&early, 4));
	EXPECT_TRUE(test_cow_shows(&early, true, 0, 4, OLD, 0));
	shows_by(&a, 0, 4, OLD);
	put_by(&a, 0, 2, NEW);
	EXPECT_TRUE(test_cow_shows(&early, true, 0, 4, OLD, 0));
	put_by(&b, 1, 2, NEWER);
	EXPECT_TRUE(test_cow_shows(&early, true, 0, 1, OLD, 0));
	EXPECT_TRUE(test_cow_shows(&early, true, 1, 2, NEWER, 1));
	EXPECT_TRUE(test_cow_shows(&early, true, 3, 1, OLD, 3));
	shows_by(&a, 0, 2, NEW);
	shows_by(&a, 2, 2, OLD);
}

/* COW-2: a window shows the parent from its offset on. */
TEST_F(snapshot, cow_2_window)
{
	struct test_cow a, b, c;

	filled(&a, 0, 10, OLD);
	child(&b, a.fd, SNAPSHOT, 3, 5);
	shows_from_by(&b, 0, 5, OLD, 3);
	child(&c, b.fd, SNAPSHOT, 2, 2);
	shows_from_by(&c, 0, 2, OLD, 5);
	put_by(&b, 2, 1, NEW);
	put_by(&a, 6, 1, NEWER);
	shows_from_by(&c, 0, 2, OLD, 5);
	shows_from_by(&b, 0, 2, OLD, 3);
	shows_by(&b, 2, 1, NEW);
	shows_from_by(&b, 3, 2, OLD, 6);
	shows_by(&a, 0, 6, OLD);
	shows_by(&a, 6, 1, NEWER);
	put_by(&c, 0, 2, NEWER);
	shows_by(&c, 0, 2, NEWER);
	shows_by(&b, 2, 1, NEW);
	shows_by(&a, 5, 1, OLD);
	test_cow_close(&b);
	test_cow_close(&a);
	shows_by(&c, 0, 2, NEWER);
}

/* COW-8, COW-14: what lies outside the parent is zero, for ever. */
TEST_F(snapshot, cow_14_outside_is_zero)
{
	struct test_cow a, b, far;

	filled(&a, VMOP_VMO_RESIZABLE, 4, OLD);
	child(&b, a.fd, SNAPSHOT, 2, 6);
	child(&far, a.fd, SNAPSHOT, 100, 2);
	shows_from_by(&b, 0, 2, OLD, 2);
	zeros_by(&b, 2, 4);
	zeros_by(&far, 0, 2);
	test_set_size(a.fd, PG(200));
	ASSERT_EQ(0, test_cow_map(&a, 200));
	put_by(&a, 4, 196, NEW);
	zeros_by(&b, 2, 4);
	zeros_by(&far, 0, 2);
	put_by(&b, 3, 1, NEWER);
	put_by(&far, 1, 1, NEWER);
	shows_by(&a, 4, 196, NEW);
	zeros_by(&b, 2, 1);
	shows_by(&b, 3, 1, NEWER);
	zeros_by(&b, 4, 2);
	zeros_by(&far, 0, 1);
}

/* Positions that never had content: writing to the parent is not seen either. */
TEST_F(snapshot, cow_4_empty_pages)
{
	struct test_cow a, b;

	anon(&a, 0, 4);
	put_by(&a, 1, 1, OLD);
	child(&b, a.fd, SNAPSHOT, 0, 4);
	put_by(&a, 0, 1, NEW);
	put_by(&b, 2, 1, NEWER);
	zeros_by(&b, 0, 1);
	shows_by(&b, 1, 1, OLD);
	shows_by(&b, 2, 1, NEWER);
	zeros_by(&b, 3, 1);
	shows_by(&a, 0, 1, NEW);
	zeros_by(&a, 2, 2);
}

/* COW-18, ZERO-8: zeros in one are not zeros in the other. */
TEST_F(snapshot, cow_18_zero)
{
	struct test_cow a, b, c;

	filled(&a, 0, 6, OLD);
	child(&b, a.fd, SNAPSHOT, 0, 6);
	child(&c, b.fd, SNAPSHOT, 0, 6);
	shows_by(&b, 0, 6, OLD);
	zero_pages(b.fd, 1, 2);
	zeros_by(&b, 1, 2);
	shows_by(&b, 3, 3, OLD);
	shows_by(&a, 0, 6, OLD);
	shows_by(&c, 0, 6, OLD);
	zero_pages(a.fd, 2, 2);
	zeros_by(&a, 2, 2);
	zeros_by(&b, 1, 2);
	shows_by(&b, 3, 3, OLD);
	shows_by(&c, 0, 6, OLD);
	/* parts of pages, and pages that are zeros already */
	test_vmo_op(c.fd, VMOP_VMO_OP_ZERO, PG(1) - 8, 16, NULL);
	test_vmo_op(b.fd, VMOP_VMO_OP_ZERO, PG(1) + 8, PG(2), NULL);
	EXPECT_TRUE(vmop_test_check_fd(c.fd, OLD, 0, PG(1) - 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(1) - 8, 16));
	EXPECT_TRUE(vmop_test_check_fd(c.fd, OLD, PG(1) + 8, PG(5) - 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(b.fd, PG(1), PG(2) + 8));
	EXPECT_TRUE(vmop_test_check_fd(b.fd, OLD, PG(3) + 8, PG(3) - 8));
	/* a page after zeros is a page of its own */
	put_by(&b, 1, 1, NEW);
	shows_by(&b, 1, 1, NEW);
	shows_by(&a, 0, 2, OLD);
	test_cow_close(&a);
	test_cow_close(&c);
	shows_by(&b, 0, 1, OLD);
	shows_by(&b, 1, 1, NEW);
}

/* COW-19: the parent shrinks and grows: a snapshot does not notice. */
TEST_F(snapshot, cow_19_parent_shrinks)
{
	struct test_cow a, b;

	filled(&a, VMOP_VMO_RESIZABLE, 6, OLD);
	child(&b, a.fd, SNAPSHOT, 0, 6);
	shows_by(&b, 0, 3, OLD);
	test_set_size(a.fd, PG(2));
	shows_by(&b, 0, 6, OLD);
	test_set_size(a.fd, PG(6));
	shows_by(&a, 0, 2, OLD);
	zeros_by(&a, 2, 4);
	shows_by(&b, 0, 6, OLD);
	put_by(&a, 2, 4, NEW);
	shows_by(&b, 0, 6, OLD);
	test_set_size(a.fd, 0);
	test_cow_unmap(&a);
	shows_by(&b, 0, 6, OLD);
	put_by(&b, 4, 1, NEW);
	shows_by(&b, 0, 4, OLD);
	test_cow_close(&a);
	shows_by(&b, 0, 4, OLD);
	shows_by(&b, 4, 1, NEW);
	shows_by(&b, 5, 1, OLD);
}

/* COW-20: the child shrinks and grows: what it let go does not come back. */
TEST_F(snapshot, cow_20_child_shrinks)
{
	struct test_cow a, b, c;

	filled(&a, 0, 8, OLD);
	child(&b, a.fd, SNAPSHOT | RESIZABLE, 0, 6);
	child(&c, b.fd, SNAPSHOT, 0, 8);
	shows_by(&c, 0, 6, OLD);
	zeros_by(&c, 6, 2);
	put_by(&b, 3, 1, NEW);
	test_set_size(b.fd, PG(2));
	test_set_size(b.fd, PG(8));
	ASSERT_EQ(0, test_cow_map(&b, 8));
	shows_by(&b, 0, 2, OLD);
	zeros_by(&b, 2, 6);
	shows_by(&a, 0, 8, OLD);
	shows_by(&c, 0, 6, OLD);
	put_by(&b, 7, 1, NEW);
	shows_by(&b, 7, 1, NEW);
	zeros_by(&b, 2, 5);
}

/* COW-20: growing beyond the size at creation shows no more of the parent. */
TEST_F(snapshot, cow_20_grow_shows_zeros)
{
	struct test_cow a, b, c;

	filled(&a, 0, 8, OLD);
	child(&b, a.fd, SNAPSHOT | RESIZABLE, 2, 2);
	test_set_size(b.fd, PG(6));
	ASSERT_EQ(0, test_cow_map(&b, 6));
	shows_from_by(&b, 0, 2, OLD, 2);
	zeros_by(&b, 2, 4);
	child(&c, b.fd, SNAPSHOT, 0, 8);
	shows_from_by(&c, 0, 2, OLD, 2);
	zeros_by(&c, 2, 6);
	test_cow_close(&a);
	zeros_by(&b, 2, 4);
	zeros_by(&c, 2, 6);
}

/* COW-20, RSZ-2: cut inside a page that is shared: bytes, not pages, are gone. */
TEST_F(snapshot, cow_20_cut_inside_a_page)
{
	struct test_cow a, b;

	filled(&a, VMOP_VMO_RESIZABLE, 4, OLD);
	child(&b, a.fd, SNAPSHOT | RESIZABLE, 0, 4);
	shows_by(&b, 0, 4, OLD);
	test_set_size(b.fd, PG(2) + 100);
	EXPECT_TRUE(vmop_test_check_fd(b.fd, OLD, 0, PG(2) + 100));
	test_set_size(b.fd, PG(4));
	EXPECT_TRUE(vmop_test_check_fd(b.fd, OLD, 0, PG(2) + 100));
	EXPECT_TRUE(vmop_test_check_fd_zero(b.fd, PG(2) + 100, PG(2) - 100));
	EXPECT_TRUE(vmop_test_check_zero(b.map + PG(2) + 100, PG(2) + 100,
					 PG(2) - 100));
	shows_by(&a, 0, 4, OLD);
	test_set_size(a.fd, PG(1) + 8);
	test_set_size(a.fd, PG(4));
	EXPECT_TRUE(vmop_test_check_fd(a.fd, OLD, 0, PG(1) + 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(a.fd, PG(1) + 8, PG(3) - 8));
	EXPECT_TRUE(vmop_test_check_fd(b.fd, OLD, 0, PG(2) + 100));
	if (variant->map)
		b.map[PG(2) + 200] = 1;
	else
		ASSERT_EQ(1, vmop_test_pwrite(b.fd, "\1", 1, PG(2) + 200));
	EXPECT_TRUE(vmop_test_check_fd(b.fd, OLD, PG(2), 100));
	EXPECT_TRUE(vmop_test_check_fd_zero(b.fd, PG(2) + 100, 100));
	EXPECT_EQ(1, b.map[PG(2) + 200]);
}

/* A parent that ends inside a page: behind its end the child sees zeros. */
TEST_F(snapshot, cow_14_parent_ends_inside_a_page)
{
	struct test_cow a, b;

	filled(&a, VMOP_VMO_RESIZABLE, 2, OLD);
	test_set_size(a.fd, PG(1) + 64);
	child(&b, a.fd, SNAPSHOT, 0, 3);
	EXPECT_TRUE(vmop_test_check_fd(b.fd, OLD, 0, PG(1) + 64));
	EXPECT_TRUE(vmop_test_check_fd_zero(b.fd, PG(1) + 64, PG(2) - 64));
	/* a store behind the end of the parent, in its last page */
	a.map[PG(1) + 65] = 5;
	EXPECT_TRUE(vmop_test_check_fd_zero(b.fd, PG(1) + 64, PG(2) - 64));
	EXPECT_TRUE(vmop_test_check(b.map, OLD, 0, PG(1) + 64));
	EXPECT_TRUE(vmop_test_check_zero(b.map + PG(1) + 64, PG(1) + 64,
					 PG(2) - 64));
}

/* ---- closing -------------------------------------------------------------- */

/*
 * COW-21, COW-23: a parent, two children and a grandchild, each with a page of its
 * own; closed in every order, the rest stays what it is.
 */
TEST_F(snapshot, cow_23_close_in_any_order)
{
	struct test_cow v[4];
	unsigned int order, i, j, n;
	int next[4];

	for (order = 0; order < 256; order++) {
		unsigned int seen = 0;

		for (i = 0; i < 4; i++) {
			next[i] = order >> (2 * i) & 3;
			seen |= 1 << next[i];
		}
		if (seen != 15)
			continue;
		filled(&v[0], 0, 8, OLD);
		child(&v[1], v[0].fd, SNAPSHOT, 0, 8);
		put_by(&v[1], 5, 1, NEW + 1);
		child(&v[2], v[0].fd, SNAPSHOT, 0, 8);
		child(&v[3], v[1].fd, SNAPSHOT, 0, 8);
		put_by(&v[3], 5, 1, OLD);
		for (i = 0; i < 4; i++)
			put_by(&v[i], i, 1, NEW + i);
		for (n = 0; n < 4; n++) {
			test_cow_close(&v[next[n]]);
			for (i = n + 1; i < 4; i++) {
				const struct test_cow *left = &v[next[i]];

				for (j = 0; j < 8; j++)
					shows_by(left, j, 1,
						 j == (unsigned int)next[i] ?
						 NEW + next[i] :
						 j == 5 && next[i] == 1 ?
						 NEW + 1 : OLD);
			}
		}
	}
}

/* COW-23: the descriptor is closed, the mapping is not: still two VMOs. */
TEST_F(snapshot, cow_23_mapping_outlives_descriptor)
{
	struct test_cow a, b;

	filled(&a, 0, 4, OLD);
	child(&b, a.fd, SNAPSHOT, 0, 4);
	close(a.fd);
	put_by(&b, 1, 1, NEW);
	EXPECT_TRUE(vmop_test_check(a.map, OLD, 0, PG(4)));
	a.map[PG(2)] ^= 1;
	shows_by(&b, 2, 2, OLD);
	munmap(a.map, PG(4));
	shows_by(&b, 0, 1, OLD);
	shows_by(&b, 1, 1, NEW);
	shows_by(&b, 2, 2, OLD);
}

/* COW-21: after the merge pages are the survivor's own; it takes no more memory. */
TEST_F(snapshot, cow_21_merge_keeps_memory_down)
{
	struct vmop_vmo_get_info info;
	struct test_cow a, b;

	filled(&a, 0, 8, OLD);
	child(&b, a.fd, SNAPSHOT, 2, 4);
	put_by(&b, 0, 1, NEW);
	put_by(&a, 3, 2, NEWER);
	test_cow_close(&a);
	ASSERT_EQ(0, test_cow_shares(b.fd, &info));
	EXPECT_EQ(PG(4), info.out_committed);
	EXPECT_EQ(PG(4), info.out_private);
	EXPECT_EQ(0, info.out_shared);
	shows_by(&b, 0, 1, NEW);
	shows_from_by(&b, 1, 3, OLD, 3);
}

VMOP_TEST_MAIN
