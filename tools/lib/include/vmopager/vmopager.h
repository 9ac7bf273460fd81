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
 * - Offsets and lengths are bytes.
 * - Options structures start with their own size in sz; set it with
 *   sizeof(). A shorter structure of an older program is filled up with
 *   zeros, of a longer one the part that this library does not know must be
 *   zero (-E2BIG). A NULL pointer stands for all defaults.
 * - An out pointer is written only on success, except the *actual* of an
 *   operation on a range, which tells the bytes done in both cases and may be
 *   NULL.
 * - Handles may be used by several threads at once; closing one while another
 *   thread uses it is the caller's mistake.
 */
#ifndef VMOPAGER_VMOPAGER_H
#define VMOPAGER_VMOPAGER_H

#include <stddef.h>
#include <linux/types.h>
#include <linux/vmopager.h>

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
 * vmop_port_new - make a port
 * @pager: pager that it belongs to
 * @out: the new port
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_port_new(const struct vmop_pager *pager,
			   struct vmop_port **out);

/**
 * vmop_port_new_flags - make a port with options
 * @pager: pager that it belongs to
 * @flags: combination of enum vmop_port_flags
 * @out: the new port
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_port_new_flags(const struct vmop_pager *pager, __u32 flags,
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
 * vmop_vmo_op - an operation on a range of a VMO
 * @vmo: VMO
 * @op: one of enum vmop_vmo_op
 * @offset: first byte
 * @length: bytes
 * @actual: bytes done, or NULL
 *
 * Waits for the pager where the operation needs content.
 *
 * Return: 0 or a negative errno; -EINTR when a signal came.
 */
VMOP_API int vmop_vmo_op(const struct vmop_vmo *vmo, __u32 op, __u64 offset,
			 __u64 length, __u64 *actual);

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
 * @actual: bytes done, or NULL
 *
 * The range of @aux is empty afterwards, also after some failures. An
 * interrupted call continues where it was.
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_supply_move(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length, const struct vmop_vmo *aux,
				    __u64 aux_offset, __u64 *actual);

/**
 * vmop_pager_supply_copy - supply a copy of memory
 * @pager: pager that made @vmo
 * @vmo: VMO that gets the content
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @src: memory, @length bytes
 * @actual: bytes done, or NULL
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_supply_copy(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length, const void *src,
				    __u64 *actual);

/**
 * vmop_pager_supply_zero - supply zeros, which take no memory
 * @pager: pager that made @vmo
 * @vmo: VMO that gets the content
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @actual: bytes done, or NULL
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_supply_zero(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length, __u64 *actual);

/**
 * vmop_pager_supply_file - supply the content of a file without copying it
 * @pager: pager that made @vmo
 * @vmo: VMO that gets the content
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @fd: regular file or block device, open for reading
 * @fd_offset: first byte in the file
 * @actual: bytes done, or NULL
 *
 * Return: 0, -ERANGE (the file, or the VMO, ends before), or another negative
 * errno.
 */
VMOP_API int vmop_pager_supply_file(const struct vmop_pager *pager,
				    const struct vmop_vmo *vmo, __u64 offset,
				    __u64 length, int fd, __u64 fd_offset,
				    __u64 *actual);

/**
 * vmop_pager_op - VMOP_OP_RANGE in full
 * @pager: pager that made @vmo
 * @vmo: VMO
 * @op: one of enum vmop_pager_op
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size
 * @data: depends on @op
 * @actual: bytes done, or NULL
 *
 * Return: 0 or a negative errno.
 */
VMOP_API int vmop_pager_op(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u32 op, __u64 offset,
			   __u64 length, __u64 data, __u64 *actual);

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
#include <vmopager/loop.h>

#endif /* VMOPAGER_VMOPAGER_H */
