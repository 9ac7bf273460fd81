/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How to write a vmopager test: include this file (and no other of the suite),
 * take a fixture from below or write one, end with VMOP_TEST_MAIN. One test
 * program is one .c file, named in the Makefile and in tests.list.
 *
 * Layers, lowest first: vmop_util.h (raw ioctls, content, waiting),
 * vmop_thread.h (threads that do one access), test_pager.h (the pager of the
 * test), this file (assertions and fixtures). Only this one knows the harness.
 *
 * Calls come as triplets:
 *	vmop_test_supply(...)		0 or -errno, asserts nothing
 *	test_supply(...)		must succeed
 *	test_err_supply(errno, ...)	must fail with exactly this errno
 * The macros use _metadata: call them in TEST_F() bodies.
 *
 * Names: a test is named after its rule in the specification of behaviour, in
 * lower case (obj_2_order_of_checks); the comment above cites the rules, and
 * the Zircon test where there is one.
 *
 * Environment: VMOP_SLOW=1 stretches all timeouts by ten. Arguments of a test
 * program: run only tests whose name contains one of them.
 */
#ifndef VMOP_TEST_H
#define VMOP_TEST_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kselftest_harness.h"

#include "test_pager.h"
#include "vmop_thread.h"
#include "vmop_util.h"

/* Seconds that a test may take, before VMOP_SLOW: the harness' 30 is short for emulation. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 60

/* A call of the 0-or-negative-errno kind must have failed with this errno. */
#define ASSERT_ERR(_err, _ret) ASSERT_EQ(-(_err), _ret)
#define EXPECT_ERR(_err, _ret) EXPECT_EQ(-(_err), _ret)

/* ---- triplets ------------------------------------------------------------ */

#define test_ioctl(...) ASSERT_EQ(0, vmop_test_ioctl(__VA_ARGS__))
#define test_err_ioctl(_err, ...) \
	EXPECT_ERR(_err, vmop_test_ioctl(__VA_ARGS__))

#define test_info(...) ASSERT_EQ(0, vmop_test_info(__VA_ARGS__))

#define test_detach(...) ASSERT_EQ(0, vmop_test_detach(__VA_ARGS__))
#define test_err_detach(_err, ...) \
	EXPECT_ERR(_err, vmop_test_detach(__VA_ARGS__))

#define test_supply(...) ASSERT_EQ(0, vmop_test_supply(__VA_ARGS__))
#define test_err_supply(_err, ...) \
	EXPECT_ERR(_err, vmop_test_supply(__VA_ARGS__))

#define test_supply_copy(...) ASSERT_EQ(0, vmop_test_supply_copy(__VA_ARGS__))
#define test_err_supply_copy(_err, ...) \
	EXPECT_ERR(_err, vmop_test_supply_copy(__VA_ARGS__))

#define test_supply_zero(...) ASSERT_EQ(0, vmop_test_supply_zero(__VA_ARGS__))
#define test_err_supply_zero(_err, ...) \
	EXPECT_ERR(_err, vmop_test_supply_zero(__VA_ARGS__))

#define test_supply_file(...) ASSERT_EQ(0, vmop_test_supply_file(__VA_ARGS__))
#define test_err_supply_file(_err, ...) \
	EXPECT_ERR(_err, vmop_test_supply_file(__VA_ARGS__))

#define test_op_range(...) ASSERT_EQ(0, vmop_test_op_range(__VA_ARGS__))
#define test_err_op_range(_err, ...) \
	EXPECT_ERR(_err, vmop_test_op_range(__VA_ARGS__))

#define test_fail(...) ASSERT_EQ(0, vmop_test_fail(__VA_ARGS__))
#define test_err_fail(_err, ...) EXPECT_ERR(_err, vmop_test_fail(__VA_ARGS__))

#define test_fail_id(...) ASSERT_EQ(0, vmop_test_fail_id(__VA_ARGS__))
#define test_err_fail_id(_err, ...) \
	EXPECT_ERR(_err, vmop_test_fail_id(__VA_ARGS__))

#define test_vmo_op(...) ASSERT_EQ(0, vmop_test_vmo_op(__VA_ARGS__))
#define test_err_vmo_op(_err, ...) \
	EXPECT_ERR(_err, vmop_test_vmo_op(__VA_ARGS__))

#define test_set_size(...) ASSERT_EQ(0, vmop_test_set_size(__VA_ARGS__))
#define test_err_set_size(_err, ...) \
	EXPECT_ERR(_err, vmop_test_set_size(__VA_ARGS__))

#define test_get_info(...) ASSERT_EQ(0, vmop_test_get_info(__VA_ARGS__))
#define test_err_get_info(_err, ...) \
	EXPECT_ERR(_err, vmop_test_get_info(__VA_ARGS__))

#define test_set_name(...) ASSERT_EQ(0, vmop_test_set_name(__VA_ARGS__))
#define test_err_set_name(_err, ...) \
	EXPECT_ERR(_err, vmop_test_set_name(__VA_ARGS__))

/* Those that make a descriptor: test_x(&fd, ...). */
#define test_port_create(_fd, ...) do { \
	*(_fd) = vmop_test_port_create(__VA_ARGS__); \
	ASSERT_LE(0, *(_fd)); \
} while (0)
#define test_err_port_create(_err, ...) \
	EXPECT_ERR(_err, vmop_test_port_create(__VA_ARGS__))

#define test_pager_vmo_create(_fd, ...) do { \
	*(_fd) = vmop_test_pager_vmo_create(__VA_ARGS__); \
	ASSERT_LE(0, *(_fd)); \
} while (0)
#define test_err_pager_vmo_create(_err, ...) \
	EXPECT_ERR(_err, vmop_test_pager_vmo_create(__VA_ARGS__))

#define test_vmo_create(_fd, ...) do { \
	*(_fd) = vmop_test_vmo_create(__VA_ARGS__); \
	ASSERT_LE(0, *(_fd)); \
} while (0)
#define test_err_vmo_create(_err, ...) \
	EXPECT_ERR(_err, vmop_test_vmo_create(__VA_ARGS__))

#define test_reopen(_fd, ...) do { \
	*(_fd) = vmop_test_reopen(__VA_ARGS__); \
	ASSERT_LE(0, *(_fd)); \
} while (0)

/* ---- the test pager ------------------------------------------------------ */

/* A VMO of nr pages, flags 0. */
#define new_vmo(_tp, _vmo, _key, _nr) \
	ASSERT_EQ(0, test_pager_vmo(_tp, _vmo, _key, _nr))
/* The same with VMOP_VMO_RESIZABLE. */
#define new_resizable(_tp, _vmo, _key, _nr) \
	ASSERT_EQ(0, test_pager_vmo_args(_tp, _vmo, \
		  &(struct vmop_test_vmo_args){ .flags = VMOP_VMO_RESIZABLE, \
		  .key = (_key), .length = PG(_nr) }))

/* An anonymous VMO of nr pages with the pattern of key, and its mapping. */
#define new_anon_map(_tp, _fd, _map, _key, _nr) do { \
	*(_fd) = test_pager_aux(_tp, _key, 0, _nr); \
	ASSERT_LE(0, *(_fd)); \
	*(_map) = mmap(NULL, PG(_nr), PROT_READ | PROT_WRITE, MAP_SHARED, \
		       *(_fd), 0); \
	ASSERT_NE(MAP_FAILED, *(_map)); \
	EXPECT_TRUE(vmop_test_check(*(_map), _key, 0, PG(_nr))); \
} while (0)

/* The next record is READ(pgoff, nr) of this VMO / COMPLETE / there is none. */
#define expect_read(_tp, _vmo, _pgoff, _nr) \
	ASSERT_EQ(0, test_pager_expect_read(_tp, _vmo, _pgoff, _nr))
#define expect_complete(_tp, _key) \
	ASSERT_EQ(0, test_pager_expect_complete(_tp, _key))
#define expect_none(_tp) ASSERT_EQ(0, test_pager_expect_none(_tp))

/* Answers. */
#define supply(_tp, _vmo, _pgoff, _nr) \
	ASSERT_EQ(0, test_pager_supply(_tp, _vmo, _pgoff, _nr))
#define supply_empty(_tp, _vmo, _pgoff, _nr) \
	ASSERT_EQ(0, test_pager_supply_empty(_tp, _vmo, _pgoff, _nr))
#define fail_range(_tp, _vmo, _pgoff, _nr, _err) \
	ASSERT_EQ(0, test_pager_fail(_tp, _vmo, _pgoff, _nr, _err))
#define detach(_tp, _vmo) ASSERT_EQ(0, test_pager_detach(_tp, _vmo))

/* ---- threads ------------------------------------------------------------- */

/* The thread sleeps, as one of n that wait for this VMO's pager. */
#define expect_blocked(_thread, _vmo, _n) \
	ASSERT_EQ(0, vmop_thread_wait_blocked(_thread, (_vmo)->fd, _n))
/* It ends and returns this many bytes (calls: their return value). */
#define expect_done(_thread, _ret) do { \
	struct vmop_result __res; \
	ASSERT_EQ(0, vmop_thread_wait(_thread, &__res)); \
	EXPECT_EQ(0, __res.err); \
	EXPECT_EQ(0, __res.sig); \
	EXPECT_EQ((long)(_ret), __res.ret); \
	vmop_result_free(&__res); \
} while (0)
/* As expect_done, and what it read is the pattern of key at offset. */
#define expect_content(_thread, _ret, _key, _off) do { \
	struct vmop_result __res; \
	ASSERT_EQ(0, vmop_thread_wait(_thread, &__res)); \
	EXPECT_EQ(0, __res.err); \
	EXPECT_EQ(0, __res.sig); \
	ASSERT_EQ((long)(_ret), __res.ret); \
	EXPECT_TRUE(vmop_test_check(__res.buf, _key, _off, __res.ret)); \
	vmop_result_free(&__res); \
} while (0)
/* It ends with this errno. */
#define expect_errno(_thread, _err) do { \
	struct vmop_result __res; \
	ASSERT_EQ(0, vmop_thread_wait(_thread, &__res)); \
	EXPECT_EQ(0, __res.sig); \
	EXPECT_EQ(_err, __res.err); \
	EXPECT_EQ(-1, __res.ret); \
	vmop_result_free(&__res); \
} while (0)
/* Its access to a mapping raised SIGBUS at this address. */
#define expect_sigbus(_thread, _addr) do { \
	struct vmop_result __res; \
	ASSERT_EQ(0, vmop_thread_wait(_thread, &__res)); \
	EXPECT_EQ(SIGBUS, __res.sig); \
	EXPECT_EQ((uintptr_t)(_addr), (uintptr_t)__res.sig_addr); \
	vmop_result_free(&__res); \
} while (0)

/* ---- fixtures ------------------------------------------------------------ */

/*
 * What a fixture does that has a test pager in self->tp and nothing else to
 * prepare. It comes after FIXTURE() and the variants, if there are any.
 */
#define VMOP_FIXTURE_SETUP_PAGER(_name) \
FIXTURE_SETUP(_name) \
{ \
	ASSERT_EQ(0, test_pager_init(&self->tp)); \
} \
FIXTURE_TEARDOWN(_name) \
{ \
	test_pager_exit(&self->tp); \
}

/* A test pager in self->tp, everything else is the test's. */
#define VMOP_FIXTURE(_name) \
FIXTURE(_name) \
{ \
	struct test_pager tp; \
}; \
VMOP_FIXTURE_SETUP_PAGER(_name)

/*
 * The same with two variants: every test runs once with variant->map false
 * (access by pread and pwrite) and once with true (through the mapping).
 * start_read() and start_write() begin the access that the variant says.
 */
#define VMOP_FIXTURE_BY_ACCESS(_name) \
FIXTURE(_name) \
{ \
	struct test_pager tp; \
}; \
FIXTURE_VARIANT(_name) \
{ \
	bool map; \
}; \
FIXTURE_VARIANT_ADD(_name, call) \
{ \
	.map = false, \
}; \
FIXTURE_VARIANT_ADD(_name, map) \
{ \
	.map = true, \
}; \
VMOP_FIXTURE_SETUP_PAGER(_name)

/* A thread that reads [pgoff, pgoff + nr) of the VMO in the variant's way. */
static inline struct vmop_thread *
vmop_start_read(const struct test_vmo *vmo, bool map, __u64 pgoff, __u64 nr)
{
	if (map)
		return vmop_thread_load(vmo->map + PG(pgoff), PG(nr));
	return vmop_thread_pread(vmo->fd, PG(pgoff), PG(nr));
}

/* A thread that writes the pattern of key there. */
static inline struct vmop_thread *
vmop_start_write(const struct test_vmo *vmo, bool map, __u64 pgoff, __u64 nr,
		 __u64 key)
{
	if (map)
		return vmop_thread_store(vmo->map + PG(pgoff), PG(nr), key,
					 PG(pgoff));
	return vmop_thread_pwrite(vmo->fd, PG(pgoff), PG(nr), key);
}

#define start_read(_vmo, _pgoff, _nr) \
	vmop_start_read(_vmo, variant->map, _pgoff, _nr)
#define start_write(_vmo, _pgoff, _nr, _key) \
	vmop_start_write(_vmo, variant->map, _pgoff, _nr, _key)

/* ---- main ---------------------------------------------------------------- */

static inline bool
vmop_test_wanted(const char *name, int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

/* Stretch the timeouts and drop the tests that the arguments do not name. */
static inline void
vmop_test_prepare(int argc, char **argv)
{
	struct __fixture_metadata *f;
	struct __test_metadata *t, **link;

	for (f = __fixture_list; f; f = f->next) {
		link = &f->tests;
		while ((t = *link)) {
			t->timeout *= vmop_test_scale();
			if (vmop_test_wanted(t->name, argc, argv))
				link = &t->next;
			else
				*link = t->next;
		}
	}
}

#define VMOP_TEST_MAIN \
	static void __attribute__((constructor)) \
	__constructor_order_last(void) \
	{ \
		if (!__constructor_order) \
			__constructor_order = _CONSTRUCTOR_ORDER_BACKWARD; \
	} \
	int main(int argc, char **argv) \
	{ \
		vmop_test_prepare(argc, argv); \
		return test_harness_run(argc, argv); \
	}

#endif /* VMOP_TEST_H */
