// SPDX-License-Identifier: GPL-2.0
/*
 * request.c - outstanding requests: how they are made and answered.
 *
 * Owns struct vmop_req; how threads wait for them is in waiter.c, the life of a
 * source in source.c, what is special about requests to write back in
 * request_writeback.c.
 * source->lock guards the trees of outstanding requests, their waiters and the
 * counters; the queue side of requests and sources belongs to port_queue.c and
 * port->lock, the inner one. Both are spinlocks; waiting threads hold none.
 *
 * How a request ends: exactly one of finish (answered, failed, detached, closed)
 * and cancel (its last waiter left) takes it out of the tree. Both need
 * source->lock, so whoever comes second finds nothing. Three others may hold a
 * pointer to it at that moment, and the reference count covers them:
 *
 * - A waiter that finish has just marked done. It may return at once, and its
 *   frame with struct vmop_waiter is gone, while finish still has to wake the
 *   others. So threads sleep on a wait queue in the request, and storing @done
 *   is the last that finish does to a waiter.
 * - A waiter that a signal or the deadline takes away while finish runs. It
 *   takes source->lock and looks at @done again: set means that finish came
 *   first and its result counts; otherwise it is still on the list and leaves.
 * - A reader of the port between taking the record and copying it. The pager
 *   then gets a record that nobody needs any more, as it does when an answer
 *   crosses a cancel (semantics: PKT-3, REQ-29). When the copy fails, the port
 *   finds state DONE and drops the record.
 *
 * "Is the source live?" and "put the request in" are one section under
 * source->lock, and every way out of STATE_LIVE empties the trees in the section
 * that changes the state. So no request is made that nobody would complete.
 */
#include "port.h"
#include "request.h"

#define VMOP_REQ_START(req) ((req)->start)
#define VMOP_REQ_LAST(req) ((req)->last)

INTERVAL_TREE_DEFINE(struct vmop_req, node, unsigned long, subtree_last,
		     VMOP_REQ_START, VMOP_REQ_LAST, static inline,
		     vmop_req_tree);

static struct kmem_cache *vmop_req_cache;
static atomic64_t vmop_req_last_id = ATOMIC64_INIT(0);

/* Requests: memory and references. */

/**
 * vmop_req_alloc() - memory for a request
 * @src: its source
 * @type: kind of request
 *
 * Return: a request with one reference that nobody knows yet, or NULL.
 */
struct vmop_req *vmop_req_alloc(struct vmop_source *src,
				enum vmop_req_type type)
{
	struct vmop_req *req;

	if (vmop_source_make_latency(src))
		return NULL;
	/* Not charged: under the tree lock a full cgroup cannot reclaim. */
	req = kmem_cache_zalloc(vmop_req_cache, GFP_KERNEL |
				__GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!req)
		return NULL;
	vmop_source_get(src);
	req->src = src;
	req->type = type;
	req->state = VMOP_REQ_NEW;
	refcount_set(&req->ref, 1);
	INIT_LIST_HEAD(&req->waiters);
	INIT_LIST_HEAD(&req->queue_link);
	INIT_LIST_HEAD(&req->out_link);
	init_waitqueue_head(&req->wq);
	return req;
}

/**
 * vmop_req_get() - take one more reference
 * @req: a request that the caller has a reference on, or holds port->lock over
 *       while it is queued
 */
void vmop_req_get(struct vmop_req *req)
{
	refcount_inc(&req->ref);
}

/**
 * vmop_req_put() - give a reference back
 * @req: the request
 *
 * May drop a reference on the source, so: not under source->lock or port->lock
 * unless the caller has a reference on the source that outlives the lock.
 */
void vmop_req_put(struct vmop_req *req)
{
	struct vmop_source *src = req->src;

	if (!refcount_dec_and_test(&req->ref))
		return;
	kfree(req->todo);
	kmem_cache_free(vmop_req_cache, req);
	vmop_source_put(src);
}

/* The end of a request. */

/**
 * vmop_req_remove_locked() - take an outstanding request out
 * @req: the request; the caller holds source->lock
 *
 * The caller goes on to use it and then puts the reference that the tree had.
 * Takes port->lock.
 */
void vmop_req_remove_locked(struct vmop_req *req)
{
	struct vmop_source *src = req->src;

	lockdep_assert_held(&src->lock);
	vmop_req_tree_remove(req, &src->reqs[req->type]);
	list_del(&req->out_link);
	src->counters.num_pending--;
	vmop_port_withdraw(req);
}

/**
 * vmop_req_count_failure_locked() - a waiter of a request has failed
 * @req: the request; the caller holds source->lock
 * @err: negative errno
 */
void vmop_req_count_failure_locked(struct vmop_req *req, int err)
{
	struct vmop_source_info *counters = &req->src->counters;

	counters->last_error = -err;
	if (!req->failed)
		counters->failed_requests++;
	req->failed = true;
}

/**
 * vmop_req_finish_locked() - complete a request
 * @req: an outstanding request; the caller holds source->lock
 * @end: why
 * @status: 0, or what all waiters get: -errno, VMOP_WAIT_ANSWERED
 *
 * With 0 every waiter looks again, also those whose range is elsewhere in it. Those
 * that a failure was noted for have failed (semantics: REQ-17, REQ-23).
 */
void vmop_req_finish_locked(struct vmop_req *req, enum vmop_req_end end,
			    int status)
{
	struct vmop_source *src = req->src;
	struct vmop_waiter *w, *next;
	u64 service_ns = 0;

	vmop_req_remove_locked(req);
	req->done_ns = ktime_get_ns();
	/* Nobody reads it from here on: that is final. */
	if (req->read_ns && end != VMOP_REQ_END_CUT) {
		service_ns = req->done_ns - req->read_ns;
		vmop_source_add_latency(src, VMOP_LATENCY_SERVICE, service_ns);
	}
	trace_vmop_request_answered(req, end, status, service_ns);
	list_for_each_entry_safe(w, next, &req->waiters, link) {
		list_del(&w->link);
		src->counters.num_waiters--;
		if (status < 0 || !w->status)
			w->status = status;
		if (w->status < 0)
			vmop_req_count_failure_locked(req, w->status);
		/*
		 * The waiter reads @done without a lock, and its frame may be
		 * gone right after. Pairs with vmop_waiter_is_done().
		 */
		smp_store_release(&w->done, true);
	}
	wake_up_all(&req->wq);
	vmop_req_put(req);
}

/**
 * vmop_source_finish_all_locked() - complete every outstanding request
 * @src: the source; the caller holds source->lock
 * @err: 0: the waiters look again, but for those that a failure was noted for;
 *       negative errno: all of them fail with it
 *
 * For source.c. Takes port->lock.
 */
void vmop_source_finish_all_locked(struct vmop_source *src, int err)
{
	struct vmop_req *req;
	int i;

	lockdep_assert_held(&src->lock);
	for (i = 0; i < VMOP_REQ_NR_TYPES; i++) {
		while ((req = vmop_req_tree_iter_first(&src->reqs[i], 0,
						       ULONG_MAX)))
			vmop_req_finish_locked(req, VMOP_REQ_END_CUT, err);
	}
}

/* Making a request. */

/**
 * vmop_source_next_locked() - an outstanding request at or behind a page
 * @src: the source; the caller holds source->lock
 * @type: kind of request
 * @start: the page
 *
 * Return: of those that end behind @start the one that begins first, or NULL.
 */
struct vmop_req *vmop_source_next_locked(struct vmop_source *src,
					 enum vmop_req_type type,
					 pgoff_t start)
{
	lockdep_assert_held(&src->lock);
	return vmop_req_tree_iter_first(&src->reqs[type], start, ULONG_MAX);
}

/**
 * vmop_source_after_locked() - the outstanding request after another
 * @req: a request; the caller holds source->lock
 *
 * Return: the next one of its kind in the order of their starts, or NULL.
 */
struct vmop_req *vmop_source_after_locked(struct vmop_req *req)
{
	return vmop_req_tree_iter_next(req, 0, ULONG_MAX);
}

static void vmop_source_count_locked(struct vmop_source *src,
				     const struct vmop_req *req)
{
	switch (req->type) {
	case VMOP_REQ_READ:
		src->counters.requests++;
		src->counters.requested_pages += req->pending;
		break;
	case VMOP_REQ_DIRTY:
		src->counters.dirty_requests++;
		break;
	default:
		src->counters.writeback_requests++;
	}
}

/**
 * vmop_req_enter_locked() - make a request outstanding
 * @req: a new request; the caller holds source->lock
 * @want: what it is to be
 * @w: the first wait for it
 *
 * To a detached source it is not told any more. Takes over the caller's
 * reference and what @want holds, but not on error. Takes port->lock.
 *
 * Return: 0; -ENOTCONN: the port is being closed, and will soon tell the source.
 */
int vmop_req_enter_locked(struct vmop_req *req,
			  const struct vmop_req_want *want,
			  struct vmop_waiter *w)
{
	struct vmop_source *src = req->src;
	int ret;

	/* Under the lock, so that ids grow in the order of the queue. */
	req->id = atomic64_inc_return(&vmop_req_last_id);
	req->start = want->start;
	req->last = want->end - 1;
	req->pending = want->pending;
	req->queued_ns = ktime_get_ns();
	if (src->state == VMOP_VMO_STATE_DETACHED) {
		req->state = VMOP_REQ_DELIVERED;
		trace_vmop_request_queued(req);
	} else {
		ret = vmop_port_queue(req);
		if (ret)
			return ret;
	}
	req->todo = want->todo;
	vmop_req_tree_insert(req, &src->reqs[req->type]);
	list_add_tail(&req->out_link, &src->outstanding);
	src->counters.num_pending++;
	vmop_waiter_join_locked(w, req, want->start);
	vmop_source_count_locked(src, req);
	vmop_overdue_watch_locked(src);
	return 0;
}

/*
 * Cases 3 and 4 of REQ-8: a request that covers @start is outstanding, so wait
 * for that one. What the caller wants behind its end is asked for after the
 * wake-up. -ENOENT: there is none; -ENOTCONN: nobody would answer.
 */
static int vmop_source_join_locked(struct vmop_source *src,
				   enum vmop_req_type type, pgoff_t start,
				   struct vmop_waiter *w)
{
	struct vmop_req *req = vmop_source_next_locked(src, type, start);

	if (src->state != VMOP_VMO_STATE_LIVE)
		return -ENOTCONN;
	if (!req || req->start > start)
		return -ENOENT;
	vmop_waiter_join_locked(w, req, start);
	trace_vmop_request_joined(req);
	return 0;
}

/*
 * Cases 1 and 2 of REQ-8: a new request, cut where the next one begins. Takes
 * over the caller's reference on @req, but not on error.
 */
static int vmop_source_queue_locked(struct vmop_source *src,
				    struct vmop_req *req, pgoff_t start,
				    pgoff_t end, struct vmop_waiter *w)
{
	struct vmop_req *next = vmop_source_next_locked(src, req->type, start);
	struct vmop_req_want want = {
		.type = req->type,
		.start = start,
		.end = next ? min_t(pgoff_t, end, next->start) : end,
	};

	want.pending = want.end - want.start;
	return vmop_req_enter_locked(req, &want, w);
}

/**
 * vmop_source_request() - ask the pager for a range, or join who has asked
 * @src: the source
 * @type: kind of request: READ or DIRTY
 * @start: first page
 * @end: page behind the last one, greater than @start
 * @w: the caller's wait; must be ended by vmop_waiter_wait() or
 *     vmop_waiter_cancel(), in this thread, when the function returned 0
 *
 * The caller holds the tree lock, shared or exclusive, and has seen under it
 * that the pages need the pager; so no answer can fall between look and wait.
 * He drops the tree lock before he waits. The request may turn out shorter than
 * the range (semantics: REQ-8); the caller looks again after the wake-up.
 *
 * Takes source->lock and port->lock. Allocates, never sleeps for the pager.
 *
 * Return: 0, -ENOTCONN when the source is not live, -ENOMEM.
 */
int vmop_source_request(struct vmop_source *src, enum vmop_req_type type,
			pgoff_t start, pgoff_t end, struct vmop_waiter *w)
{
	struct vmop_req *req;
	int ret;

	if (WARN_ON_ONCE(start >= end))
		return -EINVAL;
	spin_lock(&src->lock);
	ret = vmop_source_join_locked(src, type, start, w);
	spin_unlock(&src->lock);
	if (ret != -ENOENT)
		return ret;

	req = vmop_req_alloc(src, type);
	if (!req)
		return -ENOMEM;
	spin_lock(&src->lock);
	/* Somebody may have asked while no lock was held. */
	ret = vmop_source_join_locked(src, type, start, w);
	if (ret == -ENOENT) {
		ret = vmop_source_queue_locked(src, req, start, end, w);
		if (!ret)
			req = NULL;
	}
	spin_unlock(&src->lock);
	if (req)
		vmop_req_put(req);
	return ret;
}

/* Answers. */

/*
 * Counts [start, end) as answered in every request that it meets, and completes
 * the requests with nothing left. With @err the waiters that start in the range
 * fail, and a request that starts there is over at once (semantics: REQ-16,
 * REQ-23). Returns how many pages of requests there were in the range.
 */
static u64 vmop_source_answer_locked(struct vmop_source *src,
				     enum vmop_req_type type, pgoff_t start,
				     pgoff_t end, int err)
{
	struct rb_root_cached *root = &src->reqs[type];
	struct vmop_req *req, *next;
	struct vmop_waiter *w;
	u64 nr_pages = 0;

	lockdep_assert_held(&src->lock);
	for (req = vmop_req_tree_iter_first(root, start, end - 1); req;
	     req = next) {
		unsigned long first = max_t(unsigned long, start, req->start);
		unsigned long last = min_t(unsigned long, end - 1, req->last);
		bool over = err && req->start >= start;

		next = vmop_req_tree_iter_next(req, start, end - 1);
		nr_pages += last - first + 1;
		req->pending -= min(req->pending,
				    vmop_req_done_locked(req, first, last));
		req->vague |= err;
		list_for_each_entry(w, &req->waiters, link) {
			if (err && w->start >= start && w->start < end)
				w->status = err;
		}
		if (over || !req->pending)
			vmop_req_finish_locked(req, err ? VMOP_REQ_END_FAILED :
						    VMOP_REQ_END_ANSWERED,
					       req->todo && !req->vague ?
					       VMOP_WAIT_ANSWERED : 0);
	}
	return nr_pages;
}

/**
 * vmop_source_resolve() - the pages of a range are not what they were
 * @src: the source
 * @type: kind of the requests that this answers
 * @start: first page
 * @end: page behind the last one
 *
 * Called after content came in (READ), pages became dirty or lost their state
 * (DIRTY), or the range was cut off (both). The change itself was made under the
 * exclusive tree lock, before; that lock may have been dropped since. Wakes the
 * waiters of the requests that are complete now (semantics: REQ-15 to REQ-18).
 * A range nobody waits for is fine. Takes source->lock and port->lock.
 */
void vmop_source_resolve(struct vmop_source *src, enum vmop_req_type type,
			 pgoff_t start, pgoff_t end)
{
	if (start >= end)
		return;
	spin_lock(&src->lock);
	vmop_source_answer_locked(src, type, start, end, 0);
	spin_unlock(&src->lock);
}

static unsigned int vmop_req_fail_type(enum vmop_req_type type)
{
	switch (type) {
	case VMOP_REQ_READ:
		return VMOP_FAIL_READ;
	case VMOP_REQ_DIRTY:
		return VMOP_FAIL_DIRTY;
	default:
		return VMOP_FAIL_WRITEBACK;
	}
}

/**
 * vmop_source_fail() - the pager cannot bring a range
 * @src: the source
 * @types: kinds of requests to fail: enum vmop_fail_types
 * @start: first page
 * @end: page behind the last one
 * @err: negative errno
 *
 * Nothing is remembered for later accesses (semantics: REQ-22 to REQ-25).
 * Takes source->lock and port->lock.
 *
 * Return: how many pages of requests lay in the range; may be 0.
 */
u64 vmop_source_fail(struct vmop_source *src, unsigned int types,
		     pgoff_t start, pgoff_t end, int err)
{
	u64 nr_pages = 0;
	int i;

	if (start >= end)
		return 0;
	spin_lock(&src->lock);
	for (i = 0; i < VMOP_REQ_NR_TYPES; i++) {
		if (types & vmop_req_fail_type(i))
			nr_pages += vmop_source_answer_locked(src, i, start,
							      end, err);
	}
	spin_unlock(&src->lock);
	return nr_pages;
}

/**
 * vmop_source_fail_id() - fail one request as a whole
 * @src: the source
 * @id: from the request's record
 * @err: negative errno, for every thread that waits for this request
 *
 * Looks through the outstanding requests one by one; there are at most as many
 * as threads that wait. Takes source->lock and port->lock.
 *
 * Return: whether such a request was outstanding.
 */
bool vmop_source_fail_id(struct vmop_source *src, u64 id, int err)
{
	struct vmop_req *req;

	spin_lock(&src->lock);
	req = vmop_source_find_id_locked(src, id);
	if (req)
		vmop_req_finish_locked(req, VMOP_REQ_END_FAILED, err);
	spin_unlock(&src->lock);
	return req;
}

/* Set-up. */

/**
 * vmop_request_init() - when the module is loaded
 *
 * Return: 0 or -ENOMEM.
 */
int vmop_request_init(void)
{
	int ret = vmop_latency_init();

	if (ret)
		return ret;
	/* No accounting needed: a waiting thread has one request at most. */
	vmop_req_cache = KMEM_CACHE(vmop_req, 0);
	if (vmop_req_cache)
		return 0;
	vmop_latency_exit();
	return -ENOMEM;
}

/**
 * vmop_request_exit() - when the module is unloaded
 *
 * No VMO and no port exist any more, so no request does.
 */
void vmop_request_exit(void)
{
	kmem_cache_destroy(vmop_req_cache);
	vmop_latency_exit();
}
