// SPDX-License-Identifier: GPL-2.0
/*
 * WRITEBACK_BEGIN and WRITEBACK_END over pages: what becomes clean, and that no
 * change is lost (sections D.1, D.4 and D.5 of the specification of behaviour).
 * Zero intervals are in writeback_interval.c.
 */
#include <sys/wait.h>

#include "vmop_test.h"

#include "test_dirty.h"

DIRTY_FIXTURE(range)
DIRTY_FIXTURE_BOTH(both)

/* ---- the seed's ----------------------------------------------------------- */

/* Seed 000, SimpleWriteback: literal. DT-2, WB-2, WB-7, WB-10. */
TEST_F(both, simple_writeback)
{
	make(BOTH, 1, 1);
	write_at(0, 1, IF_TRAP);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
	wb_begin(0, 1);
	expect_ranges(PAGES(0, 1));
	wb_end(0, 1);
	expect_clean();
	expect_new(0, 1);
	write_at(0, 1, IF_TRAP);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/*
 * Seed 000, DirtyDuringWriteback: literal. WB-21: END before the agreement makes
 * the page clean, END after it does not.
 */
TEST_F(range, dirty_during_writeback)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	op_dirty(0, 1);
	expect_ranges(PAGES(0, 1));
	wb_begin(0, 1);
	expect_ranges(PAGES(0, 1));
	expect_old(0, 1);
	t = writer(0, 1);
	asked_dirty(0, 1);
	wb_end(0, 1);
	expect_clean();
	blocked(t, 1);
	expect_old(0, 1);
	op_dirty(0, 1);
	expect_done(t, PG(1));
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);

	wb_begin(0, 1);
	t = vmop_thread_pwrite(self->vmo.fd, 0, PG(1), NEW + 1);
	asked_dirty(0, 1);
	op_dirty(0, 1);
	expect_done(t, PG(1));
	expect_ranges(PAGES(0, 1));
	wb_end(0, 1);
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW + 1, 0, PG(1)));
}

/*
 * Seed 000, WritebackWithMapping: literal. WB-6, WB-22: BEGIN takes the right to
 * write away; a refused DIRTY request leaves the page as it is.
 */
TEST_F(range, writeback_with_mapping)
{
	struct vmop_thread *t;

	make(TRAP, 1, 1);
	store_at(0, 1, ASKS);
	expect_ranges(PAGES(0, 1));
	store_at(0, 1, FREE);
	expect_ranges(PAGES(0, 1));
	wb_begin(0, 1);
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check(self->vmo.map, NEW, 0, PG(1)));

	t = vmop_thread_store(self->vmo.map, 8, NEW + 1, 0);
	asked_dirty(0, 1);
	refuse(0, 1, EIO);
	expect_sigbus(t, self->vmo.map);
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check(self->vmo.map, NEW, 0, PG(1)));
	wb_end(0, 1);
	expect_clean();
	expect_new(0, 1);

	store_at(0, 1, ASKS);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/*
 * Seed 000, CannotOverwriteZeroPage: literal. SUP-8, DT-3: only a write turns a
 * marker into a page.
 */
TEST_F(both, cannot_overwrite_zero_page)
{
	make_empty(BOTH, 1, 1);
	give_zeros(0, 1);
	expect_committed(0);
	give(0, 1);
	expect_committed(0);
	expect_zeros(0, 1);
	expect_clean();
	write_at(0, 1, IF_TRAP);
	expect_committed(1);
	expect_ranges(PAGES(0, 1));
	expect_new(0, 1);
}

/* Seed 000, SimpleDirtyNoTrap: literal. DT-2. */
TEST_F(range, simple_dirty_no_trap)
{
	make(NO_TRAP, 1, 1);
	write_at(0, 1, FREE);
	expect_ranges(PAGES(0, 1));
	write_back(0, 1);
	expect_clean();
	expect_new(0, 1);
	ASSERT_EQ(0, test_dirty_store(&self->tp, &self->vmo, 0, 1, NEW + 1, false));
	expect_ranges(PAGES(0, 1));
	EXPECT_TRUE(vmop_test_check_fd(self->vmo.fd, NEW + 1, 0, PG(1)));
	asked_none();
}

/* Seed 000, DirtyNoTrapRandomOffsets: literal. REQ-14: markers are no obstacle. */
TEST_F(range, dirty_no_trap_random_offsets)
{
	int round, i;

	for (round = 0; round < 4; round++) {
		srandom(round);
		make_empty(NO_TRAP, 10, 10);
		for (i = 0; i < 10; i++)
			ASSERT_EQ(0, random() & 1 ?
				  test_pager_supply(&self->tp, &self->vmo, i, 1) :
				  test_pager_supply_empty(&self->tp, &self->vmo,
							  i, 1));
		write_at(0, 10, FREE);
		expect_committed(10);
		expect_ranges(PAGES(0, 10));
		expect_new(0, 10);
		asked_none();
		test_vmo_close(&self->tp, &self->vmo);
		expect_complete(&self->tp, OLD);
	}
}

/* ---- arguments ------------------------------------------------------------ */

/* WB-1, WB-9: refused ranges and data; nothing happens to any part of the range. */
TEST_F(both, wb_1_arguments)
{
	static const __u32 ops[] = {
		VMOP_PAGER_OP_WRITEBACK_BEGIN, VMOP_PAGER_OP_WRITEBACK_END,
	};
	const struct test_pager *tp = &self->tp;
	const struct test_vmo *vmo = &self->vmo;
	unsigned int i;

	make(BOTH, 4, 4);
	write_at(1, 2, IF_TRAP);
	wb_begin(1, 1);
	for (i = 0; i < 2; i++) {
		EXPECT_ERR(EINVAL, test_wb_op(tp->fd, vmo->fd, ops[i], 1, PG(2), 0));
		EXPECT_ERR(EINVAL, test_wb_op(tp->fd, vmo->fd, ops[i], 0,
					      PG(3) - 1, 0));
		EXPECT_ERR(ERANGE, test_dirty_op(tp, vmo, ops[i], 0, 5, 0));
		EXPECT_ERR(ERANGE, test_dirty_op(tp, vmo, ops[i], 5, 1, 0));
		EXPECT_ERR(ERANGE, test_wb_op(tp->fd, vmo->fd, ops[i], PG(1),
					      -PG(1), 0));
		EXPECT_EQ(0, test_dirty_op(tp, vmo, ops[i], 0, 0, 0));
		EXPECT_EQ(0, test_dirty_op(tp, vmo, ops[i], 4, 0, 0));
	}
	EXPECT_ERR(EINVAL, pager_op(VMOP_PAGER_OP_WRITEBACK_END, 1, 2,
				    VMOP_DIRTY_ZERO));
	EXPECT_NE(0, pager_op(VMOP_PAGER_OP_WRITEBACK_BEGIN, 1, 2, 1ull << 40));
	EXPECT_NE(0, pager_op(VMOP_PAGER_OP_WRITEBACK_BEGIN, 1, 2,
			      VMOP_DIRTY_ZERO << 1));
	expect_ranges(PAGES(1, 2));
	wb_end(0, 4);
	expect_ranges(PAGES(2, 1));
}

/* OBJ-9: VMOs that are not this pager's. */
TEST_F(range, wb_1_foreign_vmo)
{
	static const __u32 ops[] = {
		VMOP_PAGER_OP_WRITEBACK_BEGIN, VMOP_PAGER_OP_WRITEBACK_END,
		VMOP_PAGER_OP_DIRTY,
	};
	int anon, port;
	struct test_pager other;
	struct test_vmo vmo;
	unsigned int i;

	test_vmo_create(&anon, self->tp.fd, 0, PG(1));
	ASSERT_EQ(0, test_pager_init(&other));
	ASSERT_EQ(0, test_dirty_make(&other, &vmo, OLD, TRAP, 1, 1));
	test_port_create(&port, self->tp.fd);
	for (i = 0; i < 3; i++) {
		test_err_op_range(EINVAL, self->tp.fd, vmo.fd, ops[i], 0, PG(1), 0,
				  0, NULL);
		test_err_op_range(EINVAL, self->tp.fd, anon, ops[i], 0, PG(1), 0, 0,
				  NULL);
		test_err_op_range(EBADFD, self->tp.fd, port, ops[i], 0, PG(1), 0, 0,
				  NULL);
		test_err_op_range(EBADF, self->tp.fd, -1, ops[i], 0, PG(1), 0, 0,
				  NULL);
	}
	test_pager_exit(&other);
	close(port);
	close(anon);
}

/* ---- states --------------------------------------------------------------- */

/* WB-2, WB-10, WB-16: gaps, markers and clean pages of the range stay what they are. */
TEST_F(both, wb_2_only_dirty_pages)
{
	make_empty(BOTH, 6, 6);
	give(0, 3);
	give_zeros(3, 1);
	write_at(1, 1, IF_TRAP);
	wb_begin(0, 6);
	expect_ranges(PAGES(1, 1));
	wb_end(0, 6);
	expect_clean();
	expect_committed(3);
	expect_old(0, 1);
	expect_new(1, 1);
	expect_zeros(3, 1);
	/* None of it asked for anything. */
	EXPECT_EQ(0, vmop_test_requests(self->vmo.fd));
	wb_end(0, 6);
	expect_clean();
}

/* WB-16: END alone does nothing; nor does a second one, or a second BEGIN. */
TEST_F(both, wb_16_end_without_begin)
{
	make(BOTH, 3, 3);
	write_at(0, 3, IF_TRAP);
	wb_end(0, 3);
	expect_ranges(PAGES(0, 3));
	wb_begin(1, 1);
	wb_begin(1, 1);
	wb_end(0, 3);
	expect_ranges(PAGES(0, 1), PAGES(2, 1));
	wb_end(0, 3);
	expect_ranges(PAGES(0, 1), PAGES(2, 1));
}

/* WB-2: pages have no start: BEGIN and END of any part of a range. */
TEST_F(both, wb_2_parts)
{
	make(BOTH, 6, 6);
	write_at(0, 6, IF_TRAP);
	wb_begin(1, 4);
	wb_end(2, 1);
	expect_ranges(PAGES(0, 2), PAGES(3, 3));
	wb_end(0, 6);
	expect_ranges(PAGES(0, 1), PAGES(5, 1));
}

/*
 * WB-3, trace D.5a.8: BEGIN of zeros leaves a page that was written there dirty.
 */
TEST_F(both, wb_3_begin_zero_leaves_pages)
{
	make(BOTH, 2, 2);
	write_at(1, 1, IF_TRAP);
	wb_begin_zero(1, 1);
	wb_end(1, 1);
	expect_ranges(PAGES(1, 1));
	/* Nor does it undo a BEGIN. */
	wb_begin(1, 1);
	wb_begin_zero(1, 1);
	wb_end(1, 1);
	expect_clean();
}

/* WB-10: a page that was written after BEGIN stays dirty, also for the next END. */
TEST_F(both, wb_10_written_after_begin)
{
	make(BOTH, 3, 3);
	write_at(0, 3, IF_TRAP);
	wb_begin(0, 3);
	write_at(1, 1, IF_TRAP);
	wb_end(0, 3);
	expect_ranges(PAGES(1, 1));
	wb_end(0, 3);
	expect_ranges(PAGES(1, 1));
	write_back(0, 3);
	expect_clean();
}

/* DT-2: a page being written is not written to by reads, COMMIT and hints. */
TEST_F(both, dt_2_looking_does_not_dirty)
{
	make(BOTH, 2, 2);
	write_at(0, 1, IF_TRAP);
	wb_begin(0, 2);
	expect_new(0, 1);
	EXPECT_TRUE(vmop_test_check(self->vmo.map, NEW, 0, PG(1)));
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(2), NULL);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_PREFETCH, 0, PG(2), NULL);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_DONT_NEED, 0, PG(2), NULL);
	expect_ranges(PAGES(0, 1));
	wb_end(0, 2);
	expect_clean();
	asked_none();
}

/* DT-1, EVT-1, EVT-2: what is dirty or being written is not reclaimed. */
TEST_F(both, dt_1_only_clean_pages_are_reclaimed)
{
	make(BOTH, 4, 4);
	write_at(0, 2, IF_TRAP);
	wb_begin(1, 1);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 2));
	expect_ranges(PAGES(0, 2));
	expect_new(0, 2);
	wb_end(0, 2);
	wb_begin(0, 1);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 1));
	expect_ranges(PAGES(0, 1));
	wb_end(0, 1);
	ASSERT_EQ(0, test_dirty_evict(&self->vmo, 0));
	test_vmo_close(&self->tp, &self->vmo);
	expect_complete(&self->tp, OLD);
}

/* ---- mappings ------------------------------------------------------------- */

/* WB-6, trace D.5a.10: a store after BEGIN makes the page dirty again. */
TEST_F(both, wb_6_store_after_begin)
{
	make(BOTH, 1, 1);
	store_at(0, 1, IF_TRAP);
	wb_begin(0, 1);
	store_at(0, 1, IF_TRAP);
	wb_end(0, 1);
	expect_ranges(PAGES(0, 1));
}

static int store_one(void *arg)
{
	*(volatile char *)arg = 7;
	return 0;
}

/* WB-6: in every mapping, whoever has it. */
TEST_F(range, wb_6_all_mappings)
{
	char *second;
	int status;
	pid_t pid;

	make(NO_TRAP, 2, 2);
	second = mmap(NULL, PG(1), PROT_READ | PROT_WRITE, MAP_SHARED, self->vmo.fd,
		      PG(1));
	ASSERT_NE(MAP_FAILED, second);
	self->vmo.map[PG(1)] = 1;
	second[1] = 2;
	wb_begin(0, 2);
	second[2] = 3;
	wb_end(0, 2);
	expect_ranges(PAGES(1, 1));
	write_back(0, 2);
	self->vmo.map[PG(1)] = 4;
	expect_ranges(PAGES(1, 1));
	wb_begin(0, 2);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(store_one(self->vmo.map + PG(1)));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	wb_end(0, 2);
	expect_ranges(PAGES(1, 1));
	EXPECT_EQ(7, self->vmo.map[PG(1)]);
	munmap(second, PG(1));
}

/*
 * WB-6: BEGIN of zeros too takes the right to write away, and a page that is dirty
 * gets it back without a request. STATS shows that the store was noticed.
 */
TEST_F(both, wb_6_begin_zero_protects)
{
	make(BOTH, 1, 1);
	store_at(0, 1, IF_TRAP);
	expect_modified();
	wb_begin_zero(0, 1);
	store_at(0, 1, FREE);
	expect_modified();
	expect_ranges(PAGES(0, 1));
}

/* A private copy is nobody's business: no request, no dirty page, no END. */
TEST_F(both, private_copies_are_not_tracked)
{
	char *priv;

	make(BOTH, 1, 1);
	priv = mmap(NULL, PG(1), PROT_READ | PROT_WRITE, MAP_PRIVATE, self->vmo.fd,
		    0);
	ASSERT_NE(MAP_FAILED, priv);
	priv[0] = 42;
	expect_clean();
	expect_unmodified();
	store_at(0, 1, IF_TRAP);
	write_back(0, 1);
	expect_clean();
	EXPECT_EQ(42, priv[0]);
	munmap(priv, PG(1));
}

/* ---- no change is lost ---------------------------------------------------- */

/* A thread that writes ever larger numbers to one place. */
struct ticker {
	int fd;			/* by pwrite(); or */
	__u64 *word;		/* here, when not NULL */
	bool stop;
};

static void tick(void *arg, struct vmop_result *res)
{
	struct ticker *ticker = arg;
	__u64 n = 0;

	while (!__atomic_load_n(&ticker->stop, __ATOMIC_ACQUIRE)) {
		n++;
		if (ticker->word)
			__atomic_store_n(ticker->word, n, __ATOMIC_RELAXED);
		else if (pwrite(ticker->fd, &n, sizeof(n), 0) != sizeof(n))
			break;
	}
	res->ret = n;
}

/* Agree to what has been asked for. */
static int agree(struct test_pager *tp, const struct test_vmo *vmo)
{
	struct vmop_port_record rec;
	ssize_t n = read(tp->port, &rec, sizeof(rec));

	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (n != sizeof(rec) || rec.type != VMOP_RECORD_DIRTY)
		return -EBADMSG;
	return test_wb_op(tp->fd, vmo->fd, VMOP_PAGER_OP_DIRTY, rec.offset,
				   rec.length, 0);
}

/*
 * WB-25: with the writer running all the time, what was written back last is what
 * is in the page when END has made it clean for good.
 */
static int write_back_under_fire(struct test_pager *tp, const struct test_vmo *vmo,
				 struct ticker *ticker, __u64 *stored)
{
	struct vmop_thread *t = vmop_thread_call(tick, ticker);
	__u64 end = vmop_test_now_ms() + 500 * vmop_test_scale();
	int ret = t ? 0 : -ENOMEM;

	while (!ret && vmop_test_now_ms() < end) {
		ret = agree(tp, vmo);
		if (!ret)
			ret = test_dirty_op(tp, vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN,
					    0, 1, 0);
		if (!ret && vmop_test_pread(vmo->fd, stored, 8, 0) != 8)
			ret = -EIO;
		if (!ret)
			ret = test_dirty_op(tp, vmo, VMOP_PAGER_OP_WRITEBACK_END, 0,
					    1, 0);
	}
	__atomic_store_n(&ticker->stop, true, __ATOMIC_RELEASE);
	while (!ret && !vmop_thread_done(t))
		ret = agree(tp, vmo);
	return ret ? ret : vmop_thread_wait(t, NULL);
}

/* The rest, as a pager does it: only what the query tells is written back. */
static int write_back_rest(struct test_pager *tp, const struct test_vmo *vmo,
			   __u64 *stored)
{
	struct vmop_dirty_range range;
	__u64 actual;
	int ret;

	ret = test_dirty_query(tp->fd, vmo->fd, 0, PG(1), &range, 1, &actual, NULL);
	if (ret || !actual)
		return ret;
	ret = test_dirty_op(tp, vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN, 0, 1, 0);
	if (!ret && vmop_test_pread(vmo->fd, stored, 8, 0) != 8)
		ret = -EIO;
	return ret ? ret : test_dirty_op(tp, vmo, VMOP_PAGER_OP_WRITEBACK_END, 0, 1,
					 0);
}

TEST_F(both, wb_25_no_lost_update)
{
	struct ticker ticker;
	__u64 stored, now;
	int way;

	make(BOTH, 1, 1);
	for (way = 0; way < 2; way++) {
		ticker = (struct ticker){ .fd = self->vmo.fd };
		if (way)
			ticker.word = (__u64 *)self->vmo.map;
		stored = 0;
		ASSERT_EQ(0, write_back_under_fire(&self->tp, &self->vmo, &ticker,
						   &stored));
		ASSERT_EQ(0, write_back_rest(&self->tp, &self->vmo, &stored));
		expect_clean();
		ASSERT_EQ(8, vmop_test_pread(self->vmo.fd, &now, 8, 0));
		EXPECT_EQ(now, stored);
	}
}

/* ---- the whole protocol --------------------------------------------------- */

/* Write one range back into store, as its flags say. */
static int store_range(struct test_pager *tp, const struct test_vmo *vmo,
		       const struct vmop_dirty_range *range, char *store)
{
	int ret = test_wb_op(tp->fd, vmo->fd, VMOP_PAGER_OP_WRITEBACK_BEGIN,
				      range->offset, range->length, range->flags);

	if (ret)
		return ret;
	if (range->flags & VMOP_DIRTY_ZERO)
		memset(store + range->offset, 0, range->length);
	else if (vmop_test_pread(vmo->fd, store + range->offset, range->length,
				 range->offset) != (ssize_t)range->length)
		return -EIO;
	return test_wb_op(tp->fd, vmo->fd, VMOP_PAGER_OP_WRITEBACK_END,
				   range->offset, range->length, 0);
}

/*
 * WB-26, WB-27, QRY-5: query, begin with the range's flags, write out, end; two
 * records a turn. Everything is clean afterwards, and what is stored is what the
 * VMO held.
 */
TEST_F(both, wb_27_protocol)
{
	struct vmop_dirty_range ranges[2];
	char *store = malloc(PG(12)), *was = malloc(PG(12));
	__u64 at = 0, actual, i;

	make(BOTH, 4, 12);
	vmop_test_fill(store, OLD, 0, PG(12));
	write_at(1, 1, IF_TRAP);
	write_at(6, 2, IF_TRAP);
	write_at(10, 1, IF_TRAP);
	test_vmo_op(self->vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(1), NULL);
	ASSERT_EQ(PG(12), vmop_test_pread(self->vmo.fd, was, PG(12), 0));
	do {
		ASSERT_EQ(0, test_dirty_query(self->tp.fd, self->vmo.fd, at,
					      PG(12) - at, ranges, 2, &actual,
					      NULL));
		for (i = 0; i < actual; i++) {
			ASSERT_EQ(0, store_range(&self->tp, &self->vmo, &ranges[i],
						 store));
			at = ranges[i].offset + ranges[i].length;
		}
	} while (actual);
	EXPECT_EQ(PG(12), at);
	expect_clean();
	EXPECT_EQ(0, memcmp(store, was, PG(12)));
	asked_none();
	free(store);
	free(was);
}

VMOP_TEST_MAIN
