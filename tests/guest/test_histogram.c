// SPDX-License-Identifier: GPL-2.0-only
/*
 * Histograms: each exit is in one bucket of its reason, that of the cycles that
 * it took.  Wants kvm.ko with exit_stats_histogram=1.
 */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define NR_HYPERCALLS	200
#define NR_SLOW		8
#define SLOW_MS		5
#define SLEEP_MS	50

#define BUCKETS		KVM_EXIT_STATS_NR_BUCKETS

/* One row, as a guest sees it */
struct seen {
	u64 exits, cycles, longest;
	u64 bucket[BUCKETS], sum;
};

#define QUERIES	(BUCKETS + 3)

static u32 slot_of(u32 code)
{
	return reason_by_code(code)->slot;
}

static void look(struct vcpu *vcpu, u32 slot, struct seen *seen)
{
	struct query q[QUERIES] = {
		{ .leaf = KVM_EXIT_STATS_ROW_SUM, .subleaf = slot },
		{ .leaf = KVM_EXIT_STATS_VALUE,
		  .subleaf = KVM_EXIT_STATS_SELECT(slot, KVM_EXIT_STAT_LONGEST) },
	};

	for (u32 i = 0; i < BUCKETS; i++)
		q[2 + i] = (struct query) {
			.leaf = KVM_EXIT_STATS_VALUE,
			.subleaf = KVM_EXIT_STATS_SELECT_ELEMENT(slot, KVM_EXIT_STAT_HISTOGRAM, i),
		};
	/* Beyond the end there is no meaning. */
	q[2 + BUCKETS] = (struct query) {
		.leaf = KVM_EXIT_STATS_VALUE,
		.subleaf = KVM_EXIT_STATS_SELECT_ELEMENT(slot, KVM_EXIT_STAT_HISTOGRAM, BUCKETS),
	};
	ask(vcpu, q, QUERIES);

	seen->exits = answer_exits(&q[0]);
	seen->cycles = q[0].rdx << 32 | q[0].rcx;
	seen->longest = answer_exits(&q[1]);
	seen->sum = 0;
	for (u32 i = 0; i < BUCKETS; i++) {
		seen->bucket[i] = answer_exits(&q[2 + i]);
		seen->sum += seen->bucket[i];
	}
	if (q[2 + BUCKETS].rcx)
		die("an element beyond the last one has a meaning");
}

/* The bucket that a number of cycles belongs to, found the slow way */
static unsigned int bucket_of(u64 cycles)
{
	unsigned int i = 0;

	while (i < BUCKETS - 1 && cycles >= 1ull << (KVM_EXIT_STATS_BUCKET_SHIFT + i))
		i++;
	return i;
}

static __guest void guest_hypercalls(struct guest *g)
{
	for (int i = 0; i < NR_HYPERCALLS; i++)
		hypercall(g);
}

static __guest void guest_slow_io(struct guest *g)
{
	for (int i = 0; i < NR_SLOW; i++)
		outb(PORT_DATA, i);
}

static __guest void guest_nap(struct guest *g)
{
	timer_setup();
	timer_sleep(*(u64 *)g->data);
}

/* The VMM takes its time and measures how much it was at least and at most. */
struct slowness {
	u64 least, most;
};

static void slow_io(struct vcpu *vcpu)
{
	struct slowness *slow = vcpu->context;
	u64 begin = rdtsc(), took;

	while (rdtsc() - begin < MILLISECONDS(SLOW_MS))
		;
	took = rdtsc() - begin;
	if (took < slow->least)
		slow->least = took;
	if (took > slow->most)
		slow->most = took;
}

static void described(struct vcpu *vcpu)
{
	struct query q[] = {
		{ .leaf = KVM_EXIT_STATS_STAT,
		  .subleaf = KVM_EXIT_STATS_STAT_PART(KVM_EXIT_STAT_HISTOGRAM,
						      KVM_EXIT_STATS_STAT_SHAPE) },
		{ .leaf = KVM_EXIT_STATS_INFO, .subleaf = KVM_EXIT_STATS_INFO_STATS },
	};

	bool shape;

	ask(vcpu, q, ARRAY_SIZE(q));
	shape = q[0].rax == BUCKETS && q[0].rbx == KVM_EXIT_STATS_SHAPE_LOG2 &&
		q[0].rcx == KVM_EXIT_STATS_BUCKET_SHIFT;
	check(shape, "the histogram says its shape", "%lu elements, shape %lu, shift %lu",
	      q[0].rax, q[0].rbx, q[0].rcx);
	check(q[1].rax > KVM_EXIT_STAT_HISTOGRAM, "it is among the statistics",
	      "they end before %lu", q[1].rax);
}

static void quick(struct vcpu *vcpu)
{
	u32 slot = slot_of(REASON_HYPERCALL);
	struct seen seen;
	u64 above = 0;

	vcpu_call(vcpu, guest_hypercalls);
	look(vcpu, slot, &seen);
	check(seen.exits == NR_HYPERCALLS && seen.sum == NR_HYPERCALLS,
	      "each exit is in one bucket", "%lu exits, %lu in buckets", seen.exits, seen.sum);
	check(seen.bucket[bucket_of(seen.longest)] && seen.longest <= seen.cycles,
	      "the longest one is in its bucket", "%lu cycles", seen.longest);
	for (unsigned int i = bucket_of(seen.longest) + 1; i < BUCKETS; i++)
		above += seen.bucket[i];
	check(!above, "none is above the longest", "%lu are", above);
}

/* What the VMM took is processing, and the VMM knows how much it was. */
static void slow(struct vcpu *vcpu)
{
	struct slowness slowness = { .least = ~0ull };
	struct seen before, after;
	u32 slot = slot_of(REASON_IO);
	u64 above = 0;

	look(vcpu, slot, &before);
	vcpu->io = slow_io;
	vcpu->context = &slowness;
	vcpu_call(vcpu, guest_slow_io);
	vcpu->context = NULL;
	look(vcpu, slot, &after);

	for (unsigned int i = bucket_of(slowness.least); i < BUCKETS; i++)
		above += after.bucket[i] - before.bucket[i];
	check(above >= NR_SLOW, "slow exits are in high buckets", "%lu of %d", above, NR_SLOW);
	check(after.longest >= slowness.most, "the longest one is as long as the VMM took",
	      "%lu cycles, the VMM took %lu", after.longest, slowness.most);
	check(after.longest <= after.cycles - (NR_SLOW - 1) * slowness.least,
	      "and no longer than all of them less the others", "%lu cycles", after.longest);
}

/* The time asleep is not processing. */
static void asleep(struct vcpu *vcpu)
{
	struct seen seen;

	*(u64 *)vcpu->data = MILLISECONDS(SLEEP_MS);
	vcpu_call(vcpu, guest_nap);
	look(vcpu, slot_of(REASON(HLT)), &seen);
	check(seen.exits == 1 && seen.sum == 1, "a sleep is in one bucket",
	      "%lu exits, %lu in buckets", seen.exits, seen.sum);
	check(seen.longest < MILLISECONDS(SLEEP_MS), "it took less than it slept",
	      "%lu cycles", seen.longest);
	check(seen.longest == seen.cycles, "it took what was before the sleep and after it",
	      "%lu cycles of %lu", seen.longest, seen.cycles);
}

/* debugfs has the same, at rest. */
static void host_side(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	char path[128], line[1024], name[64] = "";
	struct seen seen;
	u64 longest, value, sum = 0;
	bool equal = true;
	FILE *file;

	look(vcpu, slot_of(REASON_HYPERCALL), &seen);
	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm/%d-%d/exit_histogram", vm->creator,
		 vm->fd);
	file = fopen(path, "r");
	if (!file)
		die("%s cannot be read", path);
	while (fgets(line, sizeof(line), file)) {
		char *rest = line;
		int used;

		if (sscanf(rest, "%63s %lu%n", name, &longest, &used) != 2 ||
		    strcmp(name, reason_by_code(REASON_HYPERCALL)->name))
			continue;
		rest += used;
		for (int i = 0; i < BUCKETS && sscanf(rest, "%lu%n", &value, &used) == 1; i++) {
			equal = equal && value == seen.bucket[i];
			sum += value;
			rest += used;
		}
		break;
	}
	fclose(file);
	check(equal && sum == seen.sum && sum && longest == seen.longest,
	      "the host's histogram is the guest's", "longest %lu, %lu in buckets", longest, sum);
}

/* Off, nothing is recorded; on again, each exit is, though it was loaded but once. */
static void off_and_on(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);
	char mode[16], histograms[16];
	struct seen seen;

	file_word(MODE_PARAMETER, mode, sizeof(mode));
	vcpu_call(vcpu, guest_hypercalls);
	file_write(MODE_PARAMETER, "off");
	file_word(HISTOGRAM_PARAMETER, histograms, sizeof(histograms));
	vcpu_call(vcpu, guest_hypercalls);
	file_write(MODE_PARAMETER, mode);
	vcpu_call(vcpu, guest_hypercalls);
	look(vcpu, slot_of(REASON_HYPERCALL), &seen);
	check(seen.exits == 2 * NR_HYPERCALLS && seen.sum == seen.exits && histograms[0] == 'Y',
	      "off and on again, each exit is in one bucket", "%lu exits, %lu in buckets",
	      seen.exits, seen.sum);
	vm_destroy(vm);
}

void test_histogram(void)
{
	struct query q = { .leaf = KVM_EXIT_STATS_INFO, .subleaf = KVM_EXIT_STATS_INFO_ABI };
	struct vm *vm = vm_create(VM_X2APIC);
	struct vcpu *vcpu = vcpu_create(vm);

	ask(vcpu, &q, 1);
	if (!(q.rbx & KVM_EXIT_STATS_FEAT_HISTOGRAM)) {
		skip("all", "kvm.ko is without exit_stats_histogram=1");
	} else {
		described(vcpu);
		quick(vcpu);
		host_side(vcpu);
		slow(vcpu);
		if (host.tsc_deadline)
			asleep(vcpu);
		else
			skip("a sleep", "no TSC-deadline timer");
		off_and_on();
	}
	vm_destroy(vm);
}
