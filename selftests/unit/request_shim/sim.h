/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sim.h - simulated kernel threads, one at a time, under the test's control.
 *
 * A thread is a coroutine. It runs until it sleeps in a wait queue, ends, or,
 * with preemption switched on, reaches a point where no lock is held: before a
 * lock is taken, after it is released, at an allocation, at a copy to the user.
 * So every order of critical sections can happen, and the same seed gives the
 * same order again.
 *
 * Misuse (a lock order, a sleep under a lock, a leak) ends the process.
 */
#ifndef REQUEST_SHIM_SIM_H
#define REQUEST_SHIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/compiler.h>
#include <linux/types.h>

struct file;
struct iov_iter;
struct kmem_cache;
struct list_head;
struct seq_file;
struct task_struct;

enum sim_signal {
	SIM_SIG_NONE,
	SIM_SIG_ORDINARY,	/* ends interruptible waits only */
	SIM_SIG_FATAL
};

struct sim_thread;

/* Threads, for the test. */
struct sim_thread *sim_spawn(void (*fn)(void *arg), void *arg);
void sim_free_thread(struct sim_thread *t);
void sim_step(struct sim_thread *t);
void sim_run(struct sim_thread *t);
void sim_signal(struct sim_thread *t, enum sim_signal sig);
bool sim_expire(struct sim_thread *t);
bool sim_is_runnable(const struct sim_thread *t);
bool sim_is_asleep(const struct sim_thread *t);
bool sim_has_ended(const struct sim_thread *t);
unsigned int sim_nr_wakeups(const struct sim_thread *t);
long sim_timeout(const struct sim_thread *t);

/* What the test may turn on and look at. */
extern bool sim_preemptible;
extern long sim_alloc_fails_in;	/* the n-th allocation from now; 0: none */
extern bool sim_misuse_expected;
extern unsigned int sim_nr_logged;
extern u64 sim_now_ns;
extern char sim_last_log[256];
long sim_nr_live(const char *kind);
unsigned int sim_random(unsigned int below);
extern u64 sim_seed;
extern char sim_where[128];	/* printed with a failure */

/* For request_deps.h. */
__printf(1, 2) __noreturn void sim_die(const char *fmt, ...);
/* Not checked as printf formats: u64 is unsigned long here. */
void sim_log(const char *fmt, ...);
void sim_seq_printf(struct seq_file *m, const char *fmt, ...);
struct sim_lock {
	const char *name;
	bool held;
};

void sim_lock_init(struct sim_lock *lock, const char *name);
void sim_lock(struct sim_lock *lock);
void sim_unlock(struct sim_lock *lock);
void *sim_alloc(const char *kind, size_t size);
void sim_free(const char *kind, void *p);
struct kmem_cache *sim_cache_create(const char *name, size_t size);
long sim_sleep(struct list_head *sleepers, unsigned int state, bool exclusive,
	       long timeout);
void sim_wake(struct list_head *sleepers, int nr_exclusive);
bool sim_fatal_signal_pending(void);
struct task_struct *sim_current_task(void);
size_t sim_copy_to_iter(const void *addr, size_t bytes, struct iov_iter *to);
struct file *sim_getfile(const char *name, const struct file_operations *fops,
			 void *priv, unsigned int flags);

#endif /* REQUEST_SHIM_SIM_H */
