/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the library's unit test share: a small kernel of our own
 * behind the library's one ioctl entry point, and the checks.
 */
#ifndef VMOP_LIB_MOCK_H
#define VMOP_LIB_MOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include "internal.h"

#define PAGE 4096ull
#define MAX_FDS 256
#define MAX_CALLS 64

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			printf("# %s:%d: %s\n", __func__, __LINE__, #cond); \
			lib_failed = true;					\
		}							\
	} while (0)

#define CHECK_EQ(got, want)						\
	do {								\
		long long got_ = (long long)(got);			\
		long long want_ = (long long)(want);			\
		if (got_ != want_) {					\
			printf("# %s:%d: %s is %lld, not %lld\n",	\
			       __func__, __LINE__, #got, got_, want_);	\
			lib_failed = true;					\
		}							\
	} while (0)

/* Set by a check that fails; cleared before each test. */
extern bool lib_failed;

/*
 * The kernel of this test. lock guards all of it: the loop's threads come here
 * at the same time.
 */
struct lib_mock {
	pthread_mutex_t lock;
	/* Commands that came since reset(): number and first 96 bytes. */
	unsigned long cmd[MAX_CALLS];
	unsigned char arg[MAX_CALLS][96];
	unsigned int calls;
	/* Results of the next supplies: bytes done, errno. */
	struct { __u64 done; int err; } plan[8];
	unsigned int plans, planned;
	/* If set, the next command fails with it. */
	int fail_with;
	bool is_vmo[MAX_FDS];
	bool is_pager[MAX_FDS];
	__u64 key[MAX_FDS];
	int port_in;		/* where records go in */
	int port_out;		/* the newest port */
	/* FAIL by id: what each of the first ids was failed with. */
	__u64 failed_id[MAX_CALLS];
	int failed_with[MAX_CALLS];
	unsigned int fails;
	/* If set, sees each command first; 1: not handled, -1: with errno. */
	int (*hook)(int fd, unsigned long cmd, void *arg);
};

extern struct lib_mock mock;

/**
 * struct lib_test - one test
 * @name: what it shows
 * @fn: does it
 */
struct lib_test {
	const char *name;
	void (*fn)(void);
};

/* The tests of lib_api_test.c, ended by one without a name. */
extern const struct lib_test api_tests[];

/* Those of lib_loop_test.c. */
extern const struct lib_test loop_tests[];

/* Those of lib_flush_test.c. */
extern const struct lib_test flush_tests[];

/* Those of lib_clone_test.c. */
extern const struct lib_test clone_tests[];

/* Those of lib_wal_test.c, of vmoctl. */
extern const struct lib_test wal_tests[];

/* Those of lib_human_test.c, of vmoctl. */
extern const struct lib_test human_tests[];

void reset(void);
void plan(__u64 done, int err);
void put_record(__u32 type, __u64 key, __u64 offset, __u64 length, __u64 id);
int mock_ioctl(int fd, unsigned long cmd, void *arg);
struct vmop_pager *new_pager(void);
void end_pager(struct vmop_pager *pager);
unsigned int open_fds(void);
bool has_fd(int fd);

#endif /* VMOP_LIB_MOCK_H */
