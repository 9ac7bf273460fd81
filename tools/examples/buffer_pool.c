// SPDX-License-Identifier: GPL-2.0
/*
 * A buffer pool that logs before it dirties: what a storage engine needs from
 * its page cache and cannot have from mmap() of a file, because there the
 * kernel writes a changed page to the file whenever it likes.
 *
 *   buffer_pool DIR run COMMITS [DIE_AT]
 *   buffer_pool DIR recover
 *
 * "run" starts an engine, a process that maps the VMO and moves money between
 * accounts, and serves its pages from DIR/data. The engine calls fsync() to
 * commit. With DIE_AT both are killed (SIGKILL) in the middle of a checkpoint,
 * when that many pages have been written to the file. "recover" takes the file
 * back to the last commit and shows that it is one.
 *
 * What is to be learnt here:
 *
 * - A VMO with VMOP_VMO_TRAP_DIRTY holds the first store to a clean page until
 *   the pager agrees. on_dirty() puts what the page was into the log, makes
 *   that durable, and agrees then. So no page can change, and later reach the
 *   file, that the log could not take back: the write-ahead rule, kept for an
 *   engine that does plain stores and knows nothing of it.
 * - fsync() becomes a WRITEBACK record, and on_writeback() a checkpoint: BEGIN
 *   of each dirty range (from then on a store is held again), its content to
 *   the file, the file durable, the log's new epoch durable, which is the commit,
 *   and END last. The order is what counts: END tells the kernel that it may
 *   forget the page.
 * - One thread answers all records, one after the other; so no page is granted
 *   while a checkpoint runs, and no lock is needed.
 *
 * A program that needs just this takes a vmop_flusher, which does the same with
 * several threads, or "vmoctl serve --write --wal".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmopager/vmopager.h>

#define PAGE 4096u
#define PAGES 512u
#define ACCOUNTS 510u		/* in a page */
#define TRANSFERS 60u		/* between two commits */
#define LOG_MAGIC 0x314c4157u	/* "WAL1" */

/**
 * struct bank_page - a page of the data file
 * @epoch: commit that the newest change in it belongs to
 * @account: what is on each account; all of the file add up to 0
 */
struct bank_page {
	__u64 epoch;
	__u64 __reserved;
	__s64 account[ACCOUNTS];
};

_Static_assert(sizeof(struct bank_page) == PAGE, "a page is a page");

/*
 * The log: a head, then records. A record is of use only with the epoch of the
 * head, so writing a new head, which is less than a sector and so written whole
 * or not at all, drops all of them at once.
 */
struct log_head {
	__u32 magic;
	__u32 __reserved;
	__u64 epoch;
};

struct log_record {
	__u64 epoch;
	__u64 page;
	__u64 sum;		/* of the three around it */
	unsigned char was[PAGE];
};

/**
 * struct pool - the buffer pool
 * @pager: its pager
 * @data: the data file
 * @log: the log
 * @epoch: that runs: number of the commit that comes next
 * @log_end: where the next record goes
 * @logged: epoch in which each page was logged last
 * @die_at: pages of checkpoints after which to die; 0: never
 * @written: pages of checkpoints so far
 * @engine: its process
 */
struct pool {
	struct vmop_pager *pager;
	int data;
	int log;
	__u64 epoch;
	__u64 log_end;
	__u64 logged[PAGES];
	unsigned long die_at;
	unsigned long written;
	pid_t engine;
};

/* Return: 0 or a negative errno. What is behind the end reads as zeros. */
static int read_at(int fd, void *buf, size_t len, __u64 at)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(fd, (char *)buf + have, len - have,
			  (off_t)(at + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		have += (size_t)n;
	}
	memset((char *)buf + have, 0, len - have);
	return 0;
}

static int write_at(int fd, const void *buf, size_t len, __u64 at)
{
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pwrite(fd, (const char *)buf + done, len - done,
			   (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static int make_durable(int fd)
{
	return fdatasync(fd) ? -errno : 0;
}

/* FNV-1a: tells a record that was written whole from one that was not. */
static __u64 record_sum(const struct log_record *r)
{
	__u64 sum = (14695981039346656037ull ^ r->epoch) * 1099511628211ull;
	size_t i;

	sum = (sum ^ r->page) * 1099511628211ull;
	for (i = 0; i < PAGE; i++)
		sum = (sum ^ r->was[i]) * 1099511628211ull;
	return sum;
}

/* ---- The pager ---- */

static int on_read(void *ctx, void *local, struct vmop_vmo *vmo,
		   const struct vmop_port_record *req)
{
	const struct pool *p = ctx;

	(void)local;
	return vmop_pager_supply_file(p->pager, vmo, req->offset, req->length,
				      p->data, req->offset, NULL);
}

/* The content of a clean page is what the file has. */
static int log_page(struct pool *p, __u64 page)
{
	struct log_record r = { .epoch = p->epoch, .page = page };
	int ret;

	ret = read_at(p->data, r.was, PAGE, page * PAGE);
	if (ret)
		return ret;
	r.sum = record_sum(&r);
	ret = write_at(p->log, &r, sizeof(r), p->log_end);
	if (ret)
		return ret;
	p->log_end += sizeof(r);
	return 0;
}

/*
 * Somebody wants to change clean pages and waits. An error makes the store
 * fail: better that than a change that cannot be taken back.
 */
static int on_dirty(void *ctx, void *local, struct vmop_vmo *vmo,
		    const struct vmop_port_record *req)
{
	__u64 first = req->offset / PAGE, end = first + req->length / PAGE, i;
	struct pool *p = ctx;
	int ret;

	(void)local;
	for (i = first; i < end; i++) {
		if (p->logged[i] == p->epoch)
			continue;
		ret = log_page(p, i);
		if (ret)
			return ret;
	}
	ret = make_durable(p->log);
	if (ret)
		return ret;
	for (i = first; i < end; i++)
		p->logged[i] = p->epoch;
	ret = vmop_pager_dirty(p->pager, vmo, req->offset, req->length);
	/* After others, as of a page that was reclaimed, the store is tried again. */
	return ret == -EINVAL || ret == -EOPNOTSUPP ? ret : 0;
}

/* A crash of the worst kind, for tests: neither process can do any more. */
static void die(const struct pool *p)
{
	fprintf(stderr, "buffer_pool: dying after %lu pages\n", p->written);
	kill(p->engine, SIGKILL);
	raise(SIGKILL);
}

static int write_range(struct pool *p, const struct vmop_vmo *vmo,
		       const struct vmop_dirty_range *r)
{
	unsigned char buf[PAGE];
	__u64 at;
	int ret;

	for (at = r->offset; at < r->offset + r->length; at += PAGE) {
		/* Dirty pages are there: this never waits for ourselves. */
		ret = read_at(vmop_vmo_fd(vmo), buf, PAGE, at);
		if (!ret)
			ret = write_at(p->data, buf, PAGE, at);
		if (ret)
			return ret;
		if (++p->written == p->die_at)
			die(p);
	}
	return 0;
}

/* From here on the log's records are those of another time: committed. */
static int next_epoch(struct pool *p)
{
	const struct log_head head = { LOG_MAGIC, 0, p->epoch + 1 };
	int ret;

	ret = write_at(p->log, &head, sizeof(head), 0);
	if (!ret)
		ret = make_durable(p->log);
	if (ret)
		return ret;
	p->epoch++;
	p->log_end = sizeof(head);
	return 0;
}

/* Begins and writes what is dirty; *done gets the ranges, *count of them. */
static int write_dirty(struct pool *p, const struct vmop_vmo *vmo,
		       struct vmop_dirty_range **done, size_t *count)
{
	struct vmop_dirty_range *more, r;
	struct vmop_dirty_iter *it;
	int ret;

	ret = vmop_dirty_iter_new(p->pager, vmo, 0, VMOP_TO_END, &it);
	if (ret)
		return ret;
	while ((ret = vmop_dirty_iter_next(it, &r)) > 0) {
		more = realloc(*done, (*count + 1) * sizeof(r));
		if (!more) {
			ret = -ENOMEM;
			break;
		}
		*done = more;
		ret = vmop_pager_writeback_begin(p->pager, vmo, r.offset,
						 r.length, r.flags);
		if (!ret)
			ret = write_range(p, vmo, &r);
		if (ret)
			break;
		more[(*count)++] = r;
	}
	vmop_dirty_iter_free(it);
	return ret;
}

/*
 * Somebody waits in fsync(). After an error he is told, nothing is ended, and
 * the next fsync() tries all of it again: the pages stay dirty, the log stays.
 */
static int on_writeback(void *ctx, void *local, struct vmop_vmo *vmo,
			const struct vmop_port_record *req)
{
	struct vmop_dirty_range *done = NULL;
	struct pool *p = ctx;
	size_t count = 0, i;
	int ret;

	(void)local;
	ret = write_dirty(p, vmo, &done, &count);
	if (!ret)
		ret = make_durable(p->data);
	if (!ret)
		ret = next_epoch(p);
	for (i = 0; !ret && i < count; i++)
		ret = vmop_pager_writeback_end(p->pager, vmo, done[i].offset,
					       done[i].length);
	free(done);
	if (ret)
		return ret;
	return vmop_pager_writeback_done(p->pager, vmo, req->id, 0);
}

/* ---- The engine: another process, which sees memory and nothing else ---- */

static void transfer(struct bank_page *bank, __u64 epoch)
{
	struct bank_page *from = &bank[(unsigned long)random() % PAGES];
	struct bank_page *to = &bank[(unsigned long)random() % PAGES];
	__s64 amount = random() % 1000;

	from->account[(unsigned long)random() % ACCOUNTS] -= amount;
	from->epoch = epoch;
	to->account[(unsigned long)random() % ACCOUNTS] += amount;
	to->epoch = epoch;
}

/* Return: status of the process. */
static int engine(int fd, __u64 epoch, unsigned long commits)
{
	struct bank_page *bank;
	unsigned int i;

	/*
	 * A fork has the pager open as well, so that its death would not be the
	 * pager's last close, and a store would wait for ever.
	 */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bank = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	if (bank == MAP_FAILED) {
		perror("buffer_pool: mmap");
		return 1;
	}
	srandom((unsigned int)getpid());
	for (; commits; commits--, epoch++) {
		for (i = 0; i < TRANSFERS; i++)
			transfer(bank, epoch);
		if (fsync(fd)) {
			perror("buffer_pool: fsync");
			return 1;
		}
		printf("committed %llu\n", epoch);
		fflush(stdout);
	}
	return 0;
}

/* ---- Recovery ---- */

/*
 * Goes through the log and puts the pages of the file into what they were.
 * @logged tells afterwards which pages that were. The log ends where a record
 * is of another epoch or was not written whole: nobody was granted that.
 */
static int undo(struct pool *p, unsigned int *undone)
{
	__u64 at = sizeof(struct log_head);
	struct log_record r;
	int ret;

	for (;; at += sizeof(r)) {
		ret = read_at(p->log, &r, sizeof(r), at);
		if (ret)
			return ret;
		if (r.epoch != p->epoch || r.page >= PAGES ||
		    r.sum != record_sum(&r))
			return make_durable(p->data);
		ret = write_at(p->data, r.was, PAGE, r.page * PAGE);
		if (ret)
			return ret;
		p->logged[r.page] = p->epoch;
		(*undone)++;
	}
}

/*
 * Reads the whole file. @newer gets, for each page, whether it was changed in
 * the epoch that did not commit; @sum what all accounts add up to.
 */
static int read_bank(const struct pool *p, bool *newer, __s64 *sum)
{
	struct bank_page page;
	unsigned int i, k;
	int ret;

	*sum = 0;
	for (i = 0; i < PAGES; i++) {
		ret = read_at(p->data, &page, PAGE, (__u64)i * PAGE);
		if (ret)
			return ret;
		newer[i] = page.epoch >= p->epoch;
		for (k = 0; k < ACCOUNTS; k++)
			*sum += page.account[k];
	}
	return 0;
}

/* Return: 0; -EBADMSG if the file is not what a commit has left. */
static int recover(struct pool *p)
{
	unsigned int undone = 0, ahead = 0, changed = 0, i;
	bool newer[PAGES];
	__s64 sum;
	int ret;

	ret = read_bank(p, newer, &sum);
	if (!ret)
		ret = undo(p, &undone);
	if (ret)
		return ret;
	for (i = 0; i < PAGES; i++) {
		changed += newer[i];
		/* The rule: it got there, so the log knows what it was. */
		ahead += newer[i] && p->logged[i] != p->epoch;
	}
	ret = read_bank(p, newer, &sum);
	if (ret)
		return ret;
	printf("commit %llu: %u pages newer in the file, %u in the log, %u ahead of it; sum %lld\n",
	       p->epoch - 1, changed, undone, ahead, sum);
	/* Or a fork would print it once more. */
	fflush(stdout);
	if (ahead || sum)
		return -EBADMSG;
	/* What was undone must not be taken for records of what comes now. */
	memset(p->logged, 0, sizeof(p->logged));
	return ftruncate(p->log, sizeof(struct log_head)) ? -errno :
							    make_durable(p->log);
}

static int open_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

/* Opens the files of a folder, new ones as well. */
static int pool_open(struct pool *p, const char *path)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct log_head head;
	int ret;

	if (dir < 0)
		return -errno;
	p->data = open_file(dir, "data");
	p->log = open_file(dir, "log");
	close(dir);
	if (p->data < 0 || p->log < 0)
		return p->data < 0 ? p->data : p->log;
	ret = read_at(p->log, &head, sizeof(head), 0);
	if (ret)
		return ret;
	if (head.magic && head.magic != LOG_MAGIC)
		return -EBADMSG;
	/* Epoch 0 is that of pages that were never changed. */
	p->epoch = head.epoch;
	if (!head.magic)
		ret = next_epoch(p);
	p->log_end = sizeof(head);
	if (!ret && ftruncate(p->data, (off_t)PAGES * PAGE))
		ret = -errno;
	return ret;
}

static int pool_run(struct pool *p, unsigned long commits)
{
	VMOP_OPTS(vmop_handler, handler, .read = on_read, .dirty = on_dirty,
		  .writeback = on_writeback);
	VMOP_OPTS(vmop_loop_opts, opts, .threads = 1,
		  .port_flags = VMOP_PORT_WRITEBACK);
	VMOP_OPTS(vmop_vmo_opts, vmo_opts, .name = "bank",
		  .flags = VMOP_VMO_TRAP_DIRTY);
	struct vmop_loop *loop = NULL;
	struct vmop_vmo *vmo;
	int status = 1;

	if (vmop_pager_open(NULL, &p->pager) ||
	    vmop_loop_new(p->pager, &opts, &loop) ||
	    vmop_loop_add(loop, (__u64)PAGES * PAGE, &vmo_opts, &handler, p,
			  &vmo))
		goto fail;
	/* Before there are threads, which a child would not have. */
	p->engine = fork();
	if (!p->engine)
		_exit(engine(vmop_vmo_fd(vmo), p->epoch, commits));
	if (p->engine < 0) {
		perror("buffer_pool: fork");
	} else if (vmop_loop_start(loop)) {
		kill(p->engine, SIGKILL);
		waitpid(p->engine, NULL, 0);
		goto fail;
	} else if (waitpid(p->engine, &status, 0) == p->engine) {
		status = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
	}
	vmop_loop_free(loop);
	vmop_pager_close(p->pager);
	return status;
fail:
	fprintf(stderr, "buffer_pool: %s\n", vmop_errmsg());
	vmop_loop_free(loop);
	vmop_pager_close(p->pager);
	return 1;
}

int main(int argc, char **argv)
{
	static struct pool p;
	bool runs = argc >= 4 && !strcmp(argv[2], "run");
	int ret;

	if (!runs && (argc != 3 || strcmp(argv[2], "recover"))) {
		fprintf(stderr, "usage: buffer_pool DIR run COMMITS [DIE_AT]\n"
				"       buffer_pool DIR recover\n");
		return 2;
	}
	ret = pool_open(&p, argv[1]);
	if (!ret)
		ret = recover(&p);
	if (ret) {
		fprintf(stderr, "buffer_pool: %s: %s\n", argv[1],
			ret == -EBADMSG ? "not as a commit has left it" :
					  strerror(-ret));
		return 1;
	}
	if (!runs)
		return 0;
	p.die_at = argc > 4 ? strtoul(argv[4], NULL, 0) : 0;
	return pool_run(&p, strtoul(argv[3], NULL, 0));
}
