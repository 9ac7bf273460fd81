// SPDX-License-Identifier: GPL-2.0
/*
 * The invariants of a page list.
 *
 * Reads the XArray entry by entry, reserved positions included.
 */
#include "page_list_check.h"
#include "page_list_internal.h"

struct walk {
	bool open;		/* a Start was seen, its End was not */
	pgoff_t start;		/* of the last interval */
	enum vmop_dirty_state state;
	bool any;		/* there has been an interval */
	pgoff_t end;		/* page after it */
	pgoff_t awaiting;	/* its A */
	pgoff_t reach;		/* how far an A reached that was longer */
};

static void end_at(struct walk *w, pgoff_t end)
{
	w->end = end;
	if (w->awaiting > end - w->start)
		w->reach = max(w->reach, w->start + w->awaiting);
}

static const char *check_marks(bool dirty, bool awaiting, bool want_dirty,
			       bool want_awaiting)
{
	if (dirty != want_dirty)
		return "dirty mark does not agree with the state";
	if (awaiting != want_awaiting)
		return "awaiting mark does not agree with the state";
	return NULL;
}

static const char *check_first(struct walk *w, pgoff_t at, const void *entry,
			       bool dirty, bool awaiting)
{
	enum vmop_dirty_state state = pgl_sentinel_state(entry);

	if (w->open)
		return "an interval begins inside another";
	if (w->any && w->end == at && w->state == state)
		return "two intervals of one state touch";
	if (state != VMOP_DIRTY && pgl_sentinel_amount(entry))
		return "A without VMOP_DIRTY";
	w->open = pgl_is_sentinel(entry, PGL_START);
	w->any = true;
	w->start = at;
	w->awaiting = pgl_sentinel_amount(entry);
	w->state = state;
	if (!w->open)
		end_at(w, at + 1);
	return check_marks(dirty, awaiting, state == VMOP_DIRTY,
			   pgl_sentinel_amount(entry) != 0);
}

static const char *check_end(struct walk *w, pgoff_t at, const void *entry,
			     bool dirty, bool awaiting)
{
	if (!w->open)
		return "an End without its Start";
	if (pgl_sentinel_state(entry) != w->state)
		return "Start and End differ in state";
	if (pgl_sentinel_amount(entry) != at - w->start)
		return "End has a wrong distance";
	w->open = false;
	end_at(w, at + 1);
	return check_marks(dirty, awaiting, false, false);
}

static const char *check_value(struct walk *w, pgoff_t at, const void *entry,
			       bool dirty, bool awaiting)
{
	enum vmop_dirty_state state;

	if (!pgl_is_interval(entry)) {
		if (!pgl_has_type(entry, PGL_MARKER) &&
		    !pgl_has_type(entry, PGL_REFERENCE))
			return "a value of no known type";
		if (w->open)
			return "content between Start and End";
		return check_marks(dirty, awaiting, false, false);
	}
	state = pgl_sentinel_state(entry);
	if (state != VMOP_DIRTY && state != VMOP_UNTRACKED)
		return "an interval with a state of pages";
	if (pgl_is_sentinel(entry, PGL_END))
		return check_end(w, at, entry, dirty, awaiting);
	if (!pgl_is_sentinel(entry, PGL_START) &&
	    !pgl_is_sentinel(entry, PGL_SLOT))
		return "a sentinel of no known kind";
	return check_first(w, at, entry, dirty, awaiting);
}

const char *vmop_plist_check(struct vmop_plist *pl, unsigned int *reserved)
{
	XA_STATE(xas, &pl->xa, 0);
	unsigned long nr_dirty = 0;
	struct walk w = { 0 };
	const char *wrong = NULL;
	void *entry;

	*reserved = 0;
	xas_lock(&xas);
	xas_for_each(&xas, entry, ULONG_MAX) {
		bool dirty = xas_get_mark(&xas, PGL_MARK_DIRTY);
		bool awaiting = xas_get_mark(&xas, PGL_MARK_AWAITING);

		*reserved += xa_is_zero(entry);
		nr_dirty += dirty && pgl_is_page(entry);
		if (xas.xa_index >= VMOP_PLIST_MAX_PAGES)
			wrong = "an entry beyond the last position";
		else if (xa_is_value(entry))
			wrong = check_value(&w, xas.xa_index, entry, dirty,
					    awaiting);
		else if (xa_is_zero(entry))
			wrong = check_marks(dirty, awaiting, false, false);
		else if (w.open)
			wrong = "a page between Start and End";
		else if (awaiting && !dirty)
			wrong = "a page that is awaiting clean but not dirty";
		if (wrong)
			break;
	}
	if (!wrong && w.open)
		wrong = "a Start without its End";
	if (!wrong && nr_dirty != vmop_plist_nr_dirty_all(pl))
		wrong = "a wrong count of dirty pages";
	if (!wrong && w.reach > pl->reach)
		wrong = "an A that reaches further than the list knows";
	xas_unlock(&xas);
	return wrong;
}

void plist_cells(struct vmop_plist *pl, pgoff_t base, unsigned int nr,
		 struct plist_cell *cells)
{
	XA_STATE(xas, &pl->xa, base);
	struct plist_cell *cell;
	unsigned int i, from;
	void *entry;

	memset(cells, 0, nr * sizeof(*cells));
	xas_lock(&xas);
	xas_for_each(&xas, entry, base + nr - 1) {
		cell = &cells[xas.xa_index - base];
		if (xa_is_zero(entry))
			continue;
		if (!xa_is_value(entry)) {
			cell->kind = VMOP_SLOT_PAGE;
			cell->content = (unsigned long)entry;
			cell->state = VMOP_CLEAN;
			if (xas_get_mark(&xas, PGL_MARK_DIRTY))
				cell->state = VMOP_DIRTY;
			if (xas_get_mark(&xas, PGL_MARK_AWAITING))
				cell->state = VMOP_AWAITING_CLEAN;
		} else if (pgl_is_sentinel(entry, PGL_END)) {
			from = xas.xa_index - base -
			       pgl_sentinel_amount(entry) + 1;
			for (i = from; i <= xas.xa_index - base; i++) {
				cells[i].kind = VMOP_SLOT_ZERO;
				cells[i].state = pgl_sentinel_state(entry);
			}
		} else if (pgl_is_interval(entry)) {
			cell->kind = VMOP_SLOT_ZERO;
			cell->state = pgl_sentinel_state(entry);
			cell->awaiting = pgl_sentinel_amount(entry);
		} else if (pgl_has_type(entry, PGL_MARKER)) {
			cell->kind = VMOP_SLOT_MARKER;
		} else {
			cell->kind = VMOP_SLOT_REFERENCE;
			cell->content = xa_to_value(entry) >>
					PGL_REFERENCE_SHIFT;
		}
	}
	xas_unlock(&xas);
}
