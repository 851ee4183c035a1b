// SPDX-License-Identifier: GPL-2.0-only
/* Names of the exit reasons, by slot, from the lists that KVM uses too. */
#include <stdio.h>

#include "internal.h"
#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kvm_exit_stats.h"

#define ARRAY_SIZE(a) ((uint32_t)(sizeof(a) / sizeof((a)[0])))

#define ENTRY(slot, code, name) \
	[slot] = { code, #name },

static const struct exitstat_known vmx[] = {
	[0] = { 0, "OTHER" },
	KVM_EXIT_REASONS_VMX(ENTRY, ENTRY)
};

static const struct exitstat_known svm[] = {
	[0] = { 0, "OTHER" },
	KVM_EXIT_REASONS_SVM(ENTRY, ENTRY)
};

uint32_t exitstat_nr_known(uint32_t reasons)
{
	switch (reasons) {
	case KVM_EXIT_STATS_NS_VMX:
		return ARRAY_SIZE(vmx);
	case KVM_EXIT_STATS_NS_SVM:
		return ARRAY_SIZE(svm);
	default:
		return 1;
	}
}

const struct exitstat_known *exitstat_known(uint32_t reasons, uint32_t slot)
{
	if (slot >= exitstat_nr_known(reasons))
		return NULL;
	return reasons == KVM_EXIT_STATS_NS_SVM ? &svm[slot] : &vmx[slot];
}

#define SLOT_VMX(slot, code, name) VMX_##name = (slot),
#define SLOT_SVM(slot, code, name) SVM_##name = (slot),

enum { KVM_EXIT_REASONS_VMX(SLOT_VMX, SLOT_VMX) };
enum { KVM_EXIT_REASONS_SVM(SLOT_SVM, SLOT_SVM) };

uint32_t exitstat_cpuid_slot(uint32_t reasons)
{
	switch (reasons) {
	case KVM_EXIT_STATS_NS_VMX:
		return VMX_CPUID;
	case KVM_EXIT_STATS_NS_SVM:
		return SVM_CPUID;
	default:
		return 0;
	}
}

char *exitstat_name(const struct exitstat *es, const struct exitstat_row *row,
		    char *buffer, size_t size)
{
	const struct exitstat_known *known;

	known = exitstat_known(es->info.reasons, row->slot);
	if (known)
		snprintf(buffer, size, "%s", known->name);
	else
		snprintf(buffer, size, "0x%x (unknown)", row->code);
	return buffer;
}
