// SPDX-License-Identifier: GPL-2.0
/*
 * QUERY_STATS: was the VMO modified (rules STA-1 to STA-5 of the specification of
 * behaviour), also by accesses that fail half way (DT-5).
 */
#include "vmop_test.h"

#include "test_cow.h"
#include "test_dirty.h"

#define OWN 0xc1c1		/* what clones write */

DIRTY_FIXTURE(modified)
DIRTY_FIXTURE_BOTH(both)

/* With TRAP_DIRTY, pages that are dirty already, so that no access is trapped. */
#define make_ready(_nr) do { \
	make(BOTH, _nr, _nr); \
	if (variant->trap) \
		op_dirty(0, _nr); \
	expect_unmodified(); \
} while (0)

/* ---- the seed's ----------------------------------------------------------- */

/* Seed 000, ModifiedOnVmoWrite: literal. STA-1, STA-2, STA-4. */
TEST_F(both, modified_on_vmo_write)
{
	make_ready(1);
	write_at(0, 1, FREE);
	expect_modified();
	expect_unmodified();
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/*
 * Seed 000, ModifiedOnMappingWrite: literal. STA-3: OP_DIRTY alone does not open the
 * mapping, also when it has the page already.
 */
TEST_F(both, modified_on_mapping_write)
{
	make_ready(1);
	EXPECT_TRUE(vmop_test_check(self->vmo.map, OLD, 0, PG(1)));
	if (variant->trap)
		op_dirty(0, 1);
	expect_unmodified();
	store_at(0, 1, FREE);
	expect_modified();
	expect_unmodified();
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/* Seed 000, ModifiedOnResize: literal. STA-1, RSZ-10. */
TEST_F(both, modified_on_resize)
{
	make(BOTH, 1, 1);
	expect_unmodified();
	resize(0);
	expect_modified();
	expect_unmodified();
	expect_clean();
	resize(2);
	expect_modified();
	expect_unmodified();
	expect_ranges(ZEROS(0, 2));
	expect_zeros(0, 2);
	asked_none();
}

/*
 * Seed 000, ModifiedOnOpZero: row 8. The seed has {0,1} afterwards, as ZERO writes
 * the page there.
 */
TEST_F(both, modified_on_op_zero)
{
	make_ready(1);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL);
	expect_modified();
	expect_unmodified();
	expect_ranges(ZEROS(0, 1));
	expect_zeros(0, 1);
}

/* Seed 000, NotModifiedOnVmoRead: literal. STA-2. */
TEST_F(both, not_modified_on_vmo_read)
{
	make(BOTH, 1, 1);
	expect_unmodified();
	expect_old(0, 1);
	expect_unmodified();
	expect_clean();
}

/* Seed 000, NotModifiedOnMappingRead: literal. */
TEST_F(both, not_modified_on_mapping_read)
{
	make(BOTH, 1, 1);
	expect_unmodified();
	EXPECT_TRUE(vmop_test_check(self->vmo.map, OLD, 0, PG(1)));
	expect_unmodified();
	expect_clean();
}

/* Seed 000, NotModifiedOnFailedDirtyRequest: literal. STA-2, REQ-25. */
TEST_F(modified, not_modified_on_failed_dirty_request)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	expect_unmodified();
	t = writer(0, 1);
	asked_dirty(0, 1);
	refuse(0, 1, EIO);
	expect_errno(t, EIO);
	expect_unmodified();
	expect_old(0, 1);
	expect_clean();
	t = storer(0, 1);
	asked_dirty(0, 1);
	refuse(0, 1, EIO);
	expect_sigbus(t, self->vmo.map);
	expect_unmodified();
	expect_old(0, 1);
	expect_clean();
}

/* Write nr pages to the VMO at 0 from memory of a VMO that reads fail on. */
struct copy_args {
	int fd;
	const void *src;
	size_t len;
};

static void do_copy(void *arg, struct vmop_result *res)
{
	struct copy_args *args = arg;

	res->ret = pwrite(args->fd, args->src, args->len, 0);
	res->err = res->ret < 0 ? errno : 0;
}

/*
 * Seed 000, NotModifiedOnFailedVmoWrite: row 15. There, {0,1} is dirty afterwards
 * also without TRAP_DIRTY, as a page becomes dirty before its source is looked at
 * (DT-5); the source comes first here, so nothing has happened when it fails.
 */
TEST_F(both, not_modified_on_failed_vmo_write)
{
	struct copy_args args = { .len = 1 };
	struct vmop_thread *t;
	struct test_vmo src;

	make_ready(1);
	ASSERT_EQ(0, test_dirty_make_empty(&self->tp, &src, OLD + 1, NO_TRAP, 1, 1));
	args.fd = self->vmo.fd;
	args.src = src.map;
	t = vmop_thread_call(do_copy, &args);
	expect_read(&self->tp, &src, 0, 1);
	fail_range(&self->tp, &src, 0, 1, EIO);
	expect_errno(t, EFAULT);
	expect_unmodified();
	expect_old(0, 1);
	EXPECT_EQ(0, test_dirty_expect(&self->tp, &self->vmo,
				       &(struct test_dirty_range)PAGES(0, 1),
				       variant->trap));
}

/*
 * Seed 000, ModifiedOnPartialVmoWrite: row 15. There, {0,2} is dirty after the
 * first part also without TRAP_DIRTY.
 */
TEST_F(both, modified_on_partial_vmo_write)
{
	struct test_dirty_range want = PAGES(0, variant->trap ? 2 : 1);
	struct copy_args args = { .len = PG(2) };
	struct vmop_thread *t;
	struct test_vmo src;

	make_ready(2);
	ASSERT_EQ(0, test_dirty_make_empty(&self->tp, &src, NEW, NO_TRAP, 2, 2));
	supply(&self->tp, &src, 0, 1);
	args.fd = self->vmo.fd;
	args.src = src.map;
	t = vmop_thread_call(do_copy, &args);
	expect_read(&self->tp, &src, 1, 1);
	fail_range(&self->tp, &src, 1, 1, EIO);
	expect_done(t, PG(1));
	expect_modified();
	expect_unmodified();
	EXPECT_EQ(0, test_dirty_expect(&self->tp, &self->vmo, &want, 1));
	expect_new(0, 1);
	expect_old(1, 1);
	if (!variant->trap)
		return;

	write_back(0, 2);
	expect_clean();
	op_dirty(0, 1);
	t = vmop_thread_pwrite(self->vmo.fd, 0, PG(2), NEW + 1);
	asked_dirty(1, 1);
	refuse(1, 1, EIO);
	expect_done(t, PG(1));
	expect_modified();
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW + 1, 0, PG(1)));
	expect_old(1, 1);
}

/* Seed 000, NotModifiedCloneWrite: literal. STA-2, OBJ-9. */
TEST_F(both, not_modified_clone_write)
{
	struct vmop_query_stats stats;
	struct test_cow c;

	make(BOTH, 1, 1);
	expect_clean();
	expect_unmodified();
	child(&c, self->vmo.fd, ON_WRITE, 0, 1);
	put(&c, 0, 1, OWN);
	expect_unmodified();
	expect_old(0, 1);
	expect_clean();
	EXPECT_ERR(EINVAL, test_dirty_stats(self->tp.fd, c.fd, 0, &stats));
	shows(&c, 0, 1, OWN);
	EXPECT_ERR(EINVAL, test_dirty_query(self->tp.fd, c.fd, 0, PG(1), NULL,
					    0, NULL, NULL));
	asked_none();
	test_cow_close(&c);
}

/* Seed 000, ModifiedNoReset: literal. STA-4. */
TEST_F(both, modified_no_reset)
{
	make_ready(1);
	write_at(0, 1, FREE);
	EXPECT_EQ(1, test_dirty_modified(&self->tp, &self->vmo, 0));
	EXPECT_EQ(1, test_dirty_modified(&self->tp, &self->vmo, 0));
	expect_ranges(PAGES(0, 1));
	expect_modified();
	EXPECT_EQ(0, test_dirty_modified(&self->tp, &self->vmo, 0));
	expect_unmodified();
}

/* ---- rules ---------------------------------------------------------------- */

/* STA-1: what sets it; the same size too, as the call succeeds. */
TEST_F(both, sta_1_set)
{
	struct vmop_thread *t;

	make(BOTH, 3, 3);
	expect_unmodified();
	resize(3);
	expect_modified();
	resize(4);
	expect_modified();
	resize(3);
	expect_modified();
	ASSERT_EQ(0, ftruncate(self->vmo.fd, PG(2)));
	expect_modified();
	expect_clean();
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(1) + 8, 8);
	if (variant->trap) {
		asked_dirty(1, 1);
		op_dirty(1, 1);
	}
	expect_done(t, 0);
	expect_modified();
	write_at(0, 1, IF_TRAP);
	expect_modified();
}

/* STA-2: what does not. */
TEST_F(both, sta_2_not_set)
{
	struct vmop_thread *t;

	make_empty(BOTH, 6, 6);
	give(0, 2);
	give_zeros(2, 1);
	if (variant->trap)
		op_dirty(0, 3);
	expect_old(0, 2);
	EXPECT_EQ(0, vmop_mem_touch(self->vmo.map, PG(2), NULL));
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(4));
	asked_read(3, 1);
	give(3, 1);
	expect_done(t, 0);
	t = vmop_thread_op(self->vmo.fd, VMOP_VMO_OP_PREFETCH, 0, PG(5));
	asked_read(4, 1);
	give(4, 1);
	expect_done(t, 0);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_DONT_NEED, 0, PG(6), NULL);
	write_back(0, 6);
	wb_begin_zero(0, 6);
	expect_unmodified();
	test_err_set_size(ERANGE, self->vmo.fd, 1ull << 63);
	EXPECT_EQ(0, pwrite(self->vmo.fd, "", 0, 0));
	EXPECT_EQ(-1, pwrite(self->vmo.fd, "x", 1, PG(6)));
	EXPECT_ERR(EFAULT, vmop_test_pwrite(self->vmo.fd, (void *)8, 1, 0));
	test_err_vmo_op(ERANGE, self->vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(7), NULL);
	expect_unmodified();
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	expect_unmodified();
}

/* STA-2: a failed READ is no change. */
TEST_F(both, sta_2_failed_read)
{
	struct vmop_thread *t;

	make_empty(BOTH, 1, 1);
	t = writer(0, 1);
	asked_read(0, 1);
	refuse(0, 1, EIO);
	expect_errno(t, EIO);
	t = storer(0, 1);
	asked_read(0, 1);
	refuse(0, 1, EIO);
	expect_sigbus(t, self->vmo.map);
	expect_unmodified();
	expect_clean();
}

/* STA-3: modified and dirty are two things. */
TEST_F(both, sta_3_independent_of_dirty)
{
	make(BOTH, 1, 1);
	write_at(0, 1, IF_TRAP);
	write_back(0, 1);
	expect_clean();
	expect_modified();
	write_at(0, 1, IF_TRAP);
	expect_modified();
	expect_ranges(PAGES(0, 1));
	expect_unmodified();
	expect_ranges(PAGES(0, 1));
}

/*
 * STA-5: a store without a fault is not seen after RESET, as the header says; the
 * first one after BEGIN is.
 */
TEST_F(both, sta_5_store_without_fault)
{
	make(BOTH, 1, 1);
	store_at(0, 1, IF_TRAP);
	expect_modified();
	store_at(0, 1, FREE);
	expect_unmodified();
	wb_begin(0, 1);
	store_at(0, 1, IF_TRAP);
	expect_modified();
	wb_end(0, 1);
	expect_ranges(PAGES(0, 1));
}

/* STA-4: flags, sizes and descriptors that are refused. */
TEST_F(modified, sta_4_errors)
{
	struct vmop_query_stats stats = { .size = sizeof(stats) };
	struct test_pager other;
	struct test_vmo vmo;
	int anon;

	make(NO_TRAP, 1, 1);
	write_at(0, 1, FREE);
	stats.vmo_fd = self->vmo.fd;
	stats.flags = VMOP_STATS_RESET << 1;
	test_err_ioctl(EOPNOTSUPP, self->tp.fd, VMOP_QUERY_STATS, &stats);
	stats.flags = VMOP_STATS_RESET;
	stats.size = 8;
	test_err_ioctl(EINVAL, self->tp.fd, VMOP_QUERY_STATS, &stats);
	stats.size = sizeof(stats);
	test_vmo_create(&anon, self->tp.fd, 0, PG(1));
	EXPECT_ERR(EINVAL, test_dirty_stats(self->tp.fd, anon, 0, &stats));
	ASSERT_EQ(0, test_pager_init(&other));
	ASSERT_EQ(0, test_pager_vmo(&other, &vmo, OLD, 1));
	EXPECT_ERR(EINVAL, test_dirty_stats(self->tp.fd, vmo.fd, 0, &stats));
	test_pager_exit(&other);
	EXPECT_ERR(EBADF, test_dirty_stats(self->tp.fd, -1, 0, &stats));
	EXPECT_ERR(EBADFD, test_dirty_stats(self->tp.fd, self->tp.port, 0, &stats));
	/* None of it has reset anything. */
	expect_modified();
	close(anon);
}

VMOP_TEST_MAIN
