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
 * A handle keeps state and has no lock: one thread at a time.
 *
 * Errors are negative errno values; exitstat_reason() has the sentence:
 *	-ENODEV		no hypervisor (bare metal)
 *	-EOPNOTSUPP	a hypervisor other than KVM
 *	-ENOSYS		KVM without exit statistics: an unpatched kvm.ko, one
 *			with exit_stats= below "guest", or a VMM that hides
 *			them from this VM
 *	-EPROTO		the signature is there, but answers contradict it
 *	-EAGAIN		the counters restarted (the VM was restored or
 *			migrated) each time that a snapshot was tried
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

/* The one way to the CPU: all four registers are to be set. */
struct exitstat_cpuid {
	void (*read)(void *data, uint32_t leaf, uint32_t subleaf,
		     struct exitstat_regs *regs);
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

struct exitstat_row {
	uint32_t slot;		/* index in the host's table; 0 is OTHER */
	uint32_t code;		/* the hardware's number; OTHER has none: 0 */
	uint64_t exits;
	uint64_t cycles;	/* host TSC ticks, KVM's and the VMM's work */
};

/*
 * Every row that is not zero, for the whole VM, in order of slots.  The rows
 * are read one after the other while the VM runs.  The totals are the sums of
 * the rows here, so that shares add up; what the host would answer for all
 * reasons is newer than they are.
 */
struct exitstat_snapshot {
	uint64_t instance;
	uint64_t exits;
	uint64_t cycles;
	uint64_t own_exits;	/* exits that taking the snapshot caused */
	size_t nr_rows;
	struct exitstat_row *rows;
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

int exitstat_snapshot(struct exitstat *es, struct exitstat_snapshot **snap);
void exitstat_snapshot_free(struct exitstat_snapshot *snap);

/*
 * The name of a row's reason, put into the buffer, which is returned: "HLT",
 * "OTHER", or "0x55 (unknown)" for a code newer than this library.
 */
#define EXITSTAT_NAME_SIZE 40
char *exitstat_name(const struct exitstat *es, const struct exitstat_row *row,
		    char *buffer, size_t size);

#ifdef __cplusplus
}
#endif

#endif /* LIBEXITSTAT_H */
