// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs that make a VMO and hand it out on a socket: serve and create.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "file_pager.h"
#include "out.h"
#include "server.h"
#include "source.h"
#include "writeback.h"

static int vmo_name(const struct vmop_vmo *vmo,
		    struct vmop_vmo_get_info *info)
{
	int ret;

	*info = (struct vmop_vmo_get_info){ .size = sizeof(*info) };
	ret = vmop_vmo_info(vmo, info);
	if (ret)
		return vmo_error(ret, "cannot ask about the new VMO");
	info->out_name[VMOP_NAME_LEN - 1] = 0;
	return STATUS_OK;
}

static int say_ready(const struct args *a, const struct server *s)
{
	struct vmop_vmo_get_info info;
	struct out *o;
	int ret;

	ret = vmo_name(s->hand_out, &info);
	if (ret)
		return ret;
	if (!a->json) {
		printf("serving %s (%llu bytes) on %s\n", (char *)info.out_name,
		       info.out_content_size, s->path);
		if (!fflush(stdout))
			return STATUS_OK;
		return system_error(-errno, "cannot write to standard output");
	}
	o = out_new(true);
	out_text(o, "event", "ready");
	out_text(o, "name", (char *)info.out_name);
	out_number(o, "bytes", info.out_content_size);
	out_text(o, "socket", s->path);
	return out_end(o);
}

static int say_end(const struct args *a, const struct server *s, __u64 supplied)
{
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	struct vmop_flush_stats flushed;
	struct out *o;

	if (s->loop)
		vmop_loop_stats_get(s->loop, &st);
	o = out_new(a->json);
	if (a->json)
		out_text(o, "event", "end");
	out_number(o, "requests", st.requests);
	out_bytes(o, "requested_bytes", st.requested_bytes);
	out_number(o, "failed", st.failed);
	if (supplied)
		out_bytes(o, "supplied_bytes", supplied);
	out_number(o, "mean_microseconds",
		   st.requests ? st.busy_nsec / st.requests / 1000 : 0);
	out_number(o, "max_microseconds", st.max_nsec / 1000);
	if (s->wb) {
		writeback_stats(s->wb, &flushed);
		out_number(o, "dirty_requests", st.dirty_requests);
		out_number(o, "writeback_requests", st.writeback_requests);
		out_number(o, "flushes", flushed.flushes);
		out_number(o, "failed_flushes", flushed.failed);
		out_bytes(o, "written_bytes", flushed.written);
		out_bytes(o, "zeroed_bytes", flushed.zeroed);
	}
	return out_end(o);
}

/* Serves until the end; the caller has filled in what is served. */
static int serve(const struct args *a, struct server *s)
{
	int ret;

	s->once = a->once;
	ret = say_ready(a, s);
	if (!ret)
		ret = server_run(s);
	if (!ret && s->users)
		warning("%u user(s) are connected: what they did not read yet fails now%s",
			s->users,
			s->wb ? ", and what they change from now on is lost" : "");
	if (!ret && s->kept.count)
		warning("%zu clone(s) are not kept any more: %s", s->kept.count,
			"what nobody else has open is gone with its changes");
	return ret;
}

int cmd_serve(const struct args *a)
{
	struct server s = { .listen = -1, .signals = -1 };
	struct vmop_vmo *hand_out = NULL;
	struct file_pager fp;
	int ret, end;

	if (!a->socket)
		return usage_error("--socket PATH is missing; for one command see vmoctl exec");
	ret = file_pager_new(a, a->rest[0], &fp);
	if (!ret)
		ret = file_pager_hand_out(&fp, a->writable, &hand_out);
	if (!ret)
		ret = signals_block(false, &s.signals, NULL);
	if (!ret)
		ret = server_listen(&s, a->socket);
	if (!ret)
		ret = file_pager_start(&fp);
	if (!ret) {
		s.hand_out = hand_out;
		s.pager = fp.pager;
		s.own = fp.vmo;
		s.loop = fp.loop;
		s.wb = fp.wb;
		ret = serve(a, &s);
	}
	end = file_pager_stop(&fp);
	ret = ret ? ret : end;
	server_close(&s);
	if (!ret) {
		vmop_loop_stop(fp.loop);
		vmop_loop_join(fp.loop);
		ret = say_end(a, &s, atomic_load(&fp.supplied));
	}
	vmop_vmo_close(hand_out);
	file_pager_free(&fp);
	return ret;
}

/**
 * struct creation - what `create` has made
 * @args: options
 * @pager: the device
 * @loop: of a pager-backed VMO
 * @vmo: the VMO
 */
struct creation {
	const struct args *args;
	struct vmop_pager *pager;
	struct vmop_loop *loop;
	struct vmop_vmo *vmo;
};

static int answer_zero(void *ctx, void *local, struct vmop_vmo *vmo,
		       const struct vmop_port_record *req)
{
	struct creation *c = ctx;

	(void)local;
	return vmop_pager_supply_zero(c->pager, vmo, req->offset, req->length,
				      NULL);
}

static int answer_nothing(void *ctx, void *local, struct vmop_vmo *vmo,
			  const struct vmop_port_record *req)
{
	(void)ctx;
	(void)local;
	(void)vmo;
	(void)req;
	return 0;
}

static int answer_error(void *ctx, void *local, struct vmop_vmo *vmo,
			const struct vmop_port_record *req)
{
	(void)ctx;
	(void)local;
	(void)vmo;
	(void)req;
	return -EIO;
}

/* A pager of zeros has nowhere to put anything else. */
static int answer_no_space(void *ctx, void *local, struct vmop_vmo *vmo,
			   const struct vmop_port_record *req)
{
	(void)ctx;
	(void)local;
	(void)vmo;
	(void)req;
	return -ENOSPC;
}

static void log_request(void *ctx, struct vmop_vmo *vmo,
			const struct vmop_port_record *req, int err,
			__u64 nsec)
{
	const struct creation *c = ctx;

	(void)vmo;
	if (c->args->verbose)
		out_request(c->args->json, req, err, nsec);
}

typedef int answer_fn(void *ctx, void *local, struct vmop_vmo *vmo,
		      const struct vmop_port_record *req);

/**
 * struct answers - what a --pager answers
 * @read: to READ
 * @dirty: to DIRTY; NULL: agrees
 * @writeback: to WRITEBACK
 */
struct answers {
	answer_fn *read;
	answer_fn *dirty;
	answer_fn *writeback;
};

static int make_paged(const struct args *a, const struct vmop_vmo_opts *o,
		      struct creation *c)
{
	static const struct answers answers[] = {
		[PAGER_ZERO] = { answer_zero, NULL, answer_no_space },
		[PAGER_SILENT] = { answer_nothing, answer_nothing,
				   answer_nothing },
		[PAGER_FAIL] = { answer_error, answer_error, answer_error },
	};
	const struct vmop_handler handler = {
		.sz = sizeof(handler),
		.read = answers[a->pager].read,
		.dirty = answers[a->pager].dirty,
		.writeback = answers[a->pager].writeback,
		.done = log_request,
	};
	const struct vmop_loop_opts opts = {
		.sz = sizeof(opts),
		.port_flags = a->dirty_limit ? VMOP_PORT_WRITEBACK : 0,
	};
	struct vmop_vmo *vmo;
	int ret;

	ret = vmop_loop_new(c->pager, &opts, &c->loop);
	if (ret)
		return vmo_error(ret, "cannot make a port");
	ret = vmop_loop_add(c->loop, a->size, o, &handler, c, &vmo);
	if (ret)
		return new_vmo_error(a, ret);
	ret = vmop_vmo_dup(vmo, &c->vmo);
	if (ret)
		return system_error(ret, "cannot duplicate a descriptor");
	return STATUS_OK;
}

static int make(const struct args *a, struct creation *c)
{
	struct vmop_vmo_opts o;
	int ret;

	if (a->size == ~0ull)
		return usage_error("--size BYTES is missing");
	if (a->pager == PAGER_NONE && (a->deadline_ms || a->max_request_pages))
		return usage_error("--deadline-ms and --max-request-pages need a --pager");
	if (a->pager == PAGER_NONE && (a->trap_dirty || a->dirty_limit))
		return usage_error("--trap-dirty and --dirty-limit need a --pager");
	ret = new_vmo_opts(a, &o);
	if (!o.name)
		o.name = "vmo";
	if (!ret)
		ret = device_open(a, &c->pager);
	if (!ret && a->pager != PAGER_NONE) {
		ret = make_paged(a, &o, c);
	} else if (!ret) {
		ret = vmop_vmo_new_anon(c->pager, a->size, &o, &c->vmo);
		if (ret)
			ret = new_vmo_error(a, ret);
	}
	if (o.payer_fd > 0)
		close(o.payer_fd);
	return ret;
}

static int show_made(const struct args *a, const struct creation *c)
{
	struct vmop_vmo_get_info info;
	struct out *o;
	int ret;

	ret = vmo_name(c->vmo, &info);
	if (ret)
		return ret;
	o = out_new(a->json);
	out_text(o, "name", (char *)info.out_name);
	out_number(o, "id", info.out_id);
	out_bytes(o, "bytes", info.out_content_size);
	return out_end(o);
}

static int create_and_serve(const struct args *a, struct creation *c)
{
	struct server s = { .listen = -1, .signals = -1 };
	int ret;

	ret = signals_block(false, &s.signals, NULL);
	if (!ret)
		ret = server_listen(&s, a->socket);
	if (!ret && c->loop) {
		ret = vmop_loop_start(c->loop);
		if (ret)
			ret = system_error(ret, "cannot start a thread");
	}
	if (!ret) {
		s.hand_out = c->vmo;
		s.pager = c->pager;
		s.own = c->loop ? c->vmo : NULL;
		s.loop = c->loop;
		ret = serve(a, &s);
	}
	server_close(&s);
	if (!ret && c->loop)
		ret = say_end(a, &s, 0);
	return ret;
}

int cmd_create(const struct args *a)
{
	struct creation c = { .args = a };
	int ret;

	if (a->once && !a->socket)
		return usage_error("--once needs --socket PATH");
	ret = make(a, &c);
	if (!ret)
		ret = a->socket ? create_and_serve(a, &c) : show_made(a, &c);
	vmop_vmo_close(c.vmo);
	vmop_loop_free(c.loop);
	vmop_pager_close(c.pager);
	return ret;
}
