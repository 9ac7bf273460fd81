/* SPDX-License-Identifier: GPL-2.0 */
/*
 * request_deps.h - the kernel as module/request.c, source.c and port.c see it,
 * in user space.
 *
 * Replaces module/request_deps.h: the same include guard, and included first by
 * the compiler's command line. Lists, trees and their helpers are the kernel's
 * own, from tools/include of an unpacked kernel source. The rest is here: it
 * does what the kernel would, checks how it is used (which locks are held, in
 * which order), and leaves to sim.c when a simulated thread sleeps, wakes, gets
 * a signal, or is preempted.
 */
#ifndef _VMOP_REQUEST_DEPS_H
#define _VMOP_REQUEST_DEPS_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/interval_tree_generic.h>
#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/vmopager.h>

/* The rest of the module: harness.c. */
#include "event.h"
#include "overdue.h"
#include "registry.h"

#define pgoff_t unsigned long
#define __poll_t unsigned int

/* Bits, one after the other. */
#define SIM_BIT_LONG 64
#define BITS_TO_LONGS(nr) (((nr) + SIM_BIT_LONG - 1) / SIM_BIT_LONG)

static inline bool test_bit(unsigned long bit, const unsigned long *map)
{
	return map[bit / SIM_BIT_LONG] >> bit % SIM_BIT_LONG & 1;
}

static inline void __set_bit(unsigned long bit, unsigned long *map)
{
	map[bit / SIM_BIT_LONG] |= 1ul << bit % SIM_BIT_LONG;
}

static inline void __clear_bit(unsigned long bit, unsigned long *map)
{
	map[bit / SIM_BIT_LONG] &= ~(1ul << bit % SIM_BIT_LONG);
}

#define for_each_set_bit_from(bit, map, size)				\
	for (; (bit) < (size); (bit)++)					\
		if (test_bit(bit, map))
#define for_each_set_bit(bit, map, size)				\
	for ((bit) = 0; (bit) < (size); (bit)++)			\
		if (test_bit(bit, map))

static inline unsigned long bitmap_weight(const unsigned long *map,
					  unsigned long size)
{
	unsigned long bit, weight = 0;

	for_each_set_bit(bit, map, size)
		weight++;
	return weight;
}

/* Files. */
struct inode;
struct file;

struct kiocb {
	struct file *ki_filp;
	int ki_flags;
};

/* A user buffer that faults after @good bytes. */
struct iov_iter {
	char *buf;
	size_t count;
	size_t good;
};

struct seq_file {
	char buf[512];
	size_t len;
};

struct sim_poll_table {
	int nr_queues;
};

#define poll_table struct sim_poll_table

struct file_operations {
	void *owner;
	ssize_t (*read_iter)(struct kiocb *iocb, struct iov_iter *to);
	__poll_t (*poll)(struct file *file, poll_table *wait);
	int (*release)(struct inode *inode, struct file *file);
	void (*show_fdinfo)(struct seq_file *m, struct file *file);
};

struct file {
	const struct file_operations *f_op;
	void *private_data;
	unsigned int f_flags;
	unsigned int f_mode;
};

#include "sim.h"

#define PAGE_SHIFT 12
#define ERESTARTSYS 512

/* Misuse ends the test, unless the test provokes it. */
#define WARN_ON_ONCE(cond)						\
({									\
	bool __warn = (cond);						\
									\
	if (__warn && !sim_misuse_expected)				\
		sim_die("%s:%d: WARN_ON(%s)", __FILE__, __LINE__, #cond); \
	__warn;								\
})

/* One real thread: the compiler must not move them, that is all. */
#define smp_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
/* As above. */
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)

struct sim_atomic64_t {
	s64 counter;
};

#define atomic64_t struct sim_atomic64_t

#define ATOMIC64_INIT(v) { (v) }

static inline s64 atomic64_inc_return(atomic64_t *v)
{
	return ++v->counter;
}

static inline void atomic64_inc(atomic64_t *v)
{
	v->counter++;
}

static inline void atomic64_add(s64 n, atomic64_t *v)
{
	v->counter += n;
}

static inline s64 atomic64_read(const atomic64_t *v)
{
	return v->counter;
}

static inline unsigned int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

struct sim_refcount_t {
	int refs;
};

#define refcount_t struct sim_refcount_t

static inline void refcount_set(refcount_t *r, int n)
{
	r->refs = n;
}

static inline bool refcount_inc_not_zero(refcount_t *r)
{
	if (!r->refs)
		return false;
	r->refs++;
	return true;
}

static inline void refcount_inc(refcount_t *r)
{
	if (!refcount_inc_not_zero(r))
		sim_die("refcount: a freed object is revived");
}

static inline bool refcount_dec_and_test(refcount_t *r)
{
	if (r->refs <= 0)
		sim_die("refcount: one put too many");
	return !--r->refs;
}

/* Locks: sim.c checks the order by the expression that the lock is made with. */
#define spinlock_t struct sim_lock
#define spin_lock_init(lock) sim_lock_init(lock, #lock)
#define spin_lock(lock) sim_lock(lock)
#define spin_unlock(lock) sim_unlock(lock)
#define lockdep_assert_held(lock)					\
do {									\
	if (!(lock)->held)						\
		sim_die("%s:%d: %s is not held", __FILE__, __LINE__, #lock); \
} while (0)

/* Memory. */
#define gfp_t int

#define GFP_KERNEL 0
#define GFP_KERNEL_ACCOUNT 0
#define __GFP_RETRY_MAYFAIL 0
#define __GFP_NOWARN 0
#define SLAB_ACCOUNT 0

struct kmem_cache {
	size_t size;
	const char *name;
};

#define KMEM_CACHE(type, flags) sim_cache_create(#type, sizeof(struct type))
#define kmem_cache_destroy(cache) sim_free("kmem_cache", cache)
#define kzalloc(size, gfp) sim_alloc("kzalloc", size)
#define kcalloc(n, size, gfp) sim_alloc("kzalloc", (n) * (size))

static inline void kfree(void *p)
{
	if (p)
		sim_free("kzalloc", p);
}

static inline void *kmem_cache_zalloc(struct kmem_cache *cache, int gfp)
{
	return sim_alloc(cache->name, cache->size);
}

static inline void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	sim_free(cache->name, p);
}

/* Threads and waiting. */
#define TASK_INTERRUPTIBLE 0x0001
#define TASK_KILLABLE 0x0102
#define MAX_SCHEDULE_TIMEOUT LONG_MAX
#define msecs_to_jiffies(ms) ((unsigned long)(ms))

struct task_struct {
	const char *comm;
	int pid;
};

#define current sim_current_task()
#define task_pid_nr(task) ((task)->pid)
#define fatal_signal_pending(task) sim_fatal_signal_pending()

struct sim_wait_queue_head_t {
	struct list_head sleepers;
};

#define wait_queue_head_t struct sim_wait_queue_head_t

#define init_waitqueue_head(wq) INIT_LIST_HEAD(&(wq)->sleepers)
#define wake_up_all(wq) sim_wake(&(wq)->sleepers, INT_MAX)
#define wake_up_interruptible_poll(wq, key) sim_wake(&(wq)->sleepers, 1)

/*
 * As the kernel's: the condition counts first, then a signal, then the time.
 * A sleeper that a signal takes off the queue can no longer be chosen by a
 * wake-up, and looks at the condition once more after that.
 */
#define sim_wait_event(wq, cond, state, exclusive, timeout)		\
({									\
	long __left = (timeout);					\
	bool __done;							\
									\
	while (!(__done = (cond)) && __left > 0)			\
		__left = sim_sleep(&(wq).sleepers, state, exclusive,	\
				   __left);				\
	__done && __left <= 0 ? 1 : __left;				\
})

#define wait_event_interruptible_timeout(wq, cond, timeout)		\
	sim_wait_event(wq, cond, TASK_INTERRUPTIBLE, false, timeout)
#define wait_event_killable_timeout(wq, cond, timeout)			\
	sim_wait_event(wq, cond, TASK_KILLABLE, false, timeout)
#define wait_event_interruptible_exclusive(wq, cond)			\
({									\
	long __ret = sim_wait_event(wq, cond, TASK_INTERRUPTIBLE, true,	\
				    MAX_SCHEDULE_TIMEOUT);		\
									\
	__ret < 0 ? (int)__ret : 0;					\
})

/* A clock that never stands still. */
#define ktime_get_ns() (++sim_now_ns)

/* Nobody traces here. */
#define trace_vmop_request_queued(req) ((void)(req))
#define trace_vmop_request_joined(req) ((void)(req))
#define trace_vmop_request_unread(req) ((void)(req))
#define trace_vmop_request_read(req, port) ((void)(req))
#define trace_vmop_request_answered(req, end, status, ns) ((void)(end))
#define trace_vmop_request_woken(req, status, ns) ((void)(req))
#define trace_vmop_request_left(req, status, last) ((void)(req))

#define pr_warn_ratelimited(fmt, ...) sim_log(pr_fmt(fmt), ##__VA_ARGS__)

/* Files. */
#define THIS_MODULE NULL
#define FMODE_NOWAIT 0x1
#define FMODE_STREAM 0x2
#define IOCB_NOWAIT 0x1

#define iov_iter_count(iter) ((iter)->count)
#define copy_to_iter(addr, bytes, iter) sim_copy_to_iter(addr, bytes, iter)
#define poll_wait(file, wq, table) ((table)->nr_queues++)
#define file_inode(file) ((struct inode *)NULL)
#define stream_open(inode, file) ((file)->f_mode |= FMODE_STREAM)
#define anon_inode_getfile(name, fops, priv, flags)			\
	sim_getfile(name, fops, priv, flags)
#define seq_printf(m, fmt, ...) sim_seq_printf(m, fmt, ##__VA_ARGS__)

#endif /* _VMOP_REQUEST_DEPS_H */
