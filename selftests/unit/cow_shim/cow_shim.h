/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow_shim.h - memory and mappings as the copy-on-write tests have them.
 */
#ifndef VMOP_COW_SHIM_H
#define VMOP_COW_SHIM_H

/*
 * A page is a few cells, each a number that stands for its bytes: 0 for zeros.
 * Whatever cuts a page does so between two cells.
 */
#define SHIM_CELLS		4
#define SHIM_CELL_BYTES		(PAGE_SIZE / SHIM_CELLS)

/* Positions of a space that can be mapped: [0, SHIM_PTES). */
#define SHIM_PTES		64

struct mem_cgroup;

struct folio {
	u32 cell[SHIM_CELLS];
	struct address_space *mapping;
	unsigned long index;
	void *private;
	unsigned int nr_mapped;
	bool locked;
	unsigned long seen;		/* cow_check() has found a viewer */
};

/* @dirty: as hardware sets it at a store; known when the page is unmapped. */
struct shim_pte {
	struct folio *folio;
	bool write;
	bool dirty;
};

/* What is mapped of a space. */
struct address_space {
	struct shim_pte pte[SHIM_PTES];
	unsigned int nr_mapped;
	struct list_head all;		/* in shim_mappings */
};

/* What is alive; all 0 in the end, but for the last two, which count. */
struct cow_shim {
	unsigned long objects;		/* kzalloc() and spaces */
	unsigned long pages;
	unsigned int folio_locks;	/* held */
	unsigned int tree_locks;	/* held */
	unsigned long zaps;		/* unmap_mapping_pages() */
	unsigned long copies;		/* vmop_page_copy() */
};

extern struct cow_shim cow_shim;
extern struct list_head shim_lru;	/* what memory pressure may take */
extern struct list_head shim_mappings;	/* of all spaces */

/* A fault maps a folio in place of what was mapped; NULL: nothing any more. */
void shim_map(struct address_space *mapping, pgoff_t pgoff,
	      struct folio *folio, bool write);

/* What map.c and the inline functions of page.h need. */
void folio_lock(struct folio *folio);
void folio_unlock(struct folio *folio);
void folio_mkclean(struct folio *folio);
void unmap_mapping_pages(struct address_space *mapping, pgoff_t start,
			 pgoff_t nr, bool even_cows);
struct page *shim_alloc_page(void);
void folio_put(struct folio *folio);

/* The first page of a folio, which is all that there is of one. */
struct page {
	struct folio folio;
};

static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	return memcg;
}

#define folio_mapped(f)		((f)->nr_mapped != 0)
#define GFP_HIGHUSER		GFP_KERNEL
#define __GFP_ZERO		0x20u
#define alloc_page(gfp)		shim_alloc_page()
#define page_folio(p)		(&(p)->folio)
#define __free_page(p)		folio_put(page_folio(p))
#define __SetPageUptodate(p)	((void)(p))

/* One thread: nobody else has changed it. */
#define cmpxchg(p, old, new) \
	(shim_must(*(p) == (old)), *(p) = (new), false)

#endif /* VMOP_COW_SHIM_H */
