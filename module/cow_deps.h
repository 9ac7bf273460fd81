/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that cow*.c needs of the kernel and of the rest of the module, and
 * nothing else. The user-space tests in selftests/unit build the same files with
 * a replacement of this header that has the same include guard and comes first.
 */
#ifndef VMOP_COW_DEPS_H
#define VMOP_COW_DEPS_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/rwsem.h>
#include <linux/slab.h>

#include "map.h"
#include "page.h"
#include "page_list_deps.h"
#include "reclaim.h"
#include "space.h"

#endif /* VMOP_COW_DEPS_H */
