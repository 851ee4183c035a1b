/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef EXITSTAT_INTERNAL_H
#define EXITSTAT_INTERNAL_H

#include "libexitstat.h"

struct exitstat {
	struct exitstat_cpuid cpuid;
	uint64_t own_exits;
	struct exitstat_host host;
	struct exitstat_info info;
	/* Codes of slots newer than our lists, asked for once each. */
	uint32_t *late_codes;
	unsigned char *late_known;
	char reason[256];
};

/* A reason as our lists have it. */
struct exitstat_known {
	uint32_t code;
	const char *name;
};

/* All registers of a leaf; counted as an exit. */
struct exitstat_regs exitstat_ask(struct exitstat *es, uint32_t leaf,
				  uint32_t subleaf);

/* Does what exitstat_open() does, on a handle that may have been in use. */
int exitstat_load(struct exitstat *es);

uint64_t exitstat_ask_instance(struct exitstat *es);

/* Fail with a sentence. */
int exitstat_fail(struct exitstat *es, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* NULL: the slot is newer than our lists.  Slot 0 is OTHER. */
const struct exitstat_known *exitstat_known(uint32_t reasons, uint32_t slot);
uint32_t exitstat_nr_known(uint32_t reasons);

static inline uint64_t exitstat_u64(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

#endif /* EXITSTAT_INTERNAL_H */
