/* SPDX-License-Identifier: GPL-2.0 */
/*
 * map.h - taking pages out of user mappings.
 */
#ifndef VMOP_MAP_H
#define VMOP_MAP_H

#include <linux/types.h>

struct vmop_cow;

void vmop_map_zap(struct vmop_cow *node, pgoff_t start, pgoff_t nr_pages);
void vmop_map_zap_private(struct vmop_cow *node, pgoff_t start);
void vmop_map_zap_zero(struct vmop_cow *node, pgoff_t start, pgoff_t nr_pages);

#endif /* VMOP_MAP_H */
