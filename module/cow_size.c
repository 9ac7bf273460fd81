// SPDX-License-Identifier: GPL-2.0
/*
 * cow_size.c - where a node ends: its size to the byte, what becomes of content
 * behind a new end, and the positions that a node has ended in.
 *
 * Locks: every function says which mode of the tree lock it needs.
 */
#include "cow.h"

/**
 * vmop_cow_cut() - how much of an absent page counts
 * @node: the node
 * @pgoff: a position without content of its own
 *
 * Context: shared tree lock.
 * Return: bytes that are what the pager, or the parent, says; the rest is zero.
 */
unsigned int vmop_cow_cut(struct vmop_cow *node, pgoff_t pgoff)
{
	void *entry = xa_load(&node->cuts, pgoff);

	return entry ? xa_to_value(entry) : PAGE_SIZE;
}

/**
 * vmop_cow_forget_cuts() - positions have other content now, or are no more
 * @node: the node
 * @start: first page
 * @end: page behind the last one
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_forget_cuts(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	unsigned long pgoff;
	void *entry;

	if (start >= end)
		return;
	xa_for_each_range(&node->cuts, pgoff, entry, start, end - 1)
		xa_erase(&node->cuts, pgoff);
}

/*
 * The bytes from @off on of page @pgoff must read as zeros from now on, though
 * the VMO does not end there for ever, or does not end there any more. A page
 * that is there is zeroed, which is a change like any other: also while it is
 * being written, the pager has to learn of it. Of one that is absent here the
 * cut is remembered, for which there is room (see vmop_cow_resize()).
 */
static void vmop_cow_zero_tail(struct vmop_cow *node, pgoff_t pgoff,
			       unsigned int off)
{
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);
	bool empty = slot.kind == VMOP_SLOT_EMPTY;

	if (slot.kind == VMOP_SLOT_PAGE) {
		vmop_page_lock(slot.page);
		vmop_cow_dirty(node, slot.page);
		vmop_page_zero_tail(slot.page, off);
		vmop_page_unlock(slot.page);
	}
	/* A clone may see its parent again, after a reset. */
	if (pgoff < node->limit || (empty && node->source)) {
		off = min(off, vmop_cow_cut(node, pgoff));
		xa_store(&node->cuts, pgoff, xa_mk_value(off), 0);
	}
	/* Who maps the parent's page would see its end. */
	if (empty && pgoff < node->limit)
		vmop_map_zap(node, pgoff, 1);
}

static int vmop_cow_shrink(struct vmop_cow *node, pgoff_t nr_pages,
			   pgoff_t *missing)
{
	pgoff_t limit = node->limit;
	int ret;

	ret = vmop_cow_preserve_range(node, nr_pages, missing);
	if (ret)
		return ret;
	ret = vmop_plist_clear_range(&node->pages, nr_pages, node->nr_pages,
				     vmop_cow_release_slot, NULL);
	if (ret)
		return ret;
	vmop_cow_forget_cuts(node, nr_pages, node->nr_pages);
	/* What was seen through us, from above and from below. */
	if (limit > nr_pages) {
		vmop_map_zap(node, nr_pages, node->nr_pages - nr_pages);
		node->limit = nr_pages;
		vmop_cow_unsee(node, nr_pages, limit);
	}
	vmop_cow_clamp_children(node, nr_pages);
	return 0;
}

/*
 * New space is zero. With a source it is a dirty zero interval, so that the
 * pager gets told and is never asked.
 */
static int vmop_cow_grow(struct vmop_cow *node, pgoff_t nr_pages)
{
	if (!node->source || nr_pages == node->nr_pages)
		return 0;
	vmop_plist_new_zeros(&node->pages, node->nr_pages);
	return vmop_plist_add_zero_interval(&node->pages, node->nr_pages,
					    nr_pages, VMOP_DIRTY);
}

/* May the end of a page become zeros, as far as snapshots are concerned? */
static int vmop_cow_check_tail(struct vmop_cow *node, pgoff_t pgoff,
			       pgoff_t *missing)
{
	struct vmop_slot slot;

	if (!vmop_cow_must_preserve(node, pgoff))
		return 0;
	slot = vmop_plist_lookup(&node->pages, pgoff);
	*missing = pgoff;
	if (slot.kind == VMOP_SLOT_EMPTY)
		return -EBUSY;
	return slot.kind == VMOP_SLOT_PAGE ? -EAGAIN : 0;
}

static int vmop_cow_move_end(struct vmop_cow *node, pgoff_t nr_pages,
			     pgoff_t *missing)
{
	if (nr_pages < node->nr_pages)
		return vmop_cow_shrink(node, nr_pages, missing);
	return vmop_cow_grow(node, nr_pages);
}

/**
 * vmop_cow_resize() - give a node another size
 * @node: a leaf
 * @len: new size in bytes
 * @missing: for -EAGAIN and -EBUSY, the position that is in the way
 *
 * What is cut off is gone for good; what is added reads as zeros. Children see
 * zeros behind the new end for ever, but for snapshots that are kept from
 * noticing. Requests behind the new end are the caller's. (semantics: RSZ-3 to
 * RSZ-5, COW-19, COW-20; design.md section 4 for the bytes behind the end)
 *
 * Context: exclusive tree lock.
 * Return: 0; or with nothing changed: -ENOMEM; -EAGAIN when a snapshot needs a
 * copy of a page first, see vmop_cow_give_page(); -EBUSY when a snapshot sees a
 * page that is absent.
 */
int vmop_cow_resize(struct vmop_cow *node, u64 len, pgoff_t *missing)
{
	pgoff_t nr_pages = vmop_pages_up(len);
	u64 tail = min(len, node->len);
	pgoff_t pgoff = tail >> PAGE_SHIFT;
	bool shrinks = len < node->len;
	bool cut = len != node->len && (tail & ~PAGE_MASK);
	int ret;

	vmop_cow_assert_exclusive(node);
	/* Behind the old end a snapshot reads zeros as it is. */
	if (cut && shrinks) {
		ret = vmop_cow_check_tail(node, pgoff, missing);
		if (ret)
			return ret;
	}
	if (cut) {
		ret = xa_reserve(&node->cuts, pgoff, VMOP_PLIST_GFP);
		if (ret)
			return ret;
	}
	ret = vmop_cow_move_end(node, nr_pages, missing);
	if (!ret && cut) {
		if (shrinks)
			vmop_cow_outdate(node, pgoff, pgoff + 1);
		vmop_cow_zero_tail(node, pgoff, tail & ~PAGE_MASK);
	}
	if (cut)
		xa_release(&node->cuts, pgoff);
	if (ret)
		return ret;
	node->len = len;
	node->nr_pages = nr_pages;
	return 0;
}
