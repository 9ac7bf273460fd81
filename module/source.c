// SPDX-License-Identifier: GPL-2.0
/*
 * source.c - the life of a source: made live, then detached, cut off or left.
 *
 * Owns the references and the state of struct vmop_source. The state changes
 * under source->lock, in the section that also completes all outstanding
 * requests and settles the COMPLETE record; request.c tests it in the section
 * that puts a request in. So nothing is asked of a source that is not live.
 *
 * From LIVE the state goes to DETACHED, PAGER_GONE or PORT_GONE; from PORT_GONE
 * also to DETACHED or PAGER_GONE, for the pager may detach without a port, or
 * close. DETACHED and PAGER_GONE are final. COMPLETE is made by the first of
 * detach and the end of the VMO, and by none once port or pager are closed;
 * port_queue.c keeps the one state that decides this, under port->lock.
 */
#include "port.h"
#include "request.h"

static atomic64_t vmop_source_last_id = ATOMIC64_INIT(0);

/**
 * vmop_source_create() - make a source and tie it to its port
 * @port: where its records go
 * @params: its constant part; copied
 *
 * Return: a source in STATE_LIVE with one reference, or ERR_PTR: -ENOMEM,
 * -ENOTCONN when the port or its pager is closed. Takes port->lock.
 */
struct vmop_source *
vmop_source_create(struct vmop_port *port,
		   const struct vmop_source_params *params)
{
	struct vmop_source *src;
	int ret, i;

	src = kzalloc(sizeof(*src), GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL);
	if (!src)
		return ERR_PTR(-ENOMEM);
	refcount_set(&src->ref, 1);
	src->params = *params;
	src->port = port;
	spin_lock_init(&src->lock);
	src->state = VMOP_VMO_STATE_LIVE;
	for (i = 0; i < VMOP_REQ_NR_TYPES; i++)
		src->reqs[i] = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&src->outstanding);
	INIT_LIST_HEAD(&src->watch_link);
	INIT_LIST_HEAD(&src->port_link);
	INIT_LIST_HEAD(&src->queue);
	INIT_LIST_HEAD(&src->ready_link);
	src->complete = VMOP_COMPLETE_NONE;

	src->id = atomic64_inc_return(&vmop_source_last_id);
	ret = vmop_registry_reserve(VMOP_REGISTRY_SOURCE, src->id);
	if (ret)
		goto err_free;
	ret = vmop_port_add_source(port, src);
	if (ret)
		goto err_remove;
	vmop_port_get(port);
	if (params->pager_latency)
		vmop_latency_get(params->pager_latency);
	return src;

err_remove:
	vmop_registry_remove(VMOP_REGISTRY_SOURCE, src->id);
err_free:
	kfree(src);
	return ERR_PTR(ret);
}

/**
 * vmop_source_show() - let the requests of a source be seen from outside
 * @src: a source whose VMO is ready
 */
void vmop_source_show(struct vmop_source *src)
{
	vmop_registry_show(VMOP_REGISTRY_SOURCE, src->id, src);
}

/**
 * vmop_source_make_latency() - have histograms for a request that is to come
 * @src: the source
 *
 * With the first request: most VMOs of a pager are never asked for anything.
 * Takes source->lock.
 *
 * Return: 0 or -ENOMEM.
 */
int vmop_source_make_latency(struct vmop_source *src)
{
	struct vmop_latency *latency;

	if (READ_ONCE(src->latency))
		return 0;
	/* Not charged, as the request: see vmop_req_alloc(). */
	latency = vmop_latency_create(GFP_KERNEL | __GFP_RETRY_MAYFAIL |
				      __GFP_NOWARN);
	if (!latency)
		return -ENOMEM;
	spin_lock(&src->lock);
	if (!src->latency) {
		WRITE_ONCE(src->latency, latency);
		latency = NULL;
	}
	spin_unlock(&src->lock);
	/* NULL, unless somebody else was faster. */
	vmop_latency_put(latency);
	return 0;
}

/**
 * vmop_source_add_latency() - count how long a stage of a request took
 * @src: the source of a request
 * @stage: which stage
 * @ns: how long
 *
 * Context: any; takes no lock.
 */
void vmop_source_add_latency(struct vmop_source *src,
			     enum vmop_latency_stage stage, u64 ns)
{
	vmop_latency_add(src->latency, stage, ns);
	if (src->params.pager_latency)
		vmop_latency_add(src->params.pager_latency, stage, ns);
}

/**
 * vmop_source_get() - take one more reference
 * @src: a source that the caller has a reference on
 */
void vmop_source_get(struct vmop_source *src)
{
	refcount_inc(&src->ref);
}

/**
 * vmop_source_tryget() - take a reference unless the source is being freed
 * @src: a source found in a list that it takes itself out of when it is freed;
 *       the caller holds the list's lock
 *
 * Return: whether the caller has a reference now.
 */
bool vmop_source_tryget(struct vmop_source *src)
{
	return refcount_inc_not_zero(&src->ref);
}

/**
 * vmop_source_put() - give a reference back
 * @src: the source
 *
 * The last one frees it: then no request exists (each holds a reference), so
 * both trees and the queue are empty, and COMPLETE is not queued (it holds one
 * too), so the source is not in the port's list of readable ones.
 */
void vmop_source_put(struct vmop_source *src)
{
	struct vmop_port *port = src->port;

	if (!refcount_dec_and_test(&src->ref))
		return;
	vmop_registry_remove(VMOP_REGISTRY_SOURCE, src->id);
	vmop_overdue_forget(src);
	vmop_port_del_source(src);
	vmop_latency_put(src->latency);
	vmop_latency_put(src->params.pager_latency);
	kfree(src);
	vmop_port_put(port);
}

/* The end of a source. All four may come in any order, and several times. */

/**
 * vmop_source_detach() - the pager has no more to do with the VMO
 * @src: the source
 *
 * Everybody wakes and looks again, new requests are refused, COMPLETE is the
 * last record. A second call does nothing (semantics: DET-1 a to c, DET-6,
 * DET-15). Takes source->lock and port->lock.
 *
 * Return: whether COMPLETE went to the port.
 */
bool vmop_source_detach(struct vmop_source *src)
{
	bool complete = false;

	spin_lock(&src->lock);
	if (src->state == VMOP_VMO_STATE_LIVE ||
	    src->state == VMOP_VMO_STATE_PORT_GONE) {
		WRITE_ONCE(src->state, VMOP_VMO_STATE_DETACHED);
		vmop_source_finish_all_locked(src, 0);
		complete = vmop_port_queue_complete(src);
	}
	spin_unlock(&src->lock);
	return complete;
}

/**
 * vmop_source_vmo_gone() - the last reference to the VMO is gone
 * @src: the source; the VMO's reference on it is still there
 *
 * Queues COMPLETE unless that was done before (semantics: DET-13, DET-15).
 * Nobody can wait, as a waiting thread holds on to its VMO. Takes source->lock
 * and port->lock.
 *
 * Return: whether COMPLETE went to the port.
 */
bool vmop_source_vmo_gone(struct vmop_source *src)
{
	bool complete;

	spin_lock(&src->lock);
	if (src->state == VMOP_VMO_STATE_LIVE)
		WRITE_ONCE(src->state, VMOP_VMO_STATE_DETACHED);
	vmop_source_finish_all_locked(src, 0);
	complete = vmop_port_queue_complete(src);
	spin_unlock(&src->lock);
	return complete;
}

/*
 * No record of this source is handed out any more: what is outstanding
 * completes, which withdraws it, and COMPLETE, read or not, is never made.
 */
static void vmop_source_silence(struct vmop_source *src,
				enum vmop_vmo_state state, int err)
{
	bool withdrawn;

	spin_lock(&src->lock);
	if (src->state == VMOP_VMO_STATE_LIVE ||
	    (src->state == VMOP_VMO_STATE_PORT_GONE &&
	     state == VMOP_VMO_STATE_PAGER_GONE))
		WRITE_ONCE(src->state, state);
	if (state == VMOP_VMO_STATE_PAGER_GONE)
		src->pager_gone = true;
	vmop_source_finish_all_locked(src, err);
	withdrawn = vmop_port_withdraw_complete(src);
	spin_unlock(&src->lock);
	if (withdrawn)
		vmop_source_put(src);
}

/**
 * vmop_source_pager_closed() - the pager is closed
 * @src: the source
 *
 * Everybody wakes and looks again, new requests are refused, no record is
 * delivered any more, COMPLETE included. A detached source stays detached
 * (semantics: DET-10, DET-11). Takes source->lock and port->lock.
 */
void vmop_source_pager_closed(struct vmop_source *src)
{
	vmop_source_silence(src, VMOP_VMO_STATE_PAGER_GONE, 0);
}

/**
 * vmop_source_port_closed() - the port is closed
 * @src: the source
 *
 * Waiting threads fail with -ENOTCONN, new requests are refused. A detached
 * source stays detached. Answers and detach keep working: they need no port.
 * For port.c. Takes source->lock and port->lock.
 */
void vmop_source_port_closed(struct vmop_source *src)
{
	vmop_source_silence(src, VMOP_VMO_STATE_PORT_GONE, -ENOTCONN);
}

/* Questions. */

/**
 * vmop_source_state() - where the content of absent pages comes from
 * @src: the source
 *
 * The answer may be old when it arrives; who must be sure makes a request.
 *
 * Return: one of enum vmop_vmo_state, never STATE_ANONYMOUS.
 */
enum vmop_vmo_state vmop_source_state(struct vmop_source *src)
{
	return READ_ONCE(src->state);
}

/**
 * vmop_source_query_latency() - answer VMOP_QUERY_LATENCY for a VMO
 * @src: its source
 * @cmd: the command
 *
 * Return: as vmop_latency_query().
 */
int vmop_source_query_latency(struct vmop_source *src,
			      struct vmop_query_latency *cmd)
{
	return vmop_latency_query(READ_ONCE(src->latency), cmd);
}
