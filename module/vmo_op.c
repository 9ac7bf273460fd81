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
#include "vmo.h"

/* Is the range inside the VMO, its last page counted whole? */
static int vmop_op_check_locked(struct vmop_vmo *vmo, u64 off, u64 len)
{
	u64 size = (u64)vmo->node.nr_pages << PAGE_SHIFT;

	if (off > size || len > size - off)
		return -ERANGE;
	return 0;
}

static int vmop_op_check(struct vmop_vmo *vmo, u64 off, u64 len)
{
	int ret;

	down_read(&vmo->node.tree->lock);
	ret = vmop_op_check_locked(vmo, off, len);
	up_read(&vmo->node.tree->lock);
	return ret;
}

/*
 * What stands between a populating call and position @pgoff; @end is cut to what
 * one request may ask for.
 */
static enum vmop_need vmop_op_need_locked(struct vmop_vmo *vmo,
					  struct vmop_res res, pgoff_t pgoff,
					  bool zeros_too, pgoff_t *end)
{
	if (res.kind == VMOP_RES_ABSENT)
		return VMOP_NEED_CONTENT;
	if (res.kind == VMOP_RES_ZERO && zeros_too)
		return vmop_cow_commit_need(&vmo->node, pgoff, end);
	return VMOP_NEED_NOTHING;
}

/*
 * Make every page of a range be there, asking the pager for what is absent. Of
 * zeros, the caller says whether they are enough. What lies behind the end when
 * its turn comes is left out (COM-3).
 */
static int vmop_op_populate(struct vmop_vmo *vmo, u64 off, u64 len,
			    bool zeros_too, u64 *actual)
{
	pgoff_t end = vmop_pages_up(off + len);
	pgoff_t pgoff = off >> PAGE_SHIFT;
	pgoff_t request_end;
	enum vmop_need need;
	struct vmop_res res;
	int ret = 0;

	while (pgoff < end) {
		if (fatal_signal_pending(current)) {
			ret = -ERESTARTSYS;
			break;
		}
		down_read(&vmo->node.tree->lock);
		res = vmop_cow_resolve(&vmo->node, pgoff);
		request_end = end;
		need = vmop_op_need_locked(vmo, res, pgoff, zeros_too,
					   &request_end);
		if (need) {
			ret = vmop_vmo_wait_locked(vmo, need, pgoff,
						   request_end,
						   TASK_INTERRUPTIBLE);
			if (ret)
				break;
			continue;
		}
		up_read(&vmo->node.tree->lock);
		if (res.kind == VMOP_RES_BEYOND) {
			pgoff = end;
			break;
		}
		if (res.kind == VMOP_RES_ZERO && zeros_too) {
			ret = vmop_vmo_fill_zero(vmo, pgoff, false);
			if (ret)
				break;
			continue;
		}
		pgoff++;
		cond_resched();
	}
	*actual = min(max((u64)pgoff << PAGE_SHIFT, off) - off, len);
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
	if (!vmo->node.source) {
		*actual = len;
		return 0;
	}
	return vmop_op_populate(vmo, off, len, false, actual);
}

/* Whole pages of a range, with the lock dropped now and then. */
static int vmop_op_zero_pages(struct vmop_vmo *vmo, pgoff_t pgoff, pgoff_t end)
{
	struct vmop_cow *node = &vmo->node;
	unsigned int tries = VMOP_NOMEM_TRIES;
	struct mem_cgroup *old;
	pgoff_t start;
	int ret;

	do {
		start = pgoff;
		if (fatal_signal_pending(current))
			return -ERESTARTSYS;
		old = vmop_vmo_lock(vmo);
		ret = node->nr_pages < end ? -ERANGE :
		      vmop_cow_zero(node, start, end, &pgoff);
		/* They have content now, so their readers can go on (ZERO-7). */
		if (node->source && pgoff > start) {
			vmop_source_resolve(node->source, VMOP_REQ_READ, start,
					    pgoff);
			/* Dirty zeros take no room. */
			vmop_source_resolve(node->source, VMOP_REQ_ROOM, start,
					    pgoff);
		}
		if (pgoff > start)
			vmop_cow_modify(node);
		vmop_vmo_unlock(vmo, old);
		if (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo))
			ret = 0;
		cond_resched();
	} while (!ret && pgoff < end);
	return ret;
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
 * Return: 0; -ERANGE; -EOPNOTSUPP for a VMO with a pager; -EINVAL for a range
 * that is not whole pages.
 */
int vmop_vmo_decommit(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual)
{
	int ret = vmop_op_check(vmo, off, len);

	if (ret || !len)
		return ret;
	if (vmo->node.source)
		return -EOPNOTSUPP;
	if ((off | len) & ~PAGE_MASK)
		return -EINVAL;
	ret = vmop_op_zero_pages(vmo, off >> PAGE_SHIFT,
				 (off + len) >> PAGE_SHIFT);
	if (!ret)
		*actual = len;
	return ret;
}

/* Write zeros to a part of one page, unless it reads as zeros (ZERO-2). */
static int vmop_op_zero_part(struct vmop_vmo *vmo, u64 off, u64 len)
{
	pgoff_t pgoff = off >> PAGE_SHIFT;
	unsigned int start = offset_in_page(off);
	struct vmop_res res;
	struct folio *folio;
	enum vmop_need need;
	int ret;

	for (;;) {
		down_read(&vmo->node.tree->lock);
		res = vmop_cow_resolve(&vmo->node, pgoff);
		if (res.kind != VMOP_RES_ABSENT && res.kind != VMOP_RES_PAGE)
			break;
		need = vmop_cow_write_need(&vmo->node, pgoff);
		if (!need)
			break;
		ret = vmop_vmo_wait_locked(vmo, need, pgoff, pgoff + 1,
					   TASK_INTERRUPTIBLE);
		if (ret)
			return ret;
	}
	if (res.kind == VMOP_RES_PAGE) {
		folio = res.page->folio;
		folio_lock(folio);
		vmop_cow_dirty(&vmo->node, res.page);
		zero_user_segment(folio_page(folio, 0), start, start + len);
		folio_unlock(folio);
		vmop_cow_modify(&vmo->node);
	}
	up_read(&vmo->node.tree->lock);
	return res.kind == VMOP_RES_BEYOND ? -ERANGE : 0;
}

/**
 * vmop_vmo_zero() - make a range read as zeros
 * @vmo: the VMO
 * @off: first byte
 * @len: bytes
 * @actual: bytes done: @len or 0
 *
 * Whole pages never wait for the pager; a part of a page does when the page is
 * absent. Head first, then tail, then whole pages. (semantics: ZERO-1 to ZERO-4)
 *
 * Return: 0; -ERANGE, also when the VMO is cut meanwhile; -ENOMEM; what the
 * pager failed it with; -ERESTARTSYS.
 */
int vmop_vmo_zero(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual)
{
	u64 end = off + len;
	u64 first = round_up(off, PAGE_SIZE);
	u64 last = round_down(end, PAGE_SIZE);
	int ret;

	ret = vmop_op_check(vmo, off, len);
	if (ret || !len)
		return ret;
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
	if (first < last) {
		ret = vmop_op_zero_pages(vmo, first >> PAGE_SHIFT,
					 last >> PAGE_SHIFT);
		if (ret)
			return ret;
	}
	*actual = len;
	return 0;
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
	pgoff_t end = vmop_pages_up(off + len);
	pgoff_t pgoff = off >> PAGE_SHIFT;
	struct vmop_page *page;
	int ret;

	down_read(&vmo->node.tree->lock);
	ret = vmop_op_check_locked(vmo, off, len);
	while (!ret && vmo->node.source) {
		page = vmop_plist_next_page(&vmo->node.pages, &pgoff, end);
		if (!page)
			break;
		folio_clear_referenced(page->folio);
		pgoff++;
		cond_resched();
	}
	up_read(&vmo->node.tree->lock);
	if (!ret)
		*actual = len;
	return ret;
}
