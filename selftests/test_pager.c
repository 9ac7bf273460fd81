// SPDX-License-Identifier: GPL-2.0
/*
 * The test pager: objects, the manual calls and the server; see test_pager.h.
 *
 * The VMO table grows while server threads read it: an entry is written before
 * nr_vmos says (release) that it is there. Entries are not reused; one whose
 * descriptor is closed is not found.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test_pager.h"

/* ---- objects ------------------------------------------------------------- */

static void test_pager_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int test_pager_init(struct test_pager *tp)
{
	memset(tp, 0, sizeof(*tp));
	tp->port = -1;
	tp->stop_fd = -1;
	pthread_rwlock_init(&tp->vmos_lock, NULL);
	tp->fd = vmop_test_open_pager();
	if (tp->fd < 0) {
		fprintf(stderr, "# %s: %s (is the module loaded?)\n",
			VMOP_TEST_DEV, strerror(-tp->fd));
		return tp->fd;
	}
	tp->port = vmop_test_port_create(tp->fd);
	if (tp->port < 0)
		return tp->port;
	if (fcntl(tp->port, F_SETFL, O_NONBLOCK))
		return -errno;
	return 0;
}

/* By the copy in the table, which is all that is left at the end. */
static void test_pager_unmap(struct test_vmo *vmo)
{
	if (vmo->map)
		munmap(vmo->map, PG(vmo->nr_pages));
	vmo->map = NULL;
}

void test_vmo_unmap(struct test_pager *tp, struct test_vmo *vmo)
{
	test_pager_unmap(&tp->vmos[vmo->slot]);
	vmo->map = NULL;
}

int test_vmo_map(struct test_pager *tp, struct test_vmo *vmo, __u64 nr)
{
	struct test_vmo *copy = &tp->vmos[vmo->slot];
	void *map;

	test_vmo_unmap(tp, vmo);
	map = mmap(NULL, PG(nr), PROT_READ | PROT_WRITE, MAP_SHARED, vmo->fd,
		   0);
	if (map == MAP_FAILED)
		return -errno;
	vmo->map = map;
	copy->map = map;
	vmo->nr_pages = nr;
	copy->nr_pages = nr;
	return 0;
}

void test_vmo_close_fd(struct test_pager *tp, struct test_vmo *vmo)
{
	pthread_rwlock_wrlock(&tp->vmos_lock);
	test_pager_close_fd(&tp->vmos[vmo->slot].fd);
	pthread_rwlock_unlock(&tp->vmos_lock);
	vmo->fd = -1;
}

void test_vmo_set_fd(struct test_pager *tp, struct test_vmo *vmo, int fd)
{
	pthread_rwlock_wrlock(&tp->vmos_lock);
	tp->vmos[vmo->slot].fd = fd;
	pthread_rwlock_unlock(&tp->vmos_lock);
	vmo->fd = fd;
}

void test_vmo_close(struct test_pager *tp, struct test_vmo *vmo)
{
	test_vmo_unmap(tp, vmo);
	test_vmo_close_fd(tp, vmo);
}

void test_pager_close(struct test_pager *tp)
{
	test_pager_close_fd(&tp->fd);
}

void test_pager_close_port(struct test_pager *tp)
{
	test_pager_close_fd(&tp->port);
}

void test_pager_exit(struct test_pager *tp)
{
	unsigned int i;

	if (tp->pid)
		test_pager_kill(tp);
	if (tp->nr_threads)
		test_pager_stop(tp);
	/* The pager goes first: it releases who still waits for it. */
	test_pager_close(tp);
	test_pager_close_port(tp);
	for (i = 0; i < tp->nr_vmos; i++)
		test_vmo_close(tp, &tp->vmos[i]);
}

int test_pager_vmo_args(struct test_pager *tp, struct test_vmo *vmo,
			const struct vmop_test_vmo_args *args)
{
	memset(vmo, 0, sizeof(*vmo));
	vmo->fd = -1;
	if (tp->nr_vmos == TEST_PAGER_MAX_VMOS)
		return -ENOSPC;
	vmo->fd = vmop_test_pager_vmo_create(tp->fd, tp->port, args);
	if (vmo->fd < 0)
		return vmo->fd;
	vmo->key = args->key;
	vmo->nr_pages = (args->length + vmop_test_page_size - 1) /
			vmop_test_page_size;
	vmo->slot = tp->nr_vmos;
	tp->vmos[vmo->slot] = *vmo;
	__atomic_store_n(&tp->nr_vmos, tp->nr_vmos + 1, __ATOMIC_RELEASE);
	return vmo->nr_pages ? test_vmo_map(tp, vmo, vmo->nr_pages) : 0;
}

int test_pager_vmo(struct test_pager *tp, struct test_vmo *vmo, __u64 key,
		   __u64 nr)
{
	struct vmop_test_vmo_args args = { .key = key, .length = PG(nr) };

	return test_pager_vmo_args(tp, vmo, &args);
}

/* ---- manual: records ----------------------------------------------------- */

static void test_port_print(const char *what, const struct vmop_port_record *rec)
{
	fprintf(stderr, "# %s: type %u flags %#x key %llu, %llu pages at %llu, id %llu\n",
		what, rec->type, rec->flags, rec->key,
		rec->length / vmop_test_page_size,
		rec->offset / vmop_test_page_size, rec->id);
}

int test_port_next(int port, struct vmop_port_record *rec)
{
	struct pollfd pfd = { .fd = port, .events = POLLIN };
	__u64 end = vmop_test_now_ms() + vmop_test_timeout_ms();
	ssize_t n;

	/* Another reader may be faster: poll again then. */
	for (;;) {
		n = read(port, rec, sizeof(*rec));
		if (n == sizeof(*rec))
			return 0;
		if (!n)
			return -EPIPE;
		if (n > 0)
			return -EIO;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (vmop_test_now_ms() > end)
			return -ETIMEDOUT;
		poll(&pfd, 1, vmop_test_timeout_ms());
	}
}

int test_pager_expect(struct test_pager *tp,
		      const struct vmop_port_record *want)
{
	struct vmop_port_record *rec = &tp->last;
	static const __u64 zero[3];
	bool has_id;
	int ret = test_port_next(tp->port, rec);

	if (ret) {
		test_port_print("no record, expected", want);
		return ret;
	}
	/* Only requests have ids, and every request has one. */
	has_id = rec->type != VMOP_RECORD_COMPLETE;
	if (rec->type == want->type && rec->flags == want->flags &&
	    rec->key == want->key && rec->offset == want->offset &&
	    rec->length == want->length &&
	    !!rec->id == has_id &&
	    !memcmp(rec->__reserved, zero, sizeof(zero)))
		return 0;
	test_port_print("expected", want);
	test_port_print("came", rec);
	return -EBADMSG;
}

int test_pager_expect_read(struct test_pager *tp, const struct test_vmo *vmo,
			   __u64 pgoff, __u64 nr)
{
	struct vmop_port_record want = {
		.type = VMOP_RECORD_READ,
		.key = vmo->key,
		.offset = PG(pgoff),
		.length = PG(nr),
	};

	return test_pager_expect(tp, &want);
}

int test_pager_expect_complete(struct test_pager *tp, __u64 key)
{
	struct vmop_port_record want = {
		.type = VMOP_RECORD_COMPLETE,
		.key = key,
	};

	return test_pager_expect(tp, &want);
}

int test_pager_expect_none(struct test_pager *tp)
{
	struct pollfd pfd = { .fd = tp->port, .events = POLLIN };
	struct vmop_port_record rec;
	ssize_t n;

	if (poll(&pfd, 1, 0) && pfd.revents & POLLIN)
		fprintf(stderr, "# poll says that a record is there\n");
	n = read(tp->port, &rec, sizeof(rec));
	if (n < 0)
		return errno == EAGAIN && !pfd.revents ? 0 : -errno;
	if (n == sizeof(rec))
		test_port_print("expected none, came", &rec);
	return -EBADMSG;
}

/* ---- manual: answers ----------------------------------------------------- */

int test_pager_aux(struct test_pager *tp, __u64 key, __u64 pgoff, __u64 nr)
{
	int aux = vmop_test_vmo_create(tp->fd, 0, PG(nr));
	void *map;

	if (aux < 0)
		return aux;
	map = mmap(NULL, PG(nr), PROT_READ | PROT_WRITE, MAP_SHARED, aux, 0);
	if (map == MAP_FAILED) {
		int ret = -errno;

		close(aux);
		return ret;
	}
	vmop_test_fill(map, key, PG(pgoff), PG(nr));
	munmap(map, PG(nr));
	return aux;
}

/* Supply from aux, which is closed. All of it must be done. */
static int test_pager_supply_aux(struct test_pager *tp,
				 const struct test_vmo *vmo, __u64 pgoff,
				 __u64 nr, int aux)
{
	__u64 actual;
	int ret;

	if (aux < 0)
		return aux;
	ret = vmop_test_supply(tp->fd, vmo->fd, PG(pgoff), PG(nr), aux, 0,
			       &actual);
	close(aux);
	if (!ret && actual != PG(nr)) {
		fprintf(stderr, "# supply of %llu bytes did %llu\n", PG(nr),
			actual);
		return -EIO;
	}
	return ret;
}

int test_pager_supply_key(struct test_pager *tp, const struct test_vmo *vmo,
			  __u64 pgoff, __u64 nr, __u64 key)
{
	return test_pager_supply_aux(tp, vmo, pgoff, nr,
				     test_pager_aux(tp, key, pgoff, nr));
}

int test_pager_supply(struct test_pager *tp, const struct test_vmo *vmo,
		      __u64 pgoff, __u64 nr)
{
	return test_pager_supply_key(tp, vmo, pgoff, nr, vmo->key);
}

int test_pager_supply_empty(struct test_pager *tp, const struct test_vmo *vmo,
			    __u64 pgoff, __u64 nr)
{
	return test_pager_supply_aux(tp, vmo, pgoff, nr,
				     vmop_test_vmo_create(tp->fd, 0, PG(nr)));
}

int test_pager_fail(struct test_pager *tp, const struct test_vmo *vmo,
		    __u64 pgoff, __u64 nr, int err)
{
	return vmop_test_fail(tp->fd, vmo->fd, PG(pgoff), PG(nr), err);
}

int test_pager_detach(struct test_pager *tp, const struct test_vmo *vmo)
{
	return vmop_test_detach(tp->fd, vmo->fd);
}

int test_pager_serve_one(struct test_pager *tp, const struct test_vmo *vmo,
			 __u64 pgoff, __u64 nr)
{
	int ret = test_pager_expect_read(tp, vmo, pgoff, nr);

	return ret ? ret : test_pager_supply(tp, vmo, pgoff, nr);
}

/* ---- served -------------------------------------------------------------- */

/* Good as long as vmos_lock is held. */
static const struct test_vmo *test_pager_find(struct test_pager *tp, __u64 key)
{
	unsigned int n = __atomic_load_n(&tp->nr_vmos, __ATOMIC_ACQUIRE);

	while (n--)
		if (tp->vmos[n].fd >= 0 && tp->vmos[n].key == key)
			return &tp->vmos[n];
	return NULL;
}

static int test_pager_put(struct test_pager *tp, const struct test_vmo *vmo,
			  __u64 pgoff, __u64 nr)
{
	void *buf;
	int ret;

	if (tp->how.method == TEST_PAGER_MOVE)
		return test_pager_supply(tp, vmo, pgoff, nr);
	buf = malloc(PG(nr));
	if (!buf)
		return -ENOMEM;
	vmop_test_fill(buf, vmo->key, PG(pgoff), PG(nr));
	ret = vmop_test_supply_copy(tp->fd, vmo->fd, PG(pgoff), PG(nr), buf,
				    NULL);
	free(buf);
	return ret;
}

static int test_pager_put_all(struct test_pager *tp, const struct test_vmo *vmo,
			      __u64 pgoff, __u64 nr)
{
	__u64 step = tp->how.supply_pages ? tp->how.supply_pages : nr, n;
	int ret = 0;

	while (nr && !ret) {
		n = nr < step ? nr : step;
		ret = test_pager_put(tp, vmo, pgoff, n);
		pgoff += n;
		nr -= n;
	}
	return ret;
}

/* A VMO that shrank, was detached or closed meanwhile is no error. */
static bool test_pager_is_late(int ret)
{
	return ret == -ERANGE || ret == -ENOTCONN || ret == -EBADF;
}

/* A READ of a VMO that is there. */
static int test_pager_answer_read(struct test_pager *tp,
				  const struct test_vmo *vmo,
				  const struct vmop_port_record *rec)
{
	const struct test_pager_behaviour *how = &tp->how;
	__u64 pgoff = rec->offset / vmop_test_page_size;
	__u64 nr = rec->length / vmop_test_page_size;

	switch (how->mode) {
	case TEST_PAGER_SILENT:
	case TEST_PAGER_DEAF:
		return 0;
	case TEST_PAGER_FAILING:
		return test_pager_fail(tp, vmo, pgoff, nr, how->err);
	case TEST_PAGER_DYING:
		if (tp->nr_records > how->die_after)
			kill(getpid(), SIGKILL);
		break;
	case TEST_PAGER_SLOW:
		vmop_test_nap_ms(how->delay_ms);
		break;
	case TEST_PAGER_NORMAL:
		break;
	}
	return test_pager_put_all(tp, vmo, pgoff, nr);
}

static int test_pager_answer(struct test_pager *tp,
			     const struct vmop_port_record *rec)
{
	const struct test_vmo *vmo;
	int ret = 0;

	if (rec->type == VMOP_RECORD_COMPLETE) {
		__atomic_add_fetch(&tp->nr_completes, 1, __ATOMIC_RELAXED);
		return 0;
	}
	if (rec->type != VMOP_RECORD_READ) {
		test_port_print("unknown record", rec);
		return -EBADMSG;
	}
	__atomic_add_fetch(&tp->nr_records, 1, __ATOMIC_RELAXED);
	pthread_rwlock_rdlock(&tp->vmos_lock);
	vmo = test_pager_find(tp, rec->key);
	if (vmo)
		ret = test_pager_answer_read(tp, vmo, rec);
	pthread_rwlock_unlock(&tp->vmos_lock);
	return ret;
}

/* Until stop_fd is readable or the port is dead. */
static int test_pager_loop(struct test_pager *tp)
{
	struct pollfd pfd[2] = {
		{ .fd = tp->stop_fd, .events = POLLIN },
		{ .fd = tp->how.mode == TEST_PAGER_DEAF ? -1 : tp->port,
		  .events = POLLIN },
	};
	struct vmop_port_record rec[4];
	ssize_t n, i;
	int ret;

	for (;;) {
		if (poll(pfd, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (pfd[0].revents)
			return 0;
		n = read(tp->port, rec, sizeof(rec));
		if (!n)
			return 0;
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -errno;
		for (i = 0; i < n / (ssize_t)sizeof(*rec); i++) {
			ret = test_pager_answer(tp, &rec[i]);
			if (ret && !test_pager_is_late(ret))
				return ret;
		}
	}
}

static void *test_pager_thread(void *arg)
{
	struct test_pager *tp = arg;
	int none = 0, ret = test_pager_loop(tp);

	if (ret) {
		fprintf(stderr, "# test pager: %s\n", strerror(-ret));
		__atomic_compare_exchange_n(&tp->error, &none, ret, false,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
	return NULL;
}

int test_pager_serve(struct test_pager *tp,
		     const struct test_pager_behaviour *how)
{
	unsigned int want = how->nr_threads ? how->nr_threads : 1;
	int ret;

	if (tp->nr_threads || want > TEST_PAGER_MAX_THREADS)
		return -EINVAL;
	tp->how = *how;
	tp->error = 0;
	tp->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (tp->stop_fd < 0)
		return -errno;
	while (tp->nr_threads < want) {
		ret = pthread_create(&tp->threads[tp->nr_threads], NULL,
				     test_pager_thread, tp);
		if (ret) {
			test_pager_stop(tp);
			return -ret;
		}
		tp->nr_threads++;
	}
	return 0;
}

int test_pager_stop(struct test_pager *tp)
{
	__u64 one = 1;
	unsigned int i;

	/* Never drained: every thread sees it. */
	if (write(tp->stop_fd, &one, sizeof(one)) != sizeof(one))
		return -EIO;
	for (i = 0; i < tp->nr_threads; i++)
		pthread_join(tp->threads[i], NULL);
	tp->nr_threads = 0;
	test_pager_close_fd(&tp->stop_fd);
	return tp->error;
}

/* ---- a process of its own ------------------------------------------------ */

static void test_pager_child(struct test_pager *tp, int ready)
{
	char byte = 1;
	unsigned int i;
	int ret;

	/* A test that is killed takes its pager along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < tp->nr_vmos; i++)
		test_pager_unmap(&tp->vmos[i]);
	/* Never written: the parent ends this process by a signal. */
	tp->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (tp->stop_fd < 0 || write(ready, &byte, 1) != 1)
		_exit(1);
	close(ready);
	ret = test_pager_loop(tp);
	if (ret)
		fprintf(stderr, "# forked test pager: %s\n", strerror(-ret));
	_exit(ret ? 1 : 0);
}

int test_pager_fork(struct test_pager *tp,
		    const struct test_pager_behaviour *how)
{
	int ready[2];
	char byte;
	int ret = 0;

	if (tp->pid || tp->nr_threads)
		return -EINVAL;
	if (pipe(ready))
		return -errno;
	tp->how = *how;
	tp->pid = fork();
	if (tp->pid < 0) {
		ret = -errno;
		tp->pid = 0;
	} else if (!tp->pid) {
		close(ready[0]);
		test_pager_child(tp, ready[1]);
	}
	close(ready[1]);
	if (!ret && read(ready[0], &byte, 1) != 1)
		ret = -EPIPE;
	close(ready[0]);
	if (!ret) {
		test_pager_close(tp);
		test_pager_close_port(tp);
	}
	return ret;
}

int test_pager_kill(struct test_pager *tp)
{
	if (!tp->pid)
		return -ESRCH;
	kill(tp->pid, SIGKILL);
	return test_pager_wait_death(tp);
}

static bool test_pager_is_dead(void *arg)
{
	struct test_pager *tp = arg;

	return waitpid(tp->pid, NULL, WNOHANG) != 0;
}

int test_pager_wait_death(struct test_pager *tp)
{
	int ret = vmop_test_poll(test_pager_is_dead, tp);

	if (!ret)
		tp->pid = 0;
	return ret;
}
