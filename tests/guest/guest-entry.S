/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a guest starts, and where its exceptions and interrupts go. */
#include "guest.h"

	.section .text.guest, "ax", @progbits

/*
 * rdi: struct guest, rsi: the function to run.  The VMM takes PORT_DONE as the
 * end; it starts the next function by setting the registers anew.
 */
	.globl	guest_entry
guest_entry:
	call	*%rsi
	movw	$PORT_DONE, %dx
	outb	%al, %dx
	ud2

/* Exceptions for which the processor pushes an error code */
#define ERROR_CODES	(1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | \
			 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30)

	.globl	guest_vectors
	.balign	VECTOR_STUB
guest_vectors:
	.set	vector, 0
	.rept	NR_VECTORS
	.balign	VECTOR_STUB
	.if	vector < FIRST_INTERRUPT && (ERROR_CODES >> (vector & 31)) & 1
	.else
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap
	.set	vector, vector + 1
	.endr

/* On the stack: vector, error code, rip, cs, rflags, rsp, ss */
#define TRAP_RIP	16

trap:
	cmpl	$FIRST_INTERRUPT, (%rsp)
	jae	interrupt
	cmpq	$0, %gs:GUEST_RESUME
	je	panic
	pushq	%rax
	movq	%gs:GUEST_RESUME, %rax
	movq	%rax, TRAP_RIP + 8(%rsp)
	incq	%gs:GUEST_FAULTS
	popq	%rax
	jmp	return
interrupt:
	incq	%gs:GUEST_INTERRUPTS
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	movl	$MSR_X2APIC_EOI, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popq	%rdx
	popq	%rcx
	popq	%rax
return:
	addq	$TRAP_RIP, %rsp
	iretq

/* The VMM finds the vector in rax and the address of the culprit in rbx. */
panic:
	movq	(%rsp), %rax
	movq	TRAP_RIP(%rsp), %rbx
	movw	$PORT_PANIC, %dx
	outb	%al, %dx
	ud2

	.section .note.GNU-stack, "", @progbits
