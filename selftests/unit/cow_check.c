// SPDX-License-Identifier: GPL-2.0
/*
 * The invariants of a family of nodes: its shape, who owns which page, who sees
 * it, and what is mapped.
 */
#include "cow_check.h"
#include "page_list_check.h"

static struct vmop_cow *nodes[COW_CHECK_NODES];
static unsigned int nr_nodes;
static unsigned long stamp;

#define WRONG_IF(cond, text)						\
do {									\
	if (cond)							\
		return text;						\
} while (0)

/* Shape */

static const char *add_node(struct vmop_cow *node)
{
	unsigned int i;

	for (i = 0; i < nr_nodes; i++)
		WRONG_IF(nodes[i] == node, "a node is there twice");
	WRONG_IF(nr_nodes == COW_CHECK_NODES, "too many nodes, or a cycle");
	nodes[nr_nodes++] = node;
	return NULL;
}

static bool is_known(const struct vmop_cow *node)
{
	unsigned int i;

	for (i = 0; i < nr_nodes; i++) {
		if (nodes[i] == node)
			return true;
	}
	return false;
}

/* The nodes under nodes[from], breadth first; the array is the queue. */
static const char *add_below(unsigned int from)
{
	struct vmop_cow *child;
	const char *wrong;

	for (; from < nr_nodes; from++) {
		list_for_each_entry(child, &nodes[from]->children, sibling) {
			WRONG_IF(child->parent != nodes[from],
				 "a child has another parent");
			wrong = add_node(child);
			if (wrong)
				return wrong;
		}
	}
	return NULL;
}

static const char *find_nodes(const struct cow_family *family)
{
	unsigned int i, depth, from;
	struct vmop_cow *top;
	const char *wrong;

	nr_nodes = 0;
	for (i = 0; i < family->nr_spaces; i++) {
		top = family->spaces[i]->node;
		for (depth = 0; top->parent; depth++) {
			WRONG_IF(depth > COW_CHECK_NODES, "a cycle");
			top = top->parent;
		}
		if (is_known(top))
			continue;
		from = nr_nodes;
		wrong = add_node(top);
		if (!wrong)
			wrong = add_below(from);
		if (wrong)
			return wrong;
	}
	for (i = 0; i < family->nr_spaces; i++)
		WRONG_IF(!is_known(family->spaces[i]->node),
			 "a leaf is not among its parent's children");
	return NULL;
}

static const char *check_window(const struct vmop_cow *node)
{
	const struct vmop_cow *parent = node->parent;

	if (!parent) {
		WRONG_IF(node->limit, "a window into nothing");
		return NULL;
	}
	WRONG_IF(vmop_cow_is_root(node), "a root has a parent");
	WRONG_IF(node->limit > node->nr_pages, "a limit behind the end");
	WRONG_IF(node->limit &&
		 node->offset + node->limit > parent->nr_pages,
		 "a window reaches behind the end of the parent");
	return NULL;
}

static const char *check_frozen(const struct vmop_cow *node)
{
	if (!node->frozen)
		return NULL;
	WRONG_IF(!node->source, "only a root has snapshots to preserve");
	WRONG_IF(!is_known(node->frozen) || node->frozen->parent != node,
		 "frozen is not one of the children");
	return NULL;
}

/*
 * A hidden node is there for two children at least, or for one that resets. That
 * may have become hidden itself since.
 */
static const char *check_hidden(const struct cow_family *family,
				const struct vmop_cow *node)
{
	const struct vmop_cow *child;

	WRONG_IF(list_empty(&node->children),
		 "a node without VMO and children lives");
	if (vmop_cow_is_root(node) || !list_is_singular(&node->children) || family->nomem)
		return NULL;
	child = list_first_entry(&node->children, struct vmop_cow, sibling);
	WRONG_IF(!child->keep_base,
		 "a hidden node with one child was not merged");
	return NULL;
}

/* Who looks for somebody that sees a page goes down as seldom as may be. */
static const char *check_order(const struct vmop_cow *node)
{
	const struct vmop_cow *child;
	bool hidden = false;

	list_for_each_entry(child, &node->children, sibling) {
		WRONG_IF(hidden && vmop_cow_is_leaf(child),
			 "a leaf behind a hidden sibling");
		hidden = vmop_cow_is_hidden(child);
	}
	return NULL;
}

static const char *check_shape(const struct cow_family *family,
			       const struct vmop_cow *node)
{
	const char *wrong = check_window(node);

	WRONG_IF(node->tree != family->tree, "a node of another family");
	WRONG_IF(node->source && node->source != node->tree->source,
		 "a source that is not the family's");
	WRONG_IF(node->nr_pages != vmop_pages_up(node->len),
		 "size in pages and in bytes differ");
	if (!wrong)
		wrong = check_frozen(node);
	if (!wrong)
		wrong = check_order(node);
	if (!wrong && !vmop_cow_is_leaf(node))
		wrong = check_hidden(family, node);
	return wrong;
}

/* Content */

static struct vmop_page *next_page(struct vmop_cow *node, pgoff_t *pgoff)
{
	return vmop_plist_next_page(&node->pages, pgoff, VMOP_PLIST_MAX_PAGES);
}

static const char *check_page(struct vmop_cow *node, pgoff_t pgoff,
			      const struct vmop_page *page)
{
	enum vmop_dirty_state state = vmop_plist_page_state(&node->pages,
							    pgoff);
	const struct folio *folio = page->folio;

	WRONG_IF(page->node != node, "a page of another node");
	WRONG_IF(page->pgoff != pgoff || folio->index != pgoff,
		 "a page thinks that it is elsewhere");
	WRONG_IF(folio->private != page, "a folio of another page");
	WRONG_IF(folio->mapping != &node->home->mapping,
		 "a page names another mapping");
	WRONG_IF(folio->locked, "a page is locked");
	if (!node->source)
		WRONG_IF(state == VMOP_DIRTY || state == VMOP_AWAITING_CLEAN,
			 "a page is dirty where nobody tracks that");
	WRONG_IF(list_empty(&page->lru) !=
		 (!node->source || state != VMOP_CLEAN),
		 "reclaim lacks a clean page, or has another");
	return NULL;
}

static const char *check_pages(struct vmop_cow *node, unsigned long *nr_pages)
{
	struct vmop_page *page;
	const char *wrong;
	pgoff_t pgoff = 0;
	long nr = 0;

	for (; (page = next_page(node, &pgoff)); pgoff++) {
		wrong = check_page(node, pgoff, page);
		if (wrong)
			return wrong;
		nr++;
	}
	WRONG_IF(nr != atomic_long_read(&node->nr_resident),
		 "a wrong count of pages");
	*nr_pages += nr;
	return NULL;
}

static const char *check_zeros(struct vmop_cow *node)
{
	struct vmop_interval interval;
	pgoff_t pgoff = 0;

	for (;; pgoff++) {
		pgoff = vmop_plist_next_content(&node->pages, pgoff,
						VMOP_PLIST_MAX_PAGES);
		WRONG_IF(pgoff >= node->nr_pages &&
			 pgoff < VMOP_PLIST_MAX_PAGES,
			 "content behind the end");
		if (pgoff >= node->nr_pages)
			return NULL;
		if (!vmop_plist_find_interval(&node->pages, pgoff, &interval))
			continue;
		WRONG_IF(interval.state !=
			 (node->source ? VMOP_DIRTY : VMOP_UNTRACKED),
			 "zeros in a state that this node does not have");
		pgoff = interval.end - 1;
	}
}

static const char *check_cuts(struct vmop_cow *node)
{
	unsigned long pgoff;
	void *entry;

	xa_for_each(&node->cuts, pgoff, entry) {
		WRONG_IF(!xa_is_value(entry) || !xa_to_value(entry) ||
			 xa_to_value(entry) >= PAGE_SIZE,
			 "a cut that is none");
		WRONG_IF(pgoff >= node->nr_pages, "a cut behind the end");
		/* A clone's is good for a reset, too. */
		WRONG_IF(node->source &&
			 vmop_plist_lookup(&node->pages, pgoff).kind !=
			 VMOP_SLOT_EMPTY, "a cut of what is not absent");
	}
	return NULL;
}

static const char *check_content(struct vmop_cow *node, unsigned long *nr_pages)
{
	unsigned int reserved;
	const char *wrong = vmop_plist_check(&node->pages, &reserved);

	WRONG_IF(!wrong && reserved, "a position is still reserved");
	if (!wrong)
		wrong = check_pages(node, nr_pages);
	if (!wrong)
		wrong = check_zeros(node);
	if (!wrong)
		wrong = check_cuts(node);
	return wrong;
}

/* Who sees what */

/*
 * Stamps what a node sees at a position; for one that resets, also behind what it
 * has there itself, and still so if it is hidden now.
 */
static void see(struct vmop_cow *node, pgoff_t pgoff)
{
	bool behind = node->keep_base;
	struct vmop_slot slot;

	for (;;) {
		slot = vmop_plist_lookup(&node->pages, pgoff);
		if (slot.kind == VMOP_SLOT_PAGE)
			slot.page->folio->seen = stamp;
		if (slot.kind != VMOP_SLOT_EMPTY && !behind)
			return;
		behind = false;
		if (!node->parent || pgoff >= node->limit)
			return;
		pgoff += node->offset;
		node = node->parent;
	}
}

static void see_all(struct vmop_cow *node)
{
	pgoff_t end = node->limit, pgoff = 0;
	struct vmop_page *page;

	for (; (page = next_page(node, &pgoff)); pgoff++)
		page->folio->seen = stamp;
	for (pgoff = 0; pgoff < end; pgoff++)
		see(node, pgoff);
}

/* Who sees what, leaves first. */
static void see_everything(unsigned long *nr_shown)
{
	struct vmop_page *page;
	unsigned int i;
	pgoff_t pgoff;

	stamp++;
	for (i = 0; i < nr_nodes; i++) {
		if (vmop_cow_is_leaf(nodes[i]))
			see_all(nodes[i]);
	}
	for (i = 0; i < nr_nodes; i++) {
		/* What a pager's root has is its VMO's alone. */
		if (nodes[i]->source && !vmop_cow_is_leaf(nodes[i]))
			continue;
		for (pgoff = 0;
		     (page = next_page(nodes[i], &pgoff)); pgoff++)
			*nr_shown += page->folio->seen == stamp;
	}
	for (i = 0; i < nr_nodes; i++) {
		if (vmop_cow_is_hidden(nodes[i]) && nodes[i]->keep_base)
			see_all(nodes[i]);
	}
}

static const char *check_seen(const struct cow_family *family,
			      struct vmop_cow *node)
{
	struct vmop_page *page;
	pgoff_t pgoff = 0;

	/* A merge without memory for it leaves what it leaves. */
	if (!vmop_cow_is_hidden(node) || list_is_singular(&node->children))
		return NULL;
	for (; (page = next_page(node, &pgoff)); pgoff++)
		WRONG_IF(page->folio->seen != stamp,
			 "a hidden page that nobody sees");
	return NULL;
}

/* Mappings */

static const char *check_pte(struct vmop_space *space, pgoff_t pgoff)
{
	const struct shim_pte *pte = &space->mapping.pte[pgoff];
	struct vmop_cow *node = space->node;
	struct vmop_res res = vmop_cow_resolve(node, pgoff);

	if (pte->folio == node->tree->zero_folio) {
		WRONG_IF(pte->write, "zeros are mapped for writing");
		WRONG_IF(res.kind != VMOP_RES_ZERO, "stale zeros are mapped");
		return NULL;
	}
	WRONG_IF(res.kind != VMOP_RES_PAGE, "a page that is gone is mapped");
	WRONG_IF(pte->folio != res.page->folio, "a stale page is mapped");
	if (res.owner != node) {
		WRONG_IF(pte->write, "somebody else's page is writable");
		WRONG_IF(res.len < PAGE_SIZE, "a page is mapped that was cut");
	}
	if (!pte->write)
		return NULL;
	WRONG_IF(!space->store_mapped, "a store may happen, unknown to us");
	WRONG_IF(node->source &&
		 vmop_plist_page_state(&node->pages, pgoff) != VMOP_DIRTY,
		 "a page that is not dirty is writable");
	WRONG_IF(vmop_cow_must_preserve(node, pgoff),
		 "a page of a snapshot is writable");
	return NULL;
}

static const char *check_mappings(struct vmop_space *space)
{
	const char *wrong = NULL;
	pgoff_t pgoff;

	if (!space->mapping.nr_mapped)
		return NULL;
	for (pgoff = 0; !wrong && pgoff < SHIM_PTES; pgoff++) {
		if (space->mapping.pte[pgoff].folio)
			wrong = check_pte(space, pgoff);
	}
	return wrong;
}

static const char *check_all(const struct cow_family *family,
			     struct cow_counts *counts)
{
	const char *wrong = find_nodes(family);
	unsigned int i;

	for (i = 0; !wrong && i < nr_nodes; i++) {
		wrong = check_shape(family, nodes[i]);
		if (!wrong)
			wrong = check_content(nodes[i], &counts->pages);
		counts->hidden += vmop_cow_is_hidden(nodes[i]);
	}
	if (!wrong)
		see_everything(&counts->shown);
	for (i = 0; !wrong && i < nr_nodes; i++)
		wrong = check_seen(family, nodes[i]);
	for (i = 0; !wrong && i < family->nr_spaces; i++)
		wrong = check_mappings(family->spaces[i]);
	counts->nodes = nr_nodes;
	WRONG_IF(!wrong && family->tree->ref.refcount.refs !=
		 family->nr_refs + nr_nodes, "a node is lost");
	return wrong;
}

const char *cow_check(const struct cow_family *family,
		      struct cow_counts *counts)
{
	const char *wrong;

	*counts = (struct cow_counts){ 0 };
	WRONG_IF(cow_shim.tree_locks || cow_shim.folio_locks, "a lock is held");
	down_read(&family->tree->lock);
	wrong = check_all(family, counts);
	up_read(&family->tree->lock);
	return wrong;
}
