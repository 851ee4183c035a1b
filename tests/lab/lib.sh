# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the lab's scripts share, sourced by them.

LAB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TOP=$(cd "$LAB/../.." && pwd)
: "${LAB_BUILD:=$LAB_TOP/build}"
: "${LAB_KERNEL:=6.12}"
export LAB_TOP LAB_BUILD LAB_KERNEL

# A machine's last line on its second serial port; see init-l1 and init-l2.
LAB_END='LAB-EXIT'

die() {
	echo "${0##*/}: $*" >&2
	exit 2
}

# Where the stock kernel of a directory of build/ lies.
kernel_image() {
	local found=("$LAB_BUILD/$LAB_KERNEL"/image/boot/vmlinuz-*)

	[ -r "${found[0]}" ] || case $LAB_KERNEL in
	*-*)	die "no kernel $LAB_KERNEL: run 'make -C kernel kernel" \
			"KERNEL=${LAB_KERNEL%%-*} FLAVOR=${LAB_KERNEL#*-}'" ;;
	*)	die "no stock kernel $LAB_KERNEL: run 'make -C kernel image KERNEL=$LAB_KERNEL'" ;;
	esac
	echo "${found[0]}"
}

kernel_release() {
	local image

	image=$(kernel_image)
	echo "${image##*/vmlinuz-}"
}

# A serial console holds carriage returns and escape sequences; none of them
# may reach a log's reader or the user's terminal.
plain_text() {
	sed -u -e 's/\x1b\[[0-9;?]*[a-zA-Z]//g' -e 's/\x1b[()][0-9A-B]//g' \
		-e 's/\x1b[=>c]//g' -e 's/[\x00-\x08\x0b-\x1f\x7f]//g'
}

# The archive of a directory, as a kernel takes it for its initial root.
pack_initrd() {
	(cd "$1" && find . -mindepth 1 | cpio --quiet -o -H newc -R 0:0)
}

# Copy the shared libraries of a program to a directory that becomes a root.
add_libraries() {
	local root=$1 program=$2

	# A static program has none, and ldd fails then.
	{ ldd "$program" 2>/dev/null || true; } |
		sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' |
		while read -r library; do
			mkdir -p "$root${library%/*}"
			cp -L "$library" "$root$library"
		done
}

# A machine's results as they come, until it ends or its emulator does.
follow_result() {
	local file=$1 pid=$2

	tail -n +1 -s 0.2 -f --pid="$pid" "$file" 2>/dev/null |
		sed -u -e "/^$LAB_END/Q" -e '/^LAB-UP/d' | plain_text
}

# await_end PID SECONDS: fails if the process is there still.
await_end() {
	local tries

	for ((tries = 0; tries < $2 * 10; tries++)); do
		kill -0 "$1" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

# The exit status that a machine reported; fails if it reported none.
reported_status() {
	local status

	status=$(sed -n "s/^$LAB_END \([0-9]*\).*/\1/p" "$1" | tail -n 1)
	[ -n "$status" ] && echo "$status"
}

# What no kernel may say in any run.  The time stamp in front tells the kernel's
# lines from what somebody types or reads on the same console.  A WARN stands
# at the line's start; in the middle the word only advises.
KERNEL_TROUBLE='BUG: |kernel BUG at|\bOops\b|Kernel panic|general protection'
KERNEL_TROUBLE+='|Call Trace|detected stall|detected expedited stall'
KERNEL_TROUBLE+='|blocked for more than|UBSAN: |unchecked MSR access'
KERNEL_TROUBLE+='|suspicious RCU usage|possible (recursive|circular|irq lock)'
KERNEL_TROUBLE+='|inconsistent lock state|invalid opcode: '
KERNEL_TROUBLE="\\[ *[0-9]+\\.[0-9]+\\](.*($KERNEL_TROUBLE)|( \\[[ TC0-9]+\\])? WARNING: )"

# A console's log, or what counts of it: a kernel that looks for data races finds
# those that KVM has of its own.
kernel_said() {
	case $LAB_KERNEL in
	*-kcsan)	"$LAB_TOP/tests/trouble/races" "$1" || cat "$1" ;;
	*)		cat "$1" ;;
	esac
}

# The first line of trouble in a console's log; fails if there is none.
kernel_trouble() {
	# Asked again and again, most often for nothing.
	grep -qaE "$KERNEL_TROUBLE" "$1" || return
	grep -m 1 -aE "$KERNEL_TROUBLE" <(kernel_said "$1" 2>/dev/null) | plain_text
}

# Those that were left out, by their lines; fails if one is at a line of ours.
kernel_races() {
	case $LAB_KERNEL in
	*-kcsan)	"$LAB_TOP/tests/trouble/races" --lines "$1" ;;
	esac
}

last_lines() {
	tail -n "${2:-20}" "$1" | plain_text | sed 's/^/    /'
}
