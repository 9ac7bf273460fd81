/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cow_test.h - what the copy-on-write tests share.
 *
 * A test works on one family and its VMOs: r, the first one, and others that it
 * makes of it. What it does it does as the module would (cow_sim.h), and whatever
 * it does, the predictions of all VMOs are compared when it LOOKs.
 */
#ifndef COW_TEST_H
#define COW_TEST_H

#include "cow_sim.h"
#include "unit.h"

extern struct sim_family *fam;
extern struct sim_vmo *r;

/* The family of the test: r has nr_pages; a pager's store has 100, 101, .. */
void family(bool with_source, pgoff_t nr_pages);

struct sim_vmo *clone(struct sim_vmo *vmo, enum sim_kind kind, pgoff_t offset,
		      pgoff_t nr_pages);
struct sim_vmo *resettable(struct sim_vmo *vmo, enum sim_kind kind,
			   pgoff_t offset, pgoff_t nr_pages);

#define SNAPSHOT(vmo, offset, nr)	clone(vmo, SIM_SNAPSHOT, offset, nr)
#define ON_WRITE(vmo, offset, nr) \
	clone(vmo, SIM_AT_LEAST_ON_WRITE, offset, nr)
#define MODIFIED(vmo, offset, nr)	clone(vmo, SIM_MODIFIED, offset, nr)

/* What the first bytes of a page are. */
u32 reads(struct sim_vmo *vmo, pgoff_t pgoff);
struct vmop_res resolve(struct sim_vmo *vmo, pgoff_t pgoff);
void expect_reads(struct sim_vmo *vmo, const char *want, const char *file,
		  int line);

/* One number for each page of a VMO, "." for zeros. */
#define READS(vmo, text)	expect_reads(vmo, text, __FILE__, __LINE__)

/* Pages that are the VMO's own, and those of the whole family. */
unsigned long own(struct sim_vmo *vmo);
unsigned long all_pages(void);
unsigned int nr_hidden(void);
#define LOOK()			sim_verify(fam, NULL)
#define OWN(vmo, n)		EXPECT_EQ(own(vmo), n)
#define PAGES(n)		EXPECT_EQ(all_pages(), n)
#define HIDDEN(n)		EXPECT_EQ(nr_hidden(), n)
#define OK(call)		EXPECT_EQ(call, 0)
#define WRITE(vmo, pgoff, v)	OK(sim_write(vmo, pgoff, 0, v))

/* How many were copied by a call. */
#define COPIES(n, call)							\
do {									\
	unsigned long __copies = cow_shim.copies;			\
									\
	call;								\
	EXPECT_EQ(cow_shim.copies - __copies, n);			\
} while (0)

/*
 * Evaluates call, an int, failing its first allocation, then its second, and so
 * on until it gets all that it asks for. What VMOs read must not change as long
 * as it fails. Returns what it returns then.
 */
#define FAIL_EACH(nr_failed, call)					\
({									\
	int sweep_ret;							\
									\
	(nr_failed) = 0;						\
	for (;;) {							\
		shim.fail_at = shim.allocs + (nr_failed) + 1;		\
		shim.failed = false;					\
		sweep_ret = (call);					\
		shim.fail_at = 0;					\
		LOOK();							\
		if (!shim.failed)					\
			break;						\
		EXPECT_EQ(sweep_ret, -ENOMEM);				\
		(nr_failed)++;						\
	}								\
	sweep_ret;							\
})

extern const struct unit_test tree_tests[], fork_tests[], size_tests[];
extern const struct unit_test freeze_tests[], reset_tests[], fail_tests[];
extern const struct unit_test dirty_tests[], locks_tests[], merge_tests[];
extern const struct unit_test cost_tests[];

#endif /* COW_TEST_H */
