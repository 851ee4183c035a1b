// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sum over vCPUs, and what CPUID answers: see kvm_exit_stats.h for
 * every register.  A new leaf is one function and one entry of leaves[].
 */
#include <linux/nospec.h>
#include <linux/string.h>

#include "exit_stats_leaf.h"

static u64 merge(const struct exit_stat *stat, u64 sum, u64 value)
{
	if (stat->merge == KVM_EXIT_STATS_MERGE_MAX)
		return max(sum, value);

	return sum + value;
}

/* Not a statistic of its own: KERNEL and USER in one go. */
static const struct exit_stat processing_stat = {
	.number	  = ~0u,
	.kind	  = KVM_EXIT_STATS_KIND_ROW,
	.merge	  = KVM_EXIT_STATS_MERGE_SUM,
	.elements = 1,
	.index	  = EXIT_NOT_IN_ROW,
};

static u64 row_number(const struct exit_row *row, unsigned int index)
{
	return READ_ONCE(row->stat[index]);
}

static u64 row_processing(const struct exit_row *row, unsigned int index)
{
	return READ_ONCE(row->stat[EXIT_ROW_KERNEL]) + READ_ONCE(row->stat[EXIT_ROW_USER]);
}

static bool hidden(const struct exit_view *view, unsigned int slot)
{
	return view->hide_async && view->reasons->async[slot];
}

static u64 row_value(const struct exit_view *view, const struct exit_table *table,
		     unsigned int slot, const struct exit_stat *stat, unsigned int element)
{
	const struct exit_histogram *histogram;
	const struct exit_row *row;

	/* Callers have checked it; no speculation past their checks goes further. */
	slot = array_index_nospec(slot, view->reasons->nr_rows);
	row = &table->row[slot];

	if (hidden(view, slot))
		return 0;
	if (stat == &processing_stat)
		return row_processing(row, 0);

	switch (stat->number) {
	case KVM_EXIT_STAT_LONGEST:
	case KVM_EXIT_STAT_HISTOGRAM:
		/* Pairs with the release in exit_clock_record(). */
		histogram = smp_load_acquire(&row->histogram);
		if (!histogram)
			return 0;
		if (stat->number == KVM_EXIT_STAT_LONGEST)
			return READ_ONCE(histogram->longest);
		return READ_ONCE(histogram->bucket[element]);
	default:
		return row_number(row, stat->index);
	}
}

/*
 * A large VM has tens of thousands of rows, and any guest may ask for the sum
 * of all.  So what a row gives is inlined, and nothing else is in the loop.
 */
static __always_inline u64 sum_rows(const struct exit_view *view, const struct exit_table *table,
				    u64 (*value)(const struct exit_row *row, unsigned int index),
				    unsigned int index)
{
	const bool *hide = view->hide_async ? view->reasons->async : NULL;
	unsigned int nr_rows = view->reasons->nr_rows;
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < nr_rows; i++) {
		if (!hide || !hide[i])
			sum += value(&table->row[i], index);
	}

	return sum;
}

static u64 rows_value(const struct exit_view *view, const struct exit_table *table,
		      const struct exit_stat *stat, unsigned int element)
{
	u64 sum = 0;
	unsigned int i;

	if (stat == &processing_stat)
		return sum_rows(view, table, row_processing, 0);
	if (stat->index != EXIT_NOT_IN_ROW && stat->merge == KVM_EXIT_STATS_MERGE_SUM)
		return sum_rows(view, table, row_number, stat->index);

	for (i = 0; i < view->reasons->nr_rows; i++)
		sum = merge(stat, sum, row_value(view, table, i, stat, element));

	return sum;
}

static u64 row_time(const struct exit_row *row)
{
	u64 sum = 0;
	unsigned int i;

	for (i = EXIT_ROW_KERNEL; i <= EXIT_ROW_PREEMPTED; i++)
		sum += READ_ONCE(row->stat[i]);

	return sum;
}

/*
 * Hidden exits are as if they had not been: to who may not see them, the guest
 * has run on.  Else what is missing from ELAPSED would tell their time.
 */
static u64 guest_value(const struct exit_view *view, const struct exit_clock *clock,
		       const struct exit_table *table)
{
	u64 sum = READ_ONCE(clock->guest);
	unsigned int i;

	for (i = 0; view->hide_async && i < view->reasons->nr_rows; i++) {
		if (view->reasons->async[i])
			sum += row_time(&table->row[i]);
	}

	return sum;
}

static u64 vcpu_value(const struct exit_view *view, const struct exit_clock *clock,
		      const struct exit_table *table, const struct exit_stat *stat)
{
	switch (stat->number) {
	case KVM_EXIT_STAT_GUEST:
		return guest_value(view, clock, table);
	case KVM_EXIT_STAT_STOPPED:
		/* Before its first exit a vCPU cannot process one. */
		return READ_ONCE(table->stopped) + row_time(&table->before);
	case KVM_EXIT_STAT_ELAPSED:
		return exit_clock_elapsed(clock);
	default:
		return 0;
	}
}

/* A vCPU that has not run since statistics are on has none. */
static const struct exit_table *clock_table(const struct exit_clock *clock)
{
	return clock ? READ_ONCE(clock->table) : NULL;
}

static u64 sum_vcpus(const struct exit_view *view, unsigned int vcpu, unsigned int slot,
		     const struct exit_stat *stat, unsigned int element)
{
	unsigned int first = vcpu == EXIT_ALL ? 0 : vcpu;
	unsigned int last = vcpu == EXIT_ALL ? view->nr_vcpus : vcpu + 1;
	u64 sum = 0;
	unsigned int i;

	for (i = first; i < last; i++) {
		const struct exit_clock *clock = view->clock(view, i);
		const struct exit_table *table = clock_table(clock);
		u64 value;

		if (!table)
			continue;

		if (stat->kind == KVM_EXIT_STATS_KIND_VCPU)
			value = vcpu_value(view, clock, table, stat);
		else if (slot == EXIT_ALL)
			value = rows_value(view, table, stat, element);
		else
			value = row_value(view, table, slot, stat, element);
		sum = merge(stat, sum, value);
	}

	return sum;
}

u64 exit_view_element(const struct exit_view *view, unsigned int vcpu, unsigned int slot,
		      u32 number, unsigned int element)
{
	return sum_vcpus(view, vcpu, slot, exit_stat_find(number), element);
}

u64 exit_view_sum(const struct exit_view *view, unsigned int vcpu, unsigned int slot, u32 number)
{
	return exit_view_element(view, vcpu, slot, number, 0);
}

static u64 exits(const struct exit_view *view, unsigned int slot)
{
	return exit_view_sum(view, EXIT_ALL, slot, KVM_EXIT_STAT_EXITS);
}

static u64 processing(const struct exit_view *view, unsigned int slot)
{
	return sum_vcpus(view, EXIT_ALL, slot, &processing_stat, 0);
}

/* The statistic of this number, if this host keeps it. */
static const struct exit_stat *find_stat(const struct exit_view *view, u32 number)
{
	if (!view->histograms &&
	    (number == KVM_EXIT_STAT_LONGEST || number == KVM_EXIT_STAT_HISTOGRAM))
		return NULL;

	return exit_stat_find(number);
}

/* The guest chooses the slot: no speculation may follow it out of the table. */
static bool is_row(const struct exit_view *view, u32 *slot)
{
	if (*slot >= view->reasons->nr_rows)
		return false;

	*slot = array_index_nospec(*slot, view->reasons->nr_rows);
	return true;
}

static void leaf_signature(const struct exit_view *view, u32 index, struct exit_regs *regs)
{
	regs->eax = KVM_EXIT_STATS_MAX_LEAF;
	regs->ebx = KVM_EXIT_STATS_SIGNATURE_EBX;
	regs->ecx = KVM_EXIT_STATS_SIGNATURE_ECX;
	regs->edx = KVM_EXIT_STATS_SIGNATURE_EDX;
}

/* One more than the highest number of a kind that this host keeps. */
static u32 end_of_stats(const struct exit_view *view, u32 kind)
{
	u32 end = kind == KVM_EXIT_STATS_KIND_ROW ? 0 : KVM_EXIT_STATS_FIRST_VCPU_STAT;
	const struct exit_stat *stat;
	unsigned int i;

	for (i = 0; (stat = exit_stat_at(i)); i++) {
		if (stat->kind == kind && find_stat(view, stat->number))
			end = max(end, stat->number + 1);
	}

	return end;
}

static void leaf_info(const struct exit_view *view, u32 index, struct exit_regs *regs)
{
	switch (index) {
	case KVM_EXIT_STATS_INFO_ABI:
		regs->eax = KVM_EXIT_STATS_ABI_VERSION;
		regs->ebx = KVM_EXIT_STATS_FEAT_VALUE | KVM_EXIT_STATS_FEAT_STAT;
		if (view->hide_async)
			regs->ebx |= KVM_EXIT_STATS_FEAT_HIDE_ASYNC;
		if (view->histograms)
			regs->ebx |= KVM_EXIT_STATS_FEAT_HISTOGRAM;
		regs->ecx = view->reasons->ns;
		regs->edx = view->reasons->nr_rows;
		break;
	case KVM_EXIT_STATS_INFO_CLOCK:
		regs->eax = lower_32_bits(view->tsc_hz);
		regs->ebx = upper_32_bits(view->tsc_hz);
		regs->ecx = view->nr_vcpus;
		regs->edx = view->self;
		break;
	case KVM_EXIT_STATS_INFO_INSTANCE:
		regs->eax = lower_32_bits(view->instance);
		regs->ebx = upper_32_bits(view->instance);
		break;
	case KVM_EXIT_STATS_INFO_STATS:
		regs->eax = end_of_stats(view, KVM_EXIT_STATS_KIND_ROW);
		regs->ebx = end_of_stats(view, KVM_EXIT_STATS_KIND_VCPU);
		break;
	}
}

static void leaf_row(const struct exit_view *view, u32 slot, struct exit_regs *regs)
{
	if (!is_row(view, &slot))
		return;

	regs->eax = view->reasons->reason[slot].code;
	regs->ebx = KVM_EXIT_STATS_ROW_VALID;
	if (slot == EXIT_SLOT_OTHER)
		regs->ebx |= KVM_EXIT_STATS_ROW_OTHER;
	if (view->reasons->async[slot])
		regs->ebx |= KVM_EXIT_STATS_ROW_ASYNC;
}

/* vCPUs outside, rows inside: to look up a vCPU costs more than to look at a row. */
static void leaf_bitmap(const struct exit_view *view, u32 group, struct exit_regs *regs)
{
	u32 nr_groups = view->reasons->nr_rows / 128 + 1;
	u32 word[4] = {};
	u32 first, end, slot;
	unsigned int i;

	/* Compare before multiplying: the guest chooses the group. */
	if (group >= nr_groups)
		return;

	first = array_index_nospec(group, nr_groups) * 128;
	end = min(first + 128, view->reasons->nr_rows);
	for (i = 0; i < view->nr_vcpus; i++) {
		const struct exit_table *table = clock_table(view->clock(view, i));

		for (slot = first; table && slot < end; slot++) {
			if (READ_ONCE(table->row[slot].stat[EXIT_ROW_EXITS]) && !hidden(view, slot))
				word[slot % 128 / 32] |= 1u << slot % 32;
		}
	}

	regs->eax = word[0];
	regs->ebx = word[1];
	regs->ecx = word[2];
	regs->edx = word[3];
}

static void leaf_row_sum(const struct exit_view *view, u32 slot, struct exit_regs *regs)
{
	u64 count, cycles;

	if (!is_row(view, &slot))
		return;

	count = exits(view, slot);
	cycles = processing(view, slot);
	regs->eax = lower_32_bits(count);
	regs->ebx = upper_32_bits(count);
	regs->ecx = lower_32_bits(cycles);
	regs->edx = upper_32_bits(cycles);
}

static void leaf_value(const struct exit_view *view, u32 select, struct exit_regs *regs)
{
	unsigned int vcpu = select & KVM_EXIT_STATS_THIS_VCPU ? view->self : EXIT_ALL;
	const struct exit_stat *stat = find_stat(view, select >> 16 & 0xff);
	u32 element = select >> 24 & 0x7f;
	u32 slot = select & 0xffff;
	u64 value;

	if (!stat || element >= stat->elements)
		return;
	element = array_index_nospec(element, stat->elements);
	if (slot != EXIT_ALL &&
	    (stat->kind != KVM_EXIT_STATS_KIND_ROW || !is_row(view, &slot)))
		return;

	value = exit_view_element(view, vcpu, slot, stat->number, element);
	regs->eax = lower_32_bits(value);
	regs->ebx = upper_32_bits(value);
	regs->ecx = 1;
}

/* A name is what one leaf can hold. */
static_assert(sizeof(struct exit_regs) == sizeof_field(struct exit_stat, name));

static void leaf_stat(const struct exit_view *view, u32 select, struct exit_regs *regs)
{
	const struct exit_stat *stat = find_stat(view, select & 0xff);

	if (!stat)
		return;

	switch (select >> 8) {
	case KVM_EXIT_STATS_STAT_KIND:
		regs->eax = 1;
		regs->ebx = stat->unit;
		regs->ecx = stat->merge;
		regs->edx = stat->kind;
		break;
	case KVM_EXIT_STATS_STAT_NAME:
		memcpy(regs, stat->name, sizeof(stat->name));
		break;
	case KVM_EXIT_STATS_STAT_SHAPE:
		regs->eax = stat->elements;
		regs->ebx = KVM_EXIT_STATS_SHAPE_SCALAR;
		if (stat->elements > 1) {
			regs->ebx = KVM_EXIT_STATS_SHAPE_LOG2;
			regs->ecx = KVM_EXIT_STATS_BUCKET_SHIFT;
		}
		break;
	}
}

static void encode_exits(u64 count, struct exit_regs *regs)
{
	regs->eax = lower_32_bits(count);
	regs->ebx = upper_32_bits(count);
}

static void encode_cycles(u64 cycles, struct exit_regs *regs)
{
	regs->ebx = upper_32_bits(cycles);
	regs->ecx = lower_32_bits(cycles);
}

static void leaf_total_exits(const struct exit_view *view, u32 index, struct exit_regs *regs)
{
	encode_exits(exits(view, EXIT_ALL), regs);
}

static void leaf_total_cycles(const struct exit_view *view, u32 index, struct exit_regs *regs)
{
	encode_cycles(processing(view, EXIT_ALL), regs);
}

static void leaf_reason_exits(const struct exit_view *view, u32 code, struct exit_regs *regs)
{
	u32 slot = view->reasons->find(code);

	if (slot == EXIT_SLOT_OTHER)
		regs->edx = KVM_EXIT_STATS_UNDEFINED;
	else if (is_row(view, &slot))
		encode_exits(exits(view, slot), regs);
}

static void leaf_reason_cycles(const struct exit_view *view, u32 code, struct exit_regs *regs)
{
	u32 slot = view->reasons->find(code);

	if (slot == EXIT_SLOT_OTHER)
		regs->edx = KVM_EXIT_STATS_UNDEFINED;
	else if (is_row(view, &slot))
		encode_cycles(processing(view, slot), regs);
}

static const struct {
	u32 function;
	void (*answer)(const struct exit_view *view, u32 index, struct exit_regs *regs);
} leaves[] = {
	{ KVM_EXIT_STATS_SIGNATURE,	leaf_signature },
	{ KVM_EXIT_STATS_INFO,		leaf_info },
	{ KVM_EXIT_STATS_ROW,		leaf_row },
	{ KVM_EXIT_STATS_BITMAP,	leaf_bitmap },
	{ KVM_EXIT_STATS_ROW_SUM,	leaf_row_sum },
	{ KVM_EXIT_STATS_VALUE,		leaf_value },
	{ KVM_EXIT_STATS_STAT,		leaf_stat },
	{ KVM_EXIT_STATS_TOTAL_EXITS,	leaf_total_exits },
	{ KVM_EXIT_STATS_TOTAL_CYCLES,	leaf_total_cycles },
	{ KVM_EXIT_STATS_REASON_EXITS,	leaf_reason_exits },
	{ KVM_EXIT_STATS_REASON_CYCLES,	leaf_reason_cycles },
};

void exit_leaf_answer(const struct exit_view *view, u32 function, u32 index,
		      struct exit_regs *regs)
{
	unsigned int i;

	memset(regs, 0, sizeof(*regs));
	for (i = 0; i < ARRAY_SIZE(leaves); i++) {
		if (leaves[i].function == function) {
			leaves[i].answer(view, index, regs);
			return;
		}
	}
}
