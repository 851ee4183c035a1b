// SPDX-License-Identifier: GPL-2.0-only
/*
 * Time against an account that is not ours: for each reason, what our rows have
 * (kernel, user, idle and preempted) is what passed between the tracepoints
 * kvm_exit and kvm_entry, as a histogram in the kernel adds it up, in the same
 * TSC cycles.
 *
 * The tracepoints are a little inside of our hooks: from the hook at VM-exit to
 * kvm_exit, and from kvm_entry to the hook at VM-entry, KVM restores the host's
 * state, with interrupts off.  So ours is never less than the trace's, and more by
 * a little each exit.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"
#include "threads.h"

#define ROUNDS		60
#define SLOW_MS		2
#define SLEEP_MS	5
#define COMPUTE_MS	8
#define PERCENT		2	/* of the total time, for each reason */

#define TRACING		"/sys/kernel/tracing"
#define EXIT_TRIGGER	TRACING "/events/kvm/kvm_exit/trigger"
#define ENTRY_TRIGGER	TRACING "/events/kvm/kvm_entry/trigger"
#define SYNTHETIC	TRACING "/synthetic_events"
#define PROBES		TRACING "/kprobe_events"
#define INTERVAL	TRACING "/events/synthetic/exit_to_entry"

#define TRIGGER(file, text) { file, text, "!" text }

#define TRIGGER_ENTRY	"hist:keys=common_pid:cycles=common_timestamp-$begin:" \
			"clock=x86-tsc:" \
			"onmatch(kvm.kvm_exit).exit_to_entry($why,$cycles)"

/* What is written to a file, and what takes it back */
struct trigger {
	const char *file, *text, *back;
};

/* A vCPU's exit and the entry that follows have its thread in common. */
static const struct trigger from_kvm_exit[] = {
	TRIGGER(SYNTHETIC, "exit_to_entry unsigned int reason; u64 cycles"),
	TRIGGER(EXIT_TRIGGER,
		"hist:keys=common_pid:begin=common_timestamp,why=exit_reason:clock=x86-tsc"),
	TRIGGER(ENTRY_TRIGGER, TRIGGER_ENTRY),
	TRIGGER(INTERVAL "/trigger", "hist:keys=reason:vals=cycles"),
	{}
};

/*
 * SVM on Linux 6.1 has kvm_exit after interrupts are on again: that KVM takes the
 * one that has come is what such an exit is about, and would be missed.
 */
static const struct trigger from_irqs_off[] = {
	TRIGGER(SYNTHETIC, "exit_to_entry unsigned int reason; u64 cycles"),
	{ PROBES, "p:irqs_off svm_handle_exit_irqoff", "-:irqs_off" },
	TRIGGER(TRACING "/events/kprobes/irqs_off/trigger",
		"hist:keys=common_pid:begin=common_timestamp:clock=x86-tsc"),
	TRIGGER(EXIT_TRIGGER, "hist:keys=common_pid:why=exit_reason:clock=x86-tsc"),
	TRIGGER(ENTRY_TRIGGER, TRIGGER_ENTRY),
	TRIGGER(INTERVAL "/trigger", "hist:keys=reason:vals=cycles"),
	{}
};

/* KCSAN stops a thread at an access now and then, and waits for who comes by. */
#define KCSAN		"/sys/kernel/debug/kcsan"
#define PERCENT_KCSAN	5

static const struct trigger *the_triggers(void)
{
	struct utsname name;

	/* Without probes, as in kernels that the lab builds, more time is out of the trace. */
	if (host.svm && !access(PROBES, F_OK) && !uname(&name) &&
	    !strncmp(name.release, "6.1.", 4))
		return from_irqs_off;
	return from_kvm_exit;
}

static void stop_intervals(void)
{
	const struct trigger *first = the_triggers(), *t = first;

	while (t->file)
		t++;
	while (t-- > first)
		file_write(t->file, t->back);
}

static bool start_intervals(void)
{
	static bool at_exit;

	/* Nobody may unload KVM while it is traced. */
	if (!at_exit)
		atexit(stop_intervals);
	at_exit = true;
	for (const struct trigger *t = the_triggers(); t->file; t++) {
		if (!file_write(t->file, t->text)) {
			printf("# %s does not take: %s\n", t->file, t->text);
			stop_intervals();
			return false;
		}
	}
	return true;
}

/* Cycles by reason; and how many intervals it were */
static void read_intervals(struct counts *cycles, struct counts *times)
{
	FILE *file = fopen(INTERVAL "/hist", "re");
	char line[256];
	u64 code, hits, sum;

	if (!file)
		die("the histogram of exit_to_entry cannot be read");
	cycles->nr = 0;
	times->nr = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "{ reason: %lu } hitcount: %lu cycles: %lu", &code, &hits,
			   &sum) != 3)
			continue;
		counts_set(cycles, code, sum);
		counts_set(times, code, hits);
	}
	fclose(file);
}

/* Long exits of every bucket, and short ones */
static __guest void guest_mixture(struct guest *g)
{
	const u64 *arguments = g->data;
	struct regs r = {};

	timer_setup();
	for (u64 i = 0; i < ROUNDS; i++) {
		cpuid(&r);
		hypercall(g);
		outb(PORT_DATA, i);
		*(volatile u32 *)GUEST_MMIO = i;
		timer_sleep(arguments[0]);
		busy(arguments[1]);
	}
}

static void slow_io(struct vcpu *vcpu)
{
	spin(MILLISECONDS(SLOW_MS));
}

static bool stop;

static void *compete(void *argument)
{
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
		;
	return NULL;
}

static u64 row_time(const struct table *table, u32 code)
{
	u64 sum = 0;

	for (int col = COL_KERNEL; col < NR_COLS; col++)
		sum += table_get(table, code, col);
	return sum;
}

static void run(struct vcpu *vcpu)
{
	u64 *arguments = vcpu->data;
	pthread_t thread;
	cpu_set_t all;
	int cpus[2];

	stop = false;
	arguments[0] = MILLISECONDS(SLEEP_MS);
	arguments[1] = MILLISECONDS(COMPUTE_MS);
	vcpu->io = slow_io;
	usable_cpus(cpus, &all);
	pin(0, cpus, 1);
	start_thread(&thread, compete, NULL);
	vcpu_call(vcpu, guest_mixture);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	set_affinity(0, &all);
}

static u64 sum_of(const struct counts *cycles)
{
	u64 sum = 0;

	for (unsigned int i = 0; i < cycles->nr; i++)
		sum += cycles->of[i].exits;
	return sum;
}

static s64 apart(const struct table *table, unsigned int i, const struct counts *cycles)
{
	u32 code = table->counts.of[i].code;

	return row_time(table, code) - counts_get(cycles, code);
}

static u64 percent(void)
{
	return access(KCSAN, F_OK) ? PERCENT : PERCENT_KCSAN;
}

/*
 * A time that is too long, and none that is too short, as with an emulator that was
 * held up between a hook and its tracepoint?
 */
static bool held_up(const struct table *table, const struct counts *cycles)
{
	u64 total = sum_of(cycles);
	bool longer = false;

	for (unsigned int i = 0; i < table->counts.nr; i++) {
		if (apart(table, i, cycles) < 0)
			return false;
		if (apart(table, i, cycles) * 100 > (s64)(total * percent()))
			longer = true;
	}
	return longer;
}

static void compare(const struct table *table, const struct counts *cycles,
		    const struct counts *times)
{
	u64 total = sum_of(cycles), all[NR_COLS] = {};
	char name[64];

	for (unsigned int i = 0; i < table->counts.nr; i++) {
		u32 code = table->counts.of[i].code;
		u64 exits = table->counts.of[i].exits;
		u64 ours = row_time(table, code), traced = counts_get(cycles, code);
		s64 more = apart(table, i, cycles);

		for (int col = 0; col < NR_COLS; col++)
			all[col] += table->rows[i][col];
		snprintf(name, sizeof(name), "%s, as the tracepoints have it",
			 reason_by_code(code)->name);
		printf("# %-20s %6lu exits %12lu cycles,", reason_by_code(code)->name, exits,
		       ours);
		printf(" traced %6lu %12lu, %ld apart\n", counts_get(times, code), traced, more);
		check(more >= 0 && (u64)more * 100 <= total * percent(), name,
		      "%lu cycles, traced %lu, of %lu", ours, traced, total);
	}
	printf("# in all %lu kernel, %lu user, %lu idle, %lu preempted\n", all[COL_KERNEL],
	       all[COL_USER], all[COL_IDLE], all[COL_PREEMPTED]);
	check(all[COL_USER] * 100 > total * PERCENT && all[COL_IDLE] * 100 > total * PERCENT &&
		      all[COL_PREEMPTED] * 100 > total * PERCENT,
	      "no bucket is too small to tell", "user %lu, idle %lu, preempted %lu of %lu",
	      all[COL_USER], all[COL_IDLE], all[COL_PREEMPTED], total);
}

/* A VM that does all of that, and what the trace and the table have of it */
static bool measure(struct table *table, struct counts *cycles, struct counts *times)
{
	struct vm *vm;

	if (!start_intervals())
		return false;
	vm = vm_create(VM_X2APIC);
	run(vcpu_create(vm));
	read_intervals(cycles, times);
	if (!vm_table(vm, table))
		die("the host's table is not in debugfs");
	stop_intervals();
	vm_destroy(vm);
	return true;
}

void test_time_oracle(void)
{
	struct counts cycles, times;
	struct table table;

	if (!host.tsc_deadline) {
		skip("all", "no TSC-deadline timer");
		return;
	}
	if (access(SYNTHETIC, F_OK)) {
		skip("all", "this kernel has no synthetic events");
		return;
	}
	if (!check(measure(&table, &cycles, &times), "the kernel adds up intervals", "see above"))
		return;
	/* Such a time is in ours alone, and it is not so each time. */
	if (held_up(&table, &cycles)) {
		printf("note - time-oracle: more than %lu percent apart, once more\n", percent());
		if (!measure(&table, &cycles, &times))
			die("the kernel adds up intervals only once");
	}
	compare(&table, &cycles, &times);
}
