/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The segment clock: every cycle of a vCPU's life goes to exactly one bucket.
 *
 * At each transition the cycles since the last one are added to the bucket
 * that was open, and another bucket is opened.  The thread that runs the vCPU
 * is the only writer; anybody may read.  Pure logic: no KVM, no clock of its
 * own (the caller brings the TSC), runs in user space too.
 */
#ifndef EXIT_STATS_CLOCK_H
#define EXIT_STATS_CLOCK_H

#include <linux/bitops.h>
#include <linux/kcsan-checks.h>
#include <linux/minmax.h>

#include "exit_stats_table.h"

/* Where the vCPU is while it is not in the guest. */
enum exit_segment {
	EXIT_SEGMENT_KERNEL,
	EXIT_SEGMENT_USER,
	EXIT_SEGMENT_IDLE,
	EXIT_SEGMENT_PREEMPTED,
	EXIT_SEGMENT_STOPPED,
};

struct exit_clock {
	/*
	 * The exit path touches these four, and one row; with histograms @spent
	 * and that of the row, too.
	 */
	u64 last;			/* TSC of the last transition */
	u64 *bucket;			/* what the time since then goes to */
	struct exit_table *armed;	/* NULL: exits are not counted */
	u64 guest;			/* VM-entry to VM-exit */

	u64 spent;			/* processing of the last exit, if not in one go */
	struct exit_table *table;	/* owned; stays while not armed */
	u64 *kernel;			/* the bucket KERNEL that was left last */
	enum exit_segment segment;
	u64 start;			/* while armed: @last minus all that elapsed */
	u64 elapsed;			/* while not armed: all that elapsed */
	struct exit_row sink;		/* has the open bucket while not armed */
	u64 instance;			/* no other vCPU has had the same */
};

/* KVM works, on what this row stands for. */
static inline void exit_clock_open(struct exit_clock *clock, struct exit_row *row)
{
	clock->segment = EXIT_SEGMENT_KERNEL;
	clock->bucket = &row->stat[EXIT_ROW_KERNEL];
	clock->kernel = clock->bucket;
}

/* What a clock without a table books is nobody's, and its hooks need not ask. */
static inline void exit_clock_init(struct exit_clock *clock)
{
	exit_clock_open(clock, &clock->sink);
}

/* One thread writes, any number read: READ_ONCE() there, no atomic here. */
static __always_inline void exit_add(u64 *word, u64 delta)
{
	ASSERT_EXCLUSIVE_WRITER(*word);
	/*
	 * WRITE_ONCE() of the sum would keep the compiler from adding in memory:
	 * two instructions more each, on the exit path.  A word that is added to
	 * in memory is never seen in halves.
	 */
	data_race(*word += delta);
}

/*
 * A TSC that went back (suspend, sockets out of step) books nothing.  The
 * start moves along, so that the buckets still add up.  Returns what was booked.
 */
static __always_inline u64 exit_clock_book(struct exit_clock *clock, u64 *bucket, u64 now)
{
	u64 delta;

	if (likely(!__builtin_sub_overflow(now, clock->last, &delta))) {
		exit_add(bucket, delta);
	} else {
		WRITE_ONCE(clock->start, clock->start + delta);
		delta = 0;
	}
	WRITE_ONCE(clock->last, now);
	return delta;
}

/*
 * VM-entry: nobody but the exit hook looks at the clock before the exit.  The
 * cycles are those since the last transition, for exit_clock_record().
 */
static __always_inline u64 exit_clock_entry(struct exit_clock *clock, u64 now)
{
	return exit_clock_book(clock, clock->bucket, now);
}

static inline struct exit_row *exit_clock_row(const struct exit_clock *clock)
{
	return container_of(clock->bucket, struct exit_row, stat[EXIT_ROW_KERNEL]);
}

/* NULL if there is none to give, or for time that belongs to no exit. */
static inline struct exit_histogram *exit_histogram_get(struct exit_clock *clock,
							struct exit_row *row)
{
	struct exit_table *table = clock->armed;
	struct exit_histograms *from = table ? table->histograms : NULL;

	if (!from || row == &table->before || from->nr_used >= KVM_EXIT_STATS_NR_HISTOGRAMS)
		return NULL;

	return &from->histogram[from->nr_used++];
}

/*
 * The last exit has been processed: put it into the histogram of its reason.
 * Comes right after exit_clock_entry(), with what that returned.
 */
static __always_inline void exit_clock_record(struct exit_clock *clock, u64 cycles)
{
	struct exit_histogram *histogram;
	struct exit_row *row;
	unsigned long bucket;

	/* A transition was missed: see exit_clock_leave(). */
	if (unlikely(clock->segment != EXIT_SEGMENT_KERNEL))
		return;

	row = exit_clock_row(clock);
	histogram = row->histogram;
	cycles += clock->spent;
	clock->spent = 0;

	if (unlikely(!histogram)) {
		histogram = exit_histogram_get(clock, row);
		if (!histogram)
			return;
		/* Readers on other CPUs see one that is zero at least. */
		smp_store_release(&row->histogram, histogram);
	}

	/* A set bit below it keeps __fls() defined, and all small values in bucket 0. */
	bucket = __fls(cycles | (1ul << (KVM_EXIT_STATS_BUCKET_SHIFT - 1))) -
		 (KVM_EXIT_STATS_BUCKET_SHIFT - 1);
	exit_add(&histogram->bucket[min(bucket, KVM_EXIT_STATS_NR_BUCKETS - 1ul)], 1);
	if (unlikely(cycles > histogram->longest))
		WRITE_ONCE(histogram->longest, cycles);
}

/* VM-exit for the reason whose row has this offset, see exit_offset_svm(). */
static __always_inline void exit_clock_exit_at(struct exit_clock *clock, unsigned long offset,
					       u64 now)
{
	struct exit_table *table = clock->armed;
	u64 *kernel;

	if (unlikely(!table)) {
		WRITE_ONCE(clock->last, now);
		return;
	}

	exit_clock_book(clock, &clock->guest, now);
	kernel = (u64 *)((char *)&table->row->stat[EXIT_ROW_KERNEL] + offset);
	/* One address for both: GCC would make the count's first, and this one of that. */
	OPTIMIZER_HIDE_VAR(kernel);
	exit_add(&kernel[EXIT_ROW_EXITS - EXIT_ROW_KERNEL], 1);
	clock->bucket = kernel;
}

/*
 * No transition: book what has passed, say for a reader that wants it all.  For
 * the segment KERNEL only.  Returns the cycles of processing, which belong to
 * @spent if there are histograms; so does the next one.
 */
static __always_inline u64 exit_clock_update(struct exit_clock *clock, u64 now)
{
	return exit_clock_book(clock, clock->bucket, now);
}

/* A row keeps them in the same order. */
static_assert(EXIT_ROW_USER - EXIT_ROW_KERNEL == EXIT_SEGMENT_USER);
static_assert(EXIT_ROW_IDLE - EXIT_ROW_KERNEL == EXIT_SEGMENT_IDLE);
static_assert(EXIT_ROW_PREEMPTED - EXIT_ROW_KERNEL == EXIT_SEGMENT_PREEMPTED);

/*
 * From KERNEL to another segment; the row stays the same.  While statistics are
 * switched on or off, some hooks are on and some are not: a transition may be
 * missed.  Then time goes to the segment before it, or with a leave missed to the
 * reason that was left before that, but never to another word than a bucket.
 */
static __always_inline u64 exit_clock_leave(struct exit_clock *clock, enum exit_segment segment,
					    u64 now)
{
	u64 *kernel = clock->bucket;
	u64 cycles;

	if (unlikely(clock->segment != EXIT_SEGMENT_KERNEL))
		return 0;

	cycles = exit_clock_book(clock, kernel, now);
	clock->kernel = kernel;
	clock->segment = segment;
	if (segment != EXIT_SEGMENT_STOPPED)
		clock->bucket = kernel + segment;
	else if (clock->armed)
		clock->bucket = &clock->armed->stopped;
	return cycles;
}

/* Back to KERNEL from any other.  Returns the cycles there; those in USER are processing. */
static __always_inline u64 exit_clock_resume(struct exit_clock *clock, u64 now)
{
	u64 cycles = exit_clock_book(clock, clock->bucket, now);

	clock->segment = EXIT_SEGMENT_KERNEL;
	clock->bucket = clock->kernel;
	return cycles;
}

/*
 * Start to count.  What passes until the first exit goes to @before; what has
 * passed since the clock was disarmed goes to nobody.
 */
static inline void exit_clock_arm(struct exit_clock *clock, u64 now)
{
	WRITE_ONCE(clock->last, now);
	WRITE_ONCE(clock->start, now - clock->elapsed);
	clock->spent = 0;
	exit_clock_open(clock, &clock->table->before);
	/* Who sees it armed sees its start; see exit_clock_elapsed(). */
	smp_store_release(&clock->armed, clock->table);
}

/* Stop to count. Time that is not booked yet is charged to nobody. */
static inline void exit_clock_disarm(struct exit_clock *clock)
{
	if (clock->armed)
		WRITE_ONCE(clock->elapsed, clock->last - clock->start);
	/* Even if not armed: it may be in any segment. */
	exit_clock_open(clock, &clock->sink);
	/* Who sees it disarmed sees what elapsed; see exit_clock_elapsed(). */
	smp_store_release(&clock->armed, NULL);
}

static inline u64 exit_clock_elapsed(const struct exit_clock *clock)
{
	/* Pairs with the release in exit_clock_arm() and exit_clock_disarm(). */
	if (smp_load_acquire(&clock->armed)) {
		/*
		 * In this order: if it is disarmed and armed again in between,
		 * an old start makes the time too long, a new one would have
		 * made it negative.
		 */
		u64 start = READ_ONCE(clock->start);

		return READ_ONCE(clock->last) - start;
	}

	return READ_ONCE(clock->elapsed);
}

#endif /* EXIT_STATS_CLOCK_H */
