/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow.h - nodes: a page list, where its content comes from, and its size.
 */
#ifndef VMOP_COW_H
#define VMOP_COW_H

#include "cow_deps.h"
#include "page_list.h"

struct vmop_compose;
struct vmop_pager;
struct vmop_source;
struct vmop_space;

/**
 * struct vmop_tree - what all nodes of a family share
 * @lock: the tree lock; see struct vmop_cow
 * @ref: one for each node and each VMO, one for each running eviction
 * @source: who supplies content to the family's root, or NULL; immutable,
 *          referenced
 * @pager: whose source that is; immutable, referenced
 * @pager_slot: how @pager knows it; immutable
 * @zero_folio: what read faults map where there are zeros; NULL until a VMO of
 *              the family is mapped, then immutable. Holding its folio lock
 *              keeps such a fault from ending, see map.c
 * @compose: what the content of the family's root is copied from, or NULL;
 *           immutable
 * @release: called last, when all references are gone, or NULL
 *
 * Locking order, outermost first:
 *
 *	mmap_lock
 *	  tree->lock		shared: look up, read, write owned pages
 *				exclusive: change a page list, a size or the shape
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
	struct vmop_source *source;
	struct vmop_pager *pager;
	u32 pager_slot;
	struct folio *zero_folio;
	struct vmop_compose *compose;
	void (*release)(struct vmop_tree *tree);
};

/**
 * struct vmop_cow - a node: page positions with content of their own, and a
 *                   window into another node for what they lack
 * @tree: immutable, referenced
 * @pages: what is where; tree lock
 * @source: who supplies content that is absent: @tree's for the root of a
 *          pager's family, else NULL; immutable
 * @composed: what is absent is copied from other families, for the root of a
 *            composed one; immutable
 * @home: the space whose mapping the folios of @pages name; immutable,
 *        referenced. The node is a leaf while @home->node is this node: then
 *        VMOs view it, and may change it. Without any it is hidden, and keeps
 *        what others see through it; but for a root that content is still
 *        brought to
 * @parent: where to look for what is not here, or NULL; tree lock
 * @offset: position of our page 0 in @parent; tree lock
 * @limit: pages from here on are not looked for in @parent: they are zero. It
 *         only ever falls; tree lock
 * @children: nodes that have us as @parent; tree lock
 * @sibling: in @parent->children, or in a list of dead nodes; tree lock
 * @frozen: the child that must not notice when we change, or NULL; tree lock
 * @keep_base: what @parent had at the time of the clone is kept for a reset;
 *             of a hidden node: nobody has looked for what only that kept;
 *             changed under the exclusive tree lock
 * @base_lost: some of that is gone; tree lock
 * @len: size in bytes; changed under the exclusive tree lock
 * @nr_pages: size in pages, the last one counted whole; as @len
 * @cuts: pages that the VMO ended in once: how many bytes of each are what the
 *        pager, or @parent, says, the rest being zero. Of no meaning while there
 *        is something in @pages; tree lock
 * @trap_dirty: a page becomes dirty only when the pager agrees; constant
 * @dirty_limit: dirty pages from which on writers have to wait; 0 for none;
 *               constant
 * @modified: written, zeroed or resized by a user since the pager last reset it
 * @nr_resident: pages in @pages
 * @nr_supplied: pages and markers that pagers put in so far
 * @nr_evicted: pages that reclaim took so far
 * @nr_cleaned: pages that writeback has made clean so far
 *
 * How many see a page is not stored anywhere: it follows from who has content
 * of its own at that position (cow_share.c). So making a clone touches no page,
 * and there is no count that could be wrong.
 */
struct vmop_cow {
	struct vmop_tree *tree;
	struct vmop_plist pages;
	struct vmop_source *source;
	bool composed;
	struct vmop_space *home;
	struct vmop_cow *parent;
	pgoff_t offset;
	pgoff_t limit;
	struct list_head children;
	struct list_head sibling;
	struct vmop_cow *frozen;
	bool keep_base;
	bool base_lost;
	u64 len;
	pgoff_t nr_pages;
	struct xarray cuts;
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
 * @owner: the node that has @page, or whose source has to supply the content
 * @pgoff: the position in @owner
 * @len: bytes of the content that count; the rest of the page reads as zeros.
 *       Less than PAGE_SIZE only where @owner is another node, and until
 *       vmop_cow_give_page() gave the position a page of its own
 */
struct vmop_res {
	enum vmop_res_kind kind;
	struct vmop_page *page;
	struct vmop_cow *owner;
	pgoff_t pgoff;
	unsigned int len;
};

/**
 * enum vmop_need - what an access needs before it can go on
 * @VMOP_NEED_NOTHING: it can go on
 * @VMOP_NEED_PAGE: a new page, for the position or for a snapshot of it; see
 *                  vmop_cow_give_page(). Nobody has to be asked
 * @VMOP_NEED_CONTENT: content for an absent position
 * @VMOP_NEED_ROOM: some dirty content to be written back: the limit is reached
 * @VMOP_NEED_GRANT: leave to change clean content
 */
enum vmop_need {
	VMOP_NEED_NOTHING,
	VMOP_NEED_PAGE,
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

struct vmop_cow *vmop_cow_create(struct vmop_tree *tree,
				 struct vmop_space *home, bool is_root);
void vmop_cow_destroy(struct vmop_cow *node);

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

/**
 * vmop_cow_is_leaf() - is the node what VMOs view?
 * @node: the node
 *
 * Context: shared tree lock.
 * Return: false for a hidden node, and for a root that nobody has open.
 */
static inline bool vmop_cow_is_leaf(const struct vmop_cow *node)
{
	return node->home->node == node;
}

/**
 * vmop_cow_is_root() - is content that the node lacks brought from somewhere?
 * @node: the node
 *
 * Return: true for the root of a pager's or a composed family.
 */
static inline bool vmop_cow_is_root(const struct vmop_cow *node)
{
	return node->source || node->composed;
}

/**
 * vmop_cow_is_hidden() - is the node there for what others see through it only?
 * @node: the node
 *
 * Context: shared tree lock.
 * Return: true when nothing changes in it but by leaving.
 */
static inline bool vmop_cow_is_hidden(const struct vmop_cow *node)
{
	return !vmop_cow_is_root(node) && !vmop_cow_is_leaf(node);
}

/* cow.c: content of one node */
struct vmop_res vmop_cow_resolve(struct vmop_cow *node, pgoff_t pgoff);
bool vmop_cow_zeros_stay(struct vmop_cow *node, const struct vmop_res *res);
pgoff_t vmop_cow_absent_end(struct vmop_cow *node, pgoff_t start, pgoff_t end);
bool vmop_cow_is_data(struct vmop_cow *node, pgoff_t pgoff, pgoff_t end,
		      pgoff_t *next);
unsigned int vmop_cow_collect(struct vmop_cow *node, pgoff_t start,
			      unsigned int nr_pages, struct vmop_page **pages);
int vmop_cow_supply(struct vmop_cow *node, pgoff_t pgoff,
		    struct vmop_page *page);
void vmop_cow_release_slot(void *ctx, pgoff_t pgoff, struct vmop_slot slot);
int vmop_cow_bring(struct vmop_cow *node, pgoff_t pgoff,
		   struct vmop_page *page);
int vmop_cow_zero(struct vmop_cow *node, pgoff_t start, pgoff_t end,
		  pgoff_t *done);
void vmop_cow_drop_clean(struct vmop_cow *node);
void vmop_cow_clear(struct vmop_cow *node);

/* cow_size.c: where a node ends */
unsigned int vmop_cow_cut(struct vmop_cow *node, pgoff_t pgoff);
void vmop_cow_forget_cuts(struct vmop_cow *node, pgoff_t start, pgoff_t end);
int vmop_cow_resize(struct vmop_cow *node, u64 len, pgoff_t *missing);

/* cow_fork.c: pages of one's own */
int vmop_cow_give_page(struct vmop_cow *node, pgoff_t pgoff,
		       struct vmop_page *page, bool write);
int vmop_cow_move(struct vmop_page *page, bool leave_zero, struct vmop_cow *to,
		  pgoff_t pgoff);
bool vmop_cow_must_preserve(struct vmop_cow *node, pgoff_t pgoff);
void vmop_cow_outdate(struct vmop_cow *node, pgoff_t start, pgoff_t end);
pgoff_t vmop_cow_preserve_next(struct vmop_cow *node, pgoff_t start,
			       pgoff_t end);
int vmop_cow_preserve_page(struct vmop_cow *node, struct vmop_page *page);
int vmop_cow_preserve_range(struct vmop_cow *node, pgoff_t start,
			    pgoff_t *missing);

/* cow_tree.c: the shape of a family */
struct vmop_cow *vmop_cow_next_below(struct vmop_cow *top,
				     struct vmop_cow *node, bool descend,
				     pgoff_t *offset);
void vmop_cow_attach(struct vmop_cow *node, struct vmop_cow *parent,
		     pgoff_t offset, pgoff_t limit);
void vmop_cow_sink(struct vmop_cow *node);
void vmop_cow_rise(struct vmop_cow *node);
void vmop_cow_clone(struct vmop_cow *node, struct vmop_cow *child,
		    pgoff_t offset, pgoff_t nr_pages);
bool vmop_cow_snapshot(struct vmop_cow *node, struct vmop_cow *left,
		       struct vmop_cow *child, pgoff_t offset,
		       pgoff_t nr_pages);
bool vmop_cow_freeze(struct vmop_cow *root, struct vmop_cow *hidden,
		     struct vmop_cow *child, pgoff_t offset, pgoff_t nr_pages);
void vmop_cow_clamp_children(struct vmop_cow *node, pgoff_t nr_pages);
void vmop_cow_close(struct vmop_cow *node, struct list_head *dead);
int vmop_cow_reset(struct vmop_cow *node, unsigned long *nr_dropped);

/**
 * vmop_cow_window() - pages of a parent that a window shows
 * @parent_pages: pages that the parent has
 * @offset: where in it the window starts
 * @nr_pages: pages of the window
 *
 * Return: how many of them are inside of the parent.
 */
static inline pgoff_t vmop_cow_window(pgoff_t parent_pages, pgoff_t offset,
				      pgoff_t nr_pages)
{
	return offset < parent_pages ? min(nr_pages, parent_pages - offset) : 0;
}

/* cow_merge.c: two nodes become one */
void vmop_cow_merge(struct vmop_cow *node, struct list_head *dead);

/* cow_share.c: who sees what */
bool vmop_cow_is_seen(struct vmop_cow *node, pgoff_t pgoff,
		      const struct vmop_cow *but);
void vmop_cow_unsee(struct vmop_cow *node, pgoff_t start, pgoff_t end);
void vmop_cow_hide(struct vmop_cow *node);
void vmop_cow_lose_base(struct vmop_cow *node);

/* cow_count.c: how much falls to whom */

/* Positions that are counted at once. */
#define VMOP_COUNT_PAGES 1024

/* Bits behind the point of vmop_cow_shares.scaled. */
#define VMOP_SHARE_SHIFT 16

/**
 * struct vmop_cow_counter - memory to count with
 * @nr_viewers: how many leaves see a position
 * @seen: which positions a leaf sees
 * @mine: which positions the leaf sees that is asked about
 */
struct vmop_cow_counter {
	u32 nr_viewers[VMOP_COUNT_PAGES];
	unsigned long seen[BITS_TO_LONGS(VMOP_COUNT_PAGES)];
	unsigned long mine[BITS_TO_LONGS(VMOP_COUNT_PAGES)];
};

/**
 * struct vmop_cow_shares - memory that falls to a leaf
 * @nr_private: pages that it alone sees
 * @nr_shared: pages that others see, too
 * @nr_zero: zeros that it holds
 * @scaled: its part of the shared pages: bytes, shifted by VMOP_SHARE_SHIFT
 */
struct vmop_cow_shares {
	unsigned long nr_private;
	unsigned long nr_shared;
	unsigned long nr_zero;
	u64 scaled;
};

void vmop_cow_count_shares(struct vmop_cow *node,
			   struct vmop_cow_counter *counter,
			   struct vmop_cow_shares *shares);

/* cow_dirty.c */
bool vmop_cow_dirty(struct vmop_cow *node, struct vmop_page *page);
enum vmop_need vmop_cow_read_need(struct vmop_cow *node, pgoff_t pgoff,
				  struct vmop_res *res);
enum vmop_need vmop_cow_write_need(struct vmop_cow *node, pgoff_t pgoff,
				   struct vmop_res *res);
enum vmop_need vmop_cow_commit_need(struct vmop_cow *node, pgoff_t pgoff,
				    const struct vmop_res *res, pgoff_t *end);
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
