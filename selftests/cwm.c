// SPDX-License-Identifier: GPL-2.0
/*
 * The model of cow_model: see cwm.h. It knows nothing of nodes: a snapshot is a
 * copy of an array, a follower is an array of references to another.
 */
#include <stddef.h>
#include <string.h>

#include <linux/vmopager.h>

#include "cwm.h"

int cwm_new(struct cwm *m, unsigned int family)
{
	unsigned int i;

	for (i = 0; i < CWM_OBJECTS; i++) {
		if (m->object[i].used)
			continue;
		memset(&m->object[i], 0, sizeof(m->object[i]));
		m->object[i].used = true;
		m->object[i].family = family;
		return i;
	}
	return -1;
}

unsigned int cwm_nr_pages(const struct cwm_object *o)
{
	return (o->len + CWM_CELLS - 1) / CWM_CELLS;
}

void cwm_look(const struct cwm *m, unsigned int object, unsigned int page,
	      __u32 cell[CWM_CELLS])
{
	const struct cwm_page *p = &m->object[object].page[page];

	while (p->place == CWM_OTHER)
		p = &m->object[p->other].page[p->there];
	if (p->place == CWM_OWN)
		memcpy(cell, p->cell, sizeof(p->cell));
	else
		memset(cell, 0, sizeof(p->cell));
}

bool cwm_is_followed(const struct cwm *m, unsigned int object)
{
	unsigned int i;

	for (i = 0; i < CWM_OBJECTS; i++)
		if (m->object[i].used && m->object[i].follows &&
		    m->object[i].hung == object)
			return true;
	return false;
}

/* ---- changes ----------------------------------------------------------------- */

static struct cwm_page *own_page(struct cwm *m, unsigned int object,
				 unsigned int page)
{
	struct cwm_page *p = &m->object[object].page[page];

	if (p->place != CWM_OWN) {
		cwm_look(m, object, page, p->cell);
		p->place = CWM_OWN;
	}
	m->object[object].touched = true;
	return p;
}

void cwm_write(struct cwm *m, unsigned int object, unsigned int cell,
	       unsigned int nr, __u32 version)
{
	for (; nr--; cell++)
		own_page(m, object, cell / CWM_CELLS)->cell[cell % CWM_CELLS] =
			version;
}

/* Where there is nothing below, zeros are no content: the page is free again. */
void cwm_zero(struct cwm *m, unsigned int object, unsigned int cell,
	      unsigned int nr)
{
	struct cwm_object *o = &m->object[object];
	unsigned int end = cell + nr, page, next;

	for (; cell < end; cell = next) {
		page = cell / CWM_CELLS;
		next = (page + 1) * CWM_CELLS;
		if (next > end)
			next = end;
		o->touched = true;
		if (o->follows && o->base[page].place == CWM_NONE &&
		    (next - cell == CWM_CELLS ||
		     o->page[page].place == CWM_NONE))
			o->page[page].place = CWM_NONE;
		else
			cwm_write(m, object, cell, next - cell, 0);
	}
}

void cwm_commit(struct cwm *m, unsigned int object, unsigned int page,
		unsigned int end)
{
	for (; page < end; page++)
		own_page(m, object, page);
}

/* What looked at this page, or a base that would, sees zeros for ever. */
static void cut_off(struct cwm *m, unsigned int object, unsigned int page)
{
	struct cwm_page *p;
	unsigned int i, j;

	for (i = 0; i < CWM_OBJECTS; i++) {
		for (j = 0; m->object[i].used && j < 2 * CWM_PAGES; j++) {
			p = j < CWM_PAGES ? &m->object[i].page[j] :
			    &m->object[i].base[j - CWM_PAGES];
			if (p->place == CWM_OTHER && p->other == object &&
			    p->there == page)
				p->place = CWM_NONE;
		}
	}
}

void cwm_resize(struct cwm *m, unsigned int object, unsigned int len)
{
	struct cwm_object *o = &m->object[object];
	unsigned int page, cell;
	struct cwm_page *p;

	/* the page that it ends in now keeps what lies before the end */
	if (len < o->len && len % CWM_CELLS) {
		page = len / CWM_CELLS;
		p = own_page(m, object, page);
		for (cell = len % CWM_CELLS; cell < CWM_CELLS; cell++) {
			p->cell[cell] = 0;
			if (o->base[page].place == CWM_OWN)
				o->base[page].cell[cell] = 0;
		}
	}
	for (page = (len + CWM_CELLS - 1) / CWM_CELLS; page < CWM_PAGES;
	     page++) {
		o->page[page].place = CWM_NONE;
		o->base[page].place = CWM_NONE;
		cut_off(m, object, page);
	}
	o->touched = true;
	o->len = len;
}

void cwm_reset(struct cwm *m, unsigned int object)
{
	memcpy(m->object[object].page, m->object[object].base,
	       sizeof(m->object[object].page));
}

/* ---- clones -------------------------------------------------------------------- */

static bool has_own(const struct cwm_object *o, unsigned int page,
		    unsigned int nr)
{
	for (; nr-- && page < CWM_PAGES; page++)
		if (o->page[page].place == CWM_OWN)
			return true;
	return false;
}

/*
 * What a follower is hung on: the highest with the same view now (COW-13). -1 when
 * that cannot be told: zeros may be content or not.
 */
static int hang_on(const struct cwm *m, unsigned int object, unsigned int *page,
		   unsigned int nr)
{
	const struct cwm_object *o = &m->object[object];
	unsigned int seen = nr;

	while (!o->root) {
		unsigned int i, at = *page;

		/* content that the one in between did not see */
		if (has_own(o, at, nr) != has_own(o, at, seen))
			return -1;
		if (has_own(o, at, nr))
			break;
		if (o->touched)
			return -1;
		/* pristine: each page is what the one above shows, or nothing */
		for (i = 0; i < nr && at + i < CWM_PAGES; i++)
			if (o->page[at + i].place == CWM_OTHER)
				break;
		if (i == nr || at + i >= CWM_PAGES)
			return -1;
		*page = o->page[at + i].there - i;
		for (seen = i; seen < nr && at + seen < CWM_PAGES; seen++)
			if (o->page[at + seen].place != CWM_OTHER)
				break;
		object = o->hung;
		o = &m->object[object];
	}
	return object;
}

/* Is there a page that it has not changed, and that its root can change? */
static bool is_following(const struct cwm_object *o)
{
	unsigned int i;

	for (i = 0; i < CWM_PAGES; i++)
		if (o->page[i].place == CWM_OTHER)
			return true;
	return false;
}

enum cwm_clone cwm_may_clone(const struct cwm *m, unsigned int object,
			     __u32 flags, unsigned int page, unsigned int nr)
{
	const struct cwm_object *o = &m->object[object];
	unsigned int at = page;

	/* of a snapshot it is one, or it follows it, as the tree is by now */
	if (!o->root && !o->follows)
		return o->pager &&
		       flags & VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE ?
		       CWM_UNSURE : CWM_MADE;
	if (flags & VMOP_CHILD_SNAPSHOT && !o->root)
		return is_following(o) ? CWM_REFUSED : CWM_UNSURE;
	if (flags & VMOP_CHILD_SNAPSHOT)
		return CWM_MADE;
	/* where a follower ends inside a page is not for us */
	if (o->len % CWM_CELLS)
		return CWM_UNSURE;
	if (o->root)
		return CWM_MADE;
	if (flags & VMOP_CHILD_SNAPSHOT_MODIFIED)
		return cwm_is_followed(m, object) ? CWM_REFUSED :
		       CWM_MAY_BE_REFUSED;
	return o->upgraded || hang_on(m, object, &at, nr) < 0 ? CWM_UNSURE :
	       CWM_MADE;
}

/* Its pages are what the other shows. */
static void follow(struct cwm *m, unsigned int child, unsigned int object,
		   unsigned int page, unsigned int nr)
{
	struct cwm_object *c = &m->object[child];
	unsigned int i;

	c->follows = true;
	c->hung = object;
	for (i = 0; i < nr; i++) {
		if (page + i >= cwm_nr_pages(&m->object[object]))
			break;
		c->page[i].place = CWM_OTHER;
		c->page[i].other = object;
		c->page[i].there = page + i;
	}
}

static void snapshot(struct cwm *m, unsigned int child, unsigned int object,
		     unsigned int page, unsigned int nr)
{
	struct cwm_object *c = &m->object[child], *o = &m->object[object];
	unsigned int i;

	for (i = 0; i < nr && page + i < cwm_nr_pages(o); i++) {
		/* of what follows, only what was changed is a copy */
		c->page[i] = o->page[page + i];
		if (o->root) {
			cwm_look(m, object, page + i, c->page[i].cell);
			c->page[i].place = CWM_OWN;
		}
	}
	if (!o->follows)
		return;
	c->follows = true;
	c->hung = o->hung;
	c->upgraded = true;
	o->upgraded = true;
}

int cwm_clone(struct cwm *m, unsigned int object, __u32 flags,
	      unsigned int page, unsigned int nr)
{
	struct cwm_object *o = &m->object[object], *c;
	unsigned int i, at = page;
	int child = cwm_new(m, o->family), above;

	if (child < 0)
		return child;
	c = &m->object[child];
	c->len = nr * CWM_CELLS;
	c->pager = o->pager;
	c->resettable = flags & VMOP_CHILD_RESETTABLE;
	o->cloned = true;
	if (flags & VMOP_CHILD_SNAPSHOT || (!o->root && !o->follows) ||
	    (flags & VMOP_CHILD_SNAPSHOT_MODIFIED && !o->root)) {
		snapshot(m, child, object, page, nr);
	} else {
		above = hang_on(m, object, &at, nr);
		follow(m, child, above, at, nr);
		/* what the one in between did not see, this does not either */
		for (i = 0; i < nr; i++)
			if (page + i >= CWM_PAGES ||
			    o->page[page + i].place == CWM_NONE)
				if (above != (int)object)
					c->page[i].place = CWM_NONE;
	}
	memcpy(c->base, c->page, sizeof(c->base));
	return child;
}

void cwm_close(struct cwm *m, unsigned int object)
{
	unsigned int i;

	/* who follows it may be merged with it, or not */
	for (i = 0; i < CWM_OBJECTS; i++)
		if (m->object[i].used && m->object[i].follows &&
		    m->object[i].hung == object)
			m->object[i].upgraded = true;
	m->object[object].nr_views = 0;
	/* what is followed stays, and so on upwards */
	for (i = 0; i < CWM_OBJECTS; i++) {
		struct cwm_object *o = &m->object[i];

		if (!o->used || o->nr_views || cwm_is_followed(m, i))
			continue;
		o->used = false;
		i = -1;
	}
}
