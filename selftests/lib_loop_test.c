// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of libvmopager, third part: the ready-made pager with threads.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib_mock.h"

#define REQUESTS 3000
#define VMOS 3

static struct {
	atomic_uint seen[REQUESTS + 1];
	atomic_uint wrong_vmo;
	atomic_uint now;
	atomic_uint most;
	atomic_uint completes;
	atomic_uint completed_early;
	atomic_uint dones;
	atomic_int read_result;
	atomic_bool hold;
	atomic_uint starts;
	atomic_uint stops;
	struct vmop_vmo *vmos[VMOS];
} seen;

static void pause_us(long us)
{
	const struct timespec ts = { 0, us * 1000 };

	nanosleep(&ts, NULL);
}

/* Waits up to 10 s. */
#define WAIT_FOR(cond)							\
	do {								\
		int tries_ = 0;						\
		while (!(cond) && tries_++ < 10000)			\
			pause_us(1000);					\
		CHECK(cond);						\
	} while (0)

static int on_read(void *ctx, void *local, struct vmop_vmo *vmo,
		   const struct vmop_port_record *req)
{
	unsigned int n = atomic_fetch_add(&seen.now, 1) + 1;
	unsigned int most = atomic_load(&seen.most);

	(void)local;
	while (n > most &&
	       !atomic_compare_exchange_weak(&seen.most, &most, n))
		;
	if (ctx && *(struct vmop_vmo **)ctx != vmo)
		atomic_fetch_add(&seen.wrong_vmo, 1);
	if (req->id <= REQUESTS)
		atomic_fetch_add(&seen.seen[req->id], 1);
	while (atomic_load(&seen.hold))
		pause_us(500);
	if (req->id % 64 == 0)
		pause_us(200);
	atomic_fetch_sub(&seen.now, 1);
	return atomic_load(&seen.read_result);
}

static void on_complete(void *ctx, struct vmop_vmo *vmo)
{
	(void)ctx;
	CHECK(has_fd(vmop_vmo_fd(vmo)));
	if (atomic_load(&seen.now))
		atomic_fetch_add(&seen.completed_early, 1);
	atomic_fetch_add(&seen.completes, 1);
}

static void on_done(void *ctx, struct vmop_vmo *vmo,
		    const struct vmop_port_record *req, int err, __u64 nsec)
{
	(void)ctx;
	(void)vmo;
	(void)req;
	CHECK_EQ(err, atomic_load(&seen.read_result));
	CHECK(nsec < 60000000000ull);
	atomic_fetch_add(&seen.dones, 1);
}

static const struct vmop_handler handler = {
	.sz = sizeof(handler),
	.read = on_read,
	.complete = on_complete,
	.done = on_done,
};

static int on_start(void *ctx, unsigned int thread, void **local)
{
	if (ctx && thread == *(unsigned int *)ctx)
		return -EMFILE;
	*local = &seen.starts;
	atomic_fetch_add(&seen.starts, 1);
	return 0;
}

static void on_stop(void *ctx, unsigned int thread, void *local)
{
	(void)ctx;
	(void)thread;
	CHECK(local == &seen.starts);
	atomic_fetch_add(&seen.stops, 1);
}

static struct vmop_loop *new_loop(struct vmop_pager *pager,
				  unsigned int threads)
{
	const struct vmop_loop_opts opts = {
		.sz = sizeof(opts),
		.threads = threads,
		.thread_start = on_start,
		.thread_stop = on_stop,
	};
	struct vmop_loop *loop = NULL;

	memset(&seen, 0, sizeof(seen));
	CHECK_EQ(vmop_loop_new(pager, &opts, &loop), 0);
	return loop;
}

static void end_loop(struct vmop_loop *loop, struct vmop_pager *pager)
{
	vmop_loop_free(loop);
	if (mock.port_in >= 0)
		close(mock.port_in);
	mock.port_in = -1;
	end_pager(pager);
}

static bool readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void test_loop_serves_all(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 4);
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	unsigned int i;

	for (i = 0; i < VMOS - 1; i++)
		CHECK_EQ(vmop_loop_add(loop, 16 * PAGE, NULL, &handler,
				       &seen.vmos[i], &seen.vmos[i]), 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	CHECK_EQ(vmop_loop_start(loop), -EALREADY);
	/* One more while the threads run. */
	CHECK_EQ(vmop_loop_add(loop, 16 * PAGE, NULL, &handler,
			       &seen.vmos[i], &seen.vmos[i]), 0);
	/* None of them ends before a second one has begun. */
	atomic_store(&seen.hold, true);
	for (i = 1; i <= REQUESTS; i++)
		put_record(VMOP_RECORD_READ, i % VMOS + 1, 0, PAGE, i);
	WAIT_FOR(atomic_load(&seen.now) > 1);
	atomic_store(&seen.hold, false);
	WAIT_FOR(atomic_load(&seen.dones) == REQUESTS);
	CHECK(!readable(vmop_loop_fd(loop)));
	vmop_loop_stop(loop);
	CHECK_EQ(vmop_loop_join(loop), 0);
	CHECK(readable(vmop_loop_fd(loop)));
	for (i = 1; i <= REQUESTS; i++)
		CHECK_EQ(seen.seen[i], 1);
	CHECK_EQ(seen.wrong_vmo, 0);
	CHECK(seen.most > 1);
	CHECK_EQ(vmop_loop_stats_get(loop, &st), 0);
	CHECK_EQ(st.sz, sizeof(st));
	CHECK_EQ(st.requests, REQUESTS);
	CHECK_EQ(st.requested_bytes, REQUESTS * PAGE);
	CHECK_EQ(st.failed, 0);
	CHECK(st.max_nsec > 0 && st.busy_nsec >= st.max_nsec);
	CHECK_EQ(seen.starts, 4);
	CHECK_EQ(seen.stops, 4);
	CHECK_EQ(seen.completes, 0);
	end_loop(loop, pager);
	CHECK_EQ(seen.completes, VMOS);
}

static void test_loop_fails_requests(void)
{
	static const struct { int ret, err; } table[] = {
		{ -EIO, EIO }, { -EBADMSG, EBADMSG }, { -ENOTCONN, ENOTCONN },
		{ -ENOSPC, ENOSPC }, { -ENOBUFS, ENOBUFS },
		{ -ENOMEM, ENOSPC }, { -EPERM, EIO },
	};
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 1);
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	struct vmop_vmo *vmo;
	unsigned int i;

	CHECK_EQ(vmop_loop_add(loop, 16 * PAGE, NULL, &handler, NULL, &vmo),
		 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		atomic_store(&seen.read_result, table[i].ret);
		put_record(VMOP_RECORD_READ, 1, 0, PAGE, 100 + i);
		WAIT_FOR(atomic_load(&seen.dones) == i + 1);
		CHECK_EQ(mock.fails, i + 1);
		CHECK_EQ(mock.failed_id[i], 100 + i);
		CHECK_EQ(mock.failed_with[i], table[i].err);
	}
	/* Kinds that this handler has no answer to must not hang anybody. */
	put_record(77, 1, 0, PAGE, 500);
	WAIT_FOR(mock.fails == i + 1);
	CHECK_EQ(mock.failed_id[i], 500);
	/* A record of a VMO that was never here. */
	put_record(VMOP_RECORD_READ, 999, 0, PAGE, 501);
	WAIT_FOR(!vmop_loop_stats_get(loop, &st) && st.unknown == 2);
	CHECK_EQ(st.failed, sizeof(table) / sizeof(table[0]));
	end_loop(loop, pager);
}

static void test_loop_completes_last(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 3);
	struct vmop_vmo *vmo, *other;

	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo), 0);
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &other), 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	atomic_store(&seen.hold, true);
	put_record(VMOP_RECORD_READ, 1, 0, PAGE, 1);
	WAIT_FOR(atomic_load(&seen.now) == 1);
	CHECK_EQ(vmop_loop_remove(loop, vmo), 0);
	/* COMPLETE is read by another thread while read() still runs. */
	pause_us(30000);
	CHECK_EQ(seen.completes, 0);
	atomic_store(&seen.hold, false);
	WAIT_FOR(atomic_load(&seen.completes) == 1);
	CHECK_EQ(seen.completed_early, 0);
	CHECK_EQ(vmop_loop_remove(loop, vmo), -ENOENT);
	CHECK_EQ(vmop_loop_remove(loop, other), 0);
	WAIT_FOR(atomic_load(&seen.completes) == 2);
	end_loop(loop, pager);
	CHECK_EQ(seen.completes, 2);
}

static void test_loop_ends_with_pager(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 4);
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo), 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	/* The end of the pipe is what a port says of a closed pager. */
	close(mock.port_in);
	mock.port_in = -1;
	WAIT_FOR(readable(vmop_loop_fd(loop)));
	CHECK_EQ(vmop_loop_join(loop), 0);
	CHECK_EQ(seen.stops, 4);
	end_loop(loop, pager);
	CHECK_EQ(seen.completes, 1);
}

static void test_loop_finishes_taken(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 1);
	struct vmop_vmo *vmo;
	unsigned int i;

	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo), 0);
	for (i = 1; i <= 8; i++)
		put_record(VMOP_RECORD_READ, 1, 0, PAGE, i);
	atomic_store(&seen.hold, true);
	CHECK_EQ(vmop_loop_start(loop), 0);
	WAIT_FOR(atomic_load(&seen.now) == 1);
	vmop_loop_stop(loop);
	atomic_store(&seen.hold, false);
	CHECK_EQ(vmop_loop_join(loop), 0);
	/* One thread takes all eight at once: they are answered. */
	CHECK_EQ(seen.dones, 8);
	end_loop(loop, pager);
}

static void test_loop_start_fails(void)
{
	struct vmop_pager *pager = new_pager();
	unsigned int bad = 2;
	const struct vmop_loop_opts opts = {
		.sz = sizeof(opts),
		.threads = 4,
		.ctx = &bad,
		.thread_start = on_start,
		.thread_stop = on_stop,
	};
	struct vmop_loop *loop;

	memset(&seen, 0, sizeof(seen));
	CHECK_EQ(vmop_loop_new(pager, &opts, &loop), 0);
	CHECK_EQ(vmop_loop_start(loop), -EMFILE);
	CHECK_EQ(seen.starts, 2);
	CHECK_EQ(seen.stops, 2);
	CHECK_EQ(vmop_loop_join(loop), 0);
	end_loop(loop, pager);
}

static void test_loop_refuses(void)
{
	struct vmop_vmo_opts o = { .sz = sizeof(o), .key = 5 };
	struct vmop_handler none = { .sz = sizeof(none) };
	struct { struct vmop_handler h; void *newer; } big = {
		.h = { .sz = sizeof(big), .read = on_read }, .newer = &big,
	};
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 1);
	struct vmop_loop_stats st = { 0 };
	struct vmop_vmo *vmo = NULL;

	CHECK_EQ(vmop_loop_add(loop, PAGE, &o, &handler, NULL, &vmo), -EINVAL);
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &none, NULL, &vmo), -EINVAL);
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &big.h, NULL, &vmo), -E2BIG);
	mock.fail_with = ERANGE;
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo),
		 -ERANGE);
	CHECK(!vmo);
	CHECK_EQ(vmop_loop_stats_get(loop, &st), -EINVAL);
	end_loop(loop, pager);
	/* A loop whose port could not be made leaves nothing behind. */
	pager = new_pager();
	mock.fail_with = EMFILE;
	CHECK_EQ(vmop_loop_new(pager, NULL, &loop), -EMFILE);
	end_pager(pager);
}

const struct lib_test loop_tests[] = {
	{ "loop: each request once, by several threads", test_loop_serves_all },
	{ "loop: errors become failed requests", test_loop_fails_requests },
	{ "loop: complete comes last and once", test_loop_completes_last },
	{ "loop: ends with its pager", test_loop_ends_with_pager },
	{ "loop: stop answers what was taken", test_loop_finishes_taken },
	{ "loop: a thread that cannot start", test_loop_start_fails },
	{ "loop: refuses what cannot be", test_loop_refuses },
	{ NULL, NULL }
};
