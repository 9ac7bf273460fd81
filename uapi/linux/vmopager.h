/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * vmopager: pager-backed virtual memory objects.
 *
 * This header is the whole contract with user space; the reference manual is
 * generated from it.
 */
#ifndef _UAPI_LINUX_VMOPAGER_H
#define _UAPI_LINUX_VMOPAGER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: Objects
 *
 * Everything is a file descriptor. All of them are made close-on-exec.
 *
 * - A *pager* is an open of ``/dev/vmopager``. It owns pager-backed VMOs.
 *   Its last close releases every thread that waits for it.
 * - A *port* is a queue of page requests. read() returns whole records of
 *   &struct vmop_port_record; poll() and epoll tell when one is there.
 * - A *VMO* is a memory object and a regular file: mmap(), read(), write(),
 *   ftruncate(), lseek() and fstat() work on it, and the ioctls below.
 */

/**
 * DOC: General ioctl format
 *
 * Every command takes a pointer to a structure that starts with its own size
 * and a flags word. The structure may grow at its end: a shorter one from an
 * older program is filled up with zeros, of a longer one from a newer program
 * the part that this kernel does not know must be zero. Results are written
 * to the fields that start with ``out_``. The command numbers carry no size,
 * so they stay the same when a structure grows.
 *
 * Offsets and lengths are bytes. A length of 0 succeeds after the file
 * descriptors were checked. A command that works on several pages stores the
 * number of bytes that it has done in ``out_actual``, also when it fails.
 *
 * =============  =========================================================
 * errno          meaning
 * =============  =========================================================
 * ENOTTY         no such command on this kind of file descriptor
 * E2BIG          the structure has a non-zero part that is not known here
 * EOPNOTSUPP     unknown flag, non-zero reserved field, unknown operation,
 *                or an operation that this kind of VMO does not have
 * EINVAL         a known field has a wrong value; offset or length not a
 *                multiple of the page size; VMO not made by this pager
 * EFAULT         a pointer does not lead to memory
 * EBADF          not an open file descriptor
 * EBADFD         a file descriptor of another kind
 * EACCES         the file descriptor is not open for that
 * ERANGE         offset or length above S64_MAX, or range outside the VMO
 * ENOENT         content is absent that must be there (OP_DIRTY)
 * ENOTCONN       VMO detached, or its pager or port is gone
 * EBUSY          mapped, or needed by a snapshot
 * EPERM          resize of a VMO that is not resizable; change of a sealed one
 * ENOMEM         no memory, or the payer's cgroup is full
 * EINTR          a signal came before anything was done
 * ETIMEDOUT      the pager did not answer in time (see deadline_ms)
 * EIO, EBADMSG,
 * ENOSPC,
 * ENOBUFS        what the pager said when it failed the request
 * =============  =========================================================
 *
 * read() and write() follow POSIX: they stop at the end of the object, a
 * write that starts there is EFBIG. A mapping gets SIGBUS.
 */

#define VMOP_IOC_TYPE 0xB9

/**
 * enum vmop_cmd - numbers of the commands
 * @VMOP_CMD_BASE: First command of a pager
 * @VMOP_CMD_INFO: &struct vmop_info
 * @VMOP_CMD_PORT_CREATE: &struct vmop_port_create
 * @VMOP_CMD_PAGER_VMO_CREATE: &struct vmop_pager_vmo_create
 * @VMOP_CMD_VMO_CREATE: &struct vmop_vmo_create
 * @VMOP_CMD_DETACH: &struct vmop_detach
 * @VMOP_CMD_SUPPLY: &struct vmop_supply
 * @VMOP_CMD_SUPPLY_COPY: &struct vmop_supply_copy
 * @VMOP_CMD_SUPPLY_ZERO: &struct vmop_supply_zero
 * @VMOP_CMD_SUPPLY_FILE: &struct vmop_supply_file
 * @VMOP_CMD_OP_RANGE: &struct vmop_op_range
 * @VMOP_CMD_QUERY_DIRTY: &struct vmop_query_dirty
 * @VMOP_CMD_QUERY_STATS: &struct vmop_query_stats
 * @VMOP_CMD_PAGER_SET_POLICY: Not there yet: ENOTTY
 * @VMOP_CMD_PAGER_TOKEN: Not there yet: ENOTTY
 * @VMOP_CMD_PAGER_ATTACH: Not there yet: ENOTTY
 * @VMOP_CMD_PAGER_NEXT_VMO: Not there yet: ENOTTY
 * @VMOP_CMD_PORT_REQUEUE: Not there yet: ENOTTY
 * @VMOP_CMD_EXEC: Not there yet: ENOTTY
 * @VMOP_CMD_QUERY_LATENCY: &struct vmop_query_latency, of a VMO as well
 * @VMOP_CMD_VMO_BASE: First command of a VMO
 * @VMOP_CMD_VMO_CREATE_CHILD: &struct vmop_vmo_create_child
 * @VMOP_CMD_VMO_OP_RANGE: &struct vmop_vmo_op_range
 * @VMOP_CMD_VMO_SET_SIZE: &struct vmop_vmo_set_size
 * @VMOP_CMD_VMO_GET_INFO: &struct vmop_vmo_get_info
 * @VMOP_CMD_VMO_SET_NAME: &struct vmop_vmo_set_name
 * @VMOP_CMD_VMO_PIN: Not there yet: ENOTTY
 * @VMOP_CMD_VMO_SET_CACHE_POLICY: Not there yet: ENOTTY
 * @VMOP_CMD_VMO_RESET: &struct vmop_vmo_reset
 * @VMOP_CMD_VMO_SEAL: &struct vmop_vmo_seal
 * @VMOP_CMD_VMO_COMPOSE: &struct vmop_vmo_compose
 *
 * The list is final; VMOP_INFO tells which of them exist.
 */
enum vmop_cmd {
	VMOP_CMD_BASE = 0x80,
	VMOP_CMD_INFO = VMOP_CMD_BASE,
	VMOP_CMD_PORT_CREATE,
	VMOP_CMD_PAGER_VMO_CREATE,
	VMOP_CMD_VMO_CREATE,
	VMOP_CMD_DETACH,
	VMOP_CMD_SUPPLY,
	VMOP_CMD_SUPPLY_COPY,
	VMOP_CMD_SUPPLY_ZERO,
	VMOP_CMD_SUPPLY_FILE,
	VMOP_CMD_OP_RANGE,
	VMOP_CMD_QUERY_DIRTY,
	VMOP_CMD_QUERY_STATS,
	VMOP_CMD_PAGER_SET_POLICY,
	VMOP_CMD_PAGER_TOKEN,
	VMOP_CMD_PAGER_ATTACH,
	VMOP_CMD_PAGER_NEXT_VMO,
	VMOP_CMD_PORT_REQUEUE,
	VMOP_CMD_EXEC,
	VMOP_CMD_QUERY_LATENCY,

	VMOP_CMD_VMO_BASE = 0xA0,
	VMOP_CMD_VMO_CREATE_CHILD = VMOP_CMD_VMO_BASE,
	VMOP_CMD_VMO_OP_RANGE,
	VMOP_CMD_VMO_SET_SIZE,
	VMOP_CMD_VMO_GET_INFO,
	VMOP_CMD_VMO_SET_NAME,
	VMOP_CMD_VMO_PIN,
	VMOP_CMD_VMO_SET_CACHE_POLICY,
	VMOP_CMD_VMO_RESET,
	VMOP_CMD_VMO_SEAL,
	VMOP_CMD_VMO_COMPOSE
};

/* Length of a VMO's name, its terminating NUL included. */
#define VMOP_NAME_LEN 32

/**
 * enum vmop_features - what this module can do beyond its list of commands
 * @VMOP_FEATURE_DEADLINE: deadline_ms and deadline_action of a VMO work
 * @VMOP_FEATURE_PAYER: payer_fd may name a cgroup
 */
enum vmop_features {
	VMOP_FEATURE_DEADLINE = 1 << 0,
	VMOP_FEATURE_PAYER = 1 << 1
};

/**
 * struct vmop_info - ioctl(VMOP_INFO) on a pager: features, commands, limits
 * @size: sizeof(struct vmop_info)
 * @flags: Must be 0
 * @out_features: Combination of enum vmop_features
 * @out_cmds: Bit n is set when command VMOP_CMD_BASE + n exists
 * @out_max_vmo_size: Largest length of a VMO in bytes
 * @out_page_size: Bytes of a page: the unit of supply and of requests
 * @out_max_request_pages: Largest max_request_pages of a VMO
 * @out_default_request_pages: What max_request_pages = 0 stands for
 * @out_name_len: Bytes of a name, its terminating NUL included
 *
 * Changes nothing; may be asked any number of times.
 */
struct vmop_info {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_features;
	__aligned_u64 out_cmds;
	__aligned_u64 out_max_vmo_size;
	__u32 out_page_size;
	__u32 out_max_request_pages;
	__u32 out_default_request_pages;
	__u32 out_name_len;
};
#define VMOP_INFO _IO(VMOP_IOC_TYPE, VMOP_CMD_INFO)

/**
 * enum vmop_port_flags - options of a port
 * @VMOP_PORT_WRITEBACK: Its reader answers WRITEBACK records. Without it none
 *                       is sent, and fsync() of changed content is EOPNOTSUPP
 */
enum vmop_port_flags {
	VMOP_PORT_WRITEBACK = 1 << 0
};

/**
 * struct vmop_port_create - ioctl(VMOP_PORT_CREATE) on a pager
 * @size: sizeof(struct vmop_port_create)
 * @flags: Combination of enum vmop_port_flags
 * @out_port_fd: The new port
 * @__reserved: Must be 0
 *
 * A port serves any number of VMOs of its pager and may be read by several
 * threads. When its last descriptor is closed, its unanswered requests and
 * all later ones fail with ENOTCONN.
 */
struct vmop_port_create {
	__u32 size;
	__u32 flags;
	__s32 out_port_fd;
	__u32 __reserved;
};
#define VMOP_PORT_CREATE _IO(VMOP_IOC_TYPE, VMOP_CMD_PORT_CREATE)

/**
 * enum vmop_record_type - what a port record says
 * @VMOP_RECORD_READ: Threads wait for the content of this range
 * @VMOP_RECORD_COMPLETE: The VMO is detached or gone: its last record
 * @VMOP_RECORD_DIRTY: Threads want to change this range, which is clean
 * @VMOP_RECORD_WRITEBACK: Somebody waits for dirty content of this range to be
 *                         written back: an fsync(), or a writer over the
 *                         dirty_limit. Only on a port with VMOP_PORT_WRITEBACK
 */
enum vmop_record_type {
	VMOP_RECORD_READ = 0,
	VMOP_RECORD_COMPLETE = 1,
	VMOP_RECORD_DIRTY = 2,
	VMOP_RECORD_WRITEBACK = 3
};

/**
 * enum vmop_record_flags - more about a port record
 * @VMOP_RECORD_REISSUED: An earlier reader was given this request already
 */
enum vmop_record_flags {
	VMOP_RECORD_REISSUED = 1 << 0
};

/**
 * struct vmop_port_record - what read() on a port returns, whole and 64 bytes
 * @type: One of enum vmop_record_type
 * @flags: Combination of enum vmop_record_flags
 * @key: The key that the VMO was created with
 * @offset: First byte, a multiple of the page size
 * @length: Bytes, a multiple of the page size; 0 for COMPLETE
 * @id: Names this request, never used again; 0 for COMPLETE
 * @__reserved: 0
 *
 * The records of one VMO come in the order in which they were made, VMOs take
 * turns. A request that is resolved before it was read disappears. After it
 * was read an answer that comes late or twice is harmless.
 *
 * A buffer shorter than a record is EINVAL. With nothing to read the call
 * blocks, or is EAGAIN with O_NONBLOCK; once the pager is closed it returns 0
 * and poll() tells POLLHUP. When the buffer faults, what was not copied stays
 * in the port, in order.
 */
struct vmop_port_record {
	__u32 type;
	__u32 flags;
	__aligned_u64 key;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 id;
	__aligned_u64 __reserved[3];
};

/**
 * enum vmop_vmo_flags - options of a VMO
 * @VMOP_VMO_RESIZABLE: Its size can be changed
 * @VMOP_VMO_TRAP_DIRTY: A clean page becomes dirty only when the pager agrees:
 *                       a write to it is a DIRTY request first. VMOs with a
 *                       pager only
 * @VMOP_VMO_HUGE: Use 2 MiB pages where possible
 * @VMOP_VMO_DISCARDABLE: Its pages may be dropped while it is unlocked
 * @VMOP_VMO_CONTIGUOUS: Physically contiguous pages
 * @VMOP_VMO_PINNABLE: Mappings take long-term pins for writing
 * @VMOP_VMO_COW_CLONE: Only told: it was made as one of the snapshot kinds
 * @VMOP_VMO_PAGER_BACKED: Only told: a pager supplies content of its family
 * @VMOP_VMO_SEALED: Only told: its content stays as it is for ever, see
 *                   &struct vmop_vmo_seal
 * @VMOP_VMO_NO_WRITE: Only told: it cannot be opened for writing
 * @VMOP_VMO_COMPOSED: Only told: it was put together from parts of others, or is
 *                     a clone of one that was
 *
 * A flag that this kernel does not offer for the kind of VMO is EOPNOTSUPP.
 */
enum vmop_vmo_flags {
	VMOP_VMO_RESIZABLE = 1 << 0,
	VMOP_VMO_TRAP_DIRTY = 1 << 1,
	VMOP_VMO_HUGE = 1 << 2,
	VMOP_VMO_DISCARDABLE = 1 << 3,
	VMOP_VMO_CONTIGUOUS = 1 << 4,
	VMOP_VMO_PINNABLE = 1 << 5,
	VMOP_VMO_COW_CLONE = 1 << 16,
	VMOP_VMO_PAGER_BACKED = 1 << 17,
	VMOP_VMO_SEALED = 1 << 18,
	VMOP_VMO_NO_WRITE = 1 << 19,
	VMOP_VMO_COMPOSED = 1 << 20
};

/**
 * enum vmop_deadline_action - what happens when the pager is late
 * @VMOP_DEADLINE_FAIL: The waiting call fails with ETIMEDOUT, a fault with
 *                      SIGBUS
 * @VMOP_DEADLINE_WARN: A line in the kernel log, and the wait goes on
 */
enum vmop_deadline_action {
	VMOP_DEADLINE_FAIL = 0,
	VMOP_DEADLINE_WARN = 1
};

/**
 * struct vmop_pager_vmo_create - ioctl(VMOP_PAGER_VMO_CREATE) on a pager
 * @size: sizeof(struct vmop_pager_vmo_create)
 * @flags: Combination of enum vmop_vmo_flags; RESIZABLE and TRAP_DIRTY are
 *         allowed
 * @port_fd: Port of this pager that gets the requests
 * @payer_fd: Directory of a cgroup (version 2) whose memory is charged; the
 *            caller needs write permission on it. -1: the caller's own cgroup
 * @key: Comes back in every record of this VMO
 * @length: Size in bytes; need not be a multiple of the page size
 * @name: Name for people, NUL-terminated
 * @max_request_pages: Most pages that one read() or write() asks for at once;
 *                     0 for the default
 * @deadline_ms: How long a thread waits for the pager, in milliseconds; 0 for
 *               ever
 * @deadline_action: One of enum vmop_deadline_action; 0 without deadline_ms
 * @out_vmo_fd: The new VMO, open for reading and writing
 * @dirty_limit: Bytes of changed pages from which on writers wait for writeback,
 *               rounded up to whole pages; 0 for no limit. Needs a port with
 *               VMOP_PORT_WRITEBACK (EINVAL)
 *
 * The new VMO has no content: the first access to each page becomes a READ
 * request. (semantics: OBJ-2 to OBJ-8)
 */
struct vmop_pager_vmo_create {
	__u32 size;
	__u32 flags;
	__s32 port_fd;
	__s32 payer_fd;
	__aligned_u64 key;
	__aligned_u64 length;
	__u8 name[VMOP_NAME_LEN];
	__u32 max_request_pages;
	__u32 deadline_ms;
	__u32 deadline_action;
	__s32 out_vmo_fd;
	__aligned_u64 dirty_limit;
};
#define VMOP_PAGER_VMO_CREATE _IO(VMOP_IOC_TYPE, VMOP_CMD_PAGER_VMO_CREATE)

/**
 * struct vmop_vmo_create - ioctl(VMOP_VMO_CREATE) on a pager: anonymous VMO
 * @size: sizeof(struct vmop_vmo_create)
 * @flags: Combination of enum vmop_vmo_flags; RESIZABLE is the one allowed
 * @payer_fd: As in struct vmop_pager_vmo_create
 * @out_vmo_fd: The new VMO, open for reading and writing
 * @length: Size in bytes; need not be a multiple of the page size
 * @name: Name for people, NUL-terminated
 *
 * The VMO reads as zeros. It outlives the pager that it was made with.
 */
struct vmop_vmo_create {
	__u32 size;
	__u32 flags;
	__s32 payer_fd;
	__s32 out_vmo_fd;
	__aligned_u64 length;
	__u8 name[VMOP_NAME_LEN];
};
#define VMOP_VMO_CREATE _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_CREATE)

/**
 * struct vmop_detach - ioctl(VMOP_DETACH) on a pager
 * @size: sizeof(struct vmop_detach)
 * @flags: Must be 0
 * @vmo_fd: A VMO that this pager made
 * @__reserved: Must be 0
 *
 * Waiting threads wake; what is absent fails with ENOTCONN from now on. Clean
 * pages are dropped, changed ones stay. COMPLETE is the last record. A second
 * call succeeds and does nothing. (semantics: DET-1 to DET-9)
 */
struct vmop_detach {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 __reserved;
};
#define VMOP_DETACH _IO(VMOP_IOC_TYPE, VMOP_CMD_DETACH)

/**
 * struct vmop_supply - ioctl(VMOP_SUPPLY) on a pager: move pages into a VMO
 * @size: sizeof(struct vmop_supply)
 * @flags: Must be 0
 * @vmo_fd: A VMO that this pager made
 * @aux_fd: Anonymous VMO, open for reading and writing, that gives its pages
 * @offset: First byte in the VMO, a multiple of the page size
 * @length: Bytes, a multiple of the page size
 * @aux_offset: First byte in the aux VMO, a multiple of the page size
 * @out_actual: Bytes done
 *
 * Pages are moved, not copied (one that is pinned is copied). An aux page
 * that was never touched supplies zeros. Where the VMO has content already,
 * that content stays. The range of the aux VMO is empty afterwards, also when
 * the call fails with ERANGE or ENOTCONN about the target. (semantics: SUP-1
 * to SUP-18)
 */
struct vmop_supply {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__s32 aux_fd;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 aux_offset;
	__aligned_u64 out_actual;
};
#define VMOP_SUPPLY _IO(VMOP_IOC_TYPE, VMOP_CMD_SUPPLY)

/**
 * struct vmop_supply_copy - ioctl(VMOP_SUPPLY_COPY) on a pager
 * @size: sizeof(struct vmop_supply_copy)
 * @flags: Must be 0
 * @vmo_fd: A VMO that this pager made
 * @__reserved: Must be 0
 * @offset: First byte in the VMO, a multiple of the page size
 * @length: Bytes, a multiple of the page size
 * @src_uptr: User memory to copy from, length bytes
 * @out_actual: Bytes done
 *
 * As VMOP_SUPPLY with a copy of user memory.
 */
struct vmop_supply_copy {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 __reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 src_uptr;
	__aligned_u64 out_actual;
};
#define VMOP_SUPPLY_COPY _IO(VMOP_IOC_TYPE, VMOP_CMD_SUPPLY_COPY)

/**
 * struct vmop_supply_zero - ioctl(VMOP_SUPPLY_ZERO) on a pager
 * @size: sizeof(struct vmop_supply_zero)
 * @flags: Must be 0
 * @vmo_fd: A VMO that this pager made
 * @__reserved: Must be 0
 * @offset: First byte in the VMO, a multiple of the page size
 * @length: Bytes, a multiple of the page size
 * @out_actual: Bytes done
 *
 * As VMOP_SUPPLY with zeros, which take no memory.
 */
struct vmop_supply_zero {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 __reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 out_actual;
};
#define VMOP_SUPPLY_ZERO _IO(VMOP_IOC_TYPE, VMOP_CMD_SUPPLY_ZERO)

/**
 * struct vmop_supply_file - ioctl(VMOP_SUPPLY_FILE) on a pager
 * @size: sizeof(struct vmop_supply_file)
 * @flags: Must be 0
 * @vmo_fd: A VMO that this pager made
 * @src_fd: Regular file or block device, open for reading
 * @offset: First byte in the VMO, a multiple of the page size
 * @length: Bytes, a multiple of the page size
 * @src_offset: First byte in the file; any
 * @out_actual: Bytes done
 *
 * As VMOP_SUPPLY; the kernel reads the file straight into the new pages. The
 * page that holds the end of the file is filled up with zeros; a page that
 * lies behind it is ERANGE, with what came before supplied.
 */
struct vmop_supply_file {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__s32 src_fd;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 src_offset;
	__aligned_u64 out_actual;
};
#define VMOP_SUPPLY_FILE _IO(VMOP_IOC_TYPE, VMOP_CMD_SUPPLY_FILE)

/**
 * enum vmop_pager_op - operations of VMOP_OP_RANGE
 * @VMOP_PAGER_OP_FAIL: Fail the requests of the range with the errno in data
 * @VMOP_PAGER_OP_DIRTY: Agree that the range becomes dirty. All of it, or none:
 *                       ENOENT when a page of it has no content. On any error
 *                       but EINVAL and ERANGE the threads that wait look again.
 *                       TRAP_DIRTY VMOs only (EOPNOTSUPP)
 * @VMOP_PAGER_OP_WRITEBACK_BEGIN: Its dirty content is being written. From now
 *                       on a change is noticed: it makes the page dirty again
 * @VMOP_PAGER_OP_WRITEBACK_END: It is written: what was not changed since the
 *                       begin is clean. Zeros that were begun become absent
 *
 * The order is: VMOP_QUERY_DIRTY, then for each range BEGIN, with the flags of
 * the range as data; write it out; END of the same range. A range of zeros counts
 * from its first page: one that starts in the middle is ignored. A page does not
 * know who began it: an END speaks for the last BEGIN of a page, whoever made it.
 * Threads that write back the same ranges must not overlap from BEGIN to END.
 * (semantics: DT-6 to DT-12, WB-1 to WB-27)
 *
 * An operation that this kernel does not have is EOPNOTSUPP.
 */
enum vmop_pager_op {
	VMOP_PAGER_OP_FAIL = 1,
	VMOP_PAGER_OP_DIRTY = 2,
	VMOP_PAGER_OP_WRITEBACK_BEGIN = 3,
	VMOP_PAGER_OP_WRITEBACK_END = 4
};

/**
 * enum vmop_fail_types - which requests VMOP_PAGER_OP_FAIL is about
 * @VMOP_FAIL_READ: READ requests
 * @VMOP_FAIL_DIRTY: DIRTY requests
 * @VMOP_FAIL_WRITEBACK: WRITEBACK requests
 */
enum vmop_fail_types {
	VMOP_FAIL_READ = 1 << 0,
	VMOP_FAIL_DIRTY = 1 << 1,
	VMOP_FAIL_WRITEBACK = 1 << 2
};

/**
 * enum vmop_dirty_flags - what a range of dirty content is
 * @VMOP_DIRTY_ZERO: Zeros that take no memory. As data of WRITEBACK_BEGIN: pages
 *                   that were written into the range meanwhile stay dirty
 */
enum vmop_dirty_flags {
	VMOP_DIRTY_ZERO = 1 << 0
};

/**
 * struct vmop_op_range - ioctl(VMOP_OP_RANGE) on a pager
 * @size: sizeof(struct vmop_op_range)
 * @flags: Must be 0
 * @vmo_fd: A VMO that this pager made
 * @op: One of enum vmop_pager_op
 * @offset: First byte, a multiple of the page size
 * @length: Bytes, a multiple of the page size
 * @data: FAIL: EIO, EBADMSG, ENOTCONN, ENOSPC or ENOBUFS; with the id of a
 *        WRITEBACK request also 0: what it is about is written back.
 *        WRITEBACK_BEGIN: combination of enum vmop_dirty_flags. Otherwise 0
 * @id: FAIL: only the request with this id, offset and length being 0.
 *      0: all requests of the range
 * @fail_types: FAIL: combination of enum vmop_fail_types; 0 for all
 * @__reserved: Must be 0
 * @out_actual: Bytes done
 *
 * A request fails when the range holds its first page; otherwise the pages
 * count as answered, and the thread asks for them again. Nothing is
 * remembered: the next access makes a new request. With nothing to fail, and
 * after detach, FAIL succeeds. (semantics: REQ-22 to REQ-25)
 */
struct vmop_op_range {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 op;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 data;
	__aligned_u64 id;
	__u32 fail_types;
	__u32 __reserved;
	__aligned_u64 out_actual;
};
#define VMOP_OP_RANGE _IO(VMOP_IOC_TYPE, VMOP_CMD_OP_RANGE)

/**
 * struct vmop_dirty_range - a range of changed content
 * @offset: First byte, a multiple of the page size
 * @length: Bytes, a multiple of the page size
 * @flags: Combination of enum vmop_dirty_flags
 *
 * Adjacent pages make one range, adjacent zeros another.
 */
struct vmop_dirty_range {
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 flags;
};

/**
 * enum vmop_query_flags - options of VMOP_QUERY_DIRTY
 * @VMOP_QUERY_AVAIL: Count the ranges that there are, also beyond the buffer
 */
enum vmop_query_flags {
	VMOP_QUERY_AVAIL = 1 << 0
};

/**
 * struct vmop_query_dirty - ioctl(VMOP_QUERY_DIRTY) on a pager
 * @size: sizeof(struct vmop_query_dirty)
 * @flags: Combination of enum vmop_query_flags
 * @vmo_fd: A VMO that this pager made
 * @__reserved: Must be 0
 * @offset: First byte; any, rounded down to a page
 * @length: Bytes; any, rounded up to whole pages
 * @ranges_uptr: Room for @nr_ranges of struct vmop_dirty_range
 * @nr_ranges: 0 to count only
 * @out_actual: Ranges stored, in ascending order
 * @out_avail: Ranges in all with VMOP_QUERY_AVAIL, else 0
 *
 * To go on, ask again from the end of the last range that was stored. What was
 * dirty before the call is stored, or starts behind that. Changes nothing, never
 * waits for the pager, and works after detach. (semantics: QRY-1 to QRY-8)
 */
struct vmop_query_dirty {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 __reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 ranges_uptr;
	__aligned_u64 nr_ranges;
	__aligned_u64 out_actual;
	__aligned_u64 out_avail;
};
#define VMOP_QUERY_DIRTY _IO(VMOP_IOC_TYPE, VMOP_CMD_QUERY_DIRTY)

/**
 * enum vmop_stats_flags - options of VMOP_QUERY_STATS
 * @VMOP_STATS_RESET: Forget that the VMO was modified, in one step with telling
 */
enum vmop_stats_flags {
	VMOP_STATS_RESET = 1 << 0
};

/**
 * struct vmop_query_stats - ioctl(VMOP_QUERY_STATS) on a pager
 * @size: sizeof(struct vmop_query_stats)
 * @flags: Combination of enum vmop_stats_flags
 * @vmo_fd: A VMO that this pager made
 * @out_modified: 1 if the VMO was written, zeroed or resized by its users since
 *                it was made or since the last RESET, else 0
 * @out_dirty: Bytes of changed pages, those that are being written included
 * @out_awaiting_clean: Bytes of them that are being written
 * @out_dirty_zero: Bytes of zeros that the pager does not have yet
 * @out_dirty_limit: As given at creation, rounded up to whole pages
 * @out_dirty_requests: DIRTY requests made so far
 * @out_writeback_requests: WRITEBACK requests made so far
 * @out_cleaned: Bytes of pages that WRITEBACK_END has made clean so far
 *
 * A store to a page that is dirty and mapped for writing already does not make
 * the VMO modified again. (semantics: STA-1 to STA-5)
 */
struct vmop_query_stats {
	__u32 size;
	__u32 flags;
	__s32 vmo_fd;
	__u32 out_modified;
	__aligned_u64 out_dirty;
	__aligned_u64 out_awaiting_clean;
	__aligned_u64 out_dirty_zero;
	__aligned_u64 out_dirty_limit;
	__aligned_u64 out_dirty_requests;
	__aligned_u64 out_writeback_requests;
	__aligned_u64 out_cleaned;
};
#define VMOP_QUERY_STATS _IO(VMOP_IOC_TYPE, VMOP_CMD_QUERY_STATS)

/**
 * enum vmop_latency_stage - the parts of a request's life
 * @VMOP_LATENCY_QUEUE: From when it was made until it was read from the port
 * @VMOP_LATENCY_SERVICE: From then until the pager has answered or failed it
 * @VMOP_LATENCY_WAKE: From then until a thread that waits for it runs again; one
 *                     sample for each thread
 * @VMOP_LATENCY_NR_STAGES: How many there are
 */
enum vmop_latency_stage {
	VMOP_LATENCY_QUEUE = 0,
	VMOP_LATENCY_SERVICE = 1,
	VMOP_LATENCY_WAKE = 2,
	VMOP_LATENCY_NR_STAGES = 3
};

/* Buckets of a histogram of times. */
#define VMOP_LATENCY_BUCKETS 40

/**
 * struct vmop_query_latency - ioctl(VMOP_QUERY_LATENCY) on a pager or a VMO
 * @size: sizeof(struct vmop_query_latency)
 * @flags: Must be 0
 * @stage: One of enum vmop_latency_stage
 * @__reserved: Must be 0
 * @out_total_ns: Sum of all samples, in nanoseconds
 * @out_buckets: How many samples there are: element n counts those of at least
 *               2^n and less than 2^(n+1) nanoseconds, the first also those of
 *               0, the last also all longer ones
 *
 * On a VMO: of the requests to its pager; a clone has those of the VMO that it
 * was made from. On a pager: of all the VMOs that it made, closed ones
 * included. A request that is answered before it was read has no queue and no
 * service time; one that ends as its VMO is detached, or as the port or the
 * pager is closed, has no service time.
 *
 * Return: 0; EINVAL for an unknown stage; EOPNOTSUPP for a VMO without a pager.
 */
struct vmop_query_latency {
	__u32 size;
	__u32 flags;
	__u32 stage;
	__u32 __reserved;
	__aligned_u64 out_total_ns;
	__aligned_u64 out_buckets[VMOP_LATENCY_BUCKETS];
};
#define VMOP_QUERY_LATENCY _IO(VMOP_IOC_TYPE, VMOP_CMD_QUERY_LATENCY)

/**
 * enum vmop_vmo_op - operations of VMOP_VMO_OP_RANGE
 * @VMOP_VMO_OP_COMMIT: Give every page of the range memory, asking the pager
 *                      for what is absent. Needs the VMO open for writing
 * @VMOP_VMO_OP_DECOMMIT: Anonymous VMO: drop the pages. Needs writing
 * @VMOP_VMO_OP_LOCK: Discardable VMOs only
 * @VMOP_VMO_OP_UNLOCK: Discardable VMOs only
 * @VMOP_VMO_OP_ZERO: Make the range read as zeros. Needs writing; offset and
 *                    length may be any
 * @VMOP_VMO_OP_TRY_LOCK: Discardable VMOs only
 * @VMOP_VMO_OP_DONT_NEED: Let reclaim take clean pages of the range first
 * @VMOP_VMO_OP_ALWAYS_NEED: Fetch the range and keep it
 * @VMOP_VMO_OP_PREFETCH: Ask the pager for what is absent, and wait for it
 *
 * COMMIT, PREFETCH and the hints round the range outwards to whole pages;
 * DECOMMIT of an unaligned range is EINVAL. (semantics: COM-1 to COM-8,
 * ZERO-1 to ZERO-11). An operation that this kernel does not have, or that
 * this kind of VMO does not have, is EOPNOTSUPP.
 */
enum vmop_vmo_op {
	VMOP_VMO_OP_COMMIT = 1,
	VMOP_VMO_OP_DECOMMIT = 2,
	VMOP_VMO_OP_LOCK = 3,
	VMOP_VMO_OP_UNLOCK = 4,
	VMOP_VMO_OP_ZERO = 10,
	VMOP_VMO_OP_TRY_LOCK = 11,
	VMOP_VMO_OP_DONT_NEED = 12,
	VMOP_VMO_OP_ALWAYS_NEED = 13,
	VMOP_VMO_OP_PREFETCH = 14
};

/**
 * struct vmop_vmo_op_range - ioctl(VMOP_VMO_OP_RANGE) on a VMO
 * @size: sizeof(struct vmop_vmo_op_range)
 * @flags: Must be 0
 * @op: One of enum vmop_vmo_op
 * @__reserved: Must be 0
 * @offset: First byte
 * @length: Bytes
 * @out_actual: Bytes done
 */
struct vmop_vmo_op_range {
	__u32 size;
	__u32 flags;
	__u32 op;
	__u32 __reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 out_actual;
};
#define VMOP_VMO_OP_RANGE _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_OP_RANGE)

/**
 * struct vmop_vmo_set_size - ioctl(VMOP_VMO_SET_SIZE) on a VMO
 * @size: sizeof(struct vmop_vmo_set_size)
 * @flags: Must be 0
 * @length: New size in bytes; need not be a multiple of the page size
 *
 * The same as ftruncate(). New space reads as zeros and never becomes a
 * request; what was cut off does not come back. Needs the VMO open for
 * writing (EACCES) and RESIZABLE (EPERM). EBUSY if a snapshot of it still sees
 * a page behind the new end that was never supplied: read that page first, or
 * close the snapshot. (semantics: RSZ-1 to RSZ-10, COW-19, COW-20)
 */
struct vmop_vmo_set_size {
	__u32 size;
	__u32 flags;
	__aligned_u64 length;
};
#define VMOP_VMO_SET_SIZE _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_SET_SIZE)

/**
 * struct vmop_vmo_set_name - ioctl(VMOP_VMO_SET_NAME) on a VMO
 * @size: sizeof(struct vmop_vmo_set_name)
 * @flags: Must be 0
 * @name: New name for people, NUL-terminated (EINVAL if it is not)
 *
 * Needs the VMO open for writing (EACCES).
 */
struct vmop_vmo_set_name {
	__u32 size;
	__u32 flags;
	__u8 name[VMOP_NAME_LEN];
};
#define VMOP_VMO_SET_NAME _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_SET_NAME)

/**
 * enum vmop_vmo_state - where the content of absent pages comes from
 * @VMOP_VMO_STATE_ANONYMOUS: From nowhere: they are zeros
 * @VMOP_VMO_STATE_LIVE: From the pager
 * @VMOP_VMO_STATE_DETACHED: The pager detached the VMO: ENOTCONN
 * @VMOP_VMO_STATE_PAGER_GONE: The pager is closed: ENOTCONN
 * @VMOP_VMO_STATE_PORT_GONE: The VMO's port is closed: ENOTCONN
 */
enum vmop_vmo_state {
	VMOP_VMO_STATE_ANONYMOUS = 0,
	VMOP_VMO_STATE_LIVE = 1,
	VMOP_VMO_STATE_DETACHED = 2,
	VMOP_VMO_STATE_PAGER_GONE = 3,
	VMOP_VMO_STATE_PORT_GONE = 4
};

/**
 * enum vmop_get_info_flags - what VMOP_VMO_GET_INFO is to find out
 * @VMOP_GET_INFO_SHARES: Also who else sees each page, for @out_private,
 *                        @out_shared, @out_scaled and @out_zero: a walk over
 *                        the family's pages
 */
enum vmop_get_info_flags {
	VMOP_GET_INFO_SHARES = 1 << 0
};

/**
 * struct vmop_vmo_get_info - ioctl(VMOP_VMO_GET_INFO) on a VMO
 * @size: sizeof(struct vmop_vmo_get_info)
 * @flags: Combination of enum vmop_get_info_flags
 * @out_id: Number of this VMO, never used again
 * @out_pager_id: Number of its pager, 0 for an anonymous VMO
 * @out_key: The key of its records, 0 for an anonymous VMO
 * @out_size: Size in bytes, a multiple of the page size
 * @out_content_size: Size in bytes as fstat() tells it
 * @out_committed: Bytes of memory that its own pages take; those that it shares
 *                 with clones are in @out_shared. 0 for slices and references,
 *                 which have none
 * @out_dirty: Bytes of it that are changed and not written back
 * @out_flags: Combination of enum vmop_vmo_flags
 * @out_state: One of enum vmop_vmo_state
 * @out_last_error: Newest errno that a request failed with, 0 for none
 * @out_num_waiters: Threads that wait for the pager now
 * @out_requests: READ requests made so far
 * @out_requested_pages: Pages that they asked for
 * @out_supplied_pages: Pages that pagers put in so far, zeros included
 * @out_failed_requests: Requests that failed so far
 * @out_evicted_pages: Pages that reclaim took so far
 * @out_max_request_pages: As given at creation, the default filled in
 * @out_deadline_ms: As given at creation
 * @out_name: Name for people, NUL-terminated
 * @out_parent_id: The VMO that it was made from, or what is left above it; 0 for
 *                 none
 * @out_num_children: VMOs whose @out_parent_id is this one
 * @out_child_flags: How it was made, of enum vmop_child_flags; 0 if it has never
 *                   had a parent
 * @out_child_offset: Where in its first parent it starts, in bytes
 * @out_private: Bytes of pages that it alone sees
 * @out_shared: Bytes of pages that it sees and others, too
 * @out_scaled: @out_private and, of each shared page, the part that falls to
 *              one of those that see it. Over a family they add up to its memory
 * @out_zero: Bytes that it holds as zeros, which take no memory
 *
 * The last four are 0 without VMOP_GET_INFO_SHARES, and for slices and
 * references. Pages of a VMO with a pager belong to that VMO alone, whoever
 * sees them. (semantics: OBJ-12, VMO-25, COW-28, COW-36 to COW-41)
 */
struct vmop_vmo_get_info {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_id;
	__aligned_u64 out_pager_id;
	__aligned_u64 out_key;
	__aligned_u64 out_size;
	__aligned_u64 out_content_size;
	__aligned_u64 out_committed;
	__aligned_u64 out_dirty;
	__u32 out_flags;
	__u32 out_state;
	__u32 out_last_error;
	__u32 out_num_waiters;
	__aligned_u64 out_requests;
	__aligned_u64 out_requested_pages;
	__aligned_u64 out_supplied_pages;
	__aligned_u64 out_failed_requests;
	__aligned_u64 out_evicted_pages;
	__u32 out_max_request_pages;
	__u32 out_deadline_ms;
	__u8 out_name[VMOP_NAME_LEN];
	__aligned_u64 out_parent_id;
	__u32 out_num_children;
	__u32 out_child_flags;
	__aligned_u64 out_child_offset;
	__aligned_u64 out_private;
	__aligned_u64 out_shared;
	__aligned_u64 out_scaled;
	__aligned_u64 out_zero;
};
#define VMOP_VMO_GET_INFO _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_GET_INFO)

/**
 * enum vmop_child_flags - how a VMO is made from another one
 * @VMOP_CHILD_SNAPSHOT: The content as it is now, for ever. Nothing that happens
 *                       to the parent changes it, nor the other way round
 * @VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE: Each page is a snapshot at the latest
 *                       when it is first written here. Of a VMO with a pager,
 *                       pages not written here follow the parent; others as
 *                       VMOP_CHILD_SNAPSHOT
 * @VMOP_CHILD_SNAPSHOT_MODIFIED: What the parent has changed itself is a
 *                       snapshot, the rest follows the VMO with the pager;
 *                       without a pager as VMOP_CHILD_SNAPSHOT
 * @VMOP_CHILD_SLICE: A part of the parent itself: same pages, fixed size. The
 *                       parent must not be resizable
 * @VMOP_CHILD_REFERENCE: The whole parent itself, under another name
 * @VMOP_CHILD_RESIZABLE: The size of the child can be changed. Not for a slice;
 *                       for a reference only if the parent is resizable
 * @VMOP_CHILD_NO_WRITE: The child can never be opened for writing
 * @VMOP_CHILD_RESETTABLE: What the child sees now is kept for VMOP_VMO_RESET,
 *                       also when nobody else sees it any more. Snapshots only
 *
 * Exactly one of the first five.
 */
enum vmop_child_flags {
	VMOP_CHILD_SNAPSHOT = 1 << 0,
	VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE = 1 << 1,
	VMOP_CHILD_SNAPSHOT_MODIFIED = 1 << 2,
	VMOP_CHILD_SLICE = 1 << 3,
	VMOP_CHILD_REFERENCE = 1 << 4,
	VMOP_CHILD_RESIZABLE = 1 << 5,
	VMOP_CHILD_NO_WRITE = 1 << 6,
	VMOP_CHILD_RESETTABLE = 1 << 7
};

/**
 * struct vmop_vmo_create_child - ioctl(VMOP_VMO_CREATE_CHILD) on a VMO
 * @size: sizeof(struct vmop_vmo_create_child)
 * @flags: Combination of enum vmop_child_flags
 * @offset: Where in the parent the child starts: a multiple of the page size.
 *          0 for a reference
 * @length: Size of the child in bytes, rounded up to whole pages; 0 for a
 *          reference, which has the parent's
 * @payer_fd: Who pays for pages that the child does not share: directory of a
 *            cgroup v2, or -1 for the caller's own. Slices and references use
 *            what their parent's payer pays, and take -1 only
 * @out_vmo_fd: The child; open for reading only with VMOP_CHILD_NO_WRITE, and
 *              when a slice or reference is made of a parent that is
 *
 * The parent must be open for reading. The child gets its parent's name. What a
 * snapshot covers behind the end of its parent reads as zeros for ever.
 * Takes time for a clone only where the parent has pages that are mapped for
 * writing. poll() on the parent tells EPOLLPRI while it has no children.
 *
 * Return: 0; EACCES; EINVAL for a wrong combination of flags, an offset that is
 * not whole pages, or a slice that is not inside; ERANGE for a size or an end
 * above S64_MAX; EOPNOTSUPP for a kind that this parent does not allow: a slice
 * of a resizable VMO, a snapshot of a slice or of a clone that follows a pager's
 * VMO; ENOMEM. (semantics: COW-5 to COW-14)
 */
struct vmop_vmo_create_child {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__s32 payer_fd;
	__s32 out_vmo_fd;
};
#define VMOP_VMO_CREATE_CHILD _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_CREATE_CHILD)

/**
 * struct vmop_vmo_reset - ioctl(VMOP_VMO_RESET) on a clone
 * @size: sizeof(struct vmop_vmo_reset)
 * @flags: Must be 0
 * @out_actual: Bytes of private pages that were dropped
 *
 * The clone forgets what was changed through it and sees its parent again. Its
 * size stays, and so does what a resize has cut off. Takes as long as there are
 * private pages.
 *
 * Always possible for a clone made with VMOP_CHILD_RESETTABLE. For another one
 * as long as what it saw at the beginning is still there: when it follows a VMO
 * with a pager, or when its parent has not changed since, as a sealed one.
 *
 * Return: 0; EACCES unless open for writing; EPERM if sealed; EOPNOTSUPP if it
 * is no clone, was cloned itself since, or if what it saw is gone.
 */
struct vmop_vmo_reset {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_actual;
};
#define VMOP_VMO_RESET _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_RESET)

/**
 * struct vmop_vmo_seal - ioctl(VMOP_VMO_SEAL) on a VMO
 * @size: sizeof(struct vmop_vmo_seal)
 * @flags: Must be 0
 *
 * From now on nobody writes to the VMO, changes its size, or maps it shared and
 * writable: EPERM. That is for ever, and for its slices and references, too; for
 * a slice it is the whole parent. Its clones stay writable. Its pager goes on
 * supplying content.
 *
 * Return: 0, also when it was sealed before; EACCES unless open for writing;
 * EBUSY while it is mapped shared by somebody who may write.
 */
struct vmop_vmo_seal {
	__u32 size;
	__u32 flags;
};
#define VMOP_VMO_SEAL _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_SEAL)

/**
 * struct vmop_compose_window - a part of a composed VMO
 * @vmo_fd: The VMO that it is a part of, open for reading; -1 for the VMO that
 *          VMOP_VMO_COMPOSE is called on
 * @__reserved: Must be 0
 * @offset: Where in that VMO it starts: a multiple of the page size
 * @length: Bytes: a multiple of the page size, not 0
 */
struct vmop_compose_window {
	__s32 vmo_fd;
	__u32 __reserved;
	__aligned_u64 offset;
	__aligned_u64 length;
};

/**
 * struct vmop_vmo_compose - ioctl(VMOP_VMO_COMPOSE) on a VMO
 * @size: sizeof(struct vmop_vmo_compose)
 * @flags: Must be 0
 * @windows_uptr: Array of &struct vmop_compose_window
 * @nr_windows: How many; at most 1024
 * @payer_fd: Who pays for the pages: directory of a cgroup v2, or -1 for the
 *            caller's own
 * @out_vmo_fd: The new VMO, as large as its parts together
 * @__reserved: Must be 0
 * @name: Name for people, NUL-terminated
 *
 * A VMO that shows parts of others one after the other, of any families. Each
 * page is copied when it is touched first, from what the part has then; so parts
 * of VMOs that change should be taken of a snapshot. Later changes of either are
 * not seen by the other. The parts are kept open until the VMO and all its clones
 * are closed. It may be written, cloned and reset, and has a size that is fixed.
 *
 * Return: 0; EINVAL for no or too many parts, or a part that is not whole pages;
 * EBADF, EBADFD, EACCES for a part's file; ERANGE for a part that is not inside
 * its VMO; EOPNOTSUPP for a part of a composed VMO or of a clone of one; EFAULT;
 * ENOMEM.
 */
struct vmop_vmo_compose {
	__u32 size;
	__u32 flags;
	__aligned_u64 windows_uptr;
	__u32 nr_windows;
	__s32 payer_fd;
	__s32 out_vmo_fd;
	__u32 __reserved;
	__u8 name[VMOP_NAME_LEN];
};
#define VMOP_VMO_COMPOSE _IO(VMOP_IOC_TYPE, VMOP_CMD_VMO_COMPOSE)

#endif /* _UAPI_LINUX_VMOPAGER_H */
