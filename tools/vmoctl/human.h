/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values as people read them. All of it returns @buf, and no more than fits.
 */
#ifndef HUMAN_H
#define HUMAN_H

#include <linux/types.h>
#include <stddef.h>

/* As "1.5 us", below 1000 as "999 ns". */
const char *human_nsec(__u64 nsec, char *buf, size_t size);

/* As "1.5 MiB", below 1024 as a number. */
const char *human_bytes(__u64 value, char *buf, size_t size);

/* With "?" for what a terminal would obey: names are what others chose. */
const char *human_text(const char *text, char *buf, size_t size);

#endif /* HUMAN_H */
