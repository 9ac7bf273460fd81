#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The main job, end to end, run by "make demo" in the test VM: a file of
# 64 MiB and some odd bytes is served by a pager in user space; a program that
# reads it and one that maps it must see exactly that file, to the byte.

set -eu

file=/tmp/disk.img
socket=/tmp/disk.sock
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
printf '\ndemo: OK: %s bytes, read and mapped, equal to the byte\n' $size
