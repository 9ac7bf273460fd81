/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pager whose content is a file: what `serve FILE` and `exec --file` run.
 */
#ifndef VMOCTL_FILE_PAGER_H
#define VMOCTL_FILE_PAGER_H

#include <pthread.h>
#include <stdatomic.h>

#include "vmoctl.h"

struct grants;
struct wal;
struct writeback;

/* Most that is read and supplied in one go by the copying methods. */
#define FILE_PAGER_CHUNK (1u << 20)

/**
 * struct file_pager - a file, its VMO and the threads that serve it
 * @path: name of the file
 * @fd: the file, open for reading, and for writing when changes go there
 * @size: bytes it had when it was opened, or was given since
 * @page_size: bytes of a page of the VMO
 * @block: bytes supplied at once, a multiple of the page size
 * @method: how the content gets into the VMO
 * @threads: how many threads
 * @verbose: a line for each request
 * @json: that line is a JSON object
 * @regular: a regular file, whose size can be looked at
 * @write: changes are written back
 * @resize: held by those who supply, alone by who changes @size
 * @warned: the file was found changed and the user told so
 * @supplied: bytes supplied so far
 * @pager: the device
 * @loop: the threads
 * @vmo: the VMO; a handle of its own that lives until file_pager_free()
 * @wb: writes back, or NULL
 * @wal: the log of --wal, or NULL
 * @grants: agrees to changes, with a log, or NULL
 */
struct file_pager {
	const char *path;
	int fd;
	__u64 size;
	__u64 page_size;
	__u64 block;
	enum method method;
	unsigned int threads;
	bool verbose;
	bool json;
	bool regular;
	bool write;
	pthread_rwlock_t resize;
	atomic_bool warned;
	atomic_ullong supplied;
	struct vmop_pager *pager;
	struct vmop_loop *loop;
	struct vmop_vmo *vmo;
	struct writeback *wb;
	struct wal *wal;
	struct grants *grants;
};

/**
 * struct reader - what a thread of the copying methods owns
 * @fp: the pager
 * @buf: FILE_PAGER_CHUNK bytes, page-aligned
 * @fetch: reads len bytes at off of the file into @buf; 0 or a negative
 *         errno, -EBADMSG when the file ends before
 * @ring: state of the io_uring method, or NULL
 */
struct reader {
	struct file_pager *fp;
	unsigned char *buf;
	int (*fetch)(struct reader *r, __u64 off, size_t len);
	void *ring;
};

/* Opens the file, makes its VMO and the loop; no thread runs yet. */
int file_pager_new(const struct args *a, const char *path,
		   struct file_pager *fp);

/* Starts the threads. Both return a status after a message. */
int file_pager_start(struct file_pager *fp);

/*
 * Writes back what is left; the threads still supply. Return: a status after
 * a message.
 */
int file_pager_stop(struct file_pager *fp);

/* Ends the threads and frees everything; also after a failed new(). */
void file_pager_free(struct file_pager *fp);

/*
 * file_pager_hand_out - the VMO as users get it
 * @writable: open for writing, which --write does by itself
 * @out: a handle that the caller closes
 *
 * Return: STATUS_OK, or another status after a message.
 */
int file_pager_hand_out(struct file_pager *fp, bool writable,
			struct vmop_vmo **out);

/* The io_uring method, in a file of its own. Return: 0 or a negative errno. */
int uring_reader_init(struct reader *r);
void uring_reader_exit(struct reader *r);

#endif /* VMOCTL_FILE_PAGER_H */
