/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of fsync() and its relatives have in common: a fixture with one
 * VMO, all of whose pages are there and clean, run once for each way to ask for
 * all of it to be written back; and short names for what happens to that VMO.
 */
#ifndef TEST_SYNC_H
#define TEST_SYNC_H

#include "test_child.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x5f5f
#define NEW (KEY + 1)
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
#define blocked(_t, _n) expect_blocked(_t, &self->vmo, _n)
#define dirty(_pgoff, _nr) do { \
	struct vmop_thread *__w = vmop_thread_pwrite(self->vmo.fd, PG(_pgoff), \
						     PG(_nr), NEW); \
	expect_done(__w, PG(_nr)); \
} while (0)
#define asked(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_expect(&self->tp, &self->vmo, VMOP_RECORD_WRITEBACK, \
				    _pgoff, _nr))
#define asked_none() expect_none(&self->tp)
#define begin(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_begin(&self->tp, &self->vmo, _pgoff, _nr))
#define end(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_end(&self->tp, &self->vmo, _pgoff, _nr))
#define clean(_pgoff, _nr) \
	ASSERT_EQ(0, test_wb_clean(&self->tp, &self->vmo, _pgoff, _nr))
#define answer(_err) \
	test_fail_id(self->tp.fd, self->vmo.fd, self->tp.last.id, _err)
#define fail_types(_types, _pgoff, _nr) \
	ASSERT_EQ(0, vmop_test_op_range(self->tp.fd, self->vmo.fd, \
					VMOP_PAGER_OP_FAIL, PG(_pgoff), PG(_nr), \
					EIO, _types, NULL))
#define is_dirty(_nr) \
	EXPECT_EQ(PG(_nr), test_wb_dirty(&self->tp, &self->vmo))

#define SYNC_FIXTURE_SETUP(_name) \
FIXTURE_SETUP(_name) \
{ \
	ASSERT_EQ(0, test_wb_init(&self->tp)); \
	new_resizable(&self->tp, &self->vmo, KEY, NR); \
	supply(&self->tp, &self->vmo, 0, NR); \
} \
FIXTURE_TEARDOWN(_name) \
{ \
	test_pager_exit(&self->tp); \
}

/* One way: the test says which. */
#define SYNC_FIXTURE(_name) \
FIXTURE(_name) \
{ \
	struct test_pager tp; \
	struct test_vmo vmo; \
}; \
SYNC_FIXTURE_SETUP(_name)

/* Every test runs once for each way. */
#define SYNC_FIXTURE_BY_WAY(_name) \
FIXTURE(_name) \
{ \
	struct test_pager tp; \
	struct test_vmo vmo; \
}; \
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
