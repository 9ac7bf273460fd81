// SPDX-License-Identifier: GPL-2.0
/*
 * What a writeback does to those who have the pages mapped, or pinned: BEGIN takes
 * the permission to write from every mapping and leaves the mapping; what may be
 * written past the page tables stays dirty; leave to write alone makes nothing
 * writable.
 */
#include <sys/resource.h>
#include <sys/uio.h>

#include "test_child.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x3a9be
#define NEW (KEY + 1)
#define NR 8

FIXTURE(begin)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *map;
	char *second;		/* mapped once more */
	char *copy;		/* mapped privately */
};

FIXTURE_VARIANT(begin)
{
	__u32 flags;
};

FIXTURE_VARIANT_ADD(begin, no_trap)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(begin, trap)
{
	.flags = VMOP_VMO_TRAP_DIRTY,
};

FIXTURE_SETUP(begin)
{
	struct vmop_test_vmo_args args = {
		.flags = variant->flags, .key = KEY, .length = PG(NR),
	};

	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	supply(&self->tp, &self->vmo, 0, NR);
	self->map = self->vmo.map;
	self->second = mmap(NULL, PG(NR), PROT_READ | PROT_WRITE, MAP_SHARED,
			    self->vmo.fd, 0);
	ASSERT_NE(MAP_FAILED, self->second);
	self->copy = mmap(NULL, PG(NR), PROT_READ | PROT_WRITE, MAP_PRIVATE,
			  self->vmo.fd, 0);
	ASSERT_NE(MAP_FAILED, self->copy);
}

FIXTURE_TEARDOWN(begin)
{
	munmap(self->second, PG(NR));
	munmap(self->copy, PG(NR));
	test_pager_exit(&self->tp);
}

#define TRAPS (variant->flags & VMOP_VMO_TRAP_DIRTY)
#define asked(_pgoff) \
	ASSERT_EQ(0, test_wb_expect(&self->tp, &self->vmo, VMOP_RECORD_DIRTY, \
				    _pgoff, 1))
#define asked_none() expect_none(&self->tp)
#define grant(_pgoff) \
	ASSERT_EQ(0, test_wb_grant(&self->tp, &self->vmo, _pgoff, 1))
#define begin(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_begin(&self->tp, &self->vmo, _pgoff, _nr))
#define end(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_end(&self->tp, &self->vmo, _pgoff, _nr))
#define is_dirty(_nr) \
	EXPECT_EQ(PG(_nr), test_wb_dirty(&self->tp, &self->vmo))
#define store(_addr, _pgoff, _asks) do { \
	struct vmop_thread *__t = vmop_thread_store(_addr, 1, NEW, 0); \
	if (_asks) { \
		asked(_pgoff); \
		grant(_pgoff); \
	} \
	expect_done(__t, 1); \
	asked_none(); \
} while (0)

/* ---- permission ----------------------------------------------------------- */

static long minor_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt;
}

/* Faults that it takes to read a byte of each page, or to write it. */
static long faults_to_read(const volatile char *map)
{
	long before = minor_faults();
	int i;

	for (i = 0; i < NR; i++)
		(void)map[PG(i)];
	return minor_faults() - before;
}

static long faults_to_write(volatile char *map)
{
	long before = minor_faults();
	int i;

	for (i = 0; i < NR; i++)
		map[PG(i)] = i;
	return minor_faults() - before;
}

/* A process that does to its mapping what it is told, a letter a time. */
struct other {
	char *map;
	int to[2];
	int from[2];
	pid_t pid;
};

static int child_obeys(void *arg)
{
	struct other *o = arg;
	long faults;
	char what;

	while (read(o->to[0], &what, 1) == 1) {
		faults = what == 'r' ? faults_to_read(o->map) :
				       faults_to_write(o->map);
		if (write(o->from[1], &faults, sizeof(faults)) !=
		    sizeof(faults))
			return 1;
	}
	return 0;
}

static int other_start(struct other *o, char *map)
{
	o->map = map;
	if (pipe(o->to) || pipe(o->from))
		return -errno;
	o->pid = test_child_start(child_obeys, o);
	return o->pid < 0 ? o->pid : 0;
}

/* What it took, or -1. */
static long other_does(struct other *o, char what)
{
	long faults;

	if (write(o->to[1], &what, 1) != 1 ||
	    read(o->from[0], &faults, sizeof(faults)) != sizeof(faults))
		return -1;
	return faults;
}

/*
 * A fault maps what is there of the 16 pages, aligned by address, around it: in so
 * many windows does the mapping lie, wherever mmap() has put it.
 */
static int fault_windows(const char *map)
{
	unsigned long window = PG(16), start = (unsigned long)map;

	return (start + PG(NR) - 1) / window - start / window + 1;
}

/* All pages become dirty and mapped for writing, here, there and elsewhere. */
#define write_everywhere(_other) do { \
	int __i; \
	for (__i = 0; __i < NR; __i++) \
		store(self->map + PG(__i), __i, TRAPS); \
	EXPECT_LE(0, faults_to_write(self->second)); \
	EXPECT_LT(0, other_does(_other, 'w')); \
	EXPECT_EQ(0, faults_to_write(self->map)); \
	EXPECT_EQ(0, faults_to_write(self->second)); \
	EXPECT_EQ(0, other_does(_other, 'w')); \
	asked_none(); \
	is_dirty(NR); \
} while (0)

/*
 * Every mapping in every process keeps the pages and loses the permission to
 * write: reading takes no fault, writing one for each page.
 */
TEST_F(begin, takes_permission)
{
	struct other other;
	int i, nr_more;

	ASSERT_EQ(0, other_start(&other, self->map));
	write_everywhere(&other);
	begin(0, NR);
	EXPECT_EQ(0, faults_to_read(self->map));
	EXPECT_EQ(0, faults_to_read(self->second));
	EXPECT_EQ(0, other_does(&other, 'r'));
	EXPECT_TRUE(vmop_test_pte_present(self->map));
	is_dirty(NR);
	if (TRAPS) {
		for (i = 0; i < NR; i++)
			store(self->second + PG(i), i, true);
		EXPECT_EQ(0, faults_to_write(self->second));
	} else {
		EXPECT_EQ(NR, faults_to_write(self->second));
	}
	/*
	 * Dirty again: the others get their permission back by a fault each. Who asks
	 * for leave loses all mappings of the page: a fault more for each window maps
	 * what is around.
	 */
	nr_more = TRAPS ? fault_windows(self->map) : 0;
	EXPECT_EQ(NR + nr_more, other_does(&other, 'w'));
	EXPECT_EQ(NR + nr_more, faults_to_write(self->map));
	end(0, NR);
	is_dirty(NR);
	asked_none();
	ASSERT_EQ(0, test_child_kill(other.pid, SIGKILL, NULL));
}

/* Of the range, and of nothing else; END takes nothing. */
TEST_F(begin, takes_what_it_names)
{
	long faults;
	int i;

	for (i = 0; i < NR; i++)
		store(self->map + PG(i), i, TRAPS);
	begin(2, 3);
	store(self->map, 0, false);
	store(self->map + PG(1), 1, false);
	store(self->map + PG(2), 2, TRAPS);
	store(self->map + PG(5), 5, false);
	end(2, 3);
	is_dirty(NR - 2);
	EXPECT_EQ(0, faults_to_read(self->map));
	/* the one that was dirty again was and is writable */
	faults = minor_faults();
	*(volatile char *)(self->map + PG(2)) = 1;
	EXPECT_EQ(faults, minor_faults());
	store(self->map + PG(3), 3, TRAPS);
	is_dirty(NR - 1);
}

/* A child that the writer made while the page was writable is a mapping, too. */
TEST_F(begin, after_fork)
{
	struct other other;
	int i;

	for (i = 0; i < NR; i++)
		store(self->map + PG(i), i, TRAPS);
	ASSERT_EQ(0, other_start(&other, self->map));
	EXPECT_LE(0, other_does(&other, 'w'));
	begin(0, NR);
	end(0, NR);
	is_dirty(0);
	if (TRAPS) {
		/* one at a time, while it stores */
		ASSERT_EQ(1, write(other.to[1], "w", 1));
		for (i = 0; i < NR; i++) {
			asked(i);
			grant(i);
		}
		ASSERT_EQ(sizeof(long), read(other.from[0], &(long){ 0 },
					     sizeof(long)));
	} else {
		EXPECT_EQ(NR, other_does(&other, 'w'));
	}
	is_dirty(NR);
	ASSERT_EQ(0, test_child_kill(other.pid, SIGKILL, NULL));
}

/* Private copies are nobody else's. */
TEST_F(begin, private_copies)
{
	long faults;

	store(self->copy, 0, false);
	store(self->map, 0, TRAPS);
	store(self->map + PG(1), 1, TRAPS);
	EXPECT_EQ(self->map[PG(1)], self->copy[PG(1)]);
	begin(0, NR);
	faults = minor_faults();
	*(volatile char *)(self->copy + 1) = 'p';
	EXPECT_EQ(faults, minor_faults());
	store(self->copy + PG(1), 1, false);
	end(0, NR);
	is_dirty(0);
	EXPECT_EQ('p', self->copy[1]);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 8, PG(1) - 8));
}

/* What there is with TRAP alone. */
FIXTURE(leave)
{
	struct test_pager tp;
	struct test_vmo vmo;
};

FIXTURE_SETUP(leave)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_TRAP_DIRTY, .key = KEY, .length = PG(NR),
	};

	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	supply(&self->tp, &self->vmo, 0, NR);
}

FIXTURE_TEARDOWN(leave)
{
	test_pager_exit(&self->tp);
}

/* STA-3: who agrees makes dirty, not writable: the first store is seen. */
TEST_F(leave, is_not_permission)
{
	struct vmop_query_stats stats = {
		.size = sizeof(stats), .flags = VMOP_STATS_RESET,
		.vmo_fd = self->vmo.fd,
	};
	int i;

	EXPECT_LE(1, faults_to_read(self->vmo.map));
	for (i = 0; i < NR; i++)
		grant(i);
	is_dirty(NR);
	test_ioctl(self->tp.fd, VMOP_QUERY_STATS, &stats);
	EXPECT_EQ(0, stats.out_modified);
	EXPECT_EQ(0, faults_to_read(self->vmo.map));
	EXPECT_EQ(NR, faults_to_write(self->vmo.map));
	asked_none();
	test_ioctl(self->tp.fd, VMOP_QUERY_STATS, &stats);
	EXPECT_EQ(1, stats.out_modified);
}

/* ---- pins ----------------------------------------------------------------- */

/*
 * process_vm_readv() and _writev() pin the other side's pages, then copy; here the
 * copy waits for a page of another VMO, which comes when the test lets it.
 */
struct pin_call {
	bool wr;
	char *pinned;
	char *other;
};

static void do_pin(void *arg, struct vmop_result *res)
{
	struct pin_call *call = arg;
	struct iovec other = { call->other, PG(1) };
	struct iovec pinned = { call->pinned, PG(1) };

	if (call->wr)
		res->ret = process_vm_writev(getpid(), &other, 1, &pinned, 1, 0);
	else
		res->ret = process_vm_readv(getpid(), &other, 1, &pinned, 1, 0);
	res->err = res->ret < 0 ? errno : 0;
}

#define pin(_t, _call, _slow) do { \
	new_vmo(&self->tp, _slow, KEY + 2, 1); \
	(_call)->other = (_slow)->map; \
	*(_t) = vmop_thread_call(do_pin, _call); \
	expect_read(&self->tp, _slow, 0, 1); \
	expect_blocked(*(_t), _slow, 1); \
} while (0)

/* WB-24: who has it pinned may write to it, after the pager has read it. */
TEST_F(begin, pinned_for_writing)
{
	struct pin_call call = { .wr = true, .pinned = self->map + PG(2) };
	struct vmop_thread *t;
	struct test_vmo slow;

	store(self->map + PG(1), 1, TRAPS);
	store(self->map + PG(2), 2, TRAPS);
	pin(&t, &call, &slow);
	begin(0, NR);
	end(0, NR);
	is_dirty(1);
	supply(&self->tp, &slow, 0, 1);
	expect_done(t, PG(1));
	EXPECT_TRUE(vmop_test_check(self->map + PG(2), KEY + 2, 0, PG(1)));
	is_dirty(1);
	begin(0, NR);
	end(0, NR);
	is_dirty(0);
}

/* The pin makes it dirty, and it stays so, whoever writes it back in between. */
TEST_F(begin, pinned_while_clean)
{
	struct pin_call call = { .wr = true, .pinned = self->map + PG(2) };
	struct vmop_thread *t;
	struct test_vmo slow;

	if (TRAPS) {
		grant(2);
		asked_none();
	}
	pin(&t, &call, &slow);
	is_dirty(1);
	begin(2, 1);
	end(2, 1);
	begin(2, 1);
	end(2, 1);
	is_dirty(1);
	supply(&self->tp, &slow, 0, 1);
	expect_done(t, PG(1));
	is_dirty(1);
	begin(2, 1);
	EXPECT_TRUE(vmop_test_check_fd(slow.fd, KEY + 2, 0, PG(1)));
	EXPECT_EQ(0, memcmp(self->map + PG(2), slow.map, PG(1)));
	end(2, 1);
	is_dirty(0);
}

/* Nobody can tell a pin for reading from one for writing. */
TEST_F(begin, pinned_for_reading)
{
	struct pin_call call = { .wr = false, .pinned = self->map + PG(2) };
	struct vmop_thread *t;
	struct test_vmo slow;

	store(self->map + PG(2), 2, TRAPS);
	pin(&t, &call, &slow);
	begin(2, 1);
	end(2, 1);
	is_dirty(1);
	supply(&self->tp, &slow, 0, 1);
	expect_done(t, PG(1));
	begin(2, 1);
	end(2, 1);
	is_dirty(0);
}

/* A page in a pipe is only read: it may become clean. */
TEST_F(begin, in_a_pipe)
{
	struct iovec iov = { self->map + PG(2), PG(1) };
	char *buf = malloc(PG(1));
	int p[2];

	ASSERT_EQ(0, pipe(p));
	store(self->map + PG(2), 2, TRAPS);
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	begin(2, 1);
	end(2, 1);
	store(self->map + PG(2), 2, TRAPS);
	ASSERT_EQ(PG(1), read(p[0], buf, PG(1)));
	EXPECT_EQ(0, memcmp(buf, self->map + PG(2), PG(1)));
	begin(2, 1);
	end(2, 1);
	is_dirty(0);
	close(p[0]);
	close(p[1]);
	free(buf);
}

VMOP_TEST_MAIN
