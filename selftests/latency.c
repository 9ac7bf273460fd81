// SPDX-License-Identifier: GPL-2.0
/*
 * VMOP_QUERY_LATENCY: each request is counted once in each stage that it went
 * through, in the bucket of the time that it took there; a pager has the sum of
 * its VMOs.
 */
#include <time.h>

#include "test_cow.h"
#include "vmop_test.h"

#define KEY 0x71
#define MS 1000000ULL

struct stages {
	struct vmop_query_latency of[VMOP_LATENCY_NR_STAGES];
};

FIXTURE(latency)
{
	struct test_pager tp;
	struct test_vmo vmo;
};

FIXTURE_SETUP(latency)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_vmo(&self->tp, &self->vmo, KEY, 64);
}

FIXTURE_TEARDOWN(latency)
{
	test_pager_exit(&self->tp);
}

/* 0 or a negative errno. */
static int ask(int fd, struct stages *s)
{
	int i, ret = 0;

	memset(s, 0xee, sizeof(*s));
	for (i = 0; i < VMOP_LATENCY_NR_STAGES && !ret; i++) {
		s->of[i].size = sizeof(s->of[i]);
		s->of[i].flags = 0;
		s->of[i].__reserved = 0;
		s->of[i].stage = i;
		ret = vmop_test_ioctl(fd, VMOP_QUERY_LATENCY, &s->of[i]);
	}
	return ret;
}

/* Samples; where there is none, there is no time either. */
static __u64 count(const struct stages *s, int stage)
{
	__u64 sum = 0;
	int i;

	for (i = 0; i < VMOP_LATENCY_BUCKETS; i++)
		sum += s->of[stage].out_buckets[i];
	if (!sum && s->of[stage].out_total_ns)
		return ~0ULL;
	return sum;
}

/* Of one sample: is it in the bucket that its time belongs to? */
static bool in_its_bucket(const struct stages *s, int stage)
{
	__u64 ns = s->of[stage].out_total_ns;
	int n = 0;

	while (n < VMOP_LATENCY_BUCKETS - 1 && ns >> (n + 1))
		n++;
	return s->of[stage].out_buckets[n] == 1;
}

static void sleep_ms(unsigned int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000,
			       .tv_nsec = ms % 1000 * MS };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

#define ask_stages(_fd, _s) ASSERT_EQ(0, ask(_fd, _s))
#define expect_counts(_fd, _queue, _service, _wake) do { \
	struct stages __s; \
	ask_stages(_fd, &__s); \
	EXPECT_EQ((__u64)(_queue), count(&__s, VMOP_LATENCY_QUEUE)); \
	EXPECT_EQ((__u64)(_service), count(&__s, VMOP_LATENCY_SERVICE)); \
	EXPECT_EQ((__u64)(_wake), count(&__s, VMOP_LATENCY_WAKE)); \
} while (0)

/* The time that goes by between the steps of a request is told. */
TEST_F(latency, one_request)
{
	struct vmop_thread *reader;
	struct stages s;

	expect_counts(self->vmo.fd, 0, 0, 0);
	reader = vmop_thread_pread(self->vmo.fd, 0, PG(1));
	expect_blocked(reader, &self->vmo, 1);
	sleep_ms(20);
	expect_counts(self->vmo.fd, 0, 0, 0);
	expect_read(&self->tp, &self->vmo, 0, 1);
	expect_counts(self->vmo.fd, 1, 0, 0);
	sleep_ms(60);
	supply(&self->tp, &self->vmo, 0, 1);
	expect_done(reader, PG(1));

	ask_stages(self->vmo.fd, &s);
	EXPECT_LE(20 * MS, s.of[VMOP_LATENCY_QUEUE].out_total_ns);
	EXPECT_LE(60 * MS, s.of[VMOP_LATENCY_SERVICE].out_total_ns);
	EXPECT_LT(0, s.of[VMOP_LATENCY_WAKE].out_total_ns);
	EXPECT_TRUE(in_its_bucket(&s, VMOP_LATENCY_QUEUE));
	EXPECT_TRUE(in_its_bucket(&s, VMOP_LATENCY_SERVICE));
	EXPECT_TRUE(in_its_bucket(&s, VMOP_LATENCY_WAKE));
	expect_counts(self->vmo.fd, 1, 1, 1);
}

/* Pages that are there cost nothing: nothing is counted. */
TEST_F(latency, resident_pages_are_no_samples)
{
	supply(&self->tp, &self->vmo, 0, 64);
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY, 0, PG(64)));
	EXPECT_TRUE(vmop_test_check(self->vmo.map, KEY, 0, PG(64)));
	expect_counts(self->vmo.fd, 0, 0, 0);
}

/* Two threads, one request: both wake up. A failure is an answer, too. */
TEST_F(latency, a_sample_for_each_who_wakes)
{
	struct vmop_thread *a, *b;

	a = vmop_thread_pread(self->vmo.fd, 0, PG(1));
	expect_blocked(a, &self->vmo, 1);
	b = vmop_thread_pread(self->vmo.fd, 0, PG(1));
	expect_blocked(b, &self->vmo, 2);
	expect_read(&self->tp, &self->vmo, 0, 1);
	fail_range(&self->tp, &self->vmo, 0, 1, EIO);
	expect_errno(a, EIO);
	expect_errno(b, EIO);
	expect_counts(self->vmo.fd, 1, 1, 2);
}

/* What is answered before anybody has read it was neither queued nor served. */
TEST_F(latency, answered_unread)
{
	struct vmop_thread *reader = vmop_thread_pread(self->vmo.fd, 0, PG(1));

	expect_blocked(reader, &self->vmo, 1);
	supply(&self->tp, &self->vmo, 0, 1);
	expect_done(reader, PG(1));
	expect_counts(self->vmo.fd, 0, 0, 1);
}

/* A detach is no answer. */
TEST_F(latency, detach_is_no_service)
{
	struct vmop_thread *reader = vmop_thread_pread(self->vmo.fd, 0, PG(1));

	expect_blocked(reader, &self->vmo, 1);
	expect_read(&self->tp, &self->vmo, 0, 1);
	detach(&self->tp, &self->vmo);
	expect_errno(reader, ENOTCONN);
	expect_counts(self->vmo.fd, 1, 0, 1);
}

/* A buffer that faults gives the record back: it was not read. */
TEST_F(latency, put_back)
{
	struct vmop_thread *reader = vmop_thread_pread(self->vmo.fd, 0, PG(1));
	char *hole = mmap(NULL, PG(1), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	ASSERT_NE(MAP_FAILED, hole);
	expect_blocked(reader, &self->vmo, 1);
	EXPECT_EQ(-1, read(self->tp.port, hole, 64));
	EXPECT_EQ(EFAULT, errno);
	munmap(hole, PG(1));
	expect_counts(self->vmo.fd, 0, 0, 0);
	expect_read(&self->tp, &self->vmo, 0, 1);
	supply(&self->tp, &self->vmo, 0, 1);
	expect_done(reader, PG(1));
	expect_counts(self->vmo.fd, 1, 1, 1);
}

/* The pager has the sum, and keeps what its closed VMOs took. */
TEST_F(latency, of_a_pager)
{
	struct stages mine, theirs, sum, later;
	struct vmop_thread *reader;
	struct test_vmo other;
	int i, n;

	new_vmo(&self->tp, &other, KEY + 1, 8);
	for (i = 0; i < 3; i++) {
		reader = vmop_thread_pread(self->vmo.fd, PG(i), PG(1));
		ASSERT_EQ(0, test_pager_serve_one(&self->tp, &self->vmo, i, 1));
		expect_done(reader, PG(1));
	}
	reader = vmop_thread_load(other.map, 1);
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &other, 0, 1));
	expect_done(reader, 1);
	ask_stages(self->vmo.fd, &mine);
	ask_stages(other.fd, &theirs);
	ask_stages(self->tp.fd, &sum);
	for (i = 0; i < VMOP_LATENCY_NR_STAGES; i++) {
		EXPECT_EQ(3, count(&mine, i));
		EXPECT_EQ(1, count(&theirs, i));
		EXPECT_EQ(mine.of[i].out_total_ns + theirs.of[i].out_total_ns,
			  sum.of[i].out_total_ns);
		for (n = 0; n < VMOP_LATENCY_BUCKETS; n++)
			EXPECT_EQ(mine.of[i].out_buckets[n] +
				  theirs.of[i].out_buckets[n],
				  sum.of[i].out_buckets[n]);
	}
	test_vmo_close(&self->tp, &other);
	expect_complete(&self->tp, KEY + 1);
	ask_stages(self->tp.fd, &later);
	EXPECT_EQ(0, memcmp(&sum, &later, sizeof(sum)));
}

/* A clone waits for its root's pager; a VMO without a pager for nobody. */
TEST_F(latency, of_clones)
{
	struct vmop_thread *reader;
	struct stages s;
	int clone, fd;

	clone = test_cow_child(self->vmo.fd,
			       VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 0, PG(64));
	ASSERT_LE(0, clone);
	reader = vmop_thread_pread(clone, 0, PG(1));
	ASSERT_EQ(0, test_pager_serve_one(&self->tp, &self->vmo, 0, 1));
	expect_done(reader, PG(1));
	expect_counts(clone, 1, 1, 1);
	expect_counts(self->vmo.fd, 1, 1, 1);
	close(clone);

	test_vmo_create(&fd, self->tp.fd, 0, PG(1));
	EXPECT_ERR(EOPNOTSUPP, ask(fd, &s));
	close(fd);
}

TEST_F(latency, unknown_stage)
{
	struct vmop_query_latency cmd = {
		.size = sizeof(cmd), .stage = VMOP_LATENCY_NR_STAGES,
	};

	test_err_ioctl(EINVAL, self->vmo.fd, VMOP_QUERY_LATENCY, &cmd);
	test_err_ioctl(EINVAL, self->tp.fd, VMOP_QUERY_LATENCY, &cmd);
	cmd.stage = ~0U;
	test_err_ioctl(EINVAL, self->vmo.fd, VMOP_QUERY_LATENCY, &cmd);
}

VMOP_TEST_MAIN
