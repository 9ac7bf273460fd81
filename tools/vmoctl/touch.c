// SPDX-License-Identifier: GPL-2.0
/*
 * Access to mappings that may end in SIGBUS, and the checksum of cksum(1).
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "touch.h"

#define CRC_POLY 0x04c11db7u

/* table[n][b]: the CRC of byte b with n zero bytes after it. */
static __u32 table[4][256];

static void make_table(void)
{
	unsigned int i, bit, n;
	__u32 crc;

	for (i = 0; i < 256; i++) {
		crc = i << 24;
		for (bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc & 0x80000000u ? CRC_POLY : 0);
		table[0][i] = crc;
	}
	for (n = 1; n < 4; n++)
		for (i = 0; i < 256; i++)
			table[n][i] = table[n - 1][i] << 8 ^
				      table[0][table[n - 1][i] >> 24];
}

static __u32 crc_bytes(__u32 crc, const unsigned char *p, size_t len)
{
	if (!table[0][1])
		make_table();
	for (; len >= 4; len -= 4, p += 4) {
		crc ^= (__u32)p[0] << 24 | (__u32)p[1] << 16 |
		       (__u32)p[2] << 8 | p[3];
		crc = table[3][crc >> 24] ^ table[2][crc >> 16 & 0xff] ^
		      table[1][crc >> 8 & 0xff] ^ table[0][crc & 0xff];
	}
	while (len--)
		crc = crc << 8 ^ table[0][crc >> 24 ^ *p++];
	return crc;
}

void cksum_add(struct cksum *c, const void *data, size_t len)
{
	c->crc = crc_bytes(c->crc, data, len);
	c->length += len;
}

/* The length goes in behind the data, its lowest byte first. */
__u32 cksum_end(const struct cksum *c)
{
	unsigned char byte;
	__u64 length = c->length;
	__u32 crc = c->crc;

	for (; length; length >>= 8) {
		byte = length & 0xff;
		crc = crc_bytes(crc, &byte, 1);
	}
	return ~crc;
}

static sigjmp_buf bus_jump;
static const unsigned char *volatile bus_address;

static void on_bus(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	bus_address = info->si_addr;
	siglongjmp(bus_jump, 1);
}

/* SA_NODEFER: the jump out of the handler leaves the signal mask alone. */
static void catch_bus(struct sigaction *old)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_bus;
	sa.sa_flags = SA_SIGINFO | SA_NODEFER;
	sigaction(SIGBUS, &sa, old);
}

static void touch_byte(struct touch *t, volatile unsigned char *p)
{
	unsigned char value = *p;

	if (t->write)
		*p = value;
	if (t->step)
		cksum_add(&t->sum, &value, 1);
}

static void touch_all(struct touch *t, size_t from, size_t to)
{
	size_t at, next;

	for (at = from; at < to; at = next) {
		next = at - at % t->page_size + t->page_size;
		next = next < to ? next : to;
		touch_byte(t, t->base + at);
		cksum_add(&t->sum, t->base + at, next - at);
	}
}

int touch_range(struct touch *t, size_t from, size_t to)
{
	struct sigaction old;
	size_t at;
	int ret = 0;

	catch_bus(&old);
	if (sigsetjmp(bus_jump, 0)) {
		t->bad = bus_address;
		ret = -EFAULT;
	} else if (!t->step) {
		touch_all(t, from, to);
	} else {
		for (at = from; at < to; at += t->step)
			touch_byte(t, t->base + at);
	}
	sigaction(SIGBUS, &old, NULL);
	return ret;
}

int touch_copy(void *to, const void *from, size_t len,
	       const unsigned char **bad)
{
	struct sigaction old;
	int ret = 0;

	catch_bus(&old);
	if (sigsetjmp(bus_jump, 0)) {
		*bad = bus_address;
		ret = -EFAULT;
	} else {
		memcpy(to, from, len);
	}
	sigaction(SIGBUS, &old, NULL);
	return ret;
}
