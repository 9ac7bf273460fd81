// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that do one access each; see vmop_thread.h.
 *
 * A thread writes its result, then sets done (release); others look at done
 * (acquire) first and at the result only after that. Signals from mappings
 * come back to the thread by a jump buffer of its own.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmop_thread.h"
#include "vmop_util.h"

struct vmop_thread {
	pthread_t pthread;
	pid_t tid;		/* atomic; 0 until it runs */
	bool done;		/* atomic */
	struct vmop_result res;	/* the thread's until done */

	void (*fn)(struct vmop_thread *t);
	void (*call)(void *arg, struct vmop_result *res);
	void *call_arg;
	int fd;
	__u32 op;
	__u64 off;
	size_t len;
	__u64 key;
	void *addr;
};

/* ---- accesses that may raise a signal ------------------------------------ */

static __thread sigjmp_buf *vmop_mem_jump;
static __thread siginfo_t vmop_mem_info;
/* Bytes that the guarded copy has behind it. */
static __thread size_t vmop_mem_done;

static void vmop_mem_signal(int sig, siginfo_t *info, void *ctx)
{
	(void)ctx;
	if (!vmop_mem_jump) {
		/* Not ours: die of it, as without a handler. */
		signal(sig, SIG_DFL);
		return;
	}
	vmop_mem_info = *info;
	siglongjmp(*vmop_mem_jump, 1);
}

static void __attribute__((constructor)) vmop_mem_catch(void)
{
	struct sigaction sa = {
		.sa_sigaction = vmop_mem_signal,
		.sa_flags = SA_SIGINFO,
	};

	sigaction(SIGBUS, &sa, NULL);
	sigaction(SIGSEGV, &sa, NULL);
}

/* The handler must find what was done before and nothing of what comes after. */
static void vmop_mem_step(size_t done)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&vmop_mem_done, done, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* What is done per step between signals: step bytes, by fn. */
static int vmop_mem_guard(void (*fn)(char *dst, const char *src, size_t n),
			  char *dst, const char *src, size_t len, size_t step,
			  struct vmop_result *res)
{
	sigjmp_buf jump;
	size_t n;

	vmop_mem_step(0);
	if (sigsetjmp(jump, 1)) {
		vmop_mem_jump = NULL;
		if (res) {
			res->ret = vmop_mem_done;
			res->sig = vmop_mem_info.si_signo;
			res->sig_code = vmop_mem_info.si_code;
			res->sig_addr = vmop_mem_info.si_addr;
		}
		return -EFAULT;
	}
	vmop_mem_jump = &jump;
	while (vmop_mem_done < len) {
		n = len - vmop_mem_done;
		if (n > step)
			n = step;
		fn(dst ? dst + vmop_mem_done : NULL, src + vmop_mem_done, n);
		vmop_mem_step(vmop_mem_done + n);
	}
	vmop_mem_jump = NULL;
	if (res)
		res->ret = len;
	return 0;
}

/*
 * Word by word and in order, so that the address of a signal is exact. Atomic
 * accesses: the compiler neither drops, joins nor splits them.
 */
static void vmop_mem_copy(char *dst, const char *src, size_t n)
{
	size_t i = 0;
	__u64 word;

	if (!((uintptr_t)dst & 7) && !((uintptr_t)src & 7)) {
		for (; i + 8 <= n; i += 8) {
			word = __atomic_load_n((const __u64 *)(src + i),
					       __ATOMIC_RELAXED);
			__atomic_signal_fence(__ATOMIC_SEQ_CST);
			__atomic_store_n((__u64 *)(dst + i), word,
					 __ATOMIC_RELAXED);
			__atomic_signal_fence(__ATOMIC_SEQ_CST);
		}
	}
	for (; i < n; i++) {
		__atomic_store_n(dst + i,
				 __atomic_load_n(src + i, __ATOMIC_RELAXED),
				 __ATOMIC_RELAXED);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
	}
}

static void vmop_mem_peek(char *dst, const char *src, size_t n)
{
	(void)dst;
	(void)n;
	(void)__atomic_load_n(src, __ATOMIC_RELAXED);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void vmop_mem_add(char *dst, const char *src, size_t n)
{
	(void)src;
	(void)n;
#ifdef __x86_64__
	__asm__ volatile("incb %0" : "+m" (*dst) : : "cc");
#else
	(*(volatile char *)dst)++;
#endif
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void vmop_mem_copy_down(char *dst, const char *src, size_t n)
{
	(void)n;
#ifdef __x86_64__
	__asm__ volatile("movsb" : "+D" (dst), "+S" (src) : : "memory");
#else
	*(volatile char *)dst = *(const volatile char *)src;
#endif
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

int vmop_mem_read(void *dst, const void *src, size_t len,
		  struct vmop_result *res)
{
	return vmop_mem_guard(vmop_mem_copy, dst, src, len,
			      vmop_test_page_size, res);
}

int vmop_mem_write(void *dst, const void *src, size_t len,
		   struct vmop_result *res)
{
	return vmop_mem_guard(vmop_mem_copy, dst, src, len,
			      vmop_test_page_size, res);
}

int vmop_mem_touch(const void *addr, size_t len, struct vmop_result *res)
{
	return vmop_mem_guard(vmop_mem_peek, NULL, addr, len,
			      vmop_test_page_size, res);
}

/* ---- bodies -------------------------------------------------------------- */

static void vmop_thread_set(struct vmop_thread *t, long ret)
{
	t->res.ret = ret;
	t->res.err = ret < 0 ? errno : 0;
}

/* A buffer whose pages are there, so that only the VMO can block. */
static void *vmop_thread_buf(struct vmop_thread *t)
{
	void *buf = malloc(t->len ? t->len : 1);

	if (!buf)
		abort();
	memset(buf, 0xa5, t->len);
	return buf;
}

static void vmop_thread_do_pread(struct vmop_thread *t)
{
	t->res.buf = vmop_thread_buf(t);
	vmop_thread_set(t, pread(t->fd, t->res.buf, t->len, t->off));
}

static void vmop_thread_do_pwrite(struct vmop_thread *t)
{
	void *buf = vmop_thread_buf(t);

	vmop_test_fill(buf, t->key, t->off, t->len);
	vmop_thread_set(t, pwrite(t->fd, buf, t->len, t->off));
	free(buf);
}

static void vmop_thread_do_touch(struct vmop_thread *t)
{
	vmop_mem_touch(t->addr, t->len, &t->res);
}

static void vmop_thread_do_load(struct vmop_thread *t)
{
	t->res.buf = vmop_thread_buf(t);
	vmop_mem_read(t->res.buf, t->addr, t->len, &t->res);
}

static void vmop_thread_do_store(struct vmop_thread *t)
{
	void *buf = vmop_thread_buf(t);

	vmop_test_fill(buf, t->key, t->off, t->len);
	vmop_mem_write(t->addr, buf, t->len, &t->res);
	free(buf);
}

static void vmop_thread_do_add(struct vmop_thread *t)
{
	vmop_mem_guard(vmop_mem_add, t->addr, NULL, 1, 1, &t->res);
}

static void vmop_thread_do_copy_down(struct vmop_thread *t)
{
	vmop_mem_guard(vmop_mem_copy_down, t->addr, (char *)t->addr + 1, 1, 1,
		       &t->res);
}

static void vmop_thread_do_op(struct vmop_thread *t)
{
	int ret = vmop_test_vmo_op(t->fd, t->op, t->off, t->len,
				   &t->res.actual);

	t->res.ret = ret ? -1 : 0;
	t->res.err = -ret;
}

static void vmop_thread_do_truncate(struct vmop_thread *t)
{
	vmop_thread_set(t, ftruncate(t->fd, t->off));
}

static void vmop_thread_do_call(struct vmop_thread *t)
{
	t->call(t->call_arg, &t->res);
}

/* ---- life ---------------------------------------------------------------- */

static void *vmop_thread_main(void *arg)
{
	struct vmop_thread *t = arg;

	__atomic_store_n(&t->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	t->fn(t);
	__atomic_store_n(&t->done, true, __ATOMIC_RELEASE);
	return NULL;
}

/* Takes a template; the thread owns a copy. */
static struct vmop_thread *vmop_thread_start(const struct vmop_thread *tmpl)
{
	struct vmop_thread *t = malloc(sizeof(*t));
	pthread_attr_t attr;
	int ret;

	if (!t)
		return NULL;
	*t = *tmpl;
	/* Hundreds of threads have to fit into a small machine. */
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 * 1024);
	ret = pthread_create(&t->pthread, &attr, vmop_thread_main, t);
	pthread_attr_destroy(&attr);
	if (ret) {
		fprintf(stderr, "# pthread_create: %s\n", strerror(ret));
		free(t);
		return NULL;
	}
	return t;
}

struct vmop_thread *vmop_thread_pread(int fd, __u64 off, size_t len)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_pread, .fd = fd, .off = off, .len = len });
}

struct vmop_thread *vmop_thread_pwrite(int fd, __u64 off, size_t len,
				       __u64 key)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_pwrite, .fd = fd, .off = off, .len = len,
		.key = key });
}

struct vmop_thread *vmop_thread_touch(const void *addr, size_t len)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_touch, .addr = (void *)addr, .len = len });
}

struct vmop_thread *vmop_thread_load(const void *addr, size_t len)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_load, .addr = (void *)addr, .len = len });
}

struct vmop_thread *vmop_thread_store(void *addr, size_t len, __u64 key,
				      __u64 off)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_store, .addr = addr, .len = len,
		.key = key, .off = off });
}

struct vmop_thread *vmop_thread_add(void *addr)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_add, .addr = addr });
}

struct vmop_thread *vmop_thread_copy_down(void *addr)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_copy_down, .addr = addr });
}

struct vmop_thread *vmop_thread_op(int vmo, __u32 op, __u64 off, __u64 len)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_op, .fd = vmo, .op = op, .off = off,
		.len = len });
}

struct vmop_thread *vmop_thread_truncate(int fd, __u64 size)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_truncate, .fd = fd, .off = size });
}

struct vmop_thread *vmop_thread_call(void (*fn)(void *arg, struct vmop_result *res),
				     void *arg)
{
	return vmop_thread_start(&(struct vmop_thread){
		.fn = vmop_thread_do_call, .call = fn, .call_arg = arg });
}

void vmop_result_free(struct vmop_result *res)
{
	free(res->buf);
	res->buf = NULL;
}

/* ---- looking at them ----------------------------------------------------- */

pid_t vmop_thread_tid(const struct vmop_thread *t)
{
	pid_t tid;

	while (!(tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)))
		vmop_test_nap_ms(1);
	return tid;
}

bool vmop_thread_done(const struct vmop_thread *t)
{
	return __atomic_load_n(&t->done, __ATOMIC_ACQUIRE);
}

int vmop_thread_kill(struct vmop_thread *t, int sig)
{
	return -pthread_kill(t->pthread, sig);
}

struct vmop_thread_wait_arg {
	const struct vmop_thread *t;
	int vmo;
	unsigned int n;
};

static bool vmop_thread_is_blocked(void *arg)
{
	struct vmop_thread_wait_arg *w = arg;
	char state;

	if (vmop_thread_done(w->t))
		return true;
	if (vmop_test_waiters(w->vmo) != w->n)
		return false;
	state = vmop_test_task_state(vmop_thread_tid(w->t));
	return state == 'S' || state == 'D';
}

int vmop_thread_wait_blocked(struct vmop_thread *t, int vmo, unsigned int n)
{
	struct vmop_thread_wait_arg arg = { .t = t, .vmo = vmo, .n = n };
	int ret = vmop_test_poll(vmop_thread_is_blocked, &arg);

	if (!ret && vmop_thread_done(t)) {
		fprintf(stderr, "# the thread has ended: ret %ld, errno %d, signal %d\n",
			t->res.ret, t->res.err, t->res.sig);
		return -ESRCH;
	}
	if (ret)
		fprintf(stderr, "# not blocked: state %c, %u waiters of %u\n",
			vmop_test_task_state(vmop_thread_tid(t)),
			vmop_test_waiters(vmo), n);
	return ret;
}

static bool vmop_thread_is_done(void *arg)
{
	return vmop_thread_done(arg);
}

int vmop_thread_wait(struct vmop_thread *t, struct vmop_result *res)
{
	int ret = vmop_test_poll(vmop_thread_is_done, t);

	if (ret) {
		fprintf(stderr, "# the thread does not end: state %c\n",
			vmop_test_task_state(vmop_thread_tid(t)));
		return ret;
	}
	pthread_join(t->pthread, NULL);
	if (res)
		*res = t->res;
	else
		vmop_result_free(&t->res);
	free(t);
	return 0;
}

static void vmop_thread_no_op(int sig)
{
	(void)sig;
}

int vmop_thread_catch(int sig, bool restart)
{
	struct sigaction sa = {
		.sa_handler = vmop_thread_no_op,
		.sa_flags = restart ? SA_RESTART : 0,
	};

	return sigaction(sig, &sa, NULL) ? -errno : 0;
}
