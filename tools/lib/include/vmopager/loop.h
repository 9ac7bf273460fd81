/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libvmopager: a ready-made pager with any number of threads.
 *
 * Part of <vmopager/vmopager.h>, which tells the rules that hold here too and
 * includes it: programs name that one.
 */
#ifndef VMOPAGER_LOOP_H
#define VMOPAGER_LOOP_H

#include <vmopager/vmopager.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct vmop_handler - what a pager does for a VMO
 * @sz: sizeof(struct vmop_handler)
 * @read: a READ request. Supplies at least [req->offset, +req->length) and
 *        returns 0, or keeps the request for later and returns 0, or returns a
 *        negative errno: the request is then failed with it, or with EIO when
 *        a request cannot fail with that one (-ENOMEM becomes ENOSPC)
 * @complete: no more requests will come; called once, after the last @read
 *            has returned. The handle is closed when it returns. May be NULL
 * @done: after each request, with the result of the function that answered it
 *        and the time that it took in nanoseconds, for logs. May be NULL
 * @dirty: a DIRTY request. Agrees with vmop_flusher_grant() or
 *         vmop_pager_dirty() and returns 0, or keeps the request for later and
 *         returns 0, or returns a negative errno: the request is then failed.
 *         NULL: agree at once
 * @writeback: a WRITEBACK request. Answers it with
 *             vmop_pager_writeback_done() and returns 0, or keeps it for later
 *             and returns 0, or returns a negative errno: the request is then
 *             failed. NULL: run the flusher of vmop_loop_set_flusher() and
 *             answer; without one the request fails with EIO
 *
 * @read, @dirty and @writeback are called by several threads at once, also for
 * the same VMO. @ctx is the pointer given to vmop_loop_add(), @local the one made by
 * thread_start().
 */
struct vmop_handler {
	size_t sz;
	int (*read)(void *ctx, void *local, struct vmop_vmo *vmo,
		    const struct vmop_port_record *req);
	void (*complete)(void *ctx, struct vmop_vmo *vmo);
	void (*done)(void *ctx, struct vmop_vmo *vmo,
		     const struct vmop_port_record *req, int err, __u64 nsec);
	int (*dirty)(void *ctx, void *local, struct vmop_vmo *vmo,
		     const struct vmop_port_record *req);
	int (*writeback)(void *ctx, void *local, struct vmop_vmo *vmo,
			 const struct vmop_port_record *req);
};

/**
 * struct vmop_loop_opts - how a loop works
 * @sz: sizeof(struct vmop_loop_opts)
 * @threads: threads that answer requests; 0 stands for 1
 * @batch: most records that a thread takes at once; 0: 1 when there are
 *         several threads, else 16; never more than 64
 * @ctx: passed to the two functions below
 * @thread_start: called once per thread by vmop_loop_start(), in the caller's
 *                thread; *local is passed to each read() of this thread. An
 *                error fails vmop_loop_start(). May be NULL
 * @thread_stop: undoes it, called by the thread that ends. May be NULL
 * @port_flags: combination of enum vmop_port_flags for the loop's port
 * @__reserved: must be 0
 */
struct vmop_loop_opts {
	size_t sz;
	unsigned int threads;
	unsigned int batch;
	void *ctx;
	int (*thread_start)(void *ctx, unsigned int thread, void **local);
	void (*thread_stop)(void *ctx, unsigned int thread, void *local);
	__u32 port_flags;
	__u32 __reserved;
};

/**
 * struct vmop_loop_stats - what a loop has done so far
 * @sz: sizeof(struct vmop_loop_stats), set by the caller
 * @requests: READ requests answered or failed
 * @requested_bytes: bytes that they asked for
 * @failed: requests of any kind whose function returned an error
 * @reissued: those of them that an earlier reader had been given
 * @completed: VMOs that are done
 * @unknown: records for a VMO that is done, or of a kind not handled here
 * @busy_nsec: time spent in read(), all threads together
 * @max_nsec: longest read()
 * @dirty_requests: DIRTY requests granted or failed
 * @writeback_requests: WRITEBACK requests taken
 */
struct vmop_loop_stats {
	size_t sz;
	__u64 requests;
	__u64 requested_bytes;
	__u64 failed;
	__u64 reissued;
	__u64 completed;
	__u64 unknown;
	__u64 busy_nsec;
	__u64 max_nsec;
	__u64 dirty_requests;
	__u64 writeback_requests;
};

/**
 * vmop_loop_new - make a loop and its port
 * @pager: pager; must stay open until vmop_loop_free()
 * @opts: options or NULL
 * @out: the loop, not started
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_loop_new(struct vmop_pager *pager,
			   const struct vmop_loop_opts *opts,
			   struct vmop_loop **out);

/**
 * vmop_loop_add - make a VMO that the loop serves
 * @loop: loop, started or not
 * @length: size in bytes, exact
 * @opts: options of the VMO or NULL; the key must be 0: the loop chooses it
 * @handler: what to do; copied
 * @ctx: passed to the handler
 * @vmo: the new VMO. It belongs to the loop and is closed after complete()
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_loop_add(struct vmop_loop *loop, __u64 length,
			   const struct vmop_vmo_opts *opts,
			   const struct vmop_handler *handler, void *ctx,
			   struct vmop_vmo **vmo);

/**
 * vmop_loop_remove - detach a VMO of the loop
 * @loop: loop
 * @vmo: VMO made by vmop_loop_add()
 *
 * complete() is called when the last request is done; @vmo must not be used
 * after that.
 *
 * Return: 0, -ENOENT (not of this loop), or a negative errno.
 */
VMOP_API int vmop_loop_remove(struct vmop_loop *loop, struct vmop_vmo *vmo);

/**
 * vmop_loop_set_flusher - name the flusher of a VMO
 * @loop: loop
 * @vmo: VMO made by vmop_loop_add()
 * @f: its flusher; must live until complete() or vmop_loop_free(), whichever
 *     comes first
 *
 * To be called before anybody else has the VMO. From then on the handler's
 * read() runs under vmop_flusher_supply_lock(), DIRTY requests are granted in
 * step with the flusher, and WRITEBACK requests run it, the last two where the
 * handler has no function of its own. A read() that keeps a request for later
 * takes the lock itself.
 *
 * Return: 0 or -ENOENT (not of this loop).
 */
VMOP_API int vmop_loop_set_flusher(struct vmop_loop *loop,
				   const struct vmop_vmo *vmo,
				   struct vmop_flusher *f);

/**
 * vmop_loop_start - start the threads
 * @loop: loop that was not started before
 *
 * The threads block all signals.
 *
 * Return: 0, -EALREADY, what thread_start() returned, or another negative
 * errno; after an error no thread runs.
 */
VMOP_API int vmop_loop_start(struct vmop_loop *loop);

/**
 * vmop_loop_stop - ask the threads to end
 * @loop: loop
 *
 * Requests that a thread has taken are still answered. Does not wait; may be
 * called from a signal handler and from a callback.
 */
VMOP_API void vmop_loop_stop(struct vmop_loop *loop);

/**
 * vmop_loop_fd - tells when the threads have ended
 * @loop: loop
 *
 * Return: a descriptor that polls readable once all threads have ended, also
 * when the pager was closed under them. It belongs to the loop.
 */
VMOP_API int vmop_loop_fd(const struct vmop_loop *loop);

/**
 * vmop_loop_join - wait until the threads have ended
 * @loop: loop
 *
 * Not to be called from a callback.
 *
 * Return: 0, or the first error that ended a thread.
 */
VMOP_API int vmop_loop_join(struct vmop_loop *loop);

/**
 * vmop_loop_stats_get - what the loop has done so far
 * @loop: loop
 * @stats: result; the caller sets stats->sz
 *
 * Return: 0 or -EINVAL (sz not set).
 */
VMOP_API int vmop_loop_stats_get(struct vmop_loop *loop,
				 struct vmop_loop_stats *stats);

/**
 * vmop_loop_free - stop, join and free a loop
 * @loop: loop or NULL
 *
 * Closes its port, so threads that wait for its VMOs fail with ENOTCONN; then
 * calls complete() for each VMO that is left, and closes it.
 */
VMOP_API void vmop_loop_free(struct vmop_loop *loop);

#ifdef __cplusplus
}
#endif

#endif /* VMOPAGER_LOOP_H */
