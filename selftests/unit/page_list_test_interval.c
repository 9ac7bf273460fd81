// SPDX-License-Identifier: GPL-2.0
/*
 * Zero intervals: PL-9, PL-25 to PL-33.
 */
#include "page_list_test.h"

static int add(pgoff_t start, pgoff_t end, enum vmop_dirty_state state)
{
	return vmop_plist_add_zero_interval(&pl, start, end, state);
}

static int put(pgoff_t at, unsigned int id)
{
	return vmop_plist_insert_page(&pl, at, &test_pages[id], VMOP_DIRTY);
}

static void pl25_alone(void)
{
	EXPECT_EQ(add(0, 1, VMOP_DIRTY), 0);
	EXPECT_EQ(add(2, 4, VMOP_UNTRACKED), 0);
	EXPECT_EQ(add(100, 300, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0:z 2-3:u 100-299:z");
}

static void pl25_joins_same_state(void)
{
	build(&pl, "2-3:z 6-7:z");
	EXPECT_EQ(add(4, 6, VMOP_DIRTY), 0);
	LIST_IS(&pl, "2-7:z");
	EXPECT_EQ(add(1, 2, VMOP_DIRTY), 0);
	LIST_IS(&pl, "1-7:z");
	EXPECT_EQ(add(8, 200, VMOP_DIRTY), 0);
	LIST_IS(&pl, "1-199:z");
	EXPECT_EQ(add(200, 201, VMOP_UNTRACKED), 0);
	EXPECT_EQ(add(0, 1, VMOP_UNTRACKED), 0);
	LIST_IS(&pl, "0:u 1-199:z 200:u");
	EXPECT_EQ(add(201, 202, VMOP_UNTRACKED), 0);
	LIST_IS(&pl, "0:u 1-199:z 200-201:u");
}

static void pl25_joins_single_slots(void)
{
	build(&pl, "2:z 4:z");
	EXPECT_EQ(add(3, 4, VMOP_DIRTY), 0);
	LIST_IS(&pl, "2-4:z");
	build(&pl, "6:z");
	EXPECT_EQ(add(5, 6, VMOP_DIRTY), 0);
	LIST_IS(&pl, "2-6:z");
	build(&pl, "9:z");
	EXPECT_EQ(add(10, 12, VMOP_DIRTY), 0);
	LIST_IS(&pl, "2-6:z 9-11:z");
}

static void pl25_awaiting(void)
{
	/* The left one's stays, whatever comes on the right (WB-18). */
	build(&pl, "0-1:zA2");
	EXPECT_EQ(add(2, 4, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-3:zA2");
	/* Without a left one it is 0: the right one's is lost (WB-17). */
	build(&pl, "11-13:zA3");
	EXPECT_EQ(add(10, 11, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-3:zA2 10-13:z");
	/* The added piece has none, so the right one's is out of reach. */
	build(&pl, "20-21:zA2 23-25:zA3");
	EXPECT_EQ(add(22, 23, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-3:zA2 10-13:z 20-25:zA2");
	/* Unless A of the left one happens to reach over the piece. */
	build(&pl, "30-31:zA3 33-35:zA3");
	EXPECT_EQ(add(32, 33, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-3:zA2 10-13:z 20-25:zA2 30-35:zA6");
	build(&pl, "40-41:zA4 43-45:zA3");
	EXPECT_EQ(add(42, 43, VMOP_DIRTY), 0);
	LIST_IS(&pl,
		"0-3:zA2 10-13:z 20-25:zA2 30-35:zA6 40-45:zA4");
}

static void pl25_errors(void)
{
	build(&pl, "2:p1 4:m 6:r0 8-12:z");
	EXPECT_EQ(add(2, 3, VMOP_DIRTY), -EEXIST);
	EXPECT_EQ(add(0, 3, VMOP_DIRTY), -EEXIST);
	EXPECT_EQ(add(3, 5, VMOP_DIRTY), -EEXIST);
	EXPECT_EQ(add(6, 7, VMOP_DIRTY), -EEXIST);
	EXPECT_EQ(add(9, 11, VMOP_DIRTY), -EEXIST);
	EXPECT_EQ(add(12, 14, VMOP_DIRTY), -EEXIST);
	EXPECT_EQ(add(9, 11, VMOP_UNTRACKED), -EEXIST);
	EXPECT_EQ(add(3, 3, VMOP_DIRTY), -EINVAL);
	EXPECT_EQ(add(4, 3, VMOP_DIRTY), -EINVAL);
	LIST_IS(&pl, "2:p1 4:m 6:r0 8-12:z");
}

static void pl25_without_memory(void)
{
	unsigned int failed;

	/* Both sentinels in nodes of their own. */
	build(&pl, "0:p1");
	EXPECT_EQ(FAIL_EACH(&pl, failed, add(70, 200, VMOP_DIRTY)), 0);
	EXPECT_EQ(failed, 3);
	LIST_IS(&pl, "0:p1 70-199:z");
	EXPECT_EQ(FAIL_EACH(&pl, failed, add(200, 300, VMOP_DIRTY)), 0);
	EXPECT_EQ(failed, 1);
	LIST_IS(&pl, "0:p1 70-299:z");
}

/* Interval of pages 1 to 32, all of it awaiting clean. */
static void pl26_numbers(void)
{
	build(&pl, "1-32:zA32");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 30, 31), 0);
	EXPECT_EQ(put(30, 0), 0);
	LIST_IS(&pl, "1-29:zA32 30:p0d 31-32:z");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 32, 33), 0);
	EXPECT_EQ(put(32, 1), 0);
	LIST_IS(&pl, "1-29:zA32 30:p0d 31:z 32:p1d");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 1, 2), 0);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 1), 1);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 2), 31);
	EXPECT_EQ(put(1, 2), 0);
	LIST_IS(&pl, "1:p2d 2-29:zA31 30:p0d 31:z 32:p1d");
}

static void expect_awaiting(pgoff_t at, pgoff_t a, pgoff_t b, pgoff_t c,
			    pgoff_t d)
{
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, at), a);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, at + 1), b);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, at + 2), c);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, at + 3), d);
}

static void pl26_three_at_the_start(void)
{
	build(&pl, "1-32:zA32");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 1, 4), 0);
	expect_awaiting(1, 1, 1, 1, 29);
	EXPECT_EQ(put(1, 1), 0);
	EXPECT_EQ(put(2, 2), 0);
	EXPECT_EQ(put(3, 3), 0);
	LIST_IS(&pl, "1:p1d 2:p2d 3:p3d 4-32:zA29");
	drop(&pl);

	build(&pl, "1-32:zA2");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 1, 4), 0);
	expect_awaiting(1, 1, 1, 0, 0);
	EXPECT_EQ(put(1, 1), 0);
	EXPECT_EQ(put(2, 2), 0);
	EXPECT_EQ(put(3, 3), 0);
	LIST_IS(&pl, "1:p1d 2:p2d 3:p3d 4-32:z");
}

static void pl26_not_at_the_start(void)
{
	build(&pl, "1-32:zA2");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 2, 3), 0);
	expect_awaiting(1, 2, 0, 0, 0);
	EXPECT_EQ(put(2, 2), 0);
	LIST_IS(&pl, "1:zA2 2:p2d 3-32:z");
}

static void pl26_whole_interval(void)
{
	unsigned int i;

	build(&pl, "1-4:zA9 6:zA3");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 1, 5), 0);
	expect_awaiting(1, 1, 1, 1, 1);
	for (i = 1; i < 5; i++)
		EXPECT_EQ(put(i, i), 0);
	/* A single Slot: nothing happens. */
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 6, 7), 0);
	LIST_IS(&pl, "1:p1d 2:p2d 3:p3d 4:p4d 6:zA3");
}

static void pl26_errors(void)
{
	build(&pl, "1-4:z 6:p1");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 2, 6), -EINVAL);
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 0, 2), -EINVAL);
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 6, 7), -EINVAL);
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 2, 2), -EINVAL);
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 3, 2), -EINVAL);
	LIST_IS(&pl, "1-4:z 6:p1");
}

static int populate_and_fill(pgoff_t start, pgoff_t end)
{
	unsigned long allocs;
	pgoff_t at;
	int ret = vmop_plist_populate_slots(&pl, start, end);

	if (ret)
		return ret;
	/* What was populated takes pages without memory (DT-11). */
	allocs = shim.allocs;
	for (at = start; at < end; at++)
		EXPECT_EQ(put(at, at % NR_TEST_PAGES), 0);
	EXPECT_EQ(shim.allocs, allocs);
	return 0;
}

static void pl26_all_or_nothing(void)
{
	unsigned int failed;
	pgoff_t at;

	build(&pl, "B+10-400:zA5");
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    populate_and_fill(BASE + 64, BASE + 256)), 0);
	/* Nodes of 64, 128 and 192, and that of the new Start. */
	EXPECT_EQ(failed, 4);
	for (at = BASE + 64; at < BASE + 256; at++)
		EXPECT_EQ(vmop_plist_remove(&pl, at).kind, VMOP_SLOT_PAGE);
	LIST_IS(&pl, "B+10-63:zA5 B+256-400:z");
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    populate_and_fill(BASE + 300, BASE + 301)), 0);
	EXPECT_EQ(failed, 0);
	LIST_IS(&pl, "B+10-63:zA5 B+256-299:z B+300:p300d B+301-400:z");
}

static void pl26_all_or_nothing_from_0(void)
{
	unsigned int failed;
	pgoff_t at;

	build(&pl, "0-300:zA5");
	EXPECT_EQ(FAIL_EACH(&pl, failed, populate_and_fill(0, 200)), 0);
	EXPECT_EQ(failed, 3);
	for (at = 0; at < 200; at++)
		EXPECT_EQ(vmop_plist_remove(&pl, at).kind, VMOP_SLOT_PAGE);
	LIST_IS(&pl, "200-300:z");
}

static void pl27_return_slot(void)
{
	build(&pl, "1-32:zA32");
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 1, 4), 0);
	expect_awaiting(1, 1, 1, 1, 29);
	vmop_plist_return_slot(&pl, 1);
	/* Joined with page 2 only. */
	expect_awaiting(1, 2, 0, 1, 29);
	vmop_plist_return_slot(&pl, 3);
	LIST_IS(&pl, "1-32:zA32");
}

static void pl27_any_order(void)
{
	static const unsigned char orders[6][3] = {
		{ 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
		{ 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 },
	};
	unsigned int i, k;

	for (i = 0; i < 6; i++) {
		build(&pl, "0-9:zA4");
		EXPECT_EQ(vmop_plist_populate_slots(&pl, 4, 7), 0);
		for (k = 0; k < 3; k++)
			vmop_plist_return_slot(&pl, 4 + orders[i][k]);
		LIST_IS(&pl, "0-9:zA4");
		drop(&pl);

		build(&pl, "0-9:zA8");
		EXPECT_EQ(vmop_plist_populate_slots(&pl, 0, 3), 0);
		for (k = 0; k < 3; k++)
			vmop_plist_return_slot(&pl, orders[i][k]);
		LIST_IS(&pl, "0-9:zA8");
		drop(&pl);
	}
}

static void pl27_misuse(void)
{
	build(&pl, "1:p1 3-4:z");
	vmop_plist_return_slot(&pl, 0);
	vmop_plist_return_slot(&pl, 1);
	WARNINGS_ARE(2);
	vmop_plist_return_slot(&pl, 3);
	vmop_plist_return_slot(&pl, 4);
	LIST_IS(&pl, "1:p1 3-4:z");
}

static void pl28_clip_start(void)
{
	build(&pl, "1-32:z");
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 1, 28), 0);
	LIST_IS(&pl, "29-32:z");
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 29, 3), 0);
	LIST_IS(&pl, "32:z");
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 32, 0), 0);
	LIST_IS(&pl, "32:z");
}

static void pl28_clip_start_awaiting(void)
{
	build(&pl, "1-32:zA32");
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 32, 2), 0);
	LIST_IS(&pl, "1-30:zA32");
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 1, 2), 0);
	LIST_IS(&pl, "3-30:zA30");
	vmop_plist_set_interval_awaiting(&pl, 3, 4);
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 3, 4), 0);
	LIST_IS(&pl, "7-30:z");
	vmop_plist_set_interval_awaiting(&pl, 7, 4);
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 7, 10), 0);
	LIST_IS(&pl, "17-30:z");
}

static void pl28_errors(void)
{
	unsigned int failed;

	build(&pl, "1-32:zA3 40:p1");
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 1, 32), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 1, 33), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 2, 1), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 40, 0), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 41, 0), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_start(&pl, 1, 0), 0);
	LIST_IS(&pl, "1-32:zA3 40:p1");
	drop(&pl);

	build(&pl, "1-200:zA3");
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    vmop_plist_clip_interval_start(&pl, 1, 99)), 0);
	EXPECT_EQ(failed, 1);
	LIST_IS(&pl, "100-200:z");
}

static void pl29_clip_end(void)
{
	build(&pl, "1-32:z");
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 32, 28), 0);
	LIST_IS(&pl, "1-4:z");
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 4, 3), 0);
	LIST_IS(&pl, "1:z");
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 1, 0), 0);
	LIST_IS(&pl, "1:z");
}

static void pl29_errors(void)
{
	unsigned int failed;

	build(&pl, "1-32:zA3 40:p1");
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 32, 32), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 32, 33), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 31, 1), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 33, 1), -EINVAL);
	EXPECT_EQ(vmop_plist_clip_interval_end(&pl, 40, 0), -EINVAL);
	LIST_IS(&pl, "1-32:zA3 40:p1");
	drop(&pl);

	build(&pl, "1-200:zA300");
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    vmop_plist_clip_interval_end(&pl, 200, 100)), 0);
	EXPECT_EQ(failed, 1);
	LIST_IS(&pl, "1-100:zA300");
}

static void pl30_replace_page(void)
{
	unsigned long allocs;

	build(&pl, "0:p0 1:p1a 2:p2d 3:p3d 4:p4");
	allocs = shim.allocs;
	EXPECT(vmop_plist_replace_page_with_zero(&pl, 1, VMOP_DIRTY) ==
	       &test_pages[1]);
	LIST_IS(&pl, "0:p0 1:z 2:p2d 3:p3d 4:p4");
	EXPECT(vmop_plist_replace_page_with_zero(&pl, 3, VMOP_DIRTY) ==
	       &test_pages[3]);
	LIST_IS(&pl, "0:p0 1:z 2:p2d 3:z 4:p4");
	EXPECT(vmop_plist_replace_page_with_zero(&pl, 2, VMOP_DIRTY) ==
	       &test_pages[2]);
	LIST_IS(&pl, "0:p0 1-3:z 4:p4");
	EXPECT(vmop_plist_replace_page_with_zero(&pl, 4, VMOP_DIRTY) ==
	       &test_pages[4]);
	EXPECT(vmop_plist_replace_page_with_zero(&pl, 0, VMOP_UNTRACKED) ==
	       &test_pages[0]);
	LIST_IS(&pl, "0:u 1-4:z");
	EXPECT_EQ(shim.allocs, allocs);
}

static void pl30_awaiting(void)
{
	/* Trace 5: growing to the left loses A. */
	build(&pl, "0:p0 1:zA1 3-5:zA3 6:p6d 7-9:zA3");
	vmop_plist_replace_page_with_zero(&pl, 0, VMOP_DIRTY);
	vmop_plist_replace_page_with_zero(&pl, 6, VMOP_DIRTY);
	LIST_IS(&pl, "0-1:z 3-9:zA3");
}

static void pl30_misuse(void)
{
	build(&pl, "1:m 2:r2 3-4:z");
	EXPECT(!vmop_plist_replace_page_with_zero(&pl, 0, VMOP_DIRTY));
	EXPECT(!vmop_plist_replace_page_with_zero(&pl, 1, VMOP_DIRTY));
	EXPECT(!vmop_plist_replace_page_with_zero(&pl, 2, VMOP_DIRTY));
	EXPECT(!vmop_plist_replace_page_with_zero(&pl, 3, VMOP_DIRTY));
	WARNINGS_ARE(4);
	LIST_IS(&pl, "1:m 2:r2 3-4:z");
}

static int overwrite(pgoff_t start, pgoff_t end, enum vmop_dirty_state state)
{
	return vmop_plist_overwrite_zero_interval(&pl, start, end, state);
}

static void pl31_overwrite(void)
{
	build(&pl, "0-9:zA7");
	EXPECT_EQ(overwrite(3, 6, VMOP_UNTRACKED), 0);
	LIST_IS(&pl, "0-2:zA7 3-5:u 6-9:z");
	EXPECT_EQ(overwrite(4, 5, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-2:zA7 3:u 4:z 5:u 6-9:z");
	EXPECT_EQ(overwrite(5, 6, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-2:zA7 3:u 4-9:z");
	EXPECT_EQ(overwrite(3, 4, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-9:zA7");
}

static void pl31_awaiting_at_the_start(void)
{
	build(&pl, "0-9:zA7");
	EXPECT_EQ(overwrite(0, 3, VMOP_UNTRACKED), 0);
	LIST_IS(&pl, "0-2:u 3-9:zA4");
	EXPECT_EQ(overwrite(3, 9, VMOP_UNTRACKED), 0);
	LIST_IS(&pl, "0-8:u 9:z");
	EXPECT_EQ(overwrite(9, 10, VMOP_UNTRACKED), 0);
	LIST_IS(&pl, "0-9:u");
	EXPECT_EQ(overwrite(0, 10, VMOP_DIRTY), 0);
	LIST_IS(&pl, "0-9:z");
	EXPECT_EQ(overwrite(7, 10, VMOP_UNTRACKED), 0);
	LIST_IS(&pl, "0-6:z 7-9:u");
}

static void pl31_errors(void)
{
	unsigned int failed;

	build(&pl, "2-5:zA2 8:p1");
	EXPECT_EQ(overwrite(2, 7, VMOP_DIRTY), -EINVAL);
	EXPECT_EQ(overwrite(2, 7, VMOP_UNTRACKED), -EINVAL);
	EXPECT_EQ(overwrite(1, 3, VMOP_UNTRACKED), -EINVAL);
	EXPECT_EQ(overwrite(8, 9, VMOP_UNTRACKED), -EINVAL);
	EXPECT_EQ(overwrite(3, 3, VMOP_UNTRACKED), -EINVAL);
	EXPECT_EQ(overwrite(4, 3, VMOP_UNTRACKED), -EINVAL);
	/* It has this state already. */
	EXPECT_EQ(overwrite(3, 4, VMOP_DIRTY), 0);
	LIST_IS(&pl, "2-5:zA2 8:p1");
	drop(&pl);

	build(&pl, "10-500:zA400");
	EXPECT_EQ(FAIL_EACH(&pl, failed, overwrite(128, 320, VMOP_UNTRACKED)),
		  0);
	/* 127, 128, 319 and 320 are in four nodes. */
	EXPECT_EQ(failed, 4);
	LIST_IS(&pl, "10-127:zA400 128-319:u 320-500:z");
}

static void expect_interval(pgoff_t at, pgoff_t start, pgoff_t end,
			    enum vmop_dirty_state state, pgoff_t awaiting)
{
	struct vmop_interval iv;

	EXPECT(vmop_plist_find_interval(&pl, at, &iv));
	EXPECT_EQ(iv.start, start);
	EXPECT_EQ(iv.end, end);
	EXPECT_EQ(iv.state, state);
	EXPECT_EQ(iv.awaiting, awaiting);
}

static void pl32_find_interval(void)
{
	struct vmop_interval iv = { .start = 77 };

	build(&pl, "2:zA1 3:p1 4-300:zA6 302-303:u");
	expect_interval(2, 2, 3, VMOP_DIRTY, 1);
	expect_interval(4, 4, 301, VMOP_DIRTY, 6);
	expect_interval(5, 4, 301, VMOP_DIRTY, 6);
	expect_interval(150, 4, 301, VMOP_DIRTY, 6);
	expect_interval(300, 4, 301, VMOP_DIRTY, 6);
	expect_interval(302, 302, 304, VMOP_UNTRACKED, 0);
	expect_interval(303, 302, 304, VMOP_UNTRACKED, 0);
	EXPECT(!vmop_plist_find_interval(&pl, 0, &iv));
	EXPECT(!vmop_plist_find_interval(&pl, 1, &iv));
	EXPECT(!vmop_plist_find_interval(&pl, 3, &iv));
	EXPECT(!vmop_plist_find_interval(&pl, 301, &iv));
	EXPECT(!vmop_plist_find_interval(&pl, 304, &iv));
	EXPECT_EQ(iv.start, 77);
}

static void pl33_page_in_an_interval(void)
{
	build(&pl, "0-2:z");
	EXPECT_EQ(put(1, 1), 0);
	LIST_IS(&pl, "0:z 1:p1d 2:z");
	drop(&pl);

	build(&pl, "0-2:z");
	EXPECT_EQ(put(0, 0), 0);
	LIST_IS(&pl, "0:p0d 1-2:z");
	EXPECT_EQ(put(1, 1), 0);
	LIST_IS(&pl, "0:p0d 1:p1d 2:z");
	EXPECT_EQ(put(2, 2), 0);
	LIST_IS(&pl, "0:p0d 1:p1d 2:p2d");
	drop(&pl);

	build(&pl, "0-2:z");
	EXPECT_EQ(put(2, 2), 0);
	LIST_IS(&pl, "0-1:z 2:p2d");
	EXPECT_EQ(put(1, 1), 0);
	LIST_IS(&pl, "0:z 1:p1d 2:p2d");
	EXPECT_EQ(put(0, 0), 0);
	LIST_IS(&pl, "0:p0d 1:p1d 2:p2d");
}

static void pl33_awaiting(void)
{
	/* WB-13: the left piece keeps all of it. */
	build(&pl, "1-5:zA5");
	EXPECT_EQ(put(2, 2), 0);
	LIST_IS(&pl, "1:zA5 2:p2d 3-5:z");
	drop(&pl);
	/* WB-14: at the first slot it moves on. */
	build(&pl, "1-5:zA3 8-9:zA1 12:zA3");
	EXPECT_EQ(put(1, 1), 0);
	EXPECT_EQ(put(8, 8), 0);
	EXPECT_EQ(put(12, 12), 0);
	LIST_IS(&pl, "1:p1d 2-5:zA2 8:p8d 9:z 12:p12d");
}

static void pl33_without_memory(void)
{
	unsigned int failed;

	build(&pl, "10-300:zA4");
	EXPECT_EQ(FAIL_EACH(&pl, failed, put(128, 1)), 0);
	/* 127 in one node, 128 and 129 in another. */
	EXPECT_EQ(failed, 2);
	LIST_IS(&pl, "10-127:zA4 128:p1d 129-300:z");
	EXPECT_EQ(FAIL_EACH(&pl, failed, put(200, 2)), 0);
	EXPECT_EQ(failed, 1);
	LIST_IS(&pl, "10-127:zA4 128:p1d 129-199:z 200:p2d 201-300:z");
}

static void writeback(pgoff_t start, pgoff_t end)
{
	EXPECT_EQ(vmop_plist_writeback_end(&pl, start, end, NULL, NULL, NULL), 0);
}

/* What was made after the begin is not cleaned by its end, whatever A says. */
static void wb13_new_zeros(void)
{
	/* All tests use one list: this forgets what others left. */
	pl.reach = 0;
	build(&pl, "1-5:zA5");
	EXPECT_EQ(pl.reach, 0);
	EXPECT_EQ(vmop_plist_insert_page(&pl, 3, &test_pages[3], VMOP_DIRTY), 0);
	EXPECT_EQ(pl.reach, 6);
	LIST_IS(&pl, "1-2:zA5 3:p3d 4-5:z");
	EXPECT_EQ(vmop_plist_clear_range(&pl, 4, 5, log_free, NULL), 0);
	vmop_plist_new_zeros(&pl, 4);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 4, 5, VMOP_DIRTY), 0);
	LIST_IS(&pl, "1-2:zA3 3:p3d 4-5:z");
	writeback(1, 6);
	LIST_IS(&pl, "3:p3d 4-5:z");
	drop(&pl);

	/* Right behind the piece that stayed on the left. */
	build(&pl, "1:zA3 2:p2d 3:z");
	vmop_plist_new_zeros(&pl, 2);
	EXPECT(vmop_plist_replace_page_with_zero(&pl, 2, VMOP_DIRTY));
	LIST_IS(&pl, "1-3:zA1");
	drop(&pl);

	/* Cut off and grown again: trace 4, second half. */
	build(&pl, "1-2:zA2");
	EXPECT_EQ(vmop_plist_clear_range(&pl, 2, 3, log_free, NULL), 0);
	vmop_plist_new_zeros(&pl, 2);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 2, 3, VMOP_DIRTY), 0);
	writeback(1, 3);
	LIST_IS(&pl, "2:z");
}

/* Several pieces reach over the place; what begins behind it is left alone. */
static void wb13_new_zeros_many_pieces(void)
{
	pl.reach = 0;
	build(&pl, "1:zA9 2:p2a 3:zA7 4:p4 5:zA1 7:zA3 8:p8 9:z");
	EXPECT_EQ(pl.reach, 10);
	vmop_plist_new_zeros(&pl, 10);
	LIST_IS(&pl, "1:zA9 2:p2a 3:zA7 4:p4 5:zA1 7:zA3 8:p8 9:z");
	vmop_plist_new_zeros(&pl, 6);
	LIST_IS(&pl, "1:zA5 2:p2a 3:zA3 4:p4 5:zA1 7:zA3 8:p8 9:z");
	EXPECT_EQ(pl.reach, 10);
	vmop_plist_new_zeros(&pl, 2);
	LIST_IS(&pl, "1:zA1 2:p2a 3:zA3 4:p4 5:zA1 7:zA3 8:p8 9:z");
	vmop_plist_new_zeros(&pl, 8);
	LIST_IS(&pl, "1:zA1 2:p2a 3:zA3 4:p4 5:zA1 7:zA1 8:p8 9:z");
	EXPECT_EQ(pl.reach, 6);
	vmop_plist_new_zeros(&pl, 0);
	LIST_IS(&pl, "1:zA1 2:p2a 3:zA3 4:p4 5:zA1 7:zA1 8:p8 9:z");
	EXPECT_EQ(pl.reach, 6);
	/* Nothing reaches further any more: nothing is looked at. */
	shim.yields = 0;
	vmop_plist_new_zeros(&pl, 6);
	EXPECT_EQ(shim.yields, 0);
	vmop_plist_new_zeros(&pl, 4);
	EXPECT_EQ(shim.yields, 4);
	EXPECT_EQ(pl.reach, 0);
}

const struct unit_test interval_tests[] = {
	UNIT(pl25_alone),
	UNIT(pl25_joins_same_state),
	UNIT(pl25_joins_single_slots),
	UNIT(pl25_awaiting),
	UNIT(pl25_errors),
	UNIT(pl25_without_memory),
	UNIT(pl26_numbers),
	UNIT(pl26_three_at_the_start),
	UNIT(pl26_not_at_the_start),
	UNIT(pl26_whole_interval),
	UNIT(pl26_errors),
	UNIT(pl26_all_or_nothing),
	UNIT(pl26_all_or_nothing_from_0),
	UNIT(pl27_return_slot),
	UNIT(pl27_any_order),
	UNIT(pl27_misuse),
	UNIT(pl28_clip_start),
	UNIT(pl28_clip_start_awaiting),
	UNIT(pl28_errors),
	UNIT(pl29_clip_end),
	UNIT(pl29_errors),
	UNIT(pl30_replace_page),
	UNIT(pl30_awaiting),
	UNIT(pl30_misuse),
	UNIT(pl31_overwrite),
	UNIT(pl31_awaiting_at_the_start),
	UNIT(pl31_errors),
	UNIT(pl32_find_interval),
	UNIT(pl33_page_in_an_interval),
	UNIT(pl33_awaiting),
	UNIT(pl33_without_memory),
	UNIT(wb13_new_zeros),
	UNIT(wb13_new_zeros_many_pieces),
	{ 0 }
};
