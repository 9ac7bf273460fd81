/* SPDX-License-Identifier: GPL-2.0 */
/*
 * netlink_gather.h - what is told about objects, between who collects it from
 * them and who writes it into messages.
 *
 * Collecting takes locks and may sleep, and knows no messages; writing knows no
 * objects and takes no locks.
 */
#ifndef VMOP_NETLINK_GATHER_H
#define VMOP_NETLINK_GATHER_H

#include <linux/uidgid.h>

#include <linux/vmopager.h>

#include "pager.h"
#include "port.h"
#include "registry.h"
#include "request.h"

struct sk_buff;
struct user_namespace;

/* Requests of one source that are collected at once. */
#define VMOP_NL_REQUESTS 8

/**
 * struct vmop_nl_pager - what is told about a pager
 * @id: its number
 * @owner: who opened it
 * @closed: nobody has it open
 * @info: the rest
 */
struct vmop_nl_pager {
	u64 id;
	kuid_t owner;
	bool closed;
	struct vmop_pager_info info;
};

/**
 * struct vmop_nl_vmo - what is told about a VMO
 * @info: as VMOP_VMO_GET_INFO tells it
 * @owner: who made it
 * @with_shares: the fields of VMOP_GET_INFO_SHARES are filled
 * @has_source: a pager supplies its family, and the rest is filled
 * @port_id: number of the source's port
 * @counters: of the source
 */
struct vmop_nl_vmo {
	struct vmop_vmo_get_info info;
	kuid_t owner;
	bool with_shares;
	bool has_source;
	u64 port_id;
	struct vmop_source_info counters;
};

/**
 * struct vmop_nl_requests - some requests of one source
 * @vmo_id: number of its VMO
 * @pager_id: number of its pager
 * @port_id: number of its port
 * @key: of its records
 * @nr: how many requests
 * @infos: the requests, by id
 */
struct vmop_nl_requests {
	u64 vmo_id;
	u64 pager_id;
	u64 port_id;
	u64 key;
	unsigned int nr;
	struct vmop_req_info infos[VMOP_NL_REQUESTS];
};

/**
 * union vmop_nl_data - what is told about an object of any kind
 * @pager: of a pager
 * @port: of a port
 * @vmo: of a VMO
 * @requests: of a source
 */
union vmop_nl_data {
	struct vmop_nl_pager pager;
	struct vmop_port_info port;
	struct vmop_nl_vmo vmo;
	struct vmop_nl_requests requests;
};

/**
 * struct vmop_nl_kind - how objects of a kind are handled
 * @tryget: takes a reference unless the object is ending; does not sleep
 * @put: drops it; may sleep
 * @owner: who made it
 */
struct vmop_nl_kind {
	bool (*tryget)(void *object);
	void (*put)(void *object);
	kuid_t (*owner)(void *object);
};

/* netlink_gather.c */
extern const struct vmop_nl_kind
vmop_nl_kinds[VMOP_REGISTRY_NR_KINDS];

int vmop_nl_gather(enum vmop_registry_kind kind, void *object,
		   union vmop_nl_data *data, bool with_shares);
void vmop_nl_gather_requests(struct vmop_source *src, u64 after,
			     struct vmop_nl_requests *data);

/* netlink_fill.c */
int vmop_nl_fill(struct sk_buff *skb, enum vmop_registry_kind kind,
		 const union vmop_nl_data *data, struct user_namespace *ns);
int vmop_nl_fill_request(struct sk_buff *skb,
			 const struct vmop_nl_requests *data,
			 const struct vmop_req_info *info);

#endif /* VMOP_NETLINK_GATHER_H */
