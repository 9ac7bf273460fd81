/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pager.h - the pager: an open of /dev/vmopager.
 */
#ifndef VMOP_PAGER_H
#define VMOP_PAGER_H

#include <linux/kref.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

struct file;
struct vmop_latency;
struct vmop_ucmd;
struct vmop_vmo;

/**
 * struct vmop_pager - who supplies content
 * @ref: one for the open file, one for each VMO it made
 * @id: number of this pager, never used again; immutable
 * @owner: who opened it; immutable
 * @closed: the file is gone; set once
 * @sources: the sources of its VMOs, by slot; the array owns a reference to
 *           each. Its own lock; who takes an entry out puts the reference
 * @ports: its ports, by slot, likewise
 * @latency: times of the requests of all VMOs that it made; referenced, immutable
 *
 * Commands hold the file, so none runs when it is released.
 */
struct vmop_pager {
	struct kref ref;
	u64 id;
	kuid_t owner;
	bool closed;
	struct xarray sources;
	struct xarray ports;
	struct vmop_latency *latency;
};

/**
 * struct vmop_pager_info - what is told about a pager
 * @nr_sources: VMOs that it supplies
 * @nr_ports: ports that it has open
 * @nr_records: records that wait in them
 */
struct vmop_pager_info {
	u32 nr_sources;
	u32 nr_ports;
	u64 nr_records;
};

void vmop_pager_get(struct vmop_pager *pager);
bool vmop_pager_tryget(struct vmop_pager *pager);
void vmop_pager_put(struct vmop_pager *pager);
void vmop_pager_forget(struct vmop_pager *pager, u32 slot);
void vmop_pager_info(struct vmop_pager *pager, struct vmop_pager_info *info);
struct vmop_vmo *vmop_pager_get_vmo(struct vmop_pager *pager, s32 fd,
				    struct file **file);

extern const struct file_operations vmop_pager_fops;

/* pager.c */
int vmop_info_ioctl(struct vmop_ucmd *ucmd);
int vmop_port_create_ioctl(struct vmop_ucmd *ucmd);
int vmop_pager_vmo_create_ioctl(struct vmop_ucmd *ucmd);
int vmop_vmo_create_ioctl(struct vmop_ucmd *ucmd);
int vmop_detach_ioctl(struct vmop_ucmd *ucmd);
int vmop_op_range_ioctl(struct vmop_ucmd *ucmd);
int vmop_pager_latency_ioctl(struct vmop_ucmd *ucmd);

/* supply.c */
int vmop_supply_ioctl(struct vmop_ucmd *ucmd);
int vmop_supply_copy_ioctl(struct vmop_ucmd *ucmd);
int vmop_supply_zero_ioctl(struct vmop_ucmd *ucmd);
int vmop_supply_file_ioctl(struct vmop_ucmd *ucmd);

/* writeback.c */
int vmop_query_dirty_ioctl(struct vmop_ucmd *ucmd);
int vmop_query_stats_ioctl(struct vmop_ucmd *ucmd);

#endif /* VMOP_PAGER_H */
