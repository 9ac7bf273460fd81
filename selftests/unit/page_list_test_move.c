// SPDX-License-Identifier: GPL-2.0
/*
 * Removing ranges, moving content between lists: PL-17 to PL-19 and PL-34 to
 * PL-36.
 */
#include "page_list_test.h"

static int clear(pgoff_t start, pgoff_t end)
{
	return vmop_plist_clear_range(&pl, start, end, log_free, NULL);
}

static void pl17_clear_all(void)
{
	build(&pl, "0:p0 1:m 2:r2 4-70:z 71:p71d B+9:r9");
	vmop_plist_clear_all(&pl, log_free, NULL);
	LOG_IS("0:p0 2:r2 71:p71 1099511627785:r9");
	LIST_IS(&pl, "");
	EXPECT_EQ(shim.nodes, 0);
	EXPECT(vmop_plist_is_empty(&pl));
}

static void pl17_more_than_one_batch(void)
{
	char want[4096] = "", word[32];
	unsigned int i;

	for (i = 0; i < 300; i++)
		EXPECT_EQ(i % 3 == 1 ? vmop_plist_insert_marker(&pl, i) :
			  vmop_plist_insert_page(&pl, i, &test_pages[i],
						 VMOP_DIRTY), 0);
	EXPECT_EQ(clear(20, 300), 0);
	for (i = 20; i < 300; i++) {
		if (i % 3 == 1)
			continue;
		snprintf(word, sizeof(word), "%s%u:p%u", *want ? " " : "", i,
			 i);
		strcat(want, word);
	}
	LOG_IS(want);
	EXPECT_EQ(vmop_plist_next_content(&pl, 20, 1000), 1000);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 0, 1000), 13);
	/* 512 markers: more than is removed under one hold of the lock. */
	for (i = 100; i < 612; i++)
		EXPECT_EQ(vmop_plist_insert_marker(&pl, i), 0);
	EXPECT_EQ(clear(100, 611), 0);
	EXPECT_EQ(vmop_plist_next_content(&pl, 100, 1000), 611);
}

/* The XArray's lock is not held for long, nor taken for each entry. */
static void clear_range_in_batches(void)
{
	unsigned long acquired;
	unsigned int i;

	for (i = 0; i < 40; i++)
		EXPECT_EQ(vmop_plist_insert_page(&pl, i, &test_pages[i],
						 VMOP_CLEAN), 0);
	for (i = 40; i < 1000; i++)
		EXPECT_EQ(vmop_plist_insert_marker(&pl, i), 0);
	acquired = shim.acquired;
	EXPECT_EQ(vmop_plist_clear_range(&pl, 0, 40, forget, NULL), 0);
	EXPECT_EQ(shim.acquired - acquired, 4);
	acquired = shim.acquired;
	EXPECT_EQ(vmop_plist_clear_range(&pl, 40, 1000, forget, NULL), 0);
	EXPECT_EQ(shim.acquired - acquired, 5);
	LIST_IS(&pl, "");
}

static void clear_range_borders(void)
{
	build(&pl, "1:p1 2:m 3:p3 5:r5 6:p6");
	EXPECT_EQ(clear(2, 6), 0);
	LOG_IS("3:p3 5:r5");
	LIST_IS(&pl, "1:p1 6:p6");
	EXPECT_EQ(clear(2, 6), 0);
	EXPECT_EQ(clear(1, 1), 0);
	EXPECT_EQ(clear(6, 1), 0);
	LIST_IS(&pl, "1:p1 6:p6");
	EXPECT_EQ(clear(0, VMOP_PLIST_MAX_PAGES), 0);
	LOG_IS("1:p1 6:p6");
	LIST_IS(&pl, "");
}

static void clear_range_clips_intervals(void)
{
	build(&pl, "1-9:zA9");
	EXPECT_EQ(clear(4, 6), 0);
	LIST_IS(&pl, "1-3:zA9 6-9:z");
	EXPECT_EQ(clear(0, 2), 0);
	LIST_IS(&pl, "2-3:zA8 6-9:z");
	EXPECT_EQ(clear(9, 12), 0);
	LIST_IS(&pl, "2-3:zA8 6-8:z");
	EXPECT_EQ(clear(3, 7), 0);
	LIST_IS(&pl, "2:zA8 7-8:z");
	EXPECT_EQ(clear(0, 8), 0);
	LIST_IS(&pl, "8:z");
	EXPECT_EQ(clear(8, 9), 0);
	LIST_IS(&pl, "");
}

static void clear_range_inside_one_interval(void)
{
	build(&pl, "1-9:u");
	EXPECT_EQ(clear(2, 9), 0);
	LIST_IS(&pl, "1:u 9:u");
	build(&pl, "20-29:zA4");
	EXPECT_EQ(clear(20, 22), 0);
	LIST_IS(&pl, "1:u 9:u 22-29:zA2");
	EXPECT_EQ(clear(28, 30), 0);
	LIST_IS(&pl, "1:u 9:u 22-27:zA2");
	EXPECT_EQ(clear(22, 26), 0);
	LIST_IS(&pl, "1:u 9:u 26-27:z");
	EXPECT_EQ(clear(26, 28), 0);
	LIST_IS(&pl, "1:u 9:u");
}

static void clear_range_without_memory(void)
{
	unsigned int failed;

	build(&pl, "0:p0 10-600:zA300");
	EXPECT_EQ(FAIL_EACH(&pl, failed, clear(100, 300)), 0);
	EXPECT_EQ(failed, 2);
	LIST_IS(&pl, "0:p0 10-99:zA300 300-600:z");
	/* What does not cut an interval needs no memory. */
	EXPECT_EQ(FAIL_EACH(&pl, failed, clear(5, 700)), 0);
	EXPECT_EQ(failed, 0);
	LIST_IS(&pl, "0:p0");
}

/* Removes odd positions; answers what ctx says at one of them. */
static int odd(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	int ret = log_slot(ctx, pgoff, slot);

	if (ret < 0)
		return ret;
	return ret | (pgoff % 2 ? VMOP_PLIST_REMOVE : 0);
}

static void log_freed(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	/* It has left the list. */
	SLOT_IS(vmop_plist_lookup(&pl, pgoff), "empty");
	log_add("freed");
}

static void pl18_remove_pages(void)
{
	build(&pl, "1:p1 2:p2 3:m 4:m 5:r5 6:r6 7:p7d 9:p9");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 1, 9, odd, NULL, log_freed,
					  NULL), 0);
	LOG_IS("1:p1 freed 2:p2 3:m 4:m 5:r5 freed 6:r6 7:p7 freed");
	LIST_IS(&pl, "2:p2 4:m 6:r6 9:p9");
}

static void pl18_stop_and_errors(void)
{
	struct answer stop = { .at = 3, .ret = VMOP_PLIST_STOP };
	struct answer fail = { .at = 3, .ret = -EIO };
	struct answer keep = { .at = 4, .ret = VMOP_PLIST_STOP };

	build(&pl, "1:p1 3:p3 4:p4 5:p5");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 0, 9, odd, NULL, log_freed,
					  &fail), -EIO);
	LOG_IS("1:p1 freed 3:p3");
	LIST_IS(&pl, "3:p3 4:p4 5:p5");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 0, 9, odd, NULL, log_freed,
					  &stop), 0);
	LOG_IS("3:p3 freed");
	LIST_IS(&pl, "4:p4 5:p5");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 0, 9, odd, NULL, log_freed,
					  &keep), 0);
	LOG_IS("4:p4");
	LIST_IS(&pl, "4:p4 5:p5");
}

static void pl18_intervals_stay(void)
{
	build(&pl, "1:z 3-5:z 7:u");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 0, 9, odd, NULL, log_freed,
					  NULL), 0);
	LOG_IS("1:z 3:z 5:z 7:z");
	WARNINGS_ARE(4);
	LIST_IS(&pl, "1:z 3-5:z 7:u");
}

static void pl19_remove_pages_and_gaps(void)
{
	struct answer stop = { .at = 4, .ret = VMOP_PLIST_STOP };

	build(&pl, "1:p1 2:p2 6-8:z 9:p9");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 0, 4, odd, log_gap, log_freed,
					  NULL), 0);
	/* A position that it emptied is no gap of this walk. */
	LOG_IS("gap[0,1) 1:p1 freed 2:p2 gap[3,4)");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 4, 11, odd, log_gap, log_freed,
					  &stop), 0);
	LOG_IS("gap[4,6)");
	EXPECT_EQ(vmop_plist_remove_pages(&pl, 7, 11, odd, log_gap, log_freed,
					  NULL), 0);
	LOG_IS("8:z 9:p9 freed gap[10,11)");
	LIST_IS(&pl, "2:p2 6-8:z");
}

static bool migrate_odd(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	/* Out of the one list, not yet in the other. */
	SLOT_IS(vmop_plist_lookup(&other, pgoff), "empty");
	EXPECT_EQ(log_slot(ctx, pgoff, slot), 0);
	log_add("go");
	return pgoff % 2;
}

static int merge_from(pgoff_t start, pgoff_t end, vmop_plist_match_fn migrate)
{
	return vmop_plist_merge_from(&pl, &other, start, end, log_free,
				     migrate, NULL);
}

static void pl34_merge_from(void)
{
	build(&pl, "1:p1 3:m 5:z");
	build(&other, "9:p9 10:p10 11:p11 12:m 13:p13 14:p14d");
	build(&other, "15:r15 16:p16a 20:p20");
	EXPECT_EQ(merge_from(10, 20, NULL), 0);
	/* Occupied first, then what lies outside. */
	LOG_IS("11:p11 13:p13 15:r15 9:p9 20:p20");
	LIST_IS(&pl, "0:p10 1:p1 2:m 3:m 4:p14d 5:z 6:p16a");
	LIST_IS(&other, "");
	EXPECT(vmop_plist_is_empty(&other));
}

static void pl34_migrate(void)
{
	unsigned long nodes;

	build(&pl, "1:p1");
	build(&other, "10:p10 11:p11 12:m 13:p13 80:p80");
	nodes = shim.nodes;
	EXPECT_EQ(nodes, 4);
	EXPECT_EQ(merge_from(10, 90, migrate_odd), 0);
	LOG_IS("10:p10 go 11:p11 12:m go 13:p13 go 80:p80 go");
	LIST_IS(&pl, "0:p10 1:p1 2:m 70:p80");
	drop(&pl);

	/* What was reserved for what migrated is given back. */
	build(&other, "201:p1 205:p5");
	EXPECT_EQ(merge_from(10, 999, migrate_odd), 0);
	LOG_IS("201:p1 go 205:p5 go");
	EXPECT_EQ(shim.nodes, 0);
}

static void pl34_nothing_in_the_window(void)
{
	build(&other, "1:p1 2:m 30:p3");
	EXPECT_EQ(merge_from(10, 20, NULL), 0);
	LOG_IS("1:p1 30:p3");
	build(&other, "1:p1 5-8:z");
	EXPECT_EQ(merge_from(4, 4, NULL), 0);
	LOG_IS("1:p1");
	build(&other, "5:p1");
	EXPECT_EQ(merge_from(7, 3, NULL), 0);
	LOG_IS("5:p1");
	LIST_IS(&pl, "");
	LIST_IS(&other, "");
}

static void pl34_intervals_refused(void)
{
	build(&pl, "3:p1");
	build(&other, "10:p10 12-14:z 16:p16");
	EXPECT_EQ(merge_from(10, 17, NULL), -EINVAL);
	EXPECT_EQ(merge_from(13, 14, NULL), -EINVAL);
	EXPECT_EQ(merge_from(14, 17, NULL), -EINVAL);
	EXPECT_EQ(merge_from(0, 13, NULL), -EINVAL);
	LIST_IS(&pl, "3:p1");
	LIST_IS(&other, "10:p10 12-14:z 16:p16");
	/* Outside of the window they go with the rest. */
	EXPECT_EQ(merge_from(15, 20, NULL), 0);
	LOG_IS("10:p10");
	LIST_IS(&pl, "1:p16 3:p1");
	LIST_IS(&other, "");
}

static void pl34_without_memory(void)
{
	const char *text = "1:p1 64:p2 65:m 128:p3 4096:p4 B+0:p5";
	unsigned int failed;

	build(&pl, "300:p9");
	build(&other, text);
	EXPECT_EQ(FAIL_EACH(&pl, failed, ({
		int ret = merge_from(0, VMOP_PLIST_MAX_PAGES, NULL);

		if (ret)
			LIST_IS(&other, "1:p1 64:p2 65:m 128:p3 B+0:p5");
		ret;
	})), 0);
	/* Three leaves, one for 4096, and what leads to BASE. */
	EXPECT(failed > 5);
	EXPECT_EQ(vmop_plist_lookup(&pl, 4096).page->id, 4);
	LIST_IS(&pl, "1:p1 64:p2 65:m 128:p3 300:p9 B+0:p5");
	vmop_plist_remove(&pl, 4096);
}

static int merge_onto(void)
{
	return vmop_plist_merge_onto(&pl, &other, log_free, NULL);
}

static void pl35_merge_onto(void)
{
	build(&pl, "0:p0 18:p1");
	build(&other, "0:p2 33:p3");
	EXPECT_EQ(merge_onto(), 0);
	LOG_IS("0:p2");
	LIST_IS(&other, "0:p0 18:p1 33:p3");
	LIST_IS(&pl, "");
	EXPECT(vmop_plist_is_empty(&pl));
}

static void pl35_everything_wins(void)
{
	build(&pl, "0:m 1:p1d 2:r2 3:p3 4:m 5:p5a");
	build(&other, "0:p10d 1:p11 2:p12d 3:r13 4:m 5:m 7-9:z");
	EXPECT_EQ(merge_onto(), 0);
	LOG_IS("0:p10 1:p11 2:p12 3:r13");
	LIST_IS(&other, "0:m 1:p1d 2:r2 3:p3 4:m 5:p5a 7-9:z");
}

static void pl35_intervals_refused(void)
{
	build(&pl, "2:p2 8:p8");
	build(&other, "0:p0 7-9:z");
	EXPECT_EQ(merge_onto(), -EINVAL);
	LIST_IS(&pl, "2:p2 8:p8");
	LIST_IS(&other, "0:p0 7-9:z");
	vmop_plist_remove(&pl, 8);
	build(&pl, "20:z");
	EXPECT_EQ(merge_onto(), -EINVAL);
	LIST_IS(&pl, "2:p2 20:z");
}

static void pl35_without_memory(void)
{
	unsigned int failed;

	build(&pl, "1:p1 64:p2 128:p3");
	build(&other, "64:p9");
	EXPECT_EQ(FAIL_EACH(&other, failed, ({
		int ret = merge_onto();

		if (ret)
			LIST_IS(&pl, "1:p1 64:p2 128:p3");
		else
			LOG_IS("64:p9");
		ret;
	})), 0);
	EXPECT_EQ(failed, 2);
	LIST_IS(&other, "1:p1 64:p2 128:p3");
}

static int merge_range(pgoff_t start, pgoff_t end, pgoff_t target)
{
	return vmop_plist_merge_range_onto(&pl, start, end, &other, target,
					   log_free, NULL);
}

static void pl36_merge_range(void)
{
	build(&pl, "9:p9 10:p10 11:m 12:p12d 13:p13 14:r14 15:p15");
	build(&other, "5:p1 103:p2 104-105:u 110:m");
	EXPECT_EQ(merge_range(10, 15, 100), 0);
	/* The target's entries win. */
	LOG_IS("13:p13 14:r14");
	LIST_IS(&other, "5:p1 100:p10 101:m 102:p12d 103:p2 104-105:u 110:m");
	LIST_IS(&pl, "9:p9 15:p15");
	EXPECT_EQ(merge_range(9, 9, 0), 0);
	EXPECT_EQ(merge_range(9, 10, 0), 0);
	EXPECT_EQ(merge_range(15, 16, 1), 0);
	LIST_IS(&pl, "");
	drop(&other);
}

static void pl36_errors(void)
{
	pgoff_t last = VMOP_PLIST_MAX_PAGES - 1;

	build(&pl, "2:p2 3:p3 6-8:z");
	EXPECT_EQ(merge_range(0, 7, 0), -EINVAL);
	EXPECT_EQ(merge_range(7, 8, 0), -EINVAL);
	EXPECT_EQ(merge_range(2, 5, last), -ERANGE);
	LIST_IS(&pl, "2:p2 3:p3 6-8:z");
	EXPECT(vmop_plist_is_empty(&other));
	EXPECT_EQ(merge_range(3, 5, last), 0);
	LIST_IS(&pl, "2:p2 6-8:z");
	SLOT_IS(vmop_plist_remove(&other, last), "p3");
	/* What failed has not left reserved positions behind. */
	EXPECT_EQ(vmop_plist_insert_page(&pl, 0, test_pages, VMOP_DIRTY), 0);
	EXPECT_EQ(merge_range(0, 8, 0), -EINVAL);
	EXPECT_EQ(shim.nodes, 1);
	drop(&other);
}

const struct unit_test move_tests[] = {
	UNIT(pl17_clear_all),
	UNIT(pl17_more_than_one_batch),
	UNIT(clear_range_in_batches),
	UNIT(clear_range_borders),
	UNIT(clear_range_clips_intervals),
	UNIT(clear_range_inside_one_interval),
	UNIT(clear_range_without_memory),
	UNIT(pl18_remove_pages),
	UNIT(pl18_stop_and_errors),
	UNIT(pl18_intervals_stay),
	UNIT(pl19_remove_pages_and_gaps),
	UNIT(pl34_merge_from),
	UNIT(pl34_migrate),
	UNIT(pl34_nothing_in_the_window),
	UNIT(pl34_intervals_refused),
	UNIT(pl34_without_memory),
	UNIT(pl35_merge_onto),
	UNIT(pl35_everything_wins),
	UNIT(pl35_intervals_refused),
	UNIT(pl35_without_memory),
	UNIT(pl36_merge_range),
	UNIT(pl36_errors),
	{ 0 }
};
