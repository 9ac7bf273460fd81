// SPDX-License-Identifier: GPL-2.0
/*
 * Changed content: granting it, asking what is changed, and the two ends of
 * writing it back.
 */
#include <errno.h>
#include <stdlib.h>

#include "internal.h"

#define ITER_RANGES 64

int vmop_fail_errno(int err)
{
	static const struct { int from, to; } table[] = {
		{ EIO, EIO }, { EBADMSG, EBADMSG }, { ENOTCONN, ENOTCONN },
		{ ENOSPC, ENOSPC }, { ENOBUFS, ENOBUFS }, { ENOMEM, ENOSPC },
		{ EDQUOT, ENOSPC },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].from == abs(err))
			return table[i].to;
	return table[0].to;
}

/*
 * vmop_cut - what of a range is inside the VMO now
 * @vmo: VMO
 * @offset: first byte
 * @length: bytes, made less
 *
 * Return: 0 or what VMOP_VMO_GET_INFO returned.
 */
int vmop_cut(const struct vmop_vmo *vmo, __u64 offset, __u64 *length)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	int ret;

	ret = vmop_vmo_info(vmo, &info);
	if (ret)
		return ret;
	if (offset >= info.out_size)
		*length = 0;
	else if (*length > info.out_size - offset)
		*length = info.out_size - offset;
	return 0;
}

/*
 * vmop_op_cut - an operation on what of a range is inside the VMO, without a
 *               message
 * @length: bytes; made less when the VMO ends before, 0 when nothing is left
 *
 * Another thread may make the VMO shorter at any time; then the kernel does
 * nothing at all, and what is left of the range is tried again.
 *
 * Return: 0 or a negative errno.
 */
int vmop_op_cut(const struct vmop_pager *pager, const struct vmop_vmo *vmo,
		__u32 op, __u64 offset, __u64 *length, __u64 data)
{
	__u64 before;
	int ret, err;

	for (;;) {
		struct vmop_op_range cmd = {
			.op = op,
			.offset = offset,
			.length = *length,
			.data = data,
		};

		ret = vmop_op_range(pager, vmo, &cmd);
		if (ret == -EINTR)
			continue;
		if (ret != -ERANGE)
			return ret;
		before = *length;
		err = vmop_cut(vmo, offset, length);
		if (err)
			return err;
		if (!*length)
			return 0;
		if (*length == before)
			return ret;
	}
}

int vmop_pager_dirty(const struct vmop_pager *pager,
		     const struct vmop_vmo *vmo, __u64 offset, __u64 length)
{
	int ret = vmop_op_cut(pager, vmo, VMOP_PAGER_OP_DIRTY, offset, &length,
			      0);

	return vmop_fail(ret, VMOP_RANGE_WAY_OUT(ret),
			 "VMO %s: let become dirty, %llu bytes from %llu on",
			 vmo->label, length, offset);
}

int vmop_pager_writeback_begin(const struct vmop_pager *pager,
			       const struct vmop_vmo *vmo, __u64 offset,
			       __u64 length, __u64 flags)
{
	VMOP_OPTS(vmop_pager_op_opts, o, .data = flags);

	return vmop_pager_op(pager, vmo, VMOP_PAGER_OP_WRITEBACK_BEGIN, offset,
			     length, &o);
}

int vmop_pager_writeback_end(const struct vmop_pager *pager,
			     const struct vmop_vmo *vmo, __u64 offset,
			     __u64 length)
{
	return vmop_pager_op(pager, vmo, VMOP_PAGER_OP_WRITEBACK_END, offset,
			     length, NULL);
}

int vmop_pager_writeback_done(const struct vmop_pager *pager,
			      const struct vmop_vmo *vmo, __u64 id, int err)
{
	return vmop_pager_fail_id(pager, vmo, id,
				  err ? vmop_fail_errno(err) : 0);
}

int vmop_pager_query_dirty(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u64 offset,
			   __u64 length, struct vmop_dirty_range *ranges,
			   __u64 nr_ranges, struct vmop_query_opts *opts)
{
	struct vmop_query_dirty cmd = {
		.size = sizeof(cmd),
		.vmo_fd = vmo->fd,
		.offset = offset,
		.length = length,
		.ranges_uptr = (__u64)(unsigned long)ranges,
		.nr_ranges = nr_ranges,
	};
	struct vmop_query_opts o;
	int ret;

	ret = vmop_opts_get(vmop_query_opts, &o, opts);
	if (ret)
		return ret;
	cmd.flags = o.flags;
	cmd.__reserved = o.__reserved;
	do {
		ret = vmop_ioctl(pager->fd, VMOP_QUERY_DIRTY, &cmd);
	} while (ret == -EINTR);
	if (ret)
		return vmop_fail(ret, NULL,
				 "VMO %s: ask what is dirty, %llu bytes from %llu on",
				 vmo->label, length, offset);
	o.out_actual = cmd.out_actual;
	o.out_avail = cmd.out_avail;
	vmop_opts_back(opts, &o, sizeof(o));
	return 0;
}

int vmop_pager_query_stats(const struct vmop_pager *pager,
			   const struct vmop_vmo *vmo, __u32 flags,
			   struct vmop_query_stats *stats)
{
	int ret;

	if (stats->size < sizeof(stats->size))
		return vmop_fail(-EINVAL, "set stats->size",
				 "VMO %s: ask for its state", vmo->label);
	stats->flags = flags;
	stats->vmo_fd = vmo->fd;
	ret = vmop_ioctl(pager->fd, VMOP_QUERY_STATS, stats);
	return vmop_fail(ret, NULL, "VMO %s: ask for its state", vmo->label);
}

/**
 * struct vmop_dirty_iter - a walk over all dirty ranges
 * @pager: the caller's
 * @vmo: the caller's
 * @offset: where to ask on from
 * @end: where the walk ends, or VMOP_TO_END
 * @ranges: what the last question brought
 * @count: how many these are
 * @next: the one that comes next
 * @last: there are no more behind these
 */
struct vmop_dirty_iter {
	const struct vmop_pager *pager;
	const struct vmop_vmo *vmo;
	__u64 offset;
	__u64 end;
	struct vmop_dirty_range ranges[ITER_RANGES];
	__u64 count;
	__u64 next;
	bool last;
};

int vmop_dirty_iter_new(const struct vmop_pager *pager,
			const struct vmop_vmo *vmo, __u64 offset, __u64 length,
			struct vmop_dirty_iter **out)
{
	struct vmop_dirty_iter *it = calloc(1, sizeof(*it));

	if (!it)
		return vmop_fail(-ENOMEM, NULL, "VMO %s: walk over what is dirty",
				 vmo->label);
	it->pager = pager;
	it->vmo = vmo;
	it->offset = offset;
	it->end = length > VMOP_TO_END - offset ? VMOP_TO_END :
						  offset + length;
	*out = it;
	return 0;
}

/* Asks for more ranges. */
static int iter_fill(struct vmop_dirty_iter *it)
{
	VMOP_OPTS(vmop_query_opts, o);
	__u64 length = it->end - it->offset;
	int ret;

	it->next = 0;
	it->count = 0;
	do {
		ret = vmop_cut(it->vmo, it->offset, &length);
		if (ret || !length)
			break;
		ret = vmop_pager_query_dirty(it->pager, it->vmo, it->offset,
					     length, it->ranges, ITER_RANGES,
					     &o);
	} while (ret == -ERANGE);
	if (ret)
		return ret;
	it->count = o.out_actual;
	it->last = it->count < ITER_RANGES;
	if (it->count)
		it->offset = it->ranges[it->count - 1].offset +
			     it->ranges[it->count - 1].length;
	return 0;
}

int vmop_dirty_iter_next(struct vmop_dirty_iter *it,
			 struct vmop_dirty_range *range)
{
	int ret;

	if (it->next == it->count) {
		if (it->last || it->offset >= it->end)
			return 0;
		ret = iter_fill(it);
		if (ret)
			return ret;
		if (!it->count)
			return 0;
	}
	*range = it->ranges[it->next++];
	return 1;
}

void vmop_dirty_iter_free(struct vmop_dirty_iter *it)
{
	free(it);
}
