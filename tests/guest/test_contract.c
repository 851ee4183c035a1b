// SPDX-License-Identifier: GPL-2.0-only
/*
 * What include/kvm_exit_stats.h promises, leaf by leaf.  All four registers are
 * looked at each time, all 64 bits of each, and all hold garbage beforehand.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define CLASS_LAST_OURS		KVM_EXIT_STATS_STAT	/* 07-FB are free */
#define NR_RANDOM		2000
#define RANDOM_SEED		1
#define ALL_NUMBERS		0x1000	/* reasons up to here, each one */

/* The only bit of the selectors' upper byte that means anything is bit 31. */
#define SELECT_RESERVED		(1u << 24)

struct batch {
	unsigned int nr, room;
	struct query *queries;
};

static void add(struct batch *batch, u32 leaf, u32 subleaf)
{
	if (batch->nr == batch->room) {
		batch->room = batch->room ? 2 * batch->room : 64;
		batch->queries = realloc(batch->queries, batch->room *
								 sizeof(*batch->queries));
		if (!batch->queries)
			die("out of memory");
	}
	batch->queries[batch->nr] = (struct query) { leaf, subleaf, 0, 0, 0, 0 };
	batch->nr++;
}

/* What was wrong first */
static char why[160];

static void complain(const struct query *q, const char *what)
{
	snprintf(why, sizeof(why),
		 "leaf %#x, ECX %#x: %s: RAX %#lx RBX %#lx RCX %#lx RDX %#lx",
		 q->leaf, q->subleaf, what, q->rax, q->rbx, q->rcx, q->rdx);
}

static bool is(const struct query *q, u64 rax, u64 rbx, u64 rcx, u64 rdx)
{
	return q->rax == rax && q->rbx == rbx && q->rcx == rcx && q->rdx == rdx;
}

static bool all_zero(const struct query *q)
{
	return is(q, 0, 0, 0, 0);
}

/* The upper halves too: CPUID clears them. */
static bool in_32_bits(const struct query *q)
{
	return !((q->rax | q->rbx | q->rcx | q->rdx) >> 32);
}

typedef bool (*verdict)(const struct query *q);

/* Ask the whole batch, have every answer judged, empty the batch. */
static void judge(struct vcpu *vcpu, struct batch *batch, verdict good,
		  const char *name)
{
	bool passed = batch->nr > 0;

	snprintf(why, sizeof(why), "nothing was asked");
	ask(vcpu, batch->queries, batch->nr);
	for (unsigned int i = 0; passed && i < batch->nr; i++) {
		passed = in_32_bits(&batch->queries[i]) &&
			 good(&batch->queries[i]);
		if (!passed)
			complain(&batch->queries[i], "unexpected answer");
	}
	check(passed, name, "%s", why);
	batch->nr = 0;
}

static bool by_signature(const struct query *q)
{
	return is(q, KVM_EXIT_STATS_MAX_LEAF, KVM_EXIT_STATS_SIGNATURE_EBX,
		  KVM_EXIT_STATS_SIGNATURE_ECX, KVM_EXIT_STATS_SIGNATURE_EDX);
}

/* 0x4FFFFFFC-0x4FFFFFFF, with any ECX, and leaves that do not exist */
static bool by_contract(const struct query *q)
{
	switch (q->leaf) {
	case KVM_EXIT_STATS_TOTAL_EXITS:
		return q->rax && !q->rcx && !q->rdx;
	case KVM_EXIT_STATS_TOTAL_CYCLES:
		return !q->rax && (q->rbx || q->rcx) && !q->rdx;
	case KVM_EXIT_STATS_REASON_EXITS:
		if (code_has_no_row(q->subleaf))
			return all_zero(q);
		if (!reason_by_code(q->subleaf))
			return is(q, 0, 0, 0, KVM_EXIT_STATS_UNDEFINED);
		return !q->rcx && !q->rdx;
	case KVM_EXIT_STATS_REASON_CYCLES:
		if (code_has_no_row(q->subleaf))
			return all_zero(q);
		if (!reason_by_code(q->subleaf))
			return is(q, 0, 0, 0, KVM_EXIT_STATS_UNDEFINED);
		return !q->rax && !q->rdx;
	case KVM_EXIT_STATS_SIGNATURE:
		return by_signature(q);
	default:
		return q->leaf <= CLASS_LAST_OURS || all_zero(q);
	}
}

static void add_reason(struct batch *batch, u32 number)
{
	add(batch, KVM_EXIT_STATS_REASON_EXITS, number);
	add(batch, KVM_EXIT_STATS_REASON_CYCLES, number);
}

static void reasons_answer(struct vcpu *vcpu, struct batch *batch)
{
	static const u32 odd_numbers[] = {
		/* near and between what is defined, of both vendors */
		35, 38, 42, 71, 82, 83, 86, 0xa7, 0xff, 0x100, 0x3ff, 0x404,
		0x7ff, 0xfffffffb, 0x80000000, 0x80000001,
		/* modifier bits do not belong to the number */
		0xffff, 0x10000, 0x10000 | VMX_CPUID, 0x80000000 | VMX_CPUID,
		0x80000000 | VMX_INVALID_STATE, 0x10000 | SVM_CPUID,
		0x10000 | SVM_NPF, 0x80000000 | SVM_NPF,
		/* where a narrower index would wrap */
		0x40000000 | VMX_CPUID, 0x7fffffff, 0x01000400, 0xffff0400,
	};
	bool passed = true;

	for (unsigned int i = 0; i < nr_reasons; i++)
		add_reason(batch, reasons[i].code);
	judge(vcpu, batch, by_contract, "every defined reason answers");

	for (u32 i = 0; i < ALL_NUMBERS; i++)
		add_reason(batch, i);
	judge(vcpu, batch, by_contract, "so does every number from 0 to 0xfff");

	for (size_t i = 0; i < ARRAY_SIZE(odd_numbers); i++)
		add_reason(batch, odd_numbers[i]);
	judge(vcpu, batch, by_contract, "undefined numbers are told apart");

	/* Of the rest, what a guest like this cannot have caused */
	for (unsigned int i = 0; i < nr_reasons; i++)
		add_reason(batch, reasons[i].code);
	ask(vcpu, batch->queries, batch->nr);
	for (unsigned int i = 0; passed && i < batch->nr; i++) {
		const struct query *q = &batch->queries[i];
		u32 code = q->subleaf;
		bool happens = reason_is_async(code) || code == REASON(CPUID) ||
			       code == REASON_IO ||
			       (host.svm ? code == SVM_NPF :
					   code == VMX_EPT_VIOLATION);

		passed = happens || all_zero(q);
		if (!passed)
			complain(q, "this never happened");
	}
	check(passed, "reasons that never happened are zero", "%s", why);
	batch->nr = 0;
}

static void leaves_ignore_ecx(struct vcpu *vcpu, struct batch *batch)
{
	static const u32 garbage[] = { 0, 1, 10, 0x7f, 0xffff, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++)
		add(batch, KVM_EXIT_STATS_SIGNATURE, garbage[i]);
	judge(vcpu, batch, by_signature, "the signature, whatever ECX holds");

	for (size_t i = 0; i < ARRAY_SIZE(garbage); i++) {
		add(batch, KVM_EXIT_STATS_TOTAL_EXITS, garbage[i]);
		add(batch, KVM_EXIT_STATS_TOTAL_CYCLES, garbage[i]);
	}
	judge(vcpu, batch, by_contract, "the totals, whatever ECX holds");
}

static void other_leaves_are_zero(struct vcpu *vcpu, struct batch *batch)
{
	static const u32 subleaves[] = { 0, 1, 0x80, 0xffffffff };

	for (u32 leaf = CLASS_LAST_OURS + 1; leaf < KVM_EXIT_STATS_TOTAL_EXITS;
	     leaf++)
		for (size_t i = 0; i < ARRAY_SIZE(subleaves); i++)
			add(batch, leaf, subleaves[i]);
	judge(vcpu, batch, all_zero, "leaves without a meaning are zero");
}

static void random_leaves(struct vcpu *vcpu, struct batch *batch)
{
	srandom(RANDOM_SEED);
	for (unsigned int i = 0; i < NR_RANDOM; i++) {
		u32 leaf = KVM_EXIT_STATS_SIGNATURE | (random() & 0xff);
		u32 subleaf = random() << 1 ^ random();

		/* Small numbers mean something more often. */
		add(batch, leaf, subleaf >> random() % 32);
	}
	judge(vcpu, batch, by_contract,
	      "random leaves and subleaves give defined answers");
}

/* 0x4FFFFF01; returns the number of rows. */
static u32 info(struct vcpu *vcpu)
{
	struct query abi = { .leaf = KVM_EXIT_STATS_INFO,
			     .subleaf = KVM_EXIT_STATS_INFO_ABI };
	struct query clock = { .leaf = KVM_EXIT_STATS_INFO,
			       .subleaf = KVM_EXIT_STATS_INFO_CLOCK };
	struct query none = { .leaf = KVM_EXIT_STATS_INFO,
			      .subleaf = KVM_EXIT_STATS_INFO_STATS + 1 };
	const u64 features = KVM_EXIT_STATS_FEAT_VALUE | KVM_EXIT_STATS_FEAT_STAT;
	u64 hz;

	ask(vcpu, &abi, 1);
	complain(&abi, "ABI");
	check(in_32_bits(&abi) && abi.rax == KVM_EXIT_STATS_ABI_VERSION &&
		      (abi.rbx & features) == features &&
		      abi.rcx == (host.svm ? KVM_EXIT_STATS_NS_SVM : KVM_EXIT_STATS_NS_VMX) &&
		      abi.rdx > nr_reasons,
	      "ABI, namespace and number of rows",
	      "%s", why);

	/* The host calibrates its TSC to better than a percent. */
	ask(vcpu, &clock, 1);
	complain(&clock, "clock");
	hz = answer_exits(&clock);
	check(in_32_bits(&clock) && hz / 10 > host.tsc_khz * 99 &&
		      hz / 10 < host.tsc_khz * 101 &&
		      clock.rcx == (u64)vcpu->vm->nr_vcpus && clock.rdx == (u64)vcpu->index,
	      "frequency and vCPUs", "%s", why);

	ask(vcpu, &none, 1);
	complain(&none, "no such subleaf");
	check(all_zero(&none), "no further subleaf", "%s", why);
	return abi.rdx;
}

static u64 instance(struct vcpu *vcpu)
{
	struct query q = { .leaf = KVM_EXIT_STATS_INFO,
			   .subleaf = KVM_EXIT_STATS_INFO_INSTANCE };

	ask(vcpu, &q, 1);
	complain(&q, "instance");
	return !q.rcx && !q.rdx && in_32_bits(&q) ? answer_exits(&q) : 0;
}

static void instances(struct vcpu *vcpu)
{
	struct vm *other = vm_create(0);
	u64 own = instance(vcpu);

	check(own, "the instance has a number", "%s", why);
	check(own == instance(vcpu), "it stays", "%s", why);
	check(own != instance(vcpu_create(other)), "another VM has another",
	      "%s", why);
	vm_destroy(other);
}

/* 0x4FFFFF02 */
static void rows(struct vcpu *vcpu, u32 nr_rows, struct batch *batch)
{
	bool passed = true;

	for (u32 slot = 0; slot < nr_rows; slot++)
		add(batch, KVM_EXIT_STATS_ROW, slot);
	ask(vcpu, batch->queries, batch->nr);

	passed = is(&batch->queries[0], 0,
		    KVM_EXIT_STATS_ROW_VALID | KVM_EXIT_STATS_ROW_OTHER, 0, 0);
	if (!passed)
		complain(&batch->queries[0], "row of OTHER");
	for (unsigned int i = 0; passed && i < nr_reasons; i++) {
		const struct query *q = &batch->queries[reasons[i].slot];
		u64 flags = q->rbx & ~(u64)KVM_EXIT_STATS_ROW_ASYNC;

		passed = q->rax == reasons[i].code &&
			 flags == KVM_EXIT_STATS_ROW_VALID && !q->rcx && !q->rdx;
		if (!passed)
			complain(q, "description of a row");
	}
	check(passed, "rows have their codes", "%s", why);

	passed = batch->queries[reason_by_code(REASON_INTERRUPT)->slot].rbx &
			 KVM_EXIT_STATS_ROW_ASYNC &&
		 !(batch->queries[reason_by_code(REASON(CPUID))->slot].rbx &
		   KVM_EXIT_STATS_ROW_ASYNC);
	check(passed, "the row of the host's interrupts is marked", "flags differ");
	batch->nr = 0;

	/* Beyond the last row, in every leaf that takes a slot */
	for (u32 i = 0; i < 8; i++) {
		u32 slot = i < 4 ? nr_rows + i : 0x10000u << (i - 4) * 5;

		add(batch, KVM_EXIT_STATS_ROW, slot);
		add(batch, KVM_EXIT_STATS_ROW_SUM, slot);
		add(batch, KVM_EXIT_STATS_BITMAP, slot);
	}
	add(batch, KVM_EXIT_STATS_ROW, KVM_EXIT_STATS_ALL_ROWS);
	add(batch, KVM_EXIT_STATS_ROW_SUM, KVM_EXIT_STATS_ALL_ROWS);
	judge(vcpu, batch, all_zero, "there is nothing beyond the last row");
}

#define BITS_PER_GROUP	128

static bool bitmap_bit(const struct query *groups, u32 slot)
{
	const struct query *q = &groups[slot / BITS_PER_GROUP];
	const u64 word[] = { q->rax, q->rbx, q->rcx, q->rdx };

	return word[slot % BITS_PER_GROUP / 32] >> slot % 32 & 1;
}

/*
 * 0x4FFFFF03, 04, 05 and the old leaves on the same rows.  Counts grow while
 * they are read: those of CPUID by one a query, others only if the host
 * interrupts.  So an older reading of a row is never above a newer one, and for
 * what the guest does not do in between they are equal.
 */
static void rows_agree(struct vcpu *vcpu, u32 nr_rows, struct batch *batch)
{
	enum { OLD_EXITS,
	       SUM,
	       VALUE_EXITS,
	       OLD_CYCLES,
	       VALUE_KERNEL,
	       VALUE_USER,
	       PER_ROW };
	unsigned int groups = (nr_rows + BITS_PER_GROUP - 1) / BITS_PER_GROUP;
	bool passed = true;

	for (unsigned int i = 0; i < groups; i++)
		add(batch, KVM_EXIT_STATS_BITMAP, i);
	for (unsigned int i = 0; i < nr_reasons; i++) {
		const struct reason *r = &reasons[i];

		add(batch, KVM_EXIT_STATS_REASON_EXITS, r->code);
		add(batch, KVM_EXIT_STATS_ROW_SUM, r->slot);
		add(batch, KVM_EXIT_STATS_VALUE,
		    KVM_EXIT_STATS_SELECT(r->slot, KVM_EXIT_STAT_EXITS));
		add(batch, KVM_EXIT_STATS_REASON_CYCLES, r->code);
		add(batch, KVM_EXIT_STATS_VALUE,
		    KVM_EXIT_STATS_SELECT(r->slot, KVM_EXIT_STAT_KERNEL));
		add(batch, KVM_EXIT_STATS_VALUE,
		    KVM_EXIT_STATS_SELECT(r->slot, KVM_EXIT_STAT_USER));
	}
	ask(vcpu, batch->queries, batch->nr);

	for (unsigned int i = 0; passed && i < nr_reasons; i++) {
		const struct query *q = &batch->queries[groups + i * PER_ROW];
		u64 old = answer_exits(&q[OLD_EXITS]);
		u64 sum = answer_exits(&q[SUM]);
		u64 value = answer_exits(&q[VALUE_EXITS]);
		u64 sum_cycles = q[SUM].rdx << 32 | q[SUM].rcx;
		u64 cycles = answer_cycles(&q[OLD_CYCLES]);
		u64 parts = answer_exits(&q[VALUE_KERNEL]) +
			    answer_exits(&q[VALUE_USER]);
		bool moves = reason_is_async(reasons[i].code);
		u64 step = reasons[i].code == REASON(CPUID);

		passed = (moves ? old <= sum && sum <= value :
				  sum == old + step && value == sum + step) &&
			 (moves || step ? sum_cycles <= cycles && cycles <= parts :
					  sum_cycles == cycles && cycles == parts) &&
			 q[VALUE_EXITS].rcx == 1 && !q[VALUE_EXITS].rdx &&
			 (bitmap_bit(batch->queries, reasons[i].slot) == !!old ||
			  moves);
		if (!passed)
			snprintf(why, sizeof(why),
				 "%s: exits %lu %lu %lu, cycles %lu %lu %lu",
				 reasons[i].name, old, sum, value, sum_cycles,
				 cycles, parts);
	}
	check(passed, "bitmap, row sums, values and old leaves agree", "%s", why);
	batch->nr = 0;
}

/* 0x4FFFFF05, selections without a meaning */
static void no_value(struct vcpu *vcpu, u32 nr_rows, struct batch *batch)
{
	u32 all_exits;
	static const u32 no_stats[] = {
		KVM_EXIT_STAT_PREEMPTED + 1, KVM_EXIT_STAT_GUEST - 1,
		KVM_EXIT_STAT_ELAPSED + 1, 0xff,
	};
	static const u32 vcpu_stats[] = {
		KVM_EXIT_STAT_GUEST, KVM_EXIT_STAT_STOPPED, KVM_EXIT_STAT_ELAPSED,
	};

	for (size_t i = 0; i < ARRAY_SIZE(no_stats); i++)
		add(batch, KVM_EXIT_STATS_VALUE,
		    KVM_EXIT_STATS_SELECT(KVM_EXIT_STATS_ALL_ROWS, no_stats[i]));
	for (size_t i = 0; i < ARRAY_SIZE(vcpu_stats); i++)
		add(batch, KVM_EXIT_STATS_VALUE,
		    KVM_EXIT_STATS_SELECT(1, vcpu_stats[i]));
	add(batch, KVM_EXIT_STATS_VALUE,
	    KVM_EXIT_STATS_SELECT(nr_rows, KVM_EXIT_STAT_EXITS));
	add(batch, KVM_EXIT_STATS_VALUE,
	    KVM_EXIT_STATS_SELECT(KVM_EXIT_STATS_ALL_ROWS - 1,
				  KVM_EXIT_STAT_EXITS));
	all_exits = KVM_EXIT_STATS_SELECT(KVM_EXIT_STATS_ALL_ROWS, KVM_EXIT_STAT_EXITS);
	for (u32 bit = SELECT_RESERVED; bit != KVM_EXIT_STATS_THIS_VCPU; bit <<= 1)
		add(batch, KVM_EXIT_STATS_VALUE, bit | all_exits);
	judge(vcpu, batch, all_zero, "selections without a meaning are zero");
}

/* 0x4FFFFF06 */
static const struct {
	u32 number;
	char name[16];
	u32 unit, merge, kind;
} statistics[] = {
#define DESCRIBE(kind, number, text, unit, merge)			\
	{ number, text, KVM_EXIT_STATS_UNIT_##unit,			\
	  KVM_EXIT_STATS_MERGE_##merge, KVM_EXIT_STATS_KIND_##kind },
#define DESCRIBE_ROW(number, name, text, unit, merge) \
	DESCRIBE(ROW, number, text, unit, merge)
#define DESCRIBE_VCPU(number, name, text, unit, merge) \
	DESCRIBE(VCPU, number, text, unit, merge)
	KVM_EXIT_ROW_STATS(DESCRIBE_ROW)
	KVM_EXIT_VCPU_STATS(DESCRIBE_VCPU)
};

static void descriptions(struct vcpu *vcpu, struct batch *batch)
{
	bool passed = true;

	for (size_t i = 0; passed && i < ARRAY_SIZE(statistics); i++) {
		u32 number = statistics[i].number;
		struct query q[] = {
			{ .leaf = KVM_EXIT_STATS_STAT,
			  .subleaf = KVM_EXIT_STATS_STAT_PART(number,
							      KVM_EXIT_STATS_STAT_KIND) },
			{ .leaf = KVM_EXIT_STATS_STAT,
			  .subleaf = KVM_EXIT_STATS_STAT_PART(number,
							      KVM_EXIT_STATS_STAT_NAME) },
		};
		u32 name[4];

		memcpy(name, statistics[i].name, sizeof(name));
		ask(vcpu, q, ARRAY_SIZE(q));
		passed = is(&q[0], 1, statistics[i].unit, statistics[i].merge,
			    statistics[i].kind) &&
			 is(&q[1], name[0], name[1], name[2], name[3]);
		if (!passed)
			complain(&q[0], "description of a statistic");
	}
	check(passed, "statistics describe themselves", "%s", why);

	/* No such part, no such statistic, bits that belong to neither */
	add(batch, KVM_EXIT_STATS_STAT,
	    KVM_EXIT_STATS_STAT_PART(0, KVM_EXIT_STATS_STAT_SHAPE + 1));
	add(batch, KVM_EXIT_STATS_STAT, KVM_EXIT_STATS_STAT_PART(0, 0xff));
	add(batch, KVM_EXIT_STATS_STAT, 0x10000);
	add(batch, KVM_EXIT_STATS_STAT, 0x80000000);
	for (int part = 0; part <= KVM_EXIT_STATS_STAT_SHAPE; part++) {
		u32 after[] = { KVM_EXIT_STAT_PREEMPTED + 1,
				KVM_EXIT_STAT_ELAPSED + 1, 0xff };

		for (size_t i = 0; i < ARRAY_SIZE(after); i++)
			add(batch, KVM_EXIT_STATS_STAT,
			    KVM_EXIT_STATS_STAT_PART(after[i], part));
	}
	judge(vcpu, batch, all_zero, "there is no other statistic");
}

/*
 * An emulated CPUID has to answer as the real one.  KVM emulates what stands
 * behind this prefix if its parameter says so.
 */
#define FORCE_EMULATION		"ud2; .ascii \"kvm\"; "

static __guest void guest_emulated(struct guest *g)
{
	struct query *q = g->data;
	u64 rax = q->leaf, rbx = REGISTER_GARBAGE, rcx = q->subleaf,
	    rdx = REGISTER_GARBAGE;

	asm volatile(FORCE_EMULATION "cpuid"
		     : "+a" (rax), "+b" (rbx), "+c" (rcx), "+d" (rdx));
	q->rax = rax;
	q->rbx = rbx;
	q->rcx = rcx;
	q->rdx = rdx;
}

static void emulated(void)
{
	static const u32 leaves[] = {
		KVM_EXIT_STATS_SIGNATURE, KVM_EXIT_STATS_TOTAL_EXITS,
		KVM_EXIT_STATS_TOTAL_CYCLES, KVM_EXIT_STATS_REASON_EXITS,
		KVM_EXIT_STATS_REASON_CYCLES, KVM_EXIT_STATS_SIGNATURE + 0x80,
	};
	const char *name = "an emulated CPUID answers too";
	char before[8];
	struct vm *vm;
	struct vcpu *vcpu;
	bool passed = true;

	file_word(EMULATION_PARAMETER, before, sizeof(before));
	if (!file_write(EMULATION_PARAMETER, "1")) {
		skip(name, "KVM's emulation cannot be forced");
		return;
	}
	vm = vm_create(0);
	vcpu = vcpu_create(vm);
	for (size_t i = 0; passed && i < ARRAY_SIZE(leaves); i++) {
		struct query *q = vcpu->data;

		*q = (struct query) { .leaf = leaves[i], .subleaf = 0xa7 };
		vcpu_call(vcpu, guest_emulated);
		passed = in_32_bits(q) && by_contract(q);
		if (!passed)
			complain(q, "unexpected answer");
	}
	check(passed, name, "%s", why);
	vm_destroy(vm);
	file_write(EMULATION_PARAMETER, before);
}

void test_contract(void)
{
	struct batch batch = {};
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);
	u32 nr_rows;

	leaves_ignore_ecx(vcpu, &batch);
	reasons_answer(vcpu, &batch);
	other_leaves_are_zero(vcpu, &batch);
	random_leaves(vcpu, &batch);
	nr_rows = info(vcpu);
	instances(vcpu);
	rows(vcpu, nr_rows, &batch);
	rows_agree(vcpu, nr_rows, &batch);
	no_value(vcpu, nr_rows, &batch);
	descriptions(vcpu, &batch);
	emulated();

	free(batch.queries);
	vm_destroy(vm);
}
