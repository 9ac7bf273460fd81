// SPDX-License-Identifier: GPL-2.0
/*
 * netlink.c - the generic netlink family: its commands, who may see what, and the
 * walks of the dumps.
 *
 * An object is found by its number, and kept by a reference; what is told about it
 * is collected with its locks (netlink_gather.c) and written without any
 * (netlink_fill.c). If it was closed meanwhile the reference is the last one, and
 * it ends here: no lock is held then but netlink's own, which nothing of ours is
 * ever taken around.
 *
 * Dumps go on behind the number that they told last (see registry.c).
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include <linux/vmopager_netlink.h>

#include "compat.h"
#include "netlink.h"
#include "netlink_gather.h"

/* Who asks. */
struct vmop_nl_asker {
	kuid_t uid;
	bool sees_all;
};

/**
 * struct vmop_nl_walk - where a dump is, in its netlink_callback
 * @id: number of the object that was told last; of a source: that is being told
 * @request_id: of a source: number of the request that was told last
 * @asker: who asked when the dump began
 * @with_shares: VMOP_NL_VMO_WITH_SHARES was given
 */
struct vmop_nl_walk {
	u64 id;
	u64 request_id;
	struct vmop_nl_asker asker;
	bool with_shares;
};

/* What a command that gets objects is about. */
struct vmop_nl_get {
	enum vmop_registry_kind kind;
	int id_attr;
};

static const struct vmop_nl_get vmop_nl_gets[] = {
	[VMOP_NL_CMD_PAGER_GET] = { VMOP_REGISTRY_PAGER, VMOP_NL_PAGER_ID },
	[VMOP_NL_CMD_PORT_GET] = { VMOP_REGISTRY_PORT, VMOP_NL_PORT_ID },
	[VMOP_NL_CMD_VMO_GET] = { VMOP_REGISTRY_VMO, VMOP_NL_VMO_ID },
};

/*
 * Who opened the socket and who sends must agree: neither can be talked into
 * asking for the other.
 */
static void vmop_nl_ask(struct sk_buff *skb, struct vmop_nl_asker *asker)
{
	kuid_t opener = NETLINK_CB(skb).sk->sk_socket->file->f_cred->euid;

	asker->sees_all = netlink_capable(skb, CAP_NET_ADMIN);
	asker->uid = uid_eq(opener, current_euid()) ? opener : INVALID_UID;
}

static bool vmop_nl_may_see(const struct vmop_nl_asker *asker, kuid_t owner)
{
	return asker->sees_all || uid_eq(asker->uid, owner);
}

/* A single object. */

static int vmop_nl_reply(struct sk_buff *request, struct genl_info *info,
			 enum vmop_registry_kind kind,
			 const union vmop_nl_data *data)
{
	struct user_namespace *ns = sk_user_ns(NETLINK_CB(request).sk);
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	int ret = -EMSGSIZE;
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put_reply(skb, info, &vmop_nl_family, 0,
				 info->genlhdr->cmd);
	if (head)
		ret = vmop_nl_fill(skb, kind, data, ns);
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

static int vmop_nl_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct vmop_nl_get *get = &vmop_nl_gets[info->genlhdr->cmd];
	const struct vmop_nl_kind *kind = &vmop_nl_kinds[get->kind];
	struct nlattr *id = info->attrs[get->id_attr];
	struct vmop_nl_asker asker;
	union vmop_nl_data data;
	bool with_shares;
	void *object;
	int ret;

	if (!id) {
		GENL_SET_ERR_MSG(info, "which one? give its id, or ask for a dump");
		return -EINVAL;
	}
	with_shares = get->kind == VMOP_REGISTRY_VMO &&
		      info->attrs[VMOP_NL_VMO_WITH_SHARES];
	vmop_nl_ask(skb, &asker);
	object = vmop_registry_find(get->kind, nla_get_u64(id), kind->tryget);
	ret = -ENOENT;
	if (object) {
		if (vmop_nl_may_see(&asker, kind->owner(object)))
			ret = vmop_nl_gather(get->kind, object, &data,
					     with_shares);
		kind->put(object);
	}
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, id,
				    "there is none with this id that you may see");
	return ret ?: vmop_nl_reply(skb, info, get->kind, &data);
}

/* Dumps. */

static u8 vmop_nl_dump_cmd(const struct netlink_callback *cb)
{
	const struct genlmsghdr *head = nlmsg_data(cb->nlh);

	return head->cmd;
}

static void *vmop_nl_dump_head(struct sk_buff *skb, struct netlink_callback *cb)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &vmop_nl_family, NLM_F_MULTI, vmop_nl_dump_cmd(cb));
}

/* What a dump returns: more to come, the end, or why it ends. */
static int vmop_nl_dump_ret(const struct sk_buff *skb, int ret)
{
	if (ret == -EMSGSIZE && skb->len)
		ret = 0;
	return ret ?: skb->len;
}

static int vmop_nl_start(struct netlink_callback *cb)
{
	struct vmop_nl_walk *walk = (struct vmop_nl_walk *)cb->ctx;

	BUILD_BUG_ON(sizeof(*walk) > sizeof(cb->ctx));
	vmop_nl_ask(cb->skb, &walk->asker);
	return 0;
}

static int vmop_nl_get_start(struct netlink_callback *cb)
{
	const struct vmop_nl_get *get = &vmop_nl_gets[vmop_nl_dump_cmd(cb)];
	struct vmop_nl_walk *walk = (struct vmop_nl_walk *)cb->ctx;
	struct nlattr **attrs = vmop_compat_dump_attrs(cb);

	if (attrs[get->id_attr]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[get->id_attr],
				    "a dump is of all: no id");
		return -EINVAL;
	}
	walk->with_shares = get->kind == VMOP_REGISTRY_VMO &&
			    attrs[VMOP_NL_VMO_WITH_SHARES];
	return vmop_nl_start(cb);
}

static int vmop_nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb,
			    enum vmop_registry_kind kind, void *object)
{
	struct user_namespace *ns = sk_user_ns(NETLINK_CB(cb->skb).sk);
	struct vmop_nl_walk *walk = (struct vmop_nl_walk *)cb->ctx;
	union vmop_nl_data data;
	void *head;
	int ret;

	ret = vmop_nl_gather(kind, object, &data, walk->with_shares);
	if (ret)
		return ret;
	head = vmop_nl_dump_head(skb, cb);
	if (!head)
		return -EMSGSIZE;
	ret = vmop_nl_fill(skb, kind, &data, ns);
	if (ret)
		genlmsg_cancel(skb, head);
	else
		genlmsg_end(skb, head);
	return ret;
}

static int vmop_nl_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct vmop_nl_get *get = &vmop_nl_gets[vmop_nl_dump_cmd(cb)];
	const struct vmop_nl_kind *kind = &vmop_nl_kinds[get->kind];
	struct vmop_nl_walk *walk = (struct vmop_nl_walk *)cb->ctx;
	u64 id = walk->id;
	void *object;
	int ret = 0;

	while (!ret && (object = vmop_registry_next(get->kind, &id,
						    kind->tryget))) {
		if (vmop_nl_may_see(&walk->asker, kind->owner(object)))
			ret = vmop_nl_dump_one(skb, cb, get->kind, object);
		kind->put(object);
		if (!ret)
			walk->id = id;
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return vmop_nl_dump_ret(skb, ret);
}

static int vmop_nl_dump_request(struct sk_buff *skb,
				struct netlink_callback *cb,
				const struct vmop_nl_requests *data,
				const struct vmop_req_info *info)
{
	void *head = vmop_nl_dump_head(skb, cb);
	int ret;

	if (!head)
		return -EMSGSIZE;
	ret = vmop_nl_fill_request(skb, data, info);
	if (ret)
		genlmsg_cancel(skb, head);
	else
		genlmsg_end(skb, head);
	return ret;
}

/* All requests of a source, from where the dump is. */
static int vmop_nl_dump_source(struct sk_buff *skb, struct netlink_callback *cb,
			       struct vmop_source *src)
{
	struct vmop_nl_walk *walk = (struct vmop_nl_walk *)cb->ctx;
	struct vmop_nl_requests data;
	unsigned int i;
	int ret;

	do {
		vmop_nl_gather_requests(src, walk->request_id, &data);
		for (i = 0; i < data.nr; i++) {
			ret = vmop_nl_dump_request(skb, cb, &data,
						   &data.infos[i]);
			if (ret)
				return ret;
			walk->request_id = data.infos[i].id;
		}
	} while (data.nr == VMOP_NL_REQUESTS);
	return 0;
}

static int vmop_nl_request_dumpit(struct sk_buff *skb,
				  struct netlink_callback *cb)
{
	const struct vmop_nl_kind *kind = &vmop_nl_kinds[VMOP_REGISTRY_SOURCE];
	struct vmop_nl_walk *walk = (struct vmop_nl_walk *)cb->ctx;
	struct vmop_source *src;
	int ret = 0;
	u64 id;

	for (;;) {
		/* The one that the last message ended in comes again. */
		id = walk->id ? walk->id - 1 : 0;
		src = vmop_registry_next(VMOP_REGISTRY_SOURCE, &id,
					 kind->tryget);
		if (!src)
			break;
		if (walk->id != id) {
			walk->id = id;
			walk->request_id = 0;
		}
		if (vmop_nl_may_see(&walk->asker, kind->owner(src)))
			ret = vmop_nl_dump_source(skb, cb, src);
		kind->put(src);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		if (ret)
			break;
		walk->id = id + 1;
		walk->request_id = 0;
		cond_resched();
	}
	return vmop_nl_dump_ret(skb, ret);
}

/* The family. */

static const struct nla_policy vmop_nl_pager_policy[VMOP_NL_PAGER_ID + 1] = {
	[VMOP_NL_PAGER_ID] = { .type = NLA_U64 },
};

static const struct nla_policy vmop_nl_port_policy[VMOP_NL_PORT_ID + 1] = {
	[VMOP_NL_PORT_ID] = { .type = NLA_U64 },
};

static const struct nla_policy
vmop_nl_vmo_policy[VMOP_NL_VMO_WITH_SHARES + 1] = {
	[VMOP_NL_VMO_ID] = { .type = NLA_U64 },
	[VMOP_NL_VMO_WITH_SHARES] = { .type = NLA_FLAG },
};

static const struct genl_ops vmop_nl_ops[] = {
	{
		.cmd = VMOP_NL_CMD_PAGER_GET,
		.doit = vmop_nl_get_doit,
		.start = vmop_nl_get_start,
		.dumpit = vmop_nl_get_dumpit,
		.policy = vmop_nl_pager_policy,
		.maxattr = VMOP_NL_PAGER_ID,
	},
	{
		.cmd = VMOP_NL_CMD_PORT_GET,
		.doit = vmop_nl_get_doit,
		.start = vmop_nl_get_start,
		.dumpit = vmop_nl_get_dumpit,
		.policy = vmop_nl_port_policy,
		.maxattr = VMOP_NL_PORT_ID,
	},
	{
		.cmd = VMOP_NL_CMD_VMO_GET,
		.doit = vmop_nl_get_doit,
		.start = vmop_nl_get_start,
		.dumpit = vmop_nl_get_dumpit,
		.policy = vmop_nl_vmo_policy,
		.maxattr = VMOP_NL_VMO_WITH_SHARES,
	},
	{
		/* Takes no attributes. */
		.cmd = VMOP_NL_CMD_REQUEST_GET,
		.start = vmop_nl_start,
		.dumpit = vmop_nl_request_dumpit,
	},
};

static const struct genl_multicast_group vmop_nl_groups[] = {
	{
		.name = VMOP_NL_GROUP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

/* netnsok is not set: other network namespaces do not even find it. */
struct genl_family vmop_nl_family __ro_after_init = {
	.name = VMOP_NL_NAME,
	.version = VMOP_NL_VERSION,
	.module = THIS_MODULE,
	/* A walk over many objects keeps no other family waiting. */
	.parallel_ops = true,
	.ops = vmop_nl_ops,
	.n_ops = ARRAY_SIZE(vmop_nl_ops),
	.mcgrps = vmop_nl_groups,
	.n_mcgrps = ARRAY_SIZE(vmop_nl_groups),
};

/**
 * vmop_nl_init() - when the module is loaded, before there are objects
 *
 * Return: 0 or a negative errno.
 */
int __init vmop_nl_init(void)
{
	return genl_register_family(&vmop_nl_family);
}

/**
 * vmop_nl_exit() - when the module is unloaded, and nothing can happen any more
 */
void vmop_nl_exit(void)
{
	genl_unregister_family(&vmop_nl_family);
}
