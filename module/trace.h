/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h - tracepoints: the events of the system "vmopager".
 *
 * What is told is made of numbers, so that no event needs a lock: id and vmo are
 * those of VMOP_VMO_GET_INFO and of the records, offsets and lengths are bytes.
 * The offsets of requests are those of their records; all others are offsets in
 * the VMO that is named. Times are nanoseconds. vmopager(4) describes each event.
 *
 * Events of requests come under the locks that order what they tell: of one
 * request, queued is before read, and read before answered.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM vmopager

#if !defined(VMOP_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define VMOP_TRACE_H

#include <linux/tracepoint.h>
#include <linux/types.h>

struct vmop_req;

/* How a fault ended: result of vmop_fault. */
#define VMOP_TRACE_FAULT_MAPPED 0
#define VMOP_TRACE_FAULT_PAGE 1
#define VMOP_TRACE_FAULT_WAITED 2
#define VMOP_TRACE_FAULT_NO_WAIT 3
#define VMOP_TRACE_FAULT_SIGBUS 4
#define VMOP_TRACE_FAULT_OOM 5

/* Why content became dirty: reason of vmop_dirty. */
#define VMOP_TRACE_DIRTY_STORE 0
#define VMOP_TRACE_DIRTY_WRITE 1
#define VMOP_TRACE_DIRTY_ZERO 2
#define VMOP_TRACE_DIRTY_AGREED 3

TRACE_DEFINE_ENUM(VMOP_REQ_READ);
TRACE_DEFINE_ENUM(VMOP_REQ_DIRTY);
TRACE_DEFINE_ENUM(VMOP_REQ_WRITEBACK);
TRACE_DEFINE_ENUM(VMOP_REQ_ROOM);
TRACE_DEFINE_ENUM(VMOP_REQ_END_ANSWERED);
TRACE_DEFINE_ENUM(VMOP_REQ_END_FAILED);
TRACE_DEFINE_ENUM(VMOP_REQ_END_CUT);

#define vmop_trace_req_type(type)					\
	__print_symbolic(type,						\
			 { VMOP_REQ_READ, "READ" },			\
			 { VMOP_REQ_DIRTY, "DIRTY" },			\
			 { VMOP_REQ_WRITEBACK, "WRITEBACK" },		\
			 { VMOP_REQ_ROOM, "ROOM" })

#define vmop_trace_req_end(end)						\
	__print_symbolic(end,						\
			 { VMOP_REQ_END_ANSWERED, "answered" },		\
			 { VMOP_REQ_END_FAILED, "failed" },		\
			 { VMOP_REQ_END_CUT, "cut" })

#define vmop_trace_fault_result(result)					\
	__print_symbolic(result,					\
			 { VMOP_TRACE_FAULT_MAPPED, "mapped" },		\
			 { VMOP_TRACE_FAULT_PAGE, "page" },		\
			 { VMOP_TRACE_FAULT_WAITED, "waited" },		\
			 { VMOP_TRACE_FAULT_NO_WAIT, "no-wait" },	\
			 { VMOP_TRACE_FAULT_SIGBUS, "sigbus" },		\
			 { VMOP_TRACE_FAULT_OOM, "oom" })

#define vmop_trace_dirty_reason(reason)					\
	__print_symbolic(reason,					\
			 { VMOP_TRACE_DIRTY_STORE, "store" },		\
			 { VMOP_TRACE_DIRTY_WRITE, "write" },		\
			 { VMOP_TRACE_DIRTY_ZERO, "zero" },		\
			 { VMOP_TRACE_DIRTY_AGREED, "agreed" })

/* A request. */

DECLARE_EVENT_CLASS(vmop_request,
	TP_PROTO(const struct vmop_req *req),
	TP_ARGS(req),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, pager)
		__field(u64, vmo)
		__field(u64, key)
		__field(u64, offset)
		__field(u64, length)
		__field(u32, type)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->pager = req->src->params.pager_id;
		__entry->vmo = req->src->params.vmo_id;
		__entry->key = req->src->params.key;
		__entry->offset = (u64)req->start << PAGE_SHIFT;
		__entry->length = (u64)(req->last - req->start + 1)
				  << PAGE_SHIFT;
		__entry->type = req->type;
	),
	TP_printk("id=%llu type=%s pager=%llu vmo=%llu key=%llu offset=%llu length=%llu",
		  __entry->id, vmop_trace_req_type(__entry->type),
		  __entry->pager, __entry->vmo, __entry->key, __entry->offset,
		  __entry->length)
);

/* It is outstanding, and the current thread is the first that waits for it. */
DEFINE_EVENT(vmop_request, vmop_request_queued,
	TP_PROTO(const struct vmop_req *req),
	TP_ARGS(req)
);

/* The current thread waits for it, too. */
DEFINE_EVENT(vmop_request, vmop_request_joined,
	TP_PROTO(const struct vmop_req *req),
	TP_ARGS(req)
);

/* The reader's buffer faulted: it is back in the queue. */
DEFINE_EVENT(vmop_request, vmop_request_unread,
	TP_PROTO(const struct vmop_req *req),
	TP_ARGS(req)
);

/* The current thread has it: a reader of the port. */
TRACE_EVENT(vmop_request_read,
	TP_PROTO(const struct vmop_req *req, u64 port),
	TP_ARGS(req, port),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, vmo)
		__field(u64, port)
		__field(u64, queue_ns)
		__field(u32, type)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->vmo = req->src->params.vmo_id;
		__entry->port = port;
		__entry->queue_ns = req->read_ns - req->queued_ns;
		__entry->type = req->type;
	),
	TP_printk("id=%llu type=%s vmo=%llu port=%llu queue_ns=%llu",
		  __entry->id, vmop_trace_req_type(__entry->type),
		  __entry->vmo, __entry->port, __entry->queue_ns)
);

/* It is over for all that wait for it. service_ns is 0 if nobody read it. */
TRACE_EVENT(vmop_request_answered,
	TP_PROTO(const struct vmop_req *req, unsigned int end, int status,
		 u64 service_ns),
	TP_ARGS(req, end, status, service_ns),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, vmo)
		__field(u64, service_ns)
		__field(u32, type)
		__field(u32, end)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->vmo = req->src->params.vmo_id;
		__entry->service_ns = service_ns;
		__entry->type = req->type;
		__entry->end = end;
		__entry->status = status;
	),
	TP_printk("id=%llu type=%s vmo=%llu reason=%s status=%d service_ns=%llu",
		  __entry->id, vmop_trace_req_type(__entry->type),
		  __entry->vmo, vmop_trace_req_end(__entry->end),
		  __entry->status, __entry->service_ns)
);

/* The current thread has waited for it, and runs again. */
TRACE_EVENT(vmop_request_woken,
	TP_PROTO(const struct vmop_req *req, int status, u64 wake_ns),
	TP_ARGS(req, status, wake_ns),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, vmo)
		__field(u64, wake_ns)
		__field(u32, type)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->vmo = req->src->params.vmo_id;
		__entry->wake_ns = wake_ns;
		__entry->type = req->type;
		__entry->status = status;
	),
	TP_printk("id=%llu type=%s vmo=%llu status=%d wake_ns=%llu",
		  __entry->id, vmop_trace_req_type(__entry->type),
		  __entry->vmo, __entry->status, __entry->wake_ns)
);

/* The current thread gave up: a signal, the deadline. The last one ends it. */
TRACE_EVENT(vmop_request_left,
	TP_PROTO(const struct vmop_req *req, int status, bool last),
	TP_ARGS(req, status, last),
	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, vmo)
		__field(u32, type)
		__field(int, status)
		__field(bool, last)
	),
	TP_fast_assign(
		__entry->id = req->id;
		__entry->vmo = req->src->params.vmo_id;
		__entry->type = req->type;
		__entry->status = status;
		__entry->last = last;
	),
	TP_printk("id=%llu type=%s vmo=%llu status=%d last=%d", __entry->id,
		  vmop_trace_req_type(__entry->type), __entry->vmo,
		  __entry->status, __entry->last)
);

/* Content of a VMO. */

TRACE_EVENT(vmop_fault,
	TP_PROTO(u64 vmo, u64 offset, unsigned long address, bool write,
		 bool mkwrite, unsigned int result),
	TP_ARGS(vmo, offset, address, write, mkwrite, result),
	TP_STRUCT__entry(
		__field(u64, vmo)
		__field(u64, offset)
		__field(unsigned long, address)
		__field(bool, write)
		__field(bool, mkwrite)
		__field(u32, result)
	),
	TP_fast_assign(
		__entry->vmo = vmo;
		__entry->offset = offset;
		__entry->address = address;
		__entry->write = write;
		__entry->mkwrite = mkwrite;
		__entry->result = result;
	),
	TP_printk("vmo=%llu offset=%llu address=%#lx write=%d mkwrite=%d result=%s",
		  __entry->vmo, __entry->offset, __entry->address,
		  __entry->write, __entry->mkwrite,
		  vmop_trace_fault_result(__entry->result))
);

TRACE_EVENT(vmop_dirty,
	TP_PROTO(u64 vmo, u64 offset, u64 length, unsigned int reason),
	TP_ARGS(vmo, offset, length, reason),
	TP_STRUCT__entry(
		__field(u64, vmo)
		__field(u64, offset)
		__field(u64, length)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->vmo = vmo;
		__entry->offset = offset;
		__entry->length = length;
		__entry->reason = reason;
	),
	TP_printk("vmo=%llu offset=%llu length=%llu reason=%s", __entry->vmo,
		  __entry->offset, __entry->length,
		  vmop_trace_dirty_reason(__entry->reason))
);

DECLARE_EVENT_CLASS(vmop_range,
	TP_PROTO(u64 vmo, u64 offset, u64 length, int status),
	TP_ARGS(vmo, offset, length, status),
	TP_STRUCT__entry(
		__field(u64, vmo)
		__field(u64, offset)
		__field(u64, length)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->vmo = vmo;
		__entry->offset = offset;
		__entry->length = length;
		__entry->status = status;
	),
	TP_printk("vmo=%llu offset=%llu length=%llu status=%d", __entry->vmo,
		  __entry->offset, __entry->length, __entry->status)
);

/* The pager brought content; length is what was used up of its range. */
DEFINE_EVENT(vmop_range, vmop_supply,
	TP_PROTO(u64 vmo, u64 offset, u64 length, int status),
	TP_ARGS(vmo, offset, length, status)
);

/* A position got a page of its own: a copy of what it saw, or zeros. */
DEFINE_EVENT(vmop_range, vmop_fork,
	TP_PROTO(u64 vmo, u64 offset, u64 length, int status),
	TP_ARGS(vmo, offset, length, status)
);

DEFINE_EVENT(vmop_range, vmop_zero,
	TP_PROTO(u64 vmo, u64 offset, u64 length, int status),
	TP_ARGS(vmo, offset, length, status)
);

DEFINE_EVENT(vmop_range, vmop_writeback_begin,
	TP_PROTO(u64 vmo, u64 offset, u64 length, int status),
	TP_ARGS(vmo, offset, length, status)
);

DEFINE_EVENT(vmop_range, vmop_writeback_end,
	TP_PROTO(u64 vmo, u64 offset, u64 length, int status),
	TP_ARGS(vmo, offset, length, status)
);

/* A VMO itself. */

TRACE_EVENT(vmop_clone,
	TP_PROTO(u64 parent, u64 vmo, unsigned int flags, u64 offset,
		 u64 length),
	TP_ARGS(parent, vmo, flags, offset, length),
	TP_STRUCT__entry(
		__field(u64, parent)
		__field(u64, vmo)
		__field(u64, offset)
		__field(u64, length)
		__field(u32, flags)
	),
	TP_fast_assign(
		__entry->parent = parent;
		__entry->vmo = vmo;
		__entry->offset = offset;
		__entry->length = length;
		__entry->flags = flags;
	),
	TP_printk("parent=%llu vmo=%llu flags=%#x offset=%llu length=%llu",
		  __entry->parent, __entry->vmo, __entry->flags,
		  __entry->offset, __entry->length)
);

TRACE_EVENT(vmop_resize,
	TP_PROTO(u64 vmo, u64 size, int status),
	TP_ARGS(vmo, size, status),
	TP_STRUCT__entry(
		__field(u64, vmo)
		__field(u64, size)
		__field(int, status)
	),
	TP_fast_assign(
		__entry->vmo = vmo;
		__entry->size = size;
		__entry->status = status;
	),
	TP_printk("vmo=%llu size=%llu status=%d", __entry->vmo, __entry->size,
		  __entry->status)
);

TRACE_EVENT(vmop_detach,
	TP_PROTO(u64 vmo, u64 pager),
	TP_ARGS(vmo, pager),
	TP_STRUCT__entry(
		__field(u64, vmo)
		__field(u64, pager)
	),
	TP_fast_assign(
		__entry->vmo = vmo;
		__entry->pager = pager;
	),
	TP_printk("vmo=%llu pager=%llu", __entry->vmo, __entry->pager)
);

#endif /* VMOP_TRACE_H */

/* Found by -I of Kbuild. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
