/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The exit statistics, as each of their readers sees them: a guest (CPUID), the
 * host's table in debugfs, KVM's own counter, and KVM's own tracepoint.
 */
#ifndef STATS_H
#define STATS_H

#include <kvm_exit_stats.h>

#include "vmm.h"

/* The reasons of this host's vendor, in order of their slots; slot 0 is OTHER. */
struct reason {
	u32 slot, code;
	const char *name;
};

#define MAX_REASONS	256

extern const struct reason *reasons;
extern unsigned int nr_reasons;

#define VMX_CODE(slot, code, name)	VMX_##name = (code),
#define SVM_CODE(slot, code, name)	SVM_##name = (code),
#include <kvm_exit_reasons_svm.h>
#include <kvm_exit_reasons_vmx.h>

enum vmx_code { KVM_EXIT_REASONS_VMX(VMX_CODE, VMX_CODE) };
enum svm_code { KVM_EXIT_REASONS_SVM(SVM_CODE, SVM_CODE) };

/* The one of this host */
#define REASON(name)	(host.svm ? (u32)SVM_##name : (u32)VMX_##name)
#define REASON_INTERRUPT (host.svm ? (u32)SVM_INTR : (u32)VMX_EXTERNAL_INTERRUPT)
#define REASON_IO	(host.svm ? (u32)SVM_IOIO : (u32)VMX_IO_INSTRUCTION)
#define REASON_HYPERCALL (host.svm ? (u32)SVM_VMMCALL : (u32)VMX_VMCALL)

void reasons_init(void);
const struct reason *reason_by_code(u32 code);	/* NULL: it has no row */

/* The manual defines it, but it cannot happen. */
bool code_has_no_row(u32 code);

/* The host causes it whenever it likes: no guest can foretell how often. */
bool reason_is_async(u32 code);

/* Exit counts by code, whoever counted. */
struct counts {
	unsigned int nr;
	struct {
		u32 code;
		u64 exits;
	} of[MAX_REASONS];
};

u64 counts_get(const struct counts *counts, u32 code);
void counts_set(struct counts *counts, u32 code, u64 exits);

/*
 * What a guest sees.  In: leaf and subleaf; out: the registers.  They go in
 * with garbage in all bits that CPUID does not take as its input, so a bit
 * that nobody wrote shows.
 */
struct query {
	u32 leaf, subleaf;
	u64 rax, rbx, rcx, rdx;
};

/* A CPUID leaf near to ours that nobody answers */
#define UNRELATED_LEAF		0x4ffffe00u

#define REGISTER_GARBAGE	0xa5a5a5a5deadbeefull
#define MAX_QUERIES		((GUEST_DATA_SIZE - 16) / sizeof(struct query))

/*
 * Let the guest ask.  Exits: one CPUID a query, and one I/O at the end of each
 * MAX_QUERIES.
 */
void ask(struct vcpu *vcpu, struct query *queries, unsigned int nr);

/* One query, its answer as a number */
u64 ask_exits(struct vcpu *vcpu, u32 reason);
u64 ask_total_exits(struct vcpu *vcpu);
u64 ask_value(struct vcpu *vcpu, u32 select);
u64 answer_exits(const struct query *query);	/* leaves with EBX:EAX */
u64 answer_cycles(const struct query *query);	/* leaves with EBX:ECX */

/* Can a guest see statistics at all? */
bool guest_sees_stats(void);

/* For guest functions: */
static inline u64 guest_exits(u32 reason)
{
	struct regs r = { KVM_EXIT_STATS_REASON_EXITS, 0, reason, 0 };

	cpuid(&r);
	return r.rbx << 32 | r.rax;
}

/* 0x4FFFFFFD and 0x4FFFFFFF */
static inline u64 guest_cycles(u32 leaf, u32 reason)
{
	struct regs r = { leaf, 0, reason, 0 };

	cpuid(&r);
	return r.rbx << 32 | r.rcx;
}

static inline u64 guest_value(u32 select)
{
	struct regs r = { KVM_EXIT_STATS_VALUE, 0, select, 0 };

	cpuid(&r);
	return r.rbx << 32 | r.rax;
}

/* What elapsed on the vCPU that asks, while it asks */
static inline u64 guest_elapsed(void)
{
	return guest_value(KVM_EXIT_STATS_THIS_VCPU |
			   KVM_EXIT_STATS_SELECT(KVM_EXIT_STATS_ALL_ROWS,
						 KVM_EXIT_STAT_ELAPSED));
}

/* The host's table: of a VM, or of one vCPU. */
enum { COL_EXITS, COL_KERNEL, COL_USER, COL_IDLE, COL_PREEMPTED, NR_COLS };

struct table {
	struct counts counts;
	u64 rows[MAX_REASONS][NR_COLS];	/* in the order of counts */
	u64 other[NR_COLS];
	u64 sum[NR_COLS];	/* of the rows that were listed */
	u64 total[NR_COLS];	/* as the table says */
	u64 guest, stopped, elapsed;
};

bool vm_table(struct vm *vm, struct table *table);
bool vcpu_table(struct vcpu *vcpu, struct table *table);
u64 table_buckets(const struct table *table);	/* all six: at rest what elapsed */
u64 table_get(const struct table *table, u32 code, int col);	/* 0: no such row */

/* stat.exits, over all vCPUs. */
u64 vm_stat_exits(struct vm *vm);

/* The histogram of kvm:kvm_exit, of all VMs on this host. */
bool trace_start(void);
void trace_read(struct counts *counts);

#endif /* STATS_H */
