// SPDX-License-Identifier: GPL-2.0
/*
 * fs.c - the pseudo filesystem that VMO inodes live on. It owns the slab of
 * struct vmop_vmo and the mount; nothing of a VMO's content.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>

#include "compat.h"
#include "vmo.h"

#define VMOP_FS_MAGIC 0x564d4f50

static struct kmem_cache *vmop_vmo_cache;
static struct vfsmount *vmop_mnt;

/* Also called for the root inode of the mount, which never becomes a VMO. */
static struct inode *vmop_fs_alloc_inode(struct super_block *sb)
{
	struct vmop_vmo *vmo;

	vmo = alloc_inode_sb(sb, vmop_vmo_cache, GFP_KERNEL);
	if (!vmo)
		return NULL;
	memset((char *)vmo + sizeof(vmo->inode), 0,
	       sizeof(*vmo) - sizeof(vmo->inode));
	spin_lock_init(&vmo->name_lock);
	INIT_LIST_HEAD(&vmo->children);
	init_waitqueue_head(&vmo->wq);
	return &vmo->inode;
}

static void vmop_fs_free_inode(struct inode *inode)
{
	kmem_cache_free(vmop_vmo_cache, to_vmop_vmo(inode));
}

static void vmop_fs_evict_inode(struct inode *inode)
{
	vmop_vmo_end(to_vmop_vmo(inode));
	inode->i_mapping = &inode->i_data;
	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
}

static const struct super_operations vmop_fs_super_ops = {
	.alloc_inode = vmop_fs_alloc_inode,
	.free_inode = vmop_fs_free_inode,
	.evict_inode = vmop_fs_evict_inode,
	.statfs = simple_statfs,
};

static int vmop_fs_init_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, VMOP_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &vmop_fs_super_ops;
	vmop_compat_allow_exec(fc);
	return 0;
}

/* No owner: kern_mount() would pin the module until it is unmounted. */
static struct file_system_type vmop_fs_type = {
	.name = "vmopager",
	.init_fs_context = vmop_fs_init_context,
	.kill_sb = kill_anon_super,
};

static void vmop_fs_init_once(void *object)
{
	inode_init_once(&((struct vmop_vmo *)object)->inode);
}

/**
 * vmop_fs_root_inode() - an inode that is always there
 *
 * Return: the root of the mount, which is no VMO.
 */
struct inode *vmop_fs_root_inode(void)
{
	return d_inode(vmop_mnt->mnt_root);
}

/**
 * vmop_fs_new_inode() - make the inode of a new VMO
 *
 * Return: an inode of size 0 whose VMO part is zeros, or NULL.
 */
struct inode *vmop_fs_new_inode(void)
{
	struct inode *inode = new_inode(vmop_mnt->mnt_sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | 0600;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	vmop_compat_init_times(inode);
	inode->i_op = &vmop_vmo_iops;
	inode->i_fop = &vmop_vmo_fops;
	/* In no directory: a link to it cannot be made. */
	clear_nlink(inode);
	return inode;
}

/**
 * vmop_fs_open() - open a VMO
 * @inode: its inode; the file takes over the reference, also on failure
 * @flags: O_RDWR or O_RDONLY
 *
 * Return: the file, or an ERR_PTR.
 */
struct file *vmop_fs_open(struct inode *inode, int flags)
{
	struct file *file;

	/* fput() drops a reference of the module that nobody else takes. */
	__module_get(THIS_MODULE);
	file = alloc_file_pseudo(inode, vmop_mnt, "vmo", flags | O_LARGEFILE,
				 &vmop_vmo_fops);
	if (IS_ERR(file)) {
		module_put(THIS_MODULE);
		iput(inode);
		return file;
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE |
			VMOP_COMPAT_FMODE;
	return file;
}

/**
 * vmop_fs_init() - make the slab and mount
 *
 * Return: 0 or a negative errno.
 */
int vmop_fs_init(void)
{
	int ret;

	vmop_vmo_cache = kmem_cache_create("vmop_vmo", sizeof(struct vmop_vmo),
					   0, SLAB_ACCOUNT, vmop_fs_init_once);
	if (!vmop_vmo_cache)
		return -ENOMEM;
	vmop_mnt = kern_mount(&vmop_fs_type);
	if (!IS_ERR(vmop_mnt))
		return 0;
	ret = PTR_ERR(vmop_mnt);
	/* The root's inode, if it got that far, as in vmop_fs_exit(). */
	rcu_barrier();
	kmem_cache_destroy(vmop_vmo_cache);
	return ret;
}

/**
 * vmop_fs_exit() - undo vmop_fs_init()
 */
void vmop_fs_exit(void)
{
	kern_unmount(vmop_mnt);
	/* Inodes are freed after a grace period. */
	rcu_barrier();
	kmem_cache_destroy(vmop_vmo_cache);
}
