// SPDX-License-Identifier: GPL-2.0
/*
 * Who is whose child, and who has how much memory: numbers of children, parents,
 * re-homing, ZERO_CHILDREN as EPOLLPRI, and attribution. Rules COW-17, COW-23,
 * COW-26a, COW-28, COW-30, COW-32, COW-36 to COW-38 and COW-41 of the specification
 * of behaviour. Numbers of shared pages are those of share counts (COW-41 [L]).
 *
 * COW-42 (priority) has no test: VMOs have no priority here.
 */
#include <sys/epoll.h>

#include "test_cow.h"
#include "vmop_test.h"

#define KEY 0xc001
#define NEW 0xc002

VMOP_FIXTURE(count)

static __u64 id_of(int fd)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(fd, &info) ? 0 : info.out_id;
}

static __u64 parent_of(int fd)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(fd, &info) ? ~0ULL : info.out_parent_id;
}

static unsigned int children_of(int fd)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(fd, &info) ? ~0U : info.out_num_children;
}

/* The number and the signal say the same. */
#define has_children(_fd, _nr) do { \
	EXPECT_EQ(_nr, children_of(_fd)); \
	EXPECT_EQ(!(_nr), test_cow_childless(_fd)); \
} while (0)

/* ---- children and parents -------------------------------------------------- */

/* COW-36: all kinds count, each once, and only direct ones. */
TEST_F(count, cow_36_num_children)
{
	int snap, slice, ref, grand, root;

	test_vmo_create(&root, self->tp.fd, 0, PG(4));
	has_children(root, 0);
	test_create_child(&snap, root, SNAPSHOT, 0, PG(4));
	has_children(root, 1);
	test_create_child(&slice, root, SLICE, 0, PG(4));
	has_children(root, 2);
	test_create_child(&ref, root, REFERENCE, 0, 0);
	has_children(root, 3);
	test_create_child(&grand, snap, SNAPSHOT, 0, PG(4));
	has_children(root, 3);
	has_children(snap, 1);
	has_children(slice, 0);
	has_children(grand, 0);
	close(slice);
	has_children(root, 2);
	close(grand);
	has_children(root, 2);
	has_children(snap, 0);
	close(snap);
	close(ref);
	has_children(root, 0);
	close(root);
}

/* COW-23, COW-38: a closed VMO's children are its parent's. */
TEST_F(count, cow_23_rehoming)
{
	__u64 id[5];
	int v[5], i;

	test_vmo_create(&v[0], self->tp.fd, 0, PG(4));
	for (i = 1; i < 5; i++)
		test_create_child(&v[i], v[i == 4 ? 2 : i - 1], SNAPSHOT, 0,
				  PG(4));
	for (i = 0; i < 5; i++)
		id[i] = id_of(v[i]);
	EXPECT_EQ(0, parent_of(v[0]));
	EXPECT_EQ(id[0], parent_of(v[1]));
	EXPECT_EQ(id[1], parent_of(v[2]));
	EXPECT_EQ(id[2], parent_of(v[3]));
	EXPECT_EQ(id[2], parent_of(v[4]));
	has_children(v[1], 1);
	close(v[2]);
	EXPECT_EQ(id[1], parent_of(v[3]));
	EXPECT_EQ(id[1], parent_of(v[4]));
	has_children(v[1], 2);
	has_children(v[0], 1);
	close(v[1]);
	EXPECT_EQ(id[0], parent_of(v[3]));
	has_children(v[0], 2);
	close(v[0]);
	EXPECT_EQ(0, parent_of(v[3]));
	EXPECT_EQ(0, parent_of(v[4]));
	has_children(v[3], 0);
	close(v[3]);
	close(v[4]);
}

/* COW-30, COW-38: views of views have parents, too. */
TEST_F(count, cow_38_parents_of_views)
{
	int root, slice, inner, ref, clone;

	test_vmo_create(&root, self->tp.fd, 0, PG(4));
	test_create_child(&slice, root, SLICE, PG(1), PG(2));
	test_create_child(&inner, slice, SLICE, PG(1), PG(1));
	test_create_child(&ref, root, REFERENCE, 0, 0);
	test_create_child(&clone, ref, SNAPSHOT, 0, PG(4));
	EXPECT_EQ(id_of(slice), parent_of(inner));
	EXPECT_EQ(id_of(ref), parent_of(clone));
	has_children(root, 2);
	has_children(slice, 1);
	has_children(ref, 1);
	close(slice);
	EXPECT_EQ(id_of(root), parent_of(inner));
	has_children(root, 2);
	close(ref);
	EXPECT_EQ(id_of(root), parent_of(clone));
	has_children(root, 2);
	close(inner);
	close(clone);
	has_children(root, 0);
	close(root);
}

/*
 * COW-13, COW-38: a clone that is hung higher up is still its parent's child. In
 * the order of Zircon's ZeroChildrenGrandchildClosedLast.
 */
TEST_F(count, cow_37_grandchild_closed_last)
{
	struct test_vmo vmo;
	int child, grand;

	new_vmo(&self->tp, &vmo, KEY, 4);
	test_create_child(&child, vmo.fd, ON_WRITE, 0, PG(4));
	test_create_child(&grand, child, ON_WRITE, 0, PG(4));
	has_children(vmo.fd, 1);
	has_children(child, 1);
	EXPECT_EQ(id_of(child), parent_of(grand));
	close(child);
	has_children(vmo.fd, 1);
	EXPECT_EQ(id_of(vmo.fd), parent_of(grand));
	close(grand);
	EXPECT_EQ(0, test_cow_wait_childless(vmo.fd));
	has_children(vmo.fd, 0);
	/* nothing uses the root any more: the last one closes it for good */
	test_vmo_close(&self->tp, &vmo);
	expect_complete(&self->tp, KEY);
}

/* COW-37: a mapping of a child is a child. */
TEST_F(count, cow_37_mapping_keeps_child)
{
	struct test_vmo vmo;
	char *map;
	int fd;

	new_vmo(&self->tp, &vmo, KEY, 4);
	supply(&self->tp, &vmo, 0, 4);
	test_create_child(&fd, vmo.fd, ON_WRITE, 0, PG(4));
	map = mmap(NULL, PG(4), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	close(fd);
	has_children(vmo.fd, 1);
	map[0] = 1;
	munmap(map, PG(4));
	EXPECT_EQ(0, test_cow_wait_childless(vmo.fd));
	has_children(vmo.fd, 0);
}

static void close_it(void *arg, struct vmop_result *res)
{
	res->ret = close(*(int *)arg);
}

/* COW-37: whoever waits for the last child is told, by poll() and by epoll. */
TEST_F(count, cow_37_wait_for_the_last)
{
	struct epoll_event ev = { .events = EPOLLPRI }, got;
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int root, fd, i, n;

	test_vmo_create(&root, self->tp.fd, 0, PG(4));
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, root, &ev));
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, 0));
	EXPECT_EQ(EPOLLPRI, got.events & EPOLLPRI);
	for (i = 0; i < 50; i++) {
		struct vmop_thread *t;

		test_create_child(&fd, root, i & 1 ? SNAPSHOT : SLICE, 0,
				  PG(2));
		EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
		t = vmop_thread_call(close_it, &fd);
		n = epoll_wait(ep, &got, 1, vmop_test_timeout_ms());
		ASSERT_EQ(1, n);
		/* the child no longer uses the parent when that is told */
		has_children(root, 0);
		EXPECT_EQ(0, vmop_test_committed(root));
		expect_done(t, 0);
	}
	/* edges: told again only after there were children */
	ev.events = EPOLLPRI | EPOLLET;
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_MOD, root, &ev));
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, 0));
	EXPECT_EQ(0, epoll_wait(ep, &got, 1, 0));
	test_create_child(&fd, root, SNAPSHOT, 0, PG(2));
	close(fd);
	EXPECT_EQ(1, epoll_wait(ep, &got, 1, vmop_test_timeout_ms()));
	close(root);
	close(ep);
}

/* COW-37: by the time create_child returns the signal is off; many at once. */
static void make_and_close(void *arg, struct vmop_result *res)
{
	int parent = *(int *)arg, i, fd;

	for (i = 0; i < 300 && !res->err; i++) {
		fd = test_cow_child(parent, i & 1 ? SNAPSHOT : REFERENCE, 0,
				    i & 1 ? PG(2) : 0);
		if (fd < 0)
			res->err = -fd;
		else if (test_cow_childless(parent))
			res->err = EPROTO;
		close(fd);
	}
	res->ret = res->err ? -1 : 0;
}

TEST_F(count, cow_37_synchronous)
{
	struct vmop_thread *t[4];
	unsigned int i;
	int root;

	test_vmo_create(&root, self->tp.fd, 0, PG(4));
	for (i = 0; i < 4; i++)
		t[i] = vmop_thread_call(make_and_close, &root);
	for (i = 0; i < 4; i++)
		expect_done(t[i], 0);
	EXPECT_EQ(0, test_cow_wait_childless(root));
	has_children(root, 0);
	close(root);
}

/* ---- memory ---------------------------------------------------------------- */

/* In halves of a page, as scaled bytes may be. */
#define memory(_v, _private, _shared, _half_pages) do { \
	struct vmop_vmo_get_info __info; \
	ASSERT_EQ(0, test_cow_shares((_v)->fd, &__info)); \
	EXPECT_EQ(PG(_private), __info.out_private); \
	EXPECT_EQ(PG(_shared), __info.out_shared); \
	EXPECT_EQ(PG(_half_pages) / 2, __info.out_scaled); \
} while (0)

/*
 * COW-26a, COW-41: the worked example with the numbers of share counts: both 2
 * halves; 1 1/2 each; the same; 2 and 2; 2.
 */
TEST_F(count, cow_26a_worked_example)
{
	struct test_cow a, b;

	filled(&a, 0, 2, KEY);
	memory(&a, 2, 0, 4);
	child(&b, a.fd, SNAPSHOT, 0, 2);
	memory(&a, 0, 2, 2);
	memory(&b, 0, 2, 2);
	/* (1) visible to both: copied */
	put(&b, 0, 1, NEW);
	memory(&a, 1, 1, 3);
	memory(&b, 1, 1, 3);
	EXPECT_EQ(PG(1), vmop_test_committed(b.fd));
	/* (2) visible to A alone: moved, no more memory than before */
	put(&a, 0, 1, NEW);
	memory(&a, 1, 1, 3);
	memory(&b, 1, 1, 3);
	EXPECT_EQ(PG(1), vmop_test_committed(a.fd));
	/* (3) visible to both: copied, and then B's alone */
	put(&a, 1, 1, NEW);
	memory(&a, 2, 0, 4);
	memory(&b, 2, 0, 4);
	/* (4) A closes: B keeps what it had */
	test_cow_close(&a);
	memory(&b, 2, 0, 4);
	shows(&b, 0, 1, NEW);
	shows(&b, 1, 1, KEY);
	EXPECT_EQ(PG(2), vmop_test_committed(b.fd));
	test_cow_close(&b);
}

/* COW-41: many who share; Zircon's EmptyCowChildren among them. */
TEST_F(count, cow_41_many_share)
{
	struct vmop_vmo_get_info info;
	struct test_cow a, c[7];
	unsigned int i;

	filled(&a, 0, 4, KEY);
	for (i = 0; i < 7; i++) {
		child(&c[i], a.fd, SNAPSHOT, 0, 4);
		ASSERT_EQ(0, test_cow_shares(a.fd, &info));
		EXPECT_EQ(0, info.out_private);
		EXPECT_EQ(PG(4), info.out_shared);
		EXPECT_EQ(PG(4) / (i + 2), info.out_scaled);
	}
	/* eight sharers of four pages, then seven of the second */
	put(&c[3], 1, 1, NEW);
	ASSERT_EQ(0, test_cow_shares(c[0].fd, &info));
	EXPECT_EQ(PG(4), info.out_shared);
	EXPECT_LE(3 * (PG(1) / 8) + PG(1) / 7, info.out_scaled);
	EXPECT_GE(3 * (PG(1) / 8) + PG(1) / 7 + 1, info.out_scaled);
	ASSERT_EQ(0, test_cow_shares(c[3].fd, &info));
	EXPECT_EQ(PG(1), info.out_private);
	EXPECT_EQ(PG(3), info.out_shared);
	EXPECT_EQ(PG(1) + 3 * (PG(1) / 8), info.out_scaled);
	for (i = 0; i < 7; i++)
		test_cow_close(&c[i]);
	memory(&a, 4, 0, 8);
}

/* COW-18: what nobody sees any more takes no memory. */
TEST_F(count, cow_18_release)
{
	struct test_cow a, b;

	filled(&a, VMOP_VMO_RESIZABLE, 8, KEY);
	child(&b, a.fd, SNAPSHOT | RESIZABLE, 2, 4);
	/* pages 0, 1, 6, 7 are A's alone */
	memory(&a, 4, 4, 12);
	memory(&b, 0, 4, 4);
	test_set_size(a.fd, PG(4));
	memory(&a, 2, 2, 6);
	memory(&b, 2, 2, 6);
	zero_pages(b.fd, 0, 1);
	memory(&a, 3, 1, 7);
	memory(&b, 2, 1, 5);
	/* A's page 3 in both; B's 2 and 3 are its own */
	test_set_size(b.fd, PG(1));
	memory(&a, 4, 0, 8);
	memory(&b, 0, 0, 0);
	zero_pages(a.fd, 0, 4);
	memory(&a, 0, 0, 0);
	EXPECT_EQ(0, vmop_test_committed(a.fd));
}

/* COW-41: pages of a pager's VMO are its own, whoever sees them. */
TEST_F(count, cow_41_pager_root)
{
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;
	struct test_cow root, c, d;

	new_vmo(&self->tp, &vmo, KEY, 4);
	supply(&self->tp, &vmo, 0, 3);
	root = test_cow_of(&vmo);
	child(&c, vmo.fd, ON_WRITE, 0, 4);
	shows(&c, 0, 3, KEY);
	memory(&root, 3, 0, 6);
	memory(&c, 0, 0, 0);
	put(&c, 0, 2, NEW);
	memory(&root, 3, 0, 6);
	memory(&c, 2, 0, 4);
	child(&d, c.fd, MODIFIED, 0, 4);
	memory(&c, 0, 2, 2);
	memory(&d, 0, 2, 2);
	memory(&root, 3, 0, 6);
	zero_pages(d.fd, 0, 2);
	ASSERT_EQ(0, test_cow_shares(d.fd, &info));
	EXPECT_EQ(PG(2), info.out_zero);
	memory(&c, 2, 0, 4);
	memory(&d, 0, 0, 0);
}

/* COW-41: without the flag these fields are 0, and nothing is walked. */
TEST_F(count, cow_41_only_when_asked)
{
	struct vmop_vmo_get_info info;
	struct test_cow a, b;

	filled(&a, 0, 4, KEY);
	child(&b, a.fd, SNAPSHOT, 0, 4);
	put(&b, 0, 1, NEW);
	test_get_info(b.fd, &info);
	EXPECT_EQ(0, info.out_private + info.out_shared + info.out_scaled +
		  info.out_zero);
	EXPECT_EQ(PG(1), info.out_committed);
}

/*
 * COW-17, COW-41: over a family the scaled numbers add up to its memory, whatever
 * was done; and memory is never more than one copy for each.
 */
TEST_F(count, cow_41_sums)
{
	struct vmop_vmo_get_info info;
	struct test_cow v[6];
	unsigned int i, j, round;
	__u64 random = 7, sum, slack, private;

	filled(&v[0], 0, 16, KEY);
	for (i = 1; i < 6; i++)
		child(&v[i], v[i / 2].fd, SNAPSHOT, 0, 16);
	for (round = 0; round < 200; round++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		i = (random >> 33) % 6;
		j = (random >> 43) % 16;
		ASSERT_EQ(0, random >> 60 < 3 ?
			  vmop_test_vmo_op(v[i].fd, VMOP_VMO_OP_ZERO, PG(j),
					   PG(1), NULL) :
			  test_cow_put(&v[i], false, j, 1, NEW + round, j));
		if (round == 100) {
			test_cow_close(&v[1]);
			child(&v[1], v[5].fd, SNAPSHOT, 0, 16);
		}
		sum = 0;
		slack = 0;
		private = 0;
		for (i = 0; i < 6; i++) {
			ASSERT_EQ(0, test_cow_shares(v[i].fd, &info));
			EXPECT_GE(PG(16), info.out_private + info.out_shared);
			EXPECT_LE(info.out_private, info.out_scaled);
			EXPECT_GE(info.out_private + info.out_shared,
				  info.out_scaled);
			sum += info.out_scaled;
			private += info.out_private;
			/* less than a byte is lost for each shared page */
			slack += info.out_shared / PG(1);
		}
		/* whole pages, when the bytes that were lost are added */
		EXPECT_GE(slack, (PG(1) - sum % PG(1)) % PG(1))
			TH_LOG("round %u: sum %llu", round, sum);
		EXPECT_GE(PG(6 * 16), sum);
		EXPECT_LE(private, sum);
	}
	/* all but one go: it has what it shows, alone */
	for (i = 1; i < 6; i++)
		test_cow_close(&v[i]);
	ASSERT_EQ(0, test_cow_shares(v[0].fd, &info));
	EXPECT_EQ(0, info.out_shared);
	EXPECT_EQ(info.out_private, info.out_scaled);
	EXPECT_EQ(info.out_private, info.out_committed);
}

VMOP_TEST_MAIN
