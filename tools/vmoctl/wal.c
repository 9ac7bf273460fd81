// SPDX-License-Identifier: GPL-2.0
/*
 * The log of --wal: what the file has is saved before it is overwritten.
 *
 * A bit for each page tells what is saved already, so that the log has each
 * page once between two checkpoints. Pages behind the base size need no
 * record: recovery cuts them off.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "file_io.h"
#include "out.h"
#include "wal.h"

__u32 wal_header_crc(const struct wal_header *h)
{
	struct wal_header copy = *h;

	copy.crc = 0;
	return (__u32)crc32_z(0, (const Bytef *)&copy, sizeof(copy));
}

__u32 wal_seed(__u64 salt)
{
	return (__u32)crc32_z(0, (const Bytef *)&salt, sizeof(salt));
}

__u32 wal_record_crc(__u32 seed, const struct wal_record *r,
		     const void *content)
{
	struct wal_record copy = *r;
	uLong crc;

	copy.crc = 0;
	crc = crc32_z(seed, (const Bytef *)&copy, sizeof(copy));
	if (!(r->flags & (WAL_ZEROS | WAL_COMMIT)))
		crc = crc32_z(crc, content, r->length);
	return (__u32)crc;
}

static int check_log(struct wal *w)
{
	struct stat log, file;

	if (fstat(w->fd, &log) || fstat(w->file, &file))
		return system_error(-errno, "cannot stat '%s'", w->path);
	if (!S_ISREG(log.st_mode))
		return plain_error("--wal: '%s' is not a regular file", w->path);
	if (log.st_dev == file.st_dev && log.st_ino == file.st_ino)
		return plain_error("--wal: '%s' is the file itself; the log is another file",
				   w->path);
	w->regular = S_ISREG(file.st_mode);
	w->inode = w->regular ? file.st_ino : file.st_rdev;
	if (!flock(w->fd, LOCK_EX | LOCK_NB))
		return STATUS_OK;
	if (errno == EWOULDBLOCK)
		return plain_error("--wal: '%s' is in use by another vmoctl",
				   w->path);
	return system_error(-errno, "cannot lock '%s'", w->path);
}

int wal_open(struct wal *w, const char *path, int file, const char *file_path,
	     __u64 page_size, bool make)
{
	int oflags = O_RDWR | O_CLOEXEC | O_NONBLOCK | (make ? O_CREAT : 0);
	int ret;

	*w = (struct wal){
		.path = path,
		.file = file,
		.file_path = file_path,
		.page_size = page_size,
	};
	pthread_mutex_init(&w->lock, NULL);
	w->fd = open(path, oflags, 0600);
	if (w->fd < 0)
		return system_error(-errno, "cannot open the log '%s'", path);
	ret = check_log(w);
	if (ret)
		return ret;
	w->buf = aligned_alloc(page_size, WAL_CHUNK);
	if (!w->buf)
		return plain_error("no memory");
	ret = make ? file_sync_name(path) : 0;
	return ret ? system_error(ret, "cannot sync the folder of '%s'", path) :
		     STATUS_OK;
}

void wal_close(struct wal *w)
{
	if (w->fd >= 0)
		close(w->fd);
	free(w->buf);
	free(w->saved);
	pthread_mutex_destroy(&w->lock);
}

static __u64 pages(const struct wal *w, __u64 bytes)
{
	return bytes / w->page_size + !!(bytes % w->page_size);
}

/* A bit map with room for a file of @size bytes, or NULL. */
static unsigned char *new_map(const struct wal *w, __u64 size)
{
	return calloc(pages(w, size) / 8 + 1, 1);
}

int wal_begin(struct wal *w)
{
	off_t size = lseek(w->file, 0, SEEK_END);

	if (size < 0)
		return system_error(-errno, "cannot tell the size of '%s'",
				    w->file_path);
	w->base = (__u64)size;
	w->saved = new_map(w, w->base);
	return w->saved ? STATUS_OK : plain_error("no memory");
}

static bool is_saved(const struct wal *w, __u64 page)
{
	return w->saved[page / 8] & 1 << page % 8;
}

static int append(struct wal *w, const void *data, size_t len)
{
	int ret = file_write(w->fd, data, len, w->end);

	if (!ret)
		w->end += len;
	return ret;
}

static int append_header(struct wal *w)
{
	struct wal_header h = {
		.magic = WAL_MAGIC,
		.size = sizeof(h),
		.page_size = (__u32)w->page_size,
		.base = w->base,
		.inode = w->inode,
	};

	if (getrandom(&h.salt, sizeof(h.salt), 0) != sizeof(h.salt))
		return -EIO;
	h.crc = wal_header_crc(&h);
	w->seed = wal_seed(h.salt);
	w->sequence = 0;
	return append(w, &h, sizeof(h));
}

/* A record; its content, if it has any, is in w->buf. */
static int append_record(struct wal *w, __u32 flags, __u64 offset,
			 __u64 length)
{
	struct wal_record r = {
		.magic = WAL_RECORD_MAGIC,
		.flags = flags,
		.sequence = w->sequence + 1,
		.offset = offset,
		.length = length,
	};
	int ret;

	r.crc = wal_record_crc(w->seed, &r, w->buf);
	ret = append(w, &r, sizeof(r));
	if (!ret && !flags)
		ret = append(w, w->buf, length);
	if (ret)
		return ret;
	w->sequence++;
	return 0;
}

/* Saves [offset, end), none of which is saved. */
static int save_run(struct wal *w, __u64 offset, __u64 end)
{
	__u64 at, next;
	int ret, hole;

	for (at = offset; at < end; at = next) {
		next = file_extent(w->file, at, end, &hole);
		/* Whole pages; a page that is partly a hole is data. */
		if (hole)
			next = next == end ? end :
			       next / w->page_size * w->page_size;
		if (hole && next > at) {
			ret = append_record(w, WAL_ZEROS, at, next - at);
			if (ret)
				return ret;
			continue;
		}
		next = pages(w, hole ? at + 1 : next) * w->page_size;
		next = next < end ? next : end;
		if (next - at > WAL_CHUNK)
			next = at + WAL_CHUNK;
		ret = file_read(w->file, w->buf, next - at, at);
		if (!ret)
			ret = append_record(w, 0, at, next - at);
		if (ret)
			return ret;
	}
	return 0;
}

/* Saves what of a range is not saved and was in the file at the checkpoint. */
static int save_range(struct wal *w, const struct wal_range *r)
{
	__u64 page = r->offset / w->page_size, from;
	__u64 last = pages(w, r->offset + r->length);
	__u64 most = pages(w, w->base);
	int ret;

	last = last < most ? last : most;
	while (page < last) {
		if (is_saved(w, page)) {
			page++;
			continue;
		}
		from = page;
		while (page < last && !is_saved(w, page))
			page++;
		ret = save_run(w, from * w->page_size, page * w->page_size);
		if (ret)
			return ret;
	}
	return 0;
}

static void mark_saved(struct wal *w, const struct wal_range *r)
{
	__u64 page = r->offset / w->page_size;
	__u64 last = pages(w, r->offset + r->length);
	__u64 most = pages(w, w->base);

	last = last < most ? last : most;
	for (; page < last; page++)
		w->saved[page / 8] |= (unsigned char)(1 << page % 8);
}

/* Takes back what was appended behind @end, so that it cannot be half there. */
static void take_back(struct wal *w, __u64 end, __u64 sequence)
{
	w->end = end;
	w->sequence = sequence;
	/* If this fails, the next record overwrites it, or its checksum tells. */
	if (ftruncate(w->fd, (off_t)end))
		warning("cannot shorten '%s': %s", w->path, strerror(errno));
}

static int sync_log(struct wal *w)
{
	return fdatasync(w->fd) ? -errno : 0;
}

int wal_protect(struct wal *w, const struct wal_range *ranges, size_t count)
{
	__u64 end, sequence;
	size_t i;
	int ret = 0;

	pthread_mutex_lock(&w->lock);
	end = w->end;
	sequence = w->sequence;
	if (!end)
		ret = append_header(w);
	for (i = 0; i < count && !ret; i++)
		ret = save_range(w, &ranges[i]);
	if (!ret && w->end != end)
		ret = sync_log(w);
	if (ret)
		take_back(w, end, sequence);
	for (i = 0; i < count && !ret; i++)
		mark_saved(w, &ranges[i]);
	pthread_mutex_unlock(&w->lock);
	return ret;
}

/*
 * The file becomes shorter. What is cut off is not saved, so the record of
 * the checkpoint, with the size, comes first: after a crash the cut is done
 * again instead of undone.
 */
static int commit_size(struct wal *w, __u64 size)
{
	__u64 end = w->end, sequence = w->sequence;
	int ret = 0;

	if (!end)
		ret = append_header(w);
	if (!ret)
		ret = append_record(w, WAL_COMMIT, size, 0);
	if (!ret)
		ret = sync_log(w);
	if (ret)
		take_back(w, end, sequence);
	return ret;
}

static int cut_file(struct wal *w, __u64 size)
{
	if (ftruncate(w->file, (off_t)size) || fdatasync(w->file))
		return -errno;
	return 0;
}

int wal_checkpoint(struct wal *w, __u64 size)
{
	off_t now = lseek(w->file, 0, SEEK_END);
	unsigned char *map = new_map(w, size);
	bool cut = w->regular && now > (off_t)size;
	int ret = 0;

	if (!map)
		return -ENOMEM;
	pthread_mutex_lock(&w->lock);
	if (now < 0)
		ret = -EIO;
	else if (cut)
		ret = commit_size(w, size);
	if (ret || (!cut && !w->end))
		goto out;
	if (cut) {
		/* It counts already, whatever comes. */
		free(w->saved);
		w->saved = map;
		w->base = size;
		map = NULL;
		ret = cut_file(w, size);
	}
	if (!ret && (ftruncate(w->fd, 0) || sync_log(w)))
		ret = -errno;
	if (ret)
		goto out;
	w->end = 0;
	if (map) {
		free(w->saved);
		w->saved = map;
		w->base = size;
		map = NULL;
	}
out:
	pthread_mutex_unlock(&w->lock);
	free(map);
	return ret;
}
