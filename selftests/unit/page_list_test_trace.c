// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty state and writeback: the traces of section D.5a, and stores that race
 * with all that changes a state.
 */
#include "page_list_test_dirty.h"

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

	build(&pl, "1-2:zA2");
	EXPECT_EQ(vmop_plist_clear_range(&pl, 2, 3, log_free, NULL), 0);
	vmop_plist_new_zeros(&pl, 2);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 2, 3, VMOP_DIRTY), 0);
	LIST_IS(&pl, "1-2:zA1");
	end(1, 2);
	LIST_IS(&pl, "2:z");
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
