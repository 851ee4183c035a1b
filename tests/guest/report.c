// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "report.h"

static const char *test_name = "start";
static unsigned int nr_passed, nr_failed;

void report_test(const char *test)
{
	test_name = test;
}

static void line(const char *verdict, const char *name, const char *why,
		 va_list args)
{
	printf("%s - %s: %s", verdict, test_name, name);
	if (why) {
		printf(": ");
		vprintf(why, args);
	}
	printf("\n");
	fflush(stdout);
}

bool check(bool passed, const char *name, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	line(passed ? "ok" : "not ok", name, passed ? NULL : why, args);
	va_end(args);

	if (passed)
		nr_passed++;
	else
		nr_failed++;
	return passed;
}

void skip(const char *name, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	line("skip", name, why, args);
	va_end(args);
}

void die(const char *why, ...)
{
	va_list args;

	va_start(args, why);
	line("not ok", "cannot go on", why, args);
	va_end(args);
	exit(EXIT_FAILED);
}

int report_status(void)
{
	if (nr_failed)
		return EXIT_FAILED;
	return nr_passed ? EXIT_PASSED : EXIT_SKIPPED;
}
