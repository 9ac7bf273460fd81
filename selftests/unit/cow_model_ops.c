// SPDX-License-Identifier: GPL-2.0
/*
 * The steps of the random test of copy-on-write: see cow_model.h.
 *
 * Every now and then one of a step's allocations fails. Then the step is tried
 * again, after a look at what the failure has left.
 */
#include "cow_model.h"

static u32 next_value;

static void fail_maybe(void)
{
	shim.failed = false;
	if (one_in(6))
		shim.fail_at = shim.allocs + 1 + rnd(6);
}

#define TRY(fam, call)							\
({									\
	int try_ret;							\
									\
	fail_maybe();							\
	try_ret = (call);						\
	shim.fail_at = 0;						\
	if (try_ret == -ENOMEM) {					\
		note(" ENOMEM,");					\
		SIM_MUST(shim.failed);					\
		model_look(fam);					\
		try_ret = (call);					\
	}								\
	SIM_MUST(try_ret != -ENOMEM);					\
	try_ret;							\
})

/* Mostly a short range of what @vmo has, sometimes all of it. */
static pgoff_t some_range(pgoff_t nr_pages, pgoff_t *end)
{
	pgoff_t start = rnd(nr_pages);

	*end = start + 1 + rnd(one_in(4) ? nr_pages : 3);
	*end = min(*end, nr_pages);
	return start;
}

static u64 some_size(pgoff_t max)
{
	u64 len = rnd(max + 1) * PAGE_SIZE;

	if (len && one_in(3))
		len -= (1 + rnd(SHIM_CELLS - 1)) * SHIM_CELL_BYTES;
	return len;
}

struct sim_family *model_create(void)
{
	bool with_source = !one_in(3);
	u64 len = some_size(mood.pages);
	struct sim_family *fam;
	unsigned int i, j;

	if (len >= PAGE_SIZE && one_in(8)) {
		len &= PAGE_MASK;
		fam = sim_compose(len >> PAGE_SHIFT);
	} else {
		fam = sim_create(with_source, len);
	}
	note(" %s, %#llx bytes", !fam->root ? "anonymous" :
	     fam->root->source ? "pager" : "composed",
	     (unsigned long long)len);
	if (!fam->root)
		return fam;
	if (fam->root->source) {
		fam->root->trap_dirty = one_in(4);
		fam->root->dirty_limit = one_in(4) ? 1 + rnd(6) : 0;
	}
	for (i = 0; i < SIM_PAGES; i++) {
		for (j = 0; j < SHIM_CELLS && !one_in(4); j++)
			fam->store[i][j] = ++next_value;
	}
	/* What its first content is. */
	for (i = 0; i < vmop_pages_up(len); i++) {
		memcpy(fam->root_flat->page[i].cell, fam->store[i],
		       sizeof(fam->store[i]));
		for (j = 0; j < SHIM_CELLS; j++) {
			if (i * PAGE_SIZE + j * SHIM_CELL_BYTES >= len)
				fam->root_flat->page[i].cell[j] = 0;
		}
	}
	if (fam->root->trap_dirty)
		note(", trap");
	if (fam->root->dirty_limit)
		note(", limit %lu", fam->root->dirty_limit);
	return fam;
}

static bool step_write(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	pgoff_t pgoff = rnd(nr_pages);
	unsigned int i = rnd(SHIM_CELLS);
	u32 value = ++next_value;

	note(" write page %lu.%u = %u", pgoff, i, value);
	return !TRY(vmo->fam, sim_write(vmo, pgoff, i, value));
}

static bool step_map(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	pgoff_t pgoff = rnd(nr_pages);
	bool write = one_in(3);

	note(" map page %lu%s", pgoff, write ? " for writing" : "");
	return !TRY(vmo->fam, sim_map(vmo, pgoff, write));
}

static bool step_store(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	pgoff_t pgoff, first = rnd(nr_pages);
	unsigned int i = rnd(SHIM_CELLS);
	u32 value = ++next_value;

	for (pgoff = first; pgoff < nr_pages; pgoff++) {
		if (!vmo->space->mapping.pte[pgoff].write)
			continue;
		note(" store page %lu.%u = %u", pgoff, i, value);
		return sim_store(vmo, pgoff, i, value);
	}
	return false;
}

static bool step_commit(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	pgoff_t pgoff = rnd(nr_pages);

	note(" commit page %lu", pgoff);
	return !TRY(vmo->fam, sim_commit(vmo, pgoff));
}

static bool step_zero(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	pgoff_t end, start = some_range(nr_pages, &end);

	note(" zero [%lu, %lu)", start, end);
	return !TRY(vmo->fam, sim_zero(vmo, start, end));
}

static bool step_zero_cell(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	pgoff_t pgoff = rnd(nr_pages);
	unsigned int i = rnd(SHIM_CELLS);

	note(" zero page %lu.%u", pgoff, i);
	return !TRY(vmo->fam, sim_zero_cell(vmo, pgoff, i));
}

static bool step_resize(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	u64 len = some_size(one_in(4) ? mood.pages :
					 min(nr_pages + 2, (pgoff_t)mood.pages));
	bool wait = rnd(2);
	int ret;

	note(" resize to %#llx%s", (unsigned long long)len,
	     wait ? "" : ", no wait");
	ret = TRY(vmo->fam, sim_resize(vmo, len, wait));
	SIM_MUST(!ret || (ret == -EBUSY && !wait));
	return !ret;
}

static bool step_clone(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	static const char *const names[] = {
		"snapshot", "at least on write", "modified",
	};
	enum sim_kind kind = rnd(ARRAY_SIZE(names));
	pgoff_t offset = one_in(2) ? 0 : rnd(nr_pages + 2);
	pgoff_t nr = one_in(2) ? nr_pages : rnd(mood.pages + 1);
	bool keep_base = one_in(4);
	struct sim_vmo *clone;
	pgoff_t pgoff;
	int ret;

	if (vmo->fam->nr_vmos >= mood.vmos)
		return false;
	note(" clone :%u: %s, offset %lu, %lu pages%s",
	     vmo->fam->next_id, names[kind], offset, nr,
	     keep_base ? ", resettable" : "");
	ret = TRY(vmo->fam, sim_clone(vmo, kind, offset, nr, keep_base,
				      &clone));
	SIM_MUST(!ret || ret == -EOPNOTSUPP);
	if (ret)
		return false;
	/* It reads what its parent reads. */
	for (pgoff = 0; pgoff < nr; pgoff++) {
		u32 is[SHIM_CELLS], want[SHIM_CELLS] = { 0 };

		sim_peek(clone, pgoff, is);
		if (pgoff + offset < nr_pages)
			sim_peek(vmo, pgoff + offset, want);
		SIM_MUST(!memcmp(is, want, sizeof(is)));
	}
	return true;
}

static bool step_close(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	bool is_root = sim_node(vmo) == vmo->fam->root;

	if (!one_in(mood.patience) || (is_root && !one_in(4)))
		return false;
	note(" close");
	fail_maybe();
	sim_close(vmo);
	shim.fail_at = 0;
	return true;
}

static bool step_reset(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	if (!vmo->base)
		return false;
	note(" reset");
	return !sim_reset(vmo);
}

static bool step_supply(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	struct sim_family *fam = vmo->fam;
	bool marker = rnd(2);
	pgoff_t pgoff, end;

	if (!fam->root || !fam->root->nr_pages)
		return false;
	pgoff = some_range(fam->root->nr_pages, &end);
	note(" supply [%lu, %lu)%s", pgoff, end, marker ? ", markers" : "");
	for (; pgoff < end; pgoff++)
		SIM_MUST(!TRY(fam, sim_supply(fam, pgoff, marker)));
	return true;
}

static bool step_evict(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	note(" evict");
	return sim_evict(vmo->fam, rnd(8));
}

static bool step_make_dirty(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	struct sim_family *fam = vmo->fam;
	pgoff_t end, start;

	if (!sim_tracked(fam) || !fam->root->nr_pages)
		return false;
	start = some_range(fam->root->nr_pages, &end);
	note(" make dirty [%lu, %lu)", start, end);
	return !TRY(fam, sim_make_dirty(fam, start, end));
}

static bool step_writeback(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	struct sim_family *fam = vmo->fam;
	bool zero = one_in(4);
	pgoff_t end, start;

	if (!sim_tracked(fam) || !fam->root->nr_pages)
		return false;
	start = some_range(fam->root->nr_pages, &end);
	if (one_in(2)) {
		note(" writeback of [%lu, %lu) begins%s", start, end,
		     zero ? ", zeros" : "");
		sim_writeback_begin(fam, start, end, zero);
		return true;
	}
	note(" writeback of [%lu, %lu) ends", start, end);
	return !TRY(fam, sim_writeback_end(fam, start, end));
}

static bool step_drop_clean(struct sim_vmo *vmo, pgoff_t nr_pages)
{
	if (!sim_tracked(vmo->fam))
		return false;
	note(" drop what is clean");
	sim_drop_clean(vmo->fam);
	return true;
}

struct model_op {
	bool (*fn)(struct sim_vmo *vmo, pgoff_t nr_pages);
	unsigned int weight;
	bool empty;	/* also for a VMO of no size */
};

static const struct model_op ops[] = {
	{ step_write, 28 },
	{ step_map, 12 },
	{ step_store, 6 },
	{ step_commit, 4 },
	{ step_zero, 6 },
	{ step_zero_cell, 3 },
	{ step_resize, 5, true },
	{ step_clone, 10, true },
	{ step_close, 6, true },
	{ step_reset, 4, true },
	{ step_supply, 6, true },
	{ step_evict, 6, true },
	{ step_make_dirty, 2, true },
	{ step_writeback, 6, true },
	{ step_drop_clean, 1, true },
};

struct model_tally model_tally[] = {
	{ "write" }, { "map" }, { "store" }, { "commit" }, { "zero" },
	{ "zero a part" }, { "resize" }, { "clone" }, { "close" }, { "reset" },
	{ "supply" }, { "evict" }, { "make dirty" }, { "writeback" },
	{ "drop clean" }, { 0 },
};

void model_step(struct sim_family *fam, struct sim_vmo *vmo)
{
	pgoff_t nr_pages = sim_node(vmo)->nr_pages;
	unsigned int i, total = 0, nth;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	nth = rnd(total);
	for (i = 0; nth >= ops[i].weight; i++)
		nth -= ops[i].weight;
	if (nr_pages || ops[i].empty) {
		if (ops[i].fn(vmo, nr_pages))
			model_tally[i].done++;
		else
			model_tally[i].refused++;
	}
}
