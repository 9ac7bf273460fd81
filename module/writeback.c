// SPDX-License-Identifier: GPL-2.0
/*
 * writeback.c - what a pager does about dirty content: agree that it becomes
 * dirty, ask what is, write it back; and the statistics that help it. One of the
 * files that touch user memory.
 *
 * The tree lock is never held over a copy to user space: a query gathers a few
 * ranges under it, then copies them, then goes on behind the last one.
 */
#include <linux/fs.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include <linux/vmopager.h>

#include "ioctl.h"
#include "page.h"
#include "pager.h"
#include "request.h"
#include "trace.h"
#include "vmo.h"
#include "writeback.h"

/* Ranges that a query gathers under one hold of the tree lock. */
#define VMOP_QUERY_BATCH 32

/* Agreeing. */

static int vmop_dirty_check_locked(struct vmop_vmo *vmo, pgoff_t end)
{
	enum vmop_vmo_state state = vmop_source_state(vmo->tree->source);

	if (end > vmo->space->tracked->nr_pages)
		return -ERANGE;
	if (state != VMOP_VMO_STATE_LIVE && state != VMOP_VMO_STATE_PORT_GONE)
		return -ENOTCONN;
	return 0;
}

/* Get a page ready for each zero that has none; those that are there count. */
static int vmop_dirty_prepare(struct vmop_vmo *vmo, unsigned long nr_pages,
			      unsigned long *nr_ready, struct list_head *pages)
{
	struct vmop_page *page;

	for (; *nr_ready < nr_pages; ++*nr_ready) {
		if (fatal_signal_pending(current))
			return -EINTR;
		page = vmop_vmo_alloc_page(vmo, true);
		if (!page)
			return -ENOMEM;
		list_add(&page->lru, pages);
		cond_resched();
	}
	return 0;
}

static void vmop_dirty_drop(struct list_head *pages)
{
	struct vmop_page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru) {
		list_del_init(&page->lru);
		vmop_page_free(page);
	}
}

/* -EAGAIN: there are more zeros now than pages are ready. */
static int vmop_dirty_commit(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end,
			     unsigned long nr_ready, struct list_head *pages)
{
	struct mem_cgroup *old = vmop_vmo_lock(vmo);
	unsigned long nr_zeros;
	int ret;

	ret = vmop_dirty_check_locked(vmo, end);
	if (!ret)
		ret = vmop_cow_count_zeros(vmo->space->tracked, start, end, &nr_zeros);
	if (!ret && nr_zeros > nr_ready)
		ret = -EAGAIN;
	if (!ret)
		ret = vmop_cow_make_dirty(vmo->space->tracked, start, end, pages);
	if (!ret)
		vmop_source_resolve(vmo->tree->source, VMOP_REQ_DIRTY, start,
				    end);
	vmop_vmo_unlock(vmo, old);
	return ret;
}

static int vmop_dirty_count(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end,
			    unsigned long *nr_zeros)
{
	int ret;

	down_read(&vmo->tree->lock);
	ret = vmop_dirty_check_locked(vmo, end);
	if (!ret)
		ret = vmop_cow_count_zeros(vmo->space->tracked, start, end, nr_zeros);
	up_read(&vmo->tree->lock);
	return ret;
}

static int vmop_dirty_try(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end)
{
	unsigned int tries = VMOP_NOMEM_TRIES;
	unsigned long nr_zeros, nr_ready = 0;
	LIST_HEAD(pages);
	int ret;

	do {
		ret = vmop_dirty_count(vmo, start, end, &nr_zeros);
		if (!ret)
			ret = vmop_dirty_prepare(vmo, nr_zeros, &nr_ready,
						 &pages);
		if (ret)
			break;
		ret = vmop_dirty_commit(vmo, start, end, nr_ready, &pages);
		if (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo))
			ret = -EAGAIN;
	} while (ret == -EAGAIN);
	vmop_dirty_drop(&pages);
	return ret;
}

/**
 * vmop_op_dirty() - VMOP_PAGER_OP_DIRTY
 * @vmo: the VMO
 * @start: first page
 * @end: page behind the last one
 *
 * All or nothing. When it fails about the content, who waits looks again and asks
 * for what it is really about (semantics: DT-6 to DT-11).
 *
 * Context: no lock of ours.
 * Return: 0; -EOPNOTSUPP; -ERANGE; -ENOTCONN; -ENOENT when a position is absent;
 * -ENOMEM; -EINTR.
 */
int vmop_op_dirty(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end)
{
	int ret;

	if (!vmo->space->tracked->trap_dirty)
		return -EOPNOTSUPP;
	ret = vmop_dirty_try(vmo, start, end);
	if (!ret)
		trace_vmop_dirty(vmo->id, vmop_vmo_pos(vmo, start),
				 (u64)(end - start) << PAGE_SHIFT,
				 VMOP_TRACE_DIRTY_AGREED);
	if (ret && ret != -ERANGE)
		vmop_source_resolve(vmo->tree->source, VMOP_REQ_DIRTY, start,
				    end);
	return ret;
}

/* Writing back. */

/**
 * vmop_op_writeback_begin() - VMOP_PAGER_OP_WRITEBACK_BEGIN
 * @vmo: the VMO
 * @start: first page
 * @end: page behind the last one
 * @flags: enum vmop_dirty_flags
 *
 * (semantics: WB-1 to WB-8)
 *
 * Context: no lock of ours.
 * Return: 0; -ERANGE and nothing done. What is cut off meanwhile is left out.
 */
int vmop_op_writeback_begin(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end,
			    u64 flags)
{
	struct vmop_cow *node = vmo->space->tracked;
	bool zero = flags & VMOP_DIRTY_ZERO;
	u64 len = (u64)(end - start) << PAGE_SHIFT;
	pgoff_t next = start;
	struct mem_cgroup *old;

	do {
		old = vmop_vmo_lock(vmo);
		if (end > node->nr_pages && next == start) {
			vmop_vmo_unlock(vmo, old);
			return -ERANGE;
		}
		end = min(end, node->nr_pages);
		if (next < end)
			vmop_cow_writeback_begin(node, next, end, zero, &next);
		vmop_vmo_unlock(vmo, old);
		cond_resched();
	} while (next < end);
	trace_vmop_writeback_begin(vmo->id, vmop_vmo_pos(vmo, start), len, 0);
	return 0;
}

static void vmop_writeback_cleaned(void *ctx, pgoff_t start, pgoff_t end)
{
	vmop_source_cleaned(ctx, start, end);
}

/**
 * vmop_op_writeback_end() - VMOP_PAGER_OP_WRITEBACK_END
 * @vmo: the VMO
 * @start: first page
 * @end: page behind the last one
 *
 * (semantics: WB-9 to WB-20)
 *
 * Context: no lock of ours.
 * Return: 0; -ERANGE and nothing done; -ENOMEM when some zeros stay dirty.
 */
int vmop_op_writeback_end(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end)
{
	struct vmop_cow *node = vmo->space->tracked;
	unsigned int tries = VMOP_NOMEM_TRIES;
	struct mem_cgroup *old;
	int ret;

	do {
		old = vmop_vmo_lock(vmo);
		ret = -ERANGE;
		if (end <= node->nr_pages)
			ret = vmop_cow_writeback_end(node, start, end,
						     vmop_writeback_cleaned,
						     node->source);
		vmop_vmo_unlock(vmo, old);
	} while (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo));
	trace_vmop_writeback_end(vmo->id, vmop_vmo_pos(vmo, start),
				 (u64)(end - start) << PAGE_SHIFT, ret);
	return ret;
}

/* Asking. */

/**
 * struct vmop_query - a query in progress
 * @node: whose content
 * @pgoff: where to go on
 * @end: page behind the last one
 * @ranges: gathered
 * @nr_ranges: how many of them
 * @over: there is no more behind @pgoff
 */
struct vmop_query {
	struct vmop_cow *node;
	pgoff_t pgoff;
	pgoff_t end;
	struct vmop_dirty_range ranges[VMOP_QUERY_BATCH];
	unsigned int nr_ranges;
	bool over;
};

static int vmop_query_start(struct vmop_query *query, struct vmop_vmo *vmo,
			    const struct vmop_query_dirty *cmd)
{
	struct vmop_cow *node = vmo->space->tracked;
	u64 size;

	down_read(&vmo->tree->lock);
	size = (u64)node->nr_pages << PAGE_SHIFT;
	up_read(&vmo->tree->lock);
	if (cmd->offset > size || cmd->length > size - cmd->offset)
		return -ERANGE;
	query->node = node;
	query->pgoff = cmd->offset >> PAGE_SHIFT;
	query->end = vmop_pages_up(cmd->offset + cmd->length);
	query->over = !cmd->length;
	return 0;
}

/* Gather the next ranges, at most @max. */
static void vmop_query_gather(struct vmop_query *query, u64 max)
{
	struct vmop_cow *node = query->node;
	struct vmop_dirty_run run;

	query->nr_ranges = 0;
	down_read(&node->tree->lock);
	query->end = min(query->end, node->nr_pages);
	while (!query->over && query->nr_ranges < max &&
	       query->nr_ranges < VMOP_QUERY_BATCH) {
		struct vmop_dirty_range *range =
			&query->ranges[query->nr_ranges];

		query->over = !vmop_plist_next_dirty(&node->pages,
						     query->pgoff, query->end,
						     &run);
		if (query->over)
			break;
		range->offset = (u64)run.start << PAGE_SHIFT;
		range->length = (u64)(run.end - run.start) << PAGE_SHIFT;
		range->flags = run.zero ? VMOP_DIRTY_ZERO : 0;
		query->nr_ranges++;
		query->pgoff = run.end;
	}
	up_read(&node->tree->lock);
	cond_resched();
}

/*
 * Fill the buffer. Whole ranges only: one that does not reach user space is as
 * if it had not been looked at.
 */
static int vmop_query_copy(struct vmop_query *query,
			   struct vmop_query_dirty *cmd)
{
	struct vmop_dirty_range __user *to = u64_to_user_ptr(cmd->ranges_uptr);
	unsigned int i;

	while (!query->over && cmd->out_actual < cmd->nr_ranges) {
		if (fatal_signal_pending(current))
			return -EINTR;
		vmop_query_gather(query, cmd->nr_ranges - cmd->out_actual);
		for (i = 0; i < query->nr_ranges; i++) {
			if (copy_to_user(to + cmd->out_actual,
					 &query->ranges[i],
					 sizeof(query->ranges[i])))
				return -EFAULT;
			cmd->out_actual++;
		}
	}
	return 0;
}

static int vmop_query(struct vmop_vmo *vmo, struct vmop_query_dirty *cmd)
{
	struct vmop_query query;
	int ret;

	ret = vmop_query_start(&query, vmo, cmd);
	if (!ret)
		ret = vmop_query_copy(&query, cmd);
	if (ret || !(cmd->flags & VMOP_QUERY_AVAIL))
		return ret;
	cmd->out_avail = cmd->out_actual;
	while (!query.over) {
		if (fatal_signal_pending(current))
			return -EINTR;
		vmop_query_gather(&query, VMOP_QUERY_BATCH);
		cmd->out_avail += query.nr_ranges;
	}
	return 0;
}

/**
 * vmop_query_dirty_ioctl() - VMOP_QUERY_DIRTY
 * @ucmd: the command
 *
 * (semantics: QRY-1 to QRY-8)
 *
 * Return: see the uapi header.
 */
int vmop_query_dirty_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_query_dirty *cmd = ucmd->cmd;
	struct vmop_vmo *vmo;
	struct file *file;
	int ret;

	cmd->out_actual = 0;
	cmd->out_avail = 0;
	if ((cmd->flags & ~VMOP_QUERY_AVAIL) || cmd->__reserved)
		return -EOPNOTSUPP;
	ret = vmop_check_range(cmd->offset, cmd->length);
	if (ret)
		return ret;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	ret = vmop_query(vmo, cmd);
	fput(file);
	return ret;
}

static void vmop_stats(struct vmop_vmo *vmo, struct vmop_query_stats *cmd)
{
	struct vmop_cow *node = vmo->space->tracked;
	struct vmop_source_info counters;
	struct vmop_dirty_span span;
	unsigned long nr_dirty, nr_awaiting;

	down_read(&vmo->tree->lock);
	if (cmd->flags & VMOP_STATS_RESET)
		cmd->out_modified = xchg(&node->modified, false);
	else
		cmd->out_modified = READ_ONCE(node->modified);
	nr_dirty = vmop_plist_nr_dirty_all(&node->pages);
	nr_awaiting = vmop_plist_nr_awaiting(&node->pages, 0, node->nr_pages);
	vmop_cow_dirty_span(node, 0, node->nr_pages, &span);
	up_read(&vmo->tree->lock);
	vmop_source_info(node->source, &counters);
	cmd->out_dirty = (u64)nr_dirty << PAGE_SHIFT;
	cmd->out_awaiting_clean = (u64)nr_awaiting << PAGE_SHIFT;
	cmd->out_dirty_zero = (u64)(span.nr_pages - min(span.nr_pages, nr_dirty))
			      << PAGE_SHIFT;
	cmd->out_dirty_limit = (u64)node->dirty_limit << PAGE_SHIFT;
	cmd->out_dirty_requests = counters.dirty_requests;
	cmd->out_writeback_requests = counters.writeback_requests;
	cmd->out_cleaned = (u64)atomic_long_read(&node->nr_cleaned)
			   << PAGE_SHIFT;
}

/**
 * vmop_query_stats_ioctl() - VMOP_QUERY_STATS
 * @ucmd: the command
 *
 * (semantics: STA-1 to STA-5)
 *
 * Return: see the uapi header.
 */
int vmop_query_stats_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_query_stats *cmd = ucmd->cmd;
	struct vmop_vmo *vmo;
	struct file *file;

	if (cmd->flags & ~VMOP_STATS_RESET)
		return -EOPNOTSUPP;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	vmop_stats(vmo, cmd);
	fput(file);
	return 0;
}
