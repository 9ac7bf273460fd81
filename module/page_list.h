/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page list: what a VMO holds at each of its page positions.
 *
 * All positions (pgoff) and lengths are pages, all ranges are [start, end).
 * The contracts are with the functions, in page_list.c and its companions
 * page_list_walk.c, page_list_interval.c, page_list_dirty.c, page_list_move.c,
 * page_list_splice.c.
 *
 * Locks: the caller holds the tree lock, exclusively for every function that
 * changes a list, shared for the others. vmop_plist_mark_dirty() alone may be
 * called with no tree lock (it runs under a PTE lock). The XArray's own lock
 * orders changes against it and is never held over a callback.
 *
 * Callbacks may sleep. They may change the state of the position that they are
 * called for, swap its content or remove it, and nothing else of the list.
 */
#ifndef _VMOP_PAGE_LIST_H
#define _VMOP_PAGE_LIST_H

#include "page_list_deps.h"

struct vmop_page;

/* Positions at or beyond this one do not exist: byte offsets end at S64_MAX. */
#define VMOP_PLIST_MAX_PAGES	((pgoff_t)1 << (63 - PAGE_SHIFT))

/* What a callback answers: go on, stop with success, or a negative errno. */
#define VMOP_PLIST_NEXT		0
#define VMOP_PLIST_STOP		1
/* Only for vmop_plist_remove_pages(), may be combined with VMOP_PLIST_STOP. */
#define VMOP_PLIST_REMOVE	2

/**
 * enum vmop_dirty_state - Dirty state of a page or of a zero interval
 * @VMOP_UNTRACKED: Nobody tracks it (a page: stored like VMOP_CLEAN)
 * @VMOP_CLEAN: Same content as the pager has; pages only
 * @VMOP_DIRTY: Content that the pager does not have yet
 * @VMOP_AWAITING_CLEAN: Dirty, and the pager is writing it back; pages only,
 *	an interval has a length instead (&struct vmop_interval)
 */
enum vmop_dirty_state {
	VMOP_UNTRACKED,
	VMOP_CLEAN,
	VMOP_DIRTY,
	VMOP_AWAITING_CLEAN,
};

/**
 * enum vmop_slot_kind - What is at one position
 * @VMOP_SLOT_EMPTY: A gap: nothing, and not inside an interval
 * @VMOP_SLOT_PAGE: A page
 * @VMOP_SLOT_MARKER: An explicit clean zero page without memory
 * @VMOP_SLOT_REFERENCE: A compressed page
 * @VMOP_SLOT_ZERO: Part of a zero interval, first, last or between
 */
enum vmop_slot_kind {
	VMOP_SLOT_EMPTY,
	VMOP_SLOT_PAGE,
	VMOP_SLOT_MARKER,
	VMOP_SLOT_REFERENCE,
	VMOP_SLOT_ZERO,
};

/**
 * struct vmop_slot - Value of one position
 * @kind: Which of the following is valid
 * @page: For VMOP_SLOT_PAGE
 * @reference: For VMOP_SLOT_REFERENCE; at most VMOP_PLIST_REFERENCE_MAX
 *
 * Plain value, owns nothing: who removed the slot from a list owns its content.
 */
struct vmop_slot {
	enum vmop_slot_kind kind;
	union {
		struct vmop_page *page;
		u64 reference;
	};
};

/* A reference shares its word with type bits. */
#define VMOP_PLIST_REFERENCE_MAX	((1ULL << 60) - 1)

/**
 * struct vmop_interval - A run of zero pages without memory
 * @start: First page
 * @end: Page after the last
 * @state: VMOP_DIRTY, or VMOP_UNTRACKED where nothing is tracked
 * @awaiting: "A": pages from @start that the pager is writing back; may be
 *	longer than the interval (WB-13, WB-19); 0 unless @state is VMOP_DIRTY
 */
struct vmop_interval {
	pgoff_t start;
	pgoff_t end;
	enum vmop_dirty_state state;
	pgoff_t awaiting;
};

/**
 * struct vmop_dirty_run - One range of a dirty query (QRY-2, QRY-3)
 * @start: First page
 * @end: Page after the last
 * @zero: The range is (part of) a dirty zero interval
 */
struct vmop_dirty_run {
	pgoff_t start;
	pgoff_t end;
	bool zero;
};

/**
 * struct vmop_plist - A page list
 * @xa: One entry per page, marker, reference and interval sentinel. Guarded by
 *	the tree lock; its own lock makes each change one step for
 *	vmop_plist_mark_dirty().
 * @nr_dirty: Pages that are Dirty or AwaitingClean. Written under the XArray's
 *	lock, read without.
 * @reach: No A that is longer than its interval reaches beyond this page. Guarded
 *	by the tree lock.
 */
struct vmop_plist {
	struct xarray xa;
	unsigned long nr_dirty;
	pgoff_t reach;
};

/**
 * struct vmop_splice - Content of a range on its way between two lists (PL-38)
 * @list: What was appended, keyed by distance from the range's start
 * @pages: Or a borrowed array with one page per position
 * @nr_pages: Length of the range
 * @fill: Positions appended so far; of no interest when finalized
 * @pos: Positions popped so far
 * @finalized: No more appending
 *
 * Private to one thread; no lock.
 */
struct vmop_splice {
	struct vmop_plist list;
	struct vmop_page **pages;
	pgoff_t nr_pages;
	pgoff_t fill;
	pgoff_t pos;
	bool finalized;
};

/**
 * struct vmop_plist_cursor - A walk over adjacent positions (PL-12)
 * @pl: The list
 * @pgoff: Where the walk is
 */
struct vmop_plist_cursor {
	struct vmop_plist *pl;
	pgoff_t pgoff;
};

/**
 * enum vmop_plist_reserve_mode - What vmop_plist_reserve() does in an interval
 * @VMOP_RESERVE_NO_INTERVALS: The caller knows that there is none
 * @VMOP_RESERVE_CHECK_INTERVAL: Only say so
 * @VMOP_RESERVE_SPLIT_INTERVAL: Carve the position out as an interval of its own
 */
enum vmop_plist_reserve_mode {
	VMOP_RESERVE_NO_INTERVALS,
	VMOP_RESERVE_CHECK_INTERVAL,
	VMOP_RESERVE_SPLIT_INTERVAL,
};

typedef int (*vmop_plist_slot_fn)(void *ctx, pgoff_t pgoff,
				  struct vmop_slot slot);
typedef int (*vmop_plist_gap_fn)(void *ctx, pgoff_t start, pgoff_t end);
typedef int (*vmop_plist_run_fn)(void *ctx, pgoff_t start, pgoff_t end,
				 bool is_interval);
typedef bool (*vmop_plist_match_fn)(void *ctx, pgoff_t pgoff,
				    struct vmop_slot slot);
typedef void (*vmop_plist_free_fn)(void *ctx, pgoff_t pgoff,
				   struct vmop_slot slot);
typedef bool (*vmop_plist_page_fn)(void *ctx, pgoff_t pgoff,
				   struct vmop_page *page);

/* page_list.c: single positions */
void vmop_plist_init(struct vmop_plist *pl);
void vmop_plist_destroy(struct vmop_plist *pl);
struct vmop_slot vmop_plist_lookup(struct vmop_plist *pl, pgoff_t pgoff);
int vmop_plist_insert_page(struct vmop_plist *pl, pgoff_t pgoff,
			   struct vmop_page *page, enum vmop_dirty_state state);
int vmop_plist_insert_reference(struct vmop_plist *pl, pgoff_t pgoff,
				u64 reference);
int vmop_plist_insert_marker(struct vmop_plist *pl, pgoff_t pgoff);
int vmop_plist_reserve(struct vmop_plist *pl, pgoff_t pgoff,
		       enum vmop_plist_reserve_mode mode,
		       struct vmop_slot *slot, bool *in_interval);
void vmop_plist_unreserve(struct vmop_plist *pl, pgoff_t pgoff);
struct vmop_slot vmop_plist_remove(struct vmop_plist *pl, pgoff_t pgoff);
bool vmop_plist_remove_clean(struct vmop_plist *pl, pgoff_t pgoff,
			     const struct vmop_page *page);
int vmop_plist_swap(struct vmop_plist *pl, pgoff_t pgoff,
		    struct vmop_slot new, struct vmop_slot *old);
bool vmop_plist_is_empty(struct vmop_plist *pl);
bool vmop_plist_owns_nothing(struct vmop_plist *pl);
size_t vmop_plist_heap_bytes(struct vmop_plist *pl);

/* page_list_walk.c: searching and iterating */
pgoff_t vmop_plist_next_content(struct vmop_plist *pl, pgoff_t start,
				pgoff_t end);
pgoff_t vmop_plist_next_gap(struct vmop_plist *pl, pgoff_t start, pgoff_t end);
struct vmop_page *vmop_plist_next_page(struct vmop_plist *pl, pgoff_t *pgoff,
				       pgoff_t end);
bool vmop_plist_any_in_range(struct vmop_plist *pl, pgoff_t start, pgoff_t end);
int vmop_plist_for_each(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			vmop_plist_slot_fn fn, void *ctx);
int vmop_plist_walk_gaps(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			 vmop_plist_slot_fn page_fn,
			 vmop_plist_gap_fn gap_fn, void *ctx);
int vmop_plist_walk_runs(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			 vmop_plist_match_fn match,
			 vmop_plist_slot_fn page_fn,
			 vmop_plist_run_fn run_fn, void *ctx);
void vmop_plist_cursor_init(struct vmop_plist_cursor *cur,
			    struct vmop_plist *pl, pgoff_t pgoff);
struct vmop_slot vmop_plist_cursor_slot(struct vmop_plist_cursor *cur);
struct vmop_slot vmop_plist_cursor_step(struct vmop_plist_cursor *cur);
int vmop_plist_cursor_for_each(struct vmop_plist_cursor *cur,
			       vmop_plist_slot_fn fn, void *ctx);

/* page_list_interval.c: zero intervals */
bool vmop_plist_find_interval(struct vmop_plist *pl, pgoff_t pgoff,
			      struct vmop_interval *iv);
bool vmop_plist_in_interval(struct vmop_plist *pl, pgoff_t pgoff);
pgoff_t vmop_plist_interval_awaiting(struct vmop_plist *pl, pgoff_t start);
void vmop_plist_set_interval_awaiting(struct vmop_plist *pl, pgoff_t start,
				      pgoff_t awaiting);
int vmop_plist_add_zero_interval(struct vmop_plist *pl, pgoff_t start,
				 pgoff_t end, enum vmop_dirty_state state);
int vmop_plist_populate_slots(struct vmop_plist *pl, pgoff_t start,
			      pgoff_t end);
void vmop_plist_return_slot(struct vmop_plist *pl, pgoff_t pgoff);
int vmop_plist_clip_interval_start(struct vmop_plist *pl, pgoff_t start,
				   pgoff_t nr_pages);
int vmop_plist_clip_interval_end(struct vmop_plist *pl, pgoff_t last,
				 pgoff_t nr_pages);
struct vmop_page *
vmop_plist_replace_page_with_zero(struct vmop_plist *pl, pgoff_t pgoff,
				  enum vmop_dirty_state state);
int vmop_plist_overwrite_zero_interval(struct vmop_plist *pl, pgoff_t start,
				       pgoff_t end,
				       enum vmop_dirty_state state);

/* page_list_dirty.c: dirty state and writeback */
enum vmop_dirty_state vmop_plist_page_state(struct vmop_plist *pl,
					    pgoff_t pgoff);
void vmop_plist_set_page_state(struct vmop_plist *pl, pgoff_t pgoff,
			       enum vmop_dirty_state state);
bool vmop_plist_change_page_state(struct vmop_plist *pl, pgoff_t pgoff,
				  enum vmop_dirty_state from,
				  enum vmop_dirty_state to);
bool vmop_plist_mark_dirty(struct vmop_plist *pl, pgoff_t pgoff,
			   const struct vmop_page *page);
unsigned long vmop_plist_nr_dirty(struct vmop_plist *pl, pgoff_t start,
				  pgoff_t end);
unsigned long vmop_plist_nr_awaiting(struct vmop_plist *pl, pgoff_t start,
				     pgoff_t end);
bool vmop_plist_first_dirty(struct vmop_plist *pl, pgoff_t *pgoff,
			    pgoff_t end);
unsigned long vmop_plist_nr_dirty_all(const struct vmop_plist *pl);
bool vmop_plist_next_dirty(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			   struct vmop_dirty_run *run);
void vmop_plist_writeback_begin(struct vmop_plist *pl, pgoff_t start,
				pgoff_t end, vmop_plist_page_fn may_clean,
				void *ctx);
void vmop_plist_new_zeros(struct vmop_plist *pl, pgoff_t start);
int vmop_plist_writeback_end(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			     vmop_plist_slot_fn cleaned,
			     vmop_plist_gap_fn emptied, void *ctx);

/* page_list_move.c: removing ranges, moving content between lists */
int vmop_plist_clear_range(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			   vmop_plist_free_fn free, void *ctx);
void vmop_plist_clear_all(struct vmop_plist *pl, vmop_plist_free_fn free,
			  void *ctx);
int vmop_plist_remove_pages(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
			    vmop_plist_slot_fn fn, vmop_plist_gap_fn gap_fn,
			    vmop_plist_free_fn free, void *ctx);
int vmop_plist_merge_from(struct vmop_plist *pl, struct vmop_plist *other,
			  pgoff_t start, pgoff_t end,
			  vmop_plist_free_fn release,
			  vmop_plist_match_fn migrate, void *ctx);
int vmop_plist_merge_onto(struct vmop_plist *pl, struct vmop_plist *other,
			  vmop_plist_free_fn release, void *ctx);
int vmop_plist_merge_range_onto(struct vmop_plist *pl, pgoff_t start,
				pgoff_t end, struct vmop_plist *other,
				pgoff_t target, vmop_plist_free_fn release,
				void *ctx);

/* page_list_splice.c: the list in between */
int vmop_plist_take(struct vmop_plist *pl, pgoff_t start, pgoff_t end,
		    struct vmop_splice *sp);
void vmop_splice_init(struct vmop_splice *sp, pgoff_t nr_pages);
void vmop_splice_init_pages(struct vmop_splice *sp, struct vmop_page **pages,
			    pgoff_t nr_pages);
int vmop_splice_append(struct vmop_splice *sp, struct vmop_slot slot);
int vmop_splice_finalize(struct vmop_splice *sp);
int vmop_splice_pop(struct vmop_splice *sp, struct vmop_slot *slot);
bool vmop_splice_peek_reference(struct vmop_splice *sp, u64 *reference);
int vmop_splice_swap_head(struct vmop_splice *sp, struct vmop_page *page);
bool vmop_splice_is_processed(const struct vmop_splice *sp);
void vmop_splice_free_all(struct vmop_splice *sp, vmop_plist_free_fn free,
			  void *ctx);
void vmop_splice_give_back(struct vmop_splice *sp, struct vmop_plist *pl,
			   pgoff_t start, vmop_plist_free_fn free, void *ctx);

#endif /* _VMOP_PAGE_LIST_H */
