/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is spoken on the socket of `vmoctl serve` and `vmoctl create`.
 *
 * Messages of a SOCK_SEQPACKET connection. The client sends a request, behind
 * CONTROL_KEEP also the message of vmop_socket_send_vmo(). The answer is a struct
 * control_reply, or, when they succeed, the larger structure of CONTROL_STATS,
 * CONTROL_DIRTY and CONTROL_NAMES. To CONTROL_GET, when it succeeds, that is
 * followed by the message of vmop_socket_send_vmo(). An open connection that has
 * asked for a VMO counts as a user, unless it said that it only looks. The answer
 * to CONTROL_WRITEBACK comes when a flush that began after the request has ended.
 */
#ifndef VMOCTL_CONTROL_H
#define VMOCTL_CONTROL_H

#include <stddef.h>
#include <vmopager/vmopager.h>

#define CONTROL_MAGIC 0x564d4f43u	/* "VMOC" */

enum control_op {
	CONTROL_GET = 1,
	CONTROL_FAIL,
	CONTROL_DETACH,
	CONTROL_WRITEBACK,
	CONTROL_STATS,
	CONTROL_DIRTY,
	CONTROL_KEEP,
	CONTROL_DROP,
	CONTROL_NAMES
};

/* GET: the connection does not count as a user. */
#define CONTROL_LOOK 1u

/**
 * struct control_request - what a client sends
 * @magic: CONTROL_MAGIC
 * @op: one of enum control_op
 * @offset: FAIL, DIRTY: first byte
 * @length: FAIL, DIRTY: bytes, or LENGTH_REST
 * @id: FAIL: only this request, offset and length being 0; NAMES: only those
 *      with a number above it
 * @error: FAIL: errno
 * @flags: GET: CONTROL_LOOK or 0
 * @name: GET, DROP: of the clone that is kept, NUL-terminated; GET: empty for
 *        the VMO that is served
 */
struct control_request {
	__u32 magic;
	__u32 op;
	__u64 offset;
	__u64 length;
	__u64 id;
	__u32 error;
	__u32 flags;
	char name[VMOP_NAME_LEN];
};

/**
 * struct control_reply - answer without more to tell
 * @magic: CONTROL_MAGIC
 * @status: 0 or a negative errno
 */
struct control_reply {
	__u32 magic;
	__s32 status;
};

/**
 * struct control_stats - answer to STATS
 * @reply: status 0
 * @stats: of VMOP_QUERY_STATS
 */
struct control_stats {
	struct control_reply reply;
	struct vmop_query_stats stats;
};

/* Most ranges in one answer; then ask again from the end of the last. */
#define CONTROL_RANGES 256

/**
 * struct control_dirty - answer to DIRTY; as long as it has ranges
 * @reply: status 0
 * @count: ranges that follow, in ascending order
 * @more: there may be more behind these
 * @ranges: of VMOP_QUERY_DIRTY
 */
struct control_dirty {
	struct control_reply reply;
	__u32 count;
	__u32 more;
	struct vmop_dirty_range ranges[CONTROL_RANGES];
};

/* Most names in one answer; then ask again from the last number. */
#define CONTROL_NAMES_MAX 64

/**
 * struct control_names - answer to NAMES; as long as it has names
 * @reply: status 0
 * @count: names that follow, in the order in which the clones came
 * @more: there are more behind these
 * @names: they, each with a number that counts up
 */
struct control_names {
	struct control_reply reply;
	__u32 count;
	__u32 more;
	struct {
		__u64 number;
		char name[VMOP_NAME_LEN];
	} names[CONTROL_NAMES_MAX];
};

/* Sends a request. Return: 0 or a negative errno. */
int control_send(int sock, const struct control_request *req);

/*
 * control_wait - wait for an answer
 * @sock: connection
 * @conn: 0 or a negative errno of the connection
 * @answer: structure that starts with a struct control_reply
 * @size: its size
 * @least: bytes that an answer with status 0 has at least
 *
 * Return: the status that the server sent.
 */
int control_wait(int sock, int *conn, void *answer, size_t size, size_t least);

/*
 * control_get - get a VMO
 * @sock: connection
 * @name: of a clone that is kept, or NULL for the VMO that is served
 * @flags: CONTROL_LOOK or 0
 * @conn: 0 or a negative errno of the connection
 * @out: the VMO, when both are 0
 *
 * Return: the status that the server sent: 0 or -ENOENT.
 */
int control_get(int sock, const char *name, __u32 flags, int *conn,
		struct vmop_vmo **out);

/*
 * control_keep - let the server keep a VMO
 * @sock: connection
 * @name: under this name
 * @vmo: it stays open here
 * @conn: 0 or a negative errno of the connection
 *
 * Return: the status that the server sent: 0, -EEXIST or another one.
 */
int control_keep(int sock, const char *name, const struct vmop_vmo *vmo,
		 int *conn);

#endif /* VMOCTL_CONTROL_H */
