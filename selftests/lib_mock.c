// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel of the library's unit test: a port is a pipe, a VMO a memfd.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib_mock.h"

bool lib_failed;
struct lib_mock mock = { .lock = PTHREAD_MUTEX_INITIALIZER, .port_in = -1 };

void reset(void)
{
	pthread_mutex_lock(&mock.lock);
	mock.calls = 0;
	mock.plans = 0;
	mock.planned = 0;
	mock.fail_with = 0;
	mock.fails = 0;
	pthread_mutex_unlock(&mock.lock);
}

void plan(__u64 done, int err)
{
	mock.plan[mock.plans].done = done;
	mock.plan[mock.plans++].err = err;
}

void put_record(__u32 type, __u64 key, __u64 offset, __u64 length, __u64 id)
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
	mock.port_out = fds[0];
	mock.port_in = fds[1];
	return 0;
}

static int mock_command(int fd, unsigned long cmd, void *arg)
{
	struct vmop_pager_vmo_create *paged = arg;
	struct vmop_vmo_create *anon = arg;
	struct vmop_detach *detach = arg;
	int ret = mock.hook ? mock.hook(fd, cmd, arg) : 1;

	if (ret <= 0)
		return ret;
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

int mock_ioctl(int fd, unsigned long cmd, void *arg)
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

struct vmop_pager *new_pager(void)
{
	struct vmop_pager *pager = NULL;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	mock.is_pager[fd] = true;
	CHECK_EQ(vmop_pager_from_fd(fd, &pager), 0);
	reset();
	return pager;
}

void end_pager(struct vmop_pager *pager)
{
	mock.is_pager[vmop_pager_fd(pager)] = false;
	vmop_pager_close(pager);
	memset(mock.is_vmo, 0, sizeof(mock.is_vmo));
}

unsigned int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

bool has_fd(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}
