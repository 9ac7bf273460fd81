// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of libvmopager that needs no module; first part: the objects, and
 * the passing of VMOs. Built with sanitizers and run by `make -C tools unit`.
 *
 * Prints TAP and a last line "N passed, N failed, N skipped".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib_mock.h"

static void test_vmo_create_fields(void)
{
	struct vmop_vmo_opts o = {
		.sz = sizeof(o), .name = "n", .key = 77, .flags = 1,
		.payer_fd = 5, .max_request_pages = 3, .deadline_ms = 9,
		.deadline_action = 1,
	};
	struct vmop_pager *pager = new_pager();
	struct vmop_pager_vmo_create *cmd = (void *)mock.arg[0];
	struct vmop_vmo *vmo = NULL;
	struct vmop_port *port;

	CHECK_EQ(vmop_port_new(pager, NULL, &port), 0);
	reset();
	CHECK_EQ(vmop_vmo_new_paged(pager, port, 12347, &o, &vmo), 0);
	CHECK_EQ(mock.cmd[0], VMOP_PAGER_VMO_CREATE);
	CHECK_EQ(cmd->size, sizeof(*cmd));
	CHECK_EQ(cmd->flags, 1);
	CHECK_EQ(cmd->port_fd, vmop_port_fd(port));
	CHECK_EQ(cmd->payer_fd, 5);
	CHECK_EQ(cmd->key, 77);
	CHECK_EQ(cmd->length, 12347);
	CHECK(!strcmp((char *)cmd->name, "n"));
	CHECK_EQ(cmd->max_request_pages, 3);
	CHECK_EQ(cmd->deadline_ms, 9);
	CHECK_EQ(cmd->deadline_action, 1);
	CHECK_EQ(cmd->dirty_limit, 0);
	vmop_vmo_close(vmo);
	reset();
	/* All defaults: the caller's own cgroup pays. */
	CHECK_EQ(vmop_vmo_new_paged(pager, port, PAGE, NULL, &vmo), 0);
	CHECK_EQ(cmd->payer_fd, -1);
	vmop_vmo_close(vmo);
	vmop_port_close(port);
	close(mock.port_in);
	mock.port_in = -1;
	end_pager(pager);
}

static void test_vmo_create_refused(void)
{
	char long_name[VMOP_NAME_LEN + 1] = "";
	struct vmop_vmo_opts o = { .sz = sizeof(o), .name = long_name };
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo *vmo = NULL;

	memset(long_name, 'x', VMOP_NAME_LEN);
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &o, &vmo), -EINVAL);
	long_name[VMOP_NAME_LEN - 1] = 0;
	o.deadline_ms = 1;
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &o, &vmo), -EINVAL);
	CHECK_EQ(mock.calls, 0);
	o.deadline_ms = 0;
	mock.fail_with = ENOMEM;
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &o, &vmo), -ENOMEM);
	CHECK(!vmo);
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &o, &vmo), 0);
	CHECK_EQ(vmop_vmo_rename(vmo, "y"), 0);
	long_name[VMOP_NAME_LEN - 1] = 'x';
	CHECK_EQ(vmop_vmo_rename(vmo, long_name), -EINVAL);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_wrong_fds(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct vmop_pager *pager = NULL;
	struct vmop_vmo *vmo = NULL;

	CHECK_EQ(vmop_pager_from_fd(fd, &pager), -EBADFD);
	CHECK_EQ(vmop_vmo_from_fd(fd, &vmo), -EBADFD);
	/* On failure the descriptor stays the caller's. */
	CHECK(has_fd(fd));
	close(fd);
	CHECK_EQ(vmop_pager_from_fd(fd, &pager), -EBADF);
	CHECK_EQ(vmop_vmo_from_fd(fd, &vmo), -EBADF);
	CHECK_EQ(vmop_pager_open("/nonexistent", &pager), -ENOENT);
	CHECK_EQ(vmop_pager_open("/dev/null", &pager), -EBADFD);
	CHECK(!pager && !vmo);
}

static void test_supply_continues(void)
{
	VMOP_OPTS(vmop_range_opts, o);
	struct vmop_pager *pager = new_pager();
	struct vmop_supply_copy *cmd;
	struct vmop_vmo *vmo;
	char *src = (char *)0x10000;
	unsigned int i;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	reset();
	plan(2 * PAGE, EINTR);
	plan(0, EINTR);
	plan(PAGE, 0);
	plan(5 * PAGE, 0);
	CHECK_EQ(vmop_pager_supply_copy(pager, vmo, 4 * PAGE, 8 * PAGE, src,
					&o), 0);
	CHECK_EQ(o.out_actual, 8 * PAGE);
	CHECK_EQ(mock.calls, 4);
	for (i = 0; i < 4; i++) {
		static const __u64 before[] = { 0, 2, 2, 3 };

		cmd = (void *)mock.arg[i];
		CHECK_EQ(mock.cmd[i], VMOP_SUPPLY_COPY);
		CHECK_EQ(cmd->vmo_fd, vmop_vmo_fd(vmo));
		CHECK_EQ(cmd->offset, (4 + before[i]) * PAGE);
		CHECK_EQ(cmd->length, (8 - before[i]) * PAGE);
		CHECK_EQ(cmd->src_uptr, 0x10000 + before[i] * PAGE);
	}
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_supply_errors(void)
{
	VMOP_OPTS(vmop_range_opts, o);
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	reset();
	plan(3 * PAGE, ENOMEM);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 8 * PAGE, &o),
		 -ENOMEM);
	CHECK_EQ(o.out_actual, 3 * PAGE);
	reset();
	/* A success that did nothing must not become an endless loop. */
	plan(PAGE, 0);
	plan(0, 0);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 8 * PAGE, &o),
		 -EIO);
	CHECK_EQ(o.out_actual, PAGE);
	reset();
	plan(0, 0);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 0, NULL), 0);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_supply_move_and_file(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_supply_file *file = (void *)mock.arg[1];
	struct vmop_supply *move = (void *)mock.arg[1];
	struct vmop_vmo *vmo, *aux;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &aux), 0);
	reset();
	plan(PAGE, 0);
	plan(PAGE, 0);
	CHECK_EQ(vmop_pager_supply_move(pager, vmo, PAGE, 2 * PAGE, aux,
					7 * PAGE, NULL), 0);
	CHECK_EQ(mock.cmd[1], VMOP_SUPPLY);
	CHECK_EQ(move->vmo_fd, vmop_vmo_fd(vmo));
	CHECK_EQ(move->aux_fd, vmop_vmo_fd(aux));
	CHECK_EQ(move->offset, 2 * PAGE);
	CHECK_EQ(move->aux_offset, 8 * PAGE);
	CHECK_EQ(move->length, PAGE);
	reset();
	plan(PAGE, EINTR);
	plan(PAGE, 0);
	CHECK_EQ(vmop_pager_supply_file(pager, vmo, PAGE, 2 * PAGE, 42, 100,
					NULL), 0);
	CHECK_EQ(mock.cmd[1], VMOP_SUPPLY_FILE);
	CHECK_EQ(file->src_fd, 42);
	CHECK_EQ(file->offset, 2 * PAGE);
	CHECK_EQ(file->src_offset, 100 + PAGE);
	vmop_vmo_close(vmo);
	vmop_vmo_close(aux);
	end_pager(pager);
}

static void test_pager_ops(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_op_range *op = (void *)mock.arg[0];
	struct vmop_detach *detach = (void *)mock.arg[0];
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	reset();
	CHECK_EQ(vmop_pager_fail(pager, vmo, PAGE, 2 * PAGE, EBADMSG), 0);
	CHECK_EQ(mock.cmd[0], VMOP_OP_RANGE);
	CHECK_EQ(op->op, VMOP_PAGER_OP_FAIL);
	CHECK_EQ(op->offset, PAGE);
	CHECK_EQ(op->length, 2 * PAGE);
	CHECK_EQ(op->data, EBADMSG);
	CHECK_EQ(op->id, 0);
	reset();
	CHECK_EQ(vmop_pager_fail_id(pager, vmo, 99, EIO), 0);
	CHECK_EQ(op->id, 99);
	CHECK_EQ(op->offset, 0);
	CHECK_EQ(op->length, 0);
	reset();
	CHECK_EQ(vmop_pager_detach(pager, vmo), 0);
	CHECK_EQ(mock.cmd[0], VMOP_DETACH);
	CHECK_EQ(detach->vmo_fd, vmop_vmo_fd(vmo));
	reset();
	mock.fail_with = ERANGE;
	CHECK_EQ(vmop_vmo_op(vmo, VMOP_VMO_OP_ZERO, 1, 2, NULL), -ERANGE);
	mock.fail_with = EPERM;
	CHECK_EQ(vmop_vmo_resize(vmo, 5), -EPERM);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_port_read(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_port_record recs[4];
	struct vmop_port *port;
	size_t count = 99;

	CHECK_EQ(vmop_port_new(pager, NULL, &port), 0);
	CHECK_EQ(vmop_port_set_nonblock(port, 1), 0);
	CHECK_EQ(vmop_port_read(port, recs, 0, &count), -EINVAL);
	CHECK_EQ(vmop_port_read(port, recs, 4, &count), -EAGAIN);
	CHECK_EQ(count, 99);
	put_record(VMOP_RECORD_READ, 1, 0, PAGE, 10);
	put_record(VMOP_RECORD_READ, 1, PAGE, PAGE, 11);
	CHECK_EQ(vmop_port_read(port, recs, 4, &count), 0);
	CHECK_EQ(count, 2);
	CHECK_EQ(recs[1].id, 11);
	close(mock.port_in);
	mock.port_in = -1;
	CHECK_EQ(vmop_port_read(port, recs, 4, &count), 0);
	CHECK_EQ(count, 0);
	vmop_port_close(port);
	end_pager(pager);
}

static char sock_path[64];

static void test_socket_names(void)
{
	char path[200];
	struct stat st;
	mode_t mask = umask(0);
	int sock = -1, again = -1, fd;

	CHECK_EQ(vmop_socket_listen(sock_path, &sock), 0);
	CHECK_EQ(stat(sock_path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK(fcntl(sock, F_GETFD) & FD_CLOEXEC);
	CHECK_EQ(vmop_socket_listen(sock_path, &again), -EADDRINUSE);
	close(sock);
	CHECK_EQ(vmop_socket_connect(sock_path, &again), -ECONNREFUSED);
	/* Left behind by a server that died: taken over. */
	CHECK_EQ(vmop_socket_listen(sock_path, &sock), 0);
	close(sock);
	unlink(sock_path);
	CHECK_EQ(vmop_socket_connect(sock_path, &again), -ENOENT);
	fd = open(sock_path, O_CREAT | O_WRONLY, 0600);
	CHECK_EQ(write(fd, "precious", 8), 8);
	close(fd);
	CHECK_EQ(vmop_socket_listen(sock_path, &sock), -EEXIST);
	CHECK_EQ(stat(sock_path, &st), 0);
	CHECK_EQ(st.st_size, 8);
	unlink(sock_path);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	CHECK_EQ(vmop_socket_listen(path, &sock), -ENAMETOOLONG);
	CHECK_EQ(vmop_socket_listen("", &sock), -EINVAL);
	umask(mask);
}

static void test_socket_passes_vmo(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo *vmo, *got = NULL;
	struct stat a, b;
	char name[6];
	int sv[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	CHECK_EQ(vmop_vmo_new_anon(pager, 12345, NULL, &vmo), 0);
	CHECK_EQ(vmop_socket_send_vmo(sv[0], vmo, NULL), 0);
	CHECK_EQ(vmop_socket_send_vmo(sv[0], vmo, "given"), 0);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], name, sizeof(name), &got), 0);
	CHECK(!strcmp(name, "own n"));
	CHECK_EQ(fstat(vmop_vmo_fd(vmo), &a), 0);
	CHECK_EQ(fstat(vmop_vmo_fd(got), &b), 0);
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK(fcntl(vmop_vmo_fd(got), F_GETFD) & FD_CLOEXEC);
	vmop_vmo_close(got);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], name, sizeof(name), &got), 0);
	CHECK(!strcmp(name, "given"));
	vmop_vmo_close(got);
	close(sv[0]);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -ECONNRESET);
	CHECK_EQ(vmop_socket_send_vmo(sv[1], vmo, NULL), -EPIPE);
	close(sv[1]);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void send_raw(int sock, const void *data, size_t len, const int *fds,
		     size_t count)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = "";
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *c = (void *)control;

	if (count) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	CHECK_EQ(sendmsg(sock, &msg, 0), len);
}

static void test_socket_refuses_rubbish(void)
{
	struct { __u32 magic, size; char name[32]; } m = {
		0x564d4f31, sizeof(m), "x"
	};
	int other = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[6] = { other, other, other, other, other, other };
	struct vmop_vmo *got = NULL;
	unsigned int before;
	int sv[2];

	CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), 0);
	before = open_fds();
	send_raw(sv[0], "hello", 5, NULL, 0);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -EPROTO);
	send_raw(sv[0], &m, sizeof(m), NULL, 0);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -EPROTO);
	send_raw(sv[0], &m, sizeof(m) - 1, fds, 1);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -EPROTO);
	/* A good message with a descriptor that is no VMO. */
	send_raw(sv[0], &m, sizeof(m), fds, 1);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -EBADFD);
	send_raw(sv[0], &m, sizeof(m), fds, 3);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -EBADFD);
	/* More than there is room for. */
	send_raw(sv[0], &m, sizeof(m), fds, 6);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -EPROTO);
	memset(m.name, 'x', sizeof(m.name));
	send_raw(sv[0], &m, sizeof(m), fds, 1);
	CHECK_EQ(vmop_socket_recv_vmo(sv[1], NULL, 0, &got), -EPROTO);
	CHECK(!got);
	CHECK_EQ(open_fds(), before);
	close(sv[0]);
	close(sv[1]);
	close(other);
}

static const struct lib_test tests[] = {
	{ "creation passes every option", test_vmo_create_fields },
	{ "creation refuses what cannot be", test_vmo_create_refused },
	{ "wrong descriptors", test_wrong_fds },
	{ "an interrupted supply continues", test_supply_continues },
	{ "a failed supply tells how far it came", test_supply_errors },
	{ "supply by move and from a file", test_supply_move_and_file },
	{ "fail, detach and other operations", test_pager_ops },
	{ "port read", test_port_read },
	{ "names and modes of sockets", test_socket_names },
	{ "a VMO over a socket", test_socket_passes_vmo },
	{ "rubbish over a socket", test_socket_refuses_rubbish },
	{ NULL, NULL }
};

static unsigned int count, bad;

static void run(const struct lib_test *t)
{
	unsigned int before, after;

	for (; t->name; t++) {
		lib_failed = false;
		before = open_fds();
		t->fn();
		after = open_fds();
		CHECK_EQ(after, before);
		printf("%s %u - %s\n", lib_failed ? "not ok" : "ok", ++count,
		       t->name);
		bad += lib_failed;
	}
}

int main(void)
{
	vmop_ioctl_fn = mock_ioctl;
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(sock_path, sizeof(sock_path), "/tmp/vmop-lib-test.%d",
		 (int)getpid());
	printf("TAP version 13\n");
	run(tests);
	run(api_tests);
	run(loop_tests);
	run(flush_tests);
	run(clone_tests);
	run(wal_tests);
	run(human_tests);
	printf("1..%u\n%u passed, %u failed, 0 skipped\n", count, count - bad,
	       bad);
	return bad ? 1 : 0;
}
