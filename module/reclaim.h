/* SPDX-License-Identifier: GPL-2.0 */
/*
 * reclaim.h - the list of pages that memory pressure may take.
 */
#ifndef VMOP_RECLAIM_H
#define VMOP_RECLAIM_H

#include <linux/list_lru.h>

struct vmop_page;

extern struct list_lru vmop_reclaim_lru;

void vmop_reclaim_add(struct vmop_page *page);
void vmop_reclaim_del(struct vmop_page *page);
int vmop_reclaim_init(void);
void vmop_reclaim_exit(void);

#endif /* VMOP_RECLAIM_H */
