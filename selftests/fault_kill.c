// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever waits for a pager can be killed, in a few milliseconds, wherever
 * they wait: in a fault of their own, in a fault of the kernel, in a call on
 * the VMO; also when somebody else already waits in the same call on the same
 * descriptor (rule THR-2 of the specification of behaviour).
 *
 * The pager is silent. Every variant is one place to wait; each is killed with
 * SIGKILL and with SIGTERM, whose default action is as deadly. ftruncate() is
 * not among them: it never waits for the pager, which calls_do_not_wait shows.
 */
#include <linux/falloc.h>
#include <linux/futex.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "test_child.h"
#include "vmop_test.h"

#define KEY 0xdead
#define NR 8

/* What a child finds. Page 0 is resident, the others are absent. */
struct place {
	int fd;
	int reopened;
	char *map;
	int pipe_in;
	int pipe_out;
	int pager;
	int target;	/* a second VMO, all absent */
	pid_t owner;	/* has map, too */
};

/* ---- places to wait; each returns only when it did not wait -------------- */

static int at_read_fault(void *arg)
{
	struct place *p = arg;

	return *(volatile char *)(p->map + PG(1)) & 1;
}

static int at_write_fault(void *arg)
{
	struct place *p = arg;

	*(volatile char *)(p->map + PG(1)) = 1;
	return 0;
}

static int at_pread(void *arg)
{
	struct place *p = arg;
	char c;

	return pread(p->fd, &c, 1, PG(1));
}

/* Moves the shared position to an absent page first. */
static int at_read(void *arg)
{
	struct place *p = arg;
	char c;

	lseek(p->fd, PG(1), SEEK_SET);
	return read(p->fd, &c, 1);
}

static int at_read_reopened(void *arg)
{
	struct place *p = arg;
	char c;

	lseek(p->reopened, PG(1), SEEK_SET);
	return read(p->reopened, &c, 1);
}

static int at_write(void *arg)
{
	struct place *p = arg;

	lseek(p->fd, PG(1), SEEK_SET);
	return write(p->fd, "x", 1);
}

static int at_write_reopened(void *arg)
{
	struct place *p = arg;

	lseek(p->reopened, PG(1), SEEK_SET);
	return write(p->reopened, "x", 1);
}

static int at_readv(void *arg)
{
	struct place *p = arg;
	char a[10], b[8000];
	struct iovec iov[2] = { { a, 10 }, { b, 8000 } };

	return preadv(p->fd, iov, 2, PG(1) - 10) > 10;
}

static int at_punch_hole(void *arg)
{
	struct place *p = arg;

	return fallocate(p->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 PG(1) + 1, 1);
}

static int at_op(struct place *p, __u32 op, __u64 off, __u64 len)
{
	return vmop_test_vmo_op(p->fd, op, off, len, NULL);
}

static int at_commit(void *arg)
{
	return at_op(arg, VMOP_VMO_OP_COMMIT, 0, PG(4));
}

static int at_prefetch(void *arg)
{
	return at_op(arg, VMOP_VMO_OP_PREFETCH, 0, PG(4));
}

static int at_zero(void *arg)
{
	return at_op(arg, VMOP_VMO_OP_ZERO, 100, PG(2));
}

static int at_fadvise(void *arg)
{
	struct place *p = arg;

	return posix_fadvise(p->fd, 0, PG(2), POSIX_FADV_WILLNEED);
}

static int at_madvise(void *arg)
{
	struct place *p = arg;

	return madvise(p->map, PG(2), MADV_WILLNEED);
}

static int at_populate_read(void *arg)
{
	struct place *p = arg;

	return madvise(p->map, PG(2), MADV_POPULATE_READ);
}

static int at_populate_write(void *arg)
{
	struct place *p = arg;

	return madvise(p->map, PG(2), MADV_POPULATE_WRITE);
}

static int at_map_populate(void *arg)
{
	struct place *p = arg;

	return mmap(NULL, PG(2), PROT_READ, MAP_SHARED | MAP_POPULATE, p->fd,
		    0) == MAP_FAILED;
}

static int at_mlock(void *arg)
{
	struct place *p = arg;

	return mlock(p->map, PG(2));
}

/* The kernel reads memory of ours. */
static int at_copy_from_user(void *arg)
{
	struct place *p = arg;

	return write(p->pipe_in, p->map + PG(1), 10);
}

/* The kernel writes memory of ours. */
static int at_copy_to_user(void *arg)
{
	struct place *p = arg;

	if (write(p->pipe_in, "12345", 5) != 5)
		return 2;
	return read(p->pipe_out, p->map + PG(1), 5);
}

/* Out of one VMO into a mapping of another place of it. */
static int at_read_into_mapping(void *arg)
{
	struct place *p = arg;

	return pread(p->fd, p->map + PG(2), 10, 0);
}

static int at_write_from_mapping(void *arg)
{
	struct place *p = arg;

	return pwrite(p->fd, p->map + PG(2), 10, 0);
}

static int at_process_vm_readv(void *arg)
{
	struct place *p = arg;
	char buf[10];
	struct iovec local = { buf, 10 }, remote = { p->map + PG(1), 10 };

	return process_vm_readv(p->owner, &local, 1, &remote, 1, 0);
}

static int at_process_vm_writev(void *arg)
{
	struct place *p = arg;
	char buf[10] = "";
	struct iovec local = { buf, 10 }, remote = { p->map + PG(1), 10 };

	return process_vm_writev(p->owner, &local, 1, &remote, 1, 0);
}

static int at_vmsplice(void *arg)
{
	struct place *p = arg;
	struct iovec iov = { p->map + PG(1), 10 };

	return vmsplice(p->pipe_in, &iov, 1, 0);
}

static int at_splice(void *arg)
{
	struct place *p = arg;
	loff_t off = PG(1);

	return splice(p->fd, &off, p->pipe_in, NULL, 10, 0);
}

static int at_futex(void *arg)
{
	struct place *p = arg;

	return syscall(SYS_futex, p->map + PG(1), FUTEX_WAIT, 12345, NULL, NULL,
		       0);
}

/* The kernel reads the argument of an ioctl. */
static int at_ioctl_argument(void *arg)
{
	struct place *p = arg;

	return ioctl(p->fd, VMOP_VMO_GET_INFO, p->map + PG(1));
}

/* A pager whose source is the VMO of a silent pager. */
static int at_supply_file(void *arg)
{
	struct place *p = arg;

	return vmop_test_supply_file(p->pager, p->target, 0, PG(1), p->fd,
				     PG(1), NULL);
}

static int at_supply_copy(void *arg)
{
	struct place *p = arg;

	return vmop_test_supply_copy(p->pager, p->target, 0, PG(1),
				     p->map + PG(1), NULL);
}

/* ---- the fixture --------------------------------------------------------- */

FIXTURE(kill)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_vmo target;
	struct place place;
};

FIXTURE_VARIANT(kill)
{
	int (*at)(void *arg);
	/* who waits already when at is entered, or NULL */
	int (*behind)(void *arg);
};

#define PLACE(_name) \
	FIXTURE_VARIANT_ADD(kill, _name) { .at = at_##_name }
#define PLACE_BEHIND(_name, _other) \
	FIXTURE_VARIANT_ADD(kill, _name##_behind_##_other) \
	{ .at = at_##_name, .behind = at_##_other }

PLACE(read_fault);
PLACE(write_fault);
PLACE(pread);
PLACE(read);
PLACE(read_reopened);
PLACE(write);
PLACE(write_reopened);
PLACE(readv);
PLACE(punch_hole);
PLACE(commit);
PLACE(prefetch);
PLACE(zero);
PLACE(fadvise);
PLACE(madvise);
PLACE(populate_read);
PLACE(populate_write);
PLACE(map_populate);
PLACE(mlock);
PLACE(copy_from_user);
PLACE(copy_to_user);
PLACE(read_into_mapping);
PLACE(write_from_mapping);
PLACE(process_vm_readv);
PLACE(process_vm_writev);
PLACE(vmsplice);
PLACE(splice);
PLACE(futex);
PLACE(ioctl_argument);
PLACE(supply_file);
PLACE(supply_copy);
PLACE_BEHIND(read, read);
PLACE_BEHIND(read_reopened, read_reopened);
PLACE_BEHIND(read, write);
PLACE_BEHIND(write, read);
PLACE_BEHIND(write, write);
PLACE_BEHIND(write_reopened, write_reopened);
PLACE_BEHIND(write, punch_hole);
PLACE_BEHIND(punch_hole, write);
PLACE_BEHIND(punch_hole, punch_hole);
PLACE_BEHIND(read_fault, write);
PLACE_BEHIND(write, write_fault);
PLACE_BEHIND(commit, commit);
PLACE_BEHIND(zero, read);

/* Names that helpers can take. */
typedef FIXTURE_DATA(kill) kill_data;
typedef FIXTURE_VARIANT(kill) kill_variant;

FIXTURE_SETUP(kill)
{
	int p[2];

	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, KEY, NR);
	supply(&self->tp, &self->vmo, 0, 1);
	ASSERT_EQ(0, pipe(p));
	self->place.fd = self->vmo.fd;
	self->place.map = self->vmo.map;
	self->place.pipe_out = p[0];
	self->place.pipe_in = p[1];
	self->place.pager = self->tp.fd;
	self->place.owner = getpid();
	test_reopen(&self->place.reopened, self->vmo.fd, O_RDWR | O_CLOEXEC);
	new_vmo(&self->tp, &self->target, KEY + 1, 1);
	self->place.target = self->target.fd;
	/* a child may look into us */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}

FIXTURE_TEARDOWN(kill)
{
	close(self->place.reopened);
	close(self->place.pipe_in);
	close(self->place.pipe_out);
	test_pager_exit(&self->tp);
}

/*
 * The killed are gone in this many milliseconds plus a few times what it takes
 * to kill a child that just sleeps: the end of a process is not free, least of
 * all on an emulated debug kernel. A busy machine may delay anybody once: one
 * good try of some is enough. Who cannot be killed fails them all.
 */
#define KILL_MS 20
#define KILL_SHARE 4
#define KILL_TRIES 8

/* Lets somebody wait at the place, kills them; the time in *ms. */
static void kill_once(struct __test_metadata *_metadata, kill_data *self,
		      const kill_variant *variant, int sig, __u64 *ms)
{
	unsigned int others = variant->behind ? 1 : 0;
	__u64 first_ms = 0;
	pid_t first = 0, pid;

	if (others) {
		first = test_child_start(variant->behind, &self->place);
		ASSERT_LT(0, first);
		ASSERT_EQ(0, test_child_wait_blocked(first, self->vmo.fd, 1));
	}
	pid = test_child_start(variant->at, &self->place);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, others + 1));
	ASSERT_EQ(0, test_child_kill(pid, sig, ms));
	EXPECT_EQ(others, vmop_test_waiters(self->vmo.fd));
	if (others) {
		EXPECT_EQ(0, test_child_wait_blocked(first, self->vmo.fd, 1));
		ASSERT_EQ(0, test_child_kill(first, sig, &first_ms));
		if (first_ms > *ms)
			*ms = first_ms;
	}
	/* PKT-5: nobody wants it any more, nobody has read it */
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	expect_none(&self->tp);
}

static int just_sleep(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* Milliseconds to kill a child that waits for nothing of ours, or -errno. */
static int kill_sleeper(int sig, __u64 *ms)
{
	pid_t pid = test_child_start(just_sleep, NULL);
	int ret;

	if (pid < 0)
		return pid;
	ret = test_child_wait_state(pid, "S");
	return ret ? ret : test_child_kill(pid, sig, ms);
}

static void kill_with(struct __test_metadata *_metadata, kill_data *self,
		      const kill_variant *variant, int sig)
{
	__u64 ms = ~0ull, limit = 0;
	int i;

	for (i = 0; i < KILL_TRIES && ms > limit; i++) {
		ASSERT_EQ(0, kill_sleeper(sig, &limit));
		limit = KILL_MS + KILL_SHARE * limit;
		kill_once(_metadata, self, variant, sig, &ms);
	}
	EXPECT_GE(limit, ms);
	/* and the VMO is as good as before */
	supply(&self->tp, &self->vmo, 1, 3);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, PG(1), PG(3)));
}

TEST_F(kill, thr_2_sigkill)
{
	kill_with(_metadata, self, variant, SIGKILL);
}

TEST_F(kill, thr_2_sigterm)
{
	kill_with(_metadata, self, variant, SIGTERM);
}

/* ---- what must not wait behind those who do ------------------------------ */

VMOP_FIXTURE(behind);

#define soon(_what, _cond) do { \
	__u64 __t = vmop_test_now_ms(); \
	EXPECT_TRUE(_cond); \
	__t = vmop_test_now_ms() - __t; \
	EXPECT_GE(test_child_soon_ms(), __t) \
		TH_LOG(_what " took %llu ms", __t); \
} while (0)

/*
 * A reader, a writer and a zeroing wait. Calls that need nothing from the
 * pager return at once, those that change size among them.
 */
TEST_F(behind, calls_do_not_wait)
{
	struct vmop_thread *rd, *wr, *hole;
	struct vmop_vmo_get_info info;
	struct test_vmo vmo;
	struct stat st;
	char buf[100];
	void *map;
	int fd;

	new_resizable(&self->tp, &vmo, KEY, NR);
	supply(&self->tp, &vmo, 0, 1);
	rd = vmop_thread_pread(vmo.fd, PG(1), PG(1));
	expect_blocked(rd, &vmo, 1);
	wr = vmop_thread_pwrite(vmo.fd, PG(2), PG(1), KEY + 1);
	expect_blocked(wr, &vmo, 2);
	hole = vmop_thread_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(3) + 1, 1);
	expect_blocked(hole, &vmo, 3);

	soon("fstat", !fstat(vmo.fd, &st));
	soon("lseek", lseek(vmo.fd, 10, SEEK_SET) == 10);
	soon("seek for data", lseek(vmo.fd, 0, SEEK_DATA) == 0);
	soon("read", read(vmo.fd, buf, 100) == 100);
	soon("write", write(vmo.fd, buf, 100) == 100);
	soon("get_info", !vmop_test_get_info(vmo.fd, &info));
	soon("set_name", !vmop_test_set_name(vmo.fd, "x"));
	soon("fchmod", !fchmod(vmo.fd, 0640));
	soon("zero", !vmop_test_vmo_op(vmo.fd, VMOP_VMO_OP_ZERO, PG(5), PG(1),
				       NULL));
	soon("punch", !fallocate(vmo.fd,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 PG(6), PG(1)));
	soon("reopen", (fd = vmop_test_reopen(vmo.fd, O_RDWR)) >= 0);
	soon("ftruncate", !ftruncate(fd, PG(NR) - 100));
	soon("ftruncate up", !ftruncate(fd, PG(NR) + 100));
	soon("set_size", !vmop_test_set_size(vmo.fd, PG(4) + 7));
	soon("close", !close(fd));
	soon("mmap", (map = mmap(NULL, PG(NR), PROT_READ, MAP_SHARED, vmo.fd,
				 0)) != MAP_FAILED);
	soon("munmap", !munmap(map, PG(NR)));

	EXPECT_EQ(3, vmop_test_waiters(vmo.fd));
	supply(&self->tp, &vmo, 1, 3);
	expect_done(rd, PG(1));
	expect_done(wr, PG(1));
	expect_done(hole, 0);
	/* cut through an absent page: its tail is zeros when it comes */
	supply(&self->tp, &vmo, 4, 1);
	test_set_size(vmo.fd, PG(5));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, KEY, PG(4), 7));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(4) + 7, PG(1) - 7));
}

static int child_touches(void *arg)
{
	return vmop_mem_touch(arg, 1, NULL);
}

/* PKT-5: the request lives on with the next one in line when its owner dies. */
TEST_F(behind, pkt_5_request_outlives_its_owner)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	pid_t pid;

	new_vmo(&self->tp, &vmo, KEY, 2);
	pid = test_child_start(child_touches, vmo.map);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait_blocked(pid, vmo.fd, 1));
	t = vmop_thread_load(vmo.map, PG(1));
	expect_blocked(t, &vmo, 2);
	ASSERT_EQ(0, test_child_kill(pid, SIGKILL, NULL));
	expect_blocked(t, &vmo, 1);
	expect_read(&self->tp, &vmo, 0, 1);
	expect_none(&self->tp);
	supply(&self->tp, &vmo, 0, 1);
	expect_content(t, PG(1), KEY, 0);
	EXPECT_EQ(1, vmop_test_requests(vmo.fd));
}

VMOP_TEST_MAIN
