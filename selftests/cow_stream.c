// SPDX-License-Identifier: GPL-2.0
/*
 * What the first two issues showed for a plain VMO, through slices, references and
 * clones: streams through little memory (memory_stream), and writers against
 * writeback (writeback_race). With VMOP_SLOW all sizes are a quarter.
 */
#include "test_cgroup.h"
#include "test_child.h"
#include "test_cow.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x57e5
#define MIB (1024ull * 1024)
#define CHUNK (256 * 1024ull)

/* ---- streams ------------------------------------------------------------------ */

FIXTURE(stream)
{
	struct test_pager tp;
	struct test_cgroup payer;
	struct test_cgroup pager;
	struct test_vmo vmo;
	struct test_cow view;
	__u64 bytes;
};

FIXTURE_VARIANT(stream)
{
	__u32 kind;
	bool map;
};

#define STREAM(_name, _kind, _map) \
FIXTURE_VARIANT_ADD(stream, _name) \
{ \
	.kind = _kind, \
	.map = _map, \
}

STREAM(slice_map, SLICE, true);
STREAM(reference_call, REFERENCE, false);
STREAM(clone_call, ON_WRITE, false);
STREAM(clone_map, ON_WRITE, true);
STREAM(frozen_map, SNAPSHOT, true);

FIXTURE_SETUP(stream)
{
	struct test_pager_behaviour how = {
		.mode = TEST_PAGER_NORMAL, .method = TEST_PAGER_COPY,
	};
	struct vmop_test_vmo_args args = { .key = KEY };
	bool all = variant->kind == REFERENCE;

	self->bytes = 48 * MIB / (vmop_test_scale() > 1 ? 4 : 1);
	args.length = self->bytes;
	ASSERT_EQ(0, test_cgroup_setup());
	ASSERT_EQ(0, test_cgroup_make(&self->payer, "payer", self->bytes / 4));
	ASSERT_EQ(0, test_cgroup_make(&self->pager, "pager", 0));
	ASSERT_EQ(0, test_pager_init(&self->tp));
	args.payer_fd = test_cgroup_open(&self->payer);
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	close(args.payer_fd);
	child(&self->view, self->vmo.fd, variant->kind, 0,
	      all ? 0 : self->bytes / PG(1));
	ASSERT_EQ(0, test_cgroup_enter(&self->pager));
	ASSERT_EQ(0, test_pager_fork(&self->tp, &how));
	ASSERT_EQ(0, test_cgroup_enter(&self->payer));
}

FIXTURE_TEARDOWN(stream)
{
	/* dead already: then something killed it */
	EXPECT_EQ(0, kill(self->tp.pid, 0));
	test_cow_close(&self->view);
	test_pager_exit(&self->tp);
	test_cgroup_set(&(struct test_cgroup){ TEST_CGROUP_ROOT },
			"cgroup.procs", "0");
	test_cgroup_remove(&self->pager);
	test_cgroup_remove(&self->payer);
}

/* 0, or where it went wrong. */
static __u64 stream(const struct test_cow *v, bool map, __u64 start, __u64 end)
{
	static char buf[CHUNK];
	__u64 off;

	for (off = start; off < end; off += CHUNK) {
		if (!map && vmop_test_pread(v->fd, buf, CHUNK, off) !=
			    (ssize_t)CHUNK)
			return off;
		if (!vmop_test_check(map ? v->map + off : buf, KEY, off, CHUNK))
			return off;
	}
	return 0;
}

/* EVT-1, EVT-2: right, nobody killed, and what was written is still there. */
TEST_F_TIMEOUT(stream, evt_1_two_passes, 600)
{
	__u64 own = self->bytes / 48, i;
	struct vmop_vmo_get_info info;

	/* a clone's own pages cannot be asked for again; a view's are dirty */
	ASSERT_EQ(0, test_cow_put(&self->view, variant->map, 0, own / PG(1),
				  KEY + 1, 0));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, stream(&self->view, variant->map, own,
				    self->bytes));
	test_get_info(self->vmo.fd, &info);
	TH_LOG("asked for %llu pages of %llu", info.out_requested_pages,
	       self->bytes / PG(1));
	EXPECT_LE(self->bytes / PG(1) * 3 / 2, info.out_requested_pages);
	EXPECT_EQ(0, info.out_failed_requests);
	EXPECT_TRUE(test_cow_shows(&self->view, variant->map, 0, own / PG(1),
				   KEY + 1, 0));
	EXPECT_EQ(0, test_cgroup_get(&self->payer, "memory.events", "oom_kill"));
	EXPECT_EQ(0, test_cgroup_get(&self->pager, "memory.events", "oom_kill"));
}

/* ---- writers against writeback ---------------------------------------------------- */

#define NR 32
#define WRITERS 4

FIXTURE(race)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_wb_server srv;	/* answers READ and DIRTY */
	struct test_cow root, slice, ref;
	char *stored;			/* the store, mapped */
};

FIXTURE_VARIANT(race)
{
	__u32 flags;
};

FIXTURE_VARIANT_ADD(race, no_trap)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(race, trap)
{
	.flags = VMOP_VMO_TRAP_DIRTY,
};

typedef FIXTURE_DATA(race) race_data;

FIXTURE_SETUP(race)
{
	struct vmop_test_vmo_args args = {
		.flags = variant->flags, .key = KEY, .length = PG(NR),
	};

	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	self->root = test_cow_of(&self->vmo);
	child(&self->slice, self->vmo.fd, SLICE, 0, NR);
	child(&self->ref, self->vmo.fd, REFERENCE, 0, 0);
	self->srv.pager = self->tp.fd;
	self->srv.port = self->tp.port;
	self->srv.vmo = self->vmo.fd;
	self->srv.store = memfd_create("store", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(self->srv.store, PG(NR)));
	self->stored = mmap(NULL, PG(NR), PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->srv.store, 0);
	ASSERT_NE(MAP_FAILED, self->stored);
	ASSERT_EQ(0, test_wb_start(&self->srv));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, test_wb_stop(&self->srv));
	test_cow_close(&self->slice);
	test_cow_close(&self->ref);
	test_pager_exit(&self->tp);
	close(self->srv.store);
}

struct writer {
	const struct test_cow *v;
	unsigned int who;
	bool map;
	bool stop, ended;	/* atomic */
	__u64 nr;		/* atomic */
	__u64 last[NR];		/* what it wrote last */
};

/* Adds one to its word of a page, which must be what it wrote last. */
static void write_until_stop(void *arg, struct vmop_result *res)
{
	struct writer *w = arg;
	__u64 word, page = w->who;

	while (!res->err && !__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE)) {
		__u64 off = PG(page) + 64 * w->who;

		if (w->map)
			word = __atomic_load_n((__u64 *)(w->v->map + off),
					       __ATOMIC_RELAXED);
		else if (pread(w->v->fd, &word, 8, off) != 8)
			res->err = EIO;
		if (word != w->last[page])
			res->err = EILSEQ;
		word = ++w->last[page];
		if (w->map)
			__atomic_store_n((__u64 *)(w->v->map + off), word,
					 __ATOMIC_RELAXED);
		else if (pwrite(w->v->fd, &word, 8, off) != 8)
			res->err = EIO;
		page = (page + 2 * w->who + 3) % NR;
		__atomic_fetch_add(&w->nr, 1, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&w->ended, true, __ATOMIC_RELAXED);
	res->ret = res->err ? -1 : 0;
}

/* Whether each of them has written that often, or has ended with an error. */
static bool all_wrote(const struct writer *w, __u64 nr)
{
	unsigned int i;

	for (i = 0; i < WRITERS; i++)
		if (__atomic_load_n(&w[i].nr, __ATOMIC_RELAXED) < nr &&
		    !__atomic_load_n(&w[i].ended, __ATOMIC_RELAXED))
			return false;
	return true;
}

/*
 * A snapshot in the middle holds still, whatever is written, written back and
 * evicted meanwhile. 0 or -errno.
 */
static int look_twice(race_data *self)
{
	static char first[NR * 4096], second[NR * 4096];
	struct test_cow c;
	int ret = test_cow_make(&c, self->vmo.fd, SNAPSHOT, 0, NR);

	if (ret)
		return ret;
	if (vmop_test_pread(c.fd, first, PG(NR), 0) != (ssize_t)PG(NR))
		ret = -EIO;
	if (test_wb_flush(&self->srv, 0, PG(NR)) < 0 || vmop_test_reclaim())
		ret = -EPROTO;
	memcpy(second, c.map, PG(NR));
	if (memcmp(first, second, PG(NR)))
		ret = -EILSEQ;
	test_cow_close(&c);
	return ret;
}

/* No update is lost, by whichever view it came, and every snapshot holds still. */
TEST_F_TIMEOUT(race, no_update_lost, 300)
{
	const unsigned int rounds = 1000 / vmop_test_scale();
	static struct writer w[WRITERS];
	struct vmop_thread *t[WRITERS];
	unsigned int i, page;
	__u64 word;

	for (i = 0; i < WRITERS; i++) {
		w[i] = (struct writer){
			.v = i & 1 ? &self->slice : &self->ref,
			.who = i, .map = i & 2,
		};
		t[i] = vmop_thread_call(write_until_stop, &w[i]);
	}
	/* Writes through a trap are slow: rounds alone need not see many of them. */
	for (i = 0; i < rounds || !all_wrote(w, rounds + 1); i++) {
		ASSERT_LE(0, test_wb_flush(&self->srv, 0, PG(NR)));
		if (i % 20 == 19)
			ASSERT_EQ(0, vmop_test_reclaim());
		if (i % 50 == 49)
			ASSERT_EQ(0, look_twice(self));
	}
	for (i = 0; i < WRITERS; i++)
		__atomic_store_n(&w[i].stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < WRITERS; i++) {
		expect_done(t[i], 0);
		EXPECT_LT(rounds, w[i].nr);
		TH_LOG("writer %u: %llu writes", i, w[i].nr);
	}
	ASSERT_LE(0, test_wb_flush(&self->srv, 0, PG(NR)));
	EXPECT_EQ(0, test_wb_dirty(&self->tp, &self->vmo));
	for (i = 0; i < WRITERS; i++) {
		for (page = 0; page < NR; page++) {
			memcpy(&word, self->stored + PG(page) + 64 * i, 8);
			ASSERT_EQ(w[i].last[page], word)
				TH_LOG("writer %u, page %u", i, page);
		}
	}
	EXPECT_EQ(0, memcmp(self->slice.map, self->stored, PG(NR)));
	EXPECT_EQ(0, memcmp(self->root.map, self->stored, PG(NR)));
}

VMOP_TEST_MAIN
