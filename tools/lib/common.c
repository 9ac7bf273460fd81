// SPDX-License-Identifier: GPL-2.0
/*
 * What all objects of the library need: the ioctl entry point, and names.
 */
#include <errno.h>
#include <stdio.h>
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
		return vmop_fail(-EINVAL, "take one of at most 31 bytes",
				 "name '%.40s...' of %zu bytes", name, len);
	memset(to, 0, VMOP_NAME_LEN);
	if (len)
		memcpy(to, name, len);
	return 0;
}

/*
 * vmop_label - how messages call a VMO
 * @to: VMOP_LABEL_LEN bytes
 * @name: its name, NULL or "" for none
 * @fd: its descriptor, negative for none
 */
void vmop_label(char *to, const char *name, int fd)
{
	if (name && *name)
		snprintf(to, VMOP_LABEL_LEN, "'%.*s'", VMOP_NAME_LEN - 1, name);
	else if (fd >= 0)
		snprintf(to, VMOP_LABEL_LEN, "of fd %d", fd);
	else
		snprintf(to, VMOP_LABEL_LEN, "without name");
}

const char *vmop_lib_version(void)
{
	return VMOP_LIB_VERSION;
}
