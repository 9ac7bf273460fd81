// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family, through libnl: requests, answers, events.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "look.h"
#include "out.h"

/* As much as the kernel puts into one message of a list. */
#define RECEIVE_BYTES 32768
/* Events come faster than lines are written. */
#define EVENT_BYTES (4 << 20)

/**
 * struct answer - an answer while it comes
 * @l: the connection
 * @list: gets the objects, or NULL
 * @fn: gets the events, or NULL
 * @arg: its argument
 * @err: negative errno
 * @over: it is complete
 */
struct answer {
	struct look *l;
	struct look_list *list;
	bool (*fn)(void *arg, const struct look_object *event);
	void *arg;
	int err;
	bool over;
};

static bool is_name(int cmd, int attr)
{
	return (cmd == VMOP_NL_CMD_VMO_GET && attr == VMOP_NL_VMO_NAME) ||
	       (cmd == VMOP_NL_CMD_EVENT && attr == VMOP_NL_EVENT_A_NAME);
}

static void parse(struct nlmsghdr *head, struct look_object *object)
{
	struct genlmsghdr *genl = nlmsg_data(head);
	struct nlattr *attr;
	int left, type;

	memset(object, 0, sizeof(*object));
	object->cmd = genl->cmd;
	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0),
			  genlmsg_attrlen(genl, 0), left) {
		type = nla_type(attr);
		/* A newer kernel tells more. */
		if (type >= LOOK_ATTRS)
			continue;
		object->has[type] = true;
		if (is_name(genl->cmd, type))
			nla_strlcpy(object->name, attr, sizeof(object->name));
		else if (nla_len(attr) == sizeof(__u64))
			object->value[type] = nla_get_u64(attr);
		else if (nla_len(attr) == sizeof(__u32))
			object->value[type] = nla_get_u32(attr);
	}
}

static struct look_object *add(struct look_list *list)
{
	struct look_object *all;
	size_t room;

	if (list->count == list->room) {
		room = list->room ? 2 * list->room : 16;
		all = reallocarray(list->all, room, sizeof(*all));
		if (!all)
			return NULL;
		list->all = all;
		list->room = room;
	}
	return &list->all[list->count++];
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct look_object event, *object;
	struct answer *a = arg;

	if (a->fn) {
		parse(nlmsg_hdr(msg), &event);
		if (!a->over && event.cmd == VMOP_NL_CMD_EVENT)
			a->over = !a->fn(a->arg, &event);
		return NL_OK;
	}
	object = add(a->list);
	if (object)
		parse(nlmsg_hdr(msg), object);
	else
		a->err = -ENOMEM;
	return NL_OK;
}

/* What the kernel says about an error, if it does. */
static void keep_reason(struct look *l, struct nlmsghdr *head)
{
	const struct nlmsgerr *err = nlmsg_data(head);
	int skip = sizeof(*err);
	struct nlattr *attr;
	int left;

	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		skip += (int)(err->msg.nlmsg_len - sizeof(err->msg));
	skip = NLMSG_ALIGN(skip);
	attr = (struct nlattr *)((char *)nlmsg_data(head) + skip);
	left = nlmsg_datalen(head) - skip;
	for (; nla_ok(attr, left); attr = nla_next(attr, &left))
		if (nla_type(attr) == NLMSGERR_ATTR_MSG)
			nla_strlcpy(l->reason, attr, sizeof(l->reason));
}

/* The ends of answers: libnl's own callbacks keep no errno. */
static int on_raw(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct answer *a = arg;
	int err;

	if (head->nlmsg_type == NLMSG_ERROR) {
		err = ((struct nlmsgerr *)nlmsg_data(head))->error;
		keep_reason(a->l, head);
	} else if (head->nlmsg_type == NLMSG_DONE) {
		err = *(int *)nlmsg_data(head);
	} else {
		return NL_OK;
	}
	if (!a->err)
		a->err = err;
	a->over = true;
	return NL_STOP;
}

/* Answers end in on_raw(), where libnl does not count them. */
static int on_seq(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

/* Return: 0, or a negative number of libnl. */
static int receive(struct answer *a)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_CUSTOM);
	int ret;

	if (!cb)
		return -NLE_NOMEM;
	nl_cb_set(cb, NL_CB_MSG_IN, NL_CB_CUSTOM, on_raw, a);
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, NULL);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, a);
	do {
		ret = nl_recvmsgs(a->l->sk, cb);
		if (ret == -NLE_NOMEM && a->fn) {
			/* ENOBUFS: the socket was full. */
			a->over = !a->fn(a->arg, NULL);
			ret = 0;
		}
	} while (ret >= 0 && !a->over);
	nl_cb_put(cb);
	return ret < 0 ? ret : 0;
}

int look_open(struct look *l)
{
	int on = 1, ret;

	*l = (struct look){ .sk = nl_socket_alloc() };
	if (!l->sk)
		return plain_error("no memory");
	ret = genl_connect(l->sk);
	if (!ret) {
		l->family = genl_ctrl_resolve(l->sk, VMOP_NL_NAME);
		ret = l->family < 0 ? l->family : 0;
	}
	if (ret) {
		look_close(l);
		if (ret == -NLE_OBJ_NOTFOUND)
			return plain_error("no netlink family '%s': the module is not loaded, %s",
					   VMOP_NL_NAME,
					   "or this is not the first network namespace");
		return plain_error("no netlink: %s", nl_geterror(ret));
	}
	/* For the reasons; without them it is an errno only. */
	setsockopt(nl_socket_get_fd(l->sk), SOL_NETLINK, NETLINK_EXT_ACK, &on,
		   sizeof(on));
	nl_socket_disable_seq_check(l->sk);
	nl_socket_set_msg_buf_size(l->sk, RECEIVE_BYTES);
	return STATUS_OK;
}

void look_close(struct look *l)
{
	nl_socket_free(l->sk);
	l->sk = NULL;
}

/* Sends and frees msg, which may be NULL. Return: a status. */
static int ask(struct look *l, struct nl_msg *msg, struct look_list *list)
{
	struct answer a = { .l = l, .list = list };
	int ret;

	l->reason[0] = 0;
	if (!msg)
		return plain_error("no memory");
	ret = nl_send_auto(l->sk, msg);
	nlmsg_free(msg);
	if (ret >= 0)
		ret = receive(&a);
	if (ret < 0)
		return plain_error("no answer by netlink: %s",
				   nl_geterror(ret));
	if (a.err && l->reason[0])
		return system_error(a.err, "%s", l->reason);
	if (a.err)
		return system_error(a.err, "the module refused the question");
	return STATUS_OK;
}

static struct nl_msg *request(struct look *l, int cmd, bool dump)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, l->family, 0,
				dump ? NLM_F_DUMP : 0, (__u8)cmd,
				VMOP_NL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int look_dump(struct look *l, int cmd, bool shares, struct look_list *list)
{
	struct nl_msg *msg = request(l, cmd, true);
	int ret;

	*list = (struct look_list){ 0 };
	if (msg && shares && nla_put_flag(msg, VMOP_NL_VMO_WITH_SHARES)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	ret = ask(l, msg, list);
	if (ret)
		look_list_free(list);
	return ret;
}

int look_vmo(struct look *l, __u64 id, struct look_object *object)
{
	struct nl_msg *msg = request(l, VMOP_NL_CMD_VMO_GET, false);
	struct look_list list = { 0 };
	int ret;

	if (msg && (nla_put_u64(msg, VMOP_NL_VMO_ID, id) ||
		    nla_put_flag(msg, VMOP_NL_VMO_WITH_SHARES))) {
		nlmsg_free(msg);
		msg = NULL;
	}
	ret = ask(l, msg, &list);
	if (!ret && list.count)
		*object = list.all[0];
	else if (!ret)
		ret = plain_error("no answer about VMO %llu", id);
	look_list_free(&list);
	return ret;
}

void look_list_free(struct look_list *list)
{
	free(list->all);
	*list = (struct look_list){ 0 };
}

int look_listen(struct look *l)
{
	int group = genl_ctrl_resolve_grp(l->sk, VMOP_NL_NAME,
					  VMOP_NL_GROUP_EVENTS);

	if (group < 0)
		return plain_error("no group of events: %s",
				   nl_geterror(group));
	nl_socket_set_nonblocking(l->sk);
	nl_socket_set_buffer_size(l->sk, EVENT_BYTES, 0);
	/* By hand, as libnl has no word for EPERM here. */
	if (!setsockopt(nl_socket_get_fd(l->sk), SOL_NETLINK,
			NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return STATUS_OK;
	if (errno == EPERM)
		return plain_error("events are for those with CAP_NET_ADMIN: run it as root");
	return system_error(-errno, "cannot listen to events");
}

int look_events(struct look *l,
		bool (*fn)(void *arg, const struct look_object *event),
		void *arg)
{
	struct answer a = { .l = l, .fn = fn, .arg = arg };
	int ret = receive(&a);

	if (ret < 0 && ret != -NLE_AGAIN && ret != -NLE_INTR)
		return plain_error("no events any more: %s", nl_geterror(ret));
	return STATUS_OK;
}

void look_info(const struct look_object *vmo, struct vmop_vmo_get_info *info)
{
	const __u64 *v = vmo->value;

	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	memcpy(info->out_name, vmo->name, sizeof(info->out_name));
	info->out_id = v[VMOP_NL_VMO_ID];
	info->out_pager_id = v[VMOP_NL_VMO_PAGER_ID];
	info->out_parent_id = v[VMOP_NL_VMO_PARENT_ID];
	info->out_size = v[VMOP_NL_VMO_SIZE];
	info->out_committed = v[VMOP_NL_VMO_COMMITTED];
	info->out_flags = (__u32)v[VMOP_NL_VMO_FLAGS];
	info->out_state = (__u32)v[VMOP_NL_VMO_STATE];
	info->out_child_flags = (__u32)v[VMOP_NL_VMO_CHILD_FLAGS];
	info->out_child_offset = v[VMOP_NL_VMO_CHILD_OFFSET];
	info->out_num_children = (__u32)v[VMOP_NL_VMO_NUM_CHILDREN];
	info->out_private = v[VMOP_NL_VMO_PRIVATE];
	info->out_shared = v[VMOP_NL_VMO_SHARED];
	info->out_scaled = v[VMOP_NL_VMO_SCALED];
	info->out_zero = v[VMOP_NL_VMO_ZERO];
}
