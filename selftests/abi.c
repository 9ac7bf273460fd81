// SPDX-License-Identifier: GPL-2.0
/*
 * The form of the ABI: every command swept with wrong sizes, unknown flags,
 * reserved fields, bad pointers, and on the wrong objects. The values inside
 * the structures are abi_values.c's.
 */
#include "abi_cmds.h"

ABI_FIXTURE(abi_form)

/* Two pages, readable and writable, and behind them one that is not mapped. */
static char *abi_buffer(void)
{
	char *buf = mmap(NULL, PG(3), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buf == MAP_FAILED || munmap(buf + PG(2), PG(1)))
		return NULL;
	return buf;
}

/* Arguments with this size at this place. */
static void *abi_place(const struct abi_env *env, const struct abi_cmd *c,
		       char *at, __u32 size)
{
	union abi_any arg;

	abi_fill(env, c, &arg);
	arg.head[0] = size;
	memcpy(at, &arg, c->size);
	return at;
}

/* The arguments of fill() do succeed; otherwise the sweeps prove nothing. */
TEST_F(abi_form, every_command_works)
{
	struct vmop_port_record rec;
	const struct abi_cmd *c;
	union abi_any arg;

	for_each_cmd(c, true) {
		abi_fill(&self->env, c, &arg);
		EXPECT_EQ(0, abi_run(&self->env, c, &arg))
			TH_LOG("%s", c->name);
		if (c->range)
			EXPECT_EQ(PG(1), abi_get64(&arg, c->out_actual))
				TH_LOG("%s", c->name);
		/* COMPLETE of the VMO that was made, or of the detached one. */
		if (c->cmd == VMOP_PAGER_VMO_CREATE || c->cmd == VMOP_DETACH)
			ASSERT_EQ(0, test_port_next(self->env.tp.port, &rec));
		ASSERT_EQ(0, test_pager_expect_none(&self->env.tp));
	}
}

/* Too short: EINVAL. Nothing behind what the size says is read. */
TEST_F(abi_form, size_too_short)
{
	__u32 sizes[] = { 0, 1, 4, 7, 0, 0, 0 };
	const struct abi_cmd *c;
	char *buf = abi_buffer(), *arg;
	unsigned int i;

	ASSERT_NE(NULL, buf);
	for_each_cmd(c, true) {
		/* one command has nothing behind its flags */
		sizes[4] = abi_min_size(c) > 8 ? 8 : 0;
		sizes[5] = abi_min_size(c) > 8 ? abi_min_size(c) - 8 : 0;
		sizes[6] = abi_min_size(c) - 1;
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			arg = abi_place(&self->env, c, buf, sizes[i]);
			abi_expect(&self->env, c, arg, EINVAL, "size %u",
				   sizes[i]);
		}
		/* Only the size itself is there. */
		arg = buf + PG(2) - 4;
		memset(arg, 0, 4);
		abi_expect(&self->env, c, arg, EINVAL, "size 0 at the end");
	}
}

/* An older program, which knows the first fields only. */
TEST_F(abi_form, size_of_an_older_program)
{
	const struct abi_cmd *c;
	char *buf = abi_buffer(), *arg;
	size_t size, i;

	ASSERT_NE(NULL, buf);
	for_each_cmd(c, c->min_size) {
		for (size = c->min_size; size < c->size; size += 4) {
			memset(buf, 0xee, PG(2));
			arg = abi_place(&self->env, c, buf, size);
			memset(arg + size, 0xee, c->size - size);
			EXPECT_EQ(0, abi_run(&self->env, c, arg))
				TH_LOG("%s: size %zu", c->name, size);
			EXPECT_EQ(size, *(__u32 *)arg);
			/* what it does not know is not written to */
			for (i = size; i < c->size; i++)
				ASSERT_EQ((char)0xee, arg[i])
					TH_LOG("%s: size %zu, byte %zu",
					       c->name, size, i);
		}
		/* the same at the end of its memory */
		arg = abi_place(&self->env, c, buf, c->min_size);
		memmove(buf + PG(2) - c->min_size, arg, c->min_size);
		EXPECT_EQ(0, abi_run(&self->env, c,
				     buf + PG(2) - c->min_size))
			TH_LOG("%s at the end", c->name);
	}
}

/* A newer program: what is not known here must be zero. */
TEST_F(abi_form, size_longer)
{
	struct vmop_port_record rec;
	const struct abi_cmd *c;
	char *buf = abi_buffer();
	size_t sizes[] = { 1, 8, 64, 0 }, more;
	unsigned int i;

	ASSERT_NE(NULL, buf);
	for_each_cmd(c, true) {
		sizes[3] = PG(1) - c->size;
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			more = sizes[i];
			memset(buf, 0, PG(2));
			abi_place(&self->env, c, buf, c->size + more);
			buf[c->size] = 1;
			abi_expect(&self->env, c, buf, E2BIG,
				   "%zu more, first byte set", more);
			buf[c->size] = 0;
			buf[c->size + more - 1] = (char)0x80;
			abi_expect(&self->env, c, buf, E2BIG,
				   "%zu more, last byte set", more);
			buf[c->size + more - 1] = 0;
			/* Behind the structure anything may be. */
			buf[c->size + more] = 1;
			EXPECT_EQ(0, abi_run(&self->env, c, buf))
				TH_LOG("%s: %zu more, clean", c->name, more);
			EXPECT_EQ(c->size + more, *(__u32 *)buf);
			if (c->cmd == VMOP_PAGER_VMO_CREATE ||
			    (c->cmd == VMOP_DETACH && !i))
				ASSERT_EQ(0, test_port_next(self->env.tp.port,
							    &rec));
		}
	}
}

/* More than a page is E2BIG whatever is in it. */
TEST_F(abi_form, size_huge)
{
	static const __u32 sizes[] = { 1, 8, 4096, 0x7fffffff, 0xffffffff };
	const struct abi_cmd *c;
	char *buf = abi_buffer();
	unsigned int i;
	__u32 size;

	ASSERT_NE(NULL, buf);
	for_each_cmd(c, true) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			size = sizes[i] > PG(1) ? sizes[i] : PG(1) + sizes[i];
			abi_place(&self->env, c, buf, size);
			abi_expect(&self->env, c, buf, E2BIG, "size %u", size);
		}
	}
}

/* Every flag that is not known. */
TEST_F(abi_form, unknown_flags)
{
	const struct abi_cmd *c;
	union abi_any arg;
	__u32 flag;

	for_each_cmd(c, true) {
		for (flag = 1; flag; flag <<= 1) {
			if (c->flags & flag)
				continue;
			abi_fill(&self->env, c, &arg);
			arg.head[1] = flag;
			abi_expect(&self->env, c, &arg, EOPNOTSUPP,
				   "flag %#x", flag);
			arg.head[1] = c->flags | flag;
			abi_expect(&self->env, c, &arg, EOPNOTSUPP,
				   "flag %#x with known ones", flag);
		}
	}
}

/* Every reserved field, lowest and highest bit. */
TEST_F(abi_form, reserved_fields)
{
	const struct abi_cmd *c;
	union abi_any arg;
	unsigned int i;

	for_each_cmd(c, true) {
		for (i = 0; i < ARRAY_SIZE(c->reserved); i++) {
			if (!c->reserved[i])
				continue;
			abi_fill(&self->env, c, &arg);
			abi_put32(&arg, c->reserved[i], 1);
			abi_expect(&self->env, c, &arg, EOPNOTSUPP,
				   "1 at %zu", c->reserved[i]);
			abi_put32(&arg, c->reserved[i], 0x80000000);
			abi_expect(&self->env, c, &arg, EOPNOTSUPP,
				   "highest bit at %zu", c->reserved[i]);
		}
	}
}

/* The structure is not, or not all, in readable memory. */
TEST_F(abi_form, bad_pointers)
{
	static const unsigned long bad[] = {
		0, 1, 0x7ffffffff000UL, 0xffff888000000000UL,
		0xffffffffffffffffUL, 0x8000000000000000UL,
	};
	const struct abi_cmd *c;
	char *buf = abi_buffer(), *at;
	union abi_any arg;
	unsigned int i;

	ASSERT_NE(NULL, buf);
	for_each_cmd(c, true) {
		for (i = 0; i < ARRAY_SIZE(bad); i++)
			abi_expect(&self->env, c, (void *)bad[i], EFAULT,
				   "pointer %#lx", bad[i]);
		abi_expect(&self->env, c, buf + PG(2), EFAULT, "unmapped");
		/* The last four bytes are missing. */
		at = buf + PG(2) - c->size + 4;
		abi_fill(&self->env, c, &arg);
		memcpy(at, &arg, c->size - 4);
		abi_expect(&self->env, c, at, EFAULT, "end unmapped");
		/* The clean part that a newer program adds is missing. */
		at = buf + PG(2) - c->size;
		abi_place(&self->env, c, at, c->size + 8);
		abi_expect(&self->env, c, at, EFAULT, "tail unmapped");
	}
}

/*
 * Results could not be written back: EFAULT before anything is done. This holds
 * for commands without results too.
 */
TEST_F(abi_form, read_only_arguments)
{
	const struct abi_cmd *c;
	char *buf = abi_buffer();

	ASSERT_NE(NULL, buf);
	for_each_cmd(c, true) {
		ASSERT_EQ(0, mprotect(buf, PG(1), PROT_READ | PROT_WRITE));
		abi_place(&self->env, c, buf, c->size);
		ASSERT_EQ(0, mprotect(buf, PG(1), PROT_READ));
		abi_expect(&self->env, c, buf, EFAULT, "read-only");
	}
}

/* A command of another object, and commands that nobody has. */
TEST_F(abi_form, unknown_commands)
{
	static const unsigned int absent[] = {
		VMOP_CMD_PAGER_SET_POLICY, VMOP_CMD_PAGER_TOKEN,
		VMOP_CMD_PAGER_ATTACH, VMOP_CMD_PAGER_NEXT_VMO,
		VMOP_CMD_PORT_REQUEUE, VMOP_CMD_EXEC,
		VMOP_CMD_VMO_PIN, VMOP_CMD_VMO_SET_CACHE_POLICY,
		0x00, VMOP_CMD_BASE - 1, VMOP_CMD_QUERY_LATENCY + 1,
		VMOP_CMD_VMO_BASE - 1, VMOP_CMD_VMO_COMPOSE + 1, 0xff,
	};
	struct abi_env *env = &self->env;
	const int fds[] = { env->tp.fd, env->tp.port, env->vmo.fd, env->anon };
	char *buf = abi_buffer();
	struct abi_state before;
	const struct abi_cmd *c;
	unsigned int i, j;

	ASSERT_NE(NULL, buf);
	*(__u32 *)buf = 64;
	ASSERT_EQ(0, abi_snap(env, &before));
	for (i = 0; i < ARRAY_SIZE(absent); i++)
		for (j = 0; j < ARRAY_SIZE(fds); j++)
			EXPECT_EQ(-ENOTTY,
				  vmop_test_ioctl(fds[j],
						  _IO(VMOP_IOC_TYPE, absent[i]),
						  buf))
				TH_LOG("command %#x on fd %u", absent[i], j);
	for_each_cmd(c, true) {
		abi_place(env, c, buf, c->size);
		for (j = 0; j < ARRAY_SIZE(fds); j++) {
			if (j >= 2 ? c->on_vmo : !j && !c->on_vmo)
				continue;
			if (c->on_both && j != 1)
				continue;
			EXPECT_EQ(-ENOTTY, vmop_test_ioctl(fds[j], c->cmd, buf))
				TH_LOG("%s on fd %u", c->name, j);
		}
		/* Numbers of another type, or with a size in them. */
		j = c->on_vmo ? 2 : 0;
		EXPECT_EQ(-ENOTTY, vmop_test_ioctl(fds[j], c->cmd ^ 0x0100, buf))
			TH_LOG("%s, type 0xb8", c->name);
		EXPECT_EQ(-ENOTTY,
			  vmop_test_ioctl(fds[j], c->cmd | 8 << _IOC_SIZESHIFT,
					  buf))
			TH_LOG("%s, size 8", c->name);
	}
	EXPECT_TRUE(abi_unchanged(env, &before));
}

/* New descriptors are close-on-exec. */
TEST_F(abi_form, descriptors_are_cloexec)
{
	int fd;

	EXPECT_EQ(FD_CLOEXEC, fcntl(self->env.tp.port, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->env.vmo.fd, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(self->env.anon, F_GETFD));
	test_port_create(&fd, self->env.tp.fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	EXPECT_EQ(O_RDWR, fcntl(self->env.vmo.fd, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(O_RDWR, fcntl(self->env.anon, F_GETFL) & O_ACCMODE);
	close(fd);
}

VMOP_TEST_MAIN
