// SPDX-License-Identifier: GPL-2.0
/*
 * Agreeing to changes: with --wal a page may change only after what the file
 * has in its place is in the log and on the disk. A thread of its own does
 * that, so that the threads that supply never wait for a disk that writes; and
 * all requests that came while the disk was busy share the next fdatasync().
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "file_pager.h"
#include "out.h"
#include "wal.h"
#include "writeback.h"

/* Most requests that share one fdatasync(). */
#define GROUP 256

/**
 * struct waiting - a request that is not answered yet
 * @rec: its record
 * @nsec: when it came
 */
struct waiting {
	struct vmop_port_record rec;
	__u64 nsec;
};

/**
 * struct grants - the queue and its thread
 * @fp: the pager
 * @thread: answers
 * @started: it runs
 * @lock: guards the rest
 * @wake: something was queued, or stop
 * @queue: requests, oldest first
 * @count: how many
 * @room: how many there is memory for
 * @stop: end when the queue is empty
 * @last_error: of the log, so that it is told once
 */
struct grants {
	struct file_pager *fp;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct waiting *queue;
	size_t count;
	size_t room;
	bool stop;
	int last_error;
};

int grants_new(struct file_pager *fp, struct grants **out)
{
	struct grants *g = calloc(1, sizeof(*g));

	if (!g)
		return plain_error("no memory");
	g->fp = fp;
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->wake, NULL);
	*out = g;
	return STATUS_OK;
}

int grants_request(struct grants *g, const struct vmop_port_record *req)
{
	struct waiting *queue;
	size_t room;
	int ret = 0;

	pthread_mutex_lock(&g->lock);
	if (g->count == g->room) {
		room = g->room ? 2 * g->room : 64;
		queue = reallocarray(g->queue, room, sizeof(*queue));
		if (queue) {
			g->queue = queue;
			g->room = room;
		} else {
			ret = -ENOMEM;
		}
	}
	if (!ret) {
		g->queue[g->count].rec = *req;
		g->queue[g->count++].nsec = now_nsec();
		pthread_cond_signal(&g->wake);
	}
	pthread_mutex_unlock(&g->lock);
	return ret;
}

static void tell_error(struct grants *g, int err)
{
	if (err && err != g->last_error)
		warning("cannot write the log '%s': %s: changes fail until it can",
			g->fp->wal->path, strerror(-err));
	else if (!err && g->last_error)
		warning("the log '%s' is written again", g->fp->wal->path);
	g->last_error = err;
}

static void answer(struct grants *g, const struct waiting *w, int err)
{
	struct file_pager *fp = g->fp;

	/* After an error of this the thread that waits looks again. */
	if (err)
		vmop_pager_fail_id(fp->pager, fp->vmo, w->rec.id,
				   vmop_fail_errno(err));
	else
		vmop_flusher_grant(writeback_flusher(fp->wb), w->rec.offset,
				   w->rec.length);
	if (fp->verbose)
		out_request(fp->json, &w->rec, err, now_nsec() - w->nsec);
}

static void answer_group(struct grants *g, const struct waiting *group,
			 size_t count)
{
	struct wal_range ranges[GROUP];
	size_t i;
	int err;

	for (i = 0; i < count; i++)
		ranges[i] = (struct wal_range){ group[i].rec.offset,
						group[i].rec.length };
	err = wal_protect(g->fp->wal, ranges, count);
	tell_error(g, err);
	for (i = 0; i < count; i++)
		answer(g, &group[i], err);
}

static void *grants_main(void *arg)
{
	struct grants *g = arg;
	struct waiting group[GROUP];
	size_t count;

	pthread_mutex_lock(&g->lock);
	for (;;) {
		while (!g->count && !g->stop)
			pthread_cond_wait(&g->wake, &g->lock);
		if (!g->count)
			break;
		count = g->count < GROUP ? g->count : GROUP;
		memcpy(group, g->queue, count * sizeof(*group));
		g->count -= count;
		memmove(g->queue, g->queue + count, g->count * sizeof(*group));
		pthread_mutex_unlock(&g->lock);
		answer_group(g, group, count);
		pthread_mutex_lock(&g->lock);
	}
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

int grants_start(struct grants *g)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&g->thread, NULL, grants_main, g);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return system_error(-ret, "cannot start a thread");
	g->started = true;
	return STATUS_OK;
}

void grants_stop(struct grants *g)
{
	if (!g->started)
		return;
	pthread_mutex_lock(&g->lock);
	g->stop = true;
	pthread_cond_signal(&g->wake);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	g->started = false;
}

void grants_free(struct grants *g)
{
	if (!g)
		return;
	grants_stop(g);
	pthread_mutex_destroy(&g->lock);
	pthread_cond_destroy(&g->wake);
	free(g->queue);
	free(g);
}
