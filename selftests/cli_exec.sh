#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl exec, and the ways to name a VMO that a process has.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
make_file

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

finish
