/* SPDX-License-Identifier: GPL-2.0-only */
/* How a guest's hypervisor runs its guest. */

	.section .text.guest, "ax", @progbits

/*
 * struct inner_regs of test_nested.c, in its order; rdi comes last because it
 * holds the address of the others.
 */
#define INNER_RDI	104

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
	.globl	nested_run
nested_run:
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

	.section .note.GNU-stack, "", @progbits
