// SPDX-License-Identifier: GPL-2.0
/*
 * vmo.c - life of a VMO: creation, size, name, end; and how zeros get a page. It
 * owns struct vmop_vmo. How an access waits for the pager is in vmo_wait.c.
 *
 * Locks: see struct vmop_tree. Here the tree lock is taken; cow.c changes what
 * it guards.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "map.h"
#include "page.h"
#include "pager.h"
#include "request.h"
#include "vmo.h"

static atomic64_t vmop_next_vmo_id = ATOMIC64_INIT(0);

/**
 * vmop_vmo_lock() - take the tree lock of a VMO to change its content
 * @vmo: the VMO
 *
 * What is allocated until vmop_vmo_unlock(), the page list's nodes, is charged
 * to who pays for the VMO.
 *
 * Return: to be given to vmop_vmo_unlock().
 */
struct mem_cgroup *vmop_vmo_lock(struct vmop_vmo *vmo)
{
	down_write(&vmo->node.tree->lock);
	return set_active_memcg(vmo->payer);
}

/**
 * vmop_vmo_unlock() - undo vmop_vmo_lock()
 * @vmo: the VMO
 * @old: what vmop_vmo_lock() returned
 */
void vmop_vmo_unlock(struct vmop_vmo *vmo, struct mem_cgroup *old)
{
	set_active_memcg(old);
	up_write(&vmo->node.tree->lock);
}

/**
 * vmop_vmo_create() - make a VMO and open it
 * @params: what it is to be, checked by the caller
 *
 * Return: its first file, open for reading and writing, or an ERR_PTR.
 */
struct file *vmop_vmo_create(const struct vmop_vmo_params *params)
{
	struct inode *inode = vmop_fs_new_inode();
	struct vmop_tree *tree;
	struct vmop_vmo *vmo;
	struct file *file;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	tree = vmop_tree_create();
	if (!tree) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	/*
	 * Nothing fails after this. A VMO that was never made must not end like
	 * one that was: its end tells the pager.
	 */
	file = vmop_fs_open(inode);
	if (IS_ERR(file)) {
		vmop_tree_put(tree);
		return file;
	}
	vmo = to_vmop_vmo(inode);
	vmo->id = atomic64_inc_return(&vmop_next_vmo_id);
	vmo->flags = params->flags;
	vmo->payer = params->payer;
	if (vmo->payer)
		css_get(&vmo->payer->css);
	if (params->source)
		vmop_source_get(params->source);
	vmo->pager = params->pager;
	vmo->pager_slot = params->pager_slot;
	if (vmo->pager)
		vmop_pager_get(vmo->pager);
	strscpy(vmo->name, params->name, sizeof(vmo->name));
	vmop_cow_init(&vmo->node, tree, params->source, inode->i_mapping);
	vmo->node.trap_dirty = params->flags & VMOP_VMO_TRAP_DIRTY;
	vmo->node.dirty_limit = params->dirty_limit;
	vmo->node.len = params->len;
	vmo->node.nr_pages = vmop_pages_up(params->len);
	i_size_write(inode, params->len);
	return file;
}

/**
 * vmop_vmo_from_file() - the VMO of a file
 * @file: any file
 *
 * Return: the VMO, kept by the file; NULL when it is a file of another kind.
 */
struct vmop_vmo *vmop_vmo_from_file(struct file *file)
{
	if (file->f_op != &vmop_vmo_fops)
		return NULL;
	return to_vmop_vmo(file_inode(file));
}

/**
 * vmop_vmo_end() - free what a VMO holds: nobody has it open or mapped
 * @vmo: the VMO, or the inode of one that was never made
 *
 * (semantics: DET-13)
 */
void vmop_vmo_end(struct vmop_vmo *vmo)
{
	struct vmop_source *src = vmo->node.source;
	struct mem_cgroup *old;

	if (!vmo->node.tree)
		return;
	old = vmop_vmo_lock(vmo);
	vmop_cow_clear(&vmo->node);
	vmop_vmo_unlock(vmo, old);
	vmop_cow_exit(&vmo->node);
	if (vmo->zero_folio)
		folio_put(vmo->zero_folio);
	if (src) {
		vmop_source_vmo_gone(src);
		vmop_source_put(src);
	}
	if (vmo->pager) {
		vmop_pager_forget(vmo->pager, vmo->pager_slot);
		vmop_pager_put(vmo->pager);
	}
	mem_cgroup_put(vmo->payer);
}

static int vmop_vmo_resize_once(struct vmop_vmo *vmo, u64 len)
{
	struct vmop_cow *node = &vmo->node;
	struct mem_cgroup *old;
	pgoff_t nr_pages;
	int ret;

	old = vmop_vmo_lock(vmo);
	nr_pages = node->nr_pages;
	ret = vmop_cow_resize(node, len);
	if (!ret) {
		vmop_cow_modify(node);
		i_size_write(&vmo->inode, len);
		if (node->nr_pages < nr_pages) {
			vmop_map_zap_zero(node, node->nr_pages, 0);
			vmop_map_zap_private(node, node->nr_pages);
		}
		if (node->nr_pages < nr_pages && node->source) {
			vmop_source_resolve(node->source, VMOP_REQ_READ,
					    node->nr_pages, nr_pages);
			vmop_source_resolve(node->source, VMOP_REQ_DIRTY,
					    node->nr_pages, nr_pages);
			vmop_source_cleaned(node->source, node->nr_pages,
					    nr_pages);
		}
	}
	vmop_vmo_unlock(vmo, old);
	return ret;
}

/**
 * vmop_vmo_resize() - change the size
 * @vmo: the VMO
 * @len: new size in bytes
 *
 * Never waits for the pager. (semantics: RSZ-1 to RSZ-10)
 *
 * Return: 0; -EPERM if it is not resizable; -ERANGE if @len is too large;
 * -ENOMEM.
 */
int vmop_vmo_resize(struct vmop_vmo *vmo, u64 len)
{
	unsigned int tries = VMOP_NOMEM_TRIES;
	int ret;

	if (!(vmo->flags & VMOP_VMO_RESIZABLE))
		return -EPERM;
	if (len > VMOP_MAX_VMO_SIZE)
		return -ERANGE;
	do {
		ret = vmop_vmo_resize_once(vmo, len);
	} while (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo));
	return ret;
}

/**
 * vmop_vmo_detach() - part a VMO from its pager
 * @vmo: a VMO with a source
 *
 * (semantics: DET-1 to DET-8)
 */
void vmop_vmo_detach(struct vmop_vmo *vmo)
{
	struct vmop_source *src = vmo->node.source;
	struct mem_cgroup *old;

	if (vmop_source_state(src) == VMOP_VMO_STATE_DETACHED)
		return;
	/* Refuses supplies first, so nothing clean comes in after the drop. */
	vmop_source_detach(src);
	old = vmop_vmo_lock(vmo);
	vmop_map_zap(&vmo->node, 0, 0);
	vmop_cow_drop_clean(&vmo->node);
	/* Who waits for room to change what is gone now need not. */
	vmop_source_resolve(src, VMOP_REQ_ROOM, 0, vmo->node.nr_pages);
	vmop_vmo_unlock(vmo, old);
}

/**
 * vmop_vmo_set_name() - change the name
 * @vmo: the VMO
 * @name: VMOP_NAME_LEN bytes
 *
 * Return: 0, or -EINVAL when no NUL is in @name.
 */
int vmop_vmo_set_name(struct vmop_vmo *vmo, const __u8 *name)
{
	if (!memchr(name, 0, VMOP_NAME_LEN))
		return -EINVAL;
	spin_lock(&vmo->name_lock);
	/* Padded: all of it is told to user space. */
	strscpy_pad(vmo->name, (const char *)name, sizeof(vmo->name));
	spin_unlock(&vmo->name_lock);
	return 0;
}

static void vmop_vmo_source_info(struct vmop_source *src,
				 struct vmop_vmo_get_info *info)
{
	struct vmop_source_info counters;

	vmop_source_info(src, &counters);
	info->out_pager_id = vmop_source_pager_id(src);
	info->out_key = vmop_source_key(src);
	info->out_state = counters.state;
	info->out_last_error = counters.last_error;
	info->out_num_waiters = counters.num_waiters;
	info->out_requests = counters.requests;
	info->out_requested_pages = counters.requested_pages;
	info->out_failed_requests = counters.failed_requests;
	info->out_max_request_pages = vmop_source_max_request_pages(src);
	info->out_deadline_ms = vmop_source_deadline_ms(src);
}

/**
 * vmop_vmo_info() - answer VMOP_VMO_GET_INFO
 * @vmo: the VMO
 * @info: the out fields are filled
 */
void vmop_vmo_info(struct vmop_vmo *vmo, struct vmop_vmo_get_info *info)
{
	struct vmop_cow *node = &vmo->node;

	info->out_id = vmo->id;
	info->out_flags = vmo->flags;
	info->out_state = VMOP_VMO_STATE_ANONYMOUS;
	down_read(&node->tree->lock);
	info->out_size = (u64)node->nr_pages << PAGE_SHIFT;
	info->out_content_size = node->len;
	if (node->source)
		info->out_dirty = (u64)vmop_plist_nr_dirty_all(&node->pages)
				  << PAGE_SHIFT;
	up_read(&node->tree->lock);
	info->out_committed = (u64)atomic_long_read(&node->nr_resident)
			      << PAGE_SHIFT;
	info->out_supplied_pages = atomic_long_read(&node->nr_supplied);
	info->out_evicted_pages = atomic_long_read(&node->nr_evicted);
	spin_lock(&vmo->name_lock);
	memcpy(info->out_name, vmo->name, sizeof(info->out_name));
	spin_unlock(&vmo->name_lock);
	if (node->source)
		vmop_vmo_source_info(node->source, info);
}

/**
 * vmop_vmo_make_room() - after -ENOMEM under the tree lock: is it worth a retry?
 * @vmo: the VMO
 *
 * The page list's nodes are charged to the payer too. At its limit reclaim has to
 * take pages for that, and under the tree lock it cannot take those of this VMO.
 * Without the lock it can.
 *
 * Context: no lock of ours.
 * Return: whether there is room for a page, and so for the nodes.
 */
bool vmop_vmo_make_room(struct vmop_vmo *vmo)
{
	struct vmop_page *page = vmop_page_alloc(vmo->payer, false);

	vmop_page_free(page);
	return page;
}

/**
 * vmop_vmo_fill_zero() - give a position that reads as zeros a page
 * @vmo: the VMO
 * @pgoff: the position
 * @write: see vmop_cow_fill()
 *
 * Context: no lock of ours.
 * Return: 0 when it is time to look again, -ENOMEM.
 */
int vmop_vmo_fill_zero(struct vmop_vmo *vmo, pgoff_t pgoff, bool write)
{
	struct vmop_page *page = vmop_page_alloc(vmo->payer, true);
	unsigned int tries = VMOP_NOMEM_TRIES;
	struct mem_cgroup *old;
	int ret;

	if (!page)
		return -ENOMEM;
	do {
		old = vmop_vmo_lock(vmo);
		ret = vmop_cow_fill(&vmo->node, pgoff, page, write);
		vmop_vmo_unlock(vmo, old);
	} while (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo));
	if (ret)
		vmop_page_free(page);
	return ret == -EEXIST ? 0 : ret;
}

/**
 * vmop_vmo_zero_folio() - make sure that there is a zero page to map
 * @vmo: the VMO
 *
 * Done when the VMO is mapped, so that reading zeros later needs no memory.
 * (semantics: VMO-6)
 *
 * Context: no lock of ours.
 * Return: 0 or -ENOMEM.
 */
int vmop_vmo_zero_folio(struct vmop_vmo *vmo)
{
	struct mem_cgroup *old;
	struct page *page;

	if (READ_ONCE(vmo->zero_folio))
		return 0;
	old = set_active_memcg(vmo->payer);
	page = alloc_page(GFP_HIGHUSER | __GFP_ACCOUNT | __GFP_ZERO |
			  __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
	set_active_memcg(old);
	if (!page)
		return -ENOMEM;
	__SetPageUptodate(page);
	if (cmpxchg(&vmo->zero_folio, NULL, page_folio(page)))
		__free_page(page);
	return 0;
}
