// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: what it tells about each kind of object, and to
 * whom. Lists of many objects are in netlink_list.c, events in netlink_event.c.
 */
#include <sched.h>
#include <sys/types.h>
/* After the headers of the C library. */
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "test_child.h"
#include "test_cow.h"
#include "test_netlink.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x6e65746c696e6b00ULL
#define NOBODY 65534

FIXTURE(netlink)
{
	struct test_pager tp;
	struct test_nl nl;
};

FIXTURE_SETUP(netlink)
{
	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_nl_open(&self->nl));
}

FIXTURE_TEARDOWN(netlink)
{
	test_nl_close(&self->nl);
	test_pager_exit(&self->tp);
}

static int get_vmo(struct test_nl *nl, __u64 id, struct test_nl_object *object)
{
	return test_nl_get(nl, VMOP_NL_CMD_VMO_GET, VMOP_NL_VMO_ID, id, object);
}

/* The same with the shares. */
static int get_shares(struct test_nl *nl, __u64 id,
		      struct test_nl_object *object)
{
	struct nl_msg *msg = test_nl_request(nl, VMOP_NL_CMD_VMO_GET, false);

	memset(object, 0, sizeof(*object));
	if (!msg || nla_put_u64(msg, VMOP_NL_VMO_ID, id) ||
	    nla_put_flag(msg, VMOP_NL_VMO_WITH_SHARES))
		return -ENOMEM;
	return test_nl_ask(nl, msg, test_nl_keep, object);
}

#define IS64(_attr, _value) test_nl_is(object, VMOP_NL_VMO_##_attr, 8, _value)
#define IS32(_attr, _value) test_nl_is(object, VMOP_NL_VMO_##_attr, 4, _value)

/* Everything that GET_INFO tells about any VMO. */
static bool same_vmo(const struct test_nl_object *object,
		     const struct vmop_vmo_get_info *info)
{
	bool parent = info->out_parent_id;

	if (strcmp(object->name, (const char *)info->out_name)) {
		fprintf(stderr, "# name '%s', not '%s'\n", object->name,
			info->out_name);
		return false;
	}
	if (object->has[VMOP_NL_VMO_PARENT_ID] != parent ||
	    (parent && !IS64(PARENT_ID, info->out_parent_id)))
		return false;
	return IS64(ID, info->out_id) && IS32(UID, geteuid()) &&
	       IS64(SIZE, info->out_size) &&
	       IS64(CONTENT_SIZE, info->out_content_size) &&
	       IS64(COMMITTED, info->out_committed) &&
	       IS64(DIRTY, info->out_dirty) && IS32(FLAGS, info->out_flags) &&
	       IS32(STATE, info->out_state) &&
	       IS32(CHILD_FLAGS, info->out_child_flags) &&
	       IS64(CHILD_OFFSET, info->out_child_offset) &&
	       IS32(NUM_CHILDREN, info->out_num_children) &&
	       IS64(SUPPLIED_PAGES, info->out_supplied_pages) &&
	       IS64(EVICTED_PAGES, info->out_evicted_pages);
}

/* And what it tells about one with a pager. */
static bool same_source(const struct test_nl_object *object,
			const struct vmop_vmo_get_info *info)
{
	return IS64(PAGER_ID, info->out_pager_id) &&
	       IS64(KEY, info->out_key) &&
	       IS32(MAX_REQUEST_PAGES, info->out_max_request_pages) &&
	       IS32(DEADLINE_MS, info->out_deadline_ms) &&
	       IS32(LAST_ERROR, info->out_last_error) &&
	       IS32(NUM_WAITERS, info->out_num_waiters) &&
	       IS64(REQUESTS, info->out_requests) &&
	       IS64(REQUESTED_PAGES, info->out_requested_pages) &&
	       IS64(FAILED_REQUESTS, info->out_failed_requests) &&
	       object->has[VMOP_NL_VMO_PORT_ID];
}

static bool same_shares(const struct test_nl_object *object,
			const struct vmop_vmo_get_info *info)
{
	return IS64(PRIVATE, info->out_private) &&
	       IS64(SHARED, info->out_shared) &&
	       IS64(SCALED, info->out_scaled) && IS64(ZERO, info->out_zero);
}

/* ---- What is told --------------------------------------------------------- */

/* A VMO with a pager: all that GET_INFO tells, with numbers that differ. */
TEST_F(netlink, vmo_is_as_get_info_tells)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE,
		.key = KEY,
		.length = PG(16) + 5,
		.name = "a name",
		.max_request_pages = 7,
		.deadline_ms = 60000,
	};
	struct vmop_vmo_get_info info;
	struct test_nl_object object;
	struct vmop_thread *t;
	struct test_vmo vmo;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	supply(&self->tp, &vmo, 0, 5);
	ASSERT_EQ((ssize_t)PG(2), vmop_test_pwrite(vmo.fd, vmo.map, PG(2), 0));
	t = vmop_thread_pread(vmo.fd, PG(8), PG(1));
	expect_read(&self->tp, &vmo, 8, 1);
	fail_range(&self->tp, &vmo, 8, 1, EIO);
	expect_errno(t, EIO);
	t = vmop_thread_pread(vmo.fd, PG(9), PG(3));
	expect_blocked(t, &vmo, 1);

	test_get_info(vmo.fd, &info);
	ASSERT_EQ(0, get_vmo(&self->nl, info.out_id, &object));
	EXPECT_TRUE(same_vmo(&object, &info));
	EXPECT_TRUE(same_source(&object, &info));
	EXPECT_FALSE(object.has[VMOP_NL_VMO_PRIVATE]);
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_VMO_NUM_PENDING, 4, 1));
	EXPECT_TRUE(object.has[VMOP_NL_VMO_OLDEST_NS]);
	/* They are what this test did. */
	EXPECT_EQ(PG(5), object.value[VMOP_NL_VMO_COMMITTED]);
	EXPECT_EQ(PG(2), object.value[VMOP_NL_VMO_DIRTY]);
	EXPECT_EQ(EIO, object.value[VMOP_NL_VMO_LAST_ERROR]);
	EXPECT_EQ(1, object.value[VMOP_NL_VMO_FAILED_REQUESTS]);

	supply(&self->tp, &vmo, 9, 3);
	expect_content(t, PG(3), KEY, PG(9));
	ASSERT_EQ(0, get_vmo(&self->nl, info.out_id, &object));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_VMO_NUM_PENDING, 4, 0));
	EXPECT_FALSE(object.has[VMOP_NL_VMO_OLDEST_NS]);
}

/* One without a pager has nothing of a pager. */
TEST_F(netlink, anonymous_vmo)
{
	struct vmop_vmo_get_info info;
	struct test_nl_object object;
	int fd;

	test_vmo_create(&fd, self->tp.fd, VMOP_VMO_RESIZABLE, PG(3));
	test_get_info(fd, &info);
	ASSERT_EQ(0, get_vmo(&self->nl, info.out_id, &object));
	EXPECT_TRUE(same_vmo(&object, &info));
	EXPECT_FALSE(object.has[VMOP_NL_VMO_PAGER_ID]);
	EXPECT_FALSE(object.has[VMOP_NL_VMO_KEY]);
	EXPECT_FALSE(object.has[VMOP_NL_VMO_REQUESTS]);
	EXPECT_FALSE(object.has[VMOP_NL_VMO_PARENT_ID]);
	close(fd);
	EXPECT_ERR(ENOENT, get_vmo(&self->nl, info.out_id, &object));
}

/* Parents, and who sees what. */
TEST_F(netlink, clones_and_shares)
{
	int anon = test_pager_aux(&self->tp, KEY, 0, 4);
	struct vmop_vmo_get_info info, parent;
	struct test_nl_object object;
	int clone;

	ASSERT_LE(0, anon);
	clone = test_cow_child(anon, VMOP_CHILD_SNAPSHOT, PG(1), PG(3));
	ASSERT_LE(0, clone);
	ASSERT_EQ(1, vmop_test_pwrite(clone, "x", 1, 0));
	ASSERT_EQ(0, test_cow_shares(anon, &parent));
	ASSERT_EQ(0, test_cow_shares(clone, &info));
	EXPECT_EQ(parent.out_id, info.out_parent_id);
	EXPECT_LT(0, info.out_shared);
	EXPECT_LT(0, info.out_private);
	ASSERT_EQ(0, get_shares(&self->nl, info.out_id, &object));
	EXPECT_TRUE(same_vmo(&object, &info));
	EXPECT_TRUE(same_shares(&object, &info));
	ASSERT_EQ(0, get_shares(&self->nl, parent.out_id, &object));
	EXPECT_TRUE(same_vmo(&object, &parent));
	EXPECT_TRUE(same_shares(&object, &parent));
	close(clone);
	close(anon);
}

/* Pagers and ports, with what they have; both stay as long as their VMO. */
TEST_F(netlink, pager_and_port)
{
	struct test_nl_object object;
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 pager, port;
	int second;

	new_vmo(&self->tp, &vmo, KEY, 8);
	test_port_create(&second, self->tp.fd);
	pager = test_nl_pager_id(vmo.fd);
	ASSERT_EQ(0, get_vmo(&self->nl, test_nl_vmo_id(vmo.fd), &object));
	port = object.value[VMOP_NL_VMO_PORT_ID];
	t = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_blocked(t, &vmo, 1);

	ASSERT_EQ(0, test_nl_get(&self->nl, VMOP_NL_CMD_PAGER_GET,
				 VMOP_NL_PAGER_ID, pager, &object));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PAGER_ID, 8, pager));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PAGER_UID, 4, geteuid()));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PAGER_VMOS, 4, 1));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PAGER_PORTS, 4, 2));
	EXPECT_FALSE(object.has[VMOP_NL_PAGER_CLOSED]);
	ASSERT_EQ(0, test_nl_get(&self->nl, VMOP_NL_CMD_PORT_GET,
				 VMOP_NL_PORT_ID, port, &object));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PORT_ID, 8, port));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PORT_PAGER_ID, 8, pager));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PORT_UID, 4, geteuid()));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PORT_FLAGS, 4, VMOP_PORT_WRITEBACK));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PORT_QUEUED, 8, 1));
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PORT_VMOS, 4, 1));
	EXPECT_FALSE(object.has[VMOP_NL_PORT_CLOSED]);

	close(second);
	test_pager_close_port(&self->tp);
	test_pager_close(&self->tp);
	expect_errno(t, ENOTCONN);
	ASSERT_EQ(0, test_nl_get(&self->nl, VMOP_NL_CMD_PAGER_GET,
				 VMOP_NL_PAGER_ID, pager, &object));
	EXPECT_TRUE(object.has[VMOP_NL_PAGER_CLOSED]);
	ASSERT_EQ(0, test_nl_get(&self->nl, VMOP_NL_CMD_PORT_GET,
				 VMOP_NL_PORT_ID, port, &object));
	EXPECT_TRUE(object.has[VMOP_NL_PORT_CLOSED]);
	EXPECT_TRUE(test_nl_is(&object, VMOP_NL_PORT_QUEUED, 8, 0));
	test_vmo_close(&self->tp, &vmo);
	EXPECT_ERR(ENOENT, test_nl_get(&self->nl, VMOP_NL_CMD_PAGER_GET,
				       VMOP_NL_PAGER_ID, pager, &object));
	EXPECT_ERR(ENOENT, test_nl_get(&self->nl, VMOP_NL_CMD_PORT_GET,
				       VMOP_NL_PORT_ID, port, &object));
}

/* What is pending for one VMO. */
struct pending {
	__u64 vmo;
	int nr;
	struct test_nl_object objects[4];
};

static int collect(void *arg, const struct test_nl_object *object)
{
	struct pending *p = arg;

	if (object->value[VMOP_NL_REQUEST_VMO_ID] == p->vmo && p->nr < 4)
		p->objects[p->nr++] = *object;
	return 0;
}

static int dump_requests(struct test_nl *nl, __u64 vmo, struct pending *p)
{
	memset(p, 0, sizeof(*p));
	p->vmo = vmo;
	return test_nl_dump(nl, VMOP_NL_CMD_REQUEST_GET, collect, p);
}

/* Requests, queued and read, by age. */
TEST_F(netlink, requests)
{
	struct vmop_thread *first, *second, *third;
	struct test_nl_object *object;
	struct pending p;
	struct test_vmo vmo;
	__u64 id, age;

	new_vmo(&self->tp, &vmo, KEY, 8);
	ASSERT_EQ(0, dump_requests(&self->nl, test_nl_vmo_id(vmo.fd), &p));
	EXPECT_EQ(0, p.nr);
	first = vmop_thread_pread(vmo.fd, PG(4), PG(2));
	expect_blocked(first, &vmo, 1);
	expect_read(&self->tp, &vmo, 4, 2);
	id = self->tp.last.id;
	second = vmop_thread_pread(vmo.fd, PG(1), PG(1));
	expect_blocked(second, &vmo, 2);
	third = vmop_thread_pread(vmo.fd, PG(5), PG(1));
	expect_blocked(third, &vmo, 3);

	ASSERT_EQ(0, dump_requests(&self->nl, test_nl_vmo_id(vmo.fd), &p));
	ASSERT_EQ(2, p.nr);
	object = &p.objects[0];
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_ID, 8, id));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_PAGER_ID, 8, test_nl_pager_id(vmo.fd)));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_KEY, 8, KEY));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_TYPE, 4, VMOP_RECORD_READ));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_STATE, 4, VMOP_NL_REQUEST_READ));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_OFFSET, 8, PG(4)));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_LENGTH, 8, PG(2)));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_NUM_WAITERS, 4, 2));
	age = object->value[VMOP_NL_REQUEST_AGE_NS];
	object = &p.objects[1];
	EXPECT_LT(id, object->value[VMOP_NL_REQUEST_ID]);
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_STATE, 4,
			       VMOP_NL_REQUEST_QUEUED));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_OFFSET, 8, PG(1)));
	EXPECT_TRUE(test_nl_is(object, VMOP_NL_REQUEST_NUM_WAITERS, 4, 1));
	EXPECT_LT(object->value[VMOP_NL_REQUEST_AGE_NS], age);

	vmop_test_nap_ms(20);
	ASSERT_EQ(0, dump_requests(&self->nl, test_nl_vmo_id(vmo.fd), &p));
	ASSERT_EQ(2, p.nr);
	EXPECT_LE(age + 20000000,
		  p.objects[0].value[VMOP_NL_REQUEST_AGE_NS]);
	supply(&self->tp, &vmo, 4, 2);
	expect_content(first, PG(2), KEY, PG(4));
	expect_content(third, PG(1), KEY, PG(5));
	ASSERT_EQ(0, dump_requests(&self->nl, test_nl_vmo_id(vmo.fd), &p));
	EXPECT_EQ(1, p.nr);
	supply(&self->tp, &vmo, 1, 1);
	expect_content(second, PG(1), KEY, PG(1));
	ASSERT_EQ(0, dump_requests(&self->nl, test_nl_vmo_id(vmo.fd), &p));
	EXPECT_EQ(0, p.nr);
}

/* ---- Wrong questions ------------------------------------------------------ */

/* Each has an errno, and says why. */
TEST_F(netlink, wrong_questions)
{
	struct test_nl_object object;
	struct nl_msg *msg;

	msg = test_nl_request(&self->nl, VMOP_NL_CMD_VMO_GET, false);
	EXPECT_ERR(EINVAL, test_nl_ask(&self->nl, msg, NULL, NULL));
	EXPECT_NE(NULL, strstr(self->nl.text, "id"));
	EXPECT_ERR(ENOENT, get_vmo(&self->nl, 1ULL << 60, &object));
	EXPECT_NE(NULL, strstr(self->nl.text, "may see"));
	EXPECT_EQ(VMOP_NL_VMO_ID, self->nl.bad_attr);
	EXPECT_ERR(ENOENT, get_vmo(&self->nl, 0, &object));
	EXPECT_ERR(ENOENT, get_vmo(&self->nl, ~0ULL, &object));

	/* A dump has no id. 6.1 does not pass on why. */
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_VMO_GET, true);
	ASSERT_EQ(0, nla_put_u64(msg, VMOP_NL_VMO_ID, 1));
	EXPECT_ERR(EINVAL, test_nl_ask(&self->nl, msg, NULL, NULL));
	EXPECT_TRUE(!self->nl.text[0] || strstr(self->nl.text, "dump"));
	/* An id of 4 bytes. */
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_VMO_GET, false);
	ASSERT_EQ(0, nla_put_u32(msg, VMOP_NL_VMO_ID, 1));
	EXPECT_NE(0, test_nl_ask(&self->nl, msg, NULL, NULL));
	EXPECT_EQ(VMOP_NL_VMO_ID, self->nl.bad_attr);
	/* Attributes that are told only, and of other commands. */
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_VMO_GET, false);
	ASSERT_EQ(0, nla_put_u32(msg, VMOP_NL_VMO_UID, 0));
	EXPECT_ERR(EINVAL, test_nl_ask(&self->nl, msg, NULL, NULL));
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_PAGER_GET, true);
	ASSERT_EQ(0, nla_put_flag(msg, VMOP_NL_VMO_WITH_SHARES));
	EXPECT_ERR(EINVAL, test_nl_ask(&self->nl, msg, NULL, NULL));
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_REQUEST_GET, true);
	ASSERT_EQ(0, nla_put_u64(msg, VMOP_NL_REQUEST_ID, 1));
	EXPECT_ERR(EINVAL, test_nl_ask(&self->nl, msg, NULL, NULL));
	/* No single request, and no such commands. */
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_REQUEST_GET, false);
	EXPECT_ERR(EOPNOTSUPP, test_nl_ask(&self->nl, msg, NULL, NULL));
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_EVENT, false);
	EXPECT_ERR(EOPNOTSUPP, test_nl_ask(&self->nl, msg, NULL, NULL));
	msg = test_nl_request(&self->nl, 0, true);
	EXPECT_ERR(EOPNOTSUPP, test_nl_ask(&self->nl, msg, NULL, NULL));
	msg = test_nl_request(&self->nl, VMOP_NL_CMD_MAX + 1, false);
	EXPECT_ERR(EOPNOTSUPP, test_nl_ask(&self->nl, msg, NULL, NULL));
}

/* ---- Who may see what ----------------------------------------------------- */

#define CHILD(_cond) do { \
	if (!(_cond)) { \
		fprintf(stderr, "# %s:%d: %s\n", __FILE__, __LINE__, #_cond); \
		return __LINE__ % 250 + 1; \
	} \
} while (0)

/* Of all that there is, nobody sees what nobody made. */
static int look_as_nobody(void *arg)
{
	const __u64 *root = arg;
	struct test_nl_object object;
	struct test_nl nl;
	int pager, vmo;

	CHILD(!setresgid(NOBODY, NOBODY, NOBODY));
	CHILD(!setresuid(NOBODY, NOBODY, NOBODY));
	CHILD(!test_nl_open(&nl));
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_PAGER_GET) == 0);
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_PORT_GET) == 0);
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_VMO_GET) == 0);
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_REQUEST_GET) == 0);
	CHILD(get_vmo(&nl, *root, &object) == -ENOENT);
	CHILD(test_nl_listen(&nl) == -EPERM);

	pager = vmop_test_open_pager();
	CHILD(pager >= 0);
	vmo = vmop_test_vmo_create(pager, 0, PG(1));
	CHILD(vmo >= 0);
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_PAGER_GET) == 1);
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_VMO_GET) == 1);
	CHILD(!get_vmo(&nl, test_nl_vmo_id(vmo), &object));
	CHILD(object.value[VMOP_NL_VMO_UID] == NOBODY);
	return 0;
}

/* Others than root see what they made, and hear nothing. */
TEST_F(netlink, owner_sees_only_his)
{
	struct vmop_thread *t;
	struct stat old;
	struct test_vmo vmo;
	int status = -1;
	__u64 id;

	new_vmo(&self->tp, &vmo, KEY, 4);
	id = test_nl_vmo_id(vmo.fd);
	t = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_blocked(t, &vmo, 1);
	ASSERT_EQ(0, stat(VMOP_TEST_DEV, &old));
	ASSERT_EQ(0, chmod(VMOP_TEST_DEV, 0666));
	EXPECT_EQ(0, test_child_wait(test_child_start(look_as_nobody, &id),
				     &status, NULL));
	EXPECT_EQ(0, chmod(VMOP_TEST_DEV, old.st_mode & 07777));
	EXPECT_EQ(0, status);
	/* Root sees his own, and all others. */
	EXPECT_LE(1, test_nl_count(&self->nl, VMOP_NL_CMD_REQUEST_GET));
	supply(&self->tp, &vmo, 0, 1);
	expect_done(t, (long)PG(1));
}

/* A socket that root opened tells somebody else nothing, nor the other way. */
static int use_socket_of_root(void *arg)
{
	struct test_nl *nl = arg;

	CHILD(!setresgid(NOBODY, NOBODY, NOBODY));
	CHILD(!setresuid(NOBODY, NOBODY, NOBODY));
	CHILD(test_nl_count(nl, VMOP_NL_CMD_PAGER_GET) == 0);
	return 0;
}

/*
 * Root is made to write to what somebody else has opened. Who gives an address
 * knows what he does, and asks for himself, as with all of netlink.
 */
static int use_socket_of_nobody(void *arg)
{
	struct test_nl nl;

	(void)arg;
	CHILD(!setresuid(-1, NOBODY, -1));
	CHILD(!test_nl_open(&nl));
	CHILD(!setresuid(-1, 0, -1));
	nl.written = true;
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_PAGER_GET) == 0);
	nl.written = false;
	CHILD(test_nl_count(&nl, VMOP_NL_CMD_PAGER_GET) >= 1);
	test_nl_close(&nl);
	return 0;
}

TEST_F(netlink, lent_socket)
{
	int status = -1;

	EXPECT_LE(1, test_nl_count(&self->nl, VMOP_NL_CMD_PAGER_GET));
	EXPECT_EQ(0, test_child_wait(test_child_start(use_socket_of_root,
						      &self->nl),
				     &status, NULL));
	EXPECT_EQ(0, status);
	status = -1;
	EXPECT_EQ(0, test_child_wait(test_child_start(use_socket_of_nobody,
						      NULL),
				     &status, NULL));
	EXPECT_EQ(0, status);
}

static int look_from_elsewhere(void *arg)
{
	struct test_nl nl;

	(void)arg;
	CHILD(!unshare(CLONE_NEWNET));
	CHILD(test_nl_open(&nl) == -ENOENT);
	return 0;
}

/* In another network namespace there is no such family. */
TEST_F(netlink, other_net_namespace)
{
	int status = -1;

	EXPECT_EQ(0, test_child_wait(test_child_start(look_from_elsewhere,
						      NULL),
				     &status, NULL));
	EXPECT_EQ(0, status);
}

VMOP_TEST_MAIN
