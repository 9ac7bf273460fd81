// SPDX-License-Identifier: GPL-2.0
/*
 * What is done with a log that is not empty: the file goes back to the last
 * checkpoint. Doing it twice, or again after a crash in the middle, gives the
 * same.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file_io.h"
#include "out.h"
#include "source.h"
#include "wal.h"

/**
 * struct scan - a walk over the records of a log
 * @w: the log
 * @size: bytes of it
 * @at: where the next record is expected
 * @from: where the records start that count
 * @base: size of the file at the checkpoint
 * @sequence: of the last record
 * @r: a record; its content, if it has any, is in w->buf
 */
struct scan {
	struct wal *w;
	__u64 size;
	__u64 at;
	__u64 from;
	__u64 base;
	__u64 sequence;
	struct wal_record r;
};

static bool plausible(const struct scan *s)
{
	const struct wal_record *r = &s->r;

	if (r->magic != WAL_RECORD_MAGIC || r->sequence != s->sequence + 1 ||
	    r->flags & ~(__u32)(WAL_ZEROS | WAL_COMMIT) || r->reserved)
		return false;
	if (r->flags)
		return true;
	return r->length && r->length <= WAL_CHUNK &&
	       r->length <= s->size - s->at - sizeof(*r);
}

/* Return: 1, 0 when there is no whole record any more, or -errno. */
static int next_record(struct scan *s)
{
	int ret;

	if (s->size - s->at < sizeof(s->r))
		return 0;
	ret = file_read(s->w->fd, &s->r, sizeof(s->r), s->at);
	if (ret)
		return ret;
	if (!plausible(s))
		return 0;
	if (!s->r.flags) {
		ret = file_read(s->w->fd, s->w->buf, s->r.length,
				s->at + sizeof(s->r));
		if (ret)
			return ret;
	}
	if (wal_record_crc(s->w->seed, &s->r, s->w->buf) != s->r.crc)
		return 0;
	s->at += sizeof(s->r) + (s->r.flags ? 0 : s->r.length);
	s->sequence++;
	return 1;
}

/* Finds the records that count, and the size of the file. */
static int find_checkpoint(struct scan *s)
{
	int ret;

	while ((ret = next_record(s)) > 0) {
		if (!(s->r.flags & WAL_COMMIT))
			continue;
		s->base = s->r.offset;
		s->from = s->at;
	}
	return ret;
}

static int put_back(struct scan *s, struct wal_replay *done)
{
	struct wal *w = s->w;
	__u64 end = s->r.offset + s->r.length;
	int ret;

	if (end > s->base)
		end = s->base;
	if (s->r.offset >= end)
		return 0;
	if (s->r.flags & WAL_ZEROS)
		ret = file_zero(w->file, s->r.offset, end - s->r.offset);
	else
		ret = file_write(w->file, w->buf, end - s->r.offset,
				 s->r.offset);
	done->bytes += end - s->r.offset;
	return ret;
}

static int replay(struct scan *s, struct wal_replay *done)
{
	struct wal *w = s->w;
	__u64 stop;
	struct scan again;
	int ret;

	ret = find_checkpoint(s);
	if (ret)
		return ret;
	stop = s->at;
	done->ignored = s->size - stop;
	/* The size first: a hole cannot be made behind the end. */
	if (w->regular && ftruncate(w->file, (off_t)s->base))
		return -errno;
	again = *s;
	again.at = sizeof(struct wal_header);
	again.sequence = 0;
	while (again.at < stop) {
		ret = next_record(&again);
		if (ret < 0)
			return ret;
		/* What was whole a moment ago is not now. */
		if (!ret)
			return -EIO;
		if (again.at <= s->from || again.r.flags & WAL_COMMIT)
			continue;
		ret = put_back(&again, done);
		if (ret)
			return ret;
	}
	return fdatasync(w->file) ? -errno : 0;
}

static int empty_log(struct wal *w)
{
	return ftruncate(w->fd, 0) || fdatasync(w->fd) ? -errno : 0;
}

/* Also the beginning of a header that was not written whole. */
static bool may_be_log(const struct wal_header *h, __u64 size)
{
	static const struct wal_header none;
	static const __u64 magic = WAL_MAGIC;

	return !memcmp(&h->magic, &magic,
		       size < sizeof(magic) ? size : sizeof(magic)) ||
	       !memcmp(h, &none, sizeof(none));
}

/*
 * Return: STATUS_OK with s->size 0 when there is nothing to do, or another
 * status after a message.
 */
static int read_header(struct scan *s, bool force)
{
	struct wal *w = s->w;
	struct wal_header h = { 0 };
	struct stat st;
	int ret;

	if (fstat(w->fd, &st))
		return system_error(-errno, "cannot stat '%s'", w->path);
	s->size = (__u64)st.st_size;
	if (!s->size)
		return STATUS_OK;
	ret = file_read(w->fd, &h, s->size < sizeof(h) ? s->size : sizeof(h),
			0);
	if (ret)
		return system_error(ret, "cannot read '%s'", w->path);
	if (!may_be_log(&h, s->size))
		return plain_error("'%s' is not a log of vmoctl; name another, it stays as it is",
				   w->path);
	if (s->size < sizeof(h) || h.size != sizeof(h) ||
	    h.crc != wal_header_crc(&h)) {
		/* The header is durable before anything of the file changes. */
		warning("'%s' has no whole header: nothing to recover",
			w->path);
		ret = empty_log(w);
		s->size = 0;
		return ret ? system_error(ret, "cannot empty '%s'", w->path) :
			     STATUS_OK;
	}
	if (h.inode != w->inode && !force)
		return plain_error("'%s' belongs to another file (inode %llu); see recover --force",
				   w->path, h.inode);
	w->seed = wal_seed(h.salt);
	s->base = h.base;
	s->at = sizeof(h);
	s->from = sizeof(h);
	return STATUS_OK;
}

int wal_recover(struct wal *w, bool force, struct wal_replay *done)
{
	struct scan s = { .w = w };
	int ret;

	*done = (struct wal_replay){ 0 };
	ret = read_header(&s, force);
	if (ret || !s.size)
		return ret;
	ret = replay(&s, done);
	if (ret)
		return system_error(ret, "cannot recover '%s' from '%s'",
				    w->file_path, w->path);
	ret = empty_log(w);
	if (ret)
		return system_error(ret, "cannot empty '%s'", w->path);
	done->needed = true;
	done->size = s.base;
	return STATUS_OK;
}

void wal_report(const struct wal *w, const struct wal_replay *done)
{
	if (done->needed)
		notice("recovered '%s' from '%s': %llu bytes put back, %llu ignored, size %llu",
		       w->file_path, w->path, done->bytes, done->ignored,
		       done->size);
}
