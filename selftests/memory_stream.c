// SPDX-License-Identifier: GPL-2.0
/*
 * Streams through little memory: a VMO of 256 MiB is read three times over
 * while its payer may have 64 MiB. Content must be right, nobody may be killed,
 * and the memory that is allowed must be used. The pager is a process of its
 * own in a cgroup of its own.
 *
 * A mapped pass is a round trip to the pager for each page, and where processors
 * are emulated, most of its time is one waking the other: for the many passes both
 * stay on one. With VMOP_SLOW there are fewer round trips: all sizes are a
 * sixteenth, and there are two passes.
 */
#include "test_cgroup.h"
#include "test_child.h"
#include "vmop_test.h"

#define KEY 0x57e4
#define MIB (1024ull * 1024)
#define CHUNK (256 * 1024ull)

enum stream_way {
	STREAM_PREAD,
	STREAM_MAP_READ_ONLY,
	STREAM_MAP_WRITABLE,
	STREAM_MAP_PRIVATE,
};

FIXTURE(stream)
{
	struct test_pager tp;
	struct test_cgroup payer;
	struct test_cgroup pager;
	struct test_vmo vmo;
	__u64 bytes;
	__u64 limit;
	long growth;	/* of the pager: less than this */
	int nr_passes;
};

FIXTURE_VARIANT(stream)
{
	enum stream_way way;
};

FIXTURE_VARIANT_ADD(stream, pread)
{
	.way = STREAM_PREAD,
};

FIXTURE_VARIANT_ADD(stream, map_read_only)
{
	.way = STREAM_MAP_READ_ONLY,
};

FIXTURE_VARIANT_ADD(stream, map_writable)
{
	.way = STREAM_MAP_WRITABLE,
};

FIXTURE_VARIANT_ADD(stream, map_private)
{
	.way = STREAM_MAP_PRIVATE,
};

/* A name that helpers can take. */
typedef FIXTURE_DATA(stream) stream_data;

static int make_vmo(stream_data *self)
{
	struct vmop_test_vmo_args args = { .key = KEY, .length = self->bytes };
	int ret;

	args.payer_fd = test_cgroup_open(&self->payer);
	if (args.payer_fd < 0)
		return args.payer_fd;
	ret = test_pager_vmo_args(&self->tp, &self->vmo, &args);
	close(args.payer_fd);
	return ret;
}

FIXTURE_SETUP(stream)
{
	struct test_pager_behaviour how = {
		.mode = TEST_PAGER_NORMAL, .method = TEST_PAGER_COPY,
	};

	self->bytes = vmop_test_scale() > 1 ? 16 * MIB : 256 * MIB;
	/* processors charge half a MiB in advance: that does not get smaller */
	self->growth = vmop_test_scale() > 1 ? MIB : 4 * MIB;
	self->nr_passes = vmop_test_scale() > 1 ? 2 : 3;
	self->limit = self->bytes / 4;
	ASSERT_EQ(0, test_cgroup_setup());
	ASSERT_EQ(0, test_cgroup_make(&self->payer, "payer", self->limit));
	ASSERT_EQ(0, test_cgroup_make(&self->pager, "pager", 0));
	ASSERT_EQ(0, test_pager_init(&self->tp));
	ASSERT_EQ(0, make_vmo(self));
	ASSERT_EQ(0, test_cgroup_enter(&self->pager));
	ASSERT_EQ(0, test_pager_fork(&self->tp, &how));
	/* the reader pays for the pages and for its page tables */
	ASSERT_EQ(0, test_cgroup_enter(&self->payer));
}

FIXTURE_TEARDOWN(stream)
{
	/* dead already: then something killed it */
	EXPECT_EQ(0, kill(self->tp.pid, 0));
	test_pager_exit(&self->tp);
	test_cgroup_set(&(struct test_cgroup){ TEST_CGROUP_ROOT },
			"cgroup.procs", "0");
	test_cgroup_remove(&self->pager);
	test_cgroup_remove(&self->payer);
}

/* What is seen on the way. */
struct sample {
	__u64 resident_sum;
	__u64 nr;
	long pager_start;
	long pager_max;
};

static void take_sample(stream_data *self, struct sample *s)
{
	long pager = test_cgroup_get(&self->pager, "memory.current", NULL);

	if (pager > s->pager_max)
		s->pager_max = pager;
	s->resident_sum += vmop_test_committed(self->vmo.fd);
	s->nr++;
}

/* One pass from start to end; 0, or the number of what went wrong. */
static int stream(stream_data *self, const char *map, __u64 start,
		  __u64 end, bool sample, struct sample *s)
{
	static char buf[CHUNK];
	__u64 off;

	for (off = start; off < end; off += CHUNK) {
		if (!map && vmop_test_pread(self->vmo.fd, buf, CHUNK, off) !=
			    (ssize_t)CHUNK)
			return 1;
		if (!vmop_test_check(map ? map + off : buf, KEY, off, CHUNK))
			return 2;
		/* until it is full the first time, nothing can be said */
		if (s && (sample || off > self->limit))
			take_sample(self, s);
	}
	return 0;
}

static char *map_for(stream_data *self, enum stream_way way)
{
	int prot = PROT_READ, flags = MAP_SHARED;

	if (way == STREAM_PREAD)
		return NULL;
	if (way != STREAM_MAP_READ_ONLY)
		prot |= PROT_WRITE;
	if (way == STREAM_MAP_PRIVATE)
		flags = MAP_PRIVATE;
	return mmap(NULL, self->bytes, prot, flags, self->vmo.fd, 0);
}

#define expect_no_oom(_cg) do { \
	EXPECT_EQ(0, test_cgroup_get(_cg, "memory.events", "oom")); \
	EXPECT_EQ(0, test_cgroup_get(_cg, "memory.events", "oom_kill")); \
} while (0)

/* Some passes: right, nobody killed, asked for again, memory well used. */
TEST_F_TIMEOUT(stream, evt_1_many_passes, 600)
{
	struct vmop_vmo_get_info info;
	struct sample s = { 0 };
	char *map = map_for(self, variant->way);
	int i;

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(0, vmop_test_use_cpu0(0));
	ASSERT_EQ(0, vmop_test_use_cpu0(self->tp.pid));
	s.pager_start = test_cgroup_get(&self->pager, "memory.current", NULL);
	for (i = 0; i < self->nr_passes; i++)
		ASSERT_EQ(0, stream(self, map, 0, self->bytes, i, &s));
	test_get_info(self->vmo.fd, &info);
	TH_LOG("asked for %llu pages of %llu, pager grew by %ld KiB",
	       info.out_requested_pages, self->bytes / PG(1),
	       (s.pager_max - s.pager_start) / 1024);
	TH_LOG("%llu MiB of %llu resident on average",
	       s.resident_sum / s.nr / MIB, self->limit / MIB);
	expect_no_oom(&self->payer);
	expect_no_oom(&self->pager);
	/* the first pass asks for all, each of the others for half at least */
	EXPECT_LE((self->nr_passes + 1) * self->bytes / PG(1) / 2,
		  info.out_requested_pages);
	EXPECT_LE(self->limit * 40 / 64, s.resident_sum / s.nr);
	EXPECT_GT(self->growth, s.pager_max - s.pager_start);
	EXPECT_EQ(0, info.out_failed_requests);
	if (map)
		munmap(map, self->bytes);
}

static int be_nasty(void *arg)
{
	(void)arg;
	for (;;) {
		test_write_file("/proc/sys/vm/drop_caches", "3");
		test_write_file("/proc/sys/vm/compact_memory", "1");
		vmop_test_nap_ms(200);
	}
	return 0;
}

/* Uses nearly all memory there is, again and again, until it is killed. */
static int hog(void *arg)
{
	long kib = test_read_number("/proc/meminfo", "MemAvailable");
	size_t bytes = kib * 1024ull - *(size_t *)arg, off;
	char *p;

	for (;;) {
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p == MAP_FAILED)
			return 1;
		for (off = 0; off < bytes; off += PG(1))
			p[off] = 1;
		munmap(p, bytes);
	}
}

static pid_t start_hog(size_t leave)
{
	/* not in the payer's cgroup */
	test_cgroup_set(&(struct test_cgroup){ TEST_CGROUP_ROOT },
			"cgroup.procs", "0");
	return test_child_start(hog, &leave);
}

/* The same in bad company; half of the VMO, which is twice the limit. */
TEST_F_TIMEOUT(stream, evt_1_under_global_pressure, 600)
{
	char *map = map_for(self, variant->way);
	pid_t nasty, pig;
	int status;

	ASSERT_NE(MAP_FAILED, map);
	nasty = test_child_start(be_nasty, NULL);
	ASSERT_LT(0, nasty);
	pig = start_hog(48 * MIB);
	ASSERT_LT(0, pig);
	ASSERT_EQ(0, test_cgroup_enter(&self->payer));
	EXPECT_EQ(0, stream(self, map, 0, self->bytes / 2, false, NULL));
	/* both must have lived until now */
	EXPECT_EQ(0, waitpid(pig, &status, WNOHANG));
	EXPECT_EQ(0, waitpid(nasty, &status, WNOHANG));
	EXPECT_EQ(0, test_child_kill(pig, SIGKILL, NULL));
	EXPECT_EQ(0, test_child_kill(nasty, SIGKILL, NULL));
	expect_no_oom(&self->payer);
	expect_no_oom(&self->pager);
	if (map)
		munmap(map, self->bytes);
}

/*
 * EVT-2: an eighth of what the payer may have is written first; then twice the
 * limit is streamed past it. What was written is still there, unasked.
 */
TEST_F_TIMEOUT(stream, evt_2_written_pages_survive, 600)
{
	__u64 off, dirty = self->limit / 8, requests;
	char *map = map_for(self, variant->way);
	char *buf = malloc(CHUNK);

	ASSERT_NE(MAP_FAILED, map);
	for (off = 0; off < dirty; off += CHUNK) {
		vmop_test_fill(buf, KEY + 1, off, CHUNK);
		if (off / CHUNK & 1)
			memcpy(self->vmo.map + off, buf, CHUNK);
		else
			ASSERT_EQ(CHUNK, vmop_test_pwrite(self->vmo.fd, buf,
							  CHUNK, off));
	}
	ASSERT_EQ(0, stream(self, map, dirty, self->bytes / 2 + dirty, false,
			    NULL));
	requests = vmop_test_requests(self->vmo.fd);
	EXPECT_TRUE(vmop_test_check(self->vmo.map, KEY + 1, 0, dirty));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, KEY + 1, 0, dirty));
	EXPECT_EQ(requests, vmop_test_requests(self->vmo.fd));
	expect_no_oom(&self->payer);
	expect_no_oom(&self->pager);
	free(buf);
}

VMOP_TEST_MAIN
