// SPDX-License-Identifier: GPL-2.0
/*
 * The shape of a family: COW-1 to COW-3, COW-8 to COW-10, COW-13 to COW-15,
 * COW-18, COW-21 to COW-24.
 */
#include "cow_test.h"

static void cow2_window(void)
{
	struct sim_vmo *c;

	family(false, 4);
	WRITE(r, 1, 11);
	WRITE(r, 2, 12);
	WRITE(r, 3, 13);
	c = SNAPSHOT(r, 2, 4);
	READS(c, "12 13 . .");
	EXPECT_EQ(sim_node(c)->offset, 2);
	EXPECT_EQ(sim_node(c)->limit, 2);
	/* Own content is looked for first. */
	WRITE(c, 1, 99);
	READS(c, "12 99 . .");
	READS(r, ". 11 12 13");
}

static void cow2_window_of_a_window(void)
{
	struct sim_vmo *c, *d;

	family(true, 8);
	c = ON_WRITE(r, 2, 6);
	WRITE(c, 3, 55);
	d = ON_WRITE(c, 1, 8);
	EXPECT(sim_node(d)->parent == sim_node(c));
	READS(d, "103 104 55 106 107 . . .");
	EXPECT_EQ(resolve(d, 0).kind, VMOP_RES_ABSENT);
	EXPECT_EQ(resolve(d, 0).pgoff, 3);
	EXPECT(resolve(d, 0).owner == fam->root);
	EXPECT_EQ(resolve(d, 2).pgoff, 3);
	EXPECT(resolve(d, 2).owner == sim_node(c));
	EXPECT_EQ(resolve(d, 5).kind, VMOP_RES_ZERO);
	EXPECT_EQ(resolve(d, 8).kind, VMOP_RES_BEYOND);
}

static void cow3_unidirectional_follows(void)
{
	struct sim_vmo *c;

	family(true, 2);
	c = ON_WRITE(r, 0, 2);
	WRITE(r, 0, 7);
	READS(c, "7 101");
	WRITE(c, 0, 8);
	WRITE(r, 0, 9);
	READS(c, "8 101");
	HIDDEN(0);
}

static void cow3_bidirectional_does_not(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 7);
	c = SNAPSHOT(r, 0, 2);
	WRITE(r, 0, 9);
	WRITE(r, 1, 10);
	WRITE(c, 1, 11);
	READS(c, "7 11");
	READS(r, "9 10");
	HIDDEN(1);
}

static void cow7_far_away(void)
{
	pgoff_t far = VMOP_PLIST_MAX_PAGES - 4;
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 7);
	c = SNAPSHOT(r, far, 4);
	READS(c, ". . . .");
	WRITE(c, 3, 8);
	READS(c, ". . . 8");
	EXPECT(!sim_node(c)->parent || !sim_node(c)->limit);
}

/* Nothing of a pager's root is ever hidden from its clones by a snapshot of one. */
static void cow8_snapshot_needs_no_pager(void)
{
	struct sim_vmo *c, *d;

	family(true, 2);
	c = ON_WRITE(r, 0, 2);
	EXPECT_EQ(sim_clone(c, SIM_SNAPSHOT, 0, 2, false, &d), -EOPNOTSUPP);
	READS(c, "100 101");
}

static void cow9_anonymous_is_a_snapshot(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 7);
	c = ON_WRITE(r, 0, 2);
	WRITE(r, 0, 8);
	READS(c, "7 .");
	HIDDEN(1);
}

/* CloneModifyChain: what the clone has changed is frozen, the rest follows. */
static void cow10_snapshot_modified(void)
{
	struct sim_vmo *c, *d;

	family(true, 3);
	c = MODIFIED(r, 0, 3);
	WRITE(c, 1, 21);
	d = MODIFIED(c, 0, 3);
	HIDDEN(1);
	WRITE(c, 1, 31);
	WRITE(r, 0, 40);
	WRITE(r, 1, 41);
	READS(r, "40 41 102");
	READS(c, "40 31 102");
	READS(d, "40 21 102");
}

static void cow10_refused(void)
{
	struct sim_vmo *a, *b, *c;

	family(true, 2);
	a = ON_WRITE(r, 0, 2);
	WRITE(a, 0, 7);
	b = ON_WRITE(a, 0, 2);
	/* It has a child that follows it. */
	EXPECT_EQ(sim_clone(a, SIM_MODIFIED, 0, 2, false, &c), -EOPNOTSUPP);
	/* It follows two. */
	EXPECT_EQ(sim_clone(b, SIM_MODIFIED, 0, 2, false, &c), -EOPNOTSUPP);
}

static void cow13_highest_ancestor(void)
{
	struct sim_vmo *a, *b, *c;

	family(true, 8);
	a = ON_WRITE(r, 1, 6);
	b = ON_WRITE(a, 1, 9);
	c = ON_WRITE(b, 1, 9);
	EXPECT(sim_node(b)->parent == fam->root);
	EXPECT_EQ(sim_node(b)->offset, 2);
	EXPECT_EQ(sim_node(b)->limit, 5);
	EXPECT(sim_node(c)->parent == fam->root);
	EXPECT_EQ(sim_node(c)->offset, 3);
	EXPECT_EQ(sim_node(c)->limit, 4);
	READS(c, "103 104 105 106 . . . . .");
	/* A fork in what was passed by is not seen. */
	WRITE(a, 2, 9);
	READS(c, "103 104 105 106 . . . . .");
}

static void cow13_own_content_stops(void)
{
	struct sim_vmo *a, *b, *c;

	family(true, 8);
	a = ON_WRITE(r, 0, 8);
	WRITE(a, 2, 9);
	b = ON_WRITE(a, 3, 5);
	EXPECT(sim_node(b)->parent == fam->root);
	b = ON_WRITE(a, 2, 5);
	EXPECT(sim_node(b)->parent == sim_node(a));
	b = ON_WRITE(a, 0, 2);
	EXPECT(sim_node(b)->parent == fam->root);
	/* A zero is content, too. */
	OK(sim_zero(a, 5, 6));
	c = ON_WRITE(a, 5, 1);
	EXPECT(sim_node(c)->parent == sim_node(a));
	READS(c, ".");
}

static void cow13_a_cut_stops(void)
{
	struct sim_vmo *a, *b;

	family(true, 4);
	OK(sim_resize(r, 4 * PAGE_SIZE, true));
	a = ON_WRITE(r, 0, 4);
	OK(sim_resize(a, PAGE_SIZE + SHIM_CELL_BYTES, true));
	OK(sim_resize(a, 4 * PAGE_SIZE, true));
	b = ON_WRITE(a, 0, 4);
	EXPECT(sim_node(b)->parent == sim_node(a));
	READS(b, "100 101 . .");
	b = ON_WRITE(a, 0, 1);
	EXPECT(sim_node(b)->parent == fam->root);
}

static void cow14_limit_is_the_parents_end(void)
{
	struct sim_vmo *c;

	family(true, 2);
	c = ON_WRITE(r, 1, 4);
	EXPECT_EQ(sim_node(c)->limit, 1);
	OK(sim_resize(r, 4 * PAGE_SIZE, true));
	WRITE(r, 2, 7);
	READS(c, "101 . . .");
	c = ON_WRITE(r, 4, 4);
	EXPECT(!sim_node(c)->parent);
	READS(c, ". . . .");
}

static void cow15_left_takes_over(void)
{
	struct vmop_cow *node;
	struct sim_vmo *c;

	family(false, 3);
	WRITE(r, 0, 7);
	node = sim_node(r);
	c = SNAPSHOT(r, 0, 1);
	EXPECT(sim_node(r) != node);
	EXPECT(sim_node(r)->parent == node && sim_node(c)->parent == node);
	EXPECT(vmop_cow_is_hidden(node));
	EXPECT(node->home == r->space);
	EXPECT_EQ(sim_node(r)->limit, 3);
	EXPECT_EQ(sim_node(r)->offset, 0);
	READS(r, "7 . .");
}

static void cow15_nothing_to_keep(void)
{
	struct sim_vmo *a, *b, *c;

	family(false, 3);
	/* Nothing at all: the clone has nobody to look to. */
	a = SNAPSHOT(r, 0, 3);
	HIDDEN(0);
	WRITE(r, 0, 7);
	READS(a, ". . .");
	/* Nothing since the last time: siblings under one hidden node. */
	a = SNAPSHOT(r, 0, 3);
	b = SNAPSHOT(r, 0, 3);
	c = SNAPSHOT(b, 0, 3);
	HIDDEN(1);
	EXPECT(sim_node(c)->parent == sim_node(a)->parent);
	WRITE(r, 0, 8);
	READS(c, "7 . .");
	/* What was written since needs one more. */
	SNAPSHOT(r, 0, 3);
	HIDDEN(2);
	/* But not for a clone of what was not. */
	SNAPSHOT(r, 1, 2);
	HIDDEN(2);
}

static void cow15_many_children(void)
{
	struct sim_vmo *c[8];
	unsigned int i;

	family(false, 2);
	WRITE(r, 0, 7);
	for (i = 0; i < 8; i++)
		c[i] = SNAPSHOT(r, 0, 2);
	HIDDEN(1);
	PAGES(1);
	for (i = 0; i < 8; i++)
		COPIES(1, WRITE(c[i], 0, 20 + i));
	PAGES(9);
	/* r is the last to see it. */
	COPIES(0, WRITE(r, 0, 8));
	PAGES(9);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(reads(c[i], 0), 20 + i);
}

static void cow18_close_frees_what_nobody_sees(void)
{
	struct sim_vmo *a, *b;

	family(false, 4);
	WRITE(r, 0, 10);
	WRITE(r, 3, 13);
	a = SNAPSHOT(r, 0, 4);
	b = SNAPSHOT(r, 0, 2);
	WRITE(a, 0, 20);
	PAGES(3);
	/* Page 3 is a's alone now, page 0 b's. */
	sim_close(r);
	PAGES(3);
	sim_close(a);
	PAGES(1);
	READS(b, "10 .");
	HIDDEN(0);
}

static void cow18_zero_frees_what_nobody_sees(void)
{
	struct sim_vmo *a;

	family(false, 4);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	a = SNAPSHOT(r, 0, 4);
	OK(sim_zero(a, 0, 4));
	PAGES(2);
	OK(sim_zero(r, 0, 1));
	PAGES(1);
	READS(r, ". 11 . .");
	OK(sim_resize(r, 0, false));
	PAGES(0);
}

static void cow18_far_up(void)
{
	struct sim_vmo *a, *b;

	family(false, 2);
	WRITE(r, 0, 10);
	a = SNAPSHOT(r, 0, 2);
	WRITE(a, 1, 11);
	b = SNAPSHOT(a, 0, 2);
	HIDDEN(2);
	/* r is out: page 0 is seen through two hidden nodes. */
	WRITE(r, 0, 12);
	sim_close(a);
	READS(b, "10 11");
	sim_close(r);
	HIDDEN(0);
	PAGES(2);
	READS(b, "10 11");
}

static void cow21_merge_into_a_window(void)
{
	struct sim_vmo *c;

	family(false, 6);
	WRITE(r, 0, 10);
	WRITE(r, 2, 12);
	WRITE(r, 3, 13);
	WRITE(r, 5, 15);
	c = SNAPSHOT(r, 2, 2);
	WRITE(c, 1, 33);
	sim_close(r);
	HIDDEN(0);
	/* What is outside, and what the heir has changed, is gone. */
	PAGES(2);
	OWN(c, 2);
	READS(c, "12 33");
	EXPECT(!sim_node(c)->parent);
}

static void cow21_merge_between(void)
{
	struct sim_vmo *a, *b;

	family(false, 4);
	WRITE(r, 1, 10);
	a = SNAPSHOT(r, 1, 3);
	WRITE(a, 1, 21);
	OK(sim_zero(a, 2, 3));
	b = SNAPSHOT(a, 0, 3);
	HIDDEN(2);
	sim_close(a);
	HIDDEN(1);
	EXPECT(sim_node(b)->parent == sim_node(r)->parent);
	EXPECT_EQ(sim_node(b)->offset, 1);
	READS(b, "10 21 .");
	READS(r, ". 10 . .");
}

static void cow21_merge_keeps_cuts(void)
{
	struct sim_vmo *a, *b;
	u32 cell[SHIM_CELLS];

	family(true, 2);
	fam->store[0][3] = 500;
	flat_write(r->flat, 0, 3, 500);
	a = ON_WRITE(r, 0, 2);
	WRITE(a, 1, 9);
	b = ON_WRITE(a, 0, 2);
	OK(sim_resize(a, SHIM_CELL_BYTES, true));
	sim_close(a);
	EXPECT(sim_node(b)->parent == fam->root);
	sim_peek(b, 0, cell);
	EXPECT_EQ(cell[0], 100);
	EXPECT_EQ(cell[3], 0);
	/* It is not what b saw at first. */
	WRITE(b, 0, 10);
	EXPECT_EQ(sim_reset(b), -EOPNOTSUPP);
}

static void cow21_zeros_are_inherited(void)
{
	struct sim_vmo *a, *b;

	family(true, 8);
	a = MODIFIED(r, 0, 8);
	OK(sim_zero(a, 2, 6));
	b = MODIFIED(a, 1, 7);
	WRITE(b, 2, 33);
	sim_close(a);
	HIDDEN(0);
	READS(b, "101 . 33 . . 106 107");
}

/* DeepHierarchy. */
#define DEPTH	1000

static struct sim_vmo *chain[DEPTH + 1];

static void deep(bool with_source)
{
	unsigned int i;

	family(with_source, 4);
	chain[0] = r;
	for (i = 0; i < DEPTH; i++) {
		WRITE(chain[i], i % 4, i + 1);
		chain[i + 1] = MODIFIED(chain[i], 0, 4);
	}
	LOOK();
	EXPECT_EQ(reads(chain[DEPTH], 3), DEPTH);
}

static void cow22_deep_closed_from_the_top(void)
{
	unsigned int i;

	deep(false);
	HIDDEN(DEPTH);
	for (i = 0; i < DEPTH; i++)
		sim_close(chain[i]);
	HIDDEN(0);
	PAGES(4);
	READS(fam->vmo[0], "997 998 999 1000");
}

static void cow22_deep_closed_from_the_bottom(void)
{
	unsigned int i;

	deep(false);
	for (i = DEPTH; i; i--)
		sim_close(chain[i]);
	HIDDEN(0);
	PAGES(1);
	READS(fam->vmo[0], "1 . . .");
}

static void cow22_deep_closed_in_any_order(void)
{
	unsigned int i;

	deep(true);
	/* 619 and the length have no common factor: each comes once. */
	for (i = 1; i < DEPTH; i++) {
		sim_close(chain[i * 619 % DEPTH]);
		if (i % 100 == 0)
			LOOK();
	}
	HIDDEN(0);
}

static void cow22_deep_is_resized_and_written(void)
{
	struct sim_vmo *last;

	deep(false);
	last = chain[DEPTH];
	OK(sim_resize(last, PAGE_SIZE, false));
	OK(sim_resize(last, 4 * PAGE_SIZE, false));
	WRITE(last, 0, 5);
	WRITE(last, 2, 6);
	OK(sim_zero(r, 0, 4));
	READS(last, "5 . 6 .");
}

static void cow23_root_outlives_its_vmo(void)
{
	struct sim_vmo *c;

	family(true, 2);
	WRITE(r, 0, 7);
	c = ON_WRITE(r, 0, 2);
	sim_close(r);
	EXPECT(fam->root && !vmop_cow_is_leaf(fam->root));
	READS(c, "7 101");
	OK(sim_commit(c, 1));
	EXPECT_EQ(atomic_long_read(&fam->root->nr_resident), 2);
	sim_close(c);
	EXPECT(!fam->root);
}

/* What no clone sees is its own still: the pager has not got it yet. */
static void cow23_root_keeps_its_pages(void)
{
	struct sim_vmo *b, *c;

	family(true, 3);
	WRITE(r, 0, 7);
	b = ON_WRITE(r, 1, 2);
	c = ON_WRITE(r, 2, 1);
	sim_close(r);
	PAGES(1);
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 1);
	READS(b, "101 102");
	READS(c, "102");
}

static void cow23_closed_in_the_middle(void)
{
	struct sim_vmo *a, *b, *c;

	family(true, 4);
	a = ON_WRITE(r, 0, 4);
	WRITE(a, 1, 21);
	b = ON_WRITE(a, 0, 4);
	c = ON_WRITE(a, 1, 3);
	sim_close(a);
	/* Two see through it. */
	HIDDEN(1);
	WRITE(r, 0, 9);
	READS(b, "9 21 102 103");
	READS(c, "21 102 103");
	sim_close(c);
	HIDDEN(0);
	OWN(b, 1);
	READS(b, "9 21 102 103");
}

static void cow24_follows_all_of_the_root(void)
{
	struct sim_vmo *c;

	family(true, 4);
	c = ON_WRITE(r, 0, 4);
	OK(sim_supply(fam, 0, false));
	EXPECT_EQ(resolve(c, 0).kind, VMOP_RES_PAGE);
	EXPECT(sim_evict(fam, 0));
	EXPECT_EQ(resolve(c, 0).kind, VMOP_RES_ABSENT);
	OK(sim_zero(r, 1, 2));
	READS(c, "100 . 102 103");
	OK(sim_resize(r, 3 * PAGE_SIZE, true));
	READS(c, "100 . 102 .");
	sim_drop_clean(fam);
	READS(c, "100 . 102 .");
	/* Nothing that it does itself is seen there. */
	WRITE(c, 2, 9);
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 0);
	READS(r, "100 . 102");
}

/* Whatever its list still has of memory goes with a node. */
static void destroyed_with_a_marker(void)
{
	struct vmop_cow *node;

	family(false, 1);
	node = vmop_cow_create(fam->tree, r->space, false);
	OK(vmop_plist_insert_marker(&node->pages, 70));
	EXPECT(shim.nodes);
	vmop_cow_destroy(node);
	EXPECT_EQ(shim.nodes, 0);
}

/* What was copied in from elsewhere is kept once, for all clones. */
static void composed(void)
{
	struct sim_vmo *c;

	fam = sim_compose(3);
	r = fam->vmo[0];
	fam->store[1][0] = 51;
	flat_write(fam->root_flat, 1, 0, 51);
	EXPECT(sim_node(r)->parent == fam->root);
	EXPECT_EQ(resolve(r, 1).kind, VMOP_RES_ABSENT);
	EXPECT(resolve(r, 1).owner == fam->root);
	c = SNAPSHOT(r, 1, 2);
	EXPECT(sim_node(c)->parent == fam->root);
	WRITE(r, 1, 61);
	WRITE(r, 2, 62);
	READS(c, "51 .");
	/* Two are the root's, who shows what nobody has changed. */
	PAGES(4);
	sim_close(r);
	READS(c, "51 .");
	c = SNAPSHOT(c, 0, 2);
	HIDDEN(0);
	OK(sim_zero(c, 0, 1));
	READS(c, ". .");
	OK(sim_reset(c));
	READS(c, "51 .");
}

const struct unit_test tree_tests[] = {
	UNIT(cow2_window),
	UNIT(cow2_window_of_a_window),
	UNIT(cow3_unidirectional_follows),
	UNIT(cow3_bidirectional_does_not),
	UNIT(cow7_far_away),
	UNIT(cow8_snapshot_needs_no_pager),
	UNIT(cow9_anonymous_is_a_snapshot),
	UNIT(cow10_snapshot_modified),
	UNIT(cow10_refused),
	UNIT(cow13_highest_ancestor),
	UNIT(cow13_own_content_stops),
	UNIT(cow13_a_cut_stops),
	UNIT(cow14_limit_is_the_parents_end),
	UNIT(cow15_left_takes_over),
	UNIT(cow15_nothing_to_keep),
	UNIT(cow15_many_children),
	UNIT(cow18_close_frees_what_nobody_sees),
	UNIT(cow18_zero_frees_what_nobody_sees),
	UNIT(cow18_far_up),
	UNIT(cow21_merge_into_a_window),
	UNIT(cow21_merge_between),
	UNIT(cow21_merge_keeps_cuts),
	UNIT(cow21_zeros_are_inherited),
	UNIT(cow22_deep_closed_from_the_top),
	UNIT(cow22_deep_closed_from_the_bottom),
	UNIT(cow22_deep_closed_in_any_order),
	UNIT(cow22_deep_is_resized_and_written),
	UNIT(cow23_root_outlives_its_vmo),
	UNIT(cow23_root_keeps_its_pages),
	UNIT(cow23_closed_in_the_middle),
	UNIT(cow24_follows_all_of_the_root),
	UNIT(destroyed_with_a_marker),
	UNIT(composed),
	{ 0 }
};
