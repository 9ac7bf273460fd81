/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Access to mappings that may end in SIGBUS, and the checksum of cksum(1).
 */
#ifndef VMOCTL_TOUCH_H
#define VMOCTL_TOUCH_H

#include <stddef.h>
#include <linux/types.h>

/**
 * struct cksum - running checksum as cksum(1) makes it
 * @crc: so far
 * @length: bytes so far
 */
struct cksum {
	__u32 crc;
	__u64 length;
};

void cksum_add(struct cksum *c, const void *data, size_t len);
__u32 cksum_end(const struct cksum *c);

/**
 * struct touch - a walk over a mapping
 * @base: where it is mapped
 * @step: bytes from one touched byte to the next; 0: all bytes
 * @page_size: bytes of a page
 * @write: write each touched byte, or the first of each page, back
 * @sum: of the bytes read
 * @bad: address of the SIGBUS that ended the walk, or NULL
 */
struct touch {
	unsigned char *base;
	size_t step;
	size_t page_size;
	int write;
	struct cksum sum;
	const unsigned char *bad;
};

/*
 * Walks over [from, to) of the mapping. One thread at a time.
 * Return: 0, or -EFAULT after a SIGBUS, with t->bad set.
 */
int touch_range(struct touch *t, size_t from, size_t to);

/* memcpy() from or to a mapping. Return: 0, or -EFAULT with *bad set. */
int touch_copy(void *to, const void *from, size_t len,
	       const unsigned char **bad);

#endif /* VMOCTL_TOUCH_H */
