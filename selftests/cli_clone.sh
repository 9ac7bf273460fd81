#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl and families of VMOs, end to end: clone, drop, tree, reset and seal, of
# anonymous VMOs and of files that are served. Runs in the test VM (busybox sh);
# needs the module and vmoctl in PATH.
#
# Prints TAP; the exit status tells whether all passed.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"

# ask VERB [OPTION]...: the verb at the server's socket.
ask() {
	verb=$1
	shift
	vmoctl "$verb" --socket "$S" "$@"
}

# put TEXT OFFSET [OPTION]...: writes it.
put() {
	text=$1 at=$2
	shift 2
	printf %s "$text" | ask write --offset "$at" "$@" >"$D/out" 2>"$D/err"
}

# has TEXT OFFSET [OPTION]...: is it there? Zeros are shown as dots.
has() {
	text=$1 at=$2
	shift 2
	got=$(ask read --offset "$at" --length ${#text} "$@" 2>"$D/err" | tr '\0' .)
	[ "$got" = "$text" ] || { echo "# '$got' at $at, not '$text'"; return 1; }
}

# takes NAME PRIVATE SHARED SCALED: these are the clone's numbers, in pages and
# halves of them.
takes() {
	run ask stat --clone "$1" --json
	for pair in private="$2" shared="$3" scaled="$4"; do
		got=$(json "${pair%%=*}")
		want=$(awk "BEGIN { print ${pair#*=} * 4096 }")
		[ "$got" = "$want" ] || { echo "# $1: ${pair%%=*} is $got, not $want"; return 1; }
	done
}

# A VMO of the tree: the line of $D/out that has this name, as $D/out.
member() {
	ask tree --json >"$D/tree" 2>"$D/err" && grep "\"name\":\"$1\"" "$D/tree" >"$D/out"
}

# Was the pager asked for so many bytes, all in all? A request comes to the log
# after it was answered.
asked_for() {
	[ "$(sed -n 's/^request .*type=READ .*length=\([0-9]*\) .*/\1/p' "$D/log" |
		awk '{ n += $1 } END { print n + 0 }')" = "$1" ]
}

requests_are() {
	[ "$(requests)" = "$1" ]
}

echo "TAP version 13"

# ---- Without a VMO --------------------------------------------------------

for verb in clone compose drop tree reset seal; do
	expect 0 "help of $verb" vmoctl $verb --help
	expect 2 "$verb: unknown option" vmoctl $verb --no-such-option
done
expect_text 2 "which VMO" "clone without a VMO" vmoctl clone -- true
expect_text 2 "--name" "clone without a name" vmoctl clone --socket "$S"
expect_text 2 "--socket" "clone of a descriptor, without a CMD" vmoctl clone --fd 3 --name x
expect_text 2 "--socket" "clone --keep of a descriptor" vmoctl clone --fd 3 --name x --keep -- true
expect_text 2 "one kind" "clone of two kinds" vmoctl clone --socket "$S" --slice --modified -- true
expect_text 2 "leave out" "clone: a slice has a fixed size" \
	vmoctl clone --socket "$S" --slice --resizable -- true
expect_text 2 "leave out" "clone: a reference is of all" \
	vmoctl clone --socket "$S" --reference --length 1 -- true
expect_text 2 "together" "clone --no-write --resizable" \
	vmoctl clone --socket "$S" --no-write --resizable -- true
expect_text 2 "snapshots" "clone: no slice is resettable" \
	vmoctl clone --socket "$S" --slice --resettable -- true
expect_text 2 "snapshots" "clone: nobody else pays for a reference" \
	vmoctl clone --socket "$S" --reference --payer /tmp -- true
expect_text 2 "page size" "clone from the middle of a page" \
	vmoctl clone --socket "$S" --offset 100 -- true
expect_text 2 "longer than" "clone: a name that is too long" \
	vmoctl clone --socket "$S" --name 01234567890123456789012345678901
expect_text 2 "PART" "compose of nothing" vmoctl compose --socket "$S" --name x
expect_text 2 "--name" "compose without a name" vmoctl compose --socket "$S" .
expect_text 2 "--socket" "compose without a server" vmoctl compose --name x .
expect_text 2 "longer than" "compose: a name that is too long" \
	vmoctl compose --socket "$S" --name 01234567890123456789012345678901 .
expect_text 2 "no PART" "compose: an offset that is no number" \
	vmoctl compose --socket "$S" --name x .:one+4K
expect_text 2 "no PART" "compose: a length that is no number" \
	vmoctl compose --socket "$S" --name x .:0+4Q
expect_text 2 "no PART" "compose: a part without a name" \
	vmoctl compose --socket "$S" --name x :0+4K
expect_text 2 "whole pages" "compose from the middle of a page" \
	vmoctl compose --socket "$S" --name x .:100+4K
expect_text 2 "whole pages" "compose of a part of a page" \
	vmoctl compose --socket "$S" --name x .:4K+100
expect_text 1 "nobody serves" "compose: nobody on the socket" vmoctl compose --socket "$S" --name x .
expect_text 2 "--clone" "drop what?" vmoctl drop --socket "$S"
expect_text 2 "--socket" "drop from whom?" vmoctl drop --clone x
expect_text 2 "--clone needs" "a clone without a socket" vmoctl stat --fd 0 --clone x
expect_text 2 "--clone needs" "exec of a clone without a socket" \
	vmoctl exec --file "$0" --clone x -- true
for verb in drop reset; do
	expect_text 1 "nobody serves" "$verb: nobody on the socket" vmoctl $verb --socket "$S" --clone x
done
expect_text 1 "nobody serves" "tree: nobody on the socket" vmoctl tree --socket "$S"
run vmoctl info --json
grep -q CREATE_CHILD "$D/out" && grep -q VMO_RESET "$D/out" && grep -q VMO_SEAL "$D/out" &&
	grep -q VMO_COMPOSE "$D/out"
result $? "the module has the commands"

# ---- Anonymous ----------------------------------------------------------------

start create --size 64K --socket "$S" --name base
put one 0 && put two 4096
result $? "write into the parent"
expect_json "clone" 'name="a" parent_id kind="snapshot" offset=0 bytes=65536 kept=true' \
	ask clone --name a --json
has one 0 --clone a && has two 4096 --clone a
result $? "it has the parent's content"
put ONE 0 --clone a && has one 0 && has ONE 0 --clone a
result $? "what is written to the clone is the clone's"
put TWO 4096 && has two 4096 --clone a && has TWO 4096
result $? "what is written to the parent is the parent's"
expect_json "stat of a clone" 'kind="snapshot" children=0 child_offset=0 resettable=false flags=["COW_CLONE"] state="anonymous" modified=null' \
	ask stat --clone a --json
expect_json "stat of its parent" 'kind="anonymous" children=1 parent_id=0' ask stat --json
id=$(json id)
ask stat --clone a --json >"$D/out" 2>"$D/err" && [ "$(json parent_id)" = "$id" ]
result $? "the clone names its parent"
expect_text 1 "no clone 'b'" "a clone that is not there" ask read --clone b
expect_text 1 "no clone" "a name that no clone can have" \
	ask read --clone 01234567890123456789012345678901234567890
expect_text 1 "another name" "a name that is in use" ask clone --name a
expect_text 2 "leave out --clone" "writeback of a clone" ask writeback --clone a
expect 0 "exec --clone" ask exec --clone a -- test -e {}
expect_json "clone with a CMD" 'kind="snapshot" kept=false exit_status=0 private=0' \
	sh -c "vmoctl clone --socket $S --json -- test -e {} 2>&1"
run ask clone -- sh -c 'exit 7'
[ "$rc" -eq 7 ]
result $? "clone: status of the command"
expect 127 "clone: no such command" ask clone -- "$D/none"
# shellcheck disable=SC2016 # For the command's shell.
expect_json "clone: what the command changed" 'kept=true private=4096 name="kept"' \
	sh -c 'vmoctl clone --socket "$0" --keep --name kept --json -- \
		sh -c "printf cmd | dd of=\$0 conv=notrunc 2>/dev/null" {} 2>&1' "$S"
has cmd 0 --clone kept && has one 0
result $? "a clone that is kept stays behind its command"
expect_json "drop" 'ok=true' ask drop --clone kept --json
expect_text 1 "no clone 'kept'" "drop it again" ask drop --clone kept
expect_json "its parent has one child less" 'children=1' ask stat --json
expect_json "clone of a part" 'offset=4096 bytes=8192' \
	ask clone --name part --offset 4K --length 5000 --json
has TWO 0 --clone part
result $? "it starts there"
expect_json "clone beyond the end" 'bytes=131072' ask clone --name beyond --length 128K --json
put late 100000 --clone beyond && has one 0 --clone beyond && has .... 70000 --clone beyond &&
	has late 100000 --clone beyond
result $? "behind the parent it is zeros, and can be written"
expect_text 1 "give --length" "clone from behind the end" ask clone --name x --offset 1M
expect_text 1 "not inside" "a slice from behind the end" \
	ask clone --name x --slice --offset 64K --length 4K
expect_text 1 "above the limit" "a clone that is too long" ask clone --name x --length 8388608T
expect_json "clone --no-write" 'name="ro"' ask clone --name ro --no-write --json
expect_text 1 "not open for writing" "nobody writes to it" ask write --clone ro --input "$0"
expect_json "stat tells" 'flags=["COW_CLONE","NO_WRITE"] open_for="reading"' \
	ask stat --clone ro --json
expect_text 1 "leave out --name" "its name cannot be changed" ask clone --no-write --name x -- true
expect_json "clone --resizable" 'kept=true' ask clone --name grows --resizable --json
expect 0 "resize it" ask resize --clone grows --size 100000
expect_text 1 "is resizable" "a slice of what is resizable" ask clone --clone grows --name x --slice
expect_text 1 "without --resizable" "resize another clone" ask resize --clone a --size 1

# ---- Slices and references -------------------------------------------------------

expect_json "slice" 'kind="slice" offset=4096 bytes=8192' \
	ask clone --name s --slice --offset 4K --length 8K --json
put SLICE 0 --clone s && has SLICE 4096 && has two 4096 --clone a
result $? "a write to a slice is one to the parent, and a snapshot does not see it"
expect_json "a slice has no memory of its own" 'committed=0 private=0 shared=0 scaled=0 flags=[]' \
	ask stat --clone s --json
expect_text 1 "is a slice" "snapshot of a slice" ask clone --clone s --name x
expect_json "slice of a slice" 'kind="slice" offset=4096' \
	ask clone --clone s --name ss --slice --offset 4K --json
put deep 0 --clone ss && has deep 8192
result $? "it is a part of the first parent"
expect_json "reference" 'kind="reference" bytes=65536' ask clone --name r --reference --json
put ref 60000 --clone r && has ref 60000
result $? "a write to a reference is one to the parent"
expect_text 1 "not resizable" "a resizable reference of what is not" \
	ask clone --name x --reference --resizable
expect 0 "a resizable reference" ask clone --clone grows --name r2 --reference --resizable
expect 0 "resize by a reference" ask resize --clone r2 --size 50000
expect_json "the other one has that size" 'content_size=50000' ask stat --clone grows --json

# ---- The tree --------------------------------------------------------------------------

member ss && json && [ "$(json depth)" = 2 ]
result $? "tree --json: a slice of a slice is below it"
member base && [ "$(json depth)" = 0 ] && [ "$(json elsewhere)" = 0 ] &&
	[ "$(json kind)" = '"anonymous"' ]
result $? "tree --json: the parent of all"
cp "$D/tree" "$D/out"
json && [ "$(json vmos)" = "$(($(wc -l <"$D/out") - 1))" ]
result $? "tree --json: how many there are"
[ "$(json memory)" -gt 0 ] && [ "$(json as_copies)" -gt "$(json memory)" ] &&
	[ "$(json saved)" = $(($(json as_copies) - $(json memory))) ]
result $? "tree --json: what is saved"
run ask tree
[ "$rc" -eq 0 ] && grep -q '^base  *[0-9]*  anonymous' "$D/out" &&
	grep -q '^|- s  *[0-9]*  slice' "$D/out" && grep -q '^|  `- ss ' "$D/out"
result $? "tree draws it"
vmoctl clone --socket "$S" -- sleep 100 2>"$D/err" &
other=$!
servers="$servers $other"
until_true sh -c "vmoctl tree --socket $S | grep -q '^base.*(1 more elsewhere)'"
result $? "tree tells of clones that the server does not keep"
kill $other
wait $other 2>/dev/null
i=0
last=a
ok=0
while [ $i -lt 80 ]; do
	i=$((i + 1))
	ask clone --clone "$last" --name "deep$i" >"$D/out" 2>"$D/err" || ok=1
	last=deep$i
done
result $ok "a chain of 80 clones"
has ONE 0 --clone deep80 && member deep80 && [ "$(json depth)" = 81 ]
result $? "the last one has the first one's content"
run ask tree
[ "$rc" -eq 0 ] && grep -q '^\.\.\. 81: deep80 ' "$D/out"
result $? "tree draws it, and lists more than fit in one answer"
while [ $i -gt 0 ]; do
	ask drop --clone deep$i >"$D/out" 2>"$D/err" || ok=1
	i=$((i - 2))
done
has ONE 0 --clone deep79 && member deep79 && [ "$(json depth)" = 41 ]
result $? "half of them dropped, the others keep their content"
stop "ends cleanly with clones"
grep -q 'warning.* clone(s) are not kept any more' "$D/log.err"
result $? "and says that they are gone"

# COW-26a, with halves of pages instead of owners.
start create --size 8K --socket "$S"
ask clone --name A >"$D/out" && put p0 0 --clone A && put p1 4096 --clone A &&
	ask clone --clone A --name B >"$D/out"
result $? "COW-26a: two pages, cloned"
takes A 0 2 1 && takes B 0 2 1
result $? "COW-26a: each has half of both"
put b0 0 --clone B && takes A 1 1 1.5 && takes B 1 1 1.5
result $? "COW-26a: B writes page 0: a copy, and the page is A's alone"
put a0 0 --clone A && takes A 1 1 1.5 && takes B 1 1 1.5
result $? "COW-26a: A writes page 0: moved, not copied"
put a1 4096 --clone A && takes A 2 0 2 && takes B 2 0 2
result $? "COW-26a: A writes page 1: a copy, and the page is B's alone"
expect 0 "COW-26a: A closes" ask drop --clone A
takes B 2 0 2 && has b0 0 --clone B && has p1 4096 --clone B
result $? "COW-26a: B keeps both"
stop "COW-26a: ends cleanly"

# ---- Reset and seal ------------------------------------------------------------------------

start create --size 64K --socket "$S"
put before 0
expect 0 "clone --resettable" ask clone --name vm --resettable
expect_json "it is" 'resettable=true' ask stat --clone vm --json
put after! 0 --clone vm && put more 20000 --clone vm && put parent 0
expect_json "reset" 'dropped=8192 microseconds' ask reset --clone vm --json
has before 0 --clone vm && has .... 20000 --clone vm && has parent 0
result $? "it is as it was, whatever its parent did"
expect_json "reset again" 'dropped=0' ask reset --clone vm --json
expect_text 1 "no clone" "reset of what is no clone" ask reset
put own 0 --clone vm
expect 0 "clone it" ask clone --clone vm --name child
expect_text 1 "cloned itself" "reset of one that was cloned" ask reset --clone vm
expect 0 "clone, not resettable" ask clone --name plain
put later 0 && put other 0 --clone plain
expect_text 1 "--resettable" "reset of one whose content is gone" ask reset --clone plain
expect 0 "clone --no-write for reset" ask clone --name fixed --no-write --resettable
expect_text 1 "not open for writing" "reset of one that nobody writes to" ask reset --clone fixed
put golden 0
expect_json "seal" 'sealed=true' ask seal --json
expect 0 "seal again" ask seal
expect_json "stat tells that it is sealed" 'flags=["SEALED"]' ask stat --json
expect_text 1 "is sealed" "write to a sealed VMO" ask write --input "$0" --length 10
expect_text 1 "is sealed" "write to it by a mapping" ask write --mmap --input "$0" --length 10
expect_text 1 "is sealed" "map it for writing" ask map --access write
expect_text 1 "is sealed" "zero it" ask zero
expect 0 "clone it after that" ask clone --name free
put changed 0 --clone free && has changed 0 --clone free && has golden 0
result $? "its clones can be written"
expect_json "and reset" 'dropped=4096' ask reset --clone free --json
has golden 0 --clone free
result $? "to what is sealed"
expect 0 "seal a clone" ask seal --clone free
expect_text 1 "is sealed" "reset of a sealed clone" ask reset --clone free
run ask tree
grep -q 'free .* sealed$' "$D/out"
result $? "tree tells"
stop "ends cleanly with sealed ones"

# ---- Composed -------------------------------------------------------------------------------

dd if=/dev/urandom of="$D/parts" bs=4096 count=8 2>/dev/null
O=$D/other.sock
vmoctl create --size 16K --socket "$O" >"$D/other.log" 2>&1 &
other=$!
until_true [ -S "$O" ]
start serve "$D/parts" --socket "$S" --verbose --readahead 0
servers="$servers $other"
printf other | vmoctl write --socket "$O" --offset 4096 >"$D/out" 2>"$D/err" &&
	vmoctl clone --socket "$O" --name copy >"$D/out" 2>"$D/err" &&
	ask clone --name c >"$D/out" 2>"$D/err" && put clone 0 --clone c
result $? "two servers, a clone with each"
asked_for 4096
result $? "only the page that was written was asked for"
expect_json "compose" 'name="disk" kind="composed" parts=5 bytes=36864 kept=true' \
	ask compose --name disk --json .:8K+8K "$O" c:+4K "$O@copy:4K+4096" .:0x7000+
asked_for 4096
result $? "nothing is asked for by that"
{
	dd if="$D/parts" bs=4096 skip=2 count=2
	dd if=/dev/zero bs=4096 count=1
	printf other | dd bs=4096 conv=sync
	dd if=/dev/zero bs=4096 count=2
	printf clone
	dd if="$D/parts" bs=1 skip=5 count=4091
	printf other | dd bs=4096 conv=sync
	dd if="$D/parts" bs=4096 skip=7
} >"$D/want" 2>/dev/null
has other 12288 --clone disk && has clone 24576 --clone disk && asked_for 4096
result $? "parts of others"
printf later | vmoctl write --socket "$O" --offset 4096 >"$D/out" 2>"$D/err" &&
	has other 12288 --clone disk
result $? "what was touched is a copy"
ask read --clone disk --output "$D/copy" >"$D/out" 2>"$D/err" && cmp "$D/copy" "$D/want" >"$D/out" 2>&1
result $? "it is its parts, to the byte"
until_true asked_for 16384
result $? "pages of the file were asked for once"
expect_json "stat tells that it is composed" 'kind="composed" parent_id=0 flags=["COMPOSED"] state="anonymous"' \
	ask stat --clone disk --json
member disk && [ "$(json depth)" = 0 ] && [ "$(json kind)" = '"composed"' ]
result $? "tree has it beside the others"
expect_text 1 "composed itself" "no part of what is composed" ask compose --name x disk:0+4K
expect 0 "clone it" ask clone --clone disk --name disk2 --resettable
expect_text 1 "composed itself" "no part of a clone of such" ask compose --name x c disk2
put own 0 --clone disk2 && put own 0 --clone disk2 --mmap && has own 0 --clone disk2
result $? "the clone is written"
expect_json "reset it" 'dropped=4096' ask reset --clone disk2 --json
ask read --clone disk2 2>"$D/err" | cmp - "$D/want" >"$D/out" 2>&1
result $? "it is the composed one again"
expect_text 1 "without --resizable" "its size is fixed" ask resize --clone disk --size 1
expect_text 1 "no clone 'none'" "a part that is not there" ask compose --name x none
expect_text 1 "no clone 'none'" "a part that another server does not have" ask compose --name x "$O@none"
expect_text 1 "cannot connect" "a part of no server" ask compose --name x "$D/none@c"
expect_text 1 "cannot open" "a part that is no path" ask compose --name x "$D/none"
expect_text 1 "not a VMO" "a part of a file" ask compose --name x "$D/parts"
expect_text 1 "not inside" "a part from behind the end" ask compose --name x .:32K+4K
expect_text 1 "not inside" "a part that is too long" ask compose --name x .:4K+32K
expect_text 1 "no bytes" "a part without length" ask compose --name x .:4K+0
expect_text 1 "no bytes" "a part of what is left at the end" ask compose --name x .:32K+
expect_text 1 "another name" "compose: a name that is in use" ask compose --name c .
expect_text 1 "cannot open the cgroup" "compose: who pays?" ask compose --name x --payer "$D/none" .
# shellcheck disable=SC2016 # For the command's shell.
expect_json "a part that is a path" 'parts=1 bytes=4096' \
	ask exec --clone c -- sh -c 'vmoctl compose --json --socket "$0" --name path "$1":+4K' "$S" {}
has clone 0 --clone path
result $? "it is that"
kill $other
wait $other 2>/dev/null
ask read --clone disk 2>"$D/err" | cmp - "$D/want" >"$D/out" 2>&1
result $? "it outlives the other server"
for name in disk disk2 path c; do
	ask drop --clone $name >"$D/out" 2>"$D/err" || break
done
expect_json "all dropped" 'children=0' ask stat --json
stop "composed: ends cleanly"

# ---- A file, served ----------------------------------------------------------------------------

dd if=/dev/urandom of="$D/file" bs=4096 count=64 2>/dev/null
size=262144

# First what nobody has read is cloned, then all is read by eight at once.
start serve "$D/file" --socket "$S" --verbose --readahead 0 -j 4
ok=0
for i in 1 2 3 4 5 6 7 8; do
	ask clone --name vm$i >"$D/out" 2>"$D/err" || ok=1
	put "machine $i" $((i * 20000)) --clone vm$i || ok=1
done
result $ok "eight clones of a file, a write in each"
readers=
for i in 1 2 3 4 5 6 7 8; do
	vmoctl read --socket "$S" --clone vm$i --output "$D/copy$i" >/dev/null 2>"$D/err" &
	readers="$readers $!"
done
for reader in $readers; do
	wait "$reader" || ok=1
done
result $ok "eight readers at once"
for i in 1 2 3 4 5 6 7 8; do
	cp "$D/file" "$D/want"
	printf %s "machine $i" | dd of="$D/want" bs=1 seek=$((i * 20000)) conv=notrunc 2>/dev/null
	cmp "$D/copy$i" "$D/want" >"$D/out" 2>&1 || ok=1
done
result $ok "each is the file with its own write"
vmoctl read --socket "$S" 2>"$D/err" | cmp - "$D/file" >"$D/out" 2>&1
result $? "the file is as it was"
until_true asked_for $size
result $? "each page was asked for once"
expect_json "a clone of a served file" 'kind="snapshot" private=4096 flags=["COW_CLONE","PAGER_BACKED"]' \
	ask stat --clone vm3 --json
run ask tree --json
[ "$(json vmos)" = 9 ] && [ "$(json memory)" = $((72 * 4096)) ] &&
	[ "$(json as_copies)" = $((9 * size)) ] && [ "$(json saved)" = $((9 * size - 72 * 4096)) ]
result $? "tree: 72 pages instead of 576"
expect 0 "detach" ask detach
has "machine 5" 100000 --clone vm5
result $? "what a clone has written outlives the pager"
expect_text 3 "detached" "what was the file's does not" ask read --clone vm5
stop "ends cleanly after detach"
rm -f "$D"/copy*

# COW-26b.
dd if="$D/file" of="$D/four" bs=4096 count=4 2>/dev/null
start serve "$D/four" --socket "$S" --verbose --readahead 0 --writable --resizable
put root0 0
expect 0 "COW-26b: clone --at-least-on-write" ask clone --name c --at-least-on-write
ask read --clone c --offset 4096 --length 1 >/dev/null 2>"$D/err" && until_true requests_are 2
result $? "COW-26b: its read is the parent's request"
put clone1 4096 --clone c && put root1 4096 && has clone1 4096 --clone c
result $? "COW-26b: a page of its own does not follow"
put ROOT0 0 && has ROOT0 0 --clone c
result $? "COW-26b: the others do"
before=$(requests)
expect 0 "COW-26b: the parent shrinks" ask resize --size 4096
expect 0 "COW-26b: and grows" ask resize --size 16384
put again 8192 && has clone1 4096 --clone c && has ..... 8192 --clone c && has ... 12288 --clone c &&
	[ "$(requests)" = "$before" ]
result $? "COW-26b: what was cut off is zeros for ever, without a request"
expect 0 "COW-26b: zero in the clone" ask zero --clone c --offset 4096 --length 4096
has ...... 4096 --clone c && has root1 4096
[ $? -eq 1 ] && has ...... 4096 --clone c
result $? "COW-26b: reads as zeros"
expect_text 1 "does not have that" "COW-26b: decommit" ask decommit --clone c
expect_text 1 "follows" "snapshot of a clone that follows" ask clone --clone c --name x
expect 0 "clone --modified of it" ask clone --clone c --name m --modified
put later 4096 --clone c && has ..... 4096 --clone m && put newer 0 && has newer 0 --clone m
result $? "it has what the clone had changed, and follows in the rest"
stop "COW-26b: ends cleanly"

# Snapshots of a live VMO: what is absent is frozen, too.
start serve "$D/four" --socket "$S" --verbose --readahead 0 --writable --resizable
put written 0
expect 0 "snapshot of a live VMO" ask clone --name snap
put WRITTEN 0 && has written 0 --clone snap && has WRITTEN 0
result $? "it does not see a later write"
expect 0 "ZERO of what was never read" ask zero --offset 4096 --length 4096
ask read --clone snap --offset 4096 --length 4096 2>"$D/err" >"$D/out"
dd if="$D/four" bs=4096 skip=1 count=1 2>/dev/null | cmp - "$D/out"
result $? "the snapshot has the file's content there"
has ........ 4096
result $? "the VMO has zeros"
expect_text 1 "never read" "shrink below what a snapshot still needs" ask resize --size 8192
expect 0 "read it first" ask prefetch --clone snap
expect 0 "then shrink" ask resize --size 8192
ask read --clone snap --offset 4096 2>"$D/err" >"$D/out"
dd if="$D/four" bs=4096 skip=1 2>/dev/null | cmp - "$D/out"
result $? "the snapshot has it all"
put second 0
expect 0 "a second snapshot" ask clone --name snap2
put third! 0 && has written 0 --clone snap && has second 0 --clone snap2 && has third! 0
result $? "each has its moment"
expect 0 "snapshot of a snapshot" ask clone --clone snap --name snap3
put mine 0 --clone snap && has written 0 --clone snap3
result $? "of that moment, too"
stop "snapshots: ends cleanly"

# Growing changes nothing that a snapshot sees: its last page need not be read.
dd if="$D/file" of="$D/odd" bs=1000 count=9 2>/dev/null
start serve "$D/odd" --socket "$S" --verbose --readahead 0 --writable --resizable
expect 0 "snapshot of a VMO that ends inside a page" ask clone --name snap
expect 0 "grow below a snapshot" ask resize --size 20000
requests_are 0
result $? "nobody is asked for that"
put grown 9000
ask read --clone snap --length 9000 2>"$D/err" | cmp - "$D/odd" >"$D/out" 2>&1 &&
	has ..... 9000 --clone snap && has grown 9000
result $? "the snapshot ends where it ended"
stop "growing: ends cleanly"

# Clones and writeback.
cp "$D/four" "$D/disk"
start serve "$D/disk" --socket "$S" --write --flush-ms 0 --flush-bytes 0
expect 0 "clone of what is written back" ask clone --name c
put clone 0 --clone c && put clone 8192 --clone c --mmap
expect_json "writes to a clone are not the file's" 'ranges=0 dirty=0' ask dirty --count --json
expect 0 "tree does not make a user" ask tree
put file 4096
expect 0 "writeback" ask writeback
cp "$D/four" "$D/want"
printf file | dd of="$D/want" bs=1 seek=4096 conv=notrunc 2>/dev/null
cmp "$D/disk" "$D/want" >"$D/out" 2>&1
result $? "the file has what was written to the VMO"
has clone 0 --clone c && ask read --clone c --offset 4096 --length 4096 2>"$D/err" >"$D/out"
dd if="$D/four" bs=4096 skip=1 count=1 2>/dev/null | cmp - "$D/out"
result $? "the clone has neither"
stop "writeback: ends cleanly"

start serve "$D/four" --socket "$S" --once
expect 0 "clone of serve --once" ask clone --name c
wait "$server" && [ ! -e "$S" ]
result $? "clones that are kept are no users"

finish
