#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl create: anonymous VMOs, and pagers that are silent, fail, give zeros and
# store nothing; commit, decommit, zero, resize, fail and detach.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
make_file

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

finish
