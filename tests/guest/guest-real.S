/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CPUID from real mode.  Position-independent; test_hostile.c copies it to low
 * memory.  ds:si: struct real_query[], bp: how many.
 */
#include "guest.h"

	.section .rodata
	.code16
	.globl	real_code, real_code_size
real_code:
	movl	0(%si), %eax
	movl	4(%si), %ecx
	movl	$0xdeadbeef, %ebx
	movl	$0xdeadbeef, %edx
	cpuid
	movl	%eax, 8(%si)
	movl	%ebx, 12(%si)
	movl	%ecx, 16(%si)
	movl	%edx, 20(%si)
	addw	$24, %si
	decw	%bp
	jnz	real_code
	movw	$PORT_DONE, %dx
	outb	%al, %dx
	hlt
real_code_end:
	.balign	4
real_code_size:
	.long	real_code_end - real_code

	.section .note.GNU-stack, "", @progbits
