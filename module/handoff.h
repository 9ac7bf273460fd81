/* SPDX-License-Identifier: GPL-2.0 */
/*
 * handoff.h - a failure on its way from a thread's fault to its retried fault.
 */
#ifndef VMOP_HANDOFF_H
#define VMOP_HANDOFF_H

#include <linux/types.h>

/**
 * struct vmop_handoff_key - which fault a failure belongs to
 * @vmo_id: the mapped VMO
 * @pgoff: the page in it
 * @addr: start of the page in the address space
 *
 * The thread is always the current one.
 */
struct vmop_handoff_key {
	u64 vmo_id;
	pgoff_t pgoff;
	unsigned long addr;
};

void vmop_handoff_put(const struct vmop_handoff_key *key, int error);
int vmop_handoff_take(const struct vmop_handoff_key *key);
void vmop_handoff_exit(void);

#endif /* VMOP_HANDOFF_H */
