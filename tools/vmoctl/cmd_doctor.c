// SPDX-License-Identifier: GPL-2.0
/*
 * The verb doctor: the list of checks, and their reports for people and as
 * JSON. The checks themselves are in the files doctor_*.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "out.h"

/* A later check may use what an earlier one has found out. */
static void (*const checks[])(struct doctor *d) = {
	check_kernel, check_config, check_module_file, check_signature,
	check_loaded, check_boot, check_udev, check_device, check_versions,
	check_library, check_works, check_cgroup, check_uring, check_taint,
};

static const char *const finding_name[FINDINGS] = {
	[FOUND_OK] = "ok",
	[FOUND_NOTE] = "note",
	[FOUND_MISSING] = "missing",
	[FOUND_UNKNOWN] = "unknown",
};

int read_line(const char *path, char *line, size_t size)
{
	ssize_t len;
	int fd;

	*line = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, line, size - 1);
	if (len < 0)
		len = -errno;
	close(fd);
	if (len < 0)
		return (int)len;
	line[len] = 0;
	line[strcspn(line, "\n")] = 0;
	return 0;
}

void advice_set(struct advice *ad, const char *why, const char *fmt, ...)
{
	va_list ap;

	ad->why = why;
	va_start(ap, fmt);
	vsnprintf(ad->command, sizeof(ad->command), fmt, ap);
	va_end(ap);
}

void doctor_report(struct doctor *d, enum finding found, const char *check,
		   const struct advice *ad, const char *fmt, ...)
{
	const char *name = finding_name[found];
	char text[512];
	struct out *o;
	va_list ap;

	d->count[found]++;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!d->a->json) {
		fprintf(out_stream, "%-8s %-9s %s\n", name, check, text);
		if (ad)
			fprintf(out_stream, "%-8s %-9s why: %s\n", "", "",
				ad->why);
		if (ad && *ad->command)
			fprintf(out_stream, "%-8s %-9s do:  %s\n", "", "",
				ad->command);
		return;
	}
	o = out_new(true);
	out_text(o, "check", check);
	out_text(o, "status", name);
	out_text(o, "found", text);
	if (ad)
		out_text(o, "why", ad->why);
	else
		out_null(o, "why");
	if (ad && *ad->command)
		out_text(o, "command", ad->command);
	else
		out_null(o, "command");
	out_end(o);
}

static int sum_up(const struct doctor *d)
{
	bool well = !d->count[FOUND_MISSING];
	enum finding f;
	struct out *o;
	int ret;

	if (!d->a->json)
		fprintf(out_stream, "\n");
	o = out_new(d->a->json);
	out_bool(o, "usable", well);
	for (f = 0; f < FINDINGS; f++)
		out_number(o, finding_name[f], d->count[f]);
	ret = out_end(o);
	return ret ? ret : well ? STATUS_OK : STATUS_ERROR;
}

int cmd_doctor(const struct args *a)
{
	struct doctor d = {
		.a = a,
		.sudo = geteuid() ? "sudo " : "",
	};
	size_t i;

	/* The file and not uname(): one source for all that is looked up. */
	if (read_line("/proc/sys/kernel/osrelease", d.release, sizeof(d.release)))
		return plain_error("cannot tell which kernel runs; is /proc mounted?");
	for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		if (!ferror(out_stream))
			checks[i](&d);
	if (d.pager)
		vmop_pager_close(d.pager);
	return sum_up(&d);
}
