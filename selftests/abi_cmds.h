/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the ABI sweeps share: one object of every kind, and the table of all
 * commands with what is where in their structures.
 *
 * A command's fill() makes arguments that succeed and change nothing that the
 * sweeps look at, any number of times. A sweep spoils one thing, expects one
 * errno, and finds every object as it was (abi_snap, abi_unchanged).
 */
#ifndef ABI_CMDS_H
#define ABI_CMDS_H

#include <dirent.h>

#include "test_cow.h"
#include "vmop_test.h"

#define ABI_PAGES 8
#define ABI_KEY 7

union abi_any {
	__u32 head[2];		/* size, flags */
	struct vmop_info info;
	struct vmop_port_create port_create;
	struct vmop_pager_vmo_create pager_vmo_create;
	struct vmop_vmo_create vmo_create;
	struct vmop_detach detach_vmo;
	struct vmop_supply supply_move;
	struct vmop_supply_copy supply_copy;
	struct vmop_supply_zero supply_zero;
	struct vmop_supply_file supply_file;
	struct vmop_op_range op_range;
	struct vmop_query_dirty query_dirty;
	struct vmop_query_stats query_stats;
	struct vmop_query_latency query_latency;
	struct vmop_vmo_op_range vmo_op_range;
	struct vmop_vmo_set_size set_size;
	struct vmop_vmo_get_info get_info;
	struct vmop_vmo_set_name set_name;
	struct vmop_vmo_create_child create_child;
	struct vmop_vmo_reset reset;
	struct vmop_vmo_seal seal;
	struct vmop_vmo_compose compose;
};

struct abi_env {
	struct test_pager tp;
	struct test_pager other;
	struct test_vmo vmo;	/* tp's, resizable, pages 0..3 supplied */
	struct test_vmo victim;	/* tp's, for DETACH */
	struct test_vmo theirs;	/* the other pager's */
	int anon;		/* resizable, ABI_PAGES, all committed */
	int clone;		/* of vmo, resettable */
	int sealed;		/* anonymous, sealed */
	int file;		/* memfd of ABI_PAGES */
	int null;		/* /dev/null */
	char *src;		/* ABI_PAGES of memory */
	struct vmop_compose_window window;	/* page 0 of anon */
};

/* A member's offset; 0 (the size) stands for "has none". */
struct abi_cmd {
	const char *name;
	unsigned long cmd;
	size_t size;
	size_t min_size;	/* of its first version; 0: the same */
	bool on_vmo;
	bool on_both;		/* the same command is on the other kind, too */
	size_t fd;		/* which one in struct abi_env; 0: as on_vmo says */
	__u32 flags;		/* known ones */
	size_t out_fd;
	size_t out_actual;
	size_t reserved[2];	/* __u32, or the low half of a __u64 */
	size_t vmo_fd;
	size_t range;		/* offset; length follows it */
	size_t aux_offset;	/* a second offset, aligned as the first */
	void (*fill)(const struct abi_env *env, union abi_any *arg);
};

static void abi_fill_info(const struct abi_env *env, union abi_any *arg)
{
	(void)env;
	(void)arg;
}

static void abi_fill_pager_vmo_create(const struct abi_env *env,
				      union abi_any *arg)
{
	arg->pager_vmo_create.port_fd = env->tp.port;
	arg->pager_vmo_create.payer_fd = -1;
	arg->pager_vmo_create.length = PG(1);
	/* Its COMPLETE record is told by this key. */
	arg->pager_vmo_create.key = ~0ULL;
}

static void abi_fill_vmo_create(const struct abi_env *env, union abi_any *arg)
{
	(void)env;
	arg->vmo_create.payer_fd = -1;
	arg->vmo_create.length = PG(1);
}

static void abi_fill_detach(const struct abi_env *env, union abi_any *arg)
{
	arg->detach_vmo.vmo_fd = env->victim.fd;
}

/* Pages that are there: supply changes nothing in the VMO. */
static void abi_fill_supply(const struct abi_env *env, union abi_any *arg)
{
	arg->supply_move.vmo_fd = env->vmo.fd;
	arg->supply_move.aux_fd = env->anon;
	arg->supply_move.length = PG(1);
}

static void abi_fill_supply_copy(const struct abi_env *env, union abi_any *arg)
{
	arg->supply_copy.vmo_fd = env->vmo.fd;
	arg->supply_copy.length = PG(1);
	arg->supply_copy.src_uptr = (uintptr_t)env->src;
}

static void abi_fill_supply_zero(const struct abi_env *env, union abi_any *arg)
{
	arg->supply_zero.vmo_fd = env->vmo.fd;
	arg->supply_zero.length = PG(1);
}

static void abi_fill_supply_file(const struct abi_env *env, union abi_any *arg)
{
	arg->supply_file.vmo_fd = env->vmo.fd;
	arg->supply_file.src_fd = env->file;
	arg->supply_file.length = PG(1);
}

static void abi_fill_op_range(const struct abi_env *env, union abi_any *arg)
{
	arg->op_range.vmo_fd = env->vmo.fd;
	arg->op_range.op = VMOP_PAGER_OP_FAIL;
	arg->op_range.length = PG(1);
	arg->op_range.data = EIO;
}

/* The range need not be aligned: the generic sweep of ranges is not for it. */
static void abi_fill_query_dirty(const struct abi_env *env, union abi_any *arg)
{
	arg->query_dirty.vmo_fd = env->vmo.fd;
	arg->query_dirty.length = PG(1);
	arg->query_dirty.ranges_uptr = (uintptr_t)env->src;
	arg->query_dirty.nr_ranges = 1;
}

static void abi_fill_query_stats(const struct abi_env *env, union abi_any *arg)
{
	arg->query_stats.vmo_fd = env->vmo.fd;
}

static void abi_fill_vmo_op_range(const struct abi_env *env,
				  union abi_any *arg)
{
	(void)env;
	arg->vmo_op_range.op = VMOP_VMO_OP_COMMIT;
	arg->vmo_op_range.length = PG(1);
}

static void abi_fill_set_size(const struct abi_env *env, union abi_any *arg)
{
	(void)env;
	arg->set_size.length = PG(ABI_PAGES);
}

static void abi_fill_set_name(const struct abi_env *env, union abi_any *arg)
{
	(void)env;
	memcpy(arg->set_name.name, "abi", 4);
}

/* No new page is needed, and it goes at once. */
static void abi_fill_create_child(const struct abi_env *env,
				  union abi_any *arg)
{
	(void)env;
	arg->create_child.flags = VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE;
	arg->create_child.length = PG(1);
	arg->create_child.payer_fd = -1;
}

/* Nothing is copied: the new VMO is not touched. */
static void abi_fill_compose(const struct abi_env *env, union abi_any *arg)
{
	arg->compose.windows_uptr = (uintptr_t)&env->window;
	arg->compose.nr_windows = 1;
	arg->compose.payer_fd = -1;
}

#define ABI_CHILD_FLAGS (2 * VMOP_CHILD_RESETTABLE - 1)

#define ABI_OFF(_type, _member) offsetof(struct _type, _member)

static const struct abi_cmd abi_cmds[] = {
	{
		.name = "INFO", .cmd = VMOP_INFO,
		.size = sizeof(struct vmop_info),
		.fill = abi_fill_info,
	}, {
		.name = "PORT_CREATE", .cmd = VMOP_PORT_CREATE,
		.size = sizeof(struct vmop_port_create),
		.flags = VMOP_PORT_WRITEBACK,
		.out_fd = ABI_OFF(vmop_port_create, out_port_fd),
		.reserved = { ABI_OFF(vmop_port_create, __reserved) },
		.fill = abi_fill_info,
	}, {
		.name = "PAGER_VMO_CREATE", .cmd = VMOP_PAGER_VMO_CREATE,
		.size = sizeof(struct vmop_pager_vmo_create),
		.flags = VMOP_VMO_RESIZABLE | VMOP_VMO_TRAP_DIRTY,
		.out_fd = ABI_OFF(vmop_pager_vmo_create, out_vmo_fd),
		.fill = abi_fill_pager_vmo_create,
	}, {
		.name = "VMO_CREATE", .cmd = VMOP_VMO_CREATE,
		.size = sizeof(struct vmop_vmo_create),
		.flags = VMOP_VMO_RESIZABLE,
		.out_fd = ABI_OFF(vmop_vmo_create, out_vmo_fd),
		.fill = abi_fill_vmo_create,
	}, {
		.name = "DETACH", .cmd = VMOP_DETACH,
		.size = sizeof(struct vmop_detach),
		.reserved = { ABI_OFF(vmop_detach, __reserved) },
		.vmo_fd = ABI_OFF(vmop_detach, vmo_fd),
		.fill = abi_fill_detach,
	}, {
		.name = "SUPPLY", .cmd = VMOP_SUPPLY,
		.size = sizeof(struct vmop_supply),
		.out_actual = ABI_OFF(vmop_supply, out_actual),
		.vmo_fd = ABI_OFF(vmop_supply, vmo_fd),
		.range = ABI_OFF(vmop_supply, offset),
		.aux_offset = ABI_OFF(vmop_supply, aux_offset),
		.fill = abi_fill_supply,
	}, {
		.name = "SUPPLY_COPY", .cmd = VMOP_SUPPLY_COPY,
		.size = sizeof(struct vmop_supply_copy),
		.out_actual = ABI_OFF(vmop_supply_copy, out_actual),
		.reserved = { ABI_OFF(vmop_supply_copy, __reserved) },
		.vmo_fd = ABI_OFF(vmop_supply_copy, vmo_fd),
		.range = ABI_OFF(vmop_supply_copy, offset),
		.fill = abi_fill_supply_copy,
	}, {
		.name = "SUPPLY_ZERO", .cmd = VMOP_SUPPLY_ZERO,
		.size = sizeof(struct vmop_supply_zero),
		.out_actual = ABI_OFF(vmop_supply_zero, out_actual),
		.reserved = { ABI_OFF(vmop_supply_zero, __reserved) },
		.vmo_fd = ABI_OFF(vmop_supply_zero, vmo_fd),
		.range = ABI_OFF(vmop_supply_zero, offset),
		.fill = abi_fill_supply_zero,
	}, {
		.name = "SUPPLY_FILE", .cmd = VMOP_SUPPLY_FILE,
		.size = sizeof(struct vmop_supply_file),
		.out_actual = ABI_OFF(vmop_supply_file, out_actual),
		.vmo_fd = ABI_OFF(vmop_supply_file, vmo_fd),
		.range = ABI_OFF(vmop_supply_file, offset),
		.fill = abi_fill_supply_file,
	}, {
		.name = "OP_RANGE", .cmd = VMOP_OP_RANGE,
		.size = sizeof(struct vmop_op_range),
		.out_actual = ABI_OFF(vmop_op_range, out_actual),
		.reserved = { ABI_OFF(vmop_op_range, __reserved) },
		.vmo_fd = ABI_OFF(vmop_op_range, vmo_fd),
		.range = ABI_OFF(vmop_op_range, offset),
		.fill = abi_fill_op_range,
	}, {
		.name = "QUERY_DIRTY", .cmd = VMOP_QUERY_DIRTY,
		.size = sizeof(struct vmop_query_dirty),
		.flags = VMOP_QUERY_AVAIL,
		.out_actual = ABI_OFF(vmop_query_dirty, out_actual),
		.reserved = { ABI_OFF(vmop_query_dirty, __reserved) },
		.vmo_fd = ABI_OFF(vmop_query_dirty, vmo_fd),
		.fill = abi_fill_query_dirty,
	}, {
		.name = "QUERY_STATS", .cmd = VMOP_QUERY_STATS,
		.size = sizeof(struct vmop_query_stats),
		.flags = VMOP_STATS_RESET,
		.vmo_fd = ABI_OFF(vmop_query_stats, vmo_fd),
		.fill = abi_fill_query_stats,
	}, {
		.name = "QUERY_LATENCY of a pager", .cmd = VMOP_QUERY_LATENCY,
		.size = sizeof(struct vmop_query_latency),
		.on_both = true,
		.reserved = { ABI_OFF(vmop_query_latency, __reserved) },
		.fill = abi_fill_info,
	}, {
		.name = "QUERY_LATENCY of a VMO", .cmd = VMOP_QUERY_LATENCY,
		.size = sizeof(struct vmop_query_latency),
		.on_vmo = true,
		.on_both = true,
		.reserved = { ABI_OFF(vmop_query_latency, __reserved) },
		.fill = abi_fill_info,
	}, {
		.name = "VMO_OP_RANGE", .cmd = VMOP_VMO_OP_RANGE,
		.size = sizeof(struct vmop_vmo_op_range),
		.on_vmo = true,
		.out_actual = ABI_OFF(vmop_vmo_op_range, out_actual),
		.reserved = { ABI_OFF(vmop_vmo_op_range, __reserved) },
		.fill = abi_fill_vmo_op_range,
	}, {
		.name = "VMO_SET_SIZE", .cmd = VMOP_VMO_SET_SIZE,
		.size = sizeof(struct vmop_vmo_set_size),
		.on_vmo = true,
		.fill = abi_fill_set_size,
	}, {
		.name = "VMO_GET_INFO", .cmd = VMOP_VMO_GET_INFO,
		.size = sizeof(struct vmop_vmo_get_info),
		.min_size = ABI_OFF(vmop_vmo_get_info, out_parent_id),
		.on_vmo = true,
		.flags = VMOP_GET_INFO_SHARES,
		.fill = abi_fill_info,
	}, {
		.name = "VMO_SET_NAME", .cmd = VMOP_VMO_SET_NAME,
		.size = sizeof(struct vmop_vmo_set_name),
		.on_vmo = true,
		.fill = abi_fill_set_name,
	}, {
		.name = "VMO_CREATE_CHILD", .cmd = VMOP_VMO_CREATE_CHILD,
		.size = sizeof(struct vmop_vmo_create_child),
		.on_vmo = true,
		.flags = ABI_CHILD_FLAGS,
		.out_fd = ABI_OFF(vmop_vmo_create_child, out_vmo_fd),
		.fill = abi_fill_create_child,
	}, {
		.name = "VMO_RESET", .cmd = VMOP_VMO_RESET,
		.size = sizeof(struct vmop_vmo_reset),
		.on_vmo = true,
		.fd = ABI_OFF(abi_env, clone),
		.out_actual = ABI_OFF(vmop_vmo_reset, out_actual),
		.fill = abi_fill_info,
	}, {
		.name = "VMO_SEAL", .cmd = VMOP_VMO_SEAL,
		.size = sizeof(struct vmop_vmo_seal),
		.on_vmo = true,
		.fd = ABI_OFF(abi_env, sealed),
		.fill = abi_fill_info,
	}, {
		.name = "VMO_COMPOSE", .cmd = VMOP_VMO_COMPOSE,
		.size = sizeof(struct vmop_vmo_compose),
		.on_vmo = true,
		.out_fd = ABI_OFF(vmop_vmo_compose, out_vmo_fd),
		.reserved = { ABI_OFF(vmop_vmo_compose, __reserved) },
		.fill = abi_fill_compose,
	},
};

/* ---- running one --------------------------------------------------------- */

static inline size_t abi_min_size(const struct abi_cmd *c)
{
	return c->min_size ?: c->size;
}

static inline int abi_fd(const struct abi_env *env, const struct abi_cmd *c)
{
	int fd;

	if (c->fd) {
		memcpy(&fd, (const char *)env + c->fd, sizeof(fd));
		return fd;
	}
	return c->on_vmo ? env->vmo.fd : env->tp.fd;
}

/* Arguments that succeed, in a buffer that is all zeros behind them. */
static inline void abi_fill(const struct abi_env *env, const struct abi_cmd *c,
			    union abi_any *arg)
{
	memset(arg, 0, sizeof(*arg));
	arg->head[0] = c->size;
	c->fill(env, arg);
	if (c->out_actual)
		memset((char *)arg + c->out_actual, 0xff, 8);
}

static inline __u64 abi_get64(const void *arg, size_t offset)
{
	__u64 v;

	memcpy(&v, (const char *)arg + offset, sizeof(v));
	return v;
}

static inline void abi_put64(void *arg, size_t offset, __u64 v)
{
	memcpy((char *)arg + offset, &v, sizeof(v));
}

static inline void abi_put32(void *arg, size_t offset, __u32 v)
{
	memcpy((char *)arg + offset, &v, sizeof(v));
}

/* 0 or -errno. A descriptor that it makes is closed again. */
static inline int abi_run(const struct abi_env *env, const struct abi_cmd *c,
			  void *arg)
{
	int ret = vmop_test_ioctl(abi_fd(env, c), c->cmd, arg);
	int fd;

	if (!ret && c->out_fd) {
		memcpy(&fd, (char *)arg + c->out_fd, sizeof(fd));
		if (fd < 0 || close(fd))
			return -EBADFD;
	}
	return ret;
}

/* ---- nothing changed ----------------------------------------------------- */

struct abi_state {
	struct vmop_vmo_get_info vmo, victim, theirs, anon, clone;
	unsigned int nr_fds;
};

static inline unsigned int abi_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static inline int abi_snap(const struct abi_env *env, struct abi_state *s)
{
	int ret = vmop_test_get_info(env->vmo.fd, &s->vmo);

	if (!ret)
		ret = vmop_test_get_info(env->victim.fd, &s->victim);
	if (!ret)
		ret = vmop_test_get_info(env->theirs.fd, &s->theirs);
	if (!ret)
		ret = vmop_test_get_info(env->anon, &s->anon);
	if (!ret)
		ret = vmop_test_get_info(env->clone, &s->clone);
	s->nr_fds = abi_count_fds();
	return ret;
}

/* Every object is as it was, no record was queued, no descriptor is left. */
static inline bool abi_unchanged(struct abi_env *env,
				 const struct abi_state *before)
{
	struct abi_state now;

	return !abi_snap(env, &now) &&
	       vmop_test_same_info(&before->vmo, &now.vmo) &&
	       vmop_test_same_info(&before->victim, &now.victim) &&
	       vmop_test_same_info(&before->theirs, &now.theirs) &&
	       vmop_test_same_info(&before->anon, &now.anon) &&
	       vmop_test_same_info(&before->clone, &now.clone) &&
	       before->nr_fds == now.nr_fds &&
	       !test_pager_expect_none(&env->tp) &&
	       !test_pager_expect_none(&env->other);
}

/* Run with spoilt arguments: this errno, and nothing changed. */
#define abi_expect(_env, _c, _arg, _err, _fmt, ...) do { \
	struct abi_state __before; \
	ASSERT_EQ(0, abi_snap(_env, &__before)); \
	EXPECT_EQ(-(_err), abi_run(_env, _c, _arg)) \
		TH_LOG("%s: " _fmt, (_c)->name, ##__VA_ARGS__); \
	EXPECT_TRUE(abi_unchanged(_env, &__before)) \
		TH_LOG("%s: " _fmt, (_c)->name, ##__VA_ARGS__); \
} while (0)

/* ---- the fixture --------------------------------------------------------- */

static inline int abi_open(struct abi_env *env)
{
	struct vmop_test_vmo_args args = {
		.flags = VMOP_VMO_RESIZABLE,
		.key = ABI_KEY,
		.length = PG(ABI_PAGES),
		.name = "abi",
	};
	int ret = test_pager_init(&env->tp);

	if (!ret)
		ret = test_pager_init(&env->other);
	if (!ret)
		ret = test_pager_vmo_args(&env->tp, &env->vmo, &args);
	if (!ret)
		ret = test_pager_supply(&env->tp, &env->vmo, 0, 4);
	if (!ret)
		ret = test_pager_vmo(&env->tp, &env->victim, 8, ABI_PAGES);
	if (!ret)
		ret = test_pager_vmo(&env->other, &env->theirs, 9, ABI_PAGES);
	if (ret)
		return ret;
	env->anon = vmop_test_vmo_create(env->tp.fd, VMOP_VMO_RESIZABLE,
					 PG(ABI_PAGES));
	if (env->anon < 0)
		return env->anon;
	ret = vmop_test_vmo_op(env->anon, VMOP_VMO_OP_COMMIT, 0, PG(ABI_PAGES),
			       NULL);
	if (ret)
		return ret;
	env->window = (struct vmop_compose_window) {
		.vmo_fd = env->anon, .length = PG(1),
	};
	env->clone = test_cow_child(env->vmo.fd,
				    VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE |
				    VMOP_CHILD_RESETTABLE, 0, PG(ABI_PAGES));
	if (env->clone < 0)
		return env->clone;
	env->sealed = vmop_test_vmo_create(env->tp.fd, 0, PG(ABI_PAGES));
	ret = test_cow_seal(env->sealed);
	if (ret)
		return ret;
	env->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	env->file = memfd_create("abi", MFD_CLOEXEC);
	env->src = mmap(NULL, PG(ABI_PAGES), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (env->null < 0 || env->file < 0 ||
	    env->src == MAP_FAILED || ftruncate(env->file, PG(ABI_PAGES)))
		return -errno;
	return 0;
}

static inline void abi_close(struct abi_env *env)
{
	test_pager_exit(&env->tp);
	test_pager_exit(&env->other);
	close(env->anon);
	close(env->clone);
	close(env->sealed);
	close(env->null);
	close(env->file);
	munmap(env->src, PG(ABI_PAGES));
}

#define ABI_FIXTURE(_name) \
FIXTURE(_name) \
{ \
	struct abi_env env; \
}; \
FIXTURE_SETUP(_name) \
{ \
	ASSERT_EQ(0, abi_open(&self->env)); \
} \
FIXTURE_TEARDOWN(_name) \
{ \
	abi_close(&self->env); \
}

/* Every command of the table that has cond. */
#define for_each_cmd(_c, _cond) \
	for (_c = abi_cmds; _c < abi_cmds + ARRAY_SIZE(abi_cmds); _c++) \
		if (_cond)

#endif /* ABI_CMDS_H */
