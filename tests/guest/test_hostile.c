// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest that asks for anything, from anywhere: all vCPUs at once, in user mode,
 * in real mode, through KVM's instruction emulator.  No register keeps what was
 * in it, and what is fixed is the same everywhere.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define NR_RANDOM	5000	/* a vCPU */
#define NR_THREADS	MAX_VCPUS
#define RFLAGS_IOPL_3	(3 << 12)
#define PTE_USER	4
#define HIGH_HALF	0xffffffff00000000ull
#define LOW_GARBAGE	(REGISTER_GARBAGE & ~HIGH_HALF)

struct attack {
	u64 seed, n;		/* in */
	bool emulated;		/* in: behind the prefix that forces emulation */
	u64 asked, kept;	/* out: registers that kept what they had */
	u32 bad_leaf, bad_subleaf;
};

static inline u64 next(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Most subleaves near zero or near a limit, so that they hit something. */
static inline u32 any_subleaf(u64 dice)
{
	switch (dice >> 40 & 7) {
	case 0:
		return dice;
	case 1:
		return (u32)dice | 1u << 31;
	case 2:
		return -(dice & 0xff);
	case 3:
		return dice & 0x7fffffff & 0xff0700ff;
	case 4:
		return KVM_EXIT_STATS_SELECT(dice & 0xff, dice >> 8 & 7);
	case 5:
		return 0x400 + (dice & 7);
	default:
		return dice & 0xff;
	}
}

static inline void cpuid_emulated(struct regs *r)
{
	asm volatile("ud2; .ascii \"kvm\"; cpuid"
		     : "+a" (r->rax), "+b" (r->rbx), "+c" (r->rcx), "+d" (r->rdx)
		     : : "memory");
}

/* A register that the answer leaves alone has garbage in its upper half. */
static __guest void guest_attack(struct guest *g)
{
	struct attack *a = g->data;
	u64 seed = a->seed;

	for (u64 i = 0; i < a->n; i++) {
		u64 dice = next(&seed);
		u32 leaf = KVM_EXIT_STATS_SIGNATURE + (dice >> 48 & 0xff);
		u32 subleaf = any_subleaf(next(&seed));
		struct regs r = {
			.rax = (REGISTER_GARBAGE & HIGH_HALF) | leaf,
			.rbx = REGISTER_GARBAGE,
			.rcx = (REGISTER_GARBAGE & HIGH_HALF) | subleaf,
			.rdx = REGISTER_GARBAGE,
		};

		if (a->emulated)
			cpuid_emulated(&r);
		else
			cpuid(&r);
		a->asked++;
		if ((r.rax | r.rbx | r.rcx | r.rdx) & HIGH_HALF || r.rbx == LOW_GARBAGE ||
		    r.rdx == LOW_GARBAGE) {
			a->kept++;
			a->bad_leaf = leaf;
			a->bad_subleaf = subleaf;
		}
	}
}

static void judge(const struct attack *a, const char *name)
{
	check(a->asked == a->n && !a->kept, name,
	      "%lu of %lu asked, %lu kept a register, last at leaf %#x subleaf %#x",
	      a->asked, a->n, a->kept, a->bad_leaf, a->bad_subleaf);
}

static struct attack *prepare(struct vcpu *vcpu, u64 n)
{
	struct attack *a = vcpu->data;

	*a = (struct attack) { .seed = 0x9e3779b97f4a7c15ull + vcpu->index, .n = n };
	return a;
}

static void *thread(void *vcpu)
{
	vcpu_call(vcpu, guest_attack);
	return NULL;
}

static void all_at_once(void)
{
	struct vm *vm = vm_create(0), *other = vm_create(0);
	struct vcpu *bystander = vcpu_create(other);
	pthread_t threads[NR_THREADS];
	struct attack sum = {};
	u64 before, after;

	before = ask_total_exits(bystander);
	for (int i = 0; i < NR_THREADS; i++)
		prepare(vcpu_create(vm), NR_RANDOM);
	for (int i = 0; i < NR_THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, &vm->vcpus[i]))
			die("pthread_create failed");
	for (int i = 0; i < NR_THREADS; i++) {
		struct attack *a = vm->vcpus[i].data;

		pthread_join(threads[i], NULL);
		sum.n += a->n;
		sum.asked += a->asked;
		sum.kept += a->kept;
		if (a->kept) {
			sum.bad_leaf = a->bad_leaf;
			sum.bad_subleaf = a->bad_subleaf;
		}
	}
	judge(&sum, "all vCPUs at once: every register is written");

	/* Its own query and the end of the last one, and what the host caused. */
	after = ask_total_exits(bystander);
	check(after - before < NR_RANDOM / 10, "another VM sees nothing of it",
	      "%lu exits", after - before);
	vm_destroy(other);
	vm_destroy(vm);
}

/* CPL 3, with the right to do I/O, because that is how a function ends. */
static void user_mode(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);
	struct attack *a = prepare(vcpu, NR_RANDOM);
	u64 *entry = (u64 *)(vm->ram + (GUEST_PML4 - GUEST_RAM));

	/* All of these tables; a free entry is one that is zero. */
	for (u64 i = 0; i < (GUEST_GDT - GUEST_PML4) / sizeof(*entry); i++)
		if (entry[i])
			entry[i] |= PTE_USER;
	vcpu_user_mode(vcpu);
	vcpu_start(vcpu, guest_attack);
	vcpu_set_rflags(vcpu, RFLAGS_IOPL_3);
	while (vcpu_resume(vcpu) == STOP_SIGNAL)
		;
	judge(a, "user mode: every register is written");
	vm_destroy(vm);
}

static void emulator(void)
{
	const char *name = "emulated: every register is written";
	char before[8];
	struct attack *a;
	struct vm *vm;

	file_word(EMULATION_PARAMETER, before, sizeof(before));
	if (!file_write(EMULATION_PARAMETER, "1")) {
		skip(name, "KVM's emulation cannot be forced");
		return;
	}
	vm = vm_create(0);
	a = prepare(vcpu_create(vm), NR_RANDOM / 10);
	a->emulated = true;
	vcpu_call(&vm->vcpus[0], guest_attack);
	judge(a, name);
	vm_destroy(vm);
	file_write(EMULATION_PARAMETER, before);
}

struct real_query {
	u32 leaf, subleaf, eax, ebx, ecx, edx;
};

#define LOW_MEMORY	0x10000
#define REAL_CODE	0x1000
#define REAL_DATA	0x2000
#define NR_REAL		400

/* What does not change, so that two modes can be compared. */
static void fixed_queries(struct real_query *q)
{
	static const u32 leaves[] = {
		KVM_EXIT_STATS_SIGNATURE, KVM_EXIT_STATS_ROW, KVM_EXIT_STATS_STAT,
		KVM_EXIT_STATS_SIGNATURE + 0x80,
	};

	for (u32 i = 0; i < NR_REAL; i++)
		q[i] = (struct real_query) {
			.leaf = leaves[i % ARRAY_SIZE(leaves)],
			.subleaf = i / ARRAY_SIZE(leaves),
		};
}

static void real_mode(void)
{
	static u8 low[LOW_MEMORY] __attribute__((aligned(4096)));
	struct real_query *real = (void *)(low + REAL_DATA);
	static struct query wide[NR_REAL];
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm), *other = vcpu_create(vm);
	u32 differ = 0;

	memcpy(low + REAL_CODE, real_code, real_code_size);
	fixed_queries(real);
	vm_map(vm, 0, low, sizeof(low));
	vcpu_real_mode(vcpu, REAL_CODE, REAL_DATA, NR_REAL);
	while (vcpu_resume(vcpu) == STOP_SIGNAL)
		;

	for (u32 i = 0; i < NR_REAL; i++)
		wide[i] = (struct query) { .leaf = real[i].leaf, .subleaf = real[i].subleaf };
	ask(other, wide, NR_REAL);
	for (u32 i = 0; i < NR_REAL; i++)
		differ += wide[i].rax != real[i].eax || wide[i].rbx != real[i].ebx ||
			  wide[i].rcx != real[i].ecx || wide[i].rdx != real[i].edx;
	check(real[0].ebx == KVM_EXIT_STATS_SIGNATURE_EBX,
	      "real mode: the signature is there", "EBX %#x", real[0].ebx);
	check(!differ, "real mode: the answers are those of 64-bit mode",
	      "%u of %d differ", differ, NR_REAL);
	vm_destroy(vm);
}

void test_hostile(void)
{
	all_at_once();
	user_mode();
	emulator();
	if (host.real_mode)
		real_mode();
	else
		skip("real mode", "KVM has no unrestricted guest here");
}
