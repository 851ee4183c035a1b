/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the supported kernels, and nowhere else; and what is
 * assumed of all of them, so that a kernel that has moved does not build,
 * rather than count wrongly.
 */
#ifndef EXIT_STATS_COMPAT_H
#define EXIT_STATS_COMPAT_H

#include <linux/kvm_host.h>
#include <asm/svm.h>
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

static_assert(sizeof_field(struct vmcb_control_area, exit_code) == sizeof(u32),
	      "the SVM exit code has another width: see exit_slot_svm()");
static_assert(sizeof_field(struct kvm_vcpu, requests) == sizeof(u64),
	      "KVM has another number of requests: see KVM_REQ_EXIT_STATS");

#endif /* EXIT_STATS_COMPAT_H */
