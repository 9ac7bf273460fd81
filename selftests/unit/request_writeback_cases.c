// SPDX-License-Identifier: GPL-2.0
/*
 * request_writeback_cases.c - requests to write dirty content back: those that
 * wait for content to be clean (CLEAN below), and those that wait for room.
 */
#include <stdlib.h>

#include "harness.h"
#include "request_test.h"

#define WRITEBACK(page, nr) \
	expect_record(file, VMOP_RECORD_WRITEBACK, page, nr)
#define KEY 0xd1ULL
#define ALL (~0ULL)
#define PAGE(n) (1ULL << (n))

static struct vmop_port *port;
static struct file *file;
static struct vmo vmo;

static void begin(void)
{
	file = port_open_flags(&port, VMOP_PORT_WRITEBACK);
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

/* All of the range is dirty. */
static void start_clean(struct wb_wait *w, unsigned int first,
			unsigned int last_end)
{
	start_wb_clean(w, &vmo, first, last_end, ALL);
}

/* These pages of it are. */
static void start_clean_of(struct wb_wait *w, unsigned int first,
			   unsigned int last_end, u64 pages)
{
	start_wb_clean(w, &vmo, first, last_end, pages);
}

static void start_room(struct wb_wait *w, unsigned int first,
		       unsigned int last_end, unsigned int nr)
{
	start_wb_room(w, &vmo, first, last_end, nr);
}

static void cleaned(unsigned int first, unsigned int last_end)
{
	vmop_source_cleaned(vmo.src, first, last_end);
	walk_port(port);
}

/* Bitmaps that live, beside the port and the source. */
static void expect_maps(long nr)
{
	CHECK_EQ(sim_nr_live("kzalloc"), 2 + nr);
}

static struct vmop_source_info info(void)
{
	struct vmop_source_info now;

	vmop_source_info(vmo.src, &now);
	return now;
}

/* Every relation of a new range to one that a reader has: none is cut. */
void case_writeback_overlap(void)
{
	static const struct {
		unsigned int start, end;
	} rows[] = {
		{ 0, 7 }, { 0, 8 }, { 0, 9 }, { 0, 16 }, { 0, 17 }, { 8, 9 },
		{ 8, 16 }, { 8, 17 }, { 12, 13 }, { 15, 16 }, { 15, 17 },
		{ 16, 17 }, { 20, 24 },
	};
	struct wb_wait a, b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned int nr = rows[i].end - rows[i].start;

		begin();
		start_clean(&a, 8, 16);
		WRITEBACK(8, 8);
		start_clean(&b, rows[i].start, rows[i].end);
		WRITEBACK(rows[i].start, nr);
		expect_nothing(file);
		CHECK_EQ(info().writeback_requests, 2);
		CHECK_EQ(info().requests, 0);
		CHECK_EQ(info().dirty_requests, 0);
		cleaned(0, 32);
		expect_wb_end(&a, VMOP_WAIT_ANSWERED);
		expect_wb_end(&b, VMOP_WAIT_ANSWERED);
		end();
	}
}

/* An unread request serves whoever wants no more than its range. */
void case_writeback_joins_unread(void)
{
	struct wb_wait a, b, c, d;

	begin();
	start_clean_of(&a, 8, 16, PAGE(8) | PAGE(9));
	start_clean_of(&b, 8, 16, PAGE(9) | PAGE(15));
	start_clean_of(&c, 10, 12, PAGE(11));
	CHECK_EQ(info().writeback_requests, 1);
	CHECK_EQ(info().num_waiters, 3);
	/* One page more is another request, and so is one before. */
	start_clean_of(&d, 10, 17, PAGE(16));
	WRITEBACK(8, 8);
	WRITEBACK(10, 7);
	expect_nothing(file);
	CHECK_EQ(info().writeback_requests, 2);
	cleaned(16, 17);
	expect_wb_end(&d, VMOP_WAIT_ANSWERED);
	/* It is about what any of them wants, and each page is one. */
	cleaned(8, 10);
	expect_wb_waiting(&a);
	cleaned(12, 16);
	expect_wb_waiting(&b);
	cleaned(10, 11);
	expect_wb_waiting(&c);
	cleaned(11, 12);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	expect_wb_end(&c, VMOP_WAIT_ANSWERED);
	end();
}

/* Who has read the record may have begun to write: that is too late to join. */
void case_writeback_does_not_join_read(void)
{
	struct wb_wait a, b, c;
	u64 id;

	begin();
	start_clean(&a, 0, 8);
	id = WRITEBACK(0, 8);
	start_clean(&b, 2, 4);
	start_clean_of(&c, 2, 4, PAGE(3));
	CHECK_EQ(WRITEBACK(2, 2), id + 1);
	expect_nothing(file);
	CHECK_EQ(vmop_source_answer_id(vmo.src, id), 0);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_waiting(&b);
	expect_wb_waiting(&c);
	cleaned(3, 4);
	expect_wb_waiting(&b);
	cleaned(2, 3);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	expect_wb_end(&c, VMOP_WAIT_ANSWERED);
	end();
}

/* Any request for room serves all that want some, read or not, wherever. */
void case_room_joins_any(void)
{
	struct wb_wait a, b, c;

	begin();
	start_room(&a, 8, 16, 2);
	start_room(&b, 0, 4, 4);
	WRITEBACK(8, 8);
	start_room(&c, 20, 30, 1);
	expect_nothing(file);
	CHECK_EQ(info().writeback_requests, 1);
	cleaned(0, 4);
	expect_wb_waiting(&a);
	cleaned(20, 21);
	expect_wb_waiting(&c);
	cleaned(15, 18);
	expect_wb_waiting(&a);
	cleaned(8, 9);
	expect_wb_end(&a, 0);
	expect_wb_end(&b, 0);
	expect_wb_end(&c, 0);
	end();
}

/* The two kinds, and READ and DIRTY, do not see each other. */
void case_writeback_kinds_are_separate(void)
{
	struct wb_wait clean, room;
	struct access reader, writer;

	begin();
	supply(&vmo, 4, 8);
	start_clean(&clean, 0, 8);
	start_room(&room, 0, 8, 2);
	start_read(&reader, &vmo, 0, 4);
	start_write(&writer, &vmo, 4, 8);
	WRITEBACK(0, 8);
	WRITEBACK(0, 8);
	expect_record(file, VMOP_RECORD_READ, 0, 4);
	expect_record(file, VMOP_RECORD_DIRTY, 4, 4);
	CHECK_EQ(info().writeback_requests, 2);
	cleaned(0, 3);
	expect_wb_end(&room, 0);
	expect_wb_waiting(&clean);
	expect_waiting(&reader);
	expect_waiting(&writer);
	supply(&vmo, 0, 4);
	expect_end(&reader, 0);
	CHECK_EQ(op_dirty(&vmo, 4, 8), 0);
	expect_end(&writer, 0);
	expect_wb_waiting(&clean);
	cleaned(3, 8);
	expect_wb_end(&clean, VMOP_WAIT_ANSWERED);
	end();
}

/* Room is a number, so a page counts each time that it becomes clean. */
void case_room_counts_each_time(void)
{
	struct wb_wait w;

	begin();
	start_room(&w, 4, 12, 3);
	WRITEBACK(4, 8);
	cleaned(0, 4);
	cleaned(12, 20);
	cleaned(4, 5);
	cleaned(4, 5);
	expect_wb_waiting(&w);
	cleaned(4, 5);
	expect_wb_end(&w, 0);
	start_room(&w, 4, 12, 3);
	cleaned(0, 64);
	expect_wb_end(&w, 0);
	expect_nothing(file);
	end();
}

void case_writeback_answered_by_id(void)
{
	struct wb_wait a, b, room;
	u64 id;

	begin();
	start_clean(&a, 0, 8);
	start_clean(&b, 2, 4);
	start_room(&room, 0, 8, 4);
	id = WRITEBACK(0, 8);
	CHECK_EQ(vmop_source_answer_id(vmo.src, id), 0);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	expect_wb_waiting(&room);
	/* Late, and of nobody. */
	CHECK_EQ(vmop_source_answer_id(vmo.src, id), 0);
	CHECK_EQ(vmop_source_answer_id(vmo.src, 0), 0);
	CHECK_EQ(vmop_source_answer_id(vmo.src, ~0ULL), 0);
	id = WRITEBACK(0, 8);
	CHECK_EQ(vmop_source_answer_id(vmo.src, id), 0);
	expect_wb_end(&room, VMOP_WAIT_ANSWERED);
	CHECK_EQ(info().failed_requests, 0);
	CHECK_EQ(info().last_error, 0);
	end();
}

/* Content and leave are not given by a word. */
void case_answer_id_of_other_kinds(void)
{
	struct access reader, writer;
	u64 read_id, dirty_id;

	begin();
	supply(&vmo, 4, 8);
	start_read(&reader, &vmo, 0, 4);
	start_write(&writer, &vmo, 4, 8);
	read_id = expect_record(file, VMOP_RECORD_READ, 0, 4);
	dirty_id = expect_record(file, VMOP_RECORD_DIRTY, 4, 4);
	CHECK_EQ(vmop_source_answer_id(vmo.src, read_id), -EINVAL);
	CHECK_EQ(vmop_source_answer_id(vmo.src, dirty_id), -EINVAL);
	expect_waiting(&reader);
	expect_waiting(&writer);
	CHECK_EQ(vmop_source_fail_id(vmo.src, read_id, -EIO), true);
	CHECK_EQ(vmop_source_fail_id(vmo.src, dirty_id, -ENOSPC), true);
	expect_end(&reader, -EIO);
	expect_end(&writer, -ENOSPC);
	CHECK_EQ(vmop_source_answer_id(vmo.src, read_id), 0);
	end();
}

/* Both kinds fail with VMOP_FAIL_WRITEBACK, by range and by id. */
void case_writeback_fail(void)
{
	struct wb_wait clean, room;
	struct access reader;
	u64 id;

	begin();
	start_clean(&clean, 4, 12);
	start_room(&room, 6, 12, 2);
	start_read(&reader, &vmo, 4, 8);
	CHECK_EQ(vmop_source_fail(vmo.src, VMOP_FAIL_DIRTY, 0, 64, -EIO), 0);
	CHECK_EQ(vmop_source_fail(vmo.src, VMOP_FAIL_READ, 0, 64, -EIO), 4);
	expect_end(&reader, -EIO);
	expect_wb_waiting(&clean);
	expect_wb_waiting(&room);
	/* The start of the one is in the range, of the other it is an answer. */
	CHECK_EQ(vmop_source_fail(vmo.src, VMOP_FAIL_WRITEBACK, 5, 7, -ENOSPC),
		 2 + 1);
	expect_wb_end(&room, -ENOSPC);
	expect_wb_waiting(&clean);
	cleaned(7, 12);
	expect_wb_waiting(&clean);
	cleaned(4, 5);
	/* Pages 5 and 6 are as dirty as before: look again. */
	expect_wb_end(&clean, 0);
	CHECK_EQ(info().failed_requests, 2);
	CHECK_EQ(info().last_error, ENOSPC);

	start_clean(&clean, 0, 4);
	id = WRITEBACK(0, 4);
	CHECK_EQ(vmop_source_fail_id(vmo.src, id, -EBADMSG), true);
	expect_wb_end(&clean, -EBADMSG);
	CHECK_EQ(vmop_source_fail_id(vmo.src, id, -EBADMSG), false);
	end();
}

/* DET-5: who waits looks again, and then waits for what nobody is told. */
void case_writeback_detached(void)
{
	struct wb_wait a, b, c, room;

	begin();
	start_clean(&a, 0, 8);
	start_room(&room, 0, 8, 2);
	WRITEBACK(0, 8);
	vmop_source_detach(vmo.src);
	expect_wb_end(&a, 0);
	expect_wb_end(&room, 0);
	expect_complete(file, KEY);
	start_clean(&a, 0, 8);
	start_clean_of(&b, 0, 8, page_set(0, 4));
	start_room(&room, 0, 8, 2);
	start_room(&c, 0, 8, 7);
	expect_nothing(file);
	/* Not told is as good as read: nothing is joined but room. */
	CHECK_EQ(info().writeback_requests, 2 + 3);
	CHECK_EQ(info().num_waiters, 4);
	walk_port(port);
	cleaned(0, 2);
	expect_wb_end(&room, 0);
	expect_wb_end(&c, 0);
	cleaned(2, 4);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	expect_wb_waiting(&a);
	cleaned(4, 8);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_nothing(file);
	end();
}

/* Waiters that nobody will ever answer are let go, and none comes after. */
void case_writeback_pager_or_port_gone(void)
{
	struct wb_wait clean, room;

	begin();
	start_clean(&clean, 0, 8);
	start_room(&room, 0, 8, 8);
	WRITEBACK(0, 8);
	vmop_source_pager_closed(vmo.src);
	expect_wb_end(&clean, 0);
	expect_wb_end(&room, 0);
	start_clean(&clean, 0, 8);
	expect_wb_end(&clean, -ENOTCONN);
	start_room(&room, 0, 8, 8);
	expect_wb_end(&room, -ENOTCONN);
	expect_nothing(file);
	end();

	begin();
	start_clean(&clean, 0, 8);
	start_room(&room, 0, 8, 8);
	WRITEBACK(0, 8);
	port_close(file);
	expect_wb_end(&clean, -ENOTCONN);
	expect_wb_end(&room, -ENOTCONN);
	start_clean(&clean, 0, 8);
	expect_wb_end(&clean, -ENOTCONN);
	start_room(&room, 0, 8, 8);
	expect_wb_end(&room, -ENOTCONN);
	vmo_drop(&vmo);
	vmop_port_put(port);
	expect_no_leaks();
}

/* A detached VMO's pager can still write back, but not when it is closed. */
void case_writeback_detached_then_pager_gone(void)
{
	struct wb_wait clean, room;

	begin();
	vmop_source_detach(vmo.src);
	start_clean(&clean, 0, 8);
	start_room(&room, 0, 8, 8);
	vmop_source_pager_closed(vmo.src);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_DETACHED);
	expect_wb_end(&clean, 0);
	expect_wb_end(&room, 0);
	start_clean(&clean, 0, 8);
	expect_wb_end(&clean, -ENOTCONN);
	start_room(&room, 0, 8, 8);
	expect_wb_end(&room, -ENOTCONN);
	end();

	/* A closed port alone keeps nobody from writing back. */
	begin();
	vmop_source_detach(vmo.src);
	port_close(file);
	start_clean(&clean, 0, 8);
	expect_wb_waiting(&clean);
	cleaned(0, 8);
	expect_wb_end(&clean, VMOP_WAIT_ANSWERED);
	vmo_drop(&vmo);
	vmop_port_put(port);
	expect_no_leaks();
}

/* The port is being closed and has not come to this source yet. */
void case_writeback_at_closing_port(void)
{
	struct wb_wait clean;

	begin();
	vmop_port_pager_closed(port);
	start_clean(&clean, 0, 8);
	expect_wb_end(&clean, -ENOTCONN);
	CHECK_EQ(info().writeback_requests, 0);
	CHECK_EQ(info().num_waiters, 0);
	expect_maps(0);
	end();
}

void case_writeback_not_taken(void)
{
	struct wb_wait clean, room;

	file = port_open(&port);
	vmo_init(&vmo, port, KEY);
	CHECK(!vmop_port_takes_writeback(port));
	start_clean(&clean, 0, 8);
	expect_wb_end(&clean, -EOPNOTSUPP);
	start_room(&room, 0, 8, 8);
	expect_wb_end(&room, -EOPNOTSUPP);
	expect_nothing(file);
	CHECK_EQ(info().writeback_requests, 0);
	/* Detached it is no better; gone is gone. */
	vmop_source_detach(vmo.src);
	start_clean(&clean, 0, 8);
	expect_wb_end(&clean, -EOPNOTSUPP);
	expect_maps(0);
	end();

	file = port_open(&port);
	vmo_init(&vmo, port, KEY);
	vmop_source_pager_closed(vmo.src);
	start_clean(&clean, 0, 8);
	expect_wb_end(&clean, -ENOTCONN);
	expect_maps(0);
	end();
}

/* Joining needs no memory. */
void case_writeback_out_of_memory(void)
{
	struct wb_wait a, b, room, room2;

	begin();
	sim_alloc_fails_in = 1;
	start_clean(&a, 0, 8);
	expect_wb_end(&a, -ENOMEM);
	sim_alloc_fails_in = 1;
	start_room(&room, 0, 8, 8);
	expect_wb_end(&room, -ENOMEM);
	expect_nothing(file);
	CHECK_EQ(info().writeback_requests, 0);
	expect_maps(0);
	start_clean(&a, 0, 8);
	start_room(&room, 0, 8, 8);
	sim_alloc_fails_in = 1;
	start_clean(&b, 0, 8);
	start_room(&room2, 9, 10, 1);
	CHECK_EQ(sim_alloc_fails_in, 1);
	sim_alloc_fails_in = 0;
	expect_maps(1);
	cleaned(0, 8);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	expect_maps(0);
	expect_wb_end(&room, 0);
	expect_wb_end(&room2, 0);
	end();
}

/* Who leaves takes nothing from the others; the last takes the request. */
void case_writeback_cancel(void)
{
	struct wb_wait a, b;

	begin();
	start_clean(&a, 0, 8);
	start_clean(&b, 2, 8);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_wb_end(&a, -ERESTARTSYS);
	expect_wb_waiting(&b);
	WRITEBACK(0, 8);
	cleaned(2, 8);
	/* Who left wanted the rest, and the record says so. */
	expect_wb_waiting(&b);
	cleaned(0, 2);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);

	start_clean_of(&a, 0, 8, PAGE(0));
	start_clean_of(&b, 2, 8, PAGE(7));
	sim_signal(b.thread, SIM_SIG_FATAL);
	expect_wb_end(&b, -ERESTARTSYS);
	cleaned(0, 1);
	expect_wb_waiting(&a);
	cleaned(7, 8);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);

	start_clean(&a, 0, 8);
	start_room(&b, 0, 8, 8);
	sim_signal(a.thread, SIM_SIG_FATAL);
	expect_wb_end(&a, -ERESTARTSYS);
	sim_signal(b.thread, SIM_SIG_FATAL);
	expect_wb_end(&b, -ERESTARTSYS);
	expect_nothing(file);
	CHECK_EQ(sim_nr_live("vmop_req"), 0);
	expect_maps(0);
	end();
}

/* An answer before the record was read: there is nothing to read. */
void case_writeback_withdrawn(void)
{
	struct wb_wait a, b, c;

	begin();
	start_clean_of(&a, 0, 8, PAGE(6) | PAGE(7));
	start_room(&b, 0, 8, 2);
	start_clean_of(&c, 20, 24, PAGE(20));
	cleaned(6, 8);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, 0);
	WRITEBACK(20, 4);
	expect_nothing(file);
	cleaned(20, 21);
	expect_wb_end(&c, VMOP_WAIT_ANSWERED);
	start_clean_of(&a, 0, 8, PAGE(0) | PAGE(7));
	vmop_source_fail(vmo.src, VMOP_FAIL_WRITEBACK, 0, 1, -EIO);
	expect_wb_end(&a, -EIO);
	expect_nothing(file);
	end();
}
