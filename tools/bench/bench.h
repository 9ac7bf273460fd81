/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmarks share: time, ioctls that must succeed, and rows.
 *
 * Only ratios are told, of arms that ran in one process, one after the other in
 * every repetition. A row goes to stdout as a line of a table, and as a line of
 * JSON that starts with BENCH_JSON, for run-bench to collect.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/vmopager.h>

#define BENCH_JSON "bench-json: "
#define BENCH_MIN_REPS 7
#define BENCH_MAX_REPS 101

/* One row: two arms of the same work. */
struct bench_row {
	const char *bench;
	const char *name;
	const char *arms[2];		/* what the ratio is of: second by first */
	double limit;			/* the ratio must stay below; 0: none */
	unsigned int nr_reps;
	__u64 ns[2][BENCH_MAX_REPS];
};

__u64 bench_now_ns(void);
/* Says what is wrong and ends the program. */
void bench_die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));
/* An ioctl that must succeed. */
void bench_ioctl(int fd, unsigned long cmd, void *arg, const char *what);
/* Bytes that programs can have, by /proc/meminfo. */
__u64 bench_mem_available(void);
/* Which machine this is; prints it, too. */
void bench_begin(const char *bench);
/* Prints a row. False when the ratio is over its limit. */
bool bench_print_row(const struct bench_row *row);

#endif /* BENCH_H */
