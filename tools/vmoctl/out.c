// SPDX-License-Identifier: GPL-2.0
/*
 * Results for people and as JSON by the same calls, messages, progress.
 */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "human.h"
#include "out.h"
#include "out_json.h"

const char *out_verb = "";
FILE *out_stream;

/**
 * struct out - a set of results
 * @json: the object, or NULL when people read it
 */
struct out {
	json_object *json;
};

struct out *out_new(bool json)
{
	struct out *o = calloc(1, sizeof(*o));

	if (o && json)
		o->json = json_object_new_object();
	if (!o || (json && !o->json)) {
		plain_error("no memory");
		exit(STATUS_ERROR);
	}
	return o;
}

bool out_is_json(const struct out *o)
{
	return o->json;
}

void out_json(struct out *o, const char *key, json_object *value)
{
	json_object_object_add(o->json, key, value);
}

static void print_key(const char *key)
{
	char label[40];
	char *p;

	snprintf(label, sizeof(label), "%s", key);
	for (p = label; *p; p++)
		if (*p == '_')
			*p = ' ';
	fprintf(out_stream, "%-22s ", label);
}

void out_text(struct out *o, const char *key, const char *text)
{
	size_t size = strlen(text) + 1;
	char *buf;

	if (o->json) {
		json_object_object_add(o->json, key,
				       json_object_new_string(text));
		return;
	}
	buf = malloc(size);
	print_key(key);
	fprintf(out_stream, "%s\n",
		buf ? human_text(text, buf, size) : "no memory");
	free(buf);
}

void out_number(struct out *o, const char *key, __u64 value)
{
	if (o->json) {
		json_object_object_add(o->json, key,
				       json_object_new_uint64(value));
		return;
	}
	print_key(key);
	fprintf(out_stream, "%llu\n", value);
}

void out_bytes(struct out *o, const char *key, __u64 value)
{
	char buf[32];

	if (o->json || value < 1024) {
		out_number(o, key, value);
		return;
	}
	print_key(key);
	fprintf(out_stream, "%llu (%s)\n", value, human_bytes(value, buf, sizeof(buf)));
}

void out_bool(struct out *o, const char *key, bool value)
{
	if (o->json) {
		json_object_object_add(o->json, key,
				       json_object_new_boolean(value));
		return;
	}
	print_key(key);
	fprintf(out_stream, "%s\n", value ? "yes" : "no");
}

void out_null(struct out *o, const char *key)
{
	if (o->json) {
		json_object_object_add(o->json, key, NULL);
		return;
	}
	print_key(key);
	fprintf(out_stream, "-\n");
}

void out_bits(struct out *o, const char *key, __u64 value,
	      const struct out_bit *names)
{
	json_object *list = NULL, *name;
	const char *sep = "";

	if (o->json) {
		list = json_object_new_array();
		json_object_object_add(o->json, key, list);
	} else {
		print_key(key);
	}
	for (; names->name; names++) {
		if (!(value & names->bit))
			continue;
		if (list) {
			name = json_object_new_string(names->name);
			json_object_array_add(list, name);
		} else {
			fprintf(out_stream, "%s%s", sep, names->name);
		}
		sep = " ";
	}
	if (!list)
		fprintf(out_stream, "%s\n", *sep ? "" : "-");
}

int out_end(struct out *o)
{
	const int how = JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE;
	int ret = STATUS_OK;

	if (o->json) {
		/* One call, so that lines of several threads stay whole. */
		fprintf(out_stream, "%s\n",
			json_object_to_json_string_ext(o->json, how));
		json_object_put(o->json);
	}
	free(o);
	if (fflush(out_stream) || ferror(out_stream))
		ret = system_error(-errno, "cannot write the results");
	return ret;
}

static const char *type_name(__u32 type)
{
	static const char *const names[] = {
		[VMOP_RECORD_READ] = "READ",
		[VMOP_RECORD_COMPLETE] = "COMPLETE",
		[VMOP_RECORD_DIRTY] = "DIRTY",
		[VMOP_RECORD_WRITEBACK] = "WRITEBACK",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] :
							 "unknown";
}

void out_request(bool json, const struct vmop_port_record *req, int err,
		 __u64 nsec)
{
	const char *result = err ? vmop_errstr(err) : "ok";
	__u64 usec = nsec / 1000;
	struct out *o;

	if (!json) {
		fprintf(out_stream,
			"request key=%llu type=%s offset=%llu length=%llu id=%llu us=%llu: %s\n",
			req->key, type_name(req->type), req->offset, req->length, req->id, usec,
			result);
		fflush(out_stream);
		return;
	}
	o = out_new(true);
	out_text(o, "event", "request");
	out_number(o, "key", req->key);
	out_text(o, "type", type_name(req->type));
	out_number(o, "offset", req->offset);
	out_number(o, "length", req->length);
	out_number(o, "id", req->id);
	out_number(o, "microseconds", usec);
	out_number(o, "errno", (__u64)-err);
	out_end(o);
}

static void message(const char *kind, const char *fmt, va_list ap,
		    const char *reason)
{
	char text[1024];

	/* One write, so that messages of several threads stay whole. */
	vsnprintf(text, sizeof(text), fmt, ap);
	fprintf(stderr, "vmoctl: %s%s%s%s%s%s\n", out_verb,
		*out_verb ? ": " : "", kind, text, reason ? ": " : "",
		reason ? reason : "");
}

int usage_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap, NULL);
	va_end(ap);
	return STATUS_USAGE;
}

int plain_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap, NULL);
	va_end(ap);
	return STATUS_ERROR;
}

int system_error(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap, strerror(-err));
	va_end(ap);
	return STATUS_ERROR;
}

int vmo_error(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap, vmop_errstr(err));
	va_end(ap);
	switch (-err) {
	case EIO:
	case EBADMSG:
	case ENOTCONN:
	case ENOSPC:
	case ENOBUFS:
	case ETIMEDOUT:
		return STATUS_PAGER;
	default:
		return STATUS_ERROR;
	}
}

void warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("warning: ", fmt, ap, NULL);
	va_end(ap);
}

void notice(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	message("", fmt, ap, NULL);
	va_end(ap);
}

__u64 now_nsec(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (__u64)ts.tv_sec * 1000000000ull + (__u64)ts.tv_nsec;
}

void progress_start(struct progress *p, const struct args *a, __u64 total)
{
	p->total = total;
	p->shown = -1;
	p->started = now_nsec();
	p->tty = isatty(STDERR_FILENO);
	p->on = a->progress || p->tty;
	if (p->on && a->progress)
		progress_at(p, 0);
}

/* The bar comes when the work takes longer than this. */
#define BAR_AFTER_NSEC 500000000ull

void progress_at(struct progress *p, __u64 done)
{
	static const char full[] = "########################################";
	char have[32], all[32];
	int percent, step;

	if (!p->on)
		return;
	percent = p->total ? (int)((double)done * 100 / (double)p->total) : 100;
	step = p->tty ? percent : percent / 10;
	if (step == p->shown ||
	    (p->tty && now_nsec() - p->started < BAR_AFTER_NSEC))
		return;
	p->shown = step;
	human_bytes(done, have, sizeof(have));
	human_bytes(p->total, all, sizeof(all));
	if (p->tty)
		fprintf(stderr, "\r%s [%-40.*s] %3d%%  %s of %s ", out_verb,
			percent * 2 / 5, full, percent, have, all);
	else
		fprintf(stderr, "%s %3d%%  %s of %s\n", out_verb, percent,
			have, all);
}

void progress_end(struct progress *p)
{
	if (p->on && p->tty && p->shown >= 0)
		fprintf(stderr, "\r\033[K");
}
