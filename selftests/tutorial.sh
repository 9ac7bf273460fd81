#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Walks through Documentation/tutorial.rst: each command that stands there behind
# the prompt of the VM is run, and prints what stands below it. The program was
# made on the host, from the page's code by the page's command.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"

page=/host/examples/tutorial.rst
cp /host/examples/pager "$D/pager"
# One of the commands is run by somebody else.
chmod 755 "$D"
cd "$D" || exit 1

# Line NUMBER.cmd and NUMBER.want for each command; prints how many there are.
split() {
	awk -v dir="$D" '
		/^    \/host # / {
			n++
			cmd = dir "/" n ".cmd"
			want = dir "/" n ".want"
			sub(/^    \/host # /, "")
			print >cmd
			printf "" >want
			next
		}
		n && /^    / { sub(/^    /, ""); print >want; next }
		n && want != "" && !/^$/ { want = "/dev/null" }
		END { print n + 0 }' "$page"
}

steps=$(split)
[ "$steps" -ge 5 ]
result $? "the page has commands"
i=0
while [ $i -lt "$steps" ]; do
	i=$((i + 1))
	# As a terminal shows it: both streams, as they come. sendfile(), which some
	# commands use, looks at a file's position, or locks a pipe, before it waits for
	# the pager, and that prints meanwhile; to a file that is appended to it refuses.
	: >"$D/out"
	sh "$i.cmd" >>"$D/out" 2>&1
	cp "$D/out" "$D/got"
	# "..." stands for the rest, which is another one each time.
	if [ "$(tail -n 1 "$i.want")" = ... ]; then
		lines=$(($(wc -l <"$i.want") - 1))
		head -n $lines "$D/out" >"$D/got"
		head -n $lines "$i.want" >"$D/want" && mv "$D/want" "$i.want"
	fi
	diff "$i.want" "$D/got" >"$D/err"
	result $? "$(cat "$i.cmd")"
done
finish
