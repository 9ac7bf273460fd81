/* SPDX-License-Identifier: GPL-2.0 */
/*
 * map.h - taking pages, or the permission to write them, out of user mappings.
 */
#ifndef VMOP_MAP_H
#define VMOP_MAP_H

#include <linux/types.h>

struct vmop_cow;
struct vmop_page;
struct vmop_space;
struct vmop_tree;

void vmop_map_zap(struct vmop_cow *node, pgoff_t start, pgoff_t nr_pages);
void vmop_map_zap_page(struct vmop_page *page);
void vmop_map_zap_private(struct vmop_cow *node, pgoff_t start);
void vmop_map_zap_zero(struct vmop_cow *node, pgoff_t start, pgoff_t nr_pages);
void vmop_map_write_protect(struct vmop_page *page);
void vmop_map_stop_stores(struct vmop_space *space);
int vmop_map_zero_folio(struct vmop_tree *tree, struct vmop_space *space);
void vmop_map_put_zero(struct vmop_tree *tree);

#endif /* VMOP_MAP_H */
