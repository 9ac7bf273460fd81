// SPDX-License-Identifier: GPL-2.0
/*
 * overdue.c - telling of requests that wait for too long.
 *
 * Sources that have outstanding requests are in a list. While it is not empty a
 * work is scheduled for the time when the first request becomes overdue. A source
 * is put in when it gets a request, and taken out when the work finds nothing left
 * to tell of it: so most requests cost no more than a look at source->watched, and
 * nothing runs while nobody waits. While overdue_ms is 0 the list only grows, for
 * the time when it is not 0 any more.
 *
 * The list holds no references; a source takes itself out when it is freed.
 *
 * Locks: source->lock, then vmop_overdue_lock, a leaf. Events are sent with none.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>

#include "event.h"
#include "port.h"
#include "request.h"

#define VMOP_OVERDUE_BATCH 8

static void vmop_overdue_run(struct work_struct *work);

static DEFINE_SPINLOCK(vmop_overdue_lock);
/* Both: vmop_overdue_lock. */
static LIST_HEAD(vmop_overdue_sources);
static bool vmop_overdue_running;
static DECLARE_DELAYED_WORK(vmop_overdue_work, vmop_overdue_run);

static unsigned int vmop_overdue_ms = 10000;

static u64 vmop_overdue_ns(void)
{
	return (u64)READ_ONCE(vmop_overdue_ms) * NSEC_PER_MSEC;
}

static void vmop_overdue_schedule_locked(u64 ns)
{
	lockdep_assert_held(&vmop_overdue_lock);
	/* Not too early: it would find nothing, again and again. */
	if (vmop_overdue_ns())
		schedule_delayed_work(&vmop_overdue_work,
				      nsecs_to_jiffies(ns) + 1);
}

static int vmop_overdue_set(const char *val, const struct kernel_param *param)
{
	int ret = param_set_uint(val, param);

	if (ret)
		return ret;
	spin_lock(&vmop_overdue_lock);
	if (!list_empty(&vmop_overdue_sources)) {
		cancel_delayed_work(&vmop_overdue_work);
		vmop_overdue_schedule_locked(0);
	}
	spin_unlock(&vmop_overdue_lock);
	return 0;
}

static const struct kernel_param_ops vmop_overdue_ops = {
	.set = vmop_overdue_set,
	.get = param_get_uint,
};

module_param_cb(overdue_ms, &vmop_overdue_ops, &vmop_overdue_ms, 0644);
MODULE_PARM_DESC(overdue_ms,
		 "Milliseconds after which an unanswered request is told of by an event; 0: never");

/**
 * vmop_overdue_watch_locked() - a source has got a request
 * @src: the source; the caller holds source->lock
 */
void vmop_overdue_watch_locked(struct vmop_source *src)
{
	lockdep_assert_held(&src->lock);
	if (src->watched)
		return;
	src->watched = true;
	spin_lock(&vmop_overdue_lock);
	if (list_empty(&vmop_overdue_sources) && !vmop_overdue_running)
		vmop_overdue_schedule_locked(vmop_overdue_ns());
	list_add_tail(&src->watch_link, &vmop_overdue_sources);
	spin_unlock(&vmop_overdue_lock);
}

/**
 * vmop_overdue_forget() - a source is being freed
 * @src: the source; its last reference is gone
 */
void vmop_overdue_forget(struct vmop_source *src)
{
	spin_lock(&vmop_overdue_lock);
	list_del_init(&src->watch_link);
	spin_unlock(&vmop_overdue_lock);
}

/* The oldest request that was not told of yet. */
static struct vmop_req *vmop_overdue_first_locked(struct vmop_source *src)
{
	struct vmop_req *req;

	list_for_each_entry(req, &src->outstanding, out_link)
		if (!req->overdue)
			return req;
	return NULL;
}

/* Up to VMOP_OVERDUE_BATCH that are older than @limit_ns. */
static unsigned int vmop_overdue_take(struct vmop_source *src, u64 limit_ns,
				      struct vmop_req_info *infos)
{
	u64 now = ktime_get_ns();
	struct vmop_req *req;
	unsigned int nr = 0;

	spin_lock(&src->lock);
	while (nr < VMOP_OVERDUE_BATCH &&
	       (req = vmop_overdue_first_locked(src)) &&
	       now - req->queued_ns >= limit_ns) {
		req->overdue = true;
		vmop_req_info_locked(req, now, &infos[nr++]);
	}
	spin_unlock(&src->lock);
	return nr;
}

static void vmop_overdue_tell(struct vmop_source *src,
			      const struct vmop_req_info *info)
{
	struct vmop_event event = {
		.type = VMOP_NL_EVENT_OVERDUE,
		.object = VMOP_NL_OBJECT_VMO,
		.owner = src->params.owner,
		.pager_id = src->params.pager_id,
		.port_id = vmop_port_id(src->port),
		.vmo_id = src->params.vmo_id,
		.request_id = info->id,
		.request_type = info->type,
		.offset = info->offset,
		.length = info->len,
		.age_ns = info->age_ns,
	};

	vmop_event_send(&event);
}

/* Tells what there is to tell; then on with it if there will be more. */
static void vmop_overdue_check(struct vmop_source *src, u64 limit_ns,
			       u64 *next_ns)
{
	struct vmop_req_info infos[VMOP_OVERDUE_BATCH];
	struct vmop_req *req;
	unsigned int nr, i;
	u64 age_ns;

	do {
		nr = vmop_overdue_take(src, limit_ns, infos);
		for (i = 0; i < nr; i++)
			vmop_overdue_tell(src, &infos[i]);
	} while (nr == VMOP_OVERDUE_BATCH);
	spin_lock(&src->lock);
	req = vmop_overdue_first_locked(src);
	src->watched = req;
	if (req) {
		age_ns = ktime_get_ns() - req->queued_ns;
		*next_ns = min(*next_ns, limit_ns - min(limit_ns, age_ns));
		spin_lock(&vmop_overdue_lock);
		list_add_tail(&src->watch_link, &vmop_overdue_sources);
		spin_unlock(&vmop_overdue_lock);
	}
	spin_unlock(&src->lock);
}

static void vmop_overdue_run(struct work_struct *work)
{
	u64 limit_ns = vmop_overdue_ns();
	u64 next_ns = limit_ns;
	struct vmop_source *src;
	LIST_HEAD(todo);

	if (!limit_ns)
		return;
	spin_lock(&vmop_overdue_lock);
	vmop_overdue_running = true;
	list_splice_init(&vmop_overdue_sources, &todo);
	while ((src = list_first_entry_or_null(&todo, struct vmop_source,
					       watch_link))) {
		list_del_init(&src->watch_link);
		if (!vmop_source_tryget(src))
			continue;
		spin_unlock(&vmop_overdue_lock);
		vmop_overdue_check(src, limit_ns, &next_ns);
		vmop_source_put(src);
		cond_resched();
		spin_lock(&vmop_overdue_lock);
	}
	vmop_overdue_running = false;
	/* Meanwhile it may have been set to something else. */
	if (limit_ns != vmop_overdue_ns())
		next_ns = 0;
	if (!list_empty(&vmop_overdue_sources))
		vmop_overdue_schedule_locked(next_ns);
	spin_unlock(&vmop_overdue_lock);
}

/**
 * vmop_overdue_exit() - when the module is unloaded
 *
 * Nobody waits for anything any more. Before events can no longer be sent.
 */
void vmop_overdue_exit(void)
{
	cancel_delayed_work_sync(&vmop_overdue_work);
}
