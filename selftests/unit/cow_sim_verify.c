// SPDX-License-Identifier: GPL-2.0
/*
 * Does everything read as predicted? See cow_sim.h.
 */
#include "cow_sim.h"

static void sim_cut(u32 *cell, unsigned int bytes)
{
	unsigned int i;

	for (i = bytes / SHIM_CELL_BYTES; i < SHIM_CELLS; i++)
		cell[i] = 0;
}

/* Bytes of a page that lie before the end of a node. */
static unsigned int sim_inside(const struct vmop_cow *node, pgoff_t pgoff)
{
	u64 start = (u64)pgoff << PAGE_SHIFT;

	if (node->len <= start)
		return 0;
	return min(node->len - start, (u64)PAGE_SIZE);
}

/* What is there, or would be there as soon as the pager has supplied it. */
void sim_peek(struct sim_vmo *vmo, pgoff_t pgoff, u32 *cell)
{
	struct sim_family *fam = vmo->fam;
	struct vmop_cow *node = sim_node(vmo);
	struct vmop_res res;

	memset(cell, 0, SHIM_CELLS * sizeof(*cell));
	down_read(&fam->tree->lock);
	res = vmop_cow_resolve(node, pgoff);
	if (res.kind == VMOP_RES_PAGE) {
		SIM_MUST(res.page->node == res.owner);
		SIM_MUST(res.page->pgoff == res.pgoff);
		memcpy(cell, res.page->folio->cell,
		       SHIM_CELLS * sizeof(*cell));
	} else if (res.kind == VMOP_RES_ABSENT) {
		SIM_MUST(res.owner == fam->root);
		memcpy(cell, fam->store[res.pgoff],
		       SHIM_CELLS * sizeof(*cell));
		sim_cut(cell, vmop_cow_cut(res.owner, res.pgoff));
		sim_cut(cell, sim_inside(res.owner, res.pgoff));
	}
	up_read(&fam->tree->lock);
	sim_cut(cell, res.len);
	sim_cut(cell, sim_inside(node, pgoff));
}

static void sim_differs(const struct sim_vmo *vmo, pgoff_t pgoff,
			const u32 *is, const u32 *want)
{
	static char text[160];

	snprintf(text, sizeof(text),
		 "VMO %u, page %lu is %u %u %u %u, not %u %u %u %u", vmo->id,
		 pgoff, is[0], is[1], is[2], is[3], want[0], want[1], want[2],
		 want[3]);
	sim_fail(__FILE__, __LINE__, text);
}

void sim_verify_page(struct sim_vmo *vmo, pgoff_t pgoff)
{
	u32 is[SHIM_CELLS], want[SHIM_CELLS];

	sim_peek(vmo, pgoff, is);
	flat_read(vmo->flat, pgoff, want);
	sim_cut(want, sim_inside(sim_node(vmo), pgoff));
	if (memcmp(is, want, sizeof(is)))
		sim_differs(vmo, pgoff, is, want);
}

/* Who maps the last page sees what is in it behind the end. */
static void sim_verify_tail(struct vmop_cow *node)
{
	unsigned int i = sim_inside(node, node->nr_pages - 1) / SHIM_CELL_BYTES;
	struct vmop_slot slot;

	slot = vmop_plist_lookup(&node->pages, node->nr_pages - 1);
	for (; slot.kind == VMOP_SLOT_PAGE && i < SHIM_CELLS; i++)
		SIM_MUST(!slot.page->folio->cell[i]);
}

static void sim_verify_vmo(struct sim_vmo *vmo)
{
	struct vmop_cow *node = sim_node(vmo);
	struct vmop_res res;
	pgoff_t pgoff;

	SIM_MUST(vmo->flat->nr_pages == node->nr_pages);
	for (pgoff = 0; pgoff < node->nr_pages; pgoff++)
		sim_verify_page(vmo, pgoff);
	if (node->nr_pages)
		sim_verify_tail(node);
	down_read(&vmo->fam->tree->lock);
	res = vmop_cow_resolve(node, pgoff);
	up_read(&vmo->fam->tree->lock);
	SIM_MUST(res.kind == VMOP_RES_BEYOND);
}

/* What the root holds as clean is what the pager has. */
static void sim_verify_clean(struct sim_family *fam)
{
	struct vmop_plist *pages = &fam->root->pages;
	u32 store[SHIM_CELLS], is[SHIM_CELLS];
	struct vmop_slot slot;
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < fam->root->nr_pages; pgoff++) {
		slot = vmop_plist_lookup(pages, pgoff);
		memset(is, 0, sizeof(is));
		if (slot.kind == VMOP_SLOT_PAGE) {
			if (vmop_plist_page_state(pages, pgoff) != VMOP_CLEAN)
				continue;
			memcpy(is, slot.page->folio->cell, sizeof(is));
		} else if (slot.kind != VMOP_SLOT_MARKER) {
			continue;
		}
		memcpy(store, fam->store[pgoff], sizeof(store));
		sim_cut(store, sim_inside(fam->root, pgoff));
		sim_cut(is, sim_inside(fam->root, pgoff));
		SIM_MUST(!memcmp(is, store, sizeof(is)));
	}
}

void sim_verify(struct sim_family *fam, struct cow_counts *counts)
{
	struct vmop_space *spaces[SIM_VMOS];
	struct cow_family family = {
		.tree = fam->tree,
		.spaces = spaces,
		.nr_spaces = fam->nr_vmos,
		.nr_refs = fam->nr_vmos + 1,
		.nomem = fam->nomem,
	};
	struct cow_counts local;
	const char *wrong;
	unsigned int i;

	for (i = 0; i < fam->nr_vmos; i++)
		spaces[i] = fam->vmo[i]->space;
	counts = counts ?: &local;
	wrong = cow_check(&family, counts);
	if (wrong)
		sim_fail(__FILE__, __LINE__, wrong);
	for (i = 0; i < fam->nr_vmos; i++)
		sim_verify_vmo(fam->vmo[i]);
	if (sim_tracked(fam))
		sim_verify_clean(fam);
	sim_verify_queries(fam, counts->shown);
	SIM_MUST(!shim.warnings && !shim.locks && !shim.rcu);
}
