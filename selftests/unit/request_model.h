/* SPDX-License-Identifier: GPL-2.0 */
/*
 * request_model.h - the model of requests and ports for the random test.
 *
 * Plain arrays, and functions that look through all of them: requests, waiting
 * threads, sources, and the line of sources that have a record. Each function
 * says what the code must do by doing it to the model.
 */
#ifndef REQUEST_MODEL_H
#define REQUEST_MODEL_H

#include "harness.h"

#define NR_SOURCES 4
#define NR_THREADS 24
#define NR_PLACES 24		/* pages; few, so that ranges meet */

struct m_req {
	bool used;
	int src;
	int type;
	unsigned int start, end;
	unsigned int pending;	/* not of WRITEBACK */
	u64 todo;		/* WRITEBACK: the pages that must become clean */
	bool vague;		/* WRITEBACK: some of the range were failed */
	bool unread;		/* of a detached source none is */
	bool failed;
	unsigned long seq;
	u64 id;			/* 0 until it was read */
};

struct m_thread {
	struct sim_thread *thread;
	/* What it was told to do, and what came out. */
	struct vmop_source *src;
	int type;
	unsigned int start, end, task_state;
	u64 pages;		/* WRITEBACK: which of them must become clean */
	unsigned long *todo;	/* the same, for the call to take */
	unsigned int nr_pages;	/* ROOM: how many */
	int ret;
	/* What the model expects. */
	int req;		/* waits for it; -1: must have returned */
	int status;
	unsigned long seq;
	unsigned int nr_wakeups;
};

struct m_source {
	struct vmop_source *real;
	bool vmo;		/* the VMO exists */
	bool writeback;		/* its port takes WRITEBACK records */
	u64 key;
	int state;
	bool pager_gone;	/* whatever the state is */
	int complete;		/* enum vmop_complete_state */
	u32 deadline_ms;
	u32 action;
	struct vmop_source_info info;
};

extern struct m_req m_reqs[NR_THREADS];
extern struct m_thread m_threads[NR_THREADS];
extern struct m_source m_sources[NR_SOURCES];
extern int m_line[NR_SOURCES];	/* sources with a record, next one first */
extern int m_line_len;
extern bool m_port_open;	/* neither port nor pager is closed */

void m_reset(void);
struct m_req *m_oldest_unread(int s);
struct m_req *m_next_req(int s, int type, unsigned int from);
void m_turn_over(int s);
void m_finish_req(struct m_req *r, int err);
void m_finish_all(int s, int err);
void m_leave_req(struct m_thread *t, int why);
void m_request(struct m_thread *t, int s, bool no_memory);
u64 m_answer(int s, int type, unsigned int start, unsigned int end, int err);
void m_answer_id(struct m_req *r);
void m_complete(int s);
void m_silence(int s, int state, int err);

#endif /* REQUEST_MODEL_H */
