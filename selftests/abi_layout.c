// SPDX-License-Identifier: GPL-2.0
/*
 * The layout of the ABI, frozen: sizes and offsets at compile time, command
 * numbers, and what VMOP_INFO says at run time. A structure may only grow at
 * its end; then its size here becomes the new one and its old members stay.
 */
#include <assert.h>
#include <stddef.h>

#include "vmop_test.h"

#define SIZE(_type, _size) \
	static_assert(sizeof(struct _type) == (_size), "size of " #_type)
#define AT(_type, _member, _offset) \
	static_assert(offsetof(struct _type, _member) == (_offset), \
		      "offset of " #_type "." #_member)

AT(vmop_info, size, 0);
AT(vmop_info, flags, 4);
AT(vmop_info, out_features, 8);
AT(vmop_info, out_cmds, 16);
AT(vmop_info, out_max_vmo_size, 24);
AT(vmop_info, out_page_size, 32);
AT(vmop_info, out_max_request_pages, 36);
AT(vmop_info, out_default_request_pages, 40);
AT(vmop_info, out_name_len, 44);
SIZE(vmop_info, 48);

AT(vmop_port_create, size, 0);
AT(vmop_port_create, flags, 4);
AT(vmop_port_create, out_port_fd, 8);
AT(vmop_port_create, __reserved, 12);
SIZE(vmop_port_create, 16);

AT(vmop_port_record, type, 0);
AT(vmop_port_record, flags, 4);
AT(vmop_port_record, key, 8);
AT(vmop_port_record, offset, 16);
AT(vmop_port_record, length, 24);
AT(vmop_port_record, id, 32);
AT(vmop_port_record, __reserved, 40);
SIZE(vmop_port_record, 64);

AT(vmop_pager_vmo_create, size, 0);
AT(vmop_pager_vmo_create, flags, 4);
AT(vmop_pager_vmo_create, port_fd, 8);
AT(vmop_pager_vmo_create, payer_fd, 12);
AT(vmop_pager_vmo_create, key, 16);
AT(vmop_pager_vmo_create, length, 24);
AT(vmop_pager_vmo_create, name, 32);
AT(vmop_pager_vmo_create, max_request_pages, 64);
AT(vmop_pager_vmo_create, deadline_ms, 68);
AT(vmop_pager_vmo_create, deadline_action, 72);
AT(vmop_pager_vmo_create, out_vmo_fd, 76);
AT(vmop_pager_vmo_create, dirty_limit, 80);
SIZE(vmop_pager_vmo_create, 88);

AT(vmop_vmo_create, size, 0);
AT(vmop_vmo_create, flags, 4);
AT(vmop_vmo_create, payer_fd, 8);
AT(vmop_vmo_create, out_vmo_fd, 12);
AT(vmop_vmo_create, length, 16);
AT(vmop_vmo_create, name, 24);
SIZE(vmop_vmo_create, 56);

AT(vmop_detach, size, 0);
AT(vmop_detach, flags, 4);
AT(vmop_detach, vmo_fd, 8);
AT(vmop_detach, __reserved, 12);
SIZE(vmop_detach, 16);

AT(vmop_supply, size, 0);
AT(vmop_supply, flags, 4);
AT(vmop_supply, vmo_fd, 8);
AT(vmop_supply, aux_fd, 12);
AT(vmop_supply, offset, 16);
AT(vmop_supply, length, 24);
AT(vmop_supply, aux_offset, 32);
AT(vmop_supply, out_actual, 40);
SIZE(vmop_supply, 48);

AT(vmop_supply_copy, size, 0);
AT(vmop_supply_copy, flags, 4);
AT(vmop_supply_copy, vmo_fd, 8);
AT(vmop_supply_copy, __reserved, 12);
AT(vmop_supply_copy, offset, 16);
AT(vmop_supply_copy, length, 24);
AT(vmop_supply_copy, src_uptr, 32);
AT(vmop_supply_copy, out_actual, 40);
SIZE(vmop_supply_copy, 48);

AT(vmop_supply_zero, size, 0);
AT(vmop_supply_zero, flags, 4);
AT(vmop_supply_zero, vmo_fd, 8);
AT(vmop_supply_zero, __reserved, 12);
AT(vmop_supply_zero, offset, 16);
AT(vmop_supply_zero, length, 24);
AT(vmop_supply_zero, out_actual, 32);
SIZE(vmop_supply_zero, 40);

AT(vmop_supply_file, size, 0);
AT(vmop_supply_file, flags, 4);
AT(vmop_supply_file, vmo_fd, 8);
AT(vmop_supply_file, src_fd, 12);
AT(vmop_supply_file, offset, 16);
AT(vmop_supply_file, length, 24);
AT(vmop_supply_file, src_offset, 32);
AT(vmop_supply_file, out_actual, 40);
SIZE(vmop_supply_file, 48);

AT(vmop_op_range, size, 0);
AT(vmop_op_range, flags, 4);
AT(vmop_op_range, vmo_fd, 8);
AT(vmop_op_range, op, 12);
AT(vmop_op_range, offset, 16);
AT(vmop_op_range, length, 24);
AT(vmop_op_range, data, 32);
AT(vmop_op_range, id, 40);
AT(vmop_op_range, fail_types, 48);
AT(vmop_op_range, __reserved, 52);
AT(vmop_op_range, out_actual, 56);
SIZE(vmop_op_range, 64);

AT(vmop_dirty_range, offset, 0);
AT(vmop_dirty_range, length, 8);
AT(vmop_dirty_range, flags, 16);
SIZE(vmop_dirty_range, 24);

AT(vmop_query_dirty, size, 0);
AT(vmop_query_dirty, flags, 4);
AT(vmop_query_dirty, vmo_fd, 8);
AT(vmop_query_dirty, __reserved, 12);
AT(vmop_query_dirty, offset, 16);
AT(vmop_query_dirty, length, 24);
AT(vmop_query_dirty, ranges_uptr, 32);
AT(vmop_query_dirty, nr_ranges, 40);
AT(vmop_query_dirty, out_actual, 48);
AT(vmop_query_dirty, out_avail, 56);
SIZE(vmop_query_dirty, 64);

AT(vmop_query_stats, size, 0);
AT(vmop_query_stats, flags, 4);
AT(vmop_query_stats, vmo_fd, 8);
AT(vmop_query_stats, out_modified, 12);
AT(vmop_query_stats, out_dirty, 16);
AT(vmop_query_stats, out_awaiting_clean, 24);
AT(vmop_query_stats, out_dirty_zero, 32);
AT(vmop_query_stats, out_dirty_limit, 40);
AT(vmop_query_stats, out_dirty_requests, 48);
AT(vmop_query_stats, out_writeback_requests, 56);
AT(vmop_query_stats, out_cleaned, 64);
SIZE(vmop_query_stats, 72);

AT(vmop_query_latency, size, 0);
AT(vmop_query_latency, flags, 4);
AT(vmop_query_latency, stage, 8);
AT(vmop_query_latency, __reserved, 12);
AT(vmop_query_latency, out_total_ns, 16);
AT(vmop_query_latency, out_buckets, 24);
SIZE(vmop_query_latency, 344);

AT(vmop_vmo_op_range, size, 0);
AT(vmop_vmo_op_range, flags, 4);
AT(vmop_vmo_op_range, op, 8);
AT(vmop_vmo_op_range, __reserved, 12);
AT(vmop_vmo_op_range, offset, 16);
AT(vmop_vmo_op_range, length, 24);
AT(vmop_vmo_op_range, out_actual, 32);
SIZE(vmop_vmo_op_range, 40);

AT(vmop_vmo_set_size, size, 0);
AT(vmop_vmo_set_size, flags, 4);
AT(vmop_vmo_set_size, length, 8);
SIZE(vmop_vmo_set_size, 16);

AT(vmop_vmo_set_name, size, 0);
AT(vmop_vmo_set_name, flags, 4);
AT(vmop_vmo_set_name, name, 8);
SIZE(vmop_vmo_set_name, 40);

AT(vmop_vmo_get_info, size, 0);
AT(vmop_vmo_get_info, flags, 4);
AT(vmop_vmo_get_info, out_id, 8);
AT(vmop_vmo_get_info, out_pager_id, 16);
AT(vmop_vmo_get_info, out_key, 24);
AT(vmop_vmo_get_info, out_size, 32);
AT(vmop_vmo_get_info, out_content_size, 40);
AT(vmop_vmo_get_info, out_committed, 48);
AT(vmop_vmo_get_info, out_dirty, 56);
AT(vmop_vmo_get_info, out_flags, 64);
AT(vmop_vmo_get_info, out_state, 68);
AT(vmop_vmo_get_info, out_last_error, 72);
AT(vmop_vmo_get_info, out_num_waiters, 76);
AT(vmop_vmo_get_info, out_requests, 80);
AT(vmop_vmo_get_info, out_requested_pages, 88);
AT(vmop_vmo_get_info, out_supplied_pages, 96);
AT(vmop_vmo_get_info, out_failed_requests, 104);
AT(vmop_vmo_get_info, out_evicted_pages, 112);
AT(vmop_vmo_get_info, out_max_request_pages, 120);
AT(vmop_vmo_get_info, out_deadline_ms, 124);
AT(vmop_vmo_get_info, out_name, 128);
AT(vmop_vmo_get_info, out_parent_id, 160);
AT(vmop_vmo_get_info, out_num_children, 168);
AT(vmop_vmo_get_info, out_child_flags, 172);
AT(vmop_vmo_get_info, out_child_offset, 176);
AT(vmop_vmo_get_info, out_private, 184);
AT(vmop_vmo_get_info, out_shared, 192);
AT(vmop_vmo_get_info, out_scaled, 200);
AT(vmop_vmo_get_info, out_zero, 208);
SIZE(vmop_vmo_get_info, 216);

AT(vmop_vmo_create_child, size, 0);
AT(vmop_vmo_create_child, flags, 4);
AT(vmop_vmo_create_child, offset, 8);
AT(vmop_vmo_create_child, length, 16);
AT(vmop_vmo_create_child, payer_fd, 24);
AT(vmop_vmo_create_child, out_vmo_fd, 28);
SIZE(vmop_vmo_create_child, 32);

AT(vmop_vmo_reset, size, 0);
AT(vmop_vmo_reset, flags, 4);
AT(vmop_vmo_reset, out_actual, 8);
SIZE(vmop_vmo_reset, 16);

AT(vmop_vmo_seal, size, 0);
AT(vmop_vmo_seal, flags, 4);
SIZE(vmop_vmo_seal, 8);

AT(vmop_compose_window, vmo_fd, 0);
AT(vmop_compose_window, __reserved, 4);
AT(vmop_compose_window, offset, 8);
AT(vmop_compose_window, length, 16);
SIZE(vmop_compose_window, 24);

AT(vmop_vmo_compose, size, 0);
AT(vmop_vmo_compose, flags, 4);
AT(vmop_vmo_compose, windows_uptr, 8);
AT(vmop_vmo_compose, nr_windows, 16);
AT(vmop_vmo_compose, payer_fd, 20);
AT(vmop_vmo_compose, out_vmo_fd, 24);
AT(vmop_vmo_compose, __reserved, 28);
AT(vmop_vmo_compose, name, 32);
SIZE(vmop_vmo_compose, 64);

VMOP_FIXTURE(layout)

/* The numbers that programs were compiled with: _IO(0xB9, n), no size in them. */
TEST_F(layout, command_numbers)
{
	EXPECT_EQ(0xb980, VMOP_INFO);
	EXPECT_EQ(0xb981, VMOP_PORT_CREATE);
	EXPECT_EQ(0xb982, VMOP_PAGER_VMO_CREATE);
	EXPECT_EQ(0xb983, VMOP_VMO_CREATE);
	EXPECT_EQ(0xb984, VMOP_DETACH);
	EXPECT_EQ(0xb985, VMOP_SUPPLY);
	EXPECT_EQ(0xb986, VMOP_SUPPLY_COPY);
	EXPECT_EQ(0xb987, VMOP_SUPPLY_ZERO);
	EXPECT_EQ(0xb988, VMOP_SUPPLY_FILE);
	EXPECT_EQ(0xb989, VMOP_OP_RANGE);
	EXPECT_EQ(0x8a, VMOP_CMD_QUERY_DIRTY);
	EXPECT_EQ(0x8b, VMOP_CMD_QUERY_STATS);
	EXPECT_EQ(0x8c, VMOP_CMD_PAGER_SET_POLICY);
	EXPECT_EQ(0x8d, VMOP_CMD_PAGER_TOKEN);
	EXPECT_EQ(0x8e, VMOP_CMD_PAGER_ATTACH);
	EXPECT_EQ(0x8f, VMOP_CMD_PAGER_NEXT_VMO);
	EXPECT_EQ(0x90, VMOP_CMD_PORT_REQUEUE);
	EXPECT_EQ(0x91, VMOP_CMD_EXEC);
	EXPECT_EQ(0xb992, VMOP_QUERY_LATENCY);
	EXPECT_EQ(0xb9a0, VMOP_VMO_CREATE_CHILD);
	EXPECT_EQ(0xb9a1, VMOP_VMO_OP_RANGE);
	EXPECT_EQ(0xb9a2, VMOP_VMO_SET_SIZE);
	EXPECT_EQ(0xb9a3, VMOP_VMO_GET_INFO);
	EXPECT_EQ(0xb9a4, VMOP_VMO_SET_NAME);
	EXPECT_EQ(0xa5, VMOP_CMD_VMO_PIN);
	EXPECT_EQ(0xa6, VMOP_CMD_VMO_SET_CACHE_POLICY);
	EXPECT_EQ(0xb9a7, VMOP_VMO_RESET);
	EXPECT_EQ(0xb9a8, VMOP_VMO_SEAL);
	EXPECT_EQ(0xb9a9, VMOP_VMO_COMPOSE);
}

/* The values of the enums, which are in records and structures. */
TEST_F(layout, enum_values)
{
	EXPECT_EQ(0, VMOP_RECORD_READ);
	EXPECT_EQ(1, VMOP_RECORD_COMPLETE);
	EXPECT_EQ(2, VMOP_RECORD_DIRTY);
	EXPECT_EQ(3, VMOP_RECORD_WRITEBACK);
	EXPECT_EQ(1, VMOP_RECORD_REISSUED);
	EXPECT_EQ(1, VMOP_VMO_RESIZABLE);
	EXPECT_EQ(2, VMOP_VMO_TRAP_DIRTY);
	EXPECT_EQ(4, VMOP_VMO_HUGE);
	EXPECT_EQ(8, VMOP_VMO_DISCARDABLE);
	EXPECT_EQ(16, VMOP_VMO_CONTIGUOUS);
	EXPECT_EQ(32, VMOP_VMO_PINNABLE);
	EXPECT_EQ(1 << 16, VMOP_VMO_COW_CLONE);
	EXPECT_EQ(1 << 17, VMOP_VMO_PAGER_BACKED);
	EXPECT_EQ(1 << 18, VMOP_VMO_SEALED);
	EXPECT_EQ(1 << 19, VMOP_VMO_NO_WRITE);
	EXPECT_EQ(1 << 20, VMOP_VMO_COMPOSED);
	EXPECT_EQ(1, VMOP_CHILD_SNAPSHOT);
	EXPECT_EQ(2, VMOP_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE);
	EXPECT_EQ(4, VMOP_CHILD_SNAPSHOT_MODIFIED);
	EXPECT_EQ(8, VMOP_CHILD_SLICE);
	EXPECT_EQ(16, VMOP_CHILD_REFERENCE);
	EXPECT_EQ(32, VMOP_CHILD_RESIZABLE);
	EXPECT_EQ(64, VMOP_CHILD_NO_WRITE);
	EXPECT_EQ(128, VMOP_CHILD_RESETTABLE);
	EXPECT_EQ(1, VMOP_GET_INFO_SHARES);
	EXPECT_EQ(1, VMOP_PAGER_OP_FAIL);
	EXPECT_EQ(2, VMOP_PAGER_OP_DIRTY);
	EXPECT_EQ(3, VMOP_PAGER_OP_WRITEBACK_BEGIN);
	EXPECT_EQ(4, VMOP_PAGER_OP_WRITEBACK_END);
	EXPECT_EQ(1, VMOP_VMO_OP_COMMIT);
	EXPECT_EQ(2, VMOP_VMO_OP_DECOMMIT);
	EXPECT_EQ(3, VMOP_VMO_OP_LOCK);
	EXPECT_EQ(4, VMOP_VMO_OP_UNLOCK);
	EXPECT_EQ(10, VMOP_VMO_OP_ZERO);
	EXPECT_EQ(11, VMOP_VMO_OP_TRY_LOCK);
	EXPECT_EQ(12, VMOP_VMO_OP_DONT_NEED);
	EXPECT_EQ(13, VMOP_VMO_OP_ALWAYS_NEED);
	EXPECT_EQ(14, VMOP_VMO_OP_PREFETCH);
	EXPECT_EQ(32, VMOP_NAME_LEN);
	EXPECT_EQ(0, VMOP_LATENCY_QUEUE);
	EXPECT_EQ(1, VMOP_LATENCY_SERVICE);
	EXPECT_EQ(2, VMOP_LATENCY_WAKE);
	EXPECT_EQ(40, VMOP_LATENCY_BUCKETS);
}

/* INFO may be asked at any time, says the same, and its limits hold. */
TEST_F(layout, info_limits)
{
	struct vmop_vmo_get_info vmo_info;
	struct vmop_test_vmo_args args = { .key = 1 };
	struct vmop_info info, again;
	int fd;

	test_info(self->tp.fd, &info);
	test_info(self->tp.fd, &again);
	EXPECT_EQ(0, memcmp(&info, &again, sizeof(info)));
	EXPECT_EQ(vmop_test_page_size, info.out_page_size);
	EXPECT_EQ(VMOP_NAME_LEN, info.out_name_len);
	EXPECT_EQ(0, info.out_max_vmo_size % info.out_page_size);
	/* Offsets above S64_MAX are refused, so no VMO may have them. */
	EXPECT_LE(info.out_max_vmo_size, (__u64)INT64_MAX);
	/* Design decision 1: reads ask for at most 16 pages unless told. */
	EXPECT_EQ(16, info.out_default_request_pages);
	ASSERT_LE(info.out_default_request_pages, info.out_max_request_pages);

	args.length = info.out_max_vmo_size;
	args.max_request_pages = info.out_max_request_pages;
	test_pager_vmo_create(&fd, self->tp.fd, self->tp.port, &args);
	test_get_info(fd, &vmo_info);
	EXPECT_EQ(info.out_max_vmo_size, vmo_info.out_size);
	EXPECT_EQ(info.out_max_request_pages, vmo_info.out_max_request_pages);
	close(fd);
	expect_complete(&self->tp, 1);

	args.length = info.out_max_vmo_size + 1;
	test_err_pager_vmo_create(ERANGE, self->tp.fd, self->tp.port, &args);
	test_vmo_create(&fd, self->tp.fd, 0, info.out_max_vmo_size);
	close(fd);
	test_err_vmo_create(ERANGE, self->tp.fd, 0, info.out_max_vmo_size + 1);
}

/*
 * Bit n of out_cmds is set exactly when command VMOP_CMD_BASE + n is there: a
 * structure of size 0 is EINVAL then, and ENOTTY otherwise.
 */
TEST_F(layout, info_lists_what_exists)
{
	struct vmop_info info;
	struct test_vmo vmo;
	unsigned int nr;
	__u32 size = 0;
	int err[3], i;
	bool there;

	new_vmo(&self->tp, &vmo, 1, 1);
	test_info(self->tp.fd, &info);
	for (nr = VMOP_CMD_BASE; nr < VMOP_CMD_BASE + 64; nr++) {
		unsigned long cmd = _IO(VMOP_IOC_TYPE, nr);

		err[0] = vmop_test_ioctl(self->tp.fd, cmd, &size);
		err[1] = vmop_test_ioctl(self->tp.port, cmd, &size);
		err[2] = vmop_test_ioctl(vmo.fd, cmd, &size);
		there = false;
		for (i = 0; i < 3; i++) {
			if (err[i] == -ENOTTY)
				continue;
			EXPECT_EQ(-EINVAL, err[i])
				TH_LOG("command %#x, fd %d", nr, i);
			there = true;
		}
		EXPECT_EQ(there, !!(info.out_cmds >> (nr - VMOP_CMD_BASE) & 1))
			TH_LOG("command %#x", nr);
	}
}

VMOP_TEST_MAIN
