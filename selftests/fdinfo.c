// SPDX-License-Identifier: GPL-2.0
/*
 * What /proc/PID/fdinfo/N tells about pagers, ports and VMOs: the keys, which are
 * for scripts and never change, and their values; and that reading them never
 * waits for a pager.
 */
#include "test_cow.h"
#include "vmop_test.h"

#define KEY 0x70

/* The keys of a VMO, and those of one that has a pager besides. */
#define VMO_KEYS \
	"object id name state flags child-flags parent-id children size committed dirty"
#define SOURCE_KEYS \
	"pager-id key waiters requests failed-requests last-error"

FIXTURE(fdinfo)
{
	struct test_pager tp;
	char text[4096];
};

VMOP_FIXTURE_SETUP_PAGER(fdinfo)

/* Of this process' descriptor. 0 or a negative errno. */
static int read_fdinfo(int fd, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -errno;
	n = read(info, text, size - 1);
	close(info);
	text[n < 0 ? 0 : n] = 0;
	return n < 0 ? -EIO : 0;
}

/* The value behind "vmop-KEY:\t", in a buffer of this function; NULL without. */
static const char *value_of(const char *text, const char *key)
{
	static char value[256];
	char line[64];
	const char *at;
	size_t len;

	len = snprintf(line, sizeof(line), "\nvmop-%s:\t", key);
	at = strstr(text, line);
	if (!at)
		return NULL;
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at + len, "\n"),
		 at + len);
	return value;
}

static long long number_of(const char *text, const char *key)
{
	const char *value = value_of(text, key);

	return value && *value ? strtoll(value, NULL, 0) : -1;
}

/* All keys that are ours, in their order, with blanks between them. */
static void keys_of(const char *text, char *keys, size_t size)
{
	const char *line;
	size_t len = 0;

	keys[0] = 0;
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "vmop-", 5))
			continue;
		len += snprintf(keys + len, size - len, "%s%.*s",
				len ? " " : "", (int)strcspn(line + 5, ":"),
				line + 5);
	}
}

#define refresh(_fd) \
	ASSERT_EQ(0, read_fdinfo(_fd, self->text, sizeof(self->text)))
#define expect_keys(_want) do { \
	char __keys[512]; \
	keys_of(self->text, __keys, sizeof(__keys)); \
	EXPECT_STREQ(_want, __keys); \
} while (0)
#define expect_text(_key, _want) \
	EXPECT_STREQ(_want, value_of(self->text, _key) ?: "(none)")
#define expect_number(_key, _want) \
	EXPECT_EQ((long long)(_want), number_of(self->text, _key)) \
		TH_LOG("%s", _key)

TEST_F(fdinfo, pager)
{
	struct vmop_vmo_get_info info;
	struct vmop_thread *reader;
	struct test_vmo vmo, other;
	int port;

	refresh(self->tp.fd);
	expect_keys("object id vmos ports queued");
	expect_text("object", "pager");
	expect_number("vmos", 0);
	expect_number("ports", 1);
	expect_number("queued", 0);

	new_vmo(&self->tp, &vmo, KEY, 4);
	new_vmo(&self->tp, &other, KEY + 1, 4);
	test_get_info(vmo.fd, &info);
	test_port_create(&port, self->tp.fd);
	reader = vmop_thread_pread(vmo.fd, 0, PG(1));
	expect_blocked(reader, &vmo, 1);
	refresh(self->tp.fd);
	expect_number("id", info.out_pager_id);
	expect_number("vmos", 2);
	expect_number("ports", 2);
	expect_number("queued", 1);

	/* a port that is closed does not count, nor does a record that was read */
	close(port);
	expect_read(&self->tp, &vmo, 0, 1);
	refresh(self->tp.fd);
	expect_number("ports", 1);
	expect_number("queued", 0);
	supply(&self->tp, &vmo, 0, 1);
	expect_done(reader, PG(1));
}

TEST_F(fdinfo, port)
{
	struct vmop_thread *reader;
	struct vmop_port_create cmd = {
		.size = sizeof(cmd), .flags = VMOP_PORT_WRITEBACK,
	};
	long long id, pager_id;
	struct test_vmo vmo;
	int port;

	refresh(self->tp.fd);
	pager_id = number_of(self->text, "id");
	refresh(self->tp.port);
	expect_keys("object id pager-id flags state queued sources");
	expect_text("object", "port");
	expect_number("pager-id", pager_id);
	expect_number("flags", 0);
	expect_text("state", "live");
	expect_number("queued", 0);
	expect_number("sources", 0);
	id = number_of(self->text, "id");
	ASSERT_LT(0, id);

	test_ioctl(self->tp.fd, VMOP_PORT_CREATE, &cmd);
	port = cmd.out_port_fd;
	refresh(port);
	EXPECT_LT(id, number_of(self->text, "id"));
	expect_number("flags", VMOP_PORT_WRITEBACK);

	new_vmo(&self->tp, &vmo, KEY, 4);
	reader = vmop_thread_pread(vmo.fd, PG(1), PG(2));
	expect_blocked(reader, &vmo, 1);
	refresh(self->tp.port);
	expect_number("id", id);
	expect_number("queued", 1);
	expect_number("sources", 1);
	test_pager_close(&self->tp);
	expect_errno(reader, ENOTCONN);
	refresh(port);
	expect_text("state", "pager gone");
	close(port);
}

TEST_F(fdinfo, vmo_with_a_pager)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY,
		.length = PG(4) + 5, .name = "one \\ two\nthree",
	};
	struct vmop_vmo_get_info info;
	struct vmop_thread *reader;
	struct test_vmo vmo;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	test_get_info(vmo.fd, &info);
	supply(&self->tp, &vmo, 0, 2);
	ASSERT_EQ(1, pwrite(vmo.fd, "x", 1, 0));
	reader = vmop_thread_pread(vmo.fd, PG(3), 1);
	expect_blocked(reader, &vmo, 1);
	refresh(vmo.fd);
	expect_keys(VMO_KEYS " " SOURCE_KEYS);
	expect_text("object", "vmo");
	expect_number("id", info.out_id);
	/* it stays on its line, and can be told apart */
	expect_text("name", "one \\134 two\\012three");
	expect_text("state", "live");
	expect_number("flags", VMOP_VMO_RESIZABLE | VMOP_VMO_PAGER_BACKED);
	expect_number("child-flags", 0);
	expect_number("parent-id", 0);
	expect_number("children", 0);
	expect_number("size", PG(4) + 5);
	expect_number("committed", PG(2));
	expect_number("dirty", PG(1));
	expect_number("pager-id", info.out_pager_id);
	expect_number("key", KEY);
	expect_number("waiters", 1);
	expect_number("requests", 1);
	expect_number("failed-requests", 0);
	expect_number("last-error", 0);

	fail_range(&self->tp, &vmo, 3, 1, EIO);
	expect_errno(reader, EIO);
	detach(&self->tp, &vmo);
	refresh(vmo.fd);
	expect_text("state", "detached");
	expect_number("waiters", 0);
	expect_number("failed-requests", 1);
	expect_number("last-error", EIO);
}

TEST_F(fdinfo, vmo_without_a_pager)
{
	struct vmop_vmo_get_info info;
	int fd, clone;

	test_vmo_create(&fd, self->tp.fd, 0, PG(3));
	test_vmo_op(fd, VMOP_VMO_OP_COMMIT, 0, PG(2), NULL);
	clone = test_cow_child(fd, VMOP_CHILD_SNAPSHOT, 0, PG(3));
	ASSERT_LE(0, clone);
	refresh(fd);
	expect_keys(VMO_KEYS);
	expect_text("name", "");
	expect_text("state", "anonymous");
	expect_number("children", 1);
	test_get_info(fd, &info);
	refresh(clone);
	expect_text("object", "vmo");
	expect_number("parent-id", info.out_id);
	expect_number("child-flags", VMOP_CHILD_SNAPSHOT);
	expect_number("flags", VMOP_VMO_COW_CLONE);
	close(clone);
	close(fd);
}

/*
 * Threads of all kinds wait for a pager that does not even read its port. Whoever
 * looks is not one of them.
 */
TEST_F(fdinfo, nobody_waits_who_looks)
{
	struct vmop_thread *threads[3];
	struct test_vmo vmo;
	int i, fds[3];

	new_resizable(&self->tp, &vmo, KEY, 8);
	threads[0] = vmop_thread_load(vmo.map, 1);
	threads[1] = vmop_thread_pread(vmo.fd, PG(2), 1);
	threads[2] = vmop_thread_store(vmo.map + PG(4), 1, KEY, PG(4));
	for (i = 0; i < 3; i++)
		expect_blocked(threads[i], &vmo, 3);
	fds[0] = self->tp.fd;
	fds[1] = self->tp.port;
	fds[2] = vmo.fd;
	for (i = 0; i < 3; i++) {
		refresh(fds[i]);
		EXPECT_NE(NULL, value_of(self->text, "object"));
	}
	expect_number("waiters", 3);
	test_pager_close(&self->tp);
	expect_sigbus(threads[0], vmo.map);
	expect_errno(threads[1], ENOTCONN);
	expect_sigbus(threads[2], vmo.map + PG(4));
}

VMOP_TEST_MAIN
