/* SPDX-License-Identifier: GPL-2.0-only */
/* How a guest's hypervisor runs its guest. */

	.section .text.guest, "ax", @progbits

/*
 * struct inner_regs of nested.h, in its order; rdi comes last because it holds
 * the address of the others.
 */
#define INNER_RDI	104
#define INNER_RAX	112

#define VMCS_HOST_RSP	0x6c14
#define VMCS_HOST_RIP	0x6c16

	.macro	load_regs
	.set	offset, 0
	.irp	reg, rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	movq	offset(%rdi), %\reg
	.set	offset, offset + 8
	.endr
	.endm

	.macro	save_regs
	.set	offset, 0
	.irp	reg, rbx, rcx, rdx, rsi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
	movq	%\reg, offset(%rdi)
	.set	offset, offset + 8
	.endr
	.endm

/* rdi: struct inner_regs, rsi: the VMCB, which has rax and rsp. */
	.globl	nested_run_svm
nested_run_svm:
	.irp	reg, rbx, rbp, r12, r13, r14, r15, rdi
	pushq	%\reg
	.endr
	movq	%rsi, %rax
	load_regs
	movq	INNER_RDI(%rdi), %rdi
	clgi
	vmrun
	stgi
	xchgq	%rdi, (%rsp)
	save_regs
	popq	INNER_RDI(%rdi)
	.irp	reg, r15, r14, r13, r12, rbp, rbx
	popq	%\reg
	.endr
	ret

/*
 * rdi: struct inner_regs, esi: has this VMCS been launched?  Moves leave the flags
 * of the question alone.  rax: 0 after an exit, 1 if the entry failed at once.
 */
	.globl	nested_run_vmx
nested_run_vmx:
	.irp	reg, rbx, rbp, r12, r13, r14, r15, rdi
	pushq	%\reg
	.endr
	movl	$VMCS_HOST_RSP, %eax
	vmwrite	%rsp, %rax
	leaq	vmx_exit(%rip), %rdx
	movl	$VMCS_HOST_RIP, %eax
	vmwrite	%rdx, %rax
	testl	%esi, %esi
	load_regs
	movq	INNER_RAX(%rdi), %rax
	movq	INNER_RDI(%rdi), %rdi
	jnz	1f
	vmlaunch
	jmp	2f
1:	vmresume
2:	popq	%rdi
	movl	$1, %eax
	jmp	3f
vmx_exit:
	xchgq	%rdi, (%rsp)
	save_regs
	movq	%rax, INNER_RAX(%rdi)
	popq	INNER_RDI(%rdi)
	xorl	%eax, %eax
3:	.irp	reg, r15, r14, r13, r12, rbp, rbx
	popq	%\reg
	.endr
	ret

	.section .note.GNU-stack, "", @progbits
