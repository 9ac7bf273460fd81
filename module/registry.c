// SPDX-License-Identifier: GPL-2.0
/*
 * registry.c - all pagers, ports, VMOs and sources by their numbers.
 *
 * It holds no references: an object takes itself out at its end, before anything
 * of it is freed. Who looks for one takes a reference in the same section of the
 * array's lock that finds it, unless the object is ending; so what was found
 * stays. Numbers grow and are never used again: who walks in their order and goes
 * on behind the last one sees each object that lives throughout, and sees it once.
 *
 * Locks: xa_lock of each array. In it only the callers' tryget, which may take the
 * inode's i_lock. It is a leaf for all others.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/xarray.h>

#include "registry.h"

static struct xarray vmop_registry[VMOP_REGISTRY_NR_KINDS] = {
	[VMOP_REGISTRY_PAGER] =
		XARRAY_INIT(vmop_registry[VMOP_REGISTRY_PAGER], 0),
	[VMOP_REGISTRY_PORT] =
		XARRAY_INIT(vmop_registry[VMOP_REGISTRY_PORT], 0),
	[VMOP_REGISTRY_VMO] =
		XARRAY_INIT(vmop_registry[VMOP_REGISTRY_VMO], 0),
	[VMOP_REGISTRY_SOURCE] =
		XARRAY_INIT(vmop_registry[VMOP_REGISTRY_SOURCE], 0),
};

/**
 * vmop_registry_reserve() - bring the memory for an entry
 * @kind: which numbers
 * @id: number of the object
 *
 * Nobody finds it yet. vmop_registry_remove() gives the memory back.
 *
 * Return: 0 or -ENOMEM.
 */
int vmop_registry_reserve(enum vmop_registry_kind kind, u64 id)
{
	return xa_reserve(&vmop_registry[kind], id, GFP_KERNEL_ACCOUNT);
}

/**
 * vmop_registry_show() - let an object be found
 * @kind: which numbers
 * @id: its number, reserved
 * @object: the object; all of it is ready
 */
void vmop_registry_show(enum vmop_registry_kind kind, u64 id, void *object)
{
	void *old = xa_store(&vmop_registry[kind], id, object, 0);

	/* Into a reserved entry: needs no memory. */
	WARN_ON_ONCE(xa_is_err(old));
}

/**
 * vmop_registry_remove() - an object ends, or is not to be
 * @kind: which numbers
 * @id: its number
 *
 * Nobody finds it any more when this returns.
 *
 * Return: whether it could be found before.
 */
bool vmop_registry_remove(enum vmop_registry_kind kind, u64 id)
{
	return xa_erase(&vmop_registry[kind], id);
}

/* The first one from @index to @last that has not ended. */
static void *vmop_registry_get(enum vmop_registry_kind kind,
			       unsigned long *index, unsigned long last,
			       bool (*tryget)(void *object))
{
	struct xarray *xa = &vmop_registry[kind];
	void *object;

	xa_lock(xa);
	object = xa_find(xa, index, last, XA_PRESENT);
	while (object && !tryget(object))
		object = xa_find_after(xa, index, last, XA_PRESENT);
	xa_unlock(xa);
	return object;
}

/**
 * vmop_registry_next() - the object behind a number
 * @kind: which numbers
 * @id: the number; 0 at first. Becomes that of the object
 * @tryget: takes a reference on the object, or says that it is ending; called with
 *          a spinlock held
 *
 * Return: the object, with the reference that @tryget took, or NULL.
 */
void *vmop_registry_next(enum vmop_registry_kind kind, u64 *id,
			 bool (*tryget)(void *object))
{
	unsigned long index = *id + 1;
	void *object;

	if (!index)
		return NULL;
	object = vmop_registry_get(kind, &index, ULONG_MAX, tryget);
	if (object)
		*id = index;
	return object;
}

/**
 * vmop_registry_find() - the object with a number
 * @kind: which numbers
 * @id: the number
 * @tryget: as in vmop_registry_next()
 *
 * Return: the object, with the reference that @tryget took, or NULL.
 */
void *vmop_registry_find(enum vmop_registry_kind kind, u64 id,
			 bool (*tryget)(void *object))
{
	unsigned long index = id;

	return vmop_registry_get(kind, &index, index, tryget);
}
