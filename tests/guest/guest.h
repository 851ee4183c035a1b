/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs inside the virtual machines.
 *
 * There is no guest image.  The program's own pages are mapped into the guest
 * at the addresses that they have in the program, so any function of the
 * program can run in the guest, in 64-bit mode at privilege level 0.  Such
 * functions are marked __guest.  They must not call libc, keep no state outside
 * the guest's memory, and use no vector registers (see the Makefile).
 *
 * Guest-physical and guest-virtual addresses are the same.
 */
#ifndef GUEST_H
#define GUEST_H

/* Memory of the guest; the asm in guest-entry.S shares these. */
#define GUEST_RAM	0x20000000
#define GUEST_RAM_SIZE	0x00800000
#define GUEST_PML4	(GUEST_RAM + 0x0000)
#define GUEST_PDPT	(GUEST_RAM + 0x1000)
#define GUEST_PD	(GUEST_RAM + 0x2000)	/* four pages */
#define GUEST_GDT	(GUEST_RAM + 0x6000)
#define GUEST_IDT	(GUEST_RAM + 0x7000)
#define GUEST_TSS	(GUEST_RAM + 0x8000)

/* Each vCPU has a megabyte: its struct guest, its stack, its data. */
#define GUEST_VCPU	(GUEST_RAM + 0x100000)
#define GUEST_VCPU_SIZE	0x100000
#define GUEST_STACK_END	0x10000
#define GUEST_DATA	GUEST_STACK_END
#define GUEST_DATA_SIZE	(GUEST_VCPU_SIZE - GUEST_DATA)
#define MAX_VCPUS	4	/* that have one */

/* Pages that nobody touches but who wants to fault. */
#define GUEST_FRESH	(GUEST_VCPU + MAX_VCPUS * GUEST_VCPU_SIZE)
#define GUEST_FRESH_SIZE 0x100000

/* No memory here: an access goes to the VMM. */
#define GUEST_MMIO	0xd0000000
#define GUEST_LAPIC	0xfee00000

#define GUEST_CS	0x08
#define GUEST_DS	0x10
#define GUEST_TR	0x18

#define PORT_DONE	0x510	/* the guest function returned */
#define PORT_PANIC	0x514	/* an exception that nobody expected */
#define PORT_DATA	0x518	/* in and out for the tests, ends nothing */

#define VECTOR_TIMER	0x40
#define NR_VECTORS	(VECTOR_TIMER + 1)
#define VECTOR_STUB	16	/* bytes of an entry stub */
#define FIRST_INTERRUPT	32

/* Offsets into struct guest */
#define GUEST_RESUME	0
#define GUEST_FAULTS	8
#define GUEST_INTERRUPTS 16

#define MSR_TSC_DEADLINE	0x6e0
#define MSR_X2APIC_EOI		0x80b
#define MSR_X2APIC_SPURIOUS	0x80f
#define MSR_X2APIC_ICR		0x830
#define MSR_X2APIC_TIMER	0x832
#define MSR_X2APIC_TIMER_COUNT	0x838
#define MSR_X2APIC_TIMER_DIVIDE	0x83e
#define APIC_SOFTWARE_ENABLE	0x100
#define APIC_SPURIOUS_VECTOR	0xff
#define APIC_TIMER_PERIODIC	(1 << 17)
#define APIC_TIMER_TSC_DEADLINE	(2 << 17)
#define APIC_DIVIDE_BY_1	0xb
#define APIC_TICK		1000000	/* ns: KVM's APIC bus runs at 1 GHz */

#ifndef __ASSEMBLER__

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define __guest __attribute__((noinline, section(".text.guest")))

/* One a vCPU, at %gs:0 in the guest. */
struct guest {
	u64 resume;	/* where to go on after a fault; 0: none is expected */
	u64 faults;	/* that went there */
	u64 interrupts;	/* that were taken */
	u64 svm;	/* the host's vendor */
	void *data;	/* of the test: GUEST_DATA of this vCPU */
};

static_assert(offsetof(struct guest, resume) == GUEST_RESUME, "");
static_assert(offsetof(struct guest, faults) == GUEST_FAULTS, "");
static_assert(offsetof(struct guest, interrupts) == GUEST_INTERRUPTS, "");

typedef void (*guest_fn)(struct guest *g);

/* guest-entry.S */
void guest_entry(void);
extern const char guest_vectors[];

/* guest-real.S: CPUID from real mode, see there. */
extern const char real_code[];
extern const u32 real_code_size;

/* The linker's: first and last address of this program's image */
extern char __executable_start[], end[];

/*
 * An instruction that may fault: if it does, the guest goes on behind it.
 * Clobbers r11.
 */
#define MAY_FAULT(insn)					\
	"leaq 771f(%%rip), %%r11\n\t"			\
	"movq %%r11, %%gs:0\n\t"			\
	insn "\n"					\
	"771:\n\t"					\
	"movq $0, %%gs:0\n\t"

struct regs {
	u64 rax, rbx, rcx, rdx;
};

/* All 64 bits of each register, in and out. */
static inline void cpuid(struct regs *r)
{
	asm volatile("cpuid"
		     : "+a" (r->rax), "+b" (r->rbx), "+c" (r->rcx),
		       "+d" (r->rdx)
		     : : "memory");
}

static inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

/*
 * Compute for a while.  Interrupts are on, not that any would come: Bochs lets
 * the host have its interrupts only then.
 */
static inline void busy(u64 cycles)
{
	u64 begin = rdtsc();

	asm volatile("sti" : : : "memory");
	while (rdtsc() - begin < cycles)
		;
	asm volatile("cli" : : : "memory");
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c" (msr), "a" (value & 0xffffffff),
		     "d" (value >> 32) : "memory");
}

static inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a" (low), "=d" (high) : "c" (msr));
	return (u64)high << 32 | low;
}

static inline void outb(unsigned short port, u8 value)
{
	asm volatile("outb %0, %1" : : "a" (value), "Nd" (port) : "memory");
}

static inline u8 inb(unsigned short port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a" (value) : "Nd" (port) : "memory");
	return value;
}

/* A hypercall number that KVM does not have: it answers with an error. */
#define HYPERCALL_NONE	0xffff

static inline void hypercall(const struct guest *g)
{
	u64 rax = HYPERCALL_NONE;

	if (g->svm)
		asm volatile("vmmcall" : "+a" (rax) : : "memory");
	else
		asm volatile("vmcall" : "+a" (rax) : : "memory");
}

/*
 * Two ways to use the timer of the local APIC, in x2APIC mode.  Every interrupt
 * costs a WRMSR, the end of interrupt in guest-entry.S.
 *
 * The emulators do not keep the promise that no interrupt comes between STI and
 * HLT: if the host interrupts just there, the guest's interrupt may come before
 * the HLT.  So who halts either sleeps until a deadline that is far off, or has
 * a timer that ticks on, and counts its interrupts.
 */
static inline void timer_setup(void)
{
	wrmsr(MSR_X2APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | APIC_SPURIOUS_VECTOR);
	wrmsr(MSR_X2APIC_TIMER, APIC_TIMER_TSC_DEADLINE | VECTOR_TIMER);
}

static inline void ticks_setup(void)
{
	wrmsr(MSR_X2APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | APIC_SPURIOUS_VECTOR);
	wrmsr(MSR_X2APIC_TIMER, APIC_TIMER_PERIODIC | VECTOR_TIMER);
	wrmsr(MSR_X2APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	wrmsr(MSR_X2APIC_TIMER_COUNT, APIC_TICK);
}

/* One HLT, at least one interrupt */
static inline void halt(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

static inline void timer_sleep(u64 cycles)
{
	wrmsr(MSR_TSC_DEADLINE, rdtsc() + cycles);
	halt();
}

#endif /* __ASSEMBLER__ */
#endif /* GUEST_H */
