// SPDX-License-Identifier: GPL-2.0
/*
 * Unit test of how vmoctl writes values for people.
 */
#include <stdio.h>
#include <string.h>

#include "../tools/vmoctl/human.h"
#include "lib_mock.h"

static void check_str(const char *got, const char *want)
{
	if (!strcmp(got, want))
		return;
	printf("# it says '%s', not '%s'\n", got, want);
	lib_failed = true;
}

struct value {
	__u64 value;
	const char *text;
};

static void check_values(const char *(*write)(__u64 v, char *buf, size_t size),
			 const struct value *v)
{
	char buf[32];

	for (; v->text; v++)
		check_str(write(v->value, buf, sizeof(buf)), v->text);
}

static void test_bytes(void)
{
	static const struct value values[] = {
		{ 0, "0" }, { 1023, "1023" }, { 1024, "1.0 KiB" },
		{ 1536, "1.5 KiB" }, { 1023 << 10, "1023.0 KiB" },
		{ (1 << 20) - 1, "1.0 MiB" }, { 1 << 20, "1.0 MiB" },
		{ 3ull << 40, "3.0 TiB" }, { ~0ull, "16.0 EiB" },
		{ 0, NULL }
	};

	check_values(human_bytes, values);
}

static void test_nsec(void)
{
	static const struct value values[] = {
		{ 0, "0 ns" }, { 999, "999 ns" }, { 1000, "1.0 us" },
		{ 999940, "999.9 us" }, { 999960, "1.0 ms" },
		{ 1500000, "1.5 ms" }, { 2000000000, "2.0 s" },
		{ 3600000000000, "3600.0 s" }, { 0, NULL }
	};

	check_values(human_nsec, values);
}

static void test_text(void)
{
	char buf[8];

	check_str(human_text("a\033[1m", buf, sizeof(buf)), "a?[1m");
	/* NEL in UTF-8 is one character; a letter with an accent is none of them. */
	check_str(human_text("\xc2\x85\x7f\xc3\xa9", buf, sizeof(buf)),
		  "??\xc3\xa9");
	check_str(human_text("too long for it", buf, sizeof(buf)), "too lon");
	check_str(human_text("", buf, sizeof(buf)), "");
}

const struct lib_test human_tests[] = {
	{ "sizes for people", test_bytes },
	{ "times for people", test_nsec },
	{ "names that a terminal would obey", test_text },
	{ NULL, NULL }
};
