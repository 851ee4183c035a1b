// SPDX-License-Identifier: GPL-2.0-only
/* libexitstat's statistics, vCPUs and differences, against a host made up here. */
#include "fake_host.h"

#define EVERYTHING \
	(EXITSTAT_WITH_ROW_STATS | EXITSTAT_WITH_HISTOGRAMS | \
	 EXITSTAT_WITH_VCPU_STATS)

static void close_host(struct exitstat *es, struct host *host)
{
	/* A thread that was sent somewhere has been let go. */
	assert_int_equal(host->pinned, -1);
	assert_int_equal(exitstat_own_exits(es), host->asked);
	exitstat_close(es);
	test_free(host);
}

static void statistics_describe_themselves(void **state)
{
	struct host *host = new_host();
	struct exitstat *es = open_host_of(host);
	const struct exitstat_stat *stats, *stat;
	uint64_t asked;
	size_t nr;

	/* One that has no shapes and does not say where the numbers end */
	assert_int_equal(exitstat_stats(es, &stats, &nr), 0);
	assert_int_equal(nr, 8);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(stats[i].nr_elements, 1);
		assert_int_equal(stats[i].shape, EXITSTAT_SCALAR);
	}
	assert_string_equal(stats[4].name, "preempted");
	assert_int_equal(stats[4].first, 4);
	assert_string_equal(stats[7].name, "elapsed");
	assert_int_equal(stats[7].kind, KVM_EXIT_STATS_KIND_VCPU);
	assert_int_equal(stats[7].first, 2);
	asked = host->asked;
	assert_int_equal(exitstat_stats(es, &stats, &nr), 0);
	assert_int_equal(host->asked, asked);
	close_host(es, host);

	/* With arrays, one that nobody here has heard of, and a gap */
	host = new_host_with_histograms();
	host->has_mystery = 1;
	es = open_host_of(host);
	assert_int_equal(exitstat_stats(es, &stats, &nr), 0);
	assert_int_equal(nr, 11);
	stat = exitstat_find_stat(es, HOST_HISTOGRAM);
	assert_non_null(stat);
	assert_int_equal(stat->nr_elements, HOST_ELEMENTS);
	assert_int_equal(stat->shape, EXITSTAT_LOG2);
	assert_int_equal(stat->shift, HOST_SHIFT);
	stat = exitstat_find_stat(es, HOST_MYSTERY);
	assert_non_null(stat);
	assert_string_equal(stat->name, "mystery?x");
	assert_int_equal(stat->unit, 77);
	assert_int_equal(stat->first, 6 + HOST_ELEMENTS);
	assert_ptr_equal(exitstat_find_stat_name(es, "longest"),
			 exitstat_find_stat(es, HOST_LONGEST));
	assert_null(exitstat_find_stat(es, 7));
	assert_null(exitstat_find_stat_name(es, "nothing"));
	close_host(es, host);

	host = new_host();
	host->features = 0;
	es = open_host_of(host);
	assert_int_equal(exitstat_stats(es, &stats, &nr), -EOPNOTSUPP);
	assert_int_equal(nr, 0);
	close_host(es, host);
}

static void every_statistic_is_read(void **state)
{
	struct host *host = new_host_with_histograms();
	const struct exitstat_row *row;
	struct exitstat_snapshot *snap;
	const uint64_t *values;
	struct exitstat *es;

	host->has_mystery = 1;
	host_exits(host, 0, SLOT_NPF, 10, 300);
	host_exits(host, 1, SLOT_NPF, 1, 70000);
	host_row(host, 0, SLOT_NPF)->stat[KVM_EXIT_STAT_USER] = 5000;
	host_row(host, 0, SLOT_NPF)->stat[HOST_MYSTERY] = 42;
	/* Nothing but idle */
	host_row(host, 2, SLOT_HLT)->stat[KVM_EXIT_STAT_IDLE] = 7;
	host->vcpu_stat[0][0] = 11;
	host->vcpu_stat[3][0] = 22;
	es = open_host_of(host);

	snap = read_host(es, EXITSTAT_WHOLE_VM, EVERYTHING);
	row = find_row(snap, SLOT_NPF);
	assert_non_null(row);
	assert_int_equal(row->exits, 11);
	assert_int_equal(row->cycles, 10 * 300 + 70000 + 5000);
	values = exitstat_row_values(snap, row, exitstat_find_stat(es, HOST_LONGEST));
	assert_int_equal(*values, 70000);
	values = exitstat_row_values(snap, row, exitstat_find_stat(es, HOST_MYSTERY));
	assert_int_equal(*values, 42);
	values = exitstat_row_values(snap, row,
				     exitstat_find_stat(es, HOST_HISTOGRAM));
	assert_int_equal(values[1], 10); /* 256 to below 512 */
	assert_int_equal(values[9], 1);	 /* 65536 to below 131072 */
	row = find_row(snap, SLOT_HLT);
	assert_non_null(row);
	assert_int_equal(row->exits, 0);
	assert_int_equal(snap->vcpu_values[0], 33);
	assert_int_equal(snap->vcpu, EXITSTAT_WHOLE_VM);
	assert_int_equal(snap->cpu, -1);
	/* It is not a statistic of rows. */
	assert_null(exitstat_row_values(snap, row, exitstat_find_stat(es, 128)));
	exitstat_snapshot_free(snap);

	/* Without: no row that has but idle, no values */
	snap = read_host(es, EXITSTAT_WHOLE_VM, 0);
	assert_null(find_row(snap, SLOT_HLT));
	row = find_row(snap, SLOT_NPF);
	assert_int_equal(row->cycles, 10 * 300 + 70000 + 5000);
	assert_null(row->values);
	assert_null(exitstat_row_values(snap, row, exitstat_find_stat(es, 0)));
	exitstat_snapshot_free(snap);

	snap = read_host(es, EXITSTAT_WHOLE_VM,
			 EVERYTHING | EXITSTAT_SUMS_ONLY);
	assert_int_equal(snap->nr_rows, 1);
	assert_int_equal(snap->rows[0].slot, EXITSTAT_ALL_ROWS);
	assert_true(snap->exits > 11);
	exitstat_snapshot_free(snap);
	close_host(es, host);
}

static void one_vcpu(void **state)
{
	struct host *host = new_host();
	struct exitstat *es = open_host_of(host);
	const struct exitstat_vcpu *vcpus;
	struct exitstat_query query = { .vcpu = 1 };
	struct exitstat_snapshot *snap;
	size_t nr;

	host_exits(host, 1, SLOT_NPF, 10, 300);
	host_exits(host, 2, SLOT_NPF, 20, 300);

	assert_int_equal(exitstat_vcpus(es, &vcpus, &nr), 0);
	assert_int_equal(nr, HOST_CPUS);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(vcpus[i].cpu, i);
		assert_int_equal(vcpus[i].vcpu, HOST_CPUS - 1 - i);
	}

	snap = read_host(es, 1, 0);
	assert_int_equal(snap->vcpu, 1);
	assert_int_equal(snap->cpu, 2);
	assert_int_equal(find_row(snap, SLOT_NPF)->exits, 10);
	assert_int_equal(find_row(snap, SLOT_NPF)->cycles, 3000);
	exitstat_snapshot_free(snap);
	/* A row of the VM that is zero here */
	snap = read_host(es, 3, EVERYTHING);
	assert_null(find_row(snap, SLOT_NPF));
	exitstat_snapshot_free(snap);

	/* It moved, as a VM's CPUs may after it was migrated. */
	host->vcpu_of[2] = 3;
	host->vcpu_of[0] = 1;
	snap = read_host(es, 1, 0);
	assert_int_equal(snap->cpu, 0);
	assert_int_equal(find_row(snap, SLOT_NPF)->exits, 10);
	exitstat_snapshot_free(snap);

	host->offline[0] = 1;
	assert_int_equal(exitstat_read(es, &query, &snap), -ENXIO);
	assert_null(snap);
	assert_non_null(strstr(exitstat_reason(es), "vCPU 1"));
	assert_int_equal(host->pinned, -1);
	query.vcpu = HOST_VCPUS;
	assert_int_equal(exitstat_read(es, &query, &snap), -ENXIO);
	query.vcpu = 2;
	assert_int_equal(exitstat_read(es, &query, &snap), 0);
	exitstat_snapshot_free(snap);

	/* Nowhere to go back from */
	assert_int_equal(exitstat_pin(es, 0), -EINVAL);
	assert_non_null(strstr(exitstat_reason(es), "CPU 0"));
	close_host(es, host);

	host = new_host();
	host->features = 0;
	es = open_host_of(host);
	query.vcpu = 0;
	assert_int_equal(exitstat_read(es, &query, &snap), -EOPNOTSUPP);
	close_host(es, host);
}

/* What happens in between, and the reader's own exits around it */
static void check_own(unsigned int with, int vcpu, uint64_t others)
{
	struct host *host = new_host_with_histograms();
	struct exitstat *es = open_host_of(host);
	struct exitstat_snapshot *before, *after, *diff;
	const struct exitstat_vcpu *vcpus;
	const struct exitstat_row *row;
	size_t nr;

	before = read_host(es, vcpu, with);
	host_exits(host, 1, SLOT_CPUID, others, HOST_OWN_COST);
	host_exits(host, 1, SLOT_HLT, 3, 100);
	/* The handle is used for other things meanwhile. */
	if (vcpu == EXITSTAT_WHOLE_VM)
		exitstat_leaf(es, 0, 0, &(struct exitstat_regs){ 0 });
	assert_int_equal(exitstat_vcpus(es, &vcpus, &nr), 0);
	exitstat_snapshot_free(read_host(es, 2, 0));
	after = read_host(es, vcpu, with);

	assert_int_equal(exitstat_diff(es, before, after, EXITSTAT_LESS_OWN, &diff), 0);
	assert_true(diff->is_diff);
	assert_true(diff->own_subtracted);
	assert_true(diff->own_counted > 3);
	if (with & EXITSTAT_SUMS_ONLY) {
		assert_int_equal(diff->exits, others + 3);
	} else {
		row = find_row(diff, SLOT_CPUID);
		if (others) {
			assert_non_null(row);
			assert_int_equal(row->exits, others);
			assert_in_range(row->cycles, others * HOST_OWN_COST,
					(others + 3) * HOST_OWN_COST);
		} else {
			assert_true(!row || !row->exits);
		}
		assert_int_equal(find_row(diff, SLOT_HLT)->exits, 3);
		assert_int_equal(diff->exits, others + 3);
	}
	exitstat_snapshot_free(diff);

	assert_int_equal(exitstat_diff(es, before, after, 0, &diff), 0);
	assert_false(diff->own_subtracted);
	assert_int_equal(diff->exits, others + 3 + diff->own_counted);
	exitstat_snapshot_free(diff);
	exitstat_snapshot_free(before);

	/* Since the start: all that the handle has ever asked */
	assert_int_equal(exitstat_diff(es, NULL, after, EXITSTAT_LESS_OWN, &diff), 0);
	assert_false(diff->is_diff);
	if (vcpu == EXITSTAT_WHOLE_VM)
		assert_int_equal(diff->exits, others + 3);
	exitstat_snapshot_free(diff);
	exitstat_snapshot_free(after);
	close_host(es, host);
}

static void own_exits_are_taken_out(void **state)
{
	static const unsigned int ways[] = {
		0, EXITSTAT_WITH_ROW_STATS, EVERYTHING,
		EXITSTAT_SUMS_ONLY, EVERYTHING | EXITSTAT_SUMS_ONLY,
	};

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		for (uint64_t others = 0; others < 3000; others += 1000) {
			check_own(ways[i], EXITSTAT_WHOLE_VM, others);
			check_own(ways[i], 1, others);
		}
	}
}

static void own_exits_scale_what_else_there_is(void **state)
{
	struct host *host = new_host_with_histograms();
	struct exitstat *es = open_host_of(host);
	struct exitstat_snapshot *before, *after, *diff;
	const struct exitstat_row *row;
	const uint64_t *values;
	uint64_t sum = 0;

	before = read_host(es, EXITSTAT_WHOLE_VM, EVERYTHING);
	host_exits(host, 0, SLOT_CPUID, 100000, HOST_OWN_COST);
	after = read_host(es, EXITSTAT_WHOLE_VM, EVERYTHING);
	assert_int_equal(exitstat_diff(es, before, after, EXITSTAT_LESS_OWN, &diff), 0);
	row = find_row(diff, SLOT_CPUID);
	values = exitstat_row_values(diff, row, exitstat_find_stat(es, HOST_HISTOGRAM));
	for (size_t i = 0; i < HOST_ELEMENTS; i++)
		sum += values[i];
	/* All cost the same, so the estimate is right up to what came later. */
	assert_in_range(sum, 100000 - 100, 100000 + 100);
	values = exitstat_row_values(diff, row, exitstat_find_stat(es, 1));
	assert_in_range(*values, (100000 - 100) * 1000, (100000 + 100) * 1000);
	assert_true(diff->own_counted > 30);
	assert_in_range(diff->own_cycles, (diff->own_counted - 30) * 1000,
			(diff->own_counted + 30) * 1000);
	exitstat_snapshot_free(diff);
	exitstat_snapshot_free(before);
	exitstat_snapshot_free(after);
	close_host(es, host);
}

static void differences(void **state)
{
	struct host *host = new_host_with_histograms();
	struct exitstat *es = open_host_of(host);
	struct exitstat_snapshot *before, *after, *diff;
	const struct exitstat_row *row;
	const uint64_t *values;

	host_exits(host, 0, SLOT_NPF, 5, 1 << 20);
	host_exits(host, 0, SLOT_HLT, 5, 10);
	host->vcpu_stat[0][0] = 100;
	before = read_host(es, EXITSTAT_WHOLE_VM, EVERYTHING);
	host_exits(host, 1, SLOT_NPF, 2, 600);
	host_exits(host, 1, SLOT_MSR, 1, 9000); /* a row that was not there */
	host->vcpu_stat[0][0] = 130;
	after = read_host(es, EXITSTAT_WHOLE_VM, EVERYTHING);
	after->nanoseconds = before->nanoseconds + 1500000000;

	assert_int_equal(exitstat_diff(es, before, after, EXITSTAT_LESS_OWN, &diff), 0);
	assert_int_equal(diff->nanoseconds, 1500000000);
	assert_int_equal(diff->vcpu_values[0], 30);
	assert_null(find_row(diff, SLOT_HLT));
	assert_int_equal(find_row(diff, SLOT_MSR)->cycles, 9000);
	row = find_row(diff, SLOT_NPF);
	assert_int_equal(row->exits, 2);
	assert_int_equal(row->cycles, 1200);
	values = exitstat_row_values(diff, row, exitstat_find_stat(es, HOST_HISTOGRAM));
	for (size_t i = 0; i < HOST_ELEMENTS; i++)
		assert_int_equal(values[i], i == 2 ? 2 : 0);
	/* A maximum has no difference. */
	values = exitstat_row_values(diff, row, exitstat_find_stat(es, HOST_LONGEST));
	assert_int_equal(*values, 1 << 20);
	/* What it was made of is as it was. */
	assert_int_equal(find_row(after, SLOT_NPF)->exits, 7);
	exitstat_snapshot_free(before);

	/* A difference is no snapshot. */
	assert_int_equal(exitstat_diff(es, diff, after, 0, &before), -EINVAL);
	assert_null(before);
	exitstat_snapshot_free(diff);
	before = read_host(es, 1, EVERYTHING);
	assert_int_equal(exitstat_diff(es, before, after, 0, &diff), -EINVAL);
	exitstat_snapshot_free(before);
	before = read_host(es, EXITSTAT_WHOLE_VM, 0);
	assert_int_equal(exitstat_diff(es, before, after, 0, &diff), -EINVAL);
	assert_null(diff);
	exitstat_snapshot_free(before);
	exitstat_snapshot_free(after);
	close_host(es, host);
}

static void refuses_diff(struct exitstat *es, struct exitstat_snapshot *before,
			 const char *words)
{
	struct exitstat_snapshot *after = read_host(es, EXITSTAT_WHOLE_VM, 0);
	struct exitstat_snapshot *diff;

	assert_int_equal(exitstat_diff(es, before, after, 0, &diff), -ESTALE);
	assert_null(diff);
	assert_non_null(strstr(exitstat_reason(es), words));
	exitstat_snapshot_free(before);
	exitstat_snapshot_free(after);
}

static void never_negative(void **state)
{
	struct host *host = new_host();
	struct exitstat *es = open_host_of(host);
	struct exitstat_snapshot *before;

	host_exits(host, 0, SLOT_NPF, 100, 10);

	/* Restored: another instance, counters from zero */
	before = read_host(es, EXITSTAT_WHOLE_VM, 0);
	memset(host->row, 0, sizeof(host->row));
	host->instance++;
	refuses_diff(es, before, "restored or migrated");

	/* It is the instance that counts: higher numbers prove nothing. */
	before = read_host(es, EXITSTAT_WHOLE_VM, 0);
	host_exits(host, 0, SLOT_NPF, 1000, 10);
	host->instance++;
	refuses_diff(es, before, "restored or migrated");

	before = read_host(es, EXITSTAT_WHOLE_VM, 0);
	host->features |= KVM_EXIT_STATS_FEAT_HIDE_ASYNC;
	refuses_diff(es, before, "hide");

	before = read_host(es, EXITSTAT_WHOLE_VM, 0);
	host_row(host, 0, SLOT_NPF)->stat[0]--;
	refuses_diff(es, before, "backwards");
	close_host(es, host);
}

static double quantile_of(const uint64_t *values, double quantile,
			  uint64_t longest)
{
	static const struct exitstat_stat stat = {
		.shape = EXITSTAT_LOG2,
		.shift = 4,
		.nr_elements = 4,
	};
	double result;

	assert_int_equal(exitstat_quantile(&stat, values, quantile, longest,
					   &result),
			 0);
	return result;
}

static void quantiles(void **state)
{
	/* Below 16, 16 to 32, 32 to 64, 64 and above */
	static const uint64_t low[4] = { 10, 0, 0, 0 };
	static const uint64_t mixed[4] = { 50, 0, 50, 0 };
	static const uint64_t high[4] = { 1, 0, 0, 99 };
	static const uint64_t none[4] = { 0 };
	static const struct exitstat_stat scalar = {
		.shape = EXITSTAT_SCALAR,
		.nr_elements = 1,
	};
	static const struct exitstat_stat log2 = {
		.shape = EXITSTAT_LOG2,
		.shift = 4,
		.nr_elements = 4,
	};
	double result;

	assert_float_equal(quantile_of(low, 0.5, 0), 8, 0.000001);
	assert_float_equal(quantile_of(low, 1, 0), 16, 0.000001);
	assert_float_equal(quantile_of(low, 1, 9), 9, 0.000001);
	assert_float_equal(quantile_of(low, 0, 0), 0, 0.000001);
	assert_float_equal(quantile_of(mixed, 0.5, 0), 16, 0.000001);
	assert_float_equal(quantile_of(mixed, 0.75, 0), 48, 0.000001);
	assert_float_equal(quantile_of(mixed, 0.75, 40), 36, 0.000001);
	/* What is above all is bounded by the longest alone. */
	assert_float_equal(quantile_of(high, 0.99, 0), 64, 0.000001);
	assert_float_equal(quantile_of(high, 1, 1000), 1000, 0.000001);
	assert_int_equal(exitstat_quantile(&log2, none, 0.5, 0, &result), -EINVAL);
	assert_int_equal(exitstat_quantile(&scalar, low, 0.5, 0, &result), -EINVAL);
	assert_int_equal(exitstat_quantile(&log2, NULL, 0.5, 0, &result), -EINVAL);
	assert_int_equal(exitstat_quantile(NULL, low, 0.5, 0, &result), -EINVAL);
	assert_int_equal(exitstat_quantile(&log2, low, 1.5, 0, &result), -EINVAL);
}

static void codes_of_slots(void **state)
{
	struct host *host = new_host();
	struct exitstat *es = open_host_of(host);
	uint32_t code;

	assert_int_equal(exitstat_code(es, SLOT_NPF, &code), 0);
	assert_int_equal(code, 0x400);
	assert_int_equal(exitstat_code(es, HOST_ROWS, &code), -EINVAL);
	close_host(es, host);
}

static void known_reasons(void **state)
{
	const uint32_t both[] = { KVM_EXIT_STATS_NS_VMX, KVM_EXIT_STATS_NS_SVM };
	const struct exitstat_known *known;
	uint32_t slot;

	for (size_t i = 0; i < 2; i++) {
		assert_string_equal(exitstat_known(both[i], 0)->name, "OTHER");
		for (slot = 1; (known = exitstat_known(both[i], slot)); slot++)
			assert_true(known->name[0]);
		assert_true(slot > 60);
		assert_null(exitstat_known(both[i], UINT32_MAX));
	}
	assert_string_equal(exitstat_known(KVM_EXIT_STATS_NS_SVM, SLOT_NPF)->name, "NPF");
	assert_int_equal(exitstat_known(KVM_EXIT_STATS_NS_SVM, SLOT_NPF)->code, 0x400);
	assert_null(exitstat_known(77, 1));
}

/* The processor under this test, for what is its own */
static void real_cpus(void **state)
{
	const struct exitstat_vcpu *vcpus;
	struct exitstat_regs regs;
	struct exitstat *es;
	size_t nr;

	exitstat_open(&es);
	assert_int_equal(exitstat_vcpus(es, &vcpus, &nr), 0);
	assert_true(nr >= 1);
	for (size_t i = 0; i < nr; i++) {
		assert_int_equal(exitstat_pin(es, vcpus[i].cpu), 0);
		exitstat_leaf(es, 0, 0, &regs);
		assert_true(regs.eax > 0);
	}
	assert_int_equal(exitstat_pin(es, -1), 0);
	assert_int_not_equal(exitstat_pin(es, 8191), 0);
	assert_int_not_equal(exitstat_pin(es, 100000), 0);
	assert_non_null(strstr(exitstat_reason(es), "CPU 100000"));
	exitstat_close(es);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statistics_describe_themselves),
		cmocka_unit_test(every_statistic_is_read),
		cmocka_unit_test(one_vcpu),
		cmocka_unit_test(own_exits_are_taken_out),
		cmocka_unit_test(own_exits_scale_what_else_there_is),
		cmocka_unit_test(differences),
		cmocka_unit_test(never_negative),
		cmocka_unit_test(quantiles),
		cmocka_unit_test(codes_of_slots),
		cmocka_unit_test(known_reasons),
		cmocka_unit_test(real_cpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
