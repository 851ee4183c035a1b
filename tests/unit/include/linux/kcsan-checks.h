/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_KCSAN_CHECKS_H
#define UNIT_LINUX_KCSAN_CHECKS_H

#define ASSERT_EXCLUSIVE_WRITER(var) do { } while (0)
/* One thread here. */
#define data_race(expr) (expr)

#endif /* UNIT_LINUX_KCSAN_CHECKS_H */
