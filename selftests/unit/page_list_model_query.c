// SPDX-License-Identifier: GPL-2.0
/*
 * After each step: does every way to ask a list give
 * what the model says?
 */
#include "page_list_model.h"

static bool is_gap(const struct model *m, unsigned int at)
{
	return m->cell[at].kind == VMOP_SLOT_EMPTY;
}

static bool is_dirty(const struct model *m, unsigned int at,
		     enum vmop_slot_kind kind)
{
	const struct plist_cell *cell = &m->cell[at];

	return cell->kind == kind && (cell->state == VMOP_DIRTY ||
				      cell->state == VMOP_AWAITING_CLEAN);
}

static void check_position(struct model *m)
{
	unsigned int at = rnd(NR_CELLS), first, last;
	struct plist_cell *cell = &m->cell[at];
	struct vmop_slot slot = vmop_plist_lookup(&m->pl, base + at);
	bool zero = cell->kind == VMOP_SLOT_ZERO;
	struct vmop_interval iv;

	CHECK(slot.kind == cell->kind);
	CHECK(slot.reference == cell->content || !cell_owned(cell));
	CHECK(vmop_plist_in_interval(&m->pl, base + at) == zero);
	CHECK(vmop_plist_find_interval(&m->pl, base + at, &iv) == zero);
	if (!zero)
		return;
	zero_run(m, at, &first, &last);
	CHECK(iv.start == base + first);
	CHECK(iv.end == base + last);
	CHECK(iv.state == cell->state);
	CHECK(iv.awaiting == m->cell[first].awaiting);
	CHECK(vmop_plist_interval_awaiting(&m->pl, base + first) ==
	      m->cell[first].awaiting);
}

static void check_next(struct model *m, unsigned int start, unsigned int end)
{
	unsigned int content = start, gap = start, page = start;
	unsigned long dirty = 0;
	pgoff_t at = base + start;
	struct vmop_page *found;
	unsigned int i;

	while (content < end && is_gap(m, content))
		content++;
	while (gap < end && !is_gap(m, gap))
		gap++;
	while (page < end && m->cell[page].kind != VMOP_SLOT_PAGE)
		page++;
	for (i = start; i < end; i++)
		dirty += is_dirty(m, i, VMOP_SLOT_PAGE);
	CHECK(vmop_plist_next_content(&m->pl, base + start, base + end) ==
	      base + content);
	CHECK(vmop_plist_any_in_range(&m->pl, base + start, base + end) ==
	      (content < end));
	CHECK(vmop_plist_next_gap(&m->pl, base + start, base + end) ==
	      base + gap);
	CHECK(vmop_plist_nr_dirty(&m->pl, base + start, base + end) == dirty);
	found = vmop_plist_next_page(&m->pl, &at, base + end);
	if (page < end)
		CHECK(at == base + page &&
		      (unsigned long)found == m->cell[page].content);
	else
		CHECK(!found && at == base + start);
}

static void check_dirty(struct model *m, unsigned int start, unsigned int end)
{
	struct vmop_dirty_run run;
	unsigned int at = start, to;

	while (at < end) {
		enum vmop_slot_kind kind = m->cell[at].kind;

		if (!is_dirty(m, at, kind)) {
			at++;
			continue;
		}
		for (to = at; to < end && is_dirty(m, to, kind); to++)
			;
		CHECK(vmop_plist_next_dirty(&m->pl, base + start, base + end,
					    &run));
		CHECK(run.start == base + at && run.end == base + to);
		CHECK(run.zero == (kind == VMOP_SLOT_ZERO));
		at = to;
		start = to;
	}
	CHECK(!vmop_plist_next_dirty(&m->pl, base + start, base + end, &run));
}

static int got_slot(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	event(&got, 's', pgoff - base, slot.kind, slot.reference);
	return VMOP_PLIST_NEXT;
}

static int got_gap(void *ctx, pgoff_t start, pgoff_t end)
{
	event(&got, 'g', start - base, end - base, 0);
	return VMOP_PLIST_NEXT;
}

static int got_run(void *ctx, pgoff_t start, pgoff_t end, bool is_interval)
{
	event(&got, is_interval ? 'z' : 'r', start - base, end - base, 0);
	return VMOP_PLIST_NEXT;
}

static bool match(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	return opinion(pgoff);
}

static void want_slot(struct model *m, unsigned int at)
{
	event(&want, 's', at, m->cell[at].kind, m->cell[at].content);
}

static void check_gaps(struct model *m, unsigned int start, unsigned int end)
{
	unsigned int at, to, first, last;

	for (at = start; at < end; at++) {
		if (m->cell[at].kind == VMOP_SLOT_ZERO) {
			zero_run(m, at, &first, &last);
			if (at == first || at == last - 1)
				want_slot(m, at);
		} else if (!is_gap(m, at)) {
			want_slot(m, at);
		} else {
			for (to = at; to < end && is_gap(m, to); to++)
				;
			event(&want, 'g', at, to, 0);
			at = to - 1;
		}
	}
	CHECK(!vmop_plist_walk_gaps(&m->pl, base + start, base + end, got_slot,
				    got_gap, NULL));
	expect_events();
}

static unsigned int want_interval(struct model *m, unsigned int at,
				  unsigned int start, unsigned int end)
{
	unsigned int first, last;
	bool yes;

	zero_run(m, at, &first, &last);
	yes = opinion(base + first) && opinion(base + last - 1);
	if (opinion(base + first) && first >= start)
		want_slot(m, first);
	if (last - first > 1 && opinion(base + last - 1) && last <= end)
		want_slot(m, last - 1);
	if (yes)
		event(&want, 'z', at, min(last, end), 0);
	return last;
}

static void check_runs(struct model *m, unsigned int start, unsigned int end)
{
	unsigned int at = start, to;

	while (at < end) {
		if (m->cell[at].kind == VMOP_SLOT_ZERO) {
			at = want_interval(m, at, start, end);
			continue;
		}
		for (to = at; to < end && opinion(base + to) &&
		     !is_gap(m, to) && m->cell[to].kind != VMOP_SLOT_ZERO; to++)
			want_slot(m, to);
		if (to > at)
			event(&want, 'r', at, to, 0);
		at = max(to, at + (to == at));
	}
	CHECK(!vmop_plist_walk_runs(&m->pl, base + start, base + end, match,
				    got_slot, got_run, NULL));
	expect_events();
}

static void check_cursor(struct model *m, unsigned int start)
{
	struct vmop_plist_cursor cur;
	unsigned int at;

	for (at = start; at < NR_CELLS && !is_gap(m, at); at++)
		want_slot(m, at);
	vmop_plist_cursor_init(&cur, &m->pl, base + start);
	CHECK(!vmop_plist_cursor_for_each(&cur, got_slot, NULL));
	CHECK(cur.pgoff == base + at);
	/* Content has no address in an interval. */
	expect_events();
}

static void check_whole(struct model *m)
{
	bool empty = true, owns = false;
	unsigned int at;

	for (at = 0; at < NR_CELLS; at++) {
		empty &= is_gap(m, at);
		owns |= cell_owned(&m->cell[at]);
	}
	CHECK(vmop_plist_is_empty(&m->pl) == empty);
	CHECK(vmop_plist_owns_nothing(&m->pl) == !owns);
	CHECK((vmop_plist_heap_bytes(&m->pl) == 0) == empty);
	/* One more for a list that is a single entry at 0, kept in its head. */
	CHECK(vmop_plist_heap_bytes(&with_zero.pl) +
	      vmop_plist_heap_bytes(&without.pl) <=
	      (shim.nodes + 2) * sizeof(struct xa_node));
}

/* Two of these after each step, all of them now and then. */
void check_queries(struct model *m)
{
	unsigned int end, start = random_range(&end);
	unsigned int which = rnd(7);
	bool all = !rnd(50);

	note(" ask [%u,%u)", start, end);
	check_position(m);
	if (all || which == 0)
		check_next(m, start, max(start, end));
	if (all || which == 1)
		check_dirty(m, start, end);
	if (all || which == 2)
		check_gaps(m, start, end);
	if (all || which == 3)
		check_runs(m, start, end);
	if (all || which == 4)
		check_cursor(m, start);
	if (all || which == 5)
		check_whole(m);
}
