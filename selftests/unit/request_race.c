// SPDX-License-Identifier: GPL-2.0
/*
 * request_race.c - random switches between threads at every point of the code
 * where no lock is held.
 *
 * Up to 16 threads are inside the code at once: they ask and wait, answer, fail,
 * read records into buffers that may fault, detach, make and drop VMOs, and at
 * the end of an epoch close the port or the pager. Results cannot be predicted
 * here, so everything that always holds is checked: after each switch all
 * structures are recounted (walk.c); when nothing runs any more, nobody sleeps
 * who should not; no record is read twice; no object is left. Who is told that his
 * dirty pages are clean can name who cleaned each of them.
 */
#include <stdlib.h>

#include "harness.h"
#include "request_test.h"

#define NR_SLOTS 3
#define NR_THREADS 16
#define NR_PLACES 12
#define NR_IDS 65536
#define NR_IDS_TRIED (NR_IDS / 8)

struct slot {
	struct vmop_source *src;
	unsigned int refs;	/* of the VMO: its handle, and who uses it */
	bool handle;
	u32 deadline_ms;
	/* Calls that say that a page is clean: begun, and ended. */
	unsigned long nr_cleaning[NR_PLACES], nr_cleaned[NR_PLACES];
	bool failed;		/* some range was, for writeback */
	bool detached;
};

/* What a thread asked for, and what was so before. */
struct wish {
	unsigned int type, start, end;
	u64 pages;		/* WRITEBACK: which must become clean */
	unsigned long nr_cleaned[NR_PLACES];
	u64 nr_id;		/* of the request, from first_id on */
};

struct actor {
	struct sim_thread *thread;
	struct slot *slot;
	bool waits;		/* inside vmop_waiter_wait() */
	bool reads;		/* inside read() of the port */
	bool signalled;
};

static struct vmop_port *port;
static struct file *file;
static bool port_closing, pager_closing;
static struct slot slots[NR_SLOTS];
static struct actor actors[NR_THREADS];
static u64 first_id;
static bool id_was_read[NR_IDS], id_was_answered[NR_IDS];
static unsigned long total_waits, total_cut, total_records, total_clean;

/* VMOs. */

static void slot_get(struct slot *slot)
{
	slot->refs++;
}

static void slot_put(struct slot *slot)
{
	struct vmop_source *src = slot->src;

	if (--slot->refs)
		return;
	slot->src = NULL;
	vmop_source_vmo_gone(src);
	vmop_source_put(src);
}

static void slot_open(struct slot *slot)
{
	struct vmop_source_params params = {
		.key = 1 + (slot - slots),
		.deadline_ms = sim_random(2) * 10,
		.writeback = true,
	};
	struct vmop_source *src = vmop_source_create(port, &params);

	if (IS_ERR(src)) {
		CHECK_EQ(PTR_ERR(src), -ENOTCONN);
		CHECK(port_closing || pager_closing);
		return;
	}
	/* Two threads may have made one; the second gives its own up. */
	if (slot->src) {
		vmop_source_vmo_gone(src);
		vmop_source_put(src);
		return;
	}
	*slot = (struct slot) {
		.src = src, .refs = 1, .handle = true,
		.deadline_ms = params.deadline_ms,
	};
}

/* What threads do, once each. */

static int make_request(const struct slot *slot, struct wish *wish,
			struct vmop_waiter *w)
{
	struct vmop_source *src = slot->src;
	unsigned int start = sim_random(NR_PLACES);
	unsigned int end = start + 1 + sim_random(NR_PLACES - start);
	unsigned long *todo;

	*wish = (struct wish) {
		.type = sim_random(VMOP_REQ_NR_TYPES),
		.start = start,
		.end = end,
	};
	if (wish->type == VMOP_REQ_ROOM)
		return vmop_source_request_room(src, start, end,
						1 + sim_random(end - start), w);
	if (wish->type != VMOP_REQ_WRITEBACK)
		return vmop_source_request(src, wish->type, start, end, w);
	wish->pages = page_set_random(start, end);
	todo = page_set_bitmap(wish->pages, start, end);
	memcpy(wish->nr_cleaned, slot->nr_cleaned, sizeof(slot->nr_cleaned));
	return vmop_source_request_clean(src, start, end, todo, w);
}

/*
 * A wait for clean content is over. Each page was called clean by somebody who had
 * not ended when the wait began, unless the pager answered the record. To look
 * again is for those who were failed in part, and at an end of the source.
 */
static void check_clean(const struct slot *slot, const struct wish *wish,
			int ret)
{
	unsigned int i;

	if (ret == 0)
		CHECK(slot->failed || slot->detached || pager_closing);
	if (ret != VMOP_WAIT_ANSWERED || id_was_answered[wish->nr_id])
		return;
	for (i = wish->start; i < wish->end; i++) {
		if (page_set_has(wish->pages, i))
			CHECK(slot->nr_cleaning[i] > wish->nr_cleaned[i]);
	}
	total_clean++;
}

static void check_wait(const struct actor *a, const struct wish *wish, int ret)
{
	switch (ret) {
	case 0:
	case -EIO:
	case -EBADMSG:
		break;
	case VMOP_WAIT_ANSWERED:
		CHECK(wish->type == VMOP_REQ_WRITEBACK ||
		      (wish->type == VMOP_REQ_ROOM &&
		       id_was_answered[wish->nr_id]));
		break;
	case -ENOTCONN:
		CHECK(port_closing);
		break;
	case -ERESTARTSYS:
		CHECK(a->signalled);
		break;
	default:
		CHECK(ret == -ETIMEDOUT && a->slot->deadline_ms);
	}
	if (wish->type == VMOP_REQ_WRITEBACK)
		check_clean(a->slot, wish, ret);
}

static void act_wait(struct actor *a)
{
	struct vmop_waiter *w = malloc(sizeof(*w));
	struct wish wish;
	int ret;

	ret = make_request(a->slot, &wish, w);
	if (!ret) {
		wish.nr_id = w->req->id - first_id;
		CHECK(wish.nr_id < NR_IDS);
	}
	if (!ret && !sim_random(8)) {
		vmop_waiter_cancel(w);
	} else if (!ret) {
		a->waits = true;
		ret = vmop_waiter_wait(w, sim_random(2) ? TASK_KILLABLE :
							  TASK_INTERRUPTIBLE);
		a->waits = false;
		total_waits++;
		total_cut += ret == -ERESTARTSYS;
		check_wait(a, &wish, ret);
	} else {
		CHECK_EQ(ret, -ENOTCONN);
		CHECK(vmop_source_state(a->slot->src) !=
		      VMOP_VMO_STATE_LIVE || port_closing || pager_closing);
	}
	free(w);
}

static void slot_cleaned(struct slot *slot, unsigned int start, unsigned int end)
{
	unsigned int i;

	for (i = start; i < end; i++)
		slot->nr_cleaning[i]++;
	vmop_source_cleaned(slot->src, start, end);
	for (i = start; i < end; i++)
		slot->nr_cleaned[i]++;
}

static void slot_fail(struct slot *slot, unsigned int start, unsigned int end)
{
	unsigned int types = 1 + sim_random(7);

	slot->failed |= types & VMOP_FAIL_WRITEBACK;
	vmop_source_fail(slot->src, types, start, end, -EIO);
}

static void act_answer(struct actor *a)
{
	unsigned int start = sim_random(NR_PLACES);
	unsigned int end = start + 1 + sim_random(NR_PLACES - start);
	unsigned int nr_id = sim_random(NR_IDS_TRIED);

	switch (sim_random(7)) {
	case 0:
		slot_fail(a->slot, start, end);
		break;
	case 1:
		vmop_source_fail_id(a->slot->src, first_id + nr_id, -EBADMSG);
		break;
	case 2:
		id_was_answered[nr_id] = true;
		vmop_source_answer_id(a->slot->src, first_id + nr_id);
		break;
	case 3:
	case 4:
		slot_cleaned(a->slot, start, end);
		break;
	default:
		vmop_source_resolve(a->slot->src, sim_random(2), start, end);
	}
}

static void act_read(struct actor *a)
{
	struct vmop_port_record recs[3];
	size_t nr = 1 + sim_random(3);
	ssize_t ret, i;

	a->reads = true;
	ret = port_read(file, recs, nr * RECORD_SIZE,
			sim_random(2) ? NO_FAULT : sim_random(nr * RECORD_SIZE),
			sim_random(4) ? 0 : IOCB_NOWAIT);
	a->reads = false;
	CHECK(ret > 0 || ret == -EAGAIN || ret == -EFAULT ||
	      (ret == 0 && pager_closing) ||
	      (ret == -ERESTARTSYS && a->signalled));
	for (i = 0; i < ret / (ssize_t)RECORD_SIZE; i++) {
		u64 nr_id = recs[i].id - first_id;

		total_records++;
		if (recs[i].type == VMOP_RECORD_COMPLETE)
			continue;
		CHECK(nr_id < NR_IDS && !id_was_read[nr_id]);
		id_was_read[nr_id] = true;
	}
}

static void actor_fn(void *arg)
{
	struct actor *a = arg;
	unsigned int what = sim_random(100);

	/* Nothing switches between the choice of a VMO and its reference. */
	if (what >= 70 && what < 88 && !port_closing) {
		act_read(a);
		return;
	}
	if (!a->slot->src) {
		slot_open(a->slot);
		return;
	}
	slot_get(a->slot);
	if (what < 45) {
		act_wait(a);
	} else if (what < 88) {
		act_answer(a);
	} else if (what < 93) {
		a->slot->detached = true;
		vmop_source_detach(a->slot->src);
	} else if (what < 98 && a->slot->handle) {
		a->slot->handle = false;
		slot_put(a->slot);
	} else {
		struct vmop_source_info info;

		vmop_source_info(a->slot->src, &info);
	}
	slot_put(a->slot);
}

/* The pager tells its sources and its port, in this order or the other. */
static void pager_close_fn(void *arg)
{
	struct slot *slot;
	bool port_first = sim_random(2);

	if (port_first)
		vmop_port_pager_closed(port);
	for (slot = slots; slot < slots + NR_SLOTS; slot++) {
		if (!slot->src)
			continue;
		slot_get(slot);
		vmop_source_pager_closed(slot->src);
		slot_put(slot);
	}
	if (!port_first)
		vmop_port_pager_closed(port);
}

static void port_close_fn(void *arg)
{
	port_close(file);
}

/* The scheduler. */

static void check_step(void)
{
	struct slot *slot;

	walk_port(port);
	for (slot = slots; slot < slots + NR_SLOTS; slot++) {
		if (slot->src)
			walk_source(slot->src);
	}
}

/* Frees the threads that have ended; says whether one can run. */
static bool sweep(void)
{
	bool runnable = false;
	struct actor *a;

	for (a = actors; a < actors + NR_THREADS; a++) {
		if (a->thread && sim_has_ended(a->thread)) {
			sim_free_thread(a->thread);
			a->thread = NULL;
		}
		runnable |= a->thread && sim_is_runnable(a->thread);
	}
	return runnable;
}

static void start_actor(struct actor *a)
{
	*a = (struct actor) { .slot = &slots[sim_random(NR_SLOTS)] };
	a->thread = sim_spawn(actor_fn, a);
}

static void schedule_one(bool start)
{
	struct actor *a = &actors[sim_random(NR_THREADS)];

	if (!a->thread) {
		if (start)
			start_actor(a);
	} else if (sim_is_runnable(a->thread)) {
		sim_step(a->thread);
	} else if (start && !sim_random(6)) {
		a->signalled = true;
		sim_signal(a->thread, sim_random(2) ? SIM_SIG_FATAL :
						      SIM_SIG_ORDINARY);
	} else if (start && !sim_random(6)) {
		sim_expire(a->thread);
	}
	sweep();
	check_step();
}

/* Starts nothing more and lets all run; then sleepers must have a reason. */
static void settle(void)
{
	unsigned int nr_waits[NR_SLOTS] = { 0 };
	struct actor *a;
	int i;

	while (sweep())
		schedule_one(false);
	for (a = actors; a < actors + NR_THREADS; a++) {
		if (!a->thread)
			continue;
		CHECK(sim_is_asleep(a->thread));
		CHECK(a->waits != a->reads);
		if (a->reads)
			CHECK(!pager_closing && !port_field(file, "queued"));
		else
			nr_waits[a->slot - slots]++;
	}
	for (i = 0; i < NR_SLOTS; i++) {
		struct vmop_source_info info = { .num_waiters = 0 };

		if (slots[i].src)
			vmop_source_info(slots[i].src, &info);
		CHECK_EQ(info.num_waiters, nr_waits[i]);
	}
}

static void finish_readers(void)
{
	struct actor *a;

	settle();
	for (a = actors; a < actors + NR_THREADS; a++) {
		if (!a->thread || !a->reads)
			continue;
		a->signalled = true;
		sim_signal(a->thread, SIM_SIG_FATAL);
	}
	settle();
}

/* Closes in a thread of its own while the others go on. */
static void close_with(void (*fn)(void *arg))
{
	struct sim_thread *closer = sim_spawn(fn, NULL);

	while (!sim_has_ended(closer)) {
		if (sim_random(4))
			schedule_one(true);
		else
			sim_step(closer);
		check_step();
	}
	sim_free_thread(closer);
}

static void answer_all(void)
{
	struct slot *slot;

	settle();
	for (slot = slots; slot < slots + NR_SLOTS; slot++) {
		if (!slot->src)
			continue;
		vmop_source_resolve(slot->src, VMOP_REQ_READ, 0, NR_PLACES);
		vmop_source_resolve(slot->src, VMOP_REQ_DIRTY, 0, NR_PLACES);
		slot_cleaned(slot, 0, NR_PLACES);
	}
}

/* Nobody waits any more, whichever way the epoch ended; then all goes. */
static void end_epoch(void)
{
	struct actor *a;
	struct slot *slot;

	settle();
	for (a = actors; a < actors + NR_THREADS; a++)
		CHECK(!a->thread);
	for (slot = slots; slot < slots + NR_SLOTS; slot++) {
		if (slot->src)
			slot_put(slot);
	}
	if (!port_closing)
		port_close(file);
	vmop_port_put(port);
	expect_no_leaks();
}

static void run_epoch(unsigned long nr_steps)
{
	struct vmop_source_params params = { .key = 99, .writeback = true };
	struct vmop_waiter w;
	unsigned int how = sim_random(3);

	port_closing = false;
	pager_closing = false;
	file = port_open_flags(&port, VMOP_PORT_WRITEBACK);
	memset(slots, 0, sizeof(slots));
	slots[0] = (struct slot) {
		.src = vmop_source_create(port, &params), .refs = 1,
		.handle = true,
	};
	/* Where the ids of this epoch begin. */
	CHECK_EQ(vmop_source_request(slots[0].src, VMOP_REQ_READ, 0, 1, &w), 0);
	first_id = w.req->id;
	vmop_waiter_cancel(&w);
	memset(id_was_read, 0, sizeof(id_was_read));
	memset(id_was_answered, 0, sizeof(id_was_answered));

	sim_preemptible = true;
	while (nr_steps--)
		schedule_one(true);
	if (how == 0) {
		pager_closing = true;
		close_with(pager_close_fn);
	} else {
		finish_readers();
		if (how == 1) {
			port_closing = true;
			close_with(port_close_fn);
		}
		/* Of detached VMOs some still wait for writeback. */
		answer_all();
	}
	end_epoch();
	sim_preemptible = false;
}

void run_races(unsigned long steps)
{
	unsigned long done = 0;
	const unsigned long epoch = 800;

	for (; done < steps; done += epoch) {
		snprintf(sim_where, sizeof(sim_where),
			 "races, epoch at step %lu, state %#llx", done,
			 (unsigned long long)sim_seed);
		run_epoch(epoch);
	}
	/* It was about something. */
	CHECK(total_waits > steps / 100);
	CHECK(total_cut > steps / 1000);
	CHECK(total_records > steps / 100);
	CHECK(total_clean > steps / 1000);
}
