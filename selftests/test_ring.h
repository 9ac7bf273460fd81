/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small io_uring client on bare system calls: enough to submit one request
 * at a time and to wait for its completion with a time limit. The tests need
 * nothing of liburing, so they do not depend on it.
 */
#ifndef VMOP_TEST_RING_H
#define VMOP_TEST_RING_H

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <linux/io_uring.h>

struct test_ring {
	int fd;
	unsigned int *sq_tail;
	unsigned int *sq_mask;
	unsigned int *sq_array;
	unsigned int *cq_head;
	unsigned int *cq_tail;
	unsigned int *cq_mask;
	struct io_uring_cqe *cqes;
	struct io_uring_sqe *sqes;
	void *sq_mem;
	size_t sq_bytes;
	void *cq_mem;
	size_t cq_bytes;
	size_t sqe_bytes;
};

/* Returns 0, or -errno: -ENOSYS and -EPERM mean that there is no io_uring. */
static inline int test_ring_init(struct test_ring *ring, unsigned int entries)
{
	struct io_uring_params p = { 0 };
	char *sq, *cq;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(__NR_io_uring_setup, entries, &p);
	if (ring->fd < 0)
		return -errno;
	ring->sq_bytes = p.sq_off.array + p.sq_entries * sizeof(__u32);
	ring->cq_bytes = p.cq_off.cqes +
			 p.cq_entries * sizeof(struct io_uring_cqe);
	ring->sqe_bytes = p.sq_entries * sizeof(struct io_uring_sqe);
	ring->sq_mem = mmap(NULL, ring->sq_bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->cq_mem = mmap(NULL, ring->cq_bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->sqes = mmap(NULL, ring->sqe_bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED, ring->fd, IORING_OFF_SQES);
	if (ring->sq_mem == MAP_FAILED || ring->cq_mem == MAP_FAILED ||
	    ring->sqes == MAP_FAILED) {
		int err = -errno;

		close(ring->fd);
		return err;
	}
	sq = ring->sq_mem;
	cq = ring->cq_mem;
	ring->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	ring->sq_mask = (unsigned int *)(sq + p.sq_off.ring_mask);
	ring->sq_array = (unsigned int *)(sq + p.sq_off.array);
	ring->cq_head = (unsigned int *)(cq + p.cq_off.head);
	ring->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	ring->cq_mask = (unsigned int *)(cq + p.cq_off.ring_mask);
	ring->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
	return 0;
}

static inline void test_ring_exit(struct test_ring *ring)
{
	munmap(ring->sqes, ring->sqe_bytes);
	munmap(ring->cq_mem, ring->cq_bytes);
	munmap(ring->sq_mem, ring->sq_bytes);
	close(ring->fd);
}

/* Hands one request to the kernel; returns 0 or -errno. */
static inline int test_ring_submit(struct test_ring *ring,
				   const struct io_uring_sqe *sqe)
{
	unsigned int tail = *ring->sq_tail;
	unsigned int slot = tail & *ring->sq_mask;

	ring->sqes[slot] = *sqe;
	ring->sq_array[slot] = slot;
	__atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
	if (syscall(__NR_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) != 1)
		return -errno;
	return 0;
}

static inline int test_ring_rw(struct test_ring *ring, __u8 opcode, int fd,
			       void *buf, size_t len, __u64 off, __u64 user_data)
{
	struct io_uring_sqe sqe = {
		.opcode = opcode,
		.fd = fd,
		.addr = (uintptr_t)buf,
		.len = len,
		.off = off,
		.user_data = user_data,
	};

	return test_ring_submit(ring, &sqe);
}

static inline int test_ring_cancel(struct test_ring *ring, __u64 victim,
				   __u64 user_data)
{
	struct io_uring_sqe sqe = {
		.opcode = IORING_OP_ASYNC_CANCEL,
		.fd = -1,
		.addr = victim,
		.user_data = user_data,
	};

	return test_ring_submit(ring, &sqe);
}

/* Takes one completion; returns 0, or -ETIMEDOUT when none came in time. */
static inline int test_ring_wait(struct test_ring *ring,
				 struct io_uring_cqe *cqe, int timeout_ms)
{
	struct pollfd pfd = { .fd = ring->fd, .events = POLLIN };
	unsigned int head = *ring->cq_head;

	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE) &&
	    poll(&pfd, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	if (head == __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE))
		return -ETIMEDOUT;
	*cqe = ring->cqes[head & *ring->cq_mask];
	__atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
	return 0;
}

static inline int test_ring_register(struct test_ring *ring, void *buf,
				     size_t len)
{
	struct iovec iov = { .iov_base = buf, .iov_len = len };

	if (syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS,
		    &iov, 1) < 0)
		return -errno;
	return 0;
}

#endif /* VMOP_TEST_RING_H */
