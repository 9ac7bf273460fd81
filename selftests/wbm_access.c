// SPDX-License-Identifier: GPL-2.0
/*
 * How an access of a user goes on in the model: until it is over, or until it
 * has made a request; see wbm.h. It goes on from there when the request is over.
 */
#include <string.h>

#include "wbm.h"

enum wbm_need { WBM_NEED_NOTHING, WBM_NEED_CONTENT, WBM_NEED_GRANT, WBM_NEED_ROOM };

#define WBM_GRANT_PAGES 16	/* leave is asked for in pieces of at least this */
#define WBM_DEFAULT_REQUEST 16	/* pages of a READ, unless the VMO says another */

/* ---- what is missing ----------------------------------------------------- */

static enum wbm_need wbm_state_need(const struct wbm *m, enum wbm_kind kind)
{
	if (kind == WBM_DIRTY)
		return WBM_NEED_NOTHING;
	if (kind != WBM_AWAITING && m->limit && wbm_nr_dirty(m) >= m->limit)
		return WBM_NEED_ROOM;
	return m->trap ? WBM_NEED_GRANT : WBM_NEED_NOTHING;
}

static enum wbm_need wbm_write_need(const struct wbm *m, unsigned int page)
{
	if (m->page[page].kind == WBM_ABSENT)
		return WBM_NEED_CONTENT;
	return wbm_state_need(m, m->page[page].kind);
}

/* REQ-6, REQ-12: where what is alike ends. */
static unsigned int wbm_alike_end(const struct wbm *m, unsigned int page,
				  unsigned int end, enum wbm_need need)
{
	end = wbm_min(end, wbm_nr_pages(m));
	for (; page < end; page++) {
		enum wbm_kind kind = m->page[page].kind;

		if (need == WBM_NEED_CONTENT ? kind != WBM_ABSENT :
		    kind == WBM_ABSENT || kind == WBM_DIRTY)
			break;
	}
	return page;
}

static bool wbm_is_dirty(const struct wbm *m, unsigned int page)
{
	enum wbm_kind kind = m->page[page].kind;

	return kind == WBM_DIRTY || kind == WBM_AWAITING || kind == WBM_ZERO;
}

/* All that is dirty below a page, zeros included. Returns how many pages that is. */
static unsigned int wbm_span(const struct wbm *m, unsigned int until,
			     unsigned int *start, unsigned int *end)
{
	unsigned int page, nr = 0;

	*start = 0;
	*end = 0;
	for (page = 0; page < wbm_min(wbm_nr_pages(m), until); page++) {
		if (!wbm_is_dirty(m, page))
			continue;
		if (!nr)
			*start = page;
		*end = page + 1;
		nr++;
	}
	return nr;
}

/* ---- requests ------------------------------------------------------------ */

static void wbm_over(struct wbm_access *a, long ret)
{
	a->over = true;
	a->ret = ret;
}

/* How an access ends that cannot go on at @page. */
static void wbm_refused(struct wbm_access *a, unsigned int page, int err)
{
	a->fault_page = page;
	switch (a->what) {
	case WBM_PREAD:
	case WBM_PWRITE:
		wbm_over(a, a->pos > a->cell ? (long)(a->pos - a->cell) :
						err);
		break;
	case WBM_LOAD:
	case WBM_STORE:
		wbm_over(a, -EFAULT);
		break;
	default:
		wbm_over(a, err);
	}
}

static void wbm_ask(struct wbm *m, enum wbm_type type, unsigned int page,
		    unsigned int end, unsigned int pending)
{
	m->req = (struct wbm_req){
		.used = true, .told = !m->detached, .type = type,
		.page = page, .nr = end - page, .pending = pending,
	};
	if (type == WBM_GRANT)
		m->nr_dirty_reqs++;
	else if (type != WBM_READ)
		m->nr_writeback_reqs++;
}

static void wbm_ask_room(struct wbm *m)
{
	unsigned int start, end;
	unsigned int nr = wbm_span(m, WBM_PAGES, &start, &end);

	wbm_ask(m, WBM_ROOM, start, end,
		wbm_min(wbm_max(m->limit / 4, 1), nr));
}

/* Ask for what is needed at @page, at most up to @end. */
static void wbm_wait(struct wbm *m, struct wbm_access *a, enum wbm_need need,
		     unsigned int page, unsigned int end)
{
	if (need == WBM_NEED_ROOM) {
		wbm_ask_room(m);
		return;
	}
	if (m->detached) {
		wbm_refused(a, page, -ENOTCONN);
		return;
	}
	/* What is agreed to is dirty at once, so there must be room for it. */
	if (need == WBM_NEED_GRANT && m->limit)
		end = wbm_min(end, page + wbm_max((m->limit -
			      wbm_min(m->limit, wbm_nr_dirty(m))) / 16, 1));
	end = wbm_alike_end(m, page, end, need);
	wbm_ask(m, need == WBM_NEED_CONTENT ? WBM_READ : WBM_GRANT, page, end,
		end - page);
}

/* REQ-5: the same for a call that wants a->count cells from a->pos on. */
static void wbm_wait_call(struct wbm *m, struct wbm_access *a,
			  enum wbm_need need)
{
	unsigned int page = a->pos / WBM_CELLS;
	unsigned int most = m->max_request ? m->max_request :
					     WBM_DEFAULT_REQUEST;
	unsigned int end = (a->pos + a->count + WBM_CELLS - 1) / WBM_CELLS;

	if (need == WBM_NEED_GRANT)
		most = wbm_max(most, WBM_GRANT_PAGES);
	wbm_wait(m, a, need, page, wbm_min(end, page + most));
}

/* ---- accesses, each until something is missing --------------------------- */

static void wbm_note_read(const struct wbm *m, struct wbm_access *a,
			  unsigned int nr)
{
	for (; nr--; a->pos++, a->left--)
		a->expect[a->pos - a->cell] =
			m->page[a->pos / WBM_CELLS].cell[a->pos % WBM_CELLS];
}

/* Cells of the page at a->pos, at most @most. */
static unsigned int wbm_in_page(const struct wbm_access *a, unsigned int most)
{
	return wbm_min(most, WBM_CELLS - a->pos % WBM_CELLS);
}

/*
 * A call wants what lies inside the VMO when it begins with a page; cut off
 * meanwhile, it ends there.
 */
static void wbm_pread(struct wbm *m, struct wbm_access *a)
{
	while (a->left && a->pos < m->len) {
		if (!a->in_page)
			a->count = wbm_min(a->left, m->len - a->pos);
		a->in_page = true;
		if (m->page[a->pos / WBM_CELLS].kind == WBM_ABSENT) {
			wbm_wait_call(m, a, WBM_NEED_CONTENT);
			return;
		}
		a->in_page = false;
		wbm_note_read(m, a,
			      wbm_in_page(a, wbm_min(a->count,
						     m->len - a->pos)));
	}
	wbm_over(a, a->pos - a->cell);
}

static void wbm_pwrite(struct wbm *m, struct wbm_access *a)
{
	enum wbm_need need;
	unsigned int nr;

	while (a->left) {
		if (a->pos >= m->len) {
			wbm_refused(a, 0, -EFBIG);
			return;
		}
		if (!a->in_page)
			a->count = wbm_min(a->left, m->len - a->pos);
		a->in_page = true;
		need = wbm_write_need(m, a->pos / WBM_CELLS);
		if (need) {
			wbm_wait_call(m, a, need);
			return;
		}
		a->in_page = false;
		nr = wbm_in_page(a, wbm_min(a->count, m->len - a->pos));
		wbm_write_cells(m, a->pos, nr, a->version);
		m->modified = WBM_YES;
		a->pos += nr;
		a->left -= nr;
	}
	wbm_over(a, a->pos - a->cell);
}

static void wbm_load(struct wbm *m, struct wbm_access *a)
{
	unsigned int page;

	for (; a->left; wbm_note_read(m, a, wbm_in_page(a, a->left))) {
		page = a->pos / WBM_CELLS;
		if (page >= wbm_nr_pages(m)) {
			wbm_refused(a, page, -EFAULT);
			return;
		}
		if (m->page[page].kind == WBM_ABSENT) {
			wbm_wait(m, a, WBM_NEED_CONTENT, page, page + 1);
			return;
		}
	}
	wbm_over(a, 0);
}

static void wbm_store(struct wbm *m, struct wbm_access *a)
{
	enum wbm_need need;
	unsigned int page, nr;

	while (a->left) {
		page = a->pos / WBM_CELLS;
		if (page >= wbm_nr_pages(m)) {
			wbm_refused(a, page, -EFAULT);
			return;
		}
		need = wbm_write_need(m, page);
		if (need) {
			wbm_wait(m, a, need, page, page + 1);
			return;
		}
		nr = wbm_in_page(a, a->left);
		wbm_write_cells(m, a->pos, nr, a->version);
		if (!m->page[page].writable)
			m->modified = WBM_YES;
		else if (m->modified == WBM_NO)
			m->modified = WBM_MAYBE;
		m->page[page].writable = true;
		a->pos += nr;
		a->left -= nr;
	}
	wbm_over(a, 0);
}

/* ZERO-2. True when the part is done. */
static bool wbm_zero_part(struct wbm *m, struct wbm_access *a,
			  unsigned int cell, unsigned int nr)
{
	unsigned int page = cell / WBM_CELLS;
	enum wbm_kind kind = m->page[page].kind;
	enum wbm_need need;

	if (page >= wbm_nr_pages(m)) {
		wbm_over(a, -ERANGE);
		return false;
	}
	if (kind == WBM_MARKER || kind == WBM_ZERO)
		return true;
	need = wbm_write_need(m, page);
	if (need) {
		wbm_wait(m, a, need, page, page + 1);
		return false;
	}
	wbm_write_cells(m, cell, nr, 0);
	m->modified = WBM_YES;
	return true;
}

/* Head, tail, whole pages; a->pos is how many of the three are done. */
static void wbm_zeroing(struct wbm *m, struct wbm_access *a)
{
	unsigned int end = a->cell + a->nr;
	unsigned int first = (a->cell + WBM_CELLS - 1) / WBM_CELLS;
	unsigned int last = end / WBM_CELLS;
	int ret = 0;

	if (!a->pos && end > wbm_nr_pages(m) * WBM_CELLS) {
		wbm_over(a, -ERANGE);
		return;
	}
	/* From now on it is not the arguments that are wrong. */
	a->pos = wbm_max(a->pos, 1);
	if (a->pos == 1) {
		if (a->cell < first * WBM_CELLS &&
		    !wbm_zero_part(m, a, a->cell,
				   wbm_min(first * WBM_CELLS, end) - a->cell))
			return;
		a->pos = 2;
	}
	if (a->pos == 2) {
		if (last * WBM_CELLS < end && last >= first &&
		    !wbm_zero_part(m, a, last * WBM_CELLS,
				   end - last * WBM_CELLS))
			return;
		a->pos = 3;
	}
	if (first < last)
		ret = wbm_zero(m, first, last);
	wbm_over(a, ret);
}

/* COM-1 to COM-5, COM-8. a->pos is in pages, one too many. */
static void wbm_populate(struct wbm *m, struct wbm_access *a)
{
	unsigned int end = (a->cell + a->nr + WBM_CELLS - 1) / WBM_CELLS;
	enum wbm_need need;
	unsigned int page, alike;

	if (!a->pos && a->cell + a->nr > wbm_nr_pages(m) * WBM_CELLS) {
		wbm_over(a, -ERANGE);
		return;
	}
	if (!a->pos)
		a->pos = a->cell / WBM_CELLS + 1;
	for (; a->pos - 1 < wbm_min(end, wbm_nr_pages(m)); a->pos++) {
		page = a->pos - 1;
		if (m->page[page].kind == WBM_ABSENT) {
			wbm_wait(m, a, WBM_NEED_CONTENT, page, end);
			return;
		}
		if (a->what == WBM_PREFETCH)
			continue;
		if (m->page[page].kind == WBM_MARKER)
			wbm_fill_zero(m, page, WBM_CLEAN);
		if (m->page[page].kind != WBM_ZERO)
			continue;
		alike = wbm_min(end, wbm_interval_end(m, page));
		need = wbm_state_need(m, WBM_CLEAN);
		if (need) {
			wbm_wait(m, a, need, page, alike);
			return;
		}
		wbm_fill_zero(m, page, WBM_DIRTY);
	}
	wbm_over(a, 0);
}

static void wbm_fsync(struct wbm *m, struct wbm_access *a)
{
	unsigned int start, end;
	unsigned int nr = wbm_span(m, a->until, &start, &end);

	if (!nr) {
		wbm_over(a, 0);
		return;
	}
	/* Not for what a resize adds before it looks again. */
	a->until = end;
	wbm_ask(m, WBM_CLEANING, start, end, nr);
	for (; start < end; start++)
		m->req.todo[start] = wbm_is_dirty(m, start);
}

void wbm_start(struct wbm_access *a)
{
	bool by_range = a->what == WBM_ZEROING || a->what == WBM_COMMIT ||
			a->what == WBM_PREFETCH;

	a->pos = by_range ? 0 : a->cell;
	a->left = a->nr;
	a->count = 0;
	a->in_page = false;
	a->over = false;
	a->until = WBM_PAGES;
}

/* Called at the start, and when the request that it has made is over. */
void wbm_go_on(struct wbm *m, struct wbm_access *a)
{
	static void (*const fns[])(struct wbm *m, struct wbm_access *a) = {
		[WBM_PREAD] = wbm_pread, [WBM_PWRITE] = wbm_pwrite,
		[WBM_LOAD] = wbm_load, [WBM_STORE] = wbm_store,
		[WBM_ZEROING] = wbm_zeroing, [WBM_COMMIT] = wbm_populate,
		[WBM_PREFETCH] = wbm_populate, [WBM_FSYNC] = wbm_fsync,
	};
	int status = m->req.status;

	m->req.status = 0;
	if (status > 0 && a->what == WBM_FSYNC)
		wbm_over(a, 0);
	else if (status < 0)
		wbm_refused(a, a->pos / WBM_CELLS, status);
	else
		fns[a->what](m, a);
}
