// SPDX-License-Identifier: GPL-2.0
/*
 * The values inside the structures: descriptors, offsets, lengths, operations
 * and limits, each wrong in its own way, and which complaint comes first. The
 * form of the structures is abi.c's.
 *
 * The order (OBJ-2, OBJ-11): flags and reserved fields EOPNOTSUPP, alignment
 * EINVAL, arithmetic ERANGE, descriptors EBADF and EBADFD, whose VMO EINVAL,
 * the range ERANGE. A failed call has done 0 bytes and says so.
 */
#include "abi_cmds.h"

#define S64_END 0x8000000000000000ULL
#define NO_FD 9999

ABI_FIXTURE(abi_values)

/* As abi_expect(); out_actual is 0. */
#define abi_expect_none(_env, _c, _arg, _err, _fmt, ...) do { \
	abi_expect(_env, _c, _arg, _err, _fmt, ##__VA_ARGS__); \
	if ((_c)->out_actual) \
		EXPECT_EQ(0, abi_get64(_arg, (_c)->out_actual)) \
			TH_LOG("%s: " _fmt, (_c)->name, ##__VA_ARGS__); \
} while (0)

/* A descriptor field that must be refused: not open, or of another kind. */
struct abi_bad_fd {
	const char *what;
	int fd;
	int err;
};

/* ---- descriptors --------------------------------------------------------- */

/* OBJ-9, OBJ-10: the VMO of a pager call. Zircon: InvalidPagerDetachVmo and others. */
TEST_F(abi_values, obj_9_vmo_fd)
{
	struct abi_env *env = &self->env;
	int path = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int rdonly = vmop_test_reopen(env->vmo.fd, O_RDONLY);
	const struct abi_bad_fd bad[] = {
		{ "-1", -1, EBADF },
		{ "not open", NO_FD, EBADF },
		{ "INT_MAX", INT_MAX, EBADF },
		{ "INT_MIN", INT_MIN, EBADF },
		{ "O_PATH", path, EBADF },
		{ "/dev/null", env->null, EBADFD },
		{ "a memfd", env->file, EBADFD },
		{ "the pager itself", env->tp.fd, EBADFD },
		{ "a port", env->tp.port, EBADFD },
		{ "another pager's VMO", env->theirs.fd, EINVAL },
		{ "an anonymous VMO", env->anon, EINVAL },
		{ "a clone of its own VMO", env->clone, EINVAL },
		{ "not open for writing", rdonly, EACCES },
	};
	const struct abi_cmd *c;
	union abi_any arg;
	unsigned int i;

	ASSERT_LE(0, path);
	ASSERT_LE(0, rdonly);
	for_each_cmd(c, c->vmo_fd) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			abi_fill(env, c, &arg);
			abi_put32(&arg, c->vmo_fd, bad[i].fd);
			abi_expect_none(env, c, &arg, bad[i].err, "vmo_fd is %s",
					bad[i].what);
			/* A length of 0 does not make a bad descriptor good. */
			if (!c->range)
				continue;
			abi_put64(&arg, c->range + 8, 0);
			abi_expect_none(env, c, &arg, bad[i].err,
					"length 0, vmo_fd is %s", bad[i].what);
		}
	}
	close(path);
	close(rdonly);
}

/* OBJ-9: a descriptor that came by dup() or re-open is the same VMO. */
TEST_F(abi_values, obj_9_any_descriptor_of_the_vmo)
{
	struct abi_env *env = &self->env;
	const struct abi_cmd *c;
	union abi_any arg;
	int fds[2], i;

	fds[0] = dup(env->vmo.fd);
	ASSERT_LE(0, fds[0]);
	test_reopen(&fds[1], env->vmo.fd, O_RDWR);
	for_each_cmd(c, c->vmo_fd && c->range) {
		for (i = 0; i < 2; i++) {
			abi_fill(env, c, &arg);
			abi_put32(&arg, c->vmo_fd, fds[i]);
			EXPECT_EQ(0, abi_run(env, c, &arg))
				TH_LOG("%s by descriptor %d", c->name, i);
		}
	}
	close(fds[0]);
	close(fds[1]);
}

/* SUP-3, OBJ-10: the VMO that gives its pages. */
TEST_F(abi_values, sup_3_aux_fd)
{
	struct abi_env *env = &self->env;
	int rdonly = vmop_test_reopen(env->anon, O_RDONLY);
	int wronly = vmop_test_reopen(env->anon, O_WRONLY);
	const struct abi_bad_fd bad[] = {
		{ "-1", -1, EBADF },
		{ "not open", NO_FD, EBADF },
		{ "/dev/null", env->null, EBADFD },
		{ "a memfd", env->file, EBADFD },
		{ "the pager itself", env->tp.fd, EBADFD },
		{ "a port", env->tp.port, EBADFD },
		{ "not open for writing", rdonly, EACCES },
		{ "not open for reading", wronly, EACCES },
		{ "the target", env->vmo.fd, EOPNOTSUPP },
		{ "a VMO of this pager", env->victim.fd, EOPNOTSUPP },
		{ "a VMO of another pager", env->theirs.fd, EOPNOTSUPP },
	};
	const struct abi_cmd *c;
	union abi_any arg;
	unsigned int i;

	ASSERT_LE(0, rdonly);
	ASSERT_LE(0, wronly);
	for_each_cmd(c, c->cmd == VMOP_SUPPLY) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			abi_fill(env, c, &arg);
			arg.supply_move.aux_fd = bad[i].fd;
			abi_expect_none(env, c, &arg, bad[i].err, "aux_fd is %s",
					bad[i].what);
		}
	}
	close(rdonly);
	close(wronly);
}

/* OBJ-2: the port of a new VMO. */
TEST_F(abi_values, obj_2_port_fd)
{
	struct abi_env *env = &self->env;
	const struct abi_bad_fd bad[] = {
		{ "-1", -1, EBADF },
		{ "not open", NO_FD, EBADF },
		{ "/dev/null", env->null, EBADFD },
		{ "the pager itself", env->tp.fd, EBADFD },
		{ "a pager VMO", env->vmo.fd, EBADFD },
		{ "an anonymous VMO", env->anon, EBADFD },
		{ "another pager's port", env->other.port, EINVAL },
	};
	const struct abi_cmd *c;
	union abi_any arg;
	unsigned int i;

	for_each_cmd(c, c->cmd == VMOP_PAGER_VMO_CREATE) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			abi_fill(env, c, &arg);
			arg.pager_vmo_create.port_fd = bad[i].fd;
			abi_expect(env, c, &arg, bad[i].err, "port_fd is %s",
				   bad[i].what);
		}
	}
}

/* Who pays: a descriptor that is none, or no directory of a cgroup. */
TEST_F(abi_values, payer_fd)
{
	struct abi_env *env = &self->env;
	int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct abi_bad_fd bad[] = {
		{ "not open", NO_FD, EBADF },
		{ "-2", -2, EBADF },
		{ "/dev/null", env->null, EBADFD },
		{ "/", dir, EBADFD },
		{ "a port", env->tp.port, EBADFD },
	};
	const struct abi_cmd *c;
	struct vmop_info info;
	union abi_any arg;
	unsigned int i;
	int err;

	ASSERT_LE(0, dir);
	test_info(env->tp.fd, &info);
	for_each_cmd(c, c->out_fd && c->cmd != VMOP_PORT_CREATE) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			abi_fill(env, c, &arg);
			if (c->cmd == VMOP_VMO_CREATE)
				arg.vmo_create.payer_fd = bad[i].fd;
			else if (c->cmd == VMOP_VMO_CREATE_CHILD)
				arg.create_child.payer_fd = bad[i].fd;
			else if (c->cmd == VMOP_VMO_COMPOSE)
				arg.compose.payer_fd = bad[i].fd;
			else
				arg.pager_vmo_create.payer_fd = bad[i].fd;
			/* Without the feature any payer is refused alike. */
			err = info.out_features & VMOP_FEATURE_PAYER ?
			      bad[i].err : EOPNOTSUPP;
			abi_expect(env, c, &arg, err, "payer_fd is %s",
				   bad[i].what);
		}
	}
	close(dir);
}

/* A VMO that is open for reading only: what changes it is EACCES. */
TEST_F(abi_values, read_only_vmo)
{
	static const struct {
		__u32 op;
		int err;
	} ops[] = {
		{ VMOP_VMO_OP_COMMIT, EACCES },
		{ VMOP_VMO_OP_DECOMMIT, EACCES },
		{ VMOP_VMO_OP_ZERO, EACCES },
		{ VMOP_VMO_OP_DONT_NEED, 0 },
		{ VMOP_VMO_OP_PREFETCH, 0 },
	};
	const int of[] = { self->env.vmo.fd, self->env.anon };
	struct vmop_vmo_get_info before, now;
	unsigned int i, j;
	char byte = 1;
	int fd;

	for (j = 0; j < ARRAY_SIZE(of); j++) {
		test_reopen(&fd, of[j], O_RDONLY);
		test_get_info(fd, &before);
		for (i = 0; i < ARRAY_SIZE(ops); i++)
			EXPECT_EQ(-ops[i].err,
				  vmop_test_vmo_op(fd, ops[i].op, 0, PG(4),
						   NULL))
				TH_LOG("op %u of VMO %u", ops[i].op, j);
		test_err_set_size(EACCES, fd, PG(1));
		test_err_set_name(EACCES, fd, "other");
		EXPECT_EQ(-EBADF, vmop_test_pwrite(fd, &byte, 1, 0));
		EXPECT_EQ(-1, ftruncate(fd, 0));
		EXPECT_EQ(EINVAL, errno);
		EXPECT_EQ(MAP_FAILED, mmap(NULL, PG(1), PROT_WRITE, MAP_SHARED,
					   fd, 0));
		EXPECT_EQ(EACCES, errno);
		test_get_info(fd, &now);
		EXPECT_TRUE(vmop_test_same_info(&before, &now));
		close(fd);
	}
}

/* ---- offsets and lengths ------------------------------------------------- */

/* OBJ-11: every offset and length of the pager calls is whole pages. */
TEST_F(abi_values, obj_11_alignment)
{
	static const __u64 odd[] = { 1, 8, 512, 4095, 4097 };
	struct abi_env *env = &self->env;
	const struct abi_cmd *c;
	union abi_any arg;
	unsigned int i, j;
	size_t at[3];

	for_each_cmd(c, c->range) {
		at[0] = c->range;
		at[1] = c->range + 8;
		at[2] = c->aux_offset;
		for (i = 0; i < ARRAY_SIZE(odd); i++) {
			for (j = 0; j < (at[2] ? 3 : 2); j++) {
				abi_fill(env, c, &arg);
				abi_put64(&arg, at[j], odd[i]);
				abi_expect_none(env, c, &arg, EINVAL,
						"%llu at %zu", odd[i], at[j]);
				/* Before the descriptors are looked at. */
				abi_put32(&arg, c->vmo_fd, NO_FD);
				abi_expect_none(env, c, &arg, EINVAL,
						"%llu at %zu and a bad fd",
						odd[i], at[j]);
			}
			/* A length of 0 does not make an odd offset good. */
			abi_fill(env, c, &arg);
			abi_put64(&arg, c->range, odd[i]);
			abi_put64(&arg, c->range + 8, 0);
			abi_expect_none(env, c, &arg, EINVAL,
					"offset %llu, length 0", odd[i]);
		}
	}
}

/* Above S64_MAX, alone or as a sum: ERANGE, before the descriptors. */
TEST_F(abi_values, arithmetic)
{
	const struct {
		__u64 offset, length;
	} bad[] = {
		{ S64_END, 0 },
		{ S64_END, PG(1) },
		{ 0, S64_END },
		{ -PG(1), PG(1) },
		{ -PG(1), PG(2) },
		{ PG(1), -PG(1) },
		{ PG(1), -PG(2) },
		{ S64_END - PG(1), PG(1) },
		{ S64_END - PG(1), PG(2) },
		{ S64_END / 2, S64_END / 2 },
		{ S64_END, S64_END },
	};
	struct abi_env *env = &self->env;
	const struct abi_cmd *c;
	union abi_any arg;
	unsigned int i;

	for_each_cmd(c, c->range) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			abi_fill(env, c, &arg);
			abi_put64(&arg, c->range, bad[i].offset);
			abi_put64(&arg, c->range + 8, bad[i].length);
			abi_expect_none(env, c, &arg, ERANGE, "%#llx + %#llx",
					bad[i].offset, bad[i].length);
			if (!c->aux_offset)
				continue;
			abi_fill(env, c, &arg);
			abi_put64(&arg, c->aux_offset, bad[i].offset);
			abi_put64(&arg, c->range + 8, bad[i].length);
			abi_expect_none(env, c, &arg, ERANGE,
					"aux %#llx + %#llx", bad[i].offset,
					bad[i].length);
		}
		/* These overflow for sure, so nothing has to be looked up. */
		abi_fill(env, c, &arg);
		abi_put64(&arg, c->range, -PG(1));
		abi_put64(&arg, c->range + 8, PG(2));
		abi_put32(&arg, c->vmo_fd, NO_FD);
		abi_expect_none(env, c, &arg, ERANGE, "overflow and a bad fd");
	}
}

/* Outside the VMO. The page behind the end is outside, the end is not. */
TEST_F(abi_values, out_of_range)
{
	const struct {
		__u64 offset, length;
	} bad[] = {
		{ PG(ABI_PAGES), PG(1) },
		{ PG(ABI_PAGES - 1), PG(2) },
		{ 0, PG(ABI_PAGES + 1) },
		{ PG(ABI_PAGES + 1), PG(1) },
		{ 1ULL << 40, PG(1) },
		{ PG(1), 1ULL << 62 },
	};
	struct abi_env *env = &self->env;
	const struct abi_cmd *c;
	union abi_any arg;
	unsigned int i;

	for_each_cmd(c, c->range && c->cmd != VMOP_SUPPLY) {
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			abi_fill(env, c, &arg);
			abi_put64(&arg, c->range, bad[i].offset);
			abi_put64(&arg, c->range + 8, bad[i].length);
			abi_expect_none(env, c, &arg, ERANGE, "%#llx + %#llx",
					bad[i].offset, bad[i].length);
			/* Descriptors come first. */
			abi_put32(&arg, c->vmo_fd, NO_FD);
			abi_expect_none(env, c, &arg, EBADF,
					"%#llx + %#llx and a bad fd",
					bad[i].offset, bad[i].length);
		}
		/* At the very end there is room for nothing. */
		abi_fill(env, c, &arg);
		abi_put64(&arg, c->range, PG(ABI_PAGES));
		abi_put64(&arg, c->range + 8, 0);
		EXPECT_EQ(0, abi_run(env, c, &arg))
			TH_LOG("%s: length 0 at the end", c->name);
		EXPECT_EQ(0, abi_get64(&arg, c->out_actual));
	}
}

/* The same for operations on the VMO itself, which round outwards. */
TEST_F(abi_values, vmo_op_ranges)
{
	static const __u32 ops[] = {
		VMOP_VMO_OP_COMMIT, VMOP_VMO_OP_ZERO, VMOP_VMO_OP_PREFETCH,
		VMOP_VMO_OP_DECOMMIT, VMOP_VMO_OP_DONT_NEED,
	};
	const struct {
		__u64 offset, length;
	} bad[] = {
		{ S64_END, PG(1) }, { 0, S64_END }, { -PG(1), PG(2) },
		{ PG(1), -PG(1) }, { PG(ABI_PAGES), PG(1) },
		{ PG(ABI_PAGES - 1), PG(2) }, { 0, PG(ABI_PAGES + 1) },
		{ 1ULL << 40, PG(1) }, { PG(ABI_PAGES), 1 },
	};
	struct abi_env *env = &self->env;
	const int of[] = { env->vmo.fd, env->anon };
	struct abi_state before;
	unsigned int i, j, k;
	__u64 actual;

	ASSERT_EQ(0, abi_snap(env, &before));
	for (k = 0; k < ARRAY_SIZE(of); k++) {
		for (j = 0; j < ARRAY_SIZE(ops); j++) {
			if (!k && ops[j] == VMOP_VMO_OP_DECOMMIT)
				continue;
			for (i = 0; i < ARRAY_SIZE(bad); i++) {
				if (bad[i].length == 1 &&
				    ops[j] == VMOP_VMO_OP_DECOMMIT)
					continue;
				EXPECT_EQ(-ERANGE,
					  vmop_test_vmo_op(of[k], ops[j],
							   bad[i].offset,
							   bad[i].length,
							   &actual))
					TH_LOG("VMO %u, op %u, %#llx + %#llx",
					       k, ops[j], bad[i].offset,
					       bad[i].length);
				EXPECT_EQ(0, actual);
			}
			test_vmo_op(of[k], ops[j], 0, 0, &actual);
			EXPECT_EQ(0, actual);
			test_vmo_op(of[k], ops[j], PG(ABI_PAGES), 0, &actual);
			EXPECT_EQ(0, actual);
		}
	}
	test_err_set_size(ERANGE, env->vmo.fd, S64_END);
	test_err_set_size(ERANGE, env->vmo.fd, ~0ULL);
	test_err_set_size(ERANGE, env->anon, S64_END);
	EXPECT_TRUE(abi_unchanged(env, &before));
}

/* ---- operations and their data ------------------------------------------- */

/* Operations that are not there, or not for this kind of VMO. */
TEST_F(abi_values, unknown_operations)
{
	/* DT-7: nothing is trapped in this VMO, so there is no OP_DIRTY. */
	static const __u32 pager_ops[] = {
		0, VMOP_PAGER_OP_DIRTY, 5, 0x7fffffff, 0xffffffff,
	};
	static const __u32 vmo_ops[] = {
		0, VMOP_VMO_OP_LOCK, VMOP_VMO_OP_UNLOCK, 5, 6, 7, 8, 9,
		VMOP_VMO_OP_TRY_LOCK, VMOP_VMO_OP_ALWAYS_NEED, 15, 0x7fffffff,
		0xffffffff,
	};
	struct abi_env *env = &self->env;
	struct abi_state before;
	unsigned int i;

	ASSERT_EQ(0, abi_snap(env, &before));
	for (i = 0; i < ARRAY_SIZE(pager_ops); i++)
		EXPECT_EQ(-EOPNOTSUPP,
			  vmop_test_op_range(env->tp.fd, env->vmo.fd,
					     pager_ops[i], 0, PG(1), 0, 0,
					     NULL))
			TH_LOG("pager op %u", pager_ops[i]);
	for (i = 0; i < ARRAY_SIZE(vmo_ops); i++) {
		EXPECT_EQ(-EOPNOTSUPP,
			  vmop_test_vmo_op(env->vmo.fd, vmo_ops[i], 0, PG(1),
					   NULL))
			TH_LOG("VMO op %u", vmo_ops[i]);
		EXPECT_EQ(-EOPNOTSUPP,
			  vmop_test_vmo_op(env->anon, vmo_ops[i], 0, PG(1),
					   NULL))
			TH_LOG("op %u of an anonymous VMO", vmo_ops[i]);
	}
	/* COM-7: a pager VMO cannot give pages away; unaligned is EINVAL. */
	test_err_vmo_op(EOPNOTSUPP, env->vmo.fd, VMOP_VMO_OP_DECOMMIT, 0,
			PG(1), NULL);
	test_err_vmo_op(EINVAL, env->anon, VMOP_VMO_OP_DECOMMIT, 1, PG(1),
			NULL);
	test_err_vmo_op(EINVAL, env->anon, VMOP_VMO_OP_DECOMMIT, 0, 1, NULL);
	EXPECT_TRUE(abi_unchanged(env, &before));
}

/* REQ-22: what FAIL may say, and about which requests. */
TEST_F(abi_values, req_22_fail_arguments)
{
	static const __u64 good[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	static const __u64 bad[] = {
		0, EPERM, EINVAL, ENOMEM, ENOENT, ETIMEDOUT, ERANGE, 4095,
		EIO | 1ULL << 32, -(__u64)EIO, (__u32)-EIO, ~0ULL,
	};
	static const __u32 masks[] = { 1 << 3, 1 << 31, 1 << 3 | 1, ~0U };
	struct abi_env *env = &self->env;
	const int pager = env->tp.fd, vmo = env->vmo.fd;
	struct vmop_op_range cmd = {
		.size = sizeof(cmd), .vmo_fd = vmo, .op = VMOP_PAGER_OP_FAIL,
		.length = PG(1), .data = EIO, .id = 1,
	};
	struct abi_state before;
	unsigned int i;

	ASSERT_EQ(0, abi_snap(env, &before));
	for (i = 0; i < ARRAY_SIZE(good); i++)
		test_fail(pager, vmo, 0, PG(ABI_PAGES), good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EINVAL,
			  vmop_test_op_range(pager, vmo, VMOP_PAGER_OP_FAIL, 0,
					     PG(1), bad[i], 0, NULL))
			TH_LOG("data %#llx", bad[i]);
	for (i = 0; i < ARRAY_SIZE(masks); i++)
		EXPECT_EQ(-EOPNOTSUPP,
			  vmop_test_op_range(pager, vmo, VMOP_PAGER_OP_FAIL, 0,
					     PG(1), EIO, masks[i], NULL))
			TH_LOG("fail_types %#x", masks[i]);
	test_op_range(pager, vmo, VMOP_PAGER_OP_FAIL, 0, PG(1), EIO,
		      VMOP_FAIL_READ | VMOP_FAIL_DIRTY | VMOP_FAIL_WRITEBACK,
		      NULL);
	/* An id says all; a range beside it is a contradiction. */
	test_err_ioctl(EINVAL, pager, VMOP_OP_RANGE, &cmd);
	cmd.offset = PG(1);
	cmd.length = 0;
	test_err_ioctl(EINVAL, pager, VMOP_OP_RANGE, &cmd);
	/* A request that is gone, or never was, has nothing to fail. */
	test_fail_id(pager, vmo, ~0ULL, EIO);
	test_fail_id(pager, vmo, ~0ULL, 0);
	EXPECT_TRUE(abi_unchanged(env, &before));
}

/* DT-6, WB-1, WB-9: data and the fields of FAIL on dirty content. */
TEST_F(abi_values, dirty_op_arguments)
{
	static const __u32 ops[] = {
		VMOP_PAGER_OP_DIRTY, VMOP_PAGER_OP_WRITEBACK_BEGIN,
		VMOP_PAGER_OP_WRITEBACK_END,
	};
	static const __u64 bad[] = { 2, 3, EIO, 1ULL << 32, ~0ULL };
	struct abi_env *env = &self->env;
	struct vmop_op_range cmd;
	struct abi_state before;
	unsigned int i, j;

	ASSERT_EQ(0, abi_snap(env, &before));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		cmd = (struct vmop_op_range) {
			.size = sizeof(cmd), .vmo_fd = env->vmo.fd,
			.op = ops[i], .length = PG(1),
		};
		for (j = 0; j < ARRAY_SIZE(bad); j++) {
			cmd.data = bad[j];
			test_err_ioctl(EINVAL, env->tp.fd, VMOP_OP_RANGE, &cmd);
		}
		cmd.data = 0;
		cmd.id = 1;
		test_err_ioctl(EINVAL, env->tp.fd, VMOP_OP_RANGE, &cmd);
		cmd.id = 0;
		cmd.fail_types = VMOP_FAIL_DIRTY;
		test_err_ioctl(EINVAL, env->tp.fd, VMOP_OP_RANGE, &cmd);
	}
	/* Only a begin knows zeros. */
	test_err_op_range(EINVAL, env->tp.fd, env->vmo.fd,
			  VMOP_PAGER_OP_WRITEBACK_END, 0, PG(1),
			  VMOP_DIRTY_ZERO, 0, NULL);
	test_op_range(env->tp.fd, env->vmo.fd, VMOP_PAGER_OP_WRITEBACK_BEGIN, 0,
		      PG(1), VMOP_DIRTY_ZERO, 0, NULL);
	EXPECT_TRUE(abi_unchanged(env, &before));
}

/* Fields of the calls that create VMOs. */
TEST_F(abi_values, create_arguments)
{
	struct abi_env *env = &self->env;
	struct vmop_pager_vmo_create cmd;
	struct vmop_vmo_create anon;
	struct abi_state before;
	struct vmop_info info;
	union abi_any arg;
	__u64 length;

	test_info(env->tp.fd, &info);
	ASSERT_EQ(0, abi_snap(env, &before));
#define spoil(_err, ...) do { \
	memset(&arg, 0, sizeof(arg)); \
	abi_fill_pager_vmo_create(env, &arg); \
	cmd = arg.pager_vmo_create; \
	cmd.size = sizeof(cmd); \
	__VA_ARGS__; \
	test_err_ioctl(_err, env->tp.fd, VMOP_PAGER_VMO_CREATE, &cmd); \
	EXPECT_TRUE(abi_unchanged(env, &before)); \
} while (0)
	spoil(EINVAL, memset(cmd.name, 'x', sizeof(cmd.name)));
	spoil(EINVAL, cmd.max_request_pages = info.out_max_request_pages + 1);
	spoil(EINVAL, cmd.max_request_pages = ~0U);
	spoil(EINVAL, cmd.deadline_ms = 1; cmd.deadline_action = 2);
	spoil(EINVAL, cmd.deadline_ms = 1; cmd.deadline_action = ~0U);
	spoil(EINVAL, cmd.deadline_action = VMOP_DEADLINE_WARN);
	/* Nobody is there to make room on a port without WRITEBACK records. */
	spoil(EINVAL, cmd.dirty_limit = 1);
	spoil(ERANGE, cmd.length = S64_END);
	spoil(ERANGE, cmd.length = ~0ULL);
	spoil(ERANGE, cmd.length = info.out_max_vmo_size + 1);
	/* OBJ-2: of several complaints the first one wins. */
	spoil(EOPNOTSUPP, cmd.flags = 1U << 31; cmd.port_fd = NO_FD);
	spoil(EOPNOTSUPP, cmd.flags = 1U << 31; cmd.length = ~0ULL);
	spoil(EOPNOTSUPP, cmd.flags = VMOP_VMO_DISCARDABLE);
#undef spoil
	for (length = S64_END; length; length = length == S64_END ? ~0ULL : 0)
		test_err_vmo_create(ERANGE, env->tp.fd, 0, length);
	/* OBJ-4: only a pager VMO could trap. */
	test_err_vmo_create(EOPNOTSUPP, env->tp.fd, VMOP_VMO_TRAP_DIRTY, PG(1));
	memset(&arg, 0, sizeof(arg));
	abi_fill_vmo_create(env, &arg);
	anon = arg.vmo_create;
	anon.size = sizeof(anon);
	memset(anon.name, 'x', sizeof(anon.name));
	test_err_ioctl(EINVAL, env->tp.fd, VMOP_VMO_CREATE, &anon);
	EXPECT_TRUE(abi_unchanged(env, &before));
}

/* A name ends with a NUL; what is behind it is not told to anybody. */
TEST_F(abi_values, set_name)
{
	struct vmop_vmo_set_name cmd = { .size = sizeof(cmd) };
	struct abi_env *env = &self->env;
	struct vmop_vmo_get_info info;
	char longest[VMOP_NAME_LEN];
	__u8 zero[VMOP_NAME_LEN] = { 0 };

	memset(longest, 'n', sizeof(longest));
	longest[VMOP_NAME_LEN - 1] = 0;
	test_get_info(env->vmo.fd, &info);
	EXPECT_STREQ("abi", (char *)info.out_name);
	test_set_name(env->vmo.fd, longest);
	memset(cmd.name, 'm', sizeof(cmd.name));
	test_err_ioctl(EINVAL, env->vmo.fd, VMOP_VMO_SET_NAME, &cmd);
	test_get_info(env->vmo.fd, &info);
	EXPECT_STREQ(longest, (char *)info.out_name);
	/* A short name over a long one. */
	cmd.name[1] = 0;
	test_ioctl(env->vmo.fd, VMOP_VMO_SET_NAME, &cmd);
	test_get_info(env->vmo.fd, &info);
	EXPECT_STREQ("m", (char *)info.out_name);
	EXPECT_EQ(0, memcmp(info.out_name + 1, zero, VMOP_NAME_LEN - 1));
	test_set_name(env->vmo.fd, "");
	test_get_info(env->vmo.fd, &info);
	EXPECT_EQ(0, memcmp(info.out_name, zero, VMOP_NAME_LEN));
}

VMOP_TEST_MAIN
