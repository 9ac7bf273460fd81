// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots of a root whose pager lives on: what the root is about to change goes
 * to the snapshot first.
 */
#include "cow_test.h"

static void freeze_before_a_write(void)
{
	struct sim_vmo *c;

	family(true, 3);
	WRITE(r, 0, 10);
	OK(sim_supply(fam, 1, false));
	c = SNAPSHOT(r, 0, 3);
	EXPECT(fam->root->frozen == sim_node(c));
	HIDDEN(0);
	COPIES(1, WRITE(r, 0, 20));
	COPIES(1, WRITE(r, 1, 21));
	/* Absent: read first, then copied. */
	COPIES(1, WRITE(r, 2, 22));
	/* Once is enough. */
	COPIES(0, WRITE(r, 0, 30));
	READS(r, "30 21 22");
	READS(c, "10 101 102");
	OWN(c, 3);
	/* The pager's tracking goes on. */
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 3);
	sim_writeback_begin(fam, 0, 3, false);
	OK(sim_writeback_end(fam, 0, 3));
	sim_drop_clean(fam);
	READS(c, "10 101 102");
}

static void freeze_not_what_the_snapshot_has(void)
{
	struct sim_vmo *c;

	family(true, 4);
	c = SNAPSHOT(r, 1, 2);
	WRITE(c, 0, 9);
	COPIES(0, WRITE(r, 1, 21));
	COPIES(0, WRITE(r, 0, 20));
	COPIES(0, WRITE(r, 3, 23));
	COPIES(1, WRITE(r, 2, 22));
	READS(c, "9 102");
}

static void freeze_zeros_take_no_memory(void)
{
	struct sim_vmo *c;

	family(true, 1);
	OK(sim_resize(r, 2 * PAGE_SIZE, true));
	c = SNAPSHOT(r, 0, 2);
	WRITE(r, 1, 7);
	READS(c, "100 .");
	OWN(c, 0);
}

static void freeze_zero_moves_pages(void)
{
	struct sim_vmo *c;
	struct vmop_page *page;

	family(true, 4);
	WRITE(r, 1, 11);
	OK(sim_supply(fam, 2, false));
	page = resolve(r, 1).page;
	c = SNAPSHOT(r, 1, 2);
	OK(sim_map(c, 0, false));
	COPIES(0, OK(sim_zero(r, 1, 3)));
	EXPECT(resolve(c, 0).page == page);
	EXPECT(!c->space->mapping.pte[0].folio);
	READS(c, "11 102");
	READS(r, "100 . . 103");
	OWN(c, 2);
	OWN(r, 0);
}

static void freeze_zero_waits_for_what_is_absent(void)
{
	struct sim_vmo *c;
	pgoff_t done;
	int ret;

	family(true, 6);
	c = SNAPSHOT(r, 2, 2);
	down_write(&fam->tree->lock);
	ret = vmop_cow_zero(fam->root, 0, 6, &done);
	up_write(&fam->tree->lock);
	EXPECT_EQ(ret, -ENODATA);
	EXPECT_EQ(done, 2);
	flat_zero(r->flat, 0, 2);
	LOOK();
	down_write(&fam->tree->lock);
	ret = vmop_cow_zero(fam->root, 2, 6, &done);
	up_write(&fam->tree->lock);
	EXPECT_EQ(ret, -ENODATA);
	EXPECT_EQ(done, 2);
	EXPECT(!sim_node(c)->base_lost);
	OK(sim_zero(r, 0, 6));
	READS(r, ". . . . . .");
	READS(c, "102 103");
	/* ... and writing that back changes nothing. */
	sim_writeback_begin(fam, 0, 6, false);
	OK(sim_writeback_end(fam, 0, 6));
	READS(c, "102 103");
}

static void freeze_shrink_moves_pages(void)
{
	struct sim_vmo *c;

	family(true, 4);
	WRITE(r, 2, 12);
	OK(sim_supply(fam, 3, false));
	OK(sim_zero(r, 1, 2));
	c = SNAPSHOT(r, 0, 4);
	COPIES(0, OK(sim_resize(r, PAGE_SIZE, false)));
	READS(c, "100 . 12 103");
	EXPECT_EQ(sim_node(c)->limit, 1);
	OK(sim_resize(r, 4 * PAGE_SIZE, false));
	WRITE(r, 2, 99);
	READS(c, "100 . 12 103");
	EXPECT_EQ(sim_reset(c), -EOPNOTSUPP);
	READS(c, "100 . 12 103");
}

/* To whole pages: no page is cut, none is copied. */
static void freeze_shrink_between_pages(void)
{
	struct sim_vmo *c;

	family(true, 4);
	WRITE(r, 2, 12);
	OK(sim_supply(fam, 3, false));
	c = SNAPSHOT(r, 0, 4);
	COPIES(0, OK(sim_resize(r, 2 * PAGE_SIZE, false)));
	READS(c, "100 101 12 103");
	OWN(c, 2);
}

/* With nothing in its window a clone of a snapshot needs nothing to be kept. */
static void freeze_nothing_of_a_snapshot(void)
{
	struct sim_vmo *c, *d;

	family(true, 2);
	c = SNAPSHOT(r, 0, 2);
	d = SNAPSHOT(c, 2, 2);
	HIDDEN(0);
	READS(d, ". .");
	d = SNAPSHOT(c, 0, 0);
	HIDDEN(0);
	EXPECT(fam->root->frozen == sim_node(c));
}

/* What the snapshot has itself may be absent. */
static void freeze_shrink_over_what_it_has(void)
{
	struct sim_vmo *c;

	family(true, 4);
	c = SNAPSHOT(r, 0, 4);
	WRITE(c, 2, 22);
	WRITE(c, 3, 23);
	EXPECT(sim_evict(fam, 0) && sim_evict(fam, 0));
	EXPECT_EQ(resolve(r, 2).kind, VMOP_RES_ABSENT);
	OK(sim_resize(r, 2 * PAGE_SIZE, false));
	READS(c, "100 101 22 23");
	READS(r, "100 101");
}

static void freeze_shrink_over_what_is_absent(void)
{
	struct sim_vmo *c;
	pgoff_t missing = 77;
	int ret;

	family(true, 4);
	WRITE(r, 3, 13);
	c = SNAPSHOT(r, 0, 4);
	down_write(&fam->tree->lock);
	ret = vmop_cow_resize(fam->root, PAGE_SIZE, &missing);
	up_write(&fam->tree->lock);
	EXPECT_EQ(ret, -EBUSY);
	EXPECT_EQ(missing, 1);
	READS(r, "100 101 102 13");
	OK(sim_resize(r, PAGE_SIZE, true));
	READS(c, "100 101 102 13");
}

static void freeze_shrink_in_a_page(void)
{
	struct sim_vmo *c;
	u32 cell[SHIM_CELLS];
	pgoff_t missing;
	int ret;

	family(true, 2);
	fam->store[1][3] = 500;
	flat_write(r->flat, 1, 3, 500);
	c = SNAPSHOT(r, 0, 2);
	down_write(&fam->tree->lock);
	ret = vmop_cow_resize(fam->root, PAGE_SIZE + SHIM_CELL_BYTES, &missing);
	up_write(&fam->tree->lock);
	EXPECT_EQ(ret, -EBUSY);
	OK(sim_supply(fam, 1, false));
	down_write(&fam->tree->lock);
	ret = vmop_cow_resize(fam->root, PAGE_SIZE + SHIM_CELL_BYTES, &missing);
	up_write(&fam->tree->lock);
	EXPECT_EQ(ret, -EAGAIN);
	EXPECT_EQ(missing, 1);
	LOOK();
	COPIES(1, OK(sim_resize(r, PAGE_SIZE + SHIM_CELL_BYTES, false)));
	sim_peek(c, 1, cell);
	EXPECT_EQ(cell[3], 500);
	OK(sim_resize(r, 2 * PAGE_SIZE, false));
	sim_peek(r, 1, cell);
	EXPECT_EQ(cell[3], 0);
	READS(c, "100 101");
}

static void freeze_several(void)
{
	struct sim_vmo *a, *b, *c;

	family(true, 2);
	a = SNAPSHOT(r, 0, 2);
	WRITE(r, 0, 10);
	b = SNAPSHOT(r, 0, 2);
	HIDDEN(1);
	EXPECT(sim_node(a)->parent == sim_node(b)->parent);
	EXPECT(fam->root->frozen == sim_node(a)->parent);
	/* Nothing was changed in between: one more under the same node. */
	c = SNAPSHOT(r, 0, 2);
	HIDDEN(1);
	EXPECT(sim_node(c)->parent == sim_node(a)->parent);
	COPIES(1, WRITE(r, 0, 20));
	COPIES(1, WRITE(r, 1, 21));
	READS(a, "100 101");
	READS(b, "10 101");
	READS(c, "10 101");
	/* Now there was. */
	SNAPSHOT(r, 0, 2);
	HIDDEN(2);
	COPIES(1, WRITE(r, 0, 30));
	/* The newest one closes, and so on. */
	while (fam->nr_vmos > 2)
		sim_close(fam->vmo[fam->nr_vmos - 1]);
	HIDDEN(0);
	READS(a, "100 101");
	EXPECT(fam->root->frozen == sim_node(a));
	WRITE(r, 1, 41);
	READS(a, "100 101");
	sim_close(a);
	EXPECT(!fam->root->frozen);
	COPIES(0, WRITE(r, 0, 50));
}

/* A new window that the last snapshot does not cover needs a node of its own. */
static void freeze_wider(void)
{
	struct sim_vmo *a, *b, *c;

	family(true, 4);
	a = SNAPSHOT(r, 1, 1);
	b = SNAPSHOT(r, 0, 4);
	HIDDEN(1);
	sim_close(b);
	HIDDEN(0);
	c = SNAPSHOT(r, 1, 1);
	WRITE(r, 1, 9);
	WRITE(r, 2, 10);
	READS(a, "101");
	READS(c, "101");
	/* Both see the one copy. */
	OWN(a, 0);
	OWN(c, 0);
	PAGES(3);
}

static void freeze_a_snapshot_of_a_snapshot(void)
{
	struct sim_vmo *a, *b;

	family(true, 3);
	a = SNAPSHOT(r, 0, 3);
	WRITE(a, 1, 11);
	b = SNAPSHOT(a, 0, 3);
	HIDDEN(1);
	WRITE(a, 1, 21);
	WRITE(r, 0, 30);
	WRITE(r, 1, 31);
	WRITE(b, 2, 42);
	WRITE(r, 2, 32);
	READS(r, "30 31 32");
	READS(a, "100 21 102");
	READS(b, "100 11 42");
}

static void freeze_a_snapshot_that_has_nothing(void)
{
	struct sim_vmo *a, *b;

	family(true, 2);
	a = SNAPSHOT(r, 0, 2);
	b = SNAPSHOT(a, 0, 2);
	HIDDEN(1);
	WRITE(r, 0, 7);
	READS(a, "100 101");
	READS(b, "100 101");
	PAGES(2);
	/* A clone of it sees the snapshot, not the root. */
	b = ON_WRITE(a, 1, 1);
	WRITE(r, 1, 8);
	READS(b, "101");
	READS(a, "100 101");
}

static void freeze_beside_clones_that_follow(void)
{
	struct sim_vmo *a, *b;

	family(true, 2);
	a = ON_WRITE(r, 0, 2);
	b = SNAPSHOT(r, 0, 2);
	WRITE(r, 0, 7);
	READS(a, "7 101");
	READS(b, "100 101");
	sim_close(r);
	READS(a, "7 101");
	READS(b, "100 101");
}

static void freeze_stops_stores(void)
{
	struct sim_vmo *c;

	family(true, 1);
	OK(sim_map(r, 0, true));
	EXPECT(sim_store(r, 0, 0, 7));
	c = SNAPSHOT(r, 0, 1);
	EXPECT(!sim_store(r, 0, 0, 8));
	OK(sim_map(r, 0, true));
	EXPECT(sim_store(r, 0, 0, 9));
	READS(r, "9");
	READS(c, "7");
}

static void freeze_a_child_that_shrinks(void)
{
	struct sim_vmo *c;

	family(true, 4);
	c = SNAPSHOT(r, 0, 4);
	OK(sim_resize(c, PAGE_SIZE, false));
	COPIES(0, WRITE(r, 2, 7));
	OK(sim_zero(r, 3, 4));
	OK(sim_resize(r, PAGE_SIZE, false));
	OK(sim_resize(c, 4 * PAGE_SIZE, false));
	READS(c, "100 . . .");
}

/* What the snapshot has cut off is not in what it is given. */
static void freeze_what_was_cut(void)
{
	struct sim_vmo *c;
	pgoff_t pgoff;

	family(true, 2);
	for (pgoff = 0; pgoff < 2; pgoff++) {
		fam->store[pgoff][3] = 500;
		flat_write(r->flat, pgoff, 3, 500);
		OK(sim_supply(fam, pgoff, false));
	}
	c = SNAPSHOT(r, 0, 2);
	OK(sim_resize(c, PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(c, SHIM_CELL_BYTES, false));
	OK(sim_resize(c, 2 * PAGE_SIZE, false));
	WRITE(r, 0, 7);
	READS(c, "100 .");
	sim_close(c);
	c = SNAPSHOT(r, 0, 2);
	OK(sim_resize(c, PAGE_SIZE + SHIM_CELL_BYTES, false));
	OK(sim_resize(c, 2 * PAGE_SIZE, false));
	OK(sim_zero(r, 0, 2));
	READS(c, "7 101");
}

static void freeze_what_is_mapped(void)
{
	struct sim_vmo *c;

	family(true, 1);
	OK(sim_supply(fam, 0, false));
	c = SNAPSHOT(r, 0, 1);
	OK(sim_map(c, 0, false));
	EXPECT(c->space->mapping.pte[0].folio == resolve(r, 0).page->folio);
	WRITE(r, 0, 7);
	EXPECT(!c->space->mapping.pte[0].folio);
	READS(c, "100");
}

static void freeze_trapping(void)
{
	struct sim_vmo *c;

	family(true, 2);
	fam->root->trap_dirty = true;
	OK(sim_supply(fam, 0, false));
	c = SNAPSHOT(r, 0, 2);
	WRITE(r, 0, 7);
	WRITE(r, 1, 8);
	OK(sim_make_dirty(fam, 0, 2));
	READS(r, "7 8");
	READS(c, "100 101");
}

const struct unit_test freeze_tests[] = {
	UNIT(freeze_before_a_write),
	UNIT(freeze_not_what_the_snapshot_has),
	UNIT(freeze_zeros_take_no_memory),
	UNIT(freeze_zero_moves_pages),
	UNIT(freeze_zero_waits_for_what_is_absent),
	UNIT(freeze_shrink_moves_pages),
	UNIT(freeze_shrink_between_pages),
	UNIT(freeze_nothing_of_a_snapshot),
	UNIT(freeze_shrink_over_what_it_has),
	UNIT(freeze_shrink_over_what_is_absent),
	UNIT(freeze_shrink_in_a_page),
	UNIT(freeze_several),
	UNIT(freeze_wider),
	UNIT(freeze_a_snapshot_of_a_snapshot),
	UNIT(freeze_a_snapshot_that_has_nothing),
	UNIT(freeze_beside_clones_that_follow),
	UNIT(freeze_stops_stores),
	UNIT(freeze_a_child_that_shrinks),
	UNIT(freeze_what_was_cut),
	UNIT(freeze_what_is_mapped),
	UNIT(freeze_trapping),
	{ 0 }
};
