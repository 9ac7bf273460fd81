/* SPDX-License-Identifier: GPL-2.0 */
/*
 * latency.h - how long requests took: histograms.
 */
#ifndef VMOP_LATENCY_H
#define VMOP_LATENCY_H

#include "request_deps.h"

/**
 * struct vmop_latency - one histogram for each stage of a request
 * @ref: reference count
 * @total_ns: sum of the samples, by enum vmop_latency_stage
 * @buckets: how many samples; bucket n has those of [2^n, 2^(n+1)) ns, the first
 *           those below 2 ns, too, and the last all that are longer
 *
 * No lock: each number is right, but a reader may see one sample in @buckets and
 * not yet in @total_ns.
 */
struct vmop_latency {
	refcount_t ref;
	atomic64_t total_ns[VMOP_LATENCY_NR_STAGES];
	atomic64_t buckets[VMOP_LATENCY_NR_STAGES][VMOP_LATENCY_BUCKETS];
};

int vmop_latency_init(void);
void vmop_latency_exit(void);
struct vmop_latency *vmop_latency_create(gfp_t gfp);
void vmop_latency_get(struct vmop_latency *latency);
void vmop_latency_put(struct vmop_latency *latency);
void vmop_latency_add(struct vmop_latency *latency,
		      enum vmop_latency_stage stage, u64 ns);
int vmop_latency_query(struct vmop_latency *latency,
		       struct vmop_query_latency *cmd);

#endif /* VMOP_LATENCY_H */
