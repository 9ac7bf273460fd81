// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: what those hear who listen to its events.
 */
#include "test_cgroup.h"
#include "test_cow.h"
#include "test_netlink.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x6e65746c696e6b00ULL
#define OVERDUE "/sys/module/vmopager/parameters/overdue_ms"

FIXTURE(netlink_event)
{
	struct test_pager tp;
	struct test_nl nl;
};

FIXTURE_SETUP(netlink_event)
{
	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_nl_open(&self->nl));
}

FIXTURE_TEARDOWN(netlink_event)
{
	test_nl_close(&self->nl);
	test_pager_exit(&self->tp);
}

static bool is_event(const struct test_nl_object *event, __u32 object,
		     __u64 pager)
{
	return event->has[VMOP_NL_EVENT_A_TIME_NS] &&
	       test_nl_is(event, VMOP_NL_EVENT_A_OBJECT, 4, object) &&
	       test_nl_is(event, VMOP_NL_EVENT_A_UID, 4, geteuid()) &&
	       (!pager || test_nl_is(event, VMOP_NL_EVENT_A_PAGER_ID, 8, pager));
}

#define expect_event(_type, _attr, _id, _object, _pager) do { \
	ASSERT_EQ(0, test_nl_event(&self->nl, VMOP_NL_EVENT_##_type, \
				   VMOP_NL_EVENT_A_##_attr##_ID, _id, &event)) \
		TH_LOG("no event %s", #_type); \
	EXPECT_TRUE(is_event(&event, VMOP_NL_OBJECT_##_object, _pager)); \
} while (0)

/* The life of each kind of object. */
TEST_F(netlink_event, of_life)
{
	struct vmop_test_vmo_args args = {
		.key = KEY, .length = PG(4), .name = "an event",
	};
	struct test_nl_object event, object;
	__u64 pager, port, id, ref;
	struct test_vmo vmo;
	int child;

	ASSERT_EQ(0, test_nl_listen(&self->nl));
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	id = test_nl_vmo_id(vmo.fd);
	pager = test_nl_pager_id(vmo.fd);
	expect_event(CREATED, VMO, id, VMO, pager);
	EXPECT_STREQ("an event", event.name);
	port = event.value[VMOP_NL_EVENT_A_PORT_ID];
	ASSERT_EQ(0, test_nl_get(&self->nl, VMOP_NL_CMD_VMO_GET, VMOP_NL_VMO_ID,
				 id, &object));
	EXPECT_EQ(port, object.value[VMOP_NL_VMO_PORT_ID]);
	child = test_cow_child(vmo.fd, VMOP_CHILD_REFERENCE, 0, 0);
	ASSERT_LE(0, child);
	ref = test_nl_vmo_id(child);
	expect_event(CREATED, VMO, ref, VMO, pager);
	close(child);
	expect_event(CLOSED, VMO, ref, VMO, pager);
	detach(&self->tp, &vmo);
	expect_event(DETACHED, VMO, id, VMO, pager);
	expect_event(COMPLETE, VMO, id, VMO, pager);
	test_vmo_close(&self->tp, &vmo);
	expect_event(CLOSED, VMO, id, VMO, pager);
	test_pager_close_port(&self->tp);
	expect_event(CLOSED, PORT, port, PORT, pager);
	test_pager_close(&self->tp);
	expect_event(CLOSED, PAGER, pager, PAGER, 0);
	EXPECT_EQ(0, self->nl.overruns);
}

/* A child whose making failed was never there: it does not end, either. */
TEST_F(netlink_event, of_none)
{
	struct test_nl_object event;
	struct test_vmo vmo;
	int child;

	new_vmo(&self->tp, &vmo, KEY, 4);
	ASSERT_EQ(0, test_nl_listen(&self->nl));
	err_child(EINVAL, vmo.fd, VMOP_CHILD_SLICE, 4, 1);
	child = test_cow_child(vmo.fd, VMOP_CHILD_REFERENCE, 0, 0);
	ASSERT_LE(0, child);
	expect_event(CREATED, VMO, test_nl_vmo_id(child), VMO, 0);
	EXPECT_EQ(1, self->nl.nr_events);
	close(child);
}

/* COMPLETE is about the VMO with the pager, also when a clone was the last. */
TEST_F(netlink_event, complete_after_a_clone)
{
	struct test_nl_object event;
	struct test_vmo vmo;
	int clone;
	__u64 id;

	new_vmo(&self->tp, &vmo, KEY, 4);
	id = test_nl_vmo_id(vmo.fd);
	clone = test_cow_child(vmo.fd, VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0,
			       PG(4));
	ASSERT_LE(0, clone);
	test_vmo_close(&self->tp, &vmo);
	expect_none(&self->tp);
	ASSERT_EQ(0, test_nl_listen(&self->nl));
	close(clone);
	expect_event(COMPLETE, VMO, id, VMO, 0);
	expect_complete(&self->tp, KEY);
}

/* Pages that are there, two of which may be dirty; and somebody who listens. */
#define limited_vmo(_vmo) do { \
	struct vmop_test_vmo_args __args = { \
		.key = KEY, .length = PG(8), .dirty_limit = PG(2), \
	}; \
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, _vmo, &__args)); \
	supply(&self->tp, _vmo, 0, 8); \
	ASSERT_EQ(0, test_nl_listen(&self->nl)); \
} while (0)

/* A writer over the dirty limit. */
TEST_F(netlink_event, dirty_limit)
{
	struct test_nl_object event;
	struct vmop_thread *t;
	struct test_vmo vmo;

	limited_vmo(&vmo);
	t = vmop_thread_pwrite(vmo.fd, 0, PG(4), KEY);
	expect_blocked(t, &vmo, 1);
	expect_event(LIMIT, VMO, test_nl_vmo_id(vmo.fd), VMO, test_nl_pager_id(vmo.fd));
	EXPECT_TRUE(test_nl_is(&event, VMOP_NL_EVENT_A_LIMIT, 4, VMOP_NL_LIMIT_DIRTY));
	ASSERT_EQ(0, test_wb_clean(&self->tp, &vmo, 0, 2));
	expect_done(t, (long)PG(4));
}

/* A writer that is over it all the time is told of once in a second. */
TEST_F(netlink_event, limit_once_a_second)
{
	struct test_nl_object event;
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 start, took;
	int i, child;

	limited_vmo(&vmo);
	start = vmop_test_now_ms();
	for (i = 0; i < 10; i++) {
		t = vmop_thread_pwrite(vmo.fd, 0, PG(3), KEY);
		expect_blocked(t, &vmo, 1);
		ASSERT_EQ(0, test_wb_clean(&self->tp, &vmo, 0, 2));
		expect_done(t, (long)PG(3));
		ASSERT_EQ(0, test_wb_clean(&self->tp, &vmo, 2, 1));
	}
	took = vmop_test_now_ms() - start;
	child = test_cow_child(vmo.fd, VMOP_CHILD_REFERENCE, 0, 0);
	ASSERT_LE(0, child);
	expect_event(CREATED, VMO, test_nl_vmo_id(child), VMO, 0);
	EXPECT_LT(1, self->nl.nr_events);
	EXPECT_GE(2 + took / 1000, self->nl.nr_events);
	vmop_test_nap_ms(1010);
	t = vmop_thread_pwrite(vmo.fd, 0, PG(3), KEY);
	expect_blocked(t, &vmo, 1);
	expect_event(LIMIT, VMO, test_nl_vmo_id(vmo.fd), VMO, 0);
	ASSERT_EQ(0, test_wb_clean(&self->tp, &vmo, 0, 2));
	expect_done(t, (long)PG(3));
	close(child);
}

/* An anonymous VMO that a cgroup pays for; negative errno. */
static int make_paid(int pager, const struct test_cgroup *payer, __u64 bytes)
{
	struct vmop_vmo_create cmd = {
		.size = sizeof(cmd),
		.payer_fd = test_cgroup_open(payer),
		.out_vmo_fd = -1,
		.length = bytes,
	};
	int ret = vmop_test_ioctl(pager, VMOP_VMO_CREATE, &cmd);

	close(cmd.payer_fd);
	return ret ? ret : cmd.out_vmo_fd;
}

/* Who pays has no memory left, and none of it can be reclaimed. */
TEST_F(netlink_event, memory_limit)
{
	const unsigned long max = 4 << 20;
	struct test_nl_object event;
	struct test_cgroup payer;
	__u64 id;
	int fd;

	ASSERT_EQ(0, test_cgroup_setup());
	ASSERT_EQ(0, test_cgroup_make(&payer, "netlink", max));
	fd = make_paid(self->tp.fd, &payer, 2 * max);
	ASSERT_LE(0, fd);
	id = test_nl_vmo_id(fd);
	ASSERT_EQ(0, test_nl_listen(&self->nl));
	test_err_vmo_op(ENOMEM, fd, VMOP_VMO_OP_COMMIT, 0, 2 * max, NULL);
	expect_event(LIMIT, VMO, id, VMO, 0);
	EXPECT_TRUE(test_nl_is(&event, VMOP_NL_EVENT_A_LIMIT, 4, VMOP_NL_LIMIT_MEMORY));
	EXPECT_FALSE(event.has[VMOP_NL_EVENT_A_PAGER_ID]);
	close(fd);
	expect_event(CLOSED, VMO, id, VMO, 0);
	test_cgroup_remove(&payer);
}

static int set_overdue(const char *ms)
{
	int fd = open(OVERDUE, O_WRONLY | O_CLOEXEC);
	ssize_t n = write(fd, ms, strlen(ms));

	close(fd);
	return n == (ssize_t)strlen(ms) ? 0 : -EIO;
}

/* A request that nobody answers is told of once, and not before its time. */
TEST_F(netlink_event, overdue)
{
	struct test_nl_object event;
	struct vmop_thread *t, *u;
	struct test_vmo vmo;
	__u64 id;

	new_vmo(&self->tp, &vmo, KEY, 8);
	id = test_nl_vmo_id(vmo.fd);
	ASSERT_EQ(0, test_nl_listen(&self->nl));
	/* Also when there was no such time when the request was made. */
	ASSERT_EQ(0, set_overdue("0"));
	t = vmop_thread_pread(vmo.fd, PG(3), PG(2));
	expect_blocked(t, &vmo, 1);
	ASSERT_EQ(0, set_overdue("300"));
	expect_event(OVERDUE, VMO, id, VMO, test_nl_pager_id(vmo.fd));
	EXPECT_TRUE(test_nl_is(&event, VMOP_NL_EVENT_A_REQUEST_TYPE, 4,
			       VMOP_RECORD_READ));
	EXPECT_TRUE(test_nl_is(&event, VMOP_NL_EVENT_A_OFFSET, 8, PG(3)));
	EXPECT_TRUE(test_nl_is(&event, VMOP_NL_EVENT_A_LENGTH, 8, PG(2)));
	EXPECT_LE(300000000, event.value[VMOP_NL_EVENT_A_AGE_NS]);
	expect_read(&self->tp, &vmo, 3, 2);
	EXPECT_EQ(self->tp.last.id, event.value[VMOP_NL_EVENT_A_REQUEST_ID]);

	/* The next one of this VMO is another request; now the time gets shorter. */
	ASSERT_EQ(0, set_overdue("100000"));
	u = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_read(&self->tp, &vmo, 0, 1);
	ASSERT_EQ(0, set_overdue("300"));
	expect_event(OVERDUE, VMO, id, VMO, 0);
	EXPECT_EQ(self->tp.last.id, event.value[VMOP_NL_EVENT_A_REQUEST_ID]);
	supply(&self->tp, &vmo, 0, 5);
	expect_done(t, (long)PG(2));
	expect_done(u, (long)PG(1));
	ASSERT_EQ(0, set_overdue("10000"));
}

VMOP_TEST_MAIN
