#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What "make install" puts somewhere: does a program find the library there, and
# do header, symbols, man pages, help and completion agree?  Prints TAP.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
number=0

# is NAME COMMAND...: the command succeeds; what it says shows if not
is() {
	local name=$1 said
	shift
	number=$((number + 1))
	if said=$("$@" 2>&1); then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		echo "# ${said//$'\n'/$'\n'# }"
	fi
}

config() {
	PKG_CONFIG_PATH=$root/lib/pkgconfig pkg-config "$@" libexitstat
}

# A user of the library: whatever the host is, there is an answer.
cat >"$work/user.c" <<'END'
#include <libexitstat.h>
#include <stdio.h>

int main(void)
{
	struct exitstat *es;
	int err = exitstat_open(&es);

	printf("%s\n", err ? exitstat_reason(es) : "ready");
	exitstat_close(es);
	return 0;
}
END

build() {
	local flags
	read -r -a flags <<<"$(config --cflags --libs)"
	gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -o "$work/user" "$work/user.c" "${flags[@]}"
}

build_static() {
	local flags
	read -r -a flags <<<"$(config --cflags --libs)"
	gcc -static -o "$work/user-static" "$work/user.c" "${flags[@]}"
}

needs_soname() {
	readelf -d "$work/user" | grep -F 'Shared library: [libexitstat.so.0]'
}

runs() {
	LD_LIBRARY_PATH=$root/lib "$@" | grep .
}

version() {
	[ "exitstat $(config --modversion) " = "$("$root/bin/exitstat" --version | sed 's/(.*//')" ]
}

declared() {
	sed -nE 's/^[a-z][a-z0-9_ ]*[ *](exitstat_[a-z_]+)\(.*/\1/p' "$root/include/libexitstat.h" | sort -u
}

symbols() {
	diff <(declared) <(nm -D --defined-only "$root/lib/libexitstat.so" |
		sed -n 's/.* T \(.*\)@@.*/\1/p' | sort) && [ "$(declared | wc -l)" -gt 15 ]
}

in_man_page() {
	local function missing=0
	while read -r function; do
		grep -Fq "$function(" "$root/share/man/man3/libexitstat.3" ||
			{ echo "$function is not in libexitstat.3"; missing=1; }
	done < <(declared)
	return $missing
}

commands() {
	"$root/bin/exitstat" --help | sed -n '/^Commands/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

options() {
	"$root/bin/exitstat" "$@" --help | sed -nE 's/^ +((-.), )?--([a-z-]+).*/\3/p'
}

options_in_man_page() {
	local command option missing=0
	while read -r command; do
		while read -r option; do
			grep -Eq "(\\\\-){2}${option//-/\\\\-}" "$root/share/man/man1/exitstat.1" ||
				{ echo "--$option of $command is not in exitstat.1"; missing=1; }
		done < <(options "$command")
	done < <(commands)
	[ "$(commands | wc -l)" -ge 5 ] || { echo "no commands found"; missing=1; }
	return $missing
}

commands_in_man_page() {
	local command missing=0
	while read -r command; do
		grep -Eq "^\.BR? \"?$command\b" "$root/share/man/man1/exitstat.1" ||
			{ echo "$command is not in exitstat.1"; missing=1; }
	done < <(commands)
	return $missing
}

# What completion offers for these words, the last of which is begun.
complete_words() {
	PATH=$root/bin:$PATH bash -c '. "$1"; shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); _exitstat; echo "${COMPREPLY[*]}"' \
		- "$root/share/bash-completion/completions/exitstat" "$@"
}

completes() {
	[ "$(complete_words exitstat vc)" = vcpus ] &&
		[ "$(complete_words exitstat --so)" = --sort ] &&
		[ "$(complete_words exitstat --unit n)" = ns ] &&
		[ "$(complete_words exitstat run --rep)" = --repeat ] &&
		[[ " $(complete_words exitstat run -r 3 -- env) " == *' env '* ]] &&
		[[ " $(complete_words exitstat run --sort exits --js) " == *' --json '* ]] &&
		[[ $(complete_words exitstat run --json env --js) != *--json* ]]
}

man_warnings() {
	local page said
	for page in "$root"/share/man/man*/*; do
		said=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
		[ -z "$said" ] || { echo "$said"; return 1; }
	done
}

one_file() {
	! readelf -d "$root/bin/exitstat" | grep NEEDED
}

echo 1..12
is "it installs" make -s -C "$top/guest-tools" install prefix="$root"
is "a C99 program builds with pkg-config's flags" build
is "it needs the library by its SONAME" needs_soname
is "it runs" runs "$work/user"
is "a static program builds, too, and runs" eval 'build_static && runs "$work/user-static"'
is "pkg-config knows the version" version
is "the shared library shows what the header declares" symbols
is "libexitstat.3 has each function" in_man_page
is "exitstat.1 has each command" commands_in_man_page
is "exitstat.1 has each option" options_in_man_page
is "the completion completes" completes
is "the program is one file, and the man pages are well formed" eval 'one_file && man_warnings'
