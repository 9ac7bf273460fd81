// SPDX-License-Identifier: GPL-2.0
/*
 * A supply that runs out of memory in the middle: SUP-10 of the specification of
 * behaviour. Operations that do or do not succeed are in fail_nth.c.
 */
#include "fail_nth.h"
#include "vmop_test.h"

#define KEY 0x5010
#define MAX_NTH 100
#define MANY 200

FIXTURE(fail_supply)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *buf;
	int nth_fd;
};

/* All that is missing, in one call. */
FIXTURE_VARIANT(fail_supply)
{
	enum test_pager_method method;
};

FIXTURE_VARIANT_ADD(fail_supply, copy)
{
	.method = TEST_PAGER_COPY,
};

FIXTURE_VARIANT_ADD(fail_supply, move)
{
	.method = TEST_PAGER_MOVE,
};

FIXTURE_SETUP(fail_supply)
{
	self->buf = aligned_alloc(PG(1), PG(MANY));
	ASSERT_NE(NULL, self->buf);
	vmop_test_fill(self->buf, KEY, 0, PG(MANY));
	self->nth_fd = fail_nth_open();
	ASSERT_LE(0, self->nth_fd)
		TH_LOG("fault injection: %s", strerror(-self->nth_fd));
}

FIXTURE_TEARDOWN(fail_supply)
{
	close(self->nth_fd);
	free(self->buf);
}

/*
 * SUP-10: without memory for a node in the middle, the pages before it stay and
 * wake who waits for them, out_actual says how many there are, the others are
 * gone from the aux VMO as well, and can be supplied later.
 */
TEST_F_TIMEOUT(fail_supply, sup_10_rest_can_be_supplied, 90)
{
	bool move = variant->method == TEST_PAGER_MOVE;
	struct vmop_thread *t;
	__u64 actual = 0;
	int nth, ret = -1, aux = -1, partial = 0;

	for (nth = 1; ret; nth++) {
		ASSERT_GT(MAX_NTH, nth);
		ASSERT_EQ(0, test_pager_init(&self->tp));
		new_vmo(&self->tp, &self->vmo, KEY, MANY);
		t = vmop_thread_load(self->vmo.map, 1);
		expect_blocked(t, &self->vmo, 1);
		if (move)
			aux = test_pager_aux(&self->tp, KEY, 0, MANY);
		ASSERT_EQ(0, fail_nodes_arm(nth));
		if (move)
			ret = vmop_test_supply(self->tp.fd, self->vmo.fd, 0,
					       PG(MANY), aux, 0, &actual);
		else
			ret = vmop_test_supply_copy(self->tp.fd, self->vmo.fd,
						    0, PG(MANY), self->buf,
						    &actual);
		ASSERT_EQ(0, fail_nodes_disarm());
		EXPECT_EQ(ret ? -ENOMEM : 0, ret);
		EXPECT_EQ(!ret, actual == PG(MANY));
		ASSERT_EQ(0, actual % PG(1));
		EXPECT_EQ(actual, vmop_test_committed(self->vmo.fd));
		EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, actual));
		partial += ret && actual;
		EXPECT_EQ(actual ? 0 : 1, vmop_test_waiters(self->vmo.fd));
		if (move) {
			EXPECT_EQ(0, vmop_test_committed(aux));
			close(aux);
		}
		if (ret)
			supply(&self->tp, &self->vmo, actual / PG(1),
			       MANY - actual / PG(1));
		expect_done(t, 1);
		EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, PG(MANY)));
		test_pager_exit(&self->tp);
	}
	/* in the middle, not only at the start: a node is for 64 pages */
	EXPECT_LE(3, partial);
}

VMOP_TEST_MAIN
