#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl serve --write: what users change comes into the file; dirty, writeback.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
make_file

# ---- Written back -----------------------------------------------------------------

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

finish
