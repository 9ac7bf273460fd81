/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every test needs and no test framework: raw ioctl wrappers, content
 * patterns, bounded waiting, questions to /proc.
 *
 * Nothing here knows the harness, so the forked test pager can use it too.
 * Every function that can fail returns 0 (or a descriptor, or a count) or a
 * negative errno, as the kernel does: a failed assertion then shows why.
 * Offsets and lengths are bytes; PG(n) turns pages into bytes.
 */
#ifndef VMOP_UTIL_H
#define VMOP_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <linux/vmopager.h>

#define VMOP_TEST_DEV "/dev/vmopager"

/* Bytes of a page; set before main() runs. */
extern __u64 vmop_test_page_size;

/* n pages in bytes. */
#define PG(n) ((__u64)(n) * vmop_test_page_size)

/*
 * Time. Nothing sleeps blindly: what has to happen is polled for, and it has
 * failed when it did not happen in vmop_test_timeout_ms(): 10 s, or 100 s when
 * the environment has VMOP_SLOW (debug kernels under emulation).
 */
int vmop_test_scale(void);
int vmop_test_timeout_ms(void);
__u64 vmop_test_now_ms(void);
void vmop_test_nap_ms(int ms);

/* Poll cond(arg) until it is true: 0, or -ETIMEDOUT. */
int vmop_test_poll(bool (*cond)(void *arg), void *arg);

/* The thread (0: this one) runs on the first processor only: 0 or -errno. */
int vmop_test_use_cpu0(pid_t tid);

/*
 * With hold the calling thread runs there before all normal ones, and so the
 * thread tid does not run at all until this one sleeps, or calls this without
 * hold: 0 or -errno.
 */
int vmop_test_hold_cpu0(pid_t tid, bool hold);

/*
 * Have reclaim take the clean pages of all VMOs that were not used since it looked
 * last: 0 or -errno.
 */
int vmop_test_reclaim(void);

/* ---- raw ioctls: 0 or -errno; fds: fd or -errno ------------------------- */

/* Any command, any structure. */
int vmop_test_ioctl(int fd, unsigned long cmd, void *arg);

int vmop_test_open_pager(void);
int vmop_test_info(int pager, struct vmop_info *info);
int vmop_test_port_create(int pager);

/* All fields but size; a NULL name is an empty one. Returns the VMO's fd. */
struct vmop_test_vmo_args {
	__u32 flags;
	__s32 payer_fd;		/* 0 stands for -1: the caller's own cgroup */
	__u64 key;
	__u64 length;
	const char *name;
	__u32 max_request_pages;
	__u32 deadline_ms;
	__u32 deadline_action;
	__u64 dirty_limit;
};

int vmop_test_pager_vmo_create(int pager, int port,
			       const struct vmop_test_vmo_args *args);
int vmop_test_vmo_create(int pager, __u32 flags, __u64 length);
int vmop_test_detach(int pager, int vmo);

/* @actual may be NULL; it is set to out_actual also when the call fails. */
int vmop_test_supply(int pager, int vmo, __u64 offset, __u64 length, int aux,
		     __u64 aux_offset, __u64 *actual);
int vmop_test_supply_copy(int pager, int vmo, __u64 offset, __u64 length,
			  const void *src, __u64 *actual);
int vmop_test_supply_zero(int pager, int vmo, __u64 offset, __u64 length,
			  __u64 *actual);
int vmop_test_supply_file(int pager, int vmo, __u64 offset, __u64 length,
			  int src, __u64 src_offset, __u64 *actual);
int vmop_test_op_range(int pager, int vmo, __u32 op, __u64 offset,
		       __u64 length, __u64 data, __u32 fail_types,
		       __u64 *actual);
int vmop_test_fail(int pager, int vmo, __u64 offset, __u64 length, int err);
int vmop_test_fail_id(int pager, int vmo, __u64 id, int err);

int vmop_test_vmo_op(int vmo, __u32 op, __u64 offset, __u64 length,
		     __u64 *actual);
int vmop_test_set_size(int vmo, __u64 length);
int vmop_test_get_info(int vmo, struct vmop_vmo_get_info *info);
int vmop_test_set_name(int vmo, const char *name);

/* A new open of the same object through /proc/self/fd. fd or -errno. */
int vmop_test_reopen(int fd, int open_flags);

/* pread/pwrite once: count or -errno. */
ssize_t vmop_test_pread(int fd, void *buf, size_t len, __u64 off);
ssize_t vmop_test_pwrite(int fd, const void *buf, size_t len, __u64 off);

/* ---- content ------------------------------------------------------------ */

/* The 64-bit word at byte offset off (a multiple of 8) of the VMO with key. */
__u64 vmop_test_word(__u64 key, __u64 off);
/* The byte at any offset. */
__u8 vmop_test_byte(__u64 key, __u64 off);
/* Fill buf with the content of [off, off + len). */
void vmop_test_fill(void *buf, __u64 key, __u64 off, size_t len);
/*
 * Compare: true when equal. Otherwise says on stderr what is wrong where.
 * Not safe against SIGBUS: for mappings see vmop_test_mem_read().
 */
bool vmop_test_check(const void *buf, __u64 key, __u64 off, size_t len);
bool vmop_test_check_zero(const void *buf, __u64 off, size_t len);

/* pread() the range of a VMO and compare it with the pattern or with zeros. */
bool vmop_test_check_fd(int fd, __u64 key, __u64 off, size_t len);
bool vmop_test_check_fd_zero(int fd, __u64 off, size_t len);

/* ---- questions ---------------------------------------------------------- */

/*
 * Same object in the same state? The counters (out_requests and the like) and
 * out_num_waiters are left out.
 */
bool vmop_test_same_info(const struct vmop_vmo_get_info *a,
			 const struct vmop_vmo_get_info *b);
/* Field of GET_INFO, or ~0 when the call fails. */
__u64 vmop_test_committed(int vmo);
__u64 vmop_test_requests(int vmo);
__u32 vmop_test_waiters(int vmo);

/* Wait until exactly n threads wait for the VMO's pager. 0 or -ETIMEDOUT. */
int vmop_test_wait_waiters(int vmo, unsigned int n);

/* Page frame numbers of mapped, present pages (root only). 0 or -errno. */
int vmop_test_pfns(const void *addr, size_t nr_pages, __u64 *pfns);

/* Is the page in this process' page table? Reads /proc/self/pagemap. */
bool vmop_test_pte_present(const void *addr);

/* One letter of /proc/self/task/TID/stat, or 0: R running, S sleeping, ... */
char vmop_test_task_state(pid_t tid);

#endif /* VMOP_UTIL_H */
