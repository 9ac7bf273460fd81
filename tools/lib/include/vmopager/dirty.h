/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libvmopager: changed content and writing it back.
 *
 * Part of <vmopager/vmopager.h>, which tells the rules that hold here too and
 * includes it: programs name that one.
 */
#ifndef VMOPAGER_DIRTY_H
#define VMOPAGER_DIRTY_H

#include <vmopager/vmopager.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Changed content ------------------------------------------------- */

/* As length: up to the end of the VMO, wherever it is by then. */
#define VMOP_TO_END (~0ull)

/**
 * vmop_fail_errno - the errno that a request can be failed with
 * @err: errno, positive or negative
 *
 * Return: EIO, EBADMSG, ENOTCONN, ENOSPC or ENOBUFS: the one that comes
 * nearest (ENOMEM and EDQUOT become ENOSPC, what has no likeness EIO).
 */
VMOP_API int vmop_fail_errno(int err);

/**
 * vmop_pager_dirty - agree that a range becomes dirty
 * @pager: pager that made @vmo
 * @vmo: VMO with VMOP_VMO_TRAP_DIRTY
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 *
 * What of the range is behind the end of a VMO that became shorter meanwhile
 * is left out. After any error but -EINVAL and -EOPNOTSUPP the threads that
 * wait look again, so there is nothing left to do.
 *
 * Return: 0, -ENOENT (a page of it has no content), or another negative errno.
 */
VMOP_API int vmop_pager_dirty(const struct vmop_pager *pager,
			      const struct vmop_vmo *vmo, __u64 offset,
			      __u64 length);

/**
 * vmop_pager_writeback_begin - the dirty content of a range is being written
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @flags: those of the range that vmop_pager_query_dirty() told
 *
 * Return: 0, -ERANGE (a part of it is behind the end: nothing was done), or
 * another negative errno.
 */
VMOP_API int vmop_pager_writeback_begin(const struct vmop_pager *pager,
					const struct vmop_vmo *vmo,
					__u64 offset, __u64 length,
					__u64 flags);

/**
 * vmop_pager_writeback_end - a range is written
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @offset: first byte, as at the begin
 * @length: bytes, as at the begin
 *
 * Return: 0, -ERANGE (a part of it is behind the end: nothing was done), or
 * another negative errno.
 */
VMOP_API int vmop_pager_writeback_end(const struct vmop_pager *pager,
				      const struct vmop_vmo *vmo, __u64 offset,
				      __u64 length);

/**
 * vmop_pager_writeback_done - answer a WRITEBACK record
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @id: the id of the record
 * @err: 0: it is written back. Otherwise an errno, positive or negative, that
 *       the fsync() or the waiting writer fails with; see vmop_fail_errno()
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_writeback_done(const struct vmop_pager *pager,
				       const struct vmop_vmo *vmo, __u64 id,
				       int err);

/**
 * struct vmop_query_opts - more about a question for dirty ranges
 * @sz: sizeof(struct vmop_query_opts)
 * @flags: combination of enum vmop_query_flags
 * @__reserved: must be 0
 * @out_actual: ranges stored
 * @out_avail: ranges there are, also beyond the room, with VMOP_QUERY_AVAIL
 */
struct vmop_query_opts {
	size_t sz;
	__u32 flags;
	__u32 __reserved;
	__u64 out_actual;
	__u64 out_avail;
};

/**
 * vmop_pager_query_dirty - VMOP_QUERY_DIRTY: ranges of changed content
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @offset: first byte
 * @length: bytes; offset + length must not be behind the end
 * @ranges: room for @nr_ranges; may be NULL when that is 0
 * @nr_ranges: how many fit
 * @opts: options and the numbers of ranges
 *
 * vmop_dirty_iter_new() walks over all of them, however many there are.
 *
 * Return: 0, -ERANGE, -EINVAL or -E2BIG (options), or another negative errno.
 */
VMOP_API int vmop_pager_query_dirty(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length,
				    struct vmop_dirty_range *ranges,
				    __u64 nr_ranges,
				    struct vmop_query_opts *opts);

/**
 * vmop_pager_query_stats - VMOP_QUERY_STATS: modified? and how much is dirty
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @flags: combination of enum vmop_stats_flags
 * @stats: result; the caller sets stats->size to sizeof(*stats)
 *
 * Return: 0, -EINVAL (size not set) or what VMOP_QUERY_STATS returned.
 */
VMOP_API int vmop_pager_query_stats(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u32 flags,
				    struct vmop_query_stats *stats);

/**
 * vmop_dirty_iter_new - walk over all dirty ranges, however many there are
 * @pager: pager that made @vmo; must stay open
 * @vmo: VMO; must stay open
 * @offset: first byte
 * @length: bytes, or VMOP_TO_END
 * @out: the walk
 *
 * Return: 0 or -ENOMEM.
 */
VMOP_API int vmop_dirty_iter_new(const struct vmop_pager *pager,
				 const struct vmop_vmo *vmo, __u64 offset,
				 __u64 length, struct vmop_dirty_iter **out);

/**
 * vmop_dirty_iter_next - the next range
 * @it: walk
 * @range: the range
 *
 * Ranges come in ascending order. What was dirty when the walk began and still
 * is when it comes there is among them. A VMO that becomes shorter ends the
 * walk there.
 *
 * Return: 1, 0 at the end, or a negative errno.
 */
VMOP_API int vmop_dirty_iter_next(struct vmop_dirty_iter *it,
				  struct vmop_dirty_range *range);

/**
 * vmop_dirty_iter_free - end a walk
 * @it: walk or NULL
 */
VMOP_API void vmop_dirty_iter_free(struct vmop_dirty_iter *it);

/* ---- Writing changes back -------------------------------------------- */

/**
 * enum vmop_flush_flags - options of a flusher
 * @VMOP_FLUSH_ATOMIC: all or nothing: there is one batch, the first error ends
 *                     the flush, and after an error nothing counts as written
 */
enum vmop_flush_flags {
	VMOP_FLUSH_ATOMIC = 1 << 0
};

/**
 * struct vmop_flush_ops - where changed content goes
 * @sz: sizeof(struct vmop_flush_ops)
 * @flags: combination of enum vmop_flush_flags
 * @piece: most bytes of one @write; 0 stands for 1 MiB
 * @batch: bytes after which @sync is called and content counts as written;
 *         0 stands for 64 MiB
 * @write: store @length bytes at @offset. The buffer is aligned to pages;
 *         @length is not, where the VMO ends
 * @zero: make @length bytes from @offset on read as zeros
 * @truncate: the object is @size bytes long now. Called before each @sync; may
 *            be NULL
 * @sync: what was stored is to survive a crash from now on. May be NULL
 *
 * All return 0 or a negative errno, and are called by one thread at a time.
 */
struct vmop_flush_ops {
	size_t sz;
	__u32 flags;
	__u32 piece;
	__u64 batch;
	int (*write)(void *ctx, const void *data, __u64 offset, size_t length);
	int (*zero)(void *ctx, __u64 offset, __u64 length);
	int (*truncate)(void *ctx, __u64 size);
	int (*sync)(void *ctx);
};

/**
 * struct vmop_flush_stats - what a flusher has done so far
 * @sz: sizeof(struct vmop_flush_stats), set by the caller
 * @flushes: flushes that ended
 * @failed: those of them that returned an error
 * @written: bytes given to write()
 * @zeroed: bytes given to zero()
 * @syncs: calls of sync()
 * @nsec: time spent
 */
struct vmop_flush_stats {
	size_t sz;
	__u64 flushes;
	__u64 failed;
	__u64 written;
	__u64 zeroed;
	__u64 syncs;
	__u64 nsec;
};

/**
 * vmop_flusher_new - make what writes the changes of a VMO back
 * @pager: pager that made @vmo; must stay open until vmop_flusher_free()
 * @vmo: VMO; the flusher keeps a handle of its own
 * @ops: where content goes; copied
 * @ctx: passed to the functions of @ops
 * @out: the flusher
 *
 * Return: 0, -EINVAL (no write() or no zero()), -E2BIG, -ENOMEM, or another
 * negative errno.
 */
VMOP_API int vmop_flusher_new(const struct vmop_pager *pager,
			      const struct vmop_vmo *vmo,
			      const struct vmop_flush_ops *ops, void *ctx,
			      struct vmop_flusher **out);

/**
 * vmop_flusher_run - write back what is dirty now
 * @f: flusher
 *
 * The order is: BEGIN, data, size, sync, END. Works after detach. One flush
 * runs at a time: further callers wait for it and share the next one.
 *
 * An error does not end the flush (see VMOP_FLUSH_ATOMIC). What could not be
 * stored stays dirty and is tried again by the next flush.
 *
 * Return: 0, or the first error.
 */
VMOP_API int vmop_flusher_run(struct vmop_flusher *f);

/**
 * vmop_flusher_grant - vmop_pager_dirty() in step with the flusher
 * @f: flusher of the VMO
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 *
 * Waits while the flusher takes the content of a page, so that no page is
 * stored half changed.
 *
 * Return: as vmop_pager_dirty().
 */
VMOP_API int vmop_flusher_grant(struct vmop_flusher *f, __u64 offset,
				__u64 length);

/**
 * vmop_flusher_supply_lock - before content is read that will be supplied
 * @f: flusher of the VMO
 *
 * A page that was written back may be reclaimed, or absent at once where it
 * was zeros, and whoever read its old content before that must not supply it
 * after that. So END waits for those who hold this lock; many may hold it. A
 * loop does it around its handler's read() by itself, see
 * vmop_loop_set_flusher().
 */
VMOP_API void vmop_flusher_supply_lock(struct vmop_flusher *f);

/**
 * vmop_flusher_supply_unlock - after content was supplied
 * @f: flusher of the VMO
 */
VMOP_API void vmop_flusher_supply_unlock(struct vmop_flusher *f);

/**
 * vmop_flusher_stats_get - what a flusher has done so far
 * @f: flusher
 * @stats: result; the caller sets stats->sz
 *
 * Return: 0 or -EINVAL (sz not set).
 */
VMOP_API int vmop_flusher_stats_get(struct vmop_flusher *f,
				    struct vmop_flush_stats *stats);

/**
 * vmop_flusher_free - free a flusher that nobody uses any more
 * @f: flusher or NULL
 */
VMOP_API void vmop_flusher_free(struct vmop_flusher *f);

#ifdef __cplusplus
}
#endif

#endif /* VMOPAGER_DIRTY_H */
