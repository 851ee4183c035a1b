// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rows' names and codes, and the descriptions of the statistics: all of
 * it derived from the lists in include/.
 */
#include <linux/nospec.h>

#include "exit_stats_table.h"

#define REASON(slot, number, text) [slot] = { .name = #text, .code = (number) },
#define OTHER [EXIT_SLOT_OTHER] = { .name = "OTHER" },

static const struct exit_reason reason_vmx[EXIT_NR_ROWS_VMX] = {
	OTHER KVM_EXIT_REASONS_VMX(REASON, REASON)
};

static const struct exit_reason reason_svm[EXIT_NR_ROWS_SVM] = {
	OTHER KVM_EXIT_REASONS_SVM(REASON, REASON)
};

#define ASYNC_VMX(name) [EXIT_SLOT_VMX_##name] = true,
#define ASYNC_SVM(name) [EXIT_SLOT_SVM_##name] = true,

static const bool async_vmx[EXIT_NR_ROWS_VMX] = {
	KVM_EXIT_REASONS_VMX_ASYNC(ASYNC_VMX)
};

static const bool async_svm[EXIT_NR_ROWS_SVM] = {
	KVM_EXIT_REASONS_SVM_ASYNC(ASYNC_SVM)
};

/* A list whose slot and arithmetic disagree must not build. */
#define ASSERT_SLOT(slot, code, name) static_assert(EXIT_SLOT_SVM_HIGH(code) == (slot));
KVM_EXIT_REASONS_SVM_HIGH(ASSERT_SLOT, ASSERT_SLOT)

static unsigned int slot_of(u16 offset)
{
	return offset / sizeof(struct exit_row);
}

/*
 * Here a guest chooses the number, so that no speculation may follow it out of
 * the array.  It is a number, not an exit reason field: no modifier bits.
 */
static unsigned int find_vmx(u32 code)
{
	if (code >= ARRAY_SIZE(exit_map_vmx))
		return EXIT_SLOT_OTHER;

	return slot_of(exit_map_vmx[array_index_nospec(code, ARRAY_SIZE(exit_map_vmx))]);
}

#define NO_ROW(code, name) case (code):

static unsigned int find_svm(u32 code)
{
	switch (code) {
		KVM_EXIT_REASONS_SVM_NO_ROW(NO_ROW)
		return EXIT_SLOT_NONE;
	}

	if (code >= ARRAY_SIZE(exit_map_svm))
		return EXIT_SLOT_SVM_HIGH(code);

	return slot_of(exit_map_svm[array_index_nospec(code, ARRAY_SIZE(exit_map_svm))]);
}

const struct exit_reasons exit_reasons_vmx = {
	.ns	 = KVM_EXIT_STATS_NS_VMX,
	.nr_rows = EXIT_NR_ROWS_VMX,
	.reason	 = reason_vmx,
	.async	 = async_vmx,
	.find	 = find_vmx,
};

const struct exit_reasons exit_reasons_svm = {
	.ns	 = KVM_EXIT_STATS_NS_SVM,
	.nr_rows = EXIT_NR_ROWS_SVM,
	.reason	 = reason_svm,
	.async	 = async_svm,
	.find	 = find_svm,
};

#define STAT(kind_, number_, text, unit_, merge_)	\
	.number	= (number_),				\
	.kind	= KVM_EXIT_STATS_KIND_##kind_,		\
	.unit	= KVM_EXIT_STATS_UNIT_##unit_,		\
	.merge	= KVM_EXIT_STATS_MERGE_##merge_,	\
	.name	= text

#define ROW_STAT(number, name_, text, unit, merge) \
	{ STAT(ROW, number, text, unit, merge), .elements = 1, .index = EXIT_ROW_##name_ },
#define HISTOGRAM_STAT(number, name_, text, unit, merge, elements_) \
	{ STAT(ROW, number, text, unit, merge), .elements = (elements_), \
	  .index = EXIT_NOT_IN_ROW },
#define VCPU_STAT(number, name_, text, unit, merge) \
	{ STAT(VCPU, number, text, unit, merge), .elements = 1, .index = EXIT_NOT_IN_ROW },

static const struct exit_stat stats[] = {
	KVM_EXIT_ROW_STATS(ROW_STAT)
	KVM_EXIT_HISTOGRAM_STATS(HISTOGRAM_STAT)
	KVM_EXIT_VCPU_STATS(VCPU_STAT)
};

const struct exit_stat *exit_stat_at(unsigned int i)
{
	return i < ARRAY_SIZE(stats) ? &stats[i] : NULL;
}

const struct exit_stat *exit_stat_find(u32 number)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(stats); i++) {
		if (stats[i].number == number)
			return &stats[i];
	}

	return NULL;
}
