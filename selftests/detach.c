// SPDX-License-Identifier: GPL-2.0
/*
 * The ends of objects: detach (DET-1 to DET-9), the last close of the pager
 * (DET-10, DET-11), of the port (PKT-8 as the design changes it), and of the
 * VMO (DET-13 to DET-16).
 */
#include "vmop_test.h"

VMOP_FIXTURE(detach)
VMOP_FIXTURE_BY_ACCESS(access)

/* The thread's access has failed with ENOTCONN: an errno, or SIGBUS there. */
#define expect_lost(_thread, _map, _addr) do { \
	if (_map) \
		expect_sigbus(_thread, _addr); \
	else \
		expect_errno(_thread, ENOTCONN); \
} while (0)

static __u32 state_of(const struct test_vmo *vmo)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(vmo->fd, &info) ? ~0U : info.out_state;
}

/* ---- detach -------------------------------------------------------------- */

/*
 * DET-1, DET-2: waiters are released, queued records vanish, COMPLETE is the
 * last one; clean pages and zeros go, changed pages and zero intervals stay.
 * Zircon: DetachNonMappingAccess, DetachPageCompleteTest and others.
 */
TEST_F(access, det_1_effect)
{
	struct vmop_thread *read_by_pager, *unread;
	struct test_vmo vmo;
	char byte = 1;

	/* 0 clean, 1 dirty, 2 zero marker, 3 and 4 absent, 6 and 7 interval. */
	new_resizable(&self->tp, &vmo, 1, 6);
	supply(&self->tp, &vmo, 0, 2);
	supply_empty(&self->tp, &vmo, 2, 1);
	EXPECT_EQ(1, vmop_test_pwrite(vmo.fd, &byte, 1, PG(1) + 7));
	test_set_size(vmo.fd, PG(8));
	EXPECT_EQ(0, vmop_mem_touch(vmo.map, PG(3), NULL));

	read_by_pager = start_read(&vmo, 3, 1);
	expect_read(&self->tp, &vmo, 3, 1);
	unread = start_read(&vmo, 4, 1);
	expect_blocked(unread, &vmo, 2);
	detach(&self->tp, &vmo);
	expect_lost(read_by_pager, variant->map, vmo.map + PG(3));
	expect_lost(unread, variant->map, vmo.map + PG(4));
	expect_complete(&self->tp, 1);
	expect_none(&self->tp);

	EXPECT_EQ(VMOP_VMO_STATE_DETACHED, state_of(&vmo));
	EXPECT_EQ(PG(1), vmop_test_committed(vmo.fd));
	expect_lost(start_read(&vmo, 0, 1), variant->map, vmo.map);
	expect_lost(start_read(&vmo, 2, 1), variant->map, vmo.map + PG(2));
	expect_lost(start_write(&vmo, 3, 1, 9), variant->map, vmo.map + PG(3));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, PG(1) + 8, PG(1) - 8));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(6), PG(2)));
	expect_none(&self->tp);
}

/* DET-2: what was read before the end is kept. */
TEST_F(detach, det_2_partial_progress)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	char byte = 5;

	new_vmo(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 0, 1);
	/* Dirty, so that it survives the detach. */
	EXPECT_EQ(1, vmop_test_pwrite(vmo.fd, &byte, 1, 0));
	t = vmop_thread_pread(vmo.fd, 0, PG(2));
	expect_read(&self->tp, &vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	detach(&self->tp, &vmo);
	expect_done(t, PG(1));
	t = vmop_thread_pread(vmo.fd, PG(1), PG(1));
	expect_errno(t, ENOTCONN);
}

/* DET-2: every call that needs what is absent. */
TEST_F(detach, det_2_all_calls)
{
	struct test_vmo vmo;
	__u64 actual;
	char *buf;

	new_resizable(&self->tp, &vmo, 1, 4);
	buf = malloc(PG(2));
	ASSERT_NE(NULL, buf);
	detach(&self->tp, &vmo);
	EXPECT_EQ(-ENOTCONN, vmop_test_pread(vmo.fd, buf, 1, 0));
	EXPECT_EQ(-ENOTCONN, vmop_test_pwrite(vmo.fd, "x", 1, 0));
	test_err_vmo_op(ENOTCONN, vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(1), &actual);
	EXPECT_EQ(0, actual);
	test_err_vmo_op(ENOTCONN, vmo.fd, VMOP_VMO_OP_PREFETCH, 0, PG(4),
			&actual);
	EXPECT_EQ(0, actual);
	test_err_vmo_op(ENOTCONN, vmo.fd, VMOP_VMO_OP_ZERO, 1, 1, &actual);
	EXPECT_EQ(0, actual);
	/* Whole pages need nothing of the pager: they become zeros. */
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(2), &actual);
	EXPECT_EQ(PG(2), actual);
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));
	free(buf);
}

/* DET-4: what stayed can be changed, the rest cannot. */
TEST_F(access, det_4_writes_after_detach)
{
	struct test_vmo vmo;
	char byte = 1;

	new_resizable(&self->tp, &vmo, 1, 3);
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_EQ(1, vmop_test_pwrite(vmo.fd, &byte, 1, 0));
	test_set_size(vmo.fd, PG(4));
	detach(&self->tp, &vmo);
	expect_done(start_write(&vmo, 0, 1, 50), PG(1));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 50, 0, PG(1)));
	expect_lost(start_write(&vmo, 1, 1, 50), variant->map, vmo.map + PG(1));
	expect_lost(start_write(&vmo, 2, 1, 50), variant->map, vmo.map + PG(2));
	EXPECT_EQ(1, vmop_test_pwrite(vmo.fd, &byte, 1, PG(3)));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(3) + 1, PG(1) - 1));
	EXPECT_EQ(PG(2), vmop_test_committed(vmo.fd));
}

/* DET-5, design decision 1 row 14: pager calls after detach. */
TEST_F(detach, det_5_pager_calls)
{
	struct test_vmo vmo;
	__u64 actual;
	char *buf;
	int aux;

	new_resizable(&self->tp, &vmo, 1, 4);
	buf = calloc(1, PG(1));
	ASSERT_NE(NULL, buf);
	detach(&self->tp, &vmo);
	/* The range is looked at first, the aux pages are gone either way. */
	aux = test_pager_aux(&self->tp, 1, 0, 4);
	ASSERT_LE(0, aux);
	test_err_supply(ERANGE, self->tp.fd, vmo.fd, PG(4), PG(1), aux, 0,
			&actual);
	EXPECT_EQ(0, actual);
	test_err_supply(ENOTCONN, self->tp.fd, vmo.fd, 0, PG(1), aux, PG(1),
			&actual);
	EXPECT_EQ(0, actual);
	EXPECT_EQ(PG(2), vmop_test_committed(aux));
	test_err_supply_copy(ENOTCONN, self->tp.fd, vmo.fd, 0, PG(1), buf, NULL);
	test_err_supply_zero(ENOTCONN, self->tp.fd, vmo.fd, 0, PG(1), NULL);
	test_err_supply_zero(ERANGE, self->tp.fd, vmo.fd, 0, PG(5), NULL);
	test_fail(self->tp.fd, vmo.fd, 0, PG(4), EIO);
	test_err_fail(ERANGE, self->tp.fd, vmo.fd, 0, PG(5), EIO);
	/* The size can still be changed, and new space is zeros. */
	test_set_size(vmo.fd, PG(2));
	test_set_size(vmo.fd, PG(4));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(2), PG(2)));
	close(aux);
	free(buf);
}

/* DET-6: twice is as good as once. */
TEST_F(detach, det_6_twice)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	detach(&self->tp, &vmo);
	detach(&self->tp, &vmo);
	expect_complete(&self->tp, 1);
	detach(&self->tp, &vmo);
	expect_none(&self->tp);
}

/* DET-1: detach of one VMO leaves the others of port and pager alone. */
TEST_F(detach, det_1_only_this_vmo)
{
	struct vmop_thread *t;
	struct test_vmo a, b;

	new_vmo(&self->tp, &a, 1, 4);
	new_vmo(&self->tp, &b, 2, 4);
	t = vmop_thread_pread(b.fd, 0, PG(1));
	expect_blocked(t, &b, 1);
	detach(&self->tp, &a);
	expect_blocked(t, &b, 1);
	ASSERT_EQ(0, test_port_next(self->tp.port, &self->tp.last));
	ASSERT_EQ(0, test_port_next(self->tp.port, &self->tp.last));
	supply(&self->tp, &b, 0, 1);
	expect_content(t, PG(1), 2, 0);
}

/* DET-12: those who only joined a request are released with it. */
TEST_F(access, det_12_overlap_waiters)
{
	struct vmop_thread *owner, *t[3];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 4);
	owner = vmop_thread_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(4));
	expect_read(&self->tp, &vmo, 0, 4);
	for (i = 0; i < 3; i++) {
		t[i] = start_read(&vmo, i + 1, 1);
		expect_blocked(t[i], &vmo, i + 2);
	}
	expect_none(&self->tp);
	detach(&self->tp, &vmo);
	expect_errno(owner, ENOTCONN);
	for (i = 0; i < 3; i++)
		expect_lost(t[i], variant->map, vmo.map + PG(i + 1));
}

/* ---- pager close --------------------------------------------------------- */

/* DET-10. Zircon: ClosePagerTest. */
TEST_F(access, det_10_pager_close)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 2);
	supply(&self->tp, &vmo, 1, 1);
	t = start_read(&vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	test_pager_close(&self->tp);
	expect_lost(t, variant->map, vmo.map);
	EXPECT_EQ(VMOP_VMO_STATE_PAGER_GONE, state_of(&vmo));
	/* What was supplied stays readable and can be changed. */
	expect_content(start_read(&vmo, 1, 1), PG(1), 1, PG(1));
	expect_done(start_write(&vmo, 1, 1, 4), PG(1));
	expect_lost(start_read(&vmo, 0, 1), variant->map, vmo.map);
	expect_lost(start_write(&vmo, 0, 1, 4), variant->map, vmo.map);
}

/* DET-10: only the last descriptor counts. */
TEST_F(detach, det_10_last_close)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int fd = dup(self->tp.fd);

	new_vmo(&self->tp, &vmo, 1, 2);
	t = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_blocked(t, &vmo, 1);
	test_pager_close(&self->tp);
	expect_blocked(t, &vmo, 1);
	EXPECT_EQ(VMOP_VMO_STATE_LIVE, state_of(&vmo));
	close(fd);
	expect_errno(t, ENOTCONN);
}

/* DET-10, DET-11: no COMPLETE after the end, not even one that was queued. */
TEST_F(detach, det_11_complete_is_withdrawn)
{
	struct test_vmo detached, closed, live;
	struct vmop_port_record rec;

	new_vmo(&self->tp, &detached, 1, 2);
	new_vmo(&self->tp, &closed, 2, 2);
	new_vmo(&self->tp, &live, 3, 2);
	detach(&self->tp, &detached);
	test_vmo_close(&self->tp, &closed);
	test_pager_close(&self->tp);
	EXPECT_EQ(0, read(self->tp.port, &rec, sizeof(rec)));
	test_vmo_close(&self->tp, &live);
	EXPECT_EQ(0, read(self->tp.port, &rec, sizeof(rec)));
	/* Zircon: DetachClosePagerTest. */
	EXPECT_EQ(VMOP_VMO_STATE_DETACHED, state_of(&detached));
	expect_errno(vmop_thread_pread(detached.fd, 0, PG(1)), ENOTCONN);
}

/* ---- port close ---------------------------------------------------------- */

/*
 * PKT-8 as the design's table of objects has it: the last close of a port fails
 * its unanswered requests and all later ones. Answers need no port. Zircon's
 * ClosePortTest leaves the threads blocked; here nobody could ever be asked.
 */
TEST_F(access, pkt_8_port_close)
{
	struct vmop_thread *read_by_pager, *unread;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 3, 1);
	read_by_pager = start_read(&vmo, 0, 1);
	expect_read(&self->tp, &vmo, 0, 1);
	unread = start_read(&vmo, 1, 1);
	expect_blocked(unread, &vmo, 2);
	test_pager_close_port(&self->tp);
	expect_lost(read_by_pager, variant->map, vmo.map);
	expect_lost(unread, variant->map, vmo.map + PG(1));
	EXPECT_EQ(VMOP_VMO_STATE_PORT_GONE, state_of(&vmo));
	expect_lost(start_read(&vmo, 2, 1), variant->map, vmo.map + PG(2));
	expect_content(start_read(&vmo, 3, 1), PG(1), 1, PG(3));
	/* The pager can still put content in, and detach. */
	supply(&self->tp, &vmo, 0, 1);
	expect_content(start_read(&vmo, 0, 1), PG(1), 1, 0);
	fail_range(&self->tp, &vmo, 0, 4, EIO);
	detach(&self->tp, &vmo);
	EXPECT_EQ(VMOP_VMO_STATE_DETACHED, state_of(&vmo));
	expect_lost(start_read(&vmo, 0, 1), variant->map, vmo.map);
}

/* Only the last descriptor of a port counts. */
TEST_F(detach, pkt_8_last_close_of_the_port)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int port = dup(self->tp.port);

	new_vmo(&self->tp, &vmo, 1, 2);
	t = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_blocked(t, &vmo, 1);
	test_pager_close_port(&self->tp);
	expect_blocked(t, &vmo, 1);
	self->tp.port = port;
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 1));
	expect_content(t, PG(1), 1, 0);
}

/* ---- VMO close ----------------------------------------------------------- */

/* DET-13. Zircon: ClosePageCompleteTest. */
TEST_F(detach, det_13_vmo_close)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	supply(&self->tp, &vmo, 0, 2);
	EXPECT_EQ(1, vmop_test_pwrite(vmo.fd, "x", 1, 0));
	test_vmo_close(&self->tp, &vmo);
	expect_complete(&self->tp, 1);
	expect_none(&self->tp);
}

/* DET-14: mappings and other descriptors keep the VMO, and its requests. */
TEST_F(detach, det_14_last_reference)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int fd, pager_fd;

	new_vmo(&self->tp, &vmo, 1, 4);
	pager_fd = vmop_test_reopen(vmo.fd, O_RDWR);
	ASSERT_LE(0, pager_fd);
	fd = dup(vmo.fd);
	test_vmo_close_fd(&self->tp, &vmo);
	close(fd);
	test_vmo_set_fd(&self->tp, &vmo, pager_fd);
	expect_none(&self->tp);
	t = vmop_thread_load(vmo.map, PG(1));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 1));
	expect_content(t, PG(1), 1, 0);
	/* Only the mapping is left: requests come still. */
	test_vmo_close_fd(&self->tp, &vmo);
	expect_none(&self->tp);
	t = vmop_thread_load(vmo.map + PG(1), PG(1));
	expect_read(&self->tp, &vmo, 1, 1);
	EXPECT_FALSE(vmop_thread_done(t));
	/* Nobody has a descriptor to answer by: the port's end is his end. */
	test_pager_close_port(&self->tp);
	expect_sigbus(t, vmo.map + PG(1));
	EXPECT_EQ(0, vmop_mem_touch(vmo.map, PG(1), NULL));
}

/* DET-13, DET-14: unmapping is what ends it. */
TEST_F(detach, det_14_unmap_is_the_end)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	test_vmo_close_fd(&self->tp, &vmo);
	expect_none(&self->tp);
	test_vmo_unmap(&self->tp, &vmo);
	expect_complete(&self->tp, 1);
	expect_none(&self->tp);
}

/* DET-15: one COMPLETE, whether it was read between detach and close or not. */
TEST_F(detach, det_15_one_complete)
{
	struct test_vmo read_early, read_late;

	new_vmo(&self->tp, &read_early, 1, 4);
	new_vmo(&self->tp, &read_late, 2, 4);
	detach(&self->tp, &read_early);
	expect_complete(&self->tp, 1);
	test_vmo_close(&self->tp, &read_early);
	expect_none(&self->tp);
	detach(&self->tp, &read_late);
	test_vmo_close(&self->tp, &read_late);
	expect_complete(&self->tp, 2);
	expect_none(&self->tp);
}

/* DET-13: COMPLETE comes after all requests, also of a VMO that was busy. */
TEST_F(detach, det_13_complete_is_last)
{
	struct vmop_port_record rec[8];
	struct vmop_thread *t[3];
	struct test_vmo a, b;
	int i;

	new_vmo(&self->tp, &a, 1, 4);
	new_vmo(&self->tp, &b, 2, 4);
	for (i = 0; i < 3; i++) {
		t[i] = vmop_thread_pread(a.fd, PG(i), PG(1));
		expect_blocked(t[i], &a, i + 1);
	}
	test_vmo_close(&self->tp, &b);
	/* VMOs take turns: the COMPLETE of b is second. */
	ASSERT_EQ(4 * sizeof(*rec), read(self->tp.port, rec, sizeof(rec)));
	EXPECT_EQ(VMOP_RECORD_READ, rec[0].type);
	EXPECT_EQ(VMOP_RECORD_COMPLETE, rec[1].type);
	EXPECT_EQ(2, rec[1].key);
	EXPECT_EQ(0, rec[1].offset);
	EXPECT_EQ(0, rec[1].length);
	EXPECT_EQ(0, rec[1].id);
	EXPECT_EQ(VMOP_RECORD_READ, rec[3].type);
	supply(&self->tp, &a, 0, 3);
	for (i = 0; i < 3; i++)
		expect_content(t[i], PG(1), 1, PG(i));
}

/* DET-16: a blocked call keeps its VMO, and its close wakes nobody. */
TEST_F(detach, det_16_blocked_while_closed)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 4);
	t = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_blocked(t, &vmo, 1);
	test_vmo_close(&self->tp, &vmo);
	/* Its request, and no COMPLETE. */
	expect_read(&self->tp, &vmo, 0, 1);
	expect_none(&self->tp);
	EXPECT_FALSE(vmop_thread_done(t));
	test_pager_close(&self->tp);
	expect_errno(t, ENOTCONN);
}

/* DET-13, DET-16: with the last call's return the VMO ends, once. */
TEST_F(detach, det_16_ends_with_the_call)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int fd;

	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	new_vmo(&self->tp, &vmo, 1, 4);
	fd = dup(vmo.fd);
	t = vmop_thread_op(fd, VMOP_VMO_OP_PREFETCH, 0, PG(1));
	expect_blocked(t, &vmo, 1);
	expect_read(&self->tp, &vmo, 0, 1);
	test_vmo_close(&self->tp, &vmo);
	close(fd);
	expect_none(&self->tp);
	ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR1));
	expect_errno(t, EINTR);
	expect_complete(&self->tp, 1);
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
