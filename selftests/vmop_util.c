// SPDX-License-Identifier: GPL-2.0
/*
 * Raw ioctls, content patterns, bounded waiting, questions to /proc: see
 * vmop_util.h for the contracts. Holds no state and takes no locks.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "vmop_util.h"

__u64 vmop_test_page_size;

static void __attribute__((constructor)) vmop_test_start(void)
{
	vmop_test_page_size = sysconf(_SC_PAGESIZE);
}

/* ---- time ---------------------------------------------------------------- */

int vmop_test_scale(void)
{
	const char *slow = getenv("VMOP_SLOW");

	return slow && *slow && strcmp(slow, "0") ? 10 : 1;
}

int vmop_test_timeout_ms(void)
{
	return 10000 * vmop_test_scale();
}

__u64 vmop_test_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void vmop_test_nap_ms(int ms)
{
	struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = (ms % 1000) * 1000000L,
	};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int vmop_test_poll(bool (*cond)(void *arg), void *arg)
{
	__u64 end = vmop_test_now_ms() + vmop_test_timeout_ms();

	while (!cond(arg)) {
		if (vmop_test_now_ms() > end)
			return -ETIMEDOUT;
		vmop_test_nap_ms(1);
	}
	return 0;
}

int vmop_test_use_cpu0(pid_t tid)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	return sched_setaffinity(tid, sizeof(set), &set) ? -errno : 0;
}

int vmop_test_hold_cpu0(pid_t tid, bool hold)
{
	struct sched_param param = { .sched_priority = hold ? 10 : 0 };
	int ret = vmop_test_use_cpu0(tid) ?: vmop_test_use_cpu0(0);

	if (!ret && sched_setscheduler(0, hold ? SCHED_FIFO : SCHED_OTHER, &param))
		ret = -errno;
	return ret;
}

int vmop_test_reclaim(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int ret = 0;

	/* 2: what shrinkers have. */
	if (fd < 0 || write(fd, "2", 1) != 1)
		ret = -errno;
	if (fd >= 0)
		close(fd);
	return ret;
}

/* ---- raw ioctls ---------------------------------------------------------- */

int vmop_test_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg) ? -errno : 0;
}

int vmop_test_open_pager(void)
{
	int fd = open(VMOP_TEST_DEV, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int vmop_test_info(int pager, struct vmop_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return vmop_test_ioctl(pager, VMOP_INFO, info);
}

int vmop_test_port_create(int pager)
{
	struct vmop_port_create cmd = {
		.size = sizeof(cmd),
		.out_port_fd = -1,
	};
	int ret = vmop_test_ioctl(pager, VMOP_PORT_CREATE, &cmd);

	return ret ? ret : cmd.out_port_fd;
}

static void vmop_test_copy_name(__u8 *dst, const char *name)
{
	if (name)
		memcpy(dst, name, strnlen(name, VMOP_NAME_LEN));
}

int vmop_test_pager_vmo_create(int pager, int port,
			       const struct vmop_test_vmo_args *args)
{
	struct vmop_pager_vmo_create cmd = {
		.size = sizeof(cmd),
		.flags = args->flags,
		.port_fd = port,
		.payer_fd = args->payer_fd ? args->payer_fd : -1,
		.key = args->key,
		.length = args->length,
		.max_request_pages = args->max_request_pages,
		.deadline_ms = args->deadline_ms,
		.deadline_action = args->deadline_action,
		.dirty_limit = args->dirty_limit,
		.out_vmo_fd = -1,
	};
	int ret;

	vmop_test_copy_name(cmd.name, args->name);
	ret = vmop_test_ioctl(pager, VMOP_PAGER_VMO_CREATE, &cmd);
	return ret ? ret : cmd.out_vmo_fd;
}

int vmop_test_vmo_create(int pager, __u32 flags, __u64 length)
{
	struct vmop_vmo_create cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.payer_fd = -1,
		.out_vmo_fd = -1,
		.length = length,
	};
	int ret = vmop_test_ioctl(pager, VMOP_VMO_CREATE, &cmd);

	return ret ? ret : cmd.out_vmo_fd;
}

int vmop_test_detach(int pager, int vmo)
{
	struct vmop_detach cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
	};

	return vmop_test_ioctl(pager, VMOP_DETACH, &cmd);
}

/* out_actual starts as something that no call returns. */
#define VMOP_TEST_NO_ACTUAL (~(__u64)0)

static int vmop_test_actual(int ret, __u64 out, __u64 *actual)
{
	if (actual)
		*actual = out;
	return ret;
}

int vmop_test_supply(int pager, int vmo, __u64 offset, __u64 length, int aux,
		     __u64 aux_offset, __u64 *actual)
{
	struct vmop_supply cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
		.aux_fd = aux,
		.offset = offset,
		.length = length,
		.aux_offset = aux_offset,
		.out_actual = VMOP_TEST_NO_ACTUAL,
	};
	int ret = vmop_test_ioctl(pager, VMOP_SUPPLY, &cmd);

	return vmop_test_actual(ret, cmd.out_actual, actual);
}

int vmop_test_supply_copy(int pager, int vmo, __u64 offset, __u64 length,
			  const void *src, __u64 *actual)
{
	struct vmop_supply_copy cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
		.offset = offset,
		.length = length,
		.src_uptr = (uintptr_t)src,
		.out_actual = VMOP_TEST_NO_ACTUAL,
	};
	int ret = vmop_test_ioctl(pager, VMOP_SUPPLY_COPY, &cmd);

	return vmop_test_actual(ret, cmd.out_actual, actual);
}

int vmop_test_supply_zero(int pager, int vmo, __u64 offset, __u64 length,
			  __u64 *actual)
{
	struct vmop_supply_zero cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
		.offset = offset,
		.length = length,
		.out_actual = VMOP_TEST_NO_ACTUAL,
	};
	int ret = vmop_test_ioctl(pager, VMOP_SUPPLY_ZERO, &cmd);

	return vmop_test_actual(ret, cmd.out_actual, actual);
}

int vmop_test_supply_file(int pager, int vmo, __u64 offset, __u64 length,
			  int src, __u64 src_offset, __u64 *actual)
{
	struct vmop_supply_file cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
		.src_fd = src,
		.offset = offset,
		.length = length,
		.src_offset = src_offset,
		.out_actual = VMOP_TEST_NO_ACTUAL,
	};
	int ret = vmop_test_ioctl(pager, VMOP_SUPPLY_FILE, &cmd);

	return vmop_test_actual(ret, cmd.out_actual, actual);
}

int vmop_test_op_range(int pager, int vmo, __u32 op, __u64 offset,
		       __u64 length, __u64 data, __u32 fail_types,
		       __u64 *actual)
{
	struct vmop_op_range cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
		.op = op,
		.offset = offset,
		.length = length,
		.data = data,
		.fail_types = fail_types,
		.out_actual = VMOP_TEST_NO_ACTUAL,
	};
	int ret = vmop_test_ioctl(pager, VMOP_OP_RANGE, &cmd);

	return vmop_test_actual(ret, cmd.out_actual, actual);
}

int vmop_test_fail(int pager, int vmo, __u64 offset, __u64 length, int err)
{
	return vmop_test_op_range(pager, vmo, VMOP_PAGER_OP_FAIL, offset,
				  length, err, 0, NULL);
}

int vmop_test_fail_id(int pager, int vmo, __u64 id, int err)
{
	struct vmop_op_range cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo,
		.op = VMOP_PAGER_OP_FAIL,
		.data = err,
		.id = id,
	};

	return vmop_test_ioctl(pager, VMOP_OP_RANGE, &cmd);
}

int vmop_test_vmo_op(int vmo, __u32 op, __u64 offset, __u64 length,
		     __u64 *actual)
{
	struct vmop_vmo_op_range cmd = {
		.size = sizeof(cmd),
		.op = op,
		.offset = offset,
		.length = length,
		.out_actual = VMOP_TEST_NO_ACTUAL,
	};
	int ret = vmop_test_ioctl(vmo, VMOP_VMO_OP_RANGE, &cmd);

	return vmop_test_actual(ret, cmd.out_actual, actual);
}

int vmop_test_set_size(int vmo, __u64 length)
{
	struct vmop_vmo_set_size cmd = {
		.size = sizeof(cmd),
		.length = length,
	};

	return vmop_test_ioctl(vmo, VMOP_VMO_SET_SIZE, &cmd);
}

int vmop_test_get_info(int vmo, struct vmop_vmo_get_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return vmop_test_ioctl(vmo, VMOP_VMO_GET_INFO, info);
}

int vmop_test_set_name(int vmo, const char *name)
{
	struct vmop_vmo_set_name cmd = {
		.size = sizeof(cmd),
	};

	vmop_test_copy_name(cmd.name, name);
	return vmop_test_ioctl(vmo, VMOP_VMO_SET_NAME, &cmd);
}

int vmop_test_reopen(int fd, int open_flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fd = open(path, open_flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

ssize_t vmop_test_pread(int fd, void *buf, size_t len, __u64 off)
{
	ssize_t n = pread(fd, buf, len, off);

	return n < 0 ? -errno : n;
}

ssize_t vmop_test_pwrite(int fd, const void *buf, size_t len, __u64 off)
{
	ssize_t n = pwrite(fd, buf, len, off);

	return n < 0 ? -errno : n;
}

/* ---- content ------------------------------------------------------------- */

__u64 vmop_test_word(__u64 key, __u64 off)
{
	/* An odd factor maps offsets one to one; no two words are the same. */
	return (off + 1) * 0x9e3779b97f4a7c15ULL ^
	       key * 0xc2b2ae3d27d4eb4fULL;
}

__u8 vmop_test_byte(__u64 key, __u64 off)
{
	return vmop_test_word(key, off & ~7ULL) >> (8 * (off & 7));
}

void vmop_test_fill(void *buf, __u64 key, __u64 off, size_t len)
{
	char *p = buf;
	__u64 word;

	while (len) {
		if (off & 7 || len < 8) {
			*p++ = vmop_test_byte(key, off++);
			len--;
			continue;
		}
		word = vmop_test_word(key, off);
		memcpy(p, &word, 8);
		p += 8;
		off += 8;
		len -= 8;
	}
}

bool vmop_test_check(const void *buf, __u64 key, __u64 off, size_t len)
{
	const __u8 *p = buf;
	__u64 word, want;
	size_t i = 0;

	while (i < len) {
		if (!((off + i) & 7) && len - i >= 8) {
			memcpy(&word, p + i, 8);
			want = vmop_test_word(key, off + i);
			if (word == want) {
				i += 8;
				continue;
			}
		}
		if (p[i] != vmop_test_byte(key, off + i)) {
			fprintf(stderr,
				"# key %llu: byte %#llx (page %llu) is %#x, not %#x\n",
				key, off + i, (off + i) / vmop_test_page_size,
				p[i], vmop_test_byte(key, off + i));
			return false;
		}
		i++;
	}
	return true;
}

bool vmop_test_check_zero(const void *buf, __u64 off, size_t len)
{
	const __u8 *p = buf;
	size_t i;

	for (i = 0; i < len; i++) {
		if (!p[i])
			continue;
		fprintf(stderr, "# byte %#llx (page %llu) is %#x, not 0\n",
			off + i, (off + i) / vmop_test_page_size, p[i]);
		return false;
	}
	return true;
}

/* pread() all of it, or say why not. */
static void *vmop_test_read_all(int fd, __u64 off, size_t len)
{
	char *buf = malloc(len ? len : 1);
	size_t done = 0;
	ssize_t n;

	while (buf && done < len) {
		n = vmop_test_pread(fd, buf + done, len - done, off + done);
		if (n <= 0) {
			fprintf(stderr, "# pread at %#llx returned %zd\n",
				off + done, n);
			free(buf);
			return NULL;
		}
		done += n;
	}
	return buf;
}

bool vmop_test_check_fd(int fd, __u64 key, __u64 off, size_t len)
{
	void *buf = vmop_test_read_all(fd, off, len);
	bool ok = buf && vmop_test_check(buf, key, off, len);

	free(buf);
	return ok;
}

bool vmop_test_check_fd_zero(int fd, __u64 off, size_t len)
{
	void *buf = vmop_test_read_all(fd, off, len);
	bool ok = buf && vmop_test_check_zero(buf, off, len);

	free(buf);
	return ok;
}

/* ---- questions ----------------------------------------------------------- */

static bool vmop_test_same(const char *what, __u64 a, __u64 b)
{
	if (a == b)
		return true;
	fprintf(stderr, "# %s was %llu and is %llu\n", what, a, b);
	return false;
}

bool vmop_test_same_info(const struct vmop_vmo_get_info *a,
			 const struct vmop_vmo_get_info *b)
{
	return vmop_test_same("id", a->out_id, b->out_id) &&
	       vmop_test_same("pager_id", a->out_pager_id, b->out_pager_id) &&
	       vmop_test_same("key", a->out_key, b->out_key) &&
	       vmop_test_same("size", a->out_size, b->out_size) &&
	       vmop_test_same("content_size", a->out_content_size,
			      b->out_content_size) &&
	       vmop_test_same("committed", a->out_committed,
			      b->out_committed) &&
	       vmop_test_same("dirty", a->out_dirty, b->out_dirty) &&
	       vmop_test_same("flags", a->out_flags, b->out_flags) &&
	       vmop_test_same("state", a->out_state, b->out_state) &&
	       vmop_test_same("max_request_pages", a->out_max_request_pages,
			      b->out_max_request_pages) &&
	       vmop_test_same("deadline_ms", a->out_deadline_ms,
			      b->out_deadline_ms) &&
	       vmop_test_same("parent_id", a->out_parent_id,
			      b->out_parent_id) &&
	       vmop_test_same("num_children", a->out_num_children,
			      b->out_num_children) &&
	       vmop_test_same("child_flags", a->out_child_flags,
			      b->out_child_flags) &&
	       vmop_test_same("child_offset", a->out_child_offset,
			      b->out_child_offset) &&
	       !memcmp(a->out_name, b->out_name, VMOP_NAME_LEN);
}

__u64 vmop_test_committed(int vmo)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(vmo, &info) ? ~(__u64)0 : info.out_committed;
}

__u64 vmop_test_requests(int vmo)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(vmo, &info) ? ~(__u64)0 : info.out_requests;
}

__u32 vmop_test_waiters(int vmo)
{
	struct vmop_vmo_get_info info;

	return vmop_test_get_info(vmo, &info) ? ~0U : info.out_num_waiters;
}

struct vmop_test_waiters_arg {
	int vmo;
	unsigned int n;
};

static bool vmop_test_waiters_are(void *arg)
{
	struct vmop_test_waiters_arg *w = arg;

	return vmop_test_waiters(w->vmo) == w->n;
}

int vmop_test_wait_waiters(int vmo, unsigned int n)
{
	struct vmop_test_waiters_arg arg = { .vmo = vmo, .n = n };
	int ret = vmop_test_poll(vmop_test_waiters_are, &arg);

	if (ret)
		fprintf(stderr, "# %u threads wait for the pager, not %u\n",
			vmop_test_waiters(vmo), n);
	return ret;
}

/* Bits of a /proc/self/pagemap entry. */
#define VMOP_TEST_PM_PRESENT 0x8000000000000000ULL
#define VMOP_TEST_PM_PFN 0x007fffffffffffffULL

static int vmop_test_pagemap(const void *addr, size_t nr_pages, __u64 *entries)
{
	size_t len = nr_pages * sizeof(*entries);
	off_t off = (uintptr_t)addr / vmop_test_page_size * sizeof(*entries);
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int ret = 0;

	if (fd < 0)
		return -errno;
	n = pread(fd, entries, len, off);
	if (n < 0)
		ret = -errno;
	else if ((size_t)n != len)
		ret = -EIO;
	close(fd);
	return ret;
}

int vmop_test_pfns(const void *addr, size_t nr_pages, __u64 *pfns)
{
	int ret = vmop_test_pagemap(addr, nr_pages, pfns);
	size_t i;

	for (i = 0; !ret && i < nr_pages; i++) {
		if (!(pfns[i] & VMOP_TEST_PM_PRESENT))
			return -ENOENT;
		pfns[i] &= VMOP_TEST_PM_PFN;
		/* Frame 0 is what those see who may not see frames. */
		if (!pfns[i])
			return -EPERM;
	}
	return ret;
}

bool vmop_test_pte_present(const void *addr)
{
	__u64 entry;

	return !vmop_test_pagemap(addr, 1, &entry) &&
	       entry & VMOP_TEST_PM_PRESENT;
}

char vmop_test_task_state(pid_t tid)
{
	char path[64], line[256], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	line[n] = 0;
	/* The name may hold anything: the state follows its last bracket. */
	p = strrchr(line, ')');
	return p && p[1] == ' ' ? p[2] : 0;
}
