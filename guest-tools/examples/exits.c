// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * exits [REASON...]: read this VM's exits with nothing but CPUID.
 *
 * Prints the exits of all reasons, the cycles that the host spent on them, and
 * the exits of each reason given: the number that the hardware uses, decimal
 * or 0x hexadecimal (CPUID is 10 on Intel, 0x72 on AMD).
 *
 *	gcc -O2 exits.c -o exits
 */
#include <cpuid.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE	0x4fffff00u
#define TOTAL_EXITS	0x4ffffffcu
#define TOTAL_CYCLES	0x4ffffffdu
#define REASON_EXITS	0x4ffffffeu
#define UNDEFINED	0xffffffffu	/* in EDX: no such exit reason */

struct regs {
	unsigned int eax, ebx, ecx, edx;
};

/* __get_cpuid_count() would not do: it refuses leaves that it does not know. */
static struct regs cpuid(unsigned int leaf, unsigned int subleaf)
{
	struct regs r;

	__cpuid_count(leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx);
	return r;
}

static unsigned long long join(unsigned int high, unsigned int low)
{
	return (unsigned long long)high << 32 | low;
}

/* Without this, a host that does not know the leaves answers with rubbish. */
static int have_exit_stats(void)
{
	struct regs r = cpuid(SIGNATURE, 0);

	return r.eax >= SIGNATURE && !memcmp(&r.ebx, "KVME", 4) &&
	       !memcmp(&r.ecx, "xitS", 4) && !memcmp(&r.edx, "tats", 4);
}

static int parse(const char *text, unsigned int *reason)
{
	int hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return -1;
	value = strtoul(text, &end, hex ? 16 : 10);
	if (*end || value > 0xffffffff)
		return -1;
	*reason = value;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned int reason;
	struct regs r;
	int i;

	if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
		printf("Usage: %s [REASON]...  (numbers of exits, as 10 or 0x72)\n", argv[0]);
		return fflush(stdout) ? 1 : 0;
	}
	for (i = 1; i < argc; i++) {
		if (parse(argv[i], &reason))
			errx(2, "not an exit number: %s; try --help", argv[i]);
	}
	if (!have_exit_stats())
		errx(1, "this host has no KVM exit statistics");

	r = cpuid(TOTAL_EXITS, 0);
	printf("CPUID(0x4FFFFFFC), exits=%llu\n", join(r.ebx, r.eax));
	r = cpuid(TOTAL_CYCLES, 0);
	printf("CPUID(0x4FFFFFFD), total time in vmm: %llu cycles\n",
	       join(r.ebx, r.ecx));
	for (i = 1; i < argc; i++) {
		parse(argv[i], &reason);
		r = cpuid(REASON_EXITS, reason);
		if (r.edx == UNDEFINED)
			printf("CPUID(0x4FFFFFFE), exit number %u is not defined\n",
			       reason);
		else
			printf("CPUID(0x4FFFFFFE), exit number %u exits=%llu\n",
			       reason, join(r.ebx, r.eax));
	}
	return fflush(stdout) ? 1 : 0;
}
