// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of vmoctl's log (serve --wal): a file is changed at random by the
 * rules of the log, the machine dies at any moment, and recovery must give the
 * file of the last checkpoint. A moment is between any two calls that change
 * the file or the log; of what was not synced anything may be lost.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tools/vmoctl/file_io.h"
#include "../tools/vmoctl/out.h"
#include "../tools/vmoctl/wal.h"
#include "lib_mock.h"

#define MOST (40 * PAGE)
#define ROUNDS 400

/* What vmoctl says of an error; a test expects some. */
static char said[512];

static void keep(const char *fmt, va_list ap)
{
	vsnprintf(said, sizeof(said), fmt, ap);
	va_end(ap);
}

int plain_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(fmt, ap);
	return STATUS_ERROR;
}

int system_error(int err, const char *fmt, ...)
{
	va_list ap;

	CHECK(err < 0);
	va_start(ap, fmt);
	keep(fmt, ap);
	return STATUS_ERROR;
}

void warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(fmt, ap);
}

void notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	keep(fmt, ap);
}

/**
 * struct world - a file and its log
 * @dir: where they are
 * @file: name of the file
 * @log: name of the log
 * @fd: the file
 * @w: the log
 * @now: what the file has
 * @size: how long it is
 * @good: what it had at the checkpoint
 * @good_size: how long it was then
 */
struct world {
	char dir[40];
	char file[64];
	char log[64];
	int fd;
	struct wal w;
	unsigned char now[MOST];
	__u64 size;
	unsigned char good[MOST];
	__u64 good_size;
};

static void open_world(struct world *t)
{
	t->fd = open(t->file, O_RDWR | O_CLOEXEC);
	CHECK_EQ(wal_open(&t->w, t->log, t->fd, t->file, PAGE, true), 0);
}

static void close_world(struct world *t)
{
	wal_close(&t->w);
	close(t->fd);
}

static struct world *new_world(void)
{
	struct world *t = calloc(1, sizeof(*t));
	__u64 i;
	int fd;

	strcpy(t->dir, "/tmp/vmop-wal-test.XXXXXX");
	CHECK(mkdtemp(t->dir));
	snprintf(t->file, sizeof(t->file), "%s/file", t->dir);
	snprintf(t->log, sizeof(t->log), "%s/log", t->dir);
	t->size = 20 * PAGE + 100;
	for (i = 0; i < t->size; i++)
		t->now[i] = (unsigned char)rand();
	/* With a hole in it. */
	memset(t->now + 7 * PAGE, 0, 5 * PAGE);
	memcpy(t->good, t->now, sizeof(t->good));
	t->good_size = t->size;
	fd = open(t->file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	CHECK_EQ(file_write(fd, t->now, t->size, 0), 0);
	CHECK_EQ(file_zero(fd, 7 * PAGE, 5 * PAGE), 0);
	close(fd);
	open_world(t);
	CHECK_EQ(wal_begin(&t->w), 0);
	return t;
}

static void end_world(struct world *t)
{
	close_world(t);
	unlink(t->file);
	unlink(t->log);
	rmdir(t->dir);
	free(t);
}

static void check_file(struct world *t, const unsigned char *want, __u64 size)
{
	static unsigned char have[MOST];
	struct stat st;

	CHECK_EQ(fstat(t->fd, &st), 0);
	CHECK_EQ(st.st_size, size);
	CHECK_EQ(file_read(t->fd, have, size, 0), 0);
	CHECK(!memcmp(have, want, size));
}

/* One step of a flush: a write, a hole, or a longer file. */
static void change(struct world *t)
{
	__u64 page = (__u64)rand() % 36, count = 1 + (__u64)rand() % 4, i;
	struct wal_range r = { page * PAGE, count * PAGE };
	bool zero = rand() % 3 == 0;

	CHECK_EQ(wal_protect(&t->w, &r, 1), 0);
	if (zero && r.offset + r.length <= t->size) {
		memset(t->now + r.offset, 0, r.length);
		CHECK_EQ(file_zero(t->fd, r.offset, r.length), 0);
		return;
	}
	for (i = r.offset; i < r.offset + r.length; i++)
		t->now[i] = (unsigned char)rand();
	if (t->size < r.offset + r.length)
		t->size = r.offset + r.length;
	CHECK_EQ(file_write(t->fd, t->now + r.offset, r.length, r.offset), 0);
}

static void checkpoint(struct world *t)
{
	__u64 size = t->size;

	if (rand() % 3 == 0)
		size = 1 + (__u64)rand() % t->size;
	CHECK_EQ(wal_checkpoint(&t->w, size), 0);
	memset(t->now + size, 0, MOST - size);
	t->size = size;
	memcpy(t->good, t->now, sizeof(t->good));
	t->good_size = size;
	CHECK_EQ(t->w.end, 0);
	check_file(t, t->good, size);
}

/* Of a record that is not synced a part may be there. */
static void tear(struct world *t)
{
	char part[3000];
	int log = open(t->log, O_RDWR | O_CLOEXEC);
	__u64 at = (__u64)lseek(log, 0, SEEK_END);
	__u64 have = at < sizeof(struct wal_header) + sizeof(part) ? 0 :
							sizeof(part);

	/* What a whole one looked like, cut off. */
	CHECK_EQ(file_read(log, part, have, sizeof(struct wal_header)), 0);
	CHECK_EQ(file_write(log, part, have, at), 0);
	close(log);
}

static void test_crashes(void)
{
	struct world *t = new_world();
	struct wal_replay done;
	unsigned int i, n;

	srand(7);
	for (i = 0; i < ROUNDS && !lib_failed; i++) {
		for (n = (unsigned int)rand() % 5; n; n--) {
			unsigned int changes = (unsigned int)rand() % 6;

			while (changes--)
				change(t);
			checkpoint(t);
		}
		for (n = (unsigned int)rand() % 6; n; n--)
			change(t);
		close_world(t);
		if (rand() % 2)
			tear(t);
		open_world(t);
		CHECK_EQ(wal_recover(&t->w, false, &done), 0);
		check_file(t, t->good, t->good_size);
		memcpy(t->now, t->good, sizeof(t->now));
		t->size = t->good_size;
		CHECK_EQ(wal_begin(&t->w), 0);
	}
	if (lib_failed)
		printf("# round %u\n", i);
	end_world(t);
}

/* A copy of the log at its worst, cut off at every length. */
static void test_any_length(void)
{
	struct world *t = new_world();
	struct wal_range r = { PAGE, 2 * PAGE };
	static unsigned char log[8 * PAGE];
	struct wal_replay done;
	__u64 whole, len;
	int fd;

	CHECK_EQ(wal_protect(&t->w, &r, 1), 0);
	r.offset = 19 * PAGE;
	CHECK_EQ(wal_protect(&t->w, &r, 1), 0);
	whole = t->w.end;
	CHECK(whole < sizeof(log));
	CHECK_EQ(file_read(t->w.fd, log, whole, 0), 0);
	for (len = 0; len <= whole; len += len < 200 || len + 200 > whole ? 1 : 61) {
		fd = open(t->log, O_RDWR | O_TRUNC | O_CLOEXEC);
		CHECK_EQ(file_write(fd, log, len, 0), 0);
		close(fd);
		/* Only what the log protects was overwritten. */
		if (len == whole)
			CHECK_EQ(file_write(t->fd, log, 2 * PAGE, PAGE), 0);
		CHECK_EQ(wal_recover(&t->w, false, &done), 0);
		check_file(t, t->good, t->good_size);
		CHECK_EQ(done.needed, len >= sizeof(struct wal_header));
	}
	/* As long as it should be, but a block of it never came. */
	memset(log + whole - 2 * PAGE, 0, 512);
	CHECK_EQ(file_write(t->w.fd, log, whole, 0), 0);
	CHECK_EQ(wal_recover(&t->w, false, &done), 0);
	check_file(t, t->good, t->good_size);
	CHECK_EQ(done.bytes, 2 * PAGE);
	CHECK(done.ignored > PAGE);
	end_world(t);
}

/* The checkpoint of a shorter file was durable, the cut was not. */
static void test_cut_again(void)
{
	struct world *t = new_world();
	struct wal_range r = { PAGE, 2 * PAGE };
	unsigned char copy[6 * PAGE];
	struct wal_replay done;
	struct stat st;
	__u64 len;

	CHECK_EQ(wal_protect(&t->w, &r, 1), 0);
	memset(t->now + PAGE, 'x', 2 * PAGE);
	CHECK_EQ(file_write(t->fd, t->now + PAGE, 2 * PAGE, PAGE), 0);
	/* The log is on a file that cannot be emptied: as if we died there. */
	len = t->w.end;
	CHECK_EQ(file_read(t->w.fd, copy, len, 0), 0);
	CHECK_EQ(wal_checkpoint(&t->w, 5000), 0);
	CHECK_EQ(ftruncate(t->fd, (off_t)t->size), 0);
	CHECK_EQ(file_write(t->w.fd, copy, len, 0), 0);
	{
		struct wal_record commit = {
			.magic = WAL_RECORD_MAGIC, .flags = WAL_COMMIT,
			.sequence = t->w.sequence, .offset = 5000,
		};

		commit.crc = wal_record_crc(t->w.seed, &commit, NULL);
		CHECK_EQ(file_write(t->w.fd, &commit, sizeof(commit), len), 0);
	}
	CHECK_EQ(wal_recover(&t->w, false, &done), 0);
	check_file(t, t->now, 5000);
	CHECK_EQ(done.bytes, 0);
	CHECK_EQ(fstat(t->w.fd, &st), 0);
	CHECK_EQ(st.st_size, 0);
	end_world(t);
}

static void test_each_page_once(void)
{
	struct world *t = new_world();
	struct wal_range r[3] = { { 0, PAGE }, { PAGE, PAGE }, { 0, PAGE } };
	__u64 one = sizeof(struct wal_record), end;

	CHECK_EQ(wal_protect(&t->w, NULL, 0), 0);
	CHECK_EQ(t->w.end, sizeof(struct wal_header));
	CHECK_EQ(wal_protect(&t->w, r, 2), 0);
	end = sizeof(struct wal_header) + 2 * (one + PAGE);
	CHECK_EQ(t->w.end, end);
	CHECK_EQ(wal_protect(&t->w, r, 3), 0);
	CHECK_EQ(t->w.end, end);
	/* A hole takes a record, not its bytes; beyond the end nothing. */
	r[0] = (struct wal_range){ 7 * PAGE, 5 * PAGE };
	CHECK_EQ(wal_protect(&t->w, r, 1), 0);
	CHECK_EQ(t->w.end, end + one);
	r[0] = (struct wal_range){ 21 * PAGE, 5 * PAGE };
	CHECK_EQ(wal_protect(&t->w, r, 1), 0);
	CHECK_EQ(t->w.end, end + one);
	CHECK_EQ(wal_checkpoint(&t->w, t->size), 0);
	CHECK_EQ(t->w.end, 0);
	CHECK_EQ(wal_protect(&t->w, &r[1], 1), 0);
	CHECK(t->w.end > 0);
	end_world(t);
}

static void test_refuses(void)
{
	struct world *t = new_world();
	struct wal_replay done;
	struct wal_range r = { 0, PAGE };
	struct wal other;
	char name[80];
	int fd;

	CHECK_EQ(wal_open(&other, t->log, t->fd, t->file, PAGE, true),
		 STATUS_ERROR);
	CHECK(strstr(said, "in use"));
	wal_close(&other);
	CHECK_EQ(wal_open(&other, t->file, t->fd, t->file, PAGE, true),
		 STATUS_ERROR);
	CHECK(strstr(said, "the file itself"));
	wal_close(&other);
	/* Something else of this name is not touched. */
	CHECK_EQ(file_write(t->w.fd, "my diary", 8, 0), 0);
	CHECK_EQ(wal_recover(&t->w, true, &done), STATUS_ERROR);
	CHECK(strstr(said, "not a log"));
	CHECK_EQ(lseek(t->w.fd, 0, SEEK_END), 8);
	CHECK_EQ(ftruncate(t->w.fd, 0), 0);
	/* The log of another file: only when told so. */
	CHECK_EQ(wal_protect(&t->w, &r, 1), 0);
	snprintf(name, sizeof(name), "%s/copy", t->dir);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_EQ(flock(t->w.fd, LOCK_UN), 0);
	CHECK_EQ(wal_open(&other, t->log, fd, name, PAGE, true), 0);
	CHECK_EQ(wal_recover(&other, false, &done), STATUS_ERROR);
	CHECK(strstr(said, "another file"));
	CHECK_EQ(wal_recover(&other, true, &done), 0);
	CHECK_EQ(done.bytes, PAGE);
	wal_close(&other);
	close(fd);
	unlink(name);
	end_world(t);
}

const struct lib_test wal_tests[] = {
	{ "log: the file of the last checkpoint, whenever it dies", test_crashes },
	{ "log: cut off anywhere", test_any_length },
	{ "log: a file that became shorter is cut again", test_cut_again },
	{ "log: each page once between two checkpoints", test_each_page_once },
	{ "log: refuses what is not its own", test_refuses },
	{ NULL, NULL }
};
