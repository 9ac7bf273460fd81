#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The programs of tools/examples, built as others build on the library: with the
# shared one and its public headers.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
PATH=/host/examples:$PATH

# says STATUS TEXT NAME: the last run ended so and printed TEXT.
says() {
	ok=0
	[ "$rc" -eq "$1" ] || { echo "# status $rc, not $1"; ok=1; }
	cat "$D/out" "$D/err" | grep -qF -e "$2" || { echo "# no '$2'"; ok=1; }
	result $ok "$3"
}

# ---- file_pager ------------------------------------------------------------

make_file
# shellcheck disable=SC2016 # For the command's shell.
run file_pager "$D/file" sh -c 'cat >"$0"; cmp /proc/self/fd/0 "$0"' "$D/copy"
[ "$rc" -eq 0 ] && cmp "$D/copy" "$D/file" >>"$D/out"
result $? "file_pager: a command reads the file"
asked=$(grep -c '^asked for' "$D/err")
[ "$asked" -gt 1 ] && [ "$asked" -eq "$(sort -u "$D/err" | grep -c '^asked for')" ] &&
	[ "$(awk '/^asked/ { n += $3 } END { print n }' "$D/err")" -eq $((pages * 4096)) ]
result $? "file_pager: each page is asked for once"
run file_pager "$D/file" sh -c 'echo x >&0'
[ "$rc" -ne 0 ]
result $? "file_pager: its users cannot write"
cp "$D/file" "$D/short"
# shellcheck disable=SC2016
run file_pager "$D/short" sh -c 'truncate -s 5000 "$0"; cat' "$D/short"
[ "$rc" -ne 0 ] && grep -q 'Input/output error' "$D/err" && [ "$(wc -c <"$D/out")" -le 8192 ]
result $? "file_pager: a file that became shorter is an error"
run file_pager "$D/none" true
says 1 "$D/none: No such file" "file_pager: no such file"

# ---- cxx_pager -------------------------------------------------------------

run cxx_pager q
says 0 "1048576 times q" "cxx_pager: the library from C++"
says 0 "VMO 'letters': resize to 0 bytes: " "cxx_pager: an error in words"

# ---- zstd_pager ------------------------------------------------------------

frame=$((256 * 1024))
bytes=$((16 * 1024 * 1024 + 4321))
frames=$(((bytes + frame - 1) / frame))

# Programs and libraries, as often as it takes.
while [ "$(wc -c 2>/dev/null <"$D/content" || echo 0)" -lt $bytes ]; do
	cat /bin/busybox /usr/bin/vmoctl /host/examples/* /lib/*/lib*.so* >>"$D/content"
done
truncate -s $bytes "$D/content"
sum=$(sha256sum <"$D/content")

run zstd_pager pack "$D/content" "$D/image"
packed=$(wc -c <"$D/image")
echo "# $bytes bytes in $packed"
[ "$rc" -eq 0 ] && [ "$packed" -lt $((bytes * 3 / 4)) ]
result $? "zstd_pager: packs 16 MiB and an odd rest"
run zstd_pager show "$D/image" sh -c 'vmoctl read --mmap --fd 0 | sha256sum'
says 0 "$sum" "zstd_pager: the content through a mapping"
# Two threads may wait for one frame; nobody asks for a page that is there.
asked=$(sed -n 's/^zstd_pager: \([0-9]*\) requests for '$frames' frames, 0 failed$/\1/p' "$D/err")
echo "# $asked requests for $frames frames"
[ "${asked:-0}" -ge $frames ] && [ "$asked" -le $((frames * 4)) ]
result $? "zstd_pager: a request brings a whole frame"
run zstd_pager show "$D/image" sh -c 'tail -c 4321 | sha256sum'
says 0 "$(tail -c 4321 "$D/content" | sha256sum)" "zstd_pager: the end alone"
grep -q " [1-4] requests for $frames frames" "$D/err"
result $? "zstd_pager: the end alone needs no other frames"

# One frame is damaged: those who touch it get an error, and nobody else.
printf 'oops' | dd of="$D/image" bs=1 seek=$((packed / 2)) conv=notrunc 2>/dev/null
run zstd_pager show "$D/image" vmoctl read --mmap --fd 0 --output "$D/copy"
says 3 "is damaged" "zstd_pager: a damaged frame is an error"
bad=$(sed -n 's/^zstd_pager: frame \([0-9]*\) is damaged$/\1/p' "$D/err" | sort -u)
for i in $((bad - 1)) $((bad + 1)); do
	run zstd_pager show "$D/image" sh -c \
		"vmoctl read --fd 0 --offset $((i * frame)) --length $frame | sha256sum"
	says 0 "$(dd if="$D/content" bs=$frame skip=$i count=1 2>/dev/null | sha256sum)" \
		"zstd_pager: frame $i beside the damaged one ($bad)"
done
truncate -s $((packed - 1)) "$D/image"
run zstd_pager show "$D/image" true
says 1 "not an image" "zstd_pager: an image that was cut off"
rm -f "$D/content" "$D/image" "$D/copy"

# ---- buffer_pool -----------------------------------------------------------

bank=$D/bank
mkdir "$bank"

# recovers NAME PATTERN: it does, and says so.
recovers() {
	run buffer_pool "$bank" recover
	ok=0
	[ "$rc" -eq 0 ] || { echo "# status $rc"; ok=1; }
	grep -q "$2" "$D/out" || { echo "# no '$2'"; ok=1; }
	result $ok "$1"
}

# dies COMMITS DIE_AT
dies() {
	run buffer_pool "$bank" run "$1" "$2"
	says 137 "dying after $2 pages" "buffer_pool: killed after $2 pages"
}

run buffer_pool "$bank" run 5
says 0 "committed 5" "buffer_pool: commits"
recovers "buffer_pool: nothing to take back after a commit" \
	'^commit 5: 0 pages newer in the file, 0 in the log, 0 ahead of it; sum 0$'
dies 5 40
recovers "buffer_pool: a commit that was not one is taken back" \
	'^commit 5: 40 pages newer in the file, [0-9]* in the log, 0 ahead of it; sum 0$'
recovers "buffer_pool: it was" \
	'^commit 5: 0 pages newer in the file, 0 in the log, 0 ahead of it; sum 0$'

# Can the proof fail? Without its records the same file is ahead of the log.
dies 5 40
cp "$bank/log" "$D/log.kept"
truncate -s 16 "$bank/log"
run buffer_pool "$bank" recover
says 1 "40 ahead of it" "buffer_pool: a page ahead of the log is found"
cp "$D/log.kept" "$bank/log"
recovers "buffer_pool: with its log it is not" '^commit 5: 40 pages newer .* 0 ahead of it; sum 0$'
cp "$bank/data" "$D/data.kept"
printf 'damaged' | dd of="$bank/data" bs=1 seek=1000 conv=notrunc 2>/dev/null
run buffer_pool "$bank" recover
says 1 "0 ahead of it; sum" "buffer_pool: an account that is not right is found"
cp "$D/data.kept" "$bank/data"

# Killed from outside, whatever it is doing then.
ok=0
last=5
for try in 1 2 3 4 5 6; do
	buffer_pool "$bank" run 100000 >"$D/log" 2>"$D/log.err" &
	until_true grep -q "committed $((last + try))$" "$D/log" || { echo "# too slow"; ok=1; }
	kill -9 $!
	wait $! 2>/dev/null
	committed=$(sed -n 's/^committed //p' "$D/log" | tail -n 1)
	run buffer_pool "$bank" recover
	cat "$D/out" "$D/err" | sed "s/^/# killed after $committed: /"
	got=$(sed -n 's/^commit \([0-9]*\): .* 0 ahead of it; sum 0$/\1/p' "$D/out")
	# Killed before it could say so, it may have committed one more.
	[ "$rc" -eq 0 ] && [ -n "$committed" ] &&
		{ [ "$got" = "$committed" ] || [ "$got" = $((committed + 1)) ]; } || ok=1
	last=$got
done
result $ok "buffer_pool: kill -9 at any time leaves the newest commit"

finish
