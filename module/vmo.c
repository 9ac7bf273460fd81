// SPDX-License-Identifier: GPL-2.0
/*
 * vmo.c - life of a VMO: creation, size, name, end; and how a position gets a
 * page. It owns struct vmop_vmo. How children are made of one is in vmo_child.c,
 * what is told about one in vmo_info.c, how an access waits for the pager in
 * vmo_wait.c.
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
#include "registry.h"
#include "request.h"
#include "trace.h"
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
	down_write(&vmo->tree->lock);
	return set_active_memcg(vmo->space->payer);
}

/**
 * vmop_vmo_unlock() - undo vmop_vmo_lock()
 * @vmo: the VMO
 * @old: what vmop_vmo_lock() returned
 */
void vmop_vmo_unlock(struct vmop_vmo *vmo, struct mem_cgroup *old)
{
	set_active_memcg(old);
	up_write(&vmo->tree->lock);
}

static void vmop_vmo_end_source(struct vmop_tree *tree)
{
	if (tree->source)
		vmop_source_put(tree->source);
	if (tree->pager)
		vmop_pager_put(tree->pager);
}

/* Make the family, the space and the node of a VMO without a parent. */
static struct vmop_cow *vmop_vmo_make_root(const struct vmop_vmo_params *params)
{
	struct vmop_tree *tree = vmop_tree_create();
	struct vmop_cow *node = NULL;
	struct vmop_space *space;

	if (!tree)
		return NULL;
	space = vmop_space_create(params->payer);
	if (space) {
		tree->source = params->source;
		node = vmop_cow_create(tree, space, true);
		/* Nothing to undo at the family's end yet. */
		tree->source = NULL;
		vmop_space_put(space);
	}
	vmop_tree_put(tree);
	if (!node)
		return NULL;
	node->home->resizable = params->flags & VMOP_VMO_RESIZABLE;
	node->trap_dirty = params->flags & VMOP_VMO_TRAP_DIRTY;
	node->dirty_limit = params->dirty_limit;
	node->len = params->len;
	node->nr_pages = vmop_pages_up(params->len);
	return node;
}

/**
 * vmop_vmo_new_id() - a number for a VMO that is to be made
 *
 * Return: one that was never used.
 */
u64 vmop_vmo_new_id(void)
{
	return atomic64_inc_return(&vmop_next_vmo_id);
}

/**
 * vmop_vmo_open() - make the file of a new VMO
 * @tree: its family; the VMO takes a reference
 * @space: what it is to show; the VMO takes a reference
 * @params: its flags and its name
 *
 * The VMO is in no list yet, so it ends quietly if it is put now. When it is
 * ready it is to be made known by vmop_vmo_show().
 *
 * Return: its first file, or an ERR_PTR.
 */
struct file *vmop_vmo_open(struct vmop_tree *tree, struct vmop_space *space,
			   const struct vmop_vmo_params *params)
{
	bool no_write = params->child_flags & VMOP_CHILD_NO_WRITE;
	u64 id = params->id ?: vmop_vmo_new_id();
	struct vmop_vmo *vmo;
	struct inode *inode;
	struct file *file;
	int ret;

	ret = vmop_registry_reserve(VMOP_REGISTRY_VMO, id);
	if (ret)
		return ERR_PTR(ret);
	file = ERR_PTR(-ENOMEM);
	inode = vmop_fs_new_inode();
	if (!inode)
		goto err_remove;
	/* Before the file is made: it takes this as its own. */
	inode->i_mapping = &space->mapping;
	file = vmop_fs_open(inode, no_write ? O_RDONLY : O_RDWR);
	if (IS_ERR(file))
		goto err_remove;
	vmo = to_vmop_vmo(inode);
	vmop_tree_get(tree);
	vmo->tree = tree;
	vmop_space_get(space);
	vmo->space = space;
	vmo->id = id;
	vmo->owner = current_euid();
	vmo->flags = params->flags;
	vmo->child_flags = params->child_flags;
	INIT_LIST_HEAD(&vmo->view_link);
	strscpy(vmo->name, params->name, sizeof(vmo->name));
	return file;

err_remove:
	vmop_registry_remove(VMOP_REGISTRY_VMO, id);
	return file;
}

/**
 * vmop_vmo_show() - make a new VMO known to those who look from outside
 * @vmo: the VMO; all of it is ready
 *
 * Context: no lock of ours.
 */
void vmop_vmo_show(struct vmop_vmo *vmo)
{
	vmop_registry_show(VMOP_REGISTRY_VMO, vmo->id, vmo);
	vmop_vmo_tell(vmo, VMOP_NL_EVENT_CREATED);
}

/**
 * vmop_vmo_tryget() - take a reference unless the VMO is ending
 * @vmo: a VMO from the registry, with its lock held
 *
 * Return: whether the caller has a reference now.
 */
bool vmop_vmo_tryget(struct vmop_vmo *vmo)
{
	return igrab(&vmo->inode);
}

/**
 * vmop_vmo_put() - drop a reference from vmop_vmo_tryget()
 * @vmo: the VMO; it may end now
 *
 * Context: no lock of ours; may sleep.
 */
void vmop_vmo_put(struct vmop_vmo *vmo)
{
	iput(&vmo->inode);
}

/**
 * vmop_vmo_create() - make a VMO without a parent and open it
 * @params: what it is to be, checked by the caller
 *
 * Return: its first file, open for reading and writing, or an ERR_PTR.
 */
struct file *vmop_vmo_create(const struct vmop_vmo_params *params)
{
	struct vmop_cow *node = vmop_vmo_make_root(params);
	struct vmop_tree *tree;
	struct vmop_vmo *vmo;
	struct file *file;

	if (!node)
		return ERR_PTR(-ENOMEM);
	tree = node->tree;
	/*
	 * Nothing fails after this. A VMO that was never made must not end like
	 * one that was: its end tells the pager.
	 */
	file = vmop_vmo_open(tree, node->home, params);
	if (IS_ERR(file)) {
		vmop_cow_destroy(node);
		return file;
	}
	vmo = vmop_vmo_from_file(file);
	if (params->source) {
		vmop_source_get(params->source);
		vmop_pager_get(params->pager);
	}
	tree->source = params->source;
	tree->pager = params->pager;
	tree->pager_slot = params->pager_slot;
	tree->release = vmop_vmo_end_source;
	vmo->pager = params->pager;
	if (params->source)
		node->home->tracked = node;
	node->home->node = node;
	list_add(&vmo->view_link, &node->home->views);
	i_size_write(&vmo->inode, params->len);
	if (params->source)
		vmop_source_show(params->source);
	vmop_vmo_show(vmo);
	return file;
}

/**
 * vmop_vmo_compose() - give a VMO the nodes of a composed family
 * @vmo: a new VMO
 * @root: where the copies go
 * @leaf: what the VMO shows
 * @nr_pages: size of both
 *
 * (compose.c)
 */
void vmop_vmo_compose(struct vmop_vmo *vmo, struct vmop_cow *root,
		      struct vmop_cow *leaf, pgoff_t nr_pages)
{
	struct vmop_space *space = vmo->space;

	down_write(&vmo->tree->lock);
	root->composed = true;
	root->len = (u64)nr_pages << PAGE_SHIFT;
	root->nr_pages = nr_pages;
	vmop_cow_clone(root, leaf, 0, nr_pages);
	space->node = leaf;
	list_add(&vmo->view_link, &space->views);
	i_size_write(&vmo->inode, leaf->len);
	up_write(&vmo->tree->lock);
	vmop_vmo_show(vmo);
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

/* Nodes that are no more. The root's end is the end of its source. */
static void vmop_vmo_bury(struct list_head *dead)
{
	struct vmop_cow *node, *next;

	list_for_each_entry_safe(node, next, dead, sibling) {
		struct vmop_tree *tree = node->tree;

		if (node->source) {
			if (vmop_source_vmo_gone(node->source))
				vmop_source_tell_complete(node->source);
			vmop_pager_forget(tree->pager, tree->pager_slot);
		}
		vmop_cow_destroy(node);
	}
}

/**
 * vmop_vmo_end() - free what a VMO holds: nobody has it open or mapped
 * @vmo: the VMO, or the inode of one that was never made
 *
 * (semantics: DET-13, COW-23, COW-37)
 */
void vmop_vmo_end(struct vmop_vmo *vmo)
{
	struct vmop_space *space = vmo->space;
	struct mem_cgroup *old;
	struct vmop_cow *node;
	bool shown;
	LIST_HEAD(dead);

	if (!space)
		return;
	shown = vmop_registry_remove(VMOP_REGISTRY_VMO, vmo->id);
	old = vmop_vmo_lock(vmo);
	node = space->node;
	if (!list_empty(&vmo->view_link))
		list_del_init(&vmo->view_link);
	if (node && list_empty(&space->views)) {
		space->node = NULL;
		vmop_cow_close(node, &dead);
	}
	/* Only now: who hears of it may rely on the nodes being gone. */
	vmop_vmo_orphan(vmo);
	vmop_vmo_unlock(vmo, old);
	if (shown)
		vmop_vmo_tell(vmo, VMOP_NL_EVENT_CLOSED);
	vmop_vmo_bury(&dead);
	vmop_space_put(space);
	vmop_tree_put(vmo->tree);
}

/* All that show the node whole have its size. */
static void vmop_vmo_sizes(struct vmop_space *space)
{
	struct vmop_vmo *view;

	list_for_each_entry(view, &space->views, view_link)
		if (!vmop_vmo_is_slice(view))
			i_size_write(&view->inode, space->node->len);
}

/* What is behind the new end is no more, also for those who wait for it. */
static void vmop_vmo_cut_off(struct vmop_cow *node, pgoff_t old_pages)
{
	pgoff_t nr_pages = node->nr_pages;

	vmop_map_zap_zero(node, nr_pages, old_pages - nr_pages);
	vmop_map_zap_private(node, nr_pages);
	if (!node->source)
		return;
	vmop_source_resolve(node->source, VMOP_REQ_READ, nr_pages, old_pages);
	vmop_source_resolve(node->source, VMOP_REQ_DIRTY, nr_pages, old_pages);
	vmop_source_cleaned(node->source, nr_pages, old_pages);
}

static int vmop_vmo_resize_once(struct vmop_vmo *vmo, u64 len, pgoff_t *missing)
{
	struct mem_cgroup *old = vmop_vmo_lock(vmo);
	struct vmop_cow *node = vmop_vmo_node(vmo);
	pgoff_t old_pages = node->nr_pages;
	int ret = -EPERM;

	if (vmo->space->sealed)
		goto out_unlock;
	ret = vmop_cow_resize(node, len, missing);
	if (ret)
		goto out_unlock;
	vmop_cow_modify(node);
	vmop_vmo_sizes(vmo->space);
	if (node->nr_pages < old_pages)
		vmop_vmo_cut_off(node, old_pages);
out_unlock:
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
 * Return: 0; -EPERM if it is not resizable, or sealed; -EACCES if only this view
 * of it is not; -ERANGE if @len is too
 * large; -EBUSY when a snapshot sees something behind the new end that was never
 * supplied; -ENOMEM.
 */
int vmop_vmo_resize(struct vmop_vmo *vmo, u64 len)
{
	unsigned int tries = VMOP_NOMEM_TRIES;
	pgoff_t missing;
	int ret;

	/* Of a reference it is the file that is not made for it (COW-6). */
	if (!(vmo->flags & VMOP_VMO_RESIZABLE))
		return vmo->space->resizable ? -EACCES : -EPERM;
	if (len > VMOP_MAX_VMO_SIZE)
		return -ERANGE;
	do {
		ret = vmop_vmo_resize_once(vmo, len, &missing);
		if (ret == -EAGAIN)
			ret = vmop_vmo_give_page(vmo, missing, true) ?: -EAGAIN;
		else if (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo))
			ret = -EAGAIN;
	} while (ret == -EAGAIN);
	trace_vmop_resize(vmo->id, len, ret);
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
	struct vmop_source *src = vmo->tree->source;
	struct mem_cgroup *old;
	struct vmop_cow *node;
	bool complete;

	if (vmop_source_state(src) == VMOP_VMO_STATE_DETACHED)
		return;
	/* Refuses supplies first, so nothing clean comes in after the drop. */
	complete = vmop_source_detach(src);
	old = vmop_vmo_lock(vmo);
	node = vmop_vmo_node(vmo);
	if (node->nr_pages)
		vmop_map_zap(node, 0, node->nr_pages);
	vmop_cow_drop_clean(node);
	/* A fault may have been about to map zeros of what is gone. */
	vmop_map_zap_zero(node, 0, node->nr_pages);
	/* Who waits for room to change what is gone now need not. */
	vmop_source_resolve(src, VMOP_REQ_ROOM, 0, node->nr_pages);
	vmop_vmo_unlock(vmo, old);
	trace_vmop_detach(vmo->id, vmop_source_pager_id(src));
	vmop_vmo_tell(vmo, VMOP_NL_EVENT_DETACHED);
	if (complete)
		vmop_source_tell_complete(src);
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

/**
 * vmop_vmo_alloc_page() - a page that who pays for a VMO pays for
 * @vmo: the VMO
 * @zero: as in vmop_page_alloc()
 *
 * Context: no lock of ours.
 * Return: the page, or NULL; then it was told that the limit is reached.
 */
struct vmop_page *vmop_vmo_alloc_page(struct vmop_vmo *vmo, bool zero)
{
	struct vmop_page *page = vmop_page_alloc(vmo->space->payer, zero);

	if (!page)
		vmop_vmo_tell_limit(vmo, VMOP_NL_LIMIT_MEMORY);
	return page;
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
	struct vmop_page *page = vmop_vmo_alloc_page(vmo, false);

	vmop_page_free(page);
	return page;
}

/**
 * vmop_vmo_give_page() - bring what VMOP_NEED_PAGE is about
 * @vmo: the VMO
 * @pgoff: the position
 * @write: see vmop_cow_give_page()
 *
 * Context: no lock of ours.
 * Return: 0 when it is time to look again, -ENOMEM.
 */
int vmop_vmo_give_page(struct vmop_vmo *vmo, pgoff_t pgoff, bool write)
{
	struct vmop_page *page = vmop_vmo_alloc_page(vmo, true);
	unsigned int tries = VMOP_NOMEM_TRIES;
	struct mem_cgroup *old;
	int ret;

	if (!page)
		return -ENOMEM;
	do {
		old = vmop_vmo_lock(vmo);
		ret = vmop_cow_give_page(vmop_vmo_node(vmo), pgoff, page,
					 write);
		vmop_vmo_unlock(vmo, old);
	} while (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo));
	if (ret)
		vmop_page_free(page);
	if (ret != -EEXIST)
		trace_vmop_fork(vmo->id, vmop_vmo_pos(vmo, pgoff), PAGE_SIZE,
				ret);
	return ret == -EEXIST ? 0 : ret;
}
