// SPDX-License-Identifier: GPL-2.0
/*
 * vmoctl: the table of verbs.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "opt.h"
#include "out.h"

static const unsigned char info_opts[] = { OPT_DEVICE, OPTS_COMMON };
static const unsigned char create_opts[] = {
	OPT_SIZE, OPT_PAGER, OPT_SERVE_SOCKET, OPT_ONCE, OPT_LOG,
	OPTS_NEW_VMO, OPT_DEVICE, OPTS_COMMON
};
static const unsigned char serve_opts[] = {
	OPT_SERVE_SOCKET, OPT_ONCE, OPTS_NEW_VMO, OPTS_FILE_PAGER, OPT_DEVICE,
	OPTS_COMMON
};
static const unsigned char read_opts[] = {
	OPT_OFFSET, OPT_LENGTH, OPT_OUTPUT, OPT_MMAP, OPT_PROGRESS,
	OPTS_WHICH_VMO, OPTS_COMMON
};
static const unsigned char write_opts[] = {
	OPT_OFFSET, OPT_LENGTH, OPT_INPUT, OPT_PROGRESS, OPTS_WHICH_VMO,
	OPTS_COMMON
};
static const unsigned char map_opts[] = {
	OPT_ACCESS, OPT_PRIVATE, OPT_STEP, OPT_OFFSET, OPT_LENGTH,
	OPT_PROGRESS, OPTS_WHICH_VMO, OPTS_COMMON
};
static const unsigned char resize_opts[] = {
	OPT_SIZE, OPTS_WHICH_VMO, OPTS_COMMON
};
static const unsigned char range_opts[] = {
	OPT_OFFSET, OPT_LENGTH, OPTS_WHICH_VMO, OPTS_COMMON
};
static const unsigned char fetch_opts[] = {
	OPT_OFFSET, OPT_LENGTH, OPT_PROGRESS, OPTS_WHICH_VMO, OPTS_COMMON
};
static const unsigned char fail_opts[] = {
	OPT_CONTROL_SOCKET, OPT_ERROR, OPT_OFFSET, OPT_LENGTH, OPT_ID,
	OPTS_COMMON
};
static const unsigned char detach_opts[] = {
	OPT_CONTROL_SOCKET, OPTS_COMMON
};
static const unsigned char stat_opts[] = { OPTS_WHICH_VMO, OPTS_COMMON };
static const unsigned char exec_opts[] = {
	OPT_FILE, OPT_ANONYMOUS, OPTS_WHICH_VMO, OPTS_NEW_VMO,
	OPTS_FILE_PAGER, OPT_DEVICE, OPTS_COMMON
};

static const struct verb verbs[] = {
	{ "info", cmd_info, "", 0, 0, info_opts,
	  "Show what the module can do: commands, features, limits.", NULL },
	{ "create", cmd_create, "", 0, 0, create_opts,
	  "Make a VMO and hand it out on a socket.",
	  "It lives until SIGINT or SIGTERM. Without --socket it is made, shown and\n"
	  "dropped, which tells whether it can be made. The pager 'silent' never\n"
	  "answers: for trying fail, detach and deadlines.\n" },
	{ "serve", cmd_serve, "FILE", 1, 1, serve_opts,
	  "Serve FILE through a pager, read-only, to those who connect.",
	  "Prints \"serving NAME (N bytes) on SOCKET\" when ready and runs until SIGINT\n"
	  "or SIGTERM. FILE must not change meanwhile.\n" },
	{ "read", cmd_read, "", 0, 0, read_opts,
	  "Write the content of a VMO to standard output or a file.", NULL },
	{ "write", cmd_write, "", 0, 0, write_opts,
	  "Write standard input or a file into a VMO.", NULL },
	{ "map", cmd_map, "", 0, 0, map_opts,
	  "Touch a VMO through a mapping and show what happened.",
	  "The checksum is that of cksum(1) over the bytes that were touched.\n" },
	{ "resize", cmd_resize, "", 0, 0, resize_opts,
	  "Change the size of a VMO that was made resizable.", NULL },
	{ "zero", cmd_zero, "", 0, 0, range_opts,
	  "Make a range read as zeros.", NULL },
	{ "commit", cmd_commit, "", 0, 0, fetch_opts,
	  "Give every page of a range memory, asking the pager.", NULL },
	{ "decommit", cmd_decommit, "", 0, 0, range_opts,
	  "Drop the pages of a range of an anonymous VMO.", NULL },
	{ "prefetch", cmd_prefetch, "", 0, 0, fetch_opts,
	  "Fetch what is absent of a range from the pager.", NULL },
	{ "fail", cmd_fail, "", 0, 0, fail_opts,
	  "Fail requests that wait for the pager behind a socket.", NULL },
	{ "detach", cmd_detach, "", 0, 0, detach_opts,
	  "Part the VMO behind a socket from its pager.", NULL },
	{ "stat", cmd_stat, "", 0, 0, stat_opts,
	  "Show size, state and counters of a VMO.", NULL },
	{ "exec", cmd_exec, "-- CMD [ARG]...", 1, -1, exec_opts,
	  "Run CMD with a VMO as an inherited file descriptor.",
	  "{} in CMD and its ARGs becomes /proc/self/fd/N; N is also in VMOCTL_FD.\n"
	  "The exit status is that of CMD, 128 + signal when it was killed, 127 when\n"
	  "it could not be started.\n" },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_verbs(void)
{
	size_t i;

	printf("Usage: vmoctl VERB [OPTION]...\n"
	       "       vmoctl --help | --version\n"
	       "Drive pager-backed virtual memory objects (VMOs).\n\nVerbs:\n");
	for (i = 0; i < VERBS; i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].summary);
	printf("\nOptions:\n"
	       "  -h, --help                      print this text\n"
	       "      --version                   print the version\n"
	       "\nvmoctl VERB --help tells the options of a verb.\n");
}

static const struct verb *find_verb(const char *name)
{
	size_t i;

	for (i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct verb *verb;
	struct args a;
	int ret;

	/* A reader that went away is an error of write(), with a message. */
	signal(SIGPIPE, SIG_IGN);
	out_stream = stdout;
	if (argc < 2) {
		print_verbs();
		return STATUS_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_verbs();
		return STATUS_OK;
	}
	if (!strcmp(argv[1], "--version")) {
		printf("vmoctl %s\n", vmop_lib_version());
		return STATUS_OK;
	}
	verb = find_verb(argv[1]);
	if (!verb)
		return usage_error("'%s' is not a verb; see vmoctl --help",
				   argv[1]);
	out_verb = verb->name;
	ret = opt_parse(verb, argc - 1, argv + 1, &a);
	if (ret < 0)
		return STATUS_OK;
	return ret ? ret : verb->fn(&a);
}
