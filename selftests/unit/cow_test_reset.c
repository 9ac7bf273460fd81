// SPDX-License-Identifier: GPL-2.0
/*
 * A clone sees its parent again: as long as that is there, and always if it was
 * made to.
 */
#include "cow_test.h"

static void reset_of_a_clone_that_follows(void)
{
	struct sim_vmo *c;

	family(true, 4);
	c = ON_WRITE(r, 0, 4);
	WRITE(c, 1, 11);
	OK(sim_zero(c, 2, 3));
	OK(sim_map(c, 1, false));
	OK(sim_map(c, 2, false));
	WRITE(r, 0, 20);
	WRITE(r, 1, 21);
	READS(c, "20 11 . 103");
	OK(sim_reset(c));
	EXPECT(!c->space->mapping.nr_mapped);
	READS(c, "20 21 102 103");
	OWN(c, 0);
}

static void reset_of_a_snapshot(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	c = SNAPSHOT(r, 0, 2);
	WRITE(c, 0, 20);
	OK(sim_zero(c, 1, 2));
	OK(sim_reset(c));
	READS(c, "10 11");
	PAGES(2);
}

static void reset_is_refused_when_the_base_is_moved(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 10);
	c = SNAPSHOT(r, 0, 2);
	WRITE(c, 0, 20);
	/* r was the last to see it, and has got it. */
	WRITE(r, 0, 30);
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	READS(c, "20 .");
}

static void reset_is_refused_when_the_base_is_freed(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 10);
	c = SNAPSHOT(r, 0, 2);
	SNAPSHOT(r, 1, 1);
	WRITE(c, 0, 20);
	OK(sim_zero(r, 0, 1));
	PAGES(1);
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	READS(c, "20 .");
}

static void reset_is_refused_after_a_merge(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 10);
	c = SNAPSHOT(r, 0, 2);
	sim_close(r);
	HIDDEN(0);
	WRITE(c, 0, 20);
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	READS(c, "20 .");
}

static void reset_is_refused_after_a_snapshot_of_it(void)
{
	struct sim_vmo *c, *d;

	family(false, 2);
	WRITE(r, 0, 10);
	c = resettable(r, SIM_SNAPSHOT, 0, 2);
	WRITE(c, 0, 20);
	d = SNAPSHOT(c, 0, 2);
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	/* Only of what it has changed itself. */
	READS(c, "20 .");
	READS(d, "20 .");
	OK(sim_reset(d));
	READS(d, "20 .");
}

static void reset_is_kept(void)
{
	struct sim_vmo *c, *d;

	family(false, 3);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	WRITE(r, 2, 12);
	c = resettable(r, SIM_SNAPSHOT, 0, 2);
	d = SNAPSHOT(r, 0, 3);
	WRITE(c, 0, 20);
	/* A copy, although nobody sees the original but c after a reset. */
	OK(sim_zero(r, 0, 1));
	COPIES(1, WRITE(d, 0, 30));
	OK(sim_zero(r, 2, 3));
	WRITE(d, 2, 32);
	sim_close(d);
	OK(sim_zero(r, 1, 3));
	sim_close(r);
	HIDDEN(1);
	PAGES(3);
	OK(sim_reset(c));
	READS(c, "10 11");
	/* Again and again. */
	OK(sim_zero(c, 0, 2));
	PAGES(2);
	OK(sim_reset(c));
	READS(c, "10 11");
}

static void reset_keeps_the_size(void)
{
	struct sim_vmo *c;

	family(true, 4);
	fam->store[1][3] = 500;
	flat_write(r->flat, 1, 3, 500);
	c = resettable(r, SIM_AT_LEAST_ON_WRITE, 0, 4);
	WRITE(c, 1, 21);
	OK(sim_resize(c, PAGE_SIZE + 2 * SHIM_CELL_BYTES, false));
	OK(sim_resize(c, 6 * PAGE_SIZE, false));
	WRITE(c, 5, 25);
	OK(sim_reset(c));
	READS(c, "100 101 . . . .");
	EXPECT_EQ(resolve(c, 1).len, 2 * SHIM_CELL_BYTES);
}

static void reset_of_a_frozen_clone(void)
{
	struct sim_vmo *c, *d;

	family(true, 3);
	c = resettable(r, SIM_SNAPSHOT, 0, 3);
	HIDDEN(1);
	WRITE(c, 0, 20);
	/* What c has changed is preserved as well, beside it. */
	COPIES(1, WRITE(r, 0, 30));
	OK(sim_zero(r, 1, 2));
	OK(sim_reset(c));
	READS(c, "100 101 102");
	sim_close(c);
	HIDDEN(0);
	/* Without that, what is not preserved cannot be seen again. */
	d = SNAPSHOT(r, 0, 3);
	WRITE(d, 0, 21);
	COPIES(0, WRITE(r, 0, 31));
	EXPECT_EQ(sim_reset(d), -EOPNOTSUPP);
	READS(d, "21 . 102");
}

/* What a root changes beside the window, or had given before, is no loss. */
static void reset_is_not_refused_for_nothing(void)
{
	struct sim_vmo *c, *d;

	family(true, 8);
	c = SNAPSHOT(r, 2, 2);
	WRITE(c, 0, 9);
	OK(sim_zero(r, 0, 2));
	OK(sim_zero(r, 4, 8));
	WRITE(r, 1, 7);
	WRITE(r, 4, 7);
	OK(sim_reset(c));
	READS(c, "102 103");
	sim_close(c);
	c = resettable(r, SIM_SNAPSHOT, 0, 4);
	d = SNAPSHOT(r, 0, 4);
	EXPECT(sim_node(c)->parent == sim_node(d)->parent);
	WRITE(d, 2, 9);
	/* c is given it, so that d can see it again. */
	WRITE(r, 2, 22);
	OK(sim_zero(r, 2, 3));
	OK(sim_reset(d));
	READS(d, ". 7 102 103");
}

static void reset_below_a_node_that_was_not_given(void)
{
	struct sim_vmo *c, *d;

	family(true, 4);
	c = SNAPSHOT(r, 0, 4);
	WRITE(r, 3, 9);
	d = SNAPSHOT(r, 0, 4);
	HIDDEN(1);
	WRITE(c, 1, 10);
	WRITE(d, 1, 11);
	COPIES(0, WRITE(r, 1, 12));
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	EXPECT_EQ(sim_reset(d), -EOPNOTSUPP);
	READS(c, "100 10 102 103");
	READS(d, "100 11 102 9");
}

static void reset_after_the_root_was_zeroed(void)
{
	struct sim_vmo *c;

	family(true, 2);
	OK(sim_supply(fam, 0, false));
	c = SNAPSHOT(r, 0, 2);
	WRITE(c, 0, 9);
	OK(sim_zero(r, 0, 1));
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	READS(c, "9 101");
}

/* Zeros that were not made, as something is absent, are no change. */
static void reset_after_a_zero_that_has_to_wait(void)
{
	struct sim_vmo *c;
	pgoff_t done;
	int ret;

	family(true, 4);
	c = SNAPSHOT(r, 0, 4);
	WRITE(c, 0, 9);
	down_write(&fam->tree->lock);
	ret = vmop_cow_zero(fam->root, 1, 3, &done);
	up_write(&fam->tree->lock);
	EXPECT_EQ(ret, -ENODATA);
	EXPECT_EQ(done, 1);
	OK(sim_reset(c));
	READS(c, "100 101 102 103");
}

/* The node that is given what the root changes is hidden, and begins behind it. */
static void reset_below_a_window_that_was_given(void)
{
	struct sim_vmo *c, *d;

	family(true, 6);
	c = SNAPSHOT(r, 2, 3);
	WRITE(c, 0, 10);
	d = SNAPSHOT(c, 0, 3);
	EXPECT(vmop_cow_is_hidden(fam->root->frozen));
	EXPECT_EQ(fam->root->frozen->offset, 2);
	WRITE(d, 1, 11);
	/* It has something of its own where the root changes. */
	COPIES(0, WRITE(r, 2, 22));
	OK(sim_reset(d));
	READS(d, "10 103 104");
	WRITE(d, 1, 11);
	WRITE(c, 1, 12);
	COPIES(0, WRITE(r, 3, 23));
	EXPECT_EQ(sim_reset(d), -EOPNOTSUPP);
	READS(d, "10 11 104");
}

/* The tail that the root has cut off is nothing to a clone with its own page. */
static void reset_after_the_root_was_cut(void)
{
	struct sim_vmo *c;

	family(true, 2);
	fam->store[1][SHIM_CELLS - 1] = 500;
	flat_write(r->flat, 1, SHIM_CELLS - 1, 500);
	c = SNAPSHOT(r, 0, 2);
	WRITE(c, 1, 9);
	OK(sim_resize(r, PAGE_SIZE + SHIM_CELL_BYTES, false));
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	READS(c, "100 9");
	sim_close(c);
	/* Nor to one that is given the page. */
	OK(sim_resize(r, 2 * PAGE_SIZE, false));
	c = SNAPSHOT(r, 0, 2);
	OK(sim_resize(r, PAGE_SIZE + SHIM_CELL_BYTES, true));
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	READS(c, "100 101");
}

/* The same below a hidden node that was not given it. */
static void reset_below_a_node_after_the_root_was_cut(void)
{
	struct sim_vmo *c, *d;

	family(true, 2);
	c = SNAPSHOT(r, 0, 2);
	WRITE(c, 0, 9);
	d = SNAPSHOT(c, 0, 2);
	WRITE(c, 1, 10);
	WRITE(d, 1, 11);
	OK(sim_resize(r, PAGE_SIZE + SHIM_CELL_BYTES, false));
	EXPECT_EQ(sim_reset(d), -EOPNOTSUPP);
	READS(c, "9 10");
	READS(d, "9 11");
}

static void reset_after_a_zero_was_preserved(void)
{
	struct sim_vmo *c;

	family(true, 1);
	OK(sim_resize(r, 2 * PAGE_SIZE, true));
	c = SNAPSHOT(r, 0, 2);
	WRITE(r, 1, 9);
	sim_reset(c);
	READS(c, "100 .");
}

/* Each generation is the resettable clone of the last, which is closed. */
static void reset_generations(void)
{
	struct sim_vmo *vmo, *next;
	unsigned int i;

	family(false, 2);
	vmo = r;
	for (i = 0; i < 20; i++) {
		WRITE(vmo, i & 1, 10 + i);
		next = resettable(vmo, SIM_SNAPSHOT, 0, 2);
		sim_close(vmo);
		vmo = next;
		EXPECT(nr_hidden() <= 2);
	}
	WRITE(vmo, 0, 7);
	OK(sim_reset(vmo));
	READS(vmo, "28 29");
	PAGES(2);
}

/* What is kept for it does not stay when it cannot be reset any more. */
static void reset_base_goes_with_the_node(void)
{
	struct sim_vmo *a, *b, *c;

	family(false, 2);
	WRITE(r, 0, 10);
	a = SNAPSHOT(r, 0, 2);
	b = resettable(r, SIM_SNAPSHOT, 0, 2);
	WRITE(b, 0, 20);
	WRITE(a, 0, 30);
	OK(sim_zero(r, 0, 1));
	PAGES(3);
	c = SNAPSHOT(b, 0, 2);
	WRITE(c, 1, 21);
	sim_close(b);
	LOOK();
	PAGES(3);
	READS(c, "20 21");
	READS(a, "30 .");
}

const struct unit_test reset_tests[] = {
	UNIT(reset_of_a_clone_that_follows),
	UNIT(reset_of_a_snapshot),
	UNIT(reset_is_refused_when_the_base_is_moved),
	UNIT(reset_is_refused_when_the_base_is_freed),
	UNIT(reset_is_refused_after_a_merge),
	UNIT(reset_is_refused_after_a_snapshot_of_it),
	UNIT(reset_is_kept),
	UNIT(reset_keeps_the_size),
	UNIT(reset_of_a_frozen_clone),
	UNIT(reset_is_not_refused_for_nothing),
	UNIT(reset_below_a_node_that_was_not_given),
	UNIT(reset_after_the_root_was_zeroed),
	UNIT(reset_after_a_zero_that_has_to_wait),
	UNIT(reset_below_a_window_that_was_given),
	UNIT(reset_after_the_root_was_cut),
	UNIT(reset_below_a_node_after_the_root_was_cut),
	UNIT(reset_after_a_zero_was_preserved),
	UNIT(reset_generations),
	UNIT(reset_base_goes_with_the_node),
	{ 0 }
};
