// SPDX-License-Identifier: GPL-2.0
/*
 * Words for errors: what an errno of this device means, and the message about
 * the last call that failed, which each thread has for itself.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* What an errno means, and what to do about it; NULL: nothing to add. */
static const struct {
	int err;
	const char *means;
	const char *way_out;
} words[] = {
	{ ENOTTY, "no such command on this kind of file descriptor",
	  "load the module that belongs to this library" },
	{ E2BIG, "this kernel does not know a field that is set",
	  "load the module that belongs to this library" },
	{ EOPNOTSUPP, "this kernel or this kind of VMO does not have that",
	  NULL },
	{ EBADFD, "a file descriptor of another kind", NULL },
	{ EACCES, "no permission, or not open for that", NULL },
	{ ERANGE, "outside the VMO or the file", "see vmop_vmo_info()" },
	{ EFBIG, "behind the end of the VMO", "see vmop_vmo_info()" },
	{ ENOTCONN, "VMO detached, or its pager is gone",
	  "start the pager, and get the VMO from it again" },
	{ EBUSY, "mapped, or needed by a snapshot",
	  "unmap it, or close the snapshot" },
	{ EPERM, "the VMO is sealed, or not resizable",
	  "make it with VMOP_VMO_RESIZABLE, or use a clone" },
	{ ENOMEM, "no memory, or the payer's cgroup is full",
	  "raise memory.max of that cgroup" },
	{ ETIMEDOUT, "the pager did not answer in time",
	  "see what it waits for, or give it a longer deadline_ms" },
	{ EBADMSG, "the pager found its data damaged", NULL },
	{ ENOBUFS, "the pager lacks buffers", NULL },
	{ EMFILE, NULL, "raise the limit of open files: ulimit -n" },
};

static _Thread_local char last[VMOP_ERRMSG_LEN];

const char *vmop_errstr(int err)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].err == abs(err) && words[i].means)
			return words[i].means;
	return strerror(abs(err));
}

static const char *find_way_out(int err)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].err == err)
			return words[i].way_out;
	return NULL;
}

/*
 * vmop_fail - leave a message for vmop_errmsg(), if this is a failure
 * @ret: what the function returns
 * @way_out: what to do about it, NULL for what helps with this errno
 * @what: object and action, as for printf()
 *
 * Return: @ret.
 */
int vmop_fail(int ret, const char *way_out, const char *what, ...)
{
	char object[VMOP_ERRMSG_LEN];
	va_list ap;

	if (ret >= 0 || ret == -EINTR || ret == -EAGAIN)
		return ret;
	va_start(ap, what);
	vsnprintf(object, sizeof(object), what, ap);
	va_end(ap);
	if (!way_out)
		way_out = find_way_out(-ret);
	snprintf(last, sizeof(last), "%.160s: %s%s%s", object,
		 vmop_errstr(ret), way_out ? "; " : "",
		 way_out ? way_out : "");
	return ret;
}

const char *vmop_errmsg(void)
{
	return last;
}

/* vmop_errmsg_set - make another thread's message, or NULL, this one's */
void vmop_errmsg_set(const char *from)
{
	snprintf(last, sizeof(last), "%s", from);
}
