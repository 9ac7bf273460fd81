/* SPDX-License-Identifier: GPL-2.0 */
/*
 * registry.h - all objects by their numbers, for who looks at them from outside.
 */
#ifndef VMOP_REGISTRY_H
#define VMOP_REGISTRY_H

#include <linux/types.h>

/**
 * enum vmop_registry_kind - which numbers
 * @VMOP_REGISTRY_PAGER: of struct vmop_pager
 * @VMOP_REGISTRY_PORT: of struct vmop_port
 * @VMOP_REGISTRY_VMO: of struct vmop_vmo
 * @VMOP_REGISTRY_SOURCE: of struct vmop_source
 * @VMOP_REGISTRY_NR_KINDS: how many kinds there are
 */
enum vmop_registry_kind {
	VMOP_REGISTRY_PAGER,
	VMOP_REGISTRY_PORT,
	VMOP_REGISTRY_VMO,
	VMOP_REGISTRY_SOURCE,
	VMOP_REGISTRY_NR_KINDS
};

int vmop_registry_reserve(enum vmop_registry_kind kind, u64 id);
void vmop_registry_show(enum vmop_registry_kind kind, u64 id, void *object);
bool vmop_registry_remove(enum vmop_registry_kind kind, u64 id);
void *vmop_registry_next(enum vmop_registry_kind kind, u64 *id,
			 bool (*tryget)(void *object));
void *vmop_registry_find(enum vmop_registry_kind kind, u64 id,
			 bool (*tryget)(void *object));

#endif /* VMOP_REGISTRY_H */
