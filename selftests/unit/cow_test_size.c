// SPDX-License-Identifier: GPL-2.0
/*
 * Where a node ends: COW-14, COW-18 to COW-20, RSZ-2 to RSZ-5, and zeros in
 * clones (ZERO-8).
 */
#include "cow_test.h"

#define CELL	SHIM_CELL_BYTES

/* The last cells of a page in the pager's store, beside the first. */
static void store_tail(pgoff_t pgoff)
{
	fam->store[pgoff][SHIM_CELLS - 1] = 900 + pgoff;
	flat_write(r->flat, pgoff, SHIM_CELLS - 1, 900 + pgoff);
}

static u32 tail(struct sim_vmo *vmo, pgoff_t pgoff)
{
	u32 cell[SHIM_CELLS];

	sim_peek(vmo, pgoff, cell);
	return cell[SHIM_CELLS - 1];
}

/* CloneShrinkGrowParent */
static void cow19_parent_shrinks_and_grows(void)
{
	struct sim_vmo *c, *d;

	family(true, 3);
	c = ON_WRITE(r, 1, 2);
	WRITE(c, 1, 9);
	d = ON_WRITE(c, 0, 2);
	WRITE(r, 1, 1);
	READS(c, "1 9");
	OK(sim_resize(r, PAGE_SIZE, true));
	READS(c, ". 9");
	OK(sim_resize(r, 3 * PAGE_SIZE, true));
	WRITE(r, 1, 2);
	READS(c, ". 9");
	READS(d, ". 9");
	EXPECT_EQ(sim_node(c)->limit, 0);
	EXPECT_EQ(sim_node(d)->limit, 2);
}

static void cow19_siblings_do_not_notice(void)
{
	struct sim_vmo *c;

	family(false, 3);
	WRITE(r, 0, 10);
	WRITE(r, 2, 12);
	c = SNAPSHOT(r, 0, 3);
	OK(sim_resize(r, 0, false));
	READS(c, "10 . 12");
	PAGES(2);
	OK(sim_resize(r, 3 * PAGE_SIZE, false));
	READS(r, ". . .");
	READS(c, "10 . 12");
}

static void cow19_mapped_in_a_clone(void)
{
	struct sim_vmo *c;

	family(true, 3);
	c = ON_WRITE(r, 0, 3);
	OK(sim_map(c, 0, false));
	OK(sim_map(c, 2, false));
	OK(sim_resize(r, PAGE_SIZE, true));
	EXPECT(c->space->mapping.pte[0].folio);
	EXPECT(!c->space->mapping.pte[2].folio);
	LOOK();
}

static void cow20_child_shrinks_and_grows(void)
{
	struct sim_vmo *c;

	family(false, 4);
	WRITE(r, 0, 10);
	WRITE(r, 2, 12);
	WRITE(r, 3, 13);
	c = SNAPSHOT(r, 1, 3);
	WRITE(c, 2, 20);
	OK(sim_resize(c, PAGE_SIZE, false));
	OK(sim_resize(c, 6 * PAGE_SIZE, false));
	READS(c, ". . . . . .");
	EXPECT_EQ(sim_node(c)->limit, 1);
	/* It was a share in page 2 that c has given up. */
	COPIES(0, WRITE(r, 2, 22));
	READS(r, "10 . 22 13");
}

static void cow20_the_last_share_is_freed(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	c = SNAPSHOT(r, 0, 2);
	WRITE(r, 1, 21);
	PAGES(3);
	OK(sim_resize(c, PAGE_SIZE, false));
	PAGES(2);
	READS(c, "10");
}

static void rsz2_cut_of_an_absent_page(void)
{
	struct sim_vmo *c;

	family(true, 2);
	store_tail(1);
	c = ON_WRITE(r, 0, 2);
	OK(sim_resize(r, PAGE_SIZE + CELL, true));
	OK(sim_resize(r, 2 * PAGE_SIZE, true));
	EXPECT_EQ(tail(r, 1), 0);
	EXPECT_EQ(tail(c, 1), 0);
	EXPECT_EQ(reads(c, 1), 101);
	/* Supplied, it is dirty: the pager has to learn of the rest. */
	OK(sim_supply(fam, 1, false));
	EXPECT_EQ(vmop_plist_page_state(&fam->root->pages, 1), VMOP_DIRTY);
	EXPECT_EQ(tail(r, 1), 0);
	LOOK();
}

static void rsz2_zeros_need_no_cut(void)
{
	family(true, 2);
	OK(sim_resize(r, PAGE_SIZE + CELL, true));
	OK(sim_resize(r, 2 * PAGE_SIZE, true));
	EXPECT_EQ(vmop_cow_cut(fam->root, 1), CELL);
	OK(sim_zero(r, 1, 2));
	EXPECT_EQ(vmop_cow_cut(fam->root, 1), PAGE_SIZE);
	READS(r, "100 .");
}

static void rsz2_cut_of_a_page(void)
{
	struct sim_vmo *c;

	family(true, 1);
	store_tail(0);
	OK(sim_supply(fam, 0, false));
	c = ON_WRITE(r, 0, 1);
	EXPECT_EQ(tail(c, 0), 900);
	OK(sim_resize(r, CELL, true));
	EXPECT_EQ(tail(c, 0), 0);
	EXPECT_EQ(vmop_plist_page_state(&fam->root->pages, 0), VMOP_DIRTY);
	OK(sim_resize(r, PAGE_SIZE, true));
	EXPECT_EQ(tail(r, 0), 0);
	LOOK();
}

static void rsz2_lower_cuts_win(void)
{
	struct sim_vmo *c;
	u32 cell[SHIM_CELLS];

	family(true, 1);
	fam->store[0][1] = 51;
	flat_write(r->flat, 0, 1, 51);
	c = ON_WRITE(r, 0, 1);
	OK(sim_resize(c, CELL, true));
	OK(sim_resize(c, 2 * CELL, true));
	OK(sim_resize(c, PAGE_SIZE, true));
	sim_peek(c, 0, cell);
	EXPECT_EQ(cell[0], 100);
	EXPECT_EQ(cell[1], 0);
	LOOK();
}

/* The window shows a page of which a part counts: it is not mapped, but copied. */
static void rsz2_cut_in_a_clone_gets_a_page(void)
{
	struct sim_vmo *c, *d;

	family(true, 2);
	store_tail(0);
	c = ON_WRITE(r, 0, 2);
	OK(sim_map(c, 0, false));
	OK(sim_resize(c, 2 * CELL, true));
	EXPECT(!c->space->mapping.pte[0].folio);
	OK(sim_resize(c, PAGE_SIZE, true));
	EXPECT_EQ(resolve(c, 0).len, 2 * CELL);
	d = ON_WRITE(c, 0, 1);
	EXPECT(sim_node(d)->parent == sim_node(c));
	EXPECT_EQ(resolve(d, 0).len, 2 * CELL);
	COPIES(1, OK(sim_map(d, 0, false)));
	EXPECT_EQ(tail(d, 0), 0);
	EXPECT_EQ(resolve(d, 0).len, PAGE_SIZE);
	COPIES(1, OK(sim_map(c, 0, false)));
	EXPECT_EQ(tail(r, 0), 900);
	READS(c, "100");
}

/* The first supply of a last page that is not whole. */
static void rsz2_supplied_behind_the_end(void)
{
	fam = sim_create(true, 2 * CELL);
	r = fam->vmo[0];
	fam->store[0][0] = 1;
	fam->store[0][SHIM_CELLS - 1] = 9;
	flat_write(r->flat, 0, 0, 1);
	OK(sim_supply(fam, 0, false));
	LOOK();
	EXPECT_EQ(resolve(r, 0).page->folio->cell[SHIM_CELLS - 1], 0);
}

/* What shows the same afterwards stays mapped. */
static void rsz2_what_stays_mapped(void)
{
	struct sim_vmo *c, *d;

	family(true, 2);
	c = ON_WRITE(r, 0, 4);
	WRITE(c, 0, 9);
	d = ON_WRITE(c, 0, 4);
	EXPECT(sim_node(d)->parent == sim_node(c));
	OK(sim_map(c, 0, false));
	OK(sim_map(c, 2, false));
	OK(sim_map(d, 2, false));
	/* Zeros behind the window become zeros behind an end. */
	OK(sim_resize(c, 2 * PAGE_SIZE + CELL, false));
	EXPECT(c->space->mapping.pte[2].folio);
	OK(sim_resize(c, 2 * PAGE_SIZE, false));
	EXPECT(d->space->mapping.pte[2].folio);
	/* A page of its own loses its tail in its place. */
	OK(sim_resize(c, CELL, false));
	EXPECT(c->space->mapping.pte[0].folio);
	READS(c, "9");
	READS(d, "9 . . .");
}

static void rsz2_a_supply_leaves_the_cuts_beside_it(void)
{
	family(true, 3);
	OK(sim_resize(r, PAGE_SIZE + CELL, true));
	OK(sim_resize(r, 3 * PAGE_SIZE, true));
	OK(sim_supply(fam, 0, false));
	OK(sim_supply(fam, 2, false));
	EXPECT_EQ(vmop_cow_cut(fam->root, 1), CELL);
	LOOK();
}

static void rsz2_no_cut_is_forgotten_in_an_empty_range(void)
{
	family(true, 2);
	OK(sim_resize(r, PAGE_SIZE + CELL, true));
	OK(sim_resize(r, 2 * PAGE_SIZE, true));
	down_write(&fam->tree->lock);
	vmop_cow_forget_cuts(fam->root, 0, 0);
	vmop_cow_forget_cuts(fam->root, 1, 1);
	vmop_cow_forget_cuts(fam->root, 2, 1);
	up_write(&fam->tree->lock);
	EXPECT_EQ(vmop_cow_cut(fam->root, 1), CELL);
}

static void rsz3_grown_root_is_never_asked_for(void)
{
	struct sim_vmo *c;

	family(true, 1);
	OK(sim_resize(r, 3 * PAGE_SIZE, true));
	EXPECT_EQ(resolve(r, 1).kind, VMOP_RES_ZERO);
	c = ON_WRITE(r, 0, 3);
	EXPECT_EQ(resolve(c, 2).kind, VMOP_RES_ZERO);
	READS(c, "100 . .");
}

static void rsz5_same_size(void)
{
	family(true, 2);
	OK(sim_resize(r, PAGE_SIZE + CELL, true));
	EXPECT_EQ(resolve(r, 1).kind, VMOP_RES_ABSENT);
	OK(sim_resize(r, PAGE_SIZE + CELL, true));
	EXPECT(!vmop_plist_any_in_range(&fam->root->pages, 0, 2));
	READS(r, "100 101");
}

static void zero8_hides_the_parent(void)
{
	struct sim_vmo *c;

	family(true, 3);
	OK(sim_supply(fam, 1, false));
	c = ON_WRITE(r, 0, 4);
	WRITE(c, 2, 9);
	OK(sim_map(c, 1, false));
	OK(sim_zero(c, 0, 4));
	READS(c, ". . . .");
	EXPECT(!c->space->mapping.pte[1].folio);
	/* Nothing is asked for, nothing takes memory, the root is as it was. */
	OWN(c, 0);
	EXPECT_EQ(own(r), 2);
	EXPECT_EQ(resolve(c, 0).kind, VMOP_RES_ZERO);
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 0);
	/* Where no parent is behind it there is nothing to hide. */
	EXPECT(!vmop_plist_any_in_range(&sim_node(c)->pages, 3, 4));
	READS(r, "100 101 102");
}

static void zero8_in_a_snapshot(void)
{
	struct sim_vmo *c, *d;

	family(false, 3);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	c = SNAPSHOT(r, 0, 3);
	d = SNAPSHOT(r, 0, 3);
	OK(sim_zero(c, 0, 2));
	PAGES(2);
	OK(sim_zero(d, 0, 1));
	PAGES(2);
	OK(sim_zero(r, 0, 1));
	PAGES(1);
	READS(c, ". . .");
	READS(d, ". 11 .");
	READS(r, ". 11 .");
	/* A zero is content that a later snapshot keeps. */
	c = SNAPSHOT(d, 0, 3);
	WRITE(d, 0, 7);
	READS(c, ". 11 .");
}

/* Zeros that somebody else can change do not do. */
static void zero2_a_part_of_zeros(void)
{
	struct sim_vmo *c, *d;

	family(true, 1);
	OK(sim_resize(r, 4 * PAGE_SIZE, true));
	c = ON_WRITE(r, 0, 4);
	OK(sim_zero(c, 1, 2));
	d = ON_WRITE(c, 1, 2);
	EXPECT(sim_node(d)->parent == sim_node(c));
	/* Its own ones do. */
	OK(sim_zero_cell(r, 2, 1));
	OK(sim_zero_cell(c, 1, 1));
	OWN(r, 0);
	OWN(c, 0);
	/* The root's, through c, and c's own. */
	OK(sim_zero_cell(d, 1, 1));
	OK(sim_zero_cell(d, 0, 1));
	OWN(d, 2);
	WRITE(c, 1, 11);
	WRITE(r, 2, 12);
	READS(d, ". .");
	READS(c, "100 11 12 .");
	/* What is hidden does not change. */
	sim_close(d);
	d = MODIFIED(c, 0, 4);
	OK(sim_zero(d, 0, 4));
	c = MODIFIED(d, 0, 4);
	HIDDEN(2);
	OK(sim_zero_cell(c, 3, 1));
	OWN(c, 0);
}

static void zero3_anonymous_gives_memory_back(void)
{
	family(false, 3);
	WRITE(r, 0, 10);
	WRITE(r, 2, 12);
	OK(sim_zero(r, 0, 3));
	PAGES(0);
	EXPECT(vmop_plist_is_empty(&sim_node(r)->pages));
}

/* Zeros that come after the begin of a writeback are not what it has written. */
static void zero4_after_the_begin(void)
{
	unsigned long map;

	family(true, 1);
	OK(sim_resize(r, 5 * PAGE_SIZE, true));
	sim_writeback_begin(fam, 1, 5, false);
	WRITE(r, 2, 9);
	OK(sim_zero(r, 2, 3));
	OK(sim_writeback_end(fam, 1, 5));
	map = 0;
	down_read(&fam->tree->lock);
	vmop_cow_dirty_map(fam->root, 0, 5, &map);
	up_read(&fam->tree->lock);
	EXPECT(map & BIT(2));
	EXPECT(!(map & BIT(1)));
	READS(r, "100 . . . .");
}

/* New space is nothing that the pager was writing when it was no space yet. */
static void wb19_grown_after_the_begin(void)
{
	unsigned long map = 0;

	family(true, 1);
	OK(sim_resize(r, 5 * PAGE_SIZE, true));
	sim_writeback_begin(fam, 1, 5, false);
	OK(sim_resize(r, 3 * PAGE_SIZE, true));
	OK(sim_resize(r, 5 * PAGE_SIZE, true));
	OK(sim_writeback_end(fam, 1, 5));
	down_read(&fam->tree->lock);
	vmop_cow_dirty_map(fam->root, 0, 5, &map);
	up_read(&fam->tree->lock);
	EXPECT_EQ(map, 0x18);
}

static void zero4_after_the_begin_of_what_is_absent(void)
{
	family(true, 1);
	OK(sim_resize(r, 5 * PAGE_SIZE, true));
	sim_writeback_begin(fam, 1, 5, false);
	WRITE(r, 2, 9);
	sim_writeback_begin(fam, 2, 3, false);
	OK(sim_writeback_end(fam, 2, 3));
	EXPECT(sim_evict(fam, 0));
	EXPECT_EQ(resolve(r, 2).kind, VMOP_RES_ABSENT);
	OK(sim_zero(r, 2, 3));
	OK(sim_writeback_end(fam, 1, 5));
	EXPECT_EQ(fam->store[2][0], 9);
	EXPECT_EQ(resolve(r, 2).kind, VMOP_RES_ZERO);
	READS(r, "100 . . . .");
}

/* The same when a snapshot gets the page that they take the place of. */
static void zero4_after_the_begin_of_what_is_preserved(void)
{
	unsigned long map = 0;
	struct sim_vmo *c;

	family(true, 1);
	OK(sim_resize(r, 5 * PAGE_SIZE, true));
	sim_writeback_begin(fam, 1, 5, false);
	WRITE(r, 2, 9);
	c = SNAPSHOT(r, 0, 5);
	OK(sim_zero(r, 2, 3));
	OK(sim_writeback_end(fam, 1, 5));
	down_read(&fam->tree->lock);
	vmop_cow_dirty_map(fam->root, 0, 5, &map);
	up_read(&fam->tree->lock);
	EXPECT(map & BIT(2));
	EXPECT(!(map & BIT(1)));
	READS(c, "100 . 9 . .");
}

static void zero4_in_batches(void)
{
	struct vmop_page *page;
	pgoff_t done;
	unsigned int i;

	/* More pages than one call frees; behind what predictions cover. */
	fam = sim_create(true, 0);
	r = fam->vmo[0];
	down_write(&fam->tree->lock);
	fam->root->len = 2000 * PAGE_SIZE;
	fam->root->nr_pages = 2000;
	up_write(&fam->tree->lock);
	for (i = 0; i < 2000; i++) {
		page = vmop_page_alloc(NULL, true);
		down_write(&fam->tree->lock);
		OK(vmop_cow_supply(fam->root, i, page));
		up_write(&fam->tree->lock);
	}
	down_write(&fam->tree->lock);
	OK(vmop_cow_zero(fam->root, 0, 2000, &done));
	EXPECT(done > 0 && done < 2000);
	while (done < 2000)
		OK(vmop_cow_zero(fam->root, done, 2000, &done));
	EXPECT_EQ(own(r), 0);
	fam->root->len = 0;
	fam->root->nr_pages = 0;
	vmop_cow_clear(fam->root);
	up_write(&fam->tree->lock);
}

const struct unit_test size_tests[] = {
	UNIT(cow19_parent_shrinks_and_grows),
	UNIT(cow19_siblings_do_not_notice),
	UNIT(cow19_mapped_in_a_clone),
	UNIT(cow20_child_shrinks_and_grows),
	UNIT(cow20_the_last_share_is_freed),
	UNIT(rsz2_cut_of_an_absent_page),
	UNIT(rsz2_zeros_need_no_cut),
	UNIT(rsz2_cut_of_a_page),
	UNIT(rsz2_lower_cuts_win),
	UNIT(rsz2_cut_in_a_clone_gets_a_page),
	UNIT(rsz2_supplied_behind_the_end),
	UNIT(rsz2_what_stays_mapped),
	UNIT(rsz2_a_supply_leaves_the_cuts_beside_it),
	UNIT(rsz2_no_cut_is_forgotten_in_an_empty_range),
	UNIT(rsz3_grown_root_is_never_asked_for),
	UNIT(rsz5_same_size),
	UNIT(zero8_hides_the_parent),
	UNIT(zero8_in_a_snapshot),
	UNIT(zero2_a_part_of_zeros),
	UNIT(zero3_anonymous_gives_memory_back),
	UNIT(zero4_after_the_begin),
	UNIT(wb19_grown_after_the_begin),
	UNIT(zero4_after_the_begin_of_what_is_absent),
	UNIT(zero4_after_the_begin_of_what_is_preserved),
	UNIT(zero4_in_batches),
	{ 0 }
};
