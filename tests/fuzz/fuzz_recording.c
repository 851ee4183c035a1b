// SPDX-License-Identifier: GPL-2.0-only
/* Any file as a recording: it is read, or refused with a sentence. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/html.h"
#include "cli/recording.h"
#include "cli/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recording *rec = NULL;
	char why[256] = "";
	struct summary *sum;
	FILE *in, *out;
	int err;

	in = size ? fmemopen((void *)data, size, "r") : fopen("/dev/null", "r");
	if (!in)
		abort();
	err = recording_read(in, &rec, why, sizeof(why));
	fclose(in);

	/* An error has a sentence, of one line; success and a rest have samples. */
	if (err && (!why[0] || strchr(why, '\n')))
		abort();
	if (!err && !rec)
		abort();
	if (rec && !rec->nr_samples)
		abort();
	if (rec) {
		sum = summary_new(rec, size & 1);
		out = fopen("/dev/null", "w");
		if (!sum || !out)
			abort();
		html_report(out, sum, "fuzz");
		fclose(out);
		summary_free(sum);
	}
	recording_free(rec);
	return 0;
}
