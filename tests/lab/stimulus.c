// SPDX-License-Identifier: GPL-2.0-only
/*
 * stimulus WHAT NUMBER [CPU]: cause exactly that many VM exits of one reason.
 *
 * Without a C library, whose start asks CPUID about the processor some thirty
 * times.  WHAT is cpuid, or a hypercall: vmcall (Intel) or vmmcall (AMD), which
 * KVM refuses to a user, but which is an exit.  With a CPU, that is where.
 */
#include <linux/unistd.h>

#define CPUS 1024

static long system_call(long number, long a, long b, long c)
{
	long result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(number), "D"(a), "S"(b), "d"(c)
		     : "rcx", "r11", "memory");
	return result;
}

static void cpuid(void)
{
	unsigned int eax = 0, ebx, ecx = 0, edx;

	asm volatile("cpuid"
		     : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
}

/* A number that no hypervisor has */
static void vmcall(void)
{
	long rax = 0x7fff;

	asm volatile("vmcall"
		     : "+a"(rax)::"memory");
}

static void vmmcall(void)
{
	long rax = 0x7fff;

	asm volatile("vmmcall"
		     : "+a"(rax)::"memory");
}

static int equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static long number(const char *text)
{
	long value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = 10 * value + *text - '0';
	return *text ? -1 : value;
}

static int stay_on(long cpu)
{
	unsigned long mask[CPUS / 64] = { 0 };

	if (cpu < 0 || cpu >= CPUS)
		return -1;
	mask[cpu / 64] = 1ul << cpu % 64;
	return system_call(__NR_sched_setaffinity, 0, sizeof(mask), (long)mask);
}

static int run(long argc, char **argv)
{
	void (*cause)(void);
	long n;

	if (argc != 3 && argc != 4)
		return 2;
	if (equal(argv[1], "cpuid"))
		cause = cpuid;
	else if (equal(argv[1], "vmcall"))
		cause = vmcall;
	else if (equal(argv[1], "vmmcall"))
		cause = vmmcall;
	else
		return 2;
	n = number(argv[2]);
	if (n < 0)
		return 2;
	if (argc == 4 && stay_on(number(argv[3])))
		return 1;
	while (n--)
		cause();
	return 0;
}

__attribute__((used)) static void begin(long *stack)
{
	system_call(__NR_exit_group, run(stack[0], (char **)(stack + 1)), 0, 0);
}

asm(".globl _start; _start: mov %rsp, %rdi; and $-16, %rsp; call begin");
