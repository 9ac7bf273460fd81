#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# vmoctl doctor: what it says of a machine on which all is well, of one where
# something is not, and whether the commands that it gives mend that. What a
# test VM cannot be, it is made to look like by mounts over files that tell.

set -u
# shellcheck source=cli_common.sh
. "$(dirname "$0")/cli_common.sh"

release=$(uname -r)
covered=

# Leaves the machine as it was, whatever a test has done to it.
undo() {
	for path in $covered; do
		umount "$path"
	done
	[ ! -e "$D/group" ] || cp "$D/group" /etc/group
	rm -rf "/lib/modules/$release" "/boot/config-$release" \
		/etc/udev/rules.d/60-vmopager.rules /etc/modules-load.d/vmopager.conf
	# A node that mknod made would outlive the module: the kernel makes its own.
	[ ! -d /sys/module/vmopager ] || rmmod vmopager
	rm -f /dev/vmopager
	insmod /vmopager.ko
	cleanup
}
trap undo EXIT

# A file of the kernel says TEXT from now on.
cover() {	# path text
	printf '%s\n' "$2" >"$D/cover"
	mount --bind "$D/cover" "$1"
	covered=$1
}

uncover() {
	umount "$covered"
	covered=
	rm -f "$D/cover"
}

# A string of the report of a check: status, found, why or command.
field() {	# check key
	sed -n "s/^{\"check\":\"$1\",.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$D/out"
}

# The last report must be: exit status, JSON, and these checks have these results.
report() {	# status name "CHECK=RESULT ..."
	ok=0
	[ "$rc" -eq "$1" ] || { echo "# status $rc, not $1"; ok=1; }
	json usable >/dev/null || { echo "# not JSON, or no sum"; ok=1; }
	for pair in $3; do
		got=$(field "${pair%%=*}" status)
		[ "$got" = "${pair#*=}" ] ||
			{ echo "# ${pair%%=*} is '$got', not '${pair#*=}'"; ok=1; }
	done
	result $ok "$2"
}

# Runs doctor, then as report.
examine() {
	run vmoctl doctor --json
	report "$@"
}

# A field of the last report holds TEXT.
says() {	# check key text name
	case $(field "$1" "$2") in
	*"$3"*) result 0 "$4" ;;
	*)
		echo "# $1: $2 is '$(field "$1" "$2")', without '$3'"
		result 1 "$4"
		;;
	esac
}

# Does what the last report says about a check.
obey() {	# check
	field "$1" command >"$D/command"
	sh "$D/command" >"$D/out" 2>"$D/err"
}

as_nobody() {
	run su -s /bin/sh nobody -c 'vmoctl doctor --json'
}

# ---- All is well ------------------------------------------------------------

examine 0 "a machine on which VMOs work" \
	'loaded=ok device=ok versions=ok library=ok works=ok kernel=ok signature=ok cgroup=ok io_uring=ok'
[ "$(json usable)" = true ] && [ "$(json missing)" = 0 ]
result $? "and it says so"
says device found 'mode 0600, group root' "how the device may be opened"
expect 0 "the same for people" vmoctl doctor
{ grep -qx 'usable  *yes' && ! grep -q '^missing  *[a-z]'; } <"$D/out"
result $? "nothing is missing there"
report_of_note=$(grep -A 2 '^note  *module' "$D/out" | tr -s ' ' | tr '\n' ' ')
case $report_of_note in
*why:*do:*) result 0 "a note tells why and what to do" ;;
*) result 1 "a note tells why and what to do" ;;
esac

# ---- The kernel ---------------------------------------------------------------

cover /proc/sys/kernel/osrelease 5.10.0-30-amd64
examine 1 "a kernel that is too old" kernel=missing
says kernel command 'apt-get install linux-image' "the way to a newer one"
uncover
cover /proc/sys/kernel/osrelease 6.9.1
examine 0 "a kernel that nobody tested" kernel=note
uncover
cover /proc/sys/kernel/tainted $((4096 + 8192 + 512))
examine 0 "a kernel that has warned" taint=note
says taint found 'a warning' "of what it has seen"
uncover
cover /proc/sys/kernel/tainted $((4096 + 8192))
examine 0 "a module from outside of the tree is no harm" taint=ok
uncover
cover /proc/cmdline 'ro cgroup.memory=nosocket,nokmem quiet'
examine 0 "a kernel that charges nobody" cgroup=note
says cgroup found nokmem "what does that"
uncover
mount -t tmpfs none /sys/fs/cgroup
covered=/sys/fs/cgroup
examine 0 "no cgroup version 2" cgroup=note
uncover

if [ -e /proc/config.gz ]; then
	examine 0 "the kernel shows its configuration" config=ok
	cover /proc/config.gz 'CONFIG_MEMCG=n'
else
	examine 0 "nobody knows the configuration" config=unknown
	mkdir -p /boot
	printf 'CONFIG_MEMCG=y\nCONFIG_MEMCG_KMEM=y\n' >"/boot/config-$release"
	examine 0 "the configuration is in /boot" config=ok
	echo '# CONFIG_MEMCG is not set' >"/boot/config-$release"
fi
examine 0 "a kernel without memory cgroups" config=note
[ -z "$covered" ] || uncover

if [ -e /proc/sys/kernel/io_uring_disabled ]; then
	echo 2 >/proc/sys/kernel/io_uring_disabled
	examine 0 "io_uring is switched off" io_uring=note
	obey io_uring
	examine 0 "its command switches it on" io_uring=ok
fi

# ---- The device ---------------------------------------------------------------

rm /dev/vmopager
examine 1 "the device has no name" 'loaded=ok device=missing versions=unknown works=unknown'
obey device
examine 0 "its command makes the name" 'device=ok works=ok'
run vmoctl doctor --json --device /dev/null
report 1 "another device" device=missing
says device found 'not the device' "that is told"

as_nobody
report 1 "a user who may not" 'loaded=ok device=missing works=unknown udev=note'
mkdir -p /etc/udev/rules.d
: >/etc/udev/rules.d/60-vmopager.rules
as_nobody
report 1 "the rule is there and was not applied" 'udev=ok device=missing'
says device command 'udevadm trigger' "it has to be"
chgrp vmopager /dev/vmopager
chmod 660 /dev/vmopager
as_nobody
report 1 "a user outside of the group" device=missing
says device command 'sudo usermod -aG vmopager nobody' "the way into the group"

# A session that is older than the membership: it goes on when it has been made one.
mkfifo "$D/go"
# shellcheck disable=SC2016 # For that shell.
su -s /bin/sh nobody -c 'echo here; read -r go; vmoctl doctor --json' \
	<>"$D/go" >"$D/session" 2>"$D/err" &
session=$!
until_true grep -q here "$D/session"
cp /etc/group "$D/group"
sed -i 's/^vmopager:.*/&nobody/' /etc/group
# Both ways, so that it does not wait for a reader that has died.
echo go 1<>"$D/go"
wait "$session"
rc=$?
sed 1d "$D/session" >"$D/out"
report 1 "a member since the session began" device=missing
says device command 'newgrp vmopager' "a new session helps"
as_nobody
report 0 "a member" 'device=ok works=ok udev=ok'
cp "$D/group" /etc/group

# ---- The module -----------------------------------------------------------------

rmmod vmopager
examine 1 "the module is neither loaded nor installed" \
	'module=missing loaded=missing device=missing versions=unknown works=unknown'
[ "$(json usable)" = false ]
result $? "that is not usable"
says module command "linux-headers-$release" "first its build needs the kernel's headers"
mkdir -p "/lib/modules/$release/build"
: >"/lib/modules/$release/build/Makefile"
examine 1 "with them" module=missing
says module command 'make install' "it can be built"

mkdir -p "/lib/modules/$release/updates"
cp /vmopager.ko "/lib/modules/$release/updates/"
echo 'updates/vmopager.ko:' >"/lib/modules/$release/modules.dep"
examine 1 "it is installed" 'module=ok loaded=missing'
says module found "updates/vmopager.ko" "where"

# What Secure Boot leads to; the VM has none.
mount -t tmpfs none /sys/kernel
covered=/sys/kernel
mkdir /sys/kernel/security
echo 'none [integrity] confidentiality' >/sys/kernel/security/lockdown
if ! tail -c 28 /vmopager.ko | grep -q 'Module signature appended'; then
	examine 1 "locked down, and it has no signature" signature=missing
	says signature command 'mokutil --import' "the way to one"
fi
printf '~Module signature appended~\n' >>"/lib/modules/$release/updates/vmopager.ko"
examine 1 "locked down, with a signature" 'signature=ok loaded=missing'
uncover
cp /vmopager.ko "/lib/modules/$release/updates/"

examine 1 "not loaded yet" loaded=missing
says loaded command 'modprobe vmopager' "the way to load it"
obey loaded
examine 0 "its command loads it" 'module=ok loaded=ok device=ok works=ok boot=note'
mkdir -p /etc/modules-load.d
obey boot
examine 0 "the next command loads it at each start" boot=ok

rm "/lib/modules/$release/updates/vmopager.ko"
examine 0 "its file is gone" 'module=note loaded=ok'
says module command 'depmod -a' "the list is old"

expect_text 2 "operand too many" "doctor takes no operand" vmoctl doctor now

finish
