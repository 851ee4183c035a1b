/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's names for what kernel/src needs of it, in user space. */
#ifndef UNIT_LINUX_TYPES_H
#define UNIT_LINUX_TYPES_H

/* For the headers that are meant for user space */
#include_next <linux/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
/* As in the kernel, so that the same format specifiers fit. */
typedef unsigned long long u64;

#endif /* UNIT_LINUX_TYPES_H */
