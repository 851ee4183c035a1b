/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef UNIT_LINUX_STDDEF_H
#define UNIT_LINUX_STDDEF_H

/* For the headers that are meant for user space */
#include_next <linux/stddef.h>

#include <stddef.h>

#define sizeof_field(type, member) sizeof(((type *)0)->member)

#endif /* UNIT_LINUX_STDDEF_H */
