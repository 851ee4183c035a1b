// SPDX-License-Identifier: GPL-2.0-only
/* Every reason of both lists is explained, in two sentences. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/explanations.h"
#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kvm_exit_stats.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct listed {
	uint32_t reasons, slot, code;
	const char *name;
};

#define VMX(slot, code, name) { KVM_EXIT_STATS_NS_VMX, slot, code, #name },
#define SVM(slot, code, name) { KVM_EXIT_STATS_NS_SVM, slot, code, #name },
#define NO_ROW(code, name) { KVM_EXIT_STATS_NS_SVM, 0, code, #name },

/* The lists once more, written out from the headers. */
static const struct listed listed[] = {
	{ KVM_EXIT_STATS_NS_VMX, 0, 0, "OTHER" },
	{ KVM_EXIT_STATS_NS_SVM, 0, 0, "OTHER" },
	KVM_EXIT_REASONS_VMX(VMX, VMX)
	KVM_EXIT_REASONS_SVM(SVM, SVM)
};

static const struct listed no_row[] = {
	KVM_EXIT_REASONS_SVM_NO_ROW(NO_ROW)
};

/* Begins with a capital, has one full stop, at its end, and more than a word. */
static int is_sentence(const char *text)
{
	size_t length = strlen(text);
	const char *stop;

	if (length < 30 || !isupper((unsigned char)*text) || text[length - 1] != '.')
		return 0;
	for (stop = strchr(text, '.'); stop != text + length - 1; stop = strchr(stop + 1, '.')) {
		/* "kvm_amd.npt=1", "..." and "2.0" do not end a sentence. */
		if (isspace((unsigned char)stop[1]) && stop[-1] != '.')
			return 0;
	}
	/* Neither are words run together nor lines too long for a terminal. */
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") > 80)
			return 0;
	return !strstr(stop - length + 1, "  ");
}

static void test_all_explained(void **state)
{
	size_t missing = 0;

	for (size_t i = 0; i < ARRAY_SIZE(listed); i++) {
		const struct explanation *text = explanation(listed[i].reasons, listed[i].slot);

		if (text && is_sentence(text->cause) && is_sentence(text->cost))
			continue;
		print_message("%s (namespace %u) is not explained in two sentences\n",
			      listed[i].name, listed[i].reasons);
		missing++;
	}
	assert_int_equal(missing, 0);
	assert_true(is_sentence(explanation_of_no_row.cause));
	assert_true(is_sentence(explanation_of_no_row.cost));
}

/* No two reasons have the same cause, so none was copied and forgotten. */
static void test_causes_differ(void **state)
{
	for (size_t i = 2; i < ARRAY_SIZE(listed); i++) {
		const char *cause = explanation(listed[i].reasons, listed[i].slot)->cause;

		for (size_t j = 2; j < i; j++) {
			if (listed[j].reasons != listed[i].reasons)
				continue;
			if (strcmp(cause, explanation(listed[j].reasons, listed[j].slot)->cause))
				continue;
			print_message("%s and %s have the same cause\n", listed[i].name,
				      listed[j].name);
			fail();
		}
	}
}

/* A reason that a text sends the reader to is there. */
static void test_references(void **state)
{
	size_t seen = 0;

	for (size_t i = 0; i < ARRAY_SIZE(listed); i++) {
		const struct explanation *text = explanation(listed[i].reasons, listed[i].slot);
		const char *see = strstr(text->cost, "see ");
		char name[64] = "";
		size_t found = 0;

		if (!see || sscanf(see, "see %63[A-Z_]", name) != 1)
			continue;
		for (size_t j = 0; j < ARRAY_SIZE(listed); j++)
			found += listed[j].reasons == listed[i].reasons &&
				 !strcmp(listed[j].name, name);
		if (!found)
			print_message("%s: see %s, which there is not\n", listed[i].name, name);
		assert_int_equal(found, 1);
		seen++;
	}
	assert_true(seen > 3);
}

static void test_unknown(void **state)
{
	assert_null(explanation(KVM_EXIT_STATS_NS_VMX, 5000));
	assert_null(explanation(KVM_EXIT_STATS_NS_SVM, 5000));
	assert_null(explanation(0, 1));
	assert_null(explanation(3, 1));
}

static void test_no_row(void **state)
{
	const char *name = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(no_row); i++) {
		assert_true(explanation_no_row(KVM_EXIT_STATS_NS_SVM, no_row[i].code, &name));
		assert_string_equal(name, no_row[i].name);
		assert_false(explanation_no_row(KVM_EXIT_STATS_NS_VMX, no_row[i].code, &name));
	}
	assert_false(explanation_no_row(KVM_EXIT_STATS_NS_SVM, 0x7b, &name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_explained),
		cmocka_unit_test(test_causes_differ),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_no_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
