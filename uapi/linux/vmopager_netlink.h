/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vmopager: looking at pagers, ports and VMOs from outside, by generic netlink.
 *
 * Documentation/netlink/specs/vmopager.yaml says the same to programs.
 */
#ifndef _UAPI_LINUX_VMOPAGER_NETLINK_H
#define _UAPI_LINUX_VMOPAGER_NETLINK_H

/**
 * DOC: The family
 *
 * The family is there in the first network namespace only. It changes nothing.
 * Who has CAP_NET_ADMIN there sees all objects, others see those that they made:
 * the effective uid that opened the socket, and that sends, counts. What one may
 * not see is as if it did not exist. Only who has CAP_NET_ADMIN may listen to the
 * group of events.
 *
 * Every object has a number that is never used again, the one that
 * VMOP_VMO_GET_INFO tells. A dump comes in the order of these numbers. An object
 * that is there during all of it is in it exactly once; one that is made or
 * closed meanwhile is in it once or not at all. Each object is looked at by
 * itself, when its turn comes.
 *
 * Attributes that have no meaning for an object are left out, those that this
 * header does not name are to be skipped: there may be more one day. In a request
 * an attribute that is not expected there is EINVAL.
 */
#define VMOP_NL_NAME "vmopager"
#define VMOP_NL_VERSION 1
#define VMOP_NL_GROUP_EVENTS "events"

/**
 * enum vmop_nl_cmd - commands
 * @VMOP_NL_CMD_PAGER_GET: The pager of VMOP_NL_PAGER_ID, or a dump of all; those
 *                         that are closed stay as long as VMOs of them are there
 * @VMOP_NL_CMD_PORT_GET: The port of VMOP_NL_PORT_ID, or a dump of all, likewise
 * @VMOP_NL_CMD_VMO_GET: The VMO of VMOP_NL_VMO_ID, or a dump of all. With
 *                       VMOP_NL_VMO_WITH_SHARES also who else sees its pages
 * @VMOP_NL_CMD_REQUEST_GET: A dump of all requests that are not answered, by VMO,
 *                           and oldest first for each; there is no single one
 * @VMOP_NL_CMD_EVENT: Only from the kernel, to the group of events
 * @VMOP_NL_CMD_END: Number behind the last one
 * @VMOP_NL_CMD_MAX: The last one
 *
 * Return: ENOENT when there is no such object, or none that one may see; EINVAL
 * for wrong attributes; ENOMEM. The reason comes along as a text.
 */
enum vmop_nl_cmd {
	VMOP_NL_CMD_PAGER_GET = 1,
	VMOP_NL_CMD_PORT_GET,
	VMOP_NL_CMD_VMO_GET,
	VMOP_NL_CMD_REQUEST_GET,
	VMOP_NL_CMD_EVENT,
	VMOP_NL_CMD_END,
	VMOP_NL_CMD_MAX = VMOP_NL_CMD_END - 1
};

/**
 * enum vmop_nl_pager_attr - attributes of a pager
 * @VMOP_NL_PAGER_PAD: Nothing; keeps numbers of 64 bits where they belong
 * @VMOP_NL_PAGER_ID: u64: its number
 * @VMOP_NL_PAGER_UID: u32: effective uid of who opened it, in the user namespace
 *                     of who asks
 * @VMOP_NL_PAGER_CLOSED: flag: nobody has it open any more
 * @VMOP_NL_PAGER_VMOS: u32: VMOs that it supplies; 0 when it is closed
 * @VMOP_NL_PAGER_PORTS: u32: ports that it has
 * @VMOP_NL_PAGER_END: Number behind the last one
 * @VMOP_NL_PAGER_MAX: The last one
 */
enum vmop_nl_pager_attr {
	VMOP_NL_PAGER_PAD = 1,
	VMOP_NL_PAGER_ID,
	VMOP_NL_PAGER_UID,
	VMOP_NL_PAGER_CLOSED,
	VMOP_NL_PAGER_VMOS,
	VMOP_NL_PAGER_PORTS,
	VMOP_NL_PAGER_END,
	VMOP_NL_PAGER_MAX = VMOP_NL_PAGER_END - 1
};

/**
 * enum vmop_nl_port_attr - attributes of a port
 * @VMOP_NL_PORT_PAD: Nothing
 * @VMOP_NL_PORT_ID: u64: its number
 * @VMOP_NL_PORT_PAGER_ID: u64: number of its pager
 * @VMOP_NL_PORT_UID: u32: effective uid of who made it
 * @VMOP_NL_PORT_CLOSED: flag: nobody has it open any more
 * @VMOP_NL_PORT_FLAGS: u32: enum vmop_port_flags
 * @VMOP_NL_PORT_QUEUED: u64: records that wait to be read
 * @VMOP_NL_PORT_VMOS: u32: VMOs whose requests go to it
 * @VMOP_NL_PORT_END: Number behind the last one
 * @VMOP_NL_PORT_MAX: The last one
 */
enum vmop_nl_port_attr {
	VMOP_NL_PORT_PAD = 1,
	VMOP_NL_PORT_ID,
	VMOP_NL_PORT_PAGER_ID,
	VMOP_NL_PORT_UID,
	VMOP_NL_PORT_CLOSED,
	VMOP_NL_PORT_FLAGS,
	VMOP_NL_PORT_QUEUED,
	VMOP_NL_PORT_VMOS,
	VMOP_NL_PORT_END,
	VMOP_NL_PORT_MAX = VMOP_NL_PORT_END - 1
};

/**
 * enum vmop_nl_vmo_attr - attributes of a VMO
 * @VMOP_NL_VMO_PAD: Nothing
 * @VMOP_NL_VMO_ID: u64: its number
 * @VMOP_NL_VMO_WITH_SHARES: flag, in a request: count PRIVATE to ZERO, too, which
 *                           is a walk over the pages of its family
 * @VMOP_NL_VMO_UID: u32: effective uid of who made it
 * @VMOP_NL_VMO_NAME: string: name for people
 * @VMOP_NL_VMO_PAGER_ID: u64: number of its family's pager
 * @VMOP_NL_VMO_PORT_ID: u64: number of the port that gets its requests
 * @VMOP_NL_VMO_PARENT_ID: u64: number of the VMO that it was made from, or of what
 *                         is left above it; without one it is a root
 * @VMOP_NL_VMO_KEY: u64: the key of its records
 * @VMOP_NL_VMO_SIZE: u64: bytes, whole pages
 * @VMOP_NL_VMO_CONTENT_SIZE: u64: bytes
 * @VMOP_NL_VMO_COMMITTED: u64: bytes of memory that its own pages take
 * @VMOP_NL_VMO_DIRTY: u64: bytes that are changed and not written back
 * @VMOP_NL_VMO_FLAGS: u32: enum vmop_vmo_flags
 * @VMOP_NL_VMO_STATE: u32: enum vmop_vmo_state
 * @VMOP_NL_VMO_CHILD_FLAGS: u32: enum vmop_child_flags
 * @VMOP_NL_VMO_CHILD_OFFSET: u64: where in its first parent it starts, in bytes
 * @VMOP_NL_VMO_NUM_CHILDREN: u32: VMOs whose parent it is
 * @VMOP_NL_VMO_SUPPLIED_PAGES: u64: pages that pagers put in so far
 * @VMOP_NL_VMO_EVICTED_PAGES: u64: pages that reclaim took so far
 * @VMOP_NL_VMO_MAX_REQUEST_PAGES: u32: most pages that a call asks for at once
 * @VMOP_NL_VMO_DEADLINE_MS: u32: how long a thread waits, in milliseconds
 * @VMOP_NL_VMO_LAST_ERROR: u32: newest errno that a request failed with
 * @VMOP_NL_VMO_NUM_WAITERS: u32: threads that wait for the pager now
 * @VMOP_NL_VMO_NUM_PENDING: u32: requests that are not answered
 * @VMOP_NL_VMO_OLDEST_NS: u64: age of the oldest of them in nanoseconds
 * @VMOP_NL_VMO_REQUESTS: u64: READ requests made so far
 * @VMOP_NL_VMO_REQUESTED_PAGES: u64: pages that they asked for
 * @VMOP_NL_VMO_DIRTY_REQUESTS: u64: DIRTY requests made so far
 * @VMOP_NL_VMO_WRITEBACK_REQUESTS: u64: WRITEBACK requests made so far
 * @VMOP_NL_VMO_FAILED_REQUESTS: u64: requests that failed so far
 * @VMOP_NL_VMO_DEADLINE_MISSES: u64: waits that ran into the deadline so far
 * @VMOP_NL_VMO_PRIVATE: u64: bytes of pages that it alone sees
 * @VMOP_NL_VMO_SHARED: u64: bytes of pages that it sees and others, too
 * @VMOP_NL_VMO_SCALED: u64: PRIVATE and, of each shared page, its part
 * @VMOP_NL_VMO_ZERO: u64: bytes that it holds as zeros
 * @VMOP_NL_VMO_END: Number behind the last one
 * @VMOP_NL_VMO_MAX: The last one
 *
 * As in &struct vmop_vmo_get_info, which says more. From MAX_REQUEST_PAGES to
 * DEADLINE_MISSES they are those of the family and are there only if a pager
 * supplies it; OLDEST_NS only while a request is not answered. PRIVATE to ZERO
 * come with VMOP_NL_VMO_WITH_SHARES.
 */
enum vmop_nl_vmo_attr {
	VMOP_NL_VMO_PAD = 1,
	VMOP_NL_VMO_ID,
	VMOP_NL_VMO_WITH_SHARES,
	VMOP_NL_VMO_UID,
	VMOP_NL_VMO_NAME,
	VMOP_NL_VMO_PAGER_ID,
	VMOP_NL_VMO_PORT_ID,
	VMOP_NL_VMO_PARENT_ID,
	VMOP_NL_VMO_KEY,
	VMOP_NL_VMO_SIZE,
	VMOP_NL_VMO_CONTENT_SIZE,
	VMOP_NL_VMO_COMMITTED,
	VMOP_NL_VMO_DIRTY,
	VMOP_NL_VMO_FLAGS,
	VMOP_NL_VMO_STATE,
	VMOP_NL_VMO_CHILD_FLAGS,
	VMOP_NL_VMO_CHILD_OFFSET,
	VMOP_NL_VMO_NUM_CHILDREN,
	VMOP_NL_VMO_SUPPLIED_PAGES,
	VMOP_NL_VMO_EVICTED_PAGES,
	VMOP_NL_VMO_MAX_REQUEST_PAGES,
	VMOP_NL_VMO_DEADLINE_MS,
	VMOP_NL_VMO_LAST_ERROR,
	VMOP_NL_VMO_NUM_WAITERS,
	VMOP_NL_VMO_NUM_PENDING,
	VMOP_NL_VMO_OLDEST_NS,
	VMOP_NL_VMO_REQUESTS,
	VMOP_NL_VMO_REQUESTED_PAGES,
	VMOP_NL_VMO_DIRTY_REQUESTS,
	VMOP_NL_VMO_WRITEBACK_REQUESTS,
	VMOP_NL_VMO_FAILED_REQUESTS,
	VMOP_NL_VMO_DEADLINE_MISSES,
	VMOP_NL_VMO_PRIVATE,
	VMOP_NL_VMO_SHARED,
	VMOP_NL_VMO_SCALED,
	VMOP_NL_VMO_ZERO,
	VMOP_NL_VMO_END,
	VMOP_NL_VMO_MAX = VMOP_NL_VMO_END - 1
};

/**
 * enum vmop_nl_request_state - how far a request has come
 * @VMOP_NL_REQUEST_QUEUED: No reader of the port has it yet
 * @VMOP_NL_REQUEST_READ: A reader has it, or its VMO is detached, and it waits for
 *                        writeback without a record
 */
enum vmop_nl_request_state {
	VMOP_NL_REQUEST_QUEUED = 0,
	VMOP_NL_REQUEST_READ = 1
};

/**
 * enum vmop_nl_request_attr - attributes of a request that is not answered
 * @VMOP_NL_REQUEST_PAD: Nothing
 * @VMOP_NL_REQUEST_ID: u64: its number, that of its record
 * @VMOP_NL_REQUEST_VMO_ID: u64: number of the VMO that the pager made; others of
 *                          its family may wait for it
 * @VMOP_NL_REQUEST_PAGER_ID: u64: number of the pager
 * @VMOP_NL_REQUEST_PORT_ID: u64: number of the port
 * @VMOP_NL_REQUEST_KEY: u64: the key of its record
 * @VMOP_NL_REQUEST_TYPE: u32: enum vmop_record_type
 * @VMOP_NL_REQUEST_STATE: u32: enum vmop_nl_request_state
 * @VMOP_NL_REQUEST_OFFSET: u64: first byte
 * @VMOP_NL_REQUEST_LENGTH: u64: bytes
 * @VMOP_NL_REQUEST_AGE_NS: u64: nanoseconds since it was made
 * @VMOP_NL_REQUEST_NUM_WAITERS: u32: threads that wait for it
 * @VMOP_NL_REQUEST_END: Number behind the last one
 * @VMOP_NL_REQUEST_MAX: The last one
 */
enum vmop_nl_request_attr {
	VMOP_NL_REQUEST_PAD = 1,
	VMOP_NL_REQUEST_ID,
	VMOP_NL_REQUEST_VMO_ID,
	VMOP_NL_REQUEST_PAGER_ID,
	VMOP_NL_REQUEST_PORT_ID,
	VMOP_NL_REQUEST_KEY,
	VMOP_NL_REQUEST_TYPE,
	VMOP_NL_REQUEST_STATE,
	VMOP_NL_REQUEST_OFFSET,
	VMOP_NL_REQUEST_LENGTH,
	VMOP_NL_REQUEST_AGE_NS,
	VMOP_NL_REQUEST_NUM_WAITERS,
	VMOP_NL_REQUEST_END,
	VMOP_NL_REQUEST_MAX = VMOP_NL_REQUEST_END - 1
};

/**
 * enum vmop_nl_event_type - what has happened
 * @VMOP_NL_EVENT_CREATED: There is a new object
 * @VMOP_NL_EVENT_CLOSED: Nobody uses the object any more
 * @VMOP_NL_EVENT_DETACHED: A pager has parted a VMO from itself
 * @VMOP_NL_EVENT_COMPLETE: The last record of a VMO is in its port
 * @VMOP_NL_EVENT_OVERDUE: A request waits for longer than the parameter
 *                         overdue_ms of the module says; once for each
 * @VMOP_NL_EVENT_LIMIT: A limit is reached; for one VMO and limit not more than
 *                       once in a second
 */
enum vmop_nl_event_type {
	VMOP_NL_EVENT_CREATED = 1,
	VMOP_NL_EVENT_CLOSED,
	VMOP_NL_EVENT_DETACHED,
	VMOP_NL_EVENT_COMPLETE,
	VMOP_NL_EVENT_OVERDUE,
	VMOP_NL_EVENT_LIMIT
};

/**
 * enum vmop_nl_object - kinds of objects
 * @VMOP_NL_OBJECT_PAGER: A pager
 * @VMOP_NL_OBJECT_PORT: A port
 * @VMOP_NL_OBJECT_VMO: A VMO
 */
enum vmop_nl_object {
	VMOP_NL_OBJECT_PAGER = 1,
	VMOP_NL_OBJECT_PORT,
	VMOP_NL_OBJECT_VMO
};

/**
 * enum vmop_nl_limit - what there is not more of
 * @VMOP_NL_LIMIT_DIRTY: The dirty_limit of the VMO: a writer waits for writeback
 * @VMOP_NL_LIMIT_MEMORY: No memory for a page, or the payer's cgroup is full: an
 *                        access fails with ENOMEM
 */
enum vmop_nl_limit {
	VMOP_NL_LIMIT_DIRTY = 1,
	VMOP_NL_LIMIT_MEMORY
};

/**
 * enum vmop_nl_event_attr - attributes of an event
 * @VMOP_NL_EVENT_A_PAD: Nothing
 * @VMOP_NL_EVENT_A_TYPE: u32: enum vmop_nl_event_type
 * @VMOP_NL_EVENT_A_OBJECT: u32: enum vmop_nl_object: what it is about
 * @VMOP_NL_EVENT_A_TIME_NS: u64: when, CLOCK_REALTIME in nanoseconds
 * @VMOP_NL_EVENT_A_UID: u32: who made the object, in the first user namespace
 * @VMOP_NL_EVENT_A_PAGER_ID: u64: number of the pager
 * @VMOP_NL_EVENT_A_PORT_ID: u64: number of the port
 * @VMOP_NL_EVENT_A_VMO_ID: u64: number of the VMO
 * @VMOP_NL_EVENT_A_NAME: string: name of the VMO
 * @VMOP_NL_EVENT_A_LIMIT: u32: LIMIT: enum vmop_nl_limit
 * @VMOP_NL_EVENT_A_REQUEST_ID: u64: OVERDUE: number of the request
 * @VMOP_NL_EVENT_A_REQUEST_TYPE: u32: OVERDUE: enum vmop_record_type
 * @VMOP_NL_EVENT_A_OFFSET: u64: OVERDUE: first byte of the request
 * @VMOP_NL_EVENT_A_LENGTH: u64: OVERDUE: its bytes
 * @VMOP_NL_EVENT_A_AGE_NS: u64: OVERDUE: how old it is in nanoseconds
 * @VMOP_NL_EVENT_A_END: Number behind the last one
 * @VMOP_NL_EVENT_A_MAX: The last one
 */
enum vmop_nl_event_attr {
	VMOP_NL_EVENT_A_PAD = 1,
	VMOP_NL_EVENT_A_TYPE,
	VMOP_NL_EVENT_A_OBJECT,
	VMOP_NL_EVENT_A_TIME_NS,
	VMOP_NL_EVENT_A_UID,
	VMOP_NL_EVENT_A_PAGER_ID,
	VMOP_NL_EVENT_A_PORT_ID,
	VMOP_NL_EVENT_A_VMO_ID,
	VMOP_NL_EVENT_A_NAME,
	VMOP_NL_EVENT_A_LIMIT,
	VMOP_NL_EVENT_A_REQUEST_ID,
	VMOP_NL_EVENT_A_REQUEST_TYPE,
	VMOP_NL_EVENT_A_OFFSET,
	VMOP_NL_EVENT_A_LENGTH,
	VMOP_NL_EVENT_A_AGE_NS,
	VMOP_NL_EVENT_A_END,
	VMOP_NL_EVENT_A_MAX = VMOP_NL_EVENT_A_END - 1
};

#endif /* _UAPI_LINUX_VMOPAGER_NETLINK_H */
