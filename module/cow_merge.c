// SPDX-License-Identifier: GPL-2.0
/*
 * cow_merge.c - a hidden node that is left with one child is that child. One of
 * the two takes over what the other one has, and its place: the one that has less
 * gives, so that the end of a clone costs what the clone and its siblings have
 * changed and not what their parent has.
 *
 * Each step leaves two nodes that show the same as before. So it may end anywhere
 * for lack of memory: then both stay, and nobody can tell.
 *
 * Locks: the exclusive tree lock, for all of it.
 */
#include "cow.h"

/* ---- the child inherits ---- */

/* A run of zeros becomes the heir's, where it has nothing. */
static int vmop_cow_merge_zeros(struct vmop_cow *heir, pgoff_t start,
				pgoff_t end)
{
	pgoff_t stop;
	int ret;

	for (;;) {
		start = vmop_plist_next_gap(&heir->pages, start, end);
		if (start >= end)
			return 0;
		stop = vmop_plist_next_content(&heir->pages, start, end);
		ret = vmop_plist_add_zero_interval(&heir->pages, start, stop,
						   VMOP_UNTRACKED);
		if (ret)
			return ret;
	}
}

/* One position of a hidden node becomes the heir's, where it has nothing. */
static int vmop_cow_merge_one(struct vmop_cow *heir, pgoff_t pgoff,
			      struct vmop_slot slot)
{
	if (vmop_plist_lookup(&heir->pages, pgoff).kind != VMOP_SLOT_EMPTY)
		return 0;
	if (slot.kind != VMOP_SLOT_PAGE)
		return vmop_plist_insert_marker(&heir->pages, pgoff);
	vmop_page_zero_tail(slot.page, vmop_cow_cut(heir, pgoff));
	return vmop_cow_move(slot.page, false, heir, pgoff);
}

static int vmop_cow_merge_cuts(struct vmop_cow *node, struct vmop_cow *heir)
{
	unsigned long pgoff;
	unsigned int cut;
	void *entry;
	int ret;

	xa_for_each_range(&node->cuts, pgoff, entry, heir->offset,
			  heir->offset + heir->limit - 1) {
		pgoff_t at = pgoff - heir->offset;

		heir->base_lost = true;
		cut = min_t(unsigned int, xa_to_value(entry),
			    vmop_cow_cut(heir, at));
		ret = xa_err(xa_store(&heir->cuts, at, xa_mk_value(cut),
				      VMOP_PLIST_GFP));
		if (ret)
			return ret;
	}
	return 0;
}

/* What a hidden node has in the window of its only child becomes the child's. */
static int vmop_cow_merge_content(struct vmop_cow *node, struct vmop_cow *heir)
{
	pgoff_t end = heir->offset + heir->limit;
	pgoff_t pgoff = heir->offset;
	struct vmop_interval interval;
	struct vmop_slot slot;
	int ret;

	for (;;) {
		pgoff = vmop_plist_next_content(&node->pages, pgoff, end);
		if (pgoff >= end)
			break;
		slot = vmop_plist_lookup(&node->pages, pgoff);
		if (slot.kind == VMOP_SLOT_ZERO) {
			vmop_plist_find_interval(&node->pages, pgoff,
						 &interval);
			interval.end = min(interval.end, end);
			ret = vmop_cow_merge_zeros(heir, pgoff - heir->offset,
						   interval.end - heir->offset);
			pgoff = interval.end;
		} else {
			ret = vmop_cow_merge_one(heir, pgoff - heir->offset,
						 slot);
			pgoff++;
		}
		if (ret)
			return ret;
		heir->base_lost = true;
		cond_resched();
	}
	return heir->limit ? vmop_cow_merge_cuts(node, heir) : 0;
}

/* The child takes its parent's place, which has nothing any more. */
static void vmop_cow_inherit_place(struct vmop_cow *node, struct vmop_cow *heir)
{
	struct vmop_cow *parent = node->parent;

	list_del(&heir->sibling);
	heir->parent = NULL;
	if (!parent) {
		heir->limit = 0;
		return;
	}
	vmop_cow_attach(heir, parent, heir->offset + node->offset,
			vmop_cow_window(node->limit, heir->offset,
					heir->limit));
	if (vmop_cow_is_hidden(heir))
		vmop_cow_sink(heir);
	if (parent->frozen == node)
		parent->frozen = heir;
	list_del_init(&node->sibling);
	node->parent = NULL;
}

static struct vmop_cow *vmop_cow_inherit(struct vmop_cow *node,
					 struct vmop_cow *heir)
{
	if (vmop_cow_merge_content(node, heir))
		return NULL;
	vmop_cow_inherit_place(node, heir);
	return node;
}

/* ---- the parent adopts ---- */

/* The child's page instead of what the parent has there. */
static int vmop_cow_adopt_page(struct vmop_cow *node, struct vmop_page *page)
{
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, page->pgoff);

	/* The child sees its own page: nobody sees this one. */
	if (slot.kind == VMOP_SLOT_PAGE) {
		vmop_plist_remove(&node->pages, page->pgoff);
		vmop_page_release(slot.page);
	}
	return vmop_cow_move(page, false, node, page->pgoff);
}

/* The child's zeros instead of what the parent has there. */
static int vmop_cow_adopt_zeros(struct vmop_cow *node, pgoff_t start,
				pgoff_t end)
{
	int ret;

	ret = vmop_plist_clear_range(&node->pages, start, end,
				     vmop_cow_release_slot, NULL);
	if (ret)
		return ret;
	return vmop_plist_add_zero_interval(&node->pages, start, end,
					    VMOP_UNTRACKED);
}

static int vmop_cow_adopt_content(struct vmop_cow *node, struct vmop_cow *child)
{
	struct vmop_interval interval;
	struct vmop_slot slot;
	pgoff_t pgoff = 0;
	pgoff_t stop;
	int ret;

	for (;;) {
		pgoff = vmop_plist_next_content(&child->pages, pgoff,
						child->limit);
		if (pgoff >= child->limit)
			return 0;
		slot = vmop_plist_lookup(&child->pages, pgoff);
		stop = pgoff + 1;
		if (vmop_plist_find_interval(&child->pages, pgoff, &interval))
			stop = interval.end;
		ret = slot.kind == VMOP_SLOT_PAGE ?
		      vmop_cow_adopt_page(node, slot.page) :
		      vmop_cow_adopt_zeros(node, pgoff, stop);
		if (ret)
			return ret;
		pgoff = stop;
		cond_resched();
	}
}

/* What counts of a page for the child only counts for both from now on. */
static int vmop_cow_adopt_cuts(struct vmop_cow *node, struct vmop_cow *child)
{
	struct vmop_slot slot;
	unsigned long pgoff;
	unsigned int cut;
	void *entry;
	int ret;

	xa_for_each(&child->cuts, pgoff, entry) {
		slot = vmop_plist_lookup(&child->pages, pgoff);
		if (slot.kind != VMOP_SLOT_EMPTY)
			continue;
		slot = vmop_plist_lookup(&node->pages, pgoff);
		if (slot.kind == VMOP_SLOT_PAGE)
			vmop_page_zero_tail(slot.page, xa_to_value(entry));
		cut = min_t(unsigned int, xa_to_value(entry),
			    vmop_cow_cut(node, pgoff));
		ret = xa_err(xa_store(&node->cuts, pgoff, xa_mk_value(cut),
				      VMOP_PLIST_GFP));
		if (ret)
			return ret;
	}
	return 0;
}

/* The parent takes its child's place, which has nothing any more. */
static void vmop_cow_adopt_place(struct vmop_cow *node, struct vmop_cow *child)
{
	struct vmop_cow *below;

	list_del_init(&child->sibling);
	list_for_each_entry(below, &child->children, sibling)
		below->parent = node;
	list_splice_init(&child->children, &node->children);
	if (vmop_cow_is_leaf(child)) {
		child->home->node = node;
		vmop_cow_rise(node);
	}
	child->parent = NULL;
	node->limit = min(node->limit, child->limit);
	vmop_cow_forget_cuts(node, child->limit, node->nr_pages);
	node->len = child->len;
	node->nr_pages = child->nr_pages;
	node->base_lost = true;
}

static struct vmop_cow *vmop_cow_adopt(struct vmop_cow *node,
				       struct vmop_cow *child)
{
	if (vmop_plist_clear_range(&node->pages, child->limit,
				   VMOP_PLIST_MAX_PAGES, vmop_cow_release_slot,
				   NULL) ||
	    vmop_cow_adopt_cuts(node, child) ||
	    vmop_cow_adopt_content(node, child))
		return NULL;
	vmop_cow_adopt_place(node, child);
	return child;
}

/*
 * Only with the same positions, and the same mappings when it is a leaf. And only
 * if all that the child has is where it looks to the parent: each step shows.
 */
static bool vmop_cow_can_adopt(struct vmop_cow *node, struct vmop_cow *child)
{
	if (vmop_plist_next_content(&child->pages, child->limit,
				    child->nr_pages) < child->nr_pages)
		return false;
	return !child->offset &&
	       (vmop_cow_is_hidden(child) || child->home == node->home) &&
	       atomic_long_read(&child->nr_resident) <
	       atomic_long_read(&node->nr_resident);
}

/**
 * vmop_cow_merge() - make a hidden node and its only child one
 * @node: the node
 * @dead: gets the one that is no more
 *
 * Not where the child keeps its base for a reset. (semantics: COW-21)
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_merge(struct vmop_cow *node, struct list_head *dead)
{
	struct vmop_cow *child = list_first_entry(&node->children,
						  struct vmop_cow, sibling);
	struct vmop_cow *gone;

	vmop_cow_assert_exclusive(node);
	if (vmop_cow_is_leaf(child) && child->keep_base)
		return;
	/* Neither is one that is reset: the one that stays looks no further up. */
	if (node->keep_base)
		vmop_cow_hide(node);
	if (child->keep_base)
		vmop_cow_hide(child);
	gone = vmop_cow_can_adopt(node, child) ? vmop_cow_adopt(node, child) :
						 vmop_cow_inherit(node, child);
	if (!gone)
		return;
	vmop_cow_clear(gone);
	list_add(&gone->sibling, dead);
}
