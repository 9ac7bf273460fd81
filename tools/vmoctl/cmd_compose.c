// SPDX-License-Identifier: GPL-2.0
/*
 * compose: a VMO that shows parts of others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control.h"
#include "kind.h"
#include "opt.h"
#include "out.h"
#include "source.h"

/**
 * struct piece - a part as the user names it
 * @name: of the VMO; ends where the range begins
 * @vmo: the VMO, or NULL
 * @size: its size, in whole pages
 * @first: this is the first piece of that VMO, and owns it
 * @offset: first byte
 * @length: bytes, or LENGTH_REST
 */
struct piece {
	char *name;
	struct vmop_vmo *vmo;
	__u64 size;
	bool first;
	__u64 offset;
	__u64 length;
};

/**
 * struct composing - a VMO that is being put together
 * @pieces: one for each operand
 * @count: how many
 * @sock: connection to the server that keeps it, or -1
 * @vmo: the VMO
 */
struct composing {
	struct piece *pieces;
	size_t count;
	int sock;
	struct vmop_vmo *vmo;
};

/* The range behind the last colon, if one is there: cut off the name. */
static int parse_range(struct piece *p)
{
	char *colon = strrchr(p->name, ':'), *plus;
	__u64 page = (__u64)sysconf(_SC_PAGESIZE);

	p->length = LENGTH_REST;
	plus = colon ? strchr(colon, '+') : NULL;
	if (!plus)
		return STATUS_OK;
	*colon++ = 0;
	*plus++ = 0;
	if ((*colon && opt_bytes(colon, &p->offset)) ||
	    (*plus && opt_bytes(plus, &p->length)))
		return usage_error("'%s:%s+%s' is no PART; write NAME, or NAME:OFFSET+LENGTH",
				   p->name, colon, plus);
	if (p->offset % page || (*plus && p->length % page))
		return usage_error("%s:%s+%s: a part is whole pages, %llu bytes each",
				   p->name, colon, plus, page);
	return STATUS_OK;
}

static int parse(const struct args *a, struct composing *c)
{
	int ret = STATUS_OK;
	size_t i;

	if (!a->socket || !a->name)
		return usage_error("a server keeps it: give --socket PATH and --name NAME");
	if (strlen(a->name) >= VMOP_NAME_LEN)
		return usage_error("--name: '%s' is longer than %d bytes",
				   a->name, VMOP_NAME_LEN - 1);
	c->count = (size_t)a->rest_count;
	c->pieces = calloc(c->count, sizeof(*c->pieces));
	if (!c->pieces)
		return plain_error("no memory");
	for (i = 0; !ret && i < c->count; i++) {
		c->pieces[i].name = strdup(a->rest[i]);
		if (!c->pieces[i].name)
			return plain_error("no memory");
		ret = parse_range(&c->pieces[i]);
		if (!ret && !*c->pieces[i].name)
			ret = usage_error("'%s' is no PART: its NAME is empty",
					  a->rest[i]);
	}
	return ret;
}

/* A VMO of a server; clone is NULL for the one that it serves. */
static int from_server(int sock, const char *path, const char *clone,
		       __u32 flags, struct piece *p)
{
	int conn, ret = control_get(sock, clone, flags, &conn, &p->vmo);

	if (!ret && !conn)
		return STATUS_OK;
	if (!conn && ret == -ENOENT)
		return plain_error("no clone '%s' behind socket '%s' (see vmoctl tree)",
				   clone, path);
	return system_error(conn ? conn : ret, "got no VMO on socket '%s'",
			    path);
}

/* Who has another server's VMO through us is no user of it: it is not told. */
static int from_other(const char *path, const char *clone, struct piece *p)
{
	int sock, ret = vmop_socket_connect(path, &sock);

	if (ret)
		return system_error(ret, "cannot connect to socket '%s'", path);
	ret = from_server(sock, path, clone, CONTROL_LOOK, p);
	close(sock);
	return ret;
}

static int from_path(struct piece *p)
{
	struct stat st;
	int fd, ret;
	char *at;

	if (!stat(p->name, &st) && S_ISSOCK(st.st_mode))
		return from_other(p->name, NULL, p);
	at = strrchr(p->name, '@');
	if (at && !strchr(at, '/')) {
		*at = 0;
		ret = from_other(p->name, at + 1, p);
		*at = '@';
		return ret;
	}
	fd = open(p->name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return system_error(-errno, "cannot open '%s'", p->name);
	ret = vmop_vmo_from_fd(fd, &p->vmo);
	if (!ret)
		return STATUS_OK;
	close(fd);
	if (ret == -EBADFD)
		return plain_error("'%s' is not a VMO", p->name);
	return vmo_error(ret, "cannot use '%s'", p->name);
}

static int open_piece(const struct args *a, struct composing *c,
		      struct piece *p)
{
	__u64 page = (__u64)sysconf(_SC_PAGESIZE);
	struct piece *other;
	struct stat st;
	int ret;

	/* A VMO of many parts is opened once. */
	for (other = c->pieces; other < p; other++)
		if (other->first && !strcmp(other->name, p->name)) {
			p->vmo = other->vmo;
			p->size = other->size;
			return STATUS_OK;
		}
	if (strchr(p->name, '/'))
		ret = from_path(p);
	else
		ret = from_server(c->sock, a->socket,
				  strcmp(p->name, ".") ? p->name : NULL, 0, p);
	if (ret)
		return ret;
	p->first = true;
	if (fstat(vmop_vmo_fd(p->vmo), &st))
		return system_error(-errno, "cannot stat '%s'", p->name);
	p->size = ((__u64)st.st_size + page - 1) / page * page;
	return STATUS_OK;
}

static int check_piece(struct piece *p)
{
	__u64 length = p->length == LENGTH_REST ? 0 : p->length;

	if (p->offset > p->size || length > p->size - p->offset)
		return plain_error("%llu bytes from %llu are not inside '%s', of %llu",
				   length, p->offset, p->name, p->size);
	if (p->length == LENGTH_REST)
		p->length = p->size - p->offset;
	if (!p->length)
		return plain_error("'%s' from %llu on is no part: it has no bytes",
				   p->name, p->offset);
	return STATUS_OK;
}

static int compose_error(const struct args *a, const struct composing *c,
			 int err)
{
	struct vmop_vmo_get_info i = { .size = sizeof(i) };
	const struct piece *p;

	if (err == -ENOTTY)
		return plain_error("this module composes no VMOs; see vmoctl info");
	if (err == -EOPNOTSUPP)
		for (p = c->pieces; p < c->pieces + c->count; p++)
			if (!vmop_vmo_info(p->vmo, &i) &&
			    i.out_flags & VMOP_VMO_COMPOSED)
				return plain_error("no part of '%s': it is %s", p->name,
						   "composed itself, or a clone of such");
	if (err == -EACCES && !a->payer)
		return plain_error("a part is not open for reading");
	return new_vmo_error(a, err);
}

static int make(const struct args *a, struct composing *c)
{
	struct vmop_child_opts o = { .sz = sizeof(o), .name = a->name };
	struct vmop_part *parts;
	int ret = STATUS_OK;
	size_t i;

	for (i = 0; !ret && i < c->count; i++) {
		ret = open_piece(a, c, &c->pieces[i]);
		if (!ret)
			ret = check_piece(&c->pieces[i]);
	}
	if (!ret)
		ret = payer_open(a, &o.payer_fd);
	if (ret)
		return ret;
	parts = calloc(c->count, sizeof(*parts));
	for (i = 0; parts && i < c->count; i++)
		parts[i] = (struct vmop_part){ c->pieces[i].vmo,
					       c->pieces[i].offset,
					       c->pieces[i].length };
	ret = parts ? vmop_vmo_new_composed(parts, c->count, &o, &c->vmo) :
		      -ENOMEM;
	if (ret)
		ret = compose_error(a, c, ret);
	free(parts);
	if (o.payer_fd > 0)
		close(o.payer_fd);
	return ret;
}

static int show(const struct args *a, const struct composing *c)
{
	struct vmop_vmo_get_info i = { .size = sizeof(i) };
	struct out *o;
	int ret = vmop_vmo_info(c->vmo, &i);

	if (ret)
		return vmo_error(ret, "cannot ask about the VMO");
	o = out_new(a->json);
	out_text(o, "name", a->name);
	out_number(o, "id", i.out_id);
	out_text(o, "kind", kind_name(&i));
	out_number(o, "parts", c->count);
	out_bytes(o, "bytes", i.out_size);
	out_bool(o, "kept", true);
	return out_end(o);
}

static void end(struct composing *c)
{
	size_t i;

	for (i = 0; c->pieces && i < c->count; i++) {
		if (c->pieces[i].first)
			vmop_vmo_close(c->pieces[i].vmo);
		free(c->pieces[i].name);
	}
	free(c->pieces);
	vmop_vmo_close(c->vmo);
	if (c->sock >= 0)
		close(c->sock);
}

int cmd_compose(const struct args *a)
{
	struct composing c = { .sock = -1 };
	int ret = parse(a, &c);

	if (!ret)
		ret = server_connect(a, &c.sock);
	if (!ret)
		ret = make(a, &c);
	if (!ret)
		ret = keep_clone(a, c.sock, c.vmo);
	if (!ret)
		ret = show(a, &c);
	end(&c);
	return ret;
}
