// SPDX-License-Identifier: GPL-2.0
/*
 * Page list, core: single positions.
 *
 * A page list says what is at each page position of a VMO: a page, a marker, a
 * reference, part of a zero interval, or nothing. It is an XArray with one
 * entry per page, marker and reference and one or two per interval, however
 * long that is: a one-page interval is a Slot, a longer one a Start and an End
 * with no entry between them. Intervals are maximal: two that touch differ in
 * their dirty state (PL-9). page_list_internal.h has the encoding.
 *
 * The semantics are those of Zircon's page lists (rules PL-1 to PL-38). What
 * belongs to their balanced tree of 16-slot nodes has no counterpart: skew
 * (PL-8), because an XArray's nodes are aligned by position in every list, and
 * the duty to give back an empty node (PL-14), because the XArray frees nodes
 * by itself; vmop_plist_unreserve() is what is left of it.
 *
 * Locks: see page_list.h. A list knows no users, VMOs or requests, and never
 * looks into a page.
 *
 * Memory: a function that may need nodes gets them first, by reserving the
 * positions that it is going to fill, and changes the list only then. So
 * -ENOMEM means that no position changed; nodes without entries may stay until
 * a neighbour comes or the list is destroyed.
 */
#include "page_list_internal.h"

/**
 * vmop_plist_decode() - Turn an XArray entry into a slot
 * @entry: Entry or NULL
 *
 * Return: The slot; EMPTY for NULL, ZERO for any sentinel.
 */
struct vmop_slot vmop_plist_decode(void *entry)
{
	struct vmop_slot slot = { .kind = VMOP_SLOT_EMPTY };

	if (pgl_is_page(entry)) {
		slot.kind = VMOP_SLOT_PAGE;
		slot.page = entry;
	} else if (pgl_has_type(entry, PGL_MARKER)) {
		slot.kind = VMOP_SLOT_MARKER;
	} else if (pgl_has_type(entry, PGL_REFERENCE)) {
		slot.kind = VMOP_SLOT_REFERENCE;
		slot.reference = xa_to_value(entry) >> PGL_REFERENCE_SHIFT;
	} else if (entry) {
		slot.kind = VMOP_SLOT_ZERO;
	}
	return slot;
}

/**
 * vmop_plist_encode() - Turn a page, marker or reference into an XArray entry
 * @slot: The slot
 *
 * Return: The entry; NULL for a kind that has no entry of its own, and for a
 * reference that is too large.
 */
void *vmop_plist_encode(struct vmop_slot slot)
{
	switch (slot.kind) {
	case VMOP_SLOT_PAGE:
		return slot.page;
	case VMOP_SLOT_MARKER:
		return pgl_mk_marker();
	case VMOP_SLOT_REFERENCE:
		if (slot.reference > VMOP_PLIST_REFERENCE_MAX)
			return NULL;
		return pgl_mk_reference(slot.reference);
	default:
		return NULL;
	}
}

/**
 * vmop_plist_put() - Store an entry at a position that has its node
 * @pl: List; tree lock held exclusively
 * @pgoff: Position that has an entry or is reserved
 * @entry: Page or value, not NULL
 * @state: Dirty state of a page; ignored for a value, whose marks follow
 *	from its word
 *
 * Entry and marks change in one step for vmop_plist_mark_dirty(). Releases
 * nothing: what was there must not be owned, or the caller has it. Takes the
 * XArray's lock.
 */
void vmop_plist_put(struct vmop_plist *pl, pgoff_t pgoff, void *entry,
		    enum vmop_dirty_state state)
{
	XA_STATE(xas, &pl->xa, pgoff);
	bool dirty = state == VMOP_DIRTY || state == VMOP_AWAITING_CLEAN;
	bool awaiting = state == VMOP_AWAITING_CLEAN;
	bool was_dirty;
	void *old;

	if (xa_is_value(entry)) {
		bool first = pgl_is_interval(entry) &&
			     !pgl_is_sentinel(entry, PGL_END);

		dirty = first && pgl_sentinel_state(entry) == VMOP_DIRTY;
		awaiting = first && pgl_sentinel_amount(entry);
	}

	xas_lock(&xas);
	old = xas_load(&xas);
	was_dirty = xas_get_mark(&xas, PGL_MARK_DIRTY);
	xas_store(&xas, entry);
	if (WARN_ON_ONCE(xas_error(&xas)))
		goto out;
	pgl_count_out(pl, old, was_dirty);
	if (dirty && pgl_is_page(entry))
		WRITE_ONCE(pl->nr_dirty, pl->nr_dirty + 1);
	if (dirty)
		xas_set_mark(&xas, PGL_MARK_DIRTY);
	else
		xas_clear_mark(&xas, PGL_MARK_DIRTY);
	if (awaiting)
		xas_set_mark(&xas, PGL_MARK_AWAITING);
	else
		xas_clear_mark(&xas, PGL_MARK_AWAITING);
out:
	xas_unlock(&xas);
}

static void *pgl_erase_locked(struct vmop_plist *pl, pgoff_t pgoff)
{
	bool dirty = xa_get_mark(&pl->xa, pgoff, PGL_MARK_DIRTY);
	void *entry = __xa_erase(&pl->xa, pgoff);

	pgl_count_out(pl, entry, dirty);
	return entry;
}

/**
 * vmop_plist_detach() - Take an entry out together with its dirty state
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 * @state: Where the state of a page goes
 *
 * One step for vmop_plist_mark_dirty(): it either comes before and is seen in
 * @state, or finds the page gone. Takes the XArray's lock.
 *
 * Return: The entry, NULL if there was none.
 */
void *vmop_plist_detach(struct vmop_plist *pl, pgoff_t pgoff,
			enum vmop_dirty_state *state)
{
	void *entry;

	xa_lock(&pl->xa);
	*state = vmop_plist_page_state(pl, pgoff);
	entry = pgl_erase_locked(pl, pgoff);
	xa_unlock(&pl->xa);
	return entry;
}

/**
 * vmop_plist_erase() - Take an entry out
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 *
 * Takes the XArray's lock.
 *
 * Return: The entry, NULL if there was none.
 */
void *vmop_plist_erase(struct vmop_plist *pl, pgoff_t pgoff)
{
	void *entry;

	xa_lock(&pl->xa);
	entry = pgl_erase_locked(pl, pgoff);
	xa_unlock(&pl->xa);
	return entry;
}

/**
 * vmop_plist_reserve_slots() - Make sure that stores at positions cannot fail
 * @pl: List; tree lock held exclusively
 * @at: The positions
 * @nr: How many
 *
 * Positions that have an entry are left alone. May sleep.
 *
 * Return: 0, or -ENOMEM with nothing reserved.
 */
int vmop_plist_reserve_slots(struct vmop_plist *pl, const pgoff_t *at,
			     unsigned int nr)
{
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		ret = xa_insert(&pl->xa, at[i], NULL, VMOP_PLIST_GFP);
		if (ret == -ENOMEM)
			goto undo;
	}
	return 0;

undo:
	while (i--)
		xa_release(&pl->xa, at[i]);
	return ret;
}

/**
 * vmop_plist_init() - Make an empty list
 * @pl: List
 *
 * Nodes are charged to the memory cgroup that is active when they are made.
 */
void vmop_plist_init(struct vmop_plist *pl)
{
	xa_init_flags(&pl->xa, XA_FLAGS_ACCOUNT);
	pl->nr_dirty = 0;
	pl->reach = 0;
}

/**
 * vmop_plist_destroy() - Free the list's own memory
 * @pl: List that owns no page or reference any more (PL-4); nobody else uses it
 *
 * Markers and intervals go with it. The list is empty and usable afterwards.
 */
void vmop_plist_destroy(struct vmop_plist *pl)
{
	WARN_ON_ONCE(!vmop_plist_owns_nothing(pl));
	xa_destroy(&pl->xa);
}

/**
 * vmop_plist_lookup() - What is at a position (PL-10)
 * @pl: List; tree lock held, shared is enough
 * @pgoff: Position
 *
 * Return: The slot: EMPTY means a gap, the inside of an interval is ZERO.
 */
struct vmop_slot vmop_plist_lookup(struct vmop_plist *pl, pgoff_t pgoff)
{
	struct vmop_slot slot = vmop_plist_decode(xa_load(&pl->xa, pgoff));

	if (slot.kind == VMOP_SLOT_EMPTY && vmop_plist_in_interval(pl, pgoff))
		slot.kind = VMOP_SLOT_ZERO;
	return slot;
}

static int pgl_insert(struct vmop_plist *pl, pgoff_t pgoff, void *entry,
		      enum vmop_dirty_state state)
{
	struct vmop_interval iv;
	int ret;

	if (pgoff >= VMOP_PLIST_MAX_PAGES)
		return -ERANGE;
	if (pgl_is_owned(xa_load(&pl->xa, pgoff)))
		return -EEXIST;
	if (vmop_plist_find_interval(pl, pgoff, &iv))
		return vmop_plist_carve(pl, &iv, pgoff, pgoff + 1, entry,
					state);
	ret = vmop_plist_reserve_slots(pl, &pgoff, 1);
	if (ret)
		return ret;
	vmop_plist_put(pl, pgoff, entry, state);
	return 0;
}

/**
 * vmop_plist_insert_page() - Put a page over a gap, a marker or zeros
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 * @page: Page; the list owns it on success
 * @state: Its dirty state; UNTRACKED and CLEAN are stored alike
 *
 * In an interval the position is cut out (PL-13, PL-33); what is left keeps A as
 * WB-13 and WB-14 say. Cannot fail over a marker, a one-page interval or a
 * position that vmop_plist_reserve() has just prepared. May sleep.
 *
 * Return: 0; -EEXIST over a page or reference; -ERANGE at or beyond
 * VMOP_PLIST_MAX_PAGES; -ENOMEM. The list is unchanged on error.
 */
int vmop_plist_insert_page(struct vmop_plist *pl, pgoff_t pgoff,
			   struct vmop_page *page, enum vmop_dirty_state state)
{
	return pgl_insert(pl, pgoff, page, state);
}

/**
 * vmop_plist_insert_reference() - Put a reference over a gap, marker or zeros
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 * @reference: Its number, at most VMOP_PLIST_REFERENCE_MAX (PL-2); 0 is legal
 *
 * Return: As vmop_plist_insert_page(); -ERANGE also for a number too large.
 */
int vmop_plist_insert_reference(struct vmop_plist *pl, pgoff_t pgoff,
				u64 reference)
{
	if (reference > VMOP_PLIST_REFERENCE_MAX)
		return -ERANGE;
	return pgl_insert(pl, pgoff, pgl_mk_reference(reference),
			  VMOP_UNTRACKED);
}

/**
 * vmop_plist_insert_marker() - Put a marker, a clean zero page, into a gap
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 *
 * Return: 0; -EEXIST over anything, intervals included; -ERANGE at or beyond
 * VMOP_PLIST_MAX_PAGES; -ENOMEM. The list is unchanged on error.
 */
int vmop_plist_insert_marker(struct vmop_plist *pl, pgoff_t pgoff)
{
	struct vmop_slot marker = { .kind = VMOP_SLOT_MARKER };

	return vmop_plist_fill_gap(pl, pgoff, marker);
}

/**
 * vmop_plist_fill_gap() - Put anything into a gap
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 * @slot: Page, marker or reference; the list owns it on success, untracked
 *
 * Return: As vmop_plist_insert_marker(); -EINVAL for another kind; -ERANGE also
 * for a reference number too large.
 */
int vmop_plist_fill_gap(struct vmop_plist *pl, pgoff_t pgoff,
			struct vmop_slot slot)
{
	void *entry = vmop_plist_encode(slot);

	if (!entry)
		return slot.kind == VMOP_SLOT_REFERENCE ? -ERANGE : -EINVAL;
	if (vmop_plist_lookup(pl, pgoff).kind != VMOP_SLOT_EMPTY)
		return -EEXIST;
	return pgl_insert(pl, pgoff, entry, VMOP_UNTRACKED);
}

/**
 * vmop_plist_reserve() - Prepare a position so that filling it cannot fail
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 * @mode: What to do in an interval (PL-13)
 * @slot: Where the slot at the position goes, as it is afterwards
 * @in_interval: Set to whether the position lies in an interval
 *
 * Holds until the next change of the list. A position that was EMPTY and is not
 * filled is given back by vmop_plist_unreserve(), one that was carved out of an
 * interval by vmop_plist_return_slot(). May sleep.
 *
 * Return: 0; -ERANGE at or beyond VMOP_PLIST_MAX_PAGES; -EINVAL in an interval
 * with VMOP_RESERVE_NO_INTERVALS; -ENOMEM. The list is unchanged on error.
 */
int vmop_plist_reserve(struct vmop_plist *pl, pgoff_t pgoff,
		       enum vmop_plist_reserve_mode mode,
		       struct vmop_slot *slot, bool *in_interval)
{
	*slot = vmop_plist_lookup(pl, pgoff);
	*in_interval = slot->kind == VMOP_SLOT_ZERO;
	if (pgoff >= VMOP_PLIST_MAX_PAGES)
		return -ERANGE;
	if (slot->kind == VMOP_SLOT_EMPTY)
		return vmop_plist_reserve_slots(pl, &pgoff, 1);
	if (!*in_interval || mode == VMOP_RESERVE_CHECK_INTERVAL)
		return 0;
	if (WARN_ON_ONCE(mode == VMOP_RESERVE_NO_INTERVALS))
		return -EINVAL;
	return vmop_plist_populate_slots(pl, pgoff, pgoff + 1);
}

/**
 * vmop_plist_unreserve() - Give back a reserved position that stayed empty
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 *
 * What is left of PL-14. Nothing happens if the position was filled.
 */
void vmop_plist_unreserve(struct vmop_plist *pl, pgoff_t pgoff)
{
	xa_release(&pl->xa, pgoff);
}

/**
 * vmop_plist_remove() - Take out what is at a position (PL-16)
 * @pl: List; tree lock held exclusively
 * @pgoff: Position outside every interval
 *
 * The dirty state is lost. The caller owns what is returned.
 *
 * Return: What was there. In an interval (a caller's bug): ZERO, and nothing
 * was removed.
 */
struct vmop_slot vmop_plist_remove(struct vmop_plist *pl, pgoff_t pgoff)
{
	struct vmop_slot slot = vmop_plist_lookup(pl, pgoff);

	if (!WARN_ON_ONCE(slot.kind == VMOP_SLOT_ZERO))
		vmop_plist_erase(pl, pgoff);
	return slot;
}

/**
 * vmop_plist_remove_clean() - Take out a page unless somebody dirtied it
 * @pl: List; tree lock held exclusively
 * @pgoff: Position
 * @page: The page that must be there
 *
 * One step for vmop_plist_mark_dirty(), so a dirty page is never evicted (DT-2).
 *
 * Return: True if the page was there, neither Dirty nor AwaitingClean, and is
 * now the caller's.
 */
bool vmop_plist_remove_clean(struct vmop_plist *pl, pgoff_t pgoff,
			     const struct vmop_page *page)
{
	bool clean;

	xa_lock(&pl->xa);
	clean = xa_load(&pl->xa, pgoff) == page &&
		!xa_get_mark(&pl->xa, pgoff, PGL_MARK_DIRTY);
	if (clean)
		__xa_erase(&pl->xa, pgoff);
	xa_unlock(&pl->xa);
	return clean;
}

/**
 * vmop_plist_swap() - Exchange a page or reference in place (PL-5)
 * @pl: List; tree lock held exclusively
 * @pgoff: Position of a page or reference
 * @new: Page or reference; the list owns it on success
 * @old: Where the old content goes; the caller owns it on success
 *
 * The dirty state of the position stays. Share counts belong to the pages and
 * to the compressor: moving them from @old to @new is the caller's work.
 *
 * Return: 0; -ENOENT if there is no page or reference; -EINVAL if @new is
 * neither or its number is too large; -EBUSY for a reference over a page that is
 * Dirty or AwaitingClean. The list is unchanged on error.
 */
int vmop_plist_swap(struct vmop_plist *pl, pgoff_t pgoff,
		    struct vmop_slot new, struct vmop_slot *old)
{
	void *entry = vmop_plist_encode(new);
	void *curr;
	int ret = 0;

	if (!pgl_is_owned(entry))
		return -EINVAL;

	xa_lock(&pl->xa);
	curr = xa_load(&pl->xa, pgoff);
	if (!pgl_is_owned(curr))
		ret = -ENOENT;
	else if (new.kind == VMOP_SLOT_REFERENCE &&
		 xa_get_mark(&pl->xa, pgoff, PGL_MARK_DIRTY))
		ret = -EBUSY;
	else
		__xa_store(&pl->xa, pgoff, entry, 0);
	xa_unlock(&pl->xa);
	if (!ret)
		*old = vmop_plist_decode(curr);
	return ret;
}

/**
 * vmop_plist_is_empty() - Is nothing at any position (PL-24)
 * @pl: List; tree lock held, shared is enough
 *
 * Return: True without pages, markers, references and intervals.
 */
bool vmop_plist_is_empty(struct vmop_plist *pl)
{
	pgoff_t pgoff = 0;

	return !pgl_next(pl, &pgoff, VMOP_PLIST_MAX_PAGES);
}

/**
 * vmop_plist_owns_nothing() - Are there no pages and no references (PL-24)
 * @pl: List; tree lock held, shared is enough
 *
 * Return: True if the list may be destroyed.
 */
bool vmop_plist_owns_nothing(struct vmop_plist *pl)
{
	pgoff_t pgoff = 0;
	void *entry;

	for (; (entry = pgl_next(pl, &pgoff, VMOP_PLIST_MAX_PAGES)); pgoff++)
		if (pgl_is_owned(entry))
			return false;
	return true;
}

/**
 * vmop_plist_heap_bytes() - Memory of the list itself (PL-24)
 * @pl: List; tree lock held, shared is enough
 *
 * Counts the nodes that the entries need by walking all of them; nodes that are
 * kept for reserved positions are not counted.
 *
 * Return: Bytes.
 */
size_t vmop_plist_heap_bytes(struct vmop_plist *pl)
{
	pgoff_t pgoff = 0, prev;
	unsigned int shift;
	size_t nodes = 0;

	if (!pgl_next(pl, &pgoff, VMOP_PLIST_MAX_PAGES))
		return 0;
	prev = pgoff;
	while (pgl_next(pl, &pgoff, VMOP_PLIST_MAX_PAGES)) {
		/* One more node on each level whose part of pgoff changed. */
		for (shift = XA_CHUNK_SHIFT; pgoff >> shift != prev >> shift;
		     shift += XA_CHUNK_SHIFT)
			nodes++;
		prev = pgoff++;
	}
	/* And the first of each level, as many as the last position needs. */
	do {
		nodes++;
		prev >>= XA_CHUNK_SHIFT;
	} while (prev);
	return nodes * sizeof(struct xa_node);
}
