#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl, end to end: every verb, its JSON, its exit status and its errors, and
# files served through a pager to other processes. Runs in the test VM (busybox
# sh); needs the module and vmoctl in PATH.
#
# Prints TAP; the exit status tells whether all passed.

set -u
D=$(mktemp -d "${TMPDIR:-/tmp}/cli.XXXXXX") || exit 1
S=$D/sock
count=0
failures=0
servers=

cleanup() {
	# shellcheck disable=SC2086 # A list of numbers.
	[ -z "$servers" ] || kill $servers 2>/dev/null
	wait
	rm -rf "$D"
}
trap cleanup EXIT

result() {	# status name
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failures=$((failures + 1))
		echo "not ok $count - $2"
		sed 's/^/# out: /' "$D/out" | head -n 20
		sed 's/^/# err: /' "$D/err" | head -n 20
	fi
}

# Is $D/out one JSON value a line? With a name: prints the top-level value of
# that key, of the last line that has it. Strict: what awk cannot parse whole
# is an error.
json() {
	awk -v want="${1:-}" '
	function fail() { bad = 1; exit 1 }
	function take(re) {
		if (!match(s, "^" re)) fail()
		got = substr(s, 1, RLENGTH)
		s = substr(s, RLENGTH + 1)
	}
	function string() { take("\"([^\"\\\\]|\\\\.)*\"") }
	function value(depth,   c, key, whole) {
		c = substr(s, 1, 1)
		if (c == "{") {
			take("[{]")
			if (substr(s, 1, 1) == "}") { take("[}]"); return }
			for (;;) {
				string(); key = got
				take(":")
				whole = s
				value(depth + 1)
				if (depth == 0 && key == "\"" want "\"") {
					found = 1
					answer = substr(whole, 1, length(whole) - length(s))
				}
				if (substr(s, 1, 1) != ",") break
				take(",")
			}
			take("[}]")
		} else if (c == "[") {
			take("[[]")
			if (substr(s, 1, 1) == "]") { take("[]]"); return }
			for (;;) {
				value(depth + 1)
				if (substr(s, 1, 1) != ",") break
				take(",")
			}
			take("[]]")
		} else if (c == "\"") {
			string()
		} else {
			take("(true|false|null|-?(0|[1-9][0-9]*))")
		}
	}
	{ s = $0; value(0); if (s != "") fail(); lines++ }
	END {
		if (bad || !lines || (want != "" && !found)) exit 1
		if (want != "") print answer
	}' "$D/out"
}

# Runs a command; its output is in $D/out and $D/err, its status in $rc.
run() {
	"$@" >"$D/out" 2>"$D/err"
	rc=$?
}

# expect STATUS NAME COMMAND...: the status is that one, and when it is not 0
# there is a message on standard error that starts with "vmoctl:".
expect() {
	want=$1 name=$2
	shift 2
	run "$@"
	ok=0
	[ "$rc" -eq "$want" ] || { echo "# status $rc, not $want"; ok=1; }
	if [ "$want" -ne 0 ] && ! grep -q '^vmoctl:' "$D/err"; then
		echo "# no message"
		ok=1
	fi
	result $ok "$name"
}

# expect, and the message holds TEXT.
expect_text() {
	want=$1 text=$2 name=$3
	shift 3
	run "$@"
	ok=0
	[ "$rc" -eq "$want" ] || { echo "# status $rc, not $want"; ok=1; }
	grep -qF -e "$text" "$D/err" || { echo "# no '$text'"; ok=1; }
	result $ok "$name"
}

# expect_json NAME "KEY=VALUE ..." COMMAND...: succeeds with valid JSON in which
# these top-level keys have these values; a KEY alone must be there.
expect_json() {
	name=$1 keys=$2
	shift 2
	run "$@"
	ok=0
	[ "$rc" -eq 0 ] || { echo "# status $rc"; ok=1; }
	json || { echo "# not JSON"; ok=1; }
	for pair in $keys; do
		got=$(json "${pair%%=*}") || { echo "# no ${pair%%=*}"; ok=1; }
		case $pair in
		*=*) [ "$got" = "${pair#*=}" ] ||
			{ echo "# ${pair%%=*} is $got, not ${pair#*=}"; ok=1; } ;;
		esac
	done
	result $ok "$name"
}

# Waits up to 20 s until a command succeeds.
until_true() {
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -le 200 ] || return 1
		sleep 0.1
	done
}

# Starts a server; its process is $server, its output $D/log and $D/log.err.
start() {
	: >"$D/log"
	vmoctl "$@" >"$D/log" 2>"$D/log.err" &
	server=$!
	servers=$server
	until_true grep -q -e '^serving' -e '"ready"' "$D/log" || {
		echo "# the server did not start: $*"
		sed 's/^/# /' "$D/log.err"
	}
}

# Ends it. Its status must be $1, and the socket gone.
stop() {
	kill "$server"
	wait "$server"
	status=$?
	servers=
	cp "$D/log" "$D/out"
	cp "$D/log.err" "$D/err"
	[ $status -eq 0 ] && [ ! -e "$S" ]
	result $? "$1"
}

waiters() {	# how many
	[ "$(vmoctl stat --json --socket "$S" | sed 's/.*"waiters":\([0-9]*\).*/\1/')" = "$1" ]
}

# Numbers of a line "request ..." are in the log this often.
requests() {
	grep -c '^request key=' "$D/log"
}

echo "TAP version 13"

# ---- Without a VMO --------------------------------------------------------

expect 0 "help" vmoctl --help
for verb in info create serve read write map resize zero commit decommit \
	prefetch fail detach stat dirty writeback recover exec; do
	expect 0 "help of $verb" vmoctl $verb --help
	expect 2 "$verb: unknown option" vmoctl $verb --no-such-option
done
expect 2 "no such verb" vmoctl frobnicate
expect 2 "too many operands" vmoctl info more
expect 2 "number with a bad unit" vmoctl create --size 1Q
expect 2 "negative number" vmoctl create --size -1
expect 2 "number that does not fit" vmoctl create --size 99999999T
expect 2 "value that is no choice" vmoctl create --size 1 --pager lazy
expect 2 "option without its value" vmoctl create --size
expect 2 "no VMO named" vmoctl read
expect 2 "two VMOs named" vmoctl stat --socket "$S" --fd 3
expect 2 "name too long" vmoctl create --size 1 --name 01234567890123456789012345678901
expect 2 "serve without a socket" vmoctl serve /etc/passwd
expect 2 "serve --resizable needs --writable" vmoctl serve "$0" --socket "$S" --resizable
expect 2 "exec without a VMO" vmoctl exec -- true
expect_text 2 "needs --write" "serve --wal needs --write" \
	vmoctl serve "$0" --socket "$S" --wal "$D/log"
expect_text 2 "needs --write" "serve --dirty-limit needs --write" \
	vmoctl serve "$0" --socket "$S" --writable --dirty-limit 1M
expect_text 2 "need --write" "serve --flush-ms needs --write" \
	vmoctl serve "$0" --socket "$S" --flush-ms 10
expect_text 2 "--writable" "serve --trap-dirty needs --writable" \
	vmoctl serve "$0" --socket "$S" --trap-dirty
expect_text 2 "need a --pager" "create --trap-dirty needs a pager" \
	vmoctl create --size 1 --trap-dirty
expect_text 2 "need --file" "exec --write needs --file" \
	vmoctl exec --anonymous 1 --write -- true
expect 2 "exec --dirty-limit needs --file" vmoctl exec --anonymous 1 --dirty-limit 1 -- true
expect_text 2 "--socket" "dirty without a socket" vmoctl dirty
expect 2 "writeback without a VMO" vmoctl writeback
expect_text 2 "--wal" "recover without a log" vmoctl recover "$0"
[ ! -e "$D/log" ]
result $? "none of these made a log"
expect 2 "read --json without --output" vmoctl read --json --socket "$S"
expect_text 1 "nobody serves" "nobody on the socket" vmoctl stat --socket "$S"
expect_text 1 "is not a VMO" "a file that is no VMO" vmoctl stat --vmo "$0"
expect_text 1 "is not a VMO" "a descriptor that is no VMO" vmoctl stat --fd 0
expect 1 "no descriptor" vmoctl stat --fd 99
expect_text 1 "No such file" "no such device" vmoctl info --device /dev/none
expect_text 1 "not the device" "another device" vmoctl info --device /dev/null
expect_text 1 "No such file" "serve a file that is not there" \
	vmoctl serve "$D/none" --socket "$S"
expect_text 1 "neither a regular file" "serve a directory" vmoctl serve "$D" --socket "$S"
expect_json "info" 'page_size=4096 name_bytes=32 max_vmo_size commands features' \
	vmoctl info --json
grep -q SUPPLY_FILE "$D/out"
result $? "info lists commands"
expect_json "create without a socket" 'name="abc" bytes=5000 id' \
	vmoctl create --size 5000 --name abc --json
expect 1 "create above the limit" vmoctl create --size 8388608T
expect_text 1 "cgroup" "a payer that is no cgroup" vmoctl create --size 1 --payer /tmp

# ---- A file, served --------------------------------------------------------

dd if=/dev/urandom of="$D/file" bs=4096 count=700 2>/dev/null
printf 'and some odd bytes' >>"$D/file"
size=$((700 * 4096 + 18))
pages=701

for method in file copy uring; do
	start serve "$D/file" --socket "$S" --method $method -j 3
	cp "$D/log" "$D/out"
	grep -qx "serving file ($size bytes) on $S" "$D/log"
	result $? "$method: says where it serves"
	vmoctl read --socket "$S" 2>"$D/err" | cmp - "$D/file" >"$D/out" 2>&1
	result $? "$method: read gives the file, to the byte"
	expect_json "$method: map" "bytes=$size pages=$pages touched_bytes=$size sigbus_offset=null" \
		vmoctl map --socket "$S" --json
	sum=$(json cksum)
	expect_json "$method: read --mmap" "bytes=$size cksum=$sum" \
		vmoctl read --mmap --socket "$S" --output "$D/copy" --json
	cmp "$D/copy" "$D/file" >"$D/out" 2>&1
	result $? "$method: read --mmap gives the file, to the byte"
	expect_json "$method: stat" "state=\"live\" name=\"file\" content_size=$size st_size=$size supplied_pages=$pages failed_requests=0 waiters=0 open_for=\"reading\"" \
		vmoctl stat --socket "$S" --json
	stop "$method: ends cleanly"
	grep -q '^failed  *0$' "$D/log"
	result $? "$method: no request failed"
done

start serve "$D/file" --socket "$S" --verbose --readahead 0 --method copy
[ "$(stat -c %a "$S")" = 600 ]
result $? "the socket has mode 600"
run vmoctl read --socket "$S" --offset 12345 --length 6789
dd if="$D/file" bs=1 skip=12345 count=6789 of="$D/part" 2>/dev/null
cmp "$D/part" "$D/out" >/dev/null 2>&1
result $? "read a part"
before=$(requests)
expect_json "map one page in ten" "touched_bytes=71" \
	vmoctl map --socket "$S" --step 40960 --json
# Pages 3 and 4 are there from the read; 0, 10, ... 700 are not.
[ $(($(requests) - before)) -eq 71 ]
result $? "a request per page without readahead"
grep -qE '^request key=1 type=READ offset=[0-9]+ length=4096 id=[0-9]+ us=[0-9]+: ok$' "$D/log"
result $? "the request log"
expect_json "prefetch" "bytes=$size" vmoctl prefetch --socket "$S" --json
before=$(requests)
expect 0 "map after prefetch" vmoctl map --socket "$S"
[ "$(requests)" -eq "$before" ]
result $? "no request after prefetch"
stop "ends cleanly after prefetch"

start serve "$D/file" --socket "$S" --verbose -j 1
expect 0 "map with readahead" vmoctl map --socket "$S"
[ "$(requests)" -eq $(((pages + 31) / 32)) ]
result $? "a request per 128 KiB with readahead"
stop "ends cleanly after readahead"

start serve "$D/file" --socket "$S" -j 4
for i in 1 2 3 4; do
	vmoctl read --socket "$S" --output "$D/copy$i" >/dev/null 2>"$D/err" &
	eval "reader$i=$!"
done
ok=0
for i in 1 2 3 4; do
	eval "wait \$reader$i" || ok=1
	cmp "$D/copy$i" "$D/file" >"$D/out" 2>&1 || ok=1
done
result $ok "four processes read at once"
rm -f "$D"/copy*
expect_text 1 "not open for writing" "write to a read-only VMO" \
	vmoctl write --socket "$S" --input "$0"
expect_text 1 "not open for writing" "zero a read-only VMO" vmoctl zero --socket "$S"
expect_text 1 "not open for writing" "commit a read-only VMO" vmoctl commit --socket "$S"
expect_text 1 "not open for writing" "resize a read-only VMO" \
	vmoctl resize --socket "$S" --size 1
expect_text 1 "not open for writing" "map a read-only VMO for writing" \
	vmoctl map --access write --socket "$S"
expect_json "map it private for writing" "cksum=$sum mapping=\"private\"" \
	vmoctl map --access write --private --socket "$S" --json
expect_text 1 "behind the end" "read behind the end" vmoctl read --socket "$S" --offset 1G
expect_text 1 "behind the end" "read beyond the end" \
	vmoctl read --socket "$S" --offset 1K --length 1G
expect_text 1 "serves on socket" "a second server on the socket" \
	vmoctl serve "$D/file" --socket "$S"
vmoctl read --socket "$S" --progress 2>"$D/err" >/dev/null
grep -q '^read *100%' "$D/err" && [ "$(grep -c '^read' "$D/err")" -ge 3 ]
result $? "progress without a terminal"
stop "the first server is unharmed"

echo precious >"$D/precious"
expect_text 1 "is not a socket" "a file in place of the socket" \
	vmoctl serve "$D/file" --socket "$D/precious"
[ "$(cat "$D/precious")" = precious ]
result $? "that file is unharmed"

start serve "$D/file" --socket "$S" --json --verbose --name other
expect 0 "read from a server with JSON" vmoctl read --socket "$S" --output /dev/null
kill "$server"
wait "$server"
cp "$D/log" "$D/out"
json && [ "$(json event)" = '"end"' ] && [ "$(json name)" = '"other"' ] &&
	[ "$(json bytes)" = "$size" ] && [ "$(json failed)" = 0 ] &&
	grep -q '"event":"request"' "$D/out"
result $? "serve --json: every line is an object"

vmoctl read --wait 20 --socket "$S" --output "$D/copy" >/dev/null 2>"$D/err" &
reader=$!
sleep 0.3
start serve "$D/file" --socket "$S" --once
wait $reader && cmp "$D/copy" "$D/file" >"$D/out" 2>&1
result $? "a reader that waits for its server"
wait "$server" && [ ! -e "$S" ]
result $? "serve --once ends with its last user"

: >"$D/empty"
start serve "$D/empty" --socket "$S"
expect_json "an empty file: map" 'bytes=0 pages=0' vmoctl map --socket "$S" --json
run vmoctl read --socket "$S"
[ "$rc" -eq 0 ] && [ ! -s "$D/out" ]
result $? "an empty file: read"
stop "an empty file: ends cleanly"

for method in file copy uring; do
	cp "$D/file" "$D/shrinks"
	start serve "$D/shrinks" --socket "$S" --method $method
	expect 0 "$method: read of a file that is whole" \
		vmoctl read --socket "$S" --length 4K --output /dev/null
	truncate -s 1M "$D/shrinks"
	expect_text 3 damaged "$method: a file that became shorter is no zeros" \
		vmoctl read --socket "$S" --offset 2M
	grep -q "its requests fail" "$D/log.err"
	result $? "$method: the server says so"
	stop "$method: ends cleanly after that"
done

start serve "$D/file" --socket "$S" --writable --resizable
expect_json "write into a served VMO" "bytes=5 offset=4094" \
	sh -c "printf HELLO | vmoctl write --json --offset 4094 --socket $S"
run vmoctl read --socket "$S" --offset 4094 --length 5
[ "$(cat "$D/out")" = HELLO ]
result $? "and read it back"
[ "$(dd if="$D/file" bs=1 skip=4094 count=5 2>/dev/null)" != HELLO ]
result $? "the file did not change"
expect_json "shrink it" "bytes_before=$size bytes=10000" \
	vmoctl resize --socket "$S" --size 10000 --json
expect_json "its size follows" "content_size=10000 st_size=10000" \
	vmoctl stat --socket "$S" --json
expect 0 "grow it" vmoctl resize --socket "$S" --size 20000
run vmoctl read --socket "$S" --offset 10000
[ "$rc" -eq 0 ] && [ "$(tr -d '\0' <"$D/out" | wc -c)" -eq 0 ] &&
	[ "$(wc -c <"$D/out")" -eq 10000 ]
result $? "the new space reads as zeros"
stop "ends cleanly after writing"

# ---- exec -------------------------------------------------------------------

expect 0 "exec --file, {} in an argument" vmoctl exec --file "$D/file" -- cmp {} "$D/file"
expect 0 "exec --file, {} in a word" vmoctl exec --file "$D/file" --method uring -- \
	dd if={} of="$D/copy" bs=64k
cmp "$D/copy" "$D/file" >"$D/out" 2>&1
result $? "the copy is the file"
# shellcheck disable=SC2016 # For the command's shell.
expect 0 "exec: vmoctl inside, by --fd" vmoctl exec --file "$D/file" -- \
	sh -c 'vmoctl read --fd $VMOCTL_FD | cmp - "$0"' "$D/file"
run vmoctl exec --file "$D/file" -- sh -c 'exit 7'
[ "$rc" -eq 7 ]
result $? "exec: status of the command"
# shellcheck disable=SC2016
run vmoctl exec --anonymous 4K -- sh -c 'kill -9 $$'
[ "$rc" -eq 137 ]
result $? "exec: status of a command that was killed"
expect 127 "exec: no such command" vmoctl exec --anonymous 4K -- "$D/none"
# shellcheck disable=SC2016
run vmoctl exec --anonymous 100 -- sh -c 'printf abc | dd of=$0 conv=notrunc bs=1 seek=97 2>/dev/null; tail -c 4 $0 | tr "\0" "0"' {}
[ "$(cat "$D/out")" = 0abc ]
result $? "exec --anonymous: written and read by programs"
# shellcheck disable=SC2016
expect_text 1 "not open for writing" "exec --file: the descriptor is read-only" \
	vmoctl exec --file "$D/file" -- sh -c 'vmoctl write --fd $VMOCTL_FD --input "$0"' "$0"
run vmoctl exec --json --file "$D/file" -- true
cp "$D/err" "$D/out"
json && [ "$(json exit_status)" = 0 ]
result $? "exec --json"
start serve "$D/file" --socket "$S"
expect 0 "exec --socket" vmoctl exec --socket "$S" -- cmp {} "$D/file"
vmo=
for link in /proc/"$server"/fd/*; do
	case $(readlink "$link") in *vmo*deleted*) vmo=$link ;; esac
done
expect_json "stat --vmo" "content_size=$size" vmoctl stat --json --vmo "$vmo"
vmoctl read --vmo "$vmo" 2>"$D/err" | cmp - "$D/file" >"$D/out" 2>&1
result $? "read --vmo"
stop "ends cleanly after exec"

# ---- Anonymous ----------------------------------------------------------------

start create --size 100000 --socket "$S" --resizable --name scratch
expect_json "stat of an anonymous VMO" 'state="anonymous" name="scratch" content_size=100000 size=102400 committed=0 flags=["RESIZABLE"] key=0' \
	vmoctl stat --socket "$S" --json
expect_json "its zeros have the checksum of cksum(1)" 'cksum=1260869142' \
	vmoctl map --socket "$S" --json
expect_json "map --access write" "touched_bytes=100000 cksum=1260869142 access=\"write\"" \
	vmoctl map --access write --socket "$S" --json
expect_json "that took memory" 'committed=102400' vmoctl stat --socket "$S" --json
expect_json "decommit" 'bytes=102400' vmoctl decommit --socket "$S" --json
expect_json "gives it back" 'committed=0' vmoctl stat --socket "$S" --json
expect_text 1 "multiples of the page size" "decommit what is no page" \
	vmoctl decommit --socket "$S" --offset 1 --length 4096
expect_json "commit" 'bytes=8192' vmoctl commit --socket "$S" --length 8K --json
expect_json "takes memory" 'committed=8192' vmoctl stat --socket "$S" --json
printf 123456789 | vmoctl write --socket "$S" --offset 50 >"$D/out" 2>"$D/err"
result $? "write"
expect_json "read with the checksum of cksum(1)" 'bytes=9 cksum=930766865' \
	vmoctl read --socket "$S" --offset 50 --length 9 --output /dev/null --json
expect_json "map of these bytes" 'touched_bytes=9 cksum=930766865 pages=1' \
	vmoctl map --socket "$S" --offset 50 --length 9 --json
expect_json "zero" 'bytes=4' vmoctl zero --socket "$S" --offset 52 --length 4 --json
run vmoctl read --socket "$S" --offset 50 --length 9
[ "$(tr '\0' . <"$D/out")" = 12....789 ]
result $? "zero does what it says"
expect_text 1 "more to write" "write beyond the end" \
	vmoctl write --socket "$S" --offset 99999 --input "$0"
expect_text 1 "behind the end" "write behind the end" \
	vmoctl write --socket "$S" --offset 100001 --input "$0"
expect_text 1 "ended after" "write less than it should" \
	vmoctl write --socket "$S" --length 100 --input /dev/null
expect_text 1 "anonymous" "fail an anonymous VMO" vmoctl fail --socket "$S"
expect_text 1 "anonymous" "detach an anonymous VMO" vmoctl detach --socket "$S"
stop "create ends cleanly"
start create --size 4096 --socket "$S"
expect_text 1 "without --resizable" "resize what is not resizable" \
	vmoctl resize --socket "$S" --size 1
stop "create ends cleanly again"

# ---- Pagers that do not supply ------------------------------------------------

# Starts a reader that blocks; $1 is the verb, then its options.
block() {
	vmoctl "$@" --socket "$S" >"$D/blocked" 2>"$D/blocked.err" &
	reader=$!
	until_true waiters 1 || echo "# nobody waits"
}

# The blocked reader must end with status $1 and say $2.
ended() {
	wait "$reader"
	status=$?
	cp "$D/blocked" "$D/out"
	cp "$D/blocked.err" "$D/err"
	[ $status -eq "$1" ] && grep -qF -e "$2" "$D/err"
	result $? "$3"
}

start create --size 1M --pager silent --socket "$S" --verbose
block read
expect 0 "fail" vmoctl fail --socket "$S" --error ENOSPC
ended 3 "No space" "the reader gets the error"
expect_json "stat counts it" 'failed_requests=1 last_error="ENOSPC" waiters=0' \
	vmoctl stat --socket "$S" --json
block map --offset 8K
expect_json "fail with JSON" 'ok=true' \
	vmoctl fail --socket "$S" --error EBADMSG --offset 8K --length 4K --json
ended 3 "SIGBUS at offset 8192" "the mapping gets SIGBUS"
block read --offset 64K
id=$(sed -n 's/.* id=\([0-9]*\) .*/\1/p' "$D/log" | tail -n 1)
expect 0 "fail by another id does nothing" vmoctl fail --socket "$S" --id 999999999
waiters 1
result $? "the reader still waits"
expect 0 "fail by id" vmoctl fail --socket "$S" --id "$id"
ended 3 "Input/output error" "the reader gets that error"
expect_text 1 "multiples of the page size" "fail what is no page" \
	vmoctl fail --socket "$S" --offset 1 --length 1
expect_text 2 "leave out" "fail by id and range" vmoctl fail --socket "$S" --id 1 --offset 0x1000
block read
expect_json "detach" 'ok=true' vmoctl detach --socket "$S" --json
ended 3 "detached" "the reader learns of it"
expect 0 "detach again" vmoctl detach --socket "$S"
expect_json "stat tells" 'state="detached"' vmoctl stat --socket "$S" --json
expect_text 3 "detached" "a later reader learns of it too" vmoctl map --socket "$S"
stop "ends cleanly after detach"

start create --size 1M --pager fail --socket "$S"
expect_text 3 "Input/output error" "a pager that fails: read" vmoctl read --socket "$S"
run vmoctl map --socket "$S" --json
[ "$rc" -eq 3 ] && [ "$(json sigbus_offset)" = 0 ] && [ "$(json touched_bytes)" = 0 ]
result $? "a pager that fails: map"
expect 3 "a pager that fails: read --mmap" vmoctl read --mmap --socket "$S"
expect 3 "a pager that fails: prefetch" vmoctl prefetch --socket "$S"
stop "a pager that fails: ends cleanly"

start create --size 1M --pager zero --socket "$S"
run vmoctl read --socket "$S"
[ "$rc" -eq 0 ] && [ "$(wc -c <"$D/out")" -eq 1048576 ] &&
	[ "$(tr -d '\0' <"$D/out" | wc -c)" -eq 0 ]
result $? "a pager of zeros"
stop "a pager of zeros: ends cleanly"

start create --size 1M --pager silent --deadline-ms 300 --socket "$S"
expect_text 3 "in time" "a deadline: read" vmoctl read --socket "$S"
expect 3 "a deadline: map" vmoctl map --socket "$S"
expect_json "a deadline: stat" 'deadline_ms=300 failed_requests=2 last_error="ETIMEDOUT"' \
	vmoctl stat --socket "$S" --json
stop "a deadline: ends cleanly"

# ---- Written back -----------------------------------------------------------------

# fresh: a new file to change, $D/disk, and what it is to become, $D/want.
fresh() {
	dd if=/dev/urandom of="$D/disk" bs=1000 count=500 2>/dev/null
	cp "$D/disk" "$D/want"
}

# put TEXT OFFSET [OPTION]: writes it into the VMO and what is expected.
put() {
	text=$1 at=$2
	shift 2
	printf %s "$text" | vmoctl write --socket "$S" --offset "$at" "$@" >"$D/out" 2>"$D/err" &&
		printf %s "$text" | dd of="$D/want" bs=1 seek="$at" conv=notrunc 2>/dev/null
}

# A user that stays, so that nobody else is the last one to leave.
hold() {
	rm -f "$D/held"
	# shellcheck disable=SC2016 # For the command's shell.
	vmoctl exec --socket "$S" -- sh -c 'touch "$0"; exec sleep 1000' "$D/held" 2>"$D/hold.err" &
	holder=$!
	servers="$servers $holder"
	until_true [ -e "$D/held" ]
}

unhold() {
	kill "$holder" 2>/dev/null
	wait "$holder" 2>/dev/null
}

same() {
	cmp "$D/disk" "$D/want" >"$D/out" 2>&1
}

fresh
start serve "$D/disk" --socket "$S" --write --resizable --flush-ms 0 --flush-bytes 0
expect_text 1 "another vmoctl" "a second one that writes the same file" \
	vmoctl serve "$D/disk" --write --socket "$D/other"
expect_text 1 "another vmoctl" "one that reads a file that is written" \
	vmoctl serve "$D/disk" --socket "$D/other"
hold
put changed 8190
result $? "write into a VMO that is written back"
put mapped 123456 --mmap
result $? "write --mmap"
expect_text 1 "more to write" "write --mmap beyond the end" \
	vmoctl write --mmap --socket "$S" --offset 499990 --input "$0"
vmoctl read --socket "$S" | cmp - "$D/want" >"$D/out" 2>"$D/err"
result $? "the VMO has both"
same
[ $? -eq 1 ]
result $? "the file not yet"
run vmoctl dirty --socket "$S" --json
[ "$rc" -eq 0 ] && json && [ "$(wc -l <"$D/out")" -eq 2 ] &&
	grep -qx '{"offset":4096,"length":8192,"zero":false}' "$D/out"
result $? "dirty --json: an object for each range"
expect_json "dirty --count" 'ranges=2 dirty=12288 dirty_zero=0' \
	vmoctl dirty --socket "$S" --count --json
expect_json "dirty: a part" 'ranges=1 dirty=4096' \
	vmoctl dirty --socket "$S" --count --json --offset 120K --length 4K
expect_text 1 "behind the end" "dirty behind the end" vmoctl dirty --socket "$S" --offset 1G
expect_json "stat of what is dirty" 'modified=true dirty=12288 awaiting_clean=0 dirty_limit=0 cleaned=0' \
	vmoctl stat --socket "$S" --json
expect_json "writeback" 'microseconds' vmoctl writeback --socket "$S" --json
same
result $? "the file has both, to the byte"
expect_json "stat after that" 'dirty=0 cleaned=12288' vmoctl stat --socket "$S" --json
expect 0 "zero a part" vmoctl zero --socket "$S" --offset 200000 --length 100000
dd if=/dev/zero of="$D/want" bs=1000 seek=200 count=100 conv=notrunc 2>/dev/null
expect 0 "make it longer" vmoctl resize --socket "$S" --size 600001
truncate -s 600001 "$D/want"
put end 599998
expect 0 "fsync of a user" vmoctl exec --socket "$S" -- sync {}
same
result $? "the file has the zeros and the new end"
[ "$(stat -c %b "$D/disk")" -lt 1100 ]
result $? "the zeros are a hole"
expect 0 "make it shorter" vmoctl resize --socket "$S" --size 300007
truncate -s 300007 "$D/want"
# shellcheck disable=SC2016 # For the command's shell.
expect 0 "writeback --fd" vmoctl exec --socket "$S" -- sh -c 'vmoctl writeback --fd $VMOCTL_FD'
expect 0 "writeback --socket stores a size alone" vmoctl writeback --socket "$S"
same
result $? "the file is shorter"
put again 250000
expect 0 "detach one that writes" vmoctl detach --socket "$S"
until_true same
result $? "what was changed before is written after detach"
unhold
stop "one that writes ends cleanly"
same
result $? "and leaves the file as it was"

fresh
start serve "$D/disk" --socket "$S" --write --flush-ms 0 --flush-bytes 0
put last 4000
until_true same
result $? "written back when the last user has left"
hold
put held 77
until_true [ "$(vmoctl dirty --socket "$S" --count --json | sed 's/.*"dirty":\([0-9]*\).*/\1/')" = 4096 ]
result $? "not while there are users"
stop "ends cleanly with a user"
same
result $? "written back at the end"
unhold

fresh
start serve "$D/disk" --socket "$S" --write --flush-ms 100
hold
put timed 4000
until_true same
result $? "written back by time"
unhold
stop "by time: ends cleanly"

fresh
start serve "$D/disk" --socket "$S" --write --flush-ms 0 --flush-bytes 64K
hold
head -c 100000 "$D/file" >"$D/part"
vmoctl write --socket "$S" --input "$D/part" >/dev/null 2>"$D/err"
dd if="$D/part" of="$D/want" bs=1000 conv=notrunc 2>/dev/null
until_true same
result $? "written back by amount"
unhold
stop "by amount: ends cleanly"

for how in "" --mmap; do
	fresh
	start serve "$D/disk" --socket "$S" --write --flush-ms 0 --flush-bytes 0 \
		--dirty-limit 64K --trap-dirty --verbose
	hold
	# shellcheck disable=SC2086 # An option, or nothing.
	expect_json "a limit: write ${how:-by call} far beyond it" 'bytes=400000' \
		vmoctl write $how --socket "$S" --input "$D/file" --length 400000 --json
	expect_json "a limit: what is dirty" 'dirty_limit=65536' vmoctl stat --socket "$S" --json
	[ "$(json dirty)" -le 65536 ] && [ "$(json writeback_requests)" -ge 4 ] &&
		[ "$(json dirty_requests)" -ge 1 ]
	result $? "a limit: it held, and the pager was asked"
	grep -q 'type=WRITEBACK .*: ok$' "$D/log" && grep -q 'type=DIRTY .*: ok$' "$D/log"
	result $? "a limit: the request log"
	unhold
	stop "a limit: ends cleanly"
	dd if="$D/file" of="$D/want" bs=1000 count=400 conv=notrunc 2>/dev/null
	same
	result $? "a limit: all is in the file"
done

fresh
expect 0 "exec --file --write" vmoctl exec --file "$D/disk" --write --flush-ms 0 -- \
	dd if="$D/part" of={} bs=10000 conv=notrunc
dd if="$D/part" of="$D/want" bs=1000 conv=notrunc 2>/dev/null
same
result $? "exec writes back when its command has ended"

# A file system of 256 KiB: the file's holes cannot all be filled.
mkdir "$D/small"
if mount -t tmpfs -o size=256k tmpfs "$D/small" 2>/dev/null; then
	truncate -s 1M "$D/small/disk"
	head -c 600000 "$D/file" >"$D/part"
	start serve "$D/small/disk" --socket "$S" --write --flush-ms 200
	hold
	vmoctl write --socket "$S" --input "$D/part" >/dev/null 2>"$D/err"
	expect_text 3 "No space" "no space: writeback" vmoctl writeback --socket "$S"
	run vmoctl exec --socket "$S" -- sync {}
	[ "$rc" -ne 0 ] && grep -qi "no space" "$D/err"
	result $? "no space: fsync of a user"
	grep -q "cannot write back" "$D/log.err"
	result $? "no space: the server says so"
	vmoctl read --socket "$S" --length 600000 | cmp - "$D/part" >"$D/out" 2>"$D/err"
	result $? "no space: nothing is lost"
	mount -o remount,size=4m "$D/small"
	expect 0 "with space again" vmoctl writeback --socket "$S"
	head -c 600000 "$D/small/disk" | cmp - "$D/part" >"$D/out" 2>&1
	result $? "all is in the file"
	unhold
	stop "no space: ends cleanly"

	mount -o remount,size=700k "$D/small"
	fresh
	start serve "$D/disk" --socket "$S" --write --wal "$D/small/log" --flush-ms 0 --flush-bytes 0
	hold
	expect_text 3 "No space" "no space for the log: the change fails" \
		vmoctl write --socket "$S" --input "$D/file" --length 400000
	grep -q "cannot write the log" "$D/log.err"
	result $? "no space for the log: the server says so"
	unhold
	stop "no space for the log: ends cleanly"
	umount "$D/small"
else
	echo "# no tmpfs to be had here: what happens without space is not tested"
fi

# ---- With a log --------------------------------------------------------------------

fresh
expect_text 1 "the file itself" "--wal: the file itself" \
	vmoctl serve "$D/disk" --write --wal "$D/disk" --socket "$S"
cp "$0" "$D/text"
expect_text 1 "not a log" "--wal: something else" \
	vmoctl serve "$D/disk" --write --wal "$D/text" --socket "$S"
cmp "$0" "$D/text" && same
result $? "both are unharmed"
start serve "$D/disk" --socket "$S" --write --wal "$D/log.wal" --resizable --flush-ms 0 --flush-bytes 0
expect_text 1 "is served" "recover a file that is served" \
	vmoctl recover "$D/disk" --wal "$D/log.wal"
hold
put first 4000
expect_json "with a log: stat" 'flags=["RESIZABLE","TRAP_DIRTY"] dirty_requests=1' \
	vmoctl stat --socket "$S" --json
[ "$(wc -c <"$D/log.wal")" -ge 4096 ]
result $? "with a log: the old page is in it"
[ "$(stat -c %a "$D/log.wal")" = 600 ]
result $? "with a log: it has mode 600"
expect 0 "with a log: fsync" vmoctl exec --socket "$S" -- sync {}
same && [ ! -s "$D/log.wal" ]
result $? "with a log: a checkpoint empties it"
# What follows is in no checkpoint.
cp "$D/want" "$D/checkpoint"
put second 50000
expect 0 "with a log: zero" vmoctl zero --socket "$S" --offset 100000 --length 100000
expect 0 "with a log: longer" vmoctl resize --socket "$S" --size 700000
kill -9 "$server"
wait "$server" 2>/dev/null
unhold
# As if a flush had been cut off: what the log has is half overwritten.
dd if="$D/file" of="$D/disk" bs=4096 seek=12 count=1 conv=notrunc 2>/dev/null
truncate -s 600000 "$D/disk"
printf 'a torn record' >>"$D/log.wal"
cp "$D/disk" "$D/disk2"
expect_text 1 "another file" "recover: a copy is another file" \
	vmoctl recover "$D/disk2" --wal "$D/log.wal"
expect_json "recover" 'needed=true put_back=12288 ignored=13' \
	vmoctl recover "$D/disk" --wal "$D/log.wal" --json
grep -q "recovered '$D/disk'" "$D/err"
result $? "recover says what it did"
cmp "$D/disk" "$D/checkpoint" >"$D/out" 2>&1 && [ ! -s "$D/log.wal" ]
result $? "the file is as at the last checkpoint"
expect_json "recover again" 'needed=false put_back=0' \
	vmoctl recover "$D/disk" --wal "$D/log.wal" --json
expect_text 1 "No such file" "recover without that log" \
	vmoctl recover "$D/disk" --wal "$D/none"

cp "$D/checkpoint" "$D/want"
start serve "$D/disk" --socket "$S" --write --wal "$D/log.wal" --flush-ms 0 --flush-bytes 0
hold
put third 60000
kill -9 "$server"
wait "$server" 2>/dev/null
unhold
dd if="$D/file" of="$D/disk" bs=4096 seek=14 count=1 conv=notrunc 2>/dev/null
start serve "$D/disk" --socket "$S" --write --wal "$D/log.wal"
grep -q "recovered '$D/disk'" "$D/log.err"
result $? "serve recovers by itself, and says so"
vmoctl read --socket "$S" | cmp - "$D/checkpoint" >"$D/out" 2>"$D/err"
result $? "users see the last checkpoint"
stop "ends cleanly after a recovery"

# ---- Pagers that do not store ---------------------------------------------------------

start create --size 1M --pager zero --trap-dirty --dirty-limit 8K --socket "$S"
expect_json "a pager of zeros: agrees to changes" 'bytes=8192' \
	vmoctl write --socket "$S" --input "$D/file" --length 8K --json
expect_text 3 "No space" "a pager of zeros: nowhere to store" \
	vmoctl write --socket "$S" --input "$D/file" --offset 64K --length 8K
expect_text 1 "does not" "a pager of zeros: writeback" vmoctl writeback --socket "$S"
expect_json "a pager of zeros: dirty" 'ranges=1 dirty=8192' \
	vmoctl dirty --socket "$S" --count --json
stop "a pager of zeros: ends cleanly after that"
start create --size 1M --socket "$S"
expect_text 1 "anonymous" "dirty of an anonymous VMO" vmoctl dirty --socket "$S"
expect_text 1 "anonymous" "writeback of an anonymous VMO" vmoctl writeback --socket "$S"
expect_json "stat of an anonymous VMO: not modified, but unknown" 'modified=null' \
	vmoctl stat --socket "$S" --json
stop "an anonymous VMO: ends cleanly"
start create --size 1M --pager silent --trap-dirty --socket "$S" --verbose
vmoctl zero --socket "$S" --length 4K >/dev/null 2>&1
run vmoctl exec --socket "$S" -- sync {}
[ "$rc" -ne 0 ]
result $? "fsync of what nobody stores is an error"
stop "a silent pager with changes: ends cleanly"

# ---- Servers that die -----------------------------------------------------------

start create --size 1M --pager silent --socket "$S"
block read
kill -9 "$server"
wait "$server" 2>/dev/null
ended 3 "gone" "a reader whose server is killed"
[ -S "$S" ]
result $? "its socket is left behind"
start serve "$D/file" --socket "$S"
expect 0 "the next server takes the socket over" \
	vmoctl exec --socket "$S" -- cmp {} "$D/file"
stop "and removes it"

echo "1..$count"
echo "# $((count - failures)) passed, $failures failed, 0 skipped"
[ $failures -eq 0 ]
