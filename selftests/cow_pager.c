// SPDX-License-Identifier: GPL-2.0
/*
 * Clones that follow a pager's VMO: what they see of it, what they ask for, and
 * that nothing done to them is done to it. Rules COW-9, COW-10, COW-13, COW-14,
 * COW-19, COW-24 to COW-26b, REQ-6, COM-6, COM-8, ZERO-8 and OBJ-9 of the
 * specification of behaviour, with the Zircon tests where there are some.
 *
 * How it ends (detach, failures, closing) is in cow_pager_end.c.
 */
#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define OWN 0xc1c1		/* what clones write */

/* A resizable root that asks for as much as it can at once, and its test_cow. */
FIXTURE(follow)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
};

FIXTURE_VARIANT(follow)
{
	bool map;
};

FIXTURE_VARIANT_ADD(follow, call)
{
	.map = false,
};

FIXTURE_VARIANT_ADD(follow, map)
{
	.map = true,
};

FIXTURE_SETUP(follow)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
}

FIXTURE_TEARDOWN(follow)
{
	test_pager_exit(&self->tp);
}

/* nr pages, of which so many are supplied. */
#define root_of(_nr, _supplied, _flags) do { \
	struct vmop_test_vmo_args __args = { \
		.flags = VMOP_VMO_RESIZABLE | (_flags), .key = OLD, \
		.length = PG(_nr), \
	}; \
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &__args)); \
	if (_supplied) \
		supply(&self->tp, &self->vmo, 0, _supplied); \
	self->root = test_cow_of(&self->vmo); \
} while (0)
#define root_map(_nr) do { \
	ASSERT_EQ(0, test_vmo_map(&self->tp, &self->vmo, _nr)); \
	self->root = test_cow_of(&self->vmo); \
} while (0)

/* A thread's READ(at, n) in the root, answered; then all that it wanted. */
#define served(_t, _at, _n) do { \
	asked_read(_at, _n); \
	blocked(_t, 1); \
	give(_at, _n); \
} while (0)

/* COW-26b, by the letter and with its numbers. */
TEST_F(follow, cow_26b_worked_example)
{
	struct vmop_query_stats stats;
	struct vmop_thread *t;
	struct test_cow c;
	int keep;

	root_of(4, 1, 0);
	child(&c, self->root.fd, ON_WRITE, 0, 4);
	shows_by(&c, 0, 1, OLD);
	asked_none();
	t = reader_by(&c, 1, 1);
	served(t, 1, 1);
	expect_content(t, PG(1), OLD, PG(1));
	expect_committed(2);
	put_by(&c, 1, 1, OWN);
	asked_none();
	expect_clean();
	EXPECT_EQ(PG(1), vmop_test_committed(c.fd));
	put_by(&self->root, 1, 1, NEW);
	shows_by(&c, 1, 1, OWN);
	put_by(&self->root, 0, 1, NEW);
	shows_by(&c, 0, 1, NEW);
	test_set_size(self->root.fd, PG(1));
	shows_by(&c, 1, 1, OWN);
	zeros_by(&c, 2, 2);
	test_set_size(self->root.fd, PG(4));
	put_by(&self->root, 1, 3, NEW);
	shows_by(&c, 1, 1, OWN);
	zeros_by(&c, 2, 2);
	asked_none();
	test_err_vmo_op(EOPNOTSUPP, c.fd, VMOP_VMO_OP_DECOMMIT, 0, PG(1), NULL);
	test_err_vmo_op(EOPNOTSUPP, self->root.fd, VMOP_VMO_OP_DECOMMIT, 0,
			PG(1), NULL);
	EXPECT_ERR(EINVAL, test_dirty_stats(self->tp.fd, c.fd, 0, &stats));
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, c.fd, 0, PG(1), &stats,
					    1, NULL, NULL));
	/* closed by its users; the pager keeps one to detach it by */
	keep = dup(self->root.fd);
	test_vmo_close(&self->tp, &self->vmo);
	shows_by(&c, 0, 1, NEW);
	/* clean pages are dropped, this one is not clean */
	test_detach(self->tp.fd, keep);
	expect_complete(&self->tp, OLD);
	shows_by(&c, 0, 1, NEW);
	shows_by(&c, 1, 1, OWN);
	zero_pages(c.fd, 1, 1);
	zeros_by(&c, 1, 3);
	zero_pages(c.fd, 0, 1);
	zeros_by(&c, 0, 4);
	EXPECT_TRUE(vmop_test_check_fd(keep, NEW, 0, PG(4)));
	close(keep);
	asked_none();
}

/*
 * COW-9, COW-24, COW-26: what happens in the root is seen by the clone, also
 * where it has looked before, until it writes itself. Zircon's
 * ChildSnapshotAtLeastOnWrite.
 */
TEST_F(follow, cow_24_sees_the_root_change)
{
	struct test_cow c, d;

	root_of(6, 6, 0);
	child(&c, self->root.fd, ON_WRITE, 0, 6);
	child(&d, self->root.fd, MODIFIED, 2, 3);
	shows_by(&c, 0, 6, OLD);
	shows_from_by(&d, 0, 3, OLD, 2);
	put_by(&self->root, 2, 1, NEW);
	shows_by(&c, 2, 1, NEW);
	shows_from_by(&d, 0, 1, NEW, 2);
	zero_pages(self->root.fd, 3, 1);
	zeros_by(&c, 3, 1);
	zeros_by(&d, 1, 1);
	put_by(&self->root, 3, 1, NEW);
	shows_by(&c, 3, 1, NEW);
	put_by(&c, 3, 1, OWN);
	put_by(&d, 2, 1, OWN);
	put_by(&self->root, 3, 2, OLD);
	shows_by(&c, 3, 1, OWN);
	shows_by(&c, 4, 1, OLD);
	shows_from_by(&d, 1, 1, OLD, 3);
	shows_by(&d, 2, 1, OWN);
	shows_by(&self->root, 3, 3, OLD);
	/* written back: nobody sees a difference */
	write_back(0, 6);
	shows_by(&c, 2, 1, NEW);
	asked_none();
}

/* COW-24: pages of the root that reclaim took come back by a READ. */
TEST_F(follow, cow_24_evicted)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_of(4, 4, 0);
	child(&c, self->root.fd, ON_WRITE, 1, 3);
	shows_from_by(&c, 0, 3, OLD, 1);
	put_by(&c, 1, 1, OWN);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	/* copies are nobody's to take */
	shows_by(&c, 1, 1, OWN);
	asked_none();
	t = reader_by(&c, 2, 1);
	served(t, 3, 1);
	expect_content(t, PG(1), OLD, PG(3));
	expect_committed(1);
}

/* COW-25: a write to what the root does not have: READ, copy, clean page there. */
TEST_F(follow, cow_25_write_to_absent)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_of(8, 0, 0);
	child(&c, self->root.fd, ON_WRITE, 4, 4);
	t = writer_by(&c, 1, 1, OWN);
	served(t, 5, 1);
	expect_done(t, PG(1));
	shows_by(&c, 1, 1, OWN);
	asked_none();
	expect_clean();
	expect_unmodified();
	expect_committed(1);
	EXPECT_EQ(PG(1), vmop_test_committed(c.fd));
	EXPECT_TRUE(vmop_test_check_fd(self->root.fd, OLD, PG(5), PG(1)));
}

/* REQ-1: never for what the parent has: pages, zeros, markers. */
TEST_F(follow, req_1_no_request_for_what_is_there)
{
	struct test_cow a, b;

	root_of(6, 2, 0);
	supply_empty(&self->tp, &self->vmo, 2, 1);
	zero_pages(self->root.fd, 3, 1);
	child(&a, self->root.fd, ON_WRITE, 0, 6);
	put_by(&a, 1, 1, OWN);
	child(&b, a.fd, ON_WRITE, 0, 8);
	shows_by(&b, 0, 1, OLD);
	shows_by(&b, 1, 1, OWN);
	zeros_by(&b, 2, 2);
	zeros_by(&b, 6, 2);
	put_by(&b, 0, 4, NEW);
	put_by(&b, 6, 2, NEW);
	zeros_by(&a, 2, 2);
	shows_by(&a, 1, 1, OWN);
	asked_none();
	EXPECT_EQ(0, vmop_test_requests(self->root.fd));
}

/*
 * REQ-8, REQ-10: a page is asked for once, however many clones wait for it, and
 * in whichever order they came.
 */
TEST_F(follow, req_10_asked_once)
{
	struct vmop_thread *t[13];
	struct test_cow c[4];
	unsigned int i, n = 0;

	root_of(8, 0, 0);
	for (i = 0; i < 4; i++)
		child(&c[i], i & 1 ? c[i - 1].fd : self->root.fd, ON_WRITE, i & 1,
		      6);
	for (i = 0; i < 4; i++) {
		/* page 4 of the root */
		__u64 at = 4 - (i & 1);

		t[n++] = reader_by(&c[i], at, 1);
		t[n++] = writer_by(&c[i], at, 1, OWN + i);
		t[n++] = test_cow_reader(&c[i], !variant->map, at, 1);
	}
	t[n++] = reader_by(&self->root, 4, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(self->root.fd, n));
	asked_read(4, 1);
	asked_none();
	give(4, 1);
	for (i = 0; i < n; i++)
		expect_done(t[i], PG(1));
	for (i = 0; i < 4; i++)
		shows_by(&c[i], 4 - (i & 1), 1, OWN + i);
	shows_by(&self->root, 4, 1, OLD);
	EXPECT_EQ(1, vmop_test_requests(self->root.fd));
	asked_none();
	expect_clean();
}

/* REQ-2, COW-24: a root that traps is not asked for leave to write to a clone. */
TEST_F(follow, cow_24_never_dirties_the_root)
{
	struct vmop_thread *t;
	struct test_cow c, d;

	root_of(6, 3, VMOP_VMO_TRAP_DIRTY);
	expect_unmodified();
	child(&c, self->root.fd, ON_WRITE, 0, 6);
	child(&d, c.fd, MODIFIED | RESIZABLE, 0, 6);
	put_by(&c, 0, 2, OWN);
	put_by(&d, 1, 2, OWN + 1);
	t = writer_by(&d, 3, 1, OWN + 1);
	served(t, 3, 1);
	expect_done(t, PG(1));
	zero_pages(c.fd, 1, 2);
	zero_pages(d.fd, 4, 2);
	commit_pages(c.fd, 0, 4);
	test_set_size(d.fd, PG(1));
	test_set_size(d.fd, PG(9));
	asked_none();
	expect_clean();
	expect_unmodified();
	shows_by(&self->root, 0, 4, OLD);
	test_cow_close(&c);
	test_cow_close(&d);
	expect_clean();
	expect_unmodified();
	expect_committed(4);
	/* the root itself traps as ever */
	t = writer_by(&self->root, 0, 1, NEW);
	asked_dirty(0, 1);
	op_dirty(0, 1);
	expect_done(t, PG(1));
}

/*
 * COW-13: a clone of a clone is hung where the view is the same now: forks that
 * are there are seen (Zircon's CloneSeesCorrectParentPages), those that come
 * later in one that had none are not (CloneMightSeeIntermediateForks).
 */
TEST_F(follow, cow_13_position)
{
	struct test_cow a, b, c, d;

	root_of(6, 6, 0);
	child(&a, self->root.fd, ON_WRITE, 1, 5);
	child(&b, a.fd, ON_WRITE, 1, 3);
	shows_from_by(&b, 0, 3, OLD, 2);
	put_by(&a, 1, 1, OWN);
	shows_from_by(&b, 0, 3, OLD, 2);
	child(&c, a.fd, ON_WRITE, 0, 5);
	shows_by(&c, 1, 1, OWN);
	shows_from_by(&c, 2, 3, OLD, 3);
	put_by(&a, 3, 1, OWN);
	shows_by(&c, 3, 1, OWN);
	/* the window does not hold what was forked */
	child(&d, c.fd, ON_WRITE, 4, 4);
	shows_from_by(&d, 0, 1, OLD, 5);
	zeros_by(&d, 1, 3);
	put_by(&c, 4, 1, NEW);
	put_by(&a, 4, 1, NEW);
	shows_from_by(&d, 0, 1, OLD, 5);
	put_by(&self->root, 5, 1, OWN);
	shows_from_by(&d, 0, 1, OWN, 5);
	shows_by(&c, 4, 1, NEW);
	asked_none();
}

/*
 * COW-10, Zircon's CloneModifyChain: what the clone changed is frozen for the
 * snapshot of it, what it did not change follows the root in both.
 */
TEST_F(follow, cow_10_modified_of_a_clone)
{
	struct vmop_thread *t;
	struct test_cow a, b, c;

	root_of(6, 4, 0);
	child(&a, self->root.fd, ON_WRITE, 0, 6);
	put_by(&a, 0, 2, OWN);
	child(&b, a.fd, MODIFIED, 0, 6);
	shows_by(&b, 0, 2, OWN);
	shows_by(&b, 2, 2, OLD);
	put_by(&a, 0, 1, NEW);
	put_by(&b, 1, 1, NEW);
	shows_by(&a, 0, 1, NEW);
	shows_by(&a, 1, 1, OWN);
	shows_by(&b, 0, 1, OWN);
	shows_by(&b, 1, 1, NEW);
	put_by(&self->root, 2, 1, NEW);
	shows_by(&a, 2, 1, NEW);
	shows_by(&b, 2, 1, NEW);
	/* COW-9: under a hidden node ON_WRITE is the same */
	child(&c, b.fd, ON_WRITE, 0, 6);
	put_by(&b, 0, 1, OLD);
	shows_by(&c, 0, 1, OWN);
	shows_by(&c, 1, 1, NEW);
	t = reader_by(&c, 5, 1);
	served(t, 5, 1);
	expect_content(t, PG(1), OLD, PG(5));
	shows_by(&a, 5, 1, OLD);
	shows_by(&b, 5, 1, OLD);
	test_cow_close(&a);
	shows_by(&c, 0, 1, OWN);
	shows_by(&c, 1, 2, NEW);
	test_cow_close(&b);
	shows_by(&c, 0, 1, OWN);
	shows_by(&c, 1, 2, NEW);
	put_by(&self->root, 3, 1, NEW);
	shows_by(&c, 3, 1, NEW);
	expect_ranges(PAGES(2, 2));
	asked_none();
}

/* COW-19, Zircon's CloneShrinkGrowParent: what was cut off stays zero. */
TEST_F(follow, cow_19_root_shrinks)
{
	struct test_cow a, b;

	root_of(4, 4, 0);
	child(&a, self->root.fd, ON_WRITE, 1, 3);
	child(&b, a.fd, ON_WRITE, 0, 3);
	shows_from_by(&a, 0, 3, OLD, 1);
	shows_from_by(&b, 0, 3, OLD, 1);
	put_by(&b, 2, 1, OWN);
	test_set_size(self->root.fd, PG(2));
	zeros_by(&a, 1, 2);
	zeros_by(&b, 1, 1);
	shows_by(&b, 2, 1, OWN);
	test_set_size(self->root.fd, PG(4));
	root_map(4);
	put_by(&self->root, 2, 2, NEW);
	shows_from_by(&a, 0, 1, OLD, 1);
	zeros_by(&a, 1, 2);
	zeros_by(&b, 1, 1);
	test_set_size(self->root.fd, 0);
	zeros_by(&a, 0, 3);
	zeros_by(&b, 0, 2);
	shows_by(&b, 2, 1, OWN);
	asked_none();
}

/* COW-19, RSZ-6: who waits through a clone for what is cut off gets zeros. */
TEST_F(follow, cow_19_releases_who_waits)
{
	struct vmop_result res;
	struct vmop_thread *t;
	struct test_cow a;

	root_of(4, 0, 0);
	child(&a, self->root.fd, ON_WRITE, 0, 4);
	t = reader_by(&a, 3, 1);
	asked_read(3, 1);
	blocked(t, 1);
	test_set_size(self->root.fd, PG(3));
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	ASSERT_EQ(PG(1), res.ret);
	EXPECT_TRUE(vmop_test_check_zero(res.buf, 0, PG(1)));
	vmop_result_free(&res);
	t = reader_by(&a, 2, 1);
	asked_read(2, 1);
	blocked(t, 1);
	zero_pages(self->root.fd, 2, 1);
	expect_done(t, PG(1));
	asked_none();
}

/* COW-14: what the root had not when the clone was made is not in it. */
TEST_F(follow, cow_14_outside_is_zero)
{
	struct test_cow a, b;

	root_of(2, 2, 0);
	child(&a, self->root.fd, ON_WRITE, 1, 4);
	child(&b, self->root.fd, ON_WRITE, 7, 1);
	test_set_size(self->root.fd, PG(8));
	root_map(8);
	put_by(&self->root, 2, 6, NEW);
	shows_from_by(&a, 0, 1, OLD, 1);
	zeros_by(&a, 1, 3);
	zeros_by(&b, 0, 1);
	asked_none();
}

/* ---- operations: each runs once ------------------------------------------- */

FIXTURE(clone_op)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
};

VMOP_FIXTURE_SETUP_PAGER(clone_op)

#define commit_of(_v, _pgoff, _nr) \
	vmop_thread_op((_v)->fd, VMOP_VMO_OP_COMMIT, PG(_pgoff), PG(_nr))

/* COM-6, Zircon's CloneCommit: one request, then the clone owns copies. */
TEST_F(clone_op, com_6_commit)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_of(32, 0, 0);
	child(&c, self->root.fd, ON_WRITE, 0, 32);
	t = commit_of(&c, 0, 32);
	served(t, 0, 32);
	expect_done(t, 0);
	expect_committed(32);
	EXPECT_EQ(PG(32), vmop_test_committed(c.fd));
	put(&self->root, 0, 32, NEW);
	shows(&c, 0, 32, OLD);
	asked_none();
}

/* COM-6, Zircon's CloneCommitMultiple, CloneCommitTwo, CloneSplitCommit. */
TEST_F(clone_op, com_6_batches)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_of(8, 0, 0);
	child(&c, self->root.fd, ON_WRITE, 0, 8);
	zero_pages(c.fd, 2, 1);
	zero_pages(c.fd, 5, 1);
	t = commit_of(&c, 0, 8);
	served(t, 0, 2);
	served(t, 3, 2);
	served(t, 6, 2);
	expect_done(t, 0);
	expect_committed(6);
	EXPECT_EQ(PG(8), vmop_test_committed(c.fd));
	shows(&c, 0, 2, OLD);
	zeros(&c, 2, 1);
	asked_none();
}

/*
 * REQ-6, Zircon's PageRequestBatchingChecksAncestorPages: a range ends where any
 * VMO on the way, or the root, has content, and where a window ends.
 */
TEST_F(clone_op, req_6_trimmed_by_ancestors)
{
	struct vmop_thread *t;
	struct test_cow a, b;

	root_of(12, 0, 0);
	supply(&self->tp, &self->vmo, 2, 1);
	supply(&self->tp, &self->vmo, 7, 1);
	child(&a, self->root.fd, ON_WRITE, 1, 9);
	put(&a, 1, 1, OWN);		/* root's 2 */
	zero_pages(a.fd, 2, 1);		/* and 3 */
	child(&b, a.fd, ON_WRITE, 0, 10);	/* sees no more than 10 */
	put(&b, 6, 1, OWN + 1);		/* root's 7 */
	t = vmop_thread_pread(b.fd, 0, PG(10));
	served(t, 1, 1);
	served(t, 4, 3);
	served(t, 8, 2);
	expect_done(t, PG(10));
	shows_from(&b, 0, 1, OLD, 1);
	shows(&b, 1, 1, OWN);
	zeros(&b, 2, 1);
	shows_from(&b, 3, 3, OLD, 4);
	shows(&b, 6, 1, OWN + 1);
	shows_from(&b, 7, 2, OLD, 8);
	zeros(&b, 9, 1);
	asked_none();
}

/* COM-8: PREFETCH through a clone asks, but copies nothing. */
TEST_F(clone_op, com_8_prefetch)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_of(8, 0, 0);
	child(&c, self->root.fd, ON_WRITE, 2, 6);
	zero_pages(c.fd, 2, 1);
	t = vmop_thread_op(c.fd, VMOP_VMO_OP_PREFETCH, 0, PG(6));
	served(t, 2, 2);
	served(t, 5, 3);
	expect_done(t, 0);
	expect_committed(5);
	EXPECT_EQ(0, vmop_test_committed(c.fd));
	put(&self->root, 2, 1, NEW);
	shows_from(&c, 0, 1, NEW, 2);
	asked_none();
}

/* ZERO-8, Zircon's OpZeroClone: whole pages of a clone need nobody. */
TEST_F(clone_op, zero_8_whole_pages)
{
	struct test_cow c[3];

	root_of(2, 0, 0);
	supply(&self->tp, &self->vmo, 1, 1);
	expect_committed(1);
	child(&c[0], self->root.fd, ON_WRITE, 0, 2);
	child(&c[1], self->root.fd, ON_WRITE, 0, 2);
	child(&c[2], self->root.fd, ON_WRITE, 0, 2);
	zero_pages(c[0].fd, 0, 2);
	zero_pages(c[1].fd, 0, 1);
	zero_pages(c[2].fd, 0, 1);
	zeros(&c[0], 0, 2);
	zeros(&c[1], 0, 1);
	shows(&c[1], 1, 1, OLD);
	zeros(&c[2], 0, 1);
	asked_none();
	expect_committed(1);
	expect_clean();
	expect_unmodified();
	/* what comes late, comes to the root only */
	give(0, 1);
	zeros(&c[1], 0, 1);
	shows(&self->root, 0, 2, OLD);
	put(&self->root, 0, 2, NEW);
	zeros(&c[0], 0, 2);
	zeros(&c[1], 0, 1);
}

/* ZERO-8, ZERO-2: part of a page is a write: READ, copy. */
TEST_F(clone_op, zero_8_part_of_a_page)
{
	struct vmop_thread *t;
	struct test_cow c;

	root_of(4, 0, 0);
	child(&c, self->root.fd, ON_WRITE, 2, 2);
	t = vmop_thread_op(c.fd, VMOP_VMO_OP_ZERO, 100, 50);
	served(t, 2, 1);
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, 100, 50));
	shows(&self->root, 2, 1, OLD);
	EXPECT_EQ(PG(1), vmop_test_committed(c.fd));
	/* zeros already: nobody is asked */
	zero_pages(c.fd, 1, 1);
	test_vmo_op(c.fd, VMOP_VMO_OP_ZERO, PG(1) + 8, 8, NULL);
	asked_none();
	expect_clean();
}

/*
 * ZERO-2: zeros that are the parent's are no reason to do nothing: it may write to
 * them, and the clone's are to stay. Also zeros that another clone in between has,
 * or shows because it ends there.
 */
TEST_F(clone_op, zero_2_zeros_of_the_parent)
{
	struct test_cow c, d, e, f;

	root_of(4, 0, 0);
	zero_pages(self->root.fd, 0, 4);
	child(&c, self->root.fd, ON_WRITE, 0, 4);
	child(&d, self->root.fd, ON_WRITE | RESIZABLE, 0, 4);
	put(&d, 0, 1, NEW);
	zero_pages(d.fd, 1, 1);
	test_set_size(d.fd, PG(2));
	test_set_size(d.fd, PG(4));
	child(&e, d.fd, ON_WRITE, 0, 4);
	child(&f, self->root.fd, SNAPSHOT, 0, 4);
	test_vmo_op(c.fd, VMOP_VMO_OP_ZERO, 100, 50, NULL);
	test_vmo_op(c.fd, VMOP_VMO_OP_ZERO, PG(1) - 8, PG(1) + 16, NULL);
	test_vmo_op(e.fd, VMOP_VMO_OP_ZERO, PG(1) + 100, 50, NULL);
	test_vmo_op(e.fd, VMOP_VMO_OP_ZERO, PG(3) + 100, 50, NULL);
	test_vmo_op(f.fd, VMOP_VMO_OP_ZERO, PG(1) + 100, 50, NULL);
	put(&self->root, 0, 4, OWN);
	put(&d, 1, 3, NEW);
	zeros(&c, 0, 3);
	shows(&c, 3, 1, OWN);
	shows(&e, 0, 1, NEW);
	zeros(&e, 1, 1);
	shows(&e, 2, 1, NEW);
	zeros(&e, 3, 1);
	zeros(&f, 0, 4);
	/* their own zeros need no memory */
	zero_pages(c.fd, 3, 1);
	test_vmo_op(c.fd, VMOP_VMO_OP_ZERO, PG(3) + 8, 8, NULL);
	zeros(&c, 3, 1);
	EXPECT_EQ(PG(2), vmop_test_committed(c.fd));
	asked_none();
}

/* OBJ-9: what is the pager's to say about is its VMO, not what was made of it. */
TEST_F(clone_op, obj_9_calls_of_the_pager)
{
	static const __u32 ops[] = {
		VMOP_PAGER_OP_FAIL, VMOP_PAGER_OP_DIRTY,
		VMOP_PAGER_OP_WRITEBACK_BEGIN, VMOP_PAGER_OP_WRITEBACK_END,
	};
	struct vmop_query_stats stats;
	int fd[5], aux, file, pager = self->tp.fd;
	unsigned int i, j;

	ASSERT_EQ(0, test_pager_vmo(&self->tp, &self->vmo, OLD, 4));
	test_create_child(&fd[0], self->vmo.fd, ON_WRITE, 0, PG(4));
	test_create_child(&fd[1], self->vmo.fd, MODIFIED, 0, PG(4));
	test_create_child(&fd[2], self->vmo.fd, SNAPSHOT, 0, PG(4));
	test_create_child(&fd[3], self->vmo.fd, SLICE, 0, PG(4));
	test_create_child(&fd[4], self->vmo.fd, REFERENCE, 0, 0);
	test_vmo_create(&aux, pager, 0, PG(4));
	file = memfd_create("src", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(file, PG(4)));
	for (i = 0; i < 5; i++) {
		test_err_supply(EINVAL, pager, fd[i], 0, PG(1), aux, 0, NULL);
		test_err_supply_copy(EINVAL, pager, fd[i], 0, PG(1), &stats,
				     NULL);
		test_err_supply_zero(EINVAL, pager, fd[i], 0, PG(1), NULL);
		test_err_supply_file(EINVAL, pager, fd[i], 0, PG(1), file, 0,
				     NULL);
		for (j = 0; j < ARRAY_SIZE(ops); j++)
			test_err_op_range(EINVAL, pager, fd[i], ops[j], 0,
					  PG(1), j ? 0 : EIO, 0, NULL);
		test_err_detach(EINVAL, pager, fd[i]);
		EXPECT_ERR(EINVAL, test_dirty_stats(pager, fd[i], 0, &stats));
		EXPECT_ERR(EINVAL, test_dirty_query(pager, fd[i], 0, PG(1),
						    NULL, 0, NULL, NULL));
	}
	asked_none();
	expect_committed(0);
}

VMOP_TEST_MAIN
