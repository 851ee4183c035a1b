// SPDX-License-Identifier: GPL-2.0-only
/* libexitstat and exitstat's report, against a processor made up here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/grid.h"
#include "cli/report.h"
#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define VMX_ENTRY(slot, code, name) VMX_SLOT_##name = (slot),
#define SVM_ENTRY(slot, code, name) SVM_SLOT_##name = (slot),

/* The slots as VMX_SLOT_CPUID and so on; what follows the last is their number. */
enum { KVM_EXIT_REASONS_VMX(VMX_ENTRY, VMX_ENTRY) VMX_ROWS };
enum { KVM_EXIT_REASONS_SVM(SVM_ENTRY, SVM_ENTRY) SVM_ROWS };

#define MAX_ROWS 400

struct fake_row {
	uint32_t code;
	uint32_t flags;
	uint64_t exits;
	uint64_t cycles;
};

struct fake {
	/* What surrounds the exit statistics */
	int bare_metal;
	const char *signature[3]; /* at 0x40000000, 0x40000100, ... */
	int rubbish; /* Intel: unknown leaves answer with the highest basic one */

	/* The exit statistics */
	int absent;
	uint32_t max_leaf;
	uint32_t abi, features, reasons, nr_rows;
	uint32_t nr_vcpus;
	uint64_t tsc_hz, instance;
	struct fake_row row[MAX_ROWS];
	uint32_t stray_bits; /* set behind the last row */
	unsigned int restarts; /* after that many questions for the instance */
	int gone_then; /* and the new host has nothing */

	/* What was asked */
	unsigned int asked;
	uint32_t first_leaf;
	unsigned int asked_leaf[0x10]; /* class 0x4fffff00, first leaves */
	unsigned int asked_hypervisor; /* class 0x40000000 and after */
};

static uint32_t low(uint64_t value)
{
	return (uint32_t)value;
}

static uint32_t high(uint64_t value)
{
	return value >> 32;
}

static void fake_info(struct fake *fake, uint32_t subleaf,
		      struct exitstat_regs *regs)
{
	switch (subleaf) {
	case KVM_EXIT_STATS_INFO_ABI:
		regs->eax = fake->abi;
		regs->ebx = fake->features;
		regs->ecx = fake->reasons;
		regs->edx = fake->nr_rows;
		break;
	case KVM_EXIT_STATS_INFO_CLOCK:
		regs->eax = low(fake->tsc_hz);
		regs->ebx = high(fake->tsc_hz);
		regs->ecx = fake->nr_vcpus;
		break;
	case KVM_EXIT_STATS_INFO_INSTANCE:
		regs->eax = low(fake->instance);
		regs->ebx = high(fake->instance);
		if (fake->restarts) {
			fake->restarts--;
			fake->instance++;
			fake->absent = fake->gone_then;
		}
		break;
	}
}

static void fake_bitmap(struct fake *fake, uint32_t group,
			struct exitstat_regs *regs)
{
	uint32_t word[4] = { 0 };

	for (uint32_t i = 0; i < 128; i++) {
		uint32_t slot = group * 128 + i;
		int set;

		if (slot < fake->nr_rows)
			set = fake->row[slot].exits || fake->row[slot].cycles;
		else
			set = slot < fake->nr_rows + fake->stray_bits;
		word[i / 32] |= (uint32_t)set << i % 32;
	}
	regs->eax = word[0];
	regs->ebx = word[1];
	regs->ecx = word[2];
	regs->edx = word[3];
}

static void fake_stats(struct fake *fake, uint32_t leaf, uint32_t subleaf,
		       struct exitstat_regs *regs)
{
	switch (leaf) {
	case KVM_EXIT_STATS_SIGNATURE:
		regs->eax = fake->max_leaf;
		memcpy(&regs->ebx, "KVME", 4);
		memcpy(&regs->ecx, "xitS", 4);
		memcpy(&regs->edx, "tats", 4);
		break;
	case KVM_EXIT_STATS_INFO:
		fake_info(fake, subleaf, regs);
		break;
	case KVM_EXIT_STATS_BITMAP:
		fake_bitmap(fake, subleaf, regs);
		break;
	case KVM_EXIT_STATS_ROW:
		if (subleaf >= fake->nr_rows)
			break;
		regs->eax = fake->row[subleaf].code;
		regs->ebx = fake->row[subleaf].flags;
		break;
	case KVM_EXIT_STATS_ROW_SUM:
		if (subleaf >= fake->nr_rows)
			break;
		regs->eax = low(fake->row[subleaf].exits);
		regs->ebx = high(fake->row[subleaf].exits);
		regs->ecx = low(fake->row[subleaf].cycles);
		regs->edx = high(fake->row[subleaf].cycles);
		break;
	}
}

static void fake_read(void *data, uint32_t leaf, uint32_t subleaf,
		      struct exitstat_regs *regs)
{
	struct fake *fake = data;
	uint32_t n = (leaf - 0x40000000u) / 0x100;

	if (!fake->asked++)
		fake->first_leaf = leaf;
	memset(regs, 0, sizeof(*regs));
	if (leaf == 1) {
		regs->ecx = fake->bare_metal ? 0x7ffafbff : 0xfffafbff;
		return;
	}
	if (leaf >> 8 == KVM_EXIT_STATS_SIGNATURE >> 8 && !fake->absent) {
		if ((leaf & 0xff) < ARRAY_SIZE(fake->asked_leaf))
			fake->asked_leaf[leaf & 0xff]++;
		fake_stats(fake, leaf, subleaf, regs);
		return;
	}
	if (leaf >= 0x40000000u && leaf <= 0x4000ffffu) {
		fake->asked_hypervisor++;
		if (n < ARRAY_SIZE(fake->signature) && fake->signature[n]) {
			regs->eax = leaf + 1;
			memcpy(&regs->ebx, fake->signature[n], 4);
			memcpy(&regs->ecx, fake->signature[n] + 4, 4);
			memcpy(&regs->edx, fake->signature[n] + 8, 4);
			return;
		}
	}
	if (fake->rubbish)
		*regs = (struct exitstat_regs){ 0x4fffffff, 0x340, 0x340, 1 };
}

#define KVM "KVMKVMKVM\0\0\0"

static void set(struct fake *fake, uint32_t slot, uint64_t exits,
		uint64_t cycles)
{
	assert_true(slot < MAX_ROWS);
	fake->row[slot].exits = exits;
	fake->row[slot].cycles = cycles;
}

static struct fake *new_fake(uint32_t reasons)
{
	struct fake *fake = test_calloc(1, sizeof(*fake));

	fake->signature[0] = KVM;
	fake->max_leaf = KVM_EXIT_STATS_MAX_LEAF;
	fake->abi = 1;
	fake->reasons = reasons;
	fake->nr_rows = reasons == KVM_EXIT_STATS_NS_VMX ? VMX_ROWS : SVM_ROWS;
	fake->nr_vcpus = 2;
	fake->tsc_hz = 2596105000ull;
	fake->instance = 0x123456789abcdefull;
	return fake;
}

static int open_fake(struct exitstat **es, struct fake *fake)
{
	struct exitstat_cpuid cpuid = { .read = fake_read, .data = fake };

	return exitstat_open_cpuid(es, &cpuid);
}

/* Opening fails with this error, this kind of host, and these words. */
static void refuses(struct fake *fake, int error, enum exitstat_host_kind kind,
		    const char *words)
{
	struct exitstat_snapshot *snap;
	struct exitstat *es;

	assert_int_equal(open_fake(&es, fake), error);
	assert_non_null(es);
	assert_int_equal(fake->first_leaf, KVM_EXIT_STATS_SIGNATURE);
	assert_int_equal(exitstat_host(es)->kind, kind);
	assert_non_null(strstr(exitstat_reason(es), words));
	assert_null(strchr(exitstat_reason(es), '\n'));
	/* Whole: it was not cut off. */
	assert_true(strlen(exitstat_reason(es)) < 200);
	assert_int_equal(exitstat_info(es)->nr_rows, 0);
	assert_int_equal(exitstat_own_exits(es), fake->asked);

	/* No way around it */
	assert_int_equal(exitstat_snapshot(es, &snap), error);
	assert_null(snap);
	exitstat_close(es);
	test_free(fake);
}

static struct fake *without(const char *signature)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_SVM);

	fake->absent = 1;
	fake->signature[0] = signature;
	return fake;
}

static void refuses_bare_metal(void **state)
{
	struct fake *fake = without(NULL);

	(void)state;
	fake->bare_metal = 1;
	refuses(fake, -ENODEV, EXITSTAT_HOST_BARE_METAL, "no hypervisor");

	fake = without(NULL);
	fake->bare_metal = 1;
	fake->rubbish = 1;
	refuses(fake, -ENODEV, EXITSTAT_HOST_BARE_METAL, "no hypervisor");
}

static void refuses_other_hypervisors(void **state)
{
	struct fake *fake;

	(void)state;
	refuses(without("Microsoft Hv"), -EOPNOTSUPP, EXITSTAT_HOST_FOREIGN,
		"Hyper-V (\"Microsoft Hv\"), not KVM");
	refuses(without("VMwareVMware"), -EOPNOTSUPP, EXITSTAT_HOST_FOREIGN,
		"VMware");
	refuses(without("TCGTCGTCGTCG"), -EOPNOTSUPP, EXITSTAT_HOST_FOREIGN,
		"QEMU (TCG)");
	refuses(without("New\033[2JThing"), -EOPNOTSUPP, EXITSTAT_HOST_FOREIGN,
		"one unknown here (\"New?[2JThing\")");
	refuses(without(NULL), -EOPNOTSUPP, EXITSTAT_HOST_FOREIGN,
		"gives no name");

	fake = without("XenVMMXenVMM");
	fake->rubbish = 1;
	refuses(fake, -EOPNOTSUPP, EXITSTAT_HOST_FOREIGN, "Xen");
}

static void refuses_kvm_without(void **state)
{
	struct fake *fake;

	(void)state;
	refuses(without(KVM), -ENOSYS, EXITSTAT_HOST_KVM_WITHOUT,
		"KVM without exit statistics");

	/* As stock KVM does on Intel */
	fake = without(KVM);
	fake->rubbish = 1;
	refuses(fake, -ENOSYS, EXITSTAT_HOST_KVM_WITHOUT, "exit_stats=guest");

	refuses(without("Linux KVM Hv"), -ENOSYS, EXITSTAT_HOST_KVM_WITHOUT,
		"KVM without");
}

static void finds_kvm_behind_others(void **state)
{
	struct fake *fake = without("Microsoft Hv");
	struct exitstat *es;

	(void)state;
	fake->signature[1] = KVM;
	assert_int_equal(open_fake(&es, fake), -ENOSYS);
	assert_int_equal(exitstat_host(es)->kvm_leaf, 0x40000100);
	assert_string_equal(exitstat_host(es)->signature, "Microsoft Hv");
	assert_string_equal(exitstat_host(es)->name, "Hyper-V");
	exitstat_close(es);
	fake->asked = 0;
	refuses(fake, -ENOSYS, EXITSTAT_HOST_KVM_WITHOUT, "KVM without");

	fake = without("XenVMMXenVMM");
	fake->signature[2] = KVM;
	fake->rubbish = 1;
	refuses(fake, -ENOSYS, EXITSTAT_HOST_KVM_WITHOUT, "KVM without");
}

static void needs_the_signature_only(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	struct exitstat *es;

	(void)state;
	/* A VMM may well hide that there is a hypervisor, or which. */
	fake->bare_metal = 1;
	fake->signature[0] = NULL;
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(fake->first_leaf, KVM_EXIT_STATS_SIGNATURE);
	assert_int_equal(fake->asked_hypervisor, 0);
	assert_int_equal(exitstat_host(es)->kind, EXITSTAT_HOST_READY);
	assert_string_equal(exitstat_host(es)->signature, "");
	assert_string_equal(exitstat_host(es)->name, "");
	exitstat_close(es);
	test_free(fake);
}

static void refuses_contradictions(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_SVM);

	(void)state;
	/* The name alone is not the signature. */
	fake->max_leaf = 0;
	refuses(fake, -ENOSYS, EXITSTAT_HOST_KVM_WITHOUT, "KVM without");

	fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	fake->max_leaf = KVM_EXIT_STATS_SIGNATURE;
	refuses(fake, -EPROTO, EXITSTAT_HOST_READY, "highest leaf");

	fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	fake->abi = 0;
	refuses(fake, -EPROTO, EXITSTAT_HOST_READY, "version 0");

	fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	fake->nr_rows = 0;
	refuses(fake, -EPROTO, EXITSTAT_HOST_READY, "0 rows");

	fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	fake->nr_rows = UINT32_MAX;
	refuses(fake, -EPROTO, EXITSTAT_HOST_READY, "4294967295 rows");
}

static void reads_info(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_VMX);
	const struct exitstat_info *info;
	struct exitstat *es;

	(void)state;
	fake->abi = 7; /* a later one: the ABI grows by addition */
	fake->features = KVM_EXIT_STATS_FEAT_STAT;
	fake->nr_vcpus = 288;
	fake->tsc_hz = 0x123456789ull;
	assert_int_equal(open_fake(&es, fake), 0);
	info = exitstat_info(es);
	assert_int_equal(info->abi, 7);
	assert_int_equal(info->features, KVM_EXIT_STATS_FEAT_STAT);
	assert_int_equal(info->reasons, KVM_EXIT_STATS_NS_VMX);
	assert_int_equal(info->nr_rows, VMX_ROWS);
	assert_int_equal(info->nr_vcpus, 288);
	assert_int_equal(info->tsc_hz, 0x123456789ull);
	assert_int_equal(info->instance, 0x123456789abcdefull);
	assert_int_equal(exitstat_own_exits(es), fake->asked);
	exitstat_close(es);
	test_free(fake);
}

struct wanted {
	uint32_t slot;
	uint32_t code;
	const char *name;
	uint64_t exits;
	uint64_t cycles;
};

static void check_rows(const struct exitstat *es,
		       const struct exitstat_snapshot *snap,
		       const struct wanted *wanted, size_t n)
{
	uint64_t exits = 0, cycles = 0;
	char name[EXITSTAT_NAME_SIZE];

	assert_int_equal(snap->nr_rows, n);
	for (size_t i = 0; i < n; i++) {
		const struct exitstat_row *row = &snap->rows[i];

		assert_int_equal(row->slot, wanted[i].slot);
		assert_int_equal(row->code, wanted[i].code);
		assert_int_equal(row->exits, wanted[i].exits);
		assert_int_equal(row->cycles, wanted[i].cycles);
		assert_ptr_equal(exitstat_name(es, row, name, sizeof(name)),
				 name);
		assert_string_equal(name, wanted[i].name);
		exits += wanted[i].exits;
		cycles += wanted[i].cycles;
	}
	assert_int_equal(snap->exits, exits);
	assert_int_equal(snap->cycles, cycles);
}

static void snapshot_svm(void **state)
{
	static const struct wanted wanted[] = {
		{ 0, 0, "OTHER", 3, 500 },
		{ SVM_SLOT_CPUID, 0x72, "CPUID", 0x100000000ull, 5 },
		{ SVM_SLOT_MCOMMIT, 0xa3, "MCOMMIT", 1, UINT64_MAX / 2 },
		{ SVM_SLOT_NPF, 0x400, "NPF", UINT32_MAX, 0xfedcba9876543210ull / 2 },
		{ SVM_SLOT_INVALID_PMC, 0xfffffffc, "INVALID_PMC", 9, 0 },
	};
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	struct exitstat_snapshot *snap;
	unsigned int before;
	struct exitstat *es;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		set(fake, wanted[i].slot, wanted[i].exits, wanted[i].cycles);
	fake->stray_bits = 80;
	assert_int_equal(open_fake(&es, fake), 0);
	before = fake->asked;
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	check_rows(es, snap, wanted, ARRAY_SIZE(wanted));
	assert_int_equal(snap->instance, fake->instance);

	/* Two bitmaps, a question a row, features, instance; not one more */
	assert_int_equal(snap->own_exits, 2 + ARRAY_SIZE(wanted) + 2);
	assert_int_equal(fake->asked - before, snap->own_exits);
	assert_int_equal(exitstat_own_exits(es), fake->asked);
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	test_free(fake);
}

static void snapshot_vmx(void **state)
{
	static const struct wanted wanted[] = {
		{ VMX_SLOT_EXCEPTION_NMI, 0, "EXCEPTION_NMI", 1, 2 },
		{ VMX_SLOT_TRIPLE_FAULT, 2, "TRIPLE_FAULT", 0, 77 },
		{ VMX_SLOT_CPUID, 10, "CPUID", 321, 400000 },
		{ VMX_SLOT_MSR_WRITE_IMM, 85, "MSR_WRITE_IMM", 4, 4 },
	};
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_VMX);
	struct exitstat_snapshot *snap;
	struct exitstat *es;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		set(fake, wanted[i].slot, wanted[i].exits, wanted[i].cycles);
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	check_rows(es, snap, wanted, ARRAY_SIZE(wanted));
	assert_int_equal(snap->own_exits, 1 + ARRAY_SIZE(wanted) + 2);
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	test_free(fake);
}

static void snapshot_of_nothing(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_VMX);
	struct exitstat_snapshot *snap;
	struct exitstat *es;

	(void)state;
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	check_rows(es, snap, NULL, 0);
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	test_free(fake);
}

/* A typical Linux guest has some 14 rows that are not zero. */
static void snapshot_is_cheap(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	struct exitstat_snapshot *snap;
	struct exitstat *es;

	(void)state;
	for (uint32_t slot = SVM_SLOT_INVD; slot < SVM_SLOT_INVD + 14; slot++)
		set(fake, slot, 1, 1);
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	assert_int_equal(snap->nr_rows, 14);
	assert_true(snap->own_exits <= 20);
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	test_free(fake);
}

static void newer_rows(void **state)
{
	static const struct wanted wanted[] = {
		{ VMX_SLOT_HLT, 12, "HLT", 10, 10 },
		{ VMX_ROWS, 0x55555, "0x55555 (unknown)", 1, 2 },
		{ VMX_ROWS + 60, 0x66, "0x66 (unknown)", 3, 4 },
	};
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_VMX);
	struct exitstat_snapshot *snap;
	struct exitstat *es;

	(void)state;
	fake->nr_rows = VMX_ROWS + 61;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		set(fake, wanted[i].slot, wanted[i].exits, wanted[i].cycles);
		fake->row[wanted[i].slot].code = wanted[i].code;
		fake->row[wanted[i].slot].flags = KVM_EXIT_STATS_ROW_VALID;
	}
	assert_int_equal(open_fake(&es, fake), 0);
	/* Codes are asked for once. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(exitstat_snapshot(es, &snap), 0);
		check_rows(es, snap, wanted, ARRAY_SIZE(wanted));
		exitstat_snapshot_free(snap);
		assert_int_equal(fake->asked_leaf[KVM_EXIT_STATS_ROW & 0xff], 2);
	}

	fake->row[VMX_ROWS + 1].exits = 1;
	assert_int_equal(exitstat_snapshot(es, &snap), -EPROTO);
	assert_null(snap);
	assert_non_null(strstr(exitstat_reason(es), "row 82"));
	exitstat_close(es);
	test_free(fake);
}

static void newer_namespace(void **state)
{
	static const struct wanted wanted[] = {
		{ 0, 0, "OTHER", 7, 7 },
		{ 1, 0x55, "0x55 (unknown)", 10, 10 },
	};
	struct fake *fake = new_fake(3);
	struct exitstat_snapshot *snap;
	struct exitstat *es;

	(void)state;
	fake->nr_rows = 2;
	set(fake, 0, 7, 7);
	set(fake, 1, 10, 10);
	fake->row[1].code = 0x55;
	fake->row[1].flags = KVM_EXIT_STATS_ROW_VALID;
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	check_rows(es, snap, wanted, ARRAY_SIZE(wanted));
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	test_free(fake);
}

static void counters_restart(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	struct exitstat_snapshot *snap;
	struct exitstat *es;

	(void)state;
	set(fake, SVM_SLOT_HLT, 1, 1);

	/* Once, between opening and the end of the snapshot: read again */
	fake->restarts = 1;
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	assert_int_equal(snap->instance, fake->instance);
	assert_int_equal(exitstat_info(es)->instance, fake->instance);
	assert_int_equal(snap->nr_rows, 1);
	assert_int_equal(snap->exits, 1);
	assert_true(snap->own_exits > 2 * (2 + 1 + 1));
	exitstat_snapshot_free(snap);

	/* Again and again */
	fake->instance++;
	fake->restarts = 1000;
	assert_int_equal(exitstat_snapshot(es, &snap), -EAGAIN);
	assert_null(snap);
	assert_non_null(strstr(exitstat_reason(es), "migrated"));

	/* It settles: the handle is still good. */
	fake->restarts = 0;
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	exitstat_snapshot_free(snap);
	exitstat_close(es);

	/* Moved to a host that has no exit statistics */
	fake->restarts = 1;
	fake->gone_then = 1;
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(exitstat_snapshot(es, &snap), -ENOSYS);
	assert_null(snap);
	assert_int_equal(exitstat_host(es)->kind, EXITSTAT_HOST_KVM_WITHOUT);
	exitstat_close(es);
	test_free(fake);
}

static void knows_every_name(void **state)
{
	char name[EXITSTAT_NAME_SIZE];
	struct exitstat_snapshot *snap;
	struct exitstat *es;
	struct fake *fake;

	(void)state;
	for (uint32_t ns = KVM_EXIT_STATS_NS_VMX; ns <= KVM_EXIT_STATS_NS_SVM;
	     ns++) {
		fake = new_fake(ns);
		for (uint32_t slot = 0; slot < fake->nr_rows; slot++)
			set(fake, slot, slot + 1, 1);
		assert_int_equal(open_fake(&es, fake), 0);
		assert_int_equal(exitstat_snapshot(es, &snap), 0);
		assert_int_equal(snap->nr_rows, fake->nr_rows);
		for (size_t i = 0; i < snap->nr_rows; i++) {
			exitstat_name(es, &snap->rows[i], name, sizeof(name));
			assert_true(strlen(name) > 0);
			assert_null(strstr(name, "unknown"));
		}
		exitstat_snapshot_free(snap);
		exitstat_close(es);
		test_free(fake);
	}
}

/* The report of this fake, as text to be freed */
static char *report(struct fake *fake)
{
	struct exitstat_snapshot *snap;
	struct snapshots snapshots = { .nr = 1, .snap = &snap };
	struct options options = { .format = FORMAT_TEXT };
	struct report report = { .command = "stat", .snapshots = &snapshots };
	struct exitstat *es;
	char *text = NULL;
	size_t size;
	FILE *out;

	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(open_fake(&es, fake), 0);
	assert_int_equal(exitstat_snapshot(es, &snap), 0);
	assert_int_equal(report_print(out, es, &options, &report), 0);
	assert_int_equal(fclose(out), 0);
	exitstat_snapshot_free(snap);
	exitstat_close(es);
	test_free(fake);
	return text;
}

#define TITLE "VM exits of the whole VM since it was started (or restored, or migrated)\n"

#define USUAL_REPORT \
	TITLE \
	"2 vCPUs, AMD SVM, TSC 2596.105 MHz; cycles spent processing, idle left out\n" \
	"\n" \
	"REASON                     CODE   EXITS  EXITS%    CYCLES   MEAN  CYCLES%\n" \
	"NPF                        0x400    300   30.00   8000000  26666    80.00\n" \
	"CPUID                      0x72     500   50.00   1000000   2000    10.00\n" \
	"HLT                        0x78     199   19.90    999999   5025    10.00\n" \
	"AVIC_UNACCELERATED_ACCESS  0x402      1    0.10         1      1     0.00\n" \
	"TOTAL                      -       1000  100.00  10000000  10000   100.00\n" \
	"\n" \
	"This reading caused 12 CPUID exits: 4 to probe the host, 8 for the snapshot\n" \
	"exitstat explain REASON: what one means, and what reduces it\n"

static void report_is_this(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_SVM);
	char *text;

	(void)state;
	set(fake, SVM_SLOT_CPUID, 500, 1000000);
	set(fake, SVM_SLOT_NPF, 300, 8000000);
	set(fake, SVM_SLOT_HLT, 199, 999999);
	set(fake, SVM_SLOT_AVIC_UNACCELERATED_ACCESS, 1, 1);
	text = report(fake);
	assert_string_equal(text, USUAL_REPORT);
	free(text);
}

#define EMPTY_REPORT \
	TITLE \
	"1 vCPU, Intel VMX, TSC frequency unknown; cycles spent processing, idle left out\n" \
	"The host hides exits that it causes itself (INTR, NMI)\n" \
	"\n" \
	"REASON  CODE  EXITS  EXITS%  CYCLES  MEAN  CYCLES%\n" \
	"TOTAL   -         0       -       0     -        -\n" \
	"\n" \
	"This reading caused 7 CPUID exits: 4 to probe the host, 3 for the snapshot\n" \
	"exitstat explain REASON: what one means, and what reduces it\n"

#define ODD_ROWS \
	"HLT     0xc       0    0.00      30     -    75.00\n" \
	"OTHER   -         2  100.00      10     5    25.00\n" \
	"TOTAL   -         2  100.00      40    20   100.00\n"

static void report_of_odd_hosts(void **state)
{
	struct fake *fake = new_fake(KVM_EXIT_STATS_NS_VMX);
	char *text;

	(void)state;
	fake->nr_vcpus = 1;
	fake->tsc_hz = 0;
	fake->features = KVM_EXIT_STATS_FEAT_HIDE_ASYNC;
	text = report(fake);
	assert_string_equal(text, EMPTY_REPORT);
	free(text);

	fake = new_fake(KVM_EXIT_STATS_NS_VMX);
	set(fake, 0, 2, 10);
	set(fake, VMX_SLOT_HLT, 0, 30);
	text = report(fake);
	assert_non_null(strstr(text, ODD_ROWS));
	free(text);
}

static void sorted_most_expensive_first(void **state)
{
	struct exitstat_row rows[] = {
		{ .slot = 5, .exits = 1, .cycles = 10 },
		{ .slot = 4, .exits = 1, .cycles = 10 },
		{ .slot = 3, .exits = 9, .cycles = 0 },
		{ .slot = 2, .exits = 2, .cycles = 10 },
		{ .slot = 1, .exits = 1, .cycles = UINT64_MAX },
		{ .slot = 0, .exits = 1, .cycles = 1ull << 32 },
	};
	static const uint32_t order[] = { 1, 0, 2, 4, 5, 3 };
	struct exitstat_snapshot snap = { .nr_rows = 6, .rows = rows };

	(void)state;
	report_sort(NULL, &snap, SORT_TIME);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_int_equal(rows[i].slot, order[i]);
}

static void grid_fits_its_cells(void **state)
{
	static const struct grid_column columns[] = {
		{ "A", "a", 1, 0 },
		{ "NAME", "name", 0, 0 },
	};
	struct grid *grid = grid_new(columns, 2);
	char *text = NULL;
	size_t size;
	FILE *out;

	(void)state;
	assert_non_null(grid);
	for (int i = 0; i < 200; i++) {
		grid_count(grid, (uint64_t)i);
		grid_text(grid, "%s", i == 100 ? "longer" : "x");
	}
	out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(grid_print_text(grid, out, 0), 0);
	assert_int_equal(fclose(out), 0);
	grid_free(grid);
	assert_memory_equal(text, "  A  NAME\n  0  x\n", 17);
	assert_non_null(strstr(text, "\n 99  x\n100  longer\n101  x\n"));
	assert_string_equal(text + size - 7, "199  x\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bare_metal),
		cmocka_unit_test(refuses_other_hypervisors),
		cmocka_unit_test(refuses_kvm_without),
		cmocka_unit_test(finds_kvm_behind_others),
		cmocka_unit_test(needs_the_signature_only),
		cmocka_unit_test(refuses_contradictions),
		cmocka_unit_test(reads_info),
		cmocka_unit_test(snapshot_svm),
		cmocka_unit_test(snapshot_vmx),
		cmocka_unit_test(snapshot_of_nothing),
		cmocka_unit_test(snapshot_is_cheap),
		cmocka_unit_test(newer_rows),
		cmocka_unit_test(newer_namespace),
		cmocka_unit_test(counters_restart),
		cmocka_unit_test(knows_every_name),
		cmocka_unit_test(report_is_this),
		cmocka_unit_test(report_of_odd_hosts),
		cmocka_unit_test(sorted_most_expensive_first),
		cmocka_unit_test(grid_fits_its_cells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
