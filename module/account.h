/* SPDX-License-Identifier: GPL-2.0 */
/*
 * account.h - who pays for the memory of a VMO.
 */
#ifndef VMOP_ACCOUNT_H
#define VMOP_ACCOUNT_H

#include <linux/types.h>

struct mem_cgroup;

struct mem_cgroup *vmop_payer_get(s32 fd);
void vmop_payer_put(struct mem_cgroup *payer);

#endif /* VMOP_ACCOUNT_H */
