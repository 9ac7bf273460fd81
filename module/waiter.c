// SPDX-License-Identifier: GPL-2.0
/*
 * waiter.c - threads that wait for a request.
 *
 * Owns struct vmop_waiter. source->lock guards it until it is done; what may
 * happen at the same time is told in request.c. Waiting threads hold no lock.
 */
#define pr_fmt(fmt) "vmopager: " fmt

#include "request.h"

/**
 * vmop_waiter_join_locked() - wait for an outstanding request
 * @w: the wait
 * @req: the request; the caller holds source->lock
 * @start: first page that this thread wants
 */
void vmop_waiter_join_locked(struct vmop_waiter *w, struct vmop_req *req,
			     pgoff_t start)
{
	vmop_req_get(req);
	w->req = req;
	w->start = start;
	w->status = 0;
	w->done = false;
	list_add_tail(&w->link, &req->waiters);
	req->src->counters.num_waiters++;
}

static bool vmop_waiter_is_done(const struct vmop_waiter *w)
{
	/* Pairs with vmop_req_finish_locked(): @status is readable, too. */
	return smp_load_acquire(&w->done);
}

/*
 * Ends a wait. Returns what the request was completed with if it was, else
 * @why: then this waiter gave up, and takes the request with it when it is the
 * last one (semantics: PKT-5; the others keep range, pending pages and record).
 */
static int vmop_waiter_leave(struct vmop_waiter *w, int why)
{
	struct vmop_req *req = w->req;
	struct vmop_source *src = req->src;
	bool cancelled = false;
	int status;

	if (!vmop_waiter_is_done(w)) {
		spin_lock(&src->lock);
		if (!w->done) {
			list_del(&w->link);
			src->counters.num_waiters--;
			w->status = why;
			if (why == -ETIMEDOUT)
				vmop_req_count_failure_locked(req, why);
			cancelled = list_empty(&req->waiters);
			if (cancelled)
				vmop_req_remove_locked(req);
			trace_vmop_request_left(req, why, cancelled);
		}
		spin_unlock(&src->lock);
	}
	status = w->status;
	w->req = NULL;
	if (cancelled)
		vmop_req_put(req);
	vmop_req_put(req);
	return status;
}

/* Counts and announces a wait that took longer than the deadline. */
static void vmop_waiter_late(struct vmop_waiter *w)
{
	struct vmop_source *src = w->req->src;

	spin_lock(&src->lock);
	src->counters.deadline_misses++;
	spin_unlock(&src->lock);
	pr_warn_ratelimited("%s[%d] waits for page %lu of the VMO with key %#llx for over %u ms: the pager does not answer\n",
			    current->comm, task_pid_nr(current), w->start,
			    src->params.key, src->params.deadline_ms);
}

/* The thread runs again: how long did that take? */
static void vmop_waiter_woken(struct vmop_waiter *w)
{
	struct vmop_req *req = w->req;
	u64 wake_ns = ktime_get_ns() - req->done_ns;

	vmop_source_add_latency(req->src, VMOP_LATENCY_WAKE, wake_ns);
	trace_vmop_request_woken(req, w->status, wake_ns);
}

/* Left jiffies (1 or more): completed; 0: @timeout is over; or -ERESTARTSYS. */
static long vmop_waiter_sleep(struct vmop_waiter *w, unsigned int task_state,
			      long timeout)
{
	wait_queue_head_t *wq = &w->req->wq;

	if (task_state == TASK_INTERRUPTIBLE)
		return wait_event_interruptible_timeout(*wq,
							vmop_waiter_is_done(w),
							timeout);
	return wait_event_killable_timeout(*wq, vmop_waiter_is_done(w), timeout);
}

/**
 * vmop_waiter_wait() - wait until the request is completed, and leave it
 * @w: the wait, from vmop_source_request()
 * @task_state: TASK_INTERRUPTIBLE, or TASK_KILLABLE
 *
 * The caller holds no lock, and holds on to the VMO, and so to the source and
 * the module, in a way that other threads cannot take away. The deadline of the
 * source counts from here, for each wait anew (semantics: THR-5).
 *
 * Return: 0: look again; -ERESTARTSYS: a signal; -ETIMEDOUT: the deadline, with
 * VMOP_DEADLINE_FAIL; another -errno: what the request was failed with.
 */
int vmop_waiter_wait(struct vmop_waiter *w, unsigned int task_state)
{
	const struct vmop_source_params *params = &w->req->src->params;
	long timeout = MAX_SCHEDULE_TIMEOUT;
	long left;

	if (params->deadline_ms)
		timeout = msecs_to_jiffies(params->deadline_ms);
	do {
		left = vmop_waiter_sleep(w, task_state, timeout);
		if (!left)
			vmop_waiter_late(w);
	} while (!left && params->deadline_action == VMOP_DEADLINE_WARN);
	if (!left)
		left = -ETIMEDOUT;
	if (vmop_waiter_is_done(w))
		vmop_waiter_woken(w);
	return vmop_waiter_leave(w, left);
}

/**
 * vmop_waiter_cancel() - leave a request without waiting for it
 * @w: the wait, from vmop_source_request()
 *
 * For error paths between the two. Takes source->lock and port->lock.
 */
void vmop_waiter_cancel(struct vmop_waiter *w)
{
	vmop_waiter_leave(w, -ECANCELED);
}
