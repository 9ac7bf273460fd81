/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What other verbs show by looking from outside.
 */
#ifndef VMOCTL_CMD_LOOK_H
#define VMOCTL_CMD_LOOK_H

#include "vmoctl.h"

/* stat --id. Return: a status. */
int look_stat(const struct args *a);

#endif /* VMOCTL_CMD_LOOK_H */
