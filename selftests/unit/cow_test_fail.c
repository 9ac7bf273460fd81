// SPDX-License-Identifier: GPL-2.0
/*
 * No memory: each allocation of each operation fails in turn. What a VMO shows
 * does not change by a failure, nothing is lost, and the next attempt works.
 */
#include "cow_test.h"

static unsigned int nr_failed;

/* So that a sweep finds each time what it has found before. */
static void supply_all(void)
{
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < fam->root->nr_pages; pgoff++)
		OK(sim_supply(fam, pgoff, false));
}

static void fail_supply(void)
{
	family(true, 2);
	OK(FAIL_EACH(nr_failed, sim_supply(fam, 1, false)));
	/* The memory, its page, its place. */
	EXPECT_EQ(nr_failed, 3);
	READS(r, "100 101");
}

static void fail_tree_create(void)
{
	shim.fail_at = shim.allocs + 1;
	EXPECT(!vmop_tree_create());
	shim.fail_at = 0;
}

static void fail_clone(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 7);
	OK(FAIL_EACH(nr_failed, sim_clone(r, SIM_SNAPSHOT, 0, 2, false, &c)));
	/* Its space, its node, the new leaf. */
	EXPECT_EQ(nr_failed, 3);
	READS(c, "7 .");
}

static void fail_write(void)
{
	struct sim_vmo *c;

	family(true, 2);
	supply_all();
	c = SNAPSHOT(r, 0, 2);
	OK(FAIL_EACH(nr_failed, sim_write(c, 1, 0, 9)));
	/* The copy's memory, its page, its place. */
	EXPECT_EQ(nr_failed, 3);
	READS(c, "100 9");
	READS(r, "100 101");
}

static void fail_preserve(void)
{
	struct sim_vmo *c;

	family(true, 3);
	supply_all();
	OK(sim_zero(r, 1, 2));
	c = SNAPSHOT(r, 0, 3);
	OK(FAIL_EACH(nr_failed, sim_write(r, 0, 0, 8)));
	EXPECT_EQ(nr_failed, 3);
	OK(FAIL_EACH(nr_failed, sim_write(r, 1, 0, 9)));
	READS(c, "100 . 102");
	READS(r, "8 9 102");
}

static void fail_move(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 7);
	c = SNAPSHOT(r, 0, 2);
	WRITE(c, 0, 8);
	COPIES(0, OK(FAIL_EACH(nr_failed, sim_write(r, 0, 0, 9))));
	EXPECT(nr_failed >= 3);
	READS(c, "8 .");
	PAGES(2);
}

static void fail_commit(void)
{
	struct sim_vmo *c;

	family(true, 2);
	supply_all();
	c = ON_WRITE(r, 0, 2);
	OK(FAIL_EACH(nr_failed, sim_commit(c, 1)));
	EXPECT_EQ(nr_failed, 3);
	OK(sim_resize(r, 4 * PAGE_SIZE, true));
	OK(FAIL_EACH(nr_failed, sim_commit(r, 3)));
	READS(r, "100 101 . .");
}

static void fail_zero(void)
{
	struct sim_vmo *a, *b;

	family(true, 12);
	supply_all();
	EXPECT(sim_evict(fam, 11));
	WRITE(r, 7, 17);
	a = SNAPSHOT(r, 2, 8);
	b = ON_WRITE(r, 0, 12);
	OK(FAIL_EACH(nr_failed, sim_zero(b, 1, 9)));
	EXPECT(nr_failed >= 1);
	READS(b, "100 . . . . . . . . 109 110 111");
	OK(FAIL_EACH(nr_failed, sim_zero(r, 0, 12)));
	EXPECT(nr_failed >= 1);
	READS(a, "102 103 104 105 106 17 108 109");
	READS(r, ". . . . . . . . . . . .");
}

static void fail_resize(void)
{
	struct sim_vmo *c;

	family(true, 4);
	supply_all();
	WRITE(r, 2, 12);
	c = SNAPSHOT(r, 0, 4);
	OK(FAIL_EACH(nr_failed,
		     sim_resize(r, PAGE_SIZE + SHIM_CELL_BYTES, true)));
	EXPECT(nr_failed >= 2);
	READS(c, "100 101 12 103");
	OK(FAIL_EACH(nr_failed, sim_resize(c, SHIM_CELL_BYTES, true)));
	READS(c, "100");
	OK(FAIL_EACH(nr_failed, sim_resize(c, 3 * PAGE_SIZE, true)));
	OK(FAIL_EACH(nr_failed, sim_resize(r, 8 * PAGE_SIZE, true)));
	EXPECT(nr_failed >= 1);
	READS(c, "100 . .");
}

/* Cutting an interval in two takes memory, after pages were preserved. */
static void fail_shrink_in_an_interval(void)
{
	struct sim_vmo *c;

	/* So long that only where it is cut there is no node yet. */
	family(true, 1);
	OK(sim_resize(r, 150 * PAGE_SIZE, true));
	WRITE(r, 140, 12);
	WRITE(r, 145, 19);
	c = SNAPSHOT(r, 0, 150);
	WRITE(c, 142, 22);
	OK(FAIL_EACH(nr_failed, sim_resize(r, 90 * PAGE_SIZE, false)));
	EXPECT_EQ(nr_failed, 1);
	EXPECT_EQ(reads(c, 140), 12);
	EXPECT_EQ(reads(c, 145), 19);
	EXPECT_EQ(own(c), 3);
}

static void fail_writeback_and_dirty(void)
{
	struct sim_vmo *c;

	family(true, 2);
	OK(sim_resize(r, 8 * PAGE_SIZE, true));
	c = SNAPSHOT(r, 0, 8);
	OK(FAIL_EACH(nr_failed, sim_make_dirty(fam, 1, 6)));
	EXPECT(nr_failed >= 6);
	READS(c, "100 101 . . . . . .");
	sim_writeback_begin(fam, 1, 7, false);
	OK(FAIL_EACH(nr_failed, sim_writeback_end(fam, 1, 7)));
	READS(r, "100 101 . . . . . .");
	READS(c, "100 101 . . . . . .");
}

/* Zeros are made slots of their own before any page is put in. */
static void fail_make_dirty(void)
{
	family(true, 1);
	OK(sim_resize(r, 150 * PAGE_SIZE, true));
	OK(FAIL_EACH(nr_failed, sim_make_dirty(fam, 1, 66)));
	EXPECT(nr_failed > 130);
	EXPECT_EQ(own(r), 65);
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 65);
}

/* Some of them are, when there is no more memory: they become one again. */
static void fail_make_dirty_between_pages(void)
{
	family(true, 1);
	OK(sim_resize(r, 150 * PAGE_SIZE, true));
	WRITE(r, 70, 17);
	WRITE(r, 100, 18);
	OK(FAIL_EACH(nr_failed, sim_make_dirty(fam, 61, 131)));
	EXPECT_EQ(own(r), 70);
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 70);
}

/* A merge that lacks memory leaves what it leaves: nobody can tell. */
static void fail_merge(void)
{
	struct sim_vmo *c;
	unsigned int nth, i;
	bool failed = true;

	for (nth = 1; failed; nth++) {
		family(false, 12);
		for (i = 0; i < 12; i += 2)
			WRITE(r, i, 10 + i);
		OK(sim_resize(r, 11 * PAGE_SIZE + SHIM_CELL_BYTES, false));
		c = SNAPSHOT(r, 1, 11);
		shim.fail_at = shim.allocs + nth;
		shim.failed = false;
		sim_close(r);
		failed = shim.failed;
		shim.fail_at = 0;
		if (nth == 1)
			EXPECT(failed);
		HIDDEN(failed);
		READS(c, ". 12 . 14 . 16 . 18 . 20 .");
		/* What is left above goes with the rest. */
		WRITE(c, 1, 98);
		sim_close(c);
		sim_end(fam);
		EXPECT_EQ(cow_shim.pages, 0);
		fam = NULL;
	}
}

/* The one with less gives: here the leaf, which has grown since. */
static void fail_merge_into_the_parent(void)
{
	struct sim_vmo *c;
	unsigned int nth, i;
	bool failed = true;

	for (nth = 1; failed; nth++) {
		family(false, 6);
		for (i = 0; i < 6; i++)
			WRITE(r, i, 10 + i);
		c = SNAPSHOT(r, 0, 6);
		OK(sim_resize(r, 4 * PAGE_SIZE + SHIM_CELL_BYTES, false));
		OK(sim_resize(r, 150 * PAGE_SIZE, false));
		OK(sim_map(r, 0, false));
		WRITE(r, 1, 21);
		OK(sim_zero(r, 2, 3));
		WRITE(r, 70, 22);
		WRITE(r, 140, 23);
		shim.fail_at = shim.allocs + nth;
		shim.failed = false;
		sim_close(c);
		failed = shim.failed;
		shim.fail_at = 0;
		LOOK();
		HIDDEN(failed);
		WRITE(r, 3, 24);
		LOOK();
		EXPECT_EQ(reads(r, 70), 22);
		EXPECT_EQ(reads(r, 4), 14);
		sim_end(fam);
		fam = NULL;
	}
}

static void fail_merge_between(void)
{
	struct sim_vmo *a, *b;
	unsigned int nth;
	bool failed = true;

	for (nth = 1; failed; nth++) {
		family(true, 6);
		a = MODIFIED(r, 0, 6);
		OK(sim_resize(a, 5 * PAGE_SIZE + SHIM_CELL_BYTES, false));
		OK(sim_resize(a, 6 * PAGE_SIZE, false));
		WRITE(a, 1, 11);
		OK(sim_zero(a, 2, 4));
		b = MODIFIED(a, 1, 5);
		shim.fail_at = shim.allocs + nth;
		shim.failed = false;
		sim_close(a);
		failed = shim.failed;
		shim.fail_at = 0;
		HIDDEN(failed);
		WRITE(r, 4, 24);
		READS(b, "11 . . 24 105");
		sim_end(fam);
		fam = NULL;
	}
	EXPECT(nth > 3);
}

const struct unit_test fail_tests[] = {
	UNIT(fail_supply),
	UNIT(fail_tree_create),
	UNIT(fail_clone),
	UNIT(fail_write),
	UNIT(fail_preserve),
	UNIT(fail_move),
	UNIT(fail_commit),
	UNIT(fail_zero),
	UNIT(fail_resize),
	UNIT(fail_shrink_in_an_interval),
	UNIT(fail_writeback_and_dirty),
	UNIT(fail_make_dirty),
	UNIT(fail_make_dirty_between_pages),
	UNIT(fail_merge),
	UNIT(fail_merge_into_the_parent),
	UNIT(fail_merge_between),
	{ 0 }
};
