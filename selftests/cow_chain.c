// SPDX-License-Identifier: GPL-2.0
/*
 * Deep and wide families: lines of 1000 clones, each made of the one before, and
 * hundreds of children of one parent; made, read, written, resized and closed in
 * several orders. Rules COW-13, COW-15, COW-21 to COW-23 of the specification of
 * behaviour, and Zircon's DeepHierarchy and ManyChildren.
 *
 * Every second page is written by somebody on the way; the others are the first
 * one's, a thousand steps away.
 */
#include <sys/resource.h>

#include "test_cow.h"
#include "vmop_test.h"

#define KEY 0xdee9
#define DEPTH 1000
#define NR 32
#define WRITTEN 16		/* pages that are written to by somebody */
#define MANY 400

enum family {
	ANONYMOUS,
	FOLLOWING,		/* a pager's VMO and clones that follow it */
	FROZEN,			/* a pager's VMO and a snapshot of it */
	AFTER_FOLLOWING,	/* SNAPSHOT_MODIFIED under such a clone */
};

enum order {
	FIRST_TO_LAST,
	LAST_TO_FIRST,
	EVEN_THEN_ODD,
	MIDDLE_OUT,
	AT_RANDOM,
};

/* key[]: of what each page shows; 0: zeros. */
struct level {
	struct test_cow v;
	__u64 key[NR];
};

FIXTURE(chain)
{
	struct test_pager tp;
	struct test_vmo root;
	struct level *level;
};

FIXTURE_VARIANT(chain)
{
	enum family family;
	enum order order;
};

#define CHAIN(_family, _order) \
FIXTURE_VARIANT_ADD(chain, _family ## _ ## _order) \
{ \
	.family = _family, \
	.order = _order, \
}

CHAIN(ANONYMOUS, FIRST_TO_LAST);
CHAIN(ANONYMOUS, LAST_TO_FIRST);
CHAIN(ANONYMOUS, EVEN_THEN_ODD);
CHAIN(ANONYMOUS, MIDDLE_OUT);
CHAIN(ANONYMOUS, AT_RANDOM);
CHAIN(FOLLOWING, FIRST_TO_LAST);
CHAIN(FOLLOWING, LAST_TO_FIRST);
CHAIN(FOLLOWING, AT_RANDOM);
CHAIN(FROZEN, FIRST_TO_LAST);
CHAIN(FROZEN, EVEN_THEN_ODD);
CHAIN(FROZEN, AT_RANDOM);
CHAIN(AFTER_FOLLOWING, MIDDLE_OUT);
CHAIN(AFTER_FOLLOWING, AT_RANDOM);

typedef FIXTURE_DATA(chain) chain_data;

static void more_descriptors(void)
{
	struct rlimit lim;

	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
}

FIXTURE_SETUP(chain)
{
	more_descriptors();
	ASSERT_EQ(0, test_pager_init(&self->tp));
	self->level = calloc(DEPTH + 1, sizeof(*self->level));
	ASSERT_NE(NULL, self->level);
}

FIXTURE_TEARDOWN(chain)
{
	test_pager_exit(&self->tp);
	free(self->level);
}

/* The first of the line, with a page of each kind. 0 or -errno. */
static int make_first(chain_data *self, enum family family)
{
	struct level *l = &self->level[0];
	unsigned int i;
	int ret;

	for (i = 0; i < NR; i++)
		l->key[i] = KEY;
	if (family == ANONYMOUS)
		return test_cow_filled(&l->v, self->tp.fd, VMOP_VMO_RESIZABLE,
				       NR, KEY);
	ret = test_pager_vmo(&self->tp, &self->root, KEY, NR);
	if (!ret)
		ret = test_pager_supply(&self->tp, &self->root, 0, NR);
	l->v.fd = dup(self->root.fd);
	return ret ? ret : l->v.fd < 0 ? -errno : 0;
}

static __u32 kind_of(enum family family, unsigned int i)
{
	switch (family) {
	case FOLLOWING:
		return ON_WRITE;
	case AFTER_FOLLOWING:
		return i == 1 ? ON_WRITE : MODIFIED;
	default:
		return SNAPSHOT;
	}
}

/* Level i of i - 1, and a page of its own. */
static int make_next(chain_data *self, enum family family, unsigned int i)
{
	struct level *l = &self->level[i];
	unsigned int page = i % WRITTEN * 2;

	memcpy(l->key, self->level[i - 1].key, sizeof(l->key));
	l->v.fd = test_cow_child(self->level[i - 1].v.fd,
				 kind_of(family, i) | RESIZABLE, 0, PG(NR));
	if (l->v.fd < 0)
		return l->v.fd;
	l->key[page] = KEY + i;
	return test_cow_put(&l->v, false, page, 1, KEY + i, page);
}

static bool level_is_right(const struct level *l)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		if (!(l->key[i] ?
		      test_cow_shows(&l->v, false, i, 1, l->key[i], i) :
		      test_cow_zeros(&l->v, false, i, 1)))
			return false;
	}
	return true;
}

/*
 * Those that are open, or one in step of them and the last; one in four of those
 * where everything is ten times slower.
 */
static bool all_right(chain_data *self, unsigned int step)
{
	unsigned int i;

	if (step > 1 && vmop_test_scale() > 1)
		step *= 4;
	for (i = 0; i <= DEPTH; i++) {
		if (self->level[i].v.fd < 0 || (i % step && i != DEPTH))
			continue;
		if (!level_is_right(&self->level[i])) {
			fprintf(stderr, "# level %u\n", i);
			return false;
		}
	}
	return true;
}

/* Everybody's turn once. */
static void make_order(enum order order, unsigned int turn[DEPTH + 1])
{
	unsigned int i, j, t;
	__u64 random = 1;

	for (i = 0; i <= DEPTH; i++) {
		turn[i] = i;
		if (order == LAST_TO_FIRST)
			turn[i] = DEPTH - i;
		else if (order == EVEN_THEN_ODD)
			turn[i] = i <= DEPTH / 2 ? 2 * i :
				  2 * (i - DEPTH / 2) - 1;
		else if (order == MIDDLE_OUT)
			turn[i] = i & 1 ? DEPTH / 2 - (i + 1) / 2 :
				  DEPTH / 2 + i / 2;
	}
	for (i = DEPTH; order == AT_RANDOM && i; i--) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		j = (random >> 33) % (i + 1);
		t = turn[i];
		turn[i] = turn[j];
		turn[j] = t;
	}
}

/*
 * One in the middle shrinks to half and grows again. Those who follow it lose what
 * they saw through it (COW-19); snapshots do not.
 */
static int resize_one(chain_data *self, enum family family, unsigned int who)
{
	unsigned int i, page;
	int ret;

	ret = vmop_test_set_size(self->level[who].v.fd, PG(NR / 2));
	if (!ret)
		ret = vmop_test_set_size(self->level[who].v.fd, PG(NR));
	for (page = NR / 2; page < NR; page++) {
		__u64 lost = self->level[who].key[page];

		self->level[who].key[page] = 0;
		for (i = who + 1; family == FOLLOWING && i <= DEPTH; i++)
			if (self->level[i].key[page] == lost)
				self->level[i].key[page] = 0;
	}
	return ret;
}

/* COW-22, Zircon's DeepHierarchy: nothing is lost, and nothing takes for ever. */
TEST_F_TIMEOUT(chain, cow_22_deep, 300)
{
	unsigned int turn[DEPTH + 1], i, page;

	ASSERT_EQ(0, make_first(self, variant->family));
	for (i = 1; i <= DEPTH; i++)
		ASSERT_EQ(0, make_next(self, variant->family, i))
			TH_LOG("level %u", i);
	EXPECT_TRUE(all_right(self, 13));
	/* what is a thousand steps away, changed on the way */
	for (i = 100; i <= DEPTH; i += 100) {
		page = 2 * (i / 100 % WRITTEN) + 1;
		/* the later ones first, who follow the earlier ones */
		ASSERT_EQ(0, test_cow_put(&self->level[1100 - i].v, false, page,
					  1, KEY + 5000 + i, page));
		self->level[1100 - i].key[page] = KEY + 5000 + i;
		for (unsigned int j = 1100 - i + 1; j <= DEPTH &&
		     variant->family == FOLLOWING; j++)
			self->level[j].key[page] = KEY + 5000 + i;
	}
	EXPECT_TRUE(all_right(self, 50));
	ASSERT_EQ(0, resize_one(self, variant->family, DEPTH / 2));
	EXPECT_TRUE(all_right(self, 50));
	/* zeros are handed on as anything else */
	zero_pages(self->level[DEPTH].v.fd, 0, 3);
	memset(self->level[DEPTH].key, 0, 3 * sizeof(__u64));
	make_order(variant->order, turn);
	for (i = 0; i <= DEPTH; i++) {
		test_cow_close(&self->level[turn[i]].v);
		if (i % 250 == 249)
			ASSERT_TRUE(all_right(self, 50));
		if (i == DEPTH - 3)
			ASSERT_TRUE(all_right(self, 1));
	}
}

/* ---- many children --------------------------------------------------------- */

FIXTURE(wide)
{
	struct test_pager tp;
	struct test_vmo root;
	struct level parent;
	struct level *kid;
};

FIXTURE_VARIANT(wide)
{
	bool pager;
	__u32 kind;
};

FIXTURE_VARIANT_ADD(wide, anonymous)
{
	.kind = SNAPSHOT,
};

FIXTURE_VARIANT_ADD(wide, following)
{
	.pager = true,
	.kind = ON_WRITE,
};

FIXTURE_VARIANT_ADD(wide, frozen)
{
	.pager = true,
	.kind = SNAPSHOT,
};

FIXTURE_SETUP(wide)
{
	unsigned int i;

	more_descriptors();
	ASSERT_EQ(0, test_pager_init(&self->tp));
	self->kid = calloc(MANY, sizeof(*self->kid));
	ASSERT_NE(NULL, self->kid);
	for (i = 0; i < NR; i++)
		self->parent.key[i] = KEY;
	if (variant->pager) {
		new_vmo(&self->tp, &self->root, KEY, NR);
		supply(&self->tp, &self->root, 0, NR);
		self->parent.v = test_cow_of(&self->root);
	} else {
		filled(&self->parent.v, 0, NR, KEY);
	}
}

FIXTURE_TEARDOWN(wide)
{
	test_pager_exit(&self->tp);
	free(self->kid);
}

/* Write a page of it, which children see that follow it and have none. */
static int write_parent(struct level *parent, struct level *kid, unsigned int nr,
			bool followed, unsigned int page, __u64 key)
{
	__u64 old = parent->key[page];
	unsigned int i;

	parent->key[page] = key;
	for (i = 0; followed && i < nr; i++)
		if (kid[i].key[page] == old)
			kid[i].key[page] = key;
	return test_cow_put(&parent->v, false, page, 1, key, page);
}

/* COW-15, COW-17: one page for all who see it; each goes when it wants. */
TEST_F_TIMEOUT(wide, cow_17_many_children, 300)
{
	struct vmop_vmo_get_info info;
	unsigned int i, n, page;

	for (i = 0; i < MANY; i++) {
		struct level *l = &self->kid[i];

		/* between two children the parent changes */
		if (i % 10 == 9)
			ASSERT_EQ(0, write_parent(&self->parent, self->kid, i,
						  variant->kind == ON_WRITE,
						  i / 10 % NR, KEY + 1000 + i));
		memcpy(l->key, self->parent.key, sizeof(l->key));
		test_create_child(&l->v.fd, self->parent.v.fd, variant->kind, 0,
				  PG(NR));
		page = i * 7 % NR;
		put(&l->v, page, 1, KEY + 1 + i);
		l->key[page] = KEY + 1 + i;
	}
	test_get_info(self->parent.v.fd, &info);
	EXPECT_EQ(MANY, info.out_num_children);
	for (i = 0; i < MANY; i++)
		ASSERT_TRUE(level_is_right(&self->kid[i]))
			TH_LOG("child %u", i);
	/* two of three go, the parent stays until there are few */
	for (n = 0; n < MANY; n++) {
		i = n * 149 % MANY;
		if (i % 3 == 0)
			continue;
		close(self->kid[i].v.fd);
		self->kid[i].v.fd = -1;
	}
	EXPECT_TRUE(level_is_right(&self->parent));
	test_get_info(self->parent.v.fd, &info);
	EXPECT_EQ((MANY + 2) / 3, info.out_num_children);
	if (variant->pager)
		test_vmo_close(&self->tp, &self->root);
	else
		test_cow_close(&self->parent.v);
	for (i = 0; i < MANY; i += 3) {
		ASSERT_TRUE(level_is_right(&self->kid[i]))
			TH_LOG("child %u", i);
		close(self->kid[i].v.fd);
	}
	if (variant->pager)
		expect_complete(&self->tp, KEY);
	expect_none(&self->tp);
}

VMOP_TEST_MAIN
