// SPDX-License-Identifier: GPL-2.0-only
/*
 * tsc-khz: the frequency of this machine's TSC, which QEMU's TCG hands on.
 *
 * A kernel that calibrates it in an emulator on a busy machine may be wrong by
 * an order of magnitude, and sees stalls that are none.
 */
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct instant {
	double ns;
	unsigned long long tsc;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Of several pairs of readings, the one with the least time in between. */
static struct instant read_both(void)
{
	struct instant best = { 0 };
	double least = 1e18;
	int i;

	for (i = 0; i < 1000; i++) {
		double before = now();
		unsigned long long tsc = __rdtsc();
		double after = now();

		if (after - before < least) {
			least = after - before;
			best = (struct instant){ (before + after) / 2, tsc };
		}
	}
	return best;
}

int main(void)
{
	const struct timespec tenth = { 0, 100 * 1000 * 1000 };
	struct instant first, last;

	first = read_both();
	nanosleep(&tenth, NULL);
	last = read_both();
	printf("%.0f\n", (last.tsc - first.tsc) * 1e6 / (last.ns - first.ns));
	return 0;
}
