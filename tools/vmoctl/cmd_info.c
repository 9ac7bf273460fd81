// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs that only look: info and stat.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd_look.h"
#include "control.h"
#include "kind.h"
#include "look_show.h"
#include "out.h"
#include "source.h"

#define CMD(name) { 1ull << (VMOP_CMD_##name - VMOP_CMD_BASE), #name }

static const struct out_bit command_names[] = {
	CMD(INFO), CMD(PORT_CREATE), CMD(PAGER_VMO_CREATE), CMD(VMO_CREATE),
	CMD(DETACH), CMD(SUPPLY), CMD(SUPPLY_COPY), CMD(SUPPLY_ZERO),
	CMD(SUPPLY_FILE), CMD(OP_RANGE), CMD(QUERY_DIRTY), CMD(QUERY_STATS),
	CMD(PAGER_SET_POLICY), CMD(PAGER_TOKEN), CMD(PAGER_ATTACH),
	CMD(PAGER_NEXT_VMO), CMD(PORT_REQUEUE), CMD(EXEC), CMD(QUERY_LATENCY),
	CMD(VMO_CREATE_CHILD), CMD(VMO_OP_RANGE), CMD(VMO_SET_SIZE),
	CMD(VMO_GET_INFO), CMD(VMO_SET_NAME), CMD(VMO_PIN),
	CMD(VMO_SET_CACHE_POLICY), CMD(VMO_RESET), CMD(VMO_SEAL),
	CMD(VMO_COMPOSE), { 0, NULL }
};

static const struct out_bit feature_names[] = {
	{ VMOP_FEATURE_DEADLINE, "DEADLINE" },
	{ VMOP_FEATURE_PAYER, "PAYER" },
	{ 0, NULL }
};

int cmd_info(const struct args *a)
{
	struct vmop_info info = { .size = sizeof(info) };
	struct vmop_pager *pager;
	struct out *o;
	int ret;

	ret = device_open(a, &pager);
	if (ret)
		return ret;
	ret = vmop_pager_info(pager, &info);
	vmop_pager_close(pager);
	if (ret)
		return vmo_error(ret, "cannot ask what the module can do");
	o = out_new(a->json);
	out_text(o, "library", vmop_lib_version());
	out_bytes(o, "page_size", info.out_page_size);
	out_bytes(o, "max_vmo_size", info.out_max_vmo_size);
	out_number(o, "max_request_pages", info.out_max_request_pages);
	out_number(o, "default_request_pages", info.out_default_request_pages);
	out_number(o, "name_bytes", info.out_name_len);
	out_bits(o, "features", info.out_features, feature_names);
	out_bits(o, "commands", info.out_cmds, command_names);
	return out_end(o);
}

static void show_error(struct out *o, __u32 err)
{
	const char *name = err ? strerrorname_np((int)err) : NULL;

	if (err)
		out_text(o, "last_error", name ? name : "unknown");
	else
		out_null(o, "last_error");
}

static void show_counters(struct out *o, const struct vmop_vmo_get_info *i)
{
	out_number(o, "waiters", i->out_num_waiters);
	out_number(o, "requests", i->out_requests);
	out_number(o, "requested_pages", i->out_requested_pages);
	out_number(o, "supplied_pages", i->out_supplied_pages);
	out_number(o, "failed_requests", i->out_failed_requests);
	out_number(o, "evicted_pages", i->out_evicted_pages);
	show_error(o, i->out_last_error);
}

static void show_family(struct out *o, const struct vmop_vmo_get_info *i)
{
	out_text(o, "kind", kind_name(i));
	out_number(o, "parent_id", i->out_parent_id);
	out_bytes(o, "child_offset", i->out_child_offset);
	out_number(o, "children", i->out_num_children);
	out_bool(o, "resettable", i->out_child_flags & VMOP_CHILD_RESETTABLE);
	out_bytes(o, "private", i->out_private);
	out_bytes(o, "shared", i->out_shared);
	out_bytes(o, "scaled", i->out_scaled);
	out_bytes(o, "zero", i->out_zero);
}

static void show_file(struct out *o, const struct stat *st, int oflags)
{
	char mode[16];

	snprintf(mode, sizeof(mode), "%06o", (unsigned int)st->st_mode);
	out_bytes(o, "st_size", (__u64)st->st_size);
	out_number(o, "st_blocks", (__u64)st->st_blocks);
	out_text(o, "st_mode", mode);
	out_number(o, "st_ino", (__u64)st->st_ino);
	out_text(o, "open_for", (oflags & O_ACCMODE) == O_RDONLY ? "reading" :
				"reading and writing");
}

/* Only its pager can ask for them: known when that is behind a socket. */
static bool ask_stats(const struct source *src, struct vmop_query_stats *stats)
{
	struct control_request req = {
		.magic = CONTROL_MAGIC,
		.op = CONTROL_STATS,
	};
	struct control_stats answer;
	int conn, ret;

	if (src->sock < 0 || control_send(src->sock, &req))
		return false;
	ret = control_wait(src->sock, &conn, &answer, sizeof(answer),
			   sizeof(answer));
	*stats = answer.stats;
	return !conn && !ret;
}

static void show_stats(struct out *o, const struct args *a,
		       const struct source *src)
{
	static const char *const names[] = {
		"awaiting_clean", "dirty_zero", "dirty_limit", "cleaned",
		"dirty_requests", "writeback_requests",
	};
	struct vmop_query_stats st;
	size_t i;

	/* What a clone changes is not the pager's. */
	if (a->clone || !ask_stats(src, &st)) {
		out_null(o, "modified");
		for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			out_null(o, names[i]);
		return;
	}
	out_bool(o, "modified", st.out_modified);
	out_bytes(o, names[0], st.out_awaiting_clean);
	out_bytes(o, names[1], st.out_dirty_zero);
	out_bytes(o, names[2], st.out_dirty_limit);
	out_bytes(o, names[3], st.out_cleaned);
	out_number(o, names[4], st.out_dirty_requests);
	out_number(o, names[5], st.out_writeback_requests);
}

static int show_latency(struct out *o, const struct vmop_vmo *vmo)
{
	static const char *const names[] = {
		[VMOP_LATENCY_QUEUE] = "queue_latency",
		[VMOP_LATENCY_SERVICE] = "service_latency",
		[VMOP_LATENCY_WAKE] = "wake_latency",
	};
	struct vmop_query_latency l = { .size = sizeof(l) };
	__u32 i;
	int ret;

	for (i = 0; i < VMOP_LATENCY_NR_STAGES; i++) {
		ret = vmop_vmo_latency(vmo, i, &l);
		if (!ret)
			out_histogram(o, names[i], l.out_buckets,
				      VMOP_LATENCY_BUCKETS, l.out_total_ns);
		/* Nobody is asked for what it has. */
		if (ret == -EOPNOTSUPP)
			out_null(o, names[i]);
		else if (ret)
			return ret;
	}
	return 0;
}

/* The set that is shown ends with an error as it ends without. */
static int show_end(struct out *o, int err, const struct source *src)
{
	int ret = out_end(o);

	return err ? vmo_error(err, "cannot ask about '%s'", src->where) : ret;
}

int cmd_stat(const struct args *a)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	struct source src;
	struct stat st;
	struct out *o;
	int ret, fl;

	if (a->id)
		return look_stat(a);
	ret = source_open(a, O_RDONLY, &src);
	if (ret)
		return ret;
	ret = vmop_vmo_info_shares(src.vmo, &info);
	if (ret) {
		ret = vmo_error(ret, "cannot ask about '%s'", src.where);
		goto out;
	}
	fl = fcntl(vmop_vmo_fd(src.vmo), F_GETFL);
	if (fl < 0 || fstat(vmop_vmo_fd(src.vmo), &st)) {
		ret = system_error(-errno, "cannot stat '%s'", src.where);
		goto out;
	}
	info.out_name[VMOP_NAME_LEN - 1] = 0;
	o = out_new(a->json);
	out_text(o, "name", (char *)info.out_name);
	out_number(o, "id", info.out_id);
	out_text(o, "state", look_state(info.out_state));
	out_number(o, "pager_id", info.out_pager_id);
	out_number(o, "key", info.out_key);
	out_bytes(o, "size", info.out_size);
	out_bytes(o, "content_size", info.out_content_size);
	out_bytes(o, "committed", info.out_committed);
	show_family(o, &info);
	out_bytes(o, "dirty", info.out_dirty);
	show_stats(o, a, &src);
	out_bits(o, "flags", info.out_flags, vmo_flag_names);
	show_counters(o, &info);
	out_number(o, "max_request_pages", info.out_max_request_pages);
	out_number(o, "deadline_ms", info.out_deadline_ms);
	show_file(o, &st, fl);
	ret = show_end(o, a->latency ? show_latency(o, src.vmo) : 0, &src);
out:
	source_close(&src);
	return ret;
}
