// SPDX-License-Identifier: GPL-2.0
/*
 * Families of VMOs at random, against a model in user space: anonymous ones and
 * ones with a pager, cloned in every way, written by call and by mapping, zeroed,
 * resized, committed, reset, written back, evicted and closed. The model (cwm.h) is
 * a flat array of versions for each VMO; what a VMO shows must be what its array
 * says, whatever was done to its kin.
 *
 * The pager is a thread of its own, which supplies from the family's store and
 * agrees to everything. The test writes back to the store.
 *
 * VMOP_SEED=N repeats a run, VMOP_STEPS=N sets how many steps a test has: hours, if
 * that many were asked for.
 */
#include <sys/eventfd.h>

#include "cwm_run.h"
#include "test_cow.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define STEPS 100000

/* ---- steps -------------------------------------------------------------------------- */

/* Cells of the view, not empty; mostly few. */
static bool any_cells(struct cwr *run, const struct cwr_view *v, unsigned int *cell,
		      unsigned int *nr)
{
	unsigned int len = cwr_view_len(run, v);

	if (!len)
		return false;
	*cell = cwr_rnd(run, len);
	*nr = 1 + cwr_rnd(run, cwr_rnd(run, 6) ? CWM_CELLS : CWM_ALL);
	if (cwr_rnd(run, 2)) {
		*cell -= *cell % CWM_CELLS;
		*nr += CWM_CELLS - 1 - (*nr + CWM_CELLS - 1) % CWM_CELLS;
	}
	if (*nr > len - *cell)
		*nr = len - *cell;
	return true;
}

static void step_write(struct cwr *run, struct cwr_view *v)
{
	static char buf[CWM_PAGES * 4096];
	__u32 cells[CWM_ALL];
	bool map = v->map && cwr_rnd(run, 2);
	struct vmop_result res = { 0 };
	unsigned int cell, nr, i;
	long n;

	if (!any_cells(run, v, &cell, &nr))
		return;
	run->version++;
	cwr_say(run, "%s view %td (object %u), cells %u+%u: version %u",
		map ? "store" : "pwrite", v - run->view, v->object, cell, nr,
	    run->version);
	for (i = 0; i < nr; i++)
		cells[i] = run->version;
	cwr_fill_cells(buf, cells, nr);
	if (map) {
		vmop_mem_write(v->map + cell * CWR_CELL, buf, nr * CWR_CELL, &res);
		n = res.sig ? -res.sig : (long)(nr * CWR_CELL);
	} else {
		n = vmop_test_pwrite(v->fd, buf, nr * CWR_CELL, cell * CWR_CELL);
	}
	cwr_same(run, "write", n, nr * CWR_CELL);
	cwm_write(&run->m, v->object, v->page * CWM_CELLS + cell, nr,
		  run->version);
}

static void step_zero(struct cwr *run, struct cwr_view *v)
{
	unsigned int cell, nr;

	if (!any_cells(run, v, &cell, &nr))
		return;
	cwr_say(run, "zero view %td (object %u), cells %u+%u", v - run->view,
		v->object, cell, nr);
	cwr_same(run, "zero", vmop_test_vmo_op(v->fd, VMOP_VMO_OP_ZERO, cell * CWR_CELL,
					       nr * CWR_CELL, NULL), 0);
	cwm_zero(&run->m, v->object, v->page * CWM_CELLS + cell, nr);
}

static void step_commit(struct cwr *run, struct cwr_view *v)
{
	bool prefetch = cwr_rnd(run, 2);
	unsigned int cell, nr;

	if (!any_cells(run, v, &cell, &nr))
		return;
	cwr_say(run, "%s view %td (object %u), cells %u+%u",
		prefetch ? "prefetch" : "commit", v - run->view, v->object, cell,
	    nr);
	cwr_same(run, "commit",
		 vmop_test_vmo_op(v->fd, prefetch ? VMOP_VMO_OP_PREFETCH :
			      VMOP_VMO_OP_COMMIT, cell * CWR_CELL, nr * CWR_CELL, NULL),
	     0);
	if (!prefetch)
		cwm_commit(&run->m, v->object, v->page + cell / CWM_CELLS,
			   v->page + (cell + nr + CWM_CELLS - 1) / CWM_CELLS);
}

static void step_resize(struct cwr *run, struct cwr_view *v)
{
	struct cwm_object *o = &run->m.object[v->object];
	const struct cwr_family *f = &run->family[o->family];
	unsigned int len = cwr_rnd(run, 3) ? o->len : cwr_rnd(run, CWM_ALL + 1);
	int ret;

	if (!v->resizable)
		return;
	len += cwr_rnd(run, 4 * CWM_CELLS);
	len -= len < 4 * CWM_CELLS ? len : cwr_rnd(run, 4 * CWM_CELLS);
	/* what follows ends where a page does */
	if (cwr_rnd(run, 2) || o->follows || cwm_is_followed(&run->m, v->object))
		len -= len % CWM_CELLS;
	if (len > CWM_ALL)
		len = CWM_ALL;
	cwr_say(run, "resize view %td (object %u): %u to %u", v - run->view,
		v->object, o->len, len);
	ret = vmop_test_set_size(v->fd, len * CWR_CELL);
	if (ret == -EBUSY && o->root && len < o->len) {
		/* a snapshot sees absent pages there; not when they are there */
		run->nr_done[30]++;
		ret = vmop_test_vmo_op(f->keep, VMOP_VMO_OP_PREFETCH, 0,
				       o->len * CWR_CELL, NULL);
		if (!ret)
			ret = vmop_test_set_size(v->fd, len * CWR_CELL);
	}
	cwr_same(run, "resize", ret, 0);
	cwm_resize(&run->m, v->object, len);
}

/* A reference, or a slice of what cannot be resized. */
static void step_share(struct cwr *run, struct cwr_view *v)
{
	struct cwm_object *o = &run->m.object[v->object];
	unsigned int pages = cwr_view_len(run, v) / CWM_CELLS, page, nr;
	struct cwr_view *n;
	int fd;

	if (!cwr_is_room(run))
		return;
	if (!v->slice && (v->resizable || cwr_rnd(run, 2))) {
		fd = test_cow_child(v->fd, VMOP_CHILD_REFERENCE |
				    (v->resizable ? VMOP_CHILD_RESIZABLE : 0),
				    0, 0);
		cwr_say(run, "reference of view %td: %d", v - run->view, fd);
		if (fd < 0)
			cwr_wrong(run, "reference: %d", fd);
		else
			cwr_new_view(run, fd, v->object,
				     v->resizable)->reference = true;
		return;
	}
	page = cwr_rnd(run, pages + 1);
	nr = cwr_rnd(run, pages - page + 1);
	fd = test_cow_child(v->fd, VMOP_CHILD_SLICE, PG(page), PG(nr));
	cwr_say(run, "slice of view %td, pages %u+%u: %d", v - run->view, page, nr,
		fd);
	/* one that refers to what is resizable does not look so */
	if (fd == -EOPNOTSUPP && !v->slice)
		return;
	if (fd < 0) {
		cwr_wrong(run, "slice: %d", fd);
		return;
	}
	(void)o;
	n = cwr_new_view(run, fd, v->object, false);
	n->slice = true;
	n->page = v->page + page;
	n->nr = nr;
}

static void step_clone(struct cwr *run, struct cwr_view *v)
{
	static const __u32 kinds[] = { SNAPSHOT, SNAPSHOT, ON_WRITE, MODIFIED };
	__u32 flags = kinds[cwr_rnd(run, 4)] | (cwr_rnd(run, 3) ? RESIZABLE : 0) |
		      (cwr_rnd(run, 3) ? 0 : RESETTABLE);
	unsigned int page = cwr_rnd(run, 2) ? 0 : cwr_rnd(run, CWM_PAGES);
	unsigned int nr = cwr_rnd(run, 2) ? CWM_PAGES : cwr_rnd(run, CWM_PAGES + 1);
	enum cwm_clone may;
	int fd, object;

	if (v->slice || !cwr_is_room(run))
		return;
	may = cwm_may_clone(&run->m, v->object, flags, page, nr);
	/*
	 * What is refused depends on what is left of a family by then; cow_create and
	 * cow_frozen ask for it where that is plain. Content is what this is about.
	 */
	if (may == CWM_UNSURE || may == CWM_REFUSED)
		return;
	fd = test_cow_child(v->fd, flags, PG(page), PG(nr));
	cwr_say(run, "clone %#x of view %td (object %u), pages %u+%u: %d", flags,
		v - run->view, v->object, page, nr, fd);
	if (fd == -EOPNOTSUPP && may != CWM_MADE) {
		run->nr_done[31]++;
		return;
	}
	if (fd < 0) {
		cwr_wrong(run, "clone: %d, foretold %d", fd, may);
		return;
	}
	object = cwm_clone(&run->m, v->object, flags, page, nr);
	cwr_say(run, "  it is object %d", object);
	cwr_compare_view(run, cwr_new_view(run, fd, object, flags & RESIZABLE), false);
}

static void step_reset(struct cwr *run, struct cwr_view *v)
{
	struct cwm_object *o = &run->m.object[v->object];
	int ret;

	if (v->slice || !o->resettable || o->cloned)
		return;
	ret = test_cow_reset(v->fd, NULL);
	cwr_say(run, "reset view %td (object %u): %d", v - run->view, v->object,
		ret);
	/* a reference is no clone, whatever it refers to */
	cwr_same(run, "reset", ret, v->reference ? -EOPNOTSUPP : 0);
	if (!v->reference)
		cwm_reset(&run->m, v->object);
}

static void step_write_back(struct cwr *run, struct cwr_view *v)
{
	struct cwr_family *f = &run->family[run->m.object[v->object].family];
	struct vmop_dirty_range range[CWM_PAGES];
	__u32 cell[CWM_PAGES][CWM_CELLS];
	unsigned int page, first;
	int i, n;

	if (!f->pager)
		return;
	n = test_wb_query(run->tp.fd, f->keep, 0, PG(CWM_PAGES), range,
			  CWM_PAGES);
	cwr_say(run, "write back family %td: %d ranges", f - run->family, n);
	for (i = 0; i < n; i++) {
		first = range[i].offset / PG(1);
		cwr_same(run, "begin",
			 test_wb_op(run->tp.fd, f->keep,
				    VMOP_PAGER_OP_WRITEBACK_BEGIN,
				    range[i].offset, range[i].length,
				    range[i].flags), 0);
		for (page = first; page < first + range[i].length / PG(1); page++)
			cwm_look(&run->m, f->root, page, cell[page]);
		/* somebody writes meanwhile, and it stays dirty */
		if (!cwr_rnd(run, 4))
			step_write(run, v);
		cwr_same(run, "end",
			 test_wb_op(run->tp.fd, f->keep,
				    VMOP_PAGER_OP_WRITEBACK_END,
				    range[i].offset, range[i].length, 0), 0);
		pthread_mutex_lock(&run->lock);
		memcpy(f->store[first], cell[first],
		       range[i].length / PG(1) * sizeof(cell[0]));
		pthread_mutex_unlock(&run->lock);
	}
}

static void step_evict(struct cwr *run)
{
	unsigned int i;
	int ret;

	cwr_say(run, "evict");
	for (i = 0; i < 2; i++) {
		ret = vmop_test_reclaim();
		if (ret)
			cwr_wrong(run, "drop_caches: %d", ret);
	}
}

enum what {
	WRITE, ZERO, COMMIT, RESIZE, SHARE, CLONE, CLOSE, RESET, WRITE_BACK,
	EVICT, LOOK
};

static enum what choose(struct cwr *run)
{
	static const unsigned int chance[] = {
		[WRITE] = 400, [ZERO] = 70, [COMMIT] = 40, [RESIZE] = 80,
		[SHARE] = 30, [CLONE] = 130, [CLOSE] = 120, [RESET] = 40,
		[WRITE_BACK] = 30, [EVICT] = 2,
	};
	unsigned int i, n = cwr_rnd(run, 1000);

	for (i = 0; i < ARRAY_SIZE(chance); i++) {
		if (n < chance[i])
			return i;
		n -= chance[i];
	}
	return LOOK;
}

static void step(struct cwr *run)
{
	enum what what = choose(run);
	struct cwr_view *v;

	run->step++;
	cwr_keep_families(run);
	v = cwr_any_view(run);
	if (!v)
		return;
	run->nr_done[what]++;
	switch (what) {
	case WRITE:
		step_write(run, v);
		break;
	case ZERO:
		step_zero(run, v);
		break;
	case COMMIT:
		step_commit(run, v);
		break;
	case RESIZE:
		step_resize(run, v);
		break;
	case SHARE:
		step_share(run, v);
		break;
	case CLONE:
		step_clone(run, v);
		break;
	case CLOSE:
		cwr_close_view(run, v);
		break;
	case RESET:
		step_reset(run, v);
		break;
	case WRITE_BACK:
		step_write_back(run, v);
		break;
	case EVICT:
		if (run->pager)
			step_evict(run);
		break;
	case LOOK:
		cwr_compare_view(run, v, cwr_rnd(run, 2));
	}
	v = cwr_any_view(run);
	if (v && cwr_view_len(run, v))
		cwr_compare(run, v, v->map && cwr_rnd(run, 2),
			    cwr_rnd(run, (cwr_view_len(run, v) + CWM_CELLS - 1) / CWM_CELLS));
	if (run->step % 64 == 0)
		cwr_compare_all(run, run->step & 64);
	if (__atomic_load_n(&run->server_error, __ATOMIC_ACQUIRE))
		cwr_wrong(run, "the pager: %d", run->server_error);
}

FIXTURE(forest)
{
	struct cwr *run;
	__u64 seed;
};

FIXTURE_VARIANT(forest)
{
	bool pager;
	bool trap;
};

FIXTURE_VARIANT_ADD(forest, anonymous)
{
	.pager = false,
};

FIXTURE_VARIANT_ADD(forest, pager)
{
	.pager = true,
};

FIXTURE_VARIANT_ADD(forest, pager_trap)
{
	.pager = true,
	.trap = true,
};

static __u64 env_number(const char *name, __u64 otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

FIXTURE_SETUP(forest)
{
	self->seed = env_number("VMOP_SEED", vmop_test_now_ms() * getpid());
	self->run = calloc(1, sizeof(*self->run));
	ASSERT_NE(NULL, self->run);
	self->run->random = self->seed;
	self->run->pager = variant->pager;
	self->run->trap = variant->trap;
	pthread_mutex_init(&self->run->lock, NULL);
	ASSERT_EQ(0, test_pager_init(&self->run->tp));
	self->run->stop_fd = eventfd(0, EFD_CLOEXEC);
	ASSERT_EQ(0, pthread_create(&self->run->server, NULL, cwr_serve, self->run));
	TH_LOG("VMOP_SEED=%llu", self->seed);
}

FIXTURE_TEARDOWN(forest)
{
	eventfd_write(self->run->stop_fd, 1);
	pthread_join(self->run->server, NULL);
	test_pager_exit(&self->run->tp);
	free(self->run);
}

/* Rules COW-1 to COW-35, all at once. */
TEST_F_TIMEOUT(forest, is_what_the_model_says, 100000)
{
	unsigned long steps = env_number("VMOP_STEPS",
					 STEPS / vmop_test_scale());
	struct cwr *run = self->run;
	unsigned int i;

	while (run->step < steps && !run->failed)
		step(run);
	EXPECT_FALSE(run->failed);
	for (i = 0; i < CWR_VIEWS; i++)
		if (run->view[i].used)
			cwr_close_view(run, &run->view[i]);
	TH_LOG("%lu steps: %lu writes, %lu resets, %lu clones (%lu refused)",
	       run->step, run->nr_done[WRITE], run->nr_done[RESET],
	       run->nr_done[CLONE], run->nr_done[31]);
	TH_LOG("%lu resizes (%lu waited)", run->nr_done[RESIZE],
	       run->nr_done[30]);
}

VMOP_TEST_MAIN
