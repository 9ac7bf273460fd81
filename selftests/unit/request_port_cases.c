// SPDX-License-Identifier: GPL-2.0
/*
 * request_port_cases.c - the port as a file, and the end of a source.
 */
#include "harness.h"
#include "request_test.h"

#define READ(page, nr) expect_record(file, VMOP_RECORD_READ, page, nr)

static struct vmop_port *port;
static struct file *file;
static struct vmo vmo, vmo2;

static void begin(void)
{
	file = port_open(&port);
	vmo_init(&vmo, port, 1);
	vmo_init(&vmo2, port, 2);
	CHECK_EQ(port_field(file, "sources"), 2);
	CHECK_EQ(port_field(file, "pager-id"), 7);
}

static void end(void)
{
	walk_port(port);
	vmo_drop(&vmo);
	vmo_drop(&vmo2);
	port_close(file);
	vmop_port_put(port);
	expect_no_leaks();
}

static void kill_all(struct access *a, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		sim_signal(a[i].thread, SIM_SIG_FATAL);
		expect_end(&a[i], -ERESTARTSYS);
	}
}

static void expect_keyed(u64 key, u64 page)
{
	struct vmop_port_record rec;

	CHECK_EQ(port_read(file, &rec, sizeof(rec), NO_FAULT, IOCB_NOWAIT),
		 sizeof(rec));
	CHECK_EQ(rec.key, key);
	CHECK_EQ(rec.offset, page << PAGE_SHIFT);
}

/* Oldest of a VMO first, VMOs in turn, also for one that comes late. */
void case_round_robin(void)
{
	struct access a[7];

	begin();
	start_read(&a[0], &vmo, 10, 11);
	start_read(&a[1], &vmo, 5, 6);
	start_read(&a[2], &vmo, 7, 8);
	start_read(&a[3], &vmo2, 3, 4);
	start_read(&a[4], &vmo2, 1, 2);
	expect_keyed(1, 10);
	expect_keyed(2, 3);
	expect_keyed(1, 5);
	start_read(&a[5], &vmo, 0, 1);
	expect_keyed(2, 1);
	start_read(&a[6], &vmo2, 2, 3);
	expect_keyed(1, 7);
	expect_keyed(2, 2);
	expect_keyed(1, 0);
	expect_nothing(file);
	kill_all(a, 7);
	end();
}

void case_buffer_sizes(void)
{
	struct vmop_port_record rec[4];
	struct access a[4];
	int i;

	begin();
	CHECK_EQ(port_read(file, rec, 0, NO_FAULT, 0), -EINVAL);
	CHECK_EQ(port_read(file, rec, 63, NO_FAULT, 0), -EINVAL);
	CHECK_EQ(port_read(file, rec, 64, NO_FAULT, IOCB_NOWAIT), -EAGAIN);
	file->f_flags |= O_NONBLOCK;
	CHECK_EQ(port_read(file, rec, 64, NO_FAULT, 0), -EAGAIN);
	for (i = 0; i < 4; i++)
		start_read(&a[i], &vmo, 2 * i, 2 * i + 1);
	CHECK_EQ(port_read(file, rec, 63, NO_FAULT, 0), -EINVAL);
	CHECK_EQ(port_read(file, rec, 2 * 64 + 63, NO_FAULT, 0), 2 * 64);
	CHECK_EQ(rec[0].offset, 0 << PAGE_SHIFT);
	CHECK_EQ(rec[1].offset, 2 << PAGE_SHIFT);
	CHECK_EQ(port_read(file, rec, sizeof(rec), NO_FAULT, 0), 2 * 64);
	CHECK_EQ(rec[0].offset, 4 << PAGE_SHIFT);
	CHECK_EQ(rec[1].offset, 6 << PAGE_SHIFT);
	expect_nothing(file);
	kill_all(a, 4);
	end();
}

/* What was not copied stays, in order; what was copied counts. */
void case_efault_puts_back(void)
{
	struct vmop_port_record rec[5];
	struct access a[4];

	begin();
	start_read(&a[0], &vmo, 0, 1);
	start_read(&a[1], &vmo, 1, 2);
	start_read(&a[2], &vmo2, 0, 1);
	vmop_source_detach(vmo2.src);
	expect_end(&a[2], -ENOTCONN);
	start_read(&a[2], &vmo, 2, 3);
	CHECK_EQ(port_read(file, rec, sizeof(rec), 0, 0), -EFAULT);
	CHECK_EQ(port_read(file, rec, sizeof(rec), 63, 0), -EFAULT);
	CHECK_EQ(port_field(file, "queued"), 4);
	walk_port(port);
	/* One goes out, the COMPLETE of the other VMO faults, and stays first. */
	CHECK_EQ(port_read(file, rec, sizeof(rec), 64 + 10, 0), 64);
	CHECK_EQ(rec[0].key, 1);
	walk_port(port);
	expect_complete(file, 2);
	CHECK_EQ(READ(1, 1), rec[0].id + 1);
	READ(2, 1);
	expect_nothing(file);
	kill_all(a, 2);
	kill_all(&a[2], 1);
	end();
}

struct reader {
	struct sim_thread *thread;
	struct vmop_port_record rec[4];
	size_t bytes;
	size_t good;
	ssize_t ret;
};

static void reader_fn(void *arg)
{
	struct reader *r = arg;

	r->ret = port_read(file, r->rec, r->bytes, r->good, 0);
}

static void start_reader(struct reader *r, size_t nr, size_t good)
{
	*r = (struct reader) { .bytes = nr * RECORD_SIZE, .good = good };
	r->thread = sim_spawn(reader_fn, r);
}

static void expect_reader(struct reader *r, ssize_t ret)
{
	sim_run(r->thread);
	CHECK(sim_has_ended(r->thread));
	CHECK_EQ(r->ret, ret);
	sim_free_thread(r->thread);
}

/* Runs a reader into its copy, where it holds a record and no lock. */
static void run_into_copy(struct reader *r)
{
	unsigned long before = port_field(file, "queued");

	sim_preemptible = true;
	while (port_field(file, "queued") == before)
		sim_step(r->thread);
	sim_preemptible = false;
}

/* Two readers fail in the order in which they took: the order is restored. */
void case_efault_of_two_readers(void)
{
	struct reader r, s;
	struct access a[3];
	int i;

	begin();
	for (i = 0; i < 3; i++)
		start_read(&a[i], &vmo, i, i + 1);
	start_reader(&r, 1, 0);
	start_reader(&s, 1, 0);
	run_into_copy(&r);
	run_into_copy(&s);
	CHECK_EQ(port_field(file, "queued"), 1);
	expect_reader(&r, -EFAULT);
	expect_reader(&s, -EFAULT);
	walk_port(port);
	READ(0, 1);
	READ(1, 1);
	READ(2, 1);
	kill_all(a, 3);
	end();
}

/* A record that nobody waits for any more is not put back. */
void case_efault_after_the_end(void)
{
	struct reader r;
	struct access a;

	begin();
	start_read(&a, &vmo, 0, 1);
	start_reader(&r, 1, 0);
	run_into_copy(&r);
	supply(&vmo, 0, 1);
	expect_end(&a, 0);
	CHECK_EQ(sim_nr_live("vmop_req"), 1);
	expect_reader(&r, -EFAULT);
	expect_nothing(file);
	CHECK_EQ(sim_nr_live("vmop_req"), 0);

	/* The same with COMPLETE: put back; but not when the pager is closed. */
	vmop_source_detach(vmo.src);
	start_reader(&r, 1, 0);
	run_into_copy(&r);
	expect_reader(&r, -EFAULT);
	CHECK_EQ(port_field(file, "queued"), 1);
	start_reader(&r, 1, 0);
	run_into_copy(&r);
	vmop_port_pager_closed(port);
	expect_reader(&r, -EFAULT);
	CHECK_EQ(port_field(file, "queued"), 0);
	end();
}

/* Each record wakes one reader, the one that has slept longest. */
void case_readers_wake_one_by_one(void)
{
	struct reader r[3];
	struct access a[3];
	int i;

	begin();
	for (i = 0; i < 3; i++) {
		start_reader(&r[i], 4, NO_FAULT);
		sim_run(r[i].thread);
		CHECK(sim_is_asleep(r[i].thread));
	}
	start_read(&a[0], &vmo, 0, 1);
	CHECK(sim_is_runnable(r[0].thread) && sim_is_asleep(r[1].thread));
	start_read(&a[1], &vmo, 1, 2);
	CHECK(sim_is_runnable(r[1].thread) && sim_is_asleep(r[2].thread));
	expect_reader(&r[1], 2 * RECORD_SIZE);
	/* Nothing is left for the first; it sleeps again and is last in line. */
	sim_run(r[0].thread);
	CHECK(sim_is_asleep(r[0].thread));
	start_read(&a[2], &vmo, 2, 3);
	CHECK(sim_is_runnable(r[2].thread) && sim_is_asleep(r[0].thread));
	expect_reader(&r[2], RECORD_SIZE);
	vmop_port_pager_closed(port);
	expect_reader(&r[0], 0);
	for (i = 0; i < 3; i++)
		expect_end(&a[i], -ENOTCONN);
	end();
}

/* A reader that dies takes nothing with it, and passes its wake-up on. */
void case_killed_reader(void)
{
	struct reader r, s;
	struct access a;

	begin();
	start_reader(&r, 1, NO_FAULT);
	sim_run(r.thread);
	start_reader(&s, 1, NO_FAULT);
	sim_run(s.thread);
	start_read(&a, &vmo, 0, 1);
	CHECK(sim_is_runnable(r.thread) && sim_is_asleep(s.thread));
	sim_signal(r.thread, SIM_SIG_FATAL);
	expect_reader(&r, -ERESTARTSYS);
	CHECK(sim_is_runnable(s.thread));
	expect_reader(&s, RECORD_SIZE);

	/* One whose buffer faults passes it on as well. */
	kill_all(&a, 1);
	start_reader(&r, 1, 0);
	sim_run(r.thread);
	start_reader(&s, 1, NO_FAULT);
	sim_run(s.thread);
	start_read(&a, &vmo, 0, 1);
	expect_reader(&r, -EFAULT);
	expect_reader(&s, RECORD_SIZE);
	kill_all(&a, 1);
	end();
}

/* A signal ends a read that sleeps; one that was chosen takes its record. */
void case_signalled_reader(void)
{
	struct reader r;
	struct access a;

	begin();
	start_reader(&r, 1, NO_FAULT);
	sim_run(r.thread);
	sim_signal(r.thread, SIM_SIG_ORDINARY);
	expect_reader(&r, -ERESTARTSYS);

	start_reader(&r, 1, NO_FAULT);
	sim_run(r.thread);
	start_read(&a, &vmo, 0, 1);
	sim_signal(r.thread, SIM_SIG_ORDINARY);
	expect_reader(&r, RECORD_SIZE);
	kill_all(&a, 1);
	end();
}

/* DET-1, DET-6: all wake, unread records vanish, COMPLETE is last and once. */
void case_detach(void)
{
	struct access a, b, c;

	begin();
	supply(&vmo, 8, 9);
	start_read(&a, &vmo, 0, 2);
	READ(0, 2);
	start_write(&b, &vmo, 8, 9);
	start_read(&c, &vmo, 4, 5);
	supply(&vmo, 0, 1);
	vmop_source_detach(vmo.src);
	vmop_source_detach(vmo.src);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_DETACHED);
	expect_complete(file, 1);
	expect_nothing(file);
	expect_end(&a, -ENOTCONN);
	CHECK_EQ(a.pos, 1);
	expect_end(&b, -ENOTCONN);
	expect_end(&c, -ENOTCONN);
	vmop_source_detach(vmo.src);
	expect_nothing(file);
	end();
}

/* DET-15: exactly one, read between the two or not. */
void case_detach_and_vmo_gone(void)
{
	int read_between;

	for (read_between = 0; read_between < 2; read_between++) {
		begin();
		vmop_source_detach(vmo.src);
		if (read_between)
			expect_complete(file, 1);
		vmo_drop(&vmo);
		if (!read_between)
			expect_complete(file, 1);
		expect_nothing(file);
		CHECK_EQ(port_field(file, "sources"), 1);
		vmo_init(&vmo, port, 1);
		end();
	}
}

/* DET-13: the source stays until COMPLETE was read; a sleeping reader wakes. */
void case_vmo_gone(void)
{
	struct reader r;

	begin();
	start_reader(&r, 1, NO_FAULT);
	sim_run(r.thread);
	vmop_source_detach(vmo2.src);
	expect_reader(&r, RECORD_SIZE);
	CHECK_EQ(r.rec[0].type, VMOP_RECORD_COMPLETE);
	CHECK_EQ(r.rec[0].key, 2);
	vmo_drop(&vmo);
	CHECK_EQ(port_field(file, "sources"), 2);
	expect_complete(file, 1);
	CHECK_EQ(port_field(file, "sources"), 1);
	expect_nothing(file);
	vmo_init(&vmo, port, 1);
	end();
}

/* DET-10: all wake, nothing is delivered any more, read() is at the end. */
void case_pager_close(void)
{
	struct vmop_port_record rec;
	struct access a, b;

	begin();
	start_read(&a, &vmo, 0, 1);
	start_read(&b, &vmo2, 0, 1);
	vmop_source_pager_closed(vmo.src);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_PAGER_GONE);
	expect_end(&a, -ENOTCONN);
	vmop_port_pager_closed(port);
	vmop_port_pager_closed(port);
	expect_end(&b, -ENOTCONN);
	CHECK_EQ(vmop_source_state(vmo2.src), VMOP_VMO_STATE_PAGER_GONE);
	CHECK_EQ(port_poll(file), EPOLLHUP);
	CHECK_EQ(port_read(file, &rec, sizeof(rec), NO_FAULT, 0), 0);
	CHECK_EQ(port_read(file, &rec, sizeof(rec), NO_FAULT, IOCB_NOWAIT), 0);
	CHECK_EQ(port_field(file, "queued"), 0);
	CHECK_EQ(PTR_ERR(vmop_source_create(port, &vmo.src->params)), -ENOTCONN);
	vmop_source_detach(vmo.src);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_PAGER_GONE);
	end();
}

/* DET-11 */
void case_detach_then_pager_close(void)
{
	struct access a;

	begin();
	vmop_source_detach(vmo.src);
	vmop_source_pager_closed(vmo.src);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_DETACHED);
	expect_nothing(file);
	start_read(&a, &vmo, 0, 1);
	expect_end(&a, -ENOTCONN);
	end();
}

/* An unread COMPLETE is all that holds the source; the port still finds it. */
void case_pager_close_after_vmo_gone(void)
{
	begin();
	vmo_drop(&vmo);
	CHECK_EQ(sim_nr_live("kzalloc"), 3);
	vmop_port_pager_closed(port);
	CHECK_EQ(sim_nr_live("kzalloc"), 2);
	CHECK_EQ(port_field(file, "queued"), 0);
	vmo_drop(&vmo2);
	CHECK_EQ(sim_nr_live("kzalloc"), 1);
	port_close(file);
	vmop_port_put(port);
}

/* The port's close fails who waits; the pager's calls still work. */
void case_port_close(void)
{
	struct vmop_source_info info;
	struct access a, b;

	begin();
	start_read(&a, &vmo, 0, 1);
	start_read(&b, &vmo, 1, 2);
	READ(0, 1);
	CHECK(!vmop_port_is_closed(port));
	port_close(file);
	CHECK(vmop_port_is_closed(port));
	expect_end(&a, -ENOTCONN);
	expect_end(&b, -ENOTCONN);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_PORT_GONE);
	vmop_source_info(vmo.src, &info);
	CHECK_EQ(info.last_error, ENOTCONN);
	CHECK_EQ(info.failed_requests, 2);
	start_read(&a, &vmo, 0, 1);
	expect_end(&a, -ENOTCONN);
	supply(&vmo, 0, 1);
	start_read(&a, &vmo, 0, 1);
	expect_end(&a, 0);
	CHECK_EQ(op_fail(&vmo, 0, 64, -EIO), 0);
	CHECK_EQ(PTR_ERR(vmop_source_create(port, &vmo.src->params)), -ENOTCONN);
	vmop_source_pager_closed(vmo2.src);
	CHECK_EQ(vmop_source_state(vmo2.src), VMOP_VMO_STATE_PAGER_GONE);
	vmop_source_detach(vmo.src);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_DETACHED);
	vmop_port_pager_closed(port);
	vmo_drop(&vmo);
	vmo_drop(&vmo2);
	vmop_port_put(port);
}

static void close_port_fn(void *arg)
{
	port_close(file);
}

static void close_pager_fn(void *arg)
{
	vmop_port_pager_closed(port);
}

/* A close that has begun, before it tells the sources: they are live still. */
static struct sim_thread *begin_close(void (*fn)(void *arg))
{
	struct sim_thread *closer = sim_spawn(fn, NULL);

	sim_preemptible = true;
	while (!vmop_port_is_closed(port) && port_poll(file) != EPOLLHUP)
		sim_step(closer);
	sim_preemptible = false;
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_LIVE);
	CHECK_EQ(vmop_source_state(vmo2.src), VMOP_VMO_STATE_LIVE);
	return closer;
}

/* Nothing gets into a queue that nobody will read. */
void case_request_at_closing_port(void)
{
	static void (*const fns[])(void *arg) = {
		close_port_fn, close_pager_fn,
	};
	struct sim_thread *closer;
	struct vmop_waiter w;
	int i;

	for (i = 0; i < 2; i++) {
		begin();
		closer = begin_close(fns[i]);
		CHECK_EQ(vmop_source_request(vmo.src, VMOP_REQ_READ, 0, 1, &w),
			 -ENOTCONN);
		CHECK_EQ(PTR_ERR(vmop_source_create(port, &vmo.src->params)),
			 -ENOTCONN);
		vmop_source_detach(vmo2.src);
		CHECK_EQ(port_field(file, "queued"), 0);
		walk_port(port);
		sim_run(closer);
		sim_free_thread(closer);
		CHECK_EQ(vmop_source_state(vmo.src), i ?
			 VMOP_VMO_STATE_PAGER_GONE : VMOP_VMO_STATE_PORT_GONE);
		CHECK_EQ(vmop_source_state(vmo2.src), VMOP_VMO_STATE_DETACHED);
		vmo_drop(&vmo);
		vmo_drop(&vmo2);
		if (i)
			port_close(file);
		vmop_port_put(port);
		expect_no_leaks();
	}
}

void case_port_close_keeps_detached(void)
{
	begin();
	vmop_source_detach(vmo.src);
	port_close(file);
	CHECK_EQ(vmop_source_state(vmo.src), VMOP_VMO_STATE_DETACHED);
	/* The unread COMPLETE gave its reference back. */
	vmop_source_put(vmo.src);
	CHECK_EQ(sim_nr_live("kzalloc"), 2);
	vmo_drop(&vmo2);
	vmop_port_put(port);
}

/* Detach, pager close, port close, VMO gone: every order, no leak, no fault. */
void case_ends_in_every_order(void)
{
	unsigned int order, mask;

	for (order = 0; order < 256; order++) {
		struct access a;

		begin();
		start_read(&a, &vmo, 0, 1);
		for (mask = 0; mask < 4; mask++) {
			switch (order >> 2 * mask & 3) {
			case 0:
				vmop_source_detach(vmo.src);
				break;
			case 1:
				vmop_source_pager_closed(vmo.src);
				break;
			case 2:
				vmop_port_pager_closed(port);
				break;
			case 3:
				vmop_source_vmo_gone(vmo.src);
				break;
			}
			walk_port(port);
		}
		expect_end(&a, -ENOTCONN);
		end();
	}
}
