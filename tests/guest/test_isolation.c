// SPDX-License-Identifier: GPL-2.0-only
/* A VM sees its own vCPUs, all of them, and nobody else's. */
#define _GNU_SOURCE
#include <pthread.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define CALLS_FIRST	1000
#define CALLS_SECOND	1777
#define CALLS_LATE	333

static __guest void guest_hypercalls(struct guest *g)
{
	const u64 *n = g->data;

	for (u64 i = *n; i; i--)
		hypercall(g);
}

static void run_hypercalls(struct vcpu *vcpu, u64 n)
{
	*(u64 *)vcpu->data = n;
	vcpu_call(vcpu, guest_hypercalls);
}

struct job {
	struct vcpu *vcpu;
	u64 n;
};

static void *thread(void *argument)
{
	struct job *job = argument;

	run_hypercalls(job->vcpu, job->n);
	return NULL;
}

/* Both at the same time, each on a thread of its own */
static void run_both(struct vcpu *a, u64 n_a, struct vcpu *b, u64 n_b)
{
	struct job jobs[] = { { a, n_a }, { b, n_b } };
	pthread_t threads[ARRAY_SIZE(jobs)];

	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		if (pthread_create(&threads[i], NULL, thread, &jobs[i]))
			die("pthread_create failed");
	for (size_t i = 0; i < ARRAY_SIZE(jobs); i++)
		pthread_join(threads[i], NULL);
}

static void expect_calls(struct vcpu *vcpu, u64 n, const char *name)
{
	u64 seen = ask_exits(vcpu, REASON_HYPERCALL);

	check(seen == n, name, "%lu hypercalls, expected %lu", seen, n);
}

static u64 own_calls(struct vcpu *vcpu)
{
	u32 slot = reason_by_code(REASON_HYPERCALL)->slot;

	return ask_value(vcpu, KVM_EXIT_STATS_THIS_VCPU |
				       KVM_EXIT_STATS_SELECT(slot, KVM_EXIT_STAT_EXITS));
}

static void expect_own(struct vcpu *vcpu, u64 n, const char *name)
{
	u64 seen = own_calls(vcpu);

	check(seen == n, name, "%lu hypercalls, expected %lu", seen, n);
}

static void expect_vcpus(struct vcpu *vcpu, const char *name)
{
	struct query q = { .leaf = KVM_EXIT_STATS_INFO,
			   .subleaf = KVM_EXIT_STATS_INFO_CLOCK };

	ask(vcpu, &q, 1);
	check(q.rcx == (u64)vcpu->vm->nr_vcpus && q.rdx == (u64)vcpu->index,
	      name, "vCPU %lu of %lu, expected %d of %d", q.rdx, q.rcx,
	      vcpu->index, vcpu->vm->nr_vcpus);
}

void test_isolation(void)
{
	struct vm *first = vm_create(0), *second = vm_create(0);
	struct vcpu *a = vcpu_create(first), *b = vcpu_create(second);
	struct vcpu *late;

	run_both(a, CALLS_FIRST, b, CALLS_SECOND);
	expect_calls(a, CALLS_FIRST, "the first VM sees its own exits");
	expect_calls(b, CALLS_SECOND, "the second VM sees its own exits");

	late = vcpu_create(first);
	expect_calls(a, CALLS_FIRST, "a vCPU that never ran adds nothing");
	expect_vcpus(a, "it is counted as a vCPU");

	run_hypercalls(late, CALLS_LATE);
	expect_calls(a, CALLS_FIRST + CALLS_LATE, "vCPUs are summed up");
	expect_calls(late, CALLS_FIRST + CALLS_LATE,
		     "each of them sees the sum");
	expect_own(a, CALLS_FIRST, "the first one alone");
	expect_own(late, CALLS_LATE, "the late one alone");
	expect_vcpus(late, "it knows which one it is");

	run_both(a, CALLS_FIRST, late, CALLS_LATE);
	expect_calls(a, 2 * (CALLS_FIRST + CALLS_LATE),
		     "two vCPUs at a time lose nothing");

	vm_destroy(second);
	expect_calls(a, 2 * (CALLS_FIRST + CALLS_LATE),
		     "the other VM's end changes nothing");
	vm_destroy(first);
}
