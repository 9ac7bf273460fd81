// SPDX-License-Identifier: GPL-2.0
/*
 * Many threads at once: one request for all who want a page, hundreds of
 * requests, and supplies that race with shrinking, detach, close and kill. In
 * all of it an access gets its content or an error, never anything else. The
 * random mixture is stress.c.
 */
#include <sys/wait.h>

#include "vmop_test.h"

VMOP_FIXTURE(concurrency)
VMOP_FIXTURE_BY_ACCESS(access)

/* A debug kernel under emulation needs most of a second for some of them. */
static int rounds(int n)
{
	return vmop_test_scale() > 1 ? n / 4 : n;
}

static const struct test_pager_behaviour normal = {
	.mode = TEST_PAGER_NORMAL,
};

/* ---- many ------------------------------------------------------------------- */

struct together {
	pthread_barrier_t start;
	const struct test_vmo *vmo;
	__u64 pgoff;
	bool map;
};

/* Wait for the others, then read the page and check it. */
static void read_together(void *arg, struct vmop_result *res)
{
	struct together *g = arg;
	char *buf = malloc(PG(1));

	pthread_barrier_wait(&g->start);
	if (g->map) {
		vmop_mem_read(buf, g->vmo->map + PG(g->pgoff), PG(1), res);
	} else {
		res->ret = pread(g->vmo->fd, buf, PG(1), PG(g->pgoff));
		res->err = res->ret < 0 ? errno : 0;
	}
	if (res->ret == PG(1) &&
	    !vmop_test_check(buf, g->vmo->key, PG(g->pgoff), PG(1)))
		res->err = EILSEQ;
	free(buf);
}

/* REQ-10: 32 threads on one page, with a pager that answers: one request. */
TEST_F(access, one_request_for_32_threads)
{
	struct together g = { .map = variant->map };
	struct vmop_thread *t[32];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, rounds(20));
	g.vmo = &vmo;
	ASSERT_EQ(0, test_pager_serve(&self->tp, &normal));
	for (g.pgoff = 0; g.pgoff < rounds(20); g.pgoff++) {
		ASSERT_EQ(0, pthread_barrier_init(&g.start, NULL, 32));
		for (i = 0; i < 32; i++)
			t[i] = vmop_thread_call(read_together, &g);
		for (i = 0; i < 32; i++)
			expect_done(t[i], PG(1));
		pthread_barrier_destroy(&g.start);
		EXPECT_EQ(g.pgoff + 1, vmop_test_requests(vmo.fd));
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

/* 257 threads that wait for a page each; all are answered, in odd order. */
TEST_F(access, blocked_257)
{
	static struct vmop_port_record rec[257];
	struct vmop_thread *t[257];
	struct test_vmo vmo;
	bool seen[257] = { false };
	size_t have = 0;
	ssize_t n;
	int i;

	new_vmo(&self->tp, &vmo, 1, 257);
	for (i = 0; i < 257; i++)
		t[i] = start_read(&vmo, i, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(vmo.fd, 257));
	while (have < 257) {
		n = read(self->tp.port, &rec[have], 50 * sizeof(*rec));
		ASSERT_LT(0, n);
		have += n / sizeof(*rec);
	}
	expect_none(&self->tp);
	for (i = 0; i < 257; i++) {
		ASSERT_EQ(PG(1), rec[i].length);
		EXPECT_FALSE(seen[rec[i].offset / PG(1)]);
		seen[rec[i].offset / PG(1)] = true;
	}
	/* 100 and 257 have no common factor: every page once. */
	for (i = 0; i < 257; i++)
		supply(&self->tp, &vmo, i * 100 % 257, 1);
	for (i = 0; i < 257; i++)
		expect_content(t[i], PG(1), 1, PG(i));
	EXPECT_EQ(257, vmop_test_requests(vmo.fd));
	EXPECT_EQ(0, vmop_test_waiters(vmo.fd));
}

/* Four servers on one port, eight readers over the same pages. */
TEST_F(access, several_servers)
{
	struct test_pager_behaviour four = {
		.mode = TEST_PAGER_NORMAL, .method = TEST_PAGER_COPY,
		.nr_threads = 4, .supply_pages = 3,
	};
	struct vmop_vmo_get_info info;
	struct vmop_thread *t[8];
	struct test_vmo vmo;
	int i;

	new_vmo(&self->tp, &vmo, 1, 512);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &four));
	for (i = 0; i < 8; i++)
		t[i] = start_read(&vmo, i * 32, 256);
	for (i = 0; i < 8; i++)
		expect_content(t[i], PG(256), 1, PG(i * 32));
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	test_get_info(vmo.fd, &info);
	EXPECT_EQ(PG(256 + 7 * 32), info.out_committed);
	/* Nobody waits, nothing is left in the port. */
	EXPECT_EQ(0, info.out_num_waiters);
	expect_none(&self->tp);
}

/* Many VMOs on one port, each with readers. */
TEST_F(concurrency, many_vmos)
{
	struct test_pager_behaviour two = {
		.mode = TEST_PAGER_NORMAL, .nr_threads = 2,
	};
	static struct test_vmo vmos[64];
	struct vmop_thread *t[64][2];
	int i;

	for (i = 0; i < 64; i++)
		new_vmo(&self->tp, &vmos[i], i, 24);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &two));
	for (i = 0; i < 64; i++) {
		t[i][0] = vmop_thread_pread(vmos[i].fd, 0, PG(24));
		t[i][1] = vmop_thread_load(vmos[i].map, PG(24));
	}
	for (i = 0; i < 64; i++) {
		expect_content(t[i][0], PG(24), i, 0);
		expect_content(t[i][1], PG(24), i, 0);
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

/* ---- races -------------------------------------------------------------------- */

/*
 * Readers that go over a VMO until they meet the end of the race. A page is the
 * pattern or, where it may have been cut off and grown anew, all zeros.
 */
struct race {
	struct test_pager *tp;
	struct test_vmo *vmo;
	bool map;
	bool zeros_too;
	bool stop;		/* atomic */
};

static bool race_is_content(const struct race *r, const void *buf, __u64 off)
{
	__u64 first;

	memcpy(&first, buf, sizeof(first));
	if (r->zeros_too && !first)
		return vmop_test_check_zero(buf, off, PG(1));
	return vmop_test_check(buf, r->vmo->key, off, PG(1));
}

/*
 * ret: pages read well. err: 0, the errno that ended it (EFAULT: a signal), or
 * EILSEQ: something was read that is nobody's content.
 */
static void race_reader(void *arg, struct vmop_result *res)
{
	struct race *r = arg;
	char *buf = malloc(PG(1));
	long pages = 0;
	__u64 off = 0;
	ssize_t n;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		if (r->map)
			n = vmop_mem_read(buf, r->vmo->map + off, PG(1), NULL) ?
			    -EFAULT : (ssize_t)PG(1);
		else
			n = vmop_test_pread(r->vmo->fd, buf, PG(1), off);
		if (n == PG(1)) {
			pages++;
			if (!race_is_content(r, buf, off)) {
				res->err = EILSEQ;
				break;
			}
		} else if (!r->zeros_too) {
			/* Nothing is cut off here: this is the end. */
			res->err = n < 0 ? -n : EPIPE;
			break;
		} else if (n < 0 && n != -EFAULT) {
			res->err = -n;
			break;
		}
		off += PG(1);
		if (off >= PG(r->vmo->nr_pages))
			off = 0;
	}
	free(buf);
	res->ret = pages;
}

/* Readers of a race that ended as a dead pager lets them end. */
#define expect_lost_readers(_threads, _nr, _map) do { \
	unsigned int __i; \
	for (__i = 0; __i < (_nr); __i++) { \
		struct vmop_result __res; \
		ASSERT_EQ(0, vmop_thread_wait((_threads)[__i], &__res)); \
		EXPECT_EQ((_map) ? EFAULT : ENOTCONN, __res.err); \
	} \
} while (0)

/* Supplies every page of the VMO again and again. */
static void race_supplier(void *arg, struct vmop_result *res)
{
	struct race *r = arg;
	__u64 pgoff = 0;
	int ret;

	while (!__atomic_load_n(&r->stop, __ATOMIC_RELAXED)) {
		ret = test_pager_supply(r->tp, r->vmo, pgoff, 4);
		res->ret++;
		if (ret && ret != -ERANGE) {
			res->err = -ret;
			return;
		}
		pgoff = (pgoff + 4) % r->vmo->nr_pages;
	}
}

/* A supply that meets a shrink: ERANGE or done; no stale page comes back. */
TEST_F(access, supply_races_with_shrink)
{
	struct vmop_thread *readers[4], *suppliers[2];
	struct test_vmo vmo;
	struct race r = { .tp = &self->tp, .vmo = &vmo, .map = variant->map,
			  .zeros_too = true };
	int i;

	new_resizable(&self->tp, &vmo, 1, 64);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &normal));
	for (i = 0; i < 4; i++)
		readers[i] = vmop_thread_call(race_reader, &r);
	for (i = 0; i < 2; i++)
		suppliers[i] = vmop_thread_call(race_supplier, &r);
	for (i = 0; i < rounds(300); i++) {
		test_set_size(vmo.fd, PG(i * 7 % 64));
		if (!(i % 16))
			vmop_test_nap_ms(1);
		test_set_size(vmo.fd, PG(64));
	}
	/* Cut off for good: everything is zero behind that, supplied or not. */
	test_set_size(vmo.fd, PG(8));
	test_set_size(vmo.fd, PG(64));
	EXPECT_TRUE(vmop_test_check_fd_zero(vmo.fd, PG(8), PG(56)));
	__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++) {
		struct vmop_result res;

		ASSERT_EQ(0, vmop_thread_wait(readers[i], &res));
		EXPECT_EQ(0, res.err);
	}
	for (i = 0; i < 2; i++) {
		struct vmop_result res;

		ASSERT_EQ(0, vmop_thread_wait(suppliers[i], &res));
		EXPECT_EQ(0, res.err);
		EXPECT_LT(0, res.ret);
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
}

struct taker {
	const struct test_pager *tp;
	struct test_vmo vmo;
	pthread_barrier_t *start;
	int aux;
};

static void take_from_aux(void *arg, struct vmop_result *res)
{
	struct taker *k = arg;

	pthread_barrier_wait(k->start);
	res->err = -vmop_test_supply(k->tp->fd, k->vmo.fd, 0, PG(256), k->aux,
				     0, &res->actual);
	res->ret = res->actual;
}

/* Two supplies from one aux VMO: a page goes to one, the other gets a zero. */
TEST_F(concurrency, two_supplies_from_one_aux)
{
	pthread_barrier_t start;
	struct vmop_thread *t[2];
	struct taker k[2];
	unsigned int i, taken;
	int round, j;

	for (round = 0; round < rounds(20); round++) {
		ASSERT_EQ(0, pthread_barrier_init(&start, NULL, 2));
		k[0].aux = test_pager_aux(&self->tp, round, 0, 256);
		ASSERT_LE(0, k[0].aux);
		k[1].aux = k[0].aux;
		for (j = 0; j < 2; j++) {
			k[j].tp = &self->tp;
			k[j].start = &start;
			new_vmo(&self->tp, &k[j].vmo, round, 256);
			t[j] = vmop_thread_call(take_from_aux, &k[j]);
		}
		for (j = 0; j < 2; j++)
			expect_done(t[j], PG(256));
		for (i = 0; i < 256; i++) {
			taken = 0;
			for (j = 0; j < 2; j++) {
				char *page = k[j].vmo.map + PG(i);

				if (!*(__u64 *)page) {
					ASSERT_TRUE(vmop_test_check_zero(page,
									 PG(i),
									 PG(1)));
					continue;
				}
				ASSERT_TRUE(vmop_test_check(page, round, PG(i),
							    PG(1)));
				taken++;
			}
			ASSERT_EQ(1, taken);
		}
		EXPECT_EQ(0, vmop_test_committed(k[0].aux));
		EXPECT_EQ(PG(256), vmop_test_committed(k[0].vmo.fd) +
				   vmop_test_committed(k[1].vmo.fd));
		for (j = 0; j < 2; j++) {
			test_vmo_close(&self->tp, &k[j].vmo);
			expect_complete(&self->tp, round);
		}
		close(k[0].aux);
		pthread_barrier_destroy(&start);
	}
}

struct copier {
	int pager;
	int vmo;
	char *buf;		/* 64 pages */
};

static void copy_all(void *arg, struct vmop_result *res)
{
	struct copier *c = arg;

	res->err = -vmop_test_supply_copy(c->pager, c->vmo, 0, PG(64), c->buf,
					  &res->actual);
	res->ret = res->actual;
}

/* Four supplies of one range: each page is from one of them, and whole. */
TEST_F(concurrency, four_supplies_of_one_range)
{
	struct vmop_vmo_get_info info;
	struct vmop_thread *t[4];
	struct test_vmo vmo;
	struct copier c[4];
	int round, i, j;
	__u64 first;

	for (i = 0; i < 4; i++) {
		c[i].pager = self->tp.fd;
		c[i].buf = malloc(PG(64));
		ASSERT_NE(NULL, c[i].buf);
		vmop_test_fill(c[i].buf, i, 0, PG(64));
	}
	for (round = 0; round < rounds(20); round++) {
		new_vmo(&self->tp, &vmo, 1, 64);
		for (i = 0; i < 4; i++) {
			c[i].vmo = vmo.fd;
			t[i] = vmop_thread_call(copy_all, &c[i]);
		}
		for (i = 0; i < 4; i++)
			expect_done(t[i], PG(64));
		for (j = 0; j < 64; j++) {
			memcpy(&first, vmo.map + PG(j), sizeof(first));
			for (i = 0; i < 4; i++)
				if (first == vmop_test_word(i, PG(j)))
					break;
			ASSERT_GT(4, i);
			ASSERT_TRUE(vmop_test_check(vmo.map + PG(j), i, PG(j),
						    PG(1)));
		}
		test_get_info(vmo.fd, &info);
		EXPECT_EQ(PG(64), info.out_committed);
		EXPECT_EQ(64, info.out_supplied_pages);
		test_vmo_close(&self->tp, &vmo);
		expect_complete(&self->tp, 1);
	}
	for (i = 0; i < 4; i++)
		free(c[i].buf);
}

/* What ends the race, in the middle of reads and supplies. */
enum end {
	END_DETACH,
	END_PORT,
	END_PAGER,
	NR_ENDS,
};

TEST_F(access, supply_races_with_the_end)
{
	struct vmop_thread *readers[4], *supplier;
	struct vmop_result res;
	struct test_vmo vmo;
	struct test_pager tp;
	enum end end;
	int round, i;

	for (round = 0; round < rounds(12) * NR_ENDS; round++) {
		struct race r = { .tp = &tp, .vmo = &vmo, .map = variant->map };

		end = round % NR_ENDS;
		ASSERT_EQ(0, test_pager_init(&tp));
		ASSERT_EQ(0, test_pager_vmo(&tp, &vmo, round, 1 << 16));
		for (i = 0; i < 4; i++)
			readers[i] = vmop_thread_call(race_reader, &r);
		supplier = vmop_thread_call(race_supplier, &r);
		vmop_test_nap_ms(round % 7);
		switch (end) {
		case END_DETACH:
			ASSERT_EQ(0, test_pager_detach(&tp, &vmo));
			break;
		case END_PORT:
			/* The supplier is not held up by that. */
			test_pager_close_port(&tp);
			break;
		default:
			/* The number is taken at once, by nobody's pager. */
			i = open("/dev/null", O_RDWR | O_CLOEXEC);
			ASSERT_EQ(tp.fd, dup2(i, tp.fd));
			close(i);
		}
		/*
		 * Without a port the supplier brings what is missing, so the
		 * readers go on as long as they find it.
		 */
		if (end == END_PORT)
			__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
		for (i = 0; i < 4; i++) {
			ASSERT_EQ(0, vmop_thread_wait(readers[i], &res));
			if (end == END_PORT && !res.err)
				continue;
			EXPECT_EQ(variant->map ? EFAULT : ENOTCONN, res.err);
		}
		__atomic_store_n(&r.stop, true, __ATOMIC_RELAXED);
		ASSERT_EQ(0, vmop_thread_wait(supplier, &res));
		switch (end) {
		case END_DETACH:
			EXPECT_TRUE(!res.err || res.err == ENOTCONN);
			break;
		case END_PORT:
			EXPECT_EQ(0, res.err);
			break;
		default:
			EXPECT_TRUE(!res.err || res.err == ENOTTY ||
				    res.err == ENOTCONN)
				TH_LOG("errno %d", res.err);
		}
		test_pager_exit(&tp);
	}
}

/* The pager's process is killed. No reader sees a zero of it. */
TEST_F(access, sigkill_of_the_pager)
{
	struct vmop_thread *readers[8];
	struct test_vmo vmo;
	struct test_pager tp;
	int round, i;

	for (round = 0; round < rounds(12); round++) {
		struct race r = { .tp = &tp, .vmo = &vmo, .map = variant->map };

		ASSERT_EQ(0, test_pager_init(&tp));
		ASSERT_EQ(0, test_pager_vmo(&tp, &vmo, round + 1,
					    1 << 16));
		ASSERT_EQ(0, test_pager_fork(&tp, &normal));
		for (i = 0; i < 8; i++)
			readers[i] = vmop_thread_call(race_reader, &r);
		vmop_test_nap_ms(round * 24 / rounds(12));
		ASSERT_EQ(0, test_pager_kill(&tp));
		expect_lost_readers(readers, 8, variant->map);
		test_pager_exit(&tp);
	}
}

/* The same by its own hand, after some records. */
TEST_F(access, dying_pager)
{
	struct test_pager_behaviour dying = { .mode = TEST_PAGER_DYING };
	struct vmop_vmo_get_info info;
	struct vmop_thread *readers[4];
	struct test_vmo vmo;
	struct test_pager tp;
	int i;

	for (dying.die_after = 0; dying.die_after < 8; dying.die_after++) {
		struct race r = { .tp = &tp, .vmo = &vmo, .map = variant->map };

		ASSERT_EQ(0, test_pager_init(&tp));
		ASSERT_EQ(0, test_pager_vmo(&tp, &vmo, 1, 64));
		ASSERT_EQ(0, test_pager_fork(&tp, &dying));
		for (i = 0; i < 4; i++)
			readers[i] = vmop_thread_call(race_reader, &r);
		expect_lost_readers(readers, 4, variant->map);
		ASSERT_EQ(0, test_pager_wait_death(&tp));
		test_get_info(vmo.fd, &info);
		EXPECT_EQ(VMOP_VMO_STATE_PAGER_GONE, info.out_state);
		/* What it had supplied is still there. */
		EXPECT_EQ(PG(dying.die_after), info.out_committed);
		EXPECT_TRUE(vmop_test_check_fd(vmo.fd, 1, 0,
					       PG(dying.die_after)));
		test_pager_exit(&tp);
	}
}

/* A pager that is deaf, or silent, for a reader that is killed. */
TEST_F(concurrency, deaf_and_silent_pagers)
{
	enum test_pager_mode modes[] = { TEST_PAGER_DEAF, TEST_PAGER_SILENT };
	struct test_vmo vmo;
	struct test_pager tp;
	unsigned int i, j;
	pid_t pid[8];
	int status;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		ASSERT_EQ(0, test_pager_init(&tp));
		ASSERT_EQ(0, test_pager_vmo(&tp, &vmo, 1, 8));
		ASSERT_EQ(0, test_pager_fork(&tp, &(struct test_pager_behaviour)
					     { .mode = modes[i] }));
		for (j = 0; j < 8; j++) {
			pid[j] = fork();
			ASSERT_LE(0, pid[j]);
			if (!pid[j]) {
				vmop_test_check_fd(vmo.fd, 1, PG(j % 4), 1);
				_exit(1);
			}
		}
		ASSERT_EQ(0, vmop_test_wait_waiters(vmo.fd, 8));
		for (j = 0; j < 8; j++) {
			ASSERT_EQ(0, kill(pid[j], SIGKILL));
			ASSERT_EQ(pid[j], waitpid(pid[j], &status, 0));
			EXPECT_TRUE(WIFSIGNALED(status));
		}
		EXPECT_EQ(0, vmop_test_waiters(vmo.fd));
		test_pager_exit(&tp);
	}
}

/* VMOs that come and go while they are read and served. */
TEST_F(access, vmo_close_races)
{
	struct vmop_thread *t[3];
	struct vmop_result res;
	struct test_vmo vmo;
	int round, i;

	ASSERT_EQ(0, test_pager_serve(&self->tp, &normal));
	for (round = 0; round < rounds(100); round++) {
		new_vmo(&self->tp, &vmo, round, 16);
		for (i = 0; i < 3; i++)
			t[i] = start_read(&vmo, i * 4, 4);
		if (round & 1) {
			for (i = 0; i < 3; i++)
				expect_content(t[i], PG(4), round, PG(i * 4));
			test_vmo_close(&self->tp, &vmo);
			continue;
		}
		detach(&self->tp, &vmo);
		test_vmo_close_fd(&self->tp, &vmo);
		for (i = 0; i < 3; i++) {
			ASSERT_EQ(0, vmop_thread_wait(t[i], &res));
			if (res.ret > 0 && res.buf)
				EXPECT_TRUE(vmop_test_check(res.buf, round,
							    PG(i * 4),
							    res.ret));
			vmop_result_free(&res);
		}
		/* The mapping's end is the VMO's. */
		test_vmo_close(&self->tp, &vmo);
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	/* A COMPLETE for each, here or by the server. */
	while (self->tp.nr_completes < rounds(100)) {
		ASSERT_EQ(0, test_port_next(self->tp.port, &self->tp.last));
		if (self->tp.last.type == VMOP_RECORD_COMPLETE)
			self->tp.nr_completes++;
	}
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
