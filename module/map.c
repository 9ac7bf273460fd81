// SPDX-License-Identifier: GPL-2.0
/*
 * map.c - takes pages, or the permission to write them, out of user mappings.
 * Only this file zaps. It owns the zero page of a family.
 *
 * A page is mapped by the leaf that owns it, and read-only by all those below
 * that see it. So what is taken away here is taken away in the node and in all
 * nodes below, as far as their windows go (semantics: COW-26).
 *
 * A zap alone is not enough: a fault that is on its way has its page looked up
 * already and maps it when we are done.
 *
 * - A fault that maps a page of ours for reading does so under the shared tree
 *   lock. Whoever zaps has it exclusively.
 * - A mapping becomes writable by page_mkwrite only, and the core looks whether
 *   the page is still mapped, after that.
 * - Zeros are mapped by the core when the tree lock is dropped already, with the
 *   folio lock of the zero page held; hence vmop_map_zap_zero().
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>

#include "cow.h"
#include "map.h"
#include "page.h"
#include "space.h"

static void vmop_map_zap_leaf(struct vmop_cow *node, pgoff_t start,
			      pgoff_t nr_pages)
{
	if (vmop_cow_is_leaf(node))
		unmap_mapping_pages(&node->home->mapping, start, nr_pages,
				    false);
}

/**
 * vmop_map_zap() - unmap a range of a node wherever it is seen
 * @node: the node
 * @start: first page
 * @nr_pages: pages; not 0
 *
 * Private copies that a process has made stay.
 *
 * Context: exclusive tree lock; may hold the folio lock.
 */
void vmop_map_zap(struct vmop_cow *node, pgoff_t start, pgoff_t nr_pages)
{
	struct vmop_cow *below = node;
	pgoff_t end = start + nr_pages;
	bool descend = true;
	pgoff_t offset = 0;
	pgoff_t first, last;

	vmop_map_zap_leaf(node, start, nr_pages);
	while ((below = vmop_cow_next_below(node, below, descend, &offset))) {
		first = start > offset ? start - offset : 0;
		last = min(end > offset ? end - offset : 0, below->limit);
		descend = first < last;
		if (descend)
			vmop_map_zap_leaf(below, first, last - first);
	}
}

/**
 * vmop_map_zap_page() - unmap a page wherever it is seen
 * @page: a page of a node
 *
 * Context: exclusive tree lock, folio lock.
 */
void vmop_map_zap_page(struct vmop_page *page)
{
	vmop_map_zap(page->node, page->pgoff, 1);
}

/**
 * vmop_map_zap_private() - unmap all from a position on, private copies too
 * @node: the node, which ends there now
 * @start: first page
 *
 * Context: exclusive tree lock.
 */
void vmop_map_zap_private(struct vmop_cow *node, pgoff_t start)
{
	unmap_mapping_pages(&node->home->mapping, start, 0, true);
}

/**
 * vmop_map_zap_zero() - unmap zeros that have stopped being zeros
 * @node: the node
 * @start: first page
 * @nr_pages: pages
 *
 * Context: exclusive tree lock; the page list has the new content already.
 */
void vmop_map_zap_zero(struct vmop_cow *node, pgoff_t start, pgoff_t nr_pages)
{
	struct folio *zero = READ_ONCE(node->tree->zero_folio);

	/* No zero page: nobody has ever mapped this family. */
	if (!zero || !nr_pages)
		return;
	folio_lock(zero);
	vmop_map_zap(node, start, nr_pages);
	folio_unlock(zero);
}

/**
 * vmop_map_write_protect() - every store to a page is noticed from now on
 * @page: a page of a leaf
 *
 * The page stays mapped. Below its leaf it is mapped read-only as it is.
 *
 * Context: folio lock.
 */
void vmop_map_write_protect(struct vmop_page *page)
{
	folio_mkclean(page->folio);
}

/**
 * vmop_map_stop_stores() - every store to a leaf is noticed from now on
 * @space: its space
 *
 * Costs something only if there can have been a store through a mapping since
 * the last time.
 *
 * Context: exclusive tree lock.
 */
void vmop_map_stop_stores(struct vmop_space *space)
{
	if (!space->store_mapped)
		return;
	space->store_mapped = false;
	unmap_mapping_pages(&space->mapping, 0, 0, false);
}

/**
 * vmop_map_zero_folio() - make sure that there is a zero page to map
 * @tree: the family
 * @space: who pays for it if it has to be made
 *
 * Done when a VMO is mapped, so that reading zeros later needs no memory.
 * (semantics: VMO-6)
 *
 * Context: no lock of ours.
 * Return: 0 or -ENOMEM.
 */
int vmop_map_zero_folio(struct vmop_tree *tree, struct vmop_space *space)
{
	struct mem_cgroup *old;
	struct page *page;

	if (READ_ONCE(tree->zero_folio))
		return 0;
	old = set_active_memcg(space->payer);
	page = alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_ZERO |
			  __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	set_active_memcg(old);
	if (!page)
		return -ENOMEM;
	__SetPageUptodate(page);
	if (cmpxchg(&tree->zero_folio, NULL, page_folio(page)))
		__free_page(page);
	return 0;
}

/**
 * vmop_map_put_zero() - the end of a family's zero page
 * @tree: the family
 */
void vmop_map_put_zero(struct vmop_tree *tree)
{
	if (tree->zero_folio)
		folio_put(tree->zero_folio);
}
