// SPDX-License-Identifier: GPL-2.0
/*
 * No update is lost: what a writer changes while the pager writes it back is
 * dirty afterwards, never clean with the change unwritten.
 *
 * Writers in threads and in processes, by call and through mappings, change their
 * own part of every page; the pager writes back in a loop. What it has stored of
 * a page that is clean must be what the VMO shows, and every writer must find
 * what it wrote last, also when the page was evicted and came again from the
 * store.
 */
#include <sys/wait.h>

#include "test_child.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x4ace
#define NR 64

/* ---- what pages hold ------------------------------------------------------ */

/* Each page has a part for each writer, with version and checksum. */
enum writer {
	THREAD_BY_CALL,
	THREAD_BY_MAP,
	PROCESS_BY_CALL,
	PROCESS_BY_MAP,
	WRITERS
};

#define PART_BYTES (4096 / WRITERS)
#define PART_WORDS (PART_BYTES / 8)

struct part {
	__u64 version;
	__u64 fill[PART_WORDS - 2];
	__u64 sum;
};

static void part_make(struct part *part, unsigned int who, __u64 pgoff,
		      __u64 version)
{
	__u64 word = vmop_test_word(KEY + who, PG(pgoff) + version);
	unsigned int i;

	part->version = version;
	part->sum = word;
	for (i = 0; i < PART_WORDS - 2; i++) {
		part->fill[i] = word + i;
		part->sum += part->fill[i] ^ version;
	}
}

static bool part_check(const char *where, const struct part *part,
		       unsigned int who, __u64 pgoff, __u64 version)
{
	struct part want;

	part_make(&want, who, pgoff, version);
	if (!memcmp(part, &want, sizeof(want)))
		return true;
	fprintf(stderr, "# %s: page %llu, writer %u: version %llu (sum %s), not %llu\n",
		where, pgoff, who, part->version,
		part->sum == want.sum ? "right" : "wrong", version);
	return false;
}

/* ---- writers -------------------------------------------------------------- */

/* In memory that all processes share. Each writer changes its own entries. */
struct shared {
	bool stop;
	__u64 version[WRITERS][NR];
	__u64 nr_writes[WRITERS];
};

struct writer_arg {
	struct shared *shared;
	struct test_vmo *vmo;
	unsigned int who;
};

static __u64 part_off(unsigned int who, __u64 pgoff)
{
	return PG(pgoff) + who * PART_BYTES;
}

/* One update: what was there last is still there. 0 or -errno. */
static int write_once(struct writer_arg *w, __u64 pgoff)
{
	bool map = w->who == THREAD_BY_MAP || w->who == PROCESS_BY_MAP;
	__u64 *version = &w->shared->version[w->who][pgoff];
	__u64 off = part_off(w->who, pgoff);
	struct part part;
	ssize_t n = sizeof(part);

	if (map)
		memcpy(&part, w->vmo->map + off, sizeof(part));
	else
		n = pread(w->vmo->fd, &part, sizeof(part), off);
	if (n != sizeof(part))
		return -EIO;
	if (!part_check("a writer", &part, w->who, pgoff, *version))
		return -EILSEQ;
	part_make(&part, w->who, pgoff, *version + 1);
	if (map)
		memcpy(w->vmo->map + off, &part, sizeof(part));
	else
		n = pwrite(w->vmo->fd, &part, sizeof(part), off);
	if (n != sizeof(part))
		return -EIO;
	++*version;
	w->shared->nr_writes[w->who]++;
	return 0;
}

/* Ends with 0, or an errno that an exit status can tell. */
static int write_until_stop(void *arg)
{
	struct writer_arg *w = arg;
	__u64 pos = w->who;
	int ret = 0;

	while (!ret && !__atomic_load_n(&w->shared->stop, __ATOMIC_ACQUIRE)) {
		ret = write_once(w, pos / 7 % NR);
		pos += 2 * w->who + 3;
	}
	return -ret;
}

static void do_write(void *arg, struct vmop_result *res)
{
	res->err = write_until_stop(arg);
	res->ret = res->err ? -1 : 0;
}

/* ---- the pager ------------------------------------------------------------ */

FIXTURE(race)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_wb_server srv;	/* answers READ and DIRTY */
	struct shared *shared;
	char *stored;			/* the store, mapped */
	__u64 nr_cycles;		/* pages that went from begin to end */
	__u64 nr_rewritten;		/* of them dirty at once */
	__u64 nr_compared;		/* of them clean, and compared */
};

FIXTURE_VARIANT(race)
{
	__u32 flags;
	__u64 nr_cycles;
};

FIXTURE_VARIANT_ADD(race, no_trap)
{
	.nr_cycles = 100000,
};

FIXTURE_VARIANT_ADD(race, trap)
{
	.flags = VMOP_VMO_TRAP_DIRTY,
	.nr_cycles = 30000,
};

typedef FIXTURE_DATA(race) race_data;

FIXTURE_SETUP(race)
{
	struct vmop_test_vmo_args args = {
		.flags = variant->flags, .key = KEY, .length = PG(NR),
	};
	unsigned int who;
	__u64 pgoff;

	ASSERT_EQ(sizeof(struct part), PART_BYTES);
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
	for (pgoff = 0; pgoff < NR; pgoff++)
		for (who = 0; who < WRITERS; who++)
			part_make((void *)(self->stored + part_off(who, pgoff)),
				  who, pgoff, 0);
	ASSERT_EQ(0, test_wb_start(&self->srv));
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, test_wb_stop(&self->srv));
	test_pager_exit(&self->tp);
	close(self->srv.store);
}

/* Which pages of a range are dirty: a flag for each. 0 or -errno. */
static int dirty_pages(race_data *self, __u64 offset, __u64 length,
		       bool dirty[NR])
{
	struct vmop_dirty_range ranges[NR];
	__u64 at;
	int i, n;

	memset(dirty, 0, NR * sizeof(*dirty));
	n = test_wb_query(self->tp.fd, self->vmo.fd, offset, length, ranges, NR);
	for (i = 0; i < n; i++)
		for (at = 0; at < ranges[i].length; at += PG(1))
			dirty[(ranges[i].offset + at) / PG(1)] = true;
	return n < 0 ? n : 0;
}

/*
 * Only we make pages clean: one that is clean before and after we read it was so
 * all the time. Then it is what we have stored.
 */
static int compare_clean(race_data *self, __u64 offset, __u64 length)
{
	static char buf[NR * 4096];
	bool before[NR], after[NR];
	__u64 pgoff;
	int ret;

	ret = dirty_pages(self, offset, length, before);
	if (ret)
		return ret;
	if (vmop_test_pread(self->vmo.fd, buf, length, offset) !=
	    (ssize_t)length)
		return -EIO;
	ret = dirty_pages(self, offset, length, after);
	if (ret)
		return ret;
	for (pgoff = offset / PG(1); pgoff < (offset + length) / PG(1); pgoff++) {
		self->nr_rewritten += before[pgoff];
		if (before[pgoff] || after[pgoff])
			continue;
		self->nr_compared++;
		if (memcmp(buf + PG(pgoff) - offset, self->stored + PG(pgoff),
			   PG(1))) {
			fprintf(stderr, "# page %llu is clean, but changed\n",
				pgoff);
			return -EILSEQ;
		}
	}
	return 0;
}

static int write_back_range(race_data *self, const struct vmop_dirty_range *range)
{
	int ret;

	ret = test_wb_op(self->tp.fd, self->vmo.fd,
			 VMOP_PAGER_OP_WRITEBACK_BEGIN, range->offset,
			 range->length, range->flags);
	if (ret)
		return ret;
	if (vmop_test_pread(self->vmo.fd, self->stored + range->offset,
			    range->length, range->offset) !=
	    (ssize_t)range->length)
		return -EIO;
	ret = test_wb_op(self->tp.fd, self->vmo.fd, VMOP_PAGER_OP_WRITEBACK_END,
			 range->offset, range->length, 0);
	self->nr_cycles += range->length / PG(1);
	return ret ? ret : compare_clean(self, range->offset, range->length);
}

/* Once over all that is dirty. */
static int write_back(race_data *self)
{
	struct vmop_dirty_range ranges[NR];
	int i, ret = 0;
	int n = test_wb_query(self->tp.fd, self->vmo.fd, 0, PG(NR), ranges, NR);

	for (i = 0; i < n && !ret; i++)
		ret = write_back_range(self, &ranges[i]);
	return n < 0 ? n : ret;
}

/* All writers at once, until so many cycles have been done. */
static void run_round(struct __test_metadata *_metadata, race_data *self,
		      __u64 nr_cycles)
{
	struct writer_arg w[WRITERS];
	struct vmop_thread *t[2];
	pid_t pid[2];
	int i, status, ret = 0, turn = 0;

	self->shared->stop = false;
	for (i = 0; i < WRITERS; i++)
		w[i] = (struct writer_arg){ self->shared, &self->vmo, i };
	for (i = 0; i < 2; i++) {
		pid[i] = test_child_start(write_until_stop, &w[2 + i]);
		ASSERT_LT(0, pid[i]);
	}
	for (i = 0; i < 2; i++) {
		t[i] = vmop_thread_call(do_write, &w[i]);
		ASSERT_NE(NULL, t[i]);
	}
	while (!ret && self->nr_cycles < nr_cycles) {
		ret = write_back(self);
		/* a clean page comes again from the store, now and then */
		if (!ret && !(++turn & 63))
			ret = vmop_test_reclaim();
	}
	EXPECT_EQ(0, ret);
	__atomic_store_n(&self->shared->stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < 2; i++) {
		expect_done(t[i], 0);
		ASSERT_EQ(0, test_child_wait(pid[i], &status, NULL));
		EXPECT_EQ(0, status);
	}
}

/* Nobody writes: all of it is written back once more, whole and in order. */
static void check_quiet(struct __test_metadata *_metadata, race_data *self)
{
	char *buf = malloc(PG(NR));
	unsigned int who, wrong = 0;
	bool dirty[NR];
	__u64 pgoff;

	ASSERT_EQ(0, write_back(self));
	ASSERT_EQ(0, dirty_pages(self, 0, PG(NR), dirty));
	ASSERT_EQ(PG(NR), vmop_test_pread(self->vmo.fd, buf, PG(NR), 0));
	for (pgoff = 0; pgoff < NR; pgoff++) {
		wrong += dirty[pgoff];
		for (who = 0; who < WRITERS; who++)
			wrong += !part_check("the store", (void *)
					     (self->stored + part_off(who, pgoff)),
					     who, pgoff,
					     self->shared->version[who][pgoff]);
	}
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(0, memcmp(buf, self->stored, PG(NR)));
	EXPECT_EQ(0, memcmp(self->vmo.map, self->stored, PG(NR)));
	free(buf);
	/* the next round starts from the store; used pages take two looks */
	EXPECT_EQ(0, vmop_test_reclaim());
	EXPECT_EQ(0, vmop_test_reclaim());
}

#define ROUNDS 4

TEST_F_TIMEOUT(race, no_update_lost, 600)
{
	__u64 wanted = variant->nr_cycles / vmop_test_scale();
	struct vmop_query_stats stats;
	struct vmop_vmo_get_info info;
	unsigned int i;

	for (i = 1; i <= ROUNDS; i++) {
		run_round(_metadata, self, wanted * i / ROUNDS);
		check_quiet(_metadata, self);
		TH_LOG("%llu page cycles", self->nr_cycles);
	}
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	test_get_info(self->vmo.fd, &info);
	TH_LOG("%llu page cycles, %llu pages clean and compared, %llu rewritten meanwhile",
	       self->nr_cycles, self->nr_compared, self->nr_rewritten);
	TH_LOG("writes: %llu %llu %llu %llu; %llu DIRTY requests, %llu pages evicted",
	       self->shared->nr_writes[0], self->shared->nr_writes[1],
	       self->shared->nr_writes[2], self->shared->nr_writes[3],
	       stats.out_dirty_requests, info.out_evicted_pages);
	EXPECT_LE(wanted, self->nr_cycles);
	/* all of this has happened, or nothing was tested */
	EXPECT_LE(wanted / 100, self->nr_compared);
	EXPECT_LE(wanted / 1000, self->nr_rewritten);
	EXPECT_LT(0, info.out_evicted_pages);
	for (i = 0; i < WRITERS; i++)
		EXPECT_LE(wanted / 100, self->shared->nr_writes[i]);
	EXPECT_GE(PG(self->nr_cycles), stats.out_cleaned);
}

/* ---- a write that stops on its way ---------------------------------------- */

/*
 * The source of the write is a mapping of another VMO, whose pages come when the
 * test lets them. The target's pages are there and clean.
 */
FIXTURE(paused)
{
	struct test_pager tp;
	struct test_vmo target;
	struct test_vmo source;
};

FIXTURE_VARIANT(paused)
{
	__u32 flags;
};

FIXTURE_VARIANT_ADD(paused, no_trap)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(paused, trap)
{
	.flags = VMOP_VMO_TRAP_DIRTY,
};

FIXTURE_SETUP(paused)
{
	struct vmop_test_vmo_args args = {
		.flags = variant->flags, .key = KEY, .length = PG(4),
	};

	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->target, &args));
	supply(&self->tp, &self->target, 0, 4);
	new_vmo(&self->tp, &self->source, KEY + 1, 8);
}

FIXTURE_TEARDOWN(paused)
{
	test_pager_exit(&self->tp);
}

#define asked_dirty(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_expect(&self->tp, &self->target, \
				    VMOP_RECORD_DIRTY, _pgoff, _nr))
#define grant(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_grant(&self->tp, &self->target, _pgoff, _nr))
#define begin(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_begin(&self->tp, &self->target, _pgoff, _nr))
#define end(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_end(&self->tp, &self->target, _pgoff, _nr))
#define is_dirty(_nr) \
	EXPECT_EQ(PG(_nr), test_wb_dirty(&self->tp, &self->target))
#define TRAPS (variant->flags & VMOP_VMO_TRAP_DIRTY)

/* Two pages of the source go to pages 1 and 2 of the target. */
static void do_copy(void *arg, struct vmop_result *res)
{
	struct test_vmo **vmo = arg;

	res->ret = pwrite(vmo[0]->fd, vmo[1]->map, PG(2), PG(1));
	res->err = res->ret < 0 ? errno : 0;
}

/*
 * Between the leave to write and the first byte: the pages are dirty by then, the
 * pager writes them back unchanged, and leave is needed again. Without TRAP there
 * is no such moment: nothing is dirty before the source is there.
 */
TEST_F(paused, after_grant)
{
	struct test_vmo *vmo[2] = { &self->target, &self->source };
	struct vmop_thread *t = vmop_thread_call(do_copy, vmo);

	expect_read(&self->tp, &self->source, 0, 1);
	if (TRAPS) {
		supply(&self->tp, &self->source, 0, 1);
		asked_dirty(1, 2);
		/* under the writer's feet: other pages of the source */
		ASSERT_EQ(self->source.map,
			  mmap(self->source.map, PG(2), PROT_READ,
			       MAP_SHARED | MAP_FIXED, self->source.fd, PG(4)));
		grant(1, 2);
		expect_read(&self->tp, &self->source, 4, 1);
		is_dirty(2);
	}
	expect_blocked(t, &self->source, 1);
	begin(1, 2);
	EXPECT_TRUE(vmop_test_check_fd(self->target.fd, KEY, PG(1), PG(2)));
	end(1, 2);
	is_dirty(0);
	supply(&self->tp, &self->source, 0, 8);
	if (TRAPS) {
		asked_dirty(1, 2);
		is_dirty(0);
		grant(1, 2);
	}
	expect_done(t, PG(2));
	is_dirty(2);
	EXPECT_EQ(0, memcmp(self->target.map + PG(1), self->source.map, PG(2)));
	EXPECT_TRUE(vmop_test_check(self->source.map, KEY + 1,
				    PG(TRAPS ? 4 : 0), PG(2)));
	expect_none(&self->tp);
}

/* Between one page and the next. */
TEST_F(paused, between_pages)
{
	struct test_vmo *vmo[2] = { &self->target, &self->source };
	struct vmop_thread *t = vmop_thread_call(do_copy, vmo);

	expect_read(&self->tp, &self->source, 0, 1);
	supply(&self->tp, &self->source, 0, 1);
	if (TRAPS) {
		asked_dirty(1, 2);
		grant(1, 2);
	}
	expect_read(&self->tp, &self->source, 1, 1);
	expect_blocked(t, &self->source, 1);
	/* the first is changed, the second is not, whether dirty or not */
	is_dirty(TRAPS ? 2 : 1);
	begin(1, 2);
	EXPECT_TRUE(vmop_test_check_fd(self->target.fd, KEY, PG(2), PG(1)));
	end(1, 2);
	is_dirty(0);
	supply(&self->tp, &self->source, 1, 1);
	if (TRAPS) {
		asked_dirty(2, 1);
		grant(2, 1);
	}
	expect_done(t, PG(2));
	is_dirty(1);
	EXPECT_EQ(0, memcmp(self->target.map + PG(1), self->source.map, PG(2)));
	expect_none(&self->tp);
}

/* The writeback begins before the write goes on, and ends after it. */
TEST_F(paused, inside_writeback)
{
	struct test_vmo *vmo[2] = { &self->target, &self->source };
	struct vmop_thread *t = vmop_thread_call(do_copy, vmo);

	expect_read(&self->tp, &self->source, 0, 1);
	supply(&self->tp, &self->source, 0, 1);
	if (TRAPS) {
		asked_dirty(1, 2);
		grant(1, 2);
	}
	expect_read(&self->tp, &self->source, 1, 1);
	expect_blocked(t, &self->source, 1);
	begin(1, 2);
	supply(&self->tp, &self->source, 1, 1);
	if (TRAPS) {
		asked_dirty(2, 1);
		grant(2, 1);
	}
	expect_done(t, PG(2));
	end(1, 2);
	is_dirty(1);
	EXPECT_EQ(0, memcmp(self->target.map + PG(1), self->source.map, PG(2)));
	expect_none(&self->tp);
}

/* The source fails: what was copied counts, what was granted stays dirty. */
TEST_F(paused, source_fails)
{
	struct test_vmo *vmo[2] = { &self->target, &self->source };
	struct vmop_thread *t = vmop_thread_call(do_copy, vmo);

	expect_read(&self->tp, &self->source, 0, 1);
	supply(&self->tp, &self->source, 0, 1);
	if (TRAPS) {
		asked_dirty(1, 2);
		grant(1, 2);
	}
	expect_read(&self->tp, &self->source, 1, 1);
	expect_blocked(t, &self->source, 1);
	begin(1, 2);
	fail_range(&self->tp, &self->source, 1, 1, EIO);
	expect_done(t, PG(1));
	end(1, 2);
	is_dirty(0);
	EXPECT_EQ(0, memcmp(self->target.map + PG(1), self->source.map, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(self->target.fd, KEY, PG(2), PG(1)));
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
