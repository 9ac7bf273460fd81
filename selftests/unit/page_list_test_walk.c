// SPDX-License-Identifier: GPL-2.0
/*
 * Searching and iterating: PL-20 to PL-23.
 */
#include "page_list_test.h"

static void next_content_and_gap(void)
{
	build(&pl, "2:p1 3:m 5-8:z 9:u 12:r1 B+1:p2");
	EXPECT_EQ(vmop_plist_next_content(&pl, 0, 20), 2);
	EXPECT_EQ(vmop_plist_next_content(&pl, 2, 20), 2);
	EXPECT_EQ(vmop_plist_next_content(&pl, 4, 20), 5);
	EXPECT_EQ(vmop_plist_next_content(&pl, 6, 20), 6);
	EXPECT_EQ(vmop_plist_next_content(&pl, 8, 20), 8);
	EXPECT_EQ(vmop_plist_next_content(&pl, 10, 20), 12);
	EXPECT_EQ(vmop_plist_next_content(&pl, 13, 20), 20);
	EXPECT_EQ(vmop_plist_next_content(&pl, 13, BASE + 9), BASE + 1);
	/* The end is not of the range. */
	EXPECT_EQ(vmop_plist_next_content(&pl, 0, 2), 2);
	EXPECT_EQ(vmop_plist_next_content(&pl, 10, 12), 12);
	EXPECT_EQ(vmop_plist_next_content(&pl, 10, 11), 11);
	EXPECT_EQ(vmop_plist_next_content(&pl, 2, 2), 2);
	EXPECT_EQ(vmop_plist_next_content(&pl, 6, 4), 4);

	EXPECT_EQ(vmop_plist_next_gap(&pl, 0, 20), 0);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 2, 20), 4);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 5, 20), 10);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 7, 20), 10);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 9, 20), 10);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 12, 20), 13);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 5, 9), 9);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 5, 7), 7);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 12, 13), 13);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 0, 0), 0);
	EXPECT_EQ(vmop_plist_next_gap(&pl, BASE + 1, BASE + 9), BASE + 2);
}

static void next_page(void)
{
	pgoff_t at = 0;

	build(&pl, "2:p1 3:m 5-8:z 9:p9d 10:u 12:r1 14:p2");
	EXPECT(vmop_plist_next_page(&pl, &at, 20) == &test_pages[1]);
	EXPECT_EQ(at, 2);
	EXPECT(vmop_plist_next_page(&pl, &at, 20) == &test_pages[1]);
	at = 3;
	EXPECT(vmop_plist_next_page(&pl, &at, 20) == &test_pages[9]);
	EXPECT_EQ(at, 9);
	at = 10;
	EXPECT(!vmop_plist_next_page(&pl, &at, 14));
	EXPECT_EQ(at, 10);
	EXPECT(vmop_plist_next_page(&pl, &at, 15) == &test_pages[2]);
	EXPECT_EQ(at, 14);
	at = 15;
	EXPECT(!vmop_plist_next_page(&pl, &at, ULONG_MAX));
	EXPECT(!vmop_plist_next_page(&pl, &at, 0));
	EXPECT_EQ(at, 15);
}

static void pl20_for_each(void)
{
	struct answer stop = { .at = 3, .ret = VMOP_PLIST_STOP };
	struct answer fail = { .at = 5, .ret = -EIO };

	build(&pl, "1:p1 3:m 5-8:z 9:r2 11:u");
	EXPECT_EQ(vmop_plist_for_each(&pl, 0, 20, log_slot, NULL), 0);
	LOG_IS("1:p1 3:m 5:z 8:z 9:r2 11:z");
	EXPECT_EQ(vmop_plist_for_each(&pl, 3, 9, log_slot, NULL), 0);
	LOG_IS("3:m 5:z 8:z");
	EXPECT_EQ(vmop_plist_for_each(&pl, 6, 8, log_slot, NULL), 0);
	EXPECT_EQ(vmop_plist_for_each(&pl, 3, 3, log_slot, NULL), 0);
	EXPECT_EQ(vmop_plist_for_each(&pl, 9, 3, log_slot, NULL), 0);
	LOG_IS("");
	EXPECT_EQ(vmop_plist_for_each(&pl, 0, 20, log_slot, &stop), 0);
	LOG_IS("1:p1 3:m");
	EXPECT_EQ(vmop_plist_for_each(&pl, 0, 20, log_slot, &fail), -EIO);
	LOG_IS("1:p1 3:m 5:z");
}

/* PL-6: what a callback may do to its own position. */
static int change_slot(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	struct vmop_slot old;

	log_slot(NULL, pgoff, slot);
	switch (slot.kind) {
	case VMOP_SLOT_PAGE:
		vmop_plist_set_page_state(&pl, pgoff, VMOP_DIRTY);
		break;
	case VMOP_SLOT_REFERENCE:
		vmop_plist_swap(&pl, pgoff, slot_page(7), &old);
		break;
	case VMOP_SLOT_MARKER:
		vmop_plist_remove(&pl, pgoff);
		break;
	default:
		if (pgoff == 4)
			vmop_plist_set_interval_awaiting(&pl, pgoff, 2);
	}
	return VMOP_PLIST_NEXT;
}

static void pl6_callback_changes_its_slot(void)
{
	build(&pl, "1:p1 2:r2 3:m 4-6:z 8:p3");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 10, change_slot, log_gap, NULL),
		  0);
	/* What it removed is no gap of this walk. */
	LOG_IS("gap[0,1) 1:p1 2:r2 3:m 4:z 6:z gap[7,8) 8:p3 gap[9,10)");
	LIST_IS(&pl, "1:p1d 2:p7 4-6:zA2 8:p3d");
}

static void pl21_gaps(void)
{
	build(&pl, "2:p1 3:m 6-9:z 12:r2");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 15, log_slot, log_gap, NULL), 0);
	LOG_IS("gap[0,2) 2:p1 3:m gap[4,6) 6:z 9:z gap[10,12) 12:r2 gap[13,15)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 2, 13, NULL, log_gap, NULL), 0);
	LOG_IS("gap[4,6) gap[10,12)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 4, 6, log_slot, log_gap, NULL), 0);
	LOG_IS("gap[4,6)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 13, 14, log_slot, log_gap, NULL),
		  0);
	LOG_IS("gap[13,14)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 4, 4, log_slot, log_gap, NULL), 0);
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 5, 4, log_slot, log_gap, NULL), 0);
	LOG_IS("");
}

static void pl21_inside_of_an_interval_is_no_gap(void)
{
	build(&pl, "2-9:z 20-29:u");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 4, 12, log_slot, log_gap, NULL), 0);
	LOG_IS("9:z gap[10,12)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 6, log_slot, log_gap, NULL), 0);
	LOG_IS("gap[0,2) 2:z");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 4, 6, log_slot, log_gap, NULL), 0);
	LOG_IS("");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 25, 40, log_slot, log_gap, NULL),
		  0);
	LOG_IS("29:z gap[30,40)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 8, 22, log_slot, log_gap, NULL), 0);
	LOG_IS("9:z gap[10,20) 20:z");
}

static void pl21_stop_and_errors(void)
{
	struct answer page_stop = { .at = 5, .ret = VMOP_PLIST_STOP };
	struct answer gap_stop = { .at = 3, .ret = VMOP_PLIST_STOP };
	struct answer page_fail = { .at = 5, .ret = -EIO };
	struct answer gap_fail = { .at = 3, .ret = -ENOSPC };
	struct answer last_stop = { .at = 6, .ret = VMOP_PLIST_STOP };
	struct answer last_fail = { .at = 6, .ret = -EPERM };

	build(&pl, "2:p1 5:p2");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 9, log_slot, log_gap,
				       &page_stop), 0);
	LOG_IS("gap[0,2) 2:p1 gap[3,5) 5:p2");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 9, log_slot, log_gap,
				       &gap_stop), 0);
	LOG_IS("gap[0,2) 2:p1 gap[3,5)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 9, log_slot, log_gap,
				       &page_fail), -EIO);
	LOG_IS("gap[0,2) 2:p1 gap[3,5) 5:p2");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 9, log_slot, log_gap,
				       &gap_fail), -ENOSPC);
	LOG_IS("gap[0,2) 2:p1 gap[3,5)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 9, NULL, log_gap, &last_stop),
		  0);
	LOG_IS("gap[0,2) gap[3,5) gap[6,9)");
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 9, NULL, log_gap, &last_fail),
		  -EPERM);
	LOG_IS("gap[0,2) gap[3,5) gap[6,9)");
}

/* Matches all but what ctx->at names, if ctx->ret is 99. */
static bool match_but(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	struct answer *answer = ctx;

	return !answer || answer->ret != 99 || answer->at != pgoff;
}

static int runs(pgoff_t start, pgoff_t end, struct answer *answer)
{
	return vmop_plist_walk_runs(&pl, start, end, match_but, log_slot,
				    log_run, answer);
}

static void pl22_runs(void)
{
	build(&pl, "1:p1 2:m 3:r3 5:p5 6:p6");
	EXPECT_EQ(runs(0, 9, NULL), 0);
	LOG_IS("1:p1 2:m 3:r3 run[1,4) 5:p5 6:p6 run[5,7)");
	EXPECT_EQ(runs(2, 6, NULL), 0);
	LOG_IS("2:m 3:r3 run[2,4) 5:p5 run[5,6)");
	EXPECT_EQ(runs(3, 3, NULL), 0);
	EXPECT_EQ(runs(5, 3, NULL), 0);
	EXPECT_EQ(runs(7, 9, NULL), 0);
	LOG_IS("");
}

static void pl22_match(void)
{
	struct answer but = { .at = 2, .ret = 99 };

	build(&pl, "0:p0 1:p1 2:p2 3:p3 4:p4");
	EXPECT_EQ(runs(0, 9, &but), 0);
	LOG_IS("0:p0 1:p1 run[0,2) 3:p3 4:p4 run[3,5)");
	but.at = 0;
	EXPECT_EQ(runs(0, 9, &but), 0);
	LOG_IS("1:p1 2:p2 3:p3 4:p4 run[1,5)");
	but.at = 4;
	EXPECT_EQ(runs(0, 9, &but), 0);
	LOG_IS("0:p0 1:p1 2:p2 3:p3 run[0,4)");
}

static void pl22_intervals_are_runs_of_their_own(void)
{
	build(&pl, "1:p1 2:z 3:p3 4-6:z 7:p7 8:p8");
	EXPECT_EQ(runs(0, 4, NULL), 0);
	LOG_IS("1:p1 run[1,2) 2:z zero[2,3) 3:p3 run[3,4)");
	EXPECT_EQ(runs(3, 9, NULL), 0);
	LOG_IS("3:p3 run[3,4) 4:z 6:z zero[4,7) 7:p7 8:p8 run[7,9)");
	/* Clipped: only sentinels of the range are pages. */
	EXPECT_EQ(runs(5, 8, NULL), 0);
	LOG_IS("6:z zero[5,7) 7:p7 run[7,8)");
	EXPECT_EQ(runs(3, 6, NULL), 0);
	LOG_IS("3:p3 run[3,4) 4:z zero[4,6)");
	EXPECT_EQ(runs(5, 6, NULL), 0);
	LOG_IS("zero[5,6)");
	EXPECT_EQ(runs(4, 7, NULL), 0);
	LOG_IS("4:z 6:z zero[4,7)");
}

static void pl22_both_sentinels_must_match(void)
{
	struct answer but = { .at = 4, .ret = 99 };

	build(&pl, "3:p3 4-6:z 7:p7");
	EXPECT_EQ(runs(0, 9, &but), 0);
	/* The run before the interval ends with it even if it does not match. */
	LOG_IS("3:p3 run[3,4) 6:z 7:p7 run[7,8)");
	EXPECT_EQ(runs(5, 6, &but), 0);
	LOG_IS("");
	but.at = 6;
	EXPECT_EQ(runs(0, 9, &but), 0);
	LOG_IS("3:p3 run[3,4) 4:z 7:p7 run[7,8)");
	EXPECT_EQ(runs(5, 6, &but), 0);
	LOG_IS("");
	but.at = 2;
	build(&pl, "1:p1 2:z");
	EXPECT_EQ(runs(0, 4, &but), 0);
	LOG_IS("1:p1 run[1,2) 3:p3 run[3,4)");
}

static void pl22_page_fn_stops(void)
{
	struct answer stop = { .at = 1, .ret = VMOP_PLIST_STOP };

	build(&pl, "0:p0 1:p1 2:p2 4-6:z 7:z 8:p8");
	EXPECT_EQ(runs(0, 9, &stop), 0);
	LOG_IS("0:p0 1:p1 run[0,2)");
	stop.at = 4;
	EXPECT_EQ(runs(2, 9, &stop), 0);
	LOG_IS("2:p2 run[2,3) 4:z zero[4,8)");
}

static void pl22_page_fn_stops_at_sentinels(void)
{
	struct answer stop = { .at = 6, .ret = VMOP_PLIST_STOP };

	build(&pl, "2:p2 4-6:z 7:p7");
	EXPECT_EQ(runs(0, 9, &stop), 0);
	LOG_IS("2:p2 run[2,3) 4:z 6:z zero[4,7)");
	stop.at = 4;
	EXPECT_EQ(runs(4, 5, &stop), 0);
	LOG_IS("4:z zero[4,5)");
}

static void pl22_page_fn_fails(void)
{
	struct answer fail = { .at = 2, .ret = -EIO };

	build(&pl, "0:p0 1:p1 2:p2 3:p3 5-6:z");
	EXPECT_EQ(runs(0, 9, &fail), -EIO);
	LOG_IS("0:p0 1:p1 2:p2 run[0,2)");
	fail.at = 0;
	EXPECT_EQ(runs(0, 9, &fail), -EIO);
	LOG_IS("0:p0");
	/* The first of a run: what came before it was reported already. */
	vmop_plist_remove(&pl, 1);
	fail.at = 2;
	EXPECT_EQ(runs(0, 9, &fail), -EIO);
	LOG_IS("0:p0 run[0,1) 2:p2");
	fail.at = 5;
	EXPECT_EQ(runs(3, 9, &fail), -EIO);
	LOG_IS("3:p3 run[3,4) 5:z");
	fail.at = 6;
	EXPECT_EQ(runs(3, 9, &fail), -EIO);
	LOG_IS("3:p3 run[3,4) 5:z 6:z");
}

/* run_fn that fails for the run that starts at *ctx, page_fn for page 2. */
static int run_fails(void *ctx, pgoff_t start, pgoff_t end, bool is_interval)
{
	log_run(NULL, start, end, is_interval);
	return start == *(pgoff_t *)ctx ? -ENOSPC : VMOP_PLIST_NEXT;
}

static int run_stops(void *ctx, pgoff_t start, pgoff_t end, bool is_interval)
{
	log_run(NULL, start, end, is_interval);
	return start == *(pgoff_t *)ctx ? VMOP_PLIST_STOP : VMOP_PLIST_NEXT;
}

static int page2_fails(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	log_slot(NULL, pgoff, slot);
	return pgoff == 2 ? -EIO : VMOP_PLIST_NEXT;
}

static int page2_stops(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	log_slot(NULL, pgoff, slot);
	return pgoff == 2 ? VMOP_PLIST_STOP : VMOP_PLIST_NEXT;
}

static bool match_all(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	return true;
}

static void pl22_run_fn_error_wins(void)
{
	pgoff_t at = 0;

	build(&pl, "0:p0 1:p1 2:p2 4:p4 6-8:z 9:p9 10:z");
	EXPECT_EQ(vmop_plist_walk_runs(&pl, 0, 12, match_all, page2_fails,
				       run_fails, &at), -ENOSPC);
	LOG_IS("0:p0 1:p1 2:p2 run[0,2)");
	EXPECT_EQ(vmop_plist_walk_runs(&pl, 0, 12, match_all, page2_stops,
				       run_fails, &at), -ENOSPC);
	LOG_IS("0:p0 1:p1 2:p2 run[0,3)");
	/* A run that only stops does not hide the page's error. */
	EXPECT_EQ(vmop_plist_walk_runs(&pl, 0, 12, match_all, page2_fails,
				       run_stops, &at), -EIO);
	LOG_IS("0:p0 1:p1 2:p2 run[0,2)");
}

static void pl22_run_fn_ends_the_walk(void)
{
	static const char all[] =
		"3:p3 run[3,4) 5:p5 run[5,6) 7:z 8:z zero[7,9) 9:p9 run[9,10) 11:m run[11,12)";
	static const pgoff_t starts[] = { 3, 5, 7, 9, 11 };
	static const char *const runs[] = {
		"run[3,4)", "run[5,6)", "zero[7,9)", "run[9,10)", "run[11,12)",
	};
	char log[sizeof(all)];
	unsigned int i;
	pgoff_t at;

	build(&pl, "3:p3 5:p5 7-8:z 9:p9 11:m");
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		at = starts[i];
		/* Everything up to the run that ends the walk. */
		strcpy(log, all);
		strstr(log, runs[i])[strlen(runs[i])] = '\0';
		EXPECT_EQ(vmop_plist_walk_runs(&pl, 0, 20, match_all,
					       page2_fails, run_fails, &at),
			  -ENOSPC);
		LOG_IS(log);
		EXPECT_EQ(vmop_plist_walk_runs(&pl, 0, 20, match_all,
					       page2_fails, run_stops, &at),
			  0);
		LOG_IS(log);
	}
}

static void pl23_any_in_range(void)
{
	build(&pl, "2:m 5-9:z 12:r0 B+0:p1");
	EXPECT(!vmop_plist_any_in_range(&pl, 0, 2));
	EXPECT(vmop_plist_any_in_range(&pl, 0, 3));
	EXPECT(!vmop_plist_any_in_range(&pl, 3, 5));
	EXPECT(vmop_plist_any_in_range(&pl, 3, 6));
	EXPECT(vmop_plist_any_in_range(&pl, 6, 8));
	EXPECT(vmop_plist_any_in_range(&pl, 9, 10));
	EXPECT(!vmop_plist_any_in_range(&pl, 10, 12));
	EXPECT(!vmop_plist_any_in_range(&pl, 7, 7));
	EXPECT(!vmop_plist_any_in_range(&pl, 13, BASE));
	EXPECT(vmop_plist_any_in_range(&pl, 13, BASE + 1));
}

const struct unit_test walk_tests[] = {
	UNIT(next_content_and_gap),
	UNIT(next_page),
	UNIT(pl20_for_each),
	UNIT(pl6_callback_changes_its_slot),
	UNIT(pl21_gaps),
	UNIT(pl21_inside_of_an_interval_is_no_gap),
	UNIT(pl21_stop_and_errors),
	UNIT(pl22_runs),
	UNIT(pl22_match),
	UNIT(pl22_intervals_are_runs_of_their_own),
	UNIT(pl22_both_sentinels_must_match),
	UNIT(pl22_page_fn_stops),
	UNIT(pl22_page_fn_stops_at_sentinels),
	UNIT(pl22_page_fn_fails),
	UNIT(pl22_run_fn_error_wins),
	UNIT(pl22_run_fn_ends_the_walk),
	UNIT(pl23_any_in_range),
	{ 0 }
};
