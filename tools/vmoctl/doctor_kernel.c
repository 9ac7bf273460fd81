// SPDX-License-Identifier: GPL-2.0
/*
 * vmoctl doctor: the kernel, how it was built and started, and what state it
 * is in.
 */
#include <errno.h>
#include <liburing.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <zlib.h>

#include "doctor.h"

/* Kernels that the suite is run on. */
static const struct {
	int major, minor;
} tested[] = { { 6, 1 }, { 6, 12 }, { 7, 2 } };

#define TESTED "6.1, 6.12 and 7.2"

void check_kernel(struct doctor *d)
{
	struct utsname name;
	struct advice ad;
	size_t i;

	if (uname(&name))
		strcpy(name.machine, "?");
	if (sscanf(d->release, "%d.%d", &d->major, &d->minor) != 2) {
		advice_set(&ad, "the module is for Linux 6.1 and newer", "%s", "");
		doctor_report(d, FOUND_UNKNOWN, "kernel", &ad, "Linux %s", d->release);
		return;
	}
	if (strcmp(name.machine, "x86_64")) {
		advice_set(&ad, "the module is made for x86_64 alone", "%s", "");
		doctor_report(d, FOUND_MISSING, "kernel", &ad, "Linux %s on %s",
			      d->release, name.machine);
		return;
	}
	if (kernel_before(d, 6, 1)) {
		advice_set(&ad, "the module does not build for kernels before 6.1",
			   "%sapt-get install linux-image-amd64 linux-headers-amd64",
			   d->sudo);
		doctor_report(d, FOUND_MISSING, "kernel", &ad, "Linux %s is too old",
			      d->release);
		return;
	}
	for (i = 0; i < sizeof(tested) / sizeof(tested[0]); i++) {
		if (d->major == tested[i].major && d->minor == tested[i].minor) {
			doctor_report(d, FOUND_OK, "kernel", NULL,
				      "Linux %s on %s", d->release, name.machine);
			return;
		}
	}
	advice_set(&ad, "the suite is run on Linux " TESTED, "%s", "");
	doctor_report(d, FOUND_NOTE, "kernel", &ad, "no test has run on Linux %s",
		      d->release);
}

/* A kernel that was built without it tells so in a comment, or not at all. */
static gzFile open_config(const struct doctor *d, char *path, size_t size)
{
	static const char *const places[] = {
		"/proc/config.gz", "/boot/config-%s", "/lib/modules/%s/config",
		"/lib/modules/%s/build/.config",
	};
	gzFile file;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const char *hole = strstr(places[i], "%s");

		if (hole)
			snprintf(path, size, "%.*s%s%s", (int)(hole - places[i]),
				 places[i], d->release, hole + 2);
		else
			snprintf(path, size, "%s", places[i]);
		/* Reads what is not compressed, too. */
		file = gzopen(path, "re");
		if (file)
			return file;
	}
	return NULL;
}

/* What of the configuration matters to what VMOs do. */
enum { MEMCG, MEMCG_KMEM, WANTED };

static void read_config(gzFile file, bool *has)
{
	static const char *const names[WANTED] = {
		[MEMCG] = "CONFIG_MEMCG=y",
		[MEMCG_KMEM] = "CONFIG_MEMCG_KMEM=y",
	};
	char line[256];
	int i;

	while (gzgets(file, line, sizeof(line))) {
		line[strcspn(line, "\n")] = 0;
		for (i = 0; i < WANTED; i++)
			if (!strcmp(line, names[i]))
				has[i] = true;
	}
}

void check_config(struct doctor *d)
{
	bool has[WANTED] = { false };
	struct advice ad;
	char path[160];
	gzFile file;

	file = open_config(d, path, sizeof(path));
	if (!file) {
		advice_set(&ad, "CONFIG_MEMCG decides whether VMOs are charged to cgroups",
			   "%s", "");
		doctor_report(d, FOUND_UNKNOWN, "config", &ad,
			      "neither /proc/config.gz nor /boot/config-%s can be read",
			      d->release);
		return;
	}
	read_config(file, has);
	gzclose(file);
	/* From 6.11 on CONFIG_MEMCG includes it. */
	if (!kernel_before(d, 6, 11))
		has[MEMCG_KMEM] = has[MEMCG];
	if (has[MEMCG] && has[MEMCG_KMEM]) {
		doctor_report(d, FOUND_OK, "config", NULL, "%s", path);
		return;
	}
	advice_set(&ad, "no cgroup is charged for a VMO, and none can bound it", "%s", "");
	doctor_report(d, FOUND_NOTE, "config", &ad, "%s is not set in %s",
		      has[MEMCG] ? "CONFIG_MEMCG_KMEM" : "CONFIG_MEMCG", path);
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *p = text;

	while ((p = strstr(p, word))) {
		if ((p == text || p[-1] == ' ' || p[-1] == ',' || p[-1] == '=') &&
		    (!p[len] || strchr(" ,", p[len])))
			return true;
		p += len;
	}
	return false;
}

/* Is memory that the kernel allocates for somebody charged to nobody? */
static bool booted_nokmem(void)
{
	char line[4096], *p;

	if (read_line("/proc/cmdline", line, sizeof(line)))
		return false;
	for (p = strtok(line, " "); p; p = strtok(NULL, " "))
		if (!strncmp(p, "cgroup.memory=", 14) && has_word(p + 14, "nokmem"))
			return true;
	return false;
}

void check_cgroup(struct doctor *d)
{
	char line[256];
	struct statfs fs;
	struct advice ad;

	if (booted_nokmem()) {
		advice_set(&ad, "no cgroup is charged for a VMO", "%s", "");
		doctor_report(d, FOUND_NOTE, "cgroup", &ad,
			      "cgroup.memory=nokmem is on the kernel's command line");
		return;
	}
	if (statfs("/sys/fs/cgroup", &fs) || fs.f_type != CGROUP2_SUPER_MAGIC) {
		advice_set(&ad, "--payer needs it: boot with systemd.unified_cgroup_hierarchy=1",
			   "%s", "");
		doctor_report(d, FOUND_NOTE, "cgroup", &ad,
			      "/sys/fs/cgroup is not cgroup version 2");
		return;
	}
	if (read_line("/sys/fs/cgroup/cgroup.controllers", line, sizeof(line)) ||
	    !has_word(line, "memory")) {
		advice_set(&ad, "--payer needs it: boot with cgroup_enable=memory", "%s", "");
		doctor_report(d, FOUND_NOTE, "cgroup", &ad,
			      "cgroup version 2 without its memory controller");
		return;
	}
	doctor_report(d, FOUND_OK, "cgroup", NULL,
		      "version 2, with the memory controller");
}

void check_uring(struct doctor *d)
{
	struct io_uring ring;
	struct advice ad = { .why = "vmoctl serve --method uring needs it; the others do not" };
	char line[16];
	int ret;

	/* Whoever forbids it, and how: only trying tells. */
	ret = io_uring_queue_init(1, &ring, 0);
	if (!ret) {
		io_uring_queue_exit(&ring);
		doctor_report(d, FOUND_OK, "io_uring", NULL, "can be used");
		return;
	}
	if (!read_line("/proc/sys/kernel/io_uring_disabled", line, sizeof(line)) &&
	    strcmp(line, "0"))
		advice_set(&ad, ad.why, "%ssysctl kernel.io_uring_disabled=0", d->sudo);
	else if (ret == -ENOMEM)
		advice_set(&ad, ad.why, "ulimit -l 8192");
	doctor_report(d, FOUND_NOTE, "io_uring", &ad, "cannot be used: %s",
		      strerror(-ret));
}

/* Of the kernel's taint flags those that say that something broke. */
static const struct {
	unsigned int bit;
	const char *what;
} broken[] = {
	{ 4, "a machine check" }, { 5, "a bad page" }, { 7, "an oops" },
	{ 9, "a warning" }, { 14, "a soft lockup" },
};

void check_taint(struct doctor *d)
{
	char line[32], what[128] = "";
	unsigned long taint;
	struct advice ad;
	size_t i;

	if (read_line("/proc/sys/kernel/tainted", line, sizeof(line))) {
		advice_set(&ad, "it tells whether something in the kernel broke", "%s", "");
		doctor_report(d, FOUND_UNKNOWN, "taint", &ad,
			      "/proc/sys/kernel/tainted cannot be read");
		return;
	}
	taint = strtoul(line, NULL, 10);
	for (i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		if (!(taint & 1ul << broken[i].bit))
			continue;
		if (*what)
			strcat(what, ", ");
		strcat(what, broken[i].what);
	}
	if (!*what) {
		doctor_report(d, FOUND_OK, "taint", NULL, "nothing broke since the kernel started");
		return;
	}
	advice_set(&ad, "the kernel's state is in doubt: read its log, then start it anew",
		   "%sdmesg --level=emerg,alert,crit,err,warn", d->sudo);
	doctor_report(d, FOUND_NOTE, "taint", &ad, "since the kernel started there was %s",
		      what);
}
