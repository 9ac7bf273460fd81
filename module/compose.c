// SPDX-License-Identifier: GPL-2.0
/*
 * compose.c - VMOs that are put together from parts of others, of any families.
 * It owns struct vmop_compose.
 *
 * A page has one owner, and one tree lock guards it. So families do not share
 * pages: what such a VMO sees is copied when it is touched first. The copies are
 * kept in a root of its own, which is nobody's leaf, and are shared by all clones
 * of the VMO like the pages of a pager's root. They are not given back: the other
 * family may have something else there by then.
 *
 * Locks: the tree lock of the VMO and that of a part are taken one after the
 * other, never together. A part cannot be such a VMO itself, so nothing here ever
 * comes back to where it started.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "account.h"
#include "compose.h"
#include "ioctl.h"
#include "page.h"
#include "request.h"
#include "vmo.h"

#define VMOP_MAX_WINDOWS 1024

/**
 * struct vmop_window - a part
 * @file: the VMO that it is a part of, kept open
 * @pgoff: where in that VMO it starts
 * @end: position behind it in the composed VMO
 */
struct vmop_window {
	struct file *file;
	pgoff_t pgoff;
	pgoff_t end;
};

/**
 * struct vmop_compose - what a composed VMO is put together from; immutable
 * @nr_windows: how many parts
 * @windows: one after the other, without gaps
 */
struct vmop_compose {
	unsigned int nr_windows;
	struct vmop_window windows[];
};

/**
 * vmop_compose_free() - give the parts back
 * @compose: the parts, or NULL
 */
void vmop_compose_free(struct vmop_compose *compose)
{
	unsigned int i;

	if (!compose)
		return;
	for (i = 0; i < compose->nr_windows; i++)
		fput(compose->windows[i].file);
	kvfree(compose);
}

/* The part that has a position. There is one: the VMO ends with the last. */
static const struct vmop_window *
vmop_compose_find(const struct vmop_compose *compose, pgoff_t pgoff,
		  pgoff_t *start)
{
	unsigned int low = 0;
	unsigned int high = compose->nr_windows - 1;
	unsigned int middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (pgoff < compose->windows[middle].end)
			high = middle;
		else
			low = middle + 1;
	}
	*start = low ? compose->windows[low - 1].end : 0;
	return &compose->windows[low];
}

/*
 * Copy a page of a part, or ask its pager for it. 0: @w is a wait; -EAGAIN: @page
 * has the content, or @zero tells that there is none.
 */
static int vmop_compose_copy(struct vmop_vmo *part, pgoff_t pgoff,
			     pgoff_t nr_pages, struct vmop_page *page,
			     bool *zero, struct vmop_waiter *w)
{
	struct vmop_res res;

	down_read(&part->tree->lock);
	*zero = true;
	/* What was cut off meanwhile is zero: it needs nobody. */
	if (vmop_cow_read_need(vmop_vmo_node(part), pgoff, &res) ==
	    VMOP_NEED_CONTENT)
		return vmop_vmo_request_locked(part, VMOP_NEED_CONTENT, pgoff,
					       pgoff + nr_pages, w);
	if (res.kind == VMOP_RES_PAGE) {
		*zero = false;
		vmop_page_copy(page, res.page);
		vmop_page_zero_tail(page, res.len);
	}
	up_read(&part->tree->lock);
	return -EAGAIN;
}

static int vmop_compose_insert(struct vmop_vmo *vmo, pgoff_t pgoff,
			       struct vmop_page *page)
{
	struct mem_cgroup *old = vmop_vmo_lock(vmo);
	struct vmop_res res = vmop_cow_resolve(vmop_vmo_node(vmo), pgoff);
	int ret = -EEXIST;

	if (res.kind == VMOP_RES_ABSENT)
		ret = vmop_cow_bring(res.owner, res.pgoff, page);
	vmop_vmo_unlock(vmo, old);
	return ret;
}

/**
 * vmop_compose_fetch() - bring content that another family has
 * @vmo: a VMO of a composed family
 * @pgoff: a position that is absent, in its node
 * @nr_pages: how many from there on the caller will want
 * @w: the wait, when there is one
 *
 * Context: no lock of ours.
 * Return: 0 when @w has to be waited for first; -EAGAIN to look again now;
 * -ENOMEM; what vmop_source_request() returns.
 */
int vmop_compose_fetch(struct vmop_vmo *vmo, pgoff_t pgoff, pgoff_t nr_pages,
		       struct vmop_waiter *w)
{
	unsigned int tries = VMOP_NOMEM_TRIES;
	const struct vmop_window *window;
	struct vmop_page *page;
	struct vmop_vmo *part;
	struct vmop_res res;
	pgoff_t start;
	bool zero;
	int ret;

	down_read(&vmo->tree->lock);
	res = vmop_cow_resolve(vmop_vmo_node(vmo), pgoff);
	up_read(&vmo->tree->lock);
	if (res.kind != VMOP_RES_ABSENT)
		return -EAGAIN;
	page = vmop_vmo_alloc_page(vmo, false);
	if (!page)
		return -ENOMEM;
	window = vmop_compose_find(vmo->tree->compose, res.pgoff, &start);
	part = vmop_vmo_from_file(window->file);
	nr_pages = min(nr_pages, window->end - res.pgoff);
	ret = vmop_compose_copy(part,
				vmop_vmo_pgoff(part, 0) + window->pgoff +
				(res.pgoff - start), nr_pages, page, &zero, w);
	if (ret != -EAGAIN)
		goto out_free;
	do {
		ret = vmop_compose_insert(vmo, pgoff, zero ? NULL : page);
	} while (ret == -ENOMEM && --tries && vmop_vmo_make_room(vmo));
	if (!ret && !zero)
		page = NULL;
	if (!ret || ret == -EEXIST)
		ret = -EAGAIN;
out_free:
	vmop_page_free(page);
	return ret;
}

/* One part as user space names it. */
static int vmop_compose_window(struct vmop_ucmd *ucmd,
			       const struct vmop_compose_window *from,
			       struct vmop_window *window)
{
	struct vmop_vmo *part;
	u64 size;
	int ret;

	if (from->__reserved)
		return -EOPNOTSUPP;
	if (!from->length)
		return -EINVAL;
	ret = vmop_check_page_range(from->offset, from->length);
	if (ret)
		return ret;
	window->file = from->vmo_fd == -1 ? get_file(ucmd->file) :
					    fget(from->vmo_fd);
	if (!window->file)
		return -EBADF;
	part = vmop_vmo_from_file(window->file);
	ret = -EBADFD;
	if (!part)
		goto out_put;
	ret = -EACCES;
	if (!(window->file->f_mode & FMODE_READ))
		goto out_put;
	ret = -EOPNOTSUPP;
	if (part->tree->compose)
		goto out_put;
	down_read(&part->tree->lock);
	size = ((u64)vmop_vmo_end_pgoff(part) << PAGE_SHIFT) - part->off;
	up_read(&part->tree->lock);
	ret = -ERANGE;
	if (from->offset > size || from->length > size - from->offset)
		goto out_put;
	window->pgoff = from->offset >> PAGE_SHIFT;
	window->end = from->length >> PAGE_SHIFT;
	return 0;
out_put:
	fput(window->file);
	return ret;
}

static struct vmop_compose *vmop_compose_read(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_compose *cmd = ucmd->cmd;
	struct vmop_compose_window __user *from =
		u64_to_user_ptr(cmd->windows_uptr);
	struct vmop_compose_window window;
	struct vmop_compose *compose;
	pgoff_t end = 0;
	int ret = 0;

	compose = kvzalloc(struct_size(compose, windows, cmd->nr_windows),
			   GFP_KERNEL_ACCOUNT);
	if (!compose)
		return ERR_PTR(-ENOMEM);
	while (!ret && compose->nr_windows < cmd->nr_windows) {
		struct vmop_window *to =
			&compose->windows[compose->nr_windows];

		ret = -EFAULT;
		if (copy_from_user(&window, &from[compose->nr_windows],
				   sizeof(window)))
			break;
		ret = vmop_compose_window(ucmd, &window, to);
		if (ret)
			break;
		compose->nr_windows++;
		to->end += end;
		end = to->end;
		if (end > VMOP_MAX_VMO_SIZE >> PAGE_SHIFT)
			ret = -ERANGE;
	}
	if (!ret)
		return compose;
	vmop_compose_free(compose);
	return ERR_PTR(ret);
}

static void vmop_compose_release(struct vmop_tree *tree)
{
	vmop_compose_free(tree->compose);
}

/* The root, the leaf and the file of a composed VMO. Takes @compose over. */
static struct file *vmop_compose_make(struct vmop_compose *compose,
				      struct mem_cgroup *payer,
				      const char *name)
{
	pgoff_t nr_pages = compose->windows[compose->nr_windows - 1].end;
	struct vmop_vmo_params params = { .name = name };
	struct vmop_space *space = vmop_space_create(payer);
	struct vmop_tree *tree = vmop_tree_create();
	struct vmop_cow *root = NULL;
	struct vmop_cow *leaf = NULL;
	struct file *file = ERR_PTR(-ENOMEM);

	if (!tree || !space) {
		vmop_compose_free(compose);
		goto out_put;
	}
	tree->compose = compose;
	tree->release = vmop_compose_release;
	root = vmop_cow_create(tree, space, false);
	leaf = vmop_cow_create(tree, space, false);
	if (root && leaf)
		file = vmop_vmo_open(tree, space, &params);
	if (IS_ERR(file)) {
		vmop_cow_destroy(leaf);
		vmop_cow_destroy(root);
	} else {
		vmop_vmo_compose(vmop_vmo_from_file(file), root, leaf,
				 nr_pages);
	}
out_put:
	if (tree)
		vmop_tree_put(tree);
	if (space)
		vmop_space_put(space);
	return file;
}

/**
 * vmop_vmo_compose_ioctl() - VMOP_VMO_COMPOSE
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_vmo_compose_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_compose *cmd = ucmd->cmd;
	struct vmop_compose *compose;
	struct mem_cgroup *payer;
	struct file *file;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->nr_windows || cmd->nr_windows > VMOP_MAX_WINDOWS ||
	    !memchr(cmd->name, 0, VMOP_NAME_LEN))
		return -EINVAL;
	payer = vmop_payer_get(cmd->payer_fd);
	if (IS_ERR(payer))
		return PTR_ERR(payer);
	compose = vmop_compose_read(ucmd);
	if (IS_ERR(compose)) {
		vmop_payer_put(payer);
		return PTR_ERR(compose);
	}
	file = vmop_compose_make(compose, payer, (const char *)cmd->name);
	vmop_payer_put(payer);
	if (IS_ERR(file))
		return PTR_ERR(file);
	ucmd->new_file = file;
	ucmd->out_fd = &cmd->out_vmo_fd;
	return 0;
}
