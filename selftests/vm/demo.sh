#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The main job, end to end, run by "make demo" in the test VM: a file of
# 64 MiB and some odd bytes is served by a pager in user space; a program that
# reads it and one that maps it must see exactly that file, to the byte. Then
# programs change it, by calls and through mappings, and after a flush the file
# itself must be what they made of it, to the byte.

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
show vmoctl zero --socket $socket --offset 1000000 --length 5000000
dd if=/dev/zero of=$expected bs=1000000 seek=1 count=5 conv=notrunc 2>/dev/null
size=$((size + 1000001))
show vmoctl resize --socket $socket --size $size
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

kill $holder
kill $server
wait $server || fail "the pager did not end cleanly"
cmp $file $expected || fail "the end changed the file"
printf '\ndemo: OK: %s bytes, read, mapped, changed and written back, equal to the byte\n' $size
