// SPDX-License-Identifier: GPL-2.0
/*
 * VMOP_VMO_COMPOSE: its arguments. Each error, the limits, and that a call that
 * fails keeps nothing. What the form of its structure must be is in abi.c.
 */
#include "test_cow.h"
#include "vmop_test.h"

#define OLD 0xd1d1
#define OWN 0xc0c0		/* what is written to the composed VMO */
#define NR 8
#define MOST 1024
#define S64_END 0x8000000000000000ULL
#define NO_FD 9999

/* A part that need not be whole pages, and one with its reserved field set. */
#define BYTES(_fd, _offset, _length) \
	{ .vmo_fd = (_fd), .offset = (_offset), .length = (_length) }
#define RESERVED(_value, _length) \
	{ .vmo_fd = -1, .__reserved = (_value), .length = (_length) }

VMOP_FIXTURE(compose_call)

/* Each errno of the header; then the next call finds everything as it was. */
TEST_F(compose_call, errors)
{
	struct vmop_vmo_compose cmd = { .size = sizeof(cmd), .payer_fd = -1 };
	struct vmop_compose_window part;
	int rdonly, wronly, null, path;
	struct test_cow a, c, d, s;

	filled(&a, 0, NR, OLD);
	test_reopen(&rdonly, a.fd, O_RDONLY);
	test_reopen(&wronly, a.fd, O_WRONLY);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	path = open("/dev/null", O_PATH | O_CLOEXEC);
	ASSERT_LE(0, null);
	ASSERT_LE(0, path);

	EXPECT_EQ(-EINVAL, test_cow_compose(a.fd, &part, 0));
	EXPECT_EQ(-EINVAL, test_cow_compose(a.fd, NULL, 0));
	EXPECT_EQ(-EINVAL, test_cow_compose(a.fd, NULL, MOST + 1));
	EXPECT_EQ(-EINVAL, test_cow_compose(a.fd, NULL, ~0U));
	EXPECT_EQ(-EINVAL, test_cow_compose(a.fd, NULL, 1U << 31));

	err_compose(EINVAL, a.fd, BYTES(-1, 1, PG(1)));
	err_compose(EINVAL, a.fd, BYTES(-1, PG(1) - 8, 0));
	err_compose(EINVAL, a.fd, BYTES(-1, 0, PG(1) + 1));
	err_compose(EINVAL, a.fd, BYTES(-1, 0, 512));
	err_compose(EOPNOTSUPP, a.fd, RESERVED(1, PG(1)));
	err_compose(EOPNOTSUPP, a.fd, PART(-1, 0, 1), RESERVED(1U << 31, 1));

	err_compose(EBADF, a.fd, PART(NO_FD, 0, 1));
	err_compose(EBADF, a.fd, PART(-2, 0, 1));
	err_compose(EBADF, a.fd, PART(INT_MIN, 0, 1));
	err_compose(EBADF, a.fd, PART(path, 0, 1));
	err_compose(EBADFD, a.fd, PART(null, 0, 1));
	err_compose(EBADFD, a.fd, PART(self->tp.fd, 0, 1));
	err_compose(EBADFD, a.fd, PART(self->tp.port, 0, 1));
	err_compose(EACCES, a.fd, PART(wronly, 0, 1));
	err_compose(EACCES, wronly, PART(-1, 0, 1));
	/* the first bad part is the one that is told */
	err_compose(EBADF, a.fd, PART(-1, 0, 1), PART(NO_FD, 0, 1),
		    PART(null, 0, 1));

	err_compose(ERANGE, a.fd, PART(-1, 0, NR + 1));
	err_compose(ERANGE, a.fd, PART(-1, NR, 1));
	err_compose(ERANGE, a.fd, PART(-1, NR + 1, 1));
	err_compose(ERANGE, a.fd, BYTES(-1, S64_END, PG(1)));
	err_compose(ERANGE, a.fd, BYTES(-1, 0, S64_END));
	err_compose(ERANGE, a.fd, BYTES(-1, PG(1), -PG(1)));
	err_compose(ERANGE, a.fd, BYTES(-1, -PG(1), PG(1)));

	/* no part of a composed one, of its clones, or of views of either */
	compose(&c, a.fd, PART(-1, 0, NR));
	child(&d, c.fd, SNAPSHOT, 0, NR);
	child(&s, d.fd, SLICE, 0, 1);
	err_compose(EOPNOTSUPP, c.fd, PART(-1, 0, 1));
	err_compose(EOPNOTSUPP, a.fd, PART(c.fd, 0, 1));
	err_compose(EOPNOTSUPP, a.fd, PART(d.fd, 0, 1));
	err_compose(EOPNOTSUPP, a.fd, PART(s.fd, 0, 1));
	test_cow_close(&d);
	test_cow_close(&s);
	/* but it may be asked about others */
	compose(&d, c.fd, PART(a.fd, 0, 1));
	test_cow_close(&d);

	part = (struct vmop_compose_window)PART(-1, 0, 1);
	cmd.windows_uptr = (uintptr_t)&part;
	cmd.nr_windows = 1;
	memset(cmd.name, 'x', sizeof(cmd.name));
	test_err_ioctl(EINVAL, a.fd, VMOP_VMO_COMPOSE, &cmd);

	/* reading is all that is needed */
	compose(&d, rdonly, PART(-1, 0, 1), PART(rdonly, 1, 1));
	put(&d, 0, 2, OWN);
	compose(&s, wronly, PART(rdonly, 0, NR));
	shows(&s, 0, NR, OLD);
	close(null);
	close(path);
}

/* The array is not, or not all, in readable memory. */
TEST_F(compose_call, array_not_readable)
{
	static const __u64 bad[] = {
		0, 8, 0x7ffffffff000ULL, 0xffff888000000000ULL, -4096ULL, -8ULL,
		S64_END,
	};
	struct vmop_compose_window *parts;
	struct test_vmo vmo;
	struct test_cow c;
	unsigned int i;
	char *buf;

	new_vmo(&self->tp, &vmo, OLD, NR);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(-EFAULT, test_cow_compose(vmo.fd,
						    (void *)(uintptr_t)bad[i], 1))
			TH_LOG("%#llx", bad[i]);
	buf = mmap(NULL, PG(2), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_EQ(0, munmap(buf + PG(1), PG(1)));
	parts = (void *)(buf + PG(1) - 2 * sizeof(*parts));
	parts[0] = (struct vmop_compose_window)PART(vmo.fd, 0, 1);
	parts[1] = (struct vmop_compose_window)PART(-1, 1, 1);
	EXPECT_EQ(-EFAULT, test_cow_compose(vmo.fd, parts, 3));
	EXPECT_EQ(-EFAULT, test_cow_compose(vmo.fd, parts, MOST));
	ASSERT_EQ(0, mprotect(buf, PG(1), PROT_NONE));
	EXPECT_EQ(-EFAULT, test_cow_compose(vmo.fd, parts, 2));
	ASSERT_EQ(0, mprotect(buf, PG(1), PROT_READ));
	ASSERT_EQ(0, test_cow_join(&c, vmo.fd, parts, 2));
	test_cow_close(&c);
	/* what was read before it failed is not kept */
	test_vmo_close(&self->tp, &vmo);
	expect_complete(&self->tp, OLD);
}

/* As many parts as there may be, each of another length. */
TEST_F(compose_call, most_parts)
{
	struct vmop_compose_window *parts = calloc(MOST, sizeof(*parts));
	unsigned int i, at = 0;
	struct test_cow a, c;

	ASSERT_NE(NULL, parts);
	filled(&a, 0, NR, OLD);
	for (i = 0; i < MOST; i++)
		parts[i] = (struct vmop_compose_window)PART(i & 1 ? -1 : a.fd,
							    i % 5, 1 + i % 3);
	ASSERT_EQ(0, test_cow_join(&c, a.fd, parts, MOST));
	for (i = 0; i < MOST; at += 1 + i++ % 3)
		shows_from(&c, at, 1 + i % 3, OLD, i % 5);
	EXPECT_EQ(at, c.nr_pages);
	free(parts);
}

/* A part has content: none without length, wherever it stands. */
TEST_F(compose_call, empty_parts)
{
	struct test_vmo vmo;
	struct test_cow c;

	new_vmo(&self->tp, &vmo, OLD, NR);
	err_compose(EINVAL, vmo.fd, PART(-1, 0, 0));
	err_compose(EINVAL, vmo.fd, PART(-1, NR, 0));
	err_compose(EINVAL, vmo.fd, PART(-1, NR + 1, 0));
	err_compose(EINVAL, vmo.fd, PART(NO_FD, 0, 0));
	err_compose(EINVAL, vmo.fd, PART(-1, 3, 1), PART(-1, 0, 0));
	err_compose(EINVAL, vmo.fd, PART(-1, 0, 0), PART(-1, 3, 1));
	/* what came before it is not kept */
	compose(&c, vmo.fd, PART(-1, 3, 1));
	test_vmo_close(&self->tp, &vmo);
	expect_none(&self->tp);
	test_cow_close(&c);
	expect_complete(&self->tp, OLD);
}

/* Together they may be as large as a VMO can be, and not larger. */
TEST_F(compose_call, largest)
{
	struct test_cow c;
	struct vmop_info info;
	__u64 half, word = 7;
	int fd;

	test_info(self->tp.fd, &info);
	test_vmo_create(&fd, self->tp.fd, 0, info.out_max_vmo_size);
	half = PG(info.out_max_vmo_size / vmop_test_page_size / 2);
	ASSERT_EQ(8, vmop_test_pwrite(fd, &word, 8, half));
	c.fd = test_cow_compose(fd, (struct vmop_compose_window[]){
		BYTES(-1, half, PG(1)),
		BYTES(-1, 0, info.out_max_vmo_size - PG(1)),
	}, 2);
	ASSERT_LE(0, c.fd);
	EXPECT_EQ(8, vmop_test_pread(c.fd, &word, 8, half + PG(1)));
	EXPECT_EQ(7, word);
	word = 0;
	EXPECT_EQ(8, vmop_test_pread(c.fd, &word, 8, 0));
	EXPECT_EQ(7, word);
	close(c.fd);
	err_compose(ERANGE, fd,
		    BYTES(-1, 0, info.out_max_vmo_size),
		    BYTES(-1, 0, PG(1)));
	close(fd);
}

VMOP_TEST_MAIN
