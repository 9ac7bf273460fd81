// SPDX-License-Identifier: GPL-2.0
/*
 * Content of cells: every word names version, cell and place; see wbm.h.
 */
#include <string.h>

#include "wbm.h"

#define WBM_WORDS (vmop_test_page_size / WBM_CELLS / 8)

static __u64 wbm_word(unsigned int cell, __u32 version, unsigned int i)
{
	return version ? (__u64)version << 32 | cell << 16 | i : 0;
}

void wbm_fill(void *buf, unsigned int cell, unsigned int nr, __u32 version)
{
	__u64 *word = buf;
	unsigned int i;

	for (; nr--; cell++)
		for (i = 0; i < WBM_WORDS; i++)
			*word++ = wbm_word(cell, version, i);
}

/* The first cell of the buffer that has another version, or -1. */
long wbm_differs(const void *buf, unsigned int cell, const __u32 *versions,
		 unsigned int nr)
{
	const __u64 *word = buf;
	unsigned int at, i;

	for (at = 0; at < nr; at++)
		for (i = 0; i < WBM_WORDS; i++)
			if (*word++ != wbm_word(cell + at, versions[at], i))
				return at;
	return -1;
}
