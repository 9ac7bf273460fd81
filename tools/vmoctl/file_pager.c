// SPDX-License-Identifier: GPL-2.0
/*
 * A pager whose content is a file.
 *
 * A request is answered with the whole block (--readahead) around it: a fault
 * asks for one page only, and its neighbours are likely to be next. Pages that
 * are there already keep their content, so this is never wrong.
 *
 * The file must not be changed by others while it is served. One that became
 * shorter is noticed and its requests fail with EBADMSG: a page that the file
 * does not have any more must never read as zeros.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_pager.h"
#include "out.h"
#include "source.h"
#include "wal.h"
#include "writeback.h"

static __u64 round_up(__u64 value, __u64 unit)
{
	return (value + unit - 1) / unit * unit;
}

static int check_file(struct file_pager *fp)
{
	struct stat st;

	if (!fp->regular)
		return 0;
	if (fstat(fp->fd, &st))
		return -errno;
	/* What is written back makes it longer before its size is told. */
	if ((__u64)st.st_size == fp->size ||
	    (fp->write && (__u64)st.st_size > fp->size))
		return 0;
	if (!atomic_exchange(&fp->warned, true))
		warning("'%s' had %llu bytes and now has %lld: its requests fail from now on",
			fp->path, fp->size, (long long)st.st_size);
	return -EBADMSG;
}

static int fetch_pread(struct reader *r, __u64 off, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(r->fp->fd, r->buf + have, len - have,
			  (off_t)(off + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EBADMSG;
		have += (size_t)n;
	}
	return 0;
}

/* Supplies [start, end) by way of the thread's buffer. */
static int supply_chunks(struct file_pager *fp, struct reader *r,
			 struct vmop_vmo *vmo, __u64 start, __u64 end,
			 __u64 *done)
{
	VMOP_OPTS(vmop_range_opts, o);
	__u64 off, len, in_file;
	int ret;

	*done = 0;
	for (off = start; off < end; off += len) {
		len = end - off < FILE_PAGER_CHUNK ? end - off :
						     FILE_PAGER_CHUNK;
		in_file = fp->size - off < len ? fp->size - off : len;
		ret = r->fetch(r, off, in_file);
		if (ret)
			return ret;
		memset(r->buf + in_file, 0, len - in_file);
		ret = vmop_pager_supply_copy(fp->pager, vmo, off, len, r->buf,
					     &o);
		*done += o.out_actual;
		if (ret)
			return ret;
	}
	return 0;
}

static int supply(struct file_pager *fp, struct reader *r,
		  struct vmop_vmo *vmo, __u64 start, __u64 end, __u64 *done)
{
	VMOP_OPTS(vmop_range_opts, o);
	int ret;

	if (fp->method == METHOD_FILE) {
		ret = vmop_pager_supply_file(fp->pager, vmo, start,
					     end - start, fp->fd, start, &o);
		*done = o.out_actual;
	} else {
		ret = supply_chunks(fp, r, vmo, start, end, done);
	}
	atomic_fetch_add(&fp->supplied, *done);
	return ret;
}

/* Called with fp->resize held shared. */
static int answer_from_file(struct file_pager *fp, struct reader *local,
			    struct vmop_vmo *vmo,
			    const struct vmop_port_record *req)
{
	__u64 req_end = req->offset + req->length;
	__u64 start = req->offset / fp->block * fp->block;
	__u64 end = round_up(req_end, fp->block);
	__u64 last = round_up(fp->size, fp->page_size);
	__u64 done;
	int ret;

	ret = check_file(fp);
	if (ret)
		return ret;
	/* Cut off since it was asked for: nobody waits for it any more. */
	if (req->offset >= last)
		return -EBADMSG;
	end = end < last ? end : last;
	ret = supply(fp, local, vmo, start, end, &done);
	if (ret && start + done >= req_end)
		return 0;
	/* The neighbours may be cut off, or too much for the payer. */
	if (ret && (start < req->offset || end > req_end))
		ret = supply(fp, local, vmo, req->offset, req_end, &done);
	/*
	 * Outside the VMO: it was cut off after the request was made. Detached:
	 * those who wait know. Neither has anything to fail.
	 */
	if (ret == -ERANGE || ret == -ENOTCONN)
		return check_file(fp);
	return ret;
}

static int answer_read(void *ctx, void *local, struct vmop_vmo *vmo,
		       const struct vmop_port_record *req)
{
	struct file_pager *fp = ctx;
	int ret;

	pthread_rwlock_rdlock(&fp->resize);
	ret = answer_from_file(fp, local, vmo, req);
	pthread_rwlock_unlock(&fp->resize);
	return ret;
}

/* Only with a log: it logs the request itself when it is answered. */
static int answer_dirty(void *ctx, void *local, struct vmop_vmo *vmo,
			const struct vmop_port_record *req)
{
	struct file_pager *fp = ctx;

	(void)local;
	(void)vmo;
	return grants_request(fp->grants, req);
}

static int answer_writeback(void *ctx, void *local, struct vmop_vmo *vmo,
			    const struct vmop_port_record *req)
{
	struct file_pager *fp = ctx;

	(void)local;
	(void)vmo;
	return writeback_request(fp->wb, req);
}

static void log_request(void *ctx, struct vmop_vmo *vmo,
			const struct vmop_port_record *req, int err,
			__u64 nsec)
{
	const struct file_pager *fp = ctx;
	bool later = req->type == VMOP_RECORD_WRITEBACK ||
		     (req->type == VMOP_RECORD_DIRTY && fp->grants);

	(void)vmo;
	if (fp->verbose && (err || !later))
		out_request(fp->json, req, err, nsec);
}

static int reader_start(void *ctx, unsigned int thread, void **local)
{
	struct file_pager *fp = ctx;
	struct reader *r;
	int ret = 0;

	(void)thread;
	if (fp->method == METHOD_FILE)
		return 0;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fp = fp;
	r->fetch = fetch_pread;
	r->buf = aligned_alloc(fp->page_size, FILE_PAGER_CHUNK);
	if (!r->buf)
		ret = -ENOMEM;
	else if (fp->method == METHOD_URING)
		ret = uring_reader_init(r);
	if (ret) {
		free(r->buf);
		free(r);
		return ret;
	}
	*local = r;
	return 0;
}

static void reader_stop(void *ctx, unsigned int thread, void *local)
{
	struct reader *r = local;

	(void)ctx;
	(void)thread;
	if (!r)
		return;
	if (r->ring)
		uring_reader_exit(r);
	free(r->buf);
	free(r);
}

/* Two that write to one file, or one that writes and one that reads. */
static int lock_file(struct file_pager *fp)
{
	if (!flock(fp->fd, (fp->write ? LOCK_EX : LOCK_SH) | LOCK_NB) ||
	    errno != EWOULDBLOCK)
		return STATUS_OK;
	return plain_error("'%s' is served by another vmoctl; end that one first",
			   fp->path);
}

static int open_file(struct file_pager *fp)
{
	int oflags = fp->write ? O_RDWR : O_RDONLY;
	struct stat st;

	fp->fd = open(fp->path, oflags | O_CLOEXEC | O_NONBLOCK);
	if (fp->fd < 0)
		return system_error(-errno, "cannot open '%s'%s", fp->path,
				    fp->write ? " for writing" : "");
	if (fstat(fp->fd, &st))
		return system_error(-errno, "cannot stat '%s'", fp->path);
	fp->regular = S_ISREG(st.st_mode);
	if (!fp->regular && !S_ISBLK(st.st_mode))
		return plain_error("'%s' is neither a regular file nor a block device",
				   fp->path);
	fcntl(fp->fd, F_SETFL, 0);
	return lock_file(fp);
}

static int open_log(const struct args *a, struct file_pager *fp)
{
	struct wal_replay done;
	int ret;

	fp->wal = malloc(sizeof(*fp->wal));
	if (!fp->wal)
		return plain_error("no memory");
	ret = wal_open(fp->wal, a->wal, fp->fd, fp->path, fp->page_size, true);
	if (!ret)
		ret = wal_recover(fp->wal, false, &done);
	if (ret)
		return ret;
	wal_report(fp->wal, &done);
	ret = wal_begin(fp->wal);
	return ret ? ret : grants_new(fp, &fp->grants);
}

/* After the recovery, which may change it. */
static int file_size(struct file_pager *fp)
{
	off_t size = lseek(fp->fd, 0, SEEK_END);

	if (size < 0)
		return system_error(-errno, "cannot tell the size of '%s'",
				    fp->path);
	fp->size = (__u64)size;
	return STATUS_OK;
}

static int check_module(struct file_pager *fp)
{
	static const char *const names[] = { "file", "copy", "uring" };
	struct vmop_info info = { .size = sizeof(info) };
	unsigned int cmd = fp->method == METHOD_FILE ? VMOP_CMD_SUPPLY_FILE :
						       VMOP_CMD_SUPPLY_COPY;
	int ret;

	ret = vmop_pager_info(fp->pager, &info);
	if (ret)
		return vmo_error(ret, "cannot ask what the module can do");
	fp->page_size = info.out_page_size;
	if (fp->write &&
	    !(info.out_cmds & 1ull << (VMOP_CMD_QUERY_DIRTY - VMOP_CMD_BASE)))
		return plain_error("this module does not have --write; see vmoctl info");
	if (info.out_cmds & (1ull << (cmd - VMOP_CMD_BASE)))
		return STATUS_OK;
	return plain_error("this module does not have --method %s; see vmoctl info",
			   names[fp->method]);
}

static int make_vmo(const struct args *a, struct file_pager *fp)
{
	const struct vmop_loop_opts loop_opts = {
		.sz = sizeof(loop_opts),
		.threads = fp->threads,
		.ctx = fp,
		.thread_start = reader_start,
		.thread_stop = reader_stop,
		.port_flags = fp->write ? VMOP_PORT_WRITEBACK : 0,
	};
	const struct vmop_handler handler = {
		.sz = sizeof(handler),
		.read = answer_read,
		.done = log_request,
		.dirty = fp->grants ? answer_dirty : NULL,
		.writeback = answer_writeback,
	};
	const char *base = strrchr(fp->path, '/');
	char name[VMOP_NAME_LEN];
	struct vmop_vmo_opts o;
	struct vmop_vmo *vmo;
	int ret;

	ret = new_vmo_opts(a, &o);
	if (ret)
		return ret;
	snprintf(name, sizeof(name), "%s", base ? base + 1 : fp->path);
	if (!o.name)
		o.name = name;
	if (fp->wal)
		o.flags |= VMOP_VMO_TRAP_DIRTY;
	ret = vmop_loop_new(fp->pager, &loop_opts, &fp->loop);
	if (ret) {
		ret = vmo_error(ret, "cannot make a port");
		goto out;
	}
	ret = vmop_loop_add(fp->loop, fp->size, &o, &handler, fp, &vmo);
	if (ret) {
		ret = new_vmo_error(a, ret);
		goto out;
	}
	ret = vmop_vmo_dup(vmo, &fp->vmo);
	if (ret)
		ret = system_error(ret, "cannot duplicate a descriptor");
	else if (fp->write)
		ret = writeback_new(a, fp, vmo);
out:
	if (o.payer_fd > 0)
		close(o.payer_fd);
	return ret;
}

static int check_options(const struct args *a)
{
	bool writable = a->writable || a->write;

	if (!a->threads)
		return usage_error("--threads must be at least 1");
	if (a->resizable && !writable)
		return usage_error("--resizable needs --writable or --write");
	if (a->trap_dirty && !writable)
		return usage_error("--trap-dirty needs --writable or --write");
	if (a->readahead > 1ull << 40)
		return usage_error("--readahead: at most 1T");
	if (a->write)
		return STATUS_OK;
	if (a->wal)
		return usage_error("--wal needs --write");
	if (a->dirty_limit)
		return usage_error("--dirty-limit needs --write: otherwise nobody makes room");
	if (a->flush_ms != FLUSH_MS || a->flush_bytes != FLUSH_BYTES)
		return usage_error("--flush-ms and --flush-bytes need --write");
	return STATUS_OK;
}

int file_pager_new(const struct args *a, const char *path,
		   struct file_pager *fp)
{
	int ret;

	*fp = (struct file_pager){
		.path = path,
		.fd = -1,
		.method = (enum method)a->method,
		.threads = (unsigned int)a->threads,
		.verbose = a->verbose,
		.json = a->json,
		.write = a->write,
		/* Otherwise a new size would wait until nobody reads. */
		.resize = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP,
	};
	ret = check_options(a);
	if (!ret)
		ret = open_file(fp);
	if (!ret && a->resizable && a->write && !fp->regular)
		ret = usage_error("--resizable --write: the size of the block device '%s' stays",
				  path);
	if (!ret)
		ret = device_open(a, &fp->pager);
	if (!ret)
		ret = check_module(fp);
	if (!ret && a->wal)
		ret = open_log(a, fp);
	if (!ret)
		ret = file_size(fp);
	if (ret)
		return ret;
	fp->block = round_up(a->readahead ? a->readahead : 1, fp->page_size);
	return make_vmo(a, fp);
}

static int loop_error(const struct file_pager *fp, int err)
{
	if (fp->method == METHOD_URING &&
	    (err == -ENOSYS || err == -EPERM || err == -ENOMEM))
		return system_error(err, "io_uring is not to be had here; use --method copy");
	return system_error(err, "cannot start %u threads", fp->threads);
}

int file_pager_start(struct file_pager *fp)
{
	int ret = vmop_loop_start(fp->loop);

	if (ret)
		return loop_error(fp, ret);
	ret = fp->grants ? grants_start(fp->grants) : STATUS_OK;
	if (!ret && fp->wb)
		ret = writeback_start(fp->wb);
	return ret;
}

int file_pager_hand_out(struct file_pager *fp, bool writable,
			struct vmop_vmo **out)
{
	int ret;

	ret = writable || fp->write ?
		      vmop_vmo_dup(fp->vmo, out) :
		      vmop_vmo_reopen(fp->vmo, O_RDONLY, out);
	if (!ret)
		return STATUS_OK;
	if (ret == -ENOENT)
		return plain_error("cannot open the VMO read-only: mount /proc, or use --writable");
	return system_error(ret, "cannot open the VMO again");
}

int file_pager_stop(struct file_pager *fp)
{
	return fp->wb ? writeback_stop(fp->wb) : STATUS_OK;
}

void file_pager_free(struct file_pager *fp)
{
	file_pager_stop(fp);
	if (fp->grants)
		grants_stop(fp->grants);
	/* Calls no handler any more after this. */
	vmop_loop_free(fp->loop);
	writeback_free(fp->wb);
	grants_free(fp->grants);
	vmop_vmo_close(fp->vmo);
	vmop_pager_close(fp->pager);
	if (fp->wal) {
		wal_close(fp->wal);
		free(fp->wal);
	}
	if (fp->fd >= 0)
		close(fp->fd);
	pthread_rwlock_destroy(&fp->resize);
}
