// SPDX-License-Identifier: GPL-2.0
/*
 * The table of all options, the parser and the help text made of it.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opt.h"
#include "out.h"

enum kind { FLAG, TEXT, BYTES, NUMBER, CHOICE, HELP };

static const char *const group_title[GROUPS] = {
	[OWN] = "Options",
	[WHICH_VMO] = "Which VMO",
	[NEW_VMO] = "New VMO",
	[FILE_PAGER] = "File pager",
	[COMMON] = "Common",
};

/**
 * struct opt - one option
 * @name: long name
 * @letter: short name or 0
 * @kind: how the argument is read
 * @group: heading in the help text
 * @arg: name of the argument; of a CHOICE the values, as "<a|b>"
 * @at: offset of the field in struct args
 * @max: largest NUMBER
 * @help: one line
 */
struct opt {
	const char *name;
	char letter;
	enum kind kind;
	enum opt_group group;
	const char *arg;
	size_t at;
	__u64 max;
	const char *help;
};

#define AT(field) offsetof(struct args, field)

static const struct opt table[OPT_COUNT] = {
	[OPT_SOCKET] = { "socket", 0, TEXT, WHICH_VMO, "PATH", AT(socket), 0,
		"connect there and receive it" },
	[OPT_FD] = { "fd", 0, NUMBER, WHICH_VMO, "N", AT(fd), 1 << 20,
		"inherited file descriptor N" },
	[OPT_VMO] = { "vmo", 0, TEXT, WHICH_VMO, "PATH", AT(vmo), 0,
		"open it there, such as /proc/PID/fd/N" },
	[OPT_CLONE] = { "clone", 0, TEXT, WHICH_VMO, "NAME", AT(clone), 0,
		"not the VMO that is served there, but this clone" },
	[OPT_WAIT] = { "wait", 0, NUMBER, WHICH_VMO, "SECONDS", AT(wait), 86400,
		"wait that long for the socket to be there" },

	[OPT_NAME] = { "name", 0, TEXT, NEW_VMO, "NAME", AT(name), 0,
		"name for people, up to 31 bytes" },
	[OPT_RESIZABLE] = { "resizable", 0, FLAG, NEW_VMO, NULL, AT(resizable),
		0, "its size can be changed" },
	[OPT_PAYER] = { "payer", 0, TEXT, NEW_VMO, "CGROUPDIR", AT(payer), 0,
		"cgroup (version 2) that its memory is charged to" },
	[OPT_MAX_REQUEST_PAGES] = { "max-request-pages", 0, NUMBER, NEW_VMO,
		"N", AT(max_request_pages), 0xffffffff,
		"most pages that one read() asks for" },
	[OPT_DEADLINE_MS] = { "deadline-ms", 0, NUMBER, NEW_VMO, "N",
		AT(deadline_ms), 0xffffffff,
		"how long users wait for the pager" },
	[OPT_DEADLINE_ACTION] = { "deadline-action", 0, CHOICE, NEW_VMO,
		"<fail|warn>", AT(deadline_action), 0,
		"what happens then (fail)" },
	[OPT_TRAP_DIRTY] = { "trap-dirty", 0, FLAG, NEW_VMO, NULL,
		AT(trap_dirty), 0, "a change is a request to the pager first" },
	[OPT_DIRTY_LIMIT] = { "dirty-limit", 0, BYTES, NEW_VMO, "BYTES",
		AT(dirty_limit), 0,
		"writers wait while so much is changed; 0: no limit (0)" },

	[OPT_METHOD] = { "method", 0, CHOICE, FILE_PAGER, "<file|copy|uring>",
		AT(method), 0,
		"the kernel reads FILE; pread; io_uring (file)" },
	[OPT_THREADS] = { "threads", 'j', NUMBER, FILE_PAGER, "N", AT(threads),
		1024, "threads that answer requests (2)" },
	[OPT_READAHEAD] = { "readahead", 0, BYTES, FILE_PAGER, "BYTES",
		AT(readahead), 0,
		"supply blocks of this size; 0: what is asked (128K)" },
	[OPT_WRITABLE] = { "writable", 0, FLAG, FILE_PAGER, NULL, AT(writable),
		0, "users may write; FILE does not change" },
	[OPT_WRITE] = { "write", 0, FLAG, FILE_PAGER, NULL, AT(write), 0,
		"users may write, and changes are written back to FILE" },
	[OPT_WAL] = { "wal", 0, TEXT, FILE_PAGER, "LOG", AT(wal), 0,
		"keep in LOG what a crash must put back; recover first" },
	[OPT_FLUSH_MS] = { "flush-ms", 0, NUMBER, FILE_PAGER, "N",
		AT(flush_ms), 0xffffffff,
		"write back every N milliseconds; 0: not by time (5000)" },
	[OPT_FLUSH_BYTES] = { "flush-bytes", 0, BYTES, FILE_PAGER, "BYTES",
		AT(flush_bytes), 0,
		"write back when so much is changed; 0: do not look (64M)" },
	[OPT_VERBOSE] = { "verbose", 'v', FLAG, FILE_PAGER, NULL, AT(verbose),
		0, "a line for each request" },

	[OPT_SNAPSHOT] = { "snapshot", 0, FLAG, OWN, NULL, AT(snapshot), 0,
		"the content as it is now, for ever (this)" },
	[OPT_AT_LEAST_ON_WRITE] = { "at-least-on-write", 0, FLAG, OWN, NULL,
		AT(at_least_on_write), 0,
		"a page is a snapshot when it is first written here" },
	[OPT_MODIFIED] = { "modified", 0, FLAG, OWN, NULL, AT(modified), 0,
		"what the parent has changed is; the rest follows" },
	[OPT_SLICE] = { "slice", 0, FLAG, OWN, NULL, AT(slice), 0,
		"a part of the parent itself" },
	[OPT_REFERENCE] = { "reference", 0, FLAG, OWN, NULL, AT(reference), 0,
		"the whole parent itself" },
	[OPT_CHILD_RESIZABLE] = { "resizable", 0, FLAG, OWN, NULL,
		AT(resizable), 0, "its size can be changed" },
	[OPT_NO_WRITE] = { "no-write", 0, FLAG, OWN, NULL, AT(no_write), 0,
		"nobody can ever write to it" },
	[OPT_RESETTABLE] = { "resettable", 0, FLAG, OWN, NULL, AT(resettable),
		0, "keep for vmoctl reset what it sees now" },
	[OPT_CHILD_NAME] = { "name", 0, TEXT, OWN, "NAME", AT(name), 0,
		"name for people, and of --clone when it is kept" },
	[OPT_CHILD_PAYER] = { "payer", 0, TEXT, OWN, "CGROUPDIR", AT(payer), 0,
		"cgroup (version 2) that its own memory is charged to" },
	[OPT_KEEP] = { "keep", 0, FLAG, OWN, NULL, AT(keep), 0,
		"the server keeps it, also with a CMD" },
	[OPT_KEEPER_SOCKET] = { "socket", 0, TEXT, OWN, "PATH", AT(socket), 0,
		"socket of the vmoctl that has the PARTs and keeps it" },
	[OPT_SIZE] = { "size", 0, BYTES, OWN, "BYTES", AT(size), 0,
		"size of the VMO, exact" },
	[OPT_PAGER] = { "pager", 0, CHOICE, OWN, "<none|zero|silent|fail>",
		AT(pager), 0, "what answers its requests (none: anonymous)" },
	[OPT_LOG] = { "verbose", 'v', FLAG, OWN, NULL, AT(verbose), 0,
		"a line for each request" },
	[OPT_SERVE_SOCKET] = { "socket", 0, TEXT, OWN, "PATH", AT(socket), 0,
		"hand the VMO out there" },
	[OPT_ONCE] = { "once", 0, FLAG, OWN, NULL, AT(once), 0,
		"end when the last user has closed its connection" },
	[OPT_OFFSET] = { "offset", 0, BYTES, OWN, "BYTES", AT(offset), 0,
		"first byte (0)" },
	[OPT_LENGTH] = { "length", 0, BYTES, OWN, "BYTES", AT(length), 0,
		"how much (up to the end)" },
	[OPT_OUTPUT] = { "output", 'o', TEXT, OWN, "FILE", AT(output), 0,
		"write there instead of standard output" },
	[OPT_INPUT] = { "input", 'i', TEXT, OWN, "FILE", AT(input), 0,
		"read there instead of standard input" },
	[OPT_MMAP] = { "mmap", 0, FLAG, OWN, NULL, AT(mmap), 0,
		"through a mapping instead of read()" },
	[OPT_ACCESS] = { "access", 0, CHOICE, OWN, "<read|write>", AT(access),
		0, "touch for reading or for writing (read)" },
	[OPT_STEP] = { "step", 0, BYTES, OWN, "BYTES", AT(step), 0,
		"touch one byte in so many, not all" },
	[OPT_PRIVATE] = { "private", 0, FLAG, OWN, NULL, AT(private), 0,
		"map it MAP_PRIVATE" },
	[OPT_ID] = { "id", 0, NUMBER, OWN, "N", AT(id), ~0ull,
		"only the request with this id" },
	[OPT_ERROR] = { "error", 0, CHOICE, OWN,
		"<EIO|EBADMSG|ENOTCONN|ENOSPC|ENOBUFS>", AT(error), 0,
		"what they fail with (EIO)" },
	[OPT_CONTROL_SOCKET] = { "socket", 0, TEXT, OWN, "PATH", AT(socket), 0,
		"socket of the vmoctl that is its pager" },
	[OPT_DROP_CLONE] = { "clone", 0, TEXT, OWN, "NAME", AT(clone), 0,
		"the clone that it is not to keep any more" },
	[OPT_ANONYMOUS] = { "anonymous", 0, BYTES, OWN, "BYTES", AT(anonymous),
		0, "a new anonymous VMO of this size" },
	[OPT_FILE] = { "file", 0, TEXT, OWN, "FILE", AT(file), 0,
		"serve FILE while the command runs" },
	[OPT_COUNT_ONLY] = { "count", 0, FLAG, OWN, NULL, AT(count), 0,
		"only how many ranges there are, and their bytes" },
	[OPT_LATENCY] = { "latency", 0, FLAG, OWN, NULL, AT(latency), 0,
		"also how long its requests took, as histograms" },
	[OPT_LOG_FILE] = { "wal", 0, TEXT, OWN, "LOG", AT(wal), 0,
		"the log that it was served with" },
	[OPT_FORCE] = { "force", 0, FLAG, OWN, NULL, AT(force), 0,
		"FILE is a copy of the file that the log was written for" },
	[OPT_VMO_ID] = { "id", 0, NUMBER, OWN, "N", AT(id), ~0ull,
		"the VMO with this number, whoever has it open" },
	[OPT_TREE_SOCKET] = { "socket", 0, TEXT, OWN, "PATH", AT(socket), 0,
		"only the VMO that is served there, and its clones" },
	[OPT_SHARES] = { "shares", 0, FLAG, OWN, NULL, AT(shares), 0,
		"with --json: also who shares their pages, which takes time" },
	[OPT_INTERVAL] = { "interval", 0, NUMBER, OWN, "SECONDS", AT(interval),
		86400, "look again after that long (2)" },
	[OPT_ROUNDS] = { "count", 0, NUMBER, OWN, "N", AT(rounds), ~0ull,
		"end after N rounds; 0: never (0)" },
	[OPT_EVENTS] = { "count", 0, NUMBER, OWN, "N", AT(rounds), ~0ull,
		"end after N events; 0: never (0)" },
	[OPT_ROWS] = { "rows", 0, NUMBER, OWN, "N", AT(rows), 1 << 20,
		"show N VMOs; 0: what fits (0)" },
	[OPT_PROGRESS] = { "progress", 0, FLAG, OWN, NULL, AT(progress), 0,
		"report progress also when this is no terminal" },

	[OPT_DEVICE] = { "device", 0, TEXT, COMMON, "PATH", AT(device), 0,
		"device of the module (" VMOP_DEVICE ")" },
	[OPT_JSON] = { "json", 0, FLAG, COMMON, NULL, AT(json), 0,
		"results as JSON" },
	[OPT_HELP] = { "help", 'h', HELP, COMMON, NULL, 0, 0,
		"print this text" },
};

static bool takes(const struct verb *verb, enum opt_id id)
{
	size_t i;

	for (i = 0; i < sizeof(verb->options); i++)
		if (verb->options[i] == id)
			return true;
	/* Common, but only of verbs that open the device. */
	if (id == OPT_DEVICE || table[id].group == OWN)
		return false;
	return (verb->groups | 1u << COMMON) & 1u << table[id].group;
}

static void print_group(const struct verb *verb, enum opt_group group)
{
	const struct opt *o;
	bool title = false;
	char left[64], letter[8];
	enum opt_id id;

	for (id = OPT_END + 1; id < OPT_COUNT; id++) {
		o = &table[id];
		if (o->group != group || !takes(verb, id))
			continue;
		if (!title)
			printf("\n%s:\n", group_title[group]);
		title = true;
		snprintf(letter, sizeof(letter), o->letter ? "-%c, " : "    ",
			 o->letter);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
			 o->arg ? " " : "", o->arg ? o->arg : "");
		if (strlen(left) > 30)
			printf("  %s\n  %-30s  %s\n", left, "", o->help);
		else
			printf("  %-30s  %s\n", left, o->help);
	}
}

static void print_help(const struct verb *verb)
{
	enum opt_group g;

	printf("Usage: vmoctl %s [OPTION]...%s%s\n%s\n", verb->name,
	       *verb->operands ? " " : "", verb->operands, verb->summary);
	if (verb->help)
		printf("\n%s", verb->help);
	for (g = OWN; g < GROUPS; g++)
		print_group(verb, g);
	printf("\nBYTES may end in K, M, G or T (powers of 1024).\n"
	       "Exit status: 0 done, 1 error, 2 wrong usage, 3 the pager failed the access\n"
	       "or a mapping got SIGBUS. More: man vmoctl-%s\n", verb->name);
}

static int parse_number(const char *text, bool suffix, __u64 *value)
{
	static const char units[] = "KMGT";
	const char *unit;
	int shift = 0;
	char *end;

	/* strtoull() takes "-1" for a very large number. */
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno)
		return -errno;
	if (suffix && *end) {
		unit = strchr(units, *end & ~0x20);
		if (!unit || !(*end & 0x40))
			return -EINVAL;
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (*end)
		return -EINVAL;
	if (shift && *value >> (64 - shift))
		return -ERANGE;
	*value <<= shift;
	return 0;
}

int opt_bytes(const char *text, __u64 *value)
{
	return parse_number(text, true, value);
}

/* Position of text among the values of "<a|b|c>". */
static int parse_choice(const char *arg, const char *text, __u64 *value)
{
	size_t len = strlen(text), one;
	const char *p = arg + 1;

	for (*value = 0;; (*value)++) {
		one = strcspn(p, "|>");
		if (one == len && !strncmp(p, text, len))
			return 0;
		p += one;
		if (*p == '>')
			return -EINVAL;
		p++;
	}
}

static int store(const struct opt *o, const char *text, struct args *a)
{
	void *field = (char *)a + o->at;
	int ret = 0;

	switch (o->kind) {
	case FLAG:
		*(bool *)field = true;
		break;
	case TEXT:
		*(const char **)field = text;
		if (!*text)
			return usage_error("--%s needs a %s that is not empty",
					   o->name, o->arg);
		break;
	case BYTES:
		ret = parse_number(text, true, field);
		if (ret)
			return usage_error("--%s: '%s' is no size; write 4096, 64K, 1M or 0x1000",
					   o->name, text);
		break;
	case NUMBER:
		ret = parse_number(text, false, field);
		if (ret || *(__u64 *)field > o->max)
			return usage_error("--%s: '%s' is not a number from 0 to %llu",
					   o->name, text, o->max);
		break;
	case CHOICE:
		ret = parse_choice(o->arg, text, field);
		if (ret)
			return usage_error("--%s: '%s' is none of %s", o->name,
					   text, o->arg);
		break;
	case HELP:
		break;
	}
	return STATUS_OK;
}

static void set_defaults(struct args *a)
{
	memset(a, 0, sizeof(*a));
	a->device = VMOP_DEVICE;
	a->fd = ~0ull;
	a->length = LENGTH_REST;
	a->size = ~0ull;
	a->anonymous = ~0ull;
	a->threads = 2;
	a->readahead = 128 << 10;
	a->flush_ms = FLUSH_MS;
	a->flush_bytes = FLUSH_BYTES;
	a->interval = 2;
}

/* getopt_long()'s form of the options; val is the id, far from letters. */
#define ID_BASE 0x100

static void make_getopt(const struct verb *verb, struct option *longs,
			char *shorts)
{
	const struct opt *o;
	enum opt_id id;

	/*
	 * '+': what follows the first operand of a command belongs to it.
	 * ':': the messages are ours.
	 */
	if (verb->max_operands < 0)
		*shorts++ = '+';
	*shorts++ = ':';
	for (id = OPT_END + 1; id < OPT_COUNT; id++) {
		o = &table[id];
		if (!takes(verb, id))
			continue;
		longs->name = o->name;
		longs->has_arg = o->arg ? required_argument : no_argument;
		longs->flag = NULL;
		longs->val = ID_BASE + (int)id;
		longs++;
		if (!o->letter)
			continue;
		*shorts++ = o->letter;
		if (o->arg)
			*shorts++ = ':';
	}
	memset(longs, 0, sizeof(*longs));
	*shorts = 0;
}

static const struct opt *find_opt(const struct verb *verb, int val)
{
	enum opt_id id;

	for (id = OPT_END + 1; id < OPT_COUNT; id++)
		if (takes(verb, id) &&
		    (val == ID_BASE + (int)id || val == table[id].letter))
			return &table[id];
	return NULL;
}

static int check_operands(const struct verb *verb, const struct args *a)
{
	if (a->rest_count < verb->min_operands)
		return usage_error("%s is missing; see vmoctl %s --help",
				   verb->operands, verb->name);
	if (verb->max_operands >= 0 && a->rest_count > verb->max_operands)
		return usage_error("'%s' is one operand too many; see vmoctl %s --help",
				   a->rest[verb->max_operands], verb->name);
	return STATUS_OK;
}

int opt_parse(const struct verb *verb, int argc, char **argv, struct args *a)
{
	struct option longs[OPT_COUNT + 1];
	char shorts[2 * OPT_COUNT + 3];
	const struct opt *o;
	int val, ret;

	set_defaults(a);
	make_getopt(verb, longs, shorts);
	opterr = 0;
	for (;;) {
		val = getopt_long(argc, argv, shorts, longs, NULL);
		if (val < 0)
			break;
		if (val == ':')
			return usage_error("%s needs a value; see vmoctl %s --help",
					   argv[optind - 1], verb->name);
		o = val == '?' ? NULL : find_opt(verb, val);
		if (!o)
			return usage_error("'%s' is not an option of it; see vmoctl %s --help",
					   argv[optind - 1], verb->name);
		if (o->kind == HELP) {
			print_help(verb);
			return -1;
		}
		ret = store(o, optarg, a);
		if (ret)
			return ret;
	}
	a->rest = argv + optind;
	a->rest_count = argc - optind;
	return check_operands(verb, a);
}
