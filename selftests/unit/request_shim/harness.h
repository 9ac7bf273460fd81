/* SPDX-License-Identifier: GPL-2.0 */
/*
 * harness.h - what the tests of requests and ports share: a port file to read
 * from, a VMO of 64 pages in a few lines, and threads that use it.
 */
#ifndef REQUEST_SHIM_HARNESS_H
#define REQUEST_SHIM_HARNESS_H

#include "port.h"
#include "request.h"

#define CHECK(cond)							\
do {									\
	if (!(cond))							\
		sim_die("%s:%d: %s", __FILE__, __LINE__, #cond);	\
} while (0)

#define CHECK_EQ(a, b)							\
do {									\
	long long __a = (a), __b = (b);					\
									\
	if (__a != __b)							\
		sim_die("%s:%d: %s is %lld, expected %s = %lld",	\
			__FILE__, __LINE__, #a, __a, #b, __b);		\
} while (0)

/* Port files. */
#define RECORD_SIZE sizeof(struct vmop_port_record)
#define NO_FAULT (~(size_t)0)

struct file *port_open(struct vmop_port **out_port);
struct file *port_open_flags(struct vmop_port **out_port, unsigned int flags);
void port_close(struct file *file);
ssize_t port_read(struct file *file, struct vmop_port_record *records,
		  size_t bytes, size_t good, int ki_flags);
unsigned int port_poll(struct file *file);
unsigned long port_field(struct file *file, const char *name);
u64 expect_record(struct file *file, u32 type, u64 page, u64 nr_pages);
void expect_complete(struct file *file, u64 key);
void expect_nothing(struct file *file);
void expect_no_leaks(void);

/* walk.c: every invariant of a port and its sources that can be recounted. */
void walk_port(struct vmop_port *port);
void walk_source(struct vmop_source *src);

/* A VMO: pages that are absent, clean or dirty; a size. */
#define NR_PAGES 64

/*
 * A set of pages: a bit for each of the first 64. Where a range goes further, the
 * set repeats itself every 64 pages.
 */
u64 page_set(unsigned int start, unsigned int end);
u64 page_set_random(unsigned int start, unsigned int end);
bool page_set_has(u64 pages, unsigned int page);
unsigned long *page_set_bitmap(u64 pages, unsigned int start, unsigned int end);

enum { ABSENT, CLEAN, DIRTY };

struct vmo {
	struct vmop_source *src;
	int page[NR_PAGES];
	unsigned int size;
};

void vmo_init(struct vmo *vmo, struct vmop_port *port, u64 key);
void vmo_drop(struct vmo *vmo);
void vmo_set_size(struct vmo *vmo, unsigned int size);
void supply(struct vmo *vmo, unsigned int start, unsigned int end);
int op_dirty(struct vmo *vmo, unsigned int start, unsigned int end);
u64 op_fail(struct vmo *vmo, unsigned int start, unsigned int end, int err);

/* A thread that wants every page of a range present, or dirty. */
struct access {
	struct sim_thread *thread;
	struct vmo *vmo;
	bool write;
	unsigned int task_state;
	unsigned int pos;	/* how far it has come */
	unsigned int end;
	int ret;
};

/* A thread that waits for dirty content to be written back. */
struct wb_wait {
	struct sim_thread *thread;
	struct vmop_source *src;
	enum vmop_req_type type;	/* WRITEBACK or ROOM */
	unsigned int start, end;
	unsigned long *todo;		/* WRITEBACK; taken by the call */
	unsigned int nr_pages;		/* ROOM */
	int ret;
};

void start_wb_clean(struct wb_wait *w, struct vmo *vmo, unsigned int start,
		    unsigned int end, u64 pages);
void start_wb_room(struct wb_wait *w, struct vmo *vmo, unsigned int start,
		   unsigned int end, unsigned int nr_pages);
void expect_wb_waiting(struct wb_wait *w);
void expect_wb_end(struct wb_wait *w, int ret);

void start_read(struct access *a, struct vmo *vmo, unsigned int start,
		unsigned int end);
void start_write(struct access *a, struct vmo *vmo, unsigned int start,
		 unsigned int end);
void start_interruptible_read(struct access *a, struct vmo *vmo,
			      unsigned int start, unsigned int end);
void expect_waiting(struct access *a);
void expect_end(struct access *a, int ret);

#endif /* REQUEST_SHIM_HARNESS_H */
