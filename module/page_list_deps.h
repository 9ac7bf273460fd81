/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything the page list needs from the kernel, and nothing else.
 *
 * The user-space tests in selftests/unit build the same page_list*.c with a
 * replacement of this file that has the same include guard and comes first.
 * So a new include here is a new promise that the replacement has to keep:
 * the page list must stay free of user pointers, VMOs and sleeping waits.
 */
#ifndef _VMOP_PAGE_LIST_DEPS_H
#define _VMOP_PAGE_LIST_DEPS_H

#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/xarray.h>

/*
 * How the list allocates its nodes: may sleep and reclaim, but gives up
 * instead of calling the OOM killer; the caller gets -ENOMEM.
 */
#define VMOP_PLIST_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#endif /* _VMOP_PAGE_LIST_DEPS_H */
