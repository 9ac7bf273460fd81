# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# What the tests of vmoctl (cli_*.sh) and of other programs share; they source it.
# It makes a folder, $D, which goes when the script ends, and has its servers
# listen at $S. They run in the test VM (busybox sh) and need the module, and
# vmoctl in PATH.
#
# Prints TAP. The script ends with finish, whose status tells whether all passed.

# The scripts that source this file use what is set here.
# shellcheck disable=SC2034
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

# ---- Files -----------------------------------------------------------------

# make_file: $D/file, with $size bytes in $pages pages, the last one in part.
make_file() {
	dd if=/dev/urandom of="$D/file" bs=4096 count=700 2>/dev/null
	printf 'and some odd bytes' >>"$D/file"
	size=$((700 * 4096 + 18))
	pages=701
}

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

# ---- Readers that wait -----------------------------------------------------

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

# ---- The end ---------------------------------------------------------------

finish() {
	echo "1..$count"
	echo "# $((count - failures)) passed, $failures failed, 0 skipped"
	[ $failures -eq 0 ]
}

echo "TAP version 13"
