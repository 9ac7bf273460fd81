// SPDX-License-Identifier: GPL-2.0
/*
 * Writing changes back: QUERY, and for each range BEGIN, store, END.
 *
 * A flush goes through the VMO once, from its start to its end. Ranges are
 * stored in pieces and pieces gathered in batches; a batch ends with size,
 * sync and the END of its pieces, in this order: content that a crash can
 * still take away never counts as clean.
 *
 * Locks, outermost first: lock (who flushes), grant (no page is granted while
 * its content is taken), supply (nobody holds old content when a page may
 * become absent). Nothing is held over a callback but "running".
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define DEFAULT_PIECE (1u << 20)
#define DEFAULT_BATCH (64ull << 20)
#define NO_SIZE (~0ull)

/**
 * struct piece - a range that was begun and stored
 * @offset: first byte
 * @length: bytes
 */
struct piece {
	__u64 offset;
	__u64 length;
};

/**
 * struct vmop_flusher - writes the changes of a VMO back
 * @pager: the caller's
 * @vmo: own handle
 * @ops: as given, defaults filled in
 * @ctx: for the callbacks
 * @lock: guards the five below
 * @wake: a flush has ended
 * @running: somebody flushes
 * @started: flushes begun
 * @ended: flushes ended
 * @result: of the newest that ended
 * @stats: what was done
 * @grant: held over BEGIN and the reading of a piece, and over DIRTY
 * @supply: held shared over reading and supplying, alone over END
 * @buf: one piece, page-aligned; of the thread that flushes, like all below
 * @pieces: stored, not ended
 * @count: how many
 * @room: how many there is memory for
 * @gathered: bytes of them
 * @told: size that truncate() was given last
 */
struct vmop_flusher {
	const struct vmop_pager *pager;
	struct vmop_vmo *vmo;
	struct vmop_flush_ops ops;
	void *ctx;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running;
	__u64 started;
	__u64 ended;
	int result;
	struct vmop_flush_stats stats;
	pthread_mutex_t grant;
	pthread_rwlock_t supply;
	unsigned char *buf;
	struct piece *pieces;
	size_t count;
	size_t room;
	__u64 gathered;
	__u64 told;
};

/* One flush: what it found and did, until it is added to the totals. */
struct flush {
	struct vmop_flusher *f;
	struct vmop_flush_stats add;
	int first;
};

static void note(struct flush *run, int err)
{
	if (err && !run->first)
		run->first = err;
}

static bool atomic_one(const struct vmop_flusher *f)
{
	return f->ops.flags & VMOP_FLUSH_ATOMIC;
}

static int init_locks(struct vmop_flusher *f)
{
	pthread_rwlockattr_t attr;
	int ret;

	/* Otherwise END would wait until the readers pause by chance. */
	pthread_rwlockattr_init(&attr);
	pthread_rwlockattr_setkind_np(&attr,
				      PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	ret = pthread_rwlock_init(&f->supply, &attr);
	pthread_rwlockattr_destroy(&attr);
	pthread_mutex_init(&f->lock, NULL);
	pthread_mutex_init(&f->grant, NULL);
	pthread_cond_init(&f->wake, NULL);
	return -ret;
}

static int no_memory(const struct vmop_vmo *vmo)
{
	return vmop_fail(-ENOMEM, NULL, "VMO %s: make a flusher", vmo->label);
}

int vmop_flusher_new(const struct vmop_pager *pager,
		     const struct vmop_vmo *vmo,
		     const struct vmop_flush_ops *ops, void *ctx,
		     struct vmop_flusher **out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct vmop_flusher *f;
	int ret;

	f = calloc(1, sizeof(*f));
	if (!f)
		return no_memory(vmo);
	f->pager = pager;
	f->ctx = ctx;
	f->told = NO_SIZE;
	ret = init_locks(f);
	if (!ret)
		ret = vmop_opts_get(vmop_flush_ops, &f->ops, ops);
	if (!ret && (!f->ops.write || !f->ops.zero ||
		     f->ops.flags & ~(__u32)VMOP_FLUSH_ATOMIC))
		ret = vmop_fail(-EINVAL, "set write and zero, and no unknown flag",
				"struct vmop_flush_ops");
	if (!f->ops.piece)
		f->ops.piece = DEFAULT_PIECE;
	if (!f->ops.batch)
		f->ops.batch = DEFAULT_BATCH;
	f->ops.piece = (f->ops.piece + page - 1) / page * page;
	if (!ret) {
		f->buf = aligned_alloc(page, f->ops.piece);
		ret = f->buf ? vmop_vmo_dup(vmo, &f->vmo) :
			       no_memory(vmo);
	}
	if (ret) {
		vmop_flusher_free(f);
		return ret;
	}
	*out = f;
	return 0;
}

void vmop_flusher_free(struct vmop_flusher *f)
{
	if (!f)
		return;
	vmop_vmo_close(f->vmo);
	pthread_mutex_destroy(&f->lock);
	pthread_mutex_destroy(&f->grant);
	pthread_cond_destroy(&f->wake);
	pthread_rwlock_destroy(&f->supply);
	free(f->buf);
	free(f->pieces);
	free(f);
}

int vmop_flusher_grant(struct vmop_flusher *f, __u64 offset, __u64 length)
{
	int ret;

	pthread_mutex_lock(&f->grant);
	ret = vmop_pager_dirty(f->pager, f->vmo, offset, length);
	pthread_mutex_unlock(&f->grant);
	return ret;
}

void vmop_flusher_supply_lock(struct vmop_flusher *f)
{
	pthread_rwlock_rdlock(&f->supply);
}

void vmop_flusher_supply_unlock(struct vmop_flusher *f)
{
	pthread_rwlock_unlock(&f->supply);
}

/* Return: bytes that the VMO has there, @len but at its end, or -errno. */
static ssize_t read_piece(struct vmop_flusher *f, __u64 off, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(f->vmo->fd, f->buf + have, len - have,
			  (off_t)(off + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

/*
 * Begins [off, off + *len) and takes its content. With DIRTY requests held up
 * meanwhile, and changes noticed from BEGIN on, it is the content of one
 * moment.
 *
 * Return: bytes of content in the buffer, or a negative errno.
 */
static ssize_t take_piece(struct vmop_flusher *f, __u64 off, __u64 *len)
{
	ssize_t n;
	int ret;

	pthread_mutex_lock(&f->grant);
	ret = vmop_op_cut(f->pager, f->vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN, off,
			  len, 0);
	n = ret || !*len ? ret : read_piece(f, off, (size_t)*len);
	pthread_mutex_unlock(&f->grant);
	return n;
}

static int make_room(struct vmop_flusher *f)
{
	size_t room = f->room ? 2 * f->room : 64;
	struct piece *pieces;

	if (f->count < f->room)
		return 0;
	pieces = reallocarray(f->pieces, room, sizeof(*pieces));
	if (!pieces)
		return -ENOMEM;
	f->pieces = pieces;
	f->room = room;
	return 0;
}

static void add_piece(struct vmop_flusher *f, __u64 off, __u64 len)
{
	f->pieces[f->count++] = (struct piece){ off, len };
	f->gathered += len;
}

static int store_pages(struct flush *run, __u64 off, __u64 len)
{
	struct vmop_flusher *f = run->f;
	ssize_t n;
	int ret;

	n = take_piece(f, off, &len);
	/* 0: the VMO ends before it by now. */
	if (n <= 0)
		return (int)n;
	ret = f->ops.write(f->ctx, f->buf, off, (size_t)n);
	if (ret)
		return ret;
	run->add.written += (__u64)n;
	add_piece(f, off, len);
	return 0;
}

/*
 * A range of zeros counts from its start, so it is begun whole, and is one
 * piece whatever its length.
 */
static int store_zeros(struct flush *run, __u64 off, __u64 len)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct vmop_flusher *f = run->f;
	__u64 in_object;
	int ret;

	ret = vmop_op_cut(f->pager, f->vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN, off,
			  &len, VMOP_DIRTY_ZERO);
	if (!ret)
		ret = vmop_vmo_info(f->vmo, &info);
	if (ret || !len)
		return ret;
	in_object = info.out_content_size > off ? info.out_content_size - off :
						  0;
	in_object = in_object < len ? in_object : len;
	if (in_object)
		ret = f->ops.zero(f->ctx, off, in_object);
	if (ret)
		return ret;
	run->add.zeroed += in_object;
	add_piece(f, off, len);
	return 0;
}

/* What the batch stored survives a crash, and counts as clean, after this. */
static int end_batch(struct flush *run)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct vmop_flusher *f = run->f;
	size_t count = f->count, i;
	int ret, err;

	f->count = 0;
	f->gathered = 0;
	ret = vmop_vmo_info(f->vmo, &info);
	if (ret)
		return ret;
	if (!count && info.out_content_size == f->told)
		return 0;
	f->told = NO_SIZE;
	if (f->ops.truncate)
		ret = f->ops.truncate(f->ctx, info.out_content_size);
	if (!ret && f->ops.sync) {
		run->add.syncs++;
		ret = f->ops.sync(f->ctx);
	}
	if (ret)
		return ret;
	f->told = info.out_content_size;
	pthread_rwlock_wrlock(&f->supply);
	for (i = 0; i < count; i++) {
		err = vmop_op_cut(f->pager, f->vmo,
				  VMOP_PAGER_OP_WRITEBACK_END,
				  f->pieces[i].offset, &f->pieces[i].length,
				  0);
		ret = ret ? ret : err;
	}
	pthread_rwlock_unlock(&f->supply);
	return ret;
}

/* Return: what keeps an atomic flush from going on, otherwise 0. */
static int store_range(struct flush *run, const struct vmop_dirty_range *r)
{
	struct vmop_flusher *f = run->f;
	bool zero = r->flags & VMOP_DIRTY_ZERO;
	__u64 at, len, end = r->offset + r->length;
	int ret;

	for (at = r->offset; at < end; at += len) {
		len = zero || end - at < f->ops.piece ? end - at :
							f->ops.piece;
		ret = make_room(f);
		if (!ret)
			ret = zero ? store_zeros(run, at, len) :
				     store_pages(run, at, len);
		note(run, ret);
		if (atomic_one(f)) {
			if (ret)
				return ret;
		} else if (f->gathered >= f->ops.batch) {
			note(run, end_batch(run));
		}
	}
	return 0;
}

static int flush_once(struct flush *run)
{
	struct vmop_flusher *f = run->f;
	struct vmop_dirty_iter *it;
	struct vmop_dirty_range r;
	int ret;

	ret = vmop_dirty_iter_new(f->pager, f->vmo, 0, VMOP_TO_END, &it);
	if (ret)
		return ret;
	f->count = 0;
	f->gathered = 0;
	while ((ret = vmop_dirty_iter_next(it, &r)) > 0) {
		ret = store_range(run, &r);
		if (ret)
			break;
	}
	vmop_dirty_iter_free(it);
	note(run, ret);
	/* Nothing stands for itself in an atomic flush that failed. */
	if (!run->first || !atomic_one(f))
		note(run, end_batch(run));
	return run->first;
}

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000ull + (__u64)ts.tv_nsec;
}

/* Called and returns with f->lock held. */
static void flush_locked(struct vmop_flusher *f)
{
	struct flush run = { .f = f };
	__u64 nsec = now(), number;
	int ret;

	f->running = true;
	number = ++f->started;
	pthread_mutex_unlock(&f->lock);
	ret = flush_once(&run);
	nsec = now() - nsec;
	pthread_mutex_lock(&f->lock);
	f->running = false;
	f->ended = number;
	f->result = ret;
	f->stats.flushes++;
	f->stats.failed += !!ret;
	f->stats.written += run.add.written;
	f->stats.zeroed += run.add.zeroed;
	f->stats.syncs += run.add.syncs;
	f->stats.nsec += nsec;
	pthread_cond_broadcast(&f->wake);
}

int vmop_flusher_run(struct vmop_flusher *f)
{
	__u64 mine;
	int ret;

	pthread_mutex_lock(&f->lock);
	/* One that runs already may have passed what is dirty now. */
	mine = f->started + 1;
	while (f->ended < mine) {
		if (f->running)
			pthread_cond_wait(&f->wake, &f->lock);
		else
			flush_locked(f);
	}
	ret = f->result;
	pthread_mutex_unlock(&f->lock);
	return ret;
}

int vmop_flusher_stats_get(struct vmop_flusher *f,
			   struct vmop_flush_stats *stats)
{
	struct vmop_flush_stats s;

	pthread_mutex_lock(&f->lock);
	s = f->stats;
	pthread_mutex_unlock(&f->lock);
	return vmop_opts_put(vmop_flush_stats, stats, &s);
}
