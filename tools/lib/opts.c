// SPDX-License-Identifier: GPL-2.0
/*
 * Structures that start with their own size and may grow at their end: of
 * programs that are older and newer than the library.
 */
#include <errno.h>
#include <string.h>

#include "internal.h"

/*
 * vmop_opts_read - take a caller's options structure of any age
 * @to: structure as this library knows it
 * @to_size: its size
 * @from: the caller's, starting with its size, or NULL for defaults
 * @type: its name, for messages
 *
 * Return: 0, -EINVAL (no size) or -E2BIG (something set that is not known).
 */
int vmop_opts_read(void *to, size_t to_size, const void *from,
		   const char *type)
{
	const unsigned char *tail = from;
	size_t size, i;

	memset(to, 0, to_size);
	memcpy(to, &to_size, sizeof(to_size));
	if (!from)
		return 0;
	memcpy(&size, from, sizeof(size));
	if (size < sizeof(size))
		return vmop_fail(-EINVAL, "declare it with VMOP_OPTS()",
				 "struct %s: its size is not in sz", type);
	for (i = to_size; i < size; i++)
		if (tail[i])
			return vmop_fail(-E2BIG,
					 "install a newer library, or leave it 0",
					 "struct %s: byte %zu is set, libvmopager %s knows %zu",
					 type, i, vmop_lib_version(), to_size);
	memcpy(to, from, size < to_size ? size : to_size);
	memcpy(to, &to_size, sizeof(to_size));
	return 0;
}

/*
 * vmop_opts_back - put results where vmop_opts_read() has taken options from
 * @to: the caller's structure or NULL
 * @from: what vmop_opts_read() has filled, with the results
 * @from_size: its size
 */
void vmop_opts_back(void *to, const void *from, size_t from_size)
{
	size_t size;

	if (!to)
		return;
	memcpy(&size, to, sizeof(size));
	memcpy(to, from, size < from_size ? size : from_size);
	memcpy(to, &size, sizeof(size));
}

/*
 * vmop_opts_write - fill a caller's result structure of any age
 * @to: the caller's, starting with its size
 * @from: structure as this library knows it
 * @from_size: its size
 * @type: its name, for messages
 *
 * Return: 0 or -EINVAL (no size).
 */
int vmop_opts_write(void *to, const void *from, size_t from_size,
		    const char *type)
{
	size_t size;

	memcpy(&size, to, sizeof(size));
	if (size < sizeof(size))
		return vmop_fail(-EINVAL, "declare it with VMOP_OPTS()",
				 "struct %s: its size is not in sz", type);
	memset(to, 0, size);
	memcpy(to, from, size < from_size ? size : from_size);
	memcpy(to, &size, sizeof(size));
	return 0;
}
