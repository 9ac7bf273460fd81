// SPDX-License-Identifier: GPL-2.0
/*
 * Predictions: see cow_sim.h.
 */
#include "cow_sim.h"

struct flat *flat_new(struct sim_family *fam, pgoff_t nr_pages)
{
	struct flat *flat = calloc(1, sizeof(*flat));

	shim_must(flat);
	flat->nr_pages = nr_pages;
	flat->next = fam->flats;
	fam->flats = flat;
	return flat;
}

void flat_free_all(struct sim_family *fam)
{
	struct flat *flat;

	while ((flat = fam->flats)) {
		fam->flats = flat->next;
		free(flat);
	}
}

void flat_read(const struct flat *flat, pgoff_t pgoff, u32 *cell)
{
	const struct flat_page *page = &flat->page[pgoff];
	unsigned int i, cells = SHIM_CELLS;

	for (; page->from; page = &page->from->page[page->at])
		cells = min(cells, page->cells);
	for (i = 0; i < SHIM_CELLS; i++)
		cell[i] = i < cells ? page->cell[i] : 0;
}

/* A page is a value from now on. */
struct flat_page *flat_own(struct flat *flat, pgoff_t pgoff)
{
	struct flat_page *page = &flat->page[pgoff];

	if (page->from) {
		flat_read(flat, pgoff, page->cell);
		page->from = NULL;
	}
	return page;
}

void flat_write(struct flat *flat, pgoff_t pgoff, unsigned int i, u32 value)
{
	flat_own(flat, pgoff)->cell[i] = value;
}

void flat_zero(struct flat *flat, pgoff_t start, pgoff_t end)
{
	if (start < end)
		memset(&flat->page[start], 0,
		       (end - start) * sizeof(flat->page[0]));
}

/* The cells from @cells on are zeros. */
static void flat_cut(struct flat_page *page, unsigned int cells)
{
	if (page->from) {
		page->cells = min(page->cells, cells);
		return;
	}
	for (; cells < SHIM_CELLS; cells++)
		page->cell[cells] = 0;
}

/* Who follows what is gone sees zeros for ever. */
static void flat_clamp(struct sim_family *fam, const struct flat *target,
		       pgoff_t nr_pages)
{
	struct flat *flat;
	pgoff_t pgoff;

	for (flat = fam->flats; flat; flat = flat->next) {
		for (pgoff = 0; pgoff < flat->nr_pages; pgoff++) {
			if (flat->page[pgoff].from == target &&
			    flat->page[pgoff].at >= nr_pages)
				flat_zero(flat, pgoff, pgoff + 1);
		}
	}
}

void flat_resize(struct sim_family *fam, struct flat *flat, u64 old, u64 len)
{
	pgoff_t nr_pages = vmop_pages_up(len);
	u64 tail = min(old, len);

	flat_clamp(fam, flat, nr_pages);
	flat_zero(flat, nr_pages, SIM_PAGES);
	if (old != len && (tail & ~PAGE_MASK))
		flat_cut(&flat->page[tail >> PAGE_SHIFT],
			 (tail & ~PAGE_MASK) / SHIM_CELL_BYTES);
	flat->nr_pages = nr_pages;
}

/* Page 0 of @to is page @offset of @from, as it is now. */
void flat_copy(struct flat *to, const struct flat *from, pgoff_t offset)
{
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < to->nr_pages; pgoff++) {
		if (pgoff + offset < from->nr_pages)
			to->page[pgoff] = from->page[pgoff + offset];
	}
}

/*
 * Page 0 of @to follows page @offset of @from; or what that follows, up to
 * @target. What is a value on the way there is one for ever: only VMOs that were
 * closed are passed by with something of their own.
 */
void flat_follow(struct flat *to, struct flat *from, pgoff_t offset,
		 struct flat *target)
{
	struct flat_page *page;
	const struct flat_page *up;
	unsigned int cells;
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < to->nr_pages; pgoff++) {
		if (pgoff + offset >= from->nr_pages)
			continue;
		page = &to->page[pgoff];
		page->from = from;
		page->at = pgoff + offset;
		page->cells = SHIM_CELLS;
		while (page->from && page->from != target) {
			up = &page->from->page[page->at];
			cells = min(page->cells, up->cells);
			if (up->from)
				*page = *up;
			else
				flat_own(to, pgoff);
			page->cells = cells;
		}
	}
}
