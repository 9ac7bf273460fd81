// SPDX-License-Identifier: GPL-2.0
/*
 * Lists as text, logging callbacks, main().
 */
#include "page_list_test.h"

#include <ctype.h>
#include <stdarg.h>

struct vmop_page test_pages[NR_TEST_PAGES];
struct vmop_plist pl, other;
unsigned int nr_reserved;

static char log_text[4096];

struct vmop_slot slot_page(unsigned int id)
{
	return (struct vmop_slot){ .kind = VMOP_SLOT_PAGE,
				   .page = &test_pages[id] };
}

struct vmop_slot slot_reference(u64 reference)
{
	return (struct vmop_slot){ .kind = VMOP_SLOT_REFERENCE,
				   .reference = reference };
}

struct vmop_slot slot_marker(void)
{
	return (struct vmop_slot){ .kind = VMOP_SLOT_MARKER };
}

static const char *const state_letter[] = {
	[VMOP_UNTRACKED] = "u",
	[VMOP_CLEAN] = "",
	[VMOP_DIRTY] = "d",
	[VMOP_AWAITING_CLEAN] = "a",
};

static enum vmop_dirty_state parse_state(const char *word)
{
	size_t len = strlen(word);

	if (word[len - 1] == 'd')
		return VMOP_DIRTY;
	if (word[len - 1] == 'a')
		return VMOP_AWAITING_CLEAN;
	return VMOP_CLEAN;
}

static void build_interval(struct vmop_plist *list, pgoff_t start, pgoff_t end,
			   const char *word)
{
	enum vmop_dirty_state state = word[0] == 'u' ? VMOP_UNTRACKED :
						       VMOP_DIRTY;

	EXPECT_EQ(vmop_plist_add_zero_interval(list, start, end, state), 0);
	if (word[1] == 'A')
		vmop_plist_set_interval_awaiting(list, start,
						 strtoul(word + 2, NULL, 10));
}

/* One word: [B+]start[-last]:what */
static void build_word(struct vmop_plist *list, const char *word)
{
	pgoff_t base = 0, start, last;
	unsigned long number;
	char *at;

	if (!strncmp(word, "B+", 2)) {
		base = BASE;
		word += 2;
	}
	start = base + strtoul(word, &at, 10);
	last = start;
	if (*at == '-')
		last = base + strtoul(at + 1, &at, 10);
	EXPECT(*at++ == ':');
	number = strtoul(at + 1, NULL, 10);
	if (*at == 'p')
		EXPECT_EQ(vmop_plist_insert_page(list, start,
						 &test_pages[number],
						 parse_state(at)), 0);
	else if (*at == 'r')
		EXPECT_EQ(vmop_plist_insert_reference(list, start, number), 0);
	else if (*at == 'm')
		EXPECT_EQ(vmop_plist_insert_marker(list, start), 0);
	else
		build_interval(list, start, last + 1, at);
}

void build(struct vmop_plist *list, const char *text)
{
	char word[64];
	int used;

	while (sscanf(text, " %63s%n", word, &used) == 1) {
		build_word(list, word);
		text += used;
	}
}

static int append(char *to, size_t size, const char *fmt, ...)
{
	size_t len = strlen(to);
	va_list ap;
	int ret;

	if (len && len + 1 < size)
		to[len++] = ' ';
	va_start(ap, fmt);
	ret = vsnprintf(to + len, size - len, fmt, ap);
	va_end(ap);
	return ret;
}

static void slot_text(char *to, size_t size, struct vmop_slot slot,
		      const char *state)
{
	switch (slot.kind) {
	case VMOP_SLOT_EMPTY:
		snprintf(to, size, "empty");
		break;
	case VMOP_SLOT_PAGE:
		snprintf(to, size, "p%u%s", slot.page->id, state);
		break;
	case VMOP_SLOT_MARKER:
		snprintf(to, size, "m");
		break;
	case VMOP_SLOT_REFERENCE:
		snprintf(to, size, "r%llu", (unsigned long long)slot.reference);
		break;
	case VMOP_SLOT_ZERO:
		snprintf(to, size, "z");
		break;
	}
}

const char *describe_slot(struct vmop_slot slot)
{
	char text[64];

	slot_text(text, sizeof(text), slot, "");
	return strdup(text);
}

static void place_text(char *to, size_t size, pgoff_t start, pgoff_t end)
{
	bool far = start >= BASE;

	if (far) {
		start -= BASE;
		end -= BASE;
	}
	if (end - start == 1)
		snprintf(to, size, "%s%lu", far ? "B+" : "", start);
	else
		snprintf(to, size, "%s%lu-%lu", far ? "B+" : "", start,
			 end - 1);
}

#define TEXT_SIZE	8192
#define NR_CELLS	1024

static void describe_cells(char *text, pgoff_t base,
			   const struct plist_cell *cells)
{
	char place[64], what[64];
	pgoff_t at, end;

	for (at = 0; at < NR_CELLS; at = end) {
		const struct plist_cell *cell = &cells[at];
		struct vmop_slot slot = { .kind = cell->kind };

		end = at + 1;
		if (cell->kind == VMOP_SLOT_EMPTY)
			continue;
		slot.reference = cell->content;
		slot_text(what, sizeof(what), slot, state_letter[cell->state]);
		if (cell->kind == VMOP_SLOT_ZERO) {
			while (end < NR_CELLS &&
			       cells[end].kind == VMOP_SLOT_ZERO &&
			       cells[end].state == cell->state)
				end++;
			if (cell->state == VMOP_UNTRACKED)
				strcpy(what, "u");
			else if (cell->awaiting)
				snprintf(what, sizeof(what), "zA%lu",
					 cell->awaiting);
		}
		place_text(place, sizeof(place), base + at, base + end);
		append(text, TEXT_SIZE, "%s:%s", place, what);
	}
}

/* Written from the entries, so that it does not depend on what it tests. */
const char *describe(struct vmop_plist *list)
{
	static struct plist_cell cells[NR_CELLS];
	const char *wrong = vmop_plist_check(list, &nr_reserved);
	char *text = calloc(1, TEXT_SIZE);

	if (wrong) {
		free(text);
		unit_fail(__FILE__, __LINE__, "%s", wrong);
	}
	plist_cells(list, 0, NR_CELLS, cells);
	describe_cells(text, 0, cells);
	plist_cells(list, BASE, NR_CELLS, cells);
	describe_cells(text, BASE, cells);
	return text;
}

void expect_text(const char *is, const char *want, const char *file, int line)
{
	char copy[512];
	bool same = !strcmp(is, want);

	snprintf(copy, sizeof(copy), "%s", is);
	free((void *)is);
	if (!same)
		unit_fail(file, line, "'%s', not '%s'", copy, want);
}

void expect_list(struct vmop_plist *list, const char *text, const char *file,
		 int line)
{
	expect_text(describe(list), text, file, line);
}

void forget(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
}

void drop(struct vmop_plist *list)
{
	vmop_plist_clear_all(list, forget, NULL);
	vmop_plist_destroy(list);
}

void log_add(const char *fmt, ...)
{
	char word[64];
	va_list ap;

	/* Every callback of the list may sleep. */
	might_sleep();
	va_start(ap, fmt);
	vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	append(log_text, sizeof(log_text), "%s", word);
}

const char *log_take(void)
{
	char *text = strdup(log_text);

	log_text[0] = '\0';
	return text;
}

static int answer(void *ctx, pgoff_t pgoff)
{
	struct answer *answer = ctx;

	return answer && answer->at == pgoff ? answer->ret : VMOP_PLIST_NEXT;
}

int log_slot(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	char what[64];

	slot_text(what, sizeof(what), slot, "");
	log_add("%lu:%s", pgoff, what);
	return answer(ctx, pgoff);
}

int log_gap(void *ctx, pgoff_t start, pgoff_t end)
{
	log_add("gap[%lu,%lu)", start, end);
	return answer(ctx, start);
}

int log_run(void *ctx, pgoff_t start, pgoff_t end, bool is_interval)
{
	log_add("%s[%lu,%lu)", is_interval ? "zero" : "run", start, end);
	return answer(ctx, start);
}

void log_free(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	log_slot(NULL, pgoff, slot);
}

/* Every test leaves no warning, log, lock or node behind. */
static void after(void)
{
	EXPECT_EQ(shim.warnings, 0);
	LOG_IS("");
	drop(&pl);
	drop(&other);
	EXPECT_EQ(shim.warnings, 0);
	EXPECT_EQ(shim.nodes, 0);
	EXPECT_EQ(shim.locks, 0);
	EXPECT_EQ(shim.rcu, 0);
}

static void reset(void)
{
	shim.fail_at = 0;
	shim.on_unlock = NULL;
	drop(&pl);
	drop(&other);
	shim.warnings = 0;
	free((void *)log_take());
}

int main(int argc, char **argv)
{
	static const struct unit_test *const tables[] = {
		core_tests, walk_tests, interval_tests, dirty_tests,
		trace_tests, move_tests, splice_tests, NULL
	};
	unsigned int i;

	for (i = 0; i < NR_TEST_PAGES; i++)
		test_pages[i].id = i;
	vmop_plist_init(&pl);
	vmop_plist_init(&other);
	return unit_main(tables, argc, argv, after, reset);
}
