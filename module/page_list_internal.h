/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page list: how entries are encoded, and what the page_list*.c files share.
 * Nobody else includes this file (the user-space tests do).
 *
 * An entry is the page pointer itself or an XArray value, whose word is:
 *
 *	bits 0-1	type: marker, reference or interval sentinel
 *	bits 2-		a reference: its number
 *	bits 2-3	a sentinel: which one
 *	bits 4-5	a sentinel: dirty state of the interval
 *	bits 6-		Start and Slot: awaiting-clean length A, in pages
 *			End: distance to the Start, in pages, so that the Start
 *			is found from the inside without walking backwards
 *
 * Marks: PGL_MARK_DIRTY is set on a page that is Dirty or AwaitingClean and
 * on the first sentinel of a Dirty interval, PGL_MARK_AWAITING on a page that
 * is AwaitingClean and on a first sentinel with A > 0.
 *
 * A reserved entry (XA_ZERO_ENTRY) means "nothing here, but the node exists":
 * a store over it cannot fail. Look-ups take it for nothing.
 */
#ifndef _VMOP_PAGE_LIST_INTERNAL_H
#define _VMOP_PAGE_LIST_INTERNAL_H

#include "page_list.h"

#define PGL_MARK_DIRTY	XA_MARK_0
#define PGL_MARK_AWAITING	XA_MARK_1

#define PGL_TYPE_MASK		3UL
#define PGL_MARKER		1UL
#define PGL_REFERENCE		2UL
#define PGL_INTERVAL		3UL
#define PGL_REFERENCE_SHIFT	2

#define PGL_SENTINEL_SHIFT	2
#define PGL_SENTINEL_MASK	3UL
#define PGL_SLOT		0UL
#define PGL_START		1UL
#define PGL_END		2UL
#define PGL_STATE_SHIFT	4
#define PGL_STATE_MASK	3UL
#define PGL_AMOUNT_SHIFT	6

static inline bool pgl_is_page(const void *entry)
{
	return entry && !xa_is_value(entry);
}

static inline bool pgl_has_type(const void *entry, unsigned long type)
{
	return xa_is_value(entry) &&
	       (xa_to_value(entry) & PGL_TYPE_MASK) == type;
}

static inline bool pgl_is_interval(const void *entry)
{
	return pgl_has_type(entry, PGL_INTERVAL);
}

/* True for what the list owns (PL-4). */
static inline bool pgl_is_owned(const void *entry)
{
	return pgl_is_page(entry) || pgl_has_type(entry, PGL_REFERENCE);
}

static inline bool pgl_is_sentinel(const void *entry, unsigned long which)
{
	return pgl_is_interval(entry) &&
	       ((xa_to_value(entry) >> PGL_SENTINEL_SHIFT) &
		PGL_SENTINEL_MASK) == which;
}

static inline enum vmop_dirty_state pgl_sentinel_state(const void *entry)
{
	return (xa_to_value(entry) >> PGL_STATE_SHIFT) & PGL_STATE_MASK;
}

static inline unsigned long pgl_sentinel_amount(const void *entry)
{
	return xa_to_value(entry) >> PGL_AMOUNT_SHIFT;
}

static inline void *pgl_mk_marker(void)
{
	return xa_mk_value(PGL_MARKER);
}

static inline void *pgl_mk_reference(u64 reference)
{
	return xa_mk_value(PGL_REFERENCE |
			   (unsigned long)reference << PGL_REFERENCE_SHIFT);
}

static inline void *pgl_mk_sentinel(unsigned long which,
				    enum vmop_dirty_state state,
				    unsigned long amount)
{
	return xa_mk_value(PGL_INTERVAL | which << PGL_SENTINEL_SHIFT |
			   (unsigned long)state << PGL_STATE_SHIFT |
			   amount << PGL_AMOUNT_SHIFT);
}

/*
 * First entry at or after @pgoff and below @end, NULL if none; sets @pgoff if
 * there is one.
 */
static inline void *pgl_next(struct vmop_plist *pl, pgoff_t *pgoff,
			     pgoff_t end)
{
	if (*pgoff >= end)
		return NULL;
	return xa_find(&pl->xa, pgoff, end - 1, XA_PRESENT);
}

/* The same for entries with PGL_MARK_DIRTY. */
static inline void *pgl_next_dirty(struct vmop_plist *pl, pgoff_t *pgoff,
				   pgoff_t end)
{
	if (*pgoff >= end)
		return NULL;
	return xa_find(&pl->xa, pgoff, end - 1, PGL_MARK_DIRTY);
}

/* An entry with these marks is about to leave; the XArray's lock is held. */
static inline void pgl_count_out(struct vmop_plist *pl, const void *entry,
				 bool dirty)
{
	if (dirty && pgl_is_page(entry))
		WRITE_ONCE(pl->nr_dirty, pl->nr_dirty - 1);
}

struct vmop_slot vmop_plist_decode(void *entry);
void *vmop_plist_encode(struct vmop_slot slot);
void vmop_plist_put(struct vmop_plist *pl, pgoff_t pgoff, void *entry,
		    enum vmop_dirty_state state);
void *vmop_plist_detach(struct vmop_plist *pl, pgoff_t pgoff,
			enum vmop_dirty_state *state);
void *vmop_plist_erase(struct vmop_plist *pl, pgoff_t pgoff);
int vmop_plist_fill_gap(struct vmop_plist *pl, pgoff_t pgoff,
			struct vmop_slot slot);
int vmop_plist_reserve_slots(struct vmop_plist *pl, const pgoff_t *at,
			     unsigned int nr);
int vmop_plist_carve(struct vmop_plist *pl, const struct vmop_interval *iv,
		     pgoff_t start, pgoff_t end, void *fill,
		     enum vmop_dirty_state state);
int vmop_plist_cut_out(struct vmop_plist *pl, pgoff_t start, pgoff_t end);
void vmop_plist_drop_interval(struct vmop_plist *pl,
			      const struct vmop_interval *iv);
void vmop_plist_sweep(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
		      vmop_plist_free_fn free, void *ctx);

#endif /* _VMOP_PAGE_LIST_INTERNAL_H */
