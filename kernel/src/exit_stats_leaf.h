/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sum over vCPUs, and what CPUID answers.  Pure logic: the caller says
 * through a view whose clocks there are, so that it runs in user space too.
 */
#ifndef EXIT_STATS_LEAF_H
#define EXIT_STATS_LEAF_H

#include "exit_stats_clock.h"

struct exit_view {
	const struct exit_reasons *reasons;
	/* Clock of the vCPU with this index, NULL if there is none (yet). */
	const struct exit_clock *(*clock)(const struct exit_view *view, unsigned int vcpu);
	void *vm; /* for @clock */
	unsigned int nr_vcpus;
	unsigned int self; /* the vCPU that asks */
	bool hide_async;
	bool histograms;
	u64 tsc_hz;
	u64 instance;
};

struct exit_regs {
	u32 eax;
	u32 ebx;
	u32 ecx;
	u32 edx;
};

/* Pass as slot and as vCPU of exit_view_sum() to mean every one. */
#define EXIT_ALL KVM_EXIT_STATS_ALL_ROWS

/* The second one is for an element of a statistic that is an array. */
u64 exit_view_sum(const struct exit_view *view, unsigned int vcpu, unsigned int slot, u32 stat);
u64 exit_view_element(const struct exit_view *view, unsigned int vcpu, unsigned int slot,
		      u32 stat, unsigned int element);

static inline bool exit_leaf_in_class(u32 function)
{
	return (function & ~0xffu) == KVM_EXIT_STATS_SIGNATURE;
}

/* Answer a leaf of the class; every register is written. */
void exit_leaf_answer(const struct exit_view *view, u32 function, u32 index,
		      struct exit_regs *regs);

#endif /* EXIT_STATS_LEAF_H */
