/* SPDX-License-Identifier: GPL-2.0 */
/*
 * unit.h - a table of tests that prints TAP.
 */
#ifndef VMOP_UNIT_H
#define VMOP_UNIT_H

#include <stdbool.h>
#include <stddef.h>

struct unit_test {
	const char *name;
	void (*fn)(void);
};

#define UNIT(fn)	{ #fn, fn }

/* Ends the test that is running. */
void unit_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));

#define EXPECT(cond)							\
do {									\
	if (!(cond))							\
		unit_fail(__FILE__, __LINE__, "%s", #cond);		\
} while (0)

#define EXPECT_EQ(a, b)							\
do {									\
	long long __a = (long long)(a), __b = (long long)(b);		\
									\
	if (__a != __b)							\
		unit_fail(__FILE__, __LINE__,				\
			  "%s is %lld, not %s = %lld", #a, __a, #b, __b); \
} while (0)

/*
 * Runs tests one after the other, those whose name contains argv[1] if given;
 * after() looks for what each has left behind, reset() cleans up after one that
 * failed; with UNIT_STOP in the environment that one is the last. Returns the exit
 * status.
 */
int unit_main(const struct unit_test *const *tables, int argc, char **argv,
	      void (*after)(void), void (*reset)(void));

#endif /* VMOP_UNIT_H */
