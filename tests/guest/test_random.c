// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random leaves and subleaves against a second model of the interface, written
 * from include/kvm_exit_stats.h alone.
 *
 * What is fixed must be equal.  Of the counters the model knows bounds: the
 * host's tables of before and after.  Exits that the guest does not take while
 * it asks are equal in both, and then so is the answer.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define NR_PAIRS	100000
#define SEED		20240229u
#define CALLS		10
#define LOG_READ_ALL	3	/* see syslog(2) */
#define LOG_SIZE	10

/* xorshift, so that the pairs are the same with any libc */
static u32 random_state = SEED;

static u32 random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state;
}

static u32 below(u32 end)
{
	return random_word() % end;
}

/* The statistics, their numbers as the table's columns have them */
struct stat {
	u32 number, elements, unit, merge, kind, shape;
	char name[16];
};

#define ROW_STAT(number, name, text, unit, merge)			\
	{ number, 1, KVM_EXIT_STATS_UNIT_##unit, KVM_EXIT_STATS_MERGE_##merge, \
	  KVM_EXIT_STATS_KIND_ROW, KVM_EXIT_STATS_SHAPE_SCALAR, text },
#define VCPU_STAT(number, name, text, unit, merge)			\
	{ number, 1, KVM_EXIT_STATS_UNIT_##unit, KVM_EXIT_STATS_MERGE_##merge, \
	  KVM_EXIT_STATS_KIND_VCPU, KVM_EXIT_STATS_SHAPE_SCALAR, text },
#define HISTOGRAM_STAT(number, name, text, unit, merge, elements)	\
	{ number, elements, KVM_EXIT_STATS_UNIT_##unit, KVM_EXIT_STATS_MERGE_##merge, \
	  KVM_EXIT_STATS_KIND_ROW,					\
	  (elements) > 1 ? KVM_EXIT_STATS_SHAPE_LOG2 : KVM_EXIT_STATS_SHAPE_SCALAR, text },

static const struct stat stats[] = {
	KVM_EXIT_ROW_STATS(ROW_STAT)
	KVM_EXIT_HISTOGRAM_STATS(HISTOGRAM_STAT)
	KVM_EXIT_VCPU_STATS(VCPU_STAT)
};

/* What a VM, or one of its vCPUs, had kept by some time */
struct state {
	u64 row[MAX_REASONS][NR_COLS];	/* by slot */
	u64 total[NR_COLS];
	u64 guest, stopped, elapsed;
};

/* What the model knows */
static struct {
	bool histograms;
	u32 nr_rows, nr_vcpus, self;
	u64 hz, instance;
	struct state vm[2], vcpu[2];	/* before, after */
} known;

static void take(struct state *state, const struct table *table)
{
	memset(state, 0, sizeof(*state));
	for (unsigned int i = 0; i < nr_reasons; i++)
		for (int col = 0; col < NR_COLS; col++)
			state->row[reasons[i].slot][col] =
				table_get(table, reasons[i].code, col);
	memcpy(state->total, table->total, sizeof(state->total));
	state->guest = table->guest;
	state->stopped = table->stopped;
	state->elapsed = table->elapsed;
}

static void take_both(struct vcpu *vcpu, int when)
{
	struct table table;

	if (!vm_table(vcpu->vm, &table))
		die("the host's table is not in debugfs");
	take(&known.vm[when], &table);
	vcpu_table(vcpu, &table);
	take(&known.vcpu[when], &table);
}

/* What nobody but the host can know, and what it has switched on */
static void learn(struct vcpu *vcpu)
{
	struct query q[] = {
		{ .leaf = KVM_EXIT_STATS_INFO, .subleaf = KVM_EXIT_STATS_INFO_ABI },
		{ .leaf = KVM_EXIT_STATS_INFO, .subleaf = KVM_EXIT_STATS_INFO_CLOCK },
		{ .leaf = KVM_EXIT_STATS_INFO, .subleaf = KVM_EXIT_STATS_INFO_INSTANCE },
	};

	ask(vcpu, q, ARRAY_SIZE(q));
	known.histograms = q[0].rbx & KVM_EXIT_STATS_FEAT_HISTOGRAM;
	known.nr_rows = 1 + nr_reasons;
	known.nr_vcpus = vcpu->vm->nr_vcpus;
	known.self = vcpu->index;
	known.hz = answer_exits(&q[1]);
	known.instance = answer_exits(&q[2]);
}

static const struct stat *stat_by_number(u32 number)
{
	for (size_t i = 0; i < ARRAY_SIZE(stats); i++) {
		bool there = stats[i].number != KVM_EXIT_STAT_LONGEST &&
			     stats[i].number != KVM_EXIT_STAT_HISTOGRAM;

		if (stats[i].number == number && (there || known.histograms))
			return &stats[i];
	}
	return NULL;
}

/* What an answer consists of: its registers, or the numbers in them */
enum form { NOTHING,
	    FIXED,
	    COUNT,
	    COUNT_CYCLES,
	    OLD_CYCLES,
	    VALUE };

/* Lowest and highest that an answer may be, all four registers */
struct expected {
	enum form form;
	u64 count[2];		/* in EBX:EAX */
	u64 cycles[2];		/* in EDX:ECX (row sum) or EBX:ECX (old leaves) */
	u64 rax, rbx, rcx, rdx;	/* FIXED */
};

static void fixed(struct expected *e, u32 eax, u32 ebx, u32 ecx, u32 edx)
{
	e->form = FIXED;
	e->rax = eax;
	e->rbx = ebx;
	e->rcx = ecx;
	e->rdx = edx;
}

static u64 processing(const u64 *col)
{
	return col[COL_KERNEL] + col[COL_USER];
}

static void info(struct expected *e, u32 subleaf)
{
	switch (subleaf) {
	case 0:
		fixed(e, 1, 1 | 2 | known.histograms << 3, host.svm ? 2 : 1,
		      known.nr_rows);
		break;
	case 1:
		fixed(e, known.hz, known.hz >> 32, known.nr_vcpus, known.self);
		break;
	case 2:
		fixed(e, known.instance, known.instance >> 32, 0, 0);
		break;
	case 3:
		fixed(e, known.histograms ? 7 : 5, 131, 0, 0);
		break;
	}
}

static u32 flags_of(u32 code)
{
	static const u32 svm[] = { SVM_INTR, SVM_NMI, SVM_SMI, SVM_INIT, SVM_EXCP_MC };
	static const u32 vmx[] = { VMX_EXCEPTION_NMI, VMX_EXTERNAL_INTERRUPT, VMX_INIT_SIGNAL,
				   VMX_IO_SMI, VMX_OTHER_SMI,
				   VMX_MCE_DURING_VMENTRY };
	const u32 *async = host.svm ? svm : vmx;
	size_t nr = host.svm ? ARRAY_SIZE(svm) : ARRAY_SIZE(vmx);

	for (size_t i = 0; i < nr; i++)
		if (async[i] == code)
			return KVM_EXIT_STATS_ROW_VALID | KVM_EXIT_STATS_ROW_ASYNC;
	return KVM_EXIT_STATS_ROW_VALID;
}

static void row(struct expected *e, u32 slot)
{
	if (!slot)
		fixed(e, 0, KVM_EXIT_STATS_ROW_VALID | KVM_EXIT_STATS_ROW_OTHER, 0, 0);
	for (unsigned int i = 0; i < nr_reasons; i++)
		if (reasons[i].slot == slot)
			fixed(e, reasons[i].code, flags_of(reasons[i].code), 0, 0);
}

/* Bits of rows that became more than zero meanwhile are left out: see equals(). */
static void bitmap(struct expected *e, u32 group, u32 unsure[4])
{
	u32 bits[4] = {};

	memset(unsure, 0, 4 * sizeof(*unsure));
	for (u32 slot = 0; slot < known.nr_rows; slot++) {
		u64 first = known.vm[0].row[slot][COL_EXITS];
		u64 last = known.vm[1].row[slot][COL_EXITS];

		if (slot / 128 != group)
			continue;
		if (first)
			bits[slot % 128 / 32] |= 1u << slot % 32;
		else if (last)
			unsure[slot % 128 / 32] |= 1u << slot % 32;
	}
	fixed(e, bits[0], bits[1], bits[2], bits[3]);
}

static void value(struct expected *e, u32 select)
{
	const struct stat *stat = stat_by_number(select >> 16 & 0xff);
	const struct state *state = select >> 31 ? known.vcpu : known.vm;
	u32 slot = select & 0xffff, element = select >> 24 & 0x7f;

	if (!stat || element >= stat->elements)
		return;
	if (slot != KVM_EXIT_STATS_ALL_ROWS &&
	    (stat->kind != KVM_EXIT_STATS_KIND_ROW || slot >= known.nr_rows))
		return;

	e->form = VALUE;
	for (int when = 0; when < 2; when++, state++) {
		const u64 *col = slot == KVM_EXIT_STATS_ALL_ROWS ? state->total :
								   state->row[slot];

		switch (stat->number) {
		case KVM_EXIT_STAT_LONGEST:	/* at most all that it took */
			e->count[when] = when ? processing(col) : 0;
			break;
		case KVM_EXIT_STAT_HISTOGRAM:
			e->count[when] = when ? col[COL_EXITS] : 0;
			break;
		case KVM_EXIT_STAT_GUEST:
			e->count[when] = state->guest;
			break;
		case KVM_EXIT_STAT_STOPPED:
			e->count[when] = state->stopped;
			break;
		case KVM_EXIT_STAT_ELAPSED:
			e->count[when] = state->elapsed;
			break;
		default:
			e->count[when] = col[stat->number];
		}
	}
}

static void description(struct expected *e, u32 select)
{
	const struct stat *stat = stat_by_number(select & 0xff);
	u32 name[4];

	if (!stat)
		return;
	switch (select >> 8) {
	case 0:
		fixed(e, 1, stat->unit, stat->merge, stat->kind);
		break;
	case 1:
		memcpy(name, stat->name, sizeof(name));
		fixed(e, name[0], name[1], name[2], name[3]);
		break;
	case 2:
		fixed(e, stat->elements, stat->shape,
		      stat->shape == KVM_EXIT_STATS_SHAPE_LOG2 ? KVM_EXIT_STATS_BUCKET_SHIFT : 0,
		      0);
		break;
	}
}

static void sums(struct expected *e, u32 leaf, u32 subleaf)
{
	const struct reason *reason = reason_by_code(subleaf);
	u32 slot = subleaf;

	switch (leaf) {
	case KVM_EXIT_STATS_ROW_SUM:
		if (slot >= known.nr_rows)
			return;
		e->form = COUNT_CYCLES;
		break;
	case KVM_EXIT_STATS_TOTAL_EXITS:
	case KVM_EXIT_STATS_TOTAL_CYCLES:
		slot = KVM_EXIT_STATS_ALL_ROWS;
		e->form = leaf == KVM_EXIT_STATS_TOTAL_EXITS ? COUNT : OLD_CYCLES;
		break;
	default:
		if (!reason) {
			fixed(e, 0, 0, 0, code_has_no_row(subleaf) ? 0 : KVM_EXIT_STATS_UNDEFINED);
			return;
		}
		slot = reason->slot;
		e->form = leaf == KVM_EXIT_STATS_REASON_EXITS ? COUNT : OLD_CYCLES;
		break;
	}
	for (int when = 0; when < 2; when++) {
		const u64 *col = slot == KVM_EXIT_STATS_ALL_ROWS ? known.vm[when].total :
								   known.vm[when].row[slot];

		e->count[when] = col[COL_EXITS];
		e->cycles[when] = processing(col);
	}
}

static struct expected expect(u32 leaf, u32 subleaf, u32 unsure[4])
{
	struct expected e = {};

	memset(unsure, 0, 4 * sizeof(*unsure));
	switch (leaf) {
	case 0x4fffff00:
		fixed(&e, 0x4fffffff, 0x454d564b, 0x53746978, 0x73746174);
		break;
	case 0x4fffff01:
		info(&e, subleaf);
		break;
	case 0x4fffff02:
		row(&e, subleaf);
		break;
	case 0x4fffff03:
		bitmap(&e, subleaf, unsure);
		break;
	case 0x4fffff05:
		value(&e, subleaf);
		break;
	case 0x4fffff06:
		description(&e, subleaf);
		break;
	case 0x4fffff04:
	case 0x4ffffffc ... 0x4fffffff:
		sums(&e, leaf, subleaf);
		break;
	}
	return e;
}

static bool within(u64 value, const u64 range[2])
{
	return range[0] <= value && value <= range[1];
}

static bool equals(const struct query *q, const struct expected *e, const u32 unsure[4])
{
	u64 high = (q->rax | q->rbx | q->rcx | q->rdx) >> 32;

	if (high)
		return false;
	switch (e->form) {
	case COUNT:
		return within(answer_exits(q), e->count) && !q->rcx && !q->rdx;
	case VALUE:
		return within(answer_exits(q), e->count) && q->rcx == 1 && !q->rdx;
	case COUNT_CYCLES:
		return within(answer_exits(q), e->count) &&
		       within(q->rdx << 32 | q->rcx, e->cycles);
	case OLD_CYCLES:
		return within(answer_cycles(q), e->cycles) && !q->rax && !q->rdx;
	default:	/* what nothing is said of is zero */
		return (q->rax & ~(u64)unsure[0]) == e->rax &&
		       (q->rbx & ~(u64)unsure[1]) == e->rbx &&
		       (q->rcx & ~(u64)unsure[2]) == e->rcx &&
		       (q->rdx & ~(u64)unsure[3]) == e->rdx;
	}
}

/*
 * Most of the class has no meaning, nor have most subleaves: half of the pairs
 * are anything, the others are near to what means something.
 */
static void random_pair(struct query *q)
{
	static const u32 leaves[] = {
		KVM_EXIT_STATS_SIGNATURE, KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_ROW,
		KVM_EXIT_STATS_BITMAP, KVM_EXIT_STATS_ROW_SUM, KVM_EXIT_STATS_VALUE,
		KVM_EXIT_STATS_STAT, KVM_EXIT_STATS_TOTAL_EXITS, KVM_EXIT_STATS_TOTAL_CYCLES,
		KVM_EXIT_STATS_REASON_EXITS, KVM_EXIT_STATS_REASON_CYCLES,
	};
	u32 slot, stat;

	if (below(2)) {
		q->leaf = KVM_EXIT_STATS_SIGNATURE | below(0x100);
		q->subleaf = random_word() >> below(32);
		return;
	}
	q->leaf = leaves[below(ARRAY_SIZE(leaves))];
	switch (q->leaf) {
	case KVM_EXIT_STATS_VALUE:
		slot = below(3) ? below(known.nr_rows + 4) : KVM_EXIT_STATS_ALL_ROWS;
		stat = below(4) ? below(8) : 126 + below(6);
		q->subleaf = KVM_EXIT_STATS_SELECT_ELEMENT(slot, stat, below(4) ? 0 : below(26)) |
			     below(2) << 31;
		break;
	case KVM_EXIT_STATS_STAT:
		q->subleaf = KVM_EXIT_STATS_STAT_PART(below(4) ? below(8) : 126 + below(6),
						      below(4));
		break;
	case KVM_EXIT_STATS_REASON_EXITS:
	case KVM_EXIT_STATS_REASON_CYCLES:
		q->subleaf = below(3) ? reasons[below(nr_reasons)].code : random_word();
		break;
	default:
		q->subleaf = below(known.nr_rows + 4);
	}
}

/* Lines of the kernel's log that name KVM; a guest must not be able to add one. */
static unsigned int log_lines(void)
{
	int size = klogctl(LOG_SIZE, NULL, 0);
	char *log = size > 0 ? malloc(size + 1) : NULL, *at;
	unsigned int nr = 0;

	if (!log)
		die("the kernel's log cannot be read");
	size = klogctl(LOG_READ_ALL, log, size);
	log[size > 0 ? size : 0] = '\0';
	for (at = log; (at = strcasestr(at, "kvm")); at++)
		nr++;
	free(log);
	return nr;
}

static __guest void guest_calls(struct guest *g)
{
	for (int i = 0; i < CALLS; i++)
		hypercall(g);
}

void test_random(void)
{
	struct query *queries = calloc(NR_PAIRS, sizeof(*queries));
	struct vm *vm = vm_create(0);
	struct vcpu *other = vcpu_create(vm), *vcpu = vcpu_create(vm);
	unsigned int wrong = 0, forms[VALUE + 1] = {}, lines = log_lines();
	char why[256] = "";

	if (!queries)
		die("out of memory");
	/* The VM's numbers are not those of the vCPU that asks. */
	vcpu_call(other, guest_calls);
	vcpu_call(vcpu, guest_calls);
	vcpu_call(vcpu, guest_calls);
	learn(vcpu);

	for (int i = 0; i < NR_PAIRS; i++)
		random_pair(&queries[i]);
	take_both(vcpu, 0);
	ask(vcpu, queries, NR_PAIRS);
	take_both(vcpu, 1);

	for (int i = 0; i < NR_PAIRS; i++) {
		const struct query *q = &queries[i];
		u32 unsure[4];
		struct expected e = expect(q->leaf, q->subleaf, unsure);

		forms[e.form]++;
		if (equals(q, &e, unsure) || wrong++)
			continue;
		snprintf(why, sizeof(why),
			 "leaf %#x, ECX %#x: RAX %#lx RBX %#lx RCX %#lx RDX %#lx", q->leaf,
			 q->subleaf, q->rax, q->rbx, q->rcx, q->rdx);
	}
	printf("# seed %u: %d pairs, %u without a meaning, %u fixed, %u counters\n", SEED,
	       NR_PAIRS, forms[NOTHING], forms[FIXED],
	       NR_PAIRS - forms[NOTHING] - forms[FIXED]);
	check(!wrong, "100,000 pairs answer as the header says", "%u do not, the first: %s",
	      wrong, why);
	check(forms[COUNT] && forms[COUNT_CYCLES] && forms[OLD_CYCLES] && forms[VALUE],
	      "each kind of answer was among them", "one was not");
	check(log_lines() == lines, "the kernel's log has nothing new of KVM",
	      "%u mentions, %u before", log_lines(), lines);
	free(queries);
	vm_destroy(vm);
}
