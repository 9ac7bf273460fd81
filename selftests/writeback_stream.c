// SPDX-License-Identifier: GPL-2.0
/*
 * Written through little memory: 256 MiB go through a VMO whose payer may have 64
 * MiB, while a pager in a process and a cgroup of its own writes them back to a
 * file. Nobody is killed, and every byte arrives.
 *
 * The ways that take many more requests get by with less of everything, and so do
 * all with VMOP_SLOW.
 */
#include "test_cgroup.h"
#include "test_child.h"
#include "test_writeback.h"
#include "vmop_test.h"

#define KEY 0x57e4b
#define MIB (1024ull * 1024)
#define CHUNK (256 * 1024ull)

FIXTURE(stream)
{
	struct test_pager tp;
	struct test_cgroup payer;
	struct test_cgroup pager;
	struct test_vmo vmo;
	struct test_wb_server srv;
	pid_t pid;
	__u64 bytes;
	__u64 limit;
};

FIXTURE_VARIANT(stream)
{
	bool map;
	/* the VMO grows while it is written, instead of being read first */
	bool grow;
	__u32 flags;
	/* all sizes are divided by this */
	unsigned int part;
};

FIXTURE_VARIANT_ADD(stream, call)
{
	.map = false,
	.part = 1,
};

FIXTURE_VARIANT_ADD(stream, map)
{
	.map = true,
	.part = 8,
};

FIXTURE_VARIANT_ADD(stream, call_grow)
{
	.map = false,
	.grow = true,
	.part = 4,
};

FIXTURE_VARIANT_ADD(stream, map_grow)
{
	.map = true,
	.grow = true,
	.part = 1,
};

FIXTURE_VARIANT_ADD(stream, call_trap)
{
	.map = false,
	.flags = VMOP_VMO_TRAP_DIRTY,
	.part = 4,
};

FIXTURE_VARIANT_ADD(stream, map_trap)
{
	.map = true,
	.flags = VMOP_VMO_TRAP_DIRTY,
	.part = 8,
};

/* A name that helpers can take. */
typedef FIXTURE_DATA(stream) stream_data;

/* The pager: its store and all that it needs are on its own account. */
static int child_serves(void *arg)
{
	stream_data *self = arg;
	int ret = test_cgroup_enter(&self->pager);

	if (!ret)
		ret = test_wb_loop(&self->srv);
	if (ret)
		fprintf(stderr, "# pager: %s\n", strerror(-ret));
	return ret ? 1 : 0;
}

static int make_vmo(stream_data *self, __u32 flags, bool grow)
{
	struct vmop_test_vmo_args args = {
		.flags = flags | VMOP_VMO_RESIZABLE, .key = KEY,
		.length = grow ? 0 : self->bytes,
		.dirty_limit = self->limit / 4,
	};
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
	self->bytes = vmop_test_scale() > 1 ? 32 * MIB :
					      256 * MIB / variant->part;
	self->limit = self->bytes / 4;
	ASSERT_EQ(0, test_cgroup_setup());
	ASSERT_EQ(0, test_cgroup_make(&self->payer, "payer", self->limit));
	ASSERT_EQ(0, test_cgroup_make(&self->pager, "pager", 0));
	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, make_vmo(self, variant->flags, variant->grow));
	self->srv.pager = self->tp.fd;
	self->srv.port = self->tp.port;
	self->srv.vmo = self->vmo.fd;
	self->srv.stop_fd = -1;
	self->srv.store = memfd_create("store", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(self->srv.store, self->bytes));
	self->pid = test_child_start(child_serves, self);
	ASSERT_LT(0, self->pid);
	/* the writer is on the payer's account, its page tables too */
	ASSERT_EQ(0, test_cgroup_enter(&self->payer));
}

FIXTURE_TEARDOWN(stream)
{
	/* ended already: then something went wrong with it */
	EXPECT_EQ(0, test_child_kill(self->pid, SIGKILL, NULL));
	test_pager_exit(&self->tp);
	close(self->srv.store);
	test_cgroup_set(&(struct test_cgroup){ TEST_CGROUP_ROOT },
			"cgroup.procs", "0");
	test_cgroup_remove(&self->pager);
	test_cgroup_remove(&self->payer);
}

#define expect_no_oom(_cg) do { \
	EXPECT_EQ(0, test_cgroup_get(_cg, "memory.events", "oom")); \
	EXPECT_EQ(0, test_cgroup_get(_cg, "memory.events", "oom_kill")); \
} while (0)

/* One chunk of this version; 0 or -errno. */
static int write_chunk(stream_data *self, char *map, __u64 key, __u64 off)
{
	static char buf[CHUNK];
	ssize_t n;

	vmop_test_fill(buf, key, off, CHUNK);
	if (map)
		return vmop_mem_write(map + off, buf, CHUNK, NULL);
	n = vmop_test_pwrite(self->vmo.fd, buf, CHUNK, off);
	return n == (ssize_t)CHUNK ? 0 : n < 0 ? n : -EIO;
}

/*
 * From start to end, then the second half once more: some of that was evicted
 * and comes again from the store.
 */
TEST_F_TIMEOUT(stream, written_through, 600)
{
	struct vmop_query_stats stats;
	__u64 off, half = self->bytes / 2, max = 0;
	char *map = NULL;

	if (variant->map) {
		map = mmap(NULL, self->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			   self->vmo.fd, 0);
		ASSERT_NE(MAP_FAILED, map);
	}
	for (off = 0; off < self->bytes; off += CHUNK) {
		if (variant->grow)
			test_set_size(self->vmo.fd, off + CHUNK);
		ASSERT_EQ(0, write_chunk(self, map, KEY, off));
		ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
		max = stats.out_dirty > max ? stats.out_dirty : max;
	}
	for (off = half; off < self->bytes; off += CHUNK)
		ASSERT_EQ(0, write_chunk(self, map, KEY + 1, off));
	ASSERT_EQ(0, fsync(self->vmo.fd));
	ASSERT_EQ(0, test_dirty_stats(self->tp.fd, self->vmo.fd, 0, &stats));
	TH_LOG("%llu records, %llu MiB written back, %llu MiB dirty at most",
	       stats.out_writeback_requests, stats.out_cleaned / MIB, max / MIB);
	EXPECT_EQ(0, stats.out_dirty + stats.out_dirty_zero);
	EXPECT_LE(self->bytes + half, stats.out_cleaned);
	EXPECT_GE(self->limit / 4 + PG(1), max);
	expect_no_oom(&self->payer);
	expect_no_oom(&self->pager);
	/* the file, and the VMO, most of which has to be read again */
	for (off = 0; off < self->bytes; off += CHUNK) {
		__u64 key = off < half ? KEY : KEY + 1;

		ASSERT_TRUE(vmop_test_check_fd(self->srv.store, key, off, CHUNK));
		ASSERT_TRUE(vmop_test_check_fd(self->vmo.fd, key, off, CHUNK));
	}
	expect_no_oom(&self->payer);
	if (map)
		munmap(map, self->bytes);
}

VMOP_TEST_MAIN
