// SPDX-License-Identifier: GPL-2.0
/*
 * What there is on this machine: list, requests, and stat by number.
 */
#include <stdio.h>
#include <string.h>

#include "cmd_look.h"
#include "human.h"
#include "look_show.h"

static void draw_vmos(const struct look_list *list)
{
	char size[16], committed[16], dirty[16];
	char name[VMOP_NAME_LEN];
	const struct look_object *m;
	const __u64 *v;
	size_t i;

	printf("%8s %8s  %-17s %-10s %6s %10s %10s %10s  %s\n", "id", "parent",
	       "kind", "state", "uid", "size", "committed", "dirty", "name");
	for (i = 0; i < list->count; i++) {
		m = &list->all[i];
		v = m->value;
		printf("%8llu %8llu  %-17s %-10s %6llu %10s %10s %10s  %s\n",
		       v[VMOP_NL_VMO_ID], v[VMOP_NL_VMO_PARENT_ID],
		       look_kind(m), look_state(v[VMOP_NL_VMO_STATE]),
		       v[VMOP_NL_VMO_UID],
		       human_bytes(v[VMOP_NL_VMO_SIZE], size, sizeof(size)),
		       human_bytes(v[VMOP_NL_VMO_COMMITTED], committed,
				   sizeof(committed)),
		       human_bytes(v[VMOP_NL_VMO_DIRTY], dirty, sizeof(dirty)),
		       human_text(m->name, name, sizeof(name)));
	}
}

static void draw_pagers(const struct look_list *list)
{
	const __u64 *v;
	size_t i;

	printf("%8s %6s %8s %8s  %s\n", "id", "uid", "vmos", "ports", "");
	for (i = 0; i < list->count; i++) {
		v = list->all[i].value;
		printf("%8llu %6llu %8llu %8llu  %s\n", v[VMOP_NL_PAGER_ID],
		       v[VMOP_NL_PAGER_UID], v[VMOP_NL_PAGER_VMOS],
		       v[VMOP_NL_PAGER_PORTS],
		       list->all[i].has[VMOP_NL_PAGER_CLOSED] ? "closed" : "");
	}
}

static void draw_ports(const struct look_list *list)
{
	const __u64 *v;
	size_t i;

	printf("%8s %8s %6s %8s %8s  %s\n", "id", "pager", "uid", "queued",
	       "vmos", "");
	for (i = 0; i < list->count; i++) {
		v = list->all[i].value;
		printf("%8llu %8llu %6llu %8llu %8llu  %s\n",
		       v[VMOP_NL_PORT_ID], v[VMOP_NL_PORT_PAGER_ID],
		       v[VMOP_NL_PORT_UID], v[VMOP_NL_PORT_QUEUED],
		       v[VMOP_NL_PORT_VMOS],
		       list->all[i].has[VMOP_NL_PORT_CLOSED] ? "closed" : "");
	}
}

static void draw_requests(const struct look_list *list)
{
	const __u64 *v;
	char age[16];
	size_t i;

	printf("%8s %8s %8s  %-9s %-6s %14s %12s %7s %9s\n", "id", "vmo",
	       "pager", "type", "state", "offset", "length", "waiters", "age");
	for (i = 0; i < list->count; i++) {
		v = list->all[i].value;
		printf("%8llu %8llu %8llu  %-9s %-6s %14llu %12llu %7llu %9s\n",
		       v[VMOP_NL_REQUEST_ID], v[VMOP_NL_REQUEST_VMO_ID],
		       v[VMOP_NL_REQUEST_PAGER_ID],
		       look_request_type(v[VMOP_NL_REQUEST_TYPE]),
		       look_request_state(v[VMOP_NL_REQUEST_STATE]),
		       v[VMOP_NL_REQUEST_OFFSET], v[VMOP_NL_REQUEST_LENGTH],
		       v[VMOP_NL_REQUEST_NUM_WAITERS],
		       human_nsec(v[VMOP_NL_REQUEST_AGE_NS], age, sizeof(age)));
	}
}

static int show_json(const struct look_list *list)
{
	int ret = STATUS_OK;
	struct out *o;
	size_t i;

	for (i = 0; i < list->count && !ret; i++) {
		o = out_new(true);
		look_show(o, &list->all[i]);
		ret = out_end(o);
	}
	return ret;
}

/* A line each, or an object each. */
static int show_all(const struct args *a, int cmd, bool shares,
		    void (*draw)(const struct look_list *list))
{
	struct look_list list;
	struct look l;
	int ret;

	ret = look_open(&l);
	if (ret)
		return ret;
	ret = look_dump(&l, cmd, shares, &list);
	look_close(&l);
	if (ret)
		return ret;
	if (a->json)
		ret = show_json(&list);
	else
		draw(&list);
	look_list_free(&list);
	if (!ret && fflush(stdout))
		ret = plain_error("cannot write the results");
	return ret;
}

int cmd_list(const struct args *a)
{
	const char *what = a->rest_count ? a->rest[0] : "vmos";

	if (!strcmp(what, "vmos"))
		return show_all(a, VMOP_NL_CMD_VMO_GET, a->shares, draw_vmos);
	if (a->shares)
		return usage_error("--shares is about VMOs only");
	if (!strcmp(what, "pagers"))
		return show_all(a, VMOP_NL_CMD_PAGER_GET, false, draw_pagers);
	if (!strcmp(what, "ports"))
		return show_all(a, VMOP_NL_CMD_PORT_GET, false, draw_ports);
	return usage_error("'%s' is none of vmos, pagers, ports", what);
}

int cmd_requests(const struct args *a)
{
	return show_all(a, VMOP_NL_CMD_REQUEST_GET, false, draw_requests);
}

int look_stat(const struct args *a)
{
	struct look_object vmo;
	struct look l;
	struct out *o;
	int ret;

	if (a->socket || a->vmo || a->clone || a->fd != ~0ull)
		return usage_error("--id is a VMO by itself: leave out the other one");
	if (a->latency)
		return usage_error("--latency is told to those who have the VMO: not with --id");
	ret = look_open(&l);
	if (ret)
		return ret;
	ret = look_vmo(&l, a->id, &vmo);
	look_close(&l);
	if (ret)
		return ret;
	o = out_new(a->json);
	look_show(o, &vmo);
	return out_end(o);
}
