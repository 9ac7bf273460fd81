// SPDX-License-Identifier: GPL-2.0
/*
 * request_info.c - which requests are outstanding, and what is told about them and
 * their source. It changes nothing. Locks: source->lock.
 */
#include "port.h"
#include "request.h"

/**
 * vmop_source_find_id_locked() - the outstanding request with an id
 * @src: the source; the caller holds source->lock
 * @id: from the request's record
 *
 * Return: the request or NULL.
 */
struct vmop_req *vmop_source_find_id_locked(struct vmop_source *src, u64 id)
{
	struct vmop_req *req;

	lockdep_assert_held(&src->lock);
	list_for_each_entry(req, &src->outstanding, out_link)
		if (req->id == id)
			return req;
	return NULL;
}

/**
 * vmop_req_record_type() - what a request is to the pager
 * @req: the request
 *
 * Return: the type of its record.
 */
enum vmop_record_type vmop_req_record_type(const struct vmop_req *req)
{
	switch (req->type) {
	case VMOP_REQ_READ:
		return VMOP_RECORD_READ;
	case VMOP_REQ_DIRTY:
		return VMOP_RECORD_DIRTY;
	default:
		return VMOP_RECORD_WRITEBACK;
	}
}

/**
 * vmop_req_info_locked() - what is told about a request
 * @req: an outstanding request; the caller holds source->lock
 * @now_ns: CLOCK_MONOTONIC
 * @info: filled in
 */
void vmop_req_info_locked(struct vmop_req *req, u64 now_ns,
			  struct vmop_req_info *info)
{
	struct vmop_waiter *w;

	lockdep_assert_held(&req->src->lock);
	info->id = req->id;
	info->type = vmop_req_record_type(req);
	info->delivered = READ_ONCE(req->state) != VMOP_REQ_NEW;
	info->offset = (u64)req->start << PAGE_SHIFT;
	info->len = (u64)(req->last - req->start + 1) << PAGE_SHIFT;
	info->age_ns = now_ns - req->queued_ns;
	info->num_waiters = 0;
	list_for_each_entry(w, &req->waiters, link)
		info->num_waiters++;
}

/**
 * vmop_source_pending() - outstanding requests in the order of their ids
 * @src: the source
 * @after: only those with a greater id
 * @infos: filled in
 * @max: how many fit
 *
 * Takes source->lock.
 *
 * Return: how many were filled in; fewer than @max only if there are no more.
 */
unsigned int vmop_source_pending(struct vmop_source *src, u64 after,
				 struct vmop_req_info *infos, unsigned int max)
{
	u64 now_ns = ktime_get_ns();
	struct vmop_req *req;
	unsigned int nr = 0;

	spin_lock(&src->lock);
	list_for_each_entry(req, &src->outstanding, out_link) {
		if (nr == max)
			break;
		if (req->id > after)
			vmop_req_info_locked(req, now_ns, &infos[nr++]);
	}
	spin_unlock(&src->lock);
	return nr;
}

/**
 * vmop_source_info() - a consistent snapshot of state and counters
 * @src: the source
 * @out: filled in
 *
 * Takes source->lock.
 */
void vmop_source_info(struct vmop_source *src, struct vmop_source_info *out)
{
	struct vmop_req *oldest;

	spin_lock(&src->lock);
	*out = src->counters;
	out->state = src->state;
	oldest = list_first_entry_or_null(&src->outstanding, struct vmop_req,
					  out_link);
	if (oldest)
		out->oldest_ns = ktime_get_ns() - oldest->queued_ns;
	spin_unlock(&src->lock);
}

/**
 * vmop_source_tell_complete() - tell who listens that COMPLETE went to the port
 * @src: the source
 *
 * Context: no lock of ours.
 */
void vmop_source_tell_complete(struct vmop_source *src)
{
	struct vmop_event event = {
		.type = VMOP_NL_EVENT_COMPLETE,
		.object = VMOP_NL_OBJECT_VMO,
		.owner = src->params.owner,
		.pager_id = src->params.pager_id,
		.port_id = vmop_port_id(src->port),
		.vmo_id = src->params.vmo_id,
	};

	vmop_event_send(&event);
}
