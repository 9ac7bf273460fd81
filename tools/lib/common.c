// SPDX-License-Identifier: GPL-2.0
/*
 * What all objects of the library need: the ioctl entry point, options
 * structures that may grow, names, and the words for errors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "internal.h"

static int real_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg);
}

int (*vmop_ioctl_fn)(int fd, unsigned long cmd, void *arg) = real_ioctl;

/*
 * vmop_ioctl - a command of the module
 * @fd: pager or VMO
 * @cmd: VMOP_* command
 * @arg: its structure
 *
 * Return: 0 or a negative errno.
 */
int vmop_ioctl(int fd, unsigned long cmd, void *arg)
{
	return vmop_ioctl_fn(fd, cmd, arg) < 0 ? -errno : 0;
}

/*
 * vmop_opts_get - take a caller's options structure of any age
 * @to: structure as this library knows it
 * @to_size: its size
 * @from: the caller's, starting with its size, or NULL for defaults
 *
 * Return: 0, -EINVAL (no size) or -E2BIG (something set that is not known).
 */
int vmop_opts_get(void *to, size_t to_size, const void *from)
{
	const unsigned char *tail = from;
	size_t size, i;

	memset(to, 0, to_size);
	memcpy(to, &to_size, sizeof(to_size));
	if (!from)
		return 0;
	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return -EINVAL;
	for (i = to_size; i < size; i++)
		if (tail[i])
			return -E2BIG;
	memcpy(to, from, size < to_size ? size : to_size);
	memcpy(to, &to_size, sizeof(to_size));
	return 0;
}

/*
 * vmop_opts_put - fill a caller's result structure of any age
 * @to: the caller's, starting with its size
 * @from: structure as this library knows it
 * @from_size: its size
 *
 * Return: 0 or -EINVAL (no size).
 */
int vmop_opts_put(void *to, const void *from, size_t from_size)
{
	size_t size;

	memcpy(&size, to, sizeof(size));
	if (size < sizeof(size))
		return -EINVAL;
	memset(to, 0, size);
	memcpy(to, from, size < from_size ? size : from_size);
	memcpy(to, &size, sizeof(size));
	return 0;
}

/*
 * vmop_name_copy - put a name into the field of a command
 * @to: VMOP_NAME_LEN bytes
 * @name: name or NULL for none
 *
 * Return: 0 or -EINVAL (too long).
 */
int vmop_name_copy(__u8 *to, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	if (len >= VMOP_NAME_LEN)
		return -EINVAL;
	memset(to, 0, VMOP_NAME_LEN);
	if (len)
		memcpy(to, name, len);
	return 0;
}

const char *vmop_lib_version(void)
{
	return VMOP_LIB_VERSION;
}

const char *vmop_errstr(int err)
{
	switch (abs(err)) {
	case ENOTTY:
		return "no such command on this kind of file descriptor";
	case E2BIG:
		return "this kernel does not know a field that is set";
	case EOPNOTSUPP:
		return "this kernel or this kind of VMO does not have that";
	case EBADFD:
		return "a file descriptor of another kind";
	case EACCES:
		return "no permission, or not open for that";
	case ERANGE:
		return "outside the VMO or the file";
	case EFBIG:
		return "behind the end of the VMO";
	case ENOTCONN:
		return "VMO detached, or its pager is gone";
	case EBUSY:
		return "mapped, or needed by a snapshot";
	case EPERM:
		return "the VMO is sealed, or not resizable";
	case ENOMEM:
		return "no memory, or the payer's cgroup is full";
	case ETIMEDOUT:
		return "the pager did not answer in time";
	case EBADMSG:
		return "the pager found its data damaged";
	case ENOBUFS:
		return "the pager lacks buffers";
	default:
		return strerror(abs(err));
	}
}
