/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one hook in code that all architectures share, where a vCPU's statistics
 * file is read.  So it is here, and not in exit_stats.h.
 */
#ifndef EXIT_STATS_FD_H
#define EXIT_STATS_FD_H

#include <linux/kvm_host.h>

#ifdef CONFIG_KVM_EXIT_STATS

/* KVM's statistics of a vCPU, and ours. */
ssize_t kvm_exit_stats_fd_read(struct kvm_vcpu *vcpu, char __user *buffer, size_t size,
			       loff_t *offset);

#else

static inline ssize_t kvm_exit_stats_fd_read(struct kvm_vcpu *vcpu, char __user *buffer,
					     size_t size, loff_t *offset)
{
	return kvm_stats_read(vcpu->stats_id, &kvm_vcpu_stats_header, &kvm_vcpu_stats_desc[0],
			      &vcpu->stat, sizeof(vcpu->stat), buffer, size, offset);
}

#endif /* CONFIG_KVM_EXIT_STATS */

#endif /* EXIT_STATS_FD_H */
