// SPDX-License-Identifier: GPL-2.0
/*
 * latency.c - histograms of the times that requests take. A source has one for
 * its VMO and adds to that of its pager, which outlives the VMO.
 */
#include "latency.h"

static struct kmem_cache *vmop_latency_cache;

/**
 * vmop_latency_create() - make empty histograms
 * @gfp: how to allocate them
 *
 * Return: with one reference, or NULL.
 */
struct vmop_latency *vmop_latency_create(gfp_t gfp)
{
	struct vmop_latency *latency;

	latency = kmem_cache_zalloc(vmop_latency_cache, gfp);
	if (latency)
		refcount_set(&latency->ref, 1);
	return latency;
}

/**
 * vmop_latency_get() - take one more reference
 * @latency: what the caller has a reference on
 */
void vmop_latency_get(struct vmop_latency *latency)
{
	refcount_inc(&latency->ref);
}

/**
 * vmop_latency_put() - give a reference back
 * @latency: the histograms, or NULL
 */
void vmop_latency_put(struct vmop_latency *latency)
{
	if (latency && refcount_dec_and_test(&latency->ref))
		kmem_cache_free(vmop_latency_cache, latency);
}

/**
 * vmop_latency_add() - count a sample
 * @latency: the histograms
 * @stage: of which stage
 * @ns: how long it took
 *
 * Context: any; no lock.
 */
void vmop_latency_add(struct vmop_latency *latency,
		      enum vmop_latency_stage stage, u64 ns)
{
	unsigned int n = min_t(unsigned int, fls64(ns >> 1),
			       VMOP_LATENCY_BUCKETS - 1);

	atomic64_inc(&latency->buckets[stage][n]);
	atomic64_add(ns, &latency->total_ns[stage]);
}

/**
 * vmop_latency_query() - answer VMOP_QUERY_LATENCY
 * @latency: the histograms; NULL for empty ones
 * @cmd: the command; its out fields are filled
 *
 * Return: 0; -EOPNOTSUPP; -EINVAL for an unknown stage.
 */
int vmop_latency_query(struct vmop_latency *latency,
		       struct vmop_query_latency *cmd)
{
	unsigned int i;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (cmd->stage >= VMOP_LATENCY_NR_STAGES)
		return -EINVAL;
	cmd->out_total_ns = 0;
	memset(cmd->out_buckets, 0, sizeof(cmd->out_buckets));
	if (!latency)
		return 0;
	for (i = 0; i < VMOP_LATENCY_BUCKETS; i++)
		cmd->out_buckets[i] =
			atomic64_read(&latency->buckets[cmd->stage][i]);
	cmd->out_total_ns = atomic64_read(&latency->total_ns[cmd->stage]);
	return 0;
}

/**
 * vmop_latency_init() - when the module is loaded
 *
 * Return: 0 or -ENOMEM.
 */
int vmop_latency_init(void)
{
	vmop_latency_cache = KMEM_CACHE(vmop_latency, 0);
	return vmop_latency_cache ? 0 : -ENOMEM;
}

/**
 * vmop_latency_exit() - when the module is unloaded
 *
 * No pager and no source exist any more.
 */
void vmop_latency_exit(void)
{
	kmem_cache_destroy(vmop_latency_cache);
}
