// SPDX-License-Identifier: GPL-2.0
/*
 * Two threads write back one VMO at once, and what they write back overlaps;
 * others write, by call and through mappings, and zero.
 *
 * The kernel does not know who has begun: END speaks for the last BEGIN of a page,
 * whoever made it. So it is for the pager to say END when what was there at the
 * last BEGIN is stored. With that no update is lost, though each flusher ends what
 * the other has begun, and is overtaken by it: what is clean is what the store has,
 * and comes again from there. Without it a page may be clean before it is stored,
 * but it is stored by the one that has begun.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "test_child.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0xf105
#define NR 64
/* Pages have quarters, which are written one by one; runs of pages have an owner. */
#define QUARTERS 4
#define RUN 4

enum writer_way {
	THREAD_BY_CALL,
	THREAD_BY_MAP,
	PROCESS_BY_CALL,
	PROCESS_BY_MAP,
	WRITERS
};

/* ---- writers -------------------------------------------------------------- */

/* In memory that all processes share. Version 0 of a quarter is zeros. */
struct shared {
	bool stop;
	__u64 version[NR][QUARTERS];
	__u64 nr_writes[WRITERS];
	__u64 nr_zeros[WRITERS];
	__u64 last_version[WRITERS];
};

struct writer {
	struct shared *shared;
	struct test_vmo *vmo;
	enum writer_way who;
	bool zeros;	/* now and then it zeros some of its pages */
	__u64 random;
};

static unsigned int draw(struct writer *w, unsigned int limit)
{
	w->random = w->random * 6364136223846793005ull + 1442695040888963407ull;
	return (w->random >> 33) % limit;
}

static __u64 quarter_bytes(void)
{
	return PG(1) / QUARTERS;
}

static __u64 quarter_off(unsigned int pgoff, unsigned int quarter)
{
	return PG(pgoff) + quarter * quarter_bytes();
}

static bool check_quarter(const struct shared *shared, const void *buf,
			  unsigned int pgoff, unsigned int quarter)
{
	__u64 version = shared->version[pgoff][quarter];
	__u64 off = quarter_off(pgoff, quarter);

	if (!version)
		return vmop_test_check_zero(buf, off, quarter_bytes());
	return vmop_test_check(buf, KEY + version, off, quarter_bytes());
}

static int zero_pages(struct writer *w, unsigned int pgoff, unsigned int nr)
{
	int ret = vmop_test_vmo_op(w->vmo->fd, VMOP_VMO_OP_ZERO, PG(pgoff),
				   PG(nr), NULL);

	memset(w->shared->version[pgoff], 0, nr * sizeof(w->shared->version[0]));
	w->shared->nr_zeros[w->who]++;
	return ret;
}

/* One update: what was there last is still there. 0 or -errno. */
static int write_once(struct writer *w)
{
	bool map = w->who == THREAD_BY_MAP || w->who == PROCESS_BY_MAP;
	unsigned int in_run = draw(w, RUN), quarter = draw(w, QUARTERS);
	unsigned int run = draw(w, NR / RUN / WRITERS) * WRITERS + w->who;
	unsigned int pgoff = run * RUN + in_run;
	__u64 off = quarter_off(pgoff, quarter), version;
	__u64 len = quarter_bytes();
	char buf[4096 / QUARTERS];

	if (map)
		memcpy(buf, w->vmo->map + off, len);
	else if (pread(w->vmo->fd, buf, len, off) != (ssize_t)len)
		return -EIO;
	if (!check_quarter(w->shared, buf, pgoff, quarter)) {
		fprintf(stderr, "# writer %u has lost quarter %u of page %u, version %llu\n",
			w->who, quarter, pgoff,
			w->shared->version[pgoff][quarter]);
		return -EILSEQ;
	}
	if (w->zeros && !draw(w, 8))
		return zero_pages(w, pgoff, 1 + draw(w, RUN - in_run));
	version = ++w->shared->last_version[w->who];
	vmop_test_fill(buf, KEY + version, off, len);
	if (map)
		memcpy(w->vmo->map + off, buf, len);
	else if (pwrite(w->vmo->fd, buf, len, off) != (ssize_t)len)
		return -EIO;
	w->shared->version[pgoff][quarter] = version;
	w->shared->nr_writes[w->who]++;
	return 0;
}

/* Ends with 0, or an errno that an exit status can tell. */
static int write_until_stop(void *arg)
{
	struct writer *w = arg;
	int ret = 0;

	while (!ret && !__atomic_load_n(&w->shared->stop, __ATOMIC_ACQUIRE))
		ret = write_once(w);
	return -ret;
}

static void do_write(void *arg, struct vmop_result *res)
{
	res->err = write_until_stop(arg);
	res->ret = res->err ? -1 : 0;
}

/* ---- the flushers --------------------------------------------------------- */

/* What the flushers know of a page. */
struct page {
	pthread_mutex_t lock;
	__u64 begun;	/* BEGINs so far */
	__u64 stored;	/* so many were made before the store's copy was read */
	unsigned int open;	/* flushers between BEGIN and END; atomic */
};

FIXTURE(flushers)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_wb_server srv;	/* answers READ and DIRTY */
	struct shared *shared;
	char *stored;			/* the store, mapped */
	struct page pages[NR];
	bool ordered;
	int error;			/* of the flusher in a thread, atomic */
	/* pages, atomic: */
	__u64 nr_cycles;		/* that went from begin to end */
	__u64 nr_zeros;			/* of them in ranges of zeros */
	__u64 nr_overlaps;		/* begun while the other was at them */
	__u64 nr_left;			/* not ended: the other has begun again */
	__u64 nr_compared;		/* clean, and compared */
};

FIXTURE_VARIANT(flushers)
{
	__u32 flags;
	bool ordered;
	__u64 nr_cycles;
};

/* END when what was there at the last BEGIN is stored. */
FIXTURE_VARIANT_ADD(flushers, ordered)
{
	.ordered = true,
	.nr_cycles = 12000,
};

FIXTURE_VARIANT_ADD(flushers, ordered_trap)
{
	.flags = VMOP_VMO_TRAP_DIRTY,
	.ordered = true,
	.nr_cycles = 4000,
};

/* Each for itself: no page may be evicted meanwhile, and nothing be zeroed. */
FIXTURE_VARIANT_ADD(flushers, at_will)
{
	.nr_cycles = 20000,
};

FIXTURE_VARIANT_ADD(flushers, at_will_trap)
{
	.flags = VMOP_VMO_TRAP_DIRTY,
	.nr_cycles = 4000,
};

typedef FIXTURE_DATA(flushers) flushers_data;

FIXTURE_SETUP(flushers)
{
	struct vmop_test_vmo_args args = {
		.flags = variant->flags, .key = KEY, .length = PG(NR),
	};
	int i;

	ASSERT_EQ(4096, PG(1));
	self->ordered = variant->ordered;
	for (i = 0; i < NR; i++)
		pthread_mutex_init(&self->pages[i].lock, NULL);
	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	self->shared = mmap(NULL, sizeof(*self->shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->shared);
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

FIXTURE_TEARDOWN(flushers)
{
	EXPECT_EQ(0, test_wb_stop(&self->srv));
	test_pager_exit(&self->tp);
	close(self->srv.store);
}

#define count(_field, _nr) \
	__atomic_add_fetch(&self->_field, _nr, __ATOMIC_RELAXED)

static void lock_pages(flushers_data *self, __u64 start, __u64 end)
{
	for (; start < end; start++)
		pthread_mutex_lock(&self->pages[start].lock);
}

static void unlock_pages(flushers_data *self, __u64 start, __u64 end)
{
	for (; start < end; start++)
		pthread_mutex_unlock(&self->pages[start].lock);
}

/* Which pages are dirty: a flag for each of [start, end). 0 or -errno. */
static int dirty_pages(flushers_data *self, __u64 start, __u64 end,
		       bool dirty[NR])
{
	struct vmop_dirty_range ranges[NR];
	int i, n;
	__u64 at;

	memset(dirty, 0, NR * sizeof(*dirty));
	n = test_wb_query(self->tp.fd, self->vmo.fd, PG(start), PG(end - start),
			  ranges, NR);
	for (i = 0; i < n; i++)
		for (at = 0; at < ranges[i].length; at += PG(1))
			dirty[(ranges[i].offset + at) / PG(1)] = true;
	return n < 0 ? n : 0;
}

/*
 * Pages that we have locked: nobody makes them clean. One that is clean before and
 * after we read it was so all the time. Then it is what is stored.
 */
static int compare_clean(flushers_data *self, __u64 start, __u64 end)
{
	bool before[NR], after[NR], same[NR];
	char buf[4096];
	__u64 at;
	int ret;

	ret = dirty_pages(self, start, end, before);
	for (at = start; at < end && !ret; at++) {
		if (vmop_test_pread(self->vmo.fd, buf, PG(1), PG(at)) !=
		    (ssize_t)PG(1))
			ret = -EIO;
		same[at] = !memcmp(buf, self->stored + PG(at), PG(1));
	}
	if (!ret)
		ret = dirty_pages(self, start, end, after);
	for (at = start; at < end && !ret; at++) {
		if (before[at] || after[at])
			continue;
		count(nr_compared, 1);
		if (!same[at]) {
			fprintf(stderr, "# page %llu is clean, but changed\n", at);
			ret = -EILSEQ;
		}
	}
	return ret;
}

static int begin_range(flushers_data *self, __u64 start, __u64 end, __u64 flags)
{
	__u64 i;
	int ret;

	if (self->ordered)
		lock_pages(self, start, end);
	for (i = start; i < end; i++) {
		count(nr_overlaps, __atomic_fetch_add(&self->pages[i].open, 1,
						      __ATOMIC_RELAXED));
		if (self->ordered)
			self->pages[i].begun++;
	}
	ret = test_wb_op(self->tp.fd, self->vmo.fd,
			 VMOP_PAGER_OP_WRITEBACK_BEGIN, PG(start),
			 PG(end - start), flags);
	if (self->ordered)
		unlock_pages(self, start, end);
	return ret;
}

/* Also what was zeros at the query: the other may have stored a page since. */
static int store_range(flushers_data *self, __u64 start, __u64 end)
{
	char buf[4096];
	int ret = 0;

	for (; start < end && !ret; start++) {
		lock_pages(self, start, start + 1);
		if (vmop_test_pread(self->vmo.fd, buf, PG(1), PG(start)) !=
		    (ssize_t)PG(1))
			ret = -EIO;
		else
			memcpy(self->stored + PG(start), buf, PG(1));
		self->pages[start].stored = self->pages[start].begun;
		unlock_pages(self, start, start + 1);
	}
	return ret;
}

static int op_end(flushers_data *self, __u64 start, __u64 end)
{
	return test_wb_op(self->tp.fd, self->vmo.fd,
			  VMOP_PAGER_OP_WRITEBACK_END, PG(start),
			  PG(end - start), 0);
}

/* A page that was begun again since it was stored is left to who has begun. */
static int end_stored(flushers_data *self, __u64 start, __u64 end)
{
	struct page *pages = self->pages;
	__u64 at, next;
	int ret = 0;

	lock_pages(self, start, end);
	for (at = start; at < end && !ret; at = next + 1) {
		for (next = at; next < end; next++)
			if (pages[next].stored != pages[next].begun)
				break;
		if (at < next)
			ret = op_end(self, at, next);
		if (at < next && !ret)
			ret = compare_clean(self, at, next);
		count(nr_left, next < end);
	}
	unlock_pages(self, start, end);
	return ret;
}

static int flush_range(flushers_data *self, const struct vmop_dirty_range *range)
{
	__u64 start = range->offset / PG(1);
	__u64 end = start + range->length / PG(1), i;
	int ret;

	ret = begin_range(self, start, end, range->flags);
	/* the other may begin some of it, too */
	sched_yield();
	if (!ret)
		ret = store_range(self, start, end);
	/* again, what is stored now */
	sched_yield();
	if (!ret)
		ret = self->ordered ? end_stored(self, start, end) :
				      op_end(self, start, end);
	for (i = start; i < end; i++)
		__atomic_sub_fetch(&self->pages[i].open, 1, __ATOMIC_RELAXED);
	count(nr_cycles, end - start);
	if (range->flags & VMOP_DIRTY_ZERO)
		count(nr_zeros, end - start);
	return ret;
}

/* Once over all that is dirty from this page on. */
static int flush_from(flushers_data *self, __u64 pgoff)
{
	struct vmop_dirty_range ranges[NR];
	int i, ret = 0;
	int n = test_wb_query(self->tp.fd, self->vmo.fd, PG(pgoff),
			      PG(NR - pgoff), ranges, NR);

	for (i = 0; i < n && !ret; i++)
		ret = flush_range(self, &ranges[i]);
	return n < 0 ? n : ret;
}

/* The second flusher: it begins elsewhere each time, so they do not go in step. */
static void do_flush(void *arg, struct vmop_result *res)
{
	flushers_data *self = arg;
	__u64 turn = 0;
	int ret = 0;

	while (!ret && !__atomic_load_n(&self->shared->stop, __ATOMIC_ACQUIRE))
		ret = flush_from(self, turn++ * 13 % NR);
	__atomic_store_n(&self->error, ret, __ATOMIC_RELEASE);
	res->ret = ret ? -1 : 0;
	res->err = -ret;
}

/* So many cycles, and what has to happen in them: but not for ever. */
static bool is_enough(flushers_data *self, __u64 nr_cycles)
{
	__u64 done = __atomic_load_n(&self->nr_cycles, __ATOMIC_RELAXED);

	if (done < nr_cycles || done > 8 * vmop_test_scale() * nr_cycles)
		return done >= nr_cycles;
	return self->nr_overlaps >= nr_cycles / 100 &&
	       (!self->ordered || self->nr_left > nr_cycles / 1000);
}

/* The first flusher, until it is enough. */
static int flush_until(flushers_data *self, __u64 nr_cycles)
{
	int ret = 0, turn = 0;

	while (!ret && !is_enough(self, nr_cycles)) {
		ret = __atomic_load_n(&self->error, __ATOMIC_ACQUIRE);
		if (!ret)
			ret = flush_from(self, 0);
		/* a clean page comes again from the store, now and then */
		if (!ret && self->ordered && !(++turn & 31))
			ret = vmop_test_reclaim();
	}
	return ret;
}

static void run_round(struct __test_metadata *_metadata, flushers_data *self,
		      __u64 nr_cycles)
{
	struct vmop_thread *t[2], *second;
	struct writer w[WRITERS];
	int i, status;
	pid_t pid[2];

	self->shared->stop = false;
	for (i = 0; i < WRITERS; i++)
		w[i] = (struct writer){ self->shared, &self->vmo, i,
					self->ordered, nr_cycles + i };
	for (i = 0; i < 2; i++) {
		pid[i] = test_child_start(write_until_stop, &w[2 + i]);
		ASSERT_LT(0, pid[i]);
	}
	for (i = 0; i < 2; i++) {
		t[i] = vmop_thread_call(do_write, &w[i]);
		ASSERT_NE(NULL, t[i]);
	}
	second = vmop_thread_call(do_flush, self);
	ASSERT_NE(NULL, second);
	EXPECT_EQ(0, flush_until(self, nr_cycles));
	__atomic_store_n(&self->shared->stop, true, __ATOMIC_RELEASE);
	expect_done(second, 0);
	for (i = 0; i < 2; i++) {
		expect_done(t[i], 0);
		ASSERT_EQ(0, test_child_wait(pid[i], &status, NULL));
		EXPECT_EQ(0, status);
	}
}

/* Nobody writes, one flusher: store, VMO and mapping are what was written last. */
static void check_quiet(struct __test_metadata *_metadata, flushers_data *self)
{
	char *buf = malloc(PG(NR));
	unsigned int i, wrong = 0;
	bool dirty[NR];

	ASSERT_EQ(0, flush_from(self, 0));
	ASSERT_EQ(0, dirty_pages(self, 0, NR, dirty));
	ASSERT_EQ(PG(NR), vmop_test_pread(self->vmo.fd, buf, PG(NR), 0));
	for (i = 0; i < NR; i++)
		wrong += dirty[i];
	for (i = 0; i < NR * QUARTERS; i++)
		wrong += !check_quarter(self->shared,
					self->stored + i * quarter_bytes(),
					i / QUARTERS, i % QUARTERS);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, memcmp(buf, self->stored, PG(NR)));
	EXPECT_EQ(0, memcmp(self->vmo.map, self->stored, PG(NR)));
	free(buf);
	/* the next round starts from the store; used pages take two looks */
	EXPECT_EQ(0, vmop_test_reclaim());
	EXPECT_EQ(0, vmop_test_reclaim());
}

#define ROUNDS 4

TEST_F_TIMEOUT(flushers, no_update_lost, 600)
{
	__u64 wanted = variant->nr_cycles / vmop_test_scale();
	struct vmop_vmo_get_info info;
	int i;

	for (i = 1; i <= ROUNDS; i++) {
		run_round(_metadata, self, wanted * i / ROUNDS);
		check_quiet(_metadata, self);
	}
	test_get_info(self->vmo.fd, &info);
	TH_LOG("%llu page cycles, %llu of zeros; %llu pages clean and compared, %llu evicted",
	       self->nr_cycles, self->nr_zeros, self->nr_compared,
	       info.out_evicted_pages);
	TH_LOG("%llu begun by one while the other was at them, %llu left to the other",
	       self->nr_overlaps, self->nr_left);
	for (i = 0; i < WRITERS; i++) {
		TH_LOG("writer %d: %llu writes, %llu zeroings", i,
		       self->shared->nr_writes[i], self->shared->nr_zeros[i]);
		EXPECT_LE(wanted / 100, self->shared->nr_writes[i]);
	}
	/* all of this has happened, or nothing was tested */
	EXPECT_LE(wanted, self->nr_cycles);
	EXPECT_LE(wanted / 100, self->nr_overlaps);
	EXPECT_LT(0, info.out_evicted_pages);
	if (self->ordered) {
		EXPECT_LT(wanted / 1000, self->nr_left);
		EXPECT_LE(wanted / 100, self->nr_zeros);
		EXPECT_LE(wanted / 100, self->nr_compared);
	}
}

/* ---- in turn -------------------------------------------------------------- */

VMOP_FIXTURE(in_turn)

/*
 * Why there is an order to keep: the first BEGIN is forgotten with the second, and
 * any END is the second's. What the first has read is not what is clean now.
 */
TEST_F(in_turn, end_is_of_the_last_begin)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 6);
	supply(&self->tp, &vmo, 0, 6);
	memset(vmo.map, 1, PG(6));
	ASSERT_EQ(0, test_wb_begin(&self->tp, &vmo, 0, 4));
	vmo.map[PG(3)] = 2;
	vmo.map[0] = 2;
	/* the first one's END would leave pages 0 and 3 dirty now */
	ASSERT_EQ(0, test_wb_begin(&self->tp, &vmo, 2, 4));
	ASSERT_EQ(0, test_wb_end(&self->tp, &vmo, 0, 4));
	EXPECT_EQ(PG(3), test_wb_dirty(&self->tp, &vmo));
	vmo.map[PG(4)] = 3;
	ASSERT_EQ(0, test_wb_end(&self->tp, &vmo, 2, 4));
	EXPECT_EQ(PG(2), test_wb_dirty(&self->tp, &vmo));
	/* nothing is begun any more */
	ASSERT_EQ(0, test_wb_end(&self->tp, &vmo, 0, 6));
	EXPECT_EQ(PG(2), test_wb_dirty(&self->tp, &vmo));
}

VMOP_TEST_MAIN
