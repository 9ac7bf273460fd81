// SPDX-License-Identifier: GPL-2.0
/*
 * port.c - the port: the file that a pager reads its requests from, and its ends.
 *
 * Owns struct vmop_port but for its queues, which are port_queue.c's. User memory
 * is touched with no lock held.
 *
 * References: the file and the pager hold the port, each source holds its port,
 * and the port reaches its sources by a list that holds no reference: a source
 * takes itself out when it is freed, and who walks the list skips one that is
 * being freed (vmop_source_tryget() fails). So there is no cycle.
 *
 * Wake-ups: readers sleep exclusively, each record that is put in wakes one.
 * None is lost: a reader that was woken, or that a signal ends, first tries to
 * take a record; when it leaves without one although there is one (it is being
 * killed, or its buffer faults) it wakes the next.
 */
#include "port_internal.h"

static_assert(sizeof(struct vmop_port_record) == 64);

static atomic64_t vmop_port_last_id = ATOMIC64_INIT(0);

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

/* The keys are stable: vmopager(4). */
static void vmop_port_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vmop_port *port = file->private_data;
	unsigned int nr_sources;
	unsigned long nr_records;
	bool pager_gone;

	spin_lock(&port->lock);
	nr_records = port->nr_records;
	nr_sources = port->nr_sources;
	pager_gone = port->pager_gone;
	spin_unlock(&port->lock);
	seq_printf(m, "vmop-object:\tport\nvmop-id:\t%llu\n", port->id);
	seq_printf(m, "vmop-pager-id:\t%llu\n", port->pager_id);
	seq_printf(m, "vmop-flags:\t%#x\n", port->flags);
	seq_printf(m, "vmop-state:\t%s\n",
		   pager_gone ? "pager gone" : "live");
	seq_printf(m, "vmop-queued:\t%lu\n", nr_records);
	seq_printf(m, "vmop-sources:\t%u\n", nr_sources);
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
	vmop_port_tell(port, VMOP_NL_EVENT_CLOSED);
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
	int ret;

	port = kzalloc(sizeof(*port), GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL);
	if (!port)
		return ERR_PTR(-ENOMEM);
	refcount_set(&port->ref, 1);
	port->id = atomic64_inc_return(&vmop_port_last_id);
	port->owner = current_euid();
	port->pager_id = pager_id;
	port->flags = flags;
	init_waitqueue_head(&port->wq);
	spin_lock_init(&port->lock);
	INIT_LIST_HEAD(&port->ready);
	INIT_LIST_HEAD(&port->sources);

	ret = vmop_registry_reserve(VMOP_REGISTRY_PORT, port->id);
	if (ret)
		goto err_free;
	file = anon_inode_getfile("[vmop-port]", &vmop_port_fops, port,
				  O_RDONLY);
	ret = PTR_ERR_OR_ZERO(file);
	if (ret)
		goto err_remove;
	/* From here on fput() gives the port's reference back. */
	stream_open(file_inode(file), file);
	file->f_mode |= FMODE_NOWAIT;
	*out_file = file;
	vmop_registry_show(VMOP_REGISTRY_PORT, port->id, port);
	vmop_port_tell(port, VMOP_NL_EVENT_CREATED);
	return port;

err_remove:
	vmop_registry_remove(VMOP_REGISTRY_PORT, port->id);
err_free:
	kfree(port);
	return ERR_PTR(ret);
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
 * vmop_port_tryget() - take a reference unless the port is being freed
 * @port: a port from the registry, with its lock held
 *
 * Return: whether the caller has a reference now.
 */
bool vmop_port_tryget(struct vmop_port *port)
{
	return refcount_inc_not_zero(&port->ref);
}

/**
 * vmop_port_put() - give a reference back
 * @port: the port
 */
void vmop_port_put(struct vmop_port *port)
{
	if (!refcount_dec_and_test(&port->ref))
		return;
	vmop_registry_remove(VMOP_REGISTRY_PORT, port->id);
	kfree(port);
}

/**
 * vmop_port_nr_records() - how many records wait for a reader
 * @port: the port
 *
 * Return: records in the queue; may have changed when the answer arrives.
 */
unsigned long vmop_port_nr_records(struct vmop_port *port)
{
	return READ_ONCE(port->nr_records);
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
