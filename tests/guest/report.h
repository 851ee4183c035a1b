/* SPDX-License-Identifier: GPL-2.0-only */
/* What a test says: one line a check, and an exit status at the end. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>

enum {
	EXIT_PASSED	= 0,
	EXIT_FAILED	= 1,
	EXIT_SKIPPED	= 77,
};

/* Every name is printed as "TEST: NAME". */
void report_test(const char *test);

/*
 * "ok - name" or, with the reason that @why and what follows it spell out,
 * "not ok - name: why".  Returns @passed.
 */
__attribute__((format(printf, 3, 4)))
bool check(bool passed, const char *name, const char *why, ...);

__attribute__((format(printf, 2, 3)))
void skip(const char *name, const char *why, ...);

/* The test cannot go on: the machine, not the thing under test, is at fault. */
__attribute__((format(printf, 1, 2), noreturn))
void die(const char *why, ...);

int report_status(void);

#endif /* REPORT_H */
