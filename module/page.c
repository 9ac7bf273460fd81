// SPDX-License-Identifier: GPL-2.0
/*
 * page.c - life of a resident page: allocation and charge, entering and leaving
 * a node. It owns the slab of struct vmop_page and the fields mapping, index
 * and private of the folios; no list of pages.
 *
 * Locks: taking a page out of a node holds the exclusive tree lock and the
 * folio lock; see struct vmop_page.
 */
#include <linux/highmem.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "cow.h"
#include "map.h"
#include "page.h"
#include "reclaim.h"
#include "space.h"

/*
 * A charge that fails after reclaim is an error for the caller. It must not
 * become an OOM kill: the pager would be killed for its tenant's limit.
 */
#define VMOP_PAGE_GFP \
	(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)
#define VMOP_PAGE_SLAB_GFP \
	(GFP_KERNEL | __GFP_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

static struct kmem_cache *vmop_page_cache;

/**
 * vmop_page_alloc() - allocate a page that is in no node yet
 * @payer: memcg that is charged; NULL: the caller's
 * @zero: fill it with zeros
 *
 * Context: may reclaim, also pages of ours; no lock of ours is held.
 * Return: the page, or NULL when memory or the payer's limit does not allow it.
 */
struct vmop_page *vmop_page_alloc(struct mem_cgroup *payer, bool zero)
{
	struct mem_cgroup *old = set_active_memcg(payer);
	struct vmop_page *page;
	struct page *mem = NULL;

	page = kmem_cache_alloc_lru(vmop_page_cache, &vmop_reclaim_lru,
				    VMOP_PAGE_SLAB_GFP);
	if (page)
		mem = alloc_page(VMOP_PAGE_GFP | (zero ? __GFP_ZERO : 0));
	set_active_memcg(old);
	if (!mem) {
		if (page)
			kmem_cache_free(vmop_page_cache, page);
		return NULL;
	}
	INIT_LIST_HEAD(&page->lru);
	page->folio = page_folio(mem);
	page->node = NULL;
	page->pgoff = 0;
	return page;
}

/**
 * vmop_page_free() - free a page that is in no node
 * @page: the page, or NULL
 *
 * Somebody who holds a reference of their own to the memory keeps it.
 */
void vmop_page_free(struct vmop_page *page)
{
	if (!page)
		return;
	folio_put(page->folio);
	kmem_cache_free(vmop_page_cache, page);
}

/**
 * vmop_page_attach() - make a page one of a node
 * @page: a page in no node, with its content complete
 * @node: the node
 * @pgoff: the position
 *
 * Only the fields of the page are set: entering it in the page list is the
 * caller's, before the exclusive tree lock is dropped.
 *
 * Context: exclusive tree lock of @node.
 */
void vmop_page_attach(struct vmop_page *page, struct vmop_cow *node,
		      pgoff_t pgoff)
{
	struct folio *folio = page->folio;

	vmop_cow_assert_exclusive(node);
	page->node = node;
	page->pgoff = pgoff;
	folio->index = pgoff;
	folio->private = page;
	/*
	 * Of a page that comes from another node the caller holds the folio lock;
	 * to others it is new to everybody.
	 */
	folio->mapping = &node->home->mapping;
	folio_mark_uptodate(folio);
	atomic_long_inc(&node->nr_resident);
}

/**
 * vmop_page_detach_locked() - take a page out of its node
 * @page: the page; its slot in the page list is already something else
 *
 * Nobody has it mapped afterwards. Who holds a reference to the memory keeps an
 * orphan.
 *
 * Context: exclusive tree lock of the node, folio lock.
 */
void vmop_page_detach_locked(struct vmop_page *page)
{
	struct vmop_cow *node = page->node;
	struct folio *folio = page->folio;

	vmop_cow_assert_exclusive(node);
	if (folio_mapped(folio))
		vmop_map_zap_page(page);
	vmop_reclaim_del(page);
	folio->mapping = NULL;
	folio->private = NULL;
	page->node = NULL;
	atomic_long_dec(&node->nr_resident);
}

/**
 * vmop_page_detach() - lock a page and take it out of its node
 * @page: the page; its slot in the page list is already something else
 *
 * Context: exclusive tree lock of the node.
 */
void vmop_page_detach(struct vmop_page *page)
{
	folio_lock(page->folio);
	vmop_page_detach_locked(page);
	folio_unlock(page->folio);
}

/**
 * vmop_page_release() - take a page out of its node and free it
 * @page: the page; its slot in the page list is already something else
 *
 * Context: exclusive tree lock of the node.
 */
void vmop_page_release(struct vmop_page *page)
{
	vmop_page_detach(page);
	vmop_page_free(page);
}

/**
 * vmop_page_own() - make sure that nobody else can reach a page
 * @page: a page in no node
 * @payer: who pays when it has to be copied
 *
 * A page that somebody holds a reference to (direct I/O into a mapping of the
 * VMO that it came from, for one) may still be written by them. It is copied,
 * and they keep the original.
 *
 * Context: no lock of ours.
 * Return: @page, its copy, or NULL without memory; @page is freed then.
 */
struct vmop_page *vmop_page_own(struct vmop_page *page,
				struct mem_cgroup *payer)
{
	struct vmop_page *copy;

	if (folio_ref_count(page->folio) == 1)
		return page;
	copy = vmop_page_alloc(payer, false);
	if (copy)
		copy_highpage(folio_page(copy->folio, 0),
			      folio_page(page->folio, 0));
	vmop_page_free(page);
	return copy;
}

/**
 * vmop_page_maybe_pinned() - may hardware, or another process, write to a page?
 * @page: the page
 *
 * As folio_maybe_dma_pinned(), but that takes a page that a thousand processes
 * have mapped for a pinned one, which then could never be written back.
 *
 * Context: folio lock; no mapping of the page is writable.
 * Return: whether there may be a pin.
 */
bool vmop_page_maybe_pinned(const struct vmop_page *page)
{
	return folio_ref_count(page->folio) -
	       vmop_compat_mapcount(page->folio) >= GUP_PIN_COUNTING_BIAS;
}

/**
 * vmop_page_zero_tail() - zero the end of a page
 * @page: the page
 * @from: first byte in the page; PAGE_SIZE for nothing
 */
void vmop_page_zero_tail(struct vmop_page *page, unsigned int from)
{
	if (from < PAGE_SIZE)
		zero_user_segment(folio_page(page->folio, 0), from, PAGE_SIZE);
}

/**
 * vmop_page_copy() - copy the content of a page
 * @to: a page that is in no node, or new in one
 * @from: a page that nobody writes
 */
void vmop_page_copy(struct vmop_page *to, const struct vmop_page *from)
{
	copy_highpage(folio_page(to->folio, 0), folio_page(from->folio, 0));
}

/**
 * vmop_page_init() - make the slab of page objects
 *
 * Return: 0 or -ENOMEM.
 */
int vmop_page_init(void)
{
	vmop_page_cache = KMEM_CACHE(vmop_page, SLAB_ACCOUNT);
	return vmop_page_cache ? 0 : -ENOMEM;
}

/**
 * vmop_page_exit() - undo vmop_page_init()
 */
void vmop_page_exit(void)
{
	kmem_cache_destroy(vmop_page_cache);
}
