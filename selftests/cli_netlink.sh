#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl and what it learns by generic netlink: list, stat --id, requests, tree of
# all, top and monitor. Runs in the test VM (busybox sh); needs the module and
# vmoctl in PATH.
#
# Prints TAP; the exit status tells whether all passed.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"

# The line of $D/out with this text, as $D/out.
line() {
	grep -F -e "$1" "$D/out" >"$D/line"
	mv "$D/line" "$D/out"
	[ -s "$D/out" ]
}

# The id of the VMO with this name.
id_of() {
	vmoctl list --json >"$D/out" 2>"$D/err" && line "\"name\":\"$1\"" && json id
}

# ---- Usage -----------------------------------------------------------------------------

for verb in list requests top monitor; do
	expect 0 "help of $verb" vmoctl $verb --help
	expect 2 "$verb: unknown option" vmoctl $verb --no-such-option
done
expect_text 2 "none of" "list: no such kind" vmoctl list threads
expect 2 "list: one kind" vmoctl list vmos ports
expect 2 "list: shares of pagers" vmoctl list pagers --shares
expect 2 "requests takes nothing" vmoctl requests 1
expect 2 "stat: a number and a socket" vmoctl stat --id 1 --socket "$S"
expect_text 2 "not with --id" "stat: a number and histograms" vmoctl stat --id 1 --latency
expect_text 1 "may see" "stat: no such number" vmoctl stat --id 18446744073709551615

# ---- What there is ---------------------------------------------------------------------

head -c 1000000 /dev/urandom >"$D/file"
start serve "$D/file" --socket "$S" --name a_file
expect 0 "a clone that the server keeps" \
	vmoctl clone --socket "$S" --at-least-on-write --name a_clone
vmoctl read --socket "$S" --length 8192 >/dev/null
vmo=$(id_of a_file)
clone=$(id_of a_clone)

run vmoctl list
grep -qE "^ +$vmo +0 +pager +live +0 .* a_file$" "$D/out"
result $? "list: a VMO"
grep -qE "^ +$clone +$vmo +at-least-on-write .* a_clone$" "$D/out"
result $? "list: its clone"
run vmoctl list --json
json >/dev/null
result $? "list --json: an object a line"
line '"name":"a_file"' && [ "$(json uid)" = 0 ] && [ "$(json content_size)" = 1000000 ] &&
	[ "$(json parent_id)" = null ] && [ "$(json private)" = null ] &&
	[ "$(json oldest_ns)" = null ] && [ "$(json state)" = '"live"' ]
result $? "list --json: what it tells, and what not"
pager=$(json pager_id)
port=$(json port_id)
run vmoctl list --shares --json
line '"name":"a_file"' && [ "$(json private)" = "$(json committed)" ]
result $? "list --shares"
run vmoctl list pagers
grep -qE "^ +$pager +0 +1 +1 *$" "$D/out"
result $? "list pagers"
run vmoctl list pagers --json
line "\"id\":$pager," && [ "$(json vmos)" = 1 ] && [ "$(json closed)" = false ]
result $? "list pagers --json"
run vmoctl list ports --json
line "\"id\":$port," && [ "$(json pager_id)" = "$pager" ] && [ "$(json queued)" = 0 ]
result $? "list ports --json"

# What both tell is the same: by number, and by descriptor.
run vmoctl stat --id "$vmo" --json
cp "$D/out" "$D/by_id"
run vmoctl stat --socket "$S" --json
cp "$D/out" "$D/by_fd"
for key in name id state pager_id key size content_size committed kind private shared \
	scaled zero dirty flags waiters requests requested_pages supplied_pages \
	failed_requests evicted_pages last_error max_request_pages deadline_ms \
	dirty_requests writeback_requests; do
	cp "$D/by_id" "$D/out"
	one=$(json $key)
	cp "$D/by_fd" "$D/out"
	other=$(json $key)
	[ -n "$one" ] && [ "$one" = "$other" ] || echo "$key $one $other" >>"$D/differ"
done
cat "$D/differ" >"$D/out" 2>/dev/null
[ ! -e "$D/differ" ]
result $? "stat --id tells what stat tells"
run vmoctl stat --id "$vmo"
grep -q '^content size *1000000' "$D/out"
result $? "stat --id, for people"

# ---- The tree of all -------------------------------------------------------------------

run vmoctl tree
grep -q '^a_file ' "$D/out" && grep -q '^`- a_clone ' "$D/out" &&
	grep -q '^memory' "$D/out"
result $? "tree draws all there is"
run vmoctl tree --json
line '"name":"a_clone"' && [ "$(json depth)" = 1 ] && [ "$(json parent_id)" = "$vmo" ]
result $? "tree --json of all"

# ---- Requests, top ---------------------------------------------------------------------

run vmoctl requests
[ "$rc" -eq 0 ] && [ "$(wc -l <"$D/out")" = 1 ]
result $? "requests: none"
vmoctl create --size 1M --pager silent --name mute --socket "$D/mute" >"$D/mute.log" 2>&1 &
mute_pid=$!
servers="$servers $mute_pid"
until_true [ -S "$D/mute" ]
vmoctl read --socket "$D/mute" --offset 8192 --length 4096 >/dev/null 2>&1 &
reader=$!
pending() {
	[ "$(vmoctl requests | wc -l)" = 2 ]
}
until_true pending
result $? "requests: one"
mute=$(id_of mute)
run vmoctl requests --json
[ "$(json vmo_id)" = "$mute" ] && [ "$(json type)" = '"READ"' ] &&
	[ "$(json offset)" = 8192 ] && [ "$(json length)" = 4096 ] &&
	[ "$(json waiters)" = 1 ] && [ "$(json age_ns)" -gt 0 ]
result $? "requests --json"
run vmoctl top --count 2 --interval 1
[ "$rc" -eq 0 ] && [ "$(grep -c '^vmos ' "$D/out")" = 2 ] &&
	! grep -q "$(printf '\033')" "$D/out"
result $? "top: plain, two rounds"
sed -n 4p "$D/out" | grep -qE "^ +$mute +pager .* mute$"
result $? "top: who waits longest comes first"
grep -q '^vmos .* pending 1$' "$D/out"
result $? "top: what is pending"
run vmoctl top --count 1 --rows 1 --json
[ "$(json id)" = "$mute" ] && [ "$(json round)" = 1 ] && [ "$(wc -l <"$D/out")" = 1 ]
result $? "top --json --rows"

# ---- Events ----------------------------------------------------------------------------

# monitor OPTION...: to $D/events, from when it listens.
monitor() {
	vmoctl monitor "$@" >"$D/events" 2>"$D/monitor.err" &
	monitor=$!
	servers="$servers $monitor"
	until_true grep -q listening "$D/monitor.err"
}

monitor --json
kill $reader $mute_pid
wait $reader $mute_pid
until_true grep -q '"closed","object":"vmo"' "$D/events"
kill $monitor
wait $monitor
result $? "monitor ends by a signal"
cp "$D/events" "$D/out"
json >/dev/null && line '"event":"closed","object":"vmo"' && [ "$(json vmo_id)" = "$mute" ] &&
	[ "$(json name)" = '"mute"' ] && [ "$(json limit)" = null ]
result $? "monitor --json: closed"
# Nobody waits any more: no request becomes overdue in between.
monitor --count 2
vmoctl create --size 4096 --name short >/dev/null
wait $monitor
result $? "monitor ends after so many events"
cp "$D/events" "$D/out"
grep -qE '^[0-9:.]{15} created  pager [0-9]+ uid 0$' "$D/out" &&
	grep -qE "^[0-9:.]{15} created  vmo [0-9]+ 'short' uid 0\$" "$D/out"
result $? "monitor: created"

# ---- Names that others chose -----------------------------------------------------------

esc=$(printf '\033')
c1=$(printf '\302\233')
monitor --count 2
vmoctl create --size 4096 --name "sly${esc}[2J${c1}1m" --socket "$D/sly" >"$D/sly.log" 2>&1 &
servers="$servers $!"
until_true [ -S "$D/sly" ]
wait $monitor
cp "$D/events" "$D/out"
# What was printed has the name, and nothing that a terminal obeys.
harmless() {
	grep -q 'sly?\[2J?1m' "$D/out" && ! grep -q -e "$esc" -e "$c1" "$D/out"
}
harmless
result $? "monitor: a name with control characters"
run vmoctl list --json
line '"name":"sly' && sly=$(json id)
for verb in list tree "top --count 1 --rows 100" "stat --id $sly"; do
	# shellcheck disable=SC2086 # Words.
	run vmoctl $verb
	harmless
	result $? "$verb: the same"
done

# ---- Others than root ------------------------------------------------------------------

as_nobody() {
	su -s /bin/sh -c "PATH=$PATH $*" nobody
}

run as_nobody vmoctl list --json
[ "$rc" -eq 0 ] && [ ! -s "$D/out" ]
result $? "list: nobody sees nothing of root's"
expect_text 1 "may see" "stat --id: nor a single one" as_nobody vmoctl stat --id "$vmo"
expect_text 1 "CAP_NET_ADMIN" "monitor: nor events" as_nobody vmoctl monitor

finish
