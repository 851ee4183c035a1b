# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the checks here share; sourced by them.
export LC_ALL=C TZ=UTC
passed=0 failed=0

ok() {
	echo "ok - $1"
	passed=$((passed + 1))
}

not_ok() {
	echo "not ok - $1${2:+: $2}"
	failed=$((failed + 1))
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got $2, wanted $3"
	fi
}

# check NAME COMMAND...: it succeeds; what it says shows if not.
check() {
	local name=$1 said
	shift

	if said=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name"
		sed 's/^/    /' <<<"$said"
	fi
}

# says NAME STATUS TEXT COMMAND...: this exit status, and one line on standard
# error that has the text.
says() {
	local name=$1 status=$2 text=$3 said was=0
	shift 3

	said=$("$@" 2>&1 >/dev/null) || was=$?
	if [ "$was" = "$status" ] && [ "$(wc -l <<<"$said")" = 1 ] && [[ $said == *"$text"* ]]; then
		ok "$name"
	else
		not_ok "$name" "status $was, wanted $status; wanted \"$text\""
		sed 's/^/    /' <<<"$said"
	fi
}

summary() {
	echo "$passed passed, $failed failed, 0 skipped"
	[ $failed -eq 0 ] && [ $passed -gt 0 ]
}
