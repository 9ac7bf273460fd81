/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A VMO and its model in lockstep: one thread accesses, the test is the pager.
 * After each step the thread either waits for a request that the model has
 * foretold, or has nothing to do; then both are compared.
 *
 * The first thing that is wrong is printed with seed, step and the newest
 * operations, and ends the run.
 */
#ifndef WBM_RUN_H
#define WBM_RUN_H

#include <pthread.h>

#include "wbm.h"
#include "vmop_thread.h"

#define WBM_HISTORY 24
#define WBM_HISTORY_LEN 120

/* Random numbers, settable by seed. */
struct wbm_random {
	__u64 state;
};

unsigned int wbm_random(struct wbm_random *r, unsigned int below);
__u64 wbm_seed(void);
unsigned long wbm_steps(unsigned long otherwise);

struct wbm_run {
	struct wbm m;
	struct wbm_random random;
	__u64 seed;
	unsigned long step;
	bool failed;

	int pager, port, vmo;
	__u64 key;
	char *map;		/* all of WBM_PAGES */

	/* The accessing thread. */
	pthread_t thread;
	int go, done;		/* eventfds */
	struct wbm_access access;
	bool busy;
	long ret;		/* what it came to, as access.ret */
	unsigned int fault_page;
	char *buf;		/* WBM_PAGES, the thread's while busy */
	char *scratch;		/* WBM_PAGES, ours */

	char history[WBM_HISTORY][WBM_HISTORY_LEN];
	unsigned int nr_history;
};

/* Each returns a negative errno when there is no way to run. */
int wbm_run_init(struct wbm_run *run, __u64 seed);
void wbm_run_exit(struct wbm_run *run);
int wbm_run_open_vmo(struct wbm_run *run, bool trap, unsigned int limit,
		     unsigned int max_request, unsigned int len);
void wbm_run_close_vmo(struct wbm_run *run);

void wbm_log(struct wbm_run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void wbm_wrong(struct wbm_run *run, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void wbm_same(struct wbm_run *run, const char *what, long is, long must_be);

void wbm_run_access(struct wbm_run *run);
void wbm_settle(struct wbm_run *run);
void wbm_expect_complete(struct wbm_run *run);
void wbm_compare(struct wbm_run *run, bool reset);
void wbm_adopt_requests(struct wbm_run *run);
void wbm_compare_content(struct wbm_run *run, unsigned int page,
			 unsigned int end);
int wbm_op(struct wbm_run *run, __u32 op, unsigned int page, unsigned int nr,
	   __u64 data, __u64 id, __u32 types);

/* wbm_stripes.c: several threads, each with pages of its own. */
int wbm_stripes(bool trap, __u64 seed, unsigned long steps);

#endif /* WBM_RUN_H */
