/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Exit reasons of Intel VMX: the one list.
 *
 * One entry a reason: slot of its row, basic exit reason, name.  The slot is
 * ABI: new reasons are appended with the next free slot, none is ever moved.
 * Slot 0 belongs to OTHER, the row of every reason that is not listed.
 *
 * Complete against the Intel SDM (volume 3, appendix "VMX Basic Exit
 * Reasons").  The expanding macro K takes what Linux names too, as
 * EXIT_REASON_<name>; M takes what only the manual has.  Give the same macro
 * twice where that makes no difference.
 */
#ifndef KVM_EXIT_REASONS_VMX_H
#define KVM_EXIT_REASONS_VMX_H

#define KVM_EXIT_REASONS_VMX(K, M) \
	K(1, 0, EXCEPTION_NMI)						\
	K(2, 1, EXTERNAL_INTERRUPT)					\
	K(3, 2, TRIPLE_FAULT)						\
	K(4, 3, INIT_SIGNAL)						\
	K(5, 4, SIPI_SIGNAL)						\
	M(6, 5, IO_SMI)							\
	M(7, 6, OTHER_SMI)						\
	K(8, 7, INTERRUPT_WINDOW)					\
	K(9, 8, NMI_WINDOW)						\
	K(10, 9, TASK_SWITCH)						\
	K(11, 10, CPUID)						\
	M(12, 11, GETSEC)						\
	K(13, 12, HLT)							\
	K(14, 13, INVD)							\
	K(15, 14, INVLPG)						\
	K(16, 15, RDPMC)						\
	K(17, 16, RDTSC)						\
	M(18, 17, RSM)							\
	K(19, 18, VMCALL)						\
	K(20, 19, VMCLEAR)						\
	K(21, 20, VMLAUNCH)						\
	K(22, 21, VMPTRLD)						\
	K(23, 22, VMPTRST)						\
	K(24, 23, VMREAD)						\
	K(25, 24, VMRESUME)						\
	K(26, 25, VMWRITE)						\
	K(27, 26, VMOFF)						\
	K(28, 27, VMON)							\
	K(29, 28, CR_ACCESS)						\
	K(30, 29, DR_ACCESS)						\
	K(31, 30, IO_INSTRUCTION)					\
	K(32, 31, MSR_READ)						\
	K(33, 32, MSR_WRITE)						\
	K(34, 33, INVALID_STATE)					\
	K(35, 34, MSR_LOAD_FAIL)					\
	K(36, 36, MWAIT_INSTRUCTION)					\
	K(37, 37, MONITOR_TRAP_FLAG)					\
	K(38, 39, MONITOR_INSTRUCTION)					\
	K(39, 40, PAUSE_INSTRUCTION)					\
	K(40, 41, MCE_DURING_VMENTRY)					\
	K(41, 43, TPR_BELOW_THRESHOLD)					\
	K(42, 44, APIC_ACCESS)						\
	K(43, 45, EOI_INDUCED)						\
	K(44, 46, GDTR_IDTR)						\
	K(45, 47, LDTR_TR)						\
	K(46, 48, EPT_VIOLATION)					\
	K(47, 49, EPT_MISCONFIG)					\
	K(48, 50, INVEPT)						\
	K(49, 51, RDTSCP)						\
	K(50, 52, PREEMPTION_TIMER)					\
	K(51, 53, INVVPID)						\
	K(52, 54, WBINVD)						\
	K(53, 55, XSETBV)						\
	K(54, 56, APIC_WRITE)						\
	K(55, 57, RDRAND)						\
	K(56, 58, INVPCID)						\
	K(57, 59, VMFUNC)						\
	K(58, 60, ENCLS)						\
	K(59, 61, RDSEED)						\
	K(60, 62, PML_FULL)						\
	K(61, 63, XSAVES)						\
	K(62, 64, XRSTORS)						\
	M(63, 65, PCONFIG)						\
	M(64, 66, SPP_EVENT)						\
	K(65, 67, UMWAIT)						\
	K(66, 68, TPAUSE)						\
	M(67, 69, LOADIWKEY)						\
	M(68, 70, ENCLV)						\
	M(69, 72, ENQCMD_PASID)						\
	M(70, 73, ENQCMDS_PASID)					\
	K(71, 74, BUS_LOCK)						\
	K(72, 75, NOTIFY)						\
	M(73, 76, SEAMCALL)						\
	M(74, 77, TDCALL)						\
	M(75, 78, RDMSRLIST)						\
	M(76, 79, WRMSRLIST)						\
	M(77, 80, URDMSR)						\
	M(78, 81, UWRMSR)						\
	M(79, 84, MSR_READ_IMM)						\
	M(80, 85, MSR_WRITE_IMM)

/*
 * Reasons that the host's activity can cause, not only the guest's: an NMI
 * shares the row of the guest's own exceptions.
 */
#define KVM_EXIT_REASONS_VMX_ASYNC(X) \
	X(EXCEPTION_NMI)						\
	X(EXTERNAL_INTERRUPT)						\
	X(INIT_SIGNAL)							\
	X(IO_SMI)							\
	X(OTHER_SMI)							\
	X(MCE_DURING_VMENTRY)

#endif /* KVM_EXIT_REASONS_VMX_H */
