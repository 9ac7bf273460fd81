// SPDX-License-Identifier: GPL-2.0
/*
 * map.c - takes pages out of user mappings. Only this file zaps.
 *
 * A zap alone is not enough: a fault that is on its way has its page looked up
 * already and maps it when we are done. For a page of a node the folio lock
 * closes that gap, as the fault holds it until the page is mapped, and whoever
 * takes the page out of its node waits for it. The node's zero page plays that
 * part for positions that have no page; hence vmop_map_zap_zero().
 */
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "cow.h"
#include "map.h"
#include "vmo.h"

/**
 * vmop_map_zap() - unmap a range of a node everywhere
 * @node: the node
 * @start: first page
 * @nr_pages: pages
 *
 * Private copies that a process has made stay.
 *
 * Context: exclusive tree lock, or else the pages may be mapped again at once;
 * may hold the folio lock.
 */
void vmop_map_zap(struct vmop_cow *node, pgoff_t start, pgoff_t nr_pages)
{
	unmap_mapping_pages(node->mapping, start, nr_pages, false);
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
	unmap_mapping_pages(node->mapping, start, 0, true);
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
	struct folio *zero = READ_ONCE(vmop_vmo_of(node)->zero_folio);

	/* No zero page: nobody has ever mapped this node. */
	if (!zero)
		return;
	folio_lock(zero);
	vmop_map_zap(node, start, nr_pages);
	folio_unlock(zero);
}
