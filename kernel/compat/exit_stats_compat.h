/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names that an older supported kernel has not yet.  What else differs is in
 * the hook patches.
 */
#ifndef EXIT_STATS_COMPAT_H
#define EXIT_STATS_COMPAT_H

#include <linux/kvm.h>
#include <asm/vmx.h>

/* Linux 6.1 has the value, but no name for it. */
#ifndef EXIT_REASON_UNDEFINED
#define EXIT_REASON_UNDEFINED 0xdead
#endif

/* Linux 6.1 does not leave KVM_RUN for this. */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

#ifndef CONFIG_X86_64
#error "KVM exit statistics need 64-bit counters that do not tear: x86-64 only"
#endif

#ifndef CONFIG_JUMP_LABEL
#error "KVM exit statistics need code patching: keys that flip on all CPUs at once"
#endif

#endif /* EXIT_STATS_COMPAT_H */
