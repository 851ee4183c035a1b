// SPDX-License-Identifier: GPL-2.0-only
/*
 * What it costs to read: ticks of the TSC for each kind of question, and for a
 * snapshot as libexitstat takes it, with more and more vCPUs that have run.
 *
 * The library runs in the VMM; its questions are put to a guest and written
 * down.  Then the guest asks the same on its own, between two readings of its
 * TSC.
 *
 *	reading NAME VCPUS ROWS EXITS SHORTEST
 */
#include <stdio.h>

#include "lib/libexitstat.h"

#include "report.h"
#include "stats.h"
#include "tests.h"

#define TRIES		16
#define MOST_VCPUS	240
#define ROWS		16
#define MOST_EXITS	20	/* of a snapshot with ROWS rows */
#define NAP		200000	/* cycles */

#define MAX_QUESTIONS	512

struct asked {
	/* in */
	u64 nr;
	struct {
		u32 leaf, subleaf;
	} questions[MAX_QUESTIONS];
	/* out */
	u64 shortest;
};

static __guest void guest_ask_again(struct guest *g)
{
	struct asked *asked = g->data;

	asked->shortest = ~0ull;
	for (int try = 0; try < TRIES; try++) {
		u64 begin = rdtsc(), took;

		for (u64 i = 0; i < asked->nr; i++) {
			struct regs r = {
				.rax = asked->questions[i].leaf,
				.rcx = asked->questions[i].subleaf,
			};

			cpuid(&r);
		}
		took = rdtsc() - begin;
		if (took < asked->shortest)
			asked->shortest = took;
	}
}

static __guest void guest_nap(struct guest *g)
{
	timer_setup();
	timer_sleep(NAP);
}

struct reader {
	struct vcpu *vcpu;
	struct asked asked;
};

static void put_question(void *data, u32 leaf, u32 subleaf, struct exitstat_regs *regs)
{
	struct query query = { .leaf = leaf, .subleaf = subleaf };
	struct reader *reader = data;
	struct asked *asked = &reader->asked;

	if (asked->nr == MAX_QUESTIONS)
		die("a snapshot takes more than %d exits", MAX_QUESTIONS);
	asked->questions[asked->nr].leaf = leaf;
	asked->questions[asked->nr].subleaf = subleaf;
	asked->nr++;
	ask(reader->vcpu, &query, 1);
	*regs = (struct exitstat_regs) { query.rax, query.rbx, query.rcx, query.rdx };
}

static u64 measure(struct reader *reader)
{
	struct asked *asked = reader->vcpu->data;

	*asked = reader->asked;
	vcpu_call(reader->vcpu, guest_ask_again);
	return asked->shortest;
}

static void print(const char *name, const struct reader *reader, u64 rows, u64 exits, u64 took)
{
	printf("reading %s %d %lu %lu %lu\n", name, reader->vcpu->vm->nr_vcpus, rows, exits,
	       took);
}

static const struct {
	const char *name;
	u32 leaf, subleaf;
} questions[] = {
	{ "signature",		KVM_EXIT_STATS_SIGNATURE,	0 },
	{ "total-exits",	KVM_EXIT_STATS_TOTAL_EXITS,	0 },
	{ "total-cycles",	KVM_EXIT_STATS_TOTAL_CYCLES,	0 },
	{ "reason-exits",	KVM_EXIT_STATS_REASON_EXITS,	0 },
	{ "reason-cycles",	KVM_EXIT_STATS_REASON_CYCLES,	0 },
	{ "bitmap",		KVM_EXIT_STATS_BITMAP,		0 },
	{ "row",		KVM_EXIT_STATS_ROW_SUM,		1 },
};

/* What a snapshot takes if it has ROWS rows: the bitmap and the instance beside. */
static u64 most_exits(u64 rows)
{
	return rows > ROWS ? MOST_EXITS + rows - ROWS : MOST_EXITS;
}

static u64 read_all(struct reader *reader, bool show)
{
	static const struct exitstat_cpuid through_guest = { .read = put_question };
	struct exitstat_cpuid cpuid = through_guest;
	struct exitstat_snapshot *snap;
	u64 rows, exits, took;
	struct exitstat *es;

	cpuid.data = reader;
	reader->asked.nr = 0;
	if (exitstat_open_cpuid(&es, &cpuid))
		die("libexitstat: %s", exitstat_reason(es));
	reader->asked.nr = 0;
	if (exitstat_snapshot(es, &snap))
		die("libexitstat: %s", exitstat_reason(es));
	rows = snap->nr_rows;
	exits = snap->own_exits;
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	if (!show)
		return rows;

	took = measure(reader);
	print("snapshot", reader, rows, exits, took);
	check(exits == reader->asked.nr && exits <= most_exits(rows), "exits of a snapshot",
	      "%lu for %lu rows, expected %lu at most", exits, rows, most_exits(rows));

	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		reader->asked.nr = 1;
		reader->asked.questions[0].leaf = questions[i].leaf;
		reader->asked.questions[0].subleaf = questions[i].subleaf;
		print(questions[i].name, reader, rows, 1, measure(reader));
	}
	return rows;
}

static void run(struct vcpu *vcpu, unsigned int ops)
{
	vcpu_call(vcpu, guest_nap);
	for (unsigned int i = 0; i < ops; i++)
		run_op_once(vcpu, i);
}

void test_reading(void)
{
	static const int sizes[] = { 1, 2, 16, 64, MOST_VCPUS };
	struct reader reader = {};
	struct vm *vm = vm_create(VM_X2APIC);
	unsigned int ops = 0;

	reader.vcpu = vcpu_create(vm);
	vcpu_call(reader.vcpu, guest_nap);
	while (read_all(&reader, false) < ROWS && run_op_once(reader.vcpu, ops))
		ops++;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		while (vm->nr_vcpus < sizes[i])
			run(vcpu_create(vm), ops);
		read_all(&reader, true);
	}
	vm_destroy(vm);
}
