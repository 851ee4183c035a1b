// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the exit statistics with hand-written guests.  Wants to be root on a
 * host that has the KVM modules under test, and the host to itself: some tests
 * compare with counters of the whole host.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

static const struct {
	const char *name;
	void (*run)(void);
	const char *summary;
	bool without_stats;	/* makes sense on stock KVM too */
} tests[] = {
	{ "ops", test_ops,
	  "exactly N of an operation move its row by exactly N", true },
	{ "contract", test_contract,
	  "every leaf answers as the header says, in all four registers", false },
	{ "random", test_random,
	  "100,000 random leaves and subleaves, against a second model", false },
	{ "statistics", test_statistics,
	  "all statistics there are, by what they say of themselves", false },
	{ "totals", test_totals,
	  "rows, totals and stat.exits are one", false },
	{ "isolation", test_isolation,
	  "a VM sees its own vCPUs, all of them, and nobody else's", false },
	{ "vcpus", test_vcpus,
	  "vCPUs that move, that are many, that come and go: nothing is lost", false },
	{ "userspace-time", test_userspace_time,
	  "the VMM's time is in the row of the exit that it handles", false },
	{ "sleep-time", test_sleep_time,
	  "a halted vCPU's time is idle, not processing", false },
	{ "conservation", test_conservation,
	  "every cycle is in exactly one bucket", false },
	{ "tsc-steps", test_tsc_steps,
	  "the same when a TSC steps: the guest's, and the host's", false },
	{ "migration", test_migration,
	  "the same while a vCPU moves between CPUs", false },
	{ "oracle", test_oracle,
	  "counts equal the kernel's tracepoint, for every reason", false },
	{ "time-oracle", test_time_oracle,
	  "cycles equal the intervals of the kernel's tracepoints", false },
	{ "nested", test_nested,
	  "a guest's own guest: each exit counts once, as itself", false },
	{ "modes", test_modes,
	  "off, host and guest, switched at run time", false },
	{ "as-stock", test_as_stock,
	  "each leaf of the class as without statistics, in all four registers", true },
	{ "histogram", test_histogram,
	  "each exit is in the bucket of the cycles that it took", false },
	{ "hostile", test_hostile,
	  "a guest that asks for anything, from anywhere", false },
	{ "stress", test_stress,
	  "2,000 vCPUs come and go while all is read and switched", false },
	{ "alloc-fail", test_alloc_fail,
	  "each allocation fails once: a clean error, or the VM runs on uncounted", false },
	{ "memory", test_memory,
	  "what a vCPU takes of the host's memory, and gives back", true },
	{ "stats-fd", test_stats_fd,
	  "a vCPU's statistics file holds the host's table, bucket by bucket", false },
	{ "descriptors", test_descriptors,
	  "what a vCPU's statistics file holds, for another test to compare", true },
	{ "cost", test_cost,
	  "the shortest round trip of some operations", true },
	{ "query-cost", test_query_cost,
	  "the shortest round trip of a query, with 1, 16 and 240 vCPUs", false },
	{ "reading", test_reading,
	  "what a question and a snapshot take, with 1 to 240 vCPUs", false },
};

static void usage(FILE *out)
{
	fprintf(out, "usage: exit-guests [-l | TEST...]\n"
		     "Without a name all tests run:\n");
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		fprintf(out, "  %-16s%s\n", tests[i].name, tests[i].summary);
}

static bool named(const char *name, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, name))
			return true;
	return false;
}

static bool known(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		if (!strcmp(tests[i].name, name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *why;
	bool stats;

	if (argc > 1 && !strcmp(argv[1], "-l")) {
		for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
			puts(tests[i].name);
		return EXIT_PASSED;
	}
	for (int i = 1; i < argc; i++) {
		if (!known(argv[i])) {
			usage(stderr);
			return EXIT_FAILED;
		}
	}

	why = vmm_init();
	if (!why && !host.tdp)
		why = "KVM does not use nested paging";
	if (why) {
		skip("all", "%s", why);
		return EXIT_SKIPPED;
	}
	reasons_init();
	stats = guest_sees_stats();

	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		if (!named(tests[i].name, argv + 1))
			continue;
		report_test(tests[i].name);
		if (stats || tests[i].without_stats)
			tests[i].run();
		else
			skip("all", "no exit statistics on this host");
	}
	return report_status();
}
