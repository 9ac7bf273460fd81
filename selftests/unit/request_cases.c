// SPDX-License-Identifier: GPL-2.0
/*
 * request_cases.c - the worked examples of the page request rules, by number.
 *
 * Each follows one example of the semantics (REQ: requests, PKT: records, THR:
 * waiting threads): who asks for what, which record comes out, who wakes with
 * which result. Then time limits, memory and counters.
 */
#include <stdlib.h>

#include "harness.h"
#include "request_test.h"

#define READ(page, nr) expect_record(file, VMOP_RECORD_READ, page, nr)
#define DIRTY_REQ(page, nr) expect_record(file, VMOP_RECORD_DIRTY, page, nr)
#define KEY 0xfeedULL

static struct vmop_port *port;
static struct file *file;
static struct vmo vmo;

static void begin(void)
{
	file = port_open(&port);
	vmo_init(&vmo, port, KEY);
}

static void end(void)
{
	walk_port(port);
	vmo_drop(&vmo);
	port_close(file);
	vmop_port_put(port);
	expect_no_leaks();
}

/* REQ-8 case 2, 3 and 4 for READ. */
void case_overlap_commit(void)
{
	struct access a, b;

	begin();
	start_read(&a, &vmo, 8, 24);
	start_read(&b, &vmo, 0, 32);
	READ(8, 16);
	READ(0, 8);
	expect_nothing(file);
	supply(&vmo, 0, 24);
	expect_end(&a, 0);
	expect_waiting(&b);
	READ(24, 8);
	supply(&vmo, 24, 32);
	expect_end(&b, 0);
	end();
}

/* REQ-8 for DIRTY; cut at both sides. */
void case_dirty_requests_overlap(void)
{
	struct access a, b, c, d;

	begin();
	supply(&vmo, 0, 20);
	start_write(&a, &vmo, 4, 9);
	DIRTY_REQ(4, 5);
	start_write(&b, &vmo, 2, 9);
	DIRTY_REQ(2, 2);
	start_write(&c, &vmo, 11, 16);
	DIRTY_REQ(11, 5);
	start_write(&d, &vmo, 15, 19);
	expect_nothing(file);
	CHECK_EQ(op_dirty(&vmo, 11, 16), 0);
	expect_end(&c, 0);
	expect_waiting(&d);
	DIRTY_REQ(16, 3);
	CHECK_EQ(op_dirty(&vmo, 2, 9), 0);
	expect_end(&a, 0);
	expect_end(&b, 0);
	CHECK_EQ(op_dirty(&vmo, 16, 19), 0);
	expect_end(&d, 0);
	end();
}

/* REQ-8: every relation of a new range to an outstanding [8,16). */
void case_overlap_table(void)
{
	static const struct {
		unsigned int start, end, asked_start, asked_nr;
	} rows[] = {
		{ 0, 7, 0, 7 }, { 0, 8, 0, 8 }, { 0, 9, 0, 8 },
		{ 0, 16, 0, 8 }, { 0, 17, 0, 8 }, { 8, 9, 0, 0 },
		{ 8, 16, 0, 0 }, { 8, 17, 0, 0 }, { 12, 13, 0, 0 },
		{ 15, 16, 0, 0 }, { 15, 17, 0, 0 }, { 16, 17, 16, 1 },
		{ 20, 24, 20, 4 },
	};
	struct access a, b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		start_read(&a, &vmo, 8, 16);
		READ(8, 8);
		start_read(&b, &vmo, rows[i].start, rows[i].end);
		if (rows[i].asked_nr)
			READ(rows[i].asked_start, rows[i].asked_nr);
		expect_nothing(file);
		supply(&vmo, 0, 32);
		expect_end(&a, 0);
		expect_end(&b, 0);
		end();
	}
}

/* REQ-23: starts 5 and 9 are in the failed range, 0 is not. */
void case_fail_overlapping_range(void)
{
	struct access a, b, c;

	begin();
	start_read(&a, &vmo, 0, 2);
	start_read(&b, &vmo, 9, 11);
	start_read(&c, &vmo, 5, 7);
	READ(0, 2);
	READ(9, 2);
	READ(5, 2);
	CHECK_EQ(op_fail(&vmo, 1, 10, -EIO), 4);
	expect_end(&b, -EIO);
	expect_end(&c, -EIO);
	expect_waiting(&a);
	supply(&vmo, 0, 1);
	expect_waiting(&a);
	READ(1, 1);
	supply(&vmo, 1, 2);
	expect_end(&a, 0);
	end();
}

/* REQ-23: a failure behind the start is only an answer; at it, it is the end. */
void case_partial_fail_dirty_requests(void)
{
	struct access a;

	begin();
	supply(&vmo, 0, 5);
	start_write(&a, &vmo, 0, 5);
	DIRTY_REQ(0, 5);
	CHECK_EQ(op_dirty(&vmo, 0, 3), 0);
	expect_waiting(&a);
	CHECK_EQ(op_fail(&vmo, 3, 5, -EIO), 2);
	expect_waiting(&a);
	DIRTY_REQ(3, 2);
	CHECK_EQ(op_fail(&vmo, 3, 5, -EIO), 2);
	CHECK_EQ(a.pos, 3);
	expect_end(&a, -EIO);
	end();

	begin();
	supply(&vmo, 0, 5);
	start_write(&a, &vmo, 0, 5);
	DIRTY_REQ(0, 5);
	CHECK_EQ(op_fail(&vmo, 0, 3, -ENOSPC), 3);
	expect_end(&a, -ENOSPC);
	CHECK_EQ(op_fail(&vmo, 0, 5, -EIO), 0);
	end();
}

/* REQ-23: waiters of one request, each judged by its own start. */
void case_fail_by_own_start(void)
{
	struct access a, b, c;

	begin();
	start_read(&a, &vmo, 0, 8);
	start_read(&b, &vmo, 4, 8);
	start_read(&c, &vmo, 6, 8);
	READ(0, 8);
	CHECK_EQ(op_fail(&vmo, 4, 5, -EBADMSG), 1);
	expect_waiting(&b);
	supply(&vmo, 0, 4);
	expect_waiting(&a);
	supply(&vmo, 5, 8);
	expect_end(&b, -EBADMSG);
	expect_end(&c, 0);
	expect_waiting(&a);
	READ(4, 1);
	supply(&vmo, 4, 5);
	expect_end(&a, 0);
	end();
}

/* REQ-24: a failure is not remembered, and failing nothing is fine. */
void case_supply_after_fail(void)
{
	struct access a;

	begin();
	CHECK_EQ(op_fail(&vmo, 0, 64, -EIO), 0);
	start_read(&a, &vmo, 3, 4);
	READ(3, 1);
	op_fail(&vmo, 3, 4, -EIO);
	expect_end(&a, -EIO);
	start_read(&a, &vmo, 3, 4);
	READ(3, 1);
	supply(&vmo, 3, 4);
	expect_end(&a, 0);
	end();
}

/* PKT-4: answered in pieces before it was read: the record is gone. */
void case_early_supply(void)
{
	struct access a;

	begin();
	start_read(&a, &vmo, 0, 2);
	CHECK_EQ(port_field(file, "queued"), 1);
	CHECK_EQ(port_poll(file), EPOLLIN | EPOLLRDNORM);
	supply(&vmo, 0, 1);
	CHECK_EQ(port_field(file, "queued"), 1);
	supply(&vmo, 1, 2);
	expect_nothing(file);
	expect_end(&a, 0);
	end();
}

/* REQ-10: 32 threads, one page: one record, one supply wakes all, once each. */
void case_concurrent_overlapping_access(void)
{
	struct vmop_source_info info;
	struct access a[32];
	int i;

	begin();
	for (i = 0; i < 32; i++)
		start_read(&a[i], &vmo, 5, 6);
	READ(5, 1);
	expect_nothing(file);
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.num_waiters, 32);
	CHECK_EQ(info.requests, 1);
	supply(&vmo, 5, 6);
	for (i = 0; i < 32; i++) {
		CHECK_EQ(sim_nr_wakeups(a[i].thread), 1);
		expect_end(&a[i], 0);
	}
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.num_waiters, 0);
	end();
}

/* REQ-27: a shrink answers what it cuts off. */
void case_resize_commit(void)
{
	struct access a;

	begin();
	start_read(&a, &vmo, 0, 3);
	READ(0, 3);
	supply(&vmo, 2, 3);
	vmo_set_size(&vmo, 1);
	expect_waiting(&a);
	supply(&vmo, 0, 1);
	expect_end(&a, -ERANGE);
	CHECK_EQ(a.pos, 1);
	end();
}

/* REQ-16: page 0 counts twice, the request ends early, the thread asks again. */
void case_counted_not_remembered(void)
{
	struct access a;

	begin();
	start_read(&a, &vmo, 0, 2);
	READ(0, 2);
	supply(&vmo, 0, 1);
	vmo.page[0] = ABSENT;
	supply(&vmo, 0, 1);
	expect_waiting(&a);
	READ(1, 1);
	supply(&vmo, 1, 2);
	expect_end(&a, 0);
	end();
}

/* REQ-26: OP_DIRTY over an evicted page fails, but the thread looks again. */
void case_evict_after_dirty_request(void)
{
	struct access a;

	begin();
	supply(&vmo, 0, 3);
	start_write(&a, &vmo, 0, 3);
	DIRTY_REQ(0, 3);
	vmo.page[1] = ABSENT;
	CHECK_EQ(op_dirty(&vmo, 0, 3), -ENOENT);
	expect_waiting(&a);
	DIRTY_REQ(0, 1);
	CHECK_EQ(op_dirty(&vmo, 0, 1), 0);
	expect_waiting(&a);
	READ(1, 1);
	supply(&vmo, 1, 2);
	expect_waiting(&a);
	DIRTY_REQ(1, 2);
	CHECK_EQ(op_dirty(&vmo, 1, 3), 0);
	expect_end(&a, 0);
	end();
}

/* REQ-9, REQ-28: the kinds do not meet, but share one queue. */
void case_kinds_are_separate(void)
{
	struct access a, b, c;

	begin();
	supply(&vmo, 0, 8);
	start_write(&a, &vmo, 0, 8);
	start_read(&b, &vmo, 20, 22);
	vmo.page[3] = ABSENT;
	start_read(&c, &vmo, 3, 4);
	DIRTY_REQ(0, 8);
	READ(20, 2);
	READ(3, 1);
	vmop_source_resolve(vmo.src, VMOP_REQ_READ, 0, 64);
	expect_waiting(&a);
	expect_waiting(&b);
	expect_waiting(&c);
	READ(20, 2);
	READ(3, 1);
	CHECK_EQ(vmop_source_fail(vmo.src, VMOP_FAIL_DIRTY, 0, 64, -EIO), 8);
	expect_end(&a, -EIO);
	CHECK_EQ(vmop_source_fail(vmo.src, VMOP_FAIL_READ, 0, 64, -EIO), 3);
	expect_end(&b, -EIO);
	expect_end(&c, -EIO);
	end();
}

/* REQ-15: empty ranges answer nothing, and must not be asked for. */
void case_empty_ranges(void)
{
	struct vmop_waiter w;
	struct access a;

	begin();
	sim_misuse_expected = true;
	CHECK_EQ(vmop_source_request(vmo.src, VMOP_REQ_READ, 3, 3, &w), -EINVAL);
	CHECK_EQ(vmop_source_request(vmo.src, VMOP_REQ_READ, 3, 2, &w), -EINVAL);
	sim_misuse_expected = false;
	expect_nothing(file);
	start_read(&a, &vmo, 0, 1);
	vmop_source_resolve(vmo.src, VMOP_REQ_READ, 0, 0);
	vmop_source_resolve(vmo.src, VMOP_REQ_READ, 1, 0);
	CHECK_EQ(op_fail(&vmo, 0, 0, -EIO), 0);
	CHECK_EQ(vmop_source_fail(vmo.src, 0, 0, 64, -EIO), 0);
	READ(0, 1);
	CHECK(!sim_is_runnable(a.thread));
	supply(&vmo, 0, 1);
	expect_end(&a, 0);
	end();
}

/* PKT-5: the one who asked is killed; the other keeps request and record. */
void case_cancel_with_others(void)
{
	struct access a, b;

	begin();
	start_read(&a, &vmo, 0, 4);
	start_read(&b, &vmo, 2, 4);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, -ERESTARTSYS);
	READ(0, 4);
	expect_nothing(file);
	/* The start of the request is nobody's start any more. */
	op_fail(&vmo, 0, 1, -EIO);
	expect_waiting(&b);
	READ(2, 2);
	supply(&vmo, 2, 4);
	expect_end(&b, 0);
	end();
}

/* PKT-5, PKT-3: the last one is killed; an unread record goes with it. */
void case_cancel_last(void)
{
	struct access a;
	u64 id;

	begin();
	start_read(&a, &vmo, 0, 4);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, -ERESTARTSYS);
	expect_nothing(file);
	CHECK_EQ(sim_nr_live("vmop_req"), 0);

	start_read(&a, &vmo, 0, 4);
	id = READ(0, 4);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, -ERESTARTSYS);
	expect_nothing(file);
	/* Late answers, by range and by id, meet nothing. */
	CHECK(!vmop_source_fail_id(vmo.src, id, -EIO));
	supply(&vmo, 0, 4);
	start_read(&a, &vmo, 0, 4);
	expect_end(&a, 0);
	end();
}

/* THR-3: an interruptible wait is left by any signal; the retry asks anew. */
void case_suspend_read(void)
{
	struct access a;
	u64 id;

	begin();
	start_read(&a, &vmo, 0, 1);
	sim_signal(a.thread, SIM_SIG_ORDINARY);
	CHECK(sim_is_asleep(a.thread));	/* killable: not this one */
	id = READ(0, 1);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, -ERESTARTSYS);

	start_interruptible_read(&a, &vmo, 0, 1);
	CHECK(READ(0, 1) > id);
	sim_signal(a.thread, SIM_SIG_ORDINARY);
	expect_end(&a, -ERESTARTSYS);
	end();
}

/* A signal that comes after the answer does not undo it. */
void case_answer_before_signal(void)
{
	struct access a;

	begin();
	start_read(&a, &vmo, 0, 1);
	supply(&vmo, 0, 1);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, 0);

	start_read(&a, &vmo, 1, 2);
	op_fail(&vmo, 1, 2, -ENOBUFS);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, -ENOBUFS);
	end();
}

/* OP_FAIL by id: all waiters of that request, wherever they start. */
void case_fail_by_id(void)
{
	struct access a, b, c, d;
	u64 id, other;

	begin();
	supply(&vmo, 10, 12);
	start_read(&a, &vmo, 0, 4);
	start_read(&b, &vmo, 2, 4);
	start_read(&c, &vmo, 6, 7);
	start_write(&d, &vmo, 10, 12);
	id = READ(0, 4);
	other = READ(6, 1);
	CHECK(vmop_source_fail_id(vmo.src, id, -EIO));
	CHECK(!vmop_source_fail_id(vmo.src, id, -EIO));
	expect_end(&a, -EIO);
	expect_end(&b, -EIO);
	CHECK(!sim_is_runnable(c.thread));
	CHECK(vmop_source_fail_id(vmo.src, other, -EBADMSG));
	expect_end(&c, -EBADMSG);
	CHECK(vmop_source_fail_id(vmo.src, DIRTY_REQ(10, 2), -ENOSPC));
	expect_end(&d, -ENOSPC);
	CHECK(!vmop_source_fail_id(vmo.src, 0, -EIO));
	end();
}

static void source_with_deadline(u32 ms, u32 action)
{
	struct vmop_source_params params = {
		.key = 3, .pager_id = 7, .deadline_ms = ms,
		.deadline_action = action,
	};
	struct vmop_source *src = vmop_source_create(port, &params);

	CHECK(!IS_ERR(src));
	vmop_source_put(vmo.src);
	vmo.src = src;
}

/* THR-5: who waits too long fails, and leaves the request to the others. */
void case_deadline_fail(void)
{
	struct vmop_source_info info;
	struct access a, b;

	begin();
	source_with_deadline(250, VMOP_DEADLINE_FAIL);
	start_read(&a, &vmo, 0, 2);
	start_read(&b, &vmo, 1, 2);
	CHECK_EQ(sim_timeout(a.thread), 250);
	sim_nr_logged = 0;
	CHECK(sim_expire(a.thread));
	expect_end(&a, -ETIMEDOUT);
	CHECK_EQ(sim_nr_logged, 1);
	CHECK(strstr(sim_last_log, "waiter[") && strstr(sim_last_log, "key 0x3 "));
	READ(0, 2);
	CHECK(sim_expire(b.thread));
	expect_end(&b, -ETIMEDOUT);
	expect_nothing(file);
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.deadline_misses, 2);
	CHECK_EQ(info.failed_requests, 1);
	CHECK_EQ(info.last_error, ETIMEDOUT);

	/* An answer that comes with the deadline counts. */
	start_read(&a, &vmo, 0, 1);
	CHECK(sim_expire(a.thread));
	supply(&vmo, 0, 1);
	expect_end(&a, 0);
	end();
}

void case_deadline_warn(void)
{
	struct vmop_source_info info;
	struct access a;
	int i;

	begin();
	source_with_deadline(100, VMOP_DEADLINE_WARN);
	start_read(&a, &vmo, 0, 1);
	sim_nr_logged = 0;
	for (i = 0; i < 3; i++) {
		CHECK(sim_expire(a.thread));
		expect_waiting(&a);
	}
	CHECK_EQ(sim_nr_logged, 3);
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.deadline_misses, 3);
	CHECK_EQ(info.failed_requests, 0);
	CHECK_EQ(info.last_error, 0);
	READ(0, 1);
	supply(&vmo, 0, 1);
	expect_end(&a, 0);

	start_read(&a, &vmo, 1, 2);
	CHECK(sim_expire(a.thread));
	expect_waiting(&a);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, -ERESTARTSYS);
	end();
}

void case_cancel_without_wait(void)
{
	struct vmop_waiter *w = malloc(sizeof(*w)), *x = malloc(sizeof(*x));

	begin();
	CHECK_EQ(vmop_source_request(vmo.src, VMOP_REQ_READ, 0, 4, w), 0);
	CHECK_EQ(vmop_source_request(vmo.src, VMOP_REQ_READ, 2, 9, x), 0);
	vmop_waiter_cancel(w);
	free(w);
	READ(0, 4);
	vmop_waiter_cancel(x);
	expect_nothing(file);
	CHECK_EQ(vmop_source_request(vmo.src, VMOP_REQ_READ, 2, 9, x), 0);
	READ(2, 7);
	vmop_source_resolve(vmo.src, VMOP_REQ_READ, 2, 9);
	vmop_waiter_cancel(x);
	free(x);
	end();
}

/* Joining needs no memory; a failed allocation leaves nothing behind. */
void case_out_of_memory(void)
{
	struct vmop_source_params params = { .key = 9 };
	struct file *unused;
	struct access a, b;

	begin();
	sim_alloc_fails_in = 1;
	start_read(&a, &vmo, 0, 4);
	expect_end(&a, -ENOMEM);
	expect_nothing(file);
	start_read(&a, &vmo, 0, 4);
	sim_alloc_fails_in = 1;
	start_read(&b, &vmo, 2, 3);
	CHECK_EQ(sim_alloc_fails_in, 1);
	CHECK_EQ(PTR_ERR(vmop_source_create(port, &params)), -ENOMEM);
	sim_alloc_fails_in = 1;
	CHECK_EQ(PTR_ERR(vmop_port_create(7, 0, &unused)), -ENOMEM);
	sim_alloc_fails_in = 2;
	CHECK_EQ(PTR_ERR(vmop_port_create(7, 0, &unused)), -ENOMEM);
	supply(&vmo, 0, 4);
	expect_end(&a, 0);
	expect_end(&b, 0);
	end();
}

void case_counters(void)
{
	struct vmop_source_info info;
	struct access a, b, c;

	begin();
	supply(&vmo, 20, 30);
	start_read(&a, &vmo, 0, 4);
	start_read(&b, &vmo, 8, 9);
	start_write(&c, &vmo, 20, 30);
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.state, VMOP_VMO_STATE_LIVE);
	CHECK_EQ(info.requests, 2);
	CHECK_EQ(info.requested_pages, 5);
	CHECK_EQ(info.num_waiters, 3);
	CHECK_EQ(info.failed_requests, 0);
	op_fail(&vmo, 0, 64, -EBADMSG);
	expect_end(&a, -EBADMSG);
	expect_end(&b, -EBADMSG);
	expect_end(&c, -EBADMSG);
	start_read(&a, &vmo, 0, 2);
	op_fail(&vmo, 1, 2, -EIO);
	supply(&vmo, 0, 1);
	expect_waiting(&a);
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.requests, 4);
	CHECK_EQ(info.requested_pages, 8);
	CHECK_EQ(info.failed_requests, 3);
	CHECK_EQ(info.last_error, EBADMSG);
	CHECK_EQ(info.num_waiters, 1);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_end(&a, -ERESTARTSYS);
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.num_waiters, 0);
	CHECK_EQ(info.failed_requests, 3);
	end();
}
