// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty tracking and writeback at random, against a model in user space.
 *
 * In lockstep: one thread reads, writes (by call and through a mapping), zeroes,
 * commits and syncs; the test is its pager, which supplies, agrees, fails, writes
 * back, resizes, lets reclaim in and, at the end of a round, detaches. The model
 * (wbm.h) foretells every record, every result and every byte; after each step
 * QUERY and STATS are compared, and nothing that was written may be lost.
 *
 * In stripes: several threads at once (wbm_stripes.c).
 *
 * VMOP_SEED=N repeats a run, VMOP_STEPS=N sets how many steps a test has.
 */
#include "vmop_test.h"
#include "wbm_run.h"

#define STEPS_LOCKSTEP 60000
#define STEPS_STRIPES 50000
#define STEPS_ROUND 400
#define STEPS_DETACHED 30

/* What the pager has begun to write and not ended yet: disjoint ranges. */
#define NR_BEGUN 3

struct begun {
	unsigned int page, end;
};

static struct begun begun[NR_BEGUN];

static unsigned int rnd(struct wbm_run *run, unsigned int below)
{
	return wbm_random(&run->random, below);
}

/* A range of the VMO in pages, not empty if the VMO is not. */
static void any_range(struct wbm_run *run, unsigned int *page,
		      unsigned int *end)
{
	unsigned int nr_pages = wbm_nr_pages(&run->m);
	unsigned int most = rnd(run, 3) ? 4 : WBM_PAGES;

	*page = nr_pages ? rnd(run, nr_pages) : 0;
	*end = wbm_min(nr_pages, *page + 1 + rnd(run, most));
}

/* Of what the request is about: all, a part, or something else. */
static void answer_range(struct wbm_run *run, unsigned int *page,
			 unsigned int *end)
{
	const struct wbm_req *r = &run->m.req;

	any_range(run, page, end);
	if (!r->used || !rnd(run, 6))
		return;
	*page = r->page;
	*end = r->page + r->nr;
	if (!rnd(run, 3))
		*end = *page + 1 + rnd(run, r->nr);
	else if (!rnd(run, 3))
		*page += rnd(run, r->nr);
}

/* ---- what users do ------------------------------------------------------- */

static void step_access(struct wbm_run *run)
{
	static const enum wbm_what kinds[] = {
		WBM_PREAD, WBM_PREAD, WBM_PREAD, WBM_LOAD, WBM_LOAD,
		WBM_PWRITE, WBM_PWRITE, WBM_PWRITE, WBM_PWRITE, WBM_STORE,
		WBM_STORE, WBM_STORE, WBM_ZEROING, WBM_ZEROING, WBM_COMMIT,
		WBM_PREFETCH,
	};
	struct wbm_access *a = &run->access;
	unsigned int most = rnd(run, 3) ? 2 * WBM_CELLS : 10 * WBM_CELLS;
	unsigned int end = run->m.len;

	a->what = kinds[rnd(run, sizeof(kinds) / sizeof(kinds[0]))];
	a->version++;
	a->cell = rnd(run, wbm_max(end, 1));
	a->nr = 1 + rnd(run, most);
	if (rnd(run, 3)) {
		a->cell -= a->cell % WBM_CELLS;
		a->nr += WBM_CELLS - 1;
		a->nr -= a->nr % WBM_CELLS;
	}
	/* Behind the end now and then; stores in its page are of no use. */
	if (rnd(run, 20) || a->what == WBM_STORE || a->what == WBM_LOAD)
		a->nr = wbm_min(a->nr, end - a->cell);
	a->nr = wbm_min(a->nr, WBM_ALL - a->cell);
	if (!rnd(run, 60))
		a->what = WBM_FSYNC;
	if (a->nr || a->what == WBM_FSYNC)
		wbm_run_access(run);
}

static void resize(struct wbm_run *run, unsigned int len)
{
	wbm_log(run, "resize %u to %u", run->m.len, len);
	wbm_resize(&run->m, len);
	wbm_same(run, "resize",
		 vmop_test_set_size(run->vmo, PG(len) / WBM_CELLS), 0);
	wbm_settle(run);
}

/* Inside a page that is asked for, or of the given kind, and mostly back. */
static void resize_inside(struct wbm_run *run, enum wbm_kind kind)
{
	unsigned int page, old = run->m.len;

	for (page = 0; page < wbm_nr_pages(&run->m); page++) {
		if (run->m.req.used ? page == run->m.req.page :
				      run->m.page[page].kind == kind)
			break;
	}
	resize(run, wbm_min(page * WBM_CELLS + 1 + rnd(run, WBM_CELLS - 1),
			    WBM_ALL));
	if (rnd(run, 4))
		resize(run, wbm_max(old, run->m.len));
}

static void step_resize(struct wbm_run *run)
{
	unsigned int len = rnd(run, WBM_ALL + 1);

	if (!rnd(run, 3)) {
		resize_inside(run, rnd(run, WBM_ZERO + 1));
		return;
	}
	/* Mostly not far, every other time whole pages. */
	if (rnd(run, 3)) {
		len = run->m.len + rnd(run, 6 * WBM_CELLS);
		len -= wbm_min(len, rnd(run, 6 * WBM_CELLS));
	}
	if (rnd(run, 2))
		len -= len % WBM_CELLS;
	resize(run, wbm_min(len, WBM_ALL));
}

/* Whole pages never wait: the pager's thread does it. */
static void step_zero(struct wbm_run *run)
{
	unsigned int page, end;

	any_range(run, &page, &end);
	if (page == end)
		return;
	wbm_log(run, "zero pages %u+%u", page, end - page);
	wbm_zero(&run->m, page, end);
	wbm_same(run, "zero",
		 vmop_test_vmo_op(run->vmo, VMOP_VMO_OP_ZERO, PG(page),
				  PG(end - page), NULL), 0);
	wbm_settle(run);
}

static void step_unmap(struct wbm_run *run)
{
	unsigned int page, end;

	any_range(run, &page, &end);
	wbm_log(run, "unmap %u+%u", page, end - page);
	madvise(run->map + PG(page), PG(end - page), MADV_DONTNEED);
	for (; page < end; page++)
		run->m.page[page].writable = false;
}

/* ---- what the pager does ------------------------------------------------- */

static bool store_is_zero(const struct wbm *m, unsigned int page,
			  unsigned int end)
{
	unsigned int cell;

	for (cell = page * WBM_CELLS; cell < end * WBM_CELLS; cell++) {
		if (m->store[cell])
			return false;
	}
	return true;
}

static int supply_move(struct wbm_run *run, unsigned int page,
		       unsigned int end)
{
	int aux = vmop_test_vmo_create(run->pager, 0, PG(end - page));
	int ret;

	if (aux < 0)
		return aux;
	ret = vmop_test_pwrite(aux, run->scratch, PG(end - page), 0);
	if (ret == (int)PG(end - page))
		ret = vmop_test_supply(run->pager, run->vmo, PG(page),
				       PG(end - page), aux, 0, NULL);
	close(aux);
	return ret;
}

static void give(struct wbm_run *run, unsigned int page, unsigned int end)
{
	bool zeros = store_is_zero(&run->m, page, end) && rnd(run, 4);
	bool move = !zeros && !rnd(run, 8);
	unsigned int cell;
	int ret;

	if (page == end)
		return;
	wbm_log(run, "supply %u+%u%s%s", page, end - page,
		zeros ? " zeros" : "", move ? " by move" : "");
	for (cell = page * WBM_CELLS; cell < end * WBM_CELLS; cell++)
		wbm_fill(run->scratch + PG(cell) / WBM_CELLS -
			 PG(page), cell, 1, run->m.store[cell]);
	if (zeros)
		ret = vmop_test_supply_zero(run->pager, run->vmo, PG(page),
					    PG(end - page), NULL);
	else if (move)
		ret = supply_move(run, page, end);
	else
		ret = vmop_test_supply_copy(run->pager, run->vmo, PG(page),
					    PG(end - page), run->scratch, NULL);
	wbm_same(run, "supply", ret, wbm_supply(&run->m, page, end, zeros));
	wbm_settle(run);
}

static void op_dirty(struct wbm_run *run, unsigned int page, unsigned int end)
{
	int ret;

	if (page == end)
		return;
	ret = wbm_op(run, VMOP_PAGER_OP_DIRTY, page, end - page, 0, 0, 0);
	wbm_log(run, "dirty %u+%u: %d", page, end - page, ret);
	wbm_same(run, "OP_DIRTY", ret, wbm_op_dirty(&run->m, page, end));
	wbm_settle(run);
}

static bool is_begun(unsigned int page, unsigned int end)
{
	unsigned int i;

	for (i = 0; i < NR_BEGUN; i++) {
		if (page < begun[i].end && begun[i].page < end)
			return true;
	}
	return false;
}

/* What QUERY tells, or anything. Two writebacks of one page are not for us. */
static void step_begin(struct wbm_run *run)
{
	struct vmop_dirty_range ranges[WBM_PAGES];
	unsigned int nr = wbm_query(&run->m, 0, WBM_PAGES, ranges);
	unsigned int page, end, i = 0;
	bool zero = rnd(run, 2);
	int ret;

	any_range(run, &page, &end);
	if (nr && rnd(run, 4)) {
		struct vmop_dirty_range *range = &ranges[rnd(run, nr)];

		page = range->offset / PG(1);
		end = page + range->length / PG(1);
		zero = range->flags & VMOP_DIRTY_ZERO;
	}
	while (i < NR_BEGUN && begun[i].page < begun[i].end)
		i++;
	if (i == NR_BEGUN || page == end || is_begun(page, end))
		return;
	wbm_log(run, "begin %u+%u%s", page, end - page, zero ? "Z" : "");
	begun[i] = (struct begun){ page, end };
	ret = wbm_op(run, VMOP_PAGER_OP_WRITEBACK_BEGIN, page, end - page,
		     zero ? VMOP_DIRTY_ZERO : 0, 0, 0);
	wbm_same(run, "begin", ret, wbm_begin(&run->m, page, end, zero));
	wbm_compare_content(run, page, end);
	wbm_settle(run);
}

static void end_range(struct wbm_run *run, unsigned int page, unsigned int end)
{
	int ret;

	wbm_log(run, "end %u+%u", page, end - page);
	ret = wbm_op(run, VMOP_PAGER_OP_WRITEBACK_END, page, end - page, 0, 0,
		     0);
	wbm_same(run, "end", ret, wbm_end(&run->m, page, end));
	wbm_settle(run);
}

static void step_end(struct wbm_run *run)
{
	struct begun *b = &begun[rnd(run, NR_BEGUN)];
	unsigned int page, end;

	/* What was not begun, or not by this, is not ended by it. */
	if (!rnd(run, 8)) {
		any_range(run, &page, &end);
		end_range(run, page, end);
		return;
	}
	if (b->page == b->end)
		return;
	page = b->page;
	end = rnd(run, 3) ? b->end : page + 1 + rnd(run, b->end - page);
	b->page = end;
	end_range(run, page, end);
	/* Cut off meanwhile: -ERANGE. */
	if (end > wbm_nr_pages(&run->m) && page < wbm_nr_pages(&run->m))
		end_range(run, page, wbm_nr_pages(&run->m));
}

static void step_fail(struct wbm_run *run)
{
	static const int errs[] = { EIO, EBADMSG, ENOSPC, ENOBUFS, ENOTCONN };
	unsigned int page, end, types = rnd(run, 8);
	int err = errs[rnd(run, 5)];

	answer_range(run, &page, &end);
	if (end > wbm_nr_pages(&run->m) || page >= end)
		return;
	wbm_log(run, "fail %u+%u types %u: %d", page, end - page, types, err);
	if (run->m.req.used && run->m.req.told && !rnd(run, 4)) {
		wbm_same(run, "fail by id",
			 wbm_op(run, VMOP_PAGER_OP_FAIL, 0, 0, err,
				run->m.req.id, 0), 0);
		wbm_finish(&run->m, -err);
	} else {
		wbm_fail(&run->m, page, end, types, err);
		wbm_same(run, "fail",
			 wbm_op(run, VMOP_PAGER_OP_FAIL, page, end - page, err,
				0, types), 0);
	}
	wbm_settle(run);
}

/* A WRITEBACK record may be answered by its id, no other. */
static void step_answer_id(struct wbm_run *run)
{
	struct wbm_req *r = &run->m.req;
	bool other = r->type == WBM_READ || r->type == WBM_GRANT;

	if (!r->used || !r->told)
		return;
	wbm_log(run, "answer id %llu", r->id);
	wbm_same(run, "answer by id",
		 wbm_op(run, VMOP_PAGER_OP_FAIL, 0, 0, 0, r->id, 0),
		 other ? -EINVAL : 0);
	if (!other)
		wbm_finish(&run->m, 1);
	wbm_settle(run);
}

/* Reclaim takes what was not used since the last look. */
static void step_evict(struct wbm_run *run)
{
	unsigned int nr_dirty = wbm_nr_dirty(&run->m), tries = 50;
	int ret;

	wbm_log(run, "evict");
	while (vmop_test_committed(run->vmo) != PG(nr_dirty) && --tries &&
	       !run->failed) {
		vmop_test_vmo_op(run->vmo, VMOP_VMO_OP_DONT_NEED, 0,
				 PG(wbm_nr_pages(&run->m)), NULL);
		ret = vmop_test_reclaim();
		if (ret)
			wbm_wrong(run, "drop_caches: %d", ret);
	}
	wbm_same(run, "pages after eviction",
		 vmop_test_committed(run->vmo) / PG(1), nr_dirty);
	wbm_evict(&run->m);
}

static void step_answer(struct wbm_run *run)
{
	unsigned int page, end;

	answer_range(run, &page, &end);
	if (page >= end)
		return;
	switch (run->m.req.type) {
	case WBM_READ:
		give(run, page, end);
		break;
	case WBM_GRANT:
		op_dirty(run, page, end);
		break;
	default:
		if (!rnd(run, 8))
			step_answer_id(run);
		else if (rnd(run, 2))
			step_begin(run);
		else
			step_end(run);
	}
}

/* ---- rounds -------------------------------------------------------------- */

static void step(struct wbm_run *run)
{
	unsigned int what = rnd(run, 1000), page, end;

	run->step++;
	any_range(run, &page, &end);
	if (run->m.req.used && rnd(run, 10) < 6)
		step_answer(run);
	else if (!run->busy && what < 600)
		step_access(run);
	else if (what < 660)
		give(run, page, end);
	else if (what < 700)
		op_dirty(run, page, end);
	else if (what < 790)
		step_begin(run);
	else if (what < 880)
		step_end(run);
	else if (what < 900)
		step_zero(run);
	else if (what < 940)
		step_resize(run);
	else if (what < 955)
		step_fail(run);
	else if (what < 965)
		step_answer_id(run);
	else if (what < 978)
		step_evict(run);
	else if (what < 990)
		step_unmap(run);
	else
		wbm_compare_content(run, 0, WBM_PAGES);
	wbm_compare(run, !rnd(run, 16));
}

static void step_detach(struct wbm_run *run)
{
	bool room = run->m.req.used && run->m.req.type == WBM_ROOM;

	wbm_log(run, "detach");
	wbm_same(run, "detach", vmop_test_detach(run->pager, run->vmo), 0);
	wbm_detach(&run->m);
	wbm_expect_complete(run);
	wbm_settle(run);
	/* A writer may have looked before what is clean was dropped, too. */
	if (room)
		wbm_adopt_requests(run);
}

/* Write everything back until nobody waits. */
static void drain(struct wbm_run *run)
{
	unsigned int nr_pages = wbm_nr_pages(&run->m), tries = 100;

	memset(begun, 0, sizeof(begun));
	while (run->busy && !run->failed && --tries) {
		run->step++;
		wbm_log(run, "begin and end all");
		wbm_same(run, "begin",
			 wbm_op(run, VMOP_PAGER_OP_WRITEBACK_BEGIN, 0,
				nr_pages, 0, 0, 0),
			 wbm_begin(&run->m, 0, nr_pages, false));
		end_range(run, 0, nr_pages);
	}
	if (run->busy)
		wbm_wrong(run, "somebody waits still");
}

static void lockstep_round(struct wbm_run *run, bool trap)
{
	static const unsigned int requests[] = { 0, 1, 3, 16, 32 };
	unsigned int limit = rnd(run, 3) ? 0 : 2 + rnd(run, 8);
	unsigned int len = rnd(run, WBM_ALL + 1), i;
	int ret;

	memset(begun, 0, sizeof(begun));
	if (rnd(run, 2))
		len -= len % WBM_CELLS;
	ret = wbm_run_open_vmo(run, trap, limit, requests[rnd(run, 5)], len);
	if (ret) {
		wbm_wrong(run, "no VMO: %d", ret);
		return;
	}
	for (i = 0; i < STEPS_ROUND && !run->failed; i++)
		step(run);
	if (!run->failed)
		step_detach(run);
	for (i = 0; i < STEPS_DETACHED && !run->failed; i++)
		step(run);
	if (!run->failed)
		drain(run);
	/* A thread that is stuck holds on to it. */
	if (!run->failed)
		wbm_run_close_vmo(run);
}

FIXTURE(writeback)
{
	struct wbm_run *run;
	__u64 seed;
};

FIXTURE_VARIANT(writeback)
{
	bool trap;
};

FIXTURE_VARIANT_ADD(writeback, trap)
{
	.trap = true,
};

FIXTURE_VARIANT_ADD(writeback, free)
{
	.trap = false,
};

FIXTURE_SETUP(writeback)
{
	self->seed = wbm_seed();
	self->run = calloc(1, sizeof(*self->run));
	ASSERT_NE(NULL, self->run);
	TH_LOG("VMOP_SEED=%llu", self->seed);
}

FIXTURE_TEARDOWN(writeback)
{
	free(self->run);
}

/* Hours, if that many steps were asked for. */
TEST_F_TIMEOUT(writeback, lockstep, 100000)
{
	unsigned long steps = wbm_steps(STEPS_LOCKSTEP);
	struct wbm_run *run = self->run;

	ASSERT_EQ(0, wbm_run_init(run, self->seed));
	while (run->step < steps && !run->failed)
		lockstep_round(run, variant->trap);
	EXPECT_FALSE(run->failed);
	TH_LOG("%lu steps", run->step);
	wbm_run_exit(run);
}

TEST_F_TIMEOUT(writeback, stripes, 100000)
{
	EXPECT_EQ(0, wbm_stripes(variant->trap, self->seed,
				 wbm_steps(STEPS_STRIPES)));
}

VMOP_TEST_MAIN
