/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmo.h - the memory object: an inode with a node.
 */
#ifndef VMOP_VMO_H
#define VMOP_VMO_H

#include <linux/fs.h>
#include <linux/wait.h>

#include <linux/vmopager.h>
#include <linux/vmopager_netlink.h>

#include "cow.h"
#include "space.h"

struct mem_cgroup;
struct seq_file;
struct vmop_pager;
struct vmop_source;
struct vmop_space;
struct vmop_waiter;

/**
 * struct vmop_vmo - a VMO: a view of a space
 * @inode: the file that it is; i_size is its size in bytes. i_mapping is that of
 *         @space
 * @tree: its family; immutable, referenced
 * @space: what it shows; immutable, referenced
 * @off: where in @space it starts, in bytes: whole pages. 0 but for slices;
 *       immutable
 * @slice_len: size of a slice in bytes; immutable
 * @pager: who made it, NULL for a VMO that no pager made; immutable
 * @id: number of this VMO, never used again; immutable
 * @owner: who made it; immutable
 * @flags: enum vmop_vmo_flags; immutable
 * @child_flags: enum vmop_child_flags that it was made with; 0 for no child;
 *               immutable
 * @child_off: where in its first parent it started, in bytes; immutable
 * @view_link: in @space->views; tree lock
 * @parent: the VMO that it was made from, or what is left above; NULL for none;
 *          tree lock
 * @children: VMOs that have us as @parent; tree lock
 * @sibling: in @parent->children; tree lock
 * @nr_children: how many; written under the exclusive tree lock, read by poll()
 * @wq: where pollers wait for @nr_children to become 0
 * @limit_told: when who listens was told last that a limit is reached, in jiffies,
 *              by enum vmop_nl_limit; changed atomically
 * @name: for people; @name_lock
 * @name_lock: leaf
 *
 * The inode is alive as long as a file or a mapping is.
 */
struct vmop_vmo {
	struct inode inode;
	struct vmop_tree *tree;
	struct vmop_space *space;
	u64 off;
	u64 slice_len;
	struct vmop_pager *pager;
	u64 id;
	kuid_t owner;
	u32 flags;
	u32 child_flags;
	u64 child_off;
	struct list_head view_link;
	struct vmop_vmo *parent;
	struct list_head children;
	struct list_head sibling;
	unsigned int nr_children;
	wait_queue_head_t wq;
	atomic_long_t limit_told[VMOP_NL_LIMIT_MEMORY + 1];
	spinlock_t name_lock;	/* guards name */
	char name[VMOP_NAME_LEN];
};

/**
 * struct vmop_vmo_params - what a new VMO is to be; the fields of a VMO without a
 *                           parent, unless they say something else
 * @len: size in bytes
 * @flags: enum vmop_vmo_flags; of any VMO
 * @id: its number, from vmop_vmo_new_id(); 0 for the next one; of any VMO
 * @child_flags: enum vmop_child_flags; of any VMO, 0 for one without a parent
 * @source: who supplies its content, or NULL; the family takes a reference
 * @pager: who makes it, or NULL; the family takes a reference
 * @pager_slot: for vmop_pager_forget() at the end of the root
 * @payer: memcg to charge; the space takes a reference
 * @dirty_limit: dirty pages from which on writers wait; 0 for none
 * @name: NUL-terminated; of any VMO
 */
struct vmop_vmo_params {
	u64 len;
	u64 id;
	u32 flags;
	u32 child_flags;
	struct vmop_source *source;
	struct vmop_pager *pager;
	u32 pager_slot;
	struct mem_cgroup *payer;
	unsigned long dirty_limit;
	const char *name;
};

/* How often a change is tried that lacks memory for the page list's nodes. */
#define VMOP_NOMEM_TRIES 8

/* Largest size: the last whole page that a file offset reaches. */
#define VMOP_MAX_VMO_SIZE ((u64)S64_MAX & PAGE_MASK)

static inline struct vmop_vmo *to_vmop_vmo(struct inode *inode)
{
	return container_of(inode, struct vmop_vmo, inode);
}

/**
 * vmop_vmo_node() - the node that a VMO shows now
 * @vmo: the VMO
 *
 * Context: shared tree lock, as long as the answer is used.
 * Return: the leaf.
 */
static inline struct vmop_cow *vmop_vmo_node(const struct vmop_vmo *vmo)
{
	lockdep_assert_held(&vmo->tree->lock);
	return vmo->space->node;
}

static inline bool vmop_vmo_is_slice(const struct vmop_vmo *vmo)
{
	return vmo->child_flags & VMOP_CHILD_SLICE;
}

/**
 * vmop_vmo_is_view() - is the VMO a slice or a reference?
 * @vmo: the VMO
 *
 * Return: whether all it shows belongs to another VMO.
 */
static inline bool vmop_vmo_is_view(const struct vmop_vmo *vmo)
{
	return vmo->child_flags & (VMOP_CHILD_SLICE | VMOP_CHILD_REFERENCE);
}

/**
 * vmop_vmo_pgoff() - where in its node a byte of a VMO is
 * @vmo: the VMO
 * @pos: the byte
 *
 * Return: position of the page that has it.
 */
static inline pgoff_t vmop_vmo_pgoff(const struct vmop_vmo *vmo, u64 pos)
{
	return (vmo->off + pos) >> PAGE_SHIFT;
}

/**
 * vmop_vmo_pos() - where in a VMO a position of its node is
 * @vmo: the VMO
 * @pgoff: the position
 *
 * Return: the first byte of the page.
 */
static inline u64 vmop_vmo_pos(const struct vmop_vmo *vmo, pgoff_t pgoff)
{
	return ((u64)pgoff << PAGE_SHIFT) - vmo->off;
}

/**
 * vmop_vmo_len() - size of a VMO in bytes
 * @vmo: the VMO
 *
 * Context: shared tree lock.
 * Return: bytes, to the byte.
 */
static inline u64 vmop_vmo_len(const struct vmop_vmo *vmo)
{
	return vmop_vmo_is_slice(vmo) ? vmo->slice_len :
					vmop_vmo_node(vmo)->len;
}

/**
 * vmop_vmo_end_pgoff() - where in its node a VMO ends
 * @vmo: the VMO
 *
 * Context: shared tree lock.
 * Return: position behind its last page.
 */
static inline pgoff_t vmop_vmo_end_pgoff(const struct vmop_vmo *vmo)
{
	return (vmo->off >> PAGE_SHIFT) + vmop_pages_up(vmop_vmo_len(vmo));
}

/* fs.c */
struct inode *vmop_fs_root_inode(void);
struct inode *vmop_fs_new_inode(void);
struct file *vmop_fs_open(struct inode *inode, int flags);
int vmop_fs_init(void);
void vmop_fs_exit(void);

/* vmo.c */
struct mem_cgroup *vmop_vmo_lock(struct vmop_vmo *vmo);
void vmop_vmo_unlock(struct vmop_vmo *vmo, struct mem_cgroup *old);
u64 vmop_vmo_new_id(void);
struct file *vmop_vmo_open(struct vmop_tree *tree, struct vmop_space *space,
			   const struct vmop_vmo_params *params);
struct file *vmop_vmo_create(const struct vmop_vmo_params *params);
void vmop_vmo_compose(struct vmop_vmo *vmo, struct vmop_cow *root,
		      struct vmop_cow *leaf, pgoff_t nr_pages);
struct vmop_vmo *vmop_vmo_from_file(struct file *file);
void vmop_vmo_show(struct vmop_vmo *vmo);
bool vmop_vmo_tryget(struct vmop_vmo *vmo);
void vmop_vmo_put(struct vmop_vmo *vmo);
void vmop_vmo_end(struct vmop_vmo *vmo);
int vmop_vmo_resize(struct vmop_vmo *vmo, u64 len);
void vmop_vmo_detach(struct vmop_vmo *vmo);
int vmop_vmo_set_name(struct vmop_vmo *vmo, const __u8 *name);
struct vmop_page *vmop_vmo_alloc_page(struct vmop_vmo *vmo, bool zero);
bool vmop_vmo_make_room(struct vmop_vmo *vmo);
int vmop_vmo_give_page(struct vmop_vmo *vmo, pgoff_t pgoff, bool write);

/* vmo_child.c */
void vmop_vmo_adopt(struct vmop_vmo *parent, struct vmop_vmo *child);
void vmop_vmo_orphan(struct vmop_vmo *vmo);
struct vmop_vmo_create_child;
struct file *vmop_vmo_create_child(struct vmop_vmo *vmo, fmode_t mode,
				   const struct vmop_vmo_create_child *cmd);
int vmop_vmo_reset(struct vmop_vmo *vmo, u64 *actual);
int vmop_vmo_seal(struct vmop_vmo *vmo);

/* vmo_info.c */
int vmop_vmo_info(struct vmop_vmo *vmo, struct vmop_vmo_get_info *info);
int vmop_vmo_shares(struct vmop_vmo *vmo, struct vmop_vmo_get_info *info);
u64 vmop_vmo_committed(struct vmop_vmo *vmo);

/* fdinfo.c */
void vmop_vmo_show_fdinfo(struct seq_file *m, struct file *file);
/* vmo_event.c */
void vmop_vmo_tell(struct vmop_vmo *vmo, u32 type);
void vmop_vmo_tell_limit(struct vmop_vmo *vmo, u32 limit);

/* vmo_wait.c */
int vmop_vmo_request_locked(struct vmop_vmo *vmo, enum vmop_need need,
			    pgoff_t start, pgoff_t end, struct vmop_waiter *w);
int vmop_vmo_wait_locked(struct vmop_vmo *vmo, enum vmop_need need,
			 pgoff_t start, pgoff_t end, unsigned int state);
int vmop_vmo_sync(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end,
		  unsigned int state);

/* vmo_op.c */
int vmop_vmo_commit(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual);
int vmop_vmo_decommit(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual);
int vmop_vmo_prefetch(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual);
int vmop_vmo_zero(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual);
int vmop_vmo_dont_need(struct vmop_vmo *vmo, u64 off, u64 len, u64 *actual);

/* vmo_file.c, fault.c */
extern const struct file_operations vmop_vmo_fops;
extern const struct inode_operations vmop_vmo_iops;
extern const struct vm_operations_struct vmop_vm_ops;

#endif /* VMOP_VMO_H */
