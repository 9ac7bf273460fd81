// SPDX-License-Identifier: GPL-2.0
/*
 * cow.c - nodes: what is at a position, who must supply it, and every change of
 * that but clean and dirty, which is cow_dirty.c's. It owns struct vmop_cow and
 * the tree lock's life. It never waits, and knows no requests, no faults and no
 * user memory.
 *
 * Locks: every function says which mode of the tree lock it needs.
 */
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "cow.h"
#include "map.h"
#include "page.h"
#include "reclaim.h"

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
	kfree(container_of(ref, struct vmop_tree, ref));
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
 * vmop_cow_init() - make an empty node of no size
 * @node: memory of the node
 * @tree: its family; the node takes over the caller's reference
 * @source: who supplies its content, or NULL
 * @mapping: where its user mappings are found
 */
void vmop_cow_init(struct vmop_cow *node, struct vmop_tree *tree,
		   struct vmop_source *source, struct address_space *mapping)
{
	node->tree = tree;
	node->source = source;
	node->mapping = mapping;
	node->len = 0;
	node->nr_pages = 0;
	node->clamp_pgoff = VMOP_NO_CLAMP;
	node->clamp_len = 0;
	vmop_plist_init(&node->pages);
	atomic_long_set(&node->nr_resident, 0);
	atomic_long_set(&node->nr_supplied, 0);
	atomic_long_set(&node->nr_evicted, 0);
	atomic_long_set(&node->nr_cleaned, 0);
	node->trap_dirty = false;
	node->dirty_limit = 0;
	node->modified = false;
}

/**
 * vmop_cow_exit() - end a node that vmop_cow_clear() has emptied
 * @node: the node
 */
void vmop_cow_exit(struct vmop_cow *node)
{
	vmop_plist_destroy(&node->pages);
	vmop_tree_put(node->tree);
	node->tree = NULL;
}

/**
 * vmop_cow_resolve() - what is at a position
 * @node: the node
 * @pgoff: the position
 *
 * Context: shared tree lock; the page of the answer is good while it is held.
 * Return: the answer (semantics: COW-2 for a node without parent).
 */
struct vmop_res vmop_cow_resolve(struct vmop_cow *node, pgoff_t pgoff)
{
	struct vmop_slot slot;

	vmop_cow_assert_held(node);
	if (pgoff >= node->nr_pages)
		return (struct vmop_res){ .kind = VMOP_RES_BEYOND };
	slot = vmop_plist_lookup(&node->pages, pgoff);
	switch (slot.kind) {
	case VMOP_SLOT_PAGE:
		return (struct vmop_res){ VMOP_RES_PAGE, slot.page };
	case VMOP_SLOT_EMPTY:
		if (node->source)
			return (struct vmop_res){ .kind = VMOP_RES_ABSENT };
		fallthrough;
	default:
		return (struct vmop_res){ .kind = VMOP_RES_ZERO };
	}
}

/**
 * vmop_cow_absent_end() - where the absent content that starts somewhere ends
 * @node: the node; it has a source
 * @start: a position that vmop_cow_resolve() calls absent
 * @end: look no further
 *
 * Context: shared tree lock.
 * Return: the first position behind @start that has content, lies behind the
 * end of the node, or is @end (semantics: REQ-6).
 */
pgoff_t vmop_cow_absent_end(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	vmop_cow_assert_held(node);
	return vmop_plist_next_content(&node->pages, start,
				       min(end, node->nr_pages));
}

/* Bytes of a new page that its pager decides about; the rest is zero. */
static unsigned int vmop_cow_clamp(struct vmop_cow *node, pgoff_t pgoff)
{
	unsigned int len = PAGE_SIZE;

	if (pgoff == node->len >> PAGE_SHIFT)
		len = node->len & ~PAGE_MASK;
	if (pgoff == node->clamp_pgoff)
		len = min(len, node->clamp_len);
	return len;
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
	if (!page) {
		ret = vmop_plist_insert_marker(&node->pages, pgoff);
	} else {
		ret = vmop_plist_insert_page(&node->pages, pgoff, page,
					     VMOP_CLEAN);
		if (!ret) {
			vmop_page_zero_tail(page, vmop_cow_clamp(node, pgoff));
			vmop_page_attach(page, node, pgoff);
			vmop_reclaim_add(page);
		}
	}
	if (!ret)
		atomic_long_inc(&node->nr_supplied);
	return ret;
}

/**
 * vmop_cow_fill() - turn zero content into a page of zeros
 * @node: the node
 * @pgoff: the position
 * @page: a page of zeros
 * @write: because it will be written; else because memory is wanted there
 *
 * The page is dirty when it will be written, and when it comes from a zero
 * interval, which is dirty itself. (semantics: B.0, DT-12, COM-2)
 *
 * Context: exclusive tree lock.
 * Return: 0; -EEXIST when the position has no zero content any more, or when it
 * must not become dirty without the pager's leave; -ENOMEM. The page stays the
 * caller's on error.
 */
int vmop_cow_fill(struct vmop_cow *node, pgoff_t pgoff, struct vmop_page *page,
		  bool write)
{
	enum vmop_dirty_state state = VMOP_UNTRACKED;
	int ret;

	vmop_cow_assert_exclusive(node);
	if (vmop_cow_resolve(node, pgoff).kind != VMOP_RES_ZERO)
		return -EEXIST;
	if (vmop_cow_tracks_dirt(node)) {
		struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);

		state = VMOP_DIRTY;
		if (!write && slot.kind == VMOP_SLOT_MARKER)
			state = VMOP_CLEAN;
	}
	if (state == VMOP_DIRTY && node->trap_dirty)
		return -EEXIST;
	ret = vmop_plist_insert_page(&node->pages, pgoff, page, state);
	if (ret)
		return ret;
	vmop_page_attach(page, node, pgoff);
	if (state == VMOP_CLEAN)
		vmop_reclaim_add(page);
	/* A dirty page is the truth about its bytes; see vmop_cow_dirty(). */
	if (state == VMOP_DIRTY && READ_ONCE(node->clamp_pgoff) == pgoff)
		WRITE_ONCE(node->clamp_pgoff, VMOP_NO_CLAMP);
	vmop_map_zap_zero(node, pgoff, 1);
	return 0;
}

static void vmop_cow_release_slot(void *ctx, pgoff_t pgoff,
				  struct vmop_slot slot)
{
	if (slot.kind == VMOP_SLOT_PAGE)
		vmop_page_release(slot.page);
	cond_resched();
}

/* One step of vmop_cow_zero(): the position or run at @pgoff. */
static int vmop_cow_zero_step(struct vmop_cow *node, pgoff_t pgoff, pgoff_t end,
			      pgoff_t *next)
{
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);
	struct vmop_interval interval;
	struct vmop_page *page;

	*next = pgoff + 1;
	switch (slot.kind) {
	case VMOP_SLOT_PAGE:
		page = slot.page;
		folio_lock(page->folio);
		vmop_plist_replace_page_with_zero(&node->pages, pgoff,
						  VMOP_DIRTY);
		vmop_page_detach_locked(page);
		folio_unlock(page->folio);
		vmop_page_free(page);
		return 0;
	case VMOP_SLOT_EMPTY:
		*next = vmop_plist_next_content(&node->pages, pgoff, end);
		return vmop_plist_add_zero_interval(&node->pages, pgoff, *next,
						    VMOP_DIRTY);
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
 * Without a source the pages go. With one they become a dirty zero interval, so
 * do gaps; markers and intervals stay. (semantics: ZERO-3, ZERO-4)
 *
 * Context: exclusive tree lock.
 * Return: 0 or -ENOMEM, with everything before @done zero.
 */
int vmop_cow_zero(struct vmop_cow *node, pgoff_t start, pgoff_t end,
		  pgoff_t *done)
{
	pgoff_t pgoff, next;
	unsigned int budget = VMOP_COW_BATCH_PAGES;
	int ret = 0;

	vmop_cow_assert_exclusive(node);
	if (!node->source) {
		*done = end;
		return vmop_plist_clear_range(&node->pages, start, end,
					      vmop_cow_release_slot, NULL);
	}
	for (pgoff = start; pgoff < end && budget--; pgoff = next) {
		ret = vmop_cow_zero_step(node, pgoff, end, &next);
		if (ret)
			break;
	}
	*done = pgoff;
	return ret;
}

/*
 * The bytes from @off on of page @pgoff must read as zeros from now on, though
 * the VMO does not end there for ever, or does not end there any more. A page
 * that is there is zeroed. What the pager may supply later is not to be
 * trusted: on an absent page, a clean one, or one that will be clean when the
 * writeback that has begun is over, the clamp remembers that.
 */
static void vmop_cow_zero_tail(struct vmop_cow *node, pgoff_t pgoff,
			       unsigned int off)
{
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);
	bool clamp = slot.kind == VMOP_SLOT_EMPTY;

	if (slot.kind == VMOP_SLOT_PAGE) {
		folio_lock(slot.page->folio);
		vmop_page_zero_tail(slot.page, off);
		clamp = vmop_plist_page_state(&node->pages, pgoff) !=
			VMOP_DIRTY;
	}
	if (clamp && node->source) {
		if (node->clamp_pgoff == pgoff)
			off = min(off, node->clamp_len);
		node->clamp_len = off;
		WRITE_ONCE(node->clamp_pgoff, pgoff);
	}
	if (slot.kind == VMOP_SLOT_PAGE)
		folio_unlock(slot.page->folio);
}

static int vmop_cow_shrink(struct vmop_cow *node, pgoff_t nr_pages)
{
	struct vmop_interval last;
	int ret;

	ret = vmop_plist_clear_range(&node->pages, nr_pages, node->nr_pages,
				     vmop_cow_release_slot, NULL);
	if (ret)
		return ret;
	if (node->clamp_pgoff >= nr_pages)
		node->clamp_pgoff = VMOP_NO_CLAMP;
	/* Zeros that come there later are not those that are being written. */
	if (nr_pages &&
	    vmop_plist_find_interval(&node->pages, nr_pages - 1, &last) &&
	    last.awaiting > last.end - last.start)
		vmop_plist_set_interval_awaiting(&node->pages, last.start,
						 last.end - last.start);
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
	return vmop_plist_add_zero_interval(&node->pages, node->nr_pages,
					    nr_pages, VMOP_DIRTY);
}

/**
 * vmop_cow_resize() - give a node another size
 * @node: the node
 * @len: new size in bytes
 *
 * What is cut off is gone for good; what is added reads as zeros. Mappings and
 * requests behind the new end are the caller's. (semantics: RSZ-3 to RSZ-5,
 * design.md section 4 for the bytes behind the end)
 *
 * Context: exclusive tree lock.
 * Return: 0, or -ENOMEM and nothing changed.
 */
int vmop_cow_resize(struct vmop_cow *node, u64 len)
{
	pgoff_t nr_pages = vmop_pages_up(len);
	u64 tail = min(len, node->len);
	int ret;

	vmop_cow_assert_exclusive(node);
	if (nr_pages < node->nr_pages)
		ret = vmop_cow_shrink(node, nr_pages);
	else
		ret = vmop_cow_grow(node, nr_pages);
	if (ret)
		return ret;
	if (len != node->len && (tail & ~PAGE_MASK))
		vmop_cow_zero_tail(node, tail >> PAGE_SHIFT,
				   tail & ~PAGE_MASK);
	node->len = len;
	node->nr_pages = nr_pages;
	return 0;
}

static void vmop_cow_drop_if_clean(struct vmop_cow *node,
				   struct vmop_page *page)
{
	struct folio *folio = page->folio;
	bool clean;

	folio_lock(folio);
	/* A hardware dirty bit becomes known when the page is unmapped. */
	if (folio_mapped(folio))
		vmop_map_zap(node, page->pgoff, 1);
	clean = vmop_plist_remove_clean(&node->pages, page->pgoff, page);
	if (clean)
		vmop_page_detach_locked(page);
	folio_unlock(folio);
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
	node->len = 0;
	node->nr_pages = 0;
}
