// SPDX-License-Identifier: GPL-2.0
/*
 * dirty_query - does finding and writing back what is dirty cost by what is
 * dirty, or by what is resident?
 *
 * Usage: dirty_query [-s SMALL] [-l LARGE] [-d DIRTY] [-r REPETITIONS]
 *
 * Two VMOs of SMALL (16384) and LARGE (1048576) resident pages. In each the same
 * number of pages is made dirty, scattered evenly or in runs of 64; then all of
 * the VMO is asked for (VMOP_QUERY_DIRTY) and written back (WRITEBACK_BEGIN and
 * END). Times of the large one by those of the small one stay below 1.5.
 *
 * Checked inside: the ranges told are those that were dirtied, the pages have
 * what was written, nothing is dirty in the end and all has become clean.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include "bench.h"

#define LIMIT 1.5
#define QUERIES 16		/* of one measurement */
#define RUN 64			/* pages of a run */
#define CHUNK 512		/* pages of one supply */

enum { SMALL, LARGE };

struct vmo {
	int fd;
	__u64 nr_pages;
};

static __u64 page_size;
static int pager, port;
static unsigned int nr_dirty = 1024;
static struct vmop_dirty_range *ranges;

/* ---- VMOs ---------------------------------------------------------------- */

static void open_pager(void)
{
	struct vmop_port_create cmd = { .size = sizeof(cmd) };

	pager = open("/dev/vmopager", O_RDWR | O_CLOEXEC);
	if (pager < 0)
		bench_die("/dev/vmopager: %s", strerror(errno));
	bench_ioctl(pager, VMOP_PORT_CREATE, &cmd, "port");
	port = cmd.out_port_fd;
}

static void make_resident(struct vmo *vmo, __u64 key, __u64 nr_pages)
{
	struct vmop_pager_vmo_create create = {
		.size = sizeof(create), .port_fd = port, .payer_fd = -1,
		.key = key, .length = nr_pages * page_size,
	};
	struct vmop_supply_copy supply = { .size = sizeof(supply) };
	char *buf = malloc(CHUNK * page_size);
	__u64 page, nr;

	if (!buf)
		bench_die("no memory");
	memset(buf, 0x11, CHUNK * page_size);
	bench_ioctl(pager, VMOP_PAGER_VMO_CREATE, &create, "VMO");
	vmo->fd = create.out_vmo_fd;
	vmo->nr_pages = nr_pages;
	for (page = 0; page < nr_pages; page += nr) {
		nr = nr_pages - page < CHUNK ? nr_pages - page : CHUNK;
		supply.vmo_fd = vmo->fd;
		supply.offset = page * page_size;
		supply.length = nr * page_size;
		supply.src_uptr = (uintptr_t)buf;
		bench_ioctl(pager, VMOP_SUPPLY_COPY, &supply, "supply");
	}
	free(buf);
}

static __u64 committed(const struct vmo *vmo)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };

	bench_ioctl(vmo->fd, VMOP_VMO_GET_INFO, &info, "info");
	return info.out_committed / page_size;
}

static __u64 cleaned(const struct vmo *vmo)
{
	struct vmop_query_stats stats = {
		.size = sizeof(stats), .vmo_fd = vmo->fd,
	};

	bench_ioctl(pager, VMOP_QUERY_STATS, &stats, "stats");
	return stats.out_cleaned / page_size;
}

/* ---- the work ------------------------------------------------------------ */

/* Where the i-th dirty page is. */
static __u64 dirty_page(const struct vmo *vmo, unsigned int i, bool scattered)
{
	unsigned int runs = nr_dirty / RUN;

	if (scattered)
		return i * (vmo->nr_pages / nr_dirty);
	return i / RUN * (vmo->nr_pages / runs) + i % RUN;
}

static void make_dirty(const struct vmo *vmo, bool scattered, __u64 what)
{
	unsigned int i;

	for (i = 0; i < nr_dirty; i++) {
		__u64 off = dirty_page(vmo, i, scattered) * page_size;

		if (pwrite(vmo->fd, &what, sizeof(what), off) != sizeof(what))
			bench_die("pwrite: %s", strerror(errno));
	}
}

static void check_written(const struct vmo *vmo, bool scattered, __u64 what)
{
	__u64 words[2];
	unsigned int i;

	for (i = 0; i < nr_dirty; i++) {
		__u64 off = dirty_page(vmo, i, scattered) * page_size;

		if (pread(vmo->fd, words, sizeof(words), off) != sizeof(words))
			bench_die("pread: %s", strerror(errno));
		if (words[0] != what || words[1] != 0x1111111111111111)
			bench_die("wrong content at %llu", off);
	}
}

static __u64 query(const struct vmo *vmo)
{
	struct vmop_query_dirty cmd = {
		.size = sizeof(cmd), .vmo_fd = vmo->fd,
		.length = vmo->nr_pages * page_size,
		.ranges_uptr = (uintptr_t)ranges, .nr_ranges = nr_dirty + 1,
	};

	bench_ioctl(pager, VMOP_QUERY_DIRTY, &cmd, "query");
	return cmd.out_actual;
}

static void check_ranges(const struct vmo *vmo, bool scattered, __u64 nr)
{
	unsigned int step = scattered ? 1 : RUN, i;

	if (nr != nr_dirty / step)
		bench_die("%llu ranges, expected %u", nr, nr_dirty / step);
	for (i = 0; i < nr; i++) {
		if (ranges[i].offset !=
		    dirty_page(vmo, i * step, scattered) * page_size ||
		    ranges[i].length != step * page_size || ranges[i].flags)
			bench_die("range %u is wrong", i);
	}
}

static void writeback(const struct vmo *vmo, __u32 op)
{
	struct vmop_op_range cmd = {
		.size = sizeof(cmd), .vmo_fd = vmo->fd, .op = op,
		.length = vmo->nr_pages * page_size,
	};

	bench_ioctl(pager, VMOP_OP_RANGE, &cmd, "writeback");
}

/* One repetition of one arm. */
static void measure(const struct vmo *vmo, bool scattered, __u64 what,
		    __u64 *query_ns, __u64 *writeback_ns)
{
	__u64 before = cleaned(vmo), start, nr = 0;
	unsigned int i;

	make_dirty(vmo, scattered, what);
	start = bench_now_ns();
	for (i = 0; i < QUERIES; i++)
		nr = query(vmo);
	*query_ns = bench_now_ns() - start;
	check_ranges(vmo, scattered, nr);

	start = bench_now_ns();
	writeback(vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN);
	writeback(vmo, VMOP_PAGER_OP_WRITEBACK_END);
	*writeback_ns = bench_now_ns() - start;
	if (query(vmo) || cleaned(vmo) != before + nr_dirty)
		bench_die("not all is clean");
	check_written(vmo, scattered, what);
	if (committed(vmo) != vmo->nr_pages)
		bench_die("not all is resident any more");
}

/* ---- main ---------------------------------------------------------------- */

static bool compare(const struct vmo *vmos, bool scattered,
		    unsigned int nr_reps)
{
	static const char *const names[2][2] = {
		{ "query, runs", "query, scattered" },
		{ "begin and end, runs", "begin and end, scattered" },
	};
	struct bench_row rows[2];
	char arms[2][24];
	unsigned int rep, i;
	bool good = true;

	for (i = 0; i < 2; i++) {
		snprintf(arms[i], sizeof(arms[i]), "%llu pages",
			 vmos[i].nr_pages);
		rows[i] = (struct bench_row){
			.bench = "dirty_query", .name = names[i][scattered],
			.arms = { arms[SMALL], arms[LARGE] }, .limit = LIMIT,
			.nr_reps = nr_reps,
		};
	}
	/* The first one warms up. */
	for (rep = 0; rep <= nr_reps; rep++) {
		unsigned int slot = rep ? rep - 1 : 0;

		for (i = 0; i < 2; i++)
			measure(&vmos[i], scattered, rep + 1,
				&rows[0].ns[i][slot], &rows[1].ns[i][slot]);
	}
	for (i = 0; i < 2; i++)
		good &= bench_print_row(&rows[i]);
	return good;
}

/* What fits with room to spare: a quarter of the memory stays free. */
static __u64 fitting(__u64 large)
{
	__u64 most = bench_mem_available() / 4 * 3 / page_size;

	while (large > most)
		large /= 2;
	return large;
}

int main(int argc, char **argv)
{
	__u64 sizes[2] = { 16384, 1048576 }, large;
	unsigned int nr_reps = 15;
	struct vmo vmos[2];
	bool good;
	int opt;

	while ((opt = getopt(argc, argv, "s:l:d:r:")) != -1) {
		switch (opt) {
		case 's':
			sizes[SMALL] = strtoull(optarg, NULL, 0);
			break;
		case 'l':
			sizes[LARGE] = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			nr_dirty = strtoul(optarg, NULL, 0) / RUN * RUN;
			break;
		case 'r':
			nr_reps = strtoul(optarg, NULL, 0);
			break;
		default:
			bench_die("the head of dirty_query.c lists the options");
		}
	}
	if (nr_reps < BENCH_MIN_REPS || nr_reps > BENCH_MAX_REPS)
		bench_die("-r: %u to %u", BENCH_MIN_REPS, BENCH_MAX_REPS);
	if (!nr_dirty || sizes[SMALL] < 2 * nr_dirty)
		bench_die("-d: at least %u, at most half of -s", RUN);
	page_size = sysconf(_SC_PAGESIZE);
	bench_begin("dirty_query");
	large = fitting(sizes[LARGE]);
	if (large < sizes[LARGE])
		printf("NOTE: this machine's memory is enough for %llu pages, not %llu\n",
		       large, sizes[LARGE]);
	if (large < 2 * sizes[SMALL])
		bench_die("not enough memory to compare sizes");
	ranges = calloc(nr_dirty + 1, sizeof(*ranges));
	open_pager();
	make_resident(&vmos[SMALL], 1, sizes[SMALL]);
	make_resident(&vmos[LARGE], 2, large);
	good = compare(vmos, true, nr_reps);
	good &= compare(vmos, false, nr_reps);
	return good ? 0 : 1;
}
