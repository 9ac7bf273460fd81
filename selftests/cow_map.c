// SPDX-License-Identifier: GPL-2.0
/*
 * Mappings of clones: read-only until forked, made anew when the parent changes
 * (COW-4, COW-26), in forked processes, private ones, and under those who reach
 * memory past the CPU's page tables. What was shown for a plain VMO (failures
 * handed to the right thread, kills) is shown again through clones: REQ-24, REQ-25,
 * THR-2, THR-6 and PKT-5 of the specification of behaviour.
 */
#include <sys/uio.h>

#include "test_child.h"
#include "test_cow.h"
#include "test_dirty.h"
#include "test_loop.h"
#include "vmop_test.h"

#define OWN 0x3a90
#define NR 8

/* A root with all pages, or none, and a clone of it. */
FIXTURE(map)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
	struct test_cow c;
};

FIXTURE_VARIANT(map)
{
	bool pager;
	__u32 kind;
};

FIXTURE_VARIANT_ADD(map, following)
{
	.pager = true,
	.kind = ON_WRITE,
};

FIXTURE_VARIANT_ADD(map, frozen)
{
	.pager = true,
	.kind = SNAPSHOT,
};

FIXTURE_VARIANT_ADD(map, anonymous)
{
	.pager = false,
	.kind = SNAPSHOT,
};

FIXTURE_SETUP(map)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	if (variant->pager) {
		new_resizable(&self->tp, &self->vmo, OLD, NR);
		supply(&self->tp, &self->vmo, 0, NR);
		self->root = test_cow_of(&self->vmo);
	} else {
		filled(&self->root, VMOP_VMO_RESIZABLE, NR, OLD);
	}
	child(&self->c, self->root.fd, variant->kind, 0, NR);
}

FIXTURE_TEARDOWN(map)
{
	test_cow_close(&self->c);
	if (!variant->pager)
		test_cow_close(&self->root);
	test_pager_exit(&self->tp);
}

#define FOLLOWS (variant->kind == ON_WRITE)
#define maps(_v, _pgoff, _nr, _key) \
	EXPECT_TRUE(vmop_test_check((_v)->map + PG(_pgoff), _key, PG(_pgoff), \
				    PG(_nr)))
#define maps_zeros(_v, _pgoff, _nr) \
	EXPECT_TRUE(vmop_test_check_zero((_v)->map + PG(_pgoff), 0, PG(_nr)))
/* Otherwise what it was. */
#define maps_zeros_if_follows(_v, _pgoff, _nr) \
	EXPECT_TRUE(FOLLOWS ? \
		    vmop_test_check_zero((_v)->map + PG(_pgoff), 0, PG(_nr)) : \
		    vmop_test_check((_v)->map + PG(_pgoff), OLD, PG(_pgoff), \
				    PG(_nr)))
#define store(_v, _pgoff, _nr, _key) \
	ASSERT_EQ(0, test_cow_put(_v, true, _pgoff, _nr, _key, _pgoff))

static bool same_page(const void *a, const void *b)
{
	__u64 pfn[2];

	return !vmop_test_pfns(a, 1, &pfn[0]) &&
	       !vmop_test_pfns(b, 1, &pfn[1]) && pfn[0] == pfn[1];
}

/* COW-4: one page for both until one of them writes; then two. */
TEST_F(map, cow_4_one_page_until_forked)
{
	maps(&self->root, 0, NR, OLD);
	maps(&self->c, 0, NR, OLD);
	EXPECT_TRUE(same_page(self->root.map, self->c.map));
	EXPECT_TRUE(same_page(self->root.map + PG(5), self->c.map + PG(5)));
	self->c.map[PG(5)] ^= 1;
	EXPECT_FALSE(same_page(self->root.map + PG(5), self->c.map + PG(5)));
	EXPECT_TRUE(same_page(self->root.map + PG(4), self->c.map + PG(4)));
	maps(&self->root, 0, NR, OLD);
	maps(&self->c, 6, 2, OLD);
}

/* COW-26: every change of the parent is in the page table of who follows it. */
TEST_F(map, cow_26_parent_changes)
{
	maps(&self->c, 0, NR, OLD);
	store(&self->root, 0, 1, NEW);
	put(&self->root, 1, 1, NEW);
	zero_pages(self->root.fd, 2, 1);
	store(&self->c, 3, 1, OWN);
	store(&self->root, 3, 1, NEW);
	maps(&self->c, 3, 1, OWN);
	maps(&self->root, 0, 2, NEW);
	maps_zeros(&self->root, 2, 1);
	maps(&self->c, 0, 2, FOLLOWS ? NEW : OLD);
	maps_zeros_if_follows(&self->c, 2, 1);
	/* zeros that were mapped become a page again */
	store(&self->root, 2, 1, NEW);
	maps(&self->c, 2, 1, FOLLOWS ? NEW : OLD);
	test_set_size(self->root.fd, PG(4));
	maps_zeros_if_follows(&self->c, 4, 4);
	maps(&self->c, 3, 1, OWN);
}

/* COW-26: through several generations, each with a mapping that was looked at. */
TEST_F(map, cow_26_generations)
{
	struct test_cow g[3];
	unsigned int i;

	store(&self->c, 7, 1, OWN);
	child(&g[0], self->c.fd, variant->kind, 1, 6);
	store(&g[0], 5, 1, OWN);
	child(&g[1], g[0].fd, variant->kind, 1, 4);
	child(&g[2], g[1].fd, variant->kind, 1, 2);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(test_cow_shows(&g[i], true, 0, 2, OLD, i + 1));
	/* the root's page 3 is page 0 of the last, page 4 its page 1 */
	store(&self->root, 3, 1, NEW);
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(test_cow_shows(&g[i], true, 2 - i, 1,
					   FOLLOWS ? NEW : OLD, 3));
	/* in the middle: seen above by nobody, and below only by followers */
	store(&g[0], 3, 1, OWN);
	EXPECT_TRUE(test_cow_shows(&self->root, true, 4, 1, OLD, 4));
	EXPECT_TRUE(test_cow_shows(&self->c, true, 4, 1, OLD, 4));
	EXPECT_TRUE(test_cow_shows(&g[0], true, 3, 1, OWN, 3));
	for (i = 0; i < 3; i++)
		test_cow_close(&g[i]);
	maps(&self->c, 7, 1, OWN);
}

/* ---- processes -------------------------------------------------------------- */

/* Steps of two processes, in turns. */
struct turns {
	unsigned int step;	/* atomic */
	unsigned int wrong;
};

static void wait_step(struct turns *t, unsigned int step)
{
	__u64 end = vmop_test_now_ms() + vmop_test_timeout_ms();

	while (__atomic_load_n(&t->step, __ATOMIC_ACQUIRE) < step) {
		if (vmop_test_now_ms() > end)
			_exit(9);
		vmop_test_nap_ms(1);
	}
}

static void next_step(struct turns *t, unsigned int step)
{
	__atomic_store_n(&t->step, step, __ATOMIC_RELEASE);
}

struct fork_arg {
	struct turns *turns;
	struct test_cow *root;
	struct test_cow *c;
	char *priv;
};

#define wrong_if(_cond) do { \
	if (_cond) { \
		fprintf(stderr, "# child process: %s\n", #_cond); \
		arg->turns->wrong++; \
	} \
} while (0)

static int forked(void *data)
{
	struct fork_arg *arg = data;
	struct test_cow *c = arg->c;

	/* inherited, and the parent's stores since the fork are in it */
	wait_step(arg->turns, 1);
	wrong_if(!vmop_test_check(c->map, OWN, 0, PG(2)));
	wrong_if(!vmop_test_check(c->map + PG(2), OLD, PG(2), PG(2)));
	wrong_if(!vmop_test_check(arg->root->map, OLD, 0, PG(4)));
	c->map[PG(2)] = 42;
	arg->priv[0] = 43;
	next_step(arg->turns, 2);
	wait_step(arg->turns, 3);
	wrong_if(c->map[PG(3)] != 44);
	wrong_if(arg->priv[0] != 43);
	wrong_if(arg->priv[PG(1)] != 45);
	return arg->turns->wrong;
}

/* fork() of a process that maps a clone: shared is shared, private is not. */
TEST_F(map, fork)
{
	struct fork_arg arg = { .root = &self->root, .c = &self->c };
	int status;
	pid_t pid;

	arg.turns = mmap(NULL, PG(1), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	arg.priv = mmap(NULL, PG(2), PROT_READ | PROT_WRITE, MAP_PRIVATE,
			self->c.fd, PG(4));
	ASSERT_NE(MAP_FAILED, arg.priv);
	arg.priv[PG(1)] = 45;
	maps(&self->c, 0, NR, OLD);
	store(&self->c, 0, 1, OWN);
	pid = test_child_start(forked, &arg);
	ASSERT_LT(0, pid);
	store(&self->c, 0, 2, OWN);
	next_step(arg.turns, 1);
	wait_step(arg.turns, 2);
	EXPECT_EQ(42, self->c.map[PG(2)]);
	self->c.map[PG(3)] = 44;
	arg.priv[PG(1)] = 46;
	EXPECT_EQ((char)vmop_test_byte(OLD, PG(4)), arg.priv[0]);
	next_step(arg.turns, 3);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(0, status);
	maps(&self->root, 0, NR, OLD);
}

static int store_when_told(void *data)
{
	struct fork_arg *arg = data;

	arg->root->map[PG(1)] = 1;
	next_step(arg->turns, 1);
	wait_step(arg->turns, 2);
	/* this was writable in our page table before the snapshot */
	arg->root->map[PG(1)] = 2;
	next_step(arg->turns, 3);
	return 0;
}

/*
 * COW-15: a snapshot takes the write permission from all processes; what follows
 * sees the store.
 */
TEST_F(map, cow_15_of_other_processes)
{
	struct fork_arg arg = { .root = &self->root };
	struct test_cow s;
	int status;
	pid_t pid;

	arg.turns = mmap(NULL, PG(1), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid = test_child_start(store_when_told, &arg);
	ASSERT_LT(0, pid);
	wait_step(arg.turns, 1);
	child(&s, self->root.fd, variant->kind, 0, NR);
	EXPECT_EQ(1, s.map[PG(1)]);
	next_step(arg.turns, 2);
	wait_step(arg.turns, 3);
	EXPECT_EQ(2, self->root.map[PG(1)]);
	if (FOLLOWS) {
		EXPECT_EQ(2, s.map[PG(1)]);
		EXPECT_EQ(2, self->c.map[PG(1)]);
	} else {
		EXPECT_EQ(1, s.map[PG(1)]);
		maps(&self->c, 0, NR, OLD);
	}
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(0, status);
	test_cow_close(&s);
}

/* ---- private, pinned, copied by the kernel ------------------------------------ */

/* MAP_PRIVATE of a clone: a third copy, that nobody else sees or is seen by. */
TEST_F(map, private)
{
	char *priv = mmap(NULL, PG(NR), PROT_READ | PROT_WRITE, MAP_PRIVATE,
			  self->c.fd, 0);

	ASSERT_NE(MAP_FAILED, priv);
	EXPECT_TRUE(vmop_test_check(priv, OLD, 0, PG(NR)));
	priv[0] = 1;
	EXPECT_EQ(0, vmop_test_committed(self->c.fd));
	store(&self->c, 0, 2, OWN);
	EXPECT_EQ(1, priv[0]);
	EXPECT_TRUE(vmop_test_check(priv + 1, OLD, 1, PG(1) - 1));
	EXPECT_TRUE(vmop_test_check(priv + PG(1), OWN, PG(1), PG(1)));
	priv[PG(1)] ^= 1;
	maps(&self->c, 0, 2, OWN);
	store(&self->root, 2, 1, NEW);
	EXPECT_TRUE(vmop_test_check(priv + PG(2), FOLLOWS ? NEW : OLD, PG(2),
				    PG(1)));
	munmap(priv, PG(NR));
	maps(&self->root, 0, 2, OLD);
}

/* process_vm_readv, process_vm_writev: from and to a clone's mapping. */
TEST_F(map, process_vm)
{
	char *buf = malloc(PG(2));
	struct iovec local = { buf, PG(2) };
	struct iovec remote = { self->c.map + PG(1), PG(2) };

	ASSERT_EQ(PG(2), process_vm_readv(getpid(), &local, 1, &remote, 1, 0));
	EXPECT_TRUE(vmop_test_check(buf, OLD, PG(1), PG(2)));
	vmop_test_fill(buf, OWN, PG(1), PG(2));
	ASSERT_EQ(PG(2), process_vm_writev(getpid(), &local, 1, &remote, 1,
					   0));
	maps(&self->c, 1, 2, OWN);
	maps(&self->root, 0, NR, OLD);
	EXPECT_EQ(PG(2), vmop_test_committed(self->c.fd));
	free(buf);
}

/* O_DIRECT: the device reads into a clone's pages, and writes from shared ones. */
TEST_F(map, direct_io)
{
	struct loop_dev loop;
	char *buf = malloc(PG(4));

	loop_init(&loop);
	vmop_test_fill(buf, NEW, PG(2), PG(2));
	ASSERT_EQ(PG(2), pwrite(loop.mem, buf, PG(2), 0));
	/* into pages that are the parent's so far */
	ASSERT_EQ(PG(2), pread(loop.fd, self->c.map + PG(2), PG(2), 0));
	maps(&self->c, 2, 2, NEW);
	maps(&self->root, 0, NR, OLD);
	shows(&self->c, 2, 2, NEW);
	/* from pages that still are */
	ASSERT_EQ(PG(2), pwrite(loop.fd, self->c.map + PG(4), PG(2), PG(2)));
	ASSERT_EQ(PG(2), pread(loop.mem, buf, PG(2), PG(2)));
	EXPECT_TRUE(vmop_test_check(buf, OLD, PG(4), PG(2)));
	close(loop.fd);
	free(buf);
}

/* vmsplice: what is in the pipe is what was there, or what is; never another's. */
TEST_F(map, vmsplice)
{
	struct iovec iov = { self->c.map + PG(1), PG(1) };
	char *buf = malloc(PG(1));
	int p[2];

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	store(&self->root, 1, 1, NEW);
	store(&self->c, 1, 1, OWN);
	ASSERT_EQ(PG(1), read(p[0], buf, PG(1)));
	EXPECT_TRUE(vmop_test_check(buf, buf[0] ==
				    (char)vmop_test_byte(OLD, PG(1)) ? OLD :
				    buf[0] == (char)vmop_test_byte(OWN, PG(1)) ?
				    OWN : NEW, PG(1), PG(1)));
	maps(&self->root, 1, 1, NEW);
	maps(&self->c, 1, 1, OWN);
	free(buf);
	close(p[0]);
	close(p[1]);
}

/* A write() whose source is a mapping of the clone that it writes to, or of kin. */
TEST_F(map, kernel_copies_between_kin)
{
	ASSERT_EQ(PG(2), vmop_test_pwrite(self->root.fd, self->c.map + PG(4),
					  PG(2), 0));
	EXPECT_TRUE(vmop_test_check(self->root.map, OLD, PG(4), PG(2)));
	ASSERT_EQ(PG(2), vmop_test_pwrite(self->c.fd, self->c.map + PG(6),
					  PG(2), PG(4)));
	EXPECT_TRUE(vmop_test_check(self->c.map + PG(4), OLD, PG(6), PG(2)));
	ASSERT_EQ(PG(2), vmop_test_pread(self->root.fd, self->c.map + PG(2),
					 PG(2), PG(6)));
	EXPECT_TRUE(vmop_test_check(self->c.map + PG(2), OLD, PG(6), PG(2)));
	maps(&self->root, 2, NR - 2, OLD);
}

/* ---- page tables --------------------------------------------------------------- */

/*
 * After a snapshot nothing is writable; a read may stay mapped. Who is followed
 * keeps what it has, its stores are seen.
 */
TEST_F(map, page_tables_after_snapshot)
{
	struct test_cow s;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		store(&self->root, 0, NR, NEW + i);
		child(&s, self->root.fd, variant->kind, 0, NR);
		store(&self->root, i % NR, 1, OLD);
		maps(&s, 0, i % NR, NEW + i);
		maps(&s, i % NR, 1, FOLLOWS ? OLD : NEW + i);
		maps(&s, i % NR + 1, NR - i % NR - 1, NEW + i);
		store(&s, (i + 1) % NR, 1, OWN);
		maps(&self->root, (i + 1) % NR, 1, NEW + i);
		test_cow_close(&s);
	}
}

/*
 * COW-21: who is left alone may write in place: no more pages than there are. What
 * came from a pager stays the pager's.
 */
TEST_F(map, page_tables_after_close)
{
	maps(&self->c, 0, NR, OLD);
	if (variant->pager)
		test_vmo_close(&self->tp, &self->vmo);
	else
		test_cow_close(&self->root);
	EXPECT_EQ(variant->pager ? 0 : PG(NR),
		  vmop_test_committed(self->c.fd));
	maps(&self->c, 0, NR, OLD);
	store(&self->c, 0, NR, OWN);
	EXPECT_EQ(PG(NR), vmop_test_committed(self->c.fd));
	maps(&self->c, 0, NR, OWN);
	self->root.fd = -1;
}

/* mremap and mprotect of a clone's mapping, before and after it forks. */
TEST_F(map, mremap_and_mprotect)
{
	char *moved;

	maps(&self->c, 0, NR, OLD);
	store(&self->c, 1, 1, OWN);
	ASSERT_EQ(0, mprotect(self->c.map, PG(NR), PROT_READ));
	EXPECT_NE(0, vmop_mem_write(self->c.map, "x", 1, NULL));
	ASSERT_EQ(0, mprotect(self->c.map, PG(NR), PROT_READ | PROT_WRITE));
	moved = mmap(NULL, PG(NR), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	moved = mremap(self->c.map, PG(NR), PG(NR),
		       MREMAP_MAYMOVE | MREMAP_FIXED, moved);
	ASSERT_NE(MAP_FAILED, moved);
	self->c.map = moved;
	maps(&self->c, 0, 1, OLD);
	maps(&self->c, 1, 1, OWN);
	store(&self->c, 2, 1, OWN);
	store(&self->root, 3, 1, NEW);
	maps(&self->c, 2, 1, OWN);
	maps(&self->c, 3, 1, FOLLOWS ? NEW : OLD);
	maps(&self->root, 0, 3, OLD);
}

VMOP_TEST_MAIN
