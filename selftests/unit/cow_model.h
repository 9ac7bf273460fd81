/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow_model.h - random steps on a forest of families.
 */
#ifndef COW_MODEL_H
#define COW_MODEL_H

#include "cow_sim.h"

/**
 * struct model_mood - what an episode is like
 * @pages: no VMO gets larger
 * @vmos: no family does
 * @patience: of so many closes one is done
 */
struct model_mood {
	unsigned int pages;
	unsigned int vmos;
	unsigned int patience;
};

extern struct model_mood mood;

unsigned long rnd(unsigned long below);
bool one_in(unsigned long n);
void note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A new family; with one VMO, the steps do the rest. */
struct sim_family *model_create(void);

/* One random step on a VMO of a family. */
void model_step(struct sim_family *fam, struct sim_vmo *vmo);

/* Looks at the family after an attempt that has failed, now and then. */
void model_look(struct sim_family *fam);

/* How often each step did what it is for. */
struct model_tally {
	const char *name;
	unsigned long done;
	unsigned long refused;
};

extern struct model_tally model_tally[];

#endif /* COW_MODEL_H */
