/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libexitstat: read the VM exits of this guest, per reason.
 *
 * Needs no privilege: everything is asked with CPUID, and each question is a
 * VM exit of its own.  What the host answers is described in
 * include/kvm_exit_stats.h; this header adds shapes, units and errors.
 *
 *	struct exitstat *es;
 *	struct exitstat_snapshot *snap;
 *	char name[EXITSTAT_NAME_SIZE];
 *
 *	if (exitstat_open(&es) || exitstat_snapshot(es, &snap))
 *		errx(1, "%s", exitstat_reason(es));
 *	for (i = 0; i < snap->nr_rows; i++)
 *		printf("%s %llu\n",
 *		       exitstat_name(es, &snap->rows[i], name, sizeof(name)),
 *		       (unsigned long long)snap->rows[i].exits);
 *	exitstat_snapshot_free(snap);
 *	exitstat_close(es);
 *
 * A handle keeps state and has no lock: one thread at a time.  Reading one vCPU
 * moves the calling thread to that vCPU's CPU and back.
 *
 * Every question that is asked is an exit of reason CPUID of its own, which
 * the host counts before it answers.  exitstat_diff() can take the handle's
 * own ones out.
 *
 * Errors are negative errno values; exitstat_reason() has the sentence:
 *	-ENODEV		no hypervisor (bare metal)
 *	-EOPNOTSUPP	a hypervisor other than KVM; or the host keeps no such
 *			statistic
 *	-ENOSYS		KVM without exit statistics: an unpatched kvm.ko, one
 *			with exit_stats= below "guest", or a VMM that hides
 *			them from this VM
 *	-EPROTO		the signature is there, but answers contradict it
 *	-EAGAIN		the counters restarted (the VM was restored or
 *			migrated) each time that a snapshot was tried
 *	-ESTALE		the counters restarted between two snapshots
 *	-ENXIO		no CPU that this thread may run on is that vCPU
 *	-EINVAL		the snapshots do not belong together
 *	-ENOMEM		out of memory
 */
#ifndef LIBEXITSTAT_H
#define LIBEXITSTAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EXITSTAT_VERSION "0.1"

struct exitstat;

struct exitstat_regs {
	uint32_t eax, ebx, ecx, edx;
};

/*
 * The one way to the CPU.  read() sets all four registers.  The other two are
 * for reading one vCPU and may be NULL, if that is not wanted:
 *
 * next_cpu()	the lowest number of a CPU above "after" that the thread may
 *		run on, -1 if there is none; -1 as "after" begins
 * pin()	have the thread run on this CPU only; -1: as it was before.
 *		0 or a negative errno
 */
struct exitstat_cpuid {
	void (*read)(void *data, uint32_t leaf, uint32_t subleaf,
		     struct exitstat_regs *regs);
	int (*next_cpu)(void *data, int after);
	int (*pin)(void *data, int cpu);
	void *data;
};

enum exitstat_host_kind {
	EXITSTAT_HOST_READY,		/* KVM with exit statistics */
	EXITSTAT_HOST_BARE_METAL,	/* no hypervisor */
	EXITSTAT_HOST_FOREIGN,		/* a hypervisor, not KVM */
	EXITSTAT_HOST_KVM_WITHOUT,	/* KVM without exit statistics */
};

struct exitstat_host {
	enum exitstat_host_kind kind;
	/* Not asked for on a ready host: "" then. */
	char signature[13];	/* as at 0x40000000, unprintable as '?' */
	const char *name;	/* its common name, or "" */
	uint32_t kvm_leaf;	/* where KVM's own leaves begin, or 0 */
};

struct exitstat_info {
	uint32_t abi;		/* KVM_EXIT_STATS_ABI_VERSION of the host */
	uint32_t features;	/* bits, KVM_EXIT_STATS_FEAT_... */
	uint32_t reasons;	/* whose codes, KVM_EXIT_STATS_NS_... */
	uint32_t nr_rows;	/* of the host's table, OTHER included */
	uint32_t nr_vcpus;
	uint64_t tsc_hz;	/* frequency of the cycles; 0: not known */
	uint64_t instance;	/* another number: the counters restarted */
};

/*
 * A statistic that the host keeps, as the host describes it: this library may
 * know nothing of it but this.
 */
#define EXITSTAT_STAT_NAME_SIZE 17
struct exitstat_stat {
	uint32_t number;	/* KVM_EXIT_STAT_..., or a newer one */
	uint32_t kind;		/* KVM_EXIT_STATS_KIND_... */
	uint32_t unit;		/* KVM_EXIT_STATS_UNIT_... */
	uint32_t merge;		/* KVM_EXIT_STATS_MERGE_... */
	uint32_t shape;		/* EXITSTAT_SCALAR, EXITSTAT_LOG2 or newer */
	uint32_t shift;		/* LOG2: element 0 holds values below 2^shift */
	uint32_t nr_elements;	/* 1 for a scalar */
	uint32_t first;		/* of its elements among the values below */
	char name[EXITSTAT_STAT_NAME_SIZE];
};

#define EXITSTAT_SCALAR	1
/*
 * Element 0: values below 2^shift.  Element n: from 2^(shift + n - 1) to below
 * 2^(shift + n).  The last one: all that are above.
 */
#define EXITSTAT_LOG2	2

struct exitstat_row {
	uint32_t slot;		/* index in the host's table; 0 is OTHER */
	uint32_t code;		/* the hardware's number; OTHER has none: 0 */
	uint64_t exits;
	uint64_t cycles;	/* host TSC ticks, KVM's and the VMM's work */
	uint64_t *values;	/* of each row statistic; NULL: not asked for */
};

#define EXITSTAT_WHOLE_VM (-1)

/*
 * Every row that is not zero, in order of slots.  The rows are read one after
 * the other while the VM runs.  The totals are the sums of the rows here, so
 * that shares add up; what the host would answer for all reasons is newer than
 * they are.
 */
struct exitstat_snapshot {
	uint64_t instance;
	uint64_t exits;
	uint64_t cycles;
	uint64_t own_exits;	/* exits that taking the snapshot caused */
	/*
	 * The handle's own exits that are in the row of CPUID here.  Taken out
	 * of the row by exitstat_diff() if told so: own_subtracted is 1 then.
	 * One vCPU: those while its thread was sent there.
	 */
	uint64_t own_counted;
	uint64_t own_cycles;	/* what was taken out with them: an estimate */
	int own_subtracted;
	int vcpu;		/* index of a vCPU or EXITSTAT_WHOLE_VM */
	int cpu;		/* that it was on; -1 for the whole VM */
	int is_diff;		/* between two snapshots, not since the start */
	uint32_t features;	/* bits, when the snapshot was taken */
	uint64_t nanoseconds;	/* CLOCK_MONOTONIC; in a difference: elapsed */
	size_t nr_values;	/* in each row's values */
	size_t nr_vcpu_values;
	uint64_t *vcpu_values;	/* of each vCPU statistic; NULL: not asked for */
	size_t nr_rows;
	struct exitstat_row *rows; /* in order of slots, as exitstat_diff() wants them */
};

/*
 * Find out what the host is and what it offers.  Other than for -ENOMEM, *es
 * is a handle even if opening fails, for exitstat_reason() and
 * exitstat_host(); close it in any case.  The second form asks through the
 * function given, which must outlive the handle.
 */
int exitstat_open(struct exitstat **es);
int exitstat_open_cpuid(struct exitstat **es,
			const struct exitstat_cpuid *cpuid);
void exitstat_close(struct exitstat *es);

/* Why the last call failed: a sentence without a full stop or newline. */
const char *exitstat_reason(const struct exitstat *es);

const struct exitstat_host *exitstat_host(const struct exitstat *es);

/* Valid until the handle's next snapshot, all zero on a host not ready. */
const struct exitstat_info *exitstat_info(const struct exitstat *es);

/* Exits that this handle has caused since it was opened. */
uint64_t exitstat_own_exits(const struct exitstat *es);

/*
 * The statistics that the host keeps, in order of numbers; valid as long as
 * exitstat_info() is.  Asked for once, in some twenty exits.
 * -EOPNOTSUPP: the host tells none but exits and cycles.
 */
int exitstat_stats(struct exitstat *es, const struct exitstat_stat **stats,
		   size_t *nr_stats);

/* A statistic by its number or its name; NULL if the host keeps none such. */
const struct exitstat_stat *exitstat_find_stat(struct exitstat *es,
					       uint32_t number);
const struct exitstat_stat *exitstat_find_stat_name(struct exitstat *es,
						    const char *name);

/*
 * The whole VM, exits and cycles only: an exit a row, two more, and one for each
 * 128 rows that the host's table has.
 */
int exitstat_snapshot(struct exitstat *es, struct exitstat_snapshot **snap);
void exitstat_snapshot_free(struct exitstat_snapshot *snap);

/*
 * As above, of one vCPU or with more in it.  Each statistic is an exit for each
 * row and each of its elements.  A vCPU that is read has its clock brought up
 * to date first; those of a whole VM are as new as their last exit.
 */
#define EXITSTAT_WITH_ROW_STATS	 (1u << 0) /* those of one element */
#define EXITSTAT_WITH_HISTOGRAMS (1u << 1) /* those of more elements */
#define EXITSTAT_WITH_VCPU_STATS (1u << 2)
/* Not the rows but one that is their sum, with slot EXITSTAT_ALL_ROWS. */
#define EXITSTAT_SUMS_ONLY	 (1u << 3)
#define EXITSTAT_ALL_ROWS	 0xffffu
struct exitstat_query {
	int vcpu; /* EXITSTAT_WHOLE_VM, or its index */
	unsigned int with;
};

int exitstat_read(struct exitstat *es, const struct exitstat_query *query,
		  struct exitstat_snapshot **snap);

/* Which CPU of the guest's system is which vCPU of the VM. */
struct exitstat_vcpu {
	int cpu;
	int vcpu;
};

/*
 * Those that this thread may run on, in order of CPUs; one exit each.  The array
 * belongs to the handle, until the next call.
 */
int exitstat_vcpus(struct exitstat *es, const struct exitstat_vcpu **vcpus,
		   size_t *nr_vcpus);

/*
 * What happened from the first snapshot to the second, of the same scope and
 * handle; NULL as the first: since the start.  Rows in which nothing happened
 * are left out.  Values of a statistic that merges as a maximum are those of the
 * second snapshot: what the maximum was in between is not known.
 *
 * EXITSTAT_LESS_OWN takes out the exits that reading caused, from the row of
 * CPUID: their number is exact, their cycles are the row's mean.
 *
 * -ESTALE: the counters restarted in between, or hid rows or showed them; there
 * is nothing to compare.  exitstat_diff() never makes a negative number.
 */
#define EXITSTAT_LESS_OWN (1u << 0)
int exitstat_diff(struct exitstat *es, const struct exitstat_snapshot *before,
		  const struct exitstat_snapshot *after, unsigned int flags,
		  struct exitstat_snapshot **diff);

/* Elements of a statistic in a row; NULL if the snapshot lacks them. */
const uint64_t *exitstat_row_values(const struct exitstat_snapshot *snap,
				    const struct exitstat_row *row,
				    const struct exitstat_stat *stat);

/*
 * A quantile (0 to 1) of an EXITSTAT_LOG2 statistic: in the element in which it
 * lies, values are taken as evenly spread.  0, or -EINVAL if it has no values
 * or another shape.  "longest" bounds the answer, if it is not 0.
 */
int exitstat_quantile(const struct exitstat_stat *stat, const uint64_t *values,
		      double quantile, uint64_t longest, double *result);

/*
 * The name of a row's reason, put into the buffer, which is returned: "HLT",
 * "OTHER", or "0x55 (unknown)" for a code newer than this library.
 */
#define EXITSTAT_NAME_SIZE 40
char *exitstat_name(const struct exitstat *es, const struct exitstat_row *row,
		    char *buffer, size_t size);

/* The code of a slot below exitstat_info()'s nr_rows: 0, -EINVAL or -EPROTO. */
int exitstat_code(struct exitstat *es, uint32_t slot, uint32_t *code);

/*
 * The reasons that this library has names for, by namespace (KVM_EXIT_STATS_NS_...)
 * and slot; no host is asked.  Slot 0 is OTHER in each of them, and has no code.
 * NULL: the slot or the namespace is newer than this library.
 */
struct exitstat_known {
	uint32_t code;
	const char *name;
};

const struct exitstat_known *exitstat_known(uint32_t reasons, uint32_t slot);

/* All registers of any leaf, on the CPU that the thread happens to be on. */
void exitstat_leaf(struct exitstat *es, uint32_t leaf, uint32_t subleaf,
		   struct exitstat_regs *regs);

/* Have the thread run on this CPU only; -1: as it was before. */
int exitstat_pin(struct exitstat *es, int cpu);

#ifdef __cplusplus
}
#endif

#endif /* LIBEXITSTAT_H */
