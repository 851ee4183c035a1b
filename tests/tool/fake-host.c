// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host made up, under the whole of exitstat: this is linked with the objects of
 * the program, and exitstat_open() is replaced (--wrap) by one that asks here.
 * So commands run on any machine, and what they have to say is known.
 *
 * Time passes in ticks, one with each look at the bitmap of rows: one for each
 * snapshot of the whole VM.  In a tick, rows grow by what is in "rates".  The row
 * of CPUID grows by the questions that are asked, too.
 *
 * FAKE_VENDOR=vmx, FAKE_PLAIN=1 (exits and cycles alone, no statistics),
 * FAKE_RESTART=N (after N ticks the counters start again, with another instance
 * number), FAKE_MOVING=1 (they do at each look), FAKE_NO_HZ=1, FAKE_VCPUS=N.
 */
#include <stdlib.h>
#include <string.h>

#include "kvm_exit_reasons_svm.h"
#include "kvm_exit_reasons_vmx.h"
#include "kvm_exit_stats.h"
#include "lib/libexitstat.h"

#define SVM_SLOT(slot, code, name) SVM_##name = (slot),
#define VMX_SLOT(slot, code, name) VMX_##name = (slot),

enum { KVM_EXIT_REASONS_SVM(SVM_SLOT, SVM_SLOT) SVM_ROWS };
enum { KVM_EXIT_REASONS_VMX(VMX_SLOT, VMX_SLOT) VMX_ROWS };

#define SVM_CODE(slot, code, name) [slot] = (code),

static const uint32_t svm_codes[] = { KVM_EXIT_REASONS_SVM(SVM_CODE, SVM_CODE) };
static const uint32_t vmx_codes[] = { KVM_EXIT_REASONS_VMX(SVM_CODE, SVM_CODE) };

#define HZ		2000000000ull
#define SHIFT		8
#define ELEMENTS	24
#define STAT_LONGEST	5
#define STAT_HISTOGRAM	6
#define INFO_STATS	3
#define PART_SHAPE	2
#define FEAT_HISTOGRAM	(1u << 3)

/* Of one exit: cycles in KVM, in the VMM, and idle. */
struct rate {
	uint32_t slot[2];	/* AMD's, Intel's */
	uint64_t exits;		/* a tick */
	uint64_t kernel, user, idle;
};

/* Ten of them: more than a chart has colours. */
static const struct rate rates[] = {
	{ { SVM_IOIO, VMX_IO_INSTRUCTION }, 700, 3000, 17000, 0 },
	{ { SVM_NPF, VMX_EPT_VIOLATION }, 120, 9000, 0, 0 },
	{ { SVM_MSR, VMX_MSR_WRITE }, 400, 1500, 0, 0 },
	{ { SVM_HLT, VMX_HLT }, 250, 2200, 0, 4000000 },
	{ { SVM_INTR, VMX_EXTERNAL_INTERRUPT }, 300, 1000, 0, 0 },
	{ { SVM_VMMCALL, VMX_VMCALL }, 50, 1100, 0, 0 },
	{ { SVM_PAUSE, VMX_PAUSE_INSTRUCTION }, 30, 1700, 0, 0 },
	{ { SVM_WBINVD, VMX_WBINVD }, 3, 1300, 0, 0 },
	{ { SVM_XSETBV, VMX_XSETBV }, 2, 1200, 0, 0 },
	{ { SVM_CPUID, VMX_CPUID }, 20, 1024, 0, 0 },
};

#define NR_RATES (sizeof(rates) / sizeof(rates[0]))

static struct {
	int vmx, plain, no_hz;
	uint64_t moving;
	uint64_t vcpus, restart;
	uint64_t ticks, asked, instance;
	int here;		/* the CPU, which is the vCPU */
} fake;

static uint32_t nr_rows(void)
{
	return fake.vmx ? VMX_ROWS : SVM_ROWS;
}

static const struct rate *rate_of(uint32_t slot)
{
	size_t i;

	for (i = 0; i < NR_RATES; i++)
		if (rates[i].slot[fake.vmx] == slot)
			return &rates[i];
	return NULL;
}

static uint64_t exits_of(uint32_t slot)
{
	const struct rate *rate = rate_of(slot);
	uint64_t own;

	if (!rate)
		return 0;
	own = slot == (fake.vmx ? (uint32_t)VMX_CPUID : (uint32_t)SVM_CPUID) ? fake.asked : 0;
	return rate->exits * fake.ticks + own;
}

/* Log2: which element a cost falls into, as kvm_exit_stats.h has it. */
static uint32_t element_of(uint64_t cycles)
{
	uint32_t element = 0;

	while (element < ELEMENTS - 1 && cycles >> (SHIFT + element))
		element++;
	return element;
}

static int row_value(uint32_t slot, uint32_t stat, uint32_t element, uint64_t *value)
{
	const struct rate *rate = rate_of(slot);
	uint64_t exits = exits_of(slot), cost;

	*value = 0;
	if (element && stat != STAT_HISTOGRAM)
		return 0;
	if (!rate)
		return stat <= STAT_HISTOGRAM;
	cost = rate->kernel + rate->user;
	switch (stat) {
	case KVM_EXIT_STAT_EXITS:
		*value = exits;
		return 1;
	case KVM_EXIT_STAT_KERNEL:
		*value = exits * rate->kernel;
		return 1;
	case KVM_EXIT_STAT_USER:
		*value = exits * rate->user;
		return 1;
	case KVM_EXIT_STAT_IDLE:
		*value = exits * rate->idle;
		return 1;
	case KVM_EXIT_STAT_PREEMPTED:
		return 1;
	case STAT_LONGEST:
		*value = cost * 2;
		return 1;
	case STAT_HISTOGRAM:
		/* One exit in ten takes twice as long. */
		if (element == element_of(cost))
			*value += exits - exits / 10;
		if (element == element_of(cost * 2))
			*value += exits / 10;
		return element < ELEMENTS;
	default:
		return 0;
	}
}

static int sum_value(uint32_t stat, uint32_t element, uint64_t *value)
{
	uint64_t sum = 0;
	uint32_t slot;

	for (slot = 0; slot < nr_rows(); slot++) {
		if (!row_value(slot, stat, element, value))
			return 0;
		sum += *value;
	}
	*value = sum;
	return 1;
}

static int vcpu_value(uint32_t stat, uint64_t *value)
{
	uint64_t idle, kernel, user;

	sum_value(KVM_EXIT_STAT_KERNEL, 0, &kernel);
	sum_value(KVM_EXIT_STAT_USER, 0, &user);
	sum_value(KVM_EXIT_STAT_IDLE, 0, &idle);
	switch (stat) {
	case KVM_EXIT_STAT_GUEST:
		*value = fake.ticks * 1500000000;
		return 1;
	case KVM_EXIT_STAT_STOPPED:
		*value = 5000000;
		return 1;
	case KVM_EXIT_STAT_ELAPSED:
		*value = fake.ticks * 1500000000 + 5000000 + kernel + user + idle;
		return 1;
	default:
		return 0;
	}
}

static void answer_value(uint32_t selector, struct exitstat_regs *regs)
{
	uint32_t slot = selector & 0xffff, stat = selector >> 16 & 0xff;
	uint32_t element = selector >> 24 & 0x7f;
	uint64_t value = 0;
	int known;

	if (stat >= 128)
		known = slot == KVM_EXIT_STATS_ALL_ROWS && vcpu_value(stat, &value);
	else if (slot == KVM_EXIT_STATS_ALL_ROWS)
		known = sum_value(stat, element, &value);
	else
		known = slot < nr_rows() && row_value(slot, stat, element, &value);
	if (!known)
		return;
	/* Each vCPU has its part, the last one what is left over. */
	if (selector & KVM_EXIT_STATS_THIS_VCPU && stat != STAT_LONGEST) {
		uint64_t part = value / fake.vcpus;

		value = (uint64_t)fake.here == fake.vcpus - 1 ?
				value - part * (fake.vcpus - 1) :
				part;
	}
	regs->eax = (uint32_t)value;
	regs->ebx = (uint32_t)(value >> 32);
	regs->ecx = 1;
}

static const struct {
	uint32_t number;
	const char *name;
	uint32_t unit, merge, kind;
} stats[] = {
#define ROW_STAT(number, name, text, unit, merge) \
	{ number, text, KVM_EXIT_STATS_UNIT_##unit, KVM_EXIT_STATS_MERGE_##merge, \
	  KVM_EXIT_STATS_KIND_ROW },
#define VCPU_STAT(number, name, text, unit, merge) \
	{ number, text, KVM_EXIT_STATS_UNIT_##unit, KVM_EXIT_STATS_MERGE_##merge, \
	  KVM_EXIT_STATS_KIND_VCPU },
	KVM_EXIT_ROW_STATS(ROW_STAT)
	KVM_EXIT_VCPU_STATS(VCPU_STAT)
};

/* Those that come with FEAT_HISTOGRAM, whether the header has them or not. */
static int late_stat(uint32_t number, uint32_t part, struct exitstat_regs *regs)
{
	if (number != STAT_LONGEST && number != STAT_HISTOGRAM)
		return 0;
	if (part == KVM_EXIT_STATS_STAT_KIND) {
		regs->eax = 1;
		regs->ebx = number == STAT_LONGEST ? KVM_EXIT_STATS_UNIT_CYCLES :
						     KVM_EXIT_STATS_UNIT_COUNT;
		regs->ecx = number == STAT_LONGEST ? KVM_EXIT_STATS_MERGE_MAX :
						     KVM_EXIT_STATS_MERGE_SUM;
		regs->edx = KVM_EXIT_STATS_KIND_ROW;
	} else if (part == KVM_EXIT_STATS_STAT_NAME) {
		char name[16] = "histogram";

		if (number == STAT_LONGEST)
			memcpy(name, "longest\0\0", 9);
		memcpy(regs, name, sizeof(name));
	} else if (part == PART_SHAPE) {
		regs->eax = number == STAT_LONGEST ? 1 : ELEMENTS;
		regs->ebx = number == STAT_LONGEST ? EXITSTAT_SCALAR : EXITSTAT_LOG2;
		regs->ecx = number == STAT_LONGEST ? 0 : SHIFT;
	}
	return 1;
}

static void answer_stat(uint32_t selector, struct exitstat_regs *regs)
{
	uint32_t number = selector & 0xff, part = selector >> 8;
	size_t i;

	if (late_stat(number, part, regs))
		return;
	for (i = 0; i < sizeof(stats) / sizeof(stats[0]); i++) {
		if (stats[i].number != number)
			continue;
		if (part == KVM_EXIT_STATS_STAT_KIND) {
			*regs = (struct exitstat_regs){ 1, stats[i].unit, stats[i].merge,
							stats[i].kind };
		} else if (part == KVM_EXIT_STATS_STAT_NAME) {
			char name[16] = "";

			memcpy(name, stats[i].name, strlen(stats[i].name));
			memcpy(regs, name, sizeof(name));
		} else if (part == PART_SHAPE) {
			regs->eax = 1;
			regs->ebx = EXITSTAT_SCALAR;
		}
		return;
	}
}

static void answer_info(uint32_t which, struct exitstat_regs *regs)
{
	uint64_t hz = fake.no_hz ? 0 : HZ;

	switch (which) {
	case KVM_EXIT_STATS_INFO_ABI:
		regs->eax = KVM_EXIT_STATS_ABI_VERSION;
		regs->ebx = fake.plain ? 0 :
					 KVM_EXIT_STATS_FEAT_VALUE | KVM_EXIT_STATS_FEAT_STAT |
						 FEAT_HISTOGRAM;
		regs->ecx = fake.vmx ? KVM_EXIT_STATS_NS_VMX : KVM_EXIT_STATS_NS_SVM;
		regs->edx = nr_rows();
		break;
	case KVM_EXIT_STATS_INFO_CLOCK:
		regs->eax = (uint32_t)hz;
		regs->ebx = (uint32_t)(hz >> 32);
		regs->ecx = (uint32_t)fake.vcpus;
		regs->edx = (uint32_t)fake.here;
		break;
	case KVM_EXIT_STATS_INFO_INSTANCE:
		regs->eax = (uint32_t)fake.instance;
		regs->ebx = 0x5eed;
		break;
	case INFO_STATS:
		if (fake.plain)
			break;
		regs->eax = STAT_HISTOGRAM + 1;
		regs->ebx = KVM_EXIT_STAT_ELAPSED + 1;
		break;
	}
}

static void answer_bitmap(uint32_t group, struct exitstat_regs *regs)
{
	uint32_t words[4] = { 0 };
	uint32_t i;

	if (!group) {
		fake.ticks++;
		fake.instance += fake.moving;
		if (fake.restart && fake.ticks > fake.restart) {
			fake.restart = 0;
			fake.instance++;
			fake.ticks = 1;
			fake.asked = 0;
		}
	}
	for (i = 0; i < 128; i++)
		if (group * 128 + i < nr_rows() && exits_of(group * 128 + i))
			words[i / 32] |= 1u << i % 32;
	*regs = (struct exitstat_regs){ words[0], words[1], words[2], words[3] };
}

static void answer_row_sum(uint32_t slot, struct exitstat_regs *regs)
{
	const struct rate *rate = rate_of(slot);
	uint64_t exits = exits_of(slot), cycles;

	if (!rate)
		return;
	cycles = exits * (rate->kernel + rate->user);
	regs->eax = (uint32_t)exits;
	regs->ebx = (uint32_t)(exits >> 32);
	regs->ecx = (uint32_t)cycles;
	regs->edx = (uint32_t)(cycles >> 32);
}

static void read_cpuid(void *data, uint32_t leaf, uint32_t subleaf, struct exitstat_regs *regs)
{
	(void)data;
	memset(regs, 0, sizeof(*regs));
	fake.asked++;
	switch (leaf) {
	case 1:
		regs->ecx = 1u << 31;
		break;
	case KVM_EXIT_STATS_SIGNATURE:
		*regs = (struct exitstat_regs){ KVM_EXIT_STATS_MAX_LEAF,
						KVM_EXIT_STATS_SIGNATURE_EBX,
						KVM_EXIT_STATS_SIGNATURE_ECX,
						KVM_EXIT_STATS_SIGNATURE_EDX };
		break;
	case KVM_EXIT_STATS_INFO:
		answer_info(subleaf, regs);
		break;
	case KVM_EXIT_STATS_ROW:
		if (subleaf < nr_rows()) {
			regs->eax = fake.vmx ? vmx_codes[subleaf] : svm_codes[subleaf];
			regs->ebx = KVM_EXIT_STATS_ROW_VALID;
		}
		break;
	case KVM_EXIT_STATS_BITMAP:
		answer_bitmap(subleaf, regs);
		break;
	case KVM_EXIT_STATS_ROW_SUM:
		answer_row_sum(subleaf, regs);
		break;
	case KVM_EXIT_STATS_VALUE:
		if (!fake.plain)
			answer_value(subleaf, regs);
		break;
	case KVM_EXIT_STATS_STAT:
		if (!fake.plain)
			answer_stat(subleaf, regs);
		break;
	}
}

static int next_cpu(void *data, int after)
{
	(void)data;
	return (uint64_t)(after + 1) < fake.vcpus ? after + 1 : -1;
}

static int pin(void *data, int cpu)
{
	(void)data;
	fake.here = cpu < 0 ? 0 : cpu;
	return 0;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

int __wrap_exitstat_open(struct exitstat **es);

int __wrap_exitstat_open(struct exitstat **es)
{
	static const struct exitstat_cpuid cpuid = {
		.read = read_cpuid,
		.next_cpu = next_cpu,
		.pin = pin,
	};
	const char *vendor = getenv("FAKE_VENDOR");

	fake.vmx = vendor && !strcmp(vendor, "vmx");
	fake.plain = number_of("FAKE_PLAIN", 0) != 0;
	fake.no_hz = number_of("FAKE_NO_HZ", 0) != 0;
	fake.vcpus = number_of("FAKE_VCPUS", 2);
	fake.restart = number_of("FAKE_RESTART", 0);
	fake.moving = number_of("FAKE_MOVING", 0);
	fake.instance = 1;
	return exitstat_open_cpuid(es, &cpuid);
}
