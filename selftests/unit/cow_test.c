// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the copy-on-write engine, module/cow*.c: what they share.
 *
 * usage: cow_test [TEXT]	only those whose name contains TEXT
 *
 * Names begin with the rule of semantics that they show. What COW-5, 6, 8 to 12
 * and 27 to 40 say of options, rights, slices and names is decided above the
 * engine.
 */
#include "cow_test.h"

struct sim_family *fam;
struct sim_vmo *r;

void sim_fail(const char *file, int line, const char *what)
{
	unit_fail(file, line, "%s", what);
}

void family(bool with_source, pgoff_t nr_pages)
{
	pgoff_t pgoff;

	fam = sim_create(with_source, nr_pages * PAGE_SIZE);
	r = fam->vmo[0];
	for (pgoff = 0; with_source && pgoff < SIM_PAGES; pgoff++) {
		fam->store[pgoff][0] = 100 + pgoff;
		if (pgoff < nr_pages)
			flat_write(r->flat, pgoff, 0, 100 + pgoff);
	}
}

struct sim_vmo *clone(struct sim_vmo *vmo, enum sim_kind kind, pgoff_t offset,
		      pgoff_t nr_pages)
{
	struct sim_vmo *made;

	OK(sim_clone(vmo, kind, offset, nr_pages, false, &made));
	return made;
}

struct sim_vmo *resettable(struct sim_vmo *vmo, enum sim_kind kind,
			   pgoff_t offset, pgoff_t nr_pages)
{
	struct sim_vmo *made;

	OK(sim_clone(vmo, kind, offset, nr_pages, true, &made));
	return made;
}

u32 reads(struct sim_vmo *vmo, pgoff_t pgoff)
{
	u32 cell[SHIM_CELLS];

	sim_peek(vmo, pgoff, cell);
	return cell[0];
}

struct vmop_res resolve(struct sim_vmo *vmo, pgoff_t pgoff)
{
	struct vmop_res res;

	down_read(&fam->tree->lock);
	res = vmop_cow_resolve(sim_node(vmo), pgoff);
	up_read(&fam->tree->lock);
	return res;
}

void expect_reads(struct sim_vmo *vmo, const char *want, const char *file,
		  int line)
{
	char text[512] = "", *at = text;
	pgoff_t pgoff;
	u32 value;

	for (pgoff = 0; pgoff < sim_node(vmo)->nr_pages; pgoff++) {
		value = reads(vmo, pgoff);
		at += sprintf(at, "%s", pgoff ? " " : "");
		at += value ? sprintf(at, "%u", value) : sprintf(at, ".");
	}
	if (strcmp(text, want))
		unit_fail(file, line, "'%s', not '%s'", text, want);
	LOOK();
}

unsigned long own(struct sim_vmo *vmo)
{
	return atomic_long_read(&sim_node(vmo)->nr_resident);
}

unsigned long all_pages(void)
{
	struct cow_counts counts;

	sim_verify(fam, &counts);
	return counts.pages;
}

unsigned int nr_hidden(void)
{
	struct cow_counts counts;

	sim_verify(fam, &counts);
	return counts.hidden;
}

/* Every test leaves no warning, lock, node, page, space or list entry behind. */
static void after(void)
{
	if (fam) {
		LOOK();
		sim_end(fam);
	}
	fam = NULL;
	EXPECT_EQ(shim.warnings, 0);
	EXPECT_EQ(shim.nodes, 0);
	EXPECT_EQ(cow_shim.objects, 0);
	EXPECT_EQ(cow_shim.pages, 0);
	EXPECT(list_empty(&shim_lru));
	EXPECT(list_empty(&shim_mappings));
}

/* What a failed test has left cannot be trusted: it is not looked at again. */
static void reset(void)
{
	fam = NULL;
	memset(&cow_shim, 0, sizeof(cow_shim));
	memset(&shim, 0, sizeof(shim));
	INIT_LIST_HEAD(&shim_lru);
	INIT_LIST_HEAD(&shim_mappings);
}

int main(int argc, char **argv)
{
	static const struct unit_test *const tables[] = {
		fork_tests, size_tests, freeze_tests, reset_tests, dirty_tests,
		merge_tests, cost_tests, locks_tests, tree_tests, fail_tests,
		NULL
	};

	return unit_main(tables, argc, argv, after, reset);
}
