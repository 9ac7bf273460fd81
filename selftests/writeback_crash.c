// SPDX-License-Identifier: GPL-2.0
/*
 * vmoctl serve --write --wal is killed in the middle of heavy writing, again
 * and again. After recovery the file must have every write that an fsync()
 * has confirmed, nothing that was never written, and no page that is a mixture
 * of two moments. Before the recovery everything in the file that the log says
 * it has is overwritten with rubbish, which the loss of power could do.
 *
 *	writeback_crash [-r ROUNDS] [-s SEED]
 *
 * or WRITEBACK_CRASH_ROUNDS and WRITEBACK_CRASH_SEED in the environment. Needs
 * the module, vmoctl in PATH, and a current folder to write to. Prints TAP.
 *
 * Two programs write: one through a mapping to the even pages, one by pwrite()
 * and by punching holes to the odd ones, with new sizes now and then. Each
 * write is a new version of a page. A file that both and this program map, the
 * book, has for each page the version that was begun last and the version that
 * was there when the last successful fsync() began.
 *
 * A page is 512 words, each with the version, the page and its own number. A
 * page that was written by a call must be of one version. One that was written
 * word after word through a mapping may begin with a version and end with the
 * one before: that is how it was at one moment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define WORDS (PAGE / 8)
#define PAGES 96u
#define CONTENT (PAGES * PAGE)
#define GROUP 10u	/* rounds that are one line of TAP */

#define FILE_NAME "disk"
#define LOG_NAME "disk.wal"
#define SOCKET_NAME "disk.sock"
#define BOOK_NAME "book"

/**
 * struct book - what the writers have done
 * @begun: version of each page that was begun last
 * @done: version that was written last
 * @synced: version that an fsync() has confirmed
 * @size_begun: number of the size that was begun last, see size_of()
 * @size_done: number of the size that was set last
 * @size_synced: number of the size that an fsync() has confirmed
 * @ready: writers that have begun
 * @writes: all of them
 * @fsyncs: successful ones
 * @odd: an error of a writer that no crash explains
 */
struct book {
	atomic_ulong begun[PAGES];
	atomic_ulong done[PAGES];
	atomic_ulong synced[PAGES];
	atomic_ulong size_begun;
	atomic_ulong size_done;
	atomic_ulong size_synced;
	atomic_uint ready;
	atomic_ulong writes;
	atomic_ulong fsyncs;
	atomic_int odd;
};

static struct book *book;
static unsigned long seed;

static unsigned long rnd(unsigned long *state)
{
	/* xorshift64* */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dul >> 16;
}

static unsigned long size_of(unsigned long number)
{
	return CONTENT + number % 50 * 700;
}

static unsigned long word(unsigned int page, unsigned long version,
			  unsigned int i)
{
	return version << 32 | (page + 1) << 16 | i;
}

/* These versions of odd pages are holes. */
static bool is_hole(unsigned int page, unsigned long version)
{
	return page % 2 && version % 16 == 15;
}

static void fill(unsigned long *to, unsigned int page, unsigned long version)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		to[i] = word(page, version, i);
}

static void map_book(int oflags)
{
	int fd = open(BOOK_NAME, O_RDWR | oflags, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(*book))) {
		perror("book");
		exit(1);
	}
	book = mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	close(fd);
	if (book == MAP_FAILED) {
		perror("book");
		exit(1);
	}
}

/* ---- The writers ---------------------------------------------------------- */

/**
 * struct writer - one of the two programs
 * @fd: the VMO
 * @map: its mapping, of the one that writes through it
 * @first: its first page: 0 or 1
 * @random: state of rnd()
 */
struct writer {
	int fd;
	unsigned long *map;
	unsigned int first;
	unsigned long random;
};

/* Return: false when the VMO has no pager any more. */
static bool write_page(struct writer *w, unsigned int page)
{
	unsigned long version = atomic_load(&book->begun[page]) + 1;
	static unsigned long buf[WORDS];
	volatile unsigned long *to;
	unsigned int i;
	long ret = 0;

	atomic_store(&book->begun[page], version);
	if (w->map) {
		to = w->map + page * WORDS;
		for (i = 0; i < WORDS; i++)
			to[i] = word(page, version, i);
	} else if (is_hole(page, version)) {
		ret = fallocate(w->fd, FALLOC_FL_PUNCH_HOLE |
				FALLOC_FL_KEEP_SIZE, page * PAGE, PAGE);
	} else {
		fill(buf, page, version);
		ret = pwrite(w->fd, buf, PAGE, page * PAGE) - PAGE;
	}
	if (ret)
		return false;
	atomic_store(&book->done[page], version);
	atomic_fetch_add(&book->writes, 1);
	return true;
}

static void confirm(atomic_ulong *to, unsigned long value)
{
	unsigned long old = atomic_load(to);

	while (old < value && !atomic_compare_exchange_weak(to, &old, value))
		;
}

static bool sync_all(struct writer *w)
{
	unsigned long done[PAGES], size = atomic_load(&book->size_done);
	unsigned int i;

	/*
	 * fsync() waits for content only: the size that was set before this
	 * write is stored when the write is.
	 */
	if (!write_page(w, w->first))
		return false;
	for (i = 0; i < PAGES; i++)
		done[i] = atomic_load(&book->done[i]);
	if (fsync(w->fd)) {
		if (errno != ENOTCONN)
			atomic_store(&book->odd, errno);
		return false;
	}
	for (i = 0; i < PAGES; i++)
		confirm(&book->synced[i], done[i]);
	confirm(&book->size_synced, size);
	atomic_fetch_add(&book->fsyncs, 1);
	return true;
}

static bool resize(struct writer *w)
{
	unsigned long number = atomic_load(&book->size_begun) + 1;

	atomic_store(&book->size_begun, number);
	if (ftruncate(w->fd, size_of(number)))
		return false;
	atomic_store(&book->size_done, number);
	return true;
}

static int writer_main(const char *which, const char *random)
{
	const char *fd = getenv("VMOCTL_FD");
	struct writer w = { .first = *which == 'c' };
	unsigned int n, turn;
	bool on = true;

	/* Not outlive the vmoctl exec that the test kills. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!fd)
		return 2;
	w.fd = atoi(fd);
	w.random = strtoul(random, NULL, 0) | 1;
	map_book(0);
	if (*which == 'm') {
		w.map = mmap(NULL, CONTENT, PROT_READ | PROT_WRITE, MAP_SHARED,
			     w.fd, 0);
		if (w.map == MAP_FAILED)
			return 1;
	}
	atomic_fetch_add(&book->ready, 1);
	while (on) {
		turn = 1 + rnd(&w.random) % 16;
		for (n = 0; n < turn && on; n++)
			on = write_page(&w, w.first +
					rnd(&w.random) % (PAGES / 2) * 2);
		if (on && !w.map && rnd(&w.random) % 4 == 0)
			on = resize(&w);
		if (on && rnd(&w.random) % 2 == 0)
			on = sync_all(&w);
	}
	return 0;
}

/* ---- Programs ------------------------------------------------------------- */

static pid_t start(char *const *argv, int out)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Return: its exit status, or 128 + signal. */
static int ended(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Where the server's output can be read, so that it is not cut off. */
static int serve_out = -1;

/* Starts the server and waits until it serves. Return: its process or -1. */
static pid_t serve(void)
{
	char *const argv[] = {
		"vmoctl", "serve", FILE_NAME, "--write", "--wal", LOG_NAME,
		"--socket", SOCKET_NAME, "--resizable", "--flush-ms", "15",
		"--flush-bytes", "96K", "--dirty-limit", "256K", NULL
	};
	char line[256];
	ssize_t n = 0;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC))
		return -1;
	pid = start(argv, p[1]);
	close(p[1]);
	n = read(p[0], line, sizeof(line));
	if (serve_out >= 0)
		close(serve_out);
	serve_out = p[0];
	if (n >= 7 && !memcmp(line, "serving", 7))
		return pid;
	printf("# serve ended with %d\n", ended(pid));
	return -1;
}

static pid_t writer(const char *which, unsigned long random)
{
	char number[32], self[256] = "";
	char *const argv[] = {
		"vmoctl", "exec", "--socket", SOCKET_NAME, "--", self,
		"--writer", (char *)which, number, NULL
	};

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return -1;
	snprintf(number, sizeof(number), "%lu", random);
	return start(argv, -1);
}

static void sleep_us(unsigned long us)
{
	const struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

/* By the verb; now and then it is killed as well, and done again. */
static bool recover_by_verb(unsigned long *random)
{
	char *const argv[] = {
		"vmoctl", "recover", FILE_NAME, "--wal", LOG_NAME, NULL
	};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), status;
	pid_t pid;

	if (rnd(random) % 4 == 0) {
		pid = start(argv, null);
		sleep_us(rnd(random) % 60000);
		kill(pid, SIGKILL);
		ended(pid);
	}
	status = ended(start(argv, null));
	close(null);
	if (status)
		printf("# vmoctl recover ended with %d\n", status);
	return !status;
}

/* By the next server, which has nothing else to do. */
static bool recover_by_serve(void)
{
	pid_t pid = serve();
	int status;

	if (pid < 0)
		return false;
	kill(pid, SIGTERM);
	status = ended(pid);
	if (status)
		printf("# serve ended with %d\n", status);
	return !status;
}

/* ---- The file afterwards -------------------------------------------------- */

static bool bad_page(unsigned int page, const char *what, unsigned long a,
		     unsigned long b)
{
	printf("# page %u: %s %lu, %lu; begun %lu, confirmed %lu\n", page, what,
	       a, b, atomic_load(&book->begun[page]),
	       atomic_load(&book->synced[page]));
	return false;
}

/* A page of zeros must be one of the versions that are holes. */
static bool check_hole(unsigned int page)
{
	unsigned long v = atomic_load(&book->synced[page]);
	unsigned long last = atomic_load(&book->begun[page]);

	for (; v <= last; v++) {
		if (is_hole(page, v)) {
			atomic_store(&book->begun[page], v);
			atomic_store(&book->done[page], v);
			atomic_store(&book->synced[page], v);
			return true;
		}
	}
	return bad_page(page, "is a hole", 0, 0);
}

static bool check_page(unsigned int page, unsigned long *have)
{
	unsigned long version = have[0] >> 32, then = version, v;
	unsigned int i;

	for (i = 0; i < WORDS && !have[i]; i++)
		;
	if (i == WORDS)
		return check_hole(page);
	for (i = 0; i < WORDS; i++) {
		v = have[i] >> 32;
		if (have[i] != word(page, v, i))
			return bad_page(page, "has a strange word at", i,
					have[i]);
		/* At most one step down, by one. */
		if (v != then && (v != version - 1 || then != version))
			return bad_page(page, "is torn between versions",
					version, v);
		then = v;
	}
	if (then != version && page % 2)
		return bad_page(page, "is torn between versions", version,
				then);
	if (then < atomic_load(&book->synced[page]) ||
	    version > atomic_load(&book->begun[page]))
		return bad_page(page, "has a version out of range", version,
				then);
	/* From here the next round goes on. */
	fill(have, page, version);
	atomic_store(&book->begun[page], version);
	atomic_store(&book->done[page], version);
	atomic_store(&book->synced[page], version);
	return true;
}

static bool check_size(int fd)
{
	unsigned long n = atomic_load(&book->size_synced);
	unsigned long last = atomic_load(&book->size_begun), i, len;
	static unsigned char rest[64 << 10];
	struct stat st;

	fstat(fd, &st);
	while (n <= last && size_of(n) != (unsigned long)st.st_size)
		n++;
	if (n > last) {
		printf("# size %lld; begun %lu, confirmed %lu\n",
		       (long long)st.st_size, size_of(last),
		       size_of(atomic_load(&book->size_synced)));
		return false;
	}
	atomic_store(&book->size_begun, n);
	atomic_store(&book->size_done, n);
	atomic_store(&book->size_synced, n);
	len = (unsigned long)st.st_size - CONTENT;
	if (pread(fd, rest, len, CONTENT) != (ssize_t)len)
		return false;
	for (i = 0; i < len && !rest[i]; i++)
		;
	if (i < len)
		printf("# byte %lu behind the pages is not zero\n", i);
	return i == len;
}

static bool check_file(void)
{
	static unsigned long content[PAGES * WORDS];
	int fd = open(FILE_NAME, O_RDWR | O_CLOEXEC);
	struct stat st;
	bool good;
	unsigned int i;

	good = fd >= 0 && pread(fd, content, CONTENT, 0) == CONTENT;
	if (!good)
		printf("# cannot read the file: %s\n", strerror(errno));
	for (i = 0; i < PAGES && good; i++)
		good = check_page(i, content + i * WORDS);
	if (good)
		good = check_size(fd);
	if (good && (stat(LOG_NAME, &st) || st.st_size)) {
		printf("# the log is not empty\n");
		good = false;
	}
	/* Pages that were caught in the middle are made whole. */
	if (good && pwrite(fd, content, CONTENT, 0) != CONTENT)
		good = false;
	close(fd);
	return good;
}

static bool make_file(void)
{
	static unsigned long content[PAGES * WORDS];
	unsigned int i;
	ssize_t n;
	int fd;

	unlink(LOG_NAME);
	map_book(O_CREAT | O_TRUNC);
	for (i = 0; i < PAGES; i++)
		fill(content + i * WORDS, i, 0);
	fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);
	n = pwrite(fd, content, CONTENT, 0);
	close(fd);
	return n == CONTENT;
}

/* ---- What a dying machine would add ---------------------------------------- */

/* The form of the log, as vmoctl's wal.h has it; only what is needed. */
struct log_header {
	unsigned long rest[5];
	unsigned int reserved, crc;
};

struct log_record {
	unsigned int magic, flags;
	unsigned long sequence, offset, length;
	unsigned int reserved, crc;
};

#define LOG_COMMIT 2u

/* The next whole record; the last one may be cut off. */
static bool log_next(int log, unsigned long *at, struct log_record *r)
{
	unsigned long size = (unsigned long)lseek(log, 0, SEEK_END);
	unsigned long content;

	if (pread(log, r, sizeof(*r), *at) != sizeof(*r))
		return false;
	content = r->flags ? 0 : r->length;
	if (size - *at - sizeof(*r) < content)
		return false;
	*at += sizeof(*r) + content;
	return true;
}

/*
 * Killing a process cuts no page in two. Losing power does, in any page that
 * was being written: of what is in the log nothing in the file counts, and
 * behind the last record there may be anything. Return: bytes spoilt.
 */
static unsigned long spoil(unsigned long *random)
{
	static const unsigned char rubbish[PAGE / 2] = { 0xdb, 0xdb, 0xdb };
	unsigned long at, count = 0, off, end;
	int log = open(LOG_NAME, O_RDWR | O_CLOEXEC);
	int file = open(FILE_NAME, O_RDWR | O_CLOEXEC);
	struct log_record r, first = { 0 };
	bool cut = false;

	for (at = sizeof(struct log_header); log_next(log, &at, &r);) {
		if (!first.magic)
			first = r;
		cut = cut || r.flags & LOG_COMMIT;
	}
	/* A checkpoint in it makes the records before it void. */
	for (at = sizeof(struct log_header);
	     !cut && log_next(log, &at, &r);) {
		end = r.offset + r.length;
		for (off = r.offset; off + PAGE <= end; off += PAGE)
			count += (unsigned long)pwrite(file, rubbish,
						       sizeof(rubbish), off);
	}
	end = (unsigned long)lseek(log, 0, SEEK_END);
	if (first.magic && rnd(random) % 2 &&
	    pwrite(log, &first, sizeof(first), end) != sizeof(first))
		perror(LOG_NAME);
	close(log);
	close(file);
	return count;
}

/* ---- Rounds --------------------------------------------------------------- */

/**
 * struct totals - of all rounds
 * @needed: logs that were not empty after the crash
 * @saved: bytes in them
 * @spoilt: bytes of the file that were overwritten to be put back
 */
static struct totals {
	unsigned long needed;
	unsigned long saved;
	unsigned long spoilt;
} totals;

/* Return: false when the server did not even start. */
static bool crash(unsigned long *random)
{
	struct stat st;
	pid_t server;
	int tries = 0;

	atomic_store(&book->ready, 0);
	server = serve();
	if (server < 0)
		return false;
	writer("mapping", rnd(random));
	writer("calls", rnd(random));
	while (atomic_load(&book->ready) < 2 && tries++ < 2000)
		sleep_us(10000);
	if (atomic_load(&book->ready) < 2)
		printf("# the writers did not start\n");
	sleep_us(rnd(random) % 500000);
	kill(server, SIGKILL);
	ended(server);
	/*
	 * The writers find out and end; orphans come to us. What they wrote
	 * after this was confirmed by nobody.
	 */
	while (wait(NULL) > 0 || errno == EINTR)
		;
	if (!stat(LOG_NAME, &st) && st.st_size) {
		totals.needed++;
		totals.saved += (unsigned long)st.st_size;
	}
	return atomic_load(&book->ready) == 2;
}

static bool one_round(unsigned long number)
{
	unsigned long random = (seed + number * 7919) * 2 + 1;
	bool good;
	int i;

	for (i = 0; i < 8; i++)
		rnd(&random);
	good = crash(&random);
	if (good)
		totals.spoilt += spoil(&random);
	if (good)
		good = number % 4 ? recover_by_verb(&random) :
				    recover_by_serve();
	if (good)
		good = check_file();
	if (good && atomic_load(&book->odd)) {
		printf("# fsync: %s\n", strerror(atomic_load(&book->odd)));
		good = false;
	}
	if (!good)
		printf("# round %lu failed; again: writeback_crash -s %lu -r %lu\n",
		       number, seed, number);
	return good;
}

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoul(text, NULL, 0) : otherwise;
}

int main(int argc, char **argv)
{
	unsigned long rounds = from_env("WRITEBACK_CRASH_ROUNDS", 100);
	unsigned long number = 1, first, tests, bad = 0, count = 0;
	bool good = true;
	int c;

	if (argc == 4 && !strcmp(argv[1], "--writer"))
		return writer_main(argv[2], argv[3]);
	seed = from_env("WRITEBACK_CRASH_SEED", (unsigned long)time(NULL));
	while ((c = getopt(argc, argv, "r:s:")) > 0) {
		if (c == 'r')
			rounds = strtoul(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoul(optarg, NULL, 0);
		else
			return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	tests = (rounds + GROUP - 1) / GROUP + 1;
	printf("TAP version 13\n1..%lu\n# seed %lu\n", tests, seed);
	good = make_file();
	while (number <= rounds) {
		first = number;
		for (; number <= rounds && number < first + GROUP; number++)
			good = good && one_round(number);
		bad += !good;
		printf("%sok %lu - killed and recovered, rounds %lu to %lu\n",
		       good ? "" : "not ", ++count, first, number - 1);
	}
	printf("# %lu writes, %lu fsyncs; %lu of %lu logs had %lu bytes; %lu spoilt\n",
	       atomic_load(&book->writes), atomic_load(&book->fsyncs),
	       totals.needed, rounds, totals.saved, totals.spoilt);
	/* Otherwise nothing was shown. */
	good = atomic_load(&book->fsyncs) && totals.needed;
	bad += !good;
	printf("%sok %lu - crashes came in the middle of work\n",
	       good ? "" : "not ", ++count);
	return bad ? 1 : 0;
}
