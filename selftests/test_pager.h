/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The test pager: one pager, one port, some VMOs, and a behaviour.
 *
 * Manual (no server; what most tests use): the test is the pager. It takes the
 * next record with test_pager_expect_read(), which fails when the record is
 * any other one, and answers with test_pager_supply() or test_pager_fail().
 *
 * Served: test_pager_serve() starts threads that answer every READ in the way
 * that the behaviour says. test_pager_fork() does the same in a process of its
 * own and gives it the only descriptors of pager and port, so that its death
 * is the pager's death.
 *
 * Content: page content is vmop_test_fill() of the VMO's key, so every word of
 * every page of every VMO differs.
 *
 * Every function returns 0 or a negative errno; -EBADMSG is "another record
 * came" and says on stderr which. Offsets and counts are in pages where they
 * are called pgoff and nr.
 */
#ifndef TEST_PAGER_H
#define TEST_PAGER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "vmop_util.h"

#define TEST_PAGER_MAX_VMOS 320
#define TEST_PAGER_MAX_THREADS 8

/* A VMO as a test sees it. */
struct test_vmo {
	int fd;
	__u64 key;
	__u64 nr_pages;		/* at creation */
	char *map;		/* MAP_SHARED, PROT_READ | PROT_WRITE; or NULL */
	unsigned int slot;	/* where its test pager keeps the same */
};

/* How a server answers READ records. */
enum test_pager_mode {
	TEST_PAGER_NORMAL,	/* supply the range with the pattern */
	TEST_PAGER_SLOW,	/* the same after delay_ms */
	TEST_PAGER_FAILING,	/* fail the range with err */
	TEST_PAGER_SILENT,	/* take the record, never answer */
	TEST_PAGER_DEAF,	/* do not even read the port */
	TEST_PAGER_DYING,	/* answer die_after records, then SIGKILL itself (forked) */
};

/* How pages get in. */
enum test_pager_method {
	TEST_PAGER_MOVE,	/* SUPPLY from an anonymous VMO */
	TEST_PAGER_COPY,	/* SUPPLY_COPY */
};

struct test_pager_behaviour {
	enum test_pager_mode mode;
	enum test_pager_method method;
	unsigned int delay_ms;
	unsigned int die_after;
	unsigned int nr_threads;	/* 0 is 1; forked: always 1 */
	int err;
	__u64 supply_pages;		/* most pages per supply call, 0 for all */
};

struct test_pager {
	int fd;				/* pager; -1 when closed or given away */
	int port;			/* its first port, O_NONBLOCK; -1 likewise */
	struct test_vmo vmos[TEST_PAGER_MAX_VMOS];
	unsigned int nr_vmos;
	struct vmop_port_record last;	/* newest record taken by an expect call */

	/*
	 * Held shared by a server over each answer, so that a VMO's descriptor
	 * is not closed, and its number not taken by another, in between.
	 */
	pthread_rwlock_t vmos_lock;

	/* Served only. */
	struct test_pager_behaviour how;
	pthread_t threads[TEST_PAGER_MAX_THREADS];
	unsigned int nr_threads;
	int stop_fd;			/* eventfd that ends the threads */
	pid_t pid;			/* forked server, 0 when there is none */
	unsigned int nr_records;	/* READ records seen, atomic */
	unsigned int nr_completes;	/* COMPLETE records seen, atomic */
	int error;			/* first error of a server thread, -errno */
};

/* Open a pager and make a port. */
int test_pager_init(struct test_pager *tp);
/* Stop serving, close what is open, unmap and close its VMOs. */
void test_pager_exit(struct test_pager *tp);

/*
 * Make a VMO of nr pages with this key and map it. It belongs to the test
 * pager, which closes it in test_pager_exit() and keeps a copy of the struct
 * to find it by: the struct may go before. Descriptor and mapping are changed
 * by the calls below only. The first is flags and max_request_pages 0; the
 * second takes everything (key and length included).
 */
int test_pager_vmo(struct test_pager *tp, struct test_vmo *vmo, __u64 key,
		   __u64 nr);
int test_pager_vmo_args(struct test_pager *tp, struct test_vmo *vmo,
			const struct vmop_test_vmo_args *args);
/* Unmap and close a VMO before test_pager_exit() does; or its descriptor alone. */
void test_vmo_close(struct test_pager *tp, struct test_vmo *vmo);
void test_vmo_close_fd(struct test_pager *tp, struct test_vmo *vmo);
/* Another descriptor of it, in the place of one that was closed. */
void test_vmo_set_fd(struct test_pager *tp, struct test_vmo *vmo, int fd);
void test_vmo_unmap(struct test_pager *tp, struct test_vmo *vmo);
/* Map nr pages of it, in the place of what is mapped. */
int test_vmo_map(struct test_pager *tp, struct test_vmo *vmo, __u64 nr);

/* ---- manual ------------------------------------------------------------- */

/* Next record of a port, whatever it is; waits for it. -ETIMEDOUT if none. */
int test_port_next(int port, struct vmop_port_record *rec);
/*
 * The next record of the first port must be exactly this; its id may be any. The
 * first function takes type, flags, key, offset and length from want.
 */
int test_pager_expect(struct test_pager *tp,
		      const struct vmop_port_record *want);
int test_pager_expect_read(struct test_pager *tp, const struct test_vmo *vmo,
			   __u64 pgoff, __u64 nr);
int test_pager_expect_complete(struct test_pager *tp, __u64 key);
/* No record is there now. */
int test_pager_expect_none(struct test_pager *tp);

/* Supply pattern pages from a fresh anonymous VMO (SUPPLY). */
int test_pager_supply(struct test_pager *tp, const struct test_vmo *vmo,
		      __u64 pgoff, __u64 nr);
/* Supply with the pattern of another key. */
int test_pager_supply_key(struct test_pager *tp, const struct test_vmo *vmo,
			  __u64 pgoff, __u64 nr, __u64 key);
/* Supply zeros: the anonymous VMO's pages were never touched. */
int test_pager_supply_empty(struct test_pager *tp, const struct test_vmo *vmo,
			    __u64 pgoff, __u64 nr);
/* An anonymous VMO of nr pages, filled with the pattern of key at pgoff. */
int test_pager_aux(struct test_pager *tp, __u64 key, __u64 pgoff, __u64 nr);

int test_pager_fail(struct test_pager *tp, const struct test_vmo *vmo,
		    __u64 pgoff, __u64 nr, int err);
int test_pager_detach(struct test_pager *tp, const struct test_vmo *vmo);

/* Close pager or port now (manual: its last descriptor). */
void test_pager_close(struct test_pager *tp);
void test_pager_close_port(struct test_pager *tp);

/* expect_read, supply of all of it: one round. */
int test_pager_serve_one(struct test_pager *tp, const struct test_vmo *vmo,
			 __u64 pgoff, __u64 nr);

/* ---- served ------------------------------------------------------------- */

/* Threads in this process. VMOs that are made later are served too. */
int test_pager_serve(struct test_pager *tp,
		     const struct test_pager_behaviour *how);
/* Stop the threads; the manual calls work again. Returns their first error. */
int test_pager_stop(struct test_pager *tp);

/*
 * A process of its own: all VMOs must have been made before. This process'
 * descriptors of pager and port are closed; the VMOs stay.
 */
int test_pager_fork(struct test_pager *tp,
		    const struct test_pager_behaviour *how);
/* SIGKILL the forked server (harmless when it died) and reap it. */
int test_pager_kill(struct test_pager *tp);
/* Wait for the forked server to die by itself; -ETIMEDOUT. */
int test_pager_wait_death(struct test_pager *tp);

#endif /* TEST_PAGER_H */
