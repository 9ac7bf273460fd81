// SPDX-License-Identifier: GPL-2.0
/*
 * Run a table of tests, print TAP.
 */
#include "unit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf unit_out;

void unit_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	longjmp(unit_out, 1);
}

static bool unit_run(const struct unit_test *test, void (*after)(void))
{
	if (setjmp(unit_out))
		return false;
	test->fn();
	after();
	return true;
}

static bool unit_wanted(const struct unit_test *test, int argc, char **argv)
{
	return argc < 2 || strstr(test->name, argv[1]);
}

int unit_main(const struct unit_test *const *tables, int argc, char **argv,
	      void (*after)(void), void (*reset)(void))
{
	const struct unit_test *test;
	unsigned int plan = 0, nr = 0, failed = 0;
	unsigned int i;
	bool ok;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; tables[i]; i++)
		for (test = tables[i]; test->name; test++)
			plan += unit_wanted(test, argc, argv);
	printf("TAP version 13\n1..%u\n", plan);
	for (i = 0; tables[i]; i++) {
		for (test = tables[i]; test->name; test++) {
			if (!unit_wanted(test, argc, argv))
				continue;
			ok = unit_run(test, after);
			failed += !ok;
			printf("%s %u - %s\n", ok ? "ok" : "not ok", ++nr,
			       test->name);
			if (!ok && getenv("UNIT_STOP"))
				return 1;
			if (!ok)
				reset();
		}
	}
	return failed != 0;
}
