// SPDX-License-Identifier: GPL-2.0
/*
 * DIRTY requests: which accesses make them, how long they are, how they are
 * answered (rules REQ-2, REQ-3, REQ-12, REQ-13, REQ-23, REQ-26 and section D.2 of
 * the specification of behaviour).
 *
 * A comment that begins with "Seed 000" names the test of the project's seed 000
 * that it is; "literal" says that all numbers are those of the seed. "Zircon
 * 2023" is a test of the same file half a year later.
 */
#include "vmop_test.h"

#include "test_cow.h"
#include "test_dirty.h"

#define OWN 0xc1c1		/* what clones write */

DIRTY_FIXTURE(trap)
DIRTY_FIXTURE_BOTH(both)
DIRTY_FIXTURE_BY_ACCESS(access)

/* Write one byte of a page and agree. */
#define write_byte(_pgoff) do { \
	struct vmop_thread *__t = vmop_thread_pwrite(self->vmo.fd, PG(_pgoff), \
						     1, NEW); \
	asked_dirty(_pgoff, 1); \
	op_dirty(_pgoff, 1); \
	expect_done(__t, 1); \
} while (0)

/* Of nr pages that it keeps, with the limit of requests that users get. */
#define new_sized(_flags, _nr) \
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, \
		  &(struct vmop_test_vmo_args){ .flags = (_flags), .key = OLD, \
						.length = PG(_nr) }))

/* ---- which accesses ------------------------------------------------------- */

/* Seed 000, SimpleTrapDirty: literal. REQ-2, REQ-3, DT-2. */
TEST_F(access, simple_trap_dirty)
{
	struct vmop_thread *t;
	struct test_vmo nt;

	make_empty(TRAP, 1, 1);
	t = start_read(&self->vmo, 0, 1);
	asked_read(0, 1);
	give(0, 1);
	expect_content(t, PG(1), OLD, 0);

	t = start_write(&self->vmo, 0, 1, NEW);
	asked_dirty(0, 1);
	blocked(t, 1);
	expect_clean();
	expect_old(0, 1);
	op_dirty(0, 1);
	expect_done(t, PG(1));
	expect_ranges(PAGES(0, 1));
	t = start_read(&self->vmo, 0, 1);
	expect_content(t, PG(1), NEW, 0);

	ASSERT_EQ(0, test_dirty_make(&self->tp, &nt, OLD + 1, NO_TRAP, 1, 1));
	t = start_write(&nt, 0, 1, NEW);
	expect_done(t, PG(1));
	EXPECT_TRUE(vmop_test_check_fd(nt.fd, NEW, 0, PG(1)));
	test_err_vmo_create(EOPNOTSUPP, self->tp.fd, VMOP_VMO_TRAP_DIRTY, PG(1));
}

/* Seed 000, OpDirtyNoWrite: literal. DT-6, REQ-21. */
TEST_F(trap, op_dirty_no_write)
{
	make(TRAP, 1, 1);
	op_dirty(0, 1);
	expect_ranges(PAGES(0, 1));
	expect_old(0, 1);
	EXPECT_TRUE(vmop_test_check(self->vmo.map, OLD, 0, PG(1)));
	asked_none();
}

/* Seed 000, DirtyRequestsOnVmoWrite: literal. REQ-12. */
TEST_F(trap, dirty_requests_on_vmo_write)
{
	struct vmop_thread *t;
	int i;

	make(TRAP, 20, 20);
	for (i = 0; i < 10; i += 2)
		write_byte(i);
	write_byte(3);
	t = writer(11, 5);
	asked_dirty(11, 5);
	op_dirty(11, 5);
	expect_done(t, PG(5));
	expect_ranges(PAGES(0, 1), PAGES(2, 3), PAGES(6, 1), PAGES(8, 1),
		      PAGES(11, 5));
	expect_new(11, 5);
	expect_old(16, 4);
}

/*
 * Seed 000, DirtyRequestsViaMapping: literal. REQ-12: a fault asks for its page;
 * DT-9: the answer may be larger than the request.
 */
TEST_F(trap, dirty_requests_via_mapping)
{
	struct vmop_thread *t;
	int i;

	make(TRAP, 20, 20);
	for (i = 0; i < 10; i += 2)
		store_at(i, 1, ASKS);
	store_at(3, 1, ASKS);
	t = storer(11, 5);
	asked_dirty(11, 1);
	op_dirty(11, 5);
	expect_done(t, PG(5));
	expect_ranges(PAGES(0, 1), PAGES(2, 3), PAGES(6, 1), PAGES(8, 1),
		      PAGES(11, 5));
	expect_new(11, 5);
	expect_old(10, 1);
}

/* Seed 000, NoDirtyRequestsOnRead: literal. REQ-2, REQ-5. */
TEST_F(trap, no_dirty_requests_on_read)
{
	struct vmop_thread *t;

	make_empty(TRAP, 3, 3);
	t = vmop_thread_load(self->vmo.map, PG(3));
	asked_read(0, 1);
	give(0, 3);
	expect_content(t, PG(3), OLD, 0);
	asked_none();
	expect_clean();
}

/* Seed 000, DirtyRequestsRepeatedWrites: literal. DT-2. */
TEST_F(trap, dirty_requests_repeated_writes)
{
	make(TRAP, 1, 1);
	store_at(0, 1, ASKS);
	store_at(0, 1, FREE);
	write_at(0, 1, FREE);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/* Seed 000, DirtyRequestsOnWriteAfterRead: literal. */
TEST_F(trap, dirty_requests_on_write_after_read)
{
	make(TRAP, 1, 1);
	EXPECT_TRUE(vmop_test_check(self->vmo.map, OLD, 0, PG(1)));
	expect_clean();
	store_at(0, 1, ASKS);
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check(self->vmo.map, NEW, 0, PG(1)));
}

/* Seed 000, NoDirtyRequestsOnCommit: literal. REQ-2, COM-2. */
TEST_F(trap, no_dirty_requests_on_commit)
{
	struct vmop_thread *t;

	make_empty(TRAP, 5, 5);
	give(0, 2);
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(5));
	asked_read(2, 3);
	give(2, 3);
	expect_done(t, 0);
	asked_none();
	expect_clean();
	expect_committed(5);
}

/*
 * Seed 000, NoDirtyRequestsOnMapRange: literal. REQ-2, REQ-4: pages that were put
 * into the page table beforehand are not writable there.
 */
TEST_F(trap, no_dirty_requests_on_map_range)
{
	int i;

	make(TRAP, 3, 3);
	ASSERT_EQ(0, madvise(self->vmo.map, PG(3), MADV_POPULATE_READ));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(vmop_test_pte_present(self->vmo.map + PG(i)));
	asked_none();
	EXPECT_TRUE(vmop_test_check(self->vmo.map, OLD, 0, PG(3)));
	asked_none();
	expect_clean();
	for (i = 0; i < 3; i++)
		store_at(i, 1, ASKS);
	expect_ranges(PAGES(0, 3));
	expect_new(0, 3);
}

/* Seed 000, NoDirtyRequestsMapExistingDirty: literal. */
TEST_F(trap, no_dirty_requests_map_existing_dirty)
{
	make(TRAP, 1, 1);
	write_at(0, 1, ASKS);
	remap(1);
	store_at(0, 1, FREE);
	asked_none();
	expect_ranges(PAGES(0, 1));
}

/*
 * Seed 000, NoDirtyRequestsForClones: literal, with requests of one page (row 2 of
 * the table in conformance.rst). COW-24: a clone's changes are its own.
 */
TEST_F(trap, no_dirty_requests_for_clones)
{
	struct vmop_thread *t;
	struct test_cow c;

	make_empty(TRAP, 3, 3);
	child(&c, self->vmo.fd, ON_WRITE, 0, 3);
	t = vmop_thread_pwrite(c.fd, 0, PG(3), OWN);
	asked_read(0, 1);
	give(0, 3);
	expect_done(t, PG(3));
	asked_none();
	expect_clean();
	shows(&c, 0, 3, OWN);
	expect_old(0, 3);
	t = writer(0, 3);
	asked_dirty(0, 3);
	op_dirty(0, 3);
	expect_done(t, PG(3));
	expect_ranges(PAGES(0, 3));
	expect_new(0, 3);
	shows(&c, 0, 3, OWN);
	asked_none();
	test_cow_close(&c);
}

/* Row 2 with the limit that users get: all that is absent is one READ. */
TEST_F(trap, no_dirty_requests_for_clones_one_request)
{
	struct vmop_thread *t;
	struct test_cow c;

	new_sized(TRAP, 3);
	child(&c, self->vmo.fd, ON_WRITE, 0, 3);
	t = vmop_thread_pwrite(c.fd, 0, PG(3), OWN);
	asked_read(0, 3);
	give(0, 3);
	expect_done(t, PG(3));
	asked_none();
	expect_clean();
	shows(&c, 0, 3, OWN);
	expect_old(0, 3);
	test_cow_close(&c);
}

/* Seed 000, DirtyAfterMapProtect: literal. */
TEST_F(both, dirty_after_map_protect)
{
	make(BOTH, 1, 1);
	ASSERT_EQ(0, mprotect(self->vmo.map, PG(1), PROT_READ));
	EXPECT_TRUE(vmop_test_check(self->vmo.map, OLD, 0, PG(1)));
	expect_clean();
	ASSERT_EQ(0, mprotect(self->vmo.map, PG(1), PROT_READ | PROT_WRITE));
	store_at(0, 1, IF_TRAP);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/* ---- how long ------------------------------------------------------------- */

/*
 * Seed 000, DirtyRequestsOverlap: literal. REQ-8 for DIRTY: what is asked for
 * already is not asked for again.
 */
TEST_F(trap, dirty_requests_overlap)
{
	struct vmop_thread *t[2];
	char *buf = malloc(PG(1));

	make(TRAP, 20, 20);
	t[0] = writer(4, 5);
	asked_dirty(4, 5);
	t[1] = writer(2, 7);
	asked_dirty(2, 2);
	op_dirty(4, 5);
	op_dirty(2, 2);
	expect_done(t[0], PG(5));
	expect_done(t[1], PG(7));
	expect_ranges(PAGES(2, 7));

	t[0] = writer(11, 5);
	asked_dirty(11, 5);
	blocked(t[0], 1);
	t[1] = vmop_thread_pwrite(self->vmo.fd, PG(15), PG(4), NEW + 1);
	blocked(t[1], 2);
	asked_none();
	op_dirty(11, 5);
	expect_done(t[0], PG(5));
	expect_ranges(PAGES(2, 7), PAGES(11, 5));
	asked_dirty(16, 3);
	op_dirty(16, 3);
	expect_done(t[1], PG(4));
	expect_ranges(PAGES(2, 7), PAGES(11, 8));
	expect_new(11, 4);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW + 1, PG(16), PG(3)));
	/* Either writer's; which one is known by its first byte. */
	ASSERT_EQ(PG(1), vmop_test_pread(self->vmo.fd, buf, PG(1), PG(15)));
	EXPECT_TRUE(vmop_test_check(buf, (__u8)buf[0] ==
				    vmop_test_byte(NEW, PG(15)) ? NEW : NEW + 1,
				    PG(15), PG(1)));
	free(buf);
}

enum page_state { EMPTY, CLEAN, DIRTY };

/* A page of a random state each. */
static int make_random(struct test_pager *tp, const struct test_vmo *vmo,
		       enum page_state *states, unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++) {
		states[i] = random() % 3;
		if (states[i] != EMPTY)
			ret = test_pager_supply(tp, vmo, i, 1);
		if (states[i] == DIRTY && !ret)
			ret = test_dirty_op(tp, vmo, VMOP_PAGER_OP_DIRTY, i, 1, 0);
	}
	return ret;
}

/*
 * Seed 000, DirtyRequestsRandomOffsets: literal, with requests of one page (row 3
 * of the table in conformance.rst). REQ-3, REQ-12, REQ-13: each gap is asked for,
 * and the page that comes begins the next DIRTY request.
 */
TEST_F(trap, dirty_requests_random_offsets)
{
	enum page_state states[10];
	struct vmop_thread *t;
	int round, i, n;

	for (round = 0; round < 12; round++) {
		srandom(round);
		make_empty(TRAP, 10, 10);
		ASSERT_EQ(0, make_random(&self->tp, &self->vmo, states, 10));
		t = writer(0, 10);
		for (i = 0; i < 10; i += n) {
			n = 1;
			if (states[i] == DIRTY)
				continue;
			if (states[i] == EMPTY) {
				asked_read(i, 1);
				give(i, 1);
			}
			while (i + n < 10 && states[i + n] == CLEAN)
				n++;
			asked_dirty(i, n);
			op_dirty(i, n);
		}
		expect_done(t, PG(10));
		expect_ranges(PAGES(0, 10));
		expect_new(0, 10);
		asked_none();
		test_vmo_close(&self->tp, &self->vmo);
		expect_complete(&self->tp, OLD);
	}
}

/* ---- failure -------------------------------------------------------------- */

/* Seed 000, FailDirtyRequests: literal. REQ-23 to REQ-25. */
TEST_F(trap, fail_dirty_requests)
{
	struct vmop_thread *t;

	make(TRAP, 2, 2);
	t = vmop_thread_store(self->vmo.map + 40, 8, NEW, 40);
	asked_dirty(0, 1);
	refuse(0, 1, EIO);
	expect_sigbus(t, self->vmo.map + 40);
	t = writer(1, 1);
	asked_dirty(1, 1);
	refuse(1, 1, EIO);
	expect_errno(t, EIO);
	expect_clean();
	expect_old(0, 2);
}

/*
 * Seed 000, PartialFailDirtyRequests: literal. REQ-23: a failure counts only
 * where the request starts.
 */
TEST_F(trap, partial_fail_dirty_requests)
{
	struct vmop_thread *t;

	make(TRAP, 5, 5);
	t = writer(0, 5);
	asked_dirty(0, 5);
	op_dirty(0, 3);
	blocked(t, 1);
	refuse(3, 2, EIO);
	asked_dirty(3, 2);
	refuse(3, 2, EIO);
	expect_done(t, PG(3));
	expect_ranges(PAGES(0, 3));
	expect_new(0, 3);
	expect_old(3, 2);
	write_back(0, 3);
	expect_clean();

	t = vmop_thread_pwrite(self->vmo.fd, 0, PG(5), NEW + 1);
	asked_dirty(0, 5);
	refuse(0, 3, EIO);
	expect_errno(t, EIO);
	expect_clean();
	expect_new(0, 3);
	expect_old(3, 2);
}

/* ---- zeros ---------------------------------------------------------------- */

/* Seed 000, DirtyRequestsForZeroPages: literal. DT-3. */
TEST_F(trap, dirty_requests_for_zero_pages)
{
	make_empty(TRAP, 2, 2);
	give_zeros(0, 2);
	expect_committed(0);
	expect_clean();
	write_byte(0);
	expect_committed(1);
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, 0, 1));
	EXPECT_TRUE(vmop_test_check_fd_zero(self->vmo.fd, 1, PG(2) - 1));
	store_at(1, 1, ASKS);
	expect_committed(2);
	expect_ranges(PAGES(0, 2));
	expect_new(1, 1);
}

/* Supply a zero marker or a page. */
#define give_either(_zero, _pgoff) \
	ASSERT_EQ(0, (_zero) ? \
		  test_pager_supply_empty(&self->tp, &self->vmo, _pgoff, 1) : \
		  test_pager_supply(&self->tp, &self->vmo, _pgoff, 1))

/* Seed 000, DirtyZeroAndNonZeroPages: literal. DT-6. */
TEST_F(trap, dirty_zero_and_non_zero_pages)
{
	bool zero[10];
	int round, i;

	for (round = 0; round < 4; round++) {
		srandom(round);
		make_empty(TRAP, 10, 10);
		for (i = 0; i < 10; i++) {
			zero[i] = random() & 1;
			give_either(zero[i], i);
		}
		op_dirty(0, 10);
		expect_committed(10);
		expect_ranges(PAGES(0, 10));
		for (i = 0; i < 10; i++) {
			EXPECT_TRUE(zero[i] ?
				    vmop_test_check_fd_zero(self->vmo.fd, PG(i),
							    PG(1)) :
				    vmop_test_check_fd(self->vmo.fd, OLD, PG(i),
						       PG(1)));
		}
		test_vmo_close(&self->tp, &self->vmo);
		expect_complete(&self->tp, OLD);
	}
}

/* Seed 000, FailDirtyRequestsForZeroPages: literal. */
TEST_F(trap, fail_dirty_requests_for_zero_pages)
{
	struct vmop_thread *t;

	make_empty(TRAP, 1, 1);
	give_zeros(0, 1);
	t = writer(0, 1);
	asked_dirty(0, 1);
	refuse(0, 1, EIO);
	expect_errno(t, EIO);
	expect_committed(0);
	expect_clean();
	expect_zeros(0, 1);
}

/* Seed 000, DirtyRequestsForZeroRanges: literal. REQ-12: markers and pages alike. */
TEST_F(trap, dirty_requests_for_zero_ranges)
{
	struct vmop_thread *t;
	int i;

	make_empty(TRAP, 10, 10);
	give_zeros(0, 3);
	give(3, 1);
	write_at(0, 2, ASKS);
	write_at(2, 2, ASKS);
	expect_ranges(PAGES(0, 4));
	srandom(4);
	for (i = 4; i < 9; i++)
		give_either(random() & 1, i);
	t = writer(4, 6);
	asked_dirty(4, 5);
	op_dirty(4, 5);
	asked_read(9, 1);
	give(9, 1);
	asked_dirty(9, 1);
	op_dirty(9, 1);
	expect_done(t, PG(6));
	expect_ranges(PAGES(0, 10));
	expect_new(0, 10);
}

/* Zircon 2023, DirtyLargeRange: literal. DT-10, DT-11. */
TEST_F(trap, dirty_large_range)
{
	make_empty(TRAP, 100, 200);
	give_zeros(0, 100);
	expect_ranges(ZEROS(100, 100));
	op_dirty(0, 200);
	expect_committed(200);
	expect_ranges(PAGES(0, 200));
	expect_zeros(0, 200);
}

/* Zircon 2023, NoDirtyOnCommit: literal. COM-2: a committed marker is clean. */
TEST_F(both, no_dirty_on_commit)
{
	make_empty(BOTH, 2, 2);
	give_zeros(0, 2);
	expect_unmodified();
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(2), NULL);
	expect_committed(2);
	expect_clean();
	expect_unmodified();
	expect_zeros(0, 2);
	asked_none();
}

/* Zircon 2023, CommitExtendedTail: literal. DT-12: zeros of growing are dirty. */
TEST_F(both, commit_extended_tail)
{
	struct vmop_thread *t;

	make(BOTH, 1, 2);
	expect_modified();
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(2));
	if (variant->trap) {
		asked_dirty(1, 1);
		op_dirty(1, 1);
	}
	expect_done(t, 0);
	expect_ranges(PAGES(1, 1));
	expect_committed(2);
	expect_zeros(1, 1);
	asked_none();
}

/*
 * Zircon 2023, SliceWrite: literal. COW-27: a write to a slice is one to the VMO,
 * which alone is asked about.
 */
TEST_F(both, slice_write)
{
	struct vmop_query_stats stats;
	struct vmop_thread *t;
	struct test_cow slice;

	new_sized(BOTH, 2);
	give(0, 2);
	child(&slice, self->vmo.fd, SLICE, 0, 2);
	shows(&slice, 0, 2, OLD);
	expect_clean();
	expect_unmodified();
	t = vmop_thread_pwrite(slice.fd, 0, PG(2), NEW);
	if (variant->trap) {
		asked_dirty(0, 2);
		op_dirty(0, 2);
	}
	expect_done(t, PG(2));
	expect_ranges(PAGES(0, 2));
	expect_modified();
	expect_new(0, 2);
	shows(&slice, 0, 2, NEW);
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, slice.fd, 0, PG(2),
					    NULL, 0, NULL, NULL));
	EXPECT_ERR(EINVAL, test_dirty_stats(self->tp.fd, slice.fd, 0, &stats));
	asked_none();
	test_cow_close(&slice);
}

/* Zircon 2023, CommitResizeRace: literal. COM-3. */
TEST_F(both, commit_resize_race)
{
	struct vmop_thread *t;

	make_empty(BOTH, 2, 2);
	give(0, 1);
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(2));
	asked_read(1, 1);
	resize(1);
	expect_done(t, 0);
	expect_clean();
	expect_committed(1);
}

/*
 * Zircon 2023, EvictAfterDirtyRequest: literal; reclaim takes all three pages
 * here, and two are supplied again. REQ-26, DT-8: the failed answer releases the
 * writer, which asks for what is missing now.
 */
TEST_F(trap, evict_after_dirty_request)
{
	struct vmop_thread *t;

	make(TRAP, 3, 3);
	t = writer(0, 3);
	asked_dirty(0, 3);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	give(0, 1);
	give(2, 1);
	err_op_dirty(ENOENT, 0, 3);
	asked_dirty(0, 1);
	expect_clean();
	op_dirty(0, 1);
	asked_read(1, 1);
	give(1, 1);
	asked_dirty(1, 2);
	op_dirty(1, 2);
	expect_done(t, PG(3));
	expect_ranges(PAGES(0, 3));
	expect_new(0, 3);
	/* Evicted pages are what the fixture looks for at the end. */
	test_vmo_close(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
}

VMOP_TEST_MAIN
