// SPDX-License-Identifier: GPL-2.0
/*
 * Words for what a VMO is.
 */
#include "kind.h"

const struct out_bit vmo_flag_names[] = {
	{ VMOP_VMO_RESIZABLE, "RESIZABLE" },
	{ VMOP_VMO_TRAP_DIRTY, "TRAP_DIRTY" },
	{ VMOP_VMO_HUGE, "HUGE" },
	{ VMOP_VMO_DISCARDABLE, "DISCARDABLE" },
	{ VMOP_VMO_CONTIGUOUS, "CONTIGUOUS" },
	{ VMOP_VMO_PINNABLE, "PINNABLE" },
	{ VMOP_VMO_COW_CLONE, "COW_CLONE" },
	{ VMOP_VMO_PAGER_BACKED, "PAGER_BACKED" },
	{ VMOP_VMO_SEALED, "SEALED" },
	{ VMOP_VMO_NO_WRITE, "NO_WRITE" },
	{ VMOP_VMO_COMPOSED, "COMPOSED" },
	{ 0, NULL }
};

const char *kind_name(const struct vmop_vmo_get_info *info)
{
	static const struct out_bit kinds[] = {
		{ VMOP_CHILD_SNAPSHOT, "snapshot" },
		{ VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, "at-least-on-write" },
		{ VMOP_CHILD_SNAPSHOT_MODIFIED, "modified" },
		{ VMOP_CHILD_SLICE, "slice" },
		{ VMOP_CHILD_REFERENCE, "reference" },
		{ 0, NULL }
	};
	const struct out_bit *k;

	for (k = kinds; k->name; k++)
		if (info->out_child_flags & k->bit)
			return k->name;
	if (info->out_flags & VMOP_VMO_COMPOSED)
		return "composed";
	return info->out_state == VMOP_VMO_STATE_ANONYMOUS ? "anonymous" :
							     "pager";
}
