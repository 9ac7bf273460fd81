/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmoctl doctor: what its files share. A check looks at one thing and reports
 * it once: what was found, and if that is not well why it matters and the
 * command that mends it.
 */
#ifndef VMOCTL_DOCTOR_H
#define VMOCTL_DOCTOR_H

#include "vmoctl.h"

/**
 * enum finding - how well it is
 * @FOUND_OK: as it should be
 * @FOUND_NOTE: VMOs work; something around them does not, or is in doubt
 * @FOUND_MISSING: VMOs cannot be used by this user on this machine
 * @FOUND_UNKNOWN: it could not be found out
 * @FINDINGS: how many there are
 */
enum finding { FOUND_OK, FOUND_NOTE, FOUND_MISSING, FOUND_UNKNOWN, FINDINGS };

/**
 * struct doctor - a visit
 * @a: options
 * @count: reports so far, by finding
 * @release: of the kernel that runs, as uname -r has it
 * @major: its version, 0 if it cannot be told
 * @minor: the same
 * @sudo: what a command for root starts with: "sudo " or nothing
 * @loaded: the module is loaded
 * @version: version of the loaded module, or ""
 * @file: the module's file for this kernel, or "" if it is not installed
 * @pager: the device, open, or NULL
 */
struct doctor {
	const struct args *a;
	unsigned int count[FINDINGS];
	char release[72];
	int major;
	int minor;
	const char *sudo;
	bool loaded;
	char version[32];
	char file[256];
	struct vmop_pager *pager;
};

/**
 * struct advice - what comes with a report that is not FOUND_OK
 * @why: why it matters
 * @command: what mends it, for a shell; "" if no command does
 */
struct advice {
	const char *why;
	char command[640];
};

/* advice_set - set both; the command is formatted. */
void advice_set(struct advice *ad, const char *why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* doctor_report - tell what was found; ad is NULL with FOUND_OK. */
void doctor_report(struct doctor *d, enum finding found, const char *check,
		   const struct advice *ad, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* kernel_before - does an older kernel than this version run? */
static inline bool kernel_before(const struct doctor *d, int major, int minor)
{
	return d->major < major || (d->major == major && d->minor < minor);
}

/*
 * read_line - the first line of a file, without its end
 *
 * Return: 0, or a negative errno with an empty line.
 */
int read_line(const char *path, char *line, size_t size);

/* Checks, in the order in which they are made; doctor_module.c. */
void check_module_file(struct doctor *d);
void check_signature(struct doctor *d);
void check_loaded(struct doctor *d);
void check_boot(struct doctor *d);

/* doctor_device.c */
void check_udev(struct doctor *d);
void check_device(struct doctor *d);
void check_versions(struct doctor *d);
void check_library(struct doctor *d);
void check_works(struct doctor *d);

/* doctor_kernel.c */
void check_kernel(struct doctor *d);
void check_config(struct doctor *d);
void check_cgroup(struct doctor *d);
void check_uring(struct doctor *d);
void check_taint(struct doctor *d);

#endif /* VMOCTL_DOCTOR_H */
