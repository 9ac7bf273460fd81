/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is spoken on the socket of `vmoctl serve` and `vmoctl create`.
 *
 * Messages of a SOCK_SEQPACKET connection. The client sends a request. The
 * answer to CONTROL_GET is the message of vmop_socket_send_vmo(), that to the
 * others a struct control_reply. An open connection that has asked for the
 * VMO counts as a user of it.
 */
#ifndef VMOCTL_CONTROL_H
#define VMOCTL_CONTROL_H

#include <linux/types.h>

#define CONTROL_MAGIC 0x564d4f43u	/* "VMOC" */

enum control_op {
	CONTROL_GET = 1,
	CONTROL_FAIL,
	CONTROL_DETACH
};

/**
 * struct control_request - what a client sends
 * @magic: CONTROL_MAGIC
 * @op: one of enum control_op
 * @offset: FAIL: first byte
 * @length: FAIL: bytes, or LENGTH_REST
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
 * struct control_reply - answer to FAIL and DETACH
 * @magic: CONTROL_MAGIC
 * @status: 0 or a negative errno
 */
struct control_reply {
	__u32 magic;
	__s32 status;
};

/* Sends a request. Return: 0 or a negative errno. */
int control_send(int sock, const struct control_request *req);

/* Waits for the answer to FAIL or DETACH. Return: its status, or a negative
 * errno of the connection in *conn.
 */
int control_wait(int sock, int *conn);

#endif /* VMOCTL_CONTROL_H */
