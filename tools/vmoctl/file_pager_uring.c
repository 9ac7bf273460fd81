// SPDX-License-Identifier: GPL-2.0
/*
 * The io_uring method of the file pager: each thread has a ring, and a block
 * is read by several requests at once.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "file_pager.h"

#define RING_DEPTH 16
#define PIECE (FILE_PAGER_CHUNK / RING_DEPTH)

static size_t piece_size(unsigned int i, size_t len)
{
	size_t at = (size_t)i * PIECE;

	return len - at < PIECE ? len - at : PIECE;
}

/* Queues a read of what piece @i lacks; done[i] bytes of it are there. */
static int queue_piece(struct reader *r, unsigned int i, __u64 off, size_t len,
		       const size_t *done)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(r->ring);
	size_t at = (size_t)i * PIECE + done[i];

	/* There are as many entries as pieces, so this is a bug of ours. */
	if (!sqe)
		return -EBUSY;
	io_uring_prep_read(sqe, r->fp->fd, r->buf + at,
			   (unsigned int)(piece_size(i, len) - done[i]),
			   off + at);
	io_uring_sqe_set_data64(sqe, i);
	return 0;
}

/* Takes one result. Return: bytes it brought or a negative errno. */
static int take_result(struct io_uring *ring, unsigned int *piece)
{
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = io_uring_wait_cqe(ring, &cqe);
	} while (ret == -EINTR);
	if (ret)
		return ret;
	*piece = (unsigned int)io_uring_cqe_get_data64(cqe);
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret ? ret : -EBADMSG;
}

/* After this the ring is of no use, and neither is this way of reading. */
static int fetch_broken(struct reader *r, __u64 off, size_t len)
{
	(void)r;
	(void)off;
	(void)len;
	return -EIO;
}

/*
 * Hands all queued reads to the kernel. On an error those that it did not
 * take are counted off flying: nobody will report them.
 */
static int submit(struct reader *r, unsigned int *flying)
{
	int ret;

	while (io_uring_sq_ready(r->ring)) {
		ret = io_uring_submit(r->ring);
		if (ret >= 0 || ret == -EINTR || ret == -EAGAIN)
			continue;
		*flying -= io_uring_sq_ready(r->ring);
		r->fetch = fetch_broken;
		return ret;
	}
	return 0;
}

static int fetch_uring(struct reader *r, __u64 off, size_t len)
{
	size_t done[RING_DEPTH] = { 0 };
	unsigned int pieces = (unsigned int)((len + PIECE - 1) / PIECE);
	unsigned int flying = 0, i;
	int ret = 0, n;

	for (i = 0; i < pieces && !ret; i++) {
		ret = queue_piece(r, i, off, len, done);
		flying += !ret;
	}
	if (!ret)
		ret = submit(r, &flying);
	/* After an error too: the kernel writes into the buffer until then. */
	while (flying) {
		n = take_result(r->ring, &i);
		flying--;
		if (n == -EINTR || n == -EAGAIN)
			n = 0;
		if (n < 0)
			ret = ret ? ret : n;
		if (ret)
			continue;
		done[i] += (size_t)n;
		if (done[i] == piece_size(i, len))
			continue;
		ret = queue_piece(r, i, off, len, done);
		flying += !ret;
		if (!ret)
			ret = submit(r, &flying);
	}
	return ret;
}

int uring_reader_init(struct reader *r)
{
	struct io_uring *ring = malloc(sizeof(*ring));
	int ret;

	if (!ring)
		return -ENOMEM;
	ret = io_uring_queue_init(RING_DEPTH, ring, 0);
	if (ret) {
		free(ring);
		return ret;
	}
	r->ring = ring;
	r->fetch = fetch_uring;
	return 0;
}

void uring_reader_exit(struct reader *r)
{
	io_uring_queue_exit(r->ring);
	free(r->ring);
	r->ring = NULL;
}
