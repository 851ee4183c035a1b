/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_STRING_H
#define UNIT_LINUX_STRING_H

#include <stdio.h>
#include <string.h>

#define strscpy(to, from, size) snprintf(to, size, "%s", from)

#endif /* UNIT_LINUX_STRING_H */
