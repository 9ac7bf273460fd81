#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# tools/trace/request-life and latency: what they tell of a real pager's requests
# is what the pager and the module tell, request by request.

# What is in single quotes is for the shell of a command.
# shellcheck disable=SC2016
set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
life=/host/trace/request-life
latency=/host/trace/latency
make_file

# The columns of request-life, without its head: "ID TYPE OFFSET LENGTH".
columns() {
	awk 'NR > 1 { print $1, $3, $4, $5 }' "$1" | sort -n
}

# The same of a server's log.
logged() {
	sed -n 's/^request key=[0-9]* type=\([A-Z]*\) offset=\([0-9]*\) length=\([0-9]*\) id=\([0-9]*\) .*/\4 \1 \2 \3/p' "$D/log" | sort -n
}

# Of the last VMO that was asked about.
stat_of() {
	vmoctl stat --json --socket "$S" >"$D/out" 2>"$D/err" && json "$1"
}

# Samples of a stage, from vmoctl stat --latency --json.
samples() {
	vmoctl stat --latency --json --socket "$S" 2>"$D/err" |
		sed "s/.*\"$1_latency\":{\"samples\":\([0-9]*\).*/\1/"
}

# ---- A life -------------------------------------------------------------------

start serve "$D/file" --socket "$S" --verbose --readahead 0
vmo=$(stat_of id)
run $life -o "$D/trace.dat" vmoctl read --socket "$S" --output "$D/copy"
result $rc "request-life records"
cp "$D/out" "$D/life"
cmp "$D/file" "$D/copy" >"$D/out" 2>&1
result $? "what the command reads is the file"
# The pager logs a request after it has answered it.
sleep 1
columns "$D/life" >"$D/traced"
logged >"$D/served"
[ -s "$D/served" ] && diff "$D/served" "$D/traced" >"$D/out" 2>&1
result $? "each request of the pager's log is there, and no other: id, type, offset, length"
nr=$(wc -l <"$D/traced")
[ "$nr" = "$(stat_of requests)" ]
result $? "as many as the module has counted: $nr"
awk -v vmo="$vmo" '
	NR > 1 && ($2 != vmo || $6 < 1 || $7 < 0 || $8 + 0 <= 0 ||
		   $9 + 0 <= 0 || $10 + 0 <= 0 || $11 != "answered") {
		print; bad = 1
	}
	END { exit bad }' "$D/life" >"$D/out"
result $? "each has its VMO, a waiter, three times, and is answered"
run $life -i "$D/trace.dat"
cmp "$D/life" "$D/out" >"$D/err" 2>&1
result $? "the recording shows the same again"
run $life -i "$D/trace.dat" -v 0
[ "$(wc -l <"$D/out")" = 1 ]
result $? "-v: nothing of a VMO that there is not"

# ---- Histograms ---------------------------------------------------------------

run $latency -i "$D/trace.dat" -v "$vmo"
cp "$D/out" "$D/hist"
for stage in queue service wake; do
	want=$(samples $stage)
	got=$(sed -n "s/^$stage READ: \([0-9]*\) samples.*/\1/p" "$D/hist")
	bars=$(awk -v stage="$stage" '
		/samples, mean/ { on = $1 == stage }
		/\|/ && on { sum += $NF }
		END { print sum + 0 }' "$D/hist")
	cp "$D/hist" "$D/out"
	[ "$want" -ge "$nr" ] && [ "$got" = "$want" ] && [ "$bars" = "$want" ]
	result $? "latency, $stage: $want samples, as vmoctl stat --latency has them"
done
expect_json "stat --latency" "queue_latency service_latency wake_latency" \
	vmoctl stat --latency --json --socket "$S"
run vmoctl stat --latency --socket "$S"
grep -q "^service latency  *$(samples service) samples, mean [0-9]" "$D/out" &&
	grep -q '^ .* - .* |#* *| [0-9]*$' "$D/out"
result $? "stat --latency shows bars"
stop "the server ends"

# ---- Other ends ---------------------------------------------------------------

start create --size 1M --pager fail --socket "$S" --verbose
run $life vmoctl read --socket "$S" --length 4K --output /dev/null
awk 'NR == 2 && $11 == "failed" && $9 + 0 > 0 { ok = 1 } END { exit !ok || NR != 2 }' "$D/out"
result $? "a request that the pager fails"
stop "the server ends"

start create --size 1M --pager silent --socket "$S" --verbose
run $life timeout -s KILL 3 vmoctl read --socket "$S" --length 4K --output /dev/null
awk 'NR == 2 && $11 == "left" && $9 == "-" && $10 == "-" { ok = 1 } END { exit !ok || NR != 2 }' "$D/out"
result $? "a reader that is killed: it has left, nobody was served"
run $life sh -c 'vmoctl read --socket "$0" --length 4K --output /dev/null &
	sleep 3; vmoctl detach --socket "$0"; wait' "$S"
awk 'NR == 2 && $11 == "cut" && $9 == "-" && $10 + 0 > 0 { ok = 1 } END { exit !ok || NR != 2 }' "$D/out"
result $? "a request that a detach ends"
stop "the server ends"

expect_json "stat --latency without a pager" "queue_latency=null wake_latency=null" \
	vmoctl exec --anonymous 4K -- sh -c 'vmoctl stat --latency --json --fd $VMOCTL_FD'
run $life
[ "$rc" -eq 2 ] && grep -q 'request-life \[-v VMO\]' "$D/err"
result $? "without a command: how to use it"
run $life -i "$D/none"
[ "$rc" -eq 1 ] && grep -q 'no recording' "$D/err"
result $? "a recording that is not there"

finish
