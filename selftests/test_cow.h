/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Clones, slices and references for tests: raw calls, a VMO with its mapping,
 * and short macros about content.
 *
 * Content is the pattern of a key, as everywhere: what was written at a page of
 * the parent is seen at another page of a clone with an offset, so the checks
 * say which page of the pattern is expected.
 *
 * Functions return 0, a descriptor or a count, or a negative errno. Offsets and
 * counts are in pages where they are called pgoff and nr. The macros use
 * _metadata: call them in TEST_F() bodies.
 */
#ifndef TEST_COW_H
#define TEST_COW_H

#include <stdbool.h>

#include "test_pager.h"
#include "vmop_thread.h"

/* ---- raw calls ------------------------------------------------------------ */

/* VMOP_VMO_CREATE_CHILD in bytes, payer_fd -1: the child's descriptor. */
int test_cow_child(int vmo, __u32 flags, __u64 offset, __u64 length);
/* *actual may be NULL; it is set on failure, too. */
int test_cow_reset(int vmo, __u64 *actual);
int test_cow_seal(int vmo);
/* VMOP_VMO_COMPOSE on a VMO, payer_fd -1: the new one's descriptor. */
int test_cow_compose(int vmo, const struct vmop_compose_window *windows,
		     __u32 nr);
/* GET_INFO with VMOP_GET_INFO_SHARES. */
int test_cow_shares(int vmo, struct vmop_vmo_get_info *info);
/* Does poll() tell EPOLLPRI now, that is: no children? */
bool test_cow_childless(int vmo);
/* Wait for it. 0 or -ETIMEDOUT. */
int test_cow_wait_childless(int vmo);
/* 0 for no write permission in this page of memory, else 1; or -errno. */
int test_cow_is_writable(const void *addr);

/* ---- VMOs with a mapping -------------------------------------------------- */

/* map: all of it, MAP_SHARED; writable if the VMO is. NULL: not mapped. */
struct test_cow {
	int fd;
	char *map;
	__u64 nr_pages;		/* that are mapped */
};

/* An anonymous VMO, mapped; all zeros, or filled with the pattern of key. */
int test_cow_anon(struct test_cow *v, int pager, __u32 flags, __u64 nr);
int test_cow_filled(struct test_cow *v, int pager, __u32 flags, __u64 nr,
		    __u64 key);
/* A child of that, mapped unless nr is 0. */
int test_cow_make(struct test_cow *v, int parent, __u32 flags, __u64 pgoff,
		  __u64 nr);
/* One composed of parts, mapped. */
int test_cow_join(struct test_cow *v, int vmo,
		  const struct vmop_compose_window *windows, __u32 nr);
/* Map nr pages of it in the place of what is mapped. */
int test_cow_map(struct test_cow *v, __u64 nr);
void test_cow_unmap(struct test_cow *v);
/* Unmap and close. */
void test_cow_close(struct test_cow *v);
/* A pager's VMO in this form; it stays the test pager's. */
struct test_cow test_cow_of(const struct test_vmo *vmo);

/* ---- content -------------------------------------------------------------- */

/*
 * Write the pattern of key at page from, by pwrite() or (map) through the
 * mapping.
 */
int test_cow_put(const struct test_cow *v, bool map, __u64 pgoff, __u64 nr,
		 __u64 key, __u64 from);
/*
 * Does it show the pattern of key at page from? By pread(), and with map through
 * the mapping, too.
 */
bool test_cow_shows(const struct test_cow *v, bool map, __u64 pgoff, __u64 nr,
		    __u64 key, __u64 from);
bool test_cow_zeros(const struct test_cow *v, bool map, __u64 pgoff, __u64 nr);

/* Threads that read, or write the pattern of key; NULL when there is none. */
struct vmop_thread *test_cow_reader(const struct test_cow *v, bool map,
				    __u64 pgoff, __u64 nr);
struct vmop_thread *test_cow_writer(const struct test_cow *v, bool map,
				    __u64 pgoff, __u64 nr, __u64 key);

/* ---- what tests say ------------------------------------------------------- */

#define SNAPSHOT VMOP_CHILD_SNAPSHOT
#define ON_WRITE VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE
#define MODIFIED VMOP_CHILD_SNAPSHOT_MODIFIED
#define SLICE VMOP_CHILD_SLICE
#define REFERENCE VMOP_CHILD_REFERENCE
#define RESIZABLE VMOP_CHILD_RESIZABLE
#define NO_WRITE VMOP_CHILD_NO_WRITE
#define RESETTABLE VMOP_CHILD_RESETTABLE

/* A descriptor, in bytes. */
#define test_create_child(_fd, ...) do { \
	*(_fd) = test_cow_child(__VA_ARGS__); \
	ASSERT_LE(0, *(_fd)); \
} while (0)
#define test_err_create_child(_err, ...) \
	EXPECT_EQ(-(_err), test_cow_child(__VA_ARGS__))
#define test_reset(...) ASSERT_EQ(0, test_cow_reset(__VA_ARGS__))
#define test_err_reset(_err, ...) EXPECT_EQ(-(_err), test_cow_reset(__VA_ARGS__))
#define test_seal(...) ASSERT_EQ(0, test_cow_seal(__VA_ARGS__))
#define test_err_seal(_err, ...) EXPECT_EQ(-(_err), test_cow_seal(__VA_ARGS__))

/* struct test_cow, in pages. */
#define anon(_v, _flags, _nr) \
	ASSERT_EQ(0, test_cow_anon(_v, self->tp.fd, _flags, _nr))
#define filled(_v, _flags, _nr, _key) \
	ASSERT_EQ(0, test_cow_filled(_v, self->tp.fd, _flags, _nr, _key))
#define child(_v, _parent, _flags, _pgoff, _nr) \
	ASSERT_EQ(0, test_cow_make(_v, _parent, _flags, _pgoff, _nr))
#define err_child(_err, _parent, _flags, _pgoff, _nr) \
	EXPECT_EQ(-(_err), test_cow_child(_parent, _flags, PG(_pgoff), PG(_nr)))

/* A part, and a VMO of some that is made by a call on a VMO. */
#define PART(_fd, _pgoff, _nr) \
	{ .vmo_fd = (_fd), .offset = PG(_pgoff), .length = PG(_nr) }
#define compose(_v, _vmo, ...) do { \
	const struct vmop_compose_window __parts[] = { __VA_ARGS__ }; \
	ASSERT_EQ(0, test_cow_join(_v, _vmo, __parts, \
				   sizeof(__parts) / sizeof(__parts[0]))); \
} while (0)
#define err_compose(_err, _vmo, ...) do { \
	const struct vmop_compose_window __parts[] = { __VA_ARGS__ }; \
	EXPECT_EQ(-(_err), test_cow_compose(_vmo, __parts, \
					    sizeof(__parts) / sizeof(__parts[0]))); \
} while (0)

/* By call only; the second: of other pages of the pattern. */
#define put(_v, _pgoff, _nr, _key) \
	ASSERT_EQ(0, test_cow_put(_v, false, _pgoff, _nr, _key, _pgoff))
#define shows(_v, _pgoff, _nr, _key) \
	EXPECT_TRUE(test_cow_shows(_v, false, _pgoff, _nr, _key, _pgoff))
#define shows_from(_v, _pgoff, _nr, _key, _from) \
	EXPECT_TRUE(test_cow_shows(_v, false, _pgoff, _nr, _key, _from))
#define zeros(_v, _pgoff, _nr) \
	EXPECT_TRUE(test_cow_zeros(_v, false, _pgoff, _nr))

/* In fixtures with variants by access: as the variant says. */
#define put_by(_v, _pgoff, _nr, _key) \
	ASSERT_EQ(0, test_cow_put(_v, variant->map, _pgoff, _nr, _key, _pgoff))
#define shows_by(_v, _pgoff, _nr, _key) \
	EXPECT_TRUE(test_cow_shows(_v, variant->map, _pgoff, _nr, _key, _pgoff))
#define shows_from_by(_v, _pgoff, _nr, _key, _from) \
	EXPECT_TRUE(test_cow_shows(_v, variant->map, _pgoff, _nr, _key, _from))
#define zeros_by(_v, _pgoff, _nr) \
	EXPECT_TRUE(test_cow_zeros(_v, variant->map, _pgoff, _nr))

#define reader_by(_v, _pgoff, _nr) \
	test_cow_reader(_v, variant->map, _pgoff, _nr)
#define writer_by(_v, _pgoff, _nr, _key) \
	test_cow_writer(_v, variant->map, _pgoff, _nr, _key)

#define zero_pages(_fd, _pgoff, _nr) \
	test_vmo_op(_fd, VMOP_VMO_OP_ZERO, PG(_pgoff), PG(_nr), NULL)
#define commit_pages(_fd, _pgoff, _nr) \
	test_vmo_op(_fd, VMOP_VMO_OP_COMMIT, PG(_pgoff), PG(_nr), NULL)

#endif /* TEST_COW_H */
