// SPDX-License-Identifier: GPL-2.0
/*
 * Model steps: removing ranges, moving content.
 */
#include "page_list_model.h"

static void op_clear_range(struct model *m)
{
	unsigned int end, start = random_range(&end), at, first, last;
	pgoff_t right = 0;
	bool cut_right = false;

	note(" clear [%u,%u)", start, end);
	CHECK(!TRY(m, vmop_plist_clear_range(&m->pl, base + start, base + end,
					     got_free, NULL)));
	if (start >= end)
		return;
	if (m->cell[end - 1].kind == VMOP_SLOT_ZERO) {
		zero_run(m, end - 1, &first, &last);
		cut_right = last > end;
		if (first >= start && m->cell[first].awaiting > end - first)
			right = m->cell[first].awaiting - (end - first);
	}
	for (at = start; at < end; at++) {
		want_free(at, &m->cell[at]);
		cell_empty(&m->cell[at]);
	}
	if (cut_right)
		m->cell[end].awaiting = right;
}

static int got_remove(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	event(&got, 's', pgoff - base, slot.kind, slot.reference);
	return opinion(pgoff) && slot.kind != VMOP_SLOT_ZERO ?
	       VMOP_PLIST_REMOVE : VMOP_PLIST_NEXT;
}

static void op_remove_pages(struct model *m)
{
	unsigned int end, start = random_range(&end), at, first, last;

	note(" remove pages of [%u,%u)", start, end);
	CHECK(!vmop_plist_remove_pages(&m->pl, base + start, base + end,
				       got_remove, NULL, got_free, NULL));
	for (at = start; at < end; at++) {
		struct plist_cell *cell = &m->cell[at];

		if (cell->kind == VMOP_SLOT_EMPTY)
			continue;
		if (cell->kind == VMOP_SLOT_ZERO) {
			zero_run(m, at, &first, &last);
			if (at != first && at != last - 1)
				continue;
		}
		event(&want, 's', at, cell->kind, cell->content);
		if (cell->kind != VMOP_SLOT_ZERO && opinion(base + at)) {
			want_free(at, cell);
			cell_empty(cell);
		}
	}
}

static bool any_zero(const struct model *m, unsigned int start,
		     unsigned int end)
{
	unsigned int at;

	for (at = start; at < end; at++)
		if (m->cell[at].kind == VMOP_SLOT_ZERO)
			return true;
	return false;
}

/* Take a range, pop some of it, then free or give back the rest. */
static void op_take(struct model *m)
{
	unsigned int end, start = random_range(&end), at, stop;
	struct vmop_splice sp;
	struct vmop_slot slot;
	int ret;

	note(" take [%u,%u)", start, end);
	ret = TRY(m, vmop_plist_take(&m->pl, base + start, base + end, &sp));
	if (any_zero(m, start, end)) {
		CHECK(ret == -EINVAL);
		CHECK(vmop_splice_is_processed(&sp));
		return;
	}
	CHECK(!ret);
	stop = start + rnd(end - start + 1);
	for (at = start; at < stop; at++) {
		CHECK(!vmop_splice_is_processed(&sp));
		CHECK(!vmop_splice_pop(&sp, &slot));
		CHECK(slot.kind == m->cell[at].kind);
		CHECK(slot.reference == m->cell[at].content ||
		      !cell_owned(&m->cell[at]));
		if (slot.kind == VMOP_SLOT_PAGE)
			page_put(slot.page);
		cell_empty(&m->cell[at]);
	}
	if (rnd(2)) {
		note(" free from %u", stop);
		vmop_splice_free_all(&sp, got_free, (void *)1);
		for (at = stop; at < end; at++) {
			if (cell_owned(&m->cell[at]))
				event(&want, 'f', at - start - base,
				      m->cell[at].kind, m->cell[at].content);
			cell_empty(&m->cell[at]);
		}
	} else {
		note(" give back from %u", stop);
		vmop_splice_give_back(&sp, &m->pl, base + start, got_free,
				      NULL);
		for (at = stop; at < end; at++)
			if (m->cell[at].kind == VMOP_SLOT_PAGE)
				m->cell[at].state = VMOP_CLEAN;
	}
	CHECK(vmop_splice_is_processed(&sp));
	CHECK(vmop_plist_is_empty(&sp.list));
}

static bool got_migrate(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	bool take = slot.kind == VMOP_SLOT_PAGE && opinion(pgoff);

	event(&got, 'g', pgoff - base, slot.kind, slot.reference);
	if (take)
		page_put(slot.page);
	return take;
}

/* One entry of a merge on the models; base is 0 or migrate is not used. */
static void model_move(struct model *from, struct model *to, unsigned int at,
		       unsigned int target, bool wins, bool migrate)
{
	struct plist_cell *cell = &from->cell[at], *old = &to->cell[target];
	bool is_page = cell->kind == VMOP_SLOT_PAGE;

	if (cell->kind == VMOP_SLOT_EMPTY)
		return;
	if (old->kind != VMOP_SLOT_EMPTY && !wins) {
		want_free(at, cell);
	} else {
		if (old->kind == VMOP_SLOT_EMPTY && migrate)
			event(&want, 'g', at, cell->kind, cell->content);
		if (old->kind == VMOP_SLOT_EMPTY && migrate && is_page &&
		    opinion(base + at)) {
			cell_empty(cell);
			return;
		}
		want_free(at, old);
		*old = *cell;
	}
	cell_empty(cell);
}

static void op_merge_from(struct model *to)
{
	struct model *from = to == &with_zero ? &without : &with_zero;
	unsigned int end, start = random_range(&end), at;
	bool migrate = rnd(2);
	int ret;

	/* Its target begins at position 0. */
	if (base)
		return;
	note(" merge from [%u,%u)", start, end);
	ret = TRY(to, vmop_plist_merge_from(&to->pl, &from->pl, start, end,
					    got_free,
					    migrate ? got_migrate : NULL,
					    NULL));
	if (any_zero(from, start, end)) {
		CHECK(ret == -EINVAL);
		return;
	}
	CHECK(!ret);
	for (at = start; at < end; at++)
		model_move(from, to, at, at - start, false, migrate);
	for (at = 0; at < NR_CELLS; at++) {
		want_free(at, &from->cell[at]);
		cell_empty(&from->cell[at]);
	}
}

static void op_merge_onto(struct model *to)
{
	struct model *from = to == &with_zero ? &without : &with_zero;
	int ret, expect = 0;
	unsigned int at;

	for (at = 0; at < NR_CELLS; at++)
		if (from->cell[at].kind == VMOP_SLOT_ZERO ||
		    (from->cell[at].kind != VMOP_SLOT_EMPTY &&
		     to->cell[at].kind == VMOP_SLOT_ZERO))
			expect = -EINVAL;
	note(" merge onto");
	ret = TRY(to, vmop_plist_merge_onto(&from->pl, &to->pl, got_free, NULL));
	CHECK(ret == expect);
	for (at = 0; !ret && at < NR_CELLS; at++)
		model_move(from, to, at, at, true, false);
}

static void op_merge_range(struct model *to)
{
	struct model *from = to == &with_zero ? &without : &with_zero;
	unsigned int end, start = random_range(&end), at, target;
	int ret;

	if (start >= end)
		return;
	target = rnd(NR_CELLS - (end - start) + 1);
	note(" merge range [%u,%u) onto %u", start, end, target);
	ret = TRY(to, vmop_plist_merge_range_onto(&from->pl, base + start,
						  base + end, &to->pl,
						  base + target, got_free,
						  NULL));
	CHECK(ret == (any_zero(from, start, end) ? -EINVAL : 0));
	for (at = start; !ret && at < end; at++)
		model_move(from, to, at, at - start + target, false, false);
}

const model_op move_ops[] = {
	op_clear_range, op_clear_range, op_clear_range, op_remove_pages,
	op_take, op_take, op_merge_from, op_merge_onto, op_merge_range,
	op_merge_range, NULL
};
