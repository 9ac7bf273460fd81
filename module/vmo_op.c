// SPDX-License-Identifier: GPL-2.0
/*
 * vmo_op.c - operations on a range of a VMO: commit, decommit, prefetch, zero,
 * hints. Ranges are bytes. A signal ends a wait for the pager; the system call
 * starts again then, or tells EINTR, as the signal's handler was set up.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

#include "page.h"
#include "request.h"
#include "trace.h"
#include "vmo.h"

/* Is the range inside the VMO, its last page counted whole? */
static int vmop_op_check_locked(struct vmop_vmo *vmo, u64 off, u64 len)
{
	u64 size = ((u64)vmop_vmo_end_pgoff(vmo) << PAGE_SHIFT) - vmo->off;

	if (off > size || len > size - off)
		return -ERANGE;
	return 0;
}

static int vmop_op_check(struct vmop_vmo *vmo, u64 off, u64 len)
{
	int ret;

	down_read(&vmo->tree->lock);
	ret = vmop_op_check_locked(vmo, off, len);
	up_read(&vmo->tree->lock);
	return ret;
}

/*
 * What stands between a populating call and position @pgoff; @end is cut to what
 * one request may ask for.
 */
static enum vmop_need vmop_op_need_locked(struct vmop_vmo *vmo, pgoff_t pgoff,
					  bool commit, struct vmop_res *res,
					  pgoff_t *end)
{
	struct vmop_cow *node = vmop_vmo_node(vmo);
	enum vmop_need need = vmop_cow_read_need(node, pgoff, res);

	/* Only memory is missing, and only who commits cares. */
	if (!commit && need == VMOP_NEED_PAGE)
		return VMOP_NEED_NOTHING;
	if (need || !commit || res->kind == VMOP_RES_BEYOND)
		return need;
	return vmop_cow_commit_need(node, pgoff, res, end);
}

/* One look; 0 to look again, 1 when the position is done. */
static int vmop_op_populate_once(struct vmop_vmo *vmo, pgoff_t pgoff,
				 pgoff_t end, bool commit, bool *beyond)
{
	enum vmop_need need;
	struct vmop_res res;

	down_read(&vmo->tree->lock);
	need = vmop_op_need_locked(vmo, pgoff, commit, &res, &end);
	if (need > VMOP_NEED_PAGE)
		return vmop_vmo_wait_locked(vmo, need, pgoff, end,
					    TASK_INTERRUPTIBLE);
	up_read(&vmo->tree->lock);
	if (need == VMOP_NEED_PAGE)
		return vmop_vmo_give_page(vmo, pgoff, false);
	*beyond = res.kind == VMOP_RES_BEYOND;
	return 1;
}

/*
 * Make every page of a range be there, asking the pager for what is absent. Who
 * commits wants memory for zeros, and a copy of what is an ancestor's. What lies
 * behind the end when its turn comes is left out (COM-3).
 */
static int vmop_op_populate(struct vmop_vmo *vmo, u64 off, u64 len,
			    bool commit, u64 *actual)
{
	pgoff_t first = vmo->off >> PAGE_SHIFT;
	pgoff_t end = first + vmop_pages_up(off + len);
	pgoff_t pgoff = vmop_vmo_pgoff(vmo, off);
	bool beyond = false;
	int ret = 0;

	while (pgoff < end && !beyond) {
		if (fatal_signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		ret = vmop_op_populate_once(vmo, pgoff, end, commit, &beyond);
		if (ret < 0)
			break;
		pgoff += ret;
		ret = 0;
		cond_resched();
	}
	if (beyond)
		pgoff = end;
	*actual = min(max((u64)(pgoff - first) << PAGE_SHIFT, off) - off, len);
	return ret;
}

/**
 * vmop_vmo_commit() - give every page of a range memory
 * @vmo: the VMO
 * @off: first byte
 * @len: bytes
 * @actual: bytes done
 *
 * (semantics: COM-1 to COM-5)
 *
 * Return: 0; -ERANGE; -ENOMEM; what the pager failed it with;
 * -ERESTARTSYS.
 */
int vmop_vmo_commit(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual)
{
	int ret = vmop_op_check(vmo, off, len);

	if (ret || !len)
		return ret;
	return vmop_op_populate(vmo, off, len, true, actual);
}

/**
 * vmop_vmo_prefetch() - ask the pager for what is absent, and wait for it
 * @vmo: the VMO
 * @off: first byte
 * @len: bytes
 * @actual: bytes done
 *
 * Takes no memory for zeros, so it does nothing to an anonymous VMO.
 * (semantics: COM-8)
 *
 * Return: as vmop_vmo_commit().
 */
int vmop_vmo_prefetch(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual)
{
	int ret = vmop_op_check(vmo, off, len);

	if (ret || !len)
		return ret;
	if (!vmo->tree->source && !vmo->tree->compose) {
		*actual = len;
		return 0;
	}
	return vmop_op_populate(vmo, off, len, false, actual);
}

/* Whole pages, as many as one hold of the lock is good for. */
static int vmop_op_zero_batch(struct vmop_vmo *vmo, pgoff_t *pgoff, pgoff_t end)
{
	struct mem_cgroup *old = vmop_vmo_lock(vmo);
	struct vmop_cow *node = vmop_vmo_node(vmo);
	pgoff_t start = *pgoff;
	int ret = -EPERM;

	if (vmo->space->sealed)
		goto out_unlock;
	ret = node->nr_pages < end ? -ERANGE :
				     vmop_cow_zero(node, start, end, pgoff);
	if (*pgoff == start)
		goto out_unlock;
	vmop_cow_modify(node);
	/* They have content now, so their readers can go on (ZERO-7). */
	if (node->source) {
		vmop_source_resolve(node->source, VMOP_REQ_READ, start, *pgoff);
		/* Dirty zeros take no room. */
		vmop_source_resolve(node->source, VMOP_REQ_ROOM, start, *pgoff);
	}
out_unlock:
	vmop_vmo_unlock(vmo, old);
	return ret;
}

/* A snapshot sees what is absent at a position: have it supplied. */
static int vmop_op_fetch(struct vmop_vmo *vmo, pgoff_t pgoff, pgoff_t end)
{
	struct vmop_res res;

	down_read(&vmo->tree->lock);
	if (vmop_cow_read_need(vmop_vmo_node(vmo), pgoff, &res) ==
	    VMOP_NEED_CONTENT)
		return vmop_vmo_wait_locked(vmo, VMOP_NEED_CONTENT, pgoff, end,
					    TASK_INTERRUPTIBLE);
	up_read(&vmo->tree->lock);
	return 0;
}

/* Whole pages of a range, with the lock dropped now and then. */
static int vmop_op_zero_pages(struct vmop_vmo *vmo, pgoff_t pgoff, pgoff_t end)
{
	unsigned int tries = VMOP_NOMEM_TRIES;
	int ret;

	do {
		if (fatal_signal_pending(current))
			return -ERESTARTSYS;
		ret = vmop_op_zero_batch(vmo, &pgoff, end);
		if (ret == -ENODATA)
			ret = vmop_op_fetch(vmo, pgoff, end);
		else if (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo))
			ret = 0;
		cond_resched();
	} while (!ret && pgoff < end);
	return ret;
}

/* Does a VMO have nobody to look to for what it lacks? */
static bool vmop_op_is_plain(struct vmop_vmo *vmo)
{
	bool plain;

	down_read(&vmo->tree->lock);
	plain = !vmop_vmo_is_view(vmo) && !vmop_vmo_node(vmo)->parent;
	up_read(&vmo->tree->lock);
	return plain && !vmo->tree->source;
}

/**
 * vmop_vmo_decommit() - drop the pages of an anonymous VMO
 * @vmo: the VMO
 * @off: first byte
 * @len: bytes
 * @actual: bytes done
 *
 * (semantics: COM-7, in its order of checks)
 *
 * Return: 0; -ERANGE; -EOPNOTSUPP for a VMO with a pager, a child, and one that
 * was cloned; -EINVAL for a range that is not whole pages; -EPERM if sealed.
 */
int vmop_vmo_decommit(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual)
{
	int ret = vmop_op_check(vmo, off, len);

	if (ret || !len)
		return ret;
	if (vmo->child_flags || !vmop_op_is_plain(vmo))
		return -EOPNOTSUPP;
	if ((off | len) & ~PAGE_MASK)
		return -EINVAL;
	ret = vmop_op_zero_pages(vmo, off >> PAGE_SHIFT,
				 (off + len) >> PAGE_SHIFT);
	if (!ret)
		*actual = len;
	return ret;
}

static void vmop_op_zero_part_locked(struct vmop_vmo *vmo,
				     struct vmop_page *page, unsigned int start,
				     unsigned int end)
{
	struct vmop_cow *node = vmop_vmo_node(vmo);

	vmop_page_lock(page);
	if (vmop_cow_dirty(node, page))
		trace_vmop_dirty(vmo->id, vmop_vmo_pos(vmo, page->pgoff),
				 PAGE_SIZE, VMOP_TRACE_DIRTY_ZERO);
	zero_user_segment(folio_page(page->folio, 0), start, end);
	vmop_page_unlock(page);
	vmop_cow_modify(node);
}

/* Write zeros to a part of one page, unless it is zeros and stays so (ZERO-2). */
static int vmop_op_zero_part(struct vmop_vmo *vmo, u64 off, u64 len)
{
	pgoff_t pgoff = vmop_vmo_pgoff(vmo, off);
	unsigned int start = offset_in_page(off);
	struct vmop_cow *node;
	enum vmop_need need;
	struct vmop_res res;
	int ret;

	for (;;) {
		down_read(&vmo->tree->lock);
		if (vmo->space->sealed) {
			up_read(&vmo->tree->lock);
			return -EPERM;
		}
		node = vmop_vmo_node(vmo);
		need = vmop_cow_write_need(node, pgoff, &res);
		if (!need || (res.kind == VMOP_RES_ZERO &&
			      vmop_cow_zeros_stay(node, &res)))
			break;
		if (need == VMOP_NEED_PAGE) {
			up_read(&vmo->tree->lock);
			ret = vmop_vmo_give_page(vmo, pgoff, true);
		} else {
			ret = vmop_vmo_wait_locked(vmo, need, pgoff, pgoff + 1,
						   TASK_INTERRUPTIBLE);
		}
		if (ret)
			return ret;
	}
	if (res.kind == VMOP_RES_PAGE)
		vmop_op_zero_part_locked(vmo, res.page, start, start + len);
	up_read(&vmo->tree->lock);
	return res.kind == VMOP_RES_BEYOND ? -ERANGE : 0;
}

/* Head first, then tail, then whole pages. */
static int vmop_op_zero(struct vmop_vmo *vmo, u64 off, u64 len)
{
	u64 end = off + len;
	u64 first = round_up(off, PAGE_SIZE);
	u64 last = round_down(end, PAGE_SIZE);
	int ret;

	if (off < first) {
		ret = vmop_op_zero_part(vmo, off, min(first, end) - off);
		if (ret)
			return ret;
	}
	if (last < end && last >= first) {
		ret = vmop_op_zero_part(vmo, last, end - last);
		if (ret)
			return ret;
	}
	return first < last ?
	       vmop_op_zero_pages(vmo, vmop_vmo_pgoff(vmo, first),
				  vmop_vmo_pgoff(vmo, last)) : 0;
}

/**
 * vmop_vmo_zero() - make a range read as zeros
 * @vmo: the VMO
 * @off: first byte
 * @len: bytes
 * @actual: bytes done: @len or 0
 *
 * Whole pages never wait for the pager, but for what a snapshot still has to see;
 * a part of a page does when the page is absent. Head first, then tail, then
 * whole pages. (semantics: ZERO-1 to ZERO-4)
 *
 * Return: 0; -ERANGE, also when the VMO is cut meanwhile; -ENOMEM; -EPERM if
 * sealed; what the pager failed it with; -ERESTARTSYS.
 */
int vmop_vmo_zero(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual)
{
	int ret = vmop_op_check(vmo, off, len);

	if (ret || !len)
		return ret;
	ret = vmop_op_zero(vmo, off, len);
	trace_vmop_zero(vmo->id, off, len, ret);
	if (!ret)
		*actual = len;
	return ret;
}

/**
 * vmop_vmo_dont_need() - let reclaim have clean pages of a range first
 * @vmo: the VMO
 * @off: first byte
 * @len: bytes
 * @actual: bytes done
 *
 * Forgets that they were used, which would earn them another round.
 * (semantics: HINT-1, HINT-2)
 *
 * Return: 0 or -ERANGE.
 */
int vmop_vmo_dont_need(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual)
{
	pgoff_t end = vmop_pages_up(vmo->off + off + len);
	pgoff_t pgoff = vmop_vmo_pgoff(vmo, off);
	struct vmop_page *page;
	struct vmop_cow *node;
	int ret;

	down_read(&vmo->tree->lock);
	ret = vmop_op_check_locked(vmo, off, len);
	node = vmop_vmo_node(vmo);
	while (!ret && node->source) {
		page = vmop_plist_next_page(&node->pages, &pgoff, end);
		if (!page)
			break;
		folio_clear_referenced(page->folio);
		pgoff++;
		cond_resched();
	}
	up_read(&vmo->tree->lock);
	if (!ret)
		*actual = len;
	return ret;
}
