// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader that knows no statistic: it asks which ones there are, what they are
 * called and how they merge, and shows all of them.  What a later kernel adds
 * shows too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define NR_OUT		50
#define ROUNDS		3
#define NUMBERS		256

struct description {
	u32 unit, merge, kind, elements;
	char name[17];
};

static void ask_one(struct vcpu *vcpu, struct query *q, u32 leaf, u32 subleaf)
{
	*q = (struct query) { .leaf = leaf, .subleaf = subleaf };
	ask(vcpu, q, 1);
}

/* False if there is no such statistic. */
static bool describe(struct vcpu *vcpu, u32 number, struct description *d)
{
	struct query q;
	u32 name[4];

	ask_one(vcpu, &q, KVM_EXIT_STATS_STAT, KVM_EXIT_STATS_STAT_PART(number, 0));
	if (!q.rax)
		return false;
	*d = (struct description) { .unit = q.rbx, .merge = q.rcx, .kind = q.rdx };
	ask_one(vcpu, &q, KVM_EXIT_STATS_STAT, KVM_EXIT_STATS_STAT_PART(number, 2));
	d->elements = q.rax;
	ask_one(vcpu, &q, KVM_EXIT_STATS_STAT, KVM_EXIT_STATS_STAT_PART(number, 1));
	name[0] = q.rax;
	name[1] = q.rbx;
	name[2] = q.rcx;
	name[3] = q.rdx;
	memcpy(d->name, name, sizeof(name));
	return true;
}

static const char *unit_name(u32 unit)
{
	switch (unit) {
	case KVM_EXIT_STATS_UNIT_COUNT:
		return "count";
	case KVM_EXIT_STATS_UNIT_CYCLES:
		return "cycles";
	default:
		return "of-unknown-unit";
	}
}

/*
 * All values are read in one go, so that rows that the reading does not touch
 * are of one moment.  A statistic of rows takes a query for the sum, one for each
 * row, and one for the sum again; any other takes one.
 */
static unsigned int queries_of(const struct description *d)
{
	return d->kind == KVM_EXIT_STATS_KIND_ROW ? nr_reasons + 2 : 1;
}

static void prepare(struct query *q, u32 number, const struct description *d)
{
	unsigned int nr = queries_of(d);

	for (unsigned int i = 0; i < nr; i++) {
		bool edge = i == 0 || i == nr - 1;

		q[i] = (struct query) {
			.leaf = KVM_EXIT_STATS_VALUE,
			.subleaf = KVM_EXIT_STATS_SELECT(edge ? KVM_EXIT_STATS_ALL_ROWS :
								reasons[i - 1].slot,
							 number),
		};
	}
}

/* Rows grow while they are read: the sum lies between what it was before and after. */
static bool show(const struct query *q, u32 number, const struct description *d)
{
	unsigned int nr = queries_of(d);
	bool passed = true;
	u64 merged = 0;

	for (unsigned int i = 0; i < nr; i++) {
		u64 value = answer_exits(&q[i]);
		bool edge = i == 0 || i == nr - 1;

		passed = passed && q[i].rcx == 1;
		if (value && (nr == 1 || !edge))
			printf("statistic %u %s %s %s %lu\n", number, d->name, unit_name(d->unit),
			       nr == 1 ? "vCPUs" : reasons[i - 1].name, value);
		if (edge)
			continue;
		if (d->merge == KVM_EXIT_STATS_MERGE_MAX)
			merged = value > merged ? value : merged;
		else
			merged += value;
	}
	return passed && (nr == 1 || (answer_exits(&q[0]) <= merged &&
				      merged <= answer_exits(&q[nr - 1])));
}

static __guest void guest_out(struct guest *g)
{
	for (int i = 0; i < NR_OUT; i++)
		outb(PORT_DATA, i);
}

void test_statistics(void)
{
	static struct description of[NUMBERS];
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);
	u32 end[2], found = 0, described = 0, nr = 0;
	struct query *queries, q;
	char name[64];

	for (int i = 0; i < ROUNDS; i++)
		vcpu_call(vcpu, guest_out);

	ask_one(vcpu, &q, KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_STATS);
	end[0] = q.rax;
	end[1] = q.rbx;
	for (u32 i = 0; i < NUMBERS; i++) {
		bool vcpus = i >= KVM_EXIT_STATS_FIRST_VCPU_STAT;
		u32 kind = vcpus ? KVM_EXIT_STATS_KIND_VCPU : KVM_EXIT_STATS_KIND_ROW;

		if (!describe(vcpu, i, &of[i]))
			continue;
		found++;
		described += i < end[vcpus] && of[i].kind == kind && of[i].name[0] &&
			     of[i].elements;
		nr += queries_of(&of[i]);
	}
	check(found && found == described, "each statistic describes itself, where it is listed",
	      "%u of %u do", described, found);

	queries = calloc(nr, sizeof(*queries));
	if (!queries)
		die("out of memory");
	nr = 0;
	for (u32 i = 0; i < NUMBERS; i++) {
		if (!of[i].elements)
			continue;
		prepare(&queries[nr], i, &of[i]);
		nr += queries_of(&of[i]);
	}
	ask(vcpu, queries, nr);
	nr = 0;
	for (u32 i = 0; i < NUMBERS; i++) {
		if (!of[i].elements)
			continue;
		/* Of one that is an array, this is its first element. */
		snprintf(name, sizeof(name), "%s (%u) can be read", of[i].name, i);
		check(show(&queries[nr], i, &of[i]), name, "rows and their sum differ");
		nr += queries_of(&of[i]);
	}
	free(queries);
	vm_destroy(vm);
}
