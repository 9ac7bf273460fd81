/* SPDX-License-Identifier: GPL-2.0 */
/*
 * request_test.h - the parts of the test of requests and ports.
 */
#ifndef REQUEST_TEST_H
#define REQUEST_TEST_H

/* request_cases.c: who asks, who wakes. */
void case_overlap_commit(void);
void case_dirty_requests_overlap(void);
void case_overlap_table(void);
void case_fail_overlapping_range(void);
void case_partial_fail_dirty_requests(void);
void case_fail_by_own_start(void);
void case_supply_after_fail(void);
void case_early_supply(void);
void case_concurrent_overlapping_access(void);
void case_resize_commit(void);
void case_counted_not_remembered(void);
void case_evict_after_dirty_request(void);
void case_kinds_are_separate(void);
void case_empty_ranges(void);
void case_cancel_with_others(void);
void case_cancel_last(void);
void case_suspend_read(void);
void case_answer_before_signal(void);
void case_fail_by_id(void);
void case_deadline_fail(void);
void case_deadline_warn(void);
void case_cancel_without_wait(void);
void case_out_of_memory(void);
void case_counters(void);

/* request_writeback_cases.c: who waits for dirty content to be written back. */
void case_writeback_overlap(void);
void case_writeback_joins_unread(void);
void case_writeback_does_not_join_read(void);
void case_room_joins_any(void);
void case_writeback_kinds_are_separate(void);
void case_room_counts_each_time(void);
void case_writeback_answered_by_id(void);
void case_answer_id_of_other_kinds(void);
void case_writeback_fail(void);
void case_writeback_detached(void);
void case_writeback_pager_or_port_gone(void);
void case_writeback_detached_then_pager_gone(void);
void case_writeback_at_closing_port(void);
void case_writeback_not_taken(void);
void case_writeback_out_of_memory(void);
void case_writeback_cancel(void);
void case_writeback_withdrawn(void);

/* request_clean_cases.c: which pages a wait for clean content is about. */
void case_writeback_counts_once(void);
void case_writeback_not_in_the_set(void);
void case_writeback_joiner_adds(void);
void case_writeback_joiner_adds_again(void);
void case_writeback_long_sets(void);
void case_writeback_partly_failed(void);

/* request_port_cases.c: the file, the end of a source. */
void case_round_robin(void);
void case_buffer_sizes(void);
void case_efault_puts_back(void);
void case_efault_of_two_readers(void);
void case_efault_after_the_end(void);
void case_readers_wake_one_by_one(void);
void case_killed_reader(void);
void case_signalled_reader(void);
void case_detach(void);
void case_detach_and_vmo_gone(void);
void case_vmo_gone(void);
void case_pager_close(void);
void case_detach_then_pager_close(void);
void case_pager_close_after_vmo_gone(void);
void case_port_close(void);
void case_request_at_closing_port(void);
void case_port_close_keeps_detached(void);
void case_ends_in_every_order(void);

/* request_model_steps.c: @steps random steps against a model that predicts all. */
void run_model(unsigned long steps);

/* request_race.c: @steps random switches between threads inside the code. */
void run_races(unsigned long steps);

#endif /* REQUEST_TEST_H */
