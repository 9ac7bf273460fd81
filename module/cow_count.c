// SPDX-License-Identifier: GPL-2.0
/*
 * cow_count.c - how much of a family's memory falls to one leaf. Nothing of that
 * is stored (see cow_share.c), so it is counted: for each hidden node above the
 * leaf, a piece after the other, which leaves see which of its pages.
 *
 * Locks: the shared tree lock, for all of it.
 */
#include "cow.h"

/* Positions of a hidden node that are counted at once. */
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
	while (!keep_own && pgoff < last) {
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

/* How many leaves see each position of a piece of @top, and which does @leaf? */
static void vmop_count_viewers(struct vmop_cow *top, struct vmop_cow *leaf,
			       const struct vmop_count_piece *piece,
			       struct vmop_cow_counter *counter)
{
	unsigned int nr_pages = piece->end - piece->start;
	struct vmop_cow *below = top;
	pgoff_t offset = 0;
	unsigned int i;

	memset(counter->nr_viewers, 0, sizeof(counter->nr_viewers));
	while ((below = vmop_cow_next_below(top, below, true, &offset))) {
		if (!vmop_cow_is_leaf(below))
			continue;
		vmop_count_seen_by(top, below, offset, piece, counter->seen);
		for_each_set_bit(i, counter->seen, nr_pages)
			counter->nr_viewers[i]++;
		if (below == leaf)
			bitmap_copy(counter->mine, counter->seen, nr_pages);
		cond_resched();
	}
}

static void vmop_count_piece(struct vmop_cow *top, struct vmop_cow *leaf,
			     const struct vmop_count_piece *piece,
			     struct vmop_cow_counter *counter,
			     struct vmop_cow_shares *shares)
{
	pgoff_t pgoff = piece->start;
	unsigned int nr_viewers, i;

	vmop_count_viewers(top, leaf, piece, counter);
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
 * Context: shared tree lock. Takes time for each leaf below the same hidden
 * nodes and each thousand of their pages.
 */
void vmop_cow_count_shares(struct vmop_cow *node,
			   struct vmop_cow_counter *counter,
			   struct vmop_cow_shares *shares)
{
	struct vmop_count_piece piece;
	struct vmop_cow *top;

	vmop_cow_assert_held(node);
	shares->nr_private = atomic_long_read(&node->nr_resident);
	shares->nr_zero = vmop_count_zeros(node);
	for (top = node->parent; top; top = top->parent) {
		/* A leaf's pages are its own; it may see hidden ones itself. */
		if (!vmop_cow_is_hidden(top) && !top->composed)
			continue;
		piece.start = 0;
		while (vmop_plist_next_page(&top->pages, &piece.start,
					    top->nr_pages)) {
			piece.end = min(piece.start + VMOP_COUNT_PAGES,
					top->nr_pages);
			vmop_count_piece(top, node, &piece, counter, shares);
			piece.start = piece.end;
		}
	}
}
