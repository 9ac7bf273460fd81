// SPDX-License-Identifier: GPL-2.0
/*
 * VMOs and their pager for cow_model: see cwm_run.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cwm_run.h"
#include "vmop_thread.h"

unsigned int cwr_rnd(struct cwr *run, unsigned int below)
{
	run->random = run->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (run->random >> 33) % below;
}

void __attribute__((format(printf, 2, 3)))
cwr_say(struct cwr *run, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(run->log[run->nr_log++ % CWR_LOG_LINES], sizeof(run->log[0]), fmt,
		  args);
	va_end(args);
}

void __attribute__((format(printf, 2, 3)))
cwr_wrong(struct cwr *run, const char *fmt, ...)
{
	unsigned int i = run->nr_log > CWR_LOG_LINES ? run->nr_log - CWR_LOG_LINES : 0;
	va_list args;

	if (run->failed)
		return;
	run->failed = true;
	for (; i < run->nr_log; i++)
		fprintf(stderr, "#   %s\n", run->log[i % CWR_LOG_LINES]);
	fprintf(stderr, "# step %lu: ", run->step);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
}

void cwr_same(struct cwr *run, const char *what, long came, long want)
{
	if (came != want)
		cwr_wrong(run, "%s: %ld, not %ld", what, came, want);
}

void cwr_fill_cells(char *buf, const __u32 *cell, unsigned int nr)
{
	unsigned int i, j;
	__u64 word;

	for (i = 0; i < nr; i++) {
		word = cell[i] * 0x9e3779b97f4a7c15ULL;
		for (j = 0; j < CWR_CELL; j += 8)
			memcpy(buf + i * CWR_CELL + j, &word, 8);
	}
}

/* ---- the pager ---------------------------------------------------------------- */

static int supply_from_store(struct cwr *run, const struct cwr_family *f,
			     __u64 offset, __u64 length)
{
	static char buf[CWM_PAGES * 4096];
	__u64 page;

	for (page = 0; page < length / PG(1); page++)
		cwr_fill_cells(buf + PG(page), f->store[offset / PG(1) + page],
			       CWM_CELLS);
	return vmop_test_supply_copy(run->tp.fd, f->keep, offset, length, buf,
				     NULL);
}

static int answer(struct cwr *run, const struct vmop_port_record *rec)
{
	unsigned int i;
	int ret = 0;

	pthread_mutex_lock(&run->lock);
	for (i = 0; i < CWR_FAMILIES; i++) {
		struct cwr_family *f = &run->family[i];

		if (!f->used || f->key != rec->key)
			continue;
		if (rec->type == VMOP_RECORD_READ)
			ret = supply_from_store(run, f, rec->offset,
						rec->length);
		else if (rec->type == VMOP_RECORD_DIRTY)
			ret = vmop_test_op_range(run->tp.fd, f->keep,
						 VMOP_PAGER_OP_DIRTY,
						 rec->offset, rec->length, 0, 0,
						 NULL);
	}
	pthread_mutex_unlock(&run->lock);
	/* cut off, or taken away, in the meantime */
	return ret == -ERANGE || ret == -ENOENT ? 0 : ret;
}

void *cwr_serve(void *arg)
{
	struct cwr *run = arg;
	struct pollfd pfd[2] = {
		{ .fd = run->tp.port, .events = POLLIN },
		{ .fd = run->stop_fd, .events = POLLIN },
	};
	struct vmop_port_record rec;
	int ret;

	while (poll(pfd, 2, -1) > 0 && !pfd[1].revents) {
		if (read(run->tp.port, &rec, sizeof(rec)) != sizeof(rec))
			continue;
		ret = answer(run, &rec);
		if (ret)
			__atomic_store_n(&run->server_error, ret,
					 __ATOMIC_RELEASE);
	}
	return NULL;
}

/* ---- looking -------------------------------------------------------------------- */

unsigned int cwr_view_len(struct cwr *run, const struct cwr_view *v)
{
	return v->slice ? v->nr * CWM_CELLS : run->m.object[v->object].len;
}

void cwr_compare(struct cwr *run, const struct cwr_view *v, bool map,
		 unsigned int page)
{
	static char want[4096], came[4096];
	unsigned int cells = cwr_view_len(run, v) - page * CWM_CELLS;
	struct vmop_result res = { 0 };
	__u32 cell[CWM_CELLS];
	size_t len;
	long n;

	if (cells > CWM_CELLS)
		cells = CWM_CELLS;
	len = cells * CWR_CELL;
	cwm_look(&run->m, v->object, v->page + page, cell);
	cwr_fill_cells(want, cell, CWM_CELLS);
	if (map) {
		vmop_mem_read(came, v->map + PG(page), len, &res);
		n = res.sig ? -res.sig : (long)len;
	} else {
		n = vmop_test_pread(v->fd, came, len, PG(page));
	}
	if (n != (long)len) {
		cwr_wrong(run, "view %td, page %u, %s: %ld", v - run->view, page,
			  map ? "mapping" : "call", n);
		return;
	}
	while (cells--)
		if (memcmp(want + cells * CWR_CELL, came + cells * CWR_CELL, CWR_CELL))
			cwr_wrong(run, "view %td of %u, page %u.%u, %s: %#llx, not version %u",
				  v - run->view, v->object, page, cells,
			      map ? "mapping" : "call",
			      *(__u64 *)(came + cells * CWR_CELL), cell[cells]);
}

void cwr_compare_view(struct cwr *run, const struct cwr_view *v, bool map)
{
	unsigned int page;

	for (page = 0; page * CWM_CELLS < cwr_view_len(run, v) && !run->failed;
	     page++)
		cwr_compare(run, v, map && v->map, page);
}

void cwr_compare_all(struct cwr *run, bool map)
{
	unsigned int i;

	for (i = 0; i < CWR_VIEWS && !run->failed; i++)
		if (run->view[i].used)
			cwr_compare_view(run, &run->view[i], map);
}

/* ---- views and families ----------------------------------------------------------- */

struct cwr_view *cwr_any_view(struct cwr *run)
{
	unsigned int i, first = cwr_rnd(run, CWR_VIEWS);

	for (i = 0; i < CWR_VIEWS; i++)
		if (run->view[(first + i) % CWR_VIEWS].used)
			return &run->view[(first + i) % CWR_VIEWS];
	return NULL;
}

struct cwr_view *cwr_new_view(struct cwr *run, int fd, unsigned int object,
			      bool resizable)
{
	unsigned int i;
	struct cwr_view *v;

	for (i = 0; i < CWR_VIEWS && run->view[i].used; i++)
		;
	if (i == CWR_VIEWS)
		return NULL;
	v = &run->view[i];
	*v = (struct cwr_view){
		.used = true, .fd = fd, .object = object, .resizable = resizable,
	};
	if (cwr_rnd(run, 4)) {
		v->map = mmap(NULL, PG(CWM_PAGES), PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0);
		if (v->map == MAP_FAILED) {
			cwr_wrong(run, "mmap: errno %d", errno);
			v->map = NULL;
		}
	}
	run->m.object[object].nr_views++;
	return v;
}

bool cwr_is_room(struct cwr *run)
{
	unsigned int i, n = 0, objects = 0;

	for (i = 0; i < CWR_VIEWS; i++)
		n += !run->view[i].used;
	for (i = 0; i < CWM_OBJECTS; i++)
		objects += !run->m.object[i].used;
	return n && objects;
}

static void start_family(struct cwr *run, struct cwr_family *f)
{
	unsigned int i, len = cwr_rnd(run, 4) ? CWM_ALL : cwr_rnd(run, CWM_ALL + 1);
	struct vmop_test_vmo_args args = { .length = len * CWR_CELL };
	bool pager = run->pager && cwr_rnd(run, 5), resizable = cwr_rnd(run, 4);
	int fd, root = cwm_new(&run->m, f - run->family);
	struct cwm_object *o = &run->m.object[root];

	args.flags = resizable ? VMOP_VMO_RESIZABLE : 0;
	args.key = ++run->next_key;
	if (!resizable) {
		len -= len % CWM_CELLS;
		args.length = len * CWR_CELL;
	}
	o->len = len;
	cwr_say(run, "family %td: %u cells%s%s", f - run->family, len,
		pager ? ", pager" : "", resizable ? "" : ", fixed");
	pthread_mutex_lock(&run->lock);
	*f = (struct cwr_family){ .used = true, .pager = pager, .keep = -1,
			      .root = root, .key = args.key };
	for (i = 0; pager && i < CWM_ALL; i++)
		f->store[i / CWM_CELLS][i % CWM_CELLS] = cwr_rnd(run, 5) ?
							 ++run->version : 0;
	if (pager) {
		if (run->trap)
			args.flags |= VMOP_VMO_TRAP_DIRTY;
		f->keep = vmop_test_pager_vmo_create(run->tp.fd, run->tp.port,
						     &args);
		fd = dup(f->keep);
		o->root = true;
		o->pager = true;
		o->nr_views++;
		for (i = 0; i < len; i++) {
			o->page[i / CWM_CELLS].place = CWM_OWN;
			o->page[i / CWM_CELLS].cell[i % CWM_CELLS] =
				f->store[i / CWM_CELLS][i % CWM_CELLS];
		}
	} else {
		fd = vmop_test_vmo_create(run->tp.fd, args.flags, args.length);
	}
	pthread_mutex_unlock(&run->lock);
	if (fd < 0)
		cwr_wrong(run, "no VMO: %d", fd);
	else
		cwr_new_view(run, fd, root, resizable);
}

/* Without views it ends, and the next one starts. */
void cwr_keep_families(struct cwr *run)
{
	unsigned int i, j;

	for (i = 0; i < CWR_FAMILIES; i++) {
		struct cwr_family *f = &run->family[i];

		for (j = 0; j < CWR_VIEWS; j++)
			if (run->view[j].used &&
			    run->m.object[run->view[j].object].family == i)
				break;
		if (j < CWR_VIEWS)
			continue;
		if (f->used && f->pager) {
			pthread_mutex_lock(&run->lock);
			close(f->keep);
			f->used = false;
			pthread_mutex_unlock(&run->lock);
			cwm_close(&run->m, f->root);
		}
		if (cwr_is_room(run))
			start_family(run, f);
	}
}

void cwr_close_view(struct cwr *run, struct cwr_view *v)
{
	struct cwm_object *o = &run->m.object[v->object];

	cwr_say(run, "close view %td of object %u", v - run->view, v->object);
	if (v->map)
		munmap(v->map, PG(CWM_PAGES));
	close(v->fd);
	v->used = false;
	if (!--o->nr_views)
		cwm_close(&run->m, v->object);
}
