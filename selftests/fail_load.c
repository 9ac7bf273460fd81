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

/*
 * Most allocations of a load are the kernel's, which makes files for the
 * tracepoints and does without those that fail. Where so many loads in a row have
 * worked only every eighth allocation fails, up to the next load that does not
 * work, before which all that were passed over have their turn.
 */
#define STEADY 16
#define STRIDE 8

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

TEST_F_TIMEOUT(fail_load, each_allocation, 300)
{
	int nth, step, ret = 0, left = 0, steady = 0, loads = 0, failed = 0;
	struct test_pager tp;
	struct test_vmo vmo;

	for (nth = 1, step = 1; nth < MAX_NTH; nth += step) {
		ASSERT_EQ(0, fail_nth_arm(self->nth_fd, nth));
		ret = load();
		left = fail_nth_disarm(self->nth_fd);
		ASSERT_LE(0, left);
		EXPECT_TRUE(!ret || ret == -ENOMEM)
			TH_LOG("failure %d became %d", nth, ret);
		EXPECT_EQ(!ret, device_exists(NULL));
		loads++;
		failed += ret != 0;
		steady = ret || left ? 0 : steady + 1;
		if (!steady && step > 1)
			nth -= step;
		else if (left)
			break;
		step = steady < STEADY ? 1 : STRIDE;
		ASSERT_EQ(0, vmop_test_poll(is_unloaded, NULL));
	}
	ASSERT_LT(0, left);
	ASSERT_EQ(0, ret);
	/* The kernel does without some, mostly those of its debugging aids. */
	EXPECT_LT(10, failed);
	TH_LOG("%d allocations, %d loads, %d of them failed", nth - 1, loads,
	       failed);
	ASSERT_EQ(0, test_pager_init(&tp));
	new_vmo(&tp, &vmo, KEY, 4);
	supply(&tp, &vmo, 0, 4);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, PG(4)));
	test_pager_exit(&tp);
}

/*
 * What the loads above lost. sysfs_slab_add() of 6.1 does not put the kobject
 * whose addition failed: its name is lost, whosever the cache is. Of those
 * kmemleak is told that they are known; anything else fails, here and at the
 * VM's end. A fixture of its own, to come after the loads.
 */
#define KMEMLEAK "/sys/kernel/debug/kmemleak"

FIXTURE(fail_load_leaks)
{
	int fd;
	char *report;
	size_t size;
};

FIXTURE_SETUP(fail_load_leaks)
{
	self->size = 4 << 20;
	self->report = calloc(1, self->size);
	ASSERT_NE(NULL, self->report);
	self->fd = open(KMEMLEAK, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd)
		TH_LOG("%s: %s", KMEMLEAK, strerror(errno));
}

FIXTURE_TEARDOWN(fail_load_leaks)
{
	close(self->fd);
	free(self->report);
}

static bool tell_kmemleak(int fd, const char *word)
{
	return write(fd, word, strlen(word)) == (ssize_t)strlen(word);
}

/* All of the report: the file gives what fits, an object or more a time. */
static ssize_t read_report(int fd, char *report, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while (done < size - 1) {
		n = read(fd, report + done, size - 1 - done);
		if (n <= 0)
			return n < 0 ? -errno : (ssize_t)done;
		done += n;
	}
	return -E2BIG;
}

TEST_F_TIMEOUT(fail_load_leaks, are_those_of_sysfs_slab_add, 90)
{
	static const char head[] = "unreferenced object";
	char *object, *next;
	int nr = 0, ours = 0;

	/* Objects younger than 5 s do not count; the second scan reports. */
	sleep(6);
	ASSERT_TRUE(tell_kmemleak(self->fd, "scan"));
	ASSERT_TRUE(tell_kmemleak(self->fd, "scan"));
	ASSERT_LE(0, read_report(self->fd, self->report, self->size));
	for (object = strstr(self->report, head); object; object = next) {
		next = strstr(object + 1, head);
		if (next)
			next[-1] = '\0';
		nr++;
		if (strstr(object, "sysfs_slab_add"))
			continue;
		ours++;
		TH_LOG("%s", object);
	}
	ASSERT_EQ(0, ours);
	TH_LOG("%d names lost by sysfs_slab_add()", nr);
	ASSERT_TRUE(tell_kmemleak(self->fd, "clear"));
}

VMOP_TEST_MAIN
