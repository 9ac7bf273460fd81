/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The log that makes writing back to a file atomic: before a page of the file
 * is overwritten, what the file has there is in the log and on the disk. A
 * checkpoint, the end of a flush, empties the log. So a log that is not empty
 * after a crash says how the file was at the last checkpoint.
 */
#ifndef VMOCTL_WAL_H
#define VMOCTL_WAL_H

#include <pthread.h>

#include "vmoctl.h"

/**
 * struct wal - an open log
 * @path: its name
 * @fd: the log
 * @file_path: name of the file that it is for
 * @file: that file, open for reading and writing
 * @regular: that file has a size that can be changed
 * @inode: of that file; of a block device its number
 * @page_size: bytes of a page
 * @lock: guards the rest
 * @base: size of the file at the last checkpoint
 * @end: bytes in the log; 0: nothing was changed since the checkpoint
 * @sequence: of the newest record
 * @seed: checksum that all others start from, different for each header
 * @saved: a bit for each page of @base whose content is in the log
 * @buf: for content on its way
 */
struct wal {
	const char *path;
	int fd;
	const char *file_path;
	int file;
	bool regular;
	__u64 inode;
	__u64 page_size;
	pthread_mutex_t lock;
	__u64 base;
	__u64 end;
	__u64 sequence;
	__u32 seed;
	unsigned char *saved;
	unsigned char *buf;
};

/* A range of bytes of the file. */
struct wal_range {
	__u64 offset;
	__u64 length;
};

/**
 * struct wal_replay - what a recovery did
 * @needed: the log was not empty
 * @bytes: bytes of the file that were put back
 * @size: size of the file now
 * @ignored: bytes at the end of the log that were no whole record
 */
struct wal_replay {
	bool needed;
	__u64 bytes;
	__u64 size;
	__u64 ignored;
};

/*
 * wal_open - open or make a log, and lock it
 * @w: result, to be closed also after an error
 * @path: its name
 * @file: the file, open for reading and writing
 * @file_path: its name
 * @page_size: bytes of a page
 * @make: make it when it is not there
 *
 * Return: STATUS_OK, or another status after a message.
 */
int wal_open(struct wal *w, const char *path, int file, const char *file_path,
	     __u64 page_size, bool make);

/*
 * wal_recover - put the file back to the last checkpoint and empty the log
 * @force: also when the log was made for another inode
 *
 * Return: STATUS_OK, or another status after a message.
 */
int wal_recover(struct wal *w, bool force, struct wal_replay *done);

/* Says on standard error what a recovery did, if there was anything to do. */
void wal_report(const struct wal *w, const struct wal_replay *done);

/* After recovery: takes the file as it is for the first checkpoint. */
int wal_begin(struct wal *w);

/*
 * wal_protect - the ranges of the file may be overwritten after this
 *
 * Content that is not in the log yet is appended, all ranges with one
 * fdatasync(). Return: 0 or a negative errno.
 */
int wal_protect(struct wal *w, const struct wal_range *ranges, size_t count);

/*
 * wal_checkpoint - the file, synced by the caller, is what counts from now on
 * @size: its size; the file is cut to it if it is longer
 *
 * Return: 0 or a negative errno; after an error the last checkpoint counts, or
 * this one.
 */
int wal_checkpoint(struct wal *w, __u64 size);

void wal_close(struct wal *w);

/* ---- The form of the log, for wal.c and wal_recover.c --------------------- */

#define WAL_MAGIC 0x314c41574f4d56ull	/* "VMOWAL1" */
#define WAL_RECORD_MAGIC 0x43455257u	/* "WREC" */

/* Most bytes of content in one record. */
#define WAL_CHUNK (128u << 10)

/**
 * struct wal_header - what a log starts with, in the machine's byte order
 * @magic: WAL_MAGIC
 * @size: sizeof(struct wal_header)
 * @page_size: bytes of a page when it was written
 * @base: size of the file at the checkpoint
 * @inode: of the file, as in struct wal
 * @salt: random; the seed of all checksums behind
 * @reserved: 0
 * @crc: of the header with 0 here
 */
struct wal_header {
	__u64 magic;
	__u32 size;
	__u32 page_size;
	__u64 base;
	__u64 inode;
	__u64 salt;
	__u32 reserved;
	__u32 crc;
};

/**
 * enum wal_flags - what a record is
 * @WAL_ZEROS: the content is zeros and does not follow
 * @WAL_COMMIT: a checkpoint: offset is the size of the file, and the records
 *              before count no more
 */
enum wal_flags {
	WAL_ZEROS = 1 << 0,
	WAL_COMMIT = 1 << 1
};

/**
 * struct wal_record - what stands before each content
 * @magic: WAL_RECORD_MAGIC
 * @flags: combination of enum wal_flags
 * @sequence: one more than that of the record before; 1 for the first
 * @offset: where the content is from
 * @length: bytes of it
 * @reserved: 0
 * @crc: of the record with 0 here and its content, starting from the seed
 */
struct wal_record {
	__u32 magic;
	__u32 flags;
	__u64 sequence;
	__u64 offset;
	__u64 length;
	__u32 reserved;
	__u32 crc;
};

__u32 wal_header_crc(const struct wal_header *h);
__u32 wal_seed(__u64 salt);
__u32 wal_record_crc(__u32 seed, const struct wal_record *r,
		     const void *content);

#endif /* VMOCTL_WAL_H */
