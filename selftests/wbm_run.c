// SPDX-License-Identifier: GPL-2.0
/*
 * A VMO and its model in lockstep; see wbm_run.h.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wbm_run.h"

#define WBM_CELL (vmop_test_page_size / WBM_CELLS)

/* ---- random, options ----------------------------------------------------- */

unsigned int wbm_random(struct wbm_random *r, unsigned int below)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return (r->state >> 16) % below;
}

/* VMOP_SEED, else one that differs each time. */
__u64 wbm_seed(void)
{
	const char *value = getenv("VMOP_SEED");
	__u64 seed = value ? strtoull(value, NULL, 0) : 0;

	while (!seed)
		seed = (vmop_test_now_ms() * 2654435761u ^ getpid()) & 0xffffffff;
	return seed;
}

/* VMOP_STEPS, else what suits this machine. */
unsigned long wbm_steps(unsigned long otherwise)
{
	const char *value = getenv("VMOP_STEPS");
	unsigned long steps = value ? strtoul(value, NULL, 0) : 0;

	return steps ? steps : otherwise / vmop_test_scale();
}

/* ---- telling ------------------------------------------------------------- */

void wbm_log(struct wbm_run *run, const char *fmt, ...)
{
	unsigned int slot = run->nr_history++ % WBM_HISTORY;
	va_list args;
	int n;

	n = snprintf(run->history[slot], WBM_HISTORY_LEN, "%lu: ", run->step);
	va_start(args, fmt);
	vsnprintf(run->history[slot] + n, WBM_HISTORY_LEN - n, fmt, args);
	va_end(args);
}

static void wbm_print_model(const struct wbm *m)
{
	unsigned int page;

	fprintf(stderr, "# model: %u cells, %s%s, limit %u", m->len,
		m->trap ? "TRAP" : "NT", m->detached ? ", detached" : "",
		m->limit);
	if (m->req.used)
		fprintf(stderr, ", request %u+%u, %u pending", m->req.page,
			m->req.nr, m->req.pending);
	fprintf(stderr, ":");
	for (page = 0; page < wbm_nr_pages(m); page++) {
		fprintf(stderr, " %c", "-cDAm0"[m->page[page].kind]);
		if (m->awaiting[page])
			fprintf(stderr, "(A=%u)", m->awaiting[page]);
	}
	fprintf(stderr, "\n");
}

void wbm_wrong(struct wbm_run *run, const char *fmt, ...)
{
	unsigned int i;
	va_list args;

	if (run->failed)
		return;
	run->failed = true;
	fprintf(stderr, "# VMOP_SEED=%llu, step %lu: ", run->seed, run->step);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	for (i = WBM_HISTORY; i; i--) {
		if (run->nr_history >= i)
			fprintf(stderr, "#   %s\n",
				run->history[(run->nr_history - i) %
					     WBM_HISTORY]);
	}
	wbm_print_model(&run->m);
}

void wbm_same(struct wbm_run *run, const char *what, long is, long must_be)
{
	if (is != must_be)
		wbm_wrong(run, "%s is %ld, not %ld", what, is, must_be);
}

/* ---- the accessing thread ------------------------------------------------ */

static long wbm_do_call(struct wbm_run *run, __u64 off, size_t len)
{
	const struct wbm_access *a = &run->access;
	ssize_t n;

	if (a->what == WBM_PREAD)
		n = vmop_test_pread(run->vmo, run->buf, len, off);
	else
		n = vmop_test_pwrite(run->vmo, run->buf, len, off);
	/* A part of a cell is never right. */
	return n < 0 ? n : n % WBM_CELL ? -EBADMSG : n / (ssize_t)WBM_CELL;
}

static long wbm_do_map(struct wbm_run *run, __u64 off, size_t len)
{
	struct vmop_result res = { 0 };
	int ret;

	if (run->access.what == WBM_LOAD)
		ret = vmop_mem_read(run->buf, run->map + off, len, &res);
	else
		ret = vmop_mem_write(run->map + off, run->buf, len, &res);
	if (ret)
		run->fault_page = ((char *)res.sig_addr - run->map) / PG(1);
	return ret;
}

static long wbm_do(struct wbm_run *run)
{
	static const __u32 ops[WBM_NR_WHATS] = {
		[WBM_ZEROING] = VMOP_VMO_OP_ZERO,
		[WBM_COMMIT] = VMOP_VMO_OP_COMMIT,
		[WBM_PREFETCH] = VMOP_VMO_OP_PREFETCH,
	};
	const struct wbm_access *a = &run->access;
	__u64 off = a->cell * WBM_CELL;
	size_t len = a->nr * WBM_CELL;

	switch (a->what) {
	case WBM_PREAD:
	case WBM_PWRITE:
		return wbm_do_call(run, off, len);
	case WBM_LOAD:
	case WBM_STORE:
		return wbm_do_map(run, off, len);
	case WBM_FSYNC:
		return fsync(run->vmo) ? -errno : 0;
	default:
		return vmop_test_vmo_op(run->vmo, ops[a->what], off, len, NULL);
	}
}

static void *wbm_thread(void *arg)
{
	struct wbm_run *run = arg;
	__u64 n;

	/* Two at once: the end. */
	while (read(run->go, &n, sizeof(n)) == sizeof(n) && n == 1) {
		run->ret = wbm_do(run);
		n = 1;
		if (write(run->done, &n, sizeof(n)) != sizeof(n))
			break;
	}
	return NULL;
}

static void wbm_kick(int fd, __u64 n)
{
	if (write(fd, &n, sizeof(n)) != sizeof(n))
		abort();
}

/* ---- life ---------------------------------------------------------------- */

int wbm_run_init(struct wbm_run *run, __u64 seed)
{
	struct vmop_port_create cmd = {
		.size = sizeof(cmd), .flags = VMOP_PORT_WRITEBACK,
	};
	int ret;

	memset(run, 0, sizeof(*run));
	run->seed = seed;
	run->random.state = seed * 0x9e3779b97f4a7c15ull | 1;
	run->vmo = -1;
	run->buf = malloc(PG(WBM_PAGES));
	run->scratch = malloc(PG(WBM_PAGES));
	run->go = eventfd(0, EFD_CLOEXEC);
	run->done = eventfd(0, EFD_CLOEXEC);
	run->pager = vmop_test_open_pager();
	if (run->pager < 0 || run->go < 0 || run->done < 0 || !run->buf ||
	    !run->scratch)
		return run->pager < 0 ? run->pager : -ENOMEM;
	ret = vmop_test_ioctl(run->pager, VMOP_PORT_CREATE, &cmd);
	if (ret)
		return ret;
	run->port = cmd.out_port_fd;
	fcntl(run->port, F_SETFL, O_NONBLOCK);
	return -pthread_create(&run->thread, NULL, wbm_thread, run);
}

void wbm_run_exit(struct wbm_run *run)
{
	/* Whatever the thread waits for ends with the pager. */
	close(run->pager);
	close(run->port);
	wbm_kick(run->go, 2);
	pthread_join(run->thread, NULL);
	if (run->vmo >= 0)
		wbm_run_close_vmo(run);
	close(run->go);
	close(run->done);
	free(run->buf);
	free(run->scratch);
}

int wbm_run_open_vmo(struct wbm_run *run, bool trap, unsigned int limit,
		     unsigned int max_request, unsigned int len)
{
	struct vmop_pager_vmo_create cmd = {
		.size = sizeof(cmd),
		.flags = VMOP_VMO_RESIZABLE | (trap ? VMOP_VMO_TRAP_DIRTY : 0),
		.port_fd = run->port,
		.payer_fd = -1,
		.key = ++run->key,
		.length = len * WBM_CELL,
		.max_request_pages = max_request,
		.dirty_limit = PG(limit),
	};
	int ret = vmop_test_ioctl(run->pager, VMOP_PAGER_VMO_CREATE, &cmd);

	if (ret)
		return ret;
	run->vmo = cmd.out_vmo_fd;
	run->map = mmap(NULL, PG(WBM_PAGES), PROT_READ | PROT_WRITE, MAP_SHARED,
			run->vmo, 0);
	if (run->map == MAP_FAILED)
		return -errno;
	wbm_init(&run->m, len);
	run->m.trap = trap;
	run->m.limit = limit;
	run->m.max_request = max_request;
	wbm_log(run, "new VMO of %u cells, limit %u, requests of %u", len,
		limit, max_request);
	return 0;
}

void wbm_run_close_vmo(struct wbm_run *run)
{
	munmap(run->map, PG(WBM_PAGES));
	close(run->vmo);
	run->vmo = -1;
}

/* ---- records ------------------------------------------------------------- */

/* Wait for a record or for the thread's end: POLLIN of the port, of done. */
static void wbm_poll(struct wbm_run *run, bool *record, bool *done)
{
	struct pollfd fds[] = {
		{ .fd = run->port, .events = POLLIN },
		{ .fd = run->done, .events = POLLIN },
	};

	while (poll(fds, 2, vmop_test_timeout_ms()) < 0 && errno == EINTR)
		;
	*record = fds[0].revents;
	*done = fds[1].revents;
}

static void wbm_print_record(struct wbm_run *run,
			     const struct vmop_port_record *rec)
{
	wbm_log(run, "came: type %u, key %llu, %llu+%llu, id %llu", rec->type,
		rec->key, rec->offset / PG(1), rec->length / PG(1), rec->id);
}

static void wbm_expect_none(struct wbm_run *run)
{
	struct vmop_port_record rec;
	ssize_t n = read(run->port, &rec, sizeof(rec));

	if (n == sizeof(rec)) {
		wbm_print_record(run, &rec);
		wbm_wrong(run, "a record that nobody foretold");
	} else if (n >= 0 || errno != EAGAIN) {
		wbm_wrong(run, "reading the port: %zd, errno %d", n, errno);
	}
}

static void wbm_expect(struct wbm_run *run, __u32 type, unsigned int page,
		       unsigned int nr)
{
	bool has_id = type != VMOP_RECORD_COMPLETE;
	struct vmop_port_record rec;
	bool record, done;

	wbm_poll(run, &record, &done);
	if (!record || read(run->port, &rec, sizeof(rec)) != sizeof(rec)) {
		wbm_wrong(run, "no record of type %u, %u+%u%s", type, page, nr,
			  done ? ": the access is over" : "");
		return;
	}
	wbm_print_record(run, &rec);
	if (rec.type != type || rec.key != run->key || rec.flags ||
	    rec.offset != PG(page) || rec.length != PG(nr) ||
	    !!rec.id != has_id)
		wbm_wrong(run, "not the record of type %u, %u+%u", type, page,
			  nr);
	run->m.req.id = rec.id;
}

void wbm_expect_complete(struct wbm_run *run)
{
	__u64 id = run->m.req.id;

	wbm_expect(run, VMOP_RECORD_COMPLETE, 0, 0);
	run->m.req.id = id;
}

static void wbm_expect_request(struct wbm_run *run)
{
	static const __u32 types[] = {
		[WBM_READ] = VMOP_RECORD_READ,
		[WBM_GRANT] = VMOP_RECORD_DIRTY,
		[WBM_CLEANING] = VMOP_RECORD_WRITEBACK,
		[WBM_ROOM] = VMOP_RECORD_WRITEBACK,
	};
	const struct wbm_req *r = &run->m.req;

	if (r->told)
		wbm_expect(run, types[r->type], r->page, r->nr);
	else if (vmop_test_wait_waiters(run->vmo, 1))
		wbm_wrong(run, "nobody waits");
}

/* ---- going on ------------------------------------------------------------ */

static void wbm_expect_done(struct wbm_run *run)
{
	struct wbm_access *a = &run->access;
	bool record, done;
	__u64 n;
	long at;

	wbm_poll(run, &record, &done);
	wbm_expect_none(run);
	if (!done) {
		wbm_wrong(run, "the access is not over, but must be, with %ld",
			  a->ret);
		return;
	}
	if (read(run->done, &n, sizeof(n)) != sizeof(n))
		wbm_wrong(run, "the thread is lost");
	run->busy = false;
	wbm_log(run, "over: %ld", run->ret);
	wbm_same(run, "the result", run->ret, a->ret);
	if (a->ret == -EFAULT)
		wbm_same(run, "the page of the signal", run->fault_page,
			 a->fault_page);
	if (a->what != WBM_PREAD && a->what != WBM_LOAD)
		return;
	at = wbm_differs(run->buf, a->cell, a->expect, a->pos - a->cell);
	if (at >= 0)
		wbm_wrong(run, "cell %lu is not of version %u but %u",
			  a->cell + at, a->expect[at],
			  (unsigned int)(*(__u64 *)(run->buf + at * WBM_CELL) >> 32));
}

/* Let the thread and the model go on until the thread waits, or is idle. */
void wbm_settle(struct wbm_run *run)
{
	while (run->busy && !run->failed) {
		if (run->m.req.used) {
			wbm_expect_none(run);
			return;
		}
		wbm_go_on(&run->m, &run->access);
		if (run->access.over)
			wbm_expect_done(run);
		else
			wbm_expect_request(run);
	}
	if (!run->failed)
		wbm_expect_none(run);
}

void wbm_run_access(struct wbm_run *run)
{
	static const char *const names[] = {
		"pread", "pwrite", "load", "store", "zero", "commit",
		"prefetch", "fsync",
	};
	struct wbm_access *a = &run->access;

	wbm_log(run, "%s %u+%u version %u", names[a->what], a->cell, a->nr,
		a->version);
	if (a->what == WBM_PWRITE || a->what == WBM_STORE)
		wbm_fill(run->buf, a->cell, a->nr, a->version);
	wbm_start(a);
	run->m.req.status = 0;
	run->busy = true;
	wbm_kick(run->go, 1);
	wbm_settle(run);
}

/* ---- comparing ----------------------------------------------------------- */

int wbm_op(struct wbm_run *run, __u32 op, unsigned int page, unsigned int nr,
	   __u64 data, __u64 id, __u32 types)
{
	struct vmop_op_range cmd = {
		.size = sizeof(cmd), .vmo_fd = run->vmo, .op = op,
		.offset = PG(page), .length = PG(nr), .data = data, .id = id,
		.fail_types = types,
	};

	return vmop_test_ioctl(run->pager, VMOP_OP_RANGE, &cmd);
}

static void wbm_compare_query(struct wbm_run *run)
{
	struct vmop_dirty_range is[WBM_PAGES], must_be[WBM_PAGES];
	unsigned int nr_pages = wbm_nr_pages(&run->m), nr, i;
	unsigned int start = 0, end = nr_pages;
	struct vmop_query_dirty cmd = {
		.size = sizeof(cmd), .vmo_fd = run->vmo,
		.flags = VMOP_QUERY_AVAIL, .ranges_uptr = (uintptr_t)is,
		.nr_ranges = WBM_PAGES,
	};

	/* Now and then a part, with little room. */
	if (nr_pages && !wbm_random(&run->random, 4)) {
		start = wbm_random(&run->random, nr_pages);
		end = start + wbm_random(&run->random, nr_pages - start + 1);
		cmd.nr_ranges = wbm_random(&run->random, 4);
	}
	cmd.offset = PG(start);
	cmd.length = PG(end - start);
	nr = wbm_query(&run->m, start, end, must_be);
	wbm_same(run, "QUERY", vmop_test_ioctl(run->pager, VMOP_QUERY_DIRTY,
					       &cmd), 0);
	wbm_same(run, "out_avail", cmd.out_avail, nr);
	nr = wbm_min(nr, cmd.nr_ranges);
	wbm_same(run, "out_actual", cmd.out_actual, nr);
	for (i = 0; i < nr && !run->failed; i++) {
		if (memcmp(&is[i], &must_be[i], sizeof(is[i])))
			wbm_wrong(run, "range %u is %llu+%llu%s, not %llu+%llu%s",
				  i, is[i].offset / PG(1), is[i].length / PG(1),
				  is[i].flags ? "Z" : "",
				  must_be[i].offset / PG(1),
				  must_be[i].length / PG(1),
				  must_be[i].flags ? "Z" : "");
	}
}

/* Everything that can be asked, without changing anything but "modified". */
void wbm_compare(struct wbm_run *run, bool reset)
{
	struct vmop_query_stats cmd = {
		.size = sizeof(cmd), .vmo_fd = run->vmo,
		.flags = reset ? VMOP_STATS_RESET : 0,
	};
	struct wbm *m = &run->m;

	wbm_compare_query(run);
	wbm_same(run, "STATS", vmop_test_ioctl(run->pager, VMOP_QUERY_STATS,
					       &cmd), 0);
	if (m->modified == WBM_MAYBE)
		m->modified = cmd.out_modified ? WBM_YES : WBM_NO;
	wbm_same(run, "out_modified", cmd.out_modified, m->modified);
	if (reset)
		m->modified = WBM_NO;
	wbm_same(run, "out_dirty", cmd.out_dirty, PG(wbm_nr_dirty(m)));
	wbm_same(run, "out_awaiting_clean", cmd.out_awaiting_clean,
		 PG(wbm_count(m, WBM_AWAITING)));
	wbm_same(run, "out_dirty_zero", cmd.out_dirty_zero,
		 PG(wbm_count(m, WBM_ZERO)));
	wbm_same(run, "out_dirty_limit", cmd.out_dirty_limit, PG(m->limit));
	wbm_same(run, "out_dirty_requests", cmd.out_dirty_requests,
		 m->nr_dirty_reqs);
	wbm_same(run, "out_writeback_requests", cmd.out_writeback_requests,
		 m->nr_writeback_reqs);
	wbm_same(run, "out_cleaned", cmd.out_cleaned, PG(m->nr_cleaned));
	wbm_verify(m);
	if (m->lost[0])
		wbm_wrong(run, "lost: %s", m->lost);
}

/* One WRITEBACK request more than foretold, that nobody was told of, is fine. */
void wbm_adopt_requests(struct wbm_run *run)
{
	struct vmop_query_stats cmd = {
		.size = sizeof(cmd), .vmo_fd = run->vmo,
	};

	vmop_test_ioctl(run->pager, VMOP_QUERY_STATS, &cmd);
	if (cmd.out_writeback_requests == run->m.nr_writeback_reqs + 1)
		run->m.nr_writeback_reqs++;
}

/* What is there, as the pager reads it. */
void wbm_compare_content(struct wbm_run *run, unsigned int page,
			 unsigned int end)
{
	const struct wbm *m = &run->m;
	unsigned int nr;
	ssize_t n;
	long at;

	end = wbm_min(end, wbm_nr_pages(m));
	for (; page < end; page++) {
		if (m->page[page].kind == WBM_ABSENT)
			continue;
		nr = wbm_min(m->len - page * WBM_CELLS, WBM_CELLS);
		n = vmop_test_pread(run->vmo, run->scratch, nr * WBM_CELL,
				    PG(page));
		wbm_same(run, "bytes that the pager reads", n, nr * WBM_CELL);
		at = wbm_differs(run->scratch, page * WBM_CELLS,
				 m->page[page].cell, nr);
		if (at >= 0)
			wbm_wrong(run, "cell %lu is not of version %u",
				  page * WBM_CELLS + at,
				  m->page[page].cell[at]);
	}
}
