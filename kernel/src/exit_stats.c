// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exit statistics: the life of a vCPU's clock and table, who may see them, and
 * the way from a guest's CPUID to the sum over its vCPUs.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <asm/svm.h>
#include <asm/tsc.h>
#include <asm/vmx.h>

#include "cpuid.h"
#include "exit_stats.h"
#include "trace.h"

/* The numbers of the lists are those of this kernel. */
#define ASSERT_VMX(slot, code, name) static_assert(EXIT_REASON_##name == (code));
#define ASSERT_SVM(slot, code, name) static_assert((u32)SVM_EXIT_##name == (code));
#define MANUAL_ONLY(slot, code, name)
KVM_EXIT_REASONS_VMX(ASSERT_VMX, MANUAL_ONLY)
KVM_EXIT_REASONS_SVM(ASSERT_SVM, MANUAL_ONLY)
static_assert(SVM_EXIT_EXCP_BASE == 0x40 && SVM_EXIT_LAST_EXCP == 0x5f);

/* What the hooks assume of this kernel. */
static_assert(sizeof_field(struct vmcb_control_area, exit_code) == sizeof(u32),
	      "the SVM exit code has another width: see exit_offset_svm()");
static_assert(sizeof_field(struct kvm_vcpu, requests) == sizeof(u64),
	      "KVM has another number of requests: see KVM_REQ_EXIT_STATS");

enum exit_stats_mode {
	EXIT_STATS_OFF,		/* no vCPU counts */
	EXIT_STATS_HOST,	/* vCPUs count, the host reads */
	EXIT_STATS_GUEST,	/* the guest reads, too */
};

static const char *const mode_name[] = {
	[EXIT_STATS_OFF]   = "off",
	[EXIT_STATS_HOST]  = "host",
	[EXIT_STATS_GUEST] = "guest",
};

/* The key follows the mode: true unless it is off. */
static enum exit_stats_mode exit_stats_mode = EXIT_STATS_GUEST;
DEFINE_STATIC_KEY_TRUE(kvm_exit_stats_key);
EXPORT_SYMBOL_GPL(kvm_exit_stats_key);

/*
 * On after the other one, and off before it: for who relies on what VM-entry and
 * VM-exit have just left in a clock.
 */
DEFINE_STATIC_KEY_TRUE(kvm_exit_stats_steady_key);

/*
 * Whether there are histograms is said at load.  The key is on while exits are
 * recorded: after the others, and off before them, as an exit whose sleep a hook
 * has missed would be the longest one for good.
 */
bool kvm_exit_stats_histograms __ro_after_init;
DEFINE_STATIC_KEY_FALSE(kvm_exit_stats_histogram_key);
EXPORT_SYMBOL_GPL(kvm_exit_stats_histogram_key);

static bool exit_stats_hide_async;
module_param(exit_stats_hide_async, bool, 0644);
MODULE_PARM_DESC(exit_stats_hide_async,
		 "Hide exits that the host causes (interrupts, NMI, SMI, INIT, machine checks) from guests");

static const struct exit_reasons *host_reasons(void)
{
	return boot_cpu_has(X86_FEATURE_SVM) ? &exit_reasons_svm : &exit_reasons_vmx;
}

static struct exit_table *new_table(void)
{
	struct exit_table *table;

	table = kzalloc(EXIT_TABLE_SIZE(host_reasons()->nr_rows), GFP_KERNEL_ACCOUNT);
	if (!table || !kvm_exit_stats_histograms)
		return table;

	table->histograms = kzalloc(sizeof(*table->histograms), GFP_KERNEL_ACCOUNT);
	if (table->histograms)
		return table;

	/* All or nothing: the next KVM_RUN tries both again. */
	kfree(table);
	return NULL;
}

/*
 * Start to count, in the vCPU's own thread: its memory is charged to it.  If
 * there is none, the VM goes on uncounted, and its next KVM_RUN tries again.
 */
void __kvm_exit_stats_start(struct kvm_vcpu *vcpu)
{
	struct exit_clock *clock = vcpu_exit_clock(vcpu);
	struct exit_table *table;

	if (!clock->table) {
		table = new_table();
		if (!table)
			return;
		/* Readers of other vCPUs see zeros or nothing. */
		smp_store_release(&clock->table, table);
	}

	if (exit_clock_hold()) {
		if (!clock->armed)
			exit_clock_arm(clock, rdtsc());
		exit_clock_release();
	}
}

/* KVM_RUN returns: who has the vCPU now? */
static enum exit_segment segment_after_run(struct kvm_vcpu *vcpu, int r)
{
	if (unlikely(r < 0)) {
		/* The one error that is a question to the VMM. */
		if ((r == -EFAULT || r == -EHWPOISON) &&
		    vcpu->run->exit_reason == KVM_EXIT_MEMORY_FAULT)
			return EXIT_SEGMENT_USER;
		return EXIT_SEGMENT_STOPPED;
	}

	/* The VMM maps it, and may write to it. */
	switch (READ_ONCE(vcpu->run->exit_reason)) {
	case KVM_EXIT_INTR:
	case KVM_EXIT_DEBUG:
	case KVM_EXIT_FAIL_ENTRY:
	case KVM_EXIT_INTERNAL_ERROR:
		return EXIT_SEGMENT_STOPPED;
	case KVM_EXIT_HLT:
	case KVM_EXIT_AP_RESET_HOLD:
		/* Without an irqchip in the kernel it is the VMM that blocks. */
		return EXIT_SEGMENT_IDLE;
	default:
		return EXIT_SEGMENT_USER;
	}
}

void __kvm_exit_stats_run_end(struct kvm_vcpu *vcpu, int r)
{
	vcpu_exit_clock_leave(vcpu, segment_after_run(vcpu, r));
}

void kvm_exit_stats_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct exit_clock *clock = vcpu_exit_clock(vcpu);

	exit_clock_init(clock);
	/* A VM's instance number is that of its first vCPU; hosts do not agree on it. */
	clock->instance = get_random_u64();
}

void kvm_exit_stats_vcpu_destroy(struct kvm_vcpu *vcpu)
{
	struct exit_clock *clock = vcpu_exit_clock(vcpu);

	/* KVM loads and puts the vCPU once more while it takes it apart. */
	exit_clock_disarm(clock);
	if (clock->table)
		kfree(clock->table->histograms);
	kfree(clock->table);
	clock->table = NULL;
}

static const struct exit_clock *view_clock(const struct exit_view *view, unsigned int i)
{
	struct kvm_vcpu *vcpu = kvm_get_vcpu(view->vm, i);

	/* Hundreds of vCPUs times all of their rows take a while. */
	cond_resched();
	return vcpu ? vcpu_exit_clock(vcpu) : NULL;
}

void kvm_exit_stats_view(struct kvm *kvm, struct exit_view *view)
{
	const struct exit_clock *first;

	*view = (struct exit_view) {
		.reasons    = host_reasons(),
		.clock	    = view_clock,
		.vm	    = kvm,
		.nr_vcpus   = atomic_read(&kvm->online_vcpus),
		.tsc_hz	    = tsc_khz * 1000ull,
		.histograms = kvm_exit_stats_histograms,
	};

	first = view_clock(view, 0);
	if (first)
		view->instance = first->instance;
}

/*
 * A VMM that sets the signature leaf has taken the class over, say to hide it
 * from this VM.
 */
static bool guest_may_ask(struct kvm_vcpu *vcpu)
{
	return READ_ONCE(exit_stats_mode) == EXIT_STATS_GUEST &&
	       !kvm_find_cpuid_entry(vcpu, KVM_EXIT_STATS_SIGNATURE);
}

bool __kvm_exit_stats_cpuid(struct kvm_vcpu *vcpu, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	struct exit_clock *clock = vcpu_exit_clock(vcpu);
	u32 function = *eax, index = *ecx;
	struct exit_regs regs;
	struct exit_view view;

	if (!guest_may_ask(vcpu))
		return false;

	/* A vCPU that asks for itself gets all that it has spent up to now. */
	if (exit_clock_hold()) {
		exit_clock_spend(clock, exit_clock_update(clock, rdtsc()));
		exit_clock_release();
	}

	kvm_exit_stats_view(vcpu->kvm, &view);
	view.self = vcpu->vcpu_idx;
	view.hide_async = READ_ONCE(exit_stats_hide_async);
	exit_leaf_answer(&view, function, index, &regs);

	*eax = regs.eax;
	*ebx = regs.ebx;
	*ecx = regs.ecx;
	*edx = regs.edx;
	trace_kvm_cpuid(function, index, *eax, *ebx, *ecx, *edx, true, false);
	return true;
}

static void start_all_vcpus(void)
{
	struct kvm *kvm;

	list_for_each_entry(kvm, &vm_list, vm_list)
		kvm_make_all_cpus_request(kvm, KVM_REQ_EXIT_STATS);
}

static void disarm_all_vcpus(void)
{
	struct kvm_vcpu *vcpu;
	struct kvm *kvm;
	unsigned long i;

	list_for_each_entry(kvm, &vm_list, vm_list) {
		kvm_for_each_vcpu(i, vcpu, kvm) {
			exit_clock_disarm(vcpu_exit_clock(vcpu));
			/* Nobody takes it while statistics are off. */
			kvm_clear_request(KVM_REQ_EXIT_STATS, vcpu);
		}
	}
}

static int exit_stats_set(const char *val, const struct kernel_param *kp)
{
	int mode = sysfs_match_string(mode_name, val);
	enum exit_stats_mode old = exit_stats_mode;

	if (mode < 0)
		return mode;

	/* Writers are serialised by the lock of the module's parameters. */
	WRITE_ONCE(exit_stats_mode, mode);

	if (mode == EXIT_STATS_OFF && old != EXIT_STATS_OFF) {
		static_branch_disable(&kvm_exit_stats_histogram_key);
		static_branch_disable(&kvm_exit_stats_steady_key);
		static_branch_disable(&kvm_exit_stats_key);
		/* The last hook that saw the key has left. */
		synchronize_rcu();
		mutex_lock(&kvm_lock);
		disarm_all_vcpus();
		mutex_unlock(&kvm_lock);
	} else if (mode != EXIT_STATS_OFF && old == EXIT_STATS_OFF) {
		static_branch_enable(&kvm_exit_stats_key);
		static_branch_enable(&kvm_exit_stats_steady_key);
		if (kvm_exit_stats_histograms)
			static_branch_enable(&kvm_exit_stats_histogram_key);
		mutex_lock(&kvm_lock);
		start_all_vcpus();
		mutex_unlock(&kvm_lock);
	}

	return 0;
}

static int exit_stats_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", mode_name[READ_ONCE(exit_stats_mode)]);
}

static const struct kernel_param_ops exit_stats_ops = {
	.set = exit_stats_set,
	.get = exit_stats_get,
};

module_param_cb(exit_stats, &exit_stats_ops, NULL, 0644);
MODULE_PARM_DESC(exit_stats, "Exit statistics: off, host (the host reads), guest (guests read, too)");

static int exit_stats_histogram_set(const char *val, const struct kernel_param *kp)
{
	bool on = true;
	int r;

	/* Without a value it means on, as for any parameter of this kind. */
	r = val ? kstrtobool(val, &on) : 0;
	if (r)
		return r;

	kvm_exit_stats_histograms = on;
	if (on && exit_stats_mode != EXIT_STATS_OFF)
		static_branch_enable(&kvm_exit_stats_histogram_key);
	else
		static_branch_disable(&kvm_exit_stats_histogram_key);
	return 0;
}

static int exit_stats_histogram_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%c\n", kvm_exit_stats_histograms ? 'Y' : 'N');
}

static const struct kernel_param_ops exit_stats_histogram_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = exit_stats_histogram_set,
	.get = exit_stats_histogram_get,
};

/* At load only: a vCPU has histograms from its start, or it has none. */
module_param_cb(exit_stats_histogram, &exit_stats_histogram_ops, NULL, 0444);
MODULE_PARM_DESC(exit_stats_histogram,
		 "Keep a histogram of processing cycles per exit reason (8 KiB more a vCPU)");
