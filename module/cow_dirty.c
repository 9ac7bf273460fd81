// SPDX-License-Identifier: GPL-2.0
/*
 * cow_dirty.c - clean and dirty in a node: what a writer needs before it may
 * change a position, what becomes dirty, and what a writeback makes clean. It
 * never waits, and knows no requests, no faults and no user memory.
 *
 * A page changes in one of three ways: by a copy under its folio lock, by a
 * store through a writable mapping, or by hardware that has it pinned. None may
 * fall between the begin of a writeback and its end unseen:
 *
 * - a copy holds the shared tree lock and the folio lock from the moment that it
 *   marks the page dirty until the bytes are in;
 * - a mapping becomes writable under the folio lock, with the page dirty; the
 *   begin of a writeback takes that away again under the same lock;
 * - a page that may be pinned stays dirty.
 *
 * Locks: every function says what it needs.
 */
#include "cow.h"

/* Pages that one call may change before the caller gets to drop the lock. */
#define VMOP_DIRTY_BATCH_PAGES 512

/**
 * vmop_cow_dirty() - note that a page is about to change
 * @node: the node
 * @page: a page of it
 *
 * Context: folio lock, with the page still in @node. That keeps writeback,
 * eviction and supply away; the tree lock is not needed. (semantics: DT-5)
 *
 * Return: whether it was clean, or being written back.
 */
bool vmop_cow_dirty(struct vmop_cow *node, struct vmop_page *page)
{
	if (!vmop_cow_tracks_dirt(node))
		return false;
	if (vmop_plist_page_state(&node->pages, page->pgoff) == VMOP_DIRTY)
		return false;
	vmop_plist_mark_dirty(&node->pages, page->pgoff, page);
	vmop_reclaim_del(page);
	return true;
}

/* What it takes to make something dirty that is in @state. */
static enum vmop_need vmop_cow_state_need(struct vmop_cow *node,
					  enum vmop_dirty_state state)
{
	if (!vmop_cow_tracks_dirt(node) || state == VMOP_DIRTY)
		return VMOP_NEED_NOTHING;
	/* What is being written counts as dirty already. */
	if (state != VMOP_AWAITING_CLEAN && node->dirty_limit &&
	    vmop_plist_nr_dirty_all(&node->pages) >= node->dirty_limit)
		return VMOP_NEED_ROOM;
	return node->trap_dirty ? VMOP_NEED_GRANT : VMOP_NEED_NOTHING;
}

/**
 * vmop_cow_read_need() - what a reader needs
 * @node: the node
 * @pgoff: the position
 * @res: what is there
 *
 * (semantics: B.0)
 *
 * Context: shared tree lock. The answer is good as long as it is held.
 * Return: the first thing that is missing.
 */
enum vmop_need vmop_cow_read_need(struct vmop_cow *node, pgoff_t pgoff,
				  struct vmop_res *res)
{
	*res = vmop_cow_resolve(node, pgoff);
	if (res->kind == VMOP_RES_ABSENT)
		return VMOP_NEED_CONTENT;
	/* A part of it counts only: nobody else has it like that. */
	if (res->kind == VMOP_RES_PAGE && res->len < PAGE_SIZE)
		return VMOP_NEED_PAGE;
	return VMOP_NEED_NOTHING;
}

/**
 * vmop_cow_write_need() - what a writer needs
 * @node: the node
 * @pgoff: the position
 * @res: what is there
 *
 * The pager is asked first, as it may refuse. Zeros, too, take room when they
 * become a page. (semantics: B.0, REQ-2, COW-4)
 *
 * Context: shared tree lock. NEED_NOTHING is good as long as it is held; then
 * there is a page of the node, or the position is behind its end.
 * Return: the first thing that is missing.
 */
enum vmop_need vmop_cow_write_need(struct vmop_cow *node, pgoff_t pgoff,
				   struct vmop_res *res)
{
	enum vmop_dirty_state state = VMOP_CLEAN;
	enum vmop_need need;

	*res = vmop_cow_resolve(node, pgoff);
	switch (res->kind) {
	case VMOP_RES_BEYOND:
		return VMOP_NEED_NOTHING;
	case VMOP_RES_ABSENT:
		return VMOP_NEED_CONTENT;
	case VMOP_RES_PAGE:
		if (res->owner != node)
			return VMOP_NEED_PAGE;
		state = vmop_plist_page_state(&node->pages, pgoff);
		break;
	default:
		break;
	}
	need = vmop_cow_state_need(node, state);
	if (need)
		return need;
	if (res->kind == VMOP_RES_ZERO || vmop_cow_must_preserve(node, pgoff))
		return VMOP_NEED_PAGE;
	vmop_cow_outdate(node, pgoff, pgoff + 1);
	return VMOP_NEED_NOTHING;
}

/**
 * vmop_cow_commit_need() - what giving a position memory needs
 * @node: the node
 * @pgoff: the position
 * @res: what is there: a page or zeros
 * @end: end of what the caller wants; cut to what is alike
 *
 * A marker becomes a clean page. Zeros of an interval are dirty, and stay so.
 * What is seen in an ancestor gets copied. (semantics: DT-12, COM-2)
 *
 * Context: shared tree lock.
 * Return: the first thing that is missing.
 */
enum vmop_need vmop_cow_commit_need(struct vmop_cow *node, pgoff_t pgoff,
				    const struct vmop_res *res, pgoff_t *end)
{
	struct vmop_interval interval;
	enum vmop_need need;

	vmop_cow_assert_held(node);
	if (res->kind == VMOP_RES_PAGE)
		return res->owner == node ? VMOP_NEED_NOTHING : VMOP_NEED_PAGE;
	if (!vmop_plist_find_interval(&node->pages, pgoff, &interval))
		return VMOP_NEED_PAGE;
	*end = min(*end, interval.end);
	need = vmop_cow_state_need(node, VMOP_CLEAN);
	return need ?: VMOP_NEED_PAGE;
}

/**
 * vmop_cow_clean_end() - where what needs leave to be changed ends
 * @node: the node
 * @start: a position that does
 * @end: look no further
 *
 * Context: shared tree lock.
 * Return: the first position behind @start that is a dirty page or absent, or
 * @end (semantics: REQ-12).
 */
pgoff_t vmop_cow_clean_end(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	struct vmop_interval interval;
	struct vmop_slot slot;
	pgoff_t pgoff, next;

	vmop_cow_assert_held(node);
	for (pgoff = start; pgoff < end; pgoff = next) {
		slot = vmop_plist_lookup(&node->pages, pgoff);
		/* Also behind the end of the node. */
		if (slot.kind == VMOP_SLOT_EMPTY)
			break;
		if (slot.kind == VMOP_SLOT_PAGE &&
		    vmop_plist_page_state(&node->pages, pgoff) == VMOP_DIRTY)
			break;
		next = pgoff + 1;
		if (slot.kind == VMOP_SLOT_ZERO) {
			vmop_plist_find_interval(&node->pages, pgoff,
						 &interval);
			next = min(interval.end, end);
		}
	}
	return pgoff;
}

/**
 * vmop_cow_count_zeros() - how many pages it takes to make a range dirty
 * @node: the node
 * @start: first page
 * @end: page behind the last one, inside the node
 * @nr_pages: positions that have content but no page
 *
 * Context: shared tree lock.
 * Return: 0, or -ENOENT when a position is absent (semantics: DT-7).
 */
int vmop_cow_count_zeros(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			 unsigned long *nr_pages)
{
	struct vmop_interval interval;
	struct vmop_slot slot;
	pgoff_t pgoff, next;

	vmop_cow_assert_held(node);
	*nr_pages = 0;
	for (pgoff = start; pgoff < end; pgoff = next) {
		slot = vmop_plist_lookup(&node->pages, pgoff);
		next = pgoff + 1;
		if (slot.kind == VMOP_SLOT_EMPTY)
			return -ENOENT;
		if (slot.kind == VMOP_SLOT_ZERO) {
			vmop_plist_find_interval(&node->pages, pgoff,
						 &interval);
			next = min(interval.end, end);
		}
		if (slot.kind != VMOP_SLOT_PAGE)
			*nr_pages += next - pgoff;
		cond_resched();
	}
	return 0;
}

/* Undo vmop_cow_carve() from @start up to @end. */
static void vmop_cow_uncarve(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	for (; start < end; start++) {
		if (vmop_plist_in_interval(&node->pages, start))
			vmop_plist_return_slot(&node->pages, start);
	}
}

/* Make every zero of a range a slot of its own, so that filling cannot fail. */
static int vmop_cow_carve(struct vmop_cow *node, pgoff_t start, pgoff_t end)
{
	pgoff_t pgoff;
	int ret;

	for (pgoff = start; pgoff < end; pgoff++) {
		if (!vmop_plist_in_interval(&node->pages, pgoff))
			continue;
		ret = vmop_plist_populate_slots(&node->pages, pgoff, pgoff + 1);
		if (ret) {
			vmop_cow_uncarve(node, start, pgoff);
			return ret;
		}
	}
	return 0;
}

static void vmop_cow_make_dirty_one(struct vmop_cow *node, pgoff_t pgoff,
				    struct list_head *pages)
{
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);
	struct vmop_page *page = slot.page;
	int ret;

	if (slot.kind == VMOP_SLOT_PAGE) {
		vmop_page_lock(page);
		vmop_cow_dirty(node, page);
		vmop_page_unlock(page);
		return;
	}
	page = list_first_entry(pages, struct vmop_page, lru);
	list_del_init(&page->lru);
	ret = vmop_plist_insert_page(&node->pages, pgoff, page, VMOP_DIRTY);
	WARN_ON_ONCE(ret);
	vmop_page_attach(page, node, pgoff);
}

/**
 * vmop_cow_make_dirty() - make a whole range dirty pages, or nothing of it
 * @node: the node
 * @start: first page
 * @end: page behind the last one, inside the node
 * @pages: pages of zeros, as many as vmop_cow_count_zeros() says under this lock;
 *         they are taken from the list
 *
 * No mapping becomes writable by this: the first store is still noticed
 * (semantics: DT-6, DT-11, STA-3).
 *
 * Context: exclusive tree lock.
 * Return: 0, or -ENOMEM with nothing changed.
 */
int vmop_cow_make_dirty(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			struct list_head *pages)
{
	bool had_zeros = !list_empty(pages);
	pgoff_t pgoff;
	int ret;

	vmop_cow_assert_exclusive(node);
	ret = vmop_cow_carve(node, start, end);
	if (ret)
		return ret;
	for (pgoff = start; pgoff < end; pgoff++) {
		vmop_cow_make_dirty_one(node, pgoff, pages);
		cond_resched();
	}
	if (had_zeros)
		vmop_map_zap_zero(node, start, end - start);
	return 0;
}

/*
 * The folio lock makes taking write permission away and the change of state one
 * step for page_mkwrite. The look at the pins comes after the mappings have lost
 * their permission: from then on there is no new pin for writing.
 */
static bool vmop_cow_begin_page(void *ctx, pgoff_t pgoff,
				struct vmop_page *page)
{
	struct vmop_cow *node = page->node;
	bool *zero = ctx;

	vmop_page_lock(page);
	if (vmop_page_is_mapped(page))
		vmop_map_write_protect(page);
	if (!*zero && !vmop_page_maybe_pinned(page))
		vmop_plist_change_page_state(&node->pages, pgoff, VMOP_DIRTY,
					     VMOP_AWAITING_CLEAN);
	vmop_page_unlock(page);
	/* The state is what it should be. */
	return false;
}

/**
 * vmop_cow_writeback_begin() - the pager begins to write a range back
 * @node: the node
 * @start: first page
 * @end: page behind the last one, inside the node
 * @zero: only zeros are being written: pages stay dirty
 * @done: where it stopped; @end, unless there is so much to do that the caller
 *        should let others have the lock and call again from there
 *
 * Every mapping of a dirty page loses its permission to write, and stays.
 * (semantics: WB-2 to WB-6)
 *
 * Context: exclusive tree lock.
 */
void vmop_cow_writeback_begin(struct vmop_cow *node, pgoff_t start,
			      pgoff_t end, bool zero, pgoff_t *done)
{
	unsigned int budget = VMOP_DIRTY_BATCH_PAGES;
	struct vmop_interval interval;
	pgoff_t stop;

	vmop_cow_assert_exclusive(node);
	while (budget-- && vmop_plist_first_dirty(&node->pages, &start, end)) {
		stop = start + 1;
		/* In one piece: what starts in its middle is ignored (WB-4). */
		if (vmop_plist_find_interval(&node->pages, start, &interval))
			stop = min(interval.end, end);
		vmop_plist_writeback_begin(&node->pages, start, stop,
					   vmop_cow_begin_page, &zero);
		start = stop;
	}
	*done = vmop_plist_first_dirty(&node->pages, &start, end) ? start : end;
}

/* Collects runs of what has become clean. */
struct vmop_cow_ended {
	struct vmop_cow *node;
	pgoff_t start;
	pgoff_t end;
	vmop_cow_range_fn cleaned;
	void *ctx;
};

static void vmop_cow_ended_add(struct vmop_cow_ended *ended, pgoff_t start,
			       pgoff_t end)
{
	if (ended->end != start) {
		if (ended->start < ended->end)
			ended->cleaned(ended->ctx, ended->start, ended->end);
		ended->start = start;
	}
	ended->end = end;
}

static int vmop_cow_end_page(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	struct vmop_cow_ended *ended = ctx;

	atomic_long_inc(&ended->node->nr_cleaned);
	vmop_reclaim_add(slot.page);
	vmop_cow_ended_add(ended, pgoff, pgoff + 1);
	return VMOP_PLIST_NEXT;
}

static int vmop_cow_end_zeros(void *ctx, pgoff_t start, pgoff_t end)
{
	struct vmop_cow_ended *ended = ctx;

	vmop_map_zap_zero(ended->node, start, end - start);
	vmop_cow_ended_add(ended, start, end);
	return VMOP_PLIST_NEXT;
}

/**
 * vmop_cow_writeback_end() - the pager has written a range back
 * @node: the node
 * @start: first page
 * @end: page behind the last one, inside the node
 * @cleaned: called for each run that is not dirty any more
 * @ctx: its first argument
 *
 * (semantics: WB-10 to WB-20)
 *
 * Context: exclusive tree lock.
 * Return: 0, or -ENOMEM when some zeros stay dirty; it may be called again.
 */
int vmop_cow_writeback_end(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			   vmop_cow_range_fn cleaned, void *ctx)
{
	struct vmop_cow_ended ended = {
		.node = node, .cleaned = cleaned, .ctx = ctx,
	};
	int ret;

	vmop_cow_assert_exclusive(node);
	ret = vmop_plist_writeback_end(&node->pages, start, end,
				       vmop_cow_end_page, vmop_cow_end_zeros,
				       &ended);
	if (ended.start < ended.end)
		cleaned(ctx, ended.start, ended.end);
	return ret;
}

/**
 * vmop_cow_dirty_span() - the dirty content of a range as a whole
 * @node: the node
 * @start: first page
 * @end: page behind the last one
 * @span: filled in when there is any
 *
 * Context: shared tree lock.
 * Return: whether anything is dirty.
 */
bool vmop_cow_dirty_span(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			 struct vmop_dirty_span *span)
{
	struct vmop_dirty_run run = { .end = start };
	bool found = false;

	vmop_cow_assert_held(node);
	span->nr_pages = 0;
	while (vmop_plist_next_dirty(&node->pages, run.end, end, &run)) {
		if (!found)
			span->start = run.start;
		found = true;
		span->end = run.end;
		span->nr_pages += run.end - run.start;
		cond_resched();
	}
	return found;
}

/**
 * vmop_cow_dirty_map() - which pages of a range are dirty
 * @node: the node
 * @start: first page
 * @end: page behind the last one
 * @map: a bit for each page, set for those that are; all clear on entry
 *
 * Context: shared tree lock.
 */
void vmop_cow_dirty_map(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			unsigned long *map)
{
	struct vmop_dirty_run run = { .end = start };

	vmop_cow_assert_held(node);
	while (vmop_plist_next_dirty(&node->pages, run.end, end, &run)) {
		bitmap_set(map, run.start - start, run.end - run.start);
		cond_resched();
	}
}
