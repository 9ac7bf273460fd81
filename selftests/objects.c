// SPDX-License-Identifier: GPL-2.0
/*
 * Objects and records: how VMOs are made and what is known of them (OBJ), and
 * the life of a request's record in the port (PKT). Argument checks are in
 * abi_values.c, reading a port in ports.c, the ends of objects in detach.c.
 */
#include "vmop_test.h"

VMOP_FIXTURE(objects)
VMOP_FIXTURE_BY_ACCESS(records)

static struct vmop_thread *prefetch(const struct test_vmo *vmo, __u64 pgoff,
				    __u64 nr)
{
	return vmop_thread_op(vmo->fd, VMOP_VMO_OP_PREFETCH, PG(pgoff), PG(nr));
}

/* ---- OBJ ----------------------------------------------------------------- */

/* OBJ-1: every open is a pager of its own. */
TEST_F(objects, obj_1_every_open_is_a_pager)
{
	struct vmop_vmo_get_info a, b;
	struct test_pager other;
	struct test_vmo mine, theirs;

	ASSERT_EQ(0, test_pager_init(&other));
	new_vmo(&self->tp, &mine, 1, 1);
	new_vmo(&other, &theirs, 1, 1);
	test_get_info(mine.fd, &a);
	test_get_info(theirs.fd, &b);
	EXPECT_NE(0, a.out_pager_id);
	EXPECT_NE(0, b.out_pager_id);
	EXPECT_NE(a.out_pager_id, b.out_pager_id);
	EXPECT_NE(a.out_id, b.out_id);
	test_pager_exit(&other);
	/* The end of one is not the end of the other. */
	test_get_info(mine.fd, &a);
	EXPECT_EQ(VMOP_VMO_STATE_LIVE, a.out_state);
}

/* OBJ-2, OBJ-12: a new VMO is empty, and making it sends nothing. */
TEST_F(objects, obj_2_new_vmo_is_empty)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE,
		.key = 0x1122334455667788,
		.length = PG(3) + 5,
		.name = "a name",
		.max_request_pages = 7,
		.deadline_ms = 60000,
	};
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(args.key, info.out_key);
	EXPECT_EQ(PG(4), info.out_size);
	EXPECT_EQ(PG(3) + 5, info.out_content_size);
	EXPECT_EQ(0, info.out_committed);
	EXPECT_EQ(0, info.out_dirty);
	EXPECT_EQ(VMOP_VMO_RESIZABLE | VMOP_VMO_PAGER_BACKED,
		  info.out_flags);
	EXPECT_EQ(VMOP_VMO_STATE_LIVE, info.out_state);
	EXPECT_EQ(0, info.out_last_error);
	EXPECT_EQ(0, info.out_num_waiters);
	EXPECT_EQ(0, info.out_requests);
	EXPECT_EQ(0, info.out_requested_pages);
	EXPECT_EQ(0, info.out_supplied_pages);
	EXPECT_EQ(0, info.out_failed_requests);
	EXPECT_EQ(0, info.out_evicted_pages);
	EXPECT_EQ(7, info.out_max_request_pages);
	EXPECT_EQ(60000, info.out_deadline_ms);
	EXPECT_STREQ("a name", (char *)info.out_name);
	expect_none(&self->tp);
}

/* OBJ-2: 0 is the default that INFO tells. */
TEST_F(objects, obj_2_default_request_pages)
{
	struct vmop_vmo_get_info info;
	struct vmop_info limits;
	struct test_vmo vmo;

	test_info(self->tp.fd, &limits);
	new_vmo(&self->tp, &vmo, 1, 1);
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(limits.out_default_request_pages, info.out_max_request_pages);
	EXPECT_EQ(0, info.out_deadline_ms);
	EXPECT_EQ(VMOP_VMO_PAGER_BACKED, info.out_flags);
	EXPECT_EQ('\0', info.out_name[0]);
}

/* OBJ-5: rounded up to pages; the byte size stays what it was. */
TEST_F(objects, obj_5_size_is_rounded_up)
{
	const struct {
		__u64 length, size;
	} sizes[] = {
		{ 1, PG(1) }, { PG(1) - 1, PG(1) }, { PG(1), PG(1) },
		{ PG(1) + 1, PG(2) }, { PG(1000) - 1, PG(1000) },
	};
	struct vmop_vmo_get_info info;
	struct stat st;
	unsigned int i;
	int fds[2], j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct vmop_test_vmo_args args = { .length = sizes[i].length };

		test_pager_vmo_create(&fds[0], self->tp.fd, self->tp.port,
				      &args);
		test_vmo_create(&fds[1], self->tp.fd, 0, sizes[i].length);
		for (j = 0; j < 2; j++) {
			test_get_info(fds[j], &info);
			EXPECT_EQ(sizes[i].size, info.out_size);
			EXPECT_EQ(sizes[i].length, info.out_content_size);
			ASSERT_EQ(0, fstat(fds[j], &st));
			EXPECT_EQ(sizes[i].length, st.st_size);
			EXPECT_EQ(0, st.st_blocks);
			close(fds[j]);
		}
		expect_complete(&self->tp, 0);
	}
}

/* OBJ-5: size 0 is legal; whatever needs a byte is out of range. */
TEST_F(objects, obj_5_size_zero)
{
	struct vmop_result res = { 0 };
	struct test_vmo vmo;
	char byte = 0, *map;
	__u64 actual;

	new_vmo(&self->tp, &vmo, 1, 0);
	EXPECT_EQ(0, vmop_test_pread(vmo.fd, &byte, 1, 0));
	EXPECT_EQ(-EFBIG, vmop_test_pwrite(vmo.fd, &byte, 1, 0));
	EXPECT_EQ(0, vmop_test_pwrite(vmo.fd, &byte, 0, 0));
	test_err_vmo_op(ERANGE, vmo.fd, VMOP_VMO_OP_COMMIT, 0, 1, &actual);
	test_err_vmo_op(ERANGE, vmo.fd, VMOP_VMO_OP_ZERO, 0, PG(1), &actual);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, 0, &actual);
	EXPECT_EQ(0, actual);
	test_supply_zero(self->tp.fd, vmo.fd, 0, 0, &actual);
	EXPECT_EQ(0, actual);
	test_err_supply_zero(ERANGE, self->tp.fd, vmo.fd, 0, PG(1), &actual);
	map = mmap(NULL, PG(1), PROT_READ | PROT_WRITE, MAP_SHARED, vmo.fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EFAULT, vmop_mem_touch(map, 1, &res));
	EXPECT_EQ(SIGBUS, res.sig);
	EXPECT_EQ(map, res.sig_addr);
	munmap(map, PG(1));
	expect_none(&self->tp);
}

/* OBJ-6: makes VMOs until that fails. */
static void obj_6_creator(void *arg, struct vmop_result *res)
{
	struct test_pager *tp = arg;
	struct vmop_test_vmo_args args = { .length = PG(1) };
	int fd;

	for (;;) {
		fd = vmop_test_pager_vmo_create(tp->fd, tp->port, &args);
		if (fd < 0)
			break;
		res->ret++;
		close(fd);
	}
	res->err = -fd;
}

/* Zircon: ZeroHandlesRace. */
TEST_F(objects, obj_6_create_races_with_close)
{
	struct vmop_thread *t[2];
	struct vmop_result res;
	struct test_pager tp;
	int round, i, fd;

	for (round = 0; round < 50; round++) {
		ASSERT_EQ(0, test_pager_init(&tp));
		for (i = 0; i < 2; i++)
			t[i] = vmop_thread_call(obj_6_creator, &tp);
		/* By close() or by dup2(), so that the number stays taken. */
		if (round & 1) {
			fd = open("/dev/null", O_RDWR);
			vmop_test_nap_ms(round % 4);
			ASSERT_EQ(tp.fd, dup2(fd, tp.fd));
			close(fd);
		} else {
			fd = open("/dev/null", O_RDWR);
			vmop_test_nap_ms(round % 4);
			ASSERT_EQ(tp.port, dup2(fd, tp.port));
			close(fd);
		}
		for (i = 0; i < 2; i++) {
			ASSERT_EQ(0, vmop_thread_wait(t[i], &res));
			EXPECT_TRUE(res.err == ENOTCONN || res.err == EBADFD ||
				    res.err == ENOTTY)
				TH_LOG("errno %d", res.err);
		}
		test_pager_exit(&tp);
	}
}

/* OBJ-7, VMO-25: an anonymous VMO is of nobody and stays when the pager goes. */
TEST_F(objects, obj_7_anonymous_vmo_outlives_the_pager)
{
	struct vmop_vmo_get_info info;
	int fd;

	test_vmo_create(&fd, self->tp.fd, 0, PG(2) + 1);
	test_get_info(fd, &info);
	EXPECT_EQ(0, info.out_pager_id);
	EXPECT_EQ(0, info.out_key);
	EXPECT_EQ(PG(3), info.out_size);
	EXPECT_EQ(VMOP_VMO_STATE_ANONYMOUS, info.out_state);
	EXPECT_EQ(0, info.out_flags);
	EXPECT_EQ(0, info.out_committed);
	EXPECT_TRUE(vmop_test_check_fd_zero(fd, 0, PG(2) + 1));
	EXPECT_EQ(0, vmop_test_committed(fd));
	EXPECT_EQ(5, vmop_test_pwrite(fd, "hello", 5, PG(1)));
	test_pager_close(&self->tp);
	test_pager_close_port(&self->tp);
	EXPECT_EQ(5, vmop_test_pwrite(fd, "hello", 5, PG(0)));
	EXPECT_EQ(PG(2), vmop_test_committed(fd));
	close(fd);
}

/* OBJ-7: an fd of a VMO that is not RESIZABLE cannot resize it. */
TEST_F(objects, obj_7_resizable)
{
	struct test_vmo fixed, resizable;

	new_vmo(&self->tp, &fixed, 1, 2);
	new_resizable(&self->tp, &resizable, 2, 2);
	test_err_set_size(EPERM, fixed.fd, PG(1));
	EXPECT_EQ(-1, ftruncate(fixed.fd, PG(1)));
	EXPECT_EQ(EPERM, errno);
	test_set_size(resizable.fd, PG(1));
	EXPECT_EQ(0, ftruncate(resizable.fd, PG(2)));
}

/* OBJ-12: the counters count. */
TEST_F(objects, obj_12_counters)
{
	struct vmop_vmo_get_info info;
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, 1, 8);
	t = vmop_thread_pread(vmo.fd, 0, PG(3));
	expect_blocked(t, &vmo, 1);
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(1, info.out_num_waiters);
	EXPECT_EQ(1, info.out_requests);
	EXPECT_EQ(3, info.out_requested_pages);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 3));
	expect_content(t, PG(3), 1, 0);
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(0, info.out_num_waiters);
	EXPECT_EQ(3, info.out_supplied_pages);
	EXPECT_EQ(PG(3), info.out_committed);
	/* Zeros are supplied pages that take no memory. */
	supply_empty(&self->tp, &vmo, 3, 2);
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(5, info.out_supplied_pages);
	EXPECT_EQ(PG(3), info.out_committed);
	t = vmop_thread_pread(vmo.fd, PG(5), PG(1));
	expect_read(&self->tp, &vmo, 5, 1);
	fail_range(&self->tp, &vmo, 5, 1, ENOSPC);
	expect_errno(t, ENOSPC);
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(2, info.out_requests);
	EXPECT_EQ(4, info.out_requested_pages);
	EXPECT_EQ(1, info.out_failed_requests);
	EXPECT_EQ(ENOSPC, info.out_last_error);
	EXPECT_EQ(5, info.out_supplied_pages);
	EXPECT_EQ(0, info.out_evicted_pages);
}

/* ---- PKT ----------------------------------------------------------------- */

/* PKT-1: key, range and an id that no other request ever has. */
TEST_F(records, pkt_1_contents)
{
	__u64 ids[6];
	struct vmop_thread *t;
	struct test_vmo a, b;
	int i, j;

	new_vmo(&self->tp, &a, ~0ULL, 4);
	new_vmo(&self->tp, &b, 0, 4);
	for (i = 0; i < 6; i++) {
		struct test_vmo *vmo = i & 1 ? &b : &a;

		t = start_read(vmo, i / 2, 1);
		expect_read(&self->tp, vmo, i / 2, 1);
		ids[i] = self->tp.last.id;
		for (j = 0; j < i; j++)
			EXPECT_NE(ids[j], ids[i]);
		supply(&self->tp, vmo, i / 2, 1);
		expect_content(t, PG(1), vmo->key, PG(i / 2));
	}
	expect_none(&self->tp);
}

/*
 * PKT-2 by design decision 2: all requests are there at once, oldest first for
 * each VMO, and VMOs take turns.
 */
TEST_F(records, pkt_2_fifo_per_vmo_turns_between_vmos)
{
	static const __u64 pages[] = { 5, 0, 3 };
	struct vmop_port_record rec[8];
	struct vmop_thread *t[6];
	struct test_vmo a, b;
	int i;

	new_vmo(&self->tp, &a, 1, 8);
	new_vmo(&self->tp, &b, 2, 8);
	for (i = 0; i < 6; i++) {
		struct test_vmo *vmo = i < 3 ? &a : &b;

		t[i] = start_read(vmo, pages[i % 3], 1);
		expect_blocked(t[i], vmo, i % 3 + 1);
	}
	ASSERT_EQ(6 * sizeof(*rec), read(self->tp.port, rec, sizeof(rec)));
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(i & 1 ? 2 : 1, rec[i].key);
		EXPECT_EQ(PG(pages[i / 2]), rec[i].offset);
		EXPECT_EQ(PG(1), rec[i].length);
		EXPECT_EQ(VMOP_RECORD_READ, rec[i].type);
		EXPECT_EQ(0, rec[i].flags);
	}
	expect_none(&self->tp);
	supply(&self->tp, &a, 0, 8);
	supply(&self->tp, &b, 0, 8);
	for (i = 0; i < 6; i++)
		expect_content(t[i], PG(1), i < 3 ? 1 : 2, PG(pages[i % 3]));
}

/* PKT-3: nothing is remembered after the read; answers may come late or twice. */
TEST_F(records, pkt_3_late_answers_are_harmless)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 id;

	new_vmo(&self->tp, &vmo, 1, 2);
	t = start_read(&vmo, 0, 1);
	expect_read(&self->tp, &vmo, 0, 1);
	id = self->tp.last.id;
	supply(&self->tp, &vmo, 0, 1);
	expect_content(t, PG(1), 1, 0);
	ASSERT_EQ(0, test_pager_supply_key(&self->tp, &vmo, 0, 1, 99));
	fail_range(&self->tp, &vmo, 0, 2, EIO);
	test_fail_id(self->tp.fd, vmo.fd, id, EIO);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(1)));
	/* An old id does not hit a new request. */
	t = start_read(&vmo, 1, 1);
	expect_read(&self->tp, &vmo, 1, 1);
	test_fail_id(self->tp.fd, vmo.fd, id, EIO);
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 1, 1);
	expect_content(t, PG(1), 1, PG(1));
}

/* PKT-4. Zircon: EarlySupplyTest. */
TEST_F(records, pkt_4_early_supply_withdraws_record)
{
	struct vmop_thread *t[2];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 2);
	for (i = 0; i < 2; i++) {
		t[i] = start_read(&vmo, i, 1);
		expect_blocked(t[i], &vmo, i + 1);
	}
	supply(&self->tp, &vmo, 1, 1);
	expect_content(t[1], PG(1), 1, PG(1));
	supply(&self->tp, &vmo, 0, 1);
	expect_content(t[0], PG(1), 1, 0);
	expect_none(&self->tp);
}

/* PKT-4: so do FAIL, shrinking and ZERO; a part is not enough. */
TEST_F(records, pkt_4_others_withdraw_too)
{
	struct vmop_result res;
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, 1, 8);
	t = start_read(&vmo, 0, 1);
	expect_blocked(t, &vmo, 1);
	fail_range(&self->tp, &vmo, 0, 1, EIO);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(variant->map ? 0 : EIO, res.err);
	EXPECT_EQ(variant->map ? SIGBUS : 0, res.sig);
	vmop_result_free(&res);
	expect_none(&self->tp);

	t = start_read(&vmo, 1, 1);
	expect_blocked(t, &vmo, 1);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(1), PG(1), NULL);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(PG(1), res.ret);
	EXPECT_TRUE(vmop_test_check_zero(res.buf, 0, PG(1)));
	vmop_result_free(&res);
	expect_none(&self->tp);

	t = start_read(&vmo, 7, 1);
	expect_blocked(t, &vmo, 1);
	test_set_size(vmo.fd, PG(4));
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(0, res.ret);
	EXPECT_EQ(variant->map ? SIGBUS : 0, res.sig);
	vmop_result_free(&res);
	expect_none(&self->tp);

	/* What is left of a request keeps its record, whole. */
	t = vmop_thread_op(vmo.fd, VMOP_VMO_OP_COMMIT, PG(2), PG(2));
	expect_blocked(t, &vmo, 1);
	supply(&self->tp, &vmo, 2, 1);
	expect_blocked(t, &vmo, 1);
	expect_read(&self->tp, &vmo, 2, 2);
	supply(&self->tp, &vmo, 3, 1);
	expect_done(t, 0);
}

/* PKT-5: the last one that waits takes its request along. */
TEST_F(objects, pkt_5_cancel_by_the_last_waiter)
{
	struct vmop_thread *t[2];
	struct test_vmo vmo;
	int i;

	/* Calls that a signal ends: file I/O is not, and a fault comes again. */
	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	new_vmo(&self->tp, &vmo, 1, 4);
	/* Unread: the record goes with the waiter. */
	t[0] = prefetch(&vmo, 0, 1);
	expect_blocked(t[0], &vmo, 1);
	ASSERT_EQ(0, vmop_thread_kill(t[0], SIGUSR1));
	expect_errno(t[0], EINTR);
	expect_none(&self->tp);

	/* Another one waits for it: request and record stay, with their range. */
	for (i = 0; i < 2; i++) {
		t[i] = prefetch(&vmo, i, 3 - i);
		expect_blocked(t[i], &vmo, i + 1);
	}
	ASSERT_EQ(0, vmop_thread_kill(t[0], SIGUSR1));
	expect_errno(t[0], EINTR);
	expect_blocked(t[1], &vmo, 1);
	expect_read(&self->tp, &vmo, 0, 3);
	expect_none(&self->tp);
	/* Also after the read, and the pager hears nothing of it. */
	t[0] = prefetch(&vmo, 0, 1);
	expect_blocked(t[0], &vmo, 2);
	ASSERT_EQ(0, vmop_thread_kill(t[0], SIGUSR1));
	expect_errno(t[0], EINTR);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 0, 3);
	expect_done(t[1], 0);
	expect_none(&self->tp);

	/* The last one goes after the read: the next access asks anew. */
	t[0] = prefetch(&vmo, 3, 1);
	expect_read(&self->tp, &vmo, 3, 1);
	ASSERT_EQ(0, vmop_thread_kill(t[0], SIGUSR1));
	expect_errno(t[0], EINTR);
	expect_none(&self->tp);
	t[0] = prefetch(&vmo, 3, 1);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 3, 1));
	expect_done(t[0], 0);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(4)));
}

/* PKT-6: neighbours stay requests of their own. */
TEST_F(records, pkt_6_requests_are_not_merged)
{
	struct vmop_thread *t[3];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 4);
	for (i = 0; i < 3; i++) {
		t[i] = start_read(&vmo, i, 1);
		expect_blocked(t[i], &vmo, i + 1);
	}
	for (i = 0; i < 3; i++)
		expect_read(&self->tp, &vmo, i, 1);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 0, 3);
	for (i = 0; i < 3; i++)
		expect_content(t[i], PG(1), 1, PG(i));
}

/* PKT-7: no number of VMOs or requests is too many for a port. */
TEST_F(objects, pkt_7_port_is_never_full)
{
	static struct test_vmo vmos[16];
	struct vmop_thread *t[16][4];
	unsigned int i, j;

	for (i = 0; i < 16; i++) {
		new_vmo(&self->tp, &vmos[i], i, 8);
		for (j = 0; j < 4; j++) {
			t[i][j] = vmop_thread_pread(vmos[i].fd, PG(2 * j),
						    PG(1));
			expect_blocked(t[i][j], &vmos[i], j + 1);
		}
	}
	for (j = 0; j < 4; j++)
		for (i = 0; i < 16; i++)
			ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmos[i],
							  2 * j, 1));
	expect_none(&self->tp);
	for (i = 0; i < 16; i++)
		for (j = 0; j < 4; j++)
			expect_content(t[i][j], PG(1), i, PG(2 * j));
}

VMOP_TEST_MAIN
