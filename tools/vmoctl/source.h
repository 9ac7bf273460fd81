/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a VMO comes from: a socket, an inherited descriptor, a path, or made
 * here.
 */
#ifndef VMOCTL_SOURCE_H
#define VMOCTL_SOURCE_H

#include "vmoctl.h"

/**
 * struct source - a VMO that a verb works on
 * @vmo: the VMO
 * @sock: connection to its server, kept open while it is used, or -1
 * @where: how the user named it, for messages
 * @size: its exact size when it was opened
 */
struct source {
	struct vmop_vmo *vmo;
	int sock;
	const char *where;
	__u64 size;
};

/*
 * source_open - open the VMO that the options name
 * @a: options
 * @oflags: O_RDONLY or O_RDWR: how --vmo opens it
 * @src: result
 *
 * Return: STATUS_OK, or another status after a message.
 */
int source_open(const struct args *a, int oflags, struct source *src);

/* Closes what source_open() opened. */
void source_close(struct source *src);

/* The byte range of the options, cut at the end of the VMO. */
int source_range(const struct args *a, const struct source *src,
		 __u64 *offset, __u64 *length);

/* Opens the device, with a message that tells the way out. */
int device_open(const struct args *a, struct vmop_pager **pager);

/*
 * new_vmo_opts - options of a VMO that is made here
 * @o: result; o->payer_fd is to be closed by the caller when above 0
 *
 * Return: STATUS_OK, or another status after a message.
 */
int new_vmo_opts(const struct args *a, struct vmop_vmo_opts *o);

/* Opens the cgroup of --payer, if there is one; *fd is 0 without. */
int payer_open(const struct args *a, int *fd);

/* A message for a VMO that could not be made. */
int new_vmo_error(const struct args *a, int err);

/* A message: the server keeps no clone of the name of --clone. */
int no_clone(const struct args *a);

/* Lets a server keep a VMO under --name, with a message if it does not. */
int keep_clone(const struct args *a, int sock, const struct vmop_vmo *vmo);

/* Connects to a server's socket, waiting for it as --wait says. */
int server_connect(const struct args *a, int *sock);

#endif /* VMOCTL_SOURCE_H */
