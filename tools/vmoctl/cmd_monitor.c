// SPDX-License-Identifier: GPL-2.0
/*
 * monitor: events as they come, a line each.
 */
#include <errno.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "human.h"
#include "look_show.h"
#include "server.h"

/**
 * struct monitor - what has come so far
 * @a: the options
 * @count: how many events
 * @status: of the output
 */
struct monitor {
	const struct args *a;
	__u64 count;
	int status;
};

static void print_time(__u64 nsec)
{
	time_t sec = (time_t)(nsec / 1000000000);
	struct tm tm;
	char buf[32];

	localtime_r(&sec, &tm);
	strftime(buf, sizeof(buf), "%H:%M:%S", &tm);
	printf("%s.%06llu", buf, nsec % 1000000000 / 1000);
}

static void print_id(const struct look_object *e, int attr, const char *what)
{
	if (e->has[attr])
		printf(" %s %llu", what, e->value[attr]);
}

/* What it is about comes first, then what that belongs to. */
static void print_ids(const struct look_object *e)
{
	static const struct {
		__u64 object;
		int attr;
		const char *what;
	} ids[] = {
		{ VMOP_NL_OBJECT_VMO, VMOP_NL_EVENT_A_VMO_ID, "vmo" },
		{ VMOP_NL_OBJECT_PORT, VMOP_NL_EVENT_A_PORT_ID, "port" },
		{ VMOP_NL_OBJECT_PAGER, VMOP_NL_EVENT_A_PAGER_ID, "pager" },
	};
	char name[VMOP_NAME_LEN];
	size_t i;

	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		print_id(e, ids[i].attr, ids[i].what);
		if (ids[i].object == VMOP_NL_OBJECT_VMO &&
		    e->has[VMOP_NL_EVENT_A_NAME])
			printf(" '%s'",
			       human_text(e->name, name, sizeof(name)));
	}
}

static void print_line(const struct look_object *e)
{
	const __u64 *v = e->value;
	char age[16];

	print_time(v[VMOP_NL_EVENT_A_TIME_NS]);
	printf(" %-8s", look_event_type(v[VMOP_NL_EVENT_A_TYPE]));
	print_ids(e);
	print_id(e, VMOP_NL_EVENT_A_UID, "uid");
	if (e->has[VMOP_NL_EVENT_A_LIMIT])
		printf(" limit %s", look_limit(v[VMOP_NL_EVENT_A_LIMIT]));
	if (e->has[VMOP_NL_EVENT_A_REQUEST_ID])
		printf(" request %llu %s offset %llu length %llu age %s",
		       v[VMOP_NL_EVENT_A_REQUEST_ID],
		       look_request_type(v[VMOP_NL_EVENT_A_REQUEST_TYPE]),
		       v[VMOP_NL_EVENT_A_OFFSET], v[VMOP_NL_EVENT_A_LENGTH],
		       human_nsec(v[VMOP_NL_EVENT_A_AGE_NS], age, sizeof(age)));
	printf("\n");
}

static bool show_event(void *arg, const struct look_object *event)
{
	struct monitor *m = arg;
	struct out *o;

	if (!event) {
		warning("events were lost: they came faster than they are written");
		return true;
	}
	if (m->a->json) {
		o = out_new(true);
		look_show(o, event);
		m->status = out_end(o);
	} else {
		print_line(event);
		if (fflush(stdout))
			m->status = system_error(-errno,
						 "cannot write the results");
	}
	m->count++;
	return !m->status && (!m->a->rounds || m->count < m->a->rounds);
}

static int run(struct look *l, struct monitor *m, int signals)
{
	struct pollfd fds[2] = {
		{ signals, POLLIN, 0 },
		{ nl_socket_get_fd(l->sk), POLLIN, 0 },
	};
	int ret = STATUS_OK;

	while (!ret && !m->status &&
	       (!m->a->rounds || m->count < m->a->rounds)) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return system_error(-errno, "cannot wait");
		if (fds[0].revents)
			break;
		if (fds[1].revents)
			ret = look_events(l, show_event, m);
	}
	return ret ? ret : m->status;
}

int cmd_monitor(const struct args *a)
{
	struct monitor m = { .a = a };
	sigset_t old_mask;
	int signals = -1;
	struct look l;
	int ret;

	ret = look_open(&l);
	if (ret)
		return ret;
	ret = look_listen(&l);
	if (!ret)
		ret = signals_block(false, &signals, &old_mask);
	if (!ret) {
		/* Who waits for it knows that nothing is missed from here on. */
		notice("listening");
		ret = run(&l, &m, signals);
	}
	if (signals >= 0)
		close(signals);
	look_close(&l);
	return ret;
}
