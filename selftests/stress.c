// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at random for VMOP_STRESS_SECONDS (10): reads and writes by call
 * and through mappings, COMMIT, PREFETCH, ZERO, hints, fork, resizing, failures.
 *
 * Writes write the pattern of the VMO's key, so a page is its pattern at all
 * times, or zeros where the VMO is zeroed or resized meanwhile. Every word that
 * is read is checked, and at the end everything is read once more.
 */
#include <sys/wait.h>

#include "vmop_test.h"

#define STRESS_PAGES 256
#define STRESS_WORKERS 6

/* One VMO, and what may happen to it. */
struct stress_vmo {
	struct test_vmo vmo;
	bool zeros_too;		/* it is zeroed and resized */
	bool fails_too;		/* its requests are failed */
};

struct stress {
	struct test_pager *tp;
	struct stress_vmo vmos[3];
	bool stop;		/* atomic */
};

struct stress_worker {
	struct stress *s;
	unsigned int seed;
	char *buf;		/* 32 pages */
	unsigned int nr_done[16];	/* atomic */
};

static unsigned int stress_seconds(void)
{
	const char *value = getenv("VMOP_STRESS_SECONDS");
	int seconds = value ? atoi(value) : 0;

	return seconds > 0 ? seconds : 10;
}

static unsigned int stress_random(struct stress_worker *w, unsigned int n)
{
	return rand_r(&w->seed) % n;
}

/* Every word is its own or, if that may be, zero. */
static bool stress_check(const struct stress_vmo *v, const char *buf,
			 __u64 off, size_t len)
{
	__u64 word;
	size_t i;

	for (i = 0; i + 8 <= len; i += 8) {
		memcpy(&word, buf + i, 8);
		if (word == vmop_test_word(v->vmo.key, off + i) ||
		    (!word && v->zeros_too))
			continue;
		fprintf(stderr, "# key %llu: word at %#llx is %#llx, not %#llx\n",
			v->vmo.key, off + i, word,
			vmop_test_word(v->vmo.key, off + i));
		return false;
	}
	return true;
}

/* Is this what may come of it? */
static bool stress_allowed(const struct stress_vmo *v, const char *what,
			   long ret)
{
	if (ret >= 0 || (v->fails_too && ret == -EIO) ||
	    (v->zeros_too && (ret == -ERANGE || ret == -EFBIG)))
		return true;
	fprintf(stderr, "# key %llu: %s: errno %ld\n", v->vmo.key, what, -ret);
	return false;
}

static bool stress_call(struct stress_worker *w, struct stress_vmo *v,
			__u64 off, size_t len, bool write)
{
	ssize_t n;

	if (write) {
		vmop_test_fill(w->buf, v->vmo.key, off, len);
		n = vmop_test_pwrite(v->vmo.fd, w->buf, len, off);
		return stress_allowed(v, "pwrite", n);
	}
	n = vmop_test_pread(v->vmo.fd, w->buf, len, off);
	return stress_allowed(v, "pread", n) &&
	       (n <= 0 || stress_check(v, w->buf, off, n));
}

static bool stress_map(struct stress_worker *w, struct stress_vmo *v,
		       __u64 off, size_t len, bool write)
{
	struct vmop_result res = { 0 };
	int ret;

	if (write) {
		vmop_test_fill(w->buf, v->vmo.key, off, len);
		ret = vmop_mem_write(v->vmo.map + off, w->buf, len, &res);
	} else {
		ret = vmop_mem_read(w->buf, v->vmo.map + off, len, &res);
		if (!stress_check(v, w->buf, off, res.ret))
			return false;
	}
	if (!ret || v->zeros_too || v->fails_too)
		return true;
	fprintf(stderr, "# key %llu: signal %d at %p\n", v->vmo.key, res.sig,
		res.sig_addr);
	return false;
}

/* A child that reads the mapping it inherits. */
static bool stress_fork(struct stress_worker *w, struct stress_vmo *v,
			__u64 off, size_t len)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return true;
	if (!pid)
		_exit(stress_map(w, v, off, len, false) ? 0 : 1);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       !WEXITSTATUS(status);
}

static bool stress_one(struct stress_worker *w)
{
	static const __u32 ops[] = {
		VMOP_VMO_OP_COMMIT, VMOP_VMO_OP_PREFETCH,
		VMOP_VMO_OP_DONT_NEED, VMOP_VMO_OP_ZERO,
	};
	struct stress_vmo *v = &w->s->vmos[stress_random(w, 3)];
	unsigned int what = stress_random(w, 16);
	__u64 pgoff = stress_random(w, STRESS_PAGES);
	__u64 nr = 1 + stress_random(w, 32);
	__u32 op = ops[what & 3];

	if (nr > STRESS_PAGES - pgoff)
		nr = STRESS_PAGES - pgoff;
	__atomic_add_fetch(&w->nr_done[what], 1, __ATOMIC_RELAXED);
	switch (what) {
	case 0 ... 3:
		return stress_call(w, v, PG(pgoff), PG(nr), what & 1);
	case 4 ... 7:
		return stress_map(w, v, PG(pgoff), PG(nr), what & 1);
	case 8 ... 11:
		if (op == VMOP_VMO_OP_ZERO && !v->zeros_too)
			op = VMOP_VMO_OP_PREFETCH;
		return stress_allowed(v, "operation",
				      vmop_test_vmo_op(v->vmo.fd, op,
						       PG(pgoff), PG(nr),
						       NULL));
	case 12:
		madvise(v->vmo.map + PG(pgoff), PG(nr), MADV_DONTNEED);
		return true;
	case 13:
		return !stress_random(w, 8) ?
		       stress_fork(w, v, PG(pgoff), PG(nr)) : true;
	case 14:
		if (!v->zeros_too)
			return true;
		return !vmop_test_set_size(v->vmo.fd, PG(pgoff + 1)) &&
		       !vmop_test_set_size(v->vmo.fd, PG(STRESS_PAGES));
	default:
		if (!v->fails_too)
			return true;
		return !test_pager_fail(w->s->tp, &v->vmo, pgoff, nr, EIO);
	}
}

static void stress_worker(void *arg, struct vmop_result *res)
{
	struct stress_worker *w = arg;

	w->buf = malloc(PG(32));
	while (w->buf && !__atomic_load_n(&w->s->stop, __ATOMIC_RELAXED)) {
		if (!stress_one(w)) {
			res->err = EILSEQ;
			__atomic_store_n(&w->s->stop, true, __ATOMIC_RELAXED);
		}
		res->ret++;
	}
	free(w->buf);
}

/* Was every kind of thing done by somebody? */
static bool stress_had_all(const struct stress_worker *workers)
{
	unsigned int i, j, sum;

	for (j = 0; j < 16; j++) {
		sum = 0;
		for (i = 0; i < STRESS_WORKERS; i++)
			sum += __atomic_load_n(&workers[i].nr_done[j],
					       __ATOMIC_RELAXED);
		if (!sum)
			return false;
	}
	return true;
}

VMOP_FIXTURE(stress)

/* Ten minutes are enough for any VMOP_STRESS_SECONDS that makes sense. */
TEST_F_TIMEOUT(stress, everything_at_random, 600)
{
	struct test_pager_behaviour how = {
		.mode = TEST_PAGER_NORMAL, .nr_threads = 2, .supply_pages = 5,
	};
	static struct stress_worker workers[STRESS_WORKERS];
	struct vmop_thread *threads[STRESS_WORKERS];
	struct stress s = { .tp = &self->tp };
	struct vmop_result res;
	unsigned long total = 0;
	unsigned int i;
	__u64 end;

	for (i = 0; i < 3; i++) {
		s.vmos[i].zeros_too = i == 1;
		s.vmos[i].fails_too = i == 2;
		new_resizable(&self->tp, &s.vmos[i].vmo, i + 1, STRESS_PAGES);
	}
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	end = vmop_test_now_ms() + stress_seconds() * 1000;
	for (i = 0; i < STRESS_WORKERS; i++) {
		workers[i].s = &s;
		workers[i].seed = i + 1;
		threads[i] = vmop_thread_call(stress_worker, &workers[i]);
		ASSERT_NE(NULL, threads[i]);
	}
	/* The time that was asked for, and longer on a machine that is slow. */
	while ((vmop_test_now_ms() < end ||
		(!stress_had_all(workers) &&
		 vmop_test_now_ms() < end + vmop_test_timeout_ms())) &&
	       !__atomic_load_n(&s.stop, __ATOMIC_RELAXED))
		vmop_test_nap_ms(20);
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < STRESS_WORKERS; i++) {
		ASSERT_EQ(0, vmop_thread_wait(threads[i], &res));
		EXPECT_EQ(0, res.err);
		total += res.ret;
	}
	EXPECT_TRUE(stress_had_all(workers));
	TH_LOG("%lu operations", total);
	/* Once more, all of it, by both ways. */
	for (i = 0; i < 3; i++) {
		char *buf = malloc(PG(STRESS_PAGES));
		__u64 off;

		ASSERT_NE(NULL, buf);
		for (off = 0; off < PG(STRESS_PAGES); off += PG(16)) {
			ASSERT_EQ(PG(16), vmop_test_pread(s.vmos[i].vmo.fd,
							  buf + off, PG(16),
							  off));
		}
		EXPECT_TRUE(stress_check(&s.vmos[i], buf, 0,
					 PG(STRESS_PAGES)));
		EXPECT_EQ(0, memcmp(buf, s.vmos[i].vmo.map, PG(STRESS_PAGES)));
		EXPECT_EQ(0, vmop_test_waiters(s.vmos[i].vmo.fd));
		free(buf);
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
