/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run of cow_model: the VMOs that stand for the model's objects, the pager that
 * serves them, and comparing the two.
 */
#ifndef CWM_RUN_H
#define CWM_RUN_H

#include <pthread.h>
#include <stdbool.h>

#include "cwm.h"
#include "test_pager.h"

#define CWR_FAMILIES 3
#define CWR_VIEWS 30
#define CWR_CELL (vmop_test_page_size / CWM_CELLS)
#define CWR_LOG_LINES 400

struct cwr_view {
	bool used;
	bool resizable;
	bool slice;
	bool reference;
	int fd;
	char *map;		/* CWM_PAGES of it, or NULL */
	unsigned int object;
	unsigned int page;	/* slices: where in the object, and how much */
	unsigned int nr;
};

struct cwr_family {
	bool used;
	bool pager;
	int keep;		/* the pager's own descriptor of the root */
	unsigned int root;
	__u64 key;
	__u32 store[CWM_PAGES][CWM_CELLS];
};

struct cwr {
	struct cwm m;
	struct cwr_view view[CWR_VIEWS];
	struct cwr_family family[CWR_FAMILIES];
	pthread_mutex_t lock;	/* family[]: used, keep, key, store */
	struct test_pager tp;
	pthread_t server;
	int stop_fd;
	int server_error;	/* atomic */
	__u64 random;
	__u64 next_key;
	__u32 version;
	bool pager;
	bool trap;
	bool failed;
	unsigned long step;
	unsigned long nr_done[32];
	char log[CWR_LOG_LINES][100];
	unsigned int nr_log;
};

/* Below, and not that. */
unsigned int cwr_rnd(struct cwr *run, unsigned int below);
/* A line that is shown when something is wrong later. */
__attribute__((format(printf, 2, 3)))
void cwr_say(struct cwr *run, const char *fmt, ...);
__attribute__((format(printf, 2, 3)))
void cwr_wrong(struct cwr *run, const char *fmt, ...);
void cwr_same(struct cwr *run, const char *what, long came, long want);
/* What cells of these versions hold. */
void cwr_fill_cells(char *buf, const __u32 *cell, unsigned int nr);

/* The pager's thread: arg is the run; until stop_fd can be read. */
void *cwr_serve(void *arg);

/* In cells. */
unsigned int cwr_view_len(struct cwr *run, const struct cwr_view *v);
/* A page of it, as much of it as is before the end, is what the model says. */
void cwr_compare(struct cwr *run, const struct cwr_view *v, bool map,
		 unsigned int page);
void cwr_compare_view(struct cwr *run, const struct cwr_view *v, bool map);
void cwr_compare_all(struct cwr *run, bool map);

struct cwr_view *cwr_any_view(struct cwr *run);
struct cwr_view *cwr_new_view(struct cwr *run, int fd, unsigned int object,
			      bool resizable);
void cwr_close_view(struct cwr *run, struct cwr_view *v);
/* For one more view and one more object. */
bool cwr_is_room(struct cwr *run);
/* End those without views and start others in their place. */
void cwr_keep_families(struct cwr *run);

#endif /* CWM_RUN_H */
