/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that requests, sources and ports need from the kernel.
 *
 * The user-space test in selftests/unit builds the same files with a replacement
 * of this one that has the same include guard and comes first. So a new include
 * here is a new promise that the replacement has to keep: no mappings, faults or
 * VMOs, and user memory by iov_iter in port.c only.
 */
#ifndef _VMOP_REQUEST_DEPS_H
#define _VMOP_REQUEST_DEPS_H

#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/interval_tree_generic.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/printk.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include <linux/vmopager.h>

#include "trace.h"
#include "event.h"
#include "overdue.h"
#include "registry.h"

#endif /* _VMOP_REQUEST_DEPS_H */
