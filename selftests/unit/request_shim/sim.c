// SPDX-License-Identifier: GPL-2.0
/*
 * sim.c - simulated threads, locks, memory and user copies; see sim.h.
 *
 * There is one real thread. Switches happen with no simulated lock held, so one
 * set of "what is held" is enough for all simulated threads.
 *
 * AddressSanitizer is told of every switch between stacks; that it prints a
 * warning about swapcontext() once is harmless.
 */
#include <stdlib.h>
#include <ucontext.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define switch_begin(save, bottom, size) \
	__sanitizer_start_switch_fiber(save, bottom, size)
#define switch_end(save, bottom, size) \
	__sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define ASAN_UNPOISON_MEMORY_REGION(addr, size) ((void)(addr), (void)(size))
#define switch_begin(save, bottom, size) ((void)(bottom), (void)(size))
#define switch_end(save, bottom, size) ((void)(bottom), (void)(size))
#endif

#define STACK_SIZE (128 * 1024)

enum { RUNNABLE, ASLEEP, ENDED };

struct sim_thread {
	struct task_struct task;
	void (*fn)(void *arg);
	void *arg;
	int state;
	enum sim_signal sig;
	ucontext_t context;
	char *stack;
	void *fake_stack;
	/* Of the sleep: */
	struct list_head link;
	unsigned int task_state;
	bool exclusive;
	long timeout;
	long left;
	unsigned int nr_wakeups;
};

struct kind {
	const char *name;
	long nr_live;
};

bool sim_preemptible;
long sim_alloc_fails_in;
bool sim_misuse_expected;
unsigned int sim_nr_logged;
u64 sim_now_ns;
char sim_last_log[256];
u64 sim_seed = 1;
char sim_where[128];

static struct sim_thread *running;	/* NULL: the test itself */
static ucontext_t test_context;
static void *test_fake_stack;
static const void *test_stack;
static size_t test_stack_size;
static char *spare_stacks[64];
static unsigned int nr_spare_stacks;
static bool outer_held;
static bool inner_held;
static struct kind kinds[8];

void sim_die(const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "FAILED: %s: ", sim_where);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	abort();
}

void sim_log(const char *fmt, ...)
{
	va_list args;

	if (outer_held || inner_held)
		sim_die("log under a lock");
	va_start(args, fmt);
	vsnprintf(sim_last_log, sizeof(sim_last_log), fmt, args);
	va_end(args);
	sim_nr_logged++;
}

void sim_seq_printf(struct seq_file *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	m->len += vsnprintf(m->buf + m->len, sizeof(m->buf) - m->len, fmt,
			    args);
	va_end(args);
}

/* xorshift64* */
unsigned int sim_random(unsigned int below)
{
	sim_seed ^= sim_seed >> 12;
	sim_seed ^= sim_seed << 25;
	sim_seed ^= sim_seed >> 27;
	return (sim_seed * 0x2545f4914f6cdd1dULL >> 33) % below;
}

/* Switching. */

static void switch_to_test(bool for_ever)
{
	struct sim_thread *t = running;

	switch_begin(for_ever ? NULL : &t->fake_stack, test_stack,
		     test_stack_size);
	swapcontext(&t->context, &test_context);
	switch_end(t->fake_stack, &test_stack, &test_stack_size);
}

static void thread_main(void)
{
	switch_end(NULL, &test_stack, &test_stack_size);
	running->fn(running->arg);
	running->state = ENDED;
	switch_to_test(true);
}

/* Runs a thread up to its next switch. */
void sim_step(struct sim_thread *t)
{
	if (running || t->state != RUNNABLE)
		sim_die("the test runs a thread that cannot run");
	running = t;
	switch_begin(&test_fake_stack, t->stack, STACK_SIZE);
	swapcontext(&test_context, &t->context);
	switch_end(test_fake_stack, NULL, NULL);
	running = NULL;
	if (outer_held || inner_held)
		sim_die("a thread stopped with a lock held");
}

void sim_run(struct sim_thread *t)
{
	while (t->state == RUNNABLE)
		sim_step(t);
}

struct sim_thread *sim_spawn(void (*fn)(void *arg), void *arg)
{
	struct sim_thread *t = calloc(1, sizeof(*t));
	static int pid;

	t->task.comm = "waiter";
	t->task.pid = ++pid;
	t->fn = fn;
	t->arg = arg;
	t->stack = nr_spare_stacks ? spare_stacks[--nr_spare_stacks] :
				     malloc(STACK_SIZE);
	ASAN_UNPOISON_MEMORY_REGION(t->stack, STACK_SIZE);
	INIT_LIST_HEAD(&t->link);
	getcontext(&t->context);
	t->context.uc_stack.ss_sp = t->stack;
	t->context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&t->context, thread_main, 0);
	return t;
}

void sim_free_thread(struct sim_thread *t)
{
	if (t->state != ENDED)
		sim_die("thread %d has not ended", t->task.pid);
	if (nr_spare_stacks < ARRAY_SIZE(spare_stacks))
		spare_stacks[nr_spare_stacks++] = t->stack;
	else
		free(t->stack);
	free(t);
}

static void preempt(void)
{
	if (running && sim_preemptible && !outer_held && !inner_held &&
	    sim_random(3))
		switch_to_test(false);
}

/* Sleeping and waking. */

static bool signal_ends(const struct sim_thread *t, unsigned int task_state)
{
	return t->sig == SIM_SIG_FATAL ||
	       (t->sig == SIM_SIG_ORDINARY && task_state == TASK_INTERRUPTIBLE);
}

static void rouse(struct sim_thread *t, long left)
{
	list_del_init(&t->link);
	t->state = RUNNABLE;
	t->left = left;
	t->nr_wakeups++;
}

long sim_sleep(struct list_head *sleepers, unsigned int task_state,
	       bool exclusive, long timeout)
{
	if (outer_held || inner_held)
		sim_die("sleep under a lock");
	if (!running)
		sim_die("the test itself would sleep");
	if (signal_ends(running, task_state))
		return -ERESTARTSYS;
	running->task_state = task_state;
	running->exclusive = exclusive;
	running->timeout = timeout;
	running->state = ASLEEP;
	list_add_tail(&running->link, sleepers);
	switch_to_test(false);
	return running->left;
}

void sim_wake(struct list_head *sleepers, int nr_exclusive)
{
	struct sim_thread *t, *next;

	list_for_each_entry_safe(t, next, sleepers, link) {
		if (t->exclusive && !nr_exclusive)
			continue;
		if (t->exclusive)
			nr_exclusive--;
		rouse(t, t->timeout);
	}
}

void sim_signal(struct sim_thread *t, enum sim_signal sig)
{
	if (t->sig < sig)
		t->sig = sig;
	if (t->state == ASLEEP && signal_ends(t, t->task_state))
		rouse(t, -ERESTARTSYS);
}

bool sim_expire(struct sim_thread *t)
{
	if (t->state != ASLEEP || t->timeout == MAX_SCHEDULE_TIMEOUT)
		return false;
	rouse(t, 0);
	return true;
}

bool sim_is_runnable(const struct sim_thread *t)
{
	return t->state == RUNNABLE;
}

bool sim_is_asleep(const struct sim_thread *t)
{
	return t->state == ASLEEP;
}

bool sim_has_ended(const struct sim_thread *t)
{
	return t->state == ENDED;
}

unsigned int sim_nr_wakeups(const struct sim_thread *t)
{
	return t->nr_wakeups;
}

long sim_timeout(const struct sim_thread *t)
{
	return t->timeout;
}

bool sim_fatal_signal_pending(void)
{
	return running && running->sig == SIM_SIG_FATAL;
}

struct task_struct *sim_current_task(void)
{
	static struct task_struct test_task = { "test", 0 };

	return running ? &running->task : &test_task;
}

/* Locks: the port's is the inner one, and two of a kind never nest. */

void sim_lock_init(struct sim_lock *lock, const char *name)
{
	lock->name = name;
	lock->held = false;
}

static bool *held_flag(const struct sim_lock *lock)
{
	if (!strcmp(lock->name, "&port->lock"))
		return &inner_held;
	if (!strcmp(lock->name, "&src->lock"))
		return &outer_held;
	sim_die("unknown lock %s", lock->name);
}

void sim_lock(struct sim_lock *lock)
{
	bool *flag = held_flag(lock);

	if (lock->held || *flag || inner_held)
		sim_die("lock order: %s", lock->name);
	preempt();
	lock->held = true;
	*flag = true;
}

void sim_unlock(struct sim_lock *lock)
{
	bool *flag = held_flag(lock);

	if (!lock->held || !*flag)
		sim_die("unlock: %s is not held", lock->name);
	lock->held = false;
	*flag = false;
	preempt();
}

/* Memory: counted by kind. */

static struct kind *kind_of(const char *name)
{
	struct kind *kind;

	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++) {
		if (!kind->name)
			kind->name = name;
		if (!strcmp(kind->name, name))
			return kind;
	}
	sim_die("too many kinds of objects");
}

long sim_nr_live(const char *kind)
{
	return kind_of(kind)->nr_live;
}

void *sim_alloc(const char *kind, size_t size)
{
	if (outer_held || inner_held)
		sim_die("allocation of %s under a lock", kind);
	preempt();
	if (sim_alloc_fails_in && !--sim_alloc_fails_in)
		return NULL;
	kind_of(kind)->nr_live++;
	return calloc(1, size);
}

void sim_free(const char *kind, void *p)
{
	kind_of(kind)->nr_live--;
	free(p);
}

struct kmem_cache *sim_cache_create(const char *name, size_t size)
{
	struct kmem_cache *cache = sim_alloc("kmem_cache", sizeof(*cache));

	if (cache) {
		cache->name = name;
		cache->size = size;
	}
	return cache;
}

/* Files and user memory. */

size_t sim_copy_to_iter(const void *addr, size_t bytes, struct iov_iter *to)
{
	if (outer_held || inner_held)
		sim_die("user copy under a lock");
	preempt();
	bytes = min(bytes, to->count);
	bytes = min(bytes, to->good);
	memcpy(to->buf, addr, bytes);
	to->buf += bytes;
	to->count -= bytes;
	to->good -= bytes;
	return bytes;
}

struct file *sim_getfile(const char *name, const struct file_operations *fops,
			 void *priv, unsigned int flags)
{
	struct file *file = sim_alloc("file", sizeof(*file));

	if (!file)
		return ERR_PTR(-ENOMEM);
	if (strcmp(name, "[vmop-port]"))
		sim_die("file name %s", name);
	file->f_op = fops;
	file->private_data = priv;
	file->f_flags = flags;
	return file;
}
