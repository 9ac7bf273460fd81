// SPDX-License-Identifier: GPL-2.0
/*
 * cow_count.c - how much of a family's memory falls to one leaf. Nothing of that
 * is stored (see cow_share.c), so it is counted: for a piece of the leaf after the
 * other, up through the nodes above it, which other leaves see what it sees.
 *
 * Locks: the shared tree lock, for all of it.
 */
#include "cow.h"

/* Positions that are counted at once, where the node at hand counts them. */
struct vmop_count_piece {
	pgoff_t start;
	pgoff_t end;
};

/*
 * Take out of @seen what is not seen through a node: what is outside of its
 * window, and what it has something of its own for. @offset: position of the
 * node's page 0 where the piece's positions count.
 */
static void vmop_count_look_through(struct vmop_cow *node, pgoff_t offset,
				    const struct vmop_count_piece *piece,
				    unsigned long *seen, bool keep_own)
{
	pgoff_t first = clamp(offset, piece->start, piece->end);
	pgoff_t last = clamp(offset + node->limit, first, piece->end);
	struct vmop_interval interval;
	pgoff_t pgoff = first;
	pgoff_t stop;

	bitmap_clear(seen, 0, first - piece->start);
	bitmap_clear(seen, last - piece->start, piece->end - last);
	while (!keep_own) {
		pgoff = vmop_plist_next_content(&node->pages, pgoff - offset,
						last - offset) + offset;
		if (pgoff >= last)
			break;
		stop = pgoff + 1;
		if (vmop_plist_find_interval(&node->pages, pgoff - offset,
					     &interval))
			stop = min(interval.end + offset, last);
		bitmap_clear(seen, pgoff - piece->start, stop - pgoff);
		pgoff = stop;
	}
}

/* Which positions of a piece of @top does a leaf below see? */
static void vmop_count_seen_by(struct vmop_cow *top, struct vmop_cow *leaf,
			       pgoff_t offset,
			       const struct vmop_count_piece *piece,
			       unsigned long *seen)
{
	struct vmop_cow *node;

	bitmap_fill(seen, piece->end - piece->start);
	for (node = leaf; node != top; node = node->parent) {
		vmop_count_look_through(node, offset, piece, seen,
					node == leaf && leaf->keep_base);
		offset -= node->offset;
	}
}

/* A leaf below @top sees what is there. */
static void vmop_count_viewer(struct vmop_cow *top, struct vmop_cow *leaf,
			      pgoff_t offset,
			      const struct vmop_count_piece *piece,
			      struct vmop_cow_counter *counter)
{
	unsigned int i;

	vmop_count_seen_by(top, leaf, offset, piece, counter->seen);
	for_each_set_bit(i, counter->seen, piece->end - piece->start)
		counter->nr_viewers[i]++;
	cond_resched();
}

/*
 * All leaves below @top; but for those at and below its child @path, if it is not
 * NULL.
 */
static void vmop_count_below(struct vmop_cow *top, struct vmop_cow *path,
			     const struct vmop_count_piece *piece,
			     struct vmop_cow_counter *counter)
{
	struct vmop_cow *below = top;
	pgoff_t offset = 0;

	while ((below = vmop_cow_next_below(top, below, below != path,
					    &offset)))
		if (below != path && vmop_cow_is_leaf(below))
			vmop_count_viewer(top, below, offset, piece, counter);
}

/* What the leaf sees of a node's own pages. */
static void vmop_count_pages(struct vmop_cow *top,
			     const struct vmop_count_piece *piece,
			     const struct vmop_cow_counter *counter,
			     struct vmop_cow_shares *shares)
{
	pgoff_t pgoff = piece->start;
	unsigned int nr_viewers, i;

	for (; vmop_plist_next_page(&top->pages, &pgoff, piece->end); pgoff++) {
		i = pgoff - piece->start;
		if (!test_bit(i, counter->mine))
			continue;
		nr_viewers = counter->nr_viewers[i];
		if (nr_viewers == 1) {
			shares->nr_private++;
			continue;
		}
		shares->nr_shared++;
		shares->scaled += ((u64)PAGE_SIZE << VMOP_SHARE_SHIFT) /
				  nr_viewers;
	}
}

/* A leaf's pages are its own; it may see hidden ones itself. */
static bool vmop_count_is_shared(const struct vmop_cow *node)
{
	return vmop_cow_is_hidden(node) || node->composed;
}

/*
 * One piece of the leaf, from node to node upwards. What comes through a node is
 * seen by those that have seen it below and by those beside: every leaf is looked
 * at once. Where something hides what is above from the leaf, the number of
 * viewers no longer matters.
 */
static void vmop_count_piece(struct vmop_cow *leaf,
			     struct vmop_count_piece piece,
			     struct vmop_cow_counter *counter,
			     struct vmop_cow_shares *shares)
{
	unsigned int nr_pages = piece.end - piece.start;
	struct vmop_cow *node = leaf;
	struct vmop_cow *top;

	bitmap_fill(counter->mine, nr_pages);
	memset(counter->nr_viewers, 0, sizeof(counter->nr_viewers));
	while ((top = node->parent)) {
		vmop_count_look_through(node, 0, &piece, counter->mine,
					node == leaf && leaf->keep_base);
		if (bitmap_empty(counter->mine, nr_pages))
			return;
		piece.start += node->offset;
		piece.end += node->offset;
		if (node != leaf && vmop_cow_is_leaf(node))
			vmop_count_viewer(top, node, node->offset, &piece,
					  counter);
		vmop_count_below(top, node == leaf ? NULL : node, &piece,
				 counter);
		if (vmop_count_is_shared(top))
			vmop_count_pages(top, &piece, counter, shares);
		node = top;
	}
}

/*
 * The first position at or after @pgoff at which a node above the leaf has a page
 * that may be shared; leaf->limit if there is none.
 */
static pgoff_t vmop_count_next(const struct vmop_cow *leaf, pgoff_t pgoff)
{
	const struct vmop_cow *node;
	pgoff_t next = leaf->limit;
	pgoff_t end = leaf->limit;
	pgoff_t shift = 0;
	pgoff_t at;

	for (node = leaf; node->parent; node = node->parent) {
		end = min(end, node->limit);
		pgoff += node->offset;
		end += node->offset;
		shift += node->offset;
		at = pgoff;
		if (vmop_count_is_shared(node->parent) &&
		    vmop_plist_next_page(&node->parent->pages, &at,
					 min(end, next + shift)))
			next = at - shift;
	}
	return next;
}

/* Zeros that a leaf holds itself. */
static unsigned long vmop_count_zeros(struct vmop_cow *node)
{
	struct vmop_interval interval;
	unsigned long nr_zero = 0;
	pgoff_t pgoff = 0;

	for (;; pgoff++) {
		pgoff = vmop_plist_next_content(&node->pages, pgoff,
						node->nr_pages);
		if (pgoff >= node->nr_pages)
			return nr_zero;
		if (vmop_plist_find_interval(&node->pages, pgoff, &interval)) {
			nr_zero += interval.end - pgoff;
			pgoff = interval.end - 1;
		} else if (vmop_plist_lookup(&node->pages, pgoff).kind ==
			   VMOP_SLOT_MARKER) {
			nr_zero++;
		}
		cond_resched();
	}
}

/**
 * vmop_cow_count_shares() - count the memory that falls to a leaf
 * @node: the leaf
 * @counter: to work with
 * @shares: all zero on entry
 *
 * Its own pages are private, whoever sees them. Of those in hidden nodes above,
 * and in a composed root, it counts what it sees, and what it keeps for a reset.
 * (semantics: COW-41, with the fractions of COW-17)
 *
 * Context: shared tree lock. Takes time for each node of the family (for one of a
 * chain that parts from the leaf's own: for each node up to there), and for
 * each thousand of the leaf's positions that have pages above it.
 */
void vmop_cow_count_shares(struct vmop_cow *node,
			   struct vmop_cow_counter *counter,
			   struct vmop_cow_shares *shares)
{
	struct vmop_count_piece piece = {};

	vmop_cow_assert_held(node);
	shares->nr_private = atomic_long_read(&node->nr_resident);
	shares->nr_zero = vmop_count_zeros(node);
	while ((piece.start = vmop_count_next(node, piece.end)) < node->limit) {
		piece.end = min(piece.start + VMOP_COUNT_PAGES, node->limit);
		vmop_count_piece(node, piece, counter, shares);
	}
}
