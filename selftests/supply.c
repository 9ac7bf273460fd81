// SPDX-License-Identifier: GPL-2.0
/*
 * Supplying content by moving pages, by copying memory, and as zeros (SUP-1 to
 * SUP-18 and the worked examples of C.1). From files: supply_file.c; many at once:
 * concurrency.c.
 */
#include <sys/uio.h>

#include "vmop_test.h"

#define OTHER_KEY 1000

FIXTURE(supply)
{
	struct test_pager tp;
	char *buf;		/* 64 pages of memory */
};

FIXTURE_SETUP(supply)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	self->buf = mmap(NULL, PG(64), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->buf);
}

FIXTURE_TEARDOWN(supply)
{
	test_pager_exit(&self->tp);
	munmap(self->buf, PG(64));
}

VMOP_FIXTURE_BY_ACCESS(access)

/* An anonymous VMO of nr pages with the pattern of key; never fails. */
#define new_aux(_fd, _key, _nr) do { \
	*(_fd) = test_pager_aux(&self->tp, _key, 0, _nr); \
	ASSERT_LE(0, *(_fd)); \
} while (0)

/* ---- take ------------------------------------------------------------------ */

/* SUP-1, SUP-2: the pages are in the target, the aux range is empty and zero. */
TEST_F(supply, sup_2_aux_range_is_empty_afterwards)
{
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;
	__u64 actual;
	int aux;

	new_vmo(&self->tp, &vmo, 1, 8);
	new_aux(&aux, 1, 8);
	test_supply(self->tp.fd, vmo.fd, PG(2), PG(3), aux, PG(2), &actual);
	EXPECT_EQ(PG(3), actual);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(2), PG(3)));
	EXPECT_EQ(PG(3), vmop_test_committed(vmo.fd));
	test_get_info(aux, &info);
	EXPECT_EQ(PG(8), info.out_size);
	EXPECT_EQ(PG(5), info.out_committed);
	EXPECT_TRUE(vmop_test_check_fd(aux, 1, 0, PG(2)));
	EXPECT_TRUE(vmop_test_check_fd_zero(aux, PG(2), PG(3)));
	EXPECT_TRUE(vmop_test_check_fd(aux, 1, PG(5), PG(3)));
	/* Offsets in aux and target have nothing to do with each other. */
	test_supply(self->tp.fd, vmo.fd, 0, PG(1), aux, PG(7), &actual);
	EXPECT_TRUE(vmop_test_check(vmo.map, 1, PG(7), PG(1)));
	expect_none(&self->tp);
	close(aux);
}

/* SUP-1, decision 5: moved, not copied: at least 99 of 100 page frames stay. */
TEST_F(supply, sup_1_pages_are_moved)
{
	static __u64 before[1024], after[1024];
	struct test_vmo vmo;
	unsigned int same = 0, i;
	char *map;
	int aux;

	new_vmo(&self->tp, &vmo, 1, 1024);
	new_aux(&aux, 1, 1024);
	map = mmap(NULL, PG(1024), PROT_READ, MAP_SHARED, aux, 0);
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, vmop_mem_touch(map, PG(1024), NULL));
	ASSERT_EQ(0, vmop_test_pfns(map, 1024, before));
	/* A page that is mapped is copied, so nobody maps it now. */
	ASSERT_EQ(0, munmap(map, PG(1024)));
	test_supply(self->tp.fd, vmo.fd, 0, PG(1024), aux, 0, NULL);
	ASSERT_EQ(0, vmop_mem_touch(vmo.map, PG(1024), NULL));
	ASSERT_EQ(0, vmop_test_pfns(vmo.map, 1024, after));
	for (i = 0; i < 1024; i++)
		same += before[i] == after[i];
	TH_LOG("%u of 1024 pages kept their frame", same);
	EXPECT_LE(1014, same);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(1024)));
	EXPECT_EQ(0, vmop_test_committed(aux));
	close(aux);
}

/* SUP-2: final. Also when the target refuses, the aux range is gone. */
TEST_F(supply, sup_2_aux_is_lost_on_failure)
{
	struct test_vmo vmo;
	__u64 actual;
	int aux;

	new_resizable(&self->tp, &vmo, 1, 4);
	new_aux(&aux, 1, 8);
	test_set_size(vmo.fd, PG(2));
	/* C.1, SUP-12: shrunk while the pager was reading from its disk. */
	test_err_supply(ERANGE, self->tp.fd, vmo.fd, 0, PG(4), aux, 0, &actual);
	EXPECT_EQ(0, actual);
	EXPECT_EQ(PG(4), vmop_test_committed(aux));
	EXPECT_TRUE(vmop_test_check_fd_zero(aux, 0, PG(4)));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	test_supply(self->tp.fd, vmo.fd, 0, PG(2), aux, PG(4), &actual);
	EXPECT_EQ(PG(2), actual);
	/* DET-5, C.1: detached. */
	detach(&self->tp, &vmo);
	test_err_supply(ENOTCONN, self->tp.fd, vmo.fd, 0, PG(1), aux, PG(6),
			&actual);
	EXPECT_EQ(PG(1), vmop_test_committed(aux));
	close(aux);
}

/* SUP-3: errors about the aux VMO itself leave it alone. */
TEST_F(supply, sup_3_aux_errors)
{
	struct test_vmo vmo;
	__u64 actual;
	int aux;

	new_vmo(&self->tp, &vmo, 1, 8);
	new_aux(&aux, 1, 4);
	test_err_supply(ERANGE, self->tp.fd, vmo.fd, 0, PG(5), aux, 0, &actual);
	EXPECT_EQ(0, actual);
	test_err_supply(ERANGE, self->tp.fd, vmo.fd, 0, PG(2), aux, PG(3),
			&actual);
	test_err_supply(ERANGE, self->tp.fd, vmo.fd, 0, PG(1), aux, PG(4),
			&actual);
	test_err_supply(ERANGE, self->tp.fd, vmo.fd, 0, PG(1), aux,
			1ULL << 40, &actual);
	EXPECT_EQ(PG(4), vmop_test_committed(aux));
	EXPECT_TRUE(vmop_test_check_fd(aux, 1, 0, PG(4)));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	test_supply(self->tp.fd, vmo.fd, 0, 0, aux, PG(4), &actual);
	EXPECT_EQ(0, actual);
	close(aux);
}

/* SUP-14. Zircon: MappedSupplyPages. */
TEST_F(supply, sup_14_mapped_aux)
{
	struct test_vmo vmo;
	char *map;
	int aux;

	new_vmo(&self->tp, &vmo, 1, 4);
	new_aux(&aux, 1, 4);
	map = mmap(NULL, PG(4), PROT_READ | PROT_WRITE, MAP_SHARED, aux, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_TRUE(vmop_test_check(map, 1, 0, PG(4)));
	test_supply(self->tp.fd, vmo.fd, 0, PG(4), aux, 0, NULL);
	EXPECT_TRUE(vmop_test_check_zero(map, 0, PG(4)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(4)));
	/* Writing makes new pages there, and does not reach the target. */
	vmop_test_fill(map, OTHER_KEY, 0, PG(2));
	EXPECT_EQ(PG(2), vmop_test_committed(aux));
	EXPECT_TRUE(vmop_test_check(vmo.map, 1, 0, PG(4)));
	munmap(map, PG(4));
	close(aux);
}

/*
 * SUP-1: a page that somebody else still reads is copied: he keeps what he has,
 * and the VMO's page is the VMO's alone.
 */
TEST_F(supply, sup_1_page_in_use_is_copied)
{
	struct iovec iov = { .iov_len = PG(2) };
	struct test_vmo vmo;
	char *map, *got;
	int aux, fds[2];

	new_vmo(&self->tp, &vmo, 1, 4);
	new_aux(&aux, 1, 4);
	map = mmap(NULL, PG(4), PROT_READ | PROT_WRITE, MAP_SHARED, aux, 0);
	ASSERT_NE(MAP_FAILED, map);
	/* Two of the four pages are in a pipe, by reference. */
	ASSERT_EQ(0, pipe(fds));
	iov.iov_base = map + PG(1);
	ASSERT_EQ(PG(2), vmsplice(fds[1], &iov, 1, 0));
	test_supply(self->tp.fd, vmo.fd, 0, PG(4), aux, 0, NULL);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(4)));
	EXPECT_TRUE(vmop_test_check_zero(map, 0, PG(4)));
	vmop_test_fill(vmo.map, OTHER_KEY, 0, PG(4));
	vmop_test_fill(map, OTHER_KEY + 1, 0, PG(4));
	got = self->buf;
	ASSERT_EQ(PG(2), read(fds[0], got, PG(2)));
	EXPECT_TRUE(vmop_test_check(got, 1, PG(1), PG(2)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, OTHER_KEY, 0, PG(4)));
	EXPECT_TRUE(vmop_test_check_fd(aux, OTHER_KEY + 1, 0, PG(4)));
	munmap(map, PG(4));
	close(fds[0]);
	close(fds[1]);
	close(aux);
}

/* ---- insert ----------------------------------------------------------------- */

/* SUP-5, SUP-6 by C.1's first example. */
TEST_F(access, sup_5_worked_example)
{
	struct vmop_thread *first, *last;
	struct test_vmo vmo;
	char page[16];
	int aux, i;

	new_vmo(&self->tp, &vmo, 1, 4);
	ASSERT_EQ(0, test_pager_supply_key(&self->tp, &vmo, 2, 1, OTHER_KEY));
	first = vmop_thread_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(2));
	expect_read(&self->tp, &vmo, 0, 2);
	last = start_read(&vmo, 3, 1);
	expect_read(&self->tp, &vmo, 3, 1);
	/* Pages 0 and 2 of four. */
	test_vmo_create(&aux, self->tp.fd, 0, PG(4));
	for (i = 0; i < 4; i += 2) {
		vmop_test_fill(page, 1, PG(i), sizeof(page));
		ASSERT_EQ(sizeof(page), vmop_test_pwrite(aux, page,
							 sizeof(page), PG(i)));
	}
	EXPECT_EQ(PG(2), vmop_test_committed(aux));
	test_supply(self->tp.fd, vmo.fd, 0, PG(4), aux, 0, NULL);
	expect_done(first, 0);
	expect_done(last, PG(1));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, sizeof(page)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(3), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, OTHER_KEY, PG(2), PG(1)));
	EXPECT_EQ(0, vmop_test_committed(aux));
	EXPECT_TRUE(vmop_test_check_fd_zero(aux, 0, PG(4)));
	/*
	 * 0 and 2 were supplied as pages; 1 was a marker, and COMMIT has turned
	 * it into a page (COM-2).
	 */
	EXPECT_EQ(PG(3), vmop_test_committed(vmo.fd));
	close(aux);
}

/* SUP-5: existing content always wins, and the call succeeds. */
TEST_F(supply, sup_5_existing_content_wins)
{
	struct test_vmo vmo;
	__u64 actual;

	/* 0 page, 1 changed, 2 marker, 3 interval, 4 and 5 gaps. */
	new_vmo(&self->tp, &vmo, 1, 6);
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_EQ(3, vmop_test_pwrite(vmo.fd, "new", 3, PG(1)));
	supply_empty(&self->tp, &vmo, 2, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(3), PG(1), NULL);
	ASSERT_EQ(0, test_pager_supply_key(&self->tp, &vmo, 0, 6, OTHER_KEY));
	vmop_test_fill(self->buf, OTHER_KEY + 1, 0, PG(6));
	test_supply_copy(self->tp.fd, vmo.fd, 0, PG(6), self->buf, &actual);
	EXPECT_EQ(PG(6), actual);
	test_supply_zero(self->tp.fd, vmo.fd, 0, PG(6), &actual);
	EXPECT_EQ(PG(6), actual);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(1)));
	EXPECT_EQ(0, memcmp(vmo.map + PG(1), "new", 3));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(1) + 3, PG(1) - 3));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, OTHER_KEY, PG(4), PG(2)));
	EXPECT_EQ(PG(4), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* SUP-5: nothing becomes dirty by being supplied. */
TEST_F(supply, sup_5_supplied_is_clean)
{
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 0, 2);
	supply_empty(&self->tp, &vmo, 2, 2);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(2)));
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(0, info.out_dirty);
	EXPECT_EQ(PG(2), info.out_committed);
}

/* SUP-6: positions that had content resolve nothing. */
TEST_F(access, sup_6_only_inserted_pages_resolve)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	t = vmop_thread_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(4));
	expect_read(&self->tp, &vmo, 0, 4);
	supply(&self->tp, &vmo, 0, 1);
	/* Again and again: a count that took these would be at its end. */
	supply(&self->tp, &vmo, 0, 1);
	supply(&self->tp, &vmo, 0, 1);
	supply(&self->tp, &vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 1, 3);
	expect_done(t, 0);
	expect_content(start_read(&vmo, 0, 4), PG(4), 1, 0);
	expect_none(&self->tp);
}

/* SUP-7 and C.1's second example. Zircon: ResizeSupplyZero. */
TEST_F(supply, sup_7_zero_interval_wins)
{
	struct test_vmo vmo;
	__u64 actual;
	int aux;

	new_resizable(&self->tp, &vmo, 1, 2);
	test_set_size(vmo.fd, PG(4));
	new_aux(&aux, 1, 4);
	test_supply(self->tp.fd, vmo.fd, PG(2), PG(2), aux, PG(2), &actual);
	EXPECT_EQ(PG(2), actual);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));
	close(aux);
	new_aux(&aux, 1, 4);
	test_supply(self->tp.fd, vmo.fd, PG(1), PG(3), aux, PG(1), &actual);
	EXPECT_EQ(PG(3), actual);
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));
	EXPECT_EQ(PG(1), vmop_test_committed(aux));
	expect_none(&self->tp);
	close(aux);
}

/* SUP-8. Zircon: CannotOverwriteZeroPage. */
TEST_F(access, sup_8_marker_cannot_be_overwritten)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 1);
	supply_empty(&self->tp, &vmo, 0, 1);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	supply(&self->tp, &vmo, 0, 1);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(1)));
	/* A write makes a page of it. */
	expect_done(start_write(&vmo, 0, 1, 9), PG(1));
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 9, 0, PG(1)));
	expect_none(&self->tp);
}

/* SUP-11, SUP-15. Zircon: UncommittedSinglePageTest, UncommittedSupply. */
TEST_F(access, sup_15_uncommitted)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 16);
	t = vmop_thread_pread(vmo.fd, 0, PG(16));
	expect_read(&self->tp, &vmo, 0, 16);
	supply_empty(&self->tp, &vmo, 0, 16);
	expect_done(t, PG(16));
	expect_done(start_read(&vmo, 0, 16), PG(16));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(16)));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* A page in aux that was zeroed is as one that was never touched. */
TEST_F(supply, sup_5_decommitted_aux)
{
	struct test_vmo vmo;
	int aux;

	new_vmo(&self->tp, &vmo, 1, 4);
	new_aux(&aux, 1, 4);
	test_vmo_op(aux, VMOP_VMO_OP_DECOMMIT, PG(1), PG(1), NULL);
	test_vmo_op(aux, VMOP_VMO_OP_ZERO, PG(2), PG(1), NULL);
	test_supply(self->tp.fd, vmo.fd, 0, PG(4), aux, 0, NULL);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(1), PG(2)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(3), PG(1)));
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	close(aux);
}

/* ---- mappings of the target -------------------------------------------------- */

/* SUP-6: a mapping sees what was supplied, whatever it saw before. */
TEST_F(supply, sup_6_mappings_follow)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	char *private;

	new_vmo(&self->tp, &vmo, 1, 4);
	private = mmap(NULL, PG(4), PROT_READ | PROT_WRITE, MAP_PRIVATE,
		       vmo.fd, 0);
	ASSERT_NE(MAP_FAILED, private);
	t = vmop_thread_load(private, PG(4));
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 0, 4);
	expect_content(t, PG(4), 1, 0);
	EXPECT_TRUE(vmop_test_check(vmo.map, 1, 0, PG(4)));
	/* A private copy is private. */
	vmop_test_fill(private, OTHER_KEY, 0, PG(1));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check(private, OTHER_KEY, 0, PG(1)));
	munmap(private, PG(4));
}

/* ---- by copy, as zeros --------------------------------------------------------- */

TEST_F(access, supply_copy)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 actual;
	char *buf;

	/* More than any batch, and a source that is not aligned. */
	new_vmo(&self->tp, &vmo, 1, 200);
	buf = malloc(PG(201));
	ASSERT_NE(NULL, buf);
	vmop_test_fill(buf + 13, 1, 0, PG(200));
	t = vmop_thread_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(200));
	expect_read(&self->tp, &vmo, 0, 200);
	test_supply_copy(self->tp.fd, vmo.fd, 0, PG(200), buf + 13, &actual);
	EXPECT_EQ(PG(200), actual);
	expect_done(t, 0);
	/* The buffer is the caller's still. */
	EXPECT_TRUE(vmop_test_check(buf + 13, 1, 0, PG(200)));
	memset(buf, 0, PG(201));
	expect_content(start_read(&vmo, 0, 200), PG(200), 1, 0);
	expect_none(&self->tp);
	free(buf);
}

/* A source that ends in the middle: what came before it is supplied. */
TEST_F(supply, supply_copy_efault)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 actual;

	new_vmo(&self->tp, &vmo, 1, 64);
	vmop_test_fill(self->buf, 1, 0, PG(5));
	ASSERT_EQ(0, mprotect(self->buf + PG(5), PG(59), PROT_NONE));
	t = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_read(&self->tp, &vmo, 0, 1);
	test_err_supply_copy(EFAULT, self->tp.fd, vmo.fd, 0, PG(8), self->buf,
			     &actual);
	EXPECT_EQ(PG(5), actual);
	expect_content(t, PG(1), 1, 0);
	EXPECT_EQ(PG(5), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(5)));
	/* The fault in the middle of a page: that page is not supplied. */
	test_err_supply_copy(EFAULT, self->tp.fd, vmo.fd, PG(10), PG(1),
			     self->buf + PG(5) - 8, &actual);
	EXPECT_EQ(0, actual);
	EXPECT_EQ(PG(5), vmop_test_committed(vmo.fd));
	test_err_supply_copy(EFAULT, self->tp.fd, vmo.fd, PG(10), PG(1), NULL,
			     &actual);
	EXPECT_EQ(0, actual);
	test_err_supply_copy(EFAULT, self->tp.fd, vmo.fd, PG(10), PG(1),
			     (void *)0xffff888000000000UL, &actual);
	EXPECT_EQ(0, actual);
	/* No byte is read when there is nothing to do. */
	test_supply_copy(self->tp.fd, vmo.fd, PG(10), 0, NULL, &actual);
	EXPECT_EQ(0, actual);
}

/* The source is a mapping of a VMO: anonymous, of this pager, of another. */
TEST_F(supply, supply_copy_from_a_vmo)
{
	struct vmop_test_vmo_args args = { .key = 1, .length = PG(4) };
	struct test_vmo vmo, source, theirs;
	struct test_pager other;
	int aux;
	char *map;

	new_vmo(&self->tp, &vmo, 1, 12);
	new_vmo(&self->tp, &source, 2, 4);
	new_aux(&aux, 1, 4);
	map = mmap(NULL, PG(4), PROT_READ, MAP_SHARED, aux, 0);
	ASSERT_NE(MAP_FAILED, map);
	test_supply_copy(self->tp.fd, vmo.fd, 0, PG(4), map, NULL);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(4)));
	EXPECT_TRUE(vmop_test_check(map, 1, 0, PG(4)));
	supply(&self->tp, &source, 0, 4);
	test_supply_copy(self->tp.fd, vmo.fd, PG(4), PG(4), source.map, NULL);
	EXPECT_TRUE(vmop_test_check(vmo.map + PG(4), 2, 0, PG(4)));
	/* Its own pager has to bring the pages first; no lock is held then. */
	ASSERT_EQ(0, test_pager_init(&other));
	ASSERT_EQ(0, test_pager_vmo_args(&other, &theirs, &args));
	ASSERT_EQ(0, test_pager_serve(&other, &(struct test_pager_behaviour){
		.mode = TEST_PAGER_SLOW, .delay_ms = 5 }));
	test_supply_copy(self->tp.fd, vmo.fd, PG(8), PG(4), theirs.map, NULL);
	EXPECT_TRUE(vmop_test_check(vmo.map + PG(8), 1, 0, PG(4)));
	EXPECT_EQ(0, test_pager_stop(&other));
	test_pager_exit(&other);
	munmap(map, PG(4));
	close(aux);
}

struct copier {
	int pager;
	int vmo;
	__u64 offset;
	__u64 length;
	const char *src;
};

static void supply_range(void *arg, struct vmop_result *res)
{
	struct copier *r = arg;

	res->err = -vmop_test_supply_copy(r->pager, r->vmo, r->offset,
					  r->length, r->src, &res->actual);
	res->ret = res->err ? -1 : 0;
}

/*
 * The source is the target, and not there yet: the supplier waits for himself,
 * with no lock in the way of another thread that brings it.
 */
TEST_F(supply, supply_copy_from_itself)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	struct copier r;

	new_vmo(&self->tp, &vmo, 1, 4);
	r = (struct copier){ .pager = self->tp.fd, .vmo = vmo.fd,
			    .length = PG(2), .src = vmo.map + PG(1) };
	t = vmop_thread_call(supply_range, &r);
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 1, 1);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 2, 1));
	expect_done(t, 0);
	/* Page 0 has come; page 1 was there already. */
	EXPECT_TRUE(vmop_test_check(vmo.map, 1, PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(1), PG(2)));
	expect_none(&self->tp);
}

TEST_F(access, supply_zero)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 actual;

	/* Much more than would be there as pages, in one call. */
	new_vmo(&self->tp, &vmo, 1, 4096);
	t = vmop_thread_op(vmo.fd, VMOP_VMO_OP_PREFETCH, 0, PG(4096));
	expect_read(&self->tp, &vmo, 0, 4096);
	test_supply_zero(self->tp.fd, vmo.fd, 0, PG(4096), &actual);
	EXPECT_EQ(PG(4096), actual);
	expect_done(t, 0);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	expect_done(start_read(&vmo, 4000, 96), PG(96));
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(4096)));
	expect_done(start_write(&vmo, 100, 1, 3), PG(1));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map + PG(99), 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map + PG(101), 0, PG(1)));
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* ---- the last page --------------------------------------------------------------- */

/* Design section 4: behind st_size the last page reads zero, whatever came. */
TEST_F(supply, tail_of_the_last_page)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = 1, .length = PG(1) + 100,
	};
	struct test_vmo vmo[2];
	int i;

	vmop_test_fill(self->buf, 1, 0, PG(2));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo[i], &args));
		/* Once by moving pages, once by copy. */
		ASSERT_EQ(0, i ? vmop_test_supply_copy(self->tp.fd, vmo[i].fd,
						       0, PG(2), self->buf,
						       NULL) :
				 test_pager_supply(&self->tp, &vmo[i], 0, 2));
		EXPECT_TRUE(vmop_test_check(vmo[i].map, 1, 0, PG(1) + 100));
		EXPECT_TRUE(vmop_test_check_zero(vmo[i].map + PG(1) + 100,
						 PG(1) + 100, PG(1) - 100));
		/* read() stops at the end; growing brings zeros to light. */
		EXPECT_EQ(100, vmop_test_pread(vmo[i].fd, self->buf + PG(8),
					       PG(1), PG(1)));
		test_set_size(vmo[i].fd, PG(2));
		EXPECT_TRUE(vmop_test_check_fd_zero(vmo[i].fd, PG(1) + 100,
						    PG(1) - 100));
	}
}

VMOP_TEST_MAIN
