/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words and keys for what the netlink family tells. The keys of JSON are final.
 */
#ifndef VMOCTL_LOOK_SHOW_H
#define VMOCTL_LOOK_SHOW_H

#include "look.h"
#include "out.h"

/* All that is told of an object, each key always there; null what it has not. */
void look_show(struct out *o, const struct look_object *object);

/* Words of enum vmop_vmo_state, vmop_record_type, vmop_nl_event_type, ... */
const char *look_state(__u64 state);
const char *look_request_type(__u64 type);
const char *look_request_state(__u64 state);
const char *look_event_type(__u64 type);
const char *look_object_kind(__u64 object);
const char *look_limit(__u64 limit);

/* kind_name() of a VMO. */
const char *look_kind(const struct look_object *vmo);

#endif /* VMOCTL_LOOK_SHOW_H */
