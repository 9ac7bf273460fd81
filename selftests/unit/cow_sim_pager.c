// SPDX-License-Identifier: GPL-2.0
/*
 * What a pager and reclaim do with the root of a family: see cow_sim.h.
 */
#include "cow_sim.h"

static bool sim_store_is_zero(const struct sim_family *fam, pgoff_t pgoff)
{
	unsigned int i;

	for (i = 0; i < SHIM_CELLS; i++) {
		if (fam->store[pgoff][i])
			return false;
	}
	return true;
}

/* The root that a pager keeps up to date, or NULL. */
struct vmop_cow *sim_tracked(const struct sim_family *fam)
{
	return fam->root && fam->root->source ? fam->root : NULL;
}

static int sim_bring(struct vmop_cow *root, pgoff_t pgoff,
		     struct vmop_page *page)
{
	if (vmop_cow_resolve(root, pgoff).kind != VMOP_RES_ABSENT)
		return -EEXIST;
	return vmop_cow_bring(root, pgoff, page);
}

/* @marker: as one, if the store has zeros there. */
int sim_supply(struct sim_family *fam, pgoff_t pgoff, bool marker)
{
	struct vmop_page *page = NULL;
	int ret;

	if (!marker || !sim_store_is_zero(fam, pgoff)) {
		page = vmop_page_alloc(NULL, false);
		if (!page)
			return -ENOMEM;
		memcpy(page->folio->cell, fam->store[pgoff],
		       sizeof(fam->store[pgoff]));
	}
	down_write(&fam->tree->lock);
	ret = -ERANGE;
	if (pgoff < fam->root->nr_pages && sim_tracked(fam))
		ret = vmop_cow_supply(fam->root, pgoff, page);
	else if (pgoff < fam->root->nr_pages)
		ret = sim_bring(fam->root, pgoff, page);
	up_write(&fam->tree->lock);
	if (ret)
		vmop_page_free(page);
	return ret == -EEXIST ? 0 : ret;
}

/* The @nth clean page of the family, as reclaim.c does it. */
bool sim_evict(struct sim_family *fam, unsigned int nth)
{
	struct vmop_page *page, *victim = NULL;
	struct vmop_cow *node;

	list_for_each_entry(page, &shim_lru, lru) {
		if (page->node->tree != fam->tree)
			continue;
		victim = page;
		if (!nth--)
			break;
	}
	if (!victim)
		return false;
	node = victim->node;
	down_write(&fam->tree->lock);
	vmop_page_lock(victim);
	if (vmop_page_is_mapped(victim))
		vmop_map_zap_page(victim);
	SIM_MUST(vmop_plist_remove_clean(&node->pages, victim->pgoff, victim));
	vmop_page_detach_locked(victim);
	vmop_page_unlock(victim);
	up_write(&fam->tree->lock);
	vmop_page_free(victim);
	return true;
}

/* All or nothing; what is absent is supplied first. */
int sim_make_dirty(struct sim_family *fam, pgoff_t start, pgoff_t end)
{
	struct vmop_page *page, *next;
	unsigned long nr_pages;
	LIST_HEAD(pages);
	pgoff_t pgoff;
	int ret = 0;

	for (pgoff = start; !ret && pgoff < end; pgoff++)
		ret = sim_supply(fam, pgoff, true);
	if (ret)
		return ret;
	down_read(&fam->tree->lock);
	SIM_MUST(!vmop_cow_count_zeros(fam->root, start, end, &nr_pages));
	up_read(&fam->tree->lock);
	for (; nr_pages && !ret; nr_pages--) {
		page = vmop_page_alloc(NULL, true);
		if (page)
			list_add(&page->lru, &pages);
		else
			ret = -ENOMEM;
	}
	if (!ret) {
		down_write(&fam->tree->lock);
		ret = vmop_cow_make_dirty(fam->root, start, end, &pages);
		up_write(&fam->tree->lock);
		SIM_MUST(ret || list_empty(&pages));
	}
	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del_init(&page->lru);
		vmop_page_free(page);
	}
	return ret;
}

/* What the pager writes is read right after the begin. */
void sim_writeback_begin(struct sim_family *fam, pgoff_t start, pgoff_t end,
			 bool zero)
{
	pgoff_t pgoff = start, done;

	down_write(&fam->tree->lock);
	while (pgoff < end) {
		vmop_cow_writeback_begin(fam->root, pgoff, end, zero, &done);
		SIM_MUST(done > pgoff && done <= end);
		pgoff = done;
	}
	up_write(&fam->tree->lock);
	for (pgoff = start; pgoff < end; pgoff++) {
		if (zero && !vmop_plist_in_interval(&fam->root->pages, pgoff))
			continue;
		flat_read(fam->root_flat, pgoff, fam->pending[pgoff]);
		fam->begun[pgoff] = true;
	}
}

/* What a writeback has made clean, as the engine tells it. */
struct sim_cleaned {
	struct sim_family *fam;
	bool was_dirty[SIM_PAGES];
	pgoff_t end;
};

static void sim_cleaned(void *ctx, pgoff_t start, pgoff_t end)
{
	struct sim_cleaned *cleaned = ctx;

	/* In whole runs. */
	SIM_MUST(start < end && end <= cleaned->fam->root->nr_pages);
	SIM_MUST(!cleaned->end || start > cleaned->end);
	cleaned->end = end;
	for (; start < end; start++) {
		SIM_MUST(cleaned->was_dirty[start]);
		cleaned->was_dirty[start] = false;
	}
}

static void sim_dirty_pages(struct sim_family *fam, bool *dirty)
{
	struct vmop_dirty_run run = { .end = 0 };

	memset(dirty, 0, SIM_PAGES * sizeof(*dirty));
	while (vmop_plist_next_dirty(&fam->root->pages, run.end, SIM_PAGES,
				     &run))
		memset(&dirty[run.start], true, run.end - run.start);
}

int sim_writeback_end(struct sim_family *fam, pgoff_t start, pgoff_t end)
{
	struct sim_cleaned cleaned = { .fam = fam };
	bool dirty[SIM_PAGES];
	pgoff_t pgoff;
	int ret;

	for (pgoff = start; pgoff < end; pgoff++) {
		if (fam->begun[pgoff])
			memcpy(fam->store[pgoff], fam->pending[pgoff],
			       sizeof(fam->store[pgoff]));
	}
	sim_dirty_pages(fam, cleaned.was_dirty);
	down_write(&fam->tree->lock);
	ret = vmop_cow_writeback_end(fam->root, start, end, sim_cleaned,
				     &cleaned);
	up_write(&fam->tree->lock);
	sim_dirty_pages(fam, dirty);
	SIM_MUST(!memcmp(dirty, cleaned.was_dirty, sizeof(dirty)));
	for (pgoff = start; !ret && pgoff < end; pgoff++)
		fam->begun[pgoff] = false;
	return ret;
}

/* As a detach does. */
void sim_drop_clean(struct sim_family *fam)
{
	struct vmop_plist *pages = &fam->root->pages;
	struct vmop_slot slot;
	pgoff_t pgoff;

	down_write(&fam->tree->lock);
	if (fam->root->nr_pages)
		vmop_map_zap(fam->root, 0, fam->root->nr_pages);
	vmop_cow_drop_clean(fam->root);
	vmop_map_zap_zero(fam->root, 0, fam->root->nr_pages);
	up_write(&fam->tree->lock);
	for (pgoff = 0; pgoff < fam->root->nr_pages; pgoff++) {
		slot = vmop_plist_lookup(pages, pgoff);
		SIM_MUST(slot.kind != VMOP_SLOT_MARKER);
		if (slot.kind == VMOP_SLOT_PAGE)
			SIM_MUST(vmop_plist_page_state(pages, pgoff) !=
				 VMOP_CLEAN);
	}
}
