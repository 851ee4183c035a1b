// SPDX-License-Identifier: GPL-2.0-only
/* Who may see the statistics, and what it means to switch at run time. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define HIDE_PARAMETER	"/sys/module/kvm/parameters/exit_stats_hide_async"

static char mode_before[16];

static void mode(const char *name)
{
	if (!file_write(MODE_PARAMETER, name))
		die("cannot write %s to " MODE_PARAMETER, name);
}

static void restore_mode(void)
{
	file_write(MODE_PARAMETER, mode_before);
}

/*
 * Stock KVM: a leaf that no entry describes is zero for a guest whose vendor is
 * AMD, and for one whose vendor is Intel what the highest basic leaf answers
 * for the same ECX.  The vendor is what the VMM says it is.
 */
static const u32 vendor_amd[] = { 0x68747541, 0x69746e65, 0x444d4163 };
static const u32 vendor_intel[] = { 0x756e6547, 0x49656e69, 0x6c65746e };

static struct vm *vm_of_vendor(const u32 *vendor)
{
	struct vm *vm = vm_create(0);
	struct kvm_cpuid_entry2 *entry = vm_cpuid(vm, 0, false);

	entry->ebx = vendor[0];
	entry->edx = vendor[1];
	entry->ecx = vendor[2];
	return vm;
}

#define NR_SUBLEAVES	3
#define LEAVES_OF_CLASS	0x100

static void as_stock(const u32 *vendor, const char *name)
{
	static const u32 subleaves[NR_SUBLEAVES] = { 0, 1, 10 };
	struct vm *vm = vm_of_vendor(vendor);
	struct vcpu *vcpu = vcpu_create(vm);
	struct query expected[NR_SUBLEAVES], q[LEAVES_OF_CLASS * NR_SUBLEAVES];
	bool passed = true;
	char why[128] = "";

	memset(expected, 0, sizeof(expected));
	if (vendor == vendor_intel) {
		for (int i = 0; i < NR_SUBLEAVES; i++) {
			expected[i].leaf = vm_cpuid(vm, 0, false)->eax;
			expected[i].subleaf = subleaves[i];
		}
		ask(vcpu, expected, NR_SUBLEAVES);
	}

	for (int i = 0; i < LEAVES_OF_CLASS * NR_SUBLEAVES; i++)
		q[i] = (struct query) {
			.leaf = KVM_EXIT_STATS_SIGNATURE + i / NR_SUBLEAVES,
			.subleaf = subleaves[i % NR_SUBLEAVES],
		};
	ask(vcpu, q, ARRAY_SIZE(q));
	for (size_t i = 0; passed && i < ARRAY_SIZE(q); i++) {
		const struct query *e = &expected[i % NR_SUBLEAVES];

		passed = q[i].rax == e->rax && q[i].rbx == e->rbx &&
			 q[i].rcx == e->rcx && q[i].rdx == e->rdx;
		if (!passed)
			snprintf(why, sizeof(why), "leaf %#x: %#lx %#lx %#lx %#lx",
				 q[i].leaf, q[i].rax, q[i].rbx, q[i].rcx,
				 q[i].rdx);
	}
	check(passed, name, "%s", why);
	vm_destroy(vm);
}

/* For the case guest-as-stock: on stock modules, and on ours below "guest". */
void test_as_stock(void)
{
	as_stock(vendor_amd, "an AMD guest gets zeros");
	as_stock(vendor_intel, "an Intel guest gets its highest basic leaf");
}

static void below_guest(void)
{
	mode("off");
	as_stock(vendor_amd, "off: an AMD guest gets zeros");
	as_stock(vendor_intel, "off: an Intel guest gets its highest basic leaf");
	mode("host");
	as_stock(vendor_amd, "host: an AMD guest gets zeros");
	as_stock(vendor_intel, "host: an Intel guest gets its highest basic leaf");
	mode("guest");
	check(guest_sees_stats(), "guest: a guest sees its statistics",
	      "no signature");
}

#define CALLS	500
#define OFF_MS	200

static __guest void guest_hypercalls(struct guest *g)
{
	for (int i = 0; i < CALLS; i++)
		hypercall(g);
}

static u64 own_elapsed(struct vcpu *vcpu)
{
	return ask_value(vcpu, KVM_EXIT_STATS_SELECT(KVM_EXIT_STATS_ALL_ROWS,
						     KVM_EXIT_STAT_ELAPSED));
}

/* Neither exits nor time of a period in which statistics are off show. */
static void off_and_on(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);
	u64 calls, elapsed, begin, off, whole;
	struct table table;

	mode("guest");
	vcpu_call(vcpu, guest_hypercalls);
	begin = rdtsc();
	elapsed = own_elapsed(vcpu);
	mode("off");
	off = rdtsc();
	vcpu_call(vcpu, guest_hypercalls);
	usleep(OFF_MS * 1000);
	vcpu_call(vcpu, guest_hypercalls);
	off = rdtsc() - off;
	mode("guest");
	vcpu_call(vcpu, guest_hypercalls);
	calls = ask_exits(vcpu, REASON_HYPERCALL);
	elapsed = own_elapsed(vcpu) - elapsed;
	whole = rdtsc() - begin;
	check(calls == 2 * CALLS, "exits while off are not counted",
	      "%lu hypercalls, expected %d", calls, 2 * CALLS);
	check(elapsed + off <= whole, "nor does the clock run",
	      "%lu cycles elapsed, and %lu while off, of %lu", elapsed, off, whole);

	if (vm_table(vm, &table)) {
		u64 sum = table_buckets(&table);

		check(sum == table.elapsed, "the buckets are what elapsed",
		      "%lu of %lu", sum, table.elapsed);
	}

	mode("host");
	vcpu_call(vcpu, guest_hypercalls);
	mode("guest");
	calls = ask_exits(vcpu, REASON_HYPERCALL);
	check(calls == 3 * CALLS, "exits that only the host sees are counted",
	      "%lu hypercalls, expected %d", calls, 3 * CALLS);
	vm_destroy(vm);
}

/* A VM that ran before statistics were on for the first time */
static void switched_on_late(void)
{
	struct vm *vm;
	struct vcpu *vcpu;
	u64 calls;

	mode("off");
	vm = vm_create(0);
	vcpu = vcpu_create(vm);
	vcpu_call(vcpu, guest_hypercalls);
	mode("guest");
	vcpu_call(vcpu, guest_hypercalls);
	calls = ask_exits(vcpu, REASON_HYPERCALL);
	check(calls == CALLS, "a VM that is older than the statistics counts",
	      "%lu hypercalls, expected %d", calls, CALLS);
	vm_destroy(vm);
}

#define SWITCHES	50
#define ROUNDS		400

static bool has_run;

static void *run_all_the_time(void *argument)
{
	for (int i = 0; i < ROUNDS; i++)
		vcpu_call(argument, guest_hypercalls);
	__atomic_store_n(&has_run, true, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * A switch patches code that another CPU may be executing.  QEMU lets a CPU
 * that is a thread of its own execute a breakpoint that is no longer there, and
 * the kernel, stock or not, dies of it.
 */
static void while_running(void)
{
	pthread_t runner;
	struct table table;
	struct vcpu *vcpu;
	struct vm *vm;
	u64 sum, begin, took, calls;
	int in_time = 0;

	if (host.tcg && sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		skip("switched while a guest runs",
		     "QEMU's emulation of several CPUs does not stand it");
		return;
	}
	vm = vm_create(0);
	vcpu = vcpu_create(vm);
	begin = rdtsc();
	if (pthread_create(&runner, NULL, run_all_the_time, vcpu))
		die("pthread_create failed");
	for (int i = 0; i < SWITCHES; i++) {
		mode("off");
		mode("guest");
		in_time += !__atomic_load_n(&has_run, __ATOMIC_ACQUIRE);
	}
	pthread_join(runner, NULL);
	took = rdtsc() - begin;

	if (!vm_table(vm, &table)) {
		check(false, "the host's table", "it is not in debugfs");
		goto out;
	}
	sum = table_buckets(&table);
	check(sum == table.elapsed && table.elapsed <= took,
	      "switched while a guest runs, the buckets are what elapsed",
	      "%lu of %lu, %lu passed", sum, table.elapsed, took);
	calls = counts_get(&table.counts, REASON_HYPERCALL);
	check(in_time && calls && calls <= (u64)CALLS * ROUNDS &&
		      table.sum[COL_EXITS] == table.total[COL_EXITS],
	      "and no exit is counted twice", "%lu hypercalls of %d, %d times off and on", calls,
	      CALLS * ROUNDS, in_time);
out:
	vm_destroy(vm);
}

#define VMM_EAX	0x12345678
#define VMM_EBX	0x9abcdef0

static void vmm_wins(u32 leaf, const char *name)
{
	struct query q = { .leaf = leaf };
	struct vm *vm = vm_create(0);
	struct kvm_cpuid_entry2 *entry = vm_cpuid(vm, leaf, true);

	entry->eax = VMM_EAX;
	entry->ebx = VMM_EBX;
	ask(vcpu_create(vm), &q, 1);
	check(q.rax == VMM_EAX && q.rbx == VMM_EBX && !q.rcx && !q.rdx, name,
	      "%#lx %#lx %#lx %#lx", q.rax, q.rbx, q.rcx, q.rdx);
	vm_destroy(vm);
}

/* An empty signature from the VMM: this VM has no such class. */
static void vmm_hides(void)
{
	struct query q[] = {
		{ .leaf = KVM_EXIT_STATS_SIGNATURE },
		{ .leaf = KVM_EXIT_STATS_TOTAL_EXITS },
		{ .leaf = KVM_EXIT_STATS_REASON_EXITS },
	};
	struct vm *vm = vm_of_vendor(vendor_amd);
	bool passed = true;

	vm_cpuid(vm, KVM_EXIT_STATS_SIGNATURE, true);
	ask(vcpu_create(vm), q, ARRAY_SIZE(q));
	for (size_t i = 0; i < ARRAY_SIZE(q); i++)
		passed &= !q[i].rax && !q[i].rbx && !q[i].rcx && !q[i].rdx;
	check(passed, "a VMM's empty signature hides the class",
	      "total %#lx", q[1].rax);
	vm_destroy(vm);
}

static __guest void guest_busy(struct guest *g)
{
	const u64 *cycles = g->data;

	busy(*cycles);
}

#define HIDE_MS	100	/* long enough for ticks of the host */

static void hide_async(void)
{
	u32 slot = reason_by_code(REASON_INTERRUPT)->slot;
	struct query q[] = {
		{ .leaf = KVM_EXIT_STATS_REASON_EXITS,
		  .subleaf = REASON_INTERRUPT },
		{ .leaf = KVM_EXIT_STATS_ROW_SUM, .subleaf = slot },
		{ .leaf = KVM_EXIT_STATS_VALUE,
		  .subleaf = KVM_EXIT_STATS_SELECT(slot, KVM_EXIT_STAT_EXITS) },
		{ .leaf = KVM_EXIT_STATS_TOTAL_EXITS },
		{ .leaf = KVM_EXIT_STATS_INFO },
	};
	u64 interrupts, visible = 0, stat;
	struct vm *vm;
	struct vcpu *vcpu;
	char before[8];

	file_word(HIDE_PARAMETER, before, sizeof(before));
	if (!before[0]) {
		skip("hidden rows", "no parameter exit_stats_hide_async");
		return;
	}
	vm = vm_create(0);
	vcpu = vcpu_create(vm);
	*(u64 *)vcpu->data = MILLISECONDS(HIDE_MS);
	vcpu_call(vcpu, guest_busy);
	interrupts = ask_exits(vcpu, REASON_INTERRUPT);
	check(interrupts, "the host's interrupts show by default", "none");

	file_write(HIDE_PARAMETER, "1");
	ask(vcpu, q, ARRAY_SIZE(q));
	check(!q[0].rax && !q[1].rax && !q[1].rcx && !q[2].rax,
	      "they can be hidden", "%lu, %lu, %lu", q[0].rax, q[1].rax,
	      q[2].rax);
	check(q[4].rbx & KVM_EXIT_STATS_FEAT_HIDE_ASYNC, "the guest is told",
	      "features %#lx", q[4].rbx);
	/* Since the total: one query and the last I/O, or interrupts. */
	stat = vm_stat_exits(vm);
	visible = answer_exits(&q[3]);
	check(visible + interrupts <= stat && visible < stat,
	      "they are not in the total", "total %lu, hidden %lu, all %lu",
	      visible, interrupts, stat);
	file_write(HIDE_PARAMETER, before);
	vm_destroy(vm);
}

void test_modes(void)
{
	file_word(MODE_PARAMETER, mode_before, sizeof(mode_before));
	if (!mode_before[0]) {
		check(false, "the parameter", "there is no " MODE_PARAMETER);
		return;
	}
	atexit(restore_mode);

	below_guest();
	off_and_on();
	switched_on_late();
	while_running();
	vmm_wins(KVM_EXIT_STATS_SIGNATURE, "the VMM's own signature wins");
	vmm_wins(KVM_EXIT_STATS_TOTAL_EXITS, "the VMM's own leaf wins");
	vmm_hides();
	hide_async();
	restore_mode();
}
