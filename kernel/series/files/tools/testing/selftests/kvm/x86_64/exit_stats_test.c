// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exit statistics: guests that cause a known number of exits read how many
 * there were, and ask for what does not exist or what they may not see.
 */
#define _GNU_SOURCE /* for program_invocation_short_name */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <asm/kvm_exit_stats.h>

#include "test_util.h"
#include "kvm_util.h"
#include "processor.h"

#define NR_EXITS	1000
#define VMM_SLEEP_US	20000

/* What an unwritten output register would still hold. */
#define GARBAGE		0xdecafbadu

/* Exit reasons of the two vendors, as the hardware numbers them. */
#define VMX_CPUID	10
#define VMX_MSR_READ	31
#define VMX_IO		30
#define VMX_TASK_SWITCH	9
#define SVM_CPUID	0x72
#define SVM_MSR		0x7c
#define SVM_IOIO	0x7b
#define SVM_TASK_SWITCH	0x7d

#define PARAMETER	"/sys/module/kvm/parameters/exit_stats"

struct regs {
	uint32_t eax, ebx, ecx, edx;
};

static struct regs ask(uint32_t function, uint32_t index)
{
	struct regs r = { function, GARBAGE, index, GARBAGE };

	asm volatile("cpuid"
		     : "+a" (r.eax), "+b" (r.ebx), "+c" (r.ecx), "+d" (r.edx)
		     : : "memory");
	return r;
}

static uint64_t u64_of(uint32_t low, uint32_t high)
{
	return low | (uint64_t)high << 32;
}

static bool is_zero(struct regs r)
{
	return !r.eax && !r.ebx && !r.ecx && !r.edx;
}

static bool is_undefined(struct regs r)
{
	return !r.eax && !r.ebx && !r.ecx && r.edx == KVM_EXIT_STATS_UNDEFINED;
}

static bool is_svm(void)
{
	return ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_ABI).ecx == KVM_EXIT_STATS_NS_SVM;
}

static uint64_t total_exits(void)
{
	struct regs r = ask(KVM_EXIT_STATS_TOTAL_EXITS, 0);

	return u64_of(r.eax, r.ebx);
}

static uint64_t reason_exits(uint32_t reason)
{
	struct regs r = ask(KVM_EXIT_STATS_REASON_EXITS, reason);

	return u64_of(r.eax, r.ebx);
}

static uint64_t reason_cycles(uint32_t reason)
{
	struct regs r = ask(KVM_EXIT_STATS_REASON_CYCLES, reason);

	return u64_of(r.ecx, r.ebx);
}

static bool has_signature(void)
{
	struct regs r = ask(KVM_EXIT_STATS_SIGNATURE, 0);

	return r.eax >= KVM_EXIT_STATS_SIGNATURE &&
	       r.ebx == KVM_EXIT_STATS_SIGNATURE_EBX &&
	       r.ecx == KVM_EXIT_STATS_SIGNATURE_ECX &&
	       r.edx == KVM_EXIT_STATS_SIGNATURE_EDX;
}

/* KVM intercepts this MSR and answers in the kernel. */
static void exit_by_msr(unsigned int times)
{
	while (times--)
		rdmsr(MSR_IA32_APICBASE);
}

static uint32_t msr_reason(void)
{
	return is_svm() ? SVM_MSR : VMX_MSR_READ;
}

/* The class presents itself, and each register is written by each leaf. */

static void guest_interface(void)
{
	struct regs r;
	uint32_t rows;

	GUEST_ASSERT(has_signature());
	GUEST_ASSERT(ask(KVM_EXIT_STATS_SIGNATURE, 77).eax == KVM_EXIT_STATS_MAX_LEAF);

	r = ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_ABI);
	GUEST_ASSERT(r.eax == KVM_EXIT_STATS_ABI_VERSION);
	GUEST_ASSERT(r.ecx == KVM_EXIT_STATS_NS_SVM || r.ecx == KVM_EXIT_STATS_NS_VMX);
	rows = r.edx;
	GUEST_ASSERT(rows > 1);

	r = ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_CLOCK);
	GUEST_ASSERT(r.eax || r.ebx);
	GUEST_ASSERT(r.ecx == 1 && r.edx == 0);

	/* Leaves and subleaves without a meaning, rows that do not exist. */
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_SIGNATURE + 0x40, 0)));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_INFO, 0xffff)));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_ROW, rows)));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_ROW, ~0u)));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_BITMAP, ~0u)));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_ROW_SUM, rows)));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_VALUE,
				 KVM_EXIT_STATS_SELECT(rows, KVM_EXIT_STAT_EXITS))));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_VALUE, KVM_EXIT_STATS_SELECT(1, 0x7f))));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_STAT, 0x7f)));

	/* The totals leave what they do not use zero. */
	r = ask(KVM_EXIT_STATS_TOTAL_EXITS, 0);
	GUEST_ASSERT(r.eax && !r.ecx && !r.edx);
	r = ask(KVM_EXIT_STATS_TOTAL_CYCLES, 0);
	GUEST_ASSERT(!r.eax && r.ecx && !r.edx);

	GUEST_DONE();
}

/* A reason is one that the manual has, or the answer says that it is not. */

static const uint32_t undefined_vmx[] = {
	35, 38, 42, 0xffff, 0x10000 | VMX_CPUID, 0x80000000u | VMX_CPUID, ~0u
};

static const uint32_t undefined_svm[] = {
	0xb0, 0x3ff, 0x1000, 0x80000000u, 0xfffffffbu
};

static void undefined_reasons(const uint32_t *reason, int n)
{
	while (n--) {
		GUEST_ASSERT(is_undefined(ask(KVM_EXIT_STATS_REASON_EXITS, reason[n])));
		GUEST_ASSERT(is_undefined(ask(KVM_EXIT_STATS_REASON_CYCLES, reason[n])));
	}
}

static void guest_reasons(void)
{
	uint32_t rows = ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_ABI).edx;
	uint32_t never = is_svm() ? SVM_TASK_SWITCH : VMX_TASK_SWITCH;
	uint32_t slot, other = 0;
	struct regs r;

	for (slot = 0; slot < rows; slot++) {
		r = ask(KVM_EXIT_STATS_ROW, slot);
		GUEST_ASSERT(r.ebx & KVM_EXIT_STATS_ROW_VALID);
		if (r.ebx & KVM_EXIT_STATS_ROW_OTHER) {
			other++;
			continue;
		}
		GUEST_ASSERT(!is_undefined(ask(KVM_EXIT_STATS_REASON_EXITS, r.eax)));
		GUEST_ASSERT(!is_undefined(ask(KVM_EXIT_STATS_REASON_CYCLES, r.eax)));
	}
	GUEST_ASSERT(other == 1);

	if (is_svm())
		undefined_reasons(undefined_svm, ARRAY_SIZE(undefined_svm));
	else
		undefined_reasons(undefined_vmx, ARRAY_SIZE(undefined_vmx));

	/* Defined, but it never happened. */
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_REASON_EXITS, never)));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_REASON_CYCLES, never)));

	GUEST_DONE();
}

/* N exits move their row by N; a query counts itself, in its own row. */

static void guest_counts(void)
{
	uint32_t msr = msr_reason(), cpuid = is_svm() ? SVM_CPUID : VMX_CPUID;
	uint64_t before, cycles, total;
	int i;

	before = reason_exits(msr);
	cycles = reason_cycles(msr);
	total = total_exits();
	exit_by_msr(NR_EXITS);
	GUEST_ASSERT(reason_exits(msr) == before + NR_EXITS);
	GUEST_ASSERT(reason_cycles(msr) > cycles);
	GUEST_ASSERT(total_exits() >= total + NR_EXITS + 3);

	before = reason_exits(cpuid);
	for (i = 0; i < NR_EXITS; i++)
		ask(0, 0);
	GUEST_ASSERT(reason_exits(cpuid) == before + NR_EXITS + 1);

	GUEST_DONE();
}

/* The rows add up to the totals; those that the bitmap leaves out are zero. */

static bool is_in_bitmap(uint32_t slot)
{
	struct regs r = ask(KVM_EXIT_STATS_BITMAP, slot / 128);
	uint64_t half = slot % 128 < 64 ? u64_of(r.eax, r.ebx) : u64_of(r.ecx, r.edx);

	return half >> slot % 64 & 1;
}

static void guest_sums(void)
{
	uint32_t rows = ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_ABI).edx;
	uint64_t first, last, exits, sum = 0;
	struct regs r;
	uint32_t slot;

	exit_by_msr(NR_EXITS);
	first = total_exits();
	for (slot = 0; slot < rows; slot++) {
		r = ask(KVM_EXIT_STATS_ROW_SUM, slot);
		exits = u64_of(r.eax, r.ebx);
		sum += exits;
		GUEST_ASSERT(!exits || is_in_bitmap(slot));
	}
	last = total_exits();
	GUEST_ASSERT(first <= sum && sum <= last);

	GUEST_DONE();
}

/* The time that the VMM takes belongs to the exit that went to the VMM. */

static void guest_vmm_time(void)
{
	uint32_t io = is_svm() ? SVM_IOIO : VMX_IO;
	uint64_t start, elapsed, cycles;

	cycles = reason_cycles(io);
	start = rdtsc();
	GUEST_SYNC(0);
	elapsed = rdtsc() - start;
	cycles = reason_cycles(io) - cycles;
	GUEST_ASSERT(cycles <= elapsed);
	GUEST_ASSERT(cycles >= elapsed / 2);

	GUEST_DONE();
}

/* Two vCPUs: each sees its own exits and those of the VM. */

static uint64_t msr_exits(uint32_t this_vcpu)
{
	uint32_t rows = ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_ABI).edx;
	uint32_t msr = msr_reason(), slot;
	struct regs r;

	for (slot = 1; slot < rows; slot++) {
		if (ask(KVM_EXIT_STATS_ROW, slot).eax == msr)
			break;
	}
	r = ask(KVM_EXIT_STATS_VALUE,
		this_vcpu | KVM_EXIT_STATS_SELECT(slot, KVM_EXIT_STAT_EXITS));
	GUEST_ASSERT(r.ecx == 1);
	return u64_of(r.eax, r.ebx);
}

static void guest_vcpus(void)
{
	uint32_t self = ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_CLOCK).edx;

	GUEST_ASSERT(ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_CLOCK).ecx == 2);
	exit_by_msr((self + 1) * NR_EXITS);
	GUEST_SYNC(0);

	GUEST_ASSERT(msr_exits(KVM_EXIT_STATS_THIS_VCPU) == (self + 1) * NR_EXITS);
	GUEST_ASSERT(msr_exits(0) == 3 * NR_EXITS);
	GUEST_ASSERT(reason_exits(msr_reason()) == 3 * NR_EXITS);

	GUEST_DONE();
}

/* What another VM does is not seen. */

static void guest_busy(void)
{
	exit_by_msr(NR_EXITS);
	GUEST_SYNC(0);
	GUEST_ASSERT(reason_exits(msr_reason()) == NR_EXITS);
	GUEST_DONE();
}

static void guest_quiet(void)
{
	struct regs r = ask(KVM_EXIT_STATS_INFO, KVM_EXIT_STATS_INFO_INSTANCE);

	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_REASON_EXITS, msr_reason())));
	GUEST_ASSERT(is_zero(ask(KVM_EXIT_STATS_REASON_CYCLES, msr_reason())));
	/* No two VMs have the same instance number: tell the host. */
	GUEST_SYNC(u64_of(r.eax, r.ebx));
	GUEST_DONE();
}

/* A VMM's own entry for a leaf wins, and that of the signature hides the class. */

static void guest_own_leaf(void)
{
	struct regs r = ask(KVM_EXIT_STATS_TOTAL_CYCLES, 0);

	GUEST_ASSERT(r.eax == 1 && r.ebx == 2 && r.ecx == 3 && r.edx == 4);
	GUEST_ASSERT(has_signature());
	GUEST_ASSERT(total_exits());
	GUEST_DONE();
}

static void guest_own_signature(void)
{
	struct regs r = ask(KVM_EXIT_STATS_SIGNATURE, 0);

	GUEST_ASSERT(r.eax == 1 && r.ebx == 2 && r.ecx == 3 && r.edx == 4);
	/* What counts grows from one query to the next. */
	GUEST_ASSERT(total_exits() == total_exits());
	GUEST_DONE();
}

/* Statistics that are off, or the host's alone, are not there. */

static void guest_modes(void)
{
	uint32_t msr = msr_reason();
	uint64_t exits;

	exits = reason_exits(msr);
	GUEST_SYNC(0);

	/* host: counted, but not seen */
	GUEST_ASSERT(!has_signature());
	GUEST_ASSERT(total_exits() == total_exits());
	exit_by_msr(NR_EXITS);
	GUEST_SYNC(1);

	/* guest */
	GUEST_ASSERT(has_signature());
	GUEST_ASSERT(reason_exits(msr) == exits + NR_EXITS);
	GUEST_SYNC(2);

	/* off: not counted */
	GUEST_ASSERT(!has_signature());
	exit_by_msr(NR_EXITS);
	GUEST_SYNC(3);

	/* guest */
	GUEST_ASSERT(has_signature());
	GUEST_ASSERT(reason_exits(msr) == exits + NR_EXITS);
	exit_by_msr(NR_EXITS);
	GUEST_ASSERT(reason_exits(msr) == exits + 2 * NR_EXITS);
	GUEST_DONE();
}

/* The host's side of it all. */

static char mode_at_start[16];

static void read_mode(char *mode, size_t size)
{
	int fd = open(PARAMETER, O_RDONLY);
	ssize_t n;

	__TEST_REQUIRE(fd >= 0, "KVM keeps no exit statistics: no " PARAMETER);
	n = read(fd, mode, size - 1);
	TEST_ASSERT(n > 0, "cannot read " PARAMETER);
	mode[n] = '\0';
	mode[strcspn(mode, "\n")] = '\0';
	close(fd);
}

static int write_mode(const char *mode)
{
	int fd = open(PARAMETER, O_WRONLY), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, mode, strlen(mode)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static void set_mode(const char *mode)
{
	int r = write_mode(mode);

	TEST_ASSERT(!r, "cannot write %s to " PARAMETER ": %s", mode, strerror(-r));
}

static void restore_mode(void)
{
	write_mode(mode_at_start);
}

/*
 * What the guest has said; the argument of its GUEST_SYNC().  This completes
 * the I/O: from here on until the next vcpu_run() the vCPU is stopped.
 */
static uint64_t take_ucall(struct kvm_vcpu *vcpu, uint64_t expected)
{
	struct ucall uc;
	uint64_t cmd;

	cmd = get_ucall(vcpu, &uc);
	if (cmd == UCALL_ABORT)
		REPORT_GUEST_ASSERT(uc);
	TEST_ASSERT(cmd == expected, "ucall %lu, not %lu; KVM exit %u", cmd, expected,
		    vcpu->run->exit_reason);
	return cmd == UCALL_SYNC ? uc.args[1] : 0;
}

static uint64_t run_until(struct kvm_vcpu *vcpu, uint64_t expected)
{
	vcpu_run(vcpu);
	return take_ucall(vcpu, expected);
}

static void run_guest(void *guest)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest);

	run_until(vcpu, UCALL_DONE);
	kvm_vm_free(vm);
}

static void test_vmm_time(void *guest)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest);

	/* vcpu_run() would look for a ucall at once. */
	TEST_ASSERT(!__vcpu_run(vcpu), "KVM_RUN: %s", strerror(errno));
	usleep(VMM_SLEEP_US);
	take_ucall(vcpu, UCALL_SYNC);
	run_until(vcpu, UCALL_DONE);
	kvm_vm_free(vm);
}

static void test_vcpus(void *guest)
{
	struct kvm_vcpu *vcpus[2];
	struct kvm_vm *vm = vm_create_with_vcpus(2, guest, vcpus);

	run_until(vcpus[0], UCALL_SYNC);
	run_until(vcpus[1], UCALL_SYNC);
	run_until(vcpus[0], UCALL_DONE);
	run_until(vcpus[1], UCALL_DONE);
	kvm_vm_free(vm);
}

static void test_vms(void *guest)
{
	struct kvm_vcpu *busy, *quiet[2];
	struct kvm_vm *vm = vm_create_with_one_vcpu(&busy, guest);
	struct kvm_vm *vm0 = vm_create_with_one_vcpu(&quiet[0], guest_quiet);
	struct kvm_vm *vm1 = vm_create_with_one_vcpu(&quiet[1], guest_quiet);
	uint64_t instance;

	run_until(busy, UCALL_SYNC);
	instance = run_until(quiet[0], UCALL_SYNC);
	TEST_ASSERT(instance != run_until(quiet[1], UCALL_SYNC),
		    "two VMs have instance number 0x%lx", instance);
	run_until(busy, UCALL_DONE);
	kvm_vm_free(vm);
	kvm_vm_free(vm0);
	kvm_vm_free(vm1);
}

/* The VMM answers one leaf itself. */
static void set_leaf(struct kvm_vcpu *vcpu, uint32_t function)
{
	const struct kvm_cpuid2 *supported = kvm_get_supported_cpuid();
	struct kvm_cpuid2 *cpuid = allocate_kvm_cpuid2(supported->nent + 1);

	memcpy(cpuid->entries, supported->entries,
	       supported->nent * sizeof(cpuid->entries[0]));
	cpuid->entries[supported->nent] = (struct kvm_cpuid_entry2) {
		.function = function,
		.eax = 1,
		.ebx = 2,
		.ecx = 3,
		.edx = 4,
	};
	cpuid->nent = supported->nent + 1;
	vcpu_init_cpuid(vcpu, cpuid);
	free(cpuid);
}

static void test_own_leaf(void *guest)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest);

	set_leaf(vcpu, KVM_EXIT_STATS_TOTAL_CYCLES);
	run_until(vcpu, UCALL_DONE);
	kvm_vm_free(vm);
}

static void test_own_signature(void *guest)
{
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest);

	set_leaf(vcpu, KVM_EXIT_STATS_SIGNATURE);
	run_until(vcpu, UCALL_DONE);
	kvm_vm_free(vm);
}

static void test_modes(void *guest)
{
	static const char *const modes[] = { "host", "guest", "off", "guest" };
	struct kvm_vcpu *vcpu;
	struct kvm_vm *vm = vm_create_with_one_vcpu(&vcpu, guest);
	int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		TEST_ASSERT(run_until(vcpu, UCALL_SYNC) == i, "the guest is not at %d", i);
		set_mode(modes[i]);
	}
	run_until(vcpu, UCALL_DONE);
	kvm_vm_free(vm);
}

static void test_bad_mode(void *guest)
{
	char mode[16];
	int r;

	r = write_mode("everybody");
	TEST_ASSERT(r == -EINVAL, "a mode that does not exist: error %d, not EINVAL", -r);
	read_mode(mode, sizeof(mode));
	TEST_ASSERT(!strcmp(mode, "guest"), "it has changed the mode to %s", mode);
}

static const struct {
	const char *name;
	void (*test)(void *guest);
	void *guest;
} tests[] = {
	{ "signature, leaves without a meaning", run_guest, guest_interface },
	{ "defined and undefined exit reasons", run_guest, guest_reasons },
	{ "N exits count N", run_guest, guest_counts },
	{ "rows add up to the total", run_guest, guest_sums },
	{ "the VMM's time", test_vmm_time, guest_vmm_time },
	{ "two vCPUs", test_vcpus, guest_vcpus },
	{ "two VMs", test_vms, guest_busy },
	{ "KVM_SET_CPUID2 of a leaf", test_own_leaf, guest_own_leaf },
	{ "KVM_SET_CPUID2 of the signature", test_own_signature, guest_own_signature },
	{ "exit_stats=host and off", test_modes, guest_modes },
	{ "a mode that does not exist", test_bad_mode, NULL },
};

int main(int argc, char *argv[])
{
	int i;

	read_mode(mode_at_start, sizeof(mode_at_start));
	atexit(restore_mode);
	if (strcmp(mode_at_start, "guest"))
		__TEST_REQUIRE(!write_mode("guest"),
			       "exit_stats is not \"guest\", and only root can change that");

	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(tests));

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		if (tests[i].test == test_modes || tests[i].test == test_bad_mode) {
			if (access(PARAMETER, W_OK)) {
				ksft_test_result_skip("%s: not root\n", tests[i].name);
				continue;
			}
		}
		tests[i].test(tests[i].guest);
		ksft_test_result_pass("%s\n", tests[i].name);
	}

	ksft_finished();
}
