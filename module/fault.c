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
 * What is found is mapped right here, read-only and with its neighbours, under
 * the tree lock. A store comes again then, to page_mkwrite: the core makes the
 * mapping writable only if it is still there after that, so a snapshot or a
 * writeback that takes it away in between wins. Zeros, and what a private mapping
 * is about to copy, are returned to the core with their folio locked instead.
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
#include "trace.h"
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

/*
 * The load of an instruction whose store page_mkwrite sent back. Only user code
 * does its access over again: after a fatal signal the core dump may come to the
 * page first, and that must not wait.
 */
static bool vmop_fault_stores_next(struct vm_fault *vmf, int handed)
{
	return handed == VMOP_HANDOFF_STORE &&
	       (vmf->flags & FAULT_FLAG_USER) &&
	       (vmf->vma->vm_flags & VM_SHARED) &&
	       (vmf->vma->vm_flags & VM_WRITE);
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
		up_read(&vmo->tree->lock);
		return VM_FAULT_SIGBUS;
	}
	if (flags & FAULT_FLAG_RETRY_NOWAIT) {
		up_read(&vmo->tree->lock);
		return VM_FAULT_RETRY;
	}
	ret = vmop_vmo_request_locked(vmo, need, key->pgoff, key->pgoff + 1,
				      &waiter);
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
		     vmop_vmo_end_pgoff(vmo) - first);
}

static int vmop_fault_touch_pte(pte_t *pte, unsigned long addr, void *data)
{
	return 0;
}

/*
 * A page table for the address, before there is a lock: vm_insert_pages() would
 * allocate it under the tree lock, and at the limit of the task's memcg that
 * ends in the OOM killer, as reclaim cannot take our pages without this lock.
 */
static vm_fault_t vmop_fault_make_table(struct vm_fault *vmf)
{
	if (likely(!pmd_none(READ_ONCE(*vmf->pmd))))
		return 0;
	return apply_to_page_range(vmf->vma->vm_mm, vmf->address & PAGE_MASK,
				   PAGE_SIZE, vmop_fault_touch_pte, NULL) ?
	       VM_FAULT_OOM : 0;
}

/*
 * Map the resident pages of the window, read-only as page_mkwrite exists. The
 * shared tree lock keeps them in their nodes. vm_insert_pages() stops at a page
 * that is mapped already: step over it.
 *
 * A page whose folio is locked may be on its way out of page_mkwrite. If the
 * mapping that this is about was taken away meanwhile, by a snapshot, one that we
 * make looks to the core just like it, and would become writable.
 */
static vm_fault_t vmop_fault_around_locked(struct vmop_vmo *vmo,
					   struct vm_fault *vmf)
{
	struct vmop_page *found[VMOP_FAULT_AROUND_PAGES] = {};
	struct page *pages[VMOP_FAULT_AROUND_PAGES] = {};
	unsigned long addr, left;
	unsigned int nr, i, run;
	pgoff_t first;
	int ret = 0;

	nr = vmop_fault_window(vmo, vmf, &addr, &first);
	vmop_cow_collect(vmop_vmo_node(vmo), first, nr, found);
	for (i = 0; i < nr; i++)
		if (found[i] && !folio_test_locked(found[i]->folio))
			pages[i] = folio_page(found[i]->folio, 0);
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

/* Who has the page locked needs no lock of ours to end. Drops the tree lock. */
static vm_fault_t vmop_fault_wait_page_locked(struct vmop_vmo *vmo,
					      struct folio *folio)
{
	folio_get(folio);
	up_read(&vmo->tree->lock);
	folio_wait_locked(folio);
	folio_put(folio);
	return 0;
}

/*
 * Return a folio that a private mapping will copy, locked before the shared tree
 * lock is dropped: it neither leaves its node nor is written to until the copy is
 * made. 0 when it is time to look again.
 */
static vm_fault_t vmop_fault_return_locked(struct vmop_vmo *vmo,
					   struct vm_fault *vmf,
					   struct folio *folio)
{
	if (!folio_trylock(folio))
		return vmop_fault_wait_page_locked(vmo, folio);
	folio_get(folio);
	up_read(&vmo->tree->lock);
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
	struct folio *zero = vmo->tree->zero_folio;

	folio_get(zero);
	folio_lock(zero);
	up_read(&vmo->tree->lock);
	vmf->page = folio_page(zero, 0);
	return VM_FAULT_LOCKED;
}

/* A page for the position. Not VM_FAULT_OOM: the core would try for ever. */
static vm_fault_t vmop_fault_give_page(struct vmop_vmo *vmo,
				       struct vm_fault *vmf, bool write)
{
	return vmop_vmo_give_page(vmo, vmf->pgoff, write) ? VM_FAULT_SIGBUS : 0;
}

/* What there is gets mapped. Drops the tree lock. */
static vm_fault_t vmop_fault_map_locked(struct vmop_vmo *vmo,
					struct vm_fault *vmf,
					const struct vmop_res *res)
{
	vm_fault_t ret = VM_FAULT_SIGBUS;

	switch (res->kind) {
	case VMOP_RES_PAGE:
		if ((vmf->flags & FAULT_FLAG_WRITE) && !vmop_fault_writes(vmf))
			return vmop_fault_return_locked(vmo, vmf,
							res->page->folio);
		if (folio_test_locked(res->page->folio))
			return vmop_fault_wait_page_locked(vmo,
							   res->page->folio);
		folio_set_referenced(res->page->folio);
		ret = vmop_fault_around_locked(vmo, vmf);
		break;
	case VMOP_RES_ZERO:
		return vmop_fault_zero_locked(vmo, vmf);
	default:
		break;
	}
	up_read(&vmo->tree->lock);
	return ret;
}

/* One look; 0 for another one. @write: everything that a store needs. */
static vm_fault_t vmop_fault_once(struct vmop_vmo *vmo, struct vm_fault *vmf,
				  const struct vmop_handoff_key *key,
				  bool write)
{
	struct vmop_cow *node;
	enum vmop_need need;
	struct vmop_res res;

	down_read(&vmo->tree->lock);
	if (vmf->pgoff >= vmop_vmo_end_pgoff(vmo)) {
		up_read(&vmo->tree->lock);
		return VM_FAULT_SIGBUS;
	}
	node = vmop_vmo_node(vmo);
	need = write ? vmop_cow_write_need(node, vmf->pgoff, &res) :
		       vmop_cow_read_need(node, vmf->pgoff, &res);
	if (need > VMOP_NEED_PAGE)
		return vmop_fault_wait_locked(vmo, vmf, need, key);
	if (!need)
		return vmop_fault_map_locked(vmo, vmf, &res);
	up_read(&vmo->tree->lock);
	return vmop_fault_give_page(vmo, vmf, write);
}

static unsigned int vmop_fault_result(vm_fault_t ret)
{
	if (ret & VM_FAULT_SIGBUS)
		return VMOP_TRACE_FAULT_SIGBUS;
	if (ret & VM_FAULT_OOM)
		return VMOP_TRACE_FAULT_OOM;
	if (ret & VM_FAULT_RETRY)
		return ret & VM_FAULT_MAJOR ? VMOP_TRACE_FAULT_WAITED :
					      VMOP_TRACE_FAULT_NO_WAIT;
	return ret & VM_FAULT_LOCKED ? VMOP_TRACE_FAULT_PAGE :
				       VMOP_TRACE_FAULT_MAPPED;
}

static struct vmop_handoff_key vmop_fault_key(struct vm_fault *vmf)
{
	return (struct vmop_handoff_key) {
		.vmo_id = vmop_fault_vmo(vmf)->id,
		.pgoff = vmf->pgoff,
		.addr = vmf->address & PAGE_MASK,
	};
}

static vm_fault_t vmop_vm_fault(struct vm_fault *vmf)
{
	struct vmop_handoff_key key = vmop_fault_key(vmf);
	struct vmop_vmo *vmo = vmop_fault_vmo(vmf);
	u64 pos = vmop_vmo_pos(vmo, vmf->pgoff);
	int handed = vmop_handoff_take(&key);
	bool write = vmop_fault_writes(vmf) ||
		     vmop_fault_stores_next(vmf, handed);
	vm_fault_t ret = handed < 0 ? VM_FAULT_SIGBUS : 0;

	while (!ret) {
		ret = vmop_fault_make_table(vmf) ?:
		      vmop_fault_once(vmo, vmf, &key, write);
	}
	/* After a wait neither vmf nor the VMO may be there any more. */
	trace_vmop_fault(key.vmo_id, pos, key.addr, write, false,
			 vmop_fault_result(ret));
	return ret;
}

/*
 * A store needs the pager's leave, or room. It cannot be waited for here, as
 * nothing tells whether mmap_lock may be dropped. Without the mapping the access
 * comes again as a fault, where it can (see vmop_fault_once()).
 *
 * Not always as a store: an instruction that loads from the page, too, such as an
 * addition or a copy within it, is done over from its load on. That would find
 * the page, have it mapped for reading, and its store would end here again, for
 * ever. So the fault is told what comes.
 */
static vm_fault_t vmop_mkwrite_refault(struct vmop_vmo *vmo, pgoff_t pgoff,
				       const struct vmop_handoff_key *key)
{
	vmop_handoff_put(key, VMOP_HANDOFF_STORE);
	unmap_mapping_pages(&vmo->space->mapping, pgoff, 1, false);
	return VM_FAULT_NOPAGE;
}

/*
 * A store to what is mapped read-only. A page of our own is dirty from now on,
 * before the first byte changes (DT-5); its folio lock stays held until the store
 * is allowed. Zeros, and what is seen in an ancestor, become a page of our own,
 * which takes the mapping away: the access comes again.
 */
static vm_fault_t vmop_fault_mkwrite(struct vmop_vmo *vmo, struct vm_fault *vmf,
				     const struct vmop_handoff_key *key)
{
	struct folio *folio = page_folio(vmf->page);
	struct vmop_cow *node;
	enum vmop_need need;
	struct vmop_res res;

	file_update_time(vmf->vma->vm_file);
	down_read(&vmo->tree->lock);
	node = vmop_vmo_node(vmo);
	/* Before the look: who snapshots sees this, or we see the snapshot. */
	WRITE_ONCE(vmo->space->store_mapped, true);
	need = vmop_cow_write_need(node, vmf->pgoff, &res);
	if (need || res.kind != VMOP_RES_PAGE || res.page->folio != folio) {
		up_read(&vmo->tree->lock);
		if (need > VMOP_NEED_PAGE)
			return vmop_mkwrite_refault(vmo, vmf->pgoff, key);
		if (need && vmop_vmo_give_page(vmo, vmf->pgoff, true))
			return VM_FAULT_SIGBUS;
		return VM_FAULT_NOPAGE;
	}
	folio_lock(folio);
	if (vmop_cow_dirty(node, res.page))
		trace_vmop_dirty(vmo->id, vmop_vmo_pos(vmo, vmf->pgoff),
				 PAGE_SIZE, VMOP_TRACE_DIRTY_STORE);
	vmop_cow_modify(node);
	up_read(&vmo->tree->lock);
	return VM_FAULT_LOCKED;
}

static vm_fault_t vmop_vm_page_mkwrite(struct vm_fault *vmf)
{
	struct vmop_handoff_key key = vmop_fault_key(vmf);
	struct vmop_vmo *vmo = vmop_fault_vmo(vmf);
	vm_fault_t ret;

	/* A failed wait ends here when another thread has the page mapped again. */
	ret = vmop_handoff_take(&key) < 0 ? VM_FAULT_SIGBUS :
					    vmop_fault_mkwrite(vmo, vmf, &key);
	trace_vmop_fault(vmo->id, vmop_vmo_pos(vmo, vmf->pgoff),
			 vmf->address & PAGE_MASK, true, true,
			 vmop_fault_result(ret));
	return ret;
}

const struct vm_operations_struct vmop_vm_ops = {
	.fault = vmop_vm_fault,
	.page_mkwrite = vmop_vm_page_mkwrite,
};
