// SPDX-License-Identifier: GPL-2.0
/*
 * trace.c - makes the tracepoints that trace.h declares.
 */
#include "request.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
