// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an exit costs: the shortest round trip of an operation, in ticks of the
 * TSC.  Where the emulator's TSC counts instructions these are exact numbers,
 * and differences between runs say what was added.
 *
 * Nothing is judged here.  The lab's case "cost" runs this on stock modules and
 * on ours, in one boot, and compares.
 */
#include <stdio.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define ROUNDS		400
#define PORT_PIC_MASK	0x21
#define MSR_PAT		0x277
#define PAT_AT_RESET	0x0007040600070406ull

struct cost {
	/* in */
	void (*op)(struct guest *g);
	/* out */
	u64 shortest;
};

static __guest void op_nothing(struct guest *g)
{
}

static __guest void op_cpuid(struct guest *g)
{
	struct regs r = {};

	cpuid(&r);
}

/* Nobody has an entry for it, and it is not of our class. */
static __guest void op_cpuid_none(struct guest *g)
{
	struct regs r = { .rax = UNRELATED_LEAF };

	cpuid(&r);
}

static __guest void op_hypercall(struct guest *g)
{
	hypercall(g);
}

static __guest void op_wrmsr(struct guest *g)
{
	wrmsr(MSR_PAT, PAT_AT_RESET);
}

/* Takes the timer away: a deadline would cost what the host's other timers make it. */
static __guest void op_wrmsr_fast(struct guest *g)
{
	wrmsr(MSR_TSC_DEADLINE, 0);
}

static __guest void op_in_kernel(struct guest *g)
{
	inb(PORT_PIC_MASK);
}

static __guest void op_out_user(struct guest *g)
{
	outb(PORT_DATA, 0);
}

static __guest void guest_setup(struct guest *g)
{
	timer_setup();
}

static __guest void guest_cost(struct guest *g)
{
	struct cost *c = g->data;

	c->shortest = ~0ull;
	for (int i = 0; i < ROUNDS; i++) {
		u64 begin = rdtsc(), took;

		c->op(g);
		took = rdtsc() - begin;
		if (took < c->shortest)
			c->shortest = took;
	}
}

static const struct {
	const char *name;
	void (*op)(struct guest *g);
} ops[] = {
	{ "nothing",	op_nothing },
	{ "cpuid",	op_cpuid },
	{ "cpuid-none",	op_cpuid_none },
	{ "hypercall",	op_hypercall },
	{ "wrmsr",	op_wrmsr },
	{ "wrmsr-fast",	op_wrmsr_fast },
	{ "io-kernel",	op_in_kernel },
	{ "io-user",	op_out_user },
};

void test_cost(void)
{
	struct vm *vm = vm_create(VM_X2APIC);
	struct vcpu *vcpu = vcpu_create(vm);
	struct cost *c = vcpu->data;

	vcpu_call(vcpu, guest_setup);
	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		c->op = ops[i].op;
		vcpu_call(vcpu, guest_cost);
		printf("cost %s %llu\n", ops[i].name, (unsigned long long)c->shortest);
	}
	check(c->shortest != ~0ull, "measured", "no round trip");
	vm_destroy(vm);
}
