// SPDX-License-Identifier: GPL-2.0
/*
 * Faults and writes through clones, many at once: a failure goes to who waited for
 * it, a kill ends who waits, threads that write one clone lose nothing, and a
 * snapshot that is taken in the middle of stores holds still. Rules REQ-24, REQ-25,
 * THR-2, THR-6, PKT-5, DET-14 and COW-15 of the specification of behaviour.
 */
#include "test_child.h"
#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define OWN 0xfa07
#define NR 16

/* A root with nothing, a clone of it, and a clone of that with a page of its own. */
FIXTURE(fault)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
	struct test_cow c;
	struct test_cow d;
};

FIXTURE_VARIANT(fault)
{
	__u32 kind;
};

FIXTURE_VARIANT_ADD(fault, following)
{
	.kind = ON_WRITE,
};

FIXTURE_VARIANT_ADD(fault, frozen)
{
	.kind = SNAPSHOT,
};

FIXTURE_VARIANT_ADD(fault, modified)
{
	.kind = MODIFIED,
};

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_vmo(&self->tp, &self->vmo, OLD, NR);
	self->root = test_cow_of(&self->vmo);
	child(&self->c, self->root.fd, variant->kind, 0, NR);
	zero_pages(self->c.fd, 0, 1);
	child(&self->d, self->c.fd, variant->kind, 0, NR);
}

FIXTURE_TEARDOWN(fault)
{
	test_cow_close(&self->c);
	test_cow_close(&self->d);
	test_pager_exit(&self->tp);
}

#define load_of(_v, _pgoff) vmop_thread_load((_v)->map + PG(_pgoff), PG(1))

/* REQ-24, REQ-25: each who waited gets it once, at its own address. */
TEST_F(fault, req_25_right_thread)
{
	struct test_cow *v[3] = { &self->root, &self->c, &self->d };
	struct vmop_thread *t[3], *other;
	unsigned int i;

	for (i = 0; i < 3; i++)
		t[i] = load_of(v[i], 5);
	other = load_of(&self->d, 6);
	ASSERT_EQ(0, vmop_test_wait_waiters(self->root.fd, 4));
	fail_range(&self->tp, &self->vmo, 5, 1, EBADMSG);
	for (i = 0; i < 3; i++)
		expect_sigbus(t[i], v[i]->map + PG(5));
	/* this thread waited for something else, and those did not wait */
	expect_blocked(other, &self->vmo, 1);
	t[0] = load_of(&self->c, 5);
	expect_blocked(t[0], &self->vmo, 2);
	supply(&self->tp, &self->vmo, 5, 2);
	expect_content(t[0], PG(1), OLD, PG(5));
	expect_content(other, PG(1), OLD, PG(6));
}

/* Loads of one thread: the clone's page, then the same of the other clone. */
static void load_both(void *arg, struct vmop_result *res)
{
	char **map = arg;
	char word[8];

	vmop_mem_read(word, map[0], 8, res);
	if (res->sig != SIGBUS)
		return;
	memset(res, 0, sizeof(*res));
	vmop_mem_read(word, map[1], 8, res);
}

/* A failure of a fault in one clone is not one of the next fault, in another. */
TEST_F(fault, req_24_same_thread)
{
	char *map[2] = { self->c.map + PG(3), self->d.map + PG(3) };
	struct vmop_thread *t = vmop_thread_call(load_both, map);

	expect_read(&self->tp, &self->vmo, 3, 1);
	expect_blocked(t, &self->vmo, 1);
	fail_range(&self->tp, &self->vmo, 3, 1, EIO);
	expect_read(&self->tp, &self->vmo, 3, 1);
	expect_blocked(t, &self->vmo, 1);
	supply(&self->tp, &self->vmo, 3, 1);
	expect_done(t, 8);
	expect_none(&self->tp);
}

/* THR-6: unmapped, and remapped to another of the family, while it waits. */
TEST_F(fault, thr_6_unmapped)
{
	struct vmop_thread *t = load_of(&self->d, 4);
	struct vmop_result res;

	expect_read(&self->tp, &self->vmo, 4, 1);
	expect_blocked(t, &self->vmo, 1);
	ASSERT_EQ(self->d.map, mmap(self->d.map, PG(NR), PROT_READ,
				    MAP_SHARED | MAP_FIXED, self->c.fd, PG(1)));
	supply(&self->tp, &self->vmo, 4, 1);
	/* its page 4 is the clone's page 5 now */
	expect_read(&self->tp, &self->vmo, 5, 1);
	expect_blocked(t, &self->vmo, 1);
	munmap(self->d.map, PG(NR));
	supply(&self->tp, &self->vmo, 5, 1);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	vmop_result_free(&res);
	self->d.map = NULL;
}

/* ---- kills --------------------------------------------------------------------- */

struct kill_arg {
	struct test_cow *v;
	unsigned int way;
};

static int wait_for_page(void *data)
{
	struct kill_arg *arg = data;
	struct test_cow *v = arg->v;
	char c = 1;

	switch (arg->way) {
	case 0:
		return pread(v->fd, &c, 1, PG(7));
	case 1:
		return pwrite(v->fd, &c, 1, PG(7));
	case 2:
		return v->map[PG(7)];
	case 3:
		v->map[PG(7)] = 1;
		return 1;
	case 4:
		return vmop_test_vmo_op(v->fd, VMOP_VMO_OP_COMMIT, PG(7),
					PG(2), NULL);
	default:
		return vmop_test_vmo_op(v->fd, VMOP_VMO_OP_ZERO, PG(7) + 8, 8,
					NULL);
	}
}

/* THR-2, PKT-5: a kill ends it at once; who else waits takes over the request. */
TEST_F(fault, thr_2_killed)
{
	static const int sigs[] = { SIGKILL, SIGTERM };
	struct kill_arg arg = { &self->d, 0 };
	struct vmop_thread *t;
	__u64 ms = 0;
	pid_t pid;

	for (arg.way = 0; arg.way < 6; arg.way++) {
		pid = test_child_start(wait_for_page, &arg);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, test_child_wait_blocked(pid, self->root.fd, 1));
		t = vmop_thread_pread(self->c.fd, PG(7), 1);
		expect_blocked(t, &self->vmo, 2);
		ASSERT_EQ(0, test_child_kill(pid, sigs[arg.way & 1], &ms));
		EXPECT_GT(test_child_soon_ms(), ms)
			TH_LOG("way %u", arg.way);
		expect_blocked(t, &self->vmo, 1);
		fail_range(&self->tp, &self->vmo, 7, 2, EIO);
		expect_errno(t, EIO);
		/* records that were not read went with the requests */
		expect_none(&self->tp);
	}
	/* alone: the request goes, too */
	arg.way = 2;
	pid = test_child_start(wait_for_page, &arg);
	ASSERT_EQ(0, test_child_wait_blocked(pid, self->root.fd, 1));
	ASSERT_EQ(0, test_child_kill(pid, SIGKILL, NULL));
	EXPECT_EQ(0, vmop_test_waiters(self->root.fd));
	expect_none(&self->tp);
}

/* ---- many writers --------------------------------------------------------------- */

#define WRITERS 6

struct writer {
	const struct test_cow *v;
	unsigned int who;
	unsigned int rounds;
};

/* Its word of every page, in an order of its own. */
static void write_lane(void *arg, struct vmop_result *res)
{
	struct writer *w = arg;
	unsigned int i, page;
	__u64 word;

	for (i = 0; i < w->rounds * NR; i++) {
		page = (i * (2 * w->who + 3) + w->who) % NR;
		word = i / NR * 1000 + w->who + 1;
		if (w->who & 1)
			__atomic_store_n((__u64 *)(w->v->map + PG(page) +
						   64 * w->who), word,
					 __ATOMIC_RELAXED);
		else if (pwrite(w->v->fd, &word, 8, PG(page) + 64 * w->who) !=
			 8)
			res->err = errno;
	}
	res->ret = res->err ? -1 : 0;
}

#define serve() \
	ASSERT_EQ(0, test_pager_serve(&self->tp, \
		  &(struct test_pager_behaviour){ .mode = TEST_PAGER_NORMAL, \
						  .nr_threads = 2 }))

/*
 * Threads that fault and write one clone at once, while its root is written, too:
 * every word of each is there, and what nobody wrote is what was there.
 */
TEST_F_TIMEOUT(fault, many_writers, 120)
{
	struct vmop_thread *t[2 * WRITERS];
	struct writer w[2 * WRITERS];
	unsigned int i, page;
	char buf[4096];
	__u64 word;

	serve();
	for (i = 0; i < 2 * WRITERS; i++) {
		w[i] = (struct writer){ i < WRITERS ? &self->c : &self->root,
					i % WRITERS, 50 };
		t[i] = vmop_thread_call(write_lane, &w[i]);
	}
	for (i = 0; i < 2 * WRITERS; i++)
		expect_done(t[i], 0);
	for (page = 1; page < NR; page++) {
		ASSERT_EQ(4096, vmop_test_pread(self->c.fd, buf, 4096,
						PG(page)));
		for (i = 0; i < WRITERS; i++) {
			memcpy(&word, buf + 64 * i, 8);
			EXPECT_EQ(49 * 1000 + i + 1, word)
				TH_LOG("page %u, writer %u", page, i);
			EXPECT_TRUE(vmop_test_check(buf + 64 * i + 8, OLD,
						    PG(page) + 64 * i + 8, 56));
		}
		EXPECT_TRUE(vmop_test_check(buf + 64 * WRITERS, OLD,
					    PG(page) + 64 * WRITERS,
					    PG(1) - 64 * WRITERS));
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	/* in the frozen one nothing of it is seen */
	if (variant->kind == SNAPSHOT)
		shows(&self->d, 1, NR - 1, OLD);
}

/* ---- snapshots among stores ------------------------------------------------------ */

FIXTURE(storm)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow base;
};

FIXTURE_VARIANT(storm)
{
	bool pager;
};

FIXTURE_VARIANT_ADD(storm, anonymous)
{
	.pager = false,
};

FIXTURE_VARIANT_ADD(storm, pager)
{
	.pager = true,
};

FIXTURE_SETUP(storm)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	if (variant->pager) {
		new_vmo(&self->tp, &self->vmo, OLD, NR);
		test_supply_zero(self->tp.fd, self->vmo.fd, 0, PG(NR), NULL);
		self->base = test_cow_of(&self->vmo);
	} else {
		anon(&self->base, 0, NR);
	}
}

FIXTURE_TEARDOWN(storm)
{
	if (!variant->pager)
		test_cow_close(&self->base);
	test_pager_exit(&self->tp);
}

struct storm {
	const struct test_cow *v;
	bool stop;		/* atomic */
	unsigned int who;
	__u64 count;
};

/* Counts up in its word of every page, page by page, for ever. */
static void count_up(void *arg, struct vmop_result *res)
{
	struct storm *s = arg;
	unsigned int page;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		s->count++;
		for (page = 0; page < NR; page++) {
			__u64 off = PG(page) + 8 * s->who;

			if (s->who & 1)
				__atomic_store_n((__u64 *)(s->v->map + off),
						 s->count, __ATOMIC_RELAXED);
			else if (pwrite(s->v->fd, &s->count, 8, off) != 8)
				res->err = errno;
		}
	}
	res->ret = res->err ? -1 : 0;
}

/*
 * What a counter is in the pages of a snapshot: it falls at most once, by one, for
 * the counter goes from page to page; and it never was more in an older snapshot.
 */
static bool is_a_moment(const char *now, const char *before, unsigned int who)
{
	__u64 first, word, last, old;
	unsigned int page, falls = 0;

	memcpy(&first, now + 8 * who, 8);
	last = first;
	for (page = 0; page < NR; page++) {
		memcpy(&word, now + PG(page) + 8 * who, 8);
		memcpy(&old, before + PG(page) + 8 * who, 8);
		falls += word < last;
		if (word > last || word + 1 < first || falls > 1 ||
		    word < old) {
			fprintf(stderr, "# writer %u, page %u: %llu after %llu, was %llu\n",
				who, page, word, last, old);
			return false;
		}
		last = word;
	}
	return true;
}

/* COW-15: one moment for all pages and all writers; it does not change afterwards. */
TEST_F_TIMEOUT(storm, cow_15_snapshots_hold_still, 120)
{
	const unsigned int rounds = 400 / vmop_test_scale();
	char *now = calloc(1, PG(NR)), *before = calloc(1, PG(NR));
	struct vmop_thread *t[4];
	struct test_cow snap;
	struct storm s[4];
	unsigned int i, r;
	char *swap;

	for (i = 0; i < 4; i++) {
		s[i] = (struct storm){ .v = &self->base, .who = i };
		t[i] = vmop_thread_call(count_up, &s[i]);
	}
	for (r = 0; r < rounds; r++) {
		child(&snap, self->base.fd, SNAPSHOT, 0, NR);
		/* two looks, by mapping and by call, with the writers between */
		memcpy(now, snap.map, PG(NR));
		for (i = 0; i < 4; i++)
			EXPECT_TRUE(is_a_moment(now, before, i))
				TH_LOG("snapshot %u", r);
		swap = before;
		before = now;
		now = swap;
		ASSERT_EQ(PG(NR), vmop_test_pread(snap.fd, now, PG(NR), 0));
		ASSERT_EQ(0, memcmp(now, before, PG(NR)));
		ASSERT_EQ(0, memcmp(snap.map, before, PG(NR)));
		test_cow_close(&snap);
	}
	for (i = 0; i < 4; i++)
		__atomic_store_n(&s[i].stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < 4; i++) {
		expect_done(t[i], 0);
		TH_LOG("writer %u counted to %llu", i, s[i].count);
		EXPECT_LT(10, s[i].count);
	}
	free(now);
	free(before);
}

VMOP_TEST_MAIN
