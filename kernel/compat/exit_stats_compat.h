/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the supported kernels, and what is assumed of all of
 * them.  The only place that looks at the kernel's version.
 */
#ifndef EXIT_STATS_COMPAT_H
#define EXIT_STATS_COMPAT_H

#include <linux/kvm_host.h>
#include <linux/version.h>
#include <asm/svm.h>
#include <asm/vmx.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "KVM exit statistics support Linux 6.1 and 6.12, see docs/porting.md"
#endif

#ifndef CONFIG_X86_64
#error "KVM exit statistics need 64-bit counters that do not tear: x86-64 only"
#endif

#endif /* EXIT_STATS_COMPAT_H */
