#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl without a VMO: every verb's help, options and errors; info.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"

# ---- Without a VMO --------------------------------------------------------

expect 0 "help" vmoctl --help
for verb in info doctor create serve read write map resize zero commit decommit \
	prefetch fail detach stat dirty writeback recover exec; do
	expect 0 "help of $verb" vmoctl $verb --help
	expect 2 "$verb: unknown option" vmoctl $verb --no-such-option
done
expect 2 "no such verb" vmoctl frobnicate
expect 2 "too many operands" vmoctl info more
expect 2 "number with a bad unit" vmoctl create --size 1Q
expect 2 "negative number" vmoctl create --size -1
expect 2 "number that does not fit" vmoctl create --size 99999999T
expect 2 "value that is no choice" vmoctl create --size 1 --pager lazy
expect 2 "option without its value" vmoctl create --size
expect 2 "no VMO named" vmoctl read
expect 2 "two VMOs named" vmoctl stat --socket "$S" --fd 3
expect 2 "name too long" vmoctl create --size 1 --name 01234567890123456789012345678901
expect 2 "serve without a socket" vmoctl serve /etc/passwd
expect 2 "serve --resizable needs --writable" vmoctl serve "$0" --socket "$S" --resizable
expect 2 "exec without a VMO" vmoctl exec -- true
expect_text 2 "needs --write" "serve --wal needs --write" \
	vmoctl serve "$0" --socket "$S" --wal "$D/log"
expect_text 2 "needs --write" "serve --dirty-limit needs --write" \
	vmoctl serve "$0" --socket "$S" --writable --dirty-limit 1M
expect_text 2 "need --write" "serve --flush-ms needs --write" \
	vmoctl serve "$0" --socket "$S" --flush-ms 10
expect_text 2 "--writable" "serve --trap-dirty needs --writable" \
	vmoctl serve "$0" --socket "$S" --trap-dirty
expect_text 2 "need a --pager" "create --trap-dirty needs a pager" \
	vmoctl create --size 1 --trap-dirty
expect_text 2 "need --file" "exec --write needs --file" \
	vmoctl exec --anonymous 1 --write -- true
expect 2 "exec --dirty-limit needs --file" vmoctl exec --anonymous 1 --dirty-limit 1 -- true
expect_text 2 "--socket" "dirty without a socket" vmoctl dirty
expect 2 "writeback without a VMO" vmoctl writeback
expect_text 2 "--wal" "recover without a log" vmoctl recover "$0"
[ ! -e "$D/log" ]
result $? "none of these made a log"
expect 2 "read --json without --output" vmoctl read --json --socket "$S"
expect_text 1 "nobody serves" "nobody on the socket" vmoctl stat --socket "$S"
expect_text 1 "is not a VMO" "a file that is no VMO" vmoctl stat --vmo "$0"
expect_text 1 "is not a VMO" "a descriptor that is no VMO" vmoctl stat --fd 0
expect 1 "no descriptor" vmoctl stat --fd 99
expect_text 1 "No such file" "no such device" vmoctl info --device /dev/none
expect_text 1 "not the device" "another device" vmoctl info --device /dev/null
expect_text 1 "No such file" "serve a file that is not there" \
	vmoctl serve "$D/none" --socket "$S"
expect_text 1 "neither a regular file" "serve a directory" vmoctl serve "$D" --socket "$S"
expect_json "info" 'page_size=4096 name_bytes=32 max_vmo_size commands features' \
	vmoctl info --json
grep -q SUPPLY_FILE "$D/out"
result $? "info lists commands"
expect_json "create without a socket" 'name="abc" bytes=5000 id' \
	vmoctl create --size 5000 --name abc --json
expect 1 "create above the limit" vmoctl create --size 8388608T
expect_text 1 "cgroup" "a payer that is no cgroup" vmoctl create --size 1 --payer /tmp

finish
