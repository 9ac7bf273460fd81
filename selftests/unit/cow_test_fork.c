// SPDX-License-Identifier: GPL-2.0
/*
 * A page of one's own: COW-4, COW-16, COW-17, COW-25 to COW-26b, COW-41, and what
 * single functions of cow.c and cow_fork.c answer at their edges.
 */
#include "cow_test.h"

static void cow4_read_shares_write_forks(void)
{
	struct sim_vmo *c;
	struct vmop_page *page;

	family(false, 1);
	WRITE(r, 0, 7);
	page = resolve(r, 0).page;
	c = SNAPSHOT(r, 0, 1);
	EXPECT(resolve(c, 0).page == page && resolve(r, 0).page == page);
	OK(sim_map(c, 0, false));
	EXPECT(c->space->mapping.pte[0].folio == page->folio);
	EXPECT(!c->space->mapping.pte[0].write);
	COPIES(1, WRITE(c, 0, 8));
	EXPECT(resolve(c, 0).page != page && resolve(r, 0).page == page);
	/* The old page is mapped no more. */
	EXPECT(!c->space->mapping.pte[0].folio);
	READS(r, "7");
}

static void cow4_zeros_are_filled_not_copied(void)
{
	struct sim_vmo *c;

	family(false, 2);
	WRITE(r, 0, 7);
	c = SNAPSHOT(r, 0, 2);
	OK(sim_map(c, 1, false));
	COPIES(0, WRITE(c, 1, 8));
	EXPECT(!c->space->mapping.pte[1].folio);
	READS(c, "7 8");
	READS(r, "7 .");
}

static void cow17_last_viewer_gets_the_page(void)
{
	struct sim_vmo *a, *b;
	struct vmop_page *page;

	family(false, 1);
	WRITE(r, 0, 7);
	page = resolve(r, 0).page;
	a = SNAPSHOT(r, 0, 1);
	b = SNAPSHOT(r, 0, 1);
	COPIES(1, WRITE(a, 0, 8));
	COPIES(1, WRITE(r, 0, 9));
	OK(sim_map(b, 0, false));
	COPIES(0, WRITE(b, 0, 10));
	EXPECT(resolve(b, 0).page == page);
	/* It was mapped in its old place. */
	EXPECT(!b->space->mapping.pte[0].folio);
	PAGES(3);
}

static void cow17_moved_over_two_nodes(void)
{
	struct sim_vmo *a, *b;
	struct vmop_page *page;

	family(false, 2);
	WRITE(r, 1, 7);
	page = resolve(r, 1).page;
	a = SNAPSHOT(r, 1, 1);
	OK(sim_resize(a, 2 * PAGE_SIZE, false));
	WRITE(a, 1, 8);
	b = SNAPSHOT(a, 0, 2);
	HIDDEN(2);
	WRITE(r, 1, 9);
	COPIES(1, WRITE(a, 0, 10));
	COPIES(0, WRITE(b, 0, 11));
	EXPECT(resolve(b, 0).page == page);
	EXPECT_EQ(page->pgoff, 0);
	READS(b, "11 8");
}

/* Who sees a page through the one that forks it does not keep it. */
static void cow17_those_below_do_not_count(void)
{
	struct sim_vmo *a, *b, *c, *d;

	family(true, 2);
	a = MODIFIED(r, 0, 2);
	WRITE(a, 0, 7);
	b = ON_WRITE(a, 0, 2);
	WRITE(b, 1, 8);
	c = ON_WRITE(b, 0, 2);
	EXPECT(sim_node(c)->parent == sim_node(b));
	d = ON_WRITE(a, 0, 2);
	sim_close(a);
	HIDDEN(1);
	COPIES(1, WRITE(d, 0, 10));
	COPIES(0, WRITE(b, 0, 9));
	READS(c, "9 8");
	/* The root's two, b's two, and d's. */
	PAGES(5);
}

static void cow17_no_more_memory_than_copies(void)
{
	struct sim_vmo *vmo[6];
	unsigned int i, j;

	family(false, 4);
	for (i = 0; i < 4; i++)
		WRITE(r, i, 10 + i);
	vmo[0] = r;
	for (i = 1; i < 6; i++)
		vmo[i] = SNAPSHOT(vmo[i / 2], 0, 4);
	for (i = 0; i < 6; i++) {
		for (j = 0; j < 4; j++)
			WRITE(vmo[i], j, 100 + i * 4 + j);
	}
	PAGES(24);
	for (i = 0; i < 6; i++)
		OWN(vmo[i], 4);
}

static void cow25_fault_on_an_absent_page(void)
{
	struct sim_vmo *c;

	family(true, 2);
	c = ON_WRITE(r, 0, 2);
	COPIES(1, WRITE(c, 1, 8));
	OWN(c, 1);
	/* The root keeps it, clean. */
	EXPECT_EQ(vmop_plist_page_state(&fam->root->pages, 1), VMOP_CLEAN);
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 0);
	EXPECT(!fam->root->modified);
	READS(r, "100 101");
}

static void cow26_zap_goes_down_the_windows(void)
{
	struct sim_vmo *a, *b, *c;

	family(true, 4);
	a = ON_WRITE(r, 0, 4);
	WRITE(a, 0, 9);
	b = ON_WRITE(a, 2, 2);
	c = ON_WRITE(a, 0, 1);
	OK(sim_map(r, 2, false));
	OK(sim_map(a, 2, false));
	OK(sim_map(b, 0, false));
	OK(sim_map(c, 0, false));
	EXPECT(b->space->mapping.pte[0].folio == resolve(r, 2).page->folio);
	EXPECT(sim_evict(fam, 2));
	EXPECT(!r->space->mapping.nr_mapped);
	EXPECT(!a->space->mapping.nr_mapped);
	EXPECT(!b->space->mapping.nr_mapped);
	EXPECT_EQ(c->space->mapping.nr_mapped, 1);
}

static void cow26_zeros_in_clones(void)
{
	struct sim_vmo *c;

	family(true, 3);
	OK(sim_zero(r, 0, 2));
	c = ON_WRITE(r, 1, 2);
	OK(sim_map(c, 0, false));
	EXPECT(c->space->mapping.pte[0].folio == fam->tree->zero_folio);
	WRITE(r, 1, 7);
	EXPECT(!c->space->mapping.pte[0].folio);
	READS(c, "7 102");
}

static void cow26_stores_are_stopped(void)
{
	struct sim_vmo *c;

	family(false, 1);
	OK(sim_map(r, 0, true));
	EXPECT(sim_store(r, 0, 0, 7));
	c = SNAPSHOT(r, 0, 1);
	EXPECT(!r->space->mapping.pte[0].write);
	EXPECT(!sim_store(r, 0, 0, 8));
	OK(sim_map(r, 0, true));
	EXPECT(sim_store(r, 0, 0, 9));
	READS(c, "7");
	READS(r, "9");
}

/* What falls to a VMO, in halves of pages. */
static unsigned int halves(struct sim_vmo *vmo)
{
	static struct vmop_cow_counter counter;
	struct vmop_cow_shares shares = { 0 };

	down_read(&fam->tree->lock);
	vmop_cow_count_shares(sim_node(vmo), &counter, &shares);
	up_read(&fam->tree->lock);
	return 2 * shares.nr_private +
	       (shares.scaled >> (PAGE_SHIFT + VMOP_SHARE_SHIFT - 1));
}

static void cow26a_shares(void)
{
	struct sim_vmo *b;

	family(false, 2);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	b = SNAPSHOT(r, 0, 2);
	EXPECT_EQ(halves(r), 2);
	EXPECT_EQ(halves(b), 2);
	/* (1) */
	COPIES(1, WRITE(b, 0, 20));
	EXPECT_EQ(halves(r), 3);
	EXPECT_EQ(halves(b), 3);
	/* (2) */
	COPIES(0, WRITE(r, 0, 30));
	EXPECT_EQ(halves(r), 3);
	EXPECT_EQ(halves(b), 3);
	PAGES(3);
	/* (3) */
	COPIES(1, WRITE(r, 1, 31));
	EXPECT_EQ(halves(r), 4);
	EXPECT_EQ(halves(b), 4);
	PAGES(4);
	/* (4) */
	sim_close(r);
	EXPECT_EQ(halves(b), 4);
	HIDDEN(0);
	PAGES(2);
	READS(b, "20 11");
}

static void cow26b_unidirectional(void)
{
	struct sim_vmo *c;
	struct vmop_res res;

	family(true, 4);
	c = ON_WRITE(r, 0, 4);
	res = resolve(c, 1);
	EXPECT_EQ(res.kind, VMOP_RES_ABSENT);
	EXPECT(res.owner == fam->root && res.pgoff == 1);
	OK(sim_supply(fam, 0, false));
	OK(sim_supply(fam, 1, false));
	COPIES(1, WRITE(c, 1, 21));
	WRITE(r, 1, 31);
	WRITE(r, 0, 30);
	READS(c, "30 21 102 103");
	OK(sim_resize(r, PAGE_SIZE, true));
	READS(c, "30 21 . .");
	EXPECT_EQ(resolve(c, 2).kind, VMOP_RES_ZERO);
	OK(sim_resize(r, 4 * PAGE_SIZE, true));
	READS(c, "30 21 . .");
	EXPECT_EQ(resolve(c, 2).kind, VMOP_RES_ZERO);
	OK(sim_zero(c, 1, 2));
	READS(c, "30 . . .");
	OWN(c, 0);
	sim_close(r);
	READS(c, "30 . . .");
}

static void cow41_quarters(void)
{
	struct sim_vmo *c[3];
	unsigned int i;

	family(false, 2);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	for (i = 0; i < 3; i++)
		c[i] = SNAPSHOT(r, i & 1, 2);
	/* Page 0 is seen by three, page 1 by four: 7/12 for each of them. */
	EXPECT_EQ(halves(r), 1);
	sim_close(c[1]);
	EXPECT_EQ(halves(r), 1);
	sim_close(c[2]);
	EXPECT_EQ(halves(r), 2);
	sim_close(c[0]);
	EXPECT_EQ(halves(r), 4);
	HIDDEN(0);
}

/* More pages than are counted at once; behind what predictions cover. */
static void cow41_many_pages(void)
{
	static struct vmop_cow_counter counter;
	struct vmop_cow_shares shares = { 0 };
	struct vmop_page *page;
	struct sim_vmo *c;
	pgoff_t pgoff, done;

	family(false, 0);
	down_write(&fam->tree->lock);
	sim_node(r)->len = 3000 * PAGE_SIZE;
	sim_node(r)->nr_pages = 3000;
	up_write(&fam->tree->lock);
	for (pgoff = 0; pgoff < 3000; pgoff++) {
		page = vmop_page_alloc(NULL, true);
		down_write(&fam->tree->lock);
		OK(vmop_cow_give_page(sim_node(r), pgoff, page, true));
		up_write(&fam->tree->lock);
	}
	c = SNAPSHOT(r, 3000, 0);
	down_write(&fam->tree->lock);
	vmop_cow_snapshot(sim_node(r), vmop_cow_create(fam->tree, r->space,
						       false),
			  sim_node(c), 100, 2000);
	/* Of what c sees, a part on each side of where a piece ends. */
	OK(vmop_cow_zero(sim_node(c), 900, 1000, &done));
	vmop_cow_count_shares(sim_node(r), &counter, &shares);
	EXPECT_EQ(shares.nr_private, 1100);
	EXPECT_EQ(shares.nr_shared, 1900);
	memset(&shares, 0, sizeof(shares));
	vmop_cow_count_shares(sim_node(c), &counter, &shares);
	EXPECT_EQ(shares.nr_private, 0);
	EXPECT_EQ(shares.nr_shared, 1900);
	EXPECT_EQ(shares.nr_zero, 100);
	EXPECT_EQ(shares.scaled, 1900ULL * PAGE_SIZE << (VMOP_SHARE_SHIFT - 1));
	up_write(&fam->tree->lock);
	sim_close(r);
	sim_close(c);
}

static void commit_forks(void)
{
	struct sim_vmo *c;

	family(true, 3);
	OK(sim_zero(r, 1, 2));
	fam->store[2][0] = 0;
	flat_write(r->flat, 2, 0, 0);
	OK(sim_supply(fam, 2, true));
	c = ON_WRITE(r, 0, 3);
	COPIES(1, OK(sim_commit(c, 0)));
	COPIES(0, OK(sim_commit(c, 1)));
	COPIES(0, OK(sim_commit(c, 0)));
	OWN(c, 2);
	OWN(r, 1);
	READS(c, "100 . .");
	/* A marker becomes clean memory, a zero interval dirty memory. */
	OK(sim_commit(r, 2));
	EXPECT_EQ(vmop_plist_page_state(&fam->root->pages, 2), VMOP_CLEAN);
	OK(sim_commit(r, 1));
	EXPECT_EQ(vmop_plist_page_state(&fam->root->pages, 1), VMOP_DIRTY);
	EXPECT_EQ(sim_commit(r, 3), -ERANGE);
}

static int give(struct sim_vmo *vmo, pgoff_t pgoff, bool write)
{
	struct vmop_page *page = vmop_page_alloc(NULL, true);
	int ret;

	down_write(&fam->tree->lock);
	ret = vmop_cow_give_page(sim_node(vmo), pgoff, page, write);
	up_write(&fam->tree->lock);
	if (ret)
		vmop_page_free(page);
	return ret;
}

static void give_page_that_is_not_needed(void)
{
	struct sim_vmo *c;

	family(true, 2);
	c = ON_WRITE(r, 0, 2);
	EXPECT_EQ(give(r, 0, true), -EEXIST);
	EXPECT_EQ(give(c, 0, true), -EEXIST);
	EXPECT_EQ(give(c, 2, true), -EEXIST);
	WRITE(r, 0, 7);
	EXPECT_EQ(give(r, 0, true), -EEXIST);
	EXPECT_EQ(give(c, 0, false), 0);
	flat_own(c->flat, 0);
	EXPECT_EQ(give(c, 0, false), -EEXIST);
}

static void give_page_may_not_dirty_a_trapping_vmo(void)
{
	family(true, 2);
	fam->root->trap_dirty = true;
	fam->store[0][0] = 0;
	flat_write(r->flat, 0, 0, 0);
	OK(sim_supply(fam, 0, true));
	EXPECT_EQ(give(r, 0, true), -EEXIST);
	EXPECT_EQ(give(r, 0, false), 0);
	EXPECT_EQ(vmop_plist_page_state(&fam->root->pages, 0), VMOP_CLEAN);
	OK(sim_zero(r, 1, 2));
	EXPECT_EQ(give(r, 1, false), -EEXIST);
	/* With leave both are written. */
	WRITE(r, 0, 7);
	WRITE(r, 1, 8);
	READS(r, "7 8");
}

static void supply_what_is_there(void)
{
	struct vmop_page *page;
	int ret;

	family(true, 3);
	WRITE(r, 0, 7);
	OK(sim_zero(r, 1, 2));
	OK(sim_supply(fam, 0, false));
	OK(sim_supply(fam, 1, false));
	READS(r, "7 . 102");
	EXPECT_EQ(atomic_long_read(&fam->root->nr_supplied), 1);
	page = vmop_page_alloc(NULL, true);
	down_write(&fam->tree->lock);
	ret = vmop_cow_supply(fam->root, 1, page);
	up_write(&fam->tree->lock);
	EXPECT_EQ(ret, -EEXIST);
	vmop_page_free(page);
}

static void room_is_made_for_a_writer(void)
{
	family(true, 4);
	fam->root->dirty_limit = 2;
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	WRITE(r, 2, 12);
	EXPECT_EQ(vmop_plist_nr_dirty_all(&fam->root->pages), 1);
	EXPECT_EQ(fam->store[1][0], 11);
	READS(r, "10 11 12 103");
}

static void collect_over_ancestors(void)
{
	struct vmop_page *pages[4] = { 0 };
	struct sim_vmo *c;

	family(true, 4);
	OK(sim_supply(fam, 0, false));
	OK(sim_supply(fam, 1, false));
	c = ON_WRITE(r, 0, 4);
	WRITE(c, 2, 9);
	OK(sim_zero(c, 0, 1));
	down_read(&fam->tree->lock);
	EXPECT_EQ(vmop_cow_collect(sim_node(c), 0, 4, pages), 2);
	up_read(&fam->tree->lock);
	EXPECT(!pages[0] && !pages[3]);
	EXPECT(pages[1] == resolve(r, 1).page);
	EXPECT(pages[2] == resolve(c, 2).page);
}

const struct unit_test fork_tests[] = {
	UNIT(cow4_read_shares_write_forks),
	UNIT(cow4_zeros_are_filled_not_copied),
	UNIT(cow17_last_viewer_gets_the_page),
	UNIT(cow17_moved_over_two_nodes),
	UNIT(cow17_those_below_do_not_count),
	UNIT(cow17_no_more_memory_than_copies),
	UNIT(cow25_fault_on_an_absent_page),
	UNIT(cow26_zap_goes_down_the_windows),
	UNIT(cow26_zeros_in_clones),
	UNIT(cow26_stores_are_stopped),
	UNIT(cow26a_shares),
	UNIT(cow26b_unidirectional),
	UNIT(cow41_quarters),
	UNIT(cow41_many_pages),
	UNIT(commit_forks),
	UNIT(give_page_that_is_not_needed),
	UNIT(give_page_may_not_dirty_a_trapping_vmo),
	UNIT(supply_what_is_there),
	UNIT(room_is_made_for_a_writer),
	UNIT(collect_over_ancestors),
	{ 0 }
};
