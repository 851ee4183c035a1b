/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table: what a vCPU keeps for every exit reason, and the way from an
 * exit reason to its row.  Pure logic: no KVM, runs in user space too.
 *
 * +------------+---------+--------+---------+---------+-----+---------+
 * | histograms | stopped | before | row 0   | row 1   | ... | row n-1 |
 * | (pointer)  |         |        | (OTHER) |         |     |         |
 * +------------+---------+--------+---------+---------+-----+---------+
 */
#ifndef EXIT_STATS_TABLE_H
#define EXIT_STATS_TABLE_H

#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kvm_exit_stats.h"

#define EXIT_STATS_COUNT(...) + 1

/* Where a row keeps a statistic.  Its number is another one: that is ABI. */
#define EXIT_ROW_INDEX(number, name, ...) EXIT_ROW_##name,

enum exit_row_index {
	KVM_EXIT_ROW_STATS(EXIT_ROW_INDEX)
	EXIT_NR_ROW_STATS,
};

/* Slot 0 takes every exit whose reason is on no list. */
#define EXIT_SLOT_OTHER 0

/* What is found for a code that the manual defines, but that has no row. */
#define EXIT_SLOT_NONE 0xfffe

#define EXIT_SLOT_ENUM_VMX(slot, code, name) EXIT_SLOT_VMX_##name = (slot),
#define EXIT_SLOT_ENUM_SVM(slot, code, name) EXIT_SLOT_SVM_##name = (slot),

enum exit_slot_vmx {
	KVM_EXIT_REASONS_VMX(EXIT_SLOT_ENUM_VMX, EXIT_SLOT_ENUM_VMX)
	EXIT_NR_ROWS_VMX = 1 + (0 KVM_EXIT_REASONS_VMX(EXIT_STATS_COUNT,
						       EXIT_STATS_COUNT)),
};

enum exit_slot_svm {
	KVM_EXIT_REASONS_SVM(EXIT_SLOT_ENUM_SVM, EXIT_SLOT_ENUM_SVM)
	EXIT_NR_ROWS_SVM = 1 + (0 KVM_EXIT_REASONS_SVM(EXIT_STATS_COUNT,
						       EXIT_STATS_COUNT)),
};

/* How long it took to process an exit. */
struct exit_histogram {
	u64 longest;
	u64 bucket[KVM_EXIT_STATS_NR_BUCKETS];
};

/*
 * Most of the reasons never occur, so rows get their histogram from here when
 * their first exit has been processed.
 */
struct exit_histograms {
	u64 nr_used;
	struct exit_histogram histogram[KVM_EXIT_STATS_NR_HISTOGRAMS];
};

struct exit_row {
	u64 stat[EXIT_NR_ROW_STATS];
	struct exit_histogram *histogram;
};

struct exit_table {
	struct exit_histograms *histograms; /* NULL: none are kept */
	u64 stopped;
	/* Takes the time up to the first exit; readers count it as stopped. */
	struct exit_row before;
	struct exit_row row[];
};

#define EXIT_TABLE_SIZE(rows) \
	(sizeof(struct exit_table) + (rows) * sizeof(struct exit_row))

/* What the design promises to the owner of the host's memory. */
static_assert(EXIT_TABLE_SIZE(EXIT_NR_ROWS_VMX) <= 8192);
static_assert(EXIT_TABLE_SIZE(EXIT_NR_ROWS_SVM) <= 8192);
static_assert(sizeof(struct exit_histograms) <= 8192);

struct exit_reason {
	const char *name;
	u32 code;
};

/* All exit reasons of one vendor; an array of nr_rows, indexed by slot. */
struct exit_reasons {
	u32 ns; /* KVM_EXIT_STATS_NS_* */
	u32 nr_rows;
	const struct exit_reason *reason;
	const bool *async; /* the host causes it, not the guest */
	/*
	 * Slot of the reason; EXIT_SLOT_OTHER if the manual has no such one,
	 * EXIT_SLOT_NONE if it has one that cannot happen.
	 */
	unsigned int (*find)(u32 code);
};

extern const struct exit_reasons exit_reasons_vmx;
extern const struct exit_reasons exit_reasons_svm;

#define EXIT_NOT_IN_ROW (~0u)

/* One statistic, as 0x4FFFFF06 describes it. */
struct exit_stat {
	u32 number;
	u32 kind;
	u32 unit;
	u32 merge;
	u32 elements;	/* 1, or more for an array */
	u32 index;	/* in a row; EXIT_NOT_IN_ROW if it is no number there */
	char name[16];
};

const struct exit_stat *exit_stat_find(u32 number);

/* The i-th of all, NULL behind the last one. */
const struct exit_stat *exit_stat_at(unsigned int i);

/*
 * From the hardware's exit reason to the row, on the exit path.  The arrays hold
 * the row's distance from the first one in bytes: two instructions less than to
 * make it from the slot.  What they have no entry for is zero, which is OTHER.
 */
#define EXIT_ROW_OFFSET(slot) ((slot) * sizeof(struct exit_row))
#define EXIT_MAP_ENTRY(slot, code, name) [code] = EXIT_ROW_OFFSET(slot),

static const u16 exit_map_vmx[] = {
	KVM_EXIT_REASONS_VMX(EXIT_MAP_ENTRY, EXIT_MAP_ENTRY)
};

/* A macro, so that each entry of the list can be asserted against it. */
#define EXIT_SVM_RUN(code, first, last) \
	((u32)(code) - (u32)(first) <= (u32)(last) - (u32)(first))
#define EXIT_SLOT_SVM_HIGH(code)					\
	(EXIT_SVM_RUN(code, 0x400, 0x403) ?				\
		(u32)(code) - 0x400 + EXIT_SLOT_SVM_NPF :		\
	 EXIT_SVM_RUN(code, -4, -1) ?					\
		~(u32)(code) + EXIT_SLOT_SVM_ERR : EXIT_SLOT_OTHER)

/*
 * Most of it is never touched.  The codes from 0x400 on are in it because that
 * of nested page faults is one of them, and one look has to do for those.
 */
#define EXIT_MAP_HIGH(code) [code] = EXIT_ROW_OFFSET(EXIT_SLOT_SVM_HIGH(code))

static const u16 exit_map_svm[] = {
	KVM_EXIT_REASONS_SVM_LOW(EXIT_MAP_ENTRY, EXIT_MAP_ENTRY)
	EXIT_MAP_HIGH(0x400),
	EXIT_MAP_HIGH(0x401),
	EXIT_MAP_HIGH(0x402),
	EXIT_MAP_HIGH(0x403),
};

/*
 * The modifier bits above the basic reason do not make it another reason.
 * False if it is beyond all that are known; what it is then, the caller finds
 * out off the hot path.
 */
static __always_inline bool exit_offset_vmx(u32 exit_reason, unsigned long *offset)
{
	/* As wide as a pointer: it need not be widened to be an index. */
	unsigned long basic = exit_reason;

	*offset = EXIT_ROW_OFFSET(EXIT_SLOT_OTHER);
	/* Most reasons have no such bits: then one look tells both. */
	if (unlikely(exit_reason >= ARRAY_SIZE(exit_map_vmx)))
		basic = (u16)exit_reason;
	if (unlikely(basic >= ARRAY_SIZE(exit_map_vmx)))
		return false;

	*offset = exit_map_vmx[basic];
	return true;
}

static __always_inline unsigned long exit_offset_svm(u32 exit_code)
{
	return exit_code < ARRAY_SIZE(exit_map_svm) ?
		       exit_map_svm[exit_code] :
		       EXIT_ROW_OFFSET(EXIT_SLOT_SVM_HIGH(exit_code));
}

#endif /* EXIT_STATS_TABLE_H */
