// SPDX-License-Identifier: GPL-2.0
/*
 * tree: the VMO behind a socket and its clones, or all VMOs on this machine, with
 * what each of them takes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "family.h"
#include "human.h"
#include "kind.h"
#include "look.h"
#include "out.h"
#include "source.h"

/* Deeper than this the branches are not drawn any more. */
#define MAX_DRAWN 12

/* Return: a status; *conn as control_wait(). */
static int add_one(const struct args *a, struct family *f, int sock,
		   const char *name, int *conn)
{
	struct vmop_vmo *vmo;
	int err;

	err = control_get(sock, name, CONTROL_LOOK, conn, &vmo);
	/* Dropped meanwhile: as if it had never been there. */
	if (*conn || err == -ENOENT)
		return STATUS_OK;
	if (err)
		return vmo_error(err, "got no VMO on socket '%s'", a->socket);
	err = family_add(f, name, vmo);
	vmop_vmo_close(vmo);
	if (err)
		return vmo_error(err, "cannot ask about '%s'",
				 name ? name : a->socket);
	return STATUS_OK;
}

/* Return: a status; *conn as control_wait(). */
static int add_kept(const struct args *a, struct family *f, int sock,
		    int *conn)
{
	struct control_request req = {
		.magic = CONTROL_MAGIC,
		.op = CONTROL_NAMES,
	};
	struct control_names answer;
	int ret = STATUS_OK, err = 0;
	__u32 i;

	do {
		*conn = control_send(sock, &req);
		if (!*conn)
			err = control_wait(sock, conn, &answer, sizeof(answer),
					   offsetof(struct control_names,
						    names));
		if (!*conn && err)
			return vmo_error(err, "cannot list the clones behind '%s'",
					 a->socket);
		for (i = 0; !*conn && !ret && i < answer.count &&
		     i < CONTROL_NAMES_MAX; i++) {
			req.id = answer.names[i].number;
			answer.names[i].name[VMOP_NAME_LEN - 1] = 0;
			ret = add_one(a, f, sock, answer.names[i].name, conn);
		}
	} while (!*conn && !ret && answer.more && answer.count);
	return ret;
}

/* All that the kernel tells of. */
static int gather_all(struct family *f)
{
	struct vmop_vmo_get_info info;
	struct look_list list;
	struct look l;
	int ret, err = 0;
	size_t i;

	ret = look_open(&l);
	if (ret)
		return ret;
	ret = look_dump(&l, VMOP_NL_CMD_VMO_GET, true, &list);
	look_close(&l);
	if (ret)
		return ret;
	for (i = 0; i < list.count && !err; i++) {
		look_info(&list.all[i], &info);
		err = family_add_info(f, NULL, &info);
	}
	look_list_free(&list);
	if (err || family_link(f))
		return plain_error("no memory");
	return STATUS_OK;
}

static int gather(const struct args *a, struct family *f)
{
	int sock, ret, conn = 0;

	if (!a->socket)
		return gather_all(f);
	ret = server_connect(a, &sock);
	if (ret)
		return ret;
	ret = add_one(a, f, sock, NULL, &conn);
	if (!ret && !conn)
		ret = add_kept(a, f, sock, &conn);
	close(sock);
	if (conn)
		return system_error(conn, "no answer on socket '%s'",
				    a->socket);
	if (!ret && family_link(f))
		ret = plain_error("no memory");
	return ret;
}

/* The branches to the left of a name, and the name. */
static void label(const struct member *m, char *buf, size_t size)
{
	const struct member *up = m;
	char name[sizeof(m->name)];
	unsigned int i;

	human_text(m->name, name, sizeof(name));
	if (m->depth > MAX_DRAWN) {
		snprintf(buf, size, "... %u: %s", m->depth, name);
		return;
	}
	for (i = m->depth; i-- > 0; up = up->parent)
		memcpy(buf + 3 * i,
		       up == m ? up->next ? "|- " : "`- " :
				 up->next ? "|  " : "   ", 3);
	snprintf(buf + 3 * m->depth, size - 3 * m->depth, "%s", name);
}

static __u32 elsewhere(const struct member *m)
{
	return m->info.out_num_children > m->children ?
	       m->info.out_num_children - m->children : 0;
}

static void draw_one(const struct member *m, int width)
{
	const struct vmop_vmo_get_info *i = &m->info;
	const __u64 columns[] = { i->out_size, i->out_private, i->out_shared,
				  i->out_scaled, i->out_zero };
	char buf[3 * MAX_DRAWN + VMOP_NAME_LEN];
	size_t n;

	label(m, buf, sizeof(buf));
	printf("%-*s %8llu  %-17s", width, buf, i->out_id, kind_name(i));
	for (n = 0; n < sizeof(columns) / sizeof(columns[0]); n++)
		printf(" %10s", human_bytes(columns[n], buf, sizeof(buf)));
	if (i->out_flags & VMOP_VMO_SEALED)
		printf("  sealed");
	if (i->out_parent_id && !m->parent)
		printf("  (parent %llu is not kept here)", i->out_parent_id);
	if (elsewhere(m))
		printf("  (%u more elsewhere)", elsewhere(m));
	printf("\n");
}

static void draw(const struct family *f)
{
	char buf[3 * MAX_DRAWN + VMOP_NAME_LEN];
	const struct member *m;
	int width = 4, len;

	for (m = f->first; m; m = family_next(m)) {
		label(m, buf, sizeof(buf));
		len = (int)strlen(buf);
		width = len > width ? len : width;
	}
	printf("%-*s %8s  %-17s %10s %10s %10s %10s %10s\n", width, "name",
	       "id", "kind", "size", "private", "shared", "scaled", "zero");
	for (m = f->first; m; m = family_next(m))
		draw_one(m, width);
	printf("\n");
}

static int list(const struct family *f)
{
	const struct vmop_vmo_get_info *i;
	const struct member *m;
	struct out *o;
	int ret = STATUS_OK;

	for (m = f->first; m && !ret; m = family_next(m)) {
		i = &m->info;
		o = out_new(true);
		out_text(o, "name", m->name);
		out_number(o, "depth", m->depth);
		out_number(o, "id", i->out_id);
		out_number(o, "parent_id", i->out_parent_id);
		out_text(o, "kind", kind_name(i));
		out_bytes(o, "offset", i->out_child_offset);
		out_bytes(o, "bytes", i->out_size);
		out_bytes(o, "private", i->out_private);
		out_bytes(o, "shared", i->out_shared);
		out_bytes(o, "scaled", i->out_scaled);
		out_bytes(o, "zero", i->out_zero);
		out_number(o, "children", i->out_num_children);
		out_number(o, "elsewhere", elsewhere(m));
		out_bits(o, "flags", i->out_flags, vmo_flag_names);
		ret = out_end(o);
	}
	return ret;
}

static int show_sum(const struct args *a, const struct family *f)
{
	struct family_sum sum;
	struct out *o;

	family_sum(f, &sum);
	o = out_new(a->json);
	out_number(o, "vmos", f->count);
	out_bytes(o, "memory", sum.memory);
	out_bytes(o, "as_copies", sum.copies);
	out_bytes(o, "saved", sum.copies > sum.memory ?
			      sum.copies - sum.memory : 0);
	return out_end(o);
}

int cmd_tree(const struct args *a)
{
	struct family f = { 0 };
	int ret;

	ret = gather(a, &f);
	if (!ret && a->json)
		ret = list(&f);
	else if (!ret)
		draw(&f);
	if (!ret)
		ret = show_sum(a, &f);
	family_free(&f);
	return ret;
}
