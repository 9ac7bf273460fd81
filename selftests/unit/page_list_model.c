// SPDX-License-Identifier: GPL-2.0
/*
 * The random test of the page list.
 *
 * usage: page_list_model [-s SEED] [-n STEPS]
 *
 * Steps come in episodes that start with empty lists; a failure prints the steps
 * of its episode, and the seed and number of steps that lead to it again. (For
 * the former the program runs itself with -r.)
 */
#include "page_list_model.h"

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#define EPISODE		400
#define NR_PAGES	1024
#define NR_STEPS	(XA_CHUNK_SHIFT == 2 ? 400000 : 1000000)

struct model with_zero, without;
pgoff_t base;
struct events got, want;
bool both;

static struct vmop_page pages[NR_PAGES];
static unsigned long seed = 1, nr_steps = NR_STEPS, step;
static unsigned long rnd_state, opinion_salt;
static char notes[EPISODE][160];
static bool replay;	/* take notes: costs more than the steps */
static const char *program;

unsigned long rnd(unsigned long below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (rnd_state >> 11) % below;
}

void note(const char *fmt, ...)
{
	char *line = notes[step % EPISODE];
	size_t len = strlen(line);
	va_list ap;

	if (!replay)
		return;
	va_start(ap, fmt);
	vsnprintf(line + len, sizeof(notes[0]) - len, fmt, ap);
	va_end(ap);
}

static void print_notes(void)
{
	unsigned long i;

	printf("# positions count from %lu\n", base);
	for (i = step - step % EPISODE; i <= step; i++)
		printf("# step %lu:%s\n", i, notes[i % EPISODE]);
	exit(1);
}

/* Runs to the same step again, for its notes. */
static void print_replay(void)
{
	char s[32], n[32];
	pid_t pid = fork();

	snprintf(s, sizeof(s), "%lu", seed);
	snprintf(n, sizeof(n), "%lu", step + 1);
	if (!pid) {
		execl(program, program, "-r", "-s", s, "-n", n, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

void model_fail(const char *file, int line, const char *what)
{
	if (replay)
		print_notes();
	printf("not ok 1 - page list model, again with -s %lu -n %lu\n", seed,
	       step + 1);
	printf("# %s:%d: %s\n", file, line, what);
	print_replay();
	_exit(1);
}

void event(struct events *log, char type, pgoff_t a, pgoff_t b,
	   unsigned long c)
{
	might_sleep();
	CHECK(log->nr < NR_EVENTS);
	log->event[log->nr++] = (struct event){ type, a, b, c };
}

void expect_events(void)
{
	unsigned int i;

	for (i = 0; i < got.nr && i < want.nr; i++) {
		const struct event *g = &got.event[i], *w = &want.event[i];

		CHECK(g->type == w->type && g->a == w->a && g->b == w->b &&
		      g->c == w->c);
	}
	CHECK(got.nr == want.nr);
	got.nr = 0;
	want.nr = 0;
}

struct vmop_page *page_get(void)
{
	unsigned int i = rnd(NR_PAGES);

	while (pages[i].owned)
		i = (i + 1) % NR_PAGES;
	pages[i].owned = true;
	return &pages[i];
}

void page_put(struct vmop_page *page)
{
	CHECK(page->owned);
	page->owned = false;
}

bool opinion(pgoff_t pgoff)
{
	return ((pgoff + opinion_salt) * 0x9e3779b97f4a7c15UL) >> 63;
}

void opinion_new(void)
{
	opinion_salt = rnd(1 << 20);
}

bool cell_owned(const struct plist_cell *cell)
{
	return cell->kind == VMOP_SLOT_PAGE ||
	       cell->kind == VMOP_SLOT_REFERENCE;
}

struct vmop_slot cell_slot(const struct plist_cell *cell)
{
	struct vmop_slot slot = { .kind = cell->kind };

	slot.reference = cell->content;
	return slot;
}

void cell_empty(struct plist_cell *cell)
{
	memset(cell, 0, sizeof(*cell));
}

void zero_run(const struct model *m, unsigned int at, unsigned int *start,
	      unsigned int *end)
{
	enum vmop_dirty_state state = m->cell[at].state;

	CHECK(m->cell[at].kind == VMOP_SLOT_ZERO);
	for (*start = at; *start > 0; --*start)
		if (m->cell[*start - 1].kind != VMOP_SLOT_ZERO ||
		    m->cell[*start - 1].state != state)
			break;
	for (*end = at + 1; *end < NR_CELLS; ++*end)
		if (m->cell[*end].kind != VMOP_SLOT_ZERO ||
		    m->cell[*end].state != state)
			break;
}

bool zero_first(const struct model *m, unsigned int at)
{
	unsigned int start, end;

	if (m->cell[at].kind != VMOP_SLOT_ZERO)
		return false;
	zero_run(m, at, &start, &end);
	return start == at;
}

/* Mostly short ranges, sometimes all; sometimes empty. */
unsigned int random_range(unsigned int *end)
{
	unsigned int start = rnd(NR_CELLS);
	unsigned int len = rnd(8) ? rnd(12) : rnd(NR_CELLS + 1);

	*end = min(start + len, (unsigned int)NR_CELLS);
	return start;
}

void got_free(void *ctx, pgoff_t pgoff, struct vmop_slot slot)
{
	event(&got, 'f', pgoff - base, slot.kind, slot.reference);
	if (slot.kind == VMOP_SLOT_PAGE)
		page_put(slot.page);
}

void want_free(unsigned int at, const struct plist_cell *cell)
{
	if (cell_owned(cell))
		event(&want, 'f', at, cell->kind, cell->content);
}

static void verify_one(struct model *m, bool failed)
{
	static struct plist_cell cells[MAX_CELLS];
	unsigned int i, reserved;
	const char *wrong = vmop_plist_check(&m->pl, &reserved);

	if (wrong)
		model_fail(__FILE__, __LINE__, wrong);
	/* What failed has reserved nothing. */
	CHECK(!failed || reserved <= m->reserved);
	m->reserved = reserved;
	plist_cells(&m->pl, base, NR_CELLS, cells);
	if (!memcmp(cells, m->cell, NR_CELLS * sizeof(cells[0])))
		return;
	for (i = 0; i < NR_CELLS; i++) {
		CHECK(cells[i].kind == m->cell[i].kind);
		CHECK(cells[i].content == m->cell[i].content);
		CHECK(cells[i].state == m->cell[i].state);
		CHECK(cells[i].awaiting == m->cell[i].awaiting);
	}
	CHECK(!"the same");
}

void verify(struct model *m, bool failed)
{
	if (m == &with_zero || both)
		verify_one(&with_zero, failed);
	if (m == &without || both)
		verify_one(&without, failed);
	CHECK(!shim.warnings);
	CHECK(!shim.locks);
	CHECK(!shim.rcu);
}

static void end_episode(struct model *m)
{
	unsigned int i;

	for (i = 0; i < NR_CELLS; i++) {
		want_free(i, &m->cell[i]);
		cell_empty(&m->cell[i]);
	}
	vmop_plist_clear_all(&m->pl, got_free, NULL);
	expect_events();
	CHECK(vmop_plist_is_empty(&m->pl));
	vmop_plist_destroy(&m->pl);
}

static void begin_episode(void)
{
	static const pgoff_t bases[] = {
		0, 0, 50, 4096 - 70, ((pgoff_t)1 << 40) - 30,
		VMOP_PLIST_MAX_PAGES - MAX_CELLS,
	};
	unsigned int i;

	end_episode(&with_zero);
	end_episode(&without);
	CHECK(!shim.nodes);
	for (i = 0; i < NR_PAGES; i++)
		CHECK(!pages[i].owned);
	memset(notes, 0, sizeof(notes));
	base = bases[rnd(ARRAY_SIZE(bases))];
	if (base == VMOP_PLIST_MAX_PAGES - MAX_CELLS)
		base = VMOP_PLIST_MAX_PAGES - NR_CELLS;
}

static void run_op(const model_op *ops, struct model *m)
{
	unsigned int nr = 0;

	while (ops[nr])
		nr++;
	ops[rnd(nr)](m);
}

static void one_step(void)
{
	struct model *m = rnd(3) ? &with_zero : &without;
	unsigned int kind = rnd(20);

	both = kind < 2 || !rnd(50);

	if (step % EPISODE == 0)
		begin_episode();
	note(" %s:", m == &with_zero ? "zero" : "other");
	opinion_new();
	if (kind < 2)
		run_op(move_ops, m);
	else if (kind < 11 && m == &with_zero)
		run_op(zero_ops, m);
	else
		run_op(point_ops, m);
	expect_events();
	verify(m, false);
	check_queries(m);
	expect_events();
}

int main(int argc, char **argv)
{
	int opt;

	setvbuf(stdout, NULL, _IOLBF, 0);
	program = argv[0];
	while ((opt = getopt(argc, argv, "s:n:r")) != -1) {
		if (opt == 's') {
			seed = strtoul(optarg, NULL, 0);
		} else if (opt == 'n') {
			nr_steps = strtoul(optarg, NULL, 0);
		} else if (opt == 'r') {
			replay = true;
		} else {
			fprintf(stderr, "usage: %s [-s SEED] [-n STEPS]\n",
				argv[0]);
			return 2;
		}
	}
	rnd_state = seed * 0x9e3779b97f4a7c15UL + 1;
	vmop_plist_init(&with_zero.pl);
	vmop_plist_init(&without.pl);
	if (!replay)
		printf("TAP version 13\n1..1\n"
		       "# seed %lu, %lu steps, %u positions\n", seed, nr_steps,
		       NR_CELLS);
	for (step = 0; step < nr_steps; step++)
		one_step();
	begin_episode();
	printf("ok 1 - page list model: %lu steps, %lu allocations\n", nr_steps,
	       shim.allocs);
	return 0;
}
