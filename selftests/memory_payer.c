// SPDX-License-Identifier: GPL-2.0
/*
 * Whose memory: pages are charged to who pays for the VMO, clean ones are given
 * back under pressure and asked for again, written ones never go (section 5 of
 * the design; rules EVT-1 and EVT-2 of the specification of behaviour). The
 * long streams through little memory are in memory_stream.c.
 *
 * Needs version 2 memory cgroups at /sys/fs/cgroup, and root.
 */
#include <sys/uio.h>

#include "test_cgroup.h"
#include "test_child.h"
#include "vmop_test.h"

#define KEY 0x3e30
/* Signed: what a cgroup uses may also become less. */
#define MIB (1024l * 1024)
/* What the counters of a cgroup may be wrong by: batches, slab pages. */
#define SLACK (2 * MIB)

/* The test is the pager, in one cgroup; another one pays. */
FIXTURE(memory)
{
	struct test_pager tp;
	struct test_cgroup payer;
	struct test_cgroup pager;
	int payer_fd;
};

FIXTURE_SETUP(memory)
{
	ASSERT_EQ(0, test_cgroup_setup());
	ASSERT_EQ(0, test_cgroup_make(&self->payer, "payer", 0));
	ASSERT_EQ(0, test_cgroup_make(&self->pager, "pager", 0));
	self->payer_fd = test_cgroup_open(&self->payer);
	ASSERT_LE(0, self->payer_fd);
	ASSERT_EQ(0, test_cgroup_enter(&self->pager));
	ASSERT_EQ(0, test_pager_init(&self->tp));
}

FIXTURE_TEARDOWN(memory)
{
	test_pager_exit(&self->tp);
	if (self->payer_fd >= 0)
		close(self->payer_fd);
	test_cgroup_set(&(struct test_cgroup){ TEST_CGROUP_ROOT },
			"cgroup.procs", "0");
	test_cgroup_remove(&self->pager);
	test_cgroup_remove(&self->payer);
}

#define limit_payer(_self, _mib) do { \
	char __text[32]; \
	snprintf(__text, sizeof(__text), "%ld", (_mib) * MIB); \
	ASSERT_EQ(0, test_cgroup_set(&(_self)->payer, "memory.max", __text)); \
	test_cgroup_set(&(_self)->payer, "memory.swap.max", "0"); \
} while (0)

static long used(const struct test_cgroup *cg)
{
	return test_cgroup_get(cg, "memory.current", NULL);
}

static long oom_events(const struct test_cgroup *cg)
{
	return test_cgroup_get(cg, "memory.events", "oom") +
	       test_cgroup_get(cg, "memory.events", "oom_kill");
}

static int make_vmo(struct test_pager *tp, struct test_vmo *vmo, int payer_fd,
		    __u64 bytes)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY, .length = bytes,
		.payer_fd = payer_fd,
	};

	return test_pager_vmo_args(tp, vmo, &args);
}

/* An anonymous VMO with a payer: fd or -errno. */
static int make_anonymous(int pager, int payer_fd, __u64 bytes)
{
	struct vmop_vmo_create cmd = {
		.size = sizeof(cmd),
		.payer_fd = payer_fd,
		.out_vmo_fd = -1,
		.length = bytes,
	};
	int ret = vmop_test_ioctl(pager, VMOP_VMO_CREATE, &cmd);

	return ret ? ret : cmd.out_vmo_fd;
}

/* Supplies [off, off + len) of the VMO by copy, in pieces. */
static int supply_copy(struct test_pager *tp, const struct test_vmo *vmo,
		       __u64 off, __u64 len)
{
	static char buf[256 * 1024];
	__u64 end = off + len, n;
	int ret;

	for (; off < end; off += n) {
		n = end - off < sizeof(buf) ? end - off : sizeof(buf);
		vmop_test_fill(buf, vmo->key, off, n);
		ret = vmop_test_supply_copy(tp->fd, vmo->fd, off, n, buf, NULL);
		if (ret)
			return ret;
	}
	return 0;
}

struct usage_wait {
	const struct test_cgroup *cg;
	long limit;
};

static bool used_at_most(void *arg)
{
	struct usage_wait *w = arg;

	return used(w->cg) <= w->limit;
}

/* The counter falls some time after the memory is free. */
#define expect_used_at_most(_cg, _limit) \
	EXPECT_EQ(0, vmop_test_poll(used_at_most, \
		     &(struct usage_wait){ _cg, _limit }))

/* ---- who pays ------------------------------------------------------------ */

/* SUPPLY_COPY: the payer's counter grows by the pages, the pager's does not. */
TEST_F(memory, payer_is_charged)
{
	struct test_vmo vmo;
	long payer, pager;

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 32 * MIB));
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, 0, MIB));
	payer = used(&self->payer);
	pager = used(&self->pager);
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, MIB, 31 * MIB));
	EXPECT_LT(31 * MIB - SLACK, used(&self->payer) - payer);
	EXPECT_GT(SLACK, used(&self->pager) - pager);
	EXPECT_EQ(32 * MIB, vmop_test_committed(vmo.fd));
	/* cut, then closed: the memory comes back */
	test_set_size(vmo.fd, MIB);
	expect_used_at_most(&self->payer, payer + SLACK);
	test_vmo_close(&self->tp, &vmo);
	expect_used_at_most(&self->payer, SLACK);
}

/*
 * SUPPLY moves pages: an aux VMO with the same payer is filled at the payer's
 * expense, and the pager pays nothing on the way.
 */
TEST_F(memory, aux_is_charged_to_its_payer)
{
	long payer, pager;
	struct test_vmo vmo;
	char *map;
	int aux;

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 16 * MIB));
	aux = make_anonymous(self->tp.fd, self->payer_fd, 16 * MIB);
	ASSERT_LE(0, aux);
	map = mmap(NULL, 16 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, aux, 0);
	ASSERT_NE(MAP_FAILED, map);
	payer = used(&self->payer);
	pager = used(&self->pager);
	vmop_test_fill(map, KEY, 0, 16 * MIB);
	EXPECT_LT(16 * MIB - SLACK, used(&self->payer) - payer);
	EXPECT_GT(SLACK, used(&self->pager) - pager);
	test_supply(self->tp.fd, vmo.fd, 0, 16 * MIB, aux, 0, NULL);
	EXPECT_EQ(0, vmop_test_committed(aux));
	EXPECT_EQ(16 * MIB, vmop_test_committed(vmo.fd));
	EXPECT_GT(SLACK, used(&self->pager) - pager);
	munmap(map, 16 * MIB);
	close(aux);
	EXPECT_LT(16 * MIB - SLACK, used(&self->payer) - payer);
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, MIB));
}

/* Who writes to zeros makes the payer pay, too. */
TEST_F(memory, writer_charges_payer)
{
	struct test_vmo vmo;
	long payer, pager;
	__u64 off;

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 16 * MIB));
	test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, 0, 16 * MIB, NULL);
	payer = used(&self->payer);
	pager = used(&self->pager);
	for (off = 0; off < 8 * MIB; off += PG(1))
		vmo.map[off] = 1;
	test_vmo_op(vmo.fd, VMOP_VMO_OP_COMMIT, 8 * MIB, 8 * MIB, NULL);
	EXPECT_LT(16 * MIB - SLACK, used(&self->payer) - payer);
	EXPECT_GT(SLACK, used(&self->pager) - pager);
}

/* payer_fd -1: whoever makes the VMO. */
TEST_F(memory, creator_pays_by_default)
{
	struct test_vmo vmo;
	long before;

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, -1, 8 * MIB));
	before = used(&self->pager);
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, 0, 8 * MIB));
	EXPECT_LT(8 * MIB - SLACK, used(&self->pager) - before);
	EXPECT_GT(SLACK, used(&self->payer));
}

/* The cgroup of the payer is removed: the VMO goes on. */
TEST_F(memory, payer_is_removed)
{
	struct test_vmo vmo;

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 4 * MIB));
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, 0, MIB));
	close(self->payer_fd);
	self->payer_fd = -1;
	ASSERT_EQ(0, rmdir(self->payer.path));
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, MIB, 3 * MIB));
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, 4 * MIB));
}

/* What payer_fd may not be. */
TEST_F(memory, payer_fd_errors)
{
	int tmp = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[256];
	int file;

	snprintf(path, sizeof(path), "%s/memory.max", self->payer.path);
	file = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, file);
	ASSERT_LE(0, tmp);
	EXPECT_ERR(EBADF, make_anonymous(self->tp.fd, 1000, PG(1)));
	EXPECT_ERR(EBADF, make_anonymous(self->tp.fd, -2, PG(1)));
	EXPECT_ERR(EBADFD, make_anonymous(self->tp.fd, tmp, PG(1)));
	EXPECT_ERR(EBADFD, make_anonymous(self->tp.fd, file, PG(1)));
	EXPECT_ERR(EBADFD, make_anonymous(self->tp.fd, self->tp.fd, PG(1)));
	close(file);
	close(tmp);
}

static int create_as_nobody(void *arg)
{
	struct test_pager *tp = arg;
	struct vmop_test_vmo_args args = {
		.key = KEY, .length = PG(1), .payer_fd = tp->how.err,
	};

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 1;
	if (make_anonymous(tp->fd, tp->how.err, PG(1)) != -EACCES)
		return 2;
	if (vmop_test_pager_vmo_create(tp->fd, tp->port, &args) != -EACCES)
		return 3;
	/* its own cgroup is fine */
	return make_anonymous(tp->fd, -1, PG(1)) < 0 ? 4 : 0;
}

/* Who may not write to a cgroup's directory may not make it pay. */
TEST_F(memory, payer_needs_permission)
{
	int status;
	pid_t pid;

	self->tp.how.err = self->payer_fd;
	pid = test_child_start(create_as_nobody, &self->tp);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

/* ---- reclaim ------------------------------------------------------------- */

/* Asks the kernel to take memory from the payer. */
static void squeeze(const struct test_cgroup *cg, const char *amount)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/memory.reclaim", cg->path);
	/* EAGAIN says that it was less than asked for */
	if (test_write_file(path, amount) == -ENOENT) {
		test_cgroup_set(cg, "memory.high", "1M");
		vmop_test_nap_ms(100);
		test_cgroup_set(cg, "memory.high", "max");
	}
}

/*
 * EVT-1: clean pages are taken, of a VMO that is mapped and touched as well as
 * of one that is not; they are asked for again and come back right.
 */
TEST_F_TIMEOUT(memory, evt_1_clean_pages_are_reclaimed, 180)
{
	struct test_pager_behaviour how = {
		.mode = TEST_PAGER_NORMAL, .method = TEST_PAGER_COPY,
	};
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;
	int mapped;

	for (mapped = 0; mapped < 2; mapped++) {
		ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 8 * MIB));
		ASSERT_EQ(0, supply_copy(&self->tp, &vmo, 0, 8 * MIB));
		if (mapped)
			EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, 8 * MIB));
		squeeze(&self->payer, "4M");
		test_get_info(vmo.fd, &info);
		EXPECT_LT(2 * MIB / PG(1), info.out_evicted_pages);
		EXPECT_GT(6 * MIB, info.out_committed);
		EXPECT_EQ(8 * MIB, info.out_committed +
				    PG(info.out_evicted_pages));
		ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
		EXPECT_TRUE(vmop_test_check(vmo.map, KEY, 0, 8 * MIB));
		EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, 0, 8 * MIB));
		EXPECT_EQ(0, test_pager_stop(&self->tp));
		test_get_info(vmo.fd, &info);
		EXPECT_EQ(info.out_evicted_pages, info.out_requested_pages);
		test_vmo_close(&self->tp, &vmo);
		expect_complete(&self->tp, KEY);
	}
}

/*
 * EVT-2: written pages stay, whichever way they were written: by call, through
 * a mapping, by the kernel for a process.
 */
TEST_F(memory, evt_2_written_pages_stay)
{
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;
	char *buf = malloc(MIB);
	struct iovec l = { buf, MIB }, r = { NULL, MIB };

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 16 * MIB));
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, 0, 16 * MIB));
	vmop_test_fill(buf, KEY + 1, 0, MIB);
	ASSERT_EQ(MIB, vmop_test_pwrite(vmo.fd, buf, MIB, 0));
	vmop_test_fill(vmo.map + 4 * MIB, KEY + 1, 4 * MIB, MIB);
	vmop_test_fill(buf, KEY + 1, 8 * MIB, MIB);
	r.iov_base = vmo.map + 8 * MIB;
	ASSERT_EQ(MIB, process_vm_writev(getpid(), &l, 1, &r, 1, 0));
	squeeze(&self->payer, "16M");
	squeeze(&self->payer, "16M");
	test_get_info(vmo.fd, &info);
	EXPECT_LT(8 * MIB / PG(1), info.out_evicted_pages);
	EXPECT_LE(3 * MIB, info.out_committed);
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY + 1, 0, MIB));
	EXPECT_TRUE(vmop_test_check(vmo.map + 4 * MIB, KEY + 1, 4 * MIB, MIB));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY + 1, 8 * MIB, MIB));
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	free(buf);
}

/* Zeros are content: a marker is not taken, nor an anonymous VMO's page. */
TEST_F(memory, evt_2_zeros_and_anonymous_stay)
{
	struct test_vmo vmo;
	char *map;
	int fd;

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 4 * MIB));
	test_supply_zero(self->tp.fd, vmo.fd, 0, 4 * MIB, NULL);
	EXPECT_TRUE(vmop_test_check_zero(vmo.map, 0, 4 * MIB));
	fd = make_anonymous(self->tp.fd, self->payer_fd, 4 * MIB);
	ASSERT_LE(0, fd);
	map = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	vmop_test_fill(map, KEY, 0, 4 * MIB);
	squeeze(&self->payer, "8M");
	EXPECT_EQ(4 * MIB, vmop_test_committed(fd));
	EXPECT_TRUE(vmop_test_check(map, KEY, 0, 4 * MIB));
	EXPECT_TRUE(vmop_test_check_zero(vmo.map, 0, 4 * MIB));
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	munmap(map, 4 * MIB);
	close(fd);
}

/* Pages in a pipe stay in place while others go. */
TEST_F(memory, evt_1_pinned_pages_stay)
{
	struct vmop_vmo_get_info info;
	__u64 before[16], after[16];
	struct test_vmo vmo;
	struct iovec iov;
	char *buf = malloc(PG(16));
	int p[2];

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 16 * MIB));
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, 0, 16 * MIB));
	ASSERT_EQ(0, pipe(p));
	ASSERT_LE((int)PG(16), fcntl(p[1], F_SETPIPE_SZ, PG(16)));
	iov = (struct iovec){ vmo.map + PG(100), PG(16) };
	ASSERT_EQ(PG(16), vmsplice(p[1], &iov, 1, 0));
	ASSERT_EQ(0, vmop_mem_touch(vmo.map + PG(100), PG(16), NULL));
	ASSERT_EQ(0, vmop_test_pfns(vmo.map + PG(100), 16, before));
	squeeze(&self->payer, "16M");
	squeeze(&self->payer, "16M");
	test_get_info(vmo.fd, &info);
	EXPECT_LT(8 * MIB / PG(1), info.out_evicted_pages);
	EXPECT_TRUE(vmop_test_check(vmo.map + PG(100), KEY, PG(100), PG(16)));
	ASSERT_EQ(0, vmop_test_pfns(vmo.map + PG(100), 16, after));
	EXPECT_EQ(0, memcmp(before, after, sizeof(before)));
	EXPECT_EQ(0, vmop_test_requests(vmo.fd));
	EXPECT_EQ(PG(16), read(p[0], buf, PG(16)));
	EXPECT_TRUE(vmop_test_check(buf, KEY, PG(100), PG(16)));
	close(p[0]);
	close(p[1]);
	free(buf);
}

/* drop_caches takes nothing of what is written, and loses nothing. */
TEST_F(memory, drop_caches)
{
	struct test_pager_behaviour how = {
		.mode = TEST_PAGER_NORMAL, .method = TEST_PAGER_COPY,
	};
	struct test_vmo vmo;

	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 8 * MIB));
	ASSERT_EQ(0, supply_copy(&self->tp, &vmo, 0, 8 * MIB));
	vmop_test_fill(vmo.map, KEY + 1, 0, MIB);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	ASSERT_EQ(0, test_write_file("/proc/sys/vm/drop_caches", "3"));
	ASSERT_EQ(0, test_write_file("/proc/sys/vm/drop_caches", "3"));
	EXPECT_TRUE(vmop_test_check(vmo.map, KEY + 1, 0, MIB));
	EXPECT_TRUE(vmop_test_check(vmo.map + MIB, KEY, MIB, 7 * MIB));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, MIB, 7 * MIB));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

/* ---- more than the limit ------------------------------------------------- */

/* Writing more than the payer may have: ENOMEM for the writer, no OOM kill. */
TEST_F(memory, writer_over_the_limit)
{
	__u64 off, done = 0;
	char *buf = malloc(MIB);
	ssize_t n;
	int fd;

	limit_payer(self, 16);
	fd = make_anonymous(self->tp.fd, self->payer_fd, 32 * MIB);
	ASSERT_LE(0, fd);
	for (off = 0; off < 32 * MIB; off += n) {
		vmop_test_fill(buf, KEY, off, MIB);
		n = vmop_test_pwrite(fd, buf, MIB, off);
		if (n < 0)
			break;
		done += n;
	}
	EXPECT_EQ(-ENOMEM, n);
	EXPECT_LT(8 * MIB, done);
	EXPECT_GT(16 * MIB, done);
	EXPECT_TRUE(vmop_test_check_fd(fd, KEY, 0, done));
	test_err_vmo_op(ENOMEM, fd, VMOP_VMO_OP_COMMIT, 0, 32 * MIB, NULL);
	EXPECT_EQ(0, test_cgroup_get(&self->payer, "memory.events",
				     "oom_kill"));
	EXPECT_EQ(0, oom_events(&self->pager));
	close(fd);
	free(buf);
}

/*
 * VMO-6: reading zeros takes no memory, so it works when the payer has none
 * left; by call, and through a mapping that nobody has read before.
 */
TEST_F(memory, vmo_6_zeros_over_the_limit)
{
	char *map;
	ssize_t n;
	int fd;

	limit_payer(self, 8);
	fd = make_anonymous(self->tp.fd, self->payer_fd, 16 * MIB);
	ASSERT_LE(0, fd);
	map = mmap(NULL, 16 * MIB, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-ENOMEM, vmop_test_vmo_op(fd, VMOP_VMO_OP_COMMIT, 0,
					    12 * MIB, NULL));
	EXPECT_TRUE(vmop_test_check_fd_zero(fd, 14 * MIB, MIB));
	n = vmop_mem_touch(map + 14 * MIB, MIB, NULL);
	EXPECT_EQ(0, n);
	EXPECT_EQ(0, test_cgroup_get(&self->payer, "memory.events",
				     "oom_kill"));
	munmap(map, 16 * MIB);
	close(fd);
}

static int store_all(void *arg)
{
	char *map = arg;
	__u64 off;

	for (off = 0; off < 32 * MIB; off += PG(1))
		map[off] = 1;
	return 0;
}

/* Through a mapping it is SIGBUS, at once: not a fault that repeats for ever. */
TEST_F(memory, store_over_the_limit)
{
	char *map;
	int fd, status = 0;
	pid_t pid;

	limit_payer(self, 16);
	fd = make_anonymous(self->tp.fd, self->payer_fd, 32 * MIB);
	ASSERT_LE(0, fd);
	map = mmap(NULL, 32 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	pid = test_child_start(store_all, map);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGBUS, WTERMSIG(status));
	EXPECT_EQ(0, test_cgroup_get(&self->payer, "memory.events",
				     "oom_kill"));
	EXPECT_LT(8 * MIB, vmop_test_committed(fd));
	munmap(map, 32 * MIB);
	close(fd);
}

/*
 * The same with a pager between: when all that the payer has is written pages,
 * the pager's supply is ENOMEM, and it tells the writer what it likes.
 */
TEST_F(memory, pager_over_the_limit)
{
	struct vmop_thread *t = NULL;
	struct vmop_result res;
	struct test_vmo vmo;
	__u64 off, n;
	int ret = 0;

	limit_payer(self, 16);
	ASSERT_EQ(0, make_vmo(&self->tp, &vmo, self->payer_fd, 32 * MIB));
	for (off = 0; off < 32 * MIB && !ret; off += PG(16)) {
		t = vmop_thread_pwrite(vmo.fd, off, PG(16), KEY + 1);
		expect_read(&self->tp, &vmo, off / PG(1), 16);
		ret = supply_copy(&self->tp, &vmo, off, PG(16));
		if (!ret)
			expect_done(t, PG(16));
	}
	EXPECT_EQ(-ENOMEM, ret);
	EXPECT_LT(8 * MIB, off);
	n = off - PG(16);
	fail_range(&self->tp, &vmo, n / PG(1), 16, ENOSPC);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	/* a part of the sixteen pages may have come in before */
	EXPECT_TRUE(res.ret > 0 || (res.ret == -1 && res.err == ENOSPC));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY + 1, 0, n));
	EXPECT_EQ(0, test_cgroup_get(&self->payer, "memory.events",
				     "oom_kill"));
	EXPECT_EQ(0, oom_events(&self->pager));
}

VMOP_TEST_MAIN
