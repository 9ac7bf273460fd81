// SPDX-License-Identifier: GPL-2.0
/*
 * top: the VMOs that are used most, again and again.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "human.h"
#include "look_show.h"
#include "server.h"

/* Lines above the rows. */
#define HEAD_LINES 4

/**
 * struct row - a VMO, and what it did since the last round
 * @vmo: what is told of it
 * @requests: how many were made for it since
 */
struct row {
	const struct look_object *vmo;
	__u64 requests;
};

static __u64 all_requests(const struct look_object *vmo)
{
	return vmo->value[VMOP_NL_VMO_REQUESTS] +
	       vmo->value[VMOP_NL_VMO_DIRTY_REQUESTS] +
	       vmo->value[VMOP_NL_VMO_WRITEBACK_REQUESTS];
}

static int by_number(const void *a, const void *b)
{
	const struct look_object *x = a, *y = b;

	return (x->value[VMOP_NL_VMO_ID] > y->value[VMOP_NL_VMO_ID]) -
	       (x->value[VMOP_NL_VMO_ID] < y->value[VMOP_NL_VMO_ID]);
}

static int compare(__u64 x, __u64 y)
{
	return (x < y) - (x > y);
}

/* Who waits longest, who asks most, who takes most. */
static int by_use(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	const __u64 *v = x->vmo->value, *w = y->vmo->value;
	int ret;

	ret = compare(v[VMOP_NL_VMO_OLDEST_NS], w[VMOP_NL_VMO_OLDEST_NS]);
	if (!ret)
		ret = compare(x->requests, y->requests);
	if (!ret)
		ret = compare(v[VMOP_NL_VMO_COMMITTED],
			      w[VMOP_NL_VMO_COMMITTED]);
	/* The oldest one first. */
	return ret ? ret : by_number(x->vmo, y->vmo);
}

static struct row *make_rows(const struct look_list *now,
			     const struct look_list *before)
{
	struct row *rows = calloc(now->count + 1, sizeof(*rows));
	const struct look_object *old;
	size_t i;

	for (i = 0; rows && i < now->count; i++) {
		rows[i].vmo = &now->all[i];
		old = before->count ?
		      bsearch(rows[i].vmo, before->all, before->count,
			      sizeof(*before->all), by_number) : NULL;
		if (old)
			rows[i].requests = all_requests(rows[i].vmo) -
					   all_requests(old);
	}
	if (rows)
		qsort(rows, now->count, sizeof(*rows), by_use);
	return rows;
}

static size_t nr_rows(const struct args *a, bool tty)
{
	struct winsize size;

	if (a->rows)
		return a->rows;
	if (tty && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) &&
	    size.ws_row > HEAD_LINES + 1)
		return size.ws_row - HEAD_LINES - 1u;
	return 20;
}

static void draw_row(const struct row *row, double seconds)
{
	const __u64 *v = row->vmo->value;
	char size[16], committed[16], dirty[16], oldest[16];
	char name[VMOP_NAME_LEN];

	printf("%8llu %-17s %10s %10s %10s %7llu %7llu %9s %8.1f  %s\n",
	       v[VMOP_NL_VMO_ID], look_kind(row->vmo),
	       human_bytes(v[VMOP_NL_VMO_SIZE], size, sizeof(size)),
	       human_bytes(v[VMOP_NL_VMO_COMMITTED], committed,
			   sizeof(committed)),
	       human_bytes(v[VMOP_NL_VMO_DIRTY], dirty, sizeof(dirty)),
	       v[VMOP_NL_VMO_NUM_WAITERS], v[VMOP_NL_VMO_NUM_PENDING],
	       v[VMOP_NL_VMO_NUM_PENDING] ?
	       human_nsec(v[VMOP_NL_VMO_OLDEST_NS], oldest, sizeof(oldest)) :
	       "-", seconds > 0 ? (double)row->requests / seconds : 0,
	       human_text(row->vmo->name, name, sizeof(name)));
}

static void draw(const struct args *a, const struct look_list *now,
		 const struct row *rows, size_t pending, double seconds)
{
	__u64 committed = 0, dirty = 0;
	bool tty = isatty(STDOUT_FILENO);
	size_t i, max = nr_rows(a, tty);
	char all[16], changed[16];

	for (i = 0; i < now->count; i++) {
		committed += now->all[i].value[VMOP_NL_VMO_COMMITTED];
		dirty += now->all[i].value[VMOP_NL_VMO_DIRTY];
	}
	if (tty)
		printf("\033[H\033[J");
	printf("vmos %zu  committed %s  dirty %s  pending %zu\n\n", now->count,
	       human_bytes(committed, all, sizeof(all)),
	       human_bytes(dirty, changed, sizeof(changed)), pending);
	printf("%8s %-17s %10s %10s %10s %7s %7s %9s %8s  %s\n", "id", "kind",
	       "size", "committed", "dirty", "waiters", "pending", "oldest",
	       "req/s", "name");
	for (i = 0; i < now->count && i < max; i++)
		draw_row(&rows[i], seconds);
	if (!tty)
		printf("\n");
}

static int show_json(const struct args *a, const struct look_list *now,
		     const struct row *rows, __u64 round, double seconds)
{
	size_t i, max = a->rows ? a->rows : now->count;
	int ret = STATUS_OK;
	struct out *o;

	for (i = 0; i < now->count && i < max && !ret; i++) {
		o = out_new(true);
		out_number(o, "round", round);
		out_number(o, "requests_since", rows[i].requests);
		out_number(o, "microseconds", (__u64)(seconds * 1e6));
		look_show(o, rows[i].vmo);
		ret = out_end(o);
	}
	return ret;
}

static int show_round(const struct args *a, const struct look_list *now,
		      const struct look_list *before, size_t pending,
		      __u64 round, double seconds)
{
	struct row *rows = make_rows(now, before);
	int ret = STATUS_OK;

	if (!rows)
		return plain_error("no memory");
	if (a->json)
		ret = show_json(a, now, rows, round, seconds);
	else
		draw(a, now, rows, pending, seconds);
	free(rows);
	if (!ret && fflush(stdout))
		ret = system_error(-errno, "cannot write the results");
	return ret;
}

static int run(const struct args *a, struct look *l, int signals)
{
	struct pollfd fd = { signals, POLLIN, 0 };
	struct look_list now, requests, before = { 0 };
	__u64 round, at, last = 0;
	int ret = STATUS_OK;

	for (round = 1; !ret; round++) {
		ret = look_dump(l, VMOP_NL_CMD_VMO_GET, false, &now);
		if (ret)
			break;
		at = now_nsec();
		/* A family's are told of each of its VMOs: counted here. */
		ret = look_dump(l, VMOP_NL_CMD_REQUEST_GET, false, &requests);
		if (!ret)
			ret = show_round(a, &now, &before, requests.count, round,
					 last ? (double)(at - last) / 1e9 : 0);
		look_list_free(&requests);
		look_list_free(&before);
		before = now;
		last = at;
		if (ret || (a->rounds && round >= a->rounds))
			break;
		/* A signal ends it. */
		if (poll(&fd, 1, (int)a->interval * 1000))
			break;
	}
	look_list_free(&before);
	return ret;
}

int cmd_top(const struct args *a)
{
	sigset_t old_mask;
	int signals = -1;
	struct look l;
	int ret;

	ret = look_open(&l);
	if (ret)
		return ret;
	ret = signals_block(false, &signals, &old_mask);
	if (!ret)
		ret = run(a, &l, signals);
	if (signals >= 0)
		close(signals);
	look_close(&l);
	return ret;
}
