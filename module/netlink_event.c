// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_event.c - events as messages to the group of those who listen. It knows
 * no objects.
 */
#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>

#include "event.h"
#include "netlink.h"

/**
 * vmop_event_wanted() - does anybody listen?
 *
 * Return: false when an event would be made for nobody.
 */
bool vmop_event_wanted(void)
{
	return genl_has_listeners(&vmop_nl_family, &init_net, 0);
}

static int vmop_event_put_id(struct sk_buff *skb, int attr, u64 id)
{
	return id ? nla_put_u64_64bit(skb, attr, id, VMOP_NL_EVENT_A_PAD) : 0;
}

static int vmop_event_put_request(struct sk_buff *skb,
				  const struct vmop_event *event)
{
	const int pad = VMOP_NL_EVENT_A_PAD;

	if (!event->request_id)
		return 0;
	return vmop_event_put_id(skb, VMOP_NL_EVENT_A_REQUEST_ID,
				 event->request_id) ?:
	       nla_put_u32(skb, VMOP_NL_EVENT_A_REQUEST_TYPE,
			   event->request_type) ?:
	       nla_put_u64_64bit(skb, VMOP_NL_EVENT_A_OFFSET, event->offset,
				 pad) ?:
	       nla_put_u64_64bit(skb, VMOP_NL_EVENT_A_LENGTH, event->length,
				 pad) ?:
	       nla_put_u64_64bit(skb, VMOP_NL_EVENT_A_AGE_NS, event->age_ns,
				 pad);
}

static int vmop_event_put(struct sk_buff *skb, const struct vmop_event *event)
{
	uid_t uid = from_kuid_munged(&init_user_ns, event->owner);

	return nla_put_u32(skb, VMOP_NL_EVENT_A_TYPE, event->type) ?:
	       nla_put_u32(skb, VMOP_NL_EVENT_A_OBJECT, event->object) ?:
	       nla_put_u64_64bit(skb, VMOP_NL_EVENT_A_TIME_NS,
				 ktime_get_real_ns(), VMOP_NL_EVENT_A_PAD) ?:
	       nla_put_u32(skb, VMOP_NL_EVENT_A_UID, uid) ?:
	       vmop_event_put_id(skb, VMOP_NL_EVENT_A_PAGER_ID,
				 event->pager_id) ?:
	       vmop_event_put_id(skb, VMOP_NL_EVENT_A_PORT_ID,
				 event->port_id) ?:
	       vmop_event_put_id(skb, VMOP_NL_EVENT_A_VMO_ID, event->vmo_id) ?:
	       (event->name[0] ?
		nla_put_string(skb, VMOP_NL_EVENT_A_NAME, event->name) : 0) ?:
	       (event->limit ?
		nla_put_u32(skb, VMOP_NL_EVENT_A_LIMIT, event->limit) : 0) ?:
	       vmop_event_put_request(skb, event);
}

/**
 * vmop_event_send() - tell who listens
 * @event: what has happened
 *
 * Who is too slow loses events, and is told that by ENOBUFS of its socket; as it
 * is when there is no memory for one.
 *
 * Context: process context, may sleep for memory; no lock of ours.
 */
void vmop_event_send(const struct vmop_event *event)
{
	struct sk_buff *skb;
	void *head;

	if (!vmop_event_wanted())
		return;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		goto err_lost;
	head = genlmsg_put(skb, 0, 0, &vmop_nl_family, 0, VMOP_NL_CMD_EVENT);
	if (!head || vmop_event_put(skb, event))
		goto err_free;
	genlmsg_end(skb, head);
	/* Nobody there any more, or no room: the sockets know. */
	genlmsg_multicast(&vmop_nl_family, skb, 0, 0, GFP_KERNEL);
	return;

err_free:
	nlmsg_free(skb);
err_lost:
	genl_set_err(&vmop_nl_family, &init_net, 0, 0, -ENOBUFS);
}
