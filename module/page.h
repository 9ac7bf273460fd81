/* SPDX-License-Identifier: GPL-2.0 */
/*
 * page.h - one resident page: its memory, its owner, its place on the lru.
 */
#ifndef VMOP_PAGE_H
#define VMOP_PAGE_H

#include <linux/list.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/types.h>

struct mem_cgroup;
struct vmop_cow;

/**
 * struct vmop_page - what a page list holds for a resident page
 * @lru: place on the reclaim list; empty when the page is not on it
 * @folio: the memory; this object owns one reference
 * @node: the node whose page list holds the page, NULL when in none
 * @pgoff: position in @node
 *
 * A slab object of its own rather than the folio's lru field, because on 6.1 a
 * memcg-aware list finds the memcg of an item by its slab.
 *
 * The folio lock is the token of ownership: whoever holds it may rely on @node
 * and @pgoff, and that @node lives. @node and @pgoff change under the
 * folio lock and the exclusive tree lock of @node together.
 */
struct vmop_page {
	struct list_head lru;
	struct folio *folio;
	struct vmop_cow *node;
	pgoff_t pgoff;
};

struct vmop_page *vmop_page_alloc(struct mem_cgroup *payer, bool zero);
void vmop_page_free(struct vmop_page *page);
void vmop_page_attach(struct vmop_page *page, struct vmop_cow *node,
		      pgoff_t pgoff);
void vmop_page_detach_locked(struct vmop_page *page);
void vmop_page_detach(struct vmop_page *page);
void vmop_page_release(struct vmop_page *page);
struct vmop_page *vmop_page_own(struct vmop_page *page,
				struct mem_cgroup *payer);
bool vmop_page_maybe_pinned(const struct vmop_page *page);
void vmop_page_zero_tail(struct vmop_page *page, unsigned int from);
void vmop_page_copy(struct vmop_page *to, const struct vmop_page *from);

static inline void vmop_page_lock(struct vmop_page *page)
{
	folio_lock(page->folio);
}

static inline void vmop_page_unlock(struct vmop_page *page)
{
	folio_unlock(page->folio);
}

static inline bool vmop_page_is_mapped(const struct vmop_page *page)
{
	return folio_mapped(page->folio);
}

int vmop_page_init(void);
void vmop_page_exit(void);

#endif /* VMOP_PAGE_H */
