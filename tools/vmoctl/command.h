/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Running a command with a VMO as an inherited file descriptor: what `exec` and
 * `clone -- CMD` do.
 */
#ifndef VMOCTL_COMMAND_H
#define VMOCTL_COMMAND_H

#include "vmoctl.h"

struct file_pager;

/*
 * command_run - run the command of the operands, and wait for it
 * @a: its words; {} in them becomes /proc/self/fd/N
 * @vmo: what it inherits; N is also in VMOCTL_FD
 * @fp: pager to start before it, or NULL
 * @ran: it was started: the result is its own status
 *
 * Return: exit status of the command, 128 + signal when it was killed; or
 * another one after a message.
 */
int command_run(const struct args *a, const struct vmop_vmo *vmo,
		struct file_pager *fp, bool *ran);

#endif /* VMOCTL_COMMAND_H */
