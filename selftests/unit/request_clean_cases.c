// SPDX-License-Identifier: GPL-2.0
/*
 * request_clean_cases.c - which pages a wait for clean content is about.
 *
 * Who else such a request serves, and how it ends otherwise, is in
 * request_writeback_cases.c.
 */
#include <stdlib.h>

#include "harness.h"
#include "request_test.h"

#define WRITEBACK(page, nr) \
	expect_record(file, VMOP_RECORD_WRITEBACK, page, nr)
#define KEY 0xd2ULL
#define PAGE(n) (1ULL << (n))
#define ALL (~0ULL)

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
	/* The port's and the source's; no bitmap lives on. */
	CHECK_EQ(sim_nr_live("kzalloc"), 2);
	walk_port(port);
	vmo_drop(&vmo);
	port_close(file);
	vmop_port_put(port);
	expect_no_leaks();
}

static void start_clean_of(struct wb_wait *w, unsigned int first,
			   unsigned int last_end, u64 pages)
{
	start_wb_clean(w, &vmo, first, last_end, pages);
	walk_port(port);
}

static void cleaned(unsigned int first, unsigned int last_end)
{
	vmop_source_cleaned(vmo.src, first, last_end);
	walk_port(port);
}

static struct vmop_source_info info(void)
{
	struct vmop_source_info now;

	vmop_source_info(vmo.src, &now);
	return now;
}

/* A page of the set counts once, whatever is said of it; others count not. */
void case_writeback_counts_once(void)
{
	struct wb_wait w;

	begin();
	start_clean_of(&w, 4, 12, PAGE(4) | PAGE(5) | PAGE(11));
	WRITEBACK(4, 8);
	cleaned(0, 4);
	cleaned(12, 20);
	cleaned(5, 5);
	expect_wb_waiting(&w);
	cleaned(4, 5);
	cleaned(4, 5);
	cleaned(0, 5);
	expect_wb_waiting(&w);
	cleaned(11, 20);
	cleaned(11, 12);
	expect_wb_waiting(&w);
	cleaned(6, 11);
	expect_wb_waiting(&w);
	cleaned(5, 6);
	expect_wb_end(&w, VMOP_WAIT_ANSWERED);
	/* More than is pending is as good. */
	start_clean_of(&w, 4, 12, PAGE(4) | PAGE(5) | PAGE(11));
	cleaned(0, 64);
	expect_wb_end(&w, VMOP_WAIT_ANSWERED);
	expect_nothing(file);
	end();
}

/*
 * What becomes dirty after the call is not waited for: neither what was clean
 * then, nor what was written back since. Each page in turn.
 */
void case_writeback_not_in_the_set(void)
{
	struct wb_wait w;
	unsigned int i, page;

	for (i = 8; i < 16; i++) {
		begin();
		start_clean_of(&w, 8, 16, PAGE(i));
		WRITEBACK(8, 8);
		if (i > 8)
			cleaned(8, i);
		if (i < 15)
			cleaned(i + 1, 16);
		expect_wb_waiting(&w);
		cleaned(i, i + 1);
		expect_wb_end(&w, VMOP_WAIT_ANSWERED);
		end();
	}
	for (i = 8; i < 16; i++) {
		begin();
		start_clean_of(&w, 8, 16, page_set(8, 16) & ~PAGE(i));
		WRITEBACK(8, 8);
		for (page = 8; page < 16; page++) {
			if (page == i)
				continue;
			expect_wb_waiting(&w);
			cleaned(page, page + 1);
		}
		expect_wb_end(&w, VMOP_WAIT_ANSWERED);
		end();
	}
}

/* Who joins adds the pages of his own; what both want is still one page each. */
void case_writeback_joiner_adds(void)
{
	struct wb_wait a, b;

	begin();
	start_clean_of(&a, 8, 24, PAGE(8) | PAGE(20));
	start_clean_of(&b, 19, 22, PAGE(20) | PAGE(21));
	CHECK_EQ(sim_nr_live("kzalloc"), 2 + 1);
	WRITEBACK(8, 16);
	expect_nothing(file);
	cleaned(8, 9);
	cleaned(20, 21);
	expect_wb_waiting(&a);
	expect_wb_waiting(&b);
	/* Where page 21 would be if it were counted from the wrong start. */
	cleaned(9, 20);
	expect_wb_waiting(&a);
	cleaned(21, 22);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	/* Nothing new. */
	start_clean_of(&a, 8, 24, PAGE(8) | PAGE(20));
	start_clean_of(&b, 20, 21, PAGE(20));
	cleaned(20, 21);
	expect_wb_waiting(&b);
	cleaned(8, 9);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	end();
}

/* A page that was cleaned and is dirty again is waited for by who joins then. */
void case_writeback_joiner_adds_again(void)
{
	struct wb_wait a, b;

	begin();
	start_clean_of(&a, 8, 16, PAGE(8) | PAGE(9));
	cleaned(8, 9);
	start_clean_of(&b, 8, 16, PAGE(8));
	WRITEBACK(8, 8);
	cleaned(9, 10);
	expect_wb_waiting(&a);
	expect_wb_waiting(&b);
	cleaned(8, 9);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	end();
}

/* Sets of several words, which the one who joins sees from another start. */
void case_writeback_long_sets(void)
{
	struct wb_wait a, b;

	/* 3, 67, 131, 195; and 70, 130, 134. */
	begin();
	start_clean_of(&a, 3, 200, PAGE(3));
	start_clean_of(&b, 70, 135, PAGE(6) | PAGE(2));
	CHECK_EQ(info().writeback_requests, 1);
	WRITEBACK(3, 197);
	cleaned(3, 67);
	cleaned(68, 70);
	cleaned(71, 130);
	cleaned(132, 134);
	cleaned(135, 195);
	cleaned(196, 200);
	expect_wb_waiting(&a);
	cleaned(195, 196);
	cleaned(131, 132);
	cleaned(67, 68);
	expect_wb_waiting(&a);
	cleaned(70, 71);
	cleaned(134, 135);
	expect_wb_waiting(&b);
	cleaned(130, 131);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	expect_wb_end(&b, VMOP_WAIT_ANSWERED);
	/* All at once. */
	start_clean_of(&a, 1, 193, ALL);
	cleaned(0, 192);
	expect_wb_waiting(&a);
	cleaned(192, 1000);
	expect_wb_end(&a, VMOP_WAIT_ANSWERED);
	end();
}

/* Nothing follows from the end of a request of which a part was failed. */
void case_writeback_partly_failed(void)
{
	/* All of [8, 16) but 12 is dirty; these are failed before it is cleaned. */
	static const struct {
		unsigned int start, end;
		bool vague;
	} rows[] = {
		{ 0, 8, false }, { 16, 20, false }, { 9, 10, true },
		{ 9, 16, true }, { 12, 13, true }, { 15, 16, true },
		{ 15, 64, true },
	};
	struct wb_wait a, b;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		begin();
		start_clean_of(&a, 8, 16, page_set(8, 16) & ~PAGE(12));
		WRITEBACK(8, 8);
		vmop_source_fail(vmo.src, VMOP_FAIL_WRITEBACK, rows[i].start,
				 rows[i].end, -EIO);
		walk_port(port);
		expect_wb_waiting(&a);
		cleaned(9, 16);
		expect_wb_waiting(&a);
		cleaned(8, 9);
		expect_wb_end(&a, rows[i].vague ? 0 : VMOP_WAIT_ANSWERED);
		CHECK_EQ(info().failed_requests, 0);
		/* The next one is told apart. */
		start_clean_of(&a, 8, 16, ALL);
		cleaned(8, 16);
		expect_wb_end(&a, VMOP_WAIT_ANSWERED);
		end();
	}

	/* The failure ends it: of the first its own, for the other no answer. */
	begin();
	start_clean_of(&a, 8, 16, ALL);
	start_clean_of(&b, 12, 16, ALL);
	CHECK_EQ(vmop_source_fail(vmo.src, VMOP_FAIL_WRITEBACK, 0, 10, -EIO), 2);
	expect_wb_end(&a, -EIO);
	expect_wb_end(&b, 0);
	/* The failure is the last that was pending, and of the second alone. */
	start_clean_of(&a, 8, 16, ALL);
	start_clean_of(&b, 12, 16, ALL);
	cleaned(8, 12);
	CHECK_EQ(vmop_source_fail(vmo.src, VMOP_FAIL_WRITEBACK, 12, 16, -EIO),
		 4);
	expect_wb_end(&a, 0);
	expect_wb_end(&b, -EIO);
	CHECK_EQ(info().failed_requests, 2);
	end();
}
