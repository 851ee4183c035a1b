/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording as one HTML page, which needs nothing else: charts are inline
 * SVG, drawn here, so that it can be read without JavaScript as well.
 */
#ifndef EXITSTAT_HTML_H
#define EXITSTAT_HTML_H

#include <stdio.h>

#include "cli/summary.h"

/* Errors of the stream are left for the caller to look at.  0 or -ENOMEM */
int html_report(FILE *out, const struct summary *sum, const char *title);

#endif /* EXITSTAT_HTML_H */
