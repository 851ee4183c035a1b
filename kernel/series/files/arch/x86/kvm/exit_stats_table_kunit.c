// SPDX-License-Identifier: GPL-2.0-only
/* From exit reasons to rows, and what the tables say about both. */
#include "exit_stats_kunit.h"

/* The slot alone; it is OTHER too if the reason is beyond all known ones. */
static unsigned long slot_vmx(struct kunit *test, u32 exit_reason)
{
	unsigned long slot;

	exit_slot_vmx(test, exit_reason, &slot);
	return slot;
}

/* The path that each exit takes. */
static void vmx_defined_reasons_have_their_slot(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_vmx); i++)
		KUNIT_EXPECT_EQ(test, slot_vmx(test, listed_vmx[i].code), listed_vmx[i].slot);
}

/* A failed entry, an enclave, a pending MTF: bits above the basic reason. */
static void vmx_modifier_bits_do_not_change_the_slot(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_vmx); i++) {
		for (unsigned int bit = 16; bit < 32; bit++)
			KUNIT_EXPECT_EQ(test, slot_vmx(test, listed_vmx[i].code | 1u << bit),
					listed_vmx[i].slot);
		KUNIT_EXPECT_EQ(test, slot_vmx(test, listed_vmx[i].code | 0xffff0000u),
				listed_vmx[i].slot);
	}
}

static void vmx_undefined_reasons_go_to_other(struct kunit *test)
{
	for (u32 code = 0; code <= 0xffff; code++) {
		unsigned int slot = listed_slot(listed_vmx, ARRAY_SIZE(listed_vmx), code);

		KUNIT_EXPECT_EQ(test, slot_vmx(test, code), slot);
		KUNIT_EXPECT_EQ(test, slot_vmx(test, code | 0x80000000u), slot);
	}
}

/* Beyond the last one it knows, the exit path is told to look closer. */
static void vmx_says_which_reasons_are_beyond_all_known(struct kunit *test)
{
	u32 last = 0;
	unsigned long slot;

	for (size_t i = 0; i < ARRAY_SIZE(listed_vmx); i++)
		last = max(last, listed_vmx[i].code);
	for (u32 code = 0; code <= 0xffff; code++) {
		KUNIT_EXPECT_EQ(test, exit_slot_vmx(test, code, &slot), code <= last);
		KUNIT_EXPECT_EQ(test, exit_slot_vmx(test, code | 0x80000000u, &slot), code <= last);
	}
	/* KVM's mark for an entry instruction that failed */
	KUNIT_EXPECT_FALSE(test, exit_slot_vmx(test, U32_MAX, &slot));
}

/* A guest's question is a number, and none above 16 bits is a basic reason. */
static void vmx_questions_are_taken_literally(struct kunit *test)
{
	for (u32 code = 0; code <= 0xffff; code++) {
		KUNIT_EXPECT_EQ(test, exit_reasons_vmx.find(code), slot_vmx(test, code));
		for (unsigned int bit = 16; bit < 32; bit++)
			KUNIT_EXPECT_EQ(test, exit_reasons_vmx.find(code | 1u << bit),
					EXIT_SLOT_OTHER);
	}
	KUNIT_EXPECT_EQ(test, exit_reasons_vmx.find(U32_MAX), EXIT_SLOT_OTHER);
}

static void svm_defined_codes_have_their_slot(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_svm); i++) {
		KUNIT_EXPECT_EQ(test, exit_slot_svm(test, listed_svm[i].code), listed_svm[i].slot);
		KUNIT_EXPECT_EQ(test, exit_reasons_svm.find(listed_svm[i].code),
				listed_svm[i].slot);
	}
}

static void svm_negative_codes_have_their_own_slots(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, exit_slot_svm(test, -1), EXIT_SLOT_SVM_ERR);
	KUNIT_EXPECT_EQ(test, exit_slot_svm(test, -2), EXIT_SLOT_SVM_BUSY);
	KUNIT_EXPECT_EQ(test, exit_slot_svm(test, -3), EXIT_SLOT_SVM_IDLE_REQUIRED);
	KUNIT_EXPECT_EQ(test, exit_slot_svm(test, -4), EXIT_SLOT_SVM_INVALID_PMC);
	KUNIT_EXPECT_EQ(test, exit_slot_svm(test, -5), EXIT_SLOT_OTHER);
	KUNIT_EXPECT_EQ(test, exit_slot_svm(test, S32_MIN), EXIT_SLOT_OTHER);
	KUNIT_EXPECT_EQ(test, exit_slot_svm(test, S32_MAX), EXIT_SLOT_OTHER);
}

/* All of both ends of the number line, and a raster of what lies between. */
static void svm_undefined_codes_go_to_other(struct kunit *test)
{
	for (u32 code = 0; code <= 0x8000; code++) {
		const u32 ends[] = { code, ~code, 0x80000000u + code, 0x7fffffffu - code };

		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			unsigned int slot =
				listed_slot(listed_svm, ARRAY_SIZE(listed_svm), ends[i]);

			KUNIT_EXPECT_EQ(test, exit_slot_svm(test, ends[i]), slot);
			if (is_svm_without_row(ends[i]))
				slot = EXIT_SLOT_NONE;
			KUNIT_EXPECT_EQ(test, exit_reasons_svm.find(ends[i]), slot);
		}
	}
	for (u64 code = 0x8000; code < 0xffff8000; code += 4093)
		KUNIT_EXPECT_EQ(test, exit_slot_svm(test, code), EXIT_SLOT_OTHER);
}

/* Should one ever happen all the same, it counts as OTHER. */
static void svm_codes_without_a_row_are_no_slot(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, EXIT_SLOT_NONE >= EXIT_NR_ROWS_SVM);
	KUNIT_EXPECT_NE(test, EXIT_SLOT_NONE, KVM_EXIT_STATS_ALL_ROWS);
	for (size_t i = 0; i < ARRAY_SIZE(no_row_svm); i++) {
		u32 code = no_row_svm[i].code;

		KUNIT_EXPECT_EQ(test, listed_slot(listed_svm, ARRAY_SIZE(listed_svm), code), 0);
		KUNIT_EXPECT_EQ(test, exit_slot_svm(test, code), EXIT_SLOT_OTHER);
		KUNIT_EXPECT_EQ(test, exit_reasons_svm.find(code), EXIT_SLOT_NONE);
	}
}

/* Unlike VMX's, an SVM code has no modifier bits: all 32 are the code. */
static void svm_high_bits_make_another_code(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_svm); i++) {
		if (listed_svm[i].code > 0xffff)
			continue;
		for (unsigned int bit = 16; bit < 32; bit++)
			KUNIT_EXPECT_EQ(test, exit_slot_svm(test, listed_svm[i].code | 1u << bit),
					EXIT_SLOT_OTHER);
	}
}

static void check_reasons(struct kunit *test, const struct exit_reasons *reasons,
			  const struct listed *list, size_t n)
{
	KUNIT_EXPECT_EQ(test, reasons->nr_rows, n + 1);
	KUNIT_EXPECT_STREQ(test, reasons->reason[EXIT_SLOT_OTHER].name, "OTHER");
	for (size_t i = 0; i < n; i++) {
		const struct exit_reason *reason = &reasons->reason[list[i].slot];

		KUNIT_EXPECT_STREQ(test, reason->name, list[i].name);
		KUNIT_EXPECT_EQ(test, reason->code, list[i].code);
	}
}

static void vmx_rows_have_name_and_code(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, exit_reasons_vmx.ns, KVM_EXIT_STATS_NS_VMX);
	check_reasons(test, &exit_reasons_vmx, listed_vmx, ARRAY_SIZE(listed_vmx));
}

static void svm_rows_have_name_and_code(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, exit_reasons_svm.ns, KVM_EXIT_STATS_NS_SVM);
	check_reasons(test, &exit_reasons_svm, listed_svm, ARRAY_SIZE(listed_svm));
}

/* What the host's activity can cause, by the manuals' numbers. */
static void check_async(struct kunit *test, const struct exit_reasons *reasons,
			const u32 *code, size_t n)
{
	for (unsigned int slot = 0; slot < reasons->nr_rows; slot++) {
		bool expected = false;

		for (size_t i = 0; i < n; i++)
			expected |= slot != EXIT_SLOT_OTHER &&
				    reasons->reason[slot].code == code[i];
		KUNIT_EXPECT_EQ(test, reasons->async[slot], expected);
	}
}

static void vmx_rows_of_the_host_are_marked(struct kunit *test)
{
	static const u32 code[] = { 0, 1, 3, 5, 6, 41 };

	check_async(test, &exit_reasons_vmx, code, ARRAY_SIZE(code));
}

static void svm_rows_of_the_host_are_marked(struct kunit *test)
{
	static const u32 code[] = { 0x52, 0x60, 0x61, 0x62, 0x63 };

	check_async(test, &exit_reasons_svm, code, ARRAY_SIZE(code));
}

/* Memory is promised to the owner of the host. */
static void tables_are_small(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, EXIT_TABLE_SIZE(EXIT_NR_ROWS_VMX) <= 8192);
	KUNIT_EXPECT_TRUE(test, EXIT_TABLE_SIZE(EXIT_NR_ROWS_SVM) <= 8192);
	KUNIT_EXPECT_EQ(test, EXIT_NR_ROWS_VMX, ARRAY_SIZE(listed_vmx) + 1);
	KUNIT_EXPECT_EQ(test, EXIT_NR_ROWS_SVM, ARRAY_SIZE(listed_svm) + 1);
}

#define EXPECT_ROW(number, name, text, unit, merge)                                    \
	expect_stat(test, number, KVM_EXIT_STATS_KIND_ROW, KVM_EXIT_STATS_UNIT_##unit, \
		    KVM_EXIT_STATS_MERGE_##merge, text);
#define EXPECT_HISTOGRAM(number, name, text, unit, merge, elements)                    \
	expect_stat(test, number, KVM_EXIT_STATS_KIND_ROW, KVM_EXIT_STATS_UNIT_##unit, \
		    KVM_EXIT_STATS_MERGE_##merge, text);
#define EXPECT_VCPU(number, name, text, unit, merge)                                    \
	expect_stat(test, number, KVM_EXIT_STATS_KIND_VCPU, KVM_EXIT_STATS_UNIT_##unit, \
		    KVM_EXIT_STATS_MERGE_##merge, text);

static void expect_stat(struct kunit *test, u32 number, u32 kind, u32 unit, u32 merge,
			const char *text)
{
	const struct exit_stat *stat = exit_stat_find(number);
	char name[16] = {};

	KUNIT_ASSERT_NOT_NULL(test, stat);
	KUNIT_EXPECT_EQ(test, stat->number, number);
	KUNIT_EXPECT_EQ(test, stat->kind, kind);
	KUNIT_EXPECT_EQ(test, stat->unit, unit);
	KUNIT_EXPECT_EQ(test, stat->merge, merge);
	KUNIT_ASSERT_GE(test, strlen(text), 1);
	KUNIT_ASSERT_LE(test, strlen(text), sizeof(name));
	memcpy(name, text, strlen(text));
	KUNIT_EXPECT_EQ(test, memcmp(stat->name, name, sizeof(name)), 0);
}

static void statistics_are_described(struct kunit *test)
{
	KVM_EXIT_ROW_STATS(EXPECT_ROW)
	KVM_EXIT_HISTOGRAM_STATS(EXPECT_HISTOGRAM)
	KVM_EXIT_VCPU_STATS(EXPECT_VCPU)
}

/* Rows' from 0, vCPUs' from 128, both without a gap, and no others. */
static void statistics_are_numbered_through(struct kunit *test)
{
	unsigned int rows = 0, vcpus = 0;

	while (exit_stat_find(rows))
		rows++;
	while (exit_stat_find(128 + vcpus))
		vcpus++;
	/* Those of the histogram are not in the row. */
	KUNIT_EXPECT_EQ(test, rows, EXIT_NR_ROW_STATS + 2);
	KUNIT_EXPECT_TRUE(test, vcpus >= 3);
	for (u32 number = 0; number < 0x1000; number++) {
		if (number >= rows && (number < 128 || number >= 128 + vcpus))
			KUNIT_EXPECT_NULL(test, exit_stat_find(number));
	}
	KUNIT_EXPECT_NULL(test, exit_stat_find(U32_MAX));
}

static struct kunit_case table_cases[] = {
	KUNIT_CASE(vmx_defined_reasons_have_their_slot),
	KUNIT_CASE(vmx_modifier_bits_do_not_change_the_slot),
	KUNIT_CASE(vmx_undefined_reasons_go_to_other),
	KUNIT_CASE(vmx_says_which_reasons_are_beyond_all_known),
	KUNIT_CASE(vmx_questions_are_taken_literally),
	KUNIT_CASE(svm_defined_codes_have_their_slot),
	KUNIT_CASE(svm_negative_codes_have_their_own_slots),
	KUNIT_CASE(svm_undefined_codes_go_to_other),
	KUNIT_CASE(svm_codes_without_a_row_are_no_slot),
	KUNIT_CASE(svm_high_bits_make_another_code),
	KUNIT_CASE(vmx_rows_have_name_and_code),
	KUNIT_CASE(svm_rows_have_name_and_code),
	KUNIT_CASE(vmx_rows_of_the_host_are_marked),
	KUNIT_CASE(svm_rows_of_the_host_are_marked),
	KUNIT_CASE(tables_are_small),
	KUNIT_CASE(statistics_are_described),
	KUNIT_CASE(statistics_are_numbered_through),
	{}
};

static struct kunit_suite table_suite = {
	.name = "exit_stats_table",
	.test_cases = table_cases,
};

kunit_test_suite(table_suite);
