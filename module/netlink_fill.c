// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_fill.c - writing what was collected into a message. No locks, no objects.
 *
 * Every function returns 0, or -EMSGSIZE when the message is full.
 */
#include <linux/user_namespace.h>
#include <net/netlink.h>

#include <linux/vmopager_netlink.h>

#include "netlink_gather.h"

/* An attribute of 32 or 64 bits. */
struct vmop_nl_number {
	int attr;
	bool wide;
	u64 value;
};

static int vmop_nl_put_numbers(struct sk_buff *skb, int pad,
			       const struct vmop_nl_number *numbers,
			       unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++) {
		if (numbers[i].wide)
			ret = nla_put_u64_64bit(skb, numbers[i].attr,
						numbers[i].value, pad);
		else
			ret = nla_put_u32(skb, numbers[i].attr,
					  numbers[i].value);
	}
	return ret;
}

#define VMOP_NL_U32(_attr, _value) { .attr = (_attr), .value = (_value) }
#define VMOP_NL_U64(_attr, _value) \
	{ .attr = (_attr), .wide = true, .value = (_value) }

static int vmop_nl_fill_pager(struct sk_buff *skb,
			      const struct vmop_nl_pager *data,
			      struct user_namespace *ns)
{
	const struct vmop_nl_number numbers[] = {
		VMOP_NL_U64(VMOP_NL_PAGER_ID, data->id),
		VMOP_NL_U32(VMOP_NL_PAGER_UID,
			    from_kuid_munged(ns, data->owner)),
		VMOP_NL_U32(VMOP_NL_PAGER_VMOS, data->info.nr_sources),
		VMOP_NL_U32(VMOP_NL_PAGER_PORTS, data->info.nr_ports),
	};

	return vmop_nl_put_numbers(skb, VMOP_NL_PAGER_PAD, numbers,
				   ARRAY_SIZE(numbers)) ?:
	       (data->closed ? nla_put_flag(skb, VMOP_NL_PAGER_CLOSED) : 0);
}

static int vmop_nl_fill_port(struct sk_buff *skb,
			     const struct vmop_port_info *data,
			     struct user_namespace *ns)
{
	const struct vmop_nl_number numbers[] = {
		VMOP_NL_U64(VMOP_NL_PORT_ID, data->id),
		VMOP_NL_U64(VMOP_NL_PORT_PAGER_ID, data->pager_id),
		VMOP_NL_U32(VMOP_NL_PORT_UID,
			    from_kuid_munged(ns, data->owner)),
		VMOP_NL_U32(VMOP_NL_PORT_FLAGS, data->flags),
		VMOP_NL_U64(VMOP_NL_PORT_QUEUED, data->nr_records),
		VMOP_NL_U32(VMOP_NL_PORT_VMOS, data->nr_sources),
	};

	return vmop_nl_put_numbers(skb, VMOP_NL_PORT_PAD, numbers,
				   ARRAY_SIZE(numbers)) ?:
	       (data->closed ? nla_put_flag(skb, VMOP_NL_PORT_CLOSED) : 0);
}

static int vmop_nl_fill_vmo_source(struct sk_buff *skb,
				   const struct vmop_nl_vmo *data)
{
	const struct vmop_vmo_get_info *info = &data->info;
	const struct vmop_source_info *counters = &data->counters;
	const struct vmop_nl_number numbers[] = {
		VMOP_NL_U64(VMOP_NL_VMO_PAGER_ID, info->out_pager_id),
		VMOP_NL_U64(VMOP_NL_VMO_PORT_ID, data->port_id),
		VMOP_NL_U64(VMOP_NL_VMO_KEY, info->out_key),
		VMOP_NL_U32(VMOP_NL_VMO_MAX_REQUEST_PAGES,
			    info->out_max_request_pages),
		VMOP_NL_U32(VMOP_NL_VMO_DEADLINE_MS, info->out_deadline_ms),
		VMOP_NL_U32(VMOP_NL_VMO_LAST_ERROR, counters->last_error),
		VMOP_NL_U32(VMOP_NL_VMO_NUM_WAITERS, counters->num_waiters),
		VMOP_NL_U32(VMOP_NL_VMO_NUM_PENDING, counters->num_pending),
		VMOP_NL_U64(VMOP_NL_VMO_REQUESTS, counters->requests),
		VMOP_NL_U64(VMOP_NL_VMO_REQUESTED_PAGES,
			    counters->requested_pages),
		VMOP_NL_U64(VMOP_NL_VMO_DIRTY_REQUESTS,
			    counters->dirty_requests),
		VMOP_NL_U64(VMOP_NL_VMO_WRITEBACK_REQUESTS,
			    counters->writeback_requests),
		VMOP_NL_U64(VMOP_NL_VMO_FAILED_REQUESTS,
			    counters->failed_requests),
		VMOP_NL_U64(VMOP_NL_VMO_DEADLINE_MISSES,
			    counters->deadline_misses),
		/* Last: left out when nothing is pending. */
		VMOP_NL_U64(VMOP_NL_VMO_OLDEST_NS, counters->oldest_ns),
	};

	return vmop_nl_put_numbers(skb, VMOP_NL_VMO_PAD, numbers,
				   ARRAY_SIZE(numbers) -
				   !counters->num_pending);
}

static int vmop_nl_fill_vmo_shares(struct sk_buff *skb,
				   const struct vmop_vmo_get_info *info)
{
	const struct vmop_nl_number numbers[] = {
		VMOP_NL_U64(VMOP_NL_VMO_PRIVATE, info->out_private),
		VMOP_NL_U64(VMOP_NL_VMO_SHARED, info->out_shared),
		VMOP_NL_U64(VMOP_NL_VMO_SCALED, info->out_scaled),
		VMOP_NL_U64(VMOP_NL_VMO_ZERO, info->out_zero),
	};

	return vmop_nl_put_numbers(skb, VMOP_NL_VMO_PAD, numbers,
				   ARRAY_SIZE(numbers));
}

static int vmop_nl_fill_vmo(struct sk_buff *skb,
			    const struct vmop_nl_vmo *data,
			    struct user_namespace *ns)
{
	const struct vmop_vmo_get_info *info = &data->info;
	const struct vmop_nl_number numbers[] = {
		VMOP_NL_U64(VMOP_NL_VMO_ID, info->out_id),
		VMOP_NL_U32(VMOP_NL_VMO_UID,
			    from_kuid_munged(ns, data->owner)),
		VMOP_NL_U64(VMOP_NL_VMO_SIZE, info->out_size),
		VMOP_NL_U64(VMOP_NL_VMO_CONTENT_SIZE, info->out_content_size),
		VMOP_NL_U64(VMOP_NL_VMO_COMMITTED, info->out_committed),
		VMOP_NL_U64(VMOP_NL_VMO_DIRTY, info->out_dirty),
		VMOP_NL_U32(VMOP_NL_VMO_FLAGS, info->out_flags),
		VMOP_NL_U32(VMOP_NL_VMO_STATE, info->out_state),
		VMOP_NL_U32(VMOP_NL_VMO_CHILD_FLAGS, info->out_child_flags),
		VMOP_NL_U64(VMOP_NL_VMO_CHILD_OFFSET, info->out_child_offset),
		VMOP_NL_U32(VMOP_NL_VMO_NUM_CHILDREN, info->out_num_children),
		VMOP_NL_U64(VMOP_NL_VMO_SUPPLIED_PAGES,
			    info->out_supplied_pages),
		VMOP_NL_U64(VMOP_NL_VMO_EVICTED_PAGES,
			    info->out_evicted_pages),
		/* Last: left out when there is none. */
		VMOP_NL_U64(VMOP_NL_VMO_PARENT_ID, info->out_parent_id),
	};

	return vmop_nl_put_numbers(skb, VMOP_NL_VMO_PAD, numbers,
				   ARRAY_SIZE(numbers) -
				   !info->out_parent_id) ?:
	       nla_put_string(skb, VMOP_NL_VMO_NAME,
			      (const char *)info->out_name) ?:
	       (data->has_source ? vmop_nl_fill_vmo_source(skb, data) : 0) ?:
	       (data->with_shares ? vmop_nl_fill_vmo_shares(skb, info) : 0);
}

/**
 * vmop_nl_fill() - write what was collected about an object
 * @skb: the message, behind its header
 * @kind: pager, port or VMO
 * @data: what was collected
 * @ns: user namespace that uids are told in
 *
 * Return: 0, or -EMSGSIZE.
 */
int vmop_nl_fill(struct sk_buff *skb, enum vmop_registry_kind kind,
		 const union vmop_nl_data *data, struct user_namespace *ns)
{
	switch (kind) {
	case VMOP_REGISTRY_PAGER:
		return vmop_nl_fill_pager(skb, &data->pager, ns);
	case VMOP_REGISTRY_PORT:
		return vmop_nl_fill_port(skb, &data->port, ns);
	default:
		return vmop_nl_fill_vmo(skb, &data->vmo, ns);
	}
}

/**
 * vmop_nl_fill_request() - write what was collected about a request
 * @skb: the message, behind its header
 * @data: what was collected about its source
 * @info: the request
 *
 * Return: 0, or -EMSGSIZE.
 */
int vmop_nl_fill_request(struct sk_buff *skb,
			 const struct vmop_nl_requests *data,
			 const struct vmop_req_info *info)
{
	const struct vmop_nl_number numbers[] = {
		VMOP_NL_U64(VMOP_NL_REQUEST_ID, info->id),
		VMOP_NL_U64(VMOP_NL_REQUEST_VMO_ID, data->vmo_id),
		VMOP_NL_U64(VMOP_NL_REQUEST_PAGER_ID, data->pager_id),
		VMOP_NL_U64(VMOP_NL_REQUEST_PORT_ID, data->port_id),
		VMOP_NL_U64(VMOP_NL_REQUEST_KEY, data->key),
		VMOP_NL_U32(VMOP_NL_REQUEST_TYPE, info->type),
		VMOP_NL_U32(VMOP_NL_REQUEST_STATE,
			    info->delivered ? VMOP_NL_REQUEST_READ :
					      VMOP_NL_REQUEST_QUEUED),
		VMOP_NL_U64(VMOP_NL_REQUEST_OFFSET, info->offset),
		VMOP_NL_U64(VMOP_NL_REQUEST_LENGTH, info->len),
		VMOP_NL_U64(VMOP_NL_REQUEST_AGE_NS, info->age_ns),
		VMOP_NL_U32(VMOP_NL_REQUEST_NUM_WAITERS, info->num_waiters),
	};

	return vmop_nl_put_numbers(skb, VMOP_NL_REQUEST_PAD, numbers,
				   ARRAY_SIZE(numbers));
}
