/* SPDX-License-Identifier: GPL-2.0 */
/*
 * request.h - what is absent, who waits for it, and who must bring it.
 *
 * A source stands for "who supplies the absent content of one VMO". It keeps
 * the requests that are outstanding, and the threads that wait for them. A port
 * (port.h) hands the requests to the pager.
 *
 * Nothing in here knows pages, VMOs, mappings or user memory: a page range in,
 * a wake-up out. A wake-up means "look again" (semantics: THR-8), and nothing more
 * but for VMOP_WAIT_ANSWERED.
 *
 * Terms: start and end are pages, [start, end); last is the final page of a
 * range. The owner of a request is nobody special: every thread that waits for
 * it is a waiter, and each may leave at any time.
 */
#ifndef VMOP_REQUEST_H
#define VMOP_REQUEST_H

#include "latency.h"
#include "request_deps.h"

struct vmop_port;
struct vmop_source;

/**
 * enum vmop_req_type - kinds of requests; each kind has a tree of its own
 * @VMOP_REQ_READ: content for pages that are absent
 * @VMOP_REQ_DIRTY: leave to change pages that are clean
 * @VMOP_REQ_WRITEBACK: dirty content of the range is to be written back
 * @VMOP_REQ_ROOM: some dirty content is to be written back, no matter which; to
 *                 the pager a WRITEBACK record as well
 * @VMOP_REQ_NR_TYPES: how many kinds there are
 *
 * Requests of the first two kinds are disjoint; those of the others may overlap.
 */
enum vmop_req_type {
	VMOP_REQ_READ,
	VMOP_REQ_DIRTY,
	VMOP_REQ_WRITEBACK,
	VMOP_REQ_ROOM,
	VMOP_REQ_NR_TYPES
};

/* Result of a wait: all that a WRITEBACK request was about is written back. */
#define VMOP_WAIT_ANSWERED 1

/**
 * enum vmop_req_state - the life of a request, left to right only
 * @VMOP_REQ_NEW: in the port's queue (an EFAULT of the reader leads back here)
 * @VMOP_REQ_DELIVERED: a reader of the port has it
 * @VMOP_REQ_DONE: completed or cancelled; nobody waits for it any more
 */
enum vmop_req_state {
	VMOP_REQ_NEW,
	VMOP_REQ_DELIVERED,
	VMOP_REQ_DONE
};

/**
 * enum vmop_req_end - why a request is over for those who wait
 * @VMOP_REQ_END_ANSWERED: the pager, or a change of the VMO, has brought it all
 * @VMOP_REQ_END_FAILED: the pager has failed it
 * @VMOP_REQ_END_CUT: the VMO was detached, or it, its port or its pager closed
 */
enum vmop_req_end {
	VMOP_REQ_END_ANSWERED,
	VMOP_REQ_END_FAILED,
	VMOP_REQ_END_CUT
};

/**
 * enum vmop_complete_state - the life of a source's COMPLETE record
 * @VMOP_COMPLETE_NONE: not made yet
 * @VMOP_COMPLETE_QUEUED: in the port's queue, where it holds a source reference
 * @VMOP_COMPLETE_TAKEN: read, withdrawn, or never to be: there is no second one
 */
enum vmop_complete_state {
	VMOP_COMPLETE_NONE,
	VMOP_COMPLETE_QUEUED,
	VMOP_COMPLETE_TAKEN
};

/**
 * struct vmop_source_params - what a source is made with; constant afterwards
 * @key: comes back in every record
 * @pager_id: number of the pager that the VMO belongs to
 * @vmo_id: number of the VMO
 * @pager_latency: where the pager counts the times of all requests, or NULL; the
 *                 source takes a reference
 * @max_request_pages: most pages that a caller asks for at once. The callers
 *                     keep to it, nothing in here looks at it
 * @deadline_ms: how long one wait may take; 0 for ever
 * @deadline_action: one of enum vmop_deadline_action
 * @writeback: the port takes WRITEBACK records
 * @owner: who makes the VMO
 */
struct vmop_source_params {
	u64 key;
	u64 pager_id;
	u64 vmo_id;
	struct vmop_latency *pager_latency;
	u32 max_request_pages;
	u32 deadline_ms;
	u32 deadline_action;
	bool writeback;
	kuid_t owner;
};

/**
 * struct vmop_source_info - a snapshot of a source's counters
 * @state: as vmop_source_state()
 * @requests: READ requests that were made
 * @requested_pages: pages that they asked for
 * @dirty_requests: DIRTY requests that were made
 * @writeback_requests: WRITEBACK and ROOM requests that were made
 * @failed_requests: requests of either kind that ended with an error for at
 *                   least one waiter
 * @deadline_misses: waits that ran into the deadline
 * @last_error: errno (positive) of the newest failed request, 0 for none
 * @num_waiters: threads that wait now
 * @num_pending: requests that are outstanding
 * @oldest_ns: age of the oldest of them in nanoseconds, 0 for none; only told
 */
struct vmop_source_info {
	enum vmop_vmo_state state;
	u64 requests;
	u64 requested_pages;
	u64 dirty_requests;
	u64 writeback_requests;
	u64 failed_requests;
	u64 deadline_misses;
	u32 last_error;
	u32 num_waiters;
	u32 num_pending;
	u64 oldest_ns;
};

/**
 * struct vmop_req_info - what is told about an outstanding request
 * @id: its number
 * @type: kind of its record
 * @delivered: it is not in the port's queue
 * @num_waiters: threads that wait for it
 * @offset: first byte
 * @len: bytes
 * @age_ns: nanoseconds since it was made
 */
struct vmop_req_info {
	u64 id;
	enum vmop_record_type type;
	bool delivered;
	u32 num_waiters;
	u64 offset;
	u64 len;
	u64 age_ns;
};

/**
 * struct vmop_source - who supplies what is absent
 * @ref: reference count
 * @params: constant
 * @port: where the records go; constant, referenced
 * @id: number in the registry, never used again; constant
 * @lock: guards what follows up to @counters, with all of struct vmop_req but
 *        its queue side
 * @state: one of enum vmop_vmo_state; requests are made in STATE_LIVE only, but
 *         for those to write back
 * @pager_gone: the pager is closed, also when @state tells of a detach before
 * @reqs: the outstanding requests of each kind, by page
 * @outstanding: all of them, oldest first, which is by id
 * @watched: overdue.c looks after it
 * @counters: what vmop_source_info() tells; its state field is not used
 * @latency: times of its requests; set once, before the first of them exists
 * @watch_link: in the list of overdue.c, by its lock
 * @port_link: port->lock: in the list of the port's sources
 * @queue: port->lock: requests in state NEW of both kinds, oldest first, which
 *         is by id
 * @complete: port->lock: the COMPLETE record; it comes after all of @queue
 * @ready_link: port->lock: in the port's list of sources that have a record to
 *              read; empty when @queue is and COMPLETE is not QUEUED
 *
 * References are held by: the VMO, every request, and the COMPLETE record while
 * it is queued. So a source outlives its VMO until COMPLETE was read or the
 * port or the pager is closed. It holds a reference on its port. Who calls a
 * function of this header holds a reference himself.
 *
 * Locks: source->lock, then port->lock. Both are leaves for everybody else,
 * taken in process context only; nothing sleeps under them.
 */
struct vmop_source {
	refcount_t ref;
	struct vmop_source_params params;
	struct vmop_port *port;
	u64 id;

	spinlock_t lock;	/* guards what follows, see above */
	enum vmop_vmo_state state;
	bool pager_gone;
	struct rb_root_cached reqs[VMOP_REQ_NR_TYPES];
	struct list_head outstanding;
	bool watched;
	struct vmop_source_info counters;
	struct vmop_latency *latency;

	struct list_head watch_link;
	struct list_head port_link;
	struct list_head queue;
	enum vmop_complete_state complete;
	struct list_head ready_link;
};

/**
 * struct vmop_req - a range that the pager was, or will be, asked for
 * @node: source->lock: in source->reqs
 * @subtree_last: source->lock: of the interval tree
 * @start: first page; constant
 * @last: final page; constant
 * @src: constant, referenced
 * @id: unique for ever, and growing in the order of the queue; constant
 * @out_link: source->lock: in source->outstanding
 * @type: constant
 * @ref: reference count
 * @pending: source->lock: pages not answered yet. A number, not a set: a page
 *           that is answered twice counts twice (semantics: REQ-16). Of READ and
 *           DIRTY at first the whole range, of ROOM what the maker says. Of
 *           WRITEBACK the bits in @todo: there a page counts once
 * @todo: WRITEBACK: a bit for each page of the range, set while the page has to
 *        become clean; NULL for the others
 * @vague: WRITEBACK: a part was failed, so nothing follows from its end
 * @failed: source->lock: is in counters.failed_requests
 * @overdue: source->lock: overdue.c has told of it
 * @waiters: source->lock: of struct vmop_waiter
 * @wq: where the waiters sleep
 * @queued_ns: when it was made, in ns of ktime_get_ns(); constant
 * @read_ns: port->lock: when a reader took it last; 0 for never
 * @done_ns: when it was completed; constant once a waiter is done
 * @state: written under port->lock; DONE with source->lock held as well
 * @queue_link: port->lock: in source->queue while @state is NEW
 *
 * References are held by: the tree while the request is outstanding, every
 * waiter until it has left, and a reader of the port while it copies the record.
 * An outstanding request always has a waiter: the last one that leaves takes it
 * out (semantics: PKT-5).
 */
struct vmop_req {
	struct rb_node node;
	unsigned long subtree_last;
	unsigned long start;
	unsigned long last;
	struct vmop_source *src;
	u64 id;
	struct list_head out_link;
	enum vmop_req_type type;
	refcount_t ref;

	unsigned long pending;
	unsigned long *todo;
	bool vague;
	bool failed;
	bool overdue;
	struct list_head waiters;
	wait_queue_head_t wq;

	u64 queued_ns;
	u64 read_ns;
	u64 done_ns;
	enum vmop_req_state state;
	struct list_head queue_link;
};

/**
 * struct vmop_waiter - one wait of one thread, in that thread's frame
 * @req: what it waits for, referenced
 * @link: source->lock: in req->waiters while @done is false
 * @start: first page that this thread wants: a failure is its own when the
 *         failed range covers this page; constant
 * @status: source->lock while @done is false, then constant: 0, -errno or
 *          VMOP_WAIT_ANSWERED
 * @done: set once, with release; after that nobody else touches the structure
 *
 * Made by vmop_source_request(), ended by vmop_waiter_wait() or
 * vmop_waiter_cancel(); all three run in the same thread. Needs no
 * initialisation.
 */
struct vmop_waiter {
	struct vmop_req *req;
	struct list_head link;
	unsigned long start;
	int status;
	bool done;
};

/**
 * struct vmop_req_want - what a new request is to be
 * @type: kind of request
 * @start: first page
 * @end: page behind the last one, greater than @start
 * @pending: how many pages have to be answered
 * @todo: as in struct vmop_req
 */
struct vmop_req_want {
	enum vmop_req_type type;
	pgoff_t start;
	pgoff_t end;
	unsigned long pending;
	unsigned long *todo;
};

int vmop_request_init(void);
void vmop_request_exit(void);

struct vmop_source *
vmop_source_create(struct vmop_port *port,
		   const struct vmop_source_params *params);
void vmop_source_show(struct vmop_source *src);
void vmop_source_get(struct vmop_source *src);
bool vmop_source_tryget(struct vmop_source *src);
void vmop_source_put(struct vmop_source *src);

int vmop_source_request(struct vmop_source *src, enum vmop_req_type type,
			pgoff_t start, pgoff_t end, struct vmop_waiter *w);
int vmop_waiter_wait(struct vmop_waiter *w, unsigned int task_state);
void vmop_waiter_cancel(struct vmop_waiter *w);

int vmop_source_request_clean(struct vmop_source *src, pgoff_t start,
			      pgoff_t end, unsigned long *todo,
			      struct vmop_waiter *w);
int vmop_source_request_room(struct vmop_source *src, pgoff_t start,
			     pgoff_t end, unsigned long nr_pages,
			     struct vmop_waiter *w);
void vmop_source_cleaned(struct vmop_source *src, pgoff_t start, pgoff_t end);
int vmop_source_answer_id(struct vmop_source *src, u64 id);

void vmop_source_resolve(struct vmop_source *src, enum vmop_req_type type,
			 pgoff_t start, pgoff_t end);
u64 vmop_source_fail(struct vmop_source *src, unsigned int types,
		     pgoff_t start, pgoff_t end, int err);
bool vmop_source_fail_id(struct vmop_source *src, u64 id, int err);

bool vmop_source_detach(struct vmop_source *src);
void vmop_source_pager_closed(struct vmop_source *src);
void vmop_source_port_closed(struct vmop_source *src);
bool vmop_source_vmo_gone(struct vmop_source *src);

enum vmop_vmo_state vmop_source_state(struct vmop_source *src);
void vmop_source_info(struct vmop_source *src, struct vmop_source_info *out);
int vmop_source_query_latency(struct vmop_source *src,
			      struct vmop_query_latency *cmd);
void vmop_source_tell_complete(struct vmop_source *src);
unsigned int vmop_source_pending(struct vmop_source *src, u64 after,
				 struct vmop_req_info *infos, unsigned int max);

/* Between request*.c, waiter.c, source.c, port.c and port_queue.c only. */
struct vmop_req *vmop_req_alloc(struct vmop_source *src,
				enum vmop_req_type type);
int vmop_req_enter_locked(struct vmop_req *req,
			  const struct vmop_req_want *want,
			  struct vmop_waiter *w);
void vmop_req_remove_locked(struct vmop_req *req);
void vmop_req_count_failure_locked(struct vmop_req *req, int err);
void vmop_req_finish_locked(struct vmop_req *req, enum vmop_req_end end,
			    int status);
unsigned long vmop_req_done_locked(struct vmop_req *req, unsigned long first,
				   unsigned long last);
void vmop_waiter_join_locked(struct vmop_waiter *w, struct vmop_req *req,
			     pgoff_t start);
struct vmop_req *vmop_source_next_locked(struct vmop_source *src,
					 enum vmop_req_type type,
					 pgoff_t start);
struct vmop_req *vmop_source_after_locked(struct vmop_req *req);
struct vmop_req *vmop_source_find_id_locked(struct vmop_source *src, u64 id);
enum vmop_record_type vmop_req_record_type(const struct vmop_req *req);
void vmop_req_info_locked(struct vmop_req *req, u64 now_ns,
			  struct vmop_req_info *info);
void vmop_req_get(struct vmop_req *req);
void vmop_req_put(struct vmop_req *req);
int vmop_source_make_latency(struct vmop_source *src);
void vmop_source_add_latency(struct vmop_source *src,
			     enum vmop_latency_stage stage, u64 ns);
void vmop_source_finish_all_locked(struct vmop_source *src, int err);

static inline u64 vmop_source_key(const struct vmop_source *src)
{
	return src->params.key;
}

/**
 * vmop_source_takes_writeback() - does its pager read WRITEBACK records?
 * @src: the source
 *
 * Return: whether the port was made with VMOP_PORT_WRITEBACK.
 */
static inline bool vmop_source_takes_writeback(const struct vmop_source *src)
{
	return src->params.writeback;
}

static inline u64 vmop_source_pager_id(const struct vmop_source *src)
{
	return src->params.pager_id;
}

static inline u32 vmop_source_deadline_ms(const struct vmop_source *src)
{
	return src->params.deadline_ms;
}

static inline u32 vmop_source_max_request_pages(const struct vmop_source *src)
{
	return src->params.max_request_pages;
}

#endif /* VMOP_REQUEST_H */
