// SPDX-License-Identifier: GPL-2.0
/*
 * Questions to the generic netlink family: see test_netlink.h for the contracts.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* After the headers of the C library. */
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "test_netlink.h"
#include "vmop_util.h"

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* What libnl says, as the kernel would. */
static int from_nl(int err)
{
	switch (-err) {
	case 0:
		return 0;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_AGAIN:
		return -EAGAIN;
	default:
		return -EPROTO;
	}
}

int test_nl_open_size(struct test_nl *nl, size_t size)
{
	int on = 1, ret;

	memset(nl, 0, sizeof(*nl));
	nl->sk = nl_socket_alloc();
	if (!nl->sk)
		return -ENOMEM;
	nl_socket_set_msg_buf_size(nl->sk, size);
	ret = from_nl(genl_connect(nl->sk));
	if (!ret) {
		nl->family = genl_ctrl_resolve(nl->sk, VMOP_NL_NAME);
		ret = nl->family < 0 ? from_nl(nl->family) : 0;
	}
	if (!ret && setsockopt(nl_socket_get_fd(nl->sk), SOL_NETLINK,
			       NETLINK_EXT_ACK, &on, sizeof(on)))
		ret = -errno;
	if (ret) {
		test_nl_close(nl);
		return ret;
	}
	nl_socket_disable_seq_check(nl->sk);
	return 0;
}

int test_nl_open(struct test_nl *nl)
{
	/* As large as the kernel fills one. */
	return test_nl_open_size(nl, 32768);
}

void test_nl_close(struct test_nl *nl)
{
	nl_socket_free(nl->sk);
	nl->sk = NULL;
}

struct nl_msg *test_nl_request(struct test_nl *nl, int cmd, bool dump)
{
	struct nl_msg *msg = nlmsg_alloc();

	if (msg && !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, nl->family, 0,
				dump ? NLM_F_DUMP : 0, cmd,
				VMOP_NL_VERSION)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* What an answer is made of while it comes. */
struct answer {
	struct test_nl *nl;
	test_nl_fn fn;
	void *arg;
	int ret;
	bool over;
};

static void parse(struct nlmsghdr *head, struct test_nl_object *object)
{
	struct genlmsghdr *genl = nlmsg_data(head);
	struct nlattr *attr;
	int left;

	memset(object, 0, sizeof(*object));
	object->cmd = genl->cmd;
	nla_for_each_attr(attr, genlmsg_attrdata(genl, 0),
			  genlmsg_attrlen(genl, 0), left) {
		int type = nla_type(attr);

		if (type >= TEST_NL_ATTRS)
			continue;
		object->has[type] = true;
		object->len[type] = nla_len(attr);
		if ((genl->cmd == VMOP_NL_CMD_VMO_GET &&
		     type == VMOP_NL_VMO_NAME) ||
		    (genl->cmd == VMOP_NL_CMD_EVENT &&
		     type == VMOP_NL_EVENT_A_NAME))
			nla_strlcpy(object->name, attr, sizeof(object->name));
		else if (nla_len(attr) == 8)
			object->value[type] = nla_get_u64(attr);
		else if (nla_len(attr) == 4)
			object->value[type] = nla_get_u32(attr);
	}
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct answer *a = arg;
	struct test_nl_object object;

	parse(nlmsg_hdr(msg), &object);
	if (!a->ret && a->fn)
		a->ret = a->fn(a->arg, &object);
	return NL_OK;
}

/* The text and the attribute that come along with an error. */
static void parse_ack(struct answer *a, struct nlmsghdr *head,
		      const struct nlmsgerr *err)
{
	int skip = sizeof(*err);
	struct nlattr *attr;
	int left;

	a->nl->text[0] = 0;
	a->nl->bad_attr = 0;
	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		skip += err->msg.nlmsg_len - sizeof(err->msg);
	attr = (struct nlattr *)((char *)nlmsg_data(head) + NLMSG_ALIGN(skip));
	left = nlmsg_datalen(head) - NLMSG_ALIGN(skip);
	for (; nla_ok(attr, left); attr = nla_next(attr, &left)) {
		if (nla_type(attr) == NLMSGERR_ATTR_MSG)
			nla_strlcpy(a->nl->text, attr, sizeof(a->nl->text));
		if (nla_type(attr) == NLMSGERR_ATTR_OFFS) {
			/* From the start of the request. */
			const char *at = (const char *)&err->msg +
					 nla_get_u32(attr);

			a->nl->bad_attr = nla_type((struct nlattr *)at);
		}
	}
}

static int on_raw(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct answer *a = arg;

	if (head->nlmsg_type == NLMSG_ERROR) {
		struct nlmsgerr *err = nlmsg_data(head);

		parse_ack(a, head, err);
		if (!a->ret)
			a->ret = err->error;
		a->over = true;
		return NL_STOP;
	}
	if (head->nlmsg_type == NLMSG_DONE) {
		int err = *(int *)nlmsg_data(head);

		if (!a->ret)
			a->ret = err;
		a->over = true;
		return NL_STOP;
	}
	return NL_OK;
}

/* Answers end in on_raw(), where libnl does not count them. */
static int on_seq(struct nl_msg *msg, void *arg)
{
	(void)msg;
	(void)arg;
	return NL_OK;
}

/* Takes messages until the answer is over. */
static int receive(struct test_nl *nl, struct answer *a)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_CUSTOM);
	int ret = 0;

	if (!cb)
		return -ENOMEM;
	nl_cb_set(cb, NL_CB_MSG_IN, NL_CB_CUSTOM, on_raw, a);
	nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, on_seq, NULL);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, a);
	while (!a->over) {
		ret = nl_recvmsgs(nl->sk, cb);
		if (ret == -NLE_NOMEM) {
			/* ENOBUFS of the socket. */
			nl->overruns++;
			continue;
		}
		if (ret < 0)
			break;
	}
	nl_cb_put(cb);
	return a->over ? a->ret : from_nl(ret);
}

bool test_nl_is(const struct test_nl_object *object, int attr, int len,
		__u64 value)
{
	if (object->has[attr] && object->len[attr] == len &&
	    object->value[attr] == value)
		return true;
	fprintf(stderr, "# attribute %d: %s, %d bytes, %llu; not %d bytes, %llu\n",
		attr, object->has[attr] ? "there" : "missing",
		object->len[attr], object->value[attr], len, value);
	return false;
}

__u64 test_nl_vmo_id(int vmo)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(vmo, &info) ? 0 : info.out_id;
}

__u64 test_nl_pager_id(int vmo)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(vmo, &info) ? 0 : info.out_pager_id;
}

/* What a program does that takes the socket for its output. */
static int write_msg(struct test_nl *nl, struct nl_msg *msg)
{
	struct nlmsghdr *head = nlmsg_hdr(msg);

	nl_complete_msg(nl->sk, msg);
	return write(nl_socket_get_fd(nl->sk), head, head->nlmsg_len) < 0 ?
	       -errno : 0;
}

int test_nl_ask(struct test_nl *nl, struct nl_msg *msg, test_nl_fn fn,
		void *arg)
{
	struct answer a = { .nl = nl, .fn = fn, .arg = arg };
	int ret;

	if (!msg)
		return -ENOMEM;
	if (nl->written) {
		ret = write_msg(nl, msg);
	} else {
		/* Adds NLM_F_ACK: a single object is followed by it. */
		ret = nl_send_auto(nl->sk, msg);
		ret = ret < 0 ? from_nl(ret) : 0;
	}
	nlmsg_free(msg);
	return ret ?: receive(nl, &a);
}

int test_nl_keep(void *arg, const struct test_nl_object *object)
{
	*(struct test_nl_object *)arg = *object;
	return 0;
}

int test_nl_get(struct test_nl *nl, int cmd, int id_attr, __u64 id,
		struct test_nl_object *object)
{
	struct nl_msg *msg = test_nl_request(nl, cmd, false);

	memset(object, 0, sizeof(*object));
	if (msg && nla_put_u64(msg, id_attr, id)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return test_nl_ask(nl, msg, test_nl_keep, object);
}

int test_nl_dump(struct test_nl *nl, int cmd, test_nl_fn fn, void *arg)
{
	return test_nl_ask(nl, test_nl_request(nl, cmd, true), fn, arg);
}

static int count_one(void *arg, const struct test_nl_object *object)
{
	(void)object;
	++*(int *)arg;
	return 0;
}

int test_nl_count(struct test_nl *nl, int cmd)
{
	int nr = 0;
	int ret = test_nl_dump(nl, cmd, count_one, &nr);

	return ret ? ret : nr;
}

int test_nl_listen(struct test_nl *nl)
{
	int group = genl_ctrl_resolve_grp(nl->sk, VMOP_NL_NAME,
					  VMOP_NL_GROUP_EVENTS);

	if (group < 0)
		return from_nl(group);
	nl_socket_set_nonblocking(nl->sk);
	/* Not by libnl: what the kernel says counts. */
	if (setsockopt(nl_socket_get_fd(nl->sk), SOL_NETLINK,
		       NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		return -errno;
	return 0;
}

/* What is waited for. */
struct wanted {
	struct answer *a;
	__u32 type;
	int attr;
	__u64 value;
	struct test_nl_object *event;
};

static int match(void *arg, const struct test_nl_object *object)
{
	struct wanted *w = arg;

	if (object->cmd == VMOP_NL_CMD_EVENT)
		w->a->nl->nr_events++;
	if (w->a->over || object->cmd != VMOP_NL_CMD_EVENT ||
	    object->value[VMOP_NL_EVENT_A_TYPE] != w->type ||
	    !object->has[w->attr] || object->value[w->attr] != w->value)
		return 0;
	*w->event = *object;
	w->a->over = true;
	return 0;
}

int test_nl_event(struct test_nl *nl, __u32 type, int attr, __u64 value,
		  struct test_nl_object *event)
{
	struct pollfd fd = { nl_socket_get_fd(nl->sk), POLLIN, 0 };
	struct wanted w = {
		.type = type, .attr = attr, .value = value, .event = event,
	};
	struct answer a = { .nl = nl, .fn = match, .arg = &w };
	int ret = -EAGAIN;

	w.a = &a;
	while (ret == -EAGAIN) {
		if (poll(&fd, 1, vmop_test_timeout_ms()) <= 0)
			return -ETIMEDOUT;
		ret = receive(nl, &a);
	}
	return ret;
}
