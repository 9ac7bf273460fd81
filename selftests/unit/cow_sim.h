/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow_sim.h - what the module does around cow*.c, for the tests: VMOs, faults, a
 * pager; and beside each VMO a flat array that predicts what it reads.
 *
 * Each function does one thing as the module does it, tells the prediction, and
 * returns 0 or an error. After -ENOMEM nothing has changed that a VMO shows,
 * unless it says so; sim_verify() finds out.
 *
 * A cell of the prediction is a value, or it follows a cell of another VMO: of
 * the one that a unidirectional clone hangs under. The pager's store is what the
 * root has written back last, so that an absent page is a value, too.
 */
#ifndef COW_SIM_H
#define COW_SIM_H

#include "cow_check.h"

#ifndef SIM_PAGES
#define SIM_PAGES	32	/* largest VMO */
#endif
#define SIM_VMOS	1200	/* of one family at a time */

/**
 * struct flat_page - a page of a prediction
 * @from: the prediction that it follows; NULL: it is a value
 * @at: page of @from
 * @cells: of it that count, the others being zeros
 * @cell: the value
 */
struct flat_page {
	struct flat *from;
	pgoff_t at;
	unsigned int cells;
	u32 cell[SHIM_CELLS];
};

/**
 * struct flat - what a VMO shows
 * @next: another one of the family; kept until the family ends, as VMOs may
 *        follow one that was closed
 * @nr_pages: size
 * @page: the pages
 */
struct flat {
	struct flat *next;
	pgoff_t nr_pages;
	struct flat_page page[SIM_PAGES];
};

/**
 * struct sim_vmo - a VMO
 * @fam: its family
 * @space: what it views
 * @id: its number in the family
 * @flat: what it shows
 * @base: what it would show after a reset, NULL for no clone
 */
struct sim_vmo {
	struct sim_family *fam;
	struct vmop_space *space;
	unsigned int id;
	struct flat *flat;
	struct flat *base;
};

/**
 * struct sim_family - VMOs that have a tree in common
 * @tree: the tree; the family has a reference
 * @root: the node with a source, or of a composed family, which has no VMO of
 *        its own; NULL when there is none any more
 * @root_flat: what it shows
 * @flats: all predictions
 * @vmo: VMOs that are open
 * @nr_vmos: how many
 * @next_id: number of the next one
 * @store: what the pager has
 * @pending: what it is writing to its store
 * @begun: it is doing so
 * @nomem: see struct cow_family
 */
struct sim_family {
	struct vmop_tree *tree;
	struct vmop_cow *root;
	struct flat *root_flat;
	struct flat *flats;
	struct sim_vmo *vmo[SIM_VMOS];
	unsigned int nr_vmos;
	unsigned int next_id;
	u32 store[SIM_PAGES][SHIM_CELLS];
	u32 pending[SIM_PAGES][SHIM_CELLS];
	bool begun[SIM_PAGES];
	bool nomem;
};

enum sim_kind {
	SIM_SNAPSHOT,
	SIM_AT_LEAST_ON_WRITE,
	SIM_MODIFIED,
};

/* The program's: ends the test. */
void sim_fail(const char *file, int line, const char *what)
	__attribute__((noreturn));

#define SIM_MUST(cond) \
	((cond) ? (void)0 : sim_fail(__FILE__, __LINE__, #cond))

static inline struct vmop_cow *sim_node(const struct sim_vmo *vmo)
{
	return vmo->space->node;
}

/* cow_flat.c: predictions */
struct flat *flat_new(struct sim_family *fam, pgoff_t nr_pages);
void flat_free_all(struct sim_family *fam);
void flat_read(const struct flat *flat, pgoff_t pgoff, u32 *cell);
struct flat_page *flat_own(struct flat *flat, pgoff_t pgoff);
void flat_write(struct flat *flat, pgoff_t pgoff, unsigned int i, u32 value);
void flat_zero(struct flat *flat, pgoff_t start, pgoff_t end);
void flat_resize(struct sim_family *fam, struct flat *flat, u64 old, u64 len);
void flat_copy(struct flat *to, const struct flat *from, pgoff_t offset);
void flat_follow(struct flat *to, struct flat *from, pgoff_t offset,
		 struct flat *target);

/* cow_sim.c: life and shape */
struct sim_family *sim_create(bool with_source, u64 len);
struct sim_family *sim_compose(pgoff_t nr_pages);
void sim_end(struct sim_family *fam);
int sim_clone(struct sim_vmo *vmo, enum sim_kind kind, pgoff_t offset,
	      pgoff_t nr_pages, bool keep_base, struct sim_vmo **clone);
void sim_close(struct sim_vmo *vmo);
int sim_reset(struct sim_vmo *vmo);

/* cow_sim_io.c: content */
int sim_write(struct sim_vmo *vmo, pgoff_t pgoff, unsigned int i, u32 value);
int sim_zero_cell(struct sim_vmo *vmo, pgoff_t pgoff, unsigned int i);
int sim_commit(struct sim_vmo *vmo, pgoff_t pgoff);
int sim_zero(struct sim_vmo *vmo, pgoff_t start, pgoff_t end);
int sim_resize(struct sim_vmo *vmo, u64 len, bool wait);
int sim_map(struct sim_vmo *vmo, pgoff_t pgoff, bool write);
void sim_unmap_all(struct sim_vmo *vmo);
bool sim_store(struct sim_vmo *vmo, pgoff_t pgoff, unsigned int i, u32 value);

/* cow_sim_pager.c: what a pager and reclaim do */
struct vmop_cow *sim_tracked(const struct sim_family *fam);
int sim_supply(struct sim_family *fam, pgoff_t pgoff, bool marker);
bool sim_evict(struct sim_family *fam, unsigned int nth);
int sim_make_dirty(struct sim_family *fam, pgoff_t start, pgoff_t end);
void sim_writeback_begin(struct sim_family *fam, pgoff_t start, pgoff_t end,
			 bool zero);
int sim_writeback_end(struct sim_family *fam, pgoff_t start, pgoff_t end);
void sim_drop_clean(struct sim_family *fam);

/* cow_sim_verify.c: is it as predicted? */
void sim_peek(struct sim_vmo *vmo, pgoff_t pgoff, u32 *cell);
void sim_verify_page(struct sim_vmo *vmo, pgoff_t pgoff);
void sim_verify(struct sim_family *fam, struct cow_counts *counts);

/* cow_sim_query.c: @pages: that VMOs see, see struct cow_counts */
void sim_verify_queries(struct sim_family *fam, unsigned long pages);

#endif /* COW_SIM_H */
