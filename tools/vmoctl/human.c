// SPDX-License-Identifier: GPL-2.0
/*
 * Values as people read them: times, sizes, and names that others chose.
 */
#include <stdio.h>

#include "human.h"

/* In the first of the units in which it has few digits; they end with NULL. */
static void scale(double value, double step, const char *const *units,
		  char *buf, size_t size)
{
	/* What would be rounded up to the next unit is one of it. */
	while (value >= step - 0.05 && units[1]) {
		value /= step;
		units++;
	}
	snprintf(buf, size, "%.1f %s", value, units[0]);
}

const char *human_nsec(__u64 nsec, char *buf, size_t size)
{
	static const char *const units[] = { "us", "ms", "s", NULL };

	if (nsec < 1000)
		snprintf(buf, size, "%llu ns", nsec);
	else
		scale((double)nsec / 1000, 1000, units, buf, size);
	return buf;
}

const char *human_bytes(__u64 value, char *buf, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB",
					     "EiB", NULL };

	if (value < 1024)
		snprintf(buf, size, "%llu", value);
	else
		scale((double)value / 1024, 1024, units, buf, size);
	return buf;
}

/* Control characters of ASCII, and those that UTF-8 has in two bytes. */
static size_t control_length(const unsigned char *text)
{
	if (*text < 0x20 || *text == 0x7f)
		return 1;
	return text[0] == 0xc2 && text[1] >= 0x80 && text[1] < 0xa0 ? 2 : 0;
}

const char *human_text(const char *text, char *buf, size_t size)
{
	size_t at = 0, len;

	while (*text && at + 1 < size) {
		len = control_length((const unsigned char *)text);
		buf[at++] = len ? '?' : *text;
		text += len ? len : 1;
	}
	buf[at] = 0;
	return buf;
}
