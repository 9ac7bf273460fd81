// SPDX-License-Identifier: GPL-2.0
/*
 * Handing a VMO to another process over a named unix socket.
 *
 * A VMO travels as one message: a fixed header with the name, and the file
 * descriptor beside it.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "internal.h"

#define VMO_MESSAGE_MAGIC 0x564d4f31u	/* "VMO1" */

struct vmo_message {
	__u32 magic;
	__u32 size;
	__u8 name[VMOP_NAME_LEN];
};

static int make_address(const char *path, struct sockaddr_un *addr)
{
	size_t len = strlen(path);

	if (!len)
		return -EINVAL;
	if (len >= sizeof(addr->sun_path))
		return -ENAMETOOLONG;
	memset(addr, 0, sizeof(*addr));
	addr->sun_family = AF_UNIX;
	memcpy(addr->sun_path, path, len);
	return 0;
}

static int make_socket(int *sock)
{
	*sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	return *sock < 0 ? -errno : 0;
}

static int connect_to(const char *path, int *sock)
{
	struct sockaddr_un addr;
	int fd, ret;

	ret = make_address(path, &addr);
	if (!ret)
		ret = make_socket(&fd);
	if (ret)
		return ret;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		ret = -errno;
		close(fd);
		return ret;
	}
	*sock = fd;
	return 0;
}

/*
 * Takes away a socket that its server left behind. Everything else that has
 * this name stays.
 */
static int remove_stale(const char *path)
{
	struct stat st;
	int sock, ret;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	ret = connect_to(path, &sock);
	if (!ret) {
		close(sock);
		return -EADDRINUSE;
	}
	if (ret == -EPROTOTYPE || ret == -EAGAIN)
		return -EADDRINUSE;
	if (ret != -ECONNREFUSED)
		return ret;
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static int listen_at(const char *path, int *sock)
{
	struct sockaddr_un addr;
	int fd, ret;

	ret = make_address(path, &addr);
	if (!ret)
		ret = remove_stale(path);
	if (!ret)
		ret = make_socket(&fd);
	if (ret)
		return ret;
	/* bind() takes the mode of the socket: no moment with a wider one. */
	if (fchmod(fd, 0600) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		goto fail;
	if (listen(fd, SOMAXCONN)) {
		ret = errno;
		unlink(path);
		errno = ret;
		goto fail;
	}
	*sock = fd;
	return 0;
fail:
	ret = -errno;
	close(fd);
	return ret;
}

int vmop_socket_listen(const char *path, int *sock)
{
	int ret = listen_at(path, sock);
	const char *way_out = NULL;

	if (ret == -EADDRINUSE)
		way_out = "somebody listens there: take another name";
	else if (ret == -EEXIST)
		way_out = "it is no socket: take another name";
	return vmop_fail(ret, way_out, "listen at '%.100s'", path);
}

int vmop_socket_connect(const char *path, int *sock)
{
	int ret = connect_to(path, sock);

	return vmop_fail(ret, ret == -ENOENT || ret == -ECONNREFUSED ?
			 "nobody listens there: start the server" : NULL,
			 "connect to '%.100s'", path);
}

static int send_vmo(int sock, const struct vmop_vmo *vmo, const char *name)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct vmo_message m = { VMO_MESSAGE_MAGIC, sizeof(m), { 0 } };
	struct iovec iov = { &m, sizeof(m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	ssize_t n;
	int ret;

	if (name) {
		ret = vmop_name_copy(m.name, name);
	} else {
		ret = vmop_vmo_info(vmo, &info);
		memcpy(m.name, info.out_name, sizeof(m.name));
	}
	if (ret)
		return ret;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &vmo->fd, sizeof(int));
	do {
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == sizeof(m) ? 0 : -EPROTO;
}

int vmop_socket_send_vmo(int sock, const struct vmop_vmo *vmo,
			 const char *name)
{
	int ret = send_vmo(sock, vmo, name);

	return vmop_fail(ret, ret == -EINVAL ? "send a shorter name" : NULL,
			 "VMO %s: send it over fd %d", vmo->label, sock);
}

/* The first descriptor of a message; others, which nobody asked for, close. */
static int take_fd(struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	int fd = -1, one;
	size_t i, count;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < count; i++) {
			memcpy(&one, CMSG_DATA(cmsg) + i * sizeof(int),
			       sizeof(int));
			if (fd < 0)
				fd = one;
			else
				close(one);
		}
	}
	return fd;
}

int vmop_socket_recv_vmo(int sock, char *name, size_t name_size,
			 struct vmop_vmo **out)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(4 * sizeof(int))];
	} control;
	struct vmo_message m = { 0 };
	struct iovec iov = { &m, sizeof(m) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	ssize_t n;
	size_t len;
	int fd, ret;

	do {
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return vmop_fail(-errno, NULL, "receive a VMO over fd %d",
				 sock);
	fd = take_fd(&msg);
	if (!n)
		ret = -ECONNRESET;
	else if (fd < 0 || n != sizeof(m) || m.magic != VMO_MESSAGE_MAGIC ||
		 m.size != sizeof(m) || m.name[VMOP_NAME_LEN - 1] ||
		 (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		ret = -EPROTO;
	else
		ret = vmop_vmo_from_fd(fd, out);
	if (ret) {
		if (fd >= 0)
			close(fd);
		return vmop_fail(ret, NULL, "receive a VMO over fd %d", sock);
	}
	if (name && name_size) {
		len = strlen((char *)m.name);
		if (len >= name_size)
			len = name_size - 1;
		memcpy(name, m.name, len);
		name[len] = 0;
	}
	return 0;
}
