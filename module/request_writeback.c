// SPDX-License-Identifier: GPL-2.0
/*
 * request_writeback.c - requests to write dirty content back: who waits for
 * content to become clean (fsync), and who waits for room to dirty more (a
 * writer over its dirty_limit).
 *
 * They differ from READ and DIRTY in this:
 *
 * - They may overlap, so none is cut. Each says how many pages have to become
 *   clean.
 * - A wait for content to be clean may share a request only while no reader of
 *   the port has it: who has read the record may have begun to write before the
 *   content of the second waiter was there. A wait for room may share any.
 * - The pager may answer the record itself by its id, instead of page by page:
 *   all that was dirty when it read the record is written.
 * - They are made of a detached source too: the pager may still write back what
 *   is dirty, though it gets no record any more (semantics: DET-5). Not once the
 *   pager is closed.
 *
 * Locks: as in request.c.
 */
#include "port.h"
#include "request.h"

/* Would this outstanding request do? */
static bool vmop_req_serves(const struct vmop_req *req,
			    const struct vmop_req_want *want)
{
	if (want->type == VMOP_REQ_ROOM)
		return true;
	return READ_ONCE(req->state) == VMOP_REQ_NEW &&
	       req->start <= want->start && req->last >= want->end - 1;
}

/*
 * Join one that serves. -ENOENT: there is none; -ENOTCONN: nobody will ever
 * write back; -EOPNOTSUPP: the pager does not want such records.
 */
static int vmop_source_join_writeback_locked(struct vmop_source *src,
					     const struct vmop_req_want *want,
					     struct vmop_waiter *w)
{
	struct vmop_req *req;

	if (src->pager_gone || (src->state != VMOP_VMO_STATE_LIVE &&
				src->state != VMOP_VMO_STATE_DETACHED))
		return -ENOTCONN;
	if (!vmop_source_takes_writeback(src))
		return -EOPNOTSUPP;
	for (req = vmop_source_next_locked(src, want->type, 0); req;
	     req = vmop_source_after_locked(req)) {
		if (vmop_req_serves(req, want)) {
			vmop_waiter_join_locked(w, req, want->start);
			return 0;
		}
	}
	return -ENOENT;
}

static int vmop_source_request_writeback(struct vmop_source *src,
					 const struct vmop_req_want *want,
					 struct vmop_waiter *w)
{
	struct vmop_req *req;
	int ret;

	spin_lock(&src->lock);
	ret = vmop_source_join_writeback_locked(src, want, w);
	spin_unlock(&src->lock);
	if (ret != -ENOENT)
		return ret;

	req = vmop_req_alloc(src, want->type);
	if (!req)
		return -ENOMEM;
	spin_lock(&src->lock);
	ret = vmop_source_join_writeback_locked(src, want, w);
	if (ret == -ENOENT) {
		ret = vmop_req_enter_locked(req, want, w);
		if (!ret)
			req = NULL;
	}
	spin_unlock(&src->lock);
	if (req)
		vmop_req_put(req);
	return ret;
}

/**
 * vmop_source_request_clean() - ask the pager to write back what is dirty
 * @src: the source
 * @start: first page that is dirty
 * @end: page behind the last one that is, greater than @start
 * @nr_dirty: how many in between are
 * @w: the caller's wait; must be ended by vmop_waiter_wait() or
 *     vmop_waiter_cancel(), in this thread, when the function returned 0
 *
 * The caller holds the tree lock and has counted under it. He drops it before he
 * waits, and looks again afterwards, unless the result is VMOP_WAIT_ANSWERED.
 *
 * Takes source->lock and port->lock. Allocates, never sleeps for the pager.
 *
 * Return: 0; -ENOTCONN when pager or port are gone; -EOPNOTSUPP when the port
 * does not take WRITEBACK records; -ENOMEM.
 */
int vmop_source_request_clean(struct vmop_source *src, pgoff_t start,
			      pgoff_t end, unsigned long nr_dirty,
			      struct vmop_waiter *w)
{
	struct vmop_req_want want = {
		VMOP_REQ_WRITEBACK, start, end, nr_dirty
	};

	return vmop_source_request_writeback(src, &want, w);
}

/**
 * vmop_source_request_room() - ask the pager to write back something
 * @src: the source
 * @start: first page that is dirty
 * @end: page behind the last one that is, greater than @start
 * @nr_pages: how many pages should become clean before it is worth to go on
 * @w: as in vmop_source_request_clean()
 *
 * Return: as vmop_source_request_clean().
 */
int vmop_source_request_room(struct vmop_source *src, pgoff_t start,
			     pgoff_t end, unsigned long nr_pages,
			     struct vmop_waiter *w)
{
	struct vmop_req_want want = { VMOP_REQ_ROOM, start, end, nr_pages };

	return vmop_source_request_writeback(src, &want, w);
}

/**
 * vmop_source_cleaned() - dirty content of a range is clean now, or gone
 * @src: the source
 * @start: first page
 * @end: page behind the last one
 *
 * Called after the change was made under the exclusive tree lock, which may have
 * been dropped since. Takes source->lock and port->lock.
 */
void vmop_source_cleaned(struct vmop_source *src, pgoff_t start, pgoff_t end)
{
	vmop_source_resolve(src, VMOP_REQ_WRITEBACK, start, end);
	vmop_source_resolve(src, VMOP_REQ_ROOM, start, end);
}

/**
 * vmop_source_answer_id() - the pager has done what a WRITEBACK record asked
 * @src: the source
 * @id: from the record
 *
 * An id that is not outstanding is fine: the answer comes late. Takes
 * source->lock and port->lock.
 *
 * Return: 0, or -EINVAL for a request of another kind.
 */
int vmop_source_answer_id(struct vmop_source *src, u64 id)
{
	struct vmop_req *req;
	int ret = 0;

	spin_lock(&src->lock);
	req = vmop_source_find_id_locked(src, id);
	if (req && (req->type == VMOP_REQ_READ || req->type == VMOP_REQ_DIRTY))
		ret = -EINVAL;
	else if (req)
		vmop_req_finish_locked(req, VMOP_WAIT_ANSWERED);
	spin_unlock(&src->lock);
	return ret;
}
