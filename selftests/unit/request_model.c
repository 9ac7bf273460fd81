// SPDX-License-Identifier: GPL-2.0
/*
 * request_model.c - what requests and ports must do; see request_model.h.
 */
#include "request_model.h"

struct m_req m_reqs[NR_THREADS];
struct m_thread m_threads[NR_THREADS];
struct m_source m_sources[NR_SOURCES];
int m_line[NR_SOURCES];
int m_line_len;
bool m_port_open;

static unsigned long seq;

/* A new port without sources; no thread is left. */
void m_reset(void)
{
	memset(m_reqs, 0, sizeof(m_reqs));
	memset(m_sources, 0, sizeof(m_sources));
	m_line_len = 0;
	m_port_open = true;
}

/* The line of sources with a record. */

struct m_req *m_oldest_unread(int s)
{
	struct m_req *found = NULL, *r;

	for (r = m_reqs; r < m_reqs + NR_THREADS; r++) {
		if (r->used && r->unread && r->src == s &&
		    (!found || r->seq < found->seq))
			found = r;
	}
	return found;
}

static bool has_record(int s)
{
	return m_oldest_unread(s) ||
	       m_sources[s].complete == VMOP_COMPLETE_QUEUED;
}

static void leave_line(int s)
{
	int i, kept = 0;

	for (i = 0; i < m_line_len; i++) {
		if (m_line[i] != s)
			m_line[kept++] = m_line[i];
	}
	m_line_len = kept;
}

/* Sources come into the line at its end, and go when nothing is left. */
static void update_line(int s)
{
	int i;

	if (!has_record(s)) {
		leave_line(s);
		return;
	}
	for (i = 0; i < m_line_len; i++) {
		if (m_line[i] == s)
			return;
	}
	m_line[m_line_len++] = s;
}

/* A record of this source was read: the next one's turn. */
void m_turn_over(int s)
{
	leave_line(s);
	update_line(s);
}

/* Ends of requests. */

static void count_failure(struct m_req *r, int err)
{
	struct vmop_source_info *info = &m_sources[r->src].info;

	info->last_error = -err;
	info->failed_requests += !r->failed;
	r->failed = true;
}

static struct m_thread *first_waiter(int req, unsigned long after)
{
	struct m_thread *found = NULL, *t;

	for (t = m_threads; t < m_threads + NR_THREADS; t++) {
		if (t->thread && t->req == req && t->seq > after &&
		    (!found || t->seq < found->seq))
			found = t;
	}
	return found;
}

static void drop_req(struct m_req *r)
{
	r->used = false;
	update_line(r->src);
}

void m_finish_req(struct m_req *r, int err)
{
	struct m_thread *t;

	while ((t = first_waiter(r - m_reqs, 0))) {
		t->req = -1;
		t->nr_wakeups++;
		if (err < 0 || !t->status)
			t->status = err;
		if (t->status < 0)
			count_failure(r, t->status);
	}
	drop_req(r);
}

/* The pager says that what a WRITEBACK record is about is written. */
void m_answer_id(struct m_req *r)
{
	m_finish_req(r, VMOP_WAIT_ANSWERED);
}

void m_leave_req(struct m_thread *t, int why)
{
	struct m_req *r = &m_reqs[t->req];

	t->req = -1;
	t->status = why;
	if (why == -ETIMEDOUT)
		count_failure(r, why);
	if (!first_waiter(r - m_reqs, 0))
		drop_req(r);
}

static bool is_before(const struct m_req *a, const struct m_req *b)
{
	return a->start < b->start || (a->start == b->start && a->seq < b->seq);
}

/*
 * The outstanding request of this kind that starts first at or behind @from; the
 * older one of two that start there.
 */
struct m_req *m_next_req(int s, int type, unsigned int from)
{
	struct m_req *found = NULL, *r;

	for (r = m_reqs; r < m_reqs + NR_THREADS; r++) {
		if (r->used && r->src == s && r->type == type &&
		    r->start >= from && (!found || is_before(r, found)))
			found = r;
	}
	return found;
}

/* The next one of its kind, in the same order. */
static struct m_req *req_after(const struct m_req *prev)
{
	struct m_req *found = NULL, *r;

	for (r = m_reqs; r < m_reqs + NR_THREADS; r++) {
		if (r->used && r->src == prev->src && r->type == prev->type &&
		    is_before(prev, r) && (!found || is_before(r, found)))
			found = r;
	}
	return found;
}

void m_finish_all(int s, int err)
{
	struct m_req *r;
	int type;

	for (type = 0; type < VMOP_REQ_NR_TYPES; type++) {
		while ((r = m_next_req(s, type, 0)))
			m_finish_req(r, err);
	}
}

/* What the calls do. */

static int free_req(void)
{
	int i;

	for (i = 0; m_reqs[i].used; i++)
		;
	return i;
}

static bool is_writeback(int type)
{
	return type == VMOP_REQ_WRITEBACK || type == VMOP_REQ_ROOM;
}

/* Would this outstanding request do for the thread? */
static bool serves(const struct m_req *r, const struct m_thread *t)
{
	switch (t->type) {
	case VMOP_REQ_ROOM:
		return true;
	case VMOP_REQ_WRITEBACK:
		return r->unread && r->start <= t->start && t->end <= r->end;
	default:
		return r->start <= t->start && t->start < r->end;
	}
}

/* The first one that would. */
static struct m_req *find_to_join(const struct m_thread *t, int s)
{
	struct m_req *found = NULL, *r;

	for (r = m_reqs; r < m_reqs + NR_THREADS; r++) {
		if (r->used && r->src == s && r->type == t->type &&
		    serves(r, t) && (!found || is_before(r, found)))
			found = r;
	}
	return found;
}

static int may_request(const struct m_source *m, int type)
{
	bool detached = m->state == VMOP_VMO_STATE_DETACHED && !m->pager_gone;

	if (m->state != VMOP_VMO_STATE_LIVE &&
	    !(is_writeback(type) && detached))
		return -ENOTCONN;
	return is_writeback(type) && !m->writeback ? -EOPNOTSUPP : 0;
}

static void new_req(struct m_thread *t, int s)
{
	struct m_source *m = &m_sources[s];
	struct m_req *next = m_next_req(s, t->type, t->start);
	struct m_req *r;

	t->req = free_req();
	r = &m_reqs[t->req];
	*r = (struct m_req) {
		.used = true, .src = s, .type = t->type, .start = t->start,
		.end = next && !is_writeback(t->type) ?
		       min(t->end, next->start) : t->end,
		.unread = m->state == VMOP_VMO_STATE_LIVE, .seq = ++seq,
	};
	if (r->type == VMOP_REQ_WRITEBACK)
		r->todo = t->pages;
	else if (r->type == VMOP_REQ_ROOM)
		r->pending = t->nr_pages;
	else
		r->pending = r->end - r->start;
	if (r->type == VMOP_REQ_READ) {
		m->info.requests++;
		m->info.requested_pages += r->pending;
	} else if (r->type == VMOP_REQ_DIRTY) {
		m->info.dirty_requests++;
	} else {
		m->info.writeback_requests++;
	}
	update_line(s);
}

/* What a request call does: a wait in t->req, or the result in t->status. */
void m_request(struct m_thread *t, int s, bool no_memory)
{
	struct m_req *r;

	t->req = -1;
	t->seq = ++seq;
	t->status = may_request(&m_sources[s], t->type);
	if (t->status)
		return;
	r = find_to_join(t, s);
	if (r) {
		t->req = r - m_reqs;
		r->todo |= t->pages;
	} else if (no_memory) {
		t->status = -ENOMEM;
	} else {
		new_req(t, s);
	}
}

/*
 * Pages of a request are answered; says whether that was all. Of a WRITEBACK
 * request those count that are waited for, and once; of the others each does.
 */
static bool answer_pages(struct m_req *r, unsigned int lo, unsigned int hi)
{
	if (r->type == VMOP_REQ_WRITEBACK) {
		r->todo &= ~page_set(lo, hi);
		return !r->todo;
	}
	r->pending -= min(r->pending, hi - lo);
	return !r->pending;
}

/* With what a request ends that the pager answered page by page. */
static int answered_status(const struct m_req *r)
{
	return r->type == VMOP_REQ_WRITEBACK && !r->vague ? VMOP_WAIT_ANSWERED :
							    0;
}

u64 m_answer(int s, int type, unsigned int start, unsigned int end, int err)
{
	struct m_req *r;
	u64 nr = 0;

	for (r = m_next_req(s, type, 0); r; r = req_after(r)) {
		unsigned int lo = max(start, r->start), hi = min(end, r->end);
		struct m_thread *t = NULL;
		bool all;

		if (lo >= hi)
			continue;
		nr += hi - lo;
		all = answer_pages(r, lo, hi);
		r->vague |= err != 0;
		while (err && (t = first_waiter(r - m_reqs, t ? t->seq : 0))) {
			if (t->start >= start && t->start < end)
				t->status = err;
		}
		if (all || (err && r->start >= start))
			m_finish_req(r, answered_status(r));
	}
	return nr;
}

void m_complete(int s)
{
	struct m_source *m = &m_sources[s];

	if (m->complete == VMOP_COMPLETE_NONE)
		m->complete = m_port_open ? VMOP_COMPLETE_QUEUED :
					    VMOP_COMPLETE_TAKEN;
	update_line(s);
}

void m_silence(int s, int state, int err)
{
	struct m_source *m = &m_sources[s];

	if (m->state == VMOP_VMO_STATE_LIVE ||
	    (m->state == VMOP_VMO_STATE_PORT_GONE &&
	     state == VMOP_VMO_STATE_PAGER_GONE))
		m->state = state;
	m->pager_gone |= state == VMOP_VMO_STATE_PAGER_GONE;
	m_finish_all(s, err);
	m->complete = VMOP_COMPLETE_TAKEN;
	update_line(s);
}
