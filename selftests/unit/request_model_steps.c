// SPDX-License-Identifier: GPL-2.0
/*
 * request_model_steps.c - random steps against a model that predicts everything.
 *
 * Each step does one thing to the code and to the model, lets every woken thread
 * run, and then compares: who returned and with what, who sleeps and how often
 * it was woken, which records come out, the counters, and the number of live
 * objects.
 *
 * Several epochs: each has a port of its own, which ends by a close of the port
 * or of the pager.
 */
#include <stdlib.h>

#include "request_model.h"
#include "request_test.h"

static struct vmop_port *port;
static struct file *file;
static bool pager_gone;
static u64 next_key;
static unsigned int nr_late;

/* Comparing. */

static void thread_fn(void *arg)
{
	struct m_thread *t = arg;
	struct vmop_waiter *w = malloc(sizeof(*w));

	if (t->type == VMOP_REQ_WRITEBACK)
		t->ret = vmop_source_request_clean(t->src, t->start, t->end,
						   t->todo, w);
	else if (t->type == VMOP_REQ_ROOM)
		t->ret = vmop_source_request_room(t->src, t->start, t->end,
						  t->nr_pages, w);
	else
		t->ret = vmop_source_request(t->src, t->type, t->start, t->end,
					     w);
	if (!t->ret)
		t->ret = vmop_waiter_wait(w, t->task_state);
	free(w);
}

static void check_threads(void)
{
	struct m_thread *t;

	for (t = m_threads; t < m_threads + NR_THREADS; t++) {
		if (!t->thread)
			continue;
		CHECK_EQ(sim_nr_wakeups(t->thread), t->nr_wakeups);
		sim_run(t->thread);
		CHECK_EQ(sim_has_ended(t->thread), t->req < 0);
		if (t->req >= 0)
			continue;
		CHECK_EQ(t->ret, t->status);
		sim_free_thread(t->thread);
		t->thread = NULL;
	}
}

static void check_source(int s)
{
	struct m_source *m = &m_sources[s];
	struct vmop_source_info info;
	struct m_thread *t;
	u32 num_waiters = 0;

	for (t = m_threads; t < m_threads + NR_THREADS; t++)
		num_waiters += t->thread && t->req >= 0 && m_reqs[t->req].src == s;
	vmop_source_info(m->real, &info);
	CHECK_EQ(info.state, m->state);
	CHECK_EQ(vmop_source_state(m->real), m->state);
	CHECK_EQ(info.requests, m->info.requests);
	CHECK_EQ(info.requested_pages, m->info.requested_pages);
	CHECK_EQ(info.dirty_requests, m->info.dirty_requests);
	CHECK_EQ(info.writeback_requests, m->info.writeback_requests);
	CHECK_EQ(info.failed_requests, m->info.failed_requests);
	CHECK_EQ(info.deadline_misses, m->info.deadline_misses);
	CHECK_EQ(info.last_error, m->info.last_error);
	CHECK_EQ(info.num_waiters, num_waiters);
}

static void check_all(void)
{
	int i, nr_reqs = 0, nr_maps = 0, nr_sources = 0;

	check_threads();
	for (i = 0; i < NR_THREADS; i++) {
		nr_reqs += m_reqs[i].used;
		nr_maps += m_reqs[i].used &&
			   m_reqs[i].type == VMOP_REQ_WRITEBACK;
	}
	for (i = 0; i < NR_SOURCES; i++) {
		if (!m_sources[i].vmo && m_sources[i].complete != VMOP_COMPLETE_QUEUED)
			m_sources[i].real = NULL;
		if (!m_sources[i].real)
			continue;
		nr_sources++;
		check_source(i);
	}
	CHECK_EQ(sim_nr_live("vmop_req"), nr_reqs);
	/* The port, the sources, and a bitmap for each wait for clean content. */
	CHECK_EQ(sim_nr_live("kzalloc"), 1 + nr_sources + nr_maps);
	CHECK_EQ(sim_nr_logged, nr_late);
	walk_port(port);
}

/* Steps. */

static void open_source(int s)
{
	struct vmop_source_params params = {
		.key = ++next_key,
		.deadline_ms = sim_random(2) ? 50 : 0,
		.writeback = vmop_port_takes_writeback(port),
	};

	if (params.deadline_ms && sim_random(2))
		params.deadline_action = VMOP_DEADLINE_WARN;
	m_sources[s] = (struct m_source) {
		.real = vmop_source_create(port, &params),
		.vmo = true,
		.writeback = params.writeback,
		.key = params.key,
		.state = VMOP_VMO_STATE_LIVE,
		.deadline_ms = params.deadline_ms,
		.action = params.deadline_action,
	};
	CHECK(!IS_ERR(m_sources[s].real));
}

static void step_request(int s)
{
	bool no_memory = !sim_random(16);
	struct m_thread *t = m_threads;

	while (t < m_threads + NR_THREADS && t->thread)
		t++;
	if (!m_sources[s].vmo || t == m_threads + NR_THREADS)
		return;
	*t = (struct m_thread) {
		.src = m_sources[s].real,
		.type = sim_random(VMOP_REQ_NR_TYPES),
		.start = sim_random(NR_PLACES),
		.task_state = sim_random(2) ? TASK_KILLABLE :
					      TASK_INTERRUPTIBLE,
	};
	t->end = t->start + 1 + sim_random(NR_PLACES - t->start);
	if (t->type == VMOP_REQ_WRITEBACK) {
		t->pages = page_set_random(t->start, t->end);
		t->todo = page_set_bitmap(t->pages, t->start, t->end);
	} else if (t->type == VMOP_REQ_ROOM) {
		t->nr_pages = 1 + sim_random(t->end - t->start);
	}
	m_request(t, s, no_memory);
	t->thread = sim_spawn(thread_fn, t);
	sim_alloc_fails_in = no_memory;
	sim_run(t->thread);
	sim_alloc_fails_in = 0;
}

/* Half of the time a range that an outstanding request has. */
static void pick_range(int s, unsigned int *start, unsigned int *end)
{
	struct m_req *r = m_next_req(s, sim_random(VMOP_REQ_NR_TYPES),
				     sim_random(NR_PLACES));

	*start = sim_random(NR_PLACES);
	*end = *start + sim_random(NR_PLACES + 1 - *start);
	if (r && sim_random(2)) {
		*start = r->start;
		*end = r->end;
	}
}

static void step_resolve(int s)
{
	unsigned int start, end, type = sim_random(3);

	if (!m_sources[s].vmo)
		return;
	pick_range(s, &start, &end);
	if (type > VMOP_REQ_DIRTY) {
		m_answer(s, VMOP_REQ_WRITEBACK, start, end, 0);
		m_answer(s, VMOP_REQ_ROOM, start, end, 0);
		vmop_source_cleaned(m_sources[s].real, start, end);
		return;
	}
	m_answer(s, type, start, end, 0);
	vmop_source_resolve(m_sources[s].real, type, start, end);
}

static void step_fail(int s)
{
	static const int errs[] = { -EIO, -EBADMSG, -ENOSPC, -ENOBUFS };
	static const unsigned int masks[VMOP_REQ_NR_TYPES] = {
		[VMOP_REQ_READ] = VMOP_FAIL_READ,
		[VMOP_REQ_DIRTY] = VMOP_FAIL_DIRTY,
		[VMOP_REQ_WRITEBACK] = VMOP_FAIL_WRITEBACK,
		[VMOP_REQ_ROOM] = VMOP_FAIL_WRITEBACK,
	};
	unsigned int start, end, types = sim_random(8);
	int err = errs[sim_random(4)], i;
	u64 nr = 0;

	if (!m_sources[s].vmo)
		return;
	pick_range(s, &start, &end);
	for (i = 0; i < VMOP_REQ_NR_TYPES; i++) {
		if (types & masks[i])
			nr += m_answer(s, i, start, end, err);
	}
	CHECK_EQ(vmop_source_fail(m_sources[s].real, types, start, end, err), nr);
}

static void step_fail_id(int s)
{
	struct m_req *r = &m_reqs[sim_random(NR_THREADS)];
	bool there = r->used && r->src == s;

	/* The ids of requests that are gone, or another VMO's, are tried too. */
	if (!m_sources[s].vmo || !r->id)
		return;
	if (there)
		m_finish_req(r, -EIO);
	CHECK_EQ(vmop_source_fail_id(m_sources[s].real, r->id, -EIO), there);
}

static void step_answer_id(int s)
{
	struct m_req *r = &m_reqs[sim_random(NR_THREADS)];
	bool there = r->used && r->src == s;
	int ret = 0;

	if (!m_sources[s].vmo || !r->id)
		return;
	if (there && (r->type == VMOP_REQ_READ || r->type == VMOP_REQ_DIRTY))
		ret = -EINVAL;
	else if (there)
		m_answer_id(r);
	CHECK_EQ(vmop_source_answer_id(m_sources[s].real, r->id), ret);
}

static void step_signal(void)
{
	struct m_thread *t = &m_threads[sim_random(NR_THREADS)];
	enum sim_signal sig = sim_random(2) ? SIM_SIG_FATAL : SIM_SIG_ORDINARY;

	if (!t->thread)
		return;
	if (sig == SIM_SIG_FATAL || t->task_state == TASK_INTERRUPTIBLE) {
		m_leave_req(t, -ERESTARTSYS);
		t->nr_wakeups++;
	}
	sim_signal(t->thread, sig);
}

static void step_expire(void)
{
	struct m_thread *t = &m_threads[sim_random(NR_THREADS)];
	struct m_source *m;

	if (!t->thread)
		return;
	m = &m_sources[m_reqs[t->req].src];
	CHECK_EQ(sim_expire(t->thread), m->deadline_ms != 0);
	if (!m->deadline_ms)
		return;
	t->nr_wakeups++;
	nr_late++;
	m->info.deadline_misses++;
	if (m->action == VMOP_DEADLINE_FAIL)
		m_leave_req(t, -ETIMEDOUT);
}

/* Takes the next record out of the model and compares. */
static void model_read(const struct vmop_port_record *rec)
{
	static const unsigned int types[VMOP_REQ_NR_TYPES] = {
		[VMOP_REQ_READ] = VMOP_RECORD_READ,
		[VMOP_REQ_DIRTY] = VMOP_RECORD_DIRTY,
		[VMOP_REQ_WRITEBACK] = VMOP_RECORD_WRITEBACK,
		[VMOP_REQ_ROOM] = VMOP_RECORD_WRITEBACK,
	};
	int s = m_line[0];
	struct m_req *r = m_oldest_unread(s);

	CHECK_EQ(rec->key, m_sources[s].key);
	CHECK_EQ(rec->flags, 0);
	if (r) {
		static u64 last_id;

		CHECK_EQ(rec->type, types[r->type]);
		CHECK_EQ(rec->offset, (u64)r->start << PAGE_SHIFT);
		CHECK_EQ(rec->length, (u64)(r->end - r->start) << PAGE_SHIFT);
		CHECK(rec->id && rec->id != last_id);
		last_id = rec->id;
		r->unread = false;
		r->id = rec->id;
	} else {
		CHECK_EQ(rec->type, VMOP_RECORD_COMPLETE);
		CHECK_EQ(rec->offset | rec->length | rec->id, 0);
		m_sources[s].complete = VMOP_COMPLETE_TAKEN;
	}
	m_turn_over(s);
}

static void step_read(void)
{
	struct vmop_port_record recs[4];
	unsigned int nr = 1 + sim_random(4), i;
	size_t good = sim_random(3) ? NO_FAULT : sim_random(nr * RECORD_SIZE);
	ssize_t ret;

	ret = port_read(file, recs, (nr - 1) * RECORD_SIZE + RECORD_SIZE +
			(nr < 4 ? sim_random(RECORD_SIZE) : 0), good,
			IOCB_NOWAIT);
	for (i = 0; i < nr && !pager_gone; i++) {
		if (!m_line_len || good < (i + 1) * RECORD_SIZE)
			break;
		CHECK(ret >= (ssize_t)((i + 1) * RECORD_SIZE));
		model_read(&recs[i]);
	}
	if (i)
		CHECK_EQ(ret, i * RECORD_SIZE);
	else if (pager_gone)
		CHECK_EQ(ret, 0);
	else
		CHECK_EQ(ret, m_line_len ? -EFAULT : -EAGAIN);
	CHECK_EQ(port_poll(file), pager_gone ? EPOLLHUP :
		 m_line_len ? EPOLLIN | EPOLLRDNORM : 0);
}

/* Ends of sources. */

static void step_detach(int s)
{
	struct m_source *m = &m_sources[s];

	if (!m->vmo)
		return;
	if (m->state == VMOP_VMO_STATE_LIVE ||
	    m->state == VMOP_VMO_STATE_PORT_GONE) {
		m->state = VMOP_VMO_STATE_DETACHED;
		m_finish_all(s, 0);
		m_complete(s);
	}
	vmop_source_detach(m->real);
}

static void step_pager_closed(int s)
{
	if (!m_sources[s].vmo)
		return;
	m_silence(s, VMOP_VMO_STATE_PAGER_GONE, 0);
	vmop_source_pager_closed(m_sources[s].real);
}

/* Only when nobody waits: a waiting thread holds on to the VMO. */
static void step_vmo_gone(int s)
{
	struct m_source *m = &m_sources[s];
	int type;

	if (!m->vmo)
		return;
	for (type = 0; type < VMOP_REQ_NR_TYPES; type++) {
		if (m_next_req(s, type, 0))
			return;
	}
	if (m->state == VMOP_VMO_STATE_LIVE)
		m->state = VMOP_VMO_STATE_DETACHED;
	m_complete(s);
	m->vmo = false;
	vmop_source_vmo_gone(m->real);
	vmop_source_put(m->real);
}

static void random_step(void)
{
	unsigned int what = sim_random(1000);
	int s = sim_random(NR_SOURCES);

	if (what < 400)
		step_request(s);
	else if (what < 550)
		step_resolve(s);
	else if (what < 620)
		step_fail(s);
	else if (what < 650)
		step_fail_id(s);
	else if (what < 680)
		step_answer_id(s);
	else if (what < 740)
		step_signal();
	else if (what < 785)
		step_expire();
	else if (what < 980 && file)
		step_read();
	else if (what < 983)
		step_detach(s);
	else if (what < 984)
		step_pager_closed(s);
	else if (what < 988)
		step_vmo_gone(s);
	else if (!m_sources[s].real && m_port_open)
		open_source(s);
}

static void random_steps(const char *phase, unsigned long *step,
			 unsigned long nr)
{
	u64 seed = sim_seed;

	while (nr--) {
		snprintf(sim_where, sizeof(sim_where),
			 "model, step %lu (%s, state %#llx)", ++*step, phase,
			 (unsigned long long)seed);
		random_step();
		check_all();
	}
}

static void close_something(void)
{
	int s;

	if (sim_random(2)) {
		pager_gone = true;
		for (s = 0; s < NR_SOURCES; s++)
			m_silence(s, VMOP_VMO_STATE_PAGER_GONE, 0);
		m_port_open = false;
		vmop_port_pager_closed(port);
	} else {
		for (s = 0; s < NR_SOURCES; s++)
			m_silence(s, VMOP_VMO_STATE_PORT_GONE, -ENOTCONN);
		m_port_open = false;
		port_close(file);
		file = NULL;
	}
	check_all();
}

/* Waits for writeback outlive detach and the port: let them end. */
static void clean_all(void)
{
	int s;

	for (s = 0; s < NR_SOURCES; s++) {
		if (!m_sources[s].vmo)
			continue;
		m_answer(s, VMOP_REQ_WRITEBACK, 0, NR_PLACES, 0);
		m_answer(s, VMOP_REQ_ROOM, 0, NR_PLACES, 0);
		vmop_source_cleaned(m_sources[s].real, 0, NR_PLACES);
	}
	check_all();
}

void run_model(unsigned long steps)
{
	unsigned long step = 0;
	int s;

	while (step < steps) {
		file = port_open_flags(&port, sim_random(4) ?
					      VMOP_PORT_WRITEBACK : 0);
		pager_gone = false;
		m_reset();
		nr_late = 0;
		sim_nr_logged = 0;
		for (s = 0; s < NR_SOURCES; s++)
			open_source(s);
		random_steps("open", &step, 2000);
		close_something();
		random_steps("closed", &step, 200);
		if (!pager_gone)
			clean_all();
		for (s = 0; s < NR_SOURCES; s++)
			step_vmo_gone(s);
		if (file)
			port_close(file);
		vmop_port_put(port);
		expect_no_leaks();
	}
}
