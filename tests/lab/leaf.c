// SPDX-License-Identifier: GPL-2.0-only
/*
 * leaf LEAF[:SUBLEAF]|sleep:SECONDS...: the registers of CPUID leaves, one line
 * each, read by one process: nothing but the reads themselves, and what the
 * guest does by itself, lies between them.
 *
 * Numbers are hexadecimal, seconds decimal.  All is read first and printed
 * afterwards, so that printing is not measured.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct reading {
	unsigned int leaf, subleaf, eax, ebx, ecx, edx;
};

int main(int argc, char **argv)
{
	struct reading *readings = calloc(argc, sizeof(*readings));
	int i, count = 0;

	if (!readings)
		return 1;
	/* Have the page faults now, not between two readings. */
	memset(readings, 0xff, argc * sizeof(*readings));

	for (i = 1; i < argc; i++) {
		struct reading *r = &readings[count];
		char *end;

		if (!strncmp(argv[i], "sleep:", 6)) {
			sleep(strtoul(argv[i] + 6, NULL, 10));
			continue;
		}
		r->leaf = strtoul(argv[i], &end, 16);
		r->subleaf = *end == ':' ? strtoul(end + 1, NULL, 16) : 0;
		__cpuid_count(r->leaf, r->subleaf, r->eax, r->ebx, r->ecx, r->edx);
		count++;
	}

	for (i = 0; i < count; i++) {
		struct reading *r = &readings[i];

		printf("0x%08x 0x%08x 0x%08x 0x%08x 0x%08x 0x%08x\n",
		       r->leaf, r->subleaf, r->eax, r->ebx, r->ecx, r->edx);
	}
	free(readings);
	return 0;
}
