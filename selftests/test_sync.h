/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of fsync() and its relatives have in common: ways to ask for all of
 * a VMO to be written back, and a fixture of test_dirty.h whose VMO is made already,
 * with all pages there and clean, and which runs once for each way.
 */
#ifndef TEST_SYNC_H
#define TEST_SYNC_H

#include "test_child.h"
#include "test_dirty.h"

/* Pages of the VMO. */
#define NR 8

enum sync_way {
	SYNC_FSYNC,
	SYNC_FDATASYNC,
	SYNC_MSYNC,
};

struct sync_call {
	const struct test_vmo *vmo;
	enum sync_way way;
	__u64 pgoff;	/* msync() only */
	__u64 nr;
};

static inline int sync_now(const struct sync_call *call)
{
	const struct test_vmo *vmo = call->vmo;
	int ret;

	switch (call->way) {
	case SYNC_FSYNC:
		ret = fsync(vmo->fd);
		break;
	case SYNC_FDATASYNC:
		ret = fdatasync(vmo->fd);
		break;
	default:
		ret = msync(vmo->map + PG(call->pgoff), PG(call->nr), MS_SYNC);
	}
	return ret ? -errno : 0;
}

static inline void do_sync(void *arg, struct vmop_result *res)
{
	int ret = sync_now(arg);

	res->ret = ret ? -1 : 0;
	res->err = -ret;
}

#define CALL(_way) \
	(struct sync_call){ &self->vmo, _way, 0, self->vmo.nr_pages }
#define start_sync(_call) vmop_thread_call(do_sync, _call)
#define answer(_err) \
	test_fail_id(self->tp.fd, self->vmo.fd, self->tp.last.id, _err)
#define fail_types(_types, _pgoff, _nr) \
	ASSERT_EQ(0, vmop_test_op_range(self->tp.fd, self->vmo.fd, \
					VMOP_PAGER_OP_FAIL, PG(_pgoff), PG(_nr), \
					EIO, _types, NULL))

#define SYNC_FIXTURE_SETUP(_name) \
	DIRTY_FIXTURE_SETUP(_name, test_wb_init, make(NO_TRAP, NR, NR))

/* One way: the test says which. */
#define SYNC_FIXTURE(_name) \
DIRTY_FIXTURE_DATA(_name); \
SYNC_FIXTURE_SETUP(_name)

/* Every test runs once for each way. */
#define SYNC_FIXTURE_BY_WAY(_name) \
DIRTY_FIXTURE_DATA(_name); \
FIXTURE_VARIANT(_name) \
{ \
	enum sync_way way; \
}; \
FIXTURE_VARIANT_ADD(_name, fsync) \
{ \
	.way = SYNC_FSYNC, \
}; \
FIXTURE_VARIANT_ADD(_name, fdatasync) \
{ \
	.way = SYNC_FDATASYNC, \
}; \
FIXTURE_VARIANT_ADD(_name, msync) \
{ \
	.way = SYNC_MSYNC, \
}; \
SYNC_FIXTURE_SETUP(_name)

#endif /* TEST_SYNC_H */
