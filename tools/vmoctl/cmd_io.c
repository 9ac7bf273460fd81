// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs that carry content: read and write.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "out.h"
#include "source.h"
#include "touch.h"

#define CHUNK (1u << 20)

/**
 * struct copy - content on its way
 * @src: the VMO
 * @fd: where it goes to or comes from
 * @name: of @fd, for messages
 * @offset: first byte in the VMO
 * @length: bytes to carry
 * @done: bytes carried
 * @nsec: time it took
 * @sum: of the content
 * @buf: CHUNK bytes
 */
struct copy {
	struct source src;
	int fd;
	const char *name;
	__u64 offset;
	__u64 length;
	__u64 done;
	__u64 nsec;
	struct cksum sum;
	unsigned char *buf;
};

static int write_all(struct copy *c, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = write(c->fd, c->buf + have, len - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return system_error(-errno, "cannot write to %s",
					    c->name);
		have += (size_t)n;
	}
	cksum_add(&c->sum, c->buf, len);
	c->done += len;
	return STATUS_OK;
}

static int read_by_call(struct copy *c, const struct args *a)
{
	struct progress p;
	size_t want;
	ssize_t n;
	int ret = STATUS_OK;

	progress_start(&p, a, c->length);
	while (!ret && c->done < c->length) {
		want = c->length - c->done < CHUNK ? c->length - c->done :
						     CHUNK;
		n = pread(vmop_vmo_fd(c->src.vmo), c->buf, want,
			  (off_t)(c->offset + c->done));
		if (n < 0 && errno == EINTR)
			continue;
		progress_at(&p, c->done);
		if (n < 0)
			ret = vmo_error(-errno, "cannot read '%s' at offset %llu",
					c->src.where, c->offset + c->done);
		else if (!n)
			ret = plain_error("'%s' became shorter: it ends at offset %llu",
					  c->src.where, c->offset + c->done);
		else
			ret = write_all(c, (size_t)n);
		if (!ret)
			progress_at(&p, c->done);
	}
	progress_end(&p);
	return ret;
}

static int read_mapped(struct copy *c, const struct args *a)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t lead = c->offset % page, len;
	const unsigned char *bad;
	unsigned char *base;
	struct progress p;
	int ret = STATUS_OK;

	if (!c->length)
		return STATUS_OK;
	base = mmap(NULL, lead + c->length, PROT_READ, MAP_SHARED,
		    vmop_vmo_fd(c->src.vmo), (off_t)(c->offset - lead));
	if (base == MAP_FAILED)
		return system_error(-errno, "cannot map '%s'", c->src.where);
	progress_start(&p, a, c->length);
	while (!ret && c->done < c->length) {
		len = c->length - c->done < CHUNK ? c->length - c->done :
						    CHUNK;
		if (touch_copy(c->buf, base + lead + c->done, len, &bad)) {
			plain_error("SIGBUS at offset %llu of '%s': the pager failed it",
				    c->offset - lead + (__u64)(bad - base),
				    c->src.where);
			ret = STATUS_PAGER;
		} else {
			ret = write_all(c, len);
		}
		progress_at(&p, c->done);
	}
	progress_end(&p);
	munmap(base, lead + c->length);
	return ret;
}

static int show(const struct args *a, const struct copy *c)
{
	struct out *o = out_new(a->json);

	out_number(o, "offset", c->offset);
	out_bytes(o, "bytes", c->done);
	out_number(o, "cksum", cksum_end(&c->sum));
	out_number(o, "microseconds", c->nsec / 1000);
	return out_end(o);
}

static int open_other(struct copy *c, const char *path, int oflags, int std)
{
	c->fd = std;
	c->name = std == STDIN_FILENO ? "standard input" : "standard output";
	if (!path)
		return STATUS_OK;
	c->name = path;
	c->fd = open(path, oflags | O_CLOEXEC, 0666);
	if (c->fd < 0)
		return system_error(-errno, "cannot open '%s'", path);
	return STATUS_OK;
}

static int copy_start(struct copy *c, const struct args *a, int oflags)
{
	int ret;

	ret = source_open(a, oflags, &c->src);
	if (ret)
		return ret;
	c->buf = malloc(CHUNK);
	return c->buf ? STATUS_OK : plain_error("no memory");
}

static void copy_end(struct copy *c)
{
	free(c->buf);
	source_close(&c->src);
}

/* Closes the file that was written: an error of it may come only now. */
static int close_other(struct copy *c)
{
	if (c->fd <= STDERR_FILENO || !close(c->fd))
		return STATUS_OK;
	return system_error(-errno, "cannot write to %s", c->name);
}

int cmd_read(const struct args *a)
{
	struct copy c = { .fd = -1 };
	int ret, end;

	if (a->json && !a->output)
		return usage_error("--json needs --output: stdout is for the content");
	ret = copy_start(&c, a, O_RDONLY);
	if (!ret)
		ret = source_range(a, &c.src, &c.offset, &c.length);
	if (!ret)
		ret = open_other(&c, a->output, O_WRONLY | O_CREAT | O_TRUNC,
				 STDOUT_FILENO);
	/* A pipe that is closed early is no error to talk about. */
	if (!a->output)
		signal(SIGPIPE, SIG_DFL);
	if (!ret) {
		c.nsec = now_nsec();
		ret = a->mmap ? read_mapped(&c, a) : read_by_call(&c, a);
		c.nsec = now_nsec() - c.nsec;
	}
	end = close_other(&c);
	ret = ret ? ret : end;
	if (!ret && a->output)
		ret = show(a, &c);
	copy_end(&c);
	return ret;
}

/* Fills the buffer, less only at the end of the input. */
static ssize_t read_input(const struct copy *c, size_t want)
{
	size_t have = 0;
	ssize_t n;

	while (have < want) {
		n = read(c->fd, c->buf + have, want - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static int write_error(const struct copy *c, int err)
{
	__u64 at = c->offset + c->done;

	if (err == -EBADF)
		return plain_error("'%s' is not open for writing; serve it --writable",
				   c->src.where);
	if (err == -EPERM)
		return plain_error("'%s' is sealed: write to a clone of it (vmoctl clone)",
				   c->src.where);
	if (err == -EFBIG)
		return plain_error("'%s' ends at %llu and there is more to write; see resize",
				   c->src.where, at);
	return vmo_error(err, "cannot write '%s' at offset %llu", c->src.where,
			 at);
}

/* Through a mapping of just these bytes. */
static int write_mapped(struct copy *c, size_t len)
{
	__u64 at = c->offset + c->done;
	size_t lead = at % (size_t)sysconf(_SC_PAGESIZE);
	const unsigned char *bad;
	unsigned char *base;
	int ret = STATUS_OK;

	if (!len)
		return STATUS_OK;
	/* A mapping never makes the VMO longer. */
	if (len > c->src.size - at)
		return write_error(c, -EFBIG);
	base = mmap(NULL, lead + len, PROT_READ | PROT_WRITE, MAP_SHARED,
		    vmop_vmo_fd(c->src.vmo), (off_t)(at - lead));
	if (base == MAP_FAILED)
		return write_error(c, errno == EACCES ? -EBADF : -errno);
	if (touch_copy(base + lead, c->buf, len, &bad)) {
		plain_error("SIGBUS at offset %llu of '%s': the pager failed it",
			    at - lead + (__u64)(bad - base), c->src.where);
		ret = STATUS_PAGER;
	} else {
		cksum_add(&c->sum, c->buf, len);
		c->done += len;
	}
	munmap(base, lead + len);
	return ret;
}

static int write_chunk(struct copy *c, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pwrite(vmop_vmo_fd(c->src.vmo), c->buf + have, len - have,
			   (off_t)(c->offset + c->done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return write_error(c, n ? -errno : -EFBIG);
		cksum_add(&c->sum, c->buf + have, (size_t)n);
		have += (size_t)n;
		c->done += (__u64)n;
	}
	return STATUS_OK;
}

static int write_content(struct copy *c, const struct args *a)
{
	struct progress p;
	size_t want;
	ssize_t n;
	int ret = STATUS_OK;

	progress_start(&p, a, a->length != LENGTH_REST ? a->length :
			      c->src.size - c->offset);
	while (!ret && c->done < a->length) {
		want = a->length - c->done < CHUNK ? a->length - c->done :
						     CHUNK;
		n = read_input(c, want);
		if (n < 0)
			ret = system_error((int)n, "cannot read %s", c->name);
		else
			ret = a->mmap ? write_mapped(c, (size_t)n) :
					write_chunk(c, (size_t)n);
		if (!ret)
			progress_at(&p, c->done);
		if (n < (ssize_t)want)
			break;
	}
	progress_end(&p);
	if (!ret && a->length != LENGTH_REST && c->done < a->length)
		ret = plain_error("%s ended after %llu of %llu bytes", c->name,
				  c->done, a->length);
	return ret;
}

int cmd_write(const struct args *a)
{
	struct copy c = { .fd = -1 };
	int ret;

	ret = copy_start(&c, a, O_RDWR);
	if (!ret)
		ret = open_other(&c, a->input, O_RDONLY, STDIN_FILENO);
	if (!ret) {
		c.offset = a->offset;
		if (c.offset > c.src.size)
			ret = plain_error("--offset %llu is behind the end: '%s' has %llu bytes",
					  c.offset, c.src.where, c.src.size);
	}
	if (!ret) {
		c.nsec = now_nsec();
		ret = write_content(&c, a);
		c.nsec = now_nsec() - c.nsec;
	}
	close_other(&c);
	if (!ret)
		ret = show(a, &c);
	copy_end(&c);
	return ret;
}
