// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that is a hypervisor itself: every exit of the hardware counts once,
 * on the vCPU that took it, whether KVM or the guest's hypervisor handles it.
 * And what that hypervisor answers to its own guest stays what it is.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>

#include "nested.h"
#include "report.h"
#include "tests.h"

#define ROUNDS		100
#define NR_VCPUS	2

#define CPUID_SVM	0x80000001u
#define CPUID_SVM_ECX	(1u << 2)
#define CPUID_VMX	1
#define CPUID_VMX_ECX	(1u << 5)

static const struct hypervisor *hypervisor;

/* A phase of the test, on one of the vCPUs */
struct work {
	struct vcpu *vcpu;
	guest_fn fn;
	struct table before, after;
};

static void *thread(void *argument)
{
	struct work *work = argument;

	vcpu_call(work->vcpu, work->fn);
	return NULL;
}

static u64 moved(const struct work *work, u32 code)
{
	return counts_get(&work->after.counts, code) -
	       counts_get(&work->before.counts, code);
}

/* The rows of one vCPU, as far as the guest alone decides */
static bool rows_match(const struct work *work, char *why, size_t size)
{
	struct nested_row rows[MAX_NESTED_ROWS];
	unsigned int nr = hypervisor->rows(work->vcpu->data, rows);

	for (unsigned int i = 0; i < nr; i++) {
		u64 got = moved(work, rows[i].code);

		if (got == rows[i].want ||
		    (rows[i].at_most && got < rows[i].want))
			continue;
		snprintf(why, size, "vCPU %d: %s: %lu exits, expected %lu",
			 work->vcpu->index, reason_by_code(rows[i].code)->name,
			 got, rows[i].want);
		return false;
	}
	return true;
}

/* Both vCPUs together are all that the host has seen. */
static bool equals_trace(const struct work *work, const struct counts *before,
			 const struct counts *after, u64 stat, char *why,
			 size_t size)
{
	u64 all = 0, total = 0;

	for (unsigned int i = 0; i < NR_VCPUS; i++)
		total += work[i].after.total[COL_EXITS] -
			 work[i].before.total[COL_EXITS];
	for (unsigned int i = 0; i < after->nr; i++) {
		u32 code = after->of[i].code;
		const struct reason *reason = reason_by_code(code);
		u64 traced = after->of[i].exits - counts_get(before, code);
		u64 counted = 0;

		all += traced;
		for (unsigned int j = 0; j < NR_VCPUS; j++)
			counted += moved(&work[j], code);
		if (counted == traced)
			continue;
		snprintf(why, size, "%s (%#x): counted %lu, traced %lu",
			 reason ? reason->name : "OTHER", code, counted, traced);
		return false;
	}
	snprintf(why, size, "counted %lu, traced %lu, stat.exits %lu", total,
		 all, stat);
	return total == all && total == stat;
}

static bool tables(struct work *work, bool after)
{
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		if (!vcpu_table(work[i].vcpu, after ? &work[i].after :
						      &work[i].before))
			return false;
	return true;
}

/* Each vCPU does another number of rounds. */
static void run_phase(struct vm *vm, const char *name, guest_fn fn, u64 flags,
		      bool traced)
{
	struct work work[NR_VCPUS] = {};
	struct counts before = {}, after = {};
	pthread_t threads[NR_VCPUS];
	bool exact = true, answered = true;
	u64 stat, wrong = 0, unexpected = 0, entries = 0;
	char what[64], why[128] = "";

	for (unsigned int i = 0; i < NR_VCPUS; i++) {
		struct nested *nested = vm->vcpus[i].data;

		work[i].vcpu = &vm->vcpus[i];
		work[i].fn = fn;
		nested->rounds = ROUNDS * (i + 1);
		nested->flags = flags;
		vcpu_call(&vm->vcpus[i], hypervisor->setup);
	}

	if (!tables(work, false)) {
		check(false, name, "the host's table is not in debugfs");
		return;
	}
	stat = vm_stat_exits(vm);
	if (traced)
		trace_read(&before);
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		if (pthread_create(&threads[i], NULL, thread, &work[i]))
			die("pthread_create failed");
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		pthread_join(threads[i], NULL);
	if (traced)
		trace_read(&after);
	stat = vm_stat_exits(vm) - stat;
	tables(work, true);

	for (unsigned int i = 0; i < NR_VCPUS; i++)
		entries += counts_get(&work[i].after.counts, hypervisor->entry);
	for (unsigned int i = 0; i < NR_VCPUS; i++) {
		const struct nested *nested = vm->vcpus[i].data;
		u64 own = counts_get(&work[i].after.counts, hypervisor->entry);

		exact = exact && rows_match(&work[i], why, sizeof(why));
		wrong += nested->wrong;
		unexpected = unexpected ? unexpected : nested->unexpected;
		/* All its own, and as many of the other vCPU's as were by then */
		if (fn == hypervisor->run && !(flags & INTERCEPT_CPUID))
			answered = answered && nested->entries_seen >= own &&
				   nested->entries_seen <= entries;
	}
	check(exact, name, "%s", why);

	snprintf(what, sizeof(what), "%s, what the guests see", name);
	check(!wrong && !unexpected && answered, what,
	      "%lu wrong answers, exit %#lx, statistics %s", wrong,
	      unexpected ? unexpected - 1 : 0,
	      answered ? "as they are" : "are not KVM's");

	if (!traced)
		return;
	snprintf(what, sizeof(what), "%s, by tracepoint", name);
	check(equals_trace(work, &before, &after, stat, why, sizeof(why)), what,
	      "%s", why);
	printf("# %s: %s\n", name, why);
}

static bool offered(struct vm *vm)
{
	if (host.svm)
		return vm_cpuid(vm, CPUID_SVM, false)->ecx & CPUID_SVM_ECX;
	return vm_cpuid(vm, CPUID_VMX, false)->ecx & CPUID_VMX_ECX;
}

void test_nested(void)
{
	struct vm *vm = vm_create(0);
	bool traced;

	hypervisor = host.svm ? &hypervisor_svm : &hypervisor_vmx;
	if (!offered(vm)) {
		skip("all", "KVM does not offer virtualisation to its guests");
		goto out;
	}
	traced = trace_start();
	if (!traced)
		skip("tracepoint", "no histogram of kvm_exit on this host");
	for (unsigned int i = 0; i < NR_VCPUS; i++)
		vcpu_create(vm);

	run_phase(vm, "CPUID for the guest's hypervisor", hypervisor->run,
		  INTERCEPT_CPUID, traced);
	/* On VMX a CPUID exits to the next hypervisor in any case. */
	if (host.svm)
		run_phase(vm, "CPUID for KVM", hypervisor->run, 0, traced);
	run_phase(vm, hypervisor->invalid_name, hypervisor->invalid, INVALID_GUEST,
		  traced);
out:
	vm_destroy(vm);
}
