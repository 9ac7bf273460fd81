// SPDX-License-Identifier: GPL-2.0
/*
 * Page list: searching and iterating, PL-12 and PL-20 to PL-23.
 *
 * Every step looks its position up again, so a callback may sleep and may change
 * the position that it is called for. No lock is held over a callback.
 *
 * Locks: see page_list.h; the tree lock is held, shared is enough unless the
 * callback changes something.
 */
#include "page_list_internal.h"

/**
 * vmop_plist_next_content() - First position of a range that is not a gap
 * @pl: List; tree lock held, shared is enough
 * @start: First page
 * @end: Page after the last
 *
 * The inside of an interval counts as content.
 *
 * Return: The position, @end if there is none.
 */
pgoff_t vmop_plist_next_content(struct vmop_plist *pl, pgoff_t start,
				pgoff_t end)
{
	pgoff_t at = start;

	if (start >= end)
		return end;
	if (vmop_plist_in_interval(pl, start))
		return start;
	return pgl_next(pl, &at, end) ? at : end;
}

/**
 * vmop_plist_next_gap() - First position of a range that is a gap
 * @pl: List; tree lock held, shared is enough
 * @start: First page
 * @end: Page after the last
 *
 * Costs one step per page or interval before the gap.
 *
 * Return: The position, @end if there is none.
 */
pgoff_t vmop_plist_next_gap(struct vmop_plist *pl, pgoff_t start, pgoff_t end)
{
	struct vmop_interval iv;

	while (start < end) {
		if (xa_load(&pl->xa, start))
			start++;
		else if (vmop_plist_find_interval(pl, start, &iv))
			start = iv.end;
		else
			return start;
	}
	return end;
}

/**
 * vmop_plist_next_page() - First page of a range
 * @pl: List; tree lock held, shared is enough
 * @pgoff: First position to look at; set to that of the page if there is one
 * @end: Position after the last to look at
 *
 * Return: The page, still the list's; NULL if there is none.
 */
struct vmop_page *vmop_plist_next_page(struct vmop_plist *pl, pgoff_t *pgoff,
				       pgoff_t end)
{
	pgoff_t at = *pgoff;
	void *entry;

	for (; (entry = pgl_next(pl, &at, end)); at++) {
		if (pgl_is_page(entry)) {
			*pgoff = at;
			return entry;
		}
	}
	return NULL;
}

/**
 * vmop_plist_any_in_range() - Is anything in a range (PL-23)
 * @pl: List; tree lock held, shared is enough
 * @start: First page
 * @end: Page after the last
 *
 * Return: True if a position of the range is not a gap.
 */
bool vmop_plist_any_in_range(struct vmop_plist *pl, pgoff_t start, pgoff_t end)
{
	return vmop_plist_next_content(pl, start, end) < end;
}

/**
 * vmop_plist_for_each() - Call a function for what is in a range (PL-20)
 * @pl: List; tree lock held
 * @start: First page
 * @end: Page after the last
 * @fn: Called in ascending order for each page, marker, reference and interval
 *	sentinel of the range, never for what lies between two sentinels
 * @ctx: Its first argument
 *
 * Return: 0 at the end or after VMOP_PLIST_STOP, else the errno of @fn.
 */
int vmop_plist_for_each(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			vmop_plist_slot_fn fn, void *ctx)
{
	return vmop_plist_walk_gaps(pl, start, end, fn, NULL, ctx);
}

/**
 * vmop_plist_walk_gaps() - The same, and for the gaps (PL-21)
 * @pl: List; tree lock held
 * @start: First page
 * @end: Page after the last
 * @page_fn: As for vmop_plist_for_each(), or NULL
 * @gap_fn: Called in order with each maximal gap, or NULL
 * @ctx: First argument of both
 *
 * The inside of an interval is not a gap, also when the range begins, ends or
 * lies wholly in it. What @page_fn removes does not become a gap of this walk.
 *
 * Return: 0 at the end or after VMOP_PLIST_STOP, which suppresses all the rest;
 * else the errno of the callback.
 */
int vmop_plist_walk_gaps(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			 vmop_plist_slot_fn page_fn,
			 vmop_plist_gap_fn gap_fn, void *ctx)
{
	pgoff_t at = start;
	void *entry;
	int ret;

	while ((entry = pgl_next(pl, &at, end))) {
		if (gap_fn && start < at &&
		    !pgl_is_sentinel(entry, PGL_END)) {
			ret = gap_fn(ctx, start, at);
			if (ret)
				return min(ret, 0);
		}
		if (page_fn) {
			ret = page_fn(ctx, at, vmop_plist_decode(entry));
			if (ret)
				return min(ret, 0);
		}
		start = ++at;
		cond_resched();
	}
	if (gap_fn && start < end && !vmop_plist_in_interval(pl, start))
		return min(gap_fn(ctx, start, end), 0);
	return 0;
}

/*
 * State of vmop_plist_walk_runs(): the range, the callbacks and the run that
 * has been found so far, empty if run_start == run_end.
 */
struct pgl_run {
	pgoff_t start;
	pgoff_t end;
	vmop_plist_match_fn match;
	vmop_plist_slot_fn page_fn;
	vmop_plist_run_fn run_fn;
	void *ctx;
	pgoff_t run_start;
	pgoff_t run_end;
};

static int pgl_run_flush(struct pgl_run *run)
{
	pgoff_t start = run->run_start;

	if (start == run->run_end)
		return 0;
	run->run_start = run->run_end;
	return run->run_fn(run->ctx, start, run->run_end, false);
}

/* A page, marker or reference. */
static int pgl_run_slot(struct pgl_run *run, pgoff_t at,
			struct vmop_slot slot)
{
	bool match = run->match(run->ctx, at, slot);
	int ret, flushed;

	if (!match || at != run->run_end) {
		ret = pgl_run_flush(run);
		if (ret || !match)
			return ret;
		run->run_start = at;
		run->run_end = at;
	}
	ret = run->page_fn(run->ctx, at, slot);
	if (ret >= 0)
		run->run_end = at + 1;
	if (ret) {
		flushed = pgl_run_flush(run);
		if (flushed < 0)
			return flushed;
	}
	return ret;
}

/* A sentinel: match it, and if it is in the range, report it. */
static int pgl_run_sentinel(struct pgl_run *run, pgoff_t at, bool *match,
			    bool report)
{
	struct vmop_slot slot = { .kind = VMOP_SLOT_ZERO };

	*match = run->match(run->ctx, at, slot);
	if (!*match || !report || at < run->start || at >= run->end)
		return 0;
	return run->page_fn(run->ctx, at, slot);
}

/* An interval is a run of its own, whatever is beside it. */
static int pgl_run_interval(struct pgl_run *run,
			    const struct vmop_interval *iv)
{
	bool first, last;
	int ret, stop;

	ret = pgl_run_flush(run);
	if (ret)
		return ret;
	stop = pgl_run_sentinel(run, iv->start, &first, true);
	if (stop < 0)
		return stop;
	last = first;
	if (iv->end - iv->start > 1) {
		ret = pgl_run_sentinel(run, iv->end - 1, &last, !stop);
		if (ret < 0)
			return ret;
		stop |= ret;
	}
	if (first && last) {
		ret = run->run_fn(run->ctx, max(iv->start, run->start),
				  min(iv->end, run->end), true);
		if (ret)
			return ret;
	}
	return stop;
}

/**
 * vmop_plist_walk_runs() - Pages and maximal runs that match (PL-22)
 * @pl: List; tree lock held
 * @start: First page
 * @end: Page after the last
 * @match: Says which slots count
 * @page_fn: Called for each slot of the range that matches
 * @run_fn: Called for each maximal run of adjacent slots that match, after
 *	@page_fn of its last slot
 * @ctx: First argument of all three
 *
 * An interval is a run of its own, clipped to the range, if both its sentinels
 * match; @match sees also those outside the range. The run before an interval is
 * reported before @match or @page_fn sees the interval. When @page_fn stops, its
 * slot still counts and its run (of an interval: all of it) is reported; when it
 * fails, the run before its slot is reported, and an error of that wins.
 *
 * Return: 0 at the end or after VMOP_PLIST_STOP, else the errno of a callback.
 */
int vmop_plist_walk_runs(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			 vmop_plist_match_fn match,
			 vmop_plist_slot_fn page_fn,
			 vmop_plist_run_fn run_fn, void *ctx)
{
	struct pgl_run run = {
		.start = start,
		.end = end,
		.match = match,
		.page_fn = page_fn,
		.run_fn = run_fn,
		.ctx = ctx,
	};
	struct vmop_interval iv;
	pgoff_t at = start;
	void *entry;
	int ret = 0;

	while (at < end) {
		if (vmop_plist_find_interval(pl, at, &iv)) {
			ret = pgl_run_interval(&run, &iv);
			at = iv.end;
		} else {
			entry = pgl_next(pl, &at, end);
			if (!entry)
				break;
			if (pgl_is_interval(entry))
				continue;
			ret = pgl_run_slot(&run, at, vmop_plist_decode(entry));
			at++;
		}
		if (ret)
			return min(ret, 0);
		cond_resched();
	}
	return min(pgl_run_flush(&run), 0);
}

/**
 * vmop_plist_cursor_init() - Start a walk over adjacent positions (PL-12)
 * @cur: Cursor
 * @pl: List; tree lock held as long as the cursor is used
 * @pgoff: First position
 */
void vmop_plist_cursor_init(struct vmop_plist_cursor *cur,
			    struct vmop_plist *pl, pgoff_t pgoff)
{
	cur->pl = pl;
	cur->pgoff = pgoff;
}

/**
 * vmop_plist_cursor_slot() - What is under a cursor
 * @cur: Cursor
 *
 * Return: The slot; EMPTY ends a walk.
 */
struct vmop_slot vmop_plist_cursor_slot(struct vmop_plist_cursor *cur)
{
	return vmop_plist_lookup(cur->pl, cur->pgoff);
}

/**
 * vmop_plist_cursor_step() - Go to the next position
 * @cur: Cursor
 *
 * Return: What is under the cursor now.
 */
struct vmop_slot vmop_plist_cursor_step(struct vmop_plist_cursor *cur)
{
	cur->pgoff++;
	return vmop_plist_cursor_slot(cur);
}

/**
 * vmop_plist_cursor_for_each() - Call a function up to the next gap
 * @cur: Cursor; left at the gap, or where @fn did not answer
 *	VMOP_PLIST_NEXT
 * @fn: Called for each position, those inside an interval included
 * @ctx: Its first argument
 *
 * Return: 0 at the gap or after VMOP_PLIST_STOP, else the errno of @fn.
 */
int vmop_plist_cursor_for_each(struct vmop_plist_cursor *cur,
			       vmop_plist_slot_fn fn, void *ctx)
{
	struct vmop_slot slot = vmop_plist_cursor_slot(cur);
	int ret;

	while (slot.kind != VMOP_SLOT_EMPTY) {
		ret = fn(ctx, cur->pgoff, slot);
		if (ret)
			return min(ret, 0);
		cond_resched();
		slot = vmop_plist_cursor_step(cur);
	}
	return 0;
}
