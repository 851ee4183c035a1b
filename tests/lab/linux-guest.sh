# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A stock Debian kernel boots, does something and powers off.  The kernel's
# tracepoint histogram, our table and KVM's own stat.exits agree, to the exit and
# for every reason.  Sourced by the cases, which differ in $guest_options.

# shellcheck source=/dev/null
. "$LAB_TOP/tests/lab/case.sh"

need_exit_stats
work=$(mktemp -d)

# All exit reasons of this vendor in hexadecimal, that of CPUID first.
all_reasons() {
	local list=vmx

	! grep -qw svm /proc/cpuinfo || list=svm
	sed -n 's/^\t[KM](\([0-9]*\), \([0-9a-fx]*\), \([A-Z0-9_]*\)).*/\2 \3/p' \
		"$LAB_TOP/include/kvm_exit_reasons_$list.h" |
		while read -r code name; do
			printf '%x %s\n' "$code" "$name"
		done |
		awk '$2 == "CPUID" { first = $1; next }
			{ rest = rest " " $1 }
			END { print first rest }'
}

{
	echo "REASONS='$(all_reasons)'"
	cat "$LAB_TOP/tests/lab/in-guest/linux-guest"
} >"$work/script"

trace_exits
status=0
"$LAB_TOP/tests/lab/guest" "${guest_options[@]}" --hold "$work/vm" "$work/script" || status=$?
[ $status = 0 ] || not_ok "the guest boots, passes its checks and powers off" "exit status $status"
kill -0 "$(<"$work/vm/pid")" 2>/dev/null || finish
[ -n "$case_failed" ] || ok "the guest boots, passes its checks and powers off"

# The guest is at rest: nothing moves between these readings.
vm=$(vm_directory "$(<"$work/vm/pid")")
traced_exits >"$work/histogram"
cat "$vm/exit_stats" >"$work/exit_stats"
exits=$(<"$vm/exits")
"$LAB_TOP/tests/lab/guest" --release "$work/vm"

if "$LAB_TOP/tests/lab/compare" "$work/histogram" "$work/exit_stats" >"$work/table"; then
	ok "every reason equals the tracepoint's histogram"
else
	not_ok "every reason equals the tracepoint's histogram"
fi
cat "$work/table"

total=$(awk '$1 == "TOTAL" { print $3 }' "$work/exit_stats")
check "the total is KVM's stat.exits" [ "$total" = "$exits" ]

# Buckets are far below 2^53, so awk adds them exactly.
# shellcheck disable=SC2016 # awk expands
check "every cycle is in one bucket" awk '
	$1 == "TOTAL" { sum += $4 + $5 + $6 + $7 }
	$1 == "VCPU" {
		for (i = 2; i <= NF; i++) {
			split($i, part, "=")
			bucket[part[1]] = part[2]
		}
		sum += bucket["guest"] + bucket["stopped"]
	}
	END {
		printf "sum %.0f, elapsed %.0f", sum, bucket["elapsed"]
		exit sum == 0 || sum != bucket["elapsed"]
	}' "$work/exit_stats"
finish
