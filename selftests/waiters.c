// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that wait for the pager (THR): killed, stopped, interrupted, late,
 * unmapped meanwhile. What a wait must not hold up is in fault_path.c.
 */
#include <sys/wait.h>

#include "vmop_test.h"

/* ---- every way to wait ---------------------------------------------------- */

enum how {
	HOW_PREAD,
	HOW_PWRITE,
	HOW_LOAD,
	HOW_STORE,
	HOW_COMMIT,
	HOW_PREFETCH,
	HOW_ZERO,
};

FIXTURE(waiters)
{
	struct test_pager tp;
	struct test_vmo vmo;
	pid_t child;
};

FIXTURE_VARIANT(waiters)
{
	enum how how;
};

/* One page at offset 0 is asked for by each of them. */
FIXTURE_VARIANT_ADD(waiters, pread)
{
	.how = HOW_PREAD,
};

FIXTURE_VARIANT_ADD(waiters, pwrite)
{
	.how = HOW_PWRITE,
};

FIXTURE_VARIANT_ADD(waiters, load)
{
	.how = HOW_LOAD,
};

FIXTURE_VARIANT_ADD(waiters, store)
{
	.how = HOW_STORE,
};

FIXTURE_VARIANT_ADD(waiters, commit)
{
	.how = HOW_COMMIT,
};

FIXTURE_VARIANT_ADD(waiters, prefetch)
{
	.how = HOW_PREFETCH,
};

FIXTURE_VARIANT_ADD(waiters, zero)
{
	.how = HOW_ZERO,
};

FIXTURE_SETUP(waiters)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo(&self->tp, &self->vmo, 1, 4));
}

FIXTURE_TEARDOWN(waiters)
{
	if (self->child > 0) {
		kill(self->child, SIGKILL);
		waitpid(self->child, NULL, 0);
	}
	test_pager_exit(&self->tp);
}

static struct vmop_thread *start(const struct test_vmo *vmo, enum how how)
{
	switch (how) {
	case HOW_PREAD:
		return vmop_thread_pread(vmo->fd, 0, 8);
	case HOW_PWRITE:
		return vmop_thread_pwrite(vmo->fd, 0, 8, vmo->key);
	case HOW_LOAD:
		return vmop_thread_load(vmo->map, 8);
	case HOW_STORE:
		return vmop_thread_store(vmo->map, 8, vmo->key, 0);
	case HOW_COMMIT:
		return vmop_thread_op(vmo->fd, VMOP_VMO_OP_COMMIT, 0, PG(1));
	case HOW_PREFETCH:
		return vmop_thread_op(vmo->fd, VMOP_VMO_OP_PREFETCH, 0, PG(1));
	case HOW_ZERO:
		return vmop_thread_op(vmo->fd, VMOP_VMO_OP_ZERO, PG(1) - 8, 8);
	}
	return NULL;
}

static long expected(enum how how)
{
	return how < HOW_COMMIT ? 8 : 0;
}

/* A VMO is a regular file: its read() and write() end by SIGKILL alone. */
static bool is_file_io(enum how how)
{
	return how == HOW_PREAD || how == HOW_PWRITE;
}

static bool is_fault(enum how how)
{
	return how == HOW_LOAD || how == HOW_STORE;
}

/* A process that does it in its main thread; exits with 0 when it came well. */
static pid_t start_process(const struct test_vmo *vmo, enum how how)
{
	char buf[8] = { 0 };
	pid_t pid = fork();
	int ret = 0;

	if (pid)
		return pid;
	switch (how) {
	case HOW_PREAD:
		ret = vmop_test_pread(vmo->fd, buf, 8, 0) != 8;
		break;
	case HOW_PWRITE:
		ret = vmop_test_pwrite(vmo->fd, buf, 8, 0) != 8;
		break;
	case HOW_LOAD:
		ret = vmop_mem_read(buf, vmo->map, 8, NULL);
		break;
	case HOW_STORE:
		ret = vmop_mem_write(vmo->map, buf, 8, NULL);
		break;
	case HOW_COMMIT:
		ret = vmop_test_vmo_op(vmo->fd, VMOP_VMO_OP_COMMIT, 0, PG(1),
				       NULL);
		break;
	case HOW_PREFETCH:
		ret = vmop_test_vmo_op(vmo->fd, VMOP_VMO_OP_PREFETCH, 0, PG(1),
				       NULL);
		break;
	case HOW_ZERO:
		ret = vmop_test_vmo_op(vmo->fd, VMOP_VMO_OP_ZERO, PG(1) - 8, 8,
				       NULL);
		break;
	}
	_exit(ret ? 1 : 0);
}

struct exit_arg {
	pid_t pid;
	int status;
};

static bool has_exited(void *arg)
{
	struct exit_arg *e = arg;

	return waitpid(e->pid, &e->status, WNOHANG) == e->pid;
}

/* Wait status of a child; -ETIMEDOUT when it does not end. */
static int wait_exit(pid_t *pid, int *status)
{
	struct exit_arg arg = { .pid = *pid };
	int ret = vmop_test_poll(has_exited, &arg);

	*status = arg.status;
	if (!ret)
		*pid = 0;
	return ret;
}

/* THR-1: who waits is counted, and its task sleeps. */
TEST_F(waiters, thr_1_state)
{
	struct vmop_thread *t = start(&self->vmo, variant->how);

	expect_blocked(t, &self->vmo, 1);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &self->vmo, 0, 1));
	expect_done(t, expected(variant->how));
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	expect_none(&self->tp);
}

/*
 * THR-2, PKT-5: killed at once, whether the request was read or not, and an
 * unread one is withdrawn.
 */
TEST_F(waiters, thr_2_kill)
{
	__u64 begin, took;
	int status, read_by_pager;

	for (read_by_pager = 0; read_by_pager < 2; read_by_pager++) {
		self->child = start_process(&self->vmo, variant->how);
		ASSERT_LT(0, self->child);
		ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 1));
		if (read_by_pager)
			expect_read(&self->tp, &self->vmo, 0, 1);
		begin = vmop_test_now_ms();
		ASSERT_EQ(0, kill(self->child, SIGKILL));
		ASSERT_EQ(0, wait_exit(&self->child, &status));
		took = vmop_test_now_ms() - begin;
		EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* Milliseconds; what is above is emulation and teardown. */
		EXPECT_GE(500 * vmop_test_scale(), took);
		ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 0));
		expect_none(&self->tp);
	}
	/* Nothing is left behind: the next access is a request. */
	self->child = start_process(&self->vmo, variant->how);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &self->vmo, 0, 1));
	ASSERT_EQ(0, wait_exit(&self->child, &status));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
}

/*
 * THR-3: a stopped task does not wait; when it goes on it asks anew. Zircon:
 * SuspendCommitTest. Zircon's SuspendReadTest differs: it suspends a read, which
 * as file I/O is not disturbed here.
 */
TEST_F(waiters, thr_3_stop_and_continue)
{
	__u64 id;
	int status;

	self->child = start_process(&self->vmo, variant->how);
	ASSERT_LT(0, self->child);
	expect_read(&self->tp, &self->vmo, 0, 1);
	id = self->tp.last.id;
	ASSERT_EQ(0, kill(self->child, SIGSTOP));
	if (is_file_io(variant->how)) {
		/* It stops when the call is over; its request stays. */
		vmop_test_nap_ms(100);
		EXPECT_EQ(1, vmop_test_waiters(self->vmo.fd));
	} else {
		ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 0));
		expect_none(&self->tp);
		ASSERT_EQ(0, kill(self->child, SIGCONT));
		expect_read(&self->tp, &self->vmo, 0, 1);
		EXPECT_NE(id, self->tp.last.id);
		/* Stopped again, and supplied meanwhile: no third request. */
		ASSERT_EQ(0, kill(self->child, SIGSTOP));
		ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 0));
	}
	expect_none(&self->tp);
	supply(&self->tp, &self->vmo, 0, 1);
	ASSERT_EQ(0, kill(self->child, SIGCONT));
	ASSERT_EQ(0, wait_exit(&self->child, &status));
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status));
	expect_none(&self->tp);
}

/*
 * THR-3: a handler with SA_RESTART runs, then the access goes on by itself, with
 * a new request. Without it a call is EINTR; a fault has no such result. File
 * I/O waits on, with the request that it has.
 */
TEST_F(waiters, thr_3_signal)
{
	static const bool restart[] = { true, false };
	struct vmop_thread *t;
	unsigned int i;
	__u64 id;

	for (i = 0; i < ARRAY_SIZE(restart); i++) {
		ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, restart[i]));
		t = start(&self->vmo, variant->how);
		expect_read(&self->tp, &self->vmo, 0, 1);
		id = self->tp.last.id;
		ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR1));
		if (is_file_io(variant->how)) {
			vmop_test_nap_ms(100);
			expect_none(&self->tp);
		} else if (!restart[i] && !is_fault(variant->how)) {
			expect_errno(t, EINTR);
			expect_none(&self->tp);
			continue;
		} else {
			expect_read(&self->tp, &self->vmo, 0, 1);
			EXPECT_NE(id, self->tp.last.id);
			/* The old request is gone, the new one counts. */
			test_fail_id(self->tp.fd, self->vmo.fd, id, EIO);
		}
		expect_blocked(t, &self->vmo, 1);
		if (!i) {
			test_fail_id(self->tp.fd, self->vmo.fd,
				     self->tp.last.id, EIO);
			ASSERT_EQ(0, vmop_thread_wait(t, NULL));
		} else {
			supply(&self->tp, &self->vmo, 0, 1);
			expect_done(t, expected(variant->how));
		}
		expect_none(&self->tp);
	}
}

/* THR-7: what the pager said comes to the thread, once. */
TEST_F(waiters, thr_7_status)
{
	static const int codes[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	struct vmop_thread *t;
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		t = start(&self->vmo, variant->how);
		expect_read(&self->tp, &self->vmo, 0, 1);
		/* By id and by range. */
		ret = i & 1 ? vmop_test_fail_id(self->tp.fd, self->vmo.fd,
						self->tp.last.id, codes[i]) :
			      test_pager_fail(&self->tp, &self->vmo, 0, 1,
					      codes[i]);
		ASSERT_EQ(0, ret);
		if (is_fault(variant->how))
			expect_sigbus(t, self->vmo.map);
		else
			expect_errno(t, codes[i]);
		expect_none(&self->tp);
	}
	t = start(&self->vmo, variant->how);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &self->vmo, 0, 1));
	expect_done(t, expected(variant->how));
}

/* THR-5: a pager that is late. The request is withdrawn. */
TEST_F(waiters, thr_5_deadline_fails)
{
	struct vmop_test_vmo_args args = {
		.key = 2, .length = PG(4), .deadline_ms = 300,
	};
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 begin;
	int read_by_pager;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	for (read_by_pager = 0; read_by_pager < 2; read_by_pager++) {
		begin = vmop_test_now_ms();
		t = start(&vmo, variant->how);
		if (read_by_pager)
			expect_read(&self->tp, &vmo, 0, 1);
		if (is_fault(variant->how))
			expect_sigbus(t, vmo.map);
		else
			expect_errno(t, ETIMEDOUT);
		EXPECT_LE(300, vmop_test_now_ms() - begin);
		expect_none(&self->tp);
		EXPECT_EQ(0, vmop_test_waiters(vmo.fd));
	}
	/* In time it is as without. */
	t = start(&vmo, variant->how);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 1));
	expect_done(t, expected(variant->how));
}

/* THR-5: the other action only warns. */
TEST_F(waiters, thr_5_deadline_warns)
{
	struct vmop_test_vmo_args args = {
		.key = 2, .length = PG(4), .deadline_ms = 100,
		.deadline_action = VMOP_DEADLINE_WARN,
	};
	struct vmop_thread *t;
	struct test_vmo vmo;
	__u64 id;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	t = start(&vmo, variant->how);
	expect_read(&self->tp, &vmo, 0, 1);
	id = self->tp.last.id;
	vmop_test_nap_ms(350);
	expect_blocked(t, &vmo, 1);
	/* It is still the same request. */
	expect_none(&self->tp);
	EXPECT_NE(0, id);
	supply(&self->tp, &vmo, 0, 1);
	expect_done(t, expected(variant->how));
}

/* ---- one way -------------------------------------------------------------- */

VMOP_FIXTURE(wait)

struct read_into_arg {
	int fd;
	char *map;
};

static void read_into_map(void *arg, struct vmop_result *res)
{
	struct read_into_arg *r = arg;

	res->ret = pread(r->fd, r->map, PG(1), 0);
	res->err = res->ret < 0 ? errno : 0;
}

/*
 * THR-4: the kernel itself waits, in the middle of a copy to a buffer that is
 * pager-backed. A signal does not end that. Zircon: SuspendInKernel.
 */
TEST_F(wait, thr_4_signal_in_kernel_copy)
{
	struct read_into_arg arg;
	struct vmop_thread *t;
	struct test_vmo vmo;
	char *buf;

	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	new_vmo(&self->tp, &vmo, 1, 4);
	buf = malloc(PG(1));
	ASSERT_NE(NULL, buf);
	vmop_test_fill(buf, 77, 0, PG(1));
	arg.map = vmo.map;
	arg.fd = memfd_create("source", MFD_CLOEXEC);
	ASSERT_EQ(PG(1), write(arg.fd, buf, PG(1)));
	t = vmop_thread_call(read_into_map, &arg);
	expect_read(&self->tp, &vmo, 0, 1);
	ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR1));
	vmop_test_nap_ms(100);
	EXPECT_FALSE(vmop_thread_done(t));
	supply(&self->tp, &vmo, 0, 1);
	expect_done(t, PG(1));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 77, 0, PG(1)));
	close(arg.fd);
	free(buf);
}

/* THR-3: file I/O comes back whole, however many signals come. */
TEST_F(wait, thr_3_file_io_is_not_cut_short)
{
	struct vmop_thread *t;
	struct test_vmo vmo;
	int i, write;

	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	new_vmo(&self->tp, &vmo, 1, 40);
	for (write = 0; write < 2; write++) {
		/* The first page of each half is there, two requests follow. */
		supply(&self->tp, &vmo, 20 * write, 1);
		t = write ? vmop_thread_pwrite(vmo.fd, PG(20), PG(20), 5) :
			    vmop_thread_pread(vmo.fd, 0, PG(20));
		for (i = 1; i < 20; i += 16) {
			expect_read(&self->tp, &vmo, 20 * write + i,
				    i == 1 ? 16 : 3);
			expect_blocked(t, &vmo, 1);
			ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR1));
			vmop_test_nap_ms(20);
			expect_none(&self->tp);
			supply(&self->tp, &vmo, 20 * write + i,
			       i == 1 ? 16 : 3);
		}
		expect_done(t, PG(20));
	}
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0, PG(20)));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 5, PG(20), PG(20)));
	expect_none(&self->tp);
}

/* THR-6: unmapped while it waits. Zircon: VmarUnmapTest. */
TEST_F(wait, thr_6_unmap)
{
	struct vmop_result res;
	struct vmop_thread *t;
	struct test_vmo vmo;
	char *map;

	new_vmo(&self->tp, &vmo, 1, 4);
	map = vmo.map;
	t = vmop_thread_load(map, PG(1));
	expect_blocked(t, &vmo, 1);
	/* The wait holds no lock: unmapping is not held up by it. */
	test_vmo_unmap(&self->tp, &vmo);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &vmo, 0, 1));
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	EXPECT_EQ(map, res.sig_addr);
	vmop_result_free(&res);
}

/* THR-6: another VMO is there when it looks again. Zircon: VmarRemapTest. */
TEST_F(wait, thr_6_remap)
{
	struct test_vmo first, second;
	struct vmop_thread *t;
	int i;

	new_vmo(&self->tp, &first, 1, 8);
	new_vmo(&self->tp, &second, 2, 8);
	t = vmop_thread_load(first.map, PG(8));
	expect_blocked(t, &first, 1);
	ASSERT_EQ(first.map, mmap(first.map, PG(8), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_FIXED, second.fd, 0));
	expect_read(&self->tp, &first, 0, 1);
	expect_none(&self->tp);
	supply(&self->tp, &first, 0, 8);
	for (i = 0; i < 8; i++)
		ASSERT_EQ(0, test_pager_serve_one(&self->tp, &second, i, 1));
	expect_content(t, PG(8), 2, 0);
	expect_none(&self->tp);
}

/* THR-6: the failure of the old mapping's page is not the new one's. */
TEST_F(wait, thr_6_remap_and_fail)
{
	struct test_vmo first, second;
	struct vmop_thread *t;

	new_vmo(&self->tp, &first, 1, 1);
	new_vmo(&self->tp, &second, 2, 1);
	t = vmop_thread_load(first.map, PG(1));
	expect_read(&self->tp, &first, 0, 1);
	ASSERT_EQ(first.map, mmap(first.map, PG(1), PROT_READ, MAP_SHARED |
				  MAP_FIXED, second.fd, 0));
	fail_range(&self->tp, &first, 0, 1, EIO);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &second, 0, 1));
	expect_content(t, PG(1), 2, 0);
}

/* THR-8: a wake only means "look again": what it waited for may be gone. */
TEST_F(wait, thr_8_woken_for_nothing)
{
	struct vmop_thread *by_call, *by_map, *commit;
	struct test_vmo vmo;

	new_resizable(&self->tp, &vmo, 1, 8);
	commit = vmop_thread_op(vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(8));
	expect_read(&self->tp, &vmo, 0, 8);
	by_call = vmop_thread_pread(vmo.fd, PG(6), PG(1));
	expect_blocked(by_call, &vmo, 2);
	by_map = vmop_thread_load(vmo.map + PG(7), PG(1));
	expect_blocked(by_map, &vmo, 3);
	supply(&self->tp, &vmo, 0, 4);
	expect_blocked(by_call, &vmo, 3);
	test_set_size(vmo.fd, PG(4));
	expect_done(by_call, 0);
	expect_sigbus(by_map, vmo.map + PG(7));
	expect_done(commit, 0);
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
