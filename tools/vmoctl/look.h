/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking at what there is on this machine, by the module's generic netlink
 * family: no descriptor of any object is needed.
 */
#ifndef VMOCTL_LOOK_H
#define VMOCTL_LOOK_H

#include <linux/vmopager_netlink.h>

#include "vmoctl.h"

/* More attributes than any kind of object has. */
#define LOOK_ATTRS 64

struct nl_sock;

/**
 * struct look - a connection
 * @sk: libnl's socket
 * @family: number of the family
 * @reason: what the kernel said about the last error, or empty
 */
struct look {
	struct nl_sock *sk;
	int family;
	char reason[128];
};

/**
 * struct look_object - what one message tells
 * @cmd: enum vmop_nl_cmd
 * @has: which attributes are there
 * @value: of each that is a number
 * @name: the one that is a string
 */
struct look_object {
	int cmd;
	bool has[LOOK_ATTRS];
	__u64 value[LOOK_ATTRS];
	char name[VMOP_NAME_LEN];
};

/**
 * struct look_list - all objects of a kind
 * @all: they, by number
 * @count: how many
 * @room: how many there is memory for
 */
struct look_list {
	struct look_object *all;
	size_t count;
	size_t room;
};

/* Each prints what is wrong and returns a status. */
int look_open(struct look *l);
int look_dump(struct look *l, int cmd, bool shares, struct look_list *list);
int look_vmo(struct look *l, __u64 id, struct look_object *object);
int look_listen(struct look *l);

void look_close(struct look *l);
void look_list_free(struct look_list *list);

/*
 * Takes the events that are there and calls fn with each, until it returns false.
 * NULL for events that were lost. Return: a status.
 */
int look_events(struct look *l, bool (*fn)(void *arg, const struct look_object *event),
		void *arg);

/* What GET_INFO tells, as far as trees and kinds need it. */
void look_info(const struct look_object *vmo, struct vmop_vmo_get_info *info);

#endif /* VMOCTL_LOOK_H */
