// SPDX-License-Identifier: GPL-2.0-only
/* From exit reasons to rows, and what the tables say about both. */
#include "unit.h"

/* The slot alone; it is OTHER too if the reason is beyond all known ones. */
static unsigned long slot_vmx(u32 exit_reason)
{
	unsigned long slot;

	exit_slot_vmx(exit_reason, &slot);
	return slot;
}

/* The path that each exit takes. */
static void vmx_defined_reasons_have_their_slot(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_vmx); i++)
		assert_int_equal(slot_vmx(listed_vmx[i].code), listed_vmx[i].slot);
}

/* A failed entry, an enclave, a pending MTF: bits above the basic reason. */
static void vmx_modifier_bits_do_not_change_the_slot(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_vmx); i++) {
		for (unsigned int bit = 16; bit < 32; bit++)
			assert_int_equal(slot_vmx(listed_vmx[i].code | 1u << bit),
					 listed_vmx[i].slot);
		assert_int_equal(slot_vmx(listed_vmx[i].code | 0xffff0000u),
				 listed_vmx[i].slot);
	}
}

static void vmx_undefined_reasons_go_to_other(void **state)
{
	for (u32 code = 0; code <= 0xffff; code++) {
		unsigned int slot = listed_slot(listed_vmx, ARRAY_SIZE(listed_vmx), code);

		assert_int_equal(slot_vmx(code), slot);
		assert_int_equal(slot_vmx(code | 0x80000000u), slot);
	}
}

/* Beyond the last one it knows, the exit path is told to look closer. */
static void vmx_says_which_reasons_are_beyond_all_known(void **state)
{
	u32 last = 0;
	unsigned long slot;

	for (size_t i = 0; i < ARRAY_SIZE(listed_vmx); i++)
		last = max(last, listed_vmx[i].code);
	for (u32 code = 0; code <= 0xffff; code++) {
		assert_int_equal(exit_slot_vmx(code, &slot), code <= last);
		assert_int_equal(exit_slot_vmx(code | 0x80000000u, &slot), code <= last);
	}
	/* KVM's mark for an entry instruction that failed */
	assert_false(exit_slot_vmx(UINT32_MAX, &slot));
}

/* A guest's question is a number, and none above 16 bits is a basic reason. */
static void vmx_questions_are_taken_literally(void **state)
{
	for (u32 code = 0; code <= 0xffff; code++) {
		assert_int_equal(exit_reasons_vmx.find(code), slot_vmx(code));
		for (unsigned int bit = 16; bit < 32; bit++)
			assert_int_equal(exit_reasons_vmx.find(code | 1u << bit),
					 EXIT_SLOT_OTHER);
	}
	assert_int_equal(exit_reasons_vmx.find(UINT32_MAX), EXIT_SLOT_OTHER);
}

static void svm_defined_codes_have_their_slot(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_svm); i++) {
		assert_int_equal(exit_slot_svm(listed_svm[i].code), listed_svm[i].slot);
		assert_int_equal(exit_reasons_svm.find(listed_svm[i].code),
				 listed_svm[i].slot);
	}
}

static void svm_negative_codes_have_their_own_slots(void **state)
{
	assert_int_equal(exit_slot_svm(-1), EXIT_SLOT_SVM_ERR);
	assert_int_equal(exit_slot_svm(-2), EXIT_SLOT_SVM_BUSY);
	assert_int_equal(exit_slot_svm(-3), EXIT_SLOT_SVM_IDLE_REQUIRED);
	assert_int_equal(exit_slot_svm(-4), EXIT_SLOT_SVM_INVALID_PMC);
	assert_int_equal(exit_slot_svm(-5), EXIT_SLOT_OTHER);
	assert_int_equal(exit_slot_svm(INT32_MIN), EXIT_SLOT_OTHER);
	assert_int_equal(exit_slot_svm(INT32_MAX), EXIT_SLOT_OTHER);
}

/* All of both ends of the number line, and a raster of what lies between. */
static void svm_undefined_codes_go_to_other(void **state)
{
	for (u32 code = 0; code <= 0x8000; code++) {
		const u32 ends[] = { code, ~code, 0x80000000u + code, 0x7fffffffu - code };

		for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
			unsigned int slot =
				listed_slot(listed_svm, ARRAY_SIZE(listed_svm), ends[i]);

			assert_int_equal(exit_slot_svm(ends[i]), slot);
			if (is_svm_without_row(ends[i]))
				slot = EXIT_SLOT_NONE;
			assert_int_equal(exit_reasons_svm.find(ends[i]), slot);
		}
	}
	for (u64 code = 0x8000; code < 0xffff8000; code += 4093)
		assert_int_equal(exit_slot_svm(code), EXIT_SLOT_OTHER);
}

/* Should one ever happen all the same, it counts as OTHER. */
static void svm_codes_without_a_row_are_no_slot(void **state)
{
	assert_true(EXIT_SLOT_NONE >= EXIT_NR_ROWS_SVM);
	assert_int_not_equal(EXIT_SLOT_NONE, KVM_EXIT_STATS_ALL_ROWS);
	for (size_t i = 0; i < ARRAY_SIZE(no_row_svm); i++) {
		u32 code = no_row_svm[i].code;

		assert_int_equal(listed_slot(listed_svm, ARRAY_SIZE(listed_svm), code), 0);
		assert_int_equal(exit_slot_svm(code), EXIT_SLOT_OTHER);
		assert_int_equal(exit_reasons_svm.find(code), EXIT_SLOT_NONE);
	}
}

/* Unlike VMX's, an SVM code has no modifier bits: all 32 are the code. */
static void svm_high_bits_make_another_code(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(listed_svm); i++) {
		if (listed_svm[i].code > 0xffff)
			continue;
		for (unsigned int bit = 16; bit < 32; bit++)
			assert_int_equal(exit_slot_svm(listed_svm[i].code | 1u << bit),
					 EXIT_SLOT_OTHER);
	}
}

static void check_reasons(const struct exit_reasons *reasons, const struct listed *list,
			  size_t n)
{
	assert_int_equal(reasons->nr_rows, n + 1);
	assert_string_equal(reasons->reason[EXIT_SLOT_OTHER].name, "OTHER");
	for (size_t i = 0; i < n; i++) {
		const struct exit_reason *reason = &reasons->reason[list[i].slot];

		assert_string_equal(reason->name, list[i].name);
		assert_int_equal(reason->code, list[i].code);
	}
}

static void vmx_rows_have_name_and_code(void **state)
{
	assert_int_equal(exit_reasons_vmx.ns, KVM_EXIT_STATS_NS_VMX);
	check_reasons(&exit_reasons_vmx, listed_vmx, ARRAY_SIZE(listed_vmx));
}

static void svm_rows_have_name_and_code(void **state)
{
	assert_int_equal(exit_reasons_svm.ns, KVM_EXIT_STATS_NS_SVM);
	check_reasons(&exit_reasons_svm, listed_svm, ARRAY_SIZE(listed_svm));
}

/* What the host's activity can cause, by the manuals' numbers. */
static void check_async(const struct exit_reasons *reasons, const u32 *code, size_t n)
{
	for (unsigned int slot = 0; slot < reasons->nr_rows; slot++) {
		bool expected = false;

		for (size_t i = 0; i < n; i++)
			expected |= slot != EXIT_SLOT_OTHER &&
				    reasons->reason[slot].code == code[i];
		assert_int_equal(reasons->async[slot], expected);
	}
}

static void vmx_rows_of_the_host_are_marked(void **state)
{
	static const u32 code[] = { 0, 1, 3, 5, 6, 41 };

	check_async(&exit_reasons_vmx, code, ARRAY_SIZE(code));
}

static void svm_rows_of_the_host_are_marked(void **state)
{
	static const u32 code[] = { 0x52, 0x60, 0x61, 0x62, 0x63 };

	check_async(&exit_reasons_svm, code, ARRAY_SIZE(code));
}

/* Memory is promised to the owner of the host. */
static void tables_are_small(void **state)
{
	assert_true(EXIT_TABLE_SIZE(EXIT_NR_ROWS_VMX) <= 8192);
	assert_true(EXIT_TABLE_SIZE(EXIT_NR_ROWS_SVM) <= 8192);
	assert_int_equal(EXIT_NR_ROWS_VMX, ARRAY_SIZE(listed_vmx) + 1);
	assert_int_equal(EXIT_NR_ROWS_SVM, ARRAY_SIZE(listed_svm) + 1);
}

#define EXPECT_ROW(number, name, text, unit, merge) \
	expect_stat(number, KVM_EXIT_STATS_KIND_ROW, KVM_EXIT_STATS_UNIT_##unit, \
		    KVM_EXIT_STATS_MERGE_##merge, text);
#define EXPECT_HISTOGRAM(number, name, text, unit, merge, elements) \
	expect_stat(number, KVM_EXIT_STATS_KIND_ROW, KVM_EXIT_STATS_UNIT_##unit, \
		    KVM_EXIT_STATS_MERGE_##merge, text);
#define EXPECT_VCPU(number, name, text, unit, merge) \
	expect_stat(number, KVM_EXIT_STATS_KIND_VCPU, KVM_EXIT_STATS_UNIT_##unit, \
		    KVM_EXIT_STATS_MERGE_##merge, text);

static void expect_stat(u32 number, u32 kind, u32 unit, u32 merge, const char *text)
{
	const struct exit_stat *stat = exit_stat_find(number);
	char name[16] = {};

	assert_non_null(stat);
	assert_int_equal(stat->number, number);
	assert_int_equal(stat->kind, kind);
	assert_int_equal(stat->unit, unit);
	assert_int_equal(stat->merge, merge);
	assert_in_range(strlen(text), 1, sizeof(name));
	memcpy(name, text, strlen(text));
	assert_memory_equal(stat->name, name, sizeof(name));
}

static void statistics_are_described(void **state)
{
	KVM_EXIT_ROW_STATS(EXPECT_ROW)
	KVM_EXIT_HISTOGRAM_STATS(EXPECT_HISTOGRAM)
	KVM_EXIT_VCPU_STATS(EXPECT_VCPU)
}

/* Rows' from 0, vCPUs' from 128, both without a gap, and no others. */
static void statistics_are_numbered_through(void **state)
{
	unsigned int rows = 0, vcpus = 0;

	while (exit_stat_find(rows))
		rows++;
	while (exit_stat_find(128 + vcpus))
		vcpus++;
	/* Those of the histogram are not in the row. */
	assert_int_equal(rows, EXIT_NR_ROW_STATS + 2);
	assert_true(vcpus >= 3);
	for (u32 number = 0; number < 0x1000; number++) {
		if (number >= rows && (number < 128 || number >= 128 + vcpus))
			assert_null(exit_stat_find(number));
	}
	assert_null(exit_stat_find(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmx_defined_reasons_have_their_slot),
		cmocka_unit_test(vmx_modifier_bits_do_not_change_the_slot),
		cmocka_unit_test(vmx_undefined_reasons_go_to_other),
		cmocka_unit_test(vmx_says_which_reasons_are_beyond_all_known),
		cmocka_unit_test(vmx_questions_are_taken_literally),
		cmocka_unit_test(svm_defined_codes_have_their_slot),
		cmocka_unit_test(svm_negative_codes_have_their_own_slots),
		cmocka_unit_test(svm_undefined_codes_go_to_other),
		cmocka_unit_test(svm_codes_without_a_row_are_no_slot),
		cmocka_unit_test(svm_high_bits_make_another_code),
		cmocka_unit_test(vmx_rows_have_name_and_code),
		cmocka_unit_test(svm_rows_have_name_and_code),
		cmocka_unit_test(vmx_rows_of_the_host_are_marked),
		cmocka_unit_test(svm_rows_of_the_host_are_marked),
		cmocka_unit_test(tables_are_small),
		cmocka_unit_test(statistics_are_described),
		cmocka_unit_test(statistics_are_numbered_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
