/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vmoctl: what its files share. A verb is a function that gets the parsed
 * options and returns an exit status.
 */
#ifndef VMOCTL_H
#define VMOCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <vmopager/vmopager.h>

/**
 * enum status - exit status of vmoctl
 * @STATUS_OK: done
 * @STATUS_ERROR: something failed
 * @STATUS_USAGE: wrong options or arguments
 * @STATUS_PAGER: the pager failed the access, or a mapping got SIGBUS
 * @STATUS_NOT_RUN: exec: the command could not be started
 */
enum status {
	STATUS_OK = 0,
	STATUS_ERROR = 1,
	STATUS_USAGE = 2,
	STATUS_PAGER = 3,
	STATUS_NOT_RUN = 127
};

enum access { ACCESS_READ, ACCESS_WRITE };
enum method { METHOD_FILE, METHOD_COPY, METHOD_URING };
enum pager_kind { PAGER_NONE, PAGER_ZERO, PAGER_SILENT, PAGER_FAIL };

#define LENGTH_REST (~0ull)	/* up to the end of the VMO */
#define FLUSH_MS 5000ull	/* default of --flush-ms */
#define FLUSH_BYTES (64ull << 20)	/* default of --flush-bytes */

/**
 * struct args - every option of every verb, defaults filled in
 *
 * One field per option of the table in opt.c, where they are described.
 */
struct args {
	const char *device;
	const char *socket;
	const char *vmo;
	const char *clone;
	const char *output;
	const char *input;
	const char *name;
	const char *payer;
	const char *file;
	const char *wal;
	__u64 fd;
	__u64 wait;
	__u64 offset;
	__u64 length;
	__u64 step;
	__u64 size;
	__u64 anonymous;
	__u64 threads;
	__u64 readahead;
	__u64 max_request_pages;
	__u64 deadline_ms;
	__u64 id;
	__u64 access;
	__u64 method;
	__u64 pager;
	__u64 deadline_action;
	__u64 error;
	__u64 dirty_limit;
	__u64 flush_ms;
	__u64 flush_bytes;
	__u64 interval;
	__u64 rounds;
	__u64 rows;
	bool json;
	bool progress;
	bool mmap;
	bool private;
	bool resizable;
	bool writable;
	bool once;
	bool verbose;
	bool trap_dirty;
	bool write;
	bool count;
	bool latency;
	bool force;
	bool snapshot;
	bool at_least_on_write;
	bool modified;
	bool slice;
	bool reference;
	bool no_write;
	bool resettable;
	bool keep;
	bool shares;
	char **rest;
	int rest_count;
};

/* Groups of options that a verb may take; the common ones it always does. */
enum opt_group { OWN, WHICH_VMO, NEW_VMO, FILE_PAGER, COMMON, GROUPS };

/**
 * struct verb - an entry of the table in main.c
 * @name: what the user types
 * @fn: does it
 * @operands: what follows the options, for the help text
 * @min_operands: fewest operands
 * @max_operands: most operands
 * @groups: bits of enum opt_group
 * @options: options of its own, of enum opt_id
 * @summary: one line
 * @help: more lines
 */
struct verb {
	const char *name;
	int (*fn)(const struct args *a);
	const char *operands;
	int min_operands;
	int max_operands;
	unsigned int groups;
	unsigned char options[16];
	const char *summary;
	const char *help;
};

int cmd_info(const struct args *a);
int cmd_doctor(const struct args *a);
int cmd_create(const struct args *a);
int cmd_serve(const struct args *a);
int cmd_read(const struct args *a);
int cmd_write(const struct args *a);
int cmd_map(const struct args *a);
int cmd_resize(const struct args *a);
int cmd_zero(const struct args *a);
int cmd_commit(const struct args *a);
int cmd_decommit(const struct args *a);
int cmd_prefetch(const struct args *a);
int cmd_fail(const struct args *a);
int cmd_detach(const struct args *a);
int cmd_stat(const struct args *a);
int cmd_dirty(const struct args *a);
int cmd_writeback(const struct args *a);
int cmd_recover(const struct args *a);
int cmd_exec(const struct args *a);
int cmd_clone(const struct args *a);
int cmd_compose(const struct args *a);
int cmd_drop(const struct args *a);
int cmd_tree(const struct args *a);
int cmd_reset(const struct args *a);
int cmd_seal(const struct args *a);
int cmd_list(const struct args *a);
int cmd_requests(const struct args *a);
int cmd_top(const struct args *a);
int cmd_monitor(const struct args *a);

#endif /* VMOCTL_H */
