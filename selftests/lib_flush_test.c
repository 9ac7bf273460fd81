// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of libvmopager, third part: dirty content, the flusher, and the
 * loop's answers to DIRTY and WRITEBACK. The VMO behind it is a model of one
 * letter a page:
 *
 *	.  clean or absent	d  dirty	a  dirty, being written
 *	z  dirty zeros		y  dirty zeros, being written
 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib_mock.h"

#define PAGES 400
#define ANSWERED 16

/* What happened, in words: "B0+2 W0+8192 T9000 S E0+2". Guarded by mock.lock. */
static struct {
	char page[PAGES + 1];
	__u64 size;		/* bytes, exact */
	char log[4096];
	size_t logged;
	/* Callbacks fail with it when they come to this offset. */
	__u64 bad_offset;
	int bad_write;
	int bad_sync;
	/* The next write makes the VMO that long. */
	__u64 resize_to;
	unsigned char seen[PAGES * 4096];
	atomic_uint inside;
	atomic_uint most;
	atomic_uint flushes;
	atomic_bool hold;
	/* WRITEBACK records that were answered. */
	__u64 id[ANSWERED];
	int answer[ANSWERED];
	unsigned int answers;
} m;

static void event(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void event(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(m.log + m.logged, sizeof(m.log) - m.logged, fmt, ap);
	va_end(ap);
	if (n > 0 && m.logged + (size_t)n < sizeof(m.log))
		m.logged += (size_t)n;
}

static __u64 pages_now(void)
{
	return (m.size + PAGE - 1) / PAGE;
}

static char zeros(char c)
{
	return c == 'z' || c == 'y';
}

static int model_query(struct vmop_query_dirty *q)
{
	struct vmop_dirty_range *out = (void *)(unsigned long)q->ranges_uptr;
	__u64 p = q->offset / PAGE, end = p + q->length / PAGE, from;

	q->out_actual = 0;
	q->out_avail = 0;
	while (p < end) {
		if (m.page[p] == '.') {
			p++;
			continue;
		}
		from = p++;
		while (p < end && m.page[p] != '.' &&
		       zeros(m.page[p]) == zeros(m.page[from]))
			p++;
		if (q->out_actual < q->nr_ranges)
			out[q->out_actual++] = (struct vmop_dirty_range){
				.offset = from * PAGE,
				.length = p * PAGE - from * PAGE,
				.flags = zeros(m.page[from]) ?
						 VMOP_DIRTY_ZERO : 0,
			};
		else if (!(q->flags & VMOP_QUERY_AVAIL))
			break;
		q->out_avail += !!(q->flags & VMOP_QUERY_AVAIL);
	}
	return 0;
}

static void model_begin(const struct vmop_op_range *op)
{
	__u64 p = op->offset / PAGE, end = p + op->length / PAGE;
	bool from_start = false;

	for (; p < end; p++) {
		if (zeros(m.page[p]) && (!p || !zeros(m.page[p - 1])))
			from_start = true;
		if (!zeros(m.page[p]))
			from_start = false;
		if (m.page[p] == 'd' && !op->data)
			m.page[p] = 'a';
		if (m.page[p] == 'z' && from_start)
			m.page[p] = 'y';
	}
}

static int model_op(struct vmop_op_range *op)
{
	__u64 p = op->offset / PAGE, n = op->length / PAGE, i;

	if (op->op == VMOP_PAGER_OP_FAIL) {
		if (m.answers < ANSWERED) {
			m.id[m.answers] = op->id;
			m.answer[m.answers++] = (int)op->data;
		}
		return 0;
	}
	event("%c%llu+%llu%s ", "?FDBE"[op->op], p, n,
	      op->data & VMOP_DIRTY_ZERO ? "z" : "");
	if (p + n > pages_now()) {
		m.log[m.logged - 1] = '!';
		event(" ");
		errno = ERANGE;
		return -1;
	}
	if (op->op == VMOP_PAGER_OP_WRITEBACK_BEGIN)
		model_begin(op);
	for (i = p; i < p + n; i++) {
		if (op->op == VMOP_PAGER_OP_DIRTY)
			m.page[i] = 'd';
		else if (op->op == VMOP_PAGER_OP_WRITEBACK_END &&
			 (m.page[i] == 'a' || m.page[i] == 'y'))
			m.page[i] = '.';
	}
	return 0;
}

static int model(int fd, unsigned long cmd, void *arg)
{
	struct vmop_vmo_get_info *info = arg;

	(void)fd;
	switch (cmd) {
	case VMOP_VMO_GET_INFO:
		info->out_size = pages_now() * PAGE;
		info->out_content_size = m.size;
		return 0;
	case VMOP_QUERY_DIRTY:
		return model_query(arg);
	case VMOP_OP_RANGE:
		return model_op(arg);
	}
	return 1;
}

static int on_write(void *ctx, const void *data, __u64 offset, size_t length)
{
	unsigned int n = atomic_fetch_add(&m.inside, 1) + 1;
	int fd = vmop_vmo_fd(ctx), ret = 0;

	if (n > atomic_load(&m.most))
		atomic_store(&m.most, n);
	CHECK_EQ((unsigned long)data % PAGE, 0);
	pthread_mutex_lock(&mock.lock);
	event("W%llu+%zu ", offset / PAGE, length);
	if (m.bad_write && offset == m.bad_offset)
		ret = m.bad_write;
	else
		memcpy(m.seen + offset, data, length);
	if (m.resize_to) {
		m.size = m.resize_to;
		CHECK_EQ(ftruncate(fd, (off_t)m.size), 0);
		memset(m.page + pages_now(), '.', PAGES - pages_now());
		m.resize_to = 0;
	}
	pthread_mutex_unlock(&mock.lock);
	while (atomic_load(&m.hold))
		nanosleep(&(struct timespec){ 0, 500000 }, NULL);
	atomic_fetch_sub(&m.inside, 1);
	return ret;
}

static int on_zero(void *ctx, __u64 offset, __u64 length)
{
	(void)ctx;
	pthread_mutex_lock(&mock.lock);
	event("Z%llu+%llu ", offset / PAGE, length);
	memset(m.seen + offset, 0, length);
	pthread_mutex_unlock(&mock.lock);
	return 0;
}

static int on_truncate(void *ctx, __u64 size)
{
	(void)ctx;
	pthread_mutex_lock(&mock.lock);
	event("T%llu ", size);
	pthread_mutex_unlock(&mock.lock);
	return 0;
}

static int on_sync(void *ctx)
{
	(void)ctx;
	atomic_fetch_add(&m.flushes, 1);
	pthread_mutex_lock(&mock.lock);
	event("S ");
	pthread_mutex_unlock(&mock.lock);
	return m.bad_sync;
}

/**
 * struct scene - what a test works with
 * @pager: the mock's
 * @vmo: of the model
 * @f: its flusher
 * @ops: of the flusher
 */
struct scene {
	struct vmop_pager *pager;
	struct vmop_vmo *vmo;
	struct vmop_flusher *f;
	struct vmop_flush_ops ops;
};

/* A VMO of @size bytes whose pages are as the letters say. */
static void scene(struct scene *s, __u64 size, const char *pages)
{
	unsigned char *map;
	__u64 i;

	memset(&m, 0, sizeof(m));
	memset(m.page, '.', PAGES);
	memcpy(m.page, pages, strlen(pages));
	memset(m.seen, 0xee, sizeof(m.seen));
	m.size = size;
	s->pager = new_pager();
	CHECK_EQ(vmop_vmo_new_anon(s->pager, size, NULL, &s->vmo), 0);
	map = mmap(NULL, size, PROT_WRITE, MAP_SHARED, vmop_vmo_fd(s->vmo), 0);
	for (i = 0; i < size; i++)
		map[i] = (unsigned char)(i / PAGE + i);
	munmap(map, size);
	mock.hook = model;
	s->ops.sz = sizeof(s->ops);
	s->ops.write = on_write;
	s->ops.zero = on_zero;
	s->ops.truncate = on_truncate;
	s->ops.sync = on_sync;
	CHECK_EQ(vmop_flusher_new(s->pager, s->vmo, &s->ops, s->vmo, &s->f), 0);
}

static void end_scene(struct scene *s)
{
	mock.hook = NULL;
	vmop_flusher_free(s->f);
	vmop_vmo_close(s->vmo);
	end_pager(s->pager);
}

/* Flushes; the events, in two parts, and the pages must be these then. */
static void expect(struct scene *s, int result, const char *events,
		   const char *then, const char *pages)
{
	size_t len = strlen(events);

	m.logged = 0;
	m.log[0] = 0;
	CHECK_EQ(vmop_flusher_run(s->f), result);
	if (strncmp(m.log, events, len) || strcmp(m.log + len, then)) {
		printf("#   %s\n#   not %s%s\n", m.log, events, then);
		CHECK(!"events");
	}
	if (strncmp(m.page, pages, strlen(pages))) {
		printf("#   %.20s\n#   not %s\n", m.page, pages);
		CHECK(!"pages");
	}
}

static void test_wrappers(void)
{
	VMOP_OPTS(vmop_query_opts, query, .flags = VMOP_QUERY_AVAIL);
	struct vmop_query_stats stats = { .size = sizeof(stats) };
	struct vmop_op_range *op = (void *)mock.arg[0];
	struct vmop_query_dirty *q = (void *)mock.arg[0];
	struct vmop_query_stats *st = (void *)mock.arg[0];
	struct vmop_dirty_range r[2];
	struct scene s = { 0 };

	scene(&s, 8 * PAGE, ".dd.z.d.");
	reset();
	CHECK_EQ(vmop_pager_writeback_begin(s.pager, s.vmo, PAGE, 2 * PAGE,
					    VMOP_DIRTY_ZERO), 0);
	CHECK_EQ(op->op, VMOP_PAGER_OP_WRITEBACK_BEGIN);
	CHECK_EQ(op->data, VMOP_DIRTY_ZERO);
	CHECK_EQ(op->vmo_fd, vmop_vmo_fd(s.vmo));
	reset();
	CHECK_EQ(vmop_pager_writeback_done(s.pager, s.vmo, 7, -EDQUOT), 0);
	CHECK_EQ(op->id, 7);
	CHECK_EQ(op->data, ENOSPC);
	CHECK_EQ(op->offset + op->length, 0);
	reset();
	CHECK_EQ(vmop_pager_writeback_done(s.pager, s.vmo, 8, 0), 0);
	CHECK_EQ(op->id, 8);
	CHECK_EQ(op->data, 0);
	reset();
	CHECK_EQ(vmop_pager_query_dirty(s.pager, s.vmo, 0, 8 * PAGE, r, 2,
					&query), 0);
	CHECK_EQ(q->flags, VMOP_QUERY_AVAIL);
	CHECK_EQ(query.out_actual, 2);
	CHECK_EQ(query.out_avail, 3);
	CHECK_EQ(r[0].offset, PAGE);
	CHECK_EQ(r[0].length, 2 * PAGE);
	CHECK_EQ(r[1].flags, VMOP_DIRTY_ZERO);
	reset();
	mock.fail_with = EBADF;
	CHECK_EQ(vmop_pager_query_stats(s.pager, s.vmo, VMOP_STATS_RESET,
					&stats), -EBADF);
	CHECK_EQ(st->flags, VMOP_STATS_RESET);
	CHECK_EQ(st->vmo_fd, vmop_vmo_fd(s.vmo));
	stats.size = 0;
	CHECK_EQ(vmop_pager_query_stats(s.pager, s.vmo, 0, &stats), -EINVAL);
	CHECK_EQ(vmop_fail_errno(-EBADMSG), EBADMSG);
	CHECK_EQ(vmop_fail_errno(EPERM), EIO);
	end_scene(&s);
}

/* The two questions go to their own descriptor, and nothing old goes along. */
static void test_latency(void)
{
	struct vmop_query_latency l = { .flags = 1, .__reserved = 2 };
	struct vmop_query_latency *sent = (void *)mock.arg[0];
	struct scene s = { 0 };

	scene(&s, PAGE, ".");
	CHECK_EQ(vmop_vmo_latency(s.vmo, VMOP_LATENCY_WAKE, &l), -EINVAL);
	l.size = sizeof(l);
	reset();
	mock.fail_with = EOPNOTSUPP;
	CHECK_EQ(vmop_vmo_latency(s.vmo, VMOP_LATENCY_WAKE, &l), -EOPNOTSUPP);
	CHECK(strstr(vmop_errmsg(), "no pager"));
	CHECK_EQ(mock.calls, 1);
	CHECK_EQ(mock.cmd[0], VMOP_QUERY_LATENCY);
	CHECK_EQ(sent->stage, VMOP_LATENCY_WAKE);
	CHECK_EQ(sent->flags, 0);
	CHECK_EQ(sent->__reserved, 0);
	reset();
	mock.fail_with = EINVAL;
	CHECK_EQ(vmop_pager_latency(s.pager, VMOP_LATENCY_NR_STAGES, &l),
		 -EINVAL);
	CHECK_EQ(mock.cmd[0], VMOP_QUERY_LATENCY);
	CHECK_EQ(sent->stage, VMOP_LATENCY_NR_STAGES);
	end_scene(&s);
}

static void test_dirty_shorter(void)
{
	struct scene s = { 0 };

	scene(&s, 4 * PAGE, "....");
	/* It reached to page 6 when the request was made. */
	CHECK_EQ(vmop_pager_dirty(s.pager, s.vmo, 2 * PAGE, 4 * PAGE), 0);
	CHECK(!strncmp(m.page, "..dd.", 5));
	CHECK_EQ(vmop_flusher_grant(s.f, 5 * PAGE, PAGE), 0);
	CHECK_EQ(vmop_flusher_grant(s.f, 0, PAGE), 0);
	CHECK(!strncmp(m.page, "d.dd.", 5));
	mock.fail_with = ENOENT;
	CHECK_EQ(vmop_pager_dirty(s.pager, s.vmo, 0, PAGE), -ENOENT);
	end_scene(&s);
}

static void test_iter(void)
{
	struct vmop_dirty_iter *it;
	struct vmop_dirty_range r;
	struct scene s = { 0 };
	__u64 next = 0;
	unsigned int n = 0, i;

	scene(&s, PAGES * PAGE, "");
	for (i = 0; i < PAGES; i += 2)
		m.page[i] = 'd';
	CHECK_EQ(vmop_dirty_iter_new(s.pager, s.vmo, 0, VMOP_TO_END, &it), 0);
	while (vmop_dirty_iter_next(it, &r) == 1) {
		CHECK_EQ(r.offset, next);
		CHECK_EQ(r.length, PAGE);
		next = r.offset + 2 * PAGE;
		/* The end comes closer while it walks. */
		if (++n == 100)
			m.size = 300 * PAGE;
	}
	CHECK_EQ(n, 150);
	CHECK_EQ(vmop_dirty_iter_next(it, &r), 0);
	vmop_dirty_iter_free(it);
	CHECK_EQ(vmop_dirty_iter_new(s.pager, s.vmo, 10 * PAGE, 4 * PAGE, &it),
		 0);
	CHECK_EQ(vmop_dirty_iter_next(it, &r), 1);
	CHECK_EQ(r.offset, 10 * PAGE);
	CHECK_EQ(vmop_dirty_iter_next(it, &r), 1);
	CHECK_EQ(vmop_dirty_iter_next(it, &r), 0);
	vmop_dirty_iter_free(it);
	end_scene(&s);
}

static void test_flush_order(void)
{
	struct vmop_flush_stats st = { .sz = sizeof(st) };
	struct scene s = { .ops.piece = 2 * PAGE };
	unsigned int i;

	scene(&s, 9 * PAGE + 100, ".ddd.zzzdz");
	expect(&s, 0, "B1+2 W1+8192 B3+1 W3+4096 B5+3z Z5+12288 B8+1 W8+4096 ",
	       "B9+1z Z9+100 T36964 S E1+2 E3+1 E5+3 E8+1 E9+1 ", "..........");
	for (i = PAGE; i < 4 * PAGE; i++)
		CHECK_EQ(m.seen[i], (unsigned char)(i / PAGE + i));
	CHECK_EQ(m.seen[4 * PAGE], 0xee);
	CHECK_EQ(m.seen[9 * PAGE + 99], 0);
	CHECK_EQ(m.seen[9 * PAGE + 100], 0xee);
	/* Nothing to do is nothing done. */
	expect(&s, 0, "", "", "..........");
	/* Only the size changed. */
	m.size += 5;
	expect(&s, 0, "T36969 S ", "", "..........");
	/* A page that is not whole. */
	m.page[9] = 'd';
	CHECK_EQ(ftruncate(vmop_vmo_fd(s.vmo), (off_t)m.size), 0);
	expect(&s, 0, "B9+1 W9+105 T36969 S E9+1 ", "", "..........");
	CHECK_EQ(vmop_flusher_stats_get(s.f, &st), 0);
	CHECK_EQ(st.flushes, 4);
	CHECK_EQ(st.failed, 0);
	CHECK_EQ(st.written, 4 * PAGE + 105);
	CHECK_EQ(st.zeroed, 3 * PAGE + 100);
	CHECK_EQ(st.syncs, 3);
	end_scene(&s);
}

static void test_flush_batches(void)
{
	struct scene s = { .ops.piece = PAGE, .ops.batch = 2 * PAGE };

	scene(&s, 8 * PAGE, "dddzzz..");
	expect(&s, 0, "B0+1 W0+4096 B1+1 W1+4096 T32768 S E0+1 E1+1 ",
	       "B2+1 W2+4096 B3+3z Z3+12288 T32768 S E2+1 E3+3 ", "........");
	end_scene(&s);
}

static void test_flush_errors(void)
{
	struct scene s = { .ops.piece = PAGE };

	scene(&s, 4 * PAGE, "dddd");
	m.bad_offset = PAGE;
	m.bad_write = -ENOSPC;
	expect(&s, -ENOSPC, "B0+1 W0+4096 B1+1 W1+4096 B2+1 W2+4096 B3+1 W3+4096 ",
	       "T16384 S E0+1 E2+1 E3+1 ", ".a..");
	m.bad_write = 0;
	m.bad_sync = -EIO;
	expect(&s, -EIO, "B1+1 W1+4096 T16384 S ", "", ".a..");
	m.bad_sync = 0;
	expect(&s, 0, "B1+1 W1+4096 T16384 S E1+1 ", "", "....");
	mock.fail_with = ENOMEM;
	m.page[2] = 'd';
	expect(&s, -ENOMEM, "", "", "..d.");
	end_scene(&s);
}

static void test_flush_atomic(void)
{
	struct scene s = { .ops.piece = PAGE, .ops.batch = PAGE,
			   .ops.flags = VMOP_FLUSH_ATOMIC };

	scene(&s, 4 * PAGE, "dddd");
	m.bad_offset = 2 * PAGE;
	m.bad_write = -EIO;
	expect(&s, -EIO, "B0+1 W0+4096 B1+1 W1+4096 B2+1 W2+4096 ", "", "aaad");
	m.bad_write = 0;
	expect(&s, 0, "B0+1 W0+4096 B1+1 W1+4096 B2+1 W2+4096 B3+1 W3+4096 ",
	       "T16384 S E0+1 E1+1 E2+1 E3+1 ", "....");
	end_scene(&s);
}

static void test_flush_shrinks(void)
{
	struct scene s = { .ops.piece = 2 * PAGE };

	scene(&s, 8 * PAGE, "ddd.dd.z");
	m.resize_to = PAGE + 10;
	expect(&s, 0, "B0+2 W0+8192 B2+1! B4+2! B7+1z! T4106 S E0+2 ",
	       "", "........");
	end_scene(&s);
	/* END is for what is left. */
	s.ops.piece = 4 * PAGE;
	scene(&s, 8 * PAGE, "dddddd");
	m.resize_to = 3 * PAGE;
	expect(&s, 0, "B0+4 W0+16384 B4+2! T12288 S E0+4! E0+3 ", "", "......");
	end_scene(&s);
}

static void *run_thread(void *arg)
{
	return (void *)(long)vmop_flusher_run(arg);
}

static void test_flush_threads(void)
{
	struct scene s = { 0 };
	pthread_t thread[9];
	void *ret;
	int i;

	scene(&s, 4 * PAGE, "d...");
	atomic_store(&m.hold, true);
	pthread_create(&thread[0], NULL, run_thread, s.f);
	while (!atomic_load(&m.inside))
		nanosleep(&(struct timespec){ 0, 500000 }, NULL);
	/* Dirty before the others ask: theirs must be a flush of its own. */
	pthread_mutex_lock(&mock.lock);
	m.page[3] = 'd';
	m.page[0] = 'd';
	pthread_mutex_unlock(&mock.lock);
	for (i = 1; i < 9; i++)
		pthread_create(&thread[i], NULL, run_thread, s.f);
	nanosleep(&(struct timespec){ 0, 50000000 }, NULL);
	atomic_store(&m.hold, false);
	for (i = 0; i < 9; i++) {
		pthread_join(thread[i], &ret);
		CHECK_EQ((long)ret, 0);
	}
	CHECK_EQ(m.most, 1);
	CHECK_EQ(m.flushes, 2);
	CHECK(!strncmp(m.page, "....", 4));
	end_scene(&s);
}

static void test_flusher_refuses(void)
{
	struct { struct vmop_flush_ops ops; __u64 newer; } big = {
		.ops = { .sz = sizeof(big), .write = on_write,
			 .zero = on_zero }, .newer = 1,
	};
	struct vmop_flush_stats st = { 0 };
	struct vmop_flusher *f = NULL;
	struct scene s = { 0 };

	scene(&s, PAGE, ".");
	CHECK_EQ(vmop_flusher_new(s.pager, s.vmo, &big.ops, NULL, &f), -E2BIG);
	s.ops.flags = 2;
	CHECK_EQ(vmop_flusher_new(s.pager, s.vmo, &s.ops, NULL, &f), -EINVAL);
	s.ops.flags = 0;
	s.ops.zero = NULL;
	CHECK_EQ(vmop_flusher_new(s.pager, s.vmo, &s.ops, NULL, &f), -EINVAL);
	CHECK_EQ(vmop_flusher_stats_get(s.f, &st), -EINVAL);
	CHECK(!f);
	end_scene(&s);
}

static int on_read(void *ctx, void *local, struct vmop_vmo *vmo,
		   const struct vmop_port_record *req)
{
	(void)ctx;
	(void)local;
	(void)vmo;
	(void)req;
	return 0;
}

static int on_dirty(void *ctx, void *local, struct vmop_vmo *vmo,
		    const struct vmop_port_record *req)
{
	(void)ctx;
	(void)local;
	(void)vmo;
	return req->offset ? -ENOSPC : 0;
}

static void await(unsigned int answers)
{
	int tries = 0;

	while (m.answers < answers && tries++ < 10000)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	CHECK_EQ(m.answers, answers);
}

static void test_loop_writes_back(void)
{
	const struct vmop_loop_opts opts = {
		.sz = sizeof(opts), .port_flags = VMOP_PORT_WRITEBACK,
	};
	struct vmop_handler handler = { .sz = sizeof(handler), .read = on_read };
	const struct vmop_vmo_opts o = {
		.sz = sizeof(o), .flags = VMOP_VMO_TRAP_DIRTY,
		.dirty_limit = 5 * PAGE,
	};
	struct vmop_pager_vmo_create *create = (void *)mock.arg[0];
	struct vmop_port_create *port = (void *)mock.arg[0];
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	struct vmop_vmo *paged = NULL, *other = NULL;
	struct vmop_loop *loop;
	struct scene s = { 0 };

	scene(&s, 4 * PAGE, "d.d.");
	reset();
	CHECK_EQ(vmop_loop_new(s.pager, &opts, &loop), 0);
	CHECK_EQ(port->flags, VMOP_PORT_WRITEBACK);
	reset();
	CHECK_EQ(vmop_loop_add(loop, 4 * PAGE, &o, &handler, NULL, &paged), 0);
	CHECK_EQ(create->dirty_limit, 5 * PAGE);
	CHECK_EQ(create->flags, VMOP_VMO_TRAP_DIRTY);
	handler.dirty = on_dirty;
	CHECK_EQ(vmop_loop_add(loop, 4 * PAGE, &o, &handler, NULL, &other), 0);
	CHECK_EQ(vmop_loop_set_flusher(loop, paged, s.f), 0);
	CHECK_EQ(vmop_loop_set_flusher(loop, s.vmo, s.f), -ENOENT);
	CHECK_EQ(vmop_loop_start(loop), 0);
	put_record(VMOP_RECORD_WRITEBACK, 1, 0, 4 * PAGE, 50);
	await(1);
	CHECK_EQ(m.id[0], 50);
	CHECK_EQ(m.answer[0], 0);
	CHECK(!strncmp(m.page, "....", 4));
	/* Granted at once, then an error of the one who stores. */
	put_record(VMOP_RECORD_DIRTY, 1, PAGE, PAGE, 51);
	m.bad_offset = PAGE;
	m.bad_write = -ENOSPC;
	put_record(VMOP_RECORD_WRITEBACK, 1, 0, 4 * PAGE, 52);
	await(2);
	CHECK_EQ(m.id[1], 52);
	CHECK_EQ(m.answer[1], ENOSPC);
	CHECK(!strncmp(m.page, ".a..", 4));
	/* No flusher; a handler that does not agree. */
	put_record(VMOP_RECORD_WRITEBACK, 2, 0, 4 * PAGE, 53);
	put_record(VMOP_RECORD_DIRTY, 2, PAGE, PAGE, 54);
	await(4);
	CHECK_EQ(m.id[2], 53);
	CHECK_EQ(m.answer[2], EIO);
	CHECK_EQ(m.id[3], 54);
	CHECK_EQ(m.answer[3], ENOSPC);
	vmop_loop_stop(loop);
	CHECK_EQ(vmop_loop_join(loop), 0);
	CHECK_EQ(vmop_loop_stats_get(loop, &st), 0);
	CHECK_EQ(st.dirty_requests, 2);
	CHECK_EQ(st.writeback_requests, 3);
	CHECK_EQ(st.failed, 3);
	CHECK_EQ(st.requests, 0);
	mock.hook = NULL;
	vmop_loop_free(loop);
	close(mock.port_in);
	mock.port_in = -1;
	end_scene(&s);
}

const struct lib_test flush_tests[] = {
	{ "dirty: commands pass every field", test_wrappers },
	{ "latency: of a VMO, and of a pager", test_latency },
	{ "dirty: a request of a VMO that became shorter", test_dirty_shorter },
	{ "dirty: a walk over more ranges than fit", test_iter },
	{ "flush: begin, data, size, sync, end", test_flush_order },
	{ "flush: batches; zeros are not split", test_flush_batches },
	{ "flush: what fails stays dirty, the rest does not", test_flush_errors },
	{ "flush: all or nothing", test_flush_atomic },
	{ "flush: the VMO becomes shorter meanwhile", test_flush_shrinks },
	{ "flush: one at a time, none too few", test_flush_threads },
	{ "flush: refuses what cannot be", test_flusher_refuses },
	{ "loop: answers DIRTY and WRITEBACK", test_loop_writes_back },
	{ NULL, NULL }
};
