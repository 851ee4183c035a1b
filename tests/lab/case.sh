# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What cases share; sourced by them, in L1.

# shellcheck source=lib.sh
. "$LAB_TOP/tests/lab/lib.sh"

# They load modules and switch CPUs off, as they like.
[ -e /run/lab-job ] || die "cases run in the lab's host: make lab-test CASE=${LAB_CASE##*/}"

case_failed=

ok() {
	echo "ok - $1"
}

not_ok() {
	echo "not ok - $1${2:+: $2}"
	case_failed=1
}

# check NAME COMMAND...: the command succeeds; what it says shows if not.
check() {
	local name=$1 said
	shift

	if said=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "${said:-failed: $*}"
	fi
}

finish() {
	[ -z "$case_failed" ]
	exit
}

# A case about our statistics has no meaning on stock modules.
need_exit_stats() {
	[ -e /sys/module/kvm/parameters/exit_stats ] && return
	echo "skip - ${LAB_CASE##*/}: these KVM modules keep no exit statistics"
	exit 77
}

# The kernel's own account: an exact count of every kvm_exit by reason.  Switch
# it on before a guest starts and no event is lost.
kvm_exit_event=/sys/kernel/tracing/events/kvm/kvm_exit

# Until the case ends: another one may unload KVM, and the kernel warns of a module
# that goes while it is traced.
trace_exits() {
	local histogram='hist:keys=exit_reason.hex:size=4096'

	echo "$histogram" >$kvm_exit_event/trigger
	# shellcheck disable=SC2064 # expanded now
	trap "echo '!$histogram' >$kvm_exit_event/trigger || :" EXIT
}

traced_exits() {
	cat $kvm_exit_event/hist
}

# The directory of a VM in debugfs, by the process that runs it.
vm_directory() {
	local found=(/sys/kernel/debug/kvm/"$1"-*)

	[ -d "${found[0]}" ] || return 1
	echo "${found[0]}"
}

# load_kvm ours|stock [PARAMETER...]: other modules in a running host, in a case
# that needs "modules".  No VM may be there; the parameters are kvm.ko's, for ours
# without any those that the host has booted with.
load_kvm() {
	local from=/run/lab-kvm/$1 vendor=intel
	# shellcheck disable=SC2086 # words
	[ "$*" != ours ] || set -- ours ${LAB_KVM_PARAMETERS:-}
	shift

	[ ! -d /sys/module/kvm_amd ] || vendor=amd
	# Also where set -e is off, as in a condition.
	rmmod kvm_$vendor kvm || return
	insmod "$from/kvm.ko" "$@" || return
	insmod "$from/kvm-$vendor.ko" || return
	[ ! -e /sys/kernel/debug/kcsan ] || "$LAB_TOP/tests/lab/watch-kvm"
}
