/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of the exit statistics' pure logic share. */
#ifndef EXIT_STATS_KUNIT_H
#define EXIT_STATS_KUNIT_H

#include <kunit/test.h>

#include "exit_stats_clock.h"
#include "exit_stats_leaf.h"

/* The lists once more, written out independently of the code under test. */
struct listed {
	unsigned int slot;
	u32 code;
	const char *name;
};

#define LISTED(slot, code, name) { slot, code, #name },

static const struct listed listed_vmx[] __maybe_unused = {
	KVM_EXIT_REASONS_VMX(LISTED, LISTED)
};

static const struct listed listed_svm[] __maybe_unused = {
	KVM_EXIT_REASONS_SVM(LISTED, LISTED)
};

#define NO_ROW_LISTED(code, name) { 0, code, #name },

/* Defined by the manual, without a row */
static const struct listed no_row_svm[] __maybe_unused = {
	KVM_EXIT_REASONS_SVM_NO_ROW(NO_ROW_LISTED)
};

static inline bool is_svm_without_row(u32 code)
{
	for (size_t i = 0; i < ARRAY_SIZE(no_row_svm); i++)
		if (no_row_svm[i].code == code)
			return true;
	return false;
}

/* Slot of a code, 0 if it is not on the list. */
static inline unsigned int listed_slot(const struct listed *list, size_t n, u32 code)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].code == code)
			return list[i].slot;
	return 0;
}

/* What the exit path does, by slots instead of offsets. */
static inline void exit_clock_exit(struct exit_clock *clock, unsigned long slot, u64 now)
{
	exit_clock_exit_at(clock, EXIT_ROW_OFFSET(slot), now);
}

/* What the hooks do, with histograms: from any segment to any other. */
static inline void exit_clock_switch(struct exit_clock *clock, enum exit_segment segment, u64 now)
{
	enum exit_segment from = clock->segment;

	if (from == EXIT_SEGMENT_USER)
		clock->spent += exit_clock_resume(clock, now);
	else if (from != EXIT_SEGMENT_KERNEL)
		exit_clock_resume(clock, now);
	else if (segment == EXIT_SEGMENT_KERNEL)
		clock->spent += exit_clock_update(clock, now);
	if (segment != EXIT_SEGMENT_KERNEL)
		clock->spent += exit_clock_leave(clock, segment, now);
}

static inline bool exit_slot_vmx(struct kunit *test, u32 exit_reason,
				 unsigned long *slot)
{
	bool known = exit_offset_vmx(exit_reason, slot);

	KUNIT_ASSERT_EQ(test, *slot % sizeof(struct exit_row), 0);
	*slot /= sizeof(struct exit_row);
	return known;
}

static inline unsigned long exit_slot_svm(struct kunit *test, u32 exit_code)
{
	unsigned long offset = exit_offset_svm(exit_code);

	KUNIT_ASSERT_EQ(test, offset % sizeof(struct exit_row), 0);
	return offset / sizeof(struct exit_row);
}

/* A table for any vendor, all zero. */
static inline struct exit_table *new_table(struct kunit *test)
{
	size_t rows = max(ARRAY_SIZE(listed_vmx), ARRAY_SIZE(listed_svm)) + 1;
	struct exit_table *table = kunit_kzalloc(test, EXIT_TABLE_SIZE(rows), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, table);
	return table;
}

/* Small, and the same numbers on every run. */
static inline u32 pseudo_random(u32 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

#endif /* EXIT_STATS_KUNIT_H */
