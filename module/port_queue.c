// SPDX-License-Identifier: GPL-2.0
/*
 * port_queue.c - what is in a port: requests and COMPLETE records, by source.
 *
 * Owns the queue side of struct vmop_source and struct vmop_req: their queues,
 * links, the state of a request and the COMPLETE record. All of that is guarded
 * by port->lock, inside source->lock. It is filled for request.c and source.c and
 * emptied for port.c.
 *
 * A source that has something to read is in port->ready, once. Readers take the
 * first source's oldest request and move the source to the end, so VMOs take
 * turns and no VMO keeps others waiting. COMPLETE comes after the last request
 * of its source; as a source gets no request after it, it is the last record.
 *
 * A source in port->ready cannot be freed: each of its queued requests holds a
 * reference on it, and so does a queued COMPLETE.
 */
#include "port_internal.h"

/* A record of @src was put in; @first: its turn is now, else it lines up. */
static void vmop_port_added_locked(struct vmop_port *port,
				   struct vmop_source *src, bool first)
{
	lockdep_assert_held(&port->lock);
	WRITE_ONCE(port->nr_records, port->nr_records + 1);
	if (first)
		list_move(&src->ready_link, &port->ready);
	else if (list_empty(&src->ready_link))
		list_add_tail(&src->ready_link, &port->ready);
}

/* A record of @src was taken out; its turn stays what it is. */
static void vmop_port_removed_locked(struct vmop_port *port,
				     struct vmop_source *src)
{
	lockdep_assert_held(&port->lock);
	WRITE_ONCE(port->nr_records, port->nr_records - 1);
	if (!vmop_source_has_record(src))
		list_del_init(&src->ready_link);
}

/**
 * vmop_port_add_source() - a new source sends its records to this port
 * @port: the port
 * @src: the source; not yet known to anybody else
 *
 * Takes port->lock.
 *
 * Return: 0, or -ENOTCONN when port or pager is closed.
 */
int vmop_port_add_source(struct vmop_port *port, struct vmop_source *src)
{
	int ret = 0;

	spin_lock(&port->lock);
	if (port->closed || port->pager_gone) {
		ret = -ENOTCONN;
	} else {
		list_add_tail(&src->port_link, &port->sources);
		port->nr_sources++;
	}
	spin_unlock(&port->lock);
	return ret;
}

/**
 * vmop_port_unlink_source_locked() - take a source out of the port's list
 * @port: the port; the caller holds port->lock
 * @src: the source; one that was told of a close is out already
 */
void vmop_port_unlink_source_locked(struct vmop_port *port,
				    struct vmop_source *src)
{
	lockdep_assert_held(&port->lock);
	if (list_empty(&src->port_link))
		return;
	list_del_init(&src->port_link);
	port->nr_sources--;
}

/**
 * vmop_port_del_source() - a source is being freed
 * @src: the source; its last reference is gone
 *
 * Takes port->lock.
 */
void vmop_port_del_source(struct vmop_source *src)
{
	struct vmop_port *port = src->port;

	spin_lock(&port->lock);
	vmop_port_unlink_source_locked(port, src);
	spin_unlock(&port->lock);
}

/**
 * vmop_port_queue() - put a new request in, and wake a reader
 * @req: the request; the caller holds source->lock
 *
 * Whether the port is open is tested under the same port->lock that puts the
 * request in. A close that comes later finds it by its source.
 *
 * Takes port->lock.
 *
 * Return: 0, or -ENOTCONN when port or pager is closed.
 */
int vmop_port_queue(struct vmop_req *req)
{
	struct vmop_source *src = req->src;
	struct vmop_port *port = src->port;
	bool open;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	open = !port->closed && !port->pager_gone;
	if (open) {
		list_add_tail(&req->queue_link, &src->queue);
		vmop_port_added_locked(port, src, false);
		/* Under the lock: before it is read. */
		trace_vmop_request_queued(req);
	}
	spin_unlock(&port->lock);
	if (!open)
		return -ENOTCONN;
	vmop_port_wake_reader(port);
	return 0;
}

/**
 * vmop_port_withdraw() - a request is completed or cancelled
 * @req: the request; the caller holds source->lock
 *
 * Takes it out if no reader has it (semantics: PKT-4, PKT-5). From here on it
 * is DONE: a reader that has it and cannot copy it will not put it back. Takes
 * port->lock.
 */
void vmop_port_withdraw(struct vmop_req *req)
{
	struct vmop_source *src = req->src;
	struct vmop_port *port = src->port;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	if (req->state == VMOP_REQ_NEW) {
		list_del_init(&req->queue_link);
		vmop_port_removed_locked(port, src);
	}
	req->state = VMOP_REQ_DONE;
	spin_unlock(&port->lock);
}

/**
 * vmop_port_queue_complete() - put the source's COMPLETE record in, once
 * @src: the source; the caller holds source->lock, and the source is not live
 *
 * Does nothing when it was put in before, or when port or pager is closed: then
 * there never is one. Takes port->lock.
 *
 * Return: whether it was put in.
 */
bool vmop_port_queue_complete(struct vmop_source *src)
{
	struct vmop_port *port = src->port;
	bool queued;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	queued = src->complete == VMOP_COMPLETE_NONE && !port->closed &&
		 !port->pager_gone;
	if (queued) {
		src->complete = VMOP_COMPLETE_QUEUED;
		vmop_source_get(src);
		vmop_port_added_locked(port, src, false);
	}
	spin_unlock(&port->lock);
	if (queued)
		vmop_port_wake_reader(port);
	return queued;
}

/**
 * vmop_port_withdraw_complete() - there is no COMPLETE record, now and later
 * @src: the source; the caller holds source->lock
 *
 * Takes port->lock.
 *
 * Return: whether the caller must put the reference on @src that the queued
 * record had.
 */
bool vmop_port_withdraw_complete(struct vmop_source *src)
{
	struct vmop_port *port = src->port;
	bool queued;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	queued = src->complete == VMOP_COMPLETE_QUEUED;
	src->complete = VMOP_COMPLETE_TAKEN;
	if (queued)
		vmop_port_removed_locked(port, src);
	spin_unlock(&port->lock);
	return queued;
}

/**
 * vmop_port_take() - take the next record out, for a reader
 * @port: the port
 * @taken: the record; ended by vmop_port_taken_done() or vmop_port_untake()
 *
 * The reference of a request's record is a new one, that of a COMPLETE record is
 * the queue's. The source goes to the end of the line when it has more. Takes
 * port->lock.
 *
 * Return: whether there was one.
 */
bool vmop_port_take(struct vmop_port *port, struct vmop_taken *taken)
{
	struct vmop_source *src = NULL;
	struct vmop_req *req;

	spin_lock(&port->lock);
	if (!port->pager_gone)
		src = list_first_entry_or_null(&port->ready, struct vmop_source,
					       ready_link);
	taken->src = src;
	if (src) {
		req = list_first_entry_or_null(&src->queue, struct vmop_req,
					       queue_link);
		taken->req = req;
		if (req) {
			vmop_req_get(req);
			list_del_init(&req->queue_link);
			req->state = VMOP_REQ_DELIVERED;
			req->read_ns = ktime_get_ns();
			taken->queue_ns = req->read_ns - req->queued_ns;
			trace_vmop_request_read(req, port->id);
		} else {
			src->complete = VMOP_COMPLETE_TAKEN;
		}
		list_move_tail(&src->ready_link, &port->ready);
		vmop_port_removed_locked(port, src);
	}
	spin_unlock(&port->lock);
	return src;
}

static void vmop_port_taken_put(struct vmop_taken *taken)
{
	if (taken->req)
		vmop_req_put(taken->req);
	else
		vmop_source_put(taken->src);
}

/**
 * vmop_port_taken_done() - the record was copied
 * @taken: from vmop_port_take()
 */
void vmop_port_taken_done(struct vmop_taken *taken)
{
	if (taken->req)
		vmop_source_add_latency(taken->src, VMOP_LATENCY_QUEUE,
					taken->queue_ns);
	vmop_port_taken_put(taken);
}

/*
 * Back to its place in the queue, which is in the order of the ids: of several
 * readers that fail at once, the one with the newer record may come first.
 */
static void vmop_port_requeue_locked(struct vmop_req *req)
{
	struct list_head *queue = &req->src->queue;
	struct list_head *pos;

	list_for_each(pos, queue) {
		if (list_entry(pos, struct vmop_req, queue_link)->id > req->id)
			break;
	}
	list_add_tail(&req->queue_link, pos);
	req->state = VMOP_REQ_NEW;
	req->read_ns = 0;
}

/**
 * vmop_port_untake() - the record could not be copied
 * @port: the port
 * @taken: from vmop_port_take()
 *
 * Its source is the next to be read again. But not when the request was completed
 * meanwhile, and no COMPLETE after the pager's close, which has emptied, or will
 * empty, the queues of this source. Takes port->lock.
 */
void vmop_port_untake(struct vmop_port *port, struct vmop_taken *taken)
{
	struct vmop_source *src = taken->src;
	struct vmop_req *req = taken->req;
	bool back;

	spin_lock(&port->lock);
	if (req) {
		back = req->state == VMOP_REQ_DELIVERED;
		if (back) {
			vmop_port_requeue_locked(req);
			trace_vmop_request_unread(req);
		}
	} else {
		back = !port->pager_gone;
		if (back) {
			src->complete = VMOP_COMPLETE_QUEUED;
			vmop_source_get(src);
		}
	}
	if (back)
		vmop_port_added_locked(port, src, true);
	spin_unlock(&port->lock);
	if (back)
		vmop_port_wake_reader(port);
	vmop_port_taken_put(taken);
}
