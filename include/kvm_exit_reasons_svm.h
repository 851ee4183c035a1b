/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Exit reasons of AMD SVM: the one list.
 *
 * One entry a reason: slot of its row, exit code, name.  The slot is ABI: new
 * reasons are appended with the next free slot, none is ever moved.  Slot 0
 * belongs to OTHER, the row of every code that is not listed.
 *
 * Complete against the AMD APM (volume 2, appendix "SVM Intercept Exit
 * Codes").  Codes are 64 bits wide in hardware; the negative ones stand here
 * as their low 32 bits, as KVM and its tracepoints see them.  The expanding
 * macro K takes what Linux names too, as SVM_EXIT_<name>; M takes what only
 * the manual has (or, for exceptions, what Linux computes).  Give the same
 * macro twice where that makes no difference.
 */
#ifndef KVM_EXIT_REASONS_SVM_H
#define KVM_EXIT_REASONS_SVM_H

#define KVM_EXIT_REASONS_SVM(K, M) \
	KVM_EXIT_REASONS_SVM_LOW(K, M) \
	KVM_EXIT_REASONS_SVM_HIGH(K, M)

/* Codes that are dense enough for an array. */
#define KVM_EXIT_REASONS_SVM_LOW(K, M) \
	K(1, 0x000, READ_CR0)						\
	K(2, 0x002, READ_CR2)						\
	K(3, 0x003, READ_CR3)						\
	K(4, 0x004, READ_CR4)						\
	K(5, 0x008, READ_CR8)						\
	K(6, 0x010, WRITE_CR0)						\
	K(7, 0x012, WRITE_CR2)						\
	K(8, 0x013, WRITE_CR3)						\
	K(9, 0x014, WRITE_CR4)						\
	K(10, 0x018, WRITE_CR8)						\
	K(11, 0x020, READ_DR0)						\
	K(12, 0x021, READ_DR1)						\
	K(13, 0x022, READ_DR2)						\
	K(14, 0x023, READ_DR3)						\
	K(15, 0x024, READ_DR4)						\
	K(16, 0x025, READ_DR5)						\
	K(17, 0x026, READ_DR6)						\
	K(18, 0x027, READ_DR7)						\
	K(19, 0x030, WRITE_DR0)						\
	K(20, 0x031, WRITE_DR1)						\
	K(21, 0x032, WRITE_DR2)						\
	K(22, 0x033, WRITE_DR3)						\
	K(23, 0x034, WRITE_DR4)						\
	K(24, 0x035, WRITE_DR5)						\
	K(25, 0x036, WRITE_DR6)						\
	K(26, 0x037, WRITE_DR7)						\
	M(27, 0x040, EXCP_DE)						\
	M(28, 0x041, EXCP_DB)						\
	M(29, 0x042, EXCP_VECTOR2)					\
	M(30, 0x043, EXCP_BP)						\
	M(31, 0x044, EXCP_OF)						\
	M(32, 0x045, EXCP_BR)						\
	M(33, 0x046, EXCP_UD)						\
	M(34, 0x047, EXCP_NM)						\
	M(35, 0x048, EXCP_DF)						\
	M(36, 0x049, EXCP_VECTOR9)					\
	M(37, 0x04a, EXCP_TS)						\
	M(38, 0x04b, EXCP_NP)						\
	M(39, 0x04c, EXCP_SS)						\
	M(40, 0x04d, EXCP_GP)						\
	M(41, 0x04e, EXCP_PF)						\
	M(42, 0x04f, EXCP_VECTOR15)					\
	M(43, 0x050, EXCP_MF)						\
	M(44, 0x051, EXCP_AC)						\
	M(45, 0x052, EXCP_MC)						\
	M(46, 0x053, EXCP_XF)						\
	M(47, 0x054, EXCP_VECTOR20)					\
	M(48, 0x055, EXCP_CP)						\
	M(49, 0x056, EXCP_VECTOR22)					\
	M(50, 0x057, EXCP_VECTOR23)					\
	M(51, 0x058, EXCP_VECTOR24)					\
	M(52, 0x059, EXCP_VECTOR25)					\
	M(53, 0x05a, EXCP_VECTOR26)					\
	M(54, 0x05b, EXCP_VECTOR27)					\
	M(55, 0x05c, EXCP_HV)						\
	M(56, 0x05d, EXCP_VC)						\
	M(57, 0x05e, EXCP_SX)						\
	M(58, 0x05f, EXCP_VECTOR31)					\
	K(59, 0x060, INTR)						\
	K(60, 0x061, NMI)						\
	K(61, 0x062, SMI)						\
	K(62, 0x063, INIT)						\
	K(63, 0x064, VINTR)						\
	K(64, 0x065, CR0_SEL_WRITE)					\
	K(65, 0x066, IDTR_READ)						\
	K(66, 0x067, GDTR_READ)						\
	K(67, 0x068, LDTR_READ)						\
	K(68, 0x069, TR_READ)						\
	K(69, 0x06a, IDTR_WRITE)					\
	K(70, 0x06b, GDTR_WRITE)					\
	K(71, 0x06c, LDTR_WRITE)					\
	K(72, 0x06d, TR_WRITE)						\
	K(73, 0x06e, RDTSC)						\
	K(74, 0x06f, RDPMC)						\
	K(75, 0x070, PUSHF)						\
	K(76, 0x071, POPF)						\
	K(77, 0x072, CPUID)						\
	K(78, 0x073, RSM)						\
	K(79, 0x074, IRET)						\
	K(80, 0x075, SWINT)						\
	K(81, 0x076, INVD)						\
	K(82, 0x077, PAUSE)						\
	K(83, 0x078, HLT)						\
	K(84, 0x079, INVLPG)						\
	K(85, 0x07a, INVLPGA)						\
	K(86, 0x07b, IOIO)						\
	K(87, 0x07c, MSR)						\
	K(88, 0x07d, TASK_SWITCH)					\
	K(89, 0x07e, FERR_FREEZE)					\
	K(90, 0x07f, SHUTDOWN)						\
	K(91, 0x080, VMRUN)						\
	K(92, 0x081, VMMCALL)						\
	K(93, 0x082, VMLOAD)						\
	K(94, 0x083, VMSAVE)						\
	K(95, 0x084, STGI)						\
	K(96, 0x085, CLGI)						\
	K(97, 0x086, SKINIT)						\
	K(98, 0x087, RDTSCP)						\
	K(99, 0x088, ICEBP)						\
	K(100, 0x089, WBINVD)						\
	K(101, 0x08a, MONITOR)						\
	K(102, 0x08b, MWAIT)						\
	K(103, 0x08c, MWAIT_COND)					\
	K(104, 0x08d, XSETBV)						\
	K(105, 0x08e, RDPRU)						\
	K(106, 0x08f, EFER_WRITE_TRAP)					\
	K(107, 0x090, CR0_WRITE_TRAP)					\
	K(108, 0x091, CR1_WRITE_TRAP)					\
	K(109, 0x092, CR2_WRITE_TRAP)					\
	K(110, 0x093, CR3_WRITE_TRAP)					\
	K(111, 0x094, CR4_WRITE_TRAP)					\
	K(112, 0x095, CR5_WRITE_TRAP)					\
	K(113, 0x096, CR6_WRITE_TRAP)					\
	K(114, 0x097, CR7_WRITE_TRAP)					\
	K(115, 0x098, CR8_WRITE_TRAP)					\
	K(116, 0x099, CR9_WRITE_TRAP)					\
	K(117, 0x09a, CR10_WRITE_TRAP)					\
	K(118, 0x09b, CR11_WRITE_TRAP)					\
	K(119, 0x09c, CR12_WRITE_TRAP)					\
	K(120, 0x09d, CR13_WRITE_TRAP)					\
	K(121, 0x09e, CR14_WRITE_TRAP)					\
	K(122, 0x09f, CR15_WRITE_TRAP)					\
	M(123, 0x0a0, INVLPGB)						\
	M(124, 0x0a1, INVLPGB_ILLEGAL)					\
	K(125, 0x0a2, INVPCID)						\
	M(126, 0x0a3, MCOMMIT)						\
	M(127, 0x0a4, TLBSYNC)						\
	M(128, 0x0a5, BUSLOCK)						\
	M(129, 0x0a6, IDLE_HLT)

/* The rest: those from 0x400 on, and the negative ones. */
#define KVM_EXIT_REASONS_SVM_HIGH(K, M) \
	K(130, 0x400, NPF)						\
	K(131, 0x401, AVIC_INCOMPLETE_IPI)				\
	K(132, 0x402, AVIC_UNACCELERATED_ACCESS)			\
	K(133, 0x403, VMGEXIT)						\
	K(134, 0xffffffff, ERR)						\
	M(135, 0xfffffffe, BUSY)					\
	M(136, 0xfffffffd, IDLE_REQUIRED)				\
	M(137, 0xfffffffc, INVALID_PMC)

/*
 * Codes that the manual defines for registers that do not exist: an access
 * takes #UD before it could exit.  They have no row and count zero.
 */
#define KVM_EXIT_REASONS_SVM_NO_ROW(X) \
	X(0x001, READ_CR1)						\
	X(0x005, READ_CR5)						\
	X(0x006, READ_CR6)						\
	X(0x007, READ_CR7)						\
	X(0x009, READ_CR9)						\
	X(0x00a, READ_CR10)						\
	X(0x00b, READ_CR11)						\
	X(0x00c, READ_CR12)						\
	X(0x00d, READ_CR13)						\
	X(0x00e, READ_CR14)						\
	X(0x00f, READ_CR15)						\
	X(0x011, WRITE_CR1)						\
	X(0x015, WRITE_CR5)						\
	X(0x016, WRITE_CR6)						\
	X(0x017, WRITE_CR7)						\
	X(0x019, WRITE_CR9)						\
	X(0x01a, WRITE_CR10)						\
	X(0x01b, WRITE_CR11)						\
	X(0x01c, WRITE_CR12)						\
	X(0x01d, WRITE_CR13)						\
	X(0x01e, WRITE_CR14)						\
	X(0x01f, WRITE_CR15)						\
	X(0x028, READ_DR8)						\
	X(0x029, READ_DR9)						\
	X(0x02a, READ_DR10)						\
	X(0x02b, READ_DR11)						\
	X(0x02c, READ_DR12)						\
	X(0x02d, READ_DR13)						\
	X(0x02e, READ_DR14)						\
	X(0x02f, READ_DR15)						\
	X(0x038, WRITE_DR8)						\
	X(0x039, WRITE_DR9)						\
	X(0x03a, WRITE_DR10)						\
	X(0x03b, WRITE_DR11)						\
	X(0x03c, WRITE_DR12)						\
	X(0x03d, WRITE_DR13)						\
	X(0x03e, WRITE_DR14)						\
	X(0x03f, WRITE_DR15)

/* Reasons that the host's activity causes, not the guest's. */
#define KVM_EXIT_REASONS_SVM_ASYNC(X) \
	X(INTR)								\
	X(NMI)								\
	X(SMI)								\
	X(INIT)								\
	X(EXCP_MC)

#endif /* KVM_EXIT_REASONS_SVM_H */
