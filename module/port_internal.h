/* SPDX-License-Identifier: GPL-2.0 */
/*
 * port_internal.h - the port as its files see it: port_queue.c, which fills
 * and empties the queue, port.c, which is the file, and port_info.c, which tells.
 * For them only.
 */
#ifndef VMOP_PORT_INTERNAL_H
#define VMOP_PORT_INTERNAL_H

#include "port.h"
#include "request.h"

/**
 * struct vmop_port - a queue of requests
 * @ref: reference count
 * @id: number of this port, never used again; constant
 * @owner: who made it; constant
 * @pager_id: number of its pager; constant
 * @flags: enum vmop_port_flags; constant
 * @wq: readers, and pollers
 * @lock: guards what follows, and the queue side of sources and requests
 * @closed: the file is gone
 * @pager_gone: the pager is closed; nothing is handed out any more
 * @nr_records: records in the queues, COMPLETE records included
 * @nr_sources: length of @sources
 * @ready: sources that have a record, the one whose turn it is first
 * @sources: all sources, but for those that were told of a close already
 *
 * @pager_gone and @nr_records are also read without the lock, to decide whether
 * to sleep; the wait queue's own lock orders that against the wake-up.
 */
struct vmop_port {
	refcount_t ref;
	u64 id;
	kuid_t owner;
	u64 pager_id;
	unsigned int flags;
	wait_queue_head_t wq;

	spinlock_t lock;	/* guards what follows, see above */
	bool closed;
	bool pager_gone;
	unsigned long nr_records;
	unsigned int nr_sources;
	struct list_head ready;
	struct list_head sources;
};

/**
 * struct vmop_taken - a record between queue and user memory
 * @src: whose it is; NULL when there is none
 * @req: the request; NULL for COMPLETE
 * @queue_ns: how long that was in the queue
 *
 * Holds a reference on @req, else on @src.
 */
struct vmop_taken {
	struct vmop_source *src;
	struct vmop_req *req;
	u64 queue_ns;
};

bool vmop_port_take(struct vmop_port *port, struct vmop_taken *taken);
void vmop_port_taken_done(struct vmop_taken *taken);
void vmop_port_untake(struct vmop_port *port, struct vmop_taken *taken);
void vmop_port_unlink_source_locked(struct vmop_port *port,
				    struct vmop_source *src);

static inline void vmop_port_wake_reader(struct vmop_port *port)
{
	wake_up_interruptible_poll(&port->wq, EPOLLIN | EPOLLRDNORM);
}

static inline bool vmop_source_has_record(const struct vmop_source *src)
{
	return !list_empty(&src->queue) ||
	       src->complete == VMOP_COMPLETE_QUEUED;
}

#endif /* VMOP_PORT_INTERNAL_H */
