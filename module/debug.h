/* SPDX-License-Identifier: GPL-2.0 */
/*
 * debug.h - help for kernels that check locks; nothing on others.
 */
#ifndef VMOP_DEBUG_H
#define VMOP_DEBUG_H

#include <linux/mm.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "cow.h"

/**
 * vmop_debug_prime_locks() - show lockdep the intended order once
 *
 * mmap_lock, then a tree lock, then reclaim: so that the first code path that
 * takes them the other way round is reported, even if it never races. The lock
 * is made by vmop_tree_create() so that it is of the same class.
 */
static inline void vmop_debug_prime_locks(void)
{
#ifdef CONFIG_LOCKDEP
	struct vmop_tree *tree;

	if (!current->mm)
		return;
	tree = vmop_tree_create();
	if (!tree)
		return;
	mmap_read_lock(current->mm);
	down_write(&tree->lock);
	fs_reclaim_acquire(GFP_KERNEL);
	fs_reclaim_release(GFP_KERNEL);
	up_write(&tree->lock);
	mmap_read_unlock(current->mm);
	vmop_tree_put(tree);
#endif
}

#endif /* VMOP_DEBUG_H */
