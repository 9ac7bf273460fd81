// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading: the module cannot be removed while anything of it is
 * in use, whatever that is; it can be afterwards, and nothing of it stays.
 *
 * Every test ends with the module loaded. The file to load is /vmopager.ko, as
 * in the test VM, or what VMOP_KO says.
 */
#include <sys/socket.h>
#include <sys/syscall.h>

#include "test_child.h"
#include "vmop_test.h"

#define KEY 0x10ad
#define MODULE "vmopager"

static const char *module_file(void)
{
	const char *path = getenv("VMOP_KO");

	return path ? path : "/" MODULE ".ko";
}

/* 0 or -errno; -EAGAIN: it is in use. */
static int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? -errno : 0;
}

static int load(void)
{
	int fd = open(module_file(), O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static bool is_unloaded(void *arg)
{
	int *ret = arg;

	*ret = unload();
	return *ret != -EAGAIN;
}

/* The last reference may be dropped a moment after the call that did it. */
static int unload_soon(void)
{
	int ret;

	return vmop_test_poll(is_unloaded, &ret) ? -EAGAIN : ret;
}

/* Does a line of a file contain this text? */
static bool file_has(const char *path, const char *text)
{
	char line[512];
	bool found = false;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, text);
	fclose(f);
	return found;
}

static bool device_exists(void *arg)
{
	(void)arg;
	return !access(VMOP_TEST_DEV, F_OK);
}

static bool device_is_gone(void *arg)
{
	return !device_exists(arg);
}

FIXTURE(modload)
{
	struct test_pager tp;
};

FIXTURE_SETUP(modload)
{
	if (access(module_file(), R_OK))
		SKIP(return, "no %s: set VMOP_KO", module_file());
	ASSERT_EQ(0, test_pager_init(&self->tp));
}

FIXTURE_TEARDOWN(modload)
{
	test_pager_exit(&self->tp);
	if (!device_exists(NULL)) {
		EXPECT_EQ(0, load());
		EXPECT_EQ(0, vmop_test_poll(device_exists, NULL));
	}
}

#define expect_in_use() EXPECT_EQ(-EAGAIN, unload())

/* It goes, nothing of it stays, and it can come back. */
#define expect_unloads() do { \
	ASSERT_EQ(0, unload_soon()); \
	EXPECT_EQ(0, vmop_test_poll(device_is_gone, NULL)); \
	EXPECT_FALSE(file_has("/proc/modules", MODULE)); \
	EXPECT_FALSE(file_has("/proc/misc", MODULE)); \
	EXPECT_FALSE(file_has("/proc/filesystems", "vmop")); \
	EXPECT_FALSE(file_has("/proc/slabinfo", "vmop")); \
	EXPECT_NE(0, access("/sys/module/" MODULE, F_OK)); \
	ASSERT_EQ(0, load()); \
	EXPECT_EQ(0, vmop_test_poll(device_exists, NULL)); \
} while (0)

/* Closes what the fixture opened, so that only the test's object is left. */
#define close_pager(_self) do { \
	test_pager_close_port(&(_self)->tp); \
	test_pager_close(&(_self)->tp); \
} while (0)

TEST_F(modload, pager)
{
	test_pager_close_port(&self->tp);
	expect_in_use();
	test_pager_close(&self->tp);
	expect_unloads();
}

TEST_F(modload, port)
{
	test_pager_close(&self->tp);
	expect_in_use();
	test_pager_close_port(&self->tp);
	expect_unloads();
}

TEST_F(modload, vmo)
{
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 4);
	supply(&self->tp, &vmo, 0, 2);
	test_vmo_unmap(&self->tp, &vmo);
	close_pager(self);
	expect_in_use();
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(2)));
	test_vmo_close(&self->tp, &vmo);
	expect_unloads();
}

TEST_F(modload, anonymous_vmo)
{
	int fd;

	test_vmo_create(&fd, self->tp.fd, 0, PG(4));
	ASSERT_EQ(1, vmop_test_pwrite(fd, "x", 1, PG(1)));
	close_pager(self);
	expect_in_use();
	close(fd);
	expect_unloads();
}

TEST_F(modload, reopened_vmo)
{
	struct test_vmo vmo;
	int fd;

	new_vmo(&self->tp, &vmo, KEY, 4);
	test_reopen(&fd, vmo.fd, O_RDONLY | O_CLOEXEC);
	test_vmo_close(&self->tp, &vmo);
	close_pager(self);
	expect_in_use();
	close(fd);
	expect_unloads();
}

/* A mapping alone, with dirty and with clean pages and with zeros. */
TEST_F(modload, mapping)
{
	struct test_vmo vmo;
	char *map;

	new_vmo(&self->tp, &vmo, KEY, 4);
	supply(&self->tp, &vmo, 0, 2);
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(1), NULL);
	map = mmap(NULL, PG(4), PROT_READ | PROT_WRITE, MAP_SHARED, vmo.fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	test_vmo_close(&self->tp, &vmo);
	close_pager(self);
	expect_in_use();
	map[0] = 1;
	EXPECT_TRUE(vmop_test_check(map + PG(1), KEY, PG(1), PG(1)));
	EXPECT_EQ(0, map[PG(2)]);
	expect_in_use();
	munmap(map, PG(4));
	expect_unloads();
}

/* A process that waits in a fault, whose mapping is the only one. */
static int wait_in_fault(void *arg)
{
	return vmop_mem_touch(arg, 1, NULL);
}

TEST_F(modload, waiting_process)
{
	struct test_vmo vmo;
	pid_t pid;

	new_vmo(&self->tp, &vmo, KEY, 4);
	pid = test_child_start(wait_in_fault, vmo.map);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait_blocked(pid, vmo.fd, 1));
	test_vmo_close(&self->tp, &vmo);
	close_pager(self);
	expect_in_use();
	ASSERT_EQ(0, test_child_kill(pid, SIGKILL, NULL));
	expect_unloads();
}

/* A descriptor in flight that nobody has received. */
TEST_F(modload, descriptor_in_flight)
{
	char data = 'x', ctl[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { &data, 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl, .msg_controllen = sizeof(ctl),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	int fd, sock[2];

	test_vmo_create(&fd, self->tp.fd, 0, PG(1));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, sock));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	ASSERT_EQ(1, sendmsg(sock[0], &msg, 0));
	close(fd);
	close_pager(self);
	expect_in_use();
	close(sock[0]);
	close(sock[1]);
	expect_unloads();
}

/* A page in a pipe outlives VMO, pager and module. */
TEST_F(modload, page_in_a_pipe)
{
	struct test_vmo vmo;
	struct iovec iov;
	char *buf = malloc(PG(1));
	int p[2];

	new_vmo(&self->tp, &vmo, KEY, 1);
	supply(&self->tp, &vmo, 0, 1);
	ASSERT_EQ(0, pipe2(p, O_CLOEXEC));
	iov = (struct iovec){ vmo.map, PG(1) };
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	test_vmo_close(&self->tp, &vmo);
	close_pager(self);
	expect_unloads();
	ASSERT_EQ(PG(1), read(p[0], buf, PG(1)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, 0, PG(1)));
	close(p[0]);
	close(p[1]);
	free(buf);
}

/* A failure that nobody has come back for does not hinder. */
TEST_F(modload, failure_left_behind)
{
	struct vmop_thread *t;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, KEY, 1);
	t = vmop_thread_load(vmo.map, 1);
	expect_blocked(t, &vmo, 1);
	test_vmo_unmap(&self->tp, &vmo);
	fail_range(&self->tp, &vmo, 0, 1, EIO);
	ASSERT_EQ(0, vmop_thread_wait(t, &(struct vmop_result){ 0 }));
	test_vmo_close(&self->tp, &vmo);
	close_pager(self);
	expect_unloads();
}

/* Everything once, then away with it; twenty times. */
TEST_F(modload, twenty_times)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	struct test_vmo vmo;
	int i;

	close_pager(self);
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, unload_soon());
		ASSERT_EQ(0, load());
		ASSERT_EQ(0, vmop_test_poll(device_exists, NULL));
		ASSERT_EQ(0, test_pager_init(&self->tp));
		new_resizable(&self->tp, &vmo, KEY, 16);
		ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
		EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, PG(4)));
		EXPECT_TRUE(vmop_test_check(vmo.map + PG(4), KEY, PG(4),
					    PG(4)));
		vmo.map[PG(8)] = 1;
		test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, 100, PG(3), NULL);
		test_set_size(vmo.fd, PG(20));
		EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(16), PG(4)));
		EXPECT_EQ(0, test_pager_stop(&self->tp));
		expect_in_use();
		test_pager_exit(&self->tp);
	}
	ASSERT_EQ(0, unload_soon());
	EXPECT_FALSE(file_has("/proc/slabinfo", "vmop"));
	/* what the teardown closes is nothing any more */
	memset(&self->tp, 0, sizeof(self->tp));
	self->tp.fd = -1;
	self->tp.port = -1;
	self->tp.stop_fd = -1;
}

VMOP_TEST_MAIN
