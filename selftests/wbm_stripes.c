// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads at once, each with pages of its own (a stripe), with a server
 * and a flusher beside them; see writeback_model.c.
 *
 * A thread knows what its pages hold, as nobody else writes them. In the loud
 * part of a round the flusher writes back what QUERY tells. Then it writes back
 * everything: now the store must have what the threads wrote. In the quiet part
 * nobody writes back, the threads note what they make dirty, and QUERY must tell
 * the union of that. The last stripe is where the size changes.
 *
 * Locks: flush_lock is held over a flush; inside it, store_lock makes "store and
 * end the writeback" and "look into the store and supply" one step each, so that
 * no supply is older than an end.
 */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wbm_run.h"

#define NR_STRIPES 5
#define STRIPE_PAGES 12
#define STRIPE_CELLS (STRIPE_PAGES * WBM_CELLS)
#define NR_PAGES (NR_STRIPES * STRIPE_PAGES)
#define NR_CELLS (NR_STRIPES * STRIPE_CELLS)
#define CELL (vmop_test_page_size / WBM_CELLS)
#define LOUD_STEPS 100
#define QUIET_STEPS 12
#define QUIET_DIRTY 5		/* pages: what comes then has to stay below the limit */
#define LIMIT 45

struct stripes;

struct stripe {
	struct stripes *s;
	unsigned int nr;		/* which */
	struct wbm_random random;
	unsigned int nr_steps;		/* to do in this part */
	unsigned int nr_pages;		/* that the VMO has of it */
	__u32 version;
	__u32 truth[STRIPE_CELLS];
	enum wbm_kind dirt[STRIPE_PAGES];	/* quiet: DIRTY, ZERO, ABSENT */
	char *buf;
};

struct stripes {
	__u64 seed;
	bool trap;
	int pager, port, vmo;
	char *map;
	bool quiet, stop, failed;	/* atomic */
	pthread_mutex_t flush_lock, store_lock;
	__u32 store[NR_CELLS];
	char *supply_buf, *flush_buf;
	struct wbm_random server_random, flusher_random;
	struct stripe stripe[NR_STRIPES];
	unsigned long step;		/* where this round began */
};

static bool flag(bool *what)
{
	return __atomic_load_n(what, __ATOMIC_ACQUIRE);
}

static void wrong(struct stripes *s, const char *what, long a, long b, long c)
{
	if (!__atomic_exchange_n(&s->failed, true, __ATOMIC_ACQ_REL))
		fprintf(stderr, "# VMOP_SEED=%llu, round at step %lu%s: %s: %ld, %ld, %ld\n",
			s->seed, s->step, s->quiet ? ", quiet" : "", what, a, b,
			c);
}

/* ---- what a thread does to its stripe ------------------------------------ */

static unsigned int stripe_page(const struct stripe *t, unsigned int cell)
{
	return t->nr * STRIPE_PAGES + cell / WBM_CELLS;
}

static __u64 stripe_off(const struct stripe *t, unsigned int cell)
{
	return (t->nr * STRIPE_CELLS + cell) * CELL;
}

/* Failures come in the loud part only, and then nothing was done. */
static bool may_fail(struct stripe *t, long err)
{
	if (!flag(&t->s->quiet) && (err == -EIO || err == -EFAULT))
		return true;
	wrong(t->s, "an access failed: errno, stripe", -err, t->nr, 0);
	return false;
}

static void check(struct stripe *t, unsigned int cell, unsigned int nr)
{
	unsigned int first = t->nr * STRIPE_CELLS + cell;
	long at = wbm_differs(t->buf, first, &t->truth[cell], nr);

	if (at >= 0)
		wrong(t->s, "wrong content: cell, version, expected",
		      first + at, *(__u64 *)(t->buf + at * CELL) >> 32,
		      t->truth[cell + at]);
}

static void note(struct stripe *t, unsigned int cell, unsigned int nr,
		 __u32 version)
{
	for (; nr--; cell++) {
		t->truth[cell] = version;
		t->dirt[cell / WBM_CELLS] = WBM_DIRTY;
	}
}

static void do_read(struct stripe *t, unsigned int cell, unsigned int nr,
		    bool map)
{
	__u64 off = stripe_off(t, cell);
	long n = nr * CELL;

	if (map) {
		if (vmop_mem_read(t->buf, t->s->map + off, n, NULL))
			n = -EFAULT;
	} else {
		n = vmop_test_pread(t->s->vmo, t->buf, n, off);
	}
	if (n >= 0)
		check(t, cell, n / CELL);
	else
		may_fail(t, n);
	if (n >= 0 && flag(&t->s->quiet) && n != nr * CELL)
		wrong(t->s, "a short read", n, nr * CELL, 0);
}

/* Enough is dirty, where nobody writes back. */
static bool is_enough(const struct stripe *t)
{
	unsigned int page, nr = 0;

	for (page = 0; page < STRIPE_PAGES; page++)
		nr += t->dirt[page] == WBM_DIRTY;
	return flag(&t->s->quiet) && nr >= QUIET_DIRTY;
}

/* A store that fails has done nothing when it stays in a page. */
static void do_write(struct stripe *t, unsigned int cell, unsigned int nr,
		     bool map)
{
	__u64 off = stripe_off(t, cell);
	__u32 version = ++t->version;
	long n;

	if (map)
		nr = wbm_min(nr, WBM_CELLS - cell % WBM_CELLS);
	n = nr * CELL;
	wbm_fill(t->buf, t->nr * STRIPE_CELLS + cell, nr, version);
	if (map) {
		if (vmop_mem_write(t->s->map + off, t->buf, n, NULL))
			n = -EFAULT;
	} else {
		n = vmop_test_pwrite(t->s->vmo, t->buf, n, off);
	}
	if (n >= 0)
		note(t, cell, n / CELL, version);
	else
		may_fail(t, n);
}

/* Zeros stay zeros; what else a part of a page is, gets written. */
static void do_zero(struct stripe *t, unsigned int cell, unsigned int nr)
{
	unsigned int page, end = cell + nr;
	int ret;

	/* One page, or whole ones: a failure of a part leaves nothing done. */
	if (cell % WBM_CELLS || nr < WBM_CELLS)
		end = wbm_min(end, cell - cell % WBM_CELLS + WBM_CELLS);
	else
		end -= end % WBM_CELLS;
	ret = vmop_test_vmo_op(t->s->vmo, VMOP_VMO_OP_ZERO,
			       stripe_off(t, cell), (end - cell) * CELL, NULL);
	if (ret) {
		may_fail(t, ret);
		return;
	}
	memset(&t->truth[cell], 0, (end - cell) * sizeof(t->truth[0]));
	for (page = cell / WBM_CELLS; page * WBM_CELLS < end; page++) {
		if ((end - cell) >= WBM_CELLS)
			t->dirt[page] = WBM_ZERO;
		else if (t->dirt[page] != WBM_ZERO)
			t->dirt[page] = WBM_DIRTY;
	}
}

/* The last stripe only, by whole pages. */
static void do_resize(struct stripe *t)
{
	unsigned int nr = wbm_random(&t->random, STRIPE_PAGES + 1), page;
	int ret;

	ret = vmop_test_set_size(t->s->vmo, PG(stripe_page(t, 0) + nr));
	if (ret)
		wrong(t->s, "resize", ret, 0, 0);
	for (page = wbm_min(nr, t->nr_pages); page < STRIPE_PAGES; page++) {
		memset(&t->truth[page * WBM_CELLS], 0,
		       WBM_CELLS * sizeof(t->truth[0]));
		t->dirt[page] = page < nr ? WBM_ZERO : WBM_ABSENT;
	}
	t->nr_pages = nr;
}

static void do_step(struct stripe *t)
{
	unsigned int what = wbm_random(&t->random, 20), cell, nr;

	if (t->nr == NR_STRIPES - 1 && what == 19)
		do_resize(t);
	if (!t->nr_pages)
		return;
	cell = wbm_random(&t->random, t->nr_pages * WBM_CELLS);
	nr = 1 + wbm_random(&t->random, 3 * WBM_CELLS);
	if (wbm_random(&t->random, 2)) {
		cell -= cell % WBM_CELLS;
		nr += WBM_CELLS - 1 - (nr + WBM_CELLS - 1) % WBM_CELLS;
	}
	nr = wbm_min(nr, t->nr_pages * WBM_CELLS - cell);
	if (what < 8)
		do_read(t, cell, nr, what & 1);
	else if (what < 16 && !is_enough(t))
		do_write(t, cell, nr, what & 1);
	else if (what < 18 && !is_enough(t))
		do_zero(t, cell, nr);
	else if (what == 18 && !wbm_random(&t->random, 8) &&
		 fsync(t->s->vmo) && errno != EIO)
		wrong(t->s, "fsync: errno", errno, 0, 0);
}

static void stripe_thread(void *arg, struct vmop_result *res)
{
	struct stripe *t = arg;
	unsigned int i;

	(void)res;
	for (i = 0; i < t->nr_steps && !flag(&t->s->failed); i++)
		do_step(t);
}

/* ---- the pager ----------------------------------------------------------- */

static int op(struct stripes *s, __u32 what, __u64 off, __u64 len, __u64 data,
	      __u64 id)
{
	struct vmop_op_range cmd = {
		.size = sizeof(cmd), .vmo_fd = s->vmo, .op = what,
		.offset = off, .length = len, .data = data, .id = id,
	};

	return vmop_test_ioctl(s->pager, VMOP_OP_RANGE, &cmd);
}

static void give(struct stripes *s, __u64 off, __u64 len)
{
	unsigned int cell = off / CELL, i;
	int ret;

	pthread_mutex_lock(&s->store_lock);
	for (i = 0; i < len / CELL; i++)
		wbm_fill(s->supply_buf + i * CELL, cell + i, 1,
			 s->store[cell + i]);
	ret = vmop_test_supply_copy(s->pager, s->vmo, off, len, s->supply_buf,
				    NULL);
	pthread_mutex_unlock(&s->store_lock);
	if (ret && ret != -ERANGE)
		wrong(s, "supply", ret, off / PG(1), len / PG(1));
}

/* Write one range back. What comes in between stays dirty. */
static void flush_range(struct stripes *s, const struct vmop_dirty_range *r)
{
	unsigned int cell = r->offset / CELL, nr = r->length / CELL, i;
	__u64 *word;
	ssize_t n;

	pthread_mutex_lock(&s->store_lock);
	if (op(s, VMOP_PAGER_OP_WRITEBACK_BEGIN, r->offset, r->length, r->flags,
	       0))
		goto out;
	memset(s->flush_buf, 0, r->length);
	n = r->length;
	if (!r->flags)
		n = vmop_test_pread(s->vmo, s->flush_buf, r->length, r->offset);
	if (n < 0)
		wrong(s, "reading what is dirty", n, cell, nr);
	/* What was cut off meanwhile is not there to be stored. */
	nr = n / (ssize_t)CELL;
	for (i = 0; i < nr; i++) {
		word = (__u64 *)(s->flush_buf + i * CELL);
		s->store[cell + i] = *word >> 32;
	}
	if (!wbm_random(&s->flusher_random, 4))
		sched_yield();
	op(s, VMOP_PAGER_OP_WRITEBACK_END, r->offset, r->length, 0, 0);
out:
	pthread_mutex_unlock(&s->store_lock);
}

/* Returns how many ranges there were. */
static unsigned int flush_locked(struct stripes *s, bool loud)
{
	struct vmop_dirty_range ranges[NR_PAGES];
	struct vmop_query_dirty cmd = {
		.size = sizeof(cmd), .vmo_fd = s->vmo,
		.ranges_uptr = (uintptr_t)ranges, .nr_ranges = NR_PAGES,
	};
	struct vmop_vmo_get_info info;
	unsigned int i;
	int ret;

	vmop_test_get_info(s->vmo, &info);
	cmd.length = info.out_size;
	ret = vmop_test_ioctl(s->pager, VMOP_QUERY_DIRTY, &cmd);
	/* It may have been cut after the look at its size. */
	if (ret && (ret != -ERANGE || !loud))
		wrong(s, "QUERY", ret, 0, 0);
	for (i = 0; !ret && i < cmd.out_actual; i++)
		flush_range(s, &ranges[i]);
	return ret ? 1 : cmd.out_actual;
}

/* In the quiet part nothing may become clean. */
static void flush_if_loud(struct stripes *s)
{
	pthread_mutex_lock(&s->flush_lock);
	if (!flag(&s->quiet))
		flush_locked(s, true);
	pthread_mutex_unlock(&s->flush_lock);
}

static void serve(struct stripes *s, const struct vmop_port_record *rec)
{
	bool fail = !flag(&s->quiet) && !wbm_random(&s->server_random, 64);
	int ret;

	switch (rec->type) {
	case VMOP_RECORD_READ:
		if (!fail)
			give(s, rec->offset, rec->length);
		break;
	case VMOP_RECORD_DIRTY:
		if (fail)
			break;
		ret = op(s, VMOP_PAGER_OP_DIRTY, rec->offset, rec->length, 0,
			 0);
		if (ret && ret != -ERANGE && ret != -ENOENT)
			wrong(s, "OP_DIRTY", ret, rec->offset / PG(1),
			      rec->length / PG(1));
		break;
	default:
		/* An answer is no news of any page. */
		flush_if_loud(s);
		op(s, VMOP_PAGER_OP_FAIL, 0, 0, fail ? EIO : 0, rec->id);
		return;
	}
	if (fail)
		op(s, VMOP_PAGER_OP_FAIL, 0, 0, EIO, rec->id);
}

static void server_thread(void *arg, struct vmop_result *res)
{
	struct vmop_port_record rec;
	struct stripes *s = arg;
	struct pollfd pfd = { .fd = s->port, .events = POLLIN };

	(void)res;
	while (!flag(&s->stop)) {
		if (read(s->port, &rec, sizeof(rec)) == sizeof(rec))
			serve(s, &rec);
		else
			poll(&pfd, 1, 10);
	}
}

static void flusher_thread(void *arg, struct vmop_result *res)
{
	struct stripes *s = arg;

	(void)res;
	while (!flag(&s->stop)) {
		flush_if_loud(s);
		vmop_test_nap_ms(wbm_random(&s->server_random, 3));
	}
}

/* ---- rounds -------------------------------------------------------------- */

static void run_part(struct stripes *s, bool quiet, unsigned int nr_steps)
{
	struct vmop_thread *threads[NR_STRIPES];
	unsigned int i;

	__atomic_store_n(&s->quiet, quiet, __ATOMIC_RELEASE);
	for (i = 0; i < NR_STRIPES; i++) {
		s->stripe[i].nr_steps = nr_steps;
		threads[i] = vmop_thread_call(stripe_thread, &s->stripe[i]);
	}
	for (i = 0; i < NR_STRIPES; i++) {
		unsigned int tries = 6;

		while (threads[i] && vmop_thread_wait(threads[i], NULL) &&
		       --tries)
			;
		if (!threads[i] || !tries)
			wrong(s, "a thread does not end", i, 0, 0);
	}
	__atomic_store_n(&s->quiet, true, __ATOMIC_RELEASE);
}

/* Nothing dirty is left, so the store has it all. */
static void check_store(struct stripes *s)
{
	unsigned int tries = 100, i, cell;

	pthread_mutex_lock(&s->flush_lock);
	while (flush_locked(s, false) && !s->failed && --tries)
		;
	pthread_mutex_unlock(&s->flush_lock);
	if (!tries)
		wrong(s, "it never becomes clean", 0, 0, 0);
	for (i = 0; i < NR_STRIPES; i++) {
		struct stripe *t = &s->stripe[i];

		for (cell = 0; cell < t->nr_pages * WBM_CELLS; cell++) {
			if (s->store[i * STRIPE_CELLS + cell] != t->truth[cell])
				wrong(s, "lost: cell, stored, written",
				      i * STRIPE_CELLS + cell,
				      s->store[i * STRIPE_CELLS + cell],
				      t->truth[cell]);
		}
		memset(t->dirt, 0, sizeof(t->dirt));
	}
}

/* The union of what the threads have made dirty, as ranges. */
static void check_query(struct stripes *s)
{
	struct vmop_dirty_range ranges[NR_PAGES];
	unsigned int page, end = (NR_STRIPES - 1) * STRIPE_PAGES +
				 s->stripe[NR_STRIPES - 1].nr_pages;
	struct vmop_query_dirty cmd = {
		.size = sizeof(cmd), .vmo_fd = s->vmo, .length = PG(end),
		.ranges_uptr = (uintptr_t)ranges, .nr_ranges = NR_PAGES,
	};
	enum wbm_kind now, last = WBM_ABSENT;
	unsigned int nr = 0;
	bool zero;

	if (vmop_test_ioctl(s->pager, VMOP_QUERY_DIRTY, &cmd))
		wrong(s, "QUERY", errno, 0, 0);
	for (page = 0; page < end && !s->failed; page++, last = now) {
		now = s->stripe[page / STRIPE_PAGES].dirt[page % STRIPE_PAGES];
		if (now == last || now == WBM_ABSENT)
			continue;
		zero = now == WBM_ZERO;
		if (nr >= cmd.out_actual || ranges[nr].offset != PG(page) ||
		    ranges[nr].flags != (zero ? VMOP_DIRTY_ZERO : 0)) {
			wrong(s, "not told: page, zero, range", page,
			      zero, nr);
			return;
		}
		nr++;
	}
	if (nr != cmd.out_actual)
		wrong(s, "ranges, expected", cmd.out_actual, nr, 0);
}

static void check_ends(struct stripes *s)
{
	struct vmop_query_stats cmd = {
		.size = sizeof(cmd), .vmo_fd = s->vmo,
	};
	unsigned int page, dirty = 0, zero = 0;

	for (page = 0; page < NR_PAGES; page++) {
		enum wbm_kind kind = s->stripe[page / STRIPE_PAGES]
					     .dirt[page % STRIPE_PAGES];

		dirty += kind == WBM_DIRTY;
		zero += kind == WBM_ZERO;
	}
	vmop_test_ioctl(s->pager, VMOP_QUERY_STATS, &cmd);
	if (cmd.out_dirty != PG(dirty) || cmd.out_dirty_zero != PG(zero) ||
	    cmd.out_awaiting_clean)
		wrong(s, "STATS: dirty, zero, awaiting",
		      cmd.out_dirty / PG(1), cmd.out_dirty_zero / PG(1),
		      cmd.out_awaiting_clean / PG(1));
}

static int open_stripes(struct stripes *s)
{
	struct vmop_port_create port = {
		.size = sizeof(port), .flags = VMOP_PORT_WRITEBACK,
	};
	struct vmop_pager_vmo_create vmo = {
		.size = sizeof(vmo),
		.flags = VMOP_VMO_RESIZABLE |
			 (s->trap ? VMOP_VMO_TRAP_DIRTY : 0),
		.payer_fd = -1, .length = PG(NR_PAGES), .max_request_pages = 3,
		.dirty_limit = s->seed & 1 ? PG(LIMIT) : 0,
	};
	int ret;

	s->pager = vmop_test_open_pager();
	if (s->pager < 0)
		return s->pager;
	ret = vmop_test_ioctl(s->pager, VMOP_PORT_CREATE, &port);
	if (ret)
		return ret;
	s->port = port.out_port_fd;
	fcntl(s->port, F_SETFL, O_NONBLOCK);
	vmo.port_fd = s->port;
	ret = vmop_test_ioctl(s->pager, VMOP_PAGER_VMO_CREATE, &vmo);
	s->vmo = vmo.out_vmo_fd;
	s->map = mmap(NULL, PG(NR_PAGES), PROT_READ | PROT_WRITE, MAP_SHARED,
		      s->vmo, 0);
	return ret;
}

static int init_stripes(struct stripes *s)
{
	unsigned int i, cell;

	pthread_mutex_init(&s->flush_lock, NULL);
	pthread_mutex_init(&s->store_lock, NULL);
	s->server_random.state = s->seed * 3 | 1;
	s->flusher_random.state = s->seed * 5 | 1;
	s->supply_buf = malloc(PG(NR_PAGES));
	s->flush_buf = malloc(PG(NR_PAGES));
	for (cell = 0; cell < NR_CELLS; cell++)
		s->store[cell] = 1;
	for (i = 0; i < NR_STRIPES; i++) {
		struct stripe *t = &s->stripe[i];

		t->s = s;
		t->nr = i;
		t->nr_pages = STRIPE_PAGES;
		t->version = 1;
		t->random.state = (s->seed + i) * 0x9e3779b97f4a7c15ull | 1;
		t->buf = malloc(PG(STRIPE_PAGES));
		for (cell = 0; cell < STRIPE_CELLS; cell++)
			t->truth[cell] = 1;
	}
	return open_stripes(s);
}

static void run_rounds(struct stripes *s, unsigned long steps)
{
	for (; s->step < steps && !s->failed;
	     s->step += NR_STRIPES * (LOUD_STEPS + QUIET_STEPS)) {
		run_part(s, false, LOUD_STEPS);
		check_store(s);
		run_part(s, true, QUIET_STEPS);
		check_query(s);
		check_ends(s);
	}
}

int wbm_stripes(bool trap, __u64 seed, unsigned long steps)
{
	struct stripes *s = calloc(1, sizeof(*s));
	struct vmop_thread *server, *flusher;
	unsigned int i;
	int ret;

	s->seed = seed;
	s->trap = trap;
	ret = init_stripes(s);
	if (ret)
		return ret;
	server = vmop_thread_call(server_thread, s);
	flusher = vmop_thread_call(flusher_thread, s);
	if (server && flusher)
		run_rounds(s, steps);
	else
		wrong(s, "no threads", 0, 0, 0);
	__atomic_store_n(&s->stop, true, __ATOMIC_RELEASE);
	/* Who is stuck may still use all this. */
	if (s->failed)
		return -EILSEQ;
	vmop_thread_wait(server, NULL);
	vmop_thread_wait(flusher, NULL);
	close(s->pager);
	close(s->port);
	close(s->vmo);
	munmap(s->map, PG(NR_PAGES));
	free(s->supply_buf);
	free(s->flush_buf);
	for (i = 0; i < NR_STRIPES; i++)
		free(s->stripe[i].buf);
	free(s);
	return 0;
}
