// SPDX-License-Identifier: GPL-2.0-only
/*
 * The segment clock: each cycle in one bucket, none in two, whatever the order
 * of transitions and whatever the TSC does.
 */
#include "exit_stats_kunit.h"

#define HLT EXIT_SLOT_SVM_HLT
#define IOIO EXIT_SLOT_SVM_IOIO
#define ROWS EXIT_NR_ROWS_SVM

static int clock_init(struct kunit *test)
{
	struct exit_clock *clock = kunit_kzalloc(test, sizeof(*clock), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, clock);
	exit_clock_init(clock);
	clock->table = new_table(test);
	test->priv = clock;
	return 0;
}

static u64 stat(const struct exit_clock *clock, unsigned int slot, unsigned int number)
{
	return clock->table->row[slot].stat[number];
}

static u64 sum_of_row(const struct exit_row *row)
{
	return row->stat[KVM_EXIT_STAT_KERNEL] + row->stat[KVM_EXIT_STAT_USER] +
	       row->stat[KVM_EXIT_STAT_IDLE] + row->stat[KVM_EXIT_STAT_PREEMPTED];
}

static u64 sum_of_buckets(const struct exit_clock *clock)
{
	const struct exit_table *table = clock->table;
	u64 sum = clock->guest + table->stopped + sum_of_row(&table->before);

	for (unsigned int slot = 0; slot < ROWS; slot++)
		sum += sum_of_row(&table->row[slot]);
	return sum;
}

static void expect_conserved(struct kunit *test, const struct exit_clock *clock)
{
	KUNIT_EXPECT_EQ(test, sum_of_buckets(clock), exit_clock_elapsed(clock));
}

/* The next cycles go to a bucket of the table, or of the sink. */
static void expect_clock_in_order(struct kunit *test, const struct exit_clock *clock)
{
	const struct exit_table *table = clock->armed;
	const struct exit_row *rows = &clock->sink;
	size_t offset, number;

	if (table && clock->bucket == &table->stopped) {
		KUNIT_EXPECT_EQ(test, clock->segment, EXIT_SEGMENT_STOPPED);
		return;
	}
	if (table)
		rows = clock->bucket < table->row->stat ? &table->before : table->row;
	offset = (const char *)clock->bucket - (const char *)rows->stat;
	number = offset % sizeof(*rows) / sizeof(u64);
	KUNIT_ASSERT_GE(test, table && rows == table->row ? ROWS : 1, offset / sizeof(*rows) + 1);
	KUNIT_ASSERT_GE(test, number, EXIT_ROW_KERNEL);
	KUNIT_ASSERT_GE(test, EXIT_ROW_PREEMPTED, number);
	if (clock->segment == EXIT_SEGMENT_KERNEL)
		KUNIT_ASSERT_EQ(test, number, EXIT_ROW_KERNEL);
}

static void nothing_is_booked_unless_armed(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	struct exit_table *zero = new_table(test);

	exit_clock_entry(clock, 100);
	exit_clock_exit(clock, HLT, 250);
	exit_clock_update(clock, 300);
	exit_clock_entry(clock, 200);
	exit_clock_exit(clock, HLT, 150);
	KUNIT_EXPECT_EQ(test, memcmp(clock->table, zero, EXIT_TABLE_SIZE(ROWS)), 0);
	KUNIT_EXPECT_EQ(test, clock->guest, 0);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 0);
	/* KVM takes its own last_guest_tsc from here. */
	KUNIT_EXPECT_EQ(test, clock->last, 150);
}

/* Its hooks do not ask: it may come into any segment, and leaves no other trace. */
static void nothing_is_booked_in_any_segment_unless_armed(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	struct exit_table *zero = new_table(test);

	for (enum exit_segment segment = 0; segment <= EXIT_SEGMENT_STOPPED; segment++) {
		exit_clock_switch(clock, segment, 100);
		exit_clock_entry(clock, 200);
		exit_clock_exit(clock, HLT, 300);
		expect_clock_in_order(test, clock);
		exit_clock_disarm(clock);
		KUNIT_EXPECT_TRUE(test, clock->bucket == &clock->sink.stat[EXIT_ROW_KERNEL]);
		KUNIT_EXPECT_EQ(test, clock->segment, EXIT_SEGMENT_KERNEL);
	}
	KUNIT_EXPECT_EQ(test, memcmp(clock->table, zero, EXIT_TABLE_SIZE(ROWS)), 0);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 0);
	KUNIT_EXPECT_NULL(test, clock->sink.histogram);
	KUNIT_EXPECT_EQ(test, clock->instance, 0);
}

/*
 * While statistics are switched, hooks go on and off one after the other, and a
 * vCPU that gets no table has none that begin a KVM_RUN.
 */
static void a_transition_that_is_missed_does_no_harm(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	struct exit_histograms *histograms = kunit_kzalloc(test, sizeof(*histograms), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, histograms);
	for (unsigned int armed = 0; armed < 2; armed++) {
		if (armed) {
			clock->table->histograms = histograms;
			exit_clock_arm(clock, 0);
		}
		for (unsigned int i = 1; i < 20; i++) {
			exit_clock_exit(clock, i % 2 ? HLT : IOIO, 100 * i);
			exit_clock_leave(clock, EXIT_SEGMENT_PREEMPTED, 100 * i + 10);
			exit_clock_leave(clock, EXIT_SEGMENT_STOPPED, 100 * i + 20);
			exit_clock_leave(clock, EXIT_SEGMENT_IDLE, 100 * i + 30);
			expect_clock_in_order(test, clock);
			if (i % 4 == 0)
				exit_clock_resume(clock, 100 * i + 40);
			if (i % 8 == 0)
				exit_clock_resume(clock, 100 * i + 50);
			exit_clock_record(clock, exit_clock_entry(clock, 100 * i + 60));
			expect_clock_in_order(test, clock);
		}
		KUNIT_EXPECT_NULL(test, clock->sink.histogram);
		KUNIT_EXPECT_EQ(test, clock->instance, 0);
		if (armed)
			expect_conserved(test, clock);
	}
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_EXITS), 10);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_EXITS), 9);
}

/* Switched on in a segment that its hook has missed. */
static void armed_it_works_whatever_it_did(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_leave(clock, EXIT_SEGMENT_USER, 10);
	exit_clock_arm(clock, 100);
	exit_clock_resume(clock, 110);
	exit_clock_resume(clock, 120);
	exit_clock_entry(clock, 130);
	KUNIT_EXPECT_EQ(test, clock->table->before.stat[KVM_EXIT_STAT_KERNEL], 30);
	expect_conserved(test, clock);
}

static void a_round_trip_books_guest_and_kernel(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 1000);
	exit_clock_entry(clock, 1010);
	exit_clock_exit(clock, HLT, 1110);
	exit_clock_entry(clock, 2110);
	exit_clock_exit(clock, IOIO, 12110);
	exit_clock_update(clock, 112110);

	KUNIT_EXPECT_EQ(test, clock->table->before.stat[KVM_EXIT_STAT_KERNEL], 10);
	KUNIT_EXPECT_EQ(test, clock->table->before.stat[KVM_EXIT_STAT_EXITS], 0);
	KUNIT_EXPECT_EQ(test, clock->guest, 100 + 10000);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_EXITS), 1);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 1000);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_EXITS), 1);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_KERNEL), 100000);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 112110 - 1000);
	KUNIT_EXPECT_EQ(test, clock->last, 112110);
	expect_conserved(test, clock);
}

/* So that a guest's question about CPUID exits counts itself. */
static void an_exit_is_counted_at_once(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 1);
	exit_clock_exit(clock, HLT, 2);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_EXITS), 1);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 0);
}

static void other_has_a_row_of_its_own(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 0);
	exit_clock_exit(clock, EXIT_SLOT_OTHER, 5);
	exit_clock_entry(clock, 12);
	KUNIT_EXPECT_EQ(test, stat(clock, EXIT_SLOT_OTHER, KVM_EXIT_STAT_EXITS), 1);
	KUNIT_EXPECT_EQ(test, stat(clock, EXIT_SLOT_OTHER, KVM_EXIT_STAT_KERNEL), 7);
	expect_conserved(test, clock);
}

static void segments_go_to_the_row_of_the_last_exit(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 0);
	exit_clock_exit(clock, IOIO, 0);
	exit_clock_switch(clock, EXIT_SEGMENT_PREEMPTED, 1);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 11);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 1111);
	exit_clock_switch(clock, EXIT_SEGMENT_IDLE, 11111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 111111);
	exit_clock_switch(clock, EXIT_SEGMENT_STOPPED, 1111111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 11111111);
	exit_clock_entry(clock, 111111111);

	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_EXITS), 1);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_PREEMPTED), 10);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_USER), 1000);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_IDLE), 100000);
	KUNIT_EXPECT_EQ(test, clock->table->stopped, 10000000);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_KERNEL),
			1 + 100 + 10000 + 1000000 + 100000000);
	expect_conserved(test, clock);
}

/* KVM works for no time in between. */
static void segments_may_follow_each_other_directly(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 0);
	exit_clock_exit(clock, HLT, 0);
	exit_clock_switch(clock, EXIT_SEGMENT_IDLE, 1);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 11);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 111);
	exit_clock_switch(clock, EXIT_SEGMENT_STOPPED, 1111);
	exit_clock_switch(clock, EXIT_SEGMENT_PREEMPTED, 11111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 111111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 111112);
	exit_clock_entry(clock, 111113);

	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 1 + 1 + 1);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_IDLE), 10);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_USER), 100 + 1000);
	KUNIT_EXPECT_EQ(test, clock->table->stopped, 10000);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_PREEMPTED), 100000);
	expect_conserved(test, clock);
}

/* The next exit's row takes over, whatever segments came before. */
static void a_new_exit_opens_a_new_row(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 0);
	exit_clock_exit(clock, HLT, 0);
	exit_clock_switch(clock, EXIT_SEGMENT_IDLE, 10);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 20);
	exit_clock_entry(clock, 30);
	exit_clock_exit(clock, IOIO, 40);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 50);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 70);
	exit_clock_entry(clock, 100);

	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_USER), 0);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 10 + 10);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_USER), 20);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_KERNEL), 10 + 30);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_IDLE), 0);
	expect_conserved(test, clock);
}

/* Before its first exit a vCPU has no row that could take its time. */
static void time_before_the_first_exit_is_kept_apart(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 1);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 11);
	exit_clock_switch(clock, EXIT_SEGMENT_IDLE, 111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 1111);
	exit_clock_entry(clock, 11111);
	exit_clock_exit(clock, HLT, 111111);

	KUNIT_EXPECT_EQ(test, clock->table->before.stat[KVM_EXIT_STAT_KERNEL], 1 + 100 + 10000);
	KUNIT_EXPECT_EQ(test, clock->table->before.stat[KVM_EXIT_STAT_USER], 10);
	KUNIT_EXPECT_EQ(test, clock->table->before.stat[KVM_EXIT_STAT_IDLE], 1000);
	KUNIT_EXPECT_EQ(test, clock->guest, 100000);
	for (unsigned int slot = 0; slot < ROWS; slot++)
		KUNIT_EXPECT_EQ(test, sum_of_row(&clock->table->row[slot]), 0);
	expect_conserved(test, clock);
}

/* A failed entry: the time goes on where it went, and no exit is counted. */
static void an_entry_that_fails_is_no_exit(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 0);
	exit_clock_exit(clock, HLT, 10);
	exit_clock_entry(clock, 20);
	exit_clock_update(clock, 50);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 60);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 61);

	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_EXITS), 1);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 50);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_USER), 1);
	KUNIT_EXPECT_EQ(test, clock->guest, 10);
	expect_conserved(test, clock);
}

/* At each kind of transition once: 50 forward, 30 back, 7 forward. */
static void a_tsc_that_goes_back_books_nothing(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 1000);
	exit_clock_entry(clock, 970);
	KUNIT_EXPECT_EQ(test, sum_of_buckets(clock), 0);
	expect_conserved(test, clock);

	exit_clock_exit(clock, HLT, 940);
	KUNIT_EXPECT_EQ(test, clock->guest, 0);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_EXITS), 1);
	expect_conserved(test, clock);

	exit_clock_update(clock, 990);
	exit_clock_update(clock, 960);
	KUNIT_EXPECT_EQ(test, clock->last, 960);
	exit_clock_update(clock, 967);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 50 + 7);
	expect_conserved(test, clock);

	exit_clock_switch(clock, EXIT_SEGMENT_USER, 0);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 5);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 57);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_USER), 5);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 50 + 7 + 5);
	expect_conserved(test, clock);
}

/* The whole range: a TSC is set to anything when the machine resumes. */
static void the_tsc_may_jump_by_any_amount(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, U64_MAX);
	exit_clock_entry(clock, 0);
	KUNIT_EXPECT_EQ(test, sum_of_buckets(clock), 0);
	exit_clock_exit(clock, HLT, 1ull << 63);
	KUNIT_EXPECT_EQ(test, clock->guest, 1ull << 63);
	exit_clock_entry(clock, 1);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 0);
	exit_clock_exit(clock, HLT, 1);
	KUNIT_EXPECT_EQ(test, clock->guest, 1ull << 63);
	exit_clock_entry(clock, (1ull << 63) - 1);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), (1ull << 63) - 2);
	expect_conserved(test, clock);
}

static void counters_wrap_at_64_bits(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	clock->guest = U64_MAX;
	clock->table->row[HLT].stat[KVM_EXIT_STAT_EXITS] = U64_MAX;
	clock->table->row[HLT].stat[KVM_EXIT_STAT_KERNEL] = U64_MAX - 1;
	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 0);
	exit_clock_exit(clock, HLT, 10);
	exit_clock_entry(clock, 20);

	KUNIT_EXPECT_EQ(test, clock->guest, 9);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_EXITS), 0);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 8);
	/* Nothing ran over into a neighbour. */
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_USER), 0);
	KUNIT_EXPECT_EQ(test, clock->table->stopped, 0);
}

/* Switched off and on: what lies between is charged to nobody. */
static void time_while_off_is_nobodys(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 0);
	exit_clock_entry(clock, 0);
	exit_clock_exit(clock, HLT, 10);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 15);
	exit_clock_disarm(clock);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 15);
	exit_clock_entry(clock, 100);
	exit_clock_exit(clock, IOIO, 200);
	exit_clock_disarm(clock);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 15);

	exit_clock_arm(clock, 1000);
	exit_clock_entry(clock, 1001);
	exit_clock_exit(clock, HLT, 1003);
	exit_clock_entry(clock, 1007);

	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_EXITS), 2);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_KERNEL), 5 + 4);
	KUNIT_EXPECT_EQ(test, stat(clock, HLT, KVM_EXIT_STAT_USER), 0);
	KUNIT_EXPECT_EQ(test, stat(clock, IOIO, KVM_EXIT_STAT_EXITS), 0);
	KUNIT_EXPECT_EQ(test, clock->table->before.stat[KVM_EXIT_STAT_KERNEL], 1);
	KUNIT_EXPECT_EQ(test, clock->guest, 10 + 2);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 15 + 7);
	expect_conserved(test, clock);
}

static void disarming_what_is_not_armed_does_nothing(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	clock->last = 1000;
	exit_clock_disarm(clock);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 0);
	KUNIT_EXPECT_NULL(test, clock->armed);
	KUNIT_ASSERT_NOT_NULL(test, clock->table);
}

static void a_tsc_that_goes_back_while_off_changes_nothing(struct kunit *test)
{
	struct exit_clock *clock = test->priv;

	exit_clock_arm(clock, 1000);
	exit_clock_entry(clock, 1010);
	exit_clock_disarm(clock);
	exit_clock_entry(clock, 500);
	exit_clock_exit(clock, HLT, 400);
	exit_clock_entry(clock, 300);
	exit_clock_arm(clock, 200);
	exit_clock_entry(clock, 203);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), 10 + 3);
	expect_conserved(test, clock);
}

static void keep_histograms(struct kunit *test, struct exit_clock *clock)
{
	struct exit_histograms *histograms = kunit_kzalloc(test, sizeof(*histograms), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, histograms);
	clock->table->histograms = histograms;
}

/* An exit, processed in one go. */
static void process(struct exit_clock *clock, unsigned int slot, u64 *now, u64 cycles)
{
	exit_clock_exit(clock, slot, *now);
	*now += cycles;
	exit_clock_record(clock, exit_clock_entry(clock, *now));
}

static void each_bucket_is_twice_as_wide(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	const struct exit_histogram *h;
	u64 now = 0;

	keep_histograms(test, clock);
	exit_clock_arm(clock, now);
	exit_clock_record(clock, exit_clock_entry(clock, now));
	/* Time before the first exit is nobody's. */
	KUNIT_EXPECT_NULL(test, clock->table->before.histogram);

	process(clock, HLT, &now, 0);
	h = clock->table->row[HLT].histogram;
	KUNIT_ASSERT_NOT_NULL(test, h);
	process(clock, HLT, &now, 511);
	KUNIT_EXPECT_EQ(test, h->bucket[0], 2);
	for (unsigned int i = 1; i < 24; i++) {
		process(clock, HLT, &now, 1ull << (i + 8));
		KUNIT_EXPECT_EQ(test, h->bucket[i], 1);
		KUNIT_EXPECT_EQ(test, h->longest, 1ull << (i + 8));
		process(clock, HLT, &now, (1ull << (i + 9)) - 1);
		KUNIT_EXPECT_EQ(test, h->bucket[i], 2);
		KUNIT_EXPECT_EQ(test, h->longest, (1ull << (i + 9)) - 1);
	}
	/* The last one has no end. */
	process(clock, HLT, &now, 1ull << 32);
	process(clock, HLT, &now, 1ull << 61);
	KUNIT_EXPECT_EQ(test, h->bucket[23], 4);
	KUNIT_EXPECT_EQ(test, h->longest, 1ull << 61);
	process(clock, HLT, &now, 1);
	KUNIT_EXPECT_EQ(test, h->longest, 1ull << 61);
}

/* Kernel and user, whatever comes between; an exit counts once. */
static void an_exit_is_recorded_with_all_its_processing(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	const struct exit_histogram *h;

	keep_histograms(test, clock);
	exit_clock_arm(clock, 0);
	exit_clock_record(clock, exit_clock_entry(clock, 1000000));
	exit_clock_exit(clock, IOIO, 1000000);
	exit_clock_switch(clock, EXIT_SEGMENT_PREEMPTED, 1000001);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 2000001);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 2000011);
	exit_clock_switch(clock, EXIT_SEGMENT_STOPPED, 2000111);
	exit_clock_switch(clock, EXIT_SEGMENT_USER, 4000111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 4001111);
	exit_clock_switch(clock, EXIT_SEGMENT_IDLE, 4011111);
	exit_clock_switch(clock, EXIT_SEGMENT_KERNEL, 9011111);
	clock->spent += exit_clock_update(clock, 9111111);
	exit_clock_record(clock, exit_clock_entry(clock, 10111111));
	h = clock->table->row[IOIO].histogram;
	KUNIT_ASSERT_NOT_NULL(test, h);
	KUNIT_EXPECT_EQ(test, h->longest, 1 + 10 + 100 + 1000 + 10000 + 100000 + 1000000);
	KUNIT_EXPECT_EQ(test, h->bucket[12], 1);

	/* The next one starts from nothing. */
	exit_clock_exit(clock, IOIO, 10111111);
	exit_clock_record(clock, exit_clock_entry(clock, 10111112));
	KUNIT_EXPECT_EQ(test, h->bucket[0], 1);

	/* And so it does after it was off. */
	exit_clock_exit(clock, IOIO, 10111112);
	clock->spent += exit_clock_update(clock, 20111112);
	exit_clock_disarm(clock);
	exit_clock_record(clock, exit_clock_entry(clock, 30111112));
	exit_clock_exit(clock, IOIO, 30111113);
	exit_clock_arm(clock, 40111112);
	exit_clock_record(clock, exit_clock_entry(clock, 40111113));
	exit_clock_exit(clock, IOIO, 40111113);
	exit_clock_record(clock, exit_clock_entry(clock, 40111114));
	KUNIT_EXPECT_EQ(test, h->bucket[0], 2);
	KUNIT_EXPECT_EQ(test, h->longest, 1111111);
}

static void reasons_beyond_all_histograms_have_none(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	u64 now = 0;

	keep_histograms(test, clock);
	exit_clock_arm(clock, now);
	for (unsigned int round = 0; round < 3; round++) {
		exit_clock_record(clock, exit_clock_entry(clock, now));
		for (unsigned int slot = 0; slot < ROWS; slot++)
			process(clock, slot, &now, 600);
	}
	for (unsigned int slot = 0; slot < ROWS; slot++) {
		const struct exit_histogram *h = clock->table->row[slot].histogram;

		KUNIT_EXPECT_EQ(test, stat(clock, slot, KVM_EXIT_STAT_EXITS), 3);
		KUNIT_EXPECT_EQ(test, !h, slot >= KVM_EXIT_STATS_NR_HISTOGRAMS);
		if (h)
			KUNIT_EXPECT_EQ(test, h->bucket[1], 3);
	}
	expect_conserved(test, clock);
}

static void without_histograms_nothing_is_recorded(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	u64 now = 0;

	exit_clock_arm(clock, now);
	process(clock, HLT, &now, 600);
	process(clock, HLT, &now, 600);
	KUNIT_EXPECT_NULL(test, clock->table->row[HLT].histogram);
	expect_conserved(test, clock);
}

/*
 * A model that books each step on its own, without a bucket that is open:
 * what passed since the last step belongs to (row, segment) of that step.
 */
struct model {
	u64 last;
	bool armed, guest;
	unsigned int slot; /* ROWS: no exit yet */
	enum exit_segment segment;
	u64 exits[ROWS];
	u64 row[ROWS + 1][EXIT_SEGMENT_STOPPED];
	u64 in_guest, stopped, elapsed;
};

static void model_pass(struct model *m, u64 now)
{
	u64 delta = now > m->last ? now - m->last : 0;

	m->last = now;
	if (!m->armed)
		return;
	m->elapsed += delta;
	if (m->guest)
		m->in_guest += delta;
	else if (m->segment == EXIT_SEGMENT_STOPPED)
		m->stopped += delta;
	else
		m->row[m->slot][m->segment] += delta;
}

static void expect_like_model(struct kunit *test, const struct exit_clock *clock,
			      const struct model *m)
{
	static const unsigned int number[EXIT_SEGMENT_STOPPED] = {
		[EXIT_SEGMENT_KERNEL] = KVM_EXIT_STAT_KERNEL,
		[EXIT_SEGMENT_USER] = KVM_EXIT_STAT_USER,
		[EXIT_SEGMENT_IDLE] = KVM_EXIT_STAT_IDLE,
		[EXIT_SEGMENT_PREEMPTED] = KVM_EXIT_STAT_PREEMPTED,
	};

	KUNIT_EXPECT_EQ(test, clock->guest, m->in_guest);
	KUNIT_EXPECT_EQ(test, clock->table->stopped, m->stopped);
	KUNIT_EXPECT_EQ(test, exit_clock_elapsed(clock), m->elapsed);
	for (unsigned int slot = 0; slot <= ROWS; slot++) {
		const struct exit_row *row = slot < ROWS ? &clock->table->row[slot] :
							   &clock->table->before;

		if (slot < ROWS)
			KUNIT_EXPECT_EQ(test, row->stat[KVM_EXIT_STAT_EXITS], m->exits[slot]);
		for (unsigned int i = 0; i < EXIT_SEGMENT_STOPPED; i++)
			KUNIT_EXPECT_EQ(test, row->stat[number[i]], m->row[slot][i]);
	}
}

/* Two hundred thousand steps in any order that KVM can produce. */
static void any_history_is_conserved(struct kunit *test)
{
	struct exit_clock *clock = test->priv;
	struct model *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	u32 seed = 20241117;
	u64 now = 1ull << 40;

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->slot = ROWS;
	for (unsigned int step = 0; step < 200000; step++) {
		unsigned int dice = pseudo_random(&seed) % 100;

		now += pseudo_random(&seed) % 5000;
		if (pseudo_random(&seed) % 50 == 0)
			now -= pseudo_random(&seed) % 1000000;

		if (m->guest) {
			if (dice < 5) {
				/* The entry failed: it was not in the guest. */
				m->guest = false;
				exit_clock_update(clock, now);
				model_pass(m, now);
				continue;
			}
			model_pass(m, now);
			m->guest = false;
			dice = pseudo_random(&seed) % ROWS;
			exit_clock_exit(clock, dice, now);
			if (m->armed) {
				m->slot = dice;
				m->exits[dice]++;
				m->segment = EXIT_SEGMENT_KERNEL;
			}
		} else if (!m->armed && dice < 50) {
			exit_clock_arm(clock, now);
			m->armed = true;
			m->last = now;
			m->slot = ROWS;
			m->segment = EXIT_SEGMENT_KERNEL;
		} else if (dice < 1) {
			exit_clock_disarm(clock);
			m->armed = false;
		} else if (dice < 10) {
			exit_clock_update(clock, now);
			model_pass(m, now);
		} else if (dice < 50) {
			enum exit_segment to = pseudo_random(&seed) % 5;

			exit_clock_switch(clock, to, now);
			model_pass(m, now);
			if (m->armed)
				m->segment = to;
		} else if (!m->armed || m->segment == EXIT_SEGMENT_KERNEL) {
			exit_clock_entry(clock, now);
			model_pass(m, now);
			m->guest = true;
		}
		expect_clock_in_order(test, clock);
		if (step % 997 == 0)
			expect_like_model(test, clock, m);
	}
	expect_like_model(test, clock, m);
	expect_conserved(test, clock);
	KUNIT_EXPECT_TRUE(test, m->in_guest && m->stopped && m->row[ROWS][EXIT_SEGMENT_IDLE]);
}

static struct kunit_case clock_cases[] = {
	KUNIT_CASE(nothing_is_booked_unless_armed),
	KUNIT_CASE(nothing_is_booked_in_any_segment_unless_armed),
	KUNIT_CASE(a_transition_that_is_missed_does_no_harm),
	KUNIT_CASE(armed_it_works_whatever_it_did),
	KUNIT_CASE(a_round_trip_books_guest_and_kernel),
	KUNIT_CASE(an_exit_is_counted_at_once),
	KUNIT_CASE(other_has_a_row_of_its_own),
	KUNIT_CASE(segments_go_to_the_row_of_the_last_exit),
	KUNIT_CASE(segments_may_follow_each_other_directly),
	KUNIT_CASE(a_new_exit_opens_a_new_row),
	KUNIT_CASE(time_before_the_first_exit_is_kept_apart),
	KUNIT_CASE(an_entry_that_fails_is_no_exit),
	KUNIT_CASE(a_tsc_that_goes_back_books_nothing),
	KUNIT_CASE(the_tsc_may_jump_by_any_amount),
	KUNIT_CASE(counters_wrap_at_64_bits),
	KUNIT_CASE(time_while_off_is_nobodys),
	KUNIT_CASE(disarming_what_is_not_armed_does_nothing),
	KUNIT_CASE(a_tsc_that_goes_back_while_off_changes_nothing),
	KUNIT_CASE(each_bucket_is_twice_as_wide),
	KUNIT_CASE(an_exit_is_recorded_with_all_its_processing),
	KUNIT_CASE(reasons_beyond_all_histograms_have_none),
	KUNIT_CASE(without_histograms_nothing_is_recorded),
	KUNIT_CASE(any_history_is_conserved),
	{}
};

static struct kunit_suite clock_suite = {
	.name = "exit_stats_clock",
	.init = clock_init,
	.test_cases = clock_cases,
};

kunit_test_suite(clock_suite);
