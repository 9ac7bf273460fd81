// SPDX-License-Identifier: GPL-2.0
/*
 * Splice lists, PL-37 and PL-38; and how often long walks let others run.
 */
#include "page_list_test.h"

static struct vmop_splice sp;

/* Pops everything into the log. */
static void pop_all(void)
{
	struct vmop_slot slot;
	pgoff_t at = 0;

	while (!vmop_splice_is_processed(&sp)) {
		EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
		log_slot(NULL, at++, slot);
	}
	EXPECT(vmop_plist_is_empty(&sp.list));
}

static void pl37_take(void)
{
	build(&pl, "1:p1 2:p2d 4:m 5:r5 7:p7");
	EXPECT_EQ(vmop_plist_take(&pl, 2, 7, &sp), 0);
	LIST_IS(&pl, "1:p1 7:p7");
	/* As long as the range, holes implied, state dropped. */
	LIST_IS(&sp.list, "0:p2 2:m 3:r5");
	pop_all();
	LOG_IS("0:p2 1:empty 2:m 3:r5 4:empty");
	EXPECT_EQ(vmop_plist_take(&pl, 2, 4, &sp), 0);
	pop_all();
	LOG_IS("0:empty 1:empty");
	EXPECT_EQ(vmop_plist_take(&pl, 2, 2, &sp), 0);
	EXPECT(vmop_splice_is_processed(&sp));
	LIST_IS(&pl, "1:p1 7:p7");
}

static void pl37_no_intervals(void)
{
	build(&pl, "1:p1 3-5:z 7:p7");
	EXPECT_EQ(vmop_plist_take(&pl, 0, 8, &sp), -EINVAL);
	EXPECT(vmop_splice_is_processed(&sp));
	EXPECT(vmop_plist_is_empty(&sp.list));
	EXPECT_EQ(vmop_plist_take(&pl, 4, 5, &sp), -EINVAL);
	EXPECT(vmop_splice_is_processed(&sp));
	EXPECT_EQ(vmop_plist_take(&pl, 0, 4, &sp), -EINVAL);
	EXPECT_EQ(vmop_plist_take(&pl, 4, 4, &sp), 0);
	LIST_IS(&pl, "1:p1 3-5:z 7:p7");
	EXPECT_EQ(vmop_plist_take(&pl, 6, 8, &sp), 0);
	pop_all();
	LOG_IS("0:empty 1:p7");
	LIST_IS(&pl, "1:p1 3-5:z");
}

static void pl37_without_memory(void)
{
	unsigned int failed;

	build(&pl, "0:p0 70:p1 71:m 140:r2");
	EXPECT_EQ(FAIL_EACH(&pl, failed, ({
		int ret = vmop_plist_take(&pl, 0, 200, &sp);

		if (ret) {
			EXPECT(vmop_splice_is_processed(&sp));
			EXPECT(vmop_plist_is_empty(&sp.list));
		}
		ret;
	})), 0);
	EXPECT_EQ(failed, 4);
	LIST_IS(&pl, "");
	vmop_splice_free_all(&sp, log_free, NULL);
	LOG_IS("0:p0 70:p1 140:r2");
	EXPECT(vmop_splice_is_processed(&sp));
}

static void pl38_append_finalize_pop(void)
{
	struct vmop_slot slot, hole = { .kind = VMOP_SLOT_EMPTY };

	vmop_splice_init(&sp, 4);
	EXPECT(!vmop_splice_is_processed(&sp));
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(1)), 0);
	EXPECT_EQ(vmop_splice_append(&sp, hole), 0);
	EXPECT_EQ(vmop_splice_append(&sp, slot_reference(7)), 0);
	EXPECT_EQ(vmop_splice_append(&sp, slot_marker()), 0);
	EXPECT_EQ(vmop_splice_finalize(&sp), 0);
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	SLOT_IS(slot, "p1");
	EXPECT(!vmop_splice_is_processed(&sp));
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	SLOT_IS(slot, "empty");
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	SLOT_IS(slot, "r7");
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	SLOT_IS(slot, "m");
	EXPECT(vmop_splice_is_processed(&sp));
}

static void pl38_misuse(void)
{
	struct vmop_slot slot, zero = { .kind = VMOP_SLOT_ZERO };
	u64 reference;

	vmop_splice_init(&sp, 2);
	EXPECT_EQ(vmop_splice_append(&sp, zero), -EINVAL);
	EXPECT_EQ(vmop_splice_append(&sp, slot_reference(~0ULL)), -ERANGE);
	EXPECT_EQ(vmop_splice_append(&sp, slot_reference(1)), 0);
	WARNINGS_ARE(0);
	/* Not finalized, not complete. */
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), -EINVAL);
	EXPECT_EQ(vmop_splice_finalize(&sp), -EINVAL);
	EXPECT(!vmop_splice_peek_reference(&sp, &reference));
	EXPECT_EQ(vmop_splice_swap_head(&sp, &test_pages[1]), -ENOENT);
	WARNINGS_ARE(4);
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(1)), 0);
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(2)), -EINVAL);
	WARNINGS_ARE(1);
	EXPECT_EQ(vmop_splice_finalize(&sp), 0);
	EXPECT_EQ(vmop_splice_finalize(&sp), -EINVAL);
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(2)), -EINVAL);
	WARNINGS_ARE(2);
	pop_all();
	LOG_IS("0:r1 1:p1");
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), -EINVAL);
	WARNINGS_ARE(1);
}

static void pl38_append_without_memory(void)
{
	unsigned int failed;

	vmop_splice_init(&sp, 70);
	sp.fill = 64;
	EXPECT_EQ(FAIL_EACH(&sp.list, failed,
			    vmop_splice_append(&sp, slot_page(3))), 0);
	EXPECT_EQ(failed, 2);
	EXPECT_EQ(sp.fill, 65);
	vmop_splice_free_all(&sp, log_free, NULL);
	LOG_IS("64:p3");
}

/* A failed append leaves a node without entries: it goes with the list. */
static void fail_append(void)
{
	vmop_splice_init(&sp, 66);
	sp.fill = 64;
	shim.fail_at = shim.allocs + 2;
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(3)), -ENOMEM);
	shim.fail_at = 0;
	EXPECT_EQ(shim.nodes, 1);
}

static void pl38_processed_list_has_no_memory(void)
{
	fail_append();
	vmop_splice_free_all(&sp, log_free, NULL);
	EXPECT_EQ(shim.nodes, 0);
	fail_append();
	sp.fill = 66;
	EXPECT_EQ(vmop_splice_finalize(&sp), 0);
	while (!vmop_splice_is_processed(&sp)) {
		struct vmop_slot slot;

		EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
		SLOT_IS(slot, "empty");
	}
	EXPECT_EQ(shim.nodes, 0);
}

static void pl38_peek_and_swap_reference(void)
{
	struct vmop_slot slot;
	u64 reference = 0;

	build(&pl, "0:p0 1:r9 2:r10 3:m");
	EXPECT_EQ(vmop_plist_take(&pl, 0, 4, &sp), 0);
	EXPECT(!vmop_splice_peek_reference(&sp, &reference));
	EXPECT_EQ(vmop_splice_swap_head(&sp, &test_pages[5]), -ENOENT);
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	EXPECT(vmop_splice_peek_reference(&sp, &reference));
	EXPECT_EQ(reference, 9);
	EXPECT(vmop_splice_peek_reference(&sp, &reference));
	EXPECT_EQ(vmop_splice_swap_head(&sp, &test_pages[5]), 0);
	EXPECT(!vmop_splice_peek_reference(&sp, &reference));
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	SLOT_IS(slot, "p5");
	EXPECT(vmop_splice_peek_reference(&sp, &reference));
	EXPECT_EQ(reference, 10);
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	SLOT_IS(slot, "r10");
	EXPECT(!vmop_splice_peek_reference(&sp, &reference));
	pop_all();
	LOG_IS("0:m");
	EXPECT(!vmop_splice_peek_reference(&sp, &reference));
}

static void pl38_of_pages(void)
{
	struct vmop_page *pages[] = { &test_pages[3], &test_pages[1],
				      &test_pages[2] };
	unsigned long allocs = shim.allocs;
	struct vmop_slot slot;
	u64 reference;

	vmop_splice_init_pages(&sp, pages, 3);
	EXPECT(!vmop_splice_is_processed(&sp));
	EXPECT(!vmop_splice_peek_reference(&sp, &reference));
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(9)), -EINVAL);
	WARNINGS_ARE(1);
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	SLOT_IS(slot, "p3");
	vmop_splice_free_all(&sp, log_free, NULL);
	LOG_IS("1:p1 2:p2");
	EXPECT(vmop_splice_is_processed(&sp));
	EXPECT_EQ(shim.allocs, allocs);
	vmop_splice_init_pages(&sp, pages, 3);
	pop_all();
	LOG_IS("0:p3 1:p1 2:p2");
}

static void pl38_free_all(void)
{
	struct vmop_slot slot;

	build(&pl, "0:p0 1:p1 2:m 3:r3");
	EXPECT_EQ(vmop_plist_take(&pl, 0, 4, &sp), 0);
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	vmop_splice_free_all(&sp, log_free, NULL);
	LOG_IS("1:p1 3:r3");
	EXPECT(vmop_splice_is_processed(&sp));
	vmop_splice_free_all(&sp, log_free, NULL);
	/* Also while it is being filled. */
	vmop_splice_init(&sp, 4);
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(1)), 0);
	vmop_splice_free_all(&sp, log_free, NULL);
	LOG_IS("0:p1");
	EXPECT_EQ(vmop_splice_append(&sp, slot_page(1)), -EINVAL);
	WARNINGS_ARE(1);
}

static void pl38_give_back(void)
{
	struct vmop_slot slot;

	build(&pl, "10:p0 11:p1 12:m 13:r3 14:p4 15:m 16:p6 17:p7");
	EXPECT_EQ(vmop_plist_take(&pl, 10, 18, &sp), 0);
	LIST_IS(&pl, "");
	EXPECT_EQ(vmop_splice_pop(&sp, &slot), 0);
	/* Meanwhile others came. */
	build(&pl, "14:p20 15:p21 16:m 17:u");
	vmop_splice_give_back(&sp, &pl, 10, log_free, NULL);
	LOG_IS("14:p4 16:p6 17:p7");
	EXPECT(vmop_splice_is_processed(&sp));
	LIST_IS(&pl, "11:p1 12:m 13:r3 14:p20 15:p21 16:m 17:u");
}

static void pl38_give_back_without_memory(void)
{
	build(&pl, "0:p0 70:p1 71:m 72:p2");
	EXPECT_EQ(vmop_plist_take(&pl, 70, 73, &sp), 0);
	vmop_plist_remove(&pl, 0);
	shim.fail_at = shim.allocs + 1;
	vmop_splice_give_back(&sp, &pl, 70, log_free, NULL);
	shim.fail_at = 0;
	LOG_IS("70:p1");
	LIST_IS(&pl, "71:m 72:p2");
}

/* What takes long lets others run: how often, for 300 pages? */
#define NR_LONG		300

static void fill_long(struct vmop_plist *list)
{
	unsigned int i;

	for (i = 0; i < NR_LONG; i++)
		EXPECT_EQ(vmop_plist_insert_page(list, i, &test_pages[i],
						 VMOP_DIRTY), 0);
	shim.yields = 0;
}

static int nothing(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	return VMOP_PLIST_NEXT;
}

static int nothing_run(void *ctx, pgoff_t start, pgoff_t end, bool is_interval)
{
	return VMOP_PLIST_NEXT;
}

static bool all(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	return true;
}

static void long_walks_yield(void)
{
	struct vmop_plist_cursor cur;

	fill_long(&pl);
	vmop_plist_for_each(&pl, 0, NR_LONG, nothing, NULL);
	EXPECT_EQ(shim.yields, NR_LONG);
	vmop_plist_walk_runs(&pl, 0, NR_LONG, all, nothing, nothing_run, NULL);
	EXPECT_EQ(shim.yields, 2 * NR_LONG);
	vmop_plist_cursor_init(&cur, &pl, 0);
	vmop_plist_cursor_for_each(&cur, nothing, NULL);
	EXPECT_EQ(shim.yields, 3 * NR_LONG);
	vmop_plist_writeback_begin(&pl, 0, NR_LONG, NULL, NULL);
	EXPECT_EQ(shim.yields, 4 * NR_LONG);
	vmop_plist_writeback_end(&pl, 0, NR_LONG, NULL, NULL, NULL);
	EXPECT_EQ(shim.yields, 5 * NR_LONG);
}

static void long_changes_yield(void)
{
	fill_long(&pl);
	/* Once to prepare an entry, once to move it. */
	EXPECT_EQ(vmop_plist_merge_onto(&pl, &other, log_free, NULL), 0);
	EXPECT_EQ(shim.yields, 2 * NR_LONG);
	shim.yields = 0;
	EXPECT_EQ(vmop_plist_take(&other, 0, NR_LONG, &sp), 0);
	EXPECT(shim.yields > NR_LONG);
	shim.yields = 0;
	vmop_splice_give_back(&sp, &pl, 0, log_free, NULL);
	EXPECT_EQ(shim.yields, NR_LONG);
	shim.yields = 0;
	vmop_plist_clear_all(&pl, forget, NULL);
	EXPECT(shim.yields >= NR_LONG / 16);
	build(&pl, "0-299:z");
	shim.yields = 0;
	EXPECT_EQ(vmop_plist_populate_slots(&pl, 0, NR_LONG), 0);
	EXPECT_EQ(shim.yields, 2 * NR_LONG);
	vmop_plist_clear_all(&pl, forget, NULL);
}

const struct unit_test splice_tests[] = {
	UNIT(pl37_take),
	UNIT(pl37_no_intervals),
	UNIT(pl37_without_memory),
	UNIT(pl38_append_finalize_pop),
	UNIT(pl38_misuse),
	UNIT(pl38_append_without_memory),
	UNIT(pl38_processed_list_has_no_memory),
	UNIT(pl38_peek_and_swap_reference),
	UNIT(pl38_of_pages),
	UNIT(pl38_free_all),
	UNIT(pl38_give_back),
	UNIT(pl38_give_back_without_memory),
	UNIT(long_walks_yield),
	UNIT(long_changes_yield),
	{ 0 }
};
