#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The main job, end to end, run by "make demo" in the test VM: a file of
# 64 MiB and some odd bytes is served by a pager in user space; a program that
# reads it and one that maps it must see exactly that file, to the byte. Eight
# clones of it share its pages, each with changes of its own, and the pager is
# asked for each page once. Then programs change the file itself, by calls and
# through mappings, and after a flush it must be what they made of it, to the
# byte, while a snapshot from before still is the old one.

set -eu

file=/tmp/disk.img
socket=/tmp/disk.sock
wal=/tmp/disk.wal
expected=/tmp/expected.img
log=/tmp/serve.log
errors=/tmp/errors.log
size=$((64 * 1024 * 1024 + 12345))

# Messages wait here until something fails. No terminal, no progress bars.
exec 2>$errors

step()
{
	printf '\n== %s\n' "$*"
}

# The command as a person would type it, then what it prints.
show()
{
	printf '$ %s\n' "$*"
	"$@"
}

fail()
{
	printf '\ndemo: FAILED: %s\n' "$*"
	cat $errors
	[ ! -s $log ] || { echo "the pager's last words:"; tail -n 20 $log; }
	exit 1
}

# requests: how many page requests the pager has answered so far.
requests()
{
	grep -c ' type=READ ' $log || true
}

step "A file of $size bytes, all of them random"
head -c $size /dev/urandom >$file
want=$(sha256sum <$file | cut -d' ' -f1)
first_sum=$want first_size=$size
echo "sha256 $want"

step "A pager in user space serves it as a VMO"
echo "\$ vmoctl serve --socket $socket --verbose $file &"
vmoctl serve --socket $socket --verbose $file >$log 2>&1 &
server=$!
# Its exit must not leave a server behind that nobody ends.
trap 'kill $server 2>/dev/null || true' EXIT
show vmoctl stat --socket $socket --wait 20 || fail "no VMO on $socket"

step "A program reads it: each page is asked for when it is first touched"
echo "\$ vmoctl read --socket $socket | sha256sum"
got=$(vmoctl read --socket $socket | sha256sum | cut -d' ' -f1)
echo "sha256 $got"
[ "$got" = "$want" ] || fail "read() saw something else"

step "What the pager was asked, and how it answered"
head -n 5 $log
echo "..."
tail -n 2 $log
first=$(requests)
echo "$first requests"
[ "$first" -gt 0 ] || fail "the pager was never asked"

step "A second reader, through a mapping: the pages are there, nobody is asked"
show vmoctl map --socket $socket
echo "\$ vmoctl read --mmap --socket $socket | cmp - $file"
vmoctl read --mmap --socket $socket | cmp - $file || fail "the mapping differs"
echo "no difference"
again=$(requests)
echo "$((again - first)) new requests"
[ "$again" -eq "$first" ] || fail "pages that were there were asked for again"

step "Any program can use it: a VMO is a file"
show vmoctl exec --socket $socket -- cmp {} $file || fail "cmp sees a difference"
echo "no difference"

step "A new VMO of the same file, mapped before anything was read"
echo "\$ vmoctl exec --file $file -- vmoctl read --mmap --vmo {} | cmp - $file"
vmoctl exec --file $file -- vmoctl read --mmap --vmo {} | cmp - $file ||
	fail "faults brought something else"
echo "no difference"

step "Statistics"
show vmoctl stat --socket $socket

kill $server
wait $server 2>/dev/null || true

step "Served again: eight clones of it, made before anybody has read a byte"
echo "\$ vmoctl serve --socket $socket --verbose --readahead 0 $file &"
vmoctl serve --socket $socket --verbose --readahead 0 $file >$log 2>&1 &
server=$!
clones="1 2 3 4 5 6 7 8"
for i in $clones; do
	show vmoctl clone --socket $socket --wait 20 --name vm"$i" >/tmp/clone."$i" ||
		fail "clone $i"
	# All eight are alike: one is enough to look at.
	[ "$i" -ne 1 ] || cat /tmp/clone.1
done
echo "... vm2 to vm8 likewise"
[ "$(requests)" -eq 0 ] || fail "making clones asked the pager for something"

step "Each writes a megabyte of its own, and a line, somewhere else"
for i in $clones; do
	at=$((i * 7000000))
	head -c 1048576 /dev/urandom >/tmp/own."$i"
	vmoctl write --socket $socket --clone vm"$i" --offset $at --input /tmp/own."$i" >/dev/null ||
		fail "vm$i: write"
	echo "I am machine $i" |
		vmoctl write --socket $socket --clone vm"$i" --mmap --offset 4000 >/dev/null ||
		fail "vm$i: write through a mapping"
done
echo "8 times 1048591 bytes written"

# md5 FILE: of eight clones and what they are to be; sha256 takes its time here.
md5()
{
	md5sum <"$1" | cut -d' ' -f1
}

step "All eight are read at the same time"
readers=
for i in $clones; do
	vmoctl read --socket $socket --clone vm"$i" --length $size | md5sum >/tmp/sum."$i" &
	readers="$readers $!"
done
for reader in $readers; do
	wait "$reader" || fail "a reader failed"
done
echo "$(requests) requests"

step "Each is the file with its own changes; the file itself is as it was"
for i in $clones; do
	cp $file $expected
	dd if=/tmp/own."$i" of=$expected bs=1000 seek=$((i * 7000)) conv=notrunc 2>/dev/null
	echo "I am machine $i" | dd of=$expected bs=1 seek=4000 conv=notrunc 2>/dev/null
	got=$(cut -d' ' -f1 </tmp/sum."$i")
	echo "vm$i md5 $got"
	[ "$(md5 $expected)" = "$got" ] || fail "vm$i is not the file with its changes"
	rm -f /tmp/own."$i" /tmp/sum."$i"
done
vmoctl read --socket $socket | md5sum | cut -d' ' -f1 >/tmp/sum.vmo
[ "$(cat /tmp/sum.vmo)" = "$(md5 $file)" ] || fail "the clones changed the VMO"
[ "$(sha256sum <$file | cut -d' ' -f1)" = "$want" ] || fail "the clones changed the file"
echo "sha256 $want"

step "What the pager was asked for, for all of them"
sed -n 's/.* type=READ offset=\([0-9]*\) length=\([0-9]*\) .*/\1 \2/p' $log |
	awk '{
		requests++
		for (at = $1; at < $1 + $2; at += 4096)
			seen[at]++ ? twice++ : pages++
	}
	END { print requests, pages + 0, twice + 0 }' >/tmp/asked
read -r count pages twice </tmp/asked
echo "$count requests for $pages pages, $twice of them twice"
[ "$pages" -eq $(((size + 4095) / 4096)) ] || fail "the file has other pages"
[ "$twice" -eq 0 ] || fail "pages were asked for twice"

step "The family, and the memory that it takes"
show vmoctl tree --socket $socket || fail "tree"
vmoctl tree --socket $socket --json | tail -n 1 |
	sed 's/.*"memory":\([0-9]*\),"as_copies":\([0-9]*\),.*/\1 \2/' >/tmp/asked
read -r memory copies </tmp/asked
[ $((memory * 7)) -lt "$copies" ] || fail "eight clones take $memory bytes"

kill $server
wait $server 2>/dev/null || true

step "Served again, and now changes go back to the file, with a log against crashes"
cp $file $expected
echo "\$ vmoctl serve --socket $socket --write --wal $wal --resizable --flush-ms 0 $file &"
vmoctl serve --socket $socket --write --wal $wal --resizable --flush-ms 0 $file >$log 2>&1 &
server=$!
# A user of its own, so that nobody is the last one until this is over.
vmoctl exec --socket $socket --wait 20 -- sleep 600 &
holder=$!
trap 'kill $server $holder 2>/dev/null || true' EXIT

# change HOW OFFSET BYTES: random bytes into the VMO, and into what is expected.
change()
{
	head -c "$3" /dev/urandom >/tmp/part."$2"
	dd if=/tmp/part."$2" of=$expected bs=4096 seek=$(($2 / 4096)) conv=notrunc 2>/dev/null
	# shellcheck disable=SC2086 # An option, or nothing.
	vmoctl write --socket $socket --wait 20 $1 --offset "$2" --input /tmp/part."$2" >/dev/null
}

step "A snapshot of it, as it is now"
show vmoctl clone --socket $socket --wait 20 --name before || fail "snapshot"

step "Two processes write through mappings, a third calls write()"
change --mmap 4096 1000000 &
one=$!
change --mmap $((32 * 1024 * 1024)) 734567 &
two=$!
change "" $((16 * 1024 * 1024)) 2000000 &
three=$!
for writer in $one $two $three; do
	wait "$writer" || fail "a writer failed"
done
echo "3734567 bytes written"
show vmoctl dirty --socket $socket
cmp -s $file $expected && fail "the file changed before it was flushed"
echo "the file is as it was"

step "Another one zeroes a part, makes it longer and writes behind the old end"
show vmoctl zero --socket $socket --offset 1000000 --length 5000000 || fail "zero"
dd if=/dev/zero of=$expected bs=1000000 seek=1 count=5 conv=notrunc 2>/dev/null
size=$((size + 1000001))
show vmoctl resize --socket $socket --size $size || fail "resize"
truncate -s $size $expected
printf 'the end' | vmoctl write --socket $socket --offset $((size - 7)) >/dev/null
printf 'the end' | dd of=$expected bs=1 seek=$((size - 7)) conv=notrunc 2>/dev/null

step "fsync() returns when all of it is in the file"
show vmoctl exec --socket $socket -- sync {} || fail "fsync"
ls -l $file $wal
got=$(sha256sum <$file | cut -d' ' -f1)
want=$(sha256sum <$expected | cut -d' ' -f1)
echo "sha256 $got"
[ "$got" = "$want" ] || fail "the file is not what was written"
show cmp $file $expected || fail "cmp sees a difference"
echo "no difference"
show vmoctl dirty --socket $socket --count

step "The snapshot still is the file as it was at first"
echo "\$ vmoctl read --socket $socket --clone before --length $first_size | sha256sum"
got=$(vmoctl read --socket $socket --clone before --length $first_size |
	sha256sum | cut -d' ' -f1)
echo "sha256 $got"
[ "$got" = "$first_sum" ] || fail "the snapshot has changed"

kill $holder
kill $server
wait $server || fail "the pager did not end cleanly"
cmp $file $expected || fail "the end changed the file"
printf '\ndemo: OK: %s bytes, read, mapped, cloned, changed and written back, equal to the byte\n' $size
