// SPDX-License-Identifier: GPL-2.0
/*
 * cow_share.c - who sees what is in a hidden node, and what becomes of content
 * that nobody sees any more.
 *
 * A leaf sees a position of an ancestor when it, and every node in between, has
 * nothing of its own there and the position inside its window. This is looked up
 * when it matters and stored nowhere. Looking ends at the first leaf that is
 * found; children are kept leaves before hidden nodes, and newest first, as the
 * newest is the one most likely to have changed nothing yet.
 *
 * Locks: every function says which mode of the tree lock it needs.
 */
#include "cow.h"

/* Siblings that are looked at in the search for one that has changed little. */
#define VMOP_SHARE_TRIES 8

/* Does @node look to its parent for @pgoff? @below: those under it may. */
static bool vmop_cow_looks_up(struct vmop_cow *node, pgoff_t pgoff, bool *below)
{
	*below = false;
	if (pgoff >= node->limit)
		return false;
	if (vmop_cow_is_leaf(node) && node->keep_base)
		return true;
	if (vmop_plist_lookup(&node->pages, pgoff).kind != VMOP_SLOT_EMPTY)
		return false;
	*below = true;
	return vmop_cow_is_leaf(node);
}

/**
 * vmop_cow_is_seen() - does anybody see a position of a node from below?
 * @node: the node
 * @pgoff: the position
 * @but: a leaf that does not count, or NULL
 *
 * Context: shared tree lock.
 * Return: whether there is a leaf under @node that sees it, or that keeps what it
 * saw at first.
 */
bool vmop_cow_is_seen(struct vmop_cow *node, pgoff_t pgoff,
		      const struct vmop_cow *but)
{
	struct vmop_cow *below = node;
	bool descend = true;
	pgoff_t offset = 0;

	while ((below = vmop_cow_next_below(node, below, descend, &offset))) {
		/* In front of its window is behind it: the difference wraps. */
		if (vmop_cow_looks_up(below, pgoff - offset, &descend) &&
		    below != but)
			return true;
		/* Those below it see what it is about to get. */
		if (below == but)
			descend = false;
	}
	return false;
}

/**
 * vmop_cow_lose_base() - something is gone that those under a node have seen
 * @node: the node
 *
 * So a reset would not show it to who has changed it since.
 *
 * Context: shared tree lock; what is set here is never taken back.
 */
void vmop_cow_lose_base(struct vmop_cow *node)
{
	struct vmop_cow *below = node;
	pgoff_t offset = 0;

	while ((below = vmop_cow_next_below(node, below, true, &offset)))
		if (!below->keep_base)
			WRITE_ONCE(below->base_lost, true);
}

/* Free the page at a position of a hidden node, if nobody sees it. */
static bool vmop_cow_drop_page(struct vmop_cow *node, pgoff_t pgoff)
{
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);

	if (slot.kind != VMOP_SLOT_PAGE || vmop_cow_is_seen(node, pgoff, NULL))
		return false;
	vmop_plist_remove(&node->pages, pgoff);
	vmop_page_release(slot.page);
	return true;
}

/*
 * A child that sees all of a range but where it has content of its own, and that
 * has little of that; NULL for none.
 */
static struct vmop_cow *vmop_cow_best_viewer(struct vmop_cow *node,
					     pgoff_t start, pgoff_t end)
{
	unsigned int tries = VMOP_SHARE_TRIES;
	struct vmop_cow *best = NULL;
	struct vmop_cow *child;

	list_for_each_entry(child, &node->children, sibling) {
		if (!tries--)
			break;
		if (!vmop_cow_is_leaf(child) || child->offset > start ||
		    end - child->offset > child->limit)
			continue;
		if (!best || atomic_long_read(&child->nr_resident) <
			     atomic_long_read(&best->nr_resident))
			best = child;
	}
	return best;
}

/* Free what nobody sees in a range of a hidden node. */
static bool vmop_cow_drop_range(struct vmop_cow *node, pgoff_t start,
				pgoff_t end)
{
	bool dropped = false;

	for (; vmop_plist_next_page(&node->pages, &start, end); start++) {
		dropped |= vmop_cow_drop_page(node, start);
		cond_resched();
	}
	return dropped;
}

/* The same with a child that sees all but where it has content of its own. */
static bool vmop_cow_drop_beside(struct vmop_cow *node,
				 struct vmop_cow *viewer, pgoff_t start,
				 pgoff_t end)
{
	pgoff_t offset = viewer->offset;
	struct vmop_interval interval;
	bool dropped = false;
	pgoff_t pgoff, stop;

	for (pgoff = start - offset; ; pgoff = stop) {
		pgoff = vmop_plist_next_content(&viewer->pages, pgoff,
						end - offset);
		if (pgoff >= end - offset)
			return dropped;
		stop = pgoff + 1;
		if (vmop_plist_find_interval(&viewer->pages, pgoff, &interval))
			stop = min(interval.end, end - offset);
		dropped |= vmop_cow_drop_range(node, pgoff + offset,
					       stop + offset);
	}
}

/*
 * Free what nobody sees in a range of a hidden node. With a good viewer only its
 * own content is looked through, not the node's: closing one of many clones of a
 * large VMO is quick.
 */
static void vmop_cow_drop_unseen(struct vmop_cow *node, pgoff_t start,
				 pgoff_t end)
{
	struct vmop_cow *viewer = vmop_cow_best_viewer(node, start, end);
	bool dropped;

	if (viewer && viewer->keep_base)
		return;
	dropped = viewer ? vmop_cow_drop_beside(node, viewer, start, end) :
			   vmop_cow_drop_range(node, start, end);
	if (dropped)
		vmop_cow_lose_base(node);
}

/**
 * vmop_cow_unsee() - free what a node was the last to see
 * @node: the node; it does not look to its parent for the range any more, or it
 *        is no more among its parent's children
 * @start: first page
 * @end: page behind the last one; not behind where @node's window ended
 *
 * Pages of all hidden nodes above, as far as @node's window goes. Zeros there
 * take no memory and stay until the node goes. (semantics: COW-18)
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_unsee(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	struct vmop_cow *up;

	vmop_cow_assert_exclusive(node);
	for (up = node->parent; up && vmop_cow_is_hidden(up);
	     node = up, up = up->parent) {
		if (start >= end)
			return;
		start += node->offset;
		end += node->offset;
		vmop_cow_drop_unseen(up, start, end);
		end = min(end, up->limit);
	}
}

/**
 * vmop_cow_hide() - a hidden node shows nobody what it looks at any more
 * @node: the node, with a child or more
 *
 * It has lost its VMOs, or its VMO has a leaf below it and resets that. What it
 * alone has seen goes, in it and above, and what was kept for a reset of it.
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_hide(struct vmop_cow *node)
{
	node->keep_base = false;
	if (node->nr_pages)
		vmop_cow_drop_unseen(node, 0, node->nr_pages);
	vmop_cow_unsee(node, 0, node->limit);
}
