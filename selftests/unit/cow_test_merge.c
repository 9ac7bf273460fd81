// SPDX-License-Identifier: GPL-2.0
/*
 * COW-21, mostly where the child has less than the hidden node: the node takes the
 * child's place, and nearly nothing moves.
 */
#include "cow_test.h"

static void write_all(struct sim_vmo *vmo, u32 value)
{
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < sim_node(vmo)->nr_pages; pgoff++)
		WRITE(vmo, pgoff, value + pgoff);
}

static void cow18_through_windows(void)
{
	struct sim_vmo *a, *b;

	family(false, 6);
	write_all(r, 10);
	a = SNAPSHOT(r, 2, 4);
	WRITE(a, 3, 23);
	b = SNAPSHOT(a, 1, 2);
	write_all(r, 30);
	/* r's six, 2 to 4 of the old ones, and what a has changed. */
	PAGES(10);
	OK(sim_zero(a, 0, 4));
	PAGES(8);
	READS(b, "13 14");
	OK(sim_resize(b, PAGE_SIZE, false));
	PAGES(7);
	READS(b, "13");
}

/* A leaf that others look to is closed: what it alone has seen goes. */
static void cow18_hidden_by_a_close(void)
{
	struct sim_vmo *p, *c, *d;

	family(true, 6);
	p = MODIFIED(r, 0, 6);
	write_all(p, 10);
	c = ON_WRITE(p, 0, 6);
	WRITE(c, 0, 20);
	WRITE(c, 5, 25);
	d = ON_WRITE(c, 0, 2);
	ON_WRITE(c, 0, 1);
	/* Six of the root, six of p, two of c. */
	PAGES(14);
	sim_close(p);
	PAGES(12);
	HIDDEN(0);
	sim_close(c);
	HIDDEN(1);
	PAGES(8);
	READS(d, "20 11");
}

/* The same further up, where it was a leaf below a hidden node. */
static void cow18_hidden_below_a_hidden_one(void)
{
	struct sim_vmo *a, *p;

	family(true, 6);
	a = MODIFIED(r, 0, 6);
	write_all(a, 10);
	p = ON_WRITE(a, 0, 6);
	WRITE(p, 0, 20);
	ON_WRITE(a, 0, 2);
	ON_WRITE(p, 0, 2);
	ON_WRITE(p, 0, 1);
	sim_close(a);
	HIDDEN(1);
	/* Six of the root, six of a, one of p. */
	PAGES(13);
	sim_close(p);
	HIDDEN(2);
	PAGES(9);
}

static void cow19_mapped_through_a_leaf(void)
{
	struct sim_vmo *c, *d;

	family(true, 4);
	c = ON_WRITE(r, 0, 4);
	WRITE(c, 0, 10);
	d = ON_WRITE(c, 0, 4);
	EXPECT(sim_node(d)->parent == sim_node(c));
	OK(sim_map(d, 3, false));
	EXPECT(d->space->mapping.pte[3].folio);
	OK(sim_resize(c, PAGE_SIZE, false));
	EXPECT(!d->space->mapping.pte[3].folio);
	READS(d, "10 . . .");
}

/* A cut and zeros behind the window of the one that is left. */
static void cow21_not_what_is_behind_the_window(void)
{
	struct sim_vmo *a, *b;

	family(true, 8);
	a = MODIFIED(r, 0, 8);
	OK(sim_resize(a, 3 * PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(a, 8 * PAGE_SIZE, false));
	OK(sim_zero(a, 1, 3));
	b = MODIFIED(a, 0, 2);
	sim_close(a);
	HIDDEN(0);
	READS(b, "100 .");
	OK(sim_resize(b, 4 * PAGE_SIZE, false));
	READS(b, "100 . . .");
	a = MODIFIED(r, 0, 8);
	OK(sim_resize(a, 3 * PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(a, 8 * PAGE_SIZE, false));
	b = MODIFIED(a, 0, 4);
	OK(sim_resize(b, 3 * PAGE_SIZE, false));
	sim_close(a);
	HIDDEN(0);
	READS(b, "100 101 102");
}

static void cow21_adopts_a_leaf(void)
{
	struct vmop_cow *node;
	struct sim_vmo *c;

	family(false, 6);
	write_all(r, 10);
	node = sim_node(r);
	c = SNAPSHOT(r, 0, 6);
	WRITE(r, 1, 21);
	OK(sim_zero(r, 2, 4));
	OK(sim_map(r, 1, false));
	OK(sim_map(r, 5, false));
	sim_close(c);
	EXPECT(sim_node(r) == node);
	HIDDEN(0);
	PAGES(4);
	/* What did not move stays mapped. */
	EXPECT(r->space->mapping.pte[5].folio);
	READS(r, "10 21 . . 14 15");
	EXPECT_EQ(sim_reset(r), -EOPNOTSUPP);
	WRITE(r, 5, 25);
	READS(r, "10 21 . . 14 25");
}

static void cow21_adopts_a_shorter_one(void)
{
	struct sim_vmo *c;

	family(false, 6);
	write_all(r, 10);
	c = SNAPSHOT(r, 0, 6);
	OK(sim_resize(r, 4 * PAGE_SIZE, false));
	OK(sim_resize(r, 5 * PAGE_SIZE, false));
	sim_close(c);
	HIDDEN(0);
	PAGES(4);
	READS(r, "10 11 12 13 .");
	OK(sim_resize(r, 7 * PAGE_SIZE, false));
	READS(r, "10 11 12 13 . . .");
}

static void cow21_adopts_a_longer_one(void)
{
	struct sim_vmo *c;

	family(false, 3);
	write_all(r, 10);
	c = SNAPSHOT(r, 0, 3);
	OK(sim_resize(r, 6 * PAGE_SIZE, false));
	sim_close(c);
	HIDDEN(0);
	READS(r, "10 11 12 . . .");
	c = SNAPSHOT(r, 0, 6);
	OK(sim_resize(r, 8 * PAGE_SIZE, false));
	WRITE(r, 7, 17);
	sim_close(c);
	HIDDEN(0);
	READS(r, "10 11 12 . . . . 17");
}

static void cow21_adopts_cuts(void)
{
	struct sim_vmo *c;
	u32 cell[SHIM_CELLS];
	pgoff_t pgoff;

	family(false, 4);
	write_all(r, 10);
	for (pgoff = 0; pgoff < 4; pgoff++)
		OK(sim_write(r, pgoff, SHIM_CELLS - 1, 90 + pgoff));
	c = SNAPSHOT(r, 0, 4);
	/* Cut where it has nothing of its own, and where it has. */
	OK(sim_resize(r, 3 * PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(r, 2 * PAGE_SIZE + SHIM_CELL_BYTES, false));
	WRITE(r, 1, 21);
	OK(sim_resize(r, PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(r, 4 * PAGE_SIZE, false));
	OK(sim_write(r, 1, SHIM_CELLS - 1, 5));
	sim_close(c);
	HIDDEN(0);
	READS(r, "10 21 . .");
	sim_peek(r, 1, cell);
	EXPECT_EQ(cell[SHIM_CELLS - 1], 5);
	/* The other way round: absent up to the root. */
	c = SNAPSHOT(r, 0, 4);
	OK(sim_resize(r, SHIM_CELL_BYTES, false));
	OK(sim_resize(r, 4 * PAGE_SIZE, false));
	sim_close(c);
	sim_peek(r, 0, cell);
	EXPECT_EQ(cell[0], 10);
	EXPECT_EQ(cell[SHIM_CELLS - 1], 0);
	LOOK();
}

static void cow21_adopts_a_hidden_one(void)
{
	struct sim_vmo *c, *d;

	family(false, 6);
	write_all(r, 10);
	c = SNAPSHOT(r, 0, 6);
	WRITE(r, 1, 21);
	OK(sim_zero(r, 2, 3));
	d = SNAPSHOT(r, 0, 6);
	HIDDEN(2);
	sim_close(c);
	HIDDEN(1);
	PAGES(5);
	WRITE(r, 0, 30);
	READS(r, "30 21 . 13 14 15");
	READS(d, "10 21 . 13 14 15");
	sim_close(r);
	HIDDEN(0);
	READS(d, "10 21 . 13 14 15");
}

static void cow21_adopts_one_that_was_resettable(void)
{
	struct sim_vmo *b, *d;

	family(false, 4);
	write_all(r, 10);
	b = resettable(r, SIM_SNAPSHOT, 0, 4);
	WRITE(b, 1, 21);
	d = SNAPSHOT(b, 0, 4);
	sim_close(r);
	HIDDEN(1);
	PAGES(4);
	WRITE(d, 0, 40);
	READS(b, "10 21 12 13");
	READS(d, "40 21 12 13");
	sim_close(d);
	HIDDEN(0);
	PAGES(4);
	READS(b, "10 21 12 13");
}

/* What was kept for a reset of the child, behind what the child has itself. */
static void cow21_adopts_over_a_base(void)
{
	struct sim_vmo *b, *d, *e;

	family(false, 4);
	write_all(r, 10);
	b = resettable(r, SIM_SNAPSHOT, 0, 4);
	e = SNAPSHOT(r, 0, 1);
	WRITE(b, 1, 21);
	sim_close(r);
	PAGES(5);
	d = SNAPSHOT(b, 0, 4);
	sim_close(e);
	HIDDEN(1);
	PAGES(4);
	READS(b, "10 21 12 13");
	READS(d, "10 21 12 13");
}

/* The same, and the child has nothing there any more: that went to its leaf. */
static void cow21_adopts_over_a_base_given_away(void)
{
	struct sim_vmo *b, *d, *e;

	family(false, 4);
	write_all(r, 10);
	b = resettable(r, SIM_SNAPSHOT, 0, 4);
	e = SNAPSHOT(r, 0, 1);
	WRITE(b, 1, 21);
	WRITE(b, 2, 22);
	sim_close(r);
	d = SNAPSHOT(b, 2, 2);
	WRITE(b, 1, 31);
	PAGES(6);
	sim_close(e);
	HIDDEN(1);
	PAGES(4);
	READS(b, "10 31 22 13");
	READS(d, "22 13");
}

static void cow21_inherits_no_base_given_away(void)
{
	struct sim_vmo *b, *d, *e;

	family(false, 4);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	b = resettable(r, SIM_SNAPSHOT, 0, 4);
	e = SNAPSHOT(r, 0, 1);
	WRITE(b, 1, 21);
	WRITE(b, 2, 22);
	WRITE(b, 3, 23);
	sim_close(r);
	d = SNAPSHOT(b, 2, 2);
	WRITE(b, 1, 31);
	PAGES(5);
	sim_close(e);
	HIDDEN(1);
	PAGES(4);
	READS(b, "10 31 22 23");
	READS(d, "22 23");
}

/* What was kept for a reset of the child, further up than its parent. */
static void cow21_drops_a_base_further_up(void)
{
	struct sim_vmo *b, *c, *d, *e;

	family(false, 4);
	write_all(r, 10);
	c = SNAPSHOT(r, 0, 4);
	WRITE(c, 0, 20);
	e = SNAPSHOT(c, 0, 1);
	b = resettable(c, SIM_SNAPSHOT, 0, 4);
	sim_close(c);
	WRITE(b, 1, 31);
	WRITE(r, 1, 41);
	d = SNAPSHOT(b, 1, 2);
	HIDDEN(3);
	PAGES(7);
	sim_close(e);
	HIDDEN(2);
	PAGES(6);
	READS(r, "10 41 12 13");
	READS(b, "20 31 12 13");
	READS(d, "31 12");
}

/* The same for a reset of the one that merges. */
static void cow21_drops_its_own_base(void)
{
	struct sim_vmo *b, *c, *d;

	family(false, 4);
	write_all(r, 10);
	c = SNAPSHOT(r, 0, 4);
	b = resettable(r, SIM_SNAPSHOT, 0, 4);
	WRITE(b, 1, 21);
	WRITE(b, 2, 22);
	WRITE(c, 1, 31);
	WRITE(r, 1, 41);
	d = SNAPSHOT(b, 2, 2);
	HIDDEN(2);
	PAGES(8);
	sim_close(d);
	HIDDEN(1);
	PAGES(7);
	READS(r, "10 41 12 13");
	READS(b, "10 21 22 13");
	READS(c, "10 31 12 13");
}

/* As long as the child could be reset its parent had to stay. */
static void cow21_merges_when_the_child_is_hidden(void)
{
	struct sim_vmo *b, *c, *d, *e;

	family(true, 4);
	c = ON_WRITE(r, 0, 4);
	WRITE(c, 1, 21);
	b = resettable(c, SIM_AT_LEAST_ON_WRITE, 0, 4);
	WRITE(b, 1, 31);
	d = ON_WRITE(b, 0, 4);
	e = ON_WRITE(b, 0, 2);
	sim_close(c);
	HIDDEN(1);
	PAGES(3);
	sim_close(b);
	HIDDEN(1);
	PAGES(2);
	READS(d, "100 31 102 103");
	READS(e, "100 31");
}

/* A snapshot that was given zeros, below one that was given pages. */
static void cow21_adopts_a_marker(void)
{
	struct sim_vmo *a, *b, *d;

	family(true, 4);
	OK(sim_zero(r, 1, 2));
	a = SNAPSHOT(r, 0, 4);
	WRITE(r, 1, 31);
	b = SNAPSHOT(r, 0, 4);
	d = SNAPSHOT(a, 0, 4);
	HIDDEN(2);
	WRITE(r, 0, 40);
	WRITE(r, 2, 42);
	WRITE(r, 3, 43);
	sim_close(b);
	HIDDEN(1);
	READS(a, "100 . 102 103");
	READS(d, "100 . 102 103");
}

static void cow21_adopts_without_a_cut(void)
{
	struct sim_vmo *c, *d;

	family(true, 8);
	c = MODIFIED(r, 0, 8);
	OK(sim_resize(c, 5 * PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(c, 8 * PAGE_SIZE, false));
	WRITE(c, 0, 10);
	WRITE(c, 1, 11);
	d = MODIFIED(c, 0, 8);
	OK(sim_resize(c, 3 * PAGE_SIZE, false));
	sim_close(d);
	HIDDEN(0);
	READS(c, "10 11 102");
}

/* Its window into the root is not wider than the child's was. */
static void cow21_adopts_below_a_root(void)
{
	struct sim_vmo *c, *d;

	family(true, 8);
	c = MODIFIED(r, 0, 8);
	WRITE(c, 0, 10);
	WRITE(c, 1, 11);
	WRITE(c, 2, 12);
	d = MODIFIED(c, 0, 8);
	WRITE(c, 3, 13);
	OK(sim_resize(c, 7 * PAGE_SIZE, false));
	OK(sim_resize(c, 5 * PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(c, 8 * PAGE_SIZE, false));
	sim_close(d);
	HIDDEN(0);
	EXPECT(sim_node(c)->parent == fam->root);
	EXPECT_EQ(sim_node(c)->limit, 6);
	READS(c, "10 11 12 13 104 105 . .");
	WRITE(r, 4, 44);
	READS(c, "10 11 12 13 44 105 . .");
}

static void cow21_adopts_below_a_frozen_root(void)
{
	struct sim_vmo *c, *d;

	family(true, 4);
	c = SNAPSHOT(r, 0, 4);
	WRITE(c, 0, 10);
	WRITE(c, 1, 11);
	d = SNAPSHOT(c, 0, 4);
	WRITE(c, 0, 20);
	sim_close(d);
	HIDDEN(0);
	EXPECT(fam->root->frozen == sim_node(c));
	WRITE(r, 3, 33);
	READS(c, "20 11 102 103");
	READS(r, "100 101 102 33");
}

/* Whatever it lacks memory for, what both show stays the same. */
static void cow21_adopts_without_memory(void)
{
	struct vmop_cow *node;
	struct sim_vmo *c;
	unsigned int nth, i;
	bool failed = true;

	for (nth = 1; failed; nth++) {
		family(true, 150);
		fam->store[142][SHIM_CELLS - 1] = 500;
		flat_write(r->flat, 142, SHIM_CELLS - 1, 500);
		c = MODIFIED(r, 0, 150);
		WRITE(c, 0, 10);
		WRITE(c, 1, 11);
		WRITE(c, 2, 12);
		WRITE(c, 3, 13);
		for (i = 6; i < 12; i++)
			WRITE(c, i, i);
		OK(sim_zero(c, 20, 140));
		node = sim_node(c);
		MODIFIED(c, 0, 150);
		WRITE(c, 70, 17);
		OK(sim_zero(c, 1, 2));
		OK(sim_zero(c, 3, 5));
		WRITE(c, 100, 18);
		OK(sim_resize(c, 145 * PAGE_SIZE + SHIM_CELL_BYTES, false));
		OK(sim_resize(c, 142 * PAGE_SIZE + SHIM_CELL_BYTES, false));
		OK(sim_resize(c, 148 * PAGE_SIZE, false));
		shim.fail_at = shim.allocs + nth;
		shim.failed = false;
		sim_close(fam->vmo[2]);
		failed = shim.failed;
		shim.fail_at = 0;
		HIDDEN(failed);
		EXPECT_EQ(sim_node(c) == node, !failed);
		WRITE(c, 5, 15);
		WRITE(r, 6, 66);
		LOOK();
		sim_end(fam);
		fam = NULL;
	}
}

const struct unit_test merge_tests[] = {
	UNIT(cow18_through_windows),
	UNIT(cow18_hidden_by_a_close),
	UNIT(cow18_hidden_below_a_hidden_one),
	UNIT(cow19_mapped_through_a_leaf),
	UNIT(cow21_not_what_is_behind_the_window),
	UNIT(cow21_adopts_a_leaf),
	UNIT(cow21_adopts_a_shorter_one),
	UNIT(cow21_adopts_a_longer_one),
	UNIT(cow21_adopts_cuts),
	UNIT(cow21_adopts_a_hidden_one),
	UNIT(cow21_adopts_one_that_was_resettable),
	UNIT(cow21_adopts_over_a_base),
	UNIT(cow21_adopts_over_a_base_given_away),
	UNIT(cow21_inherits_no_base_given_away),
	UNIT(cow21_drops_a_base_further_up),
	UNIT(cow21_drops_its_own_base),
	UNIT(cow21_merges_when_the_child_is_hidden),
	UNIT(cow21_adopts_a_marker),
	UNIT(cow21_adopts_without_a_cut),
	UNIT(cow21_adopts_below_a_root),
	UNIT(cow21_adopts_below_a_frozen_root),
	UNIT(cow21_adopts_without_memory),
	{ 0 }
};
