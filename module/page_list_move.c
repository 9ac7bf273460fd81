// SPDX-License-Identifier: GPL-2.0
/*
 * Page list: removing ranges and moving content between lists, PL-17 to PL-19
 * and PL-34 to PL-36.
 *
 * Moves go entry by entry, not by whole nodes: the nodes of the target are
 * reserved first, so a move either fails before it changes anything or runs to
 * its end.
 *
 * Locks: see page_list.h; both lists of a merge are under one tree lock. The
 * locks of two XArrays are never held together.
 */
#include "page_list_internal.h"

/* How much is taken out under one hold of the XArray's lock. */
#define PGL_BATCH_OWNED	16
#define PGL_BATCH_ENTRIES	256

struct pgl_batch {
	unsigned int owned;
	unsigned int entries;
	pgoff_t at[PGL_BATCH_OWNED];
	void *entry[PGL_BATCH_OWNED];
};

static void pgl_collect(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			struct pgl_batch *batch)
{
	XA_STATE(xas, &pl->xa, start);
	void *entry;

	batch->owned = 0;
	batch->entries = 0;
	xas_lock(&xas);
	xas_for_each(&xas, entry, end - 1) {
		pgl_count_out(pl, entry, xas_get_mark(&xas, PGL_MARK_DIRTY));
		xas_store(&xas, NULL);
		if (pgl_is_owned(entry) && !xa_is_zero(entry)) {
			batch->at[batch->owned] = xas.xa_index;
			batch->entry[batch->owned++] = entry;
		}
		if (++batch->entries == PGL_BATCH_ENTRIES ||
		    batch->owned == PGL_BATCH_OWNED)
			break;
	}
	xas_unlock(&xas);
}

/**
 * vmop_plist_sweep() - Remove every entry of a range
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last; no interval crosses @start or @end
 * @free: Gets each page and reference after it left the list, may sleep; NULL
 *	if the caller has them already
 * @ctx: Its first argument
 */
void vmop_plist_sweep(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
		      vmop_plist_free_fn free, void *ctx)
{
	struct pgl_batch batch;
	unsigned int i;

	if (start >= end)
		return;
	/* An XArray walk may end early when the tree shrinks: until nothing. */
	do {
		pgl_collect(pl, start, end, &batch);
		for (i = 0; free && i < batch.owned; i++)
			free(ctx, batch.at[i],
			     vmop_plist_decode(batch.entry[i]));
		cond_resched();
	} while (batch.entries);
}

/**
 * vmop_plist_clear_range() - Make a range one gap
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last
 * @free: Gets each page and reference after it left the list, may sleep
 * @ctx: Its first argument
 *
 * Intervals that cross a border are shortened: a piece on the left keeps A
 * (WB-19), one on the right gets what PL-28 leaves of it. May sleep. Works in
 * batches; a caller that wants to drop its locks in between calls it for one
 * part of the range after the other.
 *
 * Return: 0, or -ENOMEM with the list unchanged, possible only if an interval
 * crosses @start or @end.
 */
int vmop_plist_clear_range(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			   vmop_plist_free_fn free, void *ctx)
{
	int ret = vmop_plist_cut_out(pl, start, end);

	if (!ret)
		vmop_plist_sweep(pl, start, end, free, ctx);
	return ret;
}

/**
 * vmop_plist_clear_all() - Remove everything (PL-17)
 * @pl: List; tree lock held exclusively
 * @free: Gets each page and reference after it left the list, may sleep
 * @ctx: Its first argument
 */
void vmop_plist_clear_all(struct vmop_plist *pl, vmop_plist_free_fn free,
			  void *ctx)
{
	vmop_plist_sweep(pl, 0, VMOP_PLIST_MAX_PAGES, free, ctx);
}

struct pgl_removal {
	struct vmop_plist *pl;
	vmop_plist_slot_fn fn;
	vmop_plist_gap_fn gap_fn;
	vmop_plist_free_fn free;
	void *ctx;
};

static int pgl_removal_slot(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	struct pgl_removal *rm = ctx;
	int ret = rm->fn(rm->ctx, pgoff, slot);

	if (ret < 0 || !(ret & VMOP_PLIST_REMOVE))
		return ret;
	/* Half an interval must not go: PL-18 leaves intervals to the caller. */
	if (!WARN_ON_ONCE(slot.kind == VMOP_SLOT_ZERO)) {
		slot = vmop_plist_remove(rm->pl, pgoff);
		if (slot.kind != VMOP_SLOT_MARKER)
			rm->free(rm->ctx, pgoff, slot);
	}
	return ret & VMOP_PLIST_STOP;
}

static int pgl_removal_gap(void *ctx, pgoff_t start, pgoff_t end)
{
	struct pgl_removal *rm = ctx;

	return rm->gap_fn(rm->ctx, start, end);
}

/**
 * vmop_plist_remove_pages() - Remove what a function chooses (PL-18, PL-19)
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last
 * @fn: Called as by vmop_plist_for_each(). VMOP_PLIST_REMOVE in its answer
 *	removes the page, marker or reference; a sentinel cannot be removed
 * @gap_fn: Called with each maximal gap as by vmop_plist_walk_gaps(), or NULL
 * @free: Gets each page and reference after it left the list, may sleep
 * @ctx: First argument of all three
 *
 * Return: 0 at the end or after VMOP_PLIST_STOP, else the errno of a callback.
 */
int vmop_plist_remove_pages(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			    vmop_plist_slot_fn fn, vmop_plist_gap_fn gap_fn,
			    vmop_plist_free_fn free, void *ctx)
{
	struct pgl_removal rm = {
		.pl = pl,
		.fn = fn,
		.gap_fn = gap_fn,
		.free = free,
		.ctx = ctx,
	};

	return vmop_plist_walk_gaps(pl, start, end, pgl_removal_slot,
				    gap_fn ? pgl_removal_gap : NULL, &rm);
}

/*
 * A move: the entries of [start, end) of from go to the same distance from
 * target in to. If wins is set they replace what is there, else what is there
 * stays. The loser is released, with its position in from.
 */
struct pgl_move {
	struct vmop_plist *from;
	struct vmop_plist *to;
	pgoff_t start;
	pgoff_t end;
	pgoff_t target;
	bool wins;
	vmop_plist_free_fn release;
	vmop_plist_match_fn migrate;
	void *ctx;
};

/* Can this entry be moved? If it can, its target has a node afterwards. */
static int pgl_move_check(const struct pgl_move *mv, pgoff_t at,
			  const void *entry)
{
	pgoff_t to = at - mv->start + mv->target;
	enum vmop_slot_kind kind;

	if (pgl_is_interval(entry))
		return -EINVAL;
	if (to >= VMOP_PLIST_MAX_PAGES)
		return -ERANGE;
	kind = vmop_plist_lookup(mv->to, to).kind;
	if (kind == VMOP_SLOT_ZERO)
		return mv->wins ? -EINVAL : 0;
	return vmop_plist_reserve_slots(mv->to, &to, 1);
}

static int pgl_move_prepare(const struct pgl_move *mv)
{
	pgoff_t at = mv->start, undo = mv->start;
	void *entry;
	int ret = 0;

	if (at < mv->end && vmop_plist_in_interval(mv->from, at))
		return -EINVAL;
	for (; (entry = pgl_next(mv->from, &at, mv->end)); at++) {
		ret = pgl_move_check(mv, at, entry);
		if (ret)
			break;
		cond_resched();
	}
	if (ret)
		for (; pgl_next(mv->from, &undo, at); undo++)
			xa_release(&mv->to->xa, undo - mv->start + mv->target);
	return ret;
}

static void pgl_move_release(const struct pgl_move *mv, pgoff_t at,
			     void *entry)
{
	if (pgl_is_owned(entry))
		mv->release(mv->ctx, at, vmop_plist_decode(entry));
}

static void pgl_move_one(const struct pgl_move *mv, pgoff_t at)
{
	pgoff_t to = at - mv->start + mv->target;
	enum vmop_slot_kind kind = vmop_plist_lookup(mv->to, to).kind;
	void *old = xa_load(&mv->to->xa, to);
	enum vmop_dirty_state state;
	void *entry;

	entry = vmop_plist_detach(mv->from, at, &state);
	if (kind != VMOP_SLOT_EMPTY && !mv->wins) {
		pgl_move_release(mv, at, entry);
		return;
	}
	if (kind == VMOP_SLOT_EMPTY && mv->migrate &&
	    mv->migrate(mv->ctx, at, vmop_plist_decode(entry))) {
		xa_release(&mv->to->xa, to);
		return;
	}
	vmop_plist_put(mv->to, to, entry, state);
	pgl_move_release(mv, at, old);
}

static int pgl_move(const struct pgl_move *mv)
{
	pgoff_t at = mv->start;
	int ret = pgl_move_prepare(mv);

	if (ret)
		return ret;
	for (; pgl_next(mv->from, &at, mv->end); at++) {
		pgl_move_one(mv, at);
		cond_resched();
	}
	return 0;
}

/**
 * vmop_plist_merge_from() - Take over a window of another list (PL-34)
 * @pl: Target; tree lock held exclusively
 * @other: Source, under the same tree lock; empty on success
 * @start: First page of the window of @other, position 0 of @pl
 * @end: Page after its last
 * @release: Gets the pages and references of @other that lie outside the window
 *	or where @pl has content of its own (an interval counts)
 * @migrate: Asked for content of the window that @pl has a gap for; true if it
 *	consumed it, else it is moved. NULL: everything is moved.
 * @ctx: First argument of both; positions given to them are those of @other
 *
 * Dirty state moves along. May sleep.
 *
 * Return: 0; -EINVAL if an interval reaches into the window; -ERANGE; -ENOMEM.
 * Both lists are unchanged on error.
 */
int vmop_plist_merge_from(struct vmop_plist *pl, struct vmop_plist *other,
			  pgoff_t start, pgoff_t end,
			  vmop_plist_free_fn release,
			  vmop_plist_match_fn migrate, void *ctx)
{
	const struct pgl_move mv = {
		.from = other,
		.to = pl,
		.start = start,
		.end = end,
		.release = release,
		.migrate = migrate,
		.ctx = ctx,
	};
	int ret = pgl_move(&mv);

	if (!ret)
		vmop_plist_clear_all(other, release, ctx);
	return ret;
}

/**
 * vmop_plist_merge_onto() - Put a whole list over another one (PL-35)
 * @pl: Source; tree lock held exclusively; empty on success
 * @other: Target, under the same tree lock
 * @release: Gets the pages and references of @other that were replaced
 * @ctx: Its first argument
 *
 * Content of @pl, markers included, wins. Dirty state moves along. May sleep.
 *
 * Return: 0; -EINVAL if @pl has intervals or content that would fall into one of
 * @other; -ENOMEM. Both lists are unchanged on error.
 */
int vmop_plist_merge_onto(struct vmop_plist *pl, struct vmop_plist *other,
			  vmop_plist_free_fn release, void *ctx)
{
	const struct pgl_move mv = {
		.from = pl,
		.to = other,
		.end = VMOP_PLIST_MAX_PAGES,
		.wins = true,
		.release = release,
		.ctx = ctx,
	};

	return pgl_move(&mv);
}

/**
 * vmop_plist_merge_range_onto() - Fill another list's gaps from a range (PL-36)
 * @pl: Source; tree lock held exclusively; the range is a gap on success
 * @start: First page of the range
 * @end: Page after its last
 * @other: Target, under the same tree lock
 * @target: Position in @other of the range's first page
 * @release: Gets the pages and references of @pl where @other has content
 * @ctx: Its first argument; positions given to @release are those of @pl
 *
 * Dirty state moves along. May sleep.
 *
 * Return: 0; -EINVAL if an interval reaches into the range; -ERANGE if something
 * would lie beyond VMOP_PLIST_MAX_PAGES; -ENOMEM. Both lists are unchanged on
 * error.
 */
int vmop_plist_merge_range_onto(struct vmop_plist *pl, pgoff_t start,
				pgoff_t end, struct vmop_plist *other,
				pgoff_t target, vmop_plist_free_fn release,
				void *ctx)
{
	const struct pgl_move mv = {
		.from = pl,
		.to = other,
		.start = start,
		.end = end,
		.target = target,
		.release = release,
		.ctx = ctx,
	};

	return pgl_move(&mv);
}
