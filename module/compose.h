/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compose.h - VMOs that are put together from parts of others.
 */
#ifndef VMOP_COMPOSE_H
#define VMOP_COMPOSE_H

#include <linux/types.h>

struct vmop_compose;
struct vmop_ucmd;
struct vmop_vmo;
struct vmop_waiter;

void vmop_compose_free(struct vmop_compose *compose);
int vmop_compose_fetch(struct vmop_vmo *vmo, pgoff_t pgoff, pgoff_t nr_pages,
		       struct vmop_waiter *w);
int vmop_vmo_compose_ioctl(struct vmop_ucmd *ucmd);

#endif /* VMOP_COMPOSE_H */
