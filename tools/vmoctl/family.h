/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMOs that a server knows, as a tree.
 */
#ifndef VMOCTL_FAMILY_H
#define VMOCTL_FAMILY_H

#include "vmoctl.h"

/**
 * struct member - a VMO of the tree
 * @name: its own, or what it is kept under
 * @info: what the kernel says of it
 * @parent: who it was made from, or NULL when that one is not known
 * @first: its first child, in the order in which they came, or NULL
 * @last: its last child, or NULL
 * @next: next child of @parent, or next one without a known parent; or NULL
 * @depth: how many are above it
 * @children: how many of its children are known
 */
struct member {
	char name[VMOP_NAME_LEN];
	struct vmop_vmo_get_info info;
	struct member *parent;
	struct member *first;
	struct member *last;
	struct member *next;
	unsigned int depth;
	__u32 children;
};

/**
 * struct family - all of them
 * @all: they, in the order in which they came
 * @count: how many
 * @room: how many there is memory for
 * @first: first one without a known parent
 */
struct family {
	struct member *all;
	size_t count;
	size_t room;
	struct member *first;
};

/**
 * struct family_sum - what they take
 * @memory: bytes in memory
 * @copies: what they would take if every clone had a copy of its own of what is
 *          in memory
 */
struct family_sum {
	__u64 memory;
	__u64 copies;
};

/* Adds a VMO. Return: 0 or a negative errno. */
int family_add(struct family *f, const char *name, const struct vmop_vmo *vmo);

/* The same with what is known of it. */
int family_add_info(struct family *f, const char *name,
		    const struct vmop_vmo_get_info *info);

/* Makes the tree, when all were added. Return: 0 or -ENOMEM. */
int family_link(struct family *f);

/* The one behind this in the order of drawing, or NULL. */
const struct member *family_next(const struct member *m);

void family_sum(const struct family *f, struct family_sum *sum);
void family_free(struct family *f);

#endif /* VMOCTL_FAMILY_H */
