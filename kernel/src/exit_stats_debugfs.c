// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's table, one file a VM and one a vCPU in KVM's debugfs directories,
 * and beside it the histograms, if they are kept.  KVM removes the files before
 * it frees a vCPU, and the removal waits for readers.
 */
#include <linux/debugfs.h>
#include <linux/kvm_host.h>
#include <linux/seq_file.h>

#include "exit_stats.h"

static const char explanation[] =
	"# VM-exits by reason; all but exits in TSC cycles\n"
	"# What a vCPU is doing right now is not in it yet\n"
	"#   exits: how often the reason occurred\n"
	"#   kernel: KVM at work on it\n"
	"#   user: the VMM at work on it\n"
	"#   idle: the vCPU was halted\n"
	"#   preempted: the host ran something else meanwhile\n"
	"#   guest: in the guest\n"
	"#   stopped: the VM was paused, or not started yet\n"
	"#   elapsed: all of it since the vCPU ran first\n";

#define COLUMN(number, name, text, unit, merge) seq_printf(m, " %20s", text);
#define VALUE(number, name, text, unit, merge) \
	seq_printf(m, " %20llu", exit_view_sum(view, vcpu, slot, number));
#define TIME(number, name, text, unit, merge) \
	seq_printf(m, " %s=%llu", text, exit_view_sum(view, vcpu, EXIT_ALL, number));

static void show_row(struct seq_file *m, const struct exit_view *view, unsigned int vcpu,
		     unsigned int slot, const char *name, const char *code)
{
	seq_printf(m, "%-26s %10s", name, code);
	KVM_EXIT_ROW_STATS(VALUE)
	seq_putc(m, '\n');
}

static void show_table(struct seq_file *m, struct kvm *kvm, unsigned int vcpu)
{
	struct exit_view view_on_stack, *view = &view_on_stack;
	unsigned int slot;
	char code[16];

	kvm_exit_stats_view(kvm, view);

	seq_puts(m, explanation);
	seq_printf(m, "# %s exit reasons, instance %llu, %llu Hz, %u vCPUs\n",
		   view->reasons->ns == KVM_EXIT_STATS_NS_SVM ? "SVM" : "VMX",
		   view->instance, view->tsc_hz, view->nr_vcpus);
	seq_printf(m, "%-26s %10s", "reason", "code");
	KVM_EXIT_ROW_STATS(COLUMN)
	seq_putc(m, '\n');

	for (slot = 0; slot < view->reasons->nr_rows; slot++) {
		if (!exit_view_sum(view, vcpu, slot, KVM_EXIT_STAT_EXITS))
			continue;
		if (slot == EXIT_SLOT_OTHER)
			strscpy(code, "-", sizeof(code));
		else
			snprintf(code, sizeof(code), "0x%x", view->reasons->reason[slot].code);
		show_row(m, view, vcpu, slot, view->reasons->reason[slot].name, code);
	}

	show_row(m, view, vcpu, EXIT_ALL, "TOTAL", "-");
	seq_puts(m, "VCPU");
	KVM_EXIT_VCPU_STATS(TIME)
	seq_putc(m, '\n');
}

static void show_histograms(struct seq_file *m, struct kvm *kvm, unsigned int vcpu)
{
	struct exit_view view_on_stack, *view = &view_on_stack;
	unsigned int slot, i;

	kvm_exit_stats_view(kvm, view);

	seq_puts(m, "# Exits by the TSC cycles that it took to process them\n");
	seq_puts(m, "# A column counts those of less cycles than it says, and no less than the one before\n");
	seq_printf(m, "%-26s %20s", "reason", "longest");
	for (i = 0; i < KVM_EXIT_STATS_NR_BUCKETS - 1; i++)
		seq_printf(m, " %10llu", 1ull << (KVM_EXIT_STATS_BUCKET_SHIFT + i));
	seq_printf(m, " %10s\n", "more");

	for (slot = 0; slot < view->reasons->nr_rows; slot++) {
		if (!exit_view_sum(view, vcpu, slot, KVM_EXIT_STAT_EXITS))
			continue;
		seq_printf(m, "%-26s %20llu", view->reasons->reason[slot].name,
			   exit_view_sum(view, vcpu, slot, KVM_EXIT_STAT_LONGEST));
		for (i = 0; i < KVM_EXIT_STATS_NR_BUCKETS; i++)
			seq_printf(m, " %10llu",
				   exit_view_element(view, vcpu, slot, KVM_EXIT_STAT_HISTOGRAM, i));
		seq_putc(m, '\n');
	}
}

static int exit_stats_vm_show(struct seq_file *m, void *unused)
{
	show_table(m, m->private, EXIT_ALL);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exit_stats_vm);

static int exit_stats_vcpu_show(struct seq_file *m, void *unused)
{
	struct kvm_vcpu *vcpu = m->private;

	show_table(m, vcpu->kvm, vcpu->vcpu_idx);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exit_stats_vcpu);

static int exit_histogram_vm_show(struct seq_file *m, void *unused)
{
	show_histograms(m, m->private, EXIT_ALL);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exit_histogram_vm);

static int exit_histogram_vcpu_show(struct seq_file *m, void *unused)
{
	struct kvm_vcpu *vcpu = m->private;

	show_histograms(m, vcpu->kvm, vcpu->vcpu_idx);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(exit_histogram_vcpu);

void kvm_exit_stats_vm_debugfs(struct kvm *kvm)
{
	debugfs_create_file("exit_stats", 0400, kvm->debugfs_dentry, kvm, &exit_stats_vm_fops);
	if (kvm_exit_stats_histograms)
		debugfs_create_file("exit_histogram", 0400, kvm->debugfs_dentry, kvm,
				    &exit_histogram_vm_fops);
}

void kvm_exit_stats_vcpu_debugfs(struct kvm_vcpu *vcpu, struct dentry *dir)
{
	debugfs_create_file("exit_stats", 0400, dir, vcpu, &exit_stats_vcpu_fops);
	if (kvm_exit_stats_histograms)
		debugfs_create_file("exit_histogram", 0400, dir, vcpu, &exit_histogram_vcpu_fops);
}
