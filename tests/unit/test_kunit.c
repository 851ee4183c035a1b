// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own tests of the pure logic, exit_stats_*_kunit.c of the series,
 * run here too: in a second, with the sanitizers of user space.
 */
#include <stdio.h>
#include <stdlib.h>

#include <kunit/test.h>

#define MAX_TESTS	200
#define MAX_ALLOCATIONS 16

struct run {
	struct kunit kunit;
	const struct kunit_suite *suite;
	const struct kunit_case *test;
	char name[2 * KUNIT_PARAM_DESC_SIZE];
};

static struct run runs[MAX_TESTS];
static struct CMUnitTest tests[MAX_TESTS];
static size_t nr_tests;
static void *allocation[MAX_ALLOCATIONS];
static size_t nr_allocations;

void *kunit_kzalloc(struct kunit *test, size_t size, int gfp)
{
	if (nr_allocations == MAX_ALLOCATIONS)
		abort();
	allocation[nr_allocations] = calloc(1, size);
	return allocation[nr_allocations++];
}

static void run_one(void **state)
{
	struct run *run = *state;

	if (run->suite->init)
		assert_int_equal(run->suite->init(&run->kunit), 0);
	run->test->run_case(&run->kunit);
}

static int tear_down(void **state)
{
	while (nr_allocations)
		free(allocation[--nr_allocations]);
	return 0;
}

static void add_run(const struct kunit_suite *suite, const struct kunit_case *test,
		    const void *param, const char *desc)
{
	struct run *run = &runs[nr_tests];

	if (nr_tests == MAX_TESTS)
		abort();
	run->suite = suite;
	run->test = test;
	run->kunit.param_value = param;
	snprintf(run->name, sizeof(run->name), "%s: %s%s%s", suite->name, desc, *desc ? "_" : "",
		 test->name);
	tests[nr_tests++] = (struct CMUnitTest) {
		.name = run->name,
		.test_func = run_one,
		.teardown_func = tear_down,
		.initial_state = run,
	};
}

void kunit_add_suite(struct kunit_suite *suite)
{
	for (const struct kunit_case *test = suite->test_cases; test->run_case; test++) {
		char desc[KUNIT_PARAM_DESC_SIZE] = "";
		const void *param = NULL;

		if (!test->generate_params) {
			add_run(suite, test, NULL, "");
			continue;
		}
		while ((param = test->generate_params(param, desc)))
			add_run(suite, test, param, desc);
	}
}

int main(void)
{
	return _cmocka_run_group_tests("kunit", tests, nr_tests, NULL, NULL);
}
