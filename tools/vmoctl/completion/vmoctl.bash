# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of vmoctl. It asks the tool itself for verbs, options and values,
# so there is nothing here to keep in step.

# The help text, of a verb or of all.
_vmoctl_help()
{
	"${COMP_WORDS[0]}" "$@" --help 2>/dev/null
}

# The words that the verb $1 takes as its operand, "[a|b|c]" in its usage line.
_vmoctl_operands()
{
	_vmoctl_help "$1" | sed -nE '1s/.* \[([a-z]+(\|[a-z]+)+)\]$/\1/p' | tr '|' ' '
}

# "--name ARG" a line, of the verb $1.
_vmoctl_options()
{
	_vmoctl_help "$1" | sed -nE 's/^ +(-[a-z], )?(--[a-z-]+( [^ ]+)?)( .*)?$/\2/p'
}

_vmoctl()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb=${COMP_WORDS[1]} options operands arg i

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$(_vmoctl_help |
			sed -nE 's/^  ([a-z]+) +[A-Z].*/\1/p') --help --version" -- "$cur")
		return
	fi
	# Behind "--" comes a command of its own.
	for ((i = 2; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			if declare -F _command_offset >/dev/null; then
				_command_offset $((i + 1))
			else
				mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			fi
			return
		fi
	done
	options=$(_vmoctl_options "$verb")
	[[ $prev == -j ]] && prev=--threads
	[[ $prev == -o ]] && prev=--output
	[[ $prev == -i ]] && prev=--input
	arg=$(sed -n "s/^$prev //p" <<<"$options")
	case $arg in
	'<'*)
		arg=${arg#<} arg=${arg%>}
		mapfile -t COMPREPLY < <(compgen -W "${arg//|/ }" -- "$cur")
		;;
	PATH | FILE | LOG)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		;;
	CGROUPDIR)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		;;
	'')
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(cut -d' ' -f1 <<<"$options")" -- "$cur")
		elif operands=$(_vmoctl_operands "$verb") && [[ $operands ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$operands" -- "$cur")
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		;;
	esac
}

complete -F _vmoctl vmoctl
