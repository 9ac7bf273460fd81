// SPDX-License-Identifier: GPL-2.0
/*
 * QUERY_DIRTY (rules QRY-1 to QRY-8 of the specification of behaviour) and the
 * sums of QUERY_STATS. That a query with room for two records, in memory that is
 * there or not, tells all ranges is part of every expect_ranges() of the suite.
 */
#include "test_child.h"
#include "vmop_test.h"

#include "test_cow.h"
#include "test_dirty.h"

#define OWN 0xc1c1		/* what clones write */

DIRTY_FIXTURE(query)
DIRTY_FIXTURE_BOTH(both)

/* One call, its result in local variables of the test. */
#define query_bytes(_off, _len, _buf, _nr) \
	test_dirty_query(self->tp.fd, self->vmo.fd, _off, _len, _buf, _nr, &actual, \
			 &avail)

/* A record as it must be. */
#define expect_record(_rec, _pgoff, _nr, _flags) do { \
	EXPECT_EQ(PG(_pgoff), (_rec).offset); \
	EXPECT_EQ(PG(_nr), (_rec).length); \
	EXPECT_EQ(_flags, (_rec).flags); \
} while (0)

/*
 * 0 clean, 1 dirty, 2 being written, 3 marker, 4 dirty, 5 gap, 6 dirty, 7 to 9
 * zeros, 10 dirty: {1,2} {4,1} {6,1} {7,3,zeros} {10,1}
 */
#define make_mixed(_flags, _trap) do { \
	make_empty(_flags, 7, 11); \
	give(0, 3); \
	give_zeros(3, 1); \
	give(4, 1); \
	give(6, 1); \
	write_at(1, 2, _trap); \
	wb_begin(2, 1); \
	write_at(4, 1, _trap); \
	write_at(6, 1, _trap); \
	write_at(10, 1, _trap); \
} while (0)

/* ---- the seed's ----------------------------------------------------------- */

/* Seed 000, NoQueryOnClone: literal. OBJ-9: a clone has no dirty ranges. */
TEST_F(both, no_query_on_clone)
{
	struct vmop_dirty_range none;
	struct test_cow c;

	make(BOTH, 1, 1);
	write_at(0, 1, IF_TRAP);
	child(&c, self->vmo.fd, ON_WRITE, 0, 1);
	put(&c, 0, 1, OWN);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, c.fd, 0, PG(1), &none,
					    1, NULL, NULL));
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, c.fd, 0, PG(1), NULL,
					    0, NULL, NULL));
	shows(&c, 0, 1, OWN);
	test_cow_close(&c);
}

/* ---- rules ---------------------------------------------------------------- */

/* QRY-2, QRY-3, QRY-7: what runs are made of and where they end. */
TEST_F(both, qry_2_runs)
{
	make_mixed(BOTH, IF_TRAP);
	expect_ranges(PAGES(1, 2), PAGES(4, 1), PAGES(6, 1), ZEROS(7, 3),
		      PAGES(10, 1));
	/* Two runs of zeros that touch are one. */
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(5), PG(2), NULL);
	expect_ranges(PAGES(1, 2), PAGES(4, 1), ZEROS(5, 5), PAGES(10, 1));
	/* Zeros that are being written are not split off. */
	wb_begin(5, 2);
	expect_ranges(PAGES(1, 2), PAGES(4, 1), ZEROS(5, 5), PAGES(10, 1));
}

/* QRY-2, QRY-3: at the borders of the query ranges are cut. */
TEST_F(both, qry_3_clipped)
{
	make_mixed(BOTH, IF_TRAP);
	expect_ranges_in(2, 1, PAGES(2, 1));
	expect_ranges_in(2, 3, PAGES(2, 1), PAGES(4, 1));
	expect_ranges_in(8, 1, ZEROS(8, 1));
	expect_ranges_in(8, 3, ZEROS(8, 2), PAGES(10, 1));
	expect_ranges_in(0, 8, PAGES(1, 2), PAGES(4, 1), PAGES(6, 1), ZEROS(7, 1));
	EXPECT_EQ(0, test_dirty_expect_in(&self->tp, &self->vmo, 3, 1, NULL, 0));
	EXPECT_EQ(0, test_dirty_expect_in(&self->tp, &self->vmo, 5, 1, NULL, 0));
	EXPECT_EQ(0, test_dirty_expect_in(&self->tp, &self->vmo, 11, 0, NULL, 0));
}

/* QRY-1: any bytes; all pages that they touch are looked at. */
TEST_F(both, qry_1_unaligned)
{
	struct vmop_dirty_range rec[4];
	__u64 actual, avail;

	make(BOTH, 4, 4);
	write_at(1, 2, IF_TRAP);
	ASSERT_EQ(0, query_bytes(PG(1) + 5, 1, rec, 4));
	ASSERT_EQ(1, actual);
	EXPECT_EQ(1, avail);
	expect_record(rec[0], 1, 1, 0);
	ASSERT_EQ(0, query_bytes(PG(2) - 1, 2, rec, 4));
	ASSERT_EQ(1, actual);
	expect_record(rec[0], 1, 2, 0);
	ASSERT_EQ(0, query_bytes(1, PG(4) - 1, rec, 4));
	ASSERT_EQ(1, actual);
	expect_record(rec[0], 1, 2, 0);
	ASSERT_EQ(0, query_bytes(PG(1) - 1, 1, rec, 4));
	EXPECT_EQ(0, actual);
	ASSERT_EQ(0, query_bytes(PG(1) + 7, 0, rec, 4));
	EXPECT_EQ(0, actual);
	EXPECT_EQ(0, avail);
}

/* QRY-1: the range as given, not the rounded one, must lie in the VMO. */
TEST_F(both, qry_1_out_of_range)
{
	struct vmop_dirty_range rec[4];
	__u64 actual, avail;

	make(BOTH, 4, 4);
	EXPECT_ERR(ERANGE, query_bytes(0, PG(4) + 1, rec, 4));
	EXPECT_ERR(ERANGE, query_bytes(PG(3) + 1, PG(1), rec, 4));
	EXPECT_ERR(ERANGE, query_bytes(PG(4) + 1, 1, rec, 4));
	EXPECT_ERR(ERANGE, query_bytes(PG(1), -PG(1), rec, 4));
	EXPECT_ERR(ERANGE, query_bytes(PG(1), ~0ull, rec, 4));
	EXPECT_EQ(0, query_bytes(PG(4), 0, rec, 4));
}

/* QRY-1, OBJ-9: only of this pager's VMOs; records go to memory only. */
TEST_F(query, qry_1_errors)
{
	struct vmop_dirty_range rec[2], *ro;
	struct test_pager other;
	struct test_vmo vmo;
	int anon;

	make(NO_TRAP, 3, 3);
	write_at(0, 1, FREE);
	write_at(2, 1, FREE);
	test_vmo_create(&anon, self->tp.fd, 0, PG(1));
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, anon, 0, PG(1), rec, 2,
					    NULL, NULL));
	ASSERT_EQ(0, test_pager_init(&other));
	ASSERT_EQ(0, test_dirty_make(&other, &vmo, OLD, NO_TRAP, 1, 1));
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, vmo.fd, 0, PG(1), rec, 2,
					    NULL, NULL));
	test_pager_exit(&other);
	EXPECT_ERR(EBADFD, test_dirty_query(self->tp.fd, self->tp.port, 0, PG(1),
					    rec, 2, NULL, NULL));
	EXPECT_ERR(EBADF, test_dirty_query(self->tp.fd, -1, 0, PG(1), rec, 2, NULL,
					   NULL));
	ro = mmap(NULL, PG(1), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)ro);
	EXPECT_ERR(EFAULT, test_dirty_query(self->tp.fd, self->vmo.fd, 0, PG(3), ro,
					    2, NULL, NULL));
	EXPECT_ERR(EFAULT, test_dirty_query(self->tp.fd, self->vmo.fd, 0, PG(3),
					    NULL, 2, NULL, NULL));
	expect_ranges(PAGES(0, 1), PAGES(2, 1));
	munmap(ro, PG(1));
	close(anon);
}

/* QRY-4: room for few, for many, for none; counted only when asked to. */
TEST_F(both, qry_4_room)
{
	struct vmop_dirty_range rec[8];
	__u64 actual, avail;

	make_mixed(BOTH, IF_TRAP);
	ASSERT_EQ(0, query_bytes(0, PG(11), NULL, 0));
	EXPECT_EQ(0, actual);
	EXPECT_EQ(5, avail);
	memset(rec, 0x55, sizeof(rec));
	ASSERT_EQ(0, query_bytes(0, PG(11), rec, 1));
	EXPECT_EQ(1, actual);
	EXPECT_EQ(5, avail);
	expect_record(rec[0], 1, 2, 0);
	EXPECT_EQ(0x5555555555555555, rec[1].offset);
	ASSERT_EQ(0, query_bytes(0, PG(11), rec, 8));
	EXPECT_EQ(5, actual);
	EXPECT_EQ(5, avail);
	expect_record(rec[3], 7, 3, VMOP_DIRTY_ZERO);
	expect_record(rec[4], 10, 1, 0);
	EXPECT_EQ(0x5555555555555555, rec[5].offset);
	ASSERT_EQ(0, test_dirty_query(self->tp.fd, self->vmo.fd, 0, PG(11), rec, 3,
				      &actual, NULL));
	EXPECT_EQ(3, actual);
	/* With room for all, and for more than the kernel would ever make. */
	ASSERT_EQ(0, query_bytes(0, PG(11), rec, ~0ull));
	EXPECT_EQ(5, actual);
}

/* QRY-5: a run is not cut where the room ends. */
TEST_F(query, qry_5_whole_records)
{
	struct vmop_dirty_range rec;
	__u64 actual, avail, i;

	make(NO_TRAP, 256, 256);
	for (i = 0; i < 256; i += 8)
		write_at(i, 7, FREE);
	for (i = 0; i < 32; i++) {
		ASSERT_EQ(0, query_bytes(PG(8 * i), PG(256 - 8 * i), &rec, 1));
		ASSERT_EQ(1, actual);
		EXPECT_EQ(32 - i, avail);
		expect_record(rec, 8 * i, 7, 0);
	}
}

/*
 * QRY-6: the buffer is pager-backed memory of another pager, which is asked for it
 * during the call; its pages are not resident and a record lies across their
 * border.
 */
TEST_F(both, qry_6_buffer_of_a_pager)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	struct vmop_dirty_range *rec;
	struct test_pager other;
	struct test_vmo buf;
	__u64 actual, avail;

	make_mixed(BOTH, IF_TRAP);
	ASSERT_EQ(0, test_pager_init(&other));
	ASSERT_EQ(0, test_pager_vmo(&other, &buf, OLD, 2));
	ASSERT_EQ(0, test_pager_serve(&other, &how));
	rec = (void *)(buf.map + PG(1) - sizeof(*rec) - 8);
	ASSERT_EQ(0, query_bytes(0, PG(11), rec, 5));
	EXPECT_EQ(5, actual);
	EXPECT_EQ(5, avail);
	expect_record(rec[0], 1, 2, 0);
	expect_record(rec[1], 4, 1, 0);
	expect_record(rec[2], 6, 1, 0);
	expect_record(rec[3], 7, 3, VMOP_DIRTY_ZERO);
	expect_record(rec[4], 10, 1, 0);
	EXPECT_EQ(2, vmop_test_requests(buf.fd));
	EXPECT_EQ(0, test_pager_stop(&other));
	test_pager_exit(&other);
}

/* QRY-6: the same when that pager fails: EFAULT, and nothing is changed. */
TEST_F(query, qry_6_buffer_fails)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_FAILING, .err = EIO };
	struct test_pager other;
	__u64 actual, avail;
	struct test_vmo buf;

	make(NO_TRAP, 1, 1);
	write_at(0, 1, FREE);
	ASSERT_EQ(0, test_pager_init(&other));
	ASSERT_EQ(0, test_pager_vmo(&other, &buf, OLD, 1));
	ASSERT_EQ(0, test_pager_serve(&other, &how));
	EXPECT_ERR(EFAULT, query_bytes(0, PG(1), buf.map, 1));
	EXPECT_EQ(0, test_pager_stop(&other));
	test_pager_exit(&other);
	expect_ranges(PAGES(0, 1));
}

/* QRY-8: asking changes nothing, asks nobody, and does not wait for who waits. */
TEST_F(both, qry_8_no_side_effects)
{
	struct vmop_vmo_get_info before, after;
	struct vmop_thread *t;

	make_mixed(BOTH, IF_TRAP);
	t = reader(5, 1);
	asked_read(5, 1);
	blocked(t, 1);
	expect_modified();
	test_get_info(self->vmo.fd, &before);
	expect_ranges(PAGES(1, 2), PAGES(4, 1), PAGES(6, 1), ZEROS(7, 3),
		      PAGES(10, 1));
	test_get_info(self->vmo.fd, &after);
	EXPECT_TRUE(vmop_test_same_info(&before, &after));
	expect_unmodified();
	asked_none();
	give(5, 1);
	expect_content(t, PG(1), OLD, PG(5));
}

/* What is clean costs nothing: three ranges in a VMO of the largest size. */
TEST_F(query, cost_follows_what_is_dirty)
{
	struct vmop_dirty_range rec[8];
	__u64 actual, avail, start, last;
	struct vmop_info info;

	test_info(self->tp.fd, &info);
	make_empty(NO_TRAP, 1, 1);
	test_vmo_unmap(&self->tp, &self->vmo);
	test_set_size(self->vmo.fd, info.out_max_vmo_size);
	last = info.out_max_vmo_size / PG(1) - 1;
	write_at(last, 1, FREE);
	give(0, 1);
	write_at(0, 1, FREE);
	start = vmop_test_now_ms();
	ASSERT_EQ(0, query_bytes(0, info.out_max_vmo_size, rec, 8));
	EXPECT_GT(test_child_soon_ms(), vmop_test_now_ms() - start);
	EXPECT_EQ(3, avail);
	ASSERT_EQ(3, actual);
	expect_record(rec[0], 0, 1, 0);
	expect_record(rec[1], 1, last - 1, VMOP_DIRTY_ZERO);
	expect_record(rec[2], last, 1, 0);
	start = vmop_test_now_ms();
	write_back(0, last + 1);
	EXPECT_GT(test_child_soon_ms(), vmop_test_now_ms() - start);
	expect_clean();
}

/* STATS: what is being written is counted; what END has made clean adds up. */
TEST_F(both, sums)
{
	struct vmop_query_stats stats;

	make_mixed(BOTH, IF_TRAP);
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	EXPECT_EQ(PG(5), stats.out_dirty);
	EXPECT_EQ(PG(1), stats.out_awaiting_clean);
	EXPECT_EQ(PG(3), stats.out_dirty_zero);
	EXPECT_EQ(0, stats.out_dirty_limit);
	EXPECT_EQ(IF_TRAP ? 4 : 0, stats.out_dirty_requests);
	EXPECT_EQ(0, stats.out_writeback_requests);
	EXPECT_EQ(0, stats.out_cleaned);
	wb_begin(4, 1);
	wb_end(0, 11);
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	EXPECT_EQ(PG(3), stats.out_dirty);
	EXPECT_EQ(0, stats.out_awaiting_clean);
	EXPECT_EQ(PG(3), stats.out_dirty_zero);
	EXPECT_EQ(PG(2), stats.out_cleaned);
	/* Cut off, while it is written or not. */
	wb_begin(0, 11);
	resize(1);
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	EXPECT_EQ(0, stats.out_dirty);
	EXPECT_EQ(0, stats.out_awaiting_clean);
	EXPECT_EQ(0, stats.out_dirty_zero);
	EXPECT_EQ(PG(2), stats.out_cleaned);
}

VMOP_TEST_MAIN
