// SPDX-License-Identifier: GPL-2.0
/*
 * How it ends, seen through clones: the pager detaches, fails, closes, loses its
 * port; the root is closed while clones of it live. Rules DET-8, DET-13, DET-14,
 * DET-16, PKT-8, REQ-23 to REQ-25, COW-23 and COW-24 of the specification of
 * behaviour, with the Zircon tests where there are some.
 */
#include "test_child.h"
#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define OWN 0xc1c1
#define NR 6

/* How the clone was made does not matter to what the root has clean or absent. */
FIXTURE(end)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
	struct test_cow c;		/* all of the root */
	struct test_cow d;		/* of c, from page 1 on */
};

FIXTURE_VARIANT(end)
{
	bool map;
	__u32 kind;
};

#define VARIANT(_name, _map, _kind) \
FIXTURE_VARIANT_ADD(end, _name) \
{ \
	.map = _map, \
	.kind = _kind, \
}

VARIANT(call, false, ON_WRITE);
VARIANT(map, true, ON_WRITE);
VARIANT(frozen_call, false, SNAPSHOT);
VARIANT(frozen_map, true, SNAPSHOT);
VARIANT(modified_call, false, MODIFIED);

FIXTURE_SETUP(end)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo(&self->tp, &self->vmo, OLD, NR));
	self->root = test_cow_of(&self->vmo);
	/* 0 to 2 are there, the rest is absent */
	supply(&self->tp, &self->vmo, 0, 3);
	child(&self->c, self->root.fd, variant->kind, 0, NR);
	put(&self->c, 1, 1, OWN);
	child(&self->d, self->c.fd, variant->kind, 1, NR - 1);
	put(&self->d, 1, 1, OWN + 1);
}

FIXTURE_TEARDOWN(end)
{
	test_cow_close(&self->c);
	test_cow_close(&self->d);
	test_pager_exit(&self->tp);
}

/* The access ends with this errno, or as a mapping with SIGBUS. */
#define fails(_t, _v, _pgoff, _err) do { \
	if (variant->map) \
		expect_sigbus(_t, (_v)->map + PG(_pgoff)); \
	else \
		expect_errno(_t, _err); \
} while (0)
#define read_fails(_v, _pgoff, _err) \
	fails(reader_by(_v, _pgoff, 1), _v, _pgoff, _err)
#define write_fails(_v, _pgoff, _err) \
	fails(writer_by(_v, _pgoff, 1, OWN), _v, _pgoff, _err)

/* DET-8, Zircon's CloneDetachTest: what was copied stays, the rest is gone. */
TEST_F(end, det_8_detach)
{
	shows_by(&self->c, 0, 1, OLD);
	shows_from_by(&self->d, 0, 1, OWN, 1);
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	shows_by(&self->c, 1, 1, OWN);
	shows_from_by(&self->d, 0, 1, OWN, 1);
	shows_by(&self->d, 1, 1, OWN + 1);
	read_fails(&self->c, 0, ENOTCONN);
	read_fails(&self->c, 2, ENOTCONN);
	read_fails(&self->c, 5, ENOTCONN);
	read_fails(&self->d, 4, ENOTCONN);
	write_fails(&self->c, 0, ENOTCONN);
	write_fails(&self->d, 3, ENOTCONN);
	test_err_vmo_op(ENOTCONN, self->c.fd, VMOP_VMO_OP_COMMIT, 0, PG(1),
			NULL);
	/* what is one's own can be written, what is zeroed needs nobody */
	put_by(&self->c, 1, 1, NEW);
	zero_pages(self->c.fd, 0, 1);
	zeros_by(&self->c, 0, 1);
	shows_by(&self->c, 1, 1, NEW);
	read_fails(&self->c, 2, ENOTCONN);
	expect_none(&self->tp);
}

/* DET-1: dirty pages of the root stay, and the clone sees them if it follows. */
TEST_F(end, det_8_dirty_pages_stay)
{
	put_by(&self->root, 0, 1, NEW);
	detach(&self->tp, &self->vmo);
	shows_by(&self->root, 0, 1, NEW);
	shows_by(&self->c, 0, 1, variant->kind == SNAPSHOT ? OLD : NEW);
	write_back(0, 1);
	read_fails(&self->c, 2, ENOTCONN);
}

/* DET-2: threads that wait through clones are released. */
TEST_F(end, det_2_releases_waiters)
{
	struct vmop_thread *t[3];

	t[0] = reader_by(&self->c, 4, 1);
	t[1] = writer_by(&self->d, 3, 1, OWN);
	t[2] = reader_by(&self->d, 4, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(self->root.fd, 3));
	detach(&self->tp, &self->vmo);
	fails(t[0], &self->c, 4, ENOTCONN);
	fails(t[1], &self->d, 3, ENOTCONN);
	fails(t[2], &self->d, 4, ENOTCONN);
	expect_complete(&self->tp, OLD);
	expect_none(&self->tp);
}

/* DET-10: a pager that closes takes nothing with it that is there. */
TEST_F(end, det_10_pager_closes)
{
	struct vmop_thread *t;

	t = reader_by(&self->d, 3, 1);
	expect_blocked(t, &self->vmo, 1);
	test_pager_close(&self->tp);
	fails(t, &self->d, 3, ENOTCONN);
	shows_by(&self->c, 0, 1, OLD);
	shows_by(&self->c, 1, 1, OWN);
	shows_by(&self->c, 2, 1, OLD);
	put_by(&self->c, 0, 1, NEW);
	shows_by(&self->root, 0, 3, OLD);
	read_fails(&self->c, 3, ENOTCONN);
	write_fails(&self->d, 4, ENOTCONN);
}

/* PKT-8: the port alone is closed. */
TEST_F(end, pkt_8_port_closes)
{
	struct vmop_thread *t;

	t = writer_by(&self->c, 3, 1, OWN);
	expect_blocked(t, &self->vmo, 1);
	test_pager_close_port(&self->tp);
	fails(t, &self->c, 3, ENOTCONN);
	read_fails(&self->d, 4, ENOTCONN);
	shows_by(&self->c, 2, 1, OLD);
	/* the pager can still supply: nobody has to be asked then */
	supply(&self->tp, &self->vmo, 3, 1);
	shows_by(&self->c, 3, 1, OLD);
	shows_from_by(&self->d, 2, 1, OLD, 3);
}

/* REQ-23, REQ-25, DET-8: a failure is told to those who waited, through clones. */
TEST_F(end, req_25_failed)
{
	struct vmop_thread *t[4];

	t[0] = reader_by(&self->c, 3, 1);
	t[1] = writer_by(&self->d, 2, 1, OWN);
	t[2] = reader_by(&self->root, 3, 1);
	t[3] = reader_by(&self->c, 4, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(self->root.fd, 4));
	fail_range(&self->tp, &self->vmo, 3, 1, EIO);
	fails(t[0], &self->c, 3, EIO);
	fails(t[1], &self->d, 2, EIO);
	fails(t[2], &self->root, 3, EIO);
	/* the other one waits on */
	expect_blocked(t[3], &self->vmo, 1);
	expect_read(&self->tp, &self->vmo, 4, 1);
	supply(&self->tp, &self->vmo, 4, 1);
	expect_content(t[3], PG(1), OLD, PG(4));
	/* REQ-24: nothing is remembered */
	t[0] = reader_by(&self->d, 2, 1);
	expect_read(&self->tp, &self->vmo, 3, 1);
	supply(&self->tp, &self->vmo, 3, 1);
	expect_content(t[0], PG(1), OLD, PG(3));
	expect_none(&self->tp);
}

/* REQ-25: a failed operation on a clone says why. */
TEST_F(end, req_25_failed_operation)
{
	static const int errs[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	struct vmop_thread *t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		t = vmop_thread_op(self->d.fd, i & 1 ? VMOP_VMO_OP_COMMIT :
				   VMOP_VMO_OP_PREFETCH, PG(2), PG(2));
		expect_read(&self->tp, &self->vmo, 3, 2);
		fail_range(&self->tp, &self->vmo, 3, 1, errs[i]);
		expect_errno(t, errs[i]);
	}
	expect_none(&self->tp);
}

/*
 * DET-13, DET-14, COW-23: the root is closed, its clones are not. They are served
 * from what is there, what is not is asked for under the root's key, and COMPLETE
 * comes when the last of them is gone. Zircon's CloneReadFromClone and others drop
 * the parent, too.
 */
TEST_F(end, det_14_root_closed)
{
	struct vmop_thread *t;
	int keep = dup(self->root.fd);

	test_vmo_close(&self->tp, &self->vmo);
	self->root.fd = -1;
	shows_by(&self->c, 0, 1, OLD);
	shows_by(&self->c, 1, 1, OWN);
	put_by(&self->c, 2, 1, OWN);
	t = reader_by(&self->d, 3, 1);
	expect_read(&self->tp, &self->vmo, 4, 1);
	ASSERT_EQ(0, vmop_thread_wait_blocked(t, keep, 1));
	test_supply_zero(self->tp.fd, keep, PG(4), PG(1), NULL);
	expect_done(t, PG(1));
	close(keep);
	/* now nobody has it open */
	expect_none(&self->tp);
	shows_by(&self->c, 0, 1, OLD);
	zeros_by(&self->c, 4, 1);
	t = reader_by(&self->c, 5, 1);
	expect_read(&self->tp, &self->vmo, 5, 1);
	ASSERT_EQ(0, vmop_thread_wait_blocked(t, self->c.fd, 1));
	/* nor can anybody answer, but the pager can go */
	test_pager_close(&self->tp);
	fails(t, &self->c, 5, ENOTCONN);
	shows_by(&self->c, 0, 1, OLD);
}

/* DET-14: COMPLETE is the last word, and comes once. */
TEST_F(end, det_14_complete_comes_last)
{
	char *map = mmap(NULL, PG(1), PROT_READ, MAP_SHARED, self->d.fd, PG(3));

	ASSERT_NE(MAP_FAILED, map);
	test_vmo_close(&self->tp, &self->vmo);
	expect_none(&self->tp);
	test_cow_close(&self->c);
	expect_none(&self->tp);
	shows_by(&self->d, 1, 1, OWN + 1);
	test_cow_close(&self->d);
	/* a mapping is enough to live */
	expect_none(&self->tp);
	munmap(map, PG(1));
	expect_complete(&self->tp, OLD);
	expect_none(&self->tp);
}

/* DET-15: detached, and then closed: still once. */
TEST_F(end, det_15_detached_then_closed)
{
	detach(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
	test_vmo_close(&self->tp, &self->vmo);
	test_cow_close(&self->d);
	shows_by(&self->c, 1, 1, OWN);
	test_cow_close(&self->c);
	expect_none(&self->tp);
}

/* DET-16: who waits through a clone holds it, and the root. */
TEST_F(end, det_16_closed_while_somebody_waits)
{
	struct vmop_thread *t;
	int keep;

	t = reader_by(&self->d, 4, 1);
	expect_read(&self->tp, &self->vmo, 5, 1);
	expect_blocked(t, &self->vmo, 1);
	keep = dup(self->root.fd);
	test_vmo_close(&self->tp, &self->vmo);
	test_cow_close(&self->c);
	close(self->d.fd);
	self->d.fd = -1;
	expect_none(&self->tp);
	EXPECT_FALSE(vmop_thread_done(t));
	test_supply_zero(self->tp.fd, keep, PG(5), PG(1), NULL);
	expect_done(t, PG(1));
	close(keep);
	test_cow_unmap(&self->d);
	expect_complete(&self->tp, OLD);
}

/* DET-13: what nobody can see any more is gone, dirty or not. */
TEST_F(end, det_13_memory_of_a_closed_root)
{
	struct vmop_vmo_get_info info;

	put_by(&self->root, 0, 3, NEW);
	test_vmo_close(&self->tp, &self->vmo);
	shows_by(&self->c, 0, 1, variant->kind == SNAPSHOT ? OLD : NEW);
	shows_by(&self->c, 1, 1, OWN);
	test_get_info(self->c.fd, &info);
	EXPECT_EQ(0, info.out_parent_id);
	EXPECT_EQ(1, info.out_num_children);
}

/* The pager's process dies: clones in others end as if it had closed. */
static int wait_and_read(void *arg)
{
	struct test_cow *v = arg;
	char c;

	return vmop_test_pread(v->fd, &c, 1, PG(5)) == -ENOTCONN ? 0 : 1;
}

TEST_F(end, det_10_pager_dies)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_SILENT };
	int status;
	pid_t pid;

	ASSERT_EQ(0, test_pager_fork(&self->tp, &how));
	pid = test_child_start(wait_and_read, &self->c);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait_blocked(pid, self->root.fd, 1));
	ASSERT_EQ(0, test_pager_kill(&self->tp));
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(0, status);
	shows_by(&self->c, 2, 1, OLD);
	shows_by(&self->c, 1, 1, OWN);
	read_fails(&self->d, 3, ENOTCONN);
}

VMOP_TEST_MAIN
