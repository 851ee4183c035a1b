/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest that is a hypervisor: what its two kinds (nested_svm.c, nested_vmx.c)
 * and the test (test_nested.c) share.
 *
 * "Inner" is the guest of the guest.  It uses the page tables, descriptors and
 * gs of its hypervisor.
 */
#ifndef NESTED_H
#define NESTED_H

#include "stats.h"

#define PAGE_SIZE	4096

/* What the guest's hypervisor answers to CPUID */
#define MAGIC		0x1a57b00cu

#define MSR_UCODE_REVISION 0x8b
#define CPUID_LENGTH	2
#define RFLAGS_FIXED	(1ul << 1)
#define DR7_FIXED	0x400ul

/* The registers that an entry leaves alone, in the order of guest-nested.S */
struct inner_regs {
	u64 rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, rdi;
	u64 rax;		/* VMX; a VMCB has it */
};

static_assert(offsetof(struct inner_regs, rdi) == 104, "");
static_assert(offsetof(struct inner_regs, rax) == 112, "");

enum {
	INTERCEPT_CPUID	= 1 << 0,	/* else KVM answers: SVM only */
	INVALID_GUEST	= 1 << 1,	/* inner state that cannot be entered */
};

/* At the beginning of a hypervisor's data */
struct nested {
	u64 rounds, flags;	/* in */
	u64 runs;		/* entries, those that failed included */
	u64 cpuids;		/* of the hypervisor itself */
	u64 vmreads, vmwrites;
	u64 unexpected;		/* an exit that nobody asked for: its code + 1 */
	u64 wrong;		/* answers to the inner guest */
	u64 entries_seen;	/* what it last read of our statistics */
	struct inner_regs regs;
};

/* Exits that a phase is to cause on a vCPU */
struct nested_row {
	u32 code;
	u64 want;
	bool at_most;
};

#define MAX_NESTED_ROWS	16

struct hypervisor {
	u32 entry;		/* the exit reason of its entry instruction */
	guest_fn setup, run, invalid;
	const char *invalid_name;
	unsigned int (*rows)(const struct nested *nested, struct nested_row *rows);
};

extern const struct hypervisor hypervisor_svm, hypervisor_vmx;

/* guest-nested.S: run a guest's own guest until its next exit. */
struct vmcb;
void nested_run_svm(struct inner_regs *regs, struct vmcb *vmcb);
u64 nested_run_vmx(struct inner_regs *regs, bool launched); /* not 0: no entry */

#endif /* NESTED_H */
