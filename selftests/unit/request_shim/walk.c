// SPDX-License-Identifier: GPL-2.0
/*
 * walk.c - recounts everything that a port and its sources keep.
 */
#include "port_internal.h"

#include "harness.h"

/* The queue is in the order of ids and holds what is outstanding and NEW. */
static unsigned long walk_queue(struct vmop_source *src)
{
	unsigned long nr = 0;
	struct vmop_req *req;
	u64 last_id = 0;

	list_for_each_entry(req, &src->queue, queue_link) {
		CHECK(req->src == src);
		CHECK_EQ(req->state, VMOP_REQ_NEW);
		CHECK(req->id > last_id);
		last_id = req->id;
		nr++;
	}
	return nr;
}

/* Requests for content to become clean know which pages, the others how many. */
static void walk_pending(const struct vmop_req *req)
{
	unsigned long nr = req->last - req->start + 1;

	CHECK(req->pending && req->pending <= nr);
	CHECK_EQ(!!req->todo, req->type == VMOP_REQ_WRITEBACK);
	if (req->todo)
		CHECK_EQ(req->pending, bitmap_weight(req->todo, nr));
}

/*
 * In order, and disjoint but for requests to write back; everyone has a waiter,
 * and something left to bring.
 */
static unsigned long walk_tree(struct vmop_source *src, int type,
			       unsigned long *nr_waiters)
{
	bool disjoint = type == VMOP_REQ_READ || type == VMOP_REQ_DIRTY;
	struct rb_node *node = rb_first_cached(&src->reqs[type]);
	unsigned long nr_new = 0, next_start = 0;

	for (; node; node = rb_next(node)) {
		struct vmop_req *req = rb_entry(node, struct vmop_req, node);
		struct vmop_waiter *w;

		CHECK(req->src == src);
		CHECK_EQ(req->type, type);
		CHECK(req->start >= next_start && req->start <= req->last);
		walk_pending(req);
		CHECK(!list_empty(&req->waiters));
		list_for_each_entry(w, &req->waiters, link) {
			CHECK(w->req == req && !w->done);
			CHECK(type == VMOP_REQ_ROOM ||
			      (w->start >= req->start && w->start <= req->last));
			(*nr_waiters)++;
		}
		CHECK(req->state != VMOP_REQ_DONE);
		CHECK_EQ(req->state == VMOP_REQ_NEW,
			 !list_empty(&req->queue_link));
		nr_new += req->state == VMOP_REQ_NEW;
		next_start = disjoint ? req->last + 1 : req->start;
	}
	return nr_new;
}

/* All that are outstanding, once each, in the order of their ids. */
static void walk_outstanding(struct vmop_source *src)
{
	unsigned long nr_trees = 0, nr = 0;
	struct vmop_req *req;
	struct rb_node *node;
	u64 last_id = 0;
	int i;

	for (i = 0; i < VMOP_REQ_NR_TYPES; i++)
		for (node = rb_first_cached(&src->reqs[i]); node;
		     node = rb_next(node))
			nr_trees++;
	list_for_each_entry(req, &src->outstanding, out_link) {
		CHECK(req->src == src && req->state != VMOP_REQ_DONE);
		CHECK(req->id > last_id);
		last_id = req->id;
		nr++;
	}
	CHECK_EQ(nr, nr_trees);
	CHECK_EQ(nr, src->counters.num_pending);
}

void walk_source(struct vmop_source *src)
{
	unsigned long nr_waiters = 0, nr_new = 0, nr_content = 0;
	int i;

	for (i = 0; i < VMOP_REQ_NR_TYPES; i++) {
		nr_new += walk_tree(src, i, &nr_waiters);
		if (i == VMOP_REQ_DIRTY)
			nr_content = nr_waiters;
	}
	CHECK_EQ(nr_new, walk_queue(src));
	walk_outstanding(src);
	CHECK_EQ(nr_waiters, src->counters.num_waiters);
	CHECK_EQ(!list_empty(&src->ready_link), vmop_source_has_record(src));
	/* Dirty content of a detached VMO may still be written back, untold. */
	if (src->state == VMOP_VMO_STATE_DETACHED) {
		CHECK_EQ(nr_content, 0);
		CHECK_EQ(nr_new, 0);
	} else if (src->state != VMOP_VMO_STATE_LIVE) {
		CHECK_EQ(nr_waiters, 0);
	} else {
		CHECK_EQ(src->complete, VMOP_COMPLETE_NONE);
	}
}

void walk_port(struct vmop_port *port)
{
	unsigned long nr_records = 0;
	unsigned int nr_sources = 0;
	struct vmop_source *src;

	list_for_each_entry(src, &port->ready, ready_link) {
		CHECK(src->port == port);
		CHECK(vmop_source_has_record(src));
		nr_records += walk_queue(src) +
			      (src->complete == VMOP_COMPLETE_QUEUED);
	}
	CHECK_EQ(nr_records, port->nr_records);
	list_for_each_entry(src, &port->sources, port_link) {
		CHECK(src->port == port);
		if (src->ref.refs)
			walk_source(src);
		nr_sources++;
	}
	CHECK_EQ(nr_sources, port->nr_sources);
}
