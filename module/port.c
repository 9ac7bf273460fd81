// SPDX-License-Identifier: GPL-2.0
/*
 * port.c - the queue of requests behind a file descriptor.
 *
 * Owns struct vmop_port, and the queue side of struct vmop_source and struct
 * vmop_req: their queues, links, the state of a request and the COMPLETE record.
 * All of that is guarded by port->lock, a spinlock of process context, inside
 * source->lock. User memory is touched with no lock held.
 *
 * A source that has something to read is in port->ready, once. Readers take the
 * first source's oldest request and move the source to the end, so VMOs take
 * turns and no VMO keeps others waiting. COMPLETE comes after the last request
 * of its source; as a source gets no request after it, it is the last record.
 *
 * References: the file and the pager hold the port, each source holds its port,
 * and the port reaches its sources by a list that holds no reference: a source
 * takes itself out when it is freed, and who walks the list skips one that is
 * being freed (vmop_source_tryget() fails). So there is no cycle. A source in
 * port->ready cannot be freed: each of its queued requests holds a reference on
 * it, and so does a queued COMPLETE.
 *
 * Wake-ups: readers sleep exclusively, each record that is put in wakes one.
 * None is lost: a reader that was woken, or that a signal ends, first tries to
 * take a record; when it leaves without one although there is one (it is being
 * killed, or its buffer faults) it wakes the next.
 */
#include "port.h"
#include "request.h"

static_assert(sizeof(struct vmop_port_record) == 64);

/**
 * struct vmop_port - a queue of requests
 * @ref: reference count
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

/*
 * A record between queue and user memory. @src is NULL when there is none.
 * @req is NULL for COMPLETE. Holds a reference on @req, else on @src.
 */
struct vmop_taken {
	struct vmop_source *src;
	struct vmop_req *req;
};

/* The queue. */

static void vmop_port_wake_reader(struct vmop_port *port)
{
	wake_up_interruptible_poll(&port->wq, EPOLLIN | EPOLLRDNORM);
}

static bool vmop_source_has_record(const struct vmop_source *src)
{
	return !list_empty(&src->queue) ||
	       src->complete == VMOP_COMPLETE_QUEUED;
}

/* A record of @src was put in; @first: its turn is now, else it lines up. */
static void vmop_port_added_locked(struct vmop_port *port,
				   struct vmop_source *src, bool first)
{
	lockdep_assert_held(&port->lock);
	WRITE_ONCE(port->nr_records, port->nr_records + 1);
	if (first)
		list_move(&src->ready_link, &port->ready);
	else if (list_empty(&src->ready_link))
		list_add_tail(&src->ready_link, &port->ready);
}

/* A record of @src was taken out; its turn stays what it is. */
static void vmop_port_removed_locked(struct vmop_port *port,
				     struct vmop_source *src)
{
	lockdep_assert_held(&port->lock);
	WRITE_ONCE(port->nr_records, port->nr_records - 1);
	if (!vmop_source_has_record(src))
		list_del_init(&src->ready_link);
}

/**
 * vmop_port_add_source() - a new source sends its records to this port
 * @port: the port
 * @src: the source; not yet known to anybody else
 *
 * Takes port->lock.
 *
 * Return: 0, or -ENOTCONN when port or pager is closed.
 */
int vmop_port_add_source(struct vmop_port *port, struct vmop_source *src)
{
	int ret = 0;

	spin_lock(&port->lock);
	if (port->closed || port->pager_gone) {
		ret = -ENOTCONN;
	} else {
		list_add_tail(&src->port_link, &port->sources);
		port->nr_sources++;
	}
	spin_unlock(&port->lock);
	return ret;
}

/* Idempotent: a source that was told of a close is out already. */
static void vmop_port_unlink_source_locked(struct vmop_port *port,
					   struct vmop_source *src)
{
	lockdep_assert_held(&port->lock);
	if (list_empty(&src->port_link))
		return;
	list_del_init(&src->port_link);
	port->nr_sources--;
}

/**
 * vmop_port_del_source() - a source is being freed
 * @src: the source; its last reference is gone
 *
 * Takes port->lock.
 */
void vmop_port_del_source(struct vmop_source *src)
{
	struct vmop_port *port = src->port;

	spin_lock(&port->lock);
	vmop_port_unlink_source_locked(port, src);
	spin_unlock(&port->lock);
}

/**
 * vmop_port_queue() - put a new request in, and wake a reader
 * @req: the request; the caller holds source->lock
 *
 * Whether the port is open is tested under the same port->lock that puts the
 * request in. A close that comes later finds it by its source.
 *
 * Takes port->lock.
 *
 * Return: 0, or -ENOTCONN when port or pager is closed.
 */
int vmop_port_queue(struct vmop_req *req)
{
	struct vmop_source *src = req->src;
	struct vmop_port *port = src->port;
	bool open;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	open = !port->closed && !port->pager_gone;
	if (open) {
		list_add_tail(&req->queue_link, &src->queue);
		vmop_port_added_locked(port, src, false);
	}
	spin_unlock(&port->lock);
	if (!open)
		return -ENOTCONN;
	vmop_port_wake_reader(port);
	return 0;
}

/**
 * vmop_port_withdraw() - a request is completed or cancelled
 * @req: the request; the caller holds source->lock
 *
 * Takes it out if no reader has it (semantics: PKT-4, PKT-5). From here on it
 * is DONE: a reader that has it and cannot copy it will not put it back. Takes
 * port->lock.
 */
void vmop_port_withdraw(struct vmop_req *req)
{
	struct vmop_source *src = req->src;
	struct vmop_port *port = src->port;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	if (req->state == VMOP_REQ_NEW) {
		list_del_init(&req->queue_link);
		vmop_port_removed_locked(port, src);
	}
	req->state = VMOP_REQ_DONE;
	spin_unlock(&port->lock);
}

/**
 * vmop_port_queue_complete() - put the source's COMPLETE record in, once
 * @src: the source; the caller holds source->lock, and the source is not live
 *
 * Does nothing when it was put in before, or when port or pager is closed: then
 * there never is one. Takes port->lock.
 */
void vmop_port_queue_complete(struct vmop_source *src)
{
	struct vmop_port *port = src->port;
	bool queued;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	queued = src->complete == VMOP_COMPLETE_NONE && !port->closed &&
		 !port->pager_gone;
	if (queued) {
		src->complete = VMOP_COMPLETE_QUEUED;
		vmop_source_get(src);
		vmop_port_added_locked(port, src, false);
	}
	spin_unlock(&port->lock);
	if (queued)
		vmop_port_wake_reader(port);
}

/**
 * vmop_port_withdraw_complete() - there is no COMPLETE record, now and later
 * @src: the source; the caller holds source->lock
 *
 * Takes port->lock.
 *
 * Return: whether the caller must put the reference on @src that the queued
 * record had.
 */
bool vmop_port_withdraw_complete(struct vmop_source *src)
{
	struct vmop_port *port = src->port;
	bool queued;

	lockdep_assert_held(&src->lock);
	spin_lock(&port->lock);
	queued = src->complete == VMOP_COMPLETE_QUEUED;
	src->complete = VMOP_COMPLETE_TAKEN;
	if (queued)
		vmop_port_removed_locked(port, src);
	spin_unlock(&port->lock);
	return queued;
}

/*
 * Takes the next record out. The reference of a request's record is a new one,
 * that of a COMPLETE record is the queue's. The source goes to the end of the
 * line when it has more.
 */
static bool vmop_port_take(struct vmop_port *port, struct vmop_taken *taken)
{
	struct vmop_source *src = NULL;
	struct vmop_req *req;

	spin_lock(&port->lock);
	if (!port->pager_gone)
		src = list_first_entry_or_null(&port->ready, struct vmop_source,
					       ready_link);
	taken->src = src;
	if (src) {
		req = list_first_entry_or_null(&src->queue, struct vmop_req,
					       queue_link);
		taken->req = req;
		if (req) {
			vmop_req_get(req);
			list_del_init(&req->queue_link);
			req->state = VMOP_REQ_DELIVERED;
		} else {
			src->complete = VMOP_COMPLETE_TAKEN;
		}
		list_move_tail(&src->ready_link, &port->ready);
		vmop_port_removed_locked(port, src);
	}
	spin_unlock(&port->lock);
	return src;
}

/* The record was copied. */
static void vmop_port_taken_done(struct vmop_taken *taken)
{
	if (taken->req)
		vmop_req_put(taken->req);
	else
		vmop_source_put(taken->src);
}

/*
 * Back to its place in the queue, which is in the order of the ids: of several
 * readers that fail at once, the one with the newer record may come first.
 */
static void vmop_port_requeue_locked(struct vmop_req *req)
{
	struct list_head *queue = &req->src->queue;
	struct list_head *pos;

	list_for_each(pos, queue) {
		if (list_entry(pos, struct vmop_req, queue_link)->id > req->id)
			break;
	}
	list_add_tail(&req->queue_link, pos);
	req->state = VMOP_REQ_NEW;
}

/*
 * The record could not be copied: its source is the next to be read again. But
 * not when the request was completed meanwhile, and no COMPLETE after the
 * pager's close, which has emptied, or will empty, the queues of this source.
 */
static void vmop_port_untake(struct vmop_port *port, struct vmop_taken *taken)
{
	struct vmop_source *src = taken->src;
	struct vmop_req *req = taken->req;
	bool back;

	spin_lock(&port->lock);
	if (req) {
		back = req->state == VMOP_REQ_DELIVERED;
		if (back)
			vmop_port_requeue_locked(req);
	} else {
		back = !port->pager_gone;
		if (back) {
			src->complete = VMOP_COMPLETE_QUEUED;
			vmop_source_get(src);
		}
	}
	if (back)
		vmop_port_added_locked(port, src, true);
	spin_unlock(&port->lock);
	if (back)
		vmop_port_wake_reader(port);
	vmop_port_taken_done(taken);
}

/* The file. */

static bool vmop_port_is_readable(struct vmop_port *port)
{
	return READ_ONCE(port->nr_records) || READ_ONCE(port->pager_gone);
}

/*
 * Takes a record, or waits for one. 0 with taken->src NULL: end of file.
 * -EAGAIN: none there, and @nowait; -ERESTARTSYS: a signal.
 */
static int vmop_port_wait_take(struct vmop_port *port, bool nowait,
			       struct vmop_taken *taken)
{
	int ret = 0;

	while (!ret) {
		/* Nobody would answer what a dying thread takes away. */
		if (fatal_signal_pending(current)) {
			if (vmop_port_is_readable(port))
				vmop_port_wake_reader(port);
			return -ERESTARTSYS;
		}
		if (vmop_port_take(port, taken) || READ_ONCE(port->pager_gone))
			return 0;
		if (nowait)
			return -EAGAIN;
		ret = wait_event_interruptible_exclusive(port->wq,
							 vmop_port_is_readable(port));
	}
	return ret;
}

static enum vmop_record_type vmop_req_record_type(const struct vmop_req *req)
{
	switch (req->type) {
	case VMOP_REQ_READ:
		return VMOP_RECORD_READ;
	case VMOP_REQ_DIRTY:
		return VMOP_RECORD_DIRTY;
	default:
		return VMOP_RECORD_WRITEBACK;
	}
}

static bool vmop_port_copy_record(const struct vmop_taken *taken,
				  struct iov_iter *to)
{
	const struct vmop_req *req = taken->req;
	struct vmop_port_record record = {
		.type = VMOP_RECORD_COMPLETE,
		.key = vmop_source_key(taken->src),
	};

	if (req) {
		record.type = vmop_req_record_type(req);
		record.offset = (u64)req->start << PAGE_SHIFT;
		record.length = (u64)(req->last - req->start + 1) << PAGE_SHIFT;
		record.id = req->id;
	}
	return copy_to_iter(&record, sizeof(record), to) == sizeof(record);
}

/*
 * Whole records, as many as fit and are there. Records go out one by one, so a
 * fault of the buffer finds only one to put back, and their order stays.
 */
static ssize_t vmop_port_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct vmop_port *port = iocb->ki_filp->private_data;
	bool nowait = iocb->ki_filp->f_flags & O_NONBLOCK ||
		      iocb->ki_flags & IOCB_NOWAIT;
	struct vmop_taken taken;
	ssize_t done = 0;
	int ret = 0;

	if (iov_iter_count(to) < sizeof(struct vmop_port_record))
		return -EINVAL;
	while (iov_iter_count(to) >= sizeof(struct vmop_port_record)) {
		ret = vmop_port_wait_take(port, nowait || done, &taken);
		if (ret || !taken.src)
			break;
		if (!vmop_port_copy_record(&taken, to)) {
			vmop_port_untake(port, &taken);
			ret = -EFAULT;
			break;
		}
		vmop_port_taken_done(&taken);
		done += sizeof(struct vmop_port_record);
	}
	return done ? done : ret;
}

static __poll_t vmop_port_poll(struct file *file, poll_table *wait)
{
	struct vmop_port *port = file->private_data;

	poll_wait(file, &port->wq, wait);
	if (READ_ONCE(port->pager_gone))
		return EPOLLHUP;
	return READ_ONCE(port->nr_records) ? EPOLLIN | EPOLLRDNORM : 0;
}

static void vmop_port_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vmop_port *port = file->private_data;
	unsigned int nr_sources;
	unsigned long nr_records;

	spin_lock(&port->lock);
	nr_records = port->nr_records;
	nr_sources = port->nr_sources;
	spin_unlock(&port->lock);
	seq_printf(m, "pager_id:\t%llu\n", port->pager_id);
	seq_printf(m, "queued:\t%lu\n", nr_records);
	seq_printf(m, "sources:\t%u\n", nr_sources);
}

/* Tells every source, with no lock held; a new one is refused by then. */
static void vmop_port_tell_sources(struct vmop_port *port,
				   void (*tell)(struct vmop_source *src))
{
	struct vmop_source *src;

	spin_lock(&port->lock);
	while ((src = list_first_entry_or_null(&port->sources,
					       struct vmop_source,
					       port_link))) {
		vmop_port_unlink_source_locked(port, src);
		if (!vmop_source_tryget(src))
			continue;
		spin_unlock(&port->lock);
		tell(src);
		vmop_source_put(src);
		spin_lock(&port->lock);
	}
	spin_unlock(&port->lock);
}

static int vmop_port_release(struct inode *inode, struct file *file)
{
	struct vmop_port *port = file->private_data;

	spin_lock(&port->lock);
	WRITE_ONCE(port->closed, true);
	spin_unlock(&port->lock);
	vmop_port_tell_sources(port, vmop_source_port_closed);
	vmop_port_put(port);
	return 0;
}

static const struct file_operations vmop_port_fops = {
	.owner = THIS_MODULE,
	.read_iter = vmop_port_read_iter,
	.poll = vmop_port_poll,
	.release = vmop_port_release,
	.show_fdinfo = vmop_port_show_fdinfo,
};

/* The object. */

/**
 * vmop_port_create() - make a port and its file
 * @pager_id: number of the pager that it belongs to
 * @flags: enum vmop_port_flags
 * @out_file: the file, for fd_install() with O_CLOEXEC, or for fput()
 *
 * The port's one reference is the file's: who keeps the port longer takes one
 * before the file can be closed.
 *
 * Return: the port, or ERR_PTR(-ENOMEM or what the file could not be made for),
 * then *@out_file is not set.
 */
struct vmop_port *vmop_port_create(u64 pager_id, unsigned int flags,
				   struct file **out_file)
{
	struct vmop_port *port;
	struct file *file;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL);
	if (!port)
		return ERR_PTR(-ENOMEM);
	refcount_set(&port->ref, 1);
	port->pager_id = pager_id;
	port->flags = flags;
	init_waitqueue_head(&port->wq);
	spin_lock_init(&port->lock);
	INIT_LIST_HEAD(&port->ready);
	INIT_LIST_HEAD(&port->sources);

	file = anon_inode_getfile("[vmop-port]", &vmop_port_fops, port,
				  O_RDONLY);
	if (IS_ERR(file)) {
		kfree(port);
		return ERR_CAST(file);
	}
	/* From here on fput() gives the port's reference back. */
	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT;
	*out_file = file;
	return port;
}

/**
 * vmop_port_from_file() - the port behind a file
 * @file: any file
 *
 * Return: the port, good as long as the caller holds @file; NULL for a file of
 * another kind.
 */
struct vmop_port *vmop_port_from_file(struct file *file)
{
	return file->f_op == &vmop_port_fops ? file->private_data : NULL;
}

/**
 * vmop_port_get() - take one more reference
 * @port: a port that the caller has a reference on
 */
void vmop_port_get(struct vmop_port *port)
{
	refcount_inc(&port->ref);
}

/**
 * vmop_port_put() - give a reference back
 * @port: the port
 */
void vmop_port_put(struct vmop_port *port)
{
	if (refcount_dec_and_test(&port->ref))
		kfree(port);
}

/**
 * vmop_port_pager_id() - number of the pager that the port belongs to
 * @port: the port
 *
 * Return: the number.
 */
u64 vmop_port_pager_id(const struct vmop_port *port)
{
	return port->pager_id;
}

/**
 * vmop_port_takes_writeback() - does the reader answer WRITEBACK records?
 * @port: the port
 *
 * Return: whether it was made with VMOP_PORT_WRITEBACK.
 */
bool vmop_port_takes_writeback(const struct vmop_port *port)
{
	return port->flags & VMOP_PORT_WRITEBACK;
}

/**
 * vmop_port_is_closed() - whether the file of the port is gone
 * @port: the port
 *
 * Closed for ever; so the pager may drop such a port from its books. Open may
 * have changed when the answer arrives.
 *
 * Return: whether it is.
 */
bool vmop_port_is_closed(struct vmop_port *port)
{
	return READ_ONCE(port->closed);
}

/**
 * vmop_port_pager_closed() - the pager of the port is closed
 * @port: the port
 *
 * Readers get 0 and pollers POLLHUP from now on; no record is handed out any
 * more. Tells all sources of the port, also those whose VMO is gone and of which
 * only an unread COMPLETE is left. Sources whose port was closed before are not
 * reached this way: the pager tells them through their VMO. Either order, and
 * twice, is fine. Takes port->lock, and source->lock of each source.
 */
void vmop_port_pager_closed(struct vmop_port *port)
{
	spin_lock(&port->lock);
	WRITE_ONCE(port->pager_gone, true);
	spin_unlock(&port->lock);
	wake_up_all(&port->wq);
	vmop_port_tell_sources(port, vmop_source_pager_closed);
}
