# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Talk to the QEMU of a guest that "guest --hold" started; sourced by cases.
# While that program waits for the guest it does not touch the monitor.

qmp_serial=0

qmp_open() {
	exec {qmp_in}<>"$1/qmp.in" {qmp_out}<>"$1/qmp.out"
}

# qmp_ask COMMAND [ARGUMENTS]: print what QEMU returns, in JSON.  Replies to
# what others asked before are passed over.
qmp_ask() {
	local line id=case-$((++qmp_serial))

	printf '{"execute": "%s", "arguments": %s, "id": "%s"}\n' "$1" "${2:-{\}}" "$id" >&"$qmp_in"
	while read -r -t 60 -u "$qmp_out" line; do
		[[ $line == *"\"id\": \"$id\""* ]] || continue
		jq -ce '.return // error(.error.desc)' <<<"$line"
		return
	done
	echo "QEMU did not answer $1" >&2
	return 1
}

# hmp_ask COMMAND [CPU]: what the human monitor prints
hmp_ask() {
	qmp_ask human-monitor-command \
		"{\"command-line\": \"$1\", \"cpu-index\": ${2:-0}}" | jq -r . | tr -d '\r'
}
