// SPDX-License-Identifier: GPL-2.0
/*
 * Single positions: PL-1 to PL-6, PL-9 to PL-16, PL-24.
 */
#include "page_list_test.h"
#include "page_list_internal.h"

static void pl1_empty_page_marker_reference(void)
{
	SLOT_IS(vmop_plist_lookup(&pl, 0), "empty");
	build(&pl, "0:p1 1:m 2:r5 3:z");
	SLOT_IS(vmop_plist_lookup(&pl, 0), "p1");
	SLOT_IS(vmop_plist_lookup(&pl, 1), "m");
	SLOT_IS(vmop_plist_lookup(&pl, 2), "r5");
	SLOT_IS(vmop_plist_lookup(&pl, 3), "z");
	SLOT_IS(vmop_plist_lookup(&pl, 4), "empty");
	LIST_IS(&pl, "0:p1 1:m 2:r5 3:z");
}

static void pl2_reference_values(void)
{
	u64 max = VMOP_PLIST_REFERENCE_MAX;

	EXPECT_EQ(vmop_plist_insert_reference(&pl, 0, 0), 0);
	EXPECT_EQ(vmop_plist_insert_reference(&pl, 1, max), 0);
	EXPECT_EQ(vmop_plist_insert_reference(&pl, 2, max + 1), -ERANGE);
	EXPECT_EQ(vmop_plist_insert_reference(&pl, 2, ~0ULL), -ERANGE);
	EXPECT_EQ(vmop_plist_lookup(&pl, 0).kind, VMOP_SLOT_REFERENCE);
	EXPECT_EQ(vmop_plist_lookup(&pl, 0).reference, 0);
	EXPECT_EQ(vmop_plist_lookup(&pl, 1).reference, max);
	EXPECT_EQ(vmop_plist_lookup(&pl, 2).kind, VMOP_SLOT_EMPTY);
	/* Never dirty, whatever the position held before. */
	build(&pl, "5-6:zA2");
	EXPECT_EQ(vmop_plist_insert_reference(&pl, 5, 7), 0);
	LIST_IS(&pl, "0:r0 1:r1152921504606846975 5:r7 6:zA1");
}

static void pl3_awaiting_only_on_first_and_dirty(void)
{
	build(&pl, "0-4:z 6:z 8-9:u 11:m 12:p1");
	vmop_plist_set_interval_awaiting(&pl, 0, 3);
	vmop_plist_set_interval_awaiting(&pl, 6, 9);
	WARNINGS_ARE(0);
	vmop_plist_set_interval_awaiting(&pl, 2, 1);
	vmop_plist_set_interval_awaiting(&pl, 4, 1);
	vmop_plist_set_interval_awaiting(&pl, 5, 1);
	vmop_plist_set_interval_awaiting(&pl, 8, 1);
	vmop_plist_set_interval_awaiting(&pl, 11, 1);
	vmop_plist_set_interval_awaiting(&pl, 12, 1);
	vmop_plist_set_interval_awaiting(&pl, 0, VMOP_PLIST_MAX_PAGES + 1);
	WARNINGS_ARE(7);
	LIST_IS(&pl, "0-4:zA3 6:zA9 8-9:u 11:m 12:p1");
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 0), 3);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 4), 0);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 6), 9);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 8), 0);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 11), 0);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 12), 0);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 13), 0);
	vmop_plist_set_interval_awaiting(&pl, 0, VMOP_PLIST_MAX_PAGES);
	EXPECT_EQ(vmop_plist_interval_awaiting(&pl, 0), VMOP_PLIST_MAX_PAGES);
	vmop_plist_set_interval_awaiting(&pl, 0, 0);
	vmop_plist_set_interval_awaiting(&pl, 6, 0);
	LIST_IS(&pl, "0-4:z 6:z 8-9:u 11:m 12:p1");
}

static void pl3_no_clean_intervals(void)
{
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 0, 1, VMOP_CLEAN), -EINVAL);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 0, 1, VMOP_AWAITING_CLEAN),
		  -EINVAL);
	build(&pl, "0:p1 2:z");
	EXPECT(!vmop_plist_replace_page_with_zero(&pl, 0, VMOP_CLEAN));
	EXPECT(!vmop_plist_replace_page_with_zero(&pl, 0, VMOP_AWAITING_CLEAN));
	WARNINGS_ARE(2);
	EXPECT_EQ(vmop_plist_overwrite_zero_interval(&pl, 2, 3, VMOP_CLEAN),
		  -EINVAL);
	EXPECT_EQ(vmop_plist_overwrite_zero_interval(&pl, 2, 3,
						     VMOP_AWAITING_CLEAN),
		  -EINVAL);
	LIST_IS(&pl, "0:p1 2:z");
}

static void pl4_owned_content_is_not_overwritten(void)
{
	build(&pl, "0:p1 1:r2 2:m 3:z");
	EXPECT_EQ(vmop_plist_insert_page(&pl, 0, &test_pages[9], VMOP_DIRTY),
		  -EEXIST);
	EXPECT_EQ(vmop_plist_insert_page(&pl, 1, &test_pages[9], VMOP_DIRTY),
		  -EEXIST);
	EXPECT_EQ(vmop_plist_insert_reference(&pl, 0, 9), -EEXIST);
	EXPECT_EQ(vmop_plist_insert_reference(&pl, 1, 9), -EEXIST);
	LIST_IS(&pl, "0:p1 1:r2 2:m 3:z");
	EXPECT_EQ(vmop_plist_insert_page(&pl, 2, &test_pages[9], VMOP_CLEAN),
		  0);
	EXPECT_EQ(vmop_plist_insert_reference(&pl, 3, 9), 0);
	LIST_IS(&pl, "0:p1 1:r2 2:p9 3:r9");
}

static void pl4_marker_only_into_a_gap(void)
{
	pgoff_t at;

	build(&pl, "0:p1 1:r2 2:m 3-5:z");
	for (at = 0; at < 6; at++)
		EXPECT_EQ(vmop_plist_insert_marker(&pl, at), -EEXIST);
	EXPECT_EQ(vmop_plist_insert_marker(&pl, 6), 0);
	LIST_IS(&pl, "0:p1 1:r2 2:m 3-5:z 6:m");
}

static void pl4_destroy_wants_nothing_owned(void)
{
	build(&other, "0:p1 3:m");
	vmop_plist_destroy(&other);
	WARNINGS_ARE(1);
	LIST_IS(&other, "");
	build(&other, "0:m 3:r1");
	vmop_plist_destroy(&other);
	WARNINGS_ARE(1);
	build(&other, "0:m 3-70:z B+1:m");
	vmop_plist_destroy(&other);
	WARNINGS_ARE(0);
	EXPECT_EQ(shim.nodes, 0);
	LIST_IS(&other, "");
}

static void pl5_swap(void)
{
	struct vmop_slot old;

	build(&pl, "0:p1d 1:r2 2:p3a 3:r4");
	EXPECT_EQ(vmop_plist_swap(&pl, 0, slot_page(11), &old), 0);
	SLOT_IS(old, "p1");
	EXPECT_EQ(vmop_plist_swap(&pl, 1, slot_page(12), &old), 0);
	SLOT_IS(old, "r2");
	EXPECT_EQ(vmop_plist_swap(&pl, 2, slot_page(13), &old), 0);
	SLOT_IS(old, "p3");
	EXPECT_EQ(vmop_plist_swap(&pl, 3, slot_reference(14), &old), 0);
	SLOT_IS(old, "r4");
	LIST_IS(&pl, "0:p11d 1:p12 2:p13a 3:r14");
	EXPECT_EQ(vmop_plist_swap(&pl, 1, slot_reference(15), &old), 0);
	SLOT_IS(old, "p12");
	LIST_IS(&pl, "0:p11d 1:r15 2:p13a 3:r14");
	EXPECT_EQ(vmop_plist_swap(&pl, 3,
				  slot_reference(VMOP_PLIST_REFERENCE_MAX),
				  &old), 0);
	EXPECT_EQ(vmop_plist_lookup(&pl, 3).reference,
		  VMOP_PLIST_REFERENCE_MAX);
}

static void pl5_swap_errors(void)
{
	struct vmop_slot old = slot_marker();

	build(&pl, "0:p1d 1:r2 2:p3a 3:m 4:z");
	EXPECT_EQ(vmop_plist_swap(&pl, 0, slot_reference(9), &old), -EBUSY);
	EXPECT_EQ(vmop_plist_swap(&pl, 2, slot_reference(9), &old), -EBUSY);
	EXPECT_EQ(vmop_plist_swap(&pl, 3, slot_page(9), &old), -ENOENT);
	EXPECT_EQ(vmop_plist_swap(&pl, 4, slot_page(9), &old), -ENOENT);
	EXPECT_EQ(vmop_plist_swap(&pl, 5, slot_page(9), &old), -ENOENT);
	EXPECT_EQ(vmop_plist_swap(&pl, 0, slot_marker(), &old), -EINVAL);
	EXPECT_EQ(vmop_plist_swap(&pl, 1, slot_reference(~0ULL), &old),
		  -EINVAL);
	SLOT_IS(old, "m");
	LIST_IS(&pl, "0:p1d 1:r2 2:p3a 3:m 4:z");
}

static void pl9_6_positions_end(void)
{
	pgoff_t last = VMOP_PLIST_MAX_PAGES - 1;
	struct vmop_slot slot;
	bool in_interval;

	EXPECT_EQ(vmop_plist_insert_page(&pl, last + 1, &test_pages[1],
					 VMOP_CLEAN), -ERANGE);
	EXPECT_EQ(vmop_plist_insert_reference(&pl, last + 1, 1), -ERANGE);
	EXPECT_EQ(vmop_plist_insert_marker(&pl, ULONG_MAX), -ERANGE);
	EXPECT_EQ(vmop_plist_reserve(&pl, last + 1, VMOP_RESERVE_SPLIT_INTERVAL,
				     &slot, &in_interval), -ERANGE);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, last, last + 2, VMOP_DIRTY),
		  -ERANGE);
	EXPECT_EQ(shim.nodes, 0);

	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, last - 1, last + 1,
					       VMOP_DIRTY), 0);
	EXPECT(vmop_plist_in_interval(&pl, last));
	EXPECT(!vmop_plist_in_interval(&pl, last + 1));
	EXPECT_EQ(vmop_plist_insert_page(&pl, last, &test_pages[1],
					 VMOP_DIRTY), 0);
	EXPECT_EQ(vmop_plist_next_content(&pl, 0, ULONG_MAX), last - 1);
	EXPECT_EQ(vmop_plist_next_gap(&pl, last - 1, last + 1), last + 1);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 0, last + 1), 1);
	EXPECT_EQ(vmop_plist_nr_dirty(&pl, 0, last), 0);
	SLOT_IS(vmop_plist_remove(&pl, last), "p1");
	vmop_plist_clear_all(&pl, log_free, NULL);
	EXPECT(vmop_plist_is_empty(&pl));
}

static void pl10_empty_slot_in_an_interval_is_no_gap(void)
{
	pgoff_t at;

	build(&pl, "3-9:z 200-400:u");
	for (at = 0; at < 12; at++)
		SLOT_IS(vmop_plist_lookup(&pl, at),
			at >= 3 && at <= 9 ? "z" : "empty");
	SLOT_IS(vmop_plist_lookup(&pl, 199), "empty");
	SLOT_IS(vmop_plist_lookup(&pl, 200), "z");
	SLOT_IS(vmop_plist_lookup(&pl, 300), "z");
	SLOT_IS(vmop_plist_lookup(&pl, 400), "z");
	SLOT_IS(vmop_plist_lookup(&pl, 401), "empty");
}

static void pl12_cursor(void)
{
	struct answer stop = { .at = 4, .ret = VMOP_PLIST_STOP };
	struct answer fail = { .at = 4, .ret = -EIO };
	struct vmop_plist_cursor cur;

	build(&pl, "1:p1 2:m 3-5:z 6:r1 8:p2");
	vmop_plist_cursor_init(&cur, &pl, 1);
	SLOT_IS(vmop_plist_cursor_slot(&cur), "p1");
	SLOT_IS(vmop_plist_cursor_step(&cur), "m");
	SLOT_IS(vmop_plist_cursor_step(&cur), "z");
	SLOT_IS(vmop_plist_cursor_slot(&cur), "z");
	EXPECT_EQ(vmop_plist_cursor_for_each(&cur, log_slot, &stop), 0);
	LOG_IS("3:z 4:z");
	EXPECT_EQ(cur.pgoff, 4);
	EXPECT_EQ(vmop_plist_cursor_for_each(&cur, log_slot, &fail), -EIO);
	LOG_IS("4:z");
	/* What is put in ahead of it is seen. */
	EXPECT_EQ(vmop_plist_insert_page(&pl, 5, &test_pages[9], VMOP_DIRTY),
		  0);
	EXPECT_EQ(vmop_plist_cursor_for_each(&cur, log_slot, NULL), 0);
	LOG_IS("4:z 5:p9 6:r1");
	EXPECT_EQ(cur.pgoff, 7);
	SLOT_IS(vmop_plist_cursor_slot(&cur), "empty");
	EXPECT_EQ(vmop_plist_cursor_for_each(&cur, log_slot, NULL), 0);
	SLOT_IS(vmop_plist_cursor_step(&cur), "p2");
}

static int reserve(pgoff_t at, enum vmop_plist_reserve_mode mode,
		   const char *text, bool inside)
{
	struct vmop_slot slot;
	bool in_interval = !inside;
	int ret;

	ret = vmop_plist_reserve(&pl, at, mode, &slot, &in_interval);
	SLOT_IS(slot, text);
	EXPECT_EQ(in_interval, inside);
	return ret;
}

/* Filling what was reserved needs no memory. */
static void fill_without_memory(pgoff_t at, unsigned int id)
{
	unsigned long allocs = shim.allocs;

	EXPECT_EQ(vmop_plist_insert_page(&pl, at, &test_pages[id], VMOP_DIRTY),
		  0);
	EXPECT_EQ(shim.allocs, allocs);
}

static void pl13_reserve_outside_intervals(void)
{
	static const enum vmop_plist_reserve_mode modes[] = {
		VMOP_RESERVE_NO_INTERVALS, VMOP_RESERVE_CHECK_INTERVAL,
		VMOP_RESERVE_SPLIT_INTERVAL,
	};
	unsigned int i, failed;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		build(&pl, "0:p1 1:m 2:r3 4-6:z");
		EXPECT_EQ(reserve(0, modes[i], "p1", false), 0);
		EXPECT_EQ(reserve(1, modes[i], "m", false), 0);
		EXPECT_EQ(reserve(2, modes[i], "r3", false), 0);
		EXPECT_EQ(reserve(3, modes[i], "empty", false), 0);
		vmop_plist_unreserve(&pl, 3);
		LIST_IS(&pl, "0:p1 1:m 2:r3 4-6:z");
		EXPECT_EQ(FAIL_EACH(&pl, failed,
				    reserve(BASE, modes[i], "empty", false)),
			  0);
		EXPECT(failed > 1);
		fill_without_memory(BASE, 4);
		LIST_IS(&pl, "0:p1 1:m 2:r3 4-6:z B+0:p4d");
		drop(&pl);
	}
}

static void pl13_reserve_in_an_interval(void)
{
	unsigned int failed;

	build(&pl, "B+60-130:zA4");
	EXPECT_EQ(reserve(BASE + 70, VMOP_RESERVE_CHECK_INTERVAL, "z", true),
		  0);
	EXPECT_EQ(reserve(BASE + 60, VMOP_RESERVE_CHECK_INTERVAL, "z", true),
		  0);
	WARNINGS_ARE(0);
	EXPECT_EQ(reserve(BASE + 70, VMOP_RESERVE_NO_INTERVALS, "z", true),
		  -EINVAL);
	WARNINGS_ARE(1);
	LIST_IS(&pl, "B+60-130:zA4");
	/* 64 is the first of its node; 63 and 65 become sentinels. */
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    reserve(BASE + 64, VMOP_RESERVE_SPLIT_INTERVAL,
				    "z", true)), 0);
	EXPECT_EQ(failed, 1);
	fill_without_memory(BASE + 64, 4);
	LIST_IS(&pl, "B+60-63:zA4 B+64:p4d B+65-130:z");
}

static void pl14_unreserve(void)
{
	unsigned long nodes;

	build(&pl, "0:p1");
	nodes = shim.nodes;
	EXPECT_EQ(reserve(BASE, VMOP_RESERVE_SPLIT_INTERVAL, "empty", false),
		  0);
	EXPECT(shim.nodes > nodes);
	vmop_plist_unreserve(&pl, BASE);
	EXPECT(shim.nodes <= nodes);
	/* Nothing to give back: nothing happens. */
	vmop_plist_unreserve(&pl, 0);
	vmop_plist_unreserve(&pl, 1);
	LIST_IS(&pl, "0:p1");
}

static void pl14_reserved_is_nothing_to_everybody(void)
{
	struct vmop_dirty_run run;
	pgoff_t at = 0;

	EXPECT_EQ(reserve(5, VMOP_RESERVE_NO_INTERVALS, "empty", false), 0);
	EXPECT(vmop_plist_is_empty(&pl));
	EXPECT(vmop_plist_owns_nothing(&pl));
	EXPECT_EQ(vmop_plist_heap_bytes(&pl), 0);
	EXPECT_EQ(vmop_plist_next_content(&pl, 0, 10), 10);
	EXPECT_EQ(vmop_plist_next_gap(&pl, 5, 10), 5);
	EXPECT(!vmop_plist_next_page(&pl, &at, 10));
	EXPECT(!vmop_plist_in_interval(&pl, 5));
	EXPECT(!vmop_plist_next_dirty(&pl, 0, 10, &run));
	EXPECT_EQ(vmop_plist_walk_gaps(&pl, 0, 10, log_slot, log_gap, NULL), 0);
	LOG_IS("gap[0,10)");
	SLOT_IS(vmop_plist_remove(&pl, 5), "empty");
	vmop_plist_clear_all(&pl, log_free, NULL);
	EXPECT_EQ(vmop_plist_add_zero_interval(&pl, 4, 7, VMOP_DIRTY), 0);
	LIST_IS(&pl, "4-6:z");
}

static void pl15_in_interval(void)
{
	pgoff_t at;

	build(&pl, "2-4:z 5-7:u 8:p1 10:z 12:m 14:r1");
	for (at = 0; at < 16; at++)
		EXPECT_EQ(vmop_plist_in_interval(&pl, at),
			  (at >= 2 && at <= 7) || at == 10);
}

static void pl16_remove(void)
{
	unsigned long nodes;

	build(&pl, "0:p1d 1:m 2:r3");
	nodes = shim.nodes;
	build(&pl, "B+5:p2a");
	SLOT_IS(vmop_plist_remove(&pl, BASE + 5), "p2");
	EXPECT_EQ(shim.nodes, nodes);
	SLOT_IS(vmop_plist_remove(&pl, 0), "p1");
	SLOT_IS(vmop_plist_remove(&pl, 0), "empty");
	SLOT_IS(vmop_plist_remove(&pl, 1), "m");
	SLOT_IS(vmop_plist_remove(&pl, 2), "r3");
	SLOT_IS(vmop_plist_remove(&pl, 99), "empty");
	EXPECT_EQ(shim.nodes, 0);
	/* The state went with the page. */
	build(&pl, "0:p4");
	LIST_IS(&pl, "0:p4");
}

static void pl16_remove_not_in_an_interval(void)
{
	pgoff_t at;

	build(&pl, "2-4:z 6:u");
	for (at = 2; at <= 4; at++)
		SLOT_IS(vmop_plist_remove(&pl, at), "z");
	SLOT_IS(vmop_plist_remove(&pl, 6), "z");
	WARNINGS_ARE(4);
	LIST_IS(&pl, "2-4:z 6:u");
}

static void pl24_is_empty_and_owns_nothing(void)
{
	EXPECT(vmop_plist_is_empty(&pl));
	EXPECT(vmop_plist_owns_nothing(&pl));
	build(&pl, "B+3:m");
	EXPECT(!vmop_plist_is_empty(&pl));
	EXPECT(vmop_plist_owns_nothing(&pl));
	build(&pl, "B+5-9:z");
	EXPECT(vmop_plist_owns_nothing(&pl));
	build(&pl, "B+11:p1");
	EXPECT(!vmop_plist_owns_nothing(&pl));
	vmop_plist_remove(&pl, BASE + 11);
	EXPECT(vmop_plist_owns_nothing(&pl));
	build(&pl, "0:r0");
	EXPECT(!vmop_plist_owns_nothing(&pl));
}

static void pl24_heap_bytes(void)
{
	static const char *const lists[] = {
		"1:p1", "63:m", "64:p1", "63:p1 64:p2", "1:p1 4095:m",
		"4096:p1", "5:p1 4096:r2 B+1:p3", "10-200:z 201:p1",
		"B+0-511:z", "0:p1 64:p2 128:p3 192:p4 B+64:m",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++) {
		build(&pl, lists[i]);
		EXPECT(shim.nodes);
		EXPECT_EQ(vmop_plist_heap_bytes(&pl),
			  shim.nodes * sizeof(struct xa_node));
		drop(&pl);
	}
	EXPECT_EQ(vmop_plist_heap_bytes(&pl), 0);
}

static void insert_page_states(void)
{
	EXPECT_EQ(vmop_plist_insert_page(&pl, 0, &test_pages[0],
					 VMOP_UNTRACKED), 0);
	EXPECT_EQ(vmop_plist_insert_page(&pl, 1, &test_pages[1], VMOP_CLEAN),
		  0);
	EXPECT_EQ(vmop_plist_insert_page(&pl, 2, &test_pages[2], VMOP_DIRTY),
		  0);
	EXPECT_EQ(vmop_plist_insert_page(&pl, 3, &test_pages[3],
					 VMOP_AWAITING_CLEAN), 0);
	LIST_IS(&pl, "0:p0 1:p1 2:p2d 3:p3a");
}

static void insert_without_memory_changes_nothing(void)
{
	unsigned int failed;

	build(&pl, "3:p1 5-6:z");
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    vmop_plist_insert_page(&pl, BASE, &test_pages[2],
						   VMOP_DIRTY)), 0);
	EXPECT(failed > 1);
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    vmop_plist_insert_marker(&pl, BASE + 64)), 0);
	EXPECT_EQ(failed, 1);
	EXPECT_EQ(FAIL_EACH(&pl, failed,
			    vmop_plist_insert_reference(&pl, 4096, 1)), 0);
	EXPECT(failed > 0);
	LIST_IS(&pl, "3:p1 5-6:z B+0:p2d B+64:m");
}

/* The rule that every change relies on: reserve first. */
static void put_without_a_node(void)
{
	vmop_plist_put(&pl, BASE, &test_pages[1], VMOP_DIRTY);
	WARNINGS_ARE(1);
	LIST_IS(&pl, "");
}

static void remove_clean(void)
{
	build(&pl, "0:p0 1:p1d 2:p2a 3:r3 4:m 5:z");
	EXPECT(!vmop_plist_remove_clean(&pl, 0, &test_pages[1]));
	EXPECT(!vmop_plist_remove_clean(&pl, 1, &test_pages[1]));
	EXPECT(!vmop_plist_remove_clean(&pl, 2, &test_pages[2]));
	EXPECT(!vmop_plist_remove_clean(&pl, 3, &test_pages[3]));
	EXPECT(!vmop_plist_remove_clean(&pl, 9, &test_pages[3]));
	LIST_IS(&pl, "0:p0 1:p1d 2:p2a 3:r3 4:m 5:z");
	EXPECT(vmop_plist_remove_clean(&pl, 0, &test_pages[0]));
	LIST_IS(&pl, "1:p1d 2:p2a 3:r3 4:m 5:z");
}

const struct unit_test core_tests[] = {
	UNIT(pl1_empty_page_marker_reference),
	UNIT(pl2_reference_values),
	UNIT(pl3_awaiting_only_on_first_and_dirty),
	UNIT(pl3_no_clean_intervals),
	UNIT(pl4_owned_content_is_not_overwritten),
	UNIT(pl4_marker_only_into_a_gap),
	UNIT(pl4_destroy_wants_nothing_owned),
	UNIT(pl5_swap),
	UNIT(pl5_swap_errors),
	UNIT(pl9_6_positions_end),
	UNIT(pl10_empty_slot_in_an_interval_is_no_gap),
	UNIT(pl12_cursor),
	UNIT(pl13_reserve_outside_intervals),
	UNIT(pl13_reserve_in_an_interval),
	UNIT(pl14_unreserve),
	UNIT(pl14_reserved_is_nothing_to_everybody),
	UNIT(pl15_in_interval),
	UNIT(pl16_remove),
	UNIT(pl16_remove_not_in_an_interval),
	UNIT(pl24_is_empty_and_owns_nothing),
	UNIT(pl24_heap_bytes),
	UNIT(insert_page_states),
	UNIT(insert_without_memory_changes_nothing),
	UNIT(put_without_a_node),
	UNIT(remove_clean),
	{ 0 }
};
