// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs about one clone: clone, reset and seal.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "kind.h"
#include "out.h"
#include "source.h"

/**
 * struct cloning - a clone that is being made
 * @src: its parent
 * @flags: of enum vmop_child_flags
 * @offset: where in the parent it starts
 * @length: its size; 0 for a reference
 * @vmo: the clone
 * @kept: the server has it
 */
struct cloning {
	struct source src;
	__u32 flags;
	__u64 offset;
	__u64 length;
	struct vmop_vmo *vmo;
	bool kept;
};

static int check_kind(const struct args *a, __u32 *flags)
{
	bool view = a->slice || a->reference;

	if (a->snapshot + a->at_least_on_write + a->modified + a->slice +
	    a->reference > 1)
		return usage_error("give one kind: %s",
				   "--snapshot, --at-least-on-write, --modified, --slice, --reference");
	if (a->reference && (a->offset || a->length != LENGTH_REST))
		return usage_error("--reference is of all; leave out --offset and --length");
	if (a->slice && a->resizable)
		return usage_error("the size of a --slice is fixed; leave out --resizable");
	if (a->no_write && a->resizable)
		return usage_error("--no-write and --resizable do not go together");
	if (view && a->resettable)
		return usage_error("--resettable is for snapshots; leave it out");
	if (view && a->payer)
		return usage_error("--payer is for snapshots: here the pages are the parent's");
	*flags = a->at_least_on_write ? VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE :
		 a->modified ? VMOP_CHILD_SNAPSHOT_MODIFIED :
		 a->slice ? VMOP_CHILD_SLICE :
		 a->reference ? VMOP_CHILD_REFERENCE : VMOP_CHILD_SNAPSHOT;
	if (a->resizable)
		*flags |= VMOP_CHILD_RESIZABLE;
	if (a->no_write)
		*flags |= VMOP_CHILD_NO_WRITE;
	if (a->resettable)
		*flags |= VMOP_CHILD_RESETTABLE;
	return STATUS_OK;
}

/* Who gets it? */
static int check_use(const struct args *a)
{
	bool keep = a->keep || !a->rest_count;

	if (keep && !(a->socket && a->name))
		return usage_error("%s: give --socket PATH and --name NAME",
				   a->keep ? "--keep is for a server" :
				   "without a CMD a server keeps the clone");
	if (a->name && strlen(a->name) >= VMOP_NAME_LEN)
		return usage_error("--name: '%s' is longer than %d bytes",
				   a->name, VMOP_NAME_LEN - 1);
	if (a->offset % (__u64)sysconf(_SC_PAGESIZE))
		return usage_error("--offset must be a multiple of the page size");
	return STATUS_OK;
}

static int choose_range(const struct args *a, struct cloning *c)
{
	__u64 page = (__u64)sysconf(_SC_PAGESIZE);
	__u64 size = (c->src.size + page - 1) / page * page;

	c->offset = a->offset;
	if (a->reference)
		return STATUS_OK;
	c->length = a->length;
	if (a->length != LENGTH_REST)
		return STATUS_OK;
	if (c->offset > size)
		return plain_error("'%s' has %llu bytes, --offset is %llu: give --length, too",
				   c->src.where, c->src.size, c->offset);
	c->length = size - c->offset;
	return STATUS_OK;
}

static int unsupported(const struct args *a, const struct cloning *c)
{
	if (a->slice)
		return plain_error("cannot make a slice of '%s': it is resizable",
				   c->src.where);
	if (a->reference && a->resizable)
		return plain_error("cannot make a reference of '%s': it is not resizable",
				   c->src.where);
	if (a->reference)
		return plain_error("cannot make a reference of '%s'",
				   c->src.where);
	if (a->modified)
		return plain_error("cannot clone '%s': it %s", c->src.where,
				   "is a slice of a clone, or has clones that follow the pager");
	return plain_error("cannot clone '%s': it %s; %s", c->src.where,
			   "is a slice, or follows its pager's VMO",
			   "try --modified or --at-least-on-write");
}

static int clone_error(const struct args *a, const struct cloning *c, int err)
{
	switch (err) {
	case -ENOTTY:
		return plain_error("this module makes no clones; see vmoctl info");
	case -EOPNOTSUPP:
		return unsupported(a, c);
	case -ERANGE:
		return plain_error("cannot clone '%s': above the limit; see vmoctl info",
				   c->src.where);
	case -EINVAL:
		if (a->slice)
			return plain_error("%llu bytes from %llu are not inside '%s', of %llu",
					   c->length, c->offset, c->src.where,
					   c->src.size);
		break;
	case -EACCES:
		if (!a->payer)
			return plain_error("'%s' is not open for reading",
					   c->src.where);
	}
	if (a->payer)
		return new_vmo_error(a, err);
	return vmo_error(err, "cannot clone '%s'", c->src.where);
}

/* A clone that nobody can write to has its parent's name for ever. */
static int name_it(const struct args *a, const struct cloning *c)
{
	int ret;

	if (!a->name)
		return STATUS_OK;
	ret = vmop_vmo_rename(c->vmo, a->name);
	if (!ret || (ret == -EACCES && (a->keep || !a->rest_count)))
		return STATUS_OK;
	if (ret == -EACCES)
		return plain_error("who cannot write cannot name it; leave out --name");
	return vmo_error(ret, "cannot name the clone '%s'", a->name);
}

static int make(const struct args *a, struct cloning *c)
{
	bool view = c->flags & (VMOP_CHILD_SLICE | VMOP_CHILD_REFERENCE);
	struct vmop_child_opts o = { .sz = sizeof(o) };
	int ret;

	/* Who writes to a part of the parent writes to the parent. */
	ret = source_open(a, view && !a->no_write ? O_RDWR : O_RDONLY,
			  &c->src);
	if (!ret)
		ret = choose_range(a, c);
	if (!ret)
		ret = payer_open(a, &o.payer_fd);
	if (ret)
		return ret;
	ret = vmop_vmo_new_child(c->src.vmo, c->flags, c->offset, c->length,
				 &o, &c->vmo);
	if (ret)
		ret = clone_error(a, c, ret);
	else
		ret = name_it(a, c);
	if (o.payer_fd > 0)
		close(o.payer_fd);
	return ret;
}

static int show(const struct args *a, const struct cloning *c, int status)
{
	struct vmop_vmo_get_info i = { .size = sizeof(i) };
	const char *name = (char *)i.out_name;
	struct out *o;
	int ret;

	if (a->rest_count && !a->json)
		return status;
	ret = vmop_vmo_info_shares(c->vmo, &i);
	if (ret)
		return vmo_error(ret, "cannot ask about the clone");
	i.out_name[VMOP_NAME_LEN - 1] = 0;
	o = out_new(a->json);
	out_text(o, "name", c->kept ? a->name : name);
	out_number(o, "id", i.out_id);
	out_number(o, "parent_id", i.out_parent_id);
	out_text(o, "kind", kind_name(&i));
	out_bytes(o, "offset", i.out_child_offset);
	out_bytes(o, "bytes", i.out_size);
	out_bool(o, "kept", c->kept);
	if (a->rest_count) {
		out_bytes(o, "private", i.out_private);
		out_number(o, "exit_status", (__u64)status);
	}
	return out_end(o) && !status ? STATUS_ERROR : status;
}

int cmd_clone(const struct args *a)
{
	struct cloning c = { .src.sock = -1 };
	bool ran = false;
	int ret;

	ret = check_kind(a, &c.flags);
	if (!ret)
		ret = check_use(a);
	if (ret)
		return ret;
	if (a->rest_count)
		out_stream = stderr;
	ret = make(a, &c);
	if (!ret && (a->keep || !a->rest_count)) {
		ret = keep_clone(a, c.src.sock, c.vmo);
		c.kept = !ret;
	}
	if (!ret && a->rest_count)
		ret = command_run(a, c.vmo, NULL, &ran);
	if (a->rest_count ? ran : !ret)
		ret = show(a, &c, ret);
	vmop_vmo_close(c.vmo);
	source_close(&c.src);
	return ret;
}

static int reset_error(const struct source *src, int err)
{
	struct vmop_vmo_get_info i = { .size = sizeof(i) };

	if (err == -EACCES)
		return plain_error("cannot reset '%s': it is not open for writing",
				   src->where);
	if (err == -EPERM)
		return plain_error("cannot reset '%s': it is sealed",
				   src->where);
	if (err != -EOPNOTSUPP || vmop_vmo_info(src->vmo, &i))
		return vmo_error(err, "cannot reset '%s'", src->where);
	if (!(i.out_flags & (VMOP_VMO_COW_CLONE | VMOP_VMO_COMPOSED)))
		return plain_error("cannot reset '%s': it is no clone; see vmoctl clone",
				   src->where);
	if (i.out_child_flags & VMOP_CHILD_RESETTABLE)
		return plain_error("cannot reset '%s': it was cloned itself since",
				   src->where);
	return plain_error("cannot reset '%s': %s; make clones --resettable",
			   src->where,
			   "what it saw is gone, or it was cloned itself");
}

int cmd_reset(const struct args *a)
{
	VMOP_OPTS(vmop_range_opts, done);
	struct source src;
	struct out *o;
	__u64 nsec;
	int ret;

	ret = source_open(a, O_RDWR, &src);
	if (ret)
		return ret;
	nsec = now_nsec();
	do {
		ret = vmop_vmo_reset(src.vmo, &done);
	} while (ret == -EINTR);
	nsec = now_nsec() - nsec;
	if (ret) {
		ret = reset_error(&src, ret);
	} else {
		o = out_new(a->json);
		out_bytes(o, "dropped", done.out_actual);
		out_number(o, "microseconds", nsec / 1000);
		ret = out_end(o);
	}
	source_close(&src);
	return ret;
}

int cmd_seal(const struct args *a)
{
	struct source src;
	struct out *o;
	int ret;

	ret = source_open(a, O_RDWR, &src);
	if (ret)
		return ret;
	ret = vmop_vmo_seal(src.vmo);
	switch (ret) {
	case 0:
		if (!a->json)
			break;
		o = out_new(true);
		out_bool(o, "sealed", true);
		ret = out_end(o);
		break;
	case -EACCES:
		ret = plain_error("'%s' is not open for writing; serve it --writable",
				  src.where);
		break;
	case -EBUSY:
		ret = plain_error("cannot seal '%s': %s", src.where,
				  "somebody has it mapped who may write; that must end first");
		break;
	default:
		ret = vmo_error(ret, "cannot seal '%s'", src.where);
	}
	source_close(&src);
	return ret;
}
