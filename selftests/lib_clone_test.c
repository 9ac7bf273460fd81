// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of libvmopager: children, reset, seal, and waiting until a VMO has
 * no children.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "lib_mock.h"

static int children;
static int last_child = -1;

/* Knows the commands of clones, and every descriptor is a VMO. */
static int on_clone(int fd, unsigned long cmd, void *arg)
{
	struct vmop_vmo_create_child *child = arg;
	struct vmop_vmo_get_info *info = arg;
	struct vmop_vmo_reset *reset_cmd = arg;

	switch (cmd) {
	case VMOP_VMO_CREATE_CHILD:
		children++;
		last_child = memfd_create("child", MFD_CLOEXEC);
		child->out_vmo_fd = last_child;
		return 0;
	case VMOP_VMO_GET_INFO:
		if (info->flags & VMOP_GET_INFO_SHARES)
			info->out_scaled = 6144;
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

static void test_reset_and_seal(void)
{
	struct vmop_vmo *vmo = new_parent();
	__u64 actual = 1;

	CHECK_EQ(vmop_vmo_reset(vmo, &actual), 0);
	CHECK_EQ(actual, 2 * PAGE);
	CHECK_EQ(vmop_vmo_reset(vmo, NULL), 0);
	mock.fail_with = EOPNOTSUPP;
	CHECK_EQ(vmop_vmo_reset(vmo, &actual), -EOPNOTSUPP);
	CHECK_EQ(actual, 0);
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

const struct lib_test clone_tests[] = {
	{ "a child passes every option", test_child_fields },
	{ "a child that cannot be", test_child_refused },
	{ "a child that cannot be named is closed", test_child_without_name },
	{ "reset and seal", test_reset_and_seal },
	{ "info with shares", test_info_shares },
	{ "waiting until there are no children", test_wait_childless },
	{ NULL, NULL }
};
