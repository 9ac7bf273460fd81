// SPDX-License-Identifier: GPL-2.0
/*
 * cow.c - nodes: what is at a position, who must supply it, and how content
 * comes and goes. It owns the life of struct vmop_cow and of the tree lock. Its
 * companions: cow_fork.c (a page of one's own), cow_size.c (where a node ends),
 * cow_tree.c (the shape of a family), cow_share.c (who sees what), cow_dirty.c
 * (clean and dirty). None of them ever waits, or knows requests, faults and user
 * memory.
 *
 * Locks: every function says which mode of the tree lock it needs.
 */
#include "cow.h"

/* Pages that one call may free before the caller gets to drop the lock. */
#define VMOP_COW_BATCH_PAGES 512

/**
 * vmop_tree_create() - allocate the lock of a new family
 *
 * Return: the tree with one reference, or NULL.
 */
struct vmop_tree *vmop_tree_create(void)
{
	struct vmop_tree *tree = kzalloc(sizeof(*tree), GFP_KERNEL_ACCOUNT);

	if (!tree)
		return NULL;
	init_rwsem(&tree->lock);
	kref_init(&tree->ref);
	return tree;
}

/**
 * vmop_tree_get() - take a reference
 * @tree: the tree
 */
void vmop_tree_get(struct vmop_tree *tree)
{
	kref_get(&tree->ref);
}

static void vmop_tree_release(struct kref *ref)
{
	struct vmop_tree *tree = container_of(ref, struct vmop_tree, ref);

	if (tree->release)
		tree->release(tree);
	vmop_map_put_zero(tree);
	kfree(tree);
}

/**
 * vmop_tree_put() - drop a reference
 * @tree: the tree
 */
void vmop_tree_put(struct vmop_tree *tree)
{
	kref_put(&tree->ref, vmop_tree_release);
}

/**
 * vmop_cow_create() - make an empty node of no size
 * @tree: its family
 * @home: the space whose mapping its pages will name
 * @is_root: the tree's source supplies its content
 *
 * Return: the node, in no shape yet and nobody's leaf; NULL without memory.
 */
struct vmop_cow *vmop_cow_create(struct vmop_tree *tree,
				 struct vmop_space *home, bool is_root)
{
	struct vmop_cow *node = kzalloc(sizeof(*node), GFP_KERNEL_ACCOUNT);

	if (!node)
		return NULL;
	vmop_tree_get(tree);
	node->tree = tree;
	node->source = is_root ? tree->source : NULL;
	vmop_space_get(home);
	node->home = home;
	INIT_LIST_HEAD(&node->children);
	xa_init_flags(&node->cuts, XA_FLAGS_ACCOUNT);
	vmop_plist_init(&node->pages);
	return node;
}

/**
 * vmop_cow_destroy() - free a node
 * @node: a node in no shape, emptied by vmop_cow_clear() if it ever had content
 *
 * Context: no lock of ours.
 */
void vmop_cow_destroy(struct vmop_cow *node)
{
	if (!node)
		return;
	vmop_plist_destroy(&node->pages);
	vmop_space_put(node->home);
	vmop_tree_put(node->tree);
	kfree(node);
}

/**
 * vmop_cow_resolve() - what is at a position
 * @node: the node
 * @pgoff: the position
 *
 * Own content first, then the parent's as far as the window goes, and so on.
 * (semantics: COW-2)
 *
 * Context: shared tree lock; the page of the answer is good while it is held.
 * Return: the answer.
 */
struct vmop_res vmop_cow_resolve(struct vmop_cow *node, pgoff_t pgoff)
{
	struct vmop_res res = { .kind = VMOP_RES_ZERO, .len = PAGE_SIZE };
	struct vmop_slot slot;

	vmop_cow_assert_held(node);
	if (pgoff >= node->nr_pages) {
		res.kind = VMOP_RES_BEYOND;
		return res;
	}
	for (;;) {
		res.owner = node;
		res.pgoff = pgoff;
		slot = vmop_plist_lookup(&node->pages, pgoff);
		if (slot.kind == VMOP_SLOT_PAGE) {
			res.kind = VMOP_RES_PAGE;
			res.page = slot.page;
			return res;
		}
		if (slot.kind != VMOP_SLOT_EMPTY)
			return res;
		if (vmop_cow_is_root(node)) {
			res.kind = VMOP_RES_ABSENT;
			return res;
		}
		if (!node->parent || pgoff >= node->limit)
			return res;
		res.len = min(res.len, vmop_cow_cut(node, pgoff));
		pgoff += node->offset;
		node = node->parent;
	}
}

/**
 * vmop_cow_zeros_stay() - are zeros a node's own, or nobody's to change?
 * @node: the node
 * @res: what vmop_cow_resolve() says of a position of it: zeros
 *
 * Context: shared tree lock.
 * Return: false when a node above, between it and where the zeros are found, may
 * be written to: who wants zeros here has to make them its own. (semantics: ZERO-2)
 */
bool vmop_cow_zeros_stay(struct vmop_cow *node, const struct vmop_res *res)
{
	vmop_cow_assert_held(node);
	while (node != res->owner) {
		node = node->parent;
		if (!vmop_cow_is_hidden(node))
			return false;
	}
	return true;
}

/* How far is what has nothing of its own alike, here and further up? */
static pgoff_t vmop_cow_bare_end(struct vmop_cow *node, pgoff_t start,
				 pgoff_t end)
{
	pgoff_t nr_pages = end - start;
	pgoff_t first = start;

	for (;;) {
		end = start + nr_pages;
		if (start < node->limit)
			end = min(end, node->limit);
		end = vmop_plist_next_content(&node->pages, start, end);
		nr_pages = end - start;
		if (!node->parent || start >= node->limit)
			return first + nr_pages;
		start += node->offset;
		node = node->parent;
	}
}

/**
 * vmop_cow_absent_end() - where the absent content that starts somewhere ends
 * @node: the node
 * @start: a position that vmop_cow_resolve() calls absent
 * @end: look no further
 *
 * Context: shared tree lock.
 * Return: the first position behind @start that has content, here or further up,
 * that lies behind the end of the node, that has no root to supply it, or that
 * is @end (semantics: REQ-6, COM-6).
 */
pgoff_t vmop_cow_absent_end(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	vmop_cow_assert_held(node);
	end = max(start, min(end, node->nr_pages));
	return vmop_cow_bare_end(node, start, end);
}

/**
 * vmop_cow_is_data() - is there something to read at a position?
 * @node: the node
 * @pgoff: the position, inside the node
 * @end: look no further
 * @next: a position behind @pgoff up to which the answer is the same
 *
 * Context: shared tree lock.
 * Return: false for zeros that take no memory; what is absent is data.
 */
bool vmop_cow_is_data(struct vmop_cow *node, pgoff_t pgoff, pgoff_t end,
		      pgoff_t *next)
{
	struct vmop_res res = vmop_cow_resolve(node, pgoff);
	struct vmop_interval interval;

	*next = pgoff + 1;
	if (res.kind == VMOP_RES_PAGE)
		return true;
	if (vmop_plist_lookup(&res.owner->pages, res.pgoff).kind ==
	    VMOP_SLOT_EMPTY)
		*next = vmop_cow_bare_end(node, pgoff, end);
	else if (res.owner == node &&
		 vmop_plist_find_interval(&node->pages, pgoff, &interval))
		*next = min(interval.end, end);
	return res.kind == VMOP_RES_ABSENT;
}

/**
 * vmop_cow_collect() - find the pages that are seen in a small range
 * @node: the node
 * @start: first page
 * @nr_pages: up to BITS_PER_LONG
 * @pages: NULL for each position that has no page
 *
 * One pass up the ancestors for all positions.
 *
 * Context: shared tree lock.
 * Return: how many pages there are.
 */
unsigned int vmop_cow_collect(struct vmop_cow *node, pgoff_t start,
			      unsigned int nr_pages, struct vmop_page **pages)
{
	unsigned long open = nr_pages == BITS_PER_LONG ? ~0UL :
							 BIT(nr_pages) - 1;
	unsigned int nr_found = 0;
	struct vmop_slot slot;
	unsigned int i;

	for (;;) {
		for_each_set_bit(i, &open, nr_pages) {
			slot = vmop_plist_lookup(&node->pages, start + i);
			if (slot.kind == VMOP_SLOT_EMPTY &&
			    start + i < node->limit &&
			    vmop_cow_cut(node, start + i) == PAGE_SIZE)
				continue;
			open &= ~BIT(i);
			if (slot.kind != VMOP_SLOT_PAGE)
				continue;
			pages[i] = slot.page;
			nr_found++;
		}
		/* Without a parent the limit is 0. */
		if (!open)
			return nr_found;
		start += node->offset;
		node = node->parent;
	}
}

/*
 * A page of which the pager decides about a part only is dirty from the start, so
 * that the pager gets told of the rest.
 */
static int vmop_cow_supply_page(struct vmop_cow *node, pgoff_t pgoff,
				struct vmop_page *page)
{
	unsigned int len = vmop_cow_cut(node, pgoff);
	enum vmop_dirty_state state = len < PAGE_SIZE ? VMOP_DIRTY : VMOP_CLEAN;
	int ret;

	ret = vmop_plist_insert_page(&node->pages, pgoff, page, state);
	if (ret)
		return ret;
	if (pgoff == node->len >> PAGE_SHIFT)
		len = min_t(unsigned int, len, node->len & ~PAGE_MASK);
	vmop_page_zero_tail(page, len);
	vmop_page_attach(page, node, pgoff);
	if (state == VMOP_CLEAN)
		vmop_reclaim_add(page);
	return 0;
}

/**
 * vmop_cow_supply() - put supplied content at a position
 * @node: a node with a source
 * @pgoff: the position, inside the node
 * @page: the page, or NULL for a zero marker
 *
 * Context: exclusive tree lock.
 * Return: 0; -EEXIST when there is content already, which stays; -ENOMEM. The
 * page stays the caller's on error. (semantics: SUP-5)
 */
int vmop_cow_supply(struct vmop_cow *node, pgoff_t pgoff,
		    struct vmop_page *page)
{
	int ret;

	vmop_cow_assert_exclusive(node);
	if (vmop_plist_next_content(&node->pages, pgoff, pgoff + 1) == pgoff)
		return -EEXIST;
	ret = page ? vmop_cow_supply_page(node, pgoff, page) :
		     vmop_plist_insert_marker(&node->pages, pgoff);
	if (ret)
		return ret;
	vmop_cow_forget_cuts(node, pgoff, pgoff + 1);
	atomic_long_inc(&node->nr_supplied);
	return 0;
}

/**
 * vmop_cow_bring() - put a copy of another family's content at a position
 * @node: a composed root
 * @pgoff: the position, absent
 * @page: the page, or NULL for zeros
 *
 * Context: exclusive tree lock.
 * Return: 0, or -ENOMEM and the page stays the caller's.
 */
int vmop_cow_bring(struct vmop_cow *node, pgoff_t pgoff, struct vmop_page *page)
{
	int ret;

	vmop_cow_assert_exclusive(node);
	if (!page)
		return vmop_plist_insert_marker(&node->pages, pgoff);
	ret = vmop_plist_insert_page(&node->pages, pgoff, page, VMOP_UNTRACKED);
	if (!ret)
		vmop_page_attach(page, node, pgoff);
	return ret;
}

/**
 * vmop_cow_release_slot() - free what has left a node's page list
 * @ctx: not used
 * @pgoff: where it was
 * @slot: what it was
 *
 * A vmop_plist_free_fn. Context: exclusive tree lock of the node.
 */
void vmop_cow_release_slot(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	if (slot.kind == VMOP_SLOT_PAGE)
		vmop_page_release(slot.page);
	cond_resched();
}

static void vmop_cow_zero_page(struct vmop_cow *node, pgoff_t pgoff,
			       struct vmop_page *page,
			       enum vmop_dirty_state state)
{
	vmop_plist_new_zeros(&node->pages, pgoff);
	vmop_page_lock(page);
	vmop_plist_replace_page_with_zero(&node->pages, pgoff, state);
	vmop_page_detach_locked(page);
	vmop_page_unlock(page);
	vmop_page_free(page);
}

static int vmop_cow_zero_gap(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			     enum vmop_dirty_state state)
{
	int ret;

	vmop_plist_new_zeros(&node->pages, start);
	ret = vmop_plist_add_zero_interval(&node->pages, start, end, state);
	if (ret)
		return ret;
	if (node->source)
		vmop_cow_forget_cuts(node, start, end);
	/* What was seen through the gap. */
	if (node->parent)
		vmop_map_zap(node, start, end - start);
	return 0;
}

/* One step of vmop_cow_zero(): the position or run at @pgoff. */
static int vmop_cow_zero_step(struct vmop_cow *node, pgoff_t pgoff, pgoff_t end,
			      pgoff_t *next)
{
	enum vmop_dirty_state state = node->source ? VMOP_DIRTY :
						     VMOP_UNTRACKED;
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);
	struct vmop_interval interval;

	*next = pgoff + 1;
	switch (slot.kind) {
	case VMOP_SLOT_PAGE:
		if (vmop_cow_must_preserve(node, pgoff))
			return vmop_cow_preserve_page(node, slot.page);
		vmop_cow_zero_page(node, pgoff, slot.page, state);
		return 0;
	case VMOP_SLOT_EMPTY:
		*next = vmop_plist_next_content(&node->pages, pgoff, end);
		*next = vmop_cow_preserve_next(node, pgoff, *next);
		if (*next == pgoff)
			return -ENODATA;
		return vmop_cow_zero_gap(node, pgoff, *next, state);
	case VMOP_SLOT_ZERO:
		vmop_plist_find_interval(&node->pages, pgoff, &interval);
		*next = min(interval.end, end);
		return 0;
	default:
		return 0;
	}
}

/**
 * vmop_cow_zero() - make whole pages zero, without asking anybody
 * @node: the node
 * @start: first position
 * @end: end of the range, inside the node
 * @done: where it stopped; @end, unless there is so much to free that the
 *        caller should let others have the lock and call again
 *
 * Pages and gaps become a zero interval, markers and intervals stay. With a
 * source the interval is dirty. Where nobody is behind a gap, the pages go.
 * (semantics: ZERO-3, ZERO-4, ZERO-8)
 *
 * Context: exclusive tree lock.
 * Return: 0; -ENOMEM; -ENODATA: a snapshot sees what is absent at @done, so that
 * has to be supplied first. Everything before @done is zero.
 */
int vmop_cow_zero(struct vmop_cow *node, pgoff_t start, pgoff_t end,
		  pgoff_t *done)
{
	pgoff_t stop = node->source ? end : min(end, node->limit);
	pgoff_t pgoff, next;
	unsigned int budget = VMOP_COW_BATCH_PAGES;
	int ret = 0;

	vmop_cow_assert_exclusive(node);
	for (pgoff = start; pgoff < stop && budget--; pgoff = next) {
		ret = vmop_cow_zero_step(node, pgoff, stop, &next);
		if (ret)
			break;
	}
	if (pgoff > start) {
		vmop_cow_outdate(node, start, pgoff);
		vmop_cow_unsee(node, start, pgoff);
	}
	if (!ret && pgoff >= stop) {
		ret = vmop_plist_clear_range(&node->pages, pgoff, end,
					     vmop_cow_release_slot, NULL);
		if (!ret)
			pgoff = end;
	}
	*done = pgoff;
	return ret;
}

static void vmop_cow_drop_if_clean(struct vmop_cow *node,
				   struct vmop_page *page)
{
	bool clean;

	vmop_page_lock(page);
	/* A hardware dirty bit becomes known when the page is unmapped. */
	if (vmop_page_is_mapped(page))
		vmop_map_zap_page(page);
	clean = vmop_plist_remove_clean(&node->pages, page->pgoff, page);
	if (clean)
		vmop_page_detach_locked(page);
	vmop_page_unlock(page);
	if (clean)
		vmop_page_free(page);
}

/**
 * vmop_cow_drop_clean() - drop what the pager could supply again
 * @node: a node with a source
 *
 * Clean pages and markers go; what is dirty stays. (semantics: DET-1)
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_drop_clean(struct vmop_cow *node)
{
	pgoff_t end = node->nr_pages;
	struct vmop_interval interval;
	struct vmop_slot slot;
	pgoff_t pgoff = 0;

	vmop_cow_assert_exclusive(node);
	for (;;) {
		pgoff = vmop_plist_next_content(&node->pages, pgoff, end);
		if (pgoff >= end)
			break;
		slot = vmop_plist_lookup(&node->pages, pgoff);
		if (slot.kind == VMOP_SLOT_ZERO) {
			vmop_plist_find_interval(&node->pages, pgoff,
						 &interval);
			pgoff = interval.end;
			continue;
		}
		if (slot.kind == VMOP_SLOT_MARKER)
			vmop_plist_remove(&node->pages, pgoff);
		else if (slot.kind == VMOP_SLOT_PAGE)
			vmop_cow_drop_if_clean(node, slot.page);
		pgoff++;
		cond_resched();
	}
}

/**
 * vmop_cow_clear() - drop everything: the end of a node
 * @node: the node
 *
 * Context: exclusive tree lock; nobody can reach the node but reclaim.
 */
void vmop_cow_clear(struct vmop_cow *node)
{
	vmop_cow_assert_exclusive(node);
	vmop_plist_clear_all(&node->pages, vmop_cow_release_slot, NULL);
	xa_destroy(&node->cuts);
	node->len = 0;
	node->nr_pages = 0;
}
