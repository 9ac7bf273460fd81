// SPDX-License-Identifier: GPL-2.0
/*
 * What each operation does to the model; see wbm.h. The comments name the rules
 * and say nothing that they say.
 */
#include <string.h>

#include "wbm.h"

/* ---- looking ------------------------------------------------------------- */

static bool wbm_has_page(const struct wbm *m, unsigned int page)
{
	enum wbm_kind kind = m->page[page].kind;

	return kind == WBM_CLEAN || kind == WBM_DIRTY || kind == WBM_AWAITING;
}

unsigned int wbm_nr_pages(const struct wbm *m)
{
	return (m->len + WBM_CELLS - 1) / WBM_CELLS;
}

unsigned int wbm_count(const struct wbm *m, enum wbm_kind kind)
{
	unsigned int page, nr = 0;

	for (page = 0; page < wbm_nr_pages(m); page++)
		nr += m->page[page].kind == kind;
	return nr;
}

unsigned int wbm_nr_dirty(const struct wbm *m)
{
	return wbm_count(m, WBM_DIRTY) + wbm_count(m, WBM_AWAITING);
}

unsigned int wbm_interval_start(const struct wbm *m, unsigned int page)
{
	while (page && m->page[page - 1].kind == WBM_ZERO)
		page--;
	return page;
}

unsigned int wbm_interval_end(const struct wbm *m, unsigned int page)
{
	while (page < WBM_PAGES && m->page[page].kind == WBM_ZERO)
		page++;
	return page;
}

/* What a supply of the store's content makes of a cell: behind a cut are zeros. */
__u32 wbm_supplied(const struct wbm *m, unsigned int cell)
{
	unsigned int page = cell / WBM_CELLS;
	unsigned int keep = WBM_CELLS;

	if (page == m->len / WBM_CELLS)
		keep = m->len % WBM_CELLS;
	keep = wbm_min(keep, m->cut[page]);
	return cell % WBM_CELLS < keep ? m->store[cell] : 0;
}

/* QRY-2, QRY-3 */
unsigned int wbm_query(const struct wbm *m, unsigned int page,
		       unsigned int end, struct vmop_dirty_range *ranges)
{
	unsigned int nr = 0, last = WBM_PAGES;
	bool zero, was_zero = false;

	for (end = wbm_min(end, wbm_nr_pages(m)); page < end; page++) {
		enum wbm_kind kind = m->page[page].kind;

		zero = kind == WBM_ZERO;
		if (!zero && kind != WBM_DIRTY && kind != WBM_AWAITING)
			continue;
		if (nr && last + 1 == page && was_zero == zero) {
			ranges[nr - 1].length += PG(1);
		} else {
			ranges[nr].offset = PG(page);
			ranges[nr].length = PG(1);
			ranges[nr].flags = zero ? VMOP_DIRTY_ZERO : 0;
			nr++;
		}
		last = page;
		was_zero = zero;
	}
	return nr;
}

/* Every position holds what users wrote, or the pager has it. */
void wbm_verify(struct wbm *m)
{
	unsigned int cell;

	for (cell = 0; cell < m->len && !m->lost[0]; cell++) {
		const struct wbm_page *p = &m->page[cell / WBM_CELLS];
		__u32 now = p->kind == WBM_ABSENT ? wbm_supplied(m, cell) :
						    p->cell[cell % WBM_CELLS];

		/* What a detached VMO does not keep is not its business. */
		if (now == m->truth[cell] ||
		    (p->kind == WBM_ABSENT && m->detached))
			continue;
		snprintf(m->lost, sizeof(m->lost),
			 "page %u cell %u: version %u was written, %u is left (kind %d)",
			 cell / WBM_CELLS, cell % WBM_CELLS, m->truth[cell],
			 now, p->kind);
	}
}

/* ---- requests ------------------------------------------------------------ */

void wbm_finish(struct wbm *m, int status)
{
	m->req.used = false;
	m->req.status = status;
}

/* What fsync() waits for is remembered by page. */
static unsigned int wbm_take_todo(struct wbm_req *r, unsigned int page,
				  unsigned int end)
{
	unsigned int nr = 0;

	for (; page < end; page++) {
		nr += r->todo[page];
		r->todo[page] = false;
	}
	return nr;
}

/* REQ-16: otherwise counted, not remembered. */
void wbm_answer(struct wbm *m, enum wbm_type type, unsigned int page,
		unsigned int end)
{
	struct wbm_req *r = &m->req;
	unsigned int lo = wbm_max(page, r->page);
	unsigned int hi = wbm_min(end, r->page + r->nr);

	if (!r->used || r->type != type || lo >= hi)
		return;
	r->pending -= wbm_min(r->pending, type == WBM_CLEANING ?
			      wbm_take_todo(r, lo, hi) : hi - lo);
	if (!r->pending)
		wbm_finish(m, type == WBM_CLEANING && !r->vague);
}

static void wbm_cleaned(struct wbm *m, unsigned int page, unsigned int end)
{
	wbm_answer(m, WBM_CLEANING, page, end);
	wbm_answer(m, WBM_ROOM, page, end);
}

static void wbm_answer_failed(struct wbm *m, unsigned int page,
			      unsigned int end)
{
	struct wbm_req *r = &m->req;

	if (wbm_max(page, r->page) < wbm_min(end, r->page + r->nr))
		r->vague = true;
	wbm_answer(m, r->type, page, end);
}

/* REQ-22, REQ-23: the thread's start is the request's. */
void wbm_fail(struct wbm *m, unsigned int page, unsigned int end,
	      unsigned int types, int err)
{
	static const unsigned int masks[] = {
		[WBM_READ] = VMOP_FAIL_READ,
		[WBM_GRANT] = VMOP_FAIL_DIRTY,
		[WBM_CLEANING] = VMOP_FAIL_WRITEBACK,
		[WBM_ROOM] = VMOP_FAIL_WRITEBACK,
	};
	struct wbm_req *r = &m->req;

	if (!r->used || (types && !(types & masks[r->type])))
		return;
	if (page <= r->page && r->page < end)
		wbm_finish(m, -err);
	else
		wbm_answer_failed(m, page, end);
}

/* ---- content ------------------------------------------------------------- */

void wbm_init(struct wbm *m, unsigned int len)
{
	unsigned int cell;

	memset(m, 0, sizeof(*m));
	m->len = len;
	for (cell = 0; cell < WBM_PAGES; cell++)
		m->cut[cell] = WBM_CELLS;
	for (cell = 0; cell < WBM_ALL; cell++) {
		/* Every fifth page is zeros. */
		m->store[cell] = cell / WBM_CELLS % 5 ? 1 : 0;
		if (cell < len)
			m->truth[cell] = m->store[cell];
	}
}

/* Zeros that become a page leave their interval (WB-13, WB-14). */
static void wbm_leave_interval(struct wbm *m, unsigned int page)
{
	unsigned int a = m->awaiting[page];

	if (m->page[page].kind != WBM_ZERO ||
	    wbm_interval_start(m, page) < page)
		return;
	m->awaiting[page] = 0;
	if (page + 1 < WBM_PAGES && m->page[page + 1].kind == WBM_ZERO)
		m->awaiting[page + 1] = a ? a - 1 : 0;
}

/* Zeros get a page. */
void wbm_fill_zero(struct wbm *m, unsigned int page, enum wbm_kind kind)
{
	wbm_leave_interval(m, page);
	memset(&m->page[page], 0, sizeof(m->page[page]));
	m->page[page].kind = kind;
}

/* A page is about to change. */
void wbm_make_dirty(struct wbm *m, unsigned int page)
{
	struct wbm_page *p = &m->page[page];

	if (!wbm_has_page(m, page))
		wbm_fill_zero(m, page, WBM_DIRTY);
	else
		p->kind = WBM_DIRTY;
}

void wbm_write_cells(struct wbm *m, unsigned int cell, unsigned int nr,
		     __u32 version)
{
	wbm_make_dirty(m, cell / WBM_CELLS);
	for (; nr--; cell++) {
		m->page[cell / WBM_CELLS].cell[cell % WBM_CELLS] = version;
		m->truth[cell] = version;
	}
}

/*
 * New zeros at [page, end), where no interval is: they join their neighbours.
 * A counts from the left end, and what is new was not begun (WB-17, WB-18): no A
 * reaches over it, though it may have before (see vmop_plist_new_zeros()).
 */
static void wbm_add_zeros(struct wbm *m, unsigned int page, unsigned int end)
{
	bool has_right = end < WBM_PAGES && m->page[end].kind == WBM_ZERO;
	unsigned int start = wbm_interval_start(m, page);
	unsigned int a, i;

	for (i = 0; i < page; i++)
		m->awaiting[i] = wbm_min(m->awaiting[i], page - i);
	a = start < page ? m->awaiting[start] : 0;
	for (i = page; i < end; i++) {
		m->cut[i] = WBM_CELLS;
		memset(&m->page[i], 0, sizeof(m->page[i]));
		m->page[i].kind = WBM_ZERO;
		m->awaiting[i] = 0;
	}
	if (has_right) {
		if (start + a == end)
			a += m->awaiting[end];
		m->awaiting[end] = 0;
	}
	m->awaiting[start] = a;
}

/* ZERO-4, one position */
void wbm_zero_page(struct wbm *m, unsigned int page)
{
	if (m->page[page].kind != WBM_MARKER && m->page[page].kind != WBM_ZERO)
		wbm_add_zeros(m, page, page + 1);
	memset(&m->truth[page * WBM_CELLS], 0, WBM_CELLS * sizeof(__u32));
}

int wbm_zero(struct wbm *m, unsigned int page, unsigned int end)
{
	unsigned int i;

	if (end > wbm_nr_pages(m))
		return -ERANGE;
	for (i = page; i < end; i++)
		wbm_zero_page(m, i);
	m->modified = WBM_YES;
	wbm_answer(m, WBM_READ, page, end);
	/* Zeros take no room. */
	wbm_answer(m, WBM_ROOM, page, end);
	return 0;
}

/* SUP-5; a page with a cut is not what the pager has, so it is dirty. */
int wbm_supply(struct wbm *m, unsigned int page, unsigned int end, bool zeros)
{
	unsigned int i, c;

	if (end > wbm_nr_pages(m))
		return -ERANGE;
	if (m->detached)
		return -ENOTCONN;
	for (i = page; i < end; i++) {
		struct wbm_page *p = &m->page[i];

		if (p->kind != WBM_ABSENT)
			continue;
		p->kind = zeros ? WBM_MARKER :
			  m->cut[i] < WBM_CELLS ? WBM_DIRTY : WBM_CLEAN;
		for (c = 0; c < WBM_CELLS && !zeros; c++)
			p->cell[c] = wbm_supplied(m, i * WBM_CELLS + c);
		m->cut[i] = WBM_CELLS;
		wbm_answer(m, WBM_READ, i, i + 1);
	}
	return 0;
}

/* DT-6 to DT-11 */
int wbm_op_dirty(struct wbm *m, unsigned int page, unsigned int end)
{
	unsigned int i;
	int ret = 0;

	if (!m->trap)
		return -EOPNOTSUPP;
	if (end > wbm_nr_pages(m))
		return -ERANGE;
	if (m->detached)
		ret = -ENOTCONN;
	for (i = page; i < end && !ret; i++) {
		if (m->page[i].kind == WBM_ABSENT)
			ret = -ENOENT;
	}
	for (i = page; i < end && !ret; i++)
		wbm_make_dirty(m, i);
	wbm_answer(m, WBM_GRANT, page, end);
	return ret;
}

/* WB-2 to WB-6. The pager stores at once what it has begun. */
int wbm_begin(struct wbm *m, unsigned int page, unsigned int end, bool zero)
{
	unsigned int i, stop, c;

	if (end > wbm_nr_pages(m))
		return -ERANGE;
	for (i = page; i < end; i++) {
		struct wbm_page *p = &m->page[i];

		if (p->kind == WBM_ZERO && wbm_interval_start(m, i) == i) {
			stop = wbm_min(wbm_interval_end(m, i), end);
			m->awaiting[i] = wbm_max(m->awaiting[i], stop - i);
			memset(&m->store[i * WBM_CELLS], 0,
			       (stop - i) * WBM_CELLS * sizeof(__u32));
		}
		if (p->kind != WBM_DIRTY && p->kind != WBM_AWAITING)
			continue;
		p->writable = false;
		if (zero)
			continue;
		p->kind = WBM_AWAITING;
		for (c = 0; c < WBM_CELLS; c++)
			m->store[i * WBM_CELLS + c] = p->cell[c];
	}
	return 0;
}

/* WB-11: [start, stop) of the interval that starts there becomes a gap. */
static void wbm_clean_zeros(struct wbm *m, unsigned int start,
			    unsigned int stop)
{
	unsigned int a = m->awaiting[start];
	unsigned int i;

	for (i = start; i < stop; i++) {
		m->page[i].kind = WBM_ABSENT;
		m->awaiting[i] = 0;
	}
	if (stop > start && stop < WBM_PAGES && m->page[stop].kind == WBM_ZERO)
		m->awaiting[stop] = a - wbm_min(a, stop - start);
	wbm_cleaned(m, start, stop);
}

/* WB-9 to WB-20 */
int wbm_end(struct wbm *m, unsigned int page, unsigned int end)
{
	unsigned int reach = page;
	unsigned int i, next, stop;

	if (end > wbm_nr_pages(m))
		return -ERANGE;
	for (i = page; i < end; i = next) {
		next = i + 1;
		if (m->page[i].kind == WBM_AWAITING) {
			m->page[i].kind = WBM_CLEAN;
			m->nr_cleaned++;
			wbm_cleaned(m, i, i + 1);
		}
		if (m->page[i].kind != WBM_ZERO)
			continue;
		next = wbm_interval_end(m, i);
		if (wbm_interval_start(m, i) < i)
			continue;
		reach = wbm_max(reach, i + m->awaiting[i]);
		stop = wbm_min(wbm_min(reach, end), next);
		if (stop > i)
			wbm_clean_zeros(m, i, stop);
	}
	return 0;
}

/* What lies behind a byte that the VMO ended or ends at is zero. */
static void wbm_zero_tail(struct wbm *m, unsigned int cell)
{
	unsigned int page = cell / WBM_CELLS, off = cell % WBM_CELLS, c;
	struct wbm_page *p = &m->page[page];

	if (p->kind == WBM_ABSENT)
		m->cut[page] = wbm_min(off, m->cut[page]);
	if (!wbm_has_page(m, page))
		return;
	/* A change like any other, though nobody is asked. */
	wbm_make_dirty(m, page);
	for (c = off; c < WBM_CELLS; c++)
		p->cell[c] = 0;
}

static void wbm_shrink(struct wbm *m, unsigned int nr_pages)
{
	unsigned int old = wbm_nr_pages(m), i;

	for (i = nr_pages; i < old; i++) {
		memset(&m->page[i], 0, sizeof(m->page[i]));
		m->awaiting[i] = 0;
		m->cut[i] = WBM_CELLS;
	}
}

/* RSZ-3, RSZ-5, RSZ-6 */
void wbm_resize(struct wbm *m, unsigned int len)
{
	unsigned int nr_pages = (len + WBM_CELLS - 1) / WBM_CELLS;
	unsigned int old = wbm_nr_pages(m), tail = wbm_min(len, m->len), cell;

	if (nr_pages < old)
		wbm_shrink(m, nr_pages);
	else if (nr_pages > old)
		wbm_add_zeros(m, old, nr_pages);
	if (len != m->len && tail % WBM_CELLS)
		wbm_zero_tail(m, tail);
	for (cell = tail; cell < WBM_ALL; cell++)
		m->truth[cell] = 0;
	m->len = len;
	m->modified = WBM_YES;
	if (nr_pages < old) {
		wbm_answer(m, WBM_READ, nr_pages, old);
		wbm_answer(m, WBM_GRANT, nr_pages, old);
		wbm_cleaned(m, nr_pages, old);
	}
}

/* Reclaim takes all that is clean and a page. */
void wbm_evict(struct wbm *m)
{
	unsigned int i;

	for (i = 0; i < WBM_PAGES; i++) {
		if (m->page[i].kind == WBM_CLEAN)
			memset(&m->page[i], 0, sizeof(m->page[i]));
	}
}

/* DET-1 */
void wbm_detach(struct wbm *m)
{
	unsigned int i;

	m->detached = true;
	wbm_evict(m);
	for (i = 0; i < WBM_PAGES; i++) {
		if (m->page[i].kind == WBM_MARKER)
			m->page[i].kind = WBM_ABSENT;
		m->page[i].writable = false;
	}
	if (m->req.used)
		wbm_finish(m, 0);
}
