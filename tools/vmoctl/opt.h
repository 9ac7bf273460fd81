/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options: one table for parsing and for the help text.
 */
#ifndef VMOCTL_OPT_H
#define VMOCTL_OPT_H

#include "vmoctl.h"

enum opt_id {
	OPT_END,
	OPT_SOCKET,
	OPT_FD,
	OPT_VMO,
	OPT_CLONE,
	OPT_WAIT,
	OPT_NAME,
	OPT_RESIZABLE,
	OPT_PAYER,
	OPT_MAX_REQUEST_PAGES,
	OPT_DEADLINE_MS,
	OPT_DEADLINE_ACTION,
	OPT_TRAP_DIRTY,
	OPT_DIRTY_LIMIT,
	OPT_METHOD,
	OPT_THREADS,
	OPT_READAHEAD,
	OPT_WRITABLE,
	OPT_WRITE,
	OPT_WAL,
	OPT_FLUSH_MS,
	OPT_FLUSH_BYTES,
	OPT_VERBOSE,
	OPT_SNAPSHOT,
	OPT_AT_LEAST_ON_WRITE,
	OPT_MODIFIED,
	OPT_SLICE,
	OPT_REFERENCE,
	OPT_CHILD_RESIZABLE,
	OPT_NO_WRITE,
	OPT_RESETTABLE,
	OPT_CHILD_NAME,
	OPT_CHILD_PAYER,
	OPT_KEEP,
	OPT_KEEPER_SOCKET,
	OPT_SIZE,
	OPT_PAGER,
	OPT_LOG,
	OPT_SERVE_SOCKET,
	OPT_ONCE,
	OPT_OFFSET,
	OPT_LENGTH,
	OPT_OUTPUT,
	OPT_INPUT,
	OPT_MMAP,
	OPT_ACCESS,
	OPT_STEP,
	OPT_PRIVATE,
	OPT_ID,
	OPT_ERROR,
	OPT_CONTROL_SOCKET,
	OPT_DROP_CLONE,
	OPT_ANONYMOUS,
	OPT_FILE,
	OPT_COUNT_ONLY,
	OPT_LATENCY,
	OPT_LOG_FILE,
	OPT_FORCE,
	OPT_VMO_ID,
	OPT_TREE_SOCKET,
	OPT_SHARES,
	OPT_INTERVAL,
	OPT_ROUNDS,
	OPT_EVENTS,
	OPT_ROWS,
	OPT_PROGRESS,
	OPT_DEVICE,
	OPT_JSON,
	OPT_HELP,
	OPT_COUNT
};

/* Reads a size as options have it. Return: 0, -EINVAL or -ERANGE. */
int opt_bytes(const char *text, __u64 *value);

/*
 * opt_parse - parse the options of a verb
 *
 * Return: STATUS_OK, STATUS_USAGE after a message, or -1 when help was asked
 * for and printed.
 */
int opt_parse(const struct verb *verb, int argc, char **argv, struct args *a);

#endif /* VMOCTL_OPT_H */
