// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TSC that steps: a guest writes its own, the VMM writes it, as when it loads a
 * VM, and the host's own goes back and forth, as over a suspend.  The clock is the
 * host's: what a guest does to its own changes nothing.  A step of the host's back
 * books nothing, and the buckets still are what elapsed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report.h"
#include "stats.h"
#include "tests.h"

#define MSR_TSC		0x10
#define FAR		(1ull << 44)	/* 2 hours at 2.4 GHz */
#define STEP_MS		500	/* the kernel has something to say to it, in 10 ms */
#define MOST_MS		60000	/* this test is done before */
#define CALLS		50

struct work {
	u64 step;	/* in */
	u64 tsc[2], elapsed[2];
};

static __guest void guest_writes_tsc(struct guest *g)
{
	struct work *w = g->data;

	w->tsc[0] = rdtsc();
	w->elapsed[0] = guest_elapsed();
	wrmsr(MSR_TSC, rdtsc() + w->step);
	for (int i = 0; i < CALLS; i++)
		hypercall(g);
	w->tsc[1] = rdtsc();
	w->elapsed[1] = guest_elapsed();
}

static void read_host(struct vcpu *vcpu, struct table *table)
{
	if (!vcpu_table(vcpu, table))
		die("the host's table is not in debugfs");
}

/* At rest, seen by the host: the buckets are what elapsed, and none ran away. */
static void expect_sane(struct vcpu *vcpu, const struct table *before, const char *what)
{
	const u64 most = MILLISECONDS(MOST_MS);
	struct table now;
	bool back;
	char name[80];
	u64 sum;

	read_host(vcpu, &now);
	sum = table_buckets(&now);
	snprintf(name, sizeof(name), "%s: the buckets are what elapsed", what);
	check(sum == now.elapsed, name, "%lu of %lu cycles", sum, now.elapsed);
	snprintf(name, sizeof(name), "%s: no bucket ran away", what);
	back = now.guest < before->guest;
	for (int i = COL_KERNEL; i < NR_COLS; i++)
		back |= now.total[i] < before->total[i];
	check(!back && now.elapsed - before->elapsed <= most, name,
	      "%lu cycles elapsed, %lu at most", now.elapsed - before->elapsed, most);
}

static void guest_steps(struct vcpu *vcpu, u64 step, const char *what)
{
	const u64 most = MILLISECONDS(MOST_MS);
	struct work *w = vcpu->data;
	struct table before;
	char name[80];

	read_host(vcpu, &before);
	w->step = step;
	vcpu_call(vcpu, guest_writes_tsc);
	snprintf(name, sizeof(name), "%s: its TSC steps", what);
	check(w->tsc[1] - w->tsc[0] - step < most, name, "from %lu to %lu", w->tsc[0],
	      w->tsc[1]);
	snprintf(name, sizeof(name), "%s: it sees what elapsed, no step", what);
	check(w->elapsed[1] > w->elapsed[0] && w->elapsed[1] - w->elapsed[0] < most, name,
	      "%lu cycles, then %lu", w->elapsed[0], w->elapsed[1]);
	expect_sane(vcpu, &before, what);
}

static void vmm_steps(struct vcpu *vcpu)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} msr = { .head.nmsrs = 1, .entry = { .index = MSR_TSC } };
	struct table before;

	read_host(vcpu, &before);
	if (ioctl(vcpu->fd, KVM_GET_MSRS, &msr) != 1)
		die("KVM_GET_MSRS: %s", strerror(errno));
	msr.entry.data += FAR;
	if (ioctl(vcpu->fd, KVM_SET_MSRS, &msr) != 1)
		die("KVM_SET_MSRS: %s", strerror(errno));
	((struct work *)vcpu->data)->step = 0;
	vcpu_call(vcpu, guest_writes_tsc);
	expect_sane(vcpu, &before, "the VMM writes it");
}

static bool step_host(int msr, u64 step)
{
	u64 now = rdtsc() + step;

	return pwrite(msr, &now, sizeof(now), MSR_TSC) == sizeof(now);
}

/* So little that the kernel's own timers, which live by it, are but late. */
static void host_steps(struct vcpu *vcpu)
{
	const u64 step = MILLISECONDS(STEP_MS);
	int msr = open("/dev/cpu/0/msr", O_RDWR | O_CLOEXEC);
	struct table before;
	u64 begin;

	if (msr < 0) {
		skip("the host's TSC steps", "/dev/cpu/0/msr: %s", strerror(errno));
		return;
	}
	vcpu_call(vcpu, guest_writes_tsc);
	read_host(vcpu, &before);

	begin = rdtsc();
	if (!step_host(msr, -step))
		die("/dev/cpu/0/msr: %s", strerror(errno));
	if (rdtsc() >= begin) {
		skip("the host's TSC steps", "this one does not take what is written to it");
		close(msr);
		return;
	}
	vcpu_call(vcpu, guest_writes_tsc);
	expect_sane(vcpu, &before, "the host's goes back");

	read_host(vcpu, &before);
	if (!step_host(msr, step))
		die("/dev/cpu/0/msr: %s", strerror(errno));
	vcpu_call(vcpu, guest_writes_tsc);
	expect_sane(vcpu, &before, "it comes forth again");
	close(msr);
}

void test_tsc_steps(void)
{
	struct vm *vm = vm_create(0);
	struct vcpu *vcpu = vcpu_create(vm);

	vcpu_call(vcpu, guest_writes_tsc);	/* there is a table from now on */
	guest_steps(vcpu, FAR, "a guest sets its TSC ahead");
	guest_steps(vcpu, -FAR, "a guest sets it back");
	vmm_steps(vcpu);
	((struct work *)vcpu->data)->step = 0;
	host_steps(vcpu);
	vm_destroy(vm);
}
