/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results for people and as JSON by the same calls, messages, progress.
 */
#ifndef VMOCTL_OUT_H
#define VMOCTL_OUT_H

#include <stdarg.h>
#include <stdio.h>

#include "vmoctl.h"

/* Name of the verb that runs, for messages. */
extern const char *out_verb;

/* Where results go: standard output, which exec leaves to its command. */
extern FILE *out_stream;

/* A bit and what it is called. */
struct out_bit {
	__u64 bit;
	const char *name;
};

/*
 * A set of results. Keys are those of the JSON object; a table for people
 * shows them with spaces for underscores.
 */
struct out;

struct out *out_new(bool json);
void out_text(struct out *o, const char *key, const char *text);
void out_number(struct out *o, const char *key, __u64 value);
void out_bytes(struct out *o, const char *key, __u64 value);
void out_bool(struct out *o, const char *key, bool value);
void out_null(struct out *o, const char *key);

/* Names of the bits that are set; names ends with a NULL name. */
void out_bits(struct out *o, const char *key, __u64 value,
	      const struct out_bit *names);

/*
 * Samples by time: element n of buckets counts those of at least 2^n and less
 * than 2^(n+1) nanoseconds. People see bars.
 */
void out_histogram(struct out *o, const char *key, const __u64 *buckets,
		   unsigned int count, __u64 total_ns);

/* Prints the set and frees it. Return: STATUS_OK or STATUS_ERROR. */
int out_end(struct out *o);

/* A line about a request that was answered; whole, from any thread. */
void out_request(bool json, const struct vmop_port_record *req, int err,
		 __u64 nsec);

/* All print "vmoctl: VERB: message" and return an exit status. */
int usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int plain_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* err is a negative errno of the system: its text is appended. */
int system_error(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* err comes from a VMO or pager; STATUS_PAGER when the pager is to blame. */
int vmo_error(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Good news. */
void notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * struct progress - a bar on a terminal, else a line every tenth
 * @total: bytes to do
 * @shown: hundredths or tenths shown last
 * @started: CLOCK_MONOTONIC in nanoseconds
 * @tty: draw a bar
 * @on: show anything
 */
struct progress {
	__u64 total;
	int shown;
	__u64 started;
	bool tty;
	bool on;
};

/* With quiet nothing is shown on a terminal unless it was asked for. */
void progress_start(struct progress *p, const struct args *a, __u64 total);
void progress_at(struct progress *p, __u64 done);
void progress_end(struct progress *p);

__u64 now_nsec(void);

#endif /* VMOCTL_OUT_H */
