// SPDX-License-Identifier: GPL-2.0
/*
 * map: touch a VMO through a mapping and show what happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "out.h"
#include "source.h"
#include "touch.h"

/* Between two reports of progress; a multiple of the step comes close. */
#define CHUNK (1u << 20)

/**
 * struct mapping - one run of the verb
 * @src: the VMO
 * @offset: first byte to touch
 * @length: bytes of the range
 * @lead: bytes from the start of the mapping to the first byte
 * @touch: the walk
 * @nsec: time it took
 * @minor: minor faults it took
 * @major: major faults it took
 */
struct mapping {
	struct source src;
	__u64 offset;
	__u64 length;
	size_t lead;
	struct touch touch;
	__u64 nsec;
	__u64 minor;
	__u64 major;
};

static int map_it(const struct args *a, struct mapping *m)
{
	int prot = PROT_READ | (a->access == ACCESS_WRITE ? PROT_WRITE : 0);
	int flags = a->private ? MAP_PRIVATE : MAP_SHARED;
	void *base;

	m->lead = m->offset % m->touch.page_size;
	base = mmap(NULL, m->lead + m->length, prot, flags,
		    vmop_vmo_fd(m->src.vmo), (off_t)(m->offset - m->lead));
	if (base == MAP_FAILED && errno == EACCES)
		return plain_error("'%s' is not open for writing; use --private",
				   m->src.where);
	if (base == MAP_FAILED && errno == EPERM)
		return plain_error("'%s' is sealed; use --private",
				   m->src.where);
	if (base == MAP_FAILED)
		return system_error(-errno, "cannot map '%s'", m->src.where);
	m->touch.base = base;
	return STATUS_OK;
}

/* Return: 0, or -EFAULT after a SIGBUS. */
static int walk(const struct args *a, struct mapping *m)
{
	size_t chunk = a->step ? (CHUNK + a->step - 1) / a->step * a->step :
				 CHUNK;
	size_t at, to, end = m->lead + m->length;
	struct rusage before, after;
	struct progress p;
	int ret = 0;

	/* The first piece ends on a page, so that no page is touched twice. */
	to = a->step ? m->lead + chunk : chunk;
	progress_start(&p, a, m->length);
	getrusage(RUSAGE_SELF, &before);
	m->nsec = now_nsec();
	for (at = m->lead; at < end && !ret; at = to, to += chunk) {
		ret = touch_range(&m->touch, at, to < end ? to : end);
		progress_at(&p, (to < end ? to : end) - m->lead);
	}
	m->nsec = now_nsec() - m->nsec;
	getrusage(RUSAGE_SELF, &after);
	progress_end(&p);
	m->minor = (__u64)(after.ru_minflt - before.ru_minflt);
	m->major = (__u64)(after.ru_majflt - before.ru_majflt);
	return ret;
}

static int show(const struct args *a, const struct mapping *m)
{
	size_t page = m->touch.page_size;
	struct out *o = out_new(a->json);
	__u64 bad = 0;

	if (m->touch.bad)
		bad = m->offset - m->lead +
		      (__u64)(m->touch.bad - m->touch.base);
	out_text(o, "access", a->access == ACCESS_WRITE ? "write" : "read");
	out_text(o, "mapping", a->private ? "private" : "shared");
	out_number(o, "offset", m->offset);
	out_bytes(o, "bytes", m->length);
	out_number(o, "pages", (m->lead + m->length + page - 1) / page);
	out_number(o, "touched_bytes", m->touch.sum.length);
	out_number(o, "minor_faults", m->minor);
	out_number(o, "major_faults", m->major);
	out_number(o, "microseconds", m->nsec / 1000);
	out_number(o, "cksum", cksum_end(&m->touch.sum));
	if (m->touch.bad)
		out_number(o, "sigbus_offset", bad);
	else
		out_null(o, "sigbus_offset");
	return out_end(o);
}

static int sigbus_error(const struct mapping *m)
{
	struct vmop_vmo_get_info info = { .size = sizeof(info) };
	__u64 bad = m->offset - m->lead +
		    (__u64)(m->touch.bad - m->touch.base);
	const char *why = "the pager failed the page";

	if (!vmop_vmo_info(m->src.vmo, &info)) {
		if (bad >= info.out_size)
			why = "the VMO ends before";
		else if (info.out_state > VMOP_VMO_STATE_LIVE)
			why = vmop_errstr(ENOTCONN);
		else if (info.out_last_error)
			why = vmop_errstr((int)info.out_last_error);
	}
	plain_error("SIGBUS at offset %llu of '%s': %s", bad, m->src.where,
		    why);
	return STATUS_PAGER;
}

int cmd_map(const struct args *a)
{
	struct mapping m = {
		.touch.step = a->step,
		.touch.page_size = (size_t)sysconf(_SC_PAGESIZE),
		.touch.write = a->access == ACCESS_WRITE,
	};
	bool write = a->access == ACCESS_WRITE && !a->private;
	int ret, end, bus = 0;

	ret = source_open(a, write ? O_RDWR : O_RDONLY, &m.src);
	if (ret)
		return ret;
	ret = source_range(a, &m.src, &m.offset, &m.length);
	if (!ret && m.length) {
		ret = map_it(a, &m);
		if (!ret)
			bus = walk(a, &m);
	}
	if (!ret) {
		end = bus ? sigbus_error(&m) : STATUS_OK;
		ret = show(a, &m);
		ret = end ? end : ret;
	}
	if (m.touch.base)
		munmap(m.touch.base, m.lead + m.length);
	source_close(&m.src);
	return ret;
}
