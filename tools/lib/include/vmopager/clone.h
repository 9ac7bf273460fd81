/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libvmopager: VMOs that are made from others, and what a family shares.
 *
 * Part of <vmopager/vmopager.h>, which tells the rules that hold here too and
 * includes it: programs name that one.
 */
#ifndef VMOPAGER_CLONE_H
#define VMOPAGER_CLONE_H

#include <vmopager/vmopager.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Clones, slices and references ----------------------------------- */

/**
 * struct vmop_child_opts - how a VMO is made from another one
 * @sz: sizeof(struct vmop_child_opts)
 * @name: name for people, under VMOP_NAME_LEN bytes; NULL: the parent's, and
 *        none for a composed VMO
 * @payer_fd: directory of the cgroup that pays for pages that the child does
 *            not share; 0 or less: the caller's own. Snapshots and composed
 *            VMOs only
 * @__reserved: must be 0
 */
struct vmop_child_opts {
	size_t sz;
	const char *name;
	__s32 payer_fd;
	__u32 __reserved;
};

/**
 * vmop_vmo_new_child - make a VMO from another one
 * @parent: VMO, open for reading
 * @flags: combination of enum vmop_child_flags: exactly one kind
 * @offset: where in @parent the child starts, a multiple of the page size; 0
 *          for VMOP_CHILD_REFERENCE
 * @length: size of the child in bytes, rounded up to whole pages; 0 for
 *          VMOP_CHILD_REFERENCE
 * @opts: options or NULL
 * @out: the new VMO
 *
 * A child that is open for reading only cannot be given a name (-EACCES); that
 * is one with VMOP_CHILD_NO_WRITE, and a slice or a reference of a @parent that
 * is not open for writing.
 *
 * Return: 0, -EINVAL (name too long, flags that do not go together, @offset is
 * not whole pages, a slice outside of @parent), -E2BIG (options), -EOPNOTSUPP
 * (@parent does not allow this kind), or what VMOP_VMO_CREATE_CHILD returned.
 */
VMOP_API int vmop_vmo_new_child(const struct vmop_vmo *parent, __u32 flags,
				__u64 offset, __u64 length,
				const struct vmop_child_opts *opts,
				struct vmop_vmo **out);

/**
 * struct vmop_part - a part of a composed VMO
 * @vmo: VMO that it is a part of, open for reading
 * @offset: where in @vmo it starts, a multiple of the page size
 * @length: bytes, a multiple of the page size, not 0
 */
struct vmop_part {
	const struct vmop_vmo *vmo;
	__u64 offset;
	__u64 length;
};

/**
 * vmop_vmo_new_composed - make a VMO that shows parts of others
 * @parts: they, one after the other; @parts[i].vmo may be closed afterwards
 * @count: how many, at least 1
 * @opts: options or NULL
 * @out: the new VMO, as large as its parts together
 *
 * The parts may be of any families. A page is copied when it is touched first:
 * take snapshots of VMOs that change meanwhile.
 *
 * Return: 0, -EINVAL (name too long, no or too many parts, a part that is not
 * whole pages), -E2BIG (options), -EACCES (not open for reading), -ERANGE (a part
 * that is not inside its VMO), -EOPNOTSUPP (a part of a composed VMO), or what
 * VMOP_VMO_COMPOSE returned.
 */
VMOP_API int vmop_vmo_new_composed(const struct vmop_part *parts, size_t count,
				   const struct vmop_child_opts *opts,
				   struct vmop_vmo **out);

/**
 * vmop_vmo_reset - let a clone forget what was changed through it
 * @vmo: clone, open for writing
 * @opts: what was done, or NULL: out_actual is the bytes of private pages that
 *        were dropped
 *
 * Always possible with VMOP_CHILD_RESETTABLE, otherwise as long as what the
 * clone saw at the beginning is still there.
 *
 * Return: 0, -EACCES, -EPERM (sealed), -EOPNOTSUPP (no clone, cloned itself
 * since, or what it saw is gone), or another negative errno.
 */
VMOP_API int vmop_vmo_reset(const struct vmop_vmo *vmo,
			    struct vmop_range_opts *opts);

/**
 * vmop_vmo_seal - keep the content of a VMO as it is, for ever
 * @vmo: VMO, open for writing
 *
 * Nobody writes to it or changes its size any more (-EPERM), through whichever
 * descriptor, slice or reference. Its clones stay writable.
 *
 * Return: 0, also when it was sealed before; -EACCES; -EBUSY (mapped shared by
 * somebody who may write); or another negative errno.
 */
VMOP_API int vmop_vmo_seal(const struct vmop_vmo *vmo);

/**
 * vmop_vmo_info_shares - size, state and counters, and who else sees its pages
 * @vmo: VMO
 * @info: result; the caller sets info->size to sizeof(*info)
 *
 * As vmop_vmo_info() with VMOP_GET_INFO_SHARES: fills in out_private,
 * out_shared, out_scaled and out_zero, which takes a walk over the pages of
 * the family. Added up over a family out_scaled is the memory that it takes.
 *
 * Return: 0, -EINVAL (size not set, or too small for these fields), or what
 * VMOP_VMO_GET_INFO returned.
 */
VMOP_API int vmop_vmo_info_shares(const struct vmop_vmo *vmo,
				  struct vmop_vmo_get_info *info);

/**
 * vmop_vmo_wait_childless - wait until a VMO has no children
 * @vmo: VMO
 * @timeout_ms: how long; 0: only look, negative: for ever
 *
 * Children are VMOs of every kind that were made from it, and those that were
 * left to it by a child that ended. They live as long as somebody has them open
 * or mapped. A program with a loop of its own polls vmop_vmo_fd() for POLLPRI.
 *
 * Return: 0, -ETIMEDOUT (it still has some), -EINTR, or another negative errno.
 */
VMOP_API int vmop_vmo_wait_childless(const struct vmop_vmo *vmo,
				     int timeout_ms);

#ifdef __cplusplus
}
#endif

#endif /* VMOPAGER_CLONE_H */
