// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of libvmopager: children, reset, seal, and waiting until a VMO has
 * no children; and of what vmoctl makes of families.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "../tools/vmoctl/family.h"
#include "../tools/vmoctl/kept.h"
#include "lib_mock.h"

static int children;
static int last_child = -1;
/* The parts of the last composed VMO. */
static struct vmop_compose_window windows[3];
/* What the kernel tells next, when it has an id. */
static struct vmop_vmo_get_info told;

/* Knows the commands of clones, and every descriptor is a VMO. */
static int on_clone(int fd, unsigned long cmd, void *arg)
{
	struct vmop_vmo_create_child *child = arg;
	struct vmop_vmo_get_info *info = arg;
	struct vmop_vmo_compose *compose = arg;
	struct vmop_vmo_reset *reset_cmd = arg;

	switch (cmd) {
	case VMOP_VMO_CREATE_CHILD:
		children++;
		last_child = memfd_create("child", MFD_CLOEXEC);
		child->out_vmo_fd = last_child;
		return 0;
	case VMOP_VMO_COMPOSE:
		children++;
		memcpy(windows, (void *)(uintptr_t)compose->windows_uptr,
		       sizeof(windows[0]) * compose->nr_windows);
		last_child = memfd_create("composed", MFD_CLOEXEC);
		compose->out_vmo_fd = last_child;
		return 0;
	case VMOP_VMO_GET_INFO:
		if (info->flags & VMOP_GET_INFO_SHARES)
			info->out_scaled = 6144;
		if (told.out_id) {
			told.size = info->size;
			*info = told;
		}
		return 0;
	case VMOP_VMO_RESET:
		reset_cmd->out_actual = 2 * PAGE;
		return 0;
	case VMOP_VMO_SET_NAME:
	case VMOP_VMO_SEAL:
		return 0;
	}
	(void)fd;
	return 1;
}

static struct vmop_vmo *new_parent(void)
{
	struct vmop_vmo *vmo = NULL;

	mock.hook = on_clone;
	children = 0;
	CHECK_EQ(vmop_vmo_from_fd(memfd_create("parent", MFD_CLOEXEC), &vmo),
		 0);
	reset();
	return vmo;
}

static void end_parent(struct vmop_vmo *vmo)
{
	vmop_vmo_close(vmo);
	mock.hook = NULL;
}

static void test_child_fields(void)
{
	struct vmop_child_opts o = { .sz = sizeof(o), .name = "n",
				     .payer_fd = 7 };
	struct vmop_vmo_create_child *cmd = (void *)mock.arg[0];
	struct vmop_vmo_set_name *name = (void *)mock.arg[1];
	struct vmop_vmo *parent = new_parent(), *vmo = NULL;

	CHECK_EQ(vmop_vmo_new_child(parent, VMOP_CHILD_SNAPSHOT |
				    VMOP_CHILD_RESETTABLE, PAGE, 5, &o, &vmo),
		 0);
	CHECK_EQ(mock.calls, 2);
	CHECK_EQ(mock.cmd[0], VMOP_VMO_CREATE_CHILD);
	CHECK_EQ(cmd->size, sizeof(*cmd));
	CHECK_EQ(cmd->flags, VMOP_CHILD_SNAPSHOT | VMOP_CHILD_RESETTABLE);
	CHECK_EQ(cmd->offset, PAGE);
	CHECK_EQ(cmd->length, 5);
	CHECK_EQ(cmd->payer_fd, 7);
	CHECK_EQ(mock.cmd[1], VMOP_VMO_SET_NAME);
	CHECK(!strcmp((char *)name->name, "n"));
	CHECK_EQ(vmop_vmo_fd(vmo), last_child);
	vmop_vmo_close(vmo);
	reset();
	/* All defaults: the parent's name, the caller's own cgroup. */
	CHECK_EQ(vmop_vmo_new_child(parent, VMOP_CHILD_REFERENCE, 0, 0, NULL,
				    &vmo), 0);
	CHECK_EQ(mock.calls, 1);
	CHECK_EQ(cmd->payer_fd, -1);
	vmop_vmo_close(vmo);
	end_parent(parent);
}

static void test_child_refused(void)
{
	struct { struct vmop_child_opts o; __u64 newer; } big = {
		.o = { .sz = sizeof(big) }, .newer = 1,
	};
	struct vmop_child_opts o = { .sz = sizeof(o), .__reserved = 1 };
	struct vmop_vmo *parent = new_parent(), *vmo = NULL;
	char long_name[VMOP_NAME_LEN + 1] = "";

	CHECK_EQ(vmop_vmo_new_child(parent, VMOP_CHILD_SNAPSHOT, 0, PAGE, &o,
				    &vmo), -EINVAL);
	memset(long_name, 'x', VMOP_NAME_LEN);
	o = (struct vmop_child_opts){ .sz = sizeof(o), .name = long_name };
	CHECK_EQ(vmop_vmo_new_child(parent, VMOP_CHILD_SNAPSHOT, 0, PAGE, &o,
				    &vmo), -EINVAL);
	CHECK_EQ(vmop_vmo_new_child(parent, VMOP_CHILD_SNAPSHOT, 0, PAGE,
				    &big.o, &vmo), -E2BIG);
	CHECK_EQ(mock.calls, 0);
	mock.fail_with = EOPNOTSUPP;
	CHECK_EQ(vmop_vmo_new_child(parent, VMOP_CHILD_SLICE, 0, PAGE, NULL,
				    &vmo), -EOPNOTSUPP);
	CHECK_EQ(children, 0);
	CHECK(!vmo);
	end_parent(parent);
}

/* The second command, the one that names the child. */
static int refuse_name(int fd, unsigned long cmd, void *arg)
{
	if (cmd == VMOP_VMO_SET_NAME) {
		errno = EACCES;
		return -1;
	}
	return on_clone(fd, cmd, arg);
}

static void test_child_without_name(void)
{
	struct vmop_child_opts o = { .sz = sizeof(o), .name = "n" };
	struct vmop_vmo *parent = new_parent(), *vmo = NULL;

	mock.hook = refuse_name;
	CHECK_EQ(vmop_vmo_new_child(parent, VMOP_CHILD_SNAPSHOT |
				    VMOP_CHILD_NO_WRITE, 0, PAGE, &o, &vmo),
		 -EACCES);
	CHECK(!vmo);
	CHECK_EQ(children, 1);
	CHECK(!has_fd(last_child));
	end_parent(parent);
}

static void test_compose(void)
{
	struct vmop_child_opts o = { .sz = sizeof(o), .name = "n",
				     .payer_fd = 7 };
	struct vmop_vmo_compose *cmd = (void *)mock.arg[0];
	struct vmop_vmo *a = new_parent(), *b = NULL, *vmo = NULL;
	struct vmop_part parts[3];

	CHECK_EQ(vmop_vmo_from_fd(memfd_create("b", MFD_CLOEXEC), &b), 0);
	reset();
	parts[0] = (struct vmop_part){ b, PAGE, 3 * PAGE };
	parts[1] = (struct vmop_part){ a, 0, PAGE };
	parts[2] = (struct vmop_part){ b, 0, PAGE };
	CHECK_EQ(vmop_vmo_new_composed(parts, 3, &o, &vmo), 0);
	CHECK_EQ(mock.calls, 1);
	CHECK_EQ(mock.cmd[0], VMOP_VMO_COMPOSE);
	CHECK_EQ(cmd->size, sizeof(*cmd));
	CHECK_EQ(cmd->flags, 0);
	CHECK_EQ(cmd->nr_windows, 3);
	CHECK_EQ(cmd->payer_fd, 7);
	CHECK(!strcmp((char *)cmd->name, "n"));
	CHECK_EQ(windows[0].vmo_fd, vmop_vmo_fd(b));
	CHECK_EQ(windows[0].offset, PAGE);
	CHECK_EQ(windows[0].length, 3 * PAGE);
	CHECK_EQ(windows[1].vmo_fd, vmop_vmo_fd(a));
	CHECK_EQ(windows[1].length, PAGE);
	CHECK_EQ(windows[2].vmo_fd, vmop_vmo_fd(b));
	CHECK_EQ(windows[2].length, PAGE);
	CHECK_EQ(vmop_vmo_fd(vmo), last_child);
	vmop_vmo_close(vmo);
	vmo = NULL;
	reset();
	CHECK_EQ(vmop_vmo_new_composed(parts, 0, NULL, &vmo), -EINVAL);
	CHECK_EQ(vmop_vmo_new_composed(parts, 1ULL << 32, NULL, &vmo), -EINVAL);
	o.__reserved = 1;
	CHECK_EQ(vmop_vmo_new_composed(parts, 1, &o, &vmo), -EINVAL);
	CHECK_EQ(mock.calls, 0);
	mock.fail_with = ERANGE;
	CHECK_EQ(vmop_vmo_new_composed(parts, 2, NULL, &vmo), -ERANGE);
	CHECK_EQ(cmd->payer_fd, -1);
	CHECK_EQ(cmd->name[0], 0);
	CHECK(!vmo);
	vmop_vmo_close(b);
	end_parent(a);
}

static void test_reset_and_seal(void)
{
	VMOP_OPTS(vmop_range_opts, o, .out_actual = 1);
	struct vmop_vmo *vmo = new_parent();

	CHECK_EQ(vmop_vmo_reset(vmo, &o), 0);
	CHECK_EQ(o.out_actual, 2 * PAGE);
	CHECK_EQ(vmop_vmo_reset(vmo, NULL), 0);
	mock.fail_with = EOPNOTSUPP;
	CHECK_EQ(vmop_vmo_reset(vmo, &o), -EOPNOTSUPP);
	CHECK_EQ(o.out_actual, 0);
	reset();
	CHECK_EQ(vmop_vmo_seal(vmo), 0);
	CHECK_EQ(mock.cmd[0], VMOP_VMO_SEAL);
	mock.fail_with = EBUSY;
	CHECK_EQ(vmop_vmo_seal(vmo), -EBUSY);
	end_parent(vmo);
}

static void test_info_shares(void)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct vmop_vmo *vmo = new_parent();

	CHECK_EQ(vmop_vmo_info(vmo, &info), 0);
	CHECK_EQ(info.out_scaled, 0);
	CHECK_EQ(vmop_vmo_info_shares(vmo, &info), 0);
	CHECK_EQ(info.out_scaled, 6144);
	reset();
	info.size = offsetof(struct vmop_vmo_get_info, out_zero);
	CHECK_EQ(vmop_vmo_info_shares(vmo, &info), -EINVAL);
	CHECK_EQ(mock.calls, 0);
	end_parent(vmo);
}

/* A terminal in packet mode tells POLLPRI, as a VMO without children does. */
static void test_wait_childless(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	struct vmop_vmo *parent = new_parent(), *vmo = NULL;
	int on = 1;

	CHECK_EQ(vmop_vmo_wait_childless(parent, 0), -ETIMEDOUT);
	CHECK_EQ(vmop_vmo_wait_childless(parent, 1), -ETIMEDOUT);
	CHECK(!grantpt(master) && !unlockpt(master) &&
	      !ioctl(master, TIOCPKT, &on));
	slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	CHECK(slave >= 0);
	CHECK_EQ(tcflush(slave, TCIFLUSH), 0);
	CHECK_EQ(vmop_vmo_from_fd(master, &vmo), 0);
	CHECK_EQ(vmop_vmo_wait_childless(vmo, 0), 0);
	CHECK_EQ(vmop_vmo_wait_childless(vmo, -5), 0);
	vmop_vmo_close(vmo);
	close(slave);
	end_parent(parent);
}

static void add(struct family *f, struct vmop_vmo *vmo, __u64 id, __u64 parent,
		__u32 kind)
{
	told = (struct vmop_vmo_get_info){
		.out_id = id,
		.out_parent_id = parent,
		.out_child_flags = kind,
		.out_flags = VMOP_VMO_PAGER_BACKED |
			     (kind ? VMOP_VMO_COW_CLONE : 0),
		.out_size = 16 * PAGE,
		.out_private = kind ? PAGE : 8 * PAGE,
		.out_scaled = kind ? PAGE : 8 * PAGE,
		.out_committed = kind ? PAGE : 8 * PAGE,
	};
	CHECK_EQ(family_add(f, NULL, vmo), 0);
	told.out_id = 0;
}

/* Added in an order that is not that of the tree. */
static void test_family_order(void)
{
	static const struct { __u64 id, parent; } in[] = {
		{ 1, 0 }, { 9, 4 }, { 4, 1 }, { 5, 1 }, { 8, 77 }, { 6, 4 },
	};
	static const struct { __u64 id; unsigned int depth; } want[] = {
		{ 1, 0 }, { 4, 1 }, { 9, 2 }, { 6, 2 }, { 5, 1 }, { 8, 0 },
	};
	struct vmop_vmo *vmo = new_parent();
	const struct member *m;
	struct family_sum sum;
	struct family f = { 0 };
	size_t i;

	CHECK_EQ(family_link(&f), 0);
	CHECK(!f.first);
	for (i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		add(&f, vmo, in[i].id, in[i].parent,
		    i ? VMOP_CHILD_SNAPSHOT : 0);
	CHECK_EQ(family_link(&f), 0);
	for (i = 0, m = f.first; m; m = family_next(m), i++) {
		CHECK_EQ(m->info.out_id, want[i].id);
		CHECK_EQ(m->depth, want[i].depth);
	}
	CHECK_EQ(i, sizeof(want) / sizeof(want[0]));
	family_sum(&f, &sum);
	CHECK_EQ(sum.memory, 13 * PAGE);
	/* 8 see what the root has in memory, and one that has lost it does not. */
	CHECK_EQ(sum.copies, (8 + 4 * (1 + 8) + 1) * PAGE);
	family_free(&f);
	end_parent(vmo);
}

static void test_family_deep(void)
{
	struct vmop_vmo *vmo = new_parent();
	const struct member *m;
	struct family f = { 0 };
	__u64 i;

	for (i = 1; i <= 3000; i++)
		add(&f, vmo, i, i - 1, i > 1 ? VMOP_CHILD_SNAPSHOT : 0);
	CHECK_EQ(family_link(&f), 0);
	for (i = 0, m = f.first; m; m = family_next(m), i++)
		CHECK_EQ(m->depth, i);
	CHECK_EQ(i, 3000);
	family_free(&f);
	end_parent(vmo);
}

static void test_kept(void)
{
	struct vmop_vmo *parent = new_parent(), *vmo, *one = NULL;
	struct control_names names;
	struct kept_list list = { 0 };
	char name[VMOP_NAME_LEN];
	unsigned int i, seen = 0;
	__u64 above = 0;

	CHECK_EQ(kept_add(&list, "", parent), -EINVAL);
	for (i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "clone %u", i);
		CHECK_EQ(vmop_vmo_dup(parent, &vmo), 0);
		one = i == 77 ? vmo : one;
		CHECK_EQ(kept_add(&list, name, vmo), 0);
	}
	CHECK_EQ(kept_add(&list, "clone 3", parent), -EEXIST);
	CHECK(kept_find(&list, "clone 77") == one);
	CHECK_EQ(kept_drop(&list, "clone 20"), 0);
	CHECK_EQ(kept_drop(&list, "clone 20"), -ENOENT);
	CHECK(!kept_find(&list, "clone 20"));
	CHECK(kept_find(&list, "clone 77") == one);
	do {
		/* One that goes while they are listed hides no other. */
		if (seen == CONTROL_NAMES_MAX)
			CHECK_EQ(kept_drop(&list, "clone 5"), 0);
		CHECK(kept_names(&list, above, &names) <= sizeof(names));
		for (i = 0; i < names.count; i++, seen++) {
			CHECK(names.names[i].number > above);
			above = names.names[i].number;
		}
	} while (names.more);
	CHECK_EQ(seen, 149);
	CHECK_EQ(kept_names(&list, above, &names),
		 offsetof(struct control_names, names));
	kept_free(&list);
	end_parent(parent);
}

const struct lib_test clone_tests[] = {
	{ "a child passes every option", test_child_fields },
	{ "a child that cannot be", test_child_refused },
	{ "a child that cannot be named is closed", test_child_without_name },
	{ "a VMO composed of parts", test_compose },
	{ "reset and seal", test_reset_and_seal },
	{ "info with shares", test_info_shares },
	{ "waiting until there are no children", test_wait_childless },
	{ "vmoctl: the order of a family", test_family_order },
	{ "vmoctl: a family of many generations", test_family_deep },
	{ "vmoctl: clones that are kept", test_kept },
	{ NULL, NULL }
};
