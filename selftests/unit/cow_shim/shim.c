// SPDX-License-Identifier: GPL-2.0
/*
 * What cow_shim/cow_deps.h and cow_shim.h declare; list_shim/shim.c has what is
 * below that.
 */
#include "cow.h"

struct cow_shim cow_shim;
struct list_head shim_lru = { &shim_lru, &shim_lru };
struct list_head shim_mappings = { &shim_mappings, &shim_mappings };

/* Locks */
void down_read(struct rw_semaphore *sem)
{
	might_sleep();
	shim_must(!cow_shim.tree_locks++ && !cow_shim.folio_locks);
	shim_must(sem->ready && !sem->writer);
	sem->readers++;
}

void up_read(struct rw_semaphore *sem)
{
	shim_must(sem->readers && !cow_shim.folio_locks);
	sem->readers--;
	cow_shim.tree_locks--;
}

void down_write(struct rw_semaphore *sem)
{
	might_sleep();
	shim_must(!cow_shim.tree_locks++ && !cow_shim.folio_locks);
	shim_must(sem->ready && !sem->writer && !sem->readers);
	sem->writer = true;
}

void up_write(struct rw_semaphore *sem)
{
	shim_must(sem->writer && !cow_shim.folio_locks);
	sem->writer = false;
	cow_shim.tree_locks--;
}

void folio_lock(struct folio *folio)
{
	might_sleep();
	shim_must(!folio->locked && !cow_shim.folio_locks++);
	folio->locked = true;
}

void folio_unlock(struct folio *folio)
{
	shim_must(folio->locked);
	folio->locked = false;
	cow_shim.folio_locks--;
}

/* Memory */
static void *shim_alloc(size_t size)
{
	might_sleep();
	if (++shim.allocs == shim.fail_at) {
		shim.failed = true;
		return NULL;
	}
	return calloc(1, size);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	void *ptr = shim_alloc(size);

	shim_must(gfp & __GFP_ACCOUNT);
	cow_shim.objects += !!ptr;
	return ptr;
}

void kfree(void *ptr)
{
	cow_shim.objects -= !!ptr;
	free(ptr);
}

struct page *shim_alloc_page(void)
{
	struct page *mem;

	/* Reclaim may need any tree lock. */
	shim_must(!cow_shim.tree_locks);
	mem = shim_alloc(sizeof(*mem));
	cow_shim.pages += !!mem;
	return mem;
}

/* The only reference: nobody may have the page mapped any more. */
void folio_put(struct folio *folio)
{
	shim_must(!folio->nr_mapped && !folio->locked);
	cow_shim.pages--;
	free(container_of(folio, struct page, folio));
}

/* Mappings */
static void shim_dirty(struct vmop_page *page)
{
	if (vmop_cow_tracks_dirt(page->node))
		vmop_plist_mark_dirty(&page->node->pages, page->pgoff, page);
}

static void shim_unmap(struct address_space *mapping, pgoff_t pgoff)
{
	struct shim_pte *pte = &mapping->pte[pgoff];

	if (!pte->folio)
		return;
	/* As ->dirty_folio() of space.c. */
	if (pte->dirty && pte->folio->private)
		shim_dirty(pte->folio->private);
	pte->folio->nr_mapped--;
	mapping->nr_mapped--;
	*pte = (struct shim_pte){ 0 };
}

void shim_map(struct address_space *mapping, pgoff_t pgoff,
	      struct folio *folio, bool write)
{
	shim_must(pgoff < SHIM_PTES);
	shim_unmap(mapping, pgoff);
	if (!folio)
		return;
	folio->nr_mapped++;
	mapping->nr_mapped++;
	mapping->pte[pgoff] = (struct shim_pte){ .folio = folio, .write = write };
}

void unmap_mapping_pages(struct address_space *mapping, pgoff_t start,
			 pgoff_t nr, bool even_cows)
{
	pgoff_t end = nr ? start + nr : SHIM_PTES;

	(void)even_cows;
	shim_must(!nr || end > start);
	cow_shim.zaps++;
	for (; start < min_t(pgoff_t, end, SHIM_PTES); start++)
		shim_unmap(mapping, start);
}

void folio_mkclean(struct folio *folio)
{
	struct address_space *mapping;
	unsigned int i;

	shim_must(folio->locked);
	list_for_each_entry(mapping, &shim_mappings, all) {
		for (i = 0; i < SHIM_PTES; i++) {
			if (mapping->pte[i].folio == folio)
				mapping->pte[i].write = false;
		}
	}
}

/* space.c */
struct vmop_space *vmop_space_create(struct mem_cgroup *payer)
{
	struct vmop_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	list_add(&space->mapping.all, &shim_mappings);
	refcount_set(&space->ref, 1);
	INIT_LIST_HEAD(&space->views);
	space->payer = payer;
	return space;
}

void vmop_space_get(struct vmop_space *space)
{
	refcount_inc(&space->ref);
}

void vmop_space_put(struct vmop_space *space)
{
	if (!refcount_dec_and_test(&space->ref))
		return;
	/* Whose pages are mapped still exists. */
	shim_must(!space->mapping.nr_mapped);
	list_del(&space->mapping.all);
	kfree(space);
}

/* page.c */
struct vmop_page *vmop_page_alloc(struct mem_cgroup *payer, bool zero)
{
	struct page *mem = shim_alloc_page();
	struct vmop_page *page;
	unsigned int i;

	if (!mem)
		return NULL;
	page = kzalloc(sizeof(*page), GFP_KERNEL_ACCOUNT);
	if (!page) {
		folio_put(page_folio(mem));
		return NULL;
	}
	INIT_LIST_HEAD(&page->lru);
	page->folio = page_folio(mem);
	for (i = 0; i < SHIM_CELLS && !zero; i++)
		page->folio->cell[i] = 0xdeadbeef;
	return page;
}

void vmop_page_free(struct vmop_page *page)
{
	if (!page)
		return;
	shim_must(!page->node && list_empty(&page->lru));
	folio_put(page->folio);
	kfree(page);
}

void vmop_page_attach(struct vmop_page *page, struct vmop_cow *node,
		      pgoff_t pgoff)
{
	vmop_cow_assert_exclusive(node);
	shim_must(!page->node && !page->folio->nr_mapped);
	page->node = node;
	page->pgoff = pgoff;
	page->folio->index = pgoff;
	page->folio->private = page;
	page->folio->mapping = &node->home->mapping;
	atomic_long_inc(&node->nr_resident);
}

void vmop_page_detach_locked(struct vmop_page *page)
{
	struct vmop_cow *node = page->node;
	struct folio *folio = page->folio;

	vmop_cow_assert_exclusive(node);
	shim_must(folio->locked);
	if (folio_mapped(folio))
		vmop_map_zap_page(page);
	shim_must(!folio_mapped(folio));
	vmop_reclaim_del(page);
	folio->mapping = NULL;
	folio->private = NULL;
	page->node = NULL;
	atomic_long_dec(&node->nr_resident);
}

void vmop_page_detach(struct vmop_page *page)
{
	vmop_page_lock(page);
	vmop_page_detach_locked(page);
	vmop_page_unlock(page);
}

void vmop_page_release(struct vmop_page *page)
{
	vmop_page_detach(page);
	vmop_page_free(page);
}

bool vmop_page_maybe_pinned(const struct vmop_page *page)
{
	shim_must(page->folio->locked);
	return false;
}

void vmop_page_zero_tail(struct vmop_page *page, unsigned int from)
{
	shim_must(from <= PAGE_SIZE && from % SHIM_CELL_BYTES == 0);
	for (from /= SHIM_CELL_BYTES; from < SHIM_CELLS; from++)
		page->folio->cell[from] = 0;
}

void vmop_page_copy(struct vmop_page *to, const struct vmop_page *from)
{
	cow_shim.copies++;
	memcpy(to->folio->cell, from->folio->cell, sizeof(to->folio->cell));
}

/* reclaim.c */
void vmop_reclaim_add(struct vmop_page *page)
{
	if (list_empty(&page->lru))
		list_add_tail(&page->lru, &shim_lru);
}

void vmop_reclaim_del(struct vmop_page *page)
{
	if (!list_empty(&page->lru))
		list_del_init(&page->lru);
}
