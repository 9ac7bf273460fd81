// SPDX-License-Identifier: GPL-2.0
/*
 * How long requests take.
 */
#include <errno.h>

#include "internal.h"

static int latency_query(int fd, __u32 stage,
			 struct vmop_query_latency *latency)
{
	if (latency->size < sizeof(*latency))
		return -EINVAL;
	latency->flags = 0;
	latency->stage = stage;
	latency->__reserved = 0;
	return vmop_ioctl(fd, VMOP_QUERY_LATENCY, latency);
}

static const char *latency_way_out(int ret)
{
	switch (ret) {
	case -EINVAL:
		return "set latency->size; there are three stages";
	case -EOPNOTSUPP:
		return "it has no pager";
	case -ENOTTY:
		return "the module is older than this library";
	default:
		return NULL;
	}
}

int vmop_vmo_latency(const struct vmop_vmo *vmo, __u32 stage,
		     struct vmop_query_latency *latency)
{
	int ret = latency_query(vmo->fd, stage, latency);

	return vmop_fail(ret, latency_way_out(ret),
			 "VMO %s: ask for the times of its requests",
			 vmo->label);
}

int vmop_pager_latency(const struct vmop_pager *pager, __u32 stage,
		       struct vmop_query_latency *latency)
{
	int ret = latency_query(pager->fd, stage, latency);

	return vmop_fail(ret, latency_way_out(ret),
			 "ask a pager for the times of its requests");
}
