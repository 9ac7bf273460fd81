// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of libvmopager that needs no module: the library's one ioctl entry
 * point leads into a small kernel of our own, in which a port is a pipe and a
 * VMO a memfd. Built with sanitizers and run by `make -C tools unit`.
 *
 * Prints TAP and a last line "N passed, N failed, N skipped".
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"

#define PAGE 4096ull
#define MAX_FDS 256
#define MAX_CALLS 64

static bool failed;

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			printf("# %s:%d: %s\n", __func__, __LINE__, #cond); \
			failed = true;					\
		}							\
	} while (0)

#define CHECK_EQ(got, want)						\
	do {								\
		long long got_ = (long long)(got);			\
		long long want_ = (long long)(want);			\
		if (got_ != want_) {					\
			printf("# %s:%d: %s is %lld, not %lld\n",	\
			       __func__, __LINE__, #got, got_, want_);	\
			failed = true;					\
		}							\
	} while (0)

/*
 * The kernel of this test. lock guards all of it: the loop's threads come here
 * at the same time.
 */
static struct {
	pthread_mutex_t lock;
	/* Commands that came since reset(): number and first 96 bytes. */
	unsigned long cmd[MAX_CALLS];
	unsigned char arg[MAX_CALLS][96];
	unsigned int calls;
	/* Results of the next supplies: bytes done, errno. */
	struct { __u64 done; int err; } plan[8];
	unsigned int plans, planned;
	/* If set, the next command fails with it. */
	int fail_with;
	bool is_vmo[MAX_FDS];
	bool is_pager[MAX_FDS];
	__u64 key[MAX_FDS];
	int port_in;		/* where records go in */
	/* FAIL by id: what each of the first ids was failed with. */
	__u64 failed_id[MAX_CALLS];
	int failed_with[MAX_CALLS];
	unsigned int fails;
} mock = { .lock = PTHREAD_MUTEX_INITIALIZER, .port_in = -1 };

static void reset(void)
{
	pthread_mutex_lock(&mock.lock);
	mock.calls = 0;
	mock.plans = 0;
	mock.planned = 0;
	mock.fail_with = 0;
	mock.fails = 0;
	pthread_mutex_unlock(&mock.lock);
}

static void plan(__u64 done, int err)
{
	mock.plan[mock.plans].done = done;
	mock.plan[mock.plans++].err = err;
}

static void put_record(__u32 type, __u64 key, __u64 offset, __u64 length,
		       __u64 id)
{
	struct vmop_port_record rec = {
		.type = type,
		.key = key,
		.offset = offset,
		.length = length,
		.id = id,
	};

	CHECK_EQ(write(mock.port_in, &rec, sizeof(rec)), sizeof(rec));
}

static int mock_supply(__u64 *done)
{
	if (mock.planned >= mock.plans) {
		errno = EFAULT;
		return -1;
	}
	*done = mock.plan[mock.planned].done;
	errno = mock.plan[mock.planned].err;
	return mock.plan[mock.planned++].err ? -1 : 0;
}

static int mock_new_vmo(__u64 length, __u64 key)
{
	int fd = memfd_create("vmo", MFD_CLOEXEC);

	CHECK(fd >= 0 && fd < MAX_FDS);
	CHECK_EQ(ftruncate(fd, (off_t)length), 0);
	mock.is_vmo[fd] = true;
	mock.key[fd] = key;
	return fd;
}

static int mock_on_vmo(int fd, unsigned long cmd, void *arg)
{
	struct vmop_vmo_get_info *info = arg;
	struct stat st;

	/* A received descriptor has a new number but is the same memfd. */
	if (fstat(fd, &st))
		return -1;
	if (!mock.is_vmo[fd] && st.st_size != 12345) {
		errno = ENOTTY;
		return -1;
	}
	if (cmd == VMOP_VMO_GET_INFO) {
		memset((char *)arg + 8, 0, info->size - 8);
		memcpy(info->out_name, "own name", 9);
	}
	return 0;
}

static int mock_op_range(struct vmop_op_range *op)
{
	if (op->op == VMOP_PAGER_OP_FAIL && op->id &&
	    mock.fails < MAX_CALLS) {
		mock.failed_id[mock.fails] = op->id;
		mock.failed_with[mock.fails++] = (int)op->data;
	}
	op->out_actual = op->length;
	return 0;
}

static int mock_port(struct vmop_port_create *cmd)
{
	int fds[2];

	CHECK_EQ(pipe2(fds, O_CLOEXEC), 0);
	/* Room for all that a test puts in before anyone reads. */
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	cmd->out_port_fd = fds[0];
	mock.port_in = fds[1];
	return 0;
}

static int mock_command(int fd, unsigned long cmd, void *arg)
{
	struct vmop_pager_vmo_create *paged = arg;
	struct vmop_vmo_create *anon = arg;
	struct vmop_detach *detach = arg;

	switch (cmd) {
	case VMOP_VMO_GET_INFO:
	case VMOP_VMO_SET_SIZE:
	case VMOP_VMO_SET_NAME:
	case VMOP_VMO_OP_RANGE:
		return mock_on_vmo(fd, cmd, arg);
	}
	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	if (!mock.is_pager[fd]) {
		errno = ENOTTY;
		return -1;
	}
	switch (cmd) {
	case VMOP_INFO:
		return 0;
	case VMOP_PORT_CREATE:
		return mock_port(arg);
	case VMOP_PAGER_VMO_CREATE:
		paged->out_vmo_fd = mock_new_vmo(paged->length, paged->key);
		return 0;
	case VMOP_VMO_CREATE:
		anon->out_vmo_fd = mock_new_vmo(anon->length, 0);
		return 0;
	case VMOP_DETACH:
		if (mock.port_in >= 0)
			put_record(VMOP_RECORD_COMPLETE,
				   mock.key[detach->vmo_fd], 0, 0, 0);
		return 0;
	case VMOP_SUPPLY:
		return mock_supply(&((struct vmop_supply *)arg)->out_actual);
	case VMOP_SUPPLY_COPY:
		return mock_supply(&((struct vmop_supply_copy *)arg)->out_actual);
	case VMOP_SUPPLY_ZERO:
		return mock_supply(&((struct vmop_supply_zero *)arg)->out_actual);
	case VMOP_SUPPLY_FILE:
		return mock_supply(&((struct vmop_supply_file *)arg)->out_actual);
	case VMOP_OP_RANGE:
		return mock_op_range(arg);
	}
	errno = ENOTTY;
	return -1;
}

static int mock_ioctl(int fd, unsigned long cmd, void *arg)
{
	__u32 size = *(__u32 *)arg;
	int ret;

	pthread_mutex_lock(&mock.lock);
	if (mock.calls < MAX_CALLS) {
		mock.cmd[mock.calls] = cmd;
		memcpy(mock.arg[mock.calls], arg, size < 96 ? size : 96);
		mock.calls++;
	}
	if (mock.fail_with) {
		errno = mock.fail_with;
		mock.fail_with = 0;
		ret = -1;
	} else {
		ret = mock_command(fd, cmd, arg);
	}
	pthread_mutex_unlock(&mock.lock);
	return ret;
}

static struct vmop_pager *new_pager(void)
{
	struct vmop_pager *pager = NULL;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	mock.is_pager[fd] = true;
	CHECK_EQ(vmop_pager_from_fd(fd, &pager), 0);
	reset();
	return pager;
}

static void end_pager(struct vmop_pager *pager)
{
	mock.is_pager[vmop_pager_fd(pager)] = false;
	vmop_pager_close(pager);
	memset(mock.is_vmo, 0, sizeof(mock.is_vmo));
}

static unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool has_fd(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_opts_sizes(void)
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
	big.o.sz = sizeof(size_t) - 1;
	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, &big.o, &vmo), -EINVAL);
	CHECK(!vmo);
	CHECK_EQ(mock.calls, 0);
	end_pager(pager);
}

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

	CHECK_EQ(vmop_port_new(pager, &port), 0);
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

static void test_info_needs_size(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo_get_info vi = { 0 };
	struct vmop_info info = { 0 };
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_vmo_new_anon(pager, PAGE, NULL, &vmo), 0);
	CHECK_EQ(vmop_pager_info(pager, &info), -EINVAL);
	CHECK_EQ(vmop_vmo_info(vmo, &vi), -EINVAL);
	info.size = sizeof(info);
	vi.size = sizeof(vi);
	CHECK_EQ(vmop_pager_info(pager, &info), 0);
	CHECK_EQ(vmop_vmo_info(vmo, &vi), 0);
	vmop_vmo_close(vmo);
	end_pager(pager);
}

static void test_supply_continues(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_supply_copy *cmd;
	struct vmop_vmo *vmo;
	char *src = (char *)0x10000;
	__u64 actual = 1;
	unsigned int i;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	reset();
	plan(2 * PAGE, EINTR);
	plan(0, EINTR);
	plan(PAGE, 0);
	plan(5 * PAGE, 0);
	CHECK_EQ(vmop_pager_supply_copy(pager, vmo, 4 * PAGE, 8 * PAGE, src,
					&actual), 0);
	CHECK_EQ(actual, 8 * PAGE);
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
	struct vmop_pager *pager = new_pager();
	struct vmop_vmo *vmo;
	__u64 actual = 1;

	CHECK_EQ(vmop_vmo_new_anon(pager, 16 * PAGE, NULL, &vmo), 0);
	reset();
	plan(3 * PAGE, ENOMEM);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 8 * PAGE, &actual),
		 -ENOMEM);
	CHECK_EQ(actual, 3 * PAGE);
	reset();
	/* A success that did nothing must not become an endless loop. */
	plan(PAGE, 0);
	plan(0, 0);
	CHECK_EQ(vmop_pager_supply_zero(pager, vmo, 0, 8 * PAGE, &actual),
		 -EIO);
	CHECK_EQ(actual, PAGE);
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

	CHECK_EQ(vmop_port_new(pager, &port), 0);
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

/* ---- The loop -------------------------------------------------------- */

#define REQUESTS 3000
#define VMOS 3

static struct {
	atomic_uint seen[REQUESTS + 1];
	atomic_uint wrong_vmo;
	atomic_uint now;
	atomic_uint most;
	atomic_uint completes;
	atomic_uint completed_early;
	atomic_uint dones;
	atomic_int read_result;
	atomic_bool hold;
	atomic_uint starts;
	atomic_uint stops;
	struct vmop_vmo *vmos[VMOS];
} seen;

static void pause_us(long us)
{
	const struct timespec ts = { 0, us * 1000 };

	nanosleep(&ts, NULL);
}

/* Waits up to 10 s. */
#define WAIT_FOR(cond)							\
	do {								\
		int tries_ = 0;						\
		while (!(cond) && tries_++ < 10000)			\
			pause_us(1000);					\
		CHECK(cond);						\
	} while (0)

static int on_read(void *ctx, void *local, struct vmop_vmo *vmo,
		   const struct vmop_port_record *req)
{
	unsigned int n = atomic_fetch_add(&seen.now, 1) + 1;
	unsigned int most = atomic_load(&seen.most);

	(void)local;
	while (n > most &&
	       !atomic_compare_exchange_weak(&seen.most, &most, n))
		;
	if (ctx && *(struct vmop_vmo **)ctx != vmo)
		atomic_fetch_add(&seen.wrong_vmo, 1);
	if (req->id <= REQUESTS)
		atomic_fetch_add(&seen.seen[req->id], 1);
	while (atomic_load(&seen.hold))
		pause_us(500);
	if (req->id % 64 == 0)
		pause_us(200);
	atomic_fetch_sub(&seen.now, 1);
	return atomic_load(&seen.read_result);
}

static void on_complete(void *ctx, struct vmop_vmo *vmo)
{
	(void)ctx;
	CHECK(has_fd(vmop_vmo_fd(vmo)));
	if (atomic_load(&seen.now))
		atomic_fetch_add(&seen.completed_early, 1);
	atomic_fetch_add(&seen.completes, 1);
}

static void on_done(void *ctx, struct vmop_vmo *vmo,
		    const struct vmop_port_record *req, int err, __u64 nsec)
{
	(void)ctx;
	(void)vmo;
	(void)req;
	CHECK_EQ(err, atomic_load(&seen.read_result));
	CHECK(nsec < 60000000000ull);
	atomic_fetch_add(&seen.dones, 1);
}

static const struct vmop_handler handler = {
	.sz = sizeof(handler),
	.read = on_read,
	.complete = on_complete,
	.done = on_done,
};

static int on_start(void *ctx, unsigned int thread, void **local)
{
	if (ctx && thread == *(unsigned int *)ctx)
		return -EMFILE;
	*local = &seen.starts;
	atomic_fetch_add(&seen.starts, 1);
	return 0;
}

static void on_stop(void *ctx, unsigned int thread, void *local)
{
	(void)ctx;
	(void)thread;
	CHECK(local == &seen.starts);
	atomic_fetch_add(&seen.stops, 1);
}

static struct vmop_loop *new_loop(struct vmop_pager *pager,
				  unsigned int threads)
{
	const struct vmop_loop_opts opts = {
		.sz = sizeof(opts),
		.threads = threads,
		.thread_start = on_start,
		.thread_stop = on_stop,
	};
	struct vmop_loop *loop = NULL;

	memset(&seen, 0, sizeof(seen));
	CHECK_EQ(vmop_loop_new(pager, &opts, &loop), 0);
	return loop;
}

static void end_loop(struct vmop_loop *loop, struct vmop_pager *pager)
{
	vmop_loop_free(loop);
	if (mock.port_in >= 0)
		close(mock.port_in);
	mock.port_in = -1;
	end_pager(pager);
}

static bool readable(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

static void test_loop_serves_all(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 4);
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	unsigned int i;

	for (i = 0; i < VMOS - 1; i++)
		CHECK_EQ(vmop_loop_add(loop, 16 * PAGE, NULL, &handler,
				       &seen.vmos[i], &seen.vmos[i]), 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	CHECK_EQ(vmop_loop_start(loop), -EALREADY);
	/* One more while the threads run. */
	CHECK_EQ(vmop_loop_add(loop, 16 * PAGE, NULL, &handler,
			       &seen.vmos[i], &seen.vmos[i]), 0);
	for (i = 1; i <= REQUESTS; i++)
		put_record(VMOP_RECORD_READ, i % VMOS + 1, 0, PAGE, i);
	WAIT_FOR(atomic_load(&seen.dones) == REQUESTS);
	CHECK(!readable(vmop_loop_fd(loop)));
	vmop_loop_stop(loop);
	CHECK_EQ(vmop_loop_join(loop), 0);
	CHECK(readable(vmop_loop_fd(loop)));
	for (i = 1; i <= REQUESTS; i++)
		CHECK_EQ(seen.seen[i], 1);
	CHECK_EQ(seen.wrong_vmo, 0);
	CHECK(seen.most > 1);
	CHECK_EQ(vmop_loop_stats_get(loop, &st), 0);
	CHECK_EQ(st.sz, sizeof(st));
	CHECK_EQ(st.requests, REQUESTS);
	CHECK_EQ(st.requested_bytes, REQUESTS * PAGE);
	CHECK_EQ(st.failed, 0);
	CHECK(st.max_nsec > 0 && st.busy_nsec >= st.max_nsec);
	CHECK_EQ(seen.starts, 4);
	CHECK_EQ(seen.stops, 4);
	CHECK_EQ(seen.completes, 0);
	end_loop(loop, pager);
	CHECK_EQ(seen.completes, VMOS);
}

static void test_loop_fails_requests(void)
{
	static const struct { int ret, err; } table[] = {
		{ -EIO, EIO }, { -EBADMSG, EBADMSG }, { -ENOTCONN, ENOTCONN },
		{ -ENOSPC, ENOSPC }, { -ENOBUFS, ENOBUFS },
		{ -ENOMEM, ENOSPC }, { -EPERM, EIO },
	};
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 1);
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	struct vmop_vmo *vmo;
	unsigned int i;

	CHECK_EQ(vmop_loop_add(loop, 16 * PAGE, NULL, &handler, NULL, &vmo),
		 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		atomic_store(&seen.read_result, table[i].ret);
		put_record(VMOP_RECORD_READ, 1, 0, PAGE, 100 + i);
		WAIT_FOR(atomic_load(&seen.dones) == i + 1);
		CHECK_EQ(mock.fails, i + 1);
		CHECK_EQ(mock.failed_id[i], 100 + i);
		CHECK_EQ(mock.failed_with[i], table[i].err);
	}
	/* Kinds that this handler has no answer to must not hang anybody. */
	put_record(VMOP_RECORD_DIRTY, 1, 0, PAGE, 500);
	WAIT_FOR(mock.fails == i + 1);
	CHECK_EQ(mock.failed_id[i], 500);
	/* A record of a VMO that was never here. */
	put_record(VMOP_RECORD_READ, 999, 0, PAGE, 501);
	WAIT_FOR(!vmop_loop_stats_get(loop, &st) && st.unknown == 2);
	CHECK_EQ(st.failed, sizeof(table) / sizeof(table[0]));
	end_loop(loop, pager);
}

static void test_loop_completes_last(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 3);
	struct vmop_vmo *vmo, *other;

	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo), 0);
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &other), 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	atomic_store(&seen.hold, true);
	put_record(VMOP_RECORD_READ, 1, 0, PAGE, 1);
	WAIT_FOR(atomic_load(&seen.now) == 1);
	CHECK_EQ(vmop_loop_remove(loop, vmo), 0);
	/* COMPLETE is read by another thread while read() still runs. */
	pause_us(30000);
	CHECK_EQ(seen.completes, 0);
	atomic_store(&seen.hold, false);
	WAIT_FOR(atomic_load(&seen.completes) == 1);
	CHECK_EQ(seen.completed_early, 0);
	CHECK_EQ(vmop_loop_remove(loop, vmo), -ENOENT);
	CHECK_EQ(vmop_loop_remove(loop, other), 0);
	WAIT_FOR(atomic_load(&seen.completes) == 2);
	end_loop(loop, pager);
	CHECK_EQ(seen.completes, 2);
}

static void test_loop_ends_with_pager(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 4);
	struct vmop_vmo *vmo;

	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo), 0);
	CHECK_EQ(vmop_loop_start(loop), 0);
	/* The end of the pipe is what a port says of a closed pager. */
	close(mock.port_in);
	mock.port_in = -1;
	WAIT_FOR(readable(vmop_loop_fd(loop)));
	CHECK_EQ(vmop_loop_join(loop), 0);
	CHECK_EQ(seen.stops, 4);
	end_loop(loop, pager);
	CHECK_EQ(seen.completes, 1);
}

static void test_loop_finishes_taken(void)
{
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 1);
	struct vmop_vmo *vmo;
	unsigned int i;

	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo), 0);
	for (i = 1; i <= 8; i++)
		put_record(VMOP_RECORD_READ, 1, 0, PAGE, i);
	atomic_store(&seen.hold, true);
	CHECK_EQ(vmop_loop_start(loop), 0);
	WAIT_FOR(atomic_load(&seen.now) == 1);
	vmop_loop_stop(loop);
	atomic_store(&seen.hold, false);
	CHECK_EQ(vmop_loop_join(loop), 0);
	/* One thread takes all eight at once: they are answered. */
	CHECK_EQ(seen.dones, 8);
	end_loop(loop, pager);
}

static void test_loop_start_fails(void)
{
	struct vmop_pager *pager = new_pager();
	unsigned int bad = 2;
	const struct vmop_loop_opts opts = {
		.sz = sizeof(opts),
		.threads = 4,
		.ctx = &bad,
		.thread_start = on_start,
		.thread_stop = on_stop,
	};
	struct vmop_loop *loop;

	memset(&seen, 0, sizeof(seen));
	CHECK_EQ(vmop_loop_new(pager, &opts, &loop), 0);
	CHECK_EQ(vmop_loop_start(loop), -EMFILE);
	CHECK_EQ(seen.starts, 2);
	CHECK_EQ(seen.stops, 2);
	CHECK_EQ(vmop_loop_join(loop), 0);
	end_loop(loop, pager);
}

static void test_loop_refuses(void)
{
	struct vmop_vmo_opts o = { .sz = sizeof(o), .key = 5 };
	struct vmop_handler none = { .sz = sizeof(none) };
	struct { struct vmop_handler h; void *newer; } big = {
		.h = { .sz = sizeof(big), .read = on_read }, .newer = &big,
	};
	struct vmop_pager *pager = new_pager();
	struct vmop_loop *loop = new_loop(pager, 1);
	struct vmop_loop_stats st = { 0 };
	struct vmop_vmo *vmo = NULL;

	CHECK_EQ(vmop_loop_add(loop, PAGE, &o, &handler, NULL, &vmo), -EINVAL);
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &none, NULL, &vmo), -EINVAL);
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &big.h, NULL, &vmo), -E2BIG);
	mock.fail_with = ERANGE;
	CHECK_EQ(vmop_loop_add(loop, PAGE, NULL, &handler, NULL, &vmo),
		 -ERANGE);
	CHECK(!vmo);
	CHECK_EQ(vmop_loop_stats_get(loop, &st), -EINVAL);
	end_loop(loop, pager);
	/* A loop whose port could not be made leaves nothing behind. */
	pager = new_pager();
	mock.fail_with = EMFILE;
	CHECK_EQ(vmop_loop_new(pager, NULL, &loop), -EMFILE);
	end_pager(pager);
}

static void test_errstr(void)
{
	CHECK(strcmp(vmop_errstr(ENOTCONN), strerror(ENOTCONN)));
	CHECK(!strcmp(vmop_errstr(-ENOTCONN), vmop_errstr(ENOTCONN)));
	CHECK(!strcmp(vmop_errstr(ENOENT), strerror(ENOENT)));
	CHECK(*vmop_lib_version());
}

static const struct {
	const char *name;
	void (*fn)(void);
} tests[] = {
	{ "options structures of any age", test_opts_sizes },
	{ "creation passes every option", test_vmo_create_fields },
	{ "creation refuses what cannot be", test_vmo_create_refused },
	{ "wrong descriptors", test_wrong_fds },
	{ "info needs its size", test_info_needs_size },
	{ "an interrupted supply continues", test_supply_continues },
	{ "a failed supply tells how far it came", test_supply_errors },
	{ "supply by move and from a file", test_supply_move_and_file },
	{ "fail, detach and other operations", test_pager_ops },
	{ "port read", test_port_read },
	{ "names and modes of sockets", test_socket_names },
	{ "a VMO over a socket", test_socket_passes_vmo },
	{ "rubbish over a socket", test_socket_refuses_rubbish },
	{ "loop: each request once, by several threads", test_loop_serves_all },
	{ "loop: errors become failed requests", test_loop_fails_requests },
	{ "loop: complete comes last and once", test_loop_completes_last },
	{ "loop: ends with its pager", test_loop_ends_with_pager },
	{ "loop: stop answers what was taken", test_loop_finishes_taken },
	{ "loop: a thread that cannot start", test_loop_start_fails },
	{ "loop: refuses what cannot be", test_loop_refuses },
	{ "words for errors", test_errstr },
};

#define TESTS (sizeof(tests) / sizeof(tests[0]))

int main(void)
{
	unsigned int i, bad = 0, before, after;

	vmop_ioctl_fn = mock_ioctl;
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(sock_path, sizeof(sock_path), "/tmp/vmop-lib-test.%d",
		 (int)getpid());
	printf("TAP version 13\n1..%zu\n", TESTS);
	for (i = 0; i < TESTS; i++) {
		failed = false;
		before = open_fds();
		tests[i].fn();
		after = open_fds();
		CHECK_EQ(after, before);
		printf("%s %u - %s\n", failed ? "not ok" : "ok", i + 1,
		       tests[i].name);
		bad += failed;
	}
	printf("%zu passed, %u failed, 0 skipped\n", TESTS - bad, bad);
	return bad ? 1 : 0;
}
