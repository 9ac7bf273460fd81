/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Clones that a server keeps for others, by name.
 */
#ifndef VMOCTL_KEPT_H
#define VMOCTL_KEPT_H

#include "control.h"
#include "vmoctl.h"

/**
 * struct kept - a VMO that is kept
 * @number: counts up, so that a list can be gone on with
 * @name: how it is asked for
 * @vmo: the VMO, owned
 */
struct kept {
	__u64 number;
	char name[VMOP_NAME_LEN];
	struct vmop_vmo *vmo;
};

/**
 * struct kept_list - all that are kept, in the order in which they came
 * @all: they
 * @count: how many
 * @room: how many there is memory for
 * @last: the newest number
 */
struct kept_list {
	struct kept *all;
	size_t count;
	size_t room;
	__u64 last;
};

/*
 * kept_add - keep a VMO
 * @vmo: it belongs to the list on success
 *
 * Return: 0, -EINVAL (no name), -EEXIST (the name is in use), -ENOMEM.
 */
int kept_add(struct kept_list *list, const char *name, struct vmop_vmo *vmo);

/* Return: the VMO, which stays the list's, or NULL. */
const struct vmop_vmo *kept_find(const struct kept_list *list,
				 const char *name);

/* Forgets one. Return: 0 or -ENOENT. */
int kept_drop(struct kept_list *list, const char *name);

/* Fills in the names of those above a number. Return: bytes to send. */
size_t kept_names(const struct kept_list *list, __u64 above,
		  struct control_names *answer);

/* Forgets all. */
void kept_free(struct kept_list *list);

#endif /* VMOCTL_KEPT_H */
