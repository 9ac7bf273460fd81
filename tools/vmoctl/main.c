// SPDX-License-Identifier: GPL-2.0
/*
 * vmoctl: the table of verbs.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "opt.h"
#include "out.h"

static const struct verb verbs[] = {
	{ "info", cmd_info, "", 0, 0,
	  0, { OPT_DEVICE },
	  "Show what the module can do: commands, features, limits.", NULL },
	{ "doctor", cmd_doctor, "", 0, 0,
	  0, { OPT_DEVICE },
	  "Tell what this machine lacks, and the command that mends it.",
	  "ok: as it should be. note: VMOs work, something around them does not.\n"
	  "missing: VMOs cannot be used; the exit status is 1 then. unknown: could not\n"
	  "be found out. Nothing is changed.\n" },
	{ "create", cmd_create, "", 0, 0,
	  1 << NEW_VMO, { OPT_SIZE, OPT_PAGER, OPT_LOG, OPT_SERVE_SOCKET, OPT_ONCE, OPT_DEVICE },
	  "Make a VMO and hand it out on a socket.",
	  "It lives until SIGINT or SIGTERM. Without --socket it is made, shown and\n"
	  "dropped, which tells whether it can be made. The pager 'silent' never\n"
	  "answers: for trying fail, detach and deadlines.\n" },
	{ "serve", cmd_serve, "FILE", 1, 1,
	  1 << NEW_VMO | 1 << FILE_PAGER, { OPT_SERVE_SOCKET, OPT_ONCE, OPT_DEVICE },
	  "Serve FILE through a pager to those who connect.",
	  "Prints \"serving NAME (N bytes) on SOCKET\" when ready and runs until SIGINT\n"
	  "or SIGTERM. FILE must not be changed by others meanwhile. With --write changes\n"
	  "go back to FILE: by time and amount, on fsync(), when the last user has left,\n"
	  "and at the end.\n" },
	{ "read", cmd_read, "", 0, 0,
	  1 << WHICH_VMO, { OPT_OFFSET, OPT_LENGTH, OPT_OUTPUT, OPT_MMAP, OPT_PROGRESS },
	  "Write the content of a VMO to standard output or a file.", NULL },
	{ "write", cmd_write, "", 0, 0,
	  1 << WHICH_VMO, { OPT_OFFSET, OPT_LENGTH, OPT_INPUT, OPT_MMAP, OPT_PROGRESS },
	  "Write standard input or a file into a VMO.", NULL },
	{ "map", cmd_map, "", 0, 0,
	  1 << WHICH_VMO,
	  { OPT_ACCESS, OPT_PRIVATE, OPT_STEP, OPT_OFFSET, OPT_LENGTH, OPT_PROGRESS },
	  "Touch a VMO through a mapping and show what happened.",
	  "The checksum is that of cksum(1) over the bytes that were touched.\n" },
	{ "resize", cmd_resize, "", 0, 0,
	  1 << WHICH_VMO, { OPT_SIZE },
	  "Change the size of a VMO that was made resizable.", NULL },
	{ "zero", cmd_zero, "", 0, 0,
	  1 << WHICH_VMO, { OPT_OFFSET, OPT_LENGTH },
	  "Make a range read as zeros.", NULL },
	{ "commit", cmd_commit, "", 0, 0,
	  1 << WHICH_VMO, { OPT_OFFSET, OPT_LENGTH, OPT_PROGRESS },
	  "Give every page of a range memory, asking the pager.", NULL },
	{ "decommit", cmd_decommit, "", 0, 0,
	  1 << WHICH_VMO, { OPT_OFFSET, OPT_LENGTH },
	  "Drop the pages of a range of an anonymous VMO.", NULL },
	{ "prefetch", cmd_prefetch, "", 0, 0,
	  1 << WHICH_VMO, { OPT_OFFSET, OPT_LENGTH, OPT_PROGRESS },
	  "Fetch what is absent of a range from the pager.", NULL },
	{ "fail", cmd_fail, "", 0, 0,
	  0, { OPT_CONTROL_SOCKET, OPT_ERROR, OPT_OFFSET, OPT_LENGTH, OPT_ID },
	  "Fail requests that wait for the pager behind a socket.", NULL },
	{ "detach", cmd_detach, "", 0, 0,
	  0, { OPT_CONTROL_SOCKET },
	  "Part the VMO behind a socket from its pager.", NULL },
	{ "stat", cmd_stat, "", 0, 0,
	  1 << WHICH_VMO, { OPT_VMO_ID, OPT_LATENCY },
	  "Show size, state and counters of a VMO.",
	  "With --id nothing has to be opened: the kernel is asked by netlink, which\n"
	  "needs CAP_NET_ADMIN or that the VMO was made by who asks.\n" },
	{ "list", cmd_list, "[vmos|pagers|ports]", 0, 1,
	  0, { OPT_SHARES },
	  "List what there is on this machine.",
	  "Who has CAP_NET_ADMIN sees everything, others what they made. With --json an\n"
	  "object a line, with all that is known of it.\n" },
	{ "requests", cmd_requests, "", 0, 0,
	  0, { OPT_END },
	  "List the requests that pagers have not answered.", NULL },
	{ "top", cmd_top, "", 0, 0,
	  0, { OPT_INTERVAL, OPT_ROUNDS, OPT_ROWS },
	  "Show the VMOs that are used most, again and again.",
	  "Those whose oldest request waits longest come first, then those with the most\n"
	  "requests, then the largest. Requests are those of the whole family.\n" },
	{ "monitor", cmd_monitor, "", 0, 0,
	  0, { OPT_EVENTS },
	  "Print a line for each event.",
	  "Objects that are created and closed, VMOs that are detached and complete,\n"
	  "requests that are overdue, limits that are reached. Needs CAP_NET_ADMIN. Says\n"
	  "\"listening\" on standard error when nothing is missed any more.\n" },
	{ "clone", cmd_clone, "[-- CMD [ARG]...]", 0, -1,
	  1 << WHICH_VMO,
	  { OPT_SNAPSHOT, OPT_AT_LEAST_ON_WRITE, OPT_MODIFIED, OPT_SLICE,
	    OPT_REFERENCE, OPT_OFFSET, OPT_LENGTH, OPT_CHILD_RESIZABLE, OPT_NO_WRITE,
	    OPT_RESETTABLE, OPT_CHILD_NAME, OPT_CHILD_PAYER, OPT_KEEP },
	  "Make a VMO from another one, sharing its pages.",
	  "The server behind --socket keeps it under --name, for --clone of the other\n"
	  "verbs, or CMD gets it: {} in CMD and its ARGs becomes /proc/self/fd/N, and N\n"
	  "is also in VMOCTL_FD. The exit status is that of CMD then.\n" },
	{ "compose", cmd_compose, "PART...", 1, 1024,
	  0, { OPT_KEEPER_SOCKET, OPT_CHILD_NAME, OPT_CHILD_PAYER },
	  "Make a VMO that shows parts of others.",
	  "A PART is NAME[:[OFFSET]+[LENGTH]], with NAME of a clone that the server keeps,\n"
	  ". for the VMO that it serves, or a path with a slash: of another server's\n"
	  "socket (PATH@NAME: a clone there), or of a VMO such as /proc/PID/fd/N. A page\n"
	  "is copied when it is touched first: take clones of what changes.\n" },
	{ "drop", cmd_drop, "", 0, 0,
	  0, { OPT_CONTROL_SOCKET, OPT_DROP_CLONE },
	  "Let the server behind a socket forget a clone.", NULL },
	{ "tree", cmd_tree, "", 0, 0,
	  0, { OPT_TREE_SOCKET },
	  "Draw VMOs and their clones, with the memory of each.",
	  "All on this machine that one may see; --socket: those that a server keeps.\n"
	  "private: bytes of pages that it alone sees. shared: those that others see too.\n"
	  "scaled: private, and of each shared page the part that falls to it; the sum\n"
	  "of these is what the family takes. zero: zeros that take no memory.\n" },
	{ "reset", cmd_reset, "", 0, 0,
	  1 << WHICH_VMO, { OPT_END },
	  "Let a clone forget what was changed through it.", NULL },
	{ "seal", cmd_seal, "", 0, 0,
	  1 << WHICH_VMO, { OPT_END },
	  "Keep the content of a VMO as it is, for ever.",
	  "Nobody can write to it or change its size any more. Clones can be changed.\n" },
	{ "dirty", cmd_dirty, "", 0, 0,
	  0, { OPT_CONTROL_SOCKET, OPT_COUNT_ONLY, OPT_OFFSET, OPT_LENGTH },
	  "List what of a VMO is changed and not written back.", NULL },
	{ "writeback", cmd_writeback, "", 0, 0,
	  1 << WHICH_VMO, { OPT_END },
	  "Have changes written back now, and wait for it.",
	  "With --socket the server does it; otherwise fsync() asks the pager.\n" },
	{ "recover", cmd_recover, "FILE", 1, 1,
	  0, { OPT_LOG_FILE, OPT_FORCE },
	  "Put FILE back to its last checkpoint after a crash.",
	  "vmoctl serve --write --wal LOG does the same when it starts.\n" },
	{ "exec", cmd_exec, "-- CMD [ARG]...", 1, -1,
	  1 << WHICH_VMO | 1 << NEW_VMO | 1 << FILE_PAGER, { OPT_FILE, OPT_ANONYMOUS, OPT_DEVICE },
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
