// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of libvmopager; second part: what holds for the whole interface:
 * structures that grow, and the message about the last error.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib_mock.h"

/* Does the message name the object and the way out? */
static bool says(const char *object, const char *way_out)
{
	const char *text = vmop_errmsg();

	if (strstr(text, object) && strstr(text, way_out))
		return true;
	printf("# message: %s\n", text);
	return false;
}

static void test_opts_ages(void)
{
	struct { struct vmop_vmo_opts o; __u64 newer; } big = {
		.o = { .sz = sizeof(big), .name = "a" },
	};
	struct { size_t sz; const char *name; } old = {
		.sz = sizeof(old), .name = "older",
	};
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo_create *cmd = (void *)mock.arg[0];
	struct vmop_vmo *vmo = NULL;

	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, NULL, &vmo), 0);
	vmop_vmo_close(vmo);
	reset();
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, (void *)&old, &vmo), 0);
	CHECK(!strcmp((char *)cmd->name, "older"));
	vmop_vmo_close(vmo);
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &big.o, &vmo), 0);
	vmop_vmo_close(vmo);
	reset();
	vmo = NULL;
	big.newer = 1;
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &big.o, &vmo), -E2BIG);
	CHECK(says("struct vmop_vmo_opts: byte 56 is set", "newer library"));
	big.o.sz = sizeof(size_t) - 1;
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &big.o, &vmo), -EINVAL);
	CHECK(says("struct vmop_vmo_opts", "VMOP_OPTS()"));
	CHECK(!vmo);
	CHECK_EQ(mock.calls, 0);
	end_pager(pager);
}

/* Each function that takes such a structure looks at its size. */
static void test_opts_everywhere(void)
{
	struct { size_t sz; __u64 rest[16]; } none = { 0 };
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = NULL;
	struct vmop_flusher *f = NULL;
	struct vmop_port *port = NULL;
	struct vmop_vmo *vmo, *other = NULL;
	struct vmop_part part;
	void *bad = &none;

	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, NULL, &vmo), 0);
	reset();
	part = (struct vmop_part){ vmo, 0, PAGE };
	CHECK_EQ(vmop_port_new(pager, bad, &port), -EINVAL);
	CHECK_EQ(vmop_loop_new(pager, bad, &loop), -EINVAL);
	CHECK_EQ(vmop_vmo_new_paged(pager, port, 1, bad, &other), -EINVAL);
	CHECK_EQ(vmop_vmo_new_child(vmo, 0, 0, 0, bad, &other), -EINVAL);
	CHECK_EQ(vmop_vmo_new_composed(&part, 1, bad, &other), -EINVAL);
	CHECK_EQ(vmop_vmo_reset(vmo, bad), -EINVAL);
	CHECK_EQ(vmop_vmo_op(vmo, 0, 0, 0, bad), -EINVAL);
	CHECK_EQ(vmop_pager_op(pager, vmo, 0, 0, 0, bad), -EINVAL);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 0, bad), -EINVAL);
	CHECK_EQ(vmop_pager_query_dirty(pager, vmo, 0, 0, NULL, 0, bad),
		 -EINVAL);
	CHECK_EQ(vmop_flusher_new(pager, vmo, bad, NULL, &f), -EINVAL);
	CHECK(says("struct vmop_flush_ops", "VMOP_OPTS()"));
	CHECK(!port && !loop && !other && !f);
	CHECK_EQ(mock.calls, 0);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

/* A program that is older than a result is not written over its end. */
static void test_results_ages(void)
{
	struct { size_t sz; __u64 behind; } old = { sizeof(size_t), 77 };
	struct { struct vmop_range_opts o; __u64 newer; } big = {
		.o = { .sz = sizeof(big) },
	};
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	reset();
	plan(2 * PAGE, 0);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 2 * PAGE, (void *)&old),
		 0);
	CHECK_EQ(old.behind, 77);
	plan(2 * PAGE, 0);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 2 * PAGE, &big.o), 0);
	CHECK_EQ(big.o.out_actual, 2 * PAGE);
	CHECK_EQ(big.newer, 0);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_pager_op_fields(void)
{
	VMOP_OPTS(vmop_pager_op_opts, o, .data = EIO, .id = 5,
		  .fail_types = VMOP_FAIL_DIRTY);
	struct vmop_pager *pager = new_pager();
	struct vmop_op_range *op = (void *)mock.arg[0];
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	reset();
	CHECK_EQ(vmop_pager_op(pager, vmo, VMOP_PAGER_OP_FAIL, PAGE, 3 * PAGE,
			       &o), 0);
	CHECK_EQ(op->size, sizeof(*op));
	CHECK_EQ(op->vmo_fd, vmop_vmo_fd(vmo));
	CHECK_EQ(op->op, VMOP_PAGER_OP_FAIL);
	CHECK_EQ(op->offset, PAGE);
	CHECK_EQ(op->length, 3 * PAGE);
	CHECK_EQ(op->data, EIO);
	CHECK_EQ(op->id, 5);
	CHECK_EQ(op->fail_types, VMOP_FAIL_DIRTY);
	CHECK_EQ(o.out_actual, 3 * PAGE);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_info_needs_size(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo_get_info vi = { 0 };
	struct vmop_info info = { 0 };
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, NULL, &vmo), 0);
	CHECK_EQ(vmop_pager_info(pager, &info), -EINVAL);
	CHECK_EQ(vmop_vmo_info(vmo, &vi), -EINVAL);
	CHECK(says("VMO of fd ", "set info->size"));
	info.size = sizeof(info);
	vi.size = sizeof(vi);
	CHECK_EQ(vmop_pager_info(pager, &info), 0);
	CHECK_EQ(vmop_vmo_info(vmo, &vi), 0);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_errstr(void)
{
	CHECK(strcmp(vmop_errstr(ENOTCONN), strerror(ENOTCONN)));
	CHECK(!strcmp(vmop_errstr(-ENOTCONN), vmop_errstr(ENOTCONN)));
	CHECK(!strcmp(vmop_errstr(ENOENT), strerror(ENOENT)));
	CHECK(!strcmp(vmop_errstr(EMFILE), strerror(EMFILE)));
	CHECK(*vmop_lib_version());
}

static void test_messages(void)
{
	VMOP_OPTS(vmop_vmo_opts, o, .name = "disk");
	struct vmop_pager *pager = new_pager(), *none = NULL;
	struct vmop_vmo *vmo, *copy;
	int sock;

	CHECK_EQ(vmop_pager_open("/nonexistent", &none), -ENOENT);
	CHECK(says("open '/nonexistent': ", "; load the module: modprobe"));
	CHECK_EQ(vmop_socket_connect("/nonexistent", &sock), -ENOENT);
	CHECK(says("connect to '/nonexistent': ", "; nobody listens there"));
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &o, &vmo), 0);
	CHECK_EQ(vmop_vmo_dup(vmo, &copy), 0);
	mock.fail_with = EPERM;
	CHECK_EQ(vmop_vmo_resize(copy, 5), -EPERM);
	CHECK(says("VMO 'disk': resize to 5 bytes: the VMO is sealed",
		   "; make it with VMOP_VMO_RESIZABLE"));
	vmop_vmo_close(copy);
	reset();
	plan(PAGE, ENOTCONN);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 3 * PAGE, NULL),
		 -ENOTCONN);
	CHECK(says("VMO 'disk': supply zeros, 8192 bytes from 4096 on: VMO detached",
		   "; start the pager"));
	/* A name is as long as it is: the text is cut, the way out stays. */
	o.name = "a name that is much too long for any VMO, by far and more";
	CHECK_EQ(vmop_vmo_rename(vmo, o.name), -EINVAL);
	CHECK(says("'a name that is much too long for any ", "31 bytes"));
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void *other_thread(void *arg)
{
	struct vmop_pager *none;

	CHECK(!*vmop_errmsg());
	CHECK_EQ(vmop_pager_open("/other", &none), -ENOENT);
	CHECK(says("/other", "modprobe"));
	return arg;
}

static void test_messages_of_threads(void)
{
	struct vmop_pager *none;
	pthread_t thread;

	CHECK_EQ(vmop_pager_open("/mine", &none), -ENOENT);
	CHECK_EQ(pthread_create(&thread, NULL, other_thread, NULL), 0);
	pthread_join(thread, NULL);
	CHECK(says("/mine", "modprobe"));
}

/* What was interrupted or had nothing there is no failure to tell of. */
static void test_no_message(void)
{
	struct vmop_pager *pager = new_pager(), *none;
	struct vmop_port_record rec;
	struct vmop_port *port;
	struct vmop_vmo *vmo;
	size_t count;

	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, NULL, &vmo), 0);
	CHECK_EQ(vmop_port_new(pager, NULL, &port), 0);
	CHECK_EQ(vmop_port_set_nonblock(port, 1), 0);
	CHECK_EQ(vmop_pager_open("/before", &none), -ENOENT);
	CHECK_EQ(vmop_port_read(port, &rec, 1, &count), -EAGAIN);
	mock.fail_with = EINTR;
	CHECK_EQ(vmop_vmo_op(vmo, VMOP_VMO_OP_ZERO, 0, PAGE, NULL), -EINTR);
	CHECK(says("/before", "modprobe"));
	vmop_vmo_close(vmo);
	vmop_port_close(port);
	close(mock.port_in);
	mock.port_in = -1;
	end_pager(pager);
}

static int answer(void *ctx, void *local, struct vmop_vmo *vmo,
		  const struct vmop_port_record *req)
{
	(void)ctx;
	(void)local;
	(void)vmo;
	(void)req;
	return 0;
}

/* An error that ended a thread of a loop is told to whoever joins it. */
static void test_message_of_loop(void)
{
	VMOP_OPTS(vmop_handler, handler, .read = answer);
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = NULL;
	struct vmop_vmo *vmo;
	int fd;

	CHECK_EQ(vmop_loop_new(pager, NULL, &loop), 0);
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo), 0);
	/* In place of the port something that polls but cannot be read. */
	fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(fd >= 0);
	CHECK_EQ(dup2(fd, mock.port_out), mock.port_out);
	CHECK_EQ(vmop_loop_start(loop), 0);
	CHECK_EQ(vmop_loop_join(loop), -EISDIR);
	CHECK(says("read records of a port: ", strerror(EISDIR)));
	vmop_loop_free(loop);
	close(fd);
	close(mock.port_in);
	mock.port_in = -1;
	end_pager(pager);
}

const struct lib_test api_tests[] = {
	{ "options structures of any age", test_opts_ages },
	{ "every options structure has a size", test_opts_everywhere },
	{ "results for programs of any age", test_results_ages },
	{ "an operation of the pager passes every option",
	  test_pager_op_fields },
	{ "info needs its size", test_info_needs_size },
	{ "words for errors", test_errstr },
	{ "a message names the object and the way out", test_messages },
	{ "each thread has its own message", test_messages_of_threads },
	{ "no message of what was interrupted", test_no_message },
	{ "the message of a loop's thread", test_message_of_loop },
	{ NULL, NULL }
};
