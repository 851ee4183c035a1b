# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kmemleak, for cases on a kernel that has it; sourced by them, in L1.

kmemleak=/sys/kernel/debug/kmemleak

has_kmemleak() {
	[ -e $kmemleak ]
}

# It reports what it has twice found with the same contents, and nothing that is
# younger than five seconds.
scan_for_leaks() {
	sleep 6
	echo scan >$kmemleak
	echo scan >$kmemleak
}

# What is lost already is not the case's doing.
forget_leaks() {
	scan_for_leaks
	echo clear >$kmemleak
}

# Fails, and says where it came from, if memory was lost since then.
no_leaks() {
	scan_for_leaks
	[ -z "$(head -c 1 $kmemleak)" ] || { head -n 60 $kmemleak; return 1; }
}
