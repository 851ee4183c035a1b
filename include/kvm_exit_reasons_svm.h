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
	K(1, 0x000, READ_CR0)						\
	M(2, 0x001, READ_CR1)						\
	K(3, 0x002, READ_CR2)						\
	K(4, 0x003, READ_CR3)						\
	K(5, 0x004, READ_CR4)						\
	M(6, 0x005, READ_CR5)						\
	M(7, 0x006, READ_CR6)						\
	M(8, 0x007, READ_CR7)						\
	K(9, 0x008, READ_CR8)						\
	M(10, 0x009, READ_CR9)						\
	M(11, 0x00a, READ_CR10)						\
	M(12, 0x00b, READ_CR11)						\
	M(13, 0x00c, READ_CR12)						\
	M(14, 0x00d, READ_CR13)						\
	M(15, 0x00e, READ_CR14)						\
	M(16, 0x00f, READ_CR15)						\
	K(17, 0x010, WRITE_CR0)						\
	M(18, 0x011, WRITE_CR1)						\
	K(19, 0x012, WRITE_CR2)						\
	K(20, 0x013, WRITE_CR3)						\
	K(21, 0x014, WRITE_CR4)						\
	M(22, 0x015, WRITE_CR5)						\
	M(23, 0x016, WRITE_CR6)						\
	M(24, 0x017, WRITE_CR7)						\
	K(25, 0x018, WRITE_CR8)						\
	M(26, 0x019, WRITE_CR9)						\
	M(27, 0x01a, WRITE_CR10)					\
	M(28, 0x01b, WRITE_CR11)					\
	M(29, 0x01c, WRITE_CR12)					\
	M(30, 0x01d, WRITE_CR13)					\
	M(31, 0x01e, WRITE_CR14)					\
	M(32, 0x01f, WRITE_CR15)					\
	K(33, 0x020, READ_DR0)						\
	K(34, 0x021, READ_DR1)						\
	K(35, 0x022, READ_DR2)						\
	K(36, 0x023, READ_DR3)						\
	K(37, 0x024, READ_DR4)						\
	K(38, 0x025, READ_DR5)						\
	K(39, 0x026, READ_DR6)						\
	K(40, 0x027, READ_DR7)						\
	M(41, 0x028, READ_DR8)						\
	M(42, 0x029, READ_DR9)						\
	M(43, 0x02a, READ_DR10)						\
	M(44, 0x02b, READ_DR11)						\
	M(45, 0x02c, READ_DR12)						\
	M(46, 0x02d, READ_DR13)						\
	M(47, 0x02e, READ_DR14)						\
	M(48, 0x02f, READ_DR15)						\
	K(49, 0x030, WRITE_DR0)						\
	K(50, 0x031, WRITE_DR1)						\
	K(51, 0x032, WRITE_DR2)						\
	K(52, 0x033, WRITE_DR3)						\
	K(53, 0x034, WRITE_DR4)						\
	K(54, 0x035, WRITE_DR5)						\
	K(55, 0x036, WRITE_DR6)						\
	K(56, 0x037, WRITE_DR7)						\
	M(57, 0x038, WRITE_DR8)						\
	M(58, 0x039, WRITE_DR9)						\
	M(59, 0x03a, WRITE_DR10)					\
	M(60, 0x03b, WRITE_DR11)					\
	M(61, 0x03c, WRITE_DR12)					\
	M(62, 0x03d, WRITE_DR13)					\
	M(63, 0x03e, WRITE_DR14)					\
	M(64, 0x03f, WRITE_DR15)					\
	M(65, 0x040, EXCP_DE)						\
	M(66, 0x041, EXCP_DB)						\
	M(67, 0x042, EXCP_VECTOR2)					\
	M(68, 0x043, EXCP_BP)						\
	M(69, 0x044, EXCP_OF)						\
	M(70, 0x045, EXCP_BR)						\
	M(71, 0x046, EXCP_UD)						\
	M(72, 0x047, EXCP_NM)						\
	M(73, 0x048, EXCP_DF)						\
	M(74, 0x049, EXCP_VECTOR9)					\
	M(75, 0x04a, EXCP_TS)						\
	M(76, 0x04b, EXCP_NP)						\
	M(77, 0x04c, EXCP_SS)						\
	M(78, 0x04d, EXCP_GP)						\
	M(79, 0x04e, EXCP_PF)						\
	M(80, 0x04f, EXCP_VECTOR15)					\
	M(81, 0x050, EXCP_MF)						\
	M(82, 0x051, EXCP_AC)						\
	M(83, 0x052, EXCP_MC)						\
	M(84, 0x053, EXCP_XF)						\
	M(85, 0x054, EXCP_VECTOR20)					\
	M(86, 0x055, EXCP_CP)						\
	M(87, 0x056, EXCP_VECTOR22)					\
	M(88, 0x057, EXCP_VECTOR23)					\
	M(89, 0x058, EXCP_VECTOR24)					\
	M(90, 0x059, EXCP_VECTOR25)					\
	M(91, 0x05a, EXCP_VECTOR26)					\
	M(92, 0x05b, EXCP_VECTOR27)					\
	M(93, 0x05c, EXCP_HV)						\
	M(94, 0x05d, EXCP_VC)						\
	M(95, 0x05e, EXCP_SX)						\
	M(96, 0x05f, EXCP_VECTOR31)					\
	K(97, 0x060, INTR)						\
	K(98, 0x061, NMI)						\
	K(99, 0x062, SMI)						\
	K(100, 0x063, INIT)						\
	K(101, 0x064, VINTR)						\
	K(102, 0x065, CR0_SEL_WRITE)					\
	K(103, 0x066, IDTR_READ)					\
	K(104, 0x067, GDTR_READ)					\
	K(105, 0x068, LDTR_READ)					\
	K(106, 0x069, TR_READ)						\
	K(107, 0x06a, IDTR_WRITE)					\
	K(108, 0x06b, GDTR_WRITE)					\
	K(109, 0x06c, LDTR_WRITE)					\
	K(110, 0x06d, TR_WRITE)						\
	K(111, 0x06e, RDTSC)						\
	K(112, 0x06f, RDPMC)						\
	K(113, 0x070, PUSHF)						\
	K(114, 0x071, POPF)						\
	K(115, 0x072, CPUID)						\
	K(116, 0x073, RSM)						\
	K(117, 0x074, IRET)						\
	K(118, 0x075, SWINT)						\
	K(119, 0x076, INVD)						\
	K(120, 0x077, PAUSE)						\
	K(121, 0x078, HLT)						\
	K(122, 0x079, INVLPG)						\
	K(123, 0x07a, INVLPGA)						\
	K(124, 0x07b, IOIO)						\
	K(125, 0x07c, MSR)						\
	K(126, 0x07d, TASK_SWITCH)					\
	K(127, 0x07e, FERR_FREEZE)					\
	K(128, 0x07f, SHUTDOWN)						\
	K(129, 0x080, VMRUN)						\
	K(130, 0x081, VMMCALL)						\
	K(131, 0x082, VMLOAD)						\
	K(132, 0x083, VMSAVE)						\
	K(133, 0x084, STGI)						\
	K(134, 0x085, CLGI)						\
	K(135, 0x086, SKINIT)						\
	K(136, 0x087, RDTSCP)						\
	K(137, 0x088, ICEBP)						\
	K(138, 0x089, WBINVD)						\
	K(139, 0x08a, MONITOR)						\
	K(140, 0x08b, MWAIT)						\
	K(141, 0x08c, MWAIT_COND)					\
	K(142, 0x08d, XSETBV)						\
	K(143, 0x08e, RDPRU)						\
	K(144, 0x08f, EFER_WRITE_TRAP)					\
	K(145, 0x090, CR0_WRITE_TRAP)					\
	K(146, 0x091, CR1_WRITE_TRAP)					\
	K(147, 0x092, CR2_WRITE_TRAP)					\
	K(148, 0x093, CR3_WRITE_TRAP)					\
	K(149, 0x094, CR4_WRITE_TRAP)					\
	K(150, 0x095, CR5_WRITE_TRAP)					\
	K(151, 0x096, CR6_WRITE_TRAP)					\
	K(152, 0x097, CR7_WRITE_TRAP)					\
	K(153, 0x098, CR8_WRITE_TRAP)					\
	K(154, 0x099, CR9_WRITE_TRAP)					\
	K(155, 0x09a, CR10_WRITE_TRAP)					\
	K(156, 0x09b, CR11_WRITE_TRAP)					\
	K(157, 0x09c, CR12_WRITE_TRAP)					\
	K(158, 0x09d, CR13_WRITE_TRAP)					\
	K(159, 0x09e, CR14_WRITE_TRAP)					\
	K(160, 0x09f, CR15_WRITE_TRAP)					\
	M(161, 0x0a0, INVLPGB)						\
	M(162, 0x0a1, INVLPGB_ILLEGAL)					\
	K(163, 0x0a2, INVPCID)						\
	M(164, 0x0a3, MCOMMIT)						\
	M(165, 0x0a4, TLBSYNC)						\
	M(166, 0x0a5, BUSLOCK)						\
	M(167, 0x0a6, IDLE_HLT)						\
	K(168, 0x400, NPF)						\
	K(169, 0x401, AVIC_INCOMPLETE_IPI)				\
	K(170, 0x402, AVIC_UNACCELERATED_ACCESS)			\
	K(171, 0x403, VMGEXIT)						\
	K(172, 0xffffffff, ERR)						\
	M(173, 0xfffffffe, BUSY)					\
	M(174, 0xfffffffd, IDLE_REQUIRED)				\
	M(175, 0xfffffffc, INVALID_PMC)

/* Reasons that the host's activity causes, not the guest's. */
#define KVM_EXIT_REASONS_SVM_ASYNC(X) \
	X(INTR)								\
	X(NMI)								\
	X(SMI)								\
	X(INIT)

#endif /* KVM_EXIT_REASONS_SVM_H */
