// SPDX-License-Identifier: GPL-2.0
/*
 * vmo_child.c - VMOs that are made from others: which kinds a parent allows, how
 * parents and children know each other, reset and seal. How a clone is hung into
 * the tree of nodes is cow_tree.c's.
 *
 * VMOs and nodes are two things: a VMO has the VMO as its parent that it was made
 * from, or what is left above it; its node may look to quite another node.
 *
 * Locks: the exclusive tree lock guards both.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/poll.h>

#include "account.h"
#include "map.h"
#include "trace.h"
#include "vmo.h"

#define VMOP_CHILD_SNAPSHOTS						\
	(VMOP_CHILD_SNAPSHOT | VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE |	\
	 VMOP_CHILD_SNAPSHOT_MODIFIED)
#define VMOP_CHILD_VIEWS (VMOP_CHILD_SLICE | VMOP_CHILD_REFERENCE)
#define VMOP_CHILD_KINDS (VMOP_CHILD_SNAPSHOTS | VMOP_CHILD_VIEWS)
#define VMOP_CHILD_ALL							\
	(VMOP_CHILD_KINDS | VMOP_CHILD_RESIZABLE | VMOP_CHILD_NO_WRITE | \
	 VMOP_CHILD_RESETTABLE)

/* How a clone is hung in. */
enum vmop_clone_way {
	VMOP_CLONE_FOLLOW,
	VMOP_CLONE_SNAPSHOT,
	VMOP_CLONE_FREEZE,
};

/**
 * vmop_vmo_adopt() - make a VMO the child of another one
 * @parent: the VMO that it was made from
 * @child: a new VMO
 *
 * Context: exclusive tree lock. (semantics: COW-36, COW-37)
 */
void vmop_vmo_adopt(struct vmop_vmo *parent, struct vmop_vmo *child)
{
	lockdep_assert_held_write(&parent->tree->lock);
	child->parent = parent;
	list_add_tail(&child->sibling, &parent->children);
	WRITE_ONCE(parent->nr_children, parent->nr_children + 1);
}

/**
 * vmop_vmo_orphan() - take a VMO out of its family
 * @vmo: the VMO, which ends
 *
 * Its children become its parent's. (semantics: COW-23, COW-37, COW-38)
 *
 * Context: exclusive tree lock.
 */
void vmop_vmo_orphan(struct vmop_vmo *vmo)
{
	struct vmop_vmo *parent = vmo->parent;
	struct vmop_vmo *child, *next;

	lockdep_assert_held_write(&vmo->tree->lock);
	list_for_each_entry_safe(child, next, &vmo->children, sibling) {
		list_del_init(&child->sibling);
		child->parent = NULL;
		if (parent)
			vmop_vmo_adopt(parent, child);
	}
	vmo->nr_children = 0;
	if (!parent)
		return;
	list_del_init(&vmo->sibling);
	vmo->parent = NULL;
	WRITE_ONCE(parent->nr_children, parent->nr_children - 1);
	if (!parent->nr_children)
		wake_up_interruptible_poll(&parent->wq, EPOLLPRI);
}

/*
 * Is what a clone has not changed itself what its family's root shows now? Not if
 * that is kept for it, nor if it was made with nothing of the root to see.
 */
static bool vmop_child_follows(const struct vmop_cow *node)
{
	for (; node->parent; node = node->parent)
		if (node->parent->frozen == node)
			return false;
	return node->source;
}

/* Does a hidden node, or one that is kept frozen, stand between node and root? */
static bool vmop_child_is_below_hidden(const struct vmop_cow *node)
{
	for (; node->parent; node = node->parent)
		if (vmop_cow_is_hidden(node->parent) ||
		    node->parent->frozen == node)
			return true;
	return false;
}

/* Nobody may look to a leaf that is going to be hidden as it is. */
static int vmop_child_check_hide(const struct vmop_vmo *vmo,
				 const struct vmop_cow *node)
{
	return vmop_vmo_is_slice(vmo) || !list_empty(&node->children) ?
	       -EOPNOTSUPP : 0;
}

static int vmop_child_snapshot_modified(const struct vmop_vmo *vmo,
					const struct vmop_cow *node)
{
	if (node->source)
		return VMOP_CLONE_FOLLOW;
	/* A clone of a clone that is not hidden: it follows two (COW-10). */
	if (node->parent && !node->parent->source &&
	    !vmop_cow_is_hidden(node->parent))
		return -EOPNOTSUPP;
	return vmop_child_check_hide(vmo, node) ?: VMOP_CLONE_SNAPSHOT;
}

static int vmop_child_snapshot(const struct vmop_vmo *vmo,
			       const struct vmop_cow *node)
{
	if (node->source)
		return vmop_vmo_is_slice(vmo) ? -EOPNOTSUPP :
						VMOP_CLONE_FREEZE;
	if (vmo->tree->source &&
	    (vmop_child_follows(node) ||
	     (node->parent && !vmop_cow_is_hidden(node->parent) &&
	      !node->parent->source)))
		return -EOPNOTSUPP;
	return vmop_child_check_hide(vmo, node) ?: VMOP_CLONE_SNAPSHOT;
}

/* What a kind of snapshot means for this parent (COW-8 to COW-10). */
static int vmop_child_way(const struct vmop_vmo *vmo,
			  const struct vmop_cow *node, u32 flags)
{
	bool has_pager = vmo->tree->source;

	if ((flags & VMOP_CHILD_SNAPSHOT) || !has_pager)
		return vmop_child_snapshot(vmo, node);
	if ((flags & VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE) &&
	    !vmop_child_is_below_hidden(node))
		return VMOP_CLONE_FOLLOW;
	return vmop_child_snapshot_modified(vmo, node);
}

static int vmop_child_check_slice(const struct vmop_vmo *vmo,
				  const struct vmop_vmo_create_child *cmd)
{
	u64 size = vmop_vmo_end_pgoff(vmo);
	u64 len = (u64)vmop_pages_up(cmd->length) << PAGE_SHIFT;

	size = (size << PAGE_SHIFT) - vmo->off;
	if (cmd->offset > size || len > size - cmd->offset)
		return -EINVAL;
	return vmo->space->resizable ? -EOPNOTSUPP : 0;
}

static int vmop_child_check_reference(const struct vmop_vmo *vmo,
				      const struct vmop_vmo_create_child *cmd)
{
	if (vmop_vmo_is_slice(vmo))
		return -EOPNOTSUPP;
	if ((cmd->flags & VMOP_CHILD_RESIZABLE) && !vmo->space->resizable)
		return -EOPNOTSUPP;
	return 0;
}

/* Make a file that shows the parent's own space. */
static int vmop_child_view(struct vmop_vmo *vmo, struct vmop_vmo *child,
			   const struct vmop_vmo_create_child *cmd)
{
	bool slice = cmd->flags & VMOP_CHILD_SLICE;
	int ret;

	down_write(&vmo->tree->lock);
	ret = slice ? vmop_child_check_slice(vmo, cmd) :
		      vmop_child_check_reference(vmo, cmd);
	if (ret)
		goto out_unlock;
	if (slice) {
		child->off = vmo->off + cmd->offset;
		child->slice_len = min((u64)vmop_pages_up(cmd->length)
				       << PAGE_SHIFT,
				       vmop_vmo_len(vmo) - cmd->offset);
	}
	list_add(&child->view_link, &vmo->space->views);
	i_size_write(&child->inode, vmop_vmo_len(child));
	vmop_vmo_adopt(vmo, child);
out_unlock:
	up_write(&vmo->tree->lock);
	return ret;
}

/* @node: the clone's, @spare: for who has to be kept. Either may be used. */
static int vmop_child_hang_in(struct vmop_vmo *vmo, struct vmop_vmo *child,
			      const struct vmop_vmo_create_child *cmd,
			      struct vmop_cow *node, struct vmop_cow **spare)
{
	struct vmop_cow *parent = vmop_vmo_node(vmo);
	pgoff_t offset = vmop_vmo_pgoff(vmo, cmd->offset);
	pgoff_t nr_pages = vmop_pages_up(cmd->length);
	int way = vmop_child_way(vmo, parent, cmd->flags);
	bool used = false;
	pgoff_t end;

	switch (way) {
	case VMOP_CLONE_FOLLOW:
		vmop_cow_clone(parent, node, offset, nr_pages);
		/* Of a slice's neighbours nothing shows. */
		end = vmop_vmo_end_pgoff(vmo);
		node->limit = min(node->limit,
				  end > offset ? end - offset : 0);
		break;
	case VMOP_CLONE_SNAPSHOT:
		used = vmop_cow_snapshot(parent, *spare, node, offset,
					 nr_pages);
		if (used)
			vmop_map_stop_stores(vmo->space);
		break;
	case VMOP_CLONE_FREEZE:
		used = vmop_cow_freeze(parent, *spare, node, offset, nr_pages);
		vmop_map_stop_stores(vmo->space);
		break;
	default:
		return way;
	}
	if (used)
		*spare = NULL;
	node->home->node = node;
	list_add(&child->view_link, &node->home->views);
	i_size_write(&child->inode, node->len);
	vmop_vmo_adopt(vmo, child);
	return 0;
}

static int vmop_child_clone(struct vmop_vmo *vmo, struct vmop_vmo *child,
			    const struct vmop_vmo_create_child *cmd)
{
	struct vmop_cow *node, *spare;
	struct mem_cgroup *old;
	int ret = -ENOMEM;

	node = vmop_cow_create(vmo->tree, child->space, false);
	spare = vmop_cow_create(vmo->tree, vmo->space, false);
	if (node && spare) {
		node->keep_base = cmd->flags & VMOP_CHILD_RESETTABLE;
		old = vmop_vmo_lock(vmo);
		ret = vmop_child_hang_in(vmo, child, cmd, node, &spare);
		vmop_vmo_unlock(vmo, old);
	}
	vmop_cow_destroy(spare);
	if (ret)
		vmop_cow_destroy(node);
	return ret;
}

/* Flags and numbers alone (COW-5, COW-12). */
static int vmop_child_check(const struct vmop_vmo_create_child *cmd)
{
	u32 kind = cmd->flags & VMOP_CHILD_KINDS;

	if (cmd->flags & ~VMOP_CHILD_ALL)
		return -EOPNOTSUPP;
	if (hweight32(kind) != 1 || (cmd->offset & ~PAGE_MASK))
		return -EINVAL;
	if ((cmd->flags & VMOP_CHILD_RESIZABLE) &&
	    (cmd->flags & (VMOP_CHILD_SLICE | VMOP_CHILD_NO_WRITE)))
		return -EINVAL;
	if ((kind & VMOP_CHILD_VIEWS) &&
	    ((cmd->flags & VMOP_CHILD_RESETTABLE) || cmd->payer_fd != -1))
		return -EINVAL;
	if ((kind & VMOP_CHILD_REFERENCE) && (cmd->offset || cmd->length))
		return -EINVAL;
	if (cmd->offset > S64_MAX || cmd->length > VMOP_MAX_VMO_SIZE ||
	    cmd->offset + cmd->length > S64_MAX)
		return -ERANGE;
	return 0;
}

static struct vmop_space *vmop_child_space(struct vmop_vmo *vmo,
					   const struct vmop_vmo_create_child *cmd)
{
	struct vmop_space *space;
	struct mem_cgroup *payer;

	if (cmd->flags & VMOP_CHILD_VIEWS) {
		vmop_space_get(vmo->space);
		return vmo->space;
	}
	payer = vmop_payer_get(cmd->payer_fd);
	if (IS_ERR(payer))
		return ERR_CAST(payer);
	space = vmop_space_create(payer);
	vmop_payer_put(payer);
	if (!space)
		return ERR_PTR(-ENOMEM);
	space->resizable = cmd->flags & VMOP_CHILD_RESIZABLE;
	return space;
}

static struct file *vmop_child_open(struct vmop_vmo *vmo, fmode_t mode,
				    const struct vmop_vmo_create_child *cmd)
{
	struct vmop_space *space = vmop_child_space(vmo, cmd);
	struct vmop_vmo_params params = {};
	char name[VMOP_NAME_LEN];
	struct file *file;

	if (IS_ERR(space))
		return ERR_CAST(space);
	params.child_flags = cmd->flags;
	if ((cmd->flags & VMOP_CHILD_VIEWS) && !(mode & FMODE_WRITE))
		params.child_flags |= VMOP_CHILD_NO_WRITE;
	if (cmd->flags & VMOP_CHILD_RESIZABLE)
		params.flags |= VMOP_VMO_RESIZABLE;
	if (cmd->flags & VMOP_CHILD_VIEWS)
		params.flags |= vmo->flags & VMOP_VMO_TRAP_DIRTY;
	spin_lock(&vmo->name_lock);
	memcpy(name, vmo->name, sizeof(name));
	spin_unlock(&vmo->name_lock);
	params.name = name;
	file = vmop_vmo_open(vmo->tree, space, &params);
	vmop_space_put(space);
	return file;
}

/**
 * vmop_vmo_create_child() - VMOP_VMO_CREATE_CHILD
 * @vmo: the parent
 * @mode: how it is open
 * @cmd: the command
 *
 * Return: the child's first file, or an ERR_PTR; see the uapi header.
 */
struct file *vmop_vmo_create_child(struct vmop_vmo *vmo, fmode_t mode,
				   const struct vmop_vmo_create_child *cmd)
{
	struct vmop_vmo *child;
	struct file *file;
	int ret;

	ret = vmop_child_check(cmd);
	if (ret)
		return ERR_PTR(ret);
	if (!(mode & FMODE_READ))
		return ERR_PTR(-EACCES);
	file = vmop_child_open(vmo, mode, cmd);
	if (IS_ERR(file))
		return file;
	child = vmop_vmo_from_file(file);
	child->child_off = cmd->offset;
	ret = cmd->flags & VMOP_CHILD_VIEWS ? vmop_child_view(vmo, child, cmd) :
					      vmop_child_clone(vmo, child, cmd);
	if (!ret) {
		trace_vmop_clone(vmo->id, child->id, cmd->flags, cmd->offset,
				 i_size_read(&child->inode));
		vmop_vmo_show(child);
		return file;
	}
	fput(file);
	return ERR_PTR(ret);
}

/**
 * vmop_vmo_reset() - VMOP_VMO_RESET
 * @vmo: the VMO
 * @actual: bytes of private pages that were dropped
 *
 * Return: 0 or a negative errno, see the uapi header.
 */
int vmop_vmo_reset(struct vmop_vmo *vmo, u64 *actual)
{
	struct mem_cgroup *old;
	unsigned long nr_dropped = 0;
	int ret = -EOPNOTSUPP;

	if (!(vmo->child_flags & VMOP_CHILD_SNAPSHOTS) && !vmo->tree->compose)
		return ret;
	old = vmop_vmo_lock(vmo);
	ret = vmo->space->sealed ? -EPERM :
	      vmop_cow_reset(vmop_vmo_node(vmo), &nr_dropped);
	vmop_vmo_unlock(vmo, old);
	*actual = (u64)nr_dropped << PAGE_SHIFT;
	return ret;
}

/**
 * vmop_vmo_seal() - VMOP_VMO_SEAL
 * @vmo: the VMO
 *
 * mmap() first counts a mapping that may become writable and then looks for the
 * seal, so one of the two notices the other.
 *
 * Return: 0; -EBUSY while such a mapping exists.
 */
int vmop_vmo_seal(struct vmop_vmo *vmo)
{
	struct vmop_space *space = vmo->space;
	int ret = 0;

	down_write(&vmo->tree->lock);
	if (!space->sealed) {
		WRITE_ONCE(space->sealed, true);
		smp_mb(); /* with mapping_map_writable() before ->mmap() */
		if (mapping_writably_mapped(&space->mapping)) {
			WRITE_ONCE(space->sealed, false);
			ret = -EBUSY;
		}
	}
	up_write(&vmo->tree->lock);
	return ret;
}
