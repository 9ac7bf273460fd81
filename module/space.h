/* SPDX-License-Identifier: GPL-2.0 */
/*
 * space.h - what VMOs view: the mappings, the payer and the present node of one
 * leaf of a family.
 */
#ifndef VMOP_SPACE_H
#define VMOP_SPACE_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/refcount.h>

struct mem_cgroup;
struct vmop_cow;
struct vmop_tree;

/**
 * struct vmop_space - a leaf as its VMOs know it
 * @mapping: every user mapping of the leaf, in the leaf's positions. Its host is
 *           the root of our filesystem: nothing asks it for a size
 * @ref: one for each view, one for each node whose pages name @mapping
 * @node: the leaf; NULL when no VMO is left. A snapshot puts a new node here;
 *        tree lock
 * @views: the VMOs that show it: one, its references and its slices; tree lock
 * @payer: memcg that its pages are charged to; immutable, referenced
 * @tracked: the root whose pages name @mapping, when it tracks dirt, else NULL;
 *           immutable. Alive as long as such a page is in it
 * @store_mapped: a page may be mapped writable; tree lock: set under the shared
 *                one, cleared under the exclusive one
 * @resizable: some VMO may change its size; constant
 * @sealed: nobody writes any more; set under the exclusive tree lock, for ever
 * @rcu: for its end
 */
struct vmop_space {
	struct address_space mapping;
	refcount_t ref;
	struct vmop_cow *node;
	struct list_head views;
	struct mem_cgroup *payer;
	struct vmop_cow *tracked;
	bool store_mapped;
	bool resizable;
	bool sealed;
	struct rcu_head rcu;
};

struct vmop_space *vmop_space_create(struct mem_cgroup *payer);
void vmop_space_get(struct vmop_space *space);
void vmop_space_put(struct vmop_space *space);

#endif /* VMOP_SPACE_H */
