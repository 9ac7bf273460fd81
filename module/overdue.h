/* SPDX-License-Identifier: GPL-2.0 */
/*
 * overdue.h - who notices that a pager does not answer.
 */
#ifndef VMOP_OVERDUE_H
#define VMOP_OVERDUE_H

struct vmop_source;

void vmop_overdue_watch_locked(struct vmop_source *src);
void vmop_overdue_forget(struct vmop_source *src);
void vmop_overdue_exit(void);

#endif /* VMOP_OVERDUE_H */
