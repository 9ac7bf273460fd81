// SPDX-License-Identifier: GPL-2.0
/*
 * Making children: options, which complaint comes first, who may what, names,
 * numbers and flags. Rules COW-5 to COW-12, COW-38 to COW-40 of the specification
 * of behaviour; what children show is for the other cow_ programs.
 *
 * The house answers EOPNOTSUPP to a flag bit that it does not know and EINVAL to
 * a wrong combination of those that it knows.
 */
#include <sys/wait.h>

#include "test_cgroup.h"
#include "test_cow.h"
#include "vmop_test.h"

#define KEY 0xc0c0
#define NR 8
#define S64_END 0x8000000000000000ULL
#define NO_FD 9999

/* One parent of each kind. */
FIXTURE(create)
{
	struct test_pager tp;
	struct test_vmo root;
	struct test_vmo sized;		/* resizable */
	struct test_cow plain;		/* anonymous */
	struct test_cow anon_sized;
};

FIXTURE_SETUP(create)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_vmo(&self->tp, &self->root, KEY, NR);
	new_resizable(&self->tp, &self->sized, KEY + 1, NR);
	filled(&self->plain, 0, NR, KEY);
	filled(&self->anon_sized, VMOP_VMO_RESIZABLE, NR, KEY);
}

FIXTURE_TEARDOWN(create)
{
	test_cow_close(&self->plain);
	test_cow_close(&self->anon_sized);
	test_pager_exit(&self->tp);
}

#define PARENTS { self->root.fd, self->sized.fd, self->plain.fd, \
		  self->anon_sized.fd }

static const __u32 kinds[] = { SNAPSHOT, ON_WRITE, MODIFIED, SLICE, REFERENCE };
static const __u32 snapshots[] = { SNAPSHOT, ON_WRITE, MODIFIED };

/* COW-5: exactly one kind; nothing is made of none or of several. */
TEST_F(create, cow_5_exactly_one_kind)
{
	const int parents[] = PARENTS;
	struct vmop_vmo_get_info before, after;
	unsigned int i, set;

	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		test_get_info(parents[i], &before);
		for (set = 0; set < 32; set++) {
			if (set && !(set & (set - 1)))
				continue;
			EXPECT_EQ(-EINVAL, test_cow_child(parents[i], set, 0, 0))
				TH_LOG("parent %u, kinds %#x", i, set);
		}
		test_get_info(parents[i], &after);
		EXPECT_TRUE(vmop_test_same_info(&before, &after));
		EXPECT_TRUE(test_cow_childless(parents[i]));
	}
}

/* COW-5: which options go with which kind; the first complaint is about them. */
TEST_F(create, cow_5_options)
{
	const int parents[] = PARENTS;
	unsigned int i, k;
	__u32 flag;

	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		for (k = 0; k < ARRAY_SIZE(kinds); k++) {
			EXPECT_EQ(-EINVAL, test_cow_child(parents[i], kinds[k] |
							  RESIZABLE | NO_WRITE,
							  0, 0))
				TH_LOG("parent %u, kind %#x", i, kinds[k]);
			for (flag = RESETTABLE << 1; flag; flag <<= 1)
				EXPECT_EQ(-EOPNOTSUPP,
					  test_cow_child(parents[i], kinds[k] |
							 flag, 0, 0))
					TH_LOG("parent %u, flag %#x", i, flag);
		}
		err_child(EINVAL, parents[i], SLICE | RESIZABLE, 0, 1);
		err_child(EINVAL, parents[i], SLICE | RESETTABLE, 0, 1);
		err_child(EINVAL, parents[i], REFERENCE | RESETTABLE, 0, 0);
		err_child(EINVAL, parents[i], RESIZABLE, 0, 1);
		err_child(EINVAL, parents[i], NO_WRITE, 0, 1);
		err_child(EINVAL, parents[i], RESETTABLE, 0, 1);
		EXPECT_TRUE(test_cow_childless(parents[i]));
	}
	/* a reference is as resizable as what it refers to */
	err_child(EOPNOTSUPP, self->root.fd, REFERENCE | RESIZABLE, 0, 0);
	err_child(EOPNOTSUPP, self->plain.fd, REFERENCE | RESIZABLE, 0, 0);
}

/* COW-5: all that go together do. */
TEST_F(create, cow_5_good_options)
{
	static const __u32 more[] = {
		0, RESIZABLE, NO_WRITE, RESETTABLE, RESIZABLE | RESETTABLE,
	};
	const int parents[] = PARENTS;
	struct vmop_vmo_get_info info;
	unsigned int i, k, j;
	int fd;

	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		for (k = 0; k < ARRAY_SIZE(snapshots); k++) {
			for (j = 0; j < ARRAY_SIZE(more); j++) {
				test_create_child(&fd, parents[i],
						  snapshots[k] | more[j], PG(1),
						  PG(2));
				test_get_info(fd, &info);
				EXPECT_EQ(snapshots[k] | more[j],
					  info.out_child_flags);
				EXPECT_EQ(!!(more[j] & RESIZABLE),
					  info.out_flags & VMOP_VMO_RESIZABLE);
				EXPECT_EQ(!!(more[j] & NO_WRITE),
					  !!(info.out_flags & VMOP_VMO_NO_WRITE));
				close(fd);
			}
		}
		test_create_child(&fd, parents[i], REFERENCE, 0, 0);
		close(fd);
		EXPECT_EQ(0, test_cow_wait_childless(parents[i]));
	}
	test_create_child(&fd, self->sized.fd, REFERENCE | RESIZABLE, 0, 0);
	close(fd);
	test_create_child(&fd, self->root.fd, SLICE | NO_WRITE, PG(1), PG(2));
	close(fd);
}

/*
 * COW-5, COW-7: offset and length: whole pages, then what 63 bits hold. The sum
 * over several generations is in COW-7 below.
 */
TEST_F(create, cow_5_ranges)
{
	const int parents[] = { self->root.fd, self->plain.fd };
	struct vmop_info info;
	unsigned int i, k;

	test_info(self->tp.fd, &info);
	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		for (k = 0; k < ARRAY_SIZE(kinds) - 1; k++) {
			const int fd = parents[i];
			const __u32 kind = kinds[k];

			test_err_create_child(EINVAL, fd, kind, 1, PG(1));
			test_err_create_child(EINVAL, fd, kind, PG(1) - 1, 0);
			test_err_create_child(EINVAL, fd, kind, 1, S64_END);
			test_err_create_child(ERANGE, fd, kind, S64_END, PG(1));
			test_err_create_child(ERANGE, fd, kind, -PG(1), PG(1));
			test_err_create_child(ERANGE, fd, kind, -PG(1), PG(2));
			test_err_create_child(ERANGE, fd, kind, 0, S64_END);
			test_err_create_child(ERANGE, fd, kind, 0, ~0ULL);
			test_err_create_child(ERANGE, fd, kind, PG(1), -PG(1));
			test_err_create_child(ERANGE, fd, kind, 0,
					      info.out_max_vmo_size + 1);
			test_err_create_child(ERANGE, fd, kind, S64_END - PG(1),
					      PG(2));
		}
		EXPECT_TRUE(test_cow_childless(parents[i]));
	}
}

/* COW-5: of several complaints the first one wins; nothing is made. */
TEST_F(create, cow_5_order_of_checks)
{
	struct vmop_vmo_create_child cmd;
	int wronly = vmop_test_reopen(self->root.fd, O_WRONLY);

#define spoil(_err, _fd, ...) do { \
	cmd = (struct vmop_vmo_create_child){ \
		.size = sizeof(cmd), .flags = ON_WRITE, .length = PG(1), \
		.payer_fd = -1, \
	}; \
	__VA_ARGS__; \
	test_err_ioctl(_err, _fd, VMOP_VMO_CREATE_CHILD, &cmd); \
	EXPECT_TRUE(test_cow_childless(self->root.fd)); \
} while (0)
	ASSERT_LE(0, wronly);
	spoil(EOPNOTSUPP, self->root.fd, cmd.flags = 1 << 8; cmd.offset = 1);
	spoil(EOPNOTSUPP, self->root.fd, cmd.flags = ~0U; cmd.length = ~0ULL);
	spoil(EINVAL, self->root.fd, cmd.flags = 0; cmd.length = ~0ULL);
	spoil(EINVAL, self->root.fd, cmd.offset = 1; cmd.length = ~0ULL);
	spoil(EINVAL, self->root.fd, cmd.offset = 1; cmd.payer_fd = NO_FD);
	spoil(ERANGE, self->root.fd, cmd.length = ~0ULL; cmd.payer_fd = NO_FD);
	spoil(EBADF, self->root.fd, cmd.payer_fd = NO_FD);
	/* views take the payer of what they view */
	spoil(EINVAL, self->root.fd, cmd.flags = SLICE; cmd.payer_fd = NO_FD);
	spoil(EINVAL, self->root.fd, cmd.flags = REFERENCE; cmd.length = 0;
	      cmd.payer_fd = NO_FD);
	spoil(EACCES, wronly, cmd.flags = ON_WRITE);
#undef spoil
	close(wronly);
}

/*
 * COW-7, Zircon's NoAccumulatedOverflow: offsets add up along a line of clones,
 * there until it is too much. Here a window ends where its parent ends, so nothing
 * adds up: what is further out is zero.
 */
TEST_F(create, cow_7_no_accumulated_overflow)
{
	const __u64 top = S64_END - PG(8);
	int a, b, c;

	test_create_child(&a, self->plain.fd, SNAPSHOT | RESIZABLE, top, PG(2));
	EXPECT_TRUE(vmop_test_check_fd_zero(a, 0, PG(2)));
	test_create_child(&b, a, SNAPSHOT | RESIZABLE, top, PG(2));
	EXPECT_TRUE(vmop_test_check_fd_zero(b, 0, PG(2)));
	test_set_size(b, PG(16));
	test_create_child(&c, b, SNAPSHOT, PG(15), PG(2));
	EXPECT_TRUE(vmop_test_check_fd_zero(b, 0, PG(16)));
	EXPECT_TRUE(vmop_test_check_fd_zero(c, 0, PG(2)));
	close(a);
	close(b);
	close(c);
}

/* COW-5: sizes are rounded up; nothing, too, is a size. */
TEST_F(create, cow_5_sizes)
{
	static const struct {
		__u64 length;
		__u64 pages;
	} sizes[] = { { 0, 0 }, { 1, 1 }, { 4095, 1 }, { 4096, 1 }, { 4097, 2 },
		      { 12288, 3 }, { 40960, 10 } };
	struct vmop_vmo_get_info info;
	unsigned int i, k;
	struct stat st;
	char c;
	int fd;

	ASSERT_EQ(4096, PG(1));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		for (k = 0; k < ARRAY_SIZE(snapshots); k++) {
			test_create_child(&fd, self->plain.fd, snapshots[k], 0,
					  sizes[i].length);
			test_get_info(fd, &info);
			EXPECT_EQ(PG(sizes[i].pages), info.out_size);
			EXPECT_EQ(PG(sizes[i].pages), info.out_content_size);
			ASSERT_EQ(0, fstat(fd, &st));
			EXPECT_EQ(PG(sizes[i].pages), st.st_size);
			if (!sizes[i].pages)
				EXPECT_EQ(0, vmop_test_pread(fd, &c, 1, 0));
			close(fd);
		}
	}
}

/*
 * COW-8: SNAPSHOT of what follows a pager's VMO, or of a slice, is refused, and of
 * a pager's VMO it is not (beyond Zircon).
 */
TEST_F(create, cow_8_snapshot)
{
	int follower, slice, modified, frozen, fd;

	test_create_child(&frozen, self->root.fd, SNAPSHOT, 0, PG(NR));
	test_create_child(&fd, frozen, SNAPSHOT, 0, PG(NR));
	close(fd);
	test_create_child(&follower, self->root.fd, ON_WRITE, 0, PG(NR));
	err_child(EOPNOTSUPP, follower, SNAPSHOT, 0, 1);
	test_create_child(&modified, follower, MODIFIED, 0, PG(NR));
	err_child(EOPNOTSUPP, modified, SNAPSHOT, 0, 1);
	err_child(EOPNOTSUPP, follower, SNAPSHOT, 0, 1);
	test_create_child(&slice, self->plain.fd, SLICE, 0, PG(2));
	err_child(EOPNOTSUPP, slice, SNAPSHOT, 0, 1);
	err_child(EOPNOTSUPP, slice, ON_WRITE, 0, 1);
	err_child(EOPNOTSUPP, slice, MODIFIED, 0, 1);
	close(slice);
	test_create_child(&slice, self->root.fd, SLICE, 0, PG(2));
	err_child(EOPNOTSUPP, slice, SNAPSHOT, 0, 1);
	close(frozen);
	close(follower);
	close(modified);
	close(slice);
}

/*
 * COW-9, COW-10: what is made of slices of a pager's VMO, of clones, and of clones
 * of clones; what has no meaning is refused.
 */
TEST_F(create, cow_10_snapshot_modified)
{
	int a, b, c, slice, fd;

	supply(&self->tp, &self->root, 0, NR);
	test_create_child(&slice, self->root.fd, SLICE, PG(1), PG(4));
	test_create_child(&fd, slice, ON_WRITE, 0, PG(4));
	close(fd);
	test_create_child(&fd, slice, MODIFIED, 0, PG(4));
	close(fd);
	close(slice);

	/* a slice of a clone */
	test_create_child(&a, self->root.fd, ON_WRITE, 0, PG(4));
	test_create_child(&slice, a, SLICE, 0, PG(4));
	err_child(EOPNOTSUPP, slice, MODIFIED, 0, 4);
	close(slice);
	/* a clone with a clone that follows it */
	ASSERT_EQ(1, pwrite(a, "x", 1, PG(1)));
	test_create_child(&b, a, ON_WRITE, 0, PG(4));
	err_child(EOPNOTSUPP, a, MODIFIED, 0, 4);
	/* the end of a line of more than two */
	err_child(EOPNOTSUPP, b, MODIFIED, 0, 4);
	close(b);
	EXPECT_EQ(0, test_cow_wait_childless(a));
	test_create_child(&b, a, MODIFIED, 0, PG(4));
	/* its parent is hidden: any number */
	test_create_child(&c, b, MODIFIED, 0, PG(4));
	test_create_child(&fd, a, MODIFIED, 0, PG(4));
	close(fd);
	/* under a hidden node ON_WRITE is the same */
	test_create_child(&fd, a, ON_WRITE, 0, PG(4));
	close(fd);
	close(a);
	close(b);
	close(c);
}

/* COW-11, COW-31: the order of complaints about a slice. */
TEST_F(create, cow_11_slice)
{
	struct vmop_vmo_get_info info;
	int fd;

	test_err_create_child(EINVAL, self->sized.fd, SLICE, 1, ~0ULL);
	test_err_create_child(ERANGE, self->sized.fd, SLICE, 0, S64_END);
	err_child(EINVAL, self->sized.fd, SLICE, 0, NR + 1);
	err_child(EINVAL, self->sized.fd, SLICE, NR, 1);
	err_child(EINVAL, self->sized.fd, SLICE, NR + 1, 0);
	err_child(EOPNOTSUPP, self->sized.fd, SLICE, 0, NR);
	err_child(EOPNOTSUPP, self->anon_sized.fd, SLICE, 0, 0);
	err_child(EINVAL, self->plain.fd, SLICE, NR - 1, 2);
	test_err_create_child(EINVAL, self->plain.fd, SLICE, PG(NR - 1),
			      PG(1) + 1);
	test_create_child(&fd, self->plain.fd, SLICE, PG(NR), 0);
	test_get_info(fd, &info);
	EXPECT_EQ(0, info.out_size);
	test_err_set_size(EPERM, fd, PG(1));
	close(fd);
	test_create_child(&fd, self->plain.fd, SLICE, PG(2), 1);
	test_get_info(fd, &info);
	EXPECT_EQ(PG(1), info.out_size);
	close(fd);
}

/* COW-12: a reference is all of it, or nothing. */
TEST_F(create, cow_12_reference)
{
	struct vmop_vmo_get_info info;
	int fd, slice, ref;

	err_child(EINVAL, self->plain.fd, REFERENCE, 0, NR);
	err_child(EINVAL, self->plain.fd, REFERENCE, 1, 0);
	test_err_create_child(EINVAL, self->plain.fd, REFERENCE, 0, 1);
	test_err_create_child(EINVAL, self->plain.fd, REFERENCE, 1, 0);
	test_create_child(&slice, self->plain.fd, SLICE, 0, PG(2));
	err_child(EOPNOTSUPP, slice, REFERENCE, 0, 0);
	test_create_child(&ref, self->plain.fd, REFERENCE, 0, 0);
	test_get_info(ref, &info);
	EXPECT_EQ(PG(NR), info.out_size);
	/* any kind of child can be made of it */
	test_create_child(&fd, ref, SNAPSHOT, 0, PG(NR));
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY, 0, PG(NR)));
	close(fd);
	test_create_child(&fd, ref, SLICE, PG(1), PG(1));
	close(fd);
	test_create_child(&fd, ref, REFERENCE, 0, 0);
	close(fd);
	close(slice);
	close(ref);
}

/* COW-6: what can be done with the child's descriptor. */
TEST_F(create, cow_6_mode)
{
	const int parents[] = PARENTS;
	unsigned int i, k;
	int fd, ro;

	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		test_reopen(&ro, parents[i], O_RDONLY);
		for (k = 0; k < ARRAY_SIZE(kinds); k++) {
			bool view = k >= ARRAY_SIZE(snapshots);

			if (kinds[k] == SLICE && i & 1)
				continue;
			test_create_child(&fd, ro, kinds[k], 0,
					  kinds[k] == REFERENCE ? 0 : PG(1));
			EXPECT_EQ(view ? O_RDONLY : O_RDWR,
				  fcntl(fd, F_GETFL) & O_ACCMODE)
				TH_LOG("parent %u, kind %#x", i, kinds[k]);
			EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
			close(fd);
			test_create_child(&fd, parents[i], kinds[k], 0,
					  kinds[k] == REFERENCE ? 0 : PG(1));
			EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & O_ACCMODE);
			close(fd);
		}
		close(ro);
	}
	/* COW-6: a reference that was not asked for that does not resize */
	test_create_child(&fd, self->sized.fd, REFERENCE, 0, 0);
	EXPECT_NE(0, vmop_test_set_size(fd, PG(1)));
	EXPECT_NE(0, ftruncate(fd, PG(1)));
	close(fd);
}

/* Nothing that writes works on this descriptor, nor is there a way to get one. */
static int may_write(int fd)
{
	static const int modes[] = { O_RDWR, O_WRONLY, O_RDWR | O_TRUNC };
	unsigned int i;
	void *map;
	int ret;

	if (vmop_test_pwrite(fd, "x", 1, 0) != -EBADF)
		return 1;
	if (vmop_test_vmo_op(fd, VMOP_VMO_OP_ZERO, 0, PG(1), NULL) != -EACCES)
		return 2;
	if (vmop_test_vmo_op(fd, VMOP_VMO_OP_COMMIT, 0, PG(1), NULL) != -EACCES)
		return 3;
	map = mmap(NULL, PG(1), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED)
		return 4;
	map = mmap(NULL, PG(1), PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || !mprotect(map, PG(1), PROT_READ | PROT_WRITE))
		return 5;
	munmap(map, PG(1));
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		ret = vmop_test_reopen(fd, modes[i]);
		if (ret != -EACCES && ret != -EPERM) {
			fprintf(stderr, "# re-open for writing: %d\n", ret);
			return 6;
		}
	}
	if (!fchmod(fd, 0666) && vmop_test_reopen(fd, O_RDWR) >= 0)
		return 7;
	return 0;
}

/* COW-5, COW-6: NO_WRITE is for ever, and for what views such a VMO. */
TEST_F(create, cow_6_no_write)
{
	const int parents[] = { self->sized.fd, self->root.fd, self->plain.fd };
	struct vmop_vmo_get_info info;
	unsigned int i, k;
	int fd, view, ro;

	supply(&self->tp, &self->root, 0, NR);
	supply(&self->tp, &self->sized, 0, NR);
	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		for (k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (kinds[k] == SLICE && !i)
				continue;
			test_create_child(&fd, parents[i], kinds[k] | NO_WRITE,
					  0, kinds[k] == REFERENCE ? 0 : PG(2));
			EXPECT_EQ(0, may_write(fd))
				TH_LOG("parent %u, kind %#x", i, kinds[k]);
			EXPECT_TRUE(vmop_test_check_fd(fd, KEY + !i, 0, PG(2)));
			/* reading is not forbidden */
			test_reopen(&ro, fd, O_RDONLY);
			close(ro);
			if (kinds[k] == SLICE) {
				close(fd);
				continue;
			}
			test_create_child(&view, fd, REFERENCE, 0, 0);
			test_get_info(view, &info);
			EXPECT_TRUE(info.out_flags & VMOP_VMO_NO_WRITE);
			EXPECT_EQ(0, may_write(view))
				TH_LOG("view of parent %u, kind %#x", i,
				       kinds[k]);
			close(view);
			close(fd);
		}
	}
	/* a clone of such a VMO is a VMO like others */
	test_create_child(&fd, self->plain.fd, SNAPSHOT | NO_WRITE, 0, PG(2));
	test_create_child(&view, fd, SNAPSHOT, 0, PG(2));
	EXPECT_EQ(1, vmop_test_pwrite(view, "x", 1, 0));
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY, 0, PG(2)));
}

/* COW-39: the name is the parent's at the time, then its own. */
TEST_F(create, cow_39_names)
{
	struct vmop_vmo_get_info info;
	unsigned int k;
	int fd;

	for (k = 0; k < ARRAY_SIZE(kinds); k++) {
		test_set_name(self->plain.fd, "dolly");
		test_create_child(&fd, self->plain.fd, kinds[k], 0,
				  kinds[k] == REFERENCE ? 0 : PG(1));
		test_set_name(self->plain.fd, "mother");
		test_get_info(fd, &info);
		EXPECT_STREQ("dolly", (char *)info.out_name);
		test_set_name(fd, "bonnie");
		test_get_info(self->plain.fd, &info);
		EXPECT_STREQ("mother", (char *)info.out_name);
		test_get_info(fd, &info);
		EXPECT_STREQ("bonnie", (char *)info.out_name);
		close(fd);
	}
}

/* COW-38, COW-40, OBJ-12: numbers, where it was made, flags. */
TEST_F(create, cow_40_flags)
{
	const int parents[] = { self->root.fd, self->plain.fd };
	struct vmop_vmo_get_info info, parent;
	const __u32 told = VMOP_VMO_COW_CLONE | VMOP_VMO_PAGER_BACKED |
			   VMOP_VMO_RESIZABLE | VMOP_VMO_SEALED |
			   VMOP_VMO_NO_WRITE;
	unsigned int i, k;
	__u32 want;
	int fd;

	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		for (k = 0; k < ARRAY_SIZE(kinds); k++) {
			bool all = kinds[k] == REFERENCE;

			test_create_child(&fd, parents[i], kinds[k],
					  all ? 0 : PG(3), all ? 0 : PG(2));
			test_get_info(parents[i], &parent);
			test_get_info(fd, &info);
			want = (i ? 0 : VMOP_VMO_PAGER_BACKED) |
			       (k < 3 ? VMOP_VMO_COW_CLONE : 0);
			EXPECT_EQ(want, info.out_flags & told)
				TH_LOG("parent %u, kind %#x", i, kinds[k]);
			EXPECT_EQ(want & VMOP_VMO_PAGER_BACKED,
				  parent.out_flags & told);
			EXPECT_EQ(kinds[k], info.out_child_flags);
			EXPECT_EQ(all ? 0 : PG(3), info.out_child_offset);
			EXPECT_EQ(parent.out_id, info.out_parent_id);
			EXPECT_NE(parent.out_id, info.out_id);
			EXPECT_EQ(1, parent.out_num_children);
			EXPECT_EQ(0, parent.out_parent_id);
			EXPECT_EQ(0, parent.out_child_flags);
			EXPECT_FALSE(test_cow_childless(parents[i]));
			close(fd);
			test_get_info(parents[i], &parent);
			EXPECT_EQ(0, parent.out_num_children);
			EXPECT_TRUE(test_cow_childless(parents[i]));
		}
	}
}

/* Pages that a clone does not share are paid by whom its creator names. */
TEST_F(create, payer)
{
	struct test_cgroup payer, parent;
	struct vmop_vmo_create_child cmd = {
		.size = sizeof(cmd), .flags = SNAPSHOT, .length = PG(1024),
	};
	struct vmop_vmo_create make = {
		.size = sizeof(make), .length = PG(1024),
	};
	struct test_cow v = { 0 };
	long before;

	ASSERT_EQ(0, test_cgroup_setup());
	ASSERT_EQ(0, test_cgroup_make(&payer, "payer", 0));
	ASSERT_EQ(0, test_cgroup_make(&parent, "parent", 0));
	make.payer_fd = test_cgroup_open(&parent);
	test_ioctl(self->tp.fd, VMOP_VMO_CREATE, &make);
	v.fd = make.out_vmo_fd;
	put(&v, 0, 1024, KEY);
	cmd.payer_fd = test_cgroup_open(&payer);
	test_ioctl(v.fd, VMOP_VMO_CREATE_CHILD, &cmd);
	EXPECT_LE(PG(1024), test_cgroup_get(&parent, "memory.current", NULL));
	before = test_cgroup_get(&payer, "memory.current", NULL);
	EXPECT_GT(PG(512), before);
	close(v.fd);
	v.fd = cmd.out_vmo_fd;
	/* the parent is gone, so that nothing is left to copy */
	put(&v, 0, 512, KEY + 1);
	close(v.fd);

	/* a copy is the clone's */
	make.out_vmo_fd = -1;
	test_ioctl(self->tp.fd, VMOP_VMO_CREATE, &make);
	test_ioctl(make.out_vmo_fd, VMOP_VMO_CREATE_CHILD, &cmd);
	before = test_cgroup_get(&parent, "memory.current", NULL);
	v.fd = cmd.out_vmo_fd;
	put(&v, 0, 1024, KEY + 1);
	EXPECT_LE(PG(1024), test_cgroup_get(&payer, "memory.current", NULL));
	EXPECT_GT(before + (long)PG(512),
		  test_cgroup_get(&parent, "memory.current", NULL));
	close(v.fd);
	close(make.out_vmo_fd);
	close(make.payer_fd);
	close(cmd.payer_fd);
	test_cgroup_remove(&payer);
	test_cgroup_remove(&parent);
}

VMOP_TEST_MAIN
