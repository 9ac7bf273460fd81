// SPDX-License-Identifier: GPL-2.0
/*
 * vmo_wait.c - what an access to a VMO needs from the pager becomes a request,
 * and a wait. All waits for a pager but those of faults end here; faults make
 * their request here and wait by themselves, as they have locks to drop.
 */
#include <linux/slab.h>

#include "compose.h"
#include "request.h"
#include "vmo.h"

/* A writer over the limit goes on when this part of it is clean again. */
#define VMOP_ROOM_PART 4

/* So many writers may ask for leave at once without going over the limit. */
#define VMOP_GRANT_PART 16

/* Pages that one wait for writeback is about: each takes a bit of memory. */
#define VMOP_SYNC_PAGES BIT(16)

static int vmop_vmo_request_room_locked(struct vmop_vmo *vmo,
					struct vmop_waiter *w)
{
	struct vmop_cow *node = vmop_vmo_node(vmo);
	struct vmop_dirty_span span;
	unsigned long nr_pages;

	/* Only zeros: there is room by now. */
	if (!vmop_cow_dirty_span(node, 0, node->nr_pages, &span))
		return -EAGAIN;
	nr_pages = max(node->dirty_limit / VMOP_ROOM_PART, 1UL);
	return vmop_source_request_room(node->source, span.start, span.end,
					min(nr_pages, span.nr_pages), w);
}

/*
 * What is agreed to becomes dirty at once. So one request takes only this part of
 * the room that is left under the limit, as others may be asking, too.
 */
static pgoff_t vmop_vmo_grant_end(struct vmop_cow *node, pgoff_t start,
				  pgoff_t end)
{
	unsigned long nr_dirty = vmop_plist_nr_dirty_all(&node->pages);
	unsigned long room;

	if (!node->dirty_limit)
		return vmop_cow_clean_end(node, start, end);
	room = node->dirty_limit - min(nr_dirty, node->dirty_limit);
	end = min(end, start + max(room / VMOP_GRANT_PART, 1UL));
	return vmop_cow_clean_end(node, start, end);
}

/* Asked for where the root has it, whichever clone wants it. */
static int vmop_vmo_request_content_locked(struct vmop_vmo *vmo, pgoff_t start,
					   pgoff_t end, struct vmop_waiter *w)
{
	struct vmop_res res = vmop_cow_resolve(vmop_vmo_node(vmo), start);

	return vmop_source_request(vmo->tree->source, VMOP_REQ_READ, res.pgoff,
				   res.pgoff + (end - start), w);
}

/**
 * vmop_vmo_request_locked() - ask the pager for what an access needs
 * @vmo: the VMO
 * @need: what it needs at @start; something that a pager is asked for
 * @start: first page
 * @end: end of what the caller wants; the request ends before, where something
 *       else is needed
 * @w: the wait; see vmop_source_request()
 *
 * Context: shared tree lock, held since the need was seen; dropped.
 * Return: 0; -EAGAIN: look again, without a wait; another negative errno.
 */
int vmop_vmo_request_locked(struct vmop_vmo *vmo, enum vmop_need need,
			    pgoff_t start, pgoff_t end, struct vmop_waiter *w)
{
	struct vmop_cow *node = vmop_vmo_node(vmo);
	int ret;

	switch (need) {
	case VMOP_NEED_CONTENT:
		end = vmop_cow_absent_end(node, start, end);
		if (vmo->tree->compose) {
			up_read(&vmo->tree->lock);
			return vmop_compose_fetch(vmo, start, end - start, w);
		}
		ret = vmop_vmo_request_content_locked(vmo, start, end, w);
		break;
	case VMOP_NEED_GRANT:
		end = vmop_vmo_grant_end(node, start, end);
		ret = vmop_source_request(node->source, VMOP_REQ_DIRTY, start,
					  end, w);
		break;
	default:
		ret = vmop_vmo_request_room_locked(vmo, w);
	}
	up_read(&vmo->tree->lock);
	if (need == VMOP_NEED_ROOM)
		vmop_vmo_tell_limit(vmo, VMOP_NL_LIMIT_DIRTY);
	return ret;
}

/**
 * vmop_vmo_wait_locked() - ask the pager for what an access needs, and wait
 * @vmo: the VMO
 * @need: as in vmop_vmo_request_locked()
 * @start: first page
 * @end: end of what the caller wants
 * @state: TASK_KILLABLE or TASK_INTERRUPTIBLE
 *
 * Context: shared tree lock on entry; dropped before the wait, and on return.
 * Return: 0 when it is time to look again; -ERESTARTSYS for a signal; another
 * negative errno.
 */
int vmop_vmo_wait_locked(struct vmop_vmo *vmo, enum vmop_need need,
			 pgoff_t start, pgoff_t end, unsigned int state)
{
	struct vmop_waiter waiter;
	int ret;

	ret = vmop_vmo_request_locked(vmo, need, start, end, &waiter);
	if (ret)
		return ret == -EAGAIN ? 0 : ret;
	ret = vmop_waiter_wait(&waiter, state);
	return ret == VMOP_WAIT_ANSWERED ? 0 : ret;
}

static int vmop_vmo_request_clean_locked(struct vmop_vmo *vmo, pgoff_t start,
					 pgoff_t end, struct vmop_waiter *w)
{
	unsigned long *todo;

	todo = kcalloc(BITS_TO_LONGS(end - start), sizeof(*todo),
		       GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	if (!todo)
		return -ENOMEM;
	vmop_cow_dirty_map(vmop_vmo_node(vmo), start, end, todo);
	return vmop_source_request_clean(vmo->tree->source, start, end, todo, w);
}

/**
 * vmop_vmo_sync() - wait until what is dirty now is written back
 * @vmo: the VMO
 * @start: first page, in the VMO's node
 * @end: page behind the last one
 * @state: TASK_KILLABLE or TASK_INTERRUPTIBLE
 *
 * In large pieces, one after the other. What becomes dirty meanwhile is not waited
 * for, but in pieces that are still to come. A page that is changed each time that
 * the pager writes it never becomes clean: then it takes the pager's answer to the
 * WRITEBACK record to end this.
 *
 * Context: no lock of ours.
 * Return: 0; -ERESTARTSYS for a signal; -ENOTCONN when the pager is gone;
 * -EOPNOTSUPP when it does not take WRITEBACK records; what it failed them with;
 * -ETIMEDOUT; -ENOMEM.
 */
int vmop_vmo_sync(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end,
		  unsigned int state)
{
	struct vmop_dirty_span span;
	struct vmop_waiter waiter;
	struct vmop_cow *node;
	int ret;

	if (!vmo->tree->source)
		return 0;
	do {
		down_read(&vmo->tree->lock);
		node = vmop_vmo_node(vmo);
		/* A clone is nobody's to write back. */
		if (!node->source ||
		    !vmop_cow_dirty_span(node, start, end, &span)) {
			up_read(&vmo->tree->lock);
			return 0;
		}
		end = span.end;
		span.end = min(end, span.start + VMOP_SYNC_PAGES);
		ret = vmop_vmo_request_clean_locked(vmo, span.start, span.end,
						    &waiter);
		up_read(&vmo->tree->lock);
		if (!ret)
			ret = vmop_waiter_wait(&waiter, state);
		if (ret == VMOP_WAIT_ANSWERED)
			start = span.end;
	} while (ret >= 0);
	return ret;
}
