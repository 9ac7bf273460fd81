// SPDX-License-Identifier: GPL-2.0
/*
 * Clones that a server keeps for others, by name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"

/* Position of a name, or list->count. */
static size_t position(const struct kept_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (!strcmp(list->all[i].name, name))
			break;
	return i;
}

int kept_add(struct kept_list *list, const char *name, struct vmop_vmo *vmo)
{
	struct kept *all, *one;
	size_t room;

	if (!*name)
		return -EINVAL;
	if (position(list, name) < list->count)
		return -EEXIST;
	if (list->count == list->room) {
		room = list->room ? 2 * list->room : 16;
		all = reallocarray(list->all, room, sizeof(*all));
		if (!all)
			return -ENOMEM;
		list->all = all;
		list->room = room;
	}
	one = &list->all[list->count++];
	*one = (struct kept){ .number = ++list->last, .vmo = vmo };
	snprintf(one->name, sizeof(one->name), "%s", name);
	return 0;
}

const struct vmop_vmo *kept_find(const struct kept_list *list,
				 const char *name)
{
	size_t i = position(list, name);

	return i < list->count ? list->all[i].vmo : NULL;
}

int kept_drop(struct kept_list *list, const char *name)
{
	size_t i = position(list, name);

	if (i == list->count)
		return -ENOENT;
	vmop_vmo_close(list->all[i].vmo);
	list->count--;
	memmove(&list->all[i], &list->all[i + 1],
		(list->count - i) * sizeof(*list->all));
	return 0;
}

size_t kept_names(const struct kept_list *list, __u64 above,
		  struct control_names *answer)
{
	const struct kept *one;
	__u32 n = 0;
	size_t i;

	for (i = 0; i < list->count && n < CONTROL_NAMES_MAX; i++) {
		one = &list->all[i];
		if (one->number <= above)
			continue;
		answer->names[n].number = one->number;
		memcpy(answer->names[n++].name, one->name, sizeof(one->name));
	}
	answer->count = n;
	answer->more = i < list->count;
	return offsetof(struct control_names, names) +
	       n * sizeof(answer->names[0]);
}

void kept_free(struct kept_list *list)
{
	while (list->count)
		vmop_vmo_close(list->all[--list->count].vmo);
	free(list->all);
	*list = (struct kept_list){ 0 };
}
