/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat.h - every difference between kernel versions, and nothing else.
 *
 * Sorted by the kernel header that changed. Each block says what changed and
 * in which version; the rest of the module sees one interface. This is the only
 * file that may look at LINUX_VERSION_CODE.
 */
#ifndef VMOP_COMPAT_H
#define VMOP_COMPAT_H

/* First, as an older kernel may lack what the other headers are for. */
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "vmopager supports Linux 6.1 to 7.2: install a newer kernel and its headers"
#endif

#include <linux/fs.h>
#include <linux/list_lru.h>
#include <linux/mm.h>
#include <linux/shrinker.h>
#include <linux/splice.h>
#include <linux/swap.h>
#include <linux/uio.h>
#include <net/genetlink.h>

/* linux/fs.h */

/* 6.3: setattr and getattr take a mnt_idmap instead of a user_namespace. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define vmop_compat_idmap struct mnt_idmap
#else
#define vmop_compat_idmap struct user_namespace
#endif

/* 6.6: generic_fillattr() takes the request mask. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define vmop_compat_fillattr(idmap, mask, inode, stat) \
	generic_fillattr(idmap, mask, inode, stat)
#else
#define vmop_compat_fillattr(idmap, mask, inode, stat) \
	generic_fillattr(idmap, inode, stat)
#endif

/* 6.6: inode times are set by accessors. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define vmop_compat_init_times(inode) simple_inode_init_ts(inode)
#else
static inline void vmop_compat_init_times(struct inode *inode)
{
	inode->i_mtime = current_time(inode);
	inode->i_atime = inode->i_mtime;
	inode->i_ctime = inode->i_mtime;
}
#endif

/* 6.17: init_pseudo() forbids executable mappings; memory objects want them. */
#ifdef SB_I_NOEXEC
#define vmop_compat_allow_exec(fc) ((fc)->s_iflags &= ~SB_I_NOEXEC)
#else
#define vmop_compat_allow_exec(fc) do { } while (0)
#endif

/* 6.10: what a file can do without blocking moved to its operations. */
#ifdef FOP_BUFFER_WASYNC
#define VMOP_COMPAT_FMODE FMODE_NOWAIT
#define VMOP_COMPAT_FOP_FLAGS .fop_flags = FOP_BUFFER_WASYNC,
#else
#define VMOP_COMPAT_FMODE (FMODE_NOWAIT | FMODE_BUF_WASYNC)
#define VMOP_COMPAT_FOP_FLAGS
#endif

/* 6.5: the generic reader for splice that works on any ->read_iter. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
#define vmop_compat_splice_read copy_splice_read
#else
#define vmop_compat_splice_read generic_file_splice_read
#endif

/* linux/mm.h */

/* 6.3: vm_flags became read-only. */
static inline void vmop_compat_vm_flags_set(struct vm_area_struct *vma,
					    unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
}

static inline void vmop_compat_vm_flags_clear(struct vm_area_struct *vma,
					      unsigned long flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_clear(vma, flags);
#else
	vma->vm_flags &= ~flags;
#endif
}

/* 6.10: folio_mapcount() became inline; before it was not exported. */
static inline int vmop_compat_mapcount(const struct folio *folio)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	return folio_mapcount(folio);
#else
	/* Of a folio of one page. */
	return atomic_read(&folio->page._mapcount) + 1;
#endif
}

/*
 * 6.4: a fault may hold the lock of its VMA instead of mmap_lock. Afterwards
 * neither vmf nor its VMA may be touched.
 */
static inline void vmop_compat_release_fault_lock(struct vm_fault *vmf)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	release_fault_lock(vmf);
#else
	mmap_read_unlock(vmf->vma->vm_mm);
#endif
}

/* linux/list_lru.h */

/* 6.8: the plain names got other arguments, _obj finds the memcg itself. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define vmop_compat_lru_add(lru, item) list_lru_add_obj(lru, item)
#define vmop_compat_lru_del(lru, item) list_lru_del_obj(lru, item)
#else
#define vmop_compat_lru_add(lru, item) list_lru_add(lru, item)
#define vmop_compat_lru_del(lru, item) list_lru_del(lru, item)
#endif

/* 6.13: the walk's callback is no longer given the lock. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define VMOP_COMPAT_ISOLATE_ARGS \
	struct list_head *item, struct list_lru_one *list, void *arg
#else
#define VMOP_COMPAT_ISOLATE_ARGS \
	struct list_head *item, struct list_lru_one *list, \
	spinlock_t *lock, void *arg
#endif

/* linux/swap.h */

/* 6.5: reclaimed_slab became reclaimed and got an accessor. */
static inline void vmop_compat_account_reclaimed(unsigned long nr_pages)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	mm_account_reclaimed_pages(nr_pages);
#else
	if (current->reclaim_state)
		current->reclaim_state->reclaimed_slab += nr_pages;
#endif
}

/*
 * Has this episode of reclaim of a memcg taken enough from us? Since 6.4 it does
 * not see what shrinkers free, and goes on until nothing is left. Before, it
 * sees that late: its last round, over pages that were all used lately, takes
 * everything at once.
 */
static inline bool vmop_compat_reclaimed_enough(struct shrink_control *sc,
						unsigned long cap_pages)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 5, 0)
	return sc->memcg && current->reclaim_state &&
	       current->reclaim_state->reclaimed >= cap_pages;
#else
	return sc->memcg && current->reclaim_state &&
	       current->reclaim_state->reclaimed_slab >= cap_pages;
#endif
}

/* linux/shrinker.h */

/*
 * 6.7: shrinkers are allocated. Before, register_shrinker() gives the id that
 * list_lru_init_memcg() wants, as prealloc_shrinker() is not exported; so the
 * callbacks may run before the list exists, see vmop_lru_ready.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
static inline struct shrinker *vmop_compat_shrinker_alloc(const char *name)
{
	return shrinker_alloc(SHRINKER_MEMCG_AWARE | SHRINKER_NUMA_AWARE,
			      "%s", name);
}

static inline int vmop_compat_shrinker_setup(struct shrinker *shrinker,
					     struct list_lru *lru)
{
	int ret = list_lru_init_memcg(lru, shrinker);

	if (!ret)
		shrinker_register(shrinker);
	return ret;
}

static inline void vmop_compat_shrinker_free(struct shrinker *shrinker)
{
	shrinker_free(shrinker);
}
#else
static inline struct shrinker *vmop_compat_shrinker_alloc(const char *name)
{
	struct shrinker *shrinker = kzalloc(sizeof(*shrinker), GFP_KERNEL);

	if (shrinker)
		shrinker->flags = SHRINKER_MEMCG_AWARE | SHRINKER_NUMA_AWARE;
	return shrinker;
}

static inline int vmop_compat_shrinker_setup(struct shrinker *shrinker,
					     struct list_lru *lru)
{
	int ret = register_shrinker(shrinker, "vmopager");

	if (ret)
		return ret;
	ret = list_lru_init_memcg(lru, shrinker);
	if (ret)
		unregister_shrinker(shrinker);
	return ret;
}

/* Also right for one that vmop_compat_shrinker_setup() did not register. */
static inline void vmop_compat_shrinker_free(struct shrinker *shrinker)
{
	unregister_shrinker(shrinker);
	kfree(shrinker);
}
#endif

/* linux/uio.h */

/* 6.16: only of folios; that came earlier, and lasts. */
static inline size_t vmop_compat_copy_from_iter_atomic(struct folio *folio,
						       size_t offset,
						       size_t bytes,
						       struct iov_iter *from)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	return copy_folio_from_iter_atomic(folio, offset, bytes, from);
#else
	return copy_page_from_iter_atomic(folio_page(folio, 0), offset, bytes,
					  from);
#endif
}

/* net/genetlink.h */

/* 6.7, and in stable releases of those before. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#error "this kernel cannot keep netlink events from everybody: take its newest stable release"
#endif

/* 6.6: a dump knows its request as a command does. */
static inline struct nlattr **
vmop_compat_dump_attrs(struct netlink_callback *cb)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif /* VMOP_COMPAT_H */
