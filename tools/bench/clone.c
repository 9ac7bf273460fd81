// SPDX-License-Identifier: GPL-2.0
/*
 * clone - does making a clone cost by what its parent has?
 *
 * Usage: clone [-p PAGES] [-c CLONES] [-r REPETITIONS]
 *
 * Two anonymous VMOs of 16 GiB, one empty, one with PAGES (100000) resident pages
 * all over it. Each repetition makes CLONES (16) snapshots of either; before each
 * one the parent is changed, so that each has something to keep. Times of the full
 * one by those of the empty one: not mapped and mapped for reading they stay below
 * 1.3. Mapped for writing, with all pages written through the mapping, is told
 * beside them: those mappings have to go.
 *
 * Checked inside: a clone shows what the parent had, before and after the parent
 * was changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

#define LIMIT 1.3
#define SIZE (1ULL << 34)
#define MAX_CLONES 64

enum { EMPTY, FULL };

enum access {
	UNMAPPED,
	MAPPED_READ_ONLY,
	MAPPED_WRITABLE,
};

struct vmo {
	int fd;
	char *map;
	__u64 nr_pages;		/* that are resident */
};

static __u64 page_size;
static int pager;
static unsigned int nr_clones = 16;

/* Where the i-th resident page is, and what is in it. */
static __u64 offset_of(const struct vmo *vmo, __u64 i)
{
	return SIZE / page_size / vmo->nr_pages * i * page_size;
}

static void put(int fd, __u64 off, __u64 word)
{
	if (pwrite(fd, &word, sizeof(word), off) != sizeof(word))
		bench_die("pwrite: %s", strerror(errno));
}

static void expect(int fd, __u64 off, __u64 word)
{
	__u64 got;

	if (pread(fd, &got, sizeof(got), off) != sizeof(got))
		bench_die("pread: %s", strerror(errno));
	if (got != word)
		bench_die("%llu at %llu, expected %llu", got, off, word);
}

static void make(struct vmo *vmo, __u64 nr_pages)
{
	struct vmop_vmo_create cmd = {
		.size = sizeof(cmd), .length = SIZE, .payer_fd = -1,
	};
	__u64 i;

	bench_ioctl(pager, VMOP_VMO_CREATE, &cmd, "VMO");
	vmo->fd = cmd.out_vmo_fd;
	vmo->nr_pages = nr_pages;
	for (i = 0; i < nr_pages; i++)
		put(vmo->fd, offset_of(vmo, i), i + 1);
}

static void map(struct vmo *vmo, enum access access)
{
	int prot = PROT_READ | (access == MAPPED_WRITABLE ? PROT_WRITE : 0);

	vmo->map = NULL;
	if (access == UNMAPPED)
		return;
	vmo->map = mmap(NULL, SIZE, prot, MAP_SHARED, vmo->fd, 0);
	if (vmo->map == MAP_FAILED)
		bench_die("mmap: %s", strerror(errno));
}

/* Have every resident page mapped, by the access that the row is about. */
static void touch(const struct vmo *vmo, enum access access)
{
	volatile __u64 *word;
	__u64 i;

	for (i = 0; vmo->map && i < vmo->nr_pages; i++) {
		word = (__u64 *)(vmo->map + offset_of(vmo, i));
		if (access == MAPPED_WRITABLE)
			*word = i + 1;
		else if (*word != i + 1)
			bench_die("wrong content in the mapping");
	}
}

static int clone_of(const struct vmo *vmo)
{
	struct vmop_vmo_create_child cmd = {
		.size = sizeof(cmd), .flags = VMOP_CHILD_SNAPSHOT,
		.length = SIZE, .payer_fd = -1,
	};

	bench_ioctl(vmo->fd, VMOP_VMO_CREATE_CHILD, &cmd, "clone");
	return cmd.out_vmo_fd;
}

/* The clone's last page, which nobody else uses, tells which one it is. */
static void check(const struct vmo *vmo, int fd, __u64 last)
{
	__u64 i;

	expect(fd, SIZE - page_size, last);
	for (i = 0; i < vmo->nr_pages; i += vmo->nr_pages / 16 + 1)
		expect(fd, offset_of(vmo, i), i + 1);
}

/*
 * One repetition of one arm: the time of the calls that clone. Reading 100,000
 * pages leaves no cache warm, the emulator's neither: the same pages are read
 * before a clone of the empty one, so that the arms differ in the clone alone.
 */
static __u64 measure(const struct vmo *vmo, const struct vmo *full,
		     enum access access)
{
	int clones[MAX_CLONES];
	/* Writing all of it through a mapping again and again takes its time. */
	unsigned int nr = access == MAPPED_WRITABLE ? 1 : nr_clones;
	__u64 start, ns = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		/* Makes the leaf have something that the clone must keep. */
		put(vmo->fd, SIZE - page_size, i + 1);
		touch(access == MAPPED_READ_ONLY ? full : vmo, access);
		start = bench_now_ns();
		clones[i] = clone_of(vmo);
		ns += bench_now_ns() - start;
	}
	put(vmo->fd, SIZE - page_size, 0);
	for (i = 0; i < nr; i++) {
		check(vmo, clones[i], i + 1);
		close(clones[i]);
	}
	return ns;
}

static bool compare(struct vmo *vmos, enum access access, unsigned int nr_reps)
{
	static const char *const names[] = {
		"clone, not mapped", "clone, mapped read-only",
		"clone, mapped writable",
	};
	struct bench_row row = {
		.bench = "clone", .name = names[access],
		.arms = { "empty", "full" },
		.limit = access == MAPPED_WRITABLE ? 0 : LIMIT,
		.nr_reps = nr_reps,
	};
	unsigned int rep, i;

	for (i = 0; i < 2; i++)
		map(&vmos[i], access);
	/* The first one warms up. */
	for (rep = 0; rep <= nr_reps; rep++)
		for (i = 0; i < 2; i++)
			row.ns[i][rep ? rep - 1 : 0] =
				measure(&vmos[i], &vmos[FULL], access);
	for (i = 0; i < 2; i++)
		if (vmos[i].map)
			munmap(vmos[i].map, SIZE);
	return bench_print_row(&row);
}

int main(int argc, char **argv)
{
	__u64 nr_pages = 100000;
	unsigned int nr_reps = 7;
	struct vmo vmos[2];
	bool good = true;
	int access, opt;

	while ((opt = getopt(argc, argv, "p:c:r:")) != -1) {
		switch (opt) {
		case 'p':
			nr_pages = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			nr_clones = strtoul(optarg, NULL, 0);
			break;
		case 'r':
			nr_reps = strtoul(optarg, NULL, 0);
			break;
		default:
			bench_die("the head of clone.c lists the options");
		}
	}
	page_size = sysconf(_SC_PAGESIZE);
	if (nr_reps < BENCH_MIN_REPS || nr_reps > BENCH_MAX_REPS)
		bench_die("-r: %u to %u", BENCH_MIN_REPS, BENCH_MAX_REPS);
	if (!nr_clones || nr_clones > MAX_CLONES)
		bench_die("-c: 1 to %u", MAX_CLONES);
	if (nr_pages < 16 || nr_pages > SIZE / page_size / 2)
		bench_die("-p: 16 to %llu", SIZE / page_size / 2);
	bench_begin("clone");
	if (nr_pages > bench_mem_available() / 2 / page_size) {
		nr_pages = bench_mem_available() / 2 / page_size;
		printf("NOTE: memory is enough for %llu pages only\n", nr_pages);
	}
	pager = open("/dev/vmopager", O_RDWR | O_CLOEXEC);
	if (pager < 0)
		bench_die("/dev/vmopager: %s", strerror(errno));
	make(&vmos[EMPTY], 0);
	make(&vmos[FULL], nr_pages);
	for (access = UNMAPPED; access <= MAPPED_WRITABLE; access++)
		good &= compare(vmos, access, nr_reps);
	return good ? 0 : 1;
}
