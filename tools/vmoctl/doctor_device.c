// SPDX-License-Identifier: GPL-2.0
/*
 * vmoctl doctor: may this user make VMOs, do module and tools fit together, and
 * does a VMO work?
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor.h"
#include "out.h"

#define GROUP "vmopager"

static bool rule_installed(char *path, size_t size)
{
	static const char *const places[] = {
		"/etc/udev/rules.d/*vmopager.rules", "/run/udev/rules.d/*vmopager.rules",
		"/usr/local/lib/udev/rules.d/*vmopager.rules",
		"/usr/lib/udev/rules.d/*vmopager.rules", "/lib/udev/rules.d/*vmopager.rules",
	};
	glob_t found = { 0 };
	bool yes;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		glob(places[i], i ? GLOB_APPEND : 0, NULL, &found);
	yes = found.gl_pathc > 0;
	if (yes)
		snprintf(path, size, "%s", found.gl_pathv[0]);
	globfree(&found);
	return yes;
}

void check_udev(struct doctor *d)
{
	struct advice ad;
	char path[256];

	if (!getgrnam(GROUP)) {
		advice_set(&ad, "only root can make VMOs", "%sgroupadd --system " GROUP, d->sudo);
		doctor_report(d, FOUND_NOTE, "udev", &ad, "there is no group " GROUP);
		return;
	}
	if (!rule_installed(path, sizeof(path))) {
		advice_set(&ad, "only root can make VMOs",
			   "%smake install     # in the sources of vmopager", d->sudo);
		doctor_report(d, FOUND_NOTE, "udev", &ad,
			      "no rule gives the device to the group " GROUP);
		return;
	}
	doctor_report(d, FOUND_OK, "udev", NULL, "%s gives the device to the group " GROUP, path);
}

static bool in_process(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	if (gid == getegid())
		return true;
	while (n > 0)
		if (groups[--n] == gid)
			return true;
	return false;
}

/* As a login would have it now, which may be newer than this session. */
static bool in_database(gid_t gid, const struct passwd *user)
{
	gid_t groups[256];
	int n = 256;

	if (!user || getgrouplist(user->pw_name, user->pw_gid, groups, &n) < 0)
		return false;
	while (n > 0)
		if (groups[--n] == gid)
			return true;
	return false;
}

/* The device is there, and this user may not open it. */
static void advise_access(struct doctor *d, struct advice *ad, const struct stat *st)
{
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group = getgrnam(GROUP);
	char rule[256];

	if (!group || st->st_gid != group->gr_gid || (st->st_mode & 060) != 060) {
		if (group && rule_installed(rule, sizeof(rule)))
			advice_set(ad, "the udev rule has not been applied to it",
				   "%sudevadm trigger --action=change --name-match=%s",
				   d->sudo, d->a->device);
		else
			advice_set(ad, "without group and udev rule it is root's alone",
				   "%smake install     # in the sources of vmopager", d->sudo);
	} else if (in_process(group->gr_gid)) {
		advice_set(ad, "its mode allows it: a security module or a container forbids",
			   "%s", "");
	} else if (in_database(group->gr_gid, user)) {
		advice_set(ad, "this session is older than the membership", "newgrp " GROUP);
	} else {
		advice_set(ad, "who is not in the group cannot make VMOs; log in again then",
			   "%susermod -aG " GROUP " %s", d->sudo, user ? user->pw_name : "USER");
	}
}

/* The module is loaded, and its device has no name. */
static void advise_node(struct doctor *d, struct advice *ad)
{
	unsigned int major, minor;
	char dev[32];

	if (read_line("/sys/class/misc/vmopager/dev", dev, sizeof(dev)) ||
	    sscanf(dev, "%u:%u", &major, &minor) != 2)
		advice_set(ad, "VMOs are made through it", "%s", "");
	else
		advice_set(ad, "neither devtmpfs nor udev has made it",
			   "%smknod -m 600 %s c %u %u", d->sudo, d->a->device, major, minor);
}

void check_device(struct doctor *d)
{
	const char *path = d->a->device;
	struct advice ad;
	struct group *gr;
	struct stat st;
	int ret;

	ret = vmop_pager_open(path, &d->pager);
	if (!ret && !stat(path, &st)) {
		gr = getgrgid(st.st_gid);
		doctor_report(d, FOUND_OK, "device", NULL, "%s, mode %04o, group %s", path,
			      (unsigned int)st.st_mode & 07777, gr ? gr->gr_name : "?");
		return;
	}
	if (ret == -EBADFD) {
		advice_set(&ad, "something else has its name", "%srm %s", d->sudo, path);
		doctor_report(d, FOUND_MISSING, "device", &ad,
			      "%s is not the device of vmopager", path);
		return;
	}
	if ((ret == -EACCES || ret == -EPERM) && !stat(path, &st))
		advise_access(d, &ad, &st);
	else if (d->loaded)
		advise_node(d, &ad);
	else
		advice_set(&ad, "it comes with the module", "%s", "");
	doctor_report(d, FOUND_MISSING, "device", &ad, "%s cannot be opened: %s", path,
		      strerror(-ret));
}

#define CMD(name) { 1ull << (VMOP_CMD_##name - VMOP_CMD_BASE), #name }

/* Commands without which these tools do not work. */
static const struct out_bit needed[] = {
	CMD(INFO), CMD(PORT_CREATE), CMD(PAGER_VMO_CREATE), CMD(VMO_CREATE),
	CMD(DETACH), CMD(SUPPLY), CMD(SUPPLY_COPY), CMD(SUPPLY_ZERO),
	CMD(SUPPLY_FILE), CMD(OP_RANGE), CMD(QUERY_DIRTY), CMD(QUERY_STATS),
	CMD(VMO_CREATE_CHILD), CMD(VMO_OP_RANGE), CMD(VMO_SET_SIZE),
	CMD(VMO_GET_INFO), CMD(VMO_SET_NAME), CMD(VMO_RESET), CMD(VMO_SEAL),
	CMD(VMO_COMPOSE),
};

/* The first command that the module lacks, or NULL. */
static const char *lacks(__u64 cmds)
{
	size_t i;

	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(cmds & needed[i].bit))
			return needed[i].name;
	return NULL;
}

void check_versions(struct doctor *d)
{
	struct vmop_info info = { .size = sizeof(info) };
	const char *tools = vmop_lib_version(), *command;
	struct advice ad;
	int ret;

	if (!d->pager) {
		advice_set(&ad, "the module tells what it can do through the device", "%s", "");
		doctor_report(d, FOUND_UNKNOWN, "versions", &ad,
			      "the module cannot be asked; the tools are %s", tools);
		return;
	}
	advice_set(&ad, "module and tools are of different versions: install both anew, then",
		   "%ssh -c 'modprobe -r vmopager && modprobe vmopager'", d->sudo);
	ret = vmop_pager_info(d->pager, &info);
	if (ret) {
		doctor_report(d, FOUND_MISSING, "versions", &ad,
			      "the module does not tell what it can do: %s", vmop_errstr(ret));
		return;
	}
	command = lacks(info.out_cmds);
	if (command)
		doctor_report(d, FOUND_MISSING, "versions", &ad,
			      "module %s has no command %s, which the tools (%s) need",
			      d->version, command, tools);
	else if (strcmp(d->version, tools))
		doctor_report(d, FOUND_NOTE, "versions", &ad,
			      "module %s and tools %s; it has every command that they need",
			      d->version, tools);
	else
		doctor_report(d, FOUND_OK, "versions", NULL,
			      "module and tools are %s, every command is there", tools);
}

/* What programs get that are linked with the library; vmoctl brings its own. */
void check_library(struct doctor *d)
{
	void *lib = dlopen("libvmopager.so.0", RTLD_NOW | RTLD_LOCAL);
	const char *tools = vmop_lib_version();
	const char *(*version)(void);
	struct advice ad;
	void *symbol;

	symbol = lib ? dlsym(lib, "vmop_lib_version") : NULL;
	if (!symbol) {
		advice_set(&ad, "programs that are linked with it do not start", "%sldconfig",
			   d->sudo);
		doctor_report(d, FOUND_NOTE, "library", &ad,
			      "the loader does not find libvmopager.so.0");
	} else {
		/* The one way that ISO C leaves. */
		memcpy(&version, &symbol, sizeof(version));
		if (strcmp(version(), tools)) {
			advice_set(&ad, "an old copy of it is found first",
				   "%smake install     # in the sources of vmopager", d->sudo);
			doctor_report(d, FOUND_NOTE, "library", &ad,
				      "libvmopager.so.0 is %s, vmoctl %s", version(), tools);
		} else {
			doctor_report(d, FOUND_OK, "library", NULL, "libvmopager.so.0 is %s",
				      tools);
		}
	}
	if (lib)
		dlclose(lib);
}

/*
 * One page, supplied before it is asked for: no thread is needed, and nobody
 * can be left waiting.
 */
static int try_page(struct vmop_pager *pager, const char **step)
{
	struct vmop_vmo_opts opts = {
		.sz = sizeof(opts),
		.name = "doctor",
		/* Should it be reclaimed in between. */
		.deadline_ms = 2000,
	};
	static char page[4096], got[4096];
	struct vmop_port *port = NULL;
	struct vmop_vmo *vmo = NULL;
	int ret;

	memset(page, 0x5a, sizeof(page));
	*step = "making a port";
	ret = vmop_port_new(pager, NULL, &port);
	if (ret)
		return ret;
	*step = "making a VMO";
	ret = vmop_vmo_new_paged(pager, port, sizeof(page), &opts, &vmo);
	if (ret)
		goto out;
	*step = "supplying a page";
	ret = vmop_pager_supply_copy(pager, vmo, 0, sizeof(page), page, NULL);
	if (ret)
		goto out;
	*step = "reading it back";
	if (pread(vmop_vmo_fd(vmo), got, sizeof(got), 0) != sizeof(got))
		ret = -errno;
	else if (memcmp(page, got, sizeof(page)))
		ret = -EBADMSG;
out:
	if (vmo)
		vmop_vmo_close(vmo);
	vmop_port_close(port);
	return ret;
}

void check_works(struct doctor *d)
{
	struct advice ad;
	const char *step;
	int ret;

	if (!d->pager) {
		advice_set(&ad, "a VMO can only be tried through the device", "%s", "");
		doctor_report(d, FOUND_UNKNOWN, "works", &ad, "not tried");
		return;
	}
	ret = try_page(d->pager, &step);
	if (ret) {
		advice_set(&ad, "the kernel's log may tell more", "%sdmesg", d->sudo);
		doctor_report(d, FOUND_MISSING, "works", &ad, "%s failed: %s", step,
			      vmop_errstr(ret));
		return;
	}
	doctor_report(d, FOUND_OK, "works", NULL, "a page was supplied to a VMO and read back");
}
