// SPDX-License-Identifier: GPL-2.0
/*
 * Reading a port: whole records, order, blocking, poll and epoll, several
 * readers, several ports, and the end of the pager (design, table of objects).
 */
#include <sys/epoll.h>
#include <sys/uio.h>

#include "vmop_test.h"

#define RECORD sizeof(struct vmop_port_record)

FIXTURE(ports)
{
	struct test_pager tp;
	struct test_vmo vmo;	/* 16 pages, key 1 */
	struct vmop_thread *threads[16];
	unsigned int nr_threads;
};

FIXTURE_SETUP(ports)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo(&self->tp, &self->vmo, 1, 16));
}

FIXTURE_TEARDOWN(ports)
{
	test_pager_exit(&self->tp);
}

/* n more requests of one page each, in page order. */
#define ask(_n) do { \
	unsigned int __n = (_n), __i; \
	for (__i = 0; __i < __n; __i++) { \
		unsigned int __nr = self->nr_threads++; \
		self->threads[__nr] = vmop_thread_pread(self->vmo.fd, \
							PG(__nr), PG(1)); \
		expect_blocked(self->threads[__nr], &self->vmo, \
			       self->nr_threads); \
	} \
} while (0)

/* Supply everything: all of them end well. */
#define answer_all() do { \
	supply(&self->tp, &self->vmo, 0, 16); \
	while (self->nr_threads) { \
		self->nr_threads--; \
		expect_content(self->threads[self->nr_threads], PG(1), 1, \
			       PG(self->nr_threads)); \
	} \
} while (0)

/* Records [first, first + n) of ask(), not seen by anybody before. */
static bool ports_in_order(const struct vmop_port_record *rec, __u64 first,
			   unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (rec[i].offset != PG(first + i) || rec[i].flags)
			return false;
	return true;
}

TEST_F(ports, short_buffer)
{
	static const size_t sizes[] = { 0, 1, 8, 32, RECORD - 1 };
	struct vmop_port_record rec;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-1, read(self->tp.port, &rec, sizes[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	ask(1);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(-1, read(self->tp.port, &rec, sizes[i]));
		EXPECT_EQ(EINVAL, errno);
	}
	expect_read(&self->tp, &self->vmo, 0, 1);
	answer_all();
}

TEST_F(ports, empty_and_nonblocking)
{
	struct vmop_port_record rec;

	EXPECT_EQ(-1, read(self->tp.port, &rec, sizeof(rec)));
	EXPECT_EQ(EAGAIN, errno);
	ask(1);
	EXPECT_EQ(RECORD, read(self->tp.port, &rec, sizeof(rec)));
	EXPECT_EQ(-1, read(self->tp.port, &rec, sizeof(rec)));
	EXPECT_EQ(EAGAIN, errno);
	answer_all();
}

/* Only whole records, as many as fit; the rest stays, in order. */
TEST_F(ports, whole_records)
{
	struct vmop_port_record rec[8];

	ask(6);
	ASSERT_EQ(RECORD, read(self->tp.port, rec, RECORD + RECORD - 1));
	EXPECT_TRUE(ports_in_order(rec, 0, 1));
	ASSERT_EQ(3 * RECORD, read(self->tp.port, rec, 3 * RECORD + 1));
	EXPECT_TRUE(ports_in_order(rec, 1, 3));
	ASSERT_EQ(2 * RECORD, read(self->tp.port, rec, sizeof(rec)));
	EXPECT_TRUE(ports_in_order(rec, 4, 2));
	expect_none(&self->tp);
	answer_all();
}

/* readv() is a read() too. */
TEST_F(ports, scattered)
{
	struct vmop_port_record rec[2];
	struct iovec iov[4];
	int i;

	for (i = 0; i < 4; i++) {
		iov[i].iov_base = (char *)rec + i * RECORD / 2;
		iov[i].iov_len = RECORD / 2;
	}
	ask(3);
	ASSERT_EQ(2 * RECORD, readv(self->tp.port, iov, 4));
	EXPECT_TRUE(ports_in_order(rec, 0, 2));
	expect_read(&self->tp, &self->vmo, 2, 1);
	answer_all();
}

/* What could not be copied stays in the port, in its place and unflagged. */
TEST_F(ports, efault_loses_nothing)
{
	struct vmop_port_record rec[8];
	char *buf = mmap(NULL, PG(2), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_EQ(0, munmap(buf + PG(1), PG(1)));
	ask(5);
	/* Nothing fits before the hole. */
	EXPECT_EQ(-1, read(self->tp.port, buf + PG(1) - RECORD / 2, 4 * RECORD));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(self->tp.port, buf + PG(1), 4 * RECORD));
	EXPECT_EQ(EFAULT, errno);
	/* One and a half: the one is delivered. */
	ASSERT_EQ(RECORD, read(self->tp.port, buf + PG(1) - RECORD * 3 / 2,
			       4 * RECORD));
	memcpy(rec, buf + PG(1) - RECORD * 3 / 2, RECORD);
	EXPECT_TRUE(ports_in_order(rec, 0, 1));
	/* Newer requests line up behind. */
	ask(1);
	ASSERT_EQ(5 * RECORD, read(self->tp.port, rec, sizeof(rec)));
	EXPECT_TRUE(ports_in_order(rec, 1, 5));
	answer_all();
	munmap(buf, PG(1));
}

/* The same with two VMOs: nobody loses his turn either. */
TEST_F(ports, efault_keeps_turns)
{
	char *hole = mmap(NULL, PG(1), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	struct vmop_port_record rec[4];
	struct vmop_thread *t[2];
	struct test_vmo other;
	int i;

	new_vmo(&self->tp, &other, 2, 4);
	ask(2);
	for (i = 0; i < 2; i++) {
		t[i] = vmop_thread_pread(other.fd, PG(i), PG(1));
		expect_blocked(t[i], &other, i + 1);
	}
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-1, read(self->tp.port, hole, sizeof(rec)));
	ASSERT_EQ(sizeof(rec), read(self->tp.port, rec, sizeof(rec)));
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(i & 1 ? 2 : 1, rec[i].key);
		EXPECT_EQ(PG(i / 2), rec[i].offset);
	}
	supply(&self->tp, &other, 0, 4);
	for (i = 0; i < 2; i++)
		expect_content(t[i], PG(1), 2, PG(i));
	answer_all();
	munmap(hole, PG(1));
}

/* ---- blocking ------------------------------------------------------------ */

/* One blocking read() of one record; the fd is *arg. */
static void ports_reader(void *arg, struct vmop_result *res)
{
	struct vmop_port_record *rec = calloc(1, sizeof(*rec));

	res->ret = read(*(int *)arg, rec, sizeof(*rec));
	res->err = res->ret < 0 ? errno : 0;
	res->buf = rec;
}

static bool ports_asleep(void *thread)
{
	return vmop_test_task_state(vmop_thread_tid(thread)) == 'S';
}

#define expect_asleep(_thread) \
	ASSERT_EQ(0, vmop_test_poll(ports_asleep, _thread))

TEST_F(ports, blocking_read)
{
	struct vmop_result res;
	struct vmop_thread *t;

	ASSERT_EQ(0, fcntl(self->tp.port, F_SETFL, 0));
	t = vmop_thread_call(ports_reader, &self->tp.port);
	expect_asleep(t);
	EXPECT_FALSE(vmop_thread_done(t));
	ask(1);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(RECORD, res.ret);
	EXPECT_TRUE(ports_in_order(res.buf, 0, 1));
	vmop_result_free(&res);
	answer_all();
}

/* A signal ends the read, or restarts it. No record gets lost by that. */
TEST_F(ports, blocking_read_and_signals)
{
	struct vmop_result res;
	struct vmop_thread *t;

	ASSERT_EQ(0, fcntl(self->tp.port, F_SETFL, 0));
	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	ASSERT_EQ(0, vmop_thread_catch(SIGUSR2, true));
	t = vmop_thread_call(ports_reader, &self->tp.port);
	expect_asleep(t);
	ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR1));
	expect_errno(t, EINTR);
	t = vmop_thread_call(ports_reader, &self->tp.port);
	expect_asleep(t);
	ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR2));
	ask(1);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(RECORD, res.ret);
	EXPECT_TRUE(ports_in_order(res.buf, 0, 1));
	vmop_result_free(&res);
	answer_all();
}

/* Eight readers, eight requests: each gets one, none gets a second. */
TEST_F(ports, several_readers)
{
	struct vmop_port_record *rec;
	struct vmop_thread *t[8];
	struct vmop_result res;
	unsigned int seen = 0, i;

	ASSERT_EQ(0, fcntl(self->tp.port, F_SETFL, 0));
	for (i = 0; i < 8; i++) {
		t[i] = vmop_thread_call(ports_reader, &self->tp.port);
		expect_asleep(t[i]);
	}
	ask(8);
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(0, vmop_thread_wait(t[i], &res));
		ASSERT_EQ(RECORD, res.ret);
		rec = res.buf;
		seen |= 1U << (rec->offset / PG(1));
		vmop_result_free(&res);
	}
	EXPECT_EQ(0xff, seen);
	ASSERT_EQ(0, fcntl(self->tp.port, F_SETFL, O_NONBLOCK));
	expect_none(&self->tp);
	answer_all();
}

/* A reader that a signal takes away leaves its record to the next one. */
TEST_F(ports, wakeup_is_passed_on)
{
	struct vmop_thread *t[2];
	struct vmop_result res[2];
	int round, i, got;

	ASSERT_EQ(0, fcntl(self->tp.port, F_SETFL, 0));
	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	for (round = 0; round < 16; round++) {
		for (i = 0; i < 2; i++) {
			t[i] = vmop_thread_call(ports_reader, &self->tp.port);
			expect_asleep(t[i]);
		}
		/* The one that waits longest is woken, and interrupted at once. */
		ask(1);
		ASSERT_EQ(0, vmop_thread_kill(t[0], SIGUSR1));
		ASSERT_EQ(0, vmop_thread_wait(t[0], &res[0]));
		got = res[0].ret == RECORD;
		if (got) {
			/* It was faster. The other one still waits. */
			ASSERT_EQ(0, vmop_thread_kill(t[1], SIGUSR1));
		}
		ASSERT_EQ(0, vmop_thread_wait(t[1], &res[1]));
		got += res[1].ret == RECORD;
		EXPECT_EQ(1, got);
		for (i = 0; i < 2; i++) {
			EXPECT_EQ(res[i].ret == RECORD ? 0 : EINTR, res[i].err);
			vmop_result_free(&res[i]);
		}
	}
	answer_all();
}

/* ---- poll and epoll ------------------------------------------------------ */

static short ports_poll(int port, int timeout)
{
	struct pollfd pfd = { .fd = port, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, timeout) < 0 ? -1 : pfd.revents;
}

TEST_F(ports, poll_tells_records)
{
	EXPECT_EQ(0, ports_poll(self->tp.port, 0));
	ask(2);
	EXPECT_EQ(POLLIN, ports_poll(self->tp.port, 0));
	expect_read(&self->tp, &self->vmo, 0, 1);
	EXPECT_EQ(POLLIN, ports_poll(self->tp.port, 0));
	/* PKT-4: a record that is withdrawn is no longer told. */
	supply(&self->tp, &self->vmo, 1, 1);
	EXPECT_EQ(0, ports_poll(self->tp.port, 0));
	answer_all();
}

static void ports_poller(void *arg, struct vmop_result *res)
{
	res->ret = ports_poll(*(int *)arg, vmop_test_timeout_ms());
}

TEST_F(ports, poll_wakes)
{
	struct vmop_thread *t[3];
	int i;

	/* Pollers are not consumers: one record wakes them all. */
	for (i = 0; i < 3; i++) {
		t[i] = vmop_thread_call(ports_poller, &self->tp.port);
		expect_asleep(t[i]);
	}
	ask(1);
	for (i = 0; i < 3; i++)
		expect_done(t[i], POLLIN);
	expect_read(&self->tp, &self->vmo, 0, 1);
	answer_all();
}

TEST_F(ports, epoll_level_and_edge)
{
	struct epoll_event level = { .events = EPOLLIN, .data.u32 = 1 };
	struct epoll_event edge = { .events = EPOLLIN | EPOLLET, .data.u32 = 2 };
	struct epoll_event ev;
	int el = epoll_create1(EPOLL_CLOEXEC), ee = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, el);
	ASSERT_LE(0, ee);
	ASSERT_EQ(0, epoll_ctl(el, EPOLL_CTL_ADD, self->tp.port, &level));
	ASSERT_EQ(0, epoll_ctl(ee, EPOLL_CTL_ADD, self->tp.port, &edge));
	EXPECT_EQ(0, epoll_wait(el, &ev, 1, 0));
	EXPECT_EQ(0, epoll_wait(ee, &ev, 1, 0));
	ask(1);
	ASSERT_EQ(1, epoll_wait(ee, &ev, 1, vmop_test_timeout_ms()));
	EXPECT_EQ(EPOLLIN, ev.events);
	EXPECT_EQ(0, epoll_wait(ee, &ev, 1, 0));
	ASSERT_EQ(1, epoll_wait(el, &ev, 1, 0));
	EXPECT_EQ(EPOLLIN, ev.events);
	ASSERT_EQ(1, epoll_wait(el, &ev, 1, 0));
	/* The second record is a new edge although the first one is there. */
	ask(1);
	ASSERT_EQ(1, epoll_wait(ee, &ev, 1, vmop_test_timeout_ms()));
	expect_read(&self->tp, &self->vmo, 0, 1);
	expect_read(&self->tp, &self->vmo, 1, 1);
	EXPECT_EQ(0, epoll_wait(el, &ev, 1, 0));
	test_pager_close(&self->tp);
	ASSERT_EQ(1, epoll_wait(el, &ev, 1, vmop_test_timeout_ms()));
	EXPECT_TRUE(ev.events & EPOLLHUP);
	ASSERT_EQ(1, epoll_wait(ee, &ev, 1, vmop_test_timeout_ms()));
	EXPECT_TRUE(ev.events & EPOLLHUP);
	close(el);
	close(ee);
}

/* ---- the end of the pager ------------------------------------------------ */

/* DET-10: read() returns 0, poll() says POLLHUP, unread records are gone. */
TEST_F(ports, pager_close_hangs_up)
{
	struct vmop_port_record rec[4];

	ask(3);
	expect_read(&self->tp, &self->vmo, 0, 1);
	test_pager_close(&self->tp);
	while (self->nr_threads)
		expect_errno(self->threads[--self->nr_threads], ENOTCONN);
	EXPECT_EQ(0, read(self->tp.port, rec, sizeof(rec)));
	EXPECT_EQ(0, read(self->tp.port, rec, sizeof(rec)));
	EXPECT_TRUE(ports_poll(self->tp.port, 0) & POLLHUP);
	/* A buffer that is too short stays an error. */
	EXPECT_EQ(-1, read(self->tp.port, rec, 1));
	EXPECT_EQ(EINVAL, errno);
}

/* All blocked readers come back. */
TEST_F(ports, pager_close_wakes_readers)
{
	struct vmop_thread *t[4], *p;
	int i;

	ASSERT_EQ(0, fcntl(self->tp.port, F_SETFL, 0));
	for (i = 0; i < 4; i++) {
		t[i] = vmop_thread_call(ports_reader, &self->tp.port);
		expect_asleep(t[i]);
	}
	p = vmop_thread_call(ports_poller, &self->tp.port);
	expect_asleep(p);
	test_pager_close(&self->tp);
	for (i = 0; i < 4; i++)
		expect_done(t[i], 0);
	ASSERT_EQ(0, vmop_thread_wait(p, &(struct vmop_result){ 0 }));
}

/* ---- several ports ------------------------------------------------------- */

/* Records go to the VMO's own port only. */
TEST_F(ports, many_ports)
{
	struct vmop_test_vmo_args args = { .key = 2, .length = PG(4) };
	struct test_vmo other = { .key = 2 };
	struct vmop_port_record rec;
	struct vmop_thread *t;
	int port;

	test_port_create(&port, self->tp.fd);
	test_pager_vmo_create(&other.fd, self->tp.fd, port, &args);
	ASSERT_EQ(0, fcntl(port, F_SETFL, O_NONBLOCK));
	t = vmop_thread_pread(other.fd, PG(2), PG(1));
	expect_blocked(t, &other, 1);
	expect_none(&self->tp);
	ask(1);
	ASSERT_EQ(0, test_port_next(port, &rec));
	EXPECT_EQ(2, rec.key);
	EXPECT_EQ(PG(2), rec.offset);
	EXPECT_EQ(-1, read(port, &rec, sizeof(rec)));
	EXPECT_EQ(EAGAIN, errno);
	expect_read(&self->tp, &self->vmo, 0, 1);
	supply(&self->tp, &other, 2, 1);
	expect_content(t, PG(1), 2, PG(2));
	answer_all();
	/* The end of one port leaves the VMOs of the other alone. */
	close(port);
	t = vmop_thread_pread(other.fd, 0, PG(1));
	expect_errno(t, ENOTCONN);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, 1, 0, PG(16)));
	close(other.fd);
}

VMOP_TEST_MAIN
