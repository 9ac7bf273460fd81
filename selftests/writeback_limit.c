// SPDX-License-Identifier: GPL-2.0
/*
 * A limit on dirty content: a writer over it waits, by call and through a
 * mapping, the pager is asked to write back, and the writer goes on when part of
 * it is clean. There is never much more that is dirty.
 */
#include "test_child.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x11417
#define NEW (KEY + 1)
#define NR 32
#define LIMIT 8
/* So many pages have to become clean before a writer goes on. */
#define ROOM (LIMIT / 4)

/* All pages are there; those below LIMIT are dirty already. */
FIXTURE(limit)
{
	struct test_pager tp;
	struct test_vmo vmo;
};

FIXTURE_VARIANT(limit)
{
	bool map;
	__u32 flags;
};

FIXTURE_VARIANT_ADD(limit, call)
{
	.map = false,
};

FIXTURE_VARIANT_ADD(limit, map)
{
	.map = true,
};

FIXTURE_VARIANT_ADD(limit, call_trap)
{
	.map = false,
	.flags = VMOP_VMO_TRAP_DIRTY,
};

FIXTURE_VARIANT_ADD(limit, map_trap)
{
	.map = true,
	.flags = VMOP_VMO_TRAP_DIRTY,
};

#define asked(_type, _pgoff, _nr) \
	ASSERT_EQ(0, test_wb_expect(&self->tp, &self->vmo, VMOP_RECORD_##_type, \
				    _pgoff, _nr))
#define asked_none() expect_none(&self->tp)
#define blocked(_t, _n) expect_blocked(_t, &self->vmo, _n)
#define clean(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_clean(&self->tp, &self->vmo, _pgoff, _nr))
#define is_dirty(_nr) \
	EXPECT_EQ(PG(_nr), test_wb_dirty(&self->tp, &self->vmo))
/* Those who trap ask for leave when there is room. */
#define granted(_pgoff) do { \
	if (variant->flags & VMOP_VMO_TRAP_DIRTY) { \
		asked(DIRTY, _pgoff, 1); \
		ASSERT_EQ(0, test_wb_grant(&self->tp, &self->vmo, _pgoff, 1)); \
	} \
} while (0)
/* The writer of this page fails: with the errno, or by SIGBUS. */
#define refused(_t, _pgoff, _err) do { \
	if (variant->map) \
		expect_sigbus(_t, self->vmo.map + PG(_pgoff)); \
	else \
		expect_errno(_t, _err); \
} while (0)

/* The VMO that every test begins with. */
static void make_limited(struct __test_metadata *_metadata, struct test_pager *tp,
			 struct test_vmo *vmo, bool map, __u32 flags)
{
	struct vmop_test_vmo_args args = {
		.flags = flags | VMOP_VMO_RESIZABLE, .key = KEY,
		/* rounded up */
		.length = PG(NR), .dirty_limit = PG(LIMIT) - 7,
	};
	struct vmop_query_stats stats;
	struct vmop_thread *t;
	int i;

	ASSERT_EQ(0, test_wb_init(tp));
	ASSERT_EQ(0, test_pager_vmo_args(tp, vmo, &args));
	supply(tp, vmo, 0, NR);
	for (i = 0; i < LIMIT; i++) {
		t = vmop_start_write(vmo, map, i, 1, NEW);
		if (flags) {
			ASSERT_EQ(0, test_wb_expect(tp, vmo, VMOP_RECORD_DIRTY,
						    i, 1));
			ASSERT_EQ(0, test_wb_grant(tp, vmo, i, 1));
		}
		expect_done(t, PG(1));
	}
	EXPECT_EQ(PG(LIMIT), test_wb_dirty(tp, vmo));
	ASSERT_EQ(0, test_dirty_stats(tp->fd, vmo->fd, 0, &stats));
	ASSERT_EQ(PG(LIMIT), stats.out_dirty_limit);
	expect_none(tp);
}

FIXTURE_SETUP(limit)
{
	make_limited(_metadata, &self->tp, &self->vmo, variant->map,
		     variant->flags);
}

FIXTURE_TEARDOWN(limit)
{
	test_pager_exit(&self->tp);
}

/* ---- one writer ----------------------------------------------------------- */

TEST_F(limit, waits_and_goes_on)
{
	struct vmop_thread *t;

	/* what is dirty already takes no room */
	t = start_write(&self->vmo, 3, 1, NEW + 1);
	expect_done(t, PG(1));
	t = start_write(&self->vmo, 20, 1, NEW);
	blocked(t, 1);
	asked(WRITEBACK, 0, LIMIT);
	clean(0, ROOM - 1);
	blocked(t, 1);
	asked_none();
	clean(ROOM - 1, 1);
	granted(20);
	expect_done(t, PG(1));
	is_dirty(LIMIT - ROOM + 1);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, PG(20), PG(1)));
	asked_none();
}

/* An instruction that loads from the page, too: what is done over is the load. */
TEST_F(limit, modify)
{
	char *addr = self->vmo.map + PG(20);
	struct vmop_thread *t;

	EXPECT_TRUE(vmop_test_check(addr, KEY, PG(20), PG(1)));
	t = vmop_thread_copy_down(addr);
	blocked(t, 1);
	asked(WRITEBACK, 0, LIMIT);
	clean(0, ROOM);
	granted(20);
	expect_done(t, 1);
	EXPECT_EQ(addr[1], addr[0]);
	is_dirty(LIMIT - ROOM + 1);
	asked_none();
}

/* What is being written is dirty until it is written. */
TEST_F(limit, begin_makes_no_room)
{
	struct vmop_thread *t = start_write(&self->vmo, 20, 1, NEW);

	blocked(t, 1);
	asked(WRITEBACK, 0, LIMIT);
	ASSERT_EQ(0, test_wb_begin(&self->tp, &self->vmo, 0, LIMIT));
	blocked(t, 1);
	ASSERT_EQ(0, test_wb_end(&self->tp, &self->vmo, 0, LIMIT));
	granted(20);
	expect_done(t, PG(1));
	is_dirty(1);
	asked_none();
}

/* Zeros that become a page take room like any other. */
TEST_F(limit, zeros_take_room)
{
	struct vmop_thread *t;

	test_set_size(self->vmo.fd, PG(NR + 2));
	ASSERT_EQ(0, test_vmo_map(&self->tp, &self->vmo, NR + 2));
	is_dirty(LIMIT + 2);
	t = start_write(&self->vmo, NR + 1, 1, NEW);
	blocked(t, 1);
	asked(WRITEBACK, 0, NR + 2);
	clean(0, LIMIT);
	granted(NR + 1);
	expect_done(t, PG(1));
	is_dirty(2);
	asked_none();
}

/* Room by other ways: what is cut off, or zeroed, takes none any more. */
TEST_F(limit, shrink_makes_room)
{
	struct vmop_thread *t = start_write(&self->vmo, 2, 1, NEW);

	expect_done(t, PG(1));
	t = start_write(&self->vmo, 20, 1, NEW);
	blocked(t, 1);
	asked(WRITEBACK, 0, LIMIT);
	test_set_size(self->vmo.fd, 0);
	if (variant->map)
		expect_sigbus(t, self->vmo.map + PG(20));
	else
		expect_errno(t, EFBIG);
	is_dirty(0);
	asked_none();
}

TEST_F(limit, zeroing_makes_room)
{
	struct vmop_thread *t = start_write(&self->vmo, 20, 1, NEW);

	blocked(t, 1);
	asked(WRITEBACK, 0, LIMIT);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(LIMIT), NULL);
	granted(20);
	expect_done(t, PG(1));
	is_dirty(LIMIT + 1);
	asked_none();
}

/* ---- answers -------------------------------------------------------------- */

TEST_F(limit, failed_by_id)
{
	static const int codes[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	struct vmop_thread *t;
	unsigned int i;

	for (i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		t = start_write(&self->vmo, 20, 1, NEW);
		blocked(t, 1);
		asked(WRITEBACK, 0, LIMIT);
		test_fail_id(self->tp.fd, self->vmo.fd, self->tp.last.id,
			     codes[i]);
		refused(t, 20, codes[i]);
	}
	is_dirty(LIMIT);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, PG(20), PG(1)));
	asked_none();
}

TEST_F(limit, failed_by_range)
{
	struct vmop_thread *t = start_write(&self->vmo, 20, 1, NEW);

	blocked(t, 1);
	asked(WRITEBACK, 0, LIMIT);
	ASSERT_EQ(0, vmop_test_op_range(self->tp.fd, self->vmo.fd,
					VMOP_PAGER_OP_FAIL, 0, PG(NR), EIO,
					VMOP_FAIL_READ | VMOP_FAIL_DIRTY, NULL));
	blocked(t, 1);
	ASSERT_EQ(0, vmop_test_op_range(self->tp.fd, self->vmo.fd,
					VMOP_PAGER_OP_FAIL, 0, PG(1), EIO,
					VMOP_FAIL_WRITEBACK, NULL));
	refused(t, 20, EIO);
	asked_none();
}

/* "Done", when nothing is: the writer asks again. */
TEST_F(limit, answered_without_room)
{
	struct vmop_thread *t = start_write(&self->vmo, 20, 1, NEW);
	int i;

	for (i = 0; i < 3; i++) {
		blocked(t, 1);
		asked(WRITEBACK, 0, LIMIT);
		test_fail_id(self->tp.fd, self->vmo.fd, self->tp.last.id, 0);
	}
	blocked(t, 1);
	clean(0, LIMIT);
	granted(20);
	expect_done(t, PG(1));
	asked_none();
}

/* ---- no answer ------------------------------------------------------------ */

TEST_F(limit, pager_closed)
{
	struct vmop_thread *t = start_write(&self->vmo, 20, 1, NEW);

	blocked(t, 1);
	test_pager_close(&self->tp);
	refused(t, 20, ENOTCONN);
	t = start_write(&self->vmo, 20, 1, NEW);
	refused(t, 20, ENOTCONN);
	/* what is dirty is ours as long as it is there */
	t = start_write(&self->vmo, 3, 1, NEW + 1);
	expect_done(t, PG(1));
}

/* Without TRAP alone: when it is detached, nobody agrees to a change. */
FIXTURE(no_trap)
{
	struct test_pager tp;
	struct test_vmo vmo;
};

FIXTURE_VARIANT(no_trap)
{
	bool map;
};

FIXTURE_VARIANT_ADD(no_trap, call)
{
	.map = false,
};

FIXTURE_VARIANT_ADD(no_trap, map)
{
	.map = true,
};

FIXTURE_SETUP(no_trap)
{
	make_limited(_metadata, &self->tp, &self->vmo, variant->map, 0);
}

FIXTURE_TEARDOWN(no_trap)
{
	test_pager_exit(&self->tp);
}

/* Detached, room still comes from the pager; until that goes. */
TEST_F(no_trap, detached)
{
	struct vmop_thread *t;

	test_set_size(self->vmo.fd, PG(NR + 2));
	ASSERT_EQ(0, test_vmo_map(&self->tp, &self->vmo, NR + 2));
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, KEY);
	t = start_write(&self->vmo, NR, 1, NEW);
	blocked(t, 1);
	asked_none();
	clean(0, 1);
	clean(1, 1);
	expect_done(t, PG(1));
	is_dirty(LIMIT - ROOM + 2);
	t = start_write(&self->vmo, NR + 1, 1, NEW);
	expect_done(t, PG(1));
	/* LIMIT of them are dirty again: one more zero page would be too many */
	test_set_size(self->vmo.fd, PG(NR + 3));
	ASSERT_EQ(0, test_vmo_map(&self->tp, &self->vmo, NR + 3));
	t = start_write(&self->vmo, NR + 2, 1, NEW);
	blocked(t, 1);
	test_pager_close(&self->tp);
	refused(t, NR + 2, ENOTCONN);
}

struct child_write {
	struct test_vmo *vmo;
	bool map;
};

static int child_writes(void *arg)
{
	struct child_write *w = arg;

	if (!w->map)
		return pwrite(w->vmo->fd, "x", 1, PG(20)) != 1;
	w->vmo->map[PG(20)] = 'x';
	return 0;
}

/* A silent pager: killed in milliseconds. */
TEST_F(limit, killed)
{
	static const int sigs[] = { SIGKILL, SIGTERM };
	struct child_write w = { &self->vmo, variant->map };
	__u64 ms = 0, best;
	unsigned int i;
	pid_t pid;
	int tries;

	for (i = 0; i < 2; i++) {
		/* a busy machine may be late sometimes */
		best = ~0ull;
		for (tries = 0; tries < 8 && best > 20; tries++) {
			pid = test_child_start(child_writes, &w);
			ASSERT_LT(0, pid);
			ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd,
							     1));
			ASSERT_EQ(0, test_child_kill(pid, sigs[i], &ms));
			EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
			best = ms < best ? ms : best;
		}
		EXPECT_GE(20 * vmop_test_scale(), best);
	}
	asked_none();
	is_dirty(LIMIT);
}

/* ---- many writers --------------------------------------------------------- */

#define WRITERS 6

/* All that wait share one record, read or not. */
TEST_F(limit, one_record_for_all)
{
	struct vmop_port_record rec;
	struct vmop_query_stats stats;
	struct vmop_thread *t[WRITERS];
	int i;

	for (i = 0; i < WRITERS; i++) {
		t[i] = start_write(&self->vmo, 16 + i, 1, NEW);
		blocked(t[i], i + 1);
		if (i == WRITERS / 2)
			asked(WRITEBACK, 0, LIMIT);
	}
	asked_none();
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	EXPECT_EQ(1, stats.out_writeback_requests);
	clean(0, LIMIT);
	for (i = 0; variant->flags && i < WRITERS; i++) {
		ASSERT_EQ(0, test_port_next(self->tp.port, &rec));
		ASSERT_EQ(VMOP_RECORD_DIRTY, rec.type);
		ASSERT_EQ(PG(1), rec.length);
		ASSERT_EQ(0, test_wb_grant(&self->tp, &self->vmo,
					   rec.offset / PG(1), 1));
	}
	for (i = 0; i < WRITERS; i++)
		expect_done(t[i], PG(1));
	is_dirty(WRITERS);
	asked_none();
}

/* Looks at what is dirty until it is told to stop. */
struct sampler {
	const struct test_pager *tp;
	const struct test_vmo *vmo;
	bool stop;
	__u64 max;
};

static void do_sample(void *arg, struct vmop_result *res)
{
	struct sampler *s = arg;
	struct vmop_query_stats stats;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		if (test_dirty_stats(s->tp->fd, s->vmo->fd, 0, &stats))
			return;
		if (stats.out_dirty > s->max)
			s->max = stats.out_dirty;
		res->ret++;
		sched_yield();
	}
}

struct stripe {
	struct test_vmo *vmo;
	bool map;
	int id;
	int rounds;
	int done;	/* of them, atomic */
};

/* Every WRITERSth run of pages, in one call or one copy each. */
#define RUN 4

static void write_stripe(void *arg, struct vmop_result *res)
{
	struct stripe *s = arg;
	char *buf = malloc(PG(RUN));
	__u64 pgoff;
	int i;

	for (i = 0; i < s->rounds; i++) {
		pgoff = (__u64)(i * WRITERS + s->id) * RUN % NR;
		vmop_test_fill(buf, NEW, PG(pgoff), PG(RUN));
		if (s->map)
			vmop_mem_write(s->vmo->map + PG(pgoff), buf, PG(RUN),
				       res);
		else
			res->ret = pwrite(s->vmo->fd, buf, PG(RUN), PG(pgoff));
		if (res->ret != (long)PG(RUN)) {
			res->err = errno ?: EIO;
			break;
		}
		__atomic_store_n(&s->done, i + 1, __ATOMIC_RELEASE);
	}
	free(buf);
}

/* Slow is no error; no progress at all is one. */
struct progress {
	struct stripe *s;
	int done;
};

static bool has_progress(void *arg)
{
	struct progress *p = arg;
	int i, done = 0, wanted = 0;

	for (i = 0; i < WRITERS; i++) {
		done += __atomic_load_n(&p->s[i].done, __ATOMIC_ACQUIRE);
		wanted += p->s[i].rounds;
	}
	if (done == p->done && done < wanted)
		return false;
	p->done = done == wanted ? -1 : done;
	return true;
}

/* With a pager that answers: no more dirty than the limit and one for each. */
TEST_F_TIMEOUT(limit, never_exceeded, 300)
{
	struct sampler sampler = { .tp = &self->tp, .vmo = &self->vmo };
	struct test_wb_server srv = {
		.pager = self->tp.fd, .port = self->tp.port,
		.vmo = self->vmo.fd, .store = memfd_create("store", 0),
	};
	struct stripe s[WRITERS];
	struct vmop_thread *t[WRITERS], *looker;
	struct progress progress = { .s = s };
	struct vmop_query_stats stats;
	struct vmop_result res;
	int i;

	ASSERT_EQ(0, ftruncate(srv.store, PG(NR)));
	ASSERT_EQ(0, test_wb_start(&srv));
	looker = vmop_thread_call(do_sample, &sampler);
	for (i = 0; i < WRITERS; i++) {
		/* each page of it is leave, and room, and a wait for both */
		s[i] = (struct stripe){ .vmo = &self->vmo, .map = variant->map,
					.id = i,
					.rounds = variant->flags ? 20 : 100 };
		t[i] = vmop_thread_call(write_stripe, &s[i]);
		ASSERT_NE(NULL, t[i]);
	}
	while (progress.done >= 0)
		ASSERT_EQ(0, vmop_test_poll(has_progress, &progress))
			TH_LOG("stuck after %d runs, %u wait", progress.done,
			       vmop_test_waiters(self->vmo.fd));
	for (i = 0; i < WRITERS; i++)
		expect_done(t[i], PG(RUN));
	__atomic_store_n(&sampler.stop, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, vmop_thread_wait(looker, &res));
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	TH_LOG("%llu pages at most, seen %ld times; %llu and %llu requests, %llu pages written",
	       sampler.max / PG(1), res.ret, stats.out_dirty_requests,
	       stats.out_writeback_requests, srv.nr_pages);
	EXPECT_LE(100, res.ret);
	EXPECT_GE(PG(LIMIT + WRITERS), sampler.max);
	/* it was a limit */
	EXPECT_LE(PG(LIMIT), sampler.max);
	EXPECT_LE(20, stats.out_writeback_requests);
	ASSERT_EQ(0, fsync(self->vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd(srv.store, NEW, 0, PG(NR)));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, 0, PG(NR)));
	EXPECT_EQ(0, test_wb_stop(&srv));
	close(srv.store);
}

VMOP_TEST_MAIN
