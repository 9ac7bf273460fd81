# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts of this folder, which source it: where things are,
# how progress and errors are printed, and how a Debian package is fetched
# without installing it.

# The scripts that source this file use what is defined here.
# shellcheck disable=SC2034
VMOP_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
VMOP_BUILD=$VMOP_ROOT/build
VMOP_CACHE=${VMOP_CACHE:-${HOME:-/root}/.cache/vmopager}
VMOP_JOBS=${VMOP_JOBS:-$(nproc)}

# Tools of the system that a user's PATH may not have.
PATH=$PATH:/usr/sbin:/sbin
export PATH
export LC_ALL=C
# What sudo makes for us in the cache has to be ours to read.
umask 022

# say TAG TEXT...: one progress line, on stderr so that stdout stays clean.
say()
{
	local tag=$1
	shift
	printf '  %-7s %s\n' "$tag" "$*" >&2
}

# die TEXT...: what went wrong and the way out, then the end.
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# as_root COMMAND...: run as root, through sudo when we are somebody else.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root, and sudo is not installed; run as root: $*"
	fi
}

# apt_update: fetch the package lists anew, at most once per run.
apt_update()
{
	[ -z "${VMOP_APT_UPDATED:-}" ] || return 0
	say APT "updating the package lists"
	as_root apt-get -q update >&2 ||
		die "apt-get update failed; see its messages above"
	export VMOP_APT_UPDATED=1
}

# apt_lists any|fresh: make sure that there are package lists at all; before a
# download they must be from the last day, as mirrors keep no old versions.
apt_lists()
{
	if ! compgen -G '/var/lib/apt/lists/*Packages*' >/dev/null; then
		apt_update
	elif [ "$1" = fresh ] &&
	     [ -z "$(find /var/lib/apt/lists -maxdepth 0 -mmin -1440)" ]; then
		apt_update
	fi
}

# apt_candidate PACKAGE: the version that apt would install, empty if none.
apt_candidate()
{
	apt-cache policy "$1" | awk '/Candidate:/ && $2 != "(none)" { print $2 }'
}

# fetch_deb PACKAGE VERSION DIR: download one package and unpack it into DIR.
fetch_deb()
{
	local package=$1 version=$2 dir=$3 tmp

	mkdir -p "$dir" "$VMOP_CACHE"
	tmp=$(mktemp -d "$VMOP_CACHE/deb.XXXXXX")
	# apt's sandbox user must be able to write there.
	chmod 755 "$tmp"
	say FETCH "$package $version"
	if ! (cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download \
		"$package=$version" >&2); then
		apt_update
		(cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download \
			"$package=$version" >&2) || {
			rm -rf "$tmp"
			die "cannot download $package=$version; is a Debian mirror reachable? If it has a newer version by now, run this again"
		}
	fi
	dpkg-deb -x "$tmp"/*.deb "$dir" || {
		rm -rf "$tmp"
		die "cannot unpack $package=$version"
	}
	rm -rf "$tmp"
}

# with_lock NAME COMMAND...: keep parallel makes from filling one cache twice.
with_lock()
{
	local name=$1
	shift
	mkdir -p "$VMOP_CACHE"
	(
		flock 9
		"$@"
	) 9>"$VMOP_CACHE/$name.lock"
}
