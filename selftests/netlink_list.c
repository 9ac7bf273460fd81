// SPDX-License-Identifier: GPL-2.0
/*
 * Lists of very many objects by generic netlink, while others come and go: each
 * that is there throughout is told exactly once.
 */
#include <pthread.h>
#include <sys/resource.h>

#include "test_cow.h"
#include "test_netlink.h"
#include "vmop_test.h"

#define KEY 0x6c697374
#define VMOS 100000
#define CHURNERS 2
#define REQUESTS 300
#define FIRST 16000
#define REST 16

/* Threads that make VMOs and close them again. */
struct churn {
	int pager;
	int parent;
	bool stop;
	unsigned int rounds;
	int err;
};

static void *churn(void *arg)
{
	struct churn *c = arg;
	int fds[8], i;

	while (!__atomic_load_n(&c->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < 8; i++) {
			fds[i] = i & 1 ? vmop_test_vmo_create(c->pager, 0, PG(1)) :
				 test_cow_child(c->parent, VMOP_CHILD_SNAPSHOT, 0,
						PG(1));
			if (fds[i] < 0)
				c->err = fds[i];
		}
		for (i = 0; i < 8; i++)
			if (fds[i] >= 0)
				close(fds[i]);
		__atomic_add_fetch(&c->rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

/* What a list told, against what it has to. */
struct listing {
	const __u64 *ids;	/* in their order */
	unsigned int nr;
	unsigned int found;
	__u64 last;
	unsigned int others;
	bool disordered;
};

static int check_one(void *arg, const struct test_nl_object *object)
{
	__u64 id = object->value[VMOP_NL_VMO_ID];
	struct listing *l = arg;

	if (id <= l->last)
		l->disordered = true;
	l->last = id;
	if (l->found < l->nr && id == l->ids[l->found])
		l->found++;
	else
		l->others++;
	return 0;
}

FIXTURE(netlink_list)
{
	struct test_pager tp;
	struct test_nl nl;
	struct test_nl small;
};

FIXTURE_SETUP(netlink_list)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	ASSERT_EQ(0, test_nl_open(&self->nl));
	ASSERT_EQ(0, test_nl_open_size(&self->small, 4096));
}

FIXTURE_TEARDOWN(netlink_list)
{
	test_nl_close(&self->small);
	test_nl_close(&self->nl);
	test_pager_exit(&self->tp);
}

/* Every second one is a reference to the first, which takes less memory. */
static int make_vmos(int pager, int *fds, __u64 *ids, unsigned int nr)
{
	struct vmop_vmo_get_info info;
	unsigned int i;
	int ret;

	for (i = 0; i < nr; i++) {
		fds[i] = i & 1 ? test_cow_child(fds[0], VMOP_CHILD_REFERENCE, 0, 0) :
				 vmop_test_vmo_create(pager, 0, PG(1));
		if (fds[i] < 0)
			return fds[i];
		ret = vmop_test_get_info(fds[i], &info);
		if (ret)
			return ret;
		ids[i] = info.out_id;
	}
	return 0;
}

/* The debug kernel takes ten times the memory for each, and gets a tenth. */
TEST_F_TIMEOUT(netlink_list, many_vmos, 600)
{
	const unsigned int nr = VMOS / vmop_test_scale();
	struct rlimit limit = { nr + 1000, nr + 1000 };
	struct churn churns[CHURNERS] = {};
	pthread_t threads[CHURNERS];
	struct listing listing;
	unsigned int i, round;
	__u64 *ids;
	int *fds;
	int before, parent;

	TH_LOG("%u VMOs", nr);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	fds = calloc(nr, sizeof(*fds));
	ids = calloc(nr, sizeof(*ids));
	ASSERT_NE(NULL, fds);
	ASSERT_NE(NULL, ids);
	before = test_nl_count(&self->nl, VMOP_NL_CMD_VMO_GET);
	ASSERT_LE(0, before);
	ASSERT_EQ(0, make_vmos(self->tp.fd, fds, ids, nr));
	EXPECT_EQ(before + nr, test_nl_count(&self->nl, VMOP_NL_CMD_VMO_GET));

	parent = test_pager_aux(&self->tp, KEY, 0, 1);
	ASSERT_LE(0, parent);
	for (i = 0; i < CHURNERS; i++) {
		churns[i].pager = self->tp.fd;
		churns[i].parent = parent;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, churn, &churns[i]));
	}
	for (round = 0; round < 2; round++) {
		unsigned int done = churns[0].rounds;

		memset(&listing, 0, sizeof(listing));
		listing.ids = ids;
		listing.nr = nr;
		/* Large messages, then small ones. */
		ASSERT_EQ(0, test_nl_dump(round ? &self->small : &self->nl,
					  VMOP_NL_CMD_VMO_GET, check_one,
					  &listing));
		EXPECT_EQ(nr, listing.found);
		EXPECT_FALSE(listing.disordered);
		/* They were at it meanwhile. */
		EXPECT_LT(done, churns[0].rounds);
		TH_LOG("%u others, %u rounds of each thread meanwhile",
		       listing.others, churns[0].rounds - done);
	}
	for (i = 0; i < CHURNERS; i++) {
		__atomic_store_n(&churns[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(threads[i], NULL);
		EXPECT_EQ(0, churns[i].err);
	}
	close(parent);
	for (i = 0; i < nr; i++)
		close(fds[i]);
	EXPECT_EQ(before, test_nl_count(&self->nl, VMOP_NL_CMD_VMO_GET));
	free(fds);
	free(ids);
}

/* A thread that closes VMOs in the order of their ids. */
struct closing {
	const int *fds;
	unsigned int nr;
	unsigned int closed;
};

static void *close_all(void *arg)
{
	struct closing *c = arg;
	unsigned int i;

	for (i = 0; i < c->nr; i++) {
		close(c->fds[i]);
		__atomic_store_n(&c->closed, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

/* A list begins where VMOs are just being closed, and tells those behind them. */
TEST_F_TIMEOUT(netlink_list, first_ones_end, 300)
{
	const unsigned int nr = FIRST / vmop_test_scale();
	struct rlimit limit = { nr + 1000, nr + 1000 };
	struct closing closing = { .nr = nr };
	struct listing listing;
	unsigned int rounds = 0, i;
	int *fds, rest[REST];
	__u64 *ids, want[REST];
	pthread_t thread;

	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	fds = calloc(nr, sizeof(*fds));
	ids = calloc(nr, sizeof(*ids));
	ASSERT_NE(NULL, fds);
	ASSERT_NE(NULL, ids);
	ASSERT_EQ(0, make_vmos(self->tp.fd, fds, ids, nr));
	ASSERT_EQ(0, make_vmos(self->tp.fd, rest, want, REST));
	closing.fds = fds;
	ASSERT_EQ(0, pthread_create(&thread, NULL, close_all, &closing));
	do {
		listing = (struct listing){ .ids = want, .nr = REST };
		ASSERT_EQ(0, test_nl_dump(&self->nl, VMOP_NL_CMD_VMO_GET,
					  check_one, &listing));
		ASSERT_EQ(REST, listing.found);
		ASSERT_FALSE(listing.disordered);
		rounds++;
	} while (__atomic_load_n(&closing.closed, __ATOMIC_ACQUIRE) < nr);
	pthread_join(thread, NULL);
	TH_LOG("%u lists while %u were closed", rounds, nr);
	for (i = 0; i < REST; i++)
		close(rest[i]);
	free(fds);
	free(ids);
}

/* As many_vmos, with requests: those of one VMO do not fit into one message. */
struct requests {
	unsigned int nr;
	__u64 last;
	bool disordered;
	bool seen[REQUESTS];
};

static int check_request(void *arg, const struct test_nl_object *object)
{
	__u64 id = object->value[VMOP_NL_REQUEST_ID];
	struct requests *r = arg;
	__u64 page = object->value[VMOP_NL_REQUEST_OFFSET] / PG(1);

	if (object->value[VMOP_NL_REQUEST_KEY] != KEY)
		return 0;
	if (id <= r->last)
		r->disordered = true;
	r->last = id;
	r->nr++;
	if (page < REQUESTS)
		r->seen[page] = true;
	return 0;
}

TEST_F_TIMEOUT(netlink_list, many_requests, 300)
{
	struct vmop_thread *threads[REQUESTS];
	struct requests r = {};
	struct test_vmo vmo;
	unsigned int i;

	new_vmo(&self->tp, &vmo, KEY, REQUESTS);
	/* Backwards: the order is that of the requests, not of the pages. */
	for (i = REQUESTS; i-- > 0;) {
		threads[i] = vmop_thread_pread(vmo.fd, PG(i), PG(1));
		ASSERT_NE(NULL, threads[i]);
	}
	ASSERT_EQ(0, vmop_test_wait_waiters(vmo.fd, REQUESTS));
	ASSERT_EQ(0, test_nl_dump(&self->small, VMOP_NL_CMD_REQUEST_GET,
				  check_request, &r));
	EXPECT_EQ(REQUESTS, r.nr);
	EXPECT_FALSE(r.disordered);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_TRUE(r.seen[i]);
	supply(&self->tp, &vmo, 0, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		expect_done(threads[i], (long)PG(1));
	EXPECT_EQ(0, test_nl_count(&self->nl, VMOP_NL_CMD_REQUEST_GET));
}

VMOP_TEST_MAIN
