// SPDX-License-Identifier: GPL-2.0
/*
 * SNAPSHOT of a live VMO with a pager, beyond Zircon: the child shows what the
 * root was at the call, for ever, and the root goes on with its pager, its dirt and
 * its writeback. Rules COW-2, COW-14, COW-19 and COW-24 of the specification of
 * behaviour turned round: nothing that happens to the root is seen.
 *
 * Every test runs with TRAP_DIRTY and without, by call and by mapping.
 */
#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define OWN 0xf0f0
#define NR 8

FIXTURE(frozen)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
};

FIXTURE_VARIANT(frozen)
{
	bool map;
	bool trap;
};

#define VARIANT(_name, _map, _trap) \
FIXTURE_VARIANT_ADD(frozen, _name) \
{ \
	.map = _map, \
	.trap = _trap, \
}

VARIANT(call, false, false);
VARIANT(map, true, false);
VARIANT(call_trap, false, true);
VARIANT(map_trap, true, true);

FIXTURE_SETUP(frozen)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
}

FIXTURE_TEARDOWN(frozen)
{
	test_pager_exit(&self->tp);
}

/* NR pages, of which so many are supplied; resizable. */
#define root_with(_supplied) do { \
	struct vmop_test_vmo_args __args = { \
		.flags = VMOP_VMO_RESIZABLE | \
			 (variant->trap ? VMOP_VMO_TRAP_DIRTY : 0), \
		.key = OLD, .length = PG(NR), \
	}; \
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &__args)); \
	if (_supplied) \
		give(0, _supplied); \
	self->root = test_cow_of(&self->vmo); \
} while (0)
/* Agree to all, so that no write has to ask. */
#define agree_to(_pgoff, _nr) do { \
	if (variant->trap) \
		op_dirty(_pgoff, _nr); \
} while (0)
#define freeze(_v, _pgoff, _nr) child(_v, self->root.fd, SNAPSHOT, _pgoff, _nr)
/* Write to clean pages that are there, one by one. */
#define write_root(_pgoff, _nr, _key) do { \
	struct vmop_thread *__t; \
	__u64 __i; \
	for (__i = (_pgoff); __i < (_pgoff) + (_nr); __i++) { \
		__t = writer_by(&self->root, __i, 1, _key); \
		if (variant->trap) { \
			asked_dirty(__i, 1); \
			op_dirty(__i, 1); \
		} \
		expect_done(__t, PG(1)); \
	} \
} while (0)

/* Clean pages, some of them looked at through both before. */
TEST_F(frozen, root_writes)
{
	struct test_cow c;

	root_with(NR);
	freeze(&c, 0, NR);
	shows_by(&c, 0, 4, OLD);
	shows_by(&self->root, 2, 4, OLD);
	write_root(1, 6, NEW);
	shows_by(&c, 0, NR, OLD);
	shows_by(&self->root, 0, 1, OLD);
	shows_by(&self->root, 1, 6, NEW);
	expect_ranges(PAGES(1, 6));
	/* what was preserved once stays: the next write costs nothing */
	put_by(&self->root, 1, 6, OWN);
	shows_by(&c, 0, NR, OLD);
	EXPECT_EQ(PG(6), vmop_test_committed(c.fd));
	asked_none();
}

struct read_into {
	int fd;
	char *buf;
};

static void do_read_into(void *arg, struct vmop_result *res)
{
	const struct read_into *into = arg;

	res->ret = pread(into->fd, into->buf, PG(1), 0);
	res->err = res->ret < 0 ? errno : 0;
}

/* A read() of the child that is held up in its buffer shows nothing later. */
TEST_F(frozen, read_into_a_slow_buffer)
{
	struct read_into into;
	struct vmop_thread *t;
	struct test_vmo slow;
	struct test_cow c;

	root_with(NR);
	new_vmo(&self->tp, &slow, OWN, 1);
	freeze(&c, 0, NR);
	into.fd = c.fd;
	into.buf = slow.map;
	t = vmop_thread_call(do_read_into, &into);
	expect_read(&self->tp, &slow, 0, 1);
	write_root(0, 1, NEW);
	supply(&self->tp, &slow, 0, 1);
	expect_done(t, PG(1));
	EXPECT_TRUE(vmop_test_check(slow.map, OLD, 0, PG(1)));
	shows_by(&self->root, 0, 1, NEW);
	asked_none();
}

/* A root that was written before the call is frozen as it was then. */
TEST_F(frozen, dirty_root)
{
	struct test_cow c;

	root_with(NR);
	write_root(0, 4, NEW);
	freeze(&c, 0, NR);
	shows_by(&c, 0, 4, NEW);
	/* pages that could be written without asking before the call */
	put_by(&self->root, 1, 2, OWN);
	shows_by(&c, 0, 4, NEW);
	shows_by(&c, 4, 4, OLD);
	shows_by(&self->root, 1, 2, OWN);
	expect_ranges(PAGES(0, 4));
	/* written back, evicted, and asked for again: not the child's business */
	write_back(0, NR);
	expect_clean();
	shows_by(&c, 0, 4, NEW);
	asked_none();
}

/* The child's own pages: never the root's dirt, and it asks nobody. */
TEST_F(frozen, child_writes)
{
	struct test_cow c;

	root_with(NR);
	freeze(&c, 0, NR);
	expect_unmodified();
	put_by(&c, 2, 3, OWN);
	zero_pages(c.fd, 6, 1);
	shows_by(&self->root, 0, NR, OLD);
	expect_clean();
	expect_unmodified();
	write_root(3, 1, NEW);
	shows_by(&c, 2, 3, OWN);
	shows_by(&self->root, 3, 1, NEW);
	zeros_by(&c, 6, 1);
	asked_none();
}

/* A page that was absent at the call is the pager's of then: read once, shared. */
TEST_F(frozen, absent_pages)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_with(0);
	freeze(&c, 0, NR);
	t = reader_by(&c, 3, 1);
	asked_read(3, 1);
	blocked(t, 1);
	give(3, 1);
	expect_content(t, PG(1), OLD, PG(3));
	shows_by(&self->root, 3, 1, OLD);
	asked_none();
	/* the root's write reads it first, as ever, and keeps it for the child */
	t = writer_by(&self->root, 5, 1, NEW);
	asked_read(5, 1);
	give(5, 1);
	if (variant->trap) {
		asked_dirty(5, 1);
		op_dirty(5, 1);
	}
	expect_done(t, PG(1));
	shows_by(&c, 5, 1, OLD);
	shows_by(&self->root, 5, 1, NEW);
	asked_none();
}

/* Zeros the pager supplied, and zeros the root made, are content. */
TEST_F(frozen, zeros_are_content)
{
	struct test_cow c;

	root_with(0);
	supply_empty(&self->tp, &self->vmo, 0, 2);
	zero_pages(self->root.fd, 2, 2);
	give(4, 4);
	freeze(&c, 0, NR);
	agree_to(0, 6);
	put_by(&self->root, 1, 4, NEW);
	zeros_by(&c, 0, 4);
	shows_by(&c, 4, 4, OLD);
	shows_by(&self->root, 1, 4, NEW);
	zeros_by(&self->root, 0, 1);
	put_by(&c, 0, 1, OWN);
	zeros_by(&self->root, 0, 1);
	asked_none();
}

/* ZERO of the root: pages that are there are kept, none is copied. */
TEST_F(frozen, root_zeroes_present)
{
	struct test_cow c;

	root_with(NR);
	write_root(0, 1, NEW);
	freeze(&c, 0, NR);
	shows_by(&c, 1, 3, OLD);
	zero_pages(self->root.fd, 0, 3);
	zeros_by(&self->root, 0, 3);
	shows_by(&c, 0, 1, NEW);
	shows_by(&c, 1, NR - 1, OLD);
	expect_ranges(ZEROS(0, 3));
	EXPECT_EQ(PG(3), vmop_test_committed(c.fd));
	expect_committed(NR - 3);
	/* part of a page is a write */
	agree_to(4, 1);
	test_vmo_op(self->root.fd, VMOP_VMO_OP_ZERO, PG(4) + 8, 8, NULL);
	shows_by(&c, 4, 1, OLD);
	EXPECT_TRUE(vmop_test_check_fd_zero(self->root.fd, PG(4) + 8, 8));
	asked_none();
}

/*
 * What was absent at the call is frozen, too: ZERO over it waits for the pager;
 * after that the pages can be written back and evicted, and the child still shows
 * what the pager had.
 */
TEST_F(frozen, zero_of_never_read_pages)
{
	struct vmop_thread *t;
	struct test_cow c;
	__u64 at = 2;

	root_with(0);
	freeze(&c, 0, NR);
	t = vmop_thread_op(self->root.fd, VMOP_VMO_OP_ZERO, PG(2), PG(4));
	while (at < 6) {
		struct vmop_port_record rec;

		/* how many at a time is the engine's choice */
		ASSERT_EQ(0, test_port_next(self->tp.port, &rec));
		ASSERT_EQ(VMOP_RECORD_READ, rec.type);
		ASSERT_EQ(PG(at), rec.offset);
		ASSERT_LE(at + rec.length / PG(1), 6);
		blocked(t, 1);
		give(at, rec.length / PG(1));
		at += rec.length / PG(1);
	}
	expect_done(t, 0);
	zeros_by(&self->root, 2, 4);
	expect_ranges(ZEROS(2, 4));
	wb_begin_zero(2, 4);
	wb_end(2, 4);
	expect_clean();
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	shows_by(&c, 2, 4, OLD);
	asked_none();
	/* and the root has the zeros from the pager now */
	t = reader_by(&self->root, 2, 1);
	asked_read(2, 1);
	give_zeros(2, 1);
	expect_done(t, PG(1));
	zeros_by(&self->root, 2, 1);
	shows_by(&c, 2, 1, OLD);
}

/* The pager fails what ZERO has to read: ZERO fails, nothing is zeroed there. */
TEST_F(frozen, zero_fails_if_the_pager_does)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_with(0);
	freeze(&c, 0, NR);
	t = vmop_thread_op(self->root.fd, VMOP_VMO_OP_ZERO, PG(2), PG(1));
	asked_read(2, 1);
	blocked(t, 1);
	refuse(2, 1, EIO);
	expect_errno(t, EIO);
	expect_clean();
	give(2, 1);
	shows_by(&c, 2, 1, OLD);
	shows_by(&self->root, 2, 1, OLD);
	/* where no snapshot sees it, ZERO waits for nobody */
	zero_pages(c.fd, 3, 2);
	zero_pages(self->root.fd, 3, 2);
	test_cow_close(&c);
	zero_pages(self->root.fd, 0, NR);
	asked_none();
	zeros_by(&self->root, 0, NR);
}

/* A shrink cannot wait: EBUSY while a snapshot sees absent pages there. */
TEST_F(frozen, root_shrinks)
{
	struct vmop_vmo_get_info info;
	struct test_cow c, w;

	root_with(6);
	freeze(&c, 0, NR);
	freeze(&w, 1, 2);
	test_err_set_size(EBUSY, self->root.fd, PG(2));
	test_err_set_size(EBUSY, self->root.fd, PG(NR - 1));
	EXPECT_EQ(-1, ftruncate(self->root.fd, 0));
	EXPECT_EQ(EBUSY, errno);
	test_get_info(self->root.fd, &info);
	EXPECT_EQ(PG(NR), info.out_size);
	shows_by(&c, 0, 6, OLD);
	give(6, 2);
	test_set_size(self->root.fd, PG(2));
	shows_by(&c, 0, NR, OLD);
	shows_from_by(&w, 0, 2, OLD, 1);
	test_set_size(self->root.fd, PG(NR));
	zeros_by(&self->root, 2, NR - 2);
	ASSERT_EQ(0, test_vmo_map(&self->tp, &self->vmo, NR));
	self->root = test_cow_of(&self->vmo);
	shows_by(&c, 0, NR, OLD);
	agree_to(2, NR - 2);
	put_by(&self->root, 2, NR - 2, NEW);
	shows_by(&c, 0, NR, OLD);
	test_set_size(self->root.fd, 0);
	shows_by(&c, 0, NR, OLD);
	shows_from_by(&w, 0, 2, OLD, 1);
	asked_none();
}

/* Cut inside a page: the child has the whole of it. */
TEST_F(frozen, root_is_cut_inside_a_page)
{
	struct test_cow c;

	root_with(NR);
	freeze(&c, 0, NR);
	test_set_size(self->root.fd, PG(3) + 100);
	shows_by(&c, 0, NR, OLD);
	test_set_size(self->root.fd, PG(NR));
	shows_by(&c, 0, NR, OLD);
	EXPECT_TRUE(vmop_test_check_fd(self->root.fd, OLD, 0, PG(3) + 100));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->root.fd, PG(3) + 100,
					    PG(NR - 3) - 100));
	asked_none();
}

/* A root that ends inside a page when it is frozen: zeros behind the end. */
TEST_F(frozen, frozen_inside_a_page)
{
	char ones[200] = { [0 ... 199] = 1 };
	struct test_cow c;

	root_with(NR);
	test_set_size(self->root.fd, PG(3) + 100);
	freeze(&c, 0, NR);
	test_set_size(self->root.fd, PG(NR));
	agree_to(3, 1);
	EXPECT_EQ(200, vmop_test_pwrite(self->root.fd, ones, 200, PG(3)));
	EXPECT_TRUE(vmop_test_check_fd(c.fd, OLD, 0, PG(3) + 100));
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(3) + 100,
					    PG(NR - 3) - 100));
	EXPECT_TRUE(vmop_test_check_zero(c.map + PG(3) + 100, 0,
					 PG(NR - 3) - 100));
	asked_none();
}

/* Several at once, each of its own time, windows among them; closed in any order. */
TEST_F(frozen, several_at_once)
{
	struct test_cow c[4], w;
	unsigned int i, first;

	for (first = 0; first < 4; first++) {
		root_with(NR);
		agree_to(0, NR);
		for (i = 0; i < 4; i++) {
			freeze(&c[i], 0, NR);
			put_by(&self->root, i, 3, NEW + i);
		}
		freeze(&w, 2, 4);
		put_by(&self->root, 0, NR, OWN);
		for (i = 0; i < 4; i++) {
			unsigned int n = (first + i * 3) % 4, j;

			for (j = 0; j < 4; j++) {
				if (c[j].fd < 0)
					continue;
				/* page p was written by p - 2 to p, before j */
				if (j)
					shows_by(&c[j], j - 1, 3, NEW + j - 1);
				shows_by(&c[j], j + 2, NR - j - 2, OLD);
			}
			test_cow_close(&c[n]);
		}
		shows_from_by(&w, 1, 3, NEW + 3, 3);
		shows_from_by(&w, 0, 1, NEW + 2, 2);
		test_cow_close(&w);
		put_by(&self->root, 0, NR, NEW);
		asked_none();
		test_vmo_close(&self->tp, &self->vmo);
		expect_complete(&self->tp, OLD);
	}
}

/* Snapshots of snapshots, taken before and after the root went on. */
TEST_F(frozen, snapshots_of_snapshots)
{
	struct test_cow a, b, c, d;

	root_with(NR);
	agree_to(0, NR);
	freeze(&a, 0, NR);
	child(&b, a.fd, SNAPSHOT, 2, 4);
	put_by(&self->root, 3, 2, NEW);
	child(&c, a.fd, SNAPSHOT, 0, NR);
	put_by(&a, 4, 2, OWN);
	child(&d, c.fd, ON_WRITE, 3, 5);
	put_by(&self->root, 0, NR, NEW);
	shows_from_by(&b, 0, 4, OLD, 2);
	shows_by(&c, 0, NR, OLD);
	shows_from_by(&d, 0, 5, OLD, 3);
	shows_by(&a, 0, 4, OLD);
	shows_by(&a, 4, 2, OWN);
	put_by(&d, 0, 1, OWN);
	put_by(&b, 1, 1, OWN);
	shows_by(&c, 0, NR, OLD);
	test_cow_close(&a);
	shows_from_by(&b, 0, 1, OLD, 2);
	shows_by(&b, 1, 1, OWN);
	shows_by(&c, 0, NR, OLD);
	test_cow_close(&c);
	shows_from_by(&b, 2, 2, OLD, 4);
	shows_from_by(&d, 1, 4, OLD, 4);
	asked_none();
}

/* Beside clones that follow: each sees what it should. */
TEST_F(frozen, beside_followers)
{
	struct test_cow f, c, m;

	root_with(NR);
	agree_to(0, NR);
	child(&f, self->root.fd, ON_WRITE, 0, NR);
	freeze(&c, 0, NR);
	child(&m, self->root.fd, MODIFIED, 0, NR);
	put_by(&f, 1, 1, OWN);
	put_by(&self->root, 0, 3, NEW);
	shows_by(&f, 0, 1, NEW);
	shows_by(&f, 1, 1, OWN);
	shows_by(&f, 2, 1, NEW);
	shows_by(&m, 0, 3, NEW);
	shows_by(&c, 0, NR, OLD);
	zero_pages(self->root.fd, 4, 1);
	zeros_by(&f, 4, 1);
	zeros_by(&m, 4, 1);
	shows_by(&c, 4, 1, OLD);
	asked_none();
}

/* Writeback in the middle of it: what is written meanwhile is dirty, and kept. */
TEST_F(frozen, writeback)
{
	struct test_cow c, d;

	root_with(NR);
	write_root(0, 4, NEW);
	freeze(&c, 0, NR);
	wb_begin(0, NR);
	write_root(1, 1, OWN);
	freeze(&d, 0, NR);
	wb_end(0, NR);
	expect_ranges(PAGES(1, 1));
	shows_by(&c, 0, 4, NEW);
	shows_by(&d, 0, 1, NEW);
	shows_by(&d, 1, 1, OWN);
	put_by(&self->root, 1, 1, NEW + 1);
	write_root(0, 1, NEW + 1);
	shows_by(&c, 0, 4, NEW);
	shows_by(&d, 1, 1, OWN);
	shows_by(&d, 0, 1, NEW);
	shows_by(&self->root, 0, 2, NEW + 1);
	expect_ranges(PAGES(0, 2));
	asked_none();
}

/*
 * Eviction: what the child has seen and the root has clean may go; it is what the
 * pager has, so it comes back by a READ, for both.
 */
TEST_F(frozen, eviction)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_with(NR);
	freeze(&c, 0, NR);
	write_root(0, 1, NEW);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 1));
	shows_by(&c, 0, 1, OLD);
	t = reader_by(&c, 4, 1);
	asked_read(4, 1);
	give(4, 1);
	expect_content(t, PG(1), OLD, PG(4));
	asked_none();
}

/*
 * Content that was written after the call and written back: the pager has the new
 * one, so what the child shows must not come from there.
 */
TEST_F(frozen, pager_has_newer_content)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_with(NR);
	freeze(&c, 0, NR);
	write_root(2, 2, NEW);
	write_back(0, NR);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	t = reader_by(&self->root, 2, 1);
	asked_read(2, 1);
	ASSERT_EQ(0, test_pager_supply_key(&self->tp, &self->vmo, 2, 1, NEW));
	expect_content(t, PG(1), NEW, PG(2));
	shows_by(&c, 2, 2, OLD);
	asked_none();
}

/*
 * Dirty at the call, written back later, then evicted: the pager has the child's
 * content still, so one READ serves both. After another write it has not.
 */
TEST_F(frozen, dirty_at_the_call_then_cleaned)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_with(NR);
	write_root(2, 1, NEW);
	freeze(&c, 0, NR);
	write_back(0, NR);
	shows_by(&c, 2, 1, NEW);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	t = reader_by(&c, 2, 1);
	asked_read(2, 1);
	ASSERT_EQ(0, test_pager_supply_key(&self->tp, &self->vmo, 2, 1, NEW));
	expect_content(t, PG(1), NEW, PG(2));
	write_root(2, 1, OWN);
	shows_by(&c, 2, 1, NEW);
	shows_by(&self->root, 2, 1, OWN);
	asked_none();
}

/* Detach: what was dropped is an error, not zeros, and not something newer. */
TEST_F(frozen, detach)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_with(4);
	write_root(0, 1, NEW);
	freeze(&c, 0, NR);
	put_by(&self->root, 0, 1, OWN);
	write_root(1, 1, NEW);
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	shows_by(&c, 0, 1, NEW);
	shows_by(&c, 1, 1, OLD);
	t = reader_by(&c, 2, 1);
	if (variant->map)
		expect_sigbus(t, c.map + PG(2));
	else
		expect_errno(t, ENOTCONN);
	/* ZERO of the root over what is still seen absent: there is no way */
	test_err_vmo_op(ENOTCONN, self->root.fd, VMOP_VMO_OP_ZERO, PG(6), PG(1),
			NULL);
	test_err_set_size(EBUSY, self->root.fd, PG(2));
	put_by(&self->root, 0, 2, OWN);
	shows_by(&c, 0, 1, NEW);
	shows_by(&c, 1, 1, OLD);
}

VMOP_TEST_MAIN
