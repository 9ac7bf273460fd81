/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of a dirty-tracked VMO, its pager and its store, for
 * writeback_model.c. Plain arrays; each function does to the model what the
 * kernel must do to the VMO (semantics: B, D, E.1, E.2).
 *
 * A page has four cells of 1 KiB. Content is a version per cell: every write has
 * a version of its own, 0 is zeros. Offsets and lengths are in cells where they
 * are called cell, in pages where they are called page.
 */
#ifndef WBM_H
#define WBM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "vmop_util.h"

#define WBM_PAGES 24		/* the VMO never grows beyond */
#define WBM_CELLS 4		/* of a page */
#define WBM_ALL (WBM_PAGES * WBM_CELLS)

static inline unsigned int wbm_min(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static inline unsigned int wbm_max(unsigned int a, unsigned int b)
{
	return a > b ? a : b;
}

enum wbm_kind {
	WBM_ABSENT,
	WBM_CLEAN,
	WBM_DIRTY,
	WBM_AWAITING,
	WBM_MARKER,
	WBM_ZERO,		/* in a zero interval */
};

struct wbm_page {
	enum wbm_kind kind;
	__u32 cell[WBM_CELLS];	/* of pages; else 0 */
	bool writable;		/* a mapping may be stored to without a fault */
};

enum wbm_type {
	WBM_READ,
	WBM_GRANT,		/* a DIRTY request */
	WBM_CLEANING,		/* WRITEBACK, of fsync() */
	WBM_ROOM,		/* WRITEBACK, of a writer over the limit */
};

/* The one request that may be outstanding: one thread accesses the VMO. */
struct wbm_req {
	bool used;
	bool told;		/* there is a record: not of a detached VMO */
	enum wbm_type type;
	unsigned int page, nr;
	unsigned int pending;
	bool todo[WBM_PAGES];	/* CLEANING: what is pending */
	bool vague;		/* CLEANING: a part of it has failed */
	int status;		/* of the wait, when it is over */
	__u64 id;
};

/* What RESET forgets is unknown when a store needed no fault (STA-5). */
enum wbm_modified { WBM_NO, WBM_YES, WBM_MAYBE };

struct wbm {
	/* Constant. */
	bool trap;
	unsigned int limit;		/* dirty pages, 0: none */
	unsigned int max_request;	/* pages */

	struct wbm_page page[WBM_PAGES];
	unsigned int awaiting[WBM_PAGES];	/* A, where an interval starts */
	unsigned int len;		/* cells */
	unsigned int cut[WBM_PAGES];	/* cells that the pager decides about */
	bool detached;
	enum wbm_modified modified;
	__u64 nr_dirty_reqs, nr_writeback_reqs, nr_cleaned;
	struct wbm_req req;

	__u32 store[WBM_ALL];		/* what the pager has */
	__u32 truth[WBM_ALL];		/* what users must read */
	/* Set when something that users wrote is nowhere. */
	char lost[128];
};

enum wbm_what {
	WBM_PREAD, WBM_PWRITE, WBM_LOAD, WBM_STORE, WBM_ZEROING, WBM_COMMIT,
	WBM_PREFETCH, WBM_FSYNC, WBM_NR_WHATS,
};

/* An access of a user, and how far it has come. */
struct wbm_access {
	enum wbm_what what;
	unsigned int cell, nr;	/* the range */
	__u32 version;		/* for writes */

	unsigned int pos, left;
	unsigned int count;	/* what the call wants, as it saw that last */
	unsigned int until;	/* FSYNC: page that it waits for no more, as it saw first */
	bool in_page;
	bool over;
	long ret;		/* cells, or -errno; LOAD, STORE: 0 or -EFAULT */
	unsigned int fault_page;	/* of that -EFAULT */
	__u32 expect[WBM_ALL];	/* what reads read, by distance from cell */
};

/* wbm_model.c */
void wbm_init(struct wbm *m, unsigned int len);
unsigned int wbm_nr_pages(const struct wbm *m);
unsigned int wbm_count(const struct wbm *m, enum wbm_kind kind);
unsigned int wbm_nr_dirty(const struct wbm *m);
unsigned int wbm_interval_start(const struct wbm *m, unsigned int page);
unsigned int wbm_interval_end(const struct wbm *m, unsigned int page);
__u32 wbm_supplied(const struct wbm *m, unsigned int cell);
unsigned int wbm_query(const struct wbm *m, unsigned int page,
		       unsigned int end, struct vmop_dirty_range *ranges);
void wbm_verify(struct wbm *m);

void wbm_write_cells(struct wbm *m, unsigned int cell, unsigned int nr,
		     __u32 version);
void wbm_make_dirty(struct wbm *m, unsigned int page);
void wbm_fill_zero(struct wbm *m, unsigned int page, enum wbm_kind kind);
void wbm_zero_page(struct wbm *m, unsigned int page);
void wbm_answer(struct wbm *m, enum wbm_type type, unsigned int page,
		unsigned int end);
void wbm_finish(struct wbm *m, int status);

int wbm_supply(struct wbm *m, unsigned int page, unsigned int end, bool zeros);
int wbm_op_dirty(struct wbm *m, unsigned int page, unsigned int end);
int wbm_begin(struct wbm *m, unsigned int page, unsigned int end, bool zero);
int wbm_end(struct wbm *m, unsigned int page, unsigned int end);
int wbm_zero(struct wbm *m, unsigned int page, unsigned int end);
void wbm_resize(struct wbm *m, unsigned int len);
void wbm_evict(struct wbm *m);
void wbm_detach(struct wbm *m);
void wbm_fail(struct wbm *m, unsigned int page, unsigned int end,
	      unsigned int types, int err);

/* wbm_access.c */
void wbm_start(struct wbm_access *a);
void wbm_go_on(struct wbm *m, struct wbm_access *a);

/* wbm_content.c */
void wbm_fill(void *buf, unsigned int cell, unsigned int nr, __u32 version);
long wbm_differs(const void *buf, unsigned int cell, const __u32 *versions,
		 unsigned int nr);

#endif /* WBM_H */
