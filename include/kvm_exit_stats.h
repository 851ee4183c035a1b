/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Exit statistics for KVM: the interface that a guest sees.
 *
 * A guest reads with CPUID, at any privilege level.  Nothing here is ever
 * written.  All four registers are set by every leaf of the class
 * 0x4FFFFF00-0x4FFFFFFF; a leaf or subleaf without a meaning answers zero in
 * all of them.
 *
 * The scope is the VM that asks: sums run over all of its vCPUs.  Counts and
 * cycles are 64 bits wide and never go backwards while the instance number
 * and KVM_EXIT_STATS_FEAT_HIDE_ASYNC stay the same.  Cycles are ticks of the
 * host's TSC, see KVM_EXIT_STATS_INFO_CLOCK.
 *
 * Note for users of gcc's <cpuid.h>: __get_cpuid_count() checks the leaf
 * against the basic range and fails for this class.  Use __cpuid_count(), and
 * the signature leaf before any other:
 *
 *	unsigned int eax, ebx, ecx, edx;
 *
 *	__cpuid_count(KVM_EXIT_STATS_SIGNATURE, 0, eax, ebx, ecx, edx);
 *	present = eax >= KVM_EXIT_STATS_SIGNATURE &&
 *		  ebx == KVM_EXIT_STATS_SIGNATURE_EBX &&
 *		  ecx == KVM_EXIT_STATS_SIGNATURE_ECX &&
 *		  edx == KVM_EXIT_STATS_SIGNATURE_EDX;
 */
#ifndef KVM_EXIT_STATS_H
#define KVM_EXIT_STATS_H

#define KVM_EXIT_STATS_ABI_VERSION	1

/*
 * 0x4FFFFF00: the signature, whatever ECX holds.
 *	EAX	highest leaf of the class
 *	EBX, ECX, EDX	"KVMExitStats"
 */
#define KVM_EXIT_STATS_SIGNATURE	0x4fffff00u
#define KVM_EXIT_STATS_SIGNATURE_EBX	0x454d564bu	/* "KVME" */
#define KVM_EXIT_STATS_SIGNATURE_ECX	0x53746978u	/* "xitS" */
#define KVM_EXIT_STATS_SIGNATURE_EDX	0x73746174u	/* "tats" */

/*
 * 0x4FFFFF01: what there is.  ECX selects:
 *
 * KVM_EXIT_STATS_INFO_ABI
 *	EAX	ABI version
 *	EBX	feature bits, KVM_EXIT_STATS_FEAT_*
 *	ECX	namespace of the exit reasons, KVM_EXIT_STATS_NS_*
 *	EDX	number of rows, OTHER included; row slots are 0 to EDX - 1
 * KVM_EXIT_STATS_INFO_CLOCK
 *	EAX	low half, EBX high half: frequency of the cycles in Hz
 *	ECX	number of vCPUs of this VM
 *	EDX	index of the vCPU that answers
 * KVM_EXIT_STATS_INFO_INSTANCE
 *	EAX	low half, EBX high half: instance number, random for every VM; a
 *		restored or migrated VM, whose counters start at zero, has a new
 *		one
 * KVM_EXIT_STATS_INFO_STATS
 *	EAX	one more than the highest number of a row statistic
 *	EBX	one more than the highest number of a vCPU statistic
 *		(numbers that have no statistic may lie between)
 */
#define KVM_EXIT_STATS_INFO		0x4fffff01u
#define KVM_EXIT_STATS_INFO_ABI		0
#define KVM_EXIT_STATS_INFO_CLOCK	1
#define KVM_EXIT_STATS_INFO_INSTANCE	2
#define KVM_EXIT_STATS_INFO_STATS	3

#define KVM_EXIT_STATS_NS_VMX		1	/* basic exit reasons, Intel SDM */
#define KVM_EXIT_STATS_NS_SVM		2	/* VMEXIT codes, AMD APM */

#define KVM_EXIT_STATS_FEAT_VALUE	(1u << 0) /* 0x4FFFFF05 answers */
#define KVM_EXIT_STATS_FEAT_STAT	(1u << 1) /* 0x4FFFFF06 answers */
#define KVM_EXIT_STATS_FEAT_HIDE_ASYNC	(1u << 2) /* asynchronous rows are hidden */
#define KVM_EXIT_STATS_FEAT_HISTOGRAM	(1u << 3) /* LONGEST and HISTOGRAM are kept */

/*
 * 0x4FFFFF02: one row.  ECX selects the slot.
 *	EAX	exit reason of the row; 0 for OTHER, which has none
 *	EBX	flags, KVM_EXIT_STATS_ROW_*; zero beyond the last row
 */
#define KVM_EXIT_STATS_ROW		0x4fffff02u
#define KVM_EXIT_STATS_ROW_VALID	(1u << 0)
#define KVM_EXIT_STATS_ROW_OTHER	(1u << 1) /* all reasons not listed */
#define KVM_EXIT_STATS_ROW_ASYNC	(1u << 2) /* caused by the host, not the guest */

/*
 * 0x4FFFFF03: which rows are not zero.  ECX selects a group of 128 slots; bit
 * n of EAX is slot 128 * ECX + n, EBX, ECX and EDX follow on.
 */
#define KVM_EXIT_STATS_BITMAP		0x4fffff03u

/*
 * 0x4FFFFF04: a row in one exit.  ECX selects the slot.
 *	EAX	low half, EBX high half: number of exits
 *	ECX	low half, EDX high half: cycles spent processing them
 */
#define KVM_EXIT_STATS_ROW_SUM		0x4fffff04u

/*
 * 0x4FFFFF05: any statistic.  ECX selects, see KVM_EXIT_STATS_SELECT():
 *	bits 15:0	slot of the row, or KVM_EXIT_STATS_ALL_ROWS; a
 *			statistic of the vCPU takes the latter only
 *	bits 23:16	number of the statistic
 *	bits 30:24	element, of a statistic that is an array; else zero
 *	bit 31		this vCPU only, not the whole VM
 * and it answers:
 *	EAX	low half, EBX high half: the value
 *	ECX	1 if the selection has a meaning
 */
#define KVM_EXIT_STATS_VALUE		0x4fffff05u
#define KVM_EXIT_STATS_ALL_ROWS		0xffffu
#define KVM_EXIT_STATS_THIS_VCPU	(1u << 31)
#define KVM_EXIT_STATS_SELECT(slot, stat) \
	(((unsigned int)(stat) << 16) | (slot))
#define KVM_EXIT_STATS_SELECT_ELEMENT(slot, stat, element) \
	(((unsigned int)(element) << 24) | KVM_EXIT_STATS_SELECT(slot, stat))

/*
 * The statistics: number, name, unit, how readers merge vCPUs and rows.
 * Numbers are ABI: append only.
 *
 * KVM_EXIT_ROW_STATS are kept for every row, KVM_EXIT_VCPU_STATS once a vCPU.
 * KVM_EXIT_HISTOGRAM_STATS are kept for rows if KVM_EXIT_STATS_FEAT_HISTOGRAM is
 * set; their last column is the number of elements.
 * Every cycle of a vCPU's life is in exactly one of KERNEL, USER, IDLE,
 * PREEMPTED (of one row), GUEST or STOPPED; together they are ELAPSED.
 *
 *	EXITS		VM-exits
 *	KERNEL		VM-exit to VM-entry, KVM at work
 *	USER		KVM_RUN returned because the exit needs the VMM
 *	IDLE		halted or blocked
 *	PREEMPTED	scheduled out while KVM worked, still runnable
 *	GUEST		VM-entry to VM-exit
 *	STOPPED		KVM_RUN returned for a signal or an error, or the vCPU
 *			has not been entered yet
 *	ELAPSED		all of the life that was accounted
 *	LONGEST		most cycles that processing one exit took
 *	HISTOGRAM	how many exits took how many cycles to process; exits
 *			that are being processed are not in it yet, and one whose
 *			VM-entry instruction failed (VMX) is in it once more
 *
 * "Cycles spent processing" are KERNEL + USER.
 */
#define KVM_EXIT_ROW_STATS(X) \
	X(0, EXITS,	"exits",	COUNT,	SUM)	\
	X(1, KERNEL,	"kernel",	CYCLES,	SUM)	\
	X(2, USER,	"user",		CYCLES,	SUM)	\
	X(3, IDLE,	"idle",		CYCLES,	SUM)	\
	X(4, PREEMPTED,	"preempted",	CYCLES,	SUM)

/*
 * A vCPU keeps a histogram for the first KVM_EXIT_STATS_NR_HISTOGRAMS reasons
 * that it meets.  Reasons beyond that have zeros here and in LONGEST.
 */
#define KVM_EXIT_STATS_NR_HISTOGRAMS	40
#define KVM_EXIT_STATS_NR_BUCKETS	24
#define KVM_EXIT_STATS_BUCKET_SHIFT	9

#define KVM_EXIT_HISTOGRAM_STATS(X) \
	X(5, LONGEST,	"longest",	CYCLES,	MAX,	1)	\
	X(6, HISTOGRAM,	"histogram",	COUNT,	SUM,	KVM_EXIT_STATS_NR_BUCKETS)

#define KVM_EXIT_STATS_FIRST_VCPU_STAT	128

#define KVM_EXIT_VCPU_STATS(X) \
	X(128, GUEST,	"guest",	CYCLES,	SUM)	\
	X(129, STOPPED,	"stopped",	CYCLES,	SUM)	\
	X(130, ELAPSED,	"elapsed",	CYCLES,	SUM)

#define KVM_EXIT_STATS_ENUM(number, name, ...) KVM_EXIT_STAT_##name = (number),

enum kvm_exit_stat {
	KVM_EXIT_ROW_STATS(KVM_EXIT_STATS_ENUM)
	KVM_EXIT_HISTOGRAM_STATS(KVM_EXIT_STATS_ENUM)
	KVM_EXIT_VCPU_STATS(KVM_EXIT_STATS_ENUM)
};

/*
 * 0x4FFFFF06: description of a statistic.  ECX selects: bits 7:0 the number of
 * the statistic, bits 15:8 the part:
 *
 * part 0
 *	EAX	1 if there is such a statistic
 *	EBX	unit, KVM_EXIT_STATS_UNIT_*
 *	ECX	merge, KVM_EXIT_STATS_MERGE_*
 *	EDX	kind, KVM_EXIT_STATS_KIND_*
 * part 1
 *	EAX, EBX, ECX, EDX	name, 16 characters, filled up with zeros
 * part 2
 *	EAX	number of elements; 1 for a statistic that is one number
 *	EBX	shape, KVM_EXIT_STATS_SHAPE_*
 *	ECX	for KVM_EXIT_STATS_SHAPE_LOG2 the shift s: element 0 counts the
 *		values below 2^s, element n those from 2^(s+n-1) to below
 *		2^(s+n), the last one all that are above
 *
 * Numbers of row statistics are 0 to 127, those of vCPU statistics 128 to 255.
 * KVM_EXIT_STATS_INFO_STATS says where they end.
 */
#define KVM_EXIT_STATS_STAT		0x4fffff06u
#define KVM_EXIT_STATS_STAT_KIND	0
#define KVM_EXIT_STATS_STAT_NAME	1
#define KVM_EXIT_STATS_STAT_SHAPE	2
#define KVM_EXIT_STATS_STAT_PART(stat, part) \
	(((unsigned int)(part) << 8) | (stat))

#define KVM_EXIT_STATS_UNIT_COUNT	1
#define KVM_EXIT_STATS_UNIT_CYCLES	2
#define KVM_EXIT_STATS_MERGE_SUM	1
#define KVM_EXIT_STATS_MERGE_MAX	2
#define KVM_EXIT_STATS_KIND_ROW		1
#define KVM_EXIT_STATS_KIND_VCPU	2
#define KVM_EXIT_STATS_SHAPE_SCALAR	1
#define KVM_EXIT_STATS_SHAPE_LOG2	2

/*
 * The four leaves that the project began with.  The exit reason in ECX is the
 * number that the hardware uses: the 16-bit basic exit reason on Intel, the
 * VMEXIT code on AMD, negative codes as their low 32 bits.
 *
 * 0x4FFFFFFC: exits of all reasons
 *	EAX	low half, EBX high half
 * 0x4FFFFFFD: cycles spent processing all exits
 *	EBX	high half, ECX low half
 * 0x4FFFFFFE: exits of the reason in ECX
 *	EAX	low half, EBX high half
 * 0x4FFFFFFF: cycles spent processing the reason in ECX
 *	EBX	high half, ECX low half
 *
 * The other registers are zero.  For a number that the manual does not define,
 * 0x4FFFFFFE and 0x4FFFFFFF answer EDX = KVM_EXIT_STATS_UNDEFINED and zero in
 * the rest.  A defined reason that KVM does not enable, or that never happened,
 * is zero in all four.
 */
#define KVM_EXIT_STATS_TOTAL_EXITS	0x4ffffffcu
#define KVM_EXIT_STATS_TOTAL_CYCLES	0x4ffffffdu
#define KVM_EXIT_STATS_REASON_EXITS	0x4ffffffeu
#define KVM_EXIT_STATS_REASON_CYCLES	0x4fffffffu
#define KVM_EXIT_STATS_UNDEFINED	0xffffffffu

#define KVM_EXIT_STATS_MAX_LEAF		KVM_EXIT_STATS_REASON_CYCLES

#endif /* KVM_EXIT_STATS_H */
