// SPDX-License-Identifier: GPL-2.0
/*
 * supply.c - puts content into pager-backed VMOs: by moving pages out of an
 * anonymous VMO, by copying user memory, as zeros, or by reading a file. One of
 * the files that touch user memory.
 *
 * Every supply works in batches of three steps:
 *
 *  1. get the pages ready, with no lock held: all that may wait or fail;
 *  2. put them in under the exclusive tree lock of the target, and wake who
 *     waits for them;
 *  3. free what was not needed.
 *
 * The tree locks of the target and of the aux VMO are taken one after the
 * other, never together.
 */
#include <linux/bvec.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include <linux/vmopager.h>

#include "ioctl.h"
#include "page.h"
#include "pager.h"
#include "request.h"
#include "trace.h"
#include "vmo.h"

/* Pages of a batch: bounds the time that the tree lock is held. */
#define VMOP_SUPPLY_BATCH_PAGES 32

/**
 * struct vmop_supply_job - a supply in progress
 * @vmo: the target
 * @pgoff: next position in it
 * @end: end of the range
 * @payer: who pays for new pages: who pays for the target
 * @pages: the batch; NULL supplies a zero marker
 * @nr_pages: pages in the batch
 * @nr_done: pages of the batch that have had their turn
 */
struct vmop_supply_job {
	struct vmop_vmo *vmo;
	pgoff_t pgoff;
	pgoff_t end;
	struct mem_cgroup *payer;
	struct vmop_page *pages[VMOP_SUPPLY_BATCH_PAGES];
	unsigned int nr_pages;
	unsigned int nr_done;
};

static void vmop_supply_start(struct vmop_supply_job *job, struct vmop_vmo *vmo,
			      u64 off, u64 len)
{
	job->vmo = vmo;
	job->pgoff = off >> PAGE_SHIFT;
	job->end = (off + len) >> PAGE_SHIFT;
	job->payer = vmo->space->payer;
	job->nr_pages = 0;
	job->nr_done = 0;
}

/* Pages that the next batch has room for. */
static unsigned int vmop_supply_room(const struct vmop_supply_job *job)
{
	return min_t(pgoff_t, job->end - job->pgoff, VMOP_SUPPLY_BATCH_PAGES);
}

static void vmop_supply_drop(struct vmop_supply_job *job)
{
	unsigned int i;

	for (i = 0; i < job->nr_pages; i++)
		vmop_page_free(job->pages[i]);
	job->nr_pages = 0;
	job->nr_done = 0;
}

/* May this VMO be supplied with the rest of the range? (SUP-4) */
static int vmop_supply_check_locked(struct vmop_supply_job *job)
{
	struct vmop_cow *node = vmop_vmo_node(job->vmo);
	enum vmop_vmo_state state = vmop_source_state(node->source);

	if (job->end > node->nr_pages)
		return -ERANGE;
	if (state != VMOP_VMO_STATE_LIVE && state != VMOP_VMO_STATE_PORT_GONE)
		return -ENOTCONN;
	return 0;
}

/*
 * Put the batch in. Only positions that were really filled wake anybody: where
 * there was content nobody can wait (SUP-5, SUP-6).
 */
static int vmop_supply_insert_locked(struct vmop_supply_job *job)
{
	struct vmop_cow *node = vmop_vmo_node(job->vmo);
	pgoff_t run = job->pgoff;
	int ret = 0;

	for (; job->nr_done < job->nr_pages; job->nr_done++) {
		ret = vmop_cow_supply(node, job->pgoff,
				      job->pages[job->nr_done]);
		if (ret && ret != -EEXIST)
			break;
		if (!ret) {
			job->pages[job->nr_done] = NULL;
		} else {
			vmop_source_resolve(node->source, VMOP_REQ_READ, run,
					    job->pgoff);
			run = job->pgoff + 1;
			ret = 0;
		}
		job->pgoff++;
	}
	if (run < job->pgoff)
		vmop_source_resolve(node->source, VMOP_REQ_READ, run,
				    job->pgoff);
	return ret;
}

/* Steps 2 and 3. */
static int vmop_supply_batch(struct vmop_supply_job *job)
{
	unsigned int tries = VMOP_NOMEM_TRIES;
	pgoff_t start = job->pgoff;
	struct mem_cgroup *old;
	int ret;

	do {
		old = vmop_vmo_lock(job->vmo);
		ret = vmop_supply_check_locked(job);
		if (!ret)
			ret = vmop_supply_insert_locked(job);
		vmop_vmo_unlock(job->vmo, old);
	} while (ret == -ENOMEM && --tries && vmop_vmo_make_room(job->vmo));
	trace_vmop_supply(job->vmo->id, vmop_vmo_pos(job->vmo, start),
			  (u64)(job->pgoff - start) << PAGE_SHIFT, ret);
	vmop_supply_drop(job);
	cond_resched();
	return ret;
}

/* Check before any work is done that would be thrown away. */
static int vmop_supply_check(struct vmop_supply_job *job)
{
	int ret;

	down_read(&job->vmo->tree->lock);
	ret = vmop_supply_check_locked(job);
	up_read(&job->vmo->tree->lock);
	return ret;
}

static u64 vmop_supply_actual(const struct vmop_supply_job *job, u64 off)
{
	return ((u64)job->pgoff << PAGE_SHIFT) - off;
}

/*
 * Batch after batch: @prepare is step 1, for the page that is @done bytes into the
 * range. What it got ready before it failed is supplied all the same.
 */
static int vmop_supply_run(struct vmop_supply_job *job, u64 off,
			   int (*prepare)(struct vmop_supply_job *job,
					  const void *source, u64 done),
			   const void *source)
{
	int ret = vmop_supply_check(job);
	int prepared;

	while (!ret && job->pgoff < job->end) {
		if (fatal_signal_pending(current))
			return -EINTR;
		prepared = prepare(job, source, vmop_supply_actual(job, off));
		ret = vmop_supply_batch(job);
		if (!ret)
			ret = prepared;
	}
	return ret;
}

/* Step 1 by copy. */
static int vmop_supply_prepare_copy(struct vmop_supply_job *job,
				    const void *source, u64 done)
{
	const struct vmop_supply_copy *cmd = source;
	const char __user *src = u64_to_user_ptr(cmd->src_uptr) + done;
	unsigned int room = vmop_supply_room(job);
	struct vmop_page *page;
	unsigned long left;
	void *mem;

	while (job->nr_pages < room) {
		page = vmop_vmo_alloc_page(job->vmo, false);
		if (!page)
			return -ENOMEM;
		mem = kmap_local_folio(page->folio, 0);
		left = copy_from_user(mem, src, PAGE_SIZE);
		kunmap_local(mem);
		job->pages[job->nr_pages++] = page;
		if (left) {
			vmop_page_free(job->pages[--job->nr_pages]);
			return -EFAULT;
		}
		src += PAGE_SIZE;
	}
	return 0;
}

/**
 * vmop_supply_copy_ioctl() - VMOP_SUPPLY_COPY
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_supply_copy_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_supply_copy *cmd = ucmd->cmd;
	struct vmop_supply_job job;
	struct vmop_vmo *vmo;
	struct file *file;
	int ret;

	cmd->out_actual = 0;
	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	ret = vmop_check_page_range(cmd->offset, cmd->length);
	if (ret)
		return ret;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	vmop_supply_start(&job, vmo, cmd->offset, cmd->length);
	ret = vmop_supply_run(&job, cmd->offset, vmop_supply_prepare_copy, cmd);
	cmd->out_actual = vmop_supply_actual(&job, cmd->offset);
	fput(file);
	return ret;
}

/* Step 1 by zeros: markers. */
static int vmop_supply_prepare_zero(struct vmop_supply_job *job,
				    const void *source, u64 done)
{
	job->nr_pages = vmop_supply_room(job);
	memset(job->pages, 0, job->nr_pages * sizeof(job->pages[0]));
	return 0;
}

/**
 * vmop_supply_zero_ioctl() - VMOP_SUPPLY_ZERO
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_supply_zero_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_supply_zero *cmd = ucmd->cmd;
	struct vmop_supply_job job;
	struct vmop_vmo *vmo;
	struct file *file;
	int ret;

	cmd->out_actual = 0;
	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	ret = vmop_check_page_range(cmd->offset, cmd->length);
	if (ret)
		return ret;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	vmop_supply_start(&job, vmo, cmd->offset, cmd->length);
	ret = vmop_supply_run(&job, cmd->offset, vmop_supply_prepare_zero, NULL);
	cmd->out_actual = vmop_supply_actual(&job, cmd->offset);
	fput(file);
	return ret;
}

/* Pages without content for a whole batch. */
static int vmop_supply_alloc(struct vmop_supply_job *job)
{
	unsigned int room = vmop_supply_room(job);

	while (job->nr_pages < room) {
		job->pages[job->nr_pages] = vmop_vmo_alloc_page(job->vmo,
								false);
		if (!job->pages[job->nr_pages])
			return -ENOMEM;
		job->nr_pages++;
	}
	return 0;
}

/* Read a file into the pages of the batch: bytes, or a negative errno. */
static ssize_t vmop_supply_read(struct vmop_supply_job *job, struct file *src,
				loff_t pos)
{
	struct bio_vec bvec[VMOP_SUPPLY_BATCH_PAGES];
	size_t len = (size_t)job->nr_pages << PAGE_SHIFT;
	struct iov_iter iter;
	ssize_t done = 0;
	ssize_t ret;
	unsigned int i;

	for (i = 0; i < job->nr_pages; i++) {
		bvec[i].bv_page = folio_page(job->pages[i]->folio, 0);
		bvec[i].bv_offset = 0;
		bvec[i].bv_len = PAGE_SIZE;
	}
	iov_iter_bvec(&iter, READ, bvec, job->nr_pages, len);
	while (done < len) {
		ret = vfs_iter_read(src, &iter, &pos, 0);
		if (ret < 0)
			return ret;
		if (!ret)
			break;
		done += ret;
	}
	return done;
}

/* The file of a VMOP_SUPPLY_FILE, and where its first byte is. */
struct vmop_supply_src {
	struct file *file;
	loff_t pos;
};

/*
 * Step 1 by file. The page that holds the file's end is filled up with zeros,
 * pages behind it are given back.
 */
static int vmop_supply_prepare_file(struct vmop_supply_job *job,
				    const void *source, u64 done)
{
	const struct vmop_supply_src *src = source;
	int ret = vmop_supply_alloc(job);
	unsigned int nr_read, i;
	ssize_t len;

	if (!job->nr_pages)
		return ret;
	len = vmop_supply_read(job, src->file, src->pos + done);
	if (len < 0) {
		vmop_supply_drop(job);
		return len;
	}
	nr_read = vmop_pages_up(len);
	if (len & ~PAGE_MASK)
		vmop_page_zero_tail(job->pages[nr_read - 1], len & ~PAGE_MASK);
	if (nr_read < job->nr_pages)
		ret = -ERANGE;
	for (i = nr_read; i < job->nr_pages; i++)
		vmop_page_free(job->pages[i]);
	job->nr_pages = nr_read;
	return ret;
}

static struct file *vmop_supply_get_src(s32 fd)
{
	struct file *src = fget(fd);
	umode_t mode;
	int ret;

	if (!src)
		return ERR_PTR(-EBADF);
	mode = file_inode(src)->i_mode;
	if (!S_ISREG(mode) && !S_ISBLK(mode))
		ret = -EBADFD;
	else if (!(src->f_mode & FMODE_READ))
		ret = -EACCES;
	else
		return src;
	fput(src);
	return ERR_PTR(ret);
}

/**
 * vmop_supply_file_ioctl() - VMOP_SUPPLY_FILE
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_supply_file_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_supply_file *cmd = ucmd->cmd;
	struct vmop_supply_job job;
	struct vmop_supply_src src;
	struct file *file;
	struct vmop_vmo *vmo;
	int ret;

	cmd->out_actual = 0;
	if (cmd->flags)
		return -EOPNOTSUPP;
	ret = vmop_check_page_range(cmd->offset, cmd->length) ?:
	      vmop_check_range(cmd->src_offset, cmd->length);
	if (ret)
		return ret;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	src.pos = cmd->src_offset;
	src.file = vmop_supply_get_src(cmd->src_fd);
	if (IS_ERR(src.file)) {
		fput(file);
		return PTR_ERR(src.file);
	}
	vmop_supply_start(&job, vmo, cmd->offset, cmd->length);
	ret = vmop_supply_run(&job, cmd->offset, vmop_supply_prepare_file,
			      &src);
	cmd->out_actual = vmop_supply_actual(&job, cmd->offset);
	fput(src.file);
	fput(file);
	return ret;
}

/*
 * Take a batch out of the aux VMO. Its range is empty afterwards, whatever
 * becomes of the pages (SUP-2). Nothing in an anonymous VMO supplies zeros.
 */
static int vmop_supply_take(struct vmop_supply_job *job, struct vmop_vmo *aux,
			    pgoff_t start, unsigned int nr_pages)
{
	struct mem_cgroup *old = vmop_vmo_lock(aux);
	struct vmop_cow *node = vmop_vmo_node(aux);
	struct vmop_slot slot;
	unsigned int i;
	int ret = 0;

	if (node->nr_pages < nr_pages || start > node->nr_pages - nr_pages)
		ret = -ERANGE;
	else if (aux->space->sealed)
		ret = -EPERM;
	else if (node->parent)
		ret = -EOPNOTSUPP;
	for (i = 0; !ret && i < nr_pages; i++) {
		slot = vmop_plist_lookup(&node->pages, start + i);
		job->pages[i] = NULL;
		if (slot.kind != VMOP_SLOT_PAGE)
			continue;
		job->pages[i] = slot.page;
		vmop_plist_remove(&node->pages, start + i);
		vmop_page_detach(slot.page);
	}
	vmop_vmo_unlock(aux, old);
	job->nr_pages = ret ? 0 : nr_pages;
	return ret;
}

/* A page that somebody can reach in another way is copied (see there). */
static int vmop_supply_own(struct vmop_supply_job *job)
{
	unsigned int i;

	for (i = 0; i < job->nr_pages; i++) {
		if (!job->pages[i])
			continue;
		job->pages[i] = vmop_page_own(job->pages[i], job->payer);
		if (!job->pages[i]) {
			vmop_supply_drop(job);
			return -ENOMEM;
		}
	}
	return 0;
}

/*
 * The aux range is given up to its end also when the target refuses (SUP-2,
 * SUP-4); @ret carries that refusal on.
 */
static int vmop_supply_move(struct vmop_supply_job *job, struct vmop_vmo *aux,
			    pgoff_t aux_pgoff)
{
	pgoff_t aux_end = aux_pgoff + (job->end - job->pgoff);
	unsigned int nr_pages;
	int ret = 0;
	int err;

	while (aux_pgoff < aux_end && !fatal_signal_pending(current)) {
		nr_pages = min_t(pgoff_t, aux_end - aux_pgoff,
				 VMOP_SUPPLY_BATCH_PAGES);
		err = vmop_supply_take(job, aux, aux_pgoff, nr_pages);
		if (err)
			return ret ?: err;
		aux_pgoff += nr_pages;
		if (ret) {
			vmop_supply_drop(job);
			continue;
		}
		ret = vmop_supply_own(job) ?: vmop_supply_batch(job);
	}
	return ret ?: aux_pgoff < aux_end ? -EINTR : 0;
}

static struct vmop_vmo *vmop_supply_get_aux(s32 fd, struct file **file)
{
	const fmode_t rw = FMODE_READ | FMODE_WRITE;
	struct vmop_vmo *aux;
	int ret;

	*file = fget(fd);
	if (!*file)
		return ERR_PTR(-EBADF);
	aux = vmop_vmo_from_file(*file);
	if (!aux)
		ret = -EBADFD;
	else if (((*file)->f_mode & rw) != rw)
		ret = -EACCES;
	else if (aux->tree->source || aux->child_flags)
		ret = -EOPNOTSUPP;
	else
		return aux;
	fput(*file);
	return ERR_PTR(ret);
}

/* The arguments about the aux VMO, before anything is taken (SUP-3). */
static int vmop_supply_check_aux(struct vmop_vmo *aux, u64 off, u64 len)
{
	struct vmop_cow *node;
	int ret = 0;
	u64 size;

	down_read(&aux->tree->lock);
	node = vmop_vmo_node(aux);
	size = (u64)node->nr_pages << PAGE_SHIFT;
	if (aux->space->sealed)
		ret = -EPERM;
	else if (node->parent)
		/* What clones see cannot be taken away. */
		ret = -EOPNOTSUPP;
	else if (off > size || len > size - off)
		ret = -ERANGE;
	up_read(&aux->tree->lock);
	return ret;
}

/**
 * vmop_supply_ioctl() - VMOP_SUPPLY
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_supply_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_supply *cmd = ucmd->cmd;
	struct file *file, *aux_file;
	struct vmop_vmo *vmo, *aux;
	struct vmop_supply_job job;
	int ret;

	cmd->out_actual = 0;
	if (cmd->flags)
		return -EOPNOTSUPP;
	ret = vmop_check_page_range(cmd->offset, cmd->length) ?:
	      vmop_check_page_range(cmd->aux_offset, cmd->length);
	if (ret)
		return ret;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	aux = vmop_supply_get_aux(cmd->aux_fd, &aux_file);
	if (IS_ERR(aux)) {
		fput(file);
		return PTR_ERR(aux);
	}
	ret = vmop_supply_check_aux(aux, cmd->aux_offset, cmd->length);
	if (!ret) {
		vmop_supply_start(&job, vmo, cmd->offset, cmd->length);
		ret = vmop_supply_move(&job, aux,
				       cmd->aux_offset >> PAGE_SHIFT);
		cmd->out_actual = vmop_supply_actual(&job, cmd->offset);
	}
	fput(aux_file);
	fput(file);
	return ret;
}
