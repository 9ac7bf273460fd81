// SPDX-License-Identifier: GPL-2.0
/*
 * fault.c - faults of user mappings. The only file that knows struct vm_fault.
 *
 * The straight line of a fault on absent content:
 *
 *  1. vmop_vm_fault(), mmap_lock (or the lock of the VMA) held: look up under
 *     the shared tree lock.
 *  2. Absent (or a store that needs the pager's leave, or room): join or queue a
 *     request, still under the tree lock, so that an answer cannot slip in
 *     between. Drop the tree lock.
 *  3. Take a reference to the file, drop mmap_lock, and sleep. From here on the
 *     VMA may be gone. The pager answers; supply.c wakes us.
 *  4. Return "retry". A failure is left in handoff.c for the retried fault.
 *  5. The fault comes again, and looks again: the page may be there, or gone
 *     once more.
 *
 * What is found is returned to the core with its folio locked, which keeps it
 * in its node until it is mapped; or, for reads, mapped right here with its
 * neighbours under the tree lock.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "handoff.h"
#include "map.h"
#include "page.h"
#include "request.h"
#include "vmo.h"

/* Resident neighbours that a read fault maps too: pages, a power of 2. */
#define VMOP_FAULT_AROUND_PAGES 16

static struct vmop_vmo *vmop_fault_vmo(struct vm_fault *vmf)
{
	return to_vmop_vmo(file_inode(vmf->vma->vm_file));
}

/* Will the page itself be written? A private mapping writes to a copy. */
static bool vmop_fault_writes(struct vm_fault *vmf)
{
	return (vmf->flags & FAULT_FLAG_WRITE) &&
	       (vmf->vma->vm_flags & VM_SHARED);
}

static unsigned int vmop_fault_wait_state(unsigned int flags)
{
	return flags & FAULT_FLAG_INTERRUPTIBLE ? TASK_INTERRUPTIBLE :
						  TASK_KILLABLE;
}

/*
 * Ask for what the access needs and wait for it. The shared tree lock is held on
 * entry and dropped. 0 for another look without a wait. The order of the tests
 * matters: a task that exits or dumps core must not wait for anybody, one that
 * cannot retry must not either, and one that will not wait keeps its lock.
 */
static vm_fault_t vmop_fault_wait_locked(struct vmop_vmo *vmo,
					 struct vm_fault *vmf,
					 enum vmop_need need,
					 const struct vmop_handoff_key *key)
{
	unsigned int flags = vmf->flags;
	struct vmop_waiter waiter;
	struct file *file;
	int ret;

	if ((current->flags & (PF_EXITING | PF_DUMPCORE)) ||
	    !(flags & FAULT_FLAG_ALLOW_RETRY)) {
		up_read(&vmo->node.tree->lock);
		return VM_FAULT_SIGBUS;
	}
	if (flags & FAULT_FLAG_RETRY_NOWAIT) {
		up_read(&vmo->node.tree->lock);
		return VM_FAULT_RETRY;
	}
	ret = vmop_vmo_request_locked(vmo, need, key->pgoff, key->pgoff + 1,
				      &waiter);
	up_read(&vmo->node.tree->lock);
	if (ret)
		return ret == -EAGAIN ? 0 : VM_FAULT_SIGBUS;
	/* Keeps the VMO, and us, when the mapping goes away meanwhile. */
	file = get_file(vmf->vma->vm_file);
	vmop_compat_release_fault_lock(vmf);
	ret = vmop_waiter_wait(&waiter, vmop_fault_wait_state(flags));
	if (ret < 0 && ret != -ERESTARTSYS)
		vmop_handoff_put(key, ret);
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

/* The window that a fault maps: inside the VMA, the page table, the VMO. */
static unsigned int vmop_fault_window(struct vmop_vmo *vmo,
				      struct vm_fault *vmf,
				      unsigned long *addr, pgoff_t *pgoff)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long bytes = VMOP_FAULT_AROUND_PAGES * PAGE_SIZE;
	unsigned long start = max(vma->vm_start,
				  ALIGN_DOWN(vmf->address, bytes));
	unsigned long end = min(vma->vm_end,
				ALIGN_DOWN(vmf->address, bytes) + bytes);
	pgoff_t first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);

	*addr = start;
	*pgoff = first;
	return min_t(pgoff_t, (end - start) >> PAGE_SHIFT,
		     vmo->node.nr_pages - first);
}

/*
 * Map the resident pages of the window, read-only as page_mkwrite exists. The
 * shared tree lock keeps them in the node. vm_insert_pages() stops at a page
 * that is mapped already: step over it.
 */
static vm_fault_t vmop_fault_around_locked(struct vmop_vmo *vmo,
					   struct vm_fault *vmf)
{
	struct page *pages[VMOP_FAULT_AROUND_PAGES] = {};
	unsigned long addr, left;
	struct vmop_page *page;
	unsigned int nr, i, run;
	pgoff_t first, pgoff;
	int ret = 0;

	nr = vmop_fault_window(vmo, vmf, &addr, &first);
	pgoff = first;
	while ((page = vmop_plist_next_page(&vmo->node.pages, &pgoff,
					    first + nr))) {
		pages[pgoff - first] = folio_page(page->folio, 0);
		pgoff++;
	}
	for (i = 0; i < nr && ret != -ENOMEM; i += run) {
		for (run = 0; i + run < nr && pages[i + run]; run++)
			;
		if (!run) {
			run = 1;
			continue;
		}
		left = run;
		ret = vm_insert_pages(vmf->vma, addr + i * PAGE_SIZE, &pages[i],
				      &left);
		if (ret)
			run = run - left + 1;
	}
	return ret == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_NOPAGE;
}

/*
 * Return a folio to the core, locked. Drops the shared tree lock, after which
 * the folio may leave the node; 0 says so, and that it is time to look again.
 */
static vm_fault_t vmop_fault_return_locked(struct vmop_vmo *vmo,
					   struct vm_fault *vmf,
					   struct folio *folio)
{
	folio_get(folio);
	up_read(&vmo->node.tree->lock);
	folio_lock(folio);
	if (folio->mapping != vmo->node.mapping ||
	    folio->index != vmf->pgoff) {
		folio_unlock(folio);
		folio_put(folio);
		return 0;
	}
	folio_set_referenced(folio);
	vmf->page = folio_page(folio, 0);
	return VM_FAULT_LOCKED;
}

/*
 * Map zeros for reading. The zero page is locked before the tree lock is
 * dropped: who makes something else of this position waits for it (see
 * vmop_map_zap_zero()).
 */
static vm_fault_t vmop_fault_zero_locked(struct vmop_vmo *vmo,
					 struct vm_fault *vmf)
{
	struct folio *zero = vmo->zero_folio;

	folio_get(zero);
	folio_lock(zero);
	up_read(&vmo->node.tree->lock);
	vmf->page = folio_page(zero, 0);
	return VM_FAULT_LOCKED;
}

/* One look; 0 for another one. */
static vm_fault_t vmop_fault_once(struct vmop_vmo *vmo, struct vm_fault *vmf,
				  const struct vmop_handoff_key *key)
{
	enum vmop_need need = VMOP_NEED_NOTHING;
	struct vmop_res res;
	vm_fault_t ret;

	down_read(&vmo->node.tree->lock);
	res = vmop_cow_resolve(&vmo->node, vmf->pgoff);
	if (res.kind == VMOP_RES_ABSENT)
		need = VMOP_NEED_CONTENT;
	else if (res.kind != VMOP_RES_BEYOND && vmop_fault_writes(vmf))
		need = vmop_cow_write_need(&vmo->node, vmf->pgoff);
	if (need)
		return vmop_fault_wait_locked(vmo, vmf, need, key);
	switch (res.kind) {
	case VMOP_RES_PAGE:
		if (vmf->flags & FAULT_FLAG_WRITE)
			return vmop_fault_return_locked(vmo, vmf,
							res.page->folio);
		folio_set_referenced(res.page->folio);
		ret = vmop_fault_around_locked(vmo, vmf);
		up_read(&vmo->node.tree->lock);
		return ret;
	case VMOP_RES_ZERO:
		if (!vmop_fault_writes(vmf))
			return vmop_fault_zero_locked(vmo, vmf);
		up_read(&vmo->node.tree->lock);
		/* Not VM_FAULT_OOM: the core would try again for ever. */
		return vmop_vmo_fill_zero(vmo, vmf->pgoff, true) ?
		       VM_FAULT_SIGBUS : 0;
	default:
		up_read(&vmo->node.tree->lock);
		return VM_FAULT_SIGBUS;
	}
}

static vm_fault_t vmop_vm_fault(struct vm_fault *vmf)
{
	struct vmop_vmo *vmo = vmop_fault_vmo(vmf);
	struct vmop_handoff_key key = {
		.vmo_id = vmo->id,
		.pgoff = vmf->pgoff,
		.addr = vmf->address & PAGE_MASK,
	};
	vm_fault_t ret;

	if (vmop_handoff_take(&key))
		return VM_FAULT_SIGBUS;
	do {
		ret = vmop_fault_once(vmo, vmf, &key);
	} while (!ret);
	return ret;
}

/*
 * A store needs the pager's leave, or room. It cannot be waited for here, as
 * nothing tells whether mmap_lock may be dropped. Without the mapping the access
 * comes again as a fault, where it can (see vmop_fault_once()).
 */
static vm_fault_t vmop_mkwrite_refault(struct vmop_vmo *vmo, pgoff_t pgoff)
{
	vmop_map_zap(&vmo->node, pgoff, 1);
	return VM_FAULT_NOPAGE;
}

/* A store to zeros: give the position a page, then let it fault again. */
static vm_fault_t vmop_mkwrite_zero(struct vmop_vmo *vmo, pgoff_t pgoff)
{
	enum vmop_need need = VMOP_NEED_NOTHING;

	down_read(&vmo->node.tree->lock);
	if (pgoff < vmo->node.nr_pages)
		need = vmop_cow_write_need(&vmo->node, pgoff);
	up_read(&vmo->node.tree->lock);
	if (need)
		return vmop_mkwrite_refault(vmo, pgoff);
	if (vmop_vmo_fill_zero(vmo, pgoff, true))
		return VM_FAULT_SIGBUS;
	return VM_FAULT_NOPAGE;
}

/*
 * A store to a page that is mapped read-only: it is dirty from now on, before
 * the first byte changes (DT-5). The folio lock is enough for that, and stays
 * held until the store is allowed.
 */
static vm_fault_t vmop_vm_page_mkwrite(struct vm_fault *vmf)
{
	struct vmop_vmo *vmo = vmop_fault_vmo(vmf);
	struct folio *folio = page_folio(vmf->page);

	file_update_time(vmf->vma->vm_file);
	if (folio == vmo->zero_folio)
		return vmop_mkwrite_zero(vmo, vmf->pgoff);
	folio_lock(folio);
	if (folio->mapping != vmo->node.mapping) {
		folio_unlock(folio);
		return VM_FAULT_NOPAGE;
	}
	if (vmop_cow_page_need(&vmo->node, vmop_page_of(folio))) {
		folio_unlock(folio);
		return vmop_mkwrite_refault(vmo, vmf->pgoff);
	}
	vmop_cow_dirty(&vmo->node, vmop_page_of(folio));
	vmop_cow_modify(&vmo->node);
	return VM_FAULT_LOCKED;
}

const struct vm_operations_struct vmop_vm_ops = {
	.fault = vmop_vm_fault,
	.page_mkwrite = vmop_vm_page_mkwrite,
};
