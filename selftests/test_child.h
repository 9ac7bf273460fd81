/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Child processes of a test: started with a function, watched until they
 * sleep, killed with a stop watch. A child dies with its parent, so a failed
 * assertion leaves nothing behind.
 *
 * A child inherits the descriptors of pager and port: a test that closes them
 * to see what happens must not have children.
 */
#ifndef VMOP_TEST_CHILD_H
#define VMOP_TEST_CHILD_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmop_util.h"

/*
 * Milliseconds in which a call that must not wait has to be done. One that does
 * wait for a silent pager never ends: so this is far above what a busy machine
 * does to any call, and far below for ever.
 */
static inline __u64 test_child_soon_ms(void)
{
	return 500 * vmop_test_scale();
}

/* Runs fn(arg) in a child, which exits with what fn returns. pid or -errno. */
static inline pid_t test_child_start(int (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid(), pid;
	struct rlimit core;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid)
		return pid;
	signal(SIGTERM, SIG_DFL);
	/* those that are meant to die need not leave a core */
	getrlimit(RLIMIT_CORE, &core);
	core.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &core);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(100);
	_exit(fn(arg));
}

/* One letter of /proc/PID/stat, or 0. */
static inline char test_child_state(pid_t pid)
{
	char path[64], line[256], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	line[n] = 0;
	p = strrchr(line, ')');
	return p && p[1] ? p[2] : 0;
}

struct test_child_wait {
	pid_t pid;
	const char *states;
	int vmo;
	unsigned int waiters;
};

static inline bool test_child_is(void *arg)
{
	struct test_child_wait *w = arg;
	char state = test_child_state(w->pid);

	return state && strchr(w->states, state) &&
	       (w->vmo < 0 || vmop_test_waiters(w->vmo) == w->waiters);
}

/* Until it sleeps and n threads wait for the VMO's pager. 0 or -ETIMEDOUT. */
static inline int test_child_wait_blocked(pid_t pid, int vmo, unsigned int n)
{
	struct test_child_wait w = { pid, "SD", vmo, n };
	int ret = vmop_test_poll(test_child_is, &w);

	if (ret)
		fprintf(stderr, "# child not blocked: state %c, %u waiters of %u\n",
			test_child_state(pid) ?: '-', vmop_test_waiters(vmo),
			n);
	return ret;
}

/* Until it is stopped or dead, by one of these letters. 0 or -ETIMEDOUT. */
static inline int test_child_wait_state(pid_t pid, const char *states)
{
	struct test_child_wait w = { pid, states, -1, 0 };

	return vmop_test_poll(test_child_is, &w);
}

/*
 * Waits for its end: 0 with the status, or -ETIMEDOUT. ms may be NULL, and gets
 * the time that it took.
 */
static inline int test_child_wait(pid_t pid, int *status, __u64 *ms)
{
	__u64 start = vmop_test_now_ms(), now;
	pid_t ret;

	for (;;) {
		ret = waitpid(pid, status, WNOHANG);
		now = vmop_test_now_ms();
		if (ms)
			*ms = now - start;
		if (ret == pid)
			return 0;
		if (ret < 0)
			return -errno;
		if (now - start > (__u64)vmop_test_timeout_ms())
			return -ETIMEDOUT;
		usleep(500);
	}
}

/* Sends a signal that must end it, and takes the time. 0 or -errno. */
static inline int test_child_kill(pid_t pid, int sig, __u64 *ms)
{
	int status, ret;

	if (kill(pid, sig))
		return -errno;
	ret = test_child_wait(pid, &status, ms);
	if (ret)
		return ret;
	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig) {
		fprintf(stderr, "# child ended with status %#x\n", status);
		return -EPROTO;
	}
	return 0;
}

#endif /* VMOP_TEST_CHILD_H */
