// SPDX-License-Identifier: GPL-2.0
/*
 * Faults on absent pages: nobody sleeps for a pager with mmap_lock held, a
 * failure reaches the thread that waited and no other, and what cannot wait
 * does not (section 5 of the design; rules THR and REQ-23 to REQ-25 of the
 * specification of behaviour).
 */
#include <linux/futex.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "test_child.h"
#include "vmop_test.h"

#define KEY 0xfa17
#define NR 32

FIXTURE(fault)
{
	struct test_pager tp;
	struct test_vmo vmo;
	char *map;
};

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, KEY, NR);
	self->map = self->vmo.map;
}

FIXTURE_TEARDOWN(fault)
{
	test_pager_exit(&self->tp);
}

/* Runs a statement that must not take long, and does it all the same. */
#define soon(_what, _cond) do { \
	__u64 __t = vmop_test_now_ms(); \
	EXPECT_TRUE(_cond); \
	__t = vmop_test_now_ms() - __t; \
	EXPECT_GE(test_child_soon_ms(), __t) \
		TH_LOG(_what " took %llu ms", __t); \
} while (0)

/* ---- mmap_lock ----------------------------------------------------------- */

/* Calls that take mmap_lock for writing, while a thread waits in a fault. */
TEST_F(fault, mmap_lock_is_free)
{
	struct vmop_thread *rd, *wr;
	pid_t pid;
	void *p;

	rd = vmop_thread_load(self->map, 1);
	expect_blocked(rd, &self->vmo, 1);
	wr = vmop_thread_store(self->map + PG(1), 1, KEY, PG(1));
	expect_blocked(wr, &self->vmo, 2);
	soon("mmap", (p = mmap(NULL, PG(4), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) !=
			      MAP_FAILED);
	soon("mprotect", !mprotect(p, PG(1), PROT_READ));
	soon("munmap", !munmap(p, PG(4)));
	soon("mprotect of the VMO", !mprotect(self->map + PG(8), PG(1),
					      PROT_READ));
	soon("munmap of the VMO", !munmap(self->map + PG(9), PG(1)));
	soon("mmap of the VMO", (p = mmap(NULL, PG(4), PROT_READ, MAP_SHARED,
					  self->vmo.fd, 0)) != MAP_FAILED);
	munmap(p, PG(4));
	soon("fork", (pid = fork()) >= 0);
	if (!pid)
		_exit(0);
	ASSERT_EQ(0, test_child_wait(pid, &(int){ 0 }, NULL));
	EXPECT_EQ(2, vmop_test_waiters(self->vmo.fd));
	supply(&self->tp, &self->vmo, 0, 2);
	expect_done(rd, 1);
	expect_done(wr, 1);
}

/* THR-6, Zircon's VmarUnmapTest: unmapped while it waits: SIGSEGV. */
TEST_F(fault, thr_6_unmapped)
{
	struct vmop_thread *t = vmop_thread_load(self->map + PG(3) + 24, 1);
	struct vmop_result res;

	expect_read(&self->tp, &self->vmo, 3, 1);
	expect_blocked(t, &self->vmo, 1);
	soon("munmap", !munmap(self->map + PG(3), PG(1)));
	supply(&self->tp, &self->vmo, 3, 1);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	EXPECT_EQ((void *)(self->map + PG(3) + 24), res.sig_addr);
	vmop_result_free(&res);
	expect_none(&self->tp);
}

/* THR-6: a failure for a page that is gone hurts nobody later. */
TEST_F(fault, thr_6_unmapped_then_failed)
{
	struct vmop_thread *t = vmop_thread_load(self->map + PG(3), 1);
	struct vmop_result res;
	char c;

	expect_read(&self->tp, &self->vmo, 3, 1);
	expect_blocked(t, &self->vmo, 1);
	soon("munmap", !munmap(self->map + PG(3), PG(1)));
	fail_range(&self->tp, &self->vmo, 3, 1, EIO);
	ASSERT_EQ(0, vmop_thread_wait(t, &res));
	EXPECT_EQ(SIGSEGV, res.sig);
	vmop_result_free(&res);
	/* mapped again: other threads start from nothing */
	ASSERT_EQ(self->map + PG(3),
		  mmap(self->map + PG(3), PG(1), PROT_READ,
		       MAP_SHARED | MAP_FIXED, self->vmo.fd, PG(3)));
	t = vmop_thread_load(self->map + PG(3), PG(1));
	expect_read(&self->tp, &self->vmo, 3, 1);
	supply(&self->tp, &self->vmo, 3, 1);
	expect_content(t, PG(1), KEY, PG(3));
	EXPECT_EQ(0, vmop_mem_touch(self->map + PG(3), 1, NULL));
	EXPECT_EQ(1, vmop_test_pread(self->vmo.fd, &c, 1, PG(3)));
}

/* THR-6, Zircon's VmarRemapTest: the retry asks the VMO that is there now. */
TEST_F(fault, thr_6_remapped)
{
	struct test_vmo other;
	struct vmop_thread *t;

	new_vmo(&self->tp, &other, KEY + 1, NR);
	t = vmop_thread_load(self->map, PG(8));
	expect_read(&self->tp, &self->vmo, 0, 1);
	expect_blocked(t, &self->vmo, 1);
	ASSERT_EQ(self->map, mmap(self->map, PG(NR), PROT_READ,
				  MAP_SHARED | MAP_FIXED, other.fd, 0));
	supply(&self->tp, &self->vmo, 0, 1);
	expect_read(&self->tp, &other, 0, 1);
	supply(&self->tp, &other, 0, 8);
	expect_content(t, PG(8), KEY + 1, 0);
	expect_none(&self->tp);
}

/* ---- signals ------------------------------------------------------------- */

/* A signal with a handler is delivered during the wait; then it goes on. */
TEST_F(fault, signal_handler_runs)
{
	struct vmop_thread *t = vmop_thread_load(self->map, PG(1));
	int i;

	ASSERT_EQ(0, vmop_thread_catch(SIGUSR1, false));
	expect_blocked(t, &self->vmo, 1);
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, vmop_thread_kill(t, SIGUSR1));
		vmop_test_nap_ms(2);
	}
	expect_blocked(t, &self->vmo, 1);
	supply(&self->tp, &self->vmo, 0, 1);
	expect_content(t, PG(1), KEY, 0);
	expect_none(&self->tp);
}

static int child_load(void *arg)
{
	struct vmop_result res = { 0 };
	char c;

	if (vmop_mem_read(&c, arg, 1, &res))
		return res.sig == SIGBUS && res.sig_addr == arg ? 1 : 2;
	return (__u8)c == vmop_test_byte(KEY, 0) ? 0 : 3;
}

/* Stopped while it waits, continued: it asks again (THR-3). */
TEST_F(fault, thr_3_stopped)
{
	pid_t pid = test_child_start(child_load, self->map);
	int status;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, 1));
	expect_read(&self->tp, &self->vmo, 0, 1);
	ASSERT_EQ(0, kill(pid, SIGSTOP));
	ASSERT_EQ(0, test_child_wait_state(pid, "T"));
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	/* a failure now is nobody's */
	fail_range(&self->tp, &self->vmo, 0, 1, EIO);
	ASSERT_EQ(0, kill(pid, SIGCONT));
	expect_read(&self->tp, &self->vmo, 0, 1);
	supply(&self->tp, &self->vmo, 0, 1);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

/*
 * Stopped for five seconds between the failure and the retry: it still gets
 * the failure. Both run on one CPU, where the test has precedence: the child
 * is woken by the failure and has not run yet when the stop signal comes.
 */
TEST_F(fault, failure_waits_for_a_stopped_thread)
{
	struct sched_param rt = { .sched_priority = 10 }, normal = { 0 };
	pid_t pid = test_child_start(child_load, self->map);
	int status;

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, 1));
	expect_read(&self->tp, &self->vmo, 0, 1);
	ASSERT_EQ(0, vmop_test_use_cpu0(pid));
	ASSERT_EQ(0, vmop_test_use_cpu0(0));
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &rt));
	EXPECT_EQ(0, test_pager_fail(&self->tp, &self->vmo, 0, 1, EIO));
	kill(pid, SIGSTOP);
	sched_setscheduler(0, SCHED_OTHER, &normal);
	ASSERT_EQ(0, test_child_wait_state(pid, "T"));
	EXPECT_EQ(1, vmop_test_requests(self->vmo.fd));
	vmop_test_nap_ms(5000);
	ASSERT_EQ(0, kill(pid, SIGCONT));
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(1, WEXITSTATUS(status));
	EXPECT_EQ(1, vmop_test_requests(self->vmo.fd));
	expect_none(&self->tp);
}

/* ---- failures ------------------------------------------------------------ */

/* REQ-10, REQ-25: eight threads on one page: one request, eight SIGBUS. */
TEST_F(fault, req_25_all_who_waited_fail)
{
	struct vmop_vmo_get_info info;
	struct vmop_thread *t[8];
	int i;

	for (i = 0; i < 8; i++) {
		t[i] = i & 1 ? vmop_thread_store(self->map + PG(2) + 16 * i, 1,
						 KEY, 0) :
			       vmop_thread_load(self->map + PG(2) + 16 * i, 1);
		expect_blocked(t[i], &self->vmo, i + 1);
	}
	expect_read(&self->tp, &self->vmo, 2, 1);
	expect_none(&self->tp);
	fail_range(&self->tp, &self->vmo, 2, 1, EIO);
	for (i = 0; i < 8; i++)
		expect_sigbus(t[i], self->map + PG(2) + 16 * i);
	test_get_info(self->vmo.fd, &info);
	EXPECT_EQ(1, info.out_requests);
	EXPECT_EQ(EIO, info.out_last_error);
	EXPECT_EQ(0, info.out_num_waiters);
	expect_none(&self->tp);
}

/* REQ-24: not sticky: the next access asks again, and may succeed. */
TEST_F(fault, req_24_next_access_asks_again)
{
	struct vmop_thread *t;
	int i;

	for (i = 0; i < 3; i++) {
		t = vmop_thread_load(self->map + 5, 1);
		expect_read(&self->tp, &self->vmo, 0, 1);
		expect_blocked(t, &self->vmo, 1);
		fail_range(&self->tp, &self->vmo, 0, 1, EBADMSG);
		expect_sigbus(t, self->map + 5);
		expect_none(&self->tp);
	}
	t = vmop_thread_load(self->map, PG(1));
	expect_read(&self->tp, &self->vmo, 0, 1);
	supply(&self->tp, &self->vmo, 0, 1);
	expect_content(t, PG(1), KEY, 0);
}

struct two_loads {
	char *map;
	struct vmop_result first;
};

/* Fails on one page, then reads another, then the first again. */
static void do_two_loads(void *arg, struct vmop_result *res)
{
	struct two_loads *two = arg;
	char c;

	vmop_mem_read(&c, two->map, 1, &two->first);
	if (!vmop_mem_read(&c, two->map + PG(4), 1, res))
		vmop_mem_read(&c, two->map, 1, res);
}

/* One thread, three accesses: each has its own outcome. */
TEST_F(fault, req_24_same_thread)
{
	struct two_loads two = { .map = self->map };
	struct vmop_thread *t = vmop_thread_call(do_two_loads, &two);

	expect_read(&self->tp, &self->vmo, 0, 1);
	expect_blocked(t, &self->vmo, 1);
	fail_range(&self->tp, &self->vmo, 0, 1, EIO);
	expect_read(&self->tp, &self->vmo, 4, 1);
	EXPECT_EQ(SIGBUS, two.first.sig);
	EXPECT_EQ((void *)self->map, two.first.sig_addr);
	supply(&self->tp, &self->vmo, 4, 1);
	expect_read(&self->tp, &self->vmo, 0, 1);
	supply(&self->tp, &self->vmo, 0, 1);
	expect_done(t, 1);
	expect_none(&self->tp);
}

/* Parent and child wait for one page: both fail; others' later faults do not. */
TEST_F(fault, req_25_across_fork)
{
	struct vmop_thread *t = vmop_thread_load(self->map, 1);
	int status;
	pid_t pid;

	expect_blocked(t, &self->vmo, 1);
	pid = test_child_start(child_load, self->map);
	ASSERT_LT(0, pid);
	ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, 2));
	expect_read(&self->tp, &self->vmo, 0, 1);
	fail_range(&self->tp, &self->vmo, 0, 1, EIO);
	expect_sigbus(t, self->map);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(1, WEXITSTATUS(status));
	expect_none(&self->tp);
	pid = test_child_start(child_load, self->map);
	ASSERT_LT(0, pid);
	expect_read(&self->tp, &self->vmo, 0, 1);
	supply(&self->tp, &self->vmo, 0, 1);
	ASSERT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(0, status);
}

/* The pager's end is a failure too: SIGBUS, at once and later (DET-10). */
TEST_F(fault, det_10_pager_closes)
{
	struct vmop_thread *t = vmop_thread_load(self->map + 9, 1);
	struct vmop_result res = { 0 };

	expect_blocked(t, &self->vmo, 1);
	supply(&self->tp, &self->vmo, 1, 1);
	test_pager_close(&self->tp);
	expect_sigbus(t, self->map + 9);
	EXPECT_EQ(-EFAULT, vmop_mem_touch(self->map + PG(2), 1, &res));
	EXPECT_EQ(SIGBUS, res.sig);
	EXPECT_TRUE(vmop_test_check(self->map + PG(1), KEY, PG(1), PG(1)));
}

/* ---- the kernel as the one who faults ------------------------------------ */

struct kernel_copy {
	int fd;
	char *map;
	size_t len;
};

static void do_write_from(void *arg, struct vmop_result *res)
{
	struct kernel_copy *c = arg;

	res->ret = write(c->fd, c->map, c->len);
	res->err = res->ret < 0 ? errno : 0;
}

static void do_read_to(void *arg, struct vmop_result *res)
{
	struct kernel_copy *c = arg;

	res->ret = read(c->fd, c->map, c->len);
	res->err = res->ret < 0 ? errno : 0;
}

/* Copies between a pipe and absent pages wait, and then are right. */
TEST_F(fault, kernel_copies)
{
	struct kernel_copy c;
	struct vmop_thread *t;
	char buf[200];
	int p[2];

	ASSERT_EQ(0, pipe(p));
	c = (struct kernel_copy){ p[1], self->map + PG(1) - 100, 200 };
	supply(&self->tp, &self->vmo, 0, 1);
	t = vmop_thread_call(do_write_from, &c);
	expect_read(&self->tp, &self->vmo, 1, 1);
	supply(&self->tp, &self->vmo, 1, 1);
	expect_done(t, 200);
	ASSERT_EQ(200, read(p[0], buf, 200));
	EXPECT_TRUE(vmop_test_check(buf, KEY, PG(1) - 100, 200));

	vmop_test_fill(buf, KEY + 1, PG(2) - 100, 200);
	ASSERT_EQ(200, write(p[1], buf, 200));
	c = (struct kernel_copy){ p[0], self->map + PG(2) - 100, 200 };
	t = vmop_thread_call(do_read_to, &c);
	expect_read(&self->tp, &self->vmo, 2, 1);
	supply(&self->tp, &self->vmo, 2, 1);
	expect_done(t, 200);
	EXPECT_TRUE(vmop_test_check(self->map + PG(2) - 100, KEY + 1,
				    PG(2) - 100, 200));
	EXPECT_TRUE(vmop_test_check(self->map + PG(2) + 100, KEY, PG(2) + 100,
				    100));
	close(p[0]);
	close(p[1]);
}

/*
 * A failure in such a copy is EFAULT. The kernel's copy routines touch the page
 * twice before they give up, so it is asked for once or twice, not for ever.
 */
TEST_F(fault, kernel_copies_failed)
{
	struct test_pager_behaviour how = {
		.mode = TEST_PAGER_FAILING, .err = ENOSPC,
	};
	struct vmop_result res;
	struct kernel_copy c;
	int p[2], i;
	__u64 asked;

	ASSERT_EQ(0, pipe(p));
	ASSERT_EQ(4, write(p[1], "data", 4));
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	for (i = 0; i < 4; i++) {
		c.fd = i & 1 ? p[0] : p[1];
		c.map = self->map + PG(1);
		c.len = 10;
		asked = vmop_test_requests(self->vmo.fd);
		if (i & 1)
			do_read_to(&c, &res);
		else
			do_write_from(&c, &res);
		EXPECT_EQ(-1, res.ret);
		EXPECT_EQ(EFAULT, res.err);
		asked = vmop_test_requests(self->vmo.fd) - asked;
		EXPECT_TRUE(asked == 1 || asked == 2);
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	close(p[0]);
	close(p[1]);
}

/* ---- who must not wait --------------------------------------------------- */

static int dump_core(void *arg)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	char *map = arg;

	setrlimit(RLIMIT_CORE, &unlimited);
	prctl(PR_SET_DUMPABLE, 1);
	(void)!chdir("/tmp");
	/* everything, file mappings too */
	int fd = open("/proc/self/coredump_filter", O_WRONLY);

	if (fd < 0 || write(fd, "0x7f", 4) != 4)
		return 50;
	close(fd);
	if (map[0] != (char)vmop_test_byte(KEY, 0))
		return 51;
	signal(SIGABRT, SIG_DFL);
	abort();
}

/* A core dump takes the pages that are there and asks for none. */
TEST_F(fault, core_dump_waits_for_nobody)
{
	char old[128] = "";
	struct stat st;
	int status, fd;
	ssize_t n;
	pid_t pid;

	fd = open("/proc/sys/kernel/core_pattern", O_RDWR);
	ASSERT_LE(0, fd);
	n = read(fd, old, sizeof(old) - 1);
	ASSERT_LT(0, n);
	mkdir("/tmp", 01777);
	unlink("/tmp/vmop-core");
	ASSERT_EQ(14, pwrite(fd, "/tmp/vmop-core", 14, 0));
	supply(&self->tp, &self->vmo, 0, 1);
	supply(&self->tp, &self->vmo, 7, 1);
	pid = test_child_start(dump_core, self->map);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, test_child_wait(pid, &status, NULL));
	EXPECT_EQ(n, pwrite(fd, old, n, 0));
	close(fd);
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGABRT, WTERMSIG(status));
	EXPECT_TRUE(WCOREDUMP(status));
	EXPECT_EQ(0, stat("/tmp/vmop-core", &st));
	EXPECT_LT(PG(NR), st.st_size);
	unlink("/tmp/vmop-core");
	EXPECT_EQ(0, vmop_test_requests(self->vmo.fd));
	expect_none(&self->tp);
}

struct exiting {
	char *map;
	pid_t tid;
};

/* Its thread id word lies in an absent page: cleared when it exits. */
static void *exit_with_tid_word(void *arg)
{
	struct exiting *e = arg;

	syscall(SYS_set_tid_address, e->map + PG(1));
	__atomic_store_n(&e->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return NULL;
}

/* Its list of robust futexes does: walked when it exits. */
static void *exit_with_robust_list(void *arg)
{
	struct exiting *e = arg;

	syscall(SYS_set_robust_list, e->map + PG(2),
		sizeof(struct robust_list_head));
	__atomic_store_n(&e->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	syscall(SYS_exit, 0);
	return NULL;
}

static bool thread_is_gone(void *arg)
{
	struct exiting *e = arg;
	pid_t tid = __atomic_load_n(&e->tid, __ATOMIC_ACQUIRE);

	return tid && !vmop_test_task_state(tid);
}

/* A thread that exits asks for nothing and waits for nobody. */
TEST_F(fault, exit_waits_for_nobody)
{
	struct exiting a = { self->map, 0 }, b = { self->map, 0 };
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	ASSERT_EQ(0, pthread_create(&t, &attr, exit_with_tid_word, &a));
	EXPECT_EQ(0, vmop_test_poll(thread_is_gone, &a));
	ASSERT_EQ(0, pthread_create(&t, &attr, exit_with_robust_list, &b));
	EXPECT_EQ(0, vmop_test_poll(thread_is_gone, &b));
	EXPECT_EQ(0, vmop_test_requests(self->vmo.fd));
	expect_none(&self->tp);
	pthread_attr_destroy(&attr);
}

/* ---- fast paths ---------------------------------------------------------- */

/* REQ-4: what is there is had without a request and without a major fault. */
TEST_F(fault, req_4_no_request_for_what_is_there)
{
	struct rusage before, after;
	char *buf = malloc(PG(NR));
	unsigned char vec[NR];
	int i;

	memset(buf, 0, PG(NR));
	supply(&self->tp, &self->vmo, 0, NR);
	getrusage(RUSAGE_THREAD, &before);
	EXPECT_EQ(PG(NR), vmop_test_pread(self->vmo.fd, buf, PG(NR), 0));
	EXPECT_EQ(PG(NR), vmop_test_pwrite(self->vmo.fd, buf, PG(NR), 0));
	for (i = 0; i < NR; i++)
		self->map[PG(i)]++;
	EXPECT_EQ(0, madvise(self->map, PG(NR), MADV_DONTNEED));
	EXPECT_TRUE(vmop_test_check(self->map + PG(1) + 8, KEY, PG(1) + 8,
				    PG(1) - 8));
	mincore(self->map, PG(NR), vec);
	getrusage(RUSAGE_THREAD, &after);
	EXPECT_EQ(0, vmop_test_requests(self->vmo.fd));
	EXPECT_EQ(before.ru_majflt, after.ru_majflt);
	EXPECT_EQ(before.ru_nvcsw, after.ru_nvcsw);
	expect_none(&self->tp);
	free(buf);
}

/* A fault that had to wait is a major one. */
TEST_F(fault, waiting_is_a_major_fault)
{
	struct test_pager_behaviour how = { .mode = TEST_PAGER_NORMAL };
	struct rusage before, after;

	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	getrusage(RUSAGE_THREAD, &before);
	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(4)));
	getrusage(RUSAGE_THREAD, &after);
	EXPECT_LE(4, after.ru_majflt - before.ru_majflt);
	EXPECT_EQ(4, vmop_test_requests(self->vmo.fd));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

/*
 * VMO-10: one fault maps the resident neighbours, up to sixteen that lie in one
 * aligned piece of memory, and only those.
 */
TEST_F(fault, vmo_10_fault_around)
{
	struct rusage before, after;
	char *at = self->map;
	__u64 pgoff;
	int i;

	while ((uintptr_t)at & (PG(16) - 1))
		at += PG(1);
	pgoff = (at - self->map) / PG(1);
	supply(&self->tp, &self->vmo, pgoff, 16);
	/* the code and the stack of the measurement are there */
	getrusage(RUSAGE_THREAD, &after);
	getrusage(RUSAGE_THREAD, &before);
	for (i = 0; i < 16; i++)
		(void)*(volatile char *)(at + PG(i));
	getrusage(RUSAGE_THREAD, &after);
	EXPECT_EQ(1, after.ru_minflt - before.ru_minflt);
	EXPECT_EQ(0, vmop_test_requests(self->vmo.fd));
	/* mapped for reading only: a write to one makes one dirty */
	at[PG(5)] = 1;
	detach(&self->tp, &self->vmo);
	EXPECT_EQ(PG(1), vmop_test_committed(self->vmo.fd));
	EXPECT_EQ(1, at[PG(5)]);
}

/* VMO-10: neighbours that are absent are not asked for, and not mapped. */
TEST_F(fault, vmo_10_fault_around_holes)
{
	int i;

	supply(&self->tp, &self->vmo, 0, NR);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(8), PG(2), NULL);
	for (i = 0; i < NR; i += 3)
		EXPECT_EQ(0, vmop_mem_touch(self->map + PG(i), 1, NULL));
	for (i = 0; i < NR; i++)
		if (i < 8 || i > 10)
			EXPECT_EQ(0, vmop_mem_touch(self->map + PG(i), 1, NULL));
	EXPECT_FALSE(vmop_test_pte_present(self->map + PG(8)));
	EXPECT_TRUE(vmop_test_check(self->map, KEY, 0, PG(8)));
	EXPECT_TRUE(vmop_test_check_zero(self->map + PG(8), PG(8), PG(2)));
	EXPECT_TRUE(vmop_test_check(self->map + PG(10), KEY, PG(10),
				    PG(NR - 10)));
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
