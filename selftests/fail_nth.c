// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail. Each variant is one operation: it is done again and
 * again in fresh surroundings, with its first, second, ... allocation in the
 * kernel failing, until it needs no more of them. When it fails, it says so
 * with an error that fits and can simply be done again; what succeeds is right,
 * to the byte. Nothing is lost, leaked or left locked: the kernel's log and its
 * leak detector are judges too.
 *
 * An operation that cannot fail must not, whatever it allocates.
 */
#include <sys/uio.h>

#include "fail_nth.h"
#include "vmop_test.h"

#define KEY 0xfa11
#define MAX_NTH 100
/* The kernel's own allocations come and go, and shift the numbers of ours. */
#define ROUNDS 3
#define NR 8

/* What an operation works on. Prepared anew for each try. */
struct env {
	struct test_pager tp;
	struct test_vmo vmo;		/* NR pages, resizable, nothing there */
	struct vmop_thread *thread;
	int fd;				/* what the operation is to open, or aux */
	int pipe[2];
	char *map;
	char *buf;			/* NR pages, the pattern of KEY */
	char *out;			/* NR pages */
};

static int prepare_nothing(struct env *env)
{
	(void)env;
	return 0;
}

static int serve(struct env *env)
{
	return test_pager_serve(&env->tp, &(struct test_pager_behaviour){
				.mode = TEST_PAGER_NORMAL });
}

/* ---- making objects ------------------------------------------------------ */

static int open_pager(struct env *env)
{
	env->fd = vmop_test_open_pager();
	return env->fd < 0 ? env->fd : 0;
}

static bool check_pager(struct env *env)
{
	struct vmop_info info;

	return !vmop_test_info(env->fd, &info);
}

static int make_port(struct env *env)
{
	env->fd = vmop_test_port_create(env->tp.fd);
	return env->fd < 0 ? env->fd : 0;
}

static bool check_port(struct env *env)
{
	struct vmop_port_record rec;

	return fcntl(env->fd, F_SETFL, O_NONBLOCK) == 0 &&
	       read(env->fd, &rec, sizeof(rec)) == -1 && errno == EAGAIN;
}

static int make_pager_vmo(struct env *env)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY + 1,
		.length = PG(NR), .name = "fail-nth",
	};

	env->fd = vmop_test_pager_vmo_create(env->tp.fd, env->tp.port, &args);
	return env->fd < 0 ? env->fd : 0;
}

/* One that was never made tells the pager nothing. */
static bool check_pager_vmo(struct env *env)
{
	return !test_pager_expect_none(&env->tp) &&
	       !vmop_test_supply_copy(env->tp.fd, env->fd, 0, PG(1), env->buf,
				      NULL) &&
	       vmop_test_check_fd(env->fd, KEY, 0, PG(1));
}

static int make_vmo(struct env *env)
{
	env->fd = vmop_test_vmo_create(env->tp.fd, 0, PG(NR));
	return env->fd < 0 ? env->fd : 0;
}

static bool check_vmo(struct env *env)
{
	return vmop_test_check_fd_zero(env->fd, 0, PG(NR));
}

static int map_vmo(struct env *env)
{
	void *map = mmap(NULL, PG(NR), PROT_READ | PROT_WRITE, MAP_SHARED,
			 env->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	env->map = map;
	return 0;
}

static bool check_map(struct env *env)
{
	return vmop_test_check_zero(env->map, 0, PG(NR));
}

/* ---- supplies ------------------------------------------------------------ */

/* Pages 2 to 5. A try may leave some of them there (SUP-10). */
static int supply_copy(struct env *env)
{
	return vmop_test_supply_copy(env->tp.fd, env->vmo.fd, PG(2), PG(4),
				     env->buf + PG(2), NULL);
}

static bool check_supplied(struct env *env)
{
	return vmop_test_committed(env->vmo.fd) == PG(4) &&
	       vmop_test_check_fd(env->vmo.fd, KEY, PG(2), PG(4));
}

static int supply_zero(struct env *env)
{
	return vmop_test_supply_zero(env->tp.fd, env->vmo.fd, PG(2), PG(4),
				     NULL);
}

static bool check_supplied_zero(struct env *env)
{
	return !vmop_test_committed(env->vmo.fd) &&
	       vmop_test_check_fd_zero(env->vmo.fd, PG(2), PG(4));
}

static int prepare_file(struct env *env)
{
	env->fd = memfd_create("source", MFD_CLOEXEC);
	if (env->fd < 0)
		return -errno;
	return pwrite(env->fd, env->buf, PG(NR), 0) == PG(NR) ? 0 : -EIO;
}

static int supply_file(struct env *env)
{
	return vmop_test_supply_file(env->tp.fd, env->vmo.fd, PG(2), PG(4),
				     env->fd, PG(2), NULL);
}

/* The aux VMO, with one page that a pipe holds: it will have to be copied. */
static int prepare_aux(struct env *env)
{
	struct iovec iov;
	int ret;

	if (env->map)
		munmap(env->map, PG(NR));
	env->map = NULL;
	if (env->fd >= 0)
		close(env->fd);
	env->fd = test_pager_aux(&env->tp, KEY, 0, NR);
	if (env->fd < 0)
		return env->fd;
	ret = map_vmo(env);
	if (ret)
		return ret;
	iov = (struct iovec){ env->map + PG(3), PG(1) };
	if (env->pipe[0] < 0 && pipe2(env->pipe, O_CLOEXEC))
		return -errno;
	return vmsplice(env->pipe[1], &iov, 1, 0) == PG(1) ? 0 : -EIO;
}

static int supply_move(struct env *env)
{
	int ret = vmop_test_supply(env->tp.fd, env->vmo.fd, PG(2), PG(4),
				   env->fd, PG(2), NULL);

	/* empty now, in any case (SUP-2) */
	if (!vmop_test_check_fd_zero(env->fd, PG(2), PG(4)))
		return -EBADMSG;
	return ret;
}

/* ---- reading and writing ------------------------------------------------- */

static int read_absent(struct env *env)
{
	ssize_t n = vmop_test_pread(env->vmo.fd, env->out, PG(NR), 0);

	if (n < 0)
		return n;
	if (!vmop_test_check(env->out, KEY, 0, n))
		return -EBADMSG;
	/* as much as there was memory for */
	return n == PG(NR) ? 0 : -ENOMEM;
}

static bool check_all(struct env *env)
{
	return vmop_test_check(env->vmo.map, KEY, 0, PG(NR)) &&
	       !vmop_test_waiters(env->vmo.fd);
}

static int fault_absent(struct env *env)
{
	return madvise(env->vmo.map, PG(NR), MADV_POPULATE_READ) ? -errno : 0;
}

static int serve_failing(struct env *env)
{
	return test_pager_serve(&env->tp, &(struct test_pager_behaviour){
				.mode = TEST_PAGER_FAILING, .err = EIO });
}

/* The pager's failure comes through, be there memory to note it or not. */
static int fault_failed(struct env *env)
{
	if (!madvise(env->vmo.map, PG(1), MADV_POPULATE_READ))
		return -EBADMSG;
	return errno == EFAULT ? 0 : -errno;
}

static bool check_failed(struct env *env)
{
	return !vmop_test_waiters(env->vmo.fd) &&
	       !vmop_test_committed(env->vmo.fd);
}

/* Pages 2 to 5 are zeros without memory. */
static int prepare_zeros(struct env *env)
{
	return vmop_test_vmo_op(env->vmo.fd, VMOP_VMO_OP_ZERO, PG(2), PG(4),
				NULL);
}

static int write_zeros(struct env *env)
{
	ssize_t n = vmop_test_pwrite(env->vmo.fd, env->buf + PG(3), PG(2),
				     PG(3));

	if (n < 0)
		return n;
	return n == PG(2) ? 0 : -ENOMEM;
}

static bool check_written_zeros(struct env *env)
{
	return vmop_test_committed(env->vmo.fd) == PG(2) &&
	       vmop_test_check_fd_zero(env->vmo.fd, PG(2), PG(1)) &&
	       vmop_test_check_fd(env->vmo.fd, KEY, PG(3), PG(2)) &&
	       vmop_test_check_fd_zero(env->vmo.fd, PG(5), PG(1));
}

static int fault_zeros(struct env *env)
{
	return madvise(env->vmo.map + PG(3), PG(2), MADV_POPULATE_WRITE) ?
	       -errno : 0;
}

static bool check_faulted_zeros(struct env *env)
{
	return vmop_test_committed(env->vmo.fd) == PG(2) &&
	       vmop_test_check_zero(env->vmo.map + PG(2), PG(2), PG(4));
}

/* Zeros that are mapped for reading already: page_mkwrite. */
static int prepare_mapped_zeros(struct env *env)
{
	int ret = prepare_zeros(env);

	if (!ret && madvise(env->vmo.map + PG(2), PG(4), MADV_POPULATE_READ))
		ret = -errno;
	return ret;
}

/* ---- ranges and size ----------------------------------------------------- */

static int prepare_mixed(struct env *env)
{
	int ret = vmop_test_supply_zero(env->tp.fd, env->vmo.fd, 0, PG(2),
					NULL);

	ret = ret ?: prepare_zeros(env);
	return ret ?: serve(env);
}

static int commit(struct env *env)
{
	return vmop_test_vmo_op(env->vmo.fd, VMOP_VMO_OP_COMMIT, 0, PG(NR),
				NULL);
}

static bool check_mixed(struct env *env)
{
	return vmop_test_check_fd_zero(env->vmo.fd, 0, PG(6)) &&
	       vmop_test_check_fd(env->vmo.fd, KEY, PG(6), PG(2));
}

static bool check_commit(struct env *env)
{
	return vmop_test_committed(env->vmo.fd) == PG(NR) && check_mixed(env);
}

static int prefetch(struct env *env)
{
	return vmop_test_vmo_op(env->vmo.fd, VMOP_VMO_OP_PREFETCH, 0, PG(NR),
				NULL);
}

static bool check_prefetch(struct env *env)
{
	return vmop_test_committed(env->vmo.fd) == PG(2) && check_mixed(env);
}

/* Parts of two pages that are there, and everything between them. */
static int prepare_ends(struct env *env)
{
	int ret = test_pager_supply(&env->tp, &env->vmo, 1, 1);

	return ret ?: test_pager_supply(&env->tp, &env->vmo, 6, 1);
}

static int zero_range(struct env *env)
{
	return vmop_test_vmo_op(env->vmo.fd, VMOP_VMO_OP_ZERO, PG(1) + 100,
				PG(5), NULL);
}

static bool check_zero_range(struct env *env)
{
	return vmop_test_check_fd(env->vmo.fd, KEY, PG(1), 100) &&
	       vmop_test_check_fd_zero(env->vmo.fd, PG(1) + 100, PG(5)) &&
	       vmop_test_check_fd(env->vmo.fd, KEY, PG(6) + 100, PG(1) - 100) &&
	       !vmop_test_requests(env->vmo.fd);
}

static int zero_absent(struct env *env)
{
	return prepare_zeros(env);
}

static bool check_zero_absent(struct env *env)
{
	return vmop_test_check_fd_zero(env->vmo.fd, PG(2), PG(4)) &&
	       !vmop_test_requests(env->vmo.fd);
}

/* Sizes: all or nothing. */
static int set_size(struct env *env, __u64 size)
{
	struct vmop_vmo_get_info before, after;
	int ret;

	if (vmop_test_get_info(env->vmo.fd, &before))
		return -EBADMSG;
	ret = vmop_test_set_size(env->vmo.fd, size);
	if (vmop_test_get_info(env->vmo.fd, &after))
		return -EBADMSG;
	if (ret)
		return vmop_test_same_info(&before, &after) ? ret : -EBADMSG;
	return after.out_content_size == size ? 0 : -EBADMSG;
}

static int grow(struct env *env)
{
	return set_size(env, PG(100) + 1);
}

static bool check_grown(struct env *env)
{
	return vmop_test_check_fd_zero(env->vmo.fd, PG(NR), PG(92) + 1) &&
	       !vmop_test_requests(env->vmo.fd);
}

static int prepare_grown(struct env *env)
{
	return vmop_test_set_size(env->vmo.fd, PG(300));
}

static int shrink(struct env *env)
{
	return set_size(env, PG(100) + 1);
}

/* ---- ends: they need no memory ------------------------------------------- */

static int prepare_waiting(struct env *env)
{
	env->thread = vmop_thread_load(env->vmo.map, 1);
	if (!env->thread)
		return -ENOMEM;
	return vmop_thread_wait_blocked(env->thread, env->vmo.fd, 1);
}

static int fail_request(struct env *env)
{
	return test_pager_fail(&env->tp, &env->vmo, 0, 1, EIO);
}

static bool check_sigbus(struct env *env)
{
	struct vmop_result res;
	bool ok = !vmop_thread_wait(env->thread, &res) && res.sig == SIGBUS;

	vmop_result_free(&res);
	return ok;
}

static int read_port(struct env *env)
{
	return test_pager_expect_read(&env->tp, &env->vmo, 0, 1);
}

static bool check_read_port(struct env *env)
{
	return !fail_request(env) && check_sigbus(env);
}

/* Clean, changed, and zeros; unmapping takes memory, so it is done before. */
static int prepare_content(struct env *env)
{
	int ret = test_pager_supply(&env->tp, &env->vmo, 0, 2);

	if (!ret && vmop_test_pwrite(env->vmo.fd, env->buf, 1, 0) != 1)
		ret = -EIO;
	test_vmo_unmap(&env->tp, &env->vmo);
	return ret ?: prepare_zeros(env);
}

static int detach_vmo(struct env *env)
{
	return test_pager_detach(&env->tp, &env->vmo);
}

static bool check_detached(struct env *env)
{
	return vmop_test_committed(env->vmo.fd) == PG(1) &&
	       vmop_test_check_fd(env->vmo.fd, KEY, 0, PG(1)) &&
	       vmop_test_check_fd_zero(env->vmo.fd, PG(2), PG(4)) &&
	       !test_pager_expect_complete(&env->tp, KEY);
}

static int close_vmo(struct env *env)
{
	test_vmo_close(&env->tp, &env->vmo);
	return 0;
}

static bool check_closed(struct env *env)
{
	return !test_pager_expect_complete(&env->tp, KEY) &&
	       !test_pager_expect_none(&env->tp);
}

static int close_pager(struct env *env)
{
	test_pager_close(&env->tp);
	return 0;
}

/* ---- the operations ------------------------------------------------------ */

FIXTURE(fail_nth)
{
	struct env env;
	int nth_fd;
};

/*
 * @prepare also comes before what failed is done again, if @again says so.
 * @err is what -ENOMEM may look like otherwise. At least @failures of the tries
 * must fail, or @nodes of those without nodes for the page list; fewer would
 * mean that the filters keep ours out. @failures is half of what the module
 * needs, as now and then two numbers meet the same allocation. (A fault that is
 * not the first of a call is tried again by the kernel, so it does not count.)
 */
FIXTURE_VARIANT(fail_nth)
{
	int (*prepare)(struct env *env);
	int (*run)(struct env *env);
	bool (*check)(struct env *env);
	bool again;
	bool cannot_fail;
	int err;
	int failures;
	int nodes;
};

#define OPERATION(_name, _prepare, _run, _check, ...) \
	FIXTURE_VARIANT_ADD(fail_nth, _name) \
	{ \
		.prepare = _prepare, .run = _run, .check = _check, __VA_ARGS__ \
	}

OPERATION(open_pager, prepare_nothing, open_pager, check_pager, .failures = 1);
OPERATION(make_port, prepare_nothing, make_port, check_port, .failures = 2);
OPERATION(make_pager_vmo, prepare_nothing, make_pager_vmo, check_pager_vmo,
	  .failures = 3);
OPERATION(make_vmo, prepare_nothing, make_vmo, check_vmo, .failures = 2);
OPERATION(map_vmo, make_vmo, map_vmo, check_map, .failures = 1);
OPERATION(supply_copy, prepare_nothing, supply_copy, check_supplied,
	  .failures = 4, .nodes = 1);
OPERATION(supply_zero, prepare_nothing, supply_zero, check_supplied_zero,
	  .nodes = 1);
OPERATION(supply_file, prepare_file, supply_file, check_supplied,
	  .failures = 4, .nodes = 1);
OPERATION(supply_move, prepare_aux, supply_move, check_supplied,
	  .failures = 1, .nodes = 1, .again = true);
OPERATION(read_absent, serve, read_absent, check_all, .failures = 1);
OPERATION(fault_absent, serve, fault_absent, check_all, .failures = 1,
	  .err = EFAULT);
OPERATION(fault_failed, serve_failing, fault_failed, check_failed);
OPERATION(write_zeros, prepare_zeros, write_zeros, check_written_zeros,
	  .failures = 2);
OPERATION(fault_zeros, prepare_zeros, fault_zeros, check_faulted_zeros,
	  .failures = 1, .err = EFAULT);
OPERATION(fault_mapped_zeros, prepare_mapped_zeros, fault_zeros,
	  check_faulted_zeros, .failures = 1, .err = EFAULT);
OPERATION(commit, prepare_mixed, commit, check_commit, .failures = 6);
OPERATION(prefetch, prepare_mixed, prefetch, check_prefetch, .failures = 1);
OPERATION(zero_range, prepare_ends, zero_range, check_zero_range);
OPERATION(zero_absent, prepare_nothing, zero_absent, check_zero_absent,
	  .nodes = 1);
OPERATION(grow, prepare_nothing, grow, check_grown, .nodes = 2);
OPERATION(shrink, prepare_grown, shrink, check_grown, .nodes = 1);
OPERATION(fail_request, prepare_waiting, fail_request, check_sigbus,
	  .cannot_fail = true);
OPERATION(read_port, prepare_waiting, read_port, check_read_port,
	  .cannot_fail = true);
OPERATION(detach_vmo, prepare_content, detach_vmo, check_detached,
	  .cannot_fail = true);
OPERATION(close_vmo, prepare_content, close_vmo, check_closed,
	  .cannot_fail = true);
OPERATION(close_pager, prepare_waiting, close_pager, check_sigbus,
	  .cannot_fail = true);

typedef FIXTURE_VARIANT(fail_nth) operation;

FIXTURE_SETUP(fail_nth)
{
	self->env.buf = aligned_alloc(PG(1), PG(NR));
	self->env.out = aligned_alloc(PG(1), PG(NR));
	ASSERT_NE(NULL, self->env.buf);
	ASSERT_NE(NULL, self->env.out);
	vmop_test_fill(self->env.buf, KEY, 0, PG(NR));
	self->nth_fd = fail_nth_open();
	ASSERT_LE(0, self->nth_fd)
		TH_LOG("fault injection: %s", strerror(-self->nth_fd));
}

FIXTURE_TEARDOWN(fail_nth)
{
	close(self->nth_fd);
	free(self->env.buf);
	free(self->env.out);
}

static int env_init(struct env *env, const operation *op)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE, .key = KEY, .length = PG(NR),
	};
	int ret;

	env->fd = -1;
	env->pipe[0] = -1;
	env->pipe[1] = -1;
	env->map = NULL;
	env->thread = NULL;
	ret = test_pager_init(&env->tp);
	ret = ret ?: test_pager_vmo_args(&env->tp, &env->vmo, &args);
	return ret ?: op->prepare(env);
}

static void env_exit(struct env *env)
{
	if (env->map)
		munmap(env->map, PG(NR));
	if (env->fd >= 0)
		close(env->fd);
	if (env->pipe[0] >= 0) {
		close(env->pipe[0]);
		close(env->pipe[1]);
	}
	test_pager_exit(&env->tp);
}

/* May a failed allocation have turned into this? */
static bool is_honest(const operation *op, int ret)
{
	if (!ret)
		return true;
	return !op->cannot_fail && (ret == -ENOMEM ||
				    (op->err && ret == -op->err));
}

/* One try has ended with @ret: was that right, and does another one work? */
static bool is_right(struct env *env, const operation *op, int ret)
{
	if (!is_honest(op, ret))
		return false;
	if (ret && op->again && op->prepare(env))
		return false;
	if (ret && op->run(env))
		return false;
	return op->check(env);
}

TEST_F_TIMEOUT(fail_nth, each_allocation, 90)
{
	struct env *env = &self->env;
	int nth, ret, left, round, failed = 0;

	for (round = 0; round < ROUNDS; round++) {
		left = 0;
		for (nth = 1; nth < MAX_NTH && !left; nth++) {
			ASSERT_EQ(0, env_init(env, variant));
			ASSERT_EQ(0, fail_nth_arm(self->nth_fd, nth));
			ret = variant->run(env);
			left = fail_nth_disarm(self->nth_fd);
			ASSERT_LE(0, left);
			failed += ret != 0;
			EXPECT_TRUE(is_right(env, variant, ret))
				TH_LOG("failure %d became %d", nth, ret);
			env_exit(env);
		}
		EXPECT_LT(0, left);
	}
	EXPECT_LE(variant->failures * ROUNDS, failed);
	TH_LOG("%d tries failed; the last round had %d", failed, nth - 2);
}

TEST_F_TIMEOUT(fail_nth, each_node, 90)
{
	struct env *env = &self->env;
	int nth, ret = -1;

	for (nth = 1; nth < MAX_NTH && ret; nth++) {
		ASSERT_EQ(0, env_init(env, variant));
		ASSERT_EQ(0, fail_nodes_arm(nth));
		ret = variant->run(env);
		ASSERT_EQ(0, fail_nodes_disarm());
		EXPECT_TRUE(is_right(env, variant, ret))
			TH_LOG("without node %d it became %d", nth, ret);
		env_exit(env);
	}
	EXPECT_EQ(0, ret);
	EXPECT_LE(variant->nodes, nth - 2);
}

VMOP_TEST_MAIN
