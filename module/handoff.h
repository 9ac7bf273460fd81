/* SPDX-License-Identifier: GPL-2.0 */
/*
 * handoff.h - what is on its way from a thread's fault to its retried fault.
 */
#ifndef VMOP_HANDOFF_H
#define VMOP_HANDOFF_H

#include <linux/types.h>

/* It was a store, and needs the pager. No failure: those are negative. */
#define VMOP_HANDOFF_STORE 1

/**
 * struct vmop_handoff_key - which fault it belongs to
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

void vmop_handoff_put(const struct vmop_handoff_key *key, int what);
int vmop_handoff_take(const struct vmop_handoff_key *key);
void vmop_handoff_exit(void);

#endif /* VMOP_HANDOFF_H */
