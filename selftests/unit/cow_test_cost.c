// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs: steps for what was changed, not for each page that there is. Where
 * many pages are gone through others get the processor in between, which is
 * counted; and some things are done to more pages than anybody could wait for.
 */
#include "cow_test.h"

#define HUGE_PAGES	((pgoff_t)1 << 40)

#define YIELDS(call)							\
({									\
	unsigned long __yields = shim.yields;				\
									\
	call;								\
	shim.yields - __yields;						\
})

static void write_all(struct sim_vmo *vmo)
{
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < sim_node(vmo)->nr_pages; pgoff++)
		WRITE(vmo, pgoff, 10 + pgoff);
}

/* Behind what predictions cover. */
static void set_pages(struct vmop_cow *node, pgoff_t nr_pages)
{
	node->len = nr_pages << PAGE_SHIFT;
	node->nr_pages = nr_pages;
}

static void give(struct vmop_cow *node, pgoff_t pgoff)
{
	struct vmop_page *page = vmop_page_alloc(NULL, true);

	down_write(&fam->tree->lock);
	OK(vmop_cow_give_page(node, pgoff, page, true));
	up_write(&fam->tree->lock);
}

/* @to becomes a clone of the first pages of @from. */
static void snapshot(struct sim_vmo *from, struct sim_vmo *to, pgoff_t nr_pages)
{
	struct vmop_cow *left = vmop_cow_create(fam->tree, from->space, false);

	down_write(&fam->tree->lock);
	EXPECT(vmop_cow_snapshot(sim_node(from), left, sim_node(to), 0,
				 nr_pages));
	up_write(&fam->tree->lock);
}

/* Of those that are left the one is asked that has changed least. */
static void close_one_of_many(void)
{
	struct sim_vmo *a, *b, *c;

	family(false, SIM_PAGES);
	write_all(r);
	a = SNAPSHOT(r, 0, SIM_PAGES);
	OK(sim_zero(a, 3, 4));
	b = SNAPSHOT(r, 0, SIM_PAGES);
	write_all(b);
	c = SNAPSHOT(r, 0, SIM_PAGES);
	WRITE(c, 5, 99);
	EXPECT(YIELDS(sim_close(c)) < 20);
	c = SNAPSHOT(r, 0, SIM_PAGES);
	WRITE(c, 5, 99);
	sim_close(r);
	EXPECT(YIELDS(sim_close(c)) < 20);
	HIDDEN(1);
	LOOK();
}

/* Behind the window of what is between nothing is looked at further up. */
static void close_below_a_small_window(void)
{
	struct sim_vmo *c, *d;

	family(false, SIM_PAGES);
	write_all(r);
	c = SNAPSHOT(r, 100, 1);
	SNAPSHOT(r, 0, 100);
	SNAPSHOT(r, 101, SIM_PAGES - 101);
	sim_close(r);
	OK(sim_resize(c, 60 * PAGE_SIZE, false));
	WRITE(c, 5, 99);
	d = SNAPSHOT(c, 0, 60);
	HIDDEN(2);
	EXPECT(YIELDS(sim_close(d)) < 20);
	HIDDEN(1);
	EXPECT_EQ(reads(c, 0), 110);
}

static void zeros_of_a_huge_clone(void)
{
	struct sim_vmo *c;
	pgoff_t done;

	family(false, 1);
	WRITE(r, 0, 7);
	c = SNAPSHOT(r, 1, 0);
	set_pages(sim_node(r), HUGE_PAGES);
	snapshot(r, c, HUGE_PAGES);
	down_write(&fam->tree->lock);
	OK(vmop_cow_zero(sim_node(c), 0, HUGE_PAGES, &done));
	EXPECT_EQ(done, HUGE_PAGES);
	OK(vmop_cow_zero(sim_node(r), 1, HUGE_PAGES, &done));
	up_write(&fam->tree->lock);
	sim_close(r);
	EXPECT(!sim_node(c)->parent);
	EXPECT_EQ(own(c), 0);
	sim_close(c);
}

/* Shares are counted where there is something that is seen, and nowhere else. */
static void shares_below_a_small_window(void)
{
	static struct vmop_cow_counter counter;
	struct vmop_cow_shares shares = { 0 };
	struct sim_vmo *c, *d;
	pgoff_t pgoff;

	family(false, 0);
	c = SNAPSHOT(r, 0, 0);
	d = SNAPSHOT(r, 0, 0);
	set_pages(sim_node(r), 40000);
	for (pgoff = 0; pgoff < 40000; pgoff += 2000)
		give(sim_node(r), pgoff);
	snapshot(r, c, 1);
	set_pages(sim_node(c), 40000);
	give(sim_node(c), 1);
	snapshot(c, d, 40000);
	down_read(&fam->tree->lock);
	EXPECT(YIELDS(vmop_cow_count_shares(sim_node(d), &counter,
					    &shares)) < 10);
	EXPECT_EQ(shares.nr_shared, 2);
	memset(&shares, 0, sizeof(shares));
	EXPECT(YIELDS(vmop_cow_count_shares(sim_node(r), &counter,
					    &shares)) >= 20);
	EXPECT_EQ(shares.nr_private, 19);
	up_read(&fam->tree->lock);
	sim_close(r);
	sim_close(c);
	sim_close(d);
}

static void zeros_of_a_huge_original(void)
{
	struct vmop_cow *node;
	struct sim_vmo *c;
	pgoff_t done;

	family(false, 1);
	WRITE(r, 0, 7);
	node = sim_node(r);
	c = SNAPSHOT(r, 1, 0);
	set_pages(node, HUGE_PAGES);
	snapshot(r, c, 1);
	down_write(&fam->tree->lock);
	OK(vmop_cow_zero(sim_node(r), 1, HUGE_PAGES, &done));
	up_write(&fam->tree->lock);
	sim_close(c);
	EXPECT(sim_node(r) == node);
	EXPECT_EQ(own(r), 1);
	EXPECT(vmop_plist_in_interval(&node->pages, HUGE_PAGES - 1));
	sim_close(r);
}

static void dirty_zeros_of_a_huge_root(void)
{
	unsigned long nr_pages;
	pgoff_t missing;

	family(true, 0);
	down_write(&fam->tree->lock);
	OK(vmop_cow_resize(fam->root, HUGE_PAGES << PAGE_SHIFT, &missing));
	EXPECT_EQ(vmop_cow_clean_end(fam->root, 1, HUGE_PAGES - 1),
		  HUGE_PAGES - 1);
	OK(vmop_cow_count_zeros(fam->root, 1, HUGE_PAGES - 1, &nr_pages));
	EXPECT_EQ(nr_pages, HUGE_PAGES - 2);
	OK(vmop_cow_resize(fam->root, 0, &missing));
	up_write(&fam->tree->lock);
}

static void detach_of_a_huge_root(void)
{
	family(true, 0);
	down_write(&fam->tree->lock);
	set_pages(fam->root, HUGE_PAGES);
	OK(vmop_cow_supply(fam->root, HUGE_PAGES - 1, NULL));
	vmop_cow_drop_clean(fam->root);
	EXPECT(vmop_plist_is_empty(&fam->root->pages));
	vmop_cow_clear(fam->root);
	up_write(&fam->tree->lock);
}

const struct unit_test cost_tests[] = {
	UNIT(close_one_of_many),
	UNIT(close_below_a_small_window),
	UNIT(zeros_of_a_huge_clone),
	UNIT(zeros_of_a_huge_original),
	UNIT(shares_below_a_small_window),
	UNIT(dirty_zeros_of_a_huge_root),
	UNIT(detach_of_a_huge_root),
	{ 0 }
};
