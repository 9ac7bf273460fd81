// SPDX-License-Identifier: GPL-2.0
/*
 * The ready-made pager: threads that read one port and call the handlers of
 * its VMOs.
 *
 * loop->lock guards the table of VMOs and the reference counts in it. It is
 * never held over a handler or a command of the module, except the one that
 * makes a VMO: no record of it may be read before it is in the table.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define MAX_BATCH 64
#define DEFAULT_BATCH 16

/**
 * struct entry - a VMO of a loop
 * @vmo: its handle, closed with the entry
 * @handler: what to do
 * @ctx: for the handler
 * @flusher: the caller's, or NULL
 * @key: of its records; grows from entry to entry
 * @refs: one of the table, one of each thread that works on it
 */
struct entry {
	struct vmop_vmo *vmo;
	struct vmop_handler handler;
	void *ctx;
	struct vmop_flusher *_Atomic flusher;
	__u64 key;
	unsigned int refs;
};

struct worker {
	struct vmop_loop *loop;
	pthread_t thread;
	void *local;
	unsigned int index;
};

/**
 * struct vmop_loop - a pager with threads
 * @pager: the caller's
 * @port: where all requests come
 * @opts: as given, defaults filled in
 * @lock: guards entries, count, room, last_key and all refs
 * @entries: sorted by key
 * @count: entries there are
 * @room: entries there is memory for
 * @last_key: newest key
 * @workers: one per thread, from start to join
 * @stop_fd: eventfd that tells the threads to end; never reset
 * @done_fd: eventfd that the last thread sets
 * @running: threads that have not ended
 * @started: threads were started and not joined yet
 * @used: was started once
 * @error: first error that ended a thread
 * @errmsg: what that thread's vmop_errmsg() was; to be read when all have ended
 */
struct vmop_loop {
	struct vmop_pager *pager;
	struct vmop_port *port;
	struct vmop_loop_opts opts;
	pthread_mutex_t lock;
	struct entry **entries;
	size_t count;
	size_t room;
	__u64 last_key;
	struct worker *workers;
	int stop_fd;
	int done_fd;
	atomic_uint running;
	bool started;
	bool used;
	atomic_int error;
	char errmsg[VMOP_ERRMSG_LEN];
	atomic_ullong requests;
	atomic_ullong requested_bytes;
	atomic_ullong failed;
	atomic_ullong reissued;
	atomic_ullong completed;
	atomic_ullong unknown;
	atomic_ullong busy_nsec;
	atomic_ullong max_nsec;
	atomic_ullong dirty_requests;
	atomic_ullong writeback_requests;
};

static __u64 now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000ull + (__u64)ts.tv_nsec;
}

/* Position of the entry with this key, or where it would be. */
static size_t entry_find(const struct vmop_loop *loop, __u64 key)
{
	size_t lo = 0, hi = loop->count, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (loop->entries[mid]->key < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* With @remove the table's reference becomes the caller's. */
static struct entry *entry_get(struct vmop_loop *loop, __u64 key, bool remove)
{
	struct entry *e = NULL;
	size_t i;

	pthread_mutex_lock(&loop->lock);
	i = entry_find(loop, key);
	if (i < loop->count && loop->entries[i]->key == key) {
		e = loop->entries[i];
		if (remove) {
			loop->count--;
			memmove(&loop->entries[i], &loop->entries[i + 1],
				(loop->count - i) * sizeof(e));
		} else {
			e->refs++;
		}
	}
	pthread_mutex_unlock(&loop->lock);
	return e;
}

static void entry_put(struct vmop_loop *loop, struct entry *e)
{
	unsigned int left;

	pthread_mutex_lock(&loop->lock);
	left = --e->refs;
	pthread_mutex_unlock(&loop->lock);
	if (left)
		return;
	atomic_fetch_add(&loop->completed, 1);
	if (e->handler.complete)
		e->handler.complete(e->ctx, e->vmo);
	vmop_vmo_close(e->vmo);
	free(e);
}

static void count_time(struct vmop_loop *loop, __u64 nsec)
{
	unsigned long long max = atomic_load(&loop->max_nsec);

	atomic_fetch_add(&loop->busy_nsec, nsec);
	while (nsec > max &&
	       !atomic_compare_exchange_weak(&loop->max_nsec, &max, nsec))
		;
}

static int serve_read(struct vmop_loop *loop, struct entry *e, void *local,
		      const struct vmop_port_record *req)
{
	struct vmop_flusher *f = atomic_load(&e->flusher);
	__u64 nsec = now_nsec();
	int ret;

	if (f)
		vmop_flusher_supply_lock(f);
	ret = e->handler.read(e->ctx, local, e->vmo, req);
	if (f)
		vmop_flusher_supply_unlock(f);
	count_time(loop, now_nsec() - nsec);
	atomic_fetch_add(&loop->requested_bytes, req->length);
	atomic_fetch_add(&loop->requests, 1);
	return ret;
}

static int serve_dirty(struct vmop_loop *loop, struct entry *e, void *local,
		       const struct vmop_port_record *req)
{
	struct vmop_flusher *f = atomic_load(&e->flusher);
	int ret;

	atomic_fetch_add(&loop->dirty_requests, 1);
	if (e->handler.dirty)
		return e->handler.dirty(e->ctx, local, e->vmo, req);
	if (f)
		ret = vmop_flusher_grant(f, req->offset, req->length);
	else
		ret = vmop_pager_dirty(loop->pager, e->vmo, req->offset,
				       req->length);
	/* After any other error those who wait look again. */
	return ret == -EINVAL || ret == -EOPNOTSUPP ? ret : 0;
}

static int serve_writeback(struct vmop_loop *loop, struct entry *e,
			   void *local, const struct vmop_port_record *req)
{
	struct vmop_flusher *f = atomic_load(&e->flusher);
	int ret;

	atomic_fetch_add(&loop->writeback_requests, 1);
	if (e->handler.writeback)
		return e->handler.writeback(e->ctx, local, e->vmo, req);
	if (!f)
		return -EIO;
	ret = vmop_flusher_run(f);
	if (!ret)
		vmop_pager_writeback_done(loop->pager, e->vmo, req->id, 0);
	return ret;
}

static void serve(struct worker *w, struct entry *e,
		  const struct vmop_port_record *req)
{
	struct vmop_loop *loop = w->loop;
	__u64 nsec = now_nsec();
	int ret = -EIO;

	switch (req->type) {
	case VMOP_RECORD_READ:
		ret = serve_read(loop, e, w->local, req);
		break;
	case VMOP_RECORD_DIRTY:
		ret = serve_dirty(loop, e, w->local, req);
		break;
	case VMOP_RECORD_WRITEBACK:
		ret = serve_writeback(loop, e, w->local, req);
		break;
	default:
		/* Never asked for; whoever waits must not wait for ever. */
		vmop_pager_fail_id(loop->pager, e->vmo, req->id, EIO);
		atomic_fetch_add(&loop->unknown, 1);
		return;
	}
	if (ret) {
		vmop_pager_fail_id(loop->pager, e->vmo, req->id,
				   vmop_fail_errno(ret));
		atomic_fetch_add(&loop->failed, 1);
	}
	if (req->flags & VMOP_RECORD_REISSUED)
		atomic_fetch_add(&loop->reissued, 1);
	if (e->handler.done)
		e->handler.done(e->ctx, e->vmo, req, ret, now_nsec() - nsec);
}

static void handle(struct worker *w, const struct vmop_port_record *req)
{
	struct vmop_loop *loop = w->loop;
	struct entry *e;

	e = entry_get(loop, req->key, req->type == VMOP_RECORD_COMPLETE);
	if (!e) {
		atomic_fetch_add(&loop->unknown, 1);
		return;
	}
	if (req->type != VMOP_RECORD_COMPLETE)
		serve(w, e, req);
	entry_put(loop, e);
}

/* Return: 1 to go on, 0 when the loop ends, or a negative errno. */
static int worker_turn(struct worker *w)
{
	struct vmop_loop *loop = w->loop;
	struct vmop_port_record recs[MAX_BATCH];
	struct pollfd fds[2] = {
		{ .fd = loop->stop_fd, .events = POLLIN },
		{ .fd = loop->port->fd, .events = POLLIN },
	};
	size_t count, i;
	int ret;

	if (poll(fds, 2, -1) < 0)
		return errno == EINTR ? 1 :
		       vmop_fail(-errno, NULL, "wait for records of a port");
	if (fds[0].revents)
		return 0;
	ret = vmop_port_read(loop->port, recs, loop->opts.batch, &count);
	if (ret == -EAGAIN || ret == -EINTR)
		return 1;
	if (ret)
		return ret;
	for (i = 0; i < count; i++)
		handle(w, &recs[i]);
	return count ? 1 : 0;
}

static void set_event(int fd)
{
	const __u64 one = 1;
	/* Fails only when the counter is full, and then it is set anyway. */
	ssize_t n = write(fd, &one, sizeof(one));

	(void)n;
}

static void worker_end(struct worker *w, int ret)
{
	struct vmop_loop *loop = w->loop;
	int none = 0;

	if (ret && atomic_compare_exchange_strong(&loop->error, &none, ret))
		snprintf(loop->errmsg, sizeof(loop->errmsg), "%s",
			 vmop_errmsg());
	if (loop->opts.thread_stop)
		loop->opts.thread_stop(loop->opts.ctx, w->index, w->local);
	/* One that ended by an error takes the others along. */
	set_event(loop->stop_fd);
	if (atomic_fetch_sub(&loop->running, 1) == 1)
		set_event(loop->done_fd);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	int ret;

	do {
		ret = worker_turn(w);
	} while (ret > 0);
	worker_end(w, ret);
	return NULL;
}

int vmop_loop_new(struct vmop_pager *pager, const struct vmop_loop_opts *opts,
		  struct vmop_loop **out)
{
	VMOP_OPTS(vmop_port_opts, port);
	struct vmop_loop *loop;
	int ret;

	loop = calloc(1, sizeof(*loop));
	if (!loop)
		return vmop_fail(-ENOMEM, NULL, "make a loop");
	loop->stop_fd = -1;
	loop->done_fd = -1;
	loop->pager = pager;
	pthread_mutex_init(&loop->lock, NULL);
	ret = vmop_opts_get(vmop_loop_opts, &loop->opts, opts);
	if (!ret && loop->opts.__reserved)
		ret = vmop_fail(-EINVAL, "leave __reserved 0",
				"struct vmop_loop_opts");
	if (ret)
		goto fail;
	if (!loop->opts.threads)
		loop->opts.threads = 1;
	if (!loop->opts.batch)
		loop->opts.batch = loop->opts.threads > 1 ? 1 : DEFAULT_BATCH;
	if (loop->opts.batch > MAX_BATCH)
		loop->opts.batch = MAX_BATCH;
	loop->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	loop->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->stop_fd < 0 || loop->done_fd < 0) {
		ret = vmop_fail(-errno, NULL, "make a loop");
		goto fail;
	}
	port.flags = loop->opts.port_flags;
	ret = vmop_port_new(pager, &port, &loop->port);
	if (!ret)
		ret = vmop_port_set_nonblock(loop->port, 1);
	if (ret)
		goto fail;
	*out = loop;
	return 0;
fail:
	vmop_loop_free(loop);
	return ret;
}

static int entry_room(struct vmop_loop *loop)
{
	size_t room = loop->room ? 2 * loop->room : 8;
	struct entry **entries;

	if (loop->count < loop->room)
		return 0;
	entries = realloc(loop->entries, room * sizeof(*entries));
	if (!entries)
		return vmop_fail(-ENOMEM, NULL, "add a VMO to a loop");
	loop->entries = entries;
	loop->room = room;
	return 0;
}

int vmop_loop_add(struct vmop_loop *loop, __u64 length,
		  const struct vmop_vmo_opts *opts,
		  const struct vmop_handler *handler, void *ctx,
		  struct vmop_vmo **vmo)
{
	struct vmop_vmo_opts o;
	struct entry *e;
	int ret;

	e = calloc(1, sizeof(*e));
	if (!e)
		return vmop_fail(-ENOMEM, NULL, "add a VMO to a loop");
	ret = vmop_opts_get(vmop_vmo_opts, &o, opts);
	if (!ret)
		ret = vmop_opts_get(vmop_handler, &e->handler, handler);
	if (!ret && o.key)
		ret = vmop_fail(-EINVAL, "leave it 0, the loop chooses it",
				"struct vmop_vmo_opts: key");
	if (!ret && !e->handler.read)
		ret = vmop_fail(-EINVAL, "set it", "struct vmop_handler: read");
	if (ret) {
		free(e);
		return ret;
	}
	e->ctx = ctx;
	e->refs = 1;
	pthread_mutex_lock(&loop->lock);
	ret = entry_room(loop);
	if (!ret) {
		e->key = loop->last_key + 1;
		o.key = e->key;
		ret = vmop_vmo_new_paged(loop->pager, loop->port, length, &o,
					 &e->vmo);
	}
	if (!ret) {
		loop->last_key++;
		loop->entries[loop->count++] = e;
		*vmo = e->vmo;
	}
	pthread_mutex_unlock(&loop->lock);
	if (ret)
		free(e);
	return ret;
}

/* With a reference of its own, or NULL. */
static struct entry *entry_of(struct vmop_loop *loop,
			      const struct vmop_vmo *vmo)
{
	struct entry *e = NULL;
	size_t i;

	pthread_mutex_lock(&loop->lock);
	for (i = 0; i < loop->count && !e; i++)
		if (loop->entries[i]->vmo == vmo)
			e = loop->entries[i];
	if (e)
		e->refs++;
	pthread_mutex_unlock(&loop->lock);
	return e;
}

/* The handle may be gone, so it has no name here. */
static int not_mine(void)
{
	return vmop_fail(-ENOENT, "use the loop that it was added to",
			 "a VMO that this loop does not serve");
}

int vmop_loop_remove(struct vmop_loop *loop, struct vmop_vmo *vmo)
{
	struct entry *e = entry_of(loop, vmo);
	int ret;

	if (!e)
		return not_mine();
	ret = vmop_pager_detach(loop->pager, vmo);
	entry_put(loop, e);
	return ret;
}

int vmop_loop_set_flusher(struct vmop_loop *loop, const struct vmop_vmo *vmo,
			  struct vmop_flusher *f)
{
	struct entry *e = entry_of(loop, vmo);

	if (!e)
		return not_mine();
	atomic_store(&e->flusher, f);
	entry_put(loop, e);
	return 0;
}

/* Undoes thread_start() of workers that have no thread. */
static void workers_drop(struct vmop_loop *loop, unsigned int from,
			 unsigned int to)
{
	unsigned int i;

	for (i = from; i < to && loop->opts.thread_stop; i++)
		loop->opts.thread_stop(loop->opts.ctx, i,
				       loop->workers[i].local);
}

static int workers_prepare(struct vmop_loop *loop)
{
	unsigned int i;
	int ret;

	loop->workers = calloc(loop->opts.threads, sizeof(*loop->workers));
	if (!loop->workers)
		return vmop_fail(-ENOMEM, NULL, "start %u threads of a loop",
				 loop->opts.threads);
	for (i = 0; i < loop->opts.threads; i++) {
		loop->workers[i].loop = loop;
		loop->workers[i].index = i;
		if (!loop->opts.thread_start)
			continue;
		ret = loop->opts.thread_start(loop->opts.ctx, i,
					      &loop->workers[i].local);
		if (ret) {
			workers_drop(loop, 0, i);
			free(loop->workers);
			loop->workers = NULL;
			return ret;
		}
	}
	return 0;
}

static void workers_join(struct vmop_loop *loop, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		pthread_join(loop->workers[i].thread, NULL);
	free(loop->workers);
	loop->workers = NULL;
}

int vmop_loop_start(struct vmop_loop *loop)
{
	sigset_t all, old;
	unsigned int i;
	int ret;

	if (loop->used)
		return vmop_fail(-EALREADY, "make a new loop",
				 "start a loop");
	ret = workers_prepare(loop);
	if (ret)
		return ret;
	loop->used = true;
	atomic_store(&loop->running, loop->opts.threads);
	/* Signals are for the threads that the caller made. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	for (i = 0; i < loop->opts.threads && !ret; i++)
		ret = -pthread_create(&loop->workers[i].thread, NULL,
				      worker_main, &loop->workers[i]);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (!ret) {
		loop->started = true;
		return 0;
	}
	set_event(loop->stop_fd);
	workers_drop(loop, i - 1, loop->opts.threads);
	workers_join(loop, i - 1);
	return vmop_fail(ret, NULL, "start %u threads of a loop",
			 loop->opts.threads);
}

void vmop_loop_stop(struct vmop_loop *loop)
{
	int saved = errno;

	set_event(loop->stop_fd);
	errno = saved;
}

int vmop_loop_fd(const struct vmop_loop *loop)
{
	return loop->done_fd;
}

int vmop_loop_join(struct vmop_loop *loop)
{
	if (loop->started) {
		workers_join(loop, loop->opts.threads);
		loop->started = false;
	}
	if (atomic_load(&loop->error))
		vmop_errmsg_set(loop->errmsg);
	return atomic_load(&loop->error);
}

int vmop_loop_stats_get(struct vmop_loop *loop, struct vmop_loop_stats *stats)
{
	struct vmop_loop_stats s = {
		.requests = atomic_load(&loop->requests),
		.requested_bytes = atomic_load(&loop->requested_bytes),
		.failed = atomic_load(&loop->failed),
		.reissued = atomic_load(&loop->reissued),
		.completed = atomic_load(&loop->completed),
		.unknown = atomic_load(&loop->unknown),
		.busy_nsec = atomic_load(&loop->busy_nsec),
		.max_nsec = atomic_load(&loop->max_nsec),
		.dirty_requests = atomic_load(&loop->dirty_requests),
		.writeback_requests = atomic_load(&loop->writeback_requests),
	};

	return vmop_opts_put(vmop_loop_stats, stats, &s);
}

void vmop_loop_free(struct vmop_loop *loop)
{
	size_t i;

	if (!loop)
		return;
	if (loop->started)
		vmop_loop_stop(loop);
	vmop_loop_join(loop);
	vmop_port_close(loop->port);
	for (i = 0; i < loop->count; i++)
		entry_put(loop, loop->entries[i]);
	free(loop->entries);
	if (loop->stop_fd >= 0)
		close(loop->stop_fd);
	if (loop->done_fd >= 0)
		close(loop->done_fd);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}
