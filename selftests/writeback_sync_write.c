// SPDX-License-Identifier: GPL-2.0
/*
 * What is durable, and how much of it: writes that wait until they are written
 * back, msync() of a range, and many who write and sync at once.
 */
#include <sys/uio.h>

#include "test_sync.h"

/* ---- writes that become durable ------------------------------------------- */

FIXTURE(write)
{
	struct test_pager tp;
	struct test_vmo vmo;
	int fd;		/* opened as the variant says */
};

FIXTURE_VARIANT(write)
{
	int open_flags;
	int rw_flags;
};

FIXTURE_VARIANT_ADD(write, o_sync)
{
	.open_flags = O_SYNC,
};

FIXTURE_VARIANT_ADD(write, o_dsync)
{
	.open_flags = O_DSYNC,
};

FIXTURE_VARIANT_ADD(write, rwf_sync)
{
	.rw_flags = RWF_SYNC,
};

FIXTURE_VARIANT_ADD(write, rwf_dsync)
{
	.rw_flags = RWF_DSYNC,
};

FIXTURE_SETUP(write)
{
	ASSERT_EQ(0, test_wb_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, OLD, NR);
	supply(&self->tp, &self->vmo, 0, NR);
	test_reopen(&self->fd, self->vmo.fd, O_RDWR | variant->open_flags);
}

FIXTURE_TEARDOWN(write)
{
	close(self->fd);
	test_pager_exit(&self->tp);
}

struct write_call {
	int fd;
	int rw_flags;
	__u64 off;
	size_t len;
};

static void do_write(void *arg, struct vmop_result *res)
{
	struct write_call *call = arg;
	struct iovec iov = { malloc(call->len), call->len };

	vmop_test_fill(iov.iov_base, NEW, call->off, call->len);
	res->ret = pwritev2(call->fd, &iov, 1, call->off, call->rw_flags);
	res->err = res->ret < 0 ? errno : 0;
	free(iov.iov_base);
}

#define WRITE(_off, _len) \
	(struct write_call){ self->fd, variant->rw_flags, _off, _len }

/* It waits for the pages that it wrote, and for nothing else. */
TEST_F(write, waits_for_its_pages)
{
	struct write_call call = WRITE(PG(2) + 100, PG(1));
	struct vmop_thread *t;

	write_at(0, 2, FREE);
	write_at(6, 1, FREE);
	t = vmop_thread_call(do_write, &call);
	blocked(t, 1);
	asked_writeback(2, 2);
	asked_none();
	/* the bytes are there for all to see */
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW, PG(2) + 100, PG(1)));
	write_back(2, 1);
	blocked(t, 1);
	write_back(3, 1);
	expect_done(t, PG(1));
	expect_dirty(3);
	asked_none();
}

/* What the pager says of the writeback is what the write says. */
TEST_F(write, fails)
{
	struct write_call call = WRITE(PG(2), 10);
	struct vmop_thread *t;

	t = vmop_thread_call(do_write, &call);
	blocked(t, 1);
	asked_writeback(2, 1);
	answer(ENOSPC);
	expect_errno(t, ENOSPC);
	expect_dirty(1);
	t = vmop_thread_call(do_write, &call);
	blocked(t, 1);
	asked_writeback(2, 1);
	answer(0);
	expect_done(t, 10);
	asked_none();
}

/* Short at the end of the file: durable as far as it went. */
TEST_F(write, short_at_the_end)
{
	struct write_call call = WRITE(PG(NR) - 10, 100);
	struct vmop_thread *t;

	t = vmop_thread_call(do_write, &call);
	blocked(t, 1);
	asked_writeback(NR - 1, 1);
	write_back(NR - 1, 1);
	expect_done(t, 10);
	call.off = PG(NR);
	t = vmop_thread_call(do_write, &call);
	expect_errno(t, EFBIG);
	asked_none();
}

TEST_F(write, pager_closed)
{
	struct write_call call = WRITE(PG(2), 10);
	struct vmop_thread *t = vmop_thread_call(do_write, &call);

	blocked(t, 1);
	test_pager_close(&self->tp);
	expect_errno(t, ENOTCONN);
}

/* ---- a range -------------------------------------------------------------- */

SYNC_FIXTURE(range)

/* msync() is about its pages, whole ones; nothing else is asked for. */
TEST_F(range, msync)
{
	struct sync_call call = { &self->vmo, SYNC_MSYNC, 4, 3 };
	struct vmop_thread *t;

	write_at(1, 2, FREE);
	EXPECT_EQ(0, sync_now(&call));
	asked_none();
	write_at(3, 2, FREE);
	write_at(6, 2, FREE);
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(4, 3);
	write_back(4, 1);
	blocked(t, 1);
	write_back(6, 1);
	expect_done(t, 0);
	expect_dirty(4);
	EXPECT_EQ(0, msync(self->vmo.map, PG(NR), MS_ASYNC));
	asked_none();
}

/* A private mapping has nothing to write back. */
TEST_F(range, msync_private)
{
	char *map = mmap(NULL, PG(NR), PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->vmo.fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	map[PG(2)] = 1;
	write_at(3, 1, FREE);
	EXPECT_EQ(0, msync(map, PG(NR), MS_SYNC));
	asked_none();
	expect_dirty(1);
	munmap(map, PG(NR));
}

/* Zeros at the end of a file that is no multiple of the page size. */
TEST_F(range, last_page)
{
	struct sync_call call = { &self->vmo, SYNC_FSYNC, 0, 0 };
	struct vmop_thread *t;

	test_set_size(self->vmo.fd, PG(NR - 1) + 5);
	write_at(NR - 2, 1, FREE);
	ASSERT_EQ(5, pwrite(self->vmo.fd, "abcdefgh", 8, PG(NR - 1)));
	t = start_sync(&call);
	blocked(t, 1);
	asked_writeback(NR - 2, 2);
	write_back(NR - 2, 2);
	expect_done(t, 0);
	asked_none();
}

/* ---- many ----------------------------------------------------------------- */

#define WRITERS 8

struct many {
	struct test_vmo *vmo;
	int store;
	int id;
	int rounds;
	bool map;
};

/*
 * Write a page, sync, and look into the store: it must be there. Nobody else
 * writes this page.
 */
static void write_and_sync(void *arg, struct vmop_result *res)
{
	struct many *m = arg;
	char *buf = malloc(PG(1)), *at = m->vmo->map + PG(m->id);
	int i, bad = 0;

	for (i = 1; i <= m->rounds && !bad; i++) {
		vmop_test_fill(buf, NEW + i, PG(m->id), PG(1));
		if (m->map)
			memcpy(at, buf, PG(1));
		else
			bad |= pwrite(m->vmo->fd, buf, PG(1), PG(m->id)) !=
			       (ssize_t)PG(1);
		bad |= m->map ? msync(at, PG(1), MS_SYNC) : fsync(m->vmo->fd);
		bad |= !vmop_test_check_fd(m->store, NEW + i, PG(m->id), PG(1));
	}
	free(buf);
	res->ret = bad ? -1 : 0;
	res->err = bad ? EILSEQ : 0;
}

FIXTURE(many)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_wb_server srv;
};

FIXTURE_VARIANT(many)
{
	__u32 flags;
};

FIXTURE_VARIANT_ADD(many, no_trap)
{
	.flags = 0,
};

FIXTURE_VARIANT_ADD(many, trap)
{
	.flags = VMOP_VMO_TRAP_DIRTY,
};

FIXTURE_SETUP(many)
{
	struct vmop_test_vmo_args args = {
		.flags = variant->flags, .key = OLD, .length = PG(WRITERS),
	};

	ASSERT_EQ(0, test_wb_init(&self->tp));
	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &self->vmo, &args));
	self->srv.pager = self->tp.fd;
	self->srv.port = self->tp.port;
	self->srv.vmo = self->vmo.fd;
	self->srv.store = memfd_create("store", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(self->srv.store, PG(WRITERS)));
	ASSERT_EQ(0, test_wb_start(&self->srv));
}

FIXTURE_TEARDOWN(many)
{
	EXPECT_EQ(0, test_wb_stop(&self->srv));
	close(self->srv.store);
	test_pager_exit(&self->tp);
}

TEST_F(many, written_is_durable)
{
	struct many m[WRITERS];
	struct vmop_thread *t[WRITERS];
	int i;

	for (i = 0; i < WRITERS; i++) {
		m[i] = (struct many){ &self->vmo, self->srv.store, i, 40, i & 1 };
		t[i] = vmop_thread_call(write_and_sync, &m[i]);
		ASSERT_NE(NULL, t[i]);
	}
	for (i = 0; i < WRITERS; i++)
		expect_done(t[i], 0);
	/* some rode together, and each page went out at least once a round */
	TH_LOG("%u records, %llu pages written back", self->srv.nr_writebacks,
	       self->srv.nr_pages);
	EXPECT_GE(WRITERS * 40, self->srv.nr_writebacks);
	EXPECT_LE(WRITERS * 40, self->srv.nr_pages);
	expect_dirty(0);
}

VMOP_TEST_MAIN
