// SPDX-License-Identifier: GPL-2.0-only
/* What CPUID answers, all four registers of every leaf, and the sums behind it. */
#include <linux/bitops.h>

#include "exit_stats_kunit.h"

#define NR_VCPUS 3

/* A few vCPUs, of which the last has never run. */
struct vm {
	struct kunit *test;
	struct exit_view view;
	struct exit_clock clock[NR_VCPUS];
	const struct listed *list;
	size_t listed;
};

static const struct exit_clock *vm_clock(const struct exit_view *view, unsigned int vcpu)
{
	struct vm *vm = view->vm;

	KUNIT_ASSERT_LT(vm->test, vcpu, NR_VCPUS);
	return &vm->clock[vcpu];
}

struct vendor {
	const char *name;
	const struct exit_reasons *reasons;
	const struct listed *list;
	size_t listed;
};

static const struct vendor vendors[] = {
	{ "vmx", &exit_reasons_vmx, listed_vmx, ARRAY_SIZE(listed_vmx) },
	{ "svm", &exit_reasons_svm, listed_svm, ARRAY_SIZE(listed_svm) },
};

static void vendor_name(const struct vendor *vendor, char *desc)
{
	strscpy(desc, vendor->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(vendor, vendors, vendor_name);

static int leaf_init(struct kunit *test)
{
	const struct vendor *vendor = test->param_value;
	struct vm *vm;

	if (!vendor)
		return 0;

	vm = kunit_kzalloc(test, sizeof(*vm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, vm);
	for (unsigned int i = 0; i < NR_VCPUS; i++) {
		exit_clock_init(&vm->clock[i]);
		if (i < NR_VCPUS - 1)
			vm->clock[i].table = new_table(test);
	}
	vm->test = test;
	vm->list = vendor->list;
	vm->listed = vendor->listed;
	vm->view.reasons = vendor->reasons;
	vm->view.clock = vm_clock;
	vm->view.vm = vm;
	vm->view.nr_vcpus = NR_VCPUS;
	vm->view.self = 1;
	vm->view.tsc_hz = 0x123456789abcdefull;
	vm->view.instance = 0xfedcba9876543210ull;
	test->priv = vm;
	return 0;
}

/* Registers hold what must not get through to a guest. */
static struct exit_regs ask(const struct vm *vm, u32 leaf, u32 index)
{
	struct exit_regs regs = { 0xdeadbeef, 0xdeadbeef, 0xdeadbeef, 0xdeadbeef };

	exit_leaf_answer(&vm->view, leaf, index, &regs);
	return regs;
}

static void expect_regs(struct kunit *test, const struct vm *vm, u32 leaf, u32 index,
			u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	struct exit_regs got = ask(vm, leaf, index);

	KUNIT_EXPECT_EQ_MSG(test, got.eax, eax, "leaf %x %x", leaf, index);
	KUNIT_EXPECT_EQ_MSG(test, got.ebx, ebx, "leaf %x %x", leaf, index);
	KUNIT_EXPECT_EQ_MSG(test, got.ecx, ecx, "leaf %x %x", leaf, index);
	KUNIT_EXPECT_EQ_MSG(test, got.edx, edx, "leaf %x %x", leaf, index);
}

static void expect_zero(struct kunit *test, const struct vm *vm, u32 leaf, u32 index)
{
	expect_regs(test, vm, leaf, index, 0, 0, 0, 0);
}

static u64 *value(struct vm *vm, unsigned int vcpu, unsigned int slot, unsigned int stat)
{
	return &vm->clock[vcpu].table->row[slot].stat[stat];
}

/* Each bucket of each row of each vCPU gets a number that no other has. */
static void fill(struct vm *vm)
{
	for (unsigned int v = 0; v < NR_VCPUS - 1; v++) {
		for (unsigned int slot = 0; slot < vm->view.reasons->nr_rows; slot++)
			for (unsigned int i = 0; i < EXIT_NR_ROW_STATS; i++)
				*value(vm, v, slot, i) = (slot + 1) * 0x100000000ull +
							 (v + 1) * 0x10000ull + i + 1;
		vm->clock[v].guest = 0x7000000000000ull + v;
		vm->clock[v].table->stopped = 0x300000000ull + v;
		for (unsigned int i = 0; i < EXIT_NR_ROW_STATS; i++)
			vm->clock[v].table->before.stat[i] = 0x5000000000ull + 256 * v + i;
		vm->clock[v].elapsed = 0x900000000000ull + v;
	}
}

static u64 merged(unsigned int stat, u64 a, u64 b)
{
	if (exit_stat_find(stat)->merge == KVM_EXIT_STATS_MERGE_MAX)
		return a > b ? a : b;
	return a + b;
}

/* Numbers of the statistics that are in a row, in its order */
#define ROW_NUMBER(number, ...) (number),

static const u32 stat_in_row[] = { KVM_EXIT_ROW_STATS(ROW_NUMBER) };

static bool in_row(u32 stat)
{
	for (size_t i = 0; i < ARRAY_SIZE(stat_in_row); i++) {
		if (stat_in_row[i] == stat)
			return true;
	}
	return false;
}

static u32 row_index(u32 stat)
{
	u32 i = 0;

	while (stat_in_row[i] != stat)
		i++;
	return i;
}

/* One more than the last of them; those of the histogram go to 6. */
static u32 end_of_row_stats(bool histograms)
{
	u32 end = stat_in_row[ARRAY_SIZE(stat_in_row) - 1] + 1;

	return histograms && end < 7 ? 7 : end;
}

/* What was filled in, merged here: over both vCPUs or of one. */
static u64 filled(struct vm *vm, int vcpu, unsigned int slot, unsigned int stat)
{
	u32 i = row_index(stat);

	if (vcpu >= 0)
		return *value(vm, vcpu, slot, i);
	return merged(stat, *value(vm, 0, slot, i), *value(vm, 1, slot, i));
}

static u64 filled_all(struct vm *vm, int vcpu, unsigned int stat)
{
	u64 sum = 0;

	for (unsigned int slot = 0; slot < vm->view.reasons->nr_rows; slot++)
		sum = merged(stat, sum, filled(vm, vcpu, slot, stat));
	return sum;
}

static u64 filled_cycles(struct vm *vm, unsigned int slot)
{
	return filled(vm, -1, slot, KVM_EXIT_STAT_KERNEL) +
	       filled(vm, -1, slot, KVM_EXIT_STAT_USER);
}

static void class_is_0x100_leaves(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, exit_leaf_in_class(0x4fffff00));
	KUNIT_EXPECT_TRUE(test, exit_leaf_in_class(0x4fffff7f));
	KUNIT_EXPECT_TRUE(test, exit_leaf_in_class(0x4fffffff));
	KUNIT_EXPECT_FALSE(test, exit_leaf_in_class(0x4ffffeff));
	KUNIT_EXPECT_FALSE(test, exit_leaf_in_class(0x50000000));
	KUNIT_EXPECT_FALSE(test, exit_leaf_in_class(0x40000000));
	KUNIT_EXPECT_FALSE(test, exit_leaf_in_class(0xcfffff00));
	KUNIT_EXPECT_FALSE(test, exit_leaf_in_class(0x0fffff00));
	KUNIT_EXPECT_FALSE(test, exit_leaf_in_class(0));
}

static void signature(struct kunit *test)
{
	struct vm *vm = test->priv;
	struct exit_regs regs;

	for (u32 index = 0; index < 300; index++) {
		regs = ask(vm, 0x4fffff00, index);
		KUNIT_EXPECT_EQ(test, regs.eax, 0x4fffffff);
		KUNIT_EXPECT_EQ(test, memcmp(&regs.ebx, "KVMExitStats", 12), 0);
	}
}

static void info(struct kunit *test)
{
	struct vm *vm = test->priv;
	u32 ns = vm->list == listed_svm ? 2 : 1;

	expect_regs(test, vm, 0x4fffff01, 0, 1, 3, ns, vm->listed + 1);
	vm->view.hide_async = true;
	expect_regs(test, vm, 0x4fffff01, 0, 1, 7, ns, vm->listed + 1);
	expect_regs(test, vm, 0x4fffff01, 1, 0x89abcdef, 0x01234567, NR_VCPUS, 1);
	expect_regs(test, vm, 0x4fffff01, 2, 0x76543210, 0xfedcba98, 0, 0);
	expect_regs(test, vm, 0x4fffff01, 3, end_of_row_stats(false), 131, 0, 0);
	vm->view.histograms = true;
	expect_regs(test, vm, 0x4fffff01, 0, 1, 15, ns, vm->listed + 1);
	expect_regs(test, vm, 0x4fffff01, 3, end_of_row_stats(true), 131, 0, 0);
	expect_zero(test, vm, 0x4fffff01, 4);
	expect_zero(test, vm, 0x4fffff01, 0x100);
	expect_zero(test, vm, 0x4fffff01, U32_MAX);
}

static void rows(struct kunit *test)
{
	struct vm *vm = test->priv;
	u32 nr = vm->listed + 1;

	expect_regs(test, vm, 0x4fffff02, 0, 0, 3, 0, 0);
	for (size_t i = 0; i < vm->listed; i++) {
		u32 slot = vm->list[i].slot;
		u32 flags = vm->view.reasons->async[slot] ? 5 : 1;

		expect_regs(test, vm, 0x4fffff02, slot, vm->list[i].code, flags, 0, 0);
	}
	expect_zero(test, vm, 0x4fffff02, nr);
	expect_zero(test, vm, 0x4fffff02, nr + 0x10000);
	expect_zero(test, vm, 0x4fffff02, 0xffff);
	expect_zero(test, vm, 0x4fffff02, U32_MAX);
}

/* Each row alone: one bit, at its place, in its group. */
static void bitmap(struct kunit *test)
{
	struct vm *vm = test->priv;

	for (u32 group = 0; group < 4; group++)
		expect_zero(test, vm, 0x4fffff03, group);
	for (u32 slot = 0; slot <= vm->listed; slot++) {
		u64 *exits = value(vm, slot & 1, slot, KVM_EXIT_STAT_EXITS);

		/* A count whose low half is zero is none the less a count. */
		*exits = 1ull << 32;
		for (u32 group = 0; group < 4; group++) {
			u32 word[4] = {};

			if (slot / 128 == group)
				word[slot % 128 / 32] = 1u << slot % 32;
			expect_regs(test, vm, 0x4fffff03, group, word[0], word[1], word[2],
				    word[3]);
		}
		*exits = 0;
	}
}

/* All rows: as many bits as rows, and nothing from groups that wrap around. */
static void bitmap_ends_with_the_rows(struct kunit *test)
{
	struct vm *vm = test->priv;
	unsigned int bits = 0;

	fill(vm);
	for (u32 group = 0; group < 4; group++) {
		struct exit_regs regs = ask(vm, 0x4fffff03, group);

		bits += hweight32(regs.eax) + hweight32(regs.ebx) +
			hweight32(regs.ecx) + hweight32(regs.edx);
	}
	KUNIT_EXPECT_EQ(test, bits, vm->listed + 1);
	expect_zero(test, vm, 0x4fffff03, 1u << 25);
	expect_zero(test, vm, 0x4fffff03, (1u << 25) + 1);
	expect_zero(test, vm, 0x4fffff03, 1u << 31);
	expect_zero(test, vm, 0x4fffff03, U32_MAX);
}

static void row_sums(struct kunit *test)
{
	struct vm *vm = test->priv;
	u32 nr = vm->listed + 1;

	for (u32 slot = 0; slot < nr; slot++)
		expect_zero(test, vm, 0x4fffff04, slot);
	fill(vm);
	for (u32 slot = 0; slot < nr; slot++) {
		u64 exits = filled(vm, -1, slot, KVM_EXIT_STAT_EXITS);
		u64 cycles = filled_cycles(vm, slot);

		expect_regs(test, vm, 0x4fffff04, slot, exits, exits >> 32, cycles, cycles >> 32);
	}
	expect_zero(test, vm, 0x4fffff04, nr);
	expect_zero(test, vm, 0x4fffff04, 0xffff);
	expect_zero(test, vm, 0x4fffff04, 0x10000);
	expect_zero(test, vm, 0x4fffff04, U32_MAX);
}

static void values_of_rows(struct kunit *test)
{
	struct vm *vm = test->priv;

	fill(vm);
	for (size_t i = 0; i < ARRAY_SIZE(stat_in_row); i++) {
		u32 stat = stat_in_row[i];

		for (u32 slot = 0; slot <= vm->listed; slot++) {
			u64 all = filled(vm, -1, slot, stat);
			u64 own = filled(vm, 1, slot, stat);

			expect_regs(test, vm, 0x4fffff05, stat << 16 | slot, all, all >> 32, 1, 0);
			expect_regs(test, vm, 0x4fffff05, 1u << 31 | stat << 16 | slot,
				    own, own >> 32, 1, 0);
		}
		expect_regs(test, vm, 0x4fffff05, stat << 16 | 0xffff, filled_all(vm, -1, stat),
			    filled_all(vm, -1, stat) >> 32, 1, 0);
		expect_regs(test, vm, 0x4fffff05, 1u << 31 | stat << 16 | 0xffff,
			    filled_all(vm, 1, stat), filled_all(vm, 1, stat) >> 32, 1, 0);
	}
}

static void expect_vcpu_value(struct kunit *test, struct vm *vm, u32 stat, u64 first, u64 second)
{
	u64 all = first + second;

	expect_regs(test, vm, 0x4fffff05, stat << 16 | 0xffff, all, all >> 32, 1, 0);
	expect_regs(test, vm, 0x4fffff05, 1u << 31 | stat << 16 | 0xffff, second, second >> 32,
		    1, 0);
	vm->view.self = 0;
	expect_regs(test, vm, 0x4fffff05, 1u << 31 | stat << 16 | 0xffff, first, first >> 32, 1, 0);
	/* It has never run. */
	vm->view.self = 2;
	expect_regs(test, vm, 0x4fffff05, 1u << 31 | stat << 16 | 0xffff, 0, 0, 1, 0);
	vm->view.self = 1;
}

/* Time before the first exit reads as stopped; its "exits" are no time. */
static void values_of_vcpus(struct kunit *test)
{
	struct vm *vm = test->priv;
	u64 before = 4 * 0x5000000000ull + 1 + 2 + 3 + 4;

	fill(vm);
	expect_vcpu_value(test, vm, 128, 0x7000000000000ull, 0x7000000000001ull);
	expect_vcpu_value(test, vm, 129, 0x300000000ull + before,
			  0x300000001ull + before + 4 * 256);
	expect_vcpu_value(test, vm, 130, 0x900000000000ull, 0x900000000001ull);
	/* A clock that runs has more than what was put down. */
	exit_clock_arm(&vm->clock[1], 1000);
	exit_clock_update(&vm->clock[1], 1500);
	expect_vcpu_value(test, vm, 130, 0x900000000000ull, 0x900000000001ull + 500);
}

/* What a guest reads adds up, as it does in the clock. */
static void values_are_conserved(struct kunit *test)
{
	static const u32 buckets[] = { 1, 2, 3, 4, 128, 129 };
	struct vm *vm = test->priv;
	u64 sum = 0, elapsed = 0;
	u32 seed = 4711, tsc = 0;

	for (unsigned int v = 0; v < 2; v++) {
		struct exit_clock *clock = &vm->clock[v];

		exit_clock_arm(clock, tsc);
		for (unsigned int i = 0; i < 2000; i++) {
			enum exit_segment segment = pseudo_random(&seed) % 5;

			exit_clock_switch(clock, segment, tsc += pseudo_random(&seed) % 999);
			exit_clock_switch(clock, EXIT_SEGMENT_KERNEL,
					  tsc += pseudo_random(&seed) % 999);
			exit_clock_entry(clock, tsc += pseudo_random(&seed) % 999);
			exit_clock_exit(clock, pseudo_random(&seed) % (vm->listed + 1),
					tsc += pseudo_random(&seed) % 999);
		}
		elapsed += clock->last - clock->start;
	}
	for (size_t i = 0; i < ARRAY_SIZE(buckets); i++) {
		struct exit_regs regs = ask(vm, 0x4fffff05, buckets[i] << 16 | 0xffff);

		sum += (u64)regs.ebx << 32 | regs.eax;
	}
	KUNIT_EXPECT_EQ(test, sum, elapsed);
	expect_regs(test, vm, 0x4fffff05, 130 << 16 | 0xffff, elapsed, elapsed >> 32, 1, 0);
	expect_regs(test, vm, 0x4ffffffc, 0, 4000, 0, 0, 0);
}

static void selections_without_a_meaning(struct kunit *test)
{
	struct vm *vm = test->priv;
	u32 nr = vm->listed + 1;

	fill(vm);
	for (u32 stat = 0; stat < 256; stat++) {
		bool row = in_row(stat);

		/* no such row */
		expect_zero(test, vm, 0x4fffff05, stat << 16 | nr);
		expect_zero(test, vm, 0x4fffff05, stat << 16 | 0xfffe);
		/* a vCPU's statistic has no rows */
		if (!row)
			expect_zero(test, vm, 0x4fffff05, stat << 16 | 1);
		if (!exit_stat_find(stat)) {
			expect_zero(test, vm, 0x4fffff05, stat << 16 | 0xffff);
			expect_zero(test, vm, 0x4fffff05, 1u << 31 | stat << 16 | 0xffff);
		}
	}
	/* without histograms there are no arrays, with them one */
	for (u32 element = 1; element < 128; element++) {
		expect_zero(test, vm, 0x4fffff05, element << 24 | 0xffff);
		expect_zero(test, vm, 0x4fffff05, element << 24 | 6 << 16 | 0xffff);
	}
	vm->view.histograms = true;
	for (u32 element = 1; element < 128; element++) {
		expect_zero(test, vm, 0x4fffff05, element << 24 | 0xffff);
		expect_zero(test, vm, 0x4fffff05, element << 24 | 5 << 16 | 0xffff);
		if (element >= 24)
			expect_zero(test, vm, 0x4fffff05, element << 24 | 6 << 16 | 0xffff);
	}
	expect_zero(test, vm, 0x4fffff05, U32_MAX);
}

#define UNIT_COUNT 1
#define UNIT_CYCLES 2
#define KIND_ROW 1
#define KIND_VCPU 2

static void descriptions(struct kunit *test)
{
	struct vm *vm = test->priv;
	static const struct {
		u32 number, unit, kind;
		const char name[16];
	} expected[] = {
		{ 0, UNIT_COUNT, KIND_ROW, "exits" },
		{ 1, UNIT_CYCLES, KIND_ROW, "kernel" },
		{ 2, UNIT_CYCLES, KIND_ROW, "user" },
		{ 3, UNIT_CYCLES, KIND_ROW, "idle" },
		{ 4, UNIT_CYCLES, KIND_ROW, "preempted" },
		{ 128, UNIT_CYCLES, KIND_VCPU, "guest" },
		{ 129, UNIT_CYCLES, KIND_VCPU, "stopped" },
		{ 130, UNIT_CYCLES, KIND_VCPU, "elapsed" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		u32 number = expected[i].number;
		struct exit_regs name = ask(vm, 0x4fffff06, 1 << 8 | number);

		expect_regs(test, vm, 0x4fffff06, number, 1, expected[i].unit, 1, expected[i].kind);
		KUNIT_EXPECT_EQ(test, memcmp(&name, expected[i].name, 16), 0);
		expect_regs(test, vm, 0x4fffff06, 2 << 8 | number, 1, 1, 0, 0);
		expect_zero(test, vm, 0x4fffff06, 3 << 8 | number);
		expect_zero(test, vm, 0x4fffff06, 0x100 << 8 | number);
		expect_zero(test, vm, 0x4fffff06, 0x101 << 8 | number);
		expect_zero(test, vm, 0x4fffff06, 1u << 31 | number);
	}
}

static void descriptions_of_histograms(struct kunit *test)
{
	struct vm *vm = test->priv;
	struct exit_regs name;

	vm->view.histograms = true;
	expect_regs(test, vm, 0x4fffff06, 5, 1, UNIT_CYCLES, 2, KIND_ROW);
	expect_regs(test, vm, 0x4fffff06, 6, 1, UNIT_COUNT, 1, KIND_ROW);
	expect_regs(test, vm, 0x4fffff06, 2 << 8 | 5, 1, 1, 0, 0);
	expect_regs(test, vm, 0x4fffff06, 2 << 8 | 6, 24, 2, 9, 0);
	name = ask(vm, 0x4fffff06, 1 << 8 | 5);
	KUNIT_EXPECT_EQ(test, memcmp(&name, "longest\0\0\0\0\0\0\0\0", 16), 0);
	name = ask(vm, 0x4fffff06, 1 << 8 | 6);
	KUNIT_EXPECT_EQ(test, memcmp(&name, "histogram\0\0\0\0\0\0", 16), 0);
}

/* The one with a histogram has it in two vCPUs, the other one in none. */
static void values_of_histograms(struct kunit *test)
{
	struct vm *vm = test->priv;
	struct exit_histogram histogram[2] = {};
	u32 slot = vm->list[20].slot;

	for (unsigned int v = 0; v < 2; v++) {
		histogram[v].longest = 0x100000005ull - v;
		for (unsigned int i = 0; i < 24; i++)
			histogram[v].bucket[i] = 0x100000000ull * (v + 1) + i;
		vm->clock[v].table->row[slot].histogram = &histogram[v];
	}
	expect_zero(test, vm, 0x4fffff05, 5 << 16 | slot);
	expect_zero(test, vm, 0x4fffff05, 6 << 16 | slot);

	vm->view.histograms = true;
	expect_regs(test, vm, 0x4fffff05, 5 << 16 | slot, 5, 1, 1, 0);
	expect_regs(test, vm, 0x4fffff05, 1u << 31 | 5 << 16 | slot, 4, 1, 1, 0);
	expect_regs(test, vm, 0x4fffff05, 5 << 16 | 0xffff, 5, 1, 1, 0);
	expect_regs(test, vm, 0x4fffff05, 5 << 16 | (slot + 1), 0, 0, 1, 0);
	for (u32 i = 0; i < 24; i++) {
		expect_regs(test, vm, 0x4fffff05, i << 24 | 6 << 16 | slot, 2 * i, 3, 1, 0);
		expect_regs(test, vm, 0x4fffff05, 1u << 31 | i << 24 | 6 << 16 | slot, i, 2, 1, 0);
		expect_regs(test, vm, 0x4fffff05, i << 24 | 6 << 16 | 0xffff, 2 * i, 3, 1, 0);
		expect_regs(test, vm, 0x4fffff05, i << 24 | 6 << 16 | (slot + 1), 0, 0, 1, 0);
	}

	/* Hidden rows hide theirs, too. */
	vm->clock[0].table->row[slot].histogram = NULL;
	vm->clock[1].table->row[slot].histogram = NULL;
	for (slot = 0; !vm->view.reasons->async[slot]; slot++)
		;
	vm->clock[1].table->row[slot].histogram = &histogram[1];
	expect_regs(test, vm, 0x4fffff05, 5 << 16 | slot, 4, 1, 1, 0);
	vm->view.hide_async = true;
	expect_regs(test, vm, 0x4fffff05, 5 << 16 | slot, 0, 0, 1, 0);
	expect_regs(test, vm, 0x4fffff05, 6 << 16 | slot, 0, 0, 1, 0);
	expect_regs(test, vm, 0x4fffff05, 5 << 16 | 0xffff, 0, 0, 1, 0);
	expect_regs(test, vm, 0x4fffff05, 6 << 16 | 0xffff, 0, 0, 1, 0);
	vm->clock[1].table->row[slot].histogram = NULL;
}

static void statistics_that_are_not_there_have_no_description(struct kunit *test)
{
	struct vm *vm = test->priv;

	for (u32 number = 0; number < 256; number++) {
		/* Without histograms those of them are not there either. */
		if (exit_stat_find(number) && number != 5 && number != 6)
			continue;
		expect_zero(test, vm, 0x4fffff06, 2 << 8 | number);
		expect_zero(test, vm, 0x4fffff06, number);
		expect_zero(test, vm, 0x4fffff06, 1 << 8 | number);
	}
}

static void totals(struct kunit *test)
{
	struct vm *vm = test->priv;
	u64 exits, cycles;

	expect_zero(test, vm, 0x4ffffffc, 0);
	expect_zero(test, vm, 0x4ffffffd, 0);
	fill(vm);
	exits = filled_all(vm, -1, KVM_EXIT_STAT_EXITS);
	cycles = filled_all(vm, -1, KVM_EXIT_STAT_KERNEL) +
		 filled_all(vm, -1, KVM_EXIT_STAT_USER);
	for (u32 index = 0; index < 3; index++) {
		expect_regs(test, vm, 0x4ffffffc, index, exits, exits >> 32, 0, 0);
		expect_regs(test, vm, 0x4ffffffd, index, 0, cycles >> 32, cycles, 0);
	}
}

/* Idle, preempted and stopped time is not processing; nor is the guest's. */
static void only_kernel_and_user_are_processing(struct kunit *test)
{
	struct vm *vm = test->priv;
	u32 code = vm->list[40].code, slot = vm->list[40].slot;

	*value(vm, 0, slot, KVM_EXIT_STAT_EXITS) = 1;
	*value(vm, 0, slot, KVM_EXIT_STAT_IDLE) = 1000;
	*value(vm, 0, slot, KVM_EXIT_STAT_PREEMPTED) = 1000;
	vm->clock[0].guest = 1000;
	vm->clock[0].table->stopped = 1000;
	vm->clock[0].table->before.stat[KVM_EXIT_STAT_KERNEL] = 1000;
	vm->clock[0].table->before.stat[KVM_EXIT_STAT_USER] = 1000;
	expect_zero(test, vm, 0x4ffffffd, 0);
	expect_zero(test, vm, 0x4fffffff, code);
	*value(vm, 0, slot, KVM_EXIT_STAT_KERNEL) = 20;
	*value(vm, 1, slot, KVM_EXIT_STAT_USER) = 3;
	expect_regs(test, vm, 0x4ffffffd, 0, 0, 0, 23, 0);
	expect_regs(test, vm, 0x4fffffff, code, 0, 0, 23, 0);
}

static void defined_reasons(struct kunit *test)
{
	struct vm *vm = test->priv;

	for (size_t i = 0; i < vm->listed; i++) {
		expect_zero(test, vm, 0x4ffffffe, vm->list[i].code);
		expect_zero(test, vm, 0x4fffffff, vm->list[i].code);
	}
	fill(vm);
	for (size_t i = 0; i < vm->listed; i++) {
		u64 exits = filled(vm, -1, vm->list[i].slot, KVM_EXIT_STAT_EXITS);
		u64 cycles = filled_cycles(vm, vm->list[i].slot);

		expect_regs(test, vm, 0x4ffffffe, vm->list[i].code, exits, exits >> 32, 0, 0);
		expect_regs(test, vm, 0x4fffffff, vm->list[i].code, 0, cycles >> 32, cycles, 0);
	}
}

static void expect_undefined(struct kunit *test, struct vm *vm, u32 code)
{
	if (listed_slot(vm->list, vm->listed, code))
		return;
	if (vm->list == listed_svm && is_svm_without_row(code))
		return;
	expect_regs(test, vm, 0x4ffffffe, code, 0, 0, 0, U32_MAX);
	expect_regs(test, vm, 0x4fffffff, code, 0, 0, 0, U32_MAX);
}

/* The manual has a number for it, but it cannot happen: no row, and zero. */
static void defined_reasons_without_a_row(struct kunit *test)
{
	struct vm *vm = test->priv;

	fill(vm);
	for (size_t i = 0; vm->list == listed_svm && i < ARRAY_SIZE(no_row_svm); i++) {
		expect_zero(test, vm, 0x4ffffffe, no_row_svm[i].code);
		expect_zero(test, vm, 0x4fffffff, no_row_svm[i].code);
	}
}

/* Whatever is in OTHER's row: no number stands for it. */
static void undefined_reasons(struct kunit *test)
{
	struct vm *vm = test->priv;

	fill(vm);
	for (u32 code = 0; code < 0x2000; code++) {
		expect_undefined(test, vm, code);
		expect_undefined(test, vm, ~code);
		expect_undefined(test, vm, 0x10000 + code);
		expect_undefined(test, vm, 0x80000000 + code);
		expect_undefined(test, vm, 0x7fffffff - code);
	}
}

/* In the totals, not under any number. */
static void other_is_in_the_totals(struct kunit *test)
{
	struct vm *vm = test->priv;

	*value(vm, 1, EXIT_SLOT_OTHER, KVM_EXIT_STAT_EXITS) = 7;
	*value(vm, 1, EXIT_SLOT_OTHER, KVM_EXIT_STAT_KERNEL) = 70;
	expect_regs(test, vm, 0x4ffffffc, 0, 7, 0, 0, 0);
	expect_regs(test, vm, 0x4ffffffd, 0, 0, 0, 70, 0);
	expect_regs(test, vm, 0x4fffff04, 0, 7, 0, 70, 0);
	expect_regs(test, vm, 0x4fffff03, 0, 1, 0, 0, 0);
	for (size_t i = 0; i < vm->listed; i++)
		expect_zero(test, vm, 0x4ffffffe, vm->list[i].code);
}

static void sums_carry_into_the_high_half(struct kunit *test)
{
	struct vm *vm = test->priv;
	u32 code = vm->list[20].code, slot = vm->list[20].slot;

	*value(vm, 0, slot, KVM_EXIT_STAT_EXITS) = U32_MAX;
	*value(vm, 1, slot, KVM_EXIT_STAT_EXITS) = 1;
	*value(vm, 0, slot, KVM_EXIT_STAT_KERNEL) = U32_MAX;
	*value(vm, 1, slot, KVM_EXIT_STAT_USER) = 2;
	expect_regs(test, vm, 0x4ffffffe, code, 0, 1, 0, 0);
	expect_regs(test, vm, 0x4fffffff, code, 0, 1, 1, 0);
	expect_regs(test, vm, 0x4ffffffc, 0, 0, 1, 0, 0);
	expect_regs(test, vm, 0x4ffffffd, 0, 0, 1, 1, 0);
	expect_regs(test, vm, 0x4fffff04, slot, 0, 1, 1, 1);
}

static void sums_wrap_at_64_bits(struct kunit *test)
{
	struct vm *vm = test->priv;
	u32 code = vm->list[20].code, slot = vm->list[20].slot;

	*value(vm, 0, slot, KVM_EXIT_STAT_EXITS) = U64_MAX;
	*value(vm, 1, slot, KVM_EXIT_STAT_EXITS) = 3;
	*value(vm, 0, slot, KVM_EXIT_STAT_KERNEL) = U64_MAX;
	*value(vm, 1, slot, KVM_EXIT_STAT_KERNEL) = U64_MAX;
	*value(vm, 1, slot, KVM_EXIT_STAT_USER) = 9;
	expect_regs(test, vm, 0x4ffffffe, code, 2, 0, 0, 0);
	expect_regs(test, vm, 0x4fffffff, code, 0, 0, 7, 0);
	expect_regs(test, vm, 0x4ffffffc, 0, 2, 0, 0, 0);
	expect_regs(test, vm, 0x4ffffffd, 0, 0, 0, 7, 0);
}

/* A vCPU that is being created has no clock that anybody could read yet. */
static const struct exit_clock *no_clock(const struct exit_view *view, unsigned int vcpu)
{
	return vcpu == 1 ? NULL : vm_clock(view, vcpu);
}

static void vcpus_may_be_missing(struct kunit *test)
{
	struct vm *vm = test->priv;

	fill(vm);
	vm->view.clock = no_clock;
	for (u32 slot = 0; slot <= vm->listed; slot++) {
		u64 exits = filled(vm, 0, slot, KVM_EXIT_STAT_EXITS);

		expect_regs(test, vm, 0x4fffff05, slot, exits, exits >> 32, 1, 0);
		expect_regs(test, vm, 0x4fffff05, 1u << 31 | slot, 0, 0, 1, 0);
	}
	vm->view.nr_vcpus = 0;
	expect_zero(test, vm, 0x4ffffffc, 0);
	expect_zero(test, vm, 0x4ffffffd, 0);
}

/* Hidden rows are zero wherever they could show, and so is their share. */
static void hidden_rows_do_not_show(struct kunit *test)
{
	struct vm *vm = test->priv;
	u64 exits = 0, cycles = 0, guest = 0x7000000000000ull + 0x7000000000001ull;
	unsigned int hidden = 0;

	fill(vm);
	vm->view.hide_async = true;
	for (u32 slot = 0; slot <= vm->listed; slot++) {
		struct exit_regs map = ask(vm, 0x4fffff03, slot / 128);
		const u32 word[4] = { map.eax, map.ebx, map.ecx, map.edx };
		u32 code = slot ? vm->list[slot - 1].code : 0;

		if (!vm->view.reasons->async[slot]) {
			exits += filled(vm, -1, slot, KVM_EXIT_STAT_EXITS);
			cycles += filled_cycles(vm, slot);
			KUNIT_EXPECT_TRUE(test, word[slot % 128 / 32] >> slot % 32 & 1);
			KUNIT_EXPECT_EQ(test, ask(vm, 0x4fffff05, slot).eax,
					(u32)filled(vm, -1, slot, KVM_EXIT_STAT_EXITS));
			continue;
		}
		hidden++;
		KUNIT_EXPECT_FALSE(test, word[slot % 128 / 32] >> slot % 32 & 1);
		expect_zero(test, vm, 0x4fffff04, slot);
		expect_zero(test, vm, 0x4ffffffe, code);
		expect_zero(test, vm, 0x4fffffff, code);
		for (u32 stat = KVM_EXIT_STAT_KERNEL; stat <= KVM_EXIT_STAT_PREEMPTED; stat++)
			guest += filled(vm, -1, slot, stat);
		for (size_t i = 0; i < ARRAY_SIZE(stat_in_row); i++) {
			u32 select = stat_in_row[i] << 16 | slot;

			expect_regs(test, vm, 0x4fffff05, select, 0, 0, 1, 0);
			expect_regs(test, vm, 0x4fffff05, 1u << 31 | select, 0, 0, 1, 0);
		}
	}
	KUNIT_EXPECT_TRUE(test, hidden >= 4);
	expect_regs(test, vm, 0x4ffffffc, 0, exits, exits >> 32, 0, 0);
	expect_regs(test, vm, 0x4ffffffd, 0, 0, cycles >> 32, cycles, 0);
	expect_regs(test, vm, 0x4fffff05, 0xffff, exits, exits >> 32, 1, 0);
	/* Their time must not be missing, or it would show: the guest has it. */
	expect_regs(test, vm, 0x4fffff05, 128 << 16 | 0xffff, guest, guest >> 32, 1, 0);
}

/* From the last leaf that has a meaning to the first required one, nothing. */
static void leaves_without_a_meaning_are_zero(struct kunit *test)
{
	struct vm *vm = test->priv;

	fill(vm);
	for (u32 leaf = 0x4fffff07; leaf < 0x4ffffffc; leaf++) {
		for (u32 index = 0; index < 200; index++)
			expect_zero(test, vm, leaf, index);
		expect_zero(test, vm, leaf, 0xffff);
		expect_zero(test, vm, leaf, U32_MAX);
	}
}

/* Asking changes nothing. */
static void questions_do_not_write(struct kunit *test)
{
	struct vm *vm = test->priv;
	struct vm before;
	struct exit_table *copy = new_table(test);

	fill(vm);
	before = *vm;
	memcpy(copy, vm->clock[1].table, EXIT_TABLE_SIZE(vm->listed + 1));
	for (u32 leaf = 0x4fffff00; leaf < 0x4fffff08; leaf++)
		for (u32 index = 0; index < 200; index++)
			ask(vm, leaf, index);
	for (u32 leaf = 0x4ffffffc; leaf; leaf = leaf < 0x4fffffff ? leaf + 1 : 0)
		for (u32 index = 0; index < 200; index++)
			ask(vm, leaf, index);
	KUNIT_EXPECT_EQ(test, memcmp(vm, &before, sizeof(before)), 0);
	KUNIT_EXPECT_EQ(test, memcmp(vm->clock[1].table, copy, EXIT_TABLE_SIZE(vm->listed + 1)), 0);
}

/* Each for both vendors */
#define LEAF_CASE(name) KUNIT_CASE_PARAM(name, vendor_gen_params)

static struct kunit_case leaf_cases[] = {
	KUNIT_CASE(class_is_0x100_leaves),
	LEAF_CASE(signature),
	LEAF_CASE(info),
	LEAF_CASE(rows),
	LEAF_CASE(bitmap),
	LEAF_CASE(bitmap_ends_with_the_rows),
	LEAF_CASE(row_sums),
	LEAF_CASE(values_of_rows),
	LEAF_CASE(values_of_vcpus),
	LEAF_CASE(values_are_conserved),
	LEAF_CASE(selections_without_a_meaning),
	LEAF_CASE(descriptions),
	LEAF_CASE(descriptions_of_histograms),
	LEAF_CASE(values_of_histograms),
	LEAF_CASE(statistics_that_are_not_there_have_no_description),
	LEAF_CASE(totals),
	LEAF_CASE(only_kernel_and_user_are_processing),
	LEAF_CASE(defined_reasons),
	LEAF_CASE(defined_reasons_without_a_row),
	LEAF_CASE(undefined_reasons),
	LEAF_CASE(other_is_in_the_totals),
	LEAF_CASE(sums_carry_into_the_high_half),
	LEAF_CASE(sums_wrap_at_64_bits),
	LEAF_CASE(vcpus_may_be_missing),
	LEAF_CASE(hidden_rows_do_not_show),
	LEAF_CASE(leaves_without_a_meaning_are_zero),
	LEAF_CASE(questions_do_not_write),
	{}
};

static struct kunit_suite leaf_suite = {
	.name = "exit_stats_leaf",
	.init = leaf_init,
	.test_cases = leaf_cases,
};

kunit_test_suite(leaf_suite);
