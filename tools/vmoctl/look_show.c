// SPDX-License-Identifier: GPL-2.0
/*
 * Words and keys for what the netlink family tells.
 */
#include <stdio.h>
#include <string.h>

#include "kind.h"
#include "look_show.h"

enum field_kind { NUMBER, BYTES, FLAG, NAME, WORD, FLAGS, ERRNO, KIND };

/**
 * struct field - how an attribute is shown
 * @key: in JSON; for people with spaces for underscores
 * @attr: the attribute
 * @kind: what it is
 * @word: of a WORD
 */
struct field {
	const char *key;
	int attr;
	enum field_kind kind;
	const char *(*word)(__u64 value);
};

static const struct field pager_fields[] = {
	{ "id", VMOP_NL_PAGER_ID, NUMBER, NULL },
	{ "uid", VMOP_NL_PAGER_UID, NUMBER, NULL },
	{ "closed", VMOP_NL_PAGER_CLOSED, FLAG, NULL },
	{ "vmos", VMOP_NL_PAGER_VMOS, NUMBER, NULL },
	{ "ports", VMOP_NL_PAGER_PORTS, NUMBER, NULL },
	{ NULL, 0, NUMBER, NULL }
};

static const struct field port_fields[] = {
	{ "id", VMOP_NL_PORT_ID, NUMBER, NULL },
	{ "pager_id", VMOP_NL_PORT_PAGER_ID, NUMBER, NULL },
	{ "uid", VMOP_NL_PORT_UID, NUMBER, NULL },
	{ "closed", VMOP_NL_PORT_CLOSED, FLAG, NULL },
	{ "flags", VMOP_NL_PORT_FLAGS, FLAGS, NULL },
	{ "queued", VMOP_NL_PORT_QUEUED, NUMBER, NULL },
	{ "vmos", VMOP_NL_PORT_VMOS, NUMBER, NULL },
	{ NULL, 0, NUMBER, NULL }
};

static const struct field vmo_fields[] = {
	{ "name", VMOP_NL_VMO_NAME, NAME, NULL },
	{ "id", VMOP_NL_VMO_ID, NUMBER, NULL },
	{ "uid", VMOP_NL_VMO_UID, NUMBER, NULL },
	{ "state", VMOP_NL_VMO_STATE, WORD, look_state },
	{ "pager_id", VMOP_NL_VMO_PAGER_ID, NUMBER, NULL },
	{ "port_id", VMOP_NL_VMO_PORT_ID, NUMBER, NULL },
	{ "key", VMOP_NL_VMO_KEY, NUMBER, NULL },
	{ "size", VMOP_NL_VMO_SIZE, BYTES, NULL },
	{ "content_size", VMOP_NL_VMO_CONTENT_SIZE, BYTES, NULL },
	{ "committed", VMOP_NL_VMO_COMMITTED, BYTES, NULL },
	{ "kind", VMOP_NL_VMO_CHILD_FLAGS, KIND, NULL },
	{ "parent_id", VMOP_NL_VMO_PARENT_ID, NUMBER, NULL },
	{ "child_offset", VMOP_NL_VMO_CHILD_OFFSET, BYTES, NULL },
	{ "children", VMOP_NL_VMO_NUM_CHILDREN, NUMBER, NULL },
	{ "private", VMOP_NL_VMO_PRIVATE, BYTES, NULL },
	{ "shared", VMOP_NL_VMO_SHARED, BYTES, NULL },
	{ "scaled", VMOP_NL_VMO_SCALED, BYTES, NULL },
	{ "zero", VMOP_NL_VMO_ZERO, BYTES, NULL },
	{ "dirty", VMOP_NL_VMO_DIRTY, BYTES, NULL },
	{ "flags", VMOP_NL_VMO_FLAGS, FLAGS, NULL },
	{ "waiters", VMOP_NL_VMO_NUM_WAITERS, NUMBER, NULL },
	{ "pending", VMOP_NL_VMO_NUM_PENDING, NUMBER, NULL },
	{ "oldest_ns", VMOP_NL_VMO_OLDEST_NS, NUMBER, NULL },
	{ "requests", VMOP_NL_VMO_REQUESTS, NUMBER, NULL },
	{ "requested_pages", VMOP_NL_VMO_REQUESTED_PAGES, NUMBER, NULL },
	{ "dirty_requests", VMOP_NL_VMO_DIRTY_REQUESTS, NUMBER, NULL },
	{ "writeback_requests", VMOP_NL_VMO_WRITEBACK_REQUESTS, NUMBER, NULL },
	{ "supplied_pages", VMOP_NL_VMO_SUPPLIED_PAGES, NUMBER, NULL },
	{ "evicted_pages", VMOP_NL_VMO_EVICTED_PAGES, NUMBER, NULL },
	{ "failed_requests", VMOP_NL_VMO_FAILED_REQUESTS, NUMBER, NULL },
	{ "deadline_misses", VMOP_NL_VMO_DEADLINE_MISSES, NUMBER, NULL },
	{ "last_error", VMOP_NL_VMO_LAST_ERROR, ERRNO, NULL },
	{ "max_request_pages", VMOP_NL_VMO_MAX_REQUEST_PAGES, NUMBER, NULL },
	{ "deadline_ms", VMOP_NL_VMO_DEADLINE_MS, NUMBER, NULL },
	{ NULL, 0, NUMBER, NULL }
};

static const struct field request_fields[] = {
	{ "id", VMOP_NL_REQUEST_ID, NUMBER, NULL },
	{ "vmo_id", VMOP_NL_REQUEST_VMO_ID, NUMBER, NULL },
	{ "pager_id", VMOP_NL_REQUEST_PAGER_ID, NUMBER, NULL },
	{ "port_id", VMOP_NL_REQUEST_PORT_ID, NUMBER, NULL },
	{ "key", VMOP_NL_REQUEST_KEY, NUMBER, NULL },
	{ "type", VMOP_NL_REQUEST_TYPE, WORD, look_request_type },
	{ "state", VMOP_NL_REQUEST_STATE, WORD, look_request_state },
	{ "offset", VMOP_NL_REQUEST_OFFSET, NUMBER, NULL },
	{ "length", VMOP_NL_REQUEST_LENGTH, NUMBER, NULL },
	{ "age_ns", VMOP_NL_REQUEST_AGE_NS, NUMBER, NULL },
	{ "waiters", VMOP_NL_REQUEST_NUM_WAITERS, NUMBER, NULL },
	{ NULL, 0, NUMBER, NULL }
};

static const struct field event_fields[] = {
	{ "event", VMOP_NL_EVENT_A_TYPE, WORD, look_event_type },
	{ "object", VMOP_NL_EVENT_A_OBJECT, WORD, look_object_kind },
	{ "time_ns", VMOP_NL_EVENT_A_TIME_NS, NUMBER, NULL },
	{ "uid", VMOP_NL_EVENT_A_UID, NUMBER, NULL },
	{ "pager_id", VMOP_NL_EVENT_A_PAGER_ID, NUMBER, NULL },
	{ "port_id", VMOP_NL_EVENT_A_PORT_ID, NUMBER, NULL },
	{ "vmo_id", VMOP_NL_EVENT_A_VMO_ID, NUMBER, NULL },
	{ "name", VMOP_NL_EVENT_A_NAME, NAME, NULL },
	{ "limit", VMOP_NL_EVENT_A_LIMIT, WORD, look_limit },
	{ "request_id", VMOP_NL_EVENT_A_REQUEST_ID, NUMBER, NULL },
	{ "request_type", VMOP_NL_EVENT_A_REQUEST_TYPE, WORD,
	  look_request_type },
	{ "offset", VMOP_NL_EVENT_A_OFFSET, NUMBER, NULL },
	{ "length", VMOP_NL_EVENT_A_LENGTH, NUMBER, NULL },
	{ "age_ns", VMOP_NL_EVENT_A_AGE_NS, NUMBER, NULL },
	{ NULL, 0, NUMBER, NULL }
};

static const struct field *const fields[] = {
	[VMOP_NL_CMD_PAGER_GET] = pager_fields,
	[VMOP_NL_CMD_PORT_GET] = port_fields,
	[VMOP_NL_CMD_VMO_GET] = vmo_fields,
	[VMOP_NL_CMD_REQUEST_GET] = request_fields,
	[VMOP_NL_CMD_EVENT] = event_fields,
};

static const struct out_bit port_flag_names[] = {
	{ VMOP_PORT_WRITEBACK, "WRITEBACK" },
	{ 0, NULL }
};

/* What has no name here is from a newer kernel. */
static const char *find_word(const char *const *words, size_t count,
			     __u64 value)
{
	return value < count && words[value] ? words[value] : "unknown";
}

#define WORD_OF(list, value) \
	find_word(list, sizeof(list) / sizeof((list)[0]), value)

const char *look_state(__u64 state)
{
	static const char *const names[] = {
		[VMOP_VMO_STATE_ANONYMOUS] = "anonymous",
		[VMOP_VMO_STATE_LIVE] = "live",
		[VMOP_VMO_STATE_DETACHED] = "detached",
		[VMOP_VMO_STATE_PAGER_GONE] = "pager gone",
		[VMOP_VMO_STATE_PORT_GONE] = "port gone",
	};

	return WORD_OF(names, state);
}

const char *look_request_type(__u64 type)
{
	static const char *const names[] = {
		[VMOP_RECORD_READ] = "READ",
		[VMOP_RECORD_COMPLETE] = "COMPLETE",
		[VMOP_RECORD_DIRTY] = "DIRTY",
		[VMOP_RECORD_WRITEBACK] = "WRITEBACK",
	};

	return WORD_OF(names, type);
}

const char *look_request_state(__u64 state)
{
	static const char *const names[] = {
		[VMOP_NL_REQUEST_QUEUED] = "queued",
		[VMOP_NL_REQUEST_READ] = "read",
	};

	return WORD_OF(names, state);
}

const char *look_event_type(__u64 type)
{
	static const char *const names[] = {
		[VMOP_NL_EVENT_CREATED] = "created",
		[VMOP_NL_EVENT_CLOSED] = "closed",
		[VMOP_NL_EVENT_DETACHED] = "detached",
		[VMOP_NL_EVENT_COMPLETE] = "complete",
		[VMOP_NL_EVENT_OVERDUE] = "overdue",
		[VMOP_NL_EVENT_LIMIT] = "limit",
	};

	return WORD_OF(names, type);
}

const char *look_object_kind(__u64 object)
{
	static const char *const names[] = {
		[VMOP_NL_OBJECT_PAGER] = "pager",
		[VMOP_NL_OBJECT_PORT] = "port",
		[VMOP_NL_OBJECT_VMO] = "vmo",
	};

	return WORD_OF(names, object);
}

const char *look_limit(__u64 limit)
{
	static const char *const names[] = {
		[VMOP_NL_LIMIT_DIRTY] = "dirty",
		[VMOP_NL_LIMIT_MEMORY] = "memory",
	};

	return WORD_OF(names, limit);
}

const char *look_kind(const struct look_object *vmo)
{
	struct vmop_vmo_get_info info;

	look_info(vmo, &info);
	return kind_name(&info);
}

static void show_one(struct out *o, const struct look_object *object,
		     const struct field *f)
{
	__u64 value = object->value[f->attr];
	const char *name;

	if (f->kind == FLAG) {
		out_bool(o, f->key, object->has[f->attr]);
		return;
	}
	if (!object->has[f->attr] || (f->kind == ERRNO && !value)) {
		out_null(o, f->key);
		return;
	}
	switch (f->kind) {
	case BYTES:
		out_bytes(o, f->key, value);
		break;
	case NAME:
		out_text(o, f->key, object->name);
		break;
	case WORD:
		out_text(o, f->key, f->word(value));
		break;
	case FLAGS:
		out_bits(o, f->key, value,
			 object->cmd == VMOP_NL_CMD_PORT_GET ?
			 port_flag_names : vmo_flag_names);
		break;
	case ERRNO:
		name = strerrorname_np((int)value);
		out_text(o, f->key, name ? name : "unknown");
		break;
	case KIND:
		out_text(o, f->key, look_kind(object));
		break;
	default:
		out_number(o, f->key, value);
	}
}

void look_show(struct out *o, const struct look_object *object)
{
	const struct field *f;

	if (object->cmd < 1 || object->cmd > VMOP_NL_CMD_EVENT)
		return;
	for (f = fields[object->cmd]; f->key; f++)
		show_one(o, object, f);
}
