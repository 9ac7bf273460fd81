/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page_list_model.h - random operations on two page lists and on flat arrays that
 * say what the lists must hold.
 *
 * The arrays are the model: one cell per position, an interval is a maximal run
 * of VMOP_SLOT_ZERO cells of one state with its A in the first of them. Every
 * operation is tried with each of its allocations failing in turn before it is
 * let through; after every try and every step both lists are compared with the
 * model, cell by cell, and checked from below.
 */
#ifndef PAGE_LIST_MODEL_H
#define PAGE_LIST_MODEL_H

#include "page_list_check.h"

#define NR_CELLS	(XA_CHUNK_SHIFT == 2 ? 40 : 100)
#define MAX_CELLS	100
#define NR_EVENTS	1024

/* A list and what it must hold. */
struct model {
	struct vmop_plist pl;
	struct plist_cell cell[MAX_CELLS];
	unsigned int reserved;	/* positions left over from earlier steps */
};

/* A callback that was made, or that the model wants to be made. */
struct event {
	char type;
	pgoff_t a, b;
	unsigned long c;
};

struct events {
	unsigned int nr;
	struct event event[NR_EVENTS];
};

extern struct model with_zero;	/* a pager's root: has intervals */
extern struct model without;	/* any other: has none */
extern pgoff_t base;		/* position of cell 0 */
extern struct events got, want;
extern bool both;		/* this step may change both lists */

unsigned long rnd(unsigned long below);
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void model_fail(const char *file, int line, const char *what)
	__attribute__((noreturn));
void verify(struct model *m, bool failed);
void event(struct events *log, char type, pgoff_t a, pgoff_t b,
	   unsigned long c);
void expect_events(void);

struct vmop_page *page_get(void);
void page_put(struct vmop_page *page);

/* A callback's random but repeatable opinion on a position. */
bool opinion(pgoff_t pgoff);
void opinion_new(void);

/* Model helpers; positions are indexes of cells. */
bool cell_owned(const struct plist_cell *cell);
struct vmop_slot cell_slot(const struct plist_cell *cell);
void cell_empty(struct plist_cell *cell);
void zero_run(const struct model *m, unsigned int at, unsigned int *start,
	      unsigned int *end);
bool zero_first(const struct model *m, unsigned int at);
unsigned int random_range(unsigned int *end);

/* Callbacks that record what they get. */
void got_free(void *ctx, pgoff_t pgoff, struct vmop_slot slot);
void want_free(unsigned int at, const struct plist_cell *cell);

#define CHECK(cond)							\
do {									\
	if (!(cond))							\
		model_fail(__FILE__, __LINE__, #cond);			\
} while (0)

/*
 * Fails each allocation of call, which changes m, in turn; then returns what it
 * returns.
 */
#define TRY(m, call)							\
({									\
	int try_ret;							\
	unsigned long try_nth = 0;					\
									\
	for (;;) {							\
		shim.fail_at = shim.allocs + ++try_nth;			\
		shim.failed = false;					\
		try_ret = (call);					\
		shim.fail_at = 0;					\
		if (!shim.failed)					\
			break;						\
		CHECK(try_ret == -ENOMEM);				\
		CHECK(!got.nr);						\
		verify(m, true);						\
	}								\
	try_ret;							\
})

/* Operations: each does one random step on a list and on its model. */
typedef void (*model_op)(struct model *m);
extern const model_op point_ops[], zero_ops[], move_ops[];
void check_queries(struct model *m);

#endif /* PAGE_LIST_MODEL_H */
