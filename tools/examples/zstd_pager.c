// SPDX-License-Identifier: GPL-2.0
/*
 * A pager for compressed images: what is touched is decompressed, the rest
 * stays as it is on the disk.
 *
 *   zstd_pager pack FILE IMAGE
 *   zstd_pager show IMAGE COMMAND [ARGUMENT]...
 *
 * "pack" writes zstd's seekable format: the content in frames that do not know
 * each other, each with a checksum, and behind them a table of their lengths
 * in a frame that other readers skip; so "zstd -d" unpacks an image, too.
 * "show" runs COMMAND with the VMO as its standard input.
 *
 * What is to be learnt here:
 *
 * - A pager may supply more than it was asked for. A frame has to be
 *   decompressed whole, so it is supplied whole; what is there already stays.
 * - Several threads answer at once. What a thread needs for itself, here the
 *   state of the decompressor and two buffers, thread_start() makes once.
 * - A page is never shown unless it is right: zstd checks the checksum, and an
 *   error of read() becomes the error of whoever waits (EBADMSG; in a mapping
 *   SIGBUS), for that range alone.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vmopager/vmopager.h>
#include <zstd.h>

/* Content of a frame, but of the last one: whole pages on every machine. */
#define FRAME_BYTES (256u << 10)
#define LEVEL 3
#define THREADS 4

/*
 * The end of an image, in little endian: a head that makes it a frame to skip,
 * an entry for each frame, and a foot that says how many. Its descriptor tells
 * what else an entry holds: here nothing, as the frames have checksums.
 */
#define SKIP_MAGIC 0x184D2A5Eu
#define TABLE_MAGIC 0x8F92EAB1u

struct table_head {
	__u32 magic;
	__u32 bytes;		/* that follow this one */
};

struct table_entry {
	__u32 packed;
	__u32 content;
};

struct table_foot {
	__u32 frames;
	__u8 descriptor;
	__u8 magic[4];		/* not aligned */
} __attribute__((packed));

/**
 * struct frame - where a frame is
 * @at: in the image
 * @packed: bytes there
 * @content: bytes of content; FRAME_BYTES for all but the last
 */
struct frame {
	__u64 at;
	__u32 packed;
	__u32 content;
};

/**
 * struct image - an image that is shown
 * @pager: pager of its VMO
 * @fd: the file
 * @frames: its frames, in the order of the content
 * @count: how many
 * @size: bytes of content
 */
struct image {
	struct vmop_pager *pager;
	int fd;
	struct frame *frames;
	size_t count;
	__u64 size;
};

/**
 * struct unpacker - what a thread has for itself
 * @zstd: the decompressor
 * @packed: room for the largest packed frame
 * @content: room for a frame of content
 */
struct unpacker {
	ZSTD_DCtx *zstd;
	void *packed;
	char *content;
};

/* Return: 0, or -1 with a message. */
static int fail(const char *what, const char *why)
{
	fprintf(stderr, "zstd_pager: %s: %s\n", what, why);
	return -1;
}

/* Return: 0, or a negative errno; a file that ends before is -EBADMSG. */
static int read_all(int fd, void *buf, size_t len, __u64 at)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = pread(fd, (char *)buf + have, len - have,
			  (off_t)(at + have));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EBADMSG;
		have += (size_t)n;
	}
	return 0;
}

/* ---- pack ---- */

static int pack_frames(FILE *in, FILE *out, struct table_entry **table,
		       __u32 *count)
{
	size_t room = ZSTD_compressBound(FRAME_BYTES), n, packed;
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	struct table_entry *more;
	char *content = malloc(FRAME_BYTES);
	char *buf = malloc(room);
	int ret = -ENOMEM;

	if (!zstd || !content || !buf)
		goto out;
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	while ((n = fread(content, 1, FRAME_BYTES, in)) > 0) {
		more = realloc(*table, (*count + 1) * sizeof(**table));
		if (!more)
			goto out;
		*table = more;
		packed = ZSTD_compress2(zstd, buf, room, content, n);
		if (ZSTD_isError(packed) ||
		    fwrite(buf, 1, packed, out) != packed) {
			ret = -EIO;
			goto out;
		}
		more[*count].packed = htole32((__u32)packed);
		more[(*count)++].content = htole32((__u32)n);
	}
	ret = ferror(in) ? -EIO : 0;
out:
	ZSTD_freeCCtx(zstd);
	free(content);
	free(buf);
	return ret;
}

static int pack_table(FILE *out, const struct table_entry *table, __u32 count)
{
	struct table_head head = { .magic = htole32(SKIP_MAGIC) };
	struct table_foot foot = { .frames = htole32(count) };
	const __u32 magic = htole32(TABLE_MAGIC);

	head.bytes = htole32((__u32)(count * sizeof(*table) + sizeof(foot)));
	memcpy(foot.magic, &magic, sizeof(magic));
	if (fwrite(&head, sizeof(head), 1, out) != 1 ||
	    (count && fwrite(table, sizeof(*table), count, out) != count) ||
	    fwrite(&foot, sizeof(foot), 1, out) != 1)
		return -EIO;
	return 0;
}

static int pack(const char *from, const char *to)
{
	struct table_entry *table = NULL;
	FILE *in, *out;
	__u32 count = 0;
	int ret;

	in = fopen(from, "re");
	if (!in)
		return fail(from, strerror(errno));
	out = fopen(to, "we");
	if (!out) {
		fclose(in);
		return fail(to, strerror(errno));
	}
	ret = pack_frames(in, out, &table, &count);
	if (!ret)
		ret = pack_table(out, table, count);
	if (fclose(out) && !ret)
		ret = -errno;
	fclose(in);
	free(table);
	if (!ret)
		return 0;
	unlink(to);
	return fail(to, strerror(-ret));
}

/* ---- show ---- */

/* Takes the table, which is @count entries before the end of the file. */
static bool take_table(struct image *im, const struct table_entry *table,
		       __u64 table_at)
{
	__u64 at = 0;
	size_t i;

	for (i = 0; i < im->count; i++) {
		struct frame *f = &im->frames[i];

		f->at = at;
		f->packed = le32toh(table[i].packed);
		f->content = le32toh(table[i].content);
		/* So the frame of an offset is found by dividing. */
		if (!f->content || f->content > FRAME_BYTES ||
		    (f->content < FRAME_BYTES && i + 1 < im->count) ||
		    f->packed > ZSTD_compressBound(FRAME_BYTES))
			return false;
		at += f->packed;
		im->size += f->content;
	}
	return at == table_at;
}

/* Return: 0, or -EBADMSG when it is no image that pack() made. */
static int read_table(struct image *im)
{
	struct table_entry *table = NULL;
	struct table_foot foot;
	struct table_head head;
	__u64 table_at, bytes;
	struct stat st;
	__u32 magic;
	int ret;

	if (fstat(im->fd, &st))
		return -errno;
	if (st.st_size < (off_t)(sizeof(head) + sizeof(foot)))
		return -EBADMSG;
	ret = read_all(im->fd, &foot, sizeof(foot),
		       (__u64)st.st_size - sizeof(foot));
	if (ret)
		return ret;
	memcpy(&magic, foot.magic, sizeof(magic));
	im->count = le32toh(foot.frames);
	bytes = im->count * sizeof(*table) + sizeof(foot);
	if (le32toh(magic) != TABLE_MAGIC || foot.descriptor ||
	    bytes + sizeof(head) > (__u64)st.st_size)
		return -EBADMSG;
	table_at = (__u64)st.st_size - bytes - sizeof(head);
	ret = read_all(im->fd, &head, sizeof(head), table_at);
	if (ret)
		return ret;
	if (le32toh(head.magic) != SKIP_MAGIC || le32toh(head.bytes) != bytes)
		return -EBADMSG;
	table = calloc(im->count + 1, sizeof(*table));
	im->frames = calloc(im->count + 1, sizeof(*im->frames));
	ret = -ENOMEM;
	if (table && im->frames)
		ret = read_all(im->fd, table, im->count * sizeof(*table),
			       table_at + sizeof(head));
	if (!ret && !take_table(im, table, table_at))
		ret = -EBADMSG;
	free(table);
	return ret;
}

/* Once for each thread of the loop. */
static int unpacker_new(void *ctx, unsigned int thread, void **local)
{
	struct unpacker *u = calloc(1, sizeof(*u));

	(void)ctx;
	(void)thread;
	if (!u)
		return -ENOMEM;
	u->zstd = ZSTD_createDCtx();
	u->packed = malloc(ZSTD_compressBound(FRAME_BYTES));
	u->content = malloc(FRAME_BYTES);
	*local = u;
	if (u->zstd && u->packed && u->content)
		return 0;
	/* thread_stop() is for what thread_start() has made. */
	ZSTD_freeDCtx(u->zstd);
	free(u->packed);
	free(u->content);
	free(u);
	return -ENOMEM;
}

static void unpacker_free(void *ctx, unsigned int thread, void *local)
{
	struct unpacker *u = local;

	(void)ctx;
	(void)thread;
	ZSTD_freeDCtx(u->zstd);
	free(u->packed);
	free(u->content);
	free(u);
}

static int supply_frame(const struct image *im, struct unpacker *u,
			const struct vmop_vmo *vmo, size_t i)
{
	const struct frame *f = &im->frames[i];
	__u64 page = (__u64)sysconf(_SC_PAGESIZE), len;
	size_t n;
	int ret;

	ret = read_all(im->fd, u->packed, f->packed, f->at);
	if (ret)
		return ret;
	n = ZSTD_decompressDCtx(u->zstd, u->content, FRAME_BYTES, u->packed,
				f->packed);
	/* Says so also when the checksum is another one. */
	if (ZSTD_isError(n) || n != f->content) {
		fprintf(stderr, "zstd_pager: frame %zu is damaged\n", i);
		return -EBADMSG;
	}
	/* Supply is by pages; behind the end of the content they are zeros. */
	len = (n + page - 1) / page * page;
	memset(u->content + n, 0, len - n);
	return vmop_pager_supply_copy(im->pager, vmo, (__u64)i * FRAME_BYTES,
				      len, u->content, NULL);
}

static int on_read(void *ctx, void *local, struct vmop_vmo *vmo,
		   const struct vmop_port_record *req)
{
	const struct image *im = ctx;
	size_t i, last = (size_t)((req->offset + req->length - 1) / FRAME_BYTES);
	int ret = 0;

	for (i = (size_t)(req->offset / FRAME_BYTES); !ret && i <= last; i++)
		ret = supply_frame(im, local, vmo, i);
	return ret;
}

static int run(const struct vmop_vmo *vmo, char **command)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid) {
		if (dup2(vmop_vmo_fd(vmo), STDIN_FILENO) == STDIN_FILENO)
			execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 1;
	return WEXITSTATUS(status);
}

/* Return: the status of the command, or 1. */
static int serve(struct image *im, const char *name, char **command)
{
	VMOP_OPTS(vmop_handler, handler, .read = on_read);
	VMOP_OPTS(vmop_loop_opts, opts, .threads = THREADS,
		  .thread_start = unpacker_new, .thread_stop = unpacker_free);
	VMOP_OPTS(vmop_loop_stats, stats);
	struct vmop_loop *loop = NULL;
	struct vmop_vmo *vmo, *user = NULL;
	int status = 1;

	if (vmop_loop_new(im->pager, &opts, &loop) ||
	    vmop_loop_add(loop, im->size, NULL, &handler, im, &vmo) ||
	    vmop_vmo_reopen(vmo, O_RDONLY, &user) || vmop_loop_start(loop)) {
		fail(name, vmop_errmsg());
		goto out;
	}
	status = run(user, command);
	if (!vmop_loop_stats_get(loop, &stats))
		fprintf(stderr,
			"zstd_pager: %llu requests for %zu frames, %llu failed\n",
			stats.requests, im->count, stats.failed);
out:
	vmop_vmo_close(user);
	vmop_loop_free(loop);
	return status;
}

static int show(const char *name, char **command)
{
	struct image im = { 0 };
	int ret, status = 1;

	im.fd = open(name, O_RDONLY | O_CLOEXEC);
	if (im.fd < 0)
		return -fail(name, strerror(errno));
	ret = read_table(&im);
	if (ret == -EBADMSG)
		fail(name, "not an image; make one with \"pack\"");
	else if (ret)
		fail(name, strerror(-ret));
	else if (vmop_pager_open(NULL, &im.pager))
		fail(name, vmop_errmsg());
	else
		status = serve(&im, name, command);
	vmop_pager_close(im.pager);
	free(im.frames);
	close(im.fd);
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "pack"))
		return pack(argv[2], argv[3]) ? 1 : 0;
	if (argc >= 4 && !strcmp(argv[1], "show"))
		return show(argv[2], argv + 3);
	fprintf(stderr, "usage: zstd_pager pack FILE IMAGE\n"
			"       zstd_pager show IMAGE COMMAND...\n");
	return 2;
}
