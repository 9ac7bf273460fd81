// SPDX-License-Identifier: GPL-2.0
/*
 * request_test.c - module/request.c, source.c and port.c in user space.
 *
 * Usage: request_test [-s SEED] [-n STEPS]
 *
 * The worked examples of the semantics as named cases, then two random tests:
 * one against a model that predicts every record, wake-up and result, one that
 * switches between threads at every point where no lock is held and recounts all
 * structures after each switch. A failure prints the seed and the step, and the
 * same seed fails again at the same step. TAP on stdout.
 */
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "request_test.h"

#define CASE(fn) { #fn, case_##fn }

static const struct {
	const char *name;
	void (*fn)(void);
} cases[] = {
	CASE(overlap_commit),
	CASE(dirty_requests_overlap),
	CASE(overlap_table),
	CASE(fail_overlapping_range),
	CASE(partial_fail_dirty_requests),
	CASE(fail_by_own_start),
	CASE(supply_after_fail),
	CASE(early_supply),
	CASE(concurrent_overlapping_access),
	CASE(resize_commit),
	CASE(counted_not_remembered),
	CASE(evict_after_dirty_request),
	CASE(kinds_are_separate),
	CASE(empty_ranges),
	CASE(cancel_with_others),
	CASE(cancel_last),
	CASE(suspend_read),
	CASE(answer_before_signal),
	CASE(fail_by_id),
	CASE(round_robin),
	CASE(buffer_sizes),
	CASE(efault_puts_back),
	CASE(efault_of_two_readers),
	CASE(efault_after_the_end),
	CASE(readers_wake_one_by_one),
	CASE(killed_reader),
	CASE(signalled_reader),
	CASE(detach),
	CASE(detach_and_vmo_gone),
	CASE(vmo_gone),
	CASE(pager_close),
	CASE(detach_then_pager_close),
	CASE(pager_close_after_vmo_gone),
	CASE(port_close),
	CASE(request_at_closing_port),
	CASE(port_close_keeps_detached),
	CASE(ends_in_every_order),
	CASE(deadline_fail),
	CASE(deadline_warn),
	CASE(cancel_without_wait),
	CASE(out_of_memory),
	CASE(counters),
	CASE(writeback_overlap),
	CASE(writeback_joins_unread),
	CASE(writeback_does_not_join_read),
	CASE(room_joins_any),
	CASE(writeback_kinds_are_separate),
	CASE(room_counts_each_time),
	CASE(writeback_answered_by_id),
	CASE(answer_id_of_other_kinds),
	CASE(writeback_fail),
	CASE(writeback_detached),
	CASE(writeback_pager_or_port_gone),
	CASE(writeback_detached_then_pager_gone),
	CASE(writeback_at_closing_port),
	CASE(writeback_not_taken),
	CASE(writeback_out_of_memory),
	CASE(writeback_cancel),
	CASE(writeback_withdrawn),
	CASE(writeback_counts_once),
	CASE(writeback_not_in_the_set),
	CASE(writeback_joiner_adds),
	CASE(writeback_joiner_adds_again),
	CASE(writeback_long_sets),
	CASE(writeback_partly_failed),
};

static unsigned int nr_run;

static void run_random(const char *name, void (*fn)(unsigned long steps),
		       unsigned long steps, u64 seed)
{
	sim_seed = seed;
	snprintf(sim_where, sizeof(sim_where), "%s", name);
	fn(steps);
	expect_no_leaks();
	printf("ok %u request.%s # %lu steps, seed %llu\n", ++nr_run, name,
	       steps, (unsigned long long)seed);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	unsigned long steps = 400000;
	u64 seed = 1;
	size_t i;
	int opt;

	while ((opt = getopt(argc, argv, "s:n:")) != -1) {
		if (opt == 's' && strtoull(optarg, NULL, 0)) {
			seed = strtoull(optarg, NULL, 0);
		} else if (opt == 'n') {
			steps = strtoul(optarg, NULL, 0);
		} else {
			fprintf(stderr, "usage: %s [-s SEED, not 0] [-n STEPS]\n",
				argv[0]);
			return 2;
		}
	}
	sim_alloc_fails_in = 1;
	CHECK_EQ(vmop_request_init(), -ENOMEM);
	CHECK_EQ(vmop_request_init(), 0);
	printf("TAP version 13\n1..%zu\n", ARRAY_SIZE(cases) + 2);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(sim_where, sizeof(sim_where), "%s", cases[i].name);
		cases[i].fn();
		expect_no_leaks();
		printf("ok %u request.%s\n", ++nr_run, cases[i].name);
		fflush(stdout);
	}
	run_random("model", run_model, steps, seed);
	run_random("races", run_races, steps, seed);
	vmop_request_exit();
	CHECK_EQ(sim_nr_live("kmem_cache"), 0);
	return 0;
}
