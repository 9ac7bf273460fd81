/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow_check.h - look at a family of nodes from below, not through its functions.
 */
#ifndef COW_CHECK_H
#define COW_CHECK_H

#include "cow.h"

/* Nodes of one family that can be checked. */
#define COW_CHECK_NODES		4096

/**
 * struct cow_family - what a check needs to know of a family
 * @tree: the family
 * @spaces: all spaces that have a node
 * @nr_spaces: how many
 * @nr_refs: references of the test to @tree, beside those of the nodes
 * @nomem: an allocation has failed in a close: a hidden node may have one child
 */
struct cow_family {
	struct vmop_tree *tree;
	struct vmop_space **spaces;
	unsigned int nr_spaces;
	unsigned int nr_refs;
	bool nomem;
};

/* What a check has counted. */
struct cow_counts {
	unsigned int nodes;
	unsigned int hidden;
	unsigned long pages;
	unsigned long shown;	/* of @pages: by leaves, roots that are none apart */
};

/*
 * Checks every invariant that cow.h promises, no lock held. Returns NULL, or what
 * is wrong.
 */
const char *cow_check(const struct cow_family *family,
		      struct cow_counts *counts);

#endif /* COW_CHECK_H */
