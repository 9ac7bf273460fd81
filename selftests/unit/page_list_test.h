/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page_list_test.h - what the page list tests share.
 *
 * Lists are built from and compared with text, one word per page, marker,
 * reference and interval, in ascending order:
 *
 *	3:p7	page number 7 at position 3, clean (p7d: Dirty, p7a: AwaitingClean)
 *	4:m	a marker		5:r9	reference number 9
 *	6-8:z	a Dirty interval	9:zA1	one of one page, with A = 1
 *	9-11:u	an Untracked interval
 *
 * BASE is a position far from 0: words after "B+" count from there.
 */
#ifndef PAGE_LIST_TEST_H
#define PAGE_LIST_TEST_H

#include "page_list_check.h"
#include "unit.h"

#define NR_TEST_PAGES	512
#define BASE		((pgoff_t)1 << 40)

extern struct vmop_page test_pages[NR_TEST_PAGES];
extern unsigned int nr_reserved;	/* in the list described last */
extern struct vmop_plist pl, other;	/* empty at the start of each test */

struct vmop_slot slot_page(unsigned int id);
struct vmop_slot slot_reference(u64 reference);
struct vmop_slot slot_marker(void);
void build(struct vmop_plist *list, const char *text);
const char *describe(struct vmop_plist *list);
const char *describe_slot(struct vmop_slot slot);
void expect_list(struct vmop_plist *list, const char *text, const char *file,
		 int line);
void expect_text(const char *is, const char *want, const char *file, int line);
void drop(struct vmop_plist *list);

#define LIST_IS(list, text)	expect_list(list, text, __FILE__, __LINE__)
#define SLOT_IS(slot, text) \
	expect_text(describe_slot(slot), text, __FILE__, __LINE__)

/* A log of callbacks: "12:p3 5-7" and so on; LOG_IS compares and empties it. */
void log_add(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *log_take(void);
#define LOG_IS(text) \
	expect_text(log_take(), text, __FILE__, __LINE__)

/* Callbacks that log, and answer what ctx says if it is not NULL. */
struct answer {
	pgoff_t at;	/* at this position */
	int ret;	/* answer this; VMOP_PLIST_NEXT at others */
};

int log_slot(void *ctx, pgoff_t pgoff, struct vmop_slot slot);
int log_gap(void *ctx, pgoff_t start, pgoff_t end);
int log_run(void *ctx, pgoff_t start, pgoff_t end, bool is_interval);
void log_free(void *ctx, pgoff_t pgoff, struct vmop_slot slot);
void forget(void *ctx, pgoff_t pgoff, struct vmop_slot slot);

/* The test wants this many warnings of the list by now. */
#define WARNINGS_ARE(n)							\
do {									\
	EXPECT_EQ(shim.warnings, n);					\
	shim.warnings = 0;						\
} while (0)

/*
 * Evaluates call, an int, failing its first allocation, then its second, and so
 * on until it gets all that it asks for: as long as it fails, the list must not
 * change, and nothing may stay reserved. nr_failed: how often it failed.
 */
#define FAIL_EACH(list, nr_failed, call)				\
({									\
	const char *before = describe(list);				\
	unsigned int sweep_reserved = nr_reserved;			\
	int sweep_ret;							\
									\
	(nr_failed) = 0;						\
	for (;;) {							\
		shim.fail_at = shim.allocs + (nr_failed) + 1;		\
		shim.failed = false;					\
		sweep_ret = (call);					\
		shim.fail_at = 0;					\
		if (!shim.failed)					\
			break;						\
		EXPECT_EQ(sweep_ret, -ENOMEM);				\
		LIST_IS(list, before);					\
		EXPECT_EQ(nr_reserved, sweep_reserved);			\
		/* A failed try may leave a node: start without. */	\
		drop(list);						\
		build(list, before);					\
		sweep_reserved = 0;					\
		(nr_failed)++;						\
	}								\
	free((void *)before);						\
	sweep_ret;							\
})

extern const struct unit_test core_tests[], walk_tests[], interval_tests[];
extern const struct unit_test dirty_tests[], trace_tests[], move_tests[];
extern const struct unit_test splice_tests[];

#endif /* PAGE_LIST_TEST_H */
