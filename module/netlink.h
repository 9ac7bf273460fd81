/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink.h - the generic netlink family.
 */
#ifndef VMOP_NETLINK_H
#define VMOP_NETLINK_H

struct genl_family;

extern struct genl_family vmop_nl_family;

int vmop_nl_init(void);
void vmop_nl_exit(void);

#endif /* VMOP_NETLINK_H */
