// SPDX-License-Identifier: GPL-2.0
/*
 * What the benchmarks share; see bench.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <time.h>

#include "bench.h"

static const char *bench_emulated;

__u64 bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void bench_die(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "bench: ");
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\n");
	exit(1);
}

void bench_ioctl(int fd, unsigned long cmd, void *arg, const char *what)
{
	if (ioctl(fd, cmd, arg))
		bench_die("%s: %s", what, strerror(errno));
}

__u64 bench_mem_available(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kib = 0;
	char line[128];

	if (!file)
		bench_die("/proc/meminfo: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			break;
	}
	fclose(file);
	return kib * 1024;
}

/* Who runs this processor, by what /proc/cpuinfo calls it. */
static const char *bench_machine(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	const char *machine = "real";
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "flags", 5) && strstr(line, " hypervisor"))
			machine = "virtual";
		/* A processor of the host's kind has another name. */
		if (!strncmp(line, "model name", 10) && strstr(line, "QEMU")) {
			machine = "emulated";
			break;
		}
	}
	if (file)
		fclose(file);
	return machine;
}

void bench_begin(const char *bench)
{
	struct utsname uts;

	uname(&uts);
	bench_emulated = bench_machine();
	printf("%s on Linux %s, %s processor%s\n", bench, uts.release,
	       bench_emulated, strcmp(bench_emulated, "emulated") ? "" :
	       ": ratios of emulated time");
	printf("%-28s %-24s %8s  %-15s %5s\n", "", "ratio of", "median",
	       "spread", "limit");
}

static int bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

bool bench_print_row(const struct bench_row *row)
{
	double ratios[BENCH_MAX_REPS], median;
	unsigned int i, nr = row->nr_reps;
	struct utsname uts;
	bool good;

	for (i = 0; i < nr; i++)
		ratios[i] = (double)row->ns[1][i] / row->ns[0][i];
	qsort(ratios, nr, sizeof(ratios[0]), bench_compare);
	median = nr & 1 ? ratios[nr / 2] :
		 (ratios[nr / 2 - 1] + ratios[nr / 2]) / 2;
	good = !row->limit || median < row->limit;
	printf("%-28s %-11s/ %-11s %8.2f  %6.2f - %-6.2f ", row->name,
	       row->arms[1], row->arms[0], median, ratios[0], ratios[nr - 1]);
	if (row->limit)
		printf("%5.2f%s\n", row->limit, good ? "" : "  OVER");
	else
		printf("%5s\n", "-");
	uname(&uts);
	printf(BENCH_JSON "{\"bench\": \"%s\", \"row\": \"%s\", ",
	       row->bench, row->name);
	printf("\"arms\": [\"%s\", \"%s\"], \"ratio\": %.4f, ",
	       row->arms[1], row->arms[0], median);
	printf("\"min\": %.4f, \"max\": %.4f, \"repetitions\": %u, ",
	       ratios[0], ratios[nr - 1], nr);
	printf("\"limit\": %.2f, \"good\": %s, ", row->limit,
	       good ? "true" : "false");
	printf("\"kernel\": \"%s\", \"processor\": \"%s\"}\n", uts.release,
	       bench_emulated);
	fflush(stdout);
	return good;
}
