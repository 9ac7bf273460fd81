// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - loading and unloading: the chain of inits, the same backwards, and
 * the device node.
 */
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "debug.h"
#include "handoff.h"
#include "netlink.h"
#include "overdue.h"
#include "page.h"
#include "pager.h"
#include "reclaim.h"
#include "request.h"
#include "vmo.h"

static struct miscdevice vmop_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmopager",
	.fops = &vmop_pager_fops,
	.mode = 0600,
};

static int __init vmop_init(void)
{
	int ret;

	vmop_debug_prime_locks();
	ret = vmop_page_init();
	if (ret)
		return ret;
	ret = vmop_reclaim_init();
	if (ret)
		goto err_page_exit;
	ret = vmop_request_init();
	if (ret)
		goto err_reclaim_exit;
	ret = vmop_fs_init();
	if (ret)
		goto err_request_exit;
	ret = vmop_nl_init();
	if (ret)
		goto err_fs_exit;
	ret = misc_register(&vmop_device);
	if (ret)
		goto err_nl_exit;
	return 0;

err_nl_exit:
	vmop_nl_exit();
err_fs_exit:
	vmop_fs_exit();
err_request_exit:
	vmop_request_exit();
err_reclaim_exit:
	vmop_reclaim_exit();
err_page_exit:
	vmop_page_exit();
	return ret;
}

static void __exit vmop_exit(void)
{
	misc_deregister(&vmop_device);
	/* May have something to tell. */
	vmop_overdue_exit();
	vmop_nl_exit();
	vmop_fs_exit();
	vmop_request_exit();
	vmop_reclaim_exit();
	vmop_page_exit();
	vmop_handoff_exit();
}

module_init(vmop_init);
module_exit(vmop_exit);

MODULE_DESCRIPTION("Pager-backed virtual memory objects");
MODULE_LICENSE("GPL");
MODULE_VERSION(VMOP_VERSION);
