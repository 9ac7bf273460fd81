/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words for what a VMO is.
 */
#ifndef VMOCTL_KIND_H
#define VMOCTL_KIND_H

#include "out.h"

/*
 * kind_name - how a VMO was made
 * @info: of VMOP_VMO_GET_INFO
 *
 * Return: the option of `vmoctl clone`; of one that was not made from another
 * "composed", "pager" or "anonymous". Never freed.
 */
const char *kind_name(const struct vmop_vmo_get_info *info);

/* Names of enum vmop_vmo_flags, for out_bits(). */
extern const struct out_bit vmo_flag_names[];

#endif /* VMOCTL_KIND_H */
