// SPDX-License-Identifier: GPL-2.0
/*
 * vmo_event.c - telling who listens what has happened to a VMO.
 */
#include <linux/jiffies.h>

#include "event.h"
#include "port.h"
#include "request.h"
#include "vmo.h"

static void vmop_vmo_fill_event(struct vmop_vmo *vmo, struct vmop_event *event)
{
	struct vmop_source *src = vmo->tree->source;

	event->object = VMOP_NL_OBJECT_VMO;
	event->owner = vmo->owner;
	event->vmo_id = vmo->id;
	if (src) {
		event->pager_id = vmop_source_pager_id(src);
		event->port_id = vmop_port_id(src->port);
	}
	spin_lock(&vmo->name_lock);
	memcpy(event->name, vmo->name, sizeof(event->name));
	spin_unlock(&vmo->name_lock);
}

/**
 * vmop_vmo_tell() - something has happened to a VMO
 * @vmo: the VMO
 * @type: one of enum vmop_nl_event_type
 *
 * Context: no lock of ours; may sleep.
 */
void vmop_vmo_tell(struct vmop_vmo *vmo, u32 type)
{
	struct vmop_event event = { .type = type };

	if (!vmop_event_wanted())
		return;
	vmop_vmo_fill_event(vmo, &event);
	vmop_event_send(&event);
}

/**
 * vmop_vmo_tell_limit() - a VMO has reached a limit
 * @vmo: the VMO
 * @limit: one of enum vmop_nl_limit
 *
 * Not more than once in a second for each.
 *
 * Context: no lock of ours; may sleep.
 */
void vmop_vmo_tell_limit(struct vmop_vmo *vmo, u32 limit)
{
	struct vmop_event event = {
		.type = VMOP_NL_EVENT_LIMIT,
		.limit = limit,
	};
	long told = atomic_long_read(&vmo->limit_told[limit]);
	/* 0 is never. */
	long now = jiffies | 1;

	if (!vmop_event_wanted() || (told && now - told < HZ))
		return;
	/* Of several threads one tells. */
	if (atomic_long_cmpxchg(&vmo->limit_told[limit], told, now) != told)
		return;
	vmop_vmo_fill_event(vmo, &event);
	vmop_event_send(&event);
}
