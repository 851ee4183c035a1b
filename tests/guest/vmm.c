// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"
#include "vmm.h"

#define PAGE_SIZE	4096ul

#define MAX_CPUID	256

/* Memory slots */
enum { SLOT_RAM, SLOT_IMAGE, SLOT_MORE };

/* Where VMX without unrestricted guest keeps pages of its own */
#define TSS_ADDRESS	0xfffbd000ul
#define IDENTITY_MAP	0xfffbc000ul

#define CR0_PE		(1ul << 0)
#define CR0_MP		(1ul << 1)
#define CR0_ET		(1ul << 4)
#define CR0_NE		(1ul << 5)
#define CR0_WP		(1ul << 16)
#define CR0_PG		(1ul << 31)
#define CR4_PAE		(1ul << 5)
#define CR4_OSFXSR	(1ul << 9)
#define CR4_OSXSAVE	(1ul << 18)
#define EFER_LME	(1ul << 8)
#define EFER_LMA	(1ul << 10)
#define APIC_BASE_X2APIC (1ul << 10)
#define RFLAGS_FIXED	(1ul << 1)

/*
 * Accessed and dirty are set from the start: then the walks of these tables
 * write nothing.
 */
#define PTE_TABLE	0x23ul		/* present, writable, accessed */
#define PTE_LEAF	0xe3ul		/* ... dirty, 2 MiB */
#define LARGE_PAGE	0x200000ul

#define CPUID_HYPERVISOR	0x40000000u
#define CPUID_1_ECX_X2APIC	(1u << 21)
#define CPUID_1_ECX_TSC_DEADLINE (1u << 24)
#define CPUID_1_ECX_XSAVE	(1u << 26)

#define SEGMENT_CODE	0xb
#define SEGMENT_DATA	0x3
#define SEGMENT_TSS	0xb	/* busy, 64 bits */
#define GDT_CODE	0x00af9b000000fffful
#define GDT_DATA	0x00cf93000000fffful
#define GDT_TSS		0x0000890000000067ul
#define TSS_LIMIT	0x67

struct gate {
	unsigned short offset_low, selector, flags, offset_middle;
	u32 offset_high, zero;
};

#define GATE_INTERRUPT	0x8e00

struct host host;

static int kvm_fd = -1;

static long must(long result, const char *what)
{
	if (result < 0)
		die("%s: %s", what, strerror(errno));
	return result;
}

#define kvm_ioctl(fd, request, argument) \
	must(ioctl(fd, request, argument), #request)

void file_word(const char *path, char *word, size_t size)
{
	ssize_t length = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		length = read(fd, word, size - 1);
		close(fd);
	}
	word[length > 0 ? length : 0] = '\0';
	word[strcspn(word, "\n ")] = '\0';
}

bool file_write(const char *path, const char *text)
{
	ssize_t length = strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, text, length) == length;
	close(fd);
	return done;
}

static bool parameter(const char *path)
{
	char word[8];

	file_word(path, word, sizeof(word));
	return word[0] == 'Y' || word[0] == '1';
}

#define kvm_intel(name) parameter("/sys/module/kvm_intel/parameters/" name)
#define kvm_amd(name)	parameter("/sys/module/kvm_amd/parameters/" name)

static bool runs_on_tcg(void)
{
	char signature[] = "TCGTCGTCGTCG";
	struct regs r = { .rax = CPUID_HYPERVISOR };
	u32 seen[3];

	cpuid(&r);
	seen[0] = r.rbx;
	seen[1] = r.rcx;
	seen[2] = r.rdx;
	return !memcmp(seen, signature, sizeof(seen));
}

const char *vmm_init(void)
{
	struct vm *vm;

	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0)
		return "no /dev/kvm";

	host.svm = !access("/sys/module/kvm_amd", F_OK);
	host.tdp = host.svm ? kvm_amd("npt") : kvm_intel("ept");
	host.apicv = host.svm ? kvm_amd("avic") : kvm_intel("enable_apicv");
	host.ipiv = host.apicv && (host.svm || kvm_intel("enable_ipiv"));
	host.vgif = host.svm && kvm_amd("vgif");
	host.flexpriority = !host.svm && kvm_intel("flexpriority");
	host.tsc_deadline = ioctl(kvm_fd, KVM_CHECK_EXTENSION,
				  KVM_CAP_TSC_DEADLINE_TIMER) > 0;

	host.vmx_timer = !host.svm && kvm_intel("preemption_timer");
	host.shadow_vmcs = !host.svm && kvm_intel("enable_shadow_vmcs");
	host.real_mode = host.svm || kvm_intel("unrestricted_guest");
	host.tcg = runs_on_tcg();

	/*
	 * This VM stays for good.  The kernel has static keys that say whether
	 * there is any VM, and any vCPU with an APIC that is off; each change
	 * patches the scheduler, and to do that for every little VM of a test
	 * is more than the emulators stand.
	 */
	vm = vm_create(0);
	host.tsc_khz = kvm_ioctl(vcpu_create(vm)->fd, KVM_GET_TSC_KHZ, 0);
	return NULL;
}

static void *guest_pointer(struct vm *vm, u64 address)
{
	return vm->ram + (address - GUEST_RAM);
}

static void map_memory(struct vm *vm, u32 slot, u64 address, void *memory,
		       u64 size)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = address,
		.memory_size = size,
		.userspace_addr = (u64)memory,
	};

	kvm_ioctl(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* The first 4 GiB, address for address. */
static void fill_page_tables(struct vm *vm)
{
	u64 *pml4 = guest_pointer(vm, GUEST_PML4);
	u64 *pdpt = guest_pointer(vm, GUEST_PDPT);
	u64 *pd = guest_pointer(vm, GUEST_PD);
	const unsigned int entries = PAGE_SIZE / sizeof(u64), tables = 4;

	pml4[0] = GUEST_PDPT | PTE_TABLE;
	for (unsigned int i = 0; i < tables; i++)
		pdpt[i] = (GUEST_PD + i * PAGE_SIZE) | PTE_TABLE;
	for (unsigned int i = 0; i < tables * entries; i++)
		pd[i] = i * LARGE_PAGE | PTE_LEAF;
}

static void fill_descriptors(struct vm *vm)
{
	u64 *gdt = guest_pointer(vm, GUEST_GDT);
	struct gate *idt = guest_pointer(vm, GUEST_IDT);

	gdt[GUEST_CS / sizeof(u64)] = GDT_CODE;
	gdt[GUEST_DS / sizeof(u64)] = GDT_DATA;
	gdt[GUEST_TR / sizeof(u64)] = GDT_TSS | (GUEST_TSS & 0xfffffful) << 16;
	gdt[GUEST_TR / sizeof(u64)] |= (GUEST_TSS >> 24 & 0xfful) << 56;

	for (unsigned int i = 0; i < NR_VECTORS; i++) {
		u64 stub = (u64)guest_vectors + i * VECTOR_STUB;

		idt[i] = (struct gate) {
			.offset_low = stub,
			.offset_middle = stub >> 16,
			.offset_high = stub >> 32,
			.selector = GUEST_CS,
			.flags = GATE_INTERRUPT,
		};
	}
}

/* What KVM supports is what the guest gets, as with any usual VMM. */
static void fill_cpuid(struct vm *vm)
{
	struct kvm_cpuid_entry2 *features;

	vm->cpuid = calloc(1, sizeof(*vm->cpuid) +
				      MAX_CPUID * sizeof(vm->cpuid->entries[0]));
	vm->cpuid->nent = MAX_CPUID;
	kvm_ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, vm->cpuid);

	features = vm_cpuid(vm, 1, false);
	if (vm->flags & VM_X2APIC)
		features->ecx |= CPUID_1_ECX_X2APIC;
	if (vm->flags & VM_X2APIC && host.tsc_deadline)
		features->ecx |= CPUID_1_ECX_TSC_DEADLINE;
}

struct vm *vm_create(unsigned int flags)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	u64 identity_map = IDENTITY_MAP;
	u64 image = (u64)__executable_start & -PAGE_SIZE;
	u64 image_end = ((u64)end + PAGE_SIZE - 1) & -PAGE_SIZE;

	vm->flags = flags;
	vm->creator = gettid();
	vm->fd = kvm_ioctl(kvm_fd, KVM_CREATE_VM, 0);
	kvm_ioctl(vm->fd, KVM_SET_TSS_ADDR, TSS_ADDRESS);
	kvm_ioctl(vm->fd, KVM_SET_IDENTITY_MAP_ADDR, &identity_map);
	if (!(flags & VM_NO_IRQCHIP))
		kvm_ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0);

	/* Small pages, present on the host: a guest's page faults once. */
	vm->ram = mmap(NULL, GUEST_RAM_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (vm->ram == MAP_FAILED)
		die("no memory for a guest");
	madvise(vm->ram, GUEST_RAM_SIZE, MADV_NOHUGEPAGE);
	for (u64 i = 0; i < GUEST_RAM_SIZE; i += PAGE_SIZE)
		*(volatile u8 *)(vm->ram + i) = 0;

	map_memory(vm, SLOT_RAM, GUEST_RAM, vm->ram, GUEST_RAM_SIZE);
	map_memory(vm, SLOT_IMAGE, image, (void *)image, image_end - image);

	fill_page_tables(vm);
	fill_descriptors(vm);
	fill_cpuid(vm);
	return vm;
}

void vm_map(struct vm *vm, u64 address, void *memory, u64 size)
{
	map_memory(vm, SLOT_MORE, address, memory, size);
}

void vm_destroy(struct vm *vm)
{
	long run_size = kvm_ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	for (int i = 0; i < vm->nr_vcpus; i++) {
		munmap(vm->vcpus[i].run, run_size);
		close(vm->vcpus[i].fd);
	}
	close(vm->fd);
	munmap(vm->ram, GUEST_RAM_SIZE);
	free(vm->cpuid);
	free(vm);
}

struct kvm_cpuid_entry2 *vm_cpuid(struct vm *vm, u32 leaf, bool add)
{
	struct kvm_cpuid_entry2 *entry = vm->cpuid->entries;

	for (u32 i = 0; i < vm->cpuid->nent; i++, entry++)
		if (entry->function == leaf)
			return entry;
	if (!add || vm->cpuid->nent == MAX_CPUID)
		die("no CPUID entry for leaf %#x", leaf);

	vm->cpuid->nent++;
	*entry = (struct kvm_cpuid_entry2) { .function = leaf };
	return entry;
}

static struct kvm_segment segment(unsigned int selector, u8 type)
{
	return (struct kvm_segment) {
		.selector = selector,
		.type = type,
		.limit = 0xffffffff,
		.present = 1,
		.s = 1,
		.g = 1,
		.l = type == SEGMENT_CODE,
		.db = type != SEGMENT_CODE,
	};
}

static u64 vcpu_area(const struct vcpu *vcpu)
{
	int area = vcpu->index < MAX_VCPUS ? vcpu->index : MAX_VCPUS - 1;

	return GUEST_VCPU + area * GUEST_VCPU_SIZE;
}

/* Straight into 64-bit mode: needs no unrestricted guest. */
static void set_long_mode(struct vcpu *vcpu)
{
	struct vm *vm = vcpu->vm;
	struct kvm_sregs sregs;

	kvm_ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
	sregs.cs = segment(GUEST_CS, SEGMENT_CODE);
	sregs.ds = segment(GUEST_DS, SEGMENT_DATA);
	sregs.es = sregs.ds;
	sregs.fs = sregs.ds;
	sregs.gs = sregs.ds;
	sregs.ss = sregs.ds;
	sregs.gs.base = vcpu_area(vcpu);
	sregs.tr = (struct kvm_segment) {
		.base = GUEST_TSS,
		.limit = TSS_LIMIT,
		.selector = GUEST_TR,
		.type = SEGMENT_TSS,
		.present = 1,
	};
	sregs.gdt = (struct kvm_dtable) { GUEST_GDT, PAGE_SIZE - 1, {} };
	sregs.idt = (struct kvm_dtable) {
		GUEST_IDT, NR_VECTORS * sizeof(struct gate) - 1, {}
	};
	sregs.cr3 = GUEST_PML4;
	sregs.cr0 = CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs.cr4 = CR4_PAE | CR4_OSFXSR;
	if (vm_cpuid(vm, 1, false)->ecx & CPUID_1_ECX_XSAVE)
		sregs.cr4 |= CR4_OSXSAVE;
	sregs.efer = EFER_LME | EFER_LMA;
	if (vm->flags & VM_X2APIC)
		sregs.apic_base |= APIC_BASE_X2APIC;
	kvm_ioctl(vcpu->fd, KVM_SET_SREGS, &sregs);
}

struct vcpu *vcpu_create(struct vm *vm)
{
	struct kvm_mp_state runnable = { KVM_MP_STATE_RUNNABLE };
	struct vcpu *vcpu = &vm->vcpus[vm->nr_vcpus];
	u64 area;

	if (vm->nr_vcpus == MANY_VCPUS)
		die("no room for another vCPU");
	vcpu->vm = vm;
	vcpu->index = vm->nr_vcpus++;
	vcpu->fd = kvm_ioctl(vm->fd, KVM_CREATE_VCPU, (long)vcpu->index);
	vcpu->run = mmap(NULL, kvm_ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0),
			 PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
	if (vcpu->run == MAP_FAILED)
		die("cannot map struct kvm_run");

	area = vcpu_area(vcpu);
	vcpu->guest = guest_pointer(vm, area);
	vcpu->guest->svm = host.svm;
	vcpu->guest->data = (void *)(area + GUEST_DATA);
	vcpu->data = guest_pointer(vm, area + GUEST_DATA);

	kvm_ioctl(vcpu->fd, KVM_SET_CPUID2, vm->cpuid);
	set_long_mode(vcpu);
	/* No INIT and SIPI for the second vCPU. */
	if (!(vm->flags & VM_NO_IRQCHIP))
		kvm_ioctl(vcpu->fd, KVM_SET_MP_STATE, &runnable);
	return vcpu;
}

void vcpu_start(struct vcpu *vcpu, guest_fn fn)
{
	u64 area = vcpu_area(vcpu);
	struct kvm_regs regs = {
		.rip = (u64)guest_entry,
		.rdi = area,
		.rsi = (u64)fn,
		.rsp = area + GUEST_STACK_END,
		.rflags = RFLAGS_FIXED,
	};

	kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

void vcpu_user_mode(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	kvm_ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
	sregs.cs.dpl = 3;
	sregs.cs.selector |= 3;
	sregs.ss.dpl = 3;
	sregs.ss.selector |= 3;
	kvm_ioctl(vcpu->fd, KVM_SET_SREGS, &sregs);
}

void vcpu_set_rflags(struct vcpu *vcpu, u64 rflags)
{
	struct kvm_regs regs;

	kvm_ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	regs.rflags |= rflags;
	kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

void vcpu_real_mode(struct vcpu *vcpu, u64 ip, u64 si, u64 bp)
{
	struct kvm_segment real = { .limit = 0xffff, .type = SEGMENT_DATA, .present = 1, .s = 1 };
	struct kvm_regs regs = { .rip = ip, .rsi = si, .rbp = bp, .rflags = RFLAGS_FIXED };
	struct kvm_sregs sregs;

	kvm_ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
	sregs.cs = real;
	sregs.cs.type = SEGMENT_CODE;
	sregs.ds = real;
	sregs.es = real;
	sregs.fs = real;
	sregs.gs = real;
	sregs.ss = real;
	sregs.cr0 = CR0_ET;
	sregs.cr4 = 0;
	sregs.efer = 0;
	kvm_ioctl(vcpu->fd, KVM_SET_SREGS, &sregs);
	kvm_ioctl(vcpu->fd, KVM_SET_REGS, &regs);
}

static void panicked(struct vcpu *vcpu)
{
	struct kvm_regs regs;

	kvm_ioctl(vcpu->fd, KVM_GET_REGS, &regs);
	die("the guest took exception %llu at %#llx", regs.rax, regs.rbx);
}

enum vcpu_stop vcpu_resume(struct vcpu *vcpu)
{
	struct kvm_run *run = vcpu->run;

	for (;;) {
		if (ioctl(vcpu->fd, KVM_RUN, 0) < 0) {
			if (errno == EINTR)
				return STOP_SIGNAL;
			die("KVM_RUN: %s", strerror(errno));
		}

		switch (run->exit_reason) {
		case KVM_EXIT_IO:
			if (run->io.port == PORT_DONE)
				return STOP_DONE;
			if (run->io.port == PORT_PANIC)
				panicked(vcpu);
			if (run->io.port != PORT_DATA)
				die("access to port %#x", run->io.port);
			if (vcpu->io)
				vcpu->io(vcpu);
			break;
		case KVM_EXIT_MMIO:
		case KVM_EXIT_HLT:
			if (vcpu->io)
				vcpu->io(vcpu);
			break;
		default:
			die("KVM_RUN returned for reason %u (detail %llu)",
			    run->exit_reason,
			    run->exit_reason == KVM_EXIT_INTERNAL_ERROR ?
				    run->internal.suberror :
				    run->hw.hardware_exit_reason);
		}
	}
}

void vcpu_call(struct vcpu *vcpu, guest_fn fn)
{
	vcpu_start(vcpu, fn);
	while (vcpu_resume(vcpu) == STOP_SIGNAL)
		;
}
