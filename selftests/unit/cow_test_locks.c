// SPDX-License-Identifier: GPL-2.0
/*
 * Who calls the engine without the lock that it needs gets to know. Each call is
 * made in a process of its own, which dies of it.
 */
#include "cow_test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sim_vmo *other;
static struct vmop_page *page;
static LIST_HEAD(list);
static unsigned long bits[1];
static pgoff_t at;
static struct vmop_res res = { .kind = VMOP_RES_PAGE };
static struct vmop_dirty_span span;
static struct vmop_cow_counter counter;
static struct vmop_cow_shares shares;

static void ignore(void *ctx, pgoff_t start, pgoff_t end)
{
}

static bool dies(void (*fn)(struct vmop_cow *node), struct vmop_cow *node,
		 bool shared)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		if (shared)
			down_read(&node->tree->lock);
		fn(node);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#define CALL(name, call)						\
static void name(struct vmop_cow *node)					\
{									\
	(void)(call);							\
}

CALL(call_resolve, vmop_cow_resolve(node, 9))
CALL(call_absent_end, vmop_cow_absent_end(node, 3, 3))
CALL(call_commit_need, vmop_cow_commit_need(node, 0, &res, &at))
CALL(call_clean_end, vmop_cow_clean_end(node, 0, 1))
CALL(call_count_zeros, vmop_cow_count_zeros(node, 0, 0, bits))
CALL(call_span, vmop_cow_dirty_span(node, 0, 1, &span))
CALL(call_map, ({ vmop_cow_dirty_map(node, 0, 0, bits); 0; }))
CALL(call_is_seen, vmop_cow_is_seen(node, 0, NULL))
CALL(call_next_below, vmop_cow_next_below(node, node, true, &at))
CALL(call_zeros_stay, ({ res.owner = node; vmop_cow_zeros_stay(node, &res); }))
CALL(call_shares, ({ vmop_cow_count_shares(node, &counter, &shares); 0; }))

CALL(call_supply, vmop_cow_supply(node, 0, NULL))
CALL(call_bring, vmop_cow_bring(node, 0, NULL))
CALL(call_zero, vmop_cow_zero(node, 0, 0, &at))
CALL(call_drop_clean, ({ vmop_cow_drop_clean(node); 0; }))
CALL(call_clear, ({ vmop_cow_clear(node); 0; }))
CALL(call_make_dirty, vmop_cow_make_dirty(node, 0, 0, &list))
CALL(call_begin, ({ vmop_cow_writeback_begin(node, 0, 0, false, &at); 0; }))
CALL(call_end, vmop_cow_writeback_end(node, 0, 0, ignore, NULL))
/* Also where there is no memory for it. */
CALL(call_move, ({ shim.fail_at = shim.allocs + 1;
		   vmop_cow_move(page, false, node, 1000); }))
CALL(call_give_page, vmop_cow_give_page(node, 9, page, true))
CALL(call_unsee, ({ vmop_cow_unsee(node, 0, 0); 0; }))
CALL(call_hide, ({ vmop_cow_hide(node); 0; }))
CALL(call_resize, vmop_cow_resize(node, node->len, &at))
CALL(call_clone, ({ vmop_cow_clone(node, sim_node(other), 0, 0); 0; }))
CALL(call_snapshot, vmop_cow_snapshot(node, NULL, sim_node(other), 0, 0))
CALL(call_freeze, vmop_cow_freeze(node, NULL, sim_node(other), 0, 0))
CALL(call_clamp, ({ vmop_cow_clamp_children(node, 0); 0; }))
CALL(call_close, ({ vmop_cow_close(node, &list); 0; }))
CALL(call_reset, vmop_cow_reset(node, bits))
CALL(call_merge, ({ vmop_cow_merge(node, &list); 0; }))

static void locks_shared(void)
{
	static void (*const calls[])(struct vmop_cow *node) = {
		call_resolve, call_absent_end, call_commit_need, call_clean_end,
		call_count_zeros, call_span, call_map, call_is_seen,
		call_next_below, call_zeros_stay, call_shares,
	};
	unsigned int i;

	family(true, 2);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		at = 0;
		EXPECT(!dies(calls[i], fam->root, true));
		EXPECT(dies(calls[i], fam->root, false));
	}
}

static void locks_exclusive(void)
{
	static void (*const calls[])(struct vmop_cow *node) = {
		call_supply, call_bring, call_zero, call_make_dirty,
		call_begin, call_end, call_move, call_give_page, call_unsee,
		call_hide, call_resize, call_clone,
		call_snapshot, call_freeze, call_clamp, call_close, call_reset,
	};
	unsigned int i;

	family(true, 2);
	OK(sim_supply(fam, 1, false));
	page = resolve(r, 1).page;
	other = ON_WRITE(r, 0, 0);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		EXPECT(dies(calls[i], fam->root, true));
	/* Also where there is nothing to do. */
	sim_close(other);
	other = resettable(r, SIM_AT_LEAST_ON_WRITE, 0, 1);
	EXPECT(dies(call_merge, fam->root, true));
	sim_close(other);
	EXPECT(sim_evict(fam, 0));
	EXPECT(dies(call_drop_clean, fam->root, true));
	EXPECT(dies(call_clear, fam->root, true));
	EXPECT(dies(call_reset, fam->root, true));
}

const struct unit_test locks_tests[] = {
	UNIT(locks_shared),
	UNIT(locks_exclusive),
	{ 0 }
};
