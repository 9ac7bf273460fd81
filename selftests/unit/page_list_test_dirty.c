// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty state and writeback: DT-1, DT-2, QRY-2, QRY-3,
 * WB-2 to WB-20, the traces of section D.5a, and stores that race with it all.
 */
#include "page_list_test.h"

/* WB_BEGIN and WB_END with ranges as the semantics write them. */
static pgoff_t pinned = ULONG_MAX;

static bool not_pinned(void *ctx, pgoff_t pgoff, struct vmop_page *page)
{
	might_sleep();
	EXPECT(vmop_plist_lookup(&pl, pgoff).page == page);
	return pgoff != pinned;
}

static void begin(pgoff_t start, pgoff_t nr)
{
	vmop_plist_writeback_begin(&pl, start, start + nr, not_pinned, NULL);
}

static void begin_zero(pgoff_t start, pgoff_t nr)
{
	vmop_plist_writeback_begin(&pl, start, start + nr, NULL, NULL);
}

static void end(pgoff_t start, pgoff_t nr)
{
	EXPECT_EQ(vmop_plist_writeback_end(&pl, start, start + nr, NULL, NULL,
					   NULL), 0);
}

static void write_page(pgoff_t at)
{
	EXPECT_EQ(vmop_plist_insert_page(&pl, at, &test_pages[at], VMOP_DIRTY),
		  0);
}

/* The whole query, as the semantics write it, into the log. */
static void query(pgoff_t start, pgoff_t stop)
{
	struct vmop_dirty_run run;

	while (vmop_plist_next_dirty(&pl, start, stop, &run)) {
		EXPECT(run.start >= start && run.start < run.end);
		log_add("{%lu,%lu%s}", run.start, run.end - run.start,
			run.zero ? ",Z" : "");
		start = run.end;
	}
}

static enum vmop_dirty_state state(pgoff_t at)
{
	return vmop_plist_page_state(&pl, at);
}

static void dt1_states(void)
{
	static const enum vmop_dirty_state states[] = {
		VMOP_UNTRACKED, VMOP_CLEAN, VMOP_DIRTY, VMOP_AWAITING_CLEAN,
	};
	unsigned int from, to;

	for (from = 0; from < 4; from++) {
		for (to = 0; to < 4; to++) {
			EXPECT_EQ(vmop_plist_insert_page(&pl, 0, test_pages,
							 states[from]), 0);
			EXPECT_EQ(state(0), max(states[from], VMOP_CLEAN));
			vmop_plist_set_page_state(&pl, 0, states[to]);
			EXPECT_EQ(state(0), max(states[to], VMOP_CLEAN));
			EXPECT(!vmop_plist_check(&pl, &nr_reserved));
			SLOT_IS(vmop_plist_remove(&pl, 0), "p0");
		}
	}
}

static void dt1_only_of_pages(void)
{
	pgoff_t at;

	build(&pl, "0:m 1:r1 2-4:z");
	for (at = 0; at < 6; at++)
		vmop_plist_set_page_state(&pl, at, VMOP_AWAITING_CLEAN);
	WARNINGS_ARE(6);
	for (at = 0; at < 6; at++)
		EXPECT(!vmop_plist_change_page_state(&pl, at, VMOP_CLEAN,
						     VMOP_DIRTY));
	LIST_IS(&pl, "0:m 1:r1 2-4:z");
}

static void dt2_change_state(void)
{
	build(&pl, "0:p0 1:p1d 2:p2a");
	EXPECT(!vmop_plist_change_page_state(&pl, 0, VMOP_DIRTY, VMOP_CLEAN));
	EXPECT(!vmop_plist_change_page_state(&pl, 0, VMOP_AWAITING_CLEAN,
					     VMOP_CLEAN));
	EXPECT(!vmop_plist_change_page_state(&pl, 1, VMOP_AWAITING_CLEAN,
					     VMOP_CLEAN));
	EXPECT(!vmop_plist_change_page_state(&pl, 1, VMOP_UNTRACKED,
					     VMOP_AWAITING_CLEAN));
	EXPECT(!vmop_plist_change_page_state(&pl, 2, VMOP_DIRTY, VMOP_CLEAN));
	LIST_IS(&pl, "0:p0 1:p1d 2:p2a");
	EXPECT(vmop_plist_change_page_state(&pl, 2, VMOP_AWAITING_CLEAN,
					    VMOP_CLEAN));
	EXPECT(vmop_plist_change_page_state(&pl, 1, VMOP_DIRTY,
					    VMOP_AWAITING_CLEAN));
	EXPECT(vmop_plist_change_page_state(&pl, 0, VMOP_UNTRACKED,
					    VMOP_DIRTY));
	LIST_IS(&pl, "0:p0d 1:p1a 2:p2");
	EXPECT(vmop_plist_change_page_state(&pl, 2, VMOP_CLEAN, VMOP_DIRTY));
	LIST_IS(&pl, "0:p0d 1:p1a 2:p2d");
}

static void dt2_mark_dirty(void)
{
	build(&pl, "0:p0 1:p1d 2:p2a 3:m 4:r1 5-6:u");
	EXPECT(vmop_plist_mark_dirty(&pl, 0, &test_pages[0]));
	EXPECT(vmop_plist_mark_dirty(&pl, 1, &test_pages[1]));
	EXPECT(vmop_plist_mark_dirty(&pl, 2, &test_pages[2]));
	LIST_IS(&pl, "0:p0d 1:p1d 2:p2d 3:m 4:r1 5-6:u");
	EXPECT(!vmop_plist_mark_dirty(&pl, 0, &test_pages[1]));
	EXPECT(!vmop_plist_mark_dirty(&pl, 3, &test_pages[0]));
	EXPECT(!vmop_plist_mark_dirty(&pl, 4, &test_pages[0]));
	EXPECT(!vmop_plist_mark_dirty(&pl, 5, &test_pages[0]));
	EXPECT(!vmop_plist_mark_dirty(&pl, 9, &test_pages[0]));
	LIST_IS(&pl, "0:p0d 1:p1d 2:p2d 3:m 4:r1 5-6:u");
}

static void nr_dirty(void)
{
	build(&pl, "0:p0 1:p1d 2:p2a 3:m 5-8:zA2 9:p9d B+0:p3d");
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 0, ULONG_MAX), 4);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 1, 2), 1);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 2, 9), 1);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 2, 10), 2);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 0, 1), 0);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 2, 2), 0);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 2, 1), 0);
}

static void qry2_runs_of_pages(void)
{
	build(&pl, "0:p0d 1:p1a 2:p2d 3:p3 4:p4d 5:m 6:p6a 8:p8d B+0:p9d");
	query(0, ULONG_MAX);
	LOG_IS("{0,3} {4,1} {6,1} {8,1} {1099511627776,1}");
	query(1, 2);
	LOG_IS("{1,1}");
	query(2, 5);
	LOG_IS("{2,1} {4,1}");
	query(3, 3);
	query(9, 3);
	query(3, 4);
	LOG_IS("");
}

static void qry3_intervals_clipped_never_merged(void)
{
	build(&pl, "0:p0d 1-3:zA2 4:p4d 5:z 6-7:u 8:p8a");
	query(0, 10);
	LOG_IS("{0,1} {1,3,Z} {4,1} {5,1,Z} {8,1}");
	query(2, 10);
	LOG_IS("{2,2,Z} {4,1} {5,1,Z} {8,1}");
	query(0, 2);
	LOG_IS("{0,1} {1,1,Z}");
	query(2, 3);
	LOG_IS("{2,1,Z}");
	query(3, 4);
	LOG_IS("{3,1,Z}");
	/* Untracked intervals are not reported, from wherever they are seen. */
	query(6, 8);
	query(7, 8);
	LOG_IS("");
	query(7, 9);
	LOG_IS("{8,1}");
}

static void qry7_examples(void)
{
	build(&pl, "1:p1d 2:p2d 3:z 4:p4d 5:z");
	query(0, 6);
	LOG_IS("{1,2} {3,1,Z} {4,1} {5,1,Z}");
}

static void wb2_pages(void)
{
	build(&pl, "0:p0 1:p1d 2:p2a 3:p3d 4:m 5:r5 6:p6d");
	pinned = 3;
	begin(0, 6);
	LIST_IS(&pl, "0:p0 1:p1a 2:p2a 3:p3d 4:m 5:r5 6:p6d");
	pinned = ULONG_MAX;
	begin(3, 1);
	LIST_IS(&pl, "0:p0 1:p1a 2:p2a 3:p3a 4:m 5:r5 6:p6d");
	begin(7, 0);
	LIST_IS(&pl, "0:p0 1:p1a 2:p2a 3:p3a 4:m 5:r5 6:p6d");
}

static void wb4_first_slot_in_range(void)
{
	build(&pl, "1-4:z 6:z 8-9:u 11-12:z");
	begin(2, 3);
	LIST_IS(&pl, "1-4:z 6:z 8-9:u 11-12:z");
	begin(0, 3);
	LIST_IS(&pl, "1-4:zA2 6:z 8-9:u 11-12:z");
	begin_zero(1, 3);
	LIST_IS(&pl, "1-4:zA3 6:z 8-9:u 11-12:z");
	begin(0, 12);
	LIST_IS(&pl, "1-4:zA4 6:zA1 8-9:u 11-12:zA1");
}

static void wb5_begin_never_shrinks(void)
{
	build(&pl, "1-4:zA3 6-7:zA5");
	begin(1, 1);
	begin(6, 2);
	LIST_IS(&pl, "1-4:zA3 6-7:zA5");
	begin(1, 4);
	begin(1, 4);
	LIST_IS(&pl, "1-4:zA4 6-7:zA5");
	/* Adjacent to the awaiting part, but not at the start: ignored. */
	build(&pl, "20-25:z");
	begin(20, 2);
	begin(22, 3);
	LIST_IS(&pl, "1-4:zA4 6-7:zA5 20-25:zA2");
}

static void wb7_begin_does_not_show(void)
{
	build(&pl, "0:p0d 1-3:z 4:p4d 5:p5");
	query(0, 9);
	LOG_IS("{0,1} {1,3,Z} {4,1}");
	begin(0, 9);
	query(0, 9);
	LOG_IS("{0,1} {1,3,Z} {4,1}");
}

static void wb10_pages(void)
{
	build(&pl, "0:p0 1:p1d 2:p2a 3:p3a 4:p4d 5:p5a");
	EXPECT_EQ(vmop_plist_writeback_end(&pl, 0, 5, log_slot, NULL, NULL), 0);
	LOG_IS("2:p2 3:p3");
	LIST_IS(&pl, "0:p0 1:p1d 2:p2 3:p3 4:p4d 5:p5a");
	EXPECT_EQ(vmop_plist_writeback_end(&pl, 5, 5, log_slot, NULL, NULL), 0);
	EXPECT_EQ(vmop_plist_writeback_end(&pl, 0, 5, log_slot, NULL, NULL), 0);
	LIST_IS(&pl, "0:p0 1:p1d 2:p2 3:p3 4:p4d 5:p5a");
}

static void wb11_end_tells_of_gaps(void)
{
	build(&pl, "0:zA1 1:p1d 2-5:zA2 7-9:zA3 11-12:z");
	EXPECT_EQ(vmop_plist_writeback_end(&pl, 0, 9, NULL, log_gap, NULL), 0);
	LOG_IS("gap[0,1) gap[2,4) gap[7,9)");
	LIST_IS(&pl, "1:p1d 4-5:z 9:zA1 11-12:z");
	EXPECT_EQ(vmop_plist_writeback_end(&pl, 0, 13, NULL, log_gap, NULL), 0);
	LOG_IS("gap[9,10)");
}

static void wb12_end_from_the_middle(void)
{
	build(&pl, "1-4:zA4");
	end(2, 3);
	end(0, 1);
	end(4, 9);
	LIST_IS(&pl, "1-4:zA4");
	end(0, 9);
	LIST_IS(&pl, "");
}

static void wb13_reach_over_a_page(void)
{
	build(&pl, "1-5:z");
	begin(1, 5);
	write_page(2);
	write_page(4);
	LIST_IS(&pl, "1:zA5 2:p2d 3:z 4:p4d 5:z");
	end(1, 5);
	LIST_IS(&pl, "2:p2d 4:p4d");
	query(0, 9);
	LOG_IS("{2,1} {4,1}");
}

static void wb13_not_beyond_what_was_begun(void)
{
	build(&pl, "1-9:z");
	begin(1, 5);
	write_page(2);
	end(1, 9);
	/* 1 to 5 were begun; 6 to 9 stay. */
	LIST_IS(&pl, "2:p2d 6-9:z");
	drop(&pl);

	build(&pl, "1-9:z");
	begin(1, 5);
	write_page(2);
	end(1, 3);
	/* Only 3 of the right piece is in the range. */
	LIST_IS(&pl, "2:p2d 4-9:z");
}

static void wb15_partial_end(void)
{
	build(&pl, "1-4:z");
	begin(1, 4);
	end(1, 1);
	LIST_IS(&pl, "2-4:zA3");
	query(0, 9);
	LOG_IS("{2,3,Z}");
	end(2, 3);
	LIST_IS(&pl, "");
	drop(&pl);

	build(&pl, "1-4:z");
	begin(1, 1);
	end(1, 1);
	LIST_IS(&pl, "2-4:z");
	begin(2, 1);
	end(2, 1);
	LIST_IS(&pl, "3-4:z");
	begin(3, 2);
	end(3, 2);
	LIST_IS(&pl, "");
}

static void wb16_end_without_begin(void)
{
	build(&pl, "0:p0d 1-3:z 5:z 7:u 8:p8d");
	end(0, 9);
	LIST_IS(&pl, "0:p0d 1-3:z 5:z 7:u 8:p8d");
	begin(0, 9);
	end(0, 9);
	LIST_IS(&pl, "0:p0 7:u 8:p8");
	end(0, 9);
	LIST_IS(&pl, "0:p0 7:u 8:p8");
}

static void wb18_right_growth(void)
{
	build(&pl, "1:z");
	begin(1, 1);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 2, 4, VMOP_DIRTY), 0);
	LIST_IS(&pl, "1-3:zA1");
	end(1, 3);
	LIST_IS(&pl, "2-3:z");
}

static void wb19_shrink(void)
{
	build(&pl, "1-9:z");
	begin(1, 6);
	EXPECT_EQ(vmop_plist_clear_range(&pl, 5, 10, log_free, NULL), 0);
	LIST_IS(&pl, "1-4:zA6");
	end(1, 4);
	LIST_IS(&pl, "");
}

static void wb20_end_without_memory(void)
{
	/* The first and the second interval need a node for their new Start. */
	static const char *const left[] = {
		"0-200:zA100 250:p1 560-600:z 700:p2",
		"100-200:z 250:p1 260-600:zA300 700:p2",
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		build(&pl, "0-200:zA100 250:p1a 260-600:zA300 700:p2a");
		build(&pl, "800-810:zA11");
		shim.fail_at = shim.allocs + i + 1;
		EXPECT_EQ(vmop_plist_writeback_end(&pl, 0, 900, NULL, NULL,
						   NULL), -ENOMEM);
		shim.fail_at = 0;
		/* What failed stays dirty, the rest is done. */
		SLOT_IS(vmop_plist_lookup(&pl, 805), "empty");
		SLOT_IS(vmop_plist_remove(&pl, 700), "p2");
		build(&pl, "700:p2");
		LIST_IS(&pl, left[i]);
		end(0, 900);
		query(0, 900);
		LOG_IS("{100,101,Z} {560,41,Z}");
		drop(&pl);
	}
}

static void wb21_end_before_dirty(void)
{
	build(&pl, "0:p0d");
	begin(0, 1);
	end(0, 1);
	query(0, 1);
	LOG_IS("");
	vmop_plist_set_page_state(&pl, 0, VMOP_DIRTY);
	LIST_IS(&pl, "0:p0d");
	begin(0, 1);
	vmop_plist_set_page_state(&pl, 0, VMOP_DIRTY);
	end(0, 1);
	LIST_IS(&pl, "0:p0d");
}

const struct unit_test dirty_tests[] = {
	UNIT(dt1_states),
	UNIT(dt1_only_of_pages),
	UNIT(dt2_change_state),
	UNIT(dt2_mark_dirty),
	UNIT(nr_dirty),
	UNIT(qry2_runs_of_pages),
	UNIT(qry3_intervals_clipped_never_merged),
	UNIT(qry7_examples),
	UNIT(wb2_pages),
	UNIT(wb4_first_slot_in_range),
	UNIT(wb5_begin_never_shrinks),
	UNIT(wb7_begin_does_not_show),
	UNIT(wb10_pages),
	UNIT(wb11_end_tells_of_gaps),
	UNIT(wb12_end_from_the_middle),
	UNIT(wb13_reach_over_a_page),
	UNIT(wb13_not_beyond_what_was_begun),
	UNIT(wb15_partial_end),
	UNIT(wb16_end_without_begin),
	UNIT(wb18_right_growth),
	UNIT(wb19_shrink),
	UNIT(wb20_end_without_memory),
	UNIT(wb21_end_before_dirty),
	{ 0 }
};

/* The numbered traces of D.5a. */

static void trace1_intersecting_write(void)
{
	build(&pl, "0:p0 1-3:z");
	begin(1, 3);
	LIST_IS(&pl, "0:p0 1-3:zA3");
	write_page(2);
	LIST_IS(&pl, "0:p0 1:zA3 2:p2d 3:z");
	end(1, 3);
	query(0, 4);
	LOG_IS("{2,1}");
	LIST_IS(&pl, "0:p0 2:p2d");
}

static void trace2_first_page_written(void)
{
	build(&pl, "1-3:zA3");
	write_page(1);
	LIST_IS(&pl, "1:p1d 2-3:zA2");
	end(1, 3);
	query(0, 4);
	LOG_IS("{1,1}");
	LIST_IS(&pl, "1:p1d");
}

static void trace3_partial_begin(void)
{
	build(&pl, "1-4:z");
	begin(1, 2);
	LIST_IS(&pl, "1-4:zA2");
	write_page(2);
	LIST_IS(&pl, "1:zA2 2:p2d 3-4:z");
	end(1, 2);
	query(0, 5);
	LOG_IS("{2,1} {3,2,Z}");
}

static void trace4_shrink(void)
{
	build(&pl, "1-2:zA2");
	EXPECT_EQ(vmop_plist_clear_range(&pl, 2, 3, log_free, NULL), 0);
	LIST_IS(&pl, "1:zA2");
	end(1, 1);
	LIST_IS(&pl, "");
}

/*
 * The second half of trace 4: what came back on the right after the begin is
 * within reach of A, as the semantics note, unless the list was told before.
 */
static void trace4_shrink_and_grow(void)
{
	build(&pl, "1-2:zA2");
	EXPECT_EQ(vmop_plist_clear_range(&pl, 2, 3, log_free, NULL), 0);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 2, 3, VMOP_DIRTY), 0);
	LIST_IS(&pl, "1-2:zA2");
	end(1, 2);
	LIST_IS(&pl, "");
}

static void trace5_left_growth(void)
{
	build(&pl, "0:p0 1:zA1");
	EXPECT(vmop_plist_replace_page_with_zero(&pl, 0, VMOP_DIRTY));
	LIST_IS(&pl, "0-1:z");
	end(1, 1);
	query(0, 2);
	LOG_IS("{0,2,Z}");
}

static void trace6_begin_in_the_middle(void)
{
	build(&pl, "1-4:z");
	begin(3, 2);
	end(3, 2);
	query(0, 5);
	LOG_IS("{1,4,Z}");
}

static void trace7_page_then_interval(void)
{
	build(&pl, "0:p0d 1:z 2:p2d");
	begin(0, 3);
	LIST_IS(&pl, "0:p0a 1:zA1 2:p2a");
	end(0, 3);
	LIST_IS(&pl, "0:p0 2:p2");
	SLOT_IS(vmop_plist_lookup(&pl, 1), "empty");
}

static void trace8_begin_zero_over_a_page(void)
{
	build(&pl, "1:p1d");
	begin_zero(1, 1);
	end(1, 1);
	query(0, 3);
	LOG_IS("{1,1}");
}

static void trace9_pinned(void)
{
	build(&pl, "0:p0d");
	pinned = 0;
	begin(0, 1);
	pinned = ULONG_MAX;
	end(0, 1);
	query(0, 1);
	LOG_IS("{0,1}");
}

static void trace10_writer_between(void)
{
	build(&pl, "0:p0d");
	begin(0, 1);
	EXPECT(vmop_plist_mark_dirty(&pl, 0, &test_pages[0]));
	end(0, 1);
	query(0, 1);
	LOG_IS("{0,1}");
}

/*
 * Stores through mappings: at every moment when the XArray's lock is free,
 * another CPU may say that page 0 was written. Whatever runs meanwhile, a page
 * for which the list said "mine" must not come out clean.
 */
static pgoff_t race_at;
static unsigned long race_countdown;
static bool race_said_mine;

static void race_store(void)
{
	if (--race_countdown == 0)
		race_said_mine = vmop_plist_mark_dirty(&pl, race_at,
						       &test_pages[0]);
}

/* Lets the store happen at the nth moment of fn; false: fn has fewer. */
static bool race(unsigned long nth, pgoff_t at, void (*fn)(void))
{
	race_at = at;
	race_countdown = nth;
	race_said_mine = false;
	shim.on_unlock = race_store;
	fn();
	shim.on_unlock = NULL;
	return !(race_countdown && race_countdown <= nth);
}

static void race_end(void)
{
	end(0, 5);
}

static void race_writeback_end(void)
{
	unsigned long nth, seen = 0;

	for (nth = 1; ; nth++) {
		bool happened;

		build(&pl, "0-1:zA2 2:p0a 3:p3a");
		happened = race(nth, 2, race_end);
		if (happened) {
			EXPECT(race_said_mine);
			/* Before the page's turn or after it: Dirty. */
			EXPECT_EQ(state(2), VMOP_DIRTY);
			seen++;
		}
		drop(&pl);
		if (!happened)
			break;
	}
	EXPECT(seen >= 4);
}

static bool race_removed;

static void race_evict(void)
{
	race_removed = vmop_plist_remove_clean(&pl, 2, &test_pages[0]);
}

static void race_remove_clean(void)
{
	build(&pl, "2:p0");
	EXPECT(race(1, 2, race_evict));
	/* The store came when the page had left the list. */
	EXPECT(race_removed);
	EXPECT(!race_said_mine);
	build(&pl, "2:p0");
	EXPECT(vmop_plist_mark_dirty(&pl, 2, &test_pages[0]));
	EXPECT(!vmop_plist_remove_clean(&pl, 2, &test_pages[0]));
	LIST_IS(&pl, "2:p0d");
}

static struct vmop_page *race_page;

static void race_replace_with_zero(void)
{
	race_page = vmop_plist_replace_page_with_zero(&pl, 2, VMOP_DIRTY);
}

static void race_replace(void)
{
	unsigned long nth;

	for (nth = 1; ; nth++) {
		bool happened;

		build(&pl, "1:zA1 2:p0 3-4:z");
		happened = race(nth, 2, race_replace_with_zero);
		EXPECT(race_page == &test_pages[0]);
		LIST_IS(&pl, "1-4:zA1");
		drop(&pl);
		if (!happened)
			break;
	}
	EXPECT(nth > 1);
}

static void race_merge_onto(void)
{
	EXPECT_EQ(vmop_plist_merge_onto(&pl, &other, log_free, NULL), 0);
}

static void race_merge(void)
{
	unsigned long nth, mine = 0;

	for (nth = 1; ; nth++) {
		bool happened;

		build(&pl, "1:p1 2:p0 B+0:p2");
		happened = race(nth, 2, race_merge_onto);
		if (race_said_mine) {
			mine++;
			LIST_IS(&other, "1:p1 2:p0d B+0:p2");
		} else {
			LIST_IS(&other, "1:p1 2:p0 B+0:p2");
		}
		LIST_IS(&pl, "");
		drop(&pl);
		drop(&other);
		if (!happened)
			break;
	}
	EXPECT(mine);
	EXPECT(nth > mine + 1);
}

const struct unit_test trace_tests[] = {
	UNIT(trace1_intersecting_write),
	UNIT(trace2_first_page_written),
	UNIT(trace3_partial_begin),
	UNIT(trace4_shrink),
	UNIT(trace4_shrink_and_grow),
	UNIT(trace5_left_growth),
	UNIT(trace6_begin_in_the_middle),
	UNIT(trace7_page_then_interval),
	UNIT(trace8_begin_zero_over_a_page),
	UNIT(trace9_pinned),
	UNIT(trace10_writer_between),
	UNIT(race_writeback_end),
	UNIT(race_remove_clean),
	UNIT(race_replace),
	UNIT(race_merge),
	{ 0 }
};
