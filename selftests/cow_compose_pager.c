// SPDX-License-Identifier: GPL-2.0
/*
 * VMOP_VMO_COMPOSE of parts that have a pager: what it is asked, by whom, once for
 * all; how a failure, a kill, a detach and a close end; and that nothing done to
 * the composed VMO is done to the part.
 */
#include "test_child.h"
#include "test_cow.h"
#include "test_dirty.h"
#include "vmop_test.h"

#define OTHER 0x07e6		/* what the second pager's VMO has */
#define OWN 0xc0c0		/* what is written to the composed VMO */
#define NR 8

/* An empty VMO with a pager, four pages of it behind two of something else. */
FIXTURE(joined)
{
	struct test_pager tp;
	struct test_vmo vmo;
	struct test_cow root;
	struct test_cow b;
	struct test_cow c;
};

FIXTURE_VARIANT(joined)
{
	bool map;
};

FIXTURE_VARIANT_ADD(joined, call)
{
	.map = false,
};

FIXTURE_VARIANT_ADD(joined, map)
{
	.map = true,
};

FIXTURE_SETUP(joined)
{
	ASSERT_EQ(0, test_pager_init(&self->tp));
	new_resizable(&self->tp, &self->vmo, OLD, NR);
	self->root = test_cow_of(&self->vmo);
	filled(&self->b, 0, NR, OTHER);
	compose(&self->c, self->vmo.fd, PART(self->b.fd, 0, 2), PART(-1, 3, 4));
}

FIXTURE_TEARDOWN(joined)
{
	test_cow_close(&self->c);
	test_cow_close(&self->b);
	test_pager_exit(&self->tp);
}

/* Page pgoff of c, from 2 on, in the pager's VMO. */
#define AT(_pgoff) ((_pgoff) + 1)

/* The access ends with this errno, or as a mapping with SIGBUS. */
#define fails(_t, _v, _pgoff, _err) do { \
	if (variant->map) \
		expect_sigbus(_t, (_v)->map + PG(_pgoff)); \
	else \
		expect_errno(_t, _err); \
} while (0)
#define read_fails(_v, _pgoff, _err) \
	fails(reader_by(_v, _pgoff, 1), _v, _pgoff, _err)
#define write_fails(_v, _pgoff, _err) \
	fails(writer_by(_v, _pgoff, 1, OWN), _v, _pgoff, _err)

/* Reads it, and the pager is asked and answers. */
#define fetched(_v, _pgoff, _at) do { \
	struct vmop_thread *__t = reader_by(_v, _pgoff, 1); \
	asked_read(_at, 1); \
	blocked(__t, 1); \
	give(_at, 1); \
	expect_content(__t, PG(1), OLD, PG(_at)); \
} while (0)

/* Making one asks nothing; a page is asked for in the part's offsets. */
TEST_F(joined, asks_where_the_part_has_it)
{
	struct vmop_vmo_get_info info;

	asked_none();
	shows_from_by(&self->c, 0, 2, OTHER, 0);
	asked_none();
	fetched(&self->c, 3, AT(3));
	test_get_info(self->vmo.fd, &info);
	EXPECT_EQ(1, info.out_requests);
	EXPECT_EQ(PG(1), info.out_committed);
	/* it is there now, in both */
	shows_from_by(&self->c, 3, 1, OLD, AT(3));
	shows_by(&self->root, AT(3), 1, OLD);
	/* what the part has already is not asked for */
	give(AT(5), 1);
	shows_from_by(&self->c, 5, 1, OLD, AT(5));
	asked_none();
}

/*
 * A call asks for all that it wants of a part in one request, a fault for its
 * page; none asks beyond that.
 */
TEST_F(joined, asks_for_a_run)
{
	const __u64 page[] = { 5, 6, 0, 1 };
	struct test_cow c;
	struct vmop_thread *t;
	unsigned int i;
	char buf[4 * 4096];

	compose(&c, self->vmo.fd, PART(-1, 4, 3), PART(-1, 0, 2),
		PART(self->b.fd, 0, 1));
	if (variant->map) {
		t = reader_by(&c, 1, 5);
		for (i = 0; i < 4; i++) {
			asked_read(page[i], 1);
			blocked(t, 1);
			give(page[i], 1);
		}
		expect_done(t, PG(5));
	} else {
		t = vmop_thread_pread(c.fd, PG(1) + 100, PG(5) - 100);
		asked_read(5, 2);
		blocked(t, 1);
		give(5, 2);
		asked_read(0, 2);
		blocked(t, 1);
		give(0, 1);
		blocked(t, 1);
		give(1, 1);
		expect_done(t, PG(5) - 100);
	}
	shows_from(&c, 1, 2, OLD, 5);
	shows_from(&c, 3, 2, OLD, 0);
	shows_from(&c, 5, 1, OTHER, 0);
	/* a request ends where there is something already */
	give(3, 1);
	t = vmop_thread_pread(self->c.fd, PG(1), PG(5));
	asked_read(4, 1);
	give(4, 1);
	expect_done(t, PG(5));
	ASSERT_EQ(PG(4), vmop_test_pread(self->c.fd, buf, PG(4), PG(2)));
	EXPECT_TRUE(vmop_test_check(buf, OLD, PG(3), PG(4)));
	test_cow_close(&c);
}

/* Asked once, whoever waits: through the part, the VMO, a clone and another one. */
TEST_F(joined, asked_once)
{
	struct test_cow clone, second;
	struct vmop_thread *t[5];
	unsigned int i;

	child(&clone, self->c.fd, SNAPSHOT, 0, 6);
	compose(&second, self->vmo.fd, PART(-1, 0, NR));
	t[0] = reader_by(&self->c, 4, 1);
	asked_read(AT(4), 1);
	t[1] = reader_by(&clone, 4, 1);
	t[2] = reader_by(&second, AT(4), 1);
	t[3] = reader_by(&self->root, AT(4), 1);
	t[4] = reader_by(&self->c, 4, 1);
	ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 5));
	asked_none();
	give(AT(4), 1);
	for (i = 0; i < 5; i++)
		expect_content(t[i], PG(1), OLD, PG(AT(4)));
	asked_none();
	test_cow_close(&clone);
	test_cow_close(&second);
}

/* A write: READ, then a page of its own; the part is clean and unmodified. */
TEST_F(joined, write)
{
	struct vmop_thread *t = writer_by(&self->c, 2, 1, OWN);

	asked_read(AT(2), 1);
	blocked(t, 1);
	give(AT(2), 1);
	expect_done(t, PG(1));
	shows_by(&self->c, 2, 1, OWN);
	shows_by(&self->root, AT(2), 1, OLD);
	EXPECT_EQ(PG(1), vmop_test_committed(self->c.fd));
	expect_clean();
	expect_unmodified();
	EXPECT_EQ(0, fsync(self->c.fd));
	asked_none();
}

/* A part that traps changes is asked for none. */
TEST_F(joined, no_dirty_request)
{
	struct vmop_test_vmo_args args = {
		.flags = TRAP, .key = NEW, .length = PG(NR),
	};
	struct test_vmo vmo;
	struct test_cow c;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	supply(&self->tp, &vmo, 0, NR);
	compose(&c, vmo.fd, PART(-1, 0, NR));
	put_by(&c, 0, 2, OWN);
	zero_pages(c.fd, 2, 1);
	shows_by(&c, 0, 2, OWN);
	zeros_by(&c, 2, 1);
	shows_by(&c, 3, 5, NEW);
	asked_none();
	test_cow_close(&c);
}

/* Not touched: as the part is then, written, zeroed, cut or evicted. */
TEST_F(joined, follows_until_touched)
{
	give(0, NR);
	shows_from_by(&self->c, 2, 1, OLD, AT(2));
	put_by(&self->root, AT(2), 2, NEW);
	zero_pages(self->vmo.fd, AT(4), 1);
	shows_from_by(&self->c, 2, 1, OLD, AT(2));
	shows_from_by(&self->c, 3, 1, NEW, AT(3));
	zeros_by(&self->c, 4, 1);
	put_by(&self->root, AT(4), 1, NEW);
	zeros_by(&self->c, 4, 1);
	expect_ranges(PAGES(3, 3));
	write_back(3, 3);
	asked_none();
	/* reclaim takes the part's pages, not the copies */
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	shows_from_by(&self->c, 2, 1, OLD, AT(2));
	zeros_by(&self->c, 4, 1);
	asked_none();
	fetched(&self->c, 5, AT(5));
}

/* Cut: no request for what is behind the end, and who waits for it gets zeros. */
TEST_F(joined, part_is_cut)
{
	struct vmop_thread *t;

	fetched(&self->c, 4, AT(4));
	t = reader_by(&self->c, 5, 1);
	asked_read(AT(5), 1);
	blocked(t, 1);
	test_set_size(self->vmo.fd, PG(AT(2)));
	expect_done(t, PG(1));
	zeros_by(&self->c, 5, 1);
	zeros_by(&self->c, 2, 1);
	shows_from_by(&self->c, 4, 1, OLD, AT(4));
	/* new space of the part is zeros that nobody is asked for */
	test_set_size(self->vmo.fd, PG(NR));
	zeros_by(&self->c, 3, 1);
	asked_none();
}

/* Operations: ZERO needs nobody, PREFETCH and COMMIT wait for the pager. */
TEST_F(joined, operations)
{
	struct vmop_thread *t;

	zero_pages(self->c.fd, 2, 1);
	zeros_by(&self->c, 2, 1);
	asked_none();
	t = vmop_thread_op(self->c.fd, VMOP_VMO_OP_PREFETCH, 0, PG(4));
	asked_read(AT(3), 1);
	blocked(t, 1);
	give(AT(3), 1);
	expect_done(t, 0);
	EXPECT_EQ(0, vmop_test_committed(self->c.fd));
	t = vmop_thread_op(self->c.fd, VMOP_VMO_OP_COMMIT, PG(3), PG(2));
	asked_read(AT(4), 1);
	blocked(t, 1);
	give(AT(4), 1);
	expect_done(t, 0);
	EXPECT_EQ(PG(2), vmop_test_committed(self->c.fd));
	/* ZERO of a piece needs the rest of the page */
	t = vmop_thread_op(self->c.fd, VMOP_VMO_OP_ZERO, PG(5) + 104, 8);
	asked_read(AT(5), 1);
	blocked(t, 1);
	give(AT(5), 1);
	expect_done(t, 0);
	EXPECT_TRUE(vmop_test_check_fd_zero(self->c.fd, PG(5) + 104, 8));
	shows_by(&self->root, AT(3), 3, OLD);
	expect_clean();
	asked_none();
}

/* A frozen snapshot as part: it holds still, and asks in the root's offsets. */
TEST_F(joined, part_of_a_snapshot)
{
	struct test_cow snap, c;
	struct vmop_thread *t;

	give(0, 4);
	child(&snap, self->vmo.fd, SNAPSHOT, 2, 6);
	compose(&c, snap.fd, PART(-1, 1, 5), PART(self->b.fd, 0, 1));
	test_cow_close(&snap);
	put_by(&self->root, 3, 1, NEW);
	shows_from_by(&c, 0, 1, OLD, 3);
	fetched(&c, 1, 4);
	/* the root asks before it changes what the snapshot did not read */
	t = writer_by(&self->root, 5, 1, NEW);
	asked_read(5, 1);
	give(5, 1);
	expect_done(t, PG(1));
	shows_by(&self->root, 5, 1, NEW);
	shows_from_by(&c, 2, 1, OLD, 5);
	test_cow_close(&c);
	/* and does no more when nobody holds it */
	zero_pages(self->vmo.fd, 6, 1);
	asked_none();
}

/* Clones that follow, slices and references of a pager's VMO as parts. */
TEST_F(joined, part_of_other_children)
{
	struct test_cow follow, ref, c;

	child(&follow, self->vmo.fd, ON_WRITE, 1, 4);
	child(&ref, self->vmo.fd, REFERENCE, 0, 0);
	zero_pages(follow.fd, 1, 1);
	compose(&c, follow.fd, PART(-1, 0, 4), PART(ref.fd, 6, 2));
	zeros_by(&c, 1, 1);
	asked_none();
	fetched(&c, 2, 3);
	fetched(&c, 5, 7);
	put_by(&self->root, 3, 1, NEW);
	shows_from_by(&follow, 2, 1, NEW, 3);
	shows_from_by(&c, 2, 1, OLD, 3);
	test_cow_close(&follow);
	test_cow_close(&ref);
	fetched(&c, 4, 6);
	test_cow_close(&c);
}

/* ---- how it ends ------------------------------------------------------------ */

/* A failure is for those who waited, by call or by mapping; then it is asked again. */
TEST_F(joined, failed)
{
	static const int errs[] = { EIO, EBADMSG, ENOTCONN, ENOSPC, ENOBUFS };
	struct vmop_thread *t[3];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(errs); i++) {
		t[0] = reader_by(&self->c, 3, 1);
		asked_read(AT(3), 1);
		t[1] = writer_by(&self->c, 3, 1, OWN);
		t[2] = reader_by(&self->c, 4, 1);
		ASSERT_EQ(0, vmop_test_wait_waiters(self->vmo.fd, 3));
		asked_read(AT(4), 1);
		refuse(AT(3), 1, errs[i]);
		fails(t[0], &self->c, 3, errs[i]);
		fails(t[1], &self->c, 3, errs[i]);
		blocked(t[2], 1);
		refuse(AT(4), 1, EIO);
		fails(t[2], &self->c, 4, EIO);
		t[0] = vmop_thread_op(self->c.fd, VMOP_VMO_OP_PREFETCH, PG(3),
				      PG(1));
		asked_read(AT(3), 1);
		refuse(AT(3), 1, errs[i]);
		expect_errno(t[0], errs[i]);
	}
	fetched(&self->c, 3, AT(3));
	put_by(&self->c, 3, 1, OWN);
	shows_by(&self->c, 3, 1, OWN);
	asked_none();
}

/* A part of a read: what is there before the failure is returned, or loaded. */
TEST_F(joined, failed_in_the_middle)
{
	unsigned int nr = variant->map ? 1 : 2;
	struct vmop_thread *t = reader_by(&self->c, 1, 3);

	asked_read(AT(2), nr);
	blocked(t, 1);
	refuse(AT(2), nr, EIO);
	if (variant->map)
		expect_sigbus(t, self->c.map + PG(2));
	else
		expect_done(t, PG(1));
	asked_none();
}

struct kill_arg {
	struct test_cow *v;
	unsigned int way;
};

static int wait_for_page(void *data)
{
	struct kill_arg *arg = data;
	struct test_cow *v = arg->v;
	char c = 1;

	switch (arg->way) {
	case 0:
		return pread(v->fd, &c, 1, PG(4));
	case 1:
		return pwrite(v->fd, &c, 1, PG(4));
	case 2:
		return v->map[PG(4)];
	case 3:
		v->map[PG(4)] = 1;
		return 1;
	case 4:
		return vmop_test_vmo_op(v->fd, VMOP_VMO_OP_COMMIT, PG(4),
					PG(1), NULL);
	default:
		return vmop_test_vmo_op(v->fd, VMOP_VMO_OP_PREFETCH, PG(4),
					PG(1), NULL);
	}
}

/* A kill ends the wait at once; who else waits takes over the request. */
TEST_F(joined, killed)
{
	static const int sigs[] = { SIGKILL, SIGTERM };
	struct kill_arg arg = { &self->c, 0 };
	struct vmop_thread *t;
	__u64 ms = 0;
	pid_t pid;

	for (arg.way = 0; arg.way < 6; arg.way++) {
		pid = test_child_start(wait_for_page, &arg);
		ASSERT_LT(0, pid);
		ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, 1));
		t = reader_by(&self->c, 4, 1);
		expect_blocked(t, &self->vmo, 2);
		ASSERT_EQ(0, test_child_kill(pid, sigs[arg.way & 1], &ms));
		EXPECT_GT(test_child_soon_ms(), ms)
			TH_LOG("way %u", arg.way);
		expect_blocked(t, &self->vmo, 1);
		refuse(AT(4), 1, EIO);
		fails(t, &self->c, 4, EIO);
		asked_none();
	}
	/* alone: the request goes, too */
	pid = test_child_start(wait_for_page, &arg);
	ASSERT_EQ(0, test_child_wait_blocked(pid, self->vmo.fd, 1));
	ASSERT_EQ(0, test_child_kill(pid, SIGKILL, NULL));
	EXPECT_EQ(0, vmop_test_waiters(self->vmo.fd));
	asked_none();
}

/* Detach: what was touched stays, the rest is ENOTCONN, never zeros. */
TEST_F(joined, detached)
{
	struct vmop_thread *t;
	struct test_cow d;

	give(0, 6);
	shows_from_by(&self->c, 2, 1, OLD, AT(2));
	put_by(&self->c, 3, 1, OWN);
	t = reader_by(&self->c, 5, 1);
	asked_read(AT(5), 1);
	blocked(t, 1);
	detach(&self->tp, &self->vmo);
	fails(t, &self->c, 5, ENOTCONN);
	expect_complete(&self->tp, OLD);
	shows_from_by(&self->c, 2, 1, OLD, AT(2));
	shows_by(&self->c, 3, 1, OWN);
	/* clean pages of the part are dropped */
	read_fails(&self->c, 4, ENOTCONN);
	write_fails(&self->c, 4, ENOTCONN);
	write_fails(&self->c, 5, ENOTCONN);
	test_err_vmo_op(ENOTCONN, self->c.fd, VMOP_VMO_OP_PREFETCH, PG(4),
			PG(1), NULL);
	/* another part does not care, and zeros need nobody */
	shows_from_by(&self->c, 0, 2, OTHER, 0);
	zero_pages(self->c.fd, 4, 1);
	zeros_by(&self->c, 4, 1);
	child(&d, self->c.fd, SNAPSHOT, 0, 6);
	shows_from_by(&d, 2, 1, OLD, AT(2));
	read_fails(&d, 5, ENOTCONN);
	/* composed after that */
	test_cow_close(&d);
	compose(&d, self->vmo.fd, PART(-1, 0, 2));
	read_fails(&d, 0, ENOTCONN);
	test_cow_close(&d);
	asked_none();
}

/* The pager closes while somebody waits. */
TEST_F(joined, pager_closes)
{
	struct vmop_thread *t;

	give(AT(2), 1);
	t = reader_by(&self->c, 4, 1);
	blocked(t, 1);
	test_pager_close(&self->tp);
	fails(t, &self->c, 4, ENOTCONN);
	shows_from_by(&self->c, 2, 1, OLD, AT(2));
	read_fails(&self->c, 5, ENOTCONN);
	write_fails(&self->c, 4, ENOTCONN);
}

/* The port alone closes: what is supplied nevertheless is there. */
TEST_F(joined, port_closes)
{
	struct vmop_thread *t;

	t = writer_by(&self->c, 3, 1, OWN);
	blocked(t, 1);
	test_pager_close_port(&self->tp);
	fails(t, &self->c, 3, ENOTCONN);
	give(AT(3), 1);
	shows_from_by(&self->c, 3, 1, OLD, AT(3));
}

/* The part's deadline counts for who waits through the composed VMO. */
TEST_F(joined, deadline)
{
	struct vmop_test_vmo_args args = {
		.key = NEW, .length = PG(NR), .deadline_ms = 100,
	};
	struct test_vmo vmo;
	struct test_cow c;

	ASSERT_EQ(0, test_pager_vmo_args(&self->tp, &vmo, &args));
	compose(&c, vmo.fd, PART(-1, 0, NR));
	read_fails(&c, 1, ETIMEDOUT);
	test_cow_close(&c);
}

/* Who made the part closes it first: COMPLETE comes with the last of the family. */
TEST_F(joined, close_order)
{
	struct test_cow d;
	char *map;

	give(0, NR);
	put_by(&self->root, AT(4), 1, NEW);
	shows_from_by(&self->c, 2, 1, OLD, AT(2));
	test_vmo_close(&self->tp, &self->vmo);
	asked_none();
	shows_from_by(&self->c, 3, 1, OLD, AT(3));
	shows_from_by(&self->c, 4, 1, NEW, AT(4));
	put_by(&self->c, 5, 1, OWN);
	child(&d, self->c.fd, SNAPSHOT, 0, 6);
	test_cow_close(&self->c);
	asked_none();
	shows_from_by(&d, 4, 1, NEW, AT(4));
	shows_by(&d, 5, 1, OWN);
	/* a mapping alone keeps it */
	map = d.map;
	close(d.fd);
	asked_none();
	EXPECT_TRUE(vmop_test_check(map + PG(2), OLD, PG(AT(2)), PG(1)));
	munmap(map, PG(6));
	expect_complete(&self->tp, OLD);
	asked_none();
}

/* The composed VMO goes first: the part is as it was. */
TEST_F(joined, closed_while_somebody_waits)
{
	struct vmop_thread *t;

	t = vmop_thread_load(self->c.map + PG(4), PG(1));
	asked_read(AT(4), 1);
	blocked(t, 1);
	close(self->c.fd);
	self->c.fd = -1;
	give(AT(4), 1);
	expect_content(t, PG(1), OLD, PG(AT(4)));
	test_cow_unmap(&self->c);
	shows_by(&self->root, AT(4), 1, OLD);
	asked_none();
}

/* Parts of two pagers: each is asked for its own. */
TEST_F(joined, two_pagers)
{
	struct test_pager other;
	struct vmop_thread *t[2];
	struct test_vmo vmo;
	struct test_cow c;

	ASSERT_EQ(0, test_pager_init(&other));
	new_vmo(&other, &vmo, OTHER, NR);
	compose(&c, vmo.fd, PART(-1, 7, 1), PART(self->vmo.fd, 7, 1));
	t[0] = reader_by(&c, 0, 1);
	t[1] = reader_by(&c, 1, 1);
	expect_read(&other, &vmo, 7, 1);
	asked_read(7, 1);
	expect_blocked(t[0], &vmo, 1);
	blocked(t[1], 1);
	give(7, 1);
	expect_content(t[1], PG(1), OLD, PG(7));
	expect_blocked(t[0], &vmo, 1);
	test_pager_close(&other);
	fails(t[0], &c, 0, ENOTCONN);
	shows_from_by(&c, 1, 1, OLD, 7);
	test_cow_close(&c);
	test_pager_exit(&other);
}

/* ---- many at once ------------------------------------------------------------- */

#define MANY 64
#define THREADS 4

struct lane {
	const struct test_cow *v;
	unsigned int who;
};

/* Reads all, in an order of its own, by call and by mapping; its word of each. */
static void read_and_write(void *arg, struct vmop_result *res)
{
	struct lane *l = arg;
	char buf[4096];
	unsigned int i, page;
	__u64 word = l->who + 1;

	for (i = 0; i < MANY && !res->err; i++) {
		page = (i * (2 * l->who + 3) + l->who) % MANY;
		if (pread(l->v->fd, buf, PG(1), PG(page)) != PG(1) ||
		    !vmop_test_check(buf + 512, OLD, PG(page) + 512,
				     PG(1) - 512))
			res->err = errno ?: EBADMSG;
		if (i & 1)
			*(__u64 *)(l->v->map + PG(page) + 64 * l->who) = word;
		else if (pwrite(l->v->fd, &word, 8, PG(page) + 64 * l->who) != 8)
			res->err = errno;
	}
	res->ret = res->err ? -1 : 0;
}

/* Threads that fault, read and write one VMO and its clone: nothing is lost. */
TEST_F(joined, many_at_once)
{
	const struct test_pager_behaviour how = {
		.mode = TEST_PAGER_NORMAL, .nr_threads = 2,
	};
	struct vmop_thread *t[2 * THREADS];
	struct lane l[2 * THREADS];
	struct test_cow c, d;
	unsigned int i, page;
	struct test_vmo vmo;
	__u64 word;

	new_vmo(&self->tp, &vmo, OLD, MANY);
	compose(&c, vmo.fd, PART(-1, 0, MANY / 2), PART(-1, MANY / 2, MANY / 2));
	child(&d, c.fd, SNAPSHOT, 0, MANY);
	ASSERT_EQ(0, test_pager_serve(&self->tp, &how));
	for (i = 0; i < 2 * THREADS; i++) {
		l[i] = (struct lane){ i < THREADS ? &c : &d, i % THREADS };
		t[i] = vmop_thread_call(read_and_write, &l[i]);
	}
	for (i = 0; i < 2 * THREADS; i++)
		expect_done(t[i], 0);
	for (page = 0; page < MANY; page++) {
		for (i = 0; i < 2 * THREADS; i++) {
			ASSERT_EQ(8, vmop_test_pread(l[i].v->fd, &word, 8,
						     PG(page) + 64 * l[i].who));
			EXPECT_EQ(l[i].who + 1, word);
		}
	}
	EXPECT_EQ(0, test_pager_stop(&self->tp));
	EXPECT_TRUE(vmop_test_check_fd(vmo.fd, OLD, 0, PG(MANY)));
	test_cow_close(&c);
	test_cow_close(&d);
}

VMOP_TEST_MAIN
