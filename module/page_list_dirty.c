// SPDX-License-Identifier: GPL-2.0
/*
 * Page list: dirty state and writeback (semantics D.1, D.3 to D.5).
 *
 * The state of a page lives in two marks of its position, so a query and a
 * writeback touch dirty entries only. A page with no mark is Clean or untracked.
 *
 * Locks: see page_list.h. vmop_plist_mark_dirty() may run at any moment, beside
 * a holder of the exclusive tree lock too: whoever decides by the state of a
 * page uses vmop_plist_change_page_state() or vmop_plist_remove_clean(), which
 * look and change in one step.
 */
#include "page_list_internal.h"

static enum vmop_dirty_state pgl_state(struct vmop_plist *pl, pgoff_t pgoff)
{
	if (xa_get_mark(&pl->xa, pgoff, PGL_MARK_AWAITING))
		return VMOP_AWAITING_CLEAN;
	if (xa_get_mark(&pl->xa, pgoff, PGL_MARK_DIRTY))
		return VMOP_DIRTY;
	return VMOP_CLEAN;
}

/* XArray's lock held, a page at pgoff. */
static void pgl_set_state(struct vmop_plist *pl, pgoff_t pgoff,
			  enum vmop_dirty_state state)
{
	bool dirty = state == VMOP_DIRTY || state == VMOP_AWAITING_CLEAN;
	bool was_dirty = xa_get_mark(&pl->xa, pgoff, PGL_MARK_DIRTY);

	WRITE_ONCE(pl->nr_dirty, pl->nr_dirty + dirty - was_dirty);
	if (dirty)
		__xa_set_mark(&pl->xa, pgoff, PGL_MARK_DIRTY);
	else
		__xa_clear_mark(&pl->xa, pgoff, PGL_MARK_DIRTY);
	if (state == VMOP_AWAITING_CLEAN)
		__xa_set_mark(&pl->xa, pgoff, PGL_MARK_AWAITING);
	else
		__xa_clear_mark(&pl->xa, pgoff, PGL_MARK_AWAITING);
}

/**
 * vmop_plist_page_state() - Dirty state of a page (DT-1)
 * @pl: List; tree lock held, shared is enough
 * @pgoff: Position of a page
 *
 * A Clean page may be Dirty by the time the caller looks at the answer.
 *
 * Return: VMOP_CLEAN (also if untracked), VMOP_DIRTY or VMOP_AWAITING_CLEAN.
 */
enum vmop_dirty_state vmop_plist_page_state(struct vmop_plist *pl,
					    pgoff_t pgoff)
{
	return pgl_state(pl, pgoff);
}

/**
 * vmop_plist_set_page_state() - Set the dirty state of a page
 * @pl: List; tree lock held exclusively, or shared by callers that only make
 *	pages Dirty
 * @pgoff: Position of a page
 * @state: New state; UNTRACKED and CLEAN are stored alike
 *
 * Anything else at @pgoff is a caller's bug and nothing is changed. Takes the
 * XArray's lock.
 */
void vmop_plist_set_page_state(struct vmop_plist *pl, pgoff_t pgoff,
			       enum vmop_dirty_state state)
{
	xa_lock(&pl->xa);
	if (!WARN_ON_ONCE(!pgl_is_page(xa_load(&pl->xa, pgoff))))
		pgl_set_state(pl, pgoff, state);
	xa_unlock(&pl->xa);
}

/**
 * vmop_plist_change_page_state() - Set the state of a page if it is as expected
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 * @from: Expected state; UNTRACKED and CLEAN are the same
 * @to: New state
 *
 * One step for vmop_plist_mark_dirty(). Takes the XArray's lock.
 *
 * Return: True if there is a page that was @from.
 */
bool vmop_plist_change_page_state(struct vmop_plist *pl, pgoff_t pgoff,
				  enum vmop_dirty_state from,
				  enum vmop_dirty_state to)
{
	bool done;

	if (from == VMOP_UNTRACKED)
		from = VMOP_CLEAN;
	xa_lock(&pl->xa);
	done = pgl_is_page(xa_load(&pl->xa, pgoff)) &&
	       pgl_state(pl, pgoff) == from;
	if (done)
		pgl_set_state(pl, pgoff, to);
	xa_unlock(&pl->xa);
	return done;
}

/**
 * vmop_plist_mark_dirty() - A page was written through a mapping
 * @pl: List; no tree lock needed, a PTE lock may be held
 * @pgoff: Position where the page is believed to be
 * @page: The page; only compared
 *
 * For ->dirty_folio. Makes the page Dirty, also when it was AwaitingClean. Takes
 * the XArray's lock and nothing else, does not sleep.
 *
 * Return: True if the position still holds the page.
 */
bool vmop_plist_mark_dirty(struct vmop_plist *pl, pgoff_t pgoff,
			   const struct vmop_page *page)
{
	bool held;

	xa_lock(&pl->xa);
	held = xa_load(&pl->xa, pgoff) == page;
	if (held)
		pgl_set_state(pl, pgoff, VMOP_DIRTY);
	xa_unlock(&pl->xa);
	return held;
}

/**
 * vmop_plist_nr_dirty() - How many pages of a range are dirty
 * @pl: List; tree lock held, shared is enough
 * @start: First page
 * @end: Page after the last
 *
 * Zero intervals are not counted: they hold no memory.
 *
 * Return: Number of pages that are Dirty or AwaitingClean.
 */
unsigned long vmop_plist_nr_dirty(struct vmop_plist *pl, pgoff_t start,
				  pgoff_t end)
{
	unsigned long nr = 0;
	void *entry;

	for (; (entry = pgl_next_dirty(pl, &start, end)); start++)
		if (pgl_is_page(entry))
			nr++;
	return nr;
}

/**
 * vmop_plist_nr_awaiting() - How many pages of a range are being written back
 * @pl: List; tree lock held, shared is enough
 * @start: First page
 * @end: Page after the last
 *
 * Return: Number of pages that are AwaitingClean.
 */
unsigned long vmop_plist_nr_awaiting(struct vmop_plist *pl, pgoff_t start,
				     pgoff_t end)
{
	unsigned long nr = 0;
	void *entry;

	for (; start < end; start++) {
		entry = xa_find(&pl->xa, &start, end - 1, PGL_MARK_AWAITING);
		if (!entry)
			break;
		if (pgl_is_page(entry))
			nr++;
	}
	return nr;
}

/**
 * vmop_plist_first_dirty() - First dirty page, or interval that begins, in a range
 * @pl: List; tree lock held, shared is enough
 * @pgoff: Where to look from; set to where it is on success
 * @end: Page after the last
 *
 * An interval that @pgoff lies in the middle of does not count.
 *
 * Return: True if there is one.
 */
bool vmop_plist_first_dirty(struct vmop_plist *pl, pgoff_t *pgoff, pgoff_t end)
{
	return pgl_next_dirty(pl, pgoff, end);
}

/**
 * vmop_plist_nr_dirty_all() - How many pages of the list are dirty
 * @pl: List; no lock needed, then the answer may be old
 *
 * As vmop_plist_nr_dirty() of everything, from a counter.
 *
 * Return: Number of pages.
 */
unsigned long vmop_plist_nr_dirty_all(const struct vmop_plist *pl)
{
	return READ_ONCE(pl->nr_dirty);
}

/**
 * vmop_plist_next_dirty() - First dirty range at or after a position
 * @pl: List; tree lock held, shared is enough
 * @start: First page
 * @end: Page after the last
 * @run: Where the range goes, clipped to [@start, @end); set only on success
 *
 * Ranges are as QRY-2 and QRY-3 say: adjacent pages that are Dirty or
 * AwaitingClean make one, a Dirty interval is one of its own. Call again from
 * @run->end for the next. Costs one step per dirty page or interval.
 *
 * Return: True if there is one.
 */
bool vmop_plist_next_dirty(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			   struct vmop_dirty_run *run)
{
	struct vmop_interval iv;
	pgoff_t at = start;
	void *entry;

	if (start >= end)
		return false;
	/* Entered in the middle: the mark is on the first sentinel, before us. */
	if (!vmop_plist_find_interval(pl, start, &iv) ||
	    iv.state != VMOP_DIRTY) {
		entry = pgl_next_dirty(pl, &at, end);
		if (!entry)
			return false;
		if (pgl_is_page(entry)) {
			run->start = at;
			do {
				run->end = ++at;
				/* What is behind the run is for the next call. */
				entry = pgl_next_dirty(pl, &at,
						       min(end, at + 1));
			} while (entry && pgl_is_page(entry));
			run->zero = false;
			return true;
		}
		vmop_plist_find_interval(pl, at, &iv);
	}
	run->start = max(start, iv.start);
	run->end = min(end, iv.end);
	run->zero = true;
	return true;
}

/**
 * vmop_plist_writeback_begin() - What WB_BEGIN does to a list (WB-2 to WB-5)
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last
 * @may_clean: Asked for each Dirty page of the range; may sleep. True makes it
 *	AwaitingClean, false (a pinned page) leaves it Dirty. NULL leaves all
 *	pages alone, as IS_ZERO wants (WB-3).
 * @ctx: Its first argument
 *
 * Dirty intervals whose first position lies in the range get A extended to the
 * end of the interval or of the range (WB-4); one that starts before the range
 * is not affected.
 */
void vmop_plist_writeback_begin(struct vmop_plist *pl, pgoff_t start,
				pgoff_t end, vmop_plist_page_fn may_clean,
				void *ctx)
{
	struct vmop_interval iv;
	pgoff_t awaiting;
	void *entry;

	while ((entry = pgl_next_dirty(pl, &start, end))) {
		if (pgl_is_interval(entry)) {
			vmop_plist_find_interval(pl, start, &iv);
			awaiting = max(iv.awaiting, min(iv.end, end) - start);
			vmop_plist_set_interval_awaiting(pl, start, awaiting);
		} else if (may_clean &&
			   pgl_state(pl, start) == VMOP_DIRTY &&
			   may_clean(ctx, start, entry)) {
			vmop_plist_change_page_state(pl, start, VMOP_DIRTY,
						     VMOP_AWAITING_CLEAN);
		}
		start++;
		cond_resched();
	}
}

/**
 * vmop_plist_new_zeros() - Zeros are about to be made that nobody writes back yet
 * @pl: List; tree lock held exclusively
 * @start: First page of them; in no interval
 *
 * A of an interval before them may reach over them, where a page or the end of the
 * object has cut off what it was about (WB-13, WB-19). It ends at @start from now
 * on: END must not clean what was made after BEGIN. Costs nothing unless such an A
 * exists, then one step per page and interval that is being written.
 */
void vmop_plist_new_zeros(struct vmop_plist *pl, pgoff_t start)
{
	pgoff_t at, reach = 0;
	struct vmop_interval iv;
	void *entry;

	if (pl->reach <= start)
		return;
	for (at = 0; at < pl->reach; at++) {
		entry = xa_find(&pl->xa, &at, pl->reach, PGL_MARK_AWAITING);
		if (!entry)
			break;
		cond_resched();
		if (!pgl_is_interval(entry))
			continue;
		vmop_plist_find_interval(pl, at, &iv);
		if (at < start) {
			iv.awaiting = min(iv.awaiting, start - at);
			vmop_plist_set_interval_awaiting(pl, at, iv.awaiting);
		}
		if (iv.awaiting > iv.end - at)
			reach = max(reach, at + iv.awaiting);
	}
	pl->reach = reach;
}

/*
 * END for an interval that starts in the range. @cleaned is how far the pieces
 * so far reach, never more than what was begun (WB-11, WB-13).
 */
static int pgl_end_interval(struct vmop_plist *pl,
			    const struct vmop_interval *iv, pgoff_t cleaned)
{
	if (cleaned >= iv->end) {
		vmop_plist_drop_interval(pl, iv);
		return 0;
	}
	return vmop_plist_cut_out(pl, iv->start, cleaned);
}

/**
 * vmop_plist_writeback_end() - What WB_END does to a list (WB-10 to WB-20)
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last
 * @cleaned: Called for each page of the range that went from AwaitingClean to
 *	Clean, which is how a caller learns of pages that it may reclaim; what
 *	it answers is ignored. May be NULL.
 * @emptied: Called for each run of zeros that became a gap; what it answers is
 *	ignored. May be NULL.
 * @ctx: First argument of both
 *
 * Pages that were written since the begin stay Dirty. The begun part of each
 * interval that starts in the range becomes a gap. May sleep.
 *
 * Return: 0, or -ENOMEM if an interval could not be shortened: it stays Dirty,
 * everything else is done, and the call may be repeated (WB-20).
 */
int vmop_plist_writeback_end(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			     vmop_plist_slot_fn cleaned,
			     vmop_plist_gap_fn emptied, void *ctx)
{
	pgoff_t reach = start, cleaned_end;
	struct vmop_interval iv;
	void *entry;
	int ret = 0;

	while ((entry = pgl_next_dirty(pl, &start, end))) {
		if (pgl_is_interval(entry)) {
			vmop_plist_find_interval(pl, start, &iv);
			reach = max(reach, start + iv.awaiting);
			cleaned_end = min(reach, end);
			if (pgl_end_interval(pl, &iv, cleaned_end))
				ret = -ENOMEM;
			else if (emptied && cleaned_end > iv.start)
				emptied(ctx, iv.start, min(cleaned_end, iv.end));
			start = iv.end;
		} else {
			if (vmop_plist_change_page_state(pl, start,
							 VMOP_AWAITING_CLEAN,
							 VMOP_CLEAN) && cleaned)
				cleaned(ctx, start, vmop_plist_decode(entry));
			start++;
		}
		cond_resched();
	}
	return ret;
}
