/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Results that are more than a value, for files that know json-c.
 */
#ifndef VMOCTL_OUT_JSON_H
#define VMOCTL_OUT_JSON_H

#include <json-c/json.h>

#include "out.h"

/* Does this set of results become JSON? */
bool out_is_json(const struct out *o);

/* Adds a value; the set of results owns it then. */
void out_json(struct out *o, const char *key, json_object *value);

#endif /* VMOCTL_OUT_JSON_H */
