// SPDX-License-Identifier: GPL-2.0
/*
 * What users of VMOs do: see cow_sim.h.
 */
#include "cow_sim.h"

/* Nothing needs more rounds than this until it gets what it wants. */
#define SIM_ROUNDS	16

static int sim_give_page(struct sim_vmo *vmo, pgoff_t pgoff, bool write)
{
	struct vmop_page *page = vmop_page_alloc(NULL, true);
	int ret;

	if (!page)
		return -ENOMEM;
	down_write(&vmo->fam->tree->lock);
	ret = vmop_cow_give_page(sim_node(vmo), pgoff, page, write);
	up_write(&vmo->fam->tree->lock);
	if (ret)
		vmop_page_free(page);
	if (vmop_plist_lookup(&sim_node(vmo)->pages, pgoff).kind ==
	    VMOP_SLOT_PAGE)
		flat_own(vmo->flat, pgoff);
	return ret == -EEXIST ? 0 : ret;
}

/* The pager makes room for dirty pages. */
static int sim_clean_all(struct sim_family *fam)
{
	pgoff_t end = fam->root->nr_pages;

	sim_writeback_begin(fam, 0, end, false);
	return sim_writeback_end(fam, 0, end);
}

/* Brings what an access lacks; no lock held. */
static int sim_bring(struct sim_vmo *vmo, pgoff_t pgoff, enum vmop_need need,
		     const struct vmop_res *res, bool write)
{
	struct sim_family *fam = vmo->fam;

	switch (need) {
	case VMOP_NEED_PAGE:
		return sim_give_page(vmo, pgoff, write);
	case VMOP_NEED_CONTENT:
		SIM_MUST(res->owner == fam->root);
		return sim_supply(fam, res->pgoff, false);
	case VMOP_NEED_ROOM:
		SIM_MUST(sim_node(vmo) == fam->root);
		return sim_clean_all(fam);
	case VMOP_NEED_GRANT:
		SIM_MUST(sim_node(vmo) == fam->root);
		return sim_make_dirty(fam, pgoff, pgoff + 1);
	default:
		return 0;
	}
}

/*
 * Until a page may be written. On 0 the shared tree lock is held, and the page
 * marked dirty under its lock, which is held as well. @zeros_do: there need not be
 * a page where there are zeros that nobody else changes; then @page is NULL.
 */
static int sim_get_for_write(struct sim_vmo *vmo, pgoff_t pgoff, bool zeros_do,
			     struct vmop_page **page)
{
	struct rw_semaphore *lock = &vmo->fam->tree->lock;
	struct vmop_cow *node = sim_node(vmo);
	unsigned int rounds;
	enum vmop_need need;
	struct vmop_res res;
	int ret;

	for (rounds = 0;; rounds++) {
		SIM_MUST(rounds < SIM_ROUNDS);
		down_read(lock);
		need = vmop_cow_write_need(node, pgoff, &res);
		*page = NULL;
		if (zeros_do && res.kind == VMOP_RES_ZERO &&
		    vmop_cow_zeros_stay(node, &res))
			return 0;
		if (need == VMOP_NEED_NOTHING)
			break;
		up_read(lock);
		ret = sim_bring(vmo, pgoff, need, &res, true);
		if (ret)
			return ret;
	}
	if (res.kind == VMOP_RES_BEYOND) {
		up_read(lock);
		return -ERANGE;
	}
	SIM_MUST(res.kind == VMOP_RES_PAGE && res.owner == node);
	SIM_MUST(res.pgoff == pgoff && res.len == PAGE_SIZE);
	*page = res.page;
	vmop_page_lock(*page);
	vmop_cow_dirty(node, *page);
	return 0;
}

int sim_write(struct sim_vmo *vmo, pgoff_t pgoff, unsigned int i, u32 value)
{
	struct vmop_page *page;
	int ret;

	/* Nobody writes behind the end. */
	if (pgoff * PAGE_SIZE + (i + 1) * SHIM_CELL_BYTES > sim_node(vmo)->len)
		return -ERANGE;
	ret = sim_get_for_write(vmo, pgoff, false, &page);
	if (ret)
		return ret;
	page->folio->cell[i] = value;
	vmop_cow_modify(page->node);
	vmop_page_unlock(page);
	up_read(&vmo->fam->tree->lock);
	flat_write(vmo->flat, pgoff, i, value);
	return 0;
}

/* Zeros in a part of a page: from now on they are the VMO's own. */
int sim_zero_cell(struct sim_vmo *vmo, pgoff_t pgoff, unsigned int i)
{
	struct vmop_page *page;
	int ret;

	if (pgoff * PAGE_SIZE + (i + 1) * SHIM_CELL_BYTES > sim_node(vmo)->len)
		return -ERANGE;
	ret = sim_get_for_write(vmo, pgoff, true, &page);
	if (ret)
		return ret;
	if (page) {
		page->folio->cell[i] = 0;
		vmop_cow_modify(page->node);
		vmop_page_unlock(page);
	}
	up_read(&vmo->fam->tree->lock);
	flat_write(vmo->flat, pgoff, i, 0);
	return 0;
}

int sim_commit(struct sim_vmo *vmo, pgoff_t pgoff)
{
	struct rw_semaphore *lock = &vmo->fam->tree->lock;
	struct vmop_cow *node = sim_node(vmo);
	unsigned int rounds;
	enum vmop_need need;
	struct vmop_res res;
	pgoff_t end;
	int ret = 0;

	for (rounds = 0; !ret; rounds++) {
		SIM_MUST(rounds < SIM_ROUNDS);
		end = pgoff + 1;
		down_read(lock);
		res = vmop_cow_resolve(node, pgoff);
		need = VMOP_NEED_CONTENT;
		if (res.kind != VMOP_RES_ABSENT &&
		    res.kind != VMOP_RES_BEYOND)
			need = vmop_cow_commit_need(node, pgoff, &res, &end);
		up_read(lock);
		if (res.kind == VMOP_RES_BEYOND)
			return -ERANGE;
		SIM_MUST(end == pgoff + 1);
		if (need == VMOP_NEED_NOTHING)
			break;
		ret = sim_bring(vmo, pgoff, need, &res, false);
	}
	if (!ret)
		SIM_MUST(res.kind == VMOP_RES_PAGE && res.owner == node);
	return ret;
}

/* Whole pages. On error those before it are zero. */
int sim_zero(struct sim_vmo *vmo, pgoff_t start, pgoff_t end)
{
	struct vmop_cow *node = sim_node(vmo);
	pgoff_t done;
	int ret;

	while (start < end) {
		down_write(&vmo->fam->tree->lock);
		ret = vmop_cow_zero(node, start, end, &done);
		up_write(&vmo->fam->tree->lock);
		SIM_MUST(done >= start && done <= end);
		flat_zero(vmo->flat, start, done);
		if (!ret)
			SIM_MUST(done > start);
		start = done;
		if (ret == -ENODATA) {
			SIM_MUST(node == vmo->fam->root);
			ret = sim_supply(vmo->fam, start, false);
		}
		if (ret)
			return ret;
	}
	return 0;
}

static int sim_resize_once(struct sim_vmo *vmo, u64 len, pgoff_t *missing)
{
	struct vmop_cow *node = sim_node(vmo);
	u64 old = node->len;
	int ret;

	down_write(&vmo->fam->tree->lock);
	ret = vmop_cow_resize(node, len, missing);
	if (!ret && len < old)
		vmop_map_zap_private(node, vmop_pages_up(len));
	up_write(&vmo->fam->tree->lock);
	if (ret)
		return ret;
	SIM_MUST(node->len == len);
	flat_resize(vmo->fam, vmo->flat, old, len);
	if (vmo->base)
		flat_resize(vmo->fam, vmo->base, old, len);
	return 0;
}

/* @wait: for what a snapshot lacks; else -EBUSY. */
int sim_resize(struct sim_vmo *vmo, u64 len, bool wait)
{
	unsigned int rounds;
	pgoff_t missing;
	int ret;

	for (rounds = 0;; rounds++) {
		SIM_MUST(rounds < SIM_PAGES + SIM_ROUNDS);
		ret = sim_resize_once(vmo, len, &missing);
		if (ret == -EAGAIN)
			ret = sim_give_page(vmo, missing, true);
		else if (ret == -EBUSY && wait)
			ret = sim_supply(vmo->fam, missing, false);
		else
			return ret;
		if (ret)
			return ret;
	}
}

static int sim_map_read(struct sim_vmo *vmo, pgoff_t pgoff)
{
	struct vmop_tree *tree = vmo->fam->tree;
	unsigned int rounds;
	enum vmop_need need;
	struct vmop_res res;
	int ret;

	for (rounds = 0;; rounds++) {
		SIM_MUST(rounds < SIM_ROUNDS);
		down_read(&tree->lock);
		need = vmop_cow_read_need(sim_node(vmo), pgoff, &res);
		if (need == VMOP_NEED_NOTHING)
			break;
		up_read(&tree->lock);
		ret = sim_bring(vmo, pgoff, need, &res, false);
		if (ret)
			return ret;
	}
	if (res.kind == VMOP_RES_PAGE)
		shim_map(&vmo->space->mapping, pgoff, res.page->folio, false);
	else if (res.kind == VMOP_RES_ZERO)
		shim_map(&vmo->space->mapping, pgoff, tree->zero_folio, false);
	up_read(&tree->lock);
	return 0;
}

int sim_map(struct sim_vmo *vmo, pgoff_t pgoff, bool write)
{
	struct vmop_page *page;
	int ret = vmop_map_zero_folio(vmo->fam->tree, vmo->space);

	if (ret)
		return ret;
	if (!write)
		return sim_map_read(vmo, pgoff);
	ret = sim_get_for_write(vmo, pgoff, false, &page);
	if (ret)
		return ret;
	vmo->space->store_mapped = true;
	shim_map(&vmo->space->mapping, pgoff, page->folio, true);
	vmop_page_unlock(page);
	up_read(&vmo->fam->tree->lock);
	return 0;
}

void sim_unmap_all(struct sim_vmo *vmo)
{
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < SHIM_PTES; pgoff++)
		shim_map(&vmo->space->mapping, pgoff, NULL, false);
}

/* A store through a mapping that allows it: nobody is asked. */
bool sim_store(struct sim_vmo *vmo, pgoff_t pgoff, unsigned int i, u32 value)
{
	struct shim_pte *pte = &vmo->space->mapping.pte[pgoff];

	if (!pte->write || pgoff * PAGE_SIZE + (i + 1) * SHIM_CELL_BYTES >
			   sim_node(vmo)->len)
		return false;
	pte->folio->cell[i] = value;
	flat_write(vmo->flat, pgoff, i, value);
	return true;
}
