/* SPDX-License-Identifier: GPL-2.0-only */
/* What each test of kernel/src needs. */
#ifndef UNIT_H
#define UNIT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "exit_stats_leaf.h"

/* The lists once more, written out independently of the code under test. */
struct listed {
	unsigned int slot;
	u32 code;
	const char *name;
};

#define LISTED(slot, code, name) { slot, code, #name },

static const struct listed listed_vmx[] __attribute__((unused)) = {
	KVM_EXIT_REASONS_VMX(LISTED, LISTED)
};

static const struct listed listed_svm[] __attribute__((unused)) = {
	KVM_EXIT_REASONS_SVM(LISTED, LISTED)
};

#define NO_ROW_LISTED(code, name) { 0, code, #name },

/* Defined by the manual, without a row */
static const struct listed no_row_svm[] __attribute__((unused)) = {
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

static inline bool exit_slot_vmx(u32 exit_reason, unsigned long *slot)
{
	bool known = exit_offset_vmx(exit_reason, slot);

	assert_int_equal(*slot % sizeof(struct exit_row), 0);
	*slot /= sizeof(struct exit_row);
	return known;
}

static inline unsigned long exit_slot_svm(u32 exit_code)
{
	unsigned long offset = exit_offset_svm(exit_code);

	assert_int_equal(offset % sizeof(struct exit_row), 0);
	return offset / sizeof(struct exit_row);
}

/* A table for any vendor, all zero. */
static inline struct exit_table *new_table(void)
{
	size_t rows = max(ARRAY_SIZE(listed_vmx), ARRAY_SIZE(listed_svm)) + 1;
	struct exit_table *table = calloc(1, EXIT_TABLE_SIZE(rows));

	assert_non_null(table);
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

#endif /* UNIT_H */
