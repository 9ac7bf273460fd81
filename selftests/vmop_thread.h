/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that do one access each, and accesses to mappings that survive
 * SIGBUS and SIGSEGV.
 *
 * Start a thread, prove with vmop_thread_wait_blocked() that it sleeps in the
 * wait for the pager, answer as the pager, then take the result:
 *
 *	t = vmop_thread_pread(vmo.fd, PG(0), PG(1));
 *	ASSERT_EQ(0, vmop_thread_wait_blocked(t, vmo.fd, 1));
 *	...
 *	ASSERT_EQ(0, vmop_thread_wait(t, &res));
 *	EXPECT_EQ(PG(1), res.ret);
 *
 * vmop_thread_wait() frees the thread when it returns 0. A thread that is
 * never waited for ends with the test's process.
 */
#ifndef VMOP_THREAD_H
#define VMOP_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/types.h>

/* What an access came to. */
struct vmop_result {
	long ret;	/* what the call returned; -1 when it failed; mappings: bytes done */
	int err;	/* errno of a failed call, 0 otherwise */
	int sig;	/* SIGBUS or SIGSEGV that a mapping raised, 0 otherwise */
	int sig_code;	/* si_code of it */
	void *sig_addr;	/* si_addr of it */
	__u64 actual;	/* out_actual of an ioctl */
	void *buf;	/* bytes that pread or a mapping read; until vmop_result_free() */
};

/* Free what the result holds. Harmless on a zeroed or freed result. */
void vmop_result_free(struct vmop_result *res);

/*
 * Copy from or to memory that may raise a signal: 0, or -EFAULT with the
 * signal in *res (may be NULL). For the calling thread.
 */
int vmop_mem_read(void *dst, const void *src, size_t len,
		  struct vmop_result *res);
int vmop_mem_write(void *dst, const void *src, size_t len,
		   struct vmop_result *res);
/* Read one byte of each page. */
int vmop_mem_touch(const void *addr, size_t len, struct vmop_result *res);

struct vmop_thread;

/* Each returns a running thread, or NULL. */

/* pread(fd, off, len) into a buffer of its own, touched before. */
struct vmop_thread *vmop_thread_pread(int fd, __u64 off, size_t len);
/* pwrite(fd, off, len) of the pattern of key. */
struct vmop_thread *vmop_thread_pwrite(int fd, __u64 off, size_t len,
				       __u64 key);
/* Read memory [addr, addr + len), the first byte of each page. */
struct vmop_thread *vmop_thread_touch(const void *addr, size_t len);
/* Copy memory [addr, addr + len) out, whole, into res.buf. */
struct vmop_thread *vmop_thread_load(const void *addr, size_t len);
/* Write the pattern of key at off into memory [addr, addr + len). */
struct vmop_thread *vmop_thread_store(void *addr, size_t len, __u64 key,
				      __u64 off);
/*
 * By one instruction, where the machine has one, that loads and stores: add one to
 * the byte at addr, or copy the byte behind it there. The first may look to memory
 * like a store from the beginning; the second begins with a load everywhere.
 */
struct vmop_thread *vmop_thread_add(void *addr);
struct vmop_thread *vmop_thread_copy_down(void *addr);
/* VMOP_VMO_OP_RANGE on a VMO: COMMIT, PREFETCH, ZERO, ... */
struct vmop_thread *vmop_thread_op(int vmo, __u32 op, __u64 off, __u64 len);
/* ftruncate(fd, size). */
struct vmop_thread *vmop_thread_truncate(int fd, __u64 size);
/* Anything: fn fills *res; it starts zeroed. */
struct vmop_thread *vmop_thread_call(void (*fn)(void *arg, struct vmop_result *res),
				     void *arg);

pid_t vmop_thread_tid(const struct vmop_thread *t);
bool vmop_thread_done(const struct vmop_thread *t);
/* Send it a signal (vmop_thread_catch() makes one that only interrupts). */
int vmop_thread_kill(struct vmop_thread *t, int sig);

/*
 * Wait until n threads wait for the VMO's pager and this one sleeps. 0, or
 * -ETIMEDOUT; -ESRCH when the thread has ended.
 */
int vmop_thread_wait_blocked(struct vmop_thread *t, int vmo, unsigned int n);
/* Wait for its end. 0, or -ETIMEDOUT: the thread then still exists. */
int vmop_thread_wait(struct vmop_thread *t, struct vmop_result *res);

/* Install a handler for sig that does nothing, with SA_RESTART or without. */
int vmop_thread_catch(int sig, bool restart);

#endif /* VMOP_THREAD_H */
