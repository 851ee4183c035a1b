// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two lists of exit reasons: sound in themselves, and in agreement with
 * the kernel's user-space headers of this machine.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <asm/kvm.h>
#include <asm/svm.h>
#include <asm/vmx.h>

#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kvm_exit_stats.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct reason {
	unsigned int slot;
	uint64_t code;
	const char *name;
	/* What Linux defines under that name, or NOT_LINUX */
	uint64_t linux_code;
};

#define NOT_LINUX UINT64_MAX

/* Codes are compared as KVM's tracepoints show them: 32 bits wide. */
#define VMX_K(slot, code, name) \
	{ slot, code, #name, (uint32_t)EXIT_REASON_##name },
#define SVM_K(slot, code, name) \
	{ slot, code, #name, (uint32_t)SVM_EXIT_##name },
#define MANUAL(slot, code, name) { slot, code, #name, NOT_LINUX },

#define NO_ROW(code, name) { 0, code, #name, NOT_LINUX },

static const struct reason vmx[] = { KVM_EXIT_REASONS_VMX(VMX_K, MANUAL) };
static const struct reason svm[] = { KVM_EXIT_REASONS_SVM(SVM_K, MANUAL) };
static const struct reason no_row[] = { KVM_EXIT_REASONS_SVM_NO_ROW(NO_ROW) };

struct linux_reason {
	uint64_t code;
	const char *text;
};

static const struct linux_reason linux_vmx[] = { VMX_EXIT_REASONS };
static const struct linux_reason linux_svm[] = { SVM_EXIT_REASONS };

static const struct reason *find(const struct reason *list, size_t n,
				 uint64_t code)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].code == code)
			return &list[i];
	return NULL;
}

/* SVM codes with and without a row */
static const struct reason *find_svm(uint64_t code)
{
	const struct reason *r = find(svm, ARRAY_SIZE(svm), code);

	return r ? r : find(no_row, ARRAY_SIZE(no_row), code);
}

/* Slot 0 is OTHER, so entry i has slot i + 1. */
static void check_slots(const struct reason *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(list[i].slot, i + 1);
}

static void vmx_slots_are_dense(void **state)
{
	check_slots(vmx, ARRAY_SIZE(vmx));
}

static void svm_slots_are_dense(void **state)
{
	check_slots(svm, ARRAY_SIZE(svm));
}

static void check_codes(const struct reason *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(list[i].code, list[j].code);
}

static void vmx_codes_are_unique(void **state)
{
	check_codes(vmx, ARRAY_SIZE(vmx));
}

static void svm_codes_are_unique(void **state)
{
	check_codes(svm, ARRAY_SIZE(svm));
}

/* A reason has a row or it has none. */
static void svm_codes_without_a_row_are_others(void **state)
{
	check_codes(no_row, ARRAY_SIZE(no_row));
	for (size_t i = 0; i < ARRAY_SIZE(no_row); i++)
		assert_null(find(svm, ARRAY_SIZE(svm), no_row[i].code));
	/* Registers, all of them: what can exit is not hidden among these. */
	for (size_t i = 0; i < ARRAY_SIZE(no_row); i++)
		assert_in_range(no_row[i].code, 0, 0x3f);
}

/* A basic exit reason has 16 bits. */
static void vmx_codes_are_basic_reasons(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(vmx); i++)
		assert_in_range(vmx[i].code, 0, 0xffff);
}

/* 0 to 0xa6, 0x400 to 0x403, and -4 to -1 as their low 32 bits; no gaps. */
static void svm_codes_fill_the_ranges_of_the_manual(void **state)
{
	for (uint64_t code = 0; code <= 0xa6; code++)
		assert_non_null(find_svm(code));
	for (uint64_t code = 0x400; code <= 0x403; code++)
		assert_non_null(find_svm(code));
	for (int32_t code = -4; code <= -1; code++)
		assert_non_null(find_svm((uint32_t)code));
	assert_null(find_svm(0x3ff));
	assert_null(find_svm(SVM_EXIT_SW));
}

/*
 * 0 to 85, but for the numbers that the SDM leaves out.  A guest that asks for
 * one of those is told that it is not defined.
 */
static void vmx_codes_skip_what_the_manual_skips(void **state)
{
	static const unsigned int gaps[] = { 35, 38, 42, 71, 82, 83 };
	size_t gap = 0;

	for (unsigned int code = 0; code <= 85; code++) {
		if (gap < ARRAY_SIZE(gaps) && gaps[gap] == code) {
			assert_null(find(vmx, ARRAY_SIZE(vmx), code));
			gap++;
		} else {
			assert_non_null(find(vmx, ARRAY_SIZE(vmx), code));
		}
	}
}

static void check_names(const struct reason *list, size_t n)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	for (size_t i = 0; i < n; i++) {
		const char *name = list[i].name;

		assert_int_not_equal(strlen(name), 0);
		assert_int_equal(strspn(name, allowed), strlen(name));
		/* The row of the reasons that are in no list */
		assert_string_not_equal(name, "OTHER");
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(name, list[j].name);
	}
}

static void vmx_names_are_unique_and_plain(void **state)
{
	check_names(vmx, ARRAY_SIZE(vmx));
}

static void svm_names_are_unique_and_plain(void **state)
{
	check_names(svm, ARRAY_SIZE(svm));
}

static void check_linux_codes(const struct reason *list, size_t n)
{
	size_t known = 0;

	for (size_t i = 0; i < n; i++) {
		if (list[i].linux_code == NOT_LINUX)
			continue;
		assert_int_equal(list[i].code, list[i].linux_code);
		known++;
	}
	assert_true(known > 0);
}

static void vmx_codes_are_those_of_linux(void **state)
{
	check_linux_codes(vmx, ARRAY_SIZE(vmx));
}

static void svm_codes_are_those_of_linux(void **state)
{
	check_linux_codes(svm, ARRAY_SIZE(svm));
}

/* Each name that a tracepoint can print is ours too. */
static void vmx_list_has_all_that_linux_prints(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(linux_vmx); i++) {
		const struct reason *r =
			find(vmx, ARRAY_SIZE(vmx), linux_vmx[i].code);

		assert_non_null(r);
		assert_string_equal(r->name, linux_vmx[i].text);
	}
}

/*
 * SVM's texts are not the names of the constants, so the codes alone.
 * SVM_VMGEXIT_* are software's own numbers, passed in a GHCB: no exit ever has
 * one as its code.
 */
static void svm_list_has_all_that_linux_prints(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(linux_svm); i++) {
		uint32_t code = linux_svm[i].code;

		if (!strncmp(linux_svm[i].text, "vmgexit_", 8)) {
			assert_int_equal(code >> 16, 0x8000);
			assert_null(find(svm, ARRAY_SIZE(svm), code));
			continue;
		}
		assert_non_null(find(svm, ARRAY_SIZE(svm), code));
	}
}

/* Exceptions: the manual's code is the base plus the vector. */
static void svm_exceptions_are_base_plus_vector(void **state)
{
	static const struct {
		const char *name;
		unsigned int vector;
	} excp[] = {
		{ "EXCP_DE", DE_VECTOR },
		{ "EXCP_DB", DB_VECTOR },
		{ "EXCP_BP", BP_VECTOR },
		{ "EXCP_OF", OF_VECTOR },
		{ "EXCP_BR", BR_VECTOR },
		{ "EXCP_UD", UD_VECTOR },
		{ "EXCP_NM", NM_VECTOR },
		{ "EXCP_DF", DF_VECTOR },
		{ "EXCP_TS", TS_VECTOR },
		{ "EXCP_NP", NP_VECTOR },
		{ "EXCP_SS", SS_VECTOR },
		{ "EXCP_GP", GP_VECTOR },
		{ "EXCP_PF", PF_VECTOR },
		{ "EXCP_MF", MF_VECTOR },
		{ "EXCP_AC", AC_VECTOR },
		{ "EXCP_MC", MC_VECTOR },
		{ "EXCP_XF", XM_VECTOR },
	};

	for (size_t i = 0; i < ARRAY_SIZE(excp); i++) {
		const struct reason *r =
			find(svm, ARRAY_SIZE(svm),
			     SVM_EXIT_EXCP_BASE + excp[i].vector);

		assert_non_null(r);
		assert_string_equal(r->name, excp[i].name);
	}
	for (unsigned int v = 0; v < 32; v++) {
		const struct reason *r = find(svm, ARRAY_SIZE(svm),
					      SVM_EXIT_EXCP_BASE + v);

		assert_non_null(r);
		assert_int_equal(strncmp(r->name, "EXCP_", 5), 0);
	}
}

/* Control and debug registers: the code is a base plus the register's number. */
static void svm_register_names_follow_from_the_code(void **state)
{
	static const char *const access[] = {
		"READ_CR",
		"WRITE_CR",
		"READ_DR",
		"WRITE_DR",
	};

	for (unsigned int code = 0; code < 0x40; code++) {
		const struct reason *r = find_svm(code);
		char name[16];

		assert_non_null(r);
		snprintf(name, sizeof(name), "%s%u", access[code / 16], code % 16);
		assert_string_equal(r->name, name);
	}
}

static void signature_spells_the_name(void **state)
{
	const uint32_t regs[3] = {
		KVM_EXIT_STATS_SIGNATURE_EBX,
		KVM_EXIT_STATS_SIGNATURE_ECX,
		KVM_EXIT_STATS_SIGNATURE_EDX,
	};

	assert_memory_equal(regs, "KVMExitStats", sizeof(regs));
}

/* The numbers that programs outside this repository have built in. */
static void required_leaves_keep_their_numbers(void **state)
{
	assert_int_equal(KVM_EXIT_STATS_SIGNATURE, 0x4fffff00);
	assert_int_equal(KVM_EXIT_STATS_TOTAL_EXITS, 0x4ffffffc);
	assert_int_equal(KVM_EXIT_STATS_TOTAL_CYCLES, 0x4ffffffd);
	assert_int_equal(KVM_EXIT_STATS_REASON_EXITS, 0x4ffffffe);
	assert_int_equal(KVM_EXIT_STATS_REASON_CYCLES, 0x4fffffff);
	assert_int_equal(KVM_EXIT_STATS_MAX_LEAF, 0x4fffffff);
	assert_int_equal(KVM_EXIT_STATS_UNDEFINED, 0xffffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmx_slots_are_dense),
		cmocka_unit_test(svm_slots_are_dense),
		cmocka_unit_test(vmx_codes_are_unique),
		cmocka_unit_test(svm_codes_are_unique),
		cmocka_unit_test(svm_codes_without_a_row_are_others),
		cmocka_unit_test(vmx_codes_are_basic_reasons),
		cmocka_unit_test(vmx_codes_skip_what_the_manual_skips),
		cmocka_unit_test(svm_codes_fill_the_ranges_of_the_manual),
		cmocka_unit_test(vmx_names_are_unique_and_plain),
		cmocka_unit_test(svm_names_are_unique_and_plain),
		cmocka_unit_test(vmx_codes_are_those_of_linux),
		cmocka_unit_test(svm_codes_are_those_of_linux),
		cmocka_unit_test(vmx_list_has_all_that_linux_prints),
		cmocka_unit_test(svm_list_has_all_that_linux_prints),
		cmocka_unit_test(svm_exceptions_are_base_plus_vector),
		cmocka_unit_test(svm_register_names_follow_from_the_code),
		cmocka_unit_test(signature_spells_the_name),
		cmocka_unit_test(required_leaves_keep_their_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
