// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs that are one operation of a VMO: resize, zero, commit, decommit,
 * prefetch.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "out.h"
#include "source.h"

/* Operations that wait for the pager go in pieces, to show progress. */
#define PIECE (4u << 20)

/**
 * struct range_op - one of the verbs
 * @op: one of enum vmop_vmo_op
 * @oflags: how the VMO is to be open
 * @pieces: may be done in pieces
 * @what: for messages: "cannot WHAT '...'"
 */
struct range_op {
	__u32 op;
	int oflags;
	bool pieces;
	const char *what;
};

static int range_error(const struct range_op *op, const struct source *src,
		       __u64 at, int err)
{
	if (err == -EACCES)
		return plain_error("'%s' is not open for writing; serve it --writable",
				   src->where);
	if (err == -EPERM)
		return plain_error("cannot %s '%s': it is sealed; %s a clone (vmoctl clone)",
				   op->what, src->where, op->what);
	if (err == -EOPNOTSUPP)
		return plain_error("cannot %s '%s': this kind of VMO does not have that",
				   op->what, src->where);
	if (err == -EINVAL)
		return plain_error("cannot %s '%s': the range must be multiples of the page size",
				   op->what, src->where);
	return vmo_error(err, "cannot %s '%s' at offset %llu", op->what,
			 src->where, at);
}

static int run(const struct args *a, const struct range_op *op,
	       const struct source *src, __u64 offset, __u64 length,
	       __u64 *done)
{
	VMOP_OPTS(vmop_range_opts, o);
	struct progress p;
	__u64 piece;
	int ret = 0;

	progress_start(&p, a, length);
	*done = 0;
	do {
		piece = length - *done;
		if (op->pieces && piece > PIECE)
			piece = PIECE;
		ret = vmop_vmo_op(src->vmo, op->op, offset + *done, piece, &o);
		if (ret == -EINTR)
			continue;
		*done += ret ? o.out_actual : piece;
		if (!ret)
			progress_at(&p, *done);
	} while (ret == -EINTR || (!ret && *done < length));
	progress_end(&p);
	return ret;
}

static int range_verb(const struct args *a, const struct range_op *op)
{
	__u64 offset, length, done, nsec;
	struct source src;
	struct out *o;
	int ret;

	ret = source_open(a, op->oflags, &src);
	if (ret)
		return ret;
	ret = source_range(a, &src, &offset, &length);
	if (ret)
		goto out;
	/* The last page counts whole: DECOMMIT takes whole pages only. */
	if (op->op == VMOP_VMO_OP_DECOMMIT && offset + length == src.size) {
		__u64 page = (__u64)sysconf(_SC_PAGESIZE);

		length = (src.size + page - 1) / page * page - offset;
	}
	nsec = now_nsec();
	ret = run(a, op, &src, offset, length, &done);
	nsec = now_nsec() - nsec;
	if (ret) {
		ret = range_error(op, &src, offset + done, ret);
		goto out;
	}
	o = out_new(a->json);
	out_number(o, "offset", offset);
	out_bytes(o, "bytes", done);
	out_number(o, "microseconds", nsec / 1000);
	ret = out_end(o);
out:
	source_close(&src);
	return ret;
}

int cmd_zero(const struct args *a)
{
	static const struct range_op op = {
		VMOP_VMO_OP_ZERO, O_RDWR, false, "zero"
	};

	return range_verb(a, &op);
}

int cmd_commit(const struct args *a)
{
	static const struct range_op op = {
		VMOP_VMO_OP_COMMIT, O_RDWR, true, "commit"
	};

	return range_verb(a, &op);
}

int cmd_decommit(const struct args *a)
{
	static const struct range_op op = {
		VMOP_VMO_OP_DECOMMIT, O_RDWR, false, "decommit"
	};

	return range_verb(a, &op);
}

int cmd_prefetch(const struct args *a)
{
	static const struct range_op op = {
		VMOP_VMO_OP_PREFETCH, O_RDONLY, true, "prefetch"
	};

	return range_verb(a, &op);
}

static int resize_error(const struct source *src, int err)
{
	struct vmop_vmo_get_info i = { .size = sizeof(i) };

	switch (err) {
	case -EPERM:
		if (!vmop_vmo_info(src->vmo, &i) &&
		    i.out_flags & VMOP_VMO_SEALED)
			return plain_error("cannot resize '%s': it is sealed",
					   src->where);
		return plain_error("cannot resize '%s': it was made without --resizable",
				   src->where);
	case -EBUSY:
		return plain_error("cannot resize '%s': %s: %s", src->where,
				   "a snapshot still needs pages that were never read",
				   "read them first (vmoctl prefetch), or close the snapshot (vmoctl drop)");
	case -EACCES:
		return plain_error("cannot resize '%s': it is not open for writing",
				   src->where);
	case -ERANGE:
		return plain_error("cannot resize '%s': above the limit; see vmoctl info",
				   src->where);
	default:
		return vmo_error(err, "cannot resize '%s'", src->where);
	}
}

int cmd_resize(const struct args *a)
{
	struct source src;
	struct out *o;
	int ret;

	if (a->size == ~0ull)
		return usage_error("--size BYTES is missing");
	ret = source_open(a, O_RDWR, &src);
	if (ret)
		return ret;
	do {
		ret = vmop_vmo_resize(src.vmo, a->size);
	} while (ret == -EINTR);
	if (ret) {
		ret = resize_error(&src, ret);
	} else {
		o = out_new(a->json);
		out_bytes(o, "bytes_before", src.size);
		out_bytes(o, "bytes", a->size);
		ret = out_end(o);
	}
	source_close(&src);
	return ret;
}
