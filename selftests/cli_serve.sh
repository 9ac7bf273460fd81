#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl serve: files read, mapped and prefetched by other processes; the socket;
# servers that die.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"
make_file

# ---- A file, served --------------------------------------------------------

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

finish
