#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl serve --write --wal, and recover.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
make_file

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
expect_json "with a log: stat" 'flags=["RESIZABLE","TRAP_DIRTY","PAGER_BACKED"] dirty_requests=1' \
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

finish
