// SPDX-License-Identifier: GPL-2.0
/*
 * harness.c - port files, VMOs and accessing threads for the tests.
 */
#include <stdlib.h>

#include "harness.h"

/* The port comes with a reference, as the pager has one. */
struct file *port_open_flags(struct vmop_port **out_port, unsigned int flags)
{
	struct vmop_port *port;
	struct file *file;

	port = vmop_port_create(7, flags, &file);
	CHECK(!IS_ERR(port));
	CHECK(vmop_port_from_file(file) == port);
	CHECK_EQ(vmop_port_pager_id(port), 7);
	CHECK(file->f_mode & FMODE_STREAM && file->f_mode & FMODE_NOWAIT);
	vmop_port_get(port);
	*out_port = port;
	return file;
}

struct file *port_open(struct vmop_port **out_port)
{
	return port_open_flags(out_port, 0);
}

void port_close(struct file *file)
{
	CHECK_EQ(file->f_op->release(NULL, file), 0);
	sim_free("file", file);
}

ssize_t port_read(struct file *file, struct vmop_port_record *records,
		  size_t bytes, size_t good, int ki_flags)
{
	struct kiocb iocb = { .ki_filp = file, .ki_flags = ki_flags };
	struct iov_iter iter = {
		.buf = (char *)records,
		.count = bytes,
		.good = good,
	};

	return file->f_op->read_iter(&iocb, &iter);
}

unsigned int port_poll(struct file *file)
{
	poll_table table = { 0 };
	unsigned int events = file->f_op->poll(file, &table);

	CHECK_EQ(table.nr_queues, 1);
	return events;
}

/* A field of the port's fdinfo. */
unsigned long port_field(struct file *file, const char *name)
{
	struct seq_file m = { .len = 0 };
	const char *found;

	file->f_op->show_fdinfo(&m, file);
	found = strstr(m.buf, name);
	CHECK(found && found[strlen(name)] == ':');
	return strtoul(found + strlen(name) + 1, NULL, 10);
}

/* The next record; returns its id. */
u64 expect_record(struct file *file, u32 type, u64 page, u64 nr_pages)
{
	static const u64 zeros[3];
	struct vmop_port_record rec;

	CHECK_EQ(port_read(file, &rec, sizeof(rec), NO_FAULT, IOCB_NOWAIT),
		 sizeof(rec));
	CHECK_EQ(rec.type, type);
	CHECK_EQ(rec.offset, page << PAGE_SHIFT);
	CHECK_EQ(rec.length, nr_pages << PAGE_SHIFT);
	CHECK_EQ(rec.flags, 0);
	CHECK(!memcmp(rec.__reserved, zeros, sizeof(zeros)));
	CHECK_EQ(rec.id == 0, type == VMOP_RECORD_COMPLETE);
	return rec.id;
}

void expect_complete(struct file *file, u64 key)
{
	struct vmop_port_record rec;

	CHECK_EQ(port_read(file, &rec, sizeof(rec), NO_FAULT, IOCB_NOWAIT),
		 sizeof(rec));
	CHECK_EQ(rec.type, VMOP_RECORD_COMPLETE);
	CHECK_EQ(rec.key, key);
	CHECK_EQ(rec.offset, 0);
	CHECK_EQ(rec.length, 0);
	CHECK_EQ(rec.id, 0);
}

void expect_nothing(struct file *file)
{
	struct vmop_port_record rec;

	CHECK_EQ(port_read(file, &rec, sizeof(rec), NO_FAULT, IOCB_NOWAIT),
		 -EAGAIN);
	CHECK_EQ(port_poll(file), 0);
	CHECK_EQ(port_field(file, "queued"), 0);
}

/* What is reserved in the registry has to leave it. */
static int nr_registered[VMOP_REGISTRY_NR_KINDS];

void expect_no_leaks(void)
{
	int kind;

	for (kind = 0; kind < VMOP_REGISTRY_NR_KINDS; kind++)
		CHECK_EQ(nr_registered[kind], 0);
	CHECK_EQ(sim_nr_live("vmop_req"), 0);
	CHECK_EQ(sim_nr_live("kzalloc"), 0);
	CHECK_EQ(sim_nr_live("vmop_latency"), 0);
	CHECK_EQ(sim_nr_live("file"), 0);
}

/* Sets of pages. */

/* The pages of a range that is no longer than the set. */
u64 page_set(unsigned int start, unsigned int end)
{
	u64 pages = 0;

	CHECK(start < end && end <= 64);
	for (; start < end; start++)
		pages |= 1ULL << start;
	return pages;
}

/* One page of the range at least. */
u64 page_set_random(unsigned int start, unsigned int end)
{
	u64 pages = page_set(start, end);
	unsigned int i;

	for (i = start; i < end; i++) {
		if (sim_random(2) && pages & (pages - 1))
			pages &= ~(1ULL << i);
	}
	return pages;
}

bool page_set_has(u64 pages, unsigned int page)
{
	return pages >> page % 64 & 1;
}

/*
 * As vmop_source_request_clean() takes it over. The bits behind the range are set:
 * nobody may look at them.
 */
unsigned long *page_set_bitmap(u64 pages, unsigned int start, unsigned int end)
{
	unsigned long nr_longs = BITS_TO_LONGS(end - start);
	unsigned long *map = kcalloc(nr_longs, sizeof(*map), GFP_KERNEL_ACCOUNT);
	unsigned long bit;

	CHECK(map);
	for (bit = 0; bit < nr_longs * SIM_BIT_LONG; bit++) {
		if (bit >= end - start || page_set_has(pages, start + bit))
			__set_bit(bit, map);
	}
	return map;
}

/* VMOs. */

void vmo_init(struct vmo *vmo, struct vmop_port *port, u64 key)
{
	struct vmop_source_params params = {
		.key = key,
		.pager_id = 7,
		.max_request_pages = 16,
		.writeback = vmop_port_takes_writeback(port),
	};

	memset(vmo, 0, sizeof(*vmo));
	vmo->size = NR_PAGES;
	vmo->src = vmop_source_create(port, &params);
	CHECK(!IS_ERR(vmo->src));
	CHECK_EQ(vmop_source_state(vmo->src), VMOP_VMO_STATE_LIVE);
	CHECK_EQ(vmop_source_key(vmo->src), key);
}

/* The last reference to the VMO is gone. */
void vmo_drop(struct vmo *vmo)
{
	vmop_source_vmo_gone(vmo->src);
	vmop_source_put(vmo->src);
	vmo->src = NULL;
}

void vmo_set_size(struct vmo *vmo, unsigned int size)
{
	unsigned int old = vmo->size;
	unsigned int i;

	vmo->size = size;
	for (i = size; i < old; i++)
		vmo->page[i] = ABSENT;
	vmop_source_resolve(vmo->src, VMOP_REQ_READ, size, old);
	vmop_source_resolve(vmo->src, VMOP_REQ_DIRTY, size, old);
}

void supply(struct vmo *vmo, unsigned int start, unsigned int end)
{
	unsigned int i;

	for (i = start; i < end; i++) {
		if (vmo->page[i] != ABSENT)
			continue;
		vmo->page[i] = CLEAN;
		vmop_source_resolve(vmo->src, VMOP_REQ_READ, i, i + 1);
	}
}

int op_dirty(struct vmo *vmo, unsigned int start, unsigned int end)
{
	bool gap = false;
	unsigned int i;

	for (i = start; i < end; i++)
		gap |= vmo->page[i] == ABSENT;
	for (i = start; i < end && !gap; i++)
		vmo->page[i] = DIRTY;
	vmop_source_resolve(vmo->src, VMOP_REQ_DIRTY, start, end);
	return gap ? -ENOENT : 0;
}

u64 op_fail(struct vmo *vmo, unsigned int start, unsigned int end, int err)
{
	return vmop_source_fail(vmo->src, VMOP_FAIL_READ | VMOP_FAIL_DIRTY,
				start, end, err);
}

/* Accesses. */

/* What page @i needs from the pager before the access can use it. */
static int page_needs(const struct access *a, unsigned int i)
{
	if (a->vmo->page[i] == ABSENT)
		return VMOP_REQ_READ;
	if (a->write && a->vmo->page[i] == CLEAN)
		return VMOP_REQ_DIRTY;
	return -1;
}

static void access_fn(void *arg)
{
	struct access *a = arg;

	while (!a->ret && a->pos < a->end) {
		int need;
		unsigned int end = a->pos;
		struct vmop_waiter *w;

		if (a->pos >= a->vmo->size) {
			a->ret = -ERANGE;
			break;
		}
		need = page_needs(a, a->pos);
		if (need < 0) {
			a->pos++;
			continue;
		}
		while (end < a->end && end < a->vmo->size &&
		       page_needs(a, end) == need)
			end++;
		/* On the heap and freed: a late touch is a use after free. */
		w = malloc(sizeof(*w));
		a->ret = vmop_source_request(a->vmo->src, need, a->pos, end, w);
		if (!a->ret)
			a->ret = vmop_waiter_wait(w, a->task_state);
		free(w);
	}
}

static void start_access(struct access *a, struct vmo *vmo, unsigned int start,
			 unsigned int end, bool write, unsigned int task_state)
{
	*a = (struct access) {
		.vmo = vmo,
		.write = write,
		.task_state = task_state,
		.pos = start,
		.end = end,
	};
	a->thread = sim_spawn(access_fn, a);
	sim_run(a->thread);
}

void start_read(struct access *a, struct vmo *vmo, unsigned int start,
		unsigned int end)
{
	start_access(a, vmo, start, end, false, TASK_KILLABLE);
}

void start_write(struct access *a, struct vmo *vmo, unsigned int start,
		 unsigned int end)
{
	start_access(a, vmo, start, end, true, TASK_KILLABLE);
}

void start_interruptible_read(struct access *a, struct vmo *vmo,
			      unsigned int start, unsigned int end)
{
	start_access(a, vmo, start, end, false, TASK_INTERRUPTIBLE);
}

/* Runs the thread if something woke it; then it waits, for the same or again. */
void expect_waiting(struct access *a)
{
	sim_run(a->thread);
	CHECK(sim_is_asleep(a->thread));
}

void expect_end(struct access *a, int ret)
{
	sim_run(a->thread);
	CHECK(sim_has_ended(a->thread));
	CHECK_EQ(a->ret, ret);
	sim_free_thread(a->thread);
	a->thread = NULL;
}

/* Waits for writeback. */

static void wb_wait_fn(void *arg)
{
	struct vmop_waiter *waiter = malloc(sizeof(*waiter));
	struct wb_wait *w = arg;

	if (w->type == VMOP_REQ_WRITEBACK)
		w->ret = vmop_source_request_clean(w->src, w->start, w->end,
						   w->todo, waiter);
	else
		w->ret = vmop_source_request_room(w->src, w->start, w->end,
						  w->nr_pages, waiter);
	if (!w->ret)
		w->ret = vmop_waiter_wait(waiter, TASK_KILLABLE);
	free(waiter);
}

/* The caller's bitmap is no allocation that sim_alloc_fails_in is about. */
void start_wb_clean(struct wb_wait *w, struct vmo *vmo, unsigned int start,
		    unsigned int end, u64 pages)
{
	long fails_in = sim_alloc_fails_in;

	sim_alloc_fails_in = 0;
	*w = (struct wb_wait) {
		.src = vmo->src,
		.type = VMOP_REQ_WRITEBACK,
		.start = start,
		.end = end,
		.todo = page_set_bitmap(pages, start, end),
	};
	sim_alloc_fails_in = fails_in;
	w->thread = sim_spawn(wb_wait_fn, w);
	sim_run(w->thread);
}

void start_wb_room(struct wb_wait *w, struct vmo *vmo, unsigned int start,
		   unsigned int end, unsigned int nr_pages)
{
	*w = (struct wb_wait) {
		.src = vmo->src,
		.type = VMOP_REQ_ROOM,
		.start = start,
		.end = end,
		.nr_pages = nr_pages,
	};
	w->thread = sim_spawn(wb_wait_fn, w);
	sim_run(w->thread);
}

void expect_wb_waiting(struct wb_wait *w)
{
	sim_run(w->thread);
	CHECK(sim_is_asleep(w->thread));
}

void expect_wb_end(struct wb_wait *w, int ret)
{
	sim_run(w->thread);
	CHECK(sim_has_ended(w->thread));
	CHECK_EQ(w->ret, ret);
	sim_free_thread(w->thread);
	w->thread = NULL;
}

/* The rest of the module. */

int vmop_registry_reserve(enum vmop_registry_kind kind, u64 id)
{
	CHECK(id);
	nr_registered[kind]++;
	return 0;
}

void vmop_registry_show(enum vmop_registry_kind kind, u64 id, void *object)
{
	CHECK(nr_registered[kind] > 0 && id && object);
}

bool vmop_registry_remove(enum vmop_registry_kind kind, u64 id)
{
	CHECK(nr_registered[kind]-- > 0 && id);
	return true;
}

void vmop_overdue_watch_locked(struct vmop_source *src)
{
	CHECK(!list_empty(&src->outstanding));
}

void vmop_overdue_forget(struct vmop_source *src)
{
	CHECK(list_empty(&src->outstanding));
}

void vmop_event_send(const struct vmop_event *event)
{
	CHECK(event->type && event->object);
}
