// SPDX-License-Identifier: GPL-2.0
/*
 * cow_fork.c - how a position gets a page of its own: filled with zeros, copied
 * from the ancestor that it was seen in, or moved when nobody else sees it
 * there; and how a root keeps for its snapshots what it is about to change.
 *
 * Locks: every function says which mode of the tree lock it needs.
 */
#include "cow.h"

/**
 * vmop_cow_move() - give a page to another node
 * @page: a page of a node
 * @leave_zero: that node has dirty zeros there afterwards, else nothing
 * @to: the node that gets it, with nothing but zeros at the position
 * @pgoff: the position in @to
 *
 * Mappings of the page go. In @to nobody tracks whether it is dirty.
 *
 * Context: exclusive tree lock.
 * Return: 0, or -ENOMEM and nothing changed.
 */
int vmop_cow_move(struct vmop_page *page, bool leave_zero, struct vmop_cow *to,
		  pgoff_t pgoff)
{
	struct vmop_cow *from = page->node;
	int ret;

	vmop_cow_assert_exclusive(from);
	ret = vmop_plist_insert_page(&to->pages, pgoff, page, VMOP_UNTRACKED);
	if (ret)
		return ret;
	vmop_page_lock(page);
	if (leave_zero) {
		vmop_plist_new_zeros(&from->pages, page->pgoff);
		vmop_plist_replace_page_with_zero(&from->pages, page->pgoff,
						  VMOP_DIRTY);
	} else {
		vmop_plist_remove(&from->pages, page->pgoff);
	}
	vmop_page_detach_locked(page);
	vmop_page_attach(page, to, pgoff);
	vmop_page_unlock(page);
	return 0;
}

/**
 * vmop_cow_must_preserve() - does a snapshot see what is at a position of a root?
 * @node: the node
 * @pgoff: the position
 *
 * Context: shared tree lock.
 * Return: true when the position may not change before @node->frozen has its
 * content.
 */
bool vmop_cow_must_preserve(struct vmop_cow *node, pgoff_t pgoff)
{
	struct vmop_cow *frozen = node->frozen;

	if (!frozen || pgoff < frozen->offset ||
	    pgoff - frozen->offset >= frozen->limit)
		return false;
	pgoff -= frozen->offset;
	if (vmop_plist_lookup(&frozen->pages, pgoff).kind != VMOP_SLOT_EMPTY)
		return false;
	return vmop_cow_is_leaf(frozen) ||
	       vmop_cow_is_seen(frozen, pgoff, NULL);
}

/**
 * vmop_cow_outdate() - a root changes what its snapshots do not see
 * @node: the node
 * @start: first page
 * @end: page behind the last one
 *
 * A snapshot that has something of its own there is not given what the root had,
 * so it cannot go back to that.
 *
 * Context: shared tree lock; what is set here is never taken back.
 */
void vmop_cow_outdate(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	struct vmop_cow *frozen = node->frozen;

	if (!frozen || end <= frozen->offset ||
	    start >= frozen->offset + frozen->limit)
		return;
	start = max(start, frozen->offset) - frozen->offset;
	end = min(end - frozen->offset, frozen->limit);
	if (vmop_cow_is_leaf(frozen)) {
		if (!frozen->keep_base)
			WRITE_ONCE(frozen->base_lost, true);
	} else if (vmop_plist_next_gap(&frozen->pages, start, end) >= end) {
		/* It was given all of it, and those below go back to that. */
		return;
	}
	vmop_cow_lose_base(frozen);
}

/**
 * vmop_cow_preserve_next() - how far is nothing to be preserved?
 * @node: the node
 * @start: where to begin
 * @end: look no further
 *
 * Context: shared tree lock.
 * Return: the first position from @start on that vmop_cow_must_preserve() is true
 * of, or @end.
 */
pgoff_t vmop_cow_preserve_next(struct vmop_cow *node, pgoff_t start,
			       pgoff_t end)
{
	struct vmop_cow *frozen = node->frozen;
	pgoff_t pgoff, last;

	if (!frozen)
		return end;
	last = min(end, frozen->offset + frozen->limit);
	for (pgoff = max(start, frozen->offset); pgoff < last; pgoff++) {
		/* What it has something of its own for is nothing to it. */
		pgoff = vmop_plist_next_gap(&frozen->pages,
					    pgoff - frozen->offset,
					    last - frozen->offset) +
			frozen->offset;
		/* Of @last it is not true, or that is @end. */
		if (vmop_cow_must_preserve(node, pgoff))
			return pgoff;
		cond_resched();
	}
	return end;
}

static int vmop_cow_preserve_move(struct vmop_cow *node, struct vmop_page *page,
				  bool leave_zero)
{
	struct vmop_cow *frozen = node->frozen;
	pgoff_t pgoff = page->pgoff - frozen->offset;
	int ret;

	ret = vmop_cow_move(page, leave_zero, frozen, pgoff);
	if (ret)
		return ret;
	vmop_page_zero_tail(page, vmop_cow_cut(frozen, pgoff));
	return 0;
}

/**
 * vmop_cow_preserve_page() - hand a page that becomes zeros to the snapshot
 * @node: a root
 * @page: a page of it that vmop_cow_must_preserve() is true of
 *
 * Context: exclusive tree lock.
 * Return: 0 with dirty zeros in the page's place, or -ENOMEM.
 */
int vmop_cow_preserve_page(struct vmop_cow *node, struct vmop_page *page)
{
	return vmop_cow_preserve_move(node, page, true);
}

/* Undo the reservations of vmop_cow_preserve_reserve() up to @end. */
static void vmop_cow_preserve_unreserve(struct vmop_cow *node, pgoff_t start,
					pgoff_t end)
{
	struct vmop_cow *frozen = node->frozen;

	/* Only for pages something was reserved. */
	for (; vmop_plist_next_page(&node->pages, &start, end); start++)
		vmop_plist_unreserve(&frozen->pages, start - frozen->offset);
}

/* One step of vmop_cow_preserve_reserve(): the position or run at *@pgoff. */
static int vmop_cow_preserve_step(struct vmop_cow *node, pgoff_t *pgoff,
				  pgoff_t end)
{
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, *pgoff);
	struct vmop_cow *frozen = node->frozen;
	struct vmop_interval interval;
	bool in_interval;
	pgoff_t next;

	switch (slot.kind) {
	case VMOP_SLOT_EMPTY:
		next = vmop_plist_next_content(&node->pages, *pgoff, end);
		*pgoff = vmop_cow_preserve_next(node, *pgoff, next);
		return *pgoff < next ? -EBUSY : 0;
	case VMOP_SLOT_ZERO:
		vmop_plist_find_interval(&node->pages, *pgoff, &interval);
		*pgoff = interval.end;
		return 0;
	case VMOP_SLOT_PAGE:
		if (vmop_cow_must_preserve(node, *pgoff) &&
		    vmop_plist_reserve(&frozen->pages,
				       *pgoff - frozen->offset,
				       VMOP_RESERVE_NO_INTERVALS, &slot,
				       &in_interval))
			return -ENOMEM;
		break;
	default:
		break;
	}
	(*pgoff)++;
	return 0;
}

/* All that may fail, for vmop_cow_preserve_range(). */
static int vmop_cow_preserve_reserve(struct vmop_cow *node, pgoff_t start,
				     pgoff_t end, pgoff_t *missing)
{
	pgoff_t pgoff = start;
	int ret;

	while (pgoff < end) {
		ret = vmop_cow_preserve_step(node, &pgoff, end);
		if (ret) {
			*missing = pgoff;
			vmop_cow_preserve_unreserve(node, start, pgoff);
			return ret;
		}
		cond_resched();
	}
	return 0;
}

/**
 * vmop_cow_preserve_range() - hand a range that is cut off to the snapshot
 * @node: the node
 * @start: where it ends from now on, in pages
 * @missing: for -EBUSY, the position that is in the way
 *
 * Zeros need nothing: behind the end of its parent a snapshot sees zeros.
 *
 * Context: exclusive tree lock; the caller cuts the range off.
 * Return: 0; or with nothing changed: -ENOMEM; -EBUSY when a snapshot sees a
 * position that is absent.
 */
int vmop_cow_preserve_range(struct vmop_cow *node, pgoff_t start,
			    pgoff_t *missing)
{
	struct vmop_cow *frozen = node->frozen;
	struct vmop_page *page;
	pgoff_t pgoff, end;
	int ret;

	if (!frozen)
		return 0;
	pgoff = max(start, frozen->offset);
	/* Not behind the old end. */
	end = frozen->offset + frozen->limit;
	ret = vmop_cow_preserve_reserve(node, pgoff, end, missing);
	if (ret)
		return ret;
	vmop_cow_outdate(node, pgoff, end);
	/* No interval crosses the new end: to cut there cannot fail any more. */
	if (vmop_plist_in_interval(&node->pages, start))
		ret = vmop_plist_populate_slots(&node->pages, start, start + 1);
	if (ret) {
		vmop_cow_preserve_unreserve(node, pgoff, end);
		return ret;
	}
	for (; (page = vmop_plist_next_page(&node->pages, &pgoff, end)); pgoff++) {
		if (vmop_cow_must_preserve(node, pgoff))
			WARN_ON_ONCE(vmop_cow_preserve_move(node, page, false));
		cond_resched();
	}
	return 0;
}

/* Copy what is at a position, which is about to change, for the snapshot. */
static int vmop_cow_preserve_copy(struct vmop_cow *node, pgoff_t pgoff,
				  struct vmop_page *page,
				  const struct vmop_res *res)
{
	struct vmop_cow *frozen = node->frozen;
	int ret;

	pgoff -= frozen->offset;
	if (res->kind == VMOP_RES_ZERO) {
		ret = vmop_plist_insert_marker(&frozen->pages, pgoff);
		if (ret)
			return ret;
		/* The new page is still to be used, at the position itself. */
		return -EEXIST;
	}
	ret = vmop_plist_insert_page(&frozen->pages, pgoff, page,
				     VMOP_UNTRACKED);
	if (ret)
		return ret;
	vmop_page_copy(page, res->page);
	vmop_page_zero_tail(page, vmop_cow_cut(frozen, pgoff));
	vmop_page_attach(page, frozen, pgoff);
	vmop_map_zap(frozen, pgoff, 1);
	return 0;
}

/*
 * Zero content becomes a page of zeros. It is dirty when it will be written, and
 * when it comes from a zero interval, which is dirty itself. (semantics: B.0,
 * DT-12, COM-2)
 */
static int vmop_cow_fill(struct vmop_cow *node, pgoff_t pgoff,
			 struct vmop_page *page, bool write)
{
	enum vmop_dirty_state state = VMOP_UNTRACKED;
	int ret;

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
	vmop_map_zap_zero(node, pgoff, 1);
	return 0;
}

/*
 * What was seen in an ancestor becomes our own: the page itself when it is
 * hidden there from everybody else, else a copy. So a family never takes more
 * memory than eager copies would. (semantics: COW-4, COW-17)
 */
static int vmop_cow_fork(struct vmop_cow *node, pgoff_t pgoff,
			 struct vmop_page *page, const struct vmop_res *res)
{
	struct vmop_cow *owner = res->owner;
	bool last = vmop_cow_is_hidden(owner) && !node->keep_base &&
		    !vmop_cow_is_seen(owner, res->pgoff, node);
	int ret;

	if (last) {
		vmop_page_zero_tail(res->page, res->len);
		ret = vmop_cow_move(res->page, false, node, pgoff);
		if (ret)
			return ret;
		vmop_cow_lose_base(owner);
		/* The new page was not needed. */
		return -EEXIST;
	}
	ret = vmop_plist_insert_page(&node->pages, pgoff, page, VMOP_UNTRACKED);
	if (ret)
		return ret;
	vmop_page_copy(page, res->page);
	vmop_page_zero_tail(page, res->len);
	vmop_page_attach(page, node, pgoff);
	vmop_map_zap(node, pgoff, 1);
	return 0;
}

/**
 * vmop_cow_give_page() - bring what VMOP_NEED_PAGE is about
 * @node: a leaf
 * @pgoff: the position
 * @page: a page of zeros
 * @write: because the position will be written; else because memory is wanted
 *         there
 *
 * The position gets a page of its own; or its snapshot does, when that has to
 * come first.
 *
 * Context: exclusive tree lock.
 * Return: 0 when @page was used, which does not mean that nothing else is
 * needed; -EEXIST when it was not: look again; -ENOMEM. The page stays the
 * caller's on error.
 */
int vmop_cow_give_page(struct vmop_cow *node, pgoff_t pgoff,
		       struct vmop_page *page, bool write)
{
	struct vmop_res res;

	vmop_cow_assert_exclusive(node);
	res = vmop_cow_resolve(node, pgoff);
	if (res.kind == VMOP_RES_BEYOND || res.kind == VMOP_RES_ABSENT)
		return -EEXIST;
	if (write && vmop_cow_must_preserve(node, pgoff))
		return vmop_cow_preserve_copy(node, pgoff, page, &res);
	if (res.kind == VMOP_RES_PAGE && res.owner == node)
		return -EEXIST;
	if (res.kind == VMOP_RES_ZERO)
		return vmop_cow_fill(node, pgoff, page, write);
	return vmop_cow_fork(node, pgoff, page, &res);
}
