// SPDX-License-Identifier: GPL-2.0
/*
 * request_writeback.c - requests to write dirty content back: who waits for
 * content to become clean (fsync), and who waits for room to dirty more (a
 * writer over its dirty_limit).
 *
 * They differ from READ and DIRTY in this:
 *
 * - They may overlap, so none is cut. Room says how many pages have to become
 *   clean; a wait for content to be clean, which ones: what becomes dirty later
 *   is not waited for, however often.
 * - A wait for content to be clean may share a request only while no reader of
 *   the port has it: who has read the record may have begun to write before the
 *   content of the second waiter was there. What the second one waits for is
 *   added. A wait for room may share any.
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

/* Let a request be about what a waiter who joins it wants, too. */
static void vmop_req_add_locked(struct vmop_req *req,
				const struct vmop_req_want *want)
{
	unsigned long shift = want->start - req->start;
	unsigned long bit;

	if (!want->todo)
		return;
	for_each_set_bit(bit, want->todo, want->end - want->start) {
		if (!test_bit(bit + shift, req->todo)) {
			__set_bit(bit + shift, req->todo);
			req->pending++;
		}
	}
}

/**
 * vmop_req_done_locked() - take an answer off what a request is about
 * @req: an outstanding request; the caller holds source->lock
 * @first: first page that is answered, inside the request
 * @last: final page that is
 *
 * Return: how many pages less are pending.
 */
unsigned long vmop_req_done_locked(struct vmop_req *req, unsigned long first,
				   unsigned long last)
{
	unsigned long bit = first - req->start;
	unsigned long nr_pages = 0;

	if (!req->todo)
		return last - first + 1;
	for_each_set_bit_from(bit, req->todo, last - req->start + 1) {
		__clear_bit(bit, req->todo);
		nr_pages++;
	}
	return nr_pages;
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
			vmop_req_add_locked(req, want);
			vmop_waiter_join_locked(w, req, want->start);
			trace_vmop_request_joined(req);
			return 0;
		}
	}
	return -ENOENT;
}

/* @want->todo is gone from there when the request has it. */
static int vmop_source_request_writeback(struct vmop_source *src,
					 struct vmop_req_want *want,
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
		if (!ret) {
			req = NULL;
			want->todo = NULL;
		}
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
 * @todo: a bit for each page, set for those that are dirty, one at least. From
 *        kcalloc(); this function or the request frees it
 * @w: the caller's wait; must be ended by vmop_waiter_wait() or
 *     vmop_waiter_cancel(), in this thread, when the function returned 0
 *
 * The caller holds the tree lock and has looked under it. He drops it before he
 * waits. VMOP_WAIT_ANSWERED then means that each page of @todo was written back;
 * after 0 he looks again.
 *
 * Takes source->lock and port->lock. Allocates, never sleeps for the pager.
 *
 * Return: 0; -ENOTCONN when pager or port are gone; -EOPNOTSUPP when the port
 * does not take WRITEBACK records; -ENOMEM.
 */
int vmop_source_request_clean(struct vmop_source *src, pgoff_t start,
			      pgoff_t end, unsigned long *todo,
			      struct vmop_waiter *w)
{
	struct vmop_req_want want = {
		.type = VMOP_REQ_WRITEBACK,
		.start = start,
		.end = end,
		.pending = bitmap_weight(todo, end - start),
		.todo = todo,
	};
	int ret;

	ret = vmop_source_request_writeback(src, &want, w);
	kfree(want.todo);
	return ret;
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
	struct vmop_req_want want = {
		.type = VMOP_REQ_ROOM,
		.start = start,
		.end = end,
		.pending = nr_pages,
	};

	return vmop_source_request_writeback(src, &want, w);
}

/**
 * vmop_source_cleaned() - dirty content of a range is clean now, or gone
 * @src: the source
 * @start: first page
 * @end: page behind the last one
 *
 * The caller holds the exclusive tree lock, under which it made the change: what
 * becomes dirty later, and is waited for anew, must not count as clean. Takes
 * source->lock and port->lock.
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
		vmop_req_finish_locked(req, VMOP_REQ_END_ANSWERED,
				       VMOP_WAIT_ANSWERED);
	spin_unlock(&src->lock);
	return ret;
}
