/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hooks: what KVM calls.  Each is one line where it is called, holds
 * nothing but a no-op there while statistics are off, and leads into the
 * segment clock of exit_stats_clock.h.  Configured out, there is not even that:
 * see the end.
 */
#ifndef EXIT_STATS_H
#define EXIT_STATS_H

#include <linux/jump_label.h>
#include <linux/kvm_host.h>
#include <asm/msr.h>
#include <asm/vmx.h>

#ifdef CONFIG_KVM_EXIT_STATS

#include "exit_stats_clock.h"
#include "exit_stats_compat.h"
#include "exit_stats_leaf.h"

/*
 * Ask a vCPU to start counting.  There are 56 numbers, and KVM gives them out
 * from zero on: the last one stays free for longest.
 */
#define KVM_REQ_EXIT_STATS KVM_ARCH_REQ(55)

DECLARE_STATIC_KEY_TRUE(kvm_exit_stats_key);
DECLARE_STATIC_KEY_TRUE(kvm_exit_stats_steady_key);
DECLARE_STATIC_KEY_FALSE(kvm_exit_stats_histogram_key);
extern bool kvm_exit_stats_histograms;

/*
 * The clock lies right behind struct kvm_vcpu, as the next member of struct
 * vcpu_vmx and struct vcpu_svm.  So no structure changes that the symbol
 * versions of kvm.ko depend on, and stock modules go on working with it.
 */
#define KVM_EXIT_STATS_ASSERT_LAYOUT(type) \
	static_assert(offsetof(type, vcpu) == 0 && \
		      offsetof(type, exit_clock) == sizeof(struct kvm_vcpu))

static __always_inline struct exit_clock *vcpu_exit_clock(struct kvm_vcpu *vcpu)
{
	return (struct exit_clock *)(vcpu + 1);
}

/* Of processing that is not at its end; only histograms want to know. */
static __always_inline void exit_clock_spend(struct exit_clock *clock, u64 cycles)
{
	if (static_branch_unlikely(&kvm_exit_stats_histogram_key))
		clock->spent += cycles;
}

/* VM-entry and VM-exit, as near to the instruction as noinstr allows. */

static __always_inline void kvm_exit_stats_entry(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key)) {
		u64 cycles = exit_clock_entry(vcpu_exit_clock(vcpu), rdtsc());

		if (static_branch_unlikely(&kvm_exit_stats_histogram_key))
			exit_clock_record(vcpu_exit_clock(vcpu), cycles);
	}
}

static __always_inline void kvm_exit_stats_exit_svm(struct kvm_vcpu *vcpu, u32 exit_code)
{
	if (static_branch_unlikely(&kvm_exit_stats_key))
		exit_clock_exit_at(vcpu_exit_clock(vcpu), exit_offset_svm(exit_code), rdtsc());
}

/*
 * An entry instruction that failed is no exit: the time goes to the last one.
 * KVM's mark for that is beyond all basic reasons, which keeps the question
 * for it out of the way of those.
 */
static __always_inline void __kvm_exit_stats_exit_vmx(struct kvm_vcpu *vcpu, u32 exit_reason)
{
	struct exit_clock *clock = vcpu_exit_clock(vcpu);
	unsigned long offset;

	if (likely(exit_offset_vmx(exit_reason, &offset)) || exit_reason != EXIT_REASON_UNDEFINED)
		exit_clock_exit_at(clock, offset, rdtsc());
	else
		exit_clock_spend(clock, exit_clock_update(clock, rdtsc()));
}

/* A macro: the reason may have to be read from the VMCS, which costs. */
#define kvm_exit_stats_exit_vmx(vcpu, exit_reason)			\
	do {								\
		if (static_branch_unlikely(&kvm_exit_stats_key))	\
			__kvm_exit_stats_exit_vmx(vcpu, exit_reason);	\
	} while (0)

/* KVM makes up an exit for guest state that it will not even try to enter. */
static __always_inline void kvm_exit_stats_no_entry(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key)) {
		struct exit_clock *clock = vcpu_exit_clock(vcpu);

		exit_clock_spend(clock, exit_clock_update(clock, rdtsc()));
	}
}

/* TSC at the exit that just happened, for KVM's own book-keeping too. */
static __always_inline u64 kvm_exit_stats_tsc(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_steady_key))
		return vcpu_exit_clock(vcpu)->last;

	return rdtsc();
}

/*
 * The rest of a vCPU's life.  The scheduler's notifiers make transitions of their
 * own, so preemption is off.  Once statistics are off and a grace period has
 * passed, nobody touches a clock but the one who disarms it; for that the second
 * key is asked when preemption is off.
 */
static __always_inline bool exit_clock_hold(void)
{
	preempt_disable();
	if (static_branch_likely(&kvm_exit_stats_steady_key))
		return true;

	preempt_enable();
	return false;
}

static __always_inline void exit_clock_release(void)
{
	preempt_enable();
}

/* From KVM's work to another segment.  Inlined, as a call would cost as much again. */
static __always_inline void vcpu_exit_clock_leave(struct kvm_vcpu *vcpu,
						  enum exit_segment segment)
{
	struct exit_clock *clock = vcpu_exit_clock(vcpu);

	if (exit_clock_hold()) {
		exit_clock_spend(clock, exit_clock_leave(clock, segment, rdtsc()));
		exit_clock_release();
	}
}

/* Back to it.  What the VMM has spent is processing, too. */
static __always_inline void vcpu_exit_clock_resume(struct kvm_vcpu *vcpu, bool from_vmm)
{
	struct exit_clock *clock = vcpu_exit_clock(vcpu);

	if (exit_clock_hold()) {
		if (from_vmm && static_branch_unlikely(&kvm_exit_stats_histogram_key) &&
		    clock->segment == EXIT_SEGMENT_USER)
			clock->spent += exit_clock_resume(clock, rdtsc());
		else
			exit_clock_resume(clock, rdtsc());
		exit_clock_release();
	}
}

void __kvm_exit_stats_start(struct kvm_vcpu *vcpu);
void __kvm_exit_stats_run_end(struct kvm_vcpu *vcpu, int r);

static __always_inline void kvm_exit_stats_run_begin(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key)) {
		if (likely(READ_ONCE(vcpu_exit_clock(vcpu)->armed)))
			vcpu_exit_clock_resume(vcpu, true);
		else
			__kvm_exit_stats_start(vcpu);
	}
}

/* Most exits that the VMM gets are for a device; it may write to @vcpu->run. */
static __always_inline void kvm_exit_stats_run_end(struct kvm_vcpu *vcpu, int r)
{
	if (static_branch_unlikely(&kvm_exit_stats_key)) {
		u32 exit_reason = READ_ONCE(vcpu->run->exit_reason);

		if (likely(r >= 0 && (exit_reason == KVM_EXIT_IO ||
				      exit_reason == KVM_EXIT_MMIO)))
			vcpu_exit_clock_leave(vcpu, EXIT_SEGMENT_USER);
		else
			__kvm_exit_stats_run_end(vcpu, r);
	}
}

static __always_inline void kvm_exit_stats_idle_begin(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key))
		vcpu_exit_clock_leave(vcpu, EXIT_SEGMENT_IDLE);
}

static __always_inline void kvm_exit_stats_idle_end(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key))
		vcpu_exit_clock_resume(vcpu, false);
}

/*
 * Called for a vCPU that is still runnable: a wait stays with the exit.  So does
 * all that happens while it is idle.
 */
static __always_inline void kvm_exit_stats_sched_out(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key) &&
	    vcpu_exit_clock(vcpu)->segment == EXIT_SEGMENT_KERNEL)
		vcpu_exit_clock_leave(vcpu, EXIT_SEGMENT_PREEMPTED);
}

/* Most vCPUs that are loaded have not been preempted. */
static __always_inline void kvm_exit_stats_sched_in(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key) &&
	    vcpu_exit_clock(vcpu)->segment == EXIT_SEGMENT_PREEMPTED)
		vcpu_exit_clock_resume(vcpu, false);
}

static inline void kvm_exit_stats_check_request(struct kvm_vcpu *vcpu)
{
	if (static_branch_unlikely(&kvm_exit_stats_key) &&
	    kvm_check_request(KVM_REQ_EXIT_STATS, vcpu))
		__kvm_exit_stats_start(vcpu);
}

/* Not gated: statistics can be switched on and off in between. */
void kvm_exit_stats_vcpu_create(struct kvm_vcpu *vcpu);
void kvm_exit_stats_vcpu_destroy(struct kvm_vcpu *vcpu);

/* The guest's question, for a leaf that the VMM has not set itself. */

bool __kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);

static inline bool kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx,
					u32 *ecx, u32 *edx)
{
	return static_branch_unlikely(&kvm_exit_stats_key) &&
	       exit_leaf_in_class(*eax) &&
	       __kvm_exit_stats_cpuid(vcpu, eax, ebx, ecx, edx);
}

/* The host's view: all vCPUs of the VM, nothing hidden. */
void kvm_exit_stats_view(struct kvm *kvm, struct exit_view *view);

void kvm_exit_stats_vm_debugfs(struct kvm *kvm);
void kvm_exit_stats_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir);

#else /* !CONFIG_KVM_EXIT_STATS */

/* A member without size, and calls without code. */
struct exit_clock {};

#define KVM_EXIT_STATS_ASSERT_LAYOUT(type) static_assert(true)
#define kvm_exit_stats_exit_vmx(vcpu, exit_reason) do { } while (0)

static __always_inline void kvm_exit_stats_entry(struct kvm_vcpu *vcpu) {}
static __always_inline void kvm_exit_stats_exit_svm(struct kvm_vcpu *vcpu, u32 exit_code) {}
static __always_inline void kvm_exit_stats_no_entry(struct kvm_vcpu *vcpu) {}

static __always_inline u64 kvm_exit_stats_tsc(struct kvm_vcpu *vcpu)
{
	return rdtsc();
}

static inline void kvm_exit_stats_run_begin(struct kvm_vcpu *vcpu) {}
static inline void kvm_exit_stats_run_end(struct kvm_vcpu *vcpu, int r) {}
static inline void kvm_exit_stats_idle_begin(struct kvm_vcpu *vcpu) {}
static inline void kvm_exit_stats_idle_end(struct kvm_vcpu *vcpu) {}
static inline void kvm_exit_stats_sched_out(struct kvm_vcpu *vcpu) {}
static inline void kvm_exit_stats_sched_in(struct kvm_vcpu *vcpu) {}
static inline void kvm_exit_stats_check_request(struct kvm_vcpu *vcpu) {}
static inline void kvm_exit_stats_vcpu_create(struct kvm_vcpu *vcpu) {}
static inline void kvm_exit_stats_vcpu_destroy(struct kvm_vcpu *vcpu) {}

static inline bool kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx,
					u32 *ecx, u32 *edx)
{
	return false;
}

static inline void kvm_exit_stats_vm_debugfs(struct kvm *kvm) {}
static inline void kvm_exit_stats_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir) {}

#endif /* CONFIG_KVM_EXIT_STATS */

#endif /* EXIT_STATS_H */
