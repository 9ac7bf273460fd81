// SPDX-License-Identifier: GPL-2.0
/*
 * netlink_gather.c - collecting what is told about an object, with the locks that
 * it takes, but none afterwards.
 */
#include <linux/string.h>

#include "netlink_gather.h"
#include "vmo.h"

static bool vmop_nl_tryget_pager(void *object)
{
	return vmop_pager_tryget(object);
}

static void vmop_nl_put_pager(void *object)
{
	vmop_pager_put(object);
}

static kuid_t vmop_nl_pager_owner(void *object)
{
	return ((struct vmop_pager *)object)->owner;
}

static bool vmop_nl_tryget_port(void *object)
{
	return vmop_port_tryget(object);
}

static void vmop_nl_put_port(void *object)
{
	vmop_port_put(object);
}

static kuid_t vmop_nl_port_owner(void *object)
{
	return vmop_port_owner(object);
}

static bool vmop_nl_tryget_vmo(void *object)
{
	return vmop_vmo_tryget(object);
}

static void vmop_nl_put_vmo(void *object)
{
	vmop_vmo_put(object);
}

static kuid_t vmop_nl_vmo_owner(void *object)
{
	return ((struct vmop_vmo *)object)->owner;
}

static bool vmop_nl_tryget_source(void *object)
{
	return vmop_source_tryget(object);
}

static void vmop_nl_put_source(void *object)
{
	vmop_source_put(object);
}

static kuid_t vmop_nl_source_owner(void *object)
{
	return ((struct vmop_source *)object)->params.owner;
}

const struct vmop_nl_kind vmop_nl_kinds[VMOP_REGISTRY_NR_KINDS] = {
	[VMOP_REGISTRY_PAGER] = {
		.tryget = vmop_nl_tryget_pager,
		.put = vmop_nl_put_pager,
		.owner = vmop_nl_pager_owner,
	},
	[VMOP_REGISTRY_PORT] = {
		.tryget = vmop_nl_tryget_port,
		.put = vmop_nl_put_port,
		.owner = vmop_nl_port_owner,
	},
	[VMOP_REGISTRY_VMO] = {
		.tryget = vmop_nl_tryget_vmo,
		.put = vmop_nl_put_vmo,
		.owner = vmop_nl_vmo_owner,
	},
	[VMOP_REGISTRY_SOURCE] = {
		.tryget = vmop_nl_tryget_source,
		.put = vmop_nl_put_source,
		.owner = vmop_nl_source_owner,
	},
};

static void vmop_nl_gather_pager(struct vmop_pager *pager,
				 struct vmop_nl_pager *data)
{
	data->id = pager->id;
	data->owner = pager->owner;
	data->closed = READ_ONCE(pager->closed);
	vmop_pager_info(pager, &data->info);
}

static int vmop_nl_gather_vmo(struct vmop_vmo *vmo, struct vmop_nl_vmo *data,
			      bool with_shares)
{
	struct vmop_source *src = vmo->tree->source;

	memset(data, 0, sizeof(*data));
	data->owner = vmo->owner;
	data->with_shares = with_shares;
	vmop_vmo_info(vmo, &data->info);
	if (src) {
		data->has_source = true;
		data->port_id = vmop_port_id(src->port);
		vmop_source_info(src, &data->counters);
	}
	return with_shares ? vmop_vmo_shares(vmo, &data->info) : 0;
}

/**
 * vmop_nl_gather() - collect what is told about an object
 * @kind: what it is: pager, port or VMO
 * @object: the object; the caller has a reference
 * @data: filled in
 * @with_shares: of a VMO: count who else sees its pages, too
 *
 * Context: no lock; may sleep for tree locks, which nobody holds while waiting for
 * a pager.
 * Return: 0 or -ENOMEM.
 */
int vmop_nl_gather(enum vmop_registry_kind kind, void *object,
		   union vmop_nl_data *data, bool with_shares)
{
	switch (kind) {
	case VMOP_REGISTRY_PAGER:
		vmop_nl_gather_pager(object, &data->pager);
		return 0;
	case VMOP_REGISTRY_PORT:
		vmop_port_info(object, &data->port);
		return 0;
	default:
		return vmop_nl_gather_vmo(object, &data->vmo, with_shares);
	}
}

/**
 * vmop_nl_gather_requests() - collect some requests of a source
 * @src: the source; the caller has a reference
 * @after: only those with a greater id
 * @data: filled in; less than VMOP_NL_REQUESTS only if there are no more
 */
void vmop_nl_gather_requests(struct vmop_source *src, u64 after,
			     struct vmop_nl_requests *data)
{
	data->vmo_id = src->params.vmo_id;
	data->pager_id = vmop_source_pager_id(src);
	data->port_id = vmop_port_id(src->port);
	data->key = vmop_source_key(src);
	data->nr = vmop_source_pending(src, after, data->infos,
				       VMOP_NL_REQUESTS);
}
