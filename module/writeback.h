/* SPDX-License-Identifier: GPL-2.0 */
/*
 * writeback.h - operations of a pager on dirty content.
 */
#ifndef VMOP_WRITEBACK_H
#define VMOP_WRITEBACK_H

#include <linux/types.h>

struct vmop_vmo;

int vmop_op_dirty(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end);
int vmop_op_writeback_begin(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end,
			    u64 flags);
int vmop_op_writeback_end(struct vmop_vmo *vmo, pgoff_t start, pgoff_t end);

#endif /* VMOP_WRITEBACK_H */
