// SPDX-License-Identifier: GPL-2.0
/*
 * vmo_file.c - a VMO as a regular file: read, write, seek, map, truncate and
 * the rest of file_operations. One of the files that touch user memory.
 *
 * Locks: i_rwsem and f_pos_lock must never be held over a wait for a pager, as
 * who waits for them cannot be killed. So nothing here takes i_rwsem and waits,
 * and every open clears FMODE_ATOMIC_POS: threads that share a file position
 * and read at once may read the same bytes.
 */
#include <linux/fs.h>
#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/splice.h>
#include <linux/uio.h>

#include "compat.h"
#include "ioctl.h"
#include "map.h"
#include "page.h"
#include "request.h"
#include "trace.h"
#include "vmo.h"

static int vmop_file_open(struct inode *inode, struct file *file)
{
	if ((file->f_mode & FMODE_WRITE) &&
	    (to_vmop_vmo(inode)->child_flags & VMOP_CHILD_NO_WRITE))
		return -EACCES;
	file->f_mode &= ~FMODE_ATOMIC_POS;
	file->f_mode |= VMOP_COMPAT_FMODE;
	return 0;
}

/* Leave to write is asked for in pieces no smaller than this (REQ-12). */
#define VMOP_FILE_GRANT_PAGES 16

/* End of what one request of a call may ask for, from @pgoff on (REQ-5). */
static pgoff_t vmop_file_request_end(struct vmop_vmo *vmo, enum vmop_need need,
				     pgoff_t pgoff, loff_t pos, size_t count)
{
	pgoff_t nr_pages = VMOP_FILE_GRANT_PAGES;

	if (vmo->tree->source)
		nr_pages = vmop_source_max_request_pages(vmo->tree->source);
	if (need == VMOP_NEED_GRANT)
		nr_pages = max_t(pgoff_t, nr_pages, VMOP_FILE_GRANT_PAGES);
	return min(vmop_pages_up(vmo->off + (u64)pos + count),
		   pgoff + nr_pages);
}

static int vmop_file_lock(struct vmop_vmo *vmo, struct kiocb *iocb)
{
	if (!(iocb->ki_flags & IOCB_NOWAIT))
		down_read(&vmo->tree->lock);
	else if (!down_read_trylock(&vmo->tree->lock))
		return -EAGAIN;
	return 0;
}

/*
 * A VMO is a regular file: signals that do not kill do not disturb its read()
 * and write(). A worker of io_uring, though, is told to stop by a signal that
 * does not kill.
 */
static unsigned int vmop_file_wait_state(void)
{
	return current->flags & PF_IO_WORKER ? TASK_INTERRUPTIBLE :
					       TASK_KILLABLE;
}

/* Have what is needed brought. Drops the tree lock. 0 to look again. */
static int vmop_file_need_locked(struct vmop_vmo *vmo, struct kiocb *iocb,
				 enum vmop_need need, pgoff_t pgoff,
				 size_t count, bool write)
{
	pgoff_t end;
	int ret;

	if (iocb->ki_flags & IOCB_NOWAIT) {
		up_read(&vmo->tree->lock);
		return -EAGAIN;
	}
	if (need == VMOP_NEED_PAGE) {
		up_read(&vmo->tree->lock);
		return vmop_vmo_give_page(vmo, pgoff, write);
	}
	end = vmop_file_request_end(vmo, need, pgoff, iocb->ki_pos, count);
	ret = vmop_vmo_wait_locked(vmo, need, pgoff, end,
				   vmop_file_wait_state());
	return ret == -ERESTARTSYS ? -EINTR : ret;
}

/*
 * Look up what is at a position, for reading, and have it brought; @len is cut
 * where the VMO ends now. The tree lock is held when this returns 0. -ERANGE
 * behind the end.
 */
static int vmop_file_look(struct vmop_vmo *vmo, struct kiocb *iocb,
			  size_t count, size_t *len, struct vmop_res *res)
{
	pgoff_t pgoff = vmop_vmo_pgoff(vmo, iocb->ki_pos);
	enum vmop_need need;
	u64 size;
	int ret;

	for (;;) {
		ret = vmop_file_lock(vmo, iocb);
		if (ret)
			return ret;
		size = vmop_vmo_len(vmo);
		if (iocb->ki_pos >= size) {
			up_read(&vmo->tree->lock);
			return -ERANGE;
		}
		need = vmop_cow_read_need(vmop_vmo_node(vmo), pgoff, res);
		if (!need)
			break;
		ret = vmop_file_need_locked(vmo, iocb, need, pgoff, count,
					    false);
		if (ret)
			return ret;
	}
	*len = min_t(u64, *len, size - iocb->ki_pos);
	return 0;
}

/*
 * Copy what was found. The tree lock is held until the bytes are out: without it
 * the page may become somebody else's, who writes to it, as a root does when its
 * snapshot has a copy. So the copy must not fault. Drops the tree lock.
 */
static size_t vmop_file_copy_out_locked(struct vmop_vmo *vmo,
					const struct vmop_res *res, size_t off,
					size_t len, struct iov_iter *to)
{
	struct folio *folio;
	size_t copied;

	if (res->kind != VMOP_RES_PAGE) {
		up_read(&vmo->tree->lock);
		return iov_iter_zero(len, to);
	}
	folio = res->page->folio;
	folio_set_referenced(folio);
	pagefault_disable();
	copied = copy_page_to_iter(folio_page(folio, 0), off, len, to);
	pagefault_enable();
	up_read(&vmo->tree->lock);
	return copied;
}

static ssize_t vmop_file_read_page(struct vmop_vmo *vmo, struct kiocb *iocb,
				   size_t count, struct iov_iter *to)
{
	size_t off = offset_in_page(iocb->ki_pos);
	size_t len = min_t(size_t, count, PAGE_SIZE - off);
	struct vmop_res res;
	size_t copied;
	int ret;

	for (;;) {
		ret = vmop_file_look(vmo, iocb, count, &len, &res);
		if (ret)
			return ret;
		copied = vmop_file_copy_out_locked(vmo, &res, off, len, to);
		if (copied)
			return copied;
		/* A pipe that is full cannot be faulted in. */
		if (!user_backed_iter(to) ||
		    fault_in_iov_iter_writeable(to, len) == len)
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static ssize_t vmop_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	struct vmop_vmo *vmo = to_vmop_vmo(inode);
	ssize_t done = 0;
	ssize_t ret = 0;

	while (iov_iter_count(to)) {
		loff_t left = i_size_read(inode) - iocb->ki_pos;

		if (left <= 0)
			break;
		ret = vmop_file_read_page(vmo, iocb,
					  min_t(u64, left, iov_iter_count(to)),
					  to);
		if (ret <= 0)
			break;
		iocb->ki_pos += ret;
		done += ret;
		cond_resched();
	}
	/* The VMO was cut while we waited: as if it had been all the time. */
	if (ret == -ERANGE)
		ret = 0;
	file_accessed(iocb->ki_filp);
	return done ? done : ret;
}

/*
 * Copy into a page that may be written. The tree lock, held since that was seen,
 * and the folio lock are held until the bytes are in, so no writeback, eviction
 * or supply falls in between; so the copy must not fault. Drops the tree lock.
 */
static size_t vmop_file_copy_locked(struct vmop_vmo *vmo,
				    struct vmop_page *page, size_t off,
				    size_t len, struct iov_iter *from)
{
	struct vmop_cow *node = vmop_vmo_node(vmo);
	struct folio *folio = page->folio;
	size_t copied;

	folio_lock(folio);
	if (vmop_cow_dirty(node, page))
		trace_vmop_dirty(vmo->id, vmop_vmo_pos(vmo, page->pgoff),
				 PAGE_SIZE, VMOP_TRACE_DIRTY_WRITE);
	pagefault_disable();
	copied = vmop_compat_copy_from_iter_atomic(folio, off, len, from);
	pagefault_enable();
	folio_unlock(folio);
	if (copied)
		vmop_cow_modify(node);
	up_read(&vmo->tree->lock);
	return copied;
}

/* May a byte be written? The shared tree lock is held. */
static int vmop_file_check_locked(struct vmop_vmo *vmo, loff_t pos)
{
	if (vmo->space->sealed)
		return -EPERM;
	return pos >= vmop_vmo_len(vmo) ? -EFBIG : 0;
}

static ssize_t vmop_file_write_page(struct vmop_vmo *vmo, struct kiocb *iocb,
				    size_t count, struct iov_iter *from)
{
	pgoff_t pgoff = vmop_vmo_pgoff(vmo, iocb->ki_pos);
	size_t off = offset_in_page(iocb->ki_pos);
	size_t len, copied;
	enum vmop_need need;
	struct vmop_res res;
	int ret;

	for (;;) {
		if (fatal_signal_pending(current))
			return -EINTR;
		len = min_t(size_t, count, PAGE_SIZE - off);
		if (fault_in_iov_iter_readable(from, len) == len)
			return -EFAULT;
		ret = vmop_file_lock(vmo, iocb);
		if (ret)
			return ret;
		ret = vmop_file_check_locked(vmo, iocb->ki_pos);
		if (ret) {
			up_read(&vmo->tree->lock);
			return ret;
		}
		len = min_t(u64, len, vmop_vmo_len(vmo) - iocb->ki_pos);
		need = vmop_cow_write_need(vmop_vmo_node(vmo), pgoff, &res);
		if (!need) {
			copied = vmop_file_copy_locked(vmo, res.page, off, len,
						       from);
			if (copied)
				return copied;
			continue;
		}
		ret = vmop_file_need_locked(vmo, iocb, need, pgoff, count,
					    true);
		if (ret)
			return ret;
	}
}

static ssize_t vmop_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct file *file = iocb->ki_filp;
	struct vmop_vmo *vmo = to_vmop_vmo(file_inode(file));
	ssize_t done = 0;
	ssize_t ret;

	/* Becoming durable is a wait. */
	if ((iocb->ki_flags & IOCB_NOWAIT) && iocb_is_dsync(iocb))
		return -EAGAIN;
	ret = generic_write_checks(iocb, from);
	if (ret <= 0)
		return ret;
	/* That has looked for the end in the host of our mapping. */
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = i_size_read(&vmo->inode);
	ret = file_update_time(file);
	if (ret)
		return ret;
	while (iov_iter_count(from)) {
		size_t count = iov_iter_count(from);
		loff_t left = i_size_read(&vmo->inode) - iocb->ki_pos;

		if (left > 0)
			count = min_t(u64, count, left);
		ret = vmop_file_write_page(vmo, iocb, count, from);
		if (ret <= 0)
			break;
		iocb->ki_pos += ret;
		done += ret;
		cond_resched();
	}
	/* O_SYNC and O_DSYNC: no lock is held here. */
	return done ? generic_write_sync(iocb, done) : ret;
}

static loff_t vmop_file_seek(struct vmop_vmo *vmo, loff_t off, bool data)
{
	pgoff_t pgoff = vmop_vmo_pgoff(vmo, off);
	loff_t found = -ENXIO;
	struct vmop_cow *node;
	pgoff_t end, next;
	u64 len;

	down_read(&vmo->tree->lock);
	node = vmop_vmo_node(vmo);
	len = vmop_vmo_len(vmo);
	if (off < 0 || off >= len)
		goto out;
	end = vmop_vmo_end_pgoff(vmo);
	for (; pgoff < end; pgoff = next) {
		if (vmop_cow_is_data(node, pgoff, end, &next) != data)
			continue;
		found = max_t(loff_t, off,
			      ((loff_t)pgoff << PAGE_SHIFT) - vmo->off);
		goto out;
	}
	/* The end of the file counts as a hole. */
	if (!data)
		found = len;
out:
	up_read(&vmo->tree->lock);
	return found;
}

static loff_t vmop_file_llseek(struct file *file, loff_t off, int whence)
{
	struct inode *inode = file_inode(file);

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_file_llseek_size(file, off, whence,
						MAX_LFS_FILESIZE,
						i_size_read(inode));
	off = vmop_file_seek(to_vmop_vmo(inode), off, whence == SEEK_DATA);
	if (off < 0)
		return off;
	return vfs_setpos(file, off, MAX_LFS_FILESIZE);
}

static int vmop_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vmop_vmo *vmo = to_vmop_vmo(file_inode(file));
	int ret = vmop_map_zero_folio(vmo->tree, vmo->space);

	if (ret)
		return ret;
	if (READ_ONCE(vmo->space->sealed) && (vma->vm_flags & VM_SHARED)) {
		if (vma->vm_flags & VM_WRITE)
			return -EPERM;
		vmop_compat_vm_flags_clear(vma, VM_MAYWRITE);
	}
	file_accessed(file);
	/*
	 * In positions of the node, where all mappings of a page are found. The
	 * flag below keeps neighbours from being merged by the file's positions.
	 */
	vma->vm_pgoff += vmo->off >> PAGE_SHIFT;
	vma->vm_ops = &vmop_vm_ops;
	/* For the insertion of neighbours in fault.c. */
	vmop_compat_vm_flags_set(vma, VM_MIXEDMAP);
	return 0;
}

/*
 * The pager knows one kind of durable only: @datasync makes no difference.
 * msync() comes here, too: what was stored through a mapping is dirty since its
 * page_mkwrite.
 */
static int vmop_file_fsync(struct file *file, loff_t start, loff_t end,
			   int datasync)
{
	struct vmop_vmo *vmo = to_vmop_vmo(file_inode(file));
	/* Of a slice nothing but the slice. */
	u64 stop = min((u64)end + 1, (u64)i_size_read(&vmo->inode));
	int ret;

	if (start >= stop)
		return 0;
	ret = vmop_vmo_sync(vmo, vmop_vmo_pgoff(vmo, start),
			    vmop_pages_up(vmo->off + stop),
			    vmop_file_wait_state());

	return ret == -ERESTARTSYS ? -EINTR : ret;
}

static long vmop_file_fallocate(struct file *file, int mode, loff_t off,
				loff_t len)
{
	struct vmop_vmo *vmo = to_vmop_vmo(file_inode(file));
	u64 end = (u64)off + len;
	u64 actual;
	int ret;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) &&
	    (mode & ~FALLOC_FL_KEEP_SIZE) != FALLOC_FL_ZERO_RANGE)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE) && end > i_size_read(&vmo->inode)) {
		ret = vmop_vmo_resize(vmo, end);
		if (ret)
			return ret;
	}
	ret = file_update_time(file);
	if (ret)
		return ret;
	/* What lies behind the end is zero as it is. */
	end = min_t(u64, end, i_size_read(&vmo->inode));
	if (off >= end)
		return 0;
	ret = vmop_vmo_zero(vmo, off, end - off, &actual);
	return ret == -ERANGE ? 0 : ret;
}

static int vmop_file_fadvise(struct file *file, loff_t off, loff_t len,
			     int advice)
{
	struct vmop_vmo *vmo = to_vmop_vmo(file_inode(file));
	u64 size = i_size_read(&vmo->inode);
	u64 actual;
	int ret;

	if (off < 0 || len < 0)
		return -EINVAL;
	if (off >= size)
		return 0;
	/* A length of 0 means: to the end. */
	len = len ? min_t(u64, len, size - off) : size - off;
	switch (advice) {
	case POSIX_FADV_WILLNEED:
		ret = vmop_vmo_prefetch(vmo, off, len, &actual);
		break;
	case POSIX_FADV_DONTNEED:
		ret = vmop_vmo_dont_need(vmo, off, len, &actual);
		break;
	case POSIX_FADV_NORMAL:
	case POSIX_FADV_RANDOM:
	case POSIX_FADV_SEQUENTIAL:
	case POSIX_FADV_NOREUSE:
		ret = 0;
		break;
	default:
		ret = -EINVAL;
	}
	return ret == -ERANGE ? 0 : ret;
}

static int vmop_file_setattr(vmop_compat_idmap *idmap, struct dentry *dentry,
			     struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int ret;

	ret = setattr_prepare(idmap, dentry, attr);
	if (ret)
		return ret;
	if (attr->ia_valid & ATTR_SIZE) {
		ret = vmop_vmo_resize(to_vmop_vmo(inode), attr->ia_size);
		/* ftruncate() has a word of its own for it. */
		if (ret)
			return ret == -ERANGE ? -EFBIG : ret;
	}
	setattr_copy(idmap, inode, attr);
	return 0;
}

static int vmop_file_getattr(vmop_compat_idmap *idmap, const struct path *path,
			     struct kstat *stat, u32 request_mask,
			     unsigned int query_flags)
{
	struct inode *inode = d_inode(path->dentry);

	vmop_compat_fillattr(idmap, request_mask, inode, stat);
	stat->blocks = vmop_vmo_committed(to_vmop_vmo(inode)) >> SECTOR_SHIFT;
	return 0;
}

/*
 * Reading and writing never wait for an event: like any regular file, but that
 * there is something to tell (COW-37).
 */
static __poll_t vmop_file_poll(struct file *file, poll_table *wait)
{
	struct vmop_vmo *vmo = to_vmop_vmo(file_inode(file));
	__poll_t mask = EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &vmo->wq, wait);
	if (!READ_ONCE(vmo->nr_children))
		mask |= EPOLLPRI;
	return mask;
}

const struct inode_operations vmop_vmo_iops = {
	.setattr = vmop_file_setattr,
	.getattr = vmop_file_getattr,
};

const struct file_operations vmop_vmo_fops = {
	.owner = THIS_MODULE,
	VMOP_COMPAT_FOP_FLAGS
	.open = vmop_file_open,
	.llseek = vmop_file_llseek,
	.read_iter = vmop_file_read_iter,
	.write_iter = vmop_file_write_iter,
	.splice_read = vmop_compat_splice_read,
	.splice_write = iter_file_splice_write,
	.mmap = vmop_file_mmap,
	.poll = vmop_file_poll,
	.fsync = vmop_file_fsync,
	.fallocate = vmop_file_fallocate,
	.fadvise = vmop_file_fadvise,
	.show_fdinfo = vmop_vmo_show_fdinfo,
	.unlocked_ioctl = vmop_vmo_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
