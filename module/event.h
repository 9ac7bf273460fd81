/* SPDX-License-Identifier: GPL-2.0 */
/*
 * event.h - telling who listens what has happened.
 *
 * An event is made of plain values, so that every layer can tell one.
 */
#ifndef VMOP_EVENT_H
#define VMOP_EVENT_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include <linux/vmopager.h>
#include <linux/vmopager_netlink.h>

/**
 * struct vmop_event - what has happened
 * @type: one of enum vmop_nl_event_type
 * @object: what it is about, one of enum vmop_nl_object
 * @owner: who made that
 * @pager_id: number of the pager; 0 for none, as in the next two
 * @port_id: number of the port
 * @vmo_id: number of the VMO
 * @name: name of the VMO; empty for none
 * @limit: one of enum vmop_nl_limit, or 0
 * @request_id: number of the request; the rest is only told when it is not 0
 * @request_type: one of enum vmop_record_type
 * @offset: first byte
 * @length: bytes
 * @age_ns: how old the request is
 */
struct vmop_event {
	u32 type;
	u32 object;
	kuid_t owner;
	u64 pager_id;
	u64 port_id;
	u64 vmo_id;
	char name[VMOP_NAME_LEN];
	u32 limit;
	u64 request_id;
	u32 request_type;
	u64 offset;
	u64 length;
	u64 age_ns;
};

bool vmop_event_wanted(void);
void vmop_event_send(const struct vmop_event *event);

#endif /* VMOP_EVENT_H */
