// SPDX-License-Identifier: GPL-2.0
/*
 * space.c - life of a space. It owns struct vmop_space and its address_space;
 * which node is viewed through it is decided in vmo.c and vmo_child.c.
 *
 * A space outlives its VMOs while nodes have pages that name its mapping: the
 * core looks at a folio's mapping when a reference for writing is given back.
 */
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "cow.h"
#include "space.h"
#include "vmo.h"

/*
 * A store through a mapping has become known, under a PTE lock or the folio
 * lock. The page is in its node still, or it is no longer ours to care about.
 */
static bool vmop_space_dirty_folio(struct address_space *mapping,
				   struct folio *folio)
{
	struct vmop_space *space = container_of(mapping, struct vmop_space,
						mapping);

	if (!space->tracked)
		return false;
	return vmop_plist_mark_dirty(&space->tracked->pages, folio->index,
				     READ_ONCE(folio->private));
}

static const struct address_space_operations vmop_space_aops = {
	.dirty_folio = vmop_space_dirty_folio,
};

/**
 * vmop_space_create() - make a space without a node
 * @payer: who pays for the pages of its leaf; the space takes a reference
 *
 * Return: the space with one reference, or NULL.
 */
struct vmop_space *vmop_space_create(struct mem_cgroup *payer)
{
	struct vmop_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	address_space_init_once(&space->mapping);
	space->mapping.host = vmop_fs_root_inode();
	space->mapping.a_ops = &vmop_space_aops;
	mapping_set_gfp_mask(&space->mapping, GFP_HIGHUSER);
	mapping_set_unevictable(&space->mapping);
	refcount_set(&space->ref, 1);
	INIT_LIST_HEAD(&space->views);
	space->payer = payer;
	if (payer)
		css_get(&payer->css);
	return space;
}

/**
 * vmop_space_get() - take a reference
 * @space: the space
 */
void vmop_space_get(struct vmop_space *space)
{
	refcount_inc(&space->ref);
}

/**
 * vmop_space_put() - drop a reference
 * @space: the space
 */
void vmop_space_put(struct vmop_space *space)
{
	if (!refcount_dec_and_test(&space->ref))
		return;
	mem_cgroup_put(space->payer);
	kfree_rcu(space, rcu);
}
