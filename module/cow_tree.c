// SPDX-License-Identifier: GPL-2.0
/*
 * cow_tree.c - the shape of a family: how a clone is hung into it, and what
 * becomes of nodes when their VMOs are closed. It and cow_merge.c alone write
 * parent, children, sibling and frozen of struct vmop_cow. No walk recurses: a
 * family may be thousands of nodes deep.
 *
 * Three ways to hang a clone in (Documentation/cow.rst):
 *
 * - under a node that stays as it is, a leaf or a root, whose changes the clone
 *   sees (vmop_cow_clone());
 * - with a leaf that becomes hidden, and is seen from then on by a new leaf that
 *   takes its place and by the clone (vmop_cow_snapshot());
 * - under a root that hands what it changes to its snapshots first
 *   (vmop_cow_freeze()).
 *
 * Locks: every function says which mode of the tree lock it needs.
 */
#include "cow.h"

/**
 * vmop_cow_next_below() - walk over all nodes under a node, parents first
 * @top: where the walk began
 * @node: the node that it has reached; @top in the beginning
 * @descend: go on with the children of @node, else leave them out
 * @offset: position in @top of page 0 of the node; 0 in the beginning
 *
 * Context: shared tree lock.
 * Return: the next node, or NULL.
 */
struct vmop_cow *vmop_cow_next_below(struct vmop_cow *top,
				     struct vmop_cow *node, bool descend,
				     pgoff_t *offset)
{
	struct vmop_cow *next;

	vmop_cow_assert_held(top);
	if (descend && !list_empty(&node->children)) {
		next = list_first_entry(&node->children, struct vmop_cow,
					sibling);
		*offset += next->offset;
		return next;
	}
	for (; node != top; node = node->parent) {
		*offset -= node->offset;
		if (!list_is_last(&node->sibling, &node->parent->children)) {
			next = list_next_entry(node, sibling);
			*offset += next->offset;
			return next;
		}
	}
	return NULL;
}

/**
 * vmop_cow_attach() - hang a node under another one
 * @node: a node without a parent
 * @parent: the other one
 * @offset: where in @parent the node starts
 * @limit: pages of it that look to @parent
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_attach(struct vmop_cow *node, struct vmop_cow *parent,
		     pgoff_t offset, pgoff_t limit)
{
	node->parent = parent;
	node->offset = offset;
	node->limit = limit;
	list_add(&node->sibling, &parent->children);
}

/**
 * vmop_cow_sink() - put a node behind its siblings
 * @node: a node that is hidden
 *
 * Who looks for somebody that sees a page meets the leaves first, and seldom goes
 * down what may be a line of a thousand hidden nodes.
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_sink(struct vmop_cow *node)
{
	if (node->parent)
		list_move_tail(&node->sibling, &node->parent->children);
}

/**
 * vmop_cow_rise() - put a node before its siblings
 * @node: a node that is a leaf again
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_rise(struct vmop_cow *node)
{
	if (node->parent)
		list_move(&node->sibling, &node->parent->children);
}

/* Has a node nothing to say about a range? */
static bool vmop_cow_is_bare(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	unsigned long pgoff = start;

	return vmop_plist_next_content(&node->pages, start, end) >= end &&
	       !xa_find(&node->cuts, &pgoff, end - 1, XA_PRESENT);
}

/**
 * vmop_cow_clone() - hang a clone under a node that stays as it is
 * @node: the node
 * @child: a new node
 * @offset: where in @node the child starts
 * @nr_pages: size of the child
 *
 * It is hung on the highest ancestor that shows the same now, so that chains do
 * not grow by nodes that have nothing to say. A snapshot's leaf is not passed
 * by: it is what keeps the root's changes away. (semantics: COW-13, COW-14)
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_clone(struct vmop_cow *node, struct vmop_cow *child,
		    pgoff_t offset, pgoff_t nr_pages)
{
	pgoff_t limit = vmop_cow_window(node->nr_pages, offset, nr_pages);

	vmop_cow_assert_exclusive(node);
	while (limit && node->parent && node->parent->frozen != node &&
	       vmop_cow_is_bare(node, offset, offset + limit)) {
		limit = vmop_cow_window(node->limit, offset, limit);
		offset += node->offset;
		node = node->parent;
	}
	/* Zeros for ever, with nobody to look to. */
	if (limit)
		vmop_cow_attach(child, node, offset, limit);
	child->len = (u64)nr_pages << PAGE_SHIFT;
	child->nr_pages = nr_pages;
}

/* Does it take no hidden node to keep what @node shows in a range? */
static bool vmop_cow_is_kept(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	if (start >= end)
		return true;
	if (!vmop_cow_is_bare(node, start, end))
		return false;
	return !node->parent || node->parent->frozen != node;
}

/**
 * vmop_cow_snapshot() - keep what a leaf shows now for it and for a clone
 * @node: the leaf, without children
 * @left: a new node with the same home, to take the leaf's place
 * @child: a new node
 * @offset: where in @node the child starts
 * @nr_pages: size of the child
 *
 * @node becomes hidden, with the two below. No page is touched. If the leaf has
 * nothing of its own to keep, the child is hung where it looks itself.
 * (semantics: COW-15)
 *
 * Context: exclusive tree lock. The caller takes away what @left might be written
 * through.
 * Return: whether @left was used.
 */
bool vmop_cow_snapshot(struct vmop_cow *node, struct vmop_cow *left,
		       struct vmop_cow *child, pgoff_t offset,
		       pgoff_t nr_pages)
{
	pgoff_t limit = vmop_cow_window(node->nr_pages, offset, nr_pages);

	vmop_cow_assert_exclusive(node);
	child->len = (u64)nr_pages << PAGE_SHIFT;
	child->nr_pages = nr_pages;
	if (vmop_cow_is_kept(node, offset, offset + limit)) {
		/* With nobody further up it is zeros for ever. */
		if (node->parent)
			vmop_cow_clone(node, child, offset, nr_pages);
		return false;
	}
	vmop_cow_attach(left, node, 0, node->nr_pages);
	left->len = node->len;
	left->nr_pages = node->nr_pages;
	/* What it has changed so far is not to be told from its base now. */
	left->base_lost = true;
	node->home->node = left;
	vmop_cow_sink(node);
	vmop_cow_attach(child, node, offset, limit);
	return true;
}

/* Is the last snapshot still as good as a new one, for a range? */
static bool vmop_cow_still_frozen(struct vmop_cow *frozen, pgoff_t start,
				  pgoff_t end)
{
	return vmop_cow_is_hidden(frozen) &&
	       vmop_plist_is_empty(&frozen->pages) &&
	       xa_empty(&frozen->cuts) && frozen->offset <= start &&
	       end - frozen->offset <= frozen->limit;
}

/**
 * vmop_cow_freeze() - hang a snapshot under a root that goes on changing
 * @root: a root
 * @hidden: a new node with the root's home
 * @child: a new node
 * @offset: where in @root the child starts
 * @nr_pages: size of the child
 *
 * From now on what the root is about to change goes to @root->frozen first. There
 * is one such node: an older snapshot is hung under the new one, where it sees
 * what has not changed in between.
 *
 * Context: exclusive tree lock. The caller takes away what @root might be written
 * through.
 * Return: whether @hidden was used.
 */
bool vmop_cow_freeze(struct vmop_cow *root, struct vmop_cow *hidden,
		     struct vmop_cow *child, pgoff_t offset, pgoff_t nr_pages)
{
	pgoff_t limit = vmop_cow_window(root->nr_pages, offset, nr_pages);
	struct vmop_cow *frozen = root->frozen;

	vmop_cow_assert_exclusive(root);
	child->len = (u64)nr_pages << PAGE_SHIFT;
	child->nr_pages = nr_pages;
	if (!limit)
		return false;
	if (!frozen && !child->keep_base) {
		vmop_cow_attach(child, root, offset, limit);
		root->frozen = child;
		return false;
	}
	if (frozen && vmop_cow_still_frozen(frozen, offset, offset + limit)) {
		vmop_cow_attach(child, frozen, offset - frozen->offset, limit);
		return false;
	}
	vmop_cow_attach(hidden, root, 0, root->nr_pages);
	hidden->len = root->len;
	hidden->nr_pages = root->nr_pages;
	vmop_cow_sink(hidden);
	if (frozen) {
		list_del(&frozen->sibling);
		vmop_cow_attach(frozen, hidden, frozen->offset, frozen->limit);
	}
	/* In front of it. */
	vmop_cow_attach(child, hidden, offset, limit);
	root->frozen = hidden;
	return true;
}

/**
 * vmop_cow_clamp_children() - children see nothing behind a new end
 * @node: the node
 * @nr_pages: its new size
 *
 * For ever, whatever comes there later. (semantics: COW-19)
 *
 * Context: exclusive tree lock; their mappings are gone already.
 */
void vmop_cow_clamp_children(struct vmop_cow *node, pgoff_t nr_pages)
{
	struct vmop_cow *child;

	vmop_cow_assert_exclusive(node);
	list_for_each_entry(child, &node->children, sibling)
		child->limit = vmop_cow_window(nr_pages, child->offset,
					       child->limit);
}

/* Take a node out of its family; it still knows its parent. */
static void vmop_cow_unlink(struct vmop_cow *node)
{
	struct vmop_cow *parent = node->parent;

	if (!parent)
		return;
	list_del_init(&node->sibling);
	if (parent->frozen == node)
		parent->frozen = NULL;
}

/* The end of a node that nobody sees through. */
static void vmop_cow_bury(struct vmop_cow *node, struct list_head *dead)
{
	vmop_cow_unlink(node);
	vmop_cow_unsee(node, 0, node->limit);
	node->parent = NULL;
	vmop_cow_clear(node);
	list_add(&node->sibling, dead);
}

/**
 * vmop_cow_close() - a leaf has lost its last VMO
 * @node: the node; its home names another leaf or none
 * @dead: gets the nodes that are no more, linked by @sibling, for
 *        vmop_cow_destroy() without the lock
 *
 * The node goes, unless others see through it. Ancestors that stayed for it only
 * go, too, and one that is left with a single child becomes that child. What
 * nobody sees any more is freed. (semantics: COW-18, COW-21 to COW-23)
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_close(struct vmop_cow *node, struct list_head *dead)
{
	struct vmop_cow *parent;

	vmop_cow_assert_exclusive(node);
	if (!list_empty(&node->children) && vmop_cow_is_hidden(node)) {
		vmop_cow_sink(node);
		vmop_cow_hide(node);
	}
	while (node && !vmop_cow_is_leaf(node) && list_empty(&node->children)) {
		parent = node->parent;
		vmop_cow_bury(node, dead);
		node = parent;
	}
	/* Its parent was not merged with it as long as it might be reset. */
	if (node && vmop_cow_is_hidden(node) &&
	    !list_is_singular(&node->children))
		node = node->parent;
	while (node && vmop_cow_is_hidden(node) &&
	       list_is_singular(&node->children)) {
		parent = node->parent;
		vmop_cow_merge(node, dead);
		node = parent;
	}
}

/**
 * vmop_cow_reset() - a clone sees its parent again
 * @node: a leaf
 * @nr_dropped: pages of its own that it had
 *
 * Context: exclusive tree lock.
 * Return: 0, or -EOPNOTSUPP when what it saw at first is not there any more.
 */
int vmop_cow_reset(struct vmop_cow *node, unsigned long *nr_dropped)
{
	vmop_cow_assert_exclusive(node);
	*nr_dropped = 0;
	if (node->base_lost)
		return -EOPNOTSUPP;
	*nr_dropped = atomic_long_read(&node->nr_resident);
	/* Zeros are mapped as well. */
	vmop_map_zap_zero(node, 0, node->nr_pages);
	vmop_plist_clear_all(&node->pages, vmop_cow_release_slot, NULL);
	return 0;
}
