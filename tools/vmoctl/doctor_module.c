// SPDX-License-Identifier: GPL-2.0
/*
 * vmoctl doctor: is the module built for this kernel, installed, allowed in,
 * loaded, and loaded at every start?
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

/* What a module file ends with when a signature is behind it. */
#define SIGNATURE "~Module signature appended~\n"

/* What dkms signs with. */
#define DKMS_KEY "/var/lib/dkms/mok"

/* The module's line of modules.dep names its file. */
static void find_file(struct doctor *d)
{
	char path[128], *line = NULL, *colon, *base;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", d->release);
	file = fopen(path, "re");
	if (!file)
		return;
	while (!*d->file && getline(&line, &size, file) > 0) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = 0;
		base = strrchr(line, '/');
		base = base ? base + 1 : line;
		if (strncmp(base, "vmopager.ko", 11))
			continue;
		/* Relative to the folder, or absolute. */
		if (*line == '/')
			snprintf(d->file, sizeof(d->file), "%s", line);
		else
			snprintf(d->file, sizeof(d->file), "/lib/modules/%s/%s",
				 d->release, line);
	}
	free(line);
	fclose(file);
}

/* The way to a module for this kernel, from what is on the machine. */
static void advise_build(struct doctor *d, struct advice *ad, const char *why)
{
	char build[128];
	glob_t found;

	snprintf(build, sizeof(build), "/lib/modules/%s/build/Makefile", d->release);
	if (access(build, R_OK)) {
		advice_set(ad, why, "%sapt-get install linux-headers-%s", d->sudo, d->release);
	} else if (kernel_before(d, 7, 3) &&
		   !glob("/usr/src/vmopager-*/dkms.conf", 0, NULL, &found)) {
		/* Newer ones dkms.conf lets it pass over. */
		advice_set(ad, why, "%sdkms autoinstall -k %s", d->sudo, d->release);
		globfree(&found);
	} else {
		advice_set(ad, why, "%smake install     # in the sources of vmopager", d->sudo);
	}
}

/* A field of the module's file; empty if there is none, or no modinfo. */
static void ask_modinfo(const struct doctor *d, const char *field, char *value,
			size_t size)
{
	char command[400];
	FILE *pipe;

	*value = 0;
	/* Users have no /sbin in their PATH. The name is in single quotes. */
	if (strchr(d->file, '\''))
		return;
	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin:/sbin modinfo -F %s '%s' 2>/dev/null",
		 field, d->file);
	pipe = popen(command, "re");
	if (!pipe)
		return;
	if (!fgets(value, (int)size, pipe))
		*value = 0;
	pclose(pipe);
	value[strcspn(value, "\n")] = 0;
}

void check_module_file(struct doctor *d)
{
	char magic[160], version[32];
	struct advice ad;

	d->loaded = !access("/sys/module/vmopager", F_OK);
	find_file(d);
	if (!*d->file) {
		/* One that was loaded by insmod works until the next start. */
		advise_build(d, &ad, d->loaded ? "it has to be loaded by hand after each start" :
						 "there is nothing to load");
		doctor_report(d, d->loaded ? FOUND_NOTE : FOUND_MISSING, "module",
			      &ad, "no vmopager.ko is installed for %s", d->release);
		return;
	}
	if (access(d->file, F_OK)) {
		advice_set(&ad, "modules.dep is older than the modules", "%sdepmod -a",
			   d->sudo);
		doctor_report(d, d->loaded ? FOUND_NOTE : FOUND_MISSING, "module",
			      &ad, "%s is gone", d->file);
		return;
	}
	ask_modinfo(d, "vermagic", magic, sizeof(magic));
	ask_modinfo(d, "version", version, sizeof(version));
	magic[strcspn(magic, " ")] = 0;
	if (*magic && strcmp(magic, d->release)) {
		advise_build(d, &ad, "the kernel refuses a module of another one");
		doctor_report(d, d->loaded ? FOUND_NOTE : FOUND_MISSING, "module",
			      &ad, "%s was built for Linux %s", d->file, magic);
		return;
	}
	doctor_report(d, FOUND_OK, "module", NULL, "%s%s%s", d->file,
		      *version ? ", version " : "", version);
}

/* Does somebody insist on signed modules? Return: who, or NULL. */
static const char *enforcer(void)
{
	char line[128];

	if (!read_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)) &&
	    *line == 'Y')
		return "module.sig_enforce";
	if (!read_line("/sys/kernel/security/lockdown", line, sizeof(line)) &&
	    strchr(line, '[') && !strstr(line, "[none]"))
		return "the kernel's lockdown (Secure Boot)";
	return NULL;
}

static bool is_signed(const struct doctor *d)
{
	size_t len = strlen(SIGNATURE), name = strlen(d->file);
	char end[sizeof(SIGNATURE)], value[128];
	bool yes = false;
	int fd;

	if (name > 3 && !strcmp(d->file + name - 3, ".ko")) {
		fd = open(d->file, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return false;
		yes = lseek(fd, -(off_t)len, SEEK_END) >= 0 &&
		      read(fd, end, len) == (ssize_t)len &&
		      !memcmp(end, SIGNATURE, len);
		close(fd);
		return yes;
	}
	ask_modinfo(d, "sig_id", value, sizeof(value));
	return *value;
}

void check_signature(struct doctor *d)
{
	const char *who = enforcer();
	struct advice ad;

	if (!who) {
		doctor_report(d, FOUND_OK, "signature", NULL, "the kernel takes unsigned modules");
		return;
	}
	if (d->loaded) {
		doctor_report(d, FOUND_OK, "signature", NULL, "%s wants one; the module was let in",
			      who);
		return;
	}
	if (!*d->file) {
		advice_set(&ad, "the module must be signed with a key that the kernel trusts", "%s",
			   "");
		doctor_report(d, FOUND_NOTE, "signature", &ad, "%s wants one", who);
		return;
	}
	/* Whose signature it is decides the kernel when it is loaded. */
	if (is_signed(d)) {
		doctor_report(d, FOUND_OK, "signature", NULL, "%s wants one; there is one", who);
		return;
	}
	if (!access(DKMS_KEY ".pub", F_OK))
		/* "make install" does not sign. */
		advice_set(&ad, "the kernel refuses the module; see Secure Boot in the README",
			   "%s/lib/modules/%s/build/scripts/sign-file sha256 %s.key %s.pub %s",
			   d->sudo, d->release, DKMS_KEY, DKMS_KEY, d->file);
	else
		advice_set(&ad, "sign it with a key that the firmware knows; see the README",
			   "%smokutil --import YOUR-KEY.der", d->sudo);
	doctor_report(d, FOUND_MISSING, "signature", &ad, "%s wants one, and %s has none", who,
		      d->file);
}

void check_loaded(struct doctor *d)
{
	struct advice ad;
	char state[32];

	if (!d->loaded) {
		if (*d->file)
			advice_set(&ad, "without it there is no device", "%smodprobe vmopager",
				   d->sudo);
		else
			advice_set(&ad, "without it there is no device", "%s", "");
		doctor_report(d, FOUND_MISSING, "loaded", &ad, "the module is not loaded");
		return;
	}
	if (!read_line("/sys/module/vmopager/initstate", state, sizeof(state)) &&
	    strcmp(state, "live")) {
		advice_set(&ad, "wait a moment and look again", "vmoctl doctor");
		doctor_report(d, FOUND_MISSING, "loaded", &ad, "the module is '%s'", state);
		return;
	}
	read_line("/sys/module/vmopager/version", d->version, sizeof(d->version));
	doctor_report(d, FOUND_OK, "loaded", NULL, "version %s", d->version);
}

/* Does a file name the module in a line of its own? */
static bool names_module(const char *path)
{
	FILE *file = fopen(path, "re");
	bool yes = false;
	char line[256];

	if (!file)
		return false;
	while (!yes && fgets(line, sizeof(line), file)) {
		line[strcspn(line, " \t\n")] = 0;
		yes = !strcmp(line, "vmopager");
	}
	fclose(file);
	return yes;
}

void check_boot(struct doctor *d)
{
	static const char *const places[] = {
		"/etc/modules", "/etc/modules-load.d/*.conf", "/run/modules-load.d/*.conf",
		"/usr/local/lib/modules-load.d/*.conf", "/usr/lib/modules-load.d/*.conf",
		"/lib/modules-load.d/*.conf",
	};
	glob_t found = { 0 };
	struct advice ad;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		glob(places[i], i ? GLOB_APPEND : 0, NULL, &found);
	for (i = 0; i < found.gl_pathc; i++)
		if (names_module(found.gl_pathv[i]))
			break;
	if (i < found.gl_pathc) {
		doctor_report(d, FOUND_OK, "boot", NULL, "%s loads it", found.gl_pathv[i]);
	} else {
		advice_set(&ad, "it has to be loaded by hand after each start",
			   "echo vmopager | %stee /etc/modules-load.d/vmopager.conf", d->sudo);
		doctor_report(d, FOUND_NOTE, "boot", &ad,
			      "nothing loads it when the machine starts");
	}
	globfree(&found);
}
