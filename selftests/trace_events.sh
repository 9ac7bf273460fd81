#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The tracepoints of VMOs: each change shows as the event that stands for it, with
# the VMO's number and the range. Those of requests are in trace_life.sh.

# What is in single quotes is for the shell of a command.
# shellcheck disable=SC2016
set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
make_file

# Without trace-cmd: this is about what the kernel prints, and much faster.
tracefs=/sys/kernel/tracing
[ -d $tracefs/events ] || mount -t tracefs tracefs $tracefs

trace_on() {
	: >$tracefs/trace
	echo 1 >$tracefs/events/vmopager/enable
}

# The events since then are in $D/events, "EVENT KEY=VALUE..." a line.
trace_off() {
	echo 0 >$tracefs/events/vmopager/enable
	sed -n 's/.*: *\(vmop_[a-z_]*\): */\1 /p' $tracefs/trace >"$D/events"
}

# record COMMAND...: the events of a command.
record() {
	trace_on
	run "$@"
	trace_off
}

# seen NAME EVENT: there is such a line.
seen() {
	grep -qx -e "$2" "$D/events"
	ok=$?
	[ $ok -eq 0 ] || {
		echo "# no '$2'"
		sed 's/^/# event: /' "$D/events" | head -n 30
	}
	result $ok "$1"
}

id_of() {	# options of stat
	vmoctl stat --json --socket "$S" "$@" | sed 's/.*"id":\([0-9]*\).*/\1/'
}

# ---- A VMO that is written -----------------------------------------------------

cp "$D/file" "$D/disk"
start serve "$D/disk" --socket "$S" --write --resizable --flush-ms 0 --flush-bytes 0
vmo=$(id_of)
pager=$(vmoctl stat --json --socket "$S" | sed 's/.*"pager_id":\([0-9]*\).*/\1/')
hold
record vmoctl map --socket "$S" --length 4K
seen "a fault that waits" "vmop_fault vmo=$vmo offset=0 address=0x[0-9a-f]* write=0 mkwrite=0 result=waited"
seen "and finds the page" "vmop_fault vmo=$vmo offset=0 address=0x[0-9a-f]* write=0 mkwrite=0 result=mapped"
seen "which was supplied" "vmop_supply vmo=$vmo offset=0 length=[0-9]* status=0"
seen "as it was asked for" "vmop_request_queued id=[0-9]* type=READ pager=$pager vmo=$vmo key=1 offset=0 length=[0-9]*"
record vmoctl map --socket "$S" --length 4K
seen "a fault on a page that is there" "vmop_fault vmo=$vmo offset=0 address=0x[0-9a-f]* write=0 mkwrite=0 result=mapped"
! grep -q -e vmop_request -e result=waited "$D/events"
result $? "asks nobody"
record vmoctl map --socket "$S" --length 4K --access write
seen "a store" "vmop_fault vmo=$vmo offset=0 address=0x[0-9a-f]* write=1 mkwrite=1 result=page"
seen "makes the page dirty" "vmop_dirty vmo=$vmo offset=0 length=4096 reason=store"
record sh -c 'printf x | vmoctl write --socket "$0" --offset 4096' "$S"
seen "a write() as well" "vmop_dirty vmo=$vmo offset=4096 length=4096 reason=write"
record vmoctl zero --socket "$S" --offset 8192 --length 8192
seen "zero" "vmop_zero vmo=$vmo offset=8192 length=8192 status=0"
record vmoctl zero --socket "$S" --offset 16384 --length 100
seen "zero of a part of a page dirties it" "vmop_dirty vmo=$vmo offset=16384 length=4096 reason=zero"
record vmoctl writeback --socket "$S"
seen "writeback begins" "vmop_writeback_begin vmo=$vmo offset=0 length=[0-9]* status=0"
seen "and ends" "vmop_writeback_end vmo=$vmo offset=0 length=[0-9]* status=0"
record vmoctl resize --socket "$S" --size 3000000
seen "resize" "vmop_resize vmo=$vmo size=3000000 status=0"

# ---- A clone -------------------------------------------------------------------

record vmoctl clone --socket "$S" --at-least-on-write --name twin --keep
twin=$(id_of --clone twin)
seen "a clone" "vmop_clone parent=$vmo vmo=$twin flags=0x2 offset=0 length=3002368"
record sh -c 'printf x | vmoctl write --socket "$0" --clone twin --offset 4096' "$S"
seen "a page of its own" "vmop_fork vmo=$twin offset=4096 length=4096 status=0"
unhold
record vmoctl detach --socket "$S"
seen "detach" "vmop_detach vmo=$vmo pager=$pager"
stop "the server ends"

# ---- A pager that agrees -------------------------------------------------------

start create --size 64K --pager zero --trap-dirty --socket "$S" --verbose
vmo=$(id_of)
vmoctl read --socket "$S" --output /dev/null >"$D/out" 2>"$D/err"
record sh -c 'printf x | vmoctl write --socket "$0" --offset 8192' "$S"
seen "who writes asks" "vmop_request_queued id=[0-9]* type=DIRTY pager=[0-9]* vmo=$vmo key=[0-9]* offset=8192 length=[0-9]*"
seen "and the pager agrees" "vmop_dirty vmo=$vmo offset=8192 length=[0-9]* reason=agreed"
stop "the server ends"

# ---- Pagers that fail, or do not answer ----------------------------------------

start create --size 64K --pager fail --socket "$S" --verbose
vmo=$(id_of)
record vmoctl map --socket "$S" --length 4K
seen "a fault that fails" "vmop_fault vmo=$vmo offset=0 address=0x[0-9a-f]* write=0 mkwrite=0 result=sigbus"
seen "who waited hears why" "vmop_request_woken id=[0-9]* type=READ vmo=$vmo status=-5 wake_ns=[0-9]*"
record vmoctl zero --socket "$S" --offset 100 --length 100
seen "zero fails as well" "vmop_zero vmo=$vmo offset=100 length=100 status=-5"
stop "the server ends"

start create --size 64K --pager silent --socket "$S" --verbose
vmo=$(id_of)
two_wait() {
	[ "$(vmoctl requests --json | sed -n 's/.*"waiters":\([0-9]*\).*/\1/p')" = 2 ]
}
trace_on
readers=
for _ in 1 2; do
	vmoctl read --socket "$S" --length 4K --output /dev/null >"$D/out" 2>"$D/err" &
	readers="$readers $!"
done
until_true two_wait
# shellcheck disable=SC2086 # Words.
kill -KILL $readers
# shellcheck disable=SC2086 # Words.
wait $readers
trace_off
seen "one who waits asks" "vmop_request_queued id=[0-9]* type=READ pager=[0-9]* vmo=$vmo .*"
seen "another waits for the same request" "vmop_request_joined id=[0-9]* type=READ pager=[0-9]* vmo=$vmo .*"
seen "who is killed leaves it" "vmop_request_left id=[0-9]* type=READ vmo=$vmo status=-[0-9]* last=[01]"
[ "$(sed -n 's/^vmop_request_left .*last=//p' "$D/events" | tr -d '\n')" = 01 ]
result $? "the last one ends it"
stop "the server ends"

finish
