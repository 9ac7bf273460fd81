// SPDX-License-Identifier: GPL-2.0
/*
 * Loading the module with each allocation of its own failing once: the load
 * fails, or does without; nothing stays behind, so that the next one works.
 * The kernel's log is a judge too: what is left registered shows there when it
 * is registered again.
 */
#include <sys/syscall.h>

#include "fail_nth.h"
#include "vmop_test.h"

#define MAX_NTH 5000
#define KEY 0x10ad

FIXTURE(fail_load)
{
	int nth_fd;
};

/* Every fourth allocation each, so that no test takes too long. */
#define PARTS 4

FIXTURE_VARIANT(fail_load)
{
	int first;
};

FIXTURE_VARIANT_ADD(fail_load, first)
{
	.first = 1,
};

FIXTURE_VARIANT_ADD(fail_load, second)
{
	.first = 2,
};

FIXTURE_VARIANT_ADD(fail_load, third)
{
	.first = 3,
};

FIXTURE_VARIANT_ADD(fail_load, fourth)
{
	.first = 4,
};

static int load(void)
{
	const char *path = getenv("VMOP_KO");
	int fd = open(path ? path : "/vmopager.ko", O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);
	return ret;
}

static bool is_unloaded(void *arg)
{
	(void)arg;
	return !syscall(SYS_delete_module, "vmopager", O_NONBLOCK) ||
	       errno == ENOENT;
}

static bool device_exists(void *arg)
{
	(void)arg;
	return !access(VMOP_TEST_DEV, F_OK);
}

FIXTURE_SETUP(fail_load)
{
	self->nth_fd = fail_nth_open();
	ASSERT_LE(0, self->nth_fd)
		TH_LOG("fault injection: %s", strerror(-self->nth_fd));
	ASSERT_EQ(0, vmop_test_poll(is_unloaded, NULL));
}

FIXTURE_TEARDOWN(fail_load)
{
	close(self->nth_fd);
	if (!device_exists(NULL)) {
		EXPECT_EQ(0, load());
		EXPECT_EQ(0, vmop_test_poll(device_exists, NULL));
	}
}

TEST_F_TIMEOUT(fail_load, each_allocation, 90)
{
	int nth, ret = 0, left = 0, failed = 0;
	struct test_pager tp;
	struct test_vmo vmo;

	for (nth = variant->first; nth < MAX_NTH && !left; nth += PARTS) {
		ASSERT_EQ(0, fail_nth_arm(self->nth_fd, nth));
		ret = load();
		left = fail_nth_disarm(self->nth_fd);
		ASSERT_LE(0, left);
		EXPECT_TRUE(!ret || ret == -ENOMEM)
			TH_LOG("failure %d became %d", nth, ret);
		EXPECT_EQ(!ret, device_exists(NULL));
		failed += ret != 0;
		if (left)
			break;
		ASSERT_EQ(0, vmop_test_poll(is_unloaded, NULL));
	}
	ASSERT_LT(0, left);
	ASSERT_EQ(0, ret);
	/* The kernel does without some, mostly those of its debugging aids. */
	EXPECT_LT(10, failed);
	TH_LOG("%d loads, %d of them failed", nth / PARTS, failed);
	ASSERT_EQ(0, test_pager_init(&tp));
	new_vmo(&tp, &vmo, KEY, 4);
	supply(&tp, &vmo, 0, 4);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(4)));
	test_pager_exit(&tp);
}

VMOP_TEST_MAIN
