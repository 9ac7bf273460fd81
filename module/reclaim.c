// SPDX-License-Identifier: GPL-2.0
/*
 * reclaim.c - gives clean pages of pager-backed VMOs back under memory
 * pressure. It owns one memcg-aware list_lru of struct vmop_page and one
 * shrinker.
 *
 * Locks, from below, so that every outer lock is only tried:
 *
 *	lru lock -> T folio lock			isolate
 *	folio lock -> T tree lock (exclusive)		evict
 *
 * The folio lock is held from the moment a page leaves the list until it is
 * freed or back on the list. Whoever else wants to take the page out of its
 * node waits for it, so the page, its node and the inode behind it stay there
 * (see struct vmop_page).
 */
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/shrinker.h>

#include "compat.h"
#include "cow.h"
#include "map.h"
#include "page.h"
#include "reclaim.h"

/* Pages that one episode of memcg reclaim may take. */
#define VMOP_RECLAIM_CAP_PAGES 512

struct list_lru vmop_reclaim_lru;
static struct shrinker *vmop_shrinker;
/* The list exists: on some kernels the shrinker is called before. */
static bool vmop_lru_ready;

/**
 * vmop_reclaim_add() - let reclaim have a clean page
 * @page: a page that has entered a dirty-tracked node
 *
 * Context: the exclusive tree lock of its node or its folio lock.
 */
void vmop_reclaim_add(struct vmop_page *page)
{
	vmop_compat_lru_add(&vmop_reclaim_lru, &page->lru);
}

/**
 * vmop_reclaim_del() - take a page off the list, if it is on it
 * @page: the page
 *
 * Context: the folio lock of the page, which keeps the shrinker away.
 */
void vmop_reclaim_del(struct vmop_page *page)
{
	vmop_compat_lru_del(&vmop_reclaim_lru, &page->lru);
}

static unsigned long vmop_reclaim_count(struct shrinker *shrinker,
					struct shrink_control *sc)
{
	unsigned long nr_pages;

	if (!READ_ONCE(vmop_lru_ready))
		return SHRINK_EMPTY;
	nr_pages = list_lru_shrink_count(&vmop_reclaim_lru, sc);
	return nr_pages ?: SHRINK_EMPTY;
}

/*
 * Under the lru lock. An object on the list cannot be freed: that takes it off
 * the list first. With its folio locked it can not leave its node either.
 */
static enum lru_status vmop_reclaim_isolate(VMOP_COMPAT_ISOLATE_ARGS)
{
	struct vmop_page *page = container_of(item, struct vmop_page, lru);
	struct list_head *victims = arg;

	if (!folio_trylock(page->folio))
		return LRU_SKIP;
	/* Used since the last look: one more round. */
	if (folio_test_clear_referenced(page->folio)) {
		folio_unlock(page->folio);
		return LRU_ROTATE;
	}
	list_lru_isolate(list, item);
	list_add_tail(&page->lru, victims);
	return LRU_REMOVED;
}

/*
 * Take a page that nobody uses out of its node. The unmap comes before the last
 * look at the state: a hardware dirty bit gets known only then.
 */
static bool vmop_reclaim_evict_locked(struct vmop_page *page)
{
	struct vmop_cow *node = page->node;

	if (vmop_plist_page_state(&node->pages, page->pgoff) != VMOP_CLEAN)
		return false;
	if (folio_mapped(page->folio))
		vmop_map_zap_page(page);
	if (folio_ref_count(page->folio) != 1)
		return false;
	if (!vmop_plist_remove_clean(&node->pages, page->pgoff, page))
		return false;
	vmop_page_detach_locked(page);
	atomic_long_inc(&node->nr_evicted);
	return true;
}

/* The folio is locked on entry and not on return. */
static bool vmop_reclaim_one(struct vmop_page *page)
{
	struct folio *folio = page->folio;
	struct vmop_tree *tree = page->node->tree;
	bool evicted = false;

	list_del_init(&page->lru);
	/* An evicted page no longer keeps its node, so neither the tree. */
	vmop_tree_get(tree);
	if (down_write_trylock(&tree->lock)) {
		evicted = vmop_reclaim_evict_locked(page);
		if (!evicted)
			vmop_reclaim_add(page);
		up_write(&tree->lock);
	} else {
		vmop_reclaim_add(page);
	}
	vmop_tree_put(tree);
	folio_unlock(folio);
	if (evicted)
		vmop_page_free(page);
	return evicted;
}

static unsigned long vmop_reclaim_scan(struct shrinker *shrinker,
				       struct shrink_control *sc)
{
	struct vmop_page *page, *next;
	unsigned long nr_freed = 0;
	LIST_HEAD(victims);

	if (!READ_ONCE(vmop_lru_ready) ||
	    vmop_compat_reclaimed_enough(sc, VMOP_RECLAIM_CAP_PAGES))
		return SHRINK_STOP;
	list_lru_shrink_walk(&vmop_reclaim_lru, sc, vmop_reclaim_isolate,
			     &victims);
	list_for_each_entry_safe(page, next, &victims, lru)
		nr_freed += vmop_reclaim_one(page);
	vmop_compat_account_reclaimed(nr_freed);
	return nr_freed;
}

/**
 * vmop_reclaim_init() - make the list and register the shrinker
 *
 * Return: 0 or a negative errno.
 */
int vmop_reclaim_init(void)
{
	int ret;

	vmop_shrinker = vmop_compat_shrinker_alloc("vmopager");
	if (!vmop_shrinker)
		return -ENOMEM;
	vmop_shrinker->count_objects = vmop_reclaim_count;
	vmop_shrinker->scan_objects = vmop_reclaim_scan;
	vmop_shrinker->seeks = DEFAULT_SEEKS;
	ret = vmop_compat_shrinker_setup(vmop_shrinker, &vmop_reclaim_lru);
	if (ret) {
		vmop_compat_shrinker_free(vmop_shrinker);
		return ret;
	}
	WRITE_ONCE(vmop_lru_ready, true);
	return 0;
}

/**
 * vmop_reclaim_exit() - undo vmop_reclaim_init(); the list is empty
 */
void vmop_reclaim_exit(void)
{
	vmop_compat_shrinker_free(vmop_shrinker);
	list_lru_destroy(&vmop_reclaim_lru);
}
