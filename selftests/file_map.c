// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of a VMO behave as those of any file: shared, private, read-only,
 * moved, split, merged, inherited; and they agree with read() and write().
 *
 * The test pager serves what is absent, so every test also runs through the
 * fault path.
 */
#include <sys/wait.h>

#include "vmop_test.h"

#define KEY 0x3a90
#define NR 16

FIXTURE(map)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *map;
};

FIXTURE_SETUP(map)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };

	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, KEY, NR);
	self->map = self->vmo.map;
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
}

FIXTURE_TEARDOWN(map)
{
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	test_pager_exit(&self->tp);
}

static char *map_at(void *addr, int fd, __u64 pgoff, __u64 nr, int prot,
		    int flags)
{
	return mmap(addr, PG(nr), prot, flags | (addr ? MAP_FIXED : 0), fd,
		    PG(pgoff));
}

#define RW (PROT_READ | PROT_WRITE)

/* A place of nr pages where mappings can be laid side by side. */
static char *reserve(__u64 nr)
{
	return mmap(NULL, PG(nr), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
}

/* Runs fn in a child and returns its exit status, or -1. */
#define in_child(_code) ({ \
	int __st = -1; \
	pid_t __pid = fork(); \
	if (!__pid) \
		_exit(_code); \
	if (__pid > 0 && waitpid(__pid, &__st, 0) == __pid && \
	    WIFEXITED(__st)) \
		__st = WEXITSTATUS(__st); \
	else \
		__st = -1; \
	__st; \
})

/* Calls and mappings see the same bytes, whoever wrote last. */
TEST_F(map, coherent_with_calls)
{
	char *two = map_at(NULL, self->vmo.fd, 0, NR, RW, MAP_SHARED);
	char c;

	ASSERT_NE(MAP_FAILED, two);
	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(2)));
	ASSERT_EQ(1, vmop_test_pwrite(self->vmo.fd, "a", 1, 10));
	EXPECT_EQ('a', self->map[10]);
	EXPECT_EQ('a', two[10]);
	self->map[11] = 'b';
	EXPECT_EQ('b', two[11]);
	ASSERT_EQ(1, vmop_test_pread(self->vmo.fd, &c, 1, 11));
	EXPECT_EQ('b', c);
	/* an absent page: written by call, by one mapping, seen by the other */
	ASSERT_EQ(1, vmop_test_pwrite(self->vmo.fd, "c", 1, PG(5) + 1));
	two[PG(5) + 2] = 'd';
	EXPECT_EQ('c', self->map[PG(5) + 1]);
	EXPECT_EQ('d', self->map[PG(5) + 2]);
	EXPECT_TRUE(vmop_test_check(self->map + PG(5) + 3, KEY, PG(5) + 3,
				    100));
	munmap(two, PG(NR));
}

/*
 * A page of zeros has no memory of its own. Whoever writes it first, by call
 * or through a mapping, is seen by all who have read it before.
 */
TEST_F(map, zero_page_is_replaced_everywhere)
{
	char *two = map_at(NULL, self->vmo.fd, 0, NR, RW, MAP_SHARED);
	char *ro = map_at(NULL, self->vmo.fd, 0, NR, PROT_READ, MAP_SHARED);
	char *priv = map_at(NULL, self->vmo.fd, 0, NR, RW, MAP_PRIVATE);
	char c;
	int i;

	ASSERT_NE(MAP_FAILED, two);
	ASSERT_NE(MAP_FAILED, ro);
	ASSERT_NE(MAP_FAILED, priv);
	/* 0..3 zeros by ZERO, 4..7 markers */
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(4), NULL);
	supply_empty(&self->tp, &self->vmo, 4, 4);
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, self->map[PG(i)]);
		EXPECT_EQ(0, two[PG(i)]);
		EXPECT_EQ(0, ro[PG(i)]);
		EXPECT_EQ(0, priv[PG(i)]);
	}
	EXPECT_EQ(0, vmop_test_committed(self->vmo.fd));
	for (i = 0; i < 8; i++) {
		if (i & 1)
			two[PG(i) + i] = 'm';
		else
			ASSERT_EQ(1, vmop_test_pwrite(self->vmo.fd, "m", 1,
						      PG(i) + i));
		EXPECT_EQ(PG(i + 1), vmop_test_committed(self->vmo.fd));
		EXPECT_EQ('m', self->map[PG(i) + i]);
		EXPECT_EQ('m', two[PG(i) + i]);
		EXPECT_EQ('m', ro[PG(i) + i]);
		EXPECT_EQ('m', priv[PG(i) + i]);
		ASSERT_EQ(1, vmop_test_pread(self->vmo.fd, &c, 1, PG(i) + i));
		EXPECT_EQ('m', c);
	}
	EXPECT_EQ(0, vmop_test_requests(self->vmo.fd));
	munmap(two, PG(NR));
	munmap(ro, PG(NR));
	munmap(priv, PG(NR));
}

/* Writing a page of zeros in a private mapping takes nothing from the VMO. */
TEST_F(map, zero_page_private_write)
{
	char *priv = map_at(NULL, self->vmo.fd, 0, 2, RW, MAP_PRIVATE);

	ASSERT_NE(MAP_FAILED, priv);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(2), NULL);
	EXPECT_EQ(0, priv[0]);
	priv[0] = 1;
	priv[PG(1)] = 1;
	EXPECT_EQ(0, vmop_test_committed(self->vmo.fd));
	EXPECT_EQ(0, self->map[0]);
	EXPECT_EQ(0, self->map[PG(1)]);
	munmap(priv, PG(2));
}

/* Accesses that the descriptor does not allow. */
TEST_F(map, protection)
{
	char *ro, *priv, *shared;
	struct vmop_result res = { 0 };
	char one = 1;
	int fd;

	test_reopen(&fd, self->vmo.fd, O_RDONLY | O_CLOEXEC);
	EXPECT_EQ(MAP_FAILED, map_at(NULL, fd, 0, 1, RW, MAP_SHARED));
	EXPECT_EQ(EACCES, errno);
	ro = map_at(NULL, fd, 0, 2, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, ro);
	EXPECT_TRUE(vmop_test_check(ro, KEY, 0, PG(2)));
	EXPECT_EQ(-1, mprotect(ro, PG(1), RW));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-EFAULT, vmop_mem_write(ro, &one, 1, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	priv = map_at(NULL, fd, 0, 2, RW, MAP_PRIVATE);
	ASSERT_NE(MAP_FAILED, priv);
	priv[PG(1)] = 'p';
	EXPECT_EQ(vmop_test_byte(KEY, PG(1)), (__u8)ro[PG(1)]);

	/* no access, reading, writing, and back */
	shared = map_at(NULL, self->vmo.fd, 4, 1, PROT_NONE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, shared);
	EXPECT_EQ(-EFAULT, vmop_mem_touch(shared, 1, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	ASSERT_EQ(0, mprotect(shared, PG(1), PROT_READ));
	EXPECT_TRUE(vmop_test_check(shared, KEY, PG(4), PG(1)));
	EXPECT_EQ(-EFAULT, vmop_mem_write(shared, &one, 1, &res));
	ASSERT_EQ(0, mprotect(shared, PG(1), RW));
	shared[9] = 9;
	EXPECT_EQ(9, self->map[PG(4) + 9]);
	munmap(shared, PG(1));
	munmap(priv, PG(2));
	munmap(ro, PG(2));
	close(fd);
}

/* MAP_PRIVATE: copies on write are the process' own, the rest is the file's. */
TEST_F(map, private)
{
	char *priv = map_at(NULL, self->vmo.fd, 0, 4, RW, MAP_PRIVATE);

	ASSERT_NE(MAP_FAILED, priv);
	/* written while absent, and after it was read */
	priv[5] = 'p';
	EXPECT_EQ(vmop_test_byte(KEY, PG(1)), (__u8)priv[PG(1)]);
	priv[PG(1)] = 'q';
	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(4)));
	EXPECT_EQ('p', priv[5]);
	EXPECT_TRUE(vmop_test_check(priv + 6, KEY, 6, PG(1) - 6));
	EXPECT_EQ('q', priv[PG(1)]);
	/* no copy yet: sees what others write */
	EXPECT_EQ(vmop_test_byte(KEY, PG(2)), (__u8)priv[PG(2)]);
	self->map[PG(2)] = 's';
	EXPECT_EQ('s', priv[PG(2)]);
	self->map[5] = 't';
	EXPECT_EQ('p', priv[5]);
	munmap(priv, PG(4));
	/* nothing of it dirtied the VMO but the two stores to the mapping */
	detach(&self->tp, &self->vmo);
	EXPECT_EQ(PG(2), vmop_test_committed(self->vmo.fd));
}

/* Private and shared mappings of the same pages, side by side. */
TEST_F(map, private_neighbours)
{
	char *at = reserve(6);

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_NE(MAP_FAILED, map_at(at, self->vmo.fd, 0, 2, RW, MAP_SHARED));
	ASSERT_NE(MAP_FAILED, map_at(at + PG(2), self->vmo.fd, 2, 2, RW,
				     MAP_PRIVATE));
	ASSERT_NE(MAP_FAILED, map_at(at + PG(4), self->vmo.fd, 4, 2, RW,
				     MAP_SHARED));
	EXPECT_TRUE(vmop_test_check(at, KEY, 0, PG(6)));
	memset(at + PG(1), 'x', PG(4));
	EXPECT_EQ('x', self->map[PG(1)]);
	EXPECT_EQ('x', self->map[PG(2) - 1]);
	EXPECT_TRUE(vmop_test_check(self->map + PG(2), KEY, PG(2), PG(2)));
	EXPECT_EQ('x', self->map[PG(4)]);
	EXPECT_EQ('x', self->map[PG(5) - 1]);
	EXPECT_TRUE(vmop_test_check(self->map + PG(5), KEY, PG(5), PG(1)));
	munmap(at, PG(6));
}

/*
 * Mappings laid side by side: continuing ones may become one, others must
 * not; a hole is cut into the middle of what merged.
 */
TEST_F(map, adjacent)
{
	struct vmop_result res = { 0 };
	char *at = reserve(8);

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_NE(MAP_FAILED, map_at(at, self->vmo.fd, 3, 2, RW, MAP_SHARED));
	EXPECT_EQ(vmop_test_byte(KEY, PG(3)), (__u8)at[0]);
	/* continues */
	ASSERT_NE(MAP_FAILED, map_at(at + PG(2), self->vmo.fd, 5, 2, RW,
				     MAP_SHARED));
	/* jumps back */
	ASSERT_NE(MAP_FAILED, map_at(at + PG(4), self->vmo.fd, 3, 4, RW,
				     MAP_SHARED));
	EXPECT_TRUE(vmop_test_check(at, KEY, PG(3), PG(4)));
	EXPECT_TRUE(vmop_test_check(at + PG(4), KEY, PG(3), PG(4)));
	at[PG(1)] = 'z';
	EXPECT_EQ('z', at[PG(5)]);
	ASSERT_EQ(0, munmap(at + PG(1), PG(2)));
	EXPECT_EQ(vmop_test_byte(KEY, PG(3)), (__u8)at[0]);
	EXPECT_EQ(-EFAULT, vmop_mem_touch(at + PG(1), 1, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	EXPECT_TRUE(vmop_test_check(at + PG(3), KEY, PG(6), PG(1)));
	EXPECT_EQ('z', at[PG(5)]);
	munmap(at, PG(8));
}

/* A mapping that reaches over the end: SIGBUS exactly behind it. */
TEST_F(map, over_the_end)
{
	char *at = map_at(NULL, self->vmo.fd, NR - 1, 3, RW, MAP_SHARED);
	struct vmop_result res = { 0 };

	ASSERT_NE(MAP_FAILED, at);
	EXPECT_TRUE(vmop_test_check(at, KEY, PG(NR - 1), PG(1)));
	EXPECT_EQ(-EFAULT, vmop_mem_touch(at + PG(1), 1, &res));
	EXPECT_EQ(SIGBUS, res.sig);
	EXPECT_EQ(BUS_ADRERR, res.sig_code);
	EXPECT_EQ((void *)(at + PG(1)), res.sig_addr);
	/* the file grows into the mapping */
	test_set_size(self->vmo.fd, PG(NR + 1));
	EXPECT_EQ(0, at[PG(1)]);
	EXPECT_EQ(-EFAULT, vmop_mem_touch(at + PG(2), 1, &res));
	EXPECT_EQ(SIGBUS, res.sig);
	munmap(at, PG(3));
}

/* mremap(): moved, grown and cut mappings show the same file. */
TEST_F(map, mremap)
{
	char *at = map_at(NULL, self->vmo.fd, 2, 4, RW, MAP_SHARED);
	struct vmop_result res = { 0 };
	char *to = reserve(8), *old = at;

	ASSERT_NE(MAP_FAILED, at);
	ASSERT_NE(MAP_FAILED, to);
	at[PG(1)] = 'm';
	at = mremap(at, PG(4), PG(8), MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ASSERT_EQ(to, at);
	EXPECT_EQ('m', at[PG(1)]);
	EXPECT_TRUE(vmop_test_check(at + PG(2), KEY, PG(4), PG(6)));
	EXPECT_EQ(-EFAULT, vmop_mem_touch(old, 1, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	ASSERT_EQ(at, mremap(at, PG(8), PG(2), 0));
	EXPECT_EQ(-EFAULT, vmop_mem_touch(at + PG(2), 1, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	at[0] = 'n';
	EXPECT_EQ('n', self->map[PG(2)]);
	/* old_size 0 makes a second mapping of a shared one */
	to = mremap(at, 0, PG(2), MREMAP_MAYMOVE);
	ASSERT_NE(MAP_FAILED, to);
	EXPECT_EQ('n', to[0]);
	to[1] = 'o';
	EXPECT_EQ('o', at[1]);
	munmap(to, PG(2));
	munmap(at, PG(2));
}

/* fork(): shared mappings stay shared, private ones part. */
TEST_F(map, fork)
{
	char *priv = map_at(NULL, self->vmo.fd, 0, 4, RW, MAP_PRIVATE);
	char *map = self->map;

	ASSERT_NE(MAP_FAILED, priv);
	priv[0] = 'p';
	map[PG(8)] = 's';
	EXPECT_EQ(0, in_child(({
		int bad = priv[0] != 'p' || map[PG(8)] != 's';

		/* absent pages, faulted in by the child */
		bad |= !vmop_test_check(map + PG(9), KEY, PG(9), PG(2));
		priv[0] = 'c';
		priv[PG(1)] = 'c';
		map[PG(8)] = 'c';
		map[PG(12)] = 'c';
		bad;
	})));
	EXPECT_EQ('p', priv[0]);
	EXPECT_TRUE(vmop_test_check(priv + PG(1), KEY, PG(1), PG(1)));
	EXPECT_EQ('c', map[PG(8)]);
	EXPECT_EQ('c', map[PG(12)]);
	munmap(priv, PG(4));
}

/* A mapping keeps its VMO when all descriptors are closed (DET-14). */
TEST_F(map, outlives_descriptor)
{
	struct test_vmo vmo;
	char *at;

	new_vmo(&self->tp, &vmo, KEY + 1, 4);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY + 1, 0, PG(4)));
	at = map_at(NULL, vmo.fd, 0, 4, RW, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, at);
	test_vmo_close(&self->tp, &vmo);
	EXPECT_TRUE(vmop_test_check(at, KEY + 1, 0, PG(4)));
	at[PG(3)] = 1;
	EXPECT_EQ(0, __atomic_load_n(&self->tp.nr_completes,
				     __ATOMIC_RELAXED));
	munmap(at, PG(4));
}

/*
 * Advice about memory: whatever the kernel makes of it, content stays, what
 * was written stays, and the pager is not asked again.
 */
TEST_F(map, madvise)
{
	static const int advices[] = {
		MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_DONTNEED,
		MADV_COLD, MADV_PAGEOUT, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_MERGEABLE, MADV_DONTFORK, MADV_DOFORK, MADV_DONTDUMP,
		MADV_DODUMP,
	};
	__u64 requests;
	unsigned int i;

	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(4)));
	self->map[PG(1)] = 'd';
	requests = vmop_test_requests(self->vmo.fd);
	for (i = 0; i < sizeof(advices) / sizeof(*advices); i++) {
		/* some are refused on a kernel without the feature */
		if (madvise(self->map, PG(4), advices[i]))
			EXPECT_EQ(EINVAL, errno);
		EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(1)));
		EXPECT_EQ('d', self->map[PG(1)]);
		EXPECT_TRUE(vmop_test_check(self->map + PG(2), KEY, PG(2),
					    PG(2)));
	}
	EXPECT_EQ(requests, vmop_test_requests(self->vmo.fd));

	/* MADV_REMOVE is a hole: ZERO */
	ASSERT_EQ(0, madvise(self->map + PG(2), PG(1), MADV_REMOVE));
	EXPECT_TRUE(vmop_test_check_zero(self->map + PG(2), PG(2), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, PG(2), PG(1)));
	EXPECT_EQ(requests, vmop_test_requests(self->vmo.fd));
	EXPECT_EQ(0, msync(self->map + PG(4), PG(1), MS_ASYNC));
}

/* A mapping that was replaced by one of another VMO shows that one. */
TEST_F(map, remap_to_another)
{
	struct test_vmo other;
	char *at = map_at(NULL, self->vmo.fd, 0, 4, RW, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, at);
	new_vmo(&self->tp, &other, KEY + 1, 4);
	EXPECT_TRUE(vmop_test_check(at, KEY, 0, PG(4)));
	ASSERT_EQ(at, map_at(at, other.fd, 0, 4, RW, MAP_SHARED));
	EXPECT_TRUE(vmop_test_check(at, KEY + 1, 0, PG(4)));
	munmap(at, PG(4));
}

#ifdef __x86_64__
/* Code runs from a VMO, fetched page by page. */
TEST_F(map, exec)
{
	/* mov $42, %eax; ret */
	static const char code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	int (*fn)(void);
	char *at;

	ASSERT_EQ(6, vmop_test_pwrite(self->vmo.fd, code, 6, PG(2)));
	at = map_at(NULL, self->vmo.fd, 2, 1, PROT_READ | PROT_EXEC,
		    MAP_PRIVATE);
	ASSERT_NE(MAP_FAILED, at);
	memcpy(&fn, &at, sizeof(fn));
	EXPECT_EQ(42, fn());
	munmap(at, PG(1));
}
#endif

/* Threads of one process, each its own stripe, all at once. */
static void do_stripe(void *arg, struct vmop_result *res)
{
	char *at = arg;
	__u64 i;

	for (i = 0; i < PG(NR); i += 64)
		__atomic_add_fetch(at + i, 1, __ATOMIC_RELAXED);
	res->ret = 0;
}

TEST_F(map, threads_write_together)
{
	struct vmop_thread *t[8];
	__u64 off, wrong = 0;
	int i;

	for (i = 0; i < 8; i++) {
		t[i] = vmop_thread_call(do_stripe, self->map + i);
		ASSERT_NE(NULL, t[i]);
	}
	for (i = 0; i < 8; i++)
		expect_done(t[i], 0);
	for (off = 0; off < PG(NR); off += 64)
		for (i = 0; i < 8; i++)
			wrong += self->map[off + i] !=
				 (char)(vmop_test_byte(KEY, off + i) + 1);
	EXPECT_EQ(0, wrong);
	EXPECT_EQ(NR, vmop_test_requests(self->vmo.fd));
}

VMOP_TEST_MAIN
