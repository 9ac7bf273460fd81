// SPDX-License-Identifier: GPL-2.0
/*
 * Do the engine's questions about ranges answer what asking for each position
 * says? See cow_sim.h.
 */
#include "cow_sim.h"

/* Largest family of which shares are counted. */
#define SIM_COUNTED	32

/* What is at each position of the node that is asked about, and behind its end. */
static struct vmop_res at[SIM_PAGES + 1];

static void look(struct vmop_cow *node)
{
	pgoff_t pgoff;

	for (pgoff = 0; pgoff <= node->nr_pages; pgoff++)
		at[pgoff] = vmop_cow_resolve(node, pgoff);
}

static bool is_data(pgoff_t pgoff)
{
	return at[pgoff].kind == VMOP_RES_PAGE ||
	       at[pgoff].kind == VMOP_RES_ABSENT;
}

static void query_absent(struct vmop_cow *node)
{
	pgoff_t start, end, nr_pages = node->nr_pages;

	end = nr_pages;
	for (start = nr_pages; start--;) {
		if (at[start].kind != VMOP_RES_ABSENT) {
			end = start;
			continue;
		}
		SIM_MUST(vmop_cow_absent_end(node, start, nr_pages + 5) == end);
		SIM_MUST(vmop_cow_absent_end(node, start, start + 1) ==
			 start + 1);
		SIM_MUST(vmop_cow_absent_end(node, start, end) == end);
	}
	SIM_MUST(vmop_cow_absent_end(node, 3, 3) == 3);
	SIM_MUST(vmop_cow_absent_end(node, 3, 1) == 3);
	start = nr_pages + 2;
	SIM_MUST(vmop_cow_absent_end(node, start, start + 1) == start);
}

static void query_preserve(struct vmop_cow *node)
{
	pgoff_t start, next, nr_pages = node->nr_pages;

	next = nr_pages;
	for (start = nr_pages; start--;) {
		if (vmop_cow_must_preserve(node, start))
			next = start;
		SIM_MUST(vmop_cow_preserve_next(node, start, nr_pages) == next);
		SIM_MUST(vmop_cow_preserve_next(node, start, start + 1) ==
			 min(next, start + 1));
	}
}

/* What is mapped in one go: whole pages, whoever has them. */
static void query_collect(struct vmop_cow *node)
{
	struct vmop_page *pages[BITS_PER_LONG] = { 0 };
	pgoff_t nr_pages = node->nr_pages, pgoff;
	struct vmop_res res = { .kind = VMOP_RES_BEYOND };
	unsigned int nr;

	/* As many as there are, or as one call can take. */
	if (nr_pages % 2 || nr_pages > BITS_PER_LONG)
		nr_pages = BITS_PER_LONG;
	nr = vmop_cow_collect(node, 0, nr_pages, pages);
	for (pgoff = 0; pgoff < nr_pages; pgoff++) {
		if (pgoff <= node->nr_pages)
			res = at[pgoff];
		if (res.kind != VMOP_RES_PAGE || res.len < PAGE_SIZE) {
			SIM_MUST(!pages[pgoff]);
			continue;
		}
		SIM_MUST(pages[pgoff] == res.page);
		nr--;
	}
	SIM_MUST(!nr);
}

/* Where content is, as lseek() wants to know. */
static void query_data(struct vmop_cow *node)
{
	pgoff_t start, end, next, pgoff, nr_pages = node->nr_pages;
	struct vmop_interval interval;
	bool data;

	for (start = 0; start < nr_pages; start++) {
		end = nr_pages - start % 3;
		if (start >= end)
			break;
		data = vmop_cow_is_data(node, start, end, &next);
		SIM_MUST(next > start && next <= end);
		if (vmop_plist_find_interval(&node->pages, start, &interval))
			SIM_MUST(next == min(interval.end, end));
		for (pgoff = start; pgoff < next; pgoff++)
			SIM_MUST(data == is_data(pgoff));
	}
	/* In one step over what is alike and nobody has anything of. */
	if (vmop_plist_is_empty(&node->pages) && !node->parent && nr_pages) {
		vmop_cow_is_data(node, 0, nr_pages, &next);
		SIM_MUST(next == nr_pages);
	}
}

static bool is_dirty(struct vmop_cow *node, pgoff_t pgoff)
{
	enum vmop_dirty_state state;
	struct vmop_slot slot = vmop_plist_lookup(&node->pages, pgoff);

	if (slot.kind == VMOP_SLOT_ZERO)
		return node->source;
	if (slot.kind != VMOP_SLOT_PAGE)
		return false;
	state = vmop_plist_page_state(&node->pages, pgoff);
	return state == VMOP_DIRTY || state == VMOP_AWAITING_CLEAN;
}

static void query_dirty(struct vmop_cow *node)
{
	unsigned long map[BITS_TO_LONGS(SIM_PAGES)] = { 0 };
	struct vmop_dirty_span span;
	pgoff_t first = VMOP_PLIST_MAX_PAGES, end = 0, pgoff;
	unsigned long nr = 0;

	vmop_cow_dirty_map(node, 0, node->nr_pages, map);
	for (pgoff = 0; pgoff < node->nr_pages; pgoff++) {
		SIM_MUST(test_bit(pgoff, map) == is_dirty(node, pgoff));
		if (!is_dirty(node, pgoff))
			continue;
		first = min(first, pgoff);
		end = pgoff + 1;
		nr++;
	}
	SIM_MUST(vmop_cow_dirty_span(node, 0, node->nr_pages + 9, &span) ==
		 (nr != 0));
	if (nr)
		SIM_MUST(span.start == first && span.end == end);
	SIM_MUST(span.nr_pages == nr);
}

/* Up to where a writer has to ask: what is absent or dirty already ends it. */
static void query_clean(struct vmop_cow *node)
{
	pgoff_t start, end = node->nr_pages;
	struct vmop_slot slot;

	for (start = node->nr_pages; start--;) {
		slot = vmop_plist_lookup(&node->pages, start);
		if (slot.kind == VMOP_SLOT_EMPTY ||
		    (slot.kind == VMOP_SLOT_PAGE &&
		     vmop_plist_page_state(&node->pages, start) == VMOP_DIRTY))
			end = start;
		SIM_MUST(vmop_cow_clean_end(node, start, SIM_PAGES + 1) == end);
		SIM_MUST(vmop_cow_clean_end(node, start, start + 1) ==
			 min(end, start + 1));
	}
}

static unsigned long own_zeros(struct vmop_cow *node)
{
	unsigned long nr_zero = 0;
	enum vmop_slot_kind kind;
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < node->nr_pages; pgoff++) {
		kind = vmop_plist_lookup(&node->pages, pgoff).kind;
		nr_zero += kind == VMOP_SLOT_ZERO || kind == VMOP_SLOT_MARKER;
	}
	return nr_zero;
}

/* Everybody's shares make up all @pages that somebody sees. */
static void query_shares(struct sim_family *fam, unsigned long pages)
{
	static struct vmop_cow_counter counter;
	u64 page = (u64)PAGE_SIZE << VMOP_SHARE_SHIFT, sum = 0, lost = 0;
	unsigned int i;

	for (i = 0; i < fam->nr_vmos; i++) {
		struct vmop_cow *node = sim_node(fam->vmo[i]);
		struct vmop_cow_shares shares = { 0 };

		vmop_cow_count_shares(node, &counter, &shares);
		SIM_MUST(shares.nr_zero == own_zeros(node));
		SIM_MUST(shares.scaled <= shares.nr_shared * page / 2);
		sum += shares.nr_private * page + shares.scaled;
		lost += shares.nr_shared;
	}
	/* Each part is rounded down. */
	SIM_MUST(sum <= pages * page && sum + lost >= pages * page);
}

void sim_verify_queries(struct sim_family *fam, unsigned long pages)
{
	struct vmop_cow *node;
	unsigned int i;

	down_read(&fam->tree->lock);
	for (i = 0; i < fam->nr_vmos; i++) {
		node = sim_node(fam->vmo[i]);
		look(node);
		query_absent(node);
		query_collect(node);
		query_data(node);
		if (node->source) {
			query_dirty(node);
			query_clean(node);
			query_preserve(node);
		}
	}
	/* It takes long for a deep family. */
	if (fam->nr_vmos <= SIM_COUNTED)
		query_shares(fam, pages);
	up_read(&fam->tree->lock);
}
