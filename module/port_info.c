// SPDX-License-Identifier: GPL-2.0
/*
 * port_info.c - what is told about a port. It changes nothing. Locks: port->lock.
 */
#include "port_internal.h"

/**
 * vmop_port_id() - number of a port
 * @port: the port
 *
 * Return: the number.
 */
u64 vmop_port_id(const struct vmop_port *port)
{
	return port->id;
}

/**
 * vmop_port_owner() - who made a port
 * @port: the port
 *
 * Return: the effective uid of the maker.
 */
kuid_t vmop_port_owner(const struct vmop_port *port)
{
	return port->owner;
}

/**
 * vmop_port_pager_id() - number of the pager that the port belongs to
 * @port: the port
 *
 * Return: the number.
 */
u64 vmop_port_pager_id(const struct vmop_port *port)
{
	return port->pager_id;
}

/**
 * vmop_port_takes_writeback() - does the reader answer WRITEBACK records?
 * @port: the port
 *
 * Return: whether it was made with VMOP_PORT_WRITEBACK.
 */
bool vmop_port_takes_writeback(const struct vmop_port *port)
{
	return port->flags & VMOP_PORT_WRITEBACK;
}

/**
 * vmop_port_is_closed() - whether the file of the port is gone
 * @port: the port
 *
 * Closed for ever; so the pager may drop such a port from its books. Open may
 * have changed when the answer arrives.
 *
 * Return: whether it is.
 */
bool vmop_port_is_closed(struct vmop_port *port)
{
	return READ_ONCE(port->closed);
}

/**
 * vmop_port_info() - what is told about a port
 * @port: the port
 * @info: filled in
 *
 * Takes port->lock.
 */
void vmop_port_info(struct vmop_port *port, struct vmop_port_info *info)
{
	info->id = port->id;
	info->pager_id = port->pager_id;
	info->owner = port->owner;
	info->flags = port->flags;
	spin_lock(&port->lock);
	info->closed = port->closed;
	info->nr_records = port->nr_records;
	info->nr_sources = port->nr_sources;
	spin_unlock(&port->lock);
}

/**
 * vmop_port_tell() - tell who listens what has happened to a port
 * @port: the port
 * @type: one of enum vmop_nl_event_type
 *
 * Context: no lock of ours.
 */
void vmop_port_tell(const struct vmop_port *port, u32 type)
{
	struct vmop_event event = {
		.type = type,
		.object = VMOP_NL_OBJECT_PORT,
		.owner = port->owner,
		.pager_id = port->pager_id,
		.port_id = port->id,
	};

	vmop_event_send(&event);
}
