/* SPDX-License-Identifier: GPL-2.0-only */
/* As much of KUnit as the kernel's tests need, in user space: see test_kunit.c. */
#ifndef UNIT_KUNIT_TEST_H
#define UNIT_KUNIT_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/kernel.h>
#include <linux/string.h>

#define GFP_KERNEL 0

#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
#define S32_MIN INT32_MIN
#define S32_MAX INT32_MAX

#define hweight32(w) ((unsigned int)__builtin_popcount(w))

struct kunit {
	void *priv;
	const void *param_value;
};

/* Given back when the test has ended. */
void *kunit_kzalloc(struct kunit *test, size_t size, int gfp);

#define KUNIT_PARAM_DESC_SIZE 128

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

#define KUNIT_CASE(test_name) { .run_case = test_name, .name = #test_name }
#define KUNIT_CASE_PARAM(test_name, gen_params) \
	{ .run_case = test_name, .name = #test_name, .generate_params = gen_params }

#define KUNIT_ARRAY_PARAM(name, array, get_desc)				\
	static const void *name##_gen_params(const void *prev, char *desc)	\
	{									\
		__typeof__(&(array)[0]) next = prev;				\
										\
		next = next ? next + 1 : (array);				\
		if (next - (array) >= (ptrdiff_t)ARRAY_SIZE(array))		\
			return NULL;						\
		get_desc(next, desc);						\
		return next;							\
	}

struct kunit_suite {
	const char *name;
	int (*init)(struct kunit *test);
	struct kunit_case *test_cases;
};

void kunit_add_suite(struct kunit_suite *suite);

#define kunit_test_suite(suite)							\
	static void __attribute__((constructor)) add_##suite(void)		\
	{									\
		kunit_add_suite(&(suite));					\
	}									\
	_Static_assert(1, "")

/* cmocka ends a test with the first that does not hold. */
#define KUNIT_EXPECT_EQ(test, a, b) assert_int_equal(a, b)
#define KUNIT_EXPECT_EQ_MSG(test, a, b, ...) assert_int_equal(a, b)
#define KUNIT_EXPECT_NE(test, a, b) assert_int_not_equal(a, b)
#define KUNIT_EXPECT_TRUE(test, c) assert_true(c)
#define KUNIT_EXPECT_FALSE(test, c) assert_false(c)
#define KUNIT_EXPECT_NULL(test, p) assert_null(p)
#define KUNIT_EXPECT_STREQ(test, a, b) assert_string_equal(a, b)
#define KUNIT_ASSERT_EQ(test, a, b) assert_int_equal(a, b)
#define KUNIT_ASSERT_LT(test, a, b) assert_true((a) < (b))
#define KUNIT_ASSERT_LE(test, a, b) assert_true((a) <= (b))
#define KUNIT_ASSERT_GE(test, a, b) assert_true((a) >= (b))
#define KUNIT_ASSERT_NOT_NULL(test, p) assert_non_null(p)

#endif /* UNIT_KUNIT_TEST_H */
