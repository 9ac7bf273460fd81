/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The server's side of the socket: hands out one VMO, keeps its clones, and
 * takes orders.
 */
#ifndef VMOCTL_SERVER_H
#define VMOCTL_SERVER_H

#include <poll.h>
#include <signal.h>

#include "kept.h"
#include "vmoctl.h"

struct writeback;

/**
 * struct client - what a connection has asked for
 * @got: a VMO: it is a user
 * @keeps: its next message is a VMO to keep
 * @asked: number of the flush that it waits for, or 0
 */
struct client {
	bool got;
	bool keeps;
	__u64 asked;
};

/**
 * struct server - hands out one VMO
 * @path: name of the socket
 * @listen: the socket
 * @signals: signalfd with what ends it
 * @hand_out: VMO that users get
 * @pager: pager of the VMO, or NULL for an anonymous one
 * @own: the pager's VMO, or NULL
 * @loop: its threads, or NULL
 * @wb: writes its changes back, or NULL
 * @once: end when the last user has left
 * @users: connections that asked for a VMO
 * @fds: listen, signals, loop, writeback, then one per client
 * @clients: per element of @fds that is a client
 * @kept: clones that are handed out by name
 * @count: used elements of @fds
 * @ended: SIGINT or SIGTERM came
 */
struct server {
	const char *path;
	int listen;
	int signals;
	const struct vmop_vmo *hand_out;
	const struct vmop_pager *pager;
	const struct vmop_vmo *own;
	struct vmop_loop *loop;
	struct writeback *wb;
	bool once;
	unsigned int users;
	struct pollfd *fds;
	struct client *clients;
	struct kept_list kept;
	nfds_t count;
	bool ended;
};

/* Blocks SIGINT, SIGTERM and, with child, SIGCHLD; *fd is a signalfd. */
int signals_block(bool child, int *fd, sigset_t *old);

/* Makes the socket. Return: a status after a message. */
int server_listen(struct server *s, const char *path);

/* Serves until a signal, or until the last user has left. */
int server_run(struct server *s);

/* Removes the socket, closes all connections and drops what is kept. */
void server_close(struct server *s);

#endif /* VMOCTL_SERVER_H */
