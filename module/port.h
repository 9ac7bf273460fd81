/* SPDX-License-Identifier: GPL-2.0 */
/*
 * port.h - the queue that a pager reads its requests from: a file descriptor.
 *
 * request.c puts requests in and takes them back; the file's read() hands them
 * out: the oldest of a VMO first, VMOs in turn, COMPLETE last and once
 * (semantics: PKT-1, PKT-4, PKT-5, REQ-28).
 *
 * request.c and port_queue.c are the two halves of one thing: source->lock is taken
 * first, port->lock second, never the other way round.
 */
#ifndef VMOP_PORT_H
#define VMOP_PORT_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct file;
struct vmop_port;
struct vmop_req;
struct vmop_source;

/**
 * struct vmop_port_info - what is told about a port
 * @id: its number
 * @pager_id: number of its pager
 * @owner: who made it
 * @flags: enum vmop_port_flags
 * @closed: the file is gone
 * @nr_records: records that wait to be read
 * @nr_sources: sources that it serves
 */
struct vmop_port_info {
	u64 id;
	u64 pager_id;
	kuid_t owner;
	u32 flags;
	bool closed;
	u64 nr_records;
	u32 nr_sources;
};

struct vmop_port *vmop_port_create(u64 pager_id, unsigned int flags,
				   struct file **out_file);
struct vmop_port *vmop_port_from_file(struct file *file);
void vmop_port_get(struct vmop_port *port);
bool vmop_port_tryget(struct vmop_port *port);
void vmop_port_put(struct vmop_port *port);
u64 vmop_port_id(const struct vmop_port *port);
kuid_t vmop_port_owner(const struct vmop_port *port);
u64 vmop_port_pager_id(const struct vmop_port *port);
void vmop_port_info(struct vmop_port *port, struct vmop_port_info *info);
bool vmop_port_takes_writeback(const struct vmop_port *port);
bool vmop_port_is_closed(struct vmop_port *port);
unsigned long vmop_port_nr_records(struct vmop_port *port);
void vmop_port_tell(const struct vmop_port *port, u32 type);
void vmop_port_pager_closed(struct vmop_port *port);

/* For request.c only. */
int vmop_port_add_source(struct vmop_port *port, struct vmop_source *src);
void vmop_port_del_source(struct vmop_source *src);
int vmop_port_queue(struct vmop_req *req);
void vmop_port_withdraw(struct vmop_req *req);
bool vmop_port_queue_complete(struct vmop_source *src);
bool vmop_port_withdraw_complete(struct vmop_source *src);

#endif /* VMOP_PORT_H */
