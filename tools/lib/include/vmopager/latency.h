/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libvmopager: how long requests take.
 *
 * Part of <vmopager/vmopager.h>, which tells the rules that hold here too and
 * includes it: programs name that one.
 */
#ifndef VMOPAGER_LATENCY_H
#define VMOPAGER_LATENCY_H

#include <vmopager/vmopager.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * vmop_vmo_latency - times of the requests for a VMO
 * @vmo: VMO; of a clone those for the VMO with the pager that it comes from
 * @stage: one of enum vmop_latency_stage
 * @latency: result; the caller sets latency->size to sizeof(*latency)
 *
 * Return: 0; -EINVAL (size not set, unknown stage); -EOPNOTSUPP for a VMO
 * without a pager; -ENOTTY when the module is too old.
 */
VMOP_API int vmop_vmo_latency(const struct vmop_vmo *vmo, __u32 stage,
			      struct vmop_query_latency *latency);

/**
 * vmop_pager_latency - times of the requests for all VMOs that a pager made
 * @pager: pager
 * @stage: one of enum vmop_latency_stage
 * @latency: result; the caller sets latency->size to sizeof(*latency)
 *
 * Return: as vmop_vmo_latency().
 */
VMOP_API int vmop_pager_latency(const struct vmop_pager *pager, __u32 stage,
				struct vmop_query_latency *latency);

#ifdef __cplusplus
}
#endif

#endif /* VMOPAGER_LATENCY_H */
