// SPDX-License-Identifier: GPL-2.0
/*
 * handoff.c - hands what a fault found out to the next one of the same thread,
 *             and to nobody else.
 *
 * Once a fault has dropped mmap_lock it may only answer "retry", so an error
 * has to be found again by the retried fault. And a store that page_mkwrite sent
 * back must be known for one, even when the instruction begins with a load (see
 * vmop_mkwrite_refault()). Either is kept here under the thread. That thread's
 * next fault on a VMO takes it: it counts if it is the same page at the same
 * address, else it is dropped, because the thread has gone somewhere else. The
 * retry cannot be told by FAULT_FLAG_TRIED: mlock() and MADV_POPULATE retry
 * without it.
 *
 * A thread that never faults again leaves its entry behind. The table is
 * bounded: when it is full the oldest entry goes, and its thread, should it
 * come back, asks the pager once more, or is sent back once more.
 *
 * Locks: vmop_handoff_lock, a leaf, guards everything.
 */
#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "handoff.h"

#define VMOP_HANDOFF_MAX 4096
#define VMOP_HANDOFF_BITS 8

/*
 * @task is compared, never followed: the thread may be gone, and its
 * structure used again, which @start tells.
 */
struct vmop_handoff {
	struct hlist_node hash;
	struct list_head age;
	const struct task_struct *task;
	u64 start;
	struct vmop_handoff_key key;
	int what;
};

static DEFINE_SPINLOCK(vmop_handoff_lock);
static DEFINE_HASHTABLE(vmop_handoff_table, VMOP_HANDOFF_BITS);
static LIST_HEAD(vmop_handoff_ages);
static atomic_t vmop_handoff_count = ATOMIC_INIT(0);

static void vmop_handoff_unlink_locked(struct vmop_handoff *entry)
{
	lockdep_assert_held(&vmop_handoff_lock);
	hash_del(&entry->hash);
	list_del(&entry->age);
	atomic_dec(&vmop_handoff_count);
}

/* Take the entry of this thread out of the table. */
static struct vmop_handoff *vmop_handoff_pop_locked(void)
{
	struct vmop_handoff *entry;

	hash_for_each_possible(vmop_handoff_table, entry, hash,
			       (unsigned long)current) {
		if (entry->task != current)
			continue;
		vmop_handoff_unlink_locked(entry);
		return entry;
	}
	return NULL;
}

/**
 * vmop_handoff_put() - leave something for the retried fault of this thread
 * @key: the fault
 * @what: what it failed with, a negative errno; or VMOP_HANDOFF_STORE
 *
 * Without memory for it nothing is left; the retry asks the pager again.
 *
 * Context: no lock of ours held.
 */
void vmop_handoff_put(const struct vmop_handoff_key *key, int what)
{
	struct vmop_handoff *entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	struct vmop_handoff *old, *oldest = NULL;

	if (!entry)
		return;
	entry->task = current;
	entry->start = current->start_boottime;
	entry->key = *key;
	entry->what = what;
	spin_lock(&vmop_handoff_lock);
	old = vmop_handoff_pop_locked();
	if (atomic_read(&vmop_handoff_count) >= VMOP_HANDOFF_MAX) {
		oldest = list_first_entry(&vmop_handoff_ages,
					  struct vmop_handoff, age);
		vmop_handoff_unlink_locked(oldest);
	}
	hash_add(vmop_handoff_table, &entry->hash, (unsigned long)current);
	list_add_tail(&entry->age, &vmop_handoff_ages);
	atomic_inc(&vmop_handoff_count);
	spin_unlock(&vmop_handoff_lock);
	kfree(old);
	kfree(oldest);
}

/**
 * vmop_handoff_take() - what did this thread's fault find out before?
 * @key: the fault
 *
 * Costs one load when nothing is on its way anywhere. That is enough: an entry
 * of this thread was put by this thread.
 *
 * Return: as it was put, or 0. The entry is gone either way.
 */
int vmop_handoff_take(const struct vmop_handoff_key *key)
{
	struct vmop_handoff *entry;
	int what = 0;

	if (likely(!atomic_read(&vmop_handoff_count)))
		return 0;
	spin_lock(&vmop_handoff_lock);
	entry = vmop_handoff_pop_locked();
	spin_unlock(&vmop_handoff_lock);
	if (!entry)
		return 0;
	if (entry->start == current->start_boottime &&
	    entry->key.vmo_id == key->vmo_id &&
	    entry->key.pgoff == key->pgoff && entry->key.addr == key->addr)
		what = entry->what;
	kfree(entry);
	return what;
}

/**
 * vmop_handoff_exit() - free what threads have left behind
 */
void vmop_handoff_exit(void)
{
	struct vmop_handoff *entry, *next;

	list_for_each_entry_safe(entry, next, &vmop_handoff_ages, age) {
		hash_del(&entry->hash);
		kfree(entry);
	}
}
