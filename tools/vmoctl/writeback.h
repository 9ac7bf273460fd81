/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Writing the changes of a VMO back to its file: a thread that flushes, when
 * it is time or when it is asked, and with --wal one that grants changes.
 */
#ifndef VMOCTL_WRITEBACK_H
#define VMOCTL_WRITEBACK_H

#include "vmoctl.h"

struct file_pager;
struct grants;
struct writeback;

/*
 * writeback_new - make what writes the changes of fp->vmo to fp->fd
 * @a: options
 * @fp: its VMO is made, its threads do not run
 * @in_loop: the loop's handle of the VMO
 *
 * Return: STATUS_OK with fp->wb set, or another status after a message.
 */
int writeback_new(const struct args *a, struct file_pager *fp,
		  const struct vmop_vmo *in_loop);

/* Starts its threads. Return: a status after a message. */
int writeback_start(struct writeback *wb);

/* A WRITEBACK record, answered when a flush has ended. Any thread. */
int writeback_request(struct writeback *wb, const struct vmop_port_record *req);

/*
 * writeback_ask - flush as soon as possible. Any thread.
 *
 * Return: a number for writeback_answer().
 */
__u64 writeback_ask(struct writeback *wb);

/* Has the flush that was asked for ended? With *err as its result then. */
bool writeback_answer(struct writeback *wb, __u64 number, int *err);

/* Polls readable when a flush has ended; writeback_seen() resets that. */
int writeback_fd(const struct writeback *wb);
void writeback_seen(struct writeback *wb);

/*
 * writeback_stop - end the threads, flush what is left, answer who waits
 *
 * The threads of the loop must still run. Return: STATUS_OK, or another status
 * after a message when something could not be written.
 */
int writeback_stop(struct writeback *wb);

/* The flusher, for those who grant and supply. */
struct vmop_flusher *writeback_flusher(struct writeback *wb);

/* For the results at the end. */
void writeback_stats(struct writeback *wb, struct vmop_flush_stats *stats);

void writeback_free(struct writeback *wb);

/*
 * grants_new - make what agrees to changes after their pages are in the log
 *
 * Return: STATUS_OK with *out set, or another status after a message.
 */
int grants_new(struct file_pager *fp, struct grants **out);
int grants_start(struct grants *g);

/* A DIRTY record, granted later. Any thread. Return: 0 or a negative errno. */
int grants_request(struct grants *g, const struct vmop_port_record *req);

/* Answers what is queued, then ends the thread. */
void grants_stop(struct grants *g);
void grants_free(struct grants *g);

#endif /* VMOCTL_WRITEBACK_H */
