# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts of this folder share; they source it: options, recording with
# trace-cmd, and the recorded events as lines of awk's.

usage()
{
	# The text at the head of the script that runs.
	sed -n '3,/^$/s/^# \{0,1\}//p' "$0" >&2
	exit 2
}

die()
{
	echo "${0##*/}: $*" >&2
	exit 1
}

# options "$@": sets input, output, vmo and command.
options()
{
	local option seconds=''

	input='' output='' vmo=''
	while getopts i:o:v:s:h option; do
		case $option in
		i) input=$OPTARG ;;
		o) output=$OPTARG ;;
		v) vmo=$OPTARG ;;
		s) seconds=$OPTARG ;;
		*) usage ;;
		esac
	done
	shift $((OPTIND - 1))
	command=("$@")
	[ -z "$seconds" ] || command=(sleep "$seconds")
	if [ -n "$input" ]; then
		[ ${#command[@]} -eq 0 ] || usage
		[ -z "$output" ] || usage
		[ -r "$input" ] || die "no recording '$input'"
	elif [ ${#command[@]} -eq 0 ]; then
		usage
	fi
	command -v trace-cmd >/dev/null ||
		die "trace-cmd is missing; install the package trace-cmd"
}

# record: the events of requests, of all processes, while the command runs. Its
# output goes to standard error; trace-cmd does not tell its exit status.
record()
{
	[ "$(id -u)" -eq 0 ] || die "only root may record; or read a recording with -i"
	[ -d /sys/module/vmopager ] || die "the module vmopager is not loaded"
	if [ -z "$output" ]; then
		output=$(mktemp "${TMPDIR:-/tmp}/vmop-trace.XXXXXX")
		trap 'rm -f "$output"' EXIT
	fi
	input=$output
	trace-cmd record -q -o "$output" -e 'vmopager:vmop_request_*' \
		"${command[@]}" >&2 || die "trace-cmd cannot record"
}

# events: one a line, "SECONDS EVENT KEY=VALUE...", oldest first.
events()
{
	trace-cmd report -q -t -i "$input" 2>/dev/null | awk -v vmo="$vmo" '
		/LOST [0-9]+ EVENTS|EVENTS DROPPED/ {
			print "events were lost: use a larger buffer (trace-cmd record -b)" >"/dev/stderr"
		}
		match($0, /[0-9]+\.[0-9]+: +vmop_[a-z_]+: /) {
			split(substr($0, RSTART, RLENGTH), head, /: +/)
			rest = substr($0, RSTART + RLENGTH)
			sub(/^ +/, "", rest)
			if (vmo == "" || rest ~ "(^| )vmo=" vmo "( |$)")
				print head[1], head[2], rest
		}'
}
