// SPDX-License-Identifier: GPL-2.0
/*
 * The VMOs that a server knows, as a tree. A chain of clones may be a thousand
 * deep: nothing here calls itself.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "family.h"

int family_add_info(struct family *f, const char *name,
		    const struct vmop_vmo_get_info *info)
{
	struct member *all, *m;
	size_t room;

	if (f->count == f->room) {
		room = f->room ? 2 * f->room : 16;
		all = reallocarray(f->all, room, sizeof(*all));
		if (!all)
			return -ENOMEM;
		f->all = all;
		f->room = room;
	}
	m = &f->all[f->count];
	memset(m, 0, sizeof(*m));
	m->info = *info;
	m->info.out_name[VMOP_NAME_LEN - 1] = 0;
	snprintf(m->name, sizeof(m->name), "%s",
		 name ? name : (char *)m->info.out_name);
	f->count++;
	return 0;
}

int family_add(struct family *f, const char *name, const struct vmop_vmo *vmo)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	int ret = vmop_vmo_info_shares(vmo, &info);

	return ret ? ret : family_add_info(f, name, &info);
}

static int by_id(const void *a, const void *b)
{
	const struct member *x = *(struct member *const *)a;
	const struct member *y = *(struct member *const *)b;

	return (x->info.out_id > y->info.out_id) -
	       (x->info.out_id < y->info.out_id);
}

static struct member *find(struct member **sorted, size_t count, __u64 id)
{
	struct member wanted = { .info.out_id = id };
	struct member *key = &wanted, **at;

	at = bsearch(&key, sorted, count, sizeof(*sorted), by_id);
	return at ? *at : NULL;
}

/* Puts a member behind its sisters. */
static void hang_on(struct family *f, struct member *m, struct member **last)
{
	struct member *parent = m->parent;

	if (!parent) {
		if (*last)
			(*last)->next = m;
		else
			f->first = m;
		*last = m;
		return;
	}
	if (parent->last)
		parent->last->next = m;
	else
		parent->first = m;
	parent->last = m;
	parent->children++;
}

int family_link(struct family *f)
{
	struct member **sorted, *last = NULL, *m;
	size_t i;

	if (!f->count)
		return 0;
	sorted = calloc(f->count, sizeof(struct member *));
	if (!sorted)
		return -ENOMEM;
	for (i = 0; i < f->count; i++)
		sorted[i] = &f->all[i];
	qsort(sorted, f->count, sizeof(*sorted), by_id);
	for (i = 0; i < f->count; i++) {
		m = &f->all[i];
		/* A child has a higher number than its parent: no circle. */
		if (m->info.out_parent_id < m->info.out_id)
			m->parent = find(sorted, f->count,
					 m->info.out_parent_id);
		hang_on(f, m, &last);
	}
	free(sorted);
	for (m = f->first; m; m = (struct member *)family_next(m))
		m->depth = m->parent ? m->parent->depth + 1 : 0;
	return 0;
}

const struct member *family_next(const struct member *m)
{
	if (m->first)
		return m->first;
	while (m && !m->next)
		m = m->parent;
	return m ? m->next : NULL;
}

/* Bytes of pages of the pager's VMO above it that a clone can see, at most. */
static __u64 seen_of_root(const struct member *m)
{
	const struct vmop_vmo_get_info *i = &m->info;
	__u64 own = i->out_private + i->out_shared + i->out_zero;
	__u64 window = i->out_size > own ? i->out_size - own : 0;
	const struct member *root = m;

	if (!(i->out_flags & VMOP_VMO_COW_CLONE) ||
	    !(i->out_flags & VMOP_VMO_PAGER_BACKED))
		return 0;
	while (root->parent)
		root = root->parent;
	if (root->info.out_child_flags)
		return 0;
	return window < root->info.out_committed ? window :
						   root->info.out_committed;
}

void family_sum(const struct family *f, struct family_sum *sum)
{
	const struct member *m;

	*sum = (struct family_sum){ 0 };
	for (m = f->first; m; m = family_next(m)) {
		sum->memory += m->info.out_scaled;
		sum->copies += m->info.out_private + m->info.out_shared +
			       seen_of_root(m);
	}
}

void family_free(struct family *f)
{
	free(f->all);
	*f = (struct family){ 0 };
}
