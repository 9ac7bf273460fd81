/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libvmopager: pager-backed virtual memory objects from user space.
 *
 * Thin objects over the ioctls of <linux/vmopager.h>, a way to hand a VMO to
 * another process, and a ready-made pager with any number of threads.
 *
 * Rules that hold for every function here:
 *
 * - It returns 0 or a negative errno. errno itself is not part of the result.
 *   vmop_errmsg() tells more, in words.
 * - Offsets and lengths are bytes.
 * - Options structures start with their own size in sz; VMOP_OPTS() declares
 *   one and sets it. A shorter structure of an older program is filled up with
 *   zeros, of a longer one the part that this library does not know must be
 *   zero (-E2BIG). A NULL pointer stands for all defaults. Fields that start
 *   with out_ are results.
 * - An out pointer is written only on success, except the out_actual of an
 *   operation on a range, which tells the bytes done in both cases.
 * - Handles may be used by several threads at once, but for those of
 *   struct vmop_dirty_iter; closing one while another thread uses it is the
 *   caller's mistake.
 * - A function that the library calls must return: no longjmp() and no C++
 *   exception may leave it.
 */
#ifndef VMOPAGER_VMOPAGER_H
#define VMOPAGER_VMOPAGER_H

#include <stddef.h>
#include <linux/types.h>
#include <linux/vmopager.h>

/**
 * VMOP_OPTS - declare a structure that starts with its size
 * @type: its name without "struct"
 * @name: of the variable
 *
 * All other fields are 0, but those that follow as in an initializer (C only):
 * VMOP_OPTS(vmop_loop_opts, opts, .threads = 4).
 */
#ifdef __cplusplus
#include <vmopager/cxx.hpp>
#else
#define VMOP_OPTS(type, name, ...) \
	struct type name = { .sz = sizeof(struct type), __VA_ARGS__ }
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define VMOP_API __attribute__((visibility("default")))

/* Where the module puts its device. */
#define VMOP_DEVICE "/dev/vmopager"

struct vmop_pager;
struct vmop_port;
struct vmop_vmo;
struct vmop_loop;
struct vmop_dirty_iter;
struct vmop_flusher;

/**
 * vmop_lib_version - version of the library that runs
 *
 * Return: text such as "0.1.0", never freed.
 */
VMOP_API const char *vmop_lib_version(void);

/**
 * vmop_errstr - what an errno of this device means
 * @err: errno, positive or negative
 *
 * The words are those of the error table in <linux/vmopager.h>, where
 * strerror() would mislead ("Transport endpoint is not connected").
 *
 * Return: text, never freed; for an errno that is not in the table the text
 * of strerror().
 */
VMOP_API const char *vmop_errstr(int err);

/**
 * vmop_errmsg - what the last call that failed in this thread could not do
 *
 * Names the object, what was to be done, what the errno means there, and a way
 * out where there is one: "VMO 'disk': resize to 4096 bytes: the VMO is sealed,
 * or not resizable; make it with VMOP_VMO_RESIZABLE, or use a clone". A VMO has
 * the name here that it had when its handle was made.
 *
 * Of use right after a call that returned an error; a later one, also one that
 * succeeds, may put another text there. Calls that were interrupted or had
 * nothing to wait for (-EINTR, -EAGAIN) leave none.
 *
 * Return: one line of text, which belongs to the library and stays until this
 * thread calls one of its functions again; "" if nothing has failed yet.
 */
VMOP_API const char *vmop_errmsg(void);

/* ---- Pager ---------------------------------------------------------- */

/**
 * vmop_pager_open - open the device
 * @path: device node, NULL for VMOP_DEVICE
 * @out: the new pager
 *
 * Return: 0, -ENOENT (module not loaded), -EACCES, -ENOMEM.
 */
VMOP_API int vmop_pager_open(const char *path, struct vmop_pager **out);

/**
 * vmop_pager_from_fd - make a handle of an open pager
 * @fd: file descriptor; belongs to the handle on success
 * @out: the new pager
 *
 * Return: 0, -EBADFD (not a pager), -EBADF, -ENOMEM.
 */
VMOP_API int vmop_pager_from_fd(int fd, struct vmop_pager **out);

/**
 * vmop_pager_close - close the file descriptor and free the handle
 * @pager: pager or NULL
 *
 * The last close of a pager fails all its waiting threads with ENOTCONN.
 */
VMOP_API void vmop_pager_close(struct vmop_pager *pager);

/**
 * vmop_pager_fd - file descriptor of a pager
 * @pager: pager
 *
 * Return: the descriptor, which still belongs to the handle.
 */
VMOP_API int vmop_pager_fd(const struct vmop_pager *pager);

/**
 * vmop_pager_info - features, commands and limits of the module
 * @pager: pager
 * @info: result; the caller sets info->size to sizeof(*info)
 *
 * Return: 0, -EINVAL (size not set) or what VMOP_INFO returned.
 */
VMOP_API int vmop_pager_info(const struct vmop_pager *pager,
			     struct vmop_info *info);

/* ---- Port ----------------------------------------------------------- */

/**
 * struct vmop_port_opts - how a port is made
 * @sz: sizeof(struct vmop_port_opts)
 * @flags: combination of enum vmop_port_flags
 * @__reserved: must be 0
 */
struct vmop_port_opts {
	size_t sz;
	__u32 flags;
	__u32 __reserved;
};

/**
 * vmop_port_new - make a port
 * @pager: pager that it belongs to
 * @opts: options or NULL
 * @out: the new port
 *
 * Return: 0, -EINVAL or -E2BIG (options), or what VMOP_PORT_CREATE returned.
 */
VMOP_API int vmop_port_new(const struct vmop_pager *pager,
			   const struct vmop_port_opts *opts,
			   struct vmop_port **out);

/**
 * vmop_port_close - close the file descriptor and free the handle
 * @port: port or NULL
 */
VMOP_API void vmop_port_close(struct vmop_port *port);

/**
 * vmop_port_fd - file descriptor of a port, for poll() and epoll
 * @port: port
 *
 * Return: the descriptor, which still belongs to the handle.
 */
VMOP_API int vmop_port_fd(const struct vmop_port *port);

/**
 * vmop_port_set_nonblock - let vmop_port_read() return instead of wait
 * @port: port
 * @on: 0 to wait, anything else to return
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_port_set_nonblock(struct vmop_port *port, int on);

/**
 * vmop_port_read - take records out of a port
 * @port: port
 * @recs: where they go
 * @max: how many fit, at least 1
 * @count: how many came; 0 means that the pager is closed
 *
 * Return: 0, -EAGAIN (nothing there and the port does not wait), -EINTR, or
 * another negative errno.
 */
VMOP_API int vmop_port_read(struct vmop_port *port,
			    struct vmop_port_record *recs, size_t max,
			    size_t *count);

/* ---- VMO ------------------------------------------------------------ */

/**
 * struct vmop_vmo_opts - how a new VMO is made
 * @sz: sizeof(struct vmop_vmo_opts)
 * @name: name for people, under VMOP_NAME_LEN bytes; NULL for none
 * @key: comes back in the records of a pager-backed VMO
 * @flags: combination of enum vmop_vmo_flags
 * @payer_fd: directory of the cgroup that pays; 0 or less: the caller's own
 * @max_request_pages: most pages that one read() asks for, 0 for the default
 * @deadline_ms: how long a thread waits for the pager, 0 for ever
 * @deadline_action: one of enum vmop_deadline_action
 * @__reserved: must be 0
 * @dirty_limit: bytes of changed pages from which on writers wait for
 *               writeback, 0 for no limit. Needs a port with
 *               VMOP_PORT_WRITEBACK
 *
 * An anonymous VMO uses @name, @flags and @payer_fd; the others must be 0.
 */
struct vmop_vmo_opts {
	size_t sz;
	const char *name;
	__u64 key;
	__u32 flags;
	__s32 payer_fd;
	__u32 max_request_pages;
	__u32 deadline_ms;
	__u32 deadline_action;
	__u32 __reserved;
	__u64 dirty_limit;
};

/**
 * vmop_vmo_new_paged - make a VMO whose content comes from the pager
 * @pager: pager that will supply it
 * @port: port of this pager that gets the requests
 * @length: size in bytes, exact
 * @opts: options or NULL
 * @out: the new VMO
 *
 * Return: 0, -EINVAL (name too long), -E2BIG (options), or what
 * VMOP_PAGER_VMO_CREATE returned.
 */
VMOP_API int vmop_vmo_new_paged(const struct vmop_pager *pager,
				const struct vmop_port *port, __u64 length,
				const struct vmop_vmo_opts *opts,
				struct vmop_vmo **out);

/**
 * vmop_vmo_new_anon - make a VMO that starts as zeros
 * @pager: any open pager; the VMO outlives it
 * @length: size in bytes, exact
 * @opts: options or NULL
 * @out: the new VMO
 *
 * Return: 0, -EINVAL (name too long, or an option of pager-backed VMOs),
 * -E2BIG (options), or what VMOP_VMO_CREATE returned.
 */
VMOP_API int vmop_vmo_new_anon(const struct vmop_pager *pager, __u64 length,
			       const struct vmop_vmo_opts *opts,
			       struct vmop_vmo **out);

/**
 * vmop_vmo_from_fd - make a handle of an open VMO
 * @fd: file descriptor; belongs to the handle on success
 * @out: the handle
 *
 * Return: 0, -EBADFD (not a VMO), -EBADF, -ENOMEM.
 */
VMOP_API int vmop_vmo_from_fd(int fd, struct vmop_vmo **out);

/**
 * vmop_vmo_close - close the file descriptor and free the handle
 * @vmo: VMO or NULL
 */
VMOP_API void vmop_vmo_close(struct vmop_vmo *vmo);

/**
 * vmop_vmo_fd - file descriptor of a VMO, for mmap(), pread() and the like
 * @vmo: VMO
 *
 * Return: the descriptor, which still belongs to the handle.
 */
VMOP_API int vmop_vmo_fd(const struct vmop_vmo *vmo);

/**
 * vmop_vmo_reopen - open a VMO again with an access mode of its own
 * @vmo: VMO
 * @oflags: O_RDONLY or O_RDWR
 * @out: the new handle, with its own file position
 *
 * The way to hand out a read-only descriptor of a VMO. Needs /proc.
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_vmo_reopen(const struct vmop_vmo *vmo, int oflags,
			     struct vmop_vmo **out);

/**
 * vmop_vmo_dup - a second handle of the same open VMO
 * @vmo: VMO
 * @out: the new handle, closed on its own
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_vmo_dup(const struct vmop_vmo *vmo, struct vmop_vmo **out);

/**
 * vmop_vmo_resize - change the size
 * @vmo: VMO, open for writing and made resizable
 * @length: new size in bytes
 *
 * Return: 0, -EACCES, -EPERM, or another negative errno.
 */
VMOP_API int vmop_vmo_resize(const struct vmop_vmo *vmo, __u64 length);

/**
 * struct vmop_range_opts - more about an operation on a range
 * @sz: sizeof(struct vmop_range_opts)
 * @out_actual: bytes done, also when the operation failed
 */
struct vmop_range_opts {
	size_t sz;
	__u64 out_actual;
};

/**
 * vmop_vmo_op - an operation on a range of a VMO
 * @vmo: VMO
 * @op: one of enum vmop_vmo_op
 * @offset: first byte
 * @length: bytes
 * @opts: what was done, or NULL
 *
 * Waits for the pager where the operation needs content.
 *
 * Return: 0 or a negative errno; -EINTR when a signal came.
 */
VMOP_API int vmop_vmo_op(const struct vmop_vmo *vmo, __u32 op, __u64 offset,
			 __u64 length, struct vmop_range_opts *opts);

/**
 * vmop_vmo_info - size, state and counters of a VMO
 * @vmo: VMO
 * @info: result; the caller sets info->size to sizeof(*info)
 *
 * Return: 0, -EINVAL (size not set) or what VMOP_VMO_GET_INFO returned.
 */
VMOP_API int vmop_vmo_info(const struct vmop_vmo *vmo,
			   struct vmop_vmo_get_info *info);

/**
 * vmop_vmo_rename - give a VMO another name
 * @vmo: VMO, open for writing
 * @name: new name, under VMOP_NAME_LEN bytes
 *
 * Return: 0, -EINVAL (too long), -EACCES, or another negative errno.
 */
VMOP_API int vmop_vmo_rename(const struct vmop_vmo *vmo, const char *name);

/* ---- What a pager does ---------------------------------------------- */

/**
 * vmop_pager_supply_move - move the pages of an anonymous VMO into a VMO
 * @pager: pager that made @vmo
 * @vmo: VMO that gets the pages
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @aux: anonymous VMO that gives its pages, open for reading and writing
 * @aux_offset: first byte in @aux, a multiple of the page size
 * @opts: what was done, or NULL
 *
 * The range of @aux is empty afterwards, also after some failures. An
 * interrupted call continues where it was.
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_supply_move(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length, const struct vmop_vmo *aux,
				    __u64 aux_offset,
				    struct vmop_range_opts *opts);

/**
 * vmop_pager_supply_copy - supply a copy of memory
 * @pager: pager that made @vmo
 * @vmo: VMO that gets the content
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @src: memory, @length bytes
 * @opts: what was done, or NULL
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_supply_copy(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length, const void *src,
				    struct vmop_range_opts *opts);

/**
 * vmop_pager_supply_zero - supply zeros, which take no memory
 * @pager: pager that made @vmo
 * @vmo: VMO that gets the content
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @opts: what was done, or NULL
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_supply_zero(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length,
				    struct vmop_range_opts *opts);

/**
 * vmop_pager_supply_file - supply the content of a file without copying it
 * @pager: pager that made @vmo
 * @vmo: VMO that gets the content
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @fd: regular file or block device, open for reading
 * @fd_offset: first byte in the file
 * @opts: what was done, or NULL
 *
 * Return: 0, -ERANGE (the file, or the VMO, ends before), or another negative
 * errno.
 */
VMOP_API int vmop_pager_supply_file(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length, int fd, __u64 fd_offset,
				    struct vmop_range_opts *opts);

/**
 * struct vmop_pager_op_opts - more about an operation of a pager
 * @sz: sizeof(struct vmop_pager_op_opts)
 * @data: VMOP_PAGER_OP_FAIL: the errno, positive. VMOP_PAGER_OP_WRITEBACK_BEGIN:
 *        combination of enum vmop_dirty_flags. Otherwise 0
 * @id: VMOP_PAGER_OP_FAIL: only the request with this id, offset and length
 *      being 0. 0: those of the range
 * @fail_types: VMOP_PAGER_OP_FAIL: combination of enum vmop_fail_types; 0: all
 * @__reserved: must be 0
 * @out_actual: bytes done, also when the operation failed
 */
struct vmop_pager_op_opts {
	size_t sz;
	__u64 data;
	__u64 id;
	__u32 fail_types;
	__u32 __reserved;
	__u64 out_actual;
};

/**
 * vmop_pager_op - VMOP_OP_RANGE in full
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @op: one of enum vmop_pager_op
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @opts: more about it and what was done, or NULL
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_op(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u32 op, __u64 offset,
			   __u64 length, struct vmop_pager_op_opts *opts);

/**
 * vmop_pager_fail - fail the requests of a range
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @err: EIO, EBADMSG, ENOTCONN, ENOSPC or ENOBUFS
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_fail(const struct vmop_pager *pager,
			     const struct vmop_vmo *vmo, __u64 offset,
			     __u64 length, int err);

/**
 * vmop_pager_fail_id - fail one request
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @id: the id of its record
 * @err: EIO, EBADMSG, ENOTCONN, ENOSPC or ENOBUFS
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_fail_id(const struct vmop_pager *pager,
				const struct vmop_vmo *vmo, __u64 id, int err);

/**
 * vmop_pager_detach - part from a VMO
 * @pager: pager that made @vmo
 * @vmo: VMO
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_detach(const struct vmop_pager *pager,
			       const struct vmop_vmo *vmo);

/* ---- Handing a VMO to another process ------------------------------- */

/**
 * vmop_socket_listen - make a named socket that others can connect to
 * @path: its name; a socket that nobody listens on any more is replaced
 * @sock: the listening socket (SOCK_SEQPACKET, close-on-exec)
 *
 * The socket is made with mode 0600. Remove it with unlink() at the end.
 *
 * Return: 0, -EADDRINUSE (somebody listens), -EEXIST (something that is not a
 * socket has this name), -ENAMETOOLONG, or another negative errno.
 */
VMOP_API int vmop_socket_listen(const char *path, int *sock);

/**
 * vmop_socket_connect - connect to such a socket
 * @path: its name
 * @sock: the connection
 *
 * Return: 0, -ENOENT, -ECONNREFUSED (nobody listens), or another negative
 * errno.
 */
VMOP_API int vmop_socket_connect(const char *path, int *sock);

/**
 * vmop_socket_send_vmo - send a VMO over a connection
 * @sock: connection (SOCK_SEQPACKET or SOCK_STREAM of AF_UNIX)
 * @vmo: VMO; it stays open here
 * @name: name to send along, NULL for the VMO's own
 *
 * Return: 0 or a negative errno (-EPIPE: the other side is gone).
 */
VMOP_API int vmop_socket_send_vmo(int sock, const struct vmop_vmo *vmo,
				  const char *name);

/**
 * vmop_socket_recv_vmo - receive a VMO that vmop_socket_send_vmo() sent
 * @sock: connection
 * @name: gets the name that was sent along, or NULL
 * @name_size: bytes there; a longer name is cut
 * @out: the VMO
 *
 * Return: 0, -ECONNRESET (the other side closed), -EPROTO (something else was
 * sent), -EBADFD (it is not a VMO), or another negative errno.
 */
VMOP_API int vmop_socket_recv_vmo(int sock, char *name, size_t name_size,
				  struct vmop_vmo **out);

#ifdef __cplusplus
}
#endif

/* The rest of the library. */
#include <vmopager/clone.h>
#include <vmopager/dirty.h>
#include <vmopager/latency.h>
#include <vmopager/loop.h>

#endif /* VMOPAGER_VMOPAGER_H */
