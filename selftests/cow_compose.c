// SPDX-License-Identifier: GPL-2.0
/*
 * VMOP_VMO_COMPOSE, beyond Zircon: a VMO that shows parts of others. What is
 * copied when, and what the new one is to those who clone, cut, seal and reset it.
 * Parts whose content a pager has are in cow_compose_pager.c, the call's arguments
 * in cow_compose_call.c.
 */
#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define OTHER 0x07e6		/* what the second part has */
#define OWN 0xc0c0		/* what is written to the composed VMO */
#define NR 8

/* Two families: NR pages of OLD, resizable, and NR pages of OTHER. */
FIXTURE(compose)
{
	struct test_pager tp;
	struct test_cow a;
	struct test_cow b;
};

FIXTURE_VARIANT(compose)
{
	bool map;
};

FIXTURE_VARIANT_ADD(compose, call)
{
	.map = false,
};

FIXTURE_VARIANT_ADD(compose, map)
{
	.map = true,
};

FIXTURE_SETUP(compose)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	filled(&self->a, VMOP_VMO_RESIZABLE, NR, OLD);
	filled(&self->b, 0, NR, OTHER);
}

FIXTURE_TEARDOWN(compose)
{
	test_cow_close(&self->a);
	test_cow_close(&self->b);
	test_pager_exit(&self->tp);
}

/* One byte of each page is looked at. */
#define touch_by(_v, _pgoff, _nr) do { \
	struct vmop_thread *__t = reader_by(_v, _pgoff, _nr); \
	expect_done(__t, PG(_nr)); \
} while (0)

/* One after the other, of several families, in any order, and twice. */
TEST_F(compose, shows_its_parts)
{
	struct stat st;
	struct test_cow c;

	compose(&c, self->a.fd, PART(-1, 2, 3), PART(self->b.fd, 0, 2),
		PART(self->a.fd, 0, 1), PART(self->b.fd, 7, 1), PART(-1, 2, 1));
	ASSERT_EQ(0, fstat(c.fd, &st));
	EXPECT_EQ(PG(8), st.st_size);
	EXPECT_EQ(FD_CLOEXEC, fcntl(c.fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(c.fd, F_GETFL) & O_ACCMODE);
	shows_from_by(&c, 4, 1, OTHER, 1);
	shows_from_by(&c, 0, 3, OLD, 2);
	shows_from_by(&c, 3, 2, OTHER, 0);
	shows_from_by(&c, 5, 1, OLD, 0);
	shows_from_by(&c, 6, 1, OTHER, 7);
	shows_from_by(&c, 7, 1, OLD, 2);
	/* the same page in two parts is two pages */
	put_by(&c, 0, 1, OWN);
	shows_from_by(&c, 7, 1, OLD, 2);
	shows_by(&self->a, 0, NR, OLD);
	shows_by(&self->b, 0, NR, OTHER);
}

/* What is told of it: nobody's child, without a pager, and composed. */
TEST_F(compose, what_it_is)
{
	struct vmop_vmo_compose cmd = {
		.size = sizeof(cmd), .nr_windows = 1, .payer_fd = -1,
		.name = "whole",
	};
	struct vmop_compose_window part = PART(-1, 1, 2);
	struct vmop_vmo_get_info info;
	struct test_cow d;

	cmd.windows_uptr = (uintptr_t)&part;
	test_ioctl(self->a.fd, VMOP_VMO_COMPOSE, &cmd);
	ASSERT_EQ(0, test_cow_shares(cmd.out_vmo_fd, &info));
	EXPECT_STREQ("whole", (char *)info.out_name);
	EXPECT_EQ(VMOP_VMO_COMPOSED, info.out_flags);
	EXPECT_EQ(VMOP_VMO_STATE_ANONYMOUS, info.out_state);
	EXPECT_EQ(0, info.out_child_flags);
	EXPECT_EQ(0, info.out_parent_id);
	EXPECT_EQ(0, info.out_pager_id);
	EXPECT_EQ(PG(2), info.out_size);
	EXPECT_EQ(0, info.out_committed);
	EXPECT_EQ(0, info.out_scaled);
	EXPECT_TRUE(test_cow_childless(self->a.fd));
	child(&d, cmd.out_vmo_fd, SNAPSHOT, 0, 2);
	test_get_info(d.fd, &info);
	EXPECT_EQ(VMOP_VMO_COMPOSED | VMOP_VMO_COW_CLONE, info.out_flags);
	EXPECT_STREQ("whole", (char *)info.out_name);
	test_cow_close(&d);
	close(cmd.out_vmo_fd);
}

/* A page that was touched is a copy: neither side sees the other any more. */
TEST_F(compose, isolated_once_touched)
{
	struct test_cow c;

	compose(&c, self->a.fd, PART(-1, 0, 4), PART(self->b.fd, 0, 4));
	touch_by(&c, 0, 6);
	put_by(&self->a, 0, 4, NEW);
	zero_pages(self->b.fd, 0, 4);
	shows_by(&c, 0, 4, OLD);
	shows_from_by(&c, 4, 2, OTHER, 0);
	/* these two were not */
	zeros_by(&c, 6, 2);
	put_by(&c, 0, NR, OWN);
	shows_by(&c, 0, NR, OWN);
	shows_by(&self->a, 0, 4, NEW);
	shows_by(&self->a, 4, 4, OLD);
	zeros_by(&self->b, 0, 4);
}

/* A page that was not follows its part, however often that changes. */
TEST_F(compose, follows_until_touched)
{
	struct test_cow c;

	compose(&c, self->a.fd, PART(-1, 0, NR));
	put_by(&self->a, 0, 2, NEW);
	put_by(&self->a, 0, 1, OTHER);
	zero_pages(self->a.fd, 2, 1);
	shows_by(&c, 0, 1, OTHER);
	shows_by(&c, 1, 1, NEW);
	zeros_by(&c, 2, 1);
	put_by(&self->a, 2, 2, NEW);
	zeros_by(&c, 2, 1);
	shows_by(&c, 3, 1, NEW);
	shows_by(&c, 4, 4, OLD);
}

/* A write touches: the rest of the page is what the part has then. */
TEST_F(compose, write_of_a_piece)
{
	struct test_cow c;
	char x = 'x', got;

	compose(&c, self->a.fd, PART(-1, 0, 2));
	put_by(&self->a, 1, 1, NEW);
	if (variant->map)
		c.map[PG(1) + 77] = x;
	else
		ASSERT_EQ(1, vmop_test_pwrite(c.fd, &x, 1, PG(1) + 77));
	put_by(&self->a, 1, 1, OLD);
	EXPECT_TRUE(vmop_test_check_fd(c.fd, NEW, PG(1), 72));
	EXPECT_TRUE(vmop_test_check_fd(c.fd, NEW, PG(1) + 80, PG(1) - 80));
	ASSERT_EQ(1, vmop_test_pread(c.fd, &got, 1, PG(1) + 77));
	EXPECT_EQ('x', got);
	shows_by(&self->a, 0, 2, OLD);
}

/* Zeros take no memory, and are as much a copy as pages are. */
TEST_F(compose, zeros_of_a_part)
{
	struct vmop_vmo_get_info info;
	struct test_cow z, c;

	anon(&z, 0, NR);
	compose(&c, z.fd, PART(-1, 0, NR));
	zeros_by(&c, 0, 4);
	ASSERT_EQ(0, test_cow_shares(c.fd, &info));
	EXPECT_EQ(0, info.out_scaled);
	put_by(&z, 0, NR, NEW);
	zeros_by(&c, 0, 4);
	shows_by(&c, 4, 4, NEW);
	test_cow_close(&z);
}

/* Cut meanwhile: zeros behind the new end, also behind one inside a page. */
TEST_F(compose, part_is_cut)
{
	struct test_cow c;

	compose(&c, self->a.fd, PART(-1, 0, NR), PART(self->b.fd, 3, 1));
	touch_by(&c, 4, 1);
	test_cow_unmap(&self->a);
	test_set_size(self->a.fd, PG(2) + 104);
	zeros_by(&c, 5, 1);
	shows_by(&c, 4, 1, OLD);
	shows_by(&c, 0, 2, OLD);
	EXPECT_TRUE(vmop_test_check_fd(c.fd, OLD, PG(2), 104));
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(2) + 104, PG(2) - 104));
	shows_from_by(&c, 8, 1, OTHER, 3);
	/* grown again: what was not looked at follows */
	test_set_size(self->a.fd, PG(NR));
	put(&self->a, 2, 6, NEW);
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(3), PG(1)));
	shows_by(&c, 4, 1, OLD);
	zeros_by(&c, 5, 1);
	shows_by(&c, 6, 2, NEW);
}

/* A VMO that ends inside a page has that page. */
TEST_F(compose, part_ends_in_a_page)
{
	struct test_cow c;
	char buf[104];
	int fd;

	vmop_test_fill(buf, NEW, PG(1), 104);
	test_vmo_create(&fd, self->tp.fd, 0, PG(1) + 104);
	ASSERT_EQ(104, vmop_test_pwrite(fd, buf, 104, PG(1)));
	err_compose(ERANGE, fd, PART(-1, 0, 3));
	compose(&c, fd, PART(-1, 0, 2), PART(-1, 1, 1));
	zeros_by(&c, 0, 1);
	EXPECT_TRUE(vmop_test_check_fd(c.fd, NEW, PG(1), 104));
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(1) + 104, PG(1) - 104));
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(2) + 104, PG(1) - 104));
	test_cow_close(&c);
	close(fd);
}

/* So has a clone: of the page that it shares it shows the beginning. */
TEST_F(compose, clone_ends_in_a_page)
{
	struct test_cow d, c;
	char buf[104];

	child(&d, self->a.fd, SNAPSHOT | RESIZABLE, 0, NR);
	test_cow_unmap(&d);
	test_set_size(d.fd, PG(2) + 104);
	compose(&c, d.fd, PART(-1, 1, 2), PART(self->a.fd, 2, 1));
	shows_from_by(&c, 0, 1, OLD, 1);
	touch_by(&c, 1, 1);
	ASSERT_EQ(104, pread(c.fd, buf, 104, PG(1)));
	EXPECT_TRUE(vmop_test_check(buf, OLD, PG(2), 104));
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(1) + 104, PG(1) - 104));
	/* the parent has all of it */
	shows_from_by(&c, 2, 1, OLD, 2);
	test_cow_close(&c);
	test_cow_close(&d);
}

/* Parts of a slice, a reference and a snapshot: in their own offsets. */
TEST_F(compose, parts_of_children)
{
	struct test_cow slice, ref, snap, c;

	child(&slice, self->b.fd, SLICE, 2, 4);
	child(&ref, self->b.fd, REFERENCE, 0, 0);
	child(&snap, self->a.fd, SNAPSHOT, 4, 8);
	err_compose(ERANGE, slice.fd, PART(-1, 0, 5));
	err_compose(ERANGE, slice.fd, PART(-1, 4, 1));
	compose(&c, slice.fd, PART(-1, 1, 3), PART(ref.fd, 0, 1),
		PART(snap.fd, 0, NR));
	/* a snapshot holds still, and is zero behind its parent's end */
	put_by(&self->a, 4, 4, NEW);
	shows_from_by(&c, 4, 4, OLD, 4);
	zeros_by(&c, 8, 4);
	shows_from_by(&c, 0, 1, OTHER, 3);
	shows_from_by(&c, 3, 1, OTHER, 0);
	put_by(&self->b, 3, 2, NEW);
	shows_from_by(&c, 0, 1, OTHER, 3);
	shows_from_by(&c, 1, 1, NEW, 4);
	/* written through the part itself, too */
	put_by(&snap, 1, 1, OWN);
	shows_from_by(&c, 5, 1, OLD, 5);
	test_cow_close(&slice);
	test_cow_close(&ref);
	test_cow_close(&snap);
}

/* The parts are kept: whoever else closes them. */
TEST_F(compose, parts_are_closed)
{
	struct test_cow snap, c, d;

	child(&snap, self->a.fd, SNAPSHOT, 0, NR);
	compose(&c, snap.fd, PART(-1, 0, 4), PART(self->b.fd, 0, 4));
	put_by(&self->a, 0, 4, NEW);
	test_cow_close(&snap);
	test_cow_close(&self->a);
	test_cow_close(&self->b);
	shows_by(&c, 0, 2, OLD);
	child(&d, c.fd, SNAPSHOT, 2, 4);
	test_cow_close(&c);
	shows_from_by(&d, 0, 2, OLD, 2);
	shows_from_by(&d, 2, 2, OTHER, 0);
	test_cow_close(&d);
}

/* ---- what can be done with one ----------------------------------------------- */

/* Clones: what one of the family touches, all have. */
TEST_F(compose, clones)
{
	struct test_cow c, d, e;

	compose(&c, self->a.fd, PART(-1, 0, 4), PART(self->b.fd, 0, 4));
	put_by(&c, 0, 1, OWN);
	child(&d, c.fd, SNAPSHOT | RESIZABLE, 0, NR);
	put_by(&c, 1, 1, OWN);
	put_by(&d, 2, 1, NEW);
	shows_by(&d, 0, 1, OWN);
	shows_by(&d, 1, 1, OLD);
	shows_by(&c, 0, 2, OWN);
	/* touched by the clone, so it is so for the other, too */
	put_by(&self->a, 2, 2, OTHER);
	shows_by(&c, 2, 1, OLD);
	shows_by(&c, 3, 1, OTHER);
	put_by(&self->a, 3, 1, NEW);
	shows_by(&d, 3, 1, OTHER);
	/* a clone's clone, which is larger, of a part */
	child(&e, d.fd, MODIFIED, 3, 6);
	put_by(&self->b, 1, 2, NEW);
	shows_from_by(&e, 2, 2, NEW, 1);
	zeros_by(&e, 5, 1);
	put_by(&e, 5, 1, OWN);
	shows_from_by(&d, 5, 2, NEW, 1);
	/* what a clone has cut off is not looked for */
	test_cow_unmap(&d);
	test_set_size(d.fd, PG(4));
	test_set_size(d.fd, PG(NR));
	ASSERT_EQ(0, test_cow_map(&d, NR));
	zeros_by(&d, 4, 4);
	shows_from_by(&c, 4, 1, OTHER, 0);
	test_cow_close(&c);
	shows_by(&d, 0, 1, OWN);
	shows_from_by(&e, 1, 1, OTHER, 0);
	test_cow_close(&d);
	shows_from_by(&e, 4, 1, OTHER, 3);
	test_cow_close(&e);
}

/* Slices and references are the VMO itself. */
TEST_F(compose, views)
{
	struct test_cow c, slice, ref;

	compose(&c, self->a.fd, PART(-1, 0, 4), PART(self->b.fd, 0, 4));
	child(&slice, c.fd, SLICE, 3, 2);
	child(&ref, c.fd, REFERENCE, 0, 0);
	shows_from_by(&slice, 0, 1, OLD, 3);
	shows_from_by(&slice, 1, 1, OTHER, 0);
	put_by(&slice, 0, 1, OWN);
	shows_from_by(&c, 3, 1, OWN, 0);
	shows_from_by(&ref, 3, 1, OWN, 0);
	err_child(EOPNOTSUPP, slice.fd, SNAPSHOT, 0, 1);
	err_child(EOPNOTSUPP, c.fd, REFERENCE | RESIZABLE, 0, 0);
	test_cow_close(&slice);
	test_cow_close(&ref);
	test_cow_close(&c);
}

/* Reset: what was written is forgotten, what was copied stays a copy. */
TEST_F(compose, reset)
{
	struct test_cow c, d;
	__u64 actual;

	compose(&c, self->a.fd, PART(-1, 0, NR));
	test_reset(c.fd, &actual);
	EXPECT_EQ(0, actual);
	put_by(&c, 0, 2, OWN);
	zero_pages(c.fd, 4, 1);
	touch_by(&c, 2, 1);
	put_by(&self->a, 0, NR, NEW);
	test_reset(c.fd, &actual);
	EXPECT_EQ(PG(2), actual);
	shows_by(&c, 0, 3, OLD);
	/* these were not looked at; a zero of its own hides the part's page */
	shows_by(&c, 3, 5, NEW);
	child(&d, c.fd, SNAPSHOT | RESETTABLE, 0, NR);
	put_by(&d, 0, 1, OWN);
	test_reset(d.fd, &actual);
	EXPECT_EQ(PG(1), actual);
	shows_by(&d, 0, 3, OLD);
	/* as of any clone: not after it had pages of its own and was cloned */
	test_cow_close(&d);
	put_by(&c, 1, 1, OWN);
	child(&d, c.fd, SNAPSHOT, 0, NR);
	test_err_reset(EOPNOTSUPP, c.fd, NULL);
	shows_by(&c, 1, 1, OWN);
	test_cow_close(&d);
}

/* Seal: nobody writes to it; content still comes. */
TEST_F(compose, seal)
{
	struct test_cow c, d;

	compose(&c, self->a.fd, PART(-1, 0, NR));
	put_by(&c, 0, 1, OWN);
	test_err_seal(EBUSY, c.fd);
	test_cow_unmap(&c);
	test_seal(c.fd);
	put_by(&self->a, 1, 1, NEW);
	shows(&c, 0, 1, OWN);
	shows(&c, 1, 1, NEW);
	EXPECT_EQ(-EPERM, vmop_test_pwrite(c.fd, "x", 1, 0));
	test_err_reset(EPERM, c.fd, NULL);
	test_err_vmo_op(EPERM, c.fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL);
	child(&d, c.fd, SNAPSHOT, 0, NR);
	put_by(&d, 2, 1, OWN);
	shows(&c, 2, 1, OLD);
	test_cow_close(&d);
	test_cow_close(&c);
}

/* A sealed part: as good as a snapshot of it. */
TEST_F(compose, part_is_sealed)
{
	struct test_cow c;

	test_cow_unmap(&self->a);
	test_seal(self->a.fd);
	compose(&c, self->a.fd, PART(-1, 0, NR));
	shows_by(&c, 0, 4, OLD);
	put_by(&c, 2, 4, OWN);
	shows_by(&c, 6, 2, OLD);
	shows(&self->a, 0, NR, OLD);
}

/* Operations on a range. */
TEST_F(compose, operations)
{
	struct vmop_vmo_get_info info;
	struct test_cow c;
	__u64 actual;

	compose(&c, self->a.fd, PART(-1, 0, 4), PART(self->b.fd, 0, 4));
	/* PREFETCH touches */
	test_vmo_op(c.fd, VMOP_VMO_OP_PREFETCH, PG(1), PG(2), &actual);
	EXPECT_EQ(PG(2), actual);
	put_by(&self->a, 0, 4, NEW);
	shows_by(&c, 1, 2, OLD);
	shows_by(&c, 0, 1, NEW);
	/* COMMIT makes pages of its own */
	test_vmo_op(c.fd, VMOP_VMO_OP_COMMIT, PG(2), PG(3), &actual);
	EXPECT_EQ(PG(3), actual);
	test_get_info(c.fd, &info);
	EXPECT_EQ(PG(3), info.out_committed);
	put_by(&self->b, 0, 1, NEW);
	shows_by(&c, 2, 1, OLD);
	shows_by(&c, 3, 1, NEW);
	shows_from_by(&c, 4, 1, OTHER, 0);
	/* ZERO of what was not touched, and of a piece */
	zero_pages(c.fd, 5, 1);
	test_vmo_op(c.fd, VMOP_VMO_OP_ZERO, PG(6) + 104, PG(1), NULL);
	zeros_by(&c, 5, 1);
	EXPECT_TRUE(vmop_test_check_fd_zero(c.fd, PG(6) + 104, PG(1)));
	shows_by(&self->b, 2, 2, OTHER);
	/* what would take away, and the size */
	test_err_vmo_op(EOPNOTSUPP, c.fd, VMOP_VMO_OP_DECOMMIT, 0, PG(1), NULL);
	test_err_set_size(EPERM, c.fd, PG(1));
	EXPECT_EQ(-1, ftruncate(c.fd, PG(1)));
	test_err_vmo_op(ERANGE, c.fd, VMOP_VMO_OP_COMMIT, PG(7), PG(2), NULL);
	EXPECT_EQ(-EFBIG, vmop_test_pwrite(c.fd, "x", 1, PG(8)));
	EXPECT_EQ(0, fsync(c.fd));
}

/* lseek(): what was not touched counts as data; zeros that were are a hole. */
TEST_F(compose, seek)
{
	struct test_cow z, c;

	anon(&z, 0, NR);
	compose(&c, z.fd, PART(-1, 0, 2), PART(self->b.fd, 0, 2));
	EXPECT_EQ(0, lseek(c.fd, 0, SEEK_DATA));
	EXPECT_EQ(PG(4), lseek(c.fd, 0, SEEK_HOLE));
	zeros_by(&c, 0, 1);
	EXPECT_EQ(PG(1), lseek(c.fd, 0, SEEK_DATA));
	EXPECT_EQ(0, lseek(c.fd, 0, SEEK_HOLE));
	zero_pages(c.fd, 3, 1);
	EXPECT_EQ(PG(3), lseek(c.fd, PG(1), SEEK_HOLE));
	touch_by(&c, 1, 2);
	EXPECT_EQ(PG(2), lseek(c.fd, 0, SEEK_DATA));
	EXPECT_EQ(-1, lseek(c.fd, PG(3), SEEK_DATA));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(PG(4), lseek(c.fd, 0, SEEK_END));
	test_cow_close(&z);
}

/* It gives no pages away, and nobody supplies any to it. */
TEST_F(compose, no_supply)
{
	struct test_vmo vmo;
	struct test_cow c;

	new_vmo(&self->tp, &vmo, OLD, NR);
	compose(&c, self->b.fd, PART(-1, 0, NR));
	touch_by(&c, 0, 1);
	test_err_supply(EOPNOTSUPP, self->tp.fd, vmo.fd, 0, PG(1), c.fd, 0, NULL);
	test_err_supply_zero(EINVAL, self->tp.fd, c.fd, 0, PG(1), NULL);
	shows_by(&c, 0, NR, OTHER);
}

/*
 * A private mapping: what is stored there is the process' own, whatever becomes of
 * the VMO; the rest of the mapping shows the VMO.
 */
TEST_F(compose, mapped_privately)
{
	struct test_cow c;
	char *map;

	zero_pages(self->b.fd, 1, 1);
	compose(&c, self->a.fd, PART(-1, 0, 4), PART(self->b.fd, 0, 2));
	map = mmap(NULL, PG(6), PROT_READ | PROT_WRITE, MAP_PRIVATE, c.fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	/* a store is the first that touches 0; 1, and the zeros of 5, are read before */
	EXPECT_TRUE(vmop_test_check(map + PG(1), OLD, PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check_zero(map + PG(5), PG(5), PG(1)));
	vmop_test_fill(map, OWN, 0, PG(2));
	vmop_test_fill(map + PG(5), OWN, PG(5), PG(1));
	shows_by(&c, 0, 4, OLD);
	zeros_by(&c, 5, 1);
	put_by(&c, 0, 3, NEW);
	EXPECT_TRUE(vmop_test_check(map, OWN, 0, PG(2)));
	EXPECT_TRUE(vmop_test_check(map + PG(2), NEW, PG(2), PG(1)));
	zero_pages(c.fd, 0, 6);
	EXPECT_TRUE(vmop_test_check(map, OWN, 0, PG(2)));
	EXPECT_TRUE(vmop_test_check_zero(map + PG(2), PG(2), PG(3)));
	EXPECT_TRUE(vmop_test_check(map + PG(5), OWN, PG(5), PG(1)));
	shows_by(&self->a, 0, NR, OLD);
	munmap(map, PG(6));
}

/* Whose memory: copies that nobody else sees are private, until it is cloned. */
TEST_F(compose, shares)
{
	struct vmop_vmo_get_info info;
	struct test_cow c, d;

	compose(&c, self->a.fd, PART(-1, 0, NR));
	touch_by(&c, 0, 4);
	ASSERT_EQ(0, test_cow_shares(c.fd, &info));
	EXPECT_EQ(PG(4), info.out_private);
	EXPECT_EQ(0, info.out_shared);
	child(&d, c.fd, SNAPSHOT, 0, NR);
	touch_by(&d, 4, 2);
	ASSERT_EQ(0, test_cow_shares(c.fd, &info));
	EXPECT_EQ(0, info.out_private);
	EXPECT_EQ(PG(6), info.out_shared);
	EXPECT_EQ(PG(3), info.out_scaled);
	put_by(&d, 0, 1, OWN);
	ASSERT_EQ(0, test_cow_shares(d.fd, &info));
	EXPECT_EQ(PG(1), info.out_private);
	EXPECT_EQ(PG(5), info.out_shared);
	/* the parts' pages are the parts' */
	EXPECT_EQ(PG(NR), vmop_test_committed(self->a.fd));
}

VMOP_TEST_MAIN
