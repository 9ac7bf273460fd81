/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is spoken on the socket of `vmoctl serve` and `vmoctl create`.
 *
 * Messages of a SOCK_SEQPACKET connection. The client sends a request. The
 * answer to CONTROL_GET is the message of vmop_socket_send_vmo(), that to
 * CONTROL_STATS and CONTROL_DIRTY, when they succeed, a structure of their own,
 * that to all others a struct control_reply. An open connection that has asked
 * for the VMO counts as a user of it. The answer to CONTROL_WRITEBACK comes when
 * a flush that began after the request has ended.
 */
#ifndef VMOCTL_CONTROL_H
#define VMOCTL_CONTROL_H

#include <stddef.h>
#include <linux/vmopager.h>

#define CONTROL_MAGIC 0x564d4f43u	/* "VMOC" */

enum control_op {
	CONTROL_GET = 1,
	CONTROL_FAIL,
	CONTROL_DETACH,
	CONTROL_WRITEBACK,
	CONTROL_STATS,
	CONTROL_DIRTY
};

/**
 * struct control_request - what a client sends
 * @magic: CONTROL_MAGIC
 * @op: one of enum control_op
 * @offset: FAIL, DIRTY: first byte
 * @length: FAIL, DIRTY: bytes, or LENGTH_REST
 * @id: FAIL: only this request, offset and length being 0
 * @error: FAIL: errno
 * @reserved: 0
 */
struct control_request {
	__u32 magic;
	__u32 op;
	__u64 offset;
	__u64 length;
	__u64 id;
	__u32 error;
	__u32 reserved;
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

#endif /* VMOCTL_CONTROL_H */
