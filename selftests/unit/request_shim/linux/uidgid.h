/* SPDX-License-Identifier: GPL-2.0 */
/* Who makes something: one user, here. */
#ifndef REQUEST_SHIM_UIDGID_H
#define REQUEST_SHIM_UIDGID_H

struct sim_kuid_t {
	unsigned int val;
};

#define kuid_t struct sim_kuid_t
#define current_euid() ((kuid_t){ 0 })

#endif /* REQUEST_SHIM_UIDGID_H */
