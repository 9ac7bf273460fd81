/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The user's side of the generic netlink family, with libnl and no test
 * framework. Every function returns 0 or a negative errno, that of the kernel
 * where it answers with one.
 */
#ifndef TEST_NETLINK_H
#define TEST_NETLINK_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>
#include <linux/vmopager_netlink.h>

struct nl_msg;
struct nl_sock;

/* More attributes than any kind of object has. */
#define TEST_NL_ATTRS 64

/* A socket, and what the kernel said last. */
struct test_nl {
	struct nl_sock *sk;
	int family;
	char text[128];		/* of the last error; empty if it came without */
	int bad_attr;		/* the attribute that it points to, or 0 */
	int overruns;		/* how often events were lost */
	int nr_events;		/* how many came, wanted or not */
	bool written;		/* requests go by write(), not to an address */
};

/* An object as one message tells it. */
struct test_nl_object {
	int cmd;
	bool has[TEST_NL_ATTRS];
	int len[TEST_NL_ATTRS];		/* bytes of the attribute's content */
	__u64 value[TEST_NL_ATTRS];	/* of those with 4 or 8 bytes */
	char name[64];			/* the one string */
};

/* Called with each object of an answer; ends it by returning a negative errno. */
typedef int (*test_nl_fn)(void *arg, const struct test_nl_object *object);

int test_nl_open(struct test_nl *nl);
/* The kernel's messages get as large as the largest buffer so far: at most this. */
int test_nl_open_size(struct test_nl *nl, size_t size);
void test_nl_close(struct test_nl *nl);

/* Has it an attribute of this size and value? Says what differs. */
bool test_nl_is(const struct test_nl_object *object, int attr, int len,
		__u64 value);
/* Numbers of a VMO and of its pager, from the VMO; 0 for none. */
__u64 test_nl_vmo_id(int vmo);
__u64 test_nl_pager_id(int vmo);

/* A request with the attributes that the caller puts in. NULL without memory. */
struct nl_msg *test_nl_request(struct test_nl *nl, int cmd, bool dump);
/* Sends it, frees it, and waits for the whole answer. */
int test_nl_ask(struct test_nl *nl, struct nl_msg *msg, test_nl_fn fn,
		void *arg);

/* A test_nl_fn: arg is a struct test_nl_object. */
int test_nl_keep(void *arg, const struct test_nl_object *object);
/* The object with an id, and all of them. */
int test_nl_get(struct test_nl *nl, int cmd, int id_attr, __u64 id,
		struct test_nl_object *object);
int test_nl_dump(struct test_nl *nl, int cmd, test_nl_fn fn, void *arg);
/* How many of a kind are told; negative errno. */
int test_nl_count(struct test_nl *nl, int cmd);

/* Listens to events. */
int test_nl_listen(struct test_nl *nl);
/*
 * Waits for the event of this type whose attribute has this value, whatever
 * comes before. -ETIMEDOUT.
 */
int test_nl_event(struct test_nl *nl, __u32 type, int attr, __u64 value,
		  struct test_nl_object *event);

#endif /* TEST_NETLINK_H */
