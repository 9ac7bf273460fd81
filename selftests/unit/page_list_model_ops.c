// SPDX-License-Identifier: GPL-2.0
/*
 * Model steps: positions, intervals, dirty state.
 */
#include "page_list_model.h"

static enum vmop_dirty_state random_state(void)
{
	static const enum vmop_dirty_state states[] = {
		VMOP_UNTRACKED, VMOP_CLEAN, VMOP_DIRTY, VMOP_DIRTY,
		VMOP_AWAITING_CLEAN,
	};

	return states[rnd(ARRAY_SIZE(states))];
}

static enum vmop_dirty_state random_zero_state(void)
{
	return rnd(4) ? VMOP_DIRTY : VMOP_UNTRACKED;
}

static enum vmop_dirty_state page_state(enum vmop_dirty_state state)
{
	return state == VMOP_UNTRACKED ? VMOP_CLEAN : state;
}

/* What becomes of an interval when its position at is taken away (WB-14). */
static void model_punch(struct model *m, unsigned int at)
{
	unsigned int start, end;
	pgoff_t awaiting;

	if (m->cell[at].kind == VMOP_SLOT_ZERO) {
		zero_run(m, at, &start, &end);
		awaiting = m->cell[start].awaiting;
		if (at == start && at + 1 < end)
			m->cell[at + 1].awaiting = awaiting ? awaiting - 1 : 0;
	}
	cell_empty(&m->cell[at]);
}

static void model_put(struct model *m, unsigned int at,
		      enum vmop_slot_kind kind, unsigned long content,
		      enum vmop_dirty_state state)
{
	model_punch(m, at);
	m->cell[at].kind = kind;
	m->cell[at].content = content;
	m->cell[at].state = state;
}

static void op_insert_page(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	enum vmop_dirty_state state = random_state();
	struct vmop_page *page = page_get();
	int ret;

	note(" insert page %u state %d", at, state);
	ret = TRY(m, vmop_plist_insert_page(&m->pl, base + at, page, state));
	if (cell_owned(&m->cell[at])) {
		CHECK(ret == -EEXIST);
		page_put(page);
		return;
	}
	CHECK(!ret);
	model_put(m, at, VMOP_SLOT_PAGE, (unsigned long)page,
		  page_state(state));
}

static void op_insert_reference(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	u64 reference = rnd(100);
	int ret;

	note(" insert reference %u", at);
	ret = TRY(m, vmop_plist_insert_reference(&m->pl, base + at, reference));
	if (cell_owned(&m->cell[at])) {
		CHECK(ret == -EEXIST);
		return;
	}
	CHECK(!ret);
	model_put(m, at, VMOP_SLOT_REFERENCE, reference, VMOP_UNTRACKED);
}

static void op_insert_marker(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	int ret;

	note(" insert marker %u", at);
	ret = TRY(m, vmop_plist_insert_marker(&m->pl, base + at));
	if (m->cell[at].kind != VMOP_SLOT_EMPTY) {
		CHECK(ret == -EEXIST);
		return;
	}
	CHECK(!ret);
	model_put(m, at, VMOP_SLOT_MARKER, 0, VMOP_UNTRACKED);
}

/* Reserve, then fill without memory or give back. */
static void op_reserve(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	bool zero = m->cell[at].kind == VMOP_SLOT_ZERO;
	enum vmop_plist_reserve_mode mode = rnd(2) ?
		VMOP_RESERVE_CHECK_INTERVAL : VMOP_RESERVE_SPLIT_INTERVAL;
	struct vmop_page *page;
	struct vmop_slot slot;
	unsigned long allocs;
	bool in_interval;

	note(" reserve %u mode %d", at, mode);
	CHECK(!TRY(m, vmop_plist_reserve(&m->pl, base + at, mode, &slot,
					 &in_interval)));
	CHECK(slot.kind == m->cell[at].kind);
	CHECK(in_interval == zero);
	if (cell_owned(&m->cell[at]))
		return;
	allocs = shim.allocs;
	if (rnd(2)) {
		if (zero && mode == VMOP_RESERVE_SPLIT_INTERVAL)
			vmop_plist_return_slot(&m->pl, base + at);
		else if (rnd(2))
			vmop_plist_unreserve(&m->pl, base + at);
	} else if (!zero || mode == VMOP_RESERVE_SPLIT_INTERVAL) {
		page = page_get();
		note(" and fill");
		CHECK(!vmop_plist_insert_page(&m->pl, base + at, page,
					      VMOP_DIRTY));
		model_put(m, at, VMOP_SLOT_PAGE, (unsigned long)page,
			  VMOP_DIRTY);
	}
	CHECK(shim.allocs == allocs);
}

static void op_remove(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	struct vmop_slot slot;

	if (m->cell[at].kind == VMOP_SLOT_ZERO)
		return;
	note(" remove %u", at);
	slot = vmop_plist_remove(&m->pl, base + at);
	CHECK(slot.kind == m->cell[at].kind);
	if (cell_owned(&m->cell[at]))
		CHECK(slot.reference == m->cell[at].content);
	if (slot.kind == VMOP_SLOT_PAGE)
		page_put(slot.page);
	cell_empty(&m->cell[at]);
}

static void op_remove_clean(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	struct plist_cell *cell = &m->cell[at];
	struct vmop_page *page = (struct vmop_page *)cell->content;
	bool clean;

	if (cell->kind != VMOP_SLOT_PAGE)
		return;
	note(" remove clean %u", at);
	clean = vmop_plist_remove_clean(&m->pl, base + at, page);
	CHECK(clean == (cell->state == VMOP_CLEAN));
	if (clean) {
		page_put(page);
		cell_empty(cell);
	}
}

static void op_swap(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	struct plist_cell *cell = &m->cell[at];
	struct vmop_slot new = { .kind = VMOP_SLOT_REFERENCE }, old;
	int ret, expect = 0;

	if (rnd(2)) {
		new.kind = VMOP_SLOT_PAGE;
		new.page = page_get();
	} else {
		new.reference = rnd(100);
	}
	if (!cell_owned(cell))
		expect = -ENOENT;
	else if (new.kind == VMOP_SLOT_REFERENCE &&
		 cell->kind == VMOP_SLOT_PAGE && cell->state != VMOP_CLEAN)
		expect = -EBUSY;
	note(" swap %u for kind %d", at, new.kind);
	ret = vmop_plist_swap(&m->pl, base + at, new, &old);
	CHECK(ret == expect);
	if (ret) {
		if (new.kind == VMOP_SLOT_PAGE)
			page_put(new.page);
		return;
	}
	CHECK(old.kind == cell->kind && old.reference == cell->content);
	if (old.kind == VMOP_SLOT_PAGE)
		page_put(old.page);
	if (new.kind == VMOP_SLOT_REFERENCE)
		cell->state = VMOP_UNTRACKED;
	else if (cell->kind == VMOP_SLOT_REFERENCE)
		cell->state = VMOP_CLEAN;
	cell->kind = new.kind;
	cell->content = new.reference;
}

static void op_state(struct model *m)
{
	unsigned int at = rnd(NR_CELLS);
	struct plist_cell *cell = &m->cell[at];
	enum vmop_dirty_state from = random_state(), to = random_state();
	struct vmop_page *page = (struct vmop_page *)cell->content;
	bool is_page = cell->kind == VMOP_SLOT_PAGE, done;

	note(" state %u", at);
	switch (rnd(3)) {
	case 0:
		if (!is_page)
			return;
		note(" set %d", to);
		vmop_plist_set_page_state(&m->pl, base + at, to);
		cell->state = page_state(to);
		break;
	case 1:
		note(" change %d to %d", from, to);
		done = vmop_plist_change_page_state(&m->pl, base + at, from,
						    to);
		CHECK(done == (is_page && cell->state == page_state(from)));
		if (done)
			cell->state = page_state(to);
		break;
	default:
		note(" mark");
		if (!is_page)
			page = (void *)&base;
		done = vmop_plist_mark_dirty(&m->pl, base + at, page);
		CHECK(done == is_page);
		if (done)
			cell->state = VMOP_DIRTY;
	}
	if (is_page)
		CHECK(vmop_plist_page_state(&m->pl, base + at) == cell->state);
}

const model_op point_ops[] = {
	op_insert_page, op_insert_page, op_insert_page, op_insert_reference,
	op_insert_marker, op_reserve, op_remove, op_remove, op_remove_clean,
	op_swap, op_state, op_state, NULL
};

/*
 * PL-25 on the model: [start, end) are zeros with A = own now and may continue a
 * run on either side.
 */
static void model_join(struct model *m, unsigned int start, unsigned int end,
		       pgoff_t own)
{
	unsigned int first, last;
	pgoff_t reach, right = 0;

	zero_run(m, start, &first, &last);
	if (last > end) {
		right = m->cell[end].awaiting;
		m->cell[end].awaiting = 0;
	}
	/* How far the awaiting part reaches, piece by piece. */
	reach = first == start ? start : first + m->cell[first].awaiting;
	if (reach == start)
		reach += own;
	if (last > end && reach == end)
		reach += right;
	m->cell[first].awaiting = reach - first;
}

static void model_zero(struct model *m, unsigned int start, unsigned int end,
		       enum vmop_dirty_state state)
{
	unsigned int at;

	for (at = start; at < end; at++) {
		cell_empty(&m->cell[at]);
		m->cell[at].kind = VMOP_SLOT_ZERO;
		m->cell[at].state = state;
	}
	model_join(m, start, end, 0);
}

static void op_add_interval(struct model *m)
{
	unsigned int end, start = random_range(&end), at;
	enum vmop_dirty_state state = random_zero_state();
	int ret, expect = start < end ? 0 : -EINVAL;

	/* Mostly where there is room for it. */
	if (rnd(4))
		for (at = start; at < end; at++)
			if (m->cell[at].kind != VMOP_SLOT_EMPTY)
				end = max(at, start + 1);
	for (at = start; at < end; at++)
		if (m->cell[at].kind != VMOP_SLOT_EMPTY)
			expect = -EEXIST;
	note(" add zeros [%u,%u) state %d", start, end, state);
	ret = TRY(m, vmop_plist_add_zero_interval(&m->pl, base + start,
						  base + end, state));
	CHECK(ret == expect);
	if (!ret)
		model_zero(m, start, end, state);
}

/* A random interval, if there is one. */
static bool random_run(struct model *m, unsigned int *start, unsigned int *end)
{
	unsigned int at = rnd(NR_CELLS), i;

	for (i = 0; i < NR_CELLS; i++, at = (at + 1) % NR_CELLS) {
		if (m->cell[at].kind == VMOP_SLOT_ZERO) {
			zero_run(m, at, start, end);
			return true;
		}
	}
	return false;
}

static void op_set_awaiting(struct model *m)
{
	unsigned int start, end;
	pgoff_t awaiting;

	if (!random_run(m, &start, &end) ||
	    m->cell[start].state != VMOP_DIRTY)
		return;
	awaiting = rnd(end - start + 4);
	note(" set A of %u to %lu", start, awaiting);
	vmop_plist_set_interval_awaiting(&m->pl, base + start, awaiting);
	m->cell[start].awaiting = awaiting;
}

static void op_new_zeros(struct model *m)
{
	unsigned int start = rnd(NR_CELLS), at;

	if (m->cell[start].kind == VMOP_SLOT_ZERO)
		return;
	note(" new zeros at %u", start);
	vmop_plist_new_zeros(&m->pl, base + start);
	for (at = 0; at < start; at++)
		m->cell[at].awaiting = min(m->cell[at].awaiting,
					   (pgoff_t)(start - at));
}

/*
 * The pieces of one interval while it is not maximal: which piece a position
 * belongs to, its first position (NR_CELLS: none), and A by first position.
 */
static unsigned int piece_of[MAX_CELLS + 1];
static pgoff_t piece_awaiting[MAX_CELLS];

static void piece_add(unsigned int start, unsigned int end, pgoff_t awaiting)
{
	unsigned int at;

	if (start < end)
		piece_awaiting[start] = awaiting;
	for (at = start; at < end; at++)
		piece_of[at] = start;
}

static unsigned int piece_end(unsigned int start)
{
	unsigned int end = start;

	while (piece_of[end] == start)
		end++;
	return end;
}

/* What PL-26 says of populating [from, to) of [start, end). */
static void pieces_populate(unsigned int start, unsigned int end,
			    unsigned int from, unsigned int to,
			    pgoff_t awaiting)
{
	pgoff_t left = from == start ? awaiting : 0;
	unsigned int at;

	for (at = 0; at <= MAX_CELLS; at++)
		piece_of[at] = NR_CELLS;
	if (end - start == 1) {
		piece_add(start, end, awaiting);
		return;
	}
	piece_add(start, from, awaiting);
	for (at = from; at < to; at++) {
		piece_add(at, at + 1, left ? 1 : 0);
		if (left)
			left--;
	}
	piece_add(to, end, left);
}

/* What PL-27 says of giving back a position. */
static void piece_return(unsigned int at)
{
	unsigned int start = piece_of[at], end = piece_end(start), last = end;
	unsigned int first = start;
	pgoff_t reach = start;

	if (start && piece_of[start - 1] != NR_CELLS) {
		first = piece_of[start - 1];
		reach = first + piece_awaiting[first];
	}
	if (reach == start)
		reach += piece_awaiting[start];
	if (piece_of[end] != NR_CELLS) {
		last = piece_end(end);
		if (reach == end)
			reach += piece_awaiting[end];
	}
	piece_add(first, last, reach - first);
}

/*
 * Populate a part of an interval, fill some of it in any order, give the rest
 * back in any order.
 */
static void op_populate(struct model *m)
{
	unsigned int start, end, from, to, at, left;
	bool done[MAX_CELLS] = { 0 };
	struct vmop_page *page;
	unsigned long allocs;

	if (!random_run(m, &start, &end))
		return;
	from = rnd(2) ? start : start + rnd(end - start);
	to = from + 1 + rnd(rnd(2) ? min(end - from, 6U) : end - from);
	note(" populate [%u,%u) of [%u,%u)", from, to, start, end);
	CHECK(!TRY(m, vmop_plist_populate_slots(&m->pl, base + from, base + to)));
	pieces_populate(start, end, from, to, m->cell[start].awaiting);
	allocs = shim.allocs;
	for (left = to - from; left; left--) {
		at = from + rnd(to - from);
		while (done[at])
			at = at + 1 < to ? at + 1 : from;
		/* Filled first, then given back, each in random order. */
		if (left > (to - from) / 2) {
			page = page_get();
			CHECK(!vmop_plist_insert_page(&m->pl, base + at, page,
						      VMOP_DIRTY));
			cell_empty(&m->cell[at]);
			m->cell[at].kind = VMOP_SLOT_PAGE;
			m->cell[at].content = (unsigned long)page;
			m->cell[at].state = VMOP_DIRTY;
			piece_of[at] = NR_CELLS;
		} else {
			vmop_plist_return_slot(&m->pl, base + at);
			piece_return(at);
		}
		done[at] = true;
	}
	CHECK(shim.allocs == allocs);
	for (at = start; at < end; at++)
		if (piece_of[at] != NR_CELLS)
			m->cell[at].awaiting = piece_of[at] == at ?
					       piece_awaiting[at] : 0;
}

static void op_clip(struct model *m)
{
	unsigned int start, end, nr, at;
	pgoff_t awaiting;
	bool front = rnd(2);
	int ret;

	if (!random_run(m, &start, &end))
		return;
	nr = rnd(end - start + 2);
	note(" clip %u off the %s of [%u,%u)", nr, front ? "start" : "end",
	     start, end);
	if (front)
		ret = TRY(m, vmop_plist_clip_interval_start(&m->pl, base + start,
							    nr));
	else
		ret = TRY(m, vmop_plist_clip_interval_end(&m->pl, base + end - 1,
							  nr));
	CHECK(ret == (nr < end - start ? 0 : -EINVAL));
	if (ret || !nr)
		return;
	awaiting = m->cell[start].awaiting;
	if (front) {
		for (at = start; at < start + nr; at++)
			cell_empty(&m->cell[at]);
		m->cell[start + nr].awaiting = awaiting > nr ? awaiting - nr :
							       0;
	} else {
		for (at = end - nr; at < end; at++)
			cell_empty(&m->cell[at]);
	}
}

static void op_replace(struct model *m)
{
	enum vmop_dirty_state state = random_zero_state();
	unsigned int at = rnd(NR_CELLS);
	unsigned long allocs = shim.allocs;
	struct vmop_page *page;

	if (m->cell[at].kind != VMOP_SLOT_PAGE)
		return;
	note(" replace %u with zero, state %d", at, state);
	page = vmop_plist_replace_page_with_zero(&m->pl, base + at, state);
	CHECK((unsigned long)page == m->cell[at].content);
	CHECK(shim.allocs == allocs);
	page_put(page);
	model_zero(m, at, at + 1, state);
}

static void op_overwrite(struct model *m)
{
	enum vmop_dirty_state state = random_zero_state();
	unsigned int start, end, from, to;
	pgoff_t awaiting;

	if (!random_run(m, &start, &end))
		return;
	from = rnd(2) ? start : start + rnd(end - start);
	to = from + 1 + rnd(end - from);
	note(" overwrite [%u,%u) of [%u,%u) state %d", from, to, start, end,
	     state);
	CHECK(!TRY(m, vmop_plist_overwrite_zero_interval(&m->pl, base + from,
							 base + to, state)));
	if (state == m->cell[start].state)
		return;
	awaiting = m->cell[start].awaiting;
	if (from == start && to < end)
		m->cell[to].awaiting = awaiting > to - from ?
				       awaiting - (to - from) : 0;
	model_zero(m, from, to, state);
}

static bool begin_may_clean(void *ctx, pgoff_t pgoff, struct vmop_page *page)
{
	event(&got, 'm', pgoff - base, (unsigned long)page, 0);
	return opinion(pgoff);
}

static void op_begin(struct model *m)
{
	unsigned int end, start = random_range(&end), at, first, last;
	bool zero = !rnd(4);

	note(" begin [%u,%u)%s", start, end, zero ? " zero" : "");
	vmop_plist_writeback_begin(&m->pl, base + start, base + end,
				   zero ? NULL : begin_may_clean, NULL);
	for (at = start; at < end; at++) {
		struct plist_cell *cell = &m->cell[at];

		if (cell->kind == VMOP_SLOT_PAGE &&
		    cell->state == VMOP_DIRTY && !zero) {
			event(&want, 'm', at, cell->content, 0);
			if (opinion(base + at))
				cell->state = VMOP_AWAITING_CLEAN;
		} else if (zero_first(m, at) && cell->state == VMOP_DIRTY) {
			zero_run(m, at, &first, &last);
			cell->awaiting = max(cell->awaiting,
					     (pgoff_t)min(last, end) - at);
		}
	}
}

static int end_cleaned(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	event(&got, 'c', pgoff - base, (unsigned long)slot.page, 0);
	return VMOP_PLIST_STOP;
}

static int end_emptied(void *ctx, pgoff_t start, pgoff_t end)
{
	event(&got, 'e', start - base, end - base, 0);
	return VMOP_PLIST_STOP;
}

static void op_end(struct model *m)
{
	unsigned int end, start = random_range(&end), at, first, last, stop;
	pgoff_t reach = start, awaiting;

	note(" end [%u,%u)", start, end);
	CHECK(!vmop_plist_writeback_end(&m->pl, base + start, base + end,
					end_cleaned, end_emptied, NULL));
	for (at = start; at < end; at++) {
		struct plist_cell *cell = &m->cell[at];

		if (cell->kind == VMOP_SLOT_PAGE &&
		    cell->state == VMOP_AWAITING_CLEAN) {
			event(&want, 'c', at, cell->content, 0);
			cell->state = VMOP_CLEAN;
		}
		if (!zero_first(m, at) || cell->state != VMOP_DIRTY)
			continue;
		zero_run(m, at, &first, &last);
		awaiting = cell->awaiting;
		reach = max(reach, at + awaiting);
		stop = min(end, last);
		stop = reach < stop ? reach : stop;
		if (stop > at)
			event(&want, 'e', at, stop, 0);
		for (first = at; first < stop; first++)
			cell_empty(&m->cell[first]);
		if (stop > at && stop < last)
			m->cell[stop].awaiting = awaiting > stop - at ?
						 awaiting - (stop - at) : 0;
		at = last - 1;
	}
}

const model_op zero_ops[] = {
	op_add_interval, op_add_interval, op_add_interval, op_set_awaiting,
	op_populate, op_clip, op_replace, op_replace, op_replace, op_overwrite,
	op_begin, op_begin, op_end, op_end, op_new_zeros, NULL
};
