// SPDX-License-Identifier: GPL-2.0
/*
 * Page list: zero intervals, PL-25 to PL-33 and the inside of PL-9.
 *
 * Every change is made of three steps: reserve the positions that will get a
 * sentinel (the only step that can fail), write the pieces that stay, and join
 * what has become a neighbour of the same state. The joining step also decides
 * what becomes of the awaiting-clean length A (PL-25).
 *
 * Locks: see page_list.h.
 */
#include "page_list_internal.h"

/* Write the sentinels of an interval whose positions have their nodes. */
static void pgl_write(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
		      enum vmop_dirty_state state, pgoff_t awaiting)
{
	pgoff_t last = end - 1;

	if (start == end)
		return;
	if (awaiting > end - start)
		pl->reach = max(pl->reach, start + awaiting);
	if (start == last) {
		vmop_plist_put(pl, start,
			       pgl_mk_sentinel(PGL_SLOT, state, awaiting),
			       state);
		return;
	}
	vmop_plist_put(pl, start,
		       pgl_mk_sentinel(PGL_START, state, awaiting), state);
	vmop_plist_put(pl, last,
		       pgl_mk_sentinel(PGL_END, state, last - start),
		       state);
}

/*
 * Make [start, end) an interval and join it with its neighbours (PL-25). The
 * positions start and end - 1 have their nodes; whatever is there is dropped.
 * The piece brings its own A. Cannot fail.
 */
static void pgl_join(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
		     enum vmop_dirty_state state, pgoff_t awaiting)
{
	struct vmop_interval left = { .end = start }, right;
	pgoff_t at[] = { start - 1, start, end - 1, end };
	bool has_left, has_right;
	unsigned int i, first, nr;

	has_left = start && vmop_plist_find_interval(pl, start - 1, &left) &&
		   left.state == state;
	has_right = vmop_plist_find_interval(pl, end, &right) &&
		    right.state == state;

	if (has_left) {
		/* A counts from the left end: a hole in it cuts off the rest. */
		if (left.start + left.awaiting == start)
			awaiting += left.awaiting;
		else
			awaiting = left.awaiting;
	} else {
		left.start = start;
	}
	if (has_right) {
		if (left.start + awaiting == end)
			awaiting += right.awaiting;
	} else {
		right.end = end;
	}

	first = has_left ? 0 : 1;
	nr = has_right ? 4 : 3;
	for (i = first; i < nr; i++)
		if (at[i] != left.start && at[i] != right.end - 1)
			vmop_plist_erase(pl, at[i]);
	pgl_write(pl, left.start, right.end, state, awaiting);
}

/**
 * vmop_plist_find_interval() - The interval that a position lies in (PL-32)
 * @pl: List; tree lock held, shared is enough
 * @pgoff: Position: first, last or any other of the interval
 * @iv: Where the interval goes; set only on success
 *
 * Return: True if there is one.
 */
bool vmop_plist_find_interval(struct vmop_plist *pl, pgoff_t pgoff,
			      struct vmop_interval *iv)
{
	pgoff_t at = pgoff;
	void *entry = pgl_next(pl, &at, VMOP_PLIST_MAX_PAGES);
	pgoff_t start;

	if (!pgl_is_interval(entry))
		return false;
	start = at;
	if (pgl_is_sentinel(entry, PGL_END)) {
		start = at - pgl_sentinel_amount(entry);
		entry = xa_load(&pl->xa, start);
	} else if (at != pgoff) {
		return false;
	} else if (pgl_is_sentinel(entry, PGL_START)) {
		at++;
		pgl_next(pl, &at, VMOP_PLIST_MAX_PAGES);
	}
	iv->start = start;
	iv->end = at + 1;
	iv->state = pgl_sentinel_state(entry);
	iv->awaiting = pgl_sentinel_amount(entry);
	return true;
}

/**
 * vmop_plist_in_interval() - Does a position lie in an interval (PL-15)
 * @pl: List; tree lock held, shared is enough
 * @pgoff: Position
 *
 * Return: True on sentinels and between them.
 */
bool vmop_plist_in_interval(struct vmop_plist *pl, pgoff_t pgoff)
{
	pgoff_t at = pgoff;
	void *entry = pgl_next(pl, &at, VMOP_PLIST_MAX_PAGES);

	return pgl_is_interval(entry) &&
	       (at == pgoff || pgl_is_sentinel(entry, PGL_END));
}

/**
 * vmop_plist_interval_awaiting() - A of an interval (PL-3)
 * @pl: List; tree lock held, shared is enough
 * @start: First position of an interval
 *
 * Return: Pages from @start that are awaiting clean; 0 if no interval starts
 * there.
 */
pgoff_t vmop_plist_interval_awaiting(struct vmop_plist *pl, pgoff_t start)
{
	void *entry = xa_load(&pl->xa, start);

	if (!pgl_is_interval(entry) || pgl_is_sentinel(entry, PGL_END))
		return 0;
	return pgl_sentinel_amount(entry);
}

/**
 * vmop_plist_set_interval_awaiting() - Set A of an interval (PL-3)
 * @pl: List; tree lock held exclusively
 * @start: First position of an interval whose state is VMOP_DIRTY
 * @awaiting: Pages, at most VMOP_PLIST_MAX_PAGES
 *
 * Anything else at @start is a caller's bug and nothing is changed.
 */
void vmop_plist_set_interval_awaiting(struct vmop_plist *pl, pgoff_t start,
				      pgoff_t awaiting)
{
	struct vmop_interval iv;

	if (WARN_ON_ONCE(!vmop_plist_find_interval(pl, start, &iv)))
		return;
	if (WARN_ON_ONCE(iv.start != start || iv.state != VMOP_DIRTY ||
			 awaiting > VMOP_PLIST_MAX_PAGES))
		return;
	pgl_write(pl, start, iv.end, iv.state, awaiting);
}

/**
 * vmop_plist_add_zero_interval() - Add a run of zeros (PL-25)
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last; not empty
 * @state: VMOP_DIRTY, or VMOP_UNTRACKED where nothing is tracked
 *
 * Joins with intervals of the same state that touch. A of the result is that of
 * the left neighbour, 0 without one: what the right one had is lost (WB-17). May
 * sleep.
 *
 * Return: 0; -EINVAL for an empty range or another state; -ERANGE if it ends
 * beyond VMOP_PLIST_MAX_PAGES; -EEXIST if the range is not one gap; -ENOMEM. The
 * list is unchanged on error.
 */
int vmop_plist_add_zero_interval(struct vmop_plist *pl, pgoff_t start,
				 pgoff_t end, enum vmop_dirty_state state)
{
	pgoff_t at[] = { start, end - 1 };
	int ret;

	if (start >= end || (state != VMOP_DIRTY && state != VMOP_UNTRACKED))
		return -EINVAL;
	if (end > VMOP_PLIST_MAX_PAGES)
		return -ERANGE;
	if (vmop_plist_any_in_range(pl, start, end))
		return -EEXIST;
	ret = vmop_plist_reserve_slots(pl, at, ARRAY_SIZE(at));
	if (ret)
		return ret;
	pgl_join(pl, start, end, state, 0);
	return 0;
}

/* The part of A that pieces right of [iv->start, @cut) have to share. */
static pgoff_t pgl_share(const struct vmop_interval *iv, pgoff_t start,
			 pgoff_t cut)
{
	/* A piece that stays on the left keeps all of it (WB-13). */
	if (start > iv->start)
		return 0;
	return iv->awaiting - min(iv->awaiting, cut - start);
}

/* Reserve [start, end): all of it or nothing. */
static int pgl_reserve_range(struct vmop_plist *pl, pgoff_t start,
			     pgoff_t end)
{
	pgoff_t at;
	int ret;

	for (at = start; at < end; at++) {
		ret = vmop_plist_reserve_slots(pl, &at, 1);
		if (ret)
			goto undo;
		cond_resched();
	}
	return 0;

undo:
	while (at-- > start)
		xa_release(&pl->xa, at);
	return ret;
}

/**
 * vmop_plist_carve() - Fill each position of a part of an interval
 * @pl: List; tree lock held exclusively
 * @iv: The interval
 * @start: First page of the part
 * @end: Page after its last
 * @fill: Entry for each position, NULL: an interval of one page
 * @state: Dirty state of a page in @fill
 *
 * A goes where PL-26 says: a piece that stays on the left keeps it; if nothing
 * stays on the left, each one-page interval gets a page of it and the right piece
 * what remains (WB-14). May sleep.
 *
 * Return: 0, or -ENOMEM with the list unchanged.
 */
int vmop_plist_carve(struct vmop_plist *pl, const struct vmop_interval *iv,
		     pgoff_t start, pgoff_t end, void *fill,
		     enum vmop_dirty_state state)
{
	pgoff_t at;
	int ret;

	/* The new last page of the left piece, the first of the right one. */
	ret = pgl_reserve_range(pl, max(start, iv->start + 1) - 1,
				min(end + 1, iv->end));
	if (ret)
		return ret;

	pgl_write(pl, iv->start, start, iv->state, iv->awaiting);
	pgl_write(pl, end, iv->end, iv->state, pgl_share(iv, start, end));
	for (at = start; at < end; at++) {
		if (fill)
			vmop_plist_put(pl, at, fill, state);
		else
			pgl_write(pl, at, at + 1, iv->state,
				  pgl_share(iv, start, at) ? 1 : 0);
		cond_resched();
	}
	return 0;
}

/**
 * vmop_plist_populate_slots() - Turn a part of an interval into one-page ones
 * @pl: List; tree lock held exclusively
 * @start: First page of the part
 * @end: Page after its last
 *
 * The pieces are not maximal: the caller fills each of them or gives it back by
 * vmop_plist_return_slot() before anybody else looks (PL-26). Nothing happens
 * to a one-page interval. May sleep.
 *
 * Return: 0; -EINVAL if the range is empty or not inside one interval; -ENOMEM.
 * The list is unchanged on error.
 */
int vmop_plist_populate_slots(struct vmop_plist *pl, pgoff_t start,
			      pgoff_t end)
{
	struct vmop_interval iv;

	if (start >= end || !vmop_plist_find_interval(pl, start, &iv) ||
	    end > iv.end)
		return -EINVAL;
	if (iv.end - iv.start == 1)
		return 0;
	return vmop_plist_carve(pl, &iv, start, end, NULL, iv.state);
}

/**
 * vmop_plist_return_slot() - Give back a carved position that was not filled
 * @pl: List; tree lock held exclusively
 * @pgoff: The position
 *
 * Joins it with both neighbours, A included (PL-27). Intervals are maximal again
 * when this was called for every carved position that is still zero, in any
 * order. Cannot fail; a position in no interval is a caller's bug and nothing is
 * changed.
 */
void vmop_plist_return_slot(struct vmop_plist *pl, pgoff_t pgoff)
{
	struct vmop_interval iv;

	if (WARN_ON_ONCE(!vmop_plist_find_interval(pl, pgoff, &iv)))
		return;
	pgl_join(pl, iv.start, iv.end, iv.state, iv.awaiting);
}

/**
 * vmop_plist_clip_interval_start() - Cut pages off the front (PL-28)
 * @pl: List; tree lock held exclusively
 * @start: First position of an interval
 * @nr_pages: How many, less than it has
 *
 * The pages become a gap. A shrinks with them. May sleep.
 *
 * Return: 0, also for no pages; -EINVAL if no interval starts at @start or
 * nothing would be left; -ENOMEM. The list is unchanged on error.
 */
int vmop_plist_clip_interval_start(struct vmop_plist *pl, pgoff_t start,
				   pgoff_t nr_pages)
{
	struct vmop_interval iv;

	if (!vmop_plist_find_interval(pl, start, &iv) || iv.start != start ||
	    nr_pages >= iv.end - start)
		return -EINVAL;
	return vmop_plist_cut_out(pl, start, start + nr_pages);
}

/**
 * vmop_plist_clip_interval_end() - Cut pages off the back (PL-29)
 * @pl: List; tree lock held exclusively
 * @last: Last position of an interval
 * @nr_pages: How many, less than it has
 *
 * The pages become a gap. A stays and may reach beyond the end. May sleep.
 *
 * Return: 0, also for no pages; -EINVAL if no interval ends with @last or
 * nothing would be left; -ENOMEM. The list is unchanged on error.
 */
int vmop_plist_clip_interval_end(struct vmop_plist *pl, pgoff_t last,
				 pgoff_t nr_pages)
{
	struct vmop_interval iv;

	if (!vmop_plist_find_interval(pl, last, &iv) || iv.end != last + 1 ||
	    nr_pages >= iv.end - iv.start)
		return -EINVAL;
	return vmop_plist_cut_out(pl, iv.end - nr_pages, iv.end);
}

/**
 * vmop_plist_cut_out() - Make intervals end at the borders of a range
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last
 *
 * Intervals that reach into [@start, @end) from outside are shortened, one that
 * lies across it becomes two. What lies wholly inside stays. A piece on the left
 * keeps A, one on the right gets what PL-28 leaves of it. May sleep.
 *
 * Return: 0, or -ENOMEM with the list unchanged.
 */
int vmop_plist_cut_out(struct vmop_plist *pl, pgoff_t start, pgoff_t end)
{
	struct vmop_interval left, right;
	bool cut_left, cut_right;
	pgoff_t at[2];
	unsigned int nr = 0;
	int ret;

	if (start >= end)
		return 0;
	cut_left = vmop_plist_find_interval(pl, start, &left) &&
		   left.start < start;
	cut_right = vmop_plist_find_interval(pl, end - 1, &right) &&
		    right.end > end;
	if (cut_left)
		at[nr++] = start - 1;
	if (cut_right)
		at[nr++] = end;
	ret = vmop_plist_reserve_slots(pl, at, nr);
	if (ret)
		return ret;

	if (cut_left) {
		pgl_write(pl, left.start, start, left.state, left.awaiting);
		if (left.end <= end)
			vmop_plist_erase(pl, left.end - 1);
	}
	if (cut_right) {
		if (right.start >= start)
			vmop_plist_erase(pl, right.start);
		pgl_write(pl, end, right.end, right.state,
			  pgl_share(&right, max(start, right.start), end));
	}
	return 0;
}

/**
 * vmop_plist_drop_interval() - Make a whole interval a gap
 * @pl: List; tree lock held exclusively
 * @iv: The interval
 */
void vmop_plist_drop_interval(struct vmop_plist *pl,
			      const struct vmop_interval *iv)
{
	vmop_plist_erase(pl, iv->start);
	vmop_plist_erase(pl, iv->end - 1);
}

/**
 * vmop_plist_replace_page_with_zero() - Turn a page into zeros (PL-30)
 * @pl: List; tree lock held exclusively
 * @pgoff: Position of a page
 * @state: VMOP_DIRTY, or VMOP_UNTRACKED where nothing is tracked
 *
 * The position joins neighbours of the same state; A as PL-25 says. The page
 * leaves in one step for vmop_plist_mark_dirty(). Needs no memory, cannot fail.
 *
 * Return: The page, which is the caller's now; NULL if there is none at @pgoff
 * or @state is another one (a caller's bug).
 */
struct vmop_page *
vmop_plist_replace_page_with_zero(struct vmop_plist *pl, pgoff_t pgoff,
				  enum vmop_dirty_state state)
{
	void *entry = xa_load(&pl->xa, pgoff);

	if (WARN_ON_ONCE(!pgl_is_page(entry) ||
			 (state != VMOP_DIRTY && state != VMOP_UNTRACKED)))
		return NULL;
	pgl_join(pl, pgoff, pgoff + 1, state, 0);
	return entry;
}

/**
 * vmop_plist_overwrite_zero_interval() - Change the state of zeros (PL-31)
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last
 * @state: VMOP_DIRTY or VMOP_UNTRACKED
 *
 * What changes has A = 0; A of the rest as in PL-26. Joins neighbours of the new
 * state. Nothing happens if the interval has this state already. May sleep.
 *
 * Return: 0; -EINVAL if the range is empty or not inside one interval, or for
 * another state; -ENOMEM. The list is unchanged on error.
 */
int vmop_plist_overwrite_zero_interval(struct vmop_plist *pl, pgoff_t start,
				       pgoff_t end,
				       enum vmop_dirty_state state)
{
	struct vmop_interval iv;
	pgoff_t at[4];
	int ret;

	if (start >= end || (state != VMOP_DIRTY && state != VMOP_UNTRACKED) ||
	    !vmop_plist_find_interval(pl, start, &iv) || end > iv.end)
		return -EINVAL;
	if (iv.state == state)
		return 0;
	at[0] = max(start, iv.start + 1) - 1;
	at[1] = start;
	at[2] = end - 1;
	at[3] = min(end, iv.end - 1);
	ret = vmop_plist_reserve_slots(pl, at, ARRAY_SIZE(at));
	if (ret)
		return ret;

	pgl_write(pl, iv.start, start, iv.state, iv.awaiting);
	pgl_write(pl, end, iv.end, iv.state, pgl_share(&iv, start, end));
	pgl_join(pl, start, end, state, 0);
	return 0;
}
