/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow_deps.h - the kernel and the rest of the module as module/cow*.c see them,
 * in user space and with one thread.
 *
 * Replaces module/cow_deps.h: the same include guard, and included first by the
 * compiler's command line. It goes on where list_shim/page_list_deps.h ends, and
 * checks how it is used: the tree lock is held in the mode that is asked for and
 * never nested, folio locks neither, every object has its end, nothing that is
 * mapped is freed. What is in a page are a few words; what is mapped where is in
 * an array of each space (cow_shim.h).
 */
#ifndef VMOP_COW_DEPS_H
#define VMOP_COW_DEPS_H

#include "page_list_deps.h"

typedef uint16_t u16;
typedef int32_t s32;
typedef int64_t s64;

#define PAGE_SIZE		(1UL << PAGE_SHIFT)
#define PAGE_MASK		(~(PAGE_SIZE - 1))
#define min_t(t, a, b)		min((t)(a), (t)(b))
#define max_t(t, a, b)		max((t)(a), (t)(b))
#define swap(a, b) \
	do { __typeof__(a) __t = (a); (a) = (b); (b) = __t; } while (0)

#define BIT(n)			(1UL << (n))
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
#define clamp(x, low, high)	min(max(x, low), high)

/* Atomics and counts, for one thread */
typedef struct {
	long counter;
} atomic_long_t;

typedef struct {
	int refs;
} refcount_t;

struct kref {
	refcount_t refcount;
};

#define atomic_long_read(a)	((a)->counter)
#define atomic_long_set(a, n)	((void)((a)->counter = (n)))
#define atomic_long_inc(a)	((void)(a)->counter++)
#define atomic_long_dec(a)	((void)(shim_must((a)->counter), (a)->counter--))
#define atomic_long_add(n, a)	((void)((a)->counter += (n)))
#define atomic_long_sub(n, a)	((void)((a)->counter -= (n)))
#define refcount_set(r, n)	((void)((r)->refs = (n)))
#define refcount_inc(r)		((void)(shim_must((r)->refs > 0), (r)->refs++))
#define refcount_dec_and_test(r) (shim_must((r)->refs > 0), !--(r)->refs)
#define kref_init(k)		refcount_set(&(k)->refcount, 1)
#define kref_get(k)		refcount_inc(&(k)->refcount)

static inline int kref_put(struct kref *kref, void (*release)(struct kref *))
{
	if (!refcount_dec_and_test(&kref->refcount))
		return 0;
	release(kref);
	return 1;
}

/* Lists; page_list_deps.h has the head, INIT_LIST_HEAD and list_empty. */
#define LIST_HEAD(name)		struct list_head name = { &(name), &(name) }
#define list_entry(p, t, m)	container_of(p, t, m)
#define list_first_entry(l, t, m) list_entry((l)->next, t, m)
#define list_last_entry(l, t, m) list_entry((l)->prev, t, m)
#define list_next_entry(e, m)	list_entry((e)->m.next, __typeof__(*(e)), m)
#define list_prev_entry(e, m)	list_entry((e)->m.prev, __typeof__(*(e)), m)
#define list_first_entry_or_null(l, t, m) \
	(list_empty(l) ? NULL : list_first_entry(l, t, m))
#define list_entry_is_head(e, l, m) (&(e)->m == (l))
#define list_for_each_entry(e, l, m)					\
	for (e = list_first_entry(l, __typeof__(*e), m);		\
	     !list_entry_is_head(e, l, m); e = list_next_entry(e, m))
#define list_for_each_entry_safe(e, n, l, m)				\
	for (e = list_first_entry(l, __typeof__(*e), m),		\
	     n = list_next_entry(e, m);					\
	     !list_entry_is_head(e, l, m);				\
	     e = n, n = list_next_entry(n, m))

static inline void list_add(struct list_head *new, struct list_head *head)
{
	shim_must(head->next->prev == head && head->prev->next == head);
	new->next = head->next;
	new->prev = head;
	head->next->prev = new;
	head->next = new;
}

static inline void list_add_tail(struct list_head *new, struct list_head *head)
{
	list_add(new, head->prev);
}

/* What is in no list any more is not looked at, or it crashes. */
static inline void list_del(struct list_head *entry)
{
	shim_must(entry->next->prev == entry && entry->prev->next == entry);
	entry->next->prev = entry->prev;
	entry->prev->next = entry->next;
	entry->next = NULL;
	entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	list_del(entry);
	INIT_LIST_HEAD(entry);
}

static inline void list_move(struct list_head *entry, struct list_head *head)
{
	list_del(entry);
	list_add(entry, head);
}

static inline void list_move_tail(struct list_head *entry,
				  struct list_head *head)
{
	list_del(entry);
	list_add_tail(entry, head);
}

static inline void list_replace(struct list_head *old, struct list_head *new)
{
	list_add(new, old);
	list_del(old);
}

static inline bool list_is_last(const struct list_head *entry,
				const struct list_head *head)
{
	return entry->next == head;
}

static inline bool list_is_first(const struct list_head *entry,
				 const struct list_head *head)
{
	return entry->prev == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline void list_splice_tail_init(struct list_head *list,
					 struct list_head *head)
{
	while (!list_empty(list))
		list_move_tail(list->next, head);
}

static inline void list_splice_init(struct list_head *list,
				    struct list_head *head)
{
	while (!list_empty(list))
		list_move(list->prev, head);
}

static inline void bitmap_set(unsigned long *map, unsigned int start, int nr)
{
	while (nr-- > 0)
		__set_bit(start++, map);
}

static inline void bitmap_copy(unsigned long *to, const unsigned long *from,
			       unsigned int nr)
{
	memcpy(to, from, BITS_TO_LONGS(nr) * sizeof(*to));
}

#define for_each_set_bit(at, map, nr)					\
	for (at = find_next_bit(map, nr, 0); at < (nr);			\
	     at = find_next_bit(map, nr, at + 1))

/* The tree lock: one at a time, and in the right mode. */
struct rw_semaphore {
	int readers;
	bool writer;
	bool ready;
};

#define init_rwsem(s)		(*(s) = (struct rw_semaphore){ .ready = true })
#define lockdep_assert_held(s)	shim_must((s)->writer || (s)->readers)
#define lockdep_assert_held_write(s) shim_must((s)->writer)

void down_read(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);

/* Memory; may fail as the page lists' nodes do. */
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)

void *kzalloc(size_t size, gfp_t gfp);
void kfree(void *ptr);

#include "cow_shim.h"
#include "map.h"
#include "page.h"
#include "reclaim.h"
#include "space.h"

#endif /* VMOP_COW_DEPS_H */
