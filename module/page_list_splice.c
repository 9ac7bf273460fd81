// SPDX-License-Identifier: GPL-2.0
/*
 * Page list: splice lists (PL-37, PL-38).
 *
 * A splice list carries the content of a range, gaps included, from one list to
 * another without both tree locks being held together: filled, finalized, then
 * popped from the front, once per position.
 *
 * A failed append may leave nodes without entries in the list inside; they go
 * when the splice list is processed, which every splice list has to become.
 *
 * Locks: none; a splice list belongs to one thread.
 */
#include "page_list_internal.h"

/**
 * vmop_plist_take() - Move the content of a range into a splice list (PL-37)
 * @pl: List; tree lock held exclusively
 * @start: First page
 * @end: Page after the last
 * @sp: Splice list; needs no initialisation, holds nothing on error
 *
 * Takes pages, references and markers; dirty state is dropped. May sleep.
 *
 * Return: 0 with @sp finalized; -EINVAL if an interval reaches into the range;
 * -ENOMEM. The list is unchanged on error.
 */
int vmop_plist_take(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
		    struct vmop_splice *sp)
{
	pgoff_t at = start;
	void *entry;
	int ret = -EINVAL;

	vmop_splice_init(sp, end - start);
	if (start < end && vmop_plist_in_interval(pl, start))
		goto undo;
	/* First into both, so that there is nothing to put back. */
	for (; (entry = pgl_next(pl, &at, end)); at++) {
		ret = -EINVAL;
		if (pgl_is_interval(entry))
			goto undo;
		sp->fill = at - start;
		ret = vmop_splice_append(sp, vmop_plist_decode(entry));
		if (ret)
			goto undo;
		cond_resched();
	}
	sp->finalized = true;
	vmop_plist_sweep(pl, start, end, NULL, NULL);
	return 0;

undo:
	vmop_plist_sweep(&sp->list, 0, sp->nr_pages, NULL, NULL);
	vmop_plist_destroy(&sp->list);
	vmop_splice_init(sp, 0);
	return ret;
}

/**
 * vmop_splice_init() - Start an empty splice list
 * @sp: Splice list
 * @nr_pages: Length of the range that it is for
 */
void vmop_splice_init(struct vmop_splice *sp, pgoff_t nr_pages)
{
	vmop_plist_init(&sp->list);
	sp->pages = NULL;
	sp->nr_pages = nr_pages;
	sp->fill = 0;
	sp->pos = 0;
	sp->finalized = false;
}

/**
 * vmop_splice_init_pages() - Make a finalized splice list of an array of pages
 * @sp: Splice list
 * @pages: One page per position; the array is borrowed until the list is
 *	processed, the pages are the list's
 * @nr_pages: How many
 *
 * Needs no memory, cannot fail.
 */
void vmop_splice_init_pages(struct vmop_splice *sp, struct vmop_page **pages,
			    pgoff_t nr_pages)
{
	vmop_splice_init(sp, nr_pages);
	sp->pages = pages;
	sp->finalized = true;
}

/**
 * vmop_splice_append() - Add the content of the next position
 * @sp: Splice list that is not finalized
 * @slot: EMPTY, or a page, marker or reference that is the list's on success
 *
 * May sleep.
 *
 * Return: 0; -EINVAL after finalizing or beyond the end (a caller's bug), or for
 * ZERO; -ERANGE for a reference number too large; -ENOMEM.
 */
int vmop_splice_append(struct vmop_splice *sp, struct vmop_slot slot)
{
	int ret = 0;

	if (WARN_ON_ONCE(sp->finalized || sp->fill == sp->nr_pages))
		return -EINVAL;

	if (slot.kind != VMOP_SLOT_EMPTY)
		ret = vmop_plist_fill_gap(&sp->list, sp->fill, slot);
	if (!ret)
		sp->fill++;
	return ret;
}

/**
 * vmop_splice_finalize() - End appending, start popping
 * @sp: Splice list with all its positions appended
 *
 * Return: 0; -EINVAL if it is finalized already or positions are missing (a
 * caller's bug).
 */
int vmop_splice_finalize(struct vmop_splice *sp)
{
	if (WARN_ON_ONCE(sp->finalized || sp->fill != sp->nr_pages))
		return -EINVAL;
	sp->finalized = true;
	return 0;
}

/**
 * vmop_splice_pop() - Take the content of the next position out
 * @sp: Finalized splice list
 * @slot: Where it goes, EMPTY for a hole; the caller owns it
 *
 * Return: 0; -EINVAL if not finalized or processed already (a caller's bug).
 */
int vmop_splice_pop(struct vmop_splice *sp, struct vmop_slot *slot)
{
	if (WARN_ON_ONCE(!sp->finalized || sp->pos == sp->nr_pages))
		return -EINVAL;
	if (sp->pages)
		*slot = vmop_plist_decode(sp->pages[sp->pos]);
	else
		*slot = vmop_plist_remove(&sp->list, sp->pos);
	sp->pos++;
	if (vmop_splice_is_processed(sp))
		vmop_plist_destroy(&sp->list);
	return 0;
}

/**
 * vmop_splice_peek_reference() - Is the next position a reference
 * @sp: Finalized splice list
 * @reference: Where its number goes
 *
 * Return: True if it is. vmop_splice_swap_head() may make a page of it.
 */
bool vmop_splice_peek_reference(struct vmop_splice *sp, u64 *reference)
{
	struct vmop_slot slot = vmop_plist_lookup(&sp->list, sp->pos);

	if (WARN_ON_ONCE(!sp->finalized) || slot.kind != VMOP_SLOT_REFERENCE)
		return false;
	*reference = slot.reference;
	return true;
}

/**
 * vmop_splice_swap_head() - Put the page in for the reference at the head
 * @sp: Splice list for which vmop_splice_peek_reference() was true
 * @page: Page with the same content; the list's on success
 *
 * The reference is the caller's, as after vmop_plist_swap().
 *
 * Return: 0, -ENOENT if the head is no reference.
 */
int vmop_splice_swap_head(struct vmop_splice *sp, struct vmop_page *page)
{
	struct vmop_slot new = { .kind = VMOP_SLOT_PAGE, .page = page };
	struct vmop_slot old;
	u64 reference;

	if (!vmop_splice_peek_reference(sp, &reference))
		return -ENOENT;
	return vmop_plist_swap(&sp->list, sp->pos, new, &old);
}

/**
 * vmop_splice_is_processed() - Has every position been popped
 * @sp: Splice list
 *
 * Return: True if it holds nothing any more and never will.
 */
bool vmop_splice_is_processed(const struct vmop_splice *sp)
{
	return sp->pos == sp->nr_pages;
}

/**
 * vmop_splice_free_all() - Get rid of what was not popped
 * @sp: Splice list, finalized or not; processed afterwards
 * @free: Gets each page and reference, with its distance from the start
 * @ctx: Its first argument
 */
void vmop_splice_free_all(struct vmop_splice *sp, vmop_plist_free_fn free,
			  void *ctx)
{
	for (; sp->pages && sp->pos < sp->nr_pages; sp->pos++)
		free(ctx, sp->pos, vmop_plist_decode(sp->pages[sp->pos]));
	vmop_plist_sweep(&sp->list, 0, sp->nr_pages, free, ctx);
	vmop_plist_destroy(&sp->list);
	sp->pos = sp->nr_pages;
	sp->finalized = true;
}

/**
 * vmop_splice_give_back() - Undo vmop_plist_take() as far as possible
 * @sp: Finalized splice list; processed afterwards
 * @pl: The list that it was taken from; tree lock held exclusively
 * @start: First page of the range
 * @free: Gets each page and reference that cannot be put back because its
 *	position has content by now or there is no memory, with its position
 * @ctx: Its first argument
 *
 * Markers that cannot be put back are dropped. May sleep.
 */
void vmop_splice_give_back(struct vmop_splice *sp, struct vmop_plist *pl,
			   pgoff_t start, vmop_plist_free_fn free, void *ctx)
{
	struct vmop_slot slot;
	pgoff_t at;

	while (!vmop_splice_is_processed(sp)) {
		at = start + sp->pos;
		if (vmop_splice_pop(sp, &slot))
			return;
		if (slot.kind != VMOP_SLOT_EMPTY &&
		    vmop_plist_fill_gap(pl, at, slot) &&
		    slot.kind != VMOP_SLOT_MARKER)
			free(ctx, at, slot);
		cond_resched();
	}
}
