// SPDX-License-Identifier: GPL-2.0
/*
 * Writeback of a root: WB-2 to WB-14 and DT-11, as far as cow_dirty.c has a part in
 * it; what the lists do is tested with them.
 */
#include "cow_test.h"

static unsigned long dirty_map(void)
{
	unsigned long map[BITS_TO_LONGS(SIM_PAGES)] = { 0 };

	down_read(&fam->tree->lock);
	vmop_cow_dirty_map(fam->root, 0, 60, map);
	up_read(&fam->tree->lock);
	return map[0];
}

static enum vmop_dirty_state state(pgoff_t pgoff)
{
	return vmop_plist_page_state(&fam->root->pages, pgoff);
}

/* Pages 0 to 2, zeros from 3 to 7, a page in the middle of them. */
static void some_dirt(void)
{
	family(true, 3);
	WRITE(r, 0, 10);
	WRITE(r, 1, 11);
	WRITE(r, 2, 12);
	OK(sim_resize(r, 8 * PAGE_SIZE, true));
	WRITE(r, 5, 15);
	EXPECT_EQ(dirty_map(), 0xff);
}

static void wb_all_of_it(void)
{
	some_dirt();
	sim_writeback_begin(fam, 0, 8, false);
	EXPECT_EQ(state(0), VMOP_AWAITING_CLEAN);
	EXPECT_EQ(state(5), VMOP_AWAITING_CLEAN);
	EXPECT_EQ(dirty_map(), 0xff);
	OK(sim_writeback_end(fam, 0, 8));
	EXPECT_EQ(dirty_map(), 0);
	EXPECT_EQ(atomic_long_read(&fam->root->nr_cleaned), 4);
	READS(r, "10 11 12 . . 15 . .");
}

static void wb_a_part(void)
{
	some_dirt();
	sim_writeback_begin(fam, 1, 4, false);
	EXPECT_EQ(state(0), VMOP_DIRTY);
	OK(sim_writeback_end(fam, 0, 8));
	/* Of the zeros [3, 5) one was begun. */
	EXPECT_EQ(dirty_map(), 0xf1);
	READS(r, "10 11 12 . . 15 . .");
}

static void wb_zeros_only(void)
{
	some_dirt();
	OK(sim_map(r, 1, true));
	sim_writeback_begin(fam, 0, 8, true);
	EXPECT_EQ(state(1), VMOP_DIRTY);
	EXPECT(!r->space->mapping.pte[1].write);
	OK(sim_writeback_end(fam, 0, 8));
	EXPECT_EQ(dirty_map(), 0x27);
}

static void wb_changed_in_between(void)
{
	some_dirt();
	sim_writeback_begin(fam, 0, 8, false);
	WRITE(r, 1, 21);
	WRITE(r, 6, 26);
	OK(sim_writeback_end(fam, 0, 8));
	EXPECT_EQ(dirty_map(), 0x42);
	READS(r, "10 21 12 . . 15 26 .");
	EXPECT_EQ(fam->store[1][0], 11);
}

/* The mapping stays, and a store is noticed. */
static void wb_mapped(void)
{
	some_dirt();
	OK(sim_map(r, 1, true));
	sim_writeback_begin(fam, 1, 2, false);
	EXPECT(r->space->mapping.pte[1].folio);
	EXPECT(!sim_store(r, 1, 0, 7));
	OK(sim_writeback_end(fam, 1, 2));
	EXPECT_EQ(dirty_map(), 0xfd);
	OK(sim_map(r, 1, true));
	EXPECT_EQ(dirty_map(), 0xff);
}

static void wb_zeros_mapped(void)
{
	some_dirt();
	OK(sim_map(r, 4, false));
	sim_writeback_begin(fam, 3, 5, false);
	EXPECT(r->space->mapping.pte[4].folio);
	OK(sim_writeback_end(fam, 3, 5));
	/* The pager may be asked for it again. */
	EXPECT(!r->space->mapping.pte[4].folio);
	EXPECT_EQ(resolve(r, 4).kind, VMOP_RES_ABSENT);
	LOOK();
}

/* More than one call does: others get the lock in between. */
static void wb_begin_in_batches(void)
{
	struct vmop_page *page;
	pgoff_t pgoff, done;
	LIST_HEAD(pages);

	fam = sim_create(true, 0);
	r = fam->vmo[0];
	/* The first one stays zeros. */
	for (pgoff = 1; pgoff < 1500; pgoff++) {
		page = vmop_page_alloc(NULL, true);
		list_add(&page->lru, &pages);
	}
	down_write(&fam->tree->lock);
	OK(vmop_cow_resize(fam->root, 1500 * PAGE_SIZE, &done));
	OK(vmop_cow_make_dirty(fam->root, 1, 1500, &pages));
	vmop_cow_writeback_begin(fam->root, 0, 1500, false, &done);
	EXPECT(done >= 100 && done < 1500);
	EXPECT_EQ(state(done - 1), VMOP_AWAITING_CLEAN);
	EXPECT_EQ(state(done), VMOP_DIRTY);
	while (done < 1500)
		vmop_cow_writeback_begin(fam->root, done, 1500, false, &done);
	EXPECT_EQ(state(1499), VMOP_AWAITING_CLEAN);
	OK(vmop_cow_resize(fam->root, 0, &done));
	up_write(&fam->tree->lock);
}

static void dt_limit_counts_what_is_dirty(void)
{
	struct vmop_res res;

	some_dirt();
	fam->root->dirty_limit = 4;
	sim_writeback_begin(fam, 0, 1, false);
	down_read(&fam->tree->lock);
	/* What is dirty, or being written, takes no more room. */
	EXPECT_EQ(vmop_cow_write_need(fam->root, 0, &res), VMOP_NEED_NOTHING);
	EXPECT_EQ(vmop_cow_write_need(fam->root, 1, &res), VMOP_NEED_NOTHING);
	EXPECT_EQ(vmop_cow_write_need(fam->root, 3, &res), VMOP_NEED_ROOM);
	fam->root->dirty_limit = 5;
	EXPECT_EQ(vmop_cow_write_need(fam->root, 3, &res), VMOP_NEED_PAGE);
	EXPECT_EQ(vmop_cow_write_need(fam->root, 8, &res), VMOP_NEED_NOTHING);
	EXPECT_EQ(res.kind, VMOP_RES_BEYOND);
	up_read(&fam->tree->lock);
}

static void dt_leave_is_asked_for(void)
{
	struct sim_vmo *c;
	struct vmop_res res;

	family(true, 2);
	fam->root->trap_dirty = true;
	OK(sim_supply(fam, 0, false));
	c = ON_WRITE(r, 0, 2);
	down_read(&fam->tree->lock);
	EXPECT_EQ(vmop_cow_write_need(fam->root, 0, &res), VMOP_NEED_GRANT);
	EXPECT_EQ(vmop_cow_write_need(fam->root, 1, &res), VMOP_NEED_CONTENT);
	/* A clone asks nobody. */
	EXPECT_EQ(vmop_cow_write_need(sim_node(c), 0, &res), VMOP_NEED_PAGE);
	up_read(&fam->tree->lock);
	OK(sim_make_dirty(fam, 0, 1));
	sim_writeback_begin(fam, 0, 1, false);
	down_read(&fam->tree->lock);
	EXPECT_EQ(vmop_cow_write_need(fam->root, 0, &res), VMOP_NEED_GRANT);
	up_read(&fam->tree->lock);
}

static void dt_make_dirty_needs_content(void)
{
	unsigned long nr_pages;

	family(true, 2);
	OK(sim_resize(r, 5 * PAGE_SIZE, true));
	OK(sim_supply(fam, 0, false));
	down_read(&fam->tree->lock);
	EXPECT_EQ(vmop_cow_count_zeros(fam->root, 0, 5, &nr_pages), -ENOENT);
	EXPECT_EQ(vmop_cow_count_zeros(fam->root, 2, 4, &nr_pages), 0);
	EXPECT_EQ(nr_pages, 2);
	up_read(&fam->tree->lock);
	OK(sim_map(r, 3, false));
	OK(sim_make_dirty(fam, 2, 4));
	EXPECT(!r->space->mapping.pte[3].folio);
	OWN(r, 3);
	READS(r, "100 101 . . .");
}

/* A detach: what is clean goes, but not what a store is about to be known of. */
static void det1_clean_and_dirty(void)
{
	family(true, 5);
	fam->store[3][0] = 0;
	flat_write(r->flat, 3, 0, 0);
	OK(sim_supply(fam, 0, false));
	OK(sim_supply(fam, 1, false));
	OK(sim_supply(fam, 3, true));
	WRITE(r, 2, 12);
	OK(sim_zero(r, 4, 5));
	OK(sim_map(r, 0, false));
	OK(sim_map(r, 1, false));
	r->space->mapping.pte[1].dirty = true;
	down_write(&fam->tree->lock);
	vmop_cow_drop_clean(fam->root);
	up_write(&fam->tree->lock);
	EXPECT_EQ(r->space->mapping.nr_mapped, 0);
	/* Reclaim finds out. */
	vmop_reclaim_del(resolve(r, 1).page);
	EXPECT_EQ(resolve(r, 0).kind, VMOP_RES_ABSENT);
	EXPECT_EQ(resolve(r, 3).kind, VMOP_RES_ABSENT);
	EXPECT_EQ(dirty_map(), 0x16);
	OWN(r, 2);
	READS(r, "100 101 12 . .");
}

const struct unit_test dirty_tests[] = {
	UNIT(wb_all_of_it),
	UNIT(wb_a_part),
	UNIT(wb_zeros_only),
	UNIT(wb_changed_in_between),
	UNIT(wb_mapped),
	UNIT(wb_zeros_mapped),
	UNIT(wb_begin_in_batches),
	UNIT(dt_limit_counts_what_is_dirty),
	UNIT(dt_leave_is_asked_for),
	UNIT(dt_make_dirty_needs_content),
	UNIT(det1_clean_and_dirty),
	{ 0 }
};
