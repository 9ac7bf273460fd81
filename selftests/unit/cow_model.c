// SPDX-License-Identifier: GPL-2.0
/*
 * The random test of copy-on-write: a forest of families of VMOs, each VMO with a
 * flat array that predicts what it reads.
 *
 * usage: cow_model [-s SEED] [-n STEPS] [-l EVERY] [-q]
 *
 * SEED and STEPS may also come from the environment. Steps come in episodes that
 * start with nothing, and each step has random numbers of its own. After EVERY so
 * many steps everything is looked at. A failure runs its episode again
 * (-e EPISODE), with a look after each step, leaves out whatever steps it can
 * without losing the failure, and prints the others; with -q it does not.
 */
#include "cow_model.h"

#include <stdarg.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef MODEL_FAST
#define MODEL_NAME	"copy-on-write model"
#define NR_STEPS	6000000
#define LOOK_EVERY	32
#else
#define MODEL_NAME	"copy-on-write model, every step checked"
#define NR_STEPS	150000
#define LOOK_EVERY	1
#endif

#define EPISODE		1024
#define NR_FAMILIES	3

struct model_mood mood;

static struct sim_family *families[NR_FAMILIES];
static unsigned long seed = 1, nr_steps = NR_STEPS, step;
static unsigned long look_every = LOOK_EVERY;
static unsigned long rnd_state;
static long only_episode = -1;
static bool quick;
static const char *program;
static char notes[EPISODE][160];
static bool skip[EPISODE];	/* steps that are left out */
static unsigned long nr_looks;
static struct cow_counts largest;

unsigned long rnd(unsigned long below)
{
	rnd_state ^= rnd_state << 13;
	rnd_state ^= rnd_state >> 7;
	rnd_state ^= rnd_state << 17;
	return (rnd_state >> 11) % below;
}

bool one_in(unsigned long n)
{
	return !rnd(n);
}

void note(const char *fmt, ...)
{
	char *line = notes[step % EPISODE];
	size_t len;
	va_list ap;

	if (only_episode < 0)
		return;
	len = strlen(line);
	va_start(ap, fmt);
	vsnprintf(line + len, sizeof(notes[0]) - len, fmt, ap);
	va_end(ap);
}

static void print_notes(void)
{
	unsigned long i;

	for (i = 0; i <= step % EPISODE; i++) {
		if (!skip[i])
			printf("# step %lu:%s\n", i, notes[i]);
	}
}

/* Runs the episode again, for its notes. */
static void print_replay(void)
{
	char s[32], e[32];
	pid_t pid = fork();

	snprintf(s, sizeof(s), "%lu", seed);
	snprintf(e, sizeof(e), "%lu", step / EPISODE);
	if (!pid) {
		execl(program, program, "-s", s, "-e", e, NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
}

void sim_fail(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	if (only_episode < 0) {
		printf("not ok 1 - " MODEL_NAME ", again with -s %lu -e %lu\n",
		       seed, step / EPISODE);
		if (!quick)
			print_replay();
	} else {
		print_notes();
	}
	fflush(stdout);
	_exit(1);
}

static void look(struct sim_family *fam)
{
	struct cow_counts counts;

	sim_verify(fam, &counts);
	nr_looks++;
	largest.nodes = max(largest.nodes, counts.nodes);
	largest.hidden = max(largest.hidden, counts.hidden);
	largest.pages = max(largest.pages, counts.pages);
}

void model_look(struct sim_family *fam)
{
	if (step % look_every == 0)
		look(fam);
}

static void end_episode(void)
{
	unsigned int i;

	for (i = 0; i < NR_FAMILIES; i++) {
		if (families[i])
			sim_end(families[i]);
		families[i] = NULL;
	}
	SIM_MUST(!cow_shim.objects && !cow_shim.pages && !shim.nodes);
	SIM_MUST(list_empty(&shim_lru) && list_empty(&shim_mappings));
	SIM_MUST(!shim.warnings);
}

static void start_random(unsigned long number)
{
	rnd_state = ((seed << 32) + number) * 0x9e3779b97f4a7c15UL;
	rnd_state = rnd_state ?: 1;
}

static void begin_episode(void)
{
	static const unsigned int pages[] = { 3, 6, 20, 32 };
	static const unsigned int vmos[] = { 3, 6, 12, 24 };

	start_random(~(step / EPISODE));
	mood.pages = pages[rnd(ARRAY_SIZE(pages))];
	mood.vmos = vmos[rnd(ARRAY_SIZE(vmos))];
	mood.patience = 1 + rnd(4) * 2;
	memset(notes, 0, only_episode < 0 ? 0 : sizeof(notes));
}

static void one_step(void)
{
	struct sim_family *fam;
	unsigned int f, v;

	start_random(step + 1);
	f = rnd(NR_FAMILIES);
	fam = families[f];
	if (!fam) {
		note(" %u: new", f);
		families[f] = model_create();
		model_look(families[f]);
		return;
	}
	v = rnd(fam->nr_vmos);
	note(" %u:%u", f, fam->vmo[v]->id);
	model_step(fam, fam->vmo[v]);
	if (fam->nr_vmos) {
		model_look(fam);
		return;
	}
	families[f] = NULL;
	sim_end(fam);
}

static void parse(int argc, char **argv)
{
	int opt;

	if (getenv("SEED"))
		seed = strtoul(getenv("SEED"), NULL, 0);
	if (getenv("STEPS"))
		nr_steps = strtoul(getenv("STEPS"), NULL, 0);
	while ((opt = getopt(argc, argv, "s:n:l:e:q")) != -1) {
		if (opt == 's') {
			seed = strtoul(optarg, NULL, 0);
		} else if (opt == 'n') {
			nr_steps = strtoul(optarg, NULL, 0);
		} else if (opt == 'l') {
			look_every = strtoul(optarg, NULL, 0) ?: 1;
		} else if (opt == 'e') {
			only_episode = strtol(optarg, NULL, 0);
		} else if (opt == 'q') {
			quick = true;
		} else {
			fprintf(stderr,
				"usage: %s [-s SEED] [-n STEPS] [-l EVERY] [-q]\n",
				argv[0]);
			exit(2);
		}
	}
}

static void run(unsigned long from, unsigned long to)
{
	for (step = from; step < to; step++) {
		if (step % EPISODE == 0)
			begin_episode();
		if (!skip[step % EPISODE])
			one_step();
		if (step % EPISODE == EPISODE - 1)
			end_episode();
	}
	end_episode();
}

/* Does the episode fail without the steps that are left out? */
static bool still_fails(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (!freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(127);
		run(only_episode * EPISODE, (only_episode + 1) * EPISODE);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status != 0;
}

/* Leaves out runs of steps, shorter and shorter ones. */
static void leave_out(void)
{
	bool without[EPISODE];
	unsigned int len, at;

	for (len = EPISODE / 2; len; len /= 2) {
		for (at = 0; at < EPISODE; at += len) {
			memcpy(without, skip, sizeof(skip));
			memset(&skip[at], true, len);
			if (memcmp(without, skip, sizeof(skip)) &&
			    !still_fails())
				memcpy(skip, without, sizeof(skip));
		}
	}
}

static int replay(void)
{
	look_every = 1;
	if (still_fails())
		leave_out();
	run(only_episode * EPISODE, (only_episode + 1) * EPISODE);
	printf("# episode %ld is fine\n", only_episode);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	program = argv[0];
	parse(argc, argv);
	if (only_episode >= 0)
		return replay();
	printf("TAP version 13\n1..1\n# seed %lu, %lu steps\n", seed, nr_steps);
	run(0, nr_steps);
	printf("# done (refused):");
	for (i = 0; model_tally[i].name; i++)
		printf(" %s %lu (%lu)", model_tally[i].name,
		       model_tally[i].done, model_tally[i].refused);
	printf("\n# %lu looks; largest family: %u nodes, %u of them hidden, %lu pages\n",
	       nr_looks, largest.nodes, largest.hidden, largest.pages);
	printf("ok 1 - " MODEL_NAME ": %lu steps, %lu copies, %lu zaps\n",
	       nr_steps, cow_shim.copies, cow_shim.zaps);
	return 0;
}
