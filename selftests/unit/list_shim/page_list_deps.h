/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Page_list_deps.h - the kernel as module/page_list*.c and the kernel's own
 * lib/xarray.c see it, in user space and with one thread.
 *
 * Replaces module/page_list_deps.h: the same include guard, and included first
 * by the compiler's command line. It checks how it is used: locks are not taken
 * twice, nothing sleeps or allocates under one, every allocation has the flags
 * that the list promises; and it can fail any allocation.
 */
#ifndef _VMOP_PAGE_LIST_DEPS_H
#define _VMOP_PAGE_LIST_DEPS_H

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef unsigned long pgoff_t;
typedef unsigned int gfp_t;

#define PAGE_SHIFT		12
#define BITS_PER_LONG		64
#define CONFIG_BASE_SMALL	0

/* Compiler and annotations */
#define __bitwise
#define __rcu
#define __user
#define __force
#define __must_check		__attribute__((warn_unused_result))
#define __must_hold(x)
#define __acquires(x)
#define __releases(x)
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define fallthrough		__attribute__((fallthrough))
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#define EXPORT_SYMBOL(x)
#define EXPORT_SYMBOL_GPL(x)
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define container_of(p, t, m)	((t *)((char *)(p) - offsetof(t, m)))
#define shim_pick(a, op, b) \
	({ __typeof__(a) __a = (a), __b = (b); __a op __b ? __a : __b; })
#define min(a, b)		shim_pick(a, <, b)
#define max(a, b)		shim_pick(a, >, b)
#define IS_ENABLED(x)		0
#define pr_cont(...)		fprintf(stderr, __VA_ARGS__)
#define pr_info(...)		fprintf(stderr, __VA_ARGS__)

/* What the shim has seen; tests read and reset it. */
struct shim {
	unsigned long warnings;		/* WARN_ON_ONCE() that fired */
	unsigned long nodes;		/* live XArray nodes */
	unsigned long allocs;		/* allocations asked for */
	unsigned long fail_at;		/* fail this one, counted by allocs */
	bool failed;			/* it has failed */
	unsigned long yields;		/* cond_resched() */
	unsigned long acquired;		/* spinlocks taken so far */
	unsigned int locks;		/* spinlocks held */
	unsigned int rcu;		/* depth of rcu_read_lock() */
	void (*on_unlock)(void);	/* what another CPU does right then */
};

extern struct shim shim;

void shim_die(const char *what, const char *file, int line)
	__attribute__((noreturn));

static inline bool shim_warn(bool cond)
{
	shim.warnings += cond;
	return cond;
}

#define shim_must(cond) \
	((cond) ? (void)0 : shim_die(#cond, __FILE__, __LINE__))
#define might_sleep()		shim_must(!shim.locks && !shim.rcu)
#define cond_resched()		do { might_sleep(); shim.yields++; } while (0)
#define might_alloc(gfp)	might_sleep()
#define BUG()			shim_die("BUG", __FILE__, __LINE__)
#define BUG_ON(x)		shim_must(!(x))
#define WARN_ON_ONCE(x)		shim_warn(!!(x))
#define WARN_ON(x)		shim_warn(!!(x))

/* Errors as pointers */
#define MAX_ERRNO		4095
#define IS_ERR_VALUE(x)		((unsigned long)(x) >= (unsigned long)-MAX_ERRNO)

/* Bits */
static inline bool test_bit(unsigned int nr, const unsigned long *addr)
{
	return addr[nr / BITS_PER_LONG] >> (nr % BITS_PER_LONG) & 1;
}

static inline void __set_bit(unsigned int nr, unsigned long *addr)
{
	addr[nr / BITS_PER_LONG] |= 1UL << (nr % BITS_PER_LONG);
}

static inline void __clear_bit(unsigned int nr, unsigned long *addr)
{
	addr[nr / BITS_PER_LONG] &= ~(1UL << (nr % BITS_PER_LONG));
}

static inline bool __test_and_set_bit(unsigned int nr, unsigned long *addr)
{
	bool old = test_bit(nr, addr);

	__set_bit(nr, addr);
	return old;
}

static inline bool __test_and_clear_bit(unsigned int nr, unsigned long *addr)
{
	bool old = test_bit(nr, addr);

	__clear_bit(nr, addr);
	return old;
}

static inline unsigned long find_next_bit(const unsigned long *addr,
					  unsigned long size,
					  unsigned long from)
{
	while (from < size && !test_bit(from, addr))
		from++;
	return min(from, size);
}

static inline bool bitmap_empty(const unsigned long *map, unsigned int nr)
{
	return find_next_bit(map, nr, 0) == nr;
}

static inline void bitmap_fill(unsigned long *map, unsigned int nr)
{
	while (nr--)
		__set_bit(nr, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int start, int nr)
{
	while (nr-- > 0)
		__clear_bit(start++, map);
}

#define __ffs(x)		((unsigned int)__builtin_ctzl(x))

/* Lists: XArray nodes carry one, always empty here. */
struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *list)
{
	list->next = list;
	list->prev = list;
}

static inline bool list_empty(const struct list_head *list)
{
	return list->next == list;
}

/* Locks */
typedef struct {
	bool held;
} spinlock_t;

void shim_lock(spinlock_t *lock);
void shim_unlock(spinlock_t *lock);

#define spin_lock_init(l)		((l)->held = false)
#define spin_trylock(l)			(shim_lock(l), true)
#define spin_lock(l)			shim_lock(l)
#define spin_unlock(l)			shim_unlock(l)
#define spin_lock_bh(l)			shim_lock(l)
#define spin_unlock_bh(l)		shim_unlock(l)
#define spin_lock_irq(l)		shim_lock(l)
#define spin_unlock_irq(l)		shim_unlock(l)
#define spin_lock_irqsave(l, f)		((void)(f), shim_lock(l))
#define spin_unlock_irqrestore(l, f)	((void)(f), shim_unlock(l))
#define spin_lock_nested(l, s)		shim_lock(l)
#define spin_lock_bh_nested(l, s)	shim_lock(l)
#define spin_lock_irq_nested(l, s)	shim_lock(l)
#define spin_lock_irqsave_nested(l, f, s) shim_lock(l)
#define lockdep_is_held(l)		((l)->held)
#define __SPIN_LOCK_UNLOCKED(l)		{ false }

/* RCU: nodes are freed when nobody can look at them any more. */
struct rcu_head {
	struct rcu_head *next;
	void (*func)(struct rcu_head *head);
};

void shim_rcu_unlock(void);
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));

#define rcu_read_lock()			((void)shim.rcu++)
#define rcu_read_unlock()		shim_rcu_unlock()
#define rcu_read_lock_held()		(shim.rcu != 0)
#define rcu_dereference_check(p, c) \
	(shim_must(rcu_read_lock_held() || (c)), (p))
#define rcu_dereference_protected(p, c)	(shim_must(c), (p))
#define rcu_dereference_raw(p)		(p)
#define rcu_assign_pointer(p, v)	((p) = (v))
#define RCU_INIT_POINTER(p, v)		((p) = (v))

/* Allocation */
#define __GFP_DIRECT_RECLAIM	0x01u
#define __GFP_RETRY_MAYFAIL	0x02u
#define __GFP_NOWARN		0x04u
#define __GFP_ACCOUNT		0x08u
#define ___GFP_KSWAPD		0x10u
#define GFP_KERNEL		(__GFP_DIRECT_RECLAIM | ___GFP_KSWAPD)
#define GFP_NOWAIT		___GFP_KSWAPD
#define __GFP_BITS_SHIFT	8
#define gfpflags_allow_blocking(gfp)	(!!((gfp) & __GFP_DIRECT_RECLAIM))

struct kmem_cache;
struct list_lru;
void *kmem_cache_alloc_lru(struct kmem_cache *cache, struct list_lru *lru,
			   gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *obj);

#define VMOP_PLIST_GFP	(GFP_KERNEL | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

#include <linux/xarray.h>

#endif /* _VMOP_PAGE_LIST_DEPS_H */
