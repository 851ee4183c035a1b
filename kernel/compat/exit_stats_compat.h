/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the supported kernels goes here, and nowhere else.  At
 * present nothing does: Linux 6.1 and 6.12 take the same files.
 *
 * Below is what is assumed of all of them, so that a kernel that has moved
 * does not build, rather than count wrongly.
 */
#ifndef EXIT_STATS_COMPAT_H
#define EXIT_STATS_COMPAT_H

#include <linux/kvm_host.h>
#include <asm/svm.h>
#include <asm/vmx.h>

#ifndef CONFIG_X86_64
#error "KVM exit statistics need 64-bit counters that do not tear: x86-64 only"
#endif

static_assert(sizeof_field(struct vmcb_control_area, exit_code) == sizeof(u32),
	      "the SVM exit code has another width: see exit_slot_svm()");
static_assert(sizeof_field(struct kvm_vcpu, requests) == sizeof(u64),
	      "KVM has another number of requests: see KVM_REQ_EXIT_STATS");

#endif /* EXIT_STATS_COMPAT_H */
