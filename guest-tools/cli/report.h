/* SPDX-License-Identifier: GPL-2.0-only */
/* What exitstat shows of a snapshot. */
#ifndef EXITSTAT_REPORT_H
#define EXITSTAT_REPORT_H

#include <stdio.h>

#include "lib/libexitstat.h"

/* Dearest first: by cycles, then exits, then slot. */
void report_sort(struct exitstat_snapshot *snap);

/*
 * Heading, table, totals and a last line with the exits that reading took.
 * 0 or -ENOMEM; write errors stay with the stream.
 */
int report_text(FILE *out, const struct exitstat *es,
		const struct exitstat_snapshot *snap);

#endif /* EXITSTAT_REPORT_H */
