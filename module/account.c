// SPDX-License-Identifier: GPL-2.0
/*
 * account.c - finds the memory cgroup that pays for a VMO.
 */
#include <linux/cgroup.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/memcontrol.h>
#include <linux/sched.h>

#include "account.h"

#ifdef CONFIG_MEMCG
static struct mem_cgroup *vmop_payer_of_file(struct file *file, s32 fd)
{
	struct cgroup_subsys_state *css;
	struct cgroup *cgrp;
	int ret;

	/* Who may not manage the cgroup may not fill it either. */
	ret = file_permission(file, MAY_WRITE);
	if (ret)
		return ERR_PTR(ret);
	cgrp = cgroup_get_from_fd(fd);
	if (IS_ERR(cgrp))
		return ERR_PTR(-EBADFD);
	/* The nearest ancestor that has the memory controller. */
	css = cgroup_get_e_css(cgrp, &memory_cgrp_subsys);
	cgroup_put(cgrp);
	return mem_cgroup_from_css(css);
}

static struct mem_cgroup *vmop_payer_from_fd(s32 fd)
{
	struct mem_cgroup *payer;
	struct file *file = fget_raw(fd);

	if (!file)
		return ERR_PTR(-EBADF);
	payer = S_ISDIR(file_inode(file)->i_mode) ?
		vmop_payer_of_file(file, fd) : ERR_PTR(-EBADFD);
	fput(file);
	return payer;
}
#else
static struct mem_cgroup *vmop_payer_from_fd(s32 fd)
{
	return ERR_PTR(-EOPNOTSUPP);
}
#endif

/**
 * vmop_payer_get() - the memory cgroup that a caller wants to charge
 * @fd: directory of a cgroup (version 2) that the caller may write to, or -1
 *      for the caller's own
 *
 * Return: the memcg with a reference (NULL where memory is not accounted), or
 * an ERR_PTR: -EBADF; -EBADFD if it is no cgroup; -EACCES.
 */
struct mem_cgroup *vmop_payer_get(s32 fd)
{
	if (fd == -1)
		return get_mem_cgroup_from_mm(current->mm);
	if (fd < 0)
		return ERR_PTR(-EBADF);
	return vmop_payer_from_fd(fd);
}

/**
 * vmop_payer_put() - drop what vmop_payer_get() returned
 * @payer: the memcg, or NULL
 */
void vmop_payer_put(struct mem_cgroup *payer)
{
	mem_cgroup_put(payer);
}
