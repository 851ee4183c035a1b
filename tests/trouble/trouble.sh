# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# For cases on a kernel that looks for trouble; sourced by them, in L1.

kmemleak=/sys/kernel/debug/kmemleak

has_kmemleak() {
	[ -e $kmemleak ]
}

# It reports what it has twice found with the same contents, and nothing that is
# younger than five seconds.
scan_for_leaks() {
	sleep 6
	echo scan >$kmemleak && echo scan >$kmemleak
}

# What is lost already is not the case's doing.
forget_leaks() {
	scan_for_leaks
	echo clear >$kmemleak
}

# Fails, and says where it came from, if memory was lost since then.
no_leaks() {
	scan_for_leaks || { echo "kmemleak has given up"; return 1; }
	[ -z "$(head -c 1 $kmemleak)" ] || { head -n 60 $kmemleak; return 1; }
}

# quietly COMMAND...: for whom the kernel runs out of memory on purpose.  vmalloc()
# says so with a trace, also for the FPU's state of a vCPU on stock KVM; that one
# is left out, anything else is trouble as ever.
quietly() {
	local reader status=0 try said=/run/kernel-said

	# Errors and worse still reach the console.
	dmesg -n 4
	dmesg -w >$said &
	reader=$!
	"$@" || status=$?
	# All that the kernel said is there once this is.
	echo "<6>quietly: the end" >/dev/kmsg
	for ((try = 0; try < 60; try++)); do
		! grep -qF "quietly: the end" $said || break
		sleep 1
	done
	kill $reader
	dmesg -n 7
	# The line that begins the stack of stock KVM's is left out, the only one in it
	# that is trouble.  One that has no end is not.
	awk 'function show(all,  i) {
			for (i = 1; i <= held; i++)
				if (all || i != stack)
					print text[i]
			held = stack = stock = 0
		}
		/: vmalloc error: size [0-9]+, / { show(1); text[++held] = $0; next }
		!held { print; next }
		{ text[++held] = $0 }
		!stack && /\] Call Trace:/ { stack = held }
		stack && /\]  fpu_alloc_guest_fpstate\+0x/ { stock = 1 }
		/<\/TASK>/ { show(!stock) }
		END { show(1) }' $said >$said.rest
	if [ $try -eq 60 ]; then
		not_ok "and nothing else is wrong" "the kernel's log broke off"
	elif kernel_trouble $said.rest >$said.trouble; then
		not_ok "and nothing else is wrong" "$(cat $said.trouble)"
		grep -aF -B 3 -A 40 "$(cat $said.trouble)" $said.rest
	else
		ok "and nothing else is wrong"
	fi
	return $status
}
