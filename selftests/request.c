// SPDX-License-Identifier: GPL-2.0
/*
 * READ requests: when they are made, how long they are, what overlaps with
 * what (REQ-1 to REQ-11). What resolves and fails them is in resolve.c.
 */
#include "vmop_test.h"

VMOP_FIXTURE(request)
VMOP_FIXTURE_BY_ACCESS(access)

/* A VMO that asks for at most max pages per read() or write(). */
#define new_vmo_max(_tp, _vmo, _key, _nr, _max) \
	ASSERT_EQ(0, test_pager_vmo_args(_tp, _vmo, \
		  &(struct vmop_test_vmo_args){ .key = (_key), \
		  .length = PG(_nr), .max_request_pages = (_max) }))

static struct vmop_thread *commit(const struct test_vmo *vmo, __u64 pgoff,
				  __u64 nr)
{
	return vmop_thread_op(vmo->fd, VMOP_VMO_OP_COMMIT, PG(pgoff), PG(nr));
}

static struct vmop_thread *prefetch(const struct test_vmo *vmo, __u64 pgoff,
				    __u64 nr)
{
	return vmop_thread_op(vmo->fd, VMOP_VMO_OP_PREFETCH, PG(pgoff), PG(nr));
}

/* ---- when ----------------------------------------------------------------- */

/* REQ-1: whatever is content is never asked for. */
TEST_F(access, req_1_content_is_not_asked_for)
{
	struct test_vmo vmo;

	/* 0 page, 1 zero marker, 2 changed page, 3 and 4 zero intervals. */
	new_resizable(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 0, 1);
	supply_empty(&self->tp, &vmo, 1, 1);
	supply(&self->tp, &vmo, 2, 1);
	EXPECT_EQ(1, vmop_test_pwrite(vmo.fd, "x", 1, PG(2)));
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(3), PG(1), NULL);
	test_set_size(vmo.fd, PG(5));
	ASSERT_EQ(0, test_vmo_map(&self->tp, &vmo, 5));
	expect_done(start_read(&vmo, 0, 5), PG(5));
	expect_none(&self->tp);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(3), PG(2)));
	expect_done(start_write(&vmo, 0, 5, 33), PG(5));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 33, 0, PG(5)));
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);
}

/* REQ-1, REQ-3: a write to an absent page needs its content first. */
TEST_F(access, req_3_write_asks_for_content)
{
	struct test_vmo vmo;
	struct vmop_thread *t;

	new_vmo(&self->tp, &vmo, 1, 2);
	t = variant->map ?
	    vmop_thread_store(vmo.map + 16, 16, 44, 16) :
	    vmop_thread_pwrite(vmo.fd, 16, 16, 44);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 1));
	expect_done(t, 16);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, 16));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 44, 16, 16));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 32, PG(1) - 32));
	/* Also when the whole page is written over. */
	t = start_write(&vmo, 1, 1, 44);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 1, 1));
	expect_done(t, PG(1));
	expect_none(&self->tp);
}

/* REQ-4: looking costs no request. */
TEST_F(request, req_4_no_request_on_fast_paths)
{
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;
	unsigned char vec[4];
	struct stat st;

	new_vmo(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 1, 1);
	EXPECT_EQ(0, fstat(vmo.fd, &st));
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(0, lseek(vmo.fd, 0, SEEK_DATA));
	EXPECT_LE(0, lseek(vmo.fd, 0, SEEK_HOLE));
	EXPECT_EQ(0, mincore(vmo.map, PG(4), vec));
	test_vmo_op(vmo.fd, VMOP_VMO_OP_DONT_NEED, 0, PG(4), NULL);
	EXPECT_EQ(0, posix_fadvise(vmo.fd, 0, PG(4), POSIX_FADV_DONTNEED));
	EXPECT_EQ(0, posix_fadvise(vmo.fd, 0, PG(4), POSIX_FADV_RANDOM));
	EXPECT_EQ(0, madvise(vmo.map, PG(4), MADV_DONTNEED));
	/* Neighbours that are mapped along with a page. */
	EXPECT_EQ(0, vmop_mem_touch(vmo.map + PG(1), PG(1), NULL));
	EXPECT_FALSE(vmop_test_pte_present(vmo.map));
	EXPECT_FALSE(vmop_test_pte_present(vmo.map + PG(2)));
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);
}

/* ---- how long -------------------------------------------------------------- */

/* REQ-5: a fault asks for its page and no other, whatever the limit is. */
TEST_F(request, req_5_fault_asks_for_one_page)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int i;

	new_vmo_max(&self->tp, &vmo, 1, 4, 64);
	t = vmop_thread_load(vmo.map, PG(4));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, i, 1));
	expect_content(t, PG(4), 1, 0);
	expect_none(&self->tp);
}

/* REQ-5: read() and write() ask for what is left, at most 16 by default. */
TEST_F(request, req_5_default_limit)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 128);
	t = vmop_thread_pread(vmo.fd, 0, PG(40));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 16));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 16, 16));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 32, 8));
	expect_content(t, PG(40), 1, 0);
	t = vmop_thread_pwrite(vmo.fd, PG(64), PG(17), 2);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 64, 16));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 80, 1));
	expect_done(t, PG(17));
	/* Parts of pages count as pages. */
	t = vmop_thread_pread(vmo.fd, PG(100) + 100, PG(2));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 100, 3));
	expect_content(t, PG(2), 1, PG(100) + 100);
	t = vmop_thread_pread(vmo.fd, PG(105) - 1, 2);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 104, 2));
	expect_content(t, 2, 1, PG(105) - 1);
	expect_none(&self->tp);
}

/* Design decision 1: the limit is the VMO's; 1 gives the seed's numbers. */
TEST_F(request, req_5_limit_of_the_vmo)
{
	static const __u32 limits[] = { 1, 2, 5, 16, 17, 100 };
	struct test_vmo vmo[ARRAY_SIZE(limits)];
	struct vmop_thread *t;
	unsigned int i, j, n;

	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		new_vmo_max(&self->tp, &vmo[i], i, 36, limits[i]);
		t = vmop_thread_pread(vmo[i].fd, 0, PG(18));
		for (j = 0; j < 18; j += n) {
			n = limits[i] < 18 - j ? limits[i] : 18 - j;
			ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo[i],
							  j, n));
		}
		expect_content(t, PG(18), i, 0);
		t = vmop_thread_pwrite(vmo[i].fd, PG(18), PG(18), 77);
		for (j = 0; j < 18; j += n) {
			n = limits[i] < 18 - j ? limits[i] : 18 - j;
			ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo[i],
							  18 + j, n));
		}
		expect_done(t, PG(18));
		EXPECT_TRUE(vmop_test_check_fd(vmo[i].fd, 77, PG(18), PG(18)));
	}
	expect_none(&self->tp);
}

/* REQ-5: COMMIT asks for everything at once. Zircon: SimpleCommit. */
TEST_F(request, req_5_commit_has_no_limit)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo_max(&self->tp, &vmo, 1, 555, 1);
	t = commit(&vmo, 0, 555);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 555));
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(555)));
	EXPECT_EQ(PG(555), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* REQ-5: nor has PREFETCH, also by posix_fadvise(). */
TEST_F(request, req_5_prefetch_has_no_limit)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo_max(&self->tp, &vmo, 1, 555, 1);
	t = prefetch(&vmo, 5, 550);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 5, 550));
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* REQ-5: ZERO of a part of a page asks for that page. */
TEST_F(request, req_5_partial_zero)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 8);
	t = vmop_thread_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(2) + 8, PG(3));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 2, 1));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 5, 1));
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(2), 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2) + 8, PG(3)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(5) + 8, PG(1) - 8));
	expect_none(&self->tp);
}

/* REQ-6: a page that is there splits. Zircon: PresentPageSplitsRange. */
TEST_F(request, req_6_present_page_splits)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 5);
	supply(&self->tp, &vmo, 2, 1);
	t = commit(&vmo, 0, 5);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 2));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 3, 2));
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* REQ-6. Zircon: SplitCommit. */
TEST_F(request, req_6_split_commit)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 33);
	supply(&self->tp, &vmo, 16, 1);
	t = commit(&vmo, 0, 33);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 16));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 17, 16));
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(33)));
}

/* REQ-6: markers and intervals split as pages do; the end is an end. */
TEST_F(request, req_6_zeros_and_end_split)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, 1, 10);
	supply_empty(&self->tp, &vmo, 2, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(5), PG(2), NULL);
	t = vmop_thread_pread(vmo.fd, 0, PG(20));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 2));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 3, 2));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 7, 3));
	expect_done(t, PG(10));
	expect_none(&self->tp);
}

/* REQ-7: not a page before, not a page behind. */
TEST_F(access, req_7_no_read_around)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 64);
	t = start_read(&vmo, 31, 1);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 31, 1));
	expect_content(t, PG(1), 1, PG(31));
	t = start_write(&vmo, 33, 1, 5);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 33, 1));
	expect_done(t, PG(1));
	EXPECT_EQ(2, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);
}

/* ---- what overlaps ---------------------------------------------------------- */

/* REQ-8. Zircon: OverlapCommit. */
TEST_F(request, req_8_overlap_commit)
{
	struct vmop_thread *first, *second;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 32);
	first = commit(&vmo, 8, 16);
	expect_read(&self->tp, &vmo, 8, 16);
	second = commit(&vmo, 0, 32);
	expect_read(&self->tp, &vmo, 0, 8);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 0, 24);
	expect_done(first, 0);
	expect_read(&self->tp, &vmo, 24, 8);
	supply(&self->tp, &vmo, 24, 8);
	expect_done(second, 0);
	expect_none(&self->tp);
}

/*
 * REQ-8: [8, 16) is outstanding. What a new range [start, start + nr) asks for
 * now (asks_nr 0: nothing, it joins), and what is left after the answer to all
 * that is outstanding.
 */
TEST_F(request, req_8_trim_cases)
{
	static const struct {
		__u64 start, nr, asks, asks_nr, then, then_nr;
	} cases[] = {
		{ 0, 4, 0, 4, 0, 0 },		/* before, with a gap */
		{ 0, 8, 0, 8, 0, 0 },		/* before, touching */
		{ 20, 4, 20, 4, 0, 0 },		/* behind, with a gap */
		{ 16, 4, 16, 4, 0, 0 },		/* behind, touching */
		{ 4, 8, 4, 4, 0, 0 },		/* over its start */
		{ 4, 12, 4, 4, 0, 0 },		/* up to its end */
		{ 4, 20, 4, 4, 16, 8 },		/* over all of it */
		{ 8, 8, 0, 0, 0, 0 },		/* the same */
		{ 10, 2, 0, 0, 0, 0 },		/* inside */
		{ 8, 1, 0, 0, 0, 0 },		/* its first page */
		{ 15, 1, 0, 0, 0, 0 },		/* its last page */
		{ 8, 12, 0, 0, 16, 4 },		/* from its start, beyond */
		{ 15, 5, 0, 0, 16, 4 },		/* over its end */
	};
	struct test_vmo vmo[ARRAY_SIZE(cases)];
	struct vmop_thread *a, *b;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		TH_LOG("[%llu, +%llu)", cases[i].start, cases[i].nr);
		new_vmo(&self->tp, &vmo[i], i, 32);
		a = commit(&vmo[i], 8, 8);
		expect_read(&self->tp, &vmo[i], 8, 8);
		b = prefetch(&vmo[i], cases[i].start, cases[i].nr);
		expect_blocked(b, &vmo[i], 2);
		if (cases[i].asks_nr)
			expect_read(&self->tp, &vmo[i], cases[i].asks,
				    cases[i].asks_nr);
		expect_none(&self->tp);
		supply(&self->tp, &vmo[i], 8, 8);
		expect_done(a, 0);
		if (cases[i].asks_nr)
			supply(&self->tp, &vmo[i], cases[i].asks,
			       cases[i].asks_nr);
		if (cases[i].then_nr)
			ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo[i],
							  cases[i].then,
							  cases[i].then_nr));
		expect_done(b, 0);
		expect_none(&self->tp);
	}
}

/* REQ-8: between two outstanding requests only the hole is asked for. */
TEST_F(request, req_8_between_two)
{
	struct vmop_thread *t[3];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 24);
	t[0] = commit(&vmo, 0, 8);
	expect_read(&self->tp, &vmo, 0, 8);
	t[1] = commit(&vmo, 16, 8);
	expect_read(&self->tp, &vmo, 16, 8);
	t[2] = commit(&vmo, 4, 20);
	expect_blocked(t[2], &vmo, 3);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 0, 8);
	expect_read(&self->tp, &vmo, 8, 8);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 8, 16);
	for (i = 0; i < 3; i++)
		expect_done(t[i], 0);
	expect_none(&self->tp);
}

/* REQ-10. Zircon: ConcurrentOverlappingAccess. */
TEST_F(access, req_10_one_request_for_all)
{
	struct vmop_thread *t[32];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 1);
	for (i = 0; i < 32; i++)
		t[i] = start_read(&vmo, 0, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(vmo.fd, 32));
	expect_read(&self->tp, &vmo, 0, 1);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 0, 1);
	for (i = 0; i < 32; i++)
		expect_content(t[i], PG(1), 1, 0);
	EXPECT_EQ(1, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);
}

/* REQ-10: reads and writes, calls and faults share a request. */
TEST_F(request, req_10_any_kind_of_access)
{
	struct vmop_thread *t[6];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 1);
	t[0] = vmop_thread_pread(vmo.fd, 0, PG(1));
	t[1] = vmop_thread_load(vmo.map, PG(1));
	t[2] = vmop_thread_pwrite(vmo.fd, 0, PG(1), 1);
	t[3] = vmop_thread_store(vmo.map, PG(1), 1, 0);
	t[4] = commit(&vmo, 0, 1);
	t[5] = prefetch(&vmo, 0, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(vmo.fd, 6));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 1));
	for (i = 0; i < 4; i++)
		expect_done(t[i], PG(1));
	expect_done(t[4], 0);
	expect_done(t[5], 0);
	EXPECT_EQ(1, vmop_test_requests(vmo.fd));
	/* All wrote what was there. */
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(1)));
}

VMOP_TEST_MAIN
