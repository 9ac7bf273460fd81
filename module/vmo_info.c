// SPDX-License-Identifier: GPL-2.0
/*
 * vmo_info.c - what is told about a VMO. It changes nothing.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "request.h"
#include "vmo.h"

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

/* Flags that are told only. (semantics: OBJ-12, COW-40) */
static u32 vmop_vmo_told_flags(const struct vmop_vmo *vmo)
{
	const u32 views = VMOP_CHILD_SLICE | VMOP_CHILD_REFERENCE;
	u32 flags = vmo->flags;

	if (vmo->child_flags && !(vmo->child_flags & views))
		flags |= VMOP_VMO_COW_CLONE;
	if (vmo->tree->source)
		flags |= VMOP_VMO_PAGER_BACKED;
	if (vmo->tree->compose)
		flags |= VMOP_VMO_COMPOSED;
	if (vmo->space->sealed)
		flags |= VMOP_VMO_SEALED;
	if (vmo->child_flags & VMOP_CHILD_NO_WRITE)
		flags |= VMOP_VMO_NO_WRITE;
	return flags;
}

static void vmop_vmo_info_locked(struct vmop_vmo *vmo,
				 struct vmop_vmo_get_info *info)
{
	struct vmop_cow *node = vmop_vmo_node(vmo);

	info->out_flags = vmop_vmo_told_flags(vmo);
	info->out_content_size = vmop_vmo_len(vmo);
	info->out_size = (u64)vmop_pages_up(info->out_content_size)
			 << PAGE_SHIFT;
	info->out_parent_id = vmo->parent ? vmo->parent->id : 0;
	info->out_num_children = vmo->nr_children;
	if (vmop_vmo_is_view(vmo))
		return;
	if (node->source)
		info->out_dirty = (u64)vmop_plist_nr_dirty_all(&node->pages)
				  << PAGE_SHIFT;
	info->out_committed = (u64)atomic_long_read(&node->nr_resident)
			      << PAGE_SHIFT;
	info->out_supplied_pages = atomic_long_read(&node->nr_supplied);
	info->out_evicted_pages = atomic_long_read(&node->nr_evicted);
}

/**
 * vmop_vmo_info() - answer VMOP_VMO_GET_INFO
 * @vmo: the VMO
 * @info: the out fields are filled, but for those of VMOP_GET_INFO_SHARES
 *
 * Return: 0, or -EINTR when the caller is being killed.
 */
int vmop_vmo_info(struct vmop_vmo *vmo, struct vmop_vmo_get_info *info)
{
	info->out_id = vmo->id;
	info->out_state = VMOP_VMO_STATE_ANONYMOUS;
	info->out_child_flags = vmo->child_flags;
	info->out_child_offset = vmo->child_off;
	if (down_read_killable(&vmo->tree->lock))
		return -EINTR;
	vmop_vmo_info_locked(vmo, info);
	up_read(&vmo->tree->lock);
	spin_lock(&vmo->name_lock);
	memcpy(info->out_name, vmo->name, sizeof(info->out_name));
	spin_unlock(&vmo->name_lock);
	if (vmo->tree->source)
		vmop_vmo_source_info(vmo->tree->source, info);
	return 0;
}

/**
 * vmop_vmo_shares() - answer VMOP_GET_INFO_SHARES
 * @vmo: the VMO
 * @info: the fields of the shares are filled
 *
 * (semantics: COW-28, COW-32, COW-41)
 *
 * Return: 0 or -ENOMEM.
 */
int vmop_vmo_shares(struct vmop_vmo *vmo, struct vmop_vmo_get_info *info)
{
	struct vmop_cow_shares shares = {};
	struct vmop_cow_counter *counter;

	if (vmop_vmo_is_view(vmo))
		return 0;
	counter = kmalloc(sizeof(*counter), GFP_KERNEL);
	if (!counter)
		return -ENOMEM;
	down_read(&vmo->tree->lock);
	vmop_cow_count_shares(vmop_vmo_node(vmo), counter, &shares);
	up_read(&vmo->tree->lock);
	kfree(counter);
	info->out_private = (u64)shares.nr_private << PAGE_SHIFT;
	info->out_shared = (u64)shares.nr_shared << PAGE_SHIFT;
	info->out_scaled = info->out_private +
			   (shares.scaled >> VMOP_SHARE_SHIFT);
	info->out_zero = (u64)shares.nr_zero << PAGE_SHIFT;
	return 0;
}

/**
 * vmop_vmo_committed() - memory of a VMO's own pages
 * @vmo: the VMO
 *
 * Return: bytes; 0 for slices and references.
 */
u64 vmop_vmo_committed(struct vmop_vmo *vmo)
{
	u64 nr_pages = 0;

	if (vmop_vmo_is_view(vmo))
		return 0;
	down_read(&vmo->tree->lock);
	nr_pages = atomic_long_read(&vmop_vmo_node(vmo)->nr_resident);
	up_read(&vmo->tree->lock);
	return nr_pages << PAGE_SHIFT;
}
