// SPDX-License-Identifier: GPL-2.0
/*
 * fdinfo.c - what /proc/PID/fdinfo/N tells about a VMO. Those of pagers and ports
 * are told where their structures are, in pager.c and port.c.
 *
 * The keys are stable, and a key means the same on each kind of object:
 * vmopager(4) lists them. Nobody who reads them waits for a pager: the tree lock
 * is not held over such a wait, and a reader that is killed does not wait for the
 * lock either.
 */
#include <linux/fs.h>
#include <linux/seq_file.h>

#include "vmo.h"

static const char *vmop_fdinfo_state(u32 state)
{
	switch (state) {
	case VMOP_VMO_STATE_ANONYMOUS:
		return "anonymous";
	case VMOP_VMO_STATE_LIVE:
		return "live";
	case VMOP_VMO_STATE_DETACHED:
		return "detached";
	case VMOP_VMO_STATE_PAGER_GONE:
		return "pager gone";
	default:
		return "port gone";
	}
}

/* Any byte may be in a name; a line must stay one line. */
static void vmop_fdinfo_name(struct seq_file *m, const __u8 *name)
{
	seq_puts(m, "vmop-name:\t");
	seq_escape(m, (const char *)name, "\n\\");
	seq_putc(m, '\n');
}

static void vmop_fdinfo_content(struct seq_file *m,
				const struct vmop_vmo_get_info *info)
{
	seq_printf(m, "vmop-flags:\t%#x\nvmop-child-flags:\t%#x\n",
		   info->out_flags, info->out_child_flags);
	seq_printf(m, "vmop-parent-id:\t%llu\nvmop-children:\t%u\n",
		   info->out_parent_id, info->out_num_children);
	seq_printf(m, "vmop-size:\t%llu\nvmop-committed:\t%llu\nvmop-dirty:\t%llu\n",
		   info->out_content_size, info->out_committed,
		   info->out_dirty);
}

/* Only a VMO whose family has a pager has these. */
static void vmop_fdinfo_source(struct seq_file *m,
			       const struct vmop_vmo_get_info *info)
{
	seq_printf(m, "vmop-pager-id:\t%llu\nvmop-key:\t%llu\n",
		   info->out_pager_id, info->out_key);
	seq_printf(m, "vmop-waiters:\t%u\nvmop-requests:\t%llu\n",
		   info->out_num_waiters, info->out_requests);
	seq_printf(m, "vmop-failed-requests:\t%llu\nvmop-last-error:\t%u\n",
		   info->out_failed_requests, info->out_last_error);
}

/**
 * vmop_vmo_show_fdinfo() - ->show_fdinfo of a VMO
 * @m: where the lines go
 * @file: the VMO
 *
 * Context: takes the shared tree lock, killably; leaves the lines out when the
 * reader is killed.
 */
void vmop_vmo_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vmop_vmo *vmo = vmop_vmo_from_file(file);
	struct vmop_vmo_get_info info = {};

	if (vmop_vmo_info(vmo, &info))
		return;
	seq_printf(m, "vmop-object:\tvmo\nvmop-id:\t%llu\n", info.out_id);
	vmop_fdinfo_name(m, info.out_name);
	seq_printf(m, "vmop-state:\t%s\n", vmop_fdinfo_state(info.out_state));
	vmop_fdinfo_content(m, &info);
	if (vmo->tree->source)
		vmop_fdinfo_source(m, &info);
}
