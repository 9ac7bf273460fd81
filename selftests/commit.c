// SPDX-License-Identifier: GPL-2.0
/*
 * COMMIT, DECOMMIT and PREFETCH: rules COM-1 to COM-5, COM-7 and COM-8 of the
 * specification of behaviour, and the Linux calls that mean the same:
 * posix_fadvise(), madvise(), mlock(), MAP_POPULATE.
 */
#include <sys/wait.h>

#include "vmop_test.h"

#define KEY 0xc0c0

/* Reads and changes nothing behind it: the op must fail and leave no trace. */
#define err_op_unchanged(_err, _fd, _op, _off, _len) do { \
	struct vmop_vmo_get_info __a, __b; \
	test_get_info(_fd, &__a); \
	test_err_vmo_op(_err, _fd, _op, _off, _len, NULL); \
	test_get_info(_fd, &__b); \
	EXPECT_TRUE(vmop_test_same_info(&__a, &__b)); \
	EXPECT_EQ(__a.out_requests, __b.out_requests); \
} while (0)

/* What COMMIT and PREFETCH of a pager-backed VMO have in common. */
FIXTURE(fetch)
{
	struct test_pager tp;
};

FIXTURE_VARIANT(fetch)
{
	__u32 op;
};

FIXTURE_VARIANT_ADD(fetch, commit)
{
	.op = VMOP_VMO_OP_COMMIT,
};

FIXTURE_VARIANT_ADD(fetch, prefetch)
{
	.op = VMOP_VMO_OP_PREFETCH,
};

VMOP_FIXTURE_SETUP_PAGER(fetch)

/*
 * COM-1, COM-8, REQ-5, Zircon's SimpleCommit: the whole range in one request,
 * however long: max_request_pages is about read() and write().
 */
TEST_F(fetch, com_1_one_request)
{
	struct vmop_thread *t;
	struct vmop_result res;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 555);
	t = vmop_thread_op(vmo.fd, variant->op, 0, PG(555));
	expect_read(&self->tp, &vmo, 0, 555);
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 0, 555);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(0, res.err);
	EXPECT_EQ(PG(555), res.actual);
	EXPECT_EQ(PG(555), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(555)));
	expect_none(&self->tp);
}

/* COM-1, COM-8: the range is rounded outwards to whole pages. */
TEST_F(fetch, com_1_rounds_outwards)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 5);
	t = vmop_thread_op(vmo.fd, variant->op, PG(2) - 8, PG(1) + 16);
	expect_read(&self->tp, &vmo, 1, 3);
	supply(&self->tp, &vmo, 1, 3);
	expect_done(t, 0);
	EXPECT_EQ(PG(3), vmop_test_committed(vmo.fd));
}

/* COM-1, COM-8: ranges outside, and nothing at all. */
TEST_F(fetch, com_1_range)
{
	struct test_vmo vmo;
	__u64 actual = 1;

	new_vmo(&self->tp, &vmo, KEY, 2);
	err_op_unchanged(ERANGE, vmo.fd, variant->op, PG(1), PG(2));
	err_op_unchanged(ERANGE, vmo.fd, variant->op, PG(2), 1);
	err_op_unchanged(ERANGE, vmo.fd, variant->op, PG(1), ~0ull);
	err_op_unchanged(ERANGE, vmo.fd, variant->op, 1ull << 63, PG(1));
	test_vmo_op(vmo.fd, variant->op, PG(1), 0, &actual);
	EXPECT_EQ(0, actual);
	expect_none(&self->tp);
}

/* REQ-6, Zircon's SplitCommit: what is there is not asked for. */
TEST_F(fetch, req_6_present_page_splits)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 33);
	supply(&self->tp, &vmo, 16, 1);
	t = vmop_thread_op(vmo.fd, variant->op, 0, PG(33));
	expect_read(&self->tp, &vmo, 0, 16);
	supply(&self->tp, &vmo, 0, 16);
	expect_read(&self->tp, &vmo, 17, 16);
	supply(&self->tp, &vmo, 17, 16);
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* REQ-8, Zircon's OverlapCommit: two ranges that overlap. */
TEST_F(fetch, req_8_overlap)
{
	struct vmop_thread *a, *b;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 32);
	a = vmop_thread_op(vmo.fd, variant->op, PG(8), PG(16));
	expect_read(&self->tp, &vmo, 8, 16);
	b = vmop_thread_op(vmo.fd, variant->op, 0, PG(32));
	expect_read(&self->tp, &vmo, 0, 8);
	supply(&self->tp, &vmo, 0, 24);
	expect_done(a, 0);
	expect_read(&self->tp, &vmo, 24, 8);
	supply(&self->tp, &vmo, 24, 8);
	expect_done(b, 0);
	expect_none(&self->tp);
}

/* REQ-18, Zircon's MultisupplyCommit: pieces in any order. */
TEST_F(fetch, req_18_pieces_in_any_order)
{
	static const int order[] = { 5, 0, 7, 3, 1, 6, 2 };
	struct vmop_thread *t;
	struct test_vmo vmo;
	unsigned int i;

	new_vmo(&self->tp, &vmo, KEY, 8);
	t = vmop_thread_op(vmo.fd, variant->op, 0, PG(8));
	expect_read(&self->tp, &vmo, 0, 8);
	for (i = 0; i < 7; i++) {
		supply(&self->tp, &vmo, order[i], 1);
		expect_blocked(t, &vmo, 1);
	}
	supply(&self->tp, &vmo, 4, 1);
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* COM-3, COM-8, Zircon's CommitResizeRace: a shrink ends the wait, with OK. */
TEST_F(fetch, com_3_shrink)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 1);
	t = vmop_thread_op(vmo.fd, variant->op, 0, PG(2));
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	test_set_size(vmo.fd, PG(1));
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* COM-4, REQ-25: a failure comes out, what was fetched before stays. */
TEST_F(fetch, com_4_failed)
{
	static const int errs[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	struct vmop_thread *t;
	struct vmop_result res;
	struct test_vmo vmo;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		new_vmo(&self->tp, &vmo, KEY + i, 4);
		supply(&self->tp, &vmo, 0, 2);
		t = vmop_thread_op(vmo.fd, variant->op, 0, PG(4));
		expect_read(&self->tp, &vmo, 2, 2);
		expect_blocked(t, &vmo, 1);
		fail_range(&self->tp, &vmo, 2, 2, errs[i]);
		ASSERT_EQ(0, vmop_thread_wait(t, &res));
		EXPECT_EQ(errs[i], res.err);
		EXPECT_EQ(PG(2), res.actual);
		EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
		/* REQ-24: not remembered */
		t = vmop_thread_op(vmo.fd, variant->op, 0, PG(4));
		expect_read(&self->tp, &vmo, 2, 2);
		supply(&self->tp, &vmo, 2, 2);
		expect_done(t, 0);
	}
}

/*
 * COM-5: supplied, but reclaimed before the thread could look: it is asked for
 * again. The thread cannot run while this one has its processor.
 */
TEST_F(fetch, com_5_evicted_before_the_retry)
{
	struct vmop_vmo_get_info info;
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	t = vmop_thread_op(vmo.fd, variant->op, 0, PG(2));
	expect_read(&self->tp, &vmo, 0, 2);
	expect_blocked(t, &vmo, 1);
	ASSERT_EQ(0, vmop_test_hold_cpu0(vmop_thread_tid(t), true));
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_EQ(0, vmop_test_reclaim());
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	ASSERT_EQ(0, vmop_test_hold_cpu0(vmop_thread_tid(t), false));
	expect_read(&self->tp, &vmo, 0, 2);
	supply(&self->tp, &vmo, 0, 2);
	expect_done(t, 0);
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(2, info.out_evicted_pages);
	EXPECT_EQ(4, info.out_requested_pages);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(2)));
	expect_none(&self->tp);
}

/* DET-2: without a pager only what is there can be had. */
TEST_F(fetch, det_2_detached)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 1);
	vmo.map[0] = 1;
	t = vmop_thread_op(vmo.fd, variant->op, 0, PG(2));
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	detach(&self->tp, &vmo);
	expect_errno(t, ENOTCONN);
	test_vmo_op(vmo.fd, variant->op, 0, PG(1), NULL);
	test_err_vmo_op(ENOTCONN, vmo.fd, variant->op, 0, PG(2), NULL);
}

VMOP_FIXTURE(commit);

/* COM-1: COMMIT is for those who may write, PREFETCH for every reader. */
TEST_F(commit, vmo_13_read_only)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int ro;

	new_vmo(&self->tp, &vmo, KEY, 2);
	test_reopen(&ro, vmo.fd, O_RDONLY);
	err_op_unchanged(EACCES, ro, VMOP_VMO_OP_COMMIT, 0, PG(1));
	err_op_unchanged(EACCES, ro, VMOP_VMO_OP_DECOMMIT, 0, PG(1));
	t = vmop_thread_op(ro, VMOP_VMO_OP_PREFETCH, 0, PG(2));
	expect_read(&self->tp, &vmo, 0, 2);
	supply(&self->tp, &vmo, 0, 2);
	expect_done(t, 0);
	close(ro);
}

/* COM-1: an anonymous VMO gets zero pages of its own. */
TEST_F(commit, com_1_anonymous)
{
	__u64 actual = 0;
	int fd;

	test_vmo_create(&fd, self->tp.fd, 0, PG(8));
	ASSERT_EQ(1, vmop_test_pwrite(fd, "x", 1, PG(2)));
	EXPECT_EQ(PG(1), vmop_test_committed(fd));
	test_vmo_op(fd, VMOP_VMO_OP_COMMIT, PG(1), PG(4), &actual);
	EXPECT_EQ(PG(4), actual);
	EXPECT_EQ(PG(4), vmop_test_committed(fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(fd, 0, PG(2)));
	EXPECT_TRUE(vmop_test_check_fd_zero(fd, PG(2) + 1, PG(6) - 1));
	close(fd);
}

/*
 * COM-1, COM-2: markers become pages and stay clean: no request, and detach
 * takes them (Zircon's NoDirtyOnCommit).
 */
TEST_F(commit, com_2_markers)
{
	struct test_vmo vmo;
	char c;

	new_vmo(&self->tp, &vmo, KEY, 2);
	supply_empty(&self->tp, &vmo, 0, 2);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	test_vmo_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(2), NULL);
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(2)));
	expect_none(&self->tp);
	detach(&self->tp, &vmo);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	EXPECT_ERR(ENOTCONN, vmop_test_pread(vmo.fd, &c, 1, 0));
}

/* COM-1, DT-12: zeros of ZERO become dirty pages, which detach keeps. */
TEST_F(commit, com_1_zeros)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 3);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(3), NULL);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_COMMIT, PG(1), PG(1), NULL);
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	detach(&self->tp, &vmo);
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, 0, PG(3)));
}

/*
 * COM-2, Zircon's NoDirtyRequestsOnCommit: pages that are there stay clean and
 * are not asked for.
 */
TEST_F(commit, com_2_present_pages_stay_clean)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 5);
	supply(&self->tp, &vmo, 0, 2);
	t = vmop_thread_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(5));
	expect_read(&self->tp, &vmo, 2, 3);
	supply(&self->tp, &vmo, 2, 3);
	expect_done(t, 0);
	expect_none(&self->tp);
	detach(&self->tp, &vmo);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
}

/* COM-8: PREFETCH makes no page where there are zeros. */
TEST_F(commit, com_8_zeros_stay)
{
	struct test_vmo vmo;
	int anon;

	new_resizable(&self->tp, &vmo, KEY, 2);
	supply_empty(&self->tp, &vmo, 0, 2);
	test_set_size(vmo.fd, PG(4));
	test_vmo_op(vmo.fd, VMOP_VMO_OP_PREFETCH, 0, PG(4), NULL);
	EXPECT_EQ(0, vmop_test_committed(vmo.fd));
	expect_none(&self->tp);

	test_vmo_create(&anon, self->tp.fd, 0, PG(4));
	test_vmo_op(anon, VMOP_VMO_OP_PREFETCH, 0, PG(4), NULL);
	EXPECT_EQ(0, vmop_test_committed(anon));
	close(anon);
}

/* COM-7: DECOMMIT of an anonymous VMO; mappings see zeros and go on. */
TEST_F(commit, com_7_decommit)
{
	__u64 actual = 0;
	char *map;
	int fd;

	new_anon_map(&self->tp, &fd, &map, KEY, 4);
	test_vmo_op(fd, VMOP_VMO_OP_DECOMMIT, PG(1), PG(2), &actual);
	EXPECT_EQ(PG(2), actual);
	EXPECT_EQ(PG(2), vmop_test_committed(fd));
	EXPECT_TRUE(vmop_test_check(map, KEY, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check_zero(map + PG(1), PG(1), PG(2)));
	EXPECT_TRUE(vmop_test_check(map + PG(3), KEY, PG(3), PG(1)));
	map[PG(1)] = 5;
	EXPECT_EQ(PG(3), vmop_test_committed(fd));
	/* twice, and where nothing is */
	test_vmo_op(fd, VMOP_VMO_OP_DECOMMIT, 0, PG(4), NULL);
	test_vmo_op(fd, VMOP_VMO_OP_DECOMMIT, 0, PG(4), NULL);
	EXPECT_EQ(0, vmop_test_committed(fd));
	munmap(map, PG(4));
	close(fd);
}

/* COM-7: errors, in this order: range, length 0, kind, alignment. */
TEST_F(commit, com_7_errors)
{
	struct test_vmo vmo;
	int fd;

	test_vmo_create(&fd, self->tp.fd, 0, PG(4));
	ASSERT_EQ(1, vmop_test_pwrite(fd, "x", 1, 0));
	err_op_unchanged(ERANGE, fd, VMOP_VMO_OP_DECOMMIT, PG(3), PG(2));
	err_op_unchanged(ERANGE, fd, VMOP_VMO_OP_DECOMMIT, 8, PG(4));
	err_op_unchanged(EINVAL, fd, VMOP_VMO_OP_DECOMMIT, 8, PG(1));
	err_op_unchanged(EINVAL, fd, VMOP_VMO_OP_DECOMMIT, 0, 8);
	test_vmo_op(fd, VMOP_VMO_OP_DECOMMIT, PG(1), 0, NULL);
	close(fd);

	new_vmo(&self->tp, &vmo, KEY, 4);
	supply(&self->tp, &vmo, 0, 4);
	err_op_unchanged(ERANGE, vmo.fd, VMOP_VMO_OP_DECOMMIT, PG(3), PG(2));
	err_op_unchanged(EOPNOTSUPP, vmo.fd, VMOP_VMO_OP_DECOMMIT, 0, PG(1));
	err_op_unchanged(EOPNOTSUPP, vmo.fd, VMOP_VMO_OP_DECOMMIT, 8, PG(1));
	test_vmo_op(vmo.fd, VMOP_VMO_OP_DECOMMIT, PG(1), 0, NULL);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(4)));
}

/* ---- the same by system calls of Linux ----------------------------------- */

struct fetch_call {
	int fd;
	char *addr;
	size_t len;
	int advice;
};

static void do_fadvise(void *arg, struct vmop_result *res)
{
	struct fetch_call *c = arg;

	res->err = posix_fadvise(c->fd, (off_t)(uintptr_t)c->addr, c->len,
				 c->advice);
	res->ret = res->err ? -1 : 0;
}

static void do_madvise(void *arg, struct vmop_result *res)
{
	struct fetch_call *c = arg;

	res->ret = madvise(c->addr, c->len, c->advice);
	res->err = res->ret ? errno : 0;
}

static void do_mlock(void *arg, struct vmop_result *res)
{
	struct fetch_call *c = arg;

	res->ret = mlock(c->addr, c->len);
	res->err = res->ret ? errno : 0;
}

/* posix_fadvise(WILLNEED) is PREFETCH: one request for all that is absent. */
TEST_F(commit, fadvise_willneed)
{
	struct fetch_call call = { .advice = POSIX_FADV_WILLNEED };
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 8);
	call.fd = vmo.fd;
	call.addr = (char *)(uintptr_t)PG(2);
	call.len = PG(3);
	t = vmop_thread_call(do_fadvise, &call);
	expect_read(&self->tp, &vmo, 2, 3);
	supply(&self->tp, &vmo, 2, 3);
	expect_done(t, 0);
	EXPECT_EQ(PG(3), vmop_test_committed(vmo.fd));
	/* length 0 is "to the end" */
	call.addr = NULL;
	call.len = 0;
	t = vmop_thread_call(do_fadvise, &call);
	expect_read(&self->tp, &vmo, 0, 2);
	supply(&self->tp, &vmo, 0, 2);
	expect_read(&self->tp, &vmo, 5, 3);
	supply(&self->tp, &vmo, 5, 3);
	expect_done(t, 0);
	expect_none(&self->tp);
}

/* Advice that is none of ours is accepted and does nothing. */
TEST_F(commit, fadvise_other)
{
	static const int advices[] = {
		POSIX_FADV_NORMAL, POSIX_FADV_RANDOM, POSIX_FADV_SEQUENTIAL,
		POSIX_FADV_NOREUSE, POSIX_FADV_DONTNEED,
	};
	struct test_vmo vmo;
	unsigned int i;

	new_vmo(&self->tp, &vmo, KEY, 2);
	supply(&self->tp, &vmo, 0, 1);
	vmo.map[1] = 1;
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, posix_fadvise(vmo.fd, 0, 0, advices[i]));
	EXPECT_EQ(vmop_test_byte(KEY, 0), (__u8)vmo.map[0]);
	EXPECT_EQ(1, vmo.map[1]);
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);
}

/* madvise(WILLNEED) of a mapping comes out as PREFETCH too. */
TEST_F(commit, madvise_willneed)
{
	struct fetch_call call = { .advice = MADV_WILLNEED };
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 8);
	call.addr = vmo.map + PG(4);
	call.len = PG(2);
	t = vmop_thread_call(do_madvise, &call);
	expect_read(&self->tp, &vmo, 4, 2);
	supply(&self->tp, &vmo, 4, 2);
	expect_done(t, 0);
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
	expect_none(&self->tp);
}

/* madvise(POPULATE_*) fetches through page faults, and the tables are filled. */
TEST_F(commit, madvise_populate)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, KEY, 8);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	ASSERT_EQ(0, madvise(vmo.map, PG(4), MADV_POPULATE_READ));
	EXPECT_EQ(PG(4), vmop_test_committed(vmo.fd));
	ASSERT_EQ(0, madvise(vmo.map + PG(4), PG(2), MADV_POPULATE_WRITE));
	EXPECT_EQ(PG(6), vmop_test_committed(vmo.fd));
	for (i = 0; i < 6; i++)
		EXPECT_TRUE(vmop_test_pte_present(vmo.map + PG(i)));
	EXPECT_FALSE(vmop_test_pte_present(vmo.map + PG(6)));
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(6)));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	expect_none(&self->tp);

	/* clean pages go with detach; POPULATE_WRITE has made pages dirty */
	detach(&self->tp, &vmo);
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
}

/* MAP_POPULATE and mlock() likewise. */
TEST_F(commit, map_populate_and_mlock)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	struct test_vmo vmo;
	char *map;
	int i;

	new_vmo(&self->tp, &vmo, KEY, 8);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	map = mmap(NULL, PG(4), PROT_READ, MAP_SHARED | MAP_POPULATE, vmo.fd,
		   0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(PG(4), vmop_test_committed(vmo.fd));
	for (i = 0; i < 4; i++)
		EXPECT_TRUE(vmop_test_pte_present(map + PG(i)));
	ASSERT_EQ(0, mlock(vmo.map + PG(4), PG(4)));
	EXPECT_EQ(PG(8), vmop_test_committed(vmo.fd));
	for (i = 4; i < 8; i++)
		EXPECT_TRUE(vmop_test_pte_present(vmo.map + PG(i)));
	EXPECT_EQ(0, munlock(vmo.map + PG(4), PG(4)));
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(8)));
	munmap(map, PG(4));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

/* mlockall(MCL_FUTURE) makes mmap() fetch, and must not deadlock. */
TEST_F(commit, mlockall_future)
{
	struct test_pager_behaviour how = {
		.mode = TEST_PAGER_NORMAL, .method = TEST_PAGER_COPY,
	};
	struct test_vmo vmo;
	int status;
	pid_t pid;
	char *map;

	new_vmo(&self->tp, &vmo, KEY, 4);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (mlockall(MCL_FUTURE))
			_exit(1);
		map = mmap(NULL, PG(4), PROT_READ | PROT_WRITE, MAP_SHARED,
			   vmo.fd, 0);
		if (map == MAP_FAILED)
			_exit(2);
		_exit(vmop_test_check(map, KEY, 0, PG(4)) ? 0 : 3);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_EQ(PG(4), vmop_test_committed(vmo.fd));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

/* A pager that fails: EFAULT, ENOMEM, and one request for each try. */
TEST_F(commit, populate_failed)
{
	struct fetch_call call = { .advice = MADV_POPULATE_READ };
	struct vmop_thread *t;
	struct vmop_result res;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 2);
	call.addr = vmo.map;
	call.len = PG(2);
	t = vmop_thread_call(do_madvise, &call);
	expect_read(&self->tp, &vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 0, 1, EIO);
	expect_errno(t, EFAULT);
	EXPECT_EQ(1, vmop_test_requests(vmo.fd));

	t = vmop_thread_call(do_mlock, &call);
	expect_read(&self->tp, &vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 0, 1, EIO);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(-1, res.ret);
	EXPECT_EQ(ENOMEM, res.err);
	EXPECT_EQ(2, vmop_test_requests(vmo.fd));
	expect_none(&self->tp);

	call.fd = vmo.fd;
	call.addr = NULL;
	call.advice = POSIX_FADV_WILLNEED;
	t = vmop_thread_call(do_fadvise, &call);
	expect_read(&self->tp, &vmo, 0, 2);
	fail_range(&self->tp, &vmo, 0, 2, EIO);
	expect_errno(t, EIO);
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
