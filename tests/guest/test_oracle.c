// SPDX-License-Identifier: GPL-2.0-only
/*
 * From its first entry to its end, a VM's counts are those of the tracepoint
 * kvm:kvm_exit: equal, for every reason.  The host reads both at rest.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define ROUNDS		300
#define NR_PAGES	128
#define PAGE_SIZE	4096
#define BUSY		50000	/* cycles */
#define MSR_UCODE_REVISION 0x8b

/* A bit of everything; each vCPU has its own part of the fresh pages. */
static __guest void guest_mixture(struct guest *g)
{
	const u64 *pages = g->data;
	struct regs r = {};

	ticks_setup();
	for (u64 i = 0; i < ROUNDS; i++) {
		cpuid(&r);
		hypercall(g);
		outb(PORT_DATA, i);
		inb(PORT_DATA);
		rdmsr(MSR_UCODE_REVISION);
		*(volatile u32 *)GUEST_MMIO = i;
		asm volatile(MAY_FAULT("ud2") : : : "r11", "memory");
		if (i < NR_PAGES)
			*(volatile u64 *)(*pages + i * PAGE_SIZE) = i;
		halt();
		busy(BUSY);
	}
}

static void *thread(void *argument)
{
	vcpu_call(argument, guest_mixture);
	return NULL;
}

void test_oracle(void)
{
	struct counts before, after;
	struct table table;
	pthread_t threads[2];
	struct vcpu *vcpus[ARRAY_SIZE(threads)];
	bool passed = true;
	u64 all = 0;
	char why[128] = "";
	struct vm *vm;

	if (!trace_start()) {
		skip("all", "no histogram of kvm_exit on this host");
		return;
	}

	vm = vm_create(VM_X2APIC);
	trace_read(&before);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		vcpus[i] = vcpu_create(vm);
		*(u64 *)vcpus[i]->data = GUEST_FRESH + i * NR_PAGES * PAGE_SIZE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		if (pthread_create(&threads[i], NULL, thread, vcpus[i]))
			die("pthread_create failed");
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_join(threads[i], NULL);
	trace_read(&after);
	if (!vm_table(vm, &table)) {
		check(false, "the host's table", "it is not in debugfs");
		goto out;
	}

	/* Every code that either of the two knows */
	for (unsigned int i = 0; i < after.nr; i++) {
		u32 code = after.of[i].code;
		u64 traced = after.of[i].exits - counts_get(&before, code);
		u64 counted = counts_get(&table.counts, code);
		const struct reason *reason = reason_by_code(code);

		all += traced;
		if (traced == counted)
			continue;
		passed = false;
		snprintf(why, sizeof(why), "%s (%#x): counted %lu, traced %lu",
			 reason ? reason->name : "OTHER", code, counted, traced);
	}
	check(passed, "every reason", "%s", why);
	check(all == table.total[COL_EXITS] && all == vm_stat_exits(vm),
	      "all of them, and stat.exits",
	      "counted %lu, traced %lu, stat.exits %lu", table.total[COL_EXITS],
	      all, vm_stat_exits(vm));
	printf("# %lu exits of %u reasons\n", all, table.counts.nr);
out:
	vm_destroy(vm);
}
