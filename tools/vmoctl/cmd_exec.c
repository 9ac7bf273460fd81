// SPDX-License-Identifier: GPL-2.0
/*
 * exec: run a command with a VMO as an inherited file descriptor.
 */
#include <fcntl.h>
#include <unistd.h>

#include "command.h"
#include "file_pager.h"
#include "out.h"
#include "source.h"

/**
 * struct run - the command and what it needs
 * @src: VMO of another process
 * @pager: for an anonymous VMO made here
 * @fp: for --file
 * @serving: @fp is in use
 * @vmo: the VMO that the command gets, made here; NULL with @src
 * @ran: the command was started
 */
struct run {
	struct source src;
	struct vmop_pager *pager;
	struct file_pager fp;
	bool serving;
	struct vmop_vmo *vmo;
	bool ran;
};

static int make_anonymous(const struct args *a, struct run *r)
{
	struct vmop_vmo_opts o;
	int ret;

	if (a->deadline_ms || a->max_request_pages)
		return usage_error("--deadline-ms and --max-request-pages need --file");
	if (a->trap_dirty || a->dirty_limit)
		return usage_error("--trap-dirty and --dirty-limit need --file");
	ret = new_vmo_opts(a, &o);
	if (!ret)
		ret = device_open(a, &r->pager);
	if (!ret) {
		ret = vmop_vmo_new_anon(r->pager, a->anonymous, &o, &r->vmo);
		if (ret)
			ret = new_vmo_error(a, ret);
	}
	if (o.payer_fd > 0)
		close(o.payer_fd);
	return ret;
}

static int get_vmo(const struct args *a, struct run *r)
{
	bool other = a->socket || a->vmo || a->fd != ~0ull;
	bool anon = a->anonymous != ~0ull;
	int ret;

	if (!!a->file + anon + other != 1)
		return usage_error("give one of --file, --anonymous, --socket, --fd, --vmo");
	if (a->clone && !a->socket)
		return usage_error("--clone needs --socket PATH");
	if (!a->file && (a->write || a->wal))
		return usage_error("--write and --wal need --file");
	if (other)
		return source_open(a, O_RDWR, &r->src);
	if (anon)
		return make_anonymous(a, r);
	r->serving = true;
	ret = file_pager_new(a, a->file, &r->fp);
	if (!ret)
		ret = file_pager_hand_out(&r->fp, a->writable, &r->vmo);
	return ret;
}

static int run(const struct args *a, struct run *r)
{
	int ret;

	ret = command_run(a, r->vmo ? r->vmo : r->src.vmo,
			  r->serving ? &r->fp : NULL, &r->ran);
	/* Its last user has ended. */
	if (r->serving && file_pager_stop(&r->fp) && !ret)
		ret = STATUS_ERROR;
	return ret;
}

static int show(const struct args *a, const struct run *r, int status)
{
	struct vmop_loop_stats st = { .sz = sizeof(st) };
	struct out *o;

	if (!a->json && !a->verbose)
		return status;
	if (r->serving)
		vmop_loop_stats_get(r->fp.loop, &st);
	o = out_new(a->json);
	if (a->json)
		out_text(o, "event", "end");
	out_number(o, "exit_status", (__u64)status);
	out_number(o, "requests", st.requests);
	out_bytes(o, "requested_bytes", st.requested_bytes);
	out_number(o, "failed", st.failed);
	return out_end(o) && !status ? STATUS_ERROR : status;
}

int cmd_exec(const struct args *a)
{
	struct run r = { .src.sock = -1 };
	int ret;

	out_stream = stderr;
	ret = get_vmo(a, &r);
	if (!ret) {
		ret = run(a, &r);
		if (r.ran)
			ret = show(a, &r, ret);
	}
	vmop_vmo_close(r.vmo);
	source_close(&r.src);
	if (r.serving)
		file_pager_free(&r.fp);
	vmop_pager_close(r.pager);
	return ret;
}
