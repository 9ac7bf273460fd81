/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmo.h - the memory object: an inode with a node.
 */
#ifndef VMOP_VMO_H
#define VMOP_VMO_H

#include <linux/fs.h>

#include <linux/vmopager.h>

#include "cow.h"

struct mem_cgroup;
struct vmop_pager;
struct vmop_source;
struct vmop_waiter;

/**
 * struct vmop_vmo - a VMO
 * @inode: the file that it is; i_size is its size in bytes
 * @node: its content
 * @payer: memcg that its pages are charged to; immutable, referenced
 * @zero_folio: what read faults map where there are zeros; NULL until the VMO
 *              is mapped, then immutable. Holding its folio lock keeps such a
 *              fault from ending, see map.c
 * @pager: who made it, NULL for an anonymous VMO; immutable, referenced
 * @pager_slot: how @pager knows the source of this VMO; immutable
 * @id: number of this VMO, never used again; immutable
 * @flags: enum vmop_vmo_flags; immutable
 * @name: for people; @name_lock
 * @name_lock: leaf
 *
 * The inode is alive as long as a file or a mapping is. @node.mapping is the
 * inode's own.
 */
struct vmop_vmo {
	struct inode inode;
	struct vmop_cow node;
	struct mem_cgroup *payer;
	struct folio *zero_folio;
	struct vmop_pager *pager;
	u32 pager_slot;
	u64 id;
	u32 flags;
	spinlock_t name_lock;	/* guards name */
	char name[VMOP_NAME_LEN];
};

/**
 * struct vmop_vmo_params - what a new VMO is to be
 * @len: size in bytes
 * @flags: enum vmop_vmo_flags
 * @source: who supplies its content, or NULL; the VMO takes a reference
 * @pager: who makes it, or NULL; the VMO takes a reference
 * @pager_slot: for vmop_pager_forget() at the end of the VMO
 * @payer: memcg to charge; the VMO takes a reference
 * @dirty_limit: dirty pages from which on writers wait; 0 for none
 * @name: NUL-terminated
 */
struct vmop_vmo_params {
	u64 len;
	u32 flags;
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

static inline struct vmop_vmo *vmop_vmo_of(struct vmop_cow *node)
{
	return container_of(node, struct vmop_vmo, node);
}

/* fs.c */
struct inode *vmop_fs_new_inode(void);
struct file *vmop_fs_open(struct inode *inode);
int vmop_fs_init(void);
void vmop_fs_exit(void);

/* vmo.c */
struct mem_cgroup *vmop_vmo_lock(struct vmop_vmo *vmo);
void vmop_vmo_unlock(struct vmop_vmo *vmo, struct mem_cgroup *old);
struct file *vmop_vmo_create(const struct vmop_vmo_params *params);
struct vmop_vmo *vmop_vmo_from_file(struct file *file);
void vmop_vmo_end(struct vmop_vmo *vmo);
int vmop_vmo_resize(struct vmop_vmo *vmo, u64 len);
void vmop_vmo_detach(struct vmop_vmo *vmo);
void vmop_vmo_info(struct vmop_vmo *vmo, struct vmop_vmo_get_info *info);
int vmop_vmo_set_name(struct vmop_vmo *vmo, const __u8 *name);
bool vmop_vmo_make_room(struct vmop_vmo *vmo);
int vmop_vmo_fill_zero(struct vmop_vmo *vmo, pgoff_t pgoff, bool write);
int vmop_vmo_zero_folio(struct vmop_vmo *vmo);

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
extern const struct address_space_operations vmop_vmo_aops;
extern const struct vm_operations_struct vmop_vm_ops;

#endif /* VMOP_VMO_H */
