/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow.h - nodes: a page list, where its content comes from, and its size.
 */
#ifndef VMOP_COW_H
#define VMOP_COW_H

#include "page_list.h"
#include "page_list_deps.h"

#include <linux/kref.h>
#include <linux/rwsem.h>

struct address_space;
struct vmop_source;

/**
 * struct vmop_tree - what all nodes of a family share
 * @lock: the tree lock; see struct vmop_cow
 * @ref: one for each node, one for each running eviction
 *
 * Locking order, outermost first:
 *
 *	mmap_lock
 *	  tree->lock		shared: look up, read, write owned pages
 *				exclusive: change a page list or a size
 *	    folio lock
 *	      i_mmap_rwsem, PTE lock
 *	      XArray lock, source lock -> port lock, lru lock (leaves)
 *
 * The tree lock is never nested with that of another tree, and not held over a
 * wait for a pager, the allocation of a page or a copy to or from user space,
 * except for a copy with page faults disabled. From below it is only tried.
 */
struct vmop_tree {
	struct rw_semaphore lock;
	struct kref ref;
};

/* No position has a clamp. */
#define VMOP_NO_CLAMP ((pgoff_t)-1)

/**
 * struct vmop_cow - a node: the content of a VMO
 * @tree: immutable
 * @pages: what is where; tree lock
 * @source: who supplies absent content, NULL: nobody, it is zero; immutable
 * @mapping: every user mapping of this node is found here; immutable
 * @len: size in bytes; changed under the exclusive tree lock
 * @nr_pages: size in pages, the last one counted whole; as @len
 * @clamp_pgoff: page whose bytes from @clamp_len on are zero whatever its pager
 *               supplies, because the VMO once ended there; VMOP_NO_CLAMP for
 *               none. Set under the exclusive tree lock, cleared under the
 *               folio lock of that page
 * @clamp_len: bytes; as @clamp_pgoff
 * @trap_dirty: a page becomes dirty only when the pager agrees; constant
 * @dirty_limit: dirty pages from which on writers have to wait; 0 for none;
 *               constant
 * @modified: written, zeroed or resized by a user since the pager last reset it
 * @nr_resident: pages in @pages
 * @nr_supplied: pages and markers that pagers put in so far
 * @nr_evicted: pages that reclaim took so far
 * @nr_cleaned: pages that writeback has made clean so far
 */
struct vmop_cow {
	struct vmop_tree *tree;
	struct vmop_plist pages;
	struct vmop_source *source;
	struct address_space *mapping;
	u64 len;
	pgoff_t nr_pages;
	pgoff_t clamp_pgoff;
	unsigned int clamp_len;
	bool trap_dirty;
	unsigned long dirty_limit;
	bool modified;
	atomic_long_t nr_resident;
	atomic_long_t nr_supplied;
	atomic_long_t nr_evicted;
	atomic_long_t nr_cleaned;
};

/**
 * enum vmop_res_kind - what is at a position
 * @VMOP_RES_PAGE: a page
 * @VMOP_RES_ZERO: zeros that take no memory
 * @VMOP_RES_ABSENT: content that the source has to supply
 * @VMOP_RES_BEYOND: nothing: the position is behind the end
 */
enum vmop_res_kind {
	VMOP_RES_PAGE,
	VMOP_RES_ZERO,
	VMOP_RES_ABSENT,
	VMOP_RES_BEYOND,
};

/**
 * struct vmop_res - answer of vmop_cow_resolve()
 * @kind: what is there
 * @page: the page for VMOP_RES_PAGE, else NULL
 */
struct vmop_res {
	enum vmop_res_kind kind;
	struct vmop_page *page;
};

/**
 * enum vmop_need - what an access needs from the pager before it can go on
 * @VMOP_NEED_NOTHING: it can go on
 * @VMOP_NEED_CONTENT: content for an absent position
 * @VMOP_NEED_ROOM: some dirty content to be written back: the limit is reached
 * @VMOP_NEED_GRANT: leave to change clean content
 */
enum vmop_need {
	VMOP_NEED_NOTHING,
	VMOP_NEED_CONTENT,
	VMOP_NEED_ROOM,
	VMOP_NEED_GRANT,
};

/**
 * struct vmop_dirty_span - the dirty content of a range, as a whole
 * @start: first page that is dirty
 * @end: page behind the last one that is
 * @nr_pages: how many are, zeros included
 */
struct vmop_dirty_span {
	pgoff_t start;
	pgoff_t end;
	unsigned long nr_pages;
};

typedef void (*vmop_cow_range_fn)(void *ctx, pgoff_t start, pgoff_t end);

#define vmop_cow_assert_exclusive(node) \
	lockdep_assert_held_write(&(node)->tree->lock)
#define vmop_cow_assert_held(node) \
	lockdep_assert_held(&(node)->tree->lock)

struct vmop_tree *vmop_tree_create(void);
void vmop_tree_get(struct vmop_tree *tree);
void vmop_tree_put(struct vmop_tree *tree);

void vmop_cow_init(struct vmop_cow *node, struct vmop_tree *tree,
		   struct vmop_source *source, struct address_space *mapping);
void vmop_cow_exit(struct vmop_cow *node);

/**
 * vmop_pages_up() - pages that hold a number of bytes
 * @len: bytes
 *
 * Return: pages, rounded up; cannot overflow.
 */
static inline pgoff_t vmop_pages_up(u64 len)
{
	return (len >> PAGE_SHIFT) + !!(len & ~PAGE_MASK);
}

/**
 * vmop_cow_tracks_dirt() - does the node know clean from dirty?
 * @node: the node
 *
 * Return: true for a node with a source, which can bring clean pages again.
 */
static inline bool vmop_cow_tracks_dirt(const struct vmop_cow *node)
{
	return node->source;
}

/**
 * vmop_cow_modify() - note for the pager that a user has changed the content
 * @node: the node
 *
 * (semantics: STA-1)
 */
static inline void vmop_cow_modify(struct vmop_cow *node)
{
	if (!READ_ONCE(node->modified))
		WRITE_ONCE(node->modified, true);
}

struct vmop_res vmop_cow_resolve(struct vmop_cow *node, pgoff_t pgoff);
pgoff_t vmop_cow_absent_end(struct vmop_cow *node, pgoff_t start, pgoff_t end);
int vmop_cow_supply(struct vmop_cow *node, pgoff_t pgoff,
		    struct vmop_page *page);
int vmop_cow_fill(struct vmop_cow *node, pgoff_t pgoff, struct vmop_page *page,
		  bool write);
int vmop_cow_zero(struct vmop_cow *node, pgoff_t start, pgoff_t end,
		  pgoff_t *done);
int vmop_cow_resize(struct vmop_cow *node, u64 len);
void vmop_cow_drop_clean(struct vmop_cow *node);
void vmop_cow_clear(struct vmop_cow *node);

/* cow_dirty.c */
void vmop_cow_dirty(struct vmop_cow *node, struct vmop_page *page);
enum vmop_need vmop_cow_write_need(struct vmop_cow *node, pgoff_t pgoff);
enum vmop_need vmop_cow_page_need(struct vmop_cow *node,
				  struct vmop_page *page);
enum vmop_need vmop_cow_commit_need(struct vmop_cow *node, pgoff_t pgoff,
				    pgoff_t *end);
pgoff_t vmop_cow_clean_end(struct vmop_cow *node, pgoff_t start, pgoff_t end);
int vmop_cow_count_zeros(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			 unsigned long *nr_pages);
int vmop_cow_make_dirty(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			struct list_head *pages);
void vmop_cow_writeback_begin(struct vmop_cow *node, pgoff_t start,
			      pgoff_t end, bool zero, pgoff_t *done);
int vmop_cow_writeback_end(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			   vmop_cow_range_fn cleaned, void *ctx);
bool vmop_cow_dirty_span(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			 struct vmop_dirty_span *span);
void vmop_cow_dirty_map(struct vmop_cow *node, pgoff_t start, pgoff_t end,
			unsigned long *map);

#endif /* VMOP_COW_H */
