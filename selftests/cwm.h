/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The model of cow_model: families of VMOs as flat arrays of versions.
 *
 * An object is content that VMOs view: all views of it (references, slices) are
 * one. It has a place for each page: a page of its own, zeros because nothing is
 * to be seen there, or what another object shows at one of its pages. The last is
 * only so in a pager's family, where clones follow; what a snapshot shows is
 * copied when it is made. A page holds CELLS versions; version 0 is zeros.
 */
#ifndef CWM_H
#define CWM_H

#include <stdbool.h>

#include <linux/types.h>

#define CWM_PAGES 16
#define CWM_CELLS 4
#define CWM_ALL (CWM_PAGES * CWM_CELLS)
#define CWM_OBJECTS 48

enum cwm_place {
	CWM_NONE,		/* zeros, nothing of its own */
	CWM_OWN,
	CWM_OTHER,		/* what object other shows at page there */
};

struct cwm_page {
	enum cwm_place place;
	unsigned int other;
	unsigned int there;
	__u32 cell[CWM_CELLS];
};

struct cwm_object {
	bool used;		/* somebody views it, or follows it */
	bool root;		/* of a pager's family */
	bool pager;		/* is in such a family */
	bool follows;		/* made as a follower of a pager's VMO */
	bool upgraded;		/* may be under a hidden node: no ON_WRITE of it */
	bool touched;		/* may have content of its own */
	bool cloned;
	bool resettable;
	unsigned int family;
	unsigned int hung;	/* followers: what it is hung on */
	unsigned int nr_views;
	unsigned int len;	/* cells */
	struct cwm_page page[CWM_PAGES];
	struct cwm_page base[CWM_PAGES];	/* for a reset */
};

struct cwm {
	struct cwm_object object[CWM_OBJECTS];
};

/* A free one, cleared; or -1. */
int cwm_new(struct cwm *m, unsigned int family);
unsigned int cwm_nr_pages(const struct cwm_object *o);
/* What a page shows now. */
void cwm_look(const struct cwm *m, unsigned int object, unsigned int page,
	      __u32 cell[CWM_CELLS]);
/* Does anything follow it? */
bool cwm_is_followed(const struct cwm *m, unsigned int object);

void cwm_write(struct cwm *m, unsigned int object, unsigned int cell,
	       unsigned int nr, __u32 version);
void cwm_zero(struct cwm *m, unsigned int object, unsigned int cell,
	      unsigned int nr);
void cwm_commit(struct cwm *m, unsigned int object, unsigned int page,
		unsigned int end);
void cwm_resize(struct cwm *m, unsigned int object, unsigned int len);
void cwm_reset(struct cwm *m, unsigned int object);

/* What can be said about a clone of such a kind before it is made. */
enum cwm_clone {
	CWM_UNSURE,		/* not for this model */
	CWM_REFUSED,
	CWM_MAY_BE_REFUSED,	/* what it is when it is not, is known */
	CWM_MADE,
};

enum cwm_clone cwm_may_clone(const struct cwm *m, unsigned int object,
			     __u32 flags, unsigned int page, unsigned int nr);
/* The child as it is made; -1 when there is no room. */
int cwm_clone(struct cwm *m, unsigned int object, __u32 flags,
	      unsigned int page, unsigned int nr);
/* The last view is gone. */
void cwm_close(struct cwm *m, unsigned int object);

#endif /* CWM_H */
