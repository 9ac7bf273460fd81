// SPDX-License-Identifier: GPL-2.0
/*
 * What does not work, or works otherwise than one might think, is a promise as
 * well: those lines of Documentation/limits.rst that no other program shows.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>

#include "test_cgroup.h"
#include "test_child.h"
#include "test_cow.h"
#include "test_dirty.h"

#define NR 4

/* A VMO of NR pages, all there and clean; its port takes WRITEBACK records. */
DIRTY_FIXTURE_DATA(limits);
DIRTY_FIXTURE_SETUP(limits, test_wb_init, make(NO_TRAP, NR, NR))

/* Who holds the zeros of a page holds zeros, whatever comes there later. */
TEST_F(limits, pin_of_zeros)
{
	struct test_cow anon;
	char buf[4096];
	struct iovec iov;
	int p[2];

	ASSERT_EQ(0, test_cow_anon(&anon, self->tp.fd, 0, NR));
	ASSERT_EQ(0, pipe(p));
	iov = (struct iovec){ anon.map + PG(1), PG(1) };
	ASSERT_EQ(PG(1), vmsplice(p[1], &iov, 1, 0));
	vmop_test_fill(buf, NEW, PG(1), PG(1));
	ASSERT_EQ(PG(1), pwrite(anon.fd, buf, PG(1), PG(1)));
	EXPECT_TRUE(vmop_test_check(anon.map + PG(1), NEW, PG(1), PG(1)));
	ASSERT_EQ(PG(1), read(p[0], buf, sizeof(buf)));
	EXPECT_TRUE(vmop_test_check_zero(buf, 0, PG(1)));
	close(p[0]);
	close(p[1]);
	munmap(anon.map, PG(NR));
	close(anon.fd);
}

/* Copies a page from one mapping into another by the kernel, which pins the second. */
struct transfer {
	char *from;
	char *to;
};

static void do_transfer(void *arg, struct vmop_result *res)
{
	struct transfer *tr = arg;
	struct iovec from = { tr->from, PG(1) }, to = { tr->to, PG(1) };

	res->ret = process_vm_writev(getpid(), &from, 1, &to, 1, 0);
	res->err = res->ret < 0 ? errno : 0;
}

/*
 * A transfer into a mapping that began before a snapshot: what it writes later is
 * in the snapshot, or in the parent, or in both. Each has all of it or nothing, and
 * nobody else's page changes.
 */
TEST_F(limits, transfer_over_a_snapshot)
{
	struct test_cow root, snap;
	struct vmop_thread *t;
	struct transfer tr;
	struct test_vmo slow;
	char *seen[2];
	int i, has = 0;

	ASSERT_EQ(0, test_cow_filled(&root, self->tp.fd, 0, NR, OLD));
	new_vmo(&self->tp, &slow, NEW, 1);
	tr = (struct transfer){ slow.map, root.map + PG(1) };
	t = vmop_thread_call(do_transfer, &tr);
	expect_read(&self->tp, &slow, 0, 1);
	expect_blocked(t, &slow, 1);
	ASSERT_EQ(0, test_cow_make(&snap, root.fd, VMOP_CHILD_SNAPSHOT, 0, NR));
	supply(&self->tp, &slow, 0, 1);
	expect_done(t, PG(1));
	seen[0] = root.map + PG(1);
	seen[1] = snap.map + PG(1);
	for (i = 0; i < 2; i++) {
		if (vmop_test_check(seen[i], NEW, 0, PG(1)))
			has++;
		else
			EXPECT_TRUE(vmop_test_check(seen[i], OLD, PG(1), PG(1)));
	}
	EXPECT_LE(1, has);
	EXPECT_TRUE(vmop_test_check(root.map, OLD, 0, PG(1)));
	EXPECT_TRUE(vmop_test_check(snap.map + PG(2), OLD, PG(2), PG(2)));
	munmap(root.map, PG(NR));
	munmap(snap.map, PG(NR));
	close(root.fd);
	close(snap.fd);
}

/* The offset that /proc/self/maps shows for what is mapped at an address. */
static long long mapped_offset(const void *addr)
{
	unsigned long start, end;
	long long offset = -1;
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx %*s %llx", &start, &end,
			   (unsigned long long *)&offset) == 3 &&
		    start == (unsigned long)addr)
			break;
	fclose(f);
	return offset;
}

/* A mapping of a slice is one of its parent's pages, and is shown as that. */
TEST_F(limits, offset_of_a_slice)
{
	struct test_cow slice;
	struct test_vmo vmo;

	/* its parent must not be resizable */
	new_vmo(&self->tp, &vmo, OLD, NR);
	ASSERT_EQ(0, test_cow_make(&slice, vmo.fd, VMOP_CHILD_SLICE, 1, 2));
	EXPECT_EQ(PG(1), mapped_offset(slice.map));
	EXPECT_EQ(0, mapped_offset(vmo.map));
	munmap(slice.map, PG(2));
	close(slice.fd);
}

/* They succeed, write nothing, and ask nobody. */
TEST_F(limits, sync_of_file_systems)
{
	const unsigned int how = SYNC_FILE_RANGE_WAIT_BEFORE |
				 SYNC_FILE_RANGE_WRITE |
				 SYNC_FILE_RANGE_WAIT_AFTER;

	write_at(1, 2, FREE);
	EXPECT_EQ(0, sync_file_range(self->vmo.fd, 0, PG(NR), how));
	EXPECT_EQ(0, syncfs(self->vmo.fd));
	sync();
	expect_dirty(2);
	asked_none();
	write_back(1, 2);
}

static void do_read(void *arg, struct vmop_result *res)
{
	char buf[4096];

	res->ret = read(*(int *)arg, buf, sizeof(buf));
	res->err = res->ret < 0 ? errno : 0;
	if (res->ret == (long)PG(1) && !vmop_test_check(buf, OLD, 0, PG(1)))
		res->err = EILSEQ;
}

/* Two who read() one open file at once start at the same position. */
TEST_F(limits, position_is_not_locked)
{
	struct vmop_thread *first, *second;
	struct test_vmo vmo;

	new_vmo(&self->tp, &vmo, OLD, NR);
	first = vmop_thread_call(do_read, &vmo.fd);
	expect_blocked(first, &vmo, 1);
	second = vmop_thread_call(do_read, &vmo.fd);
	expect_blocked(second, &vmo, 2);
	expect_read(&self->tp, &vmo, 0, 1);
	supply(&self->tp, &vmo, 0, 1);
	expect_done(first, PG(1));
	expect_done(second, PG(1));
	EXPECT_EQ(PG(1), lseek(vmo.fd, 0, SEEK_CUR));
}

struct spliced {
	int vmo;
	int pipe;
};

static void do_splice(void *arg, struct vmop_result *res)
{
	const struct spliced *s = arg;
	loff_t at = 0;

	res->ret = splice(s->vmo, &at, s->pipe, NULL, PG(1), 0);
	res->err = res->ret < 0 ? errno : 0;
}

static void do_write_byte(void *arg, struct vmop_result *res)
{
	const struct spliced *s = arg;

	res->ret = write(s->pipe, "x", 1);
	res->err = res->ret < 0 ? errno : 0;
}

/* Who splices into a pipe keeps others from it as long as the pager takes. */
TEST_F(limits, spliced_pipe_is_locked)
{
	struct vmop_thread *splicer, *writer;
	struct test_vmo vmo;
	struct spliced s;
	char buf[4096];
	int p[2];

	new_vmo(&self->tp, &vmo, OLD, 1);
	ASSERT_EQ(0, pipe(p));
	s = (struct spliced){ vmo.fd, p[1] };
	splicer = vmop_thread_call(do_splice, &s);
	expect_read(&self->tp, &vmo, 0, 1);
	expect_blocked(splicer, &vmo, 1);
	writer = vmop_thread_call(do_write_byte, &s);
	vmop_test_nap_ms(100);
	EXPECT_FALSE(vmop_thread_done(writer));
	supply(&self->tp, &vmo, 0, 1);
	expect_done(splicer, PG(1));
	expect_done(writer, 1);
	ASSERT_EQ((ssize_t)PG(1), read(p[0], buf, PG(1)));
	EXPECT_TRUE(vmop_test_check(buf, OLD, 0, PG(1)));
	ASSERT_EQ(1, read(p[0], buf, 1));
	EXPECT_EQ('x', buf[0]);
	close(p[0]);
	close(p[1]);
}

/* A pager with one thread, which reads what it would have to supply. */
static int read_own_vmo(void *arg)
{
	struct vmop_test_vmo_args args = {
		.key = 1, .length = PG(1), .deadline_ms = *(__u32 *)arg,
	};
	int pager, port, vmo;
	char c;

	pager = vmop_test_open_pager();
	port = vmop_test_port_create(pager);
	vmo = vmop_test_pager_vmo_create(pager, port, &args);
	if (vmo < 0)
		return 255;
	return pread(vmo, &c, 1, 0) == 1 ? 0 : errno;
}

/* A deadline ends that, and a signal that kills. */
TEST_F(limits, pager_waits_for_itself)
{
	__u32 deadline = 200;
	int status;
	pid_t pid;

	pid = test_child_start(read_own_vmo, &deadline);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(ETIMEDOUT, WEXITSTATUS(status));

	deadline = 0;
	pid = test_child_start(read_own_vmo, &deadline);
	ASSERT_LT(0, pid);
	vmop_test_nap_ms(100);
	EXPECT_EQ(0, test_child_wait_state(pid, "D"));
	EXPECT_EQ(0, test_child_kill(pid, SIGKILL, NULL));
}

struct frozen {
	const struct test_cgroup *cg;
	const struct test_vmo *vmo;
	bool map;
};

static int read_in_cgroup(void *arg)
{
	struct frozen *f = arg;
	char c;

	if (test_cgroup_enter(f->cg))
		return 1;
	if (f->map)
		return *(volatile char *)f->vmo->map !=
		       (char)vmop_test_byte(OLD, 0);
	return pread(f->vmo->fd, &c, 1, 0) != 1 ||
	       c != (char)vmop_test_byte(OLD, 0);
}

static bool is_frozen(void *arg)
{
	return test_cgroup_get(arg, "cgroup.events", "frozen") == 1;
}

/*
 * Freezing a cgroup: a fault lets it happen at once and starts anew afterwards; a
 * read() has to be answered first.
 */
TEST_F(limits, freezer)
{
	struct test_cgroup cg;
	struct test_vmo vmo[2];
	struct frozen f;
	int status, i;
	pid_t pid;

	ASSERT_EQ(0, test_cgroup_setup());
	ASSERT_EQ(0, test_cgroup_make(&cg, "freezer", 0));
	for (i = 0; i < 2; i++) {
		new_vmo(&self->tp, &vmo[i], OLD, 1);
		f = (struct frozen){ &cg, &vmo[i], i };
		pid = test_child_start(read_in_cgroup, &f);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, test_child_wait_blocked(pid, vmo[i].fd, 1));
		ASSERT_EQ(0, test_cgroup_set(&cg, "cgroup.freeze", "1"));
		if (f.map) {
			/* nobody waits any more, so there is no request either */
			EXPECT_EQ(0, vmop_test_poll(is_frozen, &cg));
			expect_none(&self->tp);
			ASSERT_EQ(0, test_cgroup_set(&cg, "cgroup.freeze", "0"));
			expect_read(&self->tp, &vmo[i], 0, 1);
			supply(&self->tp, &vmo[i], 0, 1);
		} else {
			vmop_test_nap_ms(300);
			EXPECT_FALSE(is_frozen(&cg));
			expect_read(&self->tp, &vmo[i], 0, 1);
			supply(&self->tp, &vmo[i], 0, 1);
			EXPECT_EQ(0, vmop_test_poll(is_frozen, &cg));
			ASSERT_EQ(0, test_cgroup_set(&cg, "cgroup.freeze", "0"));
		}
		ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(0, WEXITSTATUS(status));
	}
	test_cgroup_remove(&cg);
}

VMOP_TEST_MAIN
