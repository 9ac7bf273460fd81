// SPDX-License-Identifier: GPL-2.0
/*
 * pager.c - the pager: an open of /dev/vmopager, what it owns, and the commands
 * that make ports and VMOs, detach, and fail requests. It owns struct
 * vmop_pager. Content comes in by supply.c.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include <linux/vmopager.h>

#include "account.h"
#include "event.h"
#include "ioctl.h"
#include "latency.h"
#include "pager.h"
#include "port.h"
#include "registry.h"
#include "request.h"
#include "vmo.h"
#include "writeback.h"

#define VMOP_FAIL_ALL \
	(VMOP_FAIL_READ | VMOP_FAIL_DIRTY | VMOP_FAIL_WRITEBACK)

/* READ requests of read() and write() ask for this many pages at most. */
#define VMOP_DEFAULT_REQUEST_PAGES 16
#define VMOP_MAX_REQUEST_PAGES BIT(18)

static atomic64_t vmop_next_pager_id = ATOMIC64_INIT(0);

/**
 * vmop_pager_get() - take a reference
 * @pager: the pager
 */
void vmop_pager_get(struct vmop_pager *pager)
{
	kref_get(&pager->ref);
}

/**
 * vmop_pager_tryget() - take a reference unless the pager is being freed
 * @pager: a pager from the registry, with its lock held
 *
 * Return: whether the caller has a reference now.
 */
bool vmop_pager_tryget(struct vmop_pager *pager)
{
	return kref_get_unless_zero(&pager->ref);
}

static void vmop_pager_free(struct kref *ref)
{
	struct vmop_pager *pager = container_of(ref, struct vmop_pager, ref);

	vmop_registry_remove(VMOP_REGISTRY_PAGER, pager->id);
	xa_destroy(&pager->sources);
	xa_destroy(&pager->ports);
	vmop_latency_put(pager->latency);
	kfree(pager);
}

/**
 * vmop_pager_put() - drop a reference
 * @pager: the pager
 */
void vmop_pager_put(struct vmop_pager *pager)
{
	kref_put(&pager->ref, vmop_pager_free);
}

/**
 * vmop_pager_forget() - a VMO of the pager has ended
 * @pager: the pager
 * @slot: where its source was put
 */
void vmop_pager_forget(struct vmop_pager *pager, u32 slot)
{
	struct vmop_source *src = xa_erase(&pager->sources, slot);

	/* Nothing there: the pager was closed before. */
	if (src)
		vmop_source_put(src);
}

static void vmop_pager_tell(const struct vmop_pager *pager, u32 type)
{
	struct vmop_event event = {
		.type = type,
		.object = VMOP_NL_OBJECT_PAGER,
		.owner = pager->owner,
		.pager_id = pager->id,
	};

	vmop_event_send(&event);
}

static int vmop_pager_open(struct inode *inode, struct file *file)
{
	struct vmop_pager *pager = kzalloc(sizeof(*pager), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!pager)
		return -ENOMEM;
	pager->latency = vmop_latency_create(GFP_KERNEL_ACCOUNT);
	if (!pager->latency) {
		kfree(pager);
		return -ENOMEM;
	}
	kref_init(&pager->ref);
	pager->id = atomic64_inc_return(&vmop_next_pager_id);
	pager->owner = current_euid();
	ret = vmop_registry_reserve(VMOP_REGISTRY_PAGER, pager->id);
	if (ret) {
		vmop_latency_put(pager->latency);
		kfree(pager);
		return ret;
	}
	xa_init_flags(&pager->sources, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	xa_init_flags(&pager->ports, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	file->private_data = pager;
	vmop_registry_show(VMOP_REGISTRY_PAGER, pager->id, pager);
	vmop_pager_tell(pager, VMOP_NL_EVENT_CREATED);
	return nonseekable_open(inode, file);
}

/* The pager is gone: whoever waits for it goes on, without (DET-10, DET-11). */
static int vmop_pager_release(struct inode *inode, struct file *file)
{
	struct vmop_pager *pager = file->private_data;
	struct vmop_source *src;
	struct vmop_port *port;
	unsigned long slot;

	WRITE_ONCE(pager->closed, true);
	/*
	 * A VMO that ends now takes its source out as well: who gets the entry
	 * puts the reference.
	 */
	xa_for_each(&pager->sources, slot, src) {
		src = xa_erase(&pager->sources, slot);
		if (!src)
			continue;
		vmop_source_pager_closed(src);
		vmop_source_put(src);
	}
	xa_for_each(&pager->ports, slot, port) {
		xa_erase(&pager->ports, slot);
		vmop_port_pager_closed(port);
		vmop_port_put(port);
	}
	vmop_pager_tell(pager, VMOP_NL_EVENT_CLOSED);
	vmop_pager_put(pager);
	return 0;
}

/**
 * vmop_pager_info() - count what a pager has
 * @pager: the pager
 * @info: filled in
 */
void vmop_pager_info(struct vmop_pager *pager, struct vmop_pager_info *info)
{
	struct vmop_port *port;
	unsigned long slot;
	void *entry;

	*info = (struct vmop_pager_info){};
	xa_for_each(&pager->sources, slot, entry) {
		info->nr_sources++;
		cond_resched();
	}
	/* The lock keeps the ports: who takes one out puts it. */
	xa_lock(&pager->ports);
	xa_for_each(&pager->ports, slot, port) {
		if (vmop_port_is_closed(port))
			continue;
		info->nr_ports++;
		info->nr_records += vmop_port_nr_records(port);
	}
	xa_unlock(&pager->ports);
}

/* The keys are stable: vmopager(4). */
static void vmop_pager_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vmop_pager *pager = file->private_data;
	struct vmop_pager_info info;

	vmop_pager_info(pager, &info);
	seq_printf(m, "vmop-object:\tpager\nvmop-id:\t%llu\n", pager->id);
	seq_printf(m, "vmop-vmos:\t%u\nvmop-ports:\t%u\nvmop-queued:\t%llu\n",
		   info.nr_sources, info.nr_ports, info.nr_records);
}

const struct file_operations vmop_pager_fops = {
	.owner = THIS_MODULE,
	.open = vmop_pager_open,
	.release = vmop_pager_release,
	.show_fdinfo = vmop_pager_show_fdinfo,
	.unlocked_ioctl = vmop_pager_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * vmop_pager_get_vmo() - find a VMO that a pager made
 * @pager: the pager
 * @fd: file descriptor of the VMO
 * @file: its file, to be put by the caller
 *
 * Return: the VMO, kept by @file, or an ERR_PTR: -EBADF; -EBADFD if it is no
 * VMO; -EINVAL if the pager did not make it; -EACCES if it is not open for
 * writing. (semantics: OBJ-9, OBJ-10)
 */
struct vmop_vmo *vmop_pager_get_vmo(struct vmop_pager *pager, s32 fd,
				    struct file **file)
{
	struct vmop_vmo *vmo;
	int ret;

	*file = fget(fd);
	if (!*file)
		return ERR_PTR(-EBADF);
	vmo = vmop_vmo_from_file(*file);
	if (!vmo)
		ret = -EBADFD;
	else if (vmo->pager != pager)
		ret = -EINVAL;
	else if (!((*file)->f_mode & FMODE_WRITE))
		ret = -EACCES;
	else
		return vmo;
	fput(*file);
	return ERR_PTR(ret);
}

/**
 * vmop_info_ioctl() - VMOP_INFO
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_info_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_info *cmd = ucmd->cmd;

	if (cmd->flags)
		return -EOPNOTSUPP;
	cmd->out_features = VMOP_FEATURE_DEADLINE;
	if (IS_ENABLED(CONFIG_MEMCG))
		cmd->out_features |= VMOP_FEATURE_PAYER;
	cmd->out_cmds = vmop_cmds();
	cmd->out_max_vmo_size = VMOP_MAX_VMO_SIZE;
	cmd->out_page_size = PAGE_SIZE;
	cmd->out_max_request_pages = VMOP_MAX_REQUEST_PAGES;
	cmd->out_default_request_pages = VMOP_DEFAULT_REQUEST_PAGES;
	cmd->out_name_len = VMOP_NAME_LEN;
	return 0;
}

/* Take out a port whose file is closed. Under the lock, as others do it too. */
static struct vmop_port *vmop_pager_take_closed_port(struct vmop_pager *pager)
{
	struct vmop_port *port;
	unsigned long slot;

	xa_lock(&pager->ports);
	xa_for_each(&pager->ports, slot, port) {
		if (vmop_port_is_closed(port)) {
			__xa_erase(&pager->ports, slot);
			break;
		}
	}
	xa_unlock(&pager->ports);
	return port;
}

/* Closed ports are only in the way. */
static void vmop_pager_prune_ports(struct vmop_pager *pager)
{
	struct vmop_port *port;

	while ((port = vmop_pager_take_closed_port(pager)))
		vmop_port_put(port);
}

/**
 * vmop_port_create_ioctl() - VMOP_PORT_CREATE
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_port_create_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_pager *pager = ucmd->file->private_data;
	struct vmop_port_create *cmd = ucmd->cmd;
	struct vmop_port *port;
	struct file *file;
	u32 slot;
	int ret;

	if ((cmd->flags & ~VMOP_PORT_WRITEBACK) || cmd->__reserved)
		return -EOPNOTSUPP;
	vmop_pager_prune_ports(pager);
	port = vmop_port_create(pager->id, cmd->flags, &file);
	if (IS_ERR(port))
		return PTR_ERR(port);
	vmop_port_get(port);
	ret = xa_alloc(&pager->ports, &slot, port, xa_limit_31b, GFP_KERNEL);
	if (ret) {
		vmop_port_put(port);
		fput(file);
		return ret;
	}
	ucmd->new_file = file;
	ucmd->out_fd = &cmd->out_port_fd;
	return 0;
}

static int vmop_check_new_vmo(u64 len, const __u8 *name)
{
	if (!memchr(name, 0, VMOP_NAME_LEN))
		return -EINVAL;
	return len > VMOP_MAX_VMO_SIZE ? -ERANGE : 0;
}

static int vmop_check_new_pager_vmo(const struct vmop_pager_vmo_create *cmd,
				    const struct vmop_port *port)
{
	/* Nobody would ever make room. */
	if (cmd->dirty_limit && !vmop_port_takes_writeback(port))
		return -EINVAL;
	if (cmd->max_request_pages > VMOP_MAX_REQUEST_PAGES ||
	    cmd->deadline_action > VMOP_DEADLINE_WARN ||
	    (cmd->deadline_action && !cmd->deadline_ms))
		return -EINVAL;
	return vmop_check_new_vmo(cmd->length, cmd->name);
}

/* The port is the caller's: its file is held meanwhile. */
static struct file *vmop_make_pager_vmo(struct vmop_pager *pager,
					struct vmop_port *port,
					struct mem_cgroup *payer,
					const struct vmop_pager_vmo_create *cmd)
{
	struct vmop_source_params source_params = {
		.key = cmd->key,
		.pager_id = pager->id,
		.vmo_id = vmop_vmo_new_id(),
		.pager_latency = pager->latency,
		.max_request_pages = cmd->max_request_pages ?:
				     VMOP_DEFAULT_REQUEST_PAGES,
		.deadline_ms = cmd->deadline_ms,
		.deadline_action = cmd->deadline_action,
		.writeback = vmop_port_takes_writeback(port),
		.owner = current_euid(),
	};
	struct vmop_vmo_params params = {
		.len = cmd->length,
		.flags = cmd->flags,
		.id = source_params.vmo_id,
		.pager = pager,
		.payer = payer,
		.dirty_limit = vmop_pages_up(cmd->dirty_limit),
		.name = (const char *)cmd->name,
	};
	struct file *file;
	int ret;

	params.source = vmop_source_create(port, &source_params);
	if (IS_ERR(params.source))
		return ERR_CAST(params.source);
	ret = xa_alloc(&pager->sources, &params.pager_slot, params.source,
		       xa_limit_31b, GFP_KERNEL);
	if (ret) {
		vmop_source_put(params.source);
		return ERR_PTR(ret);
	}
	/* The array has our reference now; the VMO takes its own. */
	file = vmop_vmo_create(&params);
	if (IS_ERR(file))
		vmop_pager_forget(pager, params.pager_slot);
	return file;
}

/**
 * vmop_pager_vmo_create_ioctl() - VMOP_PAGER_VMO_CREATE
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_pager_vmo_create_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_pager *pager = ucmd->file->private_data;
	struct vmop_pager_vmo_create *cmd = ucmd->cmd;
	struct mem_cgroup *payer;
	struct file *port_file;
	struct vmop_port *port;
	int ret;

	if (cmd->flags & ~(VMOP_VMO_RESIZABLE | VMOP_VMO_TRAP_DIRTY))
		return -EOPNOTSUPP;
	port_file = fget(cmd->port_fd);
	if (!port_file)
		return -EBADF;
	ret = -EBADFD;
	port = vmop_port_from_file(port_file);
	if (!port)
		goto out_put_file;
	ret = -EINVAL;
	if (vmop_port_pager_id(port) != pager->id)
		goto out_put_file;
	payer = vmop_payer_get(cmd->payer_fd);
	ret = PTR_ERR_OR_ZERO(payer);
	if (ret)
		goto out_put_file;
	ret = vmop_check_new_pager_vmo(cmd, port);
	if (ret)
		goto out_put_payer;
	ucmd->new_file = vmop_make_pager_vmo(pager, port, payer, cmd);
	ucmd->out_fd = &cmd->out_vmo_fd;
	ret = PTR_ERR_OR_ZERO(ucmd->new_file);
	if (ret)
		ucmd->new_file = NULL;
out_put_payer:
	vmop_payer_put(payer);
out_put_file:
	fput(port_file);
	return ret;
}

/**
 * vmop_vmo_create_ioctl() - VMOP_VMO_CREATE
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_vmo_create_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_vmo_create *cmd = ucmd->cmd;
	struct vmop_vmo_params params = {
		.len = cmd->length,
		.flags = cmd->flags,
		.name = (const char *)cmd->name,
	};
	int ret;

	if (cmd->flags & ~VMOP_VMO_RESIZABLE)
		return -EOPNOTSUPP;
	params.payer = vmop_payer_get(cmd->payer_fd);
	if (IS_ERR(params.payer))
		return PTR_ERR(params.payer);
	ret = vmop_check_new_vmo(cmd->length, cmd->name);
	if (!ret) {
		ucmd->new_file = vmop_vmo_create(&params);
		ucmd->out_fd = &cmd->out_vmo_fd;
		ret = PTR_ERR_OR_ZERO(ucmd->new_file);
		if (ret)
			ucmd->new_file = NULL;
	}
	vmop_payer_put(params.payer);
	return ret;
}

/**
 * vmop_detach_ioctl() - VMOP_DETACH
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_detach_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_detach *cmd = ucmd->cmd;
	struct vmop_vmo *vmo;
	struct file *file;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	vmop_vmo_detach(vmo);
	fput(file);
	return 0;
}

/* What a pager may fail a request with (REQ-22). */
static bool vmop_is_fail_code(u64 code)
{
	switch (code) {
	case EIO:
	case EBADMSG:
	case ENOTCONN:
	case ENOSPC:
	case ENOBUFS:
		return true;
	default:
		return false;
	}
}

static int vmop_fail(struct vmop_vmo *vmo, struct vmop_op_range *cmd)
{
	struct vmop_source *src = vmo->tree->source;
	unsigned int types = cmd->fail_types ?: VMOP_FAIL_ALL;
	pgoff_t start = cmd->offset >> PAGE_SHIFT;
	pgoff_t end = (cmd->offset + cmd->length) >> PAGE_SHIFT;
	int ret = 0;

	if (cmd->id && (cmd->offset || cmd->length || cmd->fail_types))
		return -EINVAL;
	if (cmd->id && !cmd->data)
		return vmop_source_answer_id(src, cmd->id);
	if (!vmop_is_fail_code(cmd->data))
		return -EINVAL;
	if (cmd->id) {
		vmop_source_fail_id(src, cmd->id, -(int)cmd->data);
		return 0;
	}
	/* With the lock no supply or resize changes what the range means. */
	down_read(&vmo->tree->lock);
	if (end > vmop_vmo_node(vmo)->nr_pages)
		ret = -ERANGE;
	else if (start < end)
		vmop_source_fail(src, types, start, end, -(int)cmd->data);
	up_read(&vmo->tree->lock);
	if (!ret)
		cmd->out_actual = cmd->length;
	return ret;
}

/* The operations on dirty content: no field of FAIL has a meaning. */
static int vmop_dirty_op(struct vmop_vmo *vmo, struct vmop_op_range *cmd)
{
	pgoff_t start = cmd->offset >> PAGE_SHIFT;
	pgoff_t end = (cmd->offset + cmd->length) >> PAGE_SHIFT;
	u64 flags = cmd->op == VMOP_PAGER_OP_WRITEBACK_BEGIN ? VMOP_DIRTY_ZERO :
							       0;
	int ret;

	if (cmd->id || cmd->fail_types || (cmd->data & ~flags))
		return -EINVAL;
	if (cmd->op == VMOP_PAGER_OP_DIRTY)
		ret = vmop_op_dirty(vmo, start, end);
	else if (cmd->op == VMOP_PAGER_OP_WRITEBACK_BEGIN)
		ret = vmop_op_writeback_begin(vmo, start, end, cmd->data);
	else
		ret = vmop_op_writeback_end(vmo, start, end);
	if (!ret)
		cmd->out_actual = cmd->length;
	return ret;
}

/**
 * vmop_op_range_ioctl() - VMOP_OP_RANGE
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_op_range_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_op_range *cmd = ucmd->cmd;
	struct vmop_vmo *vmo;
	struct file *file;
	int ret;

	cmd->out_actual = 0;
	if (cmd->flags || cmd->__reserved || cmd->op < VMOP_PAGER_OP_FAIL ||
	    cmd->op > VMOP_PAGER_OP_WRITEBACK_END ||
	    (cmd->fail_types & ~VMOP_FAIL_ALL))
		return -EOPNOTSUPP;
	ret = vmop_check_page_range(cmd->offset, cmd->length);
	if (ret)
		return ret;
	vmo = vmop_pager_get_vmo(ucmd->file->private_data, cmd->vmo_fd, &file);
	if (IS_ERR(vmo))
		return PTR_ERR(vmo);
	ret = cmd->op == VMOP_PAGER_OP_FAIL ? vmop_fail(vmo, cmd) :
					      vmop_dirty_op(vmo, cmd);
	fput(file);
	return ret;
}

/**
 * vmop_pager_latency_ioctl() - VMOP_QUERY_LATENCY on a pager
 * @ucmd: the command
 *
 * Return: see the uapi header.
 */
int vmop_pager_latency_ioctl(struct vmop_ucmd *ucmd)
{
	struct vmop_pager *pager = ucmd->file->private_data;

	return vmop_latency_query(pager->latency, ucmd->cmd);
}
