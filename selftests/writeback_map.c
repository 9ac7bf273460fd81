// SPDX-License-Identifier: GPL-2.0
/*
 * Dirty tracking through mappings: every way to change a clean page of a trapping
 * VMO asks first, no other way asks; and what WRITEBACK_BEGIN does to those who
 * have the page mapped, or pinned.
 */
#include <linux/io_uring.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "test_child.h"
#include "test_loop.h"
#include "test_ring.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x3a9b
#define NEW (KEY + 1)
#define NR 8
#define RW (PROT_READ | PROT_WRITE)

/* All pages are there and clean, and mapped by nobody. */
FIXTURE(trap)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *map;
};

static int make_trapping(struct test_pager *tp, struct test_vmo *vmo)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_TRAP_DIRTY, .key = KEY, .length = PG(NR),
	};
	int ret = test_wb_init(tp);

	if (!ret)
		ret = test_pager_vmo_args(tp, vmo, &args);
	return ret ? ret : test_pager_supply(tp, vmo, 0, NR);
}

FIXTURE_SETUP(trap)
{
	ASSERT_EQ(0, make_trapping(&self->tp, &self->vmo));
	self->map = self->vmo.map;
}

FIXTURE_TEARDOWN(trap)
{
	expect_none(&self->tp);
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	test_pager_exit(&self->tp);
}

#define blocked(_t) expect_blocked(_t, &self->vmo, 1)
#define asked(_pgoff) \
	ASSERT_EQ(0, test_wb_expect(&self->tp, &self->vmo, VMOP_RECORD_DIRTY, \
				    _pgoff, 1))
#define asked_none() expect_none(&self->tp)
#define grant(_pgoff) \
	ASSERT_EQ(0, test_wb_grant(&self->tp, &self->vmo, _pgoff, 1))
#define deny() \
	test_fail_id(self->tp.fd, self->vmo.fd, self->tp.last.id, EIO)
#define is_dirty(_nr) \
	EXPECT_EQ(PG(_nr), test_wb_dirty(&self->tp, &self->vmo))
/* A store to this byte of memory that must ask for leave first, or must not. */
#define store_asks(_addr, _pgoff) do { \
	struct vmop_thread *__t = vmop_thread_store(_addr, 1, NEW, 0); \
	asked(_pgoff); \
	blocked(__t); \
	grant(_pgoff); \
	expect_done(__t, 1); \
} while (0)
#define store_free(_addr) do { \
	struct vmop_thread *__t = vmop_thread_store(_addr, 1, NEW, 0); \
	expect_done(__t, 1); \
	asked_none(); \
} while (0)

static char *map_at(int fd, int prot, int flags)
{
	return mmap(NULL, PG(NR), prot, flags, fd, 0);
}

/* ---- stores --------------------------------------------------------------- */

/* Once for each page, whether it was mapped before or not. */
TEST_F(trap, store)
{
	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(2)));
	store_asks(self->map, 0);
	store_free(self->map + 9);
	test_vmo_unmap(&self->tp, &self->vmo);
	ASSERT_EQ(0, test_vmo_map(&self->tp, &self->vmo, NR));
	store_asks(self->vmo.map + PG(5), 5);
	is_dirty(2);
}

TEST_F(trap, mprotect)
{
	char *map = map_at(self->vmo.fd, PROT_READ, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(vmop_test_check(map, KEY, 0, PG(2)));
	ASSERT_EQ(0, mprotect(map, PG(NR), RW));
	store_asks(map, 0);
	/* there and back: what is dirty stays so */
	ASSERT_EQ(0, mprotect(map, PG(NR), PROT_READ));
	ASSERT_EQ(0, mprotect(map, PG(NR), RW));
	store_free(map);
	store_asks(map + PG(1), 1);
	ASSERT_EQ(0, mprotect(map, PG(NR), PROT_NONE));
	ASSERT_EQ(0, mprotect(map, PG(NR), RW));
	store_free(map + PG(1));
	is_dirty(2);
	munmap(map, PG(NR));
}

/* A private mapping writes to a copy. */
TEST_F(trap, private)
{
	char *map = map_at(self->vmo.fd, RW, MAP_PRIVATE);
	char *now = map_at(self->vmo.fd, RW, MAP_PRIVATE | MAP_POPULATE);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, now);
	store_free(map);
	EXPECT_TRUE(vmop_test_check(map + PG(1), KEY, PG(1), PG(1)));
	store_free(map + PG(1));
	ASSERT_EQ(0, madvise(map + PG(2), PG(2), MADV_POPULATE_WRITE));
	store_free(map + PG(2));
	store_free(now);
	is_dirty(0);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, PG(NR)));
	munmap(map, PG(NR));
	munmap(now, PG(NR));
}

static int child_stores(void *arg)
{
	*(volatile char *)arg = 'c';
	return 0;
}

/* A page that the parent has mapped for reading, one for writing. */
TEST_F(trap, fork)
{
	int status;
	pid_t pid;

	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(1)));
	pid = test_child_start(child_stores, self->map);
	ASSERT_LT(0, pid);
	asked(0);
	ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, 1));
	EXPECT_EQ(vmop_test_byte(KEY, 0), (__u8)self->map[0]);
	grant(0);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(0, status);
	EXPECT_EQ('c', self->map[0]);
	store_asks(self->map + PG(1), 1);
	pid = test_child_start(child_stores, self->map + PG(1));
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(0, status);
	EXPECT_EQ('c', self->map[PG(1)]);
	is_dirty(2);
}

/* Made present for reading, and kept so: the store still asks. */
TEST_F(trap, populated_and_locked)
{
	char *map = map_at(self->vmo.fd, RW, MAP_SHARED | MAP_POPULATE);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(vmop_test_pte_present(map));
	ASSERT_EQ(0, madvise(self->map, PG(2), MADV_POPULATE_READ));
	EXPECT_TRUE(vmop_test_pte_present(self->map));
	ASSERT_EQ(0, mlock(self->map + PG(4), PG(2)));
	EXPECT_TRUE(vmop_test_pte_present(self->map + PG(4)));
	asked_none();
	is_dirty(0);
	store_asks(map, 0);
	store_asks(self->map + PG(1), 1);
	store_asks(self->map + PG(4), 4);
	store_free(self->map + PG(4));
	is_dirty(3);
	munmap(map, PG(NR));
}

/* Refused: SIGBUS, and the page is as it was. */
TEST_F(trap, denied)
{
	struct vmop_thread *t;
	int i;

	for (i = 0; i < 2; i++) {
		t = vmop_thread_store(self->map + PG(2) + 8, 8, NEW, 8);
		asked(2);
		blocked(t);
		deny();
		expect_sigbus(t, self->map + PG(2) + 8);
		EXPECT_TRUE(vmop_test_check(self->map + PG(2), KEY, PG(2),
					    PG(1)));
	}
	is_dirty(0);
	store_asks(self->map + PG(2), 2);
}

/* Another thread reads the page meanwhile, so the store finds it mapped again. */
TEST_F(trap, denied_and_mapped_again)
{
	struct vmop_thread *t = vmop_thread_store(self->map, 1, NEW, 0);

	asked(0);
	blocked(t);
	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(1)));
	deny();
	expect_sigbus(t, self->map);
	is_dirty(0);
	store_asks(self->map, 0);
}

TEST_F(trap, killed)
{
	__u64 ms = ~0ull;
	pid_t pid;
	int i;

	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(1)));
	/* a busy machine may be late sometimes */
	for (i = 0; i < 8 && ms > 20; i++) {
		pid = test_child_start(child_stores, self->map);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, 1));
		ASSERT_EQ(0, test_child_kill(pid, SIGKILL, &ms));
		EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	}
	EXPECT_GE(20 * vmop_test_scale(), ms);
	asked_none();
	store_asks(self->map, 0);
}

/* A store that waits holds up no other thread that changes mappings. */
TEST_F(trap, others_change_mappings)
{
	struct vmop_result res;
	struct vmop_thread *t;
	__u64 start;
	char *map;

	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(1)));
	t = vmop_thread_store(self->map, 1, NEW, 0);
	asked(0);
	blocked(t);
	start = vmop_test_now_ms();
	map = map_at(self->vmo.fd, RW, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(vmop_test_byte(KEY, 0), (__u8)map[0]);
	EXPECT_EQ(0, munmap(map, PG(NR)));
	EXPECT_EQ(0, mprotect(self->map + PG(4), PG(1), PROT_READ));
	EXPECT_GE(test_child_soon_ms(), vmop_test_now_ms() - start);
	blocked(t);
	grant(0);
	expect_done(t, 1);
	/* also the mapping that the store is about */
	t = vmop_thread_store(self->map + PG(1), 1, NEW, 0);
	asked(1);
	blocked(t);
	start = vmop_test_now_ms();
	test_vmo_unmap(&self->tp, &self->vmo);
	EXPECT_GE(test_child_soon_ms(), vmop_test_now_ms() - start);
	grant(1);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
}

/* ---- instructions that load first ----------------------------------------- */

/*
 * What is done over after the pager's answer is the whole instruction: its load
 * comes before the store that had to wait, and finds the page not mapped.
 */
FIXTURE(modify)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *map;
};

FIXTURE_VARIANT(modify)
{
	struct vmop_thread *(*start)(void *addr);
	/* from here to what it loads */
	int load_at;
	/* of the byte that it stores, when all is well */
	__u8 (*stored)(__u64 offset);
};

static __u8 one_more(__u64 offset)
{
	return vmop_test_byte(KEY, offset) + 1;
}

static __u8 the_next(__u64 offset)
{
	return vmop_test_byte(KEY, offset + 1);
}

FIXTURE_VARIANT_ADD(modify, add)
{
	.start = vmop_thread_add,
	.stored = one_more,
};

FIXTURE_VARIANT_ADD(modify, copy_in_page)
{
	.start = vmop_thread_copy_down,
	.load_at = 1,
	.stored = the_next,
};

FIXTURE_SETUP(modify)
{
	ASSERT_EQ(0, make_trapping(&self->tp, &self->vmo));
	self->map = self->vmo.map;
}

FIXTURE_TEARDOWN(modify)
{
	expect_none(&self->tp);
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	test_pager_exit(&self->tp);
}

/* Page 0 is not mapped yet; then page 1 is, as its neighbour. */
TEST_F(modify, asks)
{
	struct vmop_thread *t;
	int i;

	for (i = 0; i < 2; i++) {
		EXPECT_EQ(i == 1, vmop_test_pte_present(self->map + PG(i)));
		t = variant->start(self->map + PG(i));
		asked(i);
		blocked(t);
		is_dirty(i);
		grant(i);
		expect_done(t, 1);
		EXPECT_EQ(variant->stored(PG(i)), (__u8)self->map[PG(i)]);
	}
	is_dirty(2);
	t = variant->start(self->map + PG(1) + 8);
	expect_done(t, 1);
}

TEST_F(modify, denied)
{
	struct vmop_thread *t;
	int i;

	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(1)));
	for (i = 0; i < 2; i++) {
		t = variant->start(self->map);
		asked(0);
		blocked(t);
		deny();
		expect_sigbus(t, self->map + variant->load_at);
		EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(1)));
	}
	is_dirty(0);
	t = variant->start(self->map);
	asked(0);
	grant(0);
	expect_done(t, 1);
}

/* Written back, it asks again. */
TEST_F(modify, again)
{
	struct vmop_thread *t;
	int i;

	for (i = 0; i < 2; i++) {
		t = variant->start(self->map);
		asked(0);
		grant(0);
		expect_done(t, 1);
		is_dirty(1);
		ASSERT_EQ(0, test_wb_clean(&self->tp, &self->vmo, 0, 1));
		is_dirty(0);
	}
}

/* ---- stores by the kernel ------------------------------------------------- */

/* Each fills pages 0 and 1 through the mapping with the content of NEW at 0. */
struct kernel_store {
	char *map;
	int pipe[2];
	struct loop_dev loop;
};

static long by_populate(struct kernel_store *k)
{
	return madvise(k->map, PG(2), MADV_POPULATE_WRITE) ? -1 : (long)PG(2);
}

static long by_process_vm_writev(struct kernel_store *k)
{
	char *buf = malloc(PG(2));
	struct iovec from = { buf, PG(2) }, to = { k->map, PG(2) };
	long n;

	vmop_test_fill(buf, NEW, 0, PG(2));
	n = process_vm_writev(getpid(), &from, 1, &to, 1, 0);
	free(buf);
	return n;
}

static long by_read(struct kernel_store *k)
{
	char *buf = malloc(PG(2));
	long n;

	vmop_test_fill(buf, NEW, 0, PG(2));
	n = write(k->pipe[1], buf, PG(2));
	free(buf);
	return n < 0 ? n : readv(k->pipe[0],
				 &(struct iovec){ k->map, PG(2) }, 1);
}

static long by_direct_read(struct kernel_store *k)
{
	return pread(k->loop.fd, k->map, PG(2), 0);
}

FIXTURE(kernel)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *map;
	struct kernel_store k;
};

FIXTURE_VARIANT(kernel)
{
	long (*by)(struct kernel_store *k);
	bool fills;
	bool loop;
};

FIXTURE_VARIANT_ADD(kernel, populate_write)
{
	.by = by_populate,
};

FIXTURE_VARIANT_ADD(kernel, process_vm_writev)
{
	.by = by_process_vm_writev,
	.fills = true,
};

FIXTURE_VARIANT_ADD(kernel, copy_to_user)
{
	.by = by_read,
	.fills = true,
};

FIXTURE_VARIANT_ADD(kernel, direct_io)
{
	.by = by_direct_read,
	.fills = true,
	.loop = true,
};

FIXTURE_SETUP(kernel)
{
	char *buf = malloc(PG(2));
	int ret;

	ASSERT_EQ(0, make_trapping(&self->tp, &self->vmo));
	ASSERT_EQ(0, pipe(self->k.pipe));
	self->map = self->vmo.map;
	self->k.map = self->map;
	self->k.loop.fd = -1;
	if (!variant->loop)
		return;
	ret = loop_open(&self->k.loop, PG(16));
	if (ret == -ENOENT || ret == -ENODEV || ret == -ENXIO)
		SKIP(return, "no loop device in this kernel");
	ASSERT_EQ(0, ret);
	vmop_test_fill(buf, NEW, 0, PG(2));
	ASSERT_EQ(PG(2), pwrite(self->k.loop.mem, buf, PG(2), 0));
	free(buf);
}

FIXTURE_TEARDOWN(kernel)
{
	test_pager_exit(&self->tp);
	if (self->k.loop.fd >= 0)
		close(self->k.loop.fd);
}

struct kernel_call {
	long (*by)(struct kernel_store *k);
	struct kernel_store *k;
};

static void do_kernel_store(void *arg, struct vmop_result *res)
{
	struct kernel_call *call = arg;

	res->ret = call->by(call->k);
	res->err = res->ret < 0 ? errno : 0;
}

TEST_F(kernel, asks)
{
	struct kernel_call call = { variant->by, &self->k };
	struct vmop_thread *t;

	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(2)));
	t = vmop_thread_call(do_kernel_store, &call);
	asked(0);
	blocked(t);
	grant(0);
	asked(1);
	blocked(t);
	grant(1);
	expect_done(t, PG(2));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd,
				       variant->fills ? NEW : KEY, 0, PG(2)));
	is_dirty(2);
	/* dirty now */
	t = vmop_thread_call(do_kernel_store, &call);
	expect_done(t, PG(2));
	asked_none();
}

struct denial {
	struct test_pager *tp;
	const struct test_vmo *vmo;
	struct vmop_thread *t;
	int nr_other;
};

/* Refuse what is asked for until the thread has ended. */
static bool denied_to_the_end(void *arg)
{
	struct denial *d = arg;
	struct vmop_port_record rec;

	if (read(d->tp->port, &rec, sizeof(rec)) == sizeof(rec)) {
		d->nr_other += rec.type != VMOP_RECORD_DIRTY || rec.offset;
		vmop_test_fail_id(d->tp->fd, d->vmo->fd, rec.id, EIO);
	}
	return vmop_thread_done(d->t);
}

/*
 * Refused at the first page: EFAULT, and nothing changed. The kernel's copy may
 * try once more, byte by byte.
 */
TEST_F(kernel, denied)
{
	struct kernel_call call = { variant->by, &self->k };
	struct denial d = { .tp = &self->tp, .vmo = &self->vmo };

	d.t = vmop_thread_call(do_kernel_store, &call);
	asked(0);
	blocked(d.t);
	deny();
	ASSERT_EQ(0, vmop_test_poll(denied_to_the_end, &d));
	EXPECT_EQ(0, d.nr_other);
	expect_errno(d.t, EFAULT);
	is_dirty(0);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, PG(2)));
	asked_none();
}

/* io_uring writes to the VMO, and reads into the mapping. */
TEST_F(trap, uring)
{
	struct io_uring_cqe cqe;
	struct test_ring ring;
	char *buf = malloc(PG(1));
	int mem = memfd_create("source", MFD_CLOEXEC);
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_READ, .flags = IOSQE_ASYNC, .fd = mem,
		.addr = (uintptr_t)(self->map + PG(2)), .len = PG(1),
	};
	int ret = test_ring_init(&ring, 8);

	if (ret == -ENOSYS || ret == -EPERM)
		SKIP(return, "no io_uring in this kernel");
	ASSERT_EQ(0, ret);
	vmop_test_fill(buf, NEW, 0, PG(1));
	ASSERT_EQ(PG(1), write(mem, buf, PG(1)));
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_WRITE, self->vmo.fd, buf,
				  PG(1), PG(1), 1));
	asked(1);
	EXPECT_EQ(-ETIMEDOUT, test_ring_wait(&ring, &cqe, 0));
	deny();
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(-EIO, cqe.res);
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_WRITE, self->vmo.fd, buf,
				  PG(1), PG(1), 2));
	asked(1);
	grant(1);
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(PG(1), cqe.res);
	is_dirty(1);
	/* a page in two pieces: one request */
	ASSERT_EQ(0, test_ring_rw(&ring, IORING_OP_WRITE, self->vmo.fd, buf, 10,
				  PG(1) + 7, 3));
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(10, cqe.res);
	/* a worker of the ring stores for us */
	ASSERT_EQ(0, test_ring_submit(&ring, &sqe));
	asked(2);
	EXPECT_EQ(-ETIMEDOUT, test_ring_wait(&ring, &cqe, 0));
	grant(2);
	ASSERT_EQ(0, test_ring_wait(&ring, &cqe, vmop_test_timeout_ms()));
	EXPECT_EQ(PG(1), cqe.res);
	EXPECT_TRUE(vmop_test_check(self->map + PG(2), NEW, 0, PG(1)));
	is_dirty(2);
	test_ring_exit(&ring);
	close(mem);
	free(buf);
}

VMOP_TEST_MAIN
