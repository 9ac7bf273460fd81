/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dirty state and writeback as the semantics write them, for the tests of both.
 */
#ifndef PAGE_LIST_TEST_DIRTY_H
#define PAGE_LIST_TEST_DIRTY_H

#include "page_list_test.h"

/* WB_BEGIN and WB_END with ranges as the semantics write them. */
static pgoff_t pinned = ULONG_MAX;

static inline bool not_pinned(void *ctx, pgoff_t pgoff, struct vmop_page *page)
{
	might_sleep();
	EXPECT(vmop_plist_lookup(&pl, pgoff).page == page);
	return pgoff != pinned;
}

static inline void begin(pgoff_t start, pgoff_t nr)
{
	vmop_plist_writeback_begin(&pl, start, start + nr, not_pinned, NULL);
}

static inline void begin_zero(pgoff_t start, pgoff_t nr)
{
	vmop_plist_writeback_begin(&pl, start, start + nr, NULL, NULL);
}

static inline void end(pgoff_t start, pgoff_t nr)
{
	EXPECT_EQ(vmop_plist_writeback_end(&pl, start, start + nr, NULL, NULL,
					   NULL), 0);
}

static inline void write_page(pgoff_t at)
{
	EXPECT_EQ(vmop_plist_insert_page(&pl, at, &test_pages[at], VMOP_DIRTY),
		  0);
}

/* The whole query, as the semantics write it, into the log. */
static inline void query(pgoff_t start, pgoff_t stop)
{
	struct vmop_dirty_run run;

	while (vmop_plist_next_dirty(&pl, start, stop, &run)) {
		EXPECT(run.start >= start && run.start < run.end);
		log_add("{%lu,%lu%s}", run.start, run.end - run.start,
			run.zero ? ",Z" : "");
		start = run.end;
	}
}

static inline enum vmop_dirty_state state(pgoff_t at)
{
	return vmop_plist_page_state(&pl, at);
}

#endif /* PAGE_LIST_TEST_DIRTY_H */
