/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page_list_check.h - look at a page list from below, not through its functions.
 */
#ifndef PAGE_LIST_CHECK_H
#define PAGE_LIST_CHECK_H

#include "page_list.h"

/* What the tests take for pages, if they know no better. */
#ifndef VMOP_PAGE_H
struct vmop_page {
	unsigned int id;
	bool owned;	/* by a list of the test */
	bool dirtied;	/* vmop_plist_mark_dirty() said so */
};
#endif

/* One position, as the list's entries describe it. */
struct plist_cell {
	enum vmop_slot_kind kind;
	enum vmop_dirty_state state;	/* of pages and zeros */
	unsigned long content;		/* page address or reference number */
	pgoff_t awaiting;		/* A, on the first page of an interval */
};

/*
 * Checks every invariant of PL-9 and PL-3 and that marks agree with states.
 * Returns NULL, or what is wrong; *reserved: how many positions are reserved and
 * empty.
 */
const char *vmop_plist_check(struct vmop_plist *pl, unsigned int *reserved);

/* Fills nr cells from position base on; the list has been checked. */
void plist_cells(struct vmop_plist *pl, pgoff_t base, unsigned int nr,
		 struct plist_cell *cells);

#endif /* PAGE_LIST_CHECK_H */
