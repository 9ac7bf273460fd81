// SPDX-License-Identifier: GPL-2.0
/*
 * VMOs come, are cloned, and go: see cow_sim.h.
 */
#include "cow_sim.h"

static void sim_add(struct sim_family *fam, struct sim_vmo *vmo)
{
	SIM_MUST(fam->nr_vmos < SIM_VMOS);
	vmo->id = fam->next_id++;
	vmop_tree_get(fam->tree);
	fam->vmo[fam->nr_vmos++] = vmo;
}

/* A VMO that nobody can see yet. */
static struct sim_vmo *sim_vmo_new(struct sim_family *fam, bool is_root,
				   struct vmop_cow **node)
{
	struct sim_vmo *vmo = calloc(1, sizeof(*vmo));

	shim_must(vmo);
	vmo->fam = fam;
	vmo->space = vmop_space_create(NULL);
	*node = NULL;
	if (vmo->space)
		*node = vmop_cow_create(fam->tree, vmo->space, is_root);
	if (*node)
		return vmo;
	if (vmo->space)
		vmop_space_put(vmo->space);
	free(vmo);
	return NULL;
}

struct sim_family *sim_create(bool with_source, u64 len)
{
	struct sim_family *fam = calloc(1, sizeof(*fam));
	struct vmop_cow *node;
	struct sim_vmo *vmo;

	shim_must(fam);
	fam->tree = vmop_tree_create();
	SIM_MUST(fam->tree);
	if (with_source)
		fam->tree->source = (struct vmop_source *)fam;
	vmo = sim_vmo_new(fam, true, &node);
	SIM_MUST(vmo);
	node->len = len;
	node->nr_pages = vmop_pages_up(len);
	vmo->space->node = node;
	vmo->flat = flat_new(fam, node->nr_pages);
	if (with_source) {
		vmo->space->tracked = node;
		fam->root = node;
		fam->root_flat = vmo->flat;
	}
	sim_add(fam, vmo);
	return fam;
}

/* Content is copied in from elsewhere when it is first looked at, and stays. */
struct sim_family *sim_compose(pgoff_t nr_pages)
{
	struct sim_family *fam = sim_create(false, 0);
	struct sim_vmo *vmo = fam->vmo[0];

	fam->root = vmop_cow_create(fam->tree, vmo->space, false);
	SIM_MUST(fam->root);
	fam->root_flat = flat_new(fam, nr_pages);
	down_write(&fam->tree->lock);
	fam->root->composed = true;
	fam->root->len = nr_pages * PAGE_SIZE;
	fam->root->nr_pages = nr_pages;
	vmop_cow_clone(fam->root, sim_node(vmo), 0, nr_pages);
	up_write(&fam->tree->lock);
	vmo->flat->nr_pages = nr_pages;
	flat_follow(vmo->flat, fam->root_flat, 0, fam->root_flat);
	return fam;
}

/* The end of a family, whose VMOs are all closed by now. */
void sim_end(struct sim_family *fam)
{
	while (fam->nr_vmos)
		sim_close(fam->vmo[fam->nr_vmos - 1]);
	SIM_MUST(!fam->root);
	SIM_MUST(fam->tree->ref.refcount.refs == 1);
	vmop_tree_put(fam->tree);
	flat_free_all(fam);
	free(fam);
}

/* Is what @node has not changed itself kept from its root's changes? */
static bool sim_is_frozen(const struct vmop_cow *node)
{
	for (; node->parent; node = node->parent) {
		if (node->parent->frozen == node)
			return true;
	}
	return false;
}

static bool sim_is_below_hidden(const struct vmop_cow *node)
{
	for (; node->parent; node = node->parent) {
		if (vmop_cow_is_hidden(node->parent) ||
		    node->parent->frozen == node)
			return true;
	}
	return false;
}

enum sim_way {
	SIM_FOLLOW,
	SIM_SPLIT,
	SIM_FREEZE,
	SIM_REFUSE,
};

static enum sim_way sim_way_snapshot(const struct vmop_cow *node)
{
	if (node->source)
		return SIM_FREEZE;
	if (node->tree->source &&
	    (!sim_is_frozen(node) || (!vmop_cow_is_hidden(node->parent) &&
				      !node->parent->source)))
		return SIM_REFUSE;
	return list_empty(&node->children) ? SIM_SPLIT : SIM_REFUSE;
}

/* The rules of COW-8 to COW-10 as vmo_child.c has them. */
static enum sim_way sim_way(const struct vmop_cow *node, enum sim_kind kind)
{
	if (kind == SIM_SNAPSHOT || !node->tree->source)
		return sim_way_snapshot(node);
	if (node->source)
		return SIM_FOLLOW;
	if (kind == SIM_AT_LEAST_ON_WRITE && !sim_is_below_hidden(node))
		return SIM_FOLLOW;
	if (node->parent && !node->parent->source &&
	    !vmop_cow_is_hidden(node->parent))
		return SIM_REFUSE;
	return list_empty(&node->children) ? SIM_SPLIT : SIM_REFUSE;
}

/* Whose prediction is that of a node? NULL: of nobody who can change it. */
static struct flat *sim_flat_of(struct sim_family *fam,
				const struct vmop_cow *node)
{
	unsigned int i;

	if (node == fam->root)
		return fam->root_flat;
	for (i = 0; i < fam->nr_vmos; i++) {
		if (sim_node(fam->vmo[i]) == node)
			return fam->vmo[i]->flat;
	}
	return fam->root_flat;
}

/* Values of what a root shows now. */
static void sim_flat_freeze(struct flat *flat, const struct flat *from,
			    pgoff_t offset)
{
	pgoff_t pgoff;

	for (pgoff = 0; pgoff < flat->nr_pages; pgoff++) {
		if (pgoff + offset < from->nr_pages)
			flat_read(from, pgoff + offset,
				  flat->page[pgoff].cell);
	}
}

static void sim_predict(struct sim_vmo *vmo, struct vmop_cow *child,
			enum sim_way way, pgoff_t offset, struct flat *flat)
{
	struct sim_family *fam = vmo->fam;
	pgoff_t limit = child->limit;

	if (way == SIM_FREEZE) {
		sim_flat_freeze(flat, vmo->flat, offset);
	} else if (way == SIM_SPLIT) {
		flat_copy(flat, vmo->flat, offset);
	} else {
		if (child->parent)
			flat_follow(flat, vmo->flat, offset,
				    sim_flat_of(fam, child->parent));
		flat_zero(flat, limit, SIM_PAGES);
	}
}

/* A new node beside that of the clone; @used: it has its place in the family. */
struct sim_clone {
	struct vmop_cow *child;
	struct vmop_cow *extra;
	bool used;
};

static void sim_clone_locked(struct sim_vmo *vmo, enum sim_way way,
			     pgoff_t offset, pgoff_t nr_pages,
			     struct sim_clone *new)
{
	struct vmop_cow *node = sim_node(vmo);

	if (way == SIM_FOLLOW) {
		vmop_cow_clone(node, new->child, offset, nr_pages);
		return;
	}
	if (way == SIM_FREEZE)
		new->used = vmop_cow_freeze(node, new->extra, new->child,
					    offset, nr_pages);
	else
		new->used = vmop_cow_snapshot(node, new->extra, new->child,
					      offset, nr_pages);
	if (way == SIM_FREEZE || new->used)
		vmop_map_stop_stores(vmo->space);
	if (way == SIM_SPLIT && new->used)
		vmo->base = NULL;
}

int sim_clone(struct sim_vmo *vmo, enum sim_kind kind, pgoff_t offset,
	      pgoff_t nr_pages, bool keep_base, struct sim_vmo **clone)
{
	struct sim_family *fam = vmo->fam;
	enum sim_way way = sim_way(sim_node(vmo), kind);
	struct sim_clone new = { 0 };
	struct sim_vmo *made;

	*clone = NULL;
	if (way == SIM_REFUSE)
		return -EOPNOTSUPP;
	made = sim_vmo_new(fam, false, &new.child);
	if (!made)
		return -ENOMEM;
	if (way != SIM_FOLLOW) {
		new.extra = vmop_cow_create(fam->tree, vmo->space, false);
		if (!new.extra) {
			vmop_cow_destroy(new.child);
			vmop_space_put(made->space);
			free(made);
			return -ENOMEM;
		}
	}
	new.child->keep_base = keep_base;
	made->flat = flat_new(fam, nr_pages);
	made->base = flat_new(fam, nr_pages);
	down_write(&fam->tree->lock);
	made->space->node = new.child;
	sim_clone_locked(vmo, way, offset, nr_pages, &new);
	up_write(&fam->tree->lock);
	if (!new.used)
		vmop_cow_destroy(new.extra);
	sim_predict(vmo, new.child, way, offset, made->flat);
	flat_copy(made->base, made->flat, 0);
	sim_add(fam, made);
	*clone = made;
	return 0;
}

static void sim_forget(struct sim_vmo *vmo)
{
	struct sim_family *fam = vmo->fam;
	unsigned int i = 0;

	while (fam->vmo[i] != vmo)
		i++;
	fam->vmo[i] = fam->vmo[--fam->nr_vmos];
	vmop_tree_put(fam->tree);
	free(vmo);
}

void sim_close(struct sim_vmo *vmo)
{
	struct sim_family *fam = vmo->fam;
	struct vmop_cow *node = sim_node(vmo);
	bool failed = shim.failed;
	LIST_HEAD(dead);

	sim_unmap_all(vmo);
	shim.failed = false;
	down_write(&fam->tree->lock);
	vmo->space->node = NULL;
	vmop_cow_close(node, &dead);
	up_write(&fam->tree->lock);
	fam->nomem |= shim.failed;
	shim.failed |= failed;
	while (!list_empty(&dead)) {
		node = list_first_entry(&dead, struct vmop_cow, sibling);
		list_del_init(&node->sibling);
		if (node == fam->root)
			fam->root = NULL;
		SIM_MUST(vmop_plist_is_empty(&node->pages));
		SIM_MUST(!node->len && !node->nr_pages);
		SIM_MUST(list_empty(&node->children) && !node->parent);
		vmop_cow_destroy(node);
	}
	vmop_space_put(vmo->space);
	sim_forget(vmo);
}

int sim_reset(struct sim_vmo *vmo)
{
	struct vmop_cow *node = sim_node(vmo);
	long nr_resident = atomic_long_read(&node->nr_resident);
	unsigned long nr_dropped;
	int ret;

	down_write(&vmo->fam->tree->lock);
	ret = vmop_cow_reset(node, &nr_dropped);
	up_write(&vmo->fam->tree->lock);
	if (!vmo->base)
		SIM_MUST(ret == -EOPNOTSUPP);
	else if (node->keep_base)
		SIM_MUST(!ret);
	if (ret)
		return ret;
	SIM_MUST(nr_dropped == nr_resident);
	SIM_MUST(!atomic_long_read(&node->nr_resident));
	flat_copy(vmo->flat, vmo->base, 0);
	return 0;
}
