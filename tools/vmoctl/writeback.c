// SPDX-License-Identifier: GPL-2.0
/*
 * Writing the changes of a VMO back to its file.
 *
 * The library's flusher does the protocol; here is where content goes, and
 * when: a thread flushes after --flush-ms, when --flush-bytes are dirty, on a
 * WRITEBACK record (fsync, or a writer over its limit), and when it is asked,
 * as after the last user has left. writeback_stop() does it a last time.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file_io.h"
#include "file_pager.h"
#include "out.h"
#include "wal.h"
#include "writeback.h"

/* How often --flush-bytes is looked at. */
#define LOOK_NSEC 100000000ull
/* After an error only fsync() and the like try again before this is over. */
#define RETRY_NSEC 1000000000ull
#define NEVER (~0ull)

/**
 * struct writeback - the flusher and its thread
 * @fp: the pager
 * @flusher: the library's
 * @size: size that the file is to have, told by the flusher
 * @interval: nanoseconds between flushes, NEVER for none
 * @threshold: dirty bytes that make a flush, 0 for none
 * @thread: flushes
 * @started: it runs
 * @event: eventfd: a flush has ended
 * @last_error: of the newest flush, so that it is told once
 * @lock: guards the rest
 * @wake: there is something to do
 * @queue: WRITEBACK records that wait for the next flush
 * @count: how many
 * @room: how many there is memory for
 * @asked: newest number that writeback_ask() gave
 * @done: newest number that was flushed
 * @result: of that flush
 * @stop: end
 * @ended: nobody flushes any more
 */
struct writeback {
	struct file_pager *fp;
	struct vmop_flusher *flusher;
	__u64 size;
	__u64 interval;
	__u64 threshold;
	pthread_t thread;
	bool started;
	int event;
	int last_error;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct vmop_port_record *queue;
	size_t count;
	size_t room;
	__u64 asked;
	__u64 done;
	int result;
	bool stop;
	bool ended;
};

/* With --wal what the file has there is saved before it is overwritten. */
static int protect(struct file_pager *fp, __u64 offset, __u64 length)
{
	const struct wal_range range = { offset, length };

	return fp->wal ? wal_protect(fp->wal, &range, 1) : 0;
}

static int on_write(void *ctx, const void *data, __u64 offset, size_t length)
{
	struct writeback *wb = ctx;
	int ret;

	ret = protect(wb->fp, offset, length);
	return ret ? ret : file_write(wb->fp->fd, data, length, offset);
}

static int on_zero(void *ctx, __u64 offset, __u64 length)
{
	struct writeback *wb = ctx;
	int ret;

	ret = protect(wb->fp, offset, length);
	return ret ? ret : file_zero(wb->fp->fd, offset, length);
}

/* Those who supply compare with fp->size, so it changes with the file. */
static int set_size(struct file_pager *fp, __u64 size)
{
	int ret = 0;

	pthread_rwlock_wrlock(&fp->resize);
	if (ftruncate(fp->fd, (off_t)size))
		ret = -errno;
	else
		fp->size = size;
	pthread_rwlock_unlock(&fp->resize);
	return ret;
}

static int on_truncate(void *ctx, __u64 size)
{
	struct writeback *wb = ctx;
	struct file_pager *fp = wb->fp;
	struct stat st;
	int ret;

	wb->size = size;
	if (!fp->regular)
		return size == fp->size ? 0 : -EFBIG;
	if (fstat(fp->fd, &st))
		return -errno;
	if ((__u64)st.st_size == size && fp->size == size)
		return 0;
	/* With a log the file is cut by the checkpoint, see wal_checkpoint(). */
	if (fp->wal && (__u64)st.st_size > size)
		return 0;
	ret = protect(fp, 0, 0);
	return ret ? ret : set_size(fp, size);
}

static int on_sync(void *ctx)
{
	struct writeback *wb = ctx;
	struct file_pager *fp = wb->fp;
	int ret;

	if (fdatasync(fp->fd))
		return -errno;
	if (!fp->wal)
		return 0;
	pthread_rwlock_wrlock(&fp->resize);
	ret = wal_checkpoint(fp->wal, wb->size);
	if (!ret)
		fp->size = wb->size;
	pthread_rwlock_unlock(&fp->resize);
	return ret;
}

static void tell_error(struct writeback *wb, int err)
{
	const struct file_pager *fp = wb->fp;

	if (err && err != wb->last_error)
		warning("cannot write back to '%s': %s: changes stay dirty; trying again",
			fp->path, strerror(-err));
	else if (!err && wb->last_error)
		warning("'%s' is written back to again", fp->path);
	wb->last_error = err;
}

static void answer(struct writeback *wb, const struct vmop_port_record *rec,
		   size_t count, int err, __u64 nsec)
{
	struct file_pager *fp = wb->fp;
	size_t i;

	for (i = 0; i < count; i++) {
		vmop_pager_writeback_done(fp->pager, fp->vmo, rec[i].id, err);
		if (fp->verbose)
			out_request(fp->json, &rec[i], err, nsec);
	}
}

/* One flush for all who wait. Called and returns with the lock held. */
static int flush(struct writeback *wb)
{
	struct vmop_port_record *recs = wb->queue;
	size_t count = wb->count;
	__u64 number = wb->asked, nsec = now_nsec();
	const __u64 one = 1;
	ssize_t n;
	int ret;

	wb->queue = NULL;
	wb->count = 0;
	wb->room = 0;
	pthread_mutex_unlock(&wb->lock);
	ret = vmop_flusher_run(wb->flusher);
	tell_error(wb, ret);
	answer(wb, recs, count, ret, now_nsec() - nsec);
	free(recs);
	pthread_mutex_lock(&wb->lock);
	wb->done = number;
	wb->result = ret;
	/* Fails only when it is readable anyway. */
	n = write(wb->event, &one, sizeof(one));
	(void)n;
	return ret;
}

static bool much_dirty(struct writeback *wb)
{
	struct vmop_query_stats st = { .size = sizeof(st) };

	return !vmop_pager_query_stats(wb->fp->pager, wb->fp->vmo, 0, &st) &&
	       st.out_dirty >= wb->threshold;
}

/* Waits until it is woken or @until has come. */
static void wait_until(struct writeback *wb, __u64 until)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(until / 1000000000ull),
		.tv_nsec = (long)(until % 1000000000ull),
	};

	if (until == NEVER)
		pthread_cond_wait(&wb->wake, &wb->lock);
	else
		pthread_cond_timedwait(&wb->wake, &wb->lock, &ts);
}

static void *writeback_main(void *arg)
{
	struct writeback *wb = arg;
	__u64 next, look, rest = 0;

	pthread_mutex_lock(&wb->lock);
	next = wb->interval == NEVER ? NEVER : now_nsec() + wb->interval;
	while (!wb->stop) {
		if (!wb->count && wb->asked == wb->done && now_nsec() < next) {
			look = wb->threshold ? now_nsec() + LOOK_NSEC : NEVER;
			wait_until(wb, look < next ? look : next);
			if (wb->stop || wb->count || wb->asked != wb->done)
				continue;
			if (now_nsec() < next &&
			    !(wb->threshold && now_nsec() >= rest &&
			      much_dirty(wb)))
				continue;
		}
		rest = flush(wb) ? now_nsec() + RETRY_NSEC : 0;
		if (wb->interval != NEVER)
			next = now_nsec() + wb->interval;
	}
	pthread_mutex_unlock(&wb->lock);
	return NULL;
}

static int make_flusher(struct writeback *wb, const struct vmop_vmo *in_loop)
{
	struct file_pager *fp = wb->fp;
	const struct vmop_flush_ops ops = {
		.sz = sizeof(ops),
		/* A checkpoint is a whole flush. */
		.flags = fp->wal ? VMOP_FLUSH_ATOMIC : 0,
		.write = on_write,
		.zero = on_zero,
		.truncate = on_truncate,
		.sync = on_sync,
	};
	int ret;

	ret = vmop_flusher_new(fp->pager, fp->vmo, &ops, wb, &wb->flusher);
	if (!ret)
		ret = vmop_loop_set_flusher(fp->loop, in_loop, wb->flusher);
	return ret ? system_error(ret, "cannot prepare to write back") :
		     STATUS_OK;
}

int writeback_new(const struct args *a, struct file_pager *fp,
		  const struct vmop_vmo *in_loop)
{
	struct writeback *wb = calloc(1, sizeof(*wb));
	pthread_condattr_t attr;

	if (!wb)
		return plain_error("no memory");
	fp->wb = wb;
	wb->fp = fp;
	wb->interval = a->flush_ms ? a->flush_ms * 1000000ull : NEVER;
	wb->threshold = a->flush_bytes;
	pthread_mutex_init(&wb->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&wb->wake, &attr);
	pthread_condattr_destroy(&attr);
	wb->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wb->event < 0)
		return system_error(-errno, "cannot make an eventfd");
	return make_flusher(wb, in_loop);
}

int writeback_start(struct writeback *wb)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&wb->thread, NULL, writeback_main, wb);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret)
		return system_error(-ret, "cannot start a thread");
	wb->started = true;
	return STATUS_OK;
}

int writeback_request(struct writeback *wb, const struct vmop_port_record *req)
{
	struct vmop_port_record *queue;
	int ret = 0;

	pthread_mutex_lock(&wb->lock);
	if (wb->ended) {
		ret = -ENOTCONN;
	} else if (wb->count == wb->room) {
		queue = reallocarray(wb->queue, wb->room + 64, sizeof(*queue));
		if (queue) {
			wb->queue = queue;
			wb->room += 64;
		} else {
			ret = -ENOMEM;
		}
	}
	if (!ret) {
		wb->queue[wb->count++] = *req;
		pthread_cond_signal(&wb->wake);
	}
	pthread_mutex_unlock(&wb->lock);
	return ret;
}

__u64 writeback_ask(struct writeback *wb)
{
	__u64 number;

	pthread_mutex_lock(&wb->lock);
	number = ++wb->asked;
	pthread_cond_signal(&wb->wake);
	pthread_mutex_unlock(&wb->lock);
	return number;
}

bool writeback_answer(struct writeback *wb, __u64 number, int *err)
{
	bool done;

	pthread_mutex_lock(&wb->lock);
	done = wb->done >= number;
	*err = wb->result;
	pthread_mutex_unlock(&wb->lock);
	return done;
}

int writeback_fd(const struct writeback *wb)
{
	return wb->event;
}

void writeback_seen(struct writeback *wb)
{
	__u64 count;
	ssize_t n = read(wb->event, &count, sizeof(count));

	(void)n;
}

struct vmop_flusher *writeback_flusher(struct writeback *wb)
{
	return wb->flusher;
}

void writeback_stats(struct writeback *wb, struct vmop_flush_stats *stats)
{
	stats->sz = sizeof(*stats);
	vmop_flusher_stats_get(wb->flusher, stats);
}

int writeback_stop(struct writeback *wb)
{
	struct vmop_query_stats st = { .size = sizeof(st) };
	struct file_pager *fp = wb->fp;
	int ret;

	if (!wb->started)
		return STATUS_OK;
	pthread_mutex_lock(&wb->lock);
	wb->stop = true;
	pthread_cond_signal(&wb->wake);
	pthread_mutex_unlock(&wb->lock);
	pthread_join(wb->thread, NULL);
	wb->started = false;
	pthread_mutex_lock(&wb->lock);
	wb->last_error = 0;
	ret = flush(wb);
	wb->ended = true;
	answer(wb, wb->queue, wb->count, -ENOTCONN, 0);
	wb->count = 0;
	pthread_mutex_unlock(&wb->lock);
	if (!ret)
		return STATUS_OK;
	vmop_pager_query_stats(fp->pager, fp->vmo, 0, &st);
	if (fp->wal)
		return plain_error("'%s': changes since its checkpoint are lost; vmoctl recover",
				   fp->path);
	return plain_error("changes are lost: %llu bytes are not in '%s'",
			   st.out_dirty, fp->path);
}

void writeback_free(struct writeback *wb)
{
	if (!wb)
		return;
	vmop_flusher_free(wb->flusher);
	if (wb->event >= 0)
		close(wb->event);
	pthread_mutex_destroy(&wb->lock);
	pthread_cond_destroy(&wb->wake);
	free(wb->queue);
	free(wb);
}
