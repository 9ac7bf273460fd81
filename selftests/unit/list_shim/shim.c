// SPDX-License-Identifier: GPL-2.0
/*
 * What list_shim/page_list_deps.h declares, around lib/xarray.c.
 */
struct shim shim;
struct kmem_cache *radix_tree_node_cachep;

static struct rcu_head *shim_callbacks;

void shim_die(const char *what, const char *file, int line)
{
	fflush(stdout);
	fprintf(stderr, "%s:%d: broken promise: %s\n", file, line, what);
	abort();
}

/* A grace period has passed when no reader is left and no lock is held. */
static void shim_quiescent(void)
{
	struct rcu_head *head;

	while (!shim.rcu && !shim.locks && (head = shim_callbacks)) {
		shim_callbacks = head->next;
		head->func(head);
	}
}

void shim_lock(spinlock_t *lock)
{
	shim_must(!lock->held);
	/* Locks of two lists are never nested. */
	shim_must(!shim.locks);
	lock->held = true;
	shim.locks++;
	shim.acquired++;
}

void shim_unlock(spinlock_t *lock)
{
	void (*hook)(void) = shim.on_unlock;

	shim_must(lock->held);
	lock->held = false;
	shim.locks--;
	shim_quiescent();
	if (hook) {
		shim.on_unlock = NULL;
		hook();
		shim.on_unlock = hook;
	}
}

void shim_rcu_unlock(void)
{
	shim_must(shim.rcu);
	shim.rcu--;
	shim_quiescent();
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	head->func = func;
	head->next = shim_callbacks;
	shim_callbacks = head;
}

void *kmem_cache_alloc_lru(struct kmem_cache *cache, struct list_lru *lru,
			   gfp_t gfp)
{
	struct xa_node *node;

	(void)cache;
	(void)lru;
	shim_must(gfp & __GFP_ACCOUNT);
	shim_must(gfp & __GFP_NOWARN);
	/* An attempt under a lock always fails, so that the other is tested. */
	if (!gfpflags_allow_blocking(gfp))
		return NULL;
	might_sleep();
	shim_must(gfp & __GFP_RETRY_MAYFAIL);
	if (++shim.allocs == shim.fail_at) {
		shim.failed = true;
		return NULL;
	}
	node = calloc(1, sizeof(*node));
	shim_must(node);
	INIT_LIST_HEAD(&node->private_list);
	shim.nodes++;
	return node;
}

void kmem_cache_free(struct kmem_cache *cache, void *obj)
{
	(void)cache;
	shim.nodes--;
	free(obj);
}

void radix_tree_node_rcu_free(struct rcu_head *head)
{
	kmem_cache_free(radix_tree_node_cachep,
			container_of(head, struct xa_node, rcu_head));
}
